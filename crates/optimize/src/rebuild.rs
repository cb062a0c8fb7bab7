//! A plan of what a pass changes → the new body and its witness.
//!
//! A pass reads a body and writes a [`Plan`]: which values are others or constants, which
//! instructions and parameters go, where edges lead. Everything else is the same for all passes and
//! stands here: what is no longer reached goes, blocks are put in order, what is left is numbered
//! anew, and the witness is what the plan says.
//!
//! * O1. Blocks keep their order where each still stands behind its immediate dominator (some block
//!   that leads to it stands before it); else they are in reverse postorder.
//! * O2. A value that is a constant becomes one in place: an instruction turns into the constant,
//!   and of a parameter the constant stands at the start of its block. A handler has no
//!   instructions: a parameter of it that is another value is read where that one is the constant.
//!
//! Nothing here is trusted: a wrong plan or a fault here makes a body that the check refuses.

use crate::plant::planted;
use crate::row::{Made, Trace};
use cranelift_entity::EntityRef;
use prova_module::{Opcode, ValType};
use prova_ssa::hash::Key;
use prova_ssa::replace::{Claim, Dying, Witness};
use prova_ssa::{
    Access, Arg, ArgKind, Assembler, Block, Body, Call, Clause, Def, Edge, Imm, Inst, List, Op,
    Place, Room, Terminator, Value,
};
use std::collections::HashMap;

/// The replacement of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// Itself.
    Itself,
    /// Another value, which is in scope wherever this one is used.
    Value(Value),
    /// A constant.
    Constant(u64),
}

/// The changes of a pass.
pub(super) struct Plan<'b> {
    pub(super) body: &'b Body,
    /// By value. A value that is another one, or a parameter that is a constant, is gone.
    pub(super) stands: Vec<Stand>,
    /// By value: parameters that are gone though nothing stands for them, because nothing reads
    /// them.
    pub(super) unread: Vec<bool>,
    /// By instruction: whether it is gone.
    pub(super) gone: Vec<bool>,
    /// The witness's covers, for traps that are gone.
    pub(super) covers: Vec<(Inst, Inst)>,
    /// By block: the only edge that it leaves by, instead of its terminator.
    pub(super) only: Vec<Option<Edge>>,
    /// Branches by another condition, by their block; whether it is the negation, by which the
    /// edges change places.
    pub(super) conditions: HashMap<Block, (Value, bool), Key>,
    /// Edges, by their block and number among its successors, that lead elsewhere.
    pub(super) elsewhere: HashMap<(Block, u32), (Block, Vec<Arg>), Key>,
    /// By block: whether it is appended to the only block that leads to it, which jumps to it.
    pub(super) appended: Vec<bool>,
    /// The witness's threaded blocks, which edges pass over.
    pub(super) threaded: Vec<Block>,
    /// Instructions that stand at the end of another block, which dominates theirs, by that block.
    pub(super) hoisted: HashMap<Block, Vec<Inst>, Key>,
    /// Accesses by another base and offset.
    pub(super) accesses: HashMap<Inst, (Value, u64), Key>,
    /// Comparisons with 0 that become another operator of one operand, for a branch alone.
    pub(super) recast: HashMap<Inst, (Opcode, Value), Key>,
    /// The stores that are gone, and the bytes that are overwritten, for the witness.
    pub(super) overwritten: Vec<Inst>,
    pub(super) dying: Vec<Dying>,
    /// Whether anything changes.
    pub(super) changes: bool,
}

