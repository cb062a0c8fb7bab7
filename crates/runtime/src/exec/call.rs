//! Frames: what calls, tail calls and returns do to the registers and the frame records, for all
//! executors.
//!
//! A callee's frame starts at the window inside the caller's frame, so arguments and results are
//! never copied. The logical stack limit is charged from the callee's entry, never from the native
//! stack (semantics: a call that does not fit traps at the call, before its frame exists).
//!
//! # Invariants
//! * C1. After `push`, `fp` is the callee's frame, its parameters are in place, its other locals
//!   are 0.
//! * C2. `push` checks the charge before it writes a record, so `frame_top` stays inside the
//!   records (V6) and the callee's frame inside the value stack (V5).
//! * C3. A record without [`Frame::SWITCHED`] belongs to a caller in the same instance: `pop` may
//!   go on there with the same memory 0 and the same instance.

use super::Registers;
use crate::trap::TrapKind;
use crate::vm::{Cell, Frame, FuncEntry, Vm};

/// Pushes the frame of `entry` above the caller; `next` is where the caller goes on. False: the
/// limit does not allow it.
///
/// # Safety
/// V1 to V6; `entry` is an element of `Vm::entries`, `window` a window of the running frame.
#[inline(always)]
pub(super) unsafe fn push(
    r: &mut Registers,
    entry: *const FuncEntry,
    window: u32,
    flags: u32,
    next: *const u64,
) -> bool {
    let vm = r.cx;
    // SAFETY: V1, V2: `entry` is an element of the entries.
    let (charge_bytes, left) = unsafe { (u64::from((*entry).charge_bytes), (*vm).height_left) };
    if left < charge_bytes {
        return false;
    }
    // SAFETY: V6, C2: the charge fits, so there is room for the record.
    unsafe {
        let top = (*vm).frame_top;
        *top = Frame { ip: next, func: (*vm).func, window: window | flags };
        (*vm).frame_top = top.add(1);
    }
    // SAFETY: V1, V2.
    unsafe {
        (*vm).height_left = left - charge_bytes;
        (*vm).func = entry.offset_from((*vm).entries) as u32;
    }
    // SAFETY: V5, C2: the window lies in the caller's frame, and the charge covers the callee's.
    unsafe {
        r.fp = r.fp.add(window as usize);
        zero_locals(r.fp, entry);
    }
    true
}

/// The charge of the running function's frame, in bytes: F2, of its entry, which does not change.
///
/// # Safety
/// V1, V2.
#[inline(always)]
pub(super) unsafe fn charge_of_running(vm: *const Vm) -> u64 {
    // SAFETY: V2: `Vm::func` is a function of the store.
    unsafe { u64::from((*(*vm).entries.add((*vm).func as usize)).charge_bytes) }
}

/// Zeroes the locals behind the parameters (F1).
///
/// The stores are volatile so that the loop stays a loop: a call of `memset` would make every
/// handler that calls spill its registers.
#[inline(always)]
unsafe fn zero_locals(fp: *mut Cell, entry: *const FuncEntry) {
    // SAFETY: V5: the locals lie inside the frame.
    unsafe {
        let end = fp.add((*entry).local_cells as usize);
        let mut cell = fp.add((*entry).param_cells as usize);
        #[cfg(prova_plant)]
        if planted!(LocalsNotZeroed) {
            cell = end;
        }
        while cell < end {
            cell.write_volatile(0);
            cell = cell.add(1);
        }
    }
}

/// How a tail call went on.
pub(super) enum Replaced {
    /// The frame is the callee's, in the same instance.
    Here,
    /// The frame is the callee's, in another instance or the host.
    Elsewhere,
    /// The limit does not allow it; nothing has changed.
    Overflow,
}

/// Replaces the running frame by the frame of `entry`, whose arguments are at `window`.
///
/// The running frame's charge is released before the callee's is taken.
///
/// # Safety
/// As [`push`]; the check proved `window + param_cells ≤ frame_cells`.
#[inline(always)]
pub(super) unsafe fn replace(r: &mut Registers, entry: *const FuncEntry, window: u32) -> Replaced {
    let vm = r.cx;
    // SAFETY: V1, V2: `entry` is an element of the entries.
    let charge_bytes = unsafe { u64::from((*entry).charge_bytes) };
    // SAFETY: V1, V2.
    let left = unsafe { (*vm).height_left + charge_of_running(vm) };
    if left < charge_bytes {
        return Replaced::Overflow;
    }
    // SAFETY: V5: the arguments lie in the running frame, the callee's parameters in the frame that
    // its charge covers.
    unsafe {
        let arguments = r.fp.add(window as usize);
        for i in 0..(*entry).param_cells as usize {
            #[cfg(prova_plant)]
            let i = if planted!(ArgumentsMovedDown) {
                (*entry).param_cells as usize - 1 - i
            } else {
                i
            };
            // Volatile for the same reason as in `zero_locals`; upwards, since the destination is
            // below the source.
            r.fp.add(i).write_volatile(*arguments.add(i));
        }
        zero_locals(r.fp, entry);
    }
    // SAFETY: V1, V2.
    unsafe {
        (*vm).height_left = left - charge_bytes;
        (*vm).func = entry.offset_from((*vm).entries) as u32;
        if (*entry).instance == (*vm).instance_addr {
            return Replaced::Here;
        }
    }
    // SAFETY: V6: the running function has a record.
    unsafe { (*(*vm).frame_top.sub(1)).window |= Frame::SWITCHED };
    Replaced::Elsewhere
}

