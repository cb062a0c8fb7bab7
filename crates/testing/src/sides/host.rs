//! A module → its imports, the same in every tier.
//!
//! The imports of `generate::biased` are recognised by their names; those of `generate::smith` are
//! of any type.
//!
//! Nothing here depends on the tier: functions compute their results from their arguments, globals
//! have values by their index, a memory has a pattern, a table nulls. An import that nobody can
//! give (a reference that is not null) is left out, and the module is not instantiated.

use crate::generate::biased;
use crate::sides::attach::Translation;
use prova_module::{
    ExternType, Features, FuncType, GlobalType, HeapType, MemoryIdx, Module, RefType, ValType,
};
use prova_runtime::{
    Cell, Extern, FuncAddr, HostFunc, HostOutcome, InstanceAddr, Store, Trap, TrapKind,
};
use std::any::Any;
use std::sync::{Arc, LazyLock};

/// The implementation of the imports of biased modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// Another instance, but `mix` is a function of the host.
    Function,
    /// Functions of the host, which throw nothing: `mix` sometimes grows memory 0 of its caller,
    /// `apply` calls back.
    Growing,
    /// Another instance, with a separate memory.
    Instance,
}

impl Host {
    /// Each in turn, by the number of a case.
    pub fn of(index: u64) -> Host {
        [Host::Function, Host::Growing, Host::Instance][(index % 3) as usize]
    }
}

/// The imports of a module, in order; for those that only biased modules have see [`Host`].
///
/// Except with [`Host::Growing`], the tag, `raise` and `apply` belong to an instance of
/// [`HOST_MODULE`], so that exceptions pass from instance to instance in both directions.
pub fn imports(store: &mut Store, module: &Module, host: Host) -> Vec<Extern> {
    imports_wrapped(store, module, host, &|_, function| function)
}

/// Something around a function of the host, which has this type.
pub type Wrap<'w> = &'w dyn Fn(&FuncType, HostFunc) -> HostFunc;

/// [`imports`] with something around each function of the host.
pub fn imports_wrapped(
    store: &mut Store,
    module: &Module,
    host: Host,
    wrap: Wrap<'_>,
) -> Vec<Extern> {
    let mut instance = None;
    let mut imports = Vec::new();
    for (index, import) in module.imports().iter().enumerate() {
        let named = &*import.module == biased::HOST;
        let name = if named { &*import.name } else { "" };
        let of_instance = match (host, name) {
            (Host::Instance, "mix") => true,
            (Host::Function | Host::Instance, "apply" | "raise" | biased::HOST_TAG) => true,
            (Host::Function | Host::Growing | Host::Instance, _) => false,
        };
        let given = if of_instance {
            let instance = *instance.get_or_insert_with(|| host_instance(store));
            instance.and_then(|of| store.instance(of).export(name))
        } else {
            own(store, module, import.kind, (host, name, wrap), index as u64)
        };
        imports.extend(given);
    }
    imports
}

