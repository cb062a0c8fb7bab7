//! The witness of a pass: which part of the old body each part of the new one stands for, and why.
//!
//! It is a hint. [`CheckedBody::replace`](crate::CheckedBody::replace) proves what it says or
//! refuses it, so a pass may write anything here; what a pass leaves out costs it the proof, never
//! the truth.

use crate::body::Body;
use crate::entity::{Block, Inst, Value};

/// The value that a parameter of the old body has whenever control is in its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Another value: a parameter of the same block that stands before it, or a value that is made
    /// in a block that strictly dominates this one.
    Value(Value),
    /// A constant of at most 64 bits.
    Constant(u64),
}

/// A pass's statements about the two bodies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// For each block of the new body the block of the old one with whose start it starts.
    pub blocks: Vec<Block>,
    /// For each parameter of the new body, in the order of their numbers, the value of the old body
    /// that it is when its block starts.
    pub params: Vec<Value>,
    /// The claims on parameters of the old body, by rising parameters.
    pub claims: Vec<(Value, Claim)>,
    /// Blocks of the old body, rising, that edges of the new one may pass over.
    pub threaded: Vec<Block>,
    /// Instructions of the old body, rising, that may trap and are gone, each with an earlier one
    /// that would have trapped in its place.
    pub covers: Vec<(Inst, Inst)>,
    /// Stores of the old body, rising, that are gone because what they write is overwritten before
    /// anything sees it.
    pub overwritten: Vec<Inst>,
    /// Bytes that are overwritten before anything sees them, whenever control is at the start of a
    /// block of the old body.
    pub dying: Vec<Dying>,
}

/// Bytes of memory that are overwritten before anything sees them, from the start of a block on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dying {
    /// The block.
    pub block: Block,
    /// The memory.
    pub memory: u32,
    /// The value from which distances count, which is made in a block that strictly dominates this
    /// one; `None` for address 0.
    pub root: Option<Value>,
    /// The distance of the first byte.
    pub at: u64,
    /// The distance behind the last one.
    pub to: u64,
}

impl Witness {
    /// The witness for a body and itself.
    pub fn identity(body: &Body) -> Witness {
        Witness {
            blocks: body.blocks().map(|(block, _)| block).collect(),
            params: body.blocks().flat_map(|(_, data)| data.params()).collect(),
            ..Witness::default()
        }
    }
}
