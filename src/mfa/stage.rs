//! How far a session has come, by its own dates and by the record.

use super::judge::Mfa;
use crate::account::Error;
use crate::sign_in::{EndReason, NeedsCode, Note, SessionLimits, SignIn, Stage};
use crate::store::Store;

impl<S: Store> Mfa<S> {
    /// Says how far a session has come, or why it has ended. Ask it at every request.
    ///
    /// `session` is the id that the proof was sealed for. A session with a proof ends as soon as what it rests on ends, and
    /// one without as soon as its account needs a code. So it is asked of the record, by one read.
    ///
    /// ```
    /// # use secondfactor::{Error, Mfa, store::Store};
    /// use secondfactor::sign_in::{Note, SessionLimits, SignIn, Stage};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, session: &[u8], sign_in: &SignIn, note: Note) -> Result<(), Error> {
    /// match mfa.stage(sign_in, session, note, SessionLimits::AAL2).await? {
    ///     Stage::Password | Stage::Recognized | Stage::Proven => { /* .. the page .. */ }
    ///     Stage::Mending => { /* .. the pages that mend, and nothing else .. */ }
    ///     Stage::Half => { /* .. the second step .. */ }
    ///     Stage::Repeat => { /* .. nothing but the form that was sent before .. */ }
    ///     Stage::Ended(reason) => println!("{reason}"), // .. end the session ..
    ///     _ => {}
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// It has none but those of every call that reads a record. With any of them nothing is shown.
    pub async fn stage(
        &self,
        sign_in: &SignIn,
        session: &[u8],
        note: impl Into<Note>,
        limits: SessionLimits,
    ) -> Result<Stage, Error> {
        let stage = sign_in.stage(limits, self.clock.now());
        let ends = match (stage, sign_in.token()) {
            (Stage::Password, _) => match self.needs_code(sign_in.account(), note).await? {
                NeedsCode::No => None,
                NeedsCode::Yes { .. } => Some(EndReason::CodeNeeded),
            },
            (Stage::Recognized, _) => self.ends_with_trust(sign_in).await?,
            (Stage::Mending | Stage::Proven, Some(token)) => {
                self.ends(sign_in, session, token).await?
            }
            _ => None,
        };
        Ok(ends.map_or(stage, Stage::Ended))
    }

    /// Says whether the trust that let a session in is over. Another trust, be it of the same browser, is none of it.
    async fn ends_with_trust(&self, sign_in: &SignIn) -> Result<Option<EndReason>, Error> {
        let is_trusted = match self.status(sign_in.account()).await {
            Ok(status) => status.browsers().iter().any(|browser| {
                let trust = browser.grant();
                trust.is_some_and(|trust| sign_in.rests_on(&trust.to_text()))
            }),
            Err(Error::NotEnrolled) => false,
            Err(error) => return Err(error),
        };
        Ok((!is_trusted).then_some(EndReason::CodeNeeded))
    }

    /// Says whether the proof of a session has ended. Only the sealing key makes one, whatever the session's row says.
    async fn ends(
        &self,
        sign_in: &SignIn,
        session: &[u8],
        token: &str,
    ) -> Result<Option<EndReason>, Error> {
        let stands = match self.open_proof(sign_in.account(), session, token) {
            Ok(proof) => self.stands(proof).await,
            Err(error) => Err(error),
        };
        match stands {
            Ok(()) => Ok(None),
            Err(Error::Stale(_) | Error::NotEnrolled | Error::Token) => {
                Ok(Some(EndReason::ProofEnded))
            }
            Err(error) => Err(error),
        }
    }
}
