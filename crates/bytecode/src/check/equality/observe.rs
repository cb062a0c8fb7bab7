//! An observer's view of a walk: the two sides before each operator and after each instruction, for
//! records that people read.
//!
//! A proof is generic in its [`Observer`]. The check of code that is to run has `()`, which sees
//! nothing and costs nothing; a record (`prova-wording`) has another one, over a second walk of the
//! same code ([`observe`](crate::check::observe)).
//!
//! # Why an observer cannot change a verdict
//! It is handed [`Sides`] and the table of terms by shared reference, and gives nothing back.
//! Neither holds a cell, so nothing behind the references can change; the fields that `Sides` owns
//! are copies. The walk never reads an observer. One that panics ends its own record, and one that
//! loops never ends it; a witness comes from a walk without observer only.

use super::state::{State, accumulator_cell};
use crate::check::error::Difference;
use crate::encode::Inst;
use crate::ops::RegClass;
use prova_terms::{Terms, Vn};

/// An observer of a walk: sees both sides by shared references, and decides nothing.
pub trait Observer {
    /// The walk comes to the operator at `sides.offset`.
    #[inline]
    fn operator(&mut self, sides: &Sides<'_>) {
        _ = sides;
    }

    /// The walk has taken an instruction.
    #[inline]
    fn instruction(&mut self, sides: &Sides<'_>, inst: &Inst) {
        _ = (sides, inst);
    }

    /// The walk has ended, with a difference of values or without; `terms` says what its numbers
    /// stand for.
    #[inline]
    fn end(&mut self, terms: &Terms, difference: Option<&Difference>) {
        _ = (terms, difference);
    }
}

/// Sees nothing.
impl Observer for () {}

/// The two sides as they are.
pub struct Sides<'a> {
    /// The offset of the newest operator.
    pub offset: u32,
    /// Whether control reaches it.
    pub live: bool,
    /// The number of effects that the code has performed.
    pub effects: u32,
    /// The number of result cells of the newest call.
    pub results: usize,
    pub(super) state: &'a State,
}

impl Sides<'_> {
    /// The time of the label that dominates here, which its values are named by.
    pub fn label(&self) -> u32 {
        self.state.epoch()
    }

    /// The number of operands.
    pub fn height(&self) -> usize {
        self.state.entries()
    }

    /// The home slot of operand `i`.
    ///
    /// # Panics
    /// Unless `i` is below the height.
    pub fn home(&self, i: usize) -> u32 {
        self.state.entry_cell(i)
    }

    /// The value that the Wasm has in a cell.
    ///
    /// # Panics
    /// If the function has no such cell.
    pub fn wasm(&self, cell: u32) -> Vn {
        self.state.wasm(cell)
    }

    /// The value that the code has in a slot, or in the accumulator that the number stands for
    /// ([`accumulator_cell`]).
    ///
    /// # Panics
    /// If the frame has no such slot.
    pub fn code(&self, slot: u32) -> Vn {
        let class = RegClass::ALL.into_iter().find(|&class| accumulator_cell(class) == slot);
        class.map_or_else(|| self.state.code(slot), |class| self.state.accumulator(class))
    }
}
