//! Edges of both bodies: one edge each → the same place, with equal arguments (Q5, Q11, Q12).

use super::error::{Fault, PassRule as Rule, Verdict};
use super::walk::Passed;
use super::witness::Claim;
use crate::body::Op;
use crate::entity::{Block, Value};
use crate::relate::ends::only_edge;
use crate::relate::walk::Simulate;
use crate::terminator::{ArgKind, Edge};
use cranelift_entity::EntityRef;
use prova_terms::Vn;

/// A way in the old body: a block and the numbers of its parameters there.
pub(super) struct Way {
    pub(super) block: Block,
    pub(super) args: Vec<Vn>,
}

/// The numbers of the values of a block that an edge passes over.
struct Over {
    first: u32,
    numbers: Vec<Vn>,
}

impl Over {
    fn get(&self, value: Value) -> Option<Vn> {
        self.numbers.get(value.as_u32().checked_sub(self.first)? as usize).copied()
    }
}

impl Passed<'_> {
    /// The arguments of an old edge out of a block that is walked; payloads are leaves from
    /// `payload` on.
    pub(super) fn way(&mut self, edge: &Edge, payload: u32) -> Verdict<Way> {
        let args = self.before.body.args(edge);
        self.spend(args.len())?;
        let number = &self.before.number;
        let args = args.iter().map(|arg| match arg.kind() {
            ArgKind::Value(value) => number[value.index()],
            ArgKind::Payload(at) => Vn::effect(payload, at),
        });
        Ok(Way { block: edge.block, args: args.collect() })
    }

    /// Goes on from a threaded block by its only edge; `None` if it has none.
    pub(super) fn pass(&mut self, way: &Way) -> Verdict<Option<Way>> {
        let body = self.before.body;
        let block = body.block(way.block);
        self.spend(1 + way.args.len() + block.insts().len())?;
        let first = block.params().next();
        let first =
            first.or_else(|| block.insts().find_map(|inst| body.inst(inst).results().next()));
        let first = first.map_or(0, |value| value.as_u32());
        let mut passed = Over { first, numbers: way.args.clone() };
        for inst in block.insts() {
            let data = body.inst(inst);
            let args: Vec<Vn> =
                body.operands(data.args).iter().map(|&v| self.number_in(&passed, v)).collect();
            let found = match data.op {
                Op::Wasm(opcode) => self.at.numbers.of(opcode, data.imm, &args),
                Op::Charge | Op::Poll => None,
            };
            // Every pure operator has one, and Q4 lets no other in.
            let Some(found) = found else { return Ok(None) };
            passed.numbers.extend(found.into_iter().take(data.results().len()));
        }
        let numbers = &self.at.numbers;
        let constant = |value| numbers.as_const(self.number_in(&passed, value));
        let Some(edge) = only_edge((body, &block.terminator), constant) else { return Ok(None) };
        let args = body.args(&edge);
        self.spend(args.len())?;
        // An edge that is the only one has no payloads.
        let args: Option<Vec<Vn>> =
            args.iter().map(|arg| Some(self.number_in(&passed, arg.value()?))).collect();
        Ok(args.map(|args| Way { block: edge.block, args }))
    }

    fn number_in(&self, passed: &Over, value: Value) -> Vn {
        passed.get(value).unwrap_or(self.before.number[value.index()])
    }

    /// Both edges lead to the same place with equal arguments; payloads of both are leaves from
    /// `payload` on.
    pub(super) fn edges(&mut self, old: &Edge, new: &Edge, payload: u32) -> Verdict {
        let way = self.way(old, payload)?;
        self.arrive(way, new, payload)
    }

    /// An old way and a new edge lead to the same place.
    pub(super) fn arrive(&mut self, mut way: Way, new: &Edge, payload: u32) -> Verdict {
        let target = self.witness.blocks.get(new.block.index()).copied();
        while Some(way.block) != target {
            let at = way.block;
            demand!(
                self.before.threaded[at.index()],
                Targets,
                "an edge to {}, where the old one leads to {at}",
                new.block
            );
            let next = self.pass(&way)?;
            way = next.ok_or_else(|| {
                Fault::new(Rule::Targets, format!("{at} does not lead on to one block"))
            })?;
        }
        self.claims(&way)?;
        self.arguments(&way, new, payload)
    }

    /// Q5 on an edge.
    pub(super) fn claims(&mut self, way: &Way) -> Verdict {
        let params = self.before.body.block(way.block).params();
        for (param, &arg) in params.zip(&way.args) {
            let expected = match self.before.claims[param.index()] {
                None => continue,
                Some(Claim::Constant(bits)) => self.at.numbers.constant(bits),
                Some(Claim::Value(value)) => self.along(way, value),
            };
            demand!(arg == expected, Claims, "{param} is another value on an edge");
        }
        Ok(())
    }

    /// The number of a value in scope of a block, along a way to that block.
    fn along(&self, way: &Way, value: Value) -> Vn {
        if self.before.made_in(value) != way.block {
            return self.before.number[value.index()];
        }
        let first = self.before.body.block(way.block).params().next();
        let at = first.and_then(|first| value.as_u32().checked_sub(first.as_u32()));
        at.and_then(|at| way.args.get(at as usize)).copied().unwrap_or(Vn::UNDEF)
    }

    /// Q12
    fn arguments(&mut self, way: &Way, new: &Edge, payload: u32) -> Verdict {
        let params = self.at.new.block(new.block).params();
        let args = self.at.new.args(new);
        self.spend(args.len())?;
        for (param, arg) in params.zip(args) {
            let given = match arg.kind() {
                ArgKind::Value(value) => self.at.our(value),
                ArgKind::Payload(at) => Vn::effect(payload, at),
            };
            let stands_for = self.stands_for[param.index()];
            let expected = self.along(way, stands_for);
            let right = given == expected && given != Vn::UNDEF;
            demand!(right, Arguments, "{arg} for {param}, which is {stands_for}");
        }
        Ok(())
    }
}
