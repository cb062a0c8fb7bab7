//! The abstract state: what each cell of the frame holds, as the Wasm means it and as the code has
//! it.
//!
//! Both sides use the same cells: locals, then one cell (two for a v128) per operand-stack position
//! at its home slot. A cell of the Wasm side has a term; a cell of the code side has the term last
//! written there, or none.
//!
//! # Joins, without fixpoint
//! At a label the relation between both sides is *fixed in advance*: every local is in its slot,
//! every position below the label's base is in its home slot, the label's values are in their home
//! slots. Every edge to the label must establish it; after the label it is assumed, with a new term
//! for every local and value. A cell that is not part of the relation is unwritten after the label.
//!
//! A label takes time for its values only: cells carry the time at which they were written, and one
//! older than the label's *epoch* is *stale*: it is read as what the relation says of it.
//!
//! # Accumulators
//! They are cells of the code side behind all slots, with a term or none. No relation of a label
//! has them, and no going back brings them back: after a label, a mark that was gone back to, a
//! call, and an operation of the store that may trap, they are unwritten. So what an accumulator
//! holds was written on the straight line that leads here.
//!
//! # The mismatch set
//! It holds the locals and the stack cells below `tracked` where the two sides differ. A position
//! is tracked when a block opens above it, so that what a block computes for itself costs nothing.
//! An edge to a label with base `b` is right for locals and frozen positions exactly if no cell
//! below `b` is in the set.
//!
//! # Going back
//! An `else` and the code behind an edge go on from a state that was before: a mark is set there,
//! and what is written since is logged. The log is undone newest first.
//!
//! # Invariants
//! * M1. A local, and a stack cell below `tracked`, is in the mismatch set exactly if
//!   `code(s) ≠ wasm(s)`. A local is in it by its code cell's `wrong`, which counts only from the
//!   epoch on.
//! * M2. Stack cells below the base of an open block are not changed on the Wasm side (validation),
//!   so a cell that was right at every edge is right after the label.
//! * M3. A call's window lies above the locals and at or above `top` without its arguments, so what
//!   the callee's frame overwrites is not live.
//! * M4. `wasm` cells of the stack are written at their push; a stale `code` cell is resolved
//!   before its `wasm` cell changes.
//! * M5. `base ≤ tracked ≤ top` for the base of every open block.
//! * M6. Of a cell that has been written since the newest mark, the log has, since that mark, what
//!   it was at the mark, as the oldest of its entries. A cell whose time is at least `mark_time`
//!   has been written since, so it need not be logged again. A cell may have been written and be
//!   older: one that is resolved keeps its time or gets the epoch's, and is logged at each such
//!   write.
//!
//! Worst case: constant per read and write, plus the logarithm of the calls since; the undo log
//! grows by a constant for each write.

use crate::ops::RegClass;
use prova_terms::{Terms, Vn};

/// The number that stands for the accumulator of a class where slots are named: no slot has it.
pub const fn accumulator_cell(class: RegClass) -> u32 {
    (1 << 16) + class as u32
}

/// A term and the time of its writing.
#[derive(Clone, Copy, Debug)]
struct Cell {
    vn: Vn,
    time: u32,
    /// Of a local's code cell: it is in the mismatch set.
    wrong: bool,
}

const BLANK: Cell = Cell { vn: Vn::UNDEF, time: 0, wrong: false };

/// One undone step.
enum Undo {
    Wasm(u32, Cell),
    Code(u32, Cell),
    Mismatch(u32),
    ClobberPushed,
    ClobberPopped(u32, u32),
}

#[derive(Default)]
pub(super) struct State {
    pub(super) local_cells: u32,
    wasm: Vec<Cell>,
    code: Vec<Cell>,
    /// By class; `None` is unwritten.
    accumulators: [Option<Vn>; RegClass::ALL.len()],
    /// The first cell of each stack entry.
    entries: Vec<u32>,
    /// The cell after the newest stack entry.
    top: u32,
    /// The stack cell from which on nothing is in the mismatch set.
    tracked: u32,
    /// The time of the label that dominates here.
    epoch: u32,
    /// The base of that label.
    epoch_base: u32,
    now: u32,
    wrong_locals: u32,
    mismatch: Bits,
    /// Calls that overwrote all cells from a floor on: (time, floor), floors ascending with time.
    clobbers: Vec<(u32, u32)>,
    log: Vec<Undo>,
    marks: u32,
    mark_time: u32,
}

