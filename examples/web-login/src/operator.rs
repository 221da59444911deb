//! What an operator does at the command line, on the database of a site that runs or not.

use std::time::Duration;

use secondfactor::account::{Actor, Wait};
use secondfactor::sign_in::Note;
use secondfactor::store::AnyStore;
use secondfactor::{Error, Mfa};

use crate::Outcome;
use crate::base::Base;
use crate::config::{Command, Config, StoreAddress};
use crate::database::Database;
use crate::user::{Change, Login, User};

/// Does what the command says, and returns what to say of it; nothing if it is to serve.
///
/// Call it only after somebody has made sure that it is the owner who asks: see the library's manual, "A lost phone, at the
/// help desk".
///
/// # Errors
/// The store or the key can't be used, or there is no such user.
pub async fn operate(config: Config) -> Outcome<String> {
    // A mistyped path makes no new database.
    if let StoreAddress::Sqlite(path) = &config.store
        && !path.exists()
    {
        return Err(format!("there is no database {}", path.display()).into());
    }
    let base = Base::open(&config).await?;
    let done = match config.command {
        Command::Serve => Ok(String::new()),
        Command::Reset { name } => turn_off(&base, &name).await,
        Command::TemporaryCode { name, lifetime } => temporary_code(&base, &name, lifetime).await,
    };
    drop(base.mfa);
    base.writer.await?;
    done
}

async fn turn_off(base: &Base, name: &str) -> Outcome<String> {
    let user = find(&base.database, name).await?;
    let had_one = reset(&base.mfa, &base.database, &user, &actor()?).await?;
    let what = match had_one {
        true => "The second factor is off",
        false => "There was no second factor",
    };
    Ok(format!(
        "{what}, and all sessions of {name} have ended. Their password alone lets them in now.\n"
    ))
}

async fn temporary_code(base: &Base, name: &str, lifetime: Duration) -> Outcome<String> {
    let (user, actor) = (find(&base.database, name).await?, actor()?);
    let issued = base
        .mfa
        .danger_issue_temporary_code_unproven(&user.account()?, &actor, lifetime)
        .await;
    match issued {
        Ok(code) => {
            let (account, by) = (&user.id, actor.as_str());
            tracing::warn!(account, by, "a temporary code was issued");
            Ok(format!(
                "{}\n\nIt lets {name} in once, within {}, behind their password and in the place of a recovery code. They \
                 set up a new device then. It is not shown again.\n",
                code.expose_text().as_str(),
                Wait::from(lifetime)
            ))
        }
        Err(Error::NotEnrolled) if user.note == Note::OptedIn => Err(format!(
            "the second factor of {name} is lost: look for its record in a backup, or reset them"
        )
        .into()),
        Err(Error::NotEnrolled) => {
            Err(format!("{name} has no second factor: their password alone lets them in").into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn find(database: &Database, name: &str) -> Outcome<User> {
    let user = database.user_by_name(name).await?;
    user.ok_or_else(|| format!("there is no user {name}").into())
}

/// `sudo` says who called it.
fn actor() -> Outcome<Actor> {
    let name = ["SUDO_USER", "USER"].into_iter();
    let name = name
        .filter_map(|variable| std::env::var(variable).ok())
        .next();
    Ok(Actor::new(match name {
        Some(name) => format!("operator {name}"),
        None => "operator".to_owned(),
    })?)
}

/// Turns a user's second factor off, and says whether there was one. All their sessions end, also if it is cut off in the
/// middle, and they are told in their activity.
///
/// For somebody who has lost their device and their recovery codes: only after it was made sure that it is them, face to face
/// or as when they were taken on.
pub(crate) async fn reset(
    mfa: &Mfa<AnyStore>,
    database: &Database,
    user: &User,
    actor: &Actor,
) -> Outcome<bool> {
    let begin = Change::note(Note::OptingOut).ending_sessions();
    let begun = database.change_user(&user.id, &begin).await?;
    let begun = Login {
        generation: begun.ok_or("the user is gone")?,
        id: String::new(),
    };
    let had_one = match mfa.danger_opt_out_unproven(&user.account()?, actor).await {
        Ok(()) => true,
        Err(Error::NotEnrolled) => false,
        Err(error) => return Err(error.into()),
    };
    let (account, by) = (&user.id, actor.as_str());
    tracing::warn!(account, by, had_one, "a second factor was turned off");
    // Unless they have begun to opt in again: then the note is theirs.
    let end = Change::note(Note::OptedOut).ending_sessions().by(begun);
    database.change_user(&user.id, &end).await?;
    Ok(had_one)
}
