//! Collecting the facts of a body: operators that the validator has accepted → [`FuncFacts`].
//!
//! The parent module defines the facts' meaning.
//!
//! 1. `frames` mirrors the validator's control stack; `depth()` is its height.
//! 2. While a `v128` can be on the stack (`wide`), `prefix[i]` is the cells of the lowest `i`
//!    values for each `i` up to the stack's height; before, every value has one cell and nothing is
//!    kept.
//! 3. `segment` is the open segment; it is `None` where the next reachable operator opens one.
//!
//! 4. While `roots` is active, it has the references to exceptions and objects of the whole operand
//!    stack.
//!
//! Time: constant for an operator, plus the values it pushes while `wide` or with active `roots`.

use super::context::BodyContext;
use super::roots::{LateLocals, RootsBuilder};
use super::{BlockFacts, BlockKind, FuncFacts, Segment, cells, cells_of};
use crate::cost::{branch_cost, frame_cost, throw_cost};
use crate::index::TypeIdx;
use crate::limits::Limits;
use crate::ops::{Class, Flow, Immediate, Immediates, Kind, Row, Value};
use crate::validate::PlainRun;
use crate::{FuncType, RefKind};
use std::ops::Range;
use wasmparser::{
    BlockType, Catch, CompositeInnerType, FuncValidator, HeapType, UnpackedIndex, ValType,
    WasmModuleResources,
};

/// A summary of the locals of a body, parameters included.
#[derive(Debug, Default)]
pub(crate) struct Locals {
    pub(crate) cells: u32,
    /// Whether a `v128` can be on the operand stack from the start.
    pub(crate) wide: bool,
    /// The cells that hold references to exceptions and objects.
    pub(crate) roots: Vec<Range<u32>>,
    /// The locals that hold them from a write on.
    pub(crate) late: Vec<LateLocals>,
}

/// The label of a catch clause, counted from outside of its `try_table`.
pub(super) fn label_of(catch: &Catch) -> u32 {
    match *catch {
        Catch::One { label, .. }
        | Catch::OneRef { label, .. }
        | Catch::All { label }
        | Catch::AllRef { label } => label,
    }
}

/// An open block.
struct Frame {
    /// Its position in `blocks`.
    block: u32,
    /// Values that a branch to its label takes.
    label_arity: u32,
    /// Their cells.
    label_cells: u32,
    /// Values on the stack after its opening operator and after `else`.
    params: u32,
    /// Values on the stack after its `end`.
    results: u32,
    /// Whether the first arm of an `if` falls through to `end`.
    then_falls: bool,
    /// Followed locals without a default value that were initialised before it.
    initialised: u32,
}

/// The effect on control of an accepted operator. The branches that it may take are noted before.
pub(super) enum Taken {
    /// It goes on to the next one.
    Next,
    Open(BlockKind, BlockType),
    Else,
    End,
    /// It may branch to a label with this number of values; it tests a type first if so said.
    Fork(u32, bool),
    /// It makes an object of this number of values.
    Allocate(u32),
    /// A call with this number of results.
    Call(u32),
    /// It does not go on; a throw has this number of values.
    Stop(Option<u32>),
}

/// A segment that is open: the offset of its first operator, and what it costs so far.
#[derive(Debug)]
struct Open {
    offset: u32,
    cost: u64,
}

/// Collects the facts of one body after the other, keeping its allocations.
#[derive(Default)]
pub(crate) struct FactsBuilder {
    blocks: Vec<BlockFacts>,
    segments: Vec<Segment>,
    frames: Vec<Frame>,
    /// `prefix[i]` = cells of the lowest `i` operands; kept only while `wide`.
    prefix: Vec<u32>,
    /// Whether a `v128` can be on the operand stack.
    wide: bool,
    /// Whether the next operator is reachable.
    live: bool,
    /// The open segment; `None` if the next operator opens one (or is unreachable).
    segment: Option<Open>,
    /// Cells of parameters and locals.
    local_cells: u32,
    /// Values on the operand stack before the next operator, where that is reachable.
    height: u32,
    max_height: u32,
    br_table_targets: u64,
    roots: RootsBuilder,
}

