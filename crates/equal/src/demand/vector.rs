//! Operators of `v128` without effects, as terms of lanes.
//!
//! Operators that are one formula for each lane are rows of [`lane_wise`]. Some operators are more
//! than one instruction of any processor, and their formula is not the specification's but the one
//! that code computes, step by step on whole vectors (they are in `vector_steps`);
//! each has its argument there, and the tests of `prova-native` compute every operator against
//! `prova-num`. Relaxed operators are their strict siblings.

use super::vector_lanes::{extract, replace, shuffle};
use super::vector_steps as steps;
use crate::words::{Head, Lane, Prim, Word, Words};
use alloc::vec::Vec;
use prova_module::Opcode as O;
use prova_ssa::Imm;

/// The term of an operator of vectors.
pub(super) fn pure(w: &mut Words, opcode: O, imm: Imm, args: &[Word]) -> Option<Word> {
    match (args, imm) {
        ([], Imm::Wide([low, high])) if opcode == O::V128Const => {
            Some(w.constant(128, u128::from(high) << 64 | u128::from(low)))
        }
        (&[a], Imm::Lane(lane)) => extract(w, opcode, a, lane),
        (&[a, b], Imm::Lane(lane)) => replace(w, opcode, (a, b), lane),
        (&[a, b], Imm::Wide([low, high])) if opcode == O::I8x16Shuffle => {
            let lanes = u128::from(high) << 64 | u128::from(low);
            shuffle(w, (a, b), lanes)
        }
        (&[a], Imm::None) => unary(w, opcode, a).or_else(|| float(w, opcode, a)),
        (&[a, b], Imm::None) => {
            if let Some((lane, width)) = lane_wise(opcode) {
                return Some(w.lane_wise(lane, width, a, b));
            }
            binary(w, opcode, a, b)
                .or_else(|| shift(w, opcode, a, b))
                .or_else(|| widened(w, opcode, a, b))
        }
        (&[a, b, c], Imm::None) => ternary(w, opcode, (a, b, c)),
        _ => None,
    }
}

