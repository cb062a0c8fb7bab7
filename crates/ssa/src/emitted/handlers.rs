//! The lockstep of a body and its image: the way of an exception (E8).

use super::error::{Fault, Rule, Verdict, demand};
use super::relate::Relate;
use super::terms::{NONE, NOWHERE, Term};
use crate::entity::{Block, Value};
use crate::terminator::{Edge, Terminator};
use prova_module::TagIdx;

/// A clause on the way of an exception: its tag, whether it wants the reference, its edge.
type Caught = (Option<TagIdx>, bool, Edge);

/// Clauses of the body, each with its handler, and the parameters of the handlers on the way.
type Clauses = (Vec<(Caught, Block)>, Vec<Value>);

impl Relate<'_> {
    /// An exception goes along an edge of the image and one of the body (E8).
    pub(super) fn handlers(&mut self, theirs: &Edge, ours: &Edge) -> Verdict {
        let (wanted, late) = self.old_clauses(ours)?;
        let given = self.new_clauses(theirs)?;
        let (count, expected) = (given.len(), wanted.len());
        demand!(count == expected, Handlers, "{count} clauses, not {expected}");
        for (ours, theirs) in wanted.into_iter().zip(given) {
            let ((tag, with_ref, edge), from) = ours;
            let same = tag == theirs.0 && with_ref == theirs.1;
            demand!(same, Handlers, "a clause of another tag or reference");
            let values = tag.and_then(|tag| self.module.tag(tag)).map_or(0, |ty| ty.params.len());
            let count = values + usize::from(with_ref);
            let payloads: Vec<Term> = (0..count).map(|_| self.terms.atom(NOWHERE)).collect();
            let (to, args) = self.follow_new(&theirs.2, &payloads)?;
            let place = self.place_of(&theirs.2, to);
            let mut ahead = self.ahead(&edge, from, &payloads, place)?;
            for &value in &late {
                ahead.values.push(value);
                ahead.terms.push(self.olds[value.as_u32() as usize]);
            }
            self.meet(to, &args, ahead)?;
        }
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
            match self.old.ways(block) {
                1 => self.enter(block)?,
                _ => late.extend(data.params()),
            }
            let Terminator::Catch { clauses, outer } = data.terminator else {
                return Err(Fault::new(Rule::Handlers, "a handler that catches nothing"));
            };
            demand!(data.insts().len() == 0, Handlers, "a handler with instructions");
            let clauses = self.old.body.clauses(clauses).iter();
            found.extend(clauses.map(|clause| ((clause.tag, clause.with_ref, clause.edge), block)));
            demand!(found.len() <= self.old.body.clauses.len(), Handlers, "handlers in a circle");
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
            demand!(found.len() <= self.new.body.clauses.len(), Handlers, "handlers in a circle");
            next = outer;
        }
        Ok(found)
    }
}
