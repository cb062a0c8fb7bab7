//! Stackify: the instructions of each block → a list of steps on Wasm's operand stack.
//!
//! A block is read backward. An instruction that nobody has claimed is a *root*; an operand whose
//! instruction may move to its place is claimed and stands there (it is never stored), another is
//! read from its local. This is the way of LLVM's `WebAssemblyRegStackify`.
//!
//! # Invariants
//! * R1. An instruction moves only past instructions of its block with which it commutes
//!   ([`Effects::commutes`]), and only if its other uses in the block come after the place it moves
//!   to. Claimed with more uses than one it is kept in its local too (`tee`).
//! * R2. Into the operands of an invocation no call moves: it would get the handler of the
//!   invocation.
//! * R3 of `uses`.
//!
//! Time: linear in instructions, operands and arguments (times the number of different effects, a
//! constant).

use crate::uses::{Uses, kind};
use prova_ssa::{Block, Body, Def, Effects, Inst, Terminator, Value};

/// One step of a block's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The instruction itself.
    Inst(Inst),
    /// A constant.
    Const(Inst),
    /// Reads a value's local.
    Get(Value),
    /// Writes a value's local.
    Set(Value),
    /// Writes it and keeps the value.
    Tee(Value),
    /// Drops a value.
    Drop,
    /// The value on the stack is for this parameter of the jump's target.
    Carry(Value),
}

/// The steps of a body.
pub(super) struct Trees {
    steps: Vec<Step>,
    of: Vec<(u32, u32)>,
    /// How many of a block's steps belong to its terminator.
    tails: Vec<u32>,
    /// The uses of values.
    pub(super) uses: Uses,
    carried: Vec<bool>,
}

impl Trees {
    /// The steps of a block, operands of its terminator last.
    #[inline]
    pub(super) fn steps(&self, block: Block) -> &[Step] {
        let (start, end) = self.of[block.as_u32() as usize];
        &self.steps[start as usize..end as usize]
    }

    /// How many steps there are.
    pub(super) fn step_count(&self) -> usize {
        self.steps.len()
    }

    /// How many of a block's steps, the last ones, make the operands of its terminator.
    pub(super) fn tail(&self, block: Block) -> usize {
        self.tails[block.as_u32() as usize] as usize
    }

    /// Whether anything reads a value.
    #[inline]
    pub(super) fn is_live(&self, value: Value) -> bool {
        self.uses.is_live(value)
    }

    /// Whether a value is a constant that is made where it is used.
    #[inline]
    pub(super) fn is_remat(&self, value: Value) -> bool {
        self.uses.is_remat(value)
    }

    /// Whether a value reaches the jump at its block's end on the stack.
    #[inline]
    pub(super) fn is_carried(&self, value: Value) -> bool {
        self.carried[value.as_u32() as usize]
    }
}

/// Makes the steps of all blocks.
pub(super) fn stackify(body: &Body, uses: Uses) -> Trees {
    let trees = Trees {
        steps: Vec::with_capacity(2 * body.value_count() + body.block_count()),
        of: Vec::with_capacity(body.block_count()),
        tails: Vec::with_capacity(body.block_count()),
        uses,
        carried: vec![false; body.value_count()],
    };
    let mut maker = Maker {
        body,
        trees,
        placed: vec![false; body.inst_count()],
        here: vec![0; body.value_count()],
        groups: Vec::new(),
        reversed: Vec::new(),
        first: 0,
        open: Vec::new(),
        carry: Vec::new(),
    };
    for (block, _) in body.blocks() {
        maker.block(block);
    }
    maker.trees
}

/// Instructions of one kind of effects, of a block, that are not placed yet.
struct Group {
    effects: Effects,
    open: Vec<Inst>,
}

struct Maker<'b> {
    body: &'b Body,
    trees: Trees,
    placed: Vec<bool>,
    /// Of each value the uses by instructions of the block that are not placed yet.
    here: Vec<u32>,
    groups: Vec<Group>,
    reversed: Vec<Step>,
    /// The first instruction of the block.
    first: u32,
    /// Operands that are still to be placed, kept between calls.
    open: Vec<Value>,
    /// Arguments of a jump with their parameters, kept between calls.
    carry: Vec<(Value, Value)>,
}