impl FactsBuilder {
    /// Starts a body of function type `ty`, whose first operator is at `offset`.
    pub(crate) fn begin(&mut self, ty: TypeIdx, cx: BodyContext<'_>, locals: Locals, offset: u32) {
        let Locals { cells, wide, roots, late } = locals;
        self.blocks.clear();
        self.segments.clear();
        self.frames.clear();
        self.prefix.clear();
        self.wide = wide;
        self.live = true;
        let result_cells = cells_of(&cx.types[ty.index()].results);
        self.segment = Some(Open { offset, cost: frame_cost(cells, result_cells) });
        self.local_cells = cells;
        self.height = 0;
        self.max_height = 0;
        self.br_table_targets = 0;
        self.roots.begin(roots, late);
        if cx.exceptions {
            self.roots.activate();
        }
        if wide {
            self.prefix.push(0);
        }
        self.open(BlockKind::Func, offset, BlockType::FuncType(ty.0), 0, cx);
    }

    /// Blocks open at present, the body included.
    pub(crate) fn depth(&self) -> usize {
        self.frames.len()
    }

    /// Targets of all `br_table`s so far.
    pub(crate) fn br_table_targets(&self) -> u64 {
        self.br_table_targets
    }

    /// The values a branch to label `depth` takes; 0 if there is no such label.
    #[inline]
    pub(super) fn label_arity(&self, depth: u32) -> u32 {
        self.frames.iter().nth_back(depth as usize).map_or(0, |frame| frame.label_arity)
    }

    /// The cells of these values.
    pub(super) fn label_cells(&self, depth: u32) -> u32 {
        self.frames.iter().nth_back(depth as usize).map_or(0, |frame| frame.label_cells)
    }

    /// Values on the stack after the `end` of the block that is open so far out, counted from 0 for
    /// the body; of the innermost one, if `from` is none.
    pub(super) fn results(&self, from: Option<usize>) -> u32 {
        let frame = match from {
            Some(from) => self.frames.get(from),
            None => self.frames.last(),
        };
        frame.map_or(0, |frame| frame.results)
    }

    /// Units of work that an operator with these immediates takes (see `Limits::work_per_byte`),
    /// before it is validated; it may be invalid.
    pub(crate) fn work(
        &mut self,
        row: &Row,
        immediates: &Immediates<'_>,
        cx: BodyContext<'_>,
    ) -> u64 {
        let mut work = self.work_of_values(row, immediates, cx);
        if row.class.flow() == Flow::Next {
            return work;
        }
        for (_, value) in immediates.iter() {
            if let Value::Labels(targets) = value {
                let count = u64::from(targets.len()) + 1;
                self.br_table_targets += count;
                let arity = u64::from(self.label_arity(targets.default()));
                // Targets of one label share its edge.
                let edges = count.min(self.frames.len() as u64);
                work += count * (1 + arity) + edges * Limits::WORK_OF_MOVE * arity;
            } else if let Value::TryTable(try_table) = value {
                let labels =
                    try_table.catches.iter().map(|catch| self.label_arity(label_of(catch)));
                work += labels.map(|arity| 2 + u64::from(arity)).sum::<u64>();
            }
        }
        work
    }

    /// The same without the labels of a `br_table` or `try_table`.
    pub(crate) fn work_of_values(
        &self,
        row: &Row,
        immediates: &Immediates<'_>,
        cx: BodyContext<'_>,
    ) -> u64 {
        let next = row.class.flow() == Flow::Next;
        let lists = !next || row.class == Class::allocate;
        1 + if lists { self.values(row, immediates, cx) } else { 0 }
    }

