//! Rounds, and the whole way several times: bodies that are left alone are the same, numbers lead
//! from the first module to the last, and failures are reported of each time.

use super::super::{Improved, once};
use super::{CALLS, Passed, Seen, Uses, WHOLE, edits, improved, judged, module, passed, write};
use prova_emit::trip::{Options, Outcome, Trip};
use prova_emit::{EmitError, EmitReason};
use prova_module::{FuncIdx, Limits, Module, Opcode};

const FLOW: EmitReason = EmitReason::Irreducible;
const OTHER: EmitReason = EmitReason::Immediates(Opcode::Nop);

fn failed(func: u32, reason: EmitReason) -> Outcome {
    Outcome::NotEmitted(EmitError { func: FuncIdx(func), reason })
}

/// The result of a time, with a loop of function 0 that was turned for nothing.
fn time(outcomes: Vec<Outcome>, numbers: &[Option<u32>]) -> Improved {
    let outcomes = (0..).map(FuncIdx).zip(outcomes).collect();
    let unturned = vec![(FuncIdx(0), "a loop".to_owned())];
    let module = module("(module (func) (func) (func))");
    let trip = Trip { module, dropped: Vec::new(), outcomes, unturned };
    let numbers = numbers.iter().map(|number| number.map(FuncIdx)).collect();
    Improved { trip, notes: vec!["a note".to_owned()], numbers }
}

/// By the numbers that functions had at first; in the place of no failure that was there.
#[test]
fn failures_of_each_time_are_told() {
    let first = vec![Outcome::Replaced, Outcome::NotBetter, failed(2, FLOW)];
    // Function 0 has number 1 the second time, and function 2 number 0.
    let mut all = time(first, &[Some(1), None, Some(0)]);
    let second = vec![failed(0, OTHER), failed(1, OTHER)];
    all.tell(&time(second, &[Some(0), Some(1)]));
    let told: Vec<Outcome> = all.trip.outcomes.iter().map(|(_, it)| it.clone()).collect();
    assert_eq!(told, [failed(0, OTHER), Outcome::NotBetter, failed(2, FLOW)]);
    let loops = [0, 2].map(|func| (FuncIdx(func), "a loop".to_owned()));
    assert_eq!(all.trip.unturned, loops);
    assert_eq!(all.notes, ["a note"; 2]);
}

#[test]
fn numbers_follow_each_other() {
    let mut all = time(Vec::new(), &[Some(1), None, Some(0), Some(2)]);
    all.renumber(&[Some(FuncIdx(0)), Some(FuncIdx(5)), None]);
    assert_eq!(all.numbers, [Some(FuncIdx(5)), None, Some(FuncIdx(0)), None]);
}

/// An export names the function that its old one has become.
#[test]
fn numbers_lead_to_the_last_module() {
    let old = module(WHOLE);
    let transform = |body| Some(prova_optimize::optimize(body, &prova_optimize::Pass::DEFAULT).0);
    let limits = Limits::default();
    let options = Options { transform: &transform, threads: 1, limits: &limits };
    let made = improved(&old, &options, true).expect("a module");
    let exported = |module: &Module| module.exports().iter().map(|it| it.index).next();
    let (was, is) = (exported(&old).expect("one"), exported(&made.trip.module).expect("one"));
    assert!(was != is, "{was} is {is}");
    assert_eq!(made.numbers[was as usize], Some(FuncIdx(is)));
    let (dead, kept) = (made.numbers[1], made.numbers.iter().flatten());
    assert_eq!(dead, None);
    assert!(kept.copied().max() < Some(FuncIdx(made.trip.module.func_count() as u32)));
}

/// Where all numbers have one byte, no body is worth another trip; where a function that many name
/// gets a shorter number, they are.
#[test]
fn bodies_that_have_another_length_are_tried_again() {
    let limits = Limits::default();
    let options = Options { transform: &Some, threads: 1, limits: &limits };
    let (_, open) = once(&module(WHOLE), &options, false, |_| true).expect("a module");
    assert!(open.is_empty(), "{open:?}");
    let many = "(func (export \"NAME\") (param i32))";
    let many: String = (0..140).map(|at| many.replace("NAME", &at.to_string())).collect();
    let named = "(func (export \"NAME\") (param i32) (call $last (i32.const 1)) \
                 (loop (call $last (local.get 0)) (br_if 0 (local.get 0))))";
    let named = named.replace("NAME", "x");
    let last = "(func $last (param i32) (loop (i32.store (local.get 0) (local.get 0)) \
                (br_if 0 (i32.load offset=4 (local.get 0)))))";
    let text = format!("(module (memory 1) {many} {named} {last})");
    let (made, open) = once(&module(&text), &options, false, |_| true).expect("a module");
    let caller = made.numbers[140].expect("it stays");
    assert_eq!(open.into_iter().collect::<Vec<_>>(), [caller]);
    assert!(made.numbers[141].expect("it stays") < FuncIdx(128));
}

/// The bodies that an edit does not name are those that a round does not build again: one that
/// was edited and is not named is refused.
#[test]
fn an_edit_that_names_too_few_bodies_is_refused() {
    for (old, edit) in edits() {
        let (new, _) = write::edited(&old, &edit, &Limits::default()).expect("it is written");
        let mut fewer = Vec::new();
        for func in old.defined_funcs().filter(|func| edit.changes(*func)) {
            let mut without = edit.clone();
            without.known.remove(&func);
            without.inlined.retain(|(caller, _)| *caller != func);
            assert!(!without.changes(func));
            fewer.push(without);
        }
        for pair in &edit.inlined {
            let mut without = edit.clone();
            without.inlined.remove(pair);
            fewer.push(without);
        }
        assert!(fewer.len() >= 3);
        for without in fewer {
            assert!(judged(&old, &new, &without).is_err(), "{without:?}");
        }
    }
}

/// A body that was seen is known by its bytes alone; what others know goes on from there.
#[test]
fn what_was_seen_holds_for_a_body_with_the_same_bytes() {
    let (old, mut seen) = (module(CALLS), Seen::default());
    let first = Uses::of(&old).passed(&old, &mut seen);
    assert_eq!(Uses::of(&old).passed(&old, &mut seen), first);
    let edits = [
        ("(call $one (i32.const 5) (i32.const 2))", "(call $one (i32.const 6) (i32.const 2))"),
        ("(call $self (local.get 0) (i32.const 0))", "(call $self (local.get 1) (i32.const 0))"),
        ("(return_call $two (i32.const 7))", "(return_call $two (i32.const 8))"),
        ("(drop (call $float (f64.const -0) (i64.const -1)))", ""),
    ];
    for (from, to) in edits {
        let new = module(&CALLS.replace(from, to));
        let expected = passed(&new);
        assert_ne!(expected, first, "{from}");
        assert_eq!(Uses::of(&new).passed(&new, &mut seen), expected, "{from}");
        // And back.
        assert_eq!(Uses::of(&old).passed(&old, &mut seen), first, "{from}");
    }
    assert!(first.iter().flatten().any(|it| *it == Passed::Constant(5)));
}
