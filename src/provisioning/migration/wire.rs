//! The wire format of Protocol Buffers, as far as this message needs it.
//!
//! This is written here because the crates for it (`prost`, `protobuf`) build the message from
//! parts they don't wipe, and bring a code generator for seven fields.

use alloc::vec::Vec;

use zeroize::Zeroizing;

/// Holds a field's number and value.
pub(super) struct Field<'m> {
    pub(super) number: u64,
    pub(super) value: Value<'m>,
}

pub(super) enum Value<'m> {
    /// It has wire type 0.
    Varint(u64),
    /// It has wire type 2, and knows where it begins in the whole message.
    Bytes(Message<'m>),
    /// It has wire type 1 or 5, which no field here has.
    Fixed,
}

/// Reads the fields of a message one by one.
#[derive(Clone, Copy)]
pub(super) struct Message<'m> {
    pub(super) rest: &'m [u8],
    pub(super) position: usize,
}

/// Says that the message breaks off or is none, at this position.
pub(super) struct Damaged {
    pub(super) position: usize,
}

impl<'m> Message<'m> {
    pub(super) const fn new(bytes: &'m [u8]) -> Self {
        Self {
            rest: bytes,
            position: 0,
        }
    }

    /// Reads the next field, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Field<'m>>, Damaged> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let damaged = Damaged {
            position: self.position,
        };
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Damaged {
                    position: self.position,
                })?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(damaged),
        };
        match tag >> 3 {
            0 => Err(damaged),
            number => Ok(Some(Field { number, value })),
        }
    }

    fn take(&mut self, length: usize) -> Result<Self, Damaged> {
        let position = self.position;
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Damaged { position })?;
        *self = Self {
            rest,
            position: position.saturating_add(length),
        };
        Ok(Self {
            rest: taken,
            position,
        })
    }

    /// Reads seven bits a byte, the lowest first, at most 64. The top bit says that more follow.
    fn varint(&mut self) -> Result<u64, Damaged> {
        let damaged = Damaged {
            position: self.position,
        };
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = *self.take(1)?.rest else {
                return Err(damaged);
            };
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(damaged);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(damaged)
    }
}

/// Appends a field with a number. Make room first, so that no copy of a grown buffer stays behind.
pub(super) fn push_varint(message: &mut Zeroizing<Vec<u8>>, number: u8, value: u64) {
    varint(message, u64::from(number) << 3);
    varint(message, value);
}

/// Appends a field with bytes.
pub(super) fn push_bytes(message: &mut Zeroizing<Vec<u8>>, number: u8, bytes: &[u8]) {
    varint(message, (u64::from(number) << 3) | 2);
    varint(message, bytes.len().try_into().unwrap_or(u64::MAX));
    message.extend_from_slice(bytes);
}

fn varint(message: &mut Zeroizing<Vec<u8>>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            message.push(low & 0x7f);
            return;
        }
        message.push(low | 0x80);
    }
}