/// Operators of which each lane is one formula of two lanes, and the width of these.
fn lane_wise(opcode: O) -> Option<(Lane, u8)> {
    Some(match opcode {
        O::I8x16Add => (Lane::Add, 8),
        O::I16x8Add => (Lane::Add, 16),
        O::I32x4Add => (Lane::Add, 32),
        O::I64x2Add => (Lane::Add, 64),
        O::I8x16Sub => (Lane::Sub, 8),
        O::I16x8Sub => (Lane::Sub, 16),
        O::I32x4Sub => (Lane::Sub, 32),
        O::I64x2Sub => (Lane::Sub, 64),
        O::I16x8Mul => (Lane::Mul, 16),
        O::I32x4Mul => (Lane::Mul, 32),
        O::I64x2Mul => (Lane::Mul, 64),
        O::I8x16AddSatS => (Lane::AddSatS, 8),
        O::I16x8AddSatS => (Lane::AddSatS, 16),
        O::I8x16AddSatU => (Lane::AddSatU, 8),
        O::I16x8AddSatU => (Lane::AddSatU, 16),
        O::I8x16SubSatS => (Lane::SubSatS, 8),
        O::I16x8SubSatS => (Lane::SubSatS, 16),
        O::I8x16SubSatU => (Lane::SubSatU, 8),
        O::I16x8SubSatU => (Lane::SubSatU, 16),
        O::I8x16MinS => (Lane::MinS, 8),
        O::I16x8MinS => (Lane::MinS, 16),
        O::I32x4MinS => (Lane::MinS, 32),
        O::I8x16MinU => (Lane::MinU, 8),
        O::I16x8MinU => (Lane::MinU, 16),
        O::I32x4MinU => (Lane::MinU, 32),
        O::I8x16MaxS => (Lane::MaxS, 8),
        O::I16x8MaxS => (Lane::MaxS, 16),
        O::I32x4MaxS => (Lane::MaxS, 32),
        O::I8x16MaxU => (Lane::MaxU, 8),
        O::I16x8MaxU => (Lane::MaxU, 16),
        O::I32x4MaxU => (Lane::MaxU, 32),
        O::I8x16AvgrU => (Lane::Average, 8),
        O::I16x8AvgrU => (Lane::Average, 16),
        O::I8x16Eq => (Lane::Eq, 8),
        O::I16x8Eq => (Lane::Eq, 16),
        O::I32x4Eq => (Lane::Eq, 32),
        O::I64x2Eq => (Lane::Eq, 64),
        O::I8x16GtS => (Lane::GtS, 8),
        O::I16x8GtS => (Lane::GtS, 16),
        O::I32x4GtS => (Lane::GtS, 32),
        O::I64x2GtS => (Lane::GtS, 64),
        O::I8x16GtU => (Lane::GtU, 8),
        O::I16x8GtU => (Lane::GtU, 16),
        O::I32x4GtU => (Lane::GtU, 32),
        O::F32x4Eq => (Lane::FloatEq, 32),
        O::F64x2Eq => (Lane::FloatEq, 64),
        O::F32x4Lt => (Lane::FloatLt, 32),
        O::F64x2Lt => (Lane::FloatLt, 64),
        O::F32x4Le => (Lane::FloatLe, 32),
        O::F64x2Le => (Lane::FloatLe, 64),
        O::F32x4Add => (Lane::FloatAdd, 32),
        O::F64x2Add => (Lane::FloatAdd, 64),
        O::F32x4Sub => (Lane::FloatSub, 32),
        O::F64x2Sub => (Lane::FloatSub, 64),
        O::F32x4Mul => (Lane::FloatMul, 32),
        O::F64x2Mul => (Lane::FloatMul, 64),
        O::F32x4Div => (Lane::FloatDiv, 32),
        O::F64x2Div => (Lane::FloatDiv, 64),
        _ => return None,
    })
}

/// Operators that are another one with operands exchanged, or its negation.
fn binary(w: &mut Words, opcode: O, a: Word, b: Word) -> Option<Word> {
    let (lane, width, exchanged, negated) = match opcode {
        O::I8x16Ne => (Lane::Eq, 8, false, true),
        O::I16x8Ne => (Lane::Eq, 16, false, true),
        O::I32x4Ne => (Lane::Eq, 32, false, true),
        O::I64x2Ne => (Lane::Eq, 64, false, true),
        O::I8x16LtS => (Lane::GtS, 8, true, false),
        O::I16x8LtS => (Lane::GtS, 16, true, false),
        O::I32x4LtS => (Lane::GtS, 32, true, false),
        O::I64x2LtS => (Lane::GtS, 64, true, false),
        O::I8x16LtU => (Lane::GtU, 8, true, false),
        O::I16x8LtU => (Lane::GtU, 16, true, false),
        O::I32x4LtU => (Lane::GtU, 32, true, false),
        O::I8x16LeS => (Lane::GtS, 8, false, true),
        O::I16x8LeS => (Lane::GtS, 16, false, true),
        O::I32x4LeS => (Lane::GtS, 32, false, true),
        O::I64x2LeS => (Lane::GtS, 64, false, true),
        O::I8x16LeU => (Lane::GtU, 8, false, true),
        O::I16x8LeU => (Lane::GtU, 16, false, true),
        O::I32x4LeU => (Lane::GtU, 32, false, true),
        O::I8x16GeS => (Lane::GtS, 8, true, true),
        O::I16x8GeS => (Lane::GtS, 16, true, true),
        O::I32x4GeS => (Lane::GtS, 32, true, true),
        O::I64x2GeS => (Lane::GtS, 64, true, true),
        O::I8x16GeU => (Lane::GtU, 8, true, true),
        O::I16x8GeU => (Lane::GtU, 16, true, true),
        O::I32x4GeU => (Lane::GtU, 32, true, true),
        O::F32x4Ne => (Lane::FloatEq, 32, false, true),
        O::F64x2Ne => (Lane::FloatEq, 64, false, true),
        O::F32x4Gt => (Lane::FloatLt, 32, true, false),
        O::F64x2Gt => (Lane::FloatLt, 64, true, false),
        O::F32x4Ge => (Lane::FloatLe, 32, true, false),
        O::F64x2Ge => (Lane::FloatLe, 64, true, false),
        // The second one if it is less, or greater, else the first one.
        O::F32x4PMin => (Lane::FloatLesser, 32, true, false),
        O::F64x2PMin => (Lane::FloatLesser, 64, true, false),
        O::F32x4PMax => (Lane::FloatGreater, 32, true, false),
        O::F64x2PMax => (Lane::FloatGreater, 64, true, false),
        _ => return whole(w, opcode, a, b),
    };
    let (a, b) = if exchanged { (b, a) } else { (a, b) };
    let word = w.lane_wise(lane, width, a, b);
    Some(if negated { steps::complement(w, word) } else { word })
}

