//! A function body → what it does with constants: one pass over an abstract operand stack.
//!
//! Neighbours: `xref` gives a [`Sink`] that keeps what concerns its range.
//!
//! The domain is {constant, unknown}. Constants flow through the operand stack, `local.set`/`get`/`tee`, and
//! `i32.add`/`sub`/`and`/`or`/`shl`/`mul` of constants.
//!
//! 1. A constant is reported only if every path to that place gives this value: where paths join (an `end`, an `else`, a
//!    loop's start), locals that the block writes are unknown, by the masks of the function's facts.
//! 2. What takes a constant in a way not listed makes it escape; nothing is dropped in silence but `drop` itself.
//!
//! Linear: constant work for each operator and 64 steps for each block.

use crate::op::{fixed_arity, memarg};
use prova_module::{
    BlockKind, BlockType, FuncFacts, FuncIdx, MemArgTarget, Module, Operator, OperatorsReader,
};

/// A constant of 32 bits, or anything.
pub(crate) type Value = Option<u32>;

/// Takes what a walk finds. All methods get the operator and its module offset.
pub(crate) trait Sink {
    /// A load, store or atomic operator at `base + offset`.
    fn access(&mut self, at: (u32, &Operator<'_>), base: Value, offset: u64);
    /// A bulk operator writes or reads `len` bytes from `start`.
    fn bulk(&mut self, at: (u32, &Operator<'_>), start: Value, len: Value, writes: bool);
    /// A constant leaves the domain.
    fn escape(&mut self, at: (u32, &Operator<'_>), value: u32);
    /// A call of a function of the module.
    fn call(&mut self, at: (u32, &Operator<'_>), callee: FuncIdx, args: &[Value]);
}

struct Frame {
    base: usize,
    results: usize,
    params: usize,
    kind: BlockKind,
    /// Its position in the facts.
    index: usize,
}

/// A local's value and when it was set.
#[derive(Clone, Copy)]
struct Local {
    value: Value,
    set: u64,
}

struct Walk<'m, S> {
    module: &'m Module,
    facts: &'m FuncFacts,
    sink: S,
    stack: Vec<Value>,
    frames: Vec<Frame>,
    locals: Vec<Local>,
    /// When each of 64 classes of locals was last made unknown.
    killed: [u64; 64],
    clock: u64,
    opened: usize,
}

/// Walks a defined function; `params` are constants that all callers pass. Gives the sink back.
pub(crate) fn walk<S: Sink>(module: &Module, func: FuncIdx, params: &[Value], sink: S) -> S {
    let (Some(facts), Some(body)) = (module.facts(func), module.body(func)) else { return sink };
    let count = body.locals().map(|(count, _)| count as usize).sum::<usize>();
    let own = module.func_type(func);
    let mut locals: Vec<Local> = (0..own.params.len())
        .map(|i| Local { value: params.get(i).copied().flatten(), set: 1 })
        .collect();
    locals.resize(locals.len() + count, Local { value: Some(0), set: 1 });
    let mut walk = Walk {
        module,
        facts,
        sink,
        stack: Vec::new(),
        frames: Vec::new(),
        locals,
        killed: [0; 64],
        clock: 1,
        opened: 0,
    };
    walk.open(BlockKind::Func, 0, own.results.len());
    walk.run(body.operators());
    walk.sink
}

impl<S: Sink> Walk<'_, S> {
    fn run(&mut self, mut reader: OperatorsReader<'_>) {
        while !reader.eof() {
            // The body is valid: an error would end it like its end.
            let Ok((op, offset)) = reader.read_with_offset() else { return };
            self.clock += 1;
            self.step((offset as u32, &op));
        }
    }

    fn open(&mut self, kind: BlockKind, params: usize, results: usize) {
        let base = self.stack.len().saturating_sub(params);
        self.frames.push(Frame { base, results, params, kind, index: self.opened });
        self.opened += 1;
    }

    fn pop(&mut self) -> Value {
        let base = self.frames.last().map_or(0, |frame| frame.base);
        // Below the base the code is unreachable.
        if self.stack.len() > base { self.stack.pop().flatten() } else { None }
    }

    fn escape(&mut self, at: (u32, &Operator<'_>), value: Value) {
        if let Some(value) = value {
            self.sink.escape(at, value);
        }
    }

    fn take(&mut self, at: (u32, &Operator<'_>), count: usize) {
        for _ in 0..count {
            let value = self.pop();
            self.escape(at, value);
        }
    }

    fn give(&mut self, count: usize) {
        self.stack.resize(self.stack.len() + count, None);
    }

    /// Makes the locals that a block writes unknown.
    fn kill(&mut self, index: usize) {
        let written = self.facts.blocks.get(index).map_or(u64::MAX, |block| block.written);
        for (class, killed) in self.killed.iter_mut().enumerate() {
            if written >> class & 1 == 1 {
                *killed = self.clock;
            }
        }
    }

    fn local(&self, index: u32) -> Value {
        let local = self.locals.get(index as usize)?;
        (local.set > self.killed[index as usize % 64]).then_some(local.value)?
    }

    fn set(&mut self, index: u32, value: Value) {
        if let Some(local) = self.locals.get_mut(index as usize) {
            *local = Local { value, set: self.clock };
        }
    }

    /// Code up to the next `else` or `end` cannot be reached.
    fn unreachable(&mut self) {
        let base = self.frames.last().map_or(0, |frame| frame.base);
        self.stack.truncate(base);
    }

    fn block_type(&self, ty: BlockType) -> (usize, usize) {
        match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(ty) => match self.module.types().get(ty as usize) {
                Some(ty) => (ty.params.len(), ty.results.len()),
                None => (0, 0),
            },
        }
    }

    fn step(&mut self, at: (u32, &Operator<'_>)) {
        match *at.1 {
            Operator::I32Const { value } => self.stack.push(Some(value as u32)),
            Operator::LocalGet { local_index } => self.stack.push(self.local(local_index)),
            Operator::LocalSet { local_index } => {
                let value = self.pop();
                self.set(local_index, value);
            }
            Operator::LocalTee { local_index } => {
                let value = self.pop();
                self.set(local_index, value);
                self.stack.push(value);
            }
            Operator::Drop => {
                self.pop();
            }
            Operator::I32Add => self.fold(at, u32::wrapping_add),
            Operator::I32Sub => self.fold(at, u32::wrapping_sub),
            Operator::I32Mul => self.fold(at, u32::wrapping_mul),
            Operator::I32And => self.fold(at, |a, b| a & b),
            Operator::I32Or => self.fold(at, |a, b| a | b),
            Operator::I32Shl => self.fold(at, u32::wrapping_shl),
            Operator::MemoryFill { mem: 0 } => {
                let (len, value, start) = (self.pop(), self.pop(), self.pop());
                self.escape(at, value);
                self.sink.bulk(at, start, len, true);
            }
            Operator::MemoryCopy { dst_mem, src_mem } => {
                let (len, from, to) = (self.pop(), self.pop(), self.pop());
                if dst_mem == 0 {
                    self.sink.bulk(at, to, len, true);
                }
                if src_mem == 0 {
                    self.sink.bulk(at, from, len, false);
                }
            }
            Operator::MemoryInit { mem: 0, .. } => {
                let (len, _, to) = (self.pop(), self.pop(), self.pop());
                self.sink.bulk(at, to, len, true);
            }
            _ => match (memarg(at.1), fixed_arity(at.1)) {
                (Some(memarg), Some((takes, gives))) => {
                    self.memory(at, memarg, takes as usize, gives as usize)
                }
                (None, Some((takes, gives))) => {
                    self.take(at, takes as usize);
                    self.give(gives as usize);
                    // `unreachable` takes and gives nothing.
                    if matches!(at.1, Operator::Unreachable) {
                        self.unreachable();
                    }
                }
                (_, None) => self.control(at),
            },
        }
    }

    fn fold(&mut self, at: (u32, &Operator<'_>), op: fn(u32, u32) -> u32) {
        match (self.pop(), self.pop()) {
            (Some(b), Some(a)) => self.stack.push(Some(op(a, b))),
            (b, a) => {
                self.escape(at, a);
                self.escape(at, b);
                self.stack.push(None);
            }
        }
    }

    fn memory(
        &mut self,
        at: (u32, &Operator<'_>),
        memarg: prova_module::MemArg,
        takes: usize,
        gives: usize,
    ) {
        for _ in 1..takes {
            let value = self.pop();
            self.escape(at, value);
        }
        let base = self.pop();
        if memarg.target == MemArgTarget::Memory(0) {
            self.sink.access(at, base, memarg.offset);
        }
        self.give(gives);
    }

    /// Operators whose operands depend on types.
    fn control(&mut self, at: (u32, &Operator<'_>)) {
        match at.1 {
            Operator::Block { blockty } => self.enter(at, BlockKind::Block, *blockty),
            Operator::Loop { blockty } => self.enter(at, BlockKind::Loop, *blockty),
            Operator::If { blockty } => {
                self.take(at, 1);
                self.enter(at, BlockKind::If, *blockty);
            }
            Operator::TryTable { try_table } => self.enter(at, BlockKind::TryTable, try_table.ty),
            Operator::Else => self.else_(at),
            Operator::End => self.end(at),
            Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::Throw { .. }
            | Operator::ThrowRef => {
                let base = self.frames.last().map_or(0, |frame| frame.base);
                let rest = self.stack.len().saturating_sub(base);
                self.take(at, rest);
                self.unreachable();
            }
            // Values that the label takes stay where they are.
            Operator::BrIf { .. } => self.take(at, 1),
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                let ty = self.module.func_type(FuncIdx(*function_index));
                let (takes, gives) = (ty.params.len(), ty.results.len());
                let mut args: Vec<Value> = (0..takes).map(|_| self.pop()).collect();
                args.reverse();
                self.sink.call(at, FuncIdx(*function_index), &args);
                self.give(gives);
                if matches!(at.1, Operator::ReturnCall { .. }) {
                    self.unreachable();
                }
            }
            Operator::CallIndirect { type_index, .. } | Operator::CallRef { type_index } => {
                self.call_through(at, *type_index);
            }
            Operator::ReturnCallIndirect { type_index, .. }
            | Operator::ReturnCallRef { type_index } => {
                self.call_through(at, *type_index);
                self.unreachable();
            }
            // What is left works on references: no constant is lost by forgetting the stack of this block.
            _ => {
                let base = self.frames.last().map_or(0, |frame| frame.base);
                let rest = self.stack.len().saturating_sub(base);
                self.take(at, rest);
            }
        }
    }

    fn call_through(&mut self, at: (u32, &Operator<'_>), ty: u32) {
        let Some(ty) = self.module.types().get(ty as usize) else { return };
        let (takes, gives) = (ty.params.len(), ty.results.len());
        self.take(at, takes + 1);
        self.give(gives);
    }

    fn enter(&mut self, at: (u32, &Operator<'_>), kind: BlockKind, ty: BlockType) {
        let (params, results) = self.block_type(ty);
        if params > 0 && kind != BlockKind::Block {
            self.take(at, params);
            self.give(params);
        }
        self.open(kind, params, results);
        if kind == BlockKind::Loop {
            self.kill(self.opened - 1);
        }
    }

    fn else_(&mut self, at: (u32, &Operator<'_>)) {
        let Some((base, params, index)) =
            self.frames.last().map(|frame| (frame.base, frame.params, frame.index))
        else {
            return;
        };
        let rest = self.stack.len().saturating_sub(base);
        self.take(at, rest);
        self.give(params);
        self.kill(index);
    }

    fn end(&mut self, at: (u32, &Operator<'_>)) {
        let Some(frame) = self.frames.last() else { return };
        let (base, results, index) = (frame.base, frame.results, frame.index);
        let joins = frame.kind != BlockKind::Loop && frame.kind != BlockKind::Block
            || self.facts.blocks.get(index).is_none_or(|block| block.branched);
        if joins {
            let rest = self.stack.len().saturating_sub(base);
            self.take(at, rest);
            self.give(results);
            self.kill(index);
        } else {
            // Nothing but the code before comes here; what is missing was unreachable.
            self.stack.resize(base + results, None);
        }
        self.frames.pop();
    }
}
