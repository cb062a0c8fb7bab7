//! Operators on addresses → the values that they make: sums, masks, and constants of constants.
//!
//! `marks` records each use as a number on the way. Invariants stand in the module above.

use super::doubt::Doubt;
use super::flow::Flow;
use super::value::{Ref, Source, Value};
use prova_module::ops::Opcode;
use prova_module::walk::Site;
use prova_xref::flow::{FOLDS, Fold, fold};

/// Operators that give a constant for constants; a mask of an address is looked at by itself.
const FOLDED: &[(Opcode, Fold)] = FOLDS.last_chunk::<9>().expect("there are nine").as_slice();

/// Operators that give the whole part of a float of 64 bits.
const TRUNCATES: [Opcode; 8] = [
    Opcode::I32TruncF64S,
    Opcode::I32TruncF64U,
    Opcode::I32TruncSatF64S,
    Opcode::I32TruncSatF64U,
    Opcode::I64TruncF64S,
    Opcode::I64TruncF64U,
    Opcode::I64TruncSatF64S,
    Opcode::I64TruncSatF64U,
];

impl Flow<'_, '_> {
    /// A constant that is no address and added by nothing: an offset.
    pub(super) fn offset(&self, value: &Value) -> Option<i64> {
        match value.single()? {
            Ref {
                source: Source::Const(_, value) | Source::Folded(value), by: Some(0), ..
            } if !self.in_zone(value) => Some(i64::from(value as u32 as i32)),
            _ => None,
        }
    }

    /// The value without constants that are no addresses.
    pub(super) fn bases(&mut self, value: &Value) -> Value {
        let mut bases = Value::default();
        for one in value.refs() {
            let is_base = match one.source {
                Source::Const(_, value) | Source::Folded(value) => self.in_zone(value),
                Source::Param(_) | Source::Word(_) | Source::Field(..) => true,
                Source::Global(_) | Source::Call(_) | Source::Any(_) => true,
                Source::Float(_) => false,
            };
            if is_base {
                bases = match bases.is_known() {
                    true => bases.with(Value::of(one), &mut self.dropped),
                    false => Value::of(one),
                };
            }
        }
        bases.partial |= bases.is_known() && value.partial;
        bases.round = value.round.filter(|_| bases.is_known());
        bases
    }

    /// A sum, or a difference where the sign is -1.
    pub(super) fn summed(&mut self, a: &Value, b: &Value, sign: i64) -> Value {
        let sum = self.sum(a, b, sign);
        self.displace(&sum, 0);
        // Where both may be addresses, the sum has no displacement.
        for one in b.refs() {
            if let (Source::Const(_, value) | Source::Folded(value), Some(by)) =
                (one.source, one.by)
            {
                let by = value.wrapping_add_signed(by);
                self.displace(a, if sign == 1 { by } else { by.wrapping_neg() });
            }
        }
        sum
    }

    fn sum(&mut self, a: &Value, b: &Value, sign: i64) -> Value {
        // How far two pointers made of one address are from each other is the same in B.
        if let (Some(x), Some(y), -1) = (a.single(), b.single(), sign)
            && x.source == y.source
        {
            return Value::number();
        }
        self.distance(a, b);
        let (mut x, mut y) = (self.bases(a), self.bases(b));
        // A result of a call, or a word of a table by an index, is an index beside any other base.
        let is_call = |value: &Value| {
            value.refs().all(|one| matches!(one.source, Source::Call(_)) || one.source.is_any())
        };
        if x.is_known() && y.is_known() {
            for one in [&mut y, &mut x] {
                if is_call(one) {
                    self.mix(one, Doubt::CALCULATED);
                    *one = Value::default();
                }
            }
        }
        match (x.is_known(), y.is_known()) {
            (true, false) => x.shifted(self.offset(b).map(|by| by.wrapping_mul(sign))),
            (false, true) if sign == 1 => y.shifted(self.offset(a)),
            (true, true) if sign == 1 => x.part().with(y.part(), &mut self.dropped),
            (false, true) => {
                self.mix(&y, Doubt::SUBTRACTED);
                Value::number()
            }
            (true, true) => {
                self.mix(&x, Doubt::SUBTRACTED);
                self.mix(&y, Doubt::SUBTRACTED);
                Value::number()
            }
            // Of a value that is not known, and of a number, a sum is no less.
            (..) if a.number || b.number => Value::number(),
            (..) => Value::default(),
        }
    }

    /// A mask of low bits makes an index, one of high bits aligns.
    pub(super) fn mask(&mut self, site: &Site<'_>, a: &Value, b: &Value) -> Value {
        let wide = site.row.opcode == Opcode::I64And;
        let constant = |value: &Value| match value.single()? {
            Ref { source: Source::Const(_, bits) | Source::Folded(bits), by: Some(0), .. } => {
                Some(if wide { bits as i64 } else { i64::from(bits as u32 as i32) })
            }
            _ => None,
        };
        let zone = |bits: i64| self.in_zone(if wide { bits as u64 } else { bits as u32 as u64 });
        let (value, mask, bits) = match (constant(a), constant(b)) {
            (Some(bits), None) => (b, a, bits),
            (Some(bits), Some(other)) if zone(other) && !zone(bits) => (b, a, bits),
            (_, Some(bits)) => (a, b, bits),
            (None, None) => {
                self.mix(a, Doubt::CALCULATED);
                self.mix(b, Doubt::CALCULATED);
                return Value::number();
            }
        };
        // A mask that may be an address is used as a number.
        self.mix(mask, Doubt::CALCULATED);
        let mask = bits;
        let bits = mask.trailing_zeros() as u8;
        let aligns = mask < 0 && mask == (-1i64).wrapping_shl(bits.into());
        match (mask >= 0, aligns) {
            (true, _) => self.low(value, 64 - mask.leading_zeros() as u8),
            (false, true) => {
                self.low(value, bits);
                return self.bases(value).shifted(None);
            }
            (false, false) => self.mix(value, Doubt::CALCULATED),
        }
        Value::number()
    }

    /// Of two addresses the sum is a number, and so is how far they are from each other.
    pub(super) fn distance(&mut self, a: &Value, b: &Value) {
        let address = |value: &Value| match value.single().map(|one| one.source) {
            Some(Source::Const(_, value)) => self.in_zone(value),
            _ => false,
        };
        if address(a) && address(b) {
            self.mix(a, Doubt::CALCULATED);
            self.mix(b, Doubt::CALCULATED);
        }
    }

    /// The result of an operator on two constants, or the whole part of a float. In a sum neither
    /// constant may look like an address: such constants are displacements.
    pub(super) fn fold(&self, site: &Site<'_>, args: &[Value]) -> Option<u64> {
        if let [one] = args {
            let Source::Float(bits) = one.single()?.source else { return None };
            let truncates = TRUNCATES.contains(&site.row.opcode);
            return truncates.then_some(f64::from_bits(bits) as i64 as u64);
        }
        let [a, b] = args else { return None };
        let is_sum = matches!(site.row.opcode, Opcode::I32Add | Opcode::I32Sub);
        let number = |value: &Value| match value.single()? {
            Ref {
                source: Source::Const(_, value) | Source::Folded(value), by: Some(0), ..
            } if !is_sum || !self.in_zone(value) => Some(value as u32),
            _ => None,
        };
        let (a, b) = (number(a)?, number(b)?);
        fold(FOLDED, site.row.opcode, a, b).map(u64::from)
    }
}
