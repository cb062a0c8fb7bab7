//! A function and its explanation → everything that is shown of it, as data.
//!
//! The tree and the report are made of this alone, so they say the same. The fields are the members
//! of the tree (`docs/reference/inspect.md`): one that is added keeps the
//! [`SCHEMA`](prova_report::SCHEMA), one that changes or goes raises it.
//!
//! Sites: an operator by its offset in the module, an instruction by its first word, a slot by its
//! cell of the frame, a stack position by its entry from the bottom.

use super::listing::{Body, Name};
use super::wasm;
use prova_bytecode::{Candidate, Metering, decode, text};
use prova_core::{Explained, Result};
use prova_module::{BlockKind, BlockType, FuncFacts, FuncIdx, LocalIdx, Module, ValType, cells};
use prova_wording::{Entry, Place, Refusal as Words, Side, Site, Step, Values};
use serde::Serialize;
use std::collections::BTreeMap;

/// A function.
#[derive(Serialize)]
pub struct Function {
    pub(super) index: u32,
    #[serde(flatten)]
    pub(super) name: Name,
    #[serde(rename = "type")]
    pub(super) ty: String,
    pub(super) exports: Vec<String>,
    pub(super) body: Body,
    pub(super) settings: Settings,
    /// `proved` or `refused`; the tree has it.
    #[serde(skip)]
    pub(super) verdict: &'static str,
    pub(super) frame: Frame,
    pub(super) slots: Vec<Slot>,
    pub(super) labels: Vec<Label>,
    pub(super) handlers: Vec<Handler>,
    pub(super) code: Vec<Line>,
    pub(super) values: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<Refusal>,
}

/// The settings on which the translation depends, besides the module.
#[derive(Serialize)]
pub(super) struct Settings {
    /// `none`, `epoch` or `fuel`.
    pub(super) metering: &'static str,
    pub(super) deterministic: bool,
}

/// The frame, in cells of 8 bytes.
#[derive(Serialize)]
pub(super) struct Frame {
    pub(super) cells: u32,
    pub(super) param_cells: u32,
    pub(super) local_cells: u32,
    pub(super) result_cells: u32,
    /// Bytes that it charges against the stack limit.
    pub(super) charge_bytes: u64,
    /// The words of the code.
    pub(super) words: usize,
}

/// The use of a slot.
#[derive(Serialize)]
pub(super) struct Slot {
    pub(super) first: u32,
    pub(super) last: u32,
    /// `parameter`, `local`, `home` (of the operand stack's cells), `scratch`.
    pub(super) role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) local: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) ty: Option<String>,
}

/// A label that is branched to, and where everything is there.
#[derive(Serialize)]
pub(super) struct Label {
    /// `block`, `loop`, `if`, `try_table`.
    pub(super) kind: &'static str,
    pub(super) start: u32,
    pub(super) end: u32,
    /// The word at which the code of the label is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) word: Option<u32>,
    /// The home slot of its first value; the positions whose homes are below are frozen.
    pub(super) base: u32,
    /// The slots of its values.
    pub(super) values: Vec<u32>,
}

/// Where an exception goes on.
#[derive(Serialize)]
pub(super) struct Handler {
    pub(super) start: u32,
    pub(super) end: u32,
    /// None for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tag: Option<u32>,
    pub(super) with_ref: bool,
    /// None if the function returns the values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<u32>,
    pub(super) slot: u32,
}

/// A line of the code, of either side, in the order in which they are read.
#[derive(Serialize)]
#[serde(tag = "side", rename_all = "lowercase")]
pub(super) enum Line {
    /// An operator, with the stack after it.
    Wasm {
        offset: u32,
        /// The blocks around it.
        depth: usize,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Absent where the check did not come.
        #[serde(skip_serializing_if = "Option::is_none")]
        reachable: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        stack: Option<Stack>,
    },
    /// An instruction, with what it writes.
    Code {
        word: u32,
        offset: u32,
        text: String,
        /// Whether the check came here.
        checked: bool,
        writes: Vec<Write>,
        #[serde(skip_serializing_if = "Option::is_none")]
        effect: Option<u32>,
    },
}

