//! The proof of emission over graphs of states: blocks with more parameters than Wasm gives them,
//! and in an order that Wasm does not have.
//!
//! Each graph is a state machine whose loop is dissolved. It is proved as it is emitted in both
//! styles, and what another one was emitted as is refused by its rule. Green does not show that
//! random graphs are proved: the project's campaign of irreducible graphs does.

use prova_emit::emitted::{EmittedBody, Homes, Rule, Twin};
use prova_emit::reducify::dissolve;
use prova_emit::{Style, Types, assemble, emit_with};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_optimize::{Pass, optimize};
use prova_ssa::{BlockData, CheckedBody, Metering, Terminator, build};

/// A handler's clause that comes to its state by a block that jumps back in the body's order, since
/// state 1 led to state 2 when the blocks were put in order.
const CLAUSE: &str = "(module
  (import \"m\" \"see\" (func $see (param i32)))
  (import \"m\" \"get\" (func $get (result i32)))
  (tag $e (param i32))
  (func (export \"f\") (param $a i32) (result i32) (local $c i32) (local $s i32)
    (loop $d (block $n2 (block $n1 (block $n0 (br_table $n0 $n1 $n2 (local.get $s)))
      (if (call $get)
        (then (local.set $s (i32.const 2)) (br $d)) (else (local.set $s (i32.const 1)) (br $d))))
      (call $see (local.get $c))
      (if (i32.const 0) (then (local.set $s (i32.const 2)) (br $d)))
      (if (call $get) (then (return (local.get $a))))
      (local.set $s (i32.const 0)) (br $d))
      (block $h (result i32)
        (drop (try_table (result i32) (catch $e $h) (call $get)))
        (local.set $s (i32.const 0)) (br $d))
      (nop) (local.set $c) (local.set $s (i32.const 1)) (br $d))
    (unreachable)))";

/// A join that is a state's start in part: the `if` of state 1 has one value that begins there, and
/// one that only goes through it.
const JOIN: &str = "(module
  (import \"m\" \"see\" (func $see (param i32)))
  (import \"m\" \"get\" (func $get (result i32)))
  (func (export \"f\") (param $a i32) (result i32)
    (local $c i32) (local $r i32) (local $s i32)
    (loop $d (block $n2 (block $n1 (block $n0 (br_table $n0 $n1 $n2 (local.get $s)))
      (if (call $get) (then (return (local.get $c))))
      (local.set $a (call $get))
      (local.set $s (i32.const 1)) (br $d))
      (if (local.get $a)
        (then (local.set $r (i32.const 4))) (else (local.set $r (i32.const 9))))
      (local.set $c (i32.eqz (local.get $r)))
      (local.set $s (i32.const 2)) (br $d))
      (call $see (local.get $c))
      (if (local.get $a) (then (local.set $s (i32.const 0)) (br $d)))
      (local.set $c (call $get))
      (local.set $s (i32.const 0)) (br $d))
    (unreachable)))";

/// A state that a handler's clause enters at once, and to which a table leads back.
const ENTERED: &str = "(module
  (import \"m\" \"see\" (func $see (param i32)))
  (import \"m\" \"get\" (func $get (result i32)))
  (tag $e (param i32))
  (func (export \"f\") (param $a i32) (result i32) (local $c i32) (local $s i32)
    (loop $d (block $n2 (block $n1 (block $n0 (br_table $n0 $n1 $n2 (local.get $s)))
      (block $h (result i32)
        (drop (try_table (result i32) (catch $e $h) (call $get)))
        (return (local.get $a)))
      (local.set $c) (local.set $s (i32.const 1)) (br $d))
      (call $see (local.get $c))
      (local.set $c (i32.add (local.get $c) (i32.const 1)))
      (block $q
        (block $p (br_table $p $q (call $get)))
        (local.set $s (i32.const 1)) (br $d))
      (local.set $s (i32.const 2)) (br $d))
      (return (local.get $c)))
    (unreachable)))";

/// A loop, state 3, to which a value comes by two names: from state 4 as itself, and before that
/// as the parameter of states 1 and 2, which is nothing else on any edge. So the image has one
/// local for both, and no parameter where these ways meet.
const RENAMED: &str = "(module
  (import \"m\" \"see\" (func $see (param i32)))
  (import \"m\" \"get\" (func $get (result i32)))
  (func (export \"f\") (param $a i32) (result i32) (local $b i32) (local $s i32)
    (loop $d (block $n4 (block $n3 (block $n2 (block $n1 (block $n0
      (br_table $n0 $n1 $n2 $n3 $n4 (local.get $s)))
      (local.set $b (i32.const 5))
      (if (call $get)
        (then (local.set $s (i32.const 1)) (br $d)) (else (local.set $s (i32.const 4)) (br $d))))
      (call $see (local.get $a))
      (if (call $get)
        (then (local.set $s (i32.const 1)) (br $d)) (else (local.set $s (i32.const 2)) (br $d))))
      (local.set $b (call $get))
      (if (local.get $b)
        (then (local.set $s (i32.const 1)) (br $d)) (else (local.set $s (i32.const 3)) (br $d))))
      (call $see (local.get $b))
      (local.set $a (i32.add (local.get $a) (local.get $b)))
      (if (call $get) (then (local.set $s (i32.const 3)) (br $d)))
      (return (local.get $a)))
      (call $see (i32.const 7))
      (local.set $s (i32.const 3)) (br $d))
    (unreachable)))";

const FUNC: FuncIdx = FuncIdx(2);

/// The graph of the states of a module's function behind passes, with its module.
fn graph(text: &str, passes: &[Pass]) -> (Module, CheckedBody) {
    let bytes = wat::parse_str(text).expect("a text");
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("a module");
    let body = build(&module, FUNC, Metering::NONE).expect("a body");
    let body = CheckedBody::check(&module, body).expect("a proved body");
    let is_table = |data: &BlockData| matches!(data.terminator, Terminator::Table { .. });
    let table = body.body().blocks().find(|(_, data)| is_table(data)).expect("a table").0;
    let graph = dissolve(&body, table).expect("proved").expect("a state machine");
    let (graph, refused) = optimize(graph, passes);
    assert!(refused.is_empty(), "{}", refused[0]);
    (module, graph)
}

/// The rules by which the graph of `other` is refused as the source of `text`'s emission.
fn judge(text: &str, other: &str, passes: &[Pass]) -> [Option<Rule>; 2] {
    let ((module, body), (_, other)) = (graph(text, passes), graph(other, passes));
    let types = Types::new(&module);
    [Style::Short, Style::Plain].map(|style| {
        let homes = emit_with(style, &module, &types, body.body()).expect("bytes").1;
        let emitted = emit_with(style, &module, &types, other.body()).expect("bytes").0;
        let new = assemble(&module, &types, &[Some(&emitted)]).bytes;
        let new = Module::decode(new, &Features::default(), &Limits::default());
        let twin = Twin::check(&module, &new.expect("a module")).expect("the same but for bodies");
        EmittedBody::check(&twin, &body, &Homes(&homes)).err().map(|rejection| rejection.rule)
    })
}

/// Edits of a text, with the rule that refuses what is emitted then; all of them that differ.
fn wrong(text: &str, edits: &[(&str, &str, Option<Rule>)], passes: &[Pass]) -> Vec<String> {
    let mut wrong = Vec::new();
    for &(from, to, rule) in edits {
        assert!(text.contains(from), "no {from} in {text}");
        let given = judge(text, &text.replace(from, to), passes);
        if given != [rule; 2] {
            wrong.push(format!("{given:?}, not {rule:?}: {from} => {to}"));
        }
    }
    wrong
}

#[test]
fn a_clause_goes_on_by_a_block_that_jumps_back() {
    let clause = "(local.set $c) (local.set $s (i32.const 1))";
    let edits = [
        ("(nop)", "(nop)", None),
        // The payload is dropped, or written elsewhere; another state; an effect on the way.
        (clause, "(drop) (local.set $s (i32.const 1))", Some(Rule::Arguments)),
        (clause, "(local.set $a) (local.set $s (i32.const 1))", Some(Rule::Operands)),
        (clause, "(local.set $c) (local.set $s (i32.const 0))", Some(Rule::Targets)),
        ("(nop)", "(call $see (i32.const 1))", Some(Rule::Targets)),
    ];
    assert_eq!(wrong(CLAUSE, &edits, &[Pass::Fold]), [""; 0]);
}

#[test]
fn a_join_may_have_values_that_only_go_through_it() {
    let swapped = "(i32.const 9))) (else (local.set $r (i32.const 4)";
    let edits = [
        ("i32.eqz", "i32.eqz", None),
        ("(i32.eqz (local.get $r))", "(i32.eqz (local.get $a))", Some(Rule::Effects)),
        ("(i32.const 9)", "(i32.const 8)", Some(Rule::Arguments)),
        ("(i32.const 4))) (else (local.set $r (i32.const 9)", swapped, Some(Rule::Arguments)),
        (
            "(if (local.get $a) (then (local.set $s",
            "(if (local.get $c) (then (local.set $s",
            Some(Rule::Arguments),
        ),
    ];
    assert_eq!(wrong(JOIN, &edits, &[Pass::Fold]), [""; 0]);
    // In the short style the value is on the stack.
    let given = judge(JOIN, &JOIN.replace("i32.eqz", "i32.clz"), &[Pass::Fold]);
    assert_eq!(given, [Some(Rule::Arguments), Some(Rule::Operands)]);
}

#[test]
fn a_table_leads_back_to_a_header_that_a_clause_enters() {
    let edits = [
        ("i32.add", "i32.add", None),
        ("(call $see (local.get $c))", "(call $see (local.get $a))", Some(Rule::Operands)),
        ("$p $q (call $get)", "$q $p (call $get)", Some(Rule::Targets)),
    ];
    assert_eq!(wrong(ENTERED, &edits, &Pass::DEFAULT), [""; 0]);
}

#[test]
fn a_value_may_come_to_a_loop_by_two_names() {
    let on = "(call $see (i32.const 7))";
    let edits = [
        ("i32.add", "i32.add", None),
        ("(call $see (local.get $b))", "(call $see (local.get $a))", Some(Rule::Operands)),
        // What comes by one of the ways alone is another one.
        ("(i32.const 5)", "(i32.const 6)", Some(Rule::Arguments)),
        (on, "(call $see (i32.const 7)) (local.set $a (i32.const 3))", Some(Rule::Arguments)),
    ];
    assert_eq!(wrong(RENAMED, &edits, &[]), [""; 0]);
}
