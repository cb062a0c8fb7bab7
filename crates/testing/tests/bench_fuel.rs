//! The programs written for `bench-fuel` run, and use the same fuel in every tier; none makes more
//! steps in the reference tier than its fuel buys.
//!
//! Green says nothing about time: neither units nor steps are measured here.

use prova_core::Tier;
use prova_testing::bounds::bench_fuel::{Ready, by_hand};

/// Enough for some turns of most programs.
const FUEL: u64 = 100_000;

#[test]
fn every_program_uses_the_same_fuel_in_every_tier() {
    let (mut failures, mut programs) = (String::new(), 0);
    for program in by_hand() {
        let used = [Tier::Reference, Tier::TAIL, Tier::MATCH].map(|tier| {
            Ready::new(tier, &program).and_then(|ready| ready.run(FUEL)).map(|used| used.units)
        });
        match &used {
            [Ok(a), Ok(b), Ok(c)] if a == b && b == c && *a > 0 => programs += 1,
            _ => failures.push_str(&format!("{}: {used:?}\n", program.name)),
        }
    }
    assert!(failures.is_empty() && programs > 95, "{programs}\n{failures}");
}
