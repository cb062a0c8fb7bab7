//! The check: a body and its module → the proof that the body is its function, or the first rule
//! that is broken.
//!
//! ```text
//! operators ─ walk (module) ─ Domain ─┬─ straight: the next instruction     ┐
//!   FuncFacts ─► charges, polls       ├─ control: edges, blocks             ├─ Body
//!                                     ├─ exception: calls, throws, handlers ┘
//!                                     └─ variable: what a local is ─► claims, proved at the end
//! ```
//!
//! This is translation validation in lockstep (Pnueli, Siegel and Singerman, 1998; Necula, 2000).
//! One walk over the Wasm keeps as its abstract state *which value of the body* each operand and
//! each local is; the body is read beside it. A value of the body is its own value number, since
//! instructions are operators one to one (K1), so no table of terms is needed: equal operands are
//! the same value. The check reads the table of Wasm operators, the walker,
//! [`FuncFacts`] and the shapes of immediates ([`Imm`]), and knows nothing
//! of `build`, nor of `verify`: what it accepts is well formed by what it has compared.
//!
//! # Rules
//! * C1. *Function.* The module defines the function. The body's first block is its entry: its
//!   parameters are the function's, with their types. Before the first operator it may have zeros
//!   of types, which are what locals start with, each once. All lists of edges and terminators lie
//!   in the body's pools.
//! * C2. *Operators.* The instructions that control comes by are the operators of the Wasm that
//!   compute something (all but `local.*`, `drop`, `nop` and what is control), each once and in
//!   their order, with the same opcode and immediates; and charges and polls.
//! * C3. *Operands.* The operands of an instruction, of a call, a throw, a return, a condition are
//!   the values that the operands of the Wasm's operator are, in their order.
//! * C4. *Results.* An instruction has as many results as its operator, of the types that the
//!   operator gives.
//! * C5. *Offsets.* A block, an instruction, a terminator has the offset of its operator (K2).
//! * C6. *Metering.* By fuel, there is a charge of each segment's cost before the segment's first
//!   operator; by epoch, a poll before the first operator and before the first one of each loop,
//!   ahead of the charge there. There is no other charge or poll.
//! * C7. *Blocks.* Blocks stand in the order in which the walk comes to them, and there is no
//!   other; a hint of what a block is ([`Origin`]) is right or absent.
//! * C8. *Control.* A block ends where the Wasm's control divides, jumps or leaves, and as that
//!   does: the terminator is the one of the operator.
//! * C9. *Targets.* All edges to a label lead to one block, which belongs to it alone. A table has
//!   an edge for each of its labels in the order of first appearance, and each index goes to the
//!   edge of its label, the default last.
//! * C10. *Parameters.* A block has a parameter for each value of its label, of the label's types;
//!   then for locals, by [`Place`], rising, of the locals' types.
//! * C11. *Arguments.* On each edge the arguments of the label's values are these values (or the
//!   payloads that the operator makes, in their order), and the argument of each local is the value
//!   that the local is on this edge.
//! * C12. *Locals.* Where a local is read (by an operator, or as an argument) it has one value on
//!   all ways there (`variable`).
//! * C13. *Handlers.* A call or throw inside a `try_table` with clauses leads to the handler of the
//!   innermost one, and no other does. A handler has no instructions; its clauses are those of the
//!   `try_table`, in order, with tag, reference and label; behind them it leads to the handler
//!   around if no clause catches all, else nowhere.
//! * C14. *Size.* The body has fewer than 2³¹ blocks, and the search for locals takes at most
//!   [`STEPS_BASE`] steps and [`STEPS_PER_BYTE`] for each byte of the function.
//! * C15. *Held.* Where it is asked for, the references that a frame holds at a call, throw or
//!   allocation are the values of the cells that the facts name (`held`); a local that has no one
//!   value there breaks C12.
//!
//! # Soundness
//! The relation at a place of the walk: each operand of the Wasm, and each local that is read
//! later, equals the content of its value of the body. By induction over the steps of both
//! together: it holds at the entry (C1); an operator and its instruction keep it, because they are
//! the same function of equal operands (C2, C3), with the same effect in the same order; an edge
//! brings it to its block (C11) and to the claims about the block (C12), which are assumed there
//! and proved for each edge into it. Both sides leave a block by the same way (C8, C9) and neither
//! goes on alone, so a loop that does not end is the same on both.
//!
//! *Dominance* of definitions over uses follows: a value comes into the relation when its
//! instruction or block is walked, an edge brings on only what is in the relation at its source,
//! and a claim holds on all edges; so a value that is used has been computed on every way to the
//! use. Nor has it been computed again since: an instruction belongs to one operator, and a value
//! from before a loop's header that still stands for a local or operand in the loop belongs to an
//! operator before it.
//!
//! # Rounds
//! For code that begins with a round of a loop (`entered`), the same walk notes which values of the
//! body locals and label's values are where the round begins: the relation there, with the claims
//! that it adds (`round`).
//!
//! # Limits
//! It accepts what `build` makes and little else: a body whose pure operators were moved, shared or
//! removed is equal to its Wasm and refused. That is the passes' part, whose witnesses compare body
//! with body.
//!
//! The check cannot see a wrong row of the table of operators or a wrong `Imm::of`, on which both
//! sides agree, nor facts that are wrong. Code that control cannot come by (a handler that nothing
//! throws to, and code that only it leads to) is skipped on the Wasm side (K5).
//!
//! # Cost
//! One pass over operators and body. Time: `O(log n)` for each operator, parameter and argument,
//! plus the limited search of C12. Memory: a write, an edge, a block each once. It never panics,
//! for any body, and recurses nowhere. Noticed by: `tests/check.rs`.

