//! The calls of a record → functions that give their answers, for a module without a host.
//!
//! ```text
//! answer(number, hash of function and arguments) -> 0, and the results in globals
//!                                                -> 1 if another call was recorded
//!                                                -> never, if the program ends there
//! ```
//!
//! The functions are a tree: a leaf answers up to [`FAN`] calls, and a node chooses among up to
//! [`FAN`] functions by a digit of the call's number. In this engine `replay` answers instead.
//!
//! 1. Nothing is written before the call has been compared. Arguments are compared by a hash: two
//!    calls that differ are taken for one by a chance of 2⁻⁶⁴.
//! 2. What the host wrote is one passive segment, in the order of the writes.
//!
//! Limit: a write outside of the memory traps as the engine's own, and not with the text that a
//! replay has for it.

use super::{BYTES_MAX, Func, Global, Layout, Line, PROC_EXIT, Wish, lines};
use crate::trace::func_imports;
use crate::trace::record::{Answer, Call};
use crate::trace::watch::{FACTORS, TURNS};
use prova_module::{FuncIdx, Module, ValType};
use std::collections::BTreeMap;
use wasm_encoder::{BlockType, Function, InstructionSink};

/// Calls of a leaf, and functions of a node.
const FAN: u64 = 128;

/// The functions that answer recorded calls, and their data.
pub(super) struct Answers {
    /// From [`Func::Answers`] on.
    pub(super) functions: Vec<Function>,
    /// The index of the one that is called.
    pub(super) root: u32,
    /// The bytes that the host wrote, in the order of the writes.
    pub(super) bytes: Vec<u8>,
    /// Globals for the cells of results.
    pub(super) cells: usize,
    /// By imported function, the first one that has its name.
    pub(super) names: Vec<u32>,
}

/// The hash of a call with one word more.
pub(super) fn folded(hash: u64, word: u64) -> u64 {
    (hash ^ word).wrapping_mul(FACTORS[0]).rotate_left(TURNS[0])
}

/// [`folded`] as code.
pub(super) fn fold_function() -> Function {
    let mut function = Function::new([]);
    let mut to = function.instructions();
    to.local_get(0).local_get(1).i64_xor().i64_const(FACTORS[0] as i64).i64_mul();
    to.i64_const(TURNS[0].into()).i64_rotl().end();
    function
}

/// Makes the functions of a record.
///
/// # Errors
/// If they take more than [`BYTES_MAX`].
pub(super) fn answers(module: &Module, layout: Layout, wish: &Wish<'_>) -> Result<Answers, String> {
    let imports = func_imports(module);
    let first = layout.func(Func::Answers);
    let mut first_of = BTreeMap::new();
    let number = |(at, name)| *first_of.entry(name).or_insert(at);
    let names = (0..).zip(&imports).map(number).collect();
    let of_name = |name| first_of.get(name).map(|at| FuncIdx(*at));
    let recorded: Vec<Option<FuncIdx>> = wish.imports.iter().map(of_name).collect();
    let (functions, bytes) = (Vec::new(), Vec::new());
    let mut answers = Answers { functions, root: first, bytes, cells: 2, names };
    for func in 0..imports.len() as u32 {
        let results = &module.func_type(FuncIdx(func)).results;
        answers.cells = answers.cells.max(super::cells(results).count());
    }
    let mut size = 0;
    let mut calls = wish.record.iter();
    for number in (0..).step_by(FAN as usize) {
        let some: Vec<Call> = calls.by_ref().take(FAN as usize).collect();
        if some.is_empty() && number > 0 {
            break;
        }
        let mut leaf =
            Leaf { module, layout, wish, recorded: &recorded, bytes: &mut answers.bytes };
        let function = leaf.function(number, &some);
        size += function.byte_len();
        answers.functions.push(function);
        if size + answers.bytes.len() > BYTES_MAX {
            return Err(format!("the recorded answers take more than {BYTES_MAX} bytes"));
        }
    }
    let (mut below, mut weight) = (0..answers.functions.len(), FAN);
    while below.len() > 1 {
        let start = answers.functions.len();
        let indices: Vec<u32> = below.map(|at| first + at as u32).collect();
        answers.functions.extend(indices.chunks(FAN as usize).map(|some| node(some, weight)));
        (below, weight) = (start..answers.functions.len(), weight.saturating_mul(FAN));
    }
    answers.root = first + answers.functions.len() as u32 - 1;
    Ok(answers)
}

