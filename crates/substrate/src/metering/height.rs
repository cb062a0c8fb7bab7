//! The greatest height of a function's operand stack, as `wasm-instrument` 0.4.0 counts it.
//!
//! It begins at 2 (what a frame costs) and is looked at before each operator, unless the innermost
//! block is behind a branch. Where the count differs from the true height it stays so, since it is
//! consensus: `else` keeps the height and the unreachability of the first arm, `br_table` does not
//! pop its index, and an operator that pops in unreachable code may go below its block.

use super::reader::Reader;
use super::{Module, Why};

/// The cost of a frame beside its locals and operands.
const FRAME: u32 = 2;

/// The effect of an operator on heights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator<'a> {
    /// It pops and pushes these numbers of values.
    Plain(u32, u32),
    /// `block` and `if`, and `loop`, with what they pop and their results.
    Block {
        pops: u32,
        results: u32,
        is_loop: bool,
    },
    Else,
    End,
    Unreachable,
    Br(u32),
    BrIf(u32),
    /// The labels, of which the last is the default.
    BrTable(&'a [u8]),
    Return,
    Call(u32),
    /// The type.
    CallIndirect(u32),
}

impl<'a> Operator<'a> {
    /// Reads the next operator.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Operator<'a>, Why> {
        let op = reader.byte()?;
        Ok(match op {
            0x00 => Operator::Unreachable,
            0x01 => Operator::Plain(0, 0),
            0x02..=0x04 => {
                let results = match reader.byte()? {
                    0x40 => 0,
                    0x7c..=0x7f => 1,
                    _ => return Err("a block has another type".to_owned()),
                };
                Operator::Block { pops: u32::from(op == 0x04), results, is_loop: op == 0x03 }
            }
            0x05 => Operator::Else,
            0x0b => Operator::End,
            0x0c => Operator::Br(reader.unsigned()?),
            0x0d => Operator::BrIf(reader.unsigned()?),
            0x0e => {
                let (from, start) = (reader.rest(), reader.at());
                reader.each(|reader| reader.unsigned().map(drop))?;
                reader.unsigned()?;
                Operator::BrTable(&from[..reader.at() - start])
            }
            0x0f => Operator::Return,
            0x10 => Operator::Call(reader.unsigned()?),
            0x11 => {
                let ty = reader.unsigned()?;
                reader.byte()?;
                Operator::CallIndirect(ty)
            }
            _ => Operator::plain(op, reader)?,
        })
    }

    /// An operator without control flow.
    fn plain(op: u8, reader: &mut Reader<'a>) -> Result<Operator<'a>, Why> {
        match op {
            // Locals and globals; constants of integers.
            0x20..=0x24 | 0x41 | 0x42 => reader.skip_number()?,
            // Loads and stores have an alignment and an offset.
            0x28..=0x3e => {
                reader.skip_number()?;
                reader.skip_number()?;
            }
            0x3f | 0x40 => drop(reader.byte()?),
            0x43 => drop(reader.take(4)?),
            0x44 => drop(reader.take(8)?),
            _ => {}
        }
        let (pops, pushes) = match op {
            0x1a => (1, 0),                                                  // drop
            0x1b => (3, 1),                                                  // select
            0x20 | 0x23 => (0, 1),                                           // get
            0x21 | 0x24 => (1, 0),                                           // set
            0x22 => (1, 1),                                                  // local.tee
            0x28..=0x35 => (1, 1),                                           // loads
            0x36..=0x3e => (2, 0),                                           // stores
            0x3f => (0, 1),                                                  // memory.size
            0x40 => (1, 1),                                                  // memory.grow
            0x41..=0x44 => (0, 1),                                           // constants
            0x45 | 0x50 => (1, 1),                                           // eqz
            0x46..=0x4f | 0x51..=0x66 => (2, 1),                             // comparisons
            0x67..=0x69 | 0x79..=0x7b | 0x8b..=0x91 | 0x99..=0x9f => (1, 1), // of one operand
            0x6a..=0x78 | 0x7c..=0x8a | 0x92..=0x98 | 0xa0..=0xa6 => (2, 1), // of two
            0xa7..=0xc4 => (1, 1),                                           // conversions
            _ => return Err(format!("the original does not know the operator {op:#04x}")),
        };
        Ok(Operator::Plain(pops, pushes))
    }

    /// The function that is called directly.
    pub(super) fn callee(self) -> Option<u32> {
        match self {
            Operator::Call(callee) => Some(callee),
            Operator::Plain(..)
            | Operator::Block { .. }
            | Operator::Else
            | Operator::End
            | Operator::Unreachable
            | Operator::Br(_)
            | Operator::BrIf(_)
            | Operator::BrTable(_)
            | Operator::Return
            | Operator::CallIndirect(_) => None,
        }
    }
}

