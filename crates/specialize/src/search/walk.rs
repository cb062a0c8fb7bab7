//! One walk over a part of a generic block: the state at its start → the state on each way out of
//! it.
//!
//! ```text
//! Key, State ─ walk ─► Leave: how the part ends, and for each edge the next Key and its State
//!                └► Sink: the instructions that a run must do
//! ```
//!
//! Both halves of the specialiser are this walk: [`super::explore`] asks it what is known, with a
//! sink that writes nothing, and [`crate::write::residual`] writes with it. A part starts at a
//! block's start, or behind a `specialize.value` or a load that is compared, and ends at the next
//! one or at the block's end.
//!
//! * A1. What intrinsics say changes keys and states and nothing else. A context takes effect on
//!   the edges out of the part.
//! * A2. A call sees memory as the generic function would leave it: stores that were put off are
//!   done before it, and forgotten. So they are before a return, and before an access of the
//!   program that touches one of their cells ([`super::touch`]). Where the virtual stack is memory
//!   (`cells_are_private` of [`Promises`](crate::ask::promise::Promises)), nothing is put off.
//! * A3. A load of constant memory gives the request's bytes if the program is trusted with them,
//!   or if the entry has compared them and nothing could change them since; else it is done, and
//!   the part ends with a comparison. Code is copied for both; where the program is trusted and
//!   has cells, too, as what is put off differs between the copies
//!   ([`Subject::is_copied`]).

use super::context::{Context, Contexts, Fresh, NONE, Step};
use super::generic::opcode;
use super::results::{constant_memory, known};
use super::sink::{Key, Leave, Scratch, Sink, Subject};
use super::state::{Slot, State, Virtual};
use super::touch::touches;
use crate::ask::error::{Fault, Refused};
use crate::ask::intrinsic::Intrinsic;
use prova_module::ValType;
use prova_module::ops::Class;
use prova_ssa::{Inst, Value};

/// The most values that one `specialize.value` is for.
pub const CASES_MAX: u32 = 1024;

/// How much of constant memory is compared at once, where it may have changed.
pub(super) const RANGE_BYTES: u32 = 8;

/// A walk.
pub(crate) struct Walk<'w, 'm, S: Sink> {
    pub(crate) subject: Subject<'m>,
    pub(super) contexts: &'w mut Contexts,
    pub(crate) sink: &'w mut S,
    pub(super) context: Context,
    pub(super) env: &'w mut Scratch<S::V>,
    pub(crate) kept: Virtual<S::V>,
    /// The known bytes of constant memory.
    pub(crate) fresh: Fresh,
}

/// Walks a part.
///
/// # Errors
/// If an intrinsic has no meaning where it stands.
pub(crate) fn walk<S: Sink>(
    subject: Subject<'_>,
    contexts: &mut Contexts,
    sink: &mut S,
    env: &mut Scratch<S::V>,
    key: Key,
    state: State<S::V>,
) -> Result<Leave<S::V>, Refused> {
    let body = subject.body();
    env.begin(body.value_count());
    let mut live = std::mem::take(&mut env.live);
    live.clear();
    live.extend(sink.live(key));
    let (context, kept, fresh) = (key.context, state.kept, key.fresh);
    let mut walk = Walk { subject, contexts, sink, context, env, kept, fresh };
    for (&value, slot) in live.iter().zip(state.values) {
        let slot = match slot {
            Slot::Run(made) => walk.named(value, made),
            slot => slot,
        };
        walk.set(value, slot);
    }
    walk.env.live = live;
    let data = body.block(key.block);
    for (number, inst) in (0..).zip(data.insts()).skip(key.start as usize) {
        if let Some(leave) = walk.inst(key, number, inst)? {
            return Ok(leave);
        }
    }
    walk.terminator(key.block)
}

