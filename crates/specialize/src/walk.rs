//! One walk over a part of a generic block: the state at its start → the state on each way out of
//! it.
//!
//! ```text
//! Key, State ─ walk ─► Leave: how the part ends, and for each edge the next Key and its State
//!                └► Sink: the instructions that a run must do
//! ```
//!
//! Both halves of the specialiser are this walk: [`crate::explore`] asks it what is known, with a
//! sink that writes nothing, and [`crate::residual`] writes with it. A part starts at a block's
//! start, or behind a `specialize.value` or a load that is compared, and ends at the next one or at
//! the block's end.
//!
//! * A1. What intrinsics say changes keys and states and nothing else. A context takes effect on
//!   the edges out of the part.
//! * A2. A call sees memory as the generic function would leave it: stores that were put off are
//!   done before it, and forgotten. So they are before a return, and before an access of the
//!   program that touches one of their cells ([`crate::touch`]). Where the virtual stack is
//!   memory (`cells_are_private` of [`Promises`](crate::promise::Promises)), nothing is put off.
//! * A3. A load of constant memory gives the request's bytes if the program is trusted with them,
//!   or if the entry has compared them and nothing could change them since; else it is done, and
//!   the part ends with a comparison. Code is copied for both; where the program is trusted and
//!   has cells, too, as what is put off differs between the copies
//!   ([`Subject::is_copied`]).

use crate::certificate::{Range, Window, Word};
use crate::context::{ALL, Context, Contexts, Fresh, NONE, Step};
use crate::error::{Fault, Refused};
use crate::generic::opcode;
use crate::intrinsic::Intrinsic;
use crate::known::{Found, Near, constant_memory, known, near, window};
use crate::plant::planted;
use crate::sink::{Key, Kind, Leave, Scratch, Sink, Subject};
use crate::state::{Slot, State, Virtual};
use crate::touch::touches;
use prova_module::ops::Class;
use prova_module::{Opcode, ValType};
use prova_ssa::{ArgKind, Block, Def, Edge, Inst, InstData, State as Shared, Terminator, Value};

/// The most values that one `specialize.value` is for.
pub const CASES_MAX: u32 = 1024;

/// How much of constant memory is compared at once, where it may have changed.
const RANGE_BYTES: u32 = 8;

/// A walk.
pub(crate) struct Walk<'w, 'm, S: Sink> {
    pub(crate) subject: Subject<'m>,
    contexts: &'w mut Contexts,
    pub(crate) sink: &'w mut S,
    context: Context,
    env: &'w mut Scratch<S::V>,
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

    fn slot(&self, value: Value) -> Result<Slot<S::V>, Refused> {
        let found = self.env.get(value);
        found.ok_or_else(|| Refused::new(Fault::Bug, format!("{value} is not known")))
    }

    fn slots(&self, values: &[Value]) -> Result<Vec<Slot<S::V>>, Refused> {
        values.iter().map(|&value| self.slot(value)).collect()
    }

