//! Lookups count the facts that they walk; beyond the allowance their answer is *not known*.

use super::{Fact, Facts, Node, Path, WALK_MAX};
use crate::symbols::{Def, Symbols};
use crate::value::Sym;

/// A path with `count` facts of one symbol; the oldest one alone states that it is at most 7.
fn path(count: usize) -> (Facts, Symbols, Path, Sym) {
    let (mut facts, mut symbols) = (Facts::default(), Symbols::new(0));
    let sym = symbols.fresh(Def::ANY);
    let mut path = Path::default();
    for i in 0..count {
        let d = if i == 0 { -7 } else { -1_000 };
        let fact = Fact::Le { a: sym, shift: 0, d, b: Node::Sym(Sym::ZERO) };
        path = facts.push(path, &symbols, fact);
    }
    (facts, symbols, path, sym)
}

#[test]
fn lookups_walk_what_is_allowed() {
    let (facts, symbols, path, sym) = path(1_000);
    assert_eq!(facts.len(), 1_000);
    assert_eq!(facts.bounds(path, &symbols, sym), (0, 7));
    assert!(facts.has_walked());
    assert!(facts.walked() >= 1_000);
    assert!(!facts.has_walked());
    // One edge may have any number of claims; the facts that all of them walk are bounded.
    facts.allow(2_500);
    for _ in 0..2 {
        assert_eq!(facts.bounds(path, &symbols, sym), (0, 7));
    }
    for _ in 0..100 {
        let (_, most) = facts.bounds(path, &symbols, sym);
        assert!(most >= 1_000, "{most}");
    }
    let walked = facts.walked();
    assert!((2_500..2_600).contains(&walked), "{walked}");
    // `walked` starts the count again.
    facts.allow(2_500);
    assert_eq!(facts.bounds(path, &symbols, sym), (0, 7));
    // Other counted work uses up the allowance too.
    facts.count(2_500);
    assert_eq!(facts.bounds(path, &symbols, sym), (0, u64::MAX));
}

#[test]
fn one_lookup_walks_so_far() {
    let (facts, symbols, long, sym) = path(WALK_MAX);
    assert_eq!(facts.bounds(long, &symbols, sym), (0, 7));
    let (facts, symbols, longer, sym) = path(WALK_MAX + 1);
    assert_eq!(facts.bounds(longer, &symbols, sym), (0, 1_000));
    // The oldest fact lies beyond the walk.
    assert!(facts.walked() <= WALK_MAX as u64 + 1);
}
