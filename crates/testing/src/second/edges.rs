//! Edges: what must hold where control goes to a label or returns, and which code belongs to a
//! branch; W3 to W6.

use super::code::Transfer;
use super::state::State;
use super::terms::Id;
use super::{Fault, Plant, Verdict, Walk};
use prova_bytecode::{Inst, Rule};
use prova_module::{BlockKind, BrTable};

impl<'m> Walk<'m> {
    /// The position of the label that a branch or clause names.
    pub(super) fn label_at(&self, depth: u32) -> Result<usize, Fault> {
        let at = self.labels.len().checked_sub(1 + depth as usize);
        at.ok_or_else(|| self.fault(Rule::Operators, "a branch to no label"))
    }

    /// W4, the relation.
    pub(super) fn edge(&mut self, state: &State, at: usize) -> Verdict {
        let (base, values) = (self.labels[at].base, self.labels[at].values.len());
        self.settled(state, base)?;
        let first = self.below_top(state, values)?;
        let wanted = state.cells_from(&mut self.terms, first);
        for (cell, want) in (base..).zip(wanted) {
            if state.held(cell) != Some(want) && !self.forgets(Plant::Values) {
                let what = format!("s{cell} is not {}", self.terms.show(want, 3));
                return Err(self.fault(Rule::Values, what));
            }
        }
        Ok(())
    }

    /// Locals and positions below a base are where they belong.
    pub(super) fn settled(&mut self, state: &State, base: u32) -> Verdict {
        let (locals, below) = (!self.forgets(Plant::Locals), !self.forgets(Plant::Below));
        let cells = state.local_cells();
        let mut wrong = state.wrong_below(&mut self.terms, base).into_iter();
        match wrong.find(|&(cell, _)| if cell < cells { locals } else { below }) {
            None => Ok(()),
            Some((cell, want)) => {
                let what = format!("s{cell} is not {}", self.terms.show(want, 3));
                Err(self.fault(Rule::Frozen, what))
            }
        }
    }

    /// W4, the target.
    pub(super) fn aim(&mut self, at: usize, target: Option<u32>) -> Verdict {
        match self.labels[at].word {
            Some(word) => self.leads(target, word),
            None => {
                self.labels[at].word = target;
                match target {
                    Some(_) => Ok(()),
                    None => Err(self.fault(Rule::Labels, "a branch before the code")),
                }
            }
        }
    }

    pub(super) fn leads(&self, target: Option<u32>, word: u32) -> Verdict {
        if target == Some(word) || self.forgets(Plant::Targets) {
            return Ok(());
        }
        Err(self.fault(Rule::Labels, format!("a branch to {target:?}, the label is @{word}")))
    }

    pub(super) fn ends_at(&self, inst: &Inst, word: u32) -> Verdict {
        if inst.next == word || self.forgets(Plant::Extents) {
            return Ok(());
        }
        Err(self.fault(Rule::Extents, format!("the code ends at @{}, not @{word}", inst.next)))
    }

    /// The transfer at the end of an edge's code.
    pub(super) fn arrive(&mut self, state: &State, at: usize, transfer: &Transfer) -> Verdict {
        if self.labels[at].kind == BlockKind::Func {
            return self.returned(state, transfer);
        }
        let Transfer::Jump { target } = *transfer else {
            return Err(self.fault(Rule::Labels, "an edge that does not end in a jump"));
        };
        self.edge(state, at)?;
        self.aim(at, target)
    }

    /// A branch of the code that is an edge itself: W6 forbids it to lead to the body's end.
    fn direct(&mut self, state: &State, at: usize, target: Option<u32>) -> Verdict {
        if self.labels[at].kind == BlockKind::Func {
            return Err(self.fault(Rule::Labels, "a branch where a return belongs"));
        }
        self.edge(state, at)?;
        self.aim(at, target)
    }

    pub(super) fn br(&mut self, mut state: State, depth: u32) -> Verdict {
        let at = self.label_at(depth)?;
        let word = self.hint()?;
        let (inst, transfer) = self.compute_to_transfer(&mut state, word)?;
        self.ends_at(inst, word)?;
        self.arrive(&state, at, &transfer)
    }

