//! The store: every object of a set of instances, and the calls between them and the host.
//!
//! Neighbours: `instantiate` and `ops` are the other halves of its methods; `exec` runs on its [`Vm`]. The store keeps
//! the flat records of `vm` true: whenever a memory or table changes its size or an object is added, the record
//! follows in the same call.
//!
//! Objects live as long as the store: addresses stay valid, and nothing is collected.
//!
//! # Invariants
//! V1 to V10 of [`crate::vm`].
//!
//! Limits: [`Limits`], the logical stack limit and the depth of nested calls in [`StoreConfig`].

use crate::fixed::Fixed;
use crate::func::{FuncInst, FuncKind, host_entry};
use crate::host::{Executor, ExecutorKind, HostFunc, HostOutcome};
use crate::instance::Instance;
use crate::instantiate::CreateError;
use crate::limits::{self, Limits, STACK_BYTES_MAX, STACK_BYTES_MIN};
use crate::memory::Memory;
use crate::sys::{OutOfMemory, Reservation};
use crate::table::Table;
use crate::trap::{TraceFrame, Trap, TrapKind};
use crate::value::{FuncAddr, GlobalAddr, InstanceAddr, MemoryAddr, TableAddr};
use crate::vm::{Cell, Frame, FuncEntry, GlobalVm, MemoryVm, TableVm, Vm};
use prova_bytecode::{CheckedBytecode, Settings};
use prova_module::{
    FuncIdx, FuncType, GlobalType, MemoryType, TableType, TypeId, TypeRegistry, ValType,
};
use std::any::Any;
use std::fmt;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a store behaves, fixed for its life.
#[derive(Debug)]
pub struct StoreConfig {
    /// Metering and determinism: the settings that bytecode must have been translated with.
    pub settings: Settings,
    /// The logical stack limit in bytes, from [`STACK_BYTES_MIN`] to [`STACK_BYTES_MAX`]; default 8 MiB.
    pub stack_bytes: u64,
    /// How many calls from the host may be active inside each other; default 100.
    pub host_depth_max: u32,
    /// What the store may hold.
    pub limits: Limits,
    /// Whether `memory.grow` and `table.grow` trap where they would give −1.
    pub trap_on_grow_failure: bool,
    /// What executes Wasm functions.
    pub executor: ExecutorKind,
}

impl Default for StoreConfig {
    fn default() -> StoreConfig {
        StoreConfig {
            settings: Settings::default(),
            stack_bytes: 8 << 20,
            host_depth_max: 100,
            limits: Limits::default(),
            trap_on_grow_failure: false,
            executor: ExecutorKind::default(),
        }
    }
}

/// What is left of the configuration once the store exists.
pub(crate) struct Config {
    settings: Settings,
    stack_bytes: u64,
    host_depth_max: u32,
    pub(crate) limits: Limits,
    pub(crate) trap_on_grow_failure: bool,
}

/// The executor of a store.
#[derive(Clone)]
pub(crate) enum Dispatch {
    /// Tail-call handlers.
    Tail,
    /// The match loop.
    Match,
    /// One from outside.
    External(Arc<dyn Executor>),
}

/// Everything that the instances of one store share.
pub struct Store {
    /// Tells stores apart, also from those that are gone.
    id: u64,
    pub(crate) config: Config,
    dispatch: Dispatch,
    /// One [`Vm`] at a fixed address.
    vm: Fixed<Vm>,
    pub(crate) types: TypeRegistry,
    pub(crate) entries: Vec<FuncEntry>,
    funcs: Vec<FuncInst>,
    pub(crate) memory_vms: Vec<MemoryVm>,
    pub(crate) memories: Vec<Memory>,
    pub(crate) table_vms: Vec<TableVm>,
    pub(crate) tables: Vec<Table>,
    pub(crate) global_vms: Vec<GlobalVm>,
    pub(crate) globals: Vec<GlobalType>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) externs: Vec<Box<dyn Any + Send>>,
    epoch: Arc<AtomicU64>,
    host_depth: u32,
    /// The instance whose code called the host function that runs.
    caller: Option<InstanceAddr>,
    /// The value stack and the frame records that the [`Vm`] points to (V5, V6).
    _stack: Reservation,
    _frames: Reservation,
}

