//! Two instructions in one: the comparison that was emitted last and the branch on it, an address
//! and the load from it, a product and a sum.
//!
//! `control` asks for the [`Condition`] of a `br_if` or `if` and emits the branch in the direction
//! it needs.
//!
//! A comparison may be taken back because its result is a home slot that the branch alone consumes,
//! and its operands are still where they were: locals, or home slots of popped positions (E1 of
//! `translator`). The inverse of an integer comparison is the other comparison; a float comparison
//! has none (NaN), so its inverse is an op that says `not`.
//!
//! Tests: golden files `fuse-*.wat`; `tests/enumerate.rs` of `prova-testing` executes both
//! directions of `br_if` and `if`.

use crate::stack::{Entry, Place};
use crate::translator::{Cx, Produced};
use prova_bytecode::Op;

/// The condition of a conditional branch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Condition {
    /// The branch that is taken when the condition holds.
    pub(crate) op: Op,
    /// The branch that is taken when it does not.
    pub(crate) inverse: Op,
    /// The first operand, a slot.
    pub(crate) left: u64,
    /// The second operand, a slot or an immediate.
    pub(crate) right: Option<u64>,
}

impl Condition {
    fn not(self) -> Condition {
        Condition { op: self.inverse, inverse: self.op, ..self }
    }
}

impl Cx<'_> {
    /// Pops the condition of a branch, and takes the comparison that made it back if there is one.
    pub(crate) fn condition(&mut self) -> Condition {
        let entry = self.b.stack.pop();
        if entry.place == Place::Home
            && let Some(condition) = self.fused(entry.home)
        {
            return condition;
        }
        let left = self.operand(&entry);
        Condition { op: Op::BrIf, inverse: Op::BrIfNot, left, right: None }
    }

    /// The condition that the last instruction computes into `slot`, which nobody else reads.
    fn fused(&mut self, slot: u16) -> Option<Condition> {
        let last = self.last_into(slot)?;
        let values = self.values(&last);
        if last.op == Op::I32Eqz {
            self.take_back();
            // Only a home slot is consumed for good; it is the home of the same position, since eqz
            // pops one value.
            let inner = if values[1] == u64::from(slot) { self.fused(slot) } else { None };
            let plain =
                Condition { op: Op::BrIf, inverse: Op::BrIfNot, left: values[1], right: None };
            return Some(inner.unwrap_or(plain).not());
        }
        let fusion = fusion(last.op)?;
        self.take_back();
        let (op, inverse, left, right) = match fusion {
            Fusion::Zero(op, inverse) => (op, inverse, values[1], 0),
            Fusion::Immediate(op, inverse) => (op, inverse, values[1], values[2]),
            Fusion::Narrow(op, inverse) => (op, inverse, values[1], u64::from(values[2] as u32)),
            Fusion::Either { slots, immediate, wide } => {
                let constant =
                    self.take_constant(values[2], slot, immediate.is_some(), wide.is_some());
                match (constant, immediate, wide) {
                    (Some((bits, false)), Some(immediate), _) => {
                        (immediate.0, immediate.1, values[1], bits)
                    }
                    (Some((bits, true)), _, Some(wide)) => (wide.0, wide.1, values[1], bits),
                    _ => (slots.0, slots.1, values[1], values[2]),
                }
            }
        };
        Some(Condition { op, inverse, left, right: Some(right) })
    }

    /// Takes back the constant that the last instruction wrote to `right`, if that is the home slot
    /// of a popped operand: the only home slot above `slot` that the comparison read. Says whether
    /// it is one of 64 bits; those of the sorts that are not asked for stay.
    fn take_constant(
        &mut self,
        right: u64,
        slot: u16,
        short: bool,
        long: bool,
    ) -> Option<(u64, bool)> {
        if right <= u64::from(slot) {
            return None;
        }
        let last = self.last_into(right as u16)?;
        let (is_long, wanted) = match last.op {
            Op::Const32 | Op::Const64S32 if short => (false, true),
            // Where there is no form for short ones, all are long.
            Op::Const64S32 | Op::Const64 => (true, long),
            _ => return None,
        };
        if !wanted {
            return None;
        }
        let bits = self.values(&last)[1];
        self.take_back();
        Some((bits, is_long))
    }
}

