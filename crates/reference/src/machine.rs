//! The abstract machine: frames, labels and the operand stack, and the loop that executes operator
//! after operator (specification 4.2.13 to 4.2.15, 4.6).
//!
//! Neighbours: [`decode`](crate::decode) gives the code; each family executes its operators on the
//! machine; the store holds everything that outlives a call.
//!
//! The specification keeps values, labels and frames on one stack. Here each kind has its own; a
//! label and a frame remember how high the others were below them, which is the same thing.
//!
//! 1. The operand stack never falls below [`Frame::height`] of the current frame, nor the labels
//!    below [`Frame::labels`].
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
//! Time: constant for an operator apart from its own work; a call also costs its locals and a look
//! into the cache. Noticed by: `tests/calls.rs`, `tests/metering.rs`, and every differential test.

use crate::decode::{Cache, Code, Instr, Op};
use crate::stack::Stack;
use crate::value::Value;
use crate::{
    atomic, control, exception, memory, numeric, parametric, reference, table, variable, vector,
};
use prova_module::{FuncIdx, Module, cells_of, host_charge_bytes};
use prova_num::NumError;
use prova_runtime::{
    Cell, Exception, FuncAddr, FuncKind, HostOutcome, Instance, InstanceAddr, MemoryFault,
    Metering, Store, TraceFrame, Trap, TrapKind,
};
use std::any::Any;
use std::sync::Arc;

/// Why execution stopped without results.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The current operator trapped.
    Trap(TrapKind),
    /// The current operator missed its memory.
    Fault(MemoryFault),
    /// A trap that exists already: a host function's, or that of an exception that nothing catches.
    Trapped(Box<Trap>),
    /// What validation excludes has happened: a fault of ours.
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

