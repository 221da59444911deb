//! What was told: each change has its event, and each event its change.

use secondfactor::Event;
use secondfactor::account::{DeviceId, Lock};

use super::checks::shown;
use super::device::{Device, State};
use super::naive::{Limits, Naive, Recovery, Said, Wrong};
use super::world::{World, device_id};

/// The stable name of an event, and its device.
type Name = (&'static str, Option<DeviceId>);

impl World {
    pub(super) fn check_events(
        &mut self,
        who: usize,
        server: usize,
        (said, commits, is_interrupted): (Said, u32, bool),
        before: Option<Naive>,
    ) {
        let all = std::mem::take(&mut *self.told.lock().unwrap());
        let (told, of_the_other): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(by, ..)| *by == server);
        *self.told.lock().unwrap() = of_the_other;
        let now = self.now();
        let is_released = commits == 1 && said.is_answer();
        for (_, account, at, event) in &told {
            self.leaks.check_debug(event, !self.has_long_times);
            assert_eq!((account, at.as_secs()), (&self.people[who].id, now));
            let may_be_unwritten = matches!(
                event,
                Event::ReplayRefused {
                    is_first: false,
                    ..
                } | Event::Throttled { .. }
                    | Event::RefusedDisabled
                    | Event::Interrupted { .. }
            );
            assert!(
                may_be_unwritten || is_released,
                "EVENTS: {event:?} before its commit"
            );
        }
        let told: Vec<Event> = told.into_iter().map(|(.., event)| event).collect();
        assert_eq!(
            count(&told, |event| matches!(event, Event::Interrupted { .. })),
            usize::from(is_interrupted),
            "EVENTS: a write without an answer is told, and nothing else is"
        );
        assert_eq!(
            count(&told, |event| matches!(event, Event::ReplayRefused { .. })),
            usize::from(said == Said::Replayed)
        );
        let before = before.unwrap_or_default();
        check_cut_off(
            &told,
            &before,
            self.people[who].naive.as_ref().filter(|_| commits == 1),
        );
        if let (true, Some(after)) = (is_released, &self.people[who].naive) {
            check_again(&told, after);
            check_names(&told, &before, after);
            check_fields(&told, &before, after, (self.limits, now));
            let mut met = before.lost_grounds(after);
            met.extend(
                after
                    .forgets_one(&before)
                    .then_some("an eleventh redemption"),
            );
            met.into_iter()
                .for_each(|rule| self.count((rule, Said::Ended)));
        }
    }
}

/// Of a call that was cut off, what it was to tell.
fn check_cut_off(told: &[Event], before: &Naive, committed: Option<&Naive>) {
    for event in told {
        if let (Event::Interrupted { events, .. }, Some(after)) = (event, committed) {
            check_names(events, before, after);
        }
    }
}

fn count(told: &[Event], is: impl Fn(&Event) -> bool) -> usize {
    told.iter().filter(|event| is(event)).count()
}

/// An answer that is given again is told as that, and as nothing else.
fn check_again(told: &[Event], after: &Naive) {
    let again = count(told, |event| matches!(event, Event::AnsweredAgain { .. }));
    assert_eq!(
        again,
        usize::from(after.again.is_some()),
        "EVENTS: an answer again"
    );
    let first = |event: &Event| matches!(event, Event::Verified { .. });
    assert!(again == 0 || count(told, first) == 0, "EVENTS: two acts");
}