// SAFETY: V9: every raw pointer in here leads to memory that this store owns, or to code that it keeps alive.
// A host function that moves the store to another thread and back leaves running code untouched in between.
unsafe impl Send for Store {}

/// Cells of the value stack beyond the logical limit.
const STACK_SLACK_BYTES: u64 = 64 << 10;

/// Life of a store.
impl Store {
    /// An empty store.
    ///
    /// # Panics
    ///
    /// If the system has no address space for the value stack, as any allocation would.
    pub fn new(config: StoreConfig) -> Store {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let StoreConfig { settings, executor, limits, .. } = config;
        let StoreConfig { host_depth_max, trap_on_grow_failure, .. } = config;
        let stack_bytes = config.stack_bytes.clamp(STACK_BYTES_MIN, STACK_BYTES_MAX);
        let stack = reserve_all(stack_bytes + STACK_SLACK_BYTES);
        // One record for each minimal charge, and one for each activation (V6).
        let frames = stack_bytes / 64 + u64::from(host_depth_max) + 2;
        let frames = reserve_all(frames * size_of::<Frame>() as u64);
        let epoch = Arc::new(AtomicU64::new(0));
        let vm = Vm {
            fuel: 0,
            height_left: stack_bytes,
            frame_top: frames.base().as_ptr().cast(),
            code: ptr::null(),
            func: Frame::HOST,
            instance_addr: u32::MAX,
            defined: ptr::null(),
            instance: ptr::null(),
            entries: ptr::null_mut(),
            entry_count: 0,
            memories: ptr::null(),
            tables: ptr::null(),
            globals: ptr::null_mut(),
            mem0: NO_MEMORY,
            ip: ptr::null(),
            fp: stack.base().as_ptr().cast(),
            trap: TrapKind::Bug,
            value: 0,
            epoch: Arc::as_ptr(&epoch),
            epoch_deadline: u64::MAX,
            store: ptr::null_mut(),
            stack_base: stack.base().as_ptr().cast(),
            stack_cells: stack.committed() / size_of::<Cell>(),
            frames_base: frames.base().as_ptr().cast(),
            metering: settings.metering,
        };
        Store {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            config: Config { settings, stack_bytes, host_depth_max, limits, trap_on_grow_failure },
            dispatch: match executor {
                ExecutorKind::Tail => Dispatch::Tail,
                ExecutorKind::Match => Dispatch::Match,
                ExecutorKind::External(executor) => Dispatch::External(Arc::from(executor)),
            },
            vm: Fixed::new([vm]),
            types: TypeRegistry::new(),
            entries: Vec::new(),
            funcs: Vec::new(),
            memory_vms: Vec::new(),
            memories: Vec::new(),
            table_vms: Vec::new(),
            tables: Vec::new(),
            global_vms: Vec::new(),
            globals: Vec::new(),
            instances: Vec::new(),
            externs: Vec::new(),
            epoch,
            host_depth: 0,
            caller: None,
            _stack: stack,
            _frames: frames,
        }
    }

    /// The settings that bytecode must have been translated with.
    pub fn settings(&self) -> Settings {
        self.config.settings
    }

    /// Replaces the limits, for objects that are made from now on; `trap_on_grow_failure` holds for all.
    pub fn set_limits(&mut self, limits: Limits, trap_on_grow_failure: bool) {
        self.config.limits = limits;
        self.config.trap_on_grow_failure = trap_on_grow_failure;
    }

    /// The state of running bytecode. It stays where it is as long as the store lives.
    pub(crate) fn vm(&self) -> *mut Vm {
        self.vm.as_ptr()
    }

    /// The executor.
    pub(crate) fn dispatch(&self) -> Dispatch {
        self.dispatch.clone()
    }

