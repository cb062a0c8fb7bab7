//! The walk, recorded: what each operator and each instruction did to the two sides → the steps of
//! an [`Explanation`].
//!
//! The walk calls the [`Observer`] before each operator and after each instruction; the two sides
//! are read through [`Sides`].
//!
//! # Invariants
//! * J1. Steps stand in the order of the walk: an operator before the instructions that the walk
//!   took to satisfy it. A pure operator's instructions may come later, when an effect or a control
//!   operator asks for them.
//! * J2. The stack of an operator is the one after it, as the next operator finds it; it is missing
//!   where control does not go on or the walk ended.
//!
//! Limits: of a stack the topmost [`STACK_SHOWN`] entries are kept, so a record is linear in
//! operators and instructions. `tests/refusals.rs` holds records of both kinds of verdict.

use super::show::{self, Names};
use super::{
    Difference, Entry, Explanation, Place, STACK_SHOWN, Stack, Step, ValueId, Values, Write,
};
use prova_bytecode::check::{
    CheckError, Difference as Differing, Observer, Sides, accumulator_cell,
};
use prova_bytecode::{Candidate, Class, Inst, Role};
use prova_module::{Module, Operator, OperatorsReader};
use prova_terms::{Term, Terms, Vn};
use std::collections::BTreeMap;

/// Instructions among which the write of a value is looked for that the walk has not yet asked for
/// (J1).
const PENDING_MAX: usize = 64;

/// The record of a walk.
pub(super) struct Record<'a> {
    candidate: &'a Candidate,
    /// The operators from the walk's place on.
    operators: Option<OperatorsReader<'a>>,
    /// The first cell of each local.
    locals: Vec<u32>,
    steps: Vec<Step>,
    /// The entries of `steps` whose place is to be settled: step, and for each entry the local
    /// whose copy it may be.
    sources: Vec<(usize, Vec<Option<u32>>)>,
    /// The step of the newest operator.
    operator: Option<usize>,
    /// The local that the newest operator copies to the stack, or from it.
    copied: Option<u32>,
    /// For each stack entry the local whose copy it may be.
    stack: Vec<Option<u32>>,
    /// The offset of the operator behind which a label's values begin.
    labels: BTreeMap<u32, u32>,
    /// The offset of the newest operator.
    offset: u32,
    /// The mnemonics of the instructions that performed the effects so far.
    effects: Vec<&'static str>,
    numbers: Numbers,
    values: Values,
    difference: Option<Difference>,
}

/// The numbers of values, in the order in which they are first mentioned; 0 stands for no value.
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

impl<'a> Record<'a> {
    pub(super) fn new(module: &'a Module, candidate: &'a Candidate) -> Record<'a> {
        let body = module.body(candidate.func);
        let mut locals = Vec::new();
        let mut first = 0;
        for ty in body.iter().flat_map(|body| body.local_types()) {
            locals.push(first);
            first += prova_module::cells(ty);
        }
        Record {
            candidate,
            operators: body.map(|body| body.operators()),
            locals,
            steps: Vec::new(),
            sources: Vec::new(),
            operator: None,
            copied: None,
            stack: Vec::new(),
            labels: BTreeMap::new(),
            offset: 0,
            effects: Vec::new(),
            numbers: Numbers::default(),
            values: Values::default(),
            difference: None,
        }
    }

    /// The explanation of the walk that ended with a verdict.
    pub(super) fn explanation(self, verdict: Result<(), CheckError>) -> Explanation {
        let Record { steps, values, difference, .. } = self;
        Explanation { verdict, steps, values, difference }
    }
}

