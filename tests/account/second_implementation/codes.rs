//! RFC 4226 and RFC 6238, once more.

use hmac::{Hmac, KeyInit, Mac};

/// Makes one code after the other from a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) sha256: bool,
    pub(crate) digits: u32,
    /// Seconds, or 0 for HOTP.
    pub(crate) period: u64,
}

impl Settings {
    pub(crate) const APP: Self = Self {
        sha256: false,
        digits: 6,
        period: 30,
    };

    pub(crate) const fn is_totp(&self) -> bool {
        self.period > 0
    }

    /// The steps of an hour and two more.
    pub(crate) fn reach(&self) -> i64 {
        (3600 / self.period) as i64 + 2
    }

    pub(crate) fn code(&self, secret: &[u8], counter: u64) -> String {
        let moving = counter.to_be_bytes();
        let digest = if self.sha256 {
            mac(
                Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap(),
                &moving,
            )
        } else {
            mac(Hmac::<sha1::Sha1>::new_from_slice(secret).unwrap(), &moving)
        };
        let offset = usize::from(digest[digest.len() - 1] & 15);
        let word: [u8; 4] = digest[offset..offset + 4].try_into().unwrap();
        let number = (u32::from_be_bytes(word) & 0x7fff_ffff) % 10_u32.pow(self.digits);
        format!("{number:0width$}", width = self.digits as usize)
    }
}

fn mac(mut keyed: impl Mac, moving: &[u8]) -> Vec<u8> {
    keyed.update(moving);
    keyed.finalize().into_bytes().to_vec()
}
