//! Blocks, branches, returns and calls: the structure of Wasm → labels, jumps, and the moves on
//! their edges.
//!
//! `stack` settles the entries below a region, `moves` orders the moves of an edge, `fuse` makes a
//! condition and its branch one instruction.
//!
//! # Invariants
//! * C1. `frames` are the open blocks that were entered in reachable code, the body first.
//! * C2. At every label (loop, else, an `end` with a branch to it, the `end` of an `if`) the values
//!   of the label are in their home slots; below them S3 of `stack` holds as at region entry.
//! * C3. The body's label is never a target: a branch to it is a return.
//!
//! Worst case: a `br_table` takes one word per target and one stub per distinct label.

use crate::fuse::Condition;
use crate::stack::Place;
use crate::translator::Cx;
use prova_bytecode::Op;
use prova_module::{BlockKind, BlockType, BrTable, FuncIdx, Operator, TypeIdx, ValType};

/// An open block.
#[derive(Debug)]
pub(crate) struct Frame {
    kind: BlockKind,
    ty: BlockType,
    /// Entries below its parameters.
    height: usize,
    /// The home slot of its first parameter or result.
    pub(crate) slot: u16,
    /// For a loop, the word of its label.
    header: u32,
    /// The last of its forward branches: index + 1 into the fixups, or 0.
    fixups: u32,
    /// The conditional jump of an `if` to its `else` or `end`.
    otherwise: Option<(u32, Op)>,
    /// The stub of the current `br_table`, if `stub_stamp` is the current stamp.
    stub: u32,
    stub_stamp: u32,
}

/// A branch to a label whose word is not known yet.
#[derive(Debug)]
pub(crate) struct Fixup {
    /// The first word of the branch.
    at: u32,
    /// Where its offset is.
    place: FixupPlace,
    /// The next one of the same label: index + 1, or 0.
    next: u32,
}

#[derive(Debug)]
pub(crate) enum FixupPlace {
    /// The last operand of an instruction.
    Operand(Op),
    /// A target word of a `br_table`.
    Word(u32),
    /// The target of a handler.
    Handler(u32),
}

impl Cx<'_> {
    /// Translates a control operator; says whether `operator` is one.
    pub(crate) fn control(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::Unreachable => {
                self.emit(Op::Unreachable, &[]);
                self.live = false;
            }
            Operator::Nop => {}
            Operator::Block { blockty } => self.block(blockty),
            Operator::Loop { blockty } => self.loop_(blockty),
            Operator::If { blockty } => self.if_(blockty),
            Operator::Else => self.else_(),
            Operator::End => self.end(),
            Operator::Br { relative_depth } => self.br(relative_depth),
            Operator::BrIf { relative_depth } => self.br_if(relative_depth),
            Operator::BrTable { ref targets } => self.br_table(targets),
            Operator::Return => {
                self.emit_return();
                self.hint();
                self.live = false;
            }
            Operator::Call { function_index } => self.call(FuncIdx(function_index), false),
            Operator::ReturnCall { function_index } => self.call(FuncIdx(function_index), true),
            Operator::CallIndirect { type_index, table_index } => {
                self.call_indirect(TypeIdx(type_index), table_index, false);
            }
            Operator::ReturnCallIndirect { type_index, table_index } => {
                self.call_indirect(TypeIdx(type_index), table_index, true);
            }
            Operator::CallRef { type_index } => self.call_ref(TypeIdx(type_index), false),
            Operator::ReturnCallRef { type_index } => self.call_ref(TypeIdx(type_index), true),
            Operator::BrOnNull { relative_depth } => self.br_on_null(relative_depth),
            Operator::BrOnNonNull { relative_depth } => self.br_on_non_null(relative_depth),
            _ => return false,
        }
        true
    }

    /// R8: nothing is emitted; blocks are counted until the `else` or `end` of the block that
    /// became unreachable.
    pub(crate) fn skip(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. } => self.dead_depth += 1,
            Operator::Else if self.dead_depth == 0 => self.else_(),
            Operator::End => match self.dead_depth.checked_sub(1) {
                Some(depth) => self.dead_depth = depth,
                None => self.end(),
            },
            _ => {}
        }
    }
}

