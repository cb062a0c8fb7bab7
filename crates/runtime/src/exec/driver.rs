//! The driver: runs an executor from exit to exit until the called function has returned or
//! trapped.
//!
//! An *activation* is one call from the host: its bottom record names the host as caller.
//! Activations nest when a host function calls back; each restores the registers of the one below
//! it. While the host runs, `Vm::fp` is the first free cell of the value stack, and no reference
//! into the stack exists: arguments are copied out before, results copied in after.
//!
//! # Invariants
//! * D1. At every exit the frame records of the activation are those from its bottom record to
//!   `frame_top`.
//! * D2. After an activation, by return or by trap, `frame_top`, `height_left` and all registers
//!   are as before it.
//! * D3. `Vm::store` is set again before every entry of an executor, since a use of the store's own
//!   reference ends what was derived from it (V1).
//! * D4. `Store::suspended` names the suspensions whose frames are on the stack, the newest last.
//!   When a host function returns, everything that it left above its own frame (calls that it
//!   suspended, or whose panic it caught) is cut off (`Store::cut_back`), and its suspensions can
//!   no longer be resumed: this keeps D1. A suspended call goes on only at the depth of nested
//!   calls where it began, that is, in the same host function. `Store::suspended_floor` of them lie
//!   below the frames of the activation that runs; those above that are dropped are cut off before
//!   the next activation begins.
//!
//! A call of the host is charged before it, and the epoch is tested after it: also when a suspended
//! one is resumed.

use super::native;
use super::{Accumulators, Registers, matching, tail};
use crate::host::{Dispatch, Exception, ExecutorKind, HostOutcome};
use crate::store::{Mark, Store, SuspendedCall};
use crate::trap::{MemoryFault, TraceFrame, Trap, TrapKind};
use crate::value::{FuncAddr, InstanceAddr};
use crate::vm::{Cell, ExitCode, Frame, FuncEntry, InstanceVm, MemoryVm, Vm};
use prova_bytecode::{Class, Marks, decode};
use prova_module::MemoryIdx;
use std::any::Any;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a resumable call went on.
#[derive(Debug)]
pub enum CallOutcome {
    /// The function returned; its results are in the buffer.
    Returned,
    /// A host function suspended the call.
    Suspended(Suspension),
}

/// A call that a host function suspended. Dropping it gives the call up: its frames go before the
/// next call of the store, or, where a call that is not given up lies above them, with that one.
#[derive(Debug)]
pub struct Suspension {
    /// Its name in [`Store::suspended`]; no other suspension of any store has it.
    serial: u64,
    /// Tells the store when this is dropped.
    _alive: Arc<()>,
    /// The stacks below the activation.
    below: Mark,
    /// The depth of the host that called.
    host_depth: u32,
    host: FuncAddr,
    called: FuncAddr,
    /// Frame records below the activation.
    bottom: usize,
    /// Frame records including the host function's, the newest.
    top: usize,
    /// The host function's frame, in cells from the stack's base.
    frame: usize,
    /// The frame of the called function, in cells from the stack's base.
    base: usize,
    /// Segments of native code below the activation.
    segments: usize,
}

impl Suspension {
    /// The host function that suspended; the call goes on with its results.
    pub fn host_func(&self) -> FuncAddr {
        self.host
    }
}

/// Calls a Wasm function and waits for its end.
///
/// # Errors
/// The trap. A host function that suspends is one here, since nothing could resume the call.
pub(crate) fn call(
    store: &mut Store,
    data: &mut dyn Any,
    func: FuncAddr,
    args: &[Cell],
    results: &mut [Cell],
) -> Result<(), Trap> {
    let mut activation = Activation::enter(store, func, args)?;
    match activation.drive(store, data, Step::Run) {
        Ok(None) => {
            activation.finish(store, results);
            Ok(())
        }
        Ok(Some(_)) => Err(activation.unwind(store, Trap::new(TrapKind::Suspended))),
        Err(trap) => Err(activation.unwind(store, trap)),
    }
}

