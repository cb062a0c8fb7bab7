//! A fault planted in a rule of the check lets mutants of programs through, and the observer sees
//! them: the campaign of `kinds.rs` is no empty one. Not each fault shows so: with an end that
//! forgets the size of the access, the runs of the programs come to no place where it matters.
//! Distances of orders that are turned say less than they should at lengths less a constant, as
//! programs have them, so that honest code is refused; they say too much at a length and a
//! constant. Code by hand shows both (`certify/tests/hostile_cases.rs`).
//!
//! `RUSTFLAGS='--cfg prova_plant' cargo test --target-dir target/plants -p prova-native --test
//! kinds_plants` runs it; without the flag it has no tests.

#![cfg(all(prova_plant, target_os = "linux", target_arch = "x86_64"))]

#[path = "../../certify/tests/mutation/mod.rs"]
mod mutation;
#[allow(dead_code, reason = "each test uses a part")]
#[path = "../../certify/tests/observer/mod.rs"]
mod observer;
#[allow(dead_code, reason = "each test uses a part")]
mod ways;

use observer::Stage;
use observer::campaign::refuses;
use prova_check::plant::{Plant, plant};
use ways::{Judge, Quota, way};

#[test]
fn a_planted_fault_in_the_check_is_seen() {
    let (honest, part) = (10, (0, 1));
    let quota = Quota { sites: 60, of_function: 8, functions: 90, honest, runs: 24, seed: 1, part };
    let kinds = ["displacement + 8", "displacement - 8", "displacement - 128", "ja becomes jae"];
    let fault = Plant::AddressBelow;
    plant(fault);
    let some: Judge<'_> = &|program, subject, mutant| {
        !kinds.contains(&mutant.kind) || refuses(&program.layout, subject, mutant)
    };
    let (tally, _) = way(&mut Stage::new(), (1, &["coremark-rs-1.0.0.wasm"], quota), some);
    plant(Plant::None);
    println!("{fault:?}\n{tally}");
    assert!(!tally.broken.is_empty(), "{fault:?}: {tally}");
}