mod ancestry;
mod control;
mod domain;
mod error;
mod exception;
mod held;
mod round;
mod straight;
mod variable;

pub use error::{Rejection, Rule};
pub use held::HELD_MAX;
pub(crate) use round::{Found, Places, places, values_at};

use crate::body::{Body, Def, Imm, InstData, Op, Origin, Place};
use crate::budget::Budget;
use crate::entity::{Block, Inst, Value};
use crate::held::Held;
use crate::refused::Where;
use crate::replace::{self, PassRejection, Witness};
use cranelift_entity::packed_option::ReservedValue;
use error::{Fault, Verdict};
use exception::{Clauses, Handler};
use held::Noted;
use prova_module::walk::{BlockTypes, Stop, walk};
use prova_module::{BlockKind, FuncBody, FuncFacts, FuncIdx, Module, ValType};
use round::Round;
use variable::Locals;

/// Steps of the search for locals that every function may take.
pub const STEPS_BASE: u64 = 2_097_152;

/// Steps of the search for locals for each byte of the function, on top of [`STEPS_BASE`].
pub const STEPS_PER_BYTE: u64 = 32;

/// A body that is proved equal to its Wasm: directly, or to one that is ([`CheckedBody::replace`]).
#[derive(Clone, Debug)]
pub struct CheckedBody {
    module: Module,
    body: Body,
    held: Option<Held>,
}

impl CheckedBody {
    /// Checks a body as the SSA form of its function in `module`, with the metering that it says it
    /// has.
    ///
    /// # Errors
    /// The first rule that the body breaks.
    pub fn check(module: &Module, body: Body) -> Result<CheckedBody, Rejection> {
        prove(module, &body)?;
        Ok(CheckedBody { module: module.clone(), body, held: None })
    }

    /// As [`CheckedBody::check`], and which values of the body are the references that a frame
    /// holds at each call, throw and allocation (C15). A body that does not say what all these
    /// locals are there is refused; [`build_holding`](crate::build_holding) makes one that does.
    ///
    /// # Errors
    /// The first rule that the body breaks.
    pub fn check_holding(module: &Module, body: Body) -> Result<CheckedBody, Rejection> {
        let mut held = None;
        let start = |check: &mut Check<'_, '_>| check.noted = Some(Noted::new(&check.locals.types));
        prove_with(module, &body, start, |check| {
            check.finish()?;
            held = check.noted.take().map(Noted::held);
            Ok(())
        })?;
        Ok(CheckedBody { module: module.clone(), body, held })
    }