    /// Units of work of the values in the lists of types that an operator's signature names, each
    /// list once.
    fn values(&self, row: &Row, immediates: &Immediates<'_>, cx: BodyContext<'_>) -> u64 {
        let again = |kind: &&Kind| !row.params.contains(kind);
        let kinds = row.params.iter().chain(row.results.iter().filter(again));
        kinds.map(|&kind| self.list(kind, row, immediates, cx)).sum()
    }

    /// Units of work of one list of types; none for the kinds of single values.
    fn list(&self, kind: Kind, row: &Row, immediates: &Immediates<'_>, cx: BodyContext<'_>) -> u64 {
        if !kind.is_many() {
            return 0;
        }
        let block = |cx: BodyContext<'_>| match immediates.block() {
            Some(ty) => cx.block_arity(ty),
            None => self.frames.last().map_or((0, 0), |frame| (frame.params, frame.results)),
        };
        let (count, moved) = match kind {
            Kind::params => (cx.callee_arity(immediates).0, false),
            Kind::results => (cx.callee_arity(immediates).1, false),
            Kind::block_params => (block(cx).0, false),
            // The end of the body is a return.
            Kind::block_results => {
                (block(cx).1, row.class.flow() == Flow::End && self.frames.len() == 1)
            }
            Kind::label | Kind::label_init => {
                let depth = immediates.index(Immediate::label);
                (depth.map_or(0, |depth| self.label_arity(depth)), true)
            }
            Kind::func_results => (self.frames.first().map_or(0, |frame| frame.results), true),
            Kind::fields => (cx.fields(immediates.index(Immediate::type_).unwrap_or(0)), false),
            Kind::elements => (immediates.index(Immediate::size).unwrap_or(0), false),
            // Only operators that are refused have other lists.
            _ => (0, false),
        };
        u64::from(count) * if moved { Limits::WORK_OF_MOVE } else { 1 }
    }

    /// Takes in an operator at `offset` that `validator` has just accepted.
    pub(crate) fn step<R: WasmModuleResources>(
        &mut self,
        (row, immediates): (&Row, &Immediates<'_>),
        offset: u32,
        cx: BodyContext<'_>,
        validator: &FuncValidator<R>,
    ) {
        let cost = self.cost(row, immediates, cx);
        let taken = match row.class.flow() {
            Flow::Next if row.class == Class::allocate => {
                Taken::Allocate(cx.operands(row.opcode, immediates))
            }
            Flow::Next => Taken::Next,
            Flow::Open(kind) => {
                self.branch(immediates);
                Taken::Open(kind, immediates.block().unwrap_or(BlockType::Empty))
            }
            Flow::Else => Taken::Else,
            Flow::End => Taken::End,
            Flow::Fork => {
                let label = self.branch(immediates).map_or(0, |depth| self.label_arity(depth));
                Taken::Fork(label, row.class == Class::br_on_cast)
            }
            Flow::Call => Taken::Call(cx.callee_arity(immediates).1),
            Flow::Stop => {
                self.branch(immediates);
                Taken::Stop(immediates.index(Immediate::tag).map(|tag| cx.tag_arity(tag).0))
            }
        };
        self.take(taken, cost, offset, cx, validator);
    }

    /// Takes in what an operator of such a cost does.
    #[inline]
    pub(super) fn take<R: WasmModuleResources>(
        &mut self,
        taken: Taken,
        cost: u64,
        offset: u32,
        cx: BodyContext<'_>,
        validator: &FuncValidator<R>,
    ) {
        let live_before = self.live;
        if live_before {
            self.segment.get_or_insert(Open { offset, cost: 0 }).cost += cost;
        }
        match taken {
            Taken::Next => {
                // None pushes more than two values (`i64.add128`).
                self.pushed(2, validator);
            }
            Taken::Open(kind, ty) => self.enter(kind, ty, offset, cx, validator),
            Taken::Else => self.alternate(offset, validator),
            Taken::End => self.leave(offset, validator),
            Taken::Allocate(operands) => {
                if live_before {
                    self.roots.point(offset, self.height.saturating_sub(operands));
                }
                self.pushed(1, validator);
            }
            Taken::Fork(label, tests) => {
                // It gives back the label's values, and `br_on_null` one more.
                self.pushed(label + 1, validator);
                if live_before && tests {
                    let cells = self.cells_below(validator.operand_stack_height());
                    self.max_height = self.max_height.max(cells + 1);
                }
                self.cut();
            }
            Taken::Call(results) => {
                if live_before {
                    let height = validator.operand_stack_height();
                    self.roots.point(offset, height.saturating_sub(results));
                }
                self.pushed(results, validator);
                self.cut();
            }
            Taken::Stop(thrown) => {
                if live_before && let Some(params) = thrown {
                    self.roots.point(offset, self.height.saturating_sub(params));
                }
                self.pushed(0, validator);
                self.stop();
            }
        }
        if live_before || self.live {
            self.height = validator.operand_stack_height();
            self.max_height = self.max_height.max(self.cells_below(self.height));
        }
    }

    /// Takes in a plain operator (see `cost::is_plain`) at `offset` that `validator` has just
    /// accepted: what [`step`](FactsBuilder::step) does for it, without looking at it.
    #[inline]
    pub(crate) fn step_plain<R: WasmModuleResources>(
        &mut self,
        offset: u32,
        validator: &FuncValidator<R>,
    ) {
        self.pushed(2, validator);
        if self.live {
            self.segment.get_or_insert(Open { offset, cost: 0 }).cost += 1;
            self.height = validator.operand_stack_height();
            self.max_height = self.max_height.max(self.cells_below(self.height));
        }
    }

    /// Whether what is collected depends on the types of operands: then operators come one by one.
    #[inline]
    pub(crate) fn follows_types(&self) -> bool {
        self.wide || self.roots.is_active()
    }

    /// Takes in plain operators and writes of locals that `validator` has just accepted: what
    /// [`step_plain`](FactsBuilder::step_plain) and [`write`](FactsBuilder::write) do for each.
    #[inline]
    pub(crate) fn step_run<R: WasmModuleResources>(
        &mut self,
        run: &PlainRun,
        validator: &FuncValidator<R>,
    ) {
        if run.count == 0 {
            return;
        }
        if let Some(frame) = self.frames.last() {
            self.blocks[frame.block as usize].written |= run.written;
        }
        if self.live {
            self.segment.get_or_insert(Open { offset: run.start, cost: 0 }).cost += run.count;
            self.height = validator.operand_stack_height();
            self.max_height = self.max_height.max(run.height_max);
        }
    }

    /// The facts of a body whose operators have all been taken in.
    pub(crate) fn finish(&mut self, ty: &FuncType) -> FuncFacts {
        self.cut();
        let result_cells = cells_of(&ty.results);
        FuncFacts {
            blocks: self.blocks.as_slice().into(),
            segments: self.segments.as_slice().into(),
            local_cells: self.local_cells,
            param_cells: cells_of(&ty.params),
            result_cells,
            max_height_cells: self.max_height.max(result_cells),
            exception_roots: self.roots.finish(),
        }
    }

    /// From the next operator on, references to exceptions and objects can be on the stack.
    pub(crate) fn may_hold_exceptions(&mut self) {
        self.roots.activate();
    }

    /// From the next operator on, `v128` values can be on the stack, which holds none among its
    /// lowest `height` values.
    pub(crate) fn widen(&mut self, height: u32) {
        if !self.wide {
            self.wide = true;
            self.prefix.clear();
            self.prefix.extend(0..=height);
        }
    }

    fn open(&mut self, kind: BlockKind, start: u32, ty: BlockType, base: u32, cx: BodyContext<'_>) {
        let (params, results) = cx.block_arity(ty);
        let label_arity = if kind == BlockKind::Loop { params } else { results };
        self.frames.push(Frame {
            block: self.blocks.len() as u32,
            label_arity,
            label_cells: cx.label_cells(kind, ty),
            params,
            results,
            then_falls: false,
            initialised: self.roots.initialised(),
        });
        self.blocks.push(BlockFacts {
            kind,
            start,
            else_: None,
            end: start,
            height_cells: self.cells_below(base),
            ty,
            written: 0,
            branched: false,
            reachable: self.live,
            reachable_after: false,
        });
    }

    fn enter<R: WasmModuleResources>(
        &mut self,
        kind: BlockKind,
        ty: BlockType,
        offset: u32,
        cx: BodyContext<'_>,
        validator: &FuncValidator<R>,
    ) {
        if matches!(ty, BlockType::Type(ty) if cx.types.is_traced(ty)) {
            self.roots.activate();
        }
        self.pushed(cx.block_arity(ty).0, validator);
        let base = validator.get_control_frame(0).map_or(0, |frame| frame.height as u32);
        self.open(kind, offset, ty, base, cx);
        if matches!(kind, BlockKind::Loop | BlockKind::If) {
            self.cut();
        }
    }

    fn alternate<R: WasmModuleResources>(&mut self, offset: u32, validator: &FuncValidator<R>) {
        let Some(frame) = self.frames.last_mut() else { return };
        let block = &mut self.blocks[frame.block as usize];
        block.else_ = Some(offset);
        frame.then_falls = self.live;
        let params = frame.params;
        let reachable = block.reachable;
        self.roots.forget(frame.initialised);
        self.cut();
        self.live = reachable;
        self.pushed(params, validator);
    }

    fn leave<R: WasmModuleResources>(&mut self, offset: u32, validator: &FuncValidator<R>) {
        let Some(frame) = self.frames.pop() else { return };
        self.roots.forget(frame.initialised);
        let block = &mut self.blocks[frame.block as usize];
        block.end = offset;
        let skips = block.kind == BlockKind::If && block.else_.is_none() && block.reachable;
        let branched_out = block.branched && block.kind != BlockKind::Loop;
        block.reachable_after = self.live || frame.then_falls || skips || branched_out;
        let joins = block.kind == BlockKind::If || branched_out;
        let (written, live) = (block.written, block.reachable_after);
        if let Some(outer) = self.frames.last() {
            self.blocks[outer.block as usize].written |= written;
        }
        if joins {
            self.cut();
        }
        self.live = live;
        self.pushed(frame.results, validator);
    }

    /// Notes the branches that an operator may take; gives the depth of its label, if it has one.
    fn branch(&mut self, immediates: &Immediates<'_>) -> Option<u32> {
        for (_, value) in immediates.iter() {
            if let Value::Labels(targets) = value {
                targets.targets().map_while(Result::ok).for_each(|depth| self.target(depth));
                self.target(targets.default());
            } else if let Value::TryTable(try_table) = value {
                try_table.catches.iter().for_each(|catch| self.target(label_of(catch)));
            }
        }
        let depth = immediates.index(Immediate::label)?;
        self.target(depth);
        Some(depth)
    }

    /// The cost of an operator where it is reachable.
    pub(crate) fn cost(&self, row: &Row, immediates: &Immediates<'_>, cx: BodyContext<'_>) -> u64 {
        row.cost + self.carried(row, immediates, cx)
    }

    /// The cost of a branch or throw for the values that it takes along; 0 for other operators.
    fn carried(&self, row: &Row, immediates: &Immediates<'_>, cx: BodyContext<'_>) -> u64 {
        if !matches!(row.class.flow(), Flow::Fork | Flow::Stop) {
            return 0;
        }
        let mut cost = 0;
        for (kind, value) in immediates.iter() {
            if let (Immediate::label, Value::Index(depth)) = (kind, value) {
                cost += branch_cost(self.label_cells(*depth));
            } else if let (Immediate::tag, Value::Index(tag)) = (kind, value) {
                cost += throw_cost(cx.tag_cells(*tag));
            } else if let Value::Labels(targets) = value {
                // All its labels take equally many.
                cost += branch_cost(self.label_cells(targets.default()));
            }
        }
        cost
    }

    /// Notes a branch to label `depth`.
    #[inline]
    pub(super) fn target(&mut self, depth: u32) {
        if self.live
            && let Some(frame) = self.frames.iter().nth_back(depth as usize)
        {
            self.blocks[frame.block as usize].branched = true;
        }
    }

    /// Notes a write of a local.
    #[inline]
    pub(crate) fn write(&mut self, local: u32) {
        if let Some(frame) = self.frames.last() {
            self.blocks[frame.block as usize].written |= 1 << (local % 64);
        }
        self.roots.write(local);
    }

    /// Ends the open segment; the next reachable operator opens another.
    #[inline]
    fn cut(&mut self) {
        if let Some(segment) = self.segment.take()
            && segment.cost > 0
        {
            let Open { offset, cost } = segment;
            debug_assert!(cost <= u32::MAX.into());
            self.segments.push(Segment { offset, cost: cost.try_into().unwrap_or(u32::MAX) });
        }
    }

    /// Ends the open segment and reachability.
    fn stop(&mut self) {
        self.cut();
        self.live = false;
    }

    /// Cells of the lowest `height` operands.
    #[inline]
    fn cells_below(&self, height: u32) -> u32 {
        cells_below(self.wide.then_some(&*self.prefix), height)
    }

    /// Brings `prefix` and the roots up to date after an operator that pushed at most `count`
    /// values.
    #[inline]
    fn pushed<R: WasmModuleResources>(&mut self, count: u32, validator: &FuncValidator<R>) {
        if self.wide || self.roots.is_active() {
            self.follow(count, validator);
        }
    }

    fn follow<R: WasmModuleResources>(&mut self, count: u32, validator: &FuncValidator<R>) {
        let height = validator.operand_stack_height();
        let unchanged = height.saturating_sub(count);
        let types = (0..(height - unchanged) as usize).rev();
        let types = types.map(|depth| validator.get_operand_type(depth).flatten());
        if self.wide {
            self.prefix.truncate(unchanged as usize + 1);
            let mut sum = self.prefix.last().copied().unwrap_or(0);
            for ty in types.clone() {
                sum += ty.map_or(1, cells);
                self.prefix.push(sum);
            }
        }
        if self.roots.is_active() {
            // The locals' cells come first.
            let (first, prefix) = (self.local_cells, self.wide.then_some(&*self.prefix));
            let values = types.zip(unchanged..).map(|(ty, index)| {
                let traced = ty.is_some_and(|ty| is_traced(validator, ty));
                traced.then(|| first + cells_below(prefix, index))
            });
            self.roots.update(unchanged, values);
        }
    }
}

/// Whether a store follows values of a type that the validator gives an operand.
fn is_traced<R: WasmModuleResources>(validator: &FuncValidator<R>, ty: ValType) -> bool {
    let ValType::Ref(ty) = ty else { return false };
    match ty.heap_type() {
        HeapType::Concrete(UnpackedIndex::Id(id)) => {
            let ty = validator.resources().sub_type_at_id(id);
            !matches!(ty.composite_type.inner, CompositeInnerType::Func(_))
        }
        ty => matches!(RefKind::of(ty), RefKind::Any | RefKind::Exn),
    }
}

/// Cells of the lowest `height` operands; `prefix` are those of the lowest `i`, where not each has
/// one.
#[inline]
pub(super) fn cells_below(prefix: Option<&[u32]>, height: u32) -> u32 {
    let Some(prefix) = prefix else { return height };
    let last = prefix.len().saturating_sub(1);
    prefix.get((height as usize).min(last)).copied().unwrap_or(0)
}
