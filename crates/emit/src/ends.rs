//! The ends of blocks: terminators → branches, arms, tables, calls with handlers.

use crate::caught;
use crate::piece::{Kind, Piece};
use crate::shape::{Done, EXIT, Shape, Task};
use crate::trees::Step;
use crate::{EmitReason, Style, code};
use prova_module::{Opcode, ValType};
use prova_ssa::flow::NONE;
use prova_ssa::{Block, Call, Def, Edge, Imm, Inst, List, Op, Terminator, Value};
use wasm_encoder::{BlockType, Instruction};

impl Shape<'_> {
    /// A block's own code.
    pub(super) fn node(&mut self, block: Block, next: u32) -> Done {
        let trees = self.trees;
        let all = trees.steps(block);
        let (steps, tail) = all.split_at(all.len() - trees.tail(block));
        self.steps(steps)?;
        match self.body.block(block).terminator {
            Terminator::Jump(edge) => {
                let carried = self.steps(tail)?;
                self.way(&edge, 0, next, &carried)?;
            }
            Terminator::Branch { then, otherwise, .. } => {
                self.steps(tail)?;
                self.branch(then, otherwise, next);
            }
            Terminator::Null { null, non_null, .. } => {
                let label = self.simple(&null);
                let around = label.is_none().then(|| self.label());
                if let Some(around) = around {
                    self.push(Piece::Open(Kind::Block, around, BlockType::Empty));
                }
                self.steps(tail)?;
                self.null(label.or(around), around.map(|_| null), non_null, next);
            }
            Terminator::Cast { .. } => return Err(EmitReason::Cast),
            Terminator::Table { edges, targets, .. } => {
                let body = self.body;
                self.table(tail, body.edges(edges), body.targets(targets), next)?;
            }
            Terminator::Invoke { call, normal, handler } => {
                self.handled(handler.block);
                self.invoke(block, tail, call, &normal, next)?;
            }
            Terminator::Throw { opcode, imm, handler, .. } => {
                if let Some(handler) = handler {
                    self.handled(handler.block);
                }
                self.throw(block, tail, opcode, imm, handler.is_some())?;
            }
            Terminator::Catch { .. } => {}
            Terminator::Return(values) => {
                self.steps(tail)?;
                let values = self.body.operands(values);
                match (next == EXIT, values.is_empty(), self.depth()) {
                    (true, true, _) => {}
                    (true, false, 0) => self.is_left = true,
                    (..) => {
                        self.instruction(&Instruction::Return);
                        self.push(Piece::Stop);
                    }
                }
            }
            Terminator::TailCall(call) => {
                self.steps(tail)?;
                self.call(call)?;
                self.push(Piece::Stop);
            }
            Terminator::Unreachable => {
                self.steps(tail)?;
                self.instruction(&Instruction::Unreachable);
                self.push(Piece::Stop);
            }
        }
        Ok(())
    }

    /// A call in the `try_table` that is open, which ends behind it.
    fn invoke(
        &mut self,
        block: Block,
        tail: &[Step],
        call: Call,
        normal: &Edge,
        next: u32,
    ) -> Done {
        self.steps(tail)?;
        self.give(block)?;
        self.call(call)?;
        let payloads = self.results(&call)?;
        self.carry_out(normal, payloads, &[])?;
        self.push(Piece::End);
        self.goto(normal, next);
        Ok(())
    }

    /// A throw; where it is `handled`, in the `try_table` that is open.
    fn throw(
        &mut self,
        block: Block,
        tail: &[Step],
        opcode: Opcode,
        imm: Imm,
        handled: bool,
    ) -> Done {
        self.steps(tail)?;
        self.give(block)?;
        self.raw(opcode, imm)?;
        self.push(Piece::Stop);
        if handled {
            self.push(Piece::End);
            self.push(Piece::Guard);
        }
        Ok(())
    }

    /// Writes the parameters of the handlers around the end of a block that need it; its operands
    /// lie on the stack.
    fn give(&mut self, block: Block) -> Done {
        let mut moves = Vec::new();
        caught::given(self.body, self.trees, block, |param, arg| {
            if caught::differs(self.trees, self.locals, param, arg) {
                moves.push((self.locals.of(param), param, arg));
            }
        });
        moves.sort_unstable();
        for &(_, _, arg) in &moves {
            self.get(arg)?;
        }
        moves.iter().rev().for_each(|&(_, param, _)| self.set(param));
        Ok(())
    }

    fn raw(&mut self, opcode: Opcode, imm: Imm) -> Done {
        self.last = self.code.len() as u32;
        code::write(opcode, imm, &mut self.code).ok_or(EmitReason::Immediates(opcode))
    }

    fn call(&mut self, call: Call) -> Done {
        self.raw(call.opcode, call.imm)
    }

    /// How many results a call has.
    fn results(&self, call: &Call) -> Result<u32, EmitReason> {
        let bad = EmitReason::Immediates(call.opcode);
        let ty = super::callee(self.module, call).ok_or(bad)?;
        Ok(ty.results.len() as u32)
    }

    /// A jump without moves that needs a branch: its label.
    fn simple(&self, edge: &Edge) -> Option<u32> {
        self.branch_label(edge).filter(|_| !self.moves(edge))
    }

    fn is_next(&self, edge: &Edge, next: u32) -> bool {
        let (to, label) = (edge.block.as_u32(), self.branch_label(edge));
        self.style != Style::Plain && to == next && label == Some(2 * to)
    }

    /// The condition lies on the stack.
    fn branch(&mut self, then: Edge, otherwise: Edge, next: u32) {
        match self.simple(&then) {
            Some(label) => {
                let both = self.is_next(&then, next) && self.is_next(&otherwise, next);
                if both && !self.moves(&otherwise) {
                    self.instruction(&Instruction::Drop);
                    return;
                }
                self.push(Piece::BrIf(label));
                self.tasks.push(Task::Way(otherwise, 0, next));
            }
            None => {
                let label = self.label();
                self.push(Piece::Open(Kind::If, label, BlockType::Empty));
                self.tasks.push(Task::Otherwise(otherwise, next));
                self.tasks.push(Task::Way(then, 0, next));
            }
        }
    }

    /// After the first arm of an `if`.
    pub(super) fn otherwise(&mut self, edge: Edge, next: u32) {
        let is_empty = self.is_next(&edge, next) && !self.moves(&edge);
        if is_empty || !self.falls() {
            self.push(Piece::End);
            if !is_empty {
                self.tasks.push(Task::Way(edge, 0, next));
            }
            return;
        }
        self.push(Piece::Else);
        self.tasks.push(Task::Piece(Piece::End));
        self.tasks.push(Task::Way(edge, 0, next));
    }

    /// The reference lies on the stack. An edge that is taken if it is null stands behind a
    /// separate block.
    fn null(&mut self, label: Option<u32>, null: Option<Edge>, non_null: Edge, next: u32) {
        label.into_iter().for_each(|label| self.push(Piece::BrOnNull(label)));
        match null {
            None => self.tasks.push(Task::Way(non_null, 1, next)),
            Some(null) => {
                self.tasks.push(Task::Way(null, 0, next));
                self.tasks.push(Task::Piece(Piece::End));
                self.tasks.push(Task::Way(non_null, 1, NONE));
            }
        }
    }

    fn table(&mut self, tail: &[Step], edges: &[Edge], targets: &[u32], next: u32) -> Done {
        let mut labels = Vec::new();
        let mut split = Vec::new();
        for edge in edges {
            labels.push(match self.simple(edge).filter(|_| self.style != Style::Plain) {
                Some(label) => label,
                None => {
                    let label = self.label();
                    split.push((label, *edge));
                    label
                }
            });
        }
        for &(label, _) in split.iter().rev() {
            self.push(Piece::Open(Kind::Block, label, BlockType::Empty));
        }
        self.steps(tail)?;
        let targets = targets.iter().filter_map(|&at| labels.get(at as usize).copied());
        self.push(Piece::Table(targets.collect()));
        for (at, &(_, edge)) in split.iter().enumerate().rev() {
            let next = if at + 1 == split.len() { next } else { NONE };
            self.tasks.push(Task::Way(edge, 0, next));
            self.tasks.push(Task::Piece(Piece::End));
        }
        Ok(())
    }

    /// Opens the `try_table` of a handler, with the clauses of those around it behind its own.
    fn handled(&mut self, handler: Block) {
        let (mut clauses, mut at) = (Vec::new(), Some(handler));
        while let Some(block) = at {
            at = None;
            if let Terminator::Catch { clauses: list, outer } = self.body.block(block).terminator {
                let first = self.landings.first(block);
                for (number, clause) in (first..).zip(self.body.clauses(list)) {
                    clauses.push((clause.tag.map(|tag| tag.0), clause.with_ref, 2 * number));
                }
                at = outer.map(|edge| edge.block);
            }
        }
        self.push(Piece::Try(clauses.into()));
    }

    /// The steps of a list, whose parameters of a jump's target lie on the stack afterwards.
    pub(super) fn steps(&mut self, steps: &[Step]) -> Result<Vec<Value>, EmitReason> {
        let mut carried = Vec::new();
        for &step in steps {
            match step {
                Step::Inst(inst) | Step::Const(inst) => self.operator(inst)?,
                Step::Get(value) => {
                    if self.trees.uses.count(value) == 1 && self.is_param(value) {
                        self.only.push(self.code.len() as u32);
                    }
                    self.get(value)?;
                }
                Step::Set(value) => self.set(value),
                Step::Tee(value) => self.tee(value),
                Step::Drop => self.instruction(&Instruction::Drop),
                Step::Carry(param) => carried.push(param),
            }
        }
        Ok(carried)
    }

    fn is_param(&self, value: Value) -> bool {
        matches!(self.body.value(value).def, Def::Param(..))
    }

    pub(super) fn operator(&mut self, inst: Inst) -> Done {
        let data = self.body.inst(inst);
        match data.op {
            // A reference that cannot be null needs no test at any place.
            Op::Wasm(Opcode::RefAsNonNull) if self.is_non_null(data.args) => Ok(()),
            Op::Wasm(opcode) => self.raw(opcode, data.imm),
            Op::Charge | Op::Poll => Ok(()),
        }
    }

    fn is_non_null(&self, operands: List<Value>) -> bool {
        let types = self.body.operands(operands).iter().map(|&value| self.body.value(value).ty);
        types.into_iter().all(|ty| matches!(ty, ValType::Ref(ty) if !ty.is_nullable()))
    }
}
