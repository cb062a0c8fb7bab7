//! Blocks without a row: where only one edge leads to a part, its block has no parameters, and goes
//! on with the facts and the values that there are on that edge.
//!
//! * I1. The facts known on the edge are the search's facts about the part, neither more nor fewer;
//!   else the part's block is one with a row. (With more, the walk over it would be another one
//!   than the search's.)
//! * I2. No payload of the edge is among it, and all stores that are put off are.
//!
//! Nobody believes this: the check finds for itself which facts are known there (S11).

use super::residual::Writer;
use crate::search::causes::Cause;
use crate::search::explore::Part;
use crate::search::sink::Key;
use crate::search::state::{Slot, State};
use prova_ssa::{Arg, Origin, Value};

/// The state that goes on along an edge.
pub(crate) struct Waiting {
    state: State<Arg>,
    bases: Bases,
}

/// The values of roots in a block: few, by rising roots.
#[derive(Default)]
pub(crate) struct Bases(Vec<(u32, Value)>);

impl Bases {
    pub(crate) fn get(&self, root: u32) -> Option<Value> {
        let at = self.0.binary_search_by_key(&root, |&(root, _)| root).ok()?;
        Some(self.0[at].1)
    }

    pub(crate) fn insert(&mut self, root: u32, value: Value) {
        match self.0.binary_search_by_key(&root, |&(root, _)| root) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (root, value)),
        }
    }
}

/// How many edges lead to each part, of those that are reached; the function's entry is one.
pub(crate) fn ways(parts: &[Part], order: &[usize]) -> Vec<u32> {
    let mut ways = vec![0; parts.len()];
    ways[0] = 1;
    for &part in order {
        parts[part].succs.iter().for_each(|&to| ways[to] += 1);
    }
    ways
}

/// Whether an edge brings what the search says of its end (I1, I2).
fn is_as_found(brought: &State<Arg>, known: &State<Cause>) -> bool {
    let one = |brought: &Slot<Arg>, known: &Slot<Cause>| {
        let is_payload = matches!(brought, Slot::Run(arg) if arg.value().is_none());
        brought.is_like(known) && !is_payload
    };
    let (ours, theirs) = (&brought.kept, &known.kept);
    let cells = ours.stack.len() == theirs.stack.len()
        && ours.locals.keys().eq(theirs.locals.keys())
        && ours.stack.iter().chain(ours.locals.values()).zip(theirs.late()).all(
            |(ours, theirs)| one(&ours.address, &theirs.address) && one(&ours.value, &theirs.value),
        );
    let regs = theirs
        .regs
        .iter()
        .all(|(number, known)| ours.regs.get(number).is_some_and(|brought| one(brought, known)));
    cells && regs && brought.values.iter().zip(&known.values).all(|(a, b)| one(a, b))
}

impl Writer<'_> {
    /// The edge to a part that no other edge leads to; `None` if its block needs a row.
    pub(crate) fn inner(
        &mut self,
        to: Key,
        brought: &State<Arg>,
        known: &State<Cause>,
    ) -> Option<Waiting> {
        if !is_as_found(brought, known) {
            return None;
        }
        let mut state = brought.clone();
        if planted!(InnerKnowsOther) {
            state.kept.stack.reverse();
        }
        state.kept.regs.retain(|number, _| known.kept.regs.contains_key(number));
        let roots = self.roots_of(to).iter();
        let bases = roots.map(|&root| Some((root, self.bases.get(root)?)));
        Some(Waiting { state, bases: Bases(bases.collect::<Option<_>>()?) })
    }

    /// Starts the block of such a part.
    pub(crate) fn go_on(&mut self, key: Key, waiting: Waiting) -> State<Arg> {
        let offset = self.subject.body().block(key.block).offset;
        self.assembler.block(Origin::None, offset);
        self.bases = waiting.bases;
        waiting.state
    }
}
