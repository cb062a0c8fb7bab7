//! The lockstep of a body and its image: the ends of blocks (E5).

use super::error::{Fault, Rule, Verdict};
use super::relate::{Relate, Spot};
use super::terms::{NONE, NOWHERE, Term};
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

/// Comparisons and their negations. Of floats only equality has one.
const NEGATIONS: [(Opcode, Opcode); 12] = [
    (Opcode::I32Eq, Opcode::I32Ne),
    (Opcode::I32LtS, Opcode::I32GeS),
    (Opcode::I32LtU, Opcode::I32GeU),
    (Opcode::I32GtS, Opcode::I32LeS),
    (Opcode::I32GtU, Opcode::I32LeU),
    (Opcode::I64Eq, Opcode::I64Ne),
    (Opcode::I64LtS, Opcode::I64GeS),
    (Opcode::I64LtU, Opcode::I64GeU),
    (Opcode::I64GtS, Opcode::I64LeS),
    (Opcode::I64GtU, Opcode::I64LeU),
    (Opcode::F32Eq, Opcode::F32Ne),
    (Opcode::F64Eq, Opcode::F64Ne),
];

/// The comparison that is true where a comparison is not, if there is one.
pub(crate) fn negated(opcode: Opcode) -> Option<Opcode> {
    NEGATIONS.into_iter().find_map(|(a, b)| match opcode {
        _ if opcode == a => Some(b),
        _ if opcode == b => Some(a),
        _other => None,
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use prova_ssa::constants::evaluate;

    /// On values of each kind: signed and not, infinite, no number.
    #[test]
    fn a_negation_is_true_where_the_comparison_is_not() {
        let (zero, nan) = (1 << 63, f64::NAN.to_bits());
        let long = [0, 1, 5, u64::MAX, i64::MAX as u64, zero, nan, 2.5_f64.to_bits()];
        let nan = u64::from(f32::NAN.to_bits());
        let short = [0, 1, 5, u64::from(u32::MAX), 0x7fff_ffff, 0x8000_0000, nan];
        for (opcode, other) in NEGATIONS {
            assert_eq!((negated(opcode), negated(other)), (Some(other), Some(opcode)));
            let is_long = opcode.mnemonic().contains("64");
            let values = if is_long { &long[..] } else { &short };
            for (a, b) in values.iter().flat_map(|a| values.iter().map(move |b| (*a, *b))) {
                let of = |opcode| evaluate(opcode, &[a, b]).map(|found| found.map(|it| it[0]));
                let (Some(Ok(is)), Some(Ok(not))) = (of(opcode), of(other)) else {
                    panic!("{opcode:?} of {a:x} and {b:x} has no value");
                };
                assert_eq!(is ^ not, 1, "{opcode:?} of {a:x} and {b:x}");
            }
        }
        assert_eq!([Opcode::F32Lt, Opcode::F64Ge, Opcode::I32Add].map(negated), [None; 3]);
    }
}
