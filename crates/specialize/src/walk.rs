//! One walk over a part of a generic block: what is known at its start → what is known on each way
//! out of it.
//!
//! ```text
//! Key, State ─ walk ─► Leave: how the part ends, and for each edge the next Key and its State
//!                └► Sink: the instructions that a run must do
//! ```
//!
//! Both halves of the specialiser are this walk: [`crate::explore`] asks it what is known, with a
//! sink that writes nothing, and [`crate::residual`] writes with it. A part starts at a block's
//! start or behind a `specialize.value`, and ends at the next one or at the block's end.
//!
//! * A1. What intrinsics say changes keys and states and nothing else. A context takes effect on
//!   the edges out of the part.
//! * A2. A call sees memory as the generic function would leave it: stores that were put off are
//!   done before it, and forgotten. So they are before a return.

use crate::context::{Context, Contexts, Step};
use crate::error::{Fault, Refused};
use crate::fold;
use crate::generic::{Generic, opcode};
use crate::intrinsic::{Intrinsic, Intrinsics};
use crate::request::{Argument, Request};
use crate::state::{Late, Slot, State, Virtual};
use prova_module::ops::{Class, Immediate};
use prova_module::{FuncIdx, Opcode, ValType};
use prova_ssa::{ArgKind, Block, Body, Edge, Imm, Inst, Terminator, Value};

/// The most values that one `specialize.value` is for.
pub const CASES_MAX: u32 = 1024;

/// A part of a generic block in a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) context: Context,
    pub(crate) block: Block,
    /// How many of the block's instructions are done.
    pub(crate) start: u32,
}

/// Where the instructions go that a run must do.
pub(crate) trait Sink {
    type V: Copy;
    /// An instruction of the generic function; gives one value for each result.
    fn op(&mut self, inst: Inst, args: &[Slot<Self::V>]) -> Vec<Self::V>;
    /// An i64 load at an address, in the place of an instruction.
    fn load(&mut self, inst: Inst, address: Slot<Self::V>) -> Self::V;
    /// An i64 store that was put off until a place.
    fn store(&mut self, offset: u32, late: &Late<Self::V>);
    /// A payload of an edge out of a block.
    fn payload(&mut self, block: Block, number: u32) -> Self::V;
    /// Whether a root has a value here.
    fn has_root(&self, root: u32) -> bool;
    /// What a root is from now on.
    fn set_root(&mut self, root: u32, value: Self::V);
    /// Why a value is not known.
    fn why(&self, value: Self::V) -> String;
    /// Why a root is not known.
    fn why_root(&self, root: u32) -> String;
}

/// How a part ends.
#[derive(Clone, Debug)]
pub(crate) enum Kind<V> {
    /// Always along its one edge.
    Jump,
    /// The first edge if it is not zero, else the second.
    Branch(Slot<V>),
    /// As the generic block's table.
    Table(Slot<V>),
    /// The first edge if it is null, else the second.
    Null(Slot<V>),
    /// The edge of a value, counted from the first one; out of range it traps.
    Cases(Slot<V>, u32),
    /// Out of the function, as the generic block, with these operands.
    Out(Vec<Slot<V>>),
}

/// The end of a part.
#[derive(Clone, Debug)]
pub(crate) struct Leave<V> {
    pub(crate) kind: Kind<V>,
    pub(crate) edges: Vec<(Key, State<V>)>,
    /// The offset of what ends it.
    pub(crate) offset: u32,
}

/// What a walk reads.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'m> {
    pub(crate) generic: &'m Generic,
    pub(crate) intrinsics: &'m Intrinsics,
    pub(crate) request: &'m Request,
}

impl<'m> Subject<'m> {
    pub(crate) fn body(&self) -> &'m Body {
        self.generic.body()
    }

    /// The intrinsic that an instruction calls.
    pub(crate) fn intrinsic(&self, inst: Inst) -> Option<Intrinsic> {
        let data = self.body().inst(inst);
        let func = data.imm.index(Opcode::Call, Immediate::func);
        let func = func.filter(|_| opcode(data.op) == Opcode::Call)?;
        self.intrinsics.of(FuncIdx(func))
    }

    /// Whether a root is an argument of the function.
    pub(crate) fn is_argument(&self, root: u32) -> bool {
        (root as usize) < self.request.params.len()
    }

    /// The bytes that a root points to, if it is such an argument.
    pub(crate) fn buffer(&self, root: u32) -> Option<&'m [u8]> {
        match self.request.params.get(root as usize)? {
            Argument::Buffer(bytes) => Some(bytes),
            Argument::Runtime | Argument::Constant(..) => None,
        }
    }
}

