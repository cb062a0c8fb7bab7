//! Native code in an activation: how it is entered, what it waits for, how its frames look.
//!
//! A function with native code has a frame in the value stack like any other, where its parameters
//! come in and its results go out. The functions that native code itself calls have none. One entry
//! into native code with all that it calls there is a *segment* ([`Segment`]). Where it calls a
//! function without native code it waits. A record with [`Frame::NATIVE`] names the place on the
//! native stack, the callee's frame starts above the frame of the segment's function, and the
//! driver goes on with the callee as usual. So calls between both kinds of code take no stack of
//! the host, may suspend, and end by forgetting what waits.
//!
//! # Invariants
//! * Z1. There is a segment for each frame whose function runs or waits as native code; a record
//!   with [`Frame::NATIVE`] belongs to the newest segment whose function's frame lies below it.
//! * Z2. Frames of native code are chained by their frame pointers, from the newest to the way in,
//!   whose caller's is 0. The frames were written by checked code (P13 of the check).
//! * Z3. While native code runs or waits, `height_left` is the value passed to its newest callee;
//!   when native code has returned, it is the segment's.
//! * Z4. A clause of the call where a frame waits says how far the stack pointer is below the
//!   frame's pointer, and where the frame may go on with these two and with what the clause gets in
//!   `args`; a root says which word of the frame holds a number that may name an exception (P14 of
//!   the check).

use super::driver::{Activation, Step, write_cells, zero_cells};
use super::roots::Running;
use super::unwind::Landed;
use crate::native::{FuncRecord, Piece, Segment, trap_of};
use crate::ops::Refused;
use crate::store::Store;
use crate::sys::{self, Stop, Waiting};
use crate::trap::{MemoryFault, Trap, TrapKind};
use crate::value::{FuncAddr, InstanceAddr};
use crate::vm::{Frame, FuncEntry, Vm};
use prova_check::abi::regs::RBP;
use prova_check::x64::{Instructions, Operand};
use prova_check::{CallRow, CodeKind, MemoryShape, offsets, traps};
use prova_module::ops::Class;
use prova_module::{MemoryIdx, Opcode};
use std::ptr;

impl Activation {
    /// Enters the native code of the function whose frame is at `vm.fp`.
    pub(super) fn enter_native(&mut self, store: &mut Store, func: FuncAddr) -> Result<Step, Trap> {
        let FuncEntry { charge_bytes, param_cells, type_id, .. } = *store.entry(func);
        let vm = self.vm();
        let Some(native) = &mut store.native else { return Err(Trap::bug("no native code")) };
        let Some(thunk) = native.way_in(type_id) else { return Err(Trap::bug("no way in")) };
        let (record, args) = (native.record(func), native.args_for(param_cells as usize));
        // SAFETY: V9.
        let (fp, native_sp, height_left) =
            unsafe { ((*vm).fp, (*vm).native.native_sp, (*vm).height_left) };
        native.segments.push(Segment { func, native_sp, height_left });
        // SAFETY: V5: the parameters are in the frame's first cells; they fit `args`, or there were
        // no thunk.
        unsafe { ptr::copy_nonoverlapping(fp, args, param_cells as usize) };
        store.publish();
        // SAFETY: V1, N3: what waits lies above. D3.
        unsafe {
            (*vm).native.native_sp = native_sp & !15;
            (*vm).store = store;
        }
        // The code takes its charge itself.
        let height = height_left + u64::from(charge_bytes);
        // SAFETY: R2, R4: the record leads to the function's code, whose charge is covered.
        let stop = unsafe { sys::enter(vm, thunk, record, height) };
        self.stopped(store, stop)
    }

    /// Goes on in native code that waits for a function whose frame was just left; its results are
    /// at `from`.
    pub(super) fn resume_native(
        &mut self,
        store: &mut Store,
        native_sp: usize,
        from: *const u64,
        cells: usize,
    ) -> Result<Step, Trap> {
        let Some(native) = &mut store.native else { return Err(Trap::bug("no native code")) };
        let (vm, args) = (self.vm(), native.args_for(cells));
        // SAFETY: V5: the results are in the callee's frame; they fit `args`, or it could not be
        // called.
        unsafe { ptr::copy_nonoverlapping(from, args, cells) };
        store.publish();
        // SAFETY: V1. D3.
        unsafe {
            (*vm).native.native_sp = native_sp;
            (*vm).store = store;
        }
        // SAFETY: N4, Z1: it is the newest code that waits.
        let stop = unsafe { sys::resume(vm, 0) };
        self.stopped(store, stop)
    }

