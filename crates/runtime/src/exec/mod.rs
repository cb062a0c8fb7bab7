//! The executors: checked bytecode → results, traps and effects on the store.
//!
//! ```text
//! driver::call ─► Registers ─► tail::run | matching::run ─► ExitCode ─► driver (attach, host, switch, trap) ─► …
//! ```
//!
//! The op table's rows expand to one step each (`step`), executed by two executors that differ only
//! in dispatch. A Wasm call takes no native stack; calls of the host, functions of other instances,
//! bytecode not yet attached and traps are *exits* to the driver. Files: `operands` reads
//! instructions, `call` moves frames, `access` reaches memories, globals and the store, `exit` goes
//! back to the driver.
//!
//! What a fault here would break is seen by the specification suite in both executors, by the
//! differential campaigns against the reference tier, and by `tail_tests`.

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
mod driver;
mod eval;
mod exit;
mod matching;
mod native;
mod operands;
#[cfg(prova_plant)]
pub mod plant;
mod roots;
mod step;
mod tail;
mod unwind;

pub(crate) use driver::call;
pub use driver::{CallOutcome, Suspension};
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
pub(crate) use native::perform_at_once;
pub(crate) use roots::mark_frames;

use crate::vm::{Cell, Vm};

/// The registers of an executor.
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
}

/// Declares a function with the handlers' signature; its body sees the registers under the name
/// given.
macro_rules! handler {
    ($(#[$attribute:meta])* $vis:vis fn $name:ident($r:ident) $body:block) => {
        $(#[$attribute])*
        #[cfg(target_arch = "x86_64")]
        $vis unsafe extern "sysv64" fn $name(
            ip: *const u64, fp: *mut $crate::vm::Cell, mem: *mut u8, len: usize, cx: *mut $crate::vm::Vm,
        ) -> u32 {
            let $r = $crate::exec::Registers { ip, fp, mem, len, cx };
            $body
        }

        $(#[$attribute])*
        #[cfg(not(target_arch = "x86_64"))]
        $vis unsafe extern "C" fn $name(
            ip: *const u64, fp: *mut $crate::vm::Cell, mem: *mut u8, len: usize, cx: *mut $crate::vm::Vm,
        ) -> u32 {
            let $r = $crate::exec::Registers { ip, fp, mem, len, cx };
            $body
        }
    };
}
use handler;

/// A handler: five integer arguments, all in registers on every target with at least six.
#[cfg(target_arch = "x86_64")]
type Handler = unsafe extern "sysv64" fn(*const u64, *mut Cell, *mut u8, usize, *mut Vm) -> u32;
#[cfg(not(target_arch = "x86_64"))]
type Handler = unsafe extern "C" fn(*const u64, *mut Cell, *mut u8, usize, *mut Vm) -> u32;
