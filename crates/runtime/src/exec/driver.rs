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

use super::roots::Running;
use super::suspend::{Stopped, SuspendedBy};
use super::{Accumulators, Registers, matching, native, tail};
use crate::host::{Dispatch, Exception, ExecutorKind, HostOutcome};
use crate::store::Store;
use crate::trap::{MemoryFault, TraceFrame, Trap, TrapKind};
use crate::value::{FuncAddr, InstanceAddr};
use crate::vm::{Cell, ExitCode, Frame, FuncEntry, InstanceVm, MemoryVm, Vm};
use prova_bytecode::{Class, Marks, decode};
use prova_module::MemoryIdx;
use std::any::Any;
use std::ops::ControlFlow::{self, Break, Continue};
use std::ptr;

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
    match activation.drive(store, data, Step::Run, false) {
        Ok(None) => {
            activation.finish(store, results);
            Ok(())
        }
        Ok(Some(_)) => Err(activation.unwind(store, Trap::new(TrapKind::Suspended))),
        Err(trap) => Err(activation.unwind(store, trap)),
    }
}

/// The registers that an activation gives back (D2).
pub(super) struct Saved {
    func: u32,
    instance_addr: u32,
    instance: *const InstanceVm,
    defined: *const FuncEntry,
    mem0: MemoryVm,
    ip: *const u64,
    pub(super) fp: *mut Cell,
    pub(super) height_left: u64,
}

impl Saved {
    pub(super) fn new(vm: &Vm) -> Saved {
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
    /// Tests the epoch behind a host function, whose results are in its frame.
    Returned,
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
    /// It was not called: there is too little fuel.
    Unpaid,
    /// It returned; its results are in its frame.
    Done,
    /// It threw; the trap is for the case that nothing catches.
    Threw(Exception, Box<Trap>),
    /// It suspended the call.
    Suspended,
}

/// The step that comes next, or the end of the drive: returned (`None`), or stopped.
type Next = ControlFlow<Option<Stopped>, Step>;

pub(super) struct Activation {
    pub(super) vm: *mut Vm,
    pub(super) saved: Saved,
    /// The function that the host called.
    pub(super) called: FuncAddr,
    /// Its frame.
    pub(super) base: *mut Cell,
    /// Its record.
    pub(super) bottom: *mut Frame,
    /// Segments of native code below it.
    pub(super) segments: usize,
    /// Whether a trap has the frames of the newest segment already.
    pub(super) native_top: bool,
    /// The accumulators with which bytecode goes on next.
    pub(super) acc: Accumulators,
}

impl Activation {
    /// Pushes the bottom record and the frame of `func`.
    pub(super) fn enter(
        store: &mut Store,
        func: FuncAddr,
        args: &[Cell],
    ) -> Result<Activation, Trap> {
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
        // SAFETY: V5: both are in the value stack.
        let above = unsafe { base.offset_from_unsigned(vm.stack_base) } as u32;
        let window = above | Frame::SWITCHED;
        let record = Frame { ip: ptr::null(), func: Frame::HOST, window };
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
        let (vm, called, acc) = (vm_at, func, Accumulators::CLEAR);
        Ok(Activation { vm, saved, called, base, bottom, segments, native_top: false, acc })
    }

    /// Runs until the called function has returned (`None`), the call is to be suspended (`Some`;
    /// without `stops` by a host function alone), or a trap.
    pub(super) fn drive(
        &mut self,
        store: &mut Store,
        data: &mut dyn Any,
        mut step: Step,
        stops: bool,
    ) -> Result<Option<Stopped>, Trap> {
        let tail = matches!(store.executor(), ExecutorKind::Interpreter(Dispatch::Tail));
        let tail = tail && tail::is_sound();
        loop {
            let next = match step {
                Step::Run => self.run_on(store, data, stops, tail)?,
                Step::Returned => {
                    let yields = store.asks_epoch()? && self.asks_to_yield(store, data, stops)?;
                    match yields {
                        true => Break(Some(self.stop(SuspendedBy::Epoch, Step::Left))),
                        false => Continue(Step::Left),
                    }
                }
                Step::Left => {
                    store.with_data(data, |store| self.leave(store))?.map_or(Break(None), Continue)
                }
                Step::Entered => self.run_entered(store, data, stops)?,
            };
            step = match next {
                Continue(step) => step,
                Break(stopped) => return Ok(stopped),
            };
        }
    }

    /// Runs bytecode to its next exit, and does what it left for.
    fn run_on(
        &mut self,
        store: &mut Store,
        data: &mut dyn Any,
        stops: bool,
        tail: bool,
    ) -> Result<Next, Trap> {
        let code = store.with_data(data, |store| self.run(store, tail));
        let step = if code == ExitCode::Leave as u32 {
            Step::Left
        } else if code == ExitCode::Enter as u32 {
            Step::Entered
        } else if code == ExitCode::Attach as u32 {
            store.with_data(data, |store| self.attach(store))?
        } else if code == ExitCode::Throw as u32 {
            match store.with_data(data, |store| self.throw(store))? {
                Some(step) => step,
                None => return self.unpaid(store, stops, Step::Run),
            }
        } else if code == ExitCode::Collect as u32 {
            match store.with_data(data, |store| self.collect(store)) {
                Err(TrapKind::OutOfFuel) => return self.unpaid(store, stops, Step::Run),
                collected => collected?,
            }
            Step::Run
        } else if code == ExitCode::Hot as u32 {
            store.with_data(data, |store| self.look(store))?
        } else if store.has_epoch_hook() && self.trapped_by(TrapKind::Interrupt) {
            if self.asks_to_yield(store, data, stops)? {
                return Ok(Break(Some(self.stop(SuspendedBy::Epoch, Step::Run))));
            }
            self.pass_poll();
            Step::Run
        } else if stops && self.trapped_by(TrapKind::OutOfFuel) {
            return self.unpaid(store, stops, Step::Run);
        } else {
            return Err(self.trap(store));
        };
        Ok(Continue(step))
    }

