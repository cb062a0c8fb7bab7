//! The place at which two sides differ → the code of the function around it, as each side has it.
//!
//! The caller knows the code that a side executes ([`Translate`]), and has the machine code. The
//! bytecode is the one that runs without tracing: the function is translated again here.
//!
//! Limits: [`AROUND`] operators before and behind the place. Names and operators are printable.

use super::{Divergence, Side, Spot};
use crate::trace::{Record, function, named};
use prova_builds::names::printable;
use prova_bytecode::{decode, text};
use prova_core::{Engine, Module, Result};
use prova_inspect::operators;
use prova_module::FuncIdx;
use serde::Serialize;
use std::collections::BTreeMap;

/// Operators before and behind the place.
const AROUND: usize = 12;

/// The code of a function that a side executes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// The operators themselves.
    Operators,
    /// Bytecode.
    Bytecode,
    /// Machine code: the operators' offsets in the module, and instructions.
    Machine(Vec<(u32, String)>),
}

/// Says what a side (0 or 1) executes of a function.
pub type Translate<'t> = &'t dyn Fn(usize, &prova_module::Module, FuncIdx) -> Code;

/// A stretch of a function as a side has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Translation {
    /// The name of the side.
    pub side: String,
    /// The function.
    pub function: String,
    /// The form of the code: `operators`, `bytecode`, `machine code`.
    pub form: &'static str,
    /// The operators and what stands for them.
    pub rows: Vec<Row>,
}

/// An operator and its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its offset in the module.
    pub offset: u32,
    /// The blocks around it.
    pub depth: usize,
    /// The operator.
    pub operator: String,
    /// The instructions that belong to it.
    pub code: Vec<String>,
    /// Whether it is the one that is named.
    pub here: bool,
}

impl Divergence {
    /// Adds the code around the place that differs.
    ///
    /// # Errors
    /// If a module is refused, or an operator cannot be printed.
    pub fn translate(
        &mut self,
        record: &Record,
        sides: &[Side<'_>; 2],
        translate: Translate<'_>,
    ) -> Result<()> {
        let mut all = Vec::new();
        for (at, side) in sides.iter().enumerate() {
            let Some((func, offset)) = self.place(at, sides) else { continue };
            let mut config = side.config.clone();
            config.deterministic(true);
            let bytes = side.module.unwrap_or_else(|| record.module());
            let module = Module::new(&Engine::new(&config)?, bytes)?;
            let code = translate(at, module.wasm(), func);
            let name = printable(&side.name);
            all.push(translation(name, &module, (func, offset), code)?);
        }
        self.translations = all;
        Ok(())
    }

    /// The function and the operator of a side at which it differs; where a side has no such event,
    /// those of the other one, if both have one module.
    fn place(&self, side: usize, sides: &[Side<'_>; 2]) -> Option<(FuncIdx, u32)> {
        let first = self.first.as_ref()?;
        let fork = first.before.last().filter(|_| first.ways);
        let one = sides[0].module == sides[1].module;
        if let Some(fork) = fork.filter(|_| one || side == 0) {
            return Some((FuncIdx(fork.func), fork.offset));
        }
        let [own, other] = if side == 0 { [&first.a, &first.b] } else { [&first.b, &first.a] };
        let spot: &Spot = own.as_ref().or(other.as_ref().filter(|_| one))?;
        match (spot.event.offset, spot.stack.first()) {
            (0, Some(caller)) => Some((FuncIdx(caller.func), caller.offset)),
            (offset, _) => Some((FuncIdx(spot.event.func), offset)),
        }
    }
}

fn translation(
    side: String,
    module: &Module,
    (func, offset): (FuncIdx, u32),
    code: Code,
) -> Result<Translation> {
    let wasm = module.wasm();
    let (form, mut of_operator) = match code {
        Code::Operators => ("operators", BTreeMap::new()),
        Code::Bytecode => ("bytecode", bytecode(module, func)?),
        Code::Machine(lines) => {
            let mut of_operator: BTreeMap<u32, Vec<String>> = BTreeMap::new();
            for (offset, line) in lines {
                of_operator.entry(offset).or_default().push(printable(&line));
            }
            ("machine code", of_operator)
        }
    };
    let operators = operators(wasm, func)?;
    let here = operators.iter().position(|one| one.offset == offset).unwrap_or_default();
    let range = here.saturating_sub(AROUND)..operators.len().min(here + AROUND + 1);
    let rows = operators[range].iter().map(|one| Row {
        offset: one.offset,
        depth: one.depth,
        operator: printable(&one.text),
        code: of_operator.remove(&one.offset).unwrap_or_default(),
        here: one.offset == offset,
    });
    let rows = rows.collect();
    Ok(Translation { side, function: function(&named(wasm, func), func.0), form, rows })
}

/// The instructions of a function, by the operators that they belong to.
fn bytecode(module: &Module, func: FuncIdx) -> Result<BTreeMap<u32, Vec<String>>> {
    let code = module.bytecode(func)?;
    let mut of_operator: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut at = 0;
    while let Ok(inst) = decode(code.words(), at) {
        let line = format!("{at}: {}", text::disassemble_inst(code.words(), &inst));
        of_operator.entry(code.offset_of(at)).or_default().push(line);
        at = inst.next;
    }
    Ok(of_operator)
}

impl Divergence {
    /// The code around the place, as text.
    pub fn code_text(&self) -> String {
        self.translations.iter().map(Translation::to_text).collect()
    }
}

impl Translation {
    /// The stretch as text.
    fn to_text(&self) -> String {
        let mut out = format!("\n{} of {} in {}\n", self.form, self.side, self.function);
        for row in &self.rows {
            let mark = if row.here { "→" } else { " " };
            let indent = "  ".repeat(row.depth);
            out += &format!("{mark} {:#08x}  {indent}{}\n", row.offset, row.operator);
            for line in &row.code {
                out += &format!("              {line}\n");
            }
        }
        out
    }
}
