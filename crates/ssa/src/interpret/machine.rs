//! Frames, values, and the loop over instructions and blocks.
//!
//! 1. `values` has the values of all frames, those of one frame by their numbers from its `base`
//!    on.
//! 2. A caller's place stays at its call until the callee has returned.
//! 3. Each frame has charged its function against the stack limit, unless a tail call of the host
//!    has replaced it.

use super::evaluate::{Args, Operations, evaluate};
use super::exception::Thrown;
use super::memory::access;
use super::world::{Aggregate, Bits, Callee, Code, Fault, HostEnd, World};
use super::{Stopped, Trace};
use crate::body::{Imm, Op, two_numbers};
use crate::entity::{Block, Inst, Value};
use crate::terminator::{ArgKind, Call, Edge, Terminator};
use cranelift_entity::EntityRef;
use prova_module::ops::{Class, Immediate};
use prova_module::{FuncIdx, Opcode, TagIdx, TypeIdx, ValType, heap_code};
use std::sync::Arc;

/// Where a frame is.
#[derive(Clone, Copy)]
pub(super) enum At {
    Inst(Inst),
    End,
}

/// An activation of a function.
pub(super) struct Frame<W: World> {
    pub(super) instance: W::Instance,
    pub(super) code: Arc<Code>,
    pub(super) block: Block,
    pub(super) at: At,
    pub(super) base: usize,
    /// Whether a tail call of the host has taken its place.
    pub(super) replaced: bool,
}

/// One call from outside.
pub(super) struct Machine<'w, W: World> {
    pub(super) world: &'w mut W,
    pub(super) frames: Vec<Frame<W>>,
    values: Vec<Bits>,
    results: Option<Vec<Bits>>,
}

/// Calls a function of Wasm with arguments; gives its results.
///
/// # Errors
/// The trap, with the frames that were there.
pub fn interpret<W: World>(
    world: &mut W,
    func: W::Func,
    args: &[Bits],
) -> Result<Vec<Bits>, Stopped<W>> {
    let mut machine = Machine { world, frames: Vec::new(), values: Vec::new(), results: None };
    match machine.run(func, args) {
        Ok(results) => Ok(results),
        Err(error) => {
            let frames = machine.frames.iter().rev().filter(|frame| !frame.replaced);
            let frames = frames.map(|frame| Trace {
                instance: frame.instance,
                module: frame.code.module.clone(),
                func: frame.code.body.func(),
                offset: frame.offset(),
            });
            let frames = frames.collect();
            Err(Stopped { error, frames })
        }
    }
}

impl<W: World> Frame<W> {
    fn offset(&self) -> u32 {
        match self.at {
            At::Inst(inst) => self.code.body.inst(inst).offset,
            At::End => self.code.body.block(self.block).end,
        }
    }
}

/// The outcome of a callee for its caller's place.
pub(super) type Ended<W> = Result<(), <W as World>::Error>;