#[derive(Serialize)]
pub(super) struct Stack {
    pub(super) height: usize,
    /// The topmost entries, the top last.
    pub(super) top: Vec<Position>,
}

#[derive(Serialize)]
pub(super) struct Position {
    pub(super) position: usize,
    pub(super) slot: u32,
    pub(super) value: String,
    /// `home`, `local`, `constant`, or `fused` into an instruction that comes later.
    pub(super) place: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) local: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct Write {
    pub(super) slot: u32,
    pub(super) value: String,
}

/// The definition of a value number.
#[derive(Serialize)]
pub(super) struct Value {
    pub(super) value: String,
    pub(super) operator: String,
    pub(super) args: Vec<String>,
    #[serde(skip)]
    pub(super) text: String,
}

/// Why the check refused the bytecode.
#[derive(Serialize)]
pub(super) struct Refusal {
    /// `Q6`.
    pub(super) rule: String,
    /// `frozen`.
    pub(super) rule_name: String,
    pub(super) word: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<u32>,
    /// The operator at which the check was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operator: Option<u32>,
    pub(super) message: String,
    pub(super) sentence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wasm: Option<History>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<History>,
}

#[derive(Serialize)]
pub(super) struct History {
    pub(super) value: String,
    pub(super) events: Vec<Event>,
}

#[derive(Serialize)]
pub(super) struct Event {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) word: Option<u32>,
    /// The text of the operator or instruction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    pub(super) what: String,
}

impl Function {
    /// The instructions of the bytecode, each with the offset of the operator that it is for.
    pub fn instructions(&self) -> impl Iterator<Item = (u32, &str)> {
        self.code.iter().filter_map(|line| match line {
            Line::Code { offset, text, .. } => Some((*offset, text.as_str())),
            Line::Wasm { .. } => None,
        })
    }

    /// Whether the check accepts the function's bytecode.
    pub fn is_proved(&self) -> bool {
        self.refusal.is_none()
    }

    /// Of a function with a body and its record, everything that is shown.
    ///
    /// # Errors
    /// If an operator cannot be printed.
    pub fn new(module: &Module, func: FuncIdx, explained: &Explained) -> Result<Function> {
        let Explained { settings, candidate, explanation } = explained;
        let operators = wasm::operators(module, func)?;
        let texts: BTreeMap<u32, String> =
            operators.iter().map(|line| (line.offset, line.text.clone())).collect();
        let operator_text = |offset: u32| texts.get(&offset).cloned().unwrap_or_default();
        let words = explanation.refusal(module, candidate, &operator_text);
        let exports = module.exports().iter().filter(|export| export.func() == Some(func));
        let range = module.body(func).map_or(0..0, |body| body.range());
        let facts = module.facts(func);
        Ok(Function {
            index: func.0,
            name: Name::new(module, func),
            ty: module.func_type(func).to_string(),
            exports: exports.map(|export| export.name.to_string()).collect(),
            body: Body { start: range.start, end: range.end },
            settings: Settings {
                metering: match settings.metering {
                    Metering::None => "none",
                    Metering::Epoch => "epoch",
                    Metering::Fuel => "fuel",
                    Metering::Both => "fuel and epoch",
                },
                deterministic: settings.deterministic,
            },
            verdict: if words.is_some() { "refused" } else { "proved" },
            frame: frame(facts, candidate),
            slots: slots(module, func, candidate),
            labels: facts.map_or(Vec::new(), |facts| labels(module, facts, candidate)),
            handlers: handlers(candidate),
            code: lines(operators, candidate, &explanation.steps, &explanation.values),
            values: values(&explanation.values),
            refusal: words.map(|words| refusal(words, candidate, &operator_text)),
        })
    }
}

fn frame(facts: Option<&FuncFacts>, candidate: &Candidate) -> Frame {
    Frame {
        cells: candidate.frame_cells,
        param_cells: facts.map_or(0, |facts| facts.param_cells),
        local_cells: facts.map_or(0, |facts| facts.local_cells),
        result_cells: facts.map_or(0, |facts| facts.result_cells),
        charge_bytes: facts.map_or(0, FuncFacts::charge_bytes),
        words: candidate.words.len(),
    }
}