    /// Puts a body that a pass has made from this one in its place, if it is proved to do the same.
    ///
    /// # Errors
    /// The first rule of [`replace`] that is broken.
    pub fn replace(&self, after: Body, witness: &Witness) -> Result<CheckedBody, PassRejection> {
        replace::prove(&self.module, &self.body, &after, witness)?;
        Ok(CheckedBody { module: self.module.clone(), body: after, held: None })
    }

    /// Replaces this body by one that a pass may turn into this one: what [`CheckedBody::replace`]
    /// proves of both is equality, so it goes backward too. The witness says of which part of
    /// `before` each part of this body comes.
    ///
    /// # Errors
    /// The first rule of [`replace`] that is broken.
    pub fn undo(&self, before: Body, witness: &Witness) -> Result<CheckedBody, PassRejection> {
        replace::prove_undone(&self.module, &before, &self.body, witness)?;
        Ok(CheckedBody { module: self.module.clone(), body: before, held: None })
    }

    /// Replaces this body by one in which each block is a copy of a block of this one, by its
    /// origin; there may be several of one block (`replace/copies.rs`).
    ///
    /// # Errors
    /// The first rule of the check of copies that is broken.
    pub fn copied(&self, after: Body, origins: &[Block]) -> Result<CheckedBody, PassRejection> {
        crate::replace::prove_copied(&self.module, &self.body, &after, origins)?;
        Ok(CheckedBody { module: self.module.clone(), body: after, held: None })
    }

    /// The body.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The references that a frame holds, if [`CheckedBody::check_holding`] has proved them of this
    /// body.
    pub fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    /// The function.
    pub fn func(&self) -> FuncIdx {
        self.body.func()
    }

    /// The module whose function it is.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The body, without its proof.
    pub fn into_body(self) -> Body {
        self.body
    }
}

/// Proves all rules of a body.
fn prove(module: &Module, body: &Body) -> Result<(), Rejection> {
    prove_with(module, body, |_| {}, |check| check.finish())
}

/// Walks over a body; `start` says what is to be noted on the way (`round`, `held`), `finish` what
/// is proved in the end.
fn prove_with<'b>(
    module: &Module,
    body: &'b Body,
    start: impl FnOnce(&mut Check<'_, 'b>),
    finish: impl FnOnce(&mut Check<'_, 'b>) -> Verdict,
) -> Result<(), Rejection> {
    let func = body.func();
    let defined = (func.0 as usize) < module.func_count();
    let found = defined.then(|| module.body(func).zip(module.facts(func))).flatten();
    let whole = |rule, what: String| Fault::new(rule, what).at(func, Where::default());
    let Some((wasm, facts)) = found else {
        return Err(whole(Rule::Function, "the module defines no such function".to_owned()));
    };
    if body.block_count() == 0 || body.block_count() >= 1 << 31 {
        return Err(whole(Rule::Size, format!("{} blocks", body.block_count())));
    }
    let mut check = Check::new(module, body, &wasm, facts);
    start(&mut check);
    let fault = match walk(wasm, &mut check) {
        Ok(()) => match finish(&mut check) {
            Ok(()) => return Ok(()),
            Err(fault) => fault,
        },
        Err(Stop::Domain(fault)) => fault,
        Err(Stop::Malformed { offset, what }) => {
            check.offset = offset;
            Fault::new(Rule::Function, what)
        }
    };
    Err(fault.at(func, Where { offset: Some(check.offset), ..Where::block(check.here) }))
}

/// The place that a value of a body stands for, if it is a parameter.
fn place(body: &Body, value: Value) -> Place {
    match body.values.get(value).map(|data| data.def) {
        Some(Def::Param(_, _, place)) => place,
        Some(Def::Result(..)) | None => Place::None,
    }
}