/// Two operators in one: the last instruction, whose result the current operator alone consumes, is
/// taken back and becomes part of the current one's. Its operands are still where they were, as for
/// a comparison.
impl Cx<'_> {
    /// The last instruction, if it computes the popped `entry`; nothing else may be emitted before
    /// it is taken back.
    fn made(&self, entry: &Entry) -> Option<Produced> {
        if entry.place == Place::Home { self.last_into(entry.home) } else { None }
    }

    /// Its op.
    #[inline]
    fn made_by(&self, entry: &Entry) -> Option<Op> {
        let last = self.b.recent.last()?;
        let made = entry.place == Place::Home && last.home && last.dst == entry.home;
        made.then_some(last.op)
    }

    /// The op of an operator with an immediate combined with what made its operand, and the
    /// operands before the immediate.
    pub(crate) fn combine_immediate(&mut self, op: Op, a: &Entry) -> Option<(Op, [u64; 2])> {
        let combined = match (self.made_by(a)?, op) {
            (Op::I32ShrUImm, Op::I32AndImm) => Op::I32ShrUAndImm,
            (Op::I32AndImm, Op::I32ShlImm) => Op::I32AndShlImm,
            (Op::I32ShlImm, Op::I32ShrSImm) => Op::I32ShlShrSImm,
            _ => return None,
        };
        let values = self.values(&self.made(a)?);
        self.take_back();
        Some((combined, [values[1], values[2]]))
    }

    /// The same of an operator on two values. The one that was not just made is read from a slot;
    /// it needs no code, so that what the other is made of stays.
    pub(crate) fn combine(&mut self, op: Op, a: &Entry, b: &Entry) -> Option<Combined> {
        let right = self.made_by(b);
        let left = if right.is_none() && matches!(b.place, Place::Local(_)) {
            self.made_by(a)
        } else {
            None
        };
        let (combined, product_first) = match (right.or(left)?, op, right.is_some()) {
            (Op::I32ShrUAndImm, Op::I32Add, _) => (Op::I32ShrUAndAdd, true),
            (Op::I32ShlImm, Op::I32Add, _) => (Op::I32ShlAdd, true),
            (Op::I32Mul, Op::I32Add, _) => (Op::I32MulAdd, true),
            (Op::I64Mul, Op::I64Add, _) => (Op::I64MulAdd, true),
            (Op::F64Mul, Op::F64Add, true) => (Op::F64AddMul, false),
            (Op::F64Mul, Op::F64Add, false) => (Op::F64MulAdd, true),
            (Op::F64Mul, Op::F64Sub, true) => (Op::F64SubMul, false),
            (Op::F64Mul, Op::F64Sub, false) => (Op::F64MulSub, true),
            _ => return None,
        };
        let other = if right.is_some() { a } else { b };
        let slot = match other.place {
            Place::Home => other.home.into(),
            Place::Local(slot) => slot.into(),
            Place::Const { .. } => return None,
        };
        let last = self.made(if right.is_some() { b } else { a })?;
        let [_, x, y, z, ..] = self.values(&last);
        self.take_back();
        Some(match (combined, product_first) {
            (Op::I32ShrUAndAdd, _) => Combined { op: combined, values: [x, y, z, slot], count: 4 },
            (_, true) => Combined { op: combined, values: [x, y, slot, 0], count: 3 },
            (_, false) => Combined { op: combined, values: [slot, x, y, 0], count: 3 },
        })
    }

    /// The op of a load whose address was just added up, and both summands.
    pub(crate) fn combine_address(
        &mut self,
        load: Op,
        address: &Entry,
        offset: u64,
    ) -> Option<(Op, [u64; 2])> {
        let by = self.made_by(address).filter(|_| offset <= 0xffff)?;
        let (indexed, at) = match load {
            Op::I32Load => (Op::I32LoadIdx, Op::I32LoadAt),
            Op::I64Load => (Op::I64LoadIdx, Op::I64LoadAt),
            Op::I32Load8S => (Op::I32Load8SIdx, Op::I32Load8SAt),
            Op::I32Load8U => (Op::I32Load8UIdx, Op::I32Load8UAt),
            Op::I32Load16S => (Op::I32Load16SIdx, Op::I32Load16SAt),
            Op::I32Load16U => (Op::I32Load16UIdx, Op::I32Load16UAt),
            Op::I64Load32S => (Op::I64Load32SIdx, Op::I64Load32SAt),
            Op::I64Load32U => (Op::I64Load32UIdx, Op::I64Load32UAt),
            Op::F32Load => (Op::F32LoadIdx, Op::F32LoadAt),
            Op::F64Load => (Op::F64LoadIdx, Op::F64LoadAt),
            _ => return None,
        };
        let combined = match by {
            Op::I32Add => indexed,
            Op::I32AddImm => at,
            _ => return None,
        };
        let values = self.values(&self.made(address)?);
        self.take_back();
        Some((combined, [values[1], values[2]]))
    }

    /// Pops the index of a table: a slot, and what is added to it; 0 where nothing is.
    pub(crate) fn index_operand(&mut self) -> (u64, u64) {
        let entry = self.b.stack.pop();
        let last = self.made(&entry).filter(|last| last.op == Op::I32AddImm);
        let Some((last, values)) = last.map(|last| (last, self.values(&last))) else {
            return (self.operand(&entry), 0);
        };
        // In a table 0 says that there is no sum: one with 0, which the Wasm has, stays.
        if values[2] == 0 {
            return (last.dst.into(), 0);
        }
        self.take_back();
        (values[1], values[2])
    }
}

