//! A known browser in the record.

use std::time::Duration;

use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{CborLen, Decode, Encode};

use super::no_value::no_value;
use crate::account::browser::entry::{Browser, Trust};
use crate::account::browser::id::BrowserId;
use crate::account::browser::list::Browsers;
use crate::account::credential::Credential;
use crate::account::label::Label;
use crate::account::policy::{MAX_BROWSER_FAILURES, MAX_BROWSERS, Policy};
use crate::codes::UnixTime;

#[derive(Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct BrowserRecord<'b> {
    #[n(0)]
    pub(super) id: u32,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) hash: [u8; 16],
    #[b(2)]
    pub(super) label: &'b str,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(super) device: [u8; Credential::LEN],
    #[n(4)]
    pub(super) last_used: u64,
    /// Absent for none.
    #[n(5)]
    pub(super) failures: Option<u8>,
    #[n(6)]
    pub(super) trust: Option<TrustRecord>,
}

/// In seconds.
#[derive(Clone, Copy, Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct TrustRecord {
    #[n(0)]
    pub(super) lasts: u64,
    #[n(1)]
    pub(super) age: u64,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(super) grant: [u8; Credential::LEN],
}

impl<C> Encode<C> for Browser {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        BrowserRecord::from(self).encode(encoder, context)
    }
}

impl<C> CborLen<C> for Browser {
    fn cbor_len(&self, context: &mut C) -> usize {
        BrowserRecord::from(self).cbor_len(context)
    }
}

impl<'b, C> Decode<'b, C> for Browser {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, decode::Error> {
        let record = BrowserRecord::decode(decoder, context)?;
        record.to_browser().ok_or_else(no_value)
    }
}

impl<'b> From<&'b Browser> for BrowserRecord<'b> {
    fn from(browser: &'b Browser) -> Self {
        Self {
            id: browser.id.get(),
            hash: browser.hash,
            label: browser.label.as_str(),
            device: *browser.device.as_bytes(),
            last_used: browser.last_used.as_secs(),
            failures: (browser.failures > 0).then_some(browser.failures),
            trust: browser.trust.map(|trust| TrustRecord {
                lasts: trust.lasts.as_secs(),
                age: trust.age.as_secs(),
                grant: *trust.grant.as_bytes(),
            }),
        }
    }
}

impl BrowserRecord<'_> {
    fn to_browser(&self) -> Option<Browser> {
        let trust = self.trust.map(|trust| Trust {
            lasts: Duration::from_secs(trust.lasts),
            age: Duration::from_secs(trust.age),
            grant: Credential::from_bytes(trust.grant),
        });
        let is_possible = (self.failures)
            .is_none_or(|failures| (1..=MAX_BROWSER_FAILURES).contains(&failures))
            && trust.is_none_or(|trust| trust.lasts <= Policy::MAX_TRUST);
        if !is_possible {
            return None;
        }
        Some(Browser {
            id: BrowserId::new(self.id),
            hash: self.hash,
            label: Label::from_record(self.label)?,
            device: Credential::from_bytes(self.device),
            last_used: UnixTime::from_secs(self.last_used),
            failures: self.failures.unwrap_or_default(),
            trust,
        })
    }
}

/// `None` for a value that no release wrote.
pub(super) fn to_browsers(list: Option<Vec<Browser>>, next: Option<u32>) -> Option<Browsers> {
    let (list, next) = (list.unwrap_or_default(), next.unwrap_or(1));
    let mut ids: Vec<u32> = list.iter().map(|browser| browser.id.get()).collect();
    ids.sort_unstable();
    let is_numbered = ids.is_sorted_by(|one, other| one < other);
    let is_below = ids.last().is_none_or(|last| *last < next);
    (is_numbered && is_below && list.len() <= MAX_BROWSERS).then_some(Browsers { list, next })
}
