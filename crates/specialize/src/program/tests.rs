//! Edits that are right are accepted, all others are refused.
//!
//! A green run does not show that two faults at once are seen, nor that what is planned is worth
//! it.

use super::edit::Edit;
use super::uses::{Passed, Seen, Uses};
use super::{check, image, improved, order, plan, same, write};
use prova_emit::trip::Options;
use prova_module::{Features, FuncIdx, Limits, Module};

mod times;

fn features() -> Features {
    Features::default()
}

fn module(text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("a module");
    Module::decode(bytes, &features(), &Limits::default()).expect("a valid module")
}

fn passed(module: &Module) -> Vec<Vec<Passed>> {
    Uses::of(module).passed(module, &mut Seen::default())
}

fn judged(old: &Module, new: &Module, edit: &Edit) -> Result<(), String> {
    check::check(old, new, edit, &passed(old))
}

fn pairs<const N: usize>(all: [(u32, u32); N]) -> Edit {
    let inlined = all.into_iter().map(|(a, b)| (FuncIdx(a), FuncIdx(b))).collect();
    Edit { inlined, ..Edit::default() }
}

fn known(func: u32, param: u32, bits: u64) -> Edit {
    Edit { known: [(FuncIdx(func), vec![(param, bits)])].into(), ..Edit::default() }
}

/// Calls with constants, through parameters, in tails, from what nothing reaches, and of functions
/// that others may call.
const CALLS: &str = r#"(module (table 1 funcref) (elem (i32.const 0) $tabled)
    (func $one (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func $two (param i32) (result i32) (local.get 0))
    (func $self (param i32 i32) (result i32)
        (if (result i32) (local.get 1)
            (then (call $self (local.get 0) (i32.const 0)))
            (else (local.get 0))))
    (func $turned (param i32 i32) (result i32)
        (if (result i32) (local.get 1)
            (then (call $turned (local.get 1) (local.get 0)))
            (else (local.get 0))))
    (func $shown (export "shown") (param i32) (result i32) (local.get 0))
    (func $tabled (param i32) (result i32) (local.get 0))
    (func $named (param i32) (result i32) (local.get 0))
    (func $dead (drop (call $two (i32.const 9))))
    (func $tail (param i32) (result i32) (return_call $two (i32.const 7)))
    (elem declare func $named)
    (func $float (param f64 i64) (result f64) (local.get 0))
    (func (export "run") (result i32)
        (drop (call $one (i32.const 5) (i32.const 1)))
        (drop (call $one (i32.const 5) (i32.const 2)))
        (drop (call $self (i32.const 3) (i32.const 1)))
        (drop (call $turned (i32.const 3) (i32.const 3)))
        (drop (call $shown (i32.const 4)))
        (drop (call $tabled (i32.const 4)))
        (drop (call $named (i32.const 4)))
        (drop (ref.func $named))
        (drop (call $float (f64.const -0) (i64.const -1)))
        (drop (call $tail (i32.const 1)))
        (call $two (i32.const 7))))"#;

#[test]
fn what_all_calls_pass_is_known() {
    use Passed::{Anything, Constant};
    let found = passed(&module(CALLS));
    let expected: [&[Passed]; 11] = [
        &[Constant(5), Anything],
        &[Constant(7)],
        &[Constant(3), Anything],
        &[Anything, Anything],
        &[Anything],
        &[Anything],
        &[Anything],
        &[],
        &[Constant(1)],
        &[Constant(1 << 63), Constant(u64::MAX)],
        &[],
    ];
    assert_eq!(found, expected);
}

/// Functions that stand for calls: with locals, blocks, returns at several depths, no result.
const INLINES: &str = r#"(module (memory 1)
    (func $leaf (param i32 i64) (result i32) (local f64 i32)
        (block (loop (br_if 1 (local.get 3))
            (if (local.get 0) (then (return (local.tee 3 (i32.const 4)))))
            (local.set 3 (i32.const 1)) (br 0)))
        (br_if 0 (i32.const 8) (local.get 0)) (drop)
        (i32.trunc_f64_s (local.get 2)))
    (func $store (param i32) (i32.store8 (local.get 0) (i32.const 1)))
    (func (export "run") (param i32) (result i32) (local i32)
        (call $store (local.get 1))
        (local.set 1 (call $leaf (local.get 0) (i64.const 3)))
        (loop (call $store (local.get 0)) (br_if 0 (i32.const 0)))
        (i32.add (local.get 1) (call $leaf (i32.const 1) (i64.const 4)))))"#;

