//! The stores: their laws, races and faults. Those that are ignored need servers: `scripts/test` runs them.
//! `scripts/one-tree` builds this file in other packages too, with the feature `sqlite` alone and few dependencies.
// What clippy.toml allows in tests holds for the helpers too.
#![cfg(test)]
#![cfg(feature = "sqlite")]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // small numbers

#[cfg(all(
    feature = "postgres",
    feature = "redis",
    not(all(
        feature = "sqlx-mysql",
        feature = "sqlx-postgres",
        feature = "sqlx-sqlite"
    ))
))]
compile_error!("these tests need the stores on sqlx too: cargo test --all-features");

#[cfg(all(feature = "postgres", feature = "redis"))]
mod address;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod blocking;
#[cfg(all(feature = "conformance", feature = "postgres", feature = "redis"))]
mod broken;
#[cfg(feature = "mfa")]
mod commands;
#[cfg(all(feature = "conformance", feature = "postgres", feature = "redis"))]
mod conformance;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod daemon;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod failover;
#[cfg(all(feature = "conformance", feature = "postgres", feature = "redis"))]
mod faults;
#[cfg(feature = "mfa")]
mod given;
#[cfg(all(feature = "conformance", feature = "postgres", feature = "redis"))]
mod hold;
#[cfg(feature = "mfa")]
mod interleavings;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod interruptions;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod own_transaction;
#[cfg(feature = "mfa")]
mod owner;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod place;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod pooled;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod pooler;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod proxy;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod races;
#[cfg(feature = "mfa")]
#[path = "../support/record_checks.rs"]
mod record_checks;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod redis;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod redis_failover;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod replication;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod reports;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod server;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod server_races;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod server_races_account;
mod sqlite_locks;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod sqlx_adapters;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod sqlx_pools;
mod stores;
#[allow(dead_code)] // a part is enough here
#[path = "../support/mod.rs"]
mod support;
#[cfg(all(feature = "postgres", feature = "redis"))]
#[allow(clippy::print_stdout)] // as the example does
#[path = "../../examples/own_transaction_postgres/users.rs"]
mod users;

/// Not a test by itself: the process that `Server` starts.
#[cfg(all(feature = "postgres", feature = "redis"))]
#[test]
fn server() {
    server::serve();
}
