//! The store: every object of a set of instances, and the calls between them and the host.
//!
//! Its methods are here (life), in `objects`, `call`, `metering` below, and in `instantiate`, `ops`
//! and `attach` beside. The store keeps the flat records of `vm` true: whenever a memory or table
//! changes its size or an object is added, the record follows in the same call.
//!
//! Objects live as long as the store: addresses stay valid, and nothing is collected.
//!
//! # Invariants
//! V1 to V10 of [`crate::vm`].
//!
//! Limits: [`Limits`], the logical stack limit and the depth of nested calls in [`StoreConfig`].

mod budget;
mod call;
mod exceptions;
mod hooks;
mod metering;
mod objects;
mod roots;
mod spare;

pub(crate) use call::{Mark, SuspendedCall};
pub(crate) use hooks::Hooks;
pub use hooks::{
    EpochAnswer, EpochHook, Growing, Growth, GrowthFailedHook, GrowthFailure, GrowthHook,
    Permission,
};
pub use metering::{EPOCH_OVER, SEARCH_CHUNK, Search};
pub(crate) use spare::Tail;
pub use spare::{Spare, SpareLimits};

use crate::attach::Codes;
use crate::exception::Exceptions;
use crate::exec::{Accumulators, DispatchCounts, Heat};
use crate::fixed::Fixed;
use crate::func::{FuncKind, Funcs, Left};
use crate::heap::Heap;
use crate::host::{ExecutorKind, HostFunc};
use crate::instance::Instance;
use crate::instantiate::CreateError;
use crate::lease::{Lease, StackLease, Stacks, Wanted};
use crate::limits::{Limits, STACK_BYTES_MAX, STACK_BYTES_MIN};
use crate::memory::{Memory, Room};
use crate::native::{self, Native};
use crate::ops::is_traced;
use crate::prototype::Prototype;
use crate::roots::Roots;
use crate::sys::{OutOfMemory, Reservation, StackBytes};
use crate::table::Table;
use crate::trap::TrapKind;
use crate::value::{FuncAddr, GlobalAddr, InstanceAddr, MemoryAddr, TableAddr};
use crate::vm::{Cell, Frame, FuncEntry, GlobalVm, MemoryVm, NativeVm, OfStore, TableVm, Vm};
use prova_bytecode::Settings;
use prova_check::MemoryShape;
use prova_module::{
    ElemIdx, FRAME_BYTES, FuncIdx, GlobalType, ObjectLayout, TypeId, TypeRegistry, ValType,
};
use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// How a store behaves, fixed for its life.
#[derive(Debug)]
pub struct StoreConfig {
    /// Metering and determinism: the settings that bytecode must have been translated with.
    pub settings: Settings,
    /// The logical stack limit in bytes, from [`STACK_BYTES_MIN`] to [`STACK_BYTES_MAX`]; default 8
    /// MiB.
    pub stack_bytes: u64,
    /// How many calls from the host may be active inside each other; default 100.
    pub host_depth_max: u32,
    /// Limits on the store's objects.
    pub limits: Limits,
    /// Whether `memory.grow` and `table.grow` trap where they would give −1.
    pub trap_on_grow_failure: bool,
    /// The executor of Wasm functions.
    pub executor: ExecutorKind,
    /// The configuration that native code of the store was made for; `None`: the store takes no
    /// native code. Where the platform or the address space rules native code out, the store takes
    /// none either, and all runs as bytecode.
    pub native: Option<prova_check::Config>,
    /// Whether to count the instructions that run, by op ([`Store::dispatch_counts`]): of
    /// [`Dispatch::Tail`](crate::Dispatch::Tail) alone, which is then many times slower.
    pub count_dispatches: bool,
    /// When to look at where the program spends its time: for bytecode that counts, in a store that
    /// takes native code.
    pub heat: Heat,
    /// Memory left by former stores.
    pub spare: Option<Arc<Spare>>,
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
            native: None,
            count_dispatches: false,
            heat: Heat::NEVER,
            spare: None,
        }
    }
}

/// The parts of the configuration that stay once the store exists.
pub(crate) struct Config {
    settings: Settings,
    pub(crate) stack_bytes: u64,
    host_depth_max: u32,
    pub(crate) limits: Limits,
    pub(crate) trap_on_grow_failure: bool,
}

