//! Facts about a function body: blocks with heights and written-locals masks, metering segments,
//! the frame's size.
//!
//! ```text
//! body ─ validator ┬─ FrameBuilder ─► FrameFacts   when the module is decoded
//!                  └─ FactsBuilder ─► FuncFacts    when a function is first asked for
//! ```
//!
//! `validate` feeds the builders each operator that the validator has accepted; translators,
//! checkers and every executor read [`FuncFacts`] and trust it. An instance needs the frames of all
//! its functions, and most functions of a large module never run: so the rest is found by a second
//! pass over those that do. Both passes must agree on the frame; where they do not, there are no
//! facts ([`Module::facts`](crate::Module::facts)) and the function cannot run.
//!
//! # Reachability
//!
//! An operator is *reachable* by structure alone, never by values:
//!
//! - The first operator of a body is. After `br`, `br_table`, `return`, `unreachable`,
//!   `return_call` and its like nothing is, up to the matching `else` or `end`.
//! - After `else` code is reachable if the `if` was.
//! - After the `end` of a block it is if the operator before the `end` falls through (in either arm
//!   of an `if`), or a reachable branch has the block's label for target (not for a `loop`, whose
//!   label is its start), or the block is a reachable `if` without `else`.
//!
//! # Segments
//!
//! Fuel is charged by segment, on the Wasm, alike in every tier. A segment starts
//!
//! - at the first operator of the body;
//! - at the operator after `loop` (so that each iteration pays), after `if`, after `else`;
//! - at the operator after the `end` of an `if`, or of another block whose label is the target of a
//!   reachable branch (except a `loop`);
//! - at the operator after a conditional branch (`br_if`, `br_on_*`);
//! - at the operator after a call that returns (`call`, `call_indirect`, `call_ref`);
//!
//! and costs the sum of [`operator_cost`](crate::operator_cost) and, of branches, of
//! [`branch_cost`](crate::branch_cost), of throws, of [`throw_cost`](crate::throw_cost) over its
//! reachable operators up to the next start, or up to and including the operator that ends
//! reachability. The first one has [`frame_cost`](crate::frame_cost) on top. Segments of cost 0 are
//! not listed.
//!
//! # Invariants
//!
//! 1. `blocks` is in order of opening operators; `blocks[0]` is the body, and every other block
//!    lies between the `start` and `end` of the one around it.
//! 2. `segments` is in strictly rising order of offset, and each offset belongs to a reachable
//!    operator.
//! 3. At each reachable operator the operand stack has at most `max_height_cells` cells, before and
//!    after it; at a `br_on_cast` or `br_on_cast_fail` one fewer, for the outcome of its test.
//!
//! Time: amortised constant for an operator, plus the number of values it pushes once a function
//! has seen `v128` or may hold an exception or object. Memory: 40 bytes for a block, 16 for a
//! segment.
//! Tests: `tests/facts.rs`, `tests/roots.rs`, `tests/oracle.rs`; of both passes,
//! `tests/two_passes.rs`.

mod builder;
mod context;
mod frame;
mod frequent;
mod roots;

pub(crate) use builder::{FactsBuilder, Locals};
pub(crate) use context::BodyContext;
pub(crate) use frame::{Budgeted, FrameBuilder};
pub(crate) use frequent::Frequent;
pub use roots::ExceptionRoots;
pub(crate) use roots::local_roots;

use crate::func_type::FuncType;
use wasmparser::{BlockType, ValType};

/// The size of one function's frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameFacts {
    /// Cells of parameters and locals: a `v128` has 2, everything else 1.
    pub local_cells: u32,
    /// Cells of parameters.
    pub param_cells: u32,
    /// Cells of results.
    pub result_cells: u32,
    /// Greatest height of the operand stack in reachable code, in cells; at least `result_cells`.
    pub max_height_cells: u32,
}

impl FrameFacts {
    /// The charge of a frame against the logical stack limit, in bytes, in every tier.
    pub fn charge_bytes(&self) -> u64 {
        frame_charge_bytes(self.cells())
    }

