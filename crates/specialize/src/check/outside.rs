//! Two modules outside of their bodies, where one names functions by other numbers: which parts are
//! the same.
//!
//! ```text
//! rest (R1 to R4) ─┐
//!                  ├─► Outside: types, tables, memories, tags, globals, exports, segments
//! same (T1 to T5) ─┘            and single operators
//! ```
//!
//! Both callers say which function of the new module an old one is (`names`), and what may stand
//! behind the old items: a part gives those, or `None` if an old item is not what it was. Imports
//! and functions are theirs to compare.
//!
//! It decodes nothing itself and shares no code with `rewrite`. Custom sections mean nothing to
//! execution and are not compared. Time: linear in both modules. The tests of both callers turn
//! every bit of what surrounds bodies.

use prova_module::ops::Immediate;
use prova_module::{
    ConstExpr, ConstOp, Data, DataIdx, DataMode, Element, ElementItems, ElementKind, FuncIdx,
    GlobalIdx, GlobalType, Module, Opcode, Operator, TableIdx, TableType, TagIdx,
};
use prova_ssa::Imm;

/// Whether an operator has an immediate of a kind.
pub(crate) fn names(code: Opcode, kind: Immediate) -> bool {
    code.row().immediates.contains(&kind)
}

/// Two modules, and whether an old function is a new one.
pub(crate) struct Outside<'o> {
    pub(crate) old: &'o Module,
    pub(crate) new: &'o Module,
    pub(crate) names: &'o dyn Fn(FuncIdx, FuncIdx) -> bool,
}

impl<'o> Outside<'o> {
    /// Types and their groups.
    pub(crate) fn types(&self) -> bool {
        let (old, new) = (self.old, self.new);
        old.types() == new.types()
    }

    /// Constant expressions, except for functions.
    fn expr(&self, old: &ConstExpr, new: &ConstExpr) -> bool {
        let same = |(a, b): (&ConstOp, &ConstOp)| match (a, b) {
            (ConstOp::RefFunc(a), ConstOp::RefFunc(b)) => (self.names)(*a, *b),
            (a, b) => a == b,
        };
        old.ops().len() == new.ops().len() && old.ops().iter().zip(new.ops()).all(same)
    }

    fn init(&self, old: Option<&ConstExpr>, new: Option<&ConstExpr>) -> bool {
        match (old, new) {
            (Some(old), Some(new)) => self.expr(old, new),
            (old, new) => old.is_none() && new.is_none(),
        }
    }

    /// Tables, after each old one was `grown`.
    pub(crate) fn tables(&self, grown: impl Fn(TableIdx, TableType) -> TableType) -> bool {
        let (old, new) = (self.old, self.new);
        old.tables().len() == new.tables().len()
            && old.imported_table_count() == new.imported_table_count()
            && (0..).map(TableIdx).zip(old.tables().iter().zip(new.tables())).all(
                |(at, (ty, other))| {
                    grown(at, *ty) == *other && self.init(old.table_init(at), new.table_init(at))
                },
            )
    }

    /// Memories and tags.
    pub(crate) fn memories_and_tags(&self) -> bool {
        let (old, new) = (self.old, self.new);
        old.memories() == new.memories()
            && old.imported_memory_count() == new.imported_memory_count()
            && old.tags() == new.tags()
            && old.tag_count() == new.tag_count()
            && (0..old.tag_count() as u32).all(|tag| old.tag(TagIdx(tag)) == new.tag(TagIdx(tag)))
    }

    /// Globals and what they start with: those behind the old ones.
    pub(crate) fn globals(&self) -> Option<&'o [GlobalType]> {
        let (old, new) = (self.old, self.new);
        let (same, more) = new.globals().split_at_checked(old.globals().len())?;
        let mut all = (0..same.len() as u32).map(GlobalIdx);
        let is_same = old.globals() == same
            && old.imported_global_count() == new.imported_global_count()
            && all.all(|at| self.init(old.global_init(at), new.global_init(at)));
        is_same.then_some(more)
    }

    /// The start function.
    pub(crate) fn start(&self) -> bool {
        match (self.old.start(), self.new.start()) {
            (Some(old), Some(new)) => (self.names)(old, new),
            (old, new) => old.is_none() && new.is_none(),
        }
    }

    /// Exports, in their order.
    pub(crate) fn exports(&self) -> bool {
        let (old, new) = (self.old.exports(), self.new.exports());
        old.len() == new.len()
            && old.iter().zip(new).all(|(old, new)| {
                let index = match (old.func(), new.func()) {
                    (Some(old), Some(new)) => (self.names)(old, new),
                    (_, _) => old.index == new.index,
                };
                old.name == new.name && old.kind == new.kind && index
            })
    }

    fn items(&self, old: &ElementItems, new: &ElementItems) -> bool {
        match (old, new) {
            (ElementItems::Funcs(old), ElementItems::Funcs(new)) => {
                old.len() == new.len()
                    && old.iter().zip(new).all(|(&old, &new)| (self.names)(old, new))
            }
            (ElementItems::Exprs(ty, old), ElementItems::Exprs(other, new)) => {
                ty == other
                    && old.len() == new.len()
                    && old.iter().zip(new).all(|(old, new)| self.expr(old, new))
            }
            (_, _) => false,
        }
    }

    /// Element segments: those behind the old ones.
    pub(crate) fn elements(&self) -> Option<&'o [Element]> {
        let (old, new) = (self.old.elements(), self.new.elements());
        let (same, more) = new.split_at_checked(old.len())?;
        let is_same = old.iter().zip(same).all(|(old, new)| {
            let kind = match (&old.kind, &new.kind) {
                (
                    ElementKind::Active { table, offset },
                    ElementKind::Active { table: other, offset: at },
                ) => table == other && self.expr(offset, at),
                (old, new) => old == new,
            };
            kind && self.items(&old.items, &new.items)
        });
        is_same.then_some(more)
    }

    /// Data segments without their bytes: those behind the old ones.
    pub(crate) fn segments(&self) -> Option<&'o [Data]> {
        let (old, new) = (self.old.data(), self.new.data());
        let (same, more) = new.split_at_checked(old.len())?;
        let is_same = old.iter().zip(same).all(|(old, new)| match (&old.mode, &new.mode) {
            (
                DataMode::Active { memory, offset },
                DataMode::Active { memory: other, offset: at },
            ) => memory == other && self.expr(offset, at),
            (old, new) => old == new,
        });
        is_same.then_some(more)
    }

    /// The bytes of the old data segments.
    pub(crate) fn bytes(&self) -> bool {
        let (old, new) = (self.old, self.new);
        let mut all = (0..old.data().len() as u32).map(DataIdx);
        all.all(|at| at.index() < new.data().len() && old.data_bytes(at) == new.data_bytes(at))
    }

    /// An operator, except for the function that it names.
    pub(crate) fn operator(&self, old: &Operator<'_>, new: &Operator<'_>) -> bool {
        let (code, other) = (Opcode::of(old), Opcode::of(new));
        let func = |code: Opcode, operator: &Operator<'_>| {
            // Few rows have such an immediate, and all others are looked at no further.
            let imm = names(code, Immediate::func).then(|| Imm::of(operator)).flatten()?;
            imm.index(code, Immediate::func).map(FuncIdx)
        };
        match (func(code, old), func(other, new)) {
            (Some(a), Some(b)) => code == other && (self.names)(a, b),
            (None, None) => old == new,
            (_, _) => false,
        }
    }
}
