//! The abstract machine: frames, labels and the operand stack, and the loop that executes operator
//! after operator (specification 4.2.13 to 4.2.15, 4.6).
//!
//! Each family executes its operators on the machine; the store holds everything that outlives a
//! call.
//!
//! The specification keeps values, labels and frames on one stack. Here values and frames have
//! their own; a frame remembers how high the values were below it, and labels are those of the
//! blocks around the operator ([`decode`](crate::decode)), which is the same thing.
//!
//! 1. The operand stack never falls below [`Frame::height`] of the current frame.
//! 2. [`Frame::at`] of a caller is the position of its call until the callee has returned, so a
//!    backtrace can be read off at any time.
//! 3. Each frame has charged its function's `charge_bytes` against the logical stack limit; they
//!    are given back as frames go. After a trap the store restores the limit itself.
//! 4. A call is a frame pushed, never a call of the host's: the depth of Wasm costs no host stack.
//!    Only a host function that calls back nests machines; the store limits how deep.
//!
//! Order at an operator: its segment's fuel, then the operator. Order at a call: the logical stack
//! limit (trap at the call, the callee's frame not pushed), the frame, the epoch (trap in the
//! callee at its first operator).
//!
//! A *step* is an operator, or a run of free ones. Time: constant for a step apart from the
//! operator's own work, and once for each block of a body; a call also costs its locals and a look
//! into the cache. So fuel bounds time: a unit buys at most [`STEPS_PER_UNIT_MAX`] steps, since
//! nothing but `drop` and `return` is free and not in a run, a value that is dropped is one of
//! eight that a unit has moved at most, and a `return` follows a call. Noticed by:
//! `tests/calls.rs`, `tests/metering.rs`, and every differential test.

use crate::debugger::{Debugger, Paused};
use crate::decode::{Block, Cache, Code, Instr, What};
use crate::op::Op;
use crate::stack::Stack;
use crate::value::Value;
use crate::{
    aggregate, atomic, control, exception, memory, numeric, parametric, reference, table, variable,
    vector,
};
use prova_module::{FuncIdx, Module, ValType, cells_of, host_charge_bytes};
use prova_num::NumError;
use prova_runtime::{
    Cell, Exception, FuncAddr, FuncKind, HostOutcome, Instance, InstanceAddr, MemoryFault,
    Metering, Store, TraceFrame, Trap, TrapKind,
};
use std::any::Any;
use std::sync::Arc;

/// The greatest number of steps that a unit of fuel buys: the operator that pays it, or eight
/// `drop`s of what it moved, and a `return`; each with a run of free operators before it.
pub const STEPS_PER_UNIT_MAX: u64 = 20;

/// Why execution stopped without results.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The current operator trapped.
    Trap(TrapKind),
    /// The current operator missed its memory.
    Fault(MemoryFault),
    /// A trap that exists already: a host function's, or an exception that nothing catches.
    Trapped(Box<Trap>),
    /// A state that validation excludes: a fault of ours.
    Bug(&'static str),
}

impl From<TrapKind> for Stop {
    fn from(kind: TrapKind) -> Stop {
        Stop::Trap(kind)
    }
}

impl From<NumError> for Stop {
    fn from(error: NumError) -> Stop {
        Stop::Trap(error.into())
    }
}

/// Where execution goes on after an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// At the next operator.
    Operator,
    /// At this position of the same function.
    Jump(usize),
    /// Where the current frame says: it has changed.
    Frame,
    /// Nowhere: the activation's first function has returned.
    Done,
}

/// A frame: an activation of one function.
pub(crate) struct Frame {
    /// The instance that the function belongs to.
    pub(crate) instance: InstanceAddr,
    /// The function.
    pub(crate) code: Arc<Code>,
    /// The values of parameters and locals.
    pub(crate) locals: Vec<Value>,
    /// The position of the operator being executed.
    pub(crate) at: usize,
    /// The height of the operand stack below the function's own values.
    pub(crate) height: usize,
    /// Whether a tail call of a host function has taken the frame's place: it has no charge and
    /// catches nothing any more.
    pub(crate) replaced: bool,
}