fn edits() -> Vec<(Module, Edit)> {
    let calls = Edit {
        known: [
            (FuncIdx(0), vec![(0, 5)]),
            (FuncIdx(1), vec![(0, 7)]),
            (FuncIdx(9), vec![(0, 1 << 63), (1, u64::MAX)]),
        ]
        .into(),
        inlined: [(FuncIdx(10), FuncIdx(0))].into(),
    };
    let inlines = pairs([(2, 0), (2, 1)]);
    vec![(module(CALLS), calls), (module(INLINES), inlines)]
}

/// Every bit of what is written is turned, one at a time, and what is still a module is refused,
/// unless it says the same.
#[test]
fn an_edited_module_is_refused_with_any_bit_turned() {
    for (old, edit) in edits() {
        let (new, _) = write::edited(&old, &edit, &Limits::default()).expect("it is written");
        assert_eq!(judged(&old, &new, &edit), Ok(()));
        let (mut modules, mut accepted) = (0, Vec::new());
        for bit in 0..end(&new) * 8 {
            let mut bytes = new.bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let Ok(changed) = Module::decode(bytes, &features(), &Limits::default()) else {
                continue;
            };
            modules += 1;
            if judged(&old, &changed, &edit).is_ok() {
                accepted.push(bit);
            }
        }
        assert!(modules > 100, "{modules} modules");
        assert_eq!(accepted, [], "{modules} modules");
    }
}

/// An edit is judged by what it says, not only by what was written.
#[test]
fn an_edit_that_is_not_right_is_refused() {
    let calls = module(CALLS);
    let wrong = [
        known(0, 0, 6),
        known(0, 1, 1),
        known(0, 2, 5),
        known(1, 0, 9),
        known(3, 0, 3),
        known(4, 0, 4),
        known(5, 0, 4),
        known(6, 0, 4),
    ];
    for edit in wrong {
        let (new, _) = write::edited(&calls, &edit, &Limits::default()).expect("it is written");
        assert!(judged(&calls, &new, &edit).is_err(), "{edit:?}");
    }
    // A tail call in the callee, two results, a vector for a local.
    let others = module(
        r#"(module (func $two (param i32) (result i32) (local.get 0))
        (func $tail (result i32) (return_call $two (i32.const 7)))
        (func $pair (result i32 i32) (i32.const 1) (i32.const 2))
        (func $wide (local v128))
        (func (export "run") (call $wide) (drop (call $tail)) (call $pair) (drop) (drop)))"#,
    );
    for callee in 1..4 {
        let edit = pairs([(4, callee)]);
        let new = write::edited(&others, &edit, &Limits::default());
        let refused = new.is_err_and(|_| true)
            || write::edited(&others, &edit, &Limits::default())
                .is_ok_and(|(new, _)| judged(&others, &new, &edit).is_err());
        assert!(refused, "{callee}");
    }
}

/// Data with runs of zeroes, functions in a table, exported, started, dead, and named by a global.
const WHOLE: &str = r#"(module (import "a" "b" (func $import (param i32)))
    (memory 2) (table 4 funcref) (elem (i32.const 1) $tabled $tabled)
    (elem (table 0) (i32.const 0) funcref (ref.func $item) (ref.null func))
    (global funcref (ref.func $global)) (start $start) (export "f" (func $shown))
    (data (i32.const 16) "ab\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00cd\00\00")
    (data (i32.const 100) "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
    (func $dead (call $dies))
    (func $dies)
    (func $tabled (call $import (i32.const 2)))
    (func $item (nop))
    (func $global (drop (i32.const 4)))
    (func $start (call $called) (call $called))
    (func $shown (call $called) (drop (ref.func $tabled)))
    (func $called (drop (i32.const 5))))"#;

