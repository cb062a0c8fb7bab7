//! Parallel moves: the values of a branch, loop or return → copies in an order that reads every
//! source before it is overwritten.
//!
//! `control` fills a [`Moves`] from the top of the operand stack and emits the moves in the order
//! of [`Moves::order`].
//!
//! The values are adjacent entries, and so are their destinations, in the same order. So a value
//! that is in its home slot never moves up (`src ≥ dst`), and ascending order is safe for all of
//! those, also where a v128 overlaps itself. The only danger is a source that is a local, among the
//! slots already written: only a `return` has such sources, because only its destinations are
//! locals (R6). Such a value goes to its home slot first, which no move before its own writes: no
//! scratch slot, no cycles to break, at most twice the copies.
//!
//! # Invariants
//! * M1. Executed in order, the steps leave in each destination what its source held before the
//!   first step.
//! * M2. A step that brings a value home comes before all others.
//!
//! The property test below executes random moves; `tests/enumerate.rs` of `prova-testing` finds
//! faults of the whole.

use crate::stack::{Entry, Place};

/// One move of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// The destination slot.
    pub(crate) dst: u16,
    /// The source slot, or the constant.
    pub(crate) src: Source,
    /// Whether the value has two cells.
    pub(crate) wide: bool,
}

/// The source of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A slot.
    Slot(u16),
    /// A constant cell, of an i32 or f32 if `narrow`.
    Const {
        /// The cell.
        bits: u64,
        /// Whether the value has 32 bits.
        narrow: bool,
    },
}

/// The source of an entry's value.
pub(crate) fn source(entry: &Entry) -> Source {
    match entry.place {
        Place::Home => Source::Slot(entry.home),
        Place::Local(slot) => Source::Slot(slot),
        Place::Const { bits, narrow } => Source::Const { bits, narrow },
    }
}

/// The moves of one branch; the buffer outlives it.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    steps: Vec<Move>,
    homes: Vec<Move>,
}

impl Moves {
    /// Plans the moves of `entries` to the slots from `dst` on.
    pub(crate) fn plan(&mut self, entries: impl Iterator<Item = Entry>, dst: u16) {
        self.steps.clear();
        self.homes.clear();
        let mut next = dst;
        for entry in entries {
            let mut step = Move { dst: next, src: source(&entry), wide: entry.wide };
            // R6: a source among the slots that earlier moves write is brought home first.
            if let Source::Slot(src) = step.src
                && src + entry.cells() > dst
                && src < next
            {
                self.homes.push(Move { dst: entry.home, ..step });
                step.src = Source::Slot(entry.home);
            }
            if step.src != Source::Slot(next) {
                self.steps.push(step);
            }
            next += entry.cells();
        }
    }

    /// Whether nothing has to move.
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// How many steps there are.
    pub(crate) fn len(&self) -> usize {
        self.homes.len() + self.steps.len()
    }

    /// Step `i` in the order of execution (M1, M2).
    pub(crate) fn step(&self, i: usize) -> Move {
        match i.checked_sub(self.homes.len()) {
            None => self.homes[i],
            Some(i) => self.steps[i],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Stack;
    use prova_random::Rng;

    /// M1 for branches and returns over random stacks with v128 values. Green does not show that
    /// the copies are emitted as planned, nor that pairs of them are fused rightly:
    /// `tests/enumerate.rs` of `prova-testing` does.
    #[test]
    fn each_destination_gets_what_its_source_held() {
        let mut random = Rng::new(1);
        let mut moves = Moves::default();
        let mut with_homes = 0;
        for _ in 0..20_000 {
            let local_cells = random.below(6) as u16;
            let mut stack = Stack::default();
            stack.reset(local_cells);
            for _ in 0..random.below(7) {
                let wide = random.below(4) == 0;
                let room = local_cells.saturating_sub(u16::from(wide));
                match random.below(3) {
                    0 => stack.push_home(wide),
                    1 if room > 0 => stack.push_local(random.below(usize::from(room)) as u16, wide),
                    _ => stack.push_const(1000 + random.below(9) as u64, true),
                }
            }
            let base = random.below(stack.height() + 1);
            let from = base + random.below(stack.height() - base + 1);
            let returns = random.below(2) == 0;
            let label =
                if base < stack.height() { stack.get(base).home } else { stack.next_home() };
            let dst = if returns { 0 } else { label };
            let entries: Vec<Entry> = (from..stack.height()).map(|p| stack.get(p)).collect();
            moves.plan(entries.iter().copied(), dst);
            let before: Vec<u64> = (0..64).collect();
            let mut cells = before.clone();
            for i in 0..moves.len() {
                let step = moves.step(i);
                let width = 1 + usize::from(step.wide);
                let value: Vec<u64> = match step.src {
                    Source::Slot(slot) => cells[usize::from(slot)..][..width].to_vec(),
                    Source::Const { bits, .. } => vec![bits],
                };
                cells[usize::from(step.dst)..][..width].copy_from_slice(&value);
            }
            with_homes += usize::from(!moves.homes.is_empty());
            let mut at = usize::from(dst);
            for entry in &entries {
                let width = usize::from(entry.cells());
                let expected = match source(entry) {
                    Source::Slot(slot) => before[usize::from(slot)..][..width].to_vec(),
                    Source::Const { bits, .. } => vec![bits],
                };
                assert_eq!(cells[at..][..width], expected, "{entries:?} to {dst}: {moves:?}");
                at += width;
            }
        }
        assert!(with_homes > 300, "hazards occur: {with_homes}");
    }
}
