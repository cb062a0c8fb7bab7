//! Bytes of modules and of their requests are changed at random, and what comes of it is counted.
//!
//! Cases are the modules of `tests/cases`, in turn; one byte to three of each are changed, most of
//! them in requests and program text. What is asked of each: no panic; the same bytes again from
//! two threads; no refusal that is a bug of ours; a reason with each refusal, and a place with each
//! that is about code.

use prova_module::{Features, Limits, Module};
use prova_specialize::{Assume, Fault, Options, specialize};
use std::collections::BTreeMap;

/// Marsaglia's generator of 64 bits (2003).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }
}

/// The counts of a campaign.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Changed modules that are valid.
    pub(crate) valid: usize,
    /// Those that were refused as a whole.
    pub(crate) modules_refused: usize,
    /// Functions that were made.
    pub(crate) made: usize,
    /// Requests that were refused, by whose fault it was.
    pub(crate) refused: BTreeMap<Fault, usize>,
}

/// Changes `cases` modules.
pub(crate) fn campaign(seed: u64, cases: usize) -> Counts {
    let texts = [
        include_str!("../cases/values.wat"),
        include_str!("../cases/loop.wat"),
        include_str!("../cases/sp.wat"),
        include_str!("../cases/text.wat"),
        include_str!("../cases/irreducible.wat"),
    ];
    let wasms = texts.map(|text| wat::parse_str(text).expect("a module"));
    let mut random = Random(seed | 1);
    let mut counts = Counts::default();
    for number in 0..cases {
        let wasm = changed(&mut random, &wasms[number % wasms.len()]);
        let decoded = Module::decode(wasm, &Features::default(), &Limits::default());
        let Ok(module) = decoded else { continue };
        counts.valid += 1;
        let assume = [Assume::Check, Assume::Trust, Assume::Nothing][random.below(3)];
        one(&module, assume, number, &mut counts);
    }
    counts
}

fn changed(random: &mut Random, wasm: &[u8]) -> Vec<u8> {
    let mut wasm = wasm.to_vec();
    // Requests and program text stand in the last third.
    let from = if random.below(3) == 0 { 8 } else { wasm.len() * 2 / 3 };
    for _ in 0..=random.below(3) {
        let at = from + random.below(wasm.len() - from);
        wasm[at] = match random.below(3) {
            0 => random.below(256) as u8,
            1 => wasm[at] ^ 1 << random.below(8),
            _ => random.below(8) as u8,
        };
    }
    wasm
}

fn one(module: &Module, assume: Assume, number: usize, counts: &mut Counts) {
    let options = |threads| Options { assume, threads, ..Options::default() };
    let Ok(outcome) = specialize(module, &options(1)) else {
        counts.modules_refused += 1;
        return;
    };
    if number.is_multiple_of(16) {
        let again = specialize(module, &options(2)).expect("it was made once");
        assert_eq!(again.module.bytes(), outcome.module.bytes(), "case {number}");
    }
    for (_, request, state) in &outcome.requests {
        let Err(why) = state else {
            counts.made += 1;
            continue;
        };
        assert_ne!(why.fault, Fault::Bug, "case {number}: {why}: {request:?}");
        let about_code = matches!(why.fault, Fault::Annotation) && !why.what.contains("not proved");
        assert!(!about_code || why.place.is_some(), "case {number}: {why}");
        assert!(!why.what.is_empty(), "case {number}");
        *counts.refused.entry(why.fault).or_default() += 1;
    }
}
