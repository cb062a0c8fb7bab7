//! Seed → a module of structured functions in which locals are overwritten while they are on the
//! operand stack.
//!
//! `body` writes the bodies, this file the module around them: functions and a tag of the host,
//! small helpers that call nothing, the functions to be tested, memories, globals, tables, tags,
//! segments, and argument vectors.
//!
//! The shapes wanted are those of local preservation (`local.get … block, loop, if … local.set` of
//! the same local `… br_if, br_table`; a local overwritten before a throw and read after the
//! catch), which compilers almost never write and unbiased generators almost never reach. Every
//! function ends: loops count a local down, only helpers are called, and helpers call no one.

use super::body::{Body, Callee, MemoryShape, Shape, Signature};
use super::operators::Ty;
use super::{Call, Case, Rng, Types};
use prova_runtime::Cell;
use wasm_encoder::{
    ConstExpr, DataCountSection, DataSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, FunctionSection, GlobalSection, GlobalType, ImportSection, MemorySection,
    MemoryType, Module, RefType, TableSection, TableType, TagKind, TagSection, TagType,
};

/// The fuel of a call: more than any generated function needs.
pub const FUEL: u64 = 10_000_000;

/// The module of all imports. Its functions are, in the order of their indices, `mix` of type
/// `(i32, i64) → (i64, i32)`, sum and exclusive or; `apply` of type `(i32, funcref) → (i32)`, which
/// calls the reference; `raise` of type `(i32, i64) → ()`, which throws the `tag` with its
/// arguments where the lowest bits of the first are 01.
pub const HOST: &str = "host";

/// The names of the imported functions.
pub const HOST_FUNCS: [&str; 3] = ["mix", "apply", "raise"];

/// The name of the imported tag, of type `(i32, i64)`.
pub const HOST_TAG: &str = "tag";

/// The number of imported functions: the index of the first helper.
pub(super) const IMPORTED: u32 = HOST_FUNCS.len() as u32;

/// The index of `apply`.
pub(super) const APPLY: u32 = 1;

/// Helper functions.
pub(super) const HELPERS: u32 = 6;

/// Helpers of the type that [`Ty::Ref`] refers to, the first ones.
pub(super) const REF_HELPERS: u32 = 2;

/// Passive data that bodies use.
const DATA: &[u8] = b"prova\x00\x01\x7f\x80\xff\xfe data";

/// The elements of table 0: helper functions, with nulls between.
const TABLE_ELEMENTS: u32 = 8;

/// The table whose elements refer to functions of one type.
pub(super) const REF_TABLE: u32 = 2;

/// Its elements.
pub(super) const REF_TABLE_ELEMENTS: u32 = 4;

const REF_ELEMENT: RefType =
    RefType { nullable: true, heap_type: wasm_encoder::HeapType::Concrete(Ty::REF_TYPE) };

/// A module of about `funcs` functions, with calls of each.
pub fn case(rng: &mut Rng, funcs: usize) -> Case {
    with(rng, funcs, false)
}

/// The same, of a module whose functions work on structures, arrays and small integers too.
pub fn of_objects(rng: &mut Rng, funcs: usize) -> Case {
    with(rng, funcs, true)
}

fn with(rng: &mut Rng, funcs: usize, objects: bool) -> Case {
    let nan_free = rng.percent(35);
    let memories = memories(rng);
    let mut types = if objects { Types::with_objects() } else { Types::default() };
    let referred = Signature { params: vec![Ty::I32], results: vec![Ty::I32] };
    // The first type that is asked for is type 0 = `Ty::REF_TYPE`.
    types.index(&referred.params, &referred.results);
    let host = host();
    let mut shape = Shape {
        callees: Vec::new(),
        globals: vec![
            Ty::I32,
            Ty::I64,
            Ty::I32,
            Ty::F32,
            Ty::F64,
            Ty::V128,
            Ty::Func,
            Ty::Exn,
            Ty::Ref,
        ],
        memories,
        nan_free,
        table_elements: TABLE_ELEMENTS,
        tags: tags(rng),
        objects,
    };
    if objects {
        shape.globals.extend(Ty::OBJECTS);
    }
    let mut signatures = Vec::new();
    let mut bodies = Vec::new();
    for i in 0..HELPERS {
        let signature = if i < REF_HELPERS { referred.clone() } else { signature(rng, 3) };
        let small = rng.between(3, 10);
        bodies.push(Body::new(&shape, &mut types, rng, &signature).write(small));
        signatures.push(signature);
    }
    for (i, signature) in host.iter().chain(&signatures).enumerate() {
        shape.callees.push(Callee { func: i as u32, signature: signature.clone() });
    }
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

/// The signatures of [`HOST_FUNCS`].
fn host() -> [Signature; 3] {
    let signature = |params: &[Ty], results: &[Ty]| Signature {
        params: params.to_vec(),
        results: results.to_vec(),
    };
    [
        signature(&[Ty::I32, Ty::I64], &[Ty::I64, Ty::I32]),
        signature(&[Ty::I32, Ty::Func], &[Ty::I32]),
        signature(&[Ty::I32, Ty::I64], &[]),
    ]
}

/// The values of each tag: the imported one, one without values, and some with up to three.
fn tags(rng: &mut Rng) -> Vec<Vec<Ty>> {
    let mut tags = vec![vec![Ty::I32, Ty::I64], vec![]];
    for _ in 0..rng.between(1, 3) {
        let len = rng.between(1, 3);
        let ty = |rng: &mut Rng| match rng.below(10) {
            0..=3 => Ty::I32,
            4..=8 => *rng.pick(&Ty::NUMBERS),
            _ => *rng.pick(&Ty::REFERENCES),
        };
        tags.push((0..len).map(|_| ty(rng)).collect());
    }
    tags
}

/// Memory 0, and often a second one: a page, or a few hundred bytes; with 32-bit or 64-bit
/// addresses.
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
                Ty::Func | Ty::Exn | Ty::Ref | Ty::Any | Ty::Pair | Ty::Bytes => 0,
            });
        }
    }
    cells
}