impl Observer for &mut Record<'_> {
    fn operator(&mut self, sides: &Sides<'_>) {
        self.labels.entry(sides.label()).or_insert(self.offset);
        self.offset = sides.offset;
        self.close_operator(sides);
        self.operator = Some(self.steps.len());
        let operator = self.operators.as_mut().and_then(|operators| operators.read().ok());
        self.copied = match operator {
            Some(Operator::LocalGet { local_index } | Operator::LocalTee { local_index }) => {
                Some(local_index)
            }
            _ => None,
        };
        let (offset, reachable) = (sides.offset, sides.live);
        self.steps.push(Step::Operator { offset, reachable, stack: None });
    }

    fn instruction(&mut self, sides: &Sides<'_>, inst: &Inst) {
        let performed = (self.effects.len() as u32) < sides.effects;
        if performed {
            self.effects.push(inst.op.mnemonic());
        }
        let mut slots = Vec::new();
        for (i, operand) in inst.op.operands().iter().enumerate() {
            if operand.role == Role::Result && !inst.marks.is_muted() {
                slots.push(inst.values[i] as u32);
            }
        }
        if inst.marks.is_muted() {
            slots.extend(inst.op.info().accumulators.result.map(accumulator_cell));
        }
        if performed && returns(inst.op.class()) {
            let window = inst.values[0] as u32;
            slots.extend((0..sides.results as u32).map(|i| window + i));
        }
        let mut write = |slot| Write { slot, value: self.numbers.number(sides.code(slot)) };
        let writes = slots.into_iter().map(&mut write).collect();
        self.steps.push(Step::Instruction {
            word: inst.at,
            offset: self.mapped(inst.at),
            writes,
            effect: performed.then_some(self.effects.len() as u32),
        });
    }

    fn end(&mut self, terms: &Terms, difference: Option<&Differing>) {
        if let Some(it) = difference {
            let (wasm, code) = (self.numbers.number(it.wasm), self.numbers.number(it.code));
            self.difference = Some(Difference { component: it.component, wasm, code });
        }
        self.settle(terms);
        let effects = (1..).zip(self.effects.iter().copied()).collect();
        let names = Names { locals: &self.locals, labels: &self.labels, effects };
        self.values = show::values(terms, &names, &mut self.numbers);
    }
}

impl Record<'_> {
    /// The stack after the newest operator (J2).
    fn close_operator(&mut self, sides: &Sides<'_>) {
        let Some(at) = self.operator.take().filter(|_| sides.live) else { return };
        let height = sides.height();
        self.stack.resize(height, None);
        if let (Some(local), Some(top)) = (self.copied, self.stack.last_mut()) {
            *top = Some(local);
        }
        let first = height.saturating_sub(STACK_SHOWN);
        let mut top = Vec::with_capacity(height - first);
        for i in first..height {
            let slot = sides.home(i);
            let vn = sides.wasm(slot);
            let home = sides.code(slot) == vn;
            let place = if home { Place::Home } else { Place::Fused };
            top.push(Entry { slot, value: self.numbers.number(vn), place });
        }
        // A local that holds the value already; what the code writes later is seen when all steps
        // are known.
        let mut sources = self.stack[first..].to_vec();
        for (entry, source) in top.iter_mut().zip(&mut sources) {
            let Some(local) = *source else { continue };
            let value = self.numbers.value(entry.value);
            if entry.place == Place::Fused && sides.code(self.locals[local as usize]) == value {
                entry.place = Place::Local(local);
                *source = None;
            }
        }
        self.sources.push((at, sources));
        if let Step::Operator { stack, .. } = &mut self.steps[at] {
            *stack = Some(Stack { height, top });
        }
    }

    /// The offset that the map gives to a word.
    fn mapped(&self, word: u32) -> u32 {
        let map = &self.candidate.map;
        let entry = map.partition_point(|entry| entry.word <= word).saturating_sub(1);
        map.get(entry).map_or(0, |entry| entry.offset)
    }

    /// Finds the places of values that the code computes only after the operator (J1).
    fn settle(&mut self, terms: &Terms) {
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
                let local = source.filter(|&x| written(self.locals[x as usize], entry.value));
                let term = terms.term(self.numbers.value(entry.value));
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
    }
}

/// Whether results come to the window of an instruction of this class.
fn returns(class: Class) -> bool {
    matches!(class, Class::call | Class::call_import | Class::call_indirect | Class::call_ref)
}
