//! The code of an edge (G3): its moves, and the way to its target.
//!
//! All arguments are put on the stack before the first parameter is written, so moves in a circle
//! need no extra code.

use crate::Style;
use crate::code::{self, Use};
use crate::piece::Piece;
use crate::shape::{Done, Shape, Task};
use crate::trees::Trees;
use crate::variable::Locals;
use prova_module::ValType;
use prova_ssa::flow::NONE;
use prova_ssa::{ArgKind, Block, Body, Def, Edge, Imm, Terminator, Value};
use wasm_encoder::Instruction;

/// Whether an edge moves anything.
pub(super) fn moves(body: &Body, trees: &Trees, locals: &Locals, edge: &Edge) -> bool {
    let params = body.block(edge.block).params();
    params.zip(body.args(edge)).any(|(param, arg)| {
        let is_moved = |arg| is_moved(trees, locals, param, arg);
        trees.is_live(param) && arg.value().is_none_or(is_moved)
    })
}

/// Whether a value is not where a parameter is.
fn is_moved(trees: &Trees, locals: &Locals, param: Value, arg: Value) -> bool {
    trees.is_remat(arg) || locals.of(arg) != locals.of(param)
}

impl Shape<'_> {
    /// Whether an edge moves anything.
    pub(super) fn moves(&self, edge: &Edge) -> bool {
        let params = self.body.block(edge.block).params();
        params.zip(self.body.args(edge)).any(|(param, arg)| {
            let is_moved = |arg| {
                is_moved(self.trees, self.locals, param, arg) && !self.is_zero_yet(param, arg)
            };
            self.trees.is_live(param) && arg.value().is_none_or(is_moved)
        })
    }

    /// Whether an argument is the zero that its parameter's local has held from the start: nothing
    /// before this place has written it, and no loop leads back to here.
    fn is_zero_yet(&self, param: Value, arg: Value) -> bool {
        let local = self.locals.of(param) as usize;
        let Def::Result(inst, _) = self.body.value(arg).def else { return false };
        let data = self.body.inst(inst);
        let is_zero = self.trees.is_remat(arg) && data.imm == Imm::Bits(0);
        is_zero
            && self.style == Style::Short
            && !self.in_loop()
            && local >= self.module.func_type(self.body.func()).params.len()
            && self.written.get(local) == Some(&false)
    }

    fn local(&mut self, how: Use, local: u32) {
        self.last = self.code.len() as u32;
        if how != Use::Get
            && let Some(written) = self.written.get_mut(local as usize)
        {
            *written = true;
        }
        code::local(how, local, &mut self.code);
    }

    pub(super) fn get(&mut self, value: Value) -> Done {
        if self.trees.is_remat(value)
            && let Def::Result(inst, _) = self.body.value(value).def
        {
            return self.operator(inst);
        }
        let local = self.locals.of(value);
        self.local(Use::Get, local);
        self.non_null(value, local);
        Ok(())
    }

    /// Gives a value that lies on the stack out of its local its type again (A3).
    fn non_null(&mut self, value: Value, local: u32) {
        let held = self.locals.types.get(local as usize).copied();
        if held != Some(self.body.value(value).ty)
            && let ValType::Ref(ty) = self.body.value(value).ty
            && !ty.is_nullable()
        {
            self.instruction(&Instruction::RefAsNonNull);
        }
    }

    pub(super) fn set(&mut self, value: Value) {
        match self.locals.of(value) {
            NONE => self.instruction(&Instruction::Drop),
            local => self.local(Use::Set, local),
        }
    }

    pub(super) fn tee(&mut self, value: Value) {
        let local = self.locals.of(value);
        if local != NONE {
            self.local(Use::Tee, local);
            self.non_null(value, local);
        }
    }

    /// The moves of an edge (G3): payloads and what is carried lie on the stack.
    pub(super) fn carry_out(&mut self, edge: &Edge, payloads: u32, carried: &[Value]) -> Done {
        if edge.args.is_empty() && payloads == 0 && carried.is_empty() {
            return Ok(());
        }
        let body = self.body;
        let (mut sets, mut to_payload) = (Vec::new(), vec![Vec::new(); payloads as usize]);
        let mut moves: Vec<_> = body
            .block(edge.block)
            .params()
            .zip(body.args(edge))
            .filter(|(param, _)| self.trees.is_live(*param))
            .filter(|(param, arg)| match arg.kind() {
                ArgKind::Payload(_) => true,
                ArgKind::Value(arg) if self.trees.is_carried(arg) && !carried.is_empty() => false,
                ArgKind::Value(arg) => {
                    is_moved(self.trees, self.locals, *param, arg) && !self.is_zero_yet(*param, arg)
                }
            })
            .collect();
        // The moves are in the order of locals, not of parameters.
        moves.sort_by_key(|(param, _)| self.locals.of(*param));
        for (param, arg) in moves {
            match arg.kind() {
                ArgKind::Payload(number) => {
                    if let Some(params) = to_payload.get_mut(number as usize) {
                        params.push(param);
                    }
                }
                ArgKind::Value(arg) => {
                    self.get(arg)?;
                    sets.push(param);
                }
            }
        }
        sets.iter().rev().for_each(|&param| self.set(param));
        carried.iter().rev().for_each(|&param| self.set(param));
        for params in to_payload.iter().rev() {
            let Some((&last, more)) = params.split_last() else {
                self.instruction(&Instruction::Drop);
                continue;
            };
            for &param in more {
                let local = self.locals.of(param);
                self.local(Use::Tee, local);
            }
            self.set(last);
        }
        Ok(())
    }

    /// Moves, then the way to an edge's target.
    pub(super) fn way(&mut self, edge: &Edge, payloads: u32, next: u32, carried: &[Value]) -> Done {
        self.carry_out(edge, payloads, carried)?;
        self.goto(edge, next);
        Ok(())
    }

    fn is_inline(&self, edge: &Edge) -> bool {
        !self.is_merge[edge.block.as_u32() as usize]
    }

    pub(super) fn goto(&mut self, edge: &Edge, next: u32) {
        let to = edge.block.as_u32();
        if let Some(label) = self.branch_label(edge) {
            if to != next || label % 2 == 1 || self.style == Style::Plain {
                if self.is_last(to) {
                    self.instruction(&Instruction::Return);
                    self.push(Piece::Stop);
                } else {
                    self.push(Piece::Br(label));
                }
            }
        } else {
            self.tasks.push(Task::Tree(to, next));
        }
    }

    /// Whether a block does nothing but return nothing.
    fn is_last(&self, node: u32) -> bool {
        let block = Block::from_u32(node);
        self.trees.steps(block).is_empty()
            && matches!(self.body.block(block).terminator, Terminator::Return(_))
    }

    /// The label that leads to an edge's target; `None` if its code stands here.
    pub(super) fn branch_label(&self, edge: &Edge) -> Option<u32> {
        let to = edge.block.as_u32();
        let here = self.is_open_loop(to);
        if here { Some(2 * to + 1) } else { (!self.is_inline(edge)).then_some(2 * to) }
    }

    /// Whether a header's loop is open: its merges have been taken when it was.
    fn is_open_loop(&self, node: u32) -> bool {
        self.flow.is_header[node as usize] && self.opened(node)
    }
}