/// Each change has its event, and each event its change.
fn check_names(told: &[Event], before: &Naive, after: &Naive) {
    let name = |event: &Event| match event.code() {
        // Which of them, depends on how it ended.
        "retired" | "revoked" | "revoked_unproven" | "enrollment_ended" => "ended",
        "temporary_code_withdrawn" => "temporary_code_ended",
        code => code,
    };
    // These are no changes, or say more of one that has its own event.
    let is_beside = |name: &Name| {
        let names = [
            "answered_again",
            "browser_trusted",
            "confirmation_failed",
            "drift_moved",
            "drift_suspected",
            "interrupted",
            "kept_only",
            "locked",
            "mismatch",
            "password_changed",
            "rebound",
            "recognized",
            "recovery_codes_voided",
            "recovery_mismatch",
            "refused_disabled",
            "replay_refused",
            "resealed",
            "resync_failed",
            "resynchronized",
            "throttled",
            "unlocked_unproven",
            "verified",
        ];
        names.contains(&name.0)
    };
    // A device may be given the label that it has.
    let is_change =
        |event: &&Event| !matches!(event, Event::Renamed { before, label, .. } if before == label);
    let told = told.iter().filter(is_change);
    let told = told.map(|event| (name(event), event.device()));
    let mut told: Vec<Name> = told.filter(|name| !is_beside(name)).collect();
    let mut changes = changes(before, after);
    told.sort();
    changes.sort();
    assert_eq!(
        told, changes,
        "EVENTS: a change in silence, or an event of none"
    );
}

fn changes(before: &Naive, after: &Naive) -> Vec<Name> {
    let mut names = Vec::new();
    for device in &after.devices {
        let id = Some(device_id(device.number));
        match before.find(device.number) {
            Some(known) => names.extend(changes_of(known, device).map(|name| (name, id))),
            None if device.is_pending() => names.push(("enrollment_begun", id)),
            None => names.push(("imported", id)),
        }
        let has_taken_over = |known: &&Device| known.number == device.number && device.is_active();
        let confirmed = before.devices.iter().find(has_taken_over);
        if confirmed.and_then(Device::replaces).is_some() {
            names.push(("rotated", id));
        }
    }
    let gone = before
        .devices
        .iter()
        .filter(|device| after.find(device.number).is_none());
    names.extend(gone.map(|device| ("ended", Some(device_id(device.number)))));
    if after.epoch > before.epoch {
        names.push(("clock_regressed", None));
    }
    if after.wrong.is_told_since(&before.wrong) {
        names.push(("disabled", None));
    }
    if after.known.is_told_since(&before.known) {
        names.push(("known_browsers_closed", None));
    }
    names.extend(changes_of_browsers(before, after));
    names.extend(changes_of_codes(
        before.recovery.as_ref(),
        after.recovery.as_ref(),
    ));
    names.extend(changes_of_the_temporary(
        before.temporary.as_ref().map(|one| &one.set),
        after.temporary.as_ref().map(|one| &one.set),
    ));
    names
}

fn changes_of_browsers(before: &Naive, after: &Naive) -> Vec<Name> {
    let find = |naive: &Naive, number| {
        let mut browsers = naive.browsers.iter();
        browsers.find(|browser| browser.number == number).cloned()
    };
    let mut names = Vec::new();
    for browser in &after.browsers {
        match find(before, browser.number) {
            None => names.push(("browser_remembered", None)),
            Some(known) if known.wrong_in_a_row < 10 && browser.wrong_in_a_row >= 10 => {
                names.push(("browser_closed", None));
            }
            Some(_) => {}
        }
    }
    let gone = (before.browsers.iter()).filter(|known| find(after, known.number).is_none());
    names.extend(gone.map(|_| ("browser_forgotten", None)));
    names
}

fn changes_of_the_temporary(
    before: Option<&Recovery>,
    after: Option<&Recovery>,
) -> impl Iterator<Item = Name> + use<> {
    let is_new = after.map(|set| set.identity) != before.map(|set| set.identity);
    let left = |set: Option<&Recovery>| set.map_or(0, |set| set.left.len());
    let earlier = before.map_or_else(Wrong::default, |set| set.wrong.clone());
    let is_told = after.is_some_and(|set| set.wrong.is_told_since(&earlier));
    let names = [
        (is_new && before.is_some()).then_some("temporary_code_ended"),
        (is_new && after.is_some()).then_some("temporary_code_issued"),
        (!is_new && left(before) > left(after)).then_some("temporary_code_redeemed"),
        (!is_new && is_told).then_some("recovery_disabled"),
    ];
    names.into_iter().flatten().map(|name| (name, None))
}

