//! Wasm and settings → the layout of Wasmtime 48's compiled module: a second derivation, beside
//! the one for Prova's own runtime.
//!
//! - D1. The structures are those of [`offsets`], with as many elements as the module has.
//! - D2. A memory moves where its type may grow beyond what is reserved for it and the settings
//!   allow that; a table moves unless its length is fixed. (Wasmtime's `memory_may_move`; its
//!   tables are loaded anew unless they cannot grow.)
//! - D3. Bytes beyond a memory's length fault up to reservation and guard, for memories that do not
//!   move; for all memories, up to a guard behind it. Neither holds of memories with pages of one
//!   byte: what is behind their length is there up to the end of a page of the host's.
//! - D4. The heap for collected objects, which the store's words lead to, is one more memory behind
//!   those of the module, with other settings. A store has it as soon as it has an instance of
//!   a module that needs it; which one does, only the compiler knows. So the caller says it, after
//!   it found that the file says the same. What lies in the heap is nobody's secret and believed by
//!   nobody: the host takes it for what code may have written. But where it has no guard, or nobody
//!   handles faults, code keeps it (H7 of the check's `hosted`): no code of a store writes there
//!   but the values of its new objects. No function of such modules takes or gives a reference.
//! - D5. The compiler chooses which data segments the context has. So the caller says how many
//!   there are, after it found that the file says the same.
//! - D6. An import says of memory, table and tag who owns it, and which index it has there.

use crate::artifact::{Artifact, BUILTIN, SymbolKind};
use crate::builtins::{self, Heap, builtin, raise};
use crate::error::{Error, File};
use crate::module::{MemoryType, Module};
use crate::offsets;
use crate::patches::Patches;
use crate::settings::{Collector, Settings};
use prova_check::{
    Activation, Area, Base, Bases, CodeKind, Config, CpuLevel, FRAME_BYTES_MAX, Field, Holds,
    Hosted, Layout, Memory, MemoryShape, Metering, Parts, Structure, Structures, Table, Way,
};
use sha2::{Digest, Sha256};

/// Numbers of fields of the context, and whether there is a heap: Wasm and settings do not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Records of functions: those that are exported, imported or in a segment, and the start's.
    pub records: u32,
    /// Data segments: those that are not mapped into a memory, and images of memories.
    pub segments: u32,
    /// Whether stores of instances have a heap for collected objects.
    pub heap: bool,
    /// Whether the fields behind the tags lie as they do before 48.0.6 ([`Patches`]).
    pub older: bool,
}

/// The layout that the code of a compiled module is checked under; without counts it has no data
/// segments.
///
/// # Errors
///
/// If the Wasm or the settings have what the derivation does not know.
pub fn derive(
    artifact: &Artifact<'_>,
    wasm: &[u8],
    counts: Option<Counts>,
) -> Result<Layout, Error> {
    are_known(&artifact.settings)?;
    let module = Module::read(wasm)?;
    let (mut text, mut hosted) = (Vec::new(), Vec::new());
    keeps(&artifact.settings, &module)?;
    let heap = match counts.is_some_and(|counts| counts.heap) {
        true if is_kept(&artifact.settings) && artifact.settings.collector.is_some() => Heap::Kept,
        true if is_kept(&artifact.settings) => Heap::None,
        true => Heap::Any,
        false => Heap::None,
    };
    for symbol in &artifact.symbols {
        match symbol.kind {
            SymbolKind::Func(func) => text.push((symbol.start, CodeKind::Func(func))),
            SymbolKind::Way(way) => text.push((symbol.start, CodeKind::Way(way))),
            SymbolKind::Builtin => {
                let name = symbol.name.strip_prefix(BUILTIN).unwrap_or_default();
                if let Some(rule) = builtin(name, &module, heap) {
                    let n = u32::try_from(hosted.len()).unwrap_or(u32::MAX);
                    text.push((symbol.start, CodeKind::Way(Way::Builtin(n))));
                    hosted.push(rule);
                }
            }
            SymbolKind::Other => {}
        }
    }
    hosted.push(raise());
    let parts = parts_of(&artifact.settings, wasm, module, counts);
    Layout::assemble(Parts { text, hosted, ..parts }).map_err(|error| Error {
        of: File::Wasm,
        at: "types".to_owned(),
        what: error.what.to_owned(),
    })
}

/// The patch levels of Wasmtime 48 that have the newer structures of a module.
pub(crate) fn patches(wasm: &[u8], counts: Option<Counts>) -> Result<Patches, Error> {
    let module = Module::read(wasm)?;
    Ok(Patches::of(count(&module.tags).saturating_sub(module.imported_tags), counts))
}

/// The parts of the layout that no code has a say in, for who compares them with those of another
/// derivation.
///
/// # Errors
///
/// As of [`derive()`].
pub fn parts(settings: &Settings, wasm: &[u8], counts: Option<Counts>) -> Result<Parts, Error> {
    are_known(settings)?;
    let module = Module::read(wasm)?;
    keeps(settings, &module)?;
    Ok(parts_of(settings, wasm, module, counts))
}

