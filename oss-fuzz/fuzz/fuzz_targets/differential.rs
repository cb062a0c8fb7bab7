//! A seed → a module that does the same in every tier and metering mode.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prova_testing::differential::check;
use prova_testing::generate::Generator;

fuzz_target!(|input: (u64, u64, bool)| {
    let (seed, index, biased) = input;
    let generator = if biased { Generator::Biased } else { Generator::Smith };
    if let Err(disagreement) = check(&generator.case(seed, index, 4), index, None) {
        panic!("{disagreement:?}");
    }
});
