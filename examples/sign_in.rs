//! A login's sessions without a framework: half a login, a double click, the whole login, and its end.
//!
//! The rows of a site are a map here. Everything that is decided, the library decides: see `secondfactor::sign_in`.
#![allow(clippy::print_stdout)] // it is for reading

use std::collections::HashMap;

use secondfactor::account::FormId;
use secondfactor::codes::{Clock as _, SystemClock, Totp};
use secondfactor::sign_in::{
    EndReason, NeedsCode, Note, Proved, SessionKeys, SessionLimits, SignIn, Stage,
};
use secondfactor::store::MemoryStore;
use secondfactor::{AccountId, Code, Keyring, Label, Mfa, SealingKey};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

struct Site {
    mfa: Mfa<MemoryStore>,
    /// The user's row: who has opted in.
    notes: HashMap<AccountId, Note>,
    /// The sessions' rows. A real site finds them by a hash of the cookie.
    sessions: HashMap<String, SignIn>,
}

impl Site {
    /// The password was right. Returns the cookie.
    async fn give_password(&mut self, user: &AccountId) -> Outcome<String> {
        let needs = self.mfa.needs_code(user, self.note(user)).await?;
        let session = SignIn::begin(user.clone(), needs, self.mfa.now())?;
        let cookie = FormId::generate()?.to_string();
        self.sessions.insert(cookie.clone(), session);
        Ok(cookie)
    }

    /// The form of the second step. Returns the cookie to go on with.
    async fn give_code(&mut self, cookie: &str, form: FormId, typed: &str) -> Outcome<String> {
        let half = match self.stage(cookie).await? {
            Stage::Half | Stage::Repeat => self.sessions.get(cookie).ok_or("no session")?,
            stage => return Err(format!("no second step: {stage:?}").into()),
        };
        let code: Code = typed.parse()?;
        let verified = self
            .mfa
            .verify(half.account(), half.submission(code, form)?)
            .await?;
        let new = FormId::generate()?.to_string();
        let token = self.mfa.seal_proof(&verified, new.as_bytes())?;
        let keys = SessionKeys {
            old: cookie,
            new: &new,
        };
        let Proved { left, next } = half.prove(&verified, token, keys, self.mfa.now())?;
        // Whoever has logged out meanwhile stays logged out.
        let row = self.sessions.get_mut(cookie).ok_or("logged out")?;
        *row = left;
        self.sessions.insert(new.clone(), next);
        // Where `NeedsCode` said that the note is behind, it is written now.
        self.notes.insert(verified.account().clone(), Note::OptedIn);
        Ok(new)
    }

    /// Any page.
    async fn stage(&self, cookie: &str) -> Outcome<Stage> {
        let session = self.sessions.get(cookie).ok_or("no session")?;
        let note = self.note(session.account());
        let stage = self
            .mfa
            .stage(session, cookie.as_bytes(), note, SessionLimits::AAL2)
            .await?;
        Ok(stage)
    }

    fn log_out(&mut self, cookie: &str) {
        if let Some(session) = self.sessions.remove(cookie) {
            // All that this login led to: a form that is sent twice leads to two.
            self.sessions.retain(|_, other| other.id() != session.id());
        }
    }

    /// A user without a note is new.
    fn note(&self, user: &AccountId) -> Note {
        self.notes.get(user).copied().unwrap_or(Note::OptedOut)
    }
}

async fn run() -> Outcome {
    let mfa = Mfa::new(MemoryStore::new(), Keyring::new(SealingKey::generate()?));
    let (notes, sessions) = (HashMap::new(), HashMap::new());
    let mut site = Site {
        mfa,
        notes,
        sessions,
    };
    let alice = AccountId::new("alice")?;

    // Without a second factor the password is enough.
    let first = site.give_password(&alice).await?;
    assert_eq!(site.stage(&first).await?, Stage::Password);

    // She opts in, and the site is stopped before it writes that down.
    site.notes.insert(alice.clone(), Note::OptingIn);
    let enrollment = site.mfa.enroll(&alice, Label::new("phone")?).await?;
    let totp = Totp::new(enrollment.secret());
    let before = SystemClock
        .now()
        .saturating_sub(std::time::Duration::from_secs(30));
    let code = totp.at(before)?;
    site.mfa.confirm(&alice, enrollment.device(), code).await?;
    assert_eq!(
        site.stage(&first).await?,
        Stage::Ended(EndReason::CodeNeeded)
    );
    let needs = site.mfa.needs_code(&alice, site.note(&alice)).await?;
    assert_eq!(
        needs,
        NeedsCode::Yes {
            note_is_behind: true
        }
    );

    // The password, and the code by a double click: both answers lead on.
    let half = site.give_password(&alice).await?;
    assert_eq!(site.stage(&half).await?, Stage::Half);
    let (form, code) = (FormId::generate()?, totp.at(SystemClock.now())?.to_string());
    let one = site.give_code(&half, form, &code).await?;
    let two = site.give_code(&half, form, &code).await?;
    for cookie in [&one, &two] {
        assert_eq!(site.stage(cookie).await?, Stage::Proven);
    }
    assert_eq!(site.stage(&half).await?, Stage::Repeat);

    // Logging out ends all of it, from whichever session.
    site.log_out(&one);
    assert!(!site.sessions.contains_key(&two));
    assert_eq!(
        site.sessions.len(),
        1,
        "only the first session's row is left"
    );
    println!("alice logged in by one form that was sent twice, and out");
    Ok(())
}

fn main() -> Outcome {
    pollster::block_on(run())
}

#[test]
fn it_runs() -> Outcome {
    main()
}
