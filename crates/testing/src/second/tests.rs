//! The cases that the second opinion knows by name and by rule, each with a twin that it must tell
//! apart.

use super::numeric::name;
use super::rows::{access_bytes, named};
use super::terms::{Num, Term, Terms};
use super::{Refusal, check};
use crate::generate::module_of;
use prova_bytecode::{Candidate, Metering, Rule, Settings};
use prova_module::{Operator, for_each_operator};
use prova_translate::Translator;

#[test]
fn a_name_says_how_many_bytes_are_accessed() {
    for (name, bytes) in [
        ("i32.load", 4),
        ("f64_load", 8),
        ("i64.load32_u", 4),
        ("v128.load8x8_s", 8),
        ("v128_load16_splat", 2),
        ("v128.load32_zero", 4),
        ("v128.store64_lane", 8),
        ("v128.store_far", 16),
        ("i64.store8_far", 1),
        ("i32.atomic.rmw.add", 4),
        ("i64_atomic_rmw16_cmpxchg_u", 2),
    ] {
        assert_eq!(access_bytes(name), bytes, "{name}");
    }
}

macro_rules! visited {
    ($( @$proposal:ident $op:ident $({ $($arg:ident : $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        &[$((stringify!($proposal), stringify!($visit))),*]
    };
}
const VISITED: &[(&str, &str)] = for_each_operator!(visited);

/// An operator of vectors that computes and has no immediate is found by its name; a name that is
/// not there would be refused as unknown, in honest code, too.
#[test]
fn vector_operators_are_found_by_their_names() {
    let immediates = ["load", "store", "const"];
    let vectors = VISITED.iter().filter(|(proposal, _)| proposal.contains("simd"));
    let names = vectors.map(|(_, visit)| visit.trim_start_matches("visit_"));
    let names: Vec<&str> =
        names.filter(|name| !immediates.iter().any(|i| name.contains(i))).collect();
    assert!(names.len() > 200, "{}", names.len());
    for name in names {
        assert!(named(name).is_some(), "{name}");
    }
    assert_eq!(name(&Operator::I32Add), "i32_add");
    assert_eq!(name(&Operator::I32Const { value: 1 }), "i32_const");
    assert_eq!(named("i32_adds"), None);
}

#[test]
fn terms_have_one_form() {
    let mut t = Terms::new(None);
    let [a, b] = [0, 2].map(|cell| t.of(Term::Param(cell)));
    let [five, minus] = [5, u64::from(-5i32 as u32)].map(|bits| t.constant(bits));
    let zero = t.constant(0);
    for (same, num, args, other, others) in [
        (true, Num::i32_add, vec![a, b], Num::i32_add, vec![b, a]),
        (false, Num::i32_sub, vec![a, b], Num::i32_sub, vec![b, a]),
        (false, Num::f32_add, vec![a, b], Num::f32_add, vec![b, a]),
        (true, Num::f64_gt, vec![a, b], Num::f64_lt, vec![b, a]),
        (false, Num::f64_gt, vec![a, b], Num::f64_ge, vec![a, b]),
        (true, Num::i32_sub, vec![a, five], Num::i32_add, vec![minus, a]),
        (false, Num::i64_sub, vec![a, five], Num::i64_add, vec![minus, a]),
        (true, Num::i64_eqz, vec![a], Num::i64_eq, vec![zero, a]),
        (false, Num::i64_eqz, vec![a], Num::i32_eqz, vec![a]),
    ] {
        assert_eq!(t.num(num, &args) == t.num(other, &others), same, "{num:?} {other:?}");
    }
    let (high_a, high_b) = (t.high(a), t.high(b));
    assert_eq!((t.cells(a, high_a), t.get(high_a)), (a, &Term::Param(1)));
    assert_ne!(t.cells(a, high_b), a);
}

#[test]
fn conditions_are_negated_only_where_that_is_exact() {
    let mut t = Terms::new(None);
    let [a, b] = [0, 1].map(|cell| t.of(Term::Param(cell)));
    let (lt, ge) = (t.num(Num::i32_lt_s, &[a, b]), t.num(Num::i32_ge_s, &[a, b]));
    assert_eq!((t.truth(lt), t.truth(ge)), ((lt, true), (lt, false)));
    let (float_lt, float_ge) = (t.num(Num::f32_lt, &[a, b]), t.num(Num::f32_ge, &[a, b]));
    assert_ne!(t.truth(float_lt).0, t.truth(float_ge).0);
    let (eq, ne) = (t.num(Num::f64_eq, &[a, b]), t.num(Num::f64_ne, &[a, b]));
    assert_eq!(t.truth(ne), (eq, false));
    let not_not = t.num(Num::i32_eqz, &[a]);
    let not_not = t.num(Num::i32_eqz, &[not_not]);
    assert_eq!(t.truth(not_not), (a, true));
    let wide = t.num(Num::i64_eqz, &[a]);
    assert_eq!(t.truth(wide), (wide, true), "an i64 is no condition");
}

/// The opinion on the honest code of a function's text, and on it after an edit.
fn opinion(func: &str, edit: impl Fn(&mut Candidate)) -> Result<(), Refusal> {
    let text = format!("(module (memory 1) (func {func}))");
    let module = module_of(&wat::parse_str(text).expect("a module")).expect("valid");
    let settings = Settings { metering: Metering::Both, deterministic: true };
    let func = module.defined_funcs().next().expect("a function");
    let mut candidate = Translator::new().translate(&module, func, &settings).expect("code");
    edit(&mut candidate);
    check(&module, &settings, &candidate).expect("not too deep")
}

/// An edit of a candidate.
type Edit = fn(&mut Candidate);

#[test]
fn what_stands_beside_the_code_is_judged() {
    const FUNC: &str = "(param i32) (result i32) (loop (result i32)
        (i32.load (local.get 0)) (br_if 0 (i32.eqz (local.get 0))))";
    assert_eq!(opinion(FUNC, |_| ()), Ok(()));
    let edits: [(Edit, Rule); 6] = [
        (|candidate| candidate.frame_cells += 100, Rule::Frame),
        (|candidate| candidate.controls.truncate(1), Rule::Extents),
        (|candidate| candidate.controls[0].word += 1, Rule::Effects),
        (|candidate| candidate.map[2].offset = candidate.map[1].offset, Rule::Places),
        (|candidate| candidate.map[1].offset = 0, Rule::Map),
        (|candidate| candidate.words.truncate(1), Rule::Hints),
    ];
    for (i, (edit, rule)) in edits.into_iter().enumerate() {
        let refusal = opinion(FUNC, edit).expect_err("an edit is refused");
        assert_eq!(refusal.rule, rule, "edit {i}: {refusal}");
    }
}

/// The limit on nesting, on both sides.
#[test]
fn what_nests_too_deep_is_not_judged() {
    let nested = |depth: usize| {
        let text = format!("(module (func {} {}))", "block ".repeat(depth), "end ".repeat(depth));
        let module = module_of(&wat::parse_str(text).expect("a module")).expect("valid");
        let settings = Settings::default();
        let func = module.defined_funcs().next().expect("a function");
        let candidate = Translator::new().translate(&module, func, &settings).expect("code");
        check(&module, &settings, &candidate)
    };
    assert_eq!(nested(super::DEPTH_MAX), Some(Ok(())));
    assert_eq!(nested(super::DEPTH_MAX + 1), None);
}