impl<'b> Plan<'b> {
    /// Nothing changes.
    pub(super) fn new(body: &'b Body) -> Plan<'b> {
        Plan {
            body,
            stands: vec![Stand::Itself; body.value_count()],
            unread: vec![false; body.value_count()],
            gone: vec![false; body.inst_count()],
            covers: Vec::new(),
            only: vec![None; body.block_count()],
            conditions: HashMap::default(),
            elsewhere: HashMap::default(),
            appended: vec![false; body.block_count()],
            threaded: Vec::new(),
            hoisted: HashMap::default(),
            accesses: HashMap::default(),
            recast: HashMap::default(),
            overwritten: Vec::new(),
            dying: Vec::new(),
            changes: false,
        }
    }

    /// From now on a value is another one, or a constant.
    pub(super) fn stand(&mut self, value: Value, by: Stand) {
        self.stands[value.index()] = by;
        self.changes = true;
    }

    /// The value at the end of the chain of what stands for what.
    fn root(&self, value: Value) -> Value {
        let mut at = value;
        // A chain is no longer than there are values; a circle would be a fault of the pass.
        for _ in 0..self.stands.len() {
            match self.stands[at.index()] {
                Stand::Value(next) => at = next,
                Stand::Itself | Stand::Constant(_) => break,
            }
        }
        at
    }

    /// The final replacement of a value.
    pub(super) fn resolve(&self, value: Value) -> Stand {
        let root = self.root(value);
        match self.stands[root.index()] {
            constant @ Stand::Constant(_) if !self.is_inst(root) => constant,
            Stand::Constant(_) | Stand::Itself | Stand::Value(_) => Stand::Value(root),
        }
    }

    fn is_inst(&self, value: Value) -> bool {
        matches!(self.body.value(value).def, Def::Result(..))
    }

    /// Removes an instruction.
    pub(super) fn remove(&mut self, inst: Inst) {
        self.gone[inst.index()] = true;
        self.changes = true;
    }

    /// An instruction stands at the end of another block, behind those placed there before.
    pub(super) fn hoist(&mut self, inst: Inst, to: Block) {
        self.remove(inst);
        self.hoisted.entry(to).or_default().push(inst);
    }

    /// The edges out of a block, as they will be: blocks, and arguments in old values.
    pub(super) fn edges(&self, block: Block) -> impl Iterator<Item = (Block, &[Arg])> {
        let only = self.only[block.index()];
        let all = only.is_none().then(|| self.body.successors(block));
        (0..).zip(only.into_iter().chain(all.into_iter().flatten())).map(move |(at, edge)| {
            match self.elsewhere.get(&(block, at)).filter(|_| !self.elsewhere.is_empty()) {
                Some((to, args)) => (*to, &args[..]),
                None => (edge.block, self.body.args(&edge)),
            }
        })
    }

    /// The new body with its witness; `None` if nothing changes.
    pub(super) fn rebuild(mut self) -> Option<Made> {
        self.flatten();
        self.changes.then(|| Rebuild::new(&self).run())
    }

    /// Makes every chain one link long, so that what follows is linear.
    fn flatten(&mut self) {
        let mut chain = Vec::new();
        for value in (0..self.body.value_count() as u32).map(Value::from_u32) {
            let mut at = value;
            while let Stand::Value(next) = self.stands[at.index()] {
                // A circle would be a fault of the pass.
                if chain.len() > self.stands.len() {
                    break;
                }
                chain.push(at);
                at = next;
            }
            chain.drain(..).for_each(|link| self.stands[link.index()] = Stand::Value(at));
        }
    }
}

/// A constant's operator, if a type has constants of at most 64 bits.
pub(super) fn constant_of(ty: ValType) -> Option<Opcode> {
    match ty {
        ValType::I32 => Some(Opcode::I32Const),
        ValType::I64 => Some(Opcode::I64Const),
        ValType::F32 => Some(Opcode::F32Const),
        ValType::F64 => Some(Opcode::F64Const),
        ValType::V128 | ValType::Ref(_) => None,
    }
}

struct Rebuild<'p, 'b> {
    plan: &'p Plan<'b>,
    out: Assembler,
    /// The blocks that stay, in their new order, without those that are appended.
    order: Vec<Block>,
    /// By old block.
    block: Vec<Option<Block>>,
    /// By old value.
    value: Vec<Option<Value>>,
    witness: Witness,
    trace: Trace,
    /// The edges of a block and the arguments of one, kept between them.
    edges: Vec<Edge>,
    args: Vec<Arg>,
}

impl<'p, 'b> Rebuild<'p, 'b> {
    fn new(plan: &'p Plan<'b>) -> Rebuild<'p, 'b> {
        let body = plan.body;
        let all = order(plan);
        let mut block = vec![None; body.block_count()];
        let order: Vec<Block> = all.iter().copied().filter(|b| !plan.appended[b.index()]).collect();
        for (at, old) in (0..).zip(&order) {
            block[old.index()] = Some(Block::from_u32(at));
        }
        let mut threaded = vec![false; body.block_count()];
        plan.threaded.iter().for_each(|block| threaded[block.index()] = true);
        let mut witness = Witness { blocks: order.clone(), ..Witness::default() };
        for &old in &all {
            let is_threaded = threaded[old.index()];
            let silent = is_threaded || planted!(ClaimsUnsaid);
            for param in body.block(old).params().filter(|_| !silent) {
                let claim = match (plan.stands[param.index()], plan.resolve(param)) {
                    (Stand::Itself, _) => continue,
                    (_, Stand::Constant(bits)) => Claim::Constant(bits),
                    (_, Stand::Value(value)) => Claim::Value(value),
                    (_, Stand::Itself) => continue,
                };
                witness.claims.push((param, claim));
            }
        }
        witness.claims.sort_by_key(|&(param, _)| param);
        witness.threaded.clone_from(&plan.threaded);
        witness.threaded.sort();
        witness.covers.clone_from(&plan.covers);
        witness.covers.sort();
        witness.overwritten.clone_from(&plan.overwritten);
        witness.overwritten.sort();
        witness.dying.clone_from(&plan.dying);
        let mut out = Assembler::new(body.func(), body.metering());
        // Passes make few things that were not there.
        out.reserve(&Room {
            blocks: order.len(),
            insts: body.inst_count(),
            values: body.value_count(),
            args: body.arg_pool().len(),
        });
        let value = vec![None; body.value_count()];
        let mut trace = Trace::default();
        trace.values.reserve_exact(body.value_count());
        trace.insts.reserve_exact(body.inst_count());
        let (edges, args) = (Vec::new(), Vec::new());
        Rebuild { plan, out, order, block, value, witness, trace, edges, args }
    }