/// A point to come back to: what is not in the log.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    log: usize,
    time: u32,
    tracked: u32,
    wrong_locals: u32,
    epoch: u32,
    epoch_base: u32,
}

impl State {
    /// Makes it the state at an entry: parameters in their slots, other locals zero; `wide` gives
    /// for each local whether it has two cells. Keeps what is allocated.
    pub(super) fn reset(
        &mut self,
        terms: &mut Terms,
        locals: &[(u32, bool)],
        param_cells: u32,
        cells: u32,
    ) {
        let zero = Vn::index(0);
        self.wasm.clear();
        for &(slot, wide) in locals {
            if slot < param_cells {
                self.wasm.push(Cell { vn: Vn::param(slot), ..BLANK });
                if wide {
                    self.wasm.push(Cell { vn: Vn::param(slot + 1), ..BLANK });
                }
            } else if wide {
                let low = terms.constant128(0);
                self.wasm.push(Cell { vn: low, ..BLANK });
                self.wasm.push(Cell { vn: terms.high(low), ..BLANK });
            } else {
                self.wasm.push(Cell { vn: zero, ..BLANK });
            }
        }
        self.local_cells = self.wasm.len() as u32;
        self.wasm.resize(self.wasm.len().max(cells as usize), BLANK);
        self.code.clear();
        self.code.extend_from_slice(&self.wasm);
        self.forget_accumulators();
        self.entries.clear();
        self.top = self.local_cells;
        self.tracked = self.local_cells;
        (self.epoch, self.epoch_base, self.now) = (0, 0, 0);
        self.wrong_locals = 0;
        self.mismatch.reset(self.wasm.len());
        self.clobbers.clear();
        self.log.clear();
        (self.marks, self.mark_time) = (0, 0);
    }

    /// The bytes that it keeps, about.
    pub(super) fn bytes(&self) -> usize {
        (self.wasm.capacity() + self.code.capacity()) * size_of::<Cell>()
            + self.log.capacity() * size_of::<Undo>()
    }

    /// The cell after the newest stack entry.
    pub(super) fn top(&self) -> u32 {
        self.top
    }

    /// The time of the label that dominates here.
    pub(super) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The number of stack entries.
    pub(super) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The first cell of stack entry `i`; of the entry after the newest, `top`.
    pub(super) fn entry_cell(&self, i: usize) -> u32 {
        self.entries.get(i).copied().unwrap_or(self.top)
    }

    #[inline]
    fn record(&mut self, undo: Undo) {
        if self.marks != 0 {
            self.log.push(undo);
        }
    }

    /// The Wasm side's cell.
    #[inline]
    pub(super) fn wasm(&self, s: u32) -> Vn {
        let cell = self.wasm[s as usize];
        if s < self.local_cells && cell.time < self.epoch {
            return Vn::phi(self.epoch, s);
        }
        cell.vn
    }

    /// The code side's cell; [`Vn::UNDEF`] if nothing has written it on every path.
    #[inline]
    pub(super) fn code(&self, s: u32) -> Vn {
        let Some(&cell) = self.code.get(s as usize) else { return Vn::UNDEF };
        let fresh = cell.time >= self.epoch;
        // M3: no call overwrites a local.
        if s < self.local_cells {
            return if fresh { cell.vn } else { Vn::phi(self.epoch, s) };
        }
        let (vn, time) = if fresh {
            (cell.vn, cell.time)
        } else if s < self.epoch_base {
            (self.wasm[s as usize].vn, self.epoch)
        } else {
            return Vn::UNDEF;
        };
        match self.clobbers.last() {
            Some(&(at, _)) if at > time => self.unless_clobbered(s, vn, time),
            _ => vn,
        }
    }

    /// The value of a stack cell written at `time`, unless a call since has overwritten it.
    fn unless_clobbered(&self, s: u32, vn: Vn, time: u32) -> Vn {
        let since = self.clobbers.partition_point(|&(at, _)| at <= time);
        match self.clobbers.get(since) {
            Some(&(_, floor)) if floor <= s => Vn::UNDEF,
            _ => vn,
        }
    }

    /// The accumulator of a class; [`Vn::UNDEF`] if nothing has written it on this straight line.
    #[inline]
    pub(super) fn accumulator(&self, class: RegClass) -> Vn {
        self.accumulators[class as usize].unwrap_or(Vn::UNDEF)
    }

    /// Writes an accumulator.
    #[inline]
    pub(super) fn accumulate(&mut self, class: RegClass, vn: Vn) {
        self.accumulators[class as usize] = Some(vn);
    }