    /// Does what native code stopped for.
    pub(super) fn stopped(&mut self, store: &mut Store, mut stop: Stop) -> Result<Step, Trap> {
        loop {
            match stop {
                Stop::Returned => return self.returned(store),
                Stop::Call => return self.call_out(store),
                Stop::Perform => match self.perform(store) {
                    Ok(value) => {
                        store.publish();
                        // SAFETY: D3.
                        unsafe { (*self.vm()).store = store };
                        // SAFETY: N4: it waits for this.
                        stop = unsafe { sys::resume(self.vm(), value) };
                    }
                    Err(kind) => return Err(self.waiting_trap(store, kind.into())),
                },
                Stop::Trap => return Err(self.fault_of_code(store)),
                Stop::Trapped => return Err(self.trapped(store)),
                Stop::Throw => match self.throw_of_code(store)? {
                    Landed::Code(next) => stop = next,
                    Landed::Bytecode(step) => return Ok(step),
                },
            }
        }
    }

    /// The newest segment's function has returned.
    fn returned(&mut self, store: &mut Store) -> Result<Step, Trap> {
        let vm = self.vm();
        let Some(native) = &mut store.native else { return Err(Trap::bug("no native code")) };
        let Some(segment) = native.segments.pop() else { return Err(Trap::bug("no segment")) };
        let args = native.args();
        let cells = store.entry(segment.func).result_cells as usize;
        // SAFETY: V5: the results fit the function's frame, as those of bytecode do.
        unsafe { ptr::copy_nonoverlapping(args, (*vm).fp, cells) };
        // SAFETY: V9; N3.
        unsafe {
            (*vm).native.native_sp = segment.native_sp;
            (*vm).height_left = segment.height_left;
            (*vm).func = segment.func.as_u32();
        }
        Ok(Step::Left)
    }

    /// Calls a function without native code for native code that waits.
    fn call_out(&mut self, store: &mut Store) -> Result<Step, Trap> {
        // SAFETY: V9.
        let vm = unsafe { &mut *self.vm() };
        // SAFETY: R1: operand 0 of `call` is a record of this store: a way out hands over its own.
        let func = unsafe {
            let record: *const FuncRecord =
                ptr::with_exposed_provenance(vm.native.operands[0] as usize);
            FuncAddr::from_index((*record).address())
        };
        let waiting = waiting(vm.native.native_sp);
        let Some(native) = &mut store.native else { return Err(Trap::bug("no native code")) };
        let args = native.args();
        let Some(segment) = native.segments.last().copied() else {
            return Err(Trap::bug("no segment"));
        };
        // The caller of the way out: its frame pointer and where it goes on.
        let (caller_frame, caller_pc) = caller(waiting.frame);
        let caller = native.piece_at(caller_pc.wrapping_sub(1)).and_then(|piece| piece.func);
        let FuncEntry { charge_bytes, param_cells, local_cells, instance, .. } = *store.entry(func);
        let Some(left) = vm.height_left.checked_sub(u64::from(charge_bytes)) else {
            return Err(self.waiting_trap(store, TrapKind::StackOverflow.into()));
        };
        let caller_instance = store.entry(caller.unwrap_or(segment.func)).instance;
        vm.height_left = left;
        if caller.is_none() && caller_frame != 0 && caller_of(caller_frame) == 0 {
            // A tail call has put the way out in the place of the segment's function (Z2).
            if let Some(native) = &mut store.native {
                native.segments.pop();
            }
            vm.native.native_sp = segment.native_sp;
            // SAFETY: V6: the function has a record.
            unsafe { (*vm.frame_top.sub(1)).window |= Frame::SWITCHED };
        } else {
            let (params, results) = store.func_cells(segment.func);
            let window = params.max(results);
            let ip = ptr::with_exposed_provenance(vm.native.native_sp);
            let record = Frame { ip, func: Frame::NATIVE, window: window as u32 | Frame::SWITCHED };
            // SAFETY: V6: the callee's charge is paid.
            unsafe {
                *vm.frame_top = record;
                vm.frame_top = vm.frame_top.add(1);
            }
            // SAFETY: V5: the charge of the segment's function covers these cells.
            vm.fp = unsafe { vm.fp.add(window) };
        }
        // SAFETY: V5: the callee's charge covers parameters and locals; `args` hold the former.
        unsafe {
            let args = std::slice::from_raw_parts(args, param_cells as usize);
            write_cells(vm.fp, args);
            if instance != u32::MAX {
                zero_cells(vm.fp.add(param_cells as usize), (local_cells - param_cells) as usize);
            }
        }
        vm.func = func.as_u32();
        store.enter_instance(caller_instance);
        Ok(Step::Entered)
    }

