//! A key URI as a QR code, for a page or a terminal (ISO/IEC 18004).

use qrcode::{Color, EcLevel, QrCode};

use crate::{KeyUri, SecretText};

/// ISO/IEC 18004 section 5.3.8: a margin of four modules, or scanners don't find the code.
const QUIET_ZONE: usize = 4;

/// The QR code could not be made: the URI is too long for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key URI is too long for a QR code")]
pub struct QrError;

impl KeyUri {
    /// The URI as a QR code in SVG, to be put into a page. It holds the secret: serve it with `Cache-Control: no-store`.
    ///
    /// ```
    /// # use secondfactor::{KeyUri, Secret};
    /// let svg = KeyUri::totp(Secret::generate()?, "Example", "alice")?.expose_svg()?;
    /// assert!(svg.starts_with("<svg xmlns="));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The URI is too long for a QR code.
    pub fn expose_svg(&self) -> Result<SecretText, QrError> {
        let modules = Modules::of(self)?;
        let size = modules.size;
        let mut path = SecretText::with_capacity(modules.dark.len().saturating_mul(16));
        for y in 0..size {
            for x in (0..size).filter(|x| modules.is_dark(*x, y)) {
                path.push_fmt(format_args!("M{x} {y}h1v1h-1z"));
            }
        }
        let mut svg = SecretText::with_capacity(path.len().saturating_add(512));
        svg.push_fmt(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" role=\"img\" \
             shape-rendering=\"crispEdges\"><title>QR code for your authenticator app</title>\
             <rect width=\"{size}\" height=\"{size}\" fill=\"#fff\"/><path fill=\"#000\" d=\"{}\"/></svg>",
            &*path
        ));
        Ok(svg)
    }

    /// The URI as a QR code for a terminal of any colours: two modules a character, black on white by ANSI escapes.
    ///
    /// ```
    /// # use secondfactor::{KeyUri, Secret};
    /// let text = KeyUri::totp(Secret::generate()?, "Example", "alice")?.expose_terminal()?;
    /// assert!(text.lines().count() > 20);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The URI is too long for a QR code.
    pub fn expose_terminal(&self) -> Result<SecretText, QrError> {
        let modules = Modules::of(self)?;
        let mut text = SecretText::with_capacity(modules.dark.len().saturating_mul(4));
        for y in (0..modules.size).step_by(2) {
            text.push_str("\u{1b}[30;107m");
            for x in 0..modules.size {
                text.push_str(match (modules.is_dark(x, y), modules.is_dark(x, y.saturating_add(1))) {
                    (true, true) => "█",
                    (true, false) => "▀",
                    (false, true) => "▄",
                    (false, false) => " ",
                });
            }
            text.push_str("\u{1b}[0m\n");
        }
        Ok(text)
    }
}

/// The square of modules, quiet zone included.
struct Modules {
    size: usize,
    dark: zeroize::Zeroizing<Vec<bool>>,
}

impl Modules {
    fn of(uri: &KeyUri) -> Result<Self, QrError> {
        let code = QrCode::with_error_correction_level(uri.expose_uri().as_bytes(), EcLevel::M).map_err(|_| QrError)?;
        let size = code.width().saturating_add(const { 2 * QUIET_ZONE });
        let mut dark = zeroize::Zeroizing::new(vec![false; size.saturating_mul(size)]);
        for (y, row) in code.to_colors().chunks(code.width()).enumerate() {
            let start = y.saturating_add(QUIET_ZONE).saturating_mul(size).saturating_add(QUIET_ZONE);
            dark.iter_mut().skip(start).zip(row).for_each(|(dark, color)| *dark = *color == Color::Dark);
        }
        Ok(Self { size, dark })
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        self.dark.get(y.saturating_mul(self.size).saturating_add(x)).copied().unwrap_or(false)
    }
}
