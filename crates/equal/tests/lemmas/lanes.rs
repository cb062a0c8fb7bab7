//! Operators on lanes and on words that are lists of parts: as they say, and by the constructors.
//!
//! What is said is written without the crate: saturation by the carry and the sign of a sum of the
//! same width, an average in twice the width, a rounded product by one sum and one shift.

use crate::text::{Term, constant, mask, node};
use prova_equal::words::{Head, Lane, Prim, Word, Words};

const LANES: [(&str, Lane); 30] = [
    ("ladd", Lane::Add),
    ("lsub", Lane::Sub),
    ("lmul", Lane::Mul),
    ("lhighs", Lane::HighS),
    ("lhighu", Lane::HighU),
    ("lhighr", Lane::HighRounded),
    ("llows", Lane::LowHalvesS),
    ("llowu", Lane::LowHalvesU),
    ("laddsats", Lane::AddSatS),
    ("laddsatu", Lane::AddSatU),
    ("lsubsats", Lane::SubSatS),
    ("lsubsatu", Lane::SubSatU),
    ("lmins", Lane::MinS),
    ("lminu", Lane::MinU),
    ("lmaxs", Lane::MaxS),
    ("lmaxu", Lane::MaxU),
    ("lavg", Lane::Average),
    ("leq", Lane::Eq),
    ("lgts", Lane::GtS),
    ("lgtu", Lane::GtU),
    ("lfeq", Lane::FloatEq),
    ("lflt", Lane::FloatLt),
    ("lfle", Lane::FloatLe),
    ("lfnan", Lane::FloatNan),
    ("lfadd", Lane::FloatAdd),
    ("lfsub", Lane::FloatSub),
    ("lfmul", Lane::FloatMul),
    ("lfdiv", Lane::FloatDiv),
    ("lflesser", Lane::FloatLesser),
    ("lfgreater", Lane::FloatGreater),
];

fn named(head: &str) -> Option<Lane> {
    LANES.iter().find(|(name, _)| *name == head).map(|&(_, lane)| lane)
}

/// By the constructors; nothing for another operator.
pub(crate) fn construct(
    w: &mut Words,
    head: &str,
    numbers: &[u128],
    args: &[Word],
) -> Option<Word> {
    if let Some(lane) = named(head) {
        let &[a, b] = args else { panic!("two operands") };
        return Some(match numbers {
            &[width] => w.lane_wise(lane, width as u8, a, b),
            _ => w.lane(lane, a, b),
        });
    }
    Some(match (head, numbers, args) {
        ("swap", [], &[a]) => w.swapped(a),
        ("abs", [], &[a]) => w.magnitude(a),
        ("nearests", &[bits], &[a]) => w.nearest_signed(a, bits as u8),
        ("nearestu", &[bits], &[a]) => w.nearest_unsigned(a, bits as u8),
        ("wides", [], &[a, b]) => w.wide_product(true, a, b),
        ("wideu", [], &[a, b]) => w.wide_product(false, a, b),
        ("shiftl", &[n], &[a]) => w.shifted_left(a, n as u8),
        ("lshl", [], &[a, b]) => w.lane_shift(Head::Shl, a, b),
        ("lshr", [], &[a, b]) => w.lane_shift(Head::Shr, a, b),
        ("lsar", [], &[a, b]) => w.lane_shift(Head::Sar, a, b),
        ("byteat", [], &[a, b]) => w.byte_at(a, b),
        ("bytesby", [], &[a, b]) => w.bytes_by(a, b),
        ("blend", &[width], &[a, b, c]) => w.blend((a, b), c, width as u8),
        ("splat", [], &[a]) => w.splat(a),
        _ => return None,
    })
}

fn add(a: &Term, b: &Term) -> Term {
    node(Head::Sum, a.bits, 1, vec![a.clone(), b.clone()])
}

fn sub(a: &Term, b: &Term) -> Term {
    node(Head::Sum, a.bits, mask(a.bits), vec![b.clone(), a.clone()])
}

fn both(op: Head, a: &Term, b: &Term) -> Term {
    node(op, a.bits, 0, vec![a.clone(), b.clone()])
}

fn holds(op: Head, a: &Term, b: &Term) -> Term {
    node(op, 1, 0, vec![a.clone(), b.clone()])
}

