//! The check of what surrounds specialised functions: two modules → the second is the first without
//! intrinsics, with the functions, elements and bytes of a plan, or what else differs.
//!
//! It decodes nothing itself and shares no code with `rewrite`: it compares what both modules are
//! once they are decoded, operator by operator in code.
//!
//! * R1. Types, memories, tags, globals and their initial values are the same; so are tables, but
//!   that table 0 has as many more elements as the plan has functions (and its greatest size too),
//!   and that two mutable i64 globals of 0 stand behind the others if an intrinsic names them.
//! * R2. Imports are the same without intrinsics; exports, start function, elements name the same
//!   functions, renumbered. Behind them stands one active segment of table 0 with the new
//!   functions.
//! * R3. Data segments are the same; behind them stand active ones with the plan's bytes, and one
//!   for each new function, in their order, with its index in table 0 where the plan wants it.
//! * R4. Each function that was there has the same locals and operators, renumbered; in the place
//!   of a call of an intrinsic stand drops of its operands, or of all but the first, a trap, a load
//!   or store of a cell, or a read or write of an added global, as its row says. A store of the
//!   last of three operands goes through
//!   an i64 local, which such a function has behind its own, and which nothing else uses.
//! * R5. The new functions have the types of the plan. Each is proved to be its body
//!   ([`EmittedBody`], of this very module), or is a trap.
//!
//! Parts that are the same except for numbers are compared by [`Outside`], as in `program::same`.
//! Custom sections mean nothing to execution and are not compared.

use crate::ask::error::Error;
use crate::ask::intrinsic::{Generic, Intrinsic, Intrinsics};
use crate::ask::plan::{New, Plan};
use crate::check::outside::{Outside, names};
use prova_emit::emitted::EmittedBody;
use prova_module::ops::Immediate;
use prova_module::{
    ConstOp, Data, DataIdx, DataMode, Element, ElementItems, ElementKind, ExternKind, FuncIdx,
    GlobalIdx, GlobalType, MemoryIdx, Module, Opcode, Operator, TableIdx, TableType, ValType,
};
use wasmparser::{BinaryReader, MemArg, MemArgTarget, OperatorsReader, OperatorsReaderAllocations};

#[cfg(test)]
mod tests;

/// Compares two modules.
///
/// # Errors
/// What differs: a fault of `rewrite`.
pub(crate) fn check(
    old: &Module,
    new: &Module,
    intrinsics: &Intrinsics,
    plan: &Plan,
    proofs: &[EmittedBody],
) -> Result<(), Error> {
    let same_func = |old: FuncIdx, new: FuncIdx| intrinsics.renumbered(old) == Some(new);
    let outside = Outside { old, new, names: &same_func };
    let rest = Rest { old, new, intrinsics, plan, proofs, outside };
    let differs = |what: &str| Error::Output(format!("{what} are not what they were"));
    let outside = &rest.outside;
    let parts: [(bool, &str); 8] = [
        (outside.types(), "types"),
        (rest.imports(), "imports"),
        (outside.tables(|at, ty| rest.grown(at, ty)), "tables"),
        (outside.memories_and_tags(), "memories or tags"),
        (outside.globals().is_some_and(|more| rest.are_added(more)), "globals"),
        (outside.start() && outside.exports(), "exports"),
        (outside.elements().is_some_and(|more| rest.are_elements(more)), "elements"),
        (outside.segments().is_some_and(|more| rest.are_data(more)), "data segments"),
    ];
    for (same, what) in parts {
        if !same {
            return Err(differs(what));
        }
    }
    rest.functions()
}

struct Rest<'r> {
    old: &'r Module,
    new: &'r Module,
    intrinsics: &'r Intrinsics,
    plan: &'r Plan,
    proofs: &'r [EmittedBody],
    outside: Outside<'r>,
}

