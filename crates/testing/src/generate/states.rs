//! Seed → a module whose function is a state machine over a random graph.
//!
//! ```text
//! loop $d (block … (block (br_table state)) code of state 0) … code of state n − 1)
//! ```
//!
//! Each way out of a state sets the next one by a constant and goes back to the loop. So the graph
//! of the states, which `dissolve` makes of it, is any graph: nothing keeps it reducible. States
//! compute with locals of several types, write to memory and to a log, may trap, call a function
//! that throws to a handler which goes on to another state, and every function ends, since states
//! are counted down.

use crate::generate::Call;
use prova_random::Rng;
use std::fmt::Write as _;

/// The most states.
const STATES_MAX: usize = 9;

/// The definitions around the function.
const AROUND: &str = "
  (tag $e (param i32))
  (memory (export \"m\") 1)
  (global $log (export \"log\") (mut i32) (i32.const 1))
  (func $note (param i32)
    (global.set $log (i32.xor (i32.mul (global.get $log) (i32.const 31)) (local.get 0))))
  (func $twice (param i32) (result i32 i64)
    (call $note (local.get 0)) (i32.shl (local.get 0) (i32.const 1)) (i64.const 5))
  (func $may (param i32) (result i32)
    (if (i32.and (local.get 0) (i32.const 1)) (then (throw $e (i32.add (local.get 0) (i32.const 7)))))
    (i32.add (local.get 0) (i32.const 3)))
  (elem declare func $may)";

/// A module's text, and calls of its function.
pub(crate) fn case(rng: &mut Rng) -> (String, Vec<Call>) {
    let count = rng.between(2, STATES_MAX);
    let mut text = format!("(module {AROUND}\n  (func (export \"f\")");
    text.push_str(" (param $a i32) (param $x i64) (result i32 i64 f64)\n");
    text.push_str("    (local $b i32) (local $c i32) (local $y i64) (local $z f64)\n");
    text.push_str("    (local $r funcref) (local $v v128) (local $steps i32) (local $s i32)\n");
    let _ = writeln!(text, "    (local.set $steps (i32.const {}))", rng.between(4, 60));
    for _ in 0..rng.below(3) {
        statement(rng, &mut text);
    }
    text.push_str("    (loop $d");
    (0..count).rev().for_each(|state| _ = write!(text, " (block $n{state}"));
    text.push_str(" (br_table");
    (0..count).for_each(|state| _ = write!(text, " $n{state}"));
    text.push_str(" (local.get $s))");
    for _ in 0..count {
        text.push_str(")\n    (if (i32.eqz (local.get $steps)) (then (return ");
        text.push_str("(i32.add (local.get $b) (local.get $c)) (i64.add (local.get $x) (local.get $y)) (local.get $z))))\n");
        text.push_str("    (local.set $steps (i32.sub (local.get $steps) (i32.const 1)))\n");
        for _ in 0..rng.below(4) {
            statement(rng, &mut text);
        }
        end(rng, count, &mut text);
    }
    text.push_str(") (unreachable)))");
    let calls = (0..4).map(|at| Call {
        export: "f".to_owned(),
        args: vec![if at == 0 { 0 } else { rng.bits() & 0xffff_ffff }, rng.bits()],
    });
    (text, calls.collect())
}

fn int(rng: &mut Rng) -> String {
    match rng.below(6) {
        0 => format!("(i32.const {})", rng.below(9)),
        1 => "(i32.wrap_i64 (local.get $y))".to_owned(),
        _ => format!("(local.get ${})", ["a", "b", "c"][rng.below(3)]),
    }
}

fn statement(rng: &mut Rng, text: &mut String) {
    let to = ["a", "b", "c"][rng.below(3)];
    let (one, other) = (int(rng), int(rng));
    let operator = ["add", "sub", "mul", "xor", "shr_u", "lt_s"][rng.below(6)];
    let written = match rng.below(14) {
        0..4 => format!("(local.set ${to} (i32.{operator} {one} {other}))"),
        4 => format!("(call $note {one})"),
        5 => format!("(i32.store (i32.and {one} (i32.const 0xffc)) {other})"),
        6 => format!("(local.set ${to} (i32.load (i32.and {one} (i32.const 0xfff))))"),
        7 => format!("(local.set ${to} (i32.div_u {one} (i32.or {other} (i32.const 4))))"),
        8 => "(local.set $y (i64.add (local.get $x) (i64.extend_i32_u (local.get $b))))".to_owned(),
        9 => {
            "(local.set $z (f64.add (local.get $z) (f64.convert_i32_s (local.get $a))))".to_owned()
        }
        10 => format!(
            "(if {one} (then (local.set $r (ref.func $may))) (else (local.set $r (ref.null func))))"
        ),
        11 => format!("(local.set ${to} (ref.is_null (local.get $r)))"),
        12 => format!(
            "(local.set $v (i32x4.add (local.get $v) (i32x4.splat {one}))) (local.set ${to} (i32x4.extract_lane 2 (local.get $v)))"
        ),
        _ => format!("(call $twice {one}) (local.set $y) (local.set ${to})"),
    };
    let _ = writeln!(text, "    {written}");
}

/// The way to a state.
fn goto(rng: &mut Rng, count: usize) -> String {
    format!("(local.set $s (i32.const {})) (br $d)", rng.below(count))
}

fn end(rng: &mut Rng, count: usize, text: &mut String) {
    let by = int(rng);
    let mut to = || goto(rng, count);
    let (one, other, third) = (to(), to(), to());
    let written = match rng.below(9) {
        0 => one,
        1..5 => format!("(if {by} (then {one}) (else {other}))"),
        5 => format!(
            "(block $q (block $p (br_table $p $q $q {by})) {one}) (if (i32.lt_s {by} (local.get $c)) (then {other}) (else {third}))"
        ),
        6 | 7 => format!(
            "(block $h (result i32) (local.set $b (try_table (result i32) (catch $e $h) (call $may {by}))) {one}) (local.set $c) {other}"
        ),
        _ => format!("(block $p (br_on_null $p (local.get $r)) (drop) {one}) {other}"),
    };
    let _ = writeln!(text, "    {written}");
}