    fn set(&mut self, value: Value, slot: Slot<S::V>) {
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

    /// A load of constant memory (A3); the end of the part, if it is that.
    fn constant_memory(
        &mut self,
        key: Key,
        number: u32,
        inst: Inst,
        found: Found,
    ) -> Result<Option<Leave<S::V>>, Refused> {
        let data = self.subject.body().inst(inst);
        let Some(result) = data.result() else { return Ok(None) };
        let trusted = !self.subject.promises.memory_is_compared;
        let known = self.contexts.ranges(self.fresh).iter().any(|range| range.has(found.word));
        let is_fresh = self.fresh == ALL || known;
        if !trusted && !is_fresh {
            return self.refresh(key, number, inst, found.word).map(Some);
        }
        if trusted && !is_fresh && self.subject.is_copied() {
            self.fresh = self.contexts.refreshed(self.fresh, self.range(found.word));
        }
        self.set(result, Slot::Bits(found.bits));
        if !trusted {
            self.sink.folded((!known).then_some(found.word));
        }
        Ok(None)
    }

    /// The end of a part before a load of constant memory, which is compared with its neighbours.
    fn refresh(
        &mut self,
        key: Key,
        number: u32,
        inst: Inst,
        word: Word,
    ) -> Result<Leave<S::V>, Refused> {
        if !self.subject.is_compared() {
            let what = "constant memory is compared in memories of pages of 64 KiB alone";
            return Err(Refused::new(Fault::Unsupported, what));
        }
        let range = self.range(word);
        self.sink.refreshed(range);
        let fresh = self.contexts.refreshed(self.fresh, range);
        let to = Key { context: self.context, block: key.block, start: number, fresh };
        let values = self.slots(self.sink.live(to))?;
        let edges = vec![(to, State { values, kept: self.kept.clone() })];
        let offset = self.subject.body().inst(inst).offset;
        Ok(Leave { kind: Kind::Refreshed(range), edges, cut: Some(number), offset })
    }

    /// A word of constant memory and its neighbours, which are compared with it.
    fn range(&self, word: Word) -> Range {
        let len = self.subject.request.buffer(word.arg).map_or(0, <[u8]>::len) as u32;
        let from = word.offset / RANGE_BYTES * RANGE_BYTES;
        let to = (from + RANGE_BYTES).max(word.offset + word.bytes).min(len);
        Range { arg: word.arg, from, to }
    }

    /// The effect of an instruction on constant memory.
    fn change(&mut self, key: Key, inst: Inst, args: &[Slot<S::V>]) {
        let data = self.subject.body().inst(inst);
        if self.fresh == NONE
            || !self.subject.promises.memory_is_compared
            || !data.op.effects().writes.meets(Shared::MEMORY)
        {
            return;
        }
        let known = args.first().and_then(|&address| near(self.subject.request, address));
        let known = known.or_else(|| self.masked(key, data));
        let window = known.and_then(|near| window(opcode(data.op), data.imm, near));
        self.store_to(window);
    }

    /// The effect of a store on constant memory; `window`: where it lies near an argument.
    pub(crate) fn store_to(&mut self, window: Option<Window>) {
        match window.filter(|_| self.fresh != NONE) {
            _ if !self.subject.promises.memory_is_compared => {}
            Some(_) if planted!(WindowUntold) => {}
            Some(window) => self.sink.apart(window),
            None if planted!(StoreKeepsText) => {}
            None => self.fresh = NONE,
        }
    }

    /// Where a store's address is, if that is the sum of a pointer and of a number that is masked,
    /// and the part makes both.
    fn masked(&self, key: Key, data: &InstData) -> Option<Near> {
        let address = *self.subject.body().operands(data.args).first()?;
        let &[a, b] = self.made(key, address, Opcode::I32Add)? else { return None };
        [(a, b), (b, a)].into_iter().find_map(|(base, number)| {
            let near = near(self.subject.request, self.slot(base).ok()?)?;
            let more = self.greatest(key, number)?;
            Some(Near { more: if planted!(MaskForgotten) { 0 } else { more }, ..near })
        })
    }

    /// The greatest that a number can be which the part masks, and perhaps shifts.
    fn greatest(&self, key: Key, number: Value) -> Option<u32> {
        if let Some(&[of, by]) = self.made(key, number, Opcode::I32Shl) {
            self.made(key, of, Opcode::I32And)?;
            let by = self.slot(by).ok()?.bits().filter(|by| *by < 32)?;
            return u32::try_from(u64::from(self.greatest(key, of)?) << by).ok();
        }
        let masks = self.made(key, number, Opcode::I32And)?.iter();
        let masks = masks.filter_map(|&mask| self.slot(mask).ok()?.bits());
        masks.map(|mask| mask as u32).min()
    }

    /// The operands of an operator that makes a value in this part.
    fn made(&self, key: Key, value: Value, code: Opcode) -> Option<&[Value]> {
        let body = self.subject.body();
        let Def::Result(inst, _) = body.value(value).def else { return None };
        let data = body.inst(inst);
        let mut insts = body.block(key.block).insts().skip(key.start as usize);
        let here = opcode(data.op) == code && insts.any(|other| other == inst);
        here.then(|| body.operands(data.args))
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
            (I::AssertSpecialized, _) if self.context == crate::context::ROOT => {
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

    /// The end of a part at a value that is specialised.
    fn cases(
        &mut self,
        key: Key,
        number: u32,
        inst: Inst,
        value: Slot<S::V>,
        low: u32,
        high: u32,
    ) -> Result<Leave<S::V>, Refused> {
        if high < low || high - low >= CASES_MAX {
            let what = format!("{low} to {high} are no 1 to {CASES_MAX} values");
            return Err(self.refused(inst, what));
        }
        let data = self.subject.body().inst(inst);
        let mut edges = Vec::new();
        for case in low..=high {
            let step = Step::Value(inst.as_u32(), case);
            let context = self.contexts.child(self.context, step, inst);
            if let Some(result) = data.result() {
                let case = case + u32::from(planted!(CaseIsNext));
                self.set(result, Slot::Bits(case.into()));
            }
            let to = Key { context, block: key.block, start: number + 1, fresh: self.fresh };
            let values = self.slots(self.sink.live(to))?;
            edges.push((to, State { values, kept: self.kept.clone() }));
        }
        let (kind, offset) = (Kind::Cases(value, low), data.offset);
        Ok(Leave { kind, edges, cut: Some(number), offset })
    }

    /// The end of a block.
    fn terminator(&mut self, block: Block) -> Result<Leave<S::V>, Refused> {
        let body = self.subject.body();
        let data = body.block(block);
        let offset = data.end;
        let operands = self.slots(body.terminator_operands(&data.terminator))?;
        let mut all: Vec<Edge> = body.successors(block).collect();
        let (kind, edges) = match (&data.terminator, operands.as_slice()) {
            (Terminator::Jump(_), _) => (Kind::Jump, all),
            (Terminator::Branch { .. }, &[condition]) => match condition.bits() {
                Some(bits) => {
                    let is_zero = (bits as u32 == 0) != planted!(ArmOfConstantTurned);
                    (Kind::Jump, vec![all[usize::from(is_zero)]])
                }
                None => (Kind::Branch(condition), all),
            },
            (Terminator::Table { edges, targets, .. }, &[index]) => match index.bits() {
                Some(bits) => {
                    let targets = body.targets(*targets);
                    let beyond =
                        if planted!(BeyondTableIsFirst) { targets.first() } else { targets.last() };
                    let at = targets.get(bits as u32 as usize).or(beyond);
                    let edge = at.and_then(|&at| body.edges(*edges).get(at as usize));
                    let edge = edge.ok_or_else(|| Refused::new(Fault::Bug, "a table's end"))?;
                    (Kind::Jump, vec![*edge])
                }
                None => (Kind::Table(index), all),
            },
            (Terminator::Null { .. }, &[reference]) => (Kind::Null(reference), all),
            (
                Terminator::Return(_)
                | Terminator::TailCall(_)
                | Terminator::Throw { handler: None, .. },
                _,
            ) => {
                if !planted!(ReturnKeepsCells) {
                    self.flush(offset);
                }
                all.clear();
                (Kind::Out(operands), all)
            }
            (Terminator::Unreachable, _) => (Kind::Out(operands), all),
            (_, _) => return Err(Refused::new(Fault::Bug, data.terminator.name())),
        };
        let mut ways = Vec::with_capacity(edges.len());
        for edge in &edges {
            ways.push(self.edge(block, edge)?);
        }
        Ok(Leave { kind, edges: ways, cut: None, offset })
    }

    fn edge(&mut self, block: Block, edge: &Edge) -> Result<(Key, State<S::V>), Refused> {
        let body = self.subject.body();
        let to = Key { context: self.context, block: edge.block, start: 0, fresh: self.fresh };
        // The parameters of a block have numbers that follow each other.
        let mut params = body.block(edge.block).params();
        let count = params.len();
        let first = params.next().map_or(0, |param| param.as_u32());
        let mut live = std::mem::take(&mut self.env.live);
        live.clear();
        live.extend(self.sink.live(to));
        let mut values = Vec::with_capacity(live.len());
        for &value in &live {
            let number = value.as_u32().wrapping_sub(first) as usize;
            values.push(match number < count {
                true => match body.args(edge)[number].kind() {
                    ArgKind::Value(arg) => self.slot(arg)?,
                    ArgKind::Payload(number) => Slot::Run(self.sink.payload(block, number)),
                },
                false => self.slot(value)?,
            });
        }
        self.env.live = live;
        Ok((to, State { values, kept: self.kept.clone() }))
    }
}
