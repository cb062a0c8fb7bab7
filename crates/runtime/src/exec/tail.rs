//! The tail-call executor: one handler per op, each ending in an indirect jump to the next.
//!
//! All handlers have one signature with five integer arguments, which stay in machine registers
//! from handler to handler. That the call at the end of a handler becomes a jump is LLVM's
//! sibling-call optimisation at every opt level above 0, not a promise of the language:
//! [`is_sound`] tests it in the running process, and a test decodes every handler (`tail_tests`).
//!
//! # Limits
//! Without the optimisation every instruction takes native stack; [`is_sound`] then says no and the
//! store falls back to the `match` executor.

use super::call;
use super::eval::*;
use super::operands::{Operands, Sink, Source};
#[cfg(prova_plant)]
use super::plant::{
    f64_min, i8x16_shuffle, i32_div_s, i32_load8_s, i32_shl, i32_sub, i32_trunc_sat_f32_u,
    i64_lt_u, i64_mul_wide_u, i64_rem_s, select,
};
use super::step::{enter, enter_any, fault, leave, replace, step, trap};
use super::{Handler, Registers, access, exit, handler};
use crate::trap::TrapKind;
use crate::vm::{Cell, Frame, FuncEntry, Vm};
use prova_bytecode::ops::kind::marker;
use prova_bytecode::{OPS, for_each_op};
use prova_num::*;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

macro_rules! next {
    ($r:ident, $ip:expr) => {{
        let ip: *const u64 = $ip;
        return dispatch(ip, $r.fp, $r.mem, $r.len, $r.cx);
    }};
}

macro_rules! handlers {
    ($($name:ident $mnemonic:literal $class:ident [$($o:tt)*] $($m:ident $(: $mt:ty)?)? { $($e:tt)* })*) => {
        #[allow(non_snake_case, reason = "one handler per op, under the op's name")]
        mod handlers {
            use super::*;
            $(handler! {
                pub(super) fn $name(r) {
                    // SAFETY: the instruction at `ip` is one of checked bytecode (V4), and `step!`
                    // keeps V1 to V8.
                    #[allow(unused_unsafe, unused_mut, reason = "not every class needs every part of the frame")]
                    unsafe {
                        let mut r = r;
                        step!(r $class [$($o)*] $($m $(: $mt)?)? { $($e)* });
                    }
                }
            })*
        }

        /// The handler of each op, by encoding.
        static HANDLERS: [Handler; OPS.len()] = [$(handlers::$name),*];
    };
}
for_each_op!(handlers);

/// Runs the instruction at `ip`: the tail of every handler.
#[inline(always)]
unsafe fn dispatch(ip: *const u64, fp: *mut Cell, mem: *mut u8, len: usize, cx: *mut Vm) -> u32 {
    // SAFETY: O1: lane 0 of an instruction is an op, so it indexes `HANDLERS`.
    unsafe {
        let op = *ip.cast::<u16>();
        #[cfg(prova_plant)]
        let op = if planted!(TailEntryReplaced) && op == prova_bytecode::Op::I32Xor.encoding() {
            prova_bytecode::Op::I32Or.encoding()
        } else {
            op
        };
        HANDLERS.get_unchecked(usize::from(op))(ip, fp, mem, len, cx)
    }
}

/// Runs from the registers to the next exit; gives its [`ExitCode`](crate::vm::ExitCode).
///
/// # Safety
/// V1 to V9; `r.ip` is an instruction of the running function's checked bytecode, or a stub.
pub(super) unsafe fn run(r: Registers) -> u32 {
    // SAFETY: the caller's.
    unsafe { dispatch(r.ip, r.fp, r.mem, r.len, r.cx) }
}

/// Whether calls at the end of a handler are jumps in this build: a chain of probes must not move
/// the stack pointer.
///
/// With debug assertions the standard library tests the preconditions of pointer operations, and
/// what the compiler makes of a handler then is not what was looked at: such a build uses the
/// `match` executor.
pub(super) fn is_sound() -> bool {
    static SOUND: OnceLock<bool> = OnceLock::new();
    *SOUND.get_or_init(|| {
        let mut addresses = [0usize; 2];
        let ip = [0u64; 1];
        // SAFETY: `probe` reads no register but `ip` and `len`, and writes the two words behind
        // `fp`.
        unsafe {
            PROBES[0](
                ip.as_ptr(),
                addresses.as_mut_ptr().cast(),
                std::ptr::null_mut(),
                PROBE_STEPS,
                std::ptr::null_mut(),
            );
        }
        addresses[0] == addresses[1] && !cfg!(debug_assertions)
    })
}

const PROBE_STEPS: usize = 16;

static PROBES: [Handler; 1] = [probe];

handler! {
    /// Notes the stack's address at the first and the last step of a chain of `len` probes.
    fn probe(r) {
        // SAFETY: only called by `is_sound`, with two words behind `fp` and probe 0 at `ip`.
        unsafe {
            *r.fp.add(usize::from(r.len == 0)) = stack_address() as u64;
            if r.len == 0 {
                return 0;
            }
            PROBES.get_unchecked(*r.ip as usize)(r.ip, r.fp, r.mem, r.len - 1, r.cx)
        }
    }
}

/// An address in the frame of a function called from here.
#[inline(never)]
fn stack_address() -> usize {
    let local = 0u8;
    std::hint::black_box(&raw const local) as usize
}

#[cfg(all(test, target_arch = "x86_64", not(miri)))]
#[path = "tail_tests.rs"]
mod tests;
