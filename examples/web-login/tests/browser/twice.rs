//! A form that is sent twice: by a double click, or because no answer came. All of it ends where one click does.

use std::time::Instant;

use serde_json::json;

use crate::harness::browser::{Look, PATIENCE, POLL};
use crate::harness::line::Line;
use crate::harness::{World, run};
use crate::people::Person;

/// Milliseconds between two clicks. The answer takes longer than all of them.
const GAPS: [u32; 4] = [60, 120, 200, 1000];

impl<'world> Person<'world> {
    /// The same person behind a line.
    async fn behind(&self, line: &Line) -> Person<'world> {
        let look = Look {
            scripts: true,
            ..Look::default()
        };
        self.in_browser(self.world.browser_at(&line.address(), look).await)
    }

    async fn clicks_twice(&self, form: &str, gap: u32) {
        let script = format!(
            "const button = document.querySelector('{form} button');
            setTimeout(() => button.click(), 1);
            setTimeout(() => button.click(), 1 + {gap});"
        );
        self.browser.evaluate(&script).await;
    }

    async fn arrives_at(&self, path: &str) {
        let start = Instant::now();
        while self.browser.path().await != path {
            let text = self.browser.text().await;
            assert!(start.elapsed() < PATIENCE, "not at {path}:\n{text}");
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Somebody who is about to confirm a first device.
async fn enrolls<'world>(world: &'world World, line: &Line, name: &str) -> Person<'world> {
    let ada = Person::signs_up(world, name).await.behind(line).await;
    ada.types_password().await;
    let phone = ada.enrolls("Phone").await;
    let code = phone.code(world);
    ada.browser.fills("#confirm-form", &[("code", &code)]).await;
    ada
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn two_clicks_on_log_in_log_in() {
    run(async |world| {
        let line = Line::new(world.server.authority());
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let ada = ada.behind(&line).await;
        for gap in GAPS {
            world.clock.next_step();
            ada.types_password().await;
            ada.browser.is_at("/login/code").await;
            line.is_slow_at("/login/code");
            let code = phone.code(world);
            ada.browser.fills("#code-form", &[("code", &code)]).await;
            ada.clicks_twice("#code-form", gap).await;
            ada.arrives_at("/account").await;
            assert_eq!(line.sent(), 2, "{gap} ms");
            ada.logs_out().await;
            assert!(!ada.is_logged_in().await, "{gap} ms");
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn two_clicks_on_confirm_confirm() {
    run(async |world| {
        for gap in GAPS {
            let line = Line::new(world.server.authority());
            let ada = enrolls(world, &line, &format!("Ada{gap}")).await;
            line.is_slow_at("/confirm");
            ada.clicks_twice("#confirm-form", gap).await;
            ada.arrives_at("/account/recovery-codes").await;
            ada.browser.sees("Your device works").await;
            assert_eq!(line.sent(), 2, "{gap} ms");
            assert!(ada.is_logged_in().await, "{gap} ms");
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_form_whose_answer_is_lost_is_sent_again() {
    run(async |world| {
        let line = Line::new(world.server.authority());
        let ada = enrolls(world, &line, "Ada").await;
        line.is_cut_at("/confirm");
        ada.loses_the_answer("#confirm-form", &line).await;
        ada.arrives_at("/account/recovery-codes").await;
        ada.browser.sees("Your device works").await;

        let (eve, phone) = Person::opts_in(world, "Eve").await;
        let eve = eve.behind(&line).await;
        world.clock.next_step();
        eve.types_password().await;
        let code = phone.code(world);
        eve.browser.fills("#code-form", &[("code", &code)]).await;
        line.is_cut_at("/login/code");
        eve.loses_the_answer("#code-form", &line).await;
        eve.arrives_at("/account").await;
    });
}

impl Person<'_> {
    /// The browser says that there was no answer, perhaps after it has sent the form again by itself. They load the page
    /// again, which sends it once more.
    async fn loses_the_answer(&self, form: &str, line: &Line) {
        self.browser.press(form).await;
        assert!(line.sent() > 0);
        line.mends();
        self.browser.dev_tools("Page.reload", json!({})).await;
    }
}
