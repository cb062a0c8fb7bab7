//! The lockstep of a body and its image: the ends of blocks (E5).

use super::lockstep::{Relate, Spot};
use super::terms::{NOWHERE, Term};
use crate::emitted::error::{Fault, Rule, Verdict};
use prova_ssa::relate::ends::{Ends, Payload, Unlike, pair_ends};
use prova_ssa::{Edge, Terminator, Value};

impl Relate<'_> {
    /// How the body goes on from a spot, behind its jumps.
    fn settle(&mut self, mut spot: Spot) -> Verdict<Terminator> {
        self.land(&mut spot)?;
        loop {
            self.finish(&mut spot)?;
            match self.old.body.block(spot.block).terminator {
                Terminator::Jump(edge) => self.inline(&edge, &mut spot)?,
                terminator => return Ok(terminator),
            }
        }
    }

    /// The end of a block of the image.
    pub(super) fn end(&mut self, terminator: &Terminator, spot: Spot) -> Verdict {
        if let Terminator::Jump(edge) = terminator {
            return self.jump(edge, spot);
        }
        let (old, new) = (self.old.body, self.new.body);
        let settled = self.settle(spot)?;
        let results = match &settled {
            Terminator::Invoke { call, .. } => crate::callee(self.module, call)
                .map(|ty| ty.results.len())
                .ok_or_else(|| Fault::new(Rule::Control, "no callee"))?,
            _other => 0,
        };
        let mut ends = AtEnd { relate: self, results };
        pair_ends(&mut ends, (old, &settled), (new, terminator))
    }
}

/// The ends of a block of each body; how many results a call has that is one.
struct AtEnd<'r, 'b> {
    relate: &'r mut Relate<'b>,
    results: usize,
}

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
        self.relate.operand(old, new)
    }

    fn edge(&mut self, old: &Edge, new: &Edge, payload: Payload) -> Verdict {
        let count = match payload {
            Payload::None => 0,
            Payload::NonNull => 1,
            Payload::Results => self.results,
            // Handlers are walked as a whole.
            Payload::Caught(..) => return Err(Fault::new(Rule::Handlers, "a clause by itself")),
        };
        let payloads: Vec<Term> = (0..count).map(|_| self.relate.terms.atom(NOWHERE)).collect();
        self.relate.arrive(new, old, &payloads)
    }

    fn handler(&mut self, old: &Edge, new: &Edge) -> Verdict {
        self.relate.handlers(new, old)
    }
}
