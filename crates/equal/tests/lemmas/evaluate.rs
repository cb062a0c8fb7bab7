//! Two terms on numbers.

use crate::text::Term;
use prova_equal::words::{Head, Prim};
use prova_random::Rng;
use std::collections::BTreeMap;

/// Assignments that are tried.
const TRIES: usize = 4_000;

fn mask(bits: u8) -> u128 {
    u128::MAX >> (128 - u32::from(bits))
}

fn signed(n: u128, bits: u8) -> i128 {
    let shift = 128 - u32::from(bits);
    (n << shift) as i128 >> shift
}

/// The value of a term; nothing for operators of floats.
fn value(term: &Term, leaves: &BTreeMap<u128, u128>) -> Option<u128> {
    let args: Option<Vec<u128>> = term.args.iter().map(|arg| value(arg, leaves)).collect();
    let args = args?;
    let of = |i: usize| term.args[i].bits;
    let rotated = |a: u128, by: u128| match by {
        0 => a,
        by => a << by | a >> (u128::from(term.bits) - by),
    };
    let made = match (term.op, args.as_slice()) {
        (Head::Const, []) => term.n,
        (Head::Value, []) => leaves[&term.n],
        (Head::Sum, &[a, b]) => term.n.wrapping_mul(a).wrapping_add(b),
        (Head::Mul, &[a, b]) => a.wrapping_mul(b),
        (Head::And, &[a, b]) => a & b,
        (Head::Or, &[a, b]) => a | b,
        (Head::Xor, &[a, b]) => a ^ b,
        (Head::Shl, &[a, b]) => a << b,
        (Head::Shr, &[a, b]) => a >> b,
        (Head::Sar, &[a, b]) => (signed(a, of(0)) >> b) as u128,
        (Head::Rotl, &[a, b]) => rotated(a, b),
        (Head::Slice, &[a]) => a >> term.n,
        (Head::Zext, &[a]) => a,
        (Head::Sext, &[a]) => signed(a, of(0)) as u128,
        (Head::Cat, &[a, b]) => a << of(1) | b,
        (Head::Ite, &[c, a, b]) => [b, a][c as usize],
        (Head::Zero, &[a]) => u128::from(a == 0),
        (Head::Ult, &[a, b]) => u128::from(a < b),
        (Head::Slt, &[a, b]) => u128::from(signed(a, of(0)) < signed(b, of(1))),
        (Head::Prim, &[a, b]) => return divided(term, a, b),
        _ => return None,
    };
    Some(made & mask(term.bits))
}

/// Quotients and upper halves; nothing by 0.
fn divided(term: &Term, a: u128, b: u128) -> Option<u128> {
    let (x, y) = (signed(a, term.bits), signed(b, term.bits));
    let is = |prim: Prim| term.n == prim as u128;
    let made = match () {
        () if is(Prim::HighU) => a.wrapping_mul(b) >> term.bits,
        () if is(Prim::HighS) => (x.wrapping_mul(y) >> term.bits) as u128,
        () if b == 0 => return None,
        () if is(Prim::DivU) => a / b,
        () if is(Prim::RemU) => a % b,
        () if is(Prim::DivS) => (x / y) as u128,
        () if is(Prim::RemS) => (x % y) as u128,
        () => return None,
    };
    Some(made & mask(term.bits))
}

fn leaves_of(term: &Term, leaves: &mut BTreeMap<u128, u8>) {
    if term.op == Head::Value {
        leaves.insert(term.n, term.bits);
    }
    term.args.iter().for_each(|arg| leaves_of(arg, leaves));
}

/// A number that may be an edge.
fn number(rng: &mut Rng, bits: u8) -> u128 {
    let any = u128::from(rng.bits()) << 64 | u128::from(rng.bits());
    let shift = rng.below(bits.into()) as u32;
    let n = match rng.below(5) {
        0 => rng.below(40) as u128,
        1 => mask(bits).wrapping_sub(rng.below(40) as u128),
        2 => (1_u128 << shift).wrapping_add(rng.below(3) as u128).wrapping_sub(1),
        3 => any >> shift,
        _ => any,
    };
    n & mask(bits)
}

/// How often two terms differ where conditions hold; nothing if they have no numbers,
/// as memories have none.
pub(crate) fn differ(known: &[Term], a: &Term, b: &Term) -> Option<usize> {
    let mut leaves = BTreeMap::new();
    for term in known.iter().chain([a, b]) {
        leaves_of(term, &mut leaves);
    }
    if leaves.values().any(|bits| *bits == 0) {
        return None;
    }
    let mut rng = Rng::new(1);
    let (mut tried, mut found) = (0, 0);
    for _ in 0..TRIES {
        let values = leaves.iter().map(|(&leaf, &bits)| (leaf, number(&mut rng, bits))).collect();
        if known.iter().any(|condition| value(condition, &values) != Some(1)) {
            continue;
        }
        let (Some(a), Some(b)) = (value(a, &values), value(b, &values)) else { continue };
        tried += 1;
        found += usize::from(a != b);
    }
    (tried > 0).then_some(found)
}