    /// Writes the bases of the object vectors, and what belongs to the current instance, into the [`Vm`] (V2, V3, V7).
    ///
    /// To be called after anything that may add objects or resize memory 0, before bytecode runs on.
    pub(crate) fn publish(&mut self) {
        let vm = self.vm();
        // SAFETY: F1, V9: the `Vm` is ours, and no reference to it is alive.
        let instance_addr = unsafe { (*vm).instance_addr };
        let entries = self.entries.as_mut_ptr();
        let instance = self.instances.get(instance_addr as usize);
        let mem0 = instance.and_then(Instance::memory0);
        let mem0 = mem0.map_or(NO_MEMORY, |memory| self.memory_vms[memory.index()]);
        let defined = instance.map_or(ptr::null(), |instance| {
            entries
                .cast_const()
                .wrapping_add(instance.first_defined() as usize)
                .wrapping_sub(instance.imported_funcs() as usize)
        });
        // SAFETY: as above.
        unsafe {
            (*vm).entries = entries;
            (*vm).entry_count = self.entries.len() as u64;
            (*vm).memories = self.memory_vms.as_ptr();
            (*vm).tables = self.table_vms.as_ptr();
            (*vm).globals = self.global_vms.as_mut_ptr();
            (*vm).instance = instance.map_or(ptr::null(), Instance::vm);
            (*vm).defined = defined;
            (*vm).mem0 = mem0;
        }
    }

    /// Makes `instance` the current one and publishes (`u32::MAX`: none).
    pub(crate) fn enter_instance(&mut self, instance: u32) {
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).instance_addr = instance };
        self.publish();
    }
}

/// No memory, or one of no bytes (V7).
const NO_MEMORY: MemoryVm = MemoryVm { base: ptr::dangling_mut(), len_bytes: 0 };

/// A reservation that is committed as a whole; the system fills it as it is touched.
fn reserve_all(bytes: u64) -> Reservation {
    let reserve = || {
        let bytes = usize::try_from(bytes).map_err(|_| OutOfMemory)?;
        let mut reservation = Reservation::reserve(bytes)?;
        reservation.commit(bytes)?;
        Ok::<Reservation, OutOfMemory>(reservation)
    };
    match reserve() {
        Ok(reservation) => reservation,
        Err(OutOfMemory) => panic!("no address space for {bytes} bytes of value stack"),
    }
}

/// Objects of the host.
impl Store {
    /// Adds a host function.
    ///
    /// # Panics
    ///
    /// If there are [`Limits::FUNCS_MAX`] functions.
    pub fn func_new(&mut self, ty: FuncType, host: HostFunc) -> FuncAddr {
        assert!((self.entries.len() as u64) < Limits::FUNCS_MAX, "too many host functions");
        let type_id = self.types.intern(&ty);
        self.push_func(host_entry(&ty, type_id), FuncInst::Host(host))
    }

    /// Adds a memory.
    ///
    /// # Errors
    ///
    /// If a limit or the system refuses it, or no module could declare its type.
    pub fn memory_new(&mut self, ty: MemoryType) -> Result<MemoryAddr, CreateError> {
        if ty.shared || !matches!(ty.page_size_log2, 0 | 16) {
            return Err(CreateError::Misuse("a memory type that is not supported"));
        }
        let address_max = crate::memory::address_pages_max(&ty);
        if ty.min > address_max || ty.max.is_some_and(|max| max < ty.min || max > address_max) {
            return Err(CreateError::Misuse("a memory type with invalid limits"));
        }
        let count = self.memories.len() as u64 + 1;
        limits::check("memories_max", self.limits().memories_max, count)?;
        let memory = Memory::new(ty, self.limits())?;
        Ok(self.push_memory(memory))
    }

    /// Adds a table, every element `init`.
    ///
    /// # Errors
    ///
    /// If a limit or the system refuses it, no module could declare its type, or `init` is no reference of its type.
    pub fn table_new(&mut self, ty: TableType, init: Cell) -> Result<TableAddr, CreateError> {
        if !self.is_ref(ty.ref_type, init) {
            return Err(CreateError::Misuse("an element that is no reference of this store"));
        }
        let index_max = if ty.table64 { u64::MAX } else { u64::from(u32::MAX) };
        if ty.min > index_max || ty.max.is_some_and(|max| max < ty.min || max > index_max) {
            return Err(CreateError::Misuse("a table type with invalid limits"));
        }
        let count = self.tables.len() as u64 + 1;
        limits::check("tables_max", self.limits().tables_max, count)?;
        let table = Table::new(ty, init, self.limits())?;
        Ok(self.push_table(table))
    }

    /// Adds a global; the second cell counts only for a v128.
    ///
    /// # Errors
    ///
    /// If a limit refuses it, or the cells do not fit the type.
    pub fn global_new(
        &mut self,
        ty: GlobalType,
        cells: [Cell; 2],
    ) -> Result<GlobalAddr, CreateError> {
        if !self.cells_fit(&[ty.val], &cells) {
            return Err(CreateError::Misuse("a value that does not fit the type"));
        }
        let count = self.globals.len() as u64 + 1;
        limits::check("globals_max", self.limits().globals_max, count)?;
        Ok(self.push_global(ty, GlobalVm { cells }))
    }

