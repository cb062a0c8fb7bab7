//! Seed and number → a damaged module: a valid one after truncation, flipped bytes, moved sections.
//!
//! `generate` makes the modules that are damaged, and wasm-mutate changes some of them in ways that
//! stay valid. One module serves [`MUTANTS`] numbers in a row.

use crate::generate::{Rng, biased, smith};
use std::panic::catch_unwind;
use std::path::PathBuf;
use wasm_mutate::WasmMutate;
use wasm_smith::Config;

/// Inputs made of one module.
pub const MUTANTS: u64 = 16;

/// Bytes of a real program that is damaged, at most: greater ones would take the campaign's time.
const PROGRAM_BYTES_MAX: u64 = 400_000;

/// Makes inputs in the order of their numbers, keeping the module that it damages.
#[derive(Debug, Default)]
pub struct Mutants {
    base: Option<(u64, Vec<u8>)>,
}

impl Mutants {
    /// Input `index` of the campaign with this seed.
    pub fn input(&mut self, seed: u64, index: u64) -> Vec<u8> {
        let number = index / MUTANTS;
        if self.base.as_ref().is_none_or(|base| base.0 != number) {
            self.base = Some((number, base(&mut Rng::of(seed, number))));
        }
        let module = self.base.as_ref().map_or(&[][..], |base| &base.1);
        mutant(&mut Rng::of(!seed, index), module)
    }
}

/// A valid module: a biased one, one of wasm-smith with all that tiers execute, or one with all
/// proposals that there are; rarely a real program.
fn base(rng: &mut Rng) -> Vec<u8> {
    if rng.percent(2)
        && let Some(program) = program(rng)
    {
        return program;
    }
    match rng.below(4) {
        0 => {
            let funcs = rng.between(1, 8);
            biased::case(rng, funcs).wasm
        }
        1 | 2 => {
            let config = smith::config(rng);
            let config = Config { generate_custom_sections: true, max_imports: 10, ..config };
            smith::module(config, &rng.bytes(3_000))
        }
        _ => smith::module(Config::default(), &rng.bytes(3_000)),
    }
}

/// One of the smaller programs that the repository carries, where it is there.
fn program(rng: &mut Rng) -> Option<Vec<u8>> {
    let files = std::fs::read_dir(crate::root().join("programs/bin")).ok()?;
    let small = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "wasm")
            && path.metadata().is_ok_and(|file| file.len() <= PROGRAM_BYTES_MAX)
    };
    let mut paths: Vec<PathBuf> = files.flatten().map(|file| file.path()).filter(small).collect();
    // A folder has no order.
    paths.sort();
    if paths.is_empty() { None } else { std::fs::read(rng.pick(&paths)).ok() }
}

/// The module, damaged in one to four ways.
fn mutant(rng: &mut Rng, module: &[u8]) -> Vec<u8> {
    let mut bytes = module.to_vec();
    if rng.percent(15) {
        bytes = changed(rng, &bytes);
    }
    if rng.percent(5) {
        return bytes;
    }
    for _ in 0..rng.between(1, 4) {
        damage(rng, &mut bytes);
    }
    bytes
}

/// The module as wasm-mutate changes it; itself where wasm-mutate fails.
fn changed(rng: &mut Rng, module: &[u8]) -> Vec<u8> {
    let seed = rng.bits();
    // wasm-mutate may panic on what it does not expect; that is no fault of ours.
    let outcome = catch_unwind(|| {
        let mut mutate = WasmMutate::default();
        mutate.seed(seed).fuel(200);
        let first = mutate.run(module).ok()?.next();
        first?.ok()
    });
    outcome.ok().flatten().unwrap_or_else(|| module.to_vec())
}

fn damage(rng: &mut Rng, bytes: &mut Vec<u8>) {
    if bytes.len() < 10 {
        bytes.extend_from_slice(&rng.bytes(10));
        return;
    }
    // Behind the magic number and version, mostly.
    let low = if rng.percent(98) { 8 } else { 0 };
    let at = rng.between(low, bytes.len() - 1);
    let len = rng.between(1, 16).min(bytes.len() - at);
    match rng.below(9) {
        0 => bytes.truncate(at),
        1 | 2 => bytes[at] = rng.bits() as u8,
        3 => bytes[at] ^= 1 << rng.below(8),
        4 => drop(bytes.drain(at..at + len)),
        5 => {
            let again = bytes[at..at + len].to_vec();
            bytes.splice(at..at, again);
        }
        6 => {
            // A number becomes a great one.
            let great = [0xff, 0xff, 0xff, 0xff, 0x0f];
            bytes.splice(at..=at, great);
        }
        7 => {
            let from = rng.between(8.min(bytes.len() - 1), bytes.len() - 1);
            let moved = bytes[from..bytes.len().min(from + len)].to_vec();
            bytes.splice(at..at, moved);
        }
        _ => {
            let random = rng.bytes(len);
            bytes[at..at + len].copy_from_slice(&random);
        }
    }
}
