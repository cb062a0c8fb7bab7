//! Turned loops: a body whose loops ask at their start whether to go on → one that asks at the end
//! of each round, proved to be the same.
//!
//! ```text
//! body ─ plan ─► headers, latches ─ carry ─► body whose headers' values are read by them alone
//!   ▲                                                │ ▲                │
//!   └──── the check of passes, backward ◄────────────┘ │              copy: headers once more at latches
//!                                                      │                │
//!                                     the check of copies ◄─────────────┴─► turned body
//! ```
//!
//! A loop that is written as Wasm has it, `loop  header; br_if out; body; br loop  end`, executes a
//! jump back in each round beside the conditional one. Where a *latch*, the block at the end of a
//! round, does nothing at its end but jump to the header, it leads to a copy of the header instead,
//! which asks again: `header; if  loop  body; header; br_if loop  end  end` (Muchnick, *Advanced
//! compiler design and implementation*, 1997, 18.5, *loop inversion*).
//!
//! * H2. A header is copied if it ends in a branch with one edge that stays in the loop and one
//!   that leaves it, and has at most [`INSTS_MAX`] instructions.
//! * H3. The edge that stays is the one that is taken if the condition holds, since Wasm has no
//!   branch for the other case: a comparison is turned into its negation where nothing else reads
//!   it, and other loops are left as they are.
//! * H4. Values of a header that other blocks read come to them as parameters, except constants
//!   (`carry`).
//! * H5. The result is reducible.
//!
//! Nothing here is believed: see `replace/copies.rs` for why copies are the same, and
//! [`CheckedBody::undo`] for the parameters. Limits: loops of several latches get a copy for each
//! as long as these have at most [`COPIED_MAX`] instructions together, and one for all otherwise; a
//! body is left alone beyond [`COPIES_MAX`] copies. Noticed by: `tests/turn.rs`.

mod plan;

use crate::{Pass, optimize, optimize_loose};
use plan::{Plan, Turn};
use prova_ssa::carry::Carried;
use prova_ssa::copy::{Copier, widen};
use prova_ssa::flow::{Flow, Lists};
use prova_ssa::replace::{LooseBody, PassRejection, Witness};
use prova_ssa::{Block, Body, CheckedBody, Op, Terminator};

pub use plan::{COPIED_MAX, COPIES_MAX, INSTS_MAX};

/// Passes over a body with turned loops: a copy becomes part of its latch, and what the latch knows
/// it need not ask again. None of them takes an effect that a run shows.
pub const BEHIND: [Pass; 6] =
    [Pass::Merge, Pass::Gvn, Pass::Forward, Pass::Fold, Pass::Dead, Pass::Params];

/// A body with turned loops that is proved to be this one, behind passes (such as [`BEHIND`]);
/// `None` if there is nothing to turn.
///
/// # Errors
/// If what was made is not proved: a bug.
pub fn turn(before: &CheckedBody, passes: &[Pass]) -> Result<Option<CheckedBody>, PassRejection> {
    let Some(turned) = Turned::new(before.body()) else { return Ok(None) };
    let wide = before.undo(turned.wide, &turned.witness)?;
    let body = wide.copied(turned.body, &turned.origins)?;
    Ok(Some(optimize(body, passes).0))
}

/// The same, of a body that stands for no Wasm.
///
/// # Errors
/// As [`turn`].
pub fn turn_loose(before: &LooseBody, passes: &[Pass]) -> Result<Option<LooseBody>, PassRejection> {
    let Some(turned) = Turned::new(before.body()) else { return Ok(None) };
    let wide = before.undo(turned.wide, &turned.witness)?;
    let body = wide.copied(turned.body, &turned.origins)?;
    Ok(Some(optimize_loose(body, passes).0))
}

/// The proposed bodies.
pub struct Turned {
    /// The body with parameters that carry values of headers.
    pub wide: Body,
    /// The witness that without these it is the body that it was made of.
    pub witness: Witness,
    /// The body with copies of headers.
    pub body: Body,
    /// By block: the block of `wide` that it is a copy of.
    pub origins: Vec<Block>,
}

impl Turned {
    /// The proposal for a body; `None` if there is nothing to turn.
    pub fn new(body: &Body) -> Option<Turned> {
        let plan = Plan::new(body)?;
        let (wide, witness) = widened(body, &plan)?;
        let (body, origins) = copied(&wide, &plan)?;
        Some(Turned { wide, witness, body, origins })
    }
}

/// The body with carried values and turned conditions, and the witness that both do the same.
fn widened(body: &Body, plan: &Plan) -> Option<(Body, Witness)> {
    let mut facing = body.clone();
    for turn in &plan.turns {
        let Terminator::Branch { condition, then, otherwise } = body.block(turn.header).terminator
        else {
            return None;
        };
        if let Some((inst, opcode)) = turn.negated {
            facing.set_op(inst, Op::Wasm(opcode));
            let terminator = Terminator::Branch { condition, then: otherwise, otherwise: then };
            facing.set_terminator(turn.header, terminator);
        }
    }
    let carried = Carried::between(body, &plan.flow, &plan.homes(body))?;
    Some(widen(&facing, &carried))
}

/// The node to which a latch leads: the copy of its header.
fn copies(wide: &Body, turns: &[Turn]) -> Vec<(Block, Block, u32)> {
    let mut next = wide.block_count() as u32;
    let mut copies = Vec::new();
    for turn in turns {
        for group in &turn.groups {
            copies.extend(group.iter().map(|&latch| (latch, turn.header, next)));
            next += 1;
        }
    }
    copies
}

/// The body with a copy of a header for each group of latches, and the origins of its blocks.
fn copied(wide: &Body, plan: &Plan) -> Option<(Body, Vec<Block>)> {
    let count = wide.block_count();
    let copies = copies(wide, &plan.turns);
    let mut origin: Vec<Block> = wide.blocks().map(|(block, _)| block).collect();
    let mut lead = vec![None; count];
    for &(latch, header, node) in &copies {
        lead[latch.as_u32() as usize] = Some(node);
        if origin.len() == node as usize {
            origin.push(header);
        }
    }
    let mut graph = Lists::with_room(origin.len(), 2 * origin.len());
    for (node, &block) in origin.iter().enumerate() {
        let to = lead.get(node).copied().flatten();
        graph.push(wide.successors(block).map(|edge| to.unwrap_or(edge.block.as_u32())));
    }
    let flow = Flow::new(&graph);
    if !flow.is_reducible || flow.order.len() != origin.len() {
        return None;
    }
    let none = Carried::none(wide);
    let mut copier = Copier::new(wide, &none);
    let mut origins = Vec::with_capacity(origin.len());
    for &node in &flow.order {
        let block = origin[node as usize];
        let to = lead.get(node as usize).copied().flatten();
        let number =
            |block: Block| Block::from_u32(flow.number[to.unwrap_or(block.as_u32()) as usize]);
        if (node as usize) < count {
            copier.start(block);
            copier.end(block, &mut |to, args| (number(to), args));
        } else {
            copier.again(block, &mut |to, args| (number(to), args));
        }
        origins.push(block);
    }
    Some((copier.assembler.finish(), origins))
}
