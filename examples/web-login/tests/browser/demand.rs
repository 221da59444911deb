//! An owner sees who has a second factor, and demands it.

use std::time::Duration;

use crate::harness::run;
use crate::people::Person;

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Person<'_> {
    /// What the list says of a user's second factor.
    async fn sees_factor_of(&self, name: &str) -> String {
        self.browser.open("/users").await;
        for row in self.browser.find_all("li.user").await {
            let text = row.text().await.unwrap();
            if text.starts_with(name) {
                let badge = fantoccini::Locator::Css(".factor");
                return row.find(badge).await.unwrap().text().await.unwrap();
            }
        }
        panic!("no {name}");
    }

    /// What the account page says of the demand: by when.
    async fn is_reminded(&self) -> String {
        self.browser.open("/account").await;
        self.browser.text_of("#demanded").await
    }
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn an_owner_demands_a_second_factor_by_a_date_that_is_written_once() {
    run(async |world| {
        let (owner, phone) = Person::opts_in(world, "Ada").await;
        owner.logs_in(&phone).await;
        let mut bob = owner.makes_user("bob").await;
        bob.takes_over().await;
        assert_eq!(owner.sees_factor_of("ada").await, "second factor");
        assert_eq!(owner.sees_factor_of("bob").await, "password alone");
        owner.browser.press("#demand-form").await;
        let by = owner.sees_factor_of("bob").await;
        assert!(by.starts_with("second factor by "), "{by}");

        // They are led to it, and may go on without for now.
        bob.types_password().await;
        bob.browser.is_at("/account/devices/new").await;
        bob.browser.sees("demands a second factor of you, by").await;
        let date = by.trim_start_matches("second factor by ");
        assert!(bob.is_reminded().await.contains(date));

        // The date stays, however often and by whatever form it is demanded.
        world.clock.advance(5 * DAY);
        owner.logs_in(&phone).await;
        let (http, session) = (world.http(), owner.browser.session().await.unwrap());
        let again = [("is_demanded", "true")];
        let answer = http.post_own("/users/demand", &session, &again);
        assert_eq!(answer.location(), "/users");
        assert_eq!(owner.sees_factor_of("bob").await, by);
        bob.types_password().await;
        assert!(bob.is_reminded().await.contains(date));
        // Who comes later has as long.
        let mut carl = owner.makes_user("carl").await;
        let later = owner.sees_factor_of("carl").await;
        assert!(later.starts_with("second factor by ") && later != by);
        carl.takes_over().await;

        world.clock.advance(10 * DAY);
        owner.logs_in(&phone).await;
        assert_eq!(owner.sees_factor_of("bob").await, "second factor overdue");
        assert_eq!(owner.sees_factor_of("carl").await, later);
        bob.types_password().await;
        bob.browser
            .sees("Nothing else opens until you have one")
            .await;
        let closed = [
            "/account",
            "/account/activity",
            "/account/password",
            "/notes",
        ];
        for page in closed {
            bob.browser.open(page).await;
            bob.browser.is_at("/account/devices/new").await;
        }
        let session = bob.browser.session().await.unwrap();
        let note = http.post_own("/notes", &session, &[("text", "late")]);
        assert_eq!(note.location(), "/account/devices/new");
        // The way there is open, also where the password is to be given again.
        world.clock.advance(Duration::from_secs(301));
        bob.browser.open("/account/devices/new").await;
        let password = [("password", &*bob.password)];
        bob.browser.send("#password-again-form", &password).await;
        bob.adds("Phone").await;
        bob.browser.open("/account/activity").await;
        bob.browser.is_at("/account/activity").await;
        assert_eq!(owner.sees_factor_of("bob").await, "second factor");

        // It can be taken back.
        owner.logs_in(&phone).await;
        owner.browser.open("/users").await;
        owner.browser.press("#demand-form").await;
        assert_eq!(owner.sees_factor_of("carl").await, "password alone");
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn nobody_but_the_owner_demands_anything() {
    run(async |world| {
        let owner = Person::signs_up(world, "Ada").await;
        let mut bob = owner.makes_user("bob").await;
        bob.takes_over().await;
        let eve = Person::signs_up(world, "Eve").await;
        let http = world.http();
        for (person, status) in [(&bob, 403), (&eve, 303)] {
            let session = person.browser.session().await.unwrap();
            let demand = [("is_demanded", "true")];
            let answer = http.post_own("/users/demand", &session, &demand);
            assert_eq!(answer.status, status, "{}", person.name);
        }
        assert_eq!(owner.sees_factor_of("bob").await, "password alone");
        // It goes for the owner too, whose time is over first.
        owner.browser.press("#demand-form").await;
        world.clock.advance(15 * DAY);
        owner.types_password().await;
        owner.browser.open("/users").await;
        owner.browser.is_at("/account/devices/new").await;
    });
}
