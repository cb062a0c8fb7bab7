//! The executors: checked bytecode → results, traps and effects on the store.
//!
//! ```text
//! driver::call ─► Registers ─► tail::run | matching::run ─► ExitCode ─► driver (attach, host, switch, trap) ─► …
//! ```
//!
//! The op table's rows expand to one step each (`step`), executed by two executors that differ only
//! in dispatch. A Wasm call takes no native stack; calls of the host, functions of other instances,
//! bytecode not yet attached and traps are *exits* to the driver. Files: `operands` reads
//! instructions, `vector` has the machine's SIMD, `call` moves frames, `access` reaches memories,
//! globals and the store, `exit` goes back to the driver, `count` counts what runs.
//!
//! Faults here are found by the specification suite in both executors, by the differential
//! campaigns against the reference tier, and by `tail_tests`.

/// Whether a fault is planted: never, but under `--cfg prova_plant` (`plant`).
#[cfg(prova_plant)]
macro_rules! planted {
    ($plant:ident) => {
        $crate::exec::plant::on($crate::exec::plant::Plant::$plant)
    };
}
#[cfg(not(prova_plant))]
macro_rules! planted {
    ($plant:ident) => {
        false
    };
}

mod access;
mod call;
mod count;
mod driver;
mod eval;
mod exit;
mod heat;
mod link;
mod matching;
mod native;
mod operands;
#[cfg(prova_plant)]
pub mod plant;
mod roots;
mod step;
mod suspend;
mod tail;
mod unwind;
mod vector;

pub use count::DispatchCounts;
pub(crate) use driver::call;
pub use heat::Heat;
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
pub(crate) use native::perform_at_once;
pub(crate) use roots::{Running, mark_frames};
pub use suspend::{CallOutcome, SuspendedBy, Suspension};
pub(crate) use tail::{STUB_ATTACH, STUB_HOST, Stub};

use crate::vm::{Cell, Vm};
use prova_bytecode::Marks;

/// The registers of an executor.
///
/// Accumulators are values, so nothing leans on what they hold; that an instruction finds in one
/// what it is to find there, the check has proved.
#[derive(Clone, Copy)]
struct Registers {
    /// The instruction.
    ip: *const u64,
    /// The frame.
    fp: *mut Cell,
    /// The base of memory 0 (V7).
    mem: *mut u8,
    /// The length of memory 0 in bytes (V7).
    len: usize,
    /// Everything else.
    cx: *mut Vm,
    /// The accumulators (`prova_bytecode::Marks`).
    acc: Accumulators,
    /// Which operands of the instruction are in accumulators: known where a handler is compiled.
    marks: Marks,
    /// Whether a handler of control also executes the charge that it leads to, in one dispatch:
    /// known where a handler is compiled.
    charges: bool,
}

/// The accumulators: the newest result of each register class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accumulators {
    int: Cell,
    f32: f32,
    f64: f64,
}

impl Accumulators {
    /// Their contents where no value is known.
    pub(crate) const CLEAR: Accumulators = Accumulators { int: 0, f32: 0.0, f64: 0.0 };
}

/// Declares a function with the handlers' signature; its body sees the registers under the name
/// given. With `<M>`, it is one for each number of marks, and where [`Marks::ALL`] is added one
/// that charges.
macro_rules! handler {
    ($(#[$attribute:meta])* $vis:vis fn $name:ident $(<$marks:ident>)? ($r:ident) $body:block) => {
        $crate::exec::handler! {
            @ #[cfg(target_arch = "x86_64")] "sysv64" [$(#[$attribute])*] $vis $name [$($marks)?] $r $body
        }
        $crate::exec::handler! {
            @ #[cfg(not(target_arch = "x86_64"))] "C" [$(#[$attribute])*] $vis $name [$($marks)?] $r $body
        }
    };
    (@ #[$cfg:meta] $abi:literal [$(#[$attribute:meta])*] $vis:vis $name:ident [$($marks:ident)?] $r:ident $body:block) => {
        $(#[$attribute])*
        #[$cfg]
        #[allow(clippy::too_many_arguments, reason = "they are the registers of the executor")]
        $vis unsafe extern $abi fn $name $(<const $marks: u8>)? (
            ip: *const u64, fp: *mut $crate::vm::Cell, mem: *mut u8, len: usize, cx: *mut $crate::vm::Vm,
            int: $crate::vm::Cell, f32: f32, f64: f64,
        ) -> u32 {
            let acc = $crate::exec::Accumulators { int, f32, f64 };
            #[allow(unused_mut, unused_assignments, reason = "a handler of one kind has no marks")]
            let (mut marks, mut charges) = (prova_bytecode::Marks::NONE, false);
            $(
                marks = prova_bytecode::Marks::from_bits($marks);
                charges = $marks >= prova_bytecode::Marks::ALL;
            )?
            let $r = $crate::exec::Registers { ip, fp, mem, len, cx, acc, marks, charges };
            $body
        }
    };
}
use handler;

/// Calls a handler with the registers.
macro_rules! invoke {
    ($handler:expr, $ip:expr, $r:expr) => {
        $handler($ip, $r.fp, $r.mem, $r.len, $r.cx, $r.acc.int, $r.acc.f32, $r.acc.f64)
    };
}
use invoke;

/// A handler: six integer and two float arguments, all in registers on every target with as many.
#[cfg(target_arch = "x86_64")]
type Handler = unsafe extern "sysv64" fn(
    *const u64,
    *mut Cell,
    *mut u8,
    usize,
    *mut Vm,
    Cell,
    f32,
    f64,
) -> u32;
#[cfg(not(target_arch = "x86_64"))]
type Handler =
    unsafe extern "C" fn(*const u64, *mut Cell, *mut u8, usize, *mut Vm, Cell, f32, f64) -> u32;