fn changes_of(before: &Device, after: &Device) -> impl Iterator<Item = &'static str> + use<> {
    let state = match (&before.state, &after.state) {
        (State::Pending(_), State::Active) => Some("device_confirmed"),
        (State::Active, State::Suspended) => Some("suspended"),
        (State::Suspended, State::Active) => Some("resumed"),
        _ => None,
    };
    let label = (before.label != after.label).then_some("renamed");
    state.into_iter().chain(label)
}

fn changes_of_codes(
    before: Option<&Recovery>,
    after: Option<&Recovery>,
) -> impl Iterator<Item = Name> + use<> {
    let left = |set: Option<&Recovery>| set.map_or(0, |set| set.left.len());
    let earlier = before.map_or_else(Wrong::default, |set| set.wrong.clone());
    let is_told = after.is_some_and(|set| set.wrong.is_told_since(&earlier));
    let is_new = after.map(|set| set.identity) != before.map(|set| set.identity);
    let is_one_less = !is_new && left(before) == left(after) + 1;
    let is_void = is_one_less && after.is_some_and(|set| set.is_void);
    let names = [
        is_new.then_some("recovery_codes_issued"),
        (is_one_less && !is_void).then_some("recovered"),
        is_told.then_some("recovery_disabled"),
    ];
    names.into_iter().flatten().map(|name| (name, None))
}

/// What an event says more than its name.
fn check_fields(told: &[Event], before: &Naive, after: &Naive, (limits, now): (Limits, u64)) {
    let is_new = |device: &&Device| {
        let known = before.find(device.number);
        known.is_some_and(|known| known.told_replays.len() < device.told_replays.len())
    };
    assert_eq!(
        count(told, |event| matches!(
            event,
            Event::ReplayRefused { is_first: true, .. }
        )),
        after.devices.iter().filter(is_new).count(),
        "EVENTS: the owner hears of a replay once"
    );
    let redeemed = before.recovery.iter().flat_map(|set| &set.redemptions);
    let ended = redeemed
        .filter(|one| !(after.recovery.iter()).any(|set| set.redemptions.contains(one)))
        .count();
    let was_void = before.recovery.iter().all(|set| set.left.is_empty());
    let is_void = !was_void && after.recovery.iter().any(|set| set.is_void);
    for event in told {
        check_event(event, before, after, (now, ended));
        check_committed(event, after, (limits, now));
    }
    assert_eq!(
        count(told, |event| matches!(
            event,
            Event::RecoveryCodesVoided { .. }
        )),
        usize::from(ended > 0 || is_void),
        "EVENTS: redemptions or codes ended in silence"
    );
}

fn check_event(event: &Event, before: &Naive, after: &Naive, (now, ended): (u64, usize)) {
    let find = |naive: &Naive, id: DeviceId| {
        let mut devices = naive.devices.iter();
        devices
            .find(|device| device_id(device.number) == id)
            .cloned()
    };
    match event {
        Event::Verified {
            device,
            failures_before,
            idle,
            browser,
            ..
        } => {
            let last_used = find(before, *device).and_then(|known| known.last_used);
            let since = last_used.map(|last| now.saturating_sub(last));
            assert_eq!(idle.map(|idle| idle.as_secs()), since, "EVENTS: idle");
            let [strangers, known] =
                [&before.wrong, &before.known].map(|wrong| wrong.in_a_row.len());
            let failures = *failures_before as usize;
            assert!(failures == strangers || (browser.is_some() && failures == known));
        }
        Event::Suspended { codes_by, .. } => {
            assert_eq!(
                codes_by.map(shown),
                before.codes_by(),
                "EVENTS: whose codes"
            );
        }
        Event::RecoveryCodesVoided { redemptions, .. } => {
            assert_eq!(*redemptions, ended, "EVENTS: redemptions that ended");
        }
        Event::Renamed {
            device,
            before: old,
            label,
            ..
        } => {
            let labels = [find(before, *device), find(after, *device)];
            let labels = labels.map(|device| device.unwrap().label);
            assert_eq!(labels, [old.as_str(), label.as_str()]);
        }
        Event::Rotated { old, label, .. } => {
            assert_eq!(find(before, *old).unwrap().label, label.as_str());
        }
        Event::ClockRegressed { last, .. } => {
            assert_eq!(Some(last.as_secs()), before.last_change);
        }
        _ => {}
    }
}

