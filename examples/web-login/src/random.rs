//! Ids and first passwords.

use crate::Outcome;

/// Crockford's alphabet in lower case: nothing that is read as another.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

pub(crate) const ID_LEN: usize = 26;

/// An id that nobody can guess and that is never given twice: 130 bits.
pub(crate) fn id() -> Outcome<String> {
    symbols(ID_LEN)
}

/// A password for somebody else, who changes it at once: 100 bits, in four groups.
pub(crate) fn password() -> Outcome<String> {
    let groups = (0..4).map(|_| symbols(5)).collect::<Outcome<Vec<_>>>()?;
    Ok(groups.join("-"))
}

fn symbols(count: usize) -> Outcome<String> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes)?;
    let symbol = |byte: &u8| {
        ALPHABET
            .get(usize::from(byte & 31))
            .copied()
            .map_or('0', char::from)
    };
    Ok(bytes.iter().map(symbol).collect())
}
