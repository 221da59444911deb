//! Draws commands, the likely ones more often.

use secondfactor::account::{BrowserId, DeviceId, FormId, RecoverySetId};
use secondfactor::{AccountId, RecoveryCodes};

use super::codes::Settings;
use super::command::{Command, Held, InSession};
use super::dice::{Dice, Temper};
use super::enroll::New;
use super::limits::{DAY, HOUR};
use super::login::Sent;
use super::real;
use super::recovery::SentRecovery;
use super::world::{Phone, World};

const LABELS: [&str; 5] = ["phone", "tablet", "token", "old phone", "work"];
const WORDS: [&str; 2] = ["Firefox", "kiosk"];

pub(crate) struct Drawer {
    pub(crate) dice: Dice,
    pub(crate) temper: Temper,
}

impl Drawer {
    /// How the clock goes on before the next command.
    pub(crate) fn next_time(&mut self, world: &World) -> u64 {
        let now = world.now;
        if world.retry_at > now && self.dice.percent(self.temper.patient) {
            return world.retry_at - self.dice.weighted(&[(8, 0), (1, 1)]);
        }
        let back = self.dice.below(1000);
        if back < 6 {
            return now - self.dice.below(6);
        } else if back < 10 {
            let far = self.dice.pick(&[6, 30, 90, HOUR, DAY]);
            return now - self.dice.below(far + 1);
        }
        let most = self.dice.weighted(&[
            (20, 0),
            (15, 3),
            (35, 45),
            (12, 120),
            (6, 600),
            (4, HOUR),
            (2, 3 * HOUR),
            (2, DAY),
            (1, 9 * DAY),
        ]);
        let exactly = self.dice.percent(20);
        now + if exactly {
            most
        } else {
            self.dice.below(most + 1)
        }
    }

    pub(crate) fn command(&mut self, world: &mut World) -> Command {
        loop {
            if let Some(command) = self.try_command(world) {
                return command;
            }
        }
    }

    fn account(&mut self, world: &World) -> AccountId {
        let place = self.dice.below(world.accounts.len() as u64);
        let first = self.dice.percent(50);
        world.accounts[if first { 0 } else { place as usize }].clone()
    }