impl Rest<'_> {
    fn imports(&self) -> bool {
        let mut funcs = 0..;
        let kept = self.old.imports().iter().filter(|import| {
            let is_func = import.kind.kind() == ExternKind::Func;
            let func = is_func.then(|| funcs.next()).flatten();
            func.is_none_or(|func| self.intrinsics.of(FuncIdx(func)).is_none())
        });
        let mut new = self.new.imports().iter();
        let same = kept.into_iter().all(|old| {
            new.next().is_some_and(|new| {
                old.module == new.module && old.name == new.name && old.kind == new.kind
            })
        });
        same && new.next().is_none()
    }

    /// A table with room for the new functions (R1).
    fn grown(&self, index: TableIdx, mut ty: TableType) -> TableType {
        let more = if index == TableIdx(0) { self.plan.funcs.len() as u64 } else { 0 };
        ty.min = ty.min.saturating_add(more);
        ty.max = ty.max.map(|max| max.saturating_add(more));
        ty
    }

    /// Whether globals are those that intrinsics name (R1).
    fn are_added(&self, more: &[GlobalType]) -> bool {
        let is_zero = |at: u32| {
            let init = self.new.global_init(GlobalIdx(self.intrinsics.global(at)));
            init.is_some_and(|init| init.ops() == [ConstOp::I64Const(0)])
        };
        more.len() == self.intrinsics.added_globals() as usize
            && more.iter().all(|global| global.mutable && global.val == ValType::I64)
            && (0..more.len() as u32).all(is_zero)
    }

    /// Whether element segments are the one with the new functions (R2).
    fn are_elements(&self, more: &[Element]) -> bool {
        let first = (self.old.func_count() - self.intrinsics.count()) as u32;
        let added: Vec<FuncIdx> = (first..).take(self.plan.funcs.len()).map(FuncIdx).collect();
        let base = self.old.table(TableIdx(0)).map_or(0, |table| table.min);
        match more {
            [] => added.is_empty(),
            [one] => {
                let ElementKind::Active { table, offset } = &one.kind else { return false };
                let at = crate::ask::image::constant(offset).map(u64::from);
                let funcs = match &one.items {
                    ElementItems::Funcs(funcs) => funcs.to_vec(),
                    ElementItems::Exprs(..) => Vec::new(),
                };
                *table == TableIdx(0) && at == Some(base) && funcs == added && !added.is_empty()
            }
            _more => false,
        }
    }

    /// Whether bytes are the old ones, and data segments those of the plan (R3).
    fn are_data(&self, more: &[Data]) -> bool {
        let base = self.old.table(TableIdx(0)).map_or(0, |table| table.min);
        let slots = self.plan.funcs.iter().map(|new| new.slot).zip(base..);
        let mut added: Vec<(u32, Vec<u8>)> =
            self.plan.patches.iter().map(|(&at, wanted)| (at, wanted.clone())).collect();
        added.extend(slots.map(|(slot, index)| (slot, (index as u32).to_le_bytes().to_vec())));
        let behind = (self.old.data().len() as u32..).map(DataIdx);
        let rest = more.iter().zip(behind).zip(&added).all(|((data, index), (at, wanted))| {
            let DataMode::Active { memory, offset } = &data.mode else { return false };
            *memory == MemoryIdx(0)
                && crate::ask::image::constant(offset) == Some(*at)
                && self.new.data_bytes(index) == *wanted
        });
        self.outside.bytes() && rest && more.len() == added.len()
    }

    fn functions(&self) -> Result<(), Error> {
        let (old, new) = (self.old, self.new);
        let differs = |func: FuncIdx| Error::Output(format!("{func} is not what it was"));
        let first = old.func_count() - self.intrinsics.count();
        if new.func_count() != first + self.plan.funcs.len() {
            return Err(Error::Output("it has other functions".to_owned()));
        }
        for func in old.defined_funcs() {
            let same = self.intrinsics.renumbered(func).is_some_and(|other| {
                old.func_type_idx(func) == new.func_type_idx(other)
                    && self.same_body(func, other).unwrap_or(false)
            });
            if !same {
                return Err(differs(func));
            }
        }
        for (at, New { ty, .. }) in self.plan.funcs.iter().enumerate() {
            let func = FuncIdx((first + at) as u32);
            let traps = || new.body(func).is_some_and(|body| body.bytes() == [0, 0, 0x0b]);
            let proof = self.proofs.get(at);
            let is_proved = proof.map_or_else(traps, |proof| self.is_of(proof, func));
            if new.func_type_idx(func) != *ty || !is_proved {
                return Err(differs(func));
            }
        }
        Ok(())
    }

    /// R5: whether a proof is of a function.
    fn is_of(&self, proof: &EmittedBody, func: FuncIdx) -> bool {
        proof.image().func() == func && proof.image().module().is_same(self.new)
    }

    /// R4; `None` if a body ends too early.
    fn same_body(&self, old: FuncIdx, new: FuncIdx) -> Option<bool> {
        let (a, b) = (self.old.body(old)?, self.new.body(new)?);
        let (own, found) = (a.local_types(), b.local_types());
        let more = if self.intrinsics.needs_local(&a) { &[ValType::I64][..] } else { &[] };
        if found.strip_prefix(own.as_slice()) != Some(more) {
            return Some(false);
        }
        let local = own.len() as u32;
        let (mut theirs, bytes) = (a.operators(), self.old.bytes());
        let (mut ours, mut frames) = (b.operators_binary(), OperatorsReaderAllocations::default());
        while !theirs.eof() {
            let from = theirs.original_position() as usize;
            let operator = theirs.read().ok()?;
            let same = match self.intrinsics.called(&operator) {
                Some(intrinsic) => {
                    let mut wanted = instead(self.intrinsics, intrinsic, local).into_iter();
                    wanted.all(|wanted| {
                        one(&mut ours, &mut frames).is_some_and(|found| found == wanted)
                    })
                }
                None => {
                    let written = &bytes[from..theirs.original_position() as usize];
                    let renumbers = names(Opcode::of(&operator), Immediate::func);
                    (!renumbers && skip(&mut ours, written))
                        || self.outside.operator(&operator, &one(&mut ours, &mut frames)?)
                }
            };
            if !same {
                return Some(false);
            }
        }
        Some(ours.eof())
    }
}

