//! The walk, recorded: what each operator and each instruction did to the two sides → the steps of an
//! [`Explanation`](crate::check::explain::Explanation).
//!
//! Two places of the walk call here: before each operator ([`Proof::record_operator`]) and after each instruction
//! ([`Proof::record_instruction`]), where a [`History`] hangs on the proof; the check of code that is to run has none, and pays one
//! test at each place. Nothing here decides anything. The two sides are read through the accessors of `state` and `terms` alone.
//!
//! # Invariants
//! * H1. Steps stand in the order of the walk: an operator before the instructions that the walk took to satisfy it. A pure
//!   operator's instructions may come later, when an effect or a control operator asks for them.
//! * H2. The stack of an operator is the one after it, as the next operator finds it; it is missing where control does not
//!   go on or the walk ended.
//!
//! Limits: of a stack the topmost [`STACK_SHOWN`] entries are kept, so a record is linear in operators and instructions.
//! `check/tests/explain.rs` holds records of both kinds of verdict.

use super::super::Walk;
use super::super::explain::{Entry, Place, STACK_SHOWN, Stack, Step, ValueId, Values, Write};
use super::show::{self, Names};
use super::{Buffers, Fault, Proof};
use crate::encode::Inst;
use crate::ops::{Class, Role};
use prova_module::{BinaryReader, Operator, OperatorsReader};
use prova_terms::{Term, Terms, Vn};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Instructions among which the write of a value is looked for that the walk has not yet asked for (H1).
const PENDING_MAX: usize = 64;

/// What a walk has recorded.
#[derive(Default)]
pub(super) struct History {
    steps: Vec<Step>,
    /// The entries of `steps` whose place is to be settled: step, entry, local whose copy it may be.
    sources: Vec<(usize, Vec<Option<u32>>)>,
    /// The step of the newest operator.
    operator: Option<usize>,
    /// The local that the newest operator copies to the stack, or from it.
    copied: Option<u32>,
    /// For each stack entry the local whose copy it may be.
    stack: Vec<Option<u32>>,
    /// The offset of the operator behind which an epoch of `state` began.
    labels: BTreeMap<u32, u32>,
    /// The offset of the newest operator.
    offset: u32,
    /// The mnemonics of the instructions that performed the effects so far.
    effects: Vec<&'static str>,
    numbers: RefCell<Numbers>,
}

/// The numbers of values, in the order in which they are first mentioned; 0 is that of no value.
#[derive(Default)]
pub(super) struct Numbers {
    list: Vec<Vn>,
    of: BTreeMap<Vn, u32>,
}

impl Numbers {
    /// The number of a value, a new one if it has none.
    pub(super) fn number(&mut self, vn: Vn) -> ValueId {
        if vn == Vn::UNDEF {
            return ValueId(0);
        }
        let next = self.list.len() as u32 + 1;
        let number = *self.of.entry(vn).or_insert(next);
        if number == next {
            self.list.push(vn);
        }
        ValueId(number)
    }

    /// The value whose number is `i + 1`.
    pub(super) fn listed(&self, i: usize) -> Option<Vn> {
        self.list.get(i).copied()
    }

    /// The value of a number.
    pub(super) fn value(&self, number: ValueId) -> Vn {
        let i = (number.0 as usize).checked_sub(1);
        i.and_then(|i| self.list.get(i)).copied().unwrap_or(Vn::UNDEF)
    }
}

/// A walk and how it ended.
pub(in crate::check) struct Recorded {
    pub(in crate::check) verdict: Result<(), (u32, Fault)>,
    pub(in crate::check) steps: Vec<Step>,
    pub(in crate::check) values: Values,
}

/// Walks over a candidate as [`prove`](super::prove) does, and records it.
pub(in crate::check) fn explain(form: &mut Walk<'_>) -> Recorded {
    let terms = RefCell::new(Terms::new());
    let mut proof = match Proof::new(form, &terms, Buffers::default()) {
        Ok(proof) => proof,
        Err(fault) => {
            let (steps, values) = (Vec::new(), Values::default());
            return Recorded { verdict: Err((0, fault)), steps, values };
        }
    };
    proof.history = Some(Box::default());
    let verdict = proof.walk().map_err(|fault| (proof.at, fault));
    let history = proof.history.take().map_or_else(History::default, |history| *history);
    let locals = std::mem::take(&mut proof.locals);
    let terms = &*terms.borrow();
    let labels = history.labels.clone();
    let effects = (1..).zip(history.effects.iter().copied()).collect();
    let (steps, mut numbers) = history.settle(&locals, terms);
    let names = Names { locals: &locals, labels: &labels, effects };
    let values = show::values(terms, &names, &mut numbers);
    Recorded { verdict, steps, values }
}

