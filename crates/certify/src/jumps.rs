//! How many jumps backwards each block allows up to the next charge or poll (W3 of the check's
//! `pass`).
//!
//! ```text
//! edges, while blocks are executed ─► solve: the most that each block may say ─► less, in few bits
//! ```
//!
//! An edge takes one if it is a jump backwards, and gives [`JUMPS`] if a charge or a poll stands
//! before it in its block. What a block may say is the least over its ways; the greatest solution
//! is what remains of [`JUMPS`] - 1 everywhere when each edge has lowered its target until all
//! agree. Then as much is taken off all as leaves one to each jump backwards and to each call of a
//! function, so that blocks take fewer bits. Where no number is left for a jump, there is no
//! certificate.
//!
//! A block that inherits its state counts as one that says its number, which is one too few behind
//! a charge or a poll that ends the block before it.
//!
//! The work: a block is lowered [`JUMPS`] times at most.

use prova_check::State;
use prova_check::certificate::JUMPS;
use std::collections::BTreeMap;

/// The node that stands for the code's entry.
pub(crate) const ENTRY: u32 = u32::MAX;

/// The state's number at a block while its own is not known: what is less than [`JUMPS`] has passed
/// nothing.
pub(crate) const OWN: u8 = JUMPS - 1;

/// An edge: the block that it leaves, the one that it leads to, whether backwards.
type Edge = (u32, u32, bool);

/// Edges, calls, and what was passed before them.
#[derive(Debug)]
pub(crate) struct Jumps {
    /// Whether the code is metered; otherwise nothing is noted.
    metered: bool,
    /// Whether each time a charge or a poll stood before it in its block.
    edges: BTreeMap<Edge, bool>,
    /// Blocks with a call that none stands before.
    calls: Vec<u32>,
}

/// Whether a charge or a poll was passed in the block whose state it is.
fn passed(state: &State) -> bool {
    state.jumps == JUMPS
}

impl Jumps {
    pub(crate) fn new(metered: bool) -> Jumps {
        Jumps { metered, edges: BTreeMap::new(), calls: Vec::new() }
    }

    /// An edge was followed.
    pub(crate) fn edge(&mut self, (from, to, back): Edge, state: &State) {
        if self.metered {
            *self.edges.entry((from, to, back)).or_insert(true) &= passed(state);
        }
    }

    /// A call of a function was executed.
    pub(crate) fn call(&mut self, from: u32, state: &State) {
        if self.metered && !passed(state) && !self.calls.contains(&from) {
            self.calls.push(from);
        }
    }

    /// The jumps that each block allows, by its offset; those that are missing allow none.
    pub(crate) fn solve(&self) -> BTreeMap<u32, u8> {
        let mut most: BTreeMap<u32, u8> = BTreeMap::from([(ENTRY, 0)]);
        most.extend(self.edges.keys().map(|&(_, to, _)| (to, OWN)));
        let mut next: BTreeMap<u32, Vec<Edge>> = BTreeMap::new();
        for &edge in self.edges.keys() {
            next.entry(edge.0).or_default().push(edge);
        }
        let mut work: Vec<u32> = most.keys().copied().collect();
        while let Some(from) = work.pop() {
            for &edge in next.get(&from).into_iter().flatten() {
                let given = self.before(&most, edge).saturating_sub(edge.2.into());
                let Some(said) = most.get_mut(&edge.1).filter(|said| given < **said) else {
                    continue;
                };
                *said = given;
                work.push(edge.1);
            }
        }
        let backwards = self.edges.keys().filter(|edge| edge.2);
        let at_jumps = backwards.map(|&edge| self.before(&most, edge));
        let at_calls = self.calls.iter().map(|from| most.get(from).copied().unwrap_or(0));
        let spare = at_jumps.chain(at_calls).min().unwrap_or(JUMPS).saturating_sub(1);
        most.values_mut().for_each(|said| *said = said.saturating_sub(spare));
        most
    }

    /// The number before an edge is followed.
    fn before(&self, most: &BTreeMap<u32, u8>, edge: Edge) -> u8 {
        if self.edges.get(&edge) == Some(&true) {
            return JUMPS;
        }
        most.get(&edge.0).copied().unwrap_or(0)
    }
}