impl<W: World> Machine<'_, W> {
    fn run(&mut self, func: W::Func, args: &[Bits]) -> Result<Vec<Bits>, W::Error> {
        let Callee::Wasm(instance, code) = self.world.callee(func)? else {
            return Err(self.bug("a function of the host is no body"));
        };
        self.world.enter_frame(code.charge_bytes)?;
        self.push(instance, code, args);
        loop {
            if let Some(results) = self.results.take() {
                return Ok(results);
            }
            self.step()?;
        }
    }

    pub(super) fn bug(&self, what: &'static str) -> W::Error {
        self.world.fault(Fault::Bug(what))
    }

    /// A new frame, at its entry.
    fn push(&mut self, instance: W::Instance, code: Arc<Code>, args: &[Bits]) {
        let base = self.values.len();
        self.values.resize(base + code.body.value_count(), 0);
        let entry = code.body.entry();
        for (param, &arg) in code.body.block(entry).params().zip(args) {
            self.values[base + param.index()] = arg;
        }
        let at = code.body.block(entry).insts().next().map_or(At::End, At::Inst);
        self.frames.push(Frame { instance, code, block: entry, at, base, replaced: false });
    }

    fn frame(&self) -> Result<&Frame<W>, W::Error> {
        self.frames.last().ok_or_else(|| self.bug("no frame"))
    }

    pub(super) fn get(&self, value: Value) -> Bits {
        let base = self.frames.last().map_or(0, |frame| frame.base);
        self.values[base + value.index()]
    }

    fn set(&mut self, value: Value, bits: Bits) {
        let base = self.frames.last().map_or(0, |frame| frame.base);
        self.values[base + value.index()] = bits;
    }

    pub(super) fn gather(&self, values: &[Value]) -> Vec<Bits> {
        values.iter().map(|&value| self.get(value)).collect()
    }

    /// Executes up to the next change of frames.
    fn step(&mut self) -> Ended<W> {
        let code = Arc::clone(&self.frame()?.code);
        let depth = self.frames.len();
        loop {
            let Frame { at, block, .. } = *self.frame()?;
            match at {
                At::Inst(inst) => {
                    if self.inst(&code, inst)? {
                        return Ok(());
                    }
                    self.next_inst(&code, inst);
                }
                At::End => {
                    self.terminator(&code, block)?;
                    let same = self.frames.len() == depth && self.results.is_none();
                    if !same || !Arc::ptr_eq(&code, &self.frame()?.code) {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn next_inst(&mut self, code: &Code, inst: Inst) {
        let Some(frame) = self.frames.last_mut() else { return };
        let next = Inst::new(inst.index() + 1);
        let last = code.body.block(frame.block).insts().last();
        frame.at = if last == Some(inst) { At::End } else { At::Inst(next) };
    }

    /// Executes an instruction; whether it is a call that has made a frame, or left some.
    fn inst(&mut self, code: &Code, inst: Inst) -> Result<bool, W::Error> {
        let data = code.body.inst(inst);
        let opcode = match data.op {
            Op::Wasm(opcode) => opcode,
            Op::Poll => return self.world.poll().map(|()| false),
            Op::Charge => {
                let Imm::Bits(units) = data.imm else { return Err(self.bug("no price")) };
                return self.world.charge(units).map(|()| false);
            }
        };
        let args = code.body.operands(data.args);
        if matches!(opcode.class(), Class::call | Class::call_indirect | Class::call_ref) {
            let call = Call { opcode, imm: data.imm, args: data.args };
            return self.call(code, &call).map(|()| true);
        }
        let operands = self.gather(args);
        let results = if matches!(opcode.class(), Class::aggregate | Class::allocate) {
            [self.aggregate(code, inst, opcode, &operands)?, 0, 0]
        } else {
            self.operator(opcode, data.imm, &operands)?
        };
        for (value, &bits) in data.results().zip(&results) {
            // A result of 32 bits is zero-extended; an expression may give -1 for what does not
            // grow.
            let narrow = matches!(code.body.value(value).ty, ValType::I32 | ValType::F32);
            self.set(value, if narrow { bits & u128::from(u32::MAX) } else { bits });
        }
        Ok(false)
    }

    /// Executes an operator on objects.
    fn aggregate(
        &mut self,
        code: &Code,
        inst: Inst,
        opcode: Opcode,
        operands: &[Bits],
    ) -> Result<Bits, W::Error> {
        let instance = self.frame()?.instance;
        let data = code.body.inst(inst);
        let immediates = two_numbers(opcode, data.imm);
        let immediates = immediates.ok_or_else(|| self.bug("an operator without immediates"))?;
        let ty = |value| code.body.value(value).ty;
        let types: Vec<ValType> = code.body.operands(data.args).iter().map(|&v| ty(v)).collect();
        let result = data.result().map(ty);
        let operator = Aggregate { opcode, immediates, types: &types, operands, result };
        let holds = if opcode.class() == Class::allocate { self.holds() } else { Vec::new() };
        self.world.aggregate(instance, operator, &holds)
    }

    fn operator(
        &mut self,
        opcode: Opcode,
        imm: Imm,
        operands: &[Bits],
    ) -> Result<[Bits; 3], W::Error> {
        let instance = self.frame()?.instance;
        let class = opcode.class();
        match (class, imm, operands) {
            (Class::null | Class::fence, ..) => return Ok([0; 3]),
            (Class::global_get, Imm::Index(global), _) => {
                return Ok([self.world.global_get(instance, global), 0, 0]);
            }
            (Class::global_set, Imm::Index(global), &[value]) => {
                return self.world.global_set(instance, global, value).map(|()| [0; 3]);
            }
            (..) => {}
        }
        let deterministic = self.world.deterministic();
        let mut cx = Operations { world: &mut *self.world, instance, trap: None, deterministic };
        if matches!(imm, Imm::Access(_)) {
            return access(&mut cx, opcode, imm, operands)
                .map(|result| [result.unwrap_or(0), 0, 0]);
        }
        let mut args = Args::new();
        operands.iter().for_each(|&operand| args.push(operand));
        match imm {
            Imm::None | Imm::Type(_) | Imm::Heap(_) | Imm::Access(_) => {}
            Imm::Bits(bits) => args.push(bits.into()),
            Imm::Wide([low, high]) => args.push(u128::from(low) | u128::from(high) << 64),
            Imm::Index(index) => args.push(index.into()),
            Imm::Indices(first, second) => {
                args.push(first.into());
                args.push(second.into());
            }
            Imm::Lane(lane) => args.push(lane.into()),
        }
        let outcome = evaluate(opcode, &mut args, &mut cx);
        if let Some(trap) = cx.trap.take() {
            return Err(trap);
        }
        match outcome {
            Some(Ok((values, _))) => Ok(values),
            Some(Err(error)) => Err(self.world.fault(Fault::Numeric(error))),
            None => Err(self.bug("an operator without meaning")),
        }
    }

    /// The function that a call calls, and its arguments.
    fn resolve(&mut self, code: &Code, call: &Call) -> Result<(W::Func, Vec<Bits>), W::Error> {
        let instance = self.frame()?.instance;
        let mut args = self.gather(code.body.operands(call.args));
        let index = |kind| call.imm.index(call.opcode, kind);
        let (func, ty) = (index(Immediate::func), index(Immediate::type_));
        let func = match (func, ty, index(Immediate::table)) {
            (Some(func), ..) => self.world.func(instance, FuncIdx(func)),
            (None, Some(ty), Some(table)) => {
                let at = args.pop().unwrap_or(0) as u64;
                self.world.element(instance, TypeIdx(ty), table, at)?
            }
            (None, Some(ty), None) => match args.pop().unwrap_or(0) as u64 {
                0 => return Err(self.world.fault(Fault::Null)),
                reference => self.world.referenced(instance, TypeIdx(ty), reference)?,
            },
            (None, None, _) => return Err(self.bug("a call of nothing")),
        };
        Ok((func, args))
    }

    /// The references to exceptions that frames hold.
    pub(super) fn holds(&self) -> Vec<u64> {
        let mut holds = Vec::new();
        if !self.world.has_exceptions() && !self.world.has_objects() {
            return holds;
        }
        for frame in &self.frames {
            let exceptions = frame
                .code
                .body
                .values()
                .filter(|(_, data)| frame.code.module.types().is_traced(data.ty));
            let held = exceptions.map(|(value, _)| self.values[frame.base + value.index()] as u64);
            holds.extend(held.filter(|&reference| reference != 0));
        }
        holds
    }

    /// A call whose results go to the place where the frame is.
    fn call(&mut self, code: &Code, call: &Call) -> Ended<W> {
        let (func, args) = self.resolve(code, call)?;
        match self.world.callee(func)? {
            Callee::Wasm(instance, code) => {
                self.world.enter_frame(code.charge_bytes)?;
                self.push(instance, code, &args);
                Ok(())
            }
            Callee::Host(charge_bytes) => {
                self.world.enter_frame(charge_bytes)?;
                let holds = self.holds();
                let caller = self.frame()?.instance;
                let ended = self.world.call_host(caller, func, &args, &holds)?;
                self.world.leave_frame(charge_bytes);
                match ended {
                    HostEnd::Returned(results) => self.returned(&results),
                    HostEnd::Threw(tag, values, error) => {
                        self.throw(Thrown { tag, values, reference: None }, Some(error))
                    }
                }
            }
        }
    }

    fn tail_call(&mut self, code: &Code, call: &Call) -> Ended<W> {
        let (func, args) = self.resolve(code, call)?;
        let callee = self.world.callee(func)?;
        self.world.leave_frame(code.charge_bytes);
        match callee {
            Callee::Wasm(instance, code) => {
                self.world.enter_frame(code.charge_bytes)?;
                self.pop();
                self.push(instance, code, &args);
                Ok(())
            }
            Callee::Host(charge_bytes) => {
                self.world.enter_frame(charge_bytes)?;
                if let Some(frame) = self.frames.last_mut() {
                    frame.replaced = true;
                }
                let holds = self.holds();
                let caller = self.frame()?.instance;
                let ended = self.world.call_host(caller, func, &args, &holds)?;
                self.world.leave_frame(charge_bytes);
                match ended {
                    HostEnd::Returned(results) => {
                        self.pop();
                        self.returned(&results)
                    }
                    HostEnd::Threw(tag, values, error) => {
                        self.throw(Thrown { tag, values, reference: None }, Some(error))
                    }
                }
            }
        }
    }

    /// Takes the innermost frame away.
    pub(super) fn pop(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.values.truncate(frame.base);
        }
    }

    /// Results arrive at the place of the innermost frame, or leave the machine.
    fn returned(&mut self, results: &[Bits]) -> Ended<W> {
        let Some(frame) = self.frames.last() else {
            self.results = Some(results.to_vec());
            return Ok(());
        };
        let code = Arc::clone(&frame.code);
        match frame.at {
            At::Inst(inst) => {
                let values = code.body.inst(inst).results();
                values.zip(results).for_each(|(value, &bits)| self.set(value, bits));
                self.next_inst(&code, inst);
                Ok(())
            }
            At::End => match code.body.block(frame.block).terminator {
                Terminator::Invoke { normal, .. } => {
                    self.take(&code, &normal, results);
                    Ok(())
                }
                Terminator::Jump(_)
                | Terminator::Branch { .. }
                | Terminator::Table { .. }
                | Terminator::Null { .. }
                | Terminator::Cast { .. }
                | Terminator::Throw { .. }
                | Terminator::Catch { .. }
                | Terminator::Return(_)
                | Terminator::TailCall(_)
                | Terminator::Unreachable => Err(self.bug("a return to no call")),
            },
        }
    }

    /// Gives the arguments of an edge to its block, in the innermost frame.
    pub(super) fn pass(&mut self, code: &Code, edge: &Edge, payloads: &[Bits]) {
        let args = code.body.args(edge).iter().map(|arg| match arg.kind() {
            ArgKind::Value(value) => self.get(value),
            ArgKind::Payload(number) => payloads.get(number as usize).copied().unwrap_or(0),
        });
        // All are read before one is written.
        let args: Vec<Bits> = args.collect();
        let params = code.body.block(edge.block).params();
        params.zip(args).for_each(|(param, arg)| self.set(param, arg));
    }

    /// Gives the arguments of an edge to its block, in the frame at this depth, counted from the
    /// outermost one.
    pub(super) fn pass_in(&mut self, depth: usize, edge: &Edge) {
        let Some(frame) = self.frames.get(depth - 1) else { return };
        let (base, code) = (frame.base, Arc::clone(&frame.code));
        let args = code.body.args(edge).iter().filter_map(|arg| arg.value());
        let args: Vec<Bits> = args.map(|value| self.values[base + value.index()]).collect();
        let params = code.body.block(edge.block).params();
        params.zip(args).for_each(|(param, arg)| self.values[base + param.index()] = arg);
    }

    /// Goes along an edge.
    pub(super) fn take(&mut self, code: &Code, edge: &Edge, payloads: &[Bits]) {
        self.pass(code, edge, payloads);
        let first = code.body.block(edge.block).insts().next();
        if let Some(frame) = self.frames.last_mut() {
            frame.block = edge.block;
            frame.at = first.map_or(At::End, At::Inst);
        }
    }

    fn terminator(&mut self, code: &Code, block: Block) -> Ended<W> {
        match &code.body.block(block).terminator {
            Terminator::Jump(edge) => self.take(code, edge, &[]),
            Terminator::Branch { condition, then, otherwise } => {
                let edge = if self.get(*condition) != 0 { then } else { otherwise };
                self.take(code, edge, &[]);
            }
            Terminator::Table { index, edges, targets } => {
                let targets = code.body.targets(*targets);
                let index = usize::try_from(self.get(*index)).unwrap_or(usize::MAX);
                let target = targets.get(index).or(targets.last());
                let edges = code.body.edges(*edges);
                let edge = target.and_then(|&at| edges.get(at as usize));
                let edge = *edge.ok_or_else(|| self.bug("a table without targets"))?;
                self.take(code, &edge, &[]);
            }
            Terminator::Null { reference, null, non_null } => match self.get(*reference) {
                0 => self.take(code, null, &[]),
                reference => self.take(code, non_null, &[reference]),
            },
            Terminator::Cast { reference, ty, fits, otherwise } => {
                let (bits, instance) = (self.get(*reference), self.frame()?.instance);
                let code_of = heap_code(ty.is_nullable(), ty.heap_type());
                let code_of = code_of.ok_or_else(|| self.bug("a type without code"))?;
                let fit = self.world.ref_test(instance, bits as u64, code_of)?;
                self.take(code, if fit { fits } else { otherwise }, &[bits]);
            }
            Terminator::Invoke { call, .. } => self.call(code, call)?,
            Terminator::TailCall(call) => self.tail_call(code, call)?,
            Terminator::Return(values) => {
                let results = self.gather(code.body.operands(*values));
                self.world.leave_frame(code.charge_bytes);
                self.pop();
                self.returned(&results)?;
            }
            Terminator::Throw { opcode, imm, args, .. } => {
                let args = self.gather(code.body.operands(*args));
                let instance = self.frame()?.instance;
                let thrown = match imm.index(*opcode, Immediate::tag) {
                    Some(tag) => {
                        let tag = self.world.tag(instance, TagIdx(tag));
                        Thrown { tag, values: args, reference: None }
                    }
                    None => self.rethrown(args.first().copied().unwrap_or(0) as u64)?,
                };
                self.throw(thrown, None)?;
            }
            Terminator::Catch { .. } => {
                return Err(self.bug("a handler that nothing was thrown to"));
            }
            Terminator::Unreachable => return Err(self.world.fault(Fault::Unreachable)),
        }
        Ok(())
    }
}
