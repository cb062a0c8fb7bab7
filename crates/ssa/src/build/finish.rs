//! The last steps of building: what is reachable, and the body itself.
//!
//! * F1. Only blocks that control reaches from the entry stay, and only edges between them count.
//!
//! Time: linear in blocks, edges, instructions, arguments.

use super::BuildReason;
use super::domain::Builder;
use super::draft::{self, Draft, PAYLOAD, Run, Term, slice};
use super::forest::NONE;
use super::resolve::{Resolved, resolve};
use super::variable::Id;
use crate::assemble::{Assembler, Room};
use crate::body::{Body, Imm, Op, Place};
use crate::entity::{Block, Value};
use crate::held::Held;
use crate::terminator::{Arg, Clause, Edge, Terminator};
use cranelift_entity::packed_option::ReservedValue;
use prova_module::{Opcode, ValType};

/// Which blocks control reaches, and the edges into each.
pub(super) struct Flow {
    reached: Vec<bool>,
    /// Of each block, where its run of `incoming` begins.
    first: Vec<u32>,
    incoming: Vec<u32>,
    /// The position of each edge in its run.
    slot: Vec<u32>,
}

impl Flow {
    fn new(draft: &Draft) -> Flow {
        let mut reached = vec![false; draft.blocks.len()];
        let mut open: Vec<u32> = draft.layout.first().copied().into_iter().collect();
        open.iter().for_each(|&entry| reached[entry as usize] = true);
        while let Some(block) = open.pop() {
            for edge in draft.successors(&draft.blocks[block as usize].term) {
                let to = draft.edges[edge as usize].to;
                if !std::mem::replace(&mut reached[to as usize], true) {
                    open.push(to);
                }
            }
        }
        let live = |edge: &draft::Edge| reached[edge.from as usize];
        let mut first = vec![0; draft.blocks.len() + 1];
        draft.edges.iter().filter(|edge| live(edge)).for_each(|edge| first[edge.to as usize] += 1);
        let mut sum = 0;
        for count in &mut first {
            sum += std::mem::replace(count, sum);
        }
        let (mut next, mut slot) = (first.clone(), vec![NONE; draft.edges.len()]);
        let mut incoming = vec![0; sum as usize];
        for (id, edge) in (0..).zip(&draft.edges).filter(|(_, edge)| live(edge)) {
            let next = &mut next[edge.to as usize];
            slot[id as usize] = *next - first[edge.to as usize];
            incoming[*next as usize] = id;
            *next += 1;
        }
        Flow { reached, first, incoming, slot }
    }

    /// Whether control reaches a block.
    pub(super) fn reaches(&self, block: u32) -> bool {
        self.reached[block as usize]
    }

    /// The edges into a block.
    pub(super) fn incoming(&self, block: u32) -> &[u32] {
        let at = block as usize;
        &self.incoming[self.first[at] as usize..self.first[at + 1] as usize]
    }
}

/// Makes the body of a draft.
pub(super) fn finish(builder: Builder<'_>, args_max: u64) -> Result<(Body, Held), BuildReason> {
    let Builder { mut draft, locals, body, metering, held, .. } = builder;
    let flow = Flow::new(&draft);
    let (resolved, zeros) = resolve(&mut draft, locals, &flow, args_max)?;
    draft.settle_types(|value| resolved.is(value));
    if !draft.layout.iter().all(|&block| flow.reaches(block)) {
        draft.keep_operands(|block| flow.reaches(block));
    }
    let mut finish = Finish {
        out: Assembler::new(body.func(), metering),
        numbers: vec![Block::reserved_value(); draft.blocks.len()],
        values: vec![Value::reserved_value(); draft.types.len()],
        phis: Vec::new(),
        of: Vec::new(),
        args: Vec::new(),
        missing: false,
        draft,
        flow,
        resolved,
    };
    finish.number();
    finish.reserve(zeros.len());
    finish.assemble(&zeros)?;
    finish.operands();
    if finish.missing {
        return Err(bug("a value that is used before it is made"));
    }
    // What stands where control does not reach has no value.
    let value = |&id: &Id| finish.values[finish.resolved.is(id) as usize];
    let held = held.iter().map(|(at, ids)| (*at, ids.iter().map(value).collect::<Vec<Value>>()));
    let held = held.filter(|(_, values)| !values.iter().any(|value| value.is_reserved_value()));
    let held = Held::ascending(held.collect());
    Ok((finish.out.finish(), held))
}

