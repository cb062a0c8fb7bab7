//! Prova's register bytecode: op table, encoder, text form, and the check that makes a candidate a witness.
//!
//! ```text
//! translate ─► Candidate ─ check ─► CheckedBytecode ─► runtime
//! ```
//!
//! This crate knows neither the translator nor the executors.
//!
//! # The frame
//! A frame is `[parameters | locals | home slots | scratch]` in 8-byte cells; a v128 takes two cells. Wasm local `x` has
//! the slot `Σ cells of the locals before x`; the operand-stack entry whose cells start at height `h` has the *home slot*
//! `local_cells + h`. The arguments of a call lie in the home slots of their positions: the call's *window* is the home
//! slot of its first argument (or of its first result where there is no argument), the callee's frame starts there, and
//! the results come back to the same place. A function returns its results in its slots `0…`.

pub mod candidate;
pub mod check;
mod checked;
pub mod encode;
pub mod ops;
pub mod text;

#[cfg(test)]
mod testing;

pub use candidate::{Candidate, ConstantHint, ControlHint, MapEntry, Metering, Settings};
pub use check::{CheckError, Rule};
pub use checked::CheckedBytecode;
pub use encode::{CodeBuffer, DecodeError, Inst, decode, fits};
pub use ops::{Class, Kind, OPS, Op, OpInfo, Operand, Role};