#[test]
fn a_module_in_order_is_refused_with_any_bit_turned() {
    let old = module(WHOLE);
    let limits = Limits::default();
    let made = order::ordered(&old, &limits).expect("it is right").expect("it is smaller");
    let new = made.module;
    assert_eq!((old.func_count(), new.func_count()), (9, 7));
    assert_eq!((old.data().len(), new.data().len()), (2, 2));
    let numbers: Vec<Option<FuncIdx>> = [Some(0), None, None, Some(1), Some(2), Some(3), Some(4)]
        .into_iter()
        .chain([Some(5), Some(6)])
        .map(|number| number.map(FuncIdx))
        .collect();
    let judged = |old: &Module, new: &Module, numbers: &[Option<FuncIdx>]| {
        same::outside(old, new, numbers).and_then(|()| same::bodies(old, new, numbers))
    };
    assert_eq!(judged(&old, &new, &numbers), Ok(()));
    let (mut modules, mut accepted) = (0, Vec::new());
    for bit in 0..end(&new) * 8 {
        let mut bytes = new.bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(changed) = Module::decode(bytes, &features(), &limits) else { continue };
        modules += 1;
        if judged(&old, &changed, &numbers).is_ok() {
            accepted.push(bit);
        }
    }
    assert!(modules > 100, "{modules} modules");
    assert_eq!(accepted, [], "{modules} modules");
    // Other numbers: swapped, one for two that differ, one gone that is needed, too many, too few.
    let number = |number: u32| Some(FuncIdx(number));
    for (at, other) in
        [(3, number(2)), (8, None), (1, number(6)), (1, number(7)), (0, None), (0, number(1))]
    {
        let mut wrong = numbers.clone();
        wrong[at] = other;
        assert!(judged(&old, &new, &wrong).is_err(), "{at} {other:?}");
    }
    assert!(judged(&old, &new, &numbers[..8]).is_err());
    let mut swapped = numbers;
    swapped.swap(4, 5);
    assert!(judged(&old, &new, &swapped).is_err());
}

/// Functions with one body become one, and callers of them that are one then, the next time.
#[test]
fn functions_with_one_body_are_one() {
    let old = module(
        r#"(module (memory 1) (table 2 funcref) (elem (i32.const 0) $a $b)
        (func $a (param i32) (result i32) (i32.load (local.get 0)))
        (func $b (param i32) (result i32) (i32.load (local.get 0)))
        (func $c (param i32) (result i32) (i32.load8_u (local.get 0)))
        (func $d (param f32) (result i32) (i32.const 1))
        (func $e (param f64) (result i32) (i32.const 1))
        (func (export "x") (result i32) (call $b (call $c (call $d (f32.const 1)))))
        (func (export "y") (result i32) (call $a (call $c (call $e (f64.const 1))))))"#,
    );
    let limits = Limits::default();
    let made = order::ordered(&old, &limits).expect("it is right").expect("it is smaller");
    let new = made.module;
    assert_eq!((old.func_count(), new.func_count()), (7, 6));
    let all = [0, 0, 1, 2, 3, 4, 5].map(|number| Some(FuncIdx(number)));
    assert_eq!(made.numbers, all);
    assert_eq!(same::outside(&old, &new, &all), Ok(()));
    assert_eq!(same::bodies(&old, &new, &all), Ok(()));
    // Another body; another type.
    for (at, number) in [(2, 0), (4, 2)] {
        let mut wrong = all;
        wrong[at] = Some(FuncIdx(number));
        let judged =
            same::outside(&old, &new, &wrong).and_then(|()| same::bodies(&old, &new, &wrong));
        assert!(judged.is_err(), "{at}");
    }
}

/// Where custom sections begin, which mean nothing: they stand behind all others here.
fn end(module: &Module) -> usize {
    let all = module.sections().iter().filter(|section| section.id != 0);
    all.map(|section| section.range.end).max().unwrap_or(0)
}

