//! The proof of emission over shapes that only an emitter makes of a function: parameters of
//! handlers with separate locals, clauses that lead back to headers, joins that hold nothing but
//! constants.
//!
//! Each function is proved as it is emitted in both styles, and the emission of an edited one is
//! refused. A green run does not show that all such shapes are proved: the project's campaign of
//! generated modules does (`prova-testing ssa-trips`).

use prova_emit::emitted::{EmittedBody, Homes, Rule, Twin};
use prova_emit::{Style, Types, assemble, emit_with};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_ssa::{CheckedBody, Metering, build};

const HEAD: &str = "(module
  (import \"m\" \"see\" (func $see (param i32)))
  (import \"m\" \"get\" (func $get (result i32)))
  (memory 1) (global $number (mut i32) (i32.const 0)) (global $out (mut i32) (i32.const 0))
  (tag $e (param i32)) (tag $o)
  (type $t (func))
  (func $h (type $t)) (func $k (type $t))
  (elem declare func $h $k)
  (global $g (mut (ref null $t)) (ref.null $t))
  (func (export \"f\") (param $a i32) (result i32) (local $x i32) (local $y i32) (local $n i32)
    (local $r (ref null $t)) (local $f funcref) (local $q (ref $t)) (local $w i64) ";

/// A parameter of a handler that gets a constant at one of its calls has a separate local; the
/// clauses lead back to the header, which has it in another one.
const HANDED: &str = "(local.set $n (i32.const 5))
    (loop $l
      (if (i32.le_s (local.get $n) (i32.const 0)) (then (return (local.get $x))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (block $p (result i32)
        (try_table (catch $e $p) (catch $o $l)
          (if (call $get) (then (throw $o)))
          (local.set $x (i32.const 0))
          (call $see (local.get $n))
          (local.set $x (call $get)))
        (br $l))
      (drop) (br $l))
    (unreachable)";

/// The same with parameters that change places on their way to the header: what is in the local of
/// one of them is there for another one.
const TURNED: &str = "(local.set $n (i32.const 5))
    (loop $l
      (if (i32.le_s (local.get $n) (i32.const 0))
        (then (return (i32.sub (local.get $x) (i32.mul (local.get $y) (i32.const 3))))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (local.set $a (local.get $x))
      (block $p (result i32)
        (try_table (catch $e $p) (catch $o $p0)
          (call $see (i32.const 1))
          (local.set $x (i32.const 0))
          (call $see (local.get $n))
          (local.set $x (call $get)))
        (br $l))
      (drop) (local.set $y (local.get $x)) (local.set $x (local.get $a)) (br $l))
    (unreachable)";

/// Two headers; the first one only jumps to the second one.
const ROW: &str = "(loop $p (loop $q
      (if (call $get)
        (then
          (try_table (catch_all $p) (catch $o $q) (call $see (i32.const 1)) (call $see (i32.const 2)))
          (return (i32.const 4))))
      (br_if $q (call $get))))
    (local.get $a)";

/// The same where the first one computes what is read behind the second one.
const ROW_VALUE: &str = "(loop $p
      (local.set $x (i32.mul (local.get $n) (i32.const 3)))
      (loop $q
        (if (call $get)
          (then
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (try_table (catch $o $p) (catch_all $q)
              (call $see (i32.const 1)) (call $see (local.get $x)))
            (return (i32.const 4))))
        (br_if $q (call $get))))
    (local.get $x)";

/// Values that begin at the inner handler are read behind the outer one, also where the outer one
/// is thrown to from behind the inner one.
const AROUND: &str = "(block $out
      (try_table (catch $o $out)
        (block $p (result i32)
          (try_table (catch $e $p)
            (call $see (i32.const 1))
            (local.set $x (local.get $a))
            (call $see (i32.const 2)))
          (return (i32.const 0)))
        (drop)
        (if (call $get) (then (throw $o)))
        (call $see (i32.const 3)))
      (return (i32.const 9)))
    (local.get $x)";

/// Values that begin at a handler are read where the function returns, behind two of its clauses
/// with different effects.
const APART: &str = "(block $k
      (block $h
        (block $p (result i32)
          (try_table (catch $e $p) (catch $o $h)
            (call $see (i32.const 1))
            (local.set $x (i32.const 7))
            (call $see (i32.const 2)))
          (return (i32.const 1)))
        (call $see) (br $k))
      (call $see (i32.const 3)))
    (i32.add (local.get $x) (local.get $a))";

/// Values that begin at a handler go along to a join where nothing reads them any more.
const UNREAD: &str = "(block $end
      (block $all (result exnref)
        (block $p (result i32)
          (try_table (catch_all_ref $all) (catch $e $p)
            (call $see (i32.const 1))
            (local.set $a (i32.const 7))
            (call $see (i32.const 2)))
          (return (i32.const 1)))
        (call $see) (call $see (local.get $a))
        (ref.null exn))
      (drop)
      (br_if $end (call $get))
      (call $see (i32.const 4))
      (local.set $a (i32.const 9)))
    (drop (local.get $a))
    (i32.const 2)";

/// A clause that passes values and the reference.
const REFERENCE: &str = "(block $p (result i32 exnref)
      (try_table (catch_ref $e $p) (call $see (i32.const 1)) (call $see (i32.const 2)))
      (return (i32.const 0)))
    (ref.is_null) (i32.add)";

/// A join that holds a constant which is known not to be null, before a header.
const NON_NULL: &str = "(if (local.get $a) (then (call $see (i32.const 1))))
    (local.set $r (ref.as_non_null (ref.func $h)))
    (loop $l
      (if (call $get) (then (call_ref $t (local.get $r))))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $l (i32.lt_s (local.get $n) (local.get $a))))
    (local.get $n)";

