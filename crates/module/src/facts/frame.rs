//! The frame of a function and the limits on its body, in the pass that validates it:
//! a body → [`FrameFacts`], or nothing.
//!
//! The validator's visitor is wrapped in one that looks at the operators of control alone, so no
//! operator is decoded twice or made a value. Reachability, as the module documentation of `facts`
//! defines it, is followed by labels; blocks, segments and roots are left to
//! [`FactsBuilder`](super::FactsBuilder).
//!
//! # Invariants
//! * N1. A body that is accepted is valid and within the limits, as `FactsBuilder` with
//!   `BodyValidator` judges it. *Why* a body is not, they say: here every reason is `None`.
//! * N2. Work is taken off the budget before it is done.
//! * N3. `labels` mirrors the validator's control stack, `prefix` is as in `builder`.
//!
//! Time: constant for an operator, plus the labels that it names, plus the values it pushes while
//! `wide`. Noticed by: `tests/two_passes.rs` (this pass and the other over generated modules, whole
//! and broken), `tests/limits.rs`, `tests/oracle.rs`.

use super::builder::{cells_below, label_of};
use super::{BlockKind, BodyContext, FrameFacts, cells};
use crate::FuncType;
use crate::error::Result;
use crate::limits::Limits;
use crate::validate::plain_run;
use crate::visit::Operators;
use wasmparser::{
    BlockType, BrTable, FrameKind, FrameStack, FuncValidator, TryTable, VisitOperator,
    VisitSimdOperator, WasmModuleResources, for_each_visit_operator,
};

/// Work that is left to a body.
pub(crate) trait Budgeted {
    /// Takes work off, if enough is left.
    fn take(&mut self, work: u64) -> Option<()>;

    /// The same for the operator at `offset`; the error says that too little is left.
    fn spend(&mut self, work: u64, offset: usize) -> Result<()>;
}

/// An open block.
struct Label {
    kind: BlockKind,
    /// Values that a branch to it takes.
    arity: u32,
    params: u32,
    results: u32,
    /// Whether its operator is reachable.
    reachable: bool,
    /// Whether a reachable branch has it for target.
    branched: bool,
    has_else: bool,
    /// Whether the first arm of an `if` falls through to `end`.
    then_falls: bool,
}

/// The step to take once the validator has accepted an operator.
enum Step {
    /// It goes on to the next one, and pushes two values at most.
    Next,
    /// The same, with this number of values.
    Pushed(u32),
    /// The same where the outcome of a test lies on top of them first.
    Tested(u32),
    /// It opens a block with these numbers of parameters and results.
    Open(BlockKind, u32, u32),
    Else,
    End,
    /// It does not go on.
    Stop,
    /// The operator is over a limit, or no tier executes it; the validator has not seen it.
    Refused,
}

/// Measures one body after the other, keeping its allocations.
#[derive(Default)]
pub(crate) struct FrameBuilder {
    labels: Vec<Label>,
    /// `prefix[i]` = cells of the lowest `i` operands; kept only while `wide`.
    prefix: Vec<u32>,
    /// Whether a `v128` can be on the operand stack.
    wide: bool,
    /// Whether the next operator is reachable.
    live: bool,
    max_height: u32,
    br_table_targets: u64,
}

impl FrameBuilder {
    /// Validates the operators of a body of type `ty` and measures its frame; the locals, which
    /// are declared, have `local_cells`, and `wide` says whether one has two.
    pub(crate) fn measure<R: WasmModuleResources>(
        &mut self,
        reader: &mut Operators<'_>,
        validator: &mut FuncValidator<R>,
        (ty, local_cells, wide): (&FuncType, u32, bool),
        cx: BodyContext<'_>,
        budget: &mut impl Budgeted,
    ) -> Option<FrameFacts> {
        let limits = cx.limits;
        self.begin(ty, wide || cx.wide, limits)?;
        while !reader.eof() {
            if !self.wide {
                let run = plain_run(reader, validator, &cx, budget).ok()?;
                if self.live {
                    self.max_height = self.max_height.max(run.height_max);
                }
            }
            if reader.eof() {
                break;
            }
            let offset = reader.original_position();
            if !self.wide && cx.bytes.get(offset as usize) == Some(&VECTOR) {
                self.widen(validator.operand_stack_height());
            }
            budget.take(1)?;
            let step = {
                let inner = validator.visitor(offset);
                let mut watch = Watch { inner, body: self, cx: &cx, budget, step: Step::Next };
                reader.visit(&mut watch).ok()?.ok()?;
                watch.step
            };
            let height = validator.operand_stack_height();
            if u64::from(height) > limits.operand_height {
                return None;
            }
            match step {
                Step::Next if !self.wide => {
                    self.max_height = self.max_height.max(if self.live { height } else { 0 });
                }
                step => self.take(step, validator, limits)?,
            }
        }
        reader.decoder().finish_expression(&validator.visitor(reader.original_position())).ok()?;
        let result_cells = super::cells_of(&ty.results);
        Some(FrameFacts {
            local_cells,
            param_cells: super::cells_of(&ty.params),
            result_cells,
            max_height_cells: self.max_height.max(result_cells),
        })
    }

