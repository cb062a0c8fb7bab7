//! A refused explanation → the first component that differs, with the history of both sides, in
//! words.
//!
//! ```text
//! Explanation + Candidate + Module ─► Refusal { sentence, wasm: Side, code: Side } ─► prova inspect, reports
//! ```
//!
//! The Wasm side's history of a stack position is the operator that pushed it, of a local the
//! operators that set it; the code side's history of a slot is the instructions that wrote it,
//! before the place of the refusal and the first one behind it. Both go on with what made the
//! value, some steps back.
//!
//! A refusal without component (a wrong target, an effect too many) has the sentence alone.
//!
//! Limits: a history has at most [`HISTORY_MAX`] events. `tests/refusals.rs` has a refusal for each
//! component.

use super::{Component, Difference, Explanation, STACK_SHOWN, Stack, Step, ValueId, reason, show};
use prova_bytecode::check::{CheckError, accumulator_cell};
use prova_bytecode::{Candidate, Class, Inst, Kind, Role, decode};
use prova_module::{BlockKind, FuncFacts, Module, Operator};
use std::collections::BTreeSet;

/// The most events of a history.
const HISTORY_MAX: usize = 12;
/// Maximum number of steps back in the origin of a value.
const ORIGIN_DEPTH: u32 = 3;

/// Why a candidate was refused, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The check's error.
    pub error: CheckError,
    /// The operator at which the walk was.
    pub operator: Option<u32>,
    /// The difference and its place, in one sentence.
    pub sentence: String,
    /// The value that the Wasm has there; none if the fault is no difference of values.
    pub wasm: Option<Side>,
    /// The value that the code has there.
    pub code: Option<Side>,
}

/// A side's value, and how it came to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The value: `v3 = param 0`, `7`, `nothing`.
    pub value: String,
    /// The events that made it and put it there, oldest first.
    pub history: Vec<Event>,
}

/// One event of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where it happened.
    pub site: Site,
    /// The event, in words.
    pub what: String,
}

/// The place of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// An operator, by its offset.
    Operator(u32),
    /// An instruction, by its word.
    Instruction(u32),
    /// The function's entry, or nowhere.
    None,
}

impl Explanation {
    /// The refusal in words; none for a candidate that was accepted. `text` gives the text of the
    /// operator at an offset.
    pub fn refusal(
        &self,
        module: &Module,
        candidate: &Candidate,
        text: &dyn Fn(u32) -> String,
    ) -> Option<Refusal> {
        let error = self.verdict.as_ref().err()?.clone();
        let facts = module.facts(candidate.func);
        let mut told = Teller { told: self, module, candidate, facts, error: &error, text };
        let operator = told.operator();
        let Some(difference) = self.difference else {
            let sentence = match operator {
                Some(offset) => format!("{}, at {}", reason(&error.what), told.at_operator(offset)),
                None => reason(&error.what),
            };
            return Some(Refusal { operator, sentence, wasm: None, code: None, error });
        };
        let difference = told.completed(difference);
        let (sentence, wasm, code) = told.tell(&difference);
        Some(Refusal { operator, sentence, wasm: Some(wasm), code: Some(code), error })
    }
}

/// The inputs of the explanation.
struct Teller<'a> {
    told: &'a Explanation,
    module: &'a Module,
    candidate: &'a Candidate,
    facts: Option<&'a FuncFacts>,
    error: &'a CheckError,
    text: &'a dyn Fn(u32) -> String,
}

