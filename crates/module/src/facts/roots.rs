//! Where a function holds references that a store follows, to exceptions and objects: the locals,
//! and at each call, throw and allocation the operands.
//!
//! ```text
//! validator's types ─ RootsBuilder ─► ExceptionRoots ─► cells of the frame, at an operator ─► what a store keeps
//! ```
//!
//! A store keeps an exception or object while a frame holds a reference to it
//! (`docs/semantics.md`). The references that a frame holds are defined here, by the Wasm alone, so
//! that they are the same in every tier: all locals of such a type, read again or not, and the
//! operands that lie below those of the operator at which the frame is. Exceptions and objects are
//! made while a frame is at a call, at a `throw` or at an allocation, so only these operators have
//! an entry; one without has no such operands. The operands of an allocation itself are followed by
//! who makes the object.
//!
//! Cells count as in [`FuncFacts`](super::FuncFacts): those of the locals, then those of the
//! operand stack.
//!
//! # Invariants
//! * R1. `locals` ascend and do not touch each other.
//! * R2. A node lies above the one below it: its cell is greater, and it stands behind it. So lists
//!   of nodes end, and entries share what they have in common.
//! * R3. Points ascend strictly by offset, and each offset belongs to a reachable operator.
//! * R4. Before [`RootsBuilder::activate`] no such reference can be on the operand stack.
//!
//! Cost: what is kept grows with the operators and the values that they push, not with the heights
//! at calls. Noticed by: `tests/roots.rs`, and by its oracle over generated modules.

use crate::func_type::FuncType;
use crate::groups::Types;
use std::ops::Range;
use wasmparser::ValType;

/// Where the frames of one function hold references to exceptions and objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionRoots {
    locals: Box<[Range<u32>]>,
    nodes: Box<[Node]>,
    points: Box<[Point]>,
}

/// An operand, and those below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    cell: u32,
    /// The next one below: its index + 1, or 0.
    below: u32,
}

/// An operator with such operands below its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Point {
    offset: u32,
    /// The highest operand: its index + 1.
    top: u32,
}

impl ExceptionRoots {
    /// Whether a local is one.
    pub fn has_locals(&self) -> bool {
        !self.locals.is_empty()
    }

    /// The cells of the locals, ascending.
    pub fn locals(&self) -> impl Iterator<Item = u32> {
        self.locals.iter().flat_map(Clone::clone)
    }

    /// The cells of the operands below those of the call, throw or allocation at a module offset,
    /// descending.
    pub fn operands(&self, offset: u32) -> impl Iterator<Item = u32> {
        let at = self.points.binary_search_by_key(&offset, |point| point.offset);
        let mut next = at.map_or(0, |at| self.points[at].top);
        std::iter::from_fn(move || {
            let node = self.nodes[next.checked_sub(1)? as usize];
            next = node.below;
            Some(node.cell)
        })
    }

    /// Both.
    pub fn cells(&self, offset: u32) -> impl Iterator<Item = u32> {
        self.locals().chain(self.operands(offset))
    }

    /// The offsets of the operators that have such operands, ascending.
    pub fn offsets(&self) -> impl Iterator<Item = u32> {
        self.points.iter().map(|point| point.offset)
    }
}

/// Collects the roots of one function after the other, keeping its allocations.
#[derive(Default)]
pub(super) struct RootsBuilder {
    active: bool,
    locals: Vec<Range<u32>>,
    nodes: Vec<Node>,
    points: Vec<Point>,
    /// The references on the operand stack, from the bottom: the value's index, and its node's.
    stack: Vec<(u32, u32)>,
}

impl RootsBuilder {
    /// Starts a function whose locals hold references in these cells.
    pub(super) fn begin(&mut self, locals: Vec<Range<u32>>) {
        self.active = !locals.is_empty();
        self.locals = locals;
        self.nodes.clear();
        self.points.clear();
        self.stack.clear();
    }

    /// From the next operator on, a reference can be on the operand stack (R4).
    pub(super) fn activate(&mut self) {
        self.active = true;
    }

    /// Whether a reference can be on the operand stack.
    #[inline]
    pub(super) fn is_active(&self) -> bool {
        self.active
    }

    /// The operand stack has changed from value `from` on: `values` gives of each from there on, if
    /// it is such a reference, its cell.
    pub(super) fn update(&mut self, from: u32, values: impl Iterator<Item = Option<u32>>) {
        let mut at = self.stack.partition_point(|&(index, _)| index < from);
        for (index, cell) in (from..).zip(values) {
            let Some(cell) = cell else { continue };
            // An unchanged value keeps its node.
            let old = self.stack.get(at).copied();
            if old.is_none_or(|(i, node)| i != index || self.nodes[node as usize].cell != cell) {
                self.stack.truncate(at);
                let below = self.stack.last().map_or(0, |&(_, node)| node + 1);
                self.stack.push((index, self.nodes.len() as u32));
                self.nodes.push(Node { cell, below });
            }
            at += 1;
        }
        self.stack.truncate(at);
    }

    /// Notes a reachable call, throw or allocation at `offset`, with `below` values below its
    /// operands.
    pub(super) fn point(&mut self, offset: u32, below: u32) {
        let count = self.stack.partition_point(|&(index, _)| index < below);
        if let Some(&(_, node)) = count.checked_sub(1).and_then(|at| self.stack.get(at)) {
            self.points.push(Point { offset, top: node + 1 });
        }
    }

    /// The roots collected; `None` if the function holds no reference where exceptions may be made.
    pub(super) fn finish(&mut self) -> Option<Box<ExceptionRoots>> {
        if self.locals.is_empty() && self.points.is_empty() {
            return None;
        }
        Some(Box::new(ExceptionRoots {
            locals: std::mem::take(&mut self.locals).into(),
            nodes: self.nodes.as_slice().into(),
            points: self.points.as_slice().into(),
        }))
    }
}

/// The cells of a function's parameters and of groups of locals that are such references (R1).
pub(crate) fn local_roots(
    types: &Types,
    ty: &FuncType,
    groups: impl Iterator<Item = (u32, ValType)>,
) -> Vec<Range<u32>> {
    let mut roots: Vec<Range<u32>> = Vec::new();
    let mut cell = 0;
    let params = ty.params.iter().map(|&ty| (1, ty));
    for (count, ty) in params.chain(groups) {
        let end = cell + count * super::cells(ty);
        if types.is_traced(ty) && count > 0 {
            match roots.last_mut() {
                Some(last) if last.end == cell => last.end = end,
                _ => roots.push(cell..end),
            }
        }
        cell = end;
    }
    roots
}
