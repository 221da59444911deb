//! What an answer gave to its caller, whatever its type.

use secondfactor::account::{Enrollment, Recognized};
use secondfactor::{Confirmed, Proof, Recovered, RecoveryCode, RecoveryCodes, Verified};

#[derive(Debug, Default)]
pub(crate) struct Given {
    /// What `Debug` shows of it.
    pub(crate) shown: String,
    pub(crate) proof: Option<Proof>,
    /// What was drawn at random and given out: secrets, and ids of recovery sets.
    pub(crate) drawn: Vec<Vec<u8>>,
    pub(crate) recovery_code: Option<RecoveryCode>,
    /// The value of a browser's cookie.
    pub(crate) cookie: Option<String>,
}

impl Given {
    fn showing(value: &impl std::fmt::Debug) -> Self {
        Self {
            shown: format!("{value:?}"),
            ..Self::default()
        }
    }
}

impl From<()> for Given {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl From<Enrollment> for Given {
    fn from(enrollment: Enrollment) -> Self {
        Self {
            drawn: vec![enrollment.secret().expose_bytes().to_vec()],
            ..Self::showing(&enrollment)
        }
    }
}

impl From<Verified> for Given {
    fn from(mut verified: Verified) -> Self {
        let shown = Self::showing(&verified);
        Self {
            cookie: verified
                .take_browser_cookie()
                .map(|cookie| cookie.expose_value().as_str().to_owned()),
            proof: Some(verified.into()),
            ..shown
        }
    }
}

impl From<Confirmed> for Given {
    fn from(confirmed: Confirmed) -> Self {
        let shown = Self::showing(&confirmed);
        Self {
            proof: Some(confirmed.into()),
            ..shown
        }
    }
}

impl From<Recovered> for Given {
    fn from(recovered: Recovered) -> Self {
        let set = recovered.recovery_set().map(|set| set.to_string());
        let bytes = set.map(|hex| u64::from_str_radix(&hex, 16).unwrap().to_be_bytes());
        Self {
            shown: format!("Recovered: {} left", recovered.codes_left()),
            drawn: bytes.iter().map(|bytes| bytes.to_vec()).collect(),
            proof: Some(recovered.into()),
            ..Self::default()
        }
    }
}

impl From<RecoveryCodes> for Given {
    fn from(codes: RecoveryCodes) -> Self {
        Self {
            shown: format!("{} recovery codes", codes.count()),
            recovery_code: codes.into_iter().next(),
            ..Self::default()
        }
    }
}

impl From<RecoveryCode> for Given {
    fn from(code: RecoveryCode) -> Self {
        Self {
            recovery_code: Some(code),
            ..Self::showing(&"a temporary code")
        }
    }
}

impl From<Option<Proof>> for Given {
    fn from(proof: Option<Proof>) -> Self {
        Self {
            proof,
            ..Self::default()
        }
    }
}

impl From<Recognized> for Given {
    fn from(recognized: Recognized) -> Self {
        Self::showing(&recognized)
    }
}
