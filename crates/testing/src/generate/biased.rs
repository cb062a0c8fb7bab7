//! Seed → a module of structured functions in which locals are overwritten while they are on the operand stack.
//!
//! Neighbours: `body` writes the bodies; this file the module around them: a host function, small helpers that call
//! nothing, the functions to be tested, memories, globals, tables, segments, and argument vectors.
//!
//! The shapes wanted are those of local preservation (`local.get … block, loop, if … local.set` of the same local
//! `… br_if, br_table`), which compilers almost never write and unbiased generators almost never reach. Every function
//! ends: loops count a local down, only helpers are called, and helpers call no one.

use super::body::{Body, Callee, MemoryShape, Shape, Signature};
use super::operators::Ty;
use super::{Call, Case, Rng, Types};
use prova_runtime::Cell;
use wasm_encoder::{
    ConstExpr, DataCountSection, DataSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, FunctionSection, GlobalSection, GlobalType, ImportSection, MemorySection,
    MemoryType, Module, RefType, TableSection, TableType,
};

/// The fuel of a call: more than any generated function needs.
pub const FUEL: u64 = 10_000_000;

/// The module and name of the one import, and its type: `(i32, i64) → (i64, i32)`, sum and exclusive or.
pub const HOST: (&str, &str) = ("host", "mix");

/// Passive data that bodies use.
const DATA: &[u8] = b"prova\x00\x01\x7f\x80\xff\xfe data";

/// The elements of table 0: helper functions, with nulls between.
const TABLE_ELEMENTS: u32 = 8;

/// A module of about `funcs` functions, with calls of each.
pub fn case(rng: &mut Rng, funcs: usize) -> Case {
    let nan_free = rng.percent(35);
    let memories = memories(rng);
    let mut types = Types::default();
    let host = Signature { params: vec![Ty::I32, Ty::I64], results: vec![Ty::I64, Ty::I32] };
    let mut shape = Shape {
        callees: vec![Callee { func: 0, signature: host }],
        globals: vec![Ty::I32, Ty::I64, Ty::I32, Ty::F32, Ty::F64, Ty::V128],
        memories,
        nan_free,
        table_elements: TABLE_ELEMENTS,
        helpers: 0,
    };
    let mut signatures = Vec::new();
    let mut bodies = Vec::new();
    let helpers = 6;
    for _ in 0..helpers {
        let signature = signature(rng, 3);
        let small = rng.between(3, 10);
        let leaf = Shape { callees: Vec::new(), ..shape.clone() };
        bodies.push(Body::new(&leaf, &mut types, rng, &signature).write(small));
        signatures.push(signature);
    }
    for (i, signature) in signatures.iter().enumerate() {
        shape.callees.push(Callee { func: 1 + i as u32, signature: signature.clone() });
    }
    shape.helpers = helpers;
    let mut calls = Vec::new();
    for i in 0..funcs {
        let signature = signature(rng, 5);
        let size = if rng.percent(70) { rng.between(4, 24) } else { rng.between(24, 90) };
        bodies.push(Body::new(&shape, &mut types, rng, &signature).write(size));
        for _ in 0..3 {
            calls.push(Call { export: format!("f{i}"), args: arguments(rng, &signature.params) });
        }
        signatures.push(signature);
    }
    Case { wasm: encode(&shape, types, &signatures, bodies), calls, nan_free, fuel: FUEL }
}

/// Memory 0, and often a second one: a page, or a few hundred bytes; with 32-bit or 64-bit addresses.
fn memories(rng: &mut Rng) -> Vec<MemoryShape> {
    let count = rng.between(1, 2);
    let shape = |rng: &mut Rng| MemoryShape {
        memory64: rng.percent(20),
        bytes: if rng.percent(50) { 1 << 16 } else { rng.between(16, 400) as u64 },
    };
    (0..count).map(|_| shape(rng)).collect()
}

/// Up to `params` parameters and up to three results, of at most three types.
fn signature(rng: &mut Rng, params: usize) -> Signature {
    let palette: Vec<Ty> =
        (0..3).map(|_| if rng.percent(45) { Ty::I32 } else { *rng.pick(&Ty::NUMBERS) }).collect();
    let list = |rng: &mut Rng, n: usize| (0..n).map(|_| *rng.pick(&palette)).collect();
    let params = rng.between(0, params);
    let results = rng.weighted(&[10, 45, 30, 15]);
    Signature { params: list(rng, params), results: list(rng, results) }
}

/// Values at the edges, and some from anywhere.
fn arguments(rng: &mut Rng, params: &[Ty]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for ty in params {
        for _ in 0..ty.cells() {
            let bits = interesting(rng, *ty);
            cells.push(match ty {
                Ty::I32 | Ty::F32 => bits & 0xffff_ffff,
                Ty::I64 | Ty::F64 | Ty::V128 => bits,
                Ty::Func => 0,
            });
        }
    }
    cells
}

