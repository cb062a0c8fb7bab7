//! Wasm and settings → the layout of Wasmtime 48's compiled module: a second derivation, beside
//! the one for Prova's own runtime.
//!
//! - D1. The structures are those of [`offsets`], with as many elements as the module has.
//! - D2. A memory moves where its type may grow beyond what is reserved for it and the settings
//!   allow that; a table moves unless its length is fixed. (Wasmtime's `memory_may_move`; its
//!   tables are loaded anew unless they cannot grow.)
//! - D3. Bytes beyond a memory's length fault up to reservation and guard, for memories with 32-bit
//!   addresses whose reservation holds them whole.

use crate::artifact::{Artifact, BUILTIN, SymbolKind};
use crate::error::{Error, File};
use crate::module::Module;
use crate::offsets;
use crate::settings::Settings;
use prova_check::{
    Answer, Area, Argument, Base, Bases, Callee, Config, CpuLevel, Field, Holds, Hosted, Layout,
    Memory, MemoryShape, Metering, Parts, Structure, Structures, Table,
};
use sha2::{Digest, Sha256};

/// The layout that the code of a compiled module is checked under.
///
/// # Errors
///
/// If the Wasm or the settings have what the derivation does not know.
pub fn derive(artifact: &Artifact<'_>, wasm: &[u8]) -> Result<Layout, Error> {
    let settings = &artifact.settings;
    let unknown = |what: &str| Err(Error::compiled("the settings", what));
    if settings.winch_callable {
        return unknown("code of the baseline compiler has no rule");
    }
    if !settings.table_lazy_init {
        return unknown("tables that are initialised at once have no rule");
    }
    if !settings.signals_based_traps {
        return unknown("code without signals has no rule");
    }
    let module = Module::read(wasm)?;
    let (mut text, mut hosted) = (Vec::new(), Vec::new());
    for symbol in &artifact.symbols {
        match symbol.kind {
            SymbolKind::Func(func) => text.push((symbol.start, Callee::Func(func))),
            SymbolKind::Builtin => {
                let name = symbol.name.strip_prefix(BUILTIN).unwrap_or_default();
                if let Some(rule) = builtin(name, &module) {
                    let n = u32::try_from(hosted.len()).unwrap_or(u32::MAX);
                    text.push((symbol.start, Callee::Builtin(n)));
                    hosted.push(rule);
                }
            }
            SymbolKind::Other => {}
        }
    }
    let digest: [u8; 32] = Sha256::digest(wasm).into();
    let memories: Vec<Memory> =
        module.memories.iter().map(|memory| memory_of(memory, settings)).collect();
    let of = |table: &crate::module::TableType| Table {
        ty: table.ty,
        min: table.min,
        max: table.max,
        moves: table.min != table.max,
    };
    let parts = Parts {
        module: digest,
        digest: layout_digest(settings, &digest),
        config: config(settings),
        structures: structures(&module),
        tables: module.tables.iter().map(of).collect(),
        types: module.types,
        funcs: module.funcs,
        imported_funcs: module.imported_funcs,
        memories,
        globals: module.globals,
        text,
        hosted,
    };
    Layout::assemble(parts).map_err(|error| Error {
        of: File::Wasm,
        at: "types".to_owned(),
        what: error.what.to_owned(),
    })
}

/// The arguments that a builtin believes in (source: `wasmtime-environ` 48.0.8, module `builtin`,
/// and the functions of `wasmtime` 48.0.8, module `vm::libcalls`).
fn builtin(name: &str, module: &Module) -> Option<Hosted> {
    use Argument::{Bytes, Index, Number};
    // Memories are counted from the first one that is not imported.
    let owned = count(&module.memories).saturating_sub(module.imported_memories);
    let tables = count(&module.tables);
    let (arguments, answer): (&[Argument], Answer) = match name {
        "memory_grow" => (&[Number, Index(owned)], Answer::Number),
        "memory_copy" => (&[Bytes(2), Bytes(2), Number], Answer::Number),
        "memory_fill" => (&[Bytes(2), Number, Number], Answer::Number),
        "table_get_lazy_init_func_ref" => (&[Index(tables), Number], Answer::Function),
        "out_of_gas" | "new_epoch" => (&[], Answer::Number),
        // Their arguments lie in vector registers.
        "ceil_f32" | "ceil_f64" | "floor_f32" | "floor_f64" | "trunc_f32" | "trunc_f64"
        | "nearest_f32" | "nearest_f64" | "i8x16_swizzle" | "i8x16_shuffle" | "fma_f32x4"
        | "fma_f64x2" => (&[], Answer::Number),
        _ => return None,
    };
    Some(Hosted { arguments: arguments.to_vec(), answer })
}

fn config(settings: &Settings) -> Config {
    Config {
        memory: MemoryShape::Guard {
            reservation_bytes: settings.memory_reservation,
            guard_bytes: settings.memory_guard_size,
        },
        metering: Metering::default(),
        cpu: if settings.is_v3 { CpuLevel::V3 } else { CpuLevel::V2 },
        signals: settings.signals_based_traps,
        bases: Bases::Fixed,
    }
}