/// Blocks.
impl<'m> Cx<'m> {
    /// Opens the body.
    pub(crate) fn enter_body(&mut self, ty: TypeIdx) {
        self.push_frame(BlockKind::Func, BlockType::FuncType(ty.0), 0);
    }

    fn push_frame(&mut self, kind: BlockKind, ty: BlockType, params: usize) {
        let Some(height) = self.b.stack.height().checked_sub(params) else {
            return self.bug("an empty operand stack");
        };
        let slot = match params {
            0 => self.b.stack.next_home(),
            _ => self.b.stack.get(height).home,
        };
        let header = self.position();
        let (fixups, otherwise, stub, stub_stamp) = (0, None, 0, 0);
        let frame = Frame { kind, ty, height, slot, header, fixups, otherwise, stub, stub_stamp };
        self.b.frames.push(frame);
    }

    /// The parameters of a block type.
    fn params(&self, ty: BlockType) -> &'m [ValType] {
        match ty {
            BlockType::Empty | BlockType::Type(_) => &[],
            BlockType::FuncType(ty) => &self.module.types()[ty as usize].params,
        }
    }

    /// The number of results of a block type.
    fn result_count(&self, ty: BlockType) -> usize {
        match ty {
            BlockType::Empty => 0,
            BlockType::Type(_) => 1,
            BlockType::FuncType(ty) => self.module.types()[ty as usize].results.len(),
        }
    }

    fn push_homes(&mut self, types: &[ValType]) {
        for &ty in types {
            self.b.stack.push_home(ty == ValType::V128);
        }
    }

    fn push_results(&mut self, ty: BlockType) {
        match ty {
            BlockType::Empty => {}
            BlockType::Type(ty) => self.push_homes(&[ty]),
            BlockType::FuncType(ty) => self.push_homes(&self.module.types()[ty as usize].results),
        }
    }

    /// R2 (frozen base): below a region's base every value is home. None stays an alias of a local,
    /// because the region may write the local on some of its paths and not on others, or once per
    /// iteration; none stays a constant, because real programs have none there and what labels
    /// demand is simpler so. Values that go home go home here, before the label and before the
    /// conditional jump (R3).
    pub(crate) fn settle(&mut self, base: usize) {
        while let Some(entry) = self.b.stack.settle_next(base) {
            match entry.place {
                Place::Home => {}
                Place::Local(slot) => self.emit_preserve(entry.home, slot, entry.wide),
                Place::Const { bits, narrow } => self.emit_const(entry.home, bits, narrow),
            }
        }
    }

    fn block(&mut self, ty: BlockType) {
        self.open_block(BlockKind::Block, ty);
    }

    /// Opens a block whose label is its end.
    pub(crate) fn open_block(&mut self, kind: BlockKind, ty: BlockType) {
        let params = self.params(ty).len();
        self.push_frame(kind, ty, params);
        let base = self.b.stack.height().saturating_sub(params);
        self.settle(base);
        self.hint();
    }

    /// R4 for a loop: parameters go home, because the back edge brings others; R2; then the label.
    fn loop_(&mut self, ty: BlockType) {
        let params = self.params(ty).len();
        self.home_top(params);
        let base = self.b.stack.height().saturating_sub(params);
        self.settle(base);
        self.push_frame(BlockKind::Loop, ty, params);
        self.hint();
        self.release();
        self.poll_due = true;
    }

    /// R4 for an `if`: the condition is taken, parameters go home (the `else` arm starts with
    /// them), R2, then the jump.
    fn if_(&mut self, ty: BlockType) {
        let condition = self.condition();
        let params = self.params(ty).len();
        self.home_top(params);
        let base = self.b.stack.height().saturating_sub(params);
        self.settle(base);
        self.push_frame(BlockKind::If, ty, params);
        let jump = self.emit_branch(&condition, false);
        if let Some(frame) = self.b.frames.last_mut() {
            frame.otherwise = Some(jump);
        }
        self.hint();
    }

    fn else_(&mut self) {
        let Some(top) = self.b.frames.len().checked_sub(1) else {
            return self.bug("an else without block");
        };
        if self.live {
            self.home_top(self.result_count(self.b.frames[top].ty));
            self.emit_br(top);
        }
        let frame = &mut self.b.frames[top];
        let (ty, height, otherwise) = (frame.ty, frame.height, frame.otherwise.take());
        self.pin(otherwise);
        self.b.stack.truncate(height);
        self.push_homes(self.params(ty));
        self.live = true;
        self.hint();
    }

    fn end(&mut self) {
        let Some(frame) = self.b.frames.pop() else {
            return self.bug("an end without block");
        };
        if frame.kind == BlockKind::TryTable {
            // The moves to the end label belong to the body of the `try_table`.
            if self.live && frame.fixups != 0 {
                self.home_top(self.result_count(frame.ty));
            }
            self.end_try();
        }
        match frame.kind {
            BlockKind::Func => {
                if self.live {
                    self.hint();
                    self.emit_return();
                }
                self.live = false;
            }
            BlockKind::If => self.join(&frame),
            BlockKind::Block | BlockKind::TryTable if frame.fixups != 0 => self.join(&frame),
            // No branch comes here, so this is no label: values stay where they are.
            BlockKind::Block | BlockKind::Loop | BlockKind::TryTable => {
                if self.live {
                    self.hint();
                }
            }
        }
    }

    /// The end label of a block: results are in their home slots, on every way (C2).
    fn join(&mut self, frame: &Frame) {
        let reached = self.live || frame.fixups != 0 || frame.otherwise.is_some();
        if self.live {
            self.home_top(self.result_count(frame.ty));
        }
        self.pin(frame.otherwise);
        self.pin_fixups(frame.fixups);
        self.b.stack.truncate(frame.height);
        self.live = reached;
        if reached {
            self.push_results(frame.ty);
            self.hint();
        }
    }

    /// Lets a branch of known place come to the current position.
    fn pin(&mut self, branch: Option<(u32, Op)>) {
        self.forget();
        self.release();
        if let Some((at, op)) = branch {
            let offset = i64::from(self.position()) - i64::from(at);
            self.patch(at, op, offset);
        }
    }

    fn pin_fixups(&mut self, mut next: u32) {
        let here = i64::from(self.position());
        while let Some(i) = next.checked_sub(1) {
            let Fixup { at, ref place, next: after } = self.b.fixups[i as usize];
            let offset = here - i64::from(at);
            match *place {
                FixupPlace::Operand(op) => self.patch(at, op, offset),
                FixupPlace::Word(word) => self.patch_target(word, offset),
                FixupPlace::Handler(handler) => {
                    self.b.handlers[handler as usize].target = here as u32
                }
            }
            next = after;
        }
    }
}

