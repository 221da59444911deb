//! What happens at a login: one question, one answer, one verdict.

use std::error::Error as StdError;
use std::ffi::CStr;

use pam::constants::{
    PAM_ERROR_MSG, PAM_PROMPT_ECHO_ON, PAM_SILENT, PAM_TEXT_INFO, PamFlag, PamMessageStyle,
    PamResultCode,
};
use pam::conv::Conv;
use pam::items::Service;
use pam::module::PamHandle;
use secondfactor::mfa::blocking;
use secondfactor::store::SqliteStore;
use secondfactor::{AccountId, Error};

use crate::log::{Level, Log};
use crate::settings::Settings;
use crate::words::{self, NOT_AVAILABLE, PROMPT, Typed, WRONG, recovered};

/// Asks for a code, and lets in only whom the second factor does.
///
/// Every refusal is the same `PAM_AUTH_ERR`: a configuration that goes on after other errors, as many do when a directory
/// server is down, must not go on here. The question comes before anything is looked up, so it tells nothing of a name.
pub(crate) fn authenticate(
    handle: &mut PamHandle,
    arguments: &[&CStr],
    flags: PamFlag,
) -> PamResultCode {
    let name = match handle.get_user(None) {
        Ok(name) => name,
        Err(code) => return code,
    };
    let log = Log::of_login(&service(handle), &name);
    log.panics();
    let Ok(Some(conversation)) = handle.get_item::<Conv<'_>>() else {
        return PamResultCode::PAM_CONV_ERR;
    };
    // Shown as it is typed: it is used up then. And a program that answers each hidden question with the password, as
    // sshd does for its method "password", answers this one with an error, so that no password is judged as a code.
    let typed = match conversation.send(PAM_PROMPT_ECHO_ON, PROMPT) {
        Ok(Some(typed)) => typed,
        Ok(None) => return PamResultCode::PAM_CONV_ERR,
        Err(code) => return code,
    };
    let tell = |style: PamMessageStyle, text: &str| {
        if flags & PAM_SILENT == 0 && !text.is_empty() {
            // If it does not arrive, the verdict is the same.
            let _ = conversation.send(style, text);
        }
    };
    match judge(&name, typed.as_str().unwrap_or_default(), arguments, &log) {
        Ok(text) => {
            tell(PAM_TEXT_INFO, &text);
            PamResultCode::PAM_SUCCESS
        }
        Err(text) => {
            tell(PAM_ERROR_MSG, &text);
            PamResultCode::PAM_AUTH_ERR
        }
    }
}

fn service(handle: &PamHandle) -> String {
    match handle.get_item::<Service<'_>>() {
        Ok(Some(service)) => service.to_string_lossy().into_owned(),
        _ => String::new(),
    }
}

/// Returns what to tell the claimant, who is in or refused.
fn judge(name: &str, typed: &str, arguments: &[&CStr], log: &Log) -> Result<String, String> {
    let (settings, mfa) = match open(arguments, log) {
        Ok(opened) => opened,
        Err(error) => return Err(not_available(&*error, log)),
    };
    let Some(typed) = Typed::read(typed) else {
        log.line(Level::Notice, "what was typed is no code");
        return Err(words::MISTYPED.to_owned());
    };
    if settings.debug {
        log.line(Level::Debug, &format!("judging a {}", typed.kind()));
    }
    #[cfg(feature = "test-panic")]
    assert_ne!(name, "panic", "a test of what happens then");
    // A name that can't be an account's is one that has not enrolled.
    let verdict = AccountId::new(name).map_err(|_| Error::NotEnrolled);
    match verdict.and_then(|account| verify(&mfa, &account, &typed)) {
        Ok(text) => Ok(text),
        Err(error) => Err(refused(&error, &mfa, log)),
    }
}

/// Opens the store for this login alone. `sshd` has a process for each, and what another process keeps open must not be
/// in the way of a repair.
fn open(
    arguments: &[&CStr],
    log: &Log,
) -> Result<(Settings, blocking::Mfa<SqliteStore>), Box<dyn StdError>> {
    let settings = Settings::from_arguments(arguments)?;
    if settings.debug {
        log.line(Level::Debug, &settings.to_string());
    }
    let events = log.clone();
    let mfa = settings
        .open()?
        .on_event(move |_, _, event| events.event(event));
    Ok((settings, blocking::Mfa::new(mfa)))
}

fn verify(
    mfa: &blocking::Mfa<SqliteStore>,
    account: &AccountId,
    typed: &Typed,
) -> Result<String, Error> {
    match typed {
        Typed::Code(code) => mfa.verify(account, *code).map(|_| String::new()),
        Typed::RecoveryCode(code) => Ok(recovered(mfa.redeem(account, code)?.codes_left())),
    }
}

/// An account without a second factor is refused as a wrong code is, so that nobody learns who has one.
fn refused(error: &Error, mfa: &blocking::Mfa<SqliteStore>, log: &Log) -> String {
    match error {
        // The event was logged.
        Error::Denied(denial) => words::denied(*denial, mfa.now()),
        Error::NotEnrolled | Error::NoRecoveryCodes => {
            log.line(Level::Notice, &format!("refused: {error}"));
            WRONG.to_owned()
        }
        _ => not_available(error, log),
    }
}

fn not_available(error: &dyn StdError, log: &Log) -> String {
    let mut line = format!("refused, as nothing can be judged: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    log.line(Level::Error, &line);
    NOT_AVAILABLE.to_owned()
}