    /// Adds a host object and gives a reference to it. It lives as long as the store.
    pub fn extern_new(&mut self, object: Box<dyn Any + Send>) -> Cell {
        self.externs.push(object);
        self.externs.len() as Cell
    }

    /// The host object that a cell refers to; `None` for null and for a cell that is no reference of this store.
    pub fn extern_get(&self, cell: Cell) -> Option<&(dyn Any + Send)> {
        let index = usize::try_from(cell.checked_sub(1)?).ok()?;
        self.externs.get(index).map(|object| &**object)
    }

    /// The same to change it.
    pub fn extern_get_mut(&mut self, cell: Cell) -> Option<&mut (dyn Any + Send)> {
        let index = usize::try_from(cell.checked_sub(1)?).ok()?;
        self.externs.get_mut(index).map(|object| &mut **object)
    }
}

/// Objects by address. Each panics if the store has no such object.
impl Store {
    /// The type of a function.
    pub fn func_type(&self, func: FuncAddr) -> &FuncType {
        self.types.get(self.func_type_id(func))
    }

    /// The identity of a function's type.
    pub fn func_type_id(&self, func: FuncAddr) -> TypeId {
        TypeId(self.entries[func.index()].type_id)
    }

    /// The identity of a function type in this store, new if it was not known.
    pub fn type_id(&mut self, ty: &FuncType) -> TypeId {
        self.types.intern(ty)
    }

    /// Where a function comes from.
    pub fn func_kind(&self, func: FuncAddr) -> FuncKind {
        self.funcs[func.index()].kind()
    }

    /// What a frame of the function charges against the logical stack limit, in bytes.
    pub fn func_charge(&self, func: FuncAddr) -> u64 {
        u64::from(self.entries[func.index()].charge_bytes)
    }

    /// The cells of the parameters and of the results of a function.
    pub fn func_cells(&self, func: FuncAddr) -> (usize, usize) {
        let entry = &self.entries[func.index()];
        (entry.param_cells as usize, entry.result_cells as usize)
    }

    /// An instance.
    pub fn instance(&self, instance: InstanceAddr) -> &Instance {
        &self.instances[instance.index()]
    }

    /// A memory.
    pub fn memory(&self, memory: MemoryAddr) -> &Memory {
        &self.memories[memory.index()]
    }

    /// The bytes of a memory, to write. It grows by [`Store::memory_grow`].
    pub fn memory_data_mut(&mut self, memory: MemoryAddr) -> &mut [u8] {
        self.memories[memory.index()].data_mut()
    }

    /// The type of a memory, with its present size for the minimum.
    pub fn memory_type(&self, memory: MemoryAddr) -> MemoryType {
        let memory = self.memory(memory);
        MemoryType { min: memory.pages(), ..*memory.ty() }
    }

    /// A table. It changes by [`Store::table_set`] and its like.
    pub fn table(&self, table: TableAddr) -> &Table {
        &self.tables[table.index()]
    }

    /// The type of a table, with its present size for the minimum.
    pub fn table_type(&self, table: TableAddr) -> TableType {
        let table = self.table(table);
        TableType { min: table.size(), ..*table.ty() }
    }

    /// The type of a global.
    pub fn global_type(&self, global: GlobalAddr) -> &GlobalType {
        &self.globals[global.index()]
    }

    /// The cells of a global; the second one counts only for a v128.
    pub fn global_get(&self, global: GlobalAddr) -> [Cell; 2] {
        self.global_vms[global.index()].cells
    }

    /// Sets a global.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Misuse`] if it is immutable, or the cells do not fit its type.
    pub fn global_set(&mut self, global: GlobalAddr, cells: [Cell; 2]) -> Result<(), TrapKind> {
        let GlobalType { val, mutable } = *self.global_type(global);
        if !mutable || !self.cells_fit(&[val], &cells) {
            return Err(TrapKind::Misuse);
        }
        self.global_vms[global.index()].cells = cells;
        Ok(())
    }

