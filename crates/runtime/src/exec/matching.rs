//! The `match` executor: the same steps in one loop, for builds without tail calls, Miri, and other
//! targets.
//!
//! It differs from the tail-call executor in `next!` and `go!` alone; see `step` for the rules and
//! invariants.

use super::call;
use super::eval::*;
use super::operands::{Operands, Sink, Source};
#[cfg(prova_plant)]
use super::plant::{
    f64_min, i8x16_shuffle, i32_div_s, i32_load8_s, i32_shl, i32_sub, i32_trunc_sat_f32_u,
    i64_lt_u, i64_mul_wide_u, i64_rem_s, select,
};
use super::step::{enter, enter_any, fault, leave, replace, step, trap};
use super::vector::baseline::*;
use super::{Accumulators, Registers, access, exit, invoke};
use crate::trap::TrapKind;
use crate::vm::{Frame, FuncEntry};
use prova_bytecode::ops::kind::marker;
use prova_bytecode::{Marks, OPS, Op, for_each_op};
use std::sync::atomic::Ordering;

macro_rules! next {
    ($r:ident, $ip:expr) => {{
        $r.ip = $ip;
        continue;
    }};
}

macro_rules! go {
    ($r:ident, $ip:expr) => {
        next!($r, $ip)
    };
}

macro_rules! executor {
    ($($name:ident $mnemonic:literal $class:ident [$($o:tt)*] $($m:ident $(: $mt:ty)?)? { $($e:tt)* })*) => {
        /// Runs from the registers to the next exit; gives its [`ExitCode`](crate::vm::ExitCode).
        ///
        /// # Safety
        /// V1 to V9; `r.ip` is an instruction of the running function's checked bytecode, or a
        /// stub.
        pub(super) unsafe fn run(registers: Registers) -> u32 {
            // An argument of this size is in memory, and would stay there; a variable whose address
            // is not taken is in machine registers.
            let Registers { ip, fp, mem, len, cx, acc: Accumulators { int, f32, f64 }, .. } = registers;
            let acc = Accumulators { int, f32, f64 };
            let mut r = Registers { ip, fp, mem, len, cx, acc, marks: Marks::NONE, charges: false };
            loop {
                // SAFETY: O1: lane 0 of an instruction is an op, and its bits are the discriminant
                // (below); for the arms as in the tail-call executor.
                unsafe {
                    let encoding = *r.ip.cast::<u16>();
                    let op = std::mem::transmute::<u16, Op>(encoding & Op::ENCODING_MASK);
                    r.marks = Marks::from_bits((encoding >> Op::ENCODING_MASK.count_ones()) as u8);
                    #[cfg(prova_plant)]
                    let op = if planted!(MatchArmReplaced) && op == Op::I32Or { Op::I32Xor } else { op };
                    match op {
                        $(Op::$name => { step!(r $class [$($o)*] $($m $(: $mt)?)? { $($e)* }); })*
                    }
                }
            }
        }
    };
}
for_each_op!(executor);

// The lower bits of an encoding are the discriminant of the op.
const _: () = {
    let mut encoding = 0;
    while encoding < OPS.len() {
        assert!(OPS[encoding] as usize == encoding);
        encoding += 1;
    }
};
