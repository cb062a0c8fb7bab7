//! Seed → a module from wasm-smith, with every proposal that the tiers execute, and calls of its
//! exports.
//!
//! Fuel bounds the loops, recursion and bulk operations of the cases. Their imports, functions,
//! globals, memories, tables and tags of any type, come from `host`.

use super::{Call, Case, Rng};
use arbitrary::Unstructured;
use prova_module::{ExternKind, Features, Limits, Module, ValType};
use wasm_smith::Config;

/// The fuel of a call.
pub const FUEL: u64 = 20_000;

/// Random bytes that a module is made of, and some more for each instruction that a body may have.
const BYTES: usize = 4096;

/// Random bytes for each instruction that a body may have.
const BYTES_OF_INSTRUCTION: usize = 16;

/// The greatest number of instructions of a body.
const INSTRUCTIONS_MAX: usize = 3_000;

/// A configuration within what the tiers execute; sizes and the rarer choices are random.
pub fn config(rng: &mut Rng) -> Config {
    Config {
        exceptions_enabled: rng.percent(60),
        gc_enabled: rng.percent(6),
        shared_everything_threads_enabled: false,
        compact_imports_enabled: false,
        // Threads bring shared memories too, which are off by default: many of these modules are
        // refused.
        threads_enabled: rng.percent(10),
        custom_page_sizes_enabled: rng.percent(40),
        memory64_enabled: rng.percent(40),
        canonicalize_nans: rng.percent(40),
        simd_enabled: rng.percent(70),
        allow_start_export: rng.percent(20),
        disallow_traps: rng.percent(30),
        export_everything: true,
        generate_custom_sections: rng.percent(10),
        max_imports: if rng.percent(60) { rng.between(1, 12) } else { 0 },
        max_instructions: match rng.below(10) {
            0 => rng.between(400, INSTRUCTIONS_MAX),
            _ => rng.between(20, 400),
        },
        max_funcs: 12,
        min_funcs: 1,
        max_memories: 3,
        max_tables: 3,
        max_memory32_bytes: 1 << 18,
        max_memory64_bytes: 1 << 18,
        max_table_elements: 1_000,
        max_data_segments: 6,
        max_element_segments: 6,
        max_elements: 20,
        ..Config::default()
    }
}

/// The same, of modules with types of objects.
fn of_objects(rng: &mut Rng) -> Config {
    Config {
        gc_enabled: true,
        threads_enabled: false,
        // A trap ends a call early, and most null references would.
        disallow_traps: rng.percent(70),
        max_imports: if rng.percent(10) { rng.between(1, 6) } else { 0 },
        max_types: rng.between(4, 40),
        ..config(rng)
    }
}

/// As [`case`], of a module with types of objects.
pub fn objects(rng: &mut Rng) -> Case {
    let config = of_objects(rng);
    case_of(rng, config)
}

/// The same, of a module that imports nothing.
pub fn objects_alone(rng: &mut Rng) -> Case {
    let config = Config { max_imports: 0, ..of_objects(rng) };
    case_of(rng, config)
}

/// A module, and two calls of each function that it exports.
pub fn case(rng: &mut Rng) -> Case {
    let config = config(rng);
    case_of(rng, config)
}

/// The same, of a module that imports nothing.
pub fn alone(rng: &mut Rng) -> Case {
    let config = Config { max_imports: 0, ..config(rng) };
    case_of(rng, config)
}

fn case_of(rng: &mut Rng, config: Config) -> Case {
    // Relaxed SIMD may make NaNs that wasm-smith's own canonicalisation does not see.
    let nan_free = config.canonicalize_nans && !config.simd_enabled;
    let more = config.max_instructions.saturating_sub(400) * BYTES_OF_INSTRUCTION;
    let wasm = module(config, &rng.bytes(BYTES + more));
    let calls = match Module::decode(&*wasm, &Features::default(), &Limits::default()) {
        Ok(module) => calls(rng, &module),
        Err(_) => Vec::new(),
    };
    Case { wasm, calls, nan_free, fuel: FUEL }
}

/// The bytes of a module; the empty module where wasm-smith makes none of these bytes.
pub fn module(config: Config, bytes: &[u8]) -> Vec<u8> {
    match wasm_smith::Module::new(config, &mut Unstructured::new(bytes)) {
        Ok(module) => module.to_bytes(),
        Err(_) => b"\0asm\x01\0\0\0".to_vec(),
    }
}

fn calls(rng: &mut Rng, module: &Module) -> Vec<Call> {
    let mut calls = Vec::new();
    for export in module.exports().iter().filter(|export| export.kind == ExternKind::Func) {
        let Some(func) = export.func() else { continue };
        for _ in 0..2 {
            let params = &module.func_type(func).params;
            let args = params.iter().flat_map(|ty| argument(rng, *ty)).collect();
            calls.push(Call { export: export.name.to_string(), args });
        }
    }
    calls
}

fn argument(rng: &mut Rng, ty: ValType) -> Vec<u64> {
    let bits = if rng.percent(60) { rng.below(70) as u64 } else { rng.bits() };
    match ty {
        ValType::I32 | ValType::F32 => vec![bits & 0xffff_ffff],
        ValType::I64 | ValType::F64 => vec![bits],
        ValType::V128 => vec![bits, rng.bits()],
        ValType::Ref(_) => vec![0],
    }
}