    /// Nothing is known of the accumulators from here on.
    #[inline]
    pub(super) fn forget_accumulators(&mut self) {
        self.accumulators = [None; RegClass::ALL.len()];
    }

    #[inline]
    fn set_wasm(&mut self, s: u32, vn: Vn) {
        let new = Cell { vn, time: self.now, wrong: false };
        let old = std::mem::replace(&mut self.wasm[s as usize], new);
        // M6.
        if old.time < self.mark_time {
            self.log.push(Undo::Wasm(s, old));
        }
    }

    #[inline]
    fn set_code(&mut self, s: u32, new: Cell) {
        let old = std::mem::replace(&mut self.code[s as usize], new);
        // M6.
        if old.time < self.mark_time {
            self.log.push(Undo::Code(s, old));
        }
    }

    /// M1 for a local, whose code cell is `new` from now on.
    #[inline]
    fn set_local_code(&mut self, s: u32, new: Cell) {
        let old = self.code[s as usize];
        let was = old.wrong && old.time >= self.epoch;
        self.wrong_locals = self.wrong_locals + u32::from(new.wrong) - u32::from(was);
        self.set_code(s, new);
    }

    /// M1 for a tracked stack cell.
    fn compare(&mut self, s: u32) {
        let differs = self.code(s) != self.wasm[s as usize].vn;
        self.set_mismatch(s, differs);
    }

    fn set_mismatch(&mut self, s: u32, differs: bool) {
        if self.mismatch.set(s, differs) {
            self.record(Undo::Mismatch(s));
        }
    }

    /// `local.set`, one cell.
    #[inline]
    pub(super) fn set_local(&mut self, s: u32, vn: Vn) {
        self.set_wasm(s, vn);
        let code = self.code(s);
        let wrong = code != vn;
        let old = self.code[s as usize];
        if wrong != (old.wrong && old.time >= self.epoch) {
            // A stale cell is resolved: `wrong` counts from the epoch on.
            self.set_local_code(s, Cell { vn: code, time: old.time.max(self.epoch), wrong });
        }
    }

    /// Pushes a value of one cell.
    #[inline(always)]
    pub(super) fn push(&mut self, vn: Vn) {
        self.entries.push(self.top);
        self.push_cell(vn);
    }

    /// Pushes a value of two cells.
    pub(super) fn push_wide(&mut self, low: Vn, high: Vn) {
        self.entries.push(self.top);
        self.push_cell(low);
        self.push_cell(high);
    }

    #[inline(always)]
    fn push_cell(&mut self, vn: Vn) {
        let s = self.top;
        self.top = s + 1;
        // M4.
        if s < self.epoch_base && self.code[s as usize].time < self.epoch {
            let vn = self.code(s);
            self.set_code(s, Cell { vn, time: self.epoch, wrong: false });
        }
        self.set_wasm(s, vn);
    }

