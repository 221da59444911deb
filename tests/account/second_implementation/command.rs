//! One command, as both implementations get it.

use secondfactor::AccountId;
use secondfactor::account::{BrowserId, DeviceId, RecoverySetId};

use super::enroll::New;
use super::login::Sent;
use super::recovery::SentRecovery;

/// A proof, by its place among those that are held.
pub(crate) type Held = usize;

/// A device, and the session that is named beside it.
pub(crate) type InSession = (DeviceId, Option<u8>);

#[derive(Clone, Debug)]
pub(crate) enum Command {
    Enroll(AccountId, New),
    EnrollAnother(Held, New),
    Rotate(Held, InSession, u64),
    Confirm(AccountId, InSession, Sent),
    ConfirmPair(AccountId, InSession, [String; 2]),
    Verify(AccountId, Sent),
    Resync(AccountId, DeviceId, [String; 2]),
    Issue(Held, Option<RecoverySetId>),
    Redeem(AccountId, SentRecovery),
    Rename(Held, DeviceId, &'static str),
    Suspend(Held, DeviceId),
    Resume(Held, DeviceId),
    Revoke(Held, DeviceId),
    KeepOnly(Held, Vec<DeviceId>),
    CheckProof(Held),
    Stands(Held),
    OptOut(Held),
    NeedsCode(AccountId),
    ForgetBrowser(Held, BrowserId),
    ForgetBrowsers(Held),
    PasswordChanged(Held, Option<String>),
    TrustBrowser(Held, BrowserId, u64),
    Recognize(AccountId, Option<String>),
    Import(AccountId, Vec<New>, Option<u64>),
    RevokeUnproven(AccountId, DeviceId),
    Unlock(AccountId),
    OptOutUnproven(AccountId),
    IssueTemporary(AccountId, u64),
    WithdrawTemporary(AccountId),
    Move(AccountId, AccountId),
}

impl Command {
    /// The account that it is about, if it names one itself, and otherwise the place of its proof.
    pub(crate) fn about(&self) -> Result<&AccountId, Held> {
        match self {
            Self::Enroll(id, _)
            | Self::Confirm(id, ..)
            | Self::ConfirmPair(id, ..)
            | Self::Verify(id, _)
            | Self::Resync(id, ..)
            | Self::Redeem(id, _)
            | Self::NeedsCode(id)
            | Self::Recognize(id, _)
            | Self::Import(id, ..)
            | Self::RevokeUnproven(id, _)
            | Self::Unlock(id)
            | Self::OptOutUnproven(id)
            | Self::IssueTemporary(id, _)
            | Self::WithdrawTemporary(id)
            | Self::Move(id, _) => Ok(id),
            Self::EnrollAnother(place, _)
            | Self::Rotate(place, ..)
            | Self::Issue(place, _)
            | Self::Rename(place, ..)
            | Self::Suspend(place, _)
            | Self::Resume(place, _)
            | Self::Revoke(place, _)
            | Self::KeepOnly(place, _)
            | Self::CheckProof(place)
            | Self::Stands(place)
            | Self::OptOut(place)
            | Self::ForgetBrowser(place, _)
            | Self::ForgetBrowsers(place)
            | Self::PasswordChanged(place, _)
            | Self::TrustBrowser(place, ..) => Err(*place),
        }
    }
}

/// What the real one drew at random.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drawn {
    pub(crate) device: Option<(DeviceId, Vec<u8>)>,
    pub(crate) imported: Vec<DeviceId>,
    pub(crate) browser: Option<(BrowserId, String)>,
    pub(crate) set: Option<(RecoverySetId, Vec<String>)>,
    pub(crate) temporary: Option<String>,
}