/// Resumable calls.
impl Store {
    /// Calls a Wasm function until it ends or a host function of this very call (not of one nested
    /// in it) suspends.
    ///
    /// # Errors
    /// The trap; [`TrapKind::Misuse`] for a host function, for cells that do not fit, or in a store
    /// whose executor is not of this crate.
    pub fn call_resumable(
        &mut self,
        data: &mut dyn Any,
        func: FuncAddr,
        args: &[Cell],
        results: &mut [Cell],
    ) -> Result<CallOutcome, Trap> {
        self.check_resumable(func, args, results)?;
        self.give_up_dropped();
        let below = self.mark();
        self.nested_resumable(below, |store| {
            Activation::enter(store, func, args)?.go_on(store, data, results, below, Step::Run)
        })
    }

    /// Whether a call that is to be suspended, and to go on before those that are suspended
    /// already, has a level left: as many may lie above each other as calls of the host may nest.
    pub fn may_suspend_once_more(&mut self) -> bool {
        self.give_up_dropped();
        self.suspended.len() < self.host_depth_max() as usize
    }

    /// Goes on with a suspended call; `host_results` are the results of the host function that
    /// suspended it.
    ///
    /// # Errors
    /// The trap; [`TrapKind::Misuse`] if the suspension is not the newest call on this store's
    /// stack, or cells do not fit.
    pub fn resume(
        &mut self,
        data: &mut dyn Any,
        suspension: Suspension,
        host_results: &[Cell],
        results: &mut [Cell],
    ) -> Result<CallOutcome, Trap> {
        self.resume_with(data, suspension, HostOutcome::Done, host_results, results)
    }

    /// Goes on as if the host function had ended so: with its results, which count for
    /// [`HostOutcome::Done`] alone, an exception or a trap.
    ///
    /// # Errors
    /// Those of [`Store::resume`]; [`TrapKind::Misuse`] for [`HostOutcome::Suspend`].
    pub fn resume_with(
        &mut self,
        data: &mut dyn Any,
        suspension: Suspension,
        outcome: HostOutcome,
        host_results: &[Cell],
        results: &mut [Cell],
    ) -> Result<CallOutcome, Trap> {
        self.give_up_dropped();
        if self.suspended.last().map(|newest| newest.serial) != Some(suspension.serial)
            || self.host_depth() != suspension.host_depth
        {
            return Err(Trap::with_message(
                TrapKind::Misuse,
                "the suspended call is not the newest one of this store and of the running host function",
            ));
        }
        if let HostOutcome::Done = outcome {
            self.check_results(suspension.host, host_results)?;
        }
        let below = suspension.below;
        let ended = (outcome, host_results);
        self.nested_resumable(below, |store| resume(store, data, suspension, ended, results))
    }
}

fn resume(
    store: &mut Store,
    data: &mut dyn Any,
    suspension: Suspension,
    (outcome, host_results): (HostOutcome, &[Cell]),
    results: &mut [Cell],
) -> Result<CallOutcome, Trap> {
    store.publish();
    let vm_at = store.vm();
    // SAFETY: V9.
    let vm = unsafe { &mut *vm_at };
    // SAFETY: V6: both are in the frame records.
    let top = unsafe { vm.frame_top.offset_from_unsigned(vm.frames_base) };
    let called = store.entry(suspension.called);
    if top != suspension.top || results.len() != called.result_cells as usize {
        return Err(Trap::with_message(
            TrapKind::Misuse,
            "another call runs above the suspended one, or the number of results is wrong",
        ));
    }
    store.suspended.pop();
    store.suspended_floor = store.suspended.len();
    // SAFETY: V5, V6: the suspension is the newest of this store (D4), so its records are the ones
    // below its `top`, and its frames are below the first free cell.
    let (base, bottom, frame) = unsafe {
        (
            vm.stack_base.add(suspension.base),
            vm.frames_base.add(suspension.bottom),
            vm.stack_base.add(suspension.frame),
        )
    };
    let height_left = suspension.below.height_left();
    let saved = Saved { fp: base, height_left, ..Saved::new(vm) };
    let called = suspension.called;
    let segments = suspension.segments;
    let mut activation =
        Activation { vm: vm_at, saved, called, base, bottom, segments, native_top: false };
    vm.fp = frame;
    vm.func = suspension.host.as_u32();
    let step = match outcome {
        HostOutcome::Done => {
            // SAFETY: V5: the frame of a host function has room for its results.
            unsafe { write_cells(frame, host_results) };
            store.poll_asking(data, |store| activation.trace(store)).map(|()| Step::Left)
        }
        HostOutcome::Throw(exception, trap) => {
            store.poll_asking(data, |store| activation.trace(store)).and_then(|()| {
                let thrown = |store: &mut Store| activation.throw_of_host(store, exception, *trap);
                store.with_data(data, thrown)
            })
        }
        HostOutcome::Trap(trap) => Err(*trap),
        HostOutcome::Suspend => Err(Trap::with_message(
            TrapKind::Misuse,
            "a suspended call goes on with an end of its host function",
        )),
    };
    match step {
        Ok(step) => activation.go_on(store, data, results, suspension.below, step),
        Err(trap) => Err(activation.unwind(store, trap)),
    }
}

