//! Devices of all kinds, to be enrolled, and into whose hands they get.

use std::rc::Rc;

use secondfactor::account::Enrollment;
use secondfactor::codes::{Algorithm, Counter, Digits, Hotp, Parameters, Period, Secret, UnixTime};
use secondfactor::{Label, NewDevice};

use super::device::{Device, Moves};
use super::naive::Form;
use super::prover::Prover;
use super::world::{World, device_id};

impl World {
    pub(crate) fn form(&mut self) -> (NewDevice, Form) {
        let label = self.dice.of(["phone", "tablet", "token", "watch"]);
        let algorithm = self.dice.of([
            Algorithm::Sha1,
            Algorithm::Sha1,
            Algorithm::Sha256,
            Algorithm::Sha512,
        ]);
        let digits = self
            .dice
            .of([Digits::Six, Digits::Six, Digits::Seven, Digits::Eight]);
        let period = self.dice.of([30, 30, 15, 60, 120]);
        let secret = self.dice.one_in(3).then(|| Rc::new(self.secret()));
        let first_counter = self.dice.of([0, 0, 1, 1000, u64::MAX - 2, u64::MAX]);
        let label_of = Label::new(label).unwrap();
        let (parameters, moves, first_counter) = match self.dice.below(4) {
            0 => (
                Parameters::hotp(Counter::new(first_counter)),
                Moves::Counter,
                first_counter,
            ),
            1 => {
                let moves = Moves::Time {
                    period: period.into(),
                };
                (
                    Parameters::totp(Period::from_secs(period).unwrap()),
                    moves,
                    0,
                )
            }
            _ => {
                let form = Form {
                    label: label.to_owned(),
                    secret: secret.clone(),
                    moves: Moves::Time { period: 30 },
                    algorithm: Algorithm::Sha1,
                    digits: Digits::Six,
                    first_counter: 0,
                };
                return (with_secret(label_of.into(), secret), form);
            }
        };
        let parameters = parameters.with_algorithm(algorithm).with_digits(digits);
        let new = NewDevice::with_parameters(label_of, parameters).unwrap();
        let new = with_secret(new, secret.clone());
        (
            new,
            Form {
                label: label.to_owned(),
                secret,
                moves,
                algorithm,
                digits,
                first_counter,
            },
        )
    }

    /// One that the device brings: a new one, or a known one, which must be refused where it is.
    fn secret(&mut self) -> Secret {
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

    /// Devices that show the same code at one time, or one that shows it twice in a row: found by search.
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
            let form = Form {
                label: label.to_owned(),
                secret: secret.clone(),
                moves: Moves::Time { period: 30 },
                algorithm: Algorithm::Sha1,
                digits: Digits::Six,
                first_counter: 0,
            };
            let new = with_secret(Label::new(label).unwrap().into(), secret);
            if n == one {
                self.enroll_as(who, new, form)
            } else {
                self.enroll_another_as(who, new, form)
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
            self.clock.set(UnixTime::from_secs(
                30 * (SHARED_AT + steps).max(self.now() / 30) + 7,
            ));
            (0..self.people.len()).for_each(|who| self.check_status(who));
            self.verify(who, shared);
        }
    }

    pub(crate) fn is_elsewhere(&self, who: usize, form: &Form) -> bool {
        let Some(secret) = &form.secret else {
            return false;
        };
        let is_there = |device: &Device| {
            device
                .secret
                .as_ref()
                .is_some_and(|known| known.expose_bytes() == secret.expose_bytes())
        };
        // One that is gone would come back without what it has burned: see the manual.
        let was_used = self
            .accepted
            .iter()
            .any(|(used, _)| used == secret.expose_bytes());
        let is_here = self.naive(who).devices.iter().any(is_there);
        was_used && !is_here || self.naive(1 - who).devices.iter().any(is_there)
    }

    /// The owner scans it, with an app that may be unable or out of time.
    pub(crate) fn hand_out(&mut self, who: usize, enrollment: Option<Enrollment>) {
        let Some(enrollment) = enrollment else { return };
        let secret = Rc::new(enrollment.secret().duplicate());
        self.leaks
            .hide_bytes(secret.expose_bytes(), &secret.expose_base32());
        self.leaks.check_debug(&secret.expose_base32(), false);
        self.leaks.check_recent();
        let Some(device) = self.people[who]
            .naive
            .as_mut()
            .and_then(|naive| naive.devices.last_mut())
        else {
            return;
        };
        assert_eq!(
            enrollment.device(),
            device_id(device.number),
            "an id is given once"
        );
        device.secret = Some(Rc::clone(&secret));
        let mut prover = Prover {
            number: device.number,
            secret,
            moves: device.moves,
            algorithm: device.algorithm,
            digits: device.digits,
            skew: self.dice.of([
                0, 0, 0, 0, 0, 0, 20, -20, 40, -40, 95, -95, 1500, -3500, 4000,
            ]),
            counter: device
                .highest_burned()
                .map_or(0, |burned| burned.saturating_add(1)),
        };
        if self.is_calm {
            prover.skew = 0;
        } else if self.dice.one_in(6) {
            prover.ignore_settings();
        }
        self.people[who].provers.push(prover);
    }
}

fn with_secret(new: NewDevice, secret: Option<Rc<Secret>>) -> NewDevice {
    match secret {
        Some(secret) => new.with_secret(secret.duplicate()),
        None => new,
    }
}
