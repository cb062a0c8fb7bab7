//! The tail-call executor: one handler per op, each ending in an indirect jump to the next.
//!
//! All handlers have one signature with six integer and two float arguments, which stay in machine
//! registers from handler to handler. An op has a handler for each of the marks that it takes. That
//! the call at the end of a handler becomes a jump is LLVM's sibling-call optimisation at every opt
//! level above 0, not a promise of the language: [`is_sound`] tests it in the running process, and
//! a test decodes every handler (`tail_tests`).
//!
//! # Limits
//! Without the optimisation every instruction takes native stack; [`is_sound`] then says no and the
//! store falls back to the `match` executor.

use super::call;
use super::eval::*;
use super::operands::{Operands, Sink, Source};
use super::step::{enter, enter_any, fault, leave, replace, step, trap};
use super::{Accumulators, Handler, Registers, access, exit, handler, invoke, vector};
use crate::trap::TrapKind;
use crate::vm::{Frame, FuncEntry};
use prova_bytecode::ops::kind::marker;
use prova_bytecode::{Marks, OPS, Op, for_each_op};
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

macro_rules! next {
    ($r:ident, $ip:expr) => {{
        let ip: *const u64 = $ip;
        return dispatch(ip, $r);
    }};
}

macro_rules! go {
    ($r:ident, $ip:expr) => {{
        let ip: *const u64 = $ip;
        return if $r.charges { charge_and_dispatch(ip, $r) } else { dispatch(ip, $r) };
    }};
}

/// The handlers of a row of control that charge; `None` of other classes.
macro_rules! charging {
    (branch $name:ident) => { charging!(@ $name) };
    (pure_branch $name:ident) => { charging!(@ $name) };
    (br $name:ident) => { charging!(@ $name) };
    (pure_br $name:ident) => { charging!(@ $name) };
    (br_table $name:ident) => { charging!(@ $name) };
    (return_ $name:ident) => { charging!(@ $name) };
    (return1 $name:ident) => { charging!(@ $name) };
    (return2 $name:ident) => { charging!(@ $name) };
    (call $name:ident) => { charging!(@ $name) };
    (call_import $name:ident) => { charging!(@ $name) };
    (call_indirect $name:ident) => { charging!(@ $name) };
    (call_ref $name:ident) => { charging!(@ $name) };
    (return_call $name:ident) => { charging!(@ $name) };
    (return_call_import $name:ident) => { charging!(@ $name) };
    (return_call_indirect $name:ident) => { charging!(@ $name) };
    (return_call_ref $name:ident) => { charging!(@ $name) };
    ($class:ident $name:ident) => { None };
    (@ $name:ident) => {
        Some([
            $name::<{ Marks::ALL }>,
            $name::<{ Marks::ALL + taken(Op::$name, 1) }>,
            $name::<{ Marks::ALL + taken(Op::$name, 2) }>,
            $name::<{ Marks::ALL + taken(Op::$name, 3) }>,
            $name::<{ Marks::ALL + taken(Op::$name, 4) }>,
            $name::<{ Marks::ALL + taken(Op::$name, 5) }>,
            $name::<{ Marks::ALL + taken(Op::$name, 6) }>,
            $name::<{ Marks::ALL + taken(Op::$name, 7) }>,
        ])
    };
}

