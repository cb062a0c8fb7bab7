//! The lockstep of a body and its image: the way of an exception (E8).

use super::graph::pure;
use super::lockstep::{Ahead, Relate};
use super::terms::{NONE, NOWHERE, Term};
use crate::emitted::error::{Fault, Rule, Verdict};
use prova_module::TagIdx;
use prova_ssa::demand;
use prova_ssa::{Block, Edge, Terminator, Value};

/// A clause on the way of an exception: its tag, whether it wants the reference, its edge.
type Caught = (Option<TagIdx>, bool, Edge);

/// Clauses of the body, each with its handler, and the parameters of the handlers on the way.
type Clauses = (Vec<(Caught, Block)>, Vec<Value>);

impl Relate<'_> {
    /// Finds where parameters of handlers with several edges are read, or are to be read: with each
    /// clause they begin anew, and where ways from several clauses meet they are what they were on
    /// each of them.
    pub(super) fn keep(&mut self) -> Verdict {
        let body = self.old.body;
        let mut late = vec![false; body.value_count()];
        for (block, data) in body.blocks() {
            let is_handler = matches!(data.terminator, Terminator::Catch { .. });
            if is_handler && self.old.ways(block) != 1 {
                let params = data.params().filter(|&param| self.old.is_live(param));
                params.for_each(|param| late[param.as_u32() as usize] = true);
            }
        }
        if !late.contains(&true) {
            return Ok(());
        }
        // Each value with the blocks where something that a run does may depend on it.
        let mut preds: Vec<Vec<Block>> = vec![Vec::new(); body.block_count()];
        let mut open: Vec<(Value, Block)> = Vec::new();
        for (block, data) in body.blocks() {
            let mut read = |value: &Value| {
                if late[value.as_u32() as usize] {
                    open.push((*value, block));
                }
            };
            for inst in data.insts().map(|inst| body.inst(inst)) {
                if pure(inst).is_none() || inst.results().any(|value| self.old.is_live(value)) {
                    body.operands(inst.args).iter().for_each(&mut read);
                }
            }
            body.terminator_operands(&data.terminator).iter().for_each(&mut read);
            for edge in body.successors(block) {
                preds[edge.block.as_u32() as usize].push(block);
                let pairs = body.block(edge.block).params().zip(body.args(&edge));
                let live = pairs.filter(|&(param, _)| self.old.is_live(param));
                live.filter_map(|(_, arg)| arg.value()).for_each(|value| read(&value));
            }
        }
        open.sort_unstable();
        open.dedup();
        while let Some((value, block)) = open.pop() {
            if self.old.block_of(value) == block {
                continue;
            }
            self.step()?;
            let kept = self.kept.entry(block).or_default();
            if let Err(at) = kept.binary_search(&value) {
                kept.insert(at, value);
                open.extend(preds[block.as_u32() as usize].iter().map(|&pred| (value, pred)));
            }
        }
        Ok(())
    }

    /// Adds the parameters of handlers that are read at or behind the target block to an edge that
    /// stands at the end of `from`.
    pub(super) fn take_along(&mut self, ahead: &mut Ahead, from: Block) {
        let Some(kept) = self.kept.get(&ahead.block) else { return };
        for value in kept.clone() {
            ahead.terms.push(self.term_in(value, from));
            ahead.values.push(value);
        }
    }

    /// An exception goes along an edge of the image and one of the body (E8).
    pub(super) fn handlers(&mut self, theirs: &Edge, ours: &Edge) -> Verdict {
        let (wanted, late) = self.old_clauses(ours)?;
        let given = self.new_clauses(theirs)?;
        let (count, expected) = (given.len(), wanted.len());
        demand!(count == expected, Handlers, "{count} clauses, not {expected}");
        let invoking = self.source();
        for (ours, theirs) in wanted.into_iter().zip(given) {
            let ((tag, with_ref, edge), from) = ours;
            let same = tag == theirs.0 && with_ref == theirs.1;
            demand!(same, Handlers, "a clause of another tag or reference");
            let values = tag.and_then(|tag| self.module.tag(tag)).map_or(0, |ty| ty.params.len());
            let count = values + usize::from(with_ref);
            let payloads: Vec<Term> = (0..count).map(|_| self.terms.atom(NOWHERE)).collect();
            let (to, args) = self.follow_new(&theirs.2, &payloads)?;
            let goal = self.place_of(&theirs.2, to, &args);
            let ahead = self.ahead(&edge, from, &payloads, goal)?;
            let ahead = self.forward(to, goal, ahead)?;
            self.meet(to, &args, ahead)?;
            self.at(invoking);
        }
        self.way.clear();
        // From here on each is what it is behind its clause.
        for value in late {
            self.olds[value.as_u32() as usize] = NONE;
        }
        Ok(())
    }

    /// The clauses that an exception of the body meets, each with its handler, and the parameters
    /// of the handlers on the way.
    fn old_clauses(&mut self, edge: &Edge) -> Verdict<Clauses> {
        let (mut found, mut late) = (Vec::new(), Vec::new());
        let (mut next, mut from) = (Some(*edge), self.source());
        while let Some(edge) = next {
            self.step()?;
            let block = edge.block;
            let args = self.old_args(&edge, from, &[])?;
            let data = self.old.body.block(block);
            for (param, &term) in data.params().zip(&args) {
                self.bind(param, term);
            }
            if self.old.ways(block) != 1 {
                late.extend(data.params());
            }
            let Terminator::Catch { clauses, outer } = data.terminator else {
                return Err(Fault::new(Rule::Handlers, "a handler that catches nothing"));
            };
            demand!(data.insts().len() == 0, Handlers, "a handler with instructions");
            let clauses = self.old.body.clauses(clauses).iter();
            found.extend(clauses.map(|clause| ((clause.tag, clause.with_ref, clause.edge), block)));
            demand!(found.len() <= self.old.body.clause_count(), Handlers, "handlers in a circle");
            self.way.push(block);
            (next, from) = (outer, block);
        }
        Ok((found, late))
    }

    /// The same for the image, of whose handlers each has one edge.
    fn new_clauses(&mut self, edge: &Edge) -> Verdict<Vec<Caught>> {
        let mut found = Vec::new();
        let mut next = Some(*edge);
        while let Some(edge) = next {
            self.step()?;
            let block = edge.block;
            let args = self.new_args(&edge, &[]);
            let data = self.new.body.block(block);
            let alone = self.new.ways(block) == 1;
            demand!(alone || args.is_empty(), Handlers, "{block} is the handler of several");
            for (param, &term) in data.params().zip(&args) {
                self.news[param.as_u32() as usize] = term;
            }
            let Terminator::Catch { clauses, outer } = data.terminator else {
                return Err(Fault::new(Rule::Handlers, "a handler that catches nothing"));
            };
            demand!(data.insts().len() == 0, Handlers, "a handler with instructions");
            let clauses = self.new.body.clauses(clauses).iter();
            found.extend(clauses.map(|clause| (clause.tag, clause.with_ref, clause.edge)));
            demand!(found.len() <= self.new.body.clause_count(), Handlers, "handlers in a circle");
            next = outer;
        }
        Ok(found)
    }
}
