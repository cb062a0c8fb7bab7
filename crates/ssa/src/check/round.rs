//! The relation of a body to its Wasm where a round of a loop begins: locals and the label's values,
//! each with the value of the body that it is there.
//!
//! It is asked for before the first operator of the loop, behind the header's parameters. A local
//! is found as at any read (`variable`), so what was assumed for it is proved with all other
//! claims.
//!
//! # Limits
//! Operands below the loop's values are not visible to the walk, so a loop above some is refused.

use super::error::{Fault, Rejection, Rule, Verdict};
use super::{Check, prove_with};
use crate::body::{Body, Place};
use crate::entity::{Block, Value};
use prova_module::Module;

/// The loop whose round is to be noted, and what is found.
pub(super) struct Round<'b> {
    /// The offset of the `loop`.
    offset: u32,
    /// What is asked for; without, all that can be found, and nothing need be true.
    asked: Option<&'b [Place]>,
    header: Option<Block>,
    /// Operands lie below the loop's values.
    above: bool,
    due: bool,
    label: Vec<Value>,
    found: Vec<(Place, Value)>,
}

impl<'b> Round<'b> {
    fn new(offset: u32, asked: Option<&'b [Place]>) -> Round<'b> {
        let (label, found) = (Vec::new(), Vec::new());
        Round { offset, asked, header: None, above: false, due: false, label, found }
    }
}

impl Check<'_, '_> {
    /// The header of a loop has begun, whose label's values are these.
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
        (round.header, round.above, round.due) = (header, base > 0, true);
        round.label = label.to_vec();
        // The next operator looks at what is due.
        self.charge_due = 0;
    }

    /// Notes the relation before the first operator of the loop.
    pub(super) fn note_round(&mut self, offset: u32) -> Verdict {
        let Some(mut round) = self.round.take_if(|round| round.due) else { return Ok(()) };
        round.due = false;
        let locals = 0..self.locals.types.len() as u32;
        let all: Vec<Place> = match round.asked {
            Some(asked) => asked.to_vec(),
            None => {
                let label = (0..round.label.len() as u32).map(Place::Stack);
                label.chain(locals.map(Place::Local)).collect()
            }
        };
        for place in all {
            let found = match place {
                Place::Stack(at) => {
                    let value = round.label.get(at as usize).copied();
                    value.ok_or_else(|| Fault::new(Rule::Function, "no such value of a label"))
                }
                Place::Local(local) => self.locals.get(local, offset),
                Place::None => Err(Fault::new(Rule::Function, "a value of no place")),
            };
            match found {
                Ok(value) => round.found.push((place, value)),
                Err(fault) if round.asked.is_some() => return Err(fault),
                Err(_) => {}
            }
        }
        self.round = Some(round);
        Ok(())
    }
}

/// The places of locals and label's values where a round of the loop at an offset begins, each with
/// the value of the body that it seems to be there, and the loop's header. Nothing is proved.
pub(crate) fn places(
    module: &Module,
    body: &Body,
    offset: u32,
) -> Option<(Block, Vec<(Place, Value)>)> {
    let mut wrong = Default::default();
    let round = prove_with(module, body, Some(Round::new(offset, None)), |check| {
        wrong = check.locals.disproved();
        Ok(())
    });
    let round = round.ok().flatten().filter(|round| !round.above)?;
    let right = |(place, _): &(Place, Value)| match place {
        Place::Local(local) => !wrong.contains(local),
        Place::Stack(_) | Place::None => true,
    };
    Some((round.header?, round.found.into_iter().filter(right).collect()))
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
) -> Result<(Block, Vec<Value>), Rejection> {
    let round = Round::new(offset, Some(asked));
    let mut found = None;
    prove_with(module, body, Some(round), |check| {
        check.finish()?;
        let round = check.round.as_ref().filter(|round| !round.above && !round.due);
        found = round.and_then(|round| {
            let values: Vec<Value> = round.found.iter().map(|&(_, value)| value).collect();
            (values.len() == asked.len()).then_some((round.header?, values))
        });
        demand!(found.is_some(), Function, "no loop at {offset:#x} that can be entered");
        Ok(())
    })?;
    found.ok_or_else(|| {
        let fault = Fault::new(Rule::Function, "no loop");
        fault.at(body.func(), crate::refused::Where::default())
    })
}
