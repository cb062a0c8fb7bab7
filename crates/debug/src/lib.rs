//! A run under a debugger: the gdb remote protocol over the frames of the reference tier.
//!
//! ```text
//! debugger ⇄ TCP ⇄ Server (gdbstub, a thread) ─ jobs ─► Guest (the thread that runs the module)
//!                                             ◄ events ┘   at a step, where it waits
//! ```
//!
//! The protocol is LLDB's for WebAssembly (`lldbgdbremote`, *Wasm packets*): an address has a kind,
//! code or memory, an index and 32 bits of offset. Code is the module's own bytes, so that a
//! debugger finds debug information in what it reads.
//!
//! 1. The guest stops before an operator, and only there: what a debugger sees is the state that
//!    the specification gives to that point.
//! 2. A session that only looks changes nothing: results, traps and fuel are those of a run without
//!    a debugger. Only a write into memory changes a run.
//! 3. Nothing that a debugger sends makes the guest's thread panic. A debugger that goes away
//!    without a word ends the run.
//!
//! Limits: memory 0 to a debugger is memory 0 of the function that has stopped. Offsets have 32
//! bits. Locals and globals cannot be written. Of functions that a host function calls, only frames
//! inside the host function are seen. An interruption waits for a host function to return. Time
//! limits go on while the guest waits.

mod guest;
mod monitor;
mod server;
mod space;
mod target;

pub use guest::Guest;
pub use server::{End, Server};

use std::sync::Arc;
use std::sync::mpsc::channel;

/// A session: what asks the debugger, with an executor for the store, and what serves it, for
/// another thread.
pub fn session() -> (Arc<Guest>, Server) {
    let shared = Arc::new(space::Shared::new());
    let ((jobs, asked), (events, told)) = (channel(), channel());
    let guest = Arc::new(Guest::new(Arc::clone(&shared), asked, events));
    (guest, Server::new(shared, jobs, told))
}