    fn run(mut self) -> Made {
        for old in self.order.clone() {
            let data = self.plan.body.block(old);
            self.out.block(data.origin, data.offset);
            for param in data.params() {
                if self.plan.stands[param.index()] == Stand::Itself
                    && !self.plan.unread[param.index()]
                {
                    let ty = self.plan.body.value(param).ty;
                    let place = match self.plan.body.value(param).def {
                        Def::Param(_, _, place) => place,
                        Def::Result(..) => Place::None,
                    };
                    self.value[param.index()] = Some(self.out.param(ty, place));
                    self.trace.values.push(param);
                    self.witness.params.push(param);
                }
            }
            let mut at = old;
            self.insts(at);
            // Appended blocks, each after the block that jumps to it.
            while let Some(next) = self.appended_to(at) {
                at = next;
                self.insts(at);
            }
            self.end(at);
        }
        Made { body: self.out.finish(), witness: self.witness, trace: self.trace }
    }

    fn appended_to(&self, block: Block) -> Option<Block> {
        let mut edges = self.plan.edges(block).map(|(next, _)| next);
        let next = edges.next().filter(|next| self.plan.appended[next.index()])?;
        edges.next().is_none().then_some(next)
    }

    /// The constants of a block's parameters, and its instructions.
    fn insts(&mut self, block: Block) {
        let plan = self.plan;
        let data = plan.body.block(block);
        let is_handler = matches!(data.terminator, Terminator::Catch { .. });
        for param in data.params().filter(|_| !is_handler) {
            if let (false, Stand::Constant(bits)) =
                (plan.unread[param.index()], plan.resolve(param))
            {
                self.constant(param, None, bits, data.offset);
            }
        }
        for inst in data.insts().filter(|inst| !plan.gone[inst.index()]) {
            self.inst(inst);
        }
        if let Some(hoisted) = plan.hoisted.get(&block) {
            hoisted.iter().for_each(|&inst| self.inst(inst));
        }
    }