    /// The trap of code that faulted.
    fn fault_of_code(&mut self, store: &Store) -> Trap {
        // SAFETY: V9.
        let (pc, registers) = unsafe {
            let vm = self.vm();
            ((*vm).native.trap_pc, (*vm).native.trap_registers)
        };
        let frame = registers[usize::from(RBP)] as usize;
        let piece = store.native.as_ref().and_then(|native| native.piece_at(pc));
        let row = piece.and_then(|piece| piece.code.trap_at(pc));
        let Some(row) = row else {
            self.native_top = true;
            let message = format!("a fault of native code at {pc:#x} that its map does not name");
            return self.frames(store, Trap::bug(message), caller(frame));
        };
        let mut trap = trap_of(row.kind.into());
        // A masked access faults at an address that says nothing of the one it had.
        let native = store.native.as_ref();
        let masked = native.is_some_and(|native| native.memory_shape() == MemoryShape::Masked);
        if let Some(piece) = piece.filter(|_| row.kind == traps::MEMORY_OUT_OF_BOUNDS && !masked)
            && let Some(fault) = memory_fault(store, piece, row.code_offset, &registers)
        {
            trap = trap.with_fault(fault);
        }
        self.native_top = true;
        // A function whose charge does not fit has no frame yet.
        if row.kind != traps::STACK_OVERFLOW
            && let Some(func) = piece.and_then(|piece| piece.func)
            && let Some(frame) = store.trace_frame(func, Some(row.wasm_offset))
        {
            trap.push_frame(frame);
        }
        self.frames(store, trap, caller(frame))
    }

    /// The trap that code asked for.
    fn trapped(&mut self, store: &Store) -> Trap {
        // SAFETY: V9.
        let (kind, native_sp) =
            unsafe { ((*self.vm()).native.operands[0], (*self.vm()).native.native_sp) };
        self.native_top = true;
        let Waiting { frame, pc, .. } = waiting(native_sp);
        // A function whose charge does not fit has no frame yet.
        let at = if kind == u64::from(traps::STACK_OVERFLOW) { caller(frame) } else { (frame, pc) };
        self.frames(store, trap_of(kind), at)
    }

    /// Adds the frames of native code that waits to a trap that ends it.
    pub(super) fn waiting_trap(&mut self, store: &Store, trap: Trap) -> Trap {
        // SAFETY: V9.
        let native_sp = unsafe { (*self.vm()).native.native_sp };
        self.native_top = true;
        let Waiting { frame, pc, .. } = waiting(native_sp);
        self.frames(store, trap, (frame, pc))
    }

    /// Adds the frames of a segment that waits at a place of the native stack.
    pub(super) fn waiting_frames(&self, store: &Store, trap: Trap, native_sp: usize) -> Trap {
        let Waiting { frame, pc, .. } = waiting(native_sp);
        self.frames(store, trap, (frame, pc))
    }

    /// Adds the frames of a segment, from the one with this frame pointer that goes on at `pc`.
    fn frames(&self, store: &Store, mut trap: Trap, at: (usize, usize)) -> Trap {
        for frame in frames(store, at) {
            let offset = frame.rows().first().and_then(CallRow::wasm_offset);
            if let Some(frame) = store.trace_frame(frame.func, offset) {
                trap.push_frame(frame);
            }
        }
        trap
    }

    /// Performs an operator of the store for native code that waits.
    fn perform(&mut self, store: &mut Store) -> Result<u64, TrapKind> {
        // SAFETY: V9; R1: `perform` is called with the function's own vmctx.
        let (opcode, instance, operands) = unsafe { performed(&*self.vm()) };
        store.enter_instance(instance.as_u32());
        if let Some(opcode) = of_objects(opcode) {
            return perform_on_objects(store, instance, opcode, operands);
        }
        let Some(args) = args_of(store) else { return Err(TrapKind::Bug) };
        store.perform(instance, opcode, operands, &args)
    }
}

