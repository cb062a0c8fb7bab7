//! Numeric operators: operands in slots, or an immediate where the table has a form for it.
//!
//! `translator` brings a constant to a slot where an instruction needs it there. Constants are
//! lazy: pushing one emits nothing.
//!
//! Identities used, all exact: a commutative operator swaps its operands; a comparison swaps them
//! with its mirror (`a < b` is `b > a`); `x - c` is `x + (-c)` modulo 2^n. In deterministic mode
//! the float operators whose result may be a NaN are followed by `canonicalize`.

use crate::stack::Place;
use crate::translator::Cx;
use prova_bytecode::Op;
use prova_module::Operator;

/// The forms of a binary integer operator.
struct Forms {
    /// Two slots.
    op: Op,
    /// With an immediate on the right.
    right: Right,
    /// With a constant on the left.
    left: Left,
    /// Whether the operands are i32.
    narrow: bool,
}

/// The forms with an immediate on the right, by its width; one of 16 or 32 bits is sign-extended.
#[derive(Clone, Copy)]
struct Right {
    imm16: Option<Op>,
    imm32: Option<Op>,
    imm64: Option<Op>,
}

impl Right {
    const NONE: Right = Right { imm16: None, imm32: None, imm64: None };
}

/// The treatment of a constant on the left.
enum Left {
    /// It goes to a slot.
    None,
    /// The operator or its mirror takes it on the right.
    Mirror(Right),
    /// A form with a 16-bit immediate on the left.
    Imm(Op),
}

macro_rules! right {
    ($imm16:ident) => {
        Right { imm16: Some(Op::$imm16), imm32: None, imm64: None }
    };
    ($imm16:ident $imm32:ident) => {
        Right { imm16: Some(Op::$imm16), imm32: Some(Op::$imm32), imm64: None }
    };
    ($imm16:ident $imm32:ident $imm64:ident) => {
        Right { imm16: Some(Op::$imm16), imm32: Some(Op::$imm32), imm64: Some(Op::$imm64) }
    };
}

macro_rules! integer {
    ($cx:ident, $operator:ident, $narrow:literal;
     commutative { $($c:ident $ci:ident $cw:ident $($cl:ident)?;)* }
     compare { $($k:ident $ki:ident $mirror:ident;)* }
     left { $($s:ident $si:ident $sl:ident;)* }
     right { $($r:ident $ri:ident;)* }
     unary { $($u:ident)* }) => {
        match $operator {
            $(Operator::$c => $cx.binary(&Forms {
                op: Op::$c,
                right: right!($ci $cw $($cl)?),
                left: Left::Mirror(right!($ci $cw $($cl)?)),
                narrow: $narrow,
            }),)*
            $(Operator::$k => $cx.binary(&Forms {
                op: Op::$k,
                right: right!($ki),
                left: Left::Mirror(right!($mirror)),
                narrow: $narrow,
            }),)*
            $(Operator::$s => $cx.binary(&Forms {
                op: Op::$s, right: right!($si), left: Left::Imm(Op::$sl), narrow: $narrow,
            }),)*
            $(Operator::$r => $cx.binary(&Forms {
                op: Op::$r, right: right!($ri), left: Left::None, narrow: $narrow,
            }),)*
            $(Operator::$u => $cx.unary(Op::$u),)*
            _ => return false,
        }
    };
}

macro_rules! floats {
    ($cx:ident, $operator:ident;
     exact unary $($eu:ident)*; exact binary $($eb:ident)*;
     canonical unary $($cu:ident $cuc:ident,)*; canonical binary $($cb:ident $cbc:ident,)*) => {
        match $operator {
            $(Operator::$eu => $cx.unary(Op::$eu),)*
            $(Operator::$eb => $cx.slots(Op::$eb),)*
            $(Operator::$cu => {
                $cx.unary(Op::$cu);
                $cx.canonical(Op::$cuc);
            })*
            $(Operator::$cb => {
                $cx.slots(Op::$cb);
                $cx.canonical(Op::$cbc);
            })*
            _ => return false,
        }
    };
}

