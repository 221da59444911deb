//! Two server processes on one PostgreSQL.

use std::sync::Barrier;

use crate::harness::http::Http;
use crate::harness::run_with;
use crate::people::Person;

const ROUNDS: usize = 20;

#[test]
#[ignore = "needs Chromium and PostgreSQL: scripts/browser"]
fn two_servers_on_one_postgres_let_a_code_in_once() {
    let settings = std::env::var("SECONDFACTOR_TEST_POSTGRES")
        .expect("these tests are run by scripts/browser");
    let store = &format!("postgres:///?{}", settings.replace(' ', "&"));
    run_with(&["--store", store], async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let second = world.another_server(&["--store", store]);

        // What one has written the other knows: the browser moves over with its session.
        let moved = ada.in_browser(world.browser_at(&second.address, Default::default()).await);
        moved.browser.open("/login").await;
        moved
            .browser
            .take_session(&ada.browser.session().await.unwrap())
            .await;
        assert!(moved.is_logged_in().await);
        assert_eq!(moved.state_of("Phone").await, "active");

        let servers = [world.http(), Http::new(&second.address)];
        for _ in 0..ROUNDS {
            world.clock.next_step();
            let code = phone.code(world);
            let barrier = Barrier::new(servers.len());
            let inside = std::thread::scope(|scope| {
                let tries = servers.each_ref().map(|server| {
                    let cookie = half_logged_in(server, &ada.name, &ada.password);
                    let (barrier, code) = (&barrier, &code);
                    scope.spawn(move || {
                        barrier.wait();
                        let answer = server.post_own("/login/code", &cookie, &[("code", code)]);
                        let cookie = answer.cookie().unwrap_or(cookie);
                        server.get("/account", &[("cookie", &cookie)]).status == 200
                    })
                });
                tries.map(|thread| thread.join().unwrap())
            });
            assert!(inside[0] != inside[1], "{inside:?}");
        }
        world.secrets.look_into(&second.stop());
    });
}

fn half_logged_in(server: &Http, name: &str, password: &str) -> String {
    let answer = server.post_own("/login", "", &[("name", name), ("password", password)]);
    assert_eq!(answer.location(), "/login/code", "{}", answer.body);
    answer.cookie().unwrap()
}
