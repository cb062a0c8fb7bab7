//! Values that have one number, and values that have different ones.

use crate::hash::Key;
use crate::table::{Node, Table};
use crate::{Prim, Term, Terms, Vn};

fn pure(t: &mut Terms, prim: Prim, args: &[Vn]) -> Vn {
    let vn = t.operator(prim, args);
    assert_eq!(t.pure_again(prim, args), vn, "both sides build one term");
    vn
}

#[test]
fn an_operator_is_its_place_in_the_list() {
    for (i, prim) in Prim::ALL.iter().enumerate() {
        assert_eq!(*prim as usize, i, "{prim:?}");
    }
}

#[test]
fn equal_terms_have_one_number() {
    let mut t = Terms::new();
    let (a, b) = (Vn::param(0), Vn::param(1));
    for i in 0..200 {
        let i = t.constant(i << 56);
        pure(&mut t, Prim::i64_add, &[a, i]);
    }
    assert_eq!(pure(&mut t, Prim::i32_add, &[a, b]), pure(&mut t, Prim::i32_add, &[b, a]));
    assert_ne!(pure(&mut t, Prim::i32_sub, &[a, b]), pure(&mut t, Prim::i32_sub, &[b, a]));
    assert_eq!(pure(&mut t, Prim::f64_gt, &[a, b]), pure(&mut t, Prim::f64_lt, &[b, a]));
    assert_ne!(pure(&mut t, Prim::f64_add, &[a, b]), pure(&mut t, Prim::f64_add, &[b, a]));
    let (five, minus) = (t.constant(5), t.constant(u64::from(-5i32 as u32)));
    assert_eq!(pure(&mut t, Prim::i32_sub, &[a, five]), pure(&mut t, Prim::i32_add, &[a, minus]));
    let (one, minus) = (t.constant(1), t.constant(u64::MAX));
    assert_eq!(pure(&mut t, Prim::i64_sub, &[a, one]), pure(&mut t, Prim::i64_add, &[minus, a]));
    for bits in [0, 7, u64::from(u32::MAX), 1 << 60, 1 << 61, u64::MAX] {
        let vn = t.constant(bits);
        assert_eq!((vn, t.as_const(vn)), (t.constant(bits), Some(bits)));
        assert_eq!(t.term(vn), Term::Const(bits));
    }
    let (wide, other) = (t.constant128(1 << 64), t.constant128(1));
    assert_ne!(wide, other);
    assert_eq!(t.term(wide), Term::Const128(1 << 64));
}

#[test]
fn terms_without_node_are_told_apart() {
    let t = Terms::new();
    let all = [
        (Vn::UNDEF, Term::Undef),
        (Vn::index(3), Term::Const(3)),
        (Vn::param(3), Term::Param(3)),
        (Vn::phi(3, 1), Term::Phi(3, 1)),
        (Vn::phi(1, 3), Term::Phi(1, 3)),
        (
            Vn::phi(u32::MAX, (1 << crate::number::HALF) - 1),
            Term::Phi(u32::MAX, (1 << crate::number::HALF) - 1),
        ),
        (Vn::effect(3, 1), Term::Effect(3, 1)),
        (Vn::effect(1, 3), Term::Effect(1, 3)),
    ];
    for (vn, term) in all {
        assert_eq!(t.term(vn), term);
        assert_eq!(all.iter().filter(|(other, _)| *other == vn).count(), 1);
    }
}

#[test]
fn terms_with_a_node_say_what_they_are_of() {
    let mut t = Terms::new();
    let [a, b, c] = [0, 2, 4].map(Vn::param);
    let (join, select, null) = (t.join(a, b), t.select(a, b, c), t.is_null(a));
    assert_eq!(t.term(join), Term::Join(a, b));
    assert_eq!(t.term(select), Term::Select(a, b, c));
    assert_eq!(t.term(null), Term::IsNull(a));
}

#[test]
fn four_operands_are_all_compared() {
    let mut t = Terms::new();
    let [a, b, c, d] = [0, 1, 2, 3].map(Vn::param);
    let sum = pure(&mut t, Prim::i64_add128, &[a, b, c, d]);
    assert_eq!(t.term(sum), Term::Pure(Prim::i64_add128, [a, b, c, d]));
    assert_ne!(pure(&mut t, Prim::i64_add128, &[a, b, d, c]), sum);
    let (high, other) = (t.second(sum), pure(&mut t, Prim::i64_sub128, &[a, b, c, d]));
    assert_ne!(t.second(other), high);
}