impl Cx<'_> {
    /// Translates a constant; says whether `operator` is one.
    #[inline(always)]
    pub(crate) fn constant(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::I32Const { value } => self.b.stack.push_const(value as u32 as u64, true),
            Operator::I64Const { value } => self.b.stack.push_const(value as u64, false),
            Operator::F32Const { value } => self.b.stack.push_const(value.bits().into(), true),
            Operator::F64Const { value } => self.b.stack.push_const(value.bits(), false),
            _ => return false,
        }
        true
    }

    /// Translates a numeric operator; says whether `operator` is one.
    #[inline]
    pub(crate) fn numeric(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            // A cell holds bits: a reinterpreted value is where it was.
            Operator::I32ReinterpretF32
            | Operator::I64ReinterpretF64
            | Operator::F32ReinterpretI32
            | Operator::F64ReinterpretI64 => {}
            Operator::I32Sub => self.subtract(Op::I32Sub, right!(I32AddImm I32AddImm32), true),
            Operator::I64Sub => {
                self.subtract(Op::I64Sub, right!(I64AddImm I64AddImm32 I64AddImm64), false);
            }
            Operator::I64Add128 => self.plain(Op::I64Add128, &[]),
            Operator::I64Sub128 => self.plain(Op::I64Sub128, &[]),
            Operator::I64MulWideS => self.plain(Op::I64MulWideS, &[]),
            Operator::I64MulWideU => self.plain(Op::I64MulWideU, &[]),
            _ => return self.i32(operator) || self.i64(operator) || self.float(operator),
        }
        true
    }

    #[inline]
    fn i32(&mut self, operator: &Operator<'_>) -> bool {
        integer! { self, operator, true;
            commutative {
            I32Add I32AddImm I32AddImm32;
            I32Mul I32MulImm I32MulImm32;
            I32And I32AndImm I32AndImm32;
            I32Or I32OrImm I32OrImm32;
            I32Xor I32XorImm I32XorImm32;
            }
            compare {
            I32Eq I32EqImm I32EqImm;
            I32Ne I32NeImm I32NeImm;
            I32LtS I32LtSImm I32GtSImm;
            I32LtU I32LtUImm I32GtUImm;
            I32GtS I32GtSImm I32LtSImm;
            I32GtU I32GtUImm I32LtUImm;
            I32LeS I32LeSImm I32GeSImm;
            I32LeU I32LeUImm I32GeUImm;
            I32GeS I32GeSImm I32LeSImm;
            I32GeU I32GeUImm I32LeUImm;
            }
            left {
            I32Shl I32ShlImm I32ImmShl;
            I32ShrS I32ShrSImm I32ImmShrS;
            I32ShrU I32ShrUImm I32ImmShrU;
            }
            right {
            I32Rotl I32RotlImm;
            I32Rotr I32RotrImm;
            I32DivS I32DivSImm;
            I32DivU I32DivUImm;
            I32RemS I32RemSImm;
            I32RemU I32RemUImm;
            }
            unary {
            I32Eqz I32Clz I32Ctz I32Popcnt I32Extend8S I32Extend16S I32WrapI64
            I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U
            I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U
            }
        }
        true
    }

    #[inline]
    fn i64(&mut self, operator: &Operator<'_>) -> bool {
        integer! { self, operator, false;
            commutative {
            I64Add I64AddImm I64AddImm32 I64AddImm64;
            I64Mul I64MulImm I64MulImm32 I64MulImm64;
            I64And I64AndImm I64AndImm32 I64AndImm64;
            I64Or I64OrImm I64OrImm32 I64OrImm64;
            I64Xor I64XorImm I64XorImm32 I64XorImm64;
            }
            compare {
            I64Eq I64EqImm I64EqImm;
            I64Ne I64NeImm I64NeImm;
            I64LtS I64LtSImm I64GtSImm;
            I64LtU I64LtUImm I64GtUImm;
            I64GtS I64GtSImm I64LtSImm;
            I64GtU I64GtUImm I64LtUImm;
            I64LeS I64LeSImm I64GeSImm;
            I64LeU I64LeUImm I64GeUImm;
            I64GeS I64GeSImm I64LeSImm;
            I64GeU I64GeUImm I64LeUImm;
            }
            left {
            I64Shl I64ShlImm I64ImmShl;
            I64ShrS I64ShrSImm I64ImmShrS;
            I64ShrU I64ShrUImm I64ImmShrU;
            }
            right {
            I64Rotl I64RotlImm;
            I64Rotr I64RotrImm;
            I64DivS I64DivSImm;
            I64DivU I64DivUImm;
            I64RemS I64RemSImm;
            I64RemU I64RemUImm;
            }
            unary {
            I64Eqz I64Clz I64Ctz I64Popcnt I64Extend8S I64Extend16S I64Extend32S
            I64ExtendI32S I64ExtendI32U
            I64TruncF32S I64TruncF32U I64TruncF64S I64TruncF64U
            I64TruncSatF32S I64TruncSatF32U I64TruncSatF64S I64TruncSatF64U
            }
        }
        true
    }

    #[inline]
    fn float(&mut self, operator: &Operator<'_>) -> bool {
        floats! { self, operator;
            exact unary
            F32Abs F32Neg F64Abs F64Neg
            F32ConvertI32S F32ConvertI32U F32ConvertI64S F32ConvertI64U
            F64ConvertI32S F64ConvertI32U F64ConvertI64S F64ConvertI64U;
            exact binary
            F32Copysign F64Copysign
            F32Eq F32Ne F32Lt F32Gt F32Le F32Ge F64Eq F64Ne F64Lt F64Gt F64Le F64Ge;
            canonical unary
            F32Ceil F32Canonicalize, F32Floor F32Canonicalize, F32Trunc F32Canonicalize,
            F32Nearest F32Canonicalize, F32Sqrt F32Canonicalize, F32DemoteF64 F32Canonicalize,
            F64Ceil F64Canonicalize, F64Floor F64Canonicalize, F64Trunc F64Canonicalize,
            F64Nearest F64Canonicalize, F64Sqrt F64Canonicalize, F64PromoteF32 F64Canonicalize,;
            canonical binary
            F32Add F32Canonicalize, F32Sub F32Canonicalize, F32Mul F32Canonicalize,
            F32Div F32Canonicalize, F32Min F32Canonicalize, F32Max F32Canonicalize,
            F64Add F64Canonicalize, F64Sub F64Canonicalize, F64Mul F64Canonicalize,
            F64Div F64Canonicalize, F64Min F64Canonicalize, F64Max F64Canonicalize,
        }
        true
    }

    /// An operator on one slot.
    #[inline]
    fn unary(&mut self, op: Op) {
        let a = self.pop_operand();
        self.emit_push(op, false, [a]);
    }

    /// An operator on two slots.
    fn slots(&mut self, op: Op) {
        let b = self.b.stack.pop();
        let a = self.b.stack.pop();
        if let Some(combined) = self.combine(op, &a, &b) {
            return self.emit_combined(&combined);
        }
        let b = self.operand(&b);
        let a = self.operand(&a);
        self.emit_push(op, false, [a, b]);
    }

    /// An operator on two slots, or a slot and an immediate.
    #[inline]
    fn binary(&mut self, forms: &Forms) {
        let b = self.b.stack.pop();
        let a = self.b.stack.pop();
        if let Place::Const { bits, .. } = b.place
            && let Some((op, imm)) = right_form(forms.right, bits, forms.narrow)
        {
            if self.combine_get(op, &a, imm) {
                return;
            }
            if let Some((op, [x, y])) = self.combine_immediate(op, &a) {
                return self.emit_push(op, false, [x, y, imm]);
            }
            let a = self.operand(&a);
            return self.emit_push(op, false, [a, imm]);
        }
        if let Place::Const { bits, .. } = a.place {
            match forms.left {
                Left::None => {}
                Left::Mirror(right) => {
                    if let Some((op, imm)) = right_form(right, bits, forms.narrow) {
                        let b = self.operand(&b);
                        return self.emit_push(op, false, [b, imm]);
                    }
                }
                Left::Imm(op) => {
                    if let Some(imm) = imm16(bits, forms.narrow) {
                        let b = self.operand(&b);
                        return self.emit_push(op, false, [imm, b]);
                    }
                }
            }
        }
        if let Some(combined) = self.combine(forms.op, &a, &b) {
            return self.emit_combined(&combined);
        }
        let a = self.operand(&a);
        let b = self.operand(&b);
        self.emit_push(forms.op, false, [a, b]);
    }

    /// `x - c` is `x + (-c)`; `c - x` has a separate form.
    fn subtract(&mut self, op: Op, add: Right, narrow: bool) {
        if let Some(top) = self.b.stack.top()
            && let Place::Const { bits, .. } = top.place
        {
            let negated =
                if narrow { (bits as u32).wrapping_neg().into() } else { bits.wrapping_neg() };
            if let Some((op, imm)) = right_form(add, negated, narrow) {
                self.b.stack.pop();
                let a = self.b.stack.pop();
                if self.combine_get(op, &a, imm) {
                    return;
                }
                let a = self.operand(&a);
                return self.emit_push(op, false, [a, imm]);
            }
        }
        let left = if narrow { Op::I32ImmSub } else { Op::I64ImmSub };
        self.binary(&Forms { op, right: Right::NONE, left: Left::Imm(left), narrow });
    }
}

/// The form that takes the constant `bits` on the right, with its immediate.
#[inline]
fn right_form(right: Right, bits: u64, narrow: bool) -> Option<(Op, u64)> {
    if let Some(op) = right.imm16
        && let Some(imm) = imm16(bits, narrow)
    {
        return Some((op, imm));
    }
    let short = narrow || i32::try_from(bits as i64).is_ok();
    let op = if short { right.imm32 } else { right.imm64 };
    Some((op?, bits))
}

/// The constant as a sign-extended 16-bit immediate, if it fits.
#[inline]
fn imm16(bits: u64, narrow: bool) -> Option<u64> {
    let value = if narrow { i64::from(bits as i32) } else { bits as i64 };
    i16::try_from(value).is_ok().then_some(value as u64)
}