/// A walk.
struct Walk<'w, 'm, S: Sink> {
    subject: Subject<'m>,
    contexts: &'w mut Contexts,
    sink: &'w mut S,
    context: Context,
    env: Vec<Option<Slot<S::V>>>,
    kept: Virtual<S::V>,
}

/// Walks a part.
///
/// # Errors
/// If an intrinsic has no meaning where it stands.
pub(crate) fn walk<S: Sink>(
    subject: Subject<'_>,
    contexts: &mut Contexts,
    sink: &mut S,
    key: Key,
    state: State<S::V>,
) -> Result<Leave<S::V>, Refused> {
    let body = subject.body();
    let mut env = vec![None; body.value_count()];
    let live = subject.generic.live_at(key.block, key.start);
    let (context, kept) = (key.context, state.kept);
    let mut walk = Walk { subject, contexts, sink, context, env: Vec::new(), kept };
    for (value, slot) in live.into_iter().zip(state.values) {
        env[value.as_u32() as usize] = Some(match slot {
            Slot::Run(made) => walk.named(value, made),
            slot => slot,
        });
    }
    walk.env = env;
    let data = body.block(key.block);
    for (number, inst) in (0..).zip(data.insts()).skip(key.start as usize) {
        if let Some(leave) = walk.inst(key, number, inst)? {
            return Ok(leave);
        }
    }
    walk.terminator(key.block)
}

impl<S: Sink> Walk<'_, '_, S> {
    fn refused(&self, inst: Inst, what: impl Into<String>) -> Refused {
        let offset = self.subject.body().inst(inst).offset;
        Refused::new(Fault::Annotation, what).at(self.subject.generic.func(), offset)
    }

    fn slot(&self, value: Value) -> Result<Slot<S::V>, Refused> {
        let found = self.env[value.as_u32() as usize];
        found.ok_or_else(|| Refused::new(Fault::Bug, format!("{value} is not known")))
    }

    fn slots(&self, values: &[Value]) -> Result<Vec<Slot<S::V>>, Refused> {
        values.iter().map(|&value| self.slot(value)).collect()
    }

    fn set(&mut self, value: Value, slot: Slot<S::V>) {
        self.env[value.as_u32() as usize] = Some(slot);
    }

    /// One instruction; the end of the part, if it is that.
    fn inst(&mut self, key: Key, number: u32, inst: Inst) -> Result<Option<Leave<S::V>>, Refused> {
        let body = self.subject.body();
        let data = body.inst(inst);
        let args = self.slots(body.operands(data.args))?;
        if let Some(intrinsic) = self.subject.intrinsic(inst) {
            return self.intrinsic(key, number, inst, intrinsic, &args);
        }
        let code = opcode(data.op);
        if let Some(slot) = self.known(code, data.imm, &args) {
            for result in data.results() {
                self.set(result, slot);
            }
            return Ok(None);
        }
        if matches!(code.class(), Class::call | Class::call_indirect | Class::call_ref) {
            self.flush(data.offset);
        }
        let made = self.sink.op(inst, &args);
        for (result, value) in data.results().zip(made) {
            let slot = self.named(result, value);
            self.set(result, slot);
        }
        Ok(None)
    }

    /// What a run makes: an i32 becomes a root of its own, unless one of its name is in use.
    fn named(&mut self, value: Value, made: S::V) -> Slot<S::V> {
        let (body, root) = (self.subject.body(), value.as_u32());
        let is_free = body.value(value).ty == ValType::I32
            && !self.subject.is_argument(root)
            && !self.sink.has_root(root);
        if !is_free {
            return Slot::Run(made);
        }
        self.sink.set_root(root, made);
        Slot::Pointer { root, offset: 0 }
    }

