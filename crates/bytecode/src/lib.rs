//! Prova's register bytecode: op table, encoder, text form, and the check that makes a candidate a
//! witness.
//!
//! ```text
//! translate ─► Candidate ─ check ─► CheckedBytecode ─► runtime
//! ```
//!
//! This crate knows neither the translator nor the executors.
//!
//! # The format
//! * *Code* of a function is a sequence of 8-byte words without pointers or names of the machine,
//!   so it can be stored, hashed and compared. An *instruction* is one word or more: a 16-bit op,
//!   then its operands in lanes of 16 bits ([`ops`] has the layout, [`encode`] reads and writes
//!   it); a `br_table` is followed by a word for each target. There are no labels: a branch holds a
//!   distance in words from its own start.
//! * An *op* is a row of the table, and its operands are slots, numbers, indices of the module, or
//!   a branch distance ([`Kind`]). The meaning of an op is its *class* ([`Class`]) around one
//!   expression over `prova_num`.
//! * A *cell* is 8 bytes of bits. An i32, an f32 and a 32-bit address are zero-extended. A v128 is
//!   two cells, the low half in the lower slot. A reference is an index of the store + 1, or 0 for
//!   null.
//! * The *map* says to which Wasm operator each instruction belongs: for traps, backtraces and
//!   charges.
//! * The *handlers* say where an exception goes on, by the range of words that it leaves
//!   ([`Handler`]). Entering a range is no instruction.
//! * *Metering* is code: `charge` takes the cost of a segment, `poll` tests the epoch. Which of
//!   them appear, and whether `*.canonicalize` follows float operators, depends on the [`Settings`]
//!   that a witness is checked for.
//! * [`text`] prints code and reads it back.
//!
//! # The frame
//! A frame is `[parameters | locals | home slots | scratch]` in 8-byte cells; a v128 takes two
//! cells. Wasm local `x` has the slot `Σ cells of the locals before x`; the operand-stack entry
//! whose cells start at height `h` has the *home slot* `local_cells + h`. The arguments of a call
//! lie in the home slots of their positions: the call's *window* is the home slot of its first
//! argument (or of its first result where there is no argument), the callee's frame starts there,
//! and the results come back to the same place. A function returns its results in its slots `0…`.
//!
//! Beside its frame a function has the executor's *accumulators*, one for each class of registers
//! ([`RegClass`]): the newest results, which instructions take from there if they are marked so
//! ([`Marks`]). Nothing is in them at a label or behind a call.
//!
//! Parameters are written by the caller and the other locals zeroed by the call; nothing else of a
//! frame has a value at entry. Every slot that a frame uses fits the logical charge of its function
//! ([`FuncFacts::charge_bytes`](prova_module::FuncFacts::charge_bytes)), so the stack limit is a
//! matter of the Wasm alone.

pub mod candidate;
pub mod check;
mod checked;
pub mod encode;
mod handlers;
mod identity;
pub mod ops;
pub mod text;

#[cfg(test)]
mod testing;

pub use candidate::{Candidate, ControlHint, Handler, MapEntry, Metering, Settings};
pub use check::{CheckError, Rule};
pub use checked::CheckedBytecode;
#[cfg(prova_plant)]
pub use checked::plant;
pub use encode::{CodeBuffer, DecodeError, Inst, decode, fits};
pub use identity::{Identity, Mismatch};
pub use ops::{Accumulators, Class, Kind, Marks, OPS, Op, OpInfo, Operand, RegClass, Role};
