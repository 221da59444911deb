//! A hardware token keeps its serial number as long as it is a device, and what is told of its
//! beginning and its end names it.

use std::sync::Arc;
use std::time::Duration;

use secondfactor::account::DeviceStatus;
use secondfactor::codes::{Counter, Hotp, ManualClock, Parameters};
use secondfactor::provisioning::Token;
use secondfactor::store::MemoryStore;
use secondfactor::{Event, Mfa, NewDevice};

use crate::support::*;

const SERIAL: &str = "10001001";

fn token() -> Token {
    let file = b"10001001,3132333435363738393031323334353637383930,hotp";
    let mut tokens = Token::read_csv(file, Parameters::DEFAULT).unwrap();
    tokens.remove(0).unwrap()
}

fn device() -> NewDevice {
    NewDevice::from_token(label("token"), &token()).unwrap()
}

fn serials(mfa: &Mfa<MemoryStore>) -> Vec<Option<String>> {
    let devices = run(mfa.devices(&alice())).unwrap();
    let serial = |device: &DeviceStatus| device.serial().map(str::to_owned);
    devices.iter().map(serial).collect()
}

/// The names of the events that hold the serial number.
fn told(log: &Log) -> Vec<&'static str> {
    let names_it = |event: &&Event| format!("{event:?}").contains(SERIAL);
    (log.events().iter().filter(names_it).map(Event::code)).collect()
}

#[test]
fn a_token_has_its_serial_number_from_the_file_to_its_end() {
    let log = Log::default();
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let mfa = mfa.on_event(log.handler());
    let new = run(mfa.enroll_another(&proof, device())).unwrap();
    let serial = Some(SERIAL.to_owned());
    assert_eq!(serials(&mfa), [None, serial.clone()]);
    let hotp = Hotp::new(token().secret());
    let pressed = [5, 6].map(|counter| hotp.at(Counter::new(counter)));
    run(mfa.confirm_pair(&alice(), new.device(), pressed)).unwrap();
    run(mfa.rename(&proof, new.device(), label("blue token"))).unwrap();
    run(mfa.suspend(&proof, new.device())).unwrap();
    run(mfa.resume(&proof, new.device())).unwrap();
    assert_eq!(serials(&mfa), [None, serial]);
    run(mfa.revoke(&proof, new.device())).unwrap();
    assert_eq!(told(&log), ["device_confirmed", "revoked"]);
}

#[test]
fn a_rotation_makes_a_secret_that_is_in_no_token() {
    let log = Log::default();
    let Login {
        mfa, clock, proof, ..
    } = Login::new(MemoryStore::new());
    let mfa = mfa.on_event(log.handler());
    let old = run(mfa.enroll_another(&proof, device())).unwrap();
    let hotp = Hotp::new(token().secret());
    run(mfa.confirm(&alice(), old.device(), hotp.at(Counter::new(0)))).unwrap();
    let new = run(mfa.rotate(&proof, old.device(), STEP)).unwrap();
    let shown = Hotp::new(new.secret()).at(Counter::new(0));
    run(mfa.confirm(&alice(), new.device(), shown)).unwrap();
    assert_eq!(serials(&mfa), [None, Some(SERIAL.to_owned()), None]);
    clock.advance(STEP);
    assert_eq!(serials(&mfa), [None, None]);
    run(mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
    assert_eq!(told(&log), ["device_confirmed", "retired"]);
}

#[test]
fn every_end_of_a_token_names_it() {
    let log = Log::default();
    let clock = Arc::new(ManualClock::new(NOW));
    let mfa = Mfa::new(MemoryStore::new(), keyring())
        .with_clock(Arc::clone(&clock))
        .on_event(log.handler());
    let _pending = run(mfa.enroll(&alice(), device())).unwrap();
    clock.advance(Duration::from_secs(601));
    let phone = NewDevice::totp(label("phone"));
    let secret = secondfactor::codes::Secret::from_bytes(&[8; 20]).unwrap();
    let devices = vec![device(), phone.with_secret(secret)];
    run(mfa.danger_import_unproven(&alice(), &operator(), devices, None)).unwrap();
    let imported = run(mfa.devices(&alice())).unwrap();
    run(mfa.danger_revoke_unproven(&alice(), &operator(), imported[0].id())).unwrap();
    assert_eq!(
        told(&log),
        ["enrollment_ended", "imported", "revoked_unproven"]
    );
}
