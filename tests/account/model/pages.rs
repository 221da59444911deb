//! The pages that codes are typed into, and what is sent from them: once, or again.

use secondfactor::Code;
use secondfactor::account::{FormId, Submission};

use super::browsers::Seat;
use super::world::World;

/// A form of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    session: &'static [u8],
    form: u128,
}

impl Page {
    /// What a program makes of it.
    pub(crate) fn submission<C>(page: Option<Self>, code: C) -> Submission<C> {
        let submission = Submission::new(code);
        let Some(Self { session, form }) = page else {
            return submission;
        };
        let form: FormId = format!("{form:032x}").parse().unwrap();
        submission.with_form(session, form).unwrap()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Login(Code),
    /// Of this device, in the session that may have begun it.
    Confirmation(u32, Option<&'static str>, Code),
    Recovery(String),
}

/// What a browser has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) what: What,
    pub(crate) page: Option<Page>,
}

impl World {
    pub(crate) fn page(&mut self) -> Option<Page> {
        let session = self.dice.of([
            None,
            Some(&b"a session's id.."[..]),
            Some(&b"another session's id"[..]),
        ])?;
        let form = self.dice.of([1, 2, 3]);
        Some(Page { session, form })
    }

    pub(crate) fn send(&mut self, who: usize, what: What) {
        let (page, seat) = (self.page(), self.seat(who));
        self.send_from(who, Sent { what, page }, &seat);
    }

    fn send_from(&mut self, who: usize, sent: Sent, seat: &Seat) {
        self.sent = Some((sent.clone(), seat.clone()));
        let Sent { what, page } = sent;
        match what {
            What::Login(code) => self.verify_from(who, code, page, seat),
            What::Confirmation(number, session, code) => {
                self.confirm_from(who, (number, session), (code, page, seat));
            }
            What::Recovery(text) => self.redeem_from(who, &text.parse().unwrap(), page),
        }
    }

    /// A double click, a page that was loaded again, or a thief who has seen one part of it.
    pub(crate) fn send_again(&mut self, who: usize) {
        let Some((mut sent, mut seat)) = self.sent.clone() else {
            return;
        };
        if self.dice.one_in(3) {
            seat = self.seat(who);
        }
        if self.dice.one_in(4) {
            let seconds = self.dice.of([1, 20, 59, 60, 61]);
            self.wait(seconds);
        }
        let who = if self.dice.one_in(8) { 1 - who } else { who };
        if self.dice.one_in(5) {
            sent.page = self.page();
        }
        if self.dice.one_in(8) {
            sent.what = self.another_command(who, sent.what);
        }
        self.send_from(who, sent, &seat);
    }

    fn another_command(&mut self, who: usize, what: What) -> What {
        match what {
            What::Login(code) => What::Confirmation(self.any_device(who), None, code),
            What::Confirmation(_, _, code) => What::Login(code),
            What::Recovery(text) => What::Recovery(text),
        }
    }
}