fn bug(what: &'static str) -> BuildReason {
    BuildReason::Bug { offset: 0, what }
}

/// A draft on its way into a body.
struct Finish {
    draft: Draft,
    flow: Flow,
    resolved: Resolved,
    out: Assembler,
    /// The number that each block of the draft gets.
    numbers: Vec<Block>,
    /// The value that each value of the draft has become.
    values: Vec<Value>,
    /// The parameters for locals that remain, by block and local.
    phis: Vec<u32>,
    /// Of each block, its run of `phis`.
    of: Vec<Run>,
    args: Vec<Arg>,
    /// Whether a value was used that has not been made.
    missing: bool,
}

impl Finish {
    fn number(&mut self) {
        let placed = self.draft.layout.iter().filter(|&&block| self.flow.reaches(block));
        for (number, &block) in (0..).zip(placed) {
            self.numbers[block as usize] = Block::from_u32(number);
        }
        let phis = &self.resolved.phis;
        self.phis = (0..phis.len() as u32).filter(|&id| self.resolved.remains(id)).collect();
        self.phis.sort_unstable_by_key(|&id| {
            let phi = &phis[id as usize];
            (phi.block, phi.local)
        });
        self.of = vec![0..0; self.draft.blocks.len()];
        for (at, &id) in (0..).zip(&self.phis) {
            let run = &mut self.of[phis[id as usize].block as usize];
            *run = if run.start == run.end { at..at + 1 } else { run.start..at + 1 };
        }
    }

    /// Makes room for the body, a little more than it needs.
    fn reserve(&mut self, zeros: usize) {
        let Draft { layout, insts, types, args, .. } = &self.draft;
        let phi_args: usize = self.phis.iter().map(|&id| self.resolved.arg_count(id)).sum();
        self.out.reserve(&Room {
            blocks: layout.len(),
            insts: insts.len() + zeros,
            values: types.len() - self.resolved.phis.len() + self.phis.len(),
            args: args.len() + phi_args,
        });
    }

    fn assemble(&mut self, zeros: &[(ValType, Id)]) -> Result<(), BuildReason> {
        for at in 0..self.draft.layout.len() {
            let id = self.draft.layout[at];
            if !self.flow.reaches(id) {
                continue;
            }
            let &draft::Block { origin, offset, base, end, .. } = &self.draft.blocks[id as usize];
            let (params, insts) = {
                let block = &self.draft.blocks[id as usize];
                (block.params.clone(), block.insts.clone())
            };
            self.out.block(origin, offset);
            for (number, value) in (0..).zip(params) {
                let place = match (at, base) {
                    (0, _) => Place::Local(number),
                    (_, NONE) => Place::None,
                    (_, base) => Place::Stack(base + number),
                };
                let ty = self.draft.types[value as usize];
                self.values[value as usize] = self.out.param(ty, place);
            }
            for index in self.of[id as usize].clone() {
                let phi = self.resolved.phis[self.phis[index as usize] as usize];
                let ty = self.draft.types[phi.value as usize];
                self.values[phi.value as usize] = self.out.param(ty, Place::Local(phi.local));
            }
            if at == 0 {
                zeros.iter().for_each(|&(ty, value)| self.zero(ty, value, offset));
            }
            let insts = slice(&self.draft.insts, &insts);
            self.out.renumbered(insts, &self.draft.types, &mut self.values);
            let term = std::mem::replace(&mut self.draft.blocks[id as usize].term, Term::Open);
            let terminator = self.terminator(term)?;
            self.out.end(terminator, end);
        }
        Ok(())
    }