    fn phone<'w>(&mut self, world: &'w World, of: &AccountId) -> Option<&'w Phone> {
        let foreign = self.dice.percent(1);
        let phones: Vec<&Phone> = world
            .phones
            .iter()
            .filter(|phone| foreign || phone.account == *of)
            .collect();
        self.dice.recent(&phones, 6).copied()
    }

    fn device(&mut self, world: &World, of: &AccountId) -> Option<DeviceId> {
        self.phone(world, of).map(|phone| phone.id)
    }

    fn proof(&mut self, world: &World) -> Option<(Held, AccountId)> {
        let places: Vec<usize> = (0..world.held.len()).collect();
        let place = *self.dice.recent(&places, 5)?;
        Some((place, world.held[place].as_ref().account().clone()))
    }

    fn steps_off(&mut self) -> i64 {
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
    fn shown(&mut self, now: u64, phone: &Phone) -> [String; 2] {
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

    fn code(&mut self, world: &mut World, of: &AccountId, id: Option<DeviceId>) -> [String; 2] {
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

    fn cookie(&mut self, world: &World, of: &AccountId) -> Option<(BrowserId, String)> {
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

    fn form(&mut self) -> Option<(u8, FormId)> {
        let number = self.dice.below(3) as u8;
        self.dice
            .percent(50)
            .then(|| (number, FormId::generate().unwrap()))
    }

    fn sent(&mut self, world: &mut World, of: &AccountId, id: Option<DeviceId>) -> Sent {
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

    fn new_device(&mut self, world: &World, with_secret: bool) -> New {
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

    fn in_session(&mut self, world: &World, of: &AccountId) -> Option<InSession> {
        let phone = self.phone(world, of)?;
        let other = self.dice.percent(5);
        let session = if other {
            self.dice.pick(&[None, Some(0), Some(1)])
        } else {
            phone.session
        };
        Some((phone.id, session))
    }

    fn recovery(&mut self, world: &mut World, of: &AccountId) -> SentRecovery {
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

    fn replaces(&mut self, world: &World, of: &AccountId) -> Option<RecoverySetId> {
        let other = self.dice.percent(15);
        if other {
            return self.dice.recent(&world.sets, 3).copied();
        }
        pollster::block_on(world.real.mfa.status(of))
            .ok()
            .and_then(|it| it.recovery_set())
    }

    fn lasts(&mut self) -> u64 {
        self.dice.pick(&[0, 1, HOUR, DAY, 30 * DAY, 30 * DAY + 1])
    }

    fn try_command(&mut self, world: &mut World) -> Option<Command> {
        use Command as C;
        let id = self.account(world);
        if self.dice.percent(self.temper.lost) {
            return Some(C::Redeem(id.clone(), self.recovery(world, &id)));
        }
        let has_proof = self.dice.percent(35);
        if has_proof && let Some((place, owner)) = self.proof(world) {
            return self.by_proof(world, place, &owner);
        }
        Some(match self.dice.below(200) {
            0..80 => C::Verify(id.clone(), self.sent(world, &id, None)),
            80..112 => {
                let device = self.in_session(world, &id)?;
                C::Confirm(id.clone(), device, self.sent(world, &id, Some(device.0)))
            }
            112..118 => {
                let device = self.in_session(world, &id)?;
                C::ConfirmPair(id.clone(), device, self.code(world, &id, Some(device.0)))
            }
            118..128 => {
                let device = self.device(world, &id)?;
                C::Resync(id.clone(), device, self.code(world, &id, Some(device)))
            }
            128..142 => C::Enroll(id, self.new_device(world, false)),
            142..158 => C::Redeem(id.clone(), self.recovery(world, &id)),
            158..172 => self.again(world)?,
            172..180 => {
                let cookie = self.cookie(world, &id);
                C::Recognize(id, cookie.map(|(_, cookie)| cookie))
            }
            180..182 => C::NeedsCode(id),
            182..184 => {
                let count = self.dice.below(3);
                let news = (0..count).map(|_| self.new_device(world, true)).collect();
                let used = self
                    .dice
                    .percent(50)
                    .then(|| world.now - 1000 + self.dice.below(2000));
                C::Import(id, news, used)
            }
            184..186 => C::RevokeUnproven(id.clone(), self.device(world, &id)?),
            186..188 => C::Unlock(id),
            188..189 => {
                let rarely = self.dice.percent(30);
                rarely.then_some(C::OptOutUnproven(id))?
            }
            189..194 => {
                let lifetime = self.dice.pick(&[0, 1, 60, 600, HOUR, DAY, DAY + 1]);
                C::IssueTemporary(id, lifetime)
            }
            194..196 => C::WithdrawTemporary(id),
            196 => {
                let to = self.account(world);
                (to != id).then_some(C::Move(id, to))?
            }
            _ => C::Verify(id.clone(), self.sent(world, &id, None)),
        })
    }

    /// A submission that comes again, now and then from another browser.
    fn again(&mut self, world: &World) -> Option<Command> {
        let mut command = self.dice.recent(&world.sent, 5)?.clone();
        let moved = self.dice.percent(25);
        if let Command::Verify(id, sent) | Command::Confirm(id, _, sent) = &mut command
            && moved
        {
            sent.cookie = self.cookie(world, id).map(|(_, cookie)| cookie);
            sent.remember = self.dice.percent(50).then(|| self.dice.pick(&WORDS));
        }
        Some(command)
    }

    fn by_proof(&mut self, world: &World, place: Held, owner: &AccountId) -> Option<Command> {
        use Command as C;
        Some(match self.dice.below(100) {
            0..16 => C::EnrollAnother(place, self.new_device(world, false)),
            16..28 => {
                let (device, _) = self.in_session(world, owner)?;
                let session = self.dice.percent(30).then_some(1);
                let grace = self
                    .dice
                    .pick(&[0, 0, 600, HOUR, DAY, 7 * DAY, 7 * DAY + 1]);
                C::Rotate(place, (device, session), grace)
            }
            28..40 => C::Issue(place, self.replaces(world, owner)),
            40..44 => C::Rename(place, self.device(world, owner)?, self.dice.pick(&LABELS)),
            44..50 => C::Suspend(place, self.device(world, owner)?),
            50..58 => C::Resume(place, self.device(world, owner)?),
            58..62 => C::Revoke(place, self.device(world, owner)?),
            62..67 => {
                let count = self.dice.pick(&[0, 1, 1, 1, 2]);
                let kept: Option<Vec<_>> = (0..count).map(|_| self.device(world, owner)).collect();
                C::KeepOnly(place, kept?)
            }
            67..72 => C::CheckProof(place),
            72..80 => C::Stands(place),
            80 => {
                let rarely = self.dice.percent(30);
                rarely.then_some(C::OptOut(place))?
            }
            81..83 => C::ForgetBrowser(place, self.cookie(world, owner)?.0),
            83 => C::ForgetBrowsers(place),
            84..87 => {
                let cookie = self.cookie(world, owner);
                C::PasswordChanged(place, cookie.map(|(_, cookie)| cookie))
            }
            _ => {
                let real::Held::Verified(verified) = &world.held[place] else {
                    return None;
                };
                let other = self.dice.percent(20);
                let browser = verified.browser().filter(|_| !other);
                let browser = browser.or_else(|| self.cookie(world, owner).map(|it| it.0));
                C::TrustBrowser(place, browser?, self.lasts())
            }
        })
    }
}
