//! Measures translation and its check: `cargo run --release -p prova-translate --example
//! translate_count facts|translate|check FILE` decodes the module with its facts, translates each
//! function, checks each candidate: each with what comes before it, once, on one thread, to be
//! counted under callgrind.
//!
//! `digest FILE` prints a hash of all facts, and of all candidates in each of the settings: what a
//! change that is to alter nothing leaves as it is.

use prova_bytecode::{CheckedBytecode, Metering, Settings};
use prova_module::{Features, Limits, Module};
use prova_translate::Translator;
use std::fmt::{Debug, Write};
use std::process::ExitCode;

/// FNV-1a of what is written.
struct Hash(u64);

impl Write for Hash {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
        Ok(())
    }
}

impl Hash {
    fn of(parts: impl Iterator<Item = impl Debug>) -> u64 {
        let mut hash = Hash(0xcbf2_9ce4_8422_2325);
        parts.for_each(|part| write!(hash, "{part:?};").expect("a hash takes everything"));
        hash.0
    }
}

fn digest(module: &Module) {
    println!("facts {:016x}", Hash::of(module.defined_funcs().map(|func| module.facts(func))));
    for metering in Metering::ALL {
        for deterministic in [false, true] {
            let settings = Settings { metering, deterministic };
            let mut translator = Translator::new();
            let candidates =
                module.defined_funcs().map(|func| translator.translate(module, func, &settings));
            println!("{metering:?} {deterministic} {:016x}", Hash::of(candidates));
        }
    }
}

/// Whether every function is translated, and its candidate accepted if it is checked.
fn translate(module: &Module, check: bool) -> bool {
    let (mut translator, settings) = (Translator::new(), Settings::default());
    module.defined_funcs().all(|func| {
        let candidate = translator.translate(module, func, &settings);
        candidate.is_ok_and(|candidate| {
            !check || CheckedBytecode::check(module, &settings, candidate).is_ok()
        })
    })
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [mode, file] = args.as_slice() else { return ExitCode::from(2) };
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            println!("{file}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let module = match Module::decode_with_facts(bytes, &Features::default(), &Limits::default()) {
        Ok(module) => module,
        Err(error) => {
            println!("{file}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let right = match mode.as_str() {
        "facts" => true,
        "translate" => translate(&module, false),
        "check" => translate(&module, true),
        "digest" => {
            digest(&module);
            true
        }
        _ => return ExitCode::from(2),
    };
    if right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
