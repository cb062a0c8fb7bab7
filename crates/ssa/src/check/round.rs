//! The relation of a body to its Wasm where a round of a loop begins: locals and operands on the
//! stack, each with the value of the body that it is there.
//!
//! It is asked for before the first operator of the loop, behind the header's parameters. A local
//! is found as at any read (`variable`), so what was assumed for it is proved with all other
//! claims. Operands below the label's values stay what they are while the loop is open, and the
//! walk shows them at the first edge back to it.
//!
//! # Limits
//! A loop above operands is refused if only handlers lead back to it: their edges do not show them.

use super::error::{Fault, Rejection, Rule, Verdict};
use super::{Check, prove_with};
use crate::body::{Body, Place};
use crate::entity::{Block, Value};
use prova_module::{Module, cells_of};
use std::collections::BTreeSet;

/// The loop whose round is to be noted, and what is found.
pub(super) struct Round {
    /// The offset of the `loop`.
    offset: u32,
    /// The locals that are asked for; without, all that can be found, and nothing need be true.
    asked: Option<BTreeSet<u32>>,
    header: Option<Block>,
    /// How many operands lie below the label's values.
    base: usize,
    due: bool,
    /// The operands below, once an edge has shown them, then the label's values.
    stack: Option<Vec<Value>>,
    label: Vec<Value>,
    locals: Vec<(u32, Value)>,
}

/// A place where a round begins: its value of the body, and its cell in a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) place: Place,
    pub(crate) value: Value,
    pub(crate) cell: u32,
}

/// Those that are known: first the stack from the bottom, then locals, rising.
pub(crate) struct Places(pub(crate) Vec<Found>);

impl Places {
    fn at(&self, place: Place) -> Option<Found> {
        let key = |place: Place| match place {
            Place::Stack(at) => (0, at),
            Place::Local(local) => (1, local),
            Place::None => (2, 0),
        };
        let at = self.0.binary_search_by_key(&key(place), |found| key(found.place)).ok()?;
        self.0.get(at).copied()
    }
}

impl Round {
    fn new(offset: u32, asked: Option<BTreeSet<u32>>) -> Round {
        let (label, locals) = (Vec::new(), Vec::new());
        Round { offset, asked, header: None, base: 0, due: false, stack: None, label, locals }
    }

    fn asks_for(&self, local: u32) -> bool {
        self.asked.as_ref().is_none_or(|asked| asked.contains(&local))
    }
}

impl Check<'_, '_> {
    /// The header of a loop has begun, whose label's values are these, above as many operands as
    /// `base` says.
    pub(super) fn begin_round(
        &mut self,
        offset: u32,
        header: Option<Block>,
        base: usize,
        label: &[Value],
    ) {
        let Some(round) = self.round.as_mut().filter(|round| round.offset == offset) else {
            return;
        };
        (round.header, round.base, round.due) = (header, base, true);
        round.label = label.to_vec();
        round.stack = (base == 0).then(|| label.to_vec());
        // The next operator looks at what is due.
        self.charge_due = 0;
    }

    /// An edge leads to the loop at an offset, above these operands.
    pub(super) fn shows_below(&mut self, offset: u32, below: &[Value]) {
        let Some(round) = self.round.as_mut() else { return };
        if round.offset == offset && round.stack.is_none() {
            let below = below.get(..round.base);
            round.stack = below.map(|below| [below, &round.label].concat());
        }
    }

    /// Notes what locals are before the first operator of the loop.
    pub(super) fn note_round(&mut self, offset: u32) -> Verdict {
        let Some(mut round) = self.round.take_if(|round| round.due) else { return Ok(()) };
        round.due = false;
        for local in 0..self.locals.types.len() as u32 {
            if !round.asks_for(local) {
                continue;
            }
            match self.locals.get(local, offset) {
                Ok(value) => round.locals.push((local, value)),
                Err(fault) if round.asked.is_some() => return Err(fault),
                Err(_) => {}
            }
        }
        self.round = Some(round);
        Ok(())
    }

    /// The loop's header, and what was found; without one if there is no such loop.
    fn found(&self) -> Option<(Block, Places)> {
        let round = self.round.as_ref().filter(|round| !round.due)?;
        let (header, stack) = (round.header?, round.stack.as_ref()?);
        let mut found = Places(Vec::with_capacity(stack.len() + round.locals.len()));
        let types = &self.locals.types;
        let mut cell = cells_of(types);
        for (at, &value) in (0..).zip(stack) {
            found.0.push(Found { place: Place::Stack(at), value, cell });
            cell += cells_of(&[self.body.values.get(value)?.ty]);
        }
        let mut before = (0, 0);
        for &(local, value) in &round.locals {
            let (from, cells) = before;
            before = (local, cells + cells_of(types.get(from as usize..local as usize)?));
            found.0.push(Found { place: Place::Local(local), value, cell: before.1 });
        }
        Some((header, found))
    }
}

/// The places of locals and operands where a round of the loop at an offset begins, each with the
/// value of the body that it seems to be there, and the loop's header. Nothing is proved.
pub(crate) fn places(module: &Module, body: &Body, offset: u32) -> Option<(Block, Places)> {
    let mut found = None;
    let start = |check: &mut Check<'_, '_>| check.round = Some(Round::new(offset, None));
    prove_with(module, body, start, |check| {
        let wrong = check.locals.disproved();
        found = check.found();
        if let Some((_, found)) = &mut found {
            found.0.retain(|found| match found.place {
                Place::Local(local) => !wrong.contains(&local),
                Place::Stack(_) | Place::None => true,
            });
        }
        Ok(())
    })
    .ok()?;
    found
}

/// Proves a body, and which of its values these places are where a round of the loop at an offset
/// begins; with the loop's header.
///
/// # Errors
/// The first rule that the body breaks; C1 where there is no such loop or place.
pub(crate) fn values_at(
    module: &Module,
    body: &Body,
    offset: u32,
    asked: &[Place],
) -> Result<(Block, Vec<Found>), Rejection> {
    let locals = asked.iter().filter_map(|&place| match place {
        Place::Local(local) => Some(local),
        Place::Stack(_) | Place::None => None,
    });
    let round = Round::new(offset, Some(locals.collect()));
    let mut answer = None;
    let start = |check: &mut Check<'_, '_>| check.round = Some(round);
    prove_with(module, body, start, |check| {
        check.finish()?;
        let found = check.found();
        demand!(found.is_some(), Function, "no loop at {offset:#x} that can be entered");
        answer = found.and_then(|(header, found)| {
            let asked = asked.iter().map(|&place| found.at(place));
            Some((header, asked.collect::<Option<Vec<Found>>>()?))
        });
        demand!(answer.is_some(), Function, "a place that is not there");
        Ok(())
    })?;
    answer.ok_or_else(|| {
        let fault = Fault::new(Rule::Function, "no loop");
        fault.at(body.func(), crate::refused::Where::default())
    })
}
