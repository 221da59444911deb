//! The recovery codes in a record: since format 3 one byte string, for each code its selector and hash. As maps, which
//! are still read, ten codes took a twentieth of a login.

use std::borrow::Cow;

use minicbor::data::Type;
use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{CborLen, Decode, Decoder, Encoder};

use super::list;
use crate::account::recovery::Hash;

type Codes<'c> = Cow<'c, [(u8, Hash)]>;

const CODE_LEN: usize = 1 + size_of::<Hash>();

pub(super) fn encode<C, W: Write>(
    codes: &Codes<'_>,
    encoder: &mut Encoder<W>,
    _: &mut C,
) -> Result<(), EncodeError<W::Error>> {
    let writer = encoder.bytes_len(len(codes))?.writer_mut();
    for (selector, hash) in &**codes {
        writer.write_all(&[*selector]).map_err(EncodeError::write)?;
        writer.write_all(hash).map_err(EncodeError::write)?;
    }
    Ok(())
}

pub(super) fn cbor_len<C>(codes: &Codes<'_>, context: &mut C) -> usize {
    let len = len(codes);
    // A byte string's head is as long as that of the number which is its length (RFC 8949 section 3).
    len.cbor_len(context).saturating_add(usize::try_from(len).unwrap_or(usize::MAX))
}

fn len(codes: &Codes<'_>) -> u64 {
    u64::try_from(codes.len().saturating_mul(CODE_LEN)).unwrap_or(u64::MAX)
}

pub(super) fn decode<'b, C>(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Codes<'b>, DecodeError> {
    if decoder.datatype()? != Type::Bytes {
        let codes: Vec<CodeMap> = list(decoder, context)?;
        return Ok(codes.into_iter().map(|code| (code.selector, code.hash)).collect());
    }
    let mut rest = decoder.bytes()?;
    let mut codes = Vec::with_capacity(rest.len() / CODE_LEN);
    while let Some(([selector, hash @ ..], behind)) = rest.split_first_chunk::<CODE_LEN>() {
        codes.push((*selector, *hash));
        rest = behind;
    }
    if rest.is_empty() { Ok(Cow::Owned(codes)) } else { Err(DecodeError::message("a recovery code is cut short")) }
}

/// A code of format 2.
#[derive(Decode)]
#[cbor(map)]
struct CodeMap {
    #[n(0)]
    selector: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    hash: Hash,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Codes<'_>, DecodeError> {
        decode(&mut Decoder::new(bytes), &mut ())
    }

    fn string(content: &[u8]) -> Vec<u8> {
        minicbor::to_vec(minicbor::bytes::ByteVec::from(content.to_vec())).unwrap()
    }

    #[test]
    fn any_number_of_codes_comes_back() {
        for count in 0..=10 {
            let codes: Codes<'_> = (0..count).map(|selector| (selector, [selector; 32])).collect();
            let mut bytes = Vec::new();
            encode(&codes, &mut Encoder::new(&mut bytes), &mut ()).unwrap();
            assert_eq!(bytes.len(), cbor_len(&codes, &mut ()));
            assert_eq!(read(&bytes).unwrap(), codes);
        }
    }

    #[test]
    fn codes_of_format_2_are_read() {
        let maps = [&[0x81, 0xa2, 0x00, 0x07, 0x01][..], &string(&[3; 32])].concat();
        assert_eq!(*read(&maps).unwrap(), [(7, [3; 32])]);
    }

    #[test]
    fn a_code_that_is_cut_short_is_refused() {
        assert_eq!(read(&string(&[1; 66])).unwrap().len(), 2);
        for len in [1, 32, 34, 65, 67] {
            assert!(read(&string(&[1; 70][..len])).is_err(), "{len} bytes");
        }
        assert!(read(&[0x07]).is_err(), "a number");
    }
}
