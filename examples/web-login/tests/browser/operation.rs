//! Running it: health, the end, a new start.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use secondfactor::store::drivers::sqlx;

use crate::harness::browser::PATIENCE;
use crate::harness::http::Http;
use crate::harness::server::{Clock, Server};
use crate::harness::{World, run};
use crate::people::Person;

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn it_tells_whether_it_can_write() {
    run(async |world| {
        is_well(world, true);
        let pool = world.database().await;
        let mut other = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        is_well(world, false);
        // Nor is anything done by half: it says that another try may help.
        let ada = [
            ("organisation", "Tea"),
            ("name", "ada"),
            ("password", "a long password"),
        ];
        let refused = world.http().post_own("/sign-up", "", &ada);
        assert_eq!((refused.status, refused.cookie()), (503, None));
        sqlx::query("DROP TABLE web_health")
            .execute(&mut *other)
            .await
            .unwrap();
        other.commit().await.unwrap();
        is_well(world, false);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn it_tells_whether_it_has_the_key_of_its_store() {
    run(async |world| {
        is_well(world, true);
        // As if somebody had started a server with another key on an empty store, and then restored this one.
        let other = tempfile::tempdir().unwrap();
        drop(Server::start(other.path(), &[]));
        let sql = "ATTACH $1 AS other; UPDATE secondfactor_record
            SET body = (SELECT body FROM other.secondfactor_record)";
        let database = other.path().join("accounts.db");
        let changed = sqlx::query(sql).bind(database.to_str().unwrap());
        changed.execute(&world.database().await).await.unwrap();
        is_well(world, false);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_store_that_fails_lets_nobody_in() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let cookie = ada.browser.session().await.unwrap();
        // The note says no, as after a crash, so that the record alone can tell.
        let pool = world.database().await;
        let note = sqlx::query("UPDATE web_user SET note = 'no'");
        note.execute(&pool).await.unwrap();
        let gone = sqlx::query("ALTER TABLE secondfactor_record RENAME TO elsewhere");
        gone.execute(&pool).await.unwrap();
        let (http, typed) = (
            world.http(),
            [("name", &*ada.name), ("password", &*ada.password)],
        );
        let refused = http.post_own("/login", "", &typed);
        assert_eq!((refused.status, refused.cookie()), (503, None));
        assert_eq!(http.get("/account", &[("cookie", &cookie)]).status, 503);

        let back = sqlx::query("ALTER TABLE elsewhere RENAME TO secondfactor_record");
        back.execute(&pool).await.unwrap();
        world.clock.next_step();
        ada.logs_in(&phone).await;
    });
}

/// Waits until it says so, which may be of a second ago. It says nothing else.
fn is_well(world: &World, well: bool) {
    let (start, expected) = (Instant::now(), [(503, "not well"), (200, "ok")]);
    let expected = expected[usize::from(well)];
    loop {
        let answer = world.http().get("/healthz", &[]);
        if (answer.status, answer.body.as_str()) == expected {
            return;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{} {}",
            answer.status,
            answer.body
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn its_end_waits_for_requests_that_have_begun() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let _clock = Clock::new(&folder.path().join("clock"));
        let server = Server::start(folder.path(), &[]);
        let body = "name=Ada&password=not+the+password";
        let head = format!(
            "POST /login HTTP/1.1\r\nhost: {}\r\norigin: {}\r\nsec-fetch-site: same-origin\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
            server.authority(),
            server.address,
            body.len()
        );
        let mut stream = TcpStream::connect(server.authority()).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        // So the page says that it is about to read what comes: the request has begun.
        let wanted = "HTTP/1.1 100 Continue\r\n\r\n";
        let mut begun = vec![0; wanted.len()];
        stream.read_exact(&mut begun).unwrap();
        assert_eq!(begun, wanted.as_bytes());
        server.signal(signal);
        let start = Instant::now();
        while TcpStream::connect(server.authority()).is_ok() {
            assert!(start.elapsed() < PATIENCE, "it goes on listening");
            std::thread::yield_now();
        }
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("location: /login"), "{answer}");
        let (status, log) = server.ends();
        assert_eq!(status.code(), Some(0), "{log}");
    }
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_hundred_who_sign_up_at_once_take_no_more_memory_than_a_few() {
    run(async |world| {
        let sign_up = |n: usize| {
            let (http, name) = (world.http(), format!("ada{n}"));
            move || {
                let fields = [
                    ("organisation", "Tea"),
                    ("name", &name),
                    ("password", "a long password"),
                ];
                http.post_own("/sign-up", "", &fields).status
            }
        };
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..100).map(|n| scope.spawn(sign_up(n))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        // Some may have waited too long for their turn.
        assert!(
            statuses.iter().all(|status| matches!(status, 303 | 503)),
            "{statuses:?}"
        );
        let peak = world.server.peak_memory();
        // Hashing takes 19 MiB on each core.
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        assert!(peak < (60 + 20 * cores) * 1024, "{peak} KiB");
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn its_end_does_not_wait_for_who_never_finishes_a_request() {
    let folder = tempfile::tempdir().unwrap();
    let _clock = Clock::new(&folder.path().join("clock"));
    let server = Server::start(folder.path(), &[]);
    let mut stream = TcpStream::connect(server.authority()).unwrap();
    stream.write_all(b"GET /healthz HT").unwrap();
    assert_eq!(Http::new(&server.address).get("/healthz", &[]).status, 200);
    server.signal("TERM");
    // For as long as a request may take.
    let (status, log) = server.ends();
    assert_eq!(status.code(), Some(0), "{log}");
    drop(stream);
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_new_process_knows_everything_again() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        world.clock.next_step();
        let code = phone.code(world);
        ada.types_password().await;
        ada.types_code(&code).await;
        world.server.signal("KILL");
        let other = world.another_server(&[]);
        let (cookie, http) = (
            ada.browser.session().await.unwrap(),
            Http::new(&other.address),
        );
        assert_eq!(http.get("/account", &[("cookie", &cookie)]).status, 200);
        // Nor does it take the code of before again.
        let again = ada.in_browser(world.browser_at(&other.address, Default::default()).await);
        again.types_password().await;
        again.types_code(&code).await;
        again
            .browser
            .is_told("That code is wrong, or was used already.")
            .await;
        world.clock.next_step();
        again.types_code(&phone.code(world)).await;
        again.browser.is_at("/account").await;
        world.secrets.look_into(&other.stop());
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_sealing_key_is_changed_without_a_new_enrolment() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        world.server.signal("KILL");
        let file = |name: &str| world.folder().join(name).display().to_string();
        let key = secondfactor::SealingKey::generate().unwrap();
        std::fs::write(file("new.key"), key.expose_base32().as_bytes()).unwrap();
        let (new, old) = (file("new.key"), file("web-login.key"));

        let changing = world.another_server(&["--key-file", &new, "--retired-key-file", &old]);
        changing.logs("every record is under the active key");
        drop(changing);

        let other = world.another_server(&["--key-file", &new]);
        let again = ada.in_browser(world.browser_at(&other.address, Default::default()).await);
        world.clock.next_step();
        again.types_password().await;
        again.types_code(&phone.code(world)).await;
        again.browser.is_at("/account").await;
        world.secrets.look_into(&other.stop());
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_wrong_key_does_not_start() {
    // Also where nobody has opted in yet.
    run(async |world| has_no_start_by_another_key(world).await);
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        has_no_start_by_another_key(world).await;
        // The right one opens everything as before.
        let other = world.another_server(&[]);
        let again = ada.in_browser(world.browser_at(&other.address, Default::default()).await);
        world.clock.next_step();
        again.types_password().await;
        again.types_code(&phone.code(world)).await;
        again.browser.is_at("/account").await;
        world.secrets.look_into(&other.stop());
    });
}

async fn has_no_start_by_another_key(world: &World) {
    let (wrong, before) = (world.folder().join("wrong.key"), sealed(world).await);
    secondfactor::SealingKey::create_file(&wrong).unwrap();
    let refused = Server::refuses(world.folder(), &["--key-file", wrong.to_str().unwrap()]);
    let told = format!(
        "the key in {} is not the key of this store",
        wrong.display()
    );
    assert!(refused.contains(&told), "{refused}");
    assert!(refused.contains("Nothing was sealed"), "{refused}");
    assert_eq!(sealed(world).await, before);
}

/// All that is sealed in the store.
async fn sealed(world: &World) -> Vec<(Vec<u8>, Vec<u8>)> {
    let sql = "SELECT account, body FROM secondfactor_record ORDER BY account";
    let pool = world.database().await;
    let rows: Vec<_> = sqlx::query_as(sql).fetch_all(&pool).await.unwrap();
    assert!(!rows.is_empty());
    rows
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_key_and_the_accounts_are_for_the_owner_of_the_process_only() {
    use std::os::unix::fs::PermissionsExt;
    run(async |world: &World| {
        for file in ["web-login.key", "accounts.db"] {
            let mode = std::fs::metadata(world.folder().join(file))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0, "{file}: {mode:o}");
        }
    });
}