/// Bits of a value that operators treat in a way of its own, small numbers most often.
pub(super) fn interesting(rng: &mut Rng, ty: Ty) -> u64 {
    const I32: [u64; 12] =
        [0, 1, 2, 3, 7, 31, 32, 255, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 65_535];
    const I64: [u64; 6] = [0, 1, 63, u64::MAX, 1 << 63, (1 << 63) - 1];
    const F32: [f32; 8] =
        [0.0, -0.0, 1.0, -1.5, f32::INFINITY, f32::MAX, f32::MIN_POSITIVE, 2_147_483_648.0];
    const F64: [f64; 8] =
        [0.0, -0.0, 1.0, -1.5, f64::NEG_INFINITY, 1e308, 4_294_967_295.5, -9.3e18];
    match ty {
        _ if rng.percent(15) => rng.bits(),
        Ty::F32 if rng.percent(80) => u64::from(rng.pick(&F32).to_bits()),
        Ty::F64 if rng.percent(80) => rng.pick(&F64).to_bits(),
        Ty::F32 => 0x7fa0_0000,
        Ty::F64 => 0xfff4_0000_0000_0001,
        Ty::I64 | Ty::V128 if rng.percent(40) => *rng.pick(&I64),
        Ty::I32 | Ty::I64 | Ty::V128 | Ty::Func => *rng.pick(&I32),
    }
}

fn encode(
    shape: &Shape,
    mut types: Types,
    signatures: &[Signature],
    bodies: Vec<Vec<u8>>,
) -> Vec<u8> {
    let mut imports = ImportSection::new();
    let host = &shape.callees[0].signature;
    imports.import(HOST.0, HOST.1, EntityType::Function(types.index(&host.params, &host.results)));
    let mut functions = FunctionSection::new();
    for signature in signatures {
        functions.function(types.index(&signature.params, &signature.results));
    }
    let mut exports = ExportSection::new();
    for i in shape.helpers..signatures.len() as u32 {
        exports.export(&format!("f{}", i - shape.helpers), ExportKind::Func, i + 1);
    }
    for i in 0..shape.globals.len() as u32 {
        exports.export(&format!("g{i}"), ExportKind::Global, i);
    }
    let mut code = wasm_encoder::CodeSection::new();
    for body in &bodies {
        code.raw(body);
    }
    let mut data = DataSection::new();
    data.passive(DATA.iter().copied());
    let mut elements = ElementSection::new();
    let helpers: Vec<u32> = (1..=shape.helpers).collect();
    elements.active(Some(0), &ConstExpr::i32_const(0), Elements::Functions(helpers[..4].into()));
    elements.passive(Elements::Functions(helpers.into()));
    let mut module = Module::new();
    module
        .section(&types.section())
        .section(&imports)
        .section(&functions)
        .section(&tables(shape))
        .section(&memory_section(shape))
        .section(&globals(shape))
        .section(&exports)
        .section(&elements)
        .section(&DataCountSection { count: 1 })
        .section(&code)
        .section(&data);
    module.finish()
}

fn tables(shape: &Shape) -> TableSection {
    let mut tables = TableSection::new();
    for minimum in [u64::from(shape.table_elements), 3] {
        let maximum = Some(minimum + 2);
        let element_type = RefType::FUNCREF;
        tables.table(TableType { element_type, table64: false, minimum, maximum, shared: false });
    }
    tables
}

fn memory_section(shape: &Shape) -> MemorySection {
    let mut memories = MemorySection::new();
    for memory in &shape.memories {
        let custom = memory.bytes != 1 << 16;
        let minimum = if custom { memory.bytes } else { 1 };
        memories.memory(MemoryType {
            minimum,
            maximum: Some(minimum + 1),
            memory64: memory.memory64,
            shared: false,
            page_size_log2: custom.then_some(0),
        });
    }
    memories
}

fn globals(shape: &Shape) -> GlobalSection {
    let mut globals = GlobalSection::new();
    for ty in &shape.globals {
        let init = match ty {
            Ty::I32 => ConstExpr::i32_const(11),
            Ty::I64 => ConstExpr::i64_const(-12),
            Ty::F32 => ConstExpr::f32_const(1.25_f32.into()),
            Ty::F64 => ConstExpr::f64_const((-2.5_f64).into()),
            Ty::V128 => ConstExpr::v128_const(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10),
            Ty::Func => ConstExpr::ref_null(wasm_encoder::HeapType::FUNC),
        };
        globals.global(GlobalType { val_type: ty.encoder(), mutable: true, shared: false }, &init);
    }
    globals
}