/// Opens blocks for `count` cases and for all other digits, and branches by the digit of local 0
/// at `weight`, to base [`FAN`]. The innermost block, that leads to case 0, ends here; the caller
/// ends one more block after each case.
fn cases(to: &mut InstructionSink<'_>, count: u32, weight: u64) {
    for _ in 0..=count {
        to.block(BlockType::Empty);
    }
    to.local_get(0).i64_const(weight as i64).i64_div_u().i64_const(FAN as i64).i64_rem_u();
    to.i32_wrap_i64().br_table(0..count, count).end();
}

/// Chooses a function by a digit of the number; beyond the last one no call was recorded.
fn node(below: &[u32], weight: u64) -> Function {
    let mut function = Function::new([]);
    let mut to = function.instructions();
    cases(&mut to, below.len() as u32, weight);
    for func in below {
        to.local_get(0).local_get(1).call(*func).return_().end();
    }
    to.i32_const(1).end();
    function
}

struct Leaf<'l> {
    module: &'l Module,
    layout: Layout,
    wish: &'l Wish<'l>,
    /// By the imports of the recorded module, the first function that has the name.
    recorded: &'l [Option<FuncIdx>],
    bytes: &'l mut Vec<u8>,
}

impl Leaf<'_> {
    /// Answers calls from a number on.
    fn function(&mut self, number: u64, calls: &[Call]) -> Function {
        let mut function = Function::new([]);
        let mut to = function.instructions();
        cases(&mut to, calls.len() as u32, 1);
        for (number, call) in (number..).zip(calls) {
            match self.recorded.get(call.import as usize).copied().flatten() {
                Some(func) => self.case(&mut to, number, call, func),
                // The module imports no such function: it cannot be the one that is called.
                None => {
                    to.br((calls.len() as u64 - 1 - number % FAN) as u32);
                }
            }
            to.end();
        }
        to.i32_const(1).end();
        function
    }

    /// One call: nothing comes after it in its block.
    fn case(&mut self, to: &mut InstructionSink<'_>, number: u64, call: &Call, func: FuncIdx) {
        let hash = call.args.iter().fold(folded(0, func.0.into()), |hash, arg| folded(hash, *arg));
        to.local_get(1).i64_const(hash as i64).i64_ne().if_(BlockType::Empty);
        to.i32_const(1).return_().end();
        let writes = self.wish.record.writes(call).filter(|(_, bytes)| !bytes.is_empty());
        for (start, bytes) in writes {
            let from = self.bytes.len();
            self.bytes.extend_from_slice(bytes);
            match self.layout.program {
                Some((memory, wide)) if wide || u32::try_from(start).is_ok() => {
                    match wide {
                        true => to.i64_const(start as i64),
                        false => to.i32_const(start as u32 as i32),
                    };
                    to.i32_const(from as i32).i32_const(bytes.len() as i32);
                    to.memory_init(memory, self.layout.data);
                }
                _ => {
                    to.unreachable();
                }
            }
        }
        let ends = |to: &mut InstructionSink<'_>, kind: i32, code: u32| {
            to.i32_const(kind);
            lines::push_told(to, self.layout);
            to.i64_const(code.into()).i64_const(number as i64 + 1).i64_const(0);
            to.call(self.layout.func(Func::Line)).i32_const(0).call(PROC_EXIT).unreachable();
        };
        let needed = self.module.func_type(func).results.iter();
        let needed: usize = needed.map(|ty| 1 + usize::from(*ty == ValType::V128)).sum();
        match &call.answer {
            Answer::Returned(cells) if cells.len() < needed => ends(to, Line::STOPPED, 1),
            Answer::Returned(cells) => {
                let first = self.layout.global(Global::Cells);
                for (global, cell) in (first..).zip(cells).take(needed) {
                    to.i64_const(*cell as i64).global_set(global);
                }
                to.i32_const(0).return_();
            }
            Answer::Exited(code) => ends(to, Line::EXITED, *code),
            Answer::Stopped(_) => ends(to, Line::STOPPED, 0),
        }
    }
}
