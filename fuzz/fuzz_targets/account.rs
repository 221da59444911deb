//! An account under random commands, clocks, races and faults, against the naive model of `tests/model`.
#![no_main]

#[path = "../../tests/model/commands.rs"]
mod commands;
#[path = "../../tests/model/device.rs"]
mod device;
#[path = "../../tests/model/devices.rs"]
mod devices;
#[path = "../../tests/model/dice.rs"]
mod dice;
#[path = "../../tests/model/faulty.rs"]
mod faulty;
#[path = "../../tests/model/forms.rs"]
mod forms;
#[path = "../../tests/model/leaks.rs"]
mod leaks;
#[path = "../../tests/model/logins.rs"]
mod logins;
#[path = "../../tests/model/naive.rs"]
mod naive;
#[path = "../../tests/model/prover.rs"]
mod prover;
#[path = "../../tests/model/recovery.rs"]
mod recovery;
#[path = "../../tests/support/mod.rs"]
mod support;
#[path = "../../tests/model/world.rs"]
mod world;

libfuzzer_sys::fuzz_target!(|input: &[u8]| world::World::play(input, &std::sync::Arc::default()));