    /// What an operator gives, if that is known.
    fn known(&self, code: Opcode, imm: Imm, args: &[Slot<S::V>]) -> Option<Slot<S::V>> {
        let class = code.class();
        if let (Class::constant, Imm::Bits(bits)) = (class, imm) {
            return Some(Slot::Bits(bits));
        }
        if let (Class::select, &[a, b, condition]) = (class, args) {
            return Some(if condition.bits()? as u32 == 0 { b } else { a });
        }
        if let (Class::load, Imm::Access(access), &[Slot::Pointer { root, offset }]) =
            (class, imm, args)
        {
            let bytes = self.subject.buffer(root)?;
            // A pointer in front of its buffer may wrap.
            let at = u64::from(offset).checked_add(access.offset)?;
            let inside = access.memory == 0 && offset as usize <= bytes.len();
            let end = at.checked_add(fold::load_width(code)?.into())?;
            let found = bytes.get(usize::try_from(at).ok()?..usize::try_from(end).ok()?)?;
            return fold::load(code, found).filter(|_| inside).map(Slot::Bits);
        }
        if let Some(slot) = pointer(code, args) {
            return Some(slot);
        }
        let bits: Option<Vec<u64>> = args.iter().map(|slot| slot.bits()).collect();
        fold::fold(code, &bits.filter(|_| matches!(imm, Imm::None))?).map(Slot::Bits)
    }

    /// Does the stores that were put off (A2).
    fn flush(&mut self, offset: u32) {
        for late in self.kept.late() {
            self.sink.store(offset, late);
        }
        self.kept.clear_late();
    }

