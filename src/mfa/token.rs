//! A proof as a token, in a cookie or a session's row.

use std::time::Duration;

use super::judge::Mfa;
use crate::account::{Credential, DeviceId, Error, Proof, ProofKind, Verified};
use crate::account_id::AccountId;
use crate::codes::{SecretText, UnixTime, decode_base32};
use crate::sealing::Purpose;
use crate::store::Store;

/// A token holds the kind, the credential, the clock epoch, the device and the time.
const LEN: usize = 1 + Credential::LEN + 4 + 4 + 8;

const CODE: u8 = 1;
const RECOVERY_CODE: u8 = 2;
const CONFIRMATION: u8 = 3;

impl<S: Store> Mfa<S> {
    /// Seals a proof for one session of the account, to be kept in a cookie or the session's row.
    ///
    /// The token says how and when the second factor was proved. It opens in no other session, so a
    /// thief needs the session too. Only the record knows whether the device was revoked since: ask
    /// [`stands`](Self::stands).
    ///
    /// ```
    /// # use secondfactor::{AccountId, Error, Mfa, Verified, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, verified: Verified) -> Result<(), Error> {
    /// let cookie = mfa.seal_proof(&verified, b"session 8d2f")?;
    /// // .. in a later request of that session ..
    /// let verified = mfa.open_verified(alice, b"session 8d2f", &cookie, Verified::SESSION)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Token`](Error::Token) if the session id is empty, as that would bind nothing.
    /// * [`Rng`](Error::Rng) if there are no random bytes.
    pub fn seal_proof(
        &self,
        proof: impl AsRef<Proof>,
        session: &[u8],
    ) -> Result<SecretText, Error> {
        let proof = proof.as_ref();
        let bytes = encode(proof);
        let sealed =
            self.keyring
                .seal(purpose(proof.account(), session)?, bytes.len(), |place| {
                    place.copy_from_slice(&bytes);
                    Ok::<(), Error>(())
                })?;
        Ok(SecretText::base32(&sealed))
    }

    /// Opens the token of [`seal_proof`](Self::seal_proof) for this account's session, to change
    /// the second factor in a later request.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Error, Label, Mfa, RecoveryCode, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, code: &RecoveryCode) -> Result<(), Error> {
    /// let recovered = mfa.redeem(alice, code).await?;
    /// let cookie = mfa.seal_proof(&recovered, b"session 8d2f")?;
    /// // .. in a later request of that session ..
    /// let proof = mfa.open_proof(alice, b"session 8d2f", &cookie)?;
    /// let enrollment = mfa.enroll_another(&proof, Label::new("new phone").unwrap()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Token`](Error::Token) if it was changed or belongs elsewhere.
    /// * [`Stale`](Error::Stale) if it is from the future.
    pub fn open_proof(
        &self,
        account: &AccountId,
        session: &[u8],
        token: &str,
    ) -> Result<Proof, Error> {
        let sealed = decode_base32(token).map_err(|_| Error::Token)?;
        let opened = self
            .keyring
            .open(purpose(account, session)?, &sealed)
            .map_err(|_| Error::Token)?;
        let proof = decode(account, &opened.plaintext).ok_or(Error::Token)?;
        proof.require_within(Duration::MAX, self.clock.now())?;
        Ok(proof)
    }

    /// Opens the token of a [`Verified`] for this account's session, if its code was verified no
    /// longer ago than `age`.
    ///
    /// Take [`Verified::SESSION`] or less. The token of another proof is refused here, where a code
    /// is demanded. See [`seal_proof`](Self::seal_proof) for an example.
    ///
    /// # Errors
    /// * [`Token`](Error::Token) if it was changed, belongs elsewhere or is of another kind of
    ///   proof.
    /// * [`Stale`](Error::Stale) if it is older, or from the future.
    pub fn open_verified(
        &self,
        account: &AccountId,
        session: &[u8],
        token: &str,
        age: Duration,
    ) -> Result<Verified, Error> {
        let proof = self.open_proof(account, session, token)?;
        let verified = Verified::from_proof(proof).ok_or(Error::Token)?;
        verified.require_within(age, self.clock.now())?;
        Ok(verified)
    }
}

/// Refuses an empty session id, which every caller without a session has.
const fn purpose<'p>(account: &'p AccountId, session: &'p [u8]) -> Result<Purpose<'p>, Error> {
    if session.is_empty() {
        Err(Error::Token)
    } else {
        Ok(Purpose::Token { account, session })
    }
}

fn encode(proof: &Proof) -> Vec<u8> {
    let kind = match proof.kind() {
        ProofKind::Code => CODE,
        ProofKind::RecoveryCode => RECOVERY_CODE,
        ProofKind::Confirmation => CONFIRMATION,
    };
    // No device has the number 0.
    let device = proof.device().map_or(0, DeviceId::get);
    [
        &[kind][..],
        proof.credential().as_bytes(),
        &proof.epoch().to_be_bytes(),
        &device.to_be_bytes(),
        &proof.at().as_secs().to_be_bytes(),
    ]
    .concat()
}

fn decode(account: &AccountId, bytes: &[u8]) -> Option<Proof> {
    let [kind, rest @ ..] = <&[u8; LEN]>::try_from(bytes).ok()?;
    let (credential, rest) = rest.split_first_chunk()?;
    let (epoch, rest) = rest.split_first_chunk()?;
    let (device, rest) = rest.split_first_chunk()?;
    let at = rest.first_chunk()?;
    let device = Some(u32::from_be_bytes(*device))
        .filter(|number| *number > 0)
        .map(DeviceId::new);
    let kind = match (*kind, device) {
        (CODE, Some(_)) => ProofKind::Code,
        (RECOVERY_CODE, None) => ProofKind::RecoveryCode,
        (CONFIRMATION, Some(_)) => ProofKind::Confirmation,
        _ => return None,
    };
    let rests_on = (
        Credential::from_bytes(*credential),
        u32::from_be_bytes(*epoch),
    );
    let at = UnixTime::from_secs(u64::from_be_bytes(*at));
    Some(Proof::new(account.clone(), kind, rests_on, device, at))
}