/// What is told is what is committed: no other step of the same command has overtaken it.
fn check_committed(event: &Event, after: &Naive, (limits, now): (Limits, u64)) {
    let of = |id: &DeviceId| {
        let mut devices = after.devices.iter();
        devices.find(|device| device_id(device.number) == *id)
    };
    let temporary = after.temporary.iter().map(|one| &one.set);
    let mut sets = after.recovery.iter().chain(temporary);
    let left = after.recovery.as_ref().map_or(0, |set| set.left.len());
    let is_so = match event {
        Event::EnrollmentBegun { device, .. } => of(device).is_some_and(Device::is_pending),
        Event::DeviceConfirmed { device, .. }
        | Event::Resumed { device, .. }
        | Event::Imported { device, .. } => of(device).is_some_and(Device::is_active),
        Event::Suspended { device, .. } => {
            of(device).is_some_and(|device| matches!(device.state, State::Suspended))
        }
        Event::Retired { device, .. }
        | Event::Revoked { device, .. }
        | Event::RevokedUnproven { device, .. }
        | Event::EnrollmentEnded { device, .. } => of(device).is_none(),
        Event::Rotated { old, new, ends, .. } => {
            let left = match of(old).map(|old| &old.state) {
                None => Some(0),
                Some(State::Retiring { until, .. }) => u64::try_from(until - after.lived).ok(),
                Some(_) => None,
            };
            let end = left.map(|left| now.saturating_add(left));
            of(new).is_some_and(Device::is_active) && end == Some(ends.as_secs())
        }
        Event::Rebound { device, .. } => of(device).is_some() && after.devices.len() == 1,
        Event::KeptOnly { devices, .. } => *devices == after.devices.len(),
        Event::Renamed { device, label, .. } => {
            of(device).is_some_and(|device| device.label == label.as_str())
        }
        Event::Verified { device, .. } => of(device).is_some_and(Device::is_accepted),
        Event::DriftMoved { device, steps, .. } => {
            of(device).is_some_and(|device| device.offset.steps(limits) == *steps)
        }
        Event::Mismatch {
            failures, browser, ..
        } => {
            let is_of = |wrong: &Wrong| *failures as usize == wrong.in_a_row.len();
            is_of(&after.wrong) || (browser.is_some() && is_of(&after.known))
        }
        Event::Locked { until, browser, .. } => {
            let is_of = |wrong: &Wrong, cap| {
                wrong.wait(limits, Some(cap), after.lived).as_lock(now) == Lock::Until(*until)
            };
            is_of(&after.wrong, after.cap_of_strangers(limits))
                || (browser.is_some() && is_of(&after.known, after.cap_of_known(limits)))
        }
        Event::Disabled => after.is_disabled(limits),
        Event::UnlockedUnproven { .. } | Event::PasswordChanged => {
            after.wrong.in_a_row.is_empty() && after.known.in_a_row.is_empty()
        }
        Event::RecoveryCodesIssued { count, .. } => *count == left,
        Event::Recovered { codes_left, .. } => *codes_left == left,
        Event::RecoveryMismatch { failures, .. } => {
            sets.any(|set| *failures as usize == set.wrong.in_a_row.len())
        }
        Event::RecoveryDisabled => sets.any(|set| set.wrong.in_a_row.len() >= limits.max_failures),
        Event::TemporaryCodeIssued { ends, .. } => after.temporary.as_ref().is_some_and(|one| {
            let left = u64::try_from(one.until - after.lived).unwrap();
            ends.as_secs() == now.saturating_add(left)
        }),
        _ => true,
    };
    assert!(is_so, "EVENTS: {event:?} is not what was committed");
}
