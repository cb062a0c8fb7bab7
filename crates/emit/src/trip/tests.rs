//! A trip with a faulty emitter: each function has its second chance (Y3), and none is proved twice
//! as long as all that a proof rests on is the same (Y4).

use super::candidate::Way;
use super::*;
use crate::Style;
use prova_module::Features;
use prova_ssa::Body;

/// Nothing of it is emitted as it stands; two of a tag's values need a type that it has not.
const TEXT: &str = "(module (tag (param i32 i64))
    (func (param i32) (result i32) (nop) (i32.add (local.get 0) (i32.const 5)))
    (func (param i32) (result i32) (nop) (i32.mul (local.get 0) (i32.const 6)))
    (func (param i32) (result i32) (nop) (i32.sub (local.get 0) (i32.const 7))))";

/// A fault: what it makes of the bytes that are emitted for a function in a style.
type Plant = fn(Style, FuncIdx, &mut Emitted);

fn original() -> Module {
    let bytes = wat::parse_str(TEXT).expect("a text");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a module")
}

/// Sends the module on its trip by an emitter with the fault: what comes back, by number whether
/// each function is replaced, and how many were proved in each round.
fn send(plant: Plant) -> (Trip, Vec<bool>, Vec<usize>) {
    let limits = Limits::default();
    let options = Options { transform: &Some, threads: 1, limits: &limits };
    let emit = |style, module: &Module, types: &Types, body: &Body| {
        let (mut emitted, homes) = emit_with(style, module, types, body)?;
        plant(style, body.func(), &mut emitted);
        Ok((emitted, homes))
    };
    let (trip, proofs) = rounds(&original(), &options, Way::new(&emit)).expect("a trip");
    let replaced = trip.outcomes.iter().map(|(_, outcome)| *outcome == Outcome::Replaced);
    let replaced = replaced.collect();
    (trip, replaced, proofs)
}

/// Another constant in the second function: valid, and wrong.
fn spoil(func: FuncIdx, emitted: &mut Emitted) {
    if func == FuncIdx(1) {
        let constant = emitted.bytes.windows(2).position(|bytes| bytes == [0x41, 6]);
        emitted.bytes[constant.expect("the constant") + 1] = 8;
    }
}

fn kept(trip: &Trip, func: FuncIdx) -> bool {
    bytes_of(&trip.module, func) == bytes_of(&original(), func)
}

#[test]
fn without_a_fault_each_function_is_proved_once() {
    let (trip, replaced, proofs) = send(|_, _, _| ());
    assert_eq!((replaced, proofs), (vec![true; 3], vec![3]));
    assert!(original().defined_funcs().all(|func| !kept(&trip, func)));
}

#[test]
fn what_is_refused_is_emitted_plainly_and_the_others_are_not_proved_again() {
    let (trip, replaced, proofs) = send(|style, func, emitted| {
        if style != Style::Plain {
            spoil(func, emitted);
        }
    });
    assert_eq!((replaced, proofs), (vec![true; 3], vec![3, 1, 1]));
    assert!(!kept(&trip, FuncIdx(1)));
}

#[test]
fn what_is_refused_in_each_style_keeps_its_bytes_and_says_why() {
    let (trip, replaced, proofs) = send(|_, func, emitted| spoil(func, emitted));
    assert_eq!((replaced, proofs), (vec![true, false, true], vec![3, 1, 1, 0]));
    assert!(kept(&trip, FuncIdx(1)));
    let Outcome::Refused(rejection) = &trip.outcomes[1].1 else { panic!("no refusal") };
    assert_eq!((rejection.func, rejection.rule), (FuncIdx(1), emitted::Rule::Operands));
}

