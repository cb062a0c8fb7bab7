//! Scalar operators without effects, and those that may trap, as terms.

use super::{Action, Debt, Demand, Maker};
use crate::words::{Prim, Word, Words};
use prova_check::traps;
use prova_module::Opcode as O;
use prova_ssa::Imm;

/// The term of an operator without effects, if it is a scalar one. `select` is: value if not zero,
/// other value, condition.
pub(super) fn pure(words: &mut Words, opcode: O, imm: Imm, args: &[Word]) -> Option<Word> {
    match (args, imm) {
        ([], Imm::Bits(bits)) => match opcode {
            O::I32Const | O::F32Const => Some(words.constant(32, bits.into())),
            O::I64Const | O::F64Const => Some(words.constant(64, bits.into())),
            _ => None,
        },
        ([], _) => (opcode == O::RefNull).then(|| words.constant(64, 0)),
        (&[a], _) => unary(words, opcode, a),
        (&[a, b], _) => match integer(words, opcode, a, b) {
            Some(word) => Some(word),
            None => match comparison(words, opcode, a, b) {
                Some(holds) => Some(words.zext(holds, 32)),
                None => float(words, opcode, a, b),
            },
        },
        (&[a, b, c], _) if matches!(opcode, O::Select | O::TypedSelect) => {
            let holds = words.nonzero(c);
            Some(words.ite(holds, a, b))
        }
        _ => None,
    }
}

/// The two words of wide arithmetic, the lower one first. Operands of 128 bits are two words, too.
pub(super) fn wide(w: &mut Words, opcode: O, args: &[Word]) -> Option<[Word; 2]> {
    Some(match (opcode, args) {
        (O::I64Add128, &[low, high, other, above]) => {
            let sum = w.add(low, other);
            // `a + b` is too wide exactly if `a` is above `!b`, and if the sum is below `a`.
            let carry = match (w.number(low), w.number(other)) {
                (_, Some(_)) => {
                    let most = w.not(other);
                    w.ult(most, low)
                }
                (Some(_), None) => {
                    let most = w.not(low);
                    w.ult(most, other)
                }
                (None, None) => w.ult(sum, low),
            };
            let carry = w.zext(carry, 64);
            let highs = w.add(high, above);
            [sum, planted!(CarryIsLost, w.add(highs, carry), highs)]
        }
        (O::I64Sub128, &[low, high, other, above]) => {
            let borrow = w.ult(low, other);
            let borrow = w.zext(borrow, 64);
            let highs = w.sub(high, above);
            [w.sub(low, other), w.sub(highs, borrow)]
        }
        (O::I64MulWideS | O::I64MulWideU, &[a, b]) => {
            let prim = if opcode == O::I64MulWideS { Prim::HighS } else { Prim::HighU };
            [w.mul(a, b), w.prim(planted!(ProductIsUnsigned, prim, Prim::HighU), 64, &[a, b])]
        }
        _ => return None,
    })
}

