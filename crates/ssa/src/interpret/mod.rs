//! The interpreter of bodies: the oracle of everything that reads them.
//!
//! ```text
//! World::callee ─► Code { Body } ─ Machine: frames over one stack of values ─► results, or a trap with its frames
//!                      memories, tables, globals, hosts, metering: World ─┘
//! ```
//!
//! It does what `docs/semantics.md` says of the Wasm, so a body that it runs can be compared with
//! any tier: results, traps with their offsets, fuel, epoch, stack. An operator's result comes from
//! its row; the behaviour of control is written here, and nowhere taken from the Wasm.
//!
//! 1. The depth of calls costs no host stack.
//! 2. A body that [`verify`](crate::verify::verify) accepts never makes it panic.
//!
//! Limits: a frame has 16 bytes for each value of its body; speed is no aim. It keeps every
//! reference to an exception that a frame's values have, which may be more than `docs/semantics.md`
//! has a frame hold. Noticed by: the specification's suite and generated programs over it
//! (`prova-testing`, `ssa`).

pub(crate) mod evaluate;
mod exception;
mod machine;
mod memory;
mod world;

pub use machine::interpret;
pub use world::{Address, Aggregate, Bits, Callee, Code, Fault, HostEnd, World};

use prova_module::{FuncIdx, Module};

/// A frame that was there when a call ended in a trap.
pub struct Trace<I> {
    /// Its instance.
    pub instance: I,
    /// The instance's module.
    pub module: Module,
    /// The function.
    pub func: FuncIdx,
    /// The offset of the operator that it was at.
    pub offset: u32,
}

/// A call that ended without results.
pub struct Stopped<W: World> {
    /// Why.
    pub error: W::Error,
    /// The frames, the innermost first.
    pub frames: Vec<Trace<W::Instance>>,
}