/// The difference and its place.
impl Teller<'_> {
    /// The newest operator of the walk.
    fn operator(&self) -> Option<u32> {
        self.told.steps.iter().rev().find_map(|step| match step {
            Step::Operator { offset, .. } => Some(*offset),
            Step::Instruction { .. } => None,
        })
    }

    fn at_operator(&self, offset: u32) -> String {
        format!("`{}` at {offset:#x}", (self.text)(offset))
    }

    fn local_cells(&self) -> u32 {
        self.facts.map_or(0, |facts| facts.local_cells)
    }

    /// For a slot that has no value, the value that the Wasm has at its stack position, if it is
    /// one's home.
    fn completed(&self, difference: Difference) -> Difference {
        let Component::Read { slot } = difference.component else { return difference };
        let entry = self.stack_before(self.error.offset).and_then(|stack| {
            stack.top.iter().find(|entry| entry.slot == slot).map(|entry| entry.value)
        });
        Difference { wasm: entry.unwrap_or(difference.wasm), ..difference }
    }

    /// The stacks after the operators, the newest first.
    fn stacks(&self) -> impl Iterator<Item = (u32, &Stack)> {
        self.told.steps.iter().rev().filter_map(|step| match step {
            Step::Operator { offset, stack: Some(stack), .. } => Some((*offset, stack)),
            _ => None,
        })
    }

    /// The newest stack, or that before the operator at an offset.
    fn stack_before(&self, offset: Option<u32>) -> Option<&Stack> {
        let mut stacks = self.stacks();
        let stack = stacks.find(|(at, _)| offset.is_none_or(|offset| *at < offset));
        stack.map(|(_, stack)| stack)
    }

    /// The stack position whose home slot this is, now or before the operator at an offset.
    fn position(&self, slot: u32, offset: Option<u32>) -> Option<usize> {
        let stack = self.stack_before(offset)?;
        let at = stack.top.iter().position(|entry| entry.slot == slot)?;
        Some(stack.height - stack.top.len() + at)
    }

    /// A cell of the relation as the reader of the Wasm knows it.
    fn cell(&self, cell: u32) -> String {
        if cell < self.local_cells() {
            return self.local(cell);
        }
        match self.position(cell, None) {
            Some(position) => format!("position {position} of the Wasm stack"),
            None => format!("the value of the Wasm stack whose home is s{cell}"),
        }
    }

    /// The local that has this cell.
    fn local(&self, cell: u32) -> String {
        match self.local_index(cell) {
            Some((index, false)) => format!("local {index}"),
            Some((index, true)) => format!("the high half of local {index}"),
            None => format!("local cell {cell}"),
        }
    }

    /// The local that has this cell, and whether it is the high half.
    fn local_index(&self, cell: u32) -> Option<(u32, bool)> {
        let types = self.module.body(self.candidate.func)?.local_types();
        let mut first = 0;
        for (index, ty) in (0..).zip(types) {
            let cells = prova_module::cells(ty);
            if cell < first + cells {
                return Some((index, cell != first));
            }
            first += cells;
        }
        None
    }

    /// The label of the block that is opened at an offset.
    fn label(&self, start: u32) -> String {
        let blocks = self.facts.map_or(&[][..], |facts| &facts.blocks);
        let block = blocks.iter().skip(1).find(|block| block.start == start);
        match block {
            Some(block) if block.kind == BlockKind::Loop => format!("the loop at {start:#x}"),
            Some(block) => format!("the end (at {:#x}) of the block at {start:#x}", block.end),
            None => "the end of the function".to_owned(),
        }
    }

    fn tell(&mut self, difference: &Difference) -> (String, Side, Side) {
        let values = &self.told.values;
        let (wasm, code) = (values.describe(difference.wasm), values.describe(difference.code));
        let operator = self.operator().map_or(String::new(), |offset| self.at_operator(offset));
        let word = self.error.word;
        let edge = |label: u32| format!("on the edge from {operator} to {}", self.label(label));
        let holds = |slot: u32| match difference.code {
            ValueId::NOTHING => format!("s{slot} has no value on this path"),
            _ => format!("s{slot} holds {code}"),
        };
        let sentence = match difference.component {
            Component::Cell { cell, label } => {
                let place = match label {
                    Some(label) => edge(label),
                    None => format!("where {operator} may throw to a clause around it"),
                };
                format!("{} ({wasm}) is not in s{cell} {place}: {}", self.cell(cell), holds(cell))
            }
            Component::Value { slot, label } => {
                let (edge, holds) = (edge(label), holds(slot));
                format!("a value of the label ({wasm}) is not in s{slot} {edge}: {holds}")
            }
            Component::Argument { effect, index } => {
                let name = show::argument(effect, index);
                format!("{name} of {operator} is {wasm}; instruction @{word} has {code}")
            }
            Component::CallArgument { index, slot } => {
                let holds = holds(slot);
                format!("argument cell {index} of {operator} ({wasm}) is not in s{slot}: {holds}")
            }
            Component::Result { index } => {
                format!(
                    "result cell {index} is {wasm} at {operator}; instruction @{word} returns {code}"
                )
            }
            Component::Condition { when } => {
                let not = if when { "on" } else { "around the edge's code, so on the negation of" };
                format!(
                    "{operator} branches on {wasm}; instruction @{word} has to branch {not} it and branches on {code}"
                )
            }
            Component::TableIndex => {
                format!("the index of {operator} is {wasm}; instruction @{word} has {code}")
            }
            Component::Read { slot } => {
                let meant = match self.position(slot, self.error.offset) {
                    Some(position) => format!(" (position {position} of the Wasm stack, {wasm})"),
                    None => String::new(),
                };
                format!(
                    "instruction @{word} reads {}{meant}, which has no value on every path to it",
                    show::place(slot)
                )
            }
        };
        let inside = self.inside(difference.wasm, difference.code);
        let (wasm_history, code_history) =
            (self.wasm_history(difference), self.code_history(difference));
        (
            sentence + &inside,
            Side { value: wasm, history: wasm_history },
            Side { value: code, history: code_history },
        )
    }

    /// Where two terms of one operator differ.
    fn inside(&self, mut wasm: ValueId, mut code: ValueId) -> String {
        let values = &self.told.values;
        let mut path = String::new();
        for _ in 0..=ORIGIN_DEPTH {
            let (Some(a), Some(b)) = (values.definition(wasm), values.definition(code)) else {
                break;
            };
            if a.operator != b.operator {
                if !a.args.is_empty() && a.args == b.args {
                    return format!("{path}; the operands are the same, the operators are not");
                }
                break;
            }
            let differs: Vec<usize> =
                (0..a.args.len().min(b.args.len())).filter(|&i| a.args[i] != b.args[i]).collect();
            match differs[..] {
                [i] => {
                    (wasm, code) = (a.args[i], b.args[i]);
                    let (want, have) = (values.describe(wasm), values.describe(code));
                    path = format!(
                        "; they differ in operand {i} of {}: in Wasm {want}, in the code {have}",
                        a.operator
                    );
                }
                [i, j] if a.args[i] == b.args[j] && a.args[j] == b.args[i] => {
                    return format!("{path}; operands {i} and {j} of {} are exchanged", a.operator);
                }
                _ => break,
            }
        }
        path
    }
}