/// The areas of the context (D1), as [`parts`] has them.
///
/// # Errors
///
/// If the Wasm has what the derivation does not know.
pub fn context_areas(wasm: &[u8], counts: Option<Counts>) -> Result<Vec<Area>, Error> {
    Ok(context(&Module::read(wasm)?, counts))
}

/// The arguments and the answer of the builtin of this name, as they are believed of a module with
/// a heap of collected objects; none if it has no rule.
///
/// # Errors
///
/// If the Wasm has what the derivation does not know.
pub fn hosted(name: &str, wasm: &[u8]) -> Result<Option<Hosted>, Error> {
    Ok(builtin(name, &Module::read(wasm)?, Heap::Any))
}

fn are_known(settings: &Settings) -> Result<(), Error> {
    let unknown = |what: &str| Err(Error::compiled("the settings", what));
    if settings.winch_callable {
        return unknown("code of the baseline compiler has no rule");
    }
    if !settings.table_lazy_init {
        return unknown("tables that are initialised at once have no rule");
    }
    Ok(())
}

/// Whether code must keep the heap (D4): what lies behind it does not fault, or nobody handles
/// that. Of the collectors that is for the one that counts references, which takes back as many
/// bytes as the heap says. The host takes a file that names none beside files of any collector.
fn is_kept(settings: &Settings) -> bool {
    let heap = memory_of(&HEAP, collected(settings));
    let guarded = settings.signals_based_traps && heap.zone_bytes >= 1 << 32;
    let counts = match settings.collector {
        None | Some(Collector::DeferredReferenceCounting) => true,
        Some(Collector::Null | Collector::Copying) => false,
    };
    counts && !guarded
}

/// D4: whether no function takes or gives references to exceptions, where code keeps the heap.
fn keeps(settings: &Settings, module: &Module) -> Result<(), Error> {
    if is_kept(settings) && module.has_exceptions() {
        return Err(Error::wasm(
            "types",
            "functions of references to exceptions, whose heap has no guard or no handler of faults",
        ));
    }
    Ok(())
}

/// Reservation and guard of the heap, and whether it may move.
fn collected(settings: &Settings) -> ((u64, u64), bool) {
    let bytes = (settings.gc_heap_reservation, settings.gc_heap_guard_size);
    (bytes, settings.gc_heap_may_move)
}