/// Segments whose bytes are not simply there when the module starts.
#[test]
fn data_that_something_else_reads_or_writes_is_left_alone() {
    let zeroes = r"\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00";
    let kept = [
        // Beyond the memory: a trap, behind which the first segment stays written.
        format!(r#"(memory 1) (data (i32.const 65530) "{zeroes}")"#),
        format!(r#"(memory 1) (data "{zeroes}x")"#),
        format!(r#"(import "a" "m" (memory 1)) (data (i32.const 0) "{zeroes}x")"#),
        format!(r#"(import "a" "g" (global i32)) (memory 1) (data (global.get 0) "{zeroes}x")"#),
        format!(r#"(memory 1) (data (i32.const 0) "{zeroes}x") (func (export "f") (data.drop 0))"#),
        format!(
            r#"(memory 1) (data (i32.const 0) "{zeroes}x")
            (func (export "f") (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0)))"#
        ),
    ];
    for text in kept {
        let old = module(&format!("(module {text})"));
        let mut edit = prova_rewrite::Edit::default();
        image::packed(&old, &mut edit);
        assert!(edit.data.is_empty() && edit.data_changed.is_empty(), "{text}");
        let cut = text.replace(zeroes, &zeroes[..zeroes.len() - 3]);
        let cut = module(&format!("(module {cut})"));
        let all = numbers(&old);
        assert!(same::outside(&old, &cut, &all).is_err(), "{text}");
    }
    // What the second segment clears.
    let old = format!(r#"(memory 1) (data (i32.const 0) "xyz") (data (i32.const 0) "{zeroes}")"#);
    let old = module(&format!("(module {old})"));
    let mut edit = prova_rewrite::Edit::default();
    image::packed(&old, &mut edit);
    assert!(edit.data_changed.is_empty());
    let uncleared = module(r#"(module (memory 1) (data (i32.const 0) "xyz"))"#);
    assert!(same::outside(&old, &uncleared, &numbers(&old)).is_err());
    let old = module(&format!(r#"(module (memory 1) (data (i32.const 8) "{zeroes}x"))"#));
    let new = module(r#"(module (memory 1) (data (i32.const 32) "x"))"#);
    assert_eq!(same::outside(&old, &new, &numbers(&old)), Ok(()));
    let moved = module(r#"(module (memory 1) (data (i32.const 33) "x"))"#);
    assert!(same::outside(&old, &moved, &numbers(&old)).is_err());
}

fn numbers(module: &Module) -> Vec<Option<FuncIdx>> {
    (0..module.func_count() as u32).map(|func| Some(FuncIdx(func))).collect()
}

/// A program becomes what a trip alone cannot make of it, and nothing of it is left to do.
#[test]
fn a_program_is_improved_as_a_whole() {
    let text = r#"(module (memory 1)
        (func $mode (param i32 i32) (result i32)
            (if (result i32) (i32.eq (local.get 1) (i32.const 2))
                (then (i32.mul (local.get 0) (i32.const 3)))
                (else (i32.div_u (i32.load (local.get 0)) (i32.load offset=4 (local.get 0))))))
        (func $once (param i32) (result i32)
            (i32.xor (i32.rotl (local.get 0) (i32.const 5)) (i32.load (local.get 0))))
        (func $dead (drop (i32.const 1)))
        (func (export "run") (param i32) (result i32)
            (i32.add (call $mode (local.get 0) (i32.const 2))
                (i32.add (call $once (local.get 0))
                    (call $mode (i32.const 9) (i32.const 2))))))"#;
    let old = module(text);
    let transform = |body| Some(prova_optimize::optimize(body, &prova_optimize::Pass::DEFAULT).0);
    let limits = Limits::default();
    let options = Options { transform: &transform, threads: 1, limits: &limits };
    let made = improved(&old, &options, true).expect("a module");
    assert_eq!(made.notes, Vec::<String>::new());
    assert!(made.trip.outcomes.iter().all(|(_, outcome)| !outcome.is_failure()));
    let new = &made.trip.module;
    assert_eq!(new.func_count(), 1, "the others are gone");
    let alone = prova_emit::trip::improved(&old, &options, true).expect("a module").module;
    assert!(new.bytes().len() + 30 < alone.bytes().len());
    let again = improved(new, &options, true).expect("a module");
    assert_eq!(again.trip.module.bytes(), new.bytes());
    let plan = plan::plan(new, &Uses::of(new), &passed(new), &plan::Refused::default());
    assert!(plan.is_empty());
}

/// Memories that start with much are not compared byte by byte, the last one included.
#[test]
fn memories_of_many_bytes_keep_their_segments() {
    for (more, is_same) in
        [("", true), (r#"(memory 1) (data (memory 2) (i32.const 0) "z")"#, false)]
    {
        let [old, new] = [(0x1ff_fffe, r"\00x"), (0x1ff_ffff, "x")].map(|(at, bytes)| {
            let data = |memory| format!(r#"(data (memory {memory}) (i32.const {at}) "{bytes}")"#);
            let data = [data(0), data(1)].concat();
            module(&format!("(module (memory 512) (memory 512) {data} {more})"))
        });
        assert_eq!(image::same(&old, &new), is_same, "{more}");
    }
}

/// A few bytes declare many locals, and name a body many times.
#[test]
fn what_stands_for_calls_is_bounded() {
    for (locals, calls, is_fit) in
        [(0, 1, true), (5, 1, true), (60, 1, false), (10, 2, true), (10, 1000, false)]
    {
        let (locals, calls) = ("i32 ".repeat(locals), "(call 0)".repeat(calls));
        let work = "(global.set 0 (i32.const 1))".repeat(3);
        let text = format!(
            r#"(module (global (mut i32) (i32.const 0)) (func (local {locals}) {work})
            (func (export "run") {calls}))"#
        );
        let module = module(&text);
        let uses = Uses::of(&module);
        let edit = plan::plan(&module, &uses, &passed(&module), &plan::Refused::default());
        assert_eq!(!edit.is_empty(), is_fit, "{text:.200}");
    }
}