/// The host's own definition of an import with a number; `None` if nobody can give it.
fn own(
    store: &mut Store,
    module: &Module,
    kind: ExternType,
    (host, name, wrap): (Host, &str, Wrap<'_>),
    number: u64,
) -> Option<Extern> {
    match kind {
        ExternType::Func(ty) => {
            let ty: FuncType = module.types()[ty.index()].clone();
            let function: HostFunc = match (host, name) {
                (Host::Function, "mix") => Arc::new(|_, _, cells| mix(cells)),
                (Host::Growing, "mix") => Arc::new(|store, _, cells| {
                    grow_caller(store, cells);
                    mix(cells)
                }),
                (Host::Growing, "apply") => Arc::new(apply),
                (Host::Function | Host::Growing | Host::Instance, _) => {
                    let ty = ty.clone();
                    Arc::new(move |_, _, cells| compute(&ty, cells))
                }
            };
            let function = wrap(&ty, function);
            Some(Extern::Func(store.func_new(ty, function)))
        }
        ExternType::Tag(ty) => store.tag_new(&module.types()[ty.index()]).ok().map(Extern::Tag),
        // A type of the module has another identity in the store.
        ExternType::Global(GlobalType { val: ValType::Ref(ty), .. }) if is_of_module(ty) => None,
        ExternType::Global(ty) => global(store, ty, number),
        ExternType::Memory(ty) => {
            let memory = store.memory_new(ty).ok()?;
            let pattern = (0..).map(|i: u32| (i.wrapping_mul(37) >> 3) as u8);
            store.memory_data_mut(memory).iter_mut().zip(pattern).for_each(|(to, from)| *to = from);
            Some(Extern::Memory(memory))
        }
        ExternType::Table(ty) if is_of_module(ty.ref_type) => None,
        ExternType::Table(ty) => store.table_new(ty, 0).ok().map(Extern::Table),
    }
}

/// Whether a type of references names one of a module.
fn is_of_module(ty: RefType) -> bool {
    matches!(ty.heap_type(), HeapType::Concrete(_) | HeapType::Exact(_))
}

/// A global whose value is its number, a small one.
fn global(store: &mut Store, ty: GlobalType, number: u64) -> Option<Extern> {
    let cells = match ty.val {
        ValType::I32 | ValType::I64 => [number, 0],
        ValType::F32 => [u64::from((number as f32).to_bits()), 0],
        ValType::F64 => [(number as f64).to_bits(), 0],
        ValType::V128 => [number, number],
        ValType::Ref(_) => [0, 0],
    };
    store.global_new(ty, cells).ok().map(Extern::Global)
}

/// Results from the arguments of a function of any type; references are null, and where one must
/// not be, the function traps.
fn compute(ty: &FuncType, cells: &mut [Cell]) -> HostOutcome {
    let mut bits = cells.iter().fold(1, |sum: u64, &cell| sum.rotate_left(7) ^ cell);
    let mut results = Vec::new();
    for result in &ty.results {
        bits = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(11);
        match result {
            ValType::I32 => results.push(bits & 0xff),
            ValType::I64 => results.push(bits),
            // Numbers, so that no engine has a choice of a NaN.
            ValType::F32 => results.push(u64::from(((bits & 0xff) as f32).to_bits())),
            ValType::F64 => results.push(((bits & 0xffff) as f64).to_bits()),
            ValType::V128 => results.extend([bits & 0xffff, 0]),
            ValType::Ref(ty) if ty.is_nullable() => results.push(0),
            ValType::Ref(_) => {
                return HostOutcome::Trap(Box::new(Trap::new(TrapKind::Unreachable)));
            }
        }
    }
    for (cell, result) in cells.iter_mut().zip(results) {
        *cell = result;
    }
    HostOutcome::Done
}

/// The host in Wasm. `mix` writes to its own memory 0, which is not its caller's.
pub const HOST_MODULE: &str = r#"(module (type $r (func (param i32) (result i32))) (memory 1)
    (tag $tag (export "tag") (param i32 i64))
    (func (export "mix") (param i32 i64) (result i64 i32)
        (i64.store (i32.const 8) (local.get 1))
        (i64.add (i64.extend_i32_u (local.get 0)) (i64.load (i32.const 8)))
        (i32.xor (local.get 0) (i32.wrap_i64 (local.get 1))))
    (table 1 funcref)
    (func (export "apply") (param i32 funcref) (result i32)
        (table.set (i32.const 0) (local.get 1))
        (local.get 0) (local.set 0 (i32.const -1)) (call_indirect (type $r) (i32.const 0)))
    (func (export "raise") (param i32 i64)
        (if (i32.eq (i32.and (local.get 0) (i32.const 3)) (i32.const 1))
            (then (throw $tag (local.get 0) (local.get 1))))))"#;

fn host_instance(store: &mut Store) -> Option<InstanceAddr> {
    static MODULE: LazyLock<Module> = LazyLock::new(|| {
        let bytes =
            wat::parse_str(HOST_MODULE).unwrap_or_else(|error| crate::cannot(&error.to_string()));
        Module::decode(bytes, &Features::default(), &prova_module::Limits::default())
            .unwrap_or_else(|error| crate::cannot(&error.to_string()))
    });
    let attach = Arc::new(Translation::new(store.settings()));
    store.instantiate(&mut (), &MODULE, &[], attach).ok()
}

/// Calls back what the second cell refers to. An exception that the callee does not catch is a trap
/// here.
fn apply(store: &mut Store, data: &mut dyn Any, cells: &mut [Cell]) -> HostOutcome {
    // A reference is its function's index + 1.
    let func = cells.get(1).and_then(|cell| u32::try_from(cell.checked_sub(1)?).ok());
    let (Some(func), Some(&argument)) = (func.map(FuncAddr::from_index), cells.first()) else {
        return HostOutcome::Trap(Box::new(Trap::new(TrapKind::NullReference)));
    };
    let ty = store.func_type(func);
    if *ty.params != [ValType::I32] || *ty.results != [ValType::I32] {
        return HostOutcome::Trap(Box::new(Trap::new(TrapKind::IndirectCallTypeMismatch)));
    }
    let mut results = [0];
    match store.call(data, func, &[argument], &mut results) {
        Ok(()) => {
            cells[0] = results[0];
            HostOutcome::Done
        }
        Err(trap) => HostOutcome::Trap(Box::new(trap)),
    }
}

/// Grows memory 0 of the instance that calls, for some arguments.
fn grow_caller(store: &mut Store, cells: &[Cell]) {
    let Some(caller) = store.caller() else { return };
    let instance = store.instance(caller);
    if cells[0] % 4 == 1 && !instance.module().memories().is_empty() {
        let memory = instance.memory_addr(MemoryIdx(0));
        // Where it cannot grow, it does not.
        let _ = store.memory_grow(memory, 1);
    }
}

fn mix(cells: &mut [Cell]) -> HostOutcome {
    if let [a, b] = cells {
        (*a, *b) = (b.wrapping_add(*a), (*a ^ *b) & 0xffff_ffff);
    }
    HostOutcome::Done
}