    /// An instruction.
    fn inst(&mut self, inst: Inst) {
        let plan = self.plan;
        let data = plan.body.inst(inst);
        if let Some(result) = data.result()
            && let Stand::Constant(bits) = plan.stands[result.index()]
        {
            self.constant(result, Some(inst), bits, data.offset);
            return;
        }
        let recast = if plan.recast.is_empty() { None } else { plan.recast.get(&inst) };
        if let Some((&(opcode, operand), result)) = recast.zip(data.result()) {
            let (operand, ty) = (self.now(operand), plan.body.value(result).ty);
            let new = self.out.inst(Op::Wasm(opcode), Imm::None, &[operand], [ty], data.offset);
            self.value[result.index()] = self.out.body().inst(new).result();
            self.trace.values.push(result);
            self.trace.insts.push(Some(inst));
            return;
        }
        let near = if plan.accesses.is_empty() { None } else { plan.accesses.get(&inst) };
        let imm = match (near, data.imm) {
            (Some(&(_, offset)), Imm::Access(access)) => Imm::Access(Access { offset, ..access }),
            (_, imm) => imm,
        };
        let args = plan.body.operands(data.args).iter().enumerate();
        let (values, is_broken) = (&self.value, &mut self.trace.is_broken);
        let args = args.map(|(at, &value)| {
            let value = near.filter(|_| at == 0).map_or(value, |&(base, _)| base);
            now(plan, values, value, is_broken)
        });
        let types = data.results().map(|value| plan.body.value(value).ty);
        let new = self.out.inst_of(data.op, imm, args, types, data.offset);
        let results = self.out.body().inst(new).results();
        for (was, is) in data.results().zip(results) {
            self.value[was.index()] = Some(is);
            self.trace.values.push(was);
        }
        self.trace.insts.push(Some(inst));
    }

    /// A constant in the place of a value, which an instruction has made or none.
    fn constant(&mut self, value: Value, inst: Option<Inst>, bits: u64, offset: u32) {
        let ty = self.plan.body.value(value).ty;
        let Some(opcode) = constant_of(ty) else { return };
        let new = self.out.inst(Op::Wasm(opcode), Imm::Bits(bits), &[], [ty], offset);
        self.value[value.index()] = self.out.body().inst(new).result();
        self.trace.values.push(value);
        self.trace.insts.push(inst);
    }

    fn now(&mut self, value: Value) -> Value {
        now(self.plan, &self.value, value, &mut self.trace.is_broken)
    }

    fn list(&mut self, list: List<Value>) -> List<Value> {
        let values: Vec<Value> =
            self.plan.body.operands(list).iter().map(|&value| self.now(value)).collect();
        self.out.operands(&values)
    }

    fn edge(&mut self, (to, args): (Block, &[Arg])) -> Edge {
        let params = self.plan.body.block(to).params();
        let stays = |param: &Value| {
            self.plan.stands[param.index()] == Stand::Itself && !self.plan.unread[param.index()]
        };
        let mut new = std::mem::take(&mut self.args);
        new.clear();
        new.extend(params.zip(args).filter(|(param, _)| stays(param)).map(|(_, arg)| {
            match arg.kind() {
                ArgKind::Value(value) => self.now(value).into(),
                ArgKind::Payload(_) => *arg,
            }
        }));
        if planted!(ArgumentsReversed) {
            new.reverse();
        }
        let block = self.block[to.index()];
        self.trace.is_broken |= block.is_none();
        let edge = self.out.edge(block.unwrap_or(Block::from_u32(u32::MAX >> 1)), &new);
        self.args = new;
        edge
    }

    fn call(&mut self, call: &Call) -> Call {
        Call { args: self.list(call.args), ..*call }
    }

