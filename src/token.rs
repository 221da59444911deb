//! A `Verified` on its way through a cookie or a session row.

use crate::account::{AccountId, DeviceId, Verified, refuse_the_future};
use crate::seal::Purpose;
use crate::secret::decode_base32;
use crate::{Error, Keyring, SecretText, UnixTime};

/// Device and time.
const LEN: usize = 4 + 8;

/// Seals a verdict for one session of its account.
pub(crate) fn seal(verified: &Verified, session: &[u8], keyring: &Keyring) -> Result<SecretText, Error> {
    let purpose = Purpose::Token { account: verified.account(), session };
    let sealed = keyring.seal(purpose, LEN, |bytes| {
        bytes.extend_from_slice(&verified.device().get().to_be_bytes());
        bytes.extend_from_slice(&verified.at().as_secs().to_be_bytes());
        Ok(())
    })?;
    Ok(SecretText::base32(&sealed))
}

/// Opens it again: only for the same account and session, and never before its time.
pub(crate) fn open(
    account: &AccountId,
    session: &[u8],
    token: &str,
    keyring: &Keyring,
    now: UnixTime,
) -> Result<Verified, Error> {
    let sealed = decode_base32(token).map_err(|_| Error::Token)?;
    let opened = keyring.open(Purpose::Token { account, session }, &sealed).map_err(|_| Error::Token)?;
    let (device, at) = opened.plaintext.split_first_chunk().ok_or(Error::Token)?;
    let at = UnixTime::from_secs(u64::from_be_bytes(at.try_into().map_err(|_| Error::Token)?));
    refuse_the_future(at, now)?;
    Ok(Verified::new(account.clone(), DeviceId::new(u32::from_be_bytes(*device)), at))
}
