//! What both databases must do.

use secondfactor::codes::UnixTime;
use secondfactor::sign_in::Note;
use secondfactor::store::{SqlxPostgresStore, Store as _};

use super::pools::{heed, is_this_machine, postgres, postgres_options, sqlite};
use super::{ALIKE, Database, Entry, LIST_LEN};
use crate::random;
use crate::user::{Change, Login, Permissions, User};

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.db");
    std::fs::write(&path, "").unwrap();
    keeps_the_contract(Database::Sqlite(sqlite(&path).await.unwrap())).await;
}

#[tokio::test]
#[ignore = "needs SECONDFACTOR_TEST_POSTGRES: scripts/test runs it"]
async fn postgres_keeps_the_contract() {
    let options = postgres_options(&test_server("")).unwrap();
    keeps_the_contract(Database::Postgres(postgres(options))).await;
}

#[tokio::test]
#[ignore = "needs SECONDFACTOR_TEST_POSTGRES: scripts/test runs it"]
async fn a_store_that_is_not_fit_for_a_login_is_refused() {
    let options = postgres_options(&test_server("&options[search_path]=nowhere")).unwrap();
    let without_tables = SqlxPostgresStore::new(postgres(options));
    let report = without_tables.check().await.unwrap();
    let error = heed(&report).unwrap_err().to_string();
    assert!(
        error.contains("not fit for a login: the tables are missing"),
        "{error}"
    );
}

fn test_server(more: &str) -> String {
    let settings = std::env::var("SECONDFACTOR_TEST_POSTGRES").unwrap();
    format!("postgres:///?{}{more}", settings.replace(' ', "&"))
}

#[test]
fn only_this_machine_is_no_network() {
    for (address, is_here) in [
        ("postgres://web@localhost/web", true),
        ("postgres://127.0.0.1:5432/web", true),
        ("postgres://127.9.9.9/web", true),
        ("postgres://[::1]:5432/web", true),
        ("postgres://[::ffff:127.0.0.1]/web", true),
        ("postgres://%2Frun%2Fpostgresql/web", true),
        ("postgres://db/web?hostaddr=127.0.0.1", true),
        ("postgres:///web?host=/run/postgresql", true),
        ("postgres://localhost/web?host=db", false),
        ("postgres://db/web", false),
        ("postgres://localhost.example/web", false),
        ("postgres://192.0.2.1/web", false),
        ("postgres://[::]/web", false),
        ("postgres://[2001:db8::1]/web", false),
        ("postgres://127.0.0.1.example/web", false),
    ] {
        let options = postgres_options(address).unwrap();
        assert_eq!(is_this_machine(&options), is_here, "{address}");
    }
}

async fn keeps_the_contract(database: Database) {
    database.create_schema().await.unwrap();
    database.create_schema().await.unwrap();
    for now in [1, 2] {
        database.write(UnixTime::from_secs(now)).await.unwrap();
    }
    users(&database).await;
    sessions(&database).await;
    entries(&database).await;
}

/// Every name is new, as the servers' databases are used again.
fn new_user() -> User {
    User {
        id: random::id().unwrap(),
        name: random::id().unwrap(),
        password: "$argon2id$..".to_owned(),
        must_change_password: true,
        organisation: random::id().unwrap(),
        organisation_name: "Harbour Books".to_owned(),
        is_owner: true,
        permissions: Permissions::default(),
        note: Note::OptedOut,
        generation: 0,
        kept_login: String::new(),
        deadline: 0,
    }
}

