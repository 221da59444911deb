//! The hot path beside its floors, measured by Criterion: `cargo bench --bench codes`.
//!
//! The limits are checked by `benches/peers`, which measures the contenders in turns.

mod shared;

use criterion::Criterion;
use secondfactor::codes::Algorithm;
use shared::group::Group;
use shared::{hot_path, table};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut rows = Vec::new();
    for algorithm in [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512] {
        for make in [hot_path::generate, hot_path::verify, hot_path::once] {
            let mut group = make(algorithm);
            measure(&mut criterion, &mut group);
            rows.extend(group.rows());
        }
    }
    criterion.final_summary();
    table::print(&rows);
}

/// The turns in which Criterion warms up are among the samples: they are too few to move a median.
fn measure(criterion: &mut Criterion, group: &mut Group) {
    let mut benches = criterion.benchmark_group(&group.name);
    for contender in &mut group.contenders {
        benches.bench_function(contender.name.clone(), |bencher| {
            bencher.iter_custom(|runs| contender.take_turn(runs));
        });
    }
}
