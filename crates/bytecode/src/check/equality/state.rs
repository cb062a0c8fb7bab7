//! The abstract state: what each cell of the frame holds, as the Wasm means it and as the code has it.
//!
//! Both sides use the same cells: locals, then one cell (two for a v128) per operand-stack position at its home slot. A cell of
//! the Wasm side has a term; a cell of the code side has the term last written there, or none.
//!
//! # Joins, without fixpoint
//! At a label the relation between both sides is *fixed in advance*: every local is in its slot, every position below the
//! label's base is in its home slot (or is a constant that a hint names), the label's values are in their home slots. Every edge to the label
//! must establish it; after the label it is assumed, with a new term for every local and value. A cell that is not part of the
//! relation is unwritten after the label.
//!
//! A label takes time for its values only: cells carry the time at which they were written, and one older than the label's *epoch*
//! is read as what the relation says of it.
//!
//! # The mismatch set
//! `mismatch` holds the live cells (locals, and stack cells below `top`) where the two sides differ. An edge to a label with base `b` is
//! right for locals and frozen positions exactly if no cell below `b` is in the set.
//!
//! # Invariants
//! * M1. For every live cell `s`: `s ∈ mismatch` ⇔ `code(s) ≠ wasm(s)` and `s` is not a constant of a hint.
//! * M2. Stack cells below the base of an open block are not changed on the Wasm side (validation), so a cell that was right
//!   at every edge is right after the label.
//! * M3. A call's window lies at or above `top` without its arguments, so what the callee's frame overwrites is not live.
//! * M4. `wasm` cells of the stack are written at their push; a stale `code` cell is resolved before its `wasm` cell changes.
//! * M5. A cell that was a constant of a hint at the label is not part of its relation: when it ceases to be a constant, a
//!   stale `code` cell becomes unwritten.
//! * M6. A cell below the base of an open block is a constant in the whole block or nowhere in it (`declare_constants`), so
//!   what an edge does not test is not assumed at its label.
//!
//! Worst case: constant per read and write, plus the logarithm of the calls since; an undo log holds one entry per write inside
//! the arms of open `if`s.

use super::terms::{Terms, Vn};

/// A term and the time of its writing.
#[derive(Clone, Copy, Debug)]
struct Cell {
    vn: Vn,
    time: u32,
}

/// One undone step.
enum Undo {
    Wasm(u32, Cell),
    Code(u32, Cell),
    Mismatch(u32),
    Constant(u32),
    Epoch(u32, u32),
    ClobberPushed,
    ClobberPopped(u32, u32),
}

pub(super) struct State {
    pub(super) local_cells: u32,
    wasm: Vec<Cell>,
    code: Vec<Cell>,
    /// The first cell of each stack entry.
    entries: Vec<u32>,
    /// The cell after the newest stack entry.
    top: u32,
    /// Whether a local's cell is the high half of a v128.
    high: Vec<bool>,
    /// The time of the label that dominates here.
    epoch: u32,
    /// The base of that label.
    epoch_base: u32,
    now: u32,
    mismatch: Bits,
    constant: Vec<bool>,
    /// Calls that overwrote all cells from a floor on: (time, floor), floors ascending with time.
    clobbers: Vec<(u32, u32)>,
    log: Vec<Undo>,
    marks: u32,
}

/// A point to come back to.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize);

