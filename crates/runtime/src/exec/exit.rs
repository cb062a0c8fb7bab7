//! Exits: the functions through which an executor goes back to the driver.
//!
//! Each has the handlers' signature, so that a handler reaches it by a tail call with its registers
//! in place. None is inlined, because an inlined one would put a `ret` into the handler. The test
//! that decodes the handlers looks for a `ret`.
//!
//! # Invariants
//! * E1. An exit stores `ip` and `fp`; everything else that the driver needs is already in the
//!   [`Vm`](crate::vm::Vm) or is decoded from the instruction at `ip`.

use super::handler;
use crate::trap::TrapKind;
use crate::vm::ExitCode;
use std::hint::black_box;

/// An exit's number, which no handler may know: one that did would return it by itself, behind a
/// call, and be no tail call.
#[inline]
fn code(exit: ExitCode) -> u32 {
    black_box(exit as u32)
}

macro_rules! exits {
    ($($(#[$doc:meta])* $name:ident $code:ident;)*) => {$(
        handler! {
            $(#[$doc])*
            #[inline(never)]
            pub(super) fn $name(r) {
                // SAFETY: V1.
                unsafe {
                    (*r.cx).ip = r.ip;
                    (*r.cx).fp = r.fp;
                }
                code(ExitCode::$code)
            }
        }
    )*};
}

exits! {
    /// The running function returns to another instance or to the host; its record is still there.
    leave Leave;
    /// A function of another instance, or of the host, has been entered: `vm.func`, frame at `fp`.
    enter Enter;
    /// The running function has no bytecode yet.
    attach Attach;
    /// The instruction at `ip` throws.
    throw Throw;
    /// The store is to collect before the instruction at `ip`, which has done nothing.
    collect Collect;
    /// The instruction at `ip` has counted to the next look at the program.
    hot Hot;
}

handler! {
    /// The instruction at `ip` traps with `vm.trap`; the accumulators are in `vm.acc`.
    #[inline(never)]
    pub(super) fn trap(r) {
        // SAFETY: V1.
        unsafe {
            (*r.cx).acc = r.acc;
            (*r.cx).ip = r.ip;
            (*r.cx).fp = r.fp;
        }
        code(ExitCode::Trap)
    }
}

handler! {
    /// The memory access at `ip` is out of bounds; the driver computes the address again, for which
    /// it finds the integer accumulator in `vm.value`.
    #[inline(never)]
    pub(super) fn memory_fault(r) {
        // SAFETY: V1.
        unsafe {
            (*r.cx).trap = TrapKind::MemoryOutOfBounds;
            (*r.cx).value = r.acc.int;
            (*r.cx).ip = r.ip;
            (*r.cx).fp = r.fp;
        }
        code(ExitCode::Trap)
    }
}