/// The Wasm side.
impl Teller<'_> {
    fn wasm_history(&self, difference: &Difference) -> Vec<Event> {
        let value = difference.wasm;
        let mut events = Vec::new();
        self.made_by_operators(value, ORIGIN_DEPTH, &mut events);
        let cell = match difference.component {
            Component::Cell { cell, .. } if cell < self.local_cells() => {
                events.extend(self.sets(cell));
                None
            }
            Component::Cell { cell, .. } | Component::Read { slot: cell } => Some(cell),
            Component::Value { .. }
            | Component::Argument { .. }
            | Component::CallArgument { .. }
            | Component::Result { .. }
            | Component::Condition { .. }
            | Component::TableIndex => None,
        };
        if let Some((offset, position)) = cell.and_then(|cell| self.pushed(cell, value)) {
            let value = self.told.values.describe(value);
            let what = format!("pushes {value}: position {position} of the Wasm stack");
            let site = Site::Operator(offset);
            events.retain(|event| event.site != site);
            events.push(Event { site, what });
        }
        if events.is_empty()
            && let Some((offset, _)) = self.stacks().find(|(_, stack)| on_top(stack, value))
        {
            let what = format!("gives {}", self.told.values.describe(value));
            events.push(Event { site: Site::Operator(offset), what });
        }
        in_order(events, u32::MAX)
    }

    /// The operator that pushed the value that is at a stack cell now, and its position.
    fn pushed(&self, cell: u32, value: ValueId) -> Option<(u32, usize)> {
        let mut pusher = None;
        let now = self.stacks().skip_while(|(_, stack)| !holds(stack, cell, value));
        for (offset, stack) in now {
            let first = stack.height - stack.top.len();
            let at = stack.top.iter().position(|entry| entry.slot == cell);
            match at {
                Some(at) if stack.top[at].value == value => pusher = Some((offset, first + at)),
                Some(_) => break,
                // Below the entries that are kept, where nothing can have changed.
                None if stack.top.len() == STACK_SHOWN && stack.top[0].slot > cell => {}
                None => break,
            }
        }
        pusher
    }

    /// The operators that set the local of a cell, up to the one of the refusal.
    fn sets(&self, cell: u32) -> Vec<Event> {
        let Some((local, _)) = self.local_index(cell) else { return Vec::new() };
        let Some(body) = self.module.body(self.candidate.func) else { return Vec::new() };
        let last = self.operator().unwrap_or(0);
        let walked = self.told.steps.iter().filter_map(|step| match step {
            Step::Operator { offset, reachable: true, .. } => Some(*offset),
            _ => None,
        });
        let walked: BTreeSet<u32> = walked.collect();
        let mut events = Vec::new();
        let mut operators = body.operators();
        while let Ok((operator, offset)) = operators.read_with_offset() {
            let offset = offset as u32;
            if offset > last {
                break;
            }
            let sets = match operator {
                Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                    local_index == local && walked.contains(&offset)
                }
                _ => false,
            };
            if sets {
                let what = format!("sets local {local}");
                events.push(Event { site: Site::Operator(offset), what });
            }
            if operators.eof() {
                break;
            }
        }
        if events.is_empty() {
            let kind = if cell < self.facts.map_or(0, |facts| facts.param_cells) {
                "its parameter"
            } else {
                "zero"
            };
            let what = format!("local {local} is {kind} at the entry, and not set before here");
            events.push(Event { site: Site::None, what });
        }
        events
    }

    /// The operators that made a value and what it is made of.
    fn made_by_operators(&self, value: ValueId, depth: u32, events: &mut Vec<Event>) {
        let values = &self.told.values;
        let Some(definition) = values.definition(value) else { return };
        if let Some(left) = depth.checked_sub(1) {
            for &arg in &definition.args {
                self.made_by_operators(arg, left, events);
            }
        }
        let first = self.told.steps.iter().find_map(|step| match step {
            Step::Operator { offset, stack: Some(stack), .. } if on_top(stack, value) => {
                Some(*offset)
            }
            _ => None,
        });
        if let Some(offset) = first {
            let what = format!("gives {}", values.describe(value));
            events.push(Event { site: Site::Operator(offset), what });
        }
    }
}