/// A join that holds a constant which a block passes on.
const PASSED: &str = "(if (local.get $a) (then (call $see (i32.const 1))))
    (block $p (result funcref) (ref.func $h) (br $p))
    (local.set $f)
    (loop $l
      (if (call $get) (then (call $see (ref.is_null (local.get $f)))))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $l (i32.lt_s (local.get $n) (local.get $a))))
    (local.get $n)";

/// A value that a block with one way in carries on is no constant: it was chosen before.
const CHOSEN: &str = "(block $p (result i32)
      (if (result i32) (local.get $a)
        (then (local.set $a (i32.const 5)) (i32.const 1)) (else (i32.const 2)))
      (br $p))
    (local.set $x)
    (loop $l
      (if (call $get) (then (call $see (local.get $x))))
      (local.set $a (i32.sub (local.get $a) (i32.const 1)))
      (br_if $l (i32.gt_s (local.get $a) (i32.const 0))))
    (local.get $a)";

/// A header that only computes reads what was chosen before it, also when control comes back.
const CHAINED: &str = "(if (local.get $a)
      (then (local.set $y (i32.const 1))) (else (local.set $y (i32.const 2))))
    (loop $p
      (local.set $w (i64.extend_i32_s (local.get $y)))
      (loop $q
        (call $see (i32.wrap_i64 (local.get $w)))
        (local.set $w (i64.mul (local.get $w) (local.get $w)))
        (br_if $q (call $get)))
      (if (call $get) (then (br $p))))
    (local.get $a)";

/// A join with one value on all edges: what a header has, or what a call gives.
const SAME: &str = "(loop $l
      (if (call $get) (then (call $see (i32.const 1))))
      (call $see (block $z (result i32)
        (drop (br_if $z (local.get $n) (local.get $a)))
        (call $see (i32.const 2)) (local.get $n)))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $l (i32.lt_s (local.get $n) (local.get $a))))
    (call $see (block $h (result i32)
      (try_table (catch $e $h)
        (local.set $y (call $get))
        (call $see (block $z (result i32)
          (drop (br_if $z (local.get $y) (local.get $a)))
          (call $see (i32.const 3)) (local.get $y))))
      (return (local.get $n))))
    (local.get $x)";

/// Tests for null that are effects of the body although they never trap: straight on, and behind a
/// branch. The non-null reference stands in a local that may be null.
const TESTED: &str = "(local.set $r (global.get $g))
    (block $z (result (ref null $t)) (br $z (ref.as_non_null (local.get $r))))
    (global.set $g (ref.as_non_null))
    (block $z (result (ref null $t))
      (drop (br_if $z (ref.as_non_null (global.get $g)) (local.get $a)))
      (return (i32.const 1)))
    (local.set $q (ref.as_non_null))
    (call_ref $t (local.get $q)) (global.set $g (local.get $q)) (global.set $g (local.get $q))
    (i32.const 2)";

/// A header that only leads to another one, with a value that the only edge from before narrows:
/// the body has a parameter for it, what is emitted has none.
const NARROWED: &str = "(block $k
      (br_on_null $k (ref.func $h)) (local.set $f)
      (local.set $f (block $p (result funcref)
        (drop (br_if $p (ref.func $h) (local.get $a)))
        (br_if $p (ref.func $h) (local.get $n))
        (return (i32.const 1))))
      (local.get $f)
      (loop (param funcref)
        (local.set $f)
        (loop $q (call $see (local.get $a)) (br_if $q (local.get $a)))
        (local.get $f) (br_if 0 (call $get))
        (return (ref.is_null))))
    (i32.const 2)";