    pub(super) fn br_if(&mut self, state: &mut State, condition: Id, depth: u32) -> Verdict {
        let at = self.label_at(depth)?;
        let word = self.hint()?;
        let (inst, transfer) = self.compute_to_transfer(state, word)?;
        let Transfer::Branch { condition: code, target } = transfer else {
            return Err(self.fault(Rule::Conditions, "a br_if without conditional branch"));
        };
        if inst.next == word {
            self.condition(condition, code, true)?;
            return self.direct(state, at, target);
        }
        self.condition(condition, code, false)?;
        self.leads(target, word)?;
        let mut taken = state.clone();
        let (inst, transfer) = self.compute_to_transfer(&mut taken, word)?;
        self.ends_at(inst, word)?;
        self.arrive(&taken, at, &transfer)?;
        self.lose_accumulators(state);
        if self.forgets(Plant::EdgeCode) {
            state.code = taken.code;
        }
        Ok(())
    }

    /// An entry goes to its label, or to code behind the table that ends in a jump there.
    pub(super) fn br_table(&mut self, mut state: State, table: &BrTable<'_>) -> Verdict {
        let index = self.pop(&mut state)?;
        let word = self.hint()?;
        let (inst, transfer) = self.compute_to_transfer(&mut state, word)?;
        let Transfer::Table { index: code } = transfer else {
            return Err(self.fault(Rule::Conditions, "a br_table without table"));
        };
        self.same(Rule::Conditions, index, code, || "the index of a table".to_owned())?;
        let offsets = inst.table_targets(&self.candidate.words);
        let depths: Result<Vec<u32>, _> = table.targets().collect();
        let mut depths = depths.unwrap_or_else(|error| crate::cannot(&error.to_string()));
        depths.push(table.default());
        if offsets.len() != depths.len() {
            return Err(self.fault(Rule::Labels, "a table of another length"));
        }
        let mut stubs = std::collections::BTreeMap::<u32, Vec<usize>>::new();
        for (&offset, &depth) in offsets.iter().zip(&depths) {
            let at = self.label_at(depth)?;
            let target = inst.target(offset as i32);
            match target.filter(|target| (inst.next..word).contains(target)) {
                Some(stub) => stubs.entry(stub).or_default().push(at),
                None => self.direct(&state, at, target)?,
            }
        }
        for (stub, labels) in stubs {
            self.at_word(stub)?;
            let mut taken = state.clone();
            self.lose_accumulators(&mut taken);
            let (_, transfer) = self.compute_to_transfer(&mut taken, word)?;
            let compared = if self.forgets(Plant::SharedEdges) { 1 } else { labels.len() };
            for at in labels.into_iter().take(compared) {
                self.arrive(&taken, at, &transfer)?;
            }
        }
        self.at_word(word)
    }

    /// Code up to a word that returns.
    pub(super) fn returns(&mut self, state: &mut State, word: u32) -> Verdict {
        let (inst, transfer) = self.compute_to_transfer(state, word)?;
        self.ends_at(inst, word)?;
        self.returned(state, &transfer)
    }

    /// W6.
    fn returned(&mut self, state: &State, transfer: &Transfer) -> Verdict {
        let first = self.below_top(state, self.ty.results.len())?;
        let wanted = state.cells_from(&mut self.terms, first);
        let given: Vec<Option<Id>> = match transfer {
            Transfer::Return(None) => {
                (0..wanted.len() as u32).map(|cell| state.held(cell)).collect()
            }
            Transfer::Return(Some(values)) => values.iter().copied().map(Some).collect(),
            Transfer::Branch { .. } | Transfer::Jump { .. } | Transfer::Table { .. } => {
                return Err(self.fault(Rule::Results, "an edge that does not end in a return"));
            }
        };
        let same = given == wanted.into_iter().map(Some).collect::<Vec<_>>();
        if same || self.forgets(Plant::Results) {
            return Ok(());
        }
        Err(self.fault(Rule::Results, "other results"))
    }

    /// W5.
    pub(super) fn condition(&mut self, wasm: Id, code: Id, when: bool) -> Verdict {
        let (want, have) = (self.terms.truth(wasm), self.terms.truth(code));
        let term = want.0 == have.0 || self.forgets(Plant::Conditions);
        if term && ((want.1 == have.1) == when || self.forgets(Plant::Senses)) {
            return Ok(());
        }
        let (want, have) = (self.terms.show(wasm, 3), self.terms.show(code, 3));
        Err(self.fault(Rule::Conditions, format!("branches on {have}, in Wasm {want}: {when}")))
    }
}