/// The operator that native code waits for: its number, the instance, and which objects.
///
/// # Safety
/// Code waits, in the call of a builtin with its own vmctx (R1).
pub(super) unsafe fn performed(vm: &Vm) -> (u64, InstanceAddr, (u32, u32)) {
    let [opcode, first, second] = vm.native.operands;
    // SAFETY: the caller's.
    let instance = unsafe { crate::native::instance_of(vm.native.vmctx) };
    (opcode, InstanceAddr::from_index(instance), (first as u32, second as u32))
}

/// The operator on objects with a number.
fn of_objects(number: u64) -> Option<Opcode> {
    let opcode = usize::try_from(number).ok().and_then(|number| Opcode::ALL.get(number));
    opcode.copied().filter(|opcode| matches!(opcode.class(), Class::aggregate | Class::allocate))
}

/// The cells of an operator on objects of code that waits, and all behind them. Of these two are
/// written at most: those of its result.
fn window<'s>(store: &mut Store) -> Option<&'s mut [u64]> {
    let args = store.native.as_mut()?.args_for(2);
    // SAFETY: R1: the cells lie beside the store, there are as many, and no code runs.
    Some(unsafe { std::slice::from_raw_parts_mut(args, offsets::ARGS_CELLS as usize) })
}

/// Performs an operator on objects for native code that waits, and collects before it if need be;
/// its result lies in the first cells.
fn perform_on_objects(
    store: &mut Store,
    instance: InstanceAddr,
    opcode: Opcode,
    operands: (u32, u32),
) -> Result<u64, TrapKind> {
    loop {
        let window = window(store).ok_or(TrapKind::Bug)?;
        match store.aggregate(instance, opcode, operands, window) {
            Ok(()) => {
                let made = window.first().copied();
                lend_behind(store, opcode, made);
                return Ok(0);
            }
            Err(Refused::Trap(kind)) => return Err(kind),
            Err(Refused::Collect) => {
                let traced = store.traced_operands(instance, opcode, operands, window);
                store.collect_for_code(Running::Native, &traced)?;
            }
        }
    }
}

/// Has code make the next objects like one that an operator has just made for it.
fn lend_behind(store: &mut Store, opcode: Opcode, made: Option<u64>) {
    use Opcode as O;
    let fixed = matches!(opcode, O::StructNew | O::StructNewDefault | O::ArrayNewFixed);
    let takes = store.native.as_ref().is_some_and(|native| native.makes_objects());
    if let (true, true, Some(object)) = (fixed, takes, made) {
        store.heap.lend(object as u32);
    }
}

/// The operands of an operator, in cells.
fn args_of(store: &Store) -> Option<[u64; 8]> {
    // SAFETY: no operator has more operands; R1.
    store.native.as_ref().map(|native| unsafe { *native.args().cast::<[u64; 8]>() })
}

/// Performs the operator that native code waits for at once, if it is one of the commonest, which
/// change bytes of memory and nothing that is published, and does not trap; whether it did.
/// Otherwise nothing has changed, and the activation performs it ([`Stop::Perform`]).
///
/// # Safety
/// Code of this `Vm` waits (N4) for [`Stop::Perform`], and `Vm::store` is its store (D3), which
/// nobody uses while native code runs.
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
pub(crate) unsafe extern "sysv64" fn perform_at_once(vm: *mut Vm) -> u32 {
    // SAFETY: the caller's.
    let (store, (opcode, instance, operands)) = unsafe { (&mut *(*vm).store, performed(&*vm)) };
    if let Some(opcode) = of_objects(opcode) {
        return u32::from(perform_on_few(store, instance, opcode, operands));
    }
    let done = args_of(store).and_then(|args| {
        store.perform_on_bytes(instance, opcode, operands, &args).filter(Result::is_ok)
    });
    u32::from(done.is_some())
}

/// Performs an operator on objects at once, if it works on few bytes, makes no collection due and
/// does not trap; whether it did. Otherwise nothing has changed.
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
fn perform_on_few(
    store: &mut Store,
    instance: InstanceAddr,
    opcode: Opcode,
    operands: (u32, u32),
) -> bool {
    let Some(window) = window(store) else { return false };
    let many = store.counted(instance, opcode, operands, window);
    if many > FEW_ELEMENTS {
        return false;
    }
    let (fuel, refused) = (store.fuel(), store.heap.has_refused());
    let done = store.aggregate(instance, opcode, operands, window).is_ok();
    let made = window.first().copied();
    if done {
        lend_behind(store, opcode, made);
    } else {
        // It is paid for, and refused, where it traps.
        store.set_fuel(fuel);
        store.heap.set_refused(refused);
    }
    done
}

