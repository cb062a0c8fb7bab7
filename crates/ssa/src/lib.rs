//! WebAssembly functions in SSA form: `Module` → [`Body`], and the tools around it.
//!
//! ```text
//! Module, FuncFacts ─ build ─► Body ─ verify ─► well formed, or the first rule that it breaks
//!                               │ ▲
//!                         print ▼ │ parse
//!                               text
//! CheckedBody, Body, Witness ─ CheckedBody::replace ─► CheckedBody, or the rule that is broken
//! Body ─ interpret (over a World) ─► results or a trap: the oracle of everything that reads bodies
//! ```
//!
//! A body is a control-flow graph of blocks with parameters (Appel, *SSA is functional
//! programming*, 1998) over the operators of [`prova_module::ops`]; there is no second list of
//! operators. Machine code and the specialiser start from it, and `prova-emit` makes Wasm of it
//! again. It knows neither machine code nor bytecode, and what `build` makes is not trusted: the
//! proof below judges the body, not its builder.
//!
//! # What is kept of the Wasm
//! * K1. *Operators one to one.* An instruction is a Wasm operator with its immediates and
//!   operands; nothing is lowered. Gone are the operators that only name things or places:
//!   `local.*`, `drop`, `nop`, `block`, `loop`, `end`, `else`; a local is what was last written to
//!   it.
//! * K2. *Offsets.* Each instruction, terminator and block has the module offset of the operator
//!   that it comes from, so a trap knows its place and the proof its way. Several may have the same
//!   offset; no order follows from them.
//! * K3. *No structure, but its origin.* Control is a graph; it may be irreducible (a pass may make
//!   it so). Each block says which label, arm or handler it is ([`Origin`]), each parameter which
//!   local or stack position it stands for ([`Place`]). Both are hints for the proof against the
//!   Wasm and mean nothing to execution; passes may drop them.
//! * K4. *Types* are the module's [`ValType`](prova_module::ValType)s, exact to nullability: a
//!   value has the type of its definition, which matches wherever it is used, by the module's
//!   subtyping.
//! * K5. *Only what control can reach.* Code behind a `br`, and labels and handlers that nothing
//!   leads to, have no block.
//!
//! # Effects
//! The reads, changes and traps of an instruction follow from its operator ([`Effects`]). The
//! instructions of a block stand in the order in which they happen; those that are not pure are
//! *ordered*: this order is the function's effect order, and a pass may change it only where
//! [`Effects::commutes`] says so. There are no effect values and no memory versions to keep up:
//! position is the witness. A trap is an effect: it stays behind every change before it and before
//! every one after it.
//!
//! # Several values, exceptions
//! An instruction has as many results as its operator; `call` and `i64.add128` need no special
//! form. A value that an edge itself makes is a payload among its arguments: see [`terminator`].
//! Calls and throws with a handler in this function end their block; there is one handler block for
//! each `try_table`.
//!
//! # Metering
//! Charges and polls are instructions ([`Op::Charge`], [`Op::Poll`]) where the Wasm's segments,
//! entries and loops have them, if [`Metering`] asks for them when the body is built. Costs that
//! depend on the run (of bulk operators, growth, calls of the host, throws) are part of their
//! operators' meaning, and so are the frame's charge and the poll after a call of the host. A body
//! that goes back to Wasm has no metering: the new Wasm has new segments. Deterministic NaNs are
//! part of an operator's meaning too (the row's `canonical`), not an instruction.
//!
//! # Exceptions that frames hold
//! A store keeps an exception while a local or operand of the Wasm holds its reference
//! (`docs/semantics.md`). A body has no locals: who runs one must keep what
//! [`FuncFacts::exception_roots`](prova_module::FuncFacts) names, or more. The interpreter keeps
//! every reference that its frames have seen; for code that keeps exactly those,
//! [`build_holding`] gives the values that they are at each call and throw.
//!
//! # Limits
//! [`Limits`] bounds what a body may have beyond its Wasm; [`build`] refuses what exceeds it.
//! Bodies of other hands are as large as their text.

#![forbid(unsafe_code)]

#[macro_use]
mod refused;
#[macro_use]
pub mod fault;
#[macro_use]
mod plants;
mod assemble;
mod body;
mod build;
pub mod carry;
pub mod check;
pub mod constants;
pub mod copy;
pub mod dominance;
mod effect;
pub mod entered;
mod entity;
pub mod flow;
mod held;
mod imm;
pub mod interpret;
mod pools;
pub mod relate;
mod relocate;
pub mod replace;
pub mod terminator;
mod text;
pub mod verify;

pub use assemble::{Assembler, Room};
pub use body::{
    Access, BlockData, Body, Def, Imm, InstData, Metering, Op, Origin, Place, ValueData,
    two_numbers,
};
pub use build::{BuildError, BuildReason, Limits, build, build_holding, build_within};
pub use check::{CheckedBody, Rejection};
pub use dominance::Dominators;
pub use effect::{Effects, State};
pub use entity::{Block, Inst, List, Value};
pub use held::Held;
pub use prova_terms::{Vn, budget, hash, table};
pub use refused::{Refused, Rules, Where};
pub use terminator::{Arg, ArgKind, Call, Clause, Edge, Terminator};
pub use text::{ParseError, parse, print, renumber};
pub use verify::{Rule, VerifyError, verify};