/// An instruction and the branch, or the `global.set`, directly behind it (E1 of `translator`).
impl Cx<'_> {
    /// Emits a jump of unknown offset, with the last instruction in it if it can be.
    pub(crate) fn emit_jump(&mut self) -> (u32, Op) {
        let ops = [
            (Op::I32AddImm, Op::I32AddImmBr),
            (Op::Copy, Op::CopyBr),
            (Op::Const32, Op::Const32Br),
        ];
        for (op, with_br) in ops {
            if let Some(newest) = self.last_of(op) {
                let values = self.take_values_back(&newest);
                // Behind the operands comes the offset, which is not known yet.
                return (self.emit_padded(with_br, &values), with_br);
            }
        }
        (self.emit(Op::Br, &[0]), Op::Br)
    }

    /// Emits a conditional branch of unknown offset with the last instruction in it, if it can be:
    /// where that makes an operand of the condition, or has nothing to do with it.
    pub(crate) fn emit_counted_branch(
        &mut self,
        op: Op,
        condition: &Condition,
    ) -> Option<(u32, Op)> {
        let Condition { left, right, .. } = *condition;
        if let Some(newest) = self.last_of(Op::Const32) {
            if op != Op::BrIfNot || left == u64::from(newest.dst) {
                return None;
            }
            let [d, bits, ..] = self.take_values_back(&newest);
            let op = Op::Const32BrIfNot;
            return Some((self.emit(op, &[d, bits, left, 0]), op));
        }
        let newest = self.last_of(Op::I32AddImm)?;
        let sum = u64::from(newest.dst);
        let (counted, other) = match op {
            Op::BrIf if left == sum => (Op::I32AddImmBrIf, None),
            Op::BrI32NeImm if left == sum => (Op::I32AddImmBrNeImm, right),
            // It is read before the sum is written.
            Op::BrI32Ne if left == sum && right != Some(sum) => (Op::I32AddImmBrNe, right),
            Op::BrI32Ne if right == Some(sum) && left != sum => (Op::I32AddImmBrNe, Some(left)),
            Op::BrI32LtU if left == sum && right != Some(sum) => (Op::I32AddImmBrLtU, right),
            Op::BrI32LtS if left == sum && right != Some(sum) => (Op::I32AddImmBrLtS, right),
            Op::BrI32GtU if right == Some(sum) && left != sum => (Op::I32AddImmBrLtU, Some(left)),
            Op::BrI32GtS if right == Some(sum) && left != sum => (Op::I32AddImmBrLtS, Some(left)),
            _ => return None,
        };
        let [d, a, imm, ..] = self.take_values_back(&newest);
        let at = match other {
            Some(other) => self.emit(counted, &[d, a, imm, other, 0]),
            None => self.emit(counted, &[d, a, imm, 0]),
        };
        Some((at, counted))
    }

    /// Emits a `global.set` of the sum that the last instruction made in `slot`, if it did.
    pub(crate) fn emit_sum_set(&mut self, global: u32, slot: u64) -> bool {
        let Some(newest) = self.last_of(Op::I32AddImm).filter(|it| u64::from(it.dst) == slot)
        else {
            return false;
        };
        let [d, a, imm, ..] = self.take_values_back(&newest);
        self.emit(Op::GlobalSetAddImm, &[d, global.into(), a, imm]);
        true
    }

    /// Makes the `global.get` that was just emitted, of the popped `a`, one with the sum of it and
    /// an immediate.
    pub(crate) fn combine_get(&mut self, op: Op, a: &Entry, imm: u64) -> bool {
        if op != Op::I32AddImm || self.made_by(a) != Some(Op::GlobalGet) {
            return false;
        }
        let Some(get) = self.made(a) else { return false };
        let global = self.values(&get)[1];
        self.emit_in_place_of_last(Op::GlobalGetAddImm, [global, imm]);
        true
    }
}