    fn begin(&mut self, ty: &FuncType, wide: bool, limits: &Limits) -> Option<()> {
        self.labels.clear();
        self.prefix.clear();
        self.wide = wide;
        if wide {
            self.prefix.push(0);
        }
        self.live = true;
        self.max_height = 0;
        self.br_table_targets = 0;
        let (params, results) = (ty.params.len() as u32, ty.results.len() as u32);
        self.open(label(BlockKind::Func, params, results), limits)
    }

    /// Opens a block, if it is not one too many.
    fn open(&mut self, label: Label, limits: &Limits) -> Option<()> {
        self.labels.push(Label { reachable: self.live, ..label });
        (self.labels.len() as u64 <= limits.control_depth).then_some(())
    }

    /// Takes in an operator of control that the validator has accepted.
    fn take<R: WasmModuleResources>(
        &mut self,
        step: Step,
        validator: &FuncValidator<R>,
        limits: &Limits,
    ) -> Option<()> {
        let live_before = self.live;
        match step {
            Step::Next => self.pushed(2, validator),
            Step::Pushed(count) => self.pushed(count, validator),
            Step::Tested(count) => {
                self.pushed(count, validator);
                if live_before {
                    let cells = self.cells_below(validator.operand_stack_height());
                    self.max_height = self.max_height.max(cells + 1);
                }
            }
            Step::Open(kind, params, results) => {
                self.pushed(params, validator);
                self.open(label(kind, params, results), limits)?;
            }
            Step::Else => {
                let label = self.labels.last_mut()?;
                label.has_else = true;
                label.then_falls = self.live;
                self.live = label.reachable;
                let params = label.params;
                self.pushed(params, validator);
            }
            Step::End => {
                let label = self.labels.pop()?;
                let is_if = label.kind == BlockKind::If;
                let skips = is_if && !label.has_else && label.reachable;
                let left = label.branched && label.kind != BlockKind::Loop;
                self.live = self.live || label.then_falls || skips || left;
                self.pushed(label.results, validator);
            }
            Step::Stop => {
                self.pushed(0, validator);
                self.live = false;
            }
            Step::Refused => return None,
        }
        if live_before || self.live {
            self.note_height(validator);
        }
        Some(())
    }

    #[inline]
    fn note_height<R: WasmModuleResources>(&mut self, validator: &FuncValidator<R>) {
        let cells = self.cells_below(validator.operand_stack_height());
        self.max_height = self.max_height.max(cells);
    }

    /// Cells of the lowest `height` operands.
    #[inline]
    fn cells_below(&self, height: u32) -> u32 {
        cells_below(self.wide.then_some(&*self.prefix), height)
    }

    /// From the next operator on, `v128` values can be on the stack, which holds none among its
    /// lowest `height` values.
    fn widen(&mut self, height: u32) {
        self.wide = true;
        self.prefix.clear();
        self.prefix.extend(0..=height);
    }

    /// Brings `prefix` up to date after an operator that pushed at most `count` values.
    #[inline]
    fn pushed<R: WasmModuleResources>(&mut self, count: u32, validator: &FuncValidator<R>) {
        if self.wide {
            self.follow(count, validator);
        }
    }