impl Maker<'_> {
    fn block(&mut self, block: Block) {
        let data = self.body.block(block);
        self.groups.iter_mut().for_each(|group| group.open.clear());
        self.reversed.clear();
        self.first = data.insts().next().map_or(0, |inst| inst.as_u32());
        for inst in data.insts() {
            self.enter(inst);
        }
        for &value in self.body.terminator_operands(&data.terminator) {
            self.here[value.as_u32() as usize] += 1;
        }
        self.terminator(block);
        self.trees.tails.push(self.reversed.len() as u32);
        let end = self.first + data.insts().len() as u32;
        for inst in (self.first..end).rev().map(Inst::from_u32) {
            if !self.placed[inst.as_u32() as usize] {
                self.root(inst);
            }
        }
        let start = self.trees.steps.len() as u32;
        self.trees.steps.extend(self.reversed.iter().rev());
        self.trees.of.push((start, self.trees.steps.len() as u32));
    }

    fn enter(&mut self, inst: Inst) {
        let body = self.body;
        if !self.trees.uses.is_step(body, inst) {
            self.placed[inst.as_u32() as usize] = true;
            return;
        }
        let data = body.inst(inst);
        for &value in body.operands(data.args) {
            self.here[value.as_u32() as usize] += 1;
        }
        if kind(data.op) & kind::PURE != 0 {
            return;
        }
        let effects = data.op.effects();
        match self.groups.iter_mut().find(|group| group.effects == effects) {
            Some(group) => group.open.push(inst),
            None => self.groups.push(Group { effects, open: vec![inst] }),
        }
    }

    /// Whether an instruction may move behind all that are not placed yet.
    fn is_movable(&mut self, inst: Inst) -> bool {
        let op = self.body.inst(inst).op;
        if kind(op) & kind::PURE != 0 {
            return true;
        }
        let effects = op.effects();
        let placed = &self.placed;
        self.groups.iter_mut().all(|group| {
            while group.open.last().is_some_and(|&last| placed[last.as_u32() as usize]) {
                group.open.pop();
            }
            group.open.last().is_none_or(|&last| last <= inst || effects.commutes(group.effects))
        })
    }

    /// The instruction that may stand where a value is used.
    fn claim(&mut self, block_first: u32, value: Value, calls: bool) -> Option<Inst> {
        let Def::Result(inst, _) = self.body.value(value).def else { return None };
        let data = self.body.inst(inst);
        let at = inst.as_u32();
        let mine = at >= block_first && !self.placed[at as usize] && data.result().is_some();
        let last = self.here[value.as_u32() as usize] == 1;
        let may = calls || kind(data.op) & kind::CALL == 0;
        (mine && last && may && self.is_movable(inst)).then_some(inst)
    }

    fn terminator(&mut self, block: Block) {
        let body = self.body;
        match body.block(block).terminator {
            Terminator::Jump(edge) => {
                let mut carry = std::mem::take(&mut self.carry);
                for (param, arg) in body.block(edge.block).params().zip(body.args(&edge)) {
                    let arg = arg.value().filter(|_| self.trees.is_live(param));
                    let arg = arg.filter(|&arg| self.trees.uses.count(arg) == 1);
                    carry.extend(arg.map(|arg| (arg, param)));
                }
                // The last ones made are claimed first.
                carry.sort_unstable_by_key(|&(arg, _)| std::cmp::Reverse(arg));
                for (arg, param) in carry.drain(..) {
                    self.here[arg.as_u32() as usize] += 1;
                    let claimed = self.claim(self.first, arg, true);
                    self.here[arg.as_u32() as usize] -= 1;
                    if let Some(inst) = claimed {
                        self.reversed.push(Step::Carry(param));
                        self.trees.carried[arg.as_u32() as usize] = true;
                        self.place(inst, true);
                    }
                }
                self.carry = carry;
            }
            terminator => {
                let calls = !matches!(
                    terminator,
                    Terminator::Invoke { .. } | Terminator::Throw { handler: Some(_), .. }
                );
                self.operands(body.terminator_operands(&terminator), calls);
            }
        }
    }

    fn root(&mut self, inst: Inst) {
        for value in self.body.inst(inst).results() {
            let live = self.trees.is_live(value);
            self.reversed.push(if live { Step::Set(value) } else { Step::Drop });
        }
        self.place(inst, true);
    }

    /// Puts an instruction and its operands before what is placed.
    fn place(&mut self, inst: Inst, calls: bool) {
        self.placed[inst.as_u32() as usize] = true;
        self.reversed.push(Step::Inst(inst));
        let body = self.body;
        self.operands(body.operands(body.inst(inst).args), calls);
    }

    fn operands(&mut self, operands: &[Value], calls: bool) {
        let mut open = std::mem::take(&mut self.open);
        open.extend(operands);
        while let Some(value) = open.pop() {
            if self.trees.is_remat(value) {
                self.here[value.as_u32() as usize] -= 1;
                if let Def::Result(inst, _) = self.body.value(value).def {
                    self.reversed.push(Step::Const(inst));
                }
                continue;
            }
            let claimed = self.claim(self.first, value, calls);
            self.here[value.as_u32() as usize] -= 1;
            let Some(inst) = claimed else {
                self.reversed.push(Step::Get(value));
                continue;
            };
            if self.trees.uses.count(value) > 1 {
                self.reversed.push(Step::Tee(value));
            }
            self.placed[inst.as_u32() as usize] = true;
            self.reversed.push(Step::Inst(inst));
            open.extend(self.body.operands(self.body.inst(inst).args));
        }
        self.open = open;
    }
}
