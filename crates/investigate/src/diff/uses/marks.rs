//! Uses of a value as a number, and the ends of what is followed.
//!
//! A comparison tells nothing new of two addresses of which the order is kept, nor of an address
//! and a number that no address is. With what the host gives, or an operator calculates, it does.
//!
//! Neighbours: `flow` and `sums` call these at each use; the module above has the invariants (2).

use super::flow::{Flow, Label};
use super::known::{Field, Mark};
use super::value::{Ref, Source, Value};
use prova_module::walk::Frame;

impl Flow<'_, '_> {
    /// The value is compared with another one, which a pointer may well be.
    pub(super) fn compare(&mut self, value: &Value, with: &Value) {
        let given = |one: Ref| matches!(one.source, Source::Param(_)) && self.exported;
        if with.number || with.refs().any(given) {
            self.mix(value);
            return;
        }
        match with.single() {
            Some(Ref { source: Source::Const(_, number) | Source::Folded(number), by, .. })
                if !self.in_zone(number) =>
            {
                self.test(value, number.wrapping_add_signed(by.unwrap_or(0)));
            }
            _ => self.mark(value, Mark::compared()),
        }
    }

    /// The value is compared with a number that is like no address: what was added to it may make
    /// it a comparison with one that is.
    pub(super) fn test(&mut self, value: &Value, number: u64) {
        let wrap = |at: u64| if self.side.wide() { at } else { at & 0xffff_ffff };
        let shown = |one: &Ref| {
            let by = one.by.filter(|by| *by != 0);
            by.is_none_or(|by| !self.in_zone(wrap(number.wrapping_add_signed(by.wrapping_neg()))))
        };
        let refs: Vec<(Ref, bool)> = value.refs().map(|one| (one, shown(&one))).collect();
        for (one, shown) in refs {
            let mark = if shown { Mark::compared() } else { Mark::mixed() };
            self.mark(&Value::of(one), mark);
        }
    }

    /// The value is used as a number.
    pub(super) fn mix(&mut self, value: &Value) {
        self.mark(value, Mark::mixed());
    }

    /// The value goes where it is not followed: somebody there may use it as a number.
    pub(super) fn leaves(&mut self, value: &Value) {
        self.mark(value, Mark::mixed());
        for one in value.refs() {
            // Who gets it may use it as an address, of which the code has no number.
            if let (Source::Folded(number), Some(by)) = (one.source, one.by)
                && self.in_zone(number)
            {
                self.found.folded.push((number.wrapping_add_signed(by), 1));
            }
        }
    }

    /// The value goes into a global; into its own it may, where it is found again.
    pub(super) fn kept(&mut self, value: &Value, global: u32) {
        for one in value.refs().filter(|one| one.source != Source::Global(global)) {
            self.leaves(&Value::of(one));
        }
    }

    /// So many low bits of the value are used alone.
    pub(super) fn low(&mut self, value: &Value, bits: u8) {
        self.mark(value, Mark::low(bits));
    }

    pub(super) fn mark(&mut self, value: &Value, mark: Mark) {
        // Of a word it is not known by how much it moves.
        let number = mark.mixed || mark.low > 0 || mark.compared && !self.ordered;
        for one in value.refs() {
            match one.source {
                Source::Const(at, value) if self.in_zone(value) => {
                    self.marks.push(Mark { at, ..mark });
                }
                Source::Global(global) => {
                    let mixed = mark.mixed || mark.compared && !self.ordered;
                    let base = self.shared.global(global);
                    base.mixed |= mixed;
                    base.low = base.low.max(mark.low);
                }
                Source::Call(call) => self.calls[call as usize] |= number,
                Source::Word(at) if number => self.shared.mixed_words.push(at),
                Source::Field(param, at) if number => {
                    if let Some(known) = self.used(Source::Param(param)) {
                        known.field(Field { at, address: false, mixed: true, read: false });
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
                Source::Folded(_) | Source::Float(_) => {}
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
                // The host sees what it is, also of the stack.
                _ if self.exported => self.mix(&Value::of(one)),
                _ => self.leaves(&Value::of(one)),
            }
        }
    }

    /// What locals hold where a loop starts anew is not followed, but for what they held when it
    /// was entered.
    pub(super) fn again(&mut self, to: &Frame<'_, Label>) {
        let written = to.facts.map_or(u64::MAX, |facts| facts.written);
        for (local, value) in self.locals.iter() {
            if written >> (local % 64) & 1 == 0 {
                continue;
            }
            let known = to.label.entry.get(local);
            let news = |one: &Ref| known.refs().all(|known| known.source != one.source);
            self.dropped.extend(value.refs().filter(news).map(|one| one.source));
        }
    }
}