/// The elements of an array that are written at once, at most.
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
const FEW_ELEMENTS: u32 = 1 << 10;

/// Where an access of code missed its memory: what its operand names with these registers. None
/// for code that has compared before; it is not known there.
fn memory_fault(
    store: &Store,
    piece: &Piece,
    offset: u32,
    registers: &[u64; 16],
) -> Option<MemoryFault> {
    let insn = Instructions::new(piece.code.bytes()).at(offset).ok()?;
    let operand = (0..insn.operands()).find_map(|n| match insn.operand(n) {
        Ok(Operand::Memory(address)) if !address.code => Some(address),
        _ => None,
    })?;
    let register = |n: u8| registers.get(usize::from(n)).copied().unwrap_or(0);
    let index = operand.index.map_or(0, |(n, shift)| register(n) << shift);
    let base = operand.base.map_or(0, register);
    let at = base.wrapping_add(index).wrapping_add(operand.disp);
    let instance = store.instance(InstanceAddr::from_index(store.entry(piece.func?).instance));
    let memories = 0..instance.module().memories().len() as u32;
    let found = memories.map(|index| {
        let memory = instance.memory_addr(MemoryIdx(index));
        let base = store.memory_vms[memory.index()].base.addr();
        let size_bytes = store.memory(memory).len_bytes();
        MemoryFault { address: at.wrapping_sub(base as u64), size_bytes }
    });
    found.min_by_key(|fault| fault.address)
}

/// The record where code waits (N4).
pub(super) fn waiting(native_sp: usize) -> Waiting {
    // SAFETY: N4: callers pass where code waits, in memory that the stack's owner keeps.
    unsafe { *ptr::with_exposed_provenance::<Waiting>(native_sp) }
}

/// The frame pointer and the place to go on of the caller of a frame.
fn caller(frame: usize) -> (usize, usize) {
    // SAFETY: Z2: a frame pointer leads to the caller's and to the return address.
    let [frame, pc] = unsafe { *ptr::with_exposed_provenance::<[usize; 2]>(frame) };
    (frame, pc)
}

fn caller_of(frame: usize) -> usize {
    caller(frame).0
}

/// A frame of native code that waits.
pub(super) struct NativeFrame<'s> {
    /// Its function.
    pub(super) func: FuncAddr,
    /// Its frame pointer.
    pub(super) frame: usize,
    /// Where it goes on.
    pub(super) pc: usize,
    piece: &'s Piece,
}

impl NativeFrame<'_> {
    /// The rows of the call where it waits.
    pub(super) fn rows(&self) -> &[CallRow] {
        self.piece.code.call_at(self.pc)
    }

    /// The address of a place in its code.
    pub(super) fn place(&self, offset: u32) -> usize {
        self.piece.code.entry() + offset as usize
    }

    /// The word `below` bytes below where its frame pointer leads to; a row calls it a root.
    pub(super) fn root(&self, below: u32) -> u64 {
        let at = self.frame - below as usize;
        // SAFETY: Z4: it is a word of the frame, which waits on the store's native stack.
        unsafe { *ptr::with_exposed_provenance(at) }
    }
}

/// The frames of a segment, from the newest to the oldest, without those of thunks. The first one
/// has this frame pointer and goes on at this place.
pub(super) fn frames(store: &Store, at: (usize, usize)) -> impl Iterator<Item = NativeFrame<'_>> {
    let mut next = Some(at);
    std::iter::from_fn(move || {
        loop {
            let (frame, pc) = next.take()?;
            let piece = store.native.as_ref()?.piece_at(pc.wrapping_sub(1))?;
            next = (frame != 0).then(|| caller(frame));
            if let (Some(func), CodeKind::Func(_) | CodeKind::Loop { .. }) =
                (piece.func, piece.code.kind())
            {
                return Some(NativeFrame { func, frame, pc, piece });
            }
        }
    })
}

/// Drops the segments from `segments` on, and resets the native stack pointer to where the first of
/// them began. A run that has ended leaves nothing on the native stack.
pub(super) fn forget(vm: *mut Vm, store: &mut Store, segments: usize) {
    let Some(native) = &mut store.native else { return };
    let Some(first) = native.segments.get(segments) else { return };
    // SAFETY: V9; N3: the stack as it was before the first of them.
    unsafe { (*vm).native.native_sp = first.native_sp };
    native.segments.truncate(segments);
}
