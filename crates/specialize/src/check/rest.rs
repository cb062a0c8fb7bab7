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
//! Custom sections mean nothing to execution and are not compared.

use crate::ask::error::Error;
use crate::ask::intrinsic::{Generic, Intrinsic, Intrinsics};
use crate::ask::plan::{New, Plan};
use prova_emit::emitted::EmittedBody;
use prova_module::ops::Immediate;
use prova_module::{
    ConstExpr, ConstOp, DataIdx, DataMode, ElementItems, ElementKind, ExternKind, FuncIdx,
    GlobalIdx, MemoryIdx, Module, Opcode, Operator, TableIdx, TagIdx, ValType,
};
use prova_ssa::Imm;
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
    let rest = Rest { old, new, intrinsics, plan, proofs };
    let differs = |what: &str| Error::Output(format!("{what} are not what they were"));
    let parts: [(bool, &str); 8] = [
        (old.types() == new.types() && old.rec_groups() == new.rec_groups(), "types"),
        (rest.imports(), "imports"),
        (rest.tables(), "tables"),
        (rest.memories_and_tags(), "memories or tags"),
        (rest.globals(), "globals"),
        (rest.exports(), "exports"),
        (rest.elements(), "elements"),
        (rest.data(), "data segments"),
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
}

impl Rest<'_> {
    fn same_func(&self, old: FuncIdx, new: FuncIdx) -> bool {
        self.intrinsics.renumbered(old) == Some(new)
    }

    fn same_expr(&self, old: &ConstExpr, new: &ConstExpr) -> bool {
        let same = |(a, b): (&ConstOp, &ConstOp)| match (a, b) {
            (ConstOp::RefFunc(a), ConstOp::RefFunc(b)) => self.same_func(*a, *b),
            (a, b) => a == b,
        };
        old.ops().len() == new.ops().len() && old.ops().iter().zip(new.ops()).all(same)
    }

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

    fn tables(&self) -> bool {
        let (old, new) = (self.old.tables(), self.new.tables());
        let more = self.plan.funcs.len() as u64;
        let all = (0..).map(TableIdx).zip(old).zip(new);
        let mut same = old.len() == new.len()
            && self.old.imported_table_count() == self.new.imported_table_count();
        for ((index, old), new) in all {
            let more = if index == TableIdx(0) { more } else { 0 };
            let mut grown = *old;
            grown.min = grown.min.saturating_add(more);
            grown.max = grown.max.map(|max| max.saturating_add(more));
            same &= grown == *new;
            same &= match (self.old.table_init(index), self.new.table_init(index)) {
                (Some(old), Some(new)) => self.same_expr(old, new),
                (old, new) => old.is_none() && new.is_none(),
            };
        }
        same
    }

    fn memories_and_tags(&self) -> bool {
        let (old, new) = (self.old, self.new);
        old.memories() == new.memories()
            && old.imported_memory_count() == new.imported_memory_count()
            && old.tags() == new.tags()
            && old.tag_count() == new.tag_count()
            && (0..old.tag_count() as u32).all(|tag| old.tag(TagIdx(tag)) == new.tag(TagIdx(tag)))
    }

    fn globals(&self) -> bool {
        let (old, new) = (self.old, self.new);
        let all = (0..old.globals().len() as u32).map(GlobalIdx);
        let Some((same, more)) = new.globals().split_at_checked(old.globals().len()) else {
            return false;
        };
        let is_zero = |at: u32| {
            let init = new.global_init(GlobalIdx(self.intrinsics.global(at)));
            init.is_some_and(|init| init.ops() == [ConstOp::I64Const(0)])
        };
        let is_added = more.len() == self.intrinsics.added_globals() as usize
            && more.iter().all(|global| global.mutable && global.val == ValType::I64)
            && (0..more.len() as u32).all(is_zero);
        old.globals() == same
            && is_added
            && old.imported_global_count() == new.imported_global_count()
            && all.into_iter().all(|at| match (old.global_init(at), new.global_init(at)) {
                (Some(old), Some(new)) => self.same_expr(old, new),
                (old, new) => old.is_none() && new.is_none(),
            })
    }

    fn exports(&self) -> bool {
        let (old, new) = (self.old, self.new);
        let start = match (old.start(), new.start()) {
            (Some(old), Some(new)) => self.same_func(old, new),
            (old, new) => old.is_none() && new.is_none(),
        };
        start
            && old.exports().len() == new.exports().len()
            && old.exports().iter().zip(new.exports()).all(|(old, new)| {
                let index = match (old.func(), new.func()) {
                    (Some(old), Some(new)) => self.same_func(old, new),
                    (_, _) => old.index == new.index,
                };
                old.name == new.name && old.kind == new.kind && index
            })
    }

    fn elements(&self) -> bool {
        let (old, new) = (self.old.elements(), self.new.elements());
        let Some((same, more)) = new.split_at_checked(old.len()) else { return false };
        let items = |old: &ElementItems, new: &ElementItems| match (old, new) {
            (ElementItems::Funcs(old), ElementItems::Funcs(new)) => {
                old.len() == new.len()
                    && old.iter().zip(new).all(|(&old, &new)| self.same_func(old, new))
            }
            (ElementItems::Exprs(ty, old), ElementItems::Exprs(other, new)) => {
                ty == other
                    && old.len() == new.len()
                    && old.iter().zip(new).all(|(old, new)| self.same_expr(old, new))
            }
            (_, _) => false,
        };
        let all = old.iter().zip(same).all(|(old, new)| {
            let kind = match (&old.kind, &new.kind) {
                (
                    ElementKind::Active { table, offset },
                    ElementKind::Active { table: other, offset: at },
                ) => table == other && self.same_expr(offset, at),
                (old, new) => old == new,
            };
            kind && items(&old.items, &new.items)
        });
        let first = (self.old.func_count() - self.intrinsics.count()) as u32;
        let added: Vec<FuncIdx> = (first..).take(self.plan.funcs.len()).map(FuncIdx).collect();
        let base = self.old.table(TableIdx(0)).map_or(0, |table| table.min);
        all && match more {
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

    fn data(&self) -> bool {
        let (old, new) = (self.old.data(), self.new.data());
        let Some((same, more)) = new.split_at_checked(old.len()) else { return false };
        let bytes = |module: &Module, at: usize| module.data_bytes(DataIdx(at as u32)).to_vec();
        let all = old.iter().zip(same).enumerate().all(|(at, (a, b))| {
            let mode = match (&a.mode, &b.mode) {
                (
                    DataMode::Active { memory, offset },
                    DataMode::Active { memory: other, offset: place },
                ) => memory == other && self.same_expr(offset, place),
                (a, b) => a == b,
            };
            mode && bytes(self.old, at) == bytes(self.new, at)
        });
        let base = self.old.table(TableIdx(0)).map_or(0, |table| table.min);
        let slots = self.plan.funcs.iter().map(|new| new.slot).zip(base..);
        let mut added: Vec<(u32, Vec<u8>)> =
            self.plan.patches.iter().map(|(&at, wanted)| (at, wanted.clone())).collect();
        added.extend(slots.map(|(slot, index)| (slot, (index as u32).to_le_bytes().to_vec())));
        let rest = more.iter().zip(&added).enumerate().all(|(number, (data, (at, wanted)))| {
            let DataMode::Active { memory, offset } = &data.mode else { return false };
            *memory == MemoryIdx(0)
                && crate::ask::image::constant(offset) == Some(*at)
                && bytes(self.new, old.len() + number) == *wanted
        });
        all && rest && more.len() == added.len()
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
                    let renumbers = names_func(Opcode::of(&operator));
                    (!renumbers && skip(&mut ours, written))
                        || self.same_operator(&operator, &one(&mut ours, &mut frames)?)
                }
            };
            if !same {
                return Some(false);
            }
        }
        Some(ours.eof())
    }

    fn same_operator(&self, old: &Operator<'_>, new: &Operator<'_>) -> bool {
        let (code, other) = (Opcode::of(old), Opcode::of(new));
        let func = |code: Opcode, operator: &Operator<'_>| {
            // Few rows have such an immediate, and all others are looked at no further.
            let imm = names_func(code).then(|| Imm::of(operator)).flatten()?;
            imm.index(code, Immediate::func).map(FuncIdx)
        };
        match (func(code, old), func(other, new)) {
            (Some(a), Some(b)) => code == other && self.same_func(a, b),
            (None, None) => old == new,
            (_, _) => false,
        }
    }
}

/// Whether an operator names a function, which has another number in the other module.
fn names_func(code: Opcode) -> bool {
    code.row().immediates.contains(&Immediate::func)
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
