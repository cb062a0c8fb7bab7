//! A debugger's view of the abstract machine: asked before each operator, it sees the frames of the
//! activation with their locals and operands, globals and memories.
//!
//! 1. Without a debugger nothing here is called; with one that changes no memory a run does what it
//!    does without.
//! 2. A frame's return address is where its function goes on: the operator behind its call.
//!
//! Limits: a host function that calls back starts another activation, and the frames below it are
//! not seen. A frame that a tail call of a host function has replaced is not shown. Locals and
//! globals are read, not written.

use crate::decode::What;
use crate::machine::{Frame, Machine};
use crate::shown;
use crate::value::Value;
use prova_module::{FuncIdx, GlobalIdx, MemoryIdx, Module};
use prova_runtime::{InstanceAddr, MemoryAddr, Trap, TrapKind};

/// Asked by [`Reference`](crate::Reference) while it executes.
pub trait Debugger: Send + Sync {
    /// Called before each step: an operator, or several that only open, divide or end blocks.
    ///
    /// # Errors
    /// What ends the call as a trap.
    fn before_step(&self, paused: &mut Paused<'_, '_>) -> Result<(), TrapKind>;

    /// Called when an operator has trapped and its frame is still there.
    fn at_trap(&self, paused: &mut Paused<'_, '_>, trap: &Trap);
}

/// An activation between two steps.
pub struct Paused<'m, 's> {
    machine: &'m mut Machine<'s>,
}

/// A frame, as a debugger names it.
#[derive(Clone, Debug)]
pub struct PausedFrame {
    /// The instance.
    pub instance: InstanceAddr,
    /// Its module.
    pub module: Module,
    /// The function.
    pub func: FuncIdx,
    /// The module offset of the operator to be executed, in the innermost frame; of that behind the
    /// call in others.
    pub pc: u32,
}

impl<'m, 's> Paused<'m, 's> {
    pub(crate) fn new(machine: &'m mut Machine<'s>) -> Paused<'m, 's> {
        Paused { machine }
    }

    /// The module whose code is executed.
    pub fn module(&self) -> &Module {
        &self.machine.frame.code.module
    }

    /// The function that is executed.
    pub fn func(&self) -> FuncIdx {
        self.machine.frame.code.func
    }

    /// The module offsets of the operators that the step executes, in order.
    pub fn offsets(&self) -> impl Iterator<Item = u32> {
        let Frame { code, at, .. } = &self.machine.frame;
        let end = match code.instrs.get(*at).map(|instr| instr.what) {
            Some(What::Free { end, .. }) => end as usize,
            Some(What::Step(_)) | None => at + 1,
        };
        (*at..end).map_while(|position| Some(code.instrs.get(position)?.offset))
    }

    /// How many frames there are.
    pub fn depth(&self) -> usize {
        self.shown().count()
    }

    /// The frames, the innermost first.
    pub fn frames(&self) -> impl Iterator<Item = PausedFrame> {
        self.shown().enumerate().map(|(i, (frame, _))| PausedFrame {
            instance: frame.instance,
            module: frame.code.module.clone(),
            func: frame.code.func,
            pc: frame.pc(i > 0),
        })
    }

    /// The bytes of a local in a frame, 0 being the innermost: 4, 8 or 16, the lowest first.
    pub fn local(&self, frame: usize, local: usize) -> Option<Vec<u8>> {
        let (frame, _) = self.shown().nth(frame)?;
        frame.locals.get(local).map(|value| value.bytes())
    }

    /// The text of a local in a frame, an object with what it holds.
    pub fn local_text(&self, frame: usize, local: usize) -> Option<String> {
        let (frame, _) = self.shown().nth(frame)?;
        Some(self.text(frame, *frame.locals.get(local)?))
    }

    /// The same of an operand, 0 being the one on top.
    pub fn operand_text(&self, frame: usize, operand: usize) -> Option<String> {
        let (frame, top) = self.shown().nth(frame)?;
        let values = self.machine.stack.values().get(frame.height..top)?;
        Some(self.text(frame, *values.iter().rev().nth(operand)?))
    }

