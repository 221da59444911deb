//! The last answer in the record, as long as it may be given again.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use crate::account::answer::Answer;
use crate::account::browser::id::BrowserId;
use crate::account::credential::Credential;
use crate::account::policy::ANSWER_LIFETIME;
use crate::account::record_error::RecordError;
use crate::codes::UnixTime;

#[derive(Clone, Copy, Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct AnswerRecord {
    /// In seconds.
    #[n(0)]
    pub(super) left: u64,
    #[n(1)]
    pub(super) at: u64,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(super) credential: [u8; Credential::LEN],
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(super) hash: [u8; 16],
    #[cbor(n(4), with = "minicbor::bytes")]
    pub(super) cookie_salt: Option<[u8; 16]>,
    #[n(5)]
    pub(super) browser: Option<u32>,
}

impl From<Answer> for AnswerRecord {
    fn from(answer: Answer) -> Self {
        Self {
            left: answer.left.as_secs(),
            at: answer.at.as_secs(),
            credential: *answer.credential.as_bytes(),
            hash: answer.hash,
            cookie_salt: answer.cookie_salt,
            browser: answer.browser.map(BrowserId::get),
        }
    }
}

/// `Err` for a value that no release wrote.
pub(super) fn to_answer(record: Option<AnswerRecord>) -> Result<Option<Answer>, RecordError> {
    let Some(record) = record else {
        return Ok(None);
    };
    let left = Duration::from_secs(record.left);
    if left.is_zero() || left > ANSWER_LIFETIME {
        return Err(RecordError::Value);
    }
    Ok(Some(Answer {
        left,
        at: UnixTime::from_secs(record.at),
        credential: Credential::from_bytes(record.credential),
        hash: record.hash,
        cookie_salt: record.cookie_salt,
        browser: record.browser.map(BrowserId::new),
    }))
}
