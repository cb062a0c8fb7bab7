//! A case whose calls go to exports → the same as a program: exports are few, and functions call
//! each other.
//!
//! ```text
//! Case ─► functions as before, no longer exported
//!         main_n ─► mid_n ─► f_n       one for each call; some mains call f_n themselves
//! ```
//!
//! Generators export each function that they want called, so that nobody knows who enters it. Here
//! a *main* is exported in its place, which passes some arguments as constants and its own
//! parameters for the others, so that functions have known arguments, and single callers. Some
//! calls are tail calls, some go through a function that hands its arguments on.
//!
//! - G1. A main passes arguments of one of the case's calls of that function.
//!
//! Functions with parameters or results that are references stay exported.

use super::{Call, Case, Rng, module_of};
use prova_module::{FuncIdx, FuncType, Module, ValType};
use prova_runtime::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, FunctionSection, Ieee32, Ieee64,
    InstructionSink, TypeSection,
};

/// An argument of a main.
#[derive(Clone, Copy, Debug)]
enum Arg {
    Constant(u128),
    Param,
}

/// How a function is called: with the first call's arguments always, and which of them are
/// constants, by bits.
struct Habit {
    args: Option<Vec<Cell>>,
    constants: u64,
}

/// An added function: it calls another one with these arguments, and returns what that returns.
struct Added {
    name: Option<String>,
    callee: u32,
    ty: FuncType,
    args: Vec<Arg>,
    is_tail: bool,
}

/// The program of a case; none if its module has no function that can be hidden.
pub fn program(case: &Case, rng: &mut Rng) -> Option<Case> {
    let module = module_of(&case.wasm)?;
    let (mut added, mut calls, mut hidden) = (Vec::new(), Vec::new(), BTreeSet::new());
    let first = module.func_count() as u32;
    let mut habits: BTreeMap<FuncIdx, Habit> = BTreeMap::new();
    for call in &case.calls {
        let Some((func, ty)) = hideable(&module, &call.export) else {
            calls.push(call.clone());
            continue;
        };
        hidden.insert(call.export.clone());
        let habit = habits.entry(func).or_insert_with(|| Habit {
            args: rng.percent(50).then(|| call.args.clone()),
            constants: rng.bits() | rng.bits(),
        });
        let args = habit.args.as_ref().unwrap_or(&call.args);
        let mut callee = func.0;
        if rng.percent(40) {
            let args = vec![Arg::Param; ty.params.len()];
            let is_tail = rng.percent(30);
            added.push(Added { name: None, callee, ty: ty.clone(), args, is_tail });
            callee = first + added.len() as u32 - 1;
        }
        let (own, params, rest) = split(ty, args, habit.constants);
        let name = format!("main{}", added.len());
        calls.push(Call { export: name.clone(), args: rest });
        let ty = FuncType::new(params, ty.results.iter().copied());
        added.push(Added { name: Some(name), callee, ty, args: own, is_tail: rng.percent(30) });
    }
    if added.is_empty() {
        return None;
    }
    let mut writer = Writer { module: &module, added: &added, hidden: &hidden };
    let mut new = wasm_encoder::Module::new();
    let parser = wasmparser::Parser::new(0);
    writer.parse_core_module(&mut new, parser, module.bytes()).ok()?;
    let wasm = new.finish();
    Some(Case { wasm, calls, ..case.clone() })
}

/// A function of the module that is exported by this name, if its type has numbers alone.
fn hideable<'m>(module: &'m Module, export: &str) -> Option<(FuncIdx, &'m FuncType)> {
    let func = module.export(export)?.func().filter(|&func| module.body(func).is_some())?;
    let ty = module.func_type(func);
    let mut all = ty.params.iter().chain(&ty.results);
    all.all(|ty| !matches!(ty, ValType::Ref(_))).then_some((func, ty))
}

/// The arguments of a main's call: constants, and its own parameters with their types and cells.
fn split(ty: &FuncType, cells: &[Cell], constants: u64) -> (Vec<Arg>, Vec<ValType>, Vec<Cell>) {
    let (mut args, mut params, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    let mut cells = cells.iter().copied();
    for (i, &param) in ty.params.iter().enumerate() {
        let low = cells.next().unwrap_or(0);
        let high = if param == ValType::V128 { cells.next() } else { None };
        if constants >> (i % 64) & 1 != 0 {
            args.push(Arg::Constant(u128::from(low) | u128::from(high.unwrap_or(0)) << 64));
        } else {
            args.push(Arg::Param);
            params.push(param);
            rest.push(low);
            rest.extend(high);
        }
    }
    (args, params, rest)
}

/// Copies a module with what is added.
struct Writer<'a> {
    module: &'a Module,
    added: &'a [Added],
    hidden: &'a BTreeSet<String>,
}

impl Reencode for Writer<'_> {
    type Error = Infallible;

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_type_section(self, types, section)?;
        for Added { ty, .. } in self.added {
            types.ty().function(ty.params.iter().map(number), ty.results.iter().map(number));
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_function_section(self, functions, section)?;
        let first = self.module.types().len() as u32;
        (first..).zip(self.added).for_each(|(ty, _)| {
            functions.function(ty);
        });
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), Error> {
        for export in section {
            let export = export?;
            if !self.hidden.contains(export.name) {
                self.parse_export(exports, export)?;
            }
        }
        let first = self.module.func_count() as u32;
        for (func, added) in (first..).zip(self.added) {
            if let Some(name) = &added.name {
                exports.export(name, ExportKind::Func, func);
            }
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_code_section(self, code, section)?;
        for added in self.added {
            let callee = self.module.func_count() as u32;
            let params = match added.callee.checked_sub(callee) {
                None => self.module.func_type(FuncIdx(added.callee)).params.clone(),
                Some(of) => self.added[of as usize].ty.params.clone(),
            };
            code.function(&body(added, &params));
        }
        Ok(())
    }
}

/// The body of an added function, whose callee has these parameters.
fn body(added: &Added, params: &[ValType]) -> Function {
    let mut function = Function::new([]);
    let mut to: InstructionSink<'_> = function.instructions();
    let mut own = 0;
    for (arg, ty) in added.args.iter().zip(params) {
        match (*arg, ty) {
            (Arg::Param, _) => {
                to.local_get(own);
                own += 1;
            }
            (Arg::Constant(bits), ValType::I32) => drop(to.i32_const(bits as i32)),
            (Arg::Constant(bits), ValType::I64) => drop(to.i64_const(bits as i64)),
            (Arg::Constant(bits), ValType::F32) => drop(to.f32_const(Ieee32::new(bits as u32))),
            (Arg::Constant(bits), ValType::F64) => drop(to.f64_const(Ieee64::new(bits as u64))),
            (Arg::Constant(bits), ValType::V128 | ValType::Ref(_)) => {
                to.v128_const(bits.cast_signed());
            }
        }
    }
    match added.is_tail {
        true => to.return_call(added.callee),
        false => to.call(added.callee),
    };
    to.end();
    function
}

/// A type that is no reference, for the encoder.
fn number(ty: &ValType) -> wasm_encoder::ValType {
    match ty {
        ValType::I32 => wasm_encoder::ValType::I32,
        ValType::I64 => wasm_encoder::ValType::I64,
        ValType::F32 => wasm_encoder::ValType::F32,
        ValType::F64 => wasm_encoder::ValType::F64,
        ValType::V128 | ValType::Ref(_) => wasm_encoder::ValType::V128,
    }
}
