//! A proof on its way through a cookie or a session row.

use crate::account::{AccountId, DeviceId, Evidence, Proof, refuse_the_future};
use crate::seal::Purpose;
use crate::secret::decode_base32;
use crate::{Error, Keyring, SecretText, UnixTime};

/// Kind, number and time.
const LEN: usize = 1 + 4 + 8;

/// Seals a proof for one session of its account.
pub(crate) fn seal(proof: &dyn Proof, session: &[u8], keyring: &Keyring) -> Result<SecretText, Error> {
    let purpose = purpose(proof.account(), session)?;
    let (kind, number) = match proof.evidence() {
        Evidence::Code(device) => (CODE, device.get()),
        Evidence::RecoveryCode { left } => (RECOVERY_CODE, u32::try_from(left).unwrap_or(u32::MAX)),
        Evidence::Confirmation(device) => (CONFIRMATION, device.get()),
    };
    let sealed = keyring.seal(purpose, LEN, |bytes| {
        let all = [&[kind][..], &number.to_be_bytes(), &proof.at().as_secs().to_be_bytes()].concat();
        bytes.iter_mut().zip(all).for_each(|(to, from)| *to = from);
        Ok(())
    })?;
    Ok(SecretText::base32(&sealed))
}

/// Opens it again: only for the same account and session, and never before its time.
pub(crate) fn open(
    account: &AccountId,
    session: &[u8],
    token: &str,
    keyring: &Keyring,
    now: UnixTime,
) -> Result<(Evidence, UnixTime), Error> {
    let sealed = decode_base32(token).map_err(|_| Error::Token)?;
    let opened = keyring.open(purpose(account, session)?, &sealed).map_err(|_| Error::Token)?;
    let (kind, rest) = opened.plaintext.split_first().ok_or(Error::Token)?;
    let (number, at) = rest.split_first_chunk().ok_or(Error::Token)?;
    let number = u32::from_be_bytes(*number);
    let at = UnixTime::from_secs(u64::from_be_bytes(at.try_into().map_err(|_| Error::Token)?));
    let evidence = match *kind {
        CODE => Evidence::Code(DeviceId::new(number)),
        RECOVERY_CODE => Evidence::RecoveryCode { left: usize::try_from(number).map_err(|_| Error::Token)? },
        CONFIRMATION => Evidence::Confirmation(DeviceId::new(number)),
        _ => return Err(Error::Token),
    };
    refuse_the_future(at, now)?;
    Ok((evidence, at))
}

/// An empty session id is that of whoever has none.
const fn purpose<'p>(account: &'p AccountId, session: &'p [u8]) -> Result<Purpose<'p>, Error> {
    if session.is_empty() { Err(Error::Token) } else { Ok(Purpose::Token { account, session }) }
}

const CODE: u8 = 1;
const RECOVERY_CODE: u8 = 2;
const CONFIRMATION: u8 = 3;
