//! That the look for secrets at the end of every test finds some.

use crate::harness::{Secrets, run};
use crate::people::Person;

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn nothing_secret_is_logged_in_a_whole_life() {
    run(async |world| {
        let ada = Person::signs_up(world, "Ada").await;
        // What somebody calls a device is in the sealed record alone.
        world.secrets.add("Tablet of Ada");
        ada.adds("Tablet of Ada").await;
        let phone = ada.adds("Phone").await;
        ada.follows("Tablet of Ada", "revoke").await;
        ada.browser.press("#revoke-form").await;
        let codes = ada.issues_codes().await;
        let (_, _file) = ada.browser.download("#recovery-codes-file-form").await;
        ada.logs_out().await;
        ada.types_password().await;
        ada.types_code(&phone.wrong_code(world)).await;
        ada.browser.open("/login/recovery").await;
        ada.browser
            .send("#recovery-form", &[("recovery_code", &codes[0])])
            .await;
        ada.browser.session().await.unwrap();
        // What the browser asks for is logged, so that a secret in an address would be too. The test looks for them at
        // its end, as each one does.
        world.server.logs("/login/recovery");
        // Where a code came from is no secret.
        world.server.logs("from=\"127.0.0.1 Mozilla");
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_secret_in_the_log_is_found() {
    let secrets = Secrets::default();
    secrets.add("123456");
    secrets.add("a long password");
    secrets.look_into("2026-11-24T10:00:00.123456Z INFO nothing in 1234567 here");
    for line in [
        "2026-11-24T10:00:00Z INFO code=123456",
        "code: 123456",
        "typed a long passwords",
    ] {
        let found =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| secrets.look_into(line)));
        assert!(found.is_err(), "{line}");
    }
}