/// Pops the running frame; gives where the caller goes on, or `None` (nothing popped) where the
/// driver has to do it (C3).
///
/// # Safety
/// V1 to V6.
#[inline(always)]
pub(super) unsafe fn pop(r: &mut Registers) -> Option<*const u64> {
    let vm = r.cx;
    // SAFETY: V6: the running function has a record; C3; V4 for the caller's code.
    unsafe {
        let record = (*vm).frame_top.sub(1);
        let frame = *record;
        if frame.window & Frame::SWITCHED != 0 {
            return None;
        }
        (*vm).frame_top = record;
        (*vm).height_left += charge_of_running(vm);
        (*vm).func = frame.func;
        r.fp = r.fp.sub(frame.window as usize);
        Some(frame.ip)
    }
}

/// The entry of an imported function.
///
/// # Safety
/// V2, V3.
#[inline(always)]
pub(super) unsafe fn imported(vm: *mut Vm, func: u32) -> *const FuncEntry {
    // SAFETY: V3: the check proved `func` in range.
    unsafe { (*vm).entries.add(*(*(*vm).instance).funcs.add(func as usize) as usize) }
}

/// The entry of the function that element `index` of a table refers to.
///
/// # Errors
/// The traps of `call_indirect`, in the specification's order: bounds, null, type.
///
/// # Safety
/// V2, V3, V8.
#[inline(always)]
pub(super) unsafe fn indirect(
    vm: *mut Vm,
    table: u32,
    index: u64,
    type_idx: u32,
) -> Result<*const FuncEntry, TrapKind> {
    // SAFETY: V3 for the index spaces, V8 for the elements; a reference is an index + 1 and is
    // tested against the number of entries, so a forged one cannot leave them.
    unsafe {
        let instance = (*vm).instance;
        let table = (*vm).tables.add(*(*instance).tables.add(table as usize) as usize);
        if index >= (*table).len as u64 {
            return Err(TrapKind::UndefinedElement);
        }
        let reference = *(*table).base.add(index as usize);
        let address = reference.wrapping_sub(1);
        if address >= (*vm).entry_count {
            #[cfg(prova_plant)]
            if planted!(NullIsUndefined) {
                return Err(TrapKind::UndefinedElement);
            }
            return Err(TrapKind::UninitializedElement);
        }
        let entry = (*vm).entries.add(address as usize);
        let wanted = *(*instance).types.add(type_idx as usize);
        if (*entry).type_id != wanted && !is_subtype(vm, (*entry).type_id, wanted) {
            return Err(TrapKind::IndirectCallTypeMismatch);
        }
        Ok(entry)
    }
}

/// The entry of the function that a cell refers to.
///
/// Validation has shown that it is of the type; it is compared again, so that no cell can make a
/// call read a frame amiss.
///
/// # Errors
/// [`TrapKind::NullReference`]; [`TrapKind::IndirectCallTypeMismatch`] where validation or V10 is
/// broken.
///
/// # Safety
/// V2, V3.
#[inline(always)]
pub(super) unsafe fn referenced(
    vm: *mut Vm,
    reference: u64,
    type_idx: u32,
) -> Result<*const FuncEntry, TrapKind> {
    // SAFETY: V3 for the type; the reference is tested against the number of entries.
    unsafe {
        let address = reference.wrapping_sub(1);
        if address >= (*vm).entry_count {
            return Err(TrapKind::NullReference);
        }
        let entry = (*vm).entries.add(address as usize);
        let wanted = *(*(*vm).instance).types.add(type_idx as usize);
        if (*entry).type_id != wanted && !is_subtype(vm, (*entry).type_id, wanted) {
            return Err(TrapKind::IndirectCallTypeMismatch);
        }
        Ok(entry)
    }
}

/// Whether the type `ty` is a subtype of `wanted`: up its chain of supertypes, whose identities
/// descend.
///
/// # Safety
/// V2; both are identities of types of the store.
#[inline(always)]
unsafe fn is_subtype(vm: *mut Vm, mut ty: u32, wanted: u32) -> bool {
    while ty > wanted {
        // SAFETY: V2: `ty` is an identity of the store, and so is what stands there, + 1.
        match unsafe { *(*vm).supertypes.add(ty as usize) }.checked_sub(1) {
            Some(next) => ty = next,
            None => return false,
        }
    }
    ty == wanted
}