/// The registers that an activation gives back (D2).
struct Saved {
    func: u32,
    instance_addr: u32,
    instance: *const InstanceVm,
    defined: *const FuncEntry,
    mem0: MemoryVm,
    ip: *const u64,
    fp: *mut Cell,
    height_left: u64,
}

impl Saved {
    fn new(vm: &Vm) -> Saved {
        Saved {
            func: vm.func,
            instance_addr: vm.instance_addr,
            instance: vm.instance,
            defined: vm.defined,
            mem0: vm.mem0,
            ip: vm.ip,
            fp: vm.fp,
            height_left: vm.height_left,
        }
    }
}

/// The next step of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Runs the executor at `vm.ip`.
    Run,
    /// Goes on with the function whose frame and record were just made.
    Entered,
    /// Goes back to the caller of the function whose results are in its frame.
    Left,
}

/// Where a function that is left goes back to.
enum Caller {
    Host,
    Bytecode,
    /// Native code, which waits here on the native stack.
    Native(usize),
}

/// How a host function went on that code called.
enum HostReturn {
    /// It returned; its results are in its frame.
    Done,
    /// It threw; the trap is for the case that nothing catches.
    Threw(Exception, Box<Trap>),
    /// It suspended the call.
    Suspended,
}

pub(super) struct Activation {
    vm: *mut Vm,
    saved: Saved,
    /// The function that the host called.
    called: FuncAddr,
    /// Its frame.
    base: *mut Cell,
    /// Its record.
    bottom: *mut Frame,
    /// Segments of native code below it.
    segments: usize,
    /// Whether a trap has the frames of the newest segment already.
    pub(super) native_top: bool,
}

impl Activation {
    /// Pushes the bottom record and the frame of `func`.
    fn enter(store: &mut Store, func: FuncAddr, args: &[Cell]) -> Result<Activation, Trap> {
        store.publish();
        let vm_at = store.vm();
        // SAFETY: V9.
        let vm = unsafe { &mut *vm_at };
        let &FuncEntry { charge_bytes, param_cells, local_cells, .. } = store.entry(func);
        let saved = Saved::new(vm);
        let Some(left) = vm.height_left.checked_sub(u64::from(charge_bytes)) else {
            return Err(Trap::new(TrapKind::StackOverflow));
        };
        vm.height_left = left;
        let (base, bottom) = (vm.fp, vm.frame_top);
        let record = Frame { ip: ptr::null(), func: Frame::HOST, window: Frame::SWITCHED };
        // SAFETY: V6: the charge is paid, and there is a record for each activation besides.
        vm.frame_top = unsafe {
            *bottom = record;
            bottom.add(1)
        };
        // SAFETY: V5: the charge covers parameters and locals.
        let locals = unsafe {
            write_cells(base, args);
            base.add(param_cells as usize)
        };
        // SAFETY: V5: as above.
        unsafe { locals.write_bytes(0, (local_cells - param_cells) as usize) };
        vm.func = func.as_u32();
        vm.fp = base;
        vm.ip = store.entry(func).code.get();
        set_function(store);
        let segments = store.segments();
        Ok(Activation { vm: vm_at, saved, called: func, base, bottom, segments, native_top: false })
    }

