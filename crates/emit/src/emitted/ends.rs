//! Ends of blocks (E5): those of both sides by `ssa::relate`, and the way of an exception (E8).

use super::body::{Of, Stop};
use super::error::{Fault, Rule, Verdict};
use super::image::Landing;
use super::plant::planted;
use super::walk::Proof;
use prova_ssa::demand;
use prova_ssa::relate::ends::{Ends, Payload, Unlike, pair_ends};
use prova_ssa::{Body, Clause, Edge, Terminator, Value};

/// The clauses of the handlers on the way of an exception, one after the other.
struct Caught<'b> {
    body: &'b Body,
    /// The handler that comes next, by its edge.
    next: Option<Edge>,
    /// The clauses of the last one that are left.
    left: std::slice::Iter<'b, Clause>,
}

impl<'b> Caught<'b> {
    fn new(body: &'b Body, edge: &Edge) -> Caught<'b> {
        Caught { body, next: Some(*edge), left: [].iter() }
    }

    /// The next clause; `enter` goes on to a handler.
    fn next(&mut self, mut enter: impl FnMut(&Edge) -> Verdict) -> Verdict<Option<&'b Clause>> {
        loop {
            if let Some(clause) = self.left.next() {
                return Ok(Some(clause));
            }
            let Some(edge) = self.next else { return Ok(None) };
            enter(&edge)?;
            let data = self.body.block(edge.block);
            let Terminator::Catch { clauses, outer } = data.terminator else {
                return Err(Fault::new(Rule::Handlers, "a handler that catches nothing"));
            };
            demand!(data.insts().len() == 0, Handlers, "a handler with instructions");
            (self.left, self.next) = (self.body.clauses(clauses).iter(), outer);
        }
    }
}

impl Proof<'_> {
    /// An end of the image with which one of the body goes.
    pub(super) fn end(&mut self, terminator: &Terminator) -> Verdict {
        self.go(Stop::End, Of::Walk(None), 0)?;
        self.nothing_left()?;
        self.lend()?;
        let (old, new) = (self.old, self.new);
        if let Terminator::Return(values) = *terminator {
            let results = self.ours(values)?.to_vec();
            return self.come(&Landing::Out(results), false, 0);
        }
        let settled = &old.block(self.place.0).terminator;
        if let (Terminator::Return(_), Terminator::Branch { .. } | Terminator::Table { .. }) =
            (settled, terminator)
        {
            // Whichever way the image takes.
            return new.successors(self.block).try_for_each(|edge| {
                let mark = self.mark();
                let to = self.pass(&edge)?;
                self.come(&to, false, 0)?;
                self.back(&mark);
                Ok(())
            });
        }
        pair_ends(&mut AtEnd(self), (old, settled), (new, terminator))
    }

    /// An exception goes along an edge of each side (E8).
    fn caught(&mut self, ours: &Edge, theirs: &Edge) -> Verdict {
        let mark = self.mark();
        let (mut wanted, mut given) = (Caught::new(self.old, ours), Caught::new(self.new, theirs));
        self.handlers.clear();
        loop {
            let our = wanted.next(|edge| {
                self.handlers.push(edge.block);
                self.take(edge, Of::Edge(None))
            })?;
            let their = given.next(|edge| {
                let given = self.given(edge)?;
                self.bind(edge.block, &given);
                Ok(())
            })?;
            let (our, their) = match (our, their) {
                (Some(our), Some(their)) => (our, their),
                (None, None) => break,
                (Some(_), None) | (None, Some(_)) => {
                    return Err(Fault::new(Rule::Handlers, "another number of clauses"));
                }
            };
            let same =
                our.tag == their.tag && our.with_ref == their.with_ref || planted!(ClausesAlike);
            demand!(same, Handlers, "a clause of another tag or reference");
            self.payloads.clear();
            let here = self.mark();
            self.edges(&our.edge, &their.edge, &mark)?;
            self.back(&here);
        }
        self.handlers.clear();
        self.back(&mark);
        Ok(())
    }
}

/// The ends of a block of each side.
struct AtEnd<'p, 'b>(&'p mut Proof<'b>);

impl Ends for AtEnd<'_, '_> {
    type Fault = Fault;

    fn unlike(&self, unlike: Unlike, what: String) -> Fault {
        let rule = match unlike {
            Unlike::Control => Rule::Control,
            Unlike::Operands => Rule::Operands,
            Unlike::Handler => Rule::Handlers,
        };
        Fault::new(rule, what)
    }

    fn equal(&mut self, old: Value, new: Value) -> Verdict {
        self.0.step(1)?;
        let (was, is) = (self.0.known(old), self.0.our(new));
        demand!(was == Some(is), Operands, "{new} is not {old}");
        Ok(())
    }

    fn condition(&mut self, old: Value, new: Value) -> Verdict<bool> {
        self.0.step(1)?;
        let (Some(was), is) = (self.0.known(old), self.0.our(new)) else {
            return Err(Fault::new(Rule::Operands, "a condition that is not known"));
        };
        let numbers = &mut self.0.numbers;
        // Of two numbers each takes one way.
        if let (Some(was), Some(is)) = (numbers.as_const(was), numbers.as_const(is)) {
            return Ok((was as u32 == 0) != (is as u32 == 0));
        }
        let ((was, positive), (is, same)) = (numbers.truth(was), numbers.truth(is));
        demand!(was == is, Operands, "{new} is no condition that {old} is");
        Ok(positive != same)
    }

    fn edge(&mut self, old: &Edge, new: &Edge, payload: Payload) -> Verdict {
        if let Payload::Caught(..) = payload {
            // Handlers are walked as a whole.
            return Err(Fault::new(Rule::Handlers, "a clause by itself"));
        }
        self.0.payloads.clear();
        let mark = self.0.mark();
        self.0.edges(old, new, &mark)?;
        self.0.back(&mark);
        Ok(())
    }

    fn handler(&mut self, old: &Edge, new: &Edge) -> Verdict {
        self.0.caught(old, new)
    }
}