/// Bitwise operators, and those that are steps.
fn whole(w: &mut Words, opcode: O, a: Word, b: Word) -> Option<Word> {
    Some(match opcode {
        O::V128And => w.and(a, b),
        O::V128Or => w.or(a, b),
        O::V128Xor => w.xor(a, b),
        O::V128AndNot => {
            let not = steps::complement(w, b);
            w.and(a, not)
        }
        O::F32x4Min | O::F32x4RelaxedMin => steps::minimum(w, 32, a, b),
        O::F64x2Min | O::F64x2RelaxedMin => steps::minimum(w, 64, a, b),
        O::F32x4Max | O::F32x4RelaxedMax => steps::maximum(w, 32, a, b),
        O::F64x2Max | O::F64x2RelaxedMax => steps::maximum(w, 64, a, b),
        O::I16x8Q15MulrSatS | O::I16x8RelaxedQ15mulrS => steps::rounded_product(w, a, b),
        O::I8x16Swizzle | O::I8x16RelaxedSwizzle => steps::swizzle(w, a, b),
        O::I8x16NarrowI16x8S => narrowed(w, (a, b), 16, true),
        O::I8x16NarrowI16x8U => narrowed(w, (a, b), 16, false),
        O::I16x8NarrowI32x4S => narrowed(w, (a, b), 32, true),
        O::I16x8NarrowI32x4U => narrowed(w, (a, b), 32, false),
        O::I32x4DotI16x8S => {
            let products = products(w, (a, b), 16);
            pairs(w, &products)
        }
        O::I16x8RelaxedDotI8x16I7x16S => steps::relaxed_dot(w, a, b),
        _ => return None,
    })
}

/// The lanes of both operands, saturated to half their width.
fn narrowed(w: &mut Words, (a, b): (Word, Word), width: u8, signed: bool) -> Word {
    let mut lanes = w.lanes(a, width);
    lanes.extend(w.lanes(b, width));
    let half = width >> 1;
    let made: Vec<Word> = lanes
        .into_iter()
        .map(|x| if signed { w.nearest_signed(x, half) } else { w.nearest_unsigned(x, half) })
        .collect();
    w.vector_of(&made)
}

/// Signed products of lanes, in twice their width.
pub(super) fn products(w: &mut Words, (a, b): (Word, Word), width: u8) -> Vec<Word> {
    let (a, b) = (w.lanes(a, width), w.lanes(b, width));
    a.into_iter().zip(b).map(|(x, y)| w.wide_product(true, x, y)).collect()
}

/// Sums of neighbours.
pub(super) fn pairs(w: &mut Words, lanes: &[Word]) -> Word {
    let sums: Vec<Word> = lanes
        .chunks(2)
        .filter_map(|pair| match pair {
            &[x, y] => Some(w.add(x, y)),
            _ => None,
        })
        .collect();
    w.vector_of(&sums)
}