    /// Goes on with the function whose frame and record were just made.
    fn run_entered(
        &mut self,
        store: &mut Store,
        data: &mut dyn Any,
        stops: bool,
    ) -> Result<Next, Trap> {
        let func = self.running();
        if store.entry(func).instance != u32::MAX {
            self.start(store, func);
            return Ok(Continue(Step::Run));
        }
        match self.call_host(store, data, func)? {
            HostReturn::Done => Ok(Continue(Step::Returned)),
            HostReturn::Unpaid => self.unpaid(store, stops, Step::Entered),
            HostReturn::Suspended => {
                Ok(Break(Some(self.stop(SuspendedBy::Host(func), Step::Returned))))
            }
            HostReturn::Threw(exception, trap) => {
                store.poll_asking(data, |store| self.trace(store))?;
                let thrown = |store: &mut Store| self.throw_of_host(store, exception, *trap);
                store.with_data(data, thrown).map(Continue)
            }
        }
    }

    /// Collects before the instruction at `vm.ip`, whose operands are followed.
    fn collect(&self, store: &mut Store) -> Result<(), TrapKind> {
        // SAFETY: V9.
        let (func, ip, fp) =
            unsafe { (FuncAddr::from_index((*self.vm).func), (*self.vm).ip, (*self.vm).fp) };
        let word = store.word_at(func, ip).ok_or(TrapKind::Bug)?;
        let code = store.bytecode(func).ok_or(TrapKind::Bug)?;
        let inst = decode(code.words(), word).map_err(|_| TrapKind::Bug)?;
        let opcode = inst.op.opcode().ok_or(TrapKind::Bug)?;
        let [window, first, second, ..] = inst.values;
        let immediates = (first as u32, second as u32);
        let instance = InstanceAddr::from_index(store.entry(func).instance);
        let cells = store.window_cells(instance, opcode, immediates);
        // SAFETY: V5: the window lies in the frame with these cells (F10 of the check).
        let window = unsafe { std::slice::from_raw_parts(fp.add(window as usize), cells) };
        let operands = store.traced_operands(instance, opcode, immediates, window);
        store.collect_for_code(Running::Bytecode, &operands)
    }

    /// There is too little fuel for a step.
    fn unpaid(&self, store: &Store, stops: bool, step: Step) -> Result<Next, Trap> {
        match stops {
            true => Ok(Break(Some(self.stop_for_fuel(store, step)))),
            false => Err(TrapKind::OutOfFuel.into()),
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
    fn run(&mut self, store: &mut Store, tail: bool) -> u32 {
        // SAFETY: V9.
        let vm = unsafe { &mut *self.vm };
        // D3.
        vm.store = &raw mut *store;
        let MemoryVm { base: mem, len_bytes: len } = vm.mem0;
        let acc = std::mem::replace(&mut self.acc, Accumulators::CLEAR);
        let marks = Marks::NONE;
        let registers =
            Registers { ip: vm.ip, fp: vm.fp, mem, len, cx: self.vm, acc, marks, charges: false };
        // SAFETY: V1 to V9 hold at every exit and after `publish`; D3.
        unsafe { if tail { tail::run(registers) } else { matching::run(registers) } }
    }

    /// The function whose frame is at `vm.fp`.
    pub(super) fn running(&self) -> FuncAddr {
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
        if store.charge_host_call(func).is_err() {
            return Ok(HostReturn::Unpaid);
        }
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
        match outcome? {
            HostOutcome::Done => Ok(HostReturn::Done),
            HostOutcome::Throw(exception, trap) => Ok(HostReturn::Threw(exception, trap)),
            HostOutcome::Suspend => Ok(HostReturn::Suspended),
            HostOutcome::Trap(trap) => Err(*trap),
        }
    }

    /// Whether bytecode stopped with a trap of this kind. In a store with a hook only a poll finds
    /// an epoch due.
    fn trapped_by(&self, kind: TrapKind) -> bool {
        // SAFETY: V9.
        unsafe { (*self.vm).trap == kind }
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
    pub(super) fn finish(&mut self, store: &Store, results: &mut [Cell]) {
        let cells = store.entry(self.called).result_cells as usize;
        // SAFETY: V5: the results are in the first cells of the called function's frame.
        unsafe { read_cells(self.base, &mut results[..cells]) };
        self.restore();
    }

    /// Adds this activation's frames to the trap's backtrace, removes them, and restores the
    /// registers (D2).
    pub(super) fn unwind(&mut self, store: &mut Store, trap: Trap) -> Trap {
        let (trap, segments) = self.backtrace(store, trap);
        debug_assert_eq!(store.segments().saturating_sub(segments), self.segments, "Z1");
        // SAFETY: V9.
        unsafe { (*self.vm).frame_top = self.bottom };
        self.restore();
        native::forget(self.vm, store, self.segments);
        trap
    }

    /// The frames of this activation, the innermost first.
    pub(super) fn trace(&self, store: &Store) -> Vec<TraceFrame> {
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
            // The address is the first cell of the window.
            Class::shared => (0, inst.values[2], inst.values[3]),
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
