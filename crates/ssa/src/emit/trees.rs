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
//! * R3. Pure instructions without a live use are not emitted; neither are parameters without one.
//!   A constant of few bytes or one use stands where it is used.
//!
//! Time: linear in instructions, operands and arguments (times the number of different effects, a
//! constant).

use crate::body::{Body, Def, Op};
use crate::effect::Effects;
use crate::entity::{Block, Inst, Value};
use crate::terminator::Terminator;
use prova_module::ops::Class;

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
    /// What lies on the stack is for this parameter of the jump's target.
    Carry(Value),
}

/// The steps of a body.
pub(super) struct Trees {
    steps: Vec<Step>,
    of: Vec<(u32, u32)>,
    /// How many of a block's steps belong to its terminator.
    tails: Vec<u32>,
    /// How many live uses each value has.
    pub(super) uses: Vec<u32>,
    /// Whether a value's instruction stands where it is used.
    remat: Vec<bool>,
    carried: Vec<bool>,
}

impl Trees {
    /// The steps of a block, operands of its terminator last.
    pub(super) fn steps(&self, block: Block) -> &[Step] {
        let (start, end) = self.of[block.as_u32() as usize];
        &self.steps[start as usize..end as usize]
    }

    /// How many of a block's steps, the last ones, make the operands of its terminator.
    pub(super) fn tail(&self, block: Block) -> usize {
        self.tails[block.as_u32() as usize] as usize
    }

    /// Whether anything reads a value.
    pub(super) fn is_live(&self, value: Value) -> bool {
        self.uses[value.as_u32() as usize] > 0
    }

    /// Whether a value is a constant that is made where it is used.
    pub(super) fn is_remat(&self, value: Value) -> bool {
        self.remat[value.as_u32() as usize]
    }

    /// Whether a value reaches the jump at its block's end on the stack.
    pub(super) fn is_carried(&self, value: Value) -> bool {
        self.carried[value.as_u32() as usize]
    }
}

/// Whether an instruction may be left out, repeated or moved.
fn is_pure(op: Op) -> bool {
    op.effects().is_pure()
}

fn class(op: Op) -> Option<Class> {
    match op {
        Op::Wasm(opcode) => Some(opcode.class()),
        Op::Charge | Op::Poll => None,
    }
}

fn is_call(op: Op) -> bool {
    matches!(class(op), Some(Class::call | Class::call_indirect | Class::call_ref))
}

/// What is read of a body's values.
pub(super) struct Uses {
    /// How many live uses each value has.
    count: Vec<u32>,
    /// Whether a value's instruction stands where it is used.
    remat: Vec<bool>,
    /// Whether it does so however often it is used.
    small: Vec<bool>,
}

impl Uses {
    /// Counts them.
    pub(super) fn new(body: &Body) -> Uses {
        let count = count(body);
        let mut remat = vec![false; body.value_count()];
        let mut small = vec![false; body.value_count()];
        for inst in body.insts() {
            let data = body.inst(inst);
            if let (Some(Class::constant | Class::null), Some(value)) =
                (class(data.op), data.result())
            {
                let at = value.as_u32() as usize;
                small[at] = super::code::size(body, inst) <= 3;
                remat[at] = small[at] || count[at] == 1;
            }
        }
        Uses { count, remat, small }
    }

    /// Whether anything reads a value.
    pub(super) fn is_live(&self, value: Value) -> bool {
        self.count[value.as_u32() as usize] > 0
    }

    /// Whether an instruction has code.
    pub(super) fn is_emitted(&self, body: &Body, inst: Inst) -> bool {
        let data = body.inst(inst);
        class(data.op).is_some()
            && (!is_pure(data.op) || data.results().any(|value| self.is_live(value)))
    }

    /// Whether an instruction has code at its own place.
    pub(super) fn is_step(&self, body: &Body, inst: Inst) -> bool {
        let remat = |value: Value| self.remat[value.as_u32() as usize];
        self.is_emitted(body, inst) && !body.inst(inst).result().is_some_and(remat)
    }

    /// Whether an instruction has no code of its own, however often its result is used.
    pub(super) fn is_small(&self, body: &Body, inst: Inst) -> bool {
        let small = |value: Value| self.small[value.as_u32() as usize];
        !self.is_emitted(body, inst) || body.inst(inst).result().is_some_and(small)
    }
}

