//! An edit of bodies → the module's bytes. Not believed: `check` compares the module with the old.
//!
//! ```text
//! known parameter     i32.const BITS  local.set PARAM          before the first operator
//! inlined call        local.set ARG … (the last first)
//!                     T.const 0  local.set LOCAL …             what the callee's locals start with
//!                     block  …the callee's operators…  end
//! ```
//!
//! In the callee's operators locals are those behind all others, and `return` is a branch to the
//! block's end. Each call gets new locals.

use super::edit::Edit;
use prova_module::{FuncIdx, Limits, Module, ValType};
use prova_rewrite::{Code, Customs, Error, Numbers, Rewritten, apply};
use wasm_encoder::BlockType;
use wasmparser::{BinaryReader, FunctionBody, Operator};

/// The edited module, decoded, with the custom sections that are gone.
pub(super) fn edited(
    module: &Module,
    edit: &Edit,
    limits: &Limits,
) -> Result<(Module, Vec<String>), String> {
    let mut all = prova_rewrite::Edit { customs: Customs::Standing, ..Default::default() };
    for func in module.defined_funcs().filter(|&func| edit.changes(func)) {
        all.bodies.insert(func.0, body(module, edit, func).map_err(|error| error.to_string())?);
    }
    let Rewritten { bytes, dropped, .. } =
        apply(module.bytes(), &all).map_err(|error| error.to_string())?;
    let new = Module::decode(bytes, module.features(), limits);
    Ok((new.map_err(|error| error.to_string())?, dropped))
}

/// The body of a function as the encoder's reader has it.
fn reader(module: &Module, func: FuncIdx) -> FunctionBody<'_> {
    let bytes = module.body(func).map(|body| body.bytes()).unwrap_or_default();
    FunctionBody::new(BinaryReader::new(bytes, 0))
}

fn body(module: &Module, edit: &Edit, func: FuncIdx) -> Result<Code, Error> {
    let numbers = Numbers::default();
    let old = reader(module, func);
    let locals = old.get_locals_reader()?;
    let locals = locals.into_iter().collect::<wasmparser::Result<Vec<_>>>()?;
    let mut code = numbers.code(locals)?;
    for &(param, bits) in edit.known.get(&func).into_iter().flatten() {
        // The check refuses what is made of a parameter that is not there.
        if let Some(&ty) = module.func_type(func).params.get(param as usize) {
            constant(&mut code, ty, bits);
            code.to().local_set(param);
        }
    }
    let mut free = module.body(func).map_or(0, |body| body.local_types().len()) as u32;
    numbers.wrap(&mut code, &old, false, |code, operator, _| match operator {
        Operator::Call { function_index }
            if edit.inlined.contains(&(func, FuncIdx(*function_index))) =>
        {
            free = inlined(module, FuncIdx(*function_index), code, free)?;
            Ok(true)
        }
        _other => Ok(false),
    })?;
    Ok(code)
}

/// Writes a callee in the place of a call; its locals begin at the free one. The next free one.
fn inlined(module: &Module, callee: FuncIdx, code: &mut Code, free: u32) -> Result<u32, Error> {
    let numbers = Numbers::default();
    let ty = module.func_type(callee);
    let params = ty.params.len() as u32;
    let types = module.body(callee).map(|body| body.local_types()).unwrap_or_default();
    for &ty in &types {
        code.declare(1, ty)?;
    }
    (0..params).rev().for_each(|at| {
        code.to().local_set(free + at);
    });
    for (at, &ty) in (params..).zip(&types[params as usize..]) {
        constant(code, ty, 0);
        code.to().local_set(free + at);
    }
    code.to().block(match ty.results.first() {
        Some(&ty) => BlockType::Result(numbers.val_type(ty)?),
        None => BlockType::Empty,
    });
    let mut depth = 0;
    numbers.wrap(code, &reader(module, callee), false, |code, operator, _| {
        match operator {
            Operator::LocalGet { local_index } => code.to().local_get(free + local_index),
            Operator::LocalSet { local_index } => code.to().local_set(free + local_index),
            Operator::LocalTee { local_index } => code.to().local_tee(free + local_index),
            Operator::Return => code.to().br(depth),
            other => {
                match super::check::opens(other) {
                    Some(true) => depth += 1,
                    Some(false) => depth = depth.saturating_sub(1),
                    None => {}
                }
                return Ok(false);
            }
        };
        Ok(true)
    })?;
    Ok(free + types.len() as u32)
}

fn constant(code: &mut Code, ty: ValType, bits: u64) {
    match ty {
        ValType::I32 => code.to().i32_const(bits as u32 as i32),
        ValType::I64 => code.to().i64_const(bits as i64),
        ValType::F32 => code.to().f32_const(f32::from_bits(bits as u32).into()),
        ValType::F64 => code.to().f64_const(f64::from_bits(bits).into()),
        // The check refuses what is made of it.
        ValType::V128 | ValType::Ref(_) => code.to().unreachable(),
    };
}