/// The greatest height in a function with `results` results.
pub(super) fn greatest(code: &[u8], results: u32, module: &Module<'_>) -> Result<u32, Why> {
    let function = Frame { unreachable: false, results, labels: results, from: 0 };
    let mut stack = Stack { height: FRAME, frames: vec![function] };
    let (mut reader, mut greatest) = (Reader::new(code), 0);
    while !reader.is_empty() {
        if !stack.frame(0)?.unreachable {
            greatest = greatest.max(stack.height);
        }
        stack.step(Operator::read(&mut reader)?, results, module)?;
    }
    Ok(greatest)
}

struct Frame {
    /// Behind an operator that does not return.
    unreachable: bool,
    /// The number of values that its end leaves.
    results: u32,
    /// The number of values that a branch to it takes along.
    labels: u32,
    /// The height at its beginning.
    from: u32,
}

struct Stack {
    height: u32,
    frames: Vec<Frame>,
}

impl Stack {
    fn step(&mut self, op: Operator<'_>, results: u32, module: &Module<'_>) -> Result<(), Why> {
        match op {
            Operator::Plain(pops, pushes) => {
                self.pop(pops)?;
                self.push(pushes)
            }
            Operator::Block { pops, results, is_loop } => {
                self.pop(pops)?;
                let labels = if is_loop { 0 } else { results };
                let from = self.height;
                self.frames.push(Frame { unreachable: false, results, labels, from });
                Ok(())
            }
            Operator::Else => Ok(()),
            Operator::End => {
                let frame = self.frames.pop().ok_or("an `end` too many")?;
                self.height = frame.from;
                self.push(frame.results)
            }
            Operator::Unreachable => self.leave(0),
            Operator::Br(label) => {
                let labels = self.frame(label)?.labels;
                self.leave(labels)
            }
            Operator::BrIf(label) => {
                let labels = self.frame(label)?.labels;
                self.pop(labels)?;
                self.pop(1)?;
                self.push(labels)
            }
            Operator::BrTable(bytes) => {
                let labels = self.table_labels(bytes)?;
                self.leave(labels)
            }
            Operator::Return => self.leave(results),
            Operator::Call(callee) => {
                let (params, results) = module.signature(callee)?;
                self.pop(params)?;
                self.push(results)
            }
            Operator::CallIndirect(ty) => {
                let ty = module.types.get(ty as usize);
                let (params, results) = *ty.ok_or("a call has no type")?;
                self.pop(1)?;
                self.pop(params)?;
                self.push(results)
            }
        }
    }

    /// The number of values that branches to the labels of a `br_table` take along; all have the
    /// same.
    fn table_labels(&self, bytes: &[u8]) -> Result<u32, Why> {
        let mut reader = Reader::new(bytes);
        let mut all = Vec::new();
        reader.each(|reader| reader.unsigned().map(|label| all.push(label)))?;
        let default = self.frame(reader.unsigned()?)?.labels;
        for label in all {
            if self.frame(label)?.labels != default {
                return Err("the labels of a `br_table` differ".to_owned());
            }
        }
        Ok(default)
    }

    fn frame(&self, depth: u32) -> Result<&Frame, Why> {
        let place = self.frames.len().checked_sub(depth as usize + 1);
        Ok(place.and_then(|place| self.frames.get(place)).ok_or("a label without a block")?)
    }

    /// Pops, and what follows in this block is unreachable.
    fn leave(&mut self, pops: u32) -> Result<(), Why> {
        self.pop(pops)?;
        self.frames.last_mut().ok_or("code behind the function's end")?.unreachable = true;
        Ok(())
    }

    fn push(&mut self, count: u32) -> Result<(), Why> {
        self.height = self.height.checked_add(count).ok_or("the stack is too high")?;
        Ok(())
    }

    fn pop(&mut self, count: u32) -> Result<(), Why> {
        if count == 0 {
            return Ok(());
        }
        let frame = self.frame(0)?;
        if self.height == frame.from {
            return match frame.unreachable {
                true => Ok(()),
                false => Err("more is popped than was pushed".to_owned()),
            };
        }
        self.height = self.height.checked_sub(count).ok_or("the stack is empty")?;
        Ok(())
    }
}
