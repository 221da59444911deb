//! Where somebody wanted to go when they were asked for something first.

use std::fmt;
use std::str::FromStr;

use secondfactor::account::DeviceId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A page to come back to: one of these, never an address, so that no link can lead anybody elsewhere after they log in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Goal {
    #[default]
    Account,
    Activity,
    Password,
    NewDevice,
    Rename(DeviceId),
    Revoke(DeviceId),
    Rotate(DeviceId),
    Resync(DeviceId),
    Keep,
    RecoveryCodes,
    OptOut,
    Notes,
    Users,
    /// By their id.
    User(String),
}

impl Goal {
    pub(crate) fn path(&self) -> String {
        format!("/{self}")
    }

    /// The page of a path, if it is one to come back to.
    pub(crate) fn from_path(path: &str) -> Option<Self> {
        path.strip_prefix('/')?.parse().ok()
    }

    /// What for, in words: "to ..".
    pub(crate) const fn words(&self) -> &'static str {
        match self {
            Self::Password => "to change your password",
            Self::NewDevice => "to add a device",
            Self::Rename(_) => "to rename a device",
            Self::Revoke(_) => "to revoke a device",
            Self::Rotate(_) => "to give a device a new key",
            Self::Keep => "to say which devices are in your hands",
            Self::RecoveryCodes => "to get recovery codes",
            Self::OptOut => "to turn the second factor off",
            Self::Users => "to add somebody",
            Self::User(_) => "to change what somebody may do",
            _ => "to go on",
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => f.write_str("account"),
            Self::Activity => f.write_str("account/activity"),
            Self::Password => f.write_str("account/password"),
            Self::NewDevice => f.write_str("account/devices/new"),
            Self::Rename(device) => write!(f, "account/devices/{device}/rename"),
            Self::Revoke(device) => write!(f, "account/devices/{device}/revoke"),
            Self::Rotate(device) => write!(f, "account/devices/{device}/rotate"),
            Self::Resync(device) => write!(f, "account/devices/{device}/resync"),
            Self::Keep => f.write_str("account/keep"),
            Self::RecoveryCodes => f.write_str("account/recovery-codes"),
            Self::OptOut => f.write_str("account/opt-out"),
            Self::Notes => f.write_str("notes"),
            Self::Users => f.write_str("users"),
            Self::User(id) => write!(f, "users/{id}"),
        }
    }
}

impl FromStr for Goal {
    type Err = UnknownGoal;

    fn from_str(text: &str) -> Result<Self, UnknownGoal> {
        let device = |text: &str| text.parse::<DeviceId>().map_err(|_| UnknownGoal);
        Ok(match text.split('/').collect::<Vec<_>>().as_slice() {
            ["account"] => Self::Account,
            ["account", "activity"] => Self::Activity,
            ["account", "password"] => Self::Password,
            ["account", "devices", "new"] => Self::NewDevice,
            ["account", "devices", id, "rename"] => Self::Rename(device(id)?),
            ["account", "devices", id, "revoke"] => Self::Revoke(device(id)?),
            ["account", "devices", id, "rotate"] => Self::Rotate(device(id)?),
            ["account", "devices", id, "resync"] => Self::Resync(device(id)?),
            ["account", "keep"] => Self::Keep,
            ["account", "recovery-codes"] => Self::RecoveryCodes,
            ["account", "opt-out"] => Self::OptOut,
            ["notes"] => Self::Notes,
            ["users"] => Self::Users,
            ["users", id]
                if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
            {
                Self::User((*id).to_owned())
            }
            _ => return Err(UnknownGoal),
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no such page")]
pub(crate) struct UnknownGoal;

impl Serialize for Goal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Goal {
    /// What is no goal leads to the account.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(String::deserialize(deserializer)?
            .parse()
            .unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_site_are_goals() {
        let device = "3".parse().unwrap();
        for goal in [
            Goal::Account,
            Goal::Revoke(device),
            Goal::User("0abc".to_owned()),
            Goal::Keep,
            Goal::RecoveryCodes,
        ] {
            assert_eq!(Goal::from_path(&goal.path()), Some(goal));
        }
        let others = [
            "",
            "/",
            "login",
            "https://example.com",
            "//example.com",
            "users/",
            "users/..",
            "users/../x",
            "users/a?b",
            "users/a\r\nb",
            "account/devices/x/revoke",
        ];
        for text in others {
            assert!(text.parse::<Goal>().is_err(), "{text}");
        }
    }
}
