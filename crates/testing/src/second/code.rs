//! The code's side of the walk: instructions taken in the order of their words, each evaluated in
//! the state at hand.
//!
//! Between two things that the Wasm does, the code may only compute. The Wasm's operator must match
//! the next thing other than computing that the code does: the same effect on the same arguments
//! ([`Walk::demand`]), or a transfer of control, up to a word that a hint names
//! ([`Walk::compute_to_transfer`]).

use super::rows::{Does, Effect, Node, Place, Row, read};
use super::state::State;
use super::terms::{Id, Term};
use super::{Fault, Plant, Verdict, Walk};
use prova_bytecode::{Class, Inst, Op, RegClass, Rule};
use prova_module::ValType;

/// The effect of the Wasm at an operator.
pub(super) struct Demand {
    pub(super) effect: Effect,
    pub(super) args: Vec<Id>,
    /// Of a call or throw: the cells of its values, and the cells that come back.
    pub(super) call: Option<(Vec<Id>, Vec<Id>)>,
}

/// A transfer of control by the code.
pub(super) enum Transfer {
    Branch { condition: Id, target: Option<u32> },
    Jump { target: Option<u32> },
    Table { index: Id },
    Return(Option<Vec<Id>>),
}

impl<'m> Walk<'m> {
    /// The word of the next instruction.
    pub(super) fn word(&self) -> u32 {
        self.insts.get(self.next).map_or(self.end, |inst| inst.at)
    }

    fn take(&mut self) -> Result<(&'m Inst, Row), Fault> {
        let inst = self.insts.get(self.next);
        let inst = inst.ok_or_else(|| self.fault(Rule::End, "the code ends too early"))?;
        self.at = inst.at;
        self.next += 1;
        Ok((inst, read(inst)))
    }

    /// Whether there is an instruction before a word. Instructions that a planted fault hides are
    /// passed over.
    fn goes_on(&mut self, word: u32) -> bool {
        while let Some(inst) = self.insts.get(self.next).filter(|inst| inst.at < word) {
            let unseen = inst.op == Op::Charge && self.forgets(Plant::Charges)
                || inst.op == Op::Poll && self.forgets(Plant::Polls);
            if !unseen {
                return true;
            }
            self.next += 1;
        }
        false
    }

    pub(super) fn at_word(&self, word: u32) -> Verdict {
        if self.word() == word || self.forgets(Plant::Extents) {
            return Ok(());
        }
        let what = format!("a hint says @{word}, the code is at @{}", self.word());
        Err(self.fault(Rule::Extents, what))
    }

    /// The name of the first result of the effect that comes next.
    pub(super) fn coming(&mut self, index: u32) -> Id {
        self.terms.of(Term::Result { effect: self.effects + 1, index })
    }

    /// Lets the code compute until it has an effect, which must be this one; gives its first
    /// result.
    pub(super) fn demand(&mut self, state: &mut State, demand: &Demand) -> Result<Id, Fault> {
        let given = self.coming(0);
        self.effects += 1;
        loop {
            self.goes_on(u32::MAX);
            let (inst, row) = self.take()?;
            match row.does {
                Does::Compute(results) => self.compute(state, inst, &row.nodes, &results)?,
                Does::Act { effect, ref args, result, .. } => {
                    let values = self.values(state, &row.nodes, Some(given))?;
                    let args: Vec<Id> = args.iter().map(|&arg| values[arg]).collect();
                    self.same_effect(demand, effect, &args)?;
                    let asks = inst.op == Op::Poll;
                    if asks || matches!(inst.op.class(), Class::effect | Class::effect0) {
                        self.lose_accumulators(state);
                    }
                    if let Some((place, value)) = result {
                        self.put(state, place, values[value]);
                    }
                    break;
                }
                Does::Call { effect, window, ref args, ends } => {
                    self.call(state, demand, (effect, window, ends), &row.nodes, args)?;
                    if matches!(inst.op.class(), Class::aggregate | Class::allocate | Class::shared)
                    {
                        self.lose_accumulators(state);
                    }
                    break;
                }
                Does::Branch { .. } | Does::Jump { .. } | Does::Table { .. } | Does::Return(_) => {
                    let what = format!("{} before {}", inst.op.mnemonic(), demand.effect.name);
                    return Err(self.fault(Rule::Effects, what));
                }
                Does::Stub => return Err(self.fault(Rule::Effects, "a stub")),
            }
        }
        Ok(given)
    }

