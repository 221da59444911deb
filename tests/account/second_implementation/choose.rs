//! Draws commands and the time between them, the likely more often.

use secondfactor::AccountId;

use super::command::{Command, Held};
use super::draw::{Drawer, LABELS, WORDS};
use super::limits::{DAY, HOUR};
use super::real;
use super::world::World;

impl Drawer {
    /// How the clock goes on before the next command.
    pub(crate) fn next_time(&mut self, world: &World) -> u64 {
        let now = world.now;
        if world.retry_at > now && self.dice.percent(self.temper.patient) {
            return world.retry_at - self.dice.weighted(&[(8, 0), (1, 1)]);
        }
        let back = self.dice.below(1000);
        if back < 12 {
            return now - self.dice.below(6);
        } else if back < 22 {
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
        let goes_on = self.dice.percent(40);
        if let Some(command) = self.next_of(world).filter(|_| goes_on) {
            return command;
        }
        loop {
            if let Some(command) = self.try_command(world) {
                return command;
            }
        }
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

    /// What often comes next: a device that was begun is confirmed, and by a clock that went back a form is sent again.
    fn next_of(&mut self, world: &mut World) -> Option<Command> {
        if world.went_back {
            return self.dice.recent(&world.sent, 2).cloned();
        }
        let phone = world.begun.take()?;
        let sent = self.sent(world, &phone.account, Some(phone.id));
        Some(Command::Confirm(
            phone.account,
            (phone.id, phone.session),
            sent,
        ))
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
