//! Stores of the old body that may be gone, because what they write is overwritten before anything
//! sees it (Q15): each block backward, from what the witness says of those that it leads to.
//!
//! * X8. A range of bytes is *dying* at a place if on every way from there a store writes all of it
//!   before a load may read a byte of it, and before memory can be seen: by a call, by an observer
//!   at a trap or the end, by the host in a poll, by any operator except those of X10.
//! * X10. Pure operators, reads and writes of globals, `memory.size` and `table.size` see nothing.
//!   A load that cannot trap (X3, X7) sees the bytes that it may read (X2); a store that cannot
//!   trap sees nothing. All else sees all.
//! * X11. At the end of a block that does nothing but decide where to go on, that is dying which is
//!   dying at the starts of all blocks that it may lead to; at other ends nothing is.
//! * X12. A range that the witness calls dying at the start of a block must be found so, from its
//!   statements about others. The root of such a range is made in a block that strictly dominates
//!   this one, so it is the same value before and behind the edge, and so is what it is a sum of.
//!
//! So wherever control is, the bytes in which memory differs between both bodies are dying, and
//! when memory is seen there are none. A way that never ends shows nothing: memories are not
//! shared.

use super::before::Before;
use super::error::{PassRule as Rule, Verdict};
use super::memory::Range;
use super::witness::Dying;
use super::{items, steps_max};
use crate::body::Body;
use crate::budget::Budget;
use crate::entity::{Block, Inst};
use crate::hash::Key;
use crate::relate::number::Numbers;
use crate::terminator::Terminator;
use cranelift_entity::EntityRef;
use std::collections::HashMap;

/// The most ranges that are known to be dying at a place.
const DYING_MAX: usize = 128;

/// Ranges that may be compared for each step that a walk of this body may take (Q14): a witness may
/// say much of a small body.
const COMPARED_PER_STEP: u64 = 4;

/// The bytes of memory that an instruction sees.
#[derive(Clone, Copy)]
pub enum Sight {
    /// Nothing.
    None,
    /// Nothing; it writes these bytes, and cannot trap.
    Writes(Range),
    /// These bytes, and it cannot trap.
    Reads(Range),
    /// All.
    All,
}

impl Range {
    /// Whether all bytes of another one are in it.
    pub fn holds(&self, other: &Range) -> bool {
        self.root == other.root && self.at <= other.at && other.to <= self.to
    }

    /// Whether both are surely different bytes (X2).
    fn spares(&self, other: &Range) -> bool {
        self.root == other.root && (self.to <= other.at || other.to <= self.at)
    }
}

/// By block: what the witness says is dying at its start.
pub(super) type Said = HashMap<Block, Vec<Range>, Key>;

/// The claims of the witness (X12), not yet proved.
fn said(before: &Before<'_>, numbers: &mut Numbers, dying: &[Dying]) -> Verdict<Said> {
    let mut said = Said::default();
    for it in dying {
        demand!(it.block.index() < before.body.block_count(), Dying, "there is no {}", it.block);
        let root = match it.root {
            None => numbers.constant(0),
            Some(root) => {
                demand!(root.index() < before.number.len(), Dying, "there is no {root}");
                let above = before.is_above(root, it.block);
                demand!(above, Dying, "{root} is not in scope at the start of {}", it.block);
                before.number[root.index()]
            }
        };
        let range = Range { root: (it.memory, root), at: it.at, to: it.to };
        let ranges = said.entry(it.block).or_default();
        demand!(ranges.len() < DYING_MAX, Dying, "too many ranges at {}", it.block);
        ranges.push(rooted(numbers, range));
    }
    Ok(said)
}