/// Bits of a value that operators treat specially, small numbers most often.
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
        Ty::I32 | Ty::I64 | Ty::V128 | Ty::Func | Ty::Exn | Ty::Ref => *rng.pick(&I32),
        Ty::Any | Ty::Pair | Ty::Bytes => *rng.pick(&I32),
    }
}

fn encode(
    shape: &Shape,
    mut types: Types,
    signatures: &[Signature],
    bodies: Vec<Vec<u8>>,
) -> Vec<u8> {
    let mut imports = ImportSection::new();
    for (name, signature) in HOST_FUNCS.into_iter().zip(host()) {
        let ty = types.index(&signature.params, &signature.results);
        imports.import(HOST, name, EntityType::Function(ty));
    }
    let tags: Vec<TagType> = shape
        .tags
        .iter()
        .map(|params| TagType { kind: TagKind::Exception, func_type_idx: types.index(params, &[]) })
        .collect();
    imports.import(HOST, HOST_TAG, EntityType::Tag(tags[0]));
    let mut tag_section = TagSection::new();
    for &tag in &tags[1..] {
        tag_section.tag(tag);
    }
    let mut functions = FunctionSection::new();
    for signature in signatures {
        functions.function(types.index(&signature.params, &signature.results));
    }
    let mut exports = ExportSection::new();
    for i in HELPERS..signatures.len() as u32 {
        exports.export(&format!("f{}", i - HELPERS), ExportKind::Func, i + IMPORTED);
    }
    for i in 0..shape.globals.len() as u32 {
        exports.export(&format!("g{i}"), ExportKind::Global, i);
    }
    for i in 0..shape.memories.len() as u32 {
        exports.export(&format!("m{i}"), ExportKind::Memory, i);
    }
    let mut code = wasm_encoder::CodeSection::new();
    for body in &bodies {
        code.raw(body);
    }
    let mut data = DataSection::new();
    data.passive(DATA.iter().copied());
    let mut elements = ElementSection::new();
    let helpers: Vec<u32> = (IMPORTED..IMPORTED + HELPERS).collect();
    elements.active(Some(0), &ConstExpr::i32_const(0), Elements::Functions(helpers[..4].into()));
    elements.passive(Elements::Functions(helpers.into()));
    let RefType { heap_type, .. } = REF_ELEMENT;
    let referred = [
        ConstExpr::ref_func(IMPORTED),
        ConstExpr::ref_null(heap_type),
        ConstExpr::ref_func(IMPORTED + 1),
    ];
    let referred = Elements::Expressions(REF_ELEMENT, referred.to_vec().into());
    elements.active(Some(REF_TABLE), &ConstExpr::i32_const(0), referred);
    let mut module = Module::new();
    module
        .section(&types.section())
        .section(&imports)
        .section(&functions)
        .section(&tables(shape))
        .section(&memory_section(shape))
        .section(&tag_section)
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
    let all = [
        (u64::from(shape.table_elements), RefType::FUNCREF),
        (3, RefType::FUNCREF),
        (u64::from(REF_TABLE_ELEMENTS), REF_ELEMENT),
    ];
    for (minimum, element_type) in all {
        let maximum = Some(minimum + 2);
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
            Ty::Func | Ty::Exn | Ty::Ref | Ty::Any | Ty::Pair | Ty::Bytes => {
                ConstExpr::ref_null(ty.heap_type())
            }
        };
        globals.global(GlobalType { val_type: ty.encoder(), mutable: true, shared: false }, &init);
    }
    globals
}
