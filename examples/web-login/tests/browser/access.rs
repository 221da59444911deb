//! Who sees what: an owner, the users it makes, and everybody else.

use fantoccini::Locator;

use crate::harness::run;
use crate::people::Person;

impl Person<'_> {
    /// A new user of the organisation, with the password that is shown once, not logged in.
    pub(crate) async fn makes_user(&self, name: &str) -> Self {
        self.browser.open("/users").await;
        self.browser.send("#new-user-form", &[("name", name)]).await;
        let mut user = Person::new(self.world, self.world.browser().await, name);
        user.password = self.browser.text_of("#initial-password").await;
        self.world.secrets.add(&user.password);
        user
    }

    /// Logs in for the first time, and takes a password of its own.
    pub(crate) async fn takes_over(&mut self) {
        self.types_password().await;
        self.browser.is_at("/account/password").await;
        let new = format!("a password that {} chose", self.name);
        self.world.secrets.add(&new);
        self.browser
            .send(
                "#password-form",
                &[("current", &self.password), ("new", &new)],
            )
            .await;
        self.password = new;
    }

    /// The page of a user, from the list.
    async fn opens_page_of(&self, name: &str) -> String {
        self.browser.open("/users").await;
        for user in self.browser.find_all("li.user").await {
            let shown = user.find(Locator::Css(".user-name")).await.unwrap();
            if shown.text().await.unwrap() == name {
                let id = user.attr("data-user").await.unwrap().unwrap();
                self.browser.click(&format!("[data-user='{id}'] a")).await;
                self.browser.find("#grant-form").await;
                return self.browser.path().await;
            }
        }
        panic!("no {name} in:\n{}", self.browser.text().await);
    }

    async fn grants(&self, name: &str, permission: &str) {
        self.opens_page_of(name).await;
        self.browser
            .find(&format!("#grant-form [value={permission}]"))
            .await
            .click()
            .await
            .unwrap();
        self.browser.press("#grant-form").await;
    }
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_new_user_sees_nothing_until_the_owner_grants_it() {
    run(async |world| {
        let owner = Person::signs_up(world, "Ada").await;
        let mut user = owner.makes_user("bob").await;
        user.takes_over().await;
        let (http, cookie) = (world.http(), user.browser.session().await.unwrap());
        user.browser.open("/notes").await;
        user.browser
            .sees("until the owner of your organisation grants it")
            .await;
        assert_eq!(http.get("/notes", &[("cookie", &cookie)]).status, 403);

        owner.grants("bob", "notes-read").await;
        user.browser.open("/notes").await;
        user.browser
            .sees_no("until the owner of your organisation grants it")
            .await;
        // To read is not to write.
        assert!(!user.browser.has("#note-form").await);
        assert_eq!(
            http.post_own("/notes", &cookie, &[("text", "hello")])
                .status,
            403
        );

        owner.grants("bob", "notes-write").await;
        user.browser.open("/notes").await;
        user.browser
            .send("#note-form", &[("text", "Tea <b>at five</b> & cake")])
            .await;
        user.browser.sees("Tea <b>at five</b> & cake").await;

        // What was granted can be taken back.
        owner.grants("bob", "notes-read").await;
        owner.grants("bob", "notes-write").await;
        assert_eq!(http.get("/notes", &[("cookie", &cookie)]).status, 403);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_first_password_of_a_user_opens_nothing_but_a_new_one() {
    run(async |world| {
        let owner = Person::signs_up(world, "Ada").await;
        let mut user = owner.makes_user("bob").await;
        // Shown once.
        owner.browser.open("/users").await;
        owner.browser.sees_no(&user.password).await;
        user.types_password().await;
        for path in [
            "/account",
            "/account/devices/new",
            "/notes",
            "/account/activity",
        ] {
            user.browser.open(path).await;
            user.browser.is_at("/account/password").await;
        }
        user.takes_over().await;
        user.browser.open("/account").await;
        user.browser.is_at("/account").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn users_are_the_owners_business() {
    run(async |world| {
        let owner = Person::signs_up(world, "Ada").await;
        let mut user = owner.makes_user("bob").await;
        user.takes_over().await;
        let page = owner.opens_page_of("bob").await;
        let stranger = Person::signs_up(world, "Eve").await;
        let http = world.http();
        for person in [&user, &stranger] {
            let cookie = person.browser.session().await.unwrap();
            let status = http.get(&page, &[("cookie", &cookie)]).status;
            assert!(matches!(status, 403 | 404), "{}: {status}", person.name);
            let answer = http.post_own(&page, &cookie, &[("permissions", "notes-read")]);
            assert!(
                matches!(answer.status, 403 | 404),
                "{}: {}",
                person.name,
                answer.status
            );
        }
        let cookie = user.browser.session().await.unwrap();
        assert_eq!(http.get("/users", &[("cookie", &cookie)]).status, 403);
        assert_eq!(
            http.post_own("/users", &cookie, &[("name", "Carl")]).status,
            403
        );
        // The other owner sees its own only.
        stranger.browser.open("/users").await;
        stranger.browser.sees_no("bob").await;
        // It was granted by nobody.
        assert_eq!(http.get("/notes", &[("cookie", &cookie)]).status, 403);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn granting_asks_the_owner_for_a_fresh_code() {
    run(async |world| {
        let (owner, phone) = Person::opts_in(world, "Ada").await;
        // The confirmation of a phone is no code given for this.
        owner.browser.open("/users").await;
        owner
            .browser
            .send("#new-user-form", &[("name", "bob")])
            .await;
        owner.browser.is_at("/code?for=users").await;
        owner.logs_in(&phone).await;
        owner.makes_user("bob").await;
        let page = owner.opens_page_of("bob").await;
        world.clock.advance(std::time::Duration::from_secs(301));
        owner
            .browser
            .find("#grant-form [value=notes-read]")
            .await
            .click()
            .await
            .unwrap();
        owner.browser.press("#grant-form").await;
        let asked = owner.browser.path().await;
        assert!(asked.starts_with("/code?for="), "{asked}");
        owner.types_code(&phone.code(world)).await;
        owner.browser.open(&page).await;
        assert!(
            !owner
                .browser
                .has("#grant-form [value=notes-read]:checked")
                .await
        );
        owner.grants("bob", "notes-read").await;
        owner.browser.open(&page).await;
        assert!(
            owner
                .browser
                .has("#grant-form [value=notes-read]:checked")
                .await
        );
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_owner_resets_the_second_factor_of_a_user_who_is_told() {
    run(async |world| {
        let owner = Person::signs_up(world, "Ada").await;
        let mut user = owner.makes_user("bob").await;
        user.takes_over().await;
        user.adds("Phone").await;
        owner.opens_page_of("bob").await;
        owner.browser.press("#reset-form").await;
        assert!(!user.is_logged_in().await);
        user.types_password().await;
        user.browser.is_at("/account").await;
        user.browser
            .opens_until(
                "/account/activity",
                "or whoever runs this site, turned your second factor off",
            )
            .await;
    });
}