/// Shifts: the count is taken modulo the width of the lanes.
fn shift(w: &mut Words, opcode: O, a: Word, count: Word) -> Option<Word> {
    let (op, width) = match opcode {
        O::I8x16Shl => (Head::Shl, 8),
        O::I16x8Shl => (Head::Shl, 16),
        O::I32x4Shl => (Head::Shl, 32),
        O::I64x2Shl => (Head::Shl, 64),
        O::I8x16ShrU => (Head::Shr, 8),
        O::I16x8ShrU => (Head::Shr, 16),
        O::I32x4ShrU => (Head::Shr, 32),
        O::I64x2ShrU => (Head::Shr, 64),
        O::I8x16ShrS => (Head::Sar, 8),
        O::I16x8ShrS => (Head::Sar, 16),
        O::I32x4ShrS => (Head::Sar, 32),
        O::I64x2ShrS if w.number(count).is_none() => return Some(steps::shift_signed(w, a, count)),
        O::I64x2ShrS => (Head::Sar, 64),
        _ => return None,
    };
    Some(w.each_lane(a, width, |w, x| w.lane_shift(op, x, count)))
}

/// Products of the extended lanes of one half.
fn widened(w: &mut Words, opcode: O, a: Word, b: Word) -> Option<Word> {
    let (width, high, signed) = match opcode {
        O::I16x8ExtMulLowI8x16S => (8, false, true),
        O::I16x8ExtMulHighI8x16S => (8, true, true),
        O::I16x8ExtMulLowI8x16U => (8, false, false),
        O::I16x8ExtMulHighI8x16U => (8, true, false),
        O::I32x4ExtMulLowI16x8S => (16, false, true),
        O::I32x4ExtMulHighI16x8S => (16, true, true),
        O::I32x4ExtMulLowI16x8U => (16, false, false),
        O::I32x4ExtMulHighI16x8U => (16, true, false),
        O::I64x2ExtMulLowI32x4S => (32, false, true),
        O::I64x2ExtMulHighI32x4S => (32, true, true),
        O::I64x2ExtMulLowI32x4U => (32, false, false),
        O::I64x2ExtMulHighI32x4U => (32, true, false),
        _ => return None,
    };
    let (a, b) = (half(w, a, high), half(w, b, high));
    let (a, b) = (w.lanes(a, width), w.lanes(b, width));
    let lanes: Vec<Word> =
        a.into_iter().zip(b).map(|(x, y)| w.wide_product(signed, x, y)).collect();
    Some(w.vector_of(&lanes))
}

fn half(w: &mut Words, a: Word, high: bool) -> Word {
    w.slice(a, if high { 64 } else { 0 }, 64)
}

