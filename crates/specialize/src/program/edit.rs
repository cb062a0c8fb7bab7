//! Edits of bodies, as data: what a function learns of its callers, and which calls give way to
//! what they call.

use super::plant::misjudged;
use prova_module::{FuncIdx, Module, Opcode, ValType};
use std::collections::{BTreeMap, BTreeSet};

/// An edit; nothing in it is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Edit {
    /// By function: parameters, in ascending order, with the bits that every call passes.
    pub(super) known: BTreeMap<FuncIdx, Vec<(u32, u64)>>,
    /// Callers and callees: the body of the second stands where the first one called it.
    pub(super) inlined: BTreeSet<(FuncIdx, FuncIdx)>,
}

impl Edit {
    /// Whether nothing changes.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty() && self.inlined.is_empty()
    }

    /// Whether a function's body changes.
    pub(super) fn changes(&self, func: FuncIdx) -> bool {
        self.standing(func).next().is_some() || self.known.contains_key(&func)
    }

    /// The functions whose bodies stand in a function, with it.
    pub(super) fn standing(&self, func: FuncIdx) -> impl Iterator<Item = (FuncIdx, FuncIdx)> {
        self.inlined.range((func, FuncIdx(0))..=(func, FuncIdx(u32::MAX))).copied()
    }
}

/// Whether a type has constants that an edit writes, and a zero that locals start with.
pub(super) fn is_number(ty: ValType) -> bool {
    match ty {
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 => true,
        ValType::V128 | ValType::Ref(_) => false,
    }
}

/// Whether a function's body may stand in another one: its locals are numbers, it has at most one
/// result, and no tail calls.
pub(super) fn may_stand(module: &Module, func: FuncIdx) -> bool {
    let Some(body) = module.body(func) else { return false };
    let is_tail = |code: Opcode| {
        use Opcode as O;
        matches!(code, O::ReturnCall | O::ReturnCallIndirect | O::ReturnCallRef)
    };
    let mut codes = body.operators().into_iter().map_while(Result::ok).map(|it| Opcode::of(&it));
    let ty = module.func_type(func);
    ty.results.len() <= 1
        && ty.params.iter().copied().all(is_number)
        && body.locals().all(|(_, ty)| is_number(ty))
        && (!codes.any(is_tail) || misjudged!(TailsStand))
}

/// The locals that a body reads.
pub(super) fn read(module: &Module, func: FuncIdx) -> BTreeSet<u32> {
    let Some(body) = module.body(func) else { return BTreeSet::new() };
    let operators = body.operators().into_iter().map_while(Result::ok);
    let local = |operator| {
        let prova_module::Operator::LocalGet { local_index } = operator else { return None };
        Some(local_index)
    };
    operators.filter_map(local).collect()
}
