//! How a part ends (S5, S6): the generic block's terminator beside the specialised block's.

use super::budget::row_len;
use super::edge::{Way, arrive, keep};
use super::error::{Rule, Verdict, demand};
use super::part::{Part, params_of};
use crate::ask::certificate::{Role, Row};
use prova_module::Opcode;
use prova_ssa::Vn;
use prova_ssa::relate::walk::{Simulate, Walk};
use prova_ssa::{Body, Edge, Imm, InstData, Terminator, Value};

impl<'c> Part<'c> {
    fn terminator(&self) -> &'c Terminator {
        &self.facts.body.block(self.at.block).terminator
    }

    /// The end of the generic block.
    pub(super) fn leave(&mut self) -> Verdict {
        let (generic, body) = (self.facts.question.generic, self.facts.body);
        let theirs = &generic.block(self.at.place.0).terminator;
        let leaves = matches!(
            theirs,
            Terminator::Return(_) | Terminator::TailCall(_) | Terminator::Throw { .. }
        );
        if leaves {
            self.all_done()?;
        }
        self.some_done()?;
        let handles = matches!(
            theirs,
            Terminator::Invoke { .. }
                | Terminator::Catch { .. }
                | Terminator::Throw { handler: Some(_), .. }
        );
        demand!(!handles, Control, "{} of an exception", theirs.name());
        self.spend(table_len(generic, theirs) + table_len(body, self.terminator()))?;
        self.ends()
    }

    /// Proves the row at the end of an edge; `bound` gives values of the generic function new terms
    /// on the way.
    pub(super) fn arrive(
        &mut self,
        our: &Edge,
        row: &Row,
        bound: &[(Value, Option<Vn>)],
    ) -> Verdict {
        self.spend(row_len(row) + self.kept.late())?;
        let args: Vec<Option<Vn>> = self.given(our)?.into_iter().map(Some).collect();
        let params = params_of(&self.facts);
        let way = Way { args: &args, bases: &self.bases, params };
        let Walk { numbers, olds, .. } = &mut self.at;
        arrive(numbers, row, &way, |value| {
            match bound.binary_search_by_key(&value, |bound| bound.0) {
                Ok(at) => bound[at].1,
                Err(_) => olds.get(value),
            }
        })?;
        keep(numbers, row, &way, &self.kept)
    }

    /// Whether the part ends at a `specialize.value`: the least value, if it does. Either answer
    /// is checked further.
    pub(super) fn is_cut(&mut self, number: u32, value: Vn, low: Vn) -> Verdict<Option<u32>> {
        let Terminator::Table { index, edges, .. } = *self.terminator() else { return Ok(None) };
        let last = self.facts.body.edges(edges).last().map(|edge| edge.block);
        let role = last.and_then(|at| self.facts.certificate.roles.get(at.as_u32() as usize));
        let low = self.at.numbers.as_const(low).map(|bits| bits as u32);
        let (Some(Role::Broken), Some(low)) = (role, low) else { return Ok(None) };
        // Two values that are one constant are told apart by the place behind them.
        if self.at.numbers.as_const(value).is_some()
            && !self.leads_on(self.facts.body.edges(edges), number + 1)
        {
            return Ok(None);
        }
        // The index is made behind all stores that are done here: those of `cases` are done now,
        // and if the part does not end here, another value is not this one.
        let index = self.peek(index)?;
        let least = self.at.numbers.constant(low.into());
        let from_low = self.at.numbers.operator(Opcode::I32Sub, Imm::None, &[value, least]);
        Ok((index == from_low).then_some(low))
    }

    /// Whether the first case of a table goes on, by its role, behind `start` instructions of the
    /// block.
    fn leads_on(&self, edges: &[Edge], start: u32) -> bool {
        match edges.first().and_then(|edge| self.facts.role(edge.block)) {
            Some(Role::Copy(row)) => row.block == Some(self.at.place.0) && row.start == start,
            Some(Role::Inner(done)) => *done == start,
            Some(Role::Entry | Role::Fallback | Role::Memory(_) | Role::Broken) | None => false,
        }
    }

    /// The term of a value that later instructions of this block make, provided that it does not
    /// depend on later effects.
    fn peek(&mut self, value: Value) -> Verdict<Vn> {
        self.bind_ahead()?;
        Ok(self.at.our(value))
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
        let high = self.at.numbers.as_const(high).map(|bits| bits as u32);
        let count = high.and_then(|high| high.checked_sub(low)?.checked_add(1));
        let Some(count) = count.map(|count| count as usize) else {
            return Err((Rule::Intrinsics, "a range that is none".to_owned()));
        };
        let in_order = targets.iter().enumerate().all(|(at, &target)| at == target as usize);
        let fits = edges.len() == count + 1 && targets.len() == count + 1 && in_order;
        demand!(fits, Control, "a table of {} for {count} values", edges.len());
        self.moved = true;
        for (case, our) in (low..).zip(&edges[..count]) {
            let bits = self.at.numbers.constant(case.into());
            let bound = data.result().into_iter().map(|result| (result, Some(bits)));
            self.lead(our, (self.at.place.0, number + 1), bound.collect())?;
        }
        Ok(())
    }
}

/// How many indices and edges a table has.
fn table_len(body: &Body, terminator: &Terminator) -> usize {
    match terminator {
        Terminator::Table { edges, targets, .. } => {
            body.edges(*edges).len() + body.targets(*targets).len()
        }
        _other => 0,
    }
}