    /// Drives to the end or to a suspension.
    fn go_on(
        mut self,
        store: &mut Store,
        data: &mut dyn Any,
        results: &mut [Cell],
        below: Mark,
        step: Step,
    ) -> Result<CallOutcome, Trap> {
        match self.drive(store, data, step) {
            Ok(None) => {
                self.finish(store, results);
                Ok(CallOutcome::Returned)
            }
            Ok(Some(host)) => Ok(CallOutcome::Suspended(self.suspend(store, host, below))),
            Err(trap) => Err(self.unwind(store, trap)),
        }
    }

    /// Runs until the called function has returned (`None`), a host function suspends (`Some`), or
    /// a trap.
    fn drive(
        &mut self,
        store: &mut Store,
        data: &mut dyn Any,
        mut step: Step,
    ) -> Result<Option<FuncAddr>, Trap> {
        let tail = matches!(store.executor(), ExecutorKind::Interpreter(Dispatch::Tail));
        let tail = tail && tail::is_sound();
        loop {
            step = match step {
                Step::Run => {
                    let code = store.with_data(data, |store| self.run(store, tail));
                    if code == ExitCode::Leave as u32 {
                        Step::Left
                    } else if code == ExitCode::Enter as u32 {
                        Step::Entered
                    } else if code == ExitCode::Attach as u32 {
                        store.with_data(data, |store| self.attach(store))?
                    } else if code == ExitCode::Throw as u32 {
                        store.with_data(data, |store| self.throw(store))?
                    } else if code == ExitCode::Hot as u32 {
                        store.with_data(data, |store| self.look(store))?
                    } else if store.has_epoch_hook() && self.is_due() {
                        // The poll at `ip` is tested again: another deadline is set. No accumulator
                        // is known there (`bytecode::check`).
                        store.ask_epoch(data, self.trace(store))?;
                        set_function(store);
                        Step::Run
                    } else {
                        return Err(self.trap(store));
                    }
                }
                Step::Left => match store.with_data(data, |store| self.leave(store))? {
                    Some(step) => step,
                    None => return Ok(None),
                },
                Step::Entered => {
                    let func = self.running();
                    if store.entry(func).instance != u32::MAX {
                        self.start(store, func);
                        Step::Run
                    } else {
                        match self.call_host(store, data, func)? {
                            HostReturn::Done => Step::Left,
                            HostReturn::Suspended => return Ok(Some(func)),
                            HostReturn::Threw(exception, trap) => store
                                .with_data(data, |store| {
                                    self.throw_of_host(store, exception, *trap)
                                })?,
                        }
                    }
                }
            };
        }
    }

    /// The running function has no bytecode to run: it gets code, or has native code.
    fn attach(&mut self, store: &mut Store) -> Result<Step, Trap> {
        let func = self.running();
        store.attach(func)?;
        set_function(store);
        if store.is_native(func) {
            return self.enter_native(store, func);
        }
        self.start(store, func);
        Ok(Step::Run)
    }

    /// Goes back to the caller of the function that has left its results; `None`: that is the
    /// host.
    fn leave(&mut self, store: &mut Store) -> Result<Option<Step>, Trap> {
        // SAFETY: V9.
        let (func, from) = unsafe { (FuncAddr::from_index((*self.vm).func), (*self.vm).fp) };
        match self.pop(store) {
            Caller::Host => Ok(None),
            Caller::Bytecode => {
                set_function(store);
                Ok(Some(Step::Run))
            }
            Caller::Native(native_sp) => {
                let cells = store.entry(func).result_cells as usize;
                self.resume_native(store, native_sp, from, cells).map(Some)
            }
        }
    }

