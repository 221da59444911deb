//! A second implementation of the second factor, beside the real one.
//!
//! It is written from the documentation alone, by people that had not read `src/account` and `src/mfa`: the manual, and
//! what stands at the public items. Whoever writes in it keeps to that. So a difference is a fault of one of the two, or
//! a rule that the documentation does not say.
#![allow(clippy::cast_sign_loss)] // a step some steps from now is above zero

mod account;
mod browsers;
mod choose;
mod codes;
mod command;
mod device;
mod dice;
mod draw;
mod enroll;
mod limits;
mod login;
mod manage;
mod real;
mod recovery;
mod second;
mod shown;
mod status;
mod world;

use std::time::Duration;

use secondfactor::Policy;
use secondfactor::codes::Window;

use dice::{Dice, Temper};
use draw::Drawer;
use limits::{DAY, Limits};
use world::World;

/// Commands in one sequence.
const LENGTH: u64 = 250;

fn policies() -> [(Policy, Limits); 6] {
    let trusting = Policy::builder().trust(Policy::MAX_TRUST).build().unwrap();
    let small = Policy::builder()
        .window(Window::new(2, 2).unwrap())
        .max_devices(3)
        .waits(2, Duration::from_secs(10), Duration::from_secs(100))
        .max_failures(10)
        .trust(Duration::from_secs(DAY))
        .build()
        .unwrap();
    let default = Limits::DEFAULT;
    [
        (Policy::DEFAULT, default.clone()),
        (
            trusting,
            Limits {
                trust: 30 * DAY,
                ..default.clone()
            },
        ),
        (
            small,
            Limits {
                past: 2,
                future: 2,
                devices: 3,
                free_tries: 2,
                first_wait: 10,
                longest_wait: 100,
                strangers: 8,
                known: 2,
                trust: DAY,
                ..default.clone()
            },
        ),
        (
            Policy::ASVS,
            Limits {
                past: 0,
                future: 0,
                ..default.clone()
            },
        ),
        (
            Policy::NIST,
            Limits {
                recovery: 100,
                ..default.clone()
            },
        ),
        (
            Policy::PCI,
            Limits {
                future: 0,
                free_tries: 10,
                first_wait: 1800,
                longest_wait: 1800,
                strangers: 100,
                known: 0,
                ..default
            },
        ),
    ]
}

/// Runs one sequence, up to the first difference.
pub(crate) fn sequence(seed: u64, length: u64) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    let (policy, limits) = dice.pick(&policies());
    let accounts = 1 + dice.below(3) as usize;
    let temper = |wrong, patient, lost| Temper {
        wrong,
        patient,
        lost,
    };
    let temper = dice.pick(&[
        temper(8, 30, 0),
        temper(8, 30, 20),
        temper(40, 60, 0),
        temper(40, 80, 30),
        temper(92, 85, 0),
        temper(92, 90, 50),
    ]);
    let mut world = World::new(policy, limits, accounts);
    let mut drawer = Drawer { dice, temper };
    for _ in 0..length {
        let next = drawer.next_time(&world);
        world.set_clock(next);
        let command = drawer.command(&mut world);
        world.run(&command)?;
    }
    Ok(())
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn the_library_and_its_documentation_agree() {
    let commands = number("SECONDFACTOR_MODEL_COMMANDS", 20_000);
    let first = number("SECONDFACTOR_MODEL_SEED", 0);
    for seed in first..first + commands / LENGTH {
        if let Err(difference) = sequence(seed, LENGTH) {
            panic!("seed {seed}: {difference}");
        }
    }
}
