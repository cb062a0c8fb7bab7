//! A second opinion on candidates: one function's Wasm and bytecode → accepted, or the place and
//! the rule that is broken.
//!
//! ```text
//! Candidate ─ form ─► instructions ─┐
//!                                   ├─ walk: control, …, code over state ─► accepted, or Refusal
//! body ─────────────► operators ────┘
//! ```
//!
//! The check (`prova_bytecode::check`) is fast: it takes labels in constant time, undoes what an
//! arm has done, and remembers where both sides differ. This is the same set of rules in the
//! slowest and plainest way. Blocks are walked by recursion, a state is copied where the walk
//! divides, a label makes a new state, and every cell is compared at every edge. Shared are the op
//! table and the decoder, the list of numeric operators, `FuncFacts` and the module; not shared are
//! the check's state, its control, its terms, its reading of the Wasm and its reading of the form.
//!
//! # The rules
//! The form is F1 to F15 of the check's header (`form`). Then the operators are walked in their
//! order, those that cannot be reached left out, and the code in the order of its words:
//!
//! * W1. The code may compute an operator's result anywhere before it is used. Where an operator
//!   has an effect, the next effect of the code is the same one, on equal arguments, and the map
//!   gives its instruction the operator's offset (Q2, Q3).
//! * W2. Before each operator the charge or poll that is due there is such an effect (F14, Q2).
//! * W3. For every control operator that is reached there is the next hint, and its code ends at
//!   the hint's word (Q12). The code of an edge, which only computes, stands before that word.
//! * W4. At every edge the relation of `state` holds (Q5, Q6), and its target is the word at which
//!   the label's code begins (Q7).
//! * W5. A branch is taken where the Wasm's is, or, around the code of an edge, where it is not
//!   (Q8).
//! * W6. A return gives the results; no edge leads to the body's end otherwise (Q9).
//! * W7. A call's arguments are in its window, which lies above all that lives; nothing is known
//!   afterwards of what is above the window but its results (Q4, Q10).
//! * W8. Inside a `try_table`, wherever something may be thrown, every local is in its slot, and so
//!   is every position below the base of each label to which a clause around leads (Q6). The
//!   handlers are those of the `try_table`s, in the order of their ends (Q11).
//! * W9. A cell is read only where something is known of it (Q4).
//! * W10. At a call, at a `throw` and where an object is made, if the frame holds references to
//!   exceptions or objects there, every local is in its slot, and so is every position up to the
//!   highest of them (Q13).
//! * W11. A `copy_f32` takes what it copies from the accumulator, or from a cell that holds a
//!   parameter of 32 bits (F8).
//!
//! Limits: a function that nests deeper than [`DEPTH_MAX`] is not judged. Time: cells × edges, and
//! a map entry for each term.
//!
//! A green run does not show that a rule is right: both opinions would have to know better. That an
//! opinion which forgets a rule is noticed is tested in both directions: `tests/second.rs` takes
//! rules from the check, and plants the faults of [`Plant`] here, each of which lets some wrong
//! code through.

mod aggregate;
mod atomic;
mod calls;
mod code;
mod control;
mod edges;
mod exception;
mod form;
mod memory;
mod numeric;
mod parametric;
mod plant;
mod reference;
mod rows;
mod shared;
mod state;
mod table;
mod terms;
#[cfg(test)]
mod tests;
mod variable;
mod vector;

use code::Demand;
use control::Label;
use exception::Try;
use form::Form;
pub use plant::Plant;
use prova_bytecode::{Candidate, Inst, Rule, Settings};
use prova_module::{FuncFacts, FuncType, Module, Operator, ValType};
use rows::Effect;
use state::State;
use std::fmt;
use terms::{Id, Terms};

/// The deepest nesting of blocks that is judged.
pub const DEPTH_MAX: usize = 200;

/// Where a candidate breaks which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The word of the instruction at which it was noticed.
    pub word: u32,
    /// The rule.
    pub rule: Rule,
    /// How.
    pub what: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "word {}, rule {}: {}", self.word, self.rule, self.what)
    }
}

type Fault = Refusal;
type Verdict = Result<(), Fault>;

/// The opinion on a candidate; `None` where the function nests too deep to be judged.
pub fn check(module: &Module, settings: &Settings, candidate: &Candidate) -> Option<Verdict> {
    planted(module, settings, candidate, None)
}