    /// Runs the executor to its next exit.
    fn run(&self, store: &mut Store, tail: bool) -> u32 {
        // SAFETY: V9.
        let vm = unsafe { &mut *self.vm };
        // D3.
        vm.store = &raw mut *store;
        let MemoryVm { base: mem, len_bytes: len } = vm.mem0;
        let (acc, marks) = (Accumulators::CLEAR, Marks::NONE);
        let registers =
            Registers { ip: vm.ip, fp: vm.fp, mem, len, cx: self.vm, acc, marks, charges: false };
        // SAFETY: V1 to V9 hold at every exit and after `publish`; D3.
        unsafe { if tail { tail::run(registers) } else { matching::run(registers) } }
    }

    /// The function whose frame is at `vm.fp`.
    fn running(&self) -> FuncAddr {
        // SAFETY: V9.
        FuncAddr::from_index(unsafe { (*self.vm).func })
    }

    /// Goes on at the first instruction of a function of Wasm.
    fn start(&self, store: &mut Store, func: FuncAddr) {
        set_function(store);
        // SAFETY: V9.
        unsafe { (*self.vm).ip = store.entry(func).code.get() };
    }

    /// Calls the host function whose frame is at `fp`.
    fn call_host(
        &mut self,
        store: &mut Store,
        data: &mut dyn Any,
        func: FuncAddr,
    ) -> Result<HostReturn, Trap> {
        store.charge_host_call(func)?;
        let (param_cells, result_cells) = store.func_cells(func);
        let cells = param_cells.max(result_cells);
        let (mut small, mut large) = ([0; 16], Vec::new());
        let buffer = if cells <= small.len() {
            &mut small[..cells]
        } else {
            large.resize(cells, 0);
            &mut large[..]
        };
        // SAFETY: V9.
        let vm = unsafe { &mut *self.vm };
        let frame = vm.fp;
        // SAFETY: V5: a host function's charge covers its parameters and results.
        vm.fp = unsafe {
            read_cells(frame, &mut buffer[..param_cells]);
            frame.add(cells)
        };
        let caller = InstanceAddr::from_index(vm.instance_addr);
        let mark = store.mark();
        let outcome = store.call_host_from(caller, data, func, buffer, &[]);
        store.cut_back(mark);
        // SAFETY: V9: the store has not been moved away (`Store::call_host`).
        let vm = unsafe { &mut *self.vm };
        vm.fp = frame;
        vm.func = func.as_u32();
        store.publish();
        if let Ok(HostOutcome::Done) = outcome {
            // SAFETY: V5: as above.
            unsafe { write_cells(frame, &buffer[..result_cells]) };
        }
        let returned = match outcome? {
            HostOutcome::Done => HostReturn::Done,
            HostOutcome::Throw(exception, trap) => HostReturn::Threw(exception, trap),
            HostOutcome::Suspend => return Ok(HostReturn::Suspended),
            HostOutcome::Trap(trap) => return Err(*trap),
        };
        store.poll_asking(data, |store| self.trace(store))?;
        Ok(returned)
    }

    /// Whether code stopped at a poll: in a store with a hook nothing else finds an epoch due.
    fn is_due(&self) -> bool {
        // SAFETY: V9.
        unsafe { (*self.vm).trap == TrapKind::Interrupt }
    }

    /// The state of running bytecode.
    pub(super) fn vm(&self) -> *mut Vm {
        self.vm
    }

    /// Pops the newest record, whose caller goes on.
    fn pop(&mut self, store: &Store) -> Caller {
        // SAFETY: V9.
        let vm = unsafe { &mut *self.vm };
        // SAFETY: D1: the activation has a record.
        let record = unsafe { vm.frame_top.sub(1) };
        // SAFETY: D1.
        let frame = unsafe { *record };
        vm.frame_top = record;
        vm.height_left += store.func_charge(FuncAddr::from_index(vm.func));
        if frame.func == Frame::HOST {
            return Caller::Host;
        }
        // SAFETY: V5: the window of the call lies in the caller's frame.
        vm.fp = unsafe { vm.fp.sub((frame.window & !Frame::SWITCHED) as usize) };
        if frame.func == Frame::NATIVE {
            // Z1.
            vm.func = store.segment_func().map_or(vm.func, FuncAddr::as_u32);
            return Caller::Native(frame.ip.expose_provenance());
        }
        vm.func = frame.func;
        vm.ip = frame.ip;
        Caller::Bytecode
    }