fn unary(w: &mut Words, opcode: O, a: Word) -> Option<Word> {
    let bits = w.bits(a);
    Some(match opcode {
        O::I32Eqz | O::I64Eqz | O::RefIsNull => {
            let zero = w.zero(a);
            w.zext(zero, 32)
        }
        O::I32Clz | O::I64Clz => w.prim(Prim::LeadingZeros, bits, &[a]),
        O::I32Ctz | O::I64Ctz => w.prim(Prim::TrailingZeros, bits, &[a]),
        O::I32Popcnt | O::I64Popcnt => w.prim(Prim::Ones, bits, &[a]),
        O::I32WrapI64 => w.slice(a, 0, 32),
        O::I64ExtendI32S => w.sext(a, 64),
        O::I64ExtendI32U => w.zext(a, 64),
        O::I32Extend8S | O::I64Extend8S => {
            let low = w.slice(a, 0, 8);
            w.sext(low, bits)
        }
        O::I32Extend16S | O::I64Extend16S => {
            let low = w.slice(a, 0, 16);
            w.sext(low, bits)
        }
        O::I64Extend32S => {
            let low = w.slice(a, 0, 32);
            w.sext(low, bits)
        }
        O::I32ReinterpretF32
        | O::I64ReinterpretF64
        | O::F32ReinterpretI32
        | O::F64ReinterpretI64 => a,
        O::F32Abs | O::F64Abs => {
            let magnitude = w.slice(a, 0, bits.saturating_sub(1));
            w.zext(magnitude, bits)
        }
        O::F32Neg | O::F64Neg => w.plus(a, 1_u128.wrapping_shl(u32::from(bits.saturating_sub(1)))),
        O::F32Ceil | O::F64Ceil => w.prim(Prim::FloatCeil, bits, &[a]),
        O::F32Floor | O::F64Floor => w.prim(Prim::FloatFloor, bits, &[a]),
        O::F32Trunc | O::F64Trunc => w.prim(Prim::FloatTrunc, bits, &[a]),
        O::F32Nearest | O::F64Nearest => w.prim(Prim::FloatNearest, bits, &[a]),
        O::F32Sqrt | O::F64Sqrt => w.prim(Prim::FloatSqrt, bits, &[a]),
        O::F32DemoteF64 => w.prim(Prim::Demote, 32, &[a]),
        O::F64PromoteF32 => w.prim(Prim::Promote, 64, &[a]),
        O::F32ConvertI32S | O::F32ConvertI64S => w.prim(Prim::FromSigned, 32, &[a]),
        O::F64ConvertI32S | O::F64ConvertI64S => w.prim(Prim::FromSigned, 64, &[a]),
        // An unsigned word of 32 bits is a signed one of 64.
        O::F32ConvertI32U => {
            let wide = w.zext(a, 64);
            w.prim(Prim::FromSigned, 32, &[wide])
        }
        O::F64ConvertI32U => {
            let wide = w.zext(a, 64);
            w.prim(Prim::FromSigned, 64, &[wide])
        }
        O::F32ConvertI64U => w.prim(Prim::FromUnsigned, 32, &[a]),
        O::F64ConvertI64U => w.prim(Prim::FromUnsigned, 64, &[a]),
        O::I32TruncSatF32S | O::I32TruncSatF64S => w.prim(Prim::ToSignedSat, 32, &[a]),
        O::I64TruncSatF32S | O::I64TruncSatF64S => w.prim(Prim::ToSignedSat, 64, &[a]),
        O::I32TruncSatF32U | O::I32TruncSatF64U => w.prim(Prim::ToUnsignedSat, 32, &[a]),
        O::I64TruncSatF32U | O::I64TruncSatF64U => w.prim(Prim::ToUnsignedSat, 64, &[a]),
        _ => return None,
    })
}

fn integer(w: &mut Words, opcode: O, a: Word, b: Word) -> Option<Word> {
    Some(match opcode {
        O::I32Add | O::I64Add => w.add(a, b),
        O::I32Sub | O::I64Sub => w.sub(a, b),
        O::I32Mul | O::I64Mul => w.mul(a, b),
        O::I32And | O::I64And => w.and(a, b),
        O::I32Or | O::I64Or => w.or(a, b),
        O::I32Xor | O::I64Xor => w.xor(a, b),
        O::I32Shl | O::I64Shl => w.shl(a, b),
        O::I32ShrS | O::I64ShrS => w.sar(a, b),
        O::I32ShrU | O::I64ShrU => w.shr(a, b),
        O::I32Rotl | O::I64Rotl => w.rotl(a, b),
        // Right by n is left by −n, modulo the width.
        O::I32Rotr | O::I64Rotr => {
            let left = w.neg(b);
            w.rotl(a, left)
        }
        _ => return None,
    })
}