/// An open or closed block of the Wasm.
struct Label<'m> {
    kind: BlockKind,
    types: BlockTypes<'m>,
    /// The height of the stack below its values.
    base: u32,
    /// Where control goes by its label.
    to: u32,
    /// The block of its label, once an edge leads there.
    block: Option<Block>,
    /// The block of the second arm of an `if`.
    otherwise: Option<Block>,
    /// Whether it has a region in `variable`.
    joins: bool,
    /// Whether it is a loop with a header.
    loops: bool,
    /// Whether it lies in code that control cannot come by.
    skipped: bool,
    /// The number of its handler.
    handler: Option<u32>,
    /// The edge to it of the `br_table` at an offset.
    table: (u32, u32),
}

/// The walk over the Wasm, and where the body is beside it.
struct Check<'m, 'b> {
    module: &'m Module,
    wasm: FuncBody<'m>,
    facts: &'m FuncFacts,
    body: &'b Body,
    locals: Locals<'b>,
    /// The labels of the blocks so far, by their numbers; `None` of those that are not walked.
    labels: Vec<Option<Label<'m>>>,
    /// The block that control is in.
    block: Option<Block>,
    /// The last one that it was in, for messages.
    here: Option<Block>,
    /// The instructions of the block that are still to come.
    insts: std::ops::Range<u32>,
    /// The number of blocks so far.
    begun: u32,
    /// The offset of the operator.
    offset: u32,
    /// Control cannot come by, though the structure does not say so.
    skipping: bool,
    /// The next segment, and its offset; without fuel and behind the last one greater than any.
    segment: usize,
    charge_due: u32,
    poll_due: bool,
    handlers: Vec<Handler>,
    /// The handlers around, the innermost last.
    around: Vec<u32>,
    clauses: Clauses,
    /// The reference that `br_on_null` leaves on the stack.
    refined: Option<Value>,
    /// The edges of the `br_table` that are seen.
    seen: u32,
    types: Vec<ValType>,
    /// The loop of which the start of a round is to be noted.
    round: Option<Round>,
    /// The references that the frame holds, if they are to be noted.
    noted: Option<Noted>,
}

/// The walk's value where control cannot come by.
fn nothing() -> Value {
    Value::reserved_value()
}

impl<'m, 'b> Check<'m, 'b> {
    fn new(
        module: &'m Module,
        body: &'b Body,
        wasm: &FuncBody<'m>,
        facts: &'m FuncFacts,
    ) -> Check<'m, 'b> {
        let bytes = wasm.range().len() as u64;
        let params = module.func_type(body.func()).params.len() as u32;
        let budget = Budget::new("steps to locals", STEPS_BASE + STEPS_PER_BYTE * bytes);
        let mut labels = Vec::new();
        labels.resize_with(facts.blocks.len(), || None);
        Check {
            module,
            wasm: wasm.clone(),
            facts,
            body,
            locals: Locals::new(body, wasm.local_types(), params, budget, bytes as usize),
            labels,
            block: None,
            here: None,
            insts: 0..0,
            begun: 0,
            offset: 0,
            skipping: false,
            segment: 0,
            charge_due: if body.metering().fuel { 0 } else { u32::MAX },
            poll_due: body.metering().epoch,
            handlers: Vec::new(),
            around: Vec::new(),
            clauses: Clauses::default(),
            refined: None,
            seen: 0,
            types: Vec::new(),
            round: None,
            noted: None,
        }
    }

    /// The last demands, when all operators are walked.
    fn finish(&mut self) -> Verdict {
        let (begun, blocks) = (self.begun as usize, self.body.block_count());
        demand!(begun == blocks, Blocks, "{blocks} blocks, of which {begun} are the Wasm's");
        self.here = None;
        self.locals.prove()
    }

    /// The entry of the body (C1).
    fn enter(&mut self, offset: u32) -> Verdict {
        let entry = self.body.entry();
        let types = &self.module.func_type(self.body.func()).params;
        let params = self.body.block(entry).params();
        let (count, expected) = (params.len(), types.len());
        demand!(count == expected, Function, "an entry with {count} parameters, not {expected}");
        for ((number, value), &ty) in (0..).zip(params).zip(types) {
            let data = self.body.value(value);
            demand!(data.ty == ty, Function, "{value} is of type {}, not {ty}", data.ty);
            let place = place(self.body, value);
            let right = matches!(place, Place::None) || place == Place::Local(number);
            demand!(right, Parameters, "{value} of the entry stands for {place:?}");
        }
        self.locals.declare(entry, count as u32);
        self.head(entry, Origin::Entry, offset)?;
        self.begin(entry, offset)?;
        self.zeros(offset)
    }

