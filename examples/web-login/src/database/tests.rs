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
    let find = async |id: &str| database.user(id).await.unwrap();
    let add = async |user: &User| database.add_user(user).await.unwrap();
    let change = async |id: &str, change: Change| database.change_user(id, &change).await.unwrap();
    let named = async |name: &str| database.user_by_name(name).await.unwrap();
    let mut ada = new_user();
    let id = &ada.id.clone();
    assert!(find(id).await.is_none());
    assert!(add(&ada).await);
    assert!(find(id).await.as_ref() == Some(&ada) && named(&ada.name).await == find(id).await);
    assert!(named("nobody").await.is_none());

    // A name is given once.
    let mut namesake = new_user();
    namesake.name.clone_from(&ada.name);
    assert!(!add(&namesake).await && find(&namesake.id).await.is_none());

    let mut bob = new_user();
    bob.organisation.clone_from(&ada.organisation);
    bob.is_owner = false;
    assert!(add(&bob).await && add(&new_user()).await);
    let mut both = database.users_in(&ada.organisation).await.unwrap();
    both.sort_by_key(|user| !user.is_owner);
    assert!(both == [ada.clone(), bob]);

    // A change leaves the rest as it is.
    ada.permissions.notes_read = true;
    ada.deadline = 9;
    let granted = Change {
        permissions: Some(ada.permissions),
        deadline: Some(9),
        ..Change::default()
    };
    assert_eq!(change(id, granted).await, Some(0));
    ada.note = Note::OptingOut;
    let opting_out = Change::note(ada.note).ending_sessions();
    assert_eq!(change(id, opting_out).await, Some(1));
    ada.password = "new".to_owned();
    ada.must_change_password = false;
    let told = Some(entry(7, "The password was changed.", ""));
    let password = Change {
        password: Some(ada.password.clone()),
        must_change_password: Some(false),
        told: told.clone(),
        ..Change::default()
    };
    assert_eq!(change(id, password.ending_sessions()).await, Some(2));
    assert_eq!(change(id, Change::default()).await, Some(2));
    ada.generation = 2;
    assert!(find(id).await.as_ref() == Some(&ada));

    // A login that has ended meanwhile changes nothing. That which ended the others goes on.
    let by = |generation, id: &str| Login {
        generation,
        id: id.to_owned(),
    };
    for ended in [by(1, "tablet"), by(1, "")] {
        let late = Change {
            password: Some("late".to_owned()),
            told: told.clone(),
            ..Change::default()
        };
        assert_eq!(change(id, late.ending_sessions().by(ended)).await, None);
    }
    assert!(find(id).await.as_ref() == Some(&ada));
    for (login, ends_sessions, generation, kept) in [
        (by(2, "phone"), false, Some(2), ""),
        (by(2, "phone"), true, Some(3), "phone"),
        (by(2, "tablet"), true, None, "phone"),
        (by(2, "phone"), false, Some(3), "phone"),
        (by(3, "tablet"), true, Some(4), "tablet"),
        (by(2, "phone"), true, None, "tablet"),
        (by(4, ""), true, Some(5), ""),
        (by(4, ""), true, None, ""),
    ] {
        let nothing = Change {
            ends_sessions,
            ..Change::default()
        };
        let changed = change(id, nothing.by(login.clone())).await;
        assert_eq!(changed, generation, "{login:?}");
        let user = find(id).await.unwrap();
        assert_eq!(user.kept_login, kept, "{login:?}");
        let after = generation.is_some() && !login.id.is_empty();
        assert!(!after || user.keeps(&login), "{login:?}");
    }

    // What is told is told of what was done.
    let entries = database.entries(&ada.activity()).await.unwrap();
    assert_eq!(entries, Vec::from_iter(told));
    let nobody = random::id().unwrap();
    assert_eq!(change(&nobody, Change::default()).await, None);
}

async fn sessions(database: &Database) {
    let [key, account, other] = [(); 3].map(|()| random::id().unwrap());
    let add = async |key: &str, body: &str, ends: u64| {
        let added = database.add_session(key, &account, body, UnixTime::from_secs(ends));
        added.await.unwrap()
    };
    let swap = async |old: &str, body: &str| {
        let swapped = database.swap_session(&key, old, body, UnixTime::from_secs(20));
        swapped.await.unwrap()
    };
    let find = async |key: &str| database.session(key).await.unwrap();
    let end = async || database.end_session(&key).await.unwrap();
    let all = async |account: &str| database.sessions_of(account).await.unwrap();
    let body = |text: &str| Some(text.to_owned());
    assert!(add(&key, "{\"a\": 1}", 10).await);
    assert!(!add(&key, "{}", 10).await);
    assert_eq!(find(&key).await, body("{\"a\": 1}"));
    assert_eq!(
        all(&account).await,
        [(key.clone(), "{\"a\": 1}".to_owned())]
    );
    assert!(all(&other).await.is_empty());

    // Of two that change it at once, the second one has to look again.
    assert!(swap("{\"a\": 1}", "{}").await);
    assert!(!swap("{\"a\": 1}", "{\"a\": 2}").await);
    assert!(add(&other, "{}", 10).await);
    database
        .sweep_sessions(UnixTime::from_secs(10))
        .await
        .unwrap();
    assert_eq!((find(&key).await, find(&other).await), (body("{}"), None));

    // A request that is still under way does not bring back a session that has ended.
    assert_eq!((end().await, end().await), (body("{}"), None));
    assert!(!swap("{}", "{}").await);
    assert_eq!(find(&key).await, None);
    assert!(all(&account).await.is_empty());
}

fn entry(at: u64, text: &str, by: &str) -> Entry {
    Entry {
        at,
        text: text.to_owned(),
        by: by.to_owned(),
    }
}

async fn entries(database: &Database) {
    let list = &random::id().unwrap();
    let add = async |list: &str, entry: Entry| database.add_entry(list, &entry).await.unwrap();
    let all = async |list: &str| database.entries(list).await.unwrap();
    let numbered = |at: u64| entry(at, &format!("entry {at}"), "");
    assert!(all(list).await.is_empty());
    let count = LIST_LEN.unsigned_abs() + 3;
    for at in 1..=count {
        add(list, numbered(at)).await;
    }
    let newest: Vec<Entry> = (4..=count).rev().map(numbered).collect();
    assert_eq!(all(list).await, newest);

    // What says the same takes the room of a few, whatever stands between; the same by somebody else is another thing.
    let list = &random::id().unwrap();
    let rare = [entry(0, "rare", ""), entry(0, "often", "ada")];
    for entry in rare.clone() {
        add(list, entry).await;
    }
    for at in 1..=count {
        let text = if at % 2 == 0 { "often" } else { "as often" };
        add(list, entry(at, text, "")).await;
    }
    let entries = all(list).await;
    assert_eq!(entries.len() as u64, 2 * ALIKE.unsigned_abs() + 2);
    assert_eq!(entries[0].at, count);
    assert!(rare.iter().all(|entry| entries.contains(entry)));
}