fn parts_of(settings: &Settings, wasm: &[u8], module: Module, counts: Option<Counts>) -> Parts {
    let digest: [u8; 32] = Sha256::digest(wasm).into();
    let of = |table: &crate::module::TableType| Table {
        ty: table.ty,
        min: table.min,
        max: table.max,
        moves: !table.is_fixed && table.min != table.max,
    };
    let linear = (settings.memory_reservation, settings.memory_guard_size);
    let linear = (linear, settings.memory_may_move);
    let collected = collected(settings);
    let heap = counts.is_some_and(|counts| counts.heap).then_some(&HEAP);
    let memories = module.memories.iter().map(|memory| memory_of(memory, linear));
    // A module that needs no heap must not name words of its frames as references into one either.
    let kept = is_kept(settings);
    Parts {
        module: digest,
        kept: kept.then(|| count(&module.memories)),
        digest: layout_digest(settings, &digest),
        config: config(settings),
        structures: structures(&module, counts),
        tables: module.tables.iter().map(of).collect(),
        wide: module.is_wide,
        memories: memories.chain(heap.map(|heap| memory_of(heap, collected))).collect(),
        types: module.types,
        funcs: module.funcs,
        imported_funcs: module.imported_funcs,
        globals: module.globals,
        tags: module.tags,
        text: Vec::new(),
        hosted: Vec::new(),
        elements: module.passive,
        avx512: settings.is_avx512,
        free_bytes: if settings.signals_based_traps {
            prova_check::offsets::SLACK_BYTES
        } else {
            FRAME_BYTES_MAX
        },
    }
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

/// D4. Its length at the beginning is a setting that nothing here leans on.
const HEAP: MemoryType =
    MemoryType { min_bytes: 0, max_bytes: 1 << 32, is_fixed: false, is_paged: true };

/// D2 and D3, by reservation and guard, and whether memories may move.
fn memory_of(memory: &MemoryType, ((reserved, guard), may_move): ((u64, u64), bool)) -> Memory {
    let moves = may_move && !memory.is_fixed && memory.max_bytes > reserved;
    let zone = reserved.saturating_add(guard);
    Memory {
        min_bytes: memory.min_bytes,
        max_bytes: memory.max_bytes,
        zone_bytes: if memory.is_paged && !moves { zone } else { 0 },
        guard_bytes: if memory.is_paged { guard } else { 0 },
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
fn structures(module: &Module, counts: Option<Counts>) -> Structures {
    let word = |at, holds| (at, 8, holds);
    let definition = |base, length| Structure::of(&[word(0, base), word(8, length)]);
    let heap = count(&module.memories);
    Structures {
        context: Structure::new(context(module, counts)),
        store: Structure::new(store(counts.is_some_and(|counts| counts.heap).then_some(heap))),
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
        // Nothing is read of the context of a function that is called.
        other: Structure::default(),
        builtins: Structure::new(vec![Area {
            at: 0,
            stride: 8,
            count: builtins::COUNT,
            first: 0,
            fields: vec![Field { at: 0, bytes: 8, holds: Holds::Builtin }],
        }]),
        caller: Structure::of(&[
            word(offsets::STORE, Holds::Pointer(Base::Store)),
            word(offsets::BUILTINS, Holds::Pointer(Base::Builtins)),
        ]),
        host: Structure::of(&[word(offsets::HOST_CODE, Holds::HostCode)]),
    }
}

/// `VMStoreContext`; `heap` is the memory that the heap is (D4), if there is one.
fn store(heap: Option<u32>) -> Vec<Area> {
    let word = |at, holds| Field { at, bytes: 8, holds };
    let first = heap.unwrap_or(0);
    let mut fields = vec![
        word(offsets::STORE_FUEL, Holds::Counter),
        word(offsets::STORE_DEADLINE, Holds::Number),
        word(offsets::STORE_LIMIT, Holds::StackLimit),
        word(offsets::EXIT_FRAME, Holds::Activation(Activation::ExitFrame)),
        word(offsets::EXIT_ADDRESS, Holds::Activation(Activation::ExitAddress)),
        word(offsets::ENTRY_STACK, Holds::Activation(Activation::EntryStack)),
        word(offsets::ENTRY_FRAME, Holds::Activation(Activation::EntryFrame)),
        word(offsets::ENTRY_HANDLER, Holds::Activation(Activation::EntryHandler)),
        word(offsets::CURRENT_THREAD, Holds::Settable(offsets::THREAD_FORCED)),
    ];
    if heap.is_some() {
        fields.push(word(offsets::HEAP_BASE, Holds::MemoryBase));
        fields.push(word(offsets::HEAP_LENGTH, Holds::MemoryLength));
    }
    vec![Area { at: 0, stride: u32::MAX, count: 1, first, fields }]
}

/// `VMContext`: fixed fields, then areas one behind the other.
fn context(module: &Module, counts: Option<Counts>) -> Vec<Area> {
    let field = |at, bytes, holds| Field { at, bytes, holds };
    let mut areas = Vec::new();
    let fixed = [
        (offsets::STORE, Holds::Pointer(Base::Store)),
        (offsets::BUILTINS, Holds::Pointer(Base::Builtins)),
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
    let imported = |holds, owner, index| {
        let owner = field(offsets::IMPORT_CONTEXT, 8, owner);
        vec![field(0, 8, holds), owner, field(offsets::IMPORT_INDEX, 4, index)]
    };
    let of_memory = imported(Holds::MemoryRecord, Holds::MemoryOwner, Holds::MemoryIndex);
    area(offsets::MEMORY_IMPORT, module.imported_memories, 0, of_memory);
    area(offsets::MEMORY_POINTER, owned, module.imported_memories, record(Holds::MemoryRecord));
    let of_memory = definition(Holds::MemoryBase, Holds::MemoryLength);
    area(offsets::DEFINITION, owned, module.imported_memories, of_memory);
    let of_func = vec![
        field(offsets::FUNC_CODE, 8, Holds::Code),
        field(offsets::FUNC_TYPE, 4, Holds::Type),
        field(offsets::FUNC_CONTEXT, 8, Holds::Context),
    ];
    area(offsets::FUNC, module.imported_funcs, 0, of_func);
    let of_table = imported(Holds::TableRecord, Holds::TableOwner, Holds::TableIndex);
    area(offsets::TABLE_IMPORT, module.imported_tables, 0, of_table);
    area(offsets::GLOBAL_IMPORT, module.imported_globals, 0, record(Holds::GlobalRecord));
    let of_tag = vec![
        field(offsets::IMPORT_CONTEXT, 8, Holds::TagOwner),
        field(offsets::IMPORT_INDEX, 4, Holds::Number),
    ];
    area(offsets::TAG_IMPORT, module.imported_tags, 0, of_tag);
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
    if let Some(counts) = counts {
        let behind = at + u64::from(padding) + u64::from(offsets::GLOBAL) * u64::from(own_globals);
        areas.extend(segments(behind, module, counts));
    }
    areas
}

/// D5: the data segments, behind the globals, which end at `at`.
fn segments(at: u64, module: &Module, counts: Counts) -> Vec<Area> {
    let defined = count(&module.tags).saturating_sub(module.imported_tags);
    let tags = u64::from(offsets::TAG) * u64::from(defined);
    let records = u64::from(offsets::FUNC) * u64::from(counts.records);
    let align = if counts.older { offsets::TAG } else { 8 };
    let bases = (at + tags).next_multiple_of(align.into()) + records;
    let lengths = bases + 8 * u64::from(counts.segments);
    let area = |at, bytes, holds| {
        let fields = vec![Field { at: 0, bytes, holds }];
        Area { at, stride: bytes, count: counts.segments, first: 0, fields }
    };
    vec![area(bases, 8, Holds::Data), area(lengths, 4, Holds::DataLength)]
}

fn count<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}
