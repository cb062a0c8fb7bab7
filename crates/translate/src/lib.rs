//! WebAssembly functions → candidate bytecode, in one pass over the operators.
//!
//! ```text
//! Module ─ FuncBody ─► Translator ─► Candidate ─► the check of prova-bytecode
//! ```
//!
//! The operand stack is symbolic: an entry is in its home slot, is still a local, or is a constant,
//! and instructions are emitted only where values are computed or have to move (local preservation,
//! rules R1 to R8 below). Nothing that this crate does is trusted: the check proves each candidate
//! equal to its Wasm, and a fault here is a refused function, never a wrong result. This crate
//! knows neither the check's inside nor the executors.
//!
//! # Invariant I
//! At every program point and for every operand-stack position `p`, the value that Wasm has at `p`
//! is the value of `S[p]` in the frame, where `S[p]` is `Home` (the slot
//! `local_cells + cells below p`), `Local(x)` (what the slot of `x` holds *now*) or `Const(c)`; and
//! the value of each local is in its slot.
//!
//! # Rules
//! Each is stated again above the one place that applies it.
//! * R1 (write). Before an instruction that writes local `x`, every `p` with `S[p] = Local(x)` goes
//!   home.
//! * R2 (frozen base). Inside a region `S[p]` of the positions below its base does not change, and
//!   all are `Home`: they go home at region entry.
//! * R3 (why at entry). The copies of R2 come before the region's label and before the conditional
//!   jump of an `if`, so that every path executes them, and for a loop once.
//! * R4 (order at entry). The condition is taken; parameters of a loop or `if` go home; R2; the
//!   label is pinned.
//! * R5 (branches). A branch moves its values to the label's home slots on the taken edge only.
//! * R6 (return). Results move to the slots from 0 on, which are locals too: no source is
//!   overwritten before it is read.
//! * R7 (destination). `local.set` renames the result of the instruction just before it instead of
//!   copying, if that instruction has one result, in the home slot that is consumed, and no label
//!   lies between.
//! * R8 (unreachable code). Nothing is emitted after a terminator up to the matching `else` or
//!   `end`.
//! * R9 (roots). Before a call, throw or allocation, references to exceptions and objects below its
//!   operands go home, with all below the highest of them.
//!
//! # What the hints say
//! One [`ControlHint`](prova_bytecode::ControlHint) per control operator that control can reach, or
//! behind which it can go on (an `end` whose label is a target): block, loop, if, else, end, br,
//! br_if, br_table, return. `word` is the first word after the operator's code; for loop, else and
//! end it is the label: what the fall-through needs to get there stands before it, and for the
//! `end` of the body the code that returns stands behind it. A `heat`, `poll` or `charge` belongs
//! to the operator behind the label.
//!
//! # Equalities used
//! A proof of equality has to know these, and no others; all hold for every operand.
//! * `add, mul, and, or, xor, eq, ne` commute; a comparison is its mirror with the operands
//!   exchanged (`a < b`, `b > a`); `x - c = x + (-c)` modulo 2^n (`numeric`).
//! * A branch on `i32.eqz c` is the branch on `c` with the ways exchanged; `i64.eqz x` is `x == 0`.
//!   For the way that is taken where an integer comparison fails, the branch has the inverse
//!   comparison; for floats, one of the ops that say `not` (`fuse`).
//! * A reinterpreted value has the same cell; floats are loaded and stored by the integer ops; null
//!   is the cell 0.
//! * `copy2` is two copies, of one operator or of several (`translator`).
//!
//! Between two control operators that have hints, instructions may stand earlier or later than
//! their operators would have them, but effects keep their order, and at each hint every local is
//! in its slot.
//!
//! # Cost
//! Time and code are linear in the operators and in the values that calls, blocks and branches have
//! (which `prova_module::Limits::work_per_byte` bounds): every `local.get` is preserved at most
//! once, region entries look at each position once. Limits: a frame has at most [`FRAME_CELLS_MAX`]
//! cells, code at most [`WORDS_MAX`](prova_bytecode::encode::WORDS_MAX) words.
//!
//! The tests that would notice a fault: `tests/enumerate.rs` of `prova-testing` (all small bodies
//! in every tier) and the golden files of `tests/files/translate`.

mod accumulate;
mod aggregate;
mod atomic;
mod control;
mod error;
mod exception;
mod fuse;
mod memory;
mod moves;
mod numeric;
mod parametric;
mod reference;
mod stack;
mod table;
mod translator;
mod variable;
mod vector;
mod visit;

pub use error::TranslateError;
pub use translator::{FRAME_CELLS_MAX, Translator};