/// Two parameters of a join get one value on one edge, and one of them has it on all edges.
const BOTH: &str = "(block $p (result i32 i32)
      (local.get $a) (local.get $a)
      (br_if $p (call $get))
      (drop) (i32.const 7))
    (global.set $out) (global.set $number) (i32.const 1)";

fn proved(text: &str) -> (Module, CheckedBody) {
    let bytes = wat::parse_str(format!("{HEAD}{text}))")).expect("a text");
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("a module");
    let body = build(&module, last(&module), Metering::NONE).expect("a body");
    let body = CheckedBody::check(&module, body).expect("a proved body");
    (module, body)
}

fn last(module: &Module) -> FuncIdx {
    module.defined_funcs().last().expect("a function")
}

/// The rules by which `text` is refused as what `other` was emitted as.
fn judge(text: &str, other: &str) -> [Option<Rule>; 2] {
    let ((module, body), (_, other)) = (proved(text), proved(other));
    let types = Types::new(&module);
    [Style::Short, Style::Plain].map(|style| {
        let homes = emit_with(style, &module, &types, body.body()).expect("bytes").1;
        let emitted = emit_with(style, &module, &types, other.body()).expect("bytes").0;
        let bodies: Vec<_> = module
            .defined_funcs()
            .map(|func| (func == last(&module)).then_some(&emitted))
            .collect();
        let new = assemble(&module, &types, &bodies).bytes;
        let new = Module::decode(new, &Features::default(), &Limits::default());
        let twin = Twin::check(&module, &new.expect("a module")).expect("the same but for bodies");
        EmittedBody::check(&twin, &body, &Homes(&homes)).err().map(|rejection| rejection.rule)
    })
}