async fn users(database: &Database) {
    let user = new_user();
    assert!(database.user(&user.id).await.unwrap().is_none());
    assert!(database.add_user(&user).await.unwrap());
    assert!(database.user(&user.id).await.unwrap().as_ref() == Some(&user));
    assert!(database.user_by_name(&user.name).await.unwrap().as_ref() == Some(&user));
    assert!(database.user_by_name("nobody").await.unwrap().is_none());

    // A name is given once.
    let namesake = User {
        name: user.name.clone(),
        ..new_user()
    };
    assert!(!database.add_user(&namesake).await.unwrap());
    assert!(database.user(&namesake.id).await.unwrap().is_none());

    let colleague = User {
        organisation: user.organisation.clone(),
        is_owner: false,
        ..new_user()
    };
    assert!(database.add_user(&colleague).await.unwrap());
    assert!(database.add_user(&new_user()).await.unwrap());
    let mut both = database.users_in(&user.organisation).await.unwrap();
    both.sort_by_key(|user| !user.is_owner);
    assert!(both == [user.clone(), colleague]);

    let (user_id, user_activity) = (user.id.clone(), user.activity());

    // A change leaves the rest as it is.
    let (permissions, note) = (
        Permissions {
            notes_read: true,
            notes_write: true,
        },
        Note::OptingOut,
    );
    let change = Change {
        permissions: Some(permissions),
        deadline: Some(9),
        ..Change::default()
    };
    assert_eq!(
        database.change_user(&user.id, &change).await.unwrap(),
        Some(0)
    );
    assert_eq!(
        database
            .change_user(&user.id, &Change::note(note).ending_sessions())
            .await
            .unwrap(),
        Some(1)
    );
    let told = Entry {
        at: 7,
        text: "The password was changed.".to_owned(),
        by: String::new(),
    };
    let password = Change {
        password: Some("new".to_owned()),
        must_change_password: Some(false),
        told: Some(told.clone()),
        ..Change::default()
    };
    assert_eq!(
        database
            .change_user(&user.id, &password.ending_sessions())
            .await
            .unwrap(),
        Some(2)
    );
    assert_eq!(
        database
            .change_user(&user.id, &Change::default())
            .await
            .unwrap(),
        Some(2)
    );
    let changed = User {
        password: "new".to_owned(),
        must_change_password: false,
        permissions,
        note,
        generation: 2,
        deadline: 9,
        ..user
    };
    assert!(database.user(&changed.id).await.unwrap().as_ref() == Some(&changed));

    // A login that has ended meanwhile changes nothing. That which ended the others goes on.
    let by = |generation, id: &str| Login {
        generation,
        id: id.to_owned(),
    };
    let late = Change {
        password: Some("late".to_owned()),
        told: Some(told.clone()),
        ..Change::default()
    }
    .ending_sessions();
    for ended in [by(1, "tablet"), by(1, "")] {
        let late = late.clone().by(ended);
        assert_eq!(
            database.change_user(&changed.id, &late).await.unwrap(),
            None
        );
    }
    assert!(database.user(&changed.id).await.unwrap().as_ref() == Some(&changed));
    for (login, ends, generation, kept) in [
        (by(2, "phone"), false, Some(2), ""),
        (by(2, "phone"), true, Some(3), "phone"),
        (by(2, "tablet"), true, None, "phone"),
        (by(2, "phone"), false, Some(3), "phone"),
        (by(3, "tablet"), true, Some(4), "tablet"),
        (by(2, "phone"), true, None, "tablet"),
        (by(4, ""), true, Some(5), ""),
        (by(4, ""), true, None, ""),
    ] {
        let change = Change {
            ends_sessions: ends,
            ..Change::default().by(login.clone())
        };
        let changed = database.change_user(&changed.id, &change).await.unwrap();
        assert_eq!(changed, generation, "{login:?}");
        let user = database.user(&user_id).await.unwrap().unwrap();
        assert_eq!(user.kept_login, kept, "{login:?}");
        let after = generation.is_some() && !login.id.is_empty();
        assert!(!after || user.keeps(&login), "{login:?}");
    }

    // What is told is told of what was done.
    let entries = database.entries(&user_activity).await.unwrap();
    assert_eq!(entries, [told]);

    let nobody = random::id().unwrap();
    assert_eq!(
        database
            .change_user(&nobody, &Change::default().ending_sessions())
            .await
            .unwrap(),
        None
    );
}

async fn sessions(database: &Database) {
    let account = random::id().unwrap();
    let (key, later) = (random::id().unwrap(), |seconds: u64| {
        UnixTime::from_secs(4_000_000_000 + seconds)
    });
    assert!(
        database
            .add_session(&key, &account, "{\"a\": 1}", later(10))
            .await
            .unwrap()
    );
    let again = database.add_session(&key, &account, "{}", later(10));
    assert!(!again.await.unwrap());
    let first = database.session(&key).await.unwrap().unwrap();
    assert_eq!(first, "{\"a\": 1}");
    let sessions = database.sessions_of(&account).await.unwrap();
    assert_eq!(sessions, [(key.clone(), first.clone())]);
    let others = random::id().unwrap();
    assert!(database.sessions_of(&others).await.unwrap().is_empty());

    // Of two that change it at once, the second one has to look again.
    let swap = async |old: &str, body: &str| {
        let swap = database.swap_session(&key, old, body, later(20));
        swap.await.unwrap()
    };
    assert!(swap(&first, "{}").await);
    assert!(!swap(&first, "{\"a\": 2}").await);
    database.sweep_sessions(later(0)).await.unwrap();
    assert_eq!(database.session(&key).await.unwrap().as_deref(), Some("{}"));

    // A request that is still under way does not bring back a session that has ended.
    let ended = database.end_session(&key).await.unwrap();
    assert_eq!(ended.as_deref(), Some("{}"));
    assert_eq!(database.end_session(&key).await.unwrap(), None);
    assert!(!swap("{}", "{}").await);
    assert_eq!(database.session(&key).await.unwrap(), None);
    assert!(database.sessions_of(&account).await.unwrap().is_empty());
}

async fn entries(database: &Database) {
    let list = random::id().unwrap();
    let entry = |at: u64| Entry {
        at,
        text: format!("entry {at}"),
        by: String::new(),
    };
    assert!(database.entries(&list).await.unwrap().is_empty());
    let count = LIST_LEN.unsigned_abs() + 3;
    for at in 1..=count {
        database.add_entry(&list, &entry(at)).await.unwrap();
    }
    let newest: Vec<Entry> = (4..=count).rev().map(entry).collect();
    assert_eq!(database.entries(&list).await.unwrap(), newest);

    // What says the same takes the room of a few, whatever stands between; the same by somebody else is another thing.
    let list = random::id().unwrap();
    let said = |at: u64, text: &str, by: &str| Entry {
        at,
        text: text.to_owned(),
        by: by.to_owned(),
    };
    let rare = [said(0, "rare", ""), said(0, "often", "ada")];
    for entry in &rare {
        database.add_entry(&list, entry).await.unwrap();
    }
    for at in 1..=count {
        let text = if at % 2 == 0 { "often" } else { "as often" };
        database
            .add_entry(&list, &said(at, text, ""))
            .await
            .unwrap();
    }
    let entries = database.entries(&list).await.unwrap();
    assert_eq!(entries.len() as u64, 2 * ALIKE.unsigned_abs() + 2);
    assert_eq!(entries[0].at, count);
    assert!(rare.iter().all(|entry| entries.contains(entry)));
}