/// The opinion of a checker with a fault, if one is given.
pub fn planted(
    module: &Module,
    settings: &Settings,
    candidate: &Candidate,
    plant: Option<Plant>,
) -> Option<Verdict> {
    let func = candidate.func;
    let (Some(facts), Some(body)) = (module.facts(func), module.body(func)) else {
        let what = format!("the module defines no {func}");
        return Some(Err(Refusal { word: 0, rule: Rule::Size, what }));
    };
    let ty = module.func_type(func);
    let form = Form { module, facts, ty, settings, candidate, plant };
    let insts = match form.check() {
        Ok(insts) => insts,
        Err(refusal) => return Some(Err(refusal)),
    };
    let mut operators = Vec::new();
    let mut reader = body.operators();
    let (mut depth, mut deepest) = (0_usize, 0);
    while !reader.eof() {
        let offset = reader.original_position() as u32;
        let operator = reader.read().unwrap_or_else(|error| crate::cannot(&error.to_string()));
        depth += usize::from(control::opens(&operator));
        deepest = deepest.max(depth);
        depth = depth.saturating_sub(usize::from(matches!(operator, Operator::End)));
        operators.push((offset, operator));
    }
    if deepest > DEPTH_MAX {
        return None;
    }
    let locals: Vec<bool> = body.local_types().iter().map(|ty| *ty == ValType::V128).collect();
    Some(Walk::new(&form, &operators, &insts, &locals).body(&locals))
}

/// The walk over both sides of one function.
struct Walk<'m> {
    module: &'m Module,
    facts: &'m FuncFacts,
    ty: &'m FuncType,
    settings: &'m Settings,
    candidate: &'m Candidate,
    plant: Option<Plant>,
    /// All operators of the body, with their offsets in the module.
    operators: &'m [(u32, Operator<'m>)],
    next_operator: usize,
    /// The offset of the operator at hand.
    offset: u32,
    insts: &'m [Inst],
    /// The place of the next instruction.
    next: usize,
    /// The word of the one at hand.
    at: u32,
    /// The word after the code.
    end: u32,
    terms: Terms,
    /// Effects and labels so far.
    effects: u32,
    label_count: u32,
    /// The first cell of each local, and whether it has two.
    locals: Vec<(u32, bool)>,
    /// The open blocks; the body's is the first.
    labels: Vec<Label>,
    tries: Vec<Try>,
    next_hint: usize,
    next_handler: usize,
    next_segment: usize,
    poll_due: bool,
}