/// Everything that the instances of one store share.
pub struct Store {
    /// Tells stores apart, also from those that are gone.
    id: u64,
    pub(crate) config: Config,
    executor: ExecutorKind,
    pub(crate) heat: Heat,
    /// One [`Vm`] at a fixed address.
    vm: OfStore<Fixed<Vm>>,
    pub(crate) types: TypeRegistry,
    pub(crate) entries: Vec<FuncEntry>,
    pub(crate) spare: Option<Arc<Spare>>,
    /// Entries behind the length that the room of `entries` came with (Q2 of `spare`).
    left: Option<Tail>,
    /// The entries of the first instance, where others may use them.
    tail: Option<Tail>,
    funcs: Funcs,
    pub(crate) memory_vms: OfStore<Vec<MemoryVm>>,
    pub(crate) memories: Vec<Memory>,
    /// Those of them that are shared.
    shared_memories: Vec<MemoryAddr>,
    pub(crate) table_vms: OfStore<Vec<TableVm>>,
    pub(crate) tables: Vec<Table>,
    /// B1 of `budget`.
    bytes: u64,
    pub(crate) global_vms: Vec<GlobalVm>,
    pub(crate) globals: Vec<GlobalType>,
    /// The type of each tag.
    pub(crate) tags: Vec<TypeId>,
    /// For each tag, the cells of its values that are references to exceptions or objects.
    tag_roots: Vec<Box<[u32]>>,
    pub(crate) exceptions: Exceptions,
    /// References to exceptions and objects in frames of executors from outside that called the
    /// host, and to objects among the arguments of host functions that run, the newest last.
    held: Vec<Cell>,
    /// Objects that the host holds.
    roots: RefCell<Roots>,
    /// Host functions that run.
    host_calls: Arc<AtomicU32>,
    pub(crate) heap: Heap,
    /// For each type, where the fields of its objects are, if it has some.
    pub(crate) layouts: Vec<Option<Arc<ObjectLayout>>>,
    /// The bytes that objects of constant expressions of the newest instantiation may take.
    pub(crate) constant_bytes: u64,
    /// Globals of references to exceptions and objects.
    pub(crate) traced_globals: Vec<GlobalAddr>,
    /// Tables of such references.
    pub(crate) traced_tables: Vec<TableAddr>,
    /// Element segments of such references.
    pub(crate) traced_elems: Vec<(InstanceAddr, ElemIdx)>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) externs: Vec<Box<dyn Any + Send + Sync>>,
    /// Records and code of native functions, if it takes any.
    pub(crate) native: Option<Box<Native>>,
    /// How often each op ran, in a store that counts.
    pub(crate) counts: Option<Box<DispatchCounts>>,
    pub(crate) hooks: OfStore<Hooks>,
    epoch: Arc<AtomicU64>,
    /// Counters that native code may still name.
    replaced_epochs: Vec<Arc<AtomicU64>>,
    /// In place of the epoch: how many more polls go well.
    #[cfg(test)]
    pub(crate) polls_until_due: std::cell::Cell<Option<u64>>,
    host_depth: u32,
    /// The fuel that the newest charge asked for and did not find.
    pub(crate) fuel_needed: std::cell::Cell<u64>,
    /// The suspended calls whose frames are on the stack, the newest last (D4 of `exec::driver`).
    pub(crate) suspended: Vec<SuspendedCall>,
    /// How many of them lie below the frames of the call that runs.
    pub(crate) suspended_floor: usize,
    /// The instance whose code called the host function that runs.
    caller: Option<InstanceAddr>,
    /// The value stack and the frame records that the [`Vm`] points to (V5, V6), and the stack of
    /// native code.
    pub(crate) stacks: Stacks,
    _frames: Lease,
}

/// A store is `Send` because its parts are ([`OfStore`], [`Reservation`], [`Fixed`]).
const _: () = {
    const fn is_send<T: Send>() {}
    is_send::<Store>()
};

/// Bytes of stacks that stay in memory for the next store: the first frames.
const STACK_KEEP_BYTES: usize = 4 << 10;

/// Cells of the value stack beyond the logical limit.
const STACK_SLACK_BYTES: u64 = 64 << 10;

