//! One module: what is derived, beside what `wasmtime-environ` has.

use crate::engine::Engine;
use crate::translation::{Translated, translate};
use prova_check::{
    Activation, Area, Base, Field, Heap, Holds, Parts, RefKind, RefType, Signature, Structure, Ty,
};
use prova_wasmtime_layout::{Counts, Settings, layout, offsets};
use wasmtime_environ::wasmparser::WasmFeatures;
use wasmtime_environ::{
    BuiltinFunctionIndex, DefinedGlobalIndex, DefinedMemoryIndex, DefinedTableIndex, EntityRef,
    FuncIndex, GetPtrSize, GlobalIndex, IndexType, MemoryIndex, MemoryKind, MemoryTunables, Module,
    PtrSize, RuntimeDataIndex, TableIndex, TagIndex, Tunables, VMOffsets, WasmCompositeInnerType,
    WasmHeapType, WasmRefType, WasmValType,
};

/// The answer where both sides do not agree.
#[derive(Debug)]
pub(super) enum Differs {
    /// One side does not take the module.
    Refused(#[allow(dead_code, reason = "printed where no refusal is expected")] String),
    /// The first part that differs.
    At(String),
}

type Same = Result<(), Differs>;

/// Compares the layout of a module, with or without a heap of collected objects.
pub(super) fn compare(wasm: &[u8], settings: &Settings, heap: bool) -> Same {
    of_another(wasm, wasm, (settings, heap))
}

/// Compares the layout of one module with what Wasmtime has of another.
pub(super) fn of_another(derived: &[u8], wasm: &[u8], (settings, heap): (&Settings, bool)) -> Same {
    let refused = |what: String| Differs::Refused(what);
    let engine = engine(settings);
    // The usual bound of dense images: of so few bytes none is made here.
    let translated = translate(&engine, wasm, 0).map_err(|error| refused(error.to_string()))?;
    let counts = translated.counts().map_err(|error| refused(error.to_string()))?;
    // The compiler alone knows that functions use it.
    let counts = Counts { heap, ..counts };
    let parts = layout::parts(settings, derived, Some(counts))
        .map_err(|error| refused(error.to_string()))?;
    types(&parts, &translated)?;
    let areas = layout::context_areas(derived, Some(counts));
    let areas = areas.map_err(|error| refused(error.to_string()))?;
    let there = VMOffsets::new(8, &translated.translation.module);
    context(&areas, &there, counts)?;
    same("the context", &parts.structures.context, &Structure::new(areas))?;
    structures(&parts, &there, heap)?;
    spaces(&parts, (&translated.translation.module, heap), &engine.tunables)
}

fn engine(settings: &Settings) -> Engine {
    let tunables = Tunables {
        memory_reservation: settings.memory_reservation,
        memory_guard_size: settings.memory_guard_size,
        memory_may_move: settings.memory_may_move,
        gc_heap_reservation: settings.gc_heap_reservation,
        gc_heap_guard_size: settings.gc_heap_guard_size,
        gc_heap_may_move: settings.gc_heap_may_move,
        signals_based_traps: settings.signals_based_traps,
        ..Tunables::default_u64()
    };
    Engine { tunables, features: WasmFeatures::WASM3 | WasmFeatures::CUSTOM_PAGE_SIZES }
}

fn same<T: PartialEq + std::fmt::Debug>(of: &str, derived: &T, there: &T) -> Same {
    if derived == there {
        return Ok(());
    }
    Err(Differs::At(format!("{of}: derived {derived:?}, Wasmtime has {there:?}")))
}

/// A field of one element: place, bytes, content, index.
type Place = (u64, u32, Holds, u32);

fn context(areas: &[Area], there: &VMOffsets<u8>, counts: Counts) -> Same {
    let mut derived: Vec<Place> = Vec::new();
    for area in areas {
        for n in 0..area.count {
            let at = area.at + u64::from(area.stride) * u64::from(n);
            for &Field { at: within, bytes, holds } in &area.fields {
                derived.push((at + u64::from(within), bytes, holds, area.first + n));
            }
        }
    }
    let mut expected = expected(there);
    derived.sort_by_key(|place| place.0);
    expected.sort_by_key(|place| place.0);
    for (derived, there) in derived.iter().zip(&expected) {
        same("the context", derived, there)?;
    }
    same("the context: how many fields", &derived.len(), &expected.len())?;
    let records = there.num_escaped_funcs + u32::from(there.has_startup_func);
    let numbers = Counts { records, segments: there.num_runtime_data, ..counts };
    same("the counts", &counts, &numbers)?;
    // G1 of structures, and nothing behind the context.
    let ends = areas.iter().map(Area::end);
    let starts = areas.iter().map(|area| area.at).skip(1);
    for (end, start) in ends.zip(starts.chain([u64::from(there.size_of_vmctx())])) {
        same("the context: areas one behind the other", &(end <= start), &true)?;
    }
    Ok(())
}

/// The fields of the context as Wasmtime has them, those of records of the module's own functions
/// left out: nothing may read them.
fn expected(there: &VMOffsets<u8>) -> Vec<Place> {
    let ptr = there.get_ptr_size();
    let word = |at: u32, holds, index: u32| (u64::from(at), 8, holds, index);
    let mut all = vec![
        word(ptr.vmctx_store_context().into(), Holds::Pointer(Base::Store), 0),
        word(ptr.vmctx_builtin_functions().into(), Holds::Pointer(Base::Builtins), 0),
        word(ptr.vmctx_epoch_ptr().into(), Holds::Pointer(Base::Epoch), 0),
        word(ptr.vmctx_type_ids_array().into(), Holds::Pointer(Base::Types), 0),
    ];
    for n in 0..there.num_imported_memories {
        let memory = MemoryIndex::from_u32(n);
        all.push(word(there.vmctx_vmmemory_import_from(memory), Holds::MemoryRecord, n));
        let (at, import) = (there.vmctx_vmmemory_import(memory), ptr.vm_memory_import());
        all.push(word(at + u32::from(import.vmctx()), Holds::MemoryOwner, n));
        all.push((u64::from(at + u32::from(import.index())), 4, Holds::MemoryIndex, n));
    }
    for n in 0..there.num_defined_memories {
        let index = there.num_imported_memories + n;
        let at = there.vmctx_vmmemory_pointer(DefinedMemoryIndex::from_u32(n));
        all.push(word(at, Holds::MemoryRecord, index));
        // No memory is shared, so each is owned.
        let owned = wasmtime_environ::OwnedMemoryIndex::from_u32(n);
        all.push(word(there.vmctx_vmmemory_definition_base(owned), Holds::MemoryBase, index));
        let length = there.vmctx_vmmemory_definition_current_length(owned);
        all.push(word(length, Holds::MemoryLength, index));
    }
    for n in 0..there.num_imported_functions {
        let func = FuncIndex::from_u32(n);
        all.push(word(there.vmctx_vmfunction_import_wasm_call(func), Holds::Code, n));
        let ty =
            there.vmctx_vmfunction_import(func) + u32::from(ptr.vm_function_import().type_index());
        all.push((u64::from(ty), there.size_of_vmshared_type_index().into(), Holds::Type, n));
        all.push(word(there.vmctx_vmfunction_import_vmctx(func), Holds::Context, n));
    }
    for n in 0..there.num_imported_tables {
        let table = TableIndex::from_u32(n);
        all.push(word(there.vmctx_vmtable_from(table), Holds::TableRecord, n));
        let (at, import) = (there.vmctx_vmtable_import(table), ptr.vm_table_import());
        all.push(word(at + u32::from(import.vmctx()), Holds::TableOwner, n));
        all.push((u64::from(at + u32::from(import.index())), 4, Holds::TableIndex, n));
    }
    for n in 0..there.num_imported_tags {
        let tag = TagIndex::from_u32(n);
        all.push(word(there.vmctx_vmtag_import_vmctx(tag), Holds::TagOwner, n));
        all.push((u64::from(there.vmctx_vmtag_import_index(tag)), 4, Holds::Number, n));
    }
    for n in 0..there.num_imported_globals {
        let at = there.vmctx_vmglobal_import_from(GlobalIndex::from_u32(n));
        all.push(word(at, Holds::GlobalRecord, n));
    }
    for n in 0..there.num_defined_tables {
        let (index, table) = (there.num_imported_tables + n, DefinedTableIndex::from_u32(n));
        all.push(word(there.vmctx_vmtable_definition_base(table), Holds::TableBase, index));
        let length = there.vmctx_vmtable_definition_current_elements(table);
        all.push(word(length, Holds::TableLength, index));
    }
    for n in 0..there.num_defined_globals {
        let at = there.vmctx_vmglobal_definition(DefinedGlobalIndex::from_u32(n));
        all.push((u64::from(at), 0, Holds::Global, there.num_imported_globals + n));
    }
    for n in 0..there.num_runtime_data {
        let data = RuntimeDataIndex::from_u32(n);
        all.push(word(there.vmctx_runtime_data_base(data), Holds::Data, n));
        all.push((u64::from(there.vmctx_runtime_data_length(data)), 4, Holds::DataLength, n));
    }
    all
}

/// The structures beside the context, and sizes of elements.
fn structures(parts: &Parts, there: &VMOffsets<u8>, heap: bool) -> Same {
    let (of, ptr) = (&parts.structures, there.get_ptr_size());
    let word = |at: u8, holds| (u32::from(at), 8, holds);
    let activation = |at: u8, one| word(at, Holds::Activation(one));
    let store = ptr.vm_store_context();
    let mut expected = vec![
        word(store.fuel_consumed(), Holds::Counter),
        word(store.epoch_deadline(), Holds::Number),
        word(store.stack_limit(), Holds::StackLimit),
        activation(store.last_wasm_exit_trampoline_fp(), Activation::ExitFrame),
        activation(store.last_wasm_exit_pc(), Activation::ExitAddress),
        activation(store.last_wasm_entry_sp(), Activation::EntryStack),
        activation(store.last_wasm_entry_fp(), Activation::EntryFrame),
        activation(store.last_wasm_entry_trap_handler(), Activation::EntryHandler),
        word(store.current_thread(), Holds::Settable(offsets::THREAD_FORCED)),
    ];
    if heap {
        expected.push(word(store.gc_heap_base(), Holds::MemoryBase));
        expected.push(word(store.gc_heap_current_length(), Holds::MemoryLength));
    }
    let field = |(at, bytes, holds)| Field { at, bytes, holds };
    let fields = expected.into_iter().map(field).collect();
    // The heap is the memory behind those of the module.
    let memories = there.num_imported_memories + there.num_defined_memories;
    let first = if heap { memories } else { 0 };
    let expected = Structure::new(vec![Area { at: 0, stride: u32::MAX, count: 1, first, fields }]);
    same("the store", &of.store, &expected)?;
    let list = |stride: u8, count: u32, bytes, holds| {
        let fields = vec![Field { at: 0, bytes, holds }];
        Structure::new(vec![Area { at: 0, stride: stride.into(), count, first: 0, fields }])
    };
    let types = u32::try_from(parts.types.len()).unwrap_or(u32::MAX);
    let ids = list(there.size_of_vmshared_type_index(), types, 4, Holds::TypeId);
    same("ids of types", &of.types, &ids)?;
    let builtins = list(ptr.size(), BuiltinFunctionIndex::len(), 8, Holds::Builtin);
    same("the builtins", &of.builtins, &builtins)?;
    same("the epoch", &of.epoch, &Structure::of(&[word(0, Holds::Epoch)]))?;
    let (memory, table) = (ptr.vm_memory_definition(), ptr.vm_table_definition());
    let base = word(memory.base(), Holds::MemoryBase);
    let length = word(memory.current_length(), Holds::MemoryLength);
    same("a memory", &of.memory, &Structure::of(&[base, length]))?;
    let base = word(table.base(), Holds::TableBase);
    let length = word(table.current_elements(), Holds::TableLength);
    same("a table", &of.table, &Structure::of(&[base, length]))?;
    let func = ptr.vm_func_ref();
    let id = (u32::from(func.type_index()), 4, Holds::Type);
    let code = word(func.wasm_call(), Holds::Code);
    let expected = Structure::of(&[code, id, word(func.vmctx(), Holds::Context)]);
    same("a function", &of.func, &expected)?;
    same("another context", &of.other, &Structure::default())?;
    let caller = Structure::of(&[
        word(ptr.vmctx_store_context(), Holds::Pointer(Base::Store)),
        word(ptr.vmctx_builtin_functions(), Holds::Pointer(Base::Builtins)),
    ]);
    same("a caller", &of.caller, &caller)?;
    let code = ptr.vmarray_call_host_func_context_func_ref() + func.array_call();
    same("a host's function", &of.host, &Structure::of(&[word(code, Holds::HostCode)]))
}

fn types(parts: &Parts, translated: &Translated<'_>) -> Same {
    let mut all = 0;
    for (index, ty) in translated.types.wasm_types() {
        let index = index.index();
        let there = match &ty.composite_type.inner {
            WasmCompositeInnerType::Func(func) => Signature {
                params: func.params().iter().map(value).collect(),
                results: func.results().iter().map(value).collect(),
            },
            // What tags throw.
            WasmCompositeInnerType::Exn(_) => {
                same(&format!("type {index}"), &parts.types.get(index), &Some(&None))?;
                all += 1;
                continue;
            }
            other => return Err(Differs::At(format!("type {index}: {other:?}"))),
        };
        let derived = parts.types.get(index);
        let starts = VMOffsets::new(8, &translated.translation.module).has_startup_func;
        // The type of the function that initialises an instance is the last one, and of no use to
        // functions.
        if derived.is_none() && starts && there == Signature::default() {
            break;
        }
        same(&format!("type {index}"), &derived, &Some(&Some(there)))?;
        all += 1;
    }
    same("how many types", &parts.types.len(), &all)?;
    let functions = &translated.translation.module.functions;
    let funcs: Vec<u32> =
        functions.values().map(|func| func.signature.unwrap_module_type_index().as_u32()).collect();
    same("types of functions", &parts.funcs, &funcs)
}

fn value(ty: &WasmValType) -> Ty {
    match *ty {
        WasmValType::I32 => Ty::I32,
        WasmValType::I64 => Ty::I64,
        WasmValType::F32 => Ty::F32,
        WasmValType::F64 => Ty::F64,
        WasmValType::V128 => Ty::V128,
        // Collected objects are numbers to code.
        WasmValType::Ref(ty) if ty.is_vmgcref_type() => Ty::I32,
        WasmValType::Ref(ty) => Ty::Ref(reference(&ty)),
    }
}

fn reference(ty: &WasmRefType) -> RefType {
    let heap = match ty.heap_type {
        WasmHeapType::Func => Heap::Any,
        WasmHeapType::NoFunc => Heap::Nothing,
        WasmHeapType::ConcreteFunc(ty) => Heap::Type(ty.unwrap_module_type_index().as_u32()),
        other => panic!("the derivation refuses {other:?}"),
    };
    RefType { kind: RefKind::Func, heap, nullable: ty.nullable }
}

/// Memories, tables and globals.
fn spaces(parts: &Parts, (module, heap): (&Module, bool), tunables: &Tunables) -> Same {
    same("imported functions", &(parts.imported_funcs as usize), &module.num_imported_funcs)?;
    let tags = module.tags.values().map(|tag| tag.signature.unwrap_module_type_index().as_u32());
    same("types of tags", &parts.tags, &tags.collect())?;
    let linear = MemoryTunables::new(tunables, MemoryKind::LinearMemory);
    let collected = MemoryTunables::new(tunables, MemoryKind::GcHeap);
    let objects = heap.then(|| (tunables.gc_heap_memory_type(), &collected));
    let memories = module.memories.values().map(|memory| (*memory, &linear)).chain(objects);
    let memories: Vec<_> = memories.collect();
    same("how many memories", &parts.memories.len(), &memories.len())?;
    for (n, ((there, how), derived)) in memories.iter().zip(&parts.memories).enumerate() {
        let of = |what: &str| format!("memory {n}: {what}");
        let most = match there.idx_type {
            IndexType::I32 => 1 << 32,
            IndexType::I64 => u64::MAX,
        };
        let min = there.minimum_byte_size().unwrap_or(u64::MAX);
        // Without a maximum the derivation says that any number of bytes may be there.
        let limit = there.limits.max.and_then(|_| there.maximum_byte_size().ok());
        let max = limit.unwrap_or(most).min(most);
        same(&of("minimum"), &derived.min_bytes, &min)?;
        same(&of("maximum"), &derived.max_bytes, &max)?;
        same(&of("moves"), &derived.moves, &there.memory_may_move(how))?;
        // Both are used with signals only, and where pages of the host's begin at lengths.
        let signals = Tunables { signals_based_traps: true, ..tunables.clone() };
        let paged = there.can_use_virtual_memory(&signals, 12);
        let guard = if paged { how.guard_size() } else { 0 };
        same(&of("guard"), &derived.guard_bytes, &guard)?;
        let stays = paged && !there.memory_may_move(how);
        let zone = if stays { how.reservation() + how.guard_size() } else { 0 };
        same(&of("zone"), &derived.zone_bytes, &zone)?;
    }
    same("how many tables", &parts.tables.len(), &module.tables.len())?;
    for ((n, there), derived) in module.tables.iter().zip(&parts.tables) {
        let of = format!("table {}", n.as_u32());
        // A table lies in the address space.
        let most = match there.idx_type {
            IndexType::I32 => u32::MAX.into(),
            IndexType::I64 => 1 << 44,
        };
        let max = there.limits.max.unwrap_or(most).min(most);
        same(&of, &derived.ty, &reference(&there.ref_type))?;
        same(&of, &(derived.min, derived.max), &(there.limits.min, max))?;
        let fixed = there.limits.max == Some(there.limits.min);
        same(&of, &derived.moves, &!(fixed || there.limits.min == max))?;
    }
    same("how many globals", &parts.globals.len(), &module.globals.len())?;
    for ((n, there), derived) in module.globals.iter().zip(&parts.globals) {
        let of = format!("global {}", n.as_u32());
        same(&of, &derived.ty, &value(&there.wasm_ty))?;
        same(&of, &derived.mutable, &there.mutability)?;
    }
    Ok(())
}
