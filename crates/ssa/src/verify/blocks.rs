//! The rules that are looked at block by block: S4 of uses, S5 to S9.

use super::signature::{Operand, Site, Types, non_null};
use super::{Rule, Verified, VerifyError, made_in};
use crate::body::{Body, Imm, InstData, Op};
use crate::dominance::Dominators;
use crate::entity::{Block, Inst, List, Value};
use crate::terminator::{ArgKind, Call, Edge, Terminator, less};
use cranelift_entity::EntityRef;
use prova_module::ops::{Class, Kind};
use prova_module::{Opcode, TagIdx, ValType};

/// The state of the verification of one block.
pub(super) struct Checker<'v, 'm> {
    body: &'v Body,
    types: &'v Types<'m>,
    dominators: &'v Dominators,
    /// By instruction.
    block_of: Vec<Block>,
    /// Whether an exception's edge leads to each block.
    thrown_to: Vec<bool>,
    block: Block,
    inst: Option<Inst>,
    wanted: Vec<Operand>,
    operands: Vec<ValType>,
    results: Vec<ValType>,
}

/// The types of an edge's payloads, which its terminator makes.
type Payloads<'p> = &'p [ValType];

impl<'v, 'm> Checker<'v, 'm> {
    pub(super) fn new(
        body: &'v Body,
        types: &'v Types<'m>,
        dominators: &'v Dominators,
    ) -> Checker<'v, 'm> {
        let mut block_of = vec![body.entry(); body.inst_count()];
        let mut thrown_to = vec![false; body.block_count()];
        for (block, data) in body.blocks() {
            data.insts().for_each(|inst| block_of[inst.index()] = block);
            let to = match &data.terminator {
                Terminator::Invoke { handler, .. } => Some(handler),
                Terminator::Throw { handler, .. } => handler.as_ref(),
                Terminator::Catch { outer, .. } => outer.as_ref(),
                Terminator::Jump(_)
                | Terminator::Branch { .. }
                | Terminator::Table { .. }
                | Terminator::Null { .. }
                | Terminator::Cast { .. }
                | Terminator::Return(_)
                | Terminator::TailCall(_)
                | Terminator::Unreachable => None,
            };
            to.iter().for_each(|edge| thrown_to[edge.block.index()] = true);
        }
        Checker {
            body,
            types,
            dominators,
            block_of,
            thrown_to,
            block: body.entry(),
            inst: None,
            wanted: Vec::new(),
            operands: Vec::new(),
            results: Vec::new(),
        }
    }

    fn error<T>(&self, rule: Rule, what: impl Into<String>) -> Result<T, VerifyError> {
        Err(VerifyError { block: Some(self.block), inst: self.inst, rule, what: what.into() })
    }

    pub(super) fn check(&mut self) -> Verified {
        for (block, data) in self.body.blocks() {
            (self.block, self.inst) = (block, None);
            if let Some(param) = data.params().find(|&param| !self.types.exists(self.ty(param))) {
                return self.error(Rule::Types, format!("{param} has a type that does not exist"));
            }
            for inst in data.insts() {
                self.inst = Some(inst);
                self.instruction(inst)?;
            }
            self.inst = None;
            self.terminator(&data.terminator)?;
            let is_handler = matches!(data.terminator, Terminator::Catch { .. });
            if is_handler && data.insts().len() > 0 {
                return self.error(Rule::Handlers, "instructions in a handler");
            }
            let ordinary = |edge: &Edge| !self.is_thrown(&data.terminator, edge);
            for edge in self.body.successors(block) {
                let to = &self.body.block(edge.block).terminator;
                let is_handler = matches!(to, Terminator::Catch { .. });
                if is_handler == ordinary(&edge) {
                    return self.error(
                        Rule::Handlers,
                        format!("an edge of another kind to {}", edge.block),
                    );
                }
            }
        }
        Ok(())
    }

    fn ty(&self, value: Value) -> ValType {
        self.body.value(value).ty
    }