impl Proof<'_, '_> {
    /// Called before an operator; `self.offset` is its.
    #[cold]
    pub(super) fn record_operator(&mut self, reader: &BinaryReader<'_>) {
        let Some(mut history) = self.history.take() else { return };
        let operator = OperatorsReader::new(reader.clone()).read().ok();
        history.labels.entry(self.state.epoch()).or_insert(history.offset);
        history.offset = self.offset;
        self.close_operator(&mut history);
        history.operator = Some(history.steps.len());
        history.copied = match operator {
            Some(Operator::LocalGet { local_index } | Operator::LocalTee { local_index }) => {
                Some(local_index)
            }
            _ => None,
        };
        let (offset, reachable) = (self.offset, self.live);
        history.steps.push(Step::Operator { offset, reachable, stack: None });
        self.history = Some(history);
    }

    /// The stack after the newest operator (H2).
    fn close_operator(&mut self, history: &mut History) {
        let Some(at) = history.operator.take().filter(|_| self.live) else { return };
        let height = self.state.entries();
        history.stack.resize(height, None);
        if let (Some(local), Some(top)) = (history.copied, history.stack.last_mut()) {
            *top = Some(local);
        }
        let first = height.saturating_sub(STACK_SHOWN);
        let mut top = Vec::with_capacity(height - first);
        for i in first..height {
            let slot = self.state.entry_cell(i);
            let vn = self.state.wasm(slot);
            let home = self.state.code(slot) == vn;
            let place = if home { Place::Home } else { Place::Fused };
            top.push(Entry { slot, value: history.number(vn), place });
        }
        // A local that holds the value already; what the code writes later is seen when all steps are known.
        let mut sources = history.stack[first..].to_vec();
        for (entry, source) in top.iter_mut().zip(&mut sources) {
            let Some(local) = *source else { continue };
            let (cell, _) = self.locals[local as usize];
            let value = history.numbers.get_mut().value(entry.value);
            if entry.place == Place::Fused && self.state.code(cell) == value {
                entry.place = Place::Local(local);
                *source = None;
            }
        }
        history.sources.push((at, sources));
        if let Step::Operator { stack, .. } = &mut history.steps[at] {
            *stack = Some(Stack { height, top });
        }
    }

    /// Called after an instruction.
    #[cold]
    pub(super) fn record_instruction(&mut self, inst: &Inst) {
        let Some(mut history) = self.history.take() else { return };
        let performed = !self.awaited && (history.effects.len() as u32) < self.effects;
        if performed {
            history.effects.push(inst.op.mnemonic());
        }
        let mut slots = Vec::new();
        for (i, operand) in inst.op.operands().iter().enumerate() {
            if operand.role == Role::Result {
                slots.push(inst.values[i] as u32);
            }
        }
        if performed && returns(inst.op.class()) {
            let window = inst.values[0] as u32;
            slots.extend((0..self.call_results.len() as u32).map(|i| window + i));
        }
        let write = |slot| Write { slot, value: history.number(self.state.code(slot)) };
        let writes = slots.into_iter().map(write).collect();
        history.steps.push(Step::Instruction {
            word: inst.at,
            offset: self.mapped(inst.at),
            writes,
            effect: performed.then_some(history.effects.len() as u32),
        });
        self.history = Some(history);
    }

    /// The offset that the map gives to a word.
    fn mapped(&self, word: u32) -> u32 {
        let map = &self.candidate.map;
        let entry = map.partition_point(|entry| entry.word <= word).saturating_sub(1);
        map.get(entry).map_or(0, |entry| entry.offset)
    }
}

/// Whether results come to the window of an instruction of this class.
fn returns(class: Class) -> bool {
    matches!(class, Class::call | Class::call_import | Class::call_indirect | Class::call_ref)
}

impl History {
    /// The number of a value in the record.
    pub(super) fn number(&self, vn: Vn) -> ValueId {
        self.numbers.borrow_mut().number(vn)
    }

    /// The steps, with the places of values that the code computes only after the operator (H1).
    fn settle(mut self, locals: &[(u32, bool)], terms: &Terms) -> (Vec<Step>, Numbers) {
        let numbers = self.numbers.take();
        for (at, sources) in std::mem::take(&mut self.sources) {
            let Step::Operator { offset, stack: Some(stack), .. } = &self.steps[at] else {
                continue;
            };
            let (until, mut stack) = (*offset, stack.clone());
            let pending: Vec<Write> = self.steps[at + 1..]
                .iter()
                .take(PENDING_MAX)
                .filter_map(|step| match step {
                    Step::Instruction { offset, writes, .. } if *offset <= until => Some(writes),
                    _ => None,
                })
                .flatten()
                .copied()
                .collect();
            let written = |slot, value| pending.contains(&Write { slot, value });
            for (entry, source) in stack.top.iter_mut().zip(sources) {
                if entry.place != Place::Fused {
                    continue;
                }
                let local = source.filter(|&x| written(locals[x as usize].0, entry.value));
                let term = terms.term(numbers.value(entry.value));
                entry.place = match local {
                    _ if written(entry.slot, entry.value) => Place::Home,
                    Some(local) => Place::Local(local),
                    None if matches!(term, Term::Const(_) | Term::Const128(_)) => Place::Constant,
                    None => Place::Fused,
                };
            }
            if let Step::Operator { stack: to, .. } = &mut self.steps[at] {
                *to = Some(stack);
            }
        }
        (self.steps, numbers)
    }
}