/// The bytes of the frame records of a value stack: one record for each minimal charge, and one for
/// each activation (V6).
fn frame_record_bytes(stack_bytes: u64, host_depth_max: u32) -> u64 {
    let frames = stack_bytes / FRAME_BYTES + u64::from(host_depth_max) + 2;
    frames * size_of::<Frame>() as u64
}

/// The registers before anything runs.
fn first_vm(
    settings: Settings,
    stack_bytes: u64,
    (stack, bytes): (NonNull<u8>, usize),
    frames: &Reservation,
    epoch: &Arc<AtomicU64>,
) -> Vm {
    Vm {
        not_fuel: !0,
        epoch: Arc::as_ptr(epoch),
        epoch_deadline: u64::MAX,
        funcs: ptr::null(),
        args: ptr::null_mut(),
        nowhere: 0,
        funcs_len: 0,
        native: NativeVm::NONE,
        height_left: stack_bytes,
        heat: 0,
        frame_top: frames.base().as_ptr().cast(),
        func: Frame::HOST,
        instance_addr: u32::MAX,
        defined: ptr::null(),
        instance: ptr::null(),
        entries: ptr::null_mut(),
        entry_count: 0,
        supertypes: ptr::null(),
        memories: ptr::null(),
        tables: ptr::null(),
        globals: ptr::null_mut(),
        mem0: NO_MEMORY,
        ip: ptr::null(),
        fp: stack.as_ptr().cast(),
        trap: TrapKind::Bug,
        value: 0,
        acc: Accumulators::CLEAR,
        store: ptr::null_mut(),
        stack_base: stack.as_ptr().cast(),
        stack_cells: bytes / size_of::<Cell>(),
        frames_base: frames.base().as_ptr().cast(),
        metering: settings.metering,
    }
}

/// Life of a store.
impl Store {
    /// An empty store.
    ///
    /// # Panics
    ///
    /// If the system has no address space for the value stack, as any allocation would.
    pub fn new(config: StoreConfig) -> Store {
        match Store::try_new(config) {
            Ok(store) => store,
            Err(_) => panic!("no address space for the stacks of a store"),
        }
    }