/// One activation: a call from the host until its end.
pub(crate) struct Machine<'s> {
    /// The store.
    pub(crate) store: &'s mut Store,
    /// The host's data, handed to host functions.
    pub(crate) data: &'s mut dyn Any,
    /// The operand stack.
    pub(crate) stack: Stack,
    /// The current frame.
    pub(crate) frame: Frame,
    callers: Vec<Frame>,
    /// Of the first callers, how many references to exceptions and objects the store holds for
    /// them and those below: what is in their frames does not change while they wait.
    held: Vec<usize>,
    /// How many it held before.
    held_before: usize,
    cache: &'s Cache,
    metering: Metering,
    /// Whether a branch has come back to a `loop`: the segment that the operator belongs to was
    /// paid when it was entered.
    again: bool,
    /// Steps that may still be made.
    steps: u64,
    /// Asked before each step.
    debugger: Option<&'s dyn Debugger>,
}

impl<'s> Machine<'s> {
    /// A machine about to execute the first operator of `func`, whose frame is charged for.
    ///
    /// # Errors
    ///
    /// The trap, without backtrace, if the frame does not fit the logical stack limit.
    pub(crate) fn enter(
        store: &'s mut Store,
        data: &'s mut dyn Any,
        cache: &'s Cache,
        (instance, func): (InstanceAddr, FuncIdx),
        args: &[Cell],
    ) -> Result<Machine<'s>, Trap> {
        let code = match cache.code(store.instance(instance).module(), func) {
            Ok(code) => code,
            Err(message) => return Err(Trap::bug(message)),
        };
        store.enter_frame(code.charge_bytes)?;
        let mut cells = args.iter().copied();
        let marked = |&ty: &ValType| code.module.types().marked(ty);
        let params = code.ty().params.iter().map(marked);
        let args = params.map(|ty| Value::read(ty, &mut cells)).collect();
        let settings = store.settings();
        let stack = Stack::new(settings.deterministic);
        let frame = Frame::new(instance, code, args, 0);
        Ok(Machine {
            metering: settings.metering,
            again: false,
            steps: u64::MAX,
            debugger: None,
            callers: Vec::new(),
            held: Vec::new(),
            held_before: store.held(),
            store,
            data,
            stack,
            frame,
            cache,
        })
    }

    /// Stops with [`TrapKind::Interrupt`] after this many steps.
    pub(crate) fn limit_steps(&mut self, steps_max: u64) {
        self.steps = steps_max;
    }

    /// Asks `debugger` before each step.
    pub(crate) fn debug(&mut self, debugger: &'s dyn Debugger) {
        self.debugger = Some(debugger);
    }

    /// Runs until the function that was entered has returned, and gives its results in cells.
    ///
    /// # Errors
    ///
    /// The trap that ended the call, with its backtrace.
    pub(crate) fn run(mut self) -> Result<Vec<Cell>, Trap> {
        let polled = self.poll();
        let ended = polled.and_then(|()| self.run_frames());
        match ended {
            Ok(()) => {
                let mut cells = Vec::new();
                self.stack.values().iter().for_each(|value| value.write(&mut cells));
                Ok(cells)
            }
            Err(stop) => {
                let trap = self.trap(stop);
                if let Some(debugger) = self.debugger {
                    debugger.at_trap(&mut Paused::new(&mut self), &trap);
                }
                Err(trap)
            }
        }
    }

    /// Runs frame after frame.
    fn run_frames(&mut self) -> Result<(), Stop> {
        loop {
            let code = Arc::clone(&self.frame.code);
            if self.run_frame(&code)? == Next::Done {
                return Ok(());
            }
        }
    }

    /// Runs the current frame, whose code is `code`, until another is current or none.
    fn run_frame(&mut self, code: &Code) -> Result<Next, Stop> {
        loop {
            let next = match code.instrs.get(self.frame.at) {
                Some(instr) => {
                    if let Some(debugger) = self.debugger {
                        debugger.before_step(&mut Paused::new(self))?;
                    }
                    self.step(code, instr)?
                }
                None => self.leave()?,
            };
            match next {
                Next::Operator => self.frame.at += 1,
                Next::Jump(position) => self.frame.at = position,
                Next::Frame | Next::Done => return Ok(next),
            }
        }
    }

    /// Executes one operator, or a run of free ones.
    fn step(&mut self, code: &Code, instr: &Instr) -> Result<Next, Stop> {
        self.steps = self.steps.checked_sub(1).ok_or(TrapKind::Interrupt)?;
        let again = std::mem::take(&mut self.again);
        if instr.cost > 0 && self.metering.has_fuel() && !again {
            self.store.consume_fuel(instr.cost.into())?;
        }
        let op = match instr.what {
            What::Free { loops, end } => return self.run_free(code, instr.block, loops, end),
            What::Step(op) => code.ops.get(op as usize).ok_or(Stop::Bug("no such operator"))?,
        };
        match op {
            Op::BrTable(labels) => return control::br_table(self, labels),
            Op::Control(operator) => return control::execute(self, operator, code, instr.block),
            Op::Exception(operator) => return exception::execute(self, operator),
            Op::Aggregate(operator) => aggregate::execute(self, operator)?,
            Op::Parametric(operator) => parametric::execute(&mut self.stack, operator)?,
            Op::Variable(operator) => variable::execute(self, operator)?,
            Op::Table(operator) => table::execute(self, operator)?,
            Op::Memory(operator) => memory::execute(self, operator)?,
            Op::Numeric(operator) => numeric::execute(&mut self.stack, operator)?,
            Op::Reference(operator) => reference::execute(self, operator)?,
            Op::Vector(operator) => vector::execute(self, operator)?,
            Op::Atomic(operator) => atomic::execute(self, operator)?,
            Op::Refused => return Err(Stop::Bug("an operator of a refused proposal")),
        }
        Ok(Next::Operator)
    }

    /// Executes free operators up to position `end`; the blocks that they open are those from
    /// `first` on.
    fn run_free(&mut self, code: &Code, first: u32, loops: bool, end: u32) -> Result<Next, Stop> {
        if let Some(block) = code.opened(first).next() {
            match block.height() {
                Some(_) => self.enter_block(block)?,
                None => self.measure(code, first)?,
            }
        }
        // Between the loops of a run nothing happens, so one poll serves all.
        if loops && let Err(stop) = self.poll() {
            let header = code.opened(first).find(|block| block.is_loop);
            self.frame.at = header.map_or(self.frame.at, |header| header.start as usize + 1);
            return Err(stop);
        }
        Ok(Next::Jump(end as usize))
    }

    /// Notes the heights of the blocks that a run opens, from `first` on, the innermost first
    /// (5 of [`decode`](crate::decode), for other threads too).
    #[cold]
    fn measure(&mut self, code: &Code, first: u32) -> Result<(), Stop> {
        let opened: Vec<&Block> =
            code.opened(first).take_while(|block| block.height().is_none()).collect();
        opened.into_iter().rev().try_for_each(|block| self.enter_block(block))
    }

    /// Enters a block, whose parameters are on the operand stack and stay there.
    pub(crate) fn enter_block(&mut self, block: &Block) -> Result<(), Stop> {
        let base = self.stack.base_of(block.params as usize)?;
        let height = base.checked_sub(self.frame.height);
        let height = height.ok_or(Stop::Bug("a block takes its caller's values"))?;
        if block.enter_at(height) {
            Ok(())
        } else {
            Err(Stop::Bug("a block is entered at two heights"))
        }
    }

    /// The frames from the current one outwards.
    pub(crate) fn frames_outwards(&self) -> impl Iterator<Item = &Frame> {
        std::iter::once(&self.frame).chain(self.callers.iter().rev())
    }

    /// Leaves the `frames` innermost frames, and in the one then current the block `block` and
    /// those inside of it.
    pub(crate) fn unwind(&mut self, frames: usize, block: u32) -> Result<(), Stop> {
        for _ in 0..frames {
            if !self.frame.replaced {
                self.store.leave_frame(self.frame.code.charge_bytes);
            }
            let caller = self.callers.pop().ok_or(Stop::Bug("no caller to unwind to"))?;
            self.frame = caller;
        }
        self.release();
        let height = self.frame.height_of(self.frame.block(block)?)?;
        self.stack.unwind(height, 0)
    }

    /// Every reference to an exception or object that frames of this activation hold, as locals or
    /// operands; none where there are none.
    pub(crate) fn traced_references(&self) -> Vec<Cell> {
        if !self.store.has_traced() {
            return Vec::new();
        }
        let frames = std::iter::once(&self.frame).chain(&self.callers);
        let locals = frames.flat_map(Frame::values);
        let values = self.stack.values().iter().chain(locals);
        values.filter_map(|value| value.traced_cell()).collect()
    }

    /// Has the store hold the references to exceptions and objects in the frames of callers, each
    /// once while it waits; gives those of the current frame.
    fn hold(&mut self) -> Vec<Cell> {
        if !self.store.has_traced() {
            return Vec::new();
        }
        // Slices, so that callers that are held already are not walked.
        let callers = self.callers.get(self.held.len()..).unwrap_or_default();
        let heights = callers.get(1..).unwrap_or_default().iter().map(|frame| frame.height);
        for (caller, end) in callers.iter().zip(heights.chain([self.frame.height])) {
            let cells = references(caller, self.stack.values().get(caller.height..end));
            self.held.push(self.store.hold(&cells));
        }
        references(&self.frame, self.stack.values().get(self.frame.height..))
    }

    /// Has the store hold no more than what the frames of callers that are left need.
    fn release(&mut self) {
        if self.held.len() > self.callers.len() {
            self.held.truncate(self.callers.len());
            self.store.release(self.held.last().copied().unwrap_or(self.held_before));
        }
    }

    /// Branches to the label of a block of the current function: takes its values along and leaves
    /// the blocks inside of it.
    pub(crate) fn branch(&mut self, block: u32) -> Result<Next, Stop> {
        let block = self.frame.block(block)?;
        let (arity, position) = if block.is_loop {
            (block.params, block.start as usize)
        } else {
            (block.results, block.end as usize + 1)
        };
        let height = self.frame.height_of(block)?;
        self.again = position <= self.frame.at;
        self.stack.unwind(height, arity as usize)?;
        Ok(Next::Jump(position))
    }

    /// Calls the function at `func`: its arguments are on the operand stack.
    pub(crate) fn call(&mut self, func: FuncAddr) -> Result<Next, Stop> {
        match self.store.func_kind(func) {
            FuncKind::Wasm { instance, func } => {
                let code = self.code(instance, func)?;
                self.store.enter_frame(code.charge_bytes)?;
                let args = self.stack.pop_values(code.ty().params.len())?;
                let callee = Frame::new(instance, code, args, self.stack.height());
                self.callers.push(std::mem::replace(&mut self.frame, callee));
                self.poll()?;
                Ok(Next::Frame)
            }
            FuncKind::Host => {
                let charge_bytes = host_charge_bytes(self.store.func_type(func));
                self.store.enter_frame(charge_bytes)?;
                let threw = self.call_host(func)?;
                self.store.leave_frame(charge_bytes);
                match threw {
                    Some((exception, trap)) => exception::throw_of_host(self, &exception, trap),
                    None => Ok(Next::Operator),
                }
            }
        }
    }

    /// Calls the function at `func` in place of the current one, whose frame goes first.
    pub(crate) fn tail_call(&mut self, func: FuncAddr) -> Result<Next, Stop> {
        let charge_bytes = self.frame.code.charge_bytes;
        match self.store.func_kind(func) {
            FuncKind::Wasm { instance, func } => {
                let code = self.code(instance, func)?;
                self.store.leave_frame(charge_bytes);
                self.store.enter_frame(code.charge_bytes)?;
                let params = code.ty().params.len();
                self.stack.unwind(self.frame.height, params)?;
                let args = self.stack.pop_values(params)?;
                self.frame = Frame::new(instance, code, args, self.frame.height);
                self.poll()?;
                Ok(Next::Frame)
            }
            FuncKind::Host => {
                let host_bytes = host_charge_bytes(self.store.func_type(func));
                self.store.leave_frame(charge_bytes);
                self.store.enter_frame(host_bytes)?;
                let params = self.store.func_type(func).params.len();
                self.stack.unwind(self.frame.height, params)?;
                self.frame.replaced = true;
                self.frame.locals.clear();
                let threw = self.call_host(func)?;
                self.store.leave_frame(host_bytes);
                match threw {
                    Some((exception, trap)) => exception::throw_of_host(self, &exception, trap),
                    None => Ok(self.resume_caller()),
                }
            }
        }
    }

    /// Returns from the current function: its results are on the operand stack.
    pub(crate) fn leave(&mut self) -> Result<Next, Stop> {
        self.stack.unwind(self.frame.height, self.frame.code.ty().results.len())?;
        self.store.leave_frame(self.frame.code.charge_bytes);
        Ok(self.resume_caller())
    }

    /// Makes the caller's frame current, after its call.
    fn resume_caller(&mut self) -> Next {
        match self.callers.pop() {
            Some(caller) => {
                self.frame = caller;
                self.release();
                self.frame.at += 1;
                Next::Frame
            }
            None => Next::Done,
        }
    }

    /// Calls a host function whose frame is charged for; pays before it, and polls the epoch after
    /// it. Gives what it throws, with the trap of the case that nothing catches.
    fn call_host(&mut self, func: FuncAddr) -> Result<Option<(Exception, Box<Trap>)>, Stop> {
        self.store.charge_host_call(func)?;
        let ty = self.store.func_type(func).clone();
        let mut cells = Vec::new();
        let args = self.stack.pop_values(ty.params.len())?;
        args.iter().for_each(|value| value.write(&mut cells));
        cells.resize(cells_of(&ty.params).max(cells_of(&ty.results)) as usize, 0);
        let (caller, holds) = (self.frame.instance, self.hold());
        match self.store.call_host_from(caller, self.data, func, &mut cells, &holds) {
            Ok(HostOutcome::Done) => {}
            Ok(HostOutcome::Throw(exception, trap)) => {
                self.poll()?;
                return Ok(Some((exception, trap)));
            }
            Ok(HostOutcome::Suspend) => return Err(TrapKind::Suspended.into()),
            Ok(HostOutcome::Trap(trap)) => return Err(Stop::Trapped(trap)),
            Err(trap) => return Err(Stop::Trapped(Box::new(trap))),
        }
        let mut cells = cells.into_iter();
        self.stack.push_values(ty.results.iter().map(|&ty| Value::read(ty, &mut cells)));
        self.poll()?;
        Ok(None)
    }

    /// Polls the epoch, where that is the metering.
    pub(crate) fn poll(&mut self) -> Result<(), Stop> {
        let frames = std::iter::once(&self.frame).chain(self.callers.iter().rev());
        let frames = |_: &Store| {
            let shown = frames.filter(|frame| !frame.replaced).take(Trap::FRAMES_MAX);
            shown.map(Frame::trace).collect()
        };
        self.store.poll_asking(self.data, frames).map_err(|trap| Stop::Trapped(Box::new(trap)))
    }

    /// The current instance.
    pub(crate) fn instance(&self) -> &Instance {
        self.store.instance(self.frame.instance)
    }

    /// The current module.
    pub(crate) fn module(&self) -> &Module {
        &self.frame.code.module
    }

    fn code(&self, instance: InstanceAddr, func: FuncIdx) -> Result<Arc<Code>, Stop> {
        self.cache.code(self.store.instance(instance).module(), func).map_err(Stop::Bug)
    }

    /// The trap of a stop, with the backtrace of this activation.
    fn trap(&self, stop: Stop) -> Trap {
        let mut trap = match stop {
            Stop::Trap(kind) => Trap::new(kind),
            Stop::Fault(fault) => Trap::new(TrapKind::MemoryOutOfBounds).with_fault(fault),
            Stop::Trapped(trap) => *trap,
            Stop::Bug(message) => Trap::bug(message),
        };
        let frames = self.frames_outwards();
        frames.filter(|frame| !frame.replaced).for_each(|frame| trap.push_frame(frame.trace()));
        trap
    }
}