    /// Whether an edge of a terminator is an exception's. One block cannot have an ordinary edge
    /// and an exception's to the same handler without being refused for the ordinary one, so blocks
    /// tell edges apart.
    fn is_thrown(&self, terminator: &Terminator, edge: &Edge) -> bool {
        match terminator {
            Terminator::Invoke { handler, normal, .. } => {
                edge == handler || normal.block == handler.block
            }
            Terminator::Throw { handler, .. } => handler.is_some(),
            Terminator::Catch { outer, .. } => outer.as_ref() == Some(edge),
            Terminator::Jump(_)
            | Terminator::Branch { .. }
            | Terminator::Table { .. }
            | Terminator::Null { .. }
            | Terminator::Cast { .. }
            | Terminator::Return(_)
            | Terminator::TailCall(_)
            | Terminator::Unreachable => false,
        }
    }

    /// Whether a value is made on every way to here.
    fn is_made(&self, value: Value) -> bool {
        let (block, by) = made_in(self.body, value, |inst| self.block_of[inst.index()]);
        if block != self.block {
            return self.dominators.dominates(block, self.block);
        }
        match (by, self.inst) {
            (Some(by), Some(inst)) => by < inst,
            (_, _) => true,
        }
    }

    /// S4 of a use in the current block.
    fn reads(&self, value: Value) -> Verified {
        if self.is_made(value) {
            return Ok(());
        }
        self.error(Rule::Dominance, format!("{value} is not made on every way here"))
    }

    /// Whether an instruction is as its row says, by a short look: one with numbers for operands
    /// and results, whose immediates name a memory at most. Where this says no, the long look
    /// decides.
    fn is_plain(&self, opcode: Opcode, data: &InstData) -> bool {
        let address = match data.imm {
            Imm::None | Imm::Bits(_) | Imm::Wide(_) | Imm::Lane(_) => None,
            Imm::Access(access) => self.types.address(access.memory),
            Imm::Index(_) | Imm::Indices(..) | Imm::Type(_) | Imm::Heap(_) => return false,
        };
        let is = |value: Value, kind: Kind| {
            let ty = if kind == Kind::addr { address } else { kind.val_type() };
            ty == Some(self.ty(value))
        };
        let (row, args) = (opcode.row(), self.body.operands(data.args));
        data.imm.fits(opcode)
            && args.len() == row.params.len()
            && args.iter().zip(row.params).all(|(&arg, &kind)| is(arg, kind) && self.is_made(arg))
            && data.results().len() == row.results.len()
            && data.results().zip(row.results).all(|(value, &kind)| is(value, kind))
    }

    /// Operands of an operator against its row.
    fn operator(&mut self, opcode: Opcode, imm: Imm, args: List<Value>) -> Verified {
        if !imm.fits(opcode) {
            return self.error(Rule::Operators, "immediates of another operator");
        }
        let site = Site::new(self.types, opcode, imm);
        if !site.exists() {
            return self.error(Rule::Operators, "an immediate names what does not exist");
        }
        let mut wanted = std::mem::take(&mut self.wanted);
        let known = site.operands(&mut wanted);
        self.wanted = wanted;
        if known.is_none() {
            return self.error(Rule::Operators, "an operator without operands");
        }
        self.takes(self.body.operands(args))
    }

    /// S4 and S5 of a list of operands, which must be as `wanted`.
    fn takes(&mut self, args: &[Value]) -> Verified {
        if args.len() != self.wanted.len() {
            let what = format!("{} operands instead of {}", args.len(), self.wanted.len());
            return self.error(Rule::Types, what);
        }
        self.operands.clear();
        for (&arg, &wanted) in args.iter().zip(&self.wanted) {
            self.reads(arg)?;
            let ty = self.ty(arg);
            if !wanted.takes(self.types, ty) {
                return self.error(Rule::Types, format!("{arg} is {ty} instead of {wanted:?}"));
            }
            self.operands.push(ty);
        }
        Ok(())
    }

