//! Uses of a value as a number, and the ends of the walk's knowledge of it (invariant 2 of the
//! module above).

use super::doubt::Doubt;
use super::flow::{Flow, Label};
use super::known::{Field, Mark};
use super::value::{Ref, Source, Value};
use prova_module::walk::Frame;

impl Flow<'_, '_> {
    /// The value is used as a number.
    pub(super) fn mix(&mut self, value: &Value, how: Doubt) {
        self.mark(value, Mark::mixed(how));
    }

    /// The value goes where it is not followed: somebody there may use it as a number.
    pub(super) fn leaves(&mut self, value: &Value) {
        self.mark(value, Mark::mixed(Doubt::KEPT));
        for one in value.refs() {
            // It was indexed before it is kept. A constant, or a word at a known place, may well be
            // an address that gets an index; a word that is read by an index counts as calculated
            // with.
            if one.source.is_any() && one.by != Some(0) {
                self.mark(&Value::of(one), Mark::mixed(Doubt::CALCULATED));
            }
            // The receiver may use it as an address, of which the code has no number.
            if let (Source::Folded(number), Some(by)) = (one.source, one.by)
                && self.in_zone(number)
            {
                self.folded.push((number.wrapping_add_signed(by), 1));
            }
        }
    }

    /// The value goes into a global; into its own it may, where it is found again.
    pub(super) fn kept(&mut self, value: &Value, global: u32) {
        for one in value.refs().filter(|one| one.source != Source::Global(global)) {
            self.leaves(&Value::of(one));
        }
    }

    /// The lowest `bits` bits of the value are used alone.
    pub(super) fn low(&mut self, value: &Value, bits: u8) {
        self.mark(value, Mark::low(bits));
    }

    pub(super) fn mark(&mut self, value: &Value, mark: Mark) {
        if self.around.values {
            return;
        }
        // Of a word it is not known by how much it moves.
        let mixed = mark.mixed | Doubt::COMPARED.when(mark.compared && !self.ordered);
        let number = mixed | Doubt::of_low(mark.low).when(mark.low > 0);
        for one in value.refs() {
            match one.source {
                Source::Const(at, value) if self.in_zone(value) => {
                    self.marks.push(Mark { at, ..mark });
                    if mark.mixed.any() {
                        self.shared.exposed.push(value);
                    }
                }
                Source::Global(global) => {
                    let base = self.shared.global(global);
                    base.mixed |= mixed;
                    base.low = base.low.max(mark.low);
                }
                Source::Call(call) => self.calls[call as usize] |= number,
                Source::Word(at) if number.any() => self.shared.mixed_words.push((at, number)),
                Source::Any(at) if number.any() => self.shared.mixed_tables.push((at, number)),
                Source::Field(param, at) if number.any() => {
                    if let Some(known) = self.used(Source::Param(param)) {
                        known.field(Field { at, address: false, mixed: number, read: false });
                    }
                }
                Source::Param(_) => {
                    if let Some(known) = self.used(one.source) {
                        known.mixed |= mark.mixed;
                        known.compared |= mark.compared;
                        known.low = known.low.max(mark.low);
                    }
                }
                Source::Const(..) | Source::Word(_) | Source::Field(..) => {}
                Source::Folded(_) | Source::Float(_) | Source::Any(_) => {}
            }
        }
    }

    /// The value is given to the caller.
    pub(super) fn returns(&mut self, value: &Value) {
        for one in value.refs() {
            match one.source {
                Source::Param(param) if !self.exported => {
                    self.found.params[param as usize].returned = true;
                }
                // The host sees the value, also an address on the stack.
                _ if self.exported => {
                    self.mix(&Value::of(one), Doubt::GIVEN);
                    if let Source::Global(global) = one.source {
                        self.shared.global(global).told = true;
                    }
                }
                _ => self.leaves(&Value::of(one)),
            }
        }
    }

    /// Stops to follow the values of locals where a loop starts anew, except the sources that they
    /// had when the loop was entered.
    pub(super) fn again(&mut self, to: &Frame<'_, Label>) {
        let written = to.facts.map_or(u64::MAX, |facts| facts.written);
        // A local that is no longer known is not made of its former value.
        for (local, known) in to.label.entry.iter() {
            if let Some(round) = known.round.filter(|_| !self.locals.get(local).is_known()) {
                self.rounds[round as usize].1 = false;
            }
        }
        let locals = self.locals.clone();
        for (local, value) in locals.iter() {
            if written >> (local % 64) & 1 == 0 {
                continue;
            }
            let known = to.label.entry.get(local);
            if let Some(round) = known.round {
                let same = known.single().map(|one| one.source);
                let steady = same.is_some() && same == value.single().map(|one| one.source);
                let steady = steady && !value.number && self.is_round(value.round, round);
                self.rounds[round as usize].1 &= steady;
            }
            for one in value.refs().filter(|one| one.source.is_any() && one.by != Some(0)) {
                self.mix(&Value::of(one), Doubt::CALCULATED);
            }
            let news = |one: &Ref| known.refs().all(|known| known.source != one.source);
            self.dropped.extend(value.refs().filter(news).map(|one| one.source));
        }
    }
}
