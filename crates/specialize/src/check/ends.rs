//! How a part ends (S5, S6): the generic block's terminator beside the specialised block's.

use super::budget::row_len;
use super::edge::{Way, arrive, keep};
use super::error::{Rule, Verdict, demand};
use super::part::{Part, bind, params_of};
use crate::certificate::{Role, Row};
use prova_module::Opcode;
use prova_ssa::Vn;
use prova_ssa::relate::Numbers;
use prova_ssa::{ArgKind, Edge, Imm, InstData, Terminator, Value};

impl<'c> Part<'c> {
    fn terminator(&self) -> &'c Terminator {
        &self.facts.body.block(self.block).terminator
    }

    /// The end of the generic block.
    pub(super) fn end(&mut self) -> Verdict {
        let (generic, body) = (self.facts.question.generic, self.facts.body);
        let theirs = &generic.block(self.generic).terminator;
        let leaves = matches!(
            theirs,
            Terminator::Return(_) | Terminator::TailCall(_) | Terminator::Throw { .. }
        );
        if leaves {
            self.all_done()?;
        }
        self.some_done()?;
        match (theirs, self.terminator()) {
            (Terminator::Jump(their), Terminator::Jump(our)) => self.edge(our, their),
            (Terminator::Branch { condition, then, otherwise }, ours) => {
                let term = self.their(*condition)?;
                match (self.terms.as_const(term), ours) {
                    (Some(bits), Terminator::Jump(our)) => {
                        self.edge(our, if bits as u32 == 0 { otherwise } else { then })
                    }
                    (_, Terminator::Branch { condition, then: a, otherwise: b }) => {
                        let same = self.our(*condition) == term;
                        demand!(same, Operands, "a branch by another condition");
                        self.edge(a, then)?;
                        self.edge(b, otherwise)
                    }
                    (_, other) => self.unlike(other),
                }
            }
            (Terminator::Table { index, edges, targets }, ours) => {
                let term = self.their(*index)?;
                let (edges, targets) = (generic.edges(*edges), generic.targets(*targets));
                self.spend(edges.len() + targets.len())?;
                match (self.terms.as_const(term), ours) {
                    (Some(bits), Terminator::Jump(our)) => {
                        let at = targets.get(bits as u32 as usize).or(targets.last());
                        let edge = at.and_then(|&at| edges.get(at as usize));
                        let what = || (Rule::Control, "a table without edges".to_owned());
                        self.edge(our, edge.ok_or_else(what)?)
                    }
                    (_, Terminator::Table { index, edges: ours, targets: places }) => {
                        let same = self.our(*index) == term;
                        demand!(same, Operands, "a table by another index");
                        let ours = body.edges(*ours);
                        let alike = body.targets(*places) == targets && ours.len() == edges.len();
                        demand!(alike, Control, "a table of other targets");
                        ours.iter().zip(edges).try_for_each(|(our, their)| self.edge(our, their))
                    }
                    (_, other) => self.unlike(other),
                }
            }
            (
                Terminator::Null { reference, null, non_null },
                Terminator::Null { reference: our, null: a, non_null: b },
            ) => {
                let same = self.our(*our) == self.their(*reference)?;
                demand!(same, Operands, "a branch by another reference");
                self.edge(a, null)?;
                self.edge(b, non_null)
            }
            (theirs, ours) => self.out(theirs, ours),
        }
    }

    /// The ends of the generic function.
    fn out(&mut self, theirs: &Terminator, ours: &Terminator) -> Verdict {
        match (theirs, ours) {
            (Terminator::Return(theirs), Terminator::Return(ours)) => {
                let same = *self.ours(*ours)? == *self.theirs(*theirs)?;
                demand!(same, Operands, "other results");
                Ok(())
            }
            (Terminator::TailCall(theirs), Terminator::TailCall(ours)) => {
                let imm = self.facts.imm(theirs.opcode, theirs.imm)?;
                let alike = ours.opcode == theirs.opcode && ours.imm == imm;
                demand!(alike, Control, "another tail call");
                let same = *self.ours(ours.args)? == *self.theirs(theirs.args)?;
                demand!(same, Operands, "a tail call with other operands");
                Ok(())
            }
            (
                Terminator::Throw { opcode, imm, args, handler: None },
                Terminator::Throw { opcode: code, imm: of, args: ours, handler: None },
            ) => {
                demand!(opcode == code && imm == of, Control, "another throw");
                let same = *self.ours(*ours)? == *self.theirs(*args)?;
                demand!(same, Operands, "a throw with other operands");
                Ok(())
            }
            (Terminator::Unreachable, Terminator::Unreachable) => Ok(()),
            (_, other) => self.unlike(other),
        }
    }

    fn unlike(&self, ours: &Terminator) -> Verdict {
        let theirs = &self.facts.question.generic.block(self.generic).terminator;
        Err((Rule::Control, format!("{} for {}", ours.name(), theirs.name())))
    }

    /// An edge for one of the generic function's.
    fn edge(&mut self, our: &Edge, their: &Edge) -> Verdict {
        let generic = self.facts.question.generic;
        // A payload is of this edge alone, so no inner block gets it.
        let keeps = matches!(self.facts.role(our.block), Some(Role::Copy(_)));
        let mut bound = Vec::new();
        let params = generic.block(their.block).params();
        self.spend(1 + params.len())?;
        for (param, arg) in params.zip(generic.args(their)) {
            let term = match arg.kind() {
                ArgKind::Value(value) => self.theirs.get(value),
                ArgKind::Payload(number) => keeps.then(|| Numbers::payload(number)),
            };
            bound.push((param, term));
        }
        self.lead(our, (their.block, 0), bound)
    }

    /// Proves the row at the end of an edge; `bound` gives values of the generic function new terms
    /// on the way.
    pub(super) fn arrive(
        &mut self,
        our: &Edge,
        row: &Row,
        bound: &[(Value, Option<Vn>)],
    ) -> Verdict {
        let mut args = Vec::new();
        self.spend(self.facts.body.args(our).len() + row_len(row) + self.kept.late())?;
        for arg in self.facts.body.args(our) {
            args.push(Some(match arg.kind() {
                ArgKind::Value(value) => self.our(value),
                ArgKind::Payload(number) => Numbers::payload(number),
            }));
        }
        let params = params_of(&self.facts);
        let way = Way { args: &args, bases: &self.bases, params };
        let theirs = &self.theirs;
        arrive(self.terms, row, &way, |value| {
            match bound.binary_search_by_key(&value, |bound| bound.0) {
                Ok(at) => bound[at].1,
                Err(_) => theirs.get(value),
            }
        })?;
        keep(self.terms, row, &way, &self.kept)
    }

    /// Whether the part ends at a `specialize.value`: the least value, if it does. Either answer
    /// is checked further.
    pub(super) fn is_cut(&mut self, number: u32, value: Vn, low: Vn) -> Verdict<Option<u32>> {
        let Terminator::Table { index, edges, .. } = *self.terminator() else { return Ok(None) };
        let last = self.facts.body.edges(edges).last().map(|edge| edge.block);
        let role = last.and_then(|at| self.facts.certificate.roles.get(at.as_u32() as usize));
        let low = self.terms.as_const(low).map(|bits| bits as u32);
        let (Some(Role::Broken), Some(low)) = (role, low) else { return Ok(None) };
        // Two values that are one constant are told apart by the place behind them.
        if self.terms.as_const(value).is_some()
            && !self.goes_on(self.facts.body.edges(edges), number + 1)
        {
            return Ok(None);
        }
        // The index is made behind all stores that are done here: those of `cases` are done now,
        // and if the part does not end here, another value is not this one.
        let index = self.peek(index)?;
        let least = self.terms.constant(low.into());
        let from_low = self.terms.operator(Opcode::I32Sub, Imm::None, &[value, least], 0);
        Ok((index == from_low).then_some(low))
    }

    /// Whether the first case of a table goes on, by its role, behind `start` instructions of the
    /// block.
    fn goes_on(&self, edges: &[Edge], start: u32) -> bool {
        match edges.first().and_then(|edge| self.facts.role(edge.block)) {
            Some(Role::Copy(row)) => row.block == Some(self.generic) && row.start == start,
            Some(Role::Inner(done)) => *done == start,
            Some(Role::Entry | Role::Fallback | Role::Memory(_) | Role::Broken) | None => false,
        }
    }

    /// The term of a value that later instructions of this block make, provided that it does not
    /// depend on later effects: a value that is bound too early here is bound again in its turn.
    fn peek(&mut self, value: Value) -> Verdict<Vn> {
        self.bind_ahead()?;
        Ok(self.our(value))
    }

    /// Says what the pure instructions to come make, as [`Part::peek`].
    pub(super) fn bind_ahead(&mut self) -> Verdict {
        self.spend(self.to_come().len())?;
        for inst in self.to_come() {
            if self.facts.body.inst(inst).op.effects().is_pure() {
                bind(&self.facts, self.terms, self.ours, inst)?;
            }
        }
        Ok(())
    }

    /// The end at a `specialize.value`.
    pub(super) fn cases(&mut self, number: u32, data: &InstData, low: u32, high: Vn) -> Verdict {
        self.some_done()?;
        let body = self.facts.body;
        let Terminator::Table { edges, targets, .. } = *self.terminator() else {
            return Err((Rule::Control, "no table at a specialised value".to_owned()));
        };
        let (edges, targets) = (body.edges(edges), body.targets(targets));
        self.spend(edges.len() + targets.len())?;
        let high = self.terms.as_const(high).map(|bits| bits as u32);
        let count = high.and_then(|high| high.checked_sub(low)?.checked_add(1));
        let Some(count) = count.map(|count| count as usize) else {
            return Err((Rule::Intrinsics, "a range that is none".to_owned()));
        };
        let in_order = targets.iter().enumerate().all(|(at, &target)| at == target as usize);
        let fits = edges.len() == count + 1 && targets.len() == count + 1 && in_order;
        demand!(fits, Control, "a table of {} for {count} values", edges.len());
        self.moved = true;
        for (case, our) in (low..).zip(&edges[..count]) {
            let bits = self.terms.constant(case.into());
            let bound = data.result().into_iter().map(|result| (result, Some(bits)));
            self.lead(our, (self.generic, number + 1), bound.collect())?;
        }
        Ok(())
    }
}
