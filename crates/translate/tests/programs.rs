//! Real programs: every function of the programs that the repository carries is translated under
//! each metering.
//!
//! The shape of each candidate is checked, and the share of instructions that only move values
//! stays below a bound, so that a loss of an optimisation is noticed. `PROVA_CORPUS=DIR` adds the
//! modules of `DIR/bin`. Green does not show that the code computes the right thing: that is for
//! the check of candidates and for running the programs.

use crate::support::translate_all;
use prova_bytecode::{Metering, Op, Settings, decode};
use prova_module::{Features, Limits, Module};
use prova_translate::Translator;
use std::path::{Path, PathBuf};

/// Moves in a hundred instructions; measured: 20 to 26.
const MOVES_PERCENT_MAX: usize = 30;

#[test]
fn programs_translate_to_well_shaped_code_with_few_moves() {
    let carried = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/bin");
    let more = std::env::var_os("PROVA_CORPUS").map(|corpus| Path::new(&corpus).join("bin"));
    let mut translator = Translator::new();
    let mut programs = 0;
    for path in [carried].iter().chain(&more).flat_map(|directory| wasm_files(directory)) {
        let bytes = std::fs::read(&path).expect("a readable program");
        let module = match Module::decode(bytes, &Features::default(), &Limits::default()) {
            Ok(module) => module,
            // The bigger collection has programs of proposals that no tier executes.
            Err(error) if error.is_unsupported() => {
                println!("{}: {error}", path.display());
                continue;
            }
            Err(error) => panic!("{}: {error}", path.display()),
        };
        for metering in Metering::ALL {
            let settings = Settings { metering, deterministic: metering.has_fuel() };
            let code = translate_all(&mut translator, &module, &settings);
            if metering == Metering::None {
                let (moves, all) = count(code.iter().map(|(candidate, _)| &candidate.words));
                println!("{}: {moves} moves of {all} instructions", path.display());
                assert!(moves * 100 < all * MOVES_PERCENT_MAX, "{}", path.display());
            }
        }
        programs += 1;
    }
    assert!(programs >= 3, "{programs} programs");
}

/// The modules of a directory, in the order of their names.
fn wasm_files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory of programs");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("a directory entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    paths.sort();
    paths
}

/// Copies and constants, and all instructions.
fn count<'c>(code: impl Iterator<Item = &'c Vec<u64>>) -> (usize, usize) {
    let (mut moves, mut all) = (0, 0);
    for words in code {
        let mut at = 0;
        while (at as usize) < words.len() {
            let inst = decode(words, at).expect("the code decodes");
            all += 1;
            moves += usize::from(matches!(
                inst.op,
                Op::Copy | Op::Copy2 | Op::CopyV128 | Op::Const32 | Op::Const64S32 | Op::Const64
            ));
            at = inst.next;
        }
    }
    (moves, all)
}