/// A range by the root that accesses to it have (X2), if the one that is said is a sum or a
/// constant; as it is where that wraps, and then no access is found there.
fn rooted(numbers: &mut Numbers, said: Range) -> Range {
    let (memory, vn) = said.root;
    let moved = |root, at: Option<u64>| {
        let (at, bytes) = (at?, said.to.checked_sub(said.at)?);
        Some(Range { root: (memory, root), at, to: at.checked_add(bytes)? })
    };
    let found = match (numbers.as_const(vn), numbers.root(vn)) {
        (Some(bits), _) => moved(numbers.constant(0), bits.checked_add(said.at)),
        (None, (_, 0)) => None,
        (None, (root, by)) => {
            let at = u32::try_from(said.at).ok().map(|at| by.wrapping_add(at).into());
            moved(root, at).filter(|range| range.to <= 1 << 32)
        }
    };
    found.unwrap_or(said)
}

/// The ranges that are dying at the end of a block (X11).
fn at_end(body: &Body, block: Block, said: &Said, budget: &Budget) -> Verdict<Vec<Range>> {
    match body.block(block).terminator {
        Terminator::Jump(_)
        | Terminator::Branch { .. }
        | Terminator::Table { .. }
        | Terminator::Null { .. }
        | Terminator::Cast { .. } => {}
        Terminator::Invoke { .. }
        | Terminator::Throw { .. }
        | Terminator::Catch { .. }
        | Terminator::Return(_)
        | Terminator::TailCall(_)
        | Terminator::Unreachable => return Ok(Vec::new()),
    }
    let mut targets = body.successors(block).map(|edge| said.get(&edge.block));
    let Some(Some(first)) = targets.next() else { return Ok(Vec::new()) };
    budget.spend(first.len() as u64)?;
    let mut dying = first.clone();
    let mut last = first;
    for to in targets {
        let Some(there) = to else { return Ok(Vec::new()) };
        // Edges of a table lead to one place in rows.
        if !std::ptr::eq(there, last) {
            budget.spend((dying.len() * there.len()) as u64)?;
            dying.retain(|range| there.iter().any(|other| other.holds(range)));
        }
        last = there;
    }
    Ok(dying)
}

/// Demands that stores which the witness says are gone may be (Q15).
///
/// # Errors
/// Q14, Q15.
pub(super) fn overwritten(
    before: &Before<'_>,
    numbers: &mut Numbers,
    gone: &[Inst],
    dying: &[Dying],
) -> Verdict {
    let most = COMPARED_PER_STEP * steps_max(items(before.body));
    let budget = Budget::new("comparisons of ranges", most);
    budget.spend((gone.len() + dying.len()) as u64)?;
    let said = said(before, numbers, dying)?;
    let mut is_gone = vec![false; before.body.inst_count()];
    for &inst in gone {
        let here = is_gone.get_mut(inst.index());
        demand!(here.is_some(), Dying, "there is no {inst}");
        here.into_iter().for_each(|here| *here = true);
    }
    for (block, data) in before.body.blocks() {
        let mut dying = at_end(before.body, block, &said, &budget)?;
        for inst in data.insts().rev() {
            budget.spend(dying.len() as u64)?;
            let may_go = step(before.sights[inst.index()], &mut dying);
            demand!(may_go || !is_gone[inst.index()], Dying, "what {inst} writes may be seen");
        }
        for range in said.get(&block).into_iter().flatten() {
            budget.spend(dying.len() as u64)?;
            let found = dying.iter().any(|other| other.holds(range));
            demand!(found, Dying, "bytes {} to {} at {block} may be seen", range.at, range.to);
        }
    }
    Ok(())
}

/// Turns the ranges dying behind an instruction into those dying before it. Returns whether the
/// instruction writes only dying bytes and does nothing else.
pub fn step(sight: Sight, dying: &mut Vec<Range>) -> bool {
    match sight {
        Sight::None => false,
        Sight::Writes(range) => {
            let is_dying = dying.iter().any(|other| other.holds(&range));
            if !is_dying && dying.len() < DYING_MAX {
                dying.push(range);
            }
            is_dying
        }
        Sight::Reads(range) => {
            dying.retain(|other| range.spares(other));
            false
        }
        Sight::All => {
            dying.clear();
            false
        }
    }
}
