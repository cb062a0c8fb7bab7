//! Reducification: a body whose flow is irreducible → one that Wasm's structured control can write,
//! proved to be the same.
//!
//! ```text
//! body ─ region ─► entries of each region ─ dispatch ─► another body, with a witness
//!   ▲                                                      │
//!   └─────────── the check of passes, backward ◄───────────┘
//! ```
//!
//! A loop with several entries gets a *dispatch*: a block that all edges to the entries lead to,
//! with a selector among its parameters, and a table from there to each entry. That costs a few
//! operators each time round, and no copies; splitting nodes instead would run a little faster and
//! grow exponentially in the worst case (Carter, Ferrante and Thomborson, *Folklore confirmed:
//! reducible flow graphs are exponentially larger*, 2003), and copies of a block with effects have
//! no place in the check of passes, of which Q2 lets a block stand for one block only (the check of
//! copies takes them, `replace/copies.rs`; it has no part in this).
//!
//! # Why it is proved
//! The output is never believed. Branch threading undoes a dispatch: along each edge the selector
//! is constant, so the pass may lead the edge past it, and the result is the body as it was. The
//! check of passes proves that, and equality goes both ways: so [`CheckedBody::undo`] takes a body
//! from which this one results.
//!
//! * I2. Each edge to an entry of a region leads to its dispatch, with a selector that is constant.
//! * I3. A dispatch gets a constant for each entry that is not selected, and nothing reads it.
//! * I4. Definitions still dominate their uses, so nothing else changes. A new way comes to an
//!   entry E from where another entry was meant. A block that dominates E dominates the first way
//!   into the region by E, which comes from outside: so that block is outside, and before every
//!   entry.
//!
//! # Limits
//! Refused, as [`Irreducible`]: a region that is entered at a handler of exceptions, a parameter of
//! an entry that has no constant of its type, what is beyond the limits of `region`, and more than
//! [`ARGS_MAX`] arguments. Noticed by: `crates/emit/tests/reducify.rs`, and random graphs in the
//! project's tests.

mod dispatch;
mod dissolve;
mod region;

pub use dissolve::dissolve;

use prova_ssa::flow::{Flow, Graph};
use prova_ssa::replace::{LooseBody, PassRejection, Witness};
use prova_ssa::{Block, Body, CheckedBody, Terminator};
use std::fmt;

/// The most arguments of all edges to dispatches.
pub const ARGS_MAX: usize = 1 << 20;

/// Why a body stays irreducible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Irreducible {
    /// A limit of the page, or a shape that it names.
    Limit,
    /// The output is not proved: a bug.
    Refused(PassRejection),
}

impl fmt::Display for Irreducible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Irreducible::Limit => f.write_str("its flow is irreducible, and is left so"),
            Irreducible::Refused(rejection) => rejection.fmt(f),
        }
    }
}

impl std::error::Error for Irreducible {}

/// Whether each cycle of a body has one entry.
pub fn is_reducible(body: &Body) -> bool {
    Flow::new(&Graph::of(body).lists()).is_reducible
}

/// A body with reducible flow that is proved to be this one; `None` if this one's flow is.
///
/// # Errors
/// If there is none within limits, or what was made is not proved.
pub fn reducify(before: &CheckedBody) -> Result<Option<CheckedBody>, Irreducible> {
    let Some((body, witness)) = propose(before.body())? else { return Ok(None) };
    before.undo(body, &witness).map(Some).map_err(Irreducible::Refused)
}

/// The same, of a body that stands for no Wasm.
///
/// # Errors
/// As [`reducify`].
pub fn reducify_loose(before: &LooseBody) -> Result<Option<LooseBody>, Irreducible> {
    let Some((body, witness)) = propose(before.body())? else { return Ok(None) };
    before.undo(body, &witness).map(Some).map_err(Irreducible::Refused)
}

/// A body with reducible flow, and the witness that threading makes this one of it; `None` if the
/// flow of this one is reducible.
///
/// # Errors
/// If there is no such body within limits.
pub fn propose(body: &Body) -> Result<Option<(Body, Witness)>, Irreducible> {
    let mut graph = Graph::of(body);
    if Flow::new(&graph.lists()).is_reducible {
        return Ok(None);
    }
    let is_handler = |node: u32| {
        (node as usize) < body.block_count()
            && matches!(body.block(Block::from_u32(node)).terminator, Terminator::Catch { .. })
    };
    let dispatches = region::dispatches(&mut graph, is_handler).ok_or(Irreducible::Limit)?;
    let flow = Flow::new(&graph.lists());
    let made = dispatch::insert(body, &dispatches, &flow).ok_or(Irreducible::Limit)?;
    Ok(Some(made))
}
