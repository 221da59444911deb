//! Draws what people have and send, the likely more often.

use secondfactor::account::{BrowserId, DeviceId, FormId, RecoverySetId};
use secondfactor::{AccountId, RecoveryCodes};

use super::codes::Settings;
use super::command::{Held, InSession};
use super::dice::{Dice, Temper};
use super::enroll::New;
use super::limits::{DAY, HOUR};
use super::login::Sent;
use super::recovery::SentRecovery;
use super::world::{Phone, World};

pub(super) const LABELS: [&str; 5] = ["phone", "tablet", "token", "old phone", "work"];
pub(super) const WORDS: [&str; 2] = ["Firefox", "kiosk"];

pub(crate) struct Drawer {
    pub(crate) dice: Dice,
    pub(crate) temper: Temper,
}

impl Drawer {
    pub(super) fn account(&mut self, world: &World) -> AccountId {
        let place = self.dice.below(world.accounts.len() as u64);
        let first = self.dice.percent(50);
        world.accounts[if first { 0 } else { place as usize }].clone()
    }

    pub(super) fn phone<'w>(&mut self, world: &'w World, of: &AccountId) -> Option<&'w Phone> {
        let foreign = self.dice.percent(1);
        let phones: Vec<&Phone> = world
            .phones
            .iter()
            .filter(|phone| foreign || phone.account == *of)
            .collect();
        self.dice.recent(&phones, 6).copied()
    }

    pub(super) fn device(&mut self, world: &World, of: &AccountId) -> Option<DeviceId> {
        self.phone(world, of).map(|phone| phone.id)
    }

    pub(super) fn proof(&mut self, world: &World) -> Option<(Held, AccountId)> {
        let places: Vec<usize> = (0..world.held.len()).collect();
        let place = *self.dice.recent(&places, 5)?;
        Some((place, world.held[place].as_ref().account().clone()))
    }

    pub(super) fn steps_off(&mut self) -> i64 {
        let sign = self.dice.pick(&[-1, 1]);
        sign * self.dice.weighted(&[
            (60, 0),
            (24, 1),
            (8, 2),
            (4, 3),
            (2, 60),
            (1, 122),
            (1, 123),
        ])
    }

    /// What a phone shows, and the code after it.
    pub(super) fn shown(&mut self, now: u64, phone: &Phone) -> [String; 2] {
        let first = if phone.settings.is_totp() {
            let present = (now / phone.settings.period) as i64;
            let zone = self.dice.percent(1);
            let off = if zone { 7 * 120 } else { self.steps_off() };
            (present + phone.skew + off) as u64
        } else {
            let ahead = self
                .dice
                .weighted(&[(20, 0), (8, 1), (2, 5), (2, 6), (1, 100), (1, 101)]);
            let back = self.dice.percent(10);
            if back {
                phone.counter.saturating_sub(1 + ahead)
            } else {
                phone.counter + ahead
            }
        };
        let mut settings = phone.settings;
        if self.dice.percent(5) {
            settings = Settings::APP;
        }
        if !phone.settings.is_totp() {
            settings.period = 0;
        }
        [first, first + 1].map(|step| settings.code(&phone.secret, step))
    }

    pub(super) fn code(
        &mut self,
        world: &mut World,
        of: &AccountId,
        id: Option<DeviceId>,
    ) -> [String; 2] {
        let wrong = |dice: &mut Dice| format!("{:06}", dice.below(1_000_000));
        if self.dice.percent(self.temper.wrong) {
            return [wrong(&mut self.dice), wrong(&mut self.dice)];
        }
        let phones: Vec<usize> = (0..world.phones.len())
            .filter(|place| {
                let phone = &world.phones[*place];
                phone.account == *of && id.is_none_or(|id| phone.id == id)
            })
            .collect();
        let Some(place) = self.dice.recent(&phones, 4).copied() else {
            return [wrong(&mut self.dice), wrong(&mut self.dice)];
        };
        let codes = self.shown(world.now, &world.phones[place]);
        let phone = &mut world.phones[place];
        if !phone.settings.is_totp() {
            let at = (phone.counter..phone.counter + 102)
                .find(|step| phone.settings.code(&phone.secret, *step) == codes[0]);
            phone.counter = at.map_or(phone.counter, |at| at + 1);
        }
        if self.dice.percent(2) {
            phone.skew = self.dice.pick(&[0, 0, 1, -1, 2, 3, -40, 121]);
        }
        codes
    }

    pub(super) fn cookie(&mut self, world: &World, of: &AccountId) -> Option<(BrowserId, String)> {
        let foreign = self.dice.percent(3);
        let cookies: Vec<_> = world
            .cookies
            .iter()
            .filter(|cookie| foreign || cookie.0 == *of)
            .collect();
        self.dice
            .recent(&cookies, 10)
            .map(|cookie| (cookie.1, cookie.2.clone()))
    }

    pub(super) fn form(&mut self) -> Option<(u8, FormId)> {
        let number = self.dice.below(3) as u8;
        self.dice
            .percent(50)
            .then(|| (number, FormId::generate().unwrap()))
    }

    pub(super) fn sent(&mut self, world: &mut World, of: &AccountId, id: Option<DeviceId>) -> Sent {
        let known = self.dice.percent(55);
        Sent {
            code: self.code(world, of, id)[0].clone(),
            form: self.form(),
            cookie: self
                .cookie(world, of)
                .filter(|_| known)
                .map(|(_, cookie)| cookie),
            remember: self.dice.percent(15).then(|| self.dice.pick(&WORDS)),
        }
    }

    pub(super) fn new_device(&mut self, world: &World, with_secret: bool) -> New {
        let counter = self.dice.below(3) * 4;
        let settings = self.dice.weighted(&[
            (20, Settings::APP),
            (
                3,
                Settings {
                    period: 60,
                    ..Settings::APP
                },
            ),
            (
                1,
                Settings {
                    digits: 8,
                    ..Settings::APP
                },
            ),
            (
                1,
                Settings {
                    sha256: true,
                    digits: 8,
                    ..Settings::APP
                },
            ),
            (
                4,
                Settings {
                    period: 0,
                    ..Settings::APP
                },
            ),
        ]);
        let known = self.dice.percent(20);
        let secret = match world.phones.last().filter(|_| known) {
            Some(phone) => phone.secret.clone(),
            None => (0..20).map(|_| self.dice.below(256) as u8).collect(),
        };
        let with_secret = with_secret || self.dice.percent(20);
        let session = self.dice.below(2) as u8;
        New {
            label: self.dice.pick(&LABELS),
            settings,
            counter: if settings.is_totp() { 0 } else { counter },
            secret: with_secret.then_some(secret),
            session: self.dice.percent(40).then_some(session),
        }
    }

    pub(super) fn in_session(&mut self, world: &World, of: &AccountId) -> Option<InSession> {
        let phone = self.phone(world, of)?;
        let other = self.dice.percent(5);
        let session = if other {
            self.dice.pick(&[None, Some(0), Some(1)])
        } else {
            phone.session
        };
        Some((phone.id, session))
    }

    pub(super) fn recovery(&mut self, world: &mut World, of: &AccountId) -> SentRecovery {
        let temporary = self.dice.percent(25);
        let codes = if temporary {
            &world.temporary_codes
        } else {
            &world.recovery_codes
        };
        let codes: Vec<&String> = codes
            .iter()
            .filter(|code| code.0 == *of)
            .map(|code| &code.1)
            .collect();
        let code = self.dice.recent(&codes, 12).map(|code| (*code).clone());
        let (code, is_temporary) = match code {
            Some(code) if !self.dice.percent(self.temper.wrong) => (code, temporary),
            Some(_) if temporary && world.temporary_codes.len() > 1 => {
                (world.temporary_codes[0].1.clone(), true)
            }
            _ => {
                let codes = RecoveryCodes::generate().unwrap();
                let text = codes.iter().next().unwrap().expose_text().to_string();
                (text, false)
            }
        };
        SentRecovery {
            code,
            is_temporary,
            form: self.form(),
        }
    }

    pub(super) fn replaces(&mut self, world: &World, of: &AccountId) -> Option<RecoverySetId> {
        let other = self.dice.percent(15);
        if other {
            return self.dice.recent(&world.sets, 3).copied();
        }
        pollster::block_on(world.real.mfa.status(of))
            .ok()
            .and_then(|it| it.recovery_set())
    }

    pub(super) fn lasts(&mut self) -> u64 {
        self.dice.pick(&[0, 1, HOUR, DAY, 30 * DAY, 30 * DAY + 1])
    }
}