impl<'m> Walk<'m> {
    fn new(
        form: &Form<'m>,
        operators: &'m [(u32, Operator<'m>)],
        insts: &'m [Inst],
        locals: &[bool],
    ) -> Walk<'m> {
        let Form { module, facts, ty, settings, candidate, plant } = *form;
        let mut cell = 0;
        let place = |&wide: &bool| {
            let at = cell;
            cell += 1 + u32::from(wide);
            (at, wide)
        };
        Walk {
            module,
            facts,
            ty,
            settings,
            candidate,
            plant,
            operators,
            next_operator: 0,
            offset: 0,
            insts,
            next: 0,
            at: 0,
            end: candidate.words.len() as u32,
            terms: Terms::new(plant),
            effects: 0,
            label_count: 0,
            locals: locals.iter().map(place).collect(),
            labels: Vec::new(),
            tries: Vec::new(),
            next_hint: 0,
            next_handler: 0,
            next_segment: 0,
            poll_due: true,
        }
    }

    /// Walks over the body, to the last word, hint and handler.
    fn body(mut self, locals: &[bool]) -> Verdict {
        let FuncFacts { param_cells, local_cells, max_height_cells, .. } = *self.facts;
        let cells = (local_cells + max_height_cells).max(self.candidate.frame_cells) as usize;
        let state = State::at_entry(&mut self.terms, locals, param_cells, cells);
        self.open_body(&state);
        let (state, _) = self.sequence(Some(state))?;
        self.end_body(state)?;
        if self.forgets(Plant::LeftOver) {
            return Ok(());
        }
        self.at = self.word();
        self.at_word(self.end)?;
        if self.next_hint < self.candidate.controls.len() {
            return Err(self.fault(Rule::Extents, "a hint for no operator"));
        }
        if self.next_handler < self.candidate.handlers.len() {
            return Err(self.fault(Rule::Clauses, "a handler of no clause"));
        }
        Ok(())
    }

    /// Whether this checker has the fault.
    fn forgets(&self, plant: Plant) -> bool {
        self.plant == Some(plant)
    }

    /// One operator other than `else` and `end`; gives the state behind it, or `None` if control
    /// does not come there.
    fn operator(
        &mut self,
        mut state: State,
        operator: &Operator<'m>,
    ) -> Result<Option<State>, Fault> {
        let here = &mut state;
        let known = self.numeric(here, operator)?
            || self.vector(here, operator)?
            || self.shared(here, operator)?
            || self.memory(here, operator)?
            || self.atomic(here, operator)?
            || self.variable(here, operator)?
            || self.parametric(here, operator)?
            || self.reference(here, operator)?
            || self.aggregate(here, operator)?
            || self.table(here, operator)?;
        if known {
            return Ok(Some(state));
        }
        match operator {
            Operator::TryTable { .. } | Operator::Throw { .. } | Operator::ThrowRef => {
                self.exception(state, operator)
            }
            _ => self.control(state, operator),
        }
    }

    /// W2.
    fn meter(&mut self, state: &mut State) -> Verdict {
        let poll = std::mem::take(&mut self.poll_due);
        let charge = self.facts.segments.get(self.next_segment);
        let charge = charge.filter(|segment| segment.offset == self.offset);
        // The poll comes before the charge.
        if self.settings.metering.has_epoch() && poll && !self.forgets(Plant::Polls) {
            self.act(state, Effect::new("poll"), Vec::new())?;
        }
        if self.settings.metering.has_fuel()
            && let Some(segment) = charge
        {
            self.next_segment += 1;
            if self.forgets(Plant::Charges) {
                return Ok(());
            }
            let cost = self.terms.constant(segment.cost.into());
            self.act(state, Effect::new("charge"), vec![cost])?;
        }
        Ok(())
    }

    /// An effect that is no call; gives its result, if it has one.
    fn act(&mut self, state: &mut State, effect: Effect, args: Vec<Id>) -> Result<Id, Fault> {
        self.demand(state, &Demand { effect, args, call: None })
    }

    /// An effect on indices of the module, then on operands; its result, if it has one, is one
    /// cell.
    fn act_on(
        &mut self,
        state: &mut State,
        name: &'static str,
        indices: &[u32],
        operands: usize,
        result: bool,
    ) -> Result<bool, Fault> {
        let mut args: Vec<Id> =
            indices.iter().map(|&index| self.terms.constant(index.into())).collect();
        args.extend(self.operands(state, operands)?);
        let value = self.act(state, Effect::new(name), args)?;
        if result {
            state.push(value, false);
        }
        Ok(true)
    }

    /// The top operands in the order in which they were pushed.
    fn operands(&self, state: &mut State, count: usize) -> Result<Vec<Id>, Fault> {
        let mut operands = Vec::new();
        for _ in 0..count {
            operands.push(self.pop(state)?);
        }
        operands.reverse();
        Ok(operands)
    }

    fn pop(&self, state: &mut State) -> Result<Id, Fault> {
        Ok(self.pop_entry(state)?.0)
    }

    fn pop_entry(&self, state: &mut State) -> Result<(Id, bool), Fault> {
        let entry = state.pop();
        let entry = entry.ok_or_else(|| self.fault(Rule::Operators, "an empty operand stack"))?;
        Ok((entry.value, entry.wide))
    }

    fn mapped(&self, word: u32) -> u32 {
        form::mapped(self.candidate, word)
    }

    fn fault(&self, rule: Rule, what: impl Into<String>) -> Fault {
        Refusal { word: self.at, rule, what: what.into() }
    }

    fn same(&self, rule: Rule, want: Id, have: Id, what: impl Fn() -> String) -> Verdict {
        if want == have {
            return Ok(());
        }
        let (want, have) = (self.terms.show(want, 3), self.terms.show(have, 3));
        Err(self.fault(rule, format!("{} is {have}, in Wasm {want}", what())))
    }
}
