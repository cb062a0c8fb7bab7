//! Signatures → where arguments and results lie: Cranelift's `Tail` convention on x86-64.
//!
//! Integers and references: rdi (context), rsi (height), then rdx, rcx, r8, r9; floats and vectors:
//! xmm0 to xmm7; the rest on the stack from low to high, 8 bytes each (16, aligned, for vectors);
//! the callee takes them off. Results: rax, rcx, rdx, rsi, rdi, r8 to r10, and xmm0 to xmm7.

use crate::layout::{Signature, Ty};
use crate::symbols::RefType;
use alloc::vec::Vec;

/// Register numbers, as instructions encode them.
pub mod regs {
    #![allow(missing_docs, reason = "the registers' own names")]
    pub const RAX: u8 = 0;
    pub const RCX: u8 = 1;
    pub const RDX: u8 = 2;
    pub const RBX: u8 = 3;
    pub const RSP: u8 = 4;
    pub const RBP: u8 = 5;
    pub const RSI: u8 = 6;
    pub const RDI: u8 = 7;
    pub const R8: u8 = 8;
    pub const R9: u8 = 9;
    pub const R10: u8 = 10;
    pub const R12: u8 = 12;
    pub const R13: u8 = 13;
    pub const R14: u8 = 14;
    pub const R15: u8 = 15;
}
use regs::*;

/// Registers that a callee gives back as they were (rsp beside them).
pub const CALLEE_SAVED: [u8; 6] = [RBX, RBP, R12, R13, R14, R15];

/// Operands of builtins that lie in registers, behind context and height.
pub const OPERANDS: [u8; 4] = [RDX, RCX, R8, R9];

const RESULTS: [u8; 8] = [RAX, RCX, RDX, RSI, RDI, R8, R9, R10];
const VECTOR_REGISTERS: u8 = 8;

/// Where an argument or result lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a general register.
    Register(u8),
    /// In a vector register.
    Vector(u8),
    /// On the stack, this number of bytes above the end of the return address.
    Stack(u32),
}

/// Arguments' places and the bytes that they take on the stack (a multiple of 16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// One for each, with its type.
    pub places: Vec<(Ty, Place)>,
    /// Bytes on the stack.
    pub stack_bytes: u32,
}

/// The part of a signature that the check compares at entries, calls and returns: references and
/// the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Convention {
    /// References among the arguments.
    pub(crate) arguments: Vec<(RefType, Place)>,
    /// Bytes of arguments on the stack.
    pub(crate) stack_bytes: u32,
    /// References among the results; none if these do not fit into registers.
    pub(crate) results: Option<Vec<(RefType, Place)>>,
}

impl Convention {
    /// The convention of functions without parameters and results.
    pub(crate) const EMPTY: &'static Convention =
        &Convention { arguments: Vec::new(), stack_bytes: 0, results: Some(Vec::new()) };

    /// The convention of a signature.
    pub(crate) fn of(signature: &Signature) -> Convention {
        let references = |places: Vec<(Ty, Place)>| {
            let references = places.into_iter().filter_map(|(ty, place)| match ty {
                Ty::Ref(ty) => Some((ty, place)),
                Ty::I32 | Ty::I64 | Ty::F32 | Ty::F64 | Ty::V128 => None,
            });
            references.collect()
        };
        let Places { places, stack_bytes } = arguments(signature);
        let results = results(signature).map(references);
        Convention { arguments: references(places), stack_bytes, results }
    }
}

/// Where the arguments of a signature lie, beside context and height.
pub fn arguments(signature: &Signature) -> Places {
    let (mut ints, mut vectors, mut stack) = (OPERANDS.into_iter(), 0_u8, 0_u32);
    let mut places = Vec::new();
    for &ty in &signature.params {
        let place = match ty {
            Ty::I32 | Ty::I64 | Ty::Ref(_) => ints.next().map(Place::Register),
            Ty::F32 | Ty::F64 | Ty::V128 => {
                let register = (vectors < VECTOR_REGISTERS).then_some(Place::Vector(vectors));
                vectors = vectors.saturating_add(1);
                register
            }
        };
        let place = place.unwrap_or_else(|| {
            let size = if ty == Ty::V128 { 16 } else { 8 };
            let at = stack.next_multiple_of(size);
            stack = at.saturating_add(size);
            Place::Stack(at)
        });
        places.push((ty, place));
    }
    Places { places, stack_bytes: stack.next_multiple_of(16) }
}

/// Where the results of a signature lie; none if they do not fit into registers.
pub fn results(signature: &Signature) -> Option<Vec<(Ty, Place)>> {
    let (mut ints, mut vectors) = (RESULTS.into_iter(), 0..VECTOR_REGISTERS);
    let place = |&ty: &Ty| {
        let place = match ty {
            Ty::I32 | Ty::I64 | Ty::Ref(_) => Place::Register(ints.next()?),
            Ty::F32 | Ty::F64 | Ty::V128 => Place::Vector(vectors.next()?),
        };
        Some((ty, place))
    };
    signature.results.iter().map(place).collect()
}
