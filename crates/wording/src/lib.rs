//! A candidate → why the check of bytecode accepts or refuses it: what each operator and each
//! instruction did, in value numbers; and the words of a refusal.
//!
//! ```text
//! Candidate ─ the check, observed (`record`) ─► Explanation ─ refusal ─► Refusal ─► prova inspect, reports
//! CheckError ─ refused ─► its text, with both values
//! ```
//!
//! The record is made by a second run of the same walk that decides, so it cannot disagree with it.
//! It is for people: nothing that runs depends on it, and nothing here is trusted
//! ([`Observer`](prova_bytecode::check::Observer) gets shared references and gives nothing back).
//!
//! # Value numbers
//! Two values of one number are equal in every run. A number is defined by a term
//! ([`Values::definition`]): a constant, a cell of the parameters, the result of an effect, what a
//! cell holds at a label, or an operator on other values.

mod record;
mod refusal;
mod show;
mod text;

pub use prova_bytecode::check::{Component, Effect};
pub use refusal::{Event, Refusal, Side, Site};
pub use text::{reason, refused};

use prova_bytecode::check::{self, CheckError};
use prova_bytecode::{Candidate, Settings};
use prova_module::Module;
use record::Record;

/// Entries of a stack that are kept, the topmost.
pub const STACK_SHOWN: usize = 8;

/// A record of the check of one candidate.
#[derive(Debug)]
pub struct Explanation {
    /// The verdict, the same as from
    /// [`CheckedBytecode::check`](prova_bytecode::CheckedBytecode::check).
    pub verdict: Result<(), CheckError>,
    /// Operators and instructions in the order of the walk, up to the place of the refusal.
    pub steps: Vec<Step>,
    /// The meanings of the numbers of values.
    pub values: Values,
    /// Of a refusal, the component in which the two sides differ, where the fault is a difference
    /// of values.
    pub difference: Option<Difference>,
}

/// The first component in which code and Wasm differ, with both values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The component that was compared.
    pub component: Component,
    /// The value that the Wasm has there.
    pub wasm: ValueId,
    /// The value that the code has there.
    pub code: ValueId,
}

/// One step of the walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An operator of the function.
    Operator {
        /// Its offset in the module, in bytes.
        offset: u32,
        /// Whether control can reach it.
        reachable: bool,
        /// The operand stack after it; none if control does not go on behind it.
        stack: Option<Stack>,
    },
    /// An instruction of the code.
    Instruction {
        /// Its first word.
        word: u32,
        /// The offset of the operator to which it is mapped.
        offset: u32,
        /// The slots that it wrote.
        writes: Vec<Write>,
        /// The number of the effect that it performed, from 1.
        effect: Option<u32>,
    },
}

/// An operand stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Its height in entries.
    pub height: usize,
    /// The topmost entries, at most [`STACK_SHOWN`], the top last.
    pub top: Vec<Entry>,
}

/// An entry of an operand stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its home slot.
    pub slot: u32,
    /// Its value.
    pub value: ValueId,
    /// Where the code has it.
    pub place: Place,
}

/// Where the code has the value of a stack entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In its home slot.
    Home,
    /// In the slot of this local.
    Local(u32),
    /// Nowhere: it is a constant.
    Constant,
    /// In no slot: the value is part of an instruction that comes later.
    Fused,
}

/// A slot that an instruction wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// The slot.
    pub slot: u32,
    /// The value that it holds now.
    pub value: ValueId,
}

/// The number of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub u32);

impl ValueId {
    /// No value: of a slot that nothing has written on every path.
    pub const NOTHING: ValueId = ValueId(0);
}

/// Runs the check of a candidate again and tells what it saw.
pub fn explain(module: &Module, settings: &Settings, candidate: &Candidate) -> Explanation {
    let mut record = Record::new(module, candidate);
    let verdict = check::observe(module, settings, candidate, &mut record);
    record.explanation(verdict)
}

/// The meanings of the numbers of one explanation's values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    definitions: Vec<(ValueId, Definition)>,
    constants: Vec<(ValueId, String)>,
}

/// The term that defines a value: `i32.add(v3, 5)`, or without arguments `param 0`,
/// `phi(0x2a, s1)`, `call#4`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The operator, or the whole leaf.
    pub operator: String,
    /// The values that it is applied to.
    pub args: Vec<ValueId>,
}

impl Values {
    /// How a value is called in a line: a constant by its bits, another by its number.
    pub fn name(&self, value: ValueId) -> String {
        match self.constant(value) {
            Some(bits) => bits.to_owned(),
            None => format!("v{}", value.0),
        }
    }

    /// The bits of a constant: in decimal below 2¹⁶, else in hexadecimal; `nothing` for
    /// [`ValueId::NOTHING`].
    pub fn constant(&self, value: ValueId) -> Option<&str> {
        if value == ValueId::NOTHING {
            return Some("nothing");
        }
        find(&self.constants, value).map(String::as_str)
    }

    /// The term that defines a value; none for a constant.
    pub fn definition(&self, value: ValueId) -> Option<&Definition> {
        find(&self.definitions, value)
    }

    /// A definition as text.
    pub fn text(&self, definition: &Definition) -> String {
        let args: Vec<String> = definition.args.iter().map(|&arg| self.name(arg)).collect();
        match args.is_empty() {
            true => definition.operator.clone(),
            false => format!("{}({})", definition.operator, args.join(", ")),
        }
    }

    /// A value with its definition: `v12 = i32.add(v3, 5)`, or a constant's bits.
    pub fn describe(&self, value: ValueId) -> String {
        let name = self.name(value);
        match self.definition(value) {
            Some(definition) => format!("{name} = {}", self.text(definition)),
            None => name,
        }
    }

    /// All values that have a definition, by their numbers.
    pub fn definitions(&self) -> impl Iterator<Item = (ValueId, &Definition)> {
        self.definitions.iter().map(|(value, definition)| (*value, definition))
    }
}

fn find<T>(all: &[(ValueId, T)], value: ValueId) -> Option<&T> {
    let at = all.binary_search_by_key(&value, |(value, _)| *value).ok()?;
    Some(&all[at].1)
}