/// Counts uses by what is live.
fn count(body: &Body) -> Vec<u32> {
    // The arguments that each parameter has, as a chain: the newest, and each with the one before.
    let mut newest = vec![u32::MAX; body.value_count()];
    let mut args: Vec<(Value, u32)> = Vec::with_capacity(body.args.len());
    for (block, _) in body.blocks() {
        for edge in body.successors(block) {
            for (param, arg) in body.block(edge.block).params().zip(body.args(&edge)) {
                if let Some(arg) = arg.value() {
                    let number = args.len() as u32;
                    let before = std::mem::replace(&mut newest[param.as_u32() as usize], number);
                    args.push((arg, before));
                }
            }
        }
    }
    let mut uses = Counts {
        uses: vec![0_u32; body.value_count()],
        open: Vec::new(),
        place: body.value_count() as u32,
    };
    let mut started = vec![false; body.inst_count()];
    // Backward, as most uses are behind what they use.
    for block in (0..body.block_count() as u32).rev().map(Block::from_u32) {
        let data = body.block(block);
        body.terminator_operands(&data.terminator).iter().for_each(|&value| uses.add(value));
        let first = data.insts().next().map_or(0, |inst| inst.as_u32());
        let end = first + data.insts().len() as u32;
        for number in (first..end).rev() {
            let inst = body.inst(Inst::from_u32(number));
            uses.pass(inst.results().next());
            let is_read = || inst.results().any(|value| uses.is_used(value));
            if class(inst.op).is_some() && (!is_pure(inst.op) || is_read()) {
                started[number as usize] = true;
                body.operands(inst.args).iter().for_each(|&value| uses.add(value));
            }
        }
        uses.pass(data.params().next());
        for param in data.params().filter(|&param| newest[param.as_u32() as usize] != u32::MAX) {
            if uses.is_used(param) {
                chain(&args, newest[param.as_u32() as usize]).for_each(|arg| uses.add(arg));
            }
        }
    }
    uses.place = 0;
    while let Some(value) = uses.open.pop() {
        match body.value(value).def {
            Def::Param(..) => {
                chain(&args, newest[value.as_u32() as usize]).for_each(|arg| uses.add(arg));
            }
            Def::Result(inst, _) => {
                let data = body.inst(inst);
                if !std::mem::replace(&mut started[inst.as_u32() as usize], true) {
                    body.operands(data.args).iter().for_each(|&value| uses.add(value));
                }
            }
        }
    }
    uses.uses
}

/// The arguments of a chain.
fn chain(args: &[(Value, u32)], from: u32) -> impl Iterator<Item = Value> {
    let step = |&(_, before): &(Value, u32)| args.get(before as usize).copied();
    std::iter::successors(args.get(from as usize).copied(), step).map(|(arg, _)| arg)
}

/// Uses so far.
struct Counts {
    uses: Vec<u32>,
    /// Values that are used first where what makes them has been passed.
    open: Vec<Value>,
    /// From this value on what makes them has been passed.
    place: u32,
}

impl Counts {
    fn add(&mut self, value: Value) {
        let uses = &mut self.uses[value.as_u32() as usize];
        *uses += 1;
        if *uses == 1 && value.as_u32() >= self.place {
            self.open.push(value);
        }
    }

    fn is_used(&self, value: Value) -> bool {
        self.uses[value.as_u32() as usize] > 0
    }

    fn pass(&mut self, value: Option<Value>) {
        self.place = value.map_or(self.place, |value| self.place.min(value.as_u32()));
    }
}

/// Makes the steps of all blocks.
pub(super) fn stackify(body: &Body, Uses { count: uses, remat, .. }: Uses) -> Trees {
    let trees = Trees {
        steps: Vec::with_capacity(2 * body.value_count() + body.block_count()),
        of: Vec::with_capacity(body.block_count()),
        tails: Vec::with_capacity(body.block_count()),
        uses,
        remat,
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

    fn is_emitted(&self, inst: Inst) -> bool {
        let data = self.body.inst(inst);
        let live = || data.results().any(|value| self.trees.is_live(value));
        let remat = || data.result().is_some_and(|value| self.trees.is_remat(value));
        class(data.op).is_some() && (!is_pure(data.op) || live()) && !remat()
    }

    fn enter(&mut self, inst: Inst) {
        if !self.is_emitted(inst) {
            self.placed[inst.as_u32() as usize] = true;
            return;
        }
        let data = self.body.inst(inst);
        for &value in self.body.operands(data.args) {
            self.here[value.as_u32() as usize] += 1;
        }
        let effects = data.op.effects();
        if effects.is_pure() {
            return;
        }
        match self.groups.iter_mut().find(|group| group.effects == effects) {
            Some(group) => group.open.push(inst),
            None => self.groups.push(Group { effects, open: vec![inst] }),
        }
    }

    /// Whether an instruction may move behind all that are not placed yet.
    fn is_movable(&mut self, inst: Inst) -> bool {
        let effects = self.body.inst(inst).op.effects();
        if effects.is_pure() {
            return true;
        }
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
        (mine && last && (calls || !is_call(data.op)) && self.is_movable(inst)).then_some(inst)
    }

    fn terminator(&mut self, block: Block) {
        let body = self.body;
        match body.block(block).terminator {
            Terminator::Jump(edge) => {
                let params = body.block(edge.block).params();
                let mut args: Vec<(Value, Value)> = params
                    .zip(body.args(&edge))
                    .filter(|(param, _)| self.trees.is_live(*param))
                    .filter_map(|(param, arg)| Some((arg.value()?, param)))
                    .filter(|(arg, _)| self.trees.uses[arg.as_u32() as usize] == 1)
                    .collect();
                // The last ones made are claimed first.
                args.sort_unstable_by_key(|&(arg, _)| std::cmp::Reverse(arg));
                for (arg, param) in args {
                    self.here[arg.as_u32() as usize] += 1;
                    if let Some(inst) = self.claim(self.first, arg, true) {
                        self.here[arg.as_u32() as usize] -= 1;
                        self.reversed.push(Step::Carry(param));
                        self.trees.carried[arg.as_u32() as usize] = true;
                        self.place(inst, true);
                    } else {
                        self.here[arg.as_u32() as usize] -= 1;
                    }
                }
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
            if self.trees.uses[value.as_u32() as usize] > 1 {
                self.reversed.push(Step::Tee(value));
            }
            self.placed[inst.as_u32() as usize] = true;
            self.reversed.push(Step::Inst(inst));
            open.extend(self.body.operands(self.body.inst(inst).args));
        }
        self.open = open;
    }
}
