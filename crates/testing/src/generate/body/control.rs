//! Structured control of a generated body: regions with parameters and results, branches with
//! values, calls.
//!
//! `mod.rs` has the state and its invariants B1 to B3.

use super::{APPLY, Body, IMPORTED, Ty};
use std::borrow::Cow;
use wasm_encoder::Instruction;

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    Func,
    Block,
    /// A loop; `true` if its header counts, so that branches to it need not.
    Loop(bool),
    /// An `if` before its `else`.
    If,
    /// The part after `else`.
    Else,
    /// A `try_table`.
    Try,
}

/// An open region.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    /// The height of the operand stack below its parameters.
    pub(super) base: usize,
    pub(super) params: Vec<Ty>,
    pub(super) results: Vec<Ty>,
}

impl Frame {
    /// The types of the values that a branch to its label takes.
    pub(super) fn label(&self) -> &[Ty] {
        match self.kind {
            FrameKind::Loop(_) => &self.params,
            FrameKind::Func
            | FrameKind::Block
            | FrameKind::If
            | FrameKind::Else
            | FrameKind::Try => &self.results,
        }
    }

    /// Whether a branch to its label has to count.
    pub(super) fn must_count(&self) -> bool {
        self.kind == FrameKind::Loop(false)
    }
}

impl Body<'_> {
    /// Opens a block, loop or if, whose parameters are taken from the stack.
    pub(super) fn open(&mut self) {
        let params = if self.rng.percent(40) { self.block_params() } else { Vec::new() };
        let results = if self.rng.percent(40) { Vec::new() } else { self.type_list(3) };
        let ty = self.types.block(&params, &results);
        let kind = match self.rng.weighted(&[45, 25, 30]) {
            0 => {
                self.emit(&Instruction::Block(ty));
                FrameKind::Block
            }
            1 => {
                self.emit(&Instruction::Loop(ty));
                FrameKind::Loop(self.rng.percent(50))
            }
            _ => {
                self.condition();
                self.stack.pop();
                self.emit(&Instruction::If(ty));
                FrameKind::If
            }
        };
        let base = self.stack.len() - params.len();
        self.frames.push(Frame { kind, base, params, results });
        if kind == FrameKind::Loop(true) {
            self.counting_header();
        }
    }

    /// Up to two values on top of the stack, for a block to take.
    pub(super) fn block_params(&mut self) -> Vec<Ty> {
        let take = self.rng.below(3);
        while self.available() < take || self.rng.percent(25) {
            let ty = self.ty();
            self.push(ty);
        }
        self.stack[self.stack.len() - take..].to_vec()
    }

    /// At a loop's header: return when the counter is used up (it may be below zero), else count
    /// (B2).
    fn counting_header(&mut self) {
        self.emit(&Instruction::LocalGet(self.counter));
        self.emit(&Instruction::I32Const(0));
        self.emit(&Instruction::I32LeS);
        self.emit(&Instruction::If(wasm_encoder::BlockType::Empty));
        let results = self.results.clone();
        for ty in results {
            self.push(ty);
            self.stack.pop();
        }
        self.emit(&Instruction::Return);
        self.emit(&Instruction::End);
        self.emit(&Instruction::LocalGet(self.counter));
        self.emit(&Instruction::I32Const(-1));
        self.emit(&Instruction::I32Add);
        self.emit(&Instruction::LocalSet(self.counter));
    }

    /// Ends the innermost frame, or goes on with its `else`.
    pub(super) fn close(&mut self) {
        let Some(frame) = self.frames.last().cloned().filter(|f| f.kind != FrameKind::Func) else {
            return;
        };
        if matches!(frame.kind, FrameKind::Loop(_)) && self.rng.percent(70) {
            self.br_if_to(0);
        }
        self.fit(&frame.results);
        let base = frame.base;
        self.stack.truncate(base);
        let same = frame.params == frame.results;
        if frame.kind == FrameKind::If && !(same && self.rng.percent(70)) {
            self.emit(&Instruction::Else);
            self.stack.extend_from_slice(&frame.params);
            if let Some(frame) = self.frames.last_mut() {
                frame.kind = FrameKind::Else;
            }
            return;
        }
        self.emit(&Instruction::End);
        self.stack.extend_from_slice(&frame.results);
        self.frames.pop();
    }

    /// Pushes an i32, a comparison most often, and takes nothing that is on the stack already.
    pub(super) fn condition(&mut self) {
        let before = std::mem::replace(&mut self.barrier, self.stack.len());
        match self.rng.below(5) {
            0 => self.push(Ty::I32),
            1 => self.constant(Ty::I32),
            2 => {
                self.push(Ty::I32);
                self.emit(&Instruction::I32Eqz);
            }
            _ => {
                if !self.palette_op_giving(Ty::I32) {
                    self.push(Ty::I32);
                }
            }
        }
        self.barrier = before;
    }

    pub(super) fn branch(&mut self) {
        match self.rng.weighted(&[60, 22, 9, 7, 2]) {
            0 => self.br_if(),
            1 => self.br_table(),
            2 => self.br(),
            3 => {
                let results = self.results.clone();
                self.need(&results);
                self.emit(&Instruction::Return);
                self.dead();
            }
            _ => {
                self.emit(&Instruction::Unreachable);
                self.dead();
            }
        }
    }

    /// After a terminator: mostly the frame ends here, else dead code follows.
    pub(super) fn dead(&mut self) {
        let base = self.base();
        self.stack.truncate(base);
        if self.rng.percent(70) {
            self.close();
        }
    }

    /// A label by relative depth: what it takes, and whether a branch to it has to count.
    pub(super) fn label(&self, relative: usize) -> (Vec<Ty>, bool) {
        let frame = &self.frames[self.frames.len() - 1 - relative];
        (frame.label().to_vec(), frame.must_count())
    }

    /// The relative depth of some label.
    pub(super) fn some_label(&mut self) -> usize {
        let depth = self.frames.len();
        if self.rng.percent(50) { self.rng.below(depth.min(2)) } else { self.rng.below(depth) }
    }

    fn br_if(&mut self) {
        let relative = self.some_label();
        self.br_if_to(relative);
    }

    fn br_if_to(&mut self, relative: usize) {
        let (types, counts) = self.label(relative);
        self.need(&types);
        self.condition();
        if counts {
            // Not below zero before the count: B2.
            self.emit(&Instruction::LocalGet(self.counter));
            self.emit(&Instruction::I32Const(-1));
            self.emit(&Instruction::I32Add);
            self.emit(&Instruction::LocalTee(self.counter));
            self.emit(&Instruction::I32Const(0));
            self.emit(&Instruction::I32GtS);
            self.emit(&Instruction::I32And);
        }
        self.stack.pop();
        self.emit(&Instruction::BrIf(relative as u32));
    }

    fn br(&mut self) {
        let relative = self.some_label();
        let (types, counts) = self.label(relative);
        if counts {
            return self.br_if_to(relative);
        }
        self.need(&types);
        self.emit(&Instruction::Br(relative as u32));
        self.dead();
    }

    /// A `br_table` over labels that take the same values; never to a loop that does not count
    /// itself.
    fn br_table(&mut self) {
        let relative = self.some_label();
        let (types, counts) = self.label(relative);
        if counts {
            return self.br_if_to(relative);
        }
        let depth = self.frames.len();
        let fits = |&relative: &usize| {
            let frame = &self.frames[depth - 1 - relative];
            frame.label() == types && !frame.must_count()
        };
        let labels: Vec<u32> = (0..depth).filter(fits).map(|relative| relative as u32).collect();
        self.need(&types);
        let count = self.rng.below(5);
        let targets: Vec<u32> = (0..count).map(|_| *self.rng.pick(&labels)).collect();
        let default = *self.rng.pick(&labels);
        self.push(Ty::I32);
        if self.rng.percent(60) {
            self.emit(&Instruction::I32Const(3));
            self.emit(&Instruction::I32And);
        }
        self.stack.pop();
        self.emit(&Instruction::BrTable(Cow::Owned(targets), default));
        self.dead();
    }

    /// A call: direct, through the table, or as the last thing that the function does.
    pub(super) fn call(&mut self) {
        if self.shape.callees.is_empty() {
            return;
        }
        let callee = self.rng.pick(&self.shape.callees).clone();
        let tail = callee.signature.results == self.results && self.rng.percent(25);
        if callee.func == APPLY && self.rng.percent(85) {
            // A reference that can be called as the host does it, most often one that is not null.
            self.push(Ty::I32);
            self.constant(Ty::Ref);
        } else {
            self.need(&callee.signature.params);
        }
        let indirect = callee.func >= IMPORTED && self.rng.percent(30);
        if indirect {
            self.table_index(callee.func);
        }
        let below = self.stack.len() - callee.signature.params.len();
        self.stack.truncate(below);
        let type_index = self.types.index(&callee.signature.params, &callee.signature.results);
        self.emit(&match (indirect, tail) {
            (false, false) => Instruction::Call(callee.func),
            (false, true) => Instruction::ReturnCall(callee.func),
            (true, false) => Instruction::CallIndirect { type_index, table_index: 0 },
            (true, true) => Instruction::ReturnCallIndirect { type_index, table_index: 0 },
        });
        if tail {
            self.dead();
        } else {
            self.stack.extend_from_slice(&callee.signature.results);
        }
    }

    /// The index of a function in table 0, mostly the right one; it stays out of the typed stack.
    fn table_index(&mut self, func: u32) {
        if self.rng.percent(88) {
            self.emit(&Instruction::I32Const((func - IMPORTED) as i32));
        } else {
            self.push(Ty::I32);
            self.stack.pop();
            self.emit(&Instruction::I32Const(7));
            self.emit(&Instruction::I32And);
        }
    }
}