/// A label: what a branch to it does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label {
    /// How many values a branch takes along.
    pub(crate) arity: usize,
    /// The height of the operand stack below them.
    pub(crate) height: usize,
    /// The position where a branch goes on.
    pub(crate) continuation: usize,
    /// The position of the `try_table` whose block it is of.
    pub(crate) try_table: Option<usize>,
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
    height: usize,
    /// How many labels there are below the function's own.
    labels: usize,
    /// Whether a tail call of a host function has taken the frame's place: it has no charge and no
    /// labels any more.
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
    labels: Vec<Label>,
    cache: &'s Cache,
    metering: Metering,
    /// Whether a branch has come back to a `loop`: the segment that the operator belongs to was
    /// paid when it was entered.
    again: bool,
    /// Operators that may still be executed.
    steps: u64,
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
        let args = code.ty().params.iter().map(|&ty| Value::read(ty, &mut cells)).collect();
        let settings = store.settings();
        let stack = Stack::new(settings.deterministic);
        let frame = Frame::new(instance, code, args, 0, 0);
        Ok(Machine {
            metering: settings.metering,
            again: false,
            steps: u64::MAX,
            callers: Vec::new(),
            labels: vec![frame.label()],
            store,
            data,
            stack,
            frame,
            cache,
        })
    }

    /// Stops with [`TrapKind::Interrupt`] after this many operators.
    pub(crate) fn limit_steps(&mut self, steps_max: u64) {
        self.steps = steps_max;
    }

    /// Runs until the function that was entered has returned, and gives its results in cells.
    ///
    /// # Errors
    ///
    /// The trap that ended the call, with its backtrace.
    pub(crate) fn run(mut self) -> Result<Vec<Cell>, Trap> {
        let ended = self.poll().and_then(|()| self.run_frames());
        match ended {
            Ok(()) => {
                let mut cells = Vec::new();
                self.stack.values().iter().for_each(|value| value.write(&mut cells));
                Ok(cells)
            }
            Err(stop) => Err(self.trap(stop)),
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
                Some(instr) => self.step(code, instr)?,
                None => self.leave()?,
            };
            match next {
                Next::Operator => self.frame.at += 1,
                Next::Jump(position) => self.frame.at = position,
                Next::Frame | Next::Done => return Ok(next),
            }
        }
    }

    /// Executes one operator.
    fn step(&mut self, code: &Code, instr: &Instr) -> Result<Next, Stop> {
        self.steps = self.steps.checked_sub(1).ok_or(TrapKind::Interrupt)?;
        let again = std::mem::take(&mut self.again);
        if instr.cost > 0 && self.metering.has_fuel() && !again {
            self.store.consume_fuel(instr.cost)?;
        }
        match &instr.op {
            Op::BrTable(labels) => return control::br_table(self, labels),
            Op::Control(operator) => {
                return control::execute(self, operator, &code.blocks[instr.block as usize]);
            }
            Op::Exception(operator) => {
                return exception::execute(self, operator, &code.blocks[instr.block as usize]);
            }
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

    /// Enters a block: its label is pushed, its parameters stay on the operand stack.
    pub(crate) fn push_label(
        &mut self,
        arity: usize,
        params: usize,
        continuation: usize,
    ) -> Result<(), Stop> {
        let height = self.stack.base_of(params)?;
        self.labels.push(Label { arity, height, continuation, try_table: None });
        Ok(())
    }

    /// Makes the newest label that of the current operator, a `try_table`.
    pub(crate) fn mark_try(&mut self) {
        let at = self.frame.at;
        if let Some(label) = self.labels.last_mut() {
            label.try_table = Some(at);
        }
    }

    /// The labels of the current frame and, from the innermost on, of its callers, each with the
    /// frame's number of labels below.
    pub(crate) fn frames_outwards(&self) -> impl Iterator<Item = (&Frame, &[Label])> {
        let frames = std::iter::once(&self.frame).chain(self.callers.iter().rev());
        let mut end = self.labels.len();
        frames.map(move |frame| {
            let labels = &self.labels[frame.labels.min(end)..end];
            end = frame.labels;
            (frame, labels)
        })
    }

    /// Leaves the `frames` innermost frames, and in the one then current all labels above its
    /// lowest `labels`.
    pub(crate) fn unwind(&mut self, frames: usize, labels: usize) -> Result<(), Stop> {
        for _ in 0..frames {
            self.labels.truncate(self.frame.labels);
            if !self.frame.replaced {
                self.store.leave_frame(self.frame.code.charge_bytes);
            }
            let caller = self.callers.pop().ok_or(Stop::Bug("no caller to unwind to"))?;
            self.frame = caller;
        }
        let kept = self.frame.labels + labels;
        // The innermost label that goes is the `try_table`'s.
        let label = *self.labels.get(kept).ok_or(Stop::Bug("no label to unwind to"))?;
        self.labels.truncate(kept);
        self.stack.unwind(label.height, 0)
    }

    /// Every reference to an exception that frames of this activation hold, as locals or operands;
    /// none where there are no exceptions.
    pub(crate) fn exception_references(&self) -> Vec<Cell> {
        if self.store.exception_cells() == 0 {
            return Vec::new();
        }
        let locals = std::iter::once(&self.frame).chain(&self.callers).flat_map(|f| &f.locals);
        let values = self.stack.values().iter().chain(locals);
        values.filter_map(|value| value.exception_cell()).collect()
    }

    /// Leaves a block at its end: its results stay on the operand stack.
    pub(crate) fn pop_label(&mut self) -> Result<(), Stop> {
        self.labels.pop().ok_or(Stop::Bug("no label to leave"))?;
        Ok(())
    }

    /// Branches to the label `depth` labels out: takes its values along and pops it and the labels
    /// inside it.
    pub(crate) fn branch(&mut self, depth: u32) -> Result<Next, Stop> {
        let position = self.labels.len().checked_sub(1 + depth as usize);
        let position = position.filter(|&position| position >= self.frame.labels);
        let position = position.ok_or(Stop::Bug("a branch to no label"))?;
        let label = self.labels[position];
        self.stack.unwind(label.height, label.arity)?;
        self.labels.truncate(position);
        self.again = label.continuation <= self.frame.at;
        Ok(Next::Jump(label.continuation))
    }

    /// Calls the function at `func`: its arguments are on the operand stack.
    pub(crate) fn call(&mut self, func: FuncAddr) -> Result<Next, Stop> {
        match self.store.func_kind(func) {
            FuncKind::Wasm { instance, func } => {
                let code = self.code(instance, func)?;
                self.store.enter_frame(code.charge_bytes)?;
                let args = self.stack.pop_values(code.ty().params.len())?;
                let (height, labels) = (self.stack.height(), self.labels.len());
                let callee = Frame::new(instance, code, args, height, labels);
                self.callers.push(std::mem::replace(&mut self.frame, callee));
                self.labels.push(self.frame.label());
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
                self.labels.truncate(self.frame.labels);
                self.frame = Frame::new(instance, code, args, self.frame.height, self.frame.labels);
                self.labels.push(self.frame.label());
                self.poll()?;
                Ok(Next::Frame)
            }
            FuncKind::Host => {
                let host_bytes = host_charge_bytes(self.store.func_type(func));
                self.store.leave_frame(charge_bytes);
                self.store.enter_frame(host_bytes)?;
                let params = self.store.func_type(func).params.len();
                self.stack.unwind(self.frame.height, params)?;
                self.labels.truncate(self.frame.labels);
                self.frame.replaced = true;
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
        self.labels.truncate(self.frame.labels);
        self.store.leave_frame(self.frame.code.charge_bytes);
        Ok(self.resume_caller())
    }

    /// Makes the caller's frame current, after its call.
    fn resume_caller(&mut self) -> Next {
        match self.callers.pop() {
            Some(caller) => {
                self.frame = caller;
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
        let (caller, holds) = (self.frame.instance, self.exception_references());
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
    pub(crate) fn poll(&self) -> Result<(), Stop> {
        Ok(self.store.poll()?)
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
        let frames = std::iter::once(&self.frame).chain(self.callers.iter().rev());
        frames.filter(|frame| !frame.replaced).for_each(|frame| trap.push_frame(frame.trace()));
        trap
    }
}

impl Frame {
    /// The frame of `code` with these arguments, its other locals zero or null.
    fn new(
        instance: InstanceAddr,
        code: Arc<Code>,
        args: Vec<Value>,
        height: usize,
        labels: usize,
    ) -> Frame {
        let mut locals = args;
        locals.extend(code.locals.iter().skip(locals.len()).map(|&ty| Value::default_of(ty)));
        Frame { instance, code, locals, at: 0, height, labels, replaced: false }
    }

    /// The label around the function's body: a branch to it goes past the last operator.
    fn label(&self) -> Label {
        Label {
            arity: self.code.ty().results.len(),
            height: self.height,
            continuation: self.code.instrs.len(),
            try_table: None,
        }
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