impl State {
    /// The state at the entry: parameters in their slots, other locals zero; `high` names cells of v128 locals.
    pub(super) fn new(
        terms: &mut Terms,
        high: Vec<bool>,
        param_cells: u32,
        frame_cells: u32,
        max_cells: u32,
    ) -> State {
        let local_cells = high.len() as u32;
        let zero = terms.constant(0);
        let wide_zero = terms.constant128(0);
        let mut cells = Vec::with_capacity(frame_cells.max(max_cells) as usize);
        for s in 0..local_cells {
            let is_high = high[s as usize];
            let is_low = high.get(s as usize + 1) == Some(&true);
            let vn = match (s < param_cells, is_high) {
                (true, false) => terms.param(s),
                (true, true) => {
                    let low = terms.param(s - 1);
                    terms.high(low)
                }
                (false, true) => terms.high(wide_zero),
                (false, false) if is_low => wide_zero,
                (false, false) => zero,
            };
            cells.push(Cell { vn, time: 0 });
        }
        let blank = Cell { vn: Vn::UNDEF, time: 0 };
        cells.resize(frame_cells.max(max_cells) as usize, blank);
        State {
            local_cells,
            wasm: cells.clone(),
            mismatch: Bits::new(cells.len()),
            constant: vec![false; cells.len()],
            code: cells,
            entries: Vec::new(),
            top: local_cells,
            high,
            epoch: 0,
            epoch_base: 0,
            now: 0,
            clobbers: Vec::new(),
            log: Vec::new(),
            marks: 0,
        }
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

    /// What the relation says of a local's cell at the epoch.
    fn local_at_epoch(&self, terms: &mut Terms, s: u32) -> Vn {
        if self.high[s as usize] {
            let low = terms.phi(self.epoch, s - 1);
            terms.high(low)
        } else {
            terms.phi(self.epoch, s)
        }
    }

    /// The Wasm side's cell.
    #[inline]
    pub(super) fn wasm(&self, terms: &mut Terms, s: u32) -> Vn {
        let cell = self.wasm[s as usize];
        if s < self.local_cells && cell.time < self.epoch {
            return self.local_at_epoch(terms, s);
        }
        cell.vn
    }

    /// The code side's cell; [`Vn::UNDEF`] if nothing has written it on every path.
    #[inline]
    pub(super) fn code(&self, terms: &mut Terms, s: u32) -> Vn {
        let Some(&cell) = self.code.get(s as usize) else { return Vn::UNDEF };
        let (vn, time) = if cell.time >= self.epoch {
            (cell.vn, cell.time)
        } else if s < self.local_cells {
            (self.local_at_epoch(terms, s), self.epoch)
        } else if s < self.epoch_base && !self.constant[s as usize] {
            (self.wasm[s as usize].vn, self.epoch)
        } else {
            return Vn::UNDEF;
        };
        if self.clobbers.last().is_none_or(|&(at, _)| at <= time) {
            return vn;
        }
        let since = self.clobbers.partition_point(|&(at, _)| at <= time);
        match self.clobbers.get(since) {
            Some(&(_, floor)) if floor <= s => Vn::UNDEF,
            _ => vn,
        }
    }

    fn set_wasm(&mut self, s: u32, vn: Vn) {
        let old = std::mem::replace(&mut self.wasm[s as usize], Cell { vn, time: self.now });
        self.record(Undo::Wasm(s, old));
    }

    fn set_code(&mut self, s: u32, vn: Vn) {
        let old = std::mem::replace(&mut self.code[s as usize], Cell { vn, time: self.now });
        self.record(Undo::Code(s, old));
    }

    /// M1 for one live cell.
    #[inline]
    fn compare(&mut self, terms: &mut Terms, s: u32) {
        let differs = !self.constant[s as usize] && self.code(terms, s) != self.wasm(terms, s);
        self.set_mismatch(s, differs);
    }

    #[inline]
    fn set_mismatch(&mut self, s: u32, differs: bool) {
        if self.mismatch.set(s, differs) {
            self.record(Undo::Mismatch(s));
        }
    }

    fn set_constant(&mut self, s: u32, constant: bool) {
        if self.constant[s as usize] != constant {
            self.change_constant(s, constant);
        }
    }

    #[cold]
    fn change_constant(&mut self, s: u32, constant: bool) {
        // M5.
        let stale = self.code[s as usize].time < self.epoch;
        if !constant && stale {
            let unwritten = Cell { vn: Vn::UNDEF, time: self.epoch };
            let old = std::mem::replace(&mut self.code[s as usize], unwritten);
            self.record(Undo::Code(s, old));
        }
        self.constant[s as usize] = constant;
        self.record(Undo::Constant(s));
    }

    /// Whether cell `s` need not be in its slot.
    pub(super) fn is_constant(&self, s: u32) -> bool {
        self.constant[s as usize]
    }

    /// `local.set`, one cell.
    pub(super) fn set_local(&mut self, terms: &mut Terms, s: u32, vn: Vn) {
        self.set_wasm(s, vn);
        self.compare(terms, s);
    }

    /// Pushes a value of one or two cells.
    pub(super) fn push(&mut self, terms: &mut Terms, vn: Vn, wide: bool) {
        let s = self.top;
        self.entries.push(s);
        self.push_cell(terms, vn);
        if wide {
            let high = terms.high(vn);
            self.push_cell(terms, high);
        }
    }

    fn push_cell(&mut self, terms: &mut Terms, vn: Vn) {
        let s = self.top;
        self.top = s + 1;
        // M4.
        if s < self.epoch_base && self.code[s as usize].time < self.epoch {
            let now = self.code(terms, s);
            let old =
                std::mem::replace(&mut self.code[s as usize], Cell { vn: now, time: self.epoch });
            self.record(Undo::Code(s, old));
        }
        self.set_wasm(s, vn);
        self.compare(terms, s);
    }

    /// Pops a value; gives its term and whether it has two cells. `None` from an empty stack.
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
        for s in to..self.top {
            self.set_mismatch(s, false);
            self.set_constant(s, false);
        }
        self.top = to;
    }

    /// Writes a cell of the code side. `base` is the base of the innermost open block.
    pub(super) fn write(&mut self, terms: &mut Terms, s: u32, vn: Vn, base: u32) {
        self.set_code(s, vn);
        if s < self.top {
            if s >= base {
                self.set_constant(s, false);
            }
            self.compare(terms, s);
        }
    }