/// That a text is proved as it is emitted, and refused by these rules where it is edited.
fn judged(text: &str, edits: &[(&str, &str, [Rule; 2])]) {
    assert_eq!(judge(text, text), [None; 2], "{text}");
    let mut wrong = Vec::new();
    for &(from, to, rules) in edits {
        assert!(text.contains(from), "no {from} in {text}");
        let given = judge(text, &text.replace(from, to));
        if given != rules.map(Some) {
            wrong.push(format!("{given:?}, not {rules:?}: {from} => {to}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

use Rule::{Arguments, Effects, Operands, Targets};

/// Two reads of one thing, `far` operators apart, and the second one is used first: the emission
/// may have either first.
fn crossed(read: &str, between: &str, far: usize) -> String {
    let step = "(local.set $x (i32.mul (i32.add (local.get $x) (local.get $a)) (local.get $x)))";
    let far = step.repeat(far);
    format!(
        "{read} (i32.eqz) {far} {between} (local.set $y {read})
        (local.set $x (i32.add (local.get $x) (i32.load (local.get $y))))
        (global.set $out) (local.get $x)"
    )
}

#[test]
fn reads_of_one_thing_change_places_however_far_they_are_apart() {
    for read in ["(global.get $number)", "(memory.size)"] {
        for far in [0, 1, 5, 12, 40, 200] {
            judged(&crossed(read, "", far), &[]);
        }
    }
    // Not behind a change of it.
    for (read, change) in [
        ("(global.get $number)", "(global.set $number (local.get $a))"),
        ("(memory.size)", "(drop (memory.grow (local.get $a)))"),
    ] {
        for far in [0, 40] {
            let text = crossed(read, change, far).replace("(i32.eqz)", "(local.tee $n) (i32.eqz)");
            let edits = [("(i32.load (local.get $y))", "(i32.load (local.get $n))", [Operands; 2])];
            judged(&text, &edits);
        }
    }
}

#[test]
fn what_a_handler_gives_is_moved_behind_the_place() {
    let edits = [
        ("(local.set $x (i32.const 0))", "(local.set $x (i32.const 3))", [Arguments; 2]),
        ("(local.set $x (i32.const 0))", "", [Arguments; 2]),
        ("(local.set $x (i32.const 0))", "(local.set $x (local.get $n))", [Arguments; 2]),
        ("(drop) (br $l)", "(local.set $x) (br $l)", [Arguments; 2]),
        ("(drop) (br $l)", "(drop) (local.set $x (local.get $n)) (br $l)", [Arguments; 2]),
    ];
    judged(HANDED, &edits);
}

#[test]
fn what_a_handler_gives_may_change_places() {
    let turned = TURNED.replace("$p0", "$l");
    let back = "(local.set $y (local.get $x)) (local.set $x (local.get $a))";
    let edits = [
        ("(local.set $x (i32.const 0))", "(local.set $x (i32.const 3))", [Arguments; 2]),
        (back, "(local.set $x (local.get $a))", [Arguments; 2]),
        (back, "(local.set $y (local.get $x))", [Arguments; 2]),
        (back, "(local.set $y (local.get $a))", [Arguments; 2]),
    ];
    judged(&turned, &edits);
}

#[test]
fn clauses_lead_back_to_headers_in_a_row() {
    judged(ROW, &[("(i32.const 1)", "(i32.const 3)", [Operands; 2])]);
    let clauses = "(catch $o $p) (catch_all $q)";
    let edits = [
        (clauses, "(catch $o $q) (catch_all $p)", [Targets; 2]),
        (clauses, "(catch $o $q) (catch_all $q)", [Targets; 2]),
        (clauses, "(catch $o $p) (catch_all $p)", [Targets; 2]),
    ];
    judged(ROW_VALUE, &edits);
}

#[test]
fn a_handler_around_reads_what_begins_at_the_one_inside() {
    let edits = [
        ("(throw $o)", "(local.set $x (i32.const 5)) (throw $o)", [Operands; 2]),
        ("(throw $o)", "(local.set $x (local.get $a)) (throw $o)", [Operands; 2]),
        ("(drop)", "(local.set $x)", [Operands; 2]),
        ("(local.set $x (local.get $a))", "", [Arguments; 2]),
    ];
    judged(AROUND, &edits);
    let edits = [
        ("(i32.const 7)", "(i32.const 8)", [Arguments; 2]),
        ("(call $see) (br $k)", "(call $see) (local.set $x (i32.const 7)) (br $k)", [Operands; 2]),
    ];
    judged(APART, &edits);
    judged(REFERENCE, &[("i32.add", "i32.sub", [Operands; 2])]);
    judged(UNREAD, &[("(i32.const 7)", "(i32.const 8)", [Arguments; 2])]);
}

#[test]
fn a_join_may_hold_what_is_nothing_but_a_constant() {
    judged(NON_NULL, &[("(ref.func $h)", "(ref.func $k)", [Operands; 2])]);
    let edits = [
        ("(ref.func $h)", "(ref.func $k)", [Operands; 2]),
        ("(ref.func $h)", "(ref.null func)", [Operands; 2]),
        ("(local.get $f)", "(local.get $r)", [Operands; 2]),
    ];
    judged(PASSED, &edits);
}

#[test]
fn a_join_does_not_hold_what_is_read_behind_it() {
    let edits = [
        ("(call $see (local.get $x))", "(call $see (i32.const 2))", [Arguments; 2]),
        ("(call $see (local.get $x))", "(call $see (i32.const 1))", [Arguments; 2]),
    ];
    judged(CHOSEN, &edits);
    let edits = [
        ("(br $p)", "(local.set $y (i32.const 2)) (br $p)", [Arguments; 2]),
        ("(br $p)", "(local.set $y (i32.const 1)) (br $p)", [Arguments; 2]),
    ];
    judged(CHAINED, &edits);
}

#[test]
fn what_is_there_on_all_edges_needs_no_parameter() {
    let edits = [
        ("(call $see (i32.const 2)) (local.get $n)", "(call $see (i32.const 2)) (local.get $a)"),
        ("(call $see (i32.const 3)) (local.get $y)", "(call $see (i32.const 3)) (local.get $a)"),
    ];
    judged(SAME, &edits.map(|(from, to)| (from, to, [Arguments; 2])));
}

#[test]
fn a_test_for_null_that_never_traps_is_met() {
    let (first, second) = ("(ref.as_non_null (local.get $r))", "(global.set $g (ref.as_non_null))");
    let edits = [
        (first, "(local.get $r) (global.set $g (local.get $r))", [Effects; 2]),
        ("(ref.as_non_null (global.get $g))", "(global.get $g)", [Effects; 2]),
        ("(call_ref $t (local.get $q))", "(nop)", [Effects; 2]),
    ];
    judged(TESTED, &edits);
    // One test is enough, the one that may trap.
    let once = TESTED.replace(second, "(global.set $g)");
    assert_eq!(judge(TESTED, &once), [None; 2]);
    let none = once.replace(first, "(local.get $r)");
    assert_eq!(judge(TESTED, &none), [Some(Effects); 2]);
}

#[test]
fn a_header_of_one_side_may_be_lone_on_the_other() {
    assert_eq!(judge(NARROWED, NARROWED)[1], None);
    for (from, to, rule) in [
        ("(local.get $a))", "(i32.const 3))", Operands),
        ("(return (ref.is_null))", "(return (i32.const 0))", Targets),
    ] {
        assert_eq!(judge(NARROWED, &NARROWED.replace(from, to))[1], Some(rule), "{from}");
    }
}

#[test]
fn what_two_parameters_get_on_one_edge_is_the_one_with_its_home() {
    judged(BOTH, &[("(i32.const 7)", "(i32.const 8)", [Arguments; 2])]);
}