/// Branches.
impl Cx<'_> {
    /// The position in `frames` of the label at `depth`.
    pub(crate) fn frame_at(&mut self, depth: u32) -> usize {
        match self.b.frames.len().checked_sub(1 + depth as usize) {
            Some(at) => at,
            None => {
                self.bug("a branch to no label");
                0
            }
        }
    }

    pub(crate) fn is_return(&self, frame: usize) -> bool {
        self.b.frames[frame].kind == BlockKind::Func
    }

    /// The number of values that a branch to a label takes.
    fn label_arity(&self, frame: usize) -> usize {
        let frame = &self.b.frames[frame];
        match frame.kind {
            BlockKind::Loop => self.params(frame.ty).len(),
            BlockKind::Func | BlockKind::Block | BlockKind::If | BlockKind::TryTable => {
                self.result_count(frame.ty)
            }
        }
    }

    /// Plans the moves of the top `count` values to the slots from `dst` on.
    fn plan(&mut self, count: usize, dst: u16) {
        let height = self.b.stack.height();
        let Some(from) = height.checked_sub(count) else {
            return self.bug("an empty operand stack");
        };
        let stack = &self.b.stack;
        self.b.moves.plan((from..height).map(|p| stack.get(p)), dst);
    }

    fn emit_moves(&mut self) {
        for i in 0..self.b.moves.len() {
            self.emit_move(self.b.moves.step(i));
        }
    }

    /// Emits a jump to a label whose values are in place.
    fn emit_br(&mut self, frame: usize) {
        let (at, op) = self.emit_jump();
        self.aim(frame, at, FixupPlace::Operand(op));
    }

    /// Lets the branch at word `at` go to the label of a frame.
    pub(crate) fn aim(&mut self, frame: usize, at: u32, place: FixupPlace) {
        let frame = &mut self.b.frames[frame];
        if frame.kind == BlockKind::Loop {
            let offset = i64::from(frame.header) - i64::from(at);
            match place {
                FixupPlace::Operand(op) => self.patch(at, op, offset),
                FixupPlace::Word(word) => self.patch_target(word, offset),
                FixupPlace::Handler(handler) => {
                    self.b.handlers[handler as usize].target = frame.header;
                }
            }
        } else {
            self.b.fixups.push(Fixup { at, place, next: frame.fixups });
            frame.fixups = self.b.fixups.len() as u32;
        }
    }

    /// R5 and R6: what a branch that is taken executes: the moves of its values, and the jump or
    /// return. The operand stack stays as it is, so that the code behind a conditional branch finds
    /// its values.
    fn emit_edge(&mut self, frame: usize) {
        if self.is_return(frame) {
            self.emit_return();
        } else {
            self.plan(self.label_arity(frame), self.b.frames[frame].slot);
            self.emit_moves();
            self.emit_br(frame);
        }
    }

    fn br(&mut self, depth: u32) {
        let frame = self.frame_at(depth);
        self.emit_edge(frame);
        self.hint();
        self.live = false;
    }

    /// R5: without moves the branch is direct; with moves it is inverted around them, because their
    /// destinations may be live where it is not taken.
    fn br_if(&mut self, depth: u32) {
        self.br_if_or_not(depth, false);
    }

    /// A branch where the condition on top is not 0, or where it is.
    pub(crate) fn br_if_or_not(&mut self, depth: u32, not: bool) {
        let mut condition = self.condition();
        if not {
            (condition.op, condition.inverse) = (condition.inverse, condition.op);
        }
        self.branch_if(&condition, depth);
    }

    /// The reference is no value of the branch; where it is not taken it stays.
    fn br_on_null(&mut self, depth: u32) {
        let left = self.peek_operand();
        let reference = self.b.stack.pop();
        let (op, inverse) = (Op::BrIfNull, Op::BrIfNotNull);
        self.branch_if(&Condition { op, inverse, left, right: None }, depth);
        self.b.stack.push_back(&reference);
    }

    /// The reference is the last value of the branch.
    fn br_on_non_null(&mut self, depth: u32) {
        let left = self.peek_operand();
        let (op, inverse) = (Op::BrIfNotNull, Op::BrIfNull);
        self.branch_if(&Condition { op, inverse, left, right: None }, depth);
        self.b.stack.pop();
    }

    fn branch_if(&mut self, condition: &Condition, depth: u32) {
        let frame = self.frame_at(depth);
        let direct = !self.is_return(frame) && {
            self.plan(self.label_arity(frame), self.b.frames[frame].slot);
            self.b.moves.is_empty()
        };
        if direct {
            let (at, op) = self.emit_branch(condition, true);
            self.aim(frame, at, FixupPlace::Operand(op));
        } else {
            let skip = self.emit_branch(condition, false);
            self.emit_edge(frame);
            self.pin(Some(skip));
        }
        self.hint();
    }

    /// R5 for `br_table`: where all targets want the values in the same slots they move before the
    /// table; otherwise each label that needs moves has a stub behind the table, shared by its
    /// targets.
    fn br_table(&mut self, table: &BrTable<'_>) {
        let (index, more) = self.index_operand();
        let mut frames = core::mem::take(&mut self.b.targets);
        frames.clear();
        for target in table.targets().chain([Ok(table.default())]) {
            match target {
                Ok(depth) => frames.push(self.frame_at(depth) as u32),
                Err(_) => self.bug("a br_table that does not decode"),
            }
        }
        let first = frames.first().map_or(0, |&f| f as usize);
        let arity = self.label_arity(first);
        let slot = self.b.frames[first].slot;
        let same = |&f: &u32| self.b.frames[f as usize].slot == slot && !self.is_return(f as usize);
        let uniform = frames.iter().all(same);
        if uniform {
            self.plan(arity, slot);
            self.emit_moves();
        }
        let at = self.emit(Op::BrTable, &[index, more, frames.len() as u64 - 1]);
        let first_word = self.position();
        for _ in &frames {
            self.emit_target();
        }
        self.stamp += 1;
        for (i, &frame) in frames.iter().enumerate() {
            let (frame, word) = (frame as usize, first_word + i as u32);
            if !self.is_return(frame) && (uniform || arity == 0) {
                self.aim(frame, at, FixupPlace::Word(word));
            } else {
                let stub = self.stub(frame);
                self.patch_target(word, i64::from(stub) - i64::from(at));
            }
        }
        self.b.targets = frames;
        self.hint();
        self.live = false;
    }

    /// The word of the code that takes the values of the current `br_table` to a label.
    fn stub(&mut self, frame: usize) -> u32 {
        if self.b.frames[frame].stub_stamp != self.stamp {
            self.forget();
            let stub = self.position();
            self.b.frames[frame].stub = stub;
            self.b.frames[frame].stub_stamp = self.stamp;
            self.emit_edge(frame);
        }
        self.b.frames[frame].stub
    }

    /// Emits a conditional branch of unknown offset, taken when the condition is `when`.
    fn emit_branch(&mut self, condition: &Condition, when: bool) -> (u32, Op) {
        let op = if when { condition.op } else { condition.inverse };
        if let Some(counted) = self.emit_counted_branch(op, condition) {
            return counted;
        }
        let at = match condition.right {
            Some(right) => self.emit(op, &[condition.left, right, 0]),
            None => self.emit(op, &[condition.left, 0]),
        };
        (at, op)
    }

    /// R6: one or two results of a cell are returned from where they are; anything else moves to
    /// the slots from 0 on.
    fn emit_return(&mut self) {
        let count = self.results;
        let stack = &self.b.stack;
        let below = stack.height().checked_sub(2).map(|position| stack.get(position));
        match (below, stack.top()) {
            (_, Some(top)) if count == 1 && !top.wide => {
                let slot = self.operand(&top);
                self.emit(Op::Return1, &[slot]);
            }
            (Some(below), Some(top)) if count == 2 && !top.wide && !below.wide => {
                let slots = [self.operand(&below), self.operand(&top)];
                self.emit(Op::Return2, &slots);
            }
            _ => {
                self.plan(count, 0);
                self.emit_moves();
                self.emit(Op::Return, &[]);
            }
        }
    }
}

