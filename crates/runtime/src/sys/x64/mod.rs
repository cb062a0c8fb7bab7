//! The services of Linux on x86-64 for native code: code memory, stacks, the ways in and out,
//! signals.
//!
//! # Invariants
//! * N1. Bytes of [`CodeMemory`] lie in the arena, never change after they were copied, and are
//!   executable only after [`CodeMemory::seal`], of all pieces in the same pages at once; nothing
//!   else of the process lies in the arena.
//! * N2. `Vm::native.host_sp` is the stack pointer that the newest [`enter`] or [`resume`] left the
//!   host's stack with, its six saved registers above it, while native code runs and nowhere else.
//! * N3. Native code runs on its store's native stack alone, below `Vm::native.native_sp` as it was
//!   when it was entered; what lies above belongs to calls that wait.
//! * N4. A stop stores where the code waits in `Vm::native.native_sp`: six saved registers and the
//!   return address lie there until it is resumed or given up.
//! * N5. No frame of Rust lies on a native stack, and none of native code on the host's. So leaving
//!   native code for good means forgetting it.

mod before;
mod code;
mod enter;
mod signals;
mod stack;

pub(crate) use code::{CodeMemory, map_as_code, monotonic_nanos};
pub(crate) use enter::{Stop, Waiting, builtins, enter, land, resume};
pub(crate) use signals::install;
pub(crate) use stack::{NativeStack, StackBytes};