impl<S: Sink> Walk<'_, '_, S> {
    pub(crate) fn refused(&self, inst: Inst, what: impl Into<String>) -> Refused {
        let offset = self.subject.body().inst(inst).offset;
        Refused::new(Fault::Annotation, what).at(self.subject.generic.func(), offset)
    }

    pub(super) fn slot(&self, value: Value) -> Result<Slot<S::V>, Refused> {
        let found = self.env.get(value);
        found.ok_or_else(|| Refused::new(Fault::Bug, format!("{value} is not known")))
    }

    pub(super) fn slots(&self, values: &[Value]) -> Result<Vec<Slot<S::V>>, Refused> {
        values.iter().map(|&value| self.slot(value)).collect()
    }

    pub(super) fn set(&mut self, value: Value, slot: Slot<S::V>) {
        self.env.set(value, slot);
    }

    /// One instruction; the end of the part, if it is that.
    fn inst(&mut self, key: Key, number: u32, inst: Inst) -> Result<Option<Leave<S::V>>, Refused> {
        let body = self.subject.body();
        let data = body.inst(inst);
        let operands = body.operands(data.args);
        if data.op.effects().is_pure() && operands.iter().any(|&it| self.env.get(it).is_none()) {
            // A result that is not needed has no value.
            return Ok(None);
        }
        let mut args = std::mem::take(&mut self.env.operands);
        args.clear();
        for &operand in operands {
            args.push(self.slot(operand)?);
        }
        let leave = self.inst_of(key, number, inst, &args);
        self.env.operands = args;
        leave
    }

    /// The same, with the slots of its operands.
    fn inst_of(
        &mut self,
        key: Key,
        number: u32,
        inst: Inst,
        args: &[Slot<S::V>],
    ) -> Result<Option<Leave<S::V>>, Refused> {
        let data = self.subject.body().inst(inst);
        if let Some(intrinsic) = self.subject.intrinsic(inst) {
            return self.intrinsic(key, number, inst, intrinsic, args);
        }
        let code = opcode(data.op);
        let found = constant_memory(self.subject.request, code, data.imm, args);
        let cells = self.kept.late().map(|late| late.address);
        if touches(code, data.imm, args, cells) {
            self.flush(data.offset);
            if found.is_some() {
                self.fresh = NONE;
            }
        }
        if let Some(found) = found {
            return self.constant_memory(key, number, inst, found);
        }
        if let Some(slot) = known(code, data.imm, args) {
            for result in data.results() {
                self.set(result, slot);
            }
            return Ok(None);
        }
        let calls = matches!(code.class(), Class::call | Class::call_indirect | Class::call_ref);
        if calls && !planted!(CallKeepsCells) {
            self.flush(data.offset);
        }
        self.change(key, inst, args);
        let made = self.sink.op(inst, args);
        for (result, value) in data.results().zip(made) {
            let slot = self.named(result, value);
            self.set(result, slot);
        }
        Ok(None)
    }

    /// Names a value that a run makes: an i32 becomes a new root, unless one of its name is in use.
    fn named(&mut self, value: Value, made: S::V) -> Slot<S::V> {
        let (body, root) = (self.subject.body(), value.as_u32());
        let is_free = body.value(value).ty == ValType::I32
            && !self.subject.is_argument(root)
            && (!self.sink.has_root(root) || planted!(RootTwice));
        if !is_free {
            return Slot::Run(made);
        }
        self.sink.set_root(root, made);
        Slot::Pointer { root, offset: 0 }
    }

    /// Does the stores that were put off (A2). Where nobody has to know what is known of constant
    /// memory, this alone tells copies apart ([`Subject::is_copied`]).
    pub(crate) fn flush(&mut self, offset: u32) {
        if !self.subject.promises.memory_is_compared && self.kept.late().next().is_some() {
            self.fresh = NONE;
        }
        for late in self.kept.late() {
            self.sink.store(offset, late);
        }
        self.kept.clear_late();
    }