#[test]
fn a_table_is_used_again() {
    let mut t = Terms::new();
    let (a, b) = (Vn::param(0), Vn::param(1));
    for _ in 0..2 {
        let sum = pure(&mut t, Prim::i32_add, &[a, b]);
        assert_eq!(t.term(sum), Term::Pure(Prim::i32_add, [a, b, Vn::UNDEF, Vn::UNDEF]));
        (0..500).for_each(|i| _ = pure(&mut t, Prim::i32_shl, &[a, Vn::index(i)]));
        assert_eq!(pure(&mut t, Prim::i32_add, &[b, a]), sum);
        t.reset(100);
        assert_ne!(pure(&mut t, Prim::i32_sub, &[a, b]), pure(&mut t, Prim::i32_add, &[a, b]));
        t.reset(1000);
    }
}

#[test]
fn halves_of_a_vector_join_again() {
    let mut t = Terms::new();
    let (a, b) = (Vn::param(0), Vn::param(2));
    let (high_a, high_b) = (t.high(a), t.high(b));
    assert_eq!(t.join(a, high_a), a);
    assert_ne!(t.join(a, high_b), a);
    let bits = t.constant128(1 << 64);
    let high = t.high(bits);
    assert_eq!(t.join(bits, high), bits);
    assert_ne!(t.join(bits, high_a), bits);
}

#[test]
fn conditions_are_negated_where_that_is_exact() {
    let mut t = Terms::new();
    let (a, b) = (Vn::param(0), Vn::param(1));
    let lt = pure(&mut t, Prim::i32_lt_s, &[a, b]);
    let ge = pure(&mut t, Prim::i32_ge_s, &[a, b]);
    let not_lt = pure(&mut t, Prim::i32_eqz, &[lt]);
    assert_eq!(t.truth(ge), t.truth(not_lt));
    assert_eq!(t.truth(lt).0, t.truth(ge).0);
    assert_ne!(t.truth(lt).1, t.truth(ge).1);
    let float_lt = pure(&mut t, Prim::f32_lt, &[a, b]);
    let float_ge = pure(&mut t, Prim::f32_ge, &[a, b]);
    assert_ne!(t.truth(float_lt).0, t.truth(float_ge).0);
    let float_eq = pure(&mut t, Prim::f32_eq, &[a, b]);
    let float_ne = pure(&mut t, Prim::f32_ne, &[a, b]);
    assert_eq!(t.truth(float_ne), (t.truth(float_eq).0, !t.truth(float_eq).1));
    let negations = [
        (Prim::i32_ne, Prim::i32_eq, [a, b]),
        (Prim::i64_ne, Prim::i64_eq, [a, b]),
        (Prim::f64_ne, Prim::f64_eq, [a, b]),
        (Prim::i32_le_u, Prim::i32_lt_u, [b, a]),
        (Prim::i64_le_s, Prim::i64_lt_s, [b, a]),
        (Prim::i64_le_u, Prim::i64_lt_u, [b, a]),
    ];
    for (negated, prim, args) in negations {
        let (negated, vn) = (pure(&mut t, negated, &[a, b]), pure(&mut t, prim, &args));
        assert_eq!(t.truth(negated), (vn, false), "{prim:?}");
    }
    let (zero, one) = (t.constant(0), t.constant(1));
    let not_a = pure(&mut t, Prim::i32_eq, &[a, zero]);
    assert_eq!(t.truth(not_a), (a, false));
    let wide_zero = pure(&mut t, Prim::i64_eq, &[a, zero]);
    assert_eq!(t.truth(wide_zero), (wide_zero, true), "an i64 is no condition");
    for extends in [Prim::i64_extend_i32_u, Prim::i64_extend_i32_s] {
        let extended = pure(&mut t, extends, &[a]);
        let is_zero = pure(&mut t, Prim::i64_eq, &[zero, extended]);
        let is_not = pure(&mut t, Prim::i64_ne, &[extended, zero]);
        assert_eq!([t.truth(is_zero), t.truth(is_not)], [(a, false), (a, true)]);
        let is_one = pure(&mut t, Prim::i64_eq, &[extended, one]);
        assert_eq!(t.truth(is_one), (is_one, true), "1 is no extension's zero");
    }
    let is_one = pure(&mut t, Prim::i32_eq, &[a, one]);
    assert_eq!(t.truth(is_one), (is_one, true));
}