    fn instruction(&mut self, inst: Inst) -> Verified {
        let data = self.body.inst(inst);
        let metering = self.body.metering();
        let opcode = match data.op {
            Op::Wasm(opcode) => opcode,
            Op::Charge | Op::Poll => {
                let is_charge = data.op == Op::Charge;
                let fits = if is_charge {
                    matches!(data.imm, Imm::Bits(_))
                } else {
                    data.imm == Imm::None
                };
                let has = if is_charge { metering.fuel } else { metering.epoch };
                if !has {
                    return self.error(Rule::Metering, "metering that the body has not");
                }
                if !fits || !data.args.is_empty() || data.results().len() > 0 {
                    return self
                        .error(Rule::Metering, "operands, results or immediates of another kind");
                }
                return Ok(());
            }
        };
        if !is_instruction(opcode) {
            return self.error(Rule::Operators, format!("{} is no instruction", opcode.mnemonic()));
        }
        if self.is_plain(opcode, data) {
            return Ok(());
        }
        self.operator(opcode, data.imm, data.args)?;
        if opcode == Opcode::Select && self.operands.first() != self.operands.get(1) {
            return self.error(Rule::Types, "a selection between different types");
        }
        let mut results = std::mem::take(&mut self.results);
        let site = Site::new(self.types, opcode, data.imm);
        let known = site.results(&self.operands, &mut results);
        self.results = results;
        let own = data.results().map(|value| self.ty(value));
        if known.is_none() || !own.eq(self.results.iter().copied()) {
            return self.error(Rule::Types, "other results than the operator's");
        }
        Ok(())
    }

    /// S6
    fn edge(&self, edge: &Edge, payloads: Payloads<'_>) -> Verified {
        let (args, to) = (self.body.args(edge), self.body.block(edge.block));
        if args.len() != to.params().len() {
            let what = format!("{} arguments for {}", args.len(), edge.block);
            return self.error(Rule::Edges, what);
        }
        for (arg, param) in args.iter().zip(to.params()) {
            let ty = match arg.kind() {
                ArgKind::Value(value) => {
                    self.reads(value)?;
                    self.ty(value)
                }
                ArgKind::Payload(number) => match payloads.get(number as usize) {
                    Some(&ty) => ty,
                    None => {
                        return self.error(Rule::Edges, format!("there is no payload {number}"));
                    }
                },
            };
            let wanted = self.ty(param);
            if !self.types.matches(ty, wanted) {
                return self.error(Rule::Edges, format!("{arg} is {ty}, {param} is {wanted}"));
            }
        }
        Ok(())
    }

    fn one(&mut self, value: Value, wanted: Operand) -> Verified {
        self.wanted.clear();
        self.wanted.push(wanted);
        self.takes(&[value])
    }

    fn returns(&mut self, types: &[ValType]) -> Verified {
        let func = self.types.module().func_type(self.body.func());
        let same = types.len() == func.results.len();
        let mut pairs = types.iter().zip(&func.results);
        if same && pairs.all(|(&ty, &wanted)| self.types.matches(ty, wanted)) {
            return Ok(());
        }
        self.error(Rule::Types, "other results than the function's")
    }