/// A module of handlers, compiled under an attribute, over a module of operators.
macro_rules! handlers {
    ($module:ident #[$attribute:meta] { $($name:ident $mnemonic:literal $class:ident [$($o:tt)*] $($m:ident $(: $mt:ty)?)? { $($e:tt)* })* }) => {
        #[allow(non_snake_case, reason = "one handler per op, under the op's name")]
        mod $module {
            use super::*;
            use super::vector::$module::*;
            #[cfg(prova_plant)]
            #[allow(unused_imports, reason = "not every module has all rows")]
            use super::super::plant::{
                f64_min, i8x16_shuffle, i32_div_s, i32_load8_s, i32_shl, i32_sub,
                i32_trunc_sat_f32_u, i64_lt_u, i64_mul_wide_u, i64_rem_s, select,
            };
            $(handler! {
                #[$attribute]
                pub(super) fn $name<M>(r) {
                    // SAFETY: the instruction at `ip` is one of checked bytecode (V4), and `step!`
                    // keeps V1 to V8. K2: the operators' features are the handler's.
                    #[allow(unused_unsafe, unused_mut, reason = "not every class needs every part of the frame")]
                    unsafe {
                        let mut r = r;
                        step!(r $class [$($o)*] $($m $(: $mt)?)? { $($e)* });
                    }
                }
            })*

            /// The handlers of each op, by its marks; of marks that it does not take, which no
            /// instruction has, the one without marks.
            pub(super) const BY_OP: &[(Op, [Handler; Marks::ALL as usize])] = &[$((Op::$name, [
                $name::<0>,
                $name::<{ taken(Op::$name, 1) }>,
                $name::<{ taken(Op::$name, 2) }>,
                $name::<{ taken(Op::$name, 3) }>,
                $name::<{ taken(Op::$name, 4) }>,
                $name::<{ taken(Op::$name, 5) }>,
                $name::<{ taken(Op::$name, 6) }>,
                $name::<{ taken(Op::$name, 7) }>,
            ])),*];

            /// The handlers of each op of control, by its marks, that charge.
            #[allow(dead_code, reason = "not every module has control")]
            pub(super) const CHARGING: &[Option<[Handler; Marks::ALL as usize]>] =
                &[$(charging!($class $name)),*];
        }
    };
}

macro_rules! baseline {
    ($($rows:tt)*) => {
        handlers! { baseline #[cfg_attr(target_arch = "x86_64", target_feature(enable = "sse2"))] { $($rows)* } }
    };
}
for_each_op!(baseline);

#[cfg(all(target_arch = "x86_64", not(miri)))]
macro_rules! wide {
    ($($rows:tt)*) => { handlers! { wide #[target_feature(enable = "avx2")] { $($rows)* } } };
}
#[cfg(all(target_arch = "x86_64", not(miri)))]
prova_bytecode::vector_ops! { {} [finish_ops] wide }

/// A handler for each encoding.
type Handlers = [Handler; ENCODINGS];

static BASELINE: Handlers = replaced([baseline::BY_OP[0].1[0]; ENCODINGS], baseline::BY_OP);
#[cfg(all(target_arch = "x86_64", not(miri)))]
static WIDE: Handlers = replaced(BASELINE, wide::BY_OP);

/// The handlers of a machine: a process has one, so all that is linked agrees.
fn handlers() -> &'static Handlers {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if vector::has_wide() {
        return &WIDE;
    }
    &BASELINE
}

/// The marks, if an op takes them.
const fn taken(op: Op, bits: u8) -> u8 {
    if op.takes(Marks::from_bits(bits)) { bits } else { 0 }
}

/// One more than the greatest encoding.
const ENCODINGS: usize = OPS[OPS.len() - 1].encoding(Marks::from_bits(Marks::ALL - 1)) as usize + 1;

/// The handlers with those of some ops in the place of what was there.
const fn replaced(mut all: Handlers, by_op: &[(Op, [Handler; Marks::ALL as usize])]) -> Handlers {
    let mut row = 0;
    while row < by_op.len() {
        let (op, handlers) = &by_op[row];
        let mut bits = 0;
        while bits < Marks::ALL {
            all[op.encoding(Marks::from_bits(bits)) as usize] = handlers[bits as usize];
            bits += 1;
        }
        row += 1;
    }
    all
}

/// The handlers of ops of control that charge, by op and marks.
static CHARGING: &[Option<[Handler; Marks::ALL as usize]>] = baseline::CHARGING;

/// The handler of an encoding that charges, if it has one.
fn charging_handler(encoding: u16) -> Option<&'static Handler> {
    let (op, marks) = Op::from_encoding(encoding)?;
    CHARGING.get(op as usize)?.as_ref()?.get(usize::from(marks.bits()))
}