fn unary(w: &mut Words, opcode: O, a: Word) -> Option<Word> {
    if let Some((width, high, signed)) = extension(opcode) {
        let part = half(w, a, high);
        let twice = width << 1;
        return Some(w.each_lane(part, width, |w, x| w.extended(signed, x, twice)));
    }
    Some(match opcode {
        O::V128Not => steps::complement(w, a),
        O::V128AnyTrue => {
            let any = w.nonzero(a);
            w.zext(any, 32)
        }
        O::I8x16AllTrue => all_true(w, a, 8),
        O::I16x8AllTrue => all_true(w, a, 16),
        O::I32x4AllTrue => all_true(w, a, 32),
        O::I64x2AllTrue => all_true(w, a, 64),
        O::I8x16Bitmask => bitmask(w, a, 8),
        // A lane has the sign of the lane saturated.
        O::I16x8Bitmask => {
            let narrow = narrowed(w, (a, a), 16, true);
            let low = w.slice(narrow, 0, 64);
            bitmask(w, low, 8)
        }
        O::I32x4Bitmask => bitmask(w, a, 32),
        O::I64x2Bitmask => bitmask(w, a, 64),
        O::I8x16Abs => w.each_lane(a, 8, Words::magnitude),
        O::I16x8Abs => w.each_lane(a, 16, Words::magnitude),
        O::I32x4Abs => w.each_lane(a, 32, Words::magnitude),
        O::I64x2Abs => steps::magnitude(w, a),
        O::I8x16Neg => w.each_lane(a, 8, Words::neg),
        O::I16x8Neg => w.each_lane(a, 16, Words::neg),
        O::I32x4Neg => w.each_lane(a, 32, Words::neg),
        O::I64x2Neg => w.each_lane(a, 64, Words::neg),
        O::I8x16Popcnt => steps::ones(w, a),
        O::I8x16Splat => {
            let lane = w.slice(a, 0, 8);
            w.splat(lane)
        }
        O::I16x8Splat => {
            let lane = w.slice(a, 0, 16);
            w.splat(lane)
        }
        O::I32x4Splat | O::I64x2Splat | O::F32x4Splat | O::F64x2Splat => w.splat(a),
        O::I16x8ExtAddPairwiseI8x16S => pairwise(w, a, 8, true),
        O::I16x8ExtAddPairwiseI8x16U => pairwise(w, a, 8, false),
        O::I32x4ExtAddPairwiseI16x8S => pairwise(w, a, 16, true),
        O::I32x4ExtAddPairwiseI16x8U => pairwise(w, a, 16, false),
        _ => return None,
    })
}

/// The width of the lanes that an operator extends, which half it takes, and whether with sign.
fn extension(opcode: O) -> Option<(u8, bool, bool)> {
    Some(match opcode {
        O::I16x8ExtendLowI8x16S => (8, false, true),
        O::I16x8ExtendHighI8x16S => (8, true, true),
        O::I16x8ExtendLowI8x16U => (8, false, false),
        O::I16x8ExtendHighI8x16U => (8, true, false),
        O::I32x4ExtendLowI16x8S => (16, false, true),
        O::I32x4ExtendHighI16x8S => (16, true, true),
        O::I32x4ExtendLowI16x8U => (16, false, false),
        O::I32x4ExtendHighI16x8U => (16, true, false),
        O::I64x2ExtendLowI32x4S => (32, false, true),
        O::I64x2ExtendHighI32x4S => (32, true, true),
        O::I64x2ExtendLowI32x4U => (32, false, false),
        O::I64x2ExtendHighI32x4U => (32, true, false),
        _ => return None,
    })
}

fn pairwise(w: &mut Words, a: Word, width: u8, signed: bool) -> Word {
    let lanes: Vec<Word> =
        w.lanes(a, width).into_iter().map(|x| w.extended(signed, x, width << 1)).collect();
    pairs(w, &lanes)
}

/// Whether no lane is 0: a vector of masks of those that are is 0.
fn all_true(w: &mut Words, a: Word, width: u8) -> Word {
    let zero = w.constant(128, 0);
    let zeros = w.lane_wise(Lane::Eq, width, a, zero);
    let none = w.zero(zeros);
    w.zext(none, 32)
}

/// The signs of the lanes.
fn bitmask(w: &mut Words, a: Word, width: u8) -> Word {
    let signs: Vec<Word> = w.lanes(a, width).into_iter().map(|x| w.sign(x)).collect();
    let word = w.vector_of(&signs);
    w.zext(word, 32)
}

/// Operators on floats.
fn float(w: &mut Words, opcode: O, a: Word) -> Option<Word> {
    let (prim, width) = match opcode {
        O::F32x4Ceil => (Prim::FloatCeil, 32),
        O::F32x4Floor => (Prim::FloatFloor, 32),
        O::F32x4Trunc => (Prim::FloatTrunc, 32),
        O::F32x4Nearest => (Prim::FloatNearest, 32),
        O::F32x4Sqrt => (Prim::FloatSqrt, 32),
        O::F64x2Ceil => (Prim::FloatCeil, 64),
        O::F64x2Floor => (Prim::FloatFloor, 64),
        O::F64x2Trunc => (Prim::FloatTrunc, 64),
        O::F64x2Nearest => (Prim::FloatNearest, 64),
        O::F64x2Sqrt => (Prim::FloatSqrt, 64),
        O::F32x4ConvertI32x4S => (Prim::FromSigned, 32),
        _ => return converted(w, opcode, a),
    };
    Some(w.each_lane(a, width, |w, x| w.prim(prim, width, &[x])))
}