    fn terminator(&mut self, terminator: &Terminator) -> Verified {
        let i32 = Operand::Of(ValType::I32);
        match terminator {
            Terminator::Jump(edge) => self.edge(edge, &[]),
            Terminator::Branch { condition, then, otherwise } => {
                self.one(*condition, i32)?;
                self.edge(then, &[])?;
                self.edge(otherwise, &[])
            }
            Terminator::Table { index, edges, targets } => {
                self.one(*index, i32)?;
                let edges = self.body.edges(*edges);
                let targets = self.body.targets(*targets);
                if targets.is_empty() || targets.iter().any(|&at| at as usize >= edges.len()) {
                    return self.error(Rule::Edges, "a target without edge");
                }
                edges.iter().try_for_each(|edge| self.edge(edge, &[]))
            }
            Terminator::Null { reference, null, non_null: edge } => {
                self.one(*reference, Operand::AnyRef)?;
                self.edge(null, &[])?;
                let payload = non_null(self.ty(*reference));
                self.edge(edge, payload.as_slice())
            }
            Terminator::Cast { reference, ty, fits, otherwise } => {
                self.one(*reference, Operand::AnyRef)?;
                if !self.types.exists(ValType::Ref(*ty)) {
                    return self.error(Rule::Operators, "a type that the module does not have");
                }
                self.edge(fits, &[ValType::Ref(*ty)])?;
                self.edge(otherwise, &[less(self.ty(*reference), *ty)])
            }
            Terminator::Invoke { call, normal, handler } => {
                self.call(call, false)?;
                let site = Site::new(self.types, call.opcode, call.imm);
                let results = site.callee().map_or(&[][..], |ty| &ty.results);
                self.edge(normal, results)?;
                self.edge(handler, &[])
            }
            Terminator::TailCall(call) => {
                self.call(call, true)?;
                let site = Site::new(self.types, call.opcode, call.imm);
                self.returns(site.callee().map_or(&[][..], |ty| &ty.results))
            }
            Terminator::Throw { opcode, imm, args, handler } => {
                if !matches!(opcode.class(), Class::throw | Class::throw_ref) {
                    return self.error(Rule::Operators, "a throw by another operator");
                }
                self.operator(*opcode, *imm, *args)?;
                handler.iter().try_for_each(|edge| self.edge(edge, &[]))
            }
            Terminator::Catch { .. } => self.catch(terminator),
            Terminator::Return(values) => {
                let values = self.body.operands(*values);
                values.iter().try_for_each(|&value| self.reads(value))?;
                let types: Vec<ValType> = values.iter().map(|&value| self.ty(value)).collect();
                self.returns(&types)
            }
            Terminator::Unreachable => Ok(()),
        }
    }

    fn call(&mut self, call: &Call, is_tail: bool) -> Verified {
        let class = call.opcode.class();
        let fits = match is_tail {
            false => matches!(class, Class::call | Class::call_indirect | Class::call_ref),
            true => matches!(
                class,
                Class::return_call | Class::return_call_indirect | Class::return_call_ref
            ),
        };
        if !fits {
            return self.error(Rule::Operators, "a call by another operator");
        }
        self.operator(call.opcode, call.imm, call.args)
    }

    /// S7 of a handler, and its edges.
    fn catch(&mut self, terminator: &Terminator) -> Verified {
        let Terminator::Catch { clauses, outer } = terminator else { return Ok(()) };
        if !self.thrown_to[self.block.index()] {
            return self.error(Rule::Handlers, "a handler that nothing throws to");
        }
        let mut all = false;
        for clause in self.body.clauses(*clauses) {
            let mut payloads: Vec<ValType> = match clause.tag {
                Some(TagIdx(tag)) => match self.types.module().tag(TagIdx(tag)) {
                    Some(ty) => ty.params.to_vec(),
                    None => return self.error(Rule::Operators, format!("there is no tag{tag}")),
                },
                None => Vec::new(),
            };
            if clause.with_ref {
                payloads.push(ValType::Ref(prova_module::RefType::EXN));
            }
            all |= clause.tag.is_none();
            self.edge(&clause.edge, &payloads)?;
        }
        match outer {
            Some(_) if all => self.error(Rule::Handlers, "a handler behind one that catches all"),
            Some(edge) => self.edge(edge, &[]),
            None => Ok(()),
        }
    }
}

/// Whether an operator can stand inside of a block.
fn is_instruction(opcode: Opcode) -> bool {
    use prova_module::ops::Flow;
    let names_only = matches!(
        opcode.class(),
        Class::drop_
            | Class::nop
            | Class::local_get
            | Class::local_set
            | Class::local_tee
            | Class::refused
    );
    matches!(opcode.class().flow(), Flow::Next | Flow::Call) && !names_only
}