    /// Pops a value; gives its term and whether it has two cells. `None` from an empty stack.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(Vn, bool)> {
        let s = self.entries.pop()?;
        let wide = self.top - s == 2;
        let vn = self.wasm[s as usize].vn;
        self.drop_cells(s);
        Some((vn, wide))
    }

    /// Pops all entries from entry `count` on.
    pub(super) fn truncate(&mut self, count: usize) {
        let s = self.entry_cell(count);
        self.entries.truncate(count);
        self.drop_cells(s);
    }

    #[inline]
    fn drop_cells(&mut self, to: u32) {
        if to < self.tracked {
            self.untrack(to);
        }
        self.top = to;
    }

    /// M5.
    fn untrack(&mut self, to: u32) {
        for s in to..self.tracked {
            self.set_mismatch(s, false);
        }
        self.tracked = to;
    }

    /// A block opens with its base at cell `base`: what lies below is compared from now on (M5).
    pub(super) fn track(&mut self, base: u32) {
        for s in self.tracked..base {
            self.compare(s);
        }
        self.tracked = self.tracked.max(base);
    }

    /// Writes a cell of the code side.
    #[inline]
    pub(super) fn write(&mut self, s: u32, vn: Vn) {
        let new = Cell { vn, time: self.now, wrong: false };
        if s < self.local_cells {
            let wrong = vn != self.wasm(s);
            self.set_local_code(s, Cell { wrong, ..new });
            return;
        }
        self.set_code(s, new);
        if s < self.tracked {
            self.compare(s);
        }
    }

    /// A call whose callee's frame starts at `floor` (M3).
    pub(super) fn clobber(&mut self, floor: u32) {
        self.forget_accumulators();
        self.now += 1;
        while let Some(&(time, old)) = self.clobbers.last().filter(|&&(_, old)| old >= floor) {
            self.clobbers.pop();
            self.record(Undo::ClobberPopped(time, old));
        }
        self.clobbers.push((self.now, floor));
        self.record(Undo::ClobberPushed);
    }

    /// Whether the sides agree in all locals and in the stack cells below `base`, which is at most
    /// `tracked`.
    #[inline]
    pub(super) fn agrees_below(&self, base: u32) -> bool {
        self.wrong_locals == 0 && self.mismatch.first().is_none_or(|s| s >= base)
    }

    /// The lowest cell of those where the sides differ, where they do not all agree. Linear in the
    /// locals: only for the message of a refusal.
    #[cold]
    pub(super) fn mismatch_below(&self, base: u32) -> u32 {
        let differs = |&s: &u32| self.code(s) != self.wasm(s);
        let local = (0..self.local_cells).find(differs);
        local.or_else(|| self.mismatch.first().filter(|&s| s < base)).unwrap_or(0)
    }

    /// The relation of a label with its base at entry `count`, cell `base`, and values with these
    /// numbers of cells.
    pub(super) fn label(
        &mut self,
        terms: &mut Terms,
        count: usize,
        base: u32,
        values: impl Iterator<Item = bool>,
    ) {
        while let Some(s) = self.mismatch.first() {
            self.set_mismatch(s, false);
        }
        self.forget_accumulators();
        self.wrong_locals = 0;
        self.entries.truncate(count);
        self.top = base;
        self.tracked = base;
        self.now += 1;
        self.epoch = self.now;
        self.epoch_base = base;
        for wide in values {
            let s = self.top;
            let vn = Vn::phi(self.epoch, s);
            let cell = Cell { vn, time: self.now, wrong: false };
            self.set_code(s, cell);
            if wide {
                let high = terms.high(vn);
                self.set_code(s + 1, Cell { vn: high, ..cell });
                self.push_wide(vn, high);
            } else {
                self.push(vn);
            }
        }
    }

    /// A point to come back to.
    pub(super) fn mark(&mut self) -> Mark {
        let mark = Mark {
            log: self.log.len(),
            time: self.mark_time,
            tracked: self.tracked,
            wrong_locals: self.wrong_locals,
            epoch: self.epoch,
            epoch_base: self.epoch_base,
        };
        self.marks += 1;
        self.now += 1;
        self.mark_time = self.now;
        mark
    }

    /// Forgets the newest point.
    pub(super) fn unmark(&mut self, mark: Mark) {
        self.marks -= 1;
        self.mark_time = mark.time;
        if self.marks == 0 {
            self.log.clear();
        }
    }

    /// Restores the cells as they were at the newest point and forgets it. Entries and `top` are
    /// the caller's: the stack is cut to entry `count` at cell `base`, and has values of these
    /// numbers of cells above, as it had then.
    pub(super) fn rollback(
        &mut self,
        mark: Mark,
        count: usize,
        base: u32,
        values: impl Iterator<Item = bool>,
    ) {
        self.restore(mark);
        self.entries.truncate(count);
        self.top = base;
        for wide in values {
            self.entries.push(self.top);
            self.top += 1 + u32::from(wide);
        }
    }

    /// Restores the code side as it was at the newest point and forgets it; the Wasm side has not
    /// moved since.
    pub(super) fn rollback_code(&mut self, mark: Mark) {
        self.restore(mark);
    }

    fn restore(&mut self, mark: Mark) {
        self.forget_accumulators();
        self.marks -= 1;
        while self.log.len() > mark.log {
            match self.log.pop() {
                Some(Undo::Wasm(s, cell)) => self.wasm[s as usize] = cell,
                Some(Undo::Code(s, cell)) => self.code[s as usize] = cell,
                Some(Undo::Mismatch(s)) => self.mismatch.flip(s),
                Some(Undo::ClobberPushed) => _ = self.clobbers.pop(),
                Some(Undo::ClobberPopped(time, floor)) => self.clobbers.push((time, floor)),
                None => break,
            }
        }
        self.mark_time = mark.time;
        self.tracked = mark.tracked;
        self.wrong_locals = mark.wrong_locals;
        (self.epoch, self.epoch_base) = (mark.epoch, mark.epoch_base);
    }
}

