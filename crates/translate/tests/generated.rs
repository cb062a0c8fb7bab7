//! Generated modules with every operator of the default features: each function translates under
//! each metering, and the check accepts the candidate.
//!
//! A green run does not show that the code computes the right thing. It shows that its structure
//! holds for every valid module: no operator is forgotten, nothing panics, no slot is read before
//! it is written.

use crate::support::translate_all;
use arbtest::arbitrary::Unstructured;
use prova_bytecode::{Metering, Settings};
use prova_module::{Features, Limits, Module};
use prova_translate::Translator;
use std::cell::Cell;
use wasm_smith::{Config, Module as Generated};

fn config() -> Config {
    Config {
        simd_enabled: true,
        relaxed_simd_enabled: true,
        multi_value_enabled: true,
        reference_types_enabled: true,
        bulk_memory_enabled: true,
        tail_call_enabled: true,
        memory64_enabled: true,
        wide_arithmetic_enabled: true,
        extended_const_enabled: true,
        threads_enabled: false,
        exceptions_enabled: true,
        gc_enabled: false,
        shared_everything_threads_enabled: false,
        custom_page_sizes_enabled: false,
        compact_imports_enabled: false,
        max_memories: 2,
        max_tables: 2,
        min_funcs: 1,
        max_instructions: 500,
        ..Config::default()
    }
}

#[test]
fn generated_modules_translate_and_pass_the_check() {
    let (functions, words) = (Cell::new(0), Cell::new(0));
    arbtest::arbtest(|u: &mut Unstructured<'_>| {
        let bytes = Generated::new(config(), u)?.to_bytes();
        let module = Module::decode(bytes, &Features::default(), &Limits::default())
            .unwrap_or_else(|error| panic!("{error}"));
        let mut translator = Translator::new();
        for metering in Metering::ALL {
            let settings = Settings { metering, deterministic: metering == Metering::None };
            let code = translate_all(&mut translator, &module, &settings);
            functions.set(functions.get() + code.len());
            words.set(words.get() + code.iter().map(|(c, _)| c.words.len()).sum::<usize>());
        }
        Ok(())
    })
    .budget_ms(2_000)
    .size_min(1 << 10)
    .size_max(1 << 16);
    println!("{} functions, {} words", functions.get(), words.get());
    assert!(functions.get() > 50 && words.get() > 1000);
}
