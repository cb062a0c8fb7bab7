//! Operators without rules: floats, counts of bits, divisions.
//!
//! Both sides make the same one of the same operands. Float operators are ordered: which NaN a sum
//! gives depends on the order of its operands.

use super::{Head, NONE, Word, Words};

/// An operator without rules. Floats of both widths have one; the width is the term's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the operators' own names")]
pub enum Prim {
    FloatAdd,
    FloatSub,
    FloatMul,
    FloatDiv,
    FloatMin,
    FloatMax,
    FloatSqrt,
    FloatCeil,
    FloatFloor,
    FloatTrunc,
    FloatNearest,
    Promote,
    Demote,
    /// From a signed word of 32 or 64 bits.
    FromSigned,
    FromUnsigned,
    /// `cvttsd2si`, `cvttss2si`: the least number where the result does not fit.
    ToSigned,
    /// Saturating.
    ToSignedSat,
    ToUnsignedSat,
    /// Truncation where it does not trap.
    ToUnsigned,
    FloatEq,
    FloatLt,
    FloatLe,
    /// Whether one of two is NaN.
    FloatNan,
    LeadingZeros,
    TrailingZeros,
    Ones,
    DivU,
    DivS,
    RemU,
    RemS,
    /// The upper half of a product.
    HighU,
    HighS,
    SwapBytes,
}

impl Words {
    /// An operator on words, of which at most three are looked at.
    pub fn prim(&mut self, prim: Prim, bits: u8, operands: &[Word]) -> Word {
        let none = Words::no_operand();
        let mut args = [none; 3];
        for (to, from) in args.iter_mut().zip(operands) {
            *to = *from;
        }
        if let Some(made) = self.converted(prim, bits, operands) {
            return made;
        }
        // Equality, NaN-ness and the upper half of a product do not depend on the order.
        if matches!(prim, Prim::FloatEq | Prim::FloatNan | Prim::HighU | Prim::HighS) {
            let [a, b, _] = args;
            args = [a.max(b), a.min(b), NONE];
        }
        let made = self.node(Head::Prim, bits, args, prim as u128);
        // An upper half may be a quotient by itself.
        let quotient = if prim == Prim::HighU { self.upper(made, 0) } else { None };
        quotient.unwrap_or(made)
    }

    /// An operator that is another one of these operands: a float is itself exactly if it is no
    /// NaN; a number that is none says nothing of what it is compared with; a word without sign is
    /// a signed one; and a conversion of a signed word depends on its value alone.
    fn converted(&mut self, prim: Prim, bits: u8, operands: &[Word]) -> Option<Word> {
        match (prim, operands) {
            (Prim::FloatEq, &[a, b]) if a == b => {
                let nan = self.prim(Prim::FloatNan, bits, &[a, a]);
                Some(self.not(nan))
            }
            (Prim::FloatNan, &[a, b]) if a != b => {
                match (self.float_number(a), self.float_number(b)) {
                    (Some(_), Some(_)) => Some(self.truth(false)),
                    (Some(_), None) => Some(self.prim(Prim::FloatNan, bits, &[b, b])),
                    (None, Some(_)) => Some(self.prim(Prim::FloatNan, bits, &[a, a])),
                    (None, None) => None,
                }
            }
            (Prim::FromUnsigned, &[a]) => {
                let sign = self.sign(a);
                let signed = self.number(sign) == Some(0);
                signed.then(|| self.prim(Prim::FromSigned, bits, &[a]))
            }
            (Prim::FromSigned, &[a]) => {
                let narrow = self.narrowest(a);
                (narrow != a).then(|| self.prim(Prim::FromSigned, bits, &[narrow]))
            }
            _ => None,
        }
    }
}

impl Prim {
    /// The operator with a number.
    pub(crate) fn numbered(n: u128) -> Option<Prim> {
        Prim::ALL.into_iter().find(|&prim| prim as u128 == n)
    }

    const ALL: [Prim; 33] = [
        Prim::FloatAdd,
        Prim::FloatSub,
        Prim::FloatMul,
        Prim::FloatDiv,
        Prim::FloatMin,
        Prim::FloatMax,
        Prim::FloatSqrt,
        Prim::FloatCeil,
        Prim::FloatFloor,
        Prim::FloatTrunc,
        Prim::FloatNearest,
        Prim::Promote,
        Prim::Demote,
        Prim::FromSigned,
        Prim::FromUnsigned,
        Prim::ToSigned,
        Prim::ToSignedSat,
        Prim::ToUnsignedSat,
        Prim::ToUnsigned,
        Prim::FloatEq,
        Prim::FloatLt,
        Prim::FloatLe,
        Prim::FloatNan,
        Prim::LeadingZeros,
        Prim::TrailingZeros,
        Prim::Ones,
        Prim::DivU,
        Prim::DivS,
        Prim::RemU,
        Prim::RemS,
        Prim::HighU,
        Prim::HighS,
        Prim::SwapBytes,
    ];
}
