//! Thunks: the ways between native code and the runtime, one each way for a type of functions.
//!
//! * *In*: `(record, height)`: takes the arguments from the cells of `args`, calls the function of
//!   the record, and leaves its results there.
//! * *Out*: stands in a record whose function has no native code; leaves its arguments in `args`,
//!   calls the builtin `call` with the record, and gives what it finds in `args` then.
//!
//! Both are checked like functions. They charge nothing; the runtime charges the function behind an
//! out thunk.

use crate::Declined;
use crate::abi::{self, Abi};
use crate::emit::{Emit, Region};
use crate::lower::state::{cells, put_cell};
use crate::room;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{self, Function, InstBuilder, Value};
use prova_check::offsets;
use prova_module::{FuncType, ValType};

/// The way into functions of a type.
///
/// # Errors
/// If its values do not fit.
pub(crate) fn way_in(abi: &Abi, ty: &FuncType) -> Result<Function, Declined> {
    let callee = abi.function(ty)?;
    let emit = Emit::new(room::function(ir::UserFuncName::default(), abi.thunk_in()));
    let record = emit.block_param(emit.block(), I64);
    let height = emit.block_param(emit.block(), I64);
    let (_, at) = context(&emit, record);
    let mut args = vec![record, height];
    args.extend(get_cells(&emit, at, &ty.params));
    let flags = emit.flags(Region::Store).with_notrap();
    let code = emit.ins(|i| i.load(I64, flags, record, offsets::RECORD_CODE as i32));
    let signature = emit.func.borrow_mut().import_signature(callee);
    let call = emit.ins(|i| i.call_indirect(signature, code, &args));
    put_cells(&emit, at, &emit.results(call));
    emit.ins(|i| i.return_(&[]));
    Ok(emit.func.into_inner())
}

/// The way out of native code to functions of a type.
///
/// # Errors
/// If its values do not fit.
pub(crate) fn way_out(abi: &Abi, ty: &FuncType) -> Result<Function, Declined> {
    let signature = abi.function(ty)?;
    let emit = Emit::new(room::function(ir::UserFuncName::default(), signature));
    let record = emit.block_param(emit.block(), I64);
    let height = emit.block_param(emit.block(), I64);
    let params: Vec<Value> =
        ty.params.iter().map(|&ty| emit.block_param(emit.block(), abi::clif(ty))).collect();
    let (vmctx, at) = context(&emit, record);
    put_cells(&emit, at, &params);
    let table = emit.ins(|i| i.load(I64, abi::immutable(), vmctx, offsets::BUILTINS as i32));
    let code = 8 * offsets::BUILTIN_CALL as i32;
    let code = emit.ins(|i| i.load(I64, abi::immutable(), table, code));
    let signature = emit.func.borrow_mut().import_signature(abi.builtin(1));
    emit.ins(|i| i.call_indirect(signature, code, &[vmctx, height, record]));
    let results = get_cells(&emit, at, &ty.results);
    emit.ins(|i| i.return_(&results));
    Ok(emit.func.into_inner())
}

/// The vmctx of a record.
fn vmctx(emit: &Emit, record: Value) -> Value {
    emit.ins(|i| i.load(I64, abi::immutable(), record, offsets::RECORD_VMCTX as i32))
}

/// The vmctx of a record, and the cells for values.
pub(crate) fn context(emit: &Emit, record: Value) -> (Value, Value) {
    let vmctx = vmctx(emit, record);
    (vmctx, cells_of(emit, vmctx))
}

/// The cells for values, by a vmctx.
pub(crate) fn cells_of(emit: &Emit, vmctx: Value) -> Value {
    let word = |of: Value, at: u32| emit.ins(|i| i.load(I64, abi::immutable(), of, at as i32));
    word(word(vmctx, offsets::STORE), offsets::STORE_ARGS)
}

pub(crate) fn get_cells(emit: &Emit, at: Value, types: &[ValType]) -> Vec<Value> {
    let flags = emit.flags(Region::Store).with_notrap();
    let mut cell = 0;
    let values = types.iter().map(|&ty| {
        let ty = abi::clif(ty);
        let value = emit.ins(|i| i.load(ty, flags, at, 8 * cell));
        cell += cells(ty);
        value
    });
    values.collect()
}

pub(crate) fn put_cells(emit: &Emit, at: Value, values: &[Value]) {
    let flags = emit.flags(Region::Store).with_notrap();
    let mut cell = 0;
    for &value in values {
        put_cell(emit, flags, at, cell, value);
        cell += cells(emit.type_of(value));
    }
}
