//! Bytes → decoded, validated, translated and proved, or refused: I1 and I2 of
//! `prova_testing::bad_input`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prova_testing::bad_input::{answer, settings};

fuzz_target!(|bytes: &[u8]| {
    let index = bytes.last().copied().unwrap_or(0);
    if let Err(complaint) = answer(bytes, settings(index.into())) {
        panic!("{complaint}");
    }
});
