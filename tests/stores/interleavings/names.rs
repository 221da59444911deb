//! Records and answers as text that is the same for two runs of the same commands: what was drawn at random gets a name by
//! the order in which it first appears.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use minicbor::Decoder;
use minicbor::data::Type;
use secondfactor::AccountId;

use super::model::with_format;
use crate::given::Given;
use crate::record_checks::{FORMAT, Key, unseal};

/// A recovery code in the record: a selector, and a hash.
const RECOVERY_CODE_LEN: usize = 33;

/// Names what is not known from the beginning.
pub(super) struct Names<'k> {
    known: &'k BTreeSet<Vec<u8>>,
    drawn: Vec<Vec<u8>>,
}

impl<'k> Names<'k> {
    pub(super) const fn new(known: &'k BTreeSet<Vec<u8>>) -> Self {
        let drawn = Vec::new();
        Self { known, drawn }
    }

    fn name(&mut self, bytes: &[u8], text: &mut String) {
        if self.known.contains(bytes) {
            bytes
                .iter()
                .for_each(|byte| write!(text, "{byte:02x}").unwrap());
            return;
        }
        let at = self.drawn.iter().position(|one| one == bytes);
        let at = at.unwrap_or_else(|| {
            self.drawn.push(bytes.to_vec());
            self.drawn.len() - 1
        });
        write!(text, "drawn {at} of {} bytes", bytes.len()).unwrap();
    }

    pub(super) fn answer(&mut self, given: &Given, text: &mut String) {
        text.push_str(&given.shown);
        for drawn in &given.drawn {
            text.push_str(", ");
            self.name(drawn, text);
        }
    }

    /// The sealed record with its format and the key that sealed it.
    pub(super) fn record(
        &mut self,
        id: &AccountId,
        keys: &[Key],
        sealed: &[u8],
        text: &mut String,
    ) {
        let plaintext = unseal(id.as_str(), keys, &with_format(FORMAT, sealed)).unwrap();
        write!(text, "format and key {:02x?}: ", &sealed[..9]).unwrap();
        self.item(&mut Decoder::new(&plaintext), text);
    }

    fn item(&mut self, decoder: &mut Decoder<'_>, text: &mut String) {
        match decoder.datatype().unwrap() {
            Type::Map => {
                let len = decoder.map().unwrap().unwrap();
                self.items(2 * len, decoder, text);
            }
            Type::Array => {
                let len = decoder.array().unwrap().unwrap();
                self.items(len, decoder, text);
            }
            Type::Bytes => {
                let bytes = decoder.bytes().unwrap();
                let each = match bytes.len() % RECOVERY_CODE_LEN {
                    0 => RECOVERY_CODE_LEN,
                    _ => bytes.len(),
                };
                for part in bytes.chunks(each) {
                    self.name(part, text);
                    text.push(' ');
                }
            }
            Type::String => write!(text, "{:?}", decoder.str().unwrap()).unwrap(),
            Type::Bool => write!(text, "{}", decoder.bool().unwrap()).unwrap(),
            _ => write!(text, "{}", decoder.int().unwrap()).unwrap(),
        }
    }

    fn items(&mut self, count: u64, decoder: &mut Decoder<'_>, text: &mut String) {
        text.push('[');
        for _ in 0..count {
            self.item(decoder, text);
            text.push(' ');
        }
        text.push(']');
    }
}

/// All strings of bytes in a record.
pub(super) fn strings(id: &AccountId, keys: &[Key], sealed: &[u8]) -> BTreeSet<Vec<u8>> {
    let none = BTreeSet::new();
    let mut names = Names::new(&none);
    names.record(id, keys, sealed, &mut String::new());
    names.drawn.into_iter().collect()
}