fn comparison(w: &mut Words, opcode: O, a: Word, b: Word) -> Option<Word> {
    let float = |w: &mut Words, prim, a, b| w.prim(prim, 1, &[a, b]);
    Some(match opcode {
        O::I32Eq | O::I64Eq => w.eq(a, b),
        O::I32Ne | O::I64Ne => {
            let equal = w.eq(a, b);
            w.not(equal)
        }
        O::I32LtS | O::I64LtS => w.slt(a, b),
        O::I32LtU | O::I64LtU => w.ult(a, b),
        O::I32GtS | O::I64GtS => w.slt(b, a),
        O::I32GtU | O::I64GtU => w.ult(b, a),
        O::I32LeS | O::I64LeS => {
            let more = w.slt(b, a);
            w.not(more)
        }
        O::I32LeU | O::I64LeU => {
            let more = w.ult(b, a);
            w.not(more)
        }
        O::I32GeS | O::I64GeS => {
            let less = w.slt(a, b);
            w.not(less)
        }
        O::I32GeU | O::I64GeU => {
            let less = w.ult(a, b);
            w.not(less)
        }
        O::F32Eq | O::F64Eq => float(w, Prim::FloatEq, a, b),
        O::F32Ne | O::F64Ne => {
            let equal = float(w, Prim::FloatEq, a, b);
            w.not(equal)
        }
        O::F32Lt | O::F64Lt => float(w, Prim::FloatLt, a, b),
        O::F32Gt | O::F64Gt => float(w, Prim::FloatLt, b, a),
        O::F32Le | O::F64Le => float(w, Prim::FloatLe, a, b),
        O::F32Ge | O::F64Ge => float(w, Prim::FloatLe, b, a),
        _ => return None,
    })
}

fn float(w: &mut Words, opcode: O, a: Word, b: Word) -> Option<Word> {
    let bits = w.bits(a);
    let prim = match opcode {
        O::F32Add | O::F64Add => Prim::FloatAdd,
        O::F32Sub | O::F64Sub => Prim::FloatSub,
        O::F32Mul | O::F64Mul => Prim::FloatMul,
        O::F32Div | O::F64Div => Prim::FloatDiv,
        O::F32Min | O::F64Min => Prim::FloatMin,
        O::F32Max | O::F64Max => Prim::FloatMax,
        O::F32Copysign | O::F64Copysign => {
            let (sign, magnitude) = (w.sign(b), w.slice(a, 0, bits.saturating_sub(1)));
            return Some(w.cat(sign, magnitude));
        }
        _ => return None,
    };
    Some(w.prim(prim, bits, &[a, b]))
}

impl Maker<'_> {
    /// The result of an operator whose term is a word: in the deterministic mode the canonical NaN
    /// for a NaN, whose bits Wasm leaves open and the term has. Nothing for vectors there.
    pub(super) fn canonical(&mut self, opcode: O, word: Word) -> Option<Word> {
        let Some(name) = opcode.row().canonical.filter(|_| self.deterministic) else {
            return Some(word);
        };
        let n = match name {
            "f32_canonicalize" => 0x7fc0_0000,
            "f64_canonicalize" => 0x7ff8_0000_0000_0000,
            _ => return None,
        };
        let nan = self.words.prim(Prim::FloatNan, 1, &[word, word]);
        let canonical = self.words.constant(self.words.bits(word), n);
        Some(self.words.ite(nan, canonical, word))
    }

    /// A division: by zero, then one whose result does not fit. A remainder always fits.
    pub(super) fn division(&mut self, opcode: O, a: Word, b: Word) -> Option<Demand> {
        let w = &mut *self.words;
        let (prim, overflows) = match opcode {
            O::I32DivS | O::I64DivS => (Prim::DivS, true),
            O::I32DivU | O::I64DivU => (Prim::DivU, false),
            O::I32RemS | O::I64RemS => (Prim::RemS, false),
            O::I32RemU | O::I64RemU => (Prim::RemU, false),
            _ => return None,
        };
        let zero = w.zero(b);
        let mut found =
            alloc::vec![Debt::Trap { kind: traps::INTEGER_DIVISION_BY_ZERO, when: zero }];
        if overflows {
            let beyond = overflow(w, a, b);
            found.push(Debt::Trap { kind: traps::INTEGER_OVERFLOW, when: beyond });
        }
        let value = match prim {
            Prim::DivS => w.div_s(a, b),
            Prim::DivU => w.div_u(a, b),
            Prim::RemS => w.rem_s(a, b),
            _ => w.rem_u(a, b),
        };
        Some(Demand {
            debts: found,
            action: Action::None,
            values: alloc::vec![value],
            ..Demand::default()
        })
    }
}

/// Whether the quotient of two signed words does not fit.
pub fn overflow(w: &mut Words, a: Word, b: Word) -> Word {
    let bits = w.bits(a);
    let least = w.constant(bits, 1_u128.wrapping_shl(u32::from(bits.saturating_sub(1))));
    let minus = w.constant(bits, u128::MAX);
    let (a, b) = (w.eq(a, least), w.eq(b, minus));
    w.and(a, b)
}
