//! Text of a module → a store that runs it with the reference tier: the ground of every test here.
//!
//! Every store has a step limit, so a wrong test ends.

#![allow(dead_code, reason = "each test file uses its part")]

use prova_module::{Features, FuncIdx, FuncType, Limits, Module};
use prova_reference::Reference;
use prova_runtime::{
    Attach, AttachError, Attached, Cell, ExecutorKind, Extern, FuncAddr, HostFunc, InstanceAddr,
    InstantiateError, Metering, Settings, Store, StoreConfig, Trap, TrapKind,
};
use std::sync::Arc;

/// More operators than any test here needs.
pub(crate) const STEPS_MAX: u64 = 20_000_000;

/// The reference tier asks for no bytecode.
struct NoBytecode;

impl Attach for NoBytecode {
    fn attach(&self, _: &Module, func: FuncIdx) -> Result<Attached, AttachError> {
        Err(format!("the reference tier asked for the bytecode of {func}").into())
    }
}

/// The module of a text.
pub(crate) fn module(wat: &str) -> Module {
    let bytes = wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}"));
    Module::decode(bytes, &Features::default(), &Limits::default())
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A configuration with the reference tier and these settings.
pub(crate) fn config(settings: Settings) -> StoreConfig {
    let executor = ExecutorKind::External(Arc::new(Reference::with_steps_max(STEPS_MAX)));
    StoreConfig { settings, executor, ..StoreConfig::default() }
}

/// A store and its newest instance.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) instance: Option<InstanceAddr>,
}

impl World {
    pub(crate) fn new(config: StoreConfig) -> World {
        World { store: Store::new(config), instance: None }
    }

    /// A world of one module without imports, without metering.
    pub(crate) fn of(wat: &str) -> World {
        World::with(Settings::default(), wat)
    }

    /// The same in other settings.
    pub(crate) fn with(settings: Settings, wat: &str) -> World {
        let mut world = World::new(config(settings));
        world.add(wat, &[]);
        world
    }

    /// The same metered by fuel, with `fuel` units.
    pub(crate) fn fuelled(fuel: u64, wat: &str) -> World {
        let mut world =
            World::with(Settings { metering: Metering::Fuel, ..Settings::default() }, wat);
        world.store.set_fuel(fuel);
        world
    }

    /// Instantiates another module.
    pub(crate) fn add(&mut self, wat: &str, imports: &[Extern]) -> InstanceAddr {
        let instance = self.try_add(wat, imports).unwrap_or_else(|error| panic!("{error}"));
        self.instance = Some(instance);
        instance
    }

    /// Instantiates another module, which may fail.
    pub(crate) fn try_add(
        &mut self,
        wat: &str,
        imports: &[Extern],
    ) -> Result<InstanceAddr, InstantiateError> {
        self.instantiate(&module(wat), imports)
    }

    pub(crate) fn instantiate(
        &mut self,
        module: &Module,
        imports: &[Extern],
    ) -> Result<InstanceAddr, InstantiateError> {
        self.store.instantiate(&mut (), module, imports, Arc::new(NoBytecode))
    }

    pub(crate) fn host(&mut self, ty: FuncType, func: HostFunc) -> Extern {
        Extern::Func(self.store.func_new(ty, func))
    }

    pub(crate) fn export(&self, name: &str) -> Extern {
        let instance = self.instance.expect("the test has made an instance");
        self.store.instance(instance).export(name).unwrap_or_else(|| panic!("no export {name}"))
    }

    pub(crate) fn func(&self, name: &str) -> FuncAddr {
        self.export(name).func().unwrap_or_else(|| panic!("{name} is no function"))
    }

    /// Calls an export of the newest instance.
    pub(crate) fn call(&mut self, name: &str, args: &[Cell]) -> Result<Vec<Cell>, Trap> {
        let func = self.func(name);
        let mut results = vec![0; self.store.func_cells(func).1];
        self.store.call(&mut (), func, args, &mut results)?;
        Ok(results)
    }

    /// The results of a call that does not trap.
    pub(crate) fn value(&mut self, name: &str, args: &[Cell]) -> Vec<Cell> {
        self.call(name, args).unwrap_or_else(|trap| panic!("{name}{args:?}: {trap}"))
    }

    /// The trap of a call that does.
    pub(crate) fn trap(&mut self, name: &str, args: &[Cell]) -> Trap {
        match self.call(name, args) {
            Ok(results) => panic!("{name}{args:?} returned {results:?}"),
            Err(trap) => trap,
        }
    }

    /// The kind of the trap, and the mnemonics' position: how many operators of the function's body
    /// stand before the one that trapped.
    pub(crate) fn trap_at(&mut self, name: &str, args: &[Cell]) -> (TrapKind, Option<usize>) {
        let trap = self.trap(name, args);
        (trap.kind, trap.backtrace.first().map(position))
    }
}

/// How many operators stand before the one that a frame of a backtrace is at.
pub(crate) fn position(frame: &prova_runtime::TraceFrame) -> usize {
    let body = frame.module.body(frame.func).expect("a frame is of a function with a body");
    let offsets = body.operators().into_iter_with_offsets();
    let mut offsets = offsets.map(|operator| operator.expect("the body is valid").1 as u32);
    let offset = frame.offset.expect("the reference tier knows every offset");
    offsets.position(|at| at == offset).expect("the offset is an operator's")
}

/// One `i32` parameter and no result, and the like.
pub(crate) fn ty(
    params: impl IntoIterator<Item = prova_module::ValType>,
    results: impl IntoIterator<Item = prova_module::ValType>,
) -> FuncType {
    FuncType::new(params, results)
}