/// Two operators in one: an op and the operands before those of the branch.
pub(crate) struct Combined {
    pub(crate) op: Op,
    pub(crate) values: [u64; 4],
    pub(crate) count: usize,
}

/// The store of a constant that fits, and the constant.
pub(crate) fn stored_immediate(store: Op, value: &Entry) -> Option<(Op, u64)> {
    let Place::Const { bits, .. } = value.place else { return None };
    let (op, value) = match store {
        Op::I32Store => (Op::I32StoreImm, i64::from(bits as i32)),
        Op::I32Store8 => (Op::I32Store8Imm, i64::from(bits as i32)),
        Op::I32Store16 => (Op::I32Store16Imm, i64::from(bits as i32)),
        Op::I64Store => (Op::I64StoreImm, bits as i64),
        _ => return None,
    };
    i16::try_from(value).is_ok().then_some((op, value as u64))
}

/// How a comparison becomes a branch; each pair is the branch and its inverse.
enum Fusion {
    /// A test of one operand against the immediate 0.
    Zero(Op, Op),
    /// Two slots, or a slot and an immediate of 32 bits or of 64.
    Either { slots: (Op, Op), immediate: Option<(Op, Op)>, wide: Option<(Op, Op)> },
    /// A slot and a sign-extended 16-bit immediate of an i32, or a 32-bit one.
    Narrow(Op, Op),
    /// A slot and a sign-extended immediate of an i64.
    Immediate(Op, Op),
}

macro_rules! fusions {
    ($op:ident;
     integers { $($int:ident $int_imm:ident $imm:ident: $br:ident $not:ident $br_imm:ident $not_imm:ident
         $(or $br_wide:ident $not_wide:ident)?;)* }
     floats { $($float:ident: $fbr:ident $fnot:ident $(or $fbr_imm:ident $fnot_imm:ident)?;)* }) => {
        match $op {
            $(Op::$int => Fusion::Either {
                slots: (Op::$br, Op::$not),
                immediate: Some((Op::$br_imm, Op::$not_imm)),
                wide: fusions!(@ $($br_wide $not_wide)?),
            },
            Op::$int_imm => Fusion::$imm(Op::$br_imm, Op::$not_imm),)*
            $(Op::$float => Fusion::Either {
                slots: (Op::$fbr, Op::$fnot),
                immediate: None,
                wide: fusions!(@ $($fbr_imm $fnot_imm)?),
            },)*
            Op::I32AndImm32 => Fusion::Narrow(Op::BrI32AndImm, Op::BrI32AndNotImm),
            Op::I64Eqz => Fusion::Zero(Op::BrI64EqImm, Op::BrI64NeImm),
            _ => return None,
        }
    };
    (@) => { None };
    (@ $op:ident $inverse:ident) => { Some((Op::$op, Op::$inverse)) };
}