    /// The bytecode of a function, once it is attached.
    pub fn bytecode(&self, func: FuncAddr) -> Option<&Arc<CheckedBytecode>> {
        match &self.funcs[func.index()] {
            FuncInst::Wasm { code, .. } => code.as_ref(),
            FuncInst::Host(_) => None,
        }
    }

    /// What running bytecode sees of a function.
    pub(crate) fn entry(&self, func: FuncAddr) -> &FuncEntry {
        &self.entries[func.index()]
    }

    /// The frame of a backtrace for a function at a module offset; `None` for a host function.
    pub fn trace_frame(&self, func: FuncAddr, offset: Option<u32>) -> Option<TraceFrame> {
        match self.func_kind(func) {
            FuncKind::Wasm { instance, func } => {
                let module = self.instance(instance).module().clone();
                Some(TraceFrame { instance, module, func, offset })
            }
            FuncKind::Host => None,
        }
    }

    /// The frame of a backtrace for a function at a word of its bytecode.
    pub(crate) fn trace_frame_at(&self, func: FuncAddr, word: u32) -> Option<TraceFrame> {
        let offset = self.bytecode(func).map(|code| code.offset_of(word));
        self.trace_frame(func, offset)
    }
}

/// Metering and the stack limit.
impl Store {
    /// Units of fuel left.
    pub fn fuel(&self) -> u64 {
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).fuel }
    }

    /// Sets the fuel.
    pub fn set_fuel(&mut self, fuel: u64) {
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).fuel = fuel };
    }

    /// Takes `n` units of fuel.
    ///
    /// # Errors
    ///
    /// [`TrapKind::OutOfFuel`] if fewer are left; nothing is taken then.
    pub fn consume_fuel(&mut self, n: u64) -> Result<(), TrapKind> {
        let left = self.fuel().checked_sub(n).ok_or(TrapKind::OutOfFuel)?;
        self.set_fuel(left);
        Ok(())
    }

    /// The counter that [`Store::poll`] compares with the deadline; anyone may raise it from any thread.
    pub fn epoch(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.epoch)
    }

    /// Replaces the counter by one that other stores share.
    pub fn set_epoch(&mut self, epoch: Arc<AtomicU64>) {
        // SAFETY: F1, V9; the store keeps the counter alive.
        unsafe { (*self.vm()).epoch = Arc::as_ptr(&epoch) };
        self.epoch = epoch;
    }

    /// Sets the epoch from which on running code traps; `u64::MAX` at the start.
    pub fn set_epoch_deadline(&mut self, deadline: u64) {
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).epoch_deadline = deadline };
    }

    /// Tests the epoch, at function entries and loop headers of a store metered by epoch.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Interrupt`] from the deadline on.
    pub fn poll(&self) -> Result<(), TrapKind> {
        // SAFETY: F1, V9.
        let deadline = unsafe { (*self.vm()).epoch_deadline };
        if self.epoch.load(Ordering::Relaxed) >= deadline {
            Err(TrapKind::Interrupt)
        } else {
            Ok(())
        }
    }

    /// Charges a frame against the logical stack limit.
    ///
    /// # Errors
    ///
    /// [`TrapKind::StackOverflow`] if fewer bytes are left; nothing is charged then.
    pub fn enter_frame(&mut self, charge_bytes: u64) -> Result<(), TrapKind> {
        let left = self.height_left().checked_sub(charge_bytes).ok_or(TrapKind::StackOverflow)?;
        self.set_height_left(left);
        Ok(())
    }

    /// Gives back what [`Store::enter_frame`] charged.
    pub fn leave_frame(&mut self, charge_bytes: u64) {
        let left = self.height_left().saturating_add(charge_bytes);
        self.set_height_left(left.min(self.config.stack_bytes));
    }

    /// Bytes of the logical stack limit that are left.
    pub fn height_left(&self) -> u64 {
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).height_left }
    }

    fn set_height_left(&mut self, bytes: u64) {
        // SAFETY: F1, V9.
        unsafe { (*self.vm()).height_left = bytes };
    }
}