/// The references to exceptions and objects that a frame holds, as locals or as these operands.
fn references(frame: &Frame, operands: Option<&[Value]>) -> Vec<Cell> {
    let values = frame.values().chain(operands.unwrap_or_default());
    values.filter_map(|value| value.traced_cell()).collect()
}

impl Frame {
    /// The frame of `code` with these arguments, its other locals zero or null.
    fn new(instance: InstanceAddr, code: Arc<Code>, args: Vec<Value>, height: usize) -> Frame {
        let mut locals = args;
        locals.extend(code.locals.iter().skip(locals.len()).map(|&ty| Value::default_of(ty)));
        Frame { instance, code, locals, at: 0, height, replaced: false }
    }

    /// The values of the locals that have one by the Wasm alone.
    fn values(&self) -> impl Iterator<Item = &Value> {
        self.code.locals_at(self.at).filter_map(|local| self.locals.get(local))
    }

    fn block(&self, block: u32) -> Result<&Block, Stop> {
        self.code.blocks.get(block as usize).ok_or(Stop::Bug("a branch to no block"))
    }

    /// The height of the operand stack below a block's values.
    fn height_of(&self, block: &Block) -> Result<usize, Stop> {
        let height = block.height().ok_or(Stop::Bug("a branch to a block that nothing entered"))?;
        Ok(self.height + height)
    }

    fn trace(&self) -> TraceFrame {
        TraceFrame {
            instance: self.instance,
            module: self.code.module.clone(),
            func: self.code.func,
            offset: self.code.instrs.get(self.at).map(|instr| instr.offset),
        }
    }
}