    /// A program counter, which must be known: a constant, or a place in constant memory.
    fn counter(&self, inst: Inst, name: &str, slot: Slot<S::V>) -> Result<u32, Refused> {
        match slot {
            Slot::Bits(bits) => Ok(bits as u32),
            Slot::Pointer { root, offset } if self.subject.request.buffer(root).is_some() => {
                Ok(offset)
            }
            slot => {
                let (context, why) = (self.contexts.describe(self.context), self.why(slot));
                Err(self.refused(inst, format!("{name} is not constant ({context}): {why}")))
            }
        }
    }

    /// Why something is not known.
    fn why(&self, slot: Slot<S::V>) -> String {
        match slot {
            Slot::Bits(bits) => format!("it is {bits}"),
            Slot::Pointer { root, .. } => self.sink.why_root(root),
            Slot::Run(value) => self.sink.why(value),
        }
    }

    pub(crate) fn constant(
        &self,
        inst: Inst,
        name: &str,
        slot: Slot<S::V>,
    ) -> Result<u64, Refused> {
        match slot {
            Slot::Bits(bits) => Ok(bits),
            slot => {
                let why = self.why(slot);
                Err(self.refused(inst, format!("{name} is not constant: {why}")))
            }
        }
    }

    fn intrinsic(
        &mut self,
        key: Key,
        number: u32,
        inst: Inst,
        intrinsic: Intrinsic,
        args: &[Slot<S::V>],
    ) -> Result<Option<Leave<S::V>>, Refused> {
        use Intrinsic as I;
        let name = intrinsic.name();
        let result = match (intrinsic, args) {
            (I::PushContext, &[pc]) => {
                let pc = self.counter(inst, &format!("the operand of {name}"), pc)?;
                self.context = self.contexts.child(self.context, Step::Loop(pc), inst);
                None
            }
            (I::UpdateContext, &[pc]) => {
                let pc = self.counter(inst, &format!("the operand of {name}"), pc)?;
                let below = self.contexts.popped(self.context);
                self.context = self.contexts.child(below, Step::Loop(pc), inst);
                None
            }
            (I::PopContext, _) => {
                self.context = self.contexts.popped(self.context);
                None
            }
            (I::SpecializeValue, &[value, low, high]) => {
                let low = self.constant(inst, "the least value", low)? as u32;
                let high = self.constant(inst, "the greatest value", high)? as u32;
                if value.bits().is_none() {
                    return self.cases(key, number, inst, value, low, high).map(Some);
                }
                Some(value)
            }
            (I::AssertConst32, &[value, line]) => {
                let buffer = match value {
                    Slot::Pointer { root, .. } => self.subject.request.buffer(root),
                    Slot::Bits(_) | Slot::Run(_) => None,
                };
                if value.bits().is_none() && buffer.is_none() {
                    let line = line.bits().map_or(String::new(), |line| format!(" (line {line})"));
                    let what = format!("the value of {name} is not constant{line}");
                    return Err(self.refused(inst, format!("{what}: {}", self.why(value))));
                }
                None
            }
            (I::AssertSpecialized, _) if self.context == crate::search::context::ROOT => {
                return Err(self.refused(inst, format!("{name} does not hold")));
            }
            (I::AbortSpecialization, &[line, fatal]) if fatal.bits() != Some(0) => {
                let line = line.bits().map_or(String::new(), |line| format!(" (line {line})"));
                return Err(self.refused(inst, format!("the program asks for it{line}")));
            }
            (I::AssumeConstMemory | I::AssumeConstMemoryTransitive, &[value]) => Some(value),
            (
                I::ContextBucket
                | I::AssertConstMemory
                | I::TraceLine
                | I::Print
                | I::AssertSpecialized
                | I::AbortSpecialization,
                _,
            ) => None,
            (_, args) => self.kept_by(inst, intrinsic, args)?,
        };
        if let (Some(slot), Some(value)) = (result, self.subject.body().inst(inst).result()) {
            self.set(value, slot);
        }
        Ok(None)
    }
}
