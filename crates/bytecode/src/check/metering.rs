//! F14: charges and polls against the segments of the facts and the metering mode.

use super::{Context, Fault, Rule, Verdict};
use crate::encode::Inst;
use crate::ops::Op;
use prova_module::Segment;

/// The segments that no charge has been seen for yet.
pub(super) struct Meter<'a> {
    segments: &'a [Segment],
}

impl<'a> Meter<'a> {
    pub(super) fn new(cx: &Context<'a>) -> Meter<'a> {
        Meter { segments: if cx.settings.metering.has_fuel() { &cx.facts.segments } else { &[] } }
    }

    /// An instruction that belongs to the operator at `offset`.
    pub(super) fn instruction(&mut self, cx: &Context<'_>, inst: &Inst, offset: u32) -> Verdict {
        let epoch = cx.settings.metering.has_epoch();
        let (charge, poll) = (inst.op == Op::Charge, inst.op == Op::Poll);
        if poll && !epoch {
            return Err(Fault::new(Rule::Metering, "a poll without epochs"));
        }
        // Plain instructions do not come here, so the first one answers for the one behind it.
        if epoch && inst.at == 0 && !polls(&cx.candidate.words, 0) {
            return Err(Fault::new(Rule::Metering, "no poll at the entry"));
        }
        if charge { self.charge(inst.values[0], offset) } else { Ok(()) }
    }

    fn charge(&mut self, cost: u64, offset: u32) -> Verdict {
        let Some((segment, rest)) = self.segments.split_first() else {
            return Err(Fault::new(Rule::Metering, "a charge for no segment"));
        };
        if (cost, offset) != (segment.cost.into(), segment.offset) {
            let Segment { cost: due, offset: start } = segment;
            let what = format!("charges {cost} for {offset:#x} where {start:#x} costs {due}");
            return Err(Fault::new(Rule::Metering, what));
        }
        self.segments = rest;
        Ok(())
    }

    /// The end of the code.
    pub(super) fn finish(&self) -> Verdict {
        match self.segments.first() {
            None => Ok(()),
            Some(segment) => {
                let what = format!("no charge for the segment at {:#x}", segment.offset);
                Err(Fault::new(Rule::Metering, what))
            }
        }
    }
}

/// A backward branch goes to the instruction at `target`.
pub(super) fn cycle(cx: &Context<'_>, target: u32) -> Verdict {
    if cx.settings.metering.has_epoch() && !polls(&cx.candidate.words, target) {
        let what = format!("the backward branch to word {target} meets no poll");
        return Err(Fault::new(Rule::Metering, what));
    }
    Ok(())
}

/// Whether the instruction at a word is a poll, or a `heat`, which only counts, with a poll behind.
fn polls(words: &[u64], word: u32) -> bool {
    let op = |word: u32| {
        let first = words.get(word as usize).copied().unwrap_or(0);
        Op::from_encoding(first as u16).map(|(op, _)| op)
    };
    let heat = op(word) == Some(Op::Heat);
    op(word + u32::from(heat)) == Some(Op::Poll)
}