/// The code side.
impl Teller<'_> {
    fn code_history(&self, difference: &Difference) -> Vec<Event> {
        let mut events = Vec::new();
        self.made_by_instructions(difference.code, ORIGIN_DEPTH, &mut events);
        let (slots, this) = match difference.component {
            Component::Cell { cell: slot, .. }
            | Component::Value { slot, .. }
            | Component::CallArgument { slot, .. }
            | Component::Read { slot } => (vec![slot], None),
            Component::Argument { .. }
            | Component::Result { .. }
            | Component::Condition { .. }
            | Component::TableIndex => match decode(&self.candidate.words, self.error.word) {
                Ok(inst) => (sources(&inst, difference.component), Some(inst.at)),
                Err(_) => (Vec::new(), None),
            },
        };
        // A value that an instruction only hands on is in one of its slots; a value that it
        // computes depends on all.
        let leaf = self.told.values.definition(difference.code).is_none_or(|it| it.args.is_empty());
        let handed = leaf
            && matches!(difference.component, Component::Argument { .. } | Component::TableIndex);
        let slots =
            slots.into_iter().filter(|&slot| !handed || self.may_hold(slot, difference.code));
        for slot in slots {
            self.writes(slot, difference.code == ValueId::NOTHING, &mut events);
        }
        if let Some(word) = this {
            let what = format!("uses {}", self.told.values.name(difference.code));
            events.push(Event { site: Site::Instruction(word), what });
        }
        in_order(events, self.error.word)
    }

    /// Whether a slot may hold a value: it was the last written there, or nothing was.
    fn may_hold(&self, slot: u32, value: ValueId) -> bool {
        let mut writes = self.told.steps.iter().rev().filter_map(|step| match step {
            Step::Instruction { writes, .. } => writes.iter().find(|write| write.slot == slot),
            Step::Operator { .. } => None,
        });
        match writes.next() {
            Some(write) => write.value == value,
            None => self.told.values.constant(value).is_none(),
        }
    }

    /// The instructions that write a slot: before the refusal, and the first one behind it.
    fn writes(&self, slot: u32, nothing: bool, events: &mut Vec<Event>) {
        let values = &self.told.values;
        let mut before = 0;
        for step in &self.told.steps {
            let Step::Instruction { word, writes, .. } = step else { continue };
            for write in writes.iter().filter(|write| write.slot == slot) {
                before += 1;
                let what =
                    format!("writes {} to {}", values.describe(write.value), show::place(slot));
                events.push(Event { site: Site::Instruction(*word), what });
            }
        }
        if before == 0 {
            let place = show::place(slot);
            let what = match slot < self.local_cells() {
                true => format!(
                    "{place} is the slot of {}, and nothing before here writes it",
                    self.local(slot)
                ),
                false => format!("nothing before here writes {place}"),
            };
            events.push(Event { site: Site::None, what });
        } else if nothing {
            let what = format!(
                "what was written to {} does not come here: it was on another path, or a label or a call lies between",
                show::place(slot)
            );
            events.push(Event { site: Site::None, what });
        }
        let words = &self.candidate.words;
        let mut at = decode(words, self.error.word).map_or(u32::MAX, |inst| inst.next);
        while let Ok(inst) = decode(words, at) {
            if results(&inst).any(|result| result == slot) {
                let place = show::place(slot);
                let what = format!("the first instruction behind it that writes {place}");
                events.push(Event { site: Site::Instruction(at), what });
                break;
            }
            at = inst.next;
        }
    }

    /// The instructions that made a value and what it is made of.
    fn made_by_instructions(&self, value: ValueId, depth: u32, events: &mut Vec<Event>) {
        let values = &self.told.values;
        let Some(definition) = values.definition(value) else { return };
        if let Some(left) = depth.checked_sub(1) {
            for &arg in &definition.args {
                self.made_by_instructions(arg, left, events);
            }
        }
        let first = self.told.steps.iter().find_map(|step| match step {
            Step::Instruction { word, writes, .. } => {
                let write = writes.iter().find(|write| write.value == value);
                write.map(|write| (*word, write.slot))
            }
            Step::Operator { .. } => None,
        });
        if let Some((word, slot)) = first {
            let what = format!("writes {} to {}", values.describe(value), show::place(slot));
            events.push(Event { site: Site::Instruction(word), what });
        }
    }
}