/// A loop's value that never changes: its parameter is gone when the function, spoiled in
/// each style, has its last chance.
#[test]
fn what_is_refused_in_each_style_is_emitted_without_parameters_that_are_one_value() {
    let text = "(module (import \"m\" \"see\" (func $see (param i32)))
        (func (param i32) (result i32) (local $n i32)
            (local.set $n (i32.const 9))
            (i32.clz (local.get 0))
            (loop $outer (param i32) (result i32)
                (loop $inner
                    (call $see (local.get $n))
                    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                    (br_if $inner (local.get 0)))
                (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 3)))))))";
    let limits = Limits::default();
    let bytes = wat::parse_str(text).expect("a text");
    let module = Module::decode(bytes, &Features::default(), &limits).expect("a module");
    let options = Options { transform: &Some, threads: 1, limits: &limits };
    let calls = AtomicUsize::new(0);
    let emit = |style, module: &Module, types: &Types, body: &Body| {
        let (mut emitted, homes) = emit_with(style, module, types, body)?;
        if calls.fetch_add(1, Ordering::Relaxed) < 3 {
            let constant = emitted.bytes.windows(2).position(|bytes| bytes == [0x41, 9]);
            emitted.bytes[constant.expect("the constant") + 1] = 8;
        }
        Ok((emitted, homes))
    };
    let (trip, proofs) = rounds(&module, &options, Way::new(&emit)).expect("a trip");
    assert_eq!(trip.outcomes, [(FuncIdx(1), Outcome::Replaced)]);
    assert_eq!(proofs, [1, 1, 1, 1]);
}

/// Types behind the others went with the function that needed them: nothing is known of the rest.
#[test]
fn in_a_module_that_differs_all_are_proved_again() {
    let (_, replaced, proofs) = send(|style, func, emitted| {
        if style == Style::Short && func == FuncIdx(1) {
            spoil(func, emitted);
            emitted.extra_types = true;
        }
    });
    assert_eq!((replaced, proofs), (vec![true; 3], vec![3, 3]));
}

/// An invalid function goes back alone, and counts as no proof.
#[test]
fn what_is_invalid_keeps_its_bytes() {
    let (trip, replaced, proofs) = send(|_, func, emitted| {
        if func == FuncIdx(1) {
            emitted.bytes.pop();
        }
    });
    assert_eq!((replaced, proofs), (vec![true, false, true], vec![2]));
    assert!(kept(&trip, FuncIdx(1)));
    assert!(matches!(trip.outcomes[1].1, Outcome::Invalid(_)));
}

/// Of functions that are not asked for no body is built, and they keep their bytes.
#[test]
fn only_what_is_asked_for_is_improved() {
    let limits = Limits::default();
    let built = Mutex::new(Vec::new());
    let transform = |body: CheckedBody| {
        built.lock().expect("a list").push(body.body().func());
        Some(body)
    };
    let options = Options { transform: &transform, threads: 1, limits: &limits };
    let all = improved(&original(), &options, false).expect("a trip");
    assert!(all.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Replaced));
    for asked in original().defined_funcs() {
        built.lock().expect("a list").clear();
        let one = improved_where(&original(), &options, false, |func| func == asked);
        let one = one.expect("a trip");
        assert!(built.lock().expect("a list").iter().all(|func| *func == asked), "{built:?}");
        for (func, outcome) in &one.outcomes {
            let (expected, from) = match *func == asked {
                true => (Outcome::Replaced, &all.module),
                false => (Outcome::NotBetter, &original()),
            };
            assert_eq!((outcome, bytes_of(&one.module, *func)), (&expected, bytes_of(from, *func)));
        }
    }
    let none = improved_where(&original(), &options, false, |_| false).expect("a trip");
    assert_eq!(none.module.bytes(), original().bytes());
}

/// Other bytes of a function that is left alone are never passed over: they are to be proved, and
/// there is nothing to prove them by.
#[test]
fn a_function_that_is_left_alone_is_compared() {
    let changed = TEXT.replace("(i32.const 6)", "(i32.const 8)");
    let bytes = wat::parse_str(changed).expect("a text");
    let changed = Module::decode(bytes, &Features::default(), &Limits::default());
    let (old, changed) = (original(), changed.expect("a module"));
    let funcs: Vec<FuncIdx> = old.defined_funcs().collect();
    let due = |new: &Module| due(&funcs, &Twin::check(&old, new).expect("a twin"), None);
    assert_eq!(due(&changed), [false, true, false]);
    assert_eq!(due(&original()), [false; 3]);
}
