//! Constant memory in a walk: loads that find the request's bytes there (A3 of [`super::walk`]),
//! and stores that may change it.
//!
//! Limits: a part ends with the comparison of at most [`RANGE_BYTES`] bytes.

use super::context::{ALL, NONE};
use super::generic::opcode;
use super::results::{Found, Near, near, window};
use super::sink::{Key, Kind, Leave, Sink};
use super::state::{Slot, State};
use super::walk::{RANGE_BYTES, Walk};
use crate::ask::certificate::{Range, Window, Word};
use crate::ask::error::{Fault, Refused};
use prova_module::Opcode;
use prova_ssa::{Def, Inst, InstData, State as Shared, Value};

impl<S: Sink> Walk<'_, '_, S> {
    /// A load of constant memory (A3); the end of the part, if it is that.
    pub(super) fn constant_memory(
        &mut self,
        key: Key,
        number: u32,
        inst: Inst,
        found: Found,
    ) -> Result<Option<Leave<S::V>>, Refused> {
        let data = self.subject.body().inst(inst);
        let Some(result) = data.result() else { return Ok(None) };
        let trusted = !self.subject.promises.memory_is_compared;
        let known = self.contexts.ranges(self.fresh).iter().any(|range| range.has(found.word));
        let is_fresh = self.fresh == ALL || known;
        if !trusted && !is_fresh {
            return self.refresh(key, number, inst, found.word).map(Some);
        }
        if trusted && !is_fresh && self.subject.is_copied() {
            self.fresh = self.contexts.refreshed(self.fresh, self.range(found.word));
        }
        self.set(result, Slot::Bits(found.bits));
        if !trusted {
            self.sink.folded((!known).then_some(found.word));
        }
        Ok(None)
    }

    /// The end of a part before a load of constant memory, which is compared with its neighbours.
    pub(super) fn refresh(
        &mut self,
        key: Key,
        number: u32,
        inst: Inst,
        word: Word,
    ) -> Result<Leave<S::V>, Refused> {
        if !self.subject.is_compared() {
            let what = "constant memory is compared in memories of pages of 64 KiB alone";
            return Err(Refused::new(Fault::Unsupported, what));
        }
        let range = self.range(word);
        self.sink.refreshed(range);
        let fresh = self.contexts.refreshed(self.fresh, range);
        let to = Key { context: self.context, block: key.block, start: number, fresh };
        let values = self.slots(self.sink.live(to))?;
        let edges = vec![(to, State { values, kept: self.kept.clone() })];
        let offset = self.subject.body().inst(inst).offset;
        Ok(Leave { kind: Kind::Refreshed(range), edges, cut: Some(number), offset })
    }

    /// A word of constant memory and its neighbours, which are compared with it.
    pub(super) fn range(&self, word: Word) -> Range {
        let len = self.subject.request.buffer(word.arg).map_or(0, <[u8]>::len) as u32;
        let from = word.offset / RANGE_BYTES * RANGE_BYTES;
        let to = (from + RANGE_BYTES).max(word.offset + word.bytes).min(len);
        Range { arg: word.arg, from, to }
    }

    /// The effect of an instruction on constant memory.
    pub(super) fn change(&mut self, key: Key, inst: Inst, args: &[Slot<S::V>]) {
        let data = self.subject.body().inst(inst);
        if self.fresh == NONE
            || !self.subject.promises.memory_is_compared
            || !data.op.effects().writes.meets(Shared::MEMORY)
        {
            return;
        }
        let known = args.first().and_then(|&address| near(self.subject.request, address));
        let known = known.or_else(|| self.masked(key, data));
        let window = known.and_then(|near| window(opcode(data.op), data.imm, near));
        self.store_to(window);
    }

    /// The effect of a store on constant memory; `window`: where it lies near an argument.
    pub(crate) fn store_to(&mut self, window: Option<Window>) {
        match window.filter(|_| self.fresh != NONE) {
            _ if !self.subject.promises.memory_is_compared => {}
            Some(_) if planted!(WindowUntold) => {}
            Some(window) => self.sink.apart(window),
            None if planted!(StoreKeepsText) => {}
            None => self.fresh = NONE,
        }
    }

    /// Where a store's address is, if that is the sum of a pointer and of a number that is masked,
    /// and the part makes both.
    pub(super) fn masked(&self, key: Key, data: &InstData) -> Option<Near> {
        let address = *self.subject.body().operands(data.args).first()?;
        let &[a, b] = self.made(key, address, Opcode::I32Add)? else { return None };
        [(a, b), (b, a)].into_iter().find_map(|(base, number)| {
            let near = near(self.subject.request, self.slot(base).ok()?)?;
            let more = self.greatest(key, number)?;
            Some(Near { more: if planted!(MaskForgotten) { 0 } else { more }, ..near })
        })
    }

    /// The greatest that a number can be which the part masks, and perhaps shifts.
    pub(super) fn greatest(&self, key: Key, number: Value) -> Option<u32> {
        if let Some(&[of, by]) = self.made(key, number, Opcode::I32Shl) {
            self.made(key, of, Opcode::I32And)?;
            let by = self.slot(by).ok()?.bits().filter(|by| *by < 32)?;
            return u32::try_from(u64::from(self.greatest(key, of)?) << by).ok();
        }
        let masks = self.made(key, number, Opcode::I32And)?.iter();
        let masks = masks.filter_map(|&mask| self.slot(mask).ok()?.bits());
        masks.map(|mask| mask as u32).min()
    }

    /// The operands of an operator that makes a value in this part.
    pub(super) fn made(&self, key: Key, value: Value, code: Opcode) -> Option<&[Value]> {
        let body = self.subject.body();
        let Def::Result(inst, _) = body.value(value).def else { return None };
        let data = body.inst(inst);
        let mut insts = body.block(key.block).insts().skip(key.start as usize);
        let here = opcode(data.op) == code && insts.any(|other| other == inst);
        here.then(|| body.operands(data.args))
    }
}
