//! A seed → a module whose machine code does what the reference tier does.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prova_native::NativeCompiler;
use prova_testing::generate::Generator;
use prova_testing::native::compare;

fuzz_target!(|input: (u64, u64, u8)| {
    let (seed, index, which) = input;
    let generators = [Generator::Biased, Generator::Smith, Generator::Addresses];
    let case = generators[usize::from(which) % 3].case(seed, index, 4);
    if let Err(difference) = compare(&case, index, &NativeCompiler::new) {
        panic!("{difference}");
    }
});
