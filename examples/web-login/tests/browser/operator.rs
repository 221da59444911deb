//! What an operator does at the command line.

use std::net::TcpListener;

use crate::harness::server::{Server, last_line};
use crate::harness::{World, run};
use crate::people::Person;

fn says(world: &World, arguments: &[&str]) -> String {
    let output = Server::runs(world.folder(), arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_lost_second_factor_is_turned_off() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        let said = says(world, &["reset", "Ada"]);
        assert!(said.starts_with("The second factor is off"), "{said}");
        assert!(said.contains("sessions of ada have ended"), "{said}");
        assert!(!ada.is_logged_in().await);
        ada.types_password().await;
        ada.browser.is_at("/account").await;
        let told = "whoever runs this site, turned your second factor off";
        ada.browser.opens_until("/account/activity", told).await;

        // Once more there is nothing to turn off, but sessions to end.
        let said = says(world, &["reset", "ada"]);
        assert!(said.starts_with("There was no second factor"), "{said}");
        assert!(!ada.is_logged_in().await);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_temporary_code_lets_in_once() {
    run(async |world| {
        let (ada, _lost) = Person::opts_in(world, "Ada").await;
        ada.logs_out().await;
        let said = says(world, &["temporary-code", "ada", "--hours", "2"]);
        assert!(said.contains("once, within 2 hours"), "{said}");
        let code = said.lines().next().unwrap();
        world.secrets.add(code);
        for leads_to in ["/account/recovered", "/login/recovery"] {
            ada.types_password().await;
            ada.browser.open("/login/recovery").await;
            let typed = [("recovery_code", code)];
            ada.browser.send("#recovery-form", &typed).await;
            ada.browser.is_at(leads_to).await;
            if leads_to == "/account/recovered" {
                ada.logs_out().await;
            }
        }
        let used_up = "There are no recovery codes left.";
        ada.browser.is_told(used_up).await;
        let said = says(world, &["temporary-code", "ada"]);
        assert!(said.contains("once, within 10 minutes"), "{said}");
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn what_can_not_be_done_is_said_in_one_line() {
    run(async |world| {
        Person::signs_up(world, "Ada").await;
        for (arguments, told) in [
            (&["reset"][..], "there is no command \"reset\""),
            (&["erase", "ada"], "there is no command \"erase ada\""),
            (&["reset", "ada", "--hours", "1"], "--hours"),
            (&["temporary-code", "ada", "--hours", "25"], "1 to 24 hours"),
            (&["temporary-code", "ada", "--hours", "many"], "many"),
            (&["--listen", "here"], "here"),
            (&["--paint"], "--paint"),
            (&["--listen", "0.0.0.0:80"], "0.0.0.0:80"),
        ] {
            let output = Server::runs(world.folder(), arguments);
            let lines = String::from_utf8_lossy(&output.stderr).lines().count();
            assert_eq!((output.status.code(), lines), (Some(2), 1), "{output:?}");
            let line = last_line(&output.stderr);
            assert!(line.contains(told), "{line}");
        }

        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = taken.local_addr().unwrap().to_string();
        let path = |name: &str| world.folder().join(name).display().to_string();
        let (missing, no_folder, no_database) =
            (path("missing.db"), path("no/a.db"), path("clock"));
        let folder = world.folder().to_str().unwrap();
        for (arguments, told) in [
            (&["reset", "bob"][..], "there is no user bob"),
            (&["temporary-code", "ada"], "ada has no second factor"),
            (&["reset", "ada", "--store", &missing], &missing),
            (&["--listen", &taken], &taken),
            (&["--store", &no_folder], &no_folder),
            (&["--store", &no_database], &no_database),
            (&["--store", folder], folder),
            (&["--key-file", folder], folder),
            (&["--store", "postgres://127.0.0.1:1/web"], "127.0.0.1:1"),
        ] {
            let output = Server::runs(world.folder(), arguments);
            let lines = String::from_utf8_lossy(&output.stderr).lines().count();
            assert_eq!((output.status.code(), lines), (Some(1), 1), "{output:?}");
            let line = last_line(&output.stderr);
            assert!(line.contains(told), "{line}");
        }
        assert!(!world.folder().join("missing.db").exists());
    });
}