    fn same_effect(&self, demand: &Demand, effect: Effect, args: &[Id]) -> Verdict {
        let other = effect != demand.effect || args.len() != demand.args.len();
        if other && !self.forgets(Plant::Effects) {
            let what = format!("{effect:?}, in Wasm {:?}", demand.effect);
            return Err(self.fault(Rule::Effects, what));
        }
        let compared = if self.forgets(Plant::Arguments) { 0 } else { args.len() };
        for (i, (&have, &want)) in args.iter().zip(&demand.args).enumerate().take(compared) {
            self.same(Rule::Effects, want, have, || format!("argument {i} of {}", effect.name))?;
        }
        let mapped = self.mapped(self.at);
        if mapped != self.offset && !self.forgets(Plant::Places) {
            let what = format!("{} is mapped to {mapped:#x}, not {:#x}", effect.name, self.offset);
            return Err(self.fault(Rule::Places, what));
        }
        Ok(())
    }

    /// A call's values are read at its window; one that comes back leaves its results there and
    /// nothing else above.
    fn call(
        &mut self,
        state: &mut State,
        demand: &Demand,
        (effect, window, ends): (Effect, u32, bool),
        nodes: &[Node],
        args: &[usize],
    ) -> Verdict {
        let values = self.values(state, nodes, None)?;
        let args: Vec<Id> = args.iter().map(|&arg| values[arg]).collect();
        let Some((passed, results)) = &demand.call else {
            let what = format!("{}, in Wasm {:?}", effect.name, demand.effect);
            return Err(self.fault(Rule::Effects, what));
        };
        if !ends && window < state.top() && !self.forgets(Plant::Windows) {
            let what = format!("a window at s{window}, below s{}, which lives", state.top());
            return Err(self.fault(Rule::Live, what));
        }
        for (slot, &want) in (window..).zip(passed) {
            let have = self.held(state, slot)?;
            if !self.forgets(Plant::Passed) {
                self.same(Rule::Effects, want, have, || format!("the argument in s{slot}"))?;
            }
        }
        self.same_effect(demand, effect, &args)?;
        if !ends {
            if !self.forgets(Plant::Clobbers) {
                state.lose_from(window);
            }
            for (slot, &result) in (window..).zip(results) {
                state.write(slot, result);
            }
        }
        Ok(())
    }

    /// Lets the code compute up to a word, at which an instruction begins.
    pub(super) fn compute_to(&mut self, state: &mut State, word: u32) -> Verdict {
        while self.goes_on(word) {
            let (inst, row) = self.take()?;
            match row.does {
                Does::Compute(results) => self.compute(state, inst, &row.nodes, &results)?,
                Does::Act { .. } | Does::Call { .. } => {
                    return Err(self.fault(Rule::Effects, inst.op.mnemonic()));
                }
                Does::Branch { .. } | Does::Jump { .. } | Does::Table { .. } | Does::Return(_) => {
                    return Err(self.fault(Rule::Labels, inst.op.mnemonic()));
                }
                Does::Stub => return Err(self.fault(Rule::Effects, "a stub")),
            }
        }
        self.at_word(word)
    }

    /// Lets the code compute up to a transfer of control, which starts before a word.
    pub(super) fn compute_to_transfer(
        &mut self,
        state: &mut State,
        word: u32,
    ) -> Result<(&'m Inst, Transfer), Fault> {
        while self.goes_on(word) {
            let (inst, row) = self.take()?;
            let transfer = match row.does {
                Does::Compute(results) => {
                    self.compute(state, inst, &row.nodes, &results)?;
                    continue;
                }
                Does::Act { .. } | Does::Call { .. } => {
                    return Err(self.fault(Rule::Effects, inst.op.mnemonic()));
                }
                Does::Branch { first, condition, target } => {
                    let values = self.values(state, &row.nodes, None)?;
                    self.put_all(state, first, &values);
                    Transfer::Branch { condition: values[condition], target }
                }
                Does::Jump { first, target } => {
                    let values = self.values(state, &row.nodes, None)?;
                    self.put_all(state, first, &values);
                    Transfer::Jump { target }
                }
                Does::Table { index } => {
                    Transfer::Table { index: self.values(state, &row.nodes, None)?[index] }
                }
                Does::Return(None) => Transfer::Return(None),
                Does::Return(Some(results)) => {
                    let values = self.values(state, &row.nodes, None)?;
                    Transfer::Return(Some(results.iter().map(|&at| values[at]).collect()))
                }
                Does::Stub => return Err(self.fault(Rule::Effects, "a stub")),
            };
            return Ok((inst, transfer));
        }
        Err(self.fault(Rule::Labels, "the code goes on where the Wasm does not"))
    }

