//! A key URI as a QR code, for a page or a terminal (ISO/IEC 18004).

use qrcode::{Color, EcLevel, QrCode};
use zeroize::Zeroizing;

use crate::codes::SecretText;
use crate::provisioning::key_uri::KeyUri;
#[cfg(feature = "migration")]
use crate::provisioning::migration::MigrationExport;

/// ISO/IEC 18004 section 5.3.8: without a margin of four modules scanners don't find the code.
const QUIET_ZONE: usize = 4;
/// Above and below a code in a terminal two modules must do, so that a usual one fits 24 lines.
const TERMINAL_MARGIN: usize = 2;

/// Says that a key URI is too long for a QR code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key URI is too long for a QR code")]
pub struct QrError(());

impl KeyUri {
    /// Returns the URI as a QR code in SVG, for a page.
    ///
    /// It holds the secret, so serve it with `Cache-Control: no-store`. There is no PNG, because
    /// every browser draws SVG, sharp at any size, and a PNG needs an image encoder.
    ///
    /// ```
    /// # use secondfactor::codes::Secret;
    /// # use secondfactor::provisioning::KeyUri;
    /// let svg = KeyUri::totp(Secret::generate()?, "Example", "alice")?.expose_svg()?;
    /// assert!(svg.starts_with("<svg xmlns="));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`QrError`] if the URI is too long for a QR code.
    pub fn expose_svg(&self) -> Result<SecretText, QrError> {
        Ok(Modules::for_page(&self.expose_uri())?.svg())
    }

    /// Returns the URI as a QR code for a terminal of any colours.
    ///
    /// A character holds two modules. ANSI escapes make it black on white. With a secret of 20 bytes
    /// and two short names, it fits 80 columns and 24 lines, the question below it included.
    ///
    /// ```
    /// # use secondfactor::codes::Secret;
    /// # use secondfactor::provisioning::KeyUri;
    /// let text = KeyUri::totp(Secret::generate()?, "Example", "alice")?.expose_terminal()?;
    /// assert!(text.lines().count() > 20);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`QrError`] if the URI is too long for a QR code.
    pub fn expose_terminal(&self) -> Result<SecretText, QrError> {
        Ok(Modules::for_terminal(&self.expose_uri())?.terminal())
    }
}

#[cfg(feature = "migration")]
impl MigrationExport {
    /// Returns each URI as a QR code in SVG: see [`KeyUri::expose_svg`].
    ///
    /// # Errors
    /// [`QrError`] if a URI is too long for a QR code.
    pub fn expose_svgs(&self) -> Result<Vec<SecretText>, QrError> {
        self.expose_uris()
            .iter()
            .map(|uri| Ok(Modules::for_page(uri)?.svg()))
            .collect()
    }

    /// Returns each URI as a QR code for a terminal: see [`KeyUri::expose_terminal`].
    ///
    /// # Errors
    /// [`QrError`] if a URI is too long for a QR code.
    pub fn expose_terminals(&self) -> Result<Vec<SecretText>, QrError> {
        self.expose_uris()
            .iter()
            .map(|uri| Ok(Modules::for_terminal(uri)?.terminal()))
            .collect()
    }
}

/// Holds the square of modules, without a quiet zone.
struct Modules {
    size: usize,
    dark: Zeroizing<Vec<bool>>,
}

impl Modules {
    /// Makes the smallest code of level M, which can be read with 15 % of it destroyed by glare,
    /// dirt or a bent page. For texts of this length the next level, Q, always takes a wider code,
    /// with smaller modules in the same space. Only the longest names need level L, which holds more.
    fn for_page(uri: &str) -> Result<Self, QrError> {
        Self::new(uri, EcLevel::M).or_else(|_| Self::new(uri, EcLevel::L))
    }

    /// Makes the smallest code of all. A terminal has neither glare nor dirt, but few lines.
    fn for_terminal(uri: &str) -> Result<Self, QrError> {
        Self::new(uri, EcLevel::L)
    }

    fn new(uri: &str, level: EcLevel) -> Result<Self, QrError> {
        let code = QrCode::with_error_correction_level(uri, level).map_err(|_| QrError(()))?;
        let size = code.width();
        let mut dark = Zeroizing::new(vec![false; size.saturating_mul(size)]);
        for (dark, color) in dark.iter_mut().zip(code.to_colors()) {
            *dark = color == Color::Dark;
        }
        Ok(Self { size, dark })
    }

    fn svg(&self) -> SecretText {
        // A run of dark modules is a rectangle of 24 bytes at most, and a light module follows it.
        let mut path = SecretText::with_capacity(self.dark.len().saturating_mul(12));
        for y in 0..self.size {
            let mut x = 0_usize;
            while x < self.size {
                let run = (x..self.size).take_while(|x| self.is_dark(*x, y)).count();
                if run > 0 {
                    let (left, top) = (x.saturating_add(QUIET_ZONE), y.saturating_add(QUIET_ZONE));
                    path.push_fmt(format_args!("M{left} {top}h{run}v1h-{run}z"));
                }
                x = x.saturating_add(run).saturating_add(1);
            }
        }
        let size = self.size.saturating_add(const { 2 * QUIET_ZONE });
        let mut svg = SecretText::with_capacity(path.len().saturating_add(512));
        svg.push_fmt(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" role=\"img\" \
             shape-rendering=\"crispEdges\"><title>QR code for your authenticator app</title>\
             <rect width=\"{size}\" height=\"{size}\" fill=\"#fff\"/><path fill=\"#000\" d=\"{}\"/></svg>",
            &*path
        ));
        svg
    }

    fn terminal(&self) -> SecretText {
        let width = self.size.saturating_add(const { 2 * QUIET_ZONE });
        let height = self.size.saturating_add(const { 2 * TERMINAL_MARGIN });
        // A character of the QR code has three bytes, and the escapes of a line have 14.
        let lines = height.div_ceil(2);
        let mut text = SecretText::with_capacity(
            lines.saturating_mul(width.saturating_mul(3).saturating_add(14)),
        );
        // Above and left of the code there is no module: that is light.
        let is_dark = |x: usize, y: usize| {
            let module = x
                .checked_sub(QUIET_ZONE)
                .zip(y.checked_sub(TERMINAL_MARGIN));
            module.is_some_and(|(x, y)| self.is_dark(x, y))
        };
        for y in (0..height).step_by(2) {
            text.push_str("\u{1b}[30;107m");
            for x in 0..width {
                text.push_str(match (is_dark(x, y), is_dark(x, y.saturating_add(1))) {
                    (true, true) => "█",
                    (true, false) => "▀",
                    (false, true) => "▄",
                    (false, false) => " ",
                });
            }
            text.push_str("\u{1b}[0m\n");
        }
        text
    }

    /// Says whether a module is dark. Right of the code and below it none is.
    fn is_dark(&self, x: usize, y: usize) -> bool {
        let place = y.saturating_mul(self.size).saturating_add(x);
        x < self.size && self.dark.get(place).copied().unwrap_or(false)
    }
}