    /// A call whose callee's frame starts at `floor` (M3).
    pub(super) fn clobber(&mut self, floor: u32) {
        self.now += 1;
        while let Some(&(time, old)) = self.clobbers.last().filter(|&&(_, old)| old >= floor) {
            self.clobbers.pop();
            self.record(Undo::ClobberPopped(time, old));
        }
        self.clobbers.push((self.now, floor));
        self.record(Undo::ClobberPushed);
    }

    /// The lowest cell below `base` where the sides differ.
    pub(super) fn mismatch_below(&self, base: u32) -> Option<u32> {
        self.mismatch.first().filter(|&s| s < base)
    }

    /// A hint's constant: from now on cell `s` of the stack need not be in its slot.
    pub(super) fn declare_constant(&mut self, s: u32) {
        self.set_constant(s, true);
        self.set_mismatch(s, false);
    }

    /// The relation of a label with its base at entry `count`, cell `base`, and these values (true: two cells).
    pub(super) fn label(&mut self, terms: &mut Terms, count: usize, base: u32, values: &[bool]) {
        self.record(Undo::Epoch(self.epoch, self.epoch_base));
        while let Some(s) = self.mismatch.first() {
            self.set_mismatch(s, false);
        }
        self.entries.truncate(count);
        for s in base..self.top.max(base) {
            self.set_constant(s, false);
        }
        self.top = base;
        self.now += 1;
        self.epoch = self.now;
        self.epoch_base = base;
        for &wide in values {
            let s = self.top;
            let vn = terms.phi(self.epoch, s);
            self.set_code(s, vn);
            if wide {
                let high = terms.high(vn);
                self.set_code(s + 1, high);
            }
            self.push(terms, vn, wide);
        }
    }

    /// A point to come back to.
    pub(super) fn mark(&mut self) -> Mark {
        self.marks += 1;
        Mark(self.log.len())
    }

    /// Forgets the newest point.
    pub(super) fn unmark(&mut self) {
        self.marks -= 1;
        if self.marks == 0 {
            self.log.clear();
        }
    }

    /// Restores the cells as they were at the newest point and forgets it. Entries and `top` are the caller's: the
    /// stack is cut to entry `count` at cell `base`, and has these values above.
    pub(super) fn rollback(&mut self, mark: Mark, count: usize, base: u32, values: &[bool]) {
        self.marks -= 1;
        while self.log.len() > mark.0 {
            match self.log.pop() {
                Some(Undo::Wasm(s, cell)) => self.wasm[s as usize] = cell,
                Some(Undo::Code(s, cell)) => self.code[s as usize] = cell,
                Some(Undo::Mismatch(s)) => self.mismatch.flip(s),
                Some(Undo::Constant(s)) => self.constant[s as usize] ^= true,
                Some(Undo::Epoch(epoch, base)) => (self.epoch, self.epoch_base) = (epoch, base),
                Some(Undo::ClobberPushed) => _ = self.clobbers.pop(),
                Some(Undo::ClobberPopped(time, floor)) => self.clobbers.push((time, floor)),
                None => break,
            }
        }
        self.entries.truncate(count);
        self.top = base;
        for &wide in values {
            self.entries.push(self.top);
            self.top += 1 + u32::from(wide);
        }
    }

    /// Restores the code side as it was at the newest point and forgets it; the Wasm side has not moved since.
    pub(super) fn rollback_code(&mut self, mark: Mark) {
        let (entries, top) = (std::mem::take(&mut self.entries), self.top);
        self.rollback(mark, 0, top, &[]);
        (self.entries, self.top) = (entries, top);
    }
}

/// A set of cells with its least member in constant time: bits, and two levels of bits over words that are not zero.
struct Bits {
    levels: [Vec<u64>; 3],
}

impl Bits {
    /// Room for `cells` cells, at most 2¹⁸.
    fn new(cells: usize) -> Bits {
        let words = cells.div_ceil(64).max(1);
        let blocks = words.div_ceil(64);
        Bits { levels: [vec![0; words], vec![0; blocks], vec![0; blocks.div_ceil(64)]] }
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

    fn first(&self) -> Option<u32> {
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
        let mut bits = Bits::new(70_000);
        assert_eq!(bits.first(), None);
        for s in [69_999, 4096, 64, 63] {
            assert!(bits.set(s, true));
            assert!(!bits.set(s, true));
            assert_eq!(bits.first(), Some(s));
        }
        for (s, next) in [(63, Some(64)), (64, Some(4096)), (4096, Some(69_999)), (69_999, None)] {
            assert!(bits.set(s, false));
            assert_eq!(bits.first(), next);
        }
    }
}