    /// The same where a guest decides how many stores there are.
    ///
    /// # Errors
    ///
    /// [`CreateError::OutOfMemory`] if the system has no address space for its stacks.
    pub fn try_new(config: StoreConfig) -> Result<Store, CreateError> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let StoreConfig { settings, executor, limits, .. } = config;
        let StoreConfig { host_depth_max, trap_on_grow_failure, .. } = config;
        let stack_bytes = config.stack_bytes.clamp(STACK_BYTES_MIN, STACK_BYTES_MAX);
        let (spare, native) = (config.spare, config.native);
        let frame_bytes = frame_record_bytes(stack_bytes, host_depth_max);
        let stacks = stacks(spare.as_ref(), stack_bytes, native.is_some())?;
        let frames = reserve_all(spare.as_ref(), frame_bytes)?;
        let room = spare.as_deref().map(Spare::take_room).unwrap_or_default();
        let epoch = Arc::new(AtomicU64::new(0));
        let vm = first_vm(settings, stack_bytes, stacks.values(), &frames, &epoch);
        let mut store = Store {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            config: Config { settings, stack_bytes, host_depth_max, limits, trap_on_grow_failure },
            executor,
            heat: config.heat,
            vm: OfStore::new(Fixed::new([vm])),
            types: TypeRegistry::new(),
            entries: room.entries,
            spare,
            left: room.tail,
            tail: None,
            funcs: Funcs::within(room.slots),
            memory_vms: room.memories,
            memories: Vec::new(),
            shared_memories: Vec::new(),
            table_vms: room.tables,
            tables: Vec::new(),
            bytes: 0,
            global_vms: room.globals,
            globals: Vec::new(),
            tags: Vec::new(),
            tag_roots: Vec::new(),
            exceptions: Exceptions::new(),
            held: Vec::new(),
            roots: RefCell::new(Roots::NONE),
            host_calls: Arc::default(),
            heap: Heap::of(settings.deterministic),
            layouts: Vec::new(),
            constant_bytes: 0,
            traced_globals: Vec::new(),
            traced_tables: Vec::new(),
            traced_elems: Vec::new(),
            instances: Vec::new(),
            externs: Vec::new(),
            native: None,
            counts: None,
            hooks: OfStore::new(Hooks::NONE),
            epoch,
            replaced_epochs: Vec::new(),
            #[cfg(test)]
            polls_until_due: std::cell::Cell::new(None),
            host_depth: 0,
            fuel_needed: std::cell::Cell::new(0),
            suspended: Vec::new(),
            suspended_floor: 0,
            caller: None,
            stacks,
            _frames: frames,
        };
        if let Some(config) = native {
            store.start_native(config, room.native);
            store.cool();
        }
        if config.count_dispatches && store.runs_linked() {
            store.counts = Some(Box::new(DispatchCounts::new()));
        }
        Ok(store)
    }

    /// The address space and guard of memories, where native code relies on them.
    pub(crate) fn memory_guard(&self) -> Option<(u64, u64)> {
        match self.native.as_ref()?.memory_shape() {
            MemoryShape::Guard { reservation_bytes, guard_bytes } => {
                Some((reservation_bytes, guard_bytes))
            }
            MemoryShape::Explicit | MemoryShape::Masked => None,
        }
    }

    /// Where memories of the host get their address space from.
    pub(crate) fn room(&self) -> Room<'_> {
        Room { spare: self.spare.as_ref(), guard: self.memory_guard(), image: None }
    }

    /// The settings that bytecode must have been translated with.
    pub fn settings(&self) -> Settings {
        self.config.settings
    }

    /// Replaces the limits, for objects that are made from now on; `trap_on_grow_failure` holds for
    /// all.
    pub fn set_limits(&mut self, limits: Limits, trap_on_grow_failure: bool) {
        self.config.limits = limits;
        self.config.trap_on_grow_failure = trap_on_grow_failure;
    }

    /// The state of running bytecode. It stays where it is as long as the store lives.
    pub(crate) fn vm(&self) -> *mut Vm {
        self.vm.as_ptr()
    }

    /// The executor.
    pub(crate) fn executor(&self) -> &ExecutorKind {
        &self.executor
    }

    /// Writes the bases of the object vectors, and what belongs to the current instance, into the
    /// [`Vm`] (V2, V3, V7).
    ///
    /// To be called after anything that may add objects or resize memory 0, before bytecode runs
    /// on.
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
            (*vm).supertypes = self.types.supertypes().as_ptr();
            (*vm).memories = self.memory_vms.as_ptr();
            (*vm).tables = self.table_vms.as_ptr();
            (*vm).globals = self.global_vms.as_mut_ptr();
            (*vm).instance = instance.map_or(ptr::null(), Instance::vm);
            (*vm).defined = defined;
            (*vm).mem0 = mem0;
            let records = self.native.as_ref().map(|native| native.records());
            (*vm).funcs = records.map_or(ptr::null(), <[_]>::as_ptr);
            (*vm).funcs_len = records.map_or(0, <[_]>::len) as u64;
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

/// The stacks for a logical limit; without a native one where there is no address space for it.
fn stacks(spare: Option<&Arc<Spare>>, limit: u64, native: bool) -> Result<Stacks, CreateError> {
    let values = limit + STACK_SLACK_BYTES;
    let both = || {
        let bytes = |bytes: u64| usize::try_from(bytes).map_err(|_| OutOfMemory);
        let (native, values) = (bytes(native::stack_bytes(limit))?, bytes(values)?);
        StackLease::new(spare, StackBytes { native, values })
    };
    match native.then(both) {
        Some(Ok(both)) => Ok(Stacks::Both(both)),
        Some(Err(OutOfMemory)) | None => reserve_all(spare, values).map(Stacks::Values),
    }
}

/// A reservation that is committed as a whole; the system fills it as it is touched.
fn reserve_all(spare: Option<&Arc<Spare>>, bytes: u64) -> Result<Lease, CreateError> {
    let bytes = usize::try_from(bytes).map_err(|_| CreateError::OutOfMemory)?;
    let keep = STACK_KEEP_BYTES;
    let (min, max, committed) = (bytes, bytes, bytes);
    let wanted = Wanted { min, max, guard: None, committed, image: None, keep };
    Lease::new(spare, &wanted).map_err(|OutOfMemory| CreateError::OutOfMemory)
}