    /// Copies the results out and restores the registers (D2).
    fn finish(&mut self, store: &Store, results: &mut [Cell]) {
        let cells = store.entry(self.called).result_cells as usize;
        // SAFETY: V5: the results are in the first cells of the called function's frame.
        unsafe { read_cells(self.base, &mut results[..cells]) };
        self.restore();
    }

    fn suspend(&mut self, store: &mut Store, host: FuncAddr, below: Mark) -> Suspension {
        static NEXT_SERIAL: AtomicU64 = AtomicU64::new(0);
        let serial = NEXT_SERIAL.fetch_add(1, Ordering::Relaxed);
        let alive = Arc::new(());
        store.suspended.push(SuspendedCall { serial, alive: Arc::downgrade(&alive), below });
        let (param_cells, result_cells) = store.func_cells(host);
        // SAFETY: V9.
        let vm = unsafe { &mut *self.vm };
        // SAFETY: V6: all of them are in the frame records.
        let (bottom, top) = unsafe {
            let records = vm.frames_base;
            (self.bottom.offset_from_unsigned(records), vm.frame_top.offset_from_unsigned(records))
        };
        // SAFETY: V5: all of them are in the value stack.
        let (frame, base) = unsafe {
            let cells = vm.stack_base;
            (vm.fp.offset_from_unsigned(cells), self.base.offset_from_unsigned(cells))
        };
        // The frames stay; what the host calls meanwhile goes above them.
        // SAFETY: V5: a host function's charge covers its parameters and results.
        vm.fp = unsafe { vm.fp.add(param_cells.max(result_cells)) };
        let host_depth = store.host_depth() - 1;
        let called = self.called;
        Suspension {
            serial,
            _alive: alive,
            below,
            host_depth,
            host,
            called,
            bottom,
            top,
            frame,
            base,
            segments: self.segments,
        }
    }

    /// Adds this activation's frames to the trap's backtrace, removes them, and restores the
    /// registers (D2).
    fn unwind(&mut self, store: &mut Store, trap: Trap) -> Trap {
        let (trap, segments) = self.backtrace(store, trap);
        debug_assert_eq!(store.segments().saturating_sub(segments), self.segments, "Z1");
        // SAFETY: V9.
        unsafe { (*self.vm).frame_top = self.bottom };
        self.restore();
        native::forget(self.vm, store, self.segments);
        trap
    }

    /// The frames of this activation, the innermost first.
    fn trace(&self, store: &Store) -> Vec<TraceFrame> {
        self.backtrace(store, Trap::new(TrapKind::Interrupt)).0.backtrace
    }

    /// The trap with this activation's frames, and how many segments they lie in.
    fn backtrace(&self, store: &Store, mut trap: Trap) -> (Trap, usize) {
        // SAFETY: V9.
        let vm = unsafe { &*self.vm };
        let mut segments = usize::from(self.native_top);
        if !self.native_top {
            push_frame(store, &mut trap, vm.func, vm.ip);
        }
        let mut record = vm.frame_top;
        while record > self.bottom {
            // SAFETY: D1: the records from `bottom` to `frame_top` are the activation's.
            record = unsafe { record.sub(1) };
            // SAFETY: D1.
            let Frame { ip, func, .. } = unsafe { *record };
            if func == Frame::NATIVE {
                trap = self.waiting_frames(store, trap, ip.expose_provenance());
                segments += 1;
            } else if func != Frame::HOST {
                // The call's own last word.
                push_frame(store, &mut trap, func, ip.wrapping_sub(1));
            }
        }
        (trap, segments)
    }

    fn restore(&mut self) {
        // SAFETY: V1; what was saved belongs to the activation below, whose vectors may have moved:
        // it publishes again before it runs on.
        let vm = unsafe { &mut *self.vm };
        let saved = &self.saved;
        vm.func = saved.func;
        vm.instance_addr = saved.instance_addr;
        vm.instance = saved.instance;
        vm.defined = saved.defined;
        vm.mem0 = saved.mem0;
        vm.ip = saved.ip;
        vm.fp = saved.fp;
        vm.height_left = saved.height_left;
        debug_assert!(vm.frame_top == self.bottom);
    }