/// Parameters and locals one by one, then the home slots, then the rest.
fn slots(module: &Module, func: FuncIdx, candidate: &Candidate) -> Vec<Slot> {
    let types = module.body(func).map_or(Vec::new(), |body| body.local_types());
    let params = module.func_type(func).params.len();
    let mut slots = Vec::new();
    let mut next = 0;
    for (index, ty) in (0..).zip(types) {
        slots.push(Slot {
            first: next,
            last: next + cells(ty) - 1,
            role: if (index as usize) < params { "parameter" } else { "local" },
            local: Some(index),
            name: module.names().local(func, LocalIdx(index)).map(str::to_owned),
            ty: Some(ty.to_string()),
        });
        next += cells(ty);
    }
    let homes = module.facts(func).map_or(0, |facts| facts.max_height_cells);
    let frame = candidate.frame_cells;
    for (role, end) in [("home", (next + homes).min(frame)), ("scratch", frame)] {
        if next < end {
            let (local, name, ty) = (None, None, None);
            slots.push(Slot { first: next, last: end - 1, role, local, name, ty });
            next = end;
        }
    }
    slots
}

/// The labels that are branched to, in the order of their blocks.
fn labels(module: &Module, facts: &FuncFacts, candidate: &Candidate) -> Vec<Label> {
    let hint = |offset: u32| {
        let at = candidate.controls.binary_search_by_key(&offset, |hint| hint.offset);
        at.ok().map(|at| &candidate.controls[at])
    };
    let mut labels = Vec::new();
    let blocks = facts.blocks.iter().skip(1);
    for block in blocks.filter(|block| block.reachable && block.branched) {
        let is_loop = block.kind == BlockKind::Loop;
        let (kind, types): (_, Vec<ValType>) = match (block.kind, block.ty) {
            (BlockKind::Loop, BlockType::FuncType(ty)) => {
                ("loop", module.types()[ty as usize].params.to_vec())
            }
            (kind, BlockType::FuncType(ty)) => {
                (name_of(kind), module.types()[ty as usize].results.to_vec())
            }
            (kind, BlockType::Type(ty)) if !is_loop => (name_of(kind), vec![ty]),
            (kind, BlockType::Type(_) | BlockType::Empty) => (name_of(kind), Vec::new()),
        };
        let base = facts.local_cells + block.height_cells;
        let mut slot = base;
        let mut values = Vec::new();
        for ty in types {
            values.push(slot);
            slot += cells(ty);
        }
        labels.push(Label {
            kind,
            start: block.start,
            end: block.end,
            word: hint(if is_loop { block.start } else { block.end }).map(|hint| hint.word),
            base,
            values,
        });
    }
    labels
}

fn name_of(kind: BlockKind) -> &'static str {
    match kind {
        BlockKind::Func => "function",
        BlockKind::Block => "block",
        BlockKind::Loop => "loop",
        BlockKind::If => "if",
        BlockKind::TryTable => "try_table",
    }
}

fn handlers(candidate: &Candidate) -> Vec<Handler> {
    let all = candidate.handlers.iter();
    all.map(|handler| Handler {
        start: handler.start,
        end: handler.end,
        tag: handler.tag.map(|tag| tag.0),
        with_ref: handler.with_ref,
        target: Some(handler.target).filter(|&it| it != prova_bytecode::Handler::RETURN),
        slot: handler.slot.into(),
    })
    .collect()
}

