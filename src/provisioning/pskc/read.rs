//! Reads a PSKC file.

use alloc::vec::Vec;

use roxmltree::{Document, Error, Node, ParsingOptions};

use super::encryption::{Opener, PskcKey};
use super::error::PskcError;
use super::file;
use super::key::{Device, id, read_key};
use super::xml::{Space, is};
use crate::provisioning::token::{Token, TokenError};

impl Token {
    /// Reads the keys of a PSKC file (RFC 6030), which a vendor sends with hardware tokens.
    ///
    /// There is one result for each key, in the order of the file. A key that can't be used hides no
    /// other one. Encrypted values are opened with AES-CBC, after their MAC was right.
    ///
    /// The signature of a file is not checked. An unencrypted file proves nothing about its sender,
    /// so take it from a place that you trust. Wipe the file afterwards.
    ///
    /// ```
    /// use secondfactor::provisioning::{PskcKey, Token};
    ///
    /// let file = r#"<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">
    ///   <KeyPackage>
    ///     <DeviceInfo><Manufacturer>Acme</Manufacturer><SerialNo>987654321</SerialNo></DeviceInfo>
    ///     <Key Id="1" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:totp">
    ///       <AlgorithmParameters><ResponseFormat Length="6" Encoding="DECIMAL"/></AlgorithmParameters>
    ///       <Data>
    ///         <Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>
    ///         <TimeInterval><PlainValue>60</PlainValue></TimeInterval>
    ///       </Data>
    ///     </Key>
    ///   </KeyPackage>
    /// </KeyContainer>"#;
    /// for key in Token::read_pskc(file.as_bytes(), PskcKey::None)? {
    ///     match key {
    ///         Ok(token) => assert_eq!(token.serial(), Some("987654321")),
    ///         Err(error) => eprintln!("{error}"), // the others can be used
    ///     }
    /// }
    /// # Ok::<(), secondfactor::provisioning::PskcError>(())
    /// ```
    ///
    /// # Errors
    /// [`PskcError`] if the file is no PSKC file of version 1 in UTF-8, or too large.
    pub fn read_pskc(
        file: &[u8],
        key: PskcKey<'_>,
    ) -> Result<Vec<Result<Self, TokenError>>, PskcError> {
        let text = file::text(file)?;
        let options = ParsingOptions {
            allow_dtd: false,
            ..ParsingOptions::default()
        };
        let document =
            Document::parse_with_options(&text, options).map_err(|error| match error {
                Error::DtdDetected => PskcError::Doctype,
                _ => PskcError::Xml,
            })?;
        let container = document.root_element();
        if !is(container, Space::Pskc, "KeyContainer") {
            return Err(PskcError::NotPskc);
        }
        let version = container.attribute("Version").ok_or(PskcError::Version)?;
        if version.trim().split('.').next() != Some("1") {
            return Err(PskcError::Version);
        }
        let tokens = read_keys(container, &Opener::new(container, key));
        match tokens.is_empty() {
            true => Err(PskcError::NotPskc),
            false => Ok(tokens),
        }
    }
}

fn read_keys(container: Node<'_, '_>, opener: &Opener) -> Vec<Result<Token, TokenError>> {
    let mut tokens = Vec::new();
    for package in container
        .children()
        .filter(|node| is(*node, Space::Pskc, "KeyPackage"))
    {
        let device = Device::read(package);
        for key in package
            .children()
            .filter(|node| is(*node, Space::Pskc, "Key"))
        {
            let number = u64::try_from(tokens.len())
                .unwrap_or(u64::MAX)
                .saturating_add(1);
            let token = device
                .clone()
                .and_then(|device| read_key(key, device, opener));
            tokens.push(token.map_err(|reason| {
                let serial = device
                    .as_ref()
                    .ok()
                    .and_then(|device| device.serial.clone());
                TokenError {
                    number,
                    serial: serial.or_else(|| id(key)),
                    reason,
                }
            }));
        }
    }
    tokens
}