    /// The trap at `vm.ip`, with the place of a memory fault.
    fn trap(&self, store: &Store) -> Trap {
        // SAFETY: V1.
        let kind = unsafe { (*self.vm).trap };
        let trap = Trap::new(kind);
        match (kind, self.fault(store)) {
            (TrapKind::MemoryOutOfBounds, Some(fault)) => trap.with_fault(fault),
            _ => trap,
        }
    }

    /// The address of the load or store at `vm.ip`: P2, its operands are as they were.
    fn fault(&self, store: &Store) -> Option<MemoryFault> {
        // SAFETY: V9.
        let vm = unsafe { &*self.vm };
        let func = FuncAddr::from_index(vm.func);
        let word = store.word_at(func, vm.ip)?;
        let inst = decode(store.bytecode(func)?.words(), word).ok()?;
        let (operand, offset, memory) = match inst.op.class() {
            Class::load => (1, inst.values[2], 0),
            Class::load_idx => (1, inst.values[3], 0),
            Class::store => (0, inst.values[2], 0),
            Class::load_far | Class::atomic_load | Class::atomic_rmw | Class::atomic_cmpxchg => {
                (1, inst.values[2], inst.values[3])
            }
            Class::store_far | Class::atomic_store => (0, inst.values[1], inst.values[2]),
            _ => return None,
        };
        let cell = |operand: usize| {
            if inst.is_accumulated(operand) {
                return vm.value;
            }
            // SAFETY: O2: the operand is a slot of the frame.
            unsafe { *vm.fp.add(inst.values[operand] as usize) }
        };
        let mut base = cell(operand);
        if inst.op.class() == Class::load_idx {
            let slot = inst.op.operands()[2].kind.cells() > 0;
            let index = if slot { cell(2) } else { inst.values[2] };
            base = u64::from((base as u32).wrapping_add(index as u32));
        }
        let instance = store.instance(InstanceAddr::from_index(vm.instance_addr));
        let memory = instance.memory_addr(MemoryIdx(memory as u32));
        let size_bytes = store.memory(memory).len_bytes();
        Some(MemoryFault { address: base.saturating_add(offset), size_bytes })
    }
}

/// Sets the registers that follow from `Vm::func`: those of its instance (V3, V7).
pub(super) fn set_function(store: &mut Store) {
    // SAFETY: V9.
    let func = FuncAddr::from_index(unsafe { (*store.vm()).func });
    let instance = store.entry(func).instance;
    if instance != u32::MAX {
        store.enter_instance(instance);
    }
}

/// Adds the frame of a Wasm function to a backtrace; `ip` is at a word of the instruction that
/// trapped or called.
fn push_frame(store: &Store, trap: &mut Trap, func: u32, ip: *const u64) {
    let func = FuncAddr::from_index(func);
    if let Some(frame) = store.trace_frame_at(func, store.word_at(func, ip)) {
        trap.push_frame(frame);
    }
}

/// # Safety
/// The cells from `at` on lie inside the value stack (V5).
pub(super) unsafe fn write_cells(at: *mut Cell, cells: &[Cell]) {
    for (i, &cell) in cells.iter().enumerate() {
        // SAFETY: the caller's.
        unsafe { *at.add(i) = cell }
    }
}

/// # Safety
/// `count` cells from `at` on lie inside the value stack (V5).
pub(super) unsafe fn zero_cells(at: *mut Cell, count: usize) {
    // SAFETY: the caller's.
    unsafe { at.write_bytes(0, count) }
}

/// # Safety
/// The cells from `at` on lie inside the value stack (V5).
unsafe fn read_cells(at: *const Cell, cells: &mut [Cell]) {
    for (i, cell) in cells.iter_mut().enumerate() {
        // SAFETY: the caller's.
        *cell = unsafe { *at.add(i) }
    }
}

#[cfg(test)]
mod tests;