    /// Cells of parameters, locals and the greatest operand stack together.
    pub fn cells(&self) -> u64 {
        u64::from(self.local_cells) + u64::from(self.max_height_cells)
    }
}

/// The blocks, segments and frame of one function body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FuncFacts {
    /// All blocks in order of their opening operators; `blocks[0]` is the body itself.
    pub blocks: Box<[BlockFacts]>,
    /// Metering segments of cost above 0 in order of offset.
    pub segments: Box<[Segment]>,
    /// Cells of parameters and locals: a `v128` has 2, everything else 1.
    pub local_cells: u32,
    /// Cells of parameters.
    pub param_cells: u32,
    /// Cells of results.
    pub result_cells: u32,
    /// Greatest height of the operand stack in reachable code, in cells; at least `result_cells`.
    pub max_height_cells: u32,
    /// Where its frames hold references to exceptions and objects; `None` where none does while one
    /// may be made.
    pub exception_roots: Option<Box<ExceptionRoots>>,
}

impl FuncFacts {
    /// The size of the function's frames.
    pub fn frame(&self) -> FrameFacts {
        FrameFacts {
            local_cells: self.local_cells,
            param_cells: self.param_cells,
            result_cells: self.result_cells,
            max_height_cells: self.max_height_cells,
        }
    }

    /// The charge of a frame of this function against the logical stack limit, in bytes, in every
    /// tier.
    pub fn charge_bytes(&self) -> u64 {
        self.frame().charge_bytes()
    }

    /// Cells of parameters, locals and the greatest operand stack together.
    pub fn cells(&self) -> u64 {
        self.frame().cells()
    }
}

/// The charge of every frame in addition to its cells, in bytes.
pub const FRAME_BYTES: u64 = 64;

/// The charge of a frame of `cells` cells against the logical stack limit, in bytes, which is
/// `8 × cells + 64`. The cells hold parameters, locals and the greatest height of the operand stack
/// (`docs/semantics.md`).
pub const fn frame_charge_bytes(cells: u64) -> u64 {
    8 * cells + FRAME_BYTES
}

/// The charge of the frame of a host function, in bytes: its cells are the larger of parameters and
/// results.
pub fn host_charge_bytes(ty: &FuncType) -> u64 {
    frame_charge_bytes(u64::from(cells_of(&ty.params).max(cells_of(&ty.results))))
}

/// The operator that opened a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockKind {
    /// The function body.
    Func,
    /// `block`
    Block,
    /// `loop`
    Loop,
    /// `if`
    If,
    /// `try_table`
    TryTable,
}

/// One block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockFacts {
    /// The operator that opened it.
    pub kind: BlockKind,
    /// Module offset of the opening operator; for the body, of its first operator.
    pub start: u32,
    /// Module offset of the `else`, if there is one.
    pub else_: Option<u32>,
    /// Module offset of the `end`.
    pub end: u32,
    /// Height of the operand stack below the block's parameters, in cells; without meaning if the
    /// block is not reachable.
    pub height_cells: u32,
    /// The block's type; for the body, the function's.
    pub ty: BlockType,
    /// Bit `index % 64` is set for each local that a `local.set` or `local.tee` inside the block
    /// names, nested blocks and unreachable code included.
    pub written: u64,
    /// Whether a reachable branch has the block's label for target.
    pub branched: bool,
    /// Whether the opening operator is reachable.
    pub reachable: bool,
    /// Whether the operator after `end` is reachable; for the body, whether control reaches its
    /// end.
    pub reachable_after: bool,
}

/// A metering segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Module offset of its first operator, before which it is charged.
    pub offset: u32,
    /// Its cost; above 0. It fits: no operator costs more units than it has bytes, except the
    /// branch or throw at the end, and a module has at most 2^31 bytes.
    pub cost: u32,
}

/// Cells of a value: 2 for `v128`, 1 for everything else.
#[inline]
pub fn cells(ty: ValType) -> u32 {
    match ty {
        ValType::V128 => 2,
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::Ref(_) => 1,
    }
}

/// The cells of a list of values together.
pub fn cells_of(types: &[ValType]) -> u32 {
    types.iter().map(|&ty| cells(ty)).sum()
}
