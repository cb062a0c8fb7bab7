//! The Wasm → what Wasmtime's front end makes of it, before any code is compiled.
//!
//! The steps are those of `wasmtime` 48.0.8 (module `compile`: `build_module_artifacts`,
//! `prepare_translation`), in their order, since types are interned on the way.
//!
//! Limits: a Wasm file has at most [`WASM_BYTES_MAX`]; memory images twice the bytes of the Wasm
//! and [`IMAGE_BYTES_MAX`]; tables that are built at once [`TABLE_ELEMENTS_MAX`].

use crate::engine::Engine;
use crate::error::{Error, WASM};
use prova_wasmtime_layout::Counts;
use std::collections::BTreeMap;
use wasmtime_environ::wasmparser::{FuncValidatorAllocations, Parser, Validator};
use wasmtime_environ::{
    ConstOp, EntityRef, FilePos, MemoryInit, ModuleEnvironment, ModuleTranslation,
    ModuleTypesBuilder, StaticModuleIndex, Tunables,
};

/// Bytes of a Wasm file at most.
pub const WASM_BYTES_MAX: usize = 1 << 30;
/// Bytes of all memory images of a module at most, beyond twice the bytes of the Wasm.
pub const IMAGE_BYTES_MAX: u64 = 64 << 20;
/// Elements of all tables of a module at most, of those that are small enough to be built at once.
pub const TABLE_ELEMENTS_MAX: u64 = 1 << 24;

/// Bytes that images are aligned to on x86-64.
pub(crate) const PAGE: u64 = 0x1000;
/// `Config::memory_guaranteed_dense_image_size`, which no file names: Wasmtime's default, and two
/// that stand for all others. Of a module's memories, either all begin as images or none does;
/// those whose data fills half of an image always may.
pub(crate) const DENSE_IMAGE_BYTES: [u64; 3] = [16 << 20, 0, u64::MAX];
/// The largest table that Wasmtime builds at once.
const TABLE_BUILT_MAX: u64 = 1 << 20;

/// The translated module.
pub(crate) struct Translated<'a> {
    pub(crate) translation: ModuleTranslation<'a>,
    pub(crate) types: ModuleTypesBuilder,
    /// Where each function's body begins in the Wasm.
    pub(crate) bodies: Vec<FilePos>,
}

impl Translated<'_> {
    /// Numbers of fields of the context.
    pub(crate) fn counts(&self) -> Result<Counts, Error> {
        let module = &self.translation.module;
        let records = module.num_escaped_funcs + usize::from(!module.startup.is_none());
        let number = |n: usize| u32::try_from(n).map_err(|_| Error::new(WASM, "too long"));
        let segments = number(module.runtime_data.len())?;
        let (records, heap) = (number(records)?, module.needs_gc_heap);
        Ok(Counts { records, segments, heap, older: false })
    }
}

/// Translates and validates the Wasm. Images of fewer bytes than `dense` are made of sparse data.
pub(crate) fn translate<'a>(
    engine: &Engine,
    wasm: &'a [u8],
    dense: u64,
) -> Result<Translated<'a>, Error> {
    let wrong = |what: String| Error::new(WASM, what);
    if wasm.len() > WASM_BYTES_MAX {
        return Err(wrong("too long".to_owned()));
    }
    let tunables = &engine.tunables;
    let mut parser = Parser::new(0);
    let mut validator = Validator::new_with_features(engine.features);
    parser.set_features(engine.features);
    let mut types = ModuleTypesBuilder::new(&validator);
    let index = StaticModuleIndex::from_u32(0);
    let environment = ModuleEnvironment::new(tunables, &mut validator, &mut types, index);
    let mut translation =
        environment.translate(parser, wasm).map_err(|error| wrong(error.to_string()))?;
    bounded(&translation, tunables, (dense, wasm.len() as u64))?;
    translation.finalize_memory_init(tunables, PAGE, dense, &mut types);
    translation.finalize_table_init(tunables, &mut types);
    let functions = std::mem::take(&mut translation.function_body_inputs);
    let (mut bodies, mut allocations) = (Vec::new(), FuncValidatorAllocations::default());
    for (_, function) in functions {
        let at = function.body.get_binary_reader().original_position();
        let at = u32::try_from(at).map_err(|_| wrong("too long".to_owned()))?;
        bodies.push(FilePos::new(at));
        let mut validator = function.validator.into_validator(allocations);
        validator.validate(&function.body).map_err(|error| wrong(error.to_string()))?;
        allocations = validator.into_allocations();
    }
    Ok(Translated { translation, types, bodies })
}

/// The limits. An image reaches from the first byte of a memory that a segment with a constant
/// place writes to the last one, if it is dense or small; a table has its elements.
fn bounded(
    translation: &ModuleTranslation<'_>,
    tunables: &Tunables,
    (dense, wasm_bytes): (u64, u64),
) -> Result<(), Error> {
    let module = &translation.module;
    let mut images: BTreeMap<usize, (u64, u64, u64)> = BTreeMap::new();
    if let MemoryInit::Unprocessed(segments) = &translation.memory_init {
        for segment in segments.iter().filter(|segment| !segment.data.is_empty()) {
            let start = match *segment.offset.ops() {
                [ConstOp::I32Const(at)] => u64::from(at.cast_unsigned()),
                [ConstOp::I64Const(at)] => at.cast_unsigned(),
                _ => continue,
            };
            let bytes = segment.data.len() as u64;
            let image = images.entry(segment.memory_index.index()).or_insert((u64::MAX, 0, 0));
            image.0 = image.0.min(start);
            image.1 = image.1.max(start.saturating_add(bytes));
            image.2 = image.2.saturating_add(bytes);
        }
    }
    let built = images.values().map(|(start, end, data)| (end - start, data.saturating_mul(2)));
    let built = built.filter(|(extent, data)| extent < data || *extent < dense);
    let images = built.fold(0_u64, |all, (extent, _)| all.saturating_add(extent));
    if images > IMAGE_BYTES_MAX + wasm_bytes * 2 {
        return Err(Error::new(WASM, "memory images that are too large"));
    }
    let tables = module.tables.values().map(|table| table.limits.min);
    let elements: u64 = tables.filter(|elements| *elements <= TABLE_BUILT_MAX).sum();
    if tunables.table_lazy_init && elements > TABLE_ELEMENTS_MAX {
        return Err(Error::new(WASM, "tables that are too large"));
    }
    Ok(())
}
