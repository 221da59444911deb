//! The example `login` at a terminal, where it asks again.

use crate::site::*;
use crate::support::*;

#[test]
#[ignore = "needs script, of util-linux: cargo test --all-features -- --ignored"]
fn after_a_wrong_code_another_one_is_asked_for_and_the_password_is_not() {
    let run = at_present(|now| {
        let (site, secret) = opted_in(now);
        let mut terminal = site.talk_at_a_terminal();
        for (question, answer) in [
            ("> ", "login"),
            ("Name: ", "alice"),
            ("Password: ", "correct horse"),
            ("Code: ", &*wrong_code(&secret, now).to_string()),
            ("Wrong code.", ""),
        ] {
            terminal.sees(question);
            if !answer.is_empty() {
                terminal.types(&format!("{answer}\n"));
            }
        }
        // A program that asks for something else takes them for commands, and ends too.
        terminal.types(&format!("{}\nquit\n", code(&secret, now, 1)));
        terminal.end()
    });
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(
        run.stdout
            .contains("Logged in as alice, by password and code."),
        "{run:?}"
    );
}