    /// A program counter, which must be known: a constant, or a place in constant memory.
    fn counter(&self, inst: Inst, name: &str, slot: Slot<S::V>) -> Result<u32, Refused> {
        match slot {
            Slot::Bits(bits) => Ok(bits as u32),
            Slot::Pointer { root, offset } if self.subject.buffer(root).is_some() => Ok(offset),
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

    fn constant(&self, inst: Inst, name: &str, slot: Slot<S::V>) -> Result<u64, Refused> {
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
                self.context = self.contexts.child(self.context, Step::Loop(pc));
                None
            }
            (I::UpdateContext, &[pc]) => {
                let pc = self.counter(inst, &format!("the operand of {name}"), pc)?;
                let below = self.contexts.popped(self.context);
                self.context = self.contexts.child(below, Step::Loop(pc));
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
                    Slot::Pointer { root, .. } => self.subject.buffer(root),
                    Slot::Bits(_) | Slot::Run(_) => None,
                };
                if value.bits().is_none() && buffer.is_none() {
                    let why = self.why(value);
                    let line = line.bits().map_or(String::new(), |line| format!(" (line {line})"));
                    return Err(self.refused(inst, format!("{name} does not hold{line}: {why}")));
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
            (
                I::ContextBucket
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

    /// Registers, and stores that are put off.
    fn kept_by(
        &mut self,
        inst: Inst,
        intrinsic: Intrinsic,
        args: &[Slot<S::V>],
    ) -> Result<Option<Slot<S::V>>, Refused> {
        use Intrinsic as I;
        let offset = self.subject.body().inst(inst).offset;
        Ok(match (intrinsic, args) {
            (I::ReadSpecializationGlobal, &[number]) => {
                let number = self.constant(inst, "the number of a global", number)? as usize;
                match self.subject.request.globals.get(number) {
                    Some(&Argument::Constant(_, bits)) => Some(Slot::Bits(bits)),
                    _ => return Err(self.refused(inst, format!("no global {number} is constant"))),
                }
            }
            (I::ReadReg, &[number]) => {
                let number = self.constant(inst, "the number of a register", number)?;
                let found = self.kept.regs.get(&number).copied();
                let what = || format!("register {number} is not written on every way here");
                Some(found.ok_or_else(|| self.refused(inst, what()))?)
            }
            (I::WriteReg, &[number, value]) => {
                let number = self.constant(inst, "the number of a register", number)?;
                self.kept.regs.insert(number, value);
                None
            }
            (I::PushStack, &[address, value]) => {
                self.kept.stack.push(Late { address, value });
                None
            }
            (I::PopStack, &[address]) => Some(match self.kept.stack.pop() {
                Some(late) => late.value,
                None => Slot::Run(self.sink.load(inst, address)),
            }),
            (I::ReadStack, &[address, depth]) => {
                let depth = self.constant(inst, "the depth", depth)? as usize;
                Some(match self.entry(depth) {
                    Some(late) => late.value,
                    None => Slot::Run(self.sink.load(inst, address)),
                })
            }
            (I::WriteStack, &[address, depth, value]) => {
                let depth = self.constant(inst, "the depth", depth)? as usize;
                match self.entry(depth) {
                    Some(late) => late.value = value,
                    None => self.sink.store(offset, &Late { address, value }),
                }
                None
            }
            (I::SyncStack, _) => {
                self.flush(offset);
                None
            }
            (intrinsic, args) => self.local(inst, intrinsic, args)?,
        })
    }

    /// Virtual locals.
    fn local(
        &mut self,
        inst: Inst,
        intrinsic: Intrinsic,
        args: &[Slot<S::V>],
    ) -> Result<Option<Slot<S::V>>, Refused> {
        match (intrinsic, args) {
            (Intrinsic::ReadLocal, &[address, number]) => {
                let number = self.constant(inst, "the number of a local", number)? as u32;
                Ok(Some(match self.kept.locals.get(&number) {
                    Some(late) => late.value,
                    None => Slot::Run(self.sink.load(inst, address)),
                }))
            }
            (Intrinsic::WriteLocal, &[address, number, value]) => {
                let number = self.constant(inst, "the number of a local", number)? as u32;
                self.kept.locals.insert(number, Late { address, value });
                Ok(None)
            }
            (intrinsic, _) => {
                let what = format!("{} has other operands", intrinsic.name());
                Err(Refused::new(Fault::Bug, what))
            }
        }
    }

    /// The entry so many pushes ago.
    fn entry(&mut self, depth: usize) -> Option<&mut Late<S::V>> {
        let at = self.kept.stack.len().checked_sub(depth.checked_add(1)?)?;
        self.kept.stack.get_mut(at)
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
            let context = self.contexts.child(self.context, step);
            if let Some(result) = data.result() {
                self.set(result, Slot::Bits(case.into()));
            }
            let to = Key { context, block: key.block, start: number + 1 };
            let values = self.slots(&self.subject.generic.live_at(to.block, to.start))?;
            edges.push((to, State { values, kept: self.kept.clone() }));
        }
        Ok(Leave { kind: Kind::Cases(value, low), edges, offset: data.offset })
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
                Some(bits) => (Kind::Jump, vec![all[usize::from(bits as u32 == 0)]]),
                None => (Kind::Branch(condition), all),
            },
            (Terminator::Table { edges, targets, .. }, &[index]) => match index.bits() {
                Some(bits) => {
                    let targets = body.targets(*targets);
                    let at = targets.get(bits as u32 as usize).or(targets.last());
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
                self.flush(offset);
                all.clear();
                (Kind::Out(operands), all)
            }
            (Terminator::Unreachable, _) => (Kind::Out(operands), all),
            (_, _) => return Err(Refused::new(Fault::Bug, data.terminator.name())),
        };
        let edges = edges.iter().map(|edge| self.edge(block, edge)).collect::<Result<_, _>>()?;
        Ok(Leave { kind, edges, offset })
    }

    fn edge(&mut self, block: Block, edge: &Edge) -> Result<(Key, State<S::V>), Refused> {
        let body = self.subject.body();
        let to = Key { context: self.context, block: edge.block, start: 0 };
        let params: Vec<Value> = body.block(edge.block).params().collect();
        let mut values = Vec::new();
        for value in self.subject.generic.live_at(edge.block, 0) {
            values.push(match params.binary_search(&value) {
                Ok(number) => match body.args(edge)[number].kind() {
                    ArgKind::Value(arg) => self.slot(arg)?,
                    ArgKind::Payload(number) => Slot::Run(self.sink.payload(block, number)),
                },
                Err(_) => self.slot(value)?,
            });
        }
        Ok((to, State { values, kept: self.kept.clone() }))
    }
}

/// What is known of an operator on pointers.
fn pointer<V: Copy>(code: Opcode, args: &[Slot<V>]) -> Option<Slot<V>> {
    use Slot::{Bits, Pointer};
    let moved = |root: u32, offset: u32| Some(Pointer { root, offset });
    let (adds, subtracts) = (code == Opcode::I32Add, code == Opcode::I32Sub);
    match (*args.first()?, *args.get(1)?) {
        (Pointer { root, offset }, Bits(by)) | (Bits(by), Pointer { root, offset }) if adds => {
            moved(root, offset.wrapping_add(by as u32))
        }
        (Pointer { root, offset }, Bits(by)) if subtracts => {
            moved(root, offset.wrapping_sub(by as u32))
        }
        (Pointer { root: a, offset: x }, Pointer { root: b, offset: y }) if a == b => {
            let equal = code == Opcode::I32Eq;
            match subtracts {
                true => Some(Bits(x.wrapping_sub(y).into())),
                false => (equal || code == Opcode::I32Ne).then(|| Bits(((x == y) == equal).into())),
            }
        }
        (_, _) => None,
    }
}
