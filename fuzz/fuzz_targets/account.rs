//! An account under random commands, clocks, races and faults, against the naive model of
//! `tests/account/model`.
#![no_main]

#[path = "../../tests/account/model/mod.rs"]
mod model;
#[allow(dead_code)] // a part is enough here
#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|input: &[u8]| model::world::World::play(
    input,
    &std::sync::Arc::default()
));
