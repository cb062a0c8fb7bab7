//! The values of both sides: numbers (E4), and what is known of the body's (I5 to I7 of
//! [`relate`](prova_ssa::relate::Later)).

use super::error::Verdict;
use super::plant::planted;
use super::walk::{Proof, is_non_null};
use prova_module::Opcode;
use prova_ssa::relate::{Operands, constant};
use prova_ssa::{Body, Def, Imm, InstData, List, Op, Value, Vn};

impl Proof<'_> {
    /// The number of a constant of either side, wherever it is read (I7).
    fn number_of_constant(&mut self, body: &Body, value: Value) -> Option<Vn> {
        let Def::Result(inst, _) = body.value(value).def else { return None };
        let data = body.inst(inst);
        let imm = if planted!(ConstantsAlike) { Imm::Bits(0) } else { data.imm };
        Some(self.numbers.results(constant(data)?, imm, &[])[0])
    }

    /// The number of a value of the body, if that is known (I5 to I7).
    pub(super) fn known(&mut self, value: Value) -> Option<Vn> {
        if let Some((_, since)) = self.olds.since(value)
            && since < self.depth
            && let Some(home) = self.homes[value.as_u32() as usize]
        {
            self.later.inherits(since, home);
        }
        self.number_of(value)
    }

    /// The number that a value of the body had when it was known last.
    pub(super) fn number_of(&mut self, value: Value) -> Option<Vn> {
        self.olds.get(value).or_else(|| self.number_of_constant(self.old, value))
    }

    /// A value of the body is a number from here on.
    pub(super) fn know(&mut self, value: Value, vn: Option<Vn>) {
        self.olds.set(value, vn);
        if let Some(vn) = vn
            && is_non_null(self.old.value(value).ty)
        {
            self.non_null.insert(vn);
        }
    }

    /// The number of a value of the image; where it is not known, a constant's (I7) or a new leaf.
    pub(super) fn our(&mut self, value: Value) -> Vn {
        if let Some(vn) = self.news.get(value) {
            return vn;
        }
        let vn = self.number_of_constant(self.new, value).unwrap_or_else(|| self.numbers.leaf());
        self.news.set(value, Some(vn));
        vn
    }

    pub(super) fn ours(&mut self, list: List<Value>) -> Verdict<Operands> {
        let mut all = Operands::default();
        self.step(list.len())?;
        for &value in self.new.operands(list) {
            all.push(self.our(value));
        }
        Ok(all)
    }

    /// The numbers of operands of the body; `None` if one is not known.
    pub(super) fn theirs(&mut self, list: List<Value>) -> Verdict<Option<Operands>> {
        let mut all = Operands::default();
        self.step(list.len())?;
        for &value in self.old.operands(list) {
            match self.known(value) {
                Some(vn) => all.push(vn),
                None => return Ok(None),
            }
        }
        Ok(Some(all))
    }

    /// Whether an instruction is its operand: a reference that cannot be null is not.
    pub(super) fn is_trivial(&self, body: &Body, data: &InstData, args: &[Vn]) -> bool {
        data.op == Op::Wasm(Opcode::RefAsNonNull)
            && body.operands(data.args).iter().zip(args).all(|(&value, vn)| {
                is_non_null(body.value(value).ty)
                    || self.non_null.contains(vn)
                    || planted!(NeverNull)
            })
    }
}
