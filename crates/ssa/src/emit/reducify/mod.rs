//! Reducification: a body whose flow is irreducible → one that Wasm's structured control can write,
//! proved to be the same.
//!
//! ```text
//! body ─ region ─► dispatches ─ carry ─► body' (more parameters) ─ dispatch ─► body''
//!   ▲                                      │  ▲                                  │
//!   └──── the check of passes, backward ───┘  └─── the check, backward ──────────┘
//! ```
//!
//! A loop with several entries gets a *dispatch*: a block that all edges to the entries lead to,
//! with a selector among its parameters, and a table from there to each entry. That costs a few
//! operators each time round, and no copies; splitting nodes instead would run a little faster and
//! grow exponentially in the worst case (Carter, Ferrante and Thomborson, *Folklore confirmed:
//! reducible flow graphs are exponentially larger*, 2003), and copies of a block with effects have
//! no place in the check of passes, of which Q2 lets a block stand for one block only.
//!
//! # Why it is proved
//! What is made here is never believed. Branch threading undoes a dispatch: along each edge the
//! selector is constant, so the pass may lead the edge past it, and what results is the body as it
//! was. Dropping parameters that always are one value undoes the other step. Both are what the
//! check of passes proves, and equality goes both ways: so [`CheckedBody::undo`] takes a body from
//! which this one results.
//!
//! * N1. Each edge to an entry of a region leads to its dispatch, with a selector that is constant.
//! * N2. What a dispatch gets for the entries that are not selected is a constant, and not read.
//! * N3. A value that the dispatches can go around is carried by parameters (`carry`).
//!
//! # Limits
//! Refused, as [`Irreducible`]: a region that is entered at a handler of exceptions, a parameter of
//! an entry that has no constant of its type, what is beyond the limits of `region` and `carry`,
//! and more than [`ARGS_MAX`] arguments. Noticed by: `tests/reducify.rs`, and random graphs in the
//! project's tests.

mod carry;
mod copy;
mod dispatch;
mod dissolve;
mod region;

pub use dissolve::dissolve;

use super::flow::{Flow, Graph};
use crate::body::Body;
use crate::check::CheckedBody;
use crate::entity::{Block, Value};
use crate::passes::{Claim, PassRejection, Witness};
use crate::terminator::Terminator;
use carry::Carried;
use copy::Copier;
use std::fmt;

/// The most arguments of all edges to dispatches.
pub const ARGS_MAX: usize = 1 << 20;

/// Why a body stays irreducible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Irreducible {
    /// A limit of the page, or a shape that it names.
    Limit,
    /// What was made is not proved: a bug.
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

/// The blocks of a body as a graph.
fn graph(body: &Body) -> Graph {
    let succs = |block| body.successors(block).map(|edge| edge.block.as_u32()).collect();
    Graph { succs: body.blocks().map(|(block, _)| succs(block)).collect() }
}

/// Whether each cycle of a body has one entry.
pub fn is_reducible(body: &Body) -> bool {
    Flow::new(&graph(body)).is_reducible
}

/// A body with reducible flow that is proved to be this one; `None` if this one's flow is.
///
/// # Errors
/// If there is none within limits, or what was made is not proved.
pub fn reducify(before: &CheckedBody) -> Result<Option<CheckedBody>, Irreducible> {
    let body = before.body();
    let flow = Flow::new(&graph(body));
    if flow.is_reducible {
        return Ok(None);
    }
    let mut wider = graph(body);
    let is_handler = |node: u32| {
        (node as usize) < body.block_count()
            && matches!(body.block(Block::from_u32(node)).terminator, Terminator::Catch { .. })
    };
    let dispatches = region::dispatches(&mut wider, is_handler).ok_or(Irreducible::Limit)?;
    let after = Flow::new(&wider);
    let mut is_entry = vec![false; body.block_count()];
    dispatches.iter().flatten().for_each(|&entry| is_entry[entry as usize] = true);
    let values = broken(body, &after);
    let carried = Carried::new(body, &flow, &values, |block| is_entry[block.as_u32() as usize])
        .ok_or(Irreducible::Limit)?;
    let mut before = before.clone();
    if !carried.is_empty() {
        let (wide, witness) = widen(body, &carried);
        before = before.undo(wide, &witness).map_err(Irreducible::Refused)?;
    }
    let (made, witness) =
        dispatch::insert(body, &carried, &dispatches, &after).ok_or(Irreducible::Limit)?;
    before.undo(made, &witness).map(Some).map_err(Irreducible::Refused)
}

/// The values, rising, of which a use is no longer dominated by the definition.
fn broken(body: &Body, flow: &Flow) -> Vec<Value> {
    let spans = flow.intervals();
    let homes = carry::homes(body);
    let mut found = Vec::new();
    carry::uses(body, |value, block| {
        let home = spans[homes[value.as_u32() as usize].as_u32() as usize];
        let at = spans[block.as_u32() as usize].0;
        if !(home.0 <= at && at < home.1) {
            found.push(value);
        }
    });
    found.sort_unstable();
    found.dedup();
    found
}

/// A body with parameters that carry values, and the witness that dropping them gives the body
/// back.
fn widen(body: &Body, carried: &Carried) -> (Body, Witness) {
    let mut copier = Copier::new(body, carried);
    for (block, _) in body.blocks() {
        copier.start(block);
        copier.end(block, &mut |to, args| (to, args));
    }
    let mut claims = Vec::new();
    for (block, _) in body.blocks() {
        for &value in carried.more(block) {
            claims.push((copier.param(block, value), Claim::Value(copier.own(value))));
        }
    }
    claims.sort_unstable_by_key(|claim| claim.0);
    let params = body.blocks().flat_map(|(_, data)| data.params());
    let witness = Witness {
        blocks: body.blocks().map(|(block, _)| block).collect(),
        params: params.map(|param| copier.own(param)).collect(),
        claims,
        ..Witness::default()
    };
    (copier.assembler.finish(), witness)
}
