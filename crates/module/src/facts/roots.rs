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
//! operands that lie below those of the operator at which the frame is. A local without a default
//! value counts where validation has it initialised: from a write on to the end of the block or arm
//! around it.
//!
//! Exceptions and objects are made while a frame is at a call, at a `throw` or at an allocation, so
//! only these operators have an entry; one without has no such operands, and no such local. The
//! operands of an allocation itself are followed by who makes the object.
//!
//! Cells count as in [`FuncFacts`](super::FuncFacts): those of the locals, then those of the
//! operand stack.
//!
//! # Invariants
//! * R1. `locals` ascend and do not touch each other.
//! * R2. A node stands behind the one below it, so lists of nodes end, and entries share what they
//!   have in common. Cells of operands ascend; those of locals without a default value come in the
//!   order of the writes that initialise them, each once.
//! * R3. Points ascend strictly by offset, and each offset belongs to a reachable operator.
//! * R4. Before [`RootsBuilder::activate`] no such reference can be on the operand stack, and no
//!   local of such a type lacks a default value.
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

/// An operand, and those below it; or an initialised local, and those initialised before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    cell: u32,
    /// The next one below: its index + 1, or 0.
    below: u32,
}

/// An operator with such operands below its own, or with such locals initialised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Point {
    offset: u32,
    /// The highest operand: its index + 1, or 0.
    top: u32,
    /// The local that was initialised last: its index + 1, or 0.
    late: u32,
}

impl ExceptionRoots {
    /// The cells of the locals that are references from the start, ascending.
    pub fn locals(&self) -> impl Iterator<Item = u32> {
        self.locals.iter().flat_map(Clone::clone)
    }

    /// The cells of the locals without a default value that are initialised at the call, throw or
    /// allocation at a module offset, the last one first.
    pub fn initialised(&self, offset: u32) -> impl Iterator<Item = u32> {
        self.list(self.point(offset).map_or(0, |point| point.late))
    }

    /// Whether a local is a reference at an operator.
    pub fn has_locals(&self, offset: u32) -> bool {
        !self.locals.is_empty() || self.point(offset).is_some_and(|point| point.late > 0)
    }

    /// The cells of the operands below those of the call, throw or allocation at a module offset,
    /// descending.
    pub fn operands(&self, offset: u32) -> impl Iterator<Item = u32> {
        self.list(self.point(offset).map_or(0, |point| point.top))
    }

    /// All three.
    pub fn cells(&self, offset: u32) -> impl Iterator<Item = u32> {
        self.locals().chain(self.initialised(offset)).chain(self.operands(offset))
    }

    fn point(&self, offset: u32) -> Option<&Point> {
        let at = self.points.binary_search_by_key(&offset, |point| point.offset);
        at.ok().map(|at| &self.points[at])
    }

    /// The cells of a node and those below it.
    fn list(&self, mut next: u32) -> impl Iterator<Item = u32> {
        std::iter::from_fn(move || {
            let node = self.nodes[next.checked_sub(1)? as usize];
            next = node.below;
            Some(node.cell)
        })
    }

    /// The offsets of the operators that have such operands or initialised locals, ascending.
    pub fn offsets(&self) -> impl Iterator<Item = u32> {
        self.points.iter().map(|point| point.offset)
    }
}

/// Collects the roots of one function after the other, keeping its allocations.
#[derive(Default)]
pub(super) struct RootsBuilder {
    active: bool,
    locals: Vec<Range<u32>>,
    late: Late,
    nodes: Vec<Node>,
    points: Vec<Point>,
    /// The references on the operand stack, from the bottom: the value's index, and its node's.
    stack: Vec<(u32, u32)>,
}

/// Locals without a default value whose values are followed.
#[derive(Default)]
struct Late {
    /// Groups of them, ascending.
    groups: Vec<LateLocals>,
    /// For each of all groups, one after the other, whether it is initialised.
    is_set: Vec<bool>,
    /// Those that are, in order: their place in `is_set`, and the node.
    set: Vec<(u32, u32)>,
}

/// A group of locals without a default value whose values are followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LateLocals {
    first: u32,
    count: u32,
    /// The first one's cell; each has one.
    cell: u32,
    /// How many are in the groups before.
    before: u32,
}

impl Late {
    fn begin(&mut self, groups: Vec<LateLocals>) {
        let count = groups.last().map_or(0, |last| last.before + last.count);
        self.groups = groups;
        self.is_set.clear();
        self.is_set.resize(count as usize, false);
        self.set.clear();
    }

    /// A local's place in `is_set`, and its cell.
    fn find(&self, local: u32) -> Option<(u32, u32)> {
        let behind = self.groups.partition_point(|group| group.first <= local);
        let group = self.groups[..behind].last()?;
        let at = local - group.first;
        (at < group.count).then_some((group.before + at, group.cell + at))
    }
}

impl RootsBuilder {
    /// Starts a function whose locals hold references in these cells, and these from a write on.
    pub(super) fn begin(&mut self, locals: Vec<Range<u32>>, late: Vec<LateLocals>) {
        self.active = !locals.is_empty() || !late.is_empty();
        self.locals = locals;
        self.late.begin(late);
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

    /// Notes a write of a local.
    pub(super) fn write(&mut self, local: u32) {
        let Some((at, cell)) = self.late.find(local) else { return };
        if !std::mem::replace(&mut self.late.is_set[at as usize], true) {
            let below = self.late.set.last().map_or(0, |&(_, node)| node + 1);
            self.late.set.push((at, self.nodes.len() as u32));
            self.nodes.push(Node { cell, below });
        }
    }

    /// Locals that are initialised, of those without a default value.
    pub(super) fn initialised(&self) -> u32 {
        self.late.set.len() as u32
    }

    /// A block or arm ends, before which this number of them was initialised.
    pub(super) fn forget(&mut self, initialised: u32) {
        for (at, _) in self.late.set.drain(initialised as usize..) {
            self.late.is_set[at as usize] = false;
        }
    }

    /// Notes a reachable call, throw or allocation at `offset`, with `below` values below its
    /// operands.
    pub(super) fn point(&mut self, offset: u32, below: u32) {
        let count = self.stack.partition_point(|&(index, _)| index < below);
        let node = |last: Option<&(u32, u32)>| last.map_or(0, |&(_, node)| node + 1);
        let (top, late) = (node(self.stack[..count].last()), node(self.late.set.last()));
        if top > 0 || late > 0 {
            self.points.push(Point { offset, top, late });
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

/// The cells of a function's parameters and of groups of locals that are such references (R1), and
/// the groups that are from a write on.
pub(crate) fn local_roots(
    types: &Types,
    ty: &FuncType,
    groups: impl Iterator<Item = (u32, ValType)>,
) -> (Vec<Range<u32>>, Vec<LateLocals>) {
    let (mut roots, mut late): (Vec<Range<u32>>, Vec<LateLocals>) = Default::default();
    let (mut cell, mut first, mut before) = (0, 0, 0);
    let params = ty.params.iter().map(|&ty| (1, ty, false));
    let groups = groups.map(|(count, ty)| (count, ty, !ty.is_defaultable()));
    for (count, ty, is_late) in params.chain(groups) {
        let end = cell + count * super::cells(ty);
        if types.is_traced(ty) && count > 0 {
            match roots.last_mut() {
                _ if is_late => {
                    late.push(LateLocals { first, count, cell, before });
                    before += count;
                }
                Some(last) if last.end == cell => last.end = end,
                _ => roots.push(cell..end),
            }
        }
        (cell, first) = (end, first + count);
    }
    (roots, late)
}