fn ite(c: Term, a: Term, b: Term) -> Term {
    node(Head::Ite, a.bits, 0, vec![c, a, b])
}

fn slice(a: &Term, lo: u8, bits: u8) -> Term {
    node(Head::Slice, bits, lo.into(), vec![a.clone()])
}

fn wide(signed: bool, a: &Term, bits: u8) -> Term {
    node(if signed { Head::Sext } else { Head::Zext }, bits, 0, vec![a.clone()])
}

fn product(signed: bool, a: &Term, b: &Term) -> Term {
    let bits = 2 * a.bits;
    both(Head::Mul, &wide(signed, a, bits), &wide(signed, b, bits))
}

fn sign(a: &Term) -> Term {
    slice(a, a.bits - 1, 1)
}

fn prim(prim: Prim, bits: u8, a: &Term, b: &Term) -> Term {
    node(Head::Prim, bits, prim as u128, vec![a.clone(), b.clone()])
}

/// The words of a list, the lowest first, as one.
fn stack(parts: Vec<Term>) -> Term {
    let mut parts = parts.into_iter();
    let first = parts.next().expect("a part");
    parts.fold(first, |low, high| node(Head::Cat, low.bits + high.bits, 0, vec![high, low]))
}

fn lanes(a: &Term, width: u8) -> Vec<Term> {
    (0..a.bits / width).map(|i| slice(a, i * width, width)).collect()
}

/// A shift by a count of log₂ w bits.
fn shift(op: Head, a: &Term, count: Term) -> Term {
    node(op, a.bits, 0, vec![a.clone(), count])
}

/// A sum or difference that saturates.
fn saturated(lane: Lane, a: &Term, b: &Term) -> Term {
    let bits = a.bits;
    let adds = matches!(lane, Lane::AddSatS | Lane::AddSatU);
    let made = if adds { add(a, b) } else { sub(a, b) };
    let limit = |n: u128| constant(bits, n);
    if matches!(lane, Lane::AddSatU | Lane::SubSatU) {
        let carries = if adds { holds(Head::Ult, &made, a) } else { holds(Head::Ult, a, b) };
        return ite(carries, limit(if adds { u128::MAX } else { 0 }), made);
    }
    // The sum of two words of one sign has another one, the difference of two of two signs has the
    // second one's.
    let (apart, turned) = (both(Head::Xor, a, b), both(Head::Xor, a, &made));
    let apart = if adds { sub(&limit(u128::MAX), &apart) } else { apart };
    let beyond = sign(&both(Head::And, &apart, &turned));
    let most = mask(bits) >> 1;
    ite(beyond, ite(sign(a), limit(!most), limit(most)), made)
}

fn lane(lane: Lane, a: &Term, b: &Term) -> Term {
    let bits = a.bits;
    let all = |condition: Term| wide(true, &condition, bits);
    let float = |of: Prim| prim(of, bits, a, b);
    match lane {
        Lane::Add => add(a, b),
        Lane::Sub => sub(a, b),
        Lane::Mul => both(Head::Mul, a, b),
        Lane::HighS | Lane::HighU => slice(&product(lane == Lane::HighS, a, b), bits, bits),
        Lane::HighRounded => {
            let rounded = add(&product(true, a, b), &constant(32, 0x4000));
            slice(&shift(Head::Sar, &rounded, constant(5, 15)), 0, 16)
        }
        Lane::LowHalvesS | Lane::LowHalvesU => {
            let (a, b) = (slice(a, 0, bits / 2), slice(b, 0, bits / 2));
            product(lane == Lane::LowHalvesS, &a, &b)
        }
        Lane::AddSatS | Lane::AddSatU | Lane::SubSatS | Lane::SubSatU => saturated(lane, a, b),
        Lane::MinS => ite(holds(Head::Slt, a, b), a.clone(), b.clone()),
        Lane::MinU => ite(holds(Head::Ult, a, b), a.clone(), b.clone()),
        Lane::MaxS => ite(holds(Head::Slt, a, b), b.clone(), a.clone()),
        Lane::MaxU => ite(holds(Head::Ult, a, b), b.clone(), a.clone()),
        Lane::Average => {
            let sum = add(&wide(false, a, 2 * bits), &wide(false, b, 2 * bits));
            slice(&add(&sum, &constant(2 * bits, 1)), 1, bits)
        }
        Lane::Eq => all(node(Head::Zero, 1, 0, vec![both(Head::Xor, a, b)])),
        Lane::GtS => all(holds(Head::Slt, b, a)),
        Lane::GtU => all(holds(Head::Ult, b, a)),
        Lane::FloatEq => all(prim(Prim::FloatEq, 1, a, b)),
        Lane::FloatLt => all(prim(Prim::FloatLt, 1, a, b)),
        Lane::FloatLe => all(prim(Prim::FloatLe, 1, a, b)),
        Lane::FloatNan => all(prim(Prim::FloatNan, 1, a, b)),
        Lane::FloatAdd => float(Prim::FloatAdd),
        Lane::FloatSub => float(Prim::FloatSub),
        Lane::FloatMul => float(Prim::FloatMul),
        Lane::FloatDiv => float(Prim::FloatDiv),
        Lane::FloatLesser => ite(prim(Prim::FloatLt, 1, a, b), a.clone(), b.clone()),
        Lane::FloatGreater => ite(prim(Prim::FloatLt, 1, b, a), a.clone(), b.clone()),
    }
}

