//! A body → a copy of it with more parameters, whose edges lead where the writer says.
//!
//! Blocks are copied in an order in which each definition stands before its uses. A value without a
//! copy would be a fault of the writer; it becomes value 0, which `verify` or the check refuses.

use crate::assemble::Assembler;
use crate::body::{Body, Def, Place};
use crate::carry::Carried;
use crate::entity::{Block, Value};
use crate::hash::Key;
use crate::replace::{Claim, Witness};
use crate::terminator::{Arg, Call, Clause, Edge, Terminator};
use std::collections::HashMap;

/// Where an edge of the copy leads, in blocks of the copy, with its arguments; the edge is given by
/// its target in the body and its arguments in the copy.
pub type Way<'w> = &'w mut dyn FnMut(Block, Vec<Arg>) -> (Block, Vec<Arg>);

/// A copy in the making.
pub struct Copier<'b> {
    body: &'b Body,
    carried: &'b Carried,
    /// The writer of the copy.
    pub assembler: Assembler,
    values: Vec<Option<Value>>,
    params: HashMap<(Block, Value), Value, Key>,
    /// The operands of an instruction, kept between instructions.
    args: Vec<Value>,
}

impl<'b> Copier<'b> {
    /// Nothing is copied yet.
    pub fn new(body: &'b Body, carried: &'b Carried) -> Copier<'b> {
        Copier {
            body,
            carried,
            assembler: Assembler::new(body.func(), body.metering()),
            values: vec![None; body.value_count()],
            params: HashMap::default(),
            args: Vec::new(),
        }
    }

    /// From now on a value is copied as this one, until its block is.
    pub fn stand(&mut self, value: Value, copy: Value) {
        self.values[value.as_u32() as usize] = Some(copy);
    }

    /// The copy of a value of the body itself.
    pub fn own(&self, value: Value) -> Value {
        self.values[value.as_u32() as usize].unwrap_or(Value::from_u32(0))
    }

    /// The copy of a parameter that carries a value.
    pub fn param(&self, block: Block, value: Value) -> Value {
        self.params.get(&(block, value)).copied().unwrap_or(Value::from_u32(0))
    }

    /// The value in the copy of a block that stands for a value.
    fn value(&self, value: Value, at: Block) -> Value {
        match self.carried.name(at, value) {
            Some(block) => self.param(block, value),
            None => self.own(value),
        }
    }

    fn values(&self, values: &[Value], at: Block) -> Vec<Value> {
        values.iter().map(|&value| self.value(value, at)).collect()
    }

    /// The parameters of the copy of a block, in order.
    pub fn params_of(&self, block: Block) -> Vec<Value> {
        let own = self.body.block(block).params().map(|param| self.own(param));
        let more = self.carried.more(block).iter().map(|&value| self.param(block, value));
        own.chain(more).collect()
    }

    /// Copies a block without its terminator.
    pub fn start(&mut self, block: Block) {
        let data = self.body.block(block);
        self.assembler.block(data.origin, data.offset);
        for param in data.params() {
            let value = self.body.value(param);
            let place = if let Def::Param(_, _, place) = value.def { place } else { Place::None };
            self.values[param.as_u32() as usize] = Some(self.assembler.param(value.ty, place));
        }
        for &value in self.carried.more(block) {
            let param = self.assembler.param(self.body.value(value).ty, Place::None);
            self.params.insert((block, value), param);
        }
        for inst in data.insts() {
            let data = self.body.inst(inst);
            let mut args = std::mem::take(&mut self.args);
            args.clear();
            args.extend(self.body.operands(data.args).iter().map(|&arg| self.value(arg, block)));
            let types = data.results().map(|value| self.body.value(value).ty);
            let copy = self.assembler.inst(data.op, data.imm, &args, types, data.offset);
            self.args = args;
            let results = self.assembler.body().inst(copy).results();
            for (value, copy) in data.results().zip(results) {
                self.values[value.as_u32() as usize] = Some(copy);
            }
        }
    }

    /// Copies a block once more: what others read of it is what they read of the first copy.
    pub fn again(&mut self, block: Block, way: Way<'_>) {
        let data = self.body.block(block);
        let results = data.insts().flat_map(|inst| self.body.inst(inst).results());
        let own: Vec<Value> = data.params().chain(results).collect();
        let kept: Vec<Option<Value>> =
            own.iter().map(|value| self.values[value.as_u32() as usize]).collect();
        self.start(block);
        self.end(block, way);
        for (value, kept) in own.into_iter().zip(kept) {
            self.values[value.as_u32() as usize] = kept;
        }
    }

    /// Copies the end of a block.
    pub fn end(&mut self, block: Block, way: Way<'_>) {
        let data = self.body.block(block);
        let terminator = match data.terminator {
            Terminator::Jump(edge) => Terminator::Jump(self.edge(&edge, block, way)),
            Terminator::Branch { condition, then, otherwise } => Terminator::Branch {
                condition: self.value(condition, block),
                then: self.edge(&then, block, way),
                otherwise: self.edge(&otherwise, block, way),
            },
            Terminator::Table { index, edges, targets } => {
                let index = self.value(index, block);
                let edges: Vec<Edge> = self.body.edges(edges).to_vec();
                let edges: Vec<Edge> =
                    edges.iter().map(|edge| self.edge(edge, block, way)).collect();
                let edges = self.assembler.edges(&edges);
                let targets = self.assembler.targets(self.body.targets(targets));
                Terminator::Table { index, edges, targets }
            }
            Terminator::Null { reference, null, non_null } => Terminator::Null {
                reference: self.value(reference, block),
                null: self.edge(&null, block, way),
                non_null: self.edge(&non_null, block, way),
            },
            Terminator::Cast { reference, ty, fits, otherwise } => Terminator::Cast {
                reference: self.value(reference, block),
                ty,
                fits: self.edge(&fits, block, way),
                otherwise: self.edge(&otherwise, block, way),
            },
            Terminator::Invoke { call, normal, handler } => Terminator::Invoke {
                call: self.call(call, block),
                normal: self.edge(&normal, block, way),
                handler: self.edge(&handler, block, way),
            },
            Terminator::Throw { opcode, imm, args, handler } => {
                let args = self.values(self.body.operands(args), block);
                let args = self.assembler.operands(&args);
                let handler = handler.map(|edge| self.edge(&edge, block, way));
                Terminator::Throw { opcode, imm, args, handler }
            }
            Terminator::Catch { clauses, outer } => {
                let clauses: Vec<Clause> = self.body.clauses(clauses).to_vec();
                let clauses: Vec<Clause> = clauses
                    .into_iter()
                    .map(|clause| Clause { edge: self.edge(&clause.edge, block, way), ..clause })
                    .collect();
                let clauses = self.assembler.clauses(&clauses);
                let outer = outer.map(|edge| self.edge(&edge, block, way));
                Terminator::Catch { clauses, outer }
            }
            Terminator::Return(values) => {
                let values = self.values(self.body.operands(values), block);
                Terminator::Return(self.assembler.operands(&values))
            }
            Terminator::TailCall(call) => Terminator::TailCall(self.call(call, block)),
            Terminator::Unreachable => Terminator::Unreachable,
        };
        self.assembler.end(terminator, data.end);
    }

    fn call(&mut self, call: Call, at: Block) -> Call {
        let args = self.values(self.body.operands(call.args), at);
        Call { args: self.assembler.operands(&args), ..call }
    }

    fn edge(&mut self, edge: &Edge, at: Block, way: Way<'_>) -> Edge {
        let args = self.body.args(edge).iter();
        let own = args.map(|arg| arg.value().map_or(*arg, |value| self.value(value, at).into()));
        let more = self.carried.more(edge.block).iter();
        let more = more.map(|&value| Arg::from(self.value(value, at)));
        let (block, args) = way(edge.block, own.chain(more).collect());
        self.assembler.edge(block, &args)
    }
}

/// A body with parameters that carry values, and the witness that dropping them gives the body
/// back.
pub fn widen(body: &Body, carried: &Carried) -> (Body, Witness) {
    let mut copier = Copier::new(body, carried);
    for (block, _) in body.blocks() {
        copier.start(block);
        copier.end(block, &mut |to, args| (to, args));
    }
    let mut claims = Vec::new();
    for (block, _) in body.blocks() {
        for &value in carried.more(block) {
            claims.push((copier.param(block, value), Claim::Value(copier.own(value))));
        }
    }
    claims.sort_unstable_by_key(|claim| claim.0);
    let params = body.blocks().flat_map(|(_, data)| data.params());
    let witness = Witness {
        blocks: body.blocks().map(|(block, _)| block).collect(),
        params: params.map(|param| copier.own(param)).collect(),
        claims,
        ..Witness::default()
    };
    (copier.assembler.finish(), witness)
}