    /// The end of a block.
    fn end(&mut self, block: Block) {
        let body = self.plan.body;
        let data = body.block(block);
        let plan = self.plan;
        let mut edges = std::mem::take(&mut self.edges);
        edges.clear();
        edges.extend(plan.edges(block).map(|edge| self.edge(edge)));
        if planted!(EdgesReversed) {
            edges.reverse();
        }
        let mut next = edges.iter().copied();
        // As many edges as `successors` has, in its order.
        let mut edge =
            || next.next().unwrap_or(Edge { block: Block::from_u32(0), args: List::EMPTY });
        let terminator = if self.plan.only[block.index()].is_some() {
            Terminator::Jump(edge())
        } else {
            match data.terminator {
                Terminator::Jump(_) => Terminator::Jump(edge()),
                Terminator::Branch { condition, .. } => {
                    let given = plan.conditions.get(&block).copied();
                    let (condition, negated) = given.unwrap_or((condition, false));
                    let (one, other) = (edge(), edge());
                    let (then, otherwise) = if negated { (other, one) } else { (one, other) };
                    Terminator::Branch { condition: self.now(condition), then, otherwise }
                }
                Terminator::Table { index, targets, .. } => Terminator::Table {
                    index: self.now(index),
                    edges: self.out.edges(&edges),
                    targets: self.out.targets(body.targets(targets)),
                },
                Terminator::Null { reference, .. } => Terminator::Null {
                    reference: self.now(reference),
                    null: edge(),
                    non_null: edge(),
                },
                Terminator::Cast { reference, ty, .. } => Terminator::Cast {
                    reference: self.now(reference),
                    ty,
                    fits: edge(),
                    otherwise: edge(),
                },
                Terminator::Invoke { call, .. } => {
                    Terminator::Invoke { call: self.call(&call), normal: edge(), handler: edge() }
                }
                Terminator::Throw { opcode, imm, args, handler } => Terminator::Throw {
                    opcode,
                    imm,
                    args: self.list(args),
                    handler: handler.map(|_| edge()),
                },
                Terminator::Catch { clauses, outer } => {
                    let clauses: Vec<Clause> = body
                        .clauses(clauses)
                        .iter()
                        .map(|clause| Clause { edge: edge(), ..*clause })
                        .collect();
                    let outer = outer.map(|_| edge());
                    Terminator::Catch { clauses: self.out.clauses(&clauses), outer }
                }
                Terminator::Return(values) => Terminator::Return(self.list(values)),
                Terminator::TailCall(call) => Terminator::TailCall(self.call(&call)),
                Terminator::Unreachable => Terminator::Unreachable,
            }
        };
        self.out.end(terminator, data.end);
        self.edges = edges;
    }
}

/// The blocks that the entry reaches by the plan's edges, in their new order (O1).
fn order(plan: &Plan<'_>) -> Vec<Block> {
    let body = plan.body;
    let count = body.block_count();
    let mut seen = vec![false; count];
    let mut behind = vec![false; count];
    let mut post = Vec::new();
    // The blocks of a path, each with where its edges begin in `edges`, which has those of the last
    // block last. They are followed from the last one, so that reverse postorder has the first
    // one's blocks first.
    let (mut open, mut edges) = (vec![(body.entry(), 0)], Vec::new());
    let follow = |block: Block, edges: &mut Vec<Block>| {
        edges.extend(plan.edges(block).map(|(to, _)| to));
    };
    follow(body.entry(), &mut edges);
    seen[body.entry().index()] = true;
    behind[body.entry().index()] = true;
    while let Some(&(block, first)) = open.last() {
        if edges.len() == first {
            post.push(block);
            open.pop();
        } else if let Some(to) = edges.pop() {
            behind[to.index()] |= block < to;
            if !std::mem::replace(&mut seen[to.index()], true) {
                open.push((to, edges.len()));
                follow(to, &mut edges);
            }
        }
    }
    if (0..count).all(|at| behind[at] || !seen[at]) {
        post.sort();
    } else {
        post.reverse();
    }
    post
}

/// The new value for an old one. A value without one is a fault of the pass; a value of another
/// body is refused by the check.
fn now(plan: &Plan<'_>, values: &[Option<Value>], value: Value, is_broken: &mut bool) -> Value {
    let own = values[value.index()].or_else(|| values[plan.root(value).index()]);
    *is_broken |= own.is_none();
    own.unwrap_or(Value::from_u32(u32::MAX >> 1))
}
