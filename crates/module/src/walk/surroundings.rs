//! The parts of a module that a walk reads around a body, and the types of a block.

use crate::facts::BlockKind;
use crate::groups::Types;
use crate::index::{FuncIdx, GlobalIdx, MemoryIdx, TableIdx};
use crate::{FuncBody, FuncType, TableType};
use wasmparser::{BlockType, ValType};

/// The types around a body. An index may be out of range: a body need not be valid.
pub trait Surroundings<'m> {
    /// The type index of a function.
    fn func_type_index(&self, func: u32) -> Option<u32>;
    /// The type index of a tag.
    fn tag_type_index(&self, tag: u32) -> Option<u32>;
    /// A function type by its index.
    fn type_at(&self, ty: u32) -> Option<&'m FuncType>;
    /// All types, structures and arrays among them; `None` where there is no module around.
    fn types(&self) -> Option<&'m Types>;
    /// Whether a memory is indexed by i64.
    fn memory64(&self, memory: u32) -> Option<bool>;
    /// The type of a table.
    fn table(&self, table: u32) -> Option<TableType>;
    /// The type of a global.
    fn global(&self, global: u32) -> Option<ValType>;
    /// The type of a local of the body; may take time in the number of its groups.
    fn local(&self, local: u32) -> Option<ValType>;
}

impl<'m> Surroundings<'m> for FuncBody<'m> {
    fn func_type_index(&self, func: u32) -> Option<u32> {
        let module = self.module();
        let exists = (func as usize) < module.func_count();
        exists.then(|| module.func_type_idx(FuncIdx(func)).0)
    }

    fn tag_type_index(&self, tag: u32) -> Option<u32> {
        self.module().tags().get(tag as usize).map(|ty| ty.0)
    }

    fn type_at(&self, ty: u32) -> Option<&'m FuncType> {
        self.module().types().get(ty as usize)
    }

    fn types(&self) -> Option<&'m Types> {
        Some(self.module().types())
    }

    fn memory64(&self, memory: u32) -> Option<bool> {
        self.module().memory(MemoryIdx(memory)).map(|ty| ty.memory64)
    }

    fn table(&self, table: u32) -> Option<TableType> {
        self.module().table(TableIdx(table)).copied()
    }

    fn global(&self, global: u32) -> Option<ValType> {
        self.module().global(GlobalIdx(global)).map(|ty| ty.val)
    }

    fn local(&self, local: u32) -> Option<ValType> {
        let params = &self.module().func_type(self.func()).params;
        if let Some(ty) = params.get(local as usize) {
            return Some(*ty);
        }
        let mut rest = local - params.len() as u32;
        self.locals().find_map(|(count, ty)| {
            let found = rest < count;
            rest = rest.saturating_sub(count);
            found.then_some(ty)
        })
    }
}

/// The types of a block's parameters and results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockTypes<'m> {
    /// None of both.
    Empty,
    /// No parameter, one result.
    One(ValType),
    /// Those of a function type.
    Func(&'m FuncType),
    /// Of the body: no parameters on the stack, the results of the function.
    Body(&'m FuncType),
}

impl<'m> BlockTypes<'m> {
    /// The types that a block type stands for, with function types by their indices; `None` if
    /// there is no such type.
    #[inline]
    pub fn of(
        ty: BlockType,
        type_at: impl FnOnce(u32) -> Option<&'m FuncType>,
    ) -> Option<BlockTypes<'m>> {
        Some(match ty {
            BlockType::Empty => BlockTypes::Empty,
            BlockType::Type(ty) => BlockTypes::One(ty),
            BlockType::FuncType(ty) => BlockTypes::Func(type_at(ty)?),
        })
    }

    /// The types of the values that a branch to the label of a block of this kind takes.
    #[inline]
    pub fn label(&self, kind: BlockKind) -> &[ValType] {
        if kind == BlockKind::Loop { self.params() } else { self.results() }
    }

    /// The parameters' types.
    #[inline]
    pub fn params(&self) -> &[ValType] {
        match self {
            BlockTypes::Empty | BlockTypes::One(_) | BlockTypes::Body(_) => &[],
            BlockTypes::Func(ty) => &ty.params,
        }
    }

    /// The results' types.
    #[inline]
    pub fn results(&self) -> &[ValType] {
        match self {
            BlockTypes::Empty => &[],
            BlockTypes::One(ty) => std::slice::from_ref(ty),
            BlockTypes::Func(ty) | BlockTypes::Body(ty) => &ty.results,
        }
    }
}