#[test]
fn a_wrong_number_of_operands_equals_nothing() {
    let mut t = Terms::new();
    let [a, b, c] = [0, 1, 2].map(Vn::param);
    for args in [&[][..], &[a], &[a, b, c], &[a, b, c, a, b]] {
        let (one, other) = (t.operator(Prim::i32_add, args), t.operator(Prim::i32_add, args));
        assert_ne!(one, other);
        assert_eq!(t.term(one), Term::Opaque);
    }
    let opaque = t.opaque();
    assert_ne!(opaque, t.opaque());
}

#[test]
fn a_value_is_its_bits() {
    let mut t = Terms::new();
    let a = Vn::param(0);
    for prim in Prim::ALL.iter().copied().filter(|prim| prim.keeps_bits()) {
        assert_eq!(pure(&mut t, prim, &[a]), a, "{prim:?}");
    }
    assert!(Prim::f32_reinterpret_i32.keeps_bits() && Prim::v128_store.keeps_bits());
    assert_ne!(pure(&mut t, Prim::i64_load32_u, &[a]), a);
    assert_ne!(pure(&mut t, Prim::i64_extend_i32_u, &[a]), a);
}

/// A content of another user: leaves, which have no content, and sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Leaf,
    Sum(u32, u32),
}

impl Node for Content {
    /// Most contents share a hash.
    fn hash(&self, _key: Key) -> u64 {
        match *self {
            Content::Leaf => 0,
            Content::Sum(a, _) => u64::from(a % 7),
        }
    }

    fn is_leaf(&self) -> bool {
        *self == Content::Leaf
    }
}

#[test]
fn a_table_tells_contents_apart_and_never_leaves() {
    for room in [0, 1000] {
        let mut table = Table::with_room(room);
        for _ in 0..2 {
            let all = |table: &mut Table<Content>, again: bool| -> Vec<usize> {
                let sums = (0..900).map(|i| Content::Sum(i / 3, i % 3));
                let each = |sum| if again { table.intern_again(sum) } else { table.intern(sum) };
                sums.map(each).collect()
            };
            assert_eq!((table.intern(Content::Leaf), table.intern(Content::Leaf)), (0, 1));
            let first = all(&mut table, false);
            assert_eq!(first, (2..902).collect::<Vec<_>>());
            assert_eq!((all(&mut table, false), all(&mut table, true)), (first.clone(), first));
            assert_eq!(
                (table.intern(Content::Leaf), table.intern_again(Content::Leaf)),
                (902, 903)
            );
            assert_eq!(table.intern_again(Content::Sum(1, 1)), 2 + 4);
            assert_eq!((table.count(), table.get(904)), (904, None));
            assert_eq!(table.get(6), Some(&Content::Sum(1, 1)));
            assert!(table.bytes() >= 904 * size_of::<Content>() + 2 * 904 * size_of::<u32>());
            table.reset(room);
            assert_eq!((table.count(), table.get(0)), (0, None));
        }
    }
}

/// A table that is used for one function after the other grows with the largest, not with all.
#[test]
fn terms_that_were_reset_begin_anew() {
    let mut terms = Terms::new();
    let first: Vec<Vn> = (0..900).map(|i| terms.constant128(i << 64)).collect();
    let bytes = terms.bytes();
    assert!(bytes > 900 * 16, "{bytes}");
    for _ in 0..3 {
        terms.reset(900);
        let again: Vec<Vn> = (900..1800).map(|i| terms.constant128(i << 64)).collect();
        assert_eq!((again, terms.bytes()), (first.clone(), bytes));
    }
}

/// Where the second side guesses right, the guess is a leaf.
#[test]
fn no_guess_finds_a_leaf() {
    let mut table = Table::default();
    let sum = table.intern_again(Content::Sum(0, 0));
    table.intern(Content::Leaf);
    assert_eq!(table.intern_again(Content::Sum(0, 0)), sum);
    assert_eq!(table.intern_again(Content::Leaf), 2);
}
