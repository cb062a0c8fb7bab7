//! The check of what surrounds bodies: two modules → the second is the first, with functions that
//! have other numbers or are gone, or what else differs.
//!
//! It shares no code with `rewrite`, and compares what both modules are once they are decoded.
//!
//! # Rules
//! * T1. Each function of the new module is one of the old, or several, by the numbers that are
//!   given. Imported ones keep their numbers. Types are the same.
//! * T2. Each thing that names a function names the same one: one that is gone is named by nothing
//!   that is left, so nothing can reach it.
//! * T3. Types, imports, tables, memories, tags, globals, exports, the start function and element
//!   segments are the same, except for T2.
//! * T4. Data segments are the same; or memories start with the same bytes (`image`).
//! * T5. A body has the operators of the old one, except for T2 ([`bodies`]); where it stands for
//!   several, those of each.
//!
//! Custom sections mean nothing to execution and are not compared.

use super::uses::names;
use prova_module::ops::Immediate;
use prova_module::{
    ConstExpr, ConstOp, DataIdx, DataMode, ElementItems, ElementKind, FuncIdx, GlobalIdx, Module,
    Opcode, Operator, TableIdx, TagIdx,
};
use prova_ssa::Imm;

/// Compares all but bodies: T1 to T4. `kept` has the new number of each old function that stays.
///
/// # Errors
/// What differs.
pub(super) fn outside(old: &Module, new: &Module, kept: &[Option<FuncIdx>]) -> Result<(), String> {
    let rest = Rest { old, new, kept };
    let parts: [(bool, &str); 8] = [
        (rest.functions(), "functions"),
        (old.types() == new.types() && old.rec_groups() == new.rec_groups(), "types"),
        (old.imports() == new.imports(), "imports"),
        (rest.tables(), "tables"),
        (rest.memories_and_tags(), "memories or tags"),
        (rest.globals(), "globals"),
        (rest.exports(), "exports"),
        (rest.elements(), "elements"),
    ];
    for (same, what) in parts {
        if !same {
            return Err(format!("{what} are not what they were"));
        }
    }
    match rest.data() || super::image::same(old, new) {
        true => Ok(()),
        false => Err("data segments are not what they were".to_owned()),
    }
}

/// Compares the bodies of functions that stay: T5.
///
/// # Errors
/// The first that differs.
pub(super) fn bodies(old: &Module, new: &Module, kept: &[Option<FuncIdx>]) -> Result<(), String> {
    let rest = Rest { old, new, kept };
    for func in old.defined_funcs() {
        if let Some(other) = rest.kept(func)
            && rest.same_body(func, other) != Some(true)
        {
            return Err(format!("{func} is not what it was"));
        }
    }
    Ok(())
}

struct Rest<'r> {
    old: &'r Module,
    new: &'r Module,
    kept: &'r [Option<FuncIdx>],
}

impl Rest<'_> {
    fn kept(&self, func: FuncIdx) -> Option<FuncIdx> {
        self.kept.get(func.index()).copied().flatten()
    }

    fn same_func(&self, old: FuncIdx, new: FuncIdx) -> bool {
        self.kept(old) == Some(new)
    }

    /// T1
    fn functions(&self) -> bool {
        let (old, new) = (self.old, self.new);
        let mut met = vec![false; new.func_count()];
        let imported = old.imported_func_count();
        let each = (0..old.func_count() as u32).map(FuncIdx);
        let all = each.zip(self.kept).all(|(func, kept)| match *kept {
            Some(other) => {
                let is_there = met.get_mut(other.index()).map(|met| *met = true).is_some();
                let is_imported = func.index() < imported;
                is_there
                    && (is_imported == (other.index() < imported))
                    && (!is_imported || func == other)
                    && old.func_type_idx(func) == new.func_type_idx(other)
            }
            None => func.index() >= imported,
        });
        all && self.kept.len() == old.func_count()
            && imported == new.imported_func_count()
            && !met.contains(&false)
    }

    fn same_expr(&self, old: &ConstExpr, new: &ConstExpr) -> bool {
        let same = |(a, b): (&ConstOp, &ConstOp)| match (a, b) {
            (ConstOp::RefFunc(a), ConstOp::RefFunc(b)) => self.same_func(*a, *b),
            (a, b) => a == b,
        };
        old.ops().len() == new.ops().len() && old.ops().iter().zip(new.ops()).all(same)
    }

    fn same_init(&self, old: Option<&ConstExpr>, new: Option<&ConstExpr>) -> bool {
        match (old, new) {
            (Some(old), Some(new)) => self.same_expr(old, new),
            (old, new) => old.is_none() && new.is_none(),
        }
    }

    fn tables(&self) -> bool {
        let (old, new) = (self.old, self.new);
        let mut all = (0..old.tables().len() as u32).map(TableIdx);
        old.tables() == new.tables()
            && old.imported_table_count() == new.imported_table_count()
            && all.all(|at| self.same_init(old.table_init(at), new.table_init(at)))
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
        let mut all = (0..old.globals().len() as u32).map(GlobalIdx);
        old.globals() == new.globals()
            && old.imported_global_count() == new.imported_global_count()
            && all.all(|at| self.same_init(old.global_init(at), new.global_init(at)))
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
        let (old, new) = (self.old.elements(), self.new.elements());
        old.len() == new.len()
            && old.iter().zip(new).all(|(old, new)| {
                let kind = match (&old.kind, &new.kind) {
                    (
                        ElementKind::Active { table, offset },
                        ElementKind::Active { table: other, offset: at },
                    ) => table == other && self.same_expr(offset, at),
                    (old, new) => old == new,
                };
                kind && items(&old.items, &new.items)
            })
    }

    fn data(&self) -> bool {
        let (old, new) = (self.old.data(), self.new.data());
        let bytes = |module: &Module, at: usize| module.data_bytes(DataIdx(at as u32)).to_vec();
        old.len() == new.len()
            && old.iter().zip(new).enumerate().all(|(at, (a, b))| {
                let mode = match (&a.mode, &b.mode) {
                    (
                        DataMode::Active { memory, offset },
                        DataMode::Active { memory: other, offset: place },
                    ) => memory == other && self.same_expr(offset, place),
                    (a, b) => a == b,
                };
                mode && bytes(self.old, at) == bytes(self.new, at)
            })
    }

    /// T5; `None` if a body ends too early.
    fn same_body(&self, old: FuncIdx, new: FuncIdx) -> Option<bool> {
        let (a, b) = (self.old.body(old)?, self.new.body(new)?);
        let (mut theirs, mut ours) = (a.operators(), b.operators());
        while !theirs.eof() {
            if !self.same_operator(&theirs.read().ok()?, &ours.read().ok()?) {
                return Some(false);
            }
        }
        Some(ours.eof() && a.local_types() == b.local_types())
    }

    fn same_operator(&self, old: &Operator<'_>, new: &Operator<'_>) -> bool {
        let (code, other) = (Opcode::of(old), Opcode::of(new));
        let func = |code: Opcode, operator: &Operator<'_>| {
            // Few rows have such an immediate, and all others are looked at no further.
            let imm = names(code, Immediate::func).then(|| Imm::of(operator)).flatten()?;
            imm.index(code, Immediate::func).map(FuncIdx)
        };
        match (func(code, old), func(other, new)) {
            (Some(a), Some(b)) => code == other && self.same_func(a, b),
            (None, None) => old == new,
            (_, _) => false,
        }
    }
}