/// Operations for the other files of this crate.
impl Store {
    /// Adds a function of the host.
    pub(crate) fn push_host(&mut self, entry: FuncEntry, host: HostFunc) -> FuncAddr {
        let address = FuncAddr(self.entries.len() as u32);
        self.push_host_record(address, entry.type_id);
        self.entries.push(entry);
        self.funcs.push_host(host);
        address
    }

    /// Adds the functions that the module of an instance defines, in order. `own_types`: the types
    /// have the identities that they have in the prototype. Whether the store before has left them.
    pub(crate) fn push_funcs(
        &mut self,
        prototype: &Prototype,
        instance: InstanceAddr,
        type_ids: &[TypeId],
        own_types: bool,
    ) -> bool {
        let linked = self.runs_linked();
        let (first, count) = (self.entries.len(), prototype.funcs.len());
        let tail = Tail {
            prototype: prototype.id,
            instance: instance.as_u32(),
            first,
            count,
            linked,
            capacity: self.entries.capacity(),
        };
        let found = own_types && self.left.take() == Some(tail);
        if found {
            // SAFETY: Q2: these entries are there behind the first ones, as they would be made now,
            // and `first + count` is within the capacity that they were left with.
            unsafe { self.entries.set_len(first + count) };
        } else {
            let parts = prototype.funcs.iter();
            self.entries.extend(parts.map(|parts| parts.entry(instance, type_ids, linked)));
        }
        if own_types && self.instances.is_empty() {
            self.tail = Some(tail);
        }
        self.funcs.push_wasm(count);
        self.push_no_records(count);
        found
    }

    pub(crate) fn push_memory(&mut self, memory: Memory) -> MemoryAddr {
        let address = MemoryAddr(self.memories.len() as u32);
        match memory.shared() {
            Some(_) => self.shared_memories.push(address),
            None => self.bytes += memory.len_bytes(),
        }
        self.memory_vms.push(memory.vm());
        self.memories.push(memory);
        address
    }

    pub(crate) fn push_table(&mut self, mut table: Table) -> TableAddr {
        let address = TableAddr(self.tables.len() as u32);
        if is_traced(table.ty().ref_type) {
            self.traced_tables.push(address);
        }
        self.bytes += table.len_bytes();
        self.table_vms.push(table.vm());
        self.tables.push(table);
        address
    }

    pub(crate) fn push_global(&mut self, ty: GlobalType, vm: GlobalVm) -> GlobalAddr {
        let address = GlobalAddr(self.globals.len() as u32);
        if matches!(ty.val, ValType::Ref(ty) if is_traced(ty)) {
            self.traced_globals.push(address);
        }
        self.global_vms.push(vm);
        self.globals.push(ty);
        address
    }

    /// Makes the record of a memory follow its size (V8).
    pub(crate) fn update_memory(&mut self, memory: MemoryAddr) {
        self.memory_vms[memory.index()] = self.memories[memory.index()].vm();
        self.publish_memory(memory);
    }

    /// Makes the record of a table follow its place and size (V8).
    pub(crate) fn update_table(&mut self, table: TableAddr) {
        self.table_vms[table.index()] = self.tables[table.index()].vm();
        self.publish_table(table);
    }

    /// The instance and index of a Wasm function without code.
    pub(crate) fn wasm_without_code(&self, func: FuncAddr) -> Option<(InstanceAddr, FuncIdx)> {
        match self.func_kind(func) {
            FuncKind::Wasm { instance, func: index } => {
                let none = self.funcs.codes(func).is_none_or(Codes::is_empty);
                none.then_some((instance, index))
            }
            FuncKind::Host => None,
        }
    }

    /// Whether a function has native code.
    pub(crate) fn is_native(&self, func: FuncAddr) -> bool {
        self.funcs.codes(func).is_some_and(Codes::is_native)
    }

    /// The codes attached to a function, if any.
    pub(crate) fn codes(&self, func: FuncAddr) -> Option<&Codes> {
        self.funcs.codes(func)
    }

    /// Takes the codes that another store has left (R6 of `native`).
    pub(crate) fn find_codes(&mut self, codes: Left) {
        self.funcs.find(codes);
    }

    /// The codes attached to a function, to add to them; `None` for a function of the host.
    pub(crate) fn codes_mut(&mut self, func: FuncAddr) -> Option<&mut Codes> {
        self.funcs.codes_mut(func)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.leave_room();
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

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests;