/// Each operator, then the instructions that are mapped to it or to one before it, in the order of
/// the words.
fn lines(
    operators: Vec<wasm::Line>,
    candidate: &Candidate,
    steps: &[Step],
    values: &Values,
) -> Vec<Line> {
    let mut stacks = BTreeMap::new();
    let mut writes = BTreeMap::new();
    for step in steps {
        match step {
            Step::Operator { offset, reachable, stack } => {
                let stack = stack.as_ref().map(|stack| {
                    let below = stack.height - stack.top.len();
                    let top = (below..).zip(&stack.top);
                    let top = top.map(|(at, entry)| position(at, entry, values)).collect();
                    Stack { height: stack.height, top }
                });
                stacks.insert(*offset, (Some(*reachable), stack));
            }
            Step::Instruction { word, writes: all, effect, .. } => {
                let name = |value| values.name(value);
                let all: Vec<Write> =
                    all.iter().map(|it| Write { slot: it.slot, value: name(it.value) }).collect();
                writes.insert(*word, (all, *effect));
            }
        }
    }
    let mut instructions = instructions(candidate, &mut writes).into_iter().peekable();
    let mut lines = Vec::new();
    for operator in operators {
        let (reachable, stack) = stacks.remove(&operator.offset).unwrap_or((None, None));
        let wasm::Line { offset, depth, text, name } = operator;
        lines.push(Line::Wasm { offset, depth, text, name, reachable, stack });
        while let Some((_, line)) = instructions.next_if(|(of, _)| *of <= offset) {
            lines.push(line);
        }
    }
    lines.extend(instructions.map(|(_, line)| line));
    lines
}

/// Each instruction with the offset of its operator.
fn instructions(
    candidate: &Candidate,
    writes: &mut BTreeMap<u32, (Vec<Write>, Option<u32>)>,
) -> Vec<(u32, Line)> {
    let Candidate { words, map, .. } = candidate;
    let mut lines = Vec::new();
    let mut word = 0;
    while (word as usize) < words.len() {
        let entry = map.partition_point(|entry| entry.word <= word).checked_sub(1);
        let offset = entry.map_or(0, |entry| map[entry].offset);
        let (text, next) = match decode(words, word) {
            Ok(inst) => (text::disassemble_inst(words, &inst).to_string(), inst.next),
            Err(_) => (format!(".word {:#018x}", words[word as usize]), word + 1),
        };
        let done = writes.remove(&word);
        let checked = done.is_some();
        let (writes, effect) = done.unwrap_or_default();
        lines.push((offset, Line::Code { word, offset, text, checked, writes, effect }));
        word = next;
    }
    lines
}

fn position(position: usize, entry: &Entry, values: &Values) -> Position {
    let (place, local) = match entry.place {
        Place::Home => ("home", None),
        Place::Local(local) => ("local", Some(local)),
        Place::Constant => ("constant", None),
        Place::Fused => ("fused", None),
    };
    Position { position, slot: entry.slot, value: values.name(entry.value), place, local }
}

fn values(values: &Values) -> Vec<Value> {
    let all = values.definitions();
    all.map(|(value, definition)| Value {
        value: values.name(value),
        operator: definition.operator.clone(),
        args: definition.args.iter().map(|&arg| values.name(arg)).collect(),
        text: values.text(definition),
    })
    .collect()
}

fn refusal(words: Words, candidate: &Candidate, operator: &dyn Fn(u32) -> String) -> Refusal {
    let instruction = |word: u32| {
        let inst = decode(&candidate.words, word).ok()?;
        Some(text::disassemble_inst(&candidate.words, &inst).to_string())
    };
    let history = |side: Side| History {
        value: side.value,
        events: side
            .history
            .into_iter()
            .map(|event| {
                let (offset, word, text) = match event.site {
                    Site::Operator(offset) => (Some(offset), None, Some(operator(offset))),
                    Site::Instruction(word) => (None, Some(word), instruction(word)),
                    Site::None => (None, None, None),
                };
                Event { offset, word, text, what: event.what }
            })
            .collect(),
    };
    let rule = words.error.rule.to_string();
    let (number, name) = rule.split_once(' ').unwrap_or((&rule, ""));
    Refusal {
        rule: number.to_owned(),
        rule_name: name.trim_matches(['(', ')']).to_owned(),
        word: words.error.word,
        offset: words.error.offset,
        operator: words.operator,
        message: prova_wording::refused(&words.error),
        sentence: words.sentence,
        wasm: words.wasm.map(history),
        code: words.code.map(history),
    }
}