/// D2 and D3.
fn memory_of(memory: &crate::module::MemoryType, settings: &Settings) -> Memory {
    let reserved = settings.memory_reservation;
    let moves = settings.memory_may_move && !memory.is_fixed && memory.max_bytes > reserved;
    let zone = reserved.saturating_add(settings.memory_guard_size);
    let whole = memory.is_plain && reserved >= 1 << 32;
    Memory {
        min_bytes: memory.min_bytes,
        max_bytes: memory.max_bytes,
        zone_bytes: if whole { zone } else { 0 },
        moves,
    }
}

fn layout_digest(settings: &Settings, module: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"wasmtime layout 1\0");
    hash.update(format!("{settings:?}"));
    hash.update(module);
    hash.finalize().into()
}

/// D1.
fn structures(module: &Module) -> Structures {
    let word = |at, holds| (at, 8, holds);
    let definition = |base, length| Structure::of(&[word(0, base), word(8, length)]);
    Structures {
        context: context(module),
        store: Structure::of(&[
            word(offsets::STORE_FUEL, Holds::Counter),
            word(offsets::STORE_DEADLINE, Holds::Number),
            word(offsets::STORE_LIMIT, Holds::StackLimit),
        ]),
        epoch: Structure::of(&[word(0, Holds::Epoch)]),
        types: Structure::new(vec![Area {
            at: 0,
            stride: 4,
            count: count(&module.types),
            first: 0,
            fields: vec![Field { at: 0, bytes: 4, holds: Holds::TypeId }],
        }]),
        memory: definition(Holds::MemoryBase, Holds::MemoryLength),
        table: definition(Holds::TableBase, Holds::TableLength),
        func: Structure::of(&[
            word(offsets::FUNC_CODE, Holds::Code),
            (offsets::FUNC_TYPE, 4, Holds::Type),
            word(offsets::FUNC_CONTEXT, Holds::Context),
        ]),
        // Nothing is read of another context, and builtins are called through code of the file.
        other: Structure::default(),
        builtins: Structure::default(),
    }
}

/// `VMContext`: fixed fields, then areas one behind the other.
fn context(module: &Module) -> Structure {
    let field = |at, bytes, holds| Field { at, bytes, holds };
    let mut areas = Vec::new();
    let fixed = [
        (offsets::STORE, Holds::Pointer(Base::Store)),
        (offsets::EPOCH, Holds::Pointer(Base::Epoch)),
        (offsets::TYPES, Holds::Pointer(Base::Types)),
    ];
    for (at, holds) in fixed {
        let fields = vec![field(0, 8, holds)];
        areas.push(Area { at: at.into(), stride: 8, count: 1, first: 0, fields });
    }
    let defined = |all: u32, imported: u32| all.saturating_sub(imported);
    let (memories, tables) = (count(&module.memories), count(&module.tables));
    let owned = defined(memories, module.imported_memories);
    let definition = |base, length| vec![field(0, 8, base), field(8, 8, length)];
    let mut at = u64::from(offsets::FIRST);
    let mut area = |stride: u32, count: u32, first: u32, fields: Vec<Field>| {
        if count > 0 && !fields.is_empty() {
            areas.push(Area { at, stride, count, first, fields });
        }
        at += u64::from(stride) * u64::from(count);
    };
    let record = |holds| vec![field(0, 8, holds)];
    area(offsets::MEMORY_IMPORT, module.imported_memories, 0, record(Holds::MemoryRecord));
    area(offsets::MEMORY_POINTER, owned, module.imported_memories, record(Holds::MemoryRecord));
    let of_memory = definition(Holds::MemoryBase, Holds::MemoryLength);
    area(offsets::DEFINITION, owned, module.imported_memories, of_memory);
    let of_func = vec![
        field(offsets::FUNC_CODE, 8, Holds::Code),
        field(offsets::FUNC_TYPE, 4, Holds::Type),
        field(offsets::FUNC_CONTEXT, 8, Holds::Context),
    ];
    area(offsets::FUNC, module.imported_funcs, 0, of_func);
    area(offsets::TABLE_IMPORT, module.imported_tables, 0, record(Holds::TableRecord));
    area(offsets::GLOBAL_IMPORT, module.imported_globals, 0, record(Holds::GlobalRecord));
    area(offsets::TAG_IMPORT, module.imported_tags, 0, Vec::new());
    let of_table = definition(Holds::TableBase, Holds::TableLength);
    let own_tables = defined(tables, module.imported_tables);
    area(offsets::DEFINITION, own_tables, module.imported_tables, of_table);
    // Globals are aligned to their size.
    let unaligned = u32::try_from(at % u64::from(offsets::GLOBAL)).unwrap_or(0);
    let padding = (offsets::GLOBAL - unaligned) % offsets::GLOBAL;
    let mut area = |stride: u32, count: u32, first: u32, fields: Vec<Field>| {
        let begins = at + u64::from(padding);
        if count > 0 {
            areas.push(Area { at: begins, stride, count, first, fields });
        }
    };
    let own_globals = defined(count(&module.globals), module.imported_globals);
    let cell = vec![field(0, 0, Holds::Global)];
    area(offsets::GLOBAL, own_globals, module.imported_globals, cell);
    Structure::new(areas)
}

fn count<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}
