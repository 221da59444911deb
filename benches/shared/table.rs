//! The tables of times. A ratio divides two medians of the same run. From machine to machine and from day
//! to day, ratios vary much less than times.

use super::OURS;

/// A group, a contender in it, and the greatest ratio of our median to that contender's.
pub(crate) type Limit = (&'static str, &'static str, f64);

pub(crate) struct Row {
    group: String,
    name: String,
    /// Nanoseconds per run.
    pub(crate) median: f64,
}

impl Row {
    pub(crate) fn new(group: &str, name: &str, mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        Self {
            group: group.to_owned(),
            name: name.to_owned(),
            median: samples[samples.len() / 2],
        }
    }
}

pub(crate) fn print(rows: &[Row]) {
    println!(
        "\n{:<42}{:<20}{:>12}{:>12}{:>8}",
        "", "", "ns, median", "per second", "ratio"
    );
    for rows in rows.chunk_by(|one, next| one.group == next.group) {
        for Row {
            group,
            name,
            median,
        } in rows
        {
            let ratio = ratio(rows, group, name).filter(|_| name != OURS);
            let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
            println!(
                "{group:<42}{name:<20}{median:>12.0}{:>12.0}{ratio:>8}",
                1e9 / median
            );
        }
        println!();
    }
    println!("The ratio is the time of {OURS} divided by that of the line.");
}

/// Prints each limit beside its ratio. Returns whether all are met. A missing ratio meets no limit.
pub(crate) fn judge(rows: &[Row], limits: &[Limit]) -> bool {
    println!(
        "\nLimits, on a CPU with SHA instructions: {}",
        sha_instructions()
    );
    let judged = limits.iter().map(|(group, name, most)| {
        let ratio = ratio(rows, group, name);
        let met = ratio.is_some_and(|ratio| ratio <= *most);
        let ratio = ratio.map_or_else(|| "not measured".to_owned(), |ratio| format!("{ratio:.2}"));
        let verdict = if met { "met" } else { "MISSED" };
        println!(
            "{group:<42}{name:<20}{ratio:>12}{:>12}  {verdict}",
            format!("<= {most}")
        );
        met
    });
    judged.fold(true, |all, met| all & met)
}

fn ratio(rows: &[Row], group: &str, name: &str) -> Option<f64> {
    let median = |name| {
        Some(
            rows.iter()
                .find(|row| row.group == group && row.name == name)?
                .median,
        )
    };
    Some(median(OURS)? / median(name)?)
}

fn sha_instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    let found = if std::is_x86_feature_detected!("sha") {
        "yes"
    } else {
        "no"
    };
    #[cfg(not(target_arch = "x86_64"))]
    let found = "unknown";
    found
}