    fn compute(
        &mut self,
        state: &mut State,
        inst: &Inst,
        nodes: &[Node],
        results: &[(Place, usize)],
    ) -> Verdict {
        let values = self.values(state, nodes, None)?;
        let from_slot = inst.op == Op::CopyF32 && inst.marks.source() == 0;
        if from_slot && !self.is_narrow_param(values[0]) && !self.forgets(Plant::NarrowCopies) {
            return Err(self.fault(Rule::Kinds, "32 bits are copied of what may have more"));
        }
        self.put_all(state, results.iter().copied(), &values);
        if inst.op == Op::Heat {
            self.lose_accumulators(state);
        }
        Ok(())
    }

    fn put_all(
        &mut self,
        state: &mut State,
        results: impl IntoIterator<Item = (Place, usize)>,
        values: &[Id],
    ) {
        for (place, value) in results {
            self.put(state, place, values[value]);
        }
    }

    /// Whether a value is a parameter of 32 bits.
    fn is_narrow_param(&self, value: Id) -> bool {
        let &Term::Param(cell) = self.terms.get(value) else { return false };
        let params = &self.module.func_type(self.candidate.func).params;
        let mut at = 0;
        params.iter().any(|&ty| {
            let here = at == cell;
            at += if ty == ValType::V128 { 2 } else { 1 };
            here && matches!(ty, ValType::I32 | ValType::F32)
        })
    }

    fn put(&mut self, state: &mut State, place: Place, value: Id) {
        if let Some(class) = place.accumulator {
            state.accumulators[class as usize] = Some(value);
        }
        let Some(slot) = place.slot else { return };
        state.write(slot, value);
        if place.wide {
            state.write(slot + 1, self.terms.high(value));
        }
    }

    /// Nothing is known of the accumulators from here on.
    pub(super) fn lose_accumulators(&self, state: &mut State) {
        if !self.forgets(Plant::Accumulators) {
            state.accumulators = [None; 3];
        }
    }

    fn accumulator(&mut self, state: &State, class: RegClass) -> Result<Id, Fault> {
        let what = "an accumulator is read, but nothing is known to be there";
        state.accumulators[class as usize].ok_or_else(|| self.fault(Rule::Initialised, what))
    }

    fn held(&mut self, state: &State, slot: u32) -> Result<Id, Fault> {
        if state.held(slot).is_none() && self.forgets(Plant::Initialised) {
            return Ok(self.terms.of(Term::Label { label: u32::MAX, cell: slot }));
        }
        let what = || format!("s{slot} is read, but nothing is known to be there");
        state.held(slot).ok_or_else(|| self.fault(Rule::Initialised, what()))
    }

    /// The terms of a row's nodes.
    fn values(
        &mut self,
        state: &State,
        nodes: &[Node],
        given: Option<Id>,
    ) -> Result<Vec<Id>, Fault> {
        let mut values: Vec<Id> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let value = match node {
                Node::Cell(slot) => self.held(state, *slot)?,
                Node::Accumulator(class) => self.accumulator(state, *class)?,
                Node::Vector(slot) => {
                    let (low, high) = (self.held(state, *slot)?, self.held(state, slot + 1)?);
                    self.terms.cells(low, high)
                }
                Node::Const(bits) => self.terms.constant(*bits),
                Node::Const128(bits) => self.terms.of(Term::Const128(*bits)),
                Node::Given => given.unwrap_or_else(|| crate::cannot("a result without an effect")),
                Node::Num(num, args) => {
                    let args: Vec<Id> = args.iter().map(|&arg| values[arg]).collect();
                    self.terms.num(*num, &args)
                }
                Node::Second(first) => self.terms.of(Term::Second(values[*first])),
                Node::Select([a, b, c]) => {
                    self.terms.of(Term::Select(values[*a], values[*b], values[*c]))
                }
                Node::IsNull(a) => self.terms.of(Term::IsNull(values[*a])),
            };
            values.push(value);
        }
        Ok(values)
    }
}