/// The nearest number of a width to a signed word.
fn nearest(signed: bool, s: &Term, bits: u8) -> Term {
    let (wide, most) = (s.bits, if signed { mask(bits) >> 1 } else { mask(bits) });
    let least = if signed { !most } else { 0 };
    let below = holds(Head::Slt, s, &constant(wide, least));
    let above = holds(Head::Slt, &constant(wide, most), s);
    ite(below, constant(bits, least), ite(above, constant(bits, most), slice(s, 0, bits)))
}

/// The byte of a vector that a number of four bits says.
fn byte(vector: &Term, number: &Term) -> Term {
    let count = node(Head::Cat, 7, 0, vec![number.clone(), constant(3, 0)]);
    slice(&shift(Head::Shr, vector, count), 0, 8)
}

/// As the operators say; nothing for another operator.
pub(crate) fn meaning(head: &str, numbers: &[u128], args: &[Term]) -> Option<Term> {
    let width = numbers.first().map(|&n| n as u8);
    if let (Some(of), [a, b]) = (named(head), args) {
        return Some(match width {
            Some(width) => {
                let pairs = lanes(a, width).into_iter().zip(lanes(b, width));
                stack(pairs.map(|(a, b)| lane(of, &a, &b)).collect())
            }
            None => lane(of, a, b),
        });
    }
    Some(match (head, width, args) {
        ("swap", None, [a]) => stack(lanes(a, 8).into_iter().rev().collect()),
        ("abs", None, [a]) => {
            let zero = constant(a.bits, 0);
            ite(holds(Head::Slt, a, &zero), sub(&zero, a), a.clone())
        }
        ("nearests", Some(bits), [a]) => nearest(true, a, bits),
        ("nearestu", Some(bits), [a]) => nearest(false, a, bits),
        ("wides", None, [a, b]) => product(true, a, b),
        ("wideu", None, [a, b]) => product(false, a, b),
        ("shiftl", Some(n), [a]) => {
            node(Head::Sum, a.bits, 1 << n, vec![a.clone(), constant(a.bits, 0)])
        }
        ("lshl" | "lshr" | "lsar", None, [a, b]) => {
            let op = [("lshl", Head::Shl), ("lshr", Head::Shr), ("lsar", Head::Sar)];
            let (_, op) = op.into_iter().find(|(name, _)| *name == head)?;
            let log = a.bits.trailing_zeros() as u8;
            let count = if b.bits > log { slice(b, 0, log) } else { b.clone() };
            shift(op, a, count)
        }
        ("byteat", None, [a, b]) => byte(a, b),
        ("bytesby", None, [a, b]) => {
            let one = |n: &Term| ite(sign(n), constant(8, 0), byte(a, &slice(n, 0, 4)));
            stack(lanes(b, 8).iter().map(one).collect())
        }
        ("blend", Some(width), [a, b, c]) => {
            let all = [lanes(a, width), lanes(b, width), lanes(c, width)];
            let [a, b, c] = all.map(Vec::into_iter);
            stack(a.zip(b).zip(c).map(|((a, b), c)| ite(sign(&c), b, a)).collect())
        }
        ("splat", None, [a]) => stack(vec![a.clone(); usize::from(128 / a.bits)]),
        _ => return None,
    })
}