    fn follow<R: WasmModuleResources>(&mut self, count: u32, validator: &FuncValidator<R>) {
        let height = validator.operand_stack_height();
        let unchanged = height.saturating_sub(count);
        self.prefix.truncate(unchanged as usize + 1);
        let mut sum = self.prefix.last().copied().unwrap_or(0);
        for depth in (0..(height - unchanged) as usize).rev() {
            sum += validator.get_operand_type(depth).flatten().map_or(1, cells);
            self.prefix.push(sum);
        }
    }

    /// The values a branch to label `depth` takes; 0 if there is no such label.
    fn arity(&self, depth: u32) -> u64 {
        self.labels.iter().nth_back(depth as usize).map_or(0, |label| label.arity.into())
    }

    /// Notes a branch to label `depth`.
    fn target(&mut self, depth: u32) {
        if self.live
            && let Some(label) = self.labels.iter_mut().nth_back(depth as usize)
        {
            label.branched = true;
        }
    }
}

/// The first byte of vector operators.
const VECTOR: u8 = 0xfd;

fn label(kind: BlockKind, params: u32, results: u32) -> Label {
    Label {
        kind,
        arity: if kind == BlockKind::Loop { params } else { results },
        params,
        results,
        reachable: false,
        branched: false,
        has_else: false,
        then_falls: false,
    }
}

/// The validator's visitor, and before it the work of operators of control.
struct Watch<'w, 'm, V, B> {
    inner: V,
    body: &'w mut FrameBuilder,
    cx: &'w BodyContext<'m>,
    budget: &'w mut B,
    step: Step,
}

/// The work of an operator beyond its first unit (see `Limits::work_per_byte`), and its step.
type Known = Option<(u64, Step)>;

impl<V, B: Budgeted> Watch<'_, '_, V, B> {
    /// Whether the validator may look at the operator.
    #[inline(always)]
    fn watch(&mut self, known: Known) -> bool {
        let step = known.and_then(|(work, step)| self.budget.take(work).map(|()| step));
        self.step = step.unwrap_or(Step::Refused);
        !matches!(self.step, Step::Refused)
    }

    fn open(&self, kind: BlockKind, ty: BlockType) -> Known {
        let (params, results) = self.cx.block_arity(ty);
        Some((params.into(), Step::Open(kind, params, results)))
    }

    fn try_table(&mut self, try_table: &TryTable) -> Known {
        let (mut work, step) = self.open(BlockKind::TryTable, try_table.ty)?;
        for depth in try_table.catches.iter().map(label_of) {
            work += 2 + self.body.arity(depth);
            self.body.target(depth);
        }
        Some((work, step))
    }

    fn else_(&self) -> Known {
        let (params, results) =
            self.body.labels.last().map_or((0, 0), |label| (label.params, label.results));
        Some((u64::from(params) + u64::from(results), Step::Else))
    }

    fn end(&self) -> Known {
        let results = self.body.labels.last().map_or(0, |label| u64::from(label.results));
        // The end of the body is a return.
        let each = if self.body.labels.len() == 1 { Limits::WORK_OF_MOVE } else { 1 };
        Some((results * each, Step::End))
    }

    fn br(&mut self, depth: u32) -> Known {
        self.body.target(depth);
        Some((self.body.arity(depth) * Limits::WORK_OF_MOVE, Step::Stop))
    }

    /// A branch that may not be taken: it gives back the label's values, and `br_on_null` one more.
    fn fork(&mut self, depth: u32) -> Known {
        self.body.target(depth);
        let arity = self.body.arity(depth);
        Some((arity * Limits::WORK_OF_MOVE, Step::Pushed(arity as u32 + 1)))
    }

    /// The same by the outcome of a test.
    fn cast(&mut self, depth: u32) -> Known {
        self.body.target(depth);
        let arity = self.body.arity(depth);
        Some((arity * Limits::WORK_OF_MOVE, Step::Tested(arity as u32)))
    }

    fn br_table(&mut self, targets: &BrTable<'_>) -> Known {
        let count = u64::from(targets.len()) + 1;
        self.body.br_table_targets += count;
        if self.body.br_table_targets > self.cx.limits.br_table_targets {
            return None;
        }
        let arity = self.body.arity(targets.default());
        // Targets of one label share its edge.
        let edges = count.min(self.body.labels.len() as u64);
        let work = count * (1 + arity) + edges * Limits::WORK_OF_MOVE * arity;
        self.budget.take(work)?;
        targets.targets().map_while(Result::ok).for_each(|depth| self.body.target(depth));
        self.body.target(targets.default());
        Some((0, Step::Stop))
    }