/// Whether a body goes on with the bytes of an operator; then it goes on behind them. Equal bytes
/// are the same operator in any surroundings.
fn skip(body: &mut BinaryReader<'_>, written: &[u8]) -> bool {
    let mut ahead = body.clone();
    let is_there = ahead.read_bytes(written.len()).is_ok_and(|found| found == written);
    if is_there {
        *body = ahead;
    }
    is_there
}

/// The next operator of a body.
fn one<'m>(
    body: &mut BinaryReader<'m>,
    frames: &mut OperatorsReaderAllocations,
) -> Option<Operator<'m>> {
    let mut reader = OperatorsReader::new_with_allocs(body.clone(), std::mem::take(frames));
    let operator = reader.read().ok()?;
    *body = reader.get_binary_reader();
    *frames = reader.into_allocations();
    Some(operator)
}

/// The code for a call of an intrinsic, with a local that is free.
fn instead(all: &Intrinsics, intrinsic: Intrinsic, local: u32) -> Vec<Operator<'static>> {
    let target = MemArgTarget::Memory(0);
    let plain = MemArg { align: 0, max_align: 3, offset: 0, target, ordering: None };
    let count = intrinsic.signature().0.len();
    let drops = |count: usize| vec![Operator::Drop; count];
    match (intrinsic.generic(), count) {
        (Generic::Nothing, _) => drops(count),
        (Generic::First, _) => drops(count - 1),
        (Generic::Trap, _) => vec![Operator::Unreachable],
        (Generic::Get(number), _) => vec![Operator::GlobalGet { global_index: all.global(number) }],
        (Generic::Set(number), _) => vec![Operator::GlobalSet { global_index: all.global(number) }],
        (Generic::Load, _) => {
            let mut all = drops(count - 1);
            all.push(Operator::I64Load { memarg: plain });
            all
        }
        (Generic::Store, 2) => vec![Operator::I64Store { memarg: plain }],
        (Generic::Store, _) => {
            let mut all = vec![Operator::LocalSet { local_index: local }];
            all.extend(drops(count - 2));
            all.push(Operator::LocalGet { local_index: local });
            all.push(Operator::I64Store { memarg: plain });
            all
        }
    }
}