/// The address of the handler of an encoding, where `charging` of the one that charges if there is
/// one; of a number that is no encoding, of the first handler.
pub(super) fn handler_address(encoding: u16, charging: bool) -> u64 {
    let handlers = handlers();
    let handler = handlers.get(usize::from(encoding)).unwrap_or(&handlers[0]);
    let handler = if charging { charging_handler(encoding).unwrap_or(handler) } else { handler };
    address(*handler)
}

fn address(handler: Handler) -> u64 {
    (handler as *const ()).expose_provenance() as u64
}

/// The code of functions that have none: a word that leads to the executor's exit, as an encoding
/// and linked.
pub(crate) struct Stub {
    checked: [u64; 1],
    linked: [Handler; 1],
}

/// The code of a function whose bytecode is not attached yet (V4).
pub(crate) static STUB_ATTACH: Stub =
    Stub { checked: [Op::StubAttach as u64], linked: [BASELINE[Op::StubAttach as usize]] };

/// The code of a host function (V4).
pub(crate) static STUB_HOST: Stub =
    Stub { checked: [Op::StubHost as u64], linked: [BASELINE[Op::StubHost as usize]] };

impl Stub {
    /// The word that a store's executor runs (L2 of `link`).
    pub(crate) fn word(&'static self, linked: bool) -> *const u64 {
        if linked { self.linked.as_ptr().cast() } else { self.checked.as_ptr() }
    }
}

/// Runs the instruction at `ip`: the tail of every handler.
#[inline(always)]
unsafe fn dispatch(ip: *const u64, r: Registers) -> u32 {
    // SAFETY: O1, L1: word 0 of an instruction is the address of a handler.
    unsafe {
        let address = *ip;
        #[cfg(prova_plant)]
        let address = if planted!(TailEntryReplaced)
            && address == handler_address(Op::I32Xor.encoding(Marks::NONE), false)
        {
            handler_address(Op::I32Or.encoding(Marks::NONE), false)
        } else {
            address
        };
        let handler = std::ptr::with_exposed_provenance::<()>(address as usize);
        invoke!(std::mem::transmute::<*const (), Handler>(handler), ip, r)
    }
}

/// Runs the instruction at `ip`; if that is a charge that can be paid, with the one behind it in
/// the same dispatch.
///
/// Where control goes, a segment begins, mostly with its charge (`docs/semantics.md`, *Fuel*).
#[inline(always)]
unsafe fn charge_and_dispatch(ip: *const u64, r: Registers) -> u32 {
    // SAFETY: as of `dispatch`; a charge is followed by an instruction (F1).
    unsafe {
        if *ip != address(baseline::Charge::<0>) {
            return dispatch(ip, r);
        }
        let at = Registers { ip, marks: Marks::NONE, ..r };
        let mut operands = Operands::new(&at);
        let units = <marker::i64c as Source>::read(&mut operands, &at);
        let units = if planted!(ChargePassed) { 0 } else { units };
        match (*r.cx).not_fuel.checked_add(units) {
            Some(sum) => {
                (*r.cx).not_fuel = sum;
                dispatch(operands.end(), r)
            }
            // The charge itself tells it.
            None => dispatch(ip, r),
        }
    }
}

/// Runs from the registers to the next exit; gives its [`ExitCode`](crate::vm::ExitCode).
///
/// # Safety
/// V1 to V9; `r.ip` is an instruction of the running function's linked bytecode, or a linked stub.
pub(super) unsafe fn run(r: Registers) -> u32 {
    // SAFETY: the caller's.
    unsafe { dispatch(r.ip, r) }
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
                0,
                0.0,
                0.0,
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
            let r = Registers { len: r.len - 1, ..r };
            invoke!(PROBES.get_unchecked(*r.ip as usize), r.ip, r)
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