/// Calls.
impl Store {
    /// Calls a function with arguments and results in cells.
    ///
    /// # Errors
    ///
    /// The trap that ended the call; [`TrapKind::Misuse`] if the cells do not fit the function's type.
    pub fn call(
        &mut self,
        data: &mut dyn Any,
        func: FuncAddr,
        args: &[Cell],
        results: &mut [Cell],
    ) -> Result<(), Trap> {
        let Some(entry) = self.entries.get(func.index()) else {
            return Err(misuse("a function of another store"));
        };
        if results.len() != entry.result_cells as usize {
            return Err(misuse("results do not fit the function's type"));
        }
        if !self.cells_fit(&self.func_type(func).params, args)
            || args.len() != entry.param_cells as usize
        {
            return Err(misuse("arguments do not fit the function's type"));
        }
        if self.host_depth >= self.config.host_depth_max {
            return Err(TrapKind::StackOverflow.into());
        }
        self.host_depth += 1;
        let height = self.height_left();
        let outcome = match (self.func_kind(func), self.dispatch()) {
            (FuncKind::Host, _) => self.call_host_directly(data, func, args, results),
            (FuncKind::Wasm { .. }, Dispatch::Tail | Dispatch::Match) => {
                crate::exec::call(self, data, func, args, results)
            }
            (FuncKind::Wasm { .. }, Dispatch::External(executor)) => {
                let id = self.id;
                let outcome = executor.call(self, data, func, args, results);
                self.assert_same_store(id);
                outcome
            }
        };
        self.set_height_left(height);
        self.host_depth -= 1;
        outcome
    }

    /// The conditions of a resumable call.
    pub(crate) fn check_resumable(
        &self,
        func: FuncAddr,
        args: &[Cell],
        results: &[Cell],
    ) -> Result<(), Trap> {
        let Some(entry) = self.entries.get(func.index()) else {
            return Err(misuse("a function of another store"));
        };
        if results.len() != entry.result_cells as usize
            || args.len() != entry.param_cells as usize
            || !self.cells_fit(&self.func_type(func).params, args)
        {
            return Err(misuse("arguments or results do not fit the function's type"));
        }
        if entry.instance == u32::MAX || matches!(self.dispatch, Dispatch::External(_)) {
            return Err(misuse("only Wasm functions run by this crate's executors are resumable"));
        }
        Ok(())
    }

    /// Whether cells are the results of a function of this store.
    pub(crate) fn check_results(&self, func: FuncAddr, cells: &[Cell]) -> Result<(), Trap> {
        match self.entries.get(func.index()) {
            Some(entry)
                if cells.len() == entry.result_cells as usize
                    && self.cells_fit(&self.func_type(func).results, cells) =>
            {
                Ok(())
            }
            _ => Err(misuse("results do not fit the host function's type")),
        }
    }

    /// Calls a host function that the host asked for itself.
    fn call_host_directly(
        &mut self,
        data: &mut dyn Any,
        func: FuncAddr,
        args: &[Cell],
        results: &mut [Cell],
    ) -> Result<(), Trap> {
        self.enter_frame(self.func_charge(func))?;
        let mut cells = vec![0; args.len().max(results.len())];
        cells[..args.len()].copy_from_slice(args);
        let outer = self.caller.take();
        let outcome = self.call_host(data, func, &mut cells);
        self.caller = outer;
        match outcome? {
            HostOutcome::Done => {
                results.copy_from_slice(&cells[..results.len()]);
                Ok(())
            }
            HostOutcome::Suspend => Err(TrapKind::Suspended.into()),
            HostOutcome::Trap(trap) => Err(*trap),
        }
    }

    /// The instance whose code called the host function that runs now; `None` where the host called it itself.
    pub fn caller(&self) -> Option<InstanceAddr> {
        self.caller
    }

    /// [`Store::call_host`] for code of the instance `caller`: what every executor calls.
    ///
    /// # Errors
    ///
    /// Those of [`Store::call_host`].
    pub fn call_host_from(
        &mut self,
        caller: InstanceAddr,
        data: &mut dyn Any,
        func: FuncAddr,
        cells: &mut [Cell],
    ) -> Result<HostOutcome, Trap> {
        let outer = self.caller.replace(caller);
        let outcome = self.call_host(data, func, cells);
        self.caller = outer;
        outcome
    }

