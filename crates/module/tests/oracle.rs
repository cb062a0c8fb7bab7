//! Facts of generated functions against an oracle that computes them by other means.
//!
//! Green shows agreement of two implementations on random valid modules, from which the generator
//! leaves out nothing that the default features allow but exotic sizes. Both read wasmparser's
//! stack, so a fault of its validator would pass.

use crate::common::oracle;
use arbtest::arbitrary::Unstructured;
use prova_module::{Features, Limits, Module};
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
        threads_enabled: false,
        wide_arithmetic_enabled: true,
        extended_const_enabled: true,
        exceptions_enabled: true,
        gc_enabled: false,
        shared_everything_threads_enabled: false,
        custom_page_sizes_enabled: false,
        compact_imports_enabled: false,
        max_memories: 2,
        max_tables: 2,
        min_funcs: 1,
        max_instructions: 300,
        ..Config::default()
    }
}

#[test]
fn generated_modules_have_the_oracles_facts() {
    let (modules, blocks, segments) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let (locals, operands) = (Cell::new(0), Cell::new(0));
    arbtest::arbtest(|u: &mut Unstructured<'_>| {
        let bytes = Generated::new(config(), u)?.to_bytes();
        let module = Module::decode(bytes, &Features::default(), &Limits::default())
            .unwrap_or_else(|error| panic!("{error}"));
        let compared = oracle::check(&module);
        modules.set(modules.get() + 1);
        blocks.set(blocks.get() + compared.blocks);
        segments.set(segments.get() + compared.segments);
        locals.set(locals.get() + compared.root_locals);
        operands.set(operands.get() + compared.root_operands);
        Ok(())
    })
    .budget_ms(2_000)
    .size_min(1 << 10)
    .size_max(1 << 16);
    let (modules, blocks, segments) = (modules.get(), blocks.get(), segments.get());
    println!("{modules} modules, {blocks} blocks, {segments} segments");
    assert!(modules > 5 && blocks > 100 && segments > 100, "{modules} {blocks} {segments}");
    let (locals, operands) = (locals.get(), operands.get());
    println!("references to exceptions: {locals} locals, {operands} operands at calls and throws");
}
