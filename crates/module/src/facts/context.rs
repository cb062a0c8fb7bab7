//! The context of a body in its module: types by their indices → numbers of values and cells.
//!
//! Both passes over a body read it. An index that the module does not have counts as a type without
//! values: the validator refuses the operator that names it.

use super::{BlockKind, cells, cells_of};
use crate::groups::Types;
use crate::index::TypeIdx;
use crate::limits::Limits;
use crate::objects::{Shape, two_indices};
use crate::ops::{Immediate, Immediates, Opcode};
use wasmparser::BlockType;

/// The parts of a module that a pass over a body reads.
#[derive(Clone, Copy)]
pub(crate) struct BodyContext<'m> {
    /// The whole module.
    pub(crate) bytes: &'m [u8],
    pub(crate) limits: &'m Limits,
    pub(crate) types: &'m Types,
    pub(crate) funcs: &'m [TypeIdx],
    pub(crate) tags: &'m [TypeIdx],
    /// Whether a type or global has a `v128`.
    pub(crate) wide: bool,
    /// Whether a type, global or table has references to exceptions or objects.
    pub(crate) exceptions: bool,
    /// Whether only validity is asked, not whether a tier executes the operators.
    pub(crate) probe: bool,
}

impl BodyContext<'_> {
    /// Numbers of parameters and results of a type; none for a type that does not exist.
    pub(super) fn arity(&self, ty: u32) -> (u32, u32) {
        self.types
            .get(ty as usize)
            .map_or((0, 0), |ty| (ty.params.len() as u32, ty.results.len() as u32))
    }

    pub(super) fn func_arity(&self, func: u32) -> (u32, u32) {
        self.funcs.get(func as usize).map_or((0, 0), |ty| self.arity(ty.0))
    }

    pub(super) fn tag_arity(&self, tag: u32) -> (u32, u32) {
        self.tags.get(tag as usize).map_or((0, 0), |ty| self.arity(ty.0))
    }

    /// The number of fields of a structure type.
    pub(super) fn fields(&self, ty: u32) -> u32 {
        self.types.fields(TypeIdx(ty)).map_or(0, |fields| fields.len() as u32)
    }

    /// The number of operands of an operator that makes an object.
    pub(super) fn operands(&self, opcode: Opcode, immediates: &Immediates<'_>) -> u32 {
        let shape = Shape::of(self.types, opcode, two_indices(immediates));
        shape.map_or(0, |shape| shape.operands)
    }

    /// Those of the function, type or tag that an operator names.
    pub(super) fn callee_arity(&self, immediates: &Immediates<'_>) -> (u32, u32) {
        let named = |kind| immediates.index(kind);
        match (named(Immediate::func), named(Immediate::type_), named(Immediate::tag)) {
            (Some(func), ..) => self.func_arity(func),
            (_, Some(ty), _) => self.arity(ty),
            (.., Some(tag)) => self.tag_arity(tag),
            (None, None, None) => (0, 0),
        }
    }

    /// The cells of the values of a tag's exceptions.
    pub(super) fn tag_cells(&self, tag: u32) -> u32 {
        let ty = self.tags.get(tag as usize).and_then(|ty| self.types.get(ty.index()));
        ty.map_or(0, |ty| cells_of(&ty.params))
    }

    /// The cells of the values that a branch to a block's label takes.
    pub(super) fn label_cells(&self, kind: BlockKind, ty: BlockType) -> u32 {
        match (ty, kind) {
            (BlockType::Empty, _) | (BlockType::Type(_), BlockKind::Loop) => 0,
            (BlockType::Type(ty), _) => cells(ty),
            (BlockType::FuncType(ty), _) => self.types.get(ty as usize).map_or(0, |ty| {
                cells_of(if kind == BlockKind::Loop { &ty.params } else { &ty.results })
            }),
        }
    }

    pub(super) fn block_arity(&self, ty: BlockType) -> (u32, u32) {
        match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(ty) => self.arity(ty),
        }
    }
}