    /// Runs a host function, whose frame the caller has charged. `cells` holds the arguments at the start and the
    /// results at the end, and is as long as the greater of the two needs.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Misuse`] if the function is none of the host, `cells` is too short, or the results do not fit.
    ///
    /// # Panics
    ///
    /// If the host function puts another store in the place of this one.
    pub fn call_host(
        &mut self,
        data: &mut dyn Any,
        func: FuncAddr,
        cells: &mut [Cell],
    ) -> Result<HostOutcome, Trap> {
        let Some(FuncInst::Host(host)) = self.funcs.get(func.index()) else {
            return Err(misuse("not a host function"));
        };
        let host = Arc::clone(host);
        let (param_cells, result_cells) = self.func_cells(func);
        if cells.len() < param_cells.max(result_cells) {
            return Err(misuse("too few cells"));
        }
        let id = self.id;
        let outcome = host(self, data, cells);
        self.assert_same_store(id);
        if let HostOutcome::Done = outcome
            && !self.cells_fit(&self.func_type(func).results, cells)
        {
            return Err(misuse("results of a host function do not fit its type"));
        }
        Ok(outcome)
    }

    /// Ends everything where a host function has moved the store away from under running code (V1).
    fn assert_same_store(&self, id: u64) {
        assert!(self.id == id, "a host function replaced the store that called it");
    }

    /// Whether the first cells fit the types: 32-bit values zero-extended (T2), references of this store (V10).
    fn cells_fit(&self, types: &[ValType], cells: &[Cell]) -> bool {
        let mut cells = cells.iter();
        types.iter().all(|ty| {
            let Some(&cell) = cells.next() else { return false };
            match ty {
                ValType::I32 | ValType::F32 => u32::try_from(cell).is_ok(),
                ValType::I64 | ValType::F64 => true,
                ValType::V128 => cells.next().is_some(),
                ValType::Ref(ty) => self.is_ref(*ty, cell),
            }
        })
    }
}

fn misuse(message: &str) -> Trap {
    Trap::with_message(TrapKind::Misuse, message)
}

/// What the other files of this crate add and change.
impl Store {
    pub(crate) fn push_func(&mut self, entry: FuncEntry, inst: FuncInst) -> FuncAddr {
        let address = FuncAddr(self.entries.len() as u32);
        self.entries.push(entry);
        self.funcs.push(inst);
        address
    }

    pub(crate) fn push_memory(&mut self, memory: Memory) -> MemoryAddr {
        let address = MemoryAddr(self.memories.len() as u32);
        self.memory_vms.push(memory.vm());
        self.memories.push(memory);
        address
    }

    pub(crate) fn push_table(&mut self, mut table: Table) -> TableAddr {
        let address = TableAddr(self.tables.len() as u32);
        self.table_vms.push(table.vm());
        self.tables.push(table);
        address
    }

    pub(crate) fn push_global(&mut self, ty: GlobalType, vm: GlobalVm) -> GlobalAddr {
        let address = GlobalAddr(self.globals.len() as u32);
        self.global_vms.push(vm);
        self.globals.push(ty);
        address
    }

    /// Makes the record of a memory follow its size (V8).
    pub(crate) fn update_memory(&mut self, memory: MemoryAddr) {
        self.memory_vms[memory.index()] = self.memories[memory.index()].vm();
    }

    /// Makes the record of a table follow its place and size (V8).
    pub(crate) fn update_table(&mut self, table: TableAddr) {
        self.table_vms[table.index()] = self.tables[table.index()].vm();
    }

    /// Gives every element of a table that no one has seen yet its start value.
    pub(crate) fn fill_new_table(&mut self, table: u32, start: Cell) {
        self.tables[table as usize].elements_mut().fill(start);
    }

    /// The instance and index of a Wasm function without bytecode.
    pub(crate) fn wasm_without_code(&self, func: FuncAddr) -> Option<(InstanceAddr, FuncIdx)> {
        match self.funcs[func.index()] {
            FuncInst::Wasm { instance, func, code: None } => Some((instance, func)),
            FuncInst::Wasm { .. } | FuncInst::Host(_) => None,
        }
    }

    /// Gives a Wasm function its bytecode, which the caller has found to fit (V4).
    pub(crate) fn set_code(&mut self, func: FuncAddr, bytecode: Arc<CheckedBytecode>) {
        if let FuncInst::Wasm { code, .. } = &mut self.funcs[func.index()] {
            self.entries[func.index()].code = bytecode.words().as_ptr();
            *code = Some(bytecode);
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("instances", &self.instances.len())
            .field("funcs", &self.entries.len())
            .field("memories", &self.memories)
            .field("tables", &self.tables.len())
            .field("globals", &self.globals.len())
            .finish_non_exhaustive()
    }
}