    /// The same of a global of a frame's module.
    pub fn global_text(&self, frame: usize, global: usize) -> Option<String> {
        let value = self.global_value(frame, global)?;
        let (frame, _) = self.shown().nth(frame)?;
        Some(self.text(frame, value))
    }

    fn text(&self, frame: &Frame, value: Value) -> String {
        shown::text(self.machine.store, (frame.instance, &frame.code.module), value)
    }

    /// The bytes of an operand in a frame, 0 being the one on top.
    pub fn operand(&self, frame: usize, operand: usize) -> Option<Vec<u8>> {
        let (frame, top) = self.shown().nth(frame)?;
        let values = self.machine.stack.values().get(frame.height..top)?;
        values.iter().rev().nth(operand).map(|value| value.bytes())
    }

    /// The bytes of a global of a frame's module.
    pub fn global(&self, frame: usize, global: usize) -> Option<Vec<u8>> {
        Some(self.global_value(frame, global)?.bytes())
    }

    fn global_value(&self, frame: usize, global: usize) -> Option<Value> {
        let (frame, _) = self.shown().nth(frame)?;
        let store = &*self.machine.store;
        let index = GlobalIdx(u32::try_from(global).ok()?);
        let module = &frame.code.module;
        let ty = module.types().marked(module.global(index)?.val);
        let address = store.instance(frame.instance).global_addr(index);
        let mut cells = store.global_get(address).into_iter();
        Some(Value::read(ty, &mut cells))
    }

    /// At most `most` bytes of a memory of the innermost frame's instance, from `at` on; `None`: it
    /// is not there.
    pub fn read_memory(&self, memory: usize, at: usize, most: usize) -> Option<Vec<u8>> {
        let memory = self.memory(memory)?;
        let store = &*self.machine.store;
        let left = store.memory(memory).len_bytes().checked_sub(at as u64)?;
        let mut bytes = vec![0; usize::try_from(left).map_or(most, |left| left.min(most))];
        store.memory_read(memory, at as u64, &mut bytes).then_some(bytes)
    }

    /// Writes bytes of such a memory; `None`, and nothing, if they are not all there.
    pub fn write_memory(&mut self, memory: usize, at: usize, bytes: &[u8]) -> Option<()> {
        let memory = self.memory(memory)?;
        self.machine.store.memory_write(memory, at as u64, bytes).then_some(())
    }

    fn memory(&self, memory: usize) -> Option<MemoryAddr> {
        let index = MemoryIdx(u32::try_from(memory).ok()?);
        let frame = &self.machine.frame;
        frame.code.module.memory(index)?;
        Some(self.machine.store.instance(frame.instance).memory_addr(index))
    }

    /// The frames that have not been replaced, the innermost first, each with the height of the
    /// operand stack above its own operands.
    fn shown(&self) -> impl Iterator<Item = (&Frame, usize)> {
        let mut top = self.machine.stack.height();
        let frames = self.machine.frames_outwards().map(move |frame| {
            let above = std::mem::replace(&mut top, frame.height);
            (frame, above)
        });
        frames.filter(|(frame, _)| !frame.replaced)
    }
}

impl Frame {
    /// The module offset of the frame's operator; of the one `behind` it, which a frame that waits
    /// goes on at.
    fn pc(&self, behind: bool) -> u32 {
        let instrs = &self.code.instrs;
        let instr = instrs.get(self.at + usize::from(behind)).or(instrs.last());
        instr.map_or(0, |instr| instr.offset)
    }
}

impl Value {
    /// The value as memory would hold it; a reference as its cell.
    fn bytes(self) -> Vec<u8> {
        match self {
            Value::I32(bits) | Value::F32(bits) => bits.to_le_bytes().to_vec(),
            Value::I64(bits) | Value::F64(bits) => bits.to_le_bytes().to_vec(),
            Value::V128(bits) => bits.to_le_bytes().to_vec(),
            Value::FuncRef(cell)
            | Value::ExternRef(cell)
            | Value::ExnRef(cell)
            | Value::AnyRef(cell) => cell.to_le_bytes().to_vec(),
        }
    }
}
