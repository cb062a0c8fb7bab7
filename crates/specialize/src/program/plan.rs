//! The edit of a round: who learns of its callers, and which calls give way. Not believed.
//!
//! * A function learns of a parameter that all calls pass one constant for, if it reads it.
//! * A function with one call stands where it is called; a small one without calls and loops stands
//!   at each of its calls.
//! * Bodies take at most [`GROWTH_MAX`] times the bytes of the module where they stand, and have no
//!   more locals than bytes: a few bytes declare many, and each is written.
//! * A body that is taken over is not edited in the same round, and what a round made larger than
//!   it is worth is not tried again ([`Refused`]).

use super::edit::{Edit, is_number, may_stand, read};
use super::uses::{Passed, Uses};
use prova_module::ops::Class;
use prova_module::{FuncIdx, Module, Opcode};
use std::collections::{BTreeMap, BTreeSet};

/// The most bytes of a body that stands at its only call, and of the one that it stands in: what is
/// large is dear to optimise, and to compile.
const ONLY_BYTES_MAX: usize = 1 << 13;
const INTO_BYTES_MAX: usize = 1 << 16;

/// The most bytes of a body that stands at each of its calls.
const SMALL_BYTES_MAX: usize = 24;

/// The most bytes of all bodies that stand for calls in a round, for each byte of the module.
const GROWTH_MAX: usize = 16;

/// Bytes of a zero that is written to a local, or more.
const ZERO_BYTES: usize = 14;

/// Edits that earlier rounds tried, and were not worth it.
#[derive(Default)]
pub(super) struct Refused {
    /// Functions that learn nothing.
    pub(super) known: BTreeSet<FuncIdx>,
    /// Callers and callees.
    pub(super) inlined: BTreeSet<(FuncIdx, FuncIdx)>,
}

/// Bytes of a function's body.
pub(super) fn size(module: &Module, func: FuncIdx) -> usize {
    module.body(func).map_or(0, |body| body.bytes().len())
}

/// Plans a round.
pub(super) fn plan(
    module: &Module,
    uses: &Uses,
    passed: &[Vec<Passed>],
    refused: &Refused,
) -> Edit {
    let mut edit = Edit::default();
    // By callee: its callers, once for each call; none if a call is a tail call.
    let mut callers: BTreeMap<FuncIdx, Option<Vec<FuncIdx>>> = BTreeMap::new();
    for func in module.defined_funcs().filter(|func| uses.live[func.index()]) {
        for named in &uses.calls[func.index()] {
            let all = callers.entry(named.callee).or_insert(Some(Vec::new()));
            if named.is_tail {
                *all = None;
            } else if let Some(all) = all {
                all.push(func);
            }
        }
    }
    let (mut taken_over, mut taking) = (BTreeSet::new(), BTreeSet::new());
    let mut room = module.bytes().len() * GROWTH_MAX;
    for (&callee, all) in &callers {
        let Some(all) = all else { continue };
        let is_only = all.len() == 1 && !uses.taken[callee.index()];
        let most = if is_only { ONLY_BYTES_MAX } else { SMALL_BYTES_MAX };
        let (bytes, locals) = (size(module, callee), locals(module, callee));
        let all_bytes = (bytes + ZERO_BYTES * locals).saturating_mul(all.len());
        let is_fit = bytes <= most
            && locals <= bytes
            && all_bytes <= room
            && !taking.contains(&callee)
            && (is_only || is_leaf(module, callee))
            && may_stand(module, callee);
        if !is_fit {
            continue;
        }
        room -= all_bytes;
        for &caller in all {
            let pair = (caller, callee);
            let into = caller != callee
                && !taken_over.contains(&caller)
                && !refused.inlined.contains(&pair)
                && size(module, caller) <= INTO_BYTES_MAX;
            if into {
                edit.inlined.insert(pair);
                taken_over.insert(callee);
                taking.insert(caller);
            }
        }
    }
    for func in module.defined_funcs().filter(|func| uses.live[func.index()]) {
        if !taken_over.contains(&func) && !refused.known.contains(&func) {
            let known = known(module, func, &passed[func.index()]);
            edit.known.extend((!known.is_empty()).then_some((func, known)));
        }
    }
    edit
}

/// The parameters of a function that it reads and all calls pass one number for.
fn known(module: &Module, func: FuncIdx, passed: &[Passed]) -> Vec<(u32, u64)> {
    let params = (0..).zip(&module.func_type(func).params).zip(passed);
    let known = params.filter_map(|((param, &ty), passed)| match passed {
        Passed::Constant(bits) if is_number(ty) => Some((param, *bits)),
        Passed::Constant(_) | Passed::Nothing | Passed::Anything => None,
    });
    let mut known: Vec<(u32, u64)> = known.collect();
    if !known.is_empty() {
        let read = read(module, func);
        known.retain(|(param, _)| read.contains(param));
    }
    known
}

/// Parameters and locals of a function.
fn locals(module: &Module, func: FuncIdx) -> usize {
    let declared = module.body(func).map_or(0, |body| body.locals().map(|(n, _)| n as usize).sum());
    module.func_type(func).params.len() + declared
}

/// Whether a body has neither calls nor loops.
fn is_leaf(module: &Module, func: FuncIdx) -> bool {
    let Some(body) = module.body(func) else { return false };
    let mut codes = body.operators().into_iter().map_while(Result::ok).map(|it| Opcode::of(&it));
    codes.all(|code| {
        !matches!(
            code.class(),
            Class::loop_ | Class::call | Class::call_indirect | Class::call_ref | Class::try_table
        )
    })
}