fn converted(w: &mut Words, opcode: O, a: Word) -> Option<Word> {
    Some(match opcode {
        O::F32x4Abs => signless(w, a, 32),
        O::F64x2Abs => signless(w, a, 64),
        O::F32x4Neg => steps::negated(w, 32, a),
        O::F64x2Neg => steps::negated(w, 64, a),
        O::F64x2ConvertLowI32x4S => {
            let low = half(w, a, false);
            w.each_lane(low, 32, |w, x| w.prim(Prim::FromSigned, 64, &[x]))
        }
        O::F64x2PromoteLowF32x4 => {
            let low = half(w, a, false);
            w.each_lane(low, 32, |w, x| w.prim(Prim::Promote, 64, &[x]))
        }
        O::F32x4DemoteF64x2Zero => {
            let low = w.each_lane(a, 64, |w, x| w.prim(Prim::Demote, 32, &[x]));
            w.zext(low, 128)
        }
        O::F32x4ConvertI32x4U => steps::from_unsigned(w, a),
        O::F64x2ConvertLowI32x4U => steps::from_unsigned_low(w, a),
        O::I32x4TruncSatF32x4S | O::I32x4RelaxedTruncF32x4S => steps::to_signed(w, a),
        O::I32x4TruncSatF32x4U | O::I32x4RelaxedTruncF32x4U => steps::to_unsigned(w, a),
        O::I32x4TruncSatF64x2SZero | O::I32x4RelaxedTruncF64x2SZero => steps::to_signed_low(w, a),
        O::I32x4TruncSatF64x2UZero | O::I32x4RelaxedTruncF64x2UZero => steps::to_unsigned_low(w, a),
        _ => return None,
    })
}

/// All bits but the signs.
fn signless(w: &mut Words, a: Word, width: u8) -> Word {
    w.each_lane(a, width, |w, x| {
        let rest = w.slice(x, 0, width.saturating_sub(1));
        w.zext(rest, width)
    })
}

fn ternary(w: &mut Words, opcode: O, (a, b, c): (Word, Word, Word)) -> Option<Word> {
    let fused = |w: &mut Words, width: u8, a: Word| {
        let product = w.lane_wise(Lane::FloatMul, width, a, b);
        w.lane_wise(Lane::FloatAdd, width, product, c)
    };
    Some(match opcode {
        O::V128Bitselect
        | O::I8x16RelaxedLaneselect
        | O::I16x8RelaxedLaneselect
        | O::I32x4RelaxedLaneselect
        | O::I64x2RelaxedLaneselect => {
            let (with, not) = (w.and(a, c), steps::complement(w, c));
            let without = w.and(b, not);
            w.or(with, without)
        }
        // Two roundings.
        O::F32x4RelaxedMadd => fused(w, 32, a),
        O::F64x2RelaxedMadd => fused(w, 64, a),
        O::F32x4RelaxedNmadd => {
            let a = steps::negated(w, 32, a);
            fused(w, 32, a)
        }
        O::F64x2RelaxedNmadd => {
            let a = steps::negated(w, 64, a);
            fused(w, 64, a)
        }
        O::I32x4RelaxedDotI8x16I7x16AddS => {
            let dot = steps::relaxed_dot(w, a, b);
            let sums = pairwise(w, dot, 16, true);
            w.lane_wise(Lane::Add, 32, sums, c)
        }
        _ => return None,
    })
}
