//! How a device comes: by nobody's proof, by a proof, in another one's place, or by an operator.

use std::rc::Rc;

use secondfactor::account::VouchedBy;
use secondfactor::codes::Secret;

use super::super::device::{Device, Moves, Offset, Pending, Replaced, State};
use super::{DAY, Form, Identity, Limits, Naive, Said, Verdict};
use crate::model::proven::Proven;

impl Naive {
    pub(crate) fn enroll(&mut self, form: &Form, limits: Limits, now: u64) -> Verdict {
        self.judge(now, |naive| {
            if naive.was_confirmed {
                return Said::ProofRequired.into();
            }
            naive.begin(form, (None, VouchedBy::Nobody), None, limits, now)
        })
    }

    pub(crate) fn enroll_another(
        &mut self,
        proven: &Proven,
        form: &Form,
        limits: Limits,
        now: u64,
    ) -> Verdict {
        self.judge_proven(proven, now, |naive| {
            naive.begin(form, proven.as_ground(), None, limits, now)
        })
    }

    pub(crate) fn rotate(
        &mut self,
        proven: &Proven,
        (number, session, grace): (u32, Option<&'static str>, u64),
        limits: Limits,
        now: u64,
    ) -> Verdict {
        self.judge_proven(proven, now, |naive| {
            if grace > 7 * DAY {
                return Said::GraceTooLong.into();
            }
            let Some(old) = naive.find(number).filter(|old| old.is_active()) else {
                return Said::UnknownDevice.into();
            };
            let form = Form {
                label: old.label.clone(),
                secret: None,
                moves: old.moves,
                algorithm: old.algorithm,
                digits: old.digits,
                first_counter: 0,
                session,
            };
            let replaces = Replaced {
                number,
                identity: old.identity,
                grace,
            };
            naive.begin(&form, proven.as_ground(), Some(replaces), limits, now)
        })
    }

    /// Two confirmed devices never have one label.
    pub(super) fn is_taken(&self, label: &str, except: Option<u32>) -> bool {
        let has = |device: &Device| device.is_kept() && device.label == label;
        self.devices
            .iter()
            .any(|device| has(device) && Some(device.number) != except)
    }

    fn begin(
        &mut self,
        form: &Form,
        (rests_on, vouched_by): (Option<Identity>, VouchedBy),
        replaces: Option<Replaced>,
        limits: Limits,
        now: u64,
    ) -> Verdict {
        let old = replaces.as_ref().map(|replaces| replaces.number);
        if self.is_taken(&form.label, old) {
            return Said::LabelTaken.into();
        }
        if form.secret.as_ref().is_some_and(|secret| self.has(secret)) {
            return Said::DuplicateSecret.into();
        }
        if !self.make_room(old, limits) {
            return Said::TooManyDevices.into();
        }
        let pending = Pending {
            begun: self.lived,
            wrong_confirmations: 0,
            rests_on,
            replaces,
            session: form.session,
            rebinds: self.is_disabled(limits)
                && (vouched_by == VouchedBy::RecoveryCode || !self.has_working_browser(limits)),
        };
        self.push(form, State::Pending(pending), vouched_by, now);
        Said::Yes.into()
    }

    fn has(&self, secret: &Secret) -> bool {
        self.devices.iter().any(|device| device.has(secret))
    }

    /// A device and its successor are one. Who rotates again takes the later one; else the one that
    /// waits longest goes.
    fn make_room(&mut self, old: Option<u32>, limits: Limits) -> bool {
        if old.is_some() {
            self.devices.retain(|device| device.replaces() != old);
            return true;
        }
        let counts = |device: &Device| {
            device.is_kept() || (device.is_pending() && device.replaces().is_none())
        };
        if self.devices.iter().filter(|device| counts(device)).count() < limits.max_devices {
            return true;
        }
        let waits = |device: &Device| device.is_pending() && counts(device);
        let longest = self.devices.iter().position(waits);
        longest.map(|at| self.devices.remove(at)).is_some()
    }

    fn push(&mut self, form: &Form, state: State, vouched_by: VouchedBy, now: u64) {
        self.enrolled_ever += 1;
        self.devices.push(Device {
            number: self.enrolled_ever,
            identity: Identity::new(),
            label: form.label.clone(),
            secret: form.secret.clone(),
            moves: form.moves,
            algorithm: form.algorithm,
            digits: form.digits,
            created: now,
            vouched_by,
            state,
            burned: form.first_counter.checked_sub(1).into_iter().collect(),
            told_replays: Vec::new(),
            last_used: None,
            offset: Offset::default(),
            before_resync: None,
            answered: None,
        });
    }

    /// An operator brings devices that people have already.
    pub(crate) fn import(&mut self, forms: &[Form], limits: Limits, now: u64) -> Verdict {
        self.judge(now, |naive| naive.take_over(forms, limits, now).into())
    }

    fn take_over(&mut self, forms: &[Form], limits: Limits, now: u64) -> Said {
        if forms.is_empty() {
            return Said::NothingToImport;
        }
        if self.was_confirmed {
            let is_done = |form: &Form| {
                let secret = form.secret.as_ref();
                let mut confirmed = self.devices.iter().filter(|device| !device.is_pending());
                secret.is_some_and(|secret| confirmed.any(|device| device.has(secret)))
            };
            return if forms.iter().all(is_done) {
                Said::Yes
            } else {
                Said::ProofRequired
            };
        }
        if forms.len() > limits.max_devices {
            return Said::TooManyDevices;
        }
        for (at, form) in forms.iter().enumerate() {
            let (Some(secret), earlier) = (&form.secret, &forms[..at]) else {
                return Said::SecretRequired;
            };
            if earlier
                .iter()
                .any(|other| is_same(other.secret.as_ref(), secret))
            {
                return Said::DuplicateSecret;
            }
            if earlier.iter().any(|other| other.label == form.label) {
                return Said::LabelTaken;
            }
        }
        self.devices.clear();
        for form in forms {
            self.was_confirmed = true;
            self.push(form, State::Active, VouchedBy::Operator, now);
            if let (Moves::Time { period }, Some(device)) = (form.moves, self.devices.last_mut()) {
                device
                    .burned
                    .push((now / period).saturating_add(limits.future));
            }
        }
        Said::Yes
    }
}

fn is_same(one: Option<&Rc<Secret>>, other: &Secret) -> bool {
    one.is_some_and(|one| one.expose_bytes() == other.expose_bytes())
}