    fn return_(&self) -> Known {
        let results = self.body.labels.first().map_or(0, |label| u64::from(label.results));
        Some((results * Limits::WORK_OF_MOVE, Step::Stop))
    }

    fn call(&self, (params, results): (u32, u32)) -> Known {
        Some((u64::from(params) + u64::from(results), Step::Pushed(results)))
    }

    /// A call that does not come back, or a throw.
    fn leave(&self, (params, _): (u32, u32)) -> Known {
        Some((params.into(), Step::Stop))
    }
}

impl<V: FrameStack, B> FrameStack for Watch<'_, '_, V, B> {
    fn current_frame(&self) -> Option<FrameKind> {
        self.inner.current_frame()
    }
}

/// The work and the step of an operator by its name in the decoder's list, where they are fixed.
macro_rules! known {
    (Unreachable $v:ident) => {
        Some((0, Step::Stop))
    };
    (Block $v:ident $ty:ident) => {
        $v.open(BlockKind::Block, $ty)
    };
    (Loop $v:ident $ty:ident) => {
        $v.open(BlockKind::Loop, $ty)
    };
    (If $v:ident $ty:ident) => {
        $v.open(BlockKind::If, $ty)
    };
    (TryTable $v:ident $table:ident) => {
        $v.try_table(&$table)
    };
    (Else $v:ident) => {
        $v.else_()
    };
    (End $v:ident) => {
        $v.end()
    };
    (Br $v:ident $depth:ident) => {
        $v.br($depth)
    };
    (BrIf $v:ident $depth:ident) => {
        $v.fork($depth)
    };
    (BrOnNull $v:ident $depth:ident) => {
        $v.fork($depth)
    };
    (BrOnNonNull $v:ident $depth:ident) => {
        $v.fork($depth)
    };
    (BrOnCast $v:ident $depth:ident $from:ident $to:ident) => {
        $v.cast($depth)
    };
    (BrOnCastFail $v:ident $depth:ident $from:ident $to:ident) => {
        $v.cast($depth)
    };
    (StructNew $v:ident $ty:ident) => {
        Some((u64::from($v.cx.fields($ty)), Step::Next))
    };
    (ArrayNewFixed $v:ident $ty:ident $count:ident) => {
        Some((u64::from($count), Step::Next))
    };
    (BrTable $v:ident $targets:ident) => {
        $v.br_table(&$targets)
    };
    (Return $v:ident) => {
        $v.return_()
    };
    (Call $v:ident $func:ident) => {
        $v.call($v.cx.func_arity($func))
    };
    (CallIndirect $v:ident $ty:ident $table:ident) => {
        $v.call($v.cx.arity($ty))
    };
    (CallRef $v:ident $ty:ident) => {
        $v.call($v.cx.arity($ty))
    };
    (ReturnCall $v:ident $func:ident) => {
        $v.leave($v.cx.func_arity($func))
    };
    (ReturnCallIndirect $v:ident $ty:ident $table:ident) => {
        $v.leave($v.cx.arity($ty))
    };
    (ReturnCallRef $v:ident $ty:ident) => {
        $v.leave($v.cx.arity($ty))
    };
    (Throw $v:ident $tag:ident) => {
        $v.leave($v.cx.tag_arity($tag))
    };
    (ThrowRef $v:ident) => {
        Some((0, Step::Stop))
    };
    ($op:ident $v:ident $($arg:ident)*) => {
        Some((0, Step::Next))
    };
}

macro_rules! methods {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(
            #[inline]
            fn $visit(&mut self $($(, $arg: $ty)*)?) -> Self::Output {
                let known: Known = known!($op self $($($arg)*)?);
                if self.watch(known) { self.inner.$visit($($($arg),*)?) } else { Ok(()) }
            }
        )*
    };
}

// The decoder's list names the lifetime `'a`.
impl<'a, V, B: Budgeted> VisitOperator<'a> for Watch<'_, '_, V, B>
where
    V: VisitOperator<'a, Output = wasmparser::Result<()>>,
{
    type Output = wasmparser::Result<()>;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Self::Output>> {
        self.inner.simd_visitor()
    }

    for_each_visit_operator!(methods);
}