    /// The initial values of locals by their types: constants ahead of the first operator.
    fn zeros(&mut self, offset: u32) -> Verdict {
        let metered = self.facts.segments.first().is_some_and(|first| first.offset == offset);
        let metered = self.body.metering().epoch || self.body.metering().fuel && metered;
        let mut count = 0;
        for inst in self.insts.clone() {
            let inst = self.body.inst(Inst::from_u32(inst));
            if inst.offset != offset || straight::zero_of(inst).is_none() {
                break;
            }
            count += 1;
        }
        // If the first operator is such a constant, the last of them is its own.
        let first = self.wasm.operators().read().ok();
        let own = first.is_some_and(|operator| straight::is_zero(&operator)) && !metered;
        for _ in 0..count - u32::from(own && count > 0) {
            let Some(inst) = self.insts.next().map(Inst::from_u32) else { break };
            let inst = self.body.inst(inst);
            let zero = straight::zero_of(inst).zip(inst.result());
            let Some((ty, value)) = zero.filter(|_| inst.args.is_empty()) else {
                return Err(Fault::new(Rule::Operators, "a zero with operands"));
            };
            let given = self.body.value(value).ty;
            demand!(given == ty, Results, "{value} is of type {given}, not {ty}");
            demand!(self.locals.zero(ty, value), Operators, "two zeros of type {ty}");
        }
        Ok(())
    }

    /// The metering before the operator at an offset: the poll, then the charge (C6).
    #[inline]
    fn at(&mut self, offset: u32) -> Verdict {
        self.offset = offset;
        if offset < self.charge_due && !self.poll_due { Ok(()) } else { self.due(offset) }
    }

    fn due(&mut self, offset: u32) -> Verdict {
        self.note_round(offset)?;
        if self.poll_due {
            self.poll_due = false;
            self.meter(Op::Poll, Imm::None)?;
        }
        if !self.body.metering().fuel {
            self.charge_due = u32::MAX;
            return Ok(());
        }
        while let Some(segment) = self.facts.segments.get(self.segment)
            && segment.offset <= offset
        {
            self.segment += 1;
            if self.skipping {
                continue;
            }
            demand!(segment.offset == offset, Function, "a segment without operator");
            self.meter(Op::Charge, Imm::Bits(segment.cost.into()))?;
        }
        let next = self.facts.segments.get(self.segment);
        self.charge_due = next.map_or(u32::MAX, |segment| segment.offset);
        Ok(())
    }

    fn meter(&mut self, op: Op, imm: Imm) -> Verdict {
        if self.skipping {
            return Ok(());
        }
        let inst = self.next_inst().map_err(|fault| fault.of(Rule::Metering))?;
        demand!(
            inst.op == op && inst.imm == imm,
            Metering,
            "{} {:?}, not {} {imm:?}",
            inst.op.mnemonic(),
            inst.imm,
            op.mnemonic()
        );
        demand!(inst.args.is_empty(), Operands, "metering with operands");
        demand!(inst.results().len() == 0, Results, "metering with results");
        self.offset_of(inst.offset)
    }

    /// The next instruction of the block.
    #[inline]
    fn next_inst(&mut self) -> Verdict<&'b InstData> {
        let inst = self.insts.next().and_then(|inst| self.body.insts.get(Inst::from_u32(inst)));
        inst.ok_or_else(|| Fault::new(Rule::Operators, "no instruction for the operator"))
    }

    #[inline]
    fn offset_of(&self, offset: u32) -> Verdict {
        demand!(offset == self.offset, Offsets, "an instruction of offset {offset:#x}");
        Ok(())
    }

    fn label(&mut self, index: usize) -> Verdict<&mut Label<'m>> {
        let label = self.labels.get_mut(index).and_then(Option::as_mut);
        label.ok_or_else(|| Fault::new(Rule::Function, "a label that is not open"))
    }
}
