//! `serde` for settings, statuses, and submissions. Nothing that is secret can be written with it.

use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

#[cfg(feature = "mfa")]
use crate::account::{BrowserId, DeviceId, FormId, Label, RecoveryCode, RecoverySetId};
#[cfg(feature = "mfa")]
use crate::account_id::AccountId;
use crate::codes::{Code, Counter, Digits, Period, UnixTime};
#[cfg(feature = "mfa")]
use crate::sealing::KeyId;

/// Writes a value as a number. Not every number need be a value.
macro_rules! as_number {
    ($($type:ty: $number:ty, $to:expr, $from:expr;)*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let to: fn(Self) -> $number = $to;
                to(*self).serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let number = <$number>::deserialize(deserializer)?;
                let from: fn($number) -> Option<Self> = $from;
                from(number).ok_or_else(|| D::Error::custom(concat!("out of range for ", stringify!($type))))
            }
        }
    )*};
}

as_number! {
    UnixTime: u64, Self::as_secs, |secs| Some(Self::from_secs(secs));
    Period: u16, Self::as_secs, |secs| Self::from_secs(secs).ok();
    Digits: u8, Self::count, Self::from_count;
    Counter: u64, Self::get, |number| Some(Self::new(number));
}

#[cfg(feature = "mfa")]
as_number! {
    BrowserId: u32, Self::get, |number| Some(Self::new(number));
    DeviceId: u32, Self::get, |number| Some(Self::new(number));
}

/// Writes an id as it is displayed.
#[cfg(feature = "mfa")]
macro_rules! as_displayed {
    ($($type:ty)*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

#[cfg(feature = "mfa")]
as_displayed! { FormId KeyId RecoverySetId }

/// Reads what comes back from a form.
#[cfg(feature = "mfa")]
macro_rules! as_typed {
    ($($type:ty)*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Typed::read(deserializer)
            }
        }
    )*};
}

#[cfg(feature = "mfa")]
as_typed! { FormId RecoverySetId RecoveryCode }

#[cfg(feature = "mfa")]
macro_rules! as_text {
    ($($type:ty;)*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(alloc::string::String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    )*};
}

#[cfg(feature = "mfa")]
as_text! {
    AccountId;
    Label;
}

/// Reads what a claimant typed. If a format is asked for a text and finds a number, its error shows
/// the number, and that may be a code. So a format that knows by itself what there is gets no such
/// question.
struct Typed<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Typed<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let typed = Self(PhantomData);
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(typed)
        } else {
            deserializer.deserialize_str(typed)
        }
    }

    fn refuse<E: Error>() -> Result<T, E> {
        Err(E::custom("a code is text"))
    }
}

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Typed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a code as text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<T, E> {
        Self::refuse()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<T, E> {
        Self::refuse()
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<T, E> {
        Self::refuse()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<T, E> {
        Self::refuse()
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<T, E> {
        Self::refuse()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<T, E> {
        Self::refuse()
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Typed::read(deserializer)
    }
}