/// Calls.
impl Cx<'_> {
    /// Arguments go home, which is where the callee's frame begins and where its results come back.
    fn call(&mut self, func: FuncIdx, tail: bool) {
        let imported = func.index() < self.module.imported_func_count();
        let op = match (imported, tail) {
            (false, false) => Op::Call,
            (true, false) => Op::CallImport,
            (false, true) => Op::ReturnCall,
            (true, true) => Op::ReturnCallImport,
        };
        let ty = self.module.func_type_idx(func);
        let window = self.arguments(ty);
        self.emit(op, &[window, func.0.into()]);
        self.after_call(ty, tail);
    }

    fn call_indirect(&mut self, ty: TypeIdx, table: u32, tail: bool) {
        let op = if tail { Op::ReturnCallIndirect } else { Op::CallIndirect };
        let index = self.pop_operand();
        let window = self.arguments(ty);
        self.emit(op, &[window, index, ty.0.into(), table.into()]);
        self.after_call(ty, tail);
    }

    fn call_ref(&mut self, ty: TypeIdx, tail: bool) {
        let op = if tail { Op::ReturnCallRef } else { Op::CallRef };
        let reference = self.pop_operand();
        let window = self.arguments(ty);
        self.emit(op, &[window, reference, ty.0.into()]);
        self.after_call(ty, tail);
    }

    /// Brings the arguments home; gives the window.
    pub(crate) fn arguments(&mut self, ty: TypeIdx) -> u64 {
        let count = self.module.types()[ty.index()].params.len();
        self.home_top(count);
        self.settle_roots();
        match self.b.stack.height().checked_sub(count) {
            Some(first) if count != 0 => self.b.stack.get(first).home.into(),
            _ => self.b.stack.next_home().into(),
        }
    }

    fn after_call(&mut self, ty: TypeIdx, tail: bool) {
        let ty = &self.module.types()[ty.index()];
        let height = self.b.stack.height().saturating_sub(ty.params.len());
        self.b.stack.truncate(height);
        if tail {
            self.live = false;
        } else {
            self.push_homes(&ty.results);
        }
    }
}
