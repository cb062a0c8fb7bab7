//! The lockstep of a body and its image: the ends of blocks (E5).

use super::lockstep::{Relate, Spot};
use super::negations::negated;
use super::terms::{NONE, NOWHERE, Term};
use crate::emitted::error::{Fault, Rule, Verdict};
use prova_module::Opcode;
use prova_ssa::relate::ends::{Ends, Payload, Unlike, pair_ends};
use prova_ssa::{Def, Edge, Imm, Op, Terminator, Value};

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

impl Relate<'_> {
    /// Whether a condition of the image is 0 exactly where one of the body is not: what the body's
    /// compares with 0, or the opposite comparison of the same.
    fn is_negation(&mut self, ours: Value, theirs: Value) -> Verdict<bool> {
        let body = self.old.body;
        let Def::Result(inst, _) = body.value(ours).def else { return Ok(false) };
        let data = body.inst(inst);
        let term = match (data.op, body.operands(data.args)) {
            (Op::Wasm(Opcode::I32Eqz), &[of]) => self.old_term(of)?,
            (Op::Wasm(opcode), &[a, b]) => {
                let Some(negated) = negated(opcode) else { return Ok(false) };
                match (self.old_term(a)?, self.old_term(b)?) {
                    (NONE, _) | (_, NONE) => NONE,
                    (a, b) => self.terms.pure(negated, &Imm::None, &[a, b], 0),
                }
            }
            (_, _) => NONE,
        };
        Ok(term != NONE && term == self.news[theirs.as_u32() as usize])
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

    fn condition(&mut self, old: Value, new: Value) -> Verdict<bool> {
        let refused = match self.equal(old, new) {
            Ok(()) => return Ok(false),
            Err(refused) => refused,
        };
        if self.relate.is_negation(old, new)? { Ok(true) } else { Err(refused) }
    }

    fn edge(&mut self, old: &Edge, new: &Edge, payload: Payload) -> Verdict {
        let count = match payload {
            Payload::None => 0,
            Payload::NonNull | Payload::Cast => 1,
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
