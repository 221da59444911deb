//! Devices of all kinds, to be enrolled, and into whose hands they get.

use std::rc::Rc;

use secondfactor::account::Enrollment;
use secondfactor::codes::{Algorithm, Counter, Digits, Hotp, Parameters, Period, Secret};
use secondfactor::{Label, NewDevice};

use super::device::Moves;
use super::naive::Form;
use super::prover::Prover;
use super::world::{World, device_id};

impl Form {
    /// An app of the usual settings.
    fn app(label: &str, secret: Option<Rc<Secret>>) -> Self {
        Self {
            label: label.to_owned(),
            secret,
            moves: Moves::Time { period: 30 },
            algorithm: Algorithm::Sha1,
            digits: Digits::Six,
            first_counter: 0,
            session: None,
        }
    }

    /// What a program makes of it.
    pub(crate) fn as_new(&self) -> NewDevice {
        let label = Label::new(&*self.label).unwrap();
        let parameters = match self.moves {
            Moves::Time { period } => Parameters::totp(Period::from_secs(period as u16).unwrap()),
            Moves::Counter => Parameters::hotp(Counter::new(self.first_counter)),
        };
        let parameters = parameters
            .with_algorithm(self.algorithm)
            .with_digits(self.digits);
        let mut new = if parameters == Parameters::DEFAULT {
            label.into()
        } else {
            NewDevice::with_parameters(label, parameters).unwrap()
        };
        if let Some(secret) = &self.secret {
            new = new.with_secret(secret.duplicate());
        }
        match self.session {
            Some(session) => new.in_session(session.as_bytes()),
            None => new,
        }
    }
}

impl World {
    pub(crate) fn form(&mut self) -> Form {
        let label = self.dice.of(["phone", "tablet", "token", "watch"]);
        let secret = self.dice.one_in(3).then(|| Rc::new(self.secret()));
        let app = Form {
            session: self.session(),
            ..Form::app(label, secret)
        };
        let moves = match self.dice.below(4) {
            0 => Moves::Counter,
            1 => Moves::Time {
                period: self.dice.of([30, 30, 15, 60, 120]),
            },
            _ => return app,
        };
        let algorithms = [
            Algorithm::Sha1,
            Algorithm::Sha1,
            Algorithm::Sha256,
            Algorithm::Sha512,
        ];
        let digits = [Digits::Six, Digits::Six, Digits::Seven, Digits::Eight];
        Form {
            moves,
            algorithm: self.dice.of(algorithms),
            digits: self.dice.of(digits),
            first_counter: match moves {
                Moves::Time { .. } => 0,
                Moves::Counter => self.dice.of([0, 0, 1, 1000, u64::MAX - 2, u64::MAX]),
            },
            ..app
        }
    }

    pub(crate) fn session(&mut self) -> Option<&'static str> {
        self.dice.of([None, None, Some("one"), Some("two")])
    }

    /// One that the device brings: a new one, or a known one, which must be refused where it is.
    pub(crate) fn secret(&mut self) -> Secret {
        let known: Vec<Rc<Secret>> = self.people[0]
            .naive
            .iter()
            .flat_map(|naive| &naive.devices)
            .filter_map(|device| device.secret.clone())
            .collect();
        if let (true, Some(secret)) = (self.dice.one_in(4), self.dice.pick(&known)) {
            return secret.duplicate();
        }
        let len = self.dice.of([20, 10, 32, 64]);
        let bytes: Vec<u8> = (0..len).map(|_| self.dice.next() as u8).collect();
        Secret::from_weak_bytes(&bytes).unwrap()
    }

    /// Devices that show the same code at one time, or one that shows it twice in a row: found by
    /// search.
    pub(crate) fn move_in_with_twins(&mut self, who: usize) {
        const SHARED_AT: u64 = 56_666_677;
        let at_once = [(172_u64, 684_u64), (1257, 1405)];
        let one_after_the_other = [(2912_u64, 28_u64), (1464, 137), (129_355, 129_355)];
        let (one, other) = if self.dice.one_in(3) {
            self.dice.of(at_once)
        } else {
            self.dice.of(one_after_the_other)
        };
        self.is_calm = true;
        for n in [one, other] {
            let bytes = [&n.to_be_bytes()[..], &[0x5f; 12]].concat();
            let secret = Some(Rc::new(Secret::from_bytes(&bytes).unwrap()));
            let label = if n == one { "phone" } else { "tablet" };
            let form = Form::app(label, secret);
            if n == one {
                self.enroll_as(who, form)
            } else {
                self.enroll_another_as(who, form)
            }
            self.confirm(who);
            if n == other && n == one {
                break;
            }
        }
        self.is_calm = false;
        let naive = self.naive(who);
        let Some(device) = naive.devices.first() else {
            return;
        };
        let Some(secret) = &device.secret else { return };
        let shared = Hotp::new(secret).at(Counter::new(SHARED_AT));
        for steps in [self.dice.below(2), self.dice.below(2), 1] {
            self.set_clock(30 * (SHARED_AT + steps).max(self.now() / 30) + 7);
            self.verify(who, shared);
        }
    }

    pub(crate) fn is_elsewhere(&self, who: usize, form: &Form) -> bool {
        let Some(secret) = &form.secret else {
            return false;
        };
        let is_at = |who: usize| {
            let naive = self.naive(who);
            naive.devices.iter().any(|device| device.has(secret))
        };
        // One that is gone would come back without what it has burned: see the manual.
        let was_used = self
            .accepted
            .iter()
            .any(|(used, _)| used == secret.expose_bytes());
        was_used && !is_at(who) || is_at(1 - who)
    }

    /// The owner scans it, with an app that may be unable or out of time.
    pub(crate) fn hand_out(&mut self, who: usize, enrollment: Option<Enrollment>) {
        let Some(enrollment) = enrollment else { return };
        let secret = Rc::new(enrollment.secret().duplicate());
        self.leaks
            .hide_bytes(secret.expose_bytes(), &secret.expose_base32());
        self.leaks.check_debug(&secret.expose_base32(), false);
        self.leaks.check_recent();
        let naive = self.people[who].naive.as_mut();
        let Some(device) = naive.and_then(|naive| naive.devices.last_mut()) else {
            return;
        };
        assert_eq!(
            enrollment.device(),
            device_id(device.number),
            "an id is given once"
        );
        device.secret = Some(secret);
        let number = device.number;
        self.give(who, number);
    }

    /// A device with this number gets into the hands of its owner.
    pub(crate) fn give(&mut self, who: usize, number: u32) {
        let naive = self.naive(who);
        let Some(device) = naive.find(number) else {
            return;
        };
        let Some(secret) = &device.secret else { return };
        let mut prover = Prover {
            number,
            secret: Rc::clone(secret),
            moves: device.moves,
            algorithm: device.algorithm,
            digits: device.digits,
            skew: self.dice.of([
                0, 0, 0, 0, 0, 0, 20, -20, 40, -40, 95, -95, 1500, -3500, 4000,
            ]),
            counter: device.next_counter(),
        };
        if self.is_calm {
            prover.skew = 0;
        } else if self.dice.one_in(6) {
            prover.ignore_settings();
        }
        self.people[who].provers.push(prover);
    }
}