    /// The constant that locals of a type start with.
    fn zero(&mut self, ty: ValType, value: Id, offset: u32) {
        let (opcode, imm) = match ty {
            ValType::I32 => (Opcode::I32Const, Imm::Bits(0)),
            ValType::I64 => (Opcode::I64Const, Imm::Bits(0)),
            ValType::F32 => (Opcode::F32Const, Imm::Bits(0)),
            ValType::F64 => (Opcode::F64Const, Imm::Bits(0)),
            ValType::V128 => (Opcode::V128Const, Imm::Wide([0; 2])),
            ValType::Ref(ty) => (Opcode::RefNull, Imm::Heap(ty.heap_type())),
        };
        let inst = self.out.inst(Op::Wasm(opcode), imm, &[], [ty], offset);
        if let Some(result) = self.out.body().inst(inst).result() {
            self.values[value as usize] = result;
        }
    }

    /// The operands of instructions and terminators, whose lists are those of the draft.
    fn operands(&mut self) {
        let mut operands = std::mem::take(&mut self.draft.operands);
        for operand in &mut operands {
            *operand = self.value(operand.as_u32());
        }
        self.out.adopt_operands(operands);
    }

    /// The value of the body for a value of the draft.
    #[inline]
    fn value(&mut self, value: Id) -> Value {
        let value = self.values[self.resolved.is(value) as usize];
        self.missing |= value.is_reserved_value();
        value
    }

    fn edge(&mut self, id: u32) -> Result<Edge, BuildReason> {
        let (to, run) = {
            let edge = &self.draft.edges[id as usize];
            (edge.to, edge.args.clone())
        };
        self.args.clear();
        for at in run {
            let arg = self.draft.args[at as usize];
            let arg = match arg.checked_sub(PAYLOAD) {
                Some(number) => Arg::payload(number),
                None => self.value(arg).into(),
            };
            self.args.push(arg);
        }
        let slot = self.flow.slot[id as usize];
        for index in self.of[to as usize].clone() {
            let arg = self.resolved.arg(self.phis[index as usize], slot);
            let arg = self.value(arg.ok_or_else(|| bug("an edge without argument"))?);
            self.args.push(arg.into());
        }
        let block = self.numbers[to as usize];
        if block.is_reserved_value() {
            return Err(bug("an edge to a block without place"));
        }
        Ok(self.out.edge(block, &self.args))
    }

    fn terminator(&mut self, term: Term) -> Result<Terminator, BuildReason> {
        Ok(match term {
            Term::Open => return Err(bug("a block without end")),
            Term::Jump(edge) => Terminator::Jump(self.edge(edge)?),
            Term::Branch { condition, then, otherwise } => {
                let (then, otherwise) = (self.edge(then)?, self.edge(otherwise)?);
                Terminator::Branch { condition: self.value(condition), then, otherwise }
            }
            Term::Table { index, edges, targets } => {
                let edges: Result<Vec<Edge>, _> = edges.map(|edge| self.edge(edge)).collect();
                let edges = self.out.edges(&edges?);
                let targets = self.out.targets(slice(&self.draft.targets, &targets));
                Terminator::Table { index: self.value(index), edges, targets }
            }
            Term::Null { reference, null, non_null } => {
                let (null, non_null) = (self.edge(null)?, self.edge(non_null)?);
                Terminator::Null { reference: self.value(reference), null, non_null }
            }
            Term::Cast { reference, ty, fits, otherwise } => {
                let (fits, otherwise) = (self.edge(fits)?, self.edge(otherwise)?);
                Terminator::Cast { reference: self.value(reference), ty, fits, otherwise }
            }
            Term::Invoke { call, normal, handler } => {
                let (normal, handler) = (self.edge(normal)?, self.edge(handler)?);
                Terminator::Invoke { call, normal, handler }
            }
            Term::Throw { opcode, imm, args, handler } => {
                let handler = handler.map(|edge| self.edge(edge)).transpose()?;
                Terminator::Throw { opcode, imm, args, handler }
            }
            Term::Catch { clauses, outer } => {
                let mut list = Vec::new();
                for at in clauses {
                    let &draft::Clause { tag, with_ref, edge } = &self.draft.clauses[at as usize];
                    list.push(Clause { tag, with_ref, edge: self.edge(edge)? });
                }
                let clauses = self.out.clauses(&list);
                let outer = outer.map(|edge| self.edge(edge)).transpose()?;
                Terminator::Catch { clauses, outer }
            }
            Term::Return(values) => Terminator::Return(values),
            Term::TailCall(call) => Terminator::TailCall(call),
            Term::Unreachable => Terminator::Unreachable,
        })
    }
}