fn fusion(op: Op) -> Option<Fusion> {
    Some(fusions! { op;
        integers {
        I32Eq I32EqImm Narrow: BrI32Eq BrI32Ne BrI32EqImm BrI32NeImm;
        I32Ne I32NeImm Narrow: BrI32Ne BrI32Eq BrI32NeImm BrI32EqImm;
        I32LtS I32LtSImm Narrow: BrI32LtS BrI32GeS BrI32LtSImm BrI32GeSImm;
        I32LtU I32LtUImm Narrow: BrI32LtU BrI32GeU BrI32LtUImm BrI32GeUImm;
        I32GtS I32GtSImm Narrow: BrI32GtS BrI32LeS BrI32GtSImm BrI32LeSImm;
        I32GtU I32GtUImm Narrow: BrI32GtU BrI32LeU BrI32GtUImm BrI32LeUImm;
        I32LeS I32LeSImm Narrow: BrI32LeS BrI32GtS BrI32LeSImm BrI32GtSImm;
        I32LeU I32LeUImm Narrow: BrI32LeU BrI32GtU BrI32LeUImm BrI32GtUImm;
        I32GeS I32GeSImm Narrow: BrI32GeS BrI32LtS BrI32GeSImm BrI32LtSImm;
        I32GeU I32GeUImm Narrow: BrI32GeU BrI32LtU BrI32GeUImm BrI32LtUImm;
        I32And I32AndImm Narrow: BrI32And BrI32AndNot BrI32AndImm BrI32AndNotImm;
        I64Eq I64EqImm Immediate: BrI64Eq BrI64Ne BrI64EqImm BrI64NeImm or BrI64EqImm64 BrI64NeImm64;
        I64Ne I64NeImm Immediate: BrI64Ne BrI64Eq BrI64NeImm BrI64EqImm or BrI64NeImm64 BrI64EqImm64;
        I64LtS I64LtSImm Immediate: BrI64LtS BrI64GeS BrI64LtSImm BrI64GeSImm or BrI64LtSImm64 BrI64GeSImm64;
        I64LtU I64LtUImm Immediate: BrI64LtU BrI64GeU BrI64LtUImm BrI64GeUImm or BrI64LtUImm64 BrI64GeUImm64;
        I64GtS I64GtSImm Immediate: BrI64GtS BrI64LeS BrI64GtSImm BrI64LeSImm or BrI64GtSImm64 BrI64LeSImm64;
        I64GtU I64GtUImm Immediate: BrI64GtU BrI64LeU BrI64GtUImm BrI64LeUImm or BrI64GtUImm64 BrI64LeUImm64;
        I64LeS I64LeSImm Immediate: BrI64LeS BrI64GtS BrI64LeSImm BrI64GtSImm or BrI64LeSImm64 BrI64GtSImm64;
        I64LeU I64LeUImm Immediate: BrI64LeU BrI64GtU BrI64LeUImm BrI64GtUImm or BrI64LeUImm64 BrI64GtUImm64;
        I64GeS I64GeSImm Immediate: BrI64GeS BrI64LtS BrI64GeSImm BrI64LtSImm or BrI64GeSImm64 BrI64LtSImm64;
        I64GeU I64GeUImm Immediate: BrI64GeU BrI64LtU BrI64GeUImm BrI64LtUImm or BrI64GeUImm64 BrI64LtUImm64;
        }
        floats {
        F32Eq: BrF32Eq BrF32NotEq;
        F32Ne: BrF32NotEq BrF32Eq;
        F32Lt: BrF32Lt BrF32NotLt;
        F32Gt: BrF32Gt BrF32NotGt;
        F32Le: BrF32Le BrF32NotLe;
        F32Ge: BrF32Ge BrF32NotGe;
        F64Eq: BrF64Eq BrF64NotEq or BrF64EqImm BrF64NotEqImm;
        F64Ne: BrF64NotEq BrF64Eq or BrF64NotEqImm BrF64EqImm;
        F64Lt: BrF64Lt BrF64NotLt or BrF64LtImm BrF64NotLtImm;
        F64Gt: BrF64Gt BrF64NotGt or BrF64GtImm BrF64NotGtImm;
        F64Le: BrF64Le BrF64NotLe or BrF64LeImm BrF64NotLeImm;
        F64Ge: BrF64Ge BrF64NotGe or BrF64GeImm BrF64NotGeImm;
        }
    })
}
