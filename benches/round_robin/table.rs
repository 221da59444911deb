//! The table: ours divided by each of the others.

use super::{Group, OURS, Times};

/// Prints it, and returns whether all targets are met.
pub(crate) fn print(groups: &[Group], targets: &[(&str, &str, f64)]) -> bool {
    println!(
        "\n{:<28}{:<20}{:>11}{:>9}{:>10}{:>11}",
        "ours divided by", "", "ns, median", "ratio", "quartile", "target"
    );
    let mut all_met = true;
    for group in groups {
        let ours = group.times().find(|(name, _)| *name == OURS).map(|(_, times)| times);
        for (name, times) in group.times() {
            print!("{:<28}{name:<20}{:>11.0}", group.name, times.median);
            let target = targets.iter().find(|(what, beside, _)| (*what, *beside) == (&*group.name, name));
            match ours.filter(|_| name != OURS) {
                Some(ours) => all_met &= print_ratios(ours, times, target.map(|(.., most)| *most)),
                None => println!(),
            }
        }
        println!();
    }
    println!("{}", if all_met { "All targets are met." } else { "A target is MISSED." });
    all_met
}

fn print_ratios(ours: Times, other: Times, target: Option<f64>) -> bool {
    let ratio = ours.median / other.median;
    print!("{ratio:>9.2}{:>10.2}", ours.lower_quartile / other.lower_quartile);
    let met = target.is_none_or(|most| ratio <= most);
    match target {
        Some(most) => println!("{:>11}{}", format!("<= {most}"), if met { "" } else { "  MISSED" }),
        None => println!(),
    }
    met
}