fn holds(stack: &Stack, cell: u32, value: ValueId) -> bool {
    stack.top.iter().any(|entry| entry.slot == cell && entry.value == value)
}

fn on_top(stack: &Stack, value: ValueId) -> bool {
    stack.top.last().is_some_and(|top| top.value == value)
}

/// The slots that an instruction writes, besides a call's window, and the accumulator.
fn results(inst: &Inst) -> impl Iterator<Item = u32> {
    let operands = inst.op.operands().iter().zip(inst.values);
    let muted = inst.marks.is_muted();
    let results = operands.filter(move |(operand, _)| operand.role == Role::Result && !muted);
    let slots = results.flat_map(|(operand, slot)| {
        (0..u32::from(operand.kind.cells())).map(move |i| slot as u32 + i)
    });
    slots.chain(inst.op.info().accumulators.result.map(accumulator_cell))
}

/// The slots from which an instruction takes what is compared.
fn sources(inst: &Inst, component: Component) -> Vec<u32> {
    if let (Component::Result { index }, Class::return_) = (component, inst.op.class()) {
        return vec![index];
    }
    let mut slots = Vec::new();
    let mut v = 0;
    for operand in inst.op.operands() {
        let in_accumulator = operand.kind.class().filter(|_| inst.is_accumulated(v));
        if operand.role == Role::Source && operand.kind.cells() > 0 {
            slots.push(in_accumulator.map_or(inst.values[v] as u32, accumulator_cell));
        }
        v += if operand.kind == Kind::v128c { 2 } else { 1 };
    }
    slots
}

/// The newest events in the order of their places, each once; what has no place stands at `here`.
fn in_order(mut events: Vec<Event>, here: u32) -> Vec<Event> {
    events.sort_by_key(|event| match event.site {
        Site::Operator(at) | Site::Instruction(at) => at,
        Site::None => here,
    });
    events.dedup();
    let excess = events.len().saturating_sub(HISTORY_MAX);
    events.drain(..excess);
    events
}