/// A set of cells with its least member in constant time: bits, and two levels of bits over words
/// that are not zero.
#[derive(Default)]
struct Bits {
    levels: [Vec<u64>; 3],
    members: u32,
}

impl Bits {
    /// Empties it and makes room for `cells` cells, at most 2¹⁸.
    fn reset(&mut self, cells: usize) {
        self.members = 0;
        let mut words = cells;
        for level in &mut self.levels {
            words = words.div_ceil(64).max(1);
            level.clear();
            level.resize(words, 0);
        }
    }

    /// Sets a member; gives whether that changed anything.
    #[inline]
    fn set(&mut self, s: u32, member: bool) -> bool {
        let word = self.levels[0][s as usize / 64];
        let changes = (word >> (s % 64) & 1 == 1) != member;
        if changes {
            self.flip(s);
        }
        changes
    }

    fn flip(&mut self, s: u32) {
        let mut i = s as usize;
        let member = self.levels[0][i / 64] >> (i % 64) & 1 == 1;
        self.members = if member { self.members - 1 } else { self.members + 1 };
        // A level's bit changes when the word below becomes zero or stops being zero.
        for level in &mut self.levels {
            let word = i / 64;
            let was = level[word] != 0;
            level[word] ^= 1 << (i % 64);
            if was == (level[word] != 0) {
                return;
            }
            i = word;
        }
    }

    #[inline]
    fn first(&self) -> Option<u32> {
        if self.members == 0 {
            return None;
        }
        let top = self.levels[2].iter().position(|&word| word != 0)?;
        let block = top * 64 + self.levels[2][top].trailing_zeros() as usize;
        let word = block * 64 + self.levels[1][block].trailing_zeros() as usize;
        Some((word * 64) as u32 + self.levels[0][word].trailing_zeros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_member_is_found() {
        let mut bits = Bits::default();
        for _ in 0..2 {
            bits.reset(70_000);
            assert_eq!(bits.first(), None);
            for s in [69_999, 4096, 64, 63] {
                assert!(bits.set(s, true));
                assert!(!bits.set(s, true));
                assert_eq!(bits.first(), Some(s));
            }
            for (s, next) in [(63, Some(64)), (64, Some(4096)), (4096, Some(69_999))] {
                assert!(bits.set(s, false));
                assert_eq!(bits.first(), next);
            }
        }
    }

    fn state() -> State {
        let mut state = State::default();
        let locals = [(0, false), (1, false), (2, true)];
        state.reset(&mut Terms::new(), &locals, 2, 10);
        state
    }

    fn mismatch(state: &State, base: u32) -> Option<u32> {
        (!state.agrees_below(base)).then(|| state.mismatch_below(base))
    }

    #[test]
    fn a_local_is_wrong_until_both_sides_agree() {
        let mut state = state();
        assert_eq!(mismatch(&state, 4), None);
        state.set_local(1, Vn::index(7));
        assert_eq!(mismatch(&state, 4), Some(1));
        state.set_local(1, Vn::param(1));
        assert_eq!(mismatch(&state, 4), None);
        state.write(0, Vn::index(5));
        assert_eq!(mismatch(&state, 4), Some(0));
        let mark = state.mark();
        state.set_local(0, Vn::index(5));
        assert_eq!(mismatch(&state, 4), None);
        state.label(&mut Terms::new(), 0, 4, std::iter::once(false));
        state.write(1, Vn::index(1));
        assert_eq!(mismatch(&state, 4), Some(1));
        state.set_local(1, Vn::index(1));
        assert_eq!(mismatch(&state, 4), None);
        state.rollback(mark, 0, 4, std::iter::empty());
        assert_eq!(mismatch(&state, 4), Some(0));
        assert_eq!((state.wasm(1), state.code(0)), (Vn::param(1), Vn::index(5)));
        state.write(0, Vn::param(0));
        assert_eq!(mismatch(&state, 4), None);
    }

    #[test]
    fn a_position_counts_once_a_block_is_above_it() {
        let mut state = state();
        state.push(Vn::index(1));
        state.push(Vn::index(2));
        assert_eq!(mismatch(&state, 4), None);
        state.track(5);
        assert_eq!(mismatch(&state, 5), Some(4));
        assert_eq!(mismatch(&state, 4), None);
        state.write(4, Vn::index(1));
        assert_eq!(mismatch(&state, 5), None);
        state.track(6);
        assert_eq!(mismatch(&state, 6), Some(5));
        state.pop();
        assert_eq!(mismatch(&state, 6), None, "what is popped is not compared");
    }
}
