//! The table of Wasm operators ([`prova_module::ops`]) against the reference tier: what each column
//! says of an operator is what the operator does there.
//!
//! ```text
//! row ─ place ─► module ─ reference tier ─► results, trap, state, fuel ─┐
//!   └── evaluate (prova-num), model (the store) ───────────────────────┴─► the same, or a fault of the row
//! ```
//!
//! The reference tier reads nothing of the table but [`FuncFacts`](prova_module::FuncFacts) (fuel),
//! which `form` computes independently. An [`Entry`] is a value, so that a test can plant a wrong
//! one.
//!
//! A green run does not show that `prova-num` is right, which both sides use.

mod control;
mod evaluate;
mod expect;
mod form;
mod model;
mod objects;
mod place;
mod refused;
mod straight;
mod values;

pub use evaluate::{Evaluate, Outcome};
pub use model::{Model, Space};

use prova_module::ops::{Class, Flow, Opcode, Row};

/// A row with its expression.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The row of the table.
    pub row: Row,
    /// The expression; `None` where the class says what the operator does.
    pub evaluate: Option<Evaluate>,
}

/// The entry of an operator.
pub fn entry(opcode: Opcode) -> Entry {
    Entry { row: *opcode.row(), evaluate: evaluate::EXPRESSIONS[opcode as usize] }
}

/// The first fault found in an entry.
pub fn fault(entry: &Entry) -> Option<String> {
    let row = &entry.row;
    let fault = form::fault(row).or_else(|| {
        if row.class == Class::refused {
            refused::fault(row)
        } else if matches!(row.class, Class::aggregate | Class::allocate | Class::br_on_cast) {
            objects::fault(row)
        } else if row.class.flow() == Flow::Next {
            straight::fault(entry)
        } else {
            control::fault(row)
        }
    });
    fault.map(|fault| format!("{:?}: {fault}", row.opcode))
}
