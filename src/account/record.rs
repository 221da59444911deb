//! The record as bytes: CBOR maps with numbered fields (RFC 8949).
//!
//! A field's number is never given to another meaning. A new field is optional, has a value that means "as before", and
//! raises the format in `sealing/keyring.rs`.

mod answer;
mod browser;
mod device;
mod no_value;
mod recovery;
mod relocation;
mod temporary;
mod throttle;
mod voucher;

use minicbor::{CborLen, Decode, Decoder, Encode};

use super::browser::entry::Browser;
use super::clock::RecordClock;
use super::device::entry::Device;
use super::error::Error;
use super::record_error::RecordError;
use super::relocation::Relocation;
use super::state::Account;
use super::throttle::Throttle;
use crate::account_id::AccountId;
use crate::codes::UnixTime;
use crate::sealing::{Keyring, Purpose};
use crate::store::tag;
use recovery::RecoveryRecord;
use relocation::RelocationRecord;
use temporary::TemporaryRecord;
use throttle::{ThrottleRecord, bucket};

/// The lists are lent when it is written, and owned when it is read.
#[derive(Encode, Decode, CborLen)]
#[cbor(map)]
struct Record<'b, Devices, Browsers> {
    #[n(0)]
    devices: Devices,
    #[n(1)]
    next_device: u32,
    #[n(2)]
    throttle: ThrottleRecord,
    #[n(3)]
    resyncs: u64,
    #[b(4)]
    recovery: Option<RecoveryRecord<'b>>,
    #[n(5)]
    last_change: Option<u64>,
    #[n(6)]
    epoch: u32,
    #[n(7)]
    was_confirmed: bool,
    #[b(8)]
    moving: Option<RelocationRecord<'b>>,
    #[b(9)]
    moved: Option<RelocationRecord<'b>>,
    /// Absent for none.
    #[n(10)]
    browsers: Option<Browsers>,
    /// Absent for 1.
    #[n(11)]
    next_browser: Option<u32>,
    /// Absent for a new one.
    #[n(12)]
    known: Option<ThrottleRecord>,
    #[b(13)]
    temporary: Option<TemporaryRecord<'b>>,
}

impl Account {
    /// Opens an account's sealed record.
    ///
    /// # Errors
    /// [`Error::Seal`] if the bytes were changed, belong to another account or to no key of the ring;
    /// [`Error::Record`] if what they hold makes no sense.
    pub fn open(id: &AccountId, sealed: &[u8], keyring: &Keyring) -> Result<Self, Error> {
        let mut opened = keyring.open(Purpose::Record(id), sealed)?;
        let account = decode(id, &opened.plaintext)?;
        // A buffer's spare room is wiped as a whole, and what it holds byte by byte.
        opened.plaintext.clear();
        Ok(Self {
            sealed_by: Some(opened.key),
            loaded: tag(sealed),
            ..account
        })
    }

    pub(super) fn seal(&self, keyring: &Keyring) -> Result<Vec<u8>, Error> {
        let record = Record::from(self);
        keyring.seal(Purpose::Record(&self.id), minicbor::len(&record), |bytes| {
            let mut room = Room(bytes);
            minicbor::encode(&record, &mut room).map_err(|_| RecordError::Malformed)?;
            if room.0.is_empty() {
                Ok(())
            } else {
                Err(RecordError::Malformed.into())
            }
        })
    }
}

impl<'b> From<&'b Account> for Record<'b, &'b [Device], &'b [Browser]> {
    fn from(account: &'b Account) -> Self {
        let browsers = account.browsers.list.as_slice();
        let next_browser = account.browsers.next;
        Self {
            devices: &account.devices,
            next_device: account.next_device,
            throttle: account.strangers.into(),
            resyncs: account.resyncs.left.as_secs(),
            recovery: account.recovery.as_ref().map(RecoveryRecord::from),
            last_change: account.clock.last_change.map(UnixTime::as_secs),
            epoch: account.clock.epoch,
            was_confirmed: account.was_confirmed,
            moving: account.moving.as_ref().map(RelocationRecord::from),
            moved: account.moved.as_ref().map(RelocationRecord::from),
            browsers: (!browsers.is_empty()).then_some(browsers),
            next_browser: (next_browser != 1).then_some(next_browser),
            known: (account.known != Throttle::NEW).then(|| account.known.into()),
            temporary: account.temporary.as_ref().map(TemporaryRecord::from),
        }
    }
}

fn decode(id: &AccountId, bytes: &[u8]) -> Result<Account, RecordError> {
    let mut decoder = Decoder::new(bytes);
    let record: Record<'_, Vec<Device>, Vec<Browser>> =
        decoder.decode().map_err(|error| match error.is_message() {
            true => RecordError::Value,
            false => RecordError::Malformed,
        })?;
    if decoder.position() != bytes.len() {
        return Err(RecordError::Malformed);
    }
    let devices = record.devices;
    let ids_grow = devices.is_sorted_by(|one, next| one.id < next.id);
    if !ids_grow
        || devices
            .last()
            .is_some_and(|last| last.id.get() >= record.next_device)
    {
        return Err(RecordError::Value);
    }
    let recovery = record
        .recovery
        .map(|recovery| recovery.into_set().ok_or(RecordError::Value))
        .transpose()?;
    let browsers =
        browser::to_browsers(record.browsers, record.next_browser).ok_or(RecordError::Value)?;
    let temporary = record
        .temporary
        .map(|temporary| temporary.into_temporary().ok_or(RecordError::Value))
        .transpose()?;
    Ok(Account {
        devices,
        next_device: record.next_device,
        strangers: record.throttle.into(),
        known: record.known.map_or(Throttle::NEW, Throttle::from),
        browsers,
        resyncs: bucket(record.resyncs),
        recovery,
        temporary,
        clock: RecordClock {
            last_change: record.last_change.map(UnixTime::from_secs),
            epoch: record.epoch,
        },
        was_confirmed: record.was_confirmed,
        moving: relocation(record.moving)?,
        moved: relocation(record.moved)?,
        ..Account::new(id.clone())
    })
}

/// The room for a record that is left. Most writes are of a byte or two: where they are inlined, encoding
/// takes half the time that it takes with the codec's own writer to `&mut [u8]`.
struct Room<'r>(&'r mut [u8]);

impl minicbor::encode::Write for Room<'_> {
    type Error = RecordError;

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        let room = std::mem::take(&mut self.0);
        let (here, left) =
            (room.split_at_mut_checked(bytes.len())).ok_or(RecordError::Malformed)?;
        here.copy_from_slice(bytes);
        self.0 = left;
        Ok(())
    }
}

fn relocation(record: Option<RelocationRecord<'_>>) -> Result<Option<Relocation>, RecordError> {
    record
        .map(|record| record.to_relocation().ok_or(RecordError::Value))
        .transpose()
}

#[cfg(test)]
mod tests;
