//! The contents of both sides at one place of the walk: plain lists, copied wherever the walk
//! divides.
//!
//! The Wasm side has a term for each cell of its locals and for each entry of its operand stack.
//! The code side has, for each cell of its frame, the term that is there, or nothing. Locals have
//! their slots first, then each operand-stack position its home slot.
//!
//! # The relation
//! An edge to a label is right if every local is in its slot, every position below the label's base
//! is in its home slot, and the label's values, which are the top of the stack, are in the home
//! slots from the base on. Behind the label this is all that is known: each local and each value
//! has a new name, what was below the base is what it was, and everything else is nothing. Nothing
//! is known of accumulators behind a label, behind a call, in the second of two ways that part, or
//! behind an operation of the store that may trap.
//!
//! Everything is compared at every edge; nothing is remembered about what changed.

use super::terms::{Id, Term, Terms};

/// An entry of the operand stack.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its home slot.
    pub(super) cell: u32,
    pub(super) value: Id,
    /// Whether it has two cells.
    pub(super) wide: bool,
}

impl Entry {
    fn end(&self) -> u32 {
        self.cell + 1 + u32::from(self.wide)
    }
}

#[derive(Clone, Debug)]
pub(super) struct State {
    /// A term for each cell of the locals.
    pub(super) locals: Vec<Id>,
    pub(super) stack: Vec<Entry>,
    /// The known contents of the frame.
    pub(super) code: Vec<Option<Id>>,
    /// The known contents of the accumulators, by class.
    pub(super) accumulators: [Option<Id>; 3],
}

impl State {
    /// The entry of a function: parameters, then zeros; `locals` says for each local whether it has
    /// two cells.
    pub(super) fn at_entry(
        terms: &mut Terms,
        locals: &[bool],
        param_cells: u32,
        cells: usize,
    ) -> State {
        let mut state = State {
            locals: Vec::new(),
            stack: Vec::new(),
            code: vec![None; cells],
            accumulators: [None; 3],
        };
        for &wide in locals {
            let cell = state.locals.len() as u32;
            let value = if cell < param_cells {
                terms.of(Term::Param(cell))
            } else if wide {
                terms.of(Term::Const128(0))
            } else {
                terms.constant(0)
            };
            state.locals.extend(cells_of(terms, value, wide));
        }
        for (cell, &term) in state.locals.iter().enumerate() {
            state.code[cell] = Some(term);
        }
        state
    }

    pub(super) fn local_cells(&self) -> u32 {
        self.locals.len() as u32
    }

    /// The cell after the newest entry.
    pub(super) fn top(&self) -> u32 {
        self.stack.last().map_or(self.local_cells(), Entry::end)
    }

    pub(super) fn push(&mut self, value: Id, wide: bool) {
        let entry = Entry { cell: self.top(), value, wide };
        self.stack.push(entry);
    }

    pub(super) fn pop(&mut self) -> Option<Entry> {
        self.stack.pop()
    }

    /// The terms of the cells of the entries from `first` on.
    pub(super) fn cells_from(&self, terms: &mut Terms, first: usize) -> Vec<Id> {
        let entries = &self.stack[first..];
        entries.iter().flat_map(|entry| cells_of(terms, entry.value, entry.wide)).collect()
    }

    /// The value that the code side has in a cell.
    pub(super) fn held(&self, cell: u32) -> Option<Id> {
        self.code.get(cell as usize).copied().flatten()
    }

    /// An instruction writes a cell; one outside of the frame, which F5 refuses, is nowhere.
    pub(super) fn write(&mut self, cell: u32, term: Id) {
        if let Some(held) = self.code.get_mut(cell as usize) {
            *held = Some(term);
        }
    }

    /// A call's frame starts at `window`: the contents from there on are lost.
    pub(super) fn lose_from(&mut self, window: u32) {
        let from = (window.max(self.local_cells()) as usize).min(self.code.len());
        self.code[from..].fill(None);
        self.accumulators = [None; 3];
    }

    /// The cells that are not what they must be: of the locals, and of the positions below `base`.
    /// With the terms that they should hold.
    pub(super) fn wrong_below(&self, terms: &mut Terms, base: u32) -> Vec<(u32, Id)> {
        let mut expected: Vec<(u32, Id)> = (0..).zip(self.locals.iter().copied()).collect();
        for entry in &self.stack {
            let cells = cells_of(terms, entry.value, entry.wide);
            let cells = (entry.cell..).zip(cells).filter(|(cell, _)| *cell < base);
            expected.extend(cells);
        }
        expected.retain(|(cell, term)| self.held(*cell) != Some(*term));
        expected
    }

    /// The state behind a label with this number. `below` are the entries under its base, `values`
    /// says of each of its values whether it has two cells.
    pub(super) fn behind_label(
        terms: &mut Terms,
        label: u32,
        from: &Below,
        values: &[bool],
    ) -> State {
        let mut state = State {
            locals: (0..from.local_cells)
                .map(|cell| terms.of(Term::Label { label, cell }))
                .collect(),
            stack: from.entries.clone(),
            code: vec![None; from.cells],
            accumulators: [None; 3],
        };
        for &wide in values {
            let cell = state.top();
            let value = terms.of(Term::Label { label, cell });
            state.push(value, wide);
        }
        let mut known: Vec<(u32, Id)> = (0..).zip(state.locals.iter().copied()).collect();
        for entry in &state.stack {
            let cells = cells_of(terms, entry.value, entry.wide);
            known.extend((entry.cell..).zip(cells));
        }
        for (cell, term) in known {
            state.code[cell as usize] = Some(term);
        }
        state
    }
}

/// The state below the base of a block, which nothing inside can change.
#[derive(Clone, Debug)]
pub(super) struct Below {
    entries: Vec<Entry>,
    local_cells: u32,
    cells: usize,
}

impl Below {
    /// Below entry `count` of a state.
    pub(super) fn new(state: &State, count: usize) -> Below {
        Below {
            entries: state.stack[..count].to_vec(),
            local_cells: state.local_cells(),
            cells: state.code.len(),
        }
    }
}

/// The terms of a value's cells.
fn cells_of(terms: &mut Terms, value: Id, wide: bool) -> Vec<Id> {
    if wide { vec![value, terms.high(value)] } else { vec![value] }
}
