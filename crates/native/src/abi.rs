//! The convention of generated code: signatures, types, flags and trap codes.
//!
//! A function takes `(record, height, parameters…)` and gives the results in registers, in
//! Cranelift's convention `Tail`; `record` is the callee's own `FuncRecord`, `height` what is left
//! of the logical stack limit before the call. Builtins take `(vmctx, height, …)` in the convention
//! of the System V ABI. References are cells of 64 bits.
//!
//! # Limits
//! * Results fit eight integer and eight vector registers ([`Declined::Results`]).
//! * Parameters and results fit the cells through which thunks pass them.

use crate::Declined;
use cranelift_codegen::ir::types::{F32, F64, I8X16, I32, I64};
use cranelift_codegen::ir::{AbiParam, Endianness, MemFlagsData, Signature, TrapCode, Type};
use cranelift_codegen::isa::CallConv;
use prova_check::{offsets, traps};
use prova_module::{FuncType, ValType, cells_of};

/// Results that fit the registers, of each of both kinds.
const RESULTS_MAX: usize = 8;

/// The order of bytes in memories.
pub(crate) const LITTLE: Endianness = Endianness::Little;

/// Signatures of what is called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Abi;

impl Abi {
    /// The signature of a function of a type.
    ///
    /// # Errors
    /// If its values do not fit.
    pub(crate) fn function(&self, ty: &FuncType) -> Result<Signature, Declined> {
        let (vectors, integers): (Vec<ValType>, Vec<ValType>) =
            ty.results.iter().partition(|ty| in_vector_register(**ty));
        if vectors.len() > RESULTS_MAX || integers.len() > RESULTS_MAX {
            return Err(Declined::Results);
        }
        if cells_of(&ty.params).max(cells_of(&ty.results)) > offsets::ARGS_CELLS {
            return Err(Declined::Parameters);
        }
        let mut signature = self.thunk_in();
        signature.params.extend(ty.params.iter().map(|&ty| AbiParam::new(clif(ty))));
        signature.returns.extend(ty.results.iter().map(|&ty| AbiParam::new(clif(ty))));
        Ok(signature)
    }

    /// The signature of a way into native code.
    pub(crate) fn thunk_in(&self) -> Signature {
        let mut signature = Signature::new(CallConv::Tail);
        signature.params.extend([AbiParam::new(I64), AbiParam::new(I64)]);
        signature
    }

    /// The signature of a builtin with `operands` operands besides vmctx and height.
    pub(crate) fn builtin(&self, operands: usize) -> Signature {
        let mut signature = Signature::new(CallConv::SystemV);
        signature.params.extend((0..operands + 2).map(|_| AbiParam::new(I64)));
        signature.returns.push(AbiParam::new(I64));
        signature
    }
}

fn in_vector_register(ty: ValType) -> bool {
    match ty {
        ValType::F32 | ValType::F64 | ValType::V128 => true,
        ValType::I32 | ValType::I64 | ValType::Ref(_) => false,
    }
}

/// The CLIF type of a value.
pub(crate) fn clif(ty: ValType) -> Type {
    match ty {
        ValType::I32 => I32,
        ValType::I64 | ValType::Ref(_) => I64,
        ValType::F32 => F32,
        ValType::F64 => F64,
        ValType::V128 => I8X16,
    }
}

/// Flags of a load of an immutable word.
pub(crate) fn immutable() -> MemFlagsData {
    MemFlagsData::trusted().with_readonly().with_can_move()
}

/// The code of a trap of a kind.
pub(crate) fn trap(kind: u8) -> TrapCode {
    match kind {
        traps::INTEGER_DIVISION_BY_ZERO => TrapCode::INTEGER_DIVISION_BY_ZERO,
        traps::INTEGER_OVERFLOW => TrapCode::INTEGER_OVERFLOW,
        traps::BAD_CONVERSION_TO_INTEGER => TrapCode::BAD_CONVERSION_TO_INTEGER,
        traps::MEMORY_OUT_OF_BOUNDS => TrapCode::HEAP_OUT_OF_BOUNDS,
        traps::STACK_OVERFLOW => TrapCode::STACK_OVERFLOW,
        kind => TrapCode::unwrap_user(kind),
    }
}

/// The kind of a code.
pub(crate) fn kind(code: TrapCode) -> Option<u8> {
    match code {
        TrapCode::INTEGER_DIVISION_BY_ZERO => Some(traps::INTEGER_DIVISION_BY_ZERO),
        TrapCode::INTEGER_OVERFLOW => Some(traps::INTEGER_OVERFLOW),
        TrapCode::BAD_CONVERSION_TO_INTEGER => Some(traps::BAD_CONVERSION_TO_INTEGER),
        TrapCode::HEAP_OUT_OF_BOUNDS => Some(traps::MEMORY_OUT_OF_BOUNDS),
        TrapCode::STACK_OVERFLOW => Some(traps::STACK_OVERFLOW),
        code => {
            let raw = code.as_raw().get();
            (raw <= traps::CAST_FAILURE).then_some(raw)
        }
    }
}
