//! Two terms on numbers.

use crate::integers::{mask, meaning};
use crate::text::Term;
use prova_equal::words::Head;
use prova_random::Rng;
use std::collections::BTreeMap;

/// Assignments that are tried.
const TRIES: usize = 4_000;

/// The value of a term; nothing for operators of floats, and by 0.
fn value(term: &Term, leaves: &BTreeMap<u128, u128>) -> Option<u128> {
    match term.op {
        Head::Const => return Some(term.n),
        Head::Value => return Some(leaves[&term.n] & mask(term.bits)),
        _ => {}
    }
    let args: Option<Vec<(u128, u8)>> =
        term.args.iter().map(|arg| Some((value(arg, leaves)?, arg.bits))).collect();
    meaning(term.op, (term.bits, term.n), &args?)
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
