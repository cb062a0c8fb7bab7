//! The host's hold on objects ([`crate::roots`]).

use super::Store;
use crate::ops::{AnyKind, INTERNAL};
use crate::roots::Root;
use crate::vm::Cell;
use prova_module::{RefKind, TypeId, ValType};
use std::sync::Arc;

/// The cell of the object that a reference of this kind is to.
fn object_of(kind: RefKind, cell: Cell) -> Option<Cell> {
    let cell = match kind {
        RefKind::Any => cell,
        RefKind::Extern if cell & INTERNAL != 0 => cell & !INTERNAL,
        RefKind::Extern | RefKind::Exn | RefKind::Func => return None,
    };
    matches!(AnyKind::of(cell), Some(AnyKind::Object(_))).then_some(cell)
}

/// Roots.
impl Store {
    /// The object that the host has to keep for a reference of a kind: it does not stay anyway.
    fn to_keep(&self, kind: RefKind, cell: Cell) -> Option<Cell> {
        object_of(kind, cell).filter(|&object| !self.heap.is_pinned(object as u32))
    }

    /// Keeps what a reference of a kind refers to until the innermost scope ends.
    pub fn root(&self, kind: RefKind, cell: Cell) -> Root {
        match self.to_keep(kind, cell) {
            Some(object) => self.roots.borrow_mut().push(object),
            None => Root::FREE,
        }
    }

    /// Keeps what a reference of a kind refers to as long as the count is held.
    pub fn root_owned(&self, kind: RefKind, cell: Cell) -> (Root, Option<Arc<()>>) {
        match self.to_keep(kind, cell) {
            Some(object) => {
                let (root, owner) = self.roots.borrow_mut().own(object);
                (root, Some(owner))
            }
            None => (Root::FREE, None),
        }
    }

    /// Whether a root that this store gave for a cell is still there.
    pub fn is_rooted(&self, root: Root, cell: Cell) -> bool {
        root == Root::FREE || self.roots.borrow().has(root, cell & !INTERNAL)
    }

    /// The number of roots that scopes have: a scope begins.
    pub fn rooted(&self) -> usize {
        self.roots.borrow().scoped()
    }

    /// Ends the scope that began with `count` roots, and those inside.
    pub fn unroot(&self, count: usize) {
        self.roots.borrow_mut().cut_back(count);
    }

    /// Makes room for more roots.
    pub fn reserve_roots(&self, more: usize) {
        self.roots.borrow_mut().reserve(more);
    }

    /// Holds the objects that arguments of a function of a type refer to, besides what executors
    /// from outside hold ([`Store::release`]).
    pub(super) fn hold_arguments(&mut self, ty: TypeId, cells: &[Cell]) {
        if self.heap.objects() == 0 {
            return;
        }
        let mut at = 0;
        for &ty in &self.types.get(ty).params {
            if let (ValType::Ref(ty), Some(&cell)) = (ty, cells.get(at)) {
                let object = object_of(RefKind::of(ty.heap_type()), cell);
                self.held.extend(object);
            }
            at += prova_module::cells(ty) as usize;
        }
    }
}
