//! CBOR as the record's description names it (RFC 8949).

use std::collections::BTreeMap;

pub(super) type Fields<'f> = &'f [(u8, Vec<u8>)];

/// A number of CBOR with its major type (RFC 8949 section 3).
fn head(major: u8, number: u64) -> Vec<u8> {
    let major = major << 5;
    let bytes = number.to_be_bytes();
    match number {
        0..24 => vec![major | number as u8],
        24..0x100 => [&[major | 24], &bytes[7..]].concat(),
        0x100..0x1_0000 => [&[major | 25], &bytes[6..]].concat(),
        0x1_0000..0x1_0000_0000 => [&[major | 26], &bytes[4..]].concat(),
        _ => [&[major | 27], &bytes[..]].concat(),
    }
}

pub(super) fn number(number: u64) -> Vec<u8> {
    head(0, number)
}

pub(super) fn signed(number: i64) -> Vec<u8> {
    if number < 0 {
        head(1, number.unsigned_abs() - 1)
    } else {
        head(0, number.unsigned_abs())
    }
}

pub(super) fn boolean(is: bool) -> Vec<u8> {
    head(7, 20 + u64::from(is))
}

pub(super) fn bytes(bytes: &[u8]) -> Vec<u8> {
    [&head(2, bytes.len() as u64), bytes].concat()
}

pub(super) fn text(text: &str) -> Vec<u8> {
    [&head(3, text.len() as u64), text.as_bytes()].concat()
}

pub(super) fn array(values: &[Vec<u8>]) -> Vec<u8> {
    [head(4, values.len() as u64), values.concat()].concat()
}

/// A map with these fields, in the place of those of `base`; an empty value leaves its field out.
pub(super) fn map(base: Fields<'_>, changes: Fields<'_>) -> Vec<u8> {
    let fields: BTreeMap<u8, &Vec<u8>> = base
        .iter()
        .chain(changes)
        .map(|(key, value)| (*key, value))
        .collect();
    let fields: Vec<_> = fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let pairs = fields
        .iter()
        .flat_map(|(key, value)| [number((*key).into()), (*value).clone()].concat());
    head(5, fields.len() as u64)
        .into_iter()
        .chain(pairs)
        .collect()
}
