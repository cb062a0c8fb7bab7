//! Faults planted where a loop goes on in machine code, each of which the short form of the
//! campaign of swaps must see.
//!
//! `RUSTFLAGS='--cfg prova_plant' cargo test --target-dir target/plants -p prova-testing --test
//! swap_plants` runs it; without the flag it has no tests. The first case that differs is printed.
//!
//! A green run does not show that a fault of the code itself is seen: these are of the way into it.

#![cfg(all(prova_plant, target_os = "linux", target_arch = "x86_64"))]

use prova_runtime::plant::{Plant, ROUNDS, plant};
use prova_testing::generate::Generator;
use prova_testing::native::campaign;

#[test]
fn every_fault_of_a_swap_is_seen() {
    let run = || campaign(Generator::Biased, 3, 0, 300, (12, true));
    for &fault in ROUNDS {
        plant(fault);
        let ran = run();
        plant(Plant::None);
        let seen = ran.expect_err("not seen");
        println!("{fault:?}: {}", seen.lines().next().unwrap_or_default());
    }
    let tally = run().expect("they agree");
    assert!(tally.entered > 50, "{tally:?}");
}
