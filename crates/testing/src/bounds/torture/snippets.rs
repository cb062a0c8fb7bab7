//! The bodies of the torture test: every operator in every form that a translation tells apart, in
//! the text format.
//!
//! [`OPERATORS`] gives the operators on values and memories; control, tables and the like are
//! written here. A body is executed in a loop; it leaves the operand stack as it was and ends with
//! no trap unless it says so.

use super::Trap;
use crate::generate::operators::{Immediate, OPERATORS, Plain, Ty};
use prova_runtime::TrapKind;
use std::fmt::Write as _;

/// A body.
#[derive(Clone, Debug)]
pub struct Snippet {
    /// The subject.
    pub name: String,
    /// Its operators.
    pub body: String,
    /// How it ends instead of looping.
    pub(super) trap: Trap,
}

impl Snippet {
    /// Whether it ends with a trap instead of looping.
    pub fn traps(&self) -> bool {
        self.trap.is_some()
    }
}

/// Functions before the first snippet's: the import and the helpers of [`HEAD`].
pub(super) const FUNCS_BEFORE: usize = 8;

/// Everything around the snippets.
const HEAD: &str = r#"(module
  (type $mix (func (param i32 i64) (result i64 i32)))
  (type $id (func (param i32) (result i32)))
  (import "host" "mix" (func $mix (type $mix)))
  (func $id (type $id) (local.get 0))
  (func $two (param i64 f64) (result f64 i64) (local.get 1) (local.get 0))
  (func $down (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (return_call $down (i32.sub (local.get $n) (i32.const 1))))
  (func $down_indirect (type $id)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
    (return_call_indirect (type $id) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))
  (func $tail_host (param i32 i64) (result i64 i32) (return_call $mix (local.get 0) (local.get 1)))
  (func $none)
  (func $down_ref (type $id)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
    (return_call_ref $id (i32.sub (local.get 0) (i32.const 1)) (ref.func $down_ref)))
  (tag $tag (param i32))
  (table $t 4 10 funcref) (table $u 4 10 funcref)
  (elem (table $t) (i32.const 0) func $id $down_indirect)
  (elem $passive func $id $id)
  (elem $dropped func $id)
  (elem declare func $down_ref)
  (memory $m 3 4) (memory $n 3 4) (memory $o i64 3 4)
  (data $bytes "0123456789abcdef") (data $gone "x")
  (global $gi (mut i32) (i32.const 1)) (global $gl (mut i64) (i64.const 1))
  (global $gf (mut f32) (f32.const 1)) (global $gd (mut f64) (f64.const 1))
  (global $gv (mut v128) (v128.const i64x2 1 2)) (global $gr (mut funcref) (ref.null func))
"#;

/// The locals of every body, with their values.
const LOCALS: &str = "(local $a i32) (local $b i32) (local $c i64) (local $d i64) (local $e f32) (local $f f32)
    (local $g f64) (local $h f64) (local $v v128) (local $w v128) (local $x i32) (local $y i64) (local $p i32)
    (local $q i64) (local $r funcref)
    (local.set $a (i32.const 7)) (local.set $b (i32.const 3)) (local.set $c (i64.const 7)) (local.set $d (i64.const 3))
    (local.set $e (f32.const 1.5)) (local.set $f (f32.const 2.5)) (local.set $g (f64.const 1.5)) (local.set $h (f64.const 2.5))
    (local.set $v (v128.const i32x4 1 2 3 4)) (local.set $w (v128.const i32x4 5 6 7 8))
    (local.set $p (i32.const 64)) (local.set $q (i64.const 64))";

/// The text of a module with all of these.
pub fn module_text(snippets: &[Snippet]) -> String {
    let mut text = HEAD.to_owned();
    for (i, snippet) in snippets.iter().enumerate() {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "(func (export \"t{i}\") (param $n i32) (result i32) {LOCALS}
              (loop $again {} (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
              (local.get $n))",
            snippet.body
        );
    }
    text.push(')');
    text
}

/// The text of a module whose export `f` executes the body of one snippet again and again without
/// end.
pub fn endless_text(body: &str) -> String {
    format!(
        "{HEAD}(func (export \"f\") (param $n i32) (result i32) {LOCALS} (loop $again {body} (br $again)) unreachable))"
    )
}

/// All of them.
pub fn all() -> Vec<Snippet> {
    let mut list = Vec::new();
    for op in OPERATORS.iter() {
        match op.immediate {
            Immediate::Memory { .. } => memory(&mut list, op),
            Immediate::None | Immediate::Lane(_) | Immediate::Shuffle => numeric(&mut list, op),
        }
    }
    for op in OPERATORS.iter().filter(|op| is_condition(op)) {
        condition(&mut list, op);
    }
    for (name, body) in BY_HAND {
        list.push(snippet(name, body));
    }
    for (name, body, kind) in TRAPPING {
        list.push(Snippet { trap: Some(*kind), ..snippet(name, body) });
    }
    list
}

fn snippet(name: &str, body: &str) -> Snippet {
    Snippet { name: name.to_owned(), body: body.to_owned(), trap: None }
}

/// The `i`th operand of its type, as a local.
fn operand(ty: Ty, i: usize) -> String {
    let locals = match ty {
        Ty::I32 => ["$a", "$b"],
        Ty::I64 => ["$c", "$d"],
        Ty::F32 => ["$e", "$f"],
        Ty::F64 => ["$g", "$h"],
        Ty::V128 => ["$v", "$w"],
        Ty::Func | Ty::Exn | Ty::Ref | Ty::Any | Ty::Pair | Ty::Bytes => ["$r", "$r"],
    };
    format!("(local.get {})", locals[i % 2])
}

fn immediate(op: &Plain) -> String {
    match op.immediate {
        Immediate::None => String::new(),
        Immediate::Lane(_) => " 1".to_owned(),
        Immediate::Shuffle => " 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23".to_owned(),
        Immediate::Memory { lanes, .. } => if lanes > 0 { " 1" } else { "" }.to_owned(),
    }
}

fn drops(op: &Plain) -> String {
    " drop".repeat(op.results.len())
}

/// An operator on locals, and with constants of all lengths on either side.
fn numeric(list: &mut Vec<Snippet>, op: &Plain) {
    let operands: Vec<String> =
        op.params.iter().enumerate().map(|(i, ty)| operand(*ty, i)).collect();
    let (name, immediate, drops) = (&op.name, immediate(op), drops(op));
    let of = |operands: &[String]| format!("{} {name}{immediate}{drops}", operands.join(" "));
    list.push(snippet(name, &of(&operands)));
    let [left, right] = op.params[..] else { return };
    let constants: &[&str] = match right {
        Ty::I32 => &["(i32.const 5)", "(i32.const 100000)"],
        Ty::I64 => &["(i64.const 5)", "(i64.const 100000)", "(i64.const 0x10000000000)"],
        Ty::F32 | Ty::F64 | Ty::V128 => &[],
        Ty::Func | Ty::Exn | Ty::Ref | Ty::Any | Ty::Pair | Ty::Bytes => &[],
    };
    for constant in constants {
        list.push(snippet(
            &format!("{name} .. {constant}"),
            &of(&[operands[0].clone(), (*constant).to_owned()]),
        ));
        if left == right {
            let swapped = [(*constant).to_owned(), operands[1].clone()];
            list.push(snippet(&format!("{name} {constant} .."), &of(&swapped)));
        }
    }
}

/// A memory operator on each memory, with a short and a long offset.
fn memory(list: &mut Vec<Snippet>, op: &Plain) {
    let operands: Vec<String> =
        op.params.iter().enumerate().map(|(i, ty)| operand(*ty, i)).collect();
    let (name, lane, drops) = (&op.name, immediate(op), drops(op));
    for (memory, address) in [("$m", "$p"), ("$n", "$p"), ("$o", "$q")] {
        for offset in [0, 16, 70_000] {
            let offset = if offset == 0 { String::new() } else { format!(" offset={offset}") };
            let operands = operands.join(" ");
            let body =
                format!("(local.get {address}) {operands} {name} {memory}{offset}{lane}{drops}");
            list.push(snippet(&format!("{name} {memory}{offset}"), &body));
        }
    }
}

/// Whether a branch may take this comparison in.
fn is_condition(op: &Plain) -> bool {
    let scalar = [Ty::I32, Ty::I64, Ty::F32, Ty::F64];
    let comparison = op.name.split_once('.').is_some_and(|(_, op)| {
        let op = op.trim_end_matches("_s").trim_end_matches("_u");
        ["eq", "ne", "lt", "gt", "le", "ge", "eqz", "and"].contains(&op)
    });
    comparison && op.results == [Ty::I32] && op.params.iter().all(|ty| scalar.contains(ty))
}

/// A comparison before a branch, as it is and negated, on locals and with constants.
fn condition(list: &mut Vec<Snippet>, op: &Plain) {
    let left = operand(op.params[0], 0);
    let mut rights = vec![String::new()];
    if let Some(ty) = op.params.get(1) {
        rights = vec![operand(*ty, 1)];
        let constants: &[&str] = match ty {
            Ty::I32 => &["(i32.const 5)", "(i32.const 100000)", "(i32.const 0)"],
            Ty::I64 => &["(i64.const 5)", "(i64.const 0x10000000000)", "(i64.const 0)"],
            Ty::F32 | Ty::F64 | Ty::V128 => &[],
            Ty::Func | Ty::Exn | Ty::Ref | Ty::Any | Ty::Pair | Ty::Bytes => &[],
        };
        rights.extend(constants.iter().map(|constant| (*constant).to_owned()));
    }
    for right in rights {
        let swapped = (!right.is_empty()).then(|| format!("({} {right} {left})", op.name));
        let straight = format!("({} {left} {right})", op.name);
        for test in [Some(straight), swapped].into_iter().flatten() {
            let forms = [
                ("br_if", format!("(block (br_if 0 {test}) (local.set $x (i32.const 1)))")),
                (
                    "br_if not",
                    format!("(block (br_if 0 (i32.eqz {test})) (local.set $x (i32.const 1)))"),
                ),
                ("if", format!("(if {test} (then (local.set $x (i32.const 1))))")),
                ("if not", format!("(if (i32.eqz {test}) (then (local.set $x (i32.const 1))))")),
                ("select", format!("(local.set $x (select (local.get $a) (local.get $b) {test}))")),
            ];
            for (form, body) in forms {
                list.push(snippet(&format!("{form} {test}"), &body));
            }
        }
    }
}

/// The operators that are not in the table.
const BY_HAND: &[(&str, &str)] = &[
    ("nop", "nop"),
    ("block, br", "(block (br 0))"),
    (
        "block with values",
        "(block (result i32 i64) (local.get $a) (local.get $c) (br 0)) drop drop",
    ),
    (
        "if, else",
        "(if (local.get $a) (then (local.set $x (i32.const 1))) (else (local.set $x (i32.const 2))))",
    ),
    (
        "if not",
        "(if (local.get $x) (then (local.set $x (i32.const 0))) (else (local.set $x (i32.const 0))))",
    ),
    ("br_if with values", "(block (result i32) (br_if 0 (local.get $a) (local.get $b))) drop"),
    ("br_table", "(block (block (block (br_table 0 1 2 (local.get $b)))))"),
    ("br_table in range", "(block (block (block (br_table 0 1 2 2 2 (local.get $b)))))"),
    (
        "br_table with values",
        "(block (result i32) (block (result i32) (br_table 0 1 (local.get $a) (local.get $b)))) drop",
    ),
    ("i32.load at a sum", "(drop (i32.load (i32.add (local.get $p) (local.get $a))))"),
    ("i32.load behind a sum", "(drop (i32.load (i32.add (local.get $p) (i32.const 8))))"),
    ("i64.load at a sum", "(drop (i64.load (i32.add (local.get $p) (local.get $a))))"),
    ("i64.load behind a sum", "(drop (i64.load (i32.add (local.get $p) (i32.const 8))))"),
    ("i32.load8_s at a sum", "(drop (i32.load8_s (i32.add (local.get $p) (local.get $a))))"),
    ("i32.load8_s behind a sum", "(drop (i32.load8_s (i32.add (local.get $p) (i32.const 8))))"),
    ("i32.load8_u at a sum", "(drop (i32.load8_u (i32.add (local.get $p) (local.get $a))))"),
    ("i32.load8_u behind a sum", "(drop (i32.load8_u (i32.add (local.get $p) (i32.const 8))))"),
    ("i32.load16_s at a sum", "(drop (i32.load16_s (i32.add (local.get $p) (local.get $a))))"),
    ("i32.load16_s behind a sum", "(drop (i32.load16_s (i32.add (local.get $p) (i32.const 8))))"),
    ("i32.load16_u at a sum", "(drop (i32.load16_u (i32.add (local.get $p) (local.get $a))))"),
    ("i32.load16_u behind a sum", "(drop (i32.load16_u (i32.add (local.get $p) (i32.const 8))))"),
    ("i64.load32_s at a sum", "(drop (i64.load32_s (i32.add (local.get $p) (local.get $a))))"),
    ("i64.load32_s behind a sum", "(drop (i64.load32_s (i32.add (local.get $p) (i32.const 8))))"),
    ("i64.load32_u at a sum", "(drop (i64.load32_u (i32.add (local.get $p) (local.get $a))))"),
    ("i64.load32_u behind a sum", "(drop (i64.load32_u (i32.add (local.get $p) (i32.const 8))))"),
    ("i32.store of a constant", "(i32.store (local.get $p) (i32.const 5))"),
    ("i64.store of a constant", "(i64.store (local.get $p) (i64.const 5))"),
    ("i32.store8 of a constant", "(i32.store8 (local.get $p) (i32.const 5))"),
    ("i32.store16 of a constant", "(i32.store16 (local.get $p) (i32.const 5))"),
    ("mask of a shift", "(drop (i32.and (i32.shr_u (local.get $a) (i32.const 3)) (i32.const 5)))"),
    ("shift of a mask", "(drop (i32.shl (i32.and (local.get $a) (i32.const 3)) (i32.const 5)))"),
    ("sign of a part", "(drop (i32.shr_s (i32.shl (local.get $a) (i32.const 3)) (i32.const 5)))"),
    ("sum with a shift", "(drop (i32.add (i32.shl (local.get $a) (i32.const 3)) (local.get $b)))"),
    (
        "sum with a product",
        "(drop (i32.add (i32.mul (local.get $a) (local.get $b)) (local.get $a)))",
    ),
    (
        "long sum with a product",
        "(drop (i64.add (i64.mul (local.get $c) (local.get $d)) (local.get $c)))",
    ),
    (
        "f64: add behind a product",
        "(drop (f64.add (f64.mul (local.get $g) (local.get $h)) (local.get $g)))",
    ),
    (
        "f64: add of a product",
        "(drop (f64.add (local.get $g) (f64.mul (local.get $g) (local.get $h))))",
    ),
    (
        "f64: sub behind a product",
        "(drop (f64.sub (f64.mul (local.get $g) (local.get $h)) (local.get $g)))",
    ),
    (
        "f64: sub of a product",
        "(drop (f64.sub (local.get $g) (f64.mul (local.get $g) (local.get $h))))",
    ),
    ("f32 copied", "(local.set $e (f32.neg (local.get $e))) (local.set $f (local.get $e))"),
    ("f64 copied", "(local.set $g (f64.neg (local.get $g))) (local.set $h (local.get $g))"),
    (
        "constant before a branch",
        "(local.set $a (i32.const 7)) (if (local.get $x) (then (local.set $x (local.get $a))))",
    ),
    (
        "f64.eq of a constant, both ways",
        "(block (br_if 0 (f64.eq (local.get $g) (f64.const 1.5))))
         (if (f64.eq (local.get $g) (f64.const 1.5)) (then (local.set $g (local.get $g))))",
    ),
    (
        "f64.ne of a constant, both ways",
        "(block (br_if 0 (f64.ne (local.get $g) (f64.const 1.5))))
         (if (f64.ne (local.get $g) (f64.const 1.5)) (then (local.set $g (local.get $g))))",
    ),
    (
        "f64.lt of a constant, both ways",
        "(block (br_if 0 (f64.lt (local.get $g) (f64.const 1.5))))
         (if (f64.lt (local.get $g) (f64.const 1.5)) (then (local.set $g (local.get $g))))",
    ),
    (
        "f64.gt of a constant, both ways",
        "(block (br_if 0 (f64.gt (local.get $g) (f64.const 1.5))))
         (if (f64.gt (local.get $g) (f64.const 1.5)) (then (local.set $g (local.get $g))))",
    ),
    (
        "f64.le of a constant, both ways",
        "(block (br_if 0 (f64.le (local.get $g) (f64.const 1.5))))
         (if (f64.le (local.get $g) (f64.const 1.5)) (then (local.set $g (local.get $g))))",
    ),
    (
        "f64.ge of a constant, both ways",
        "(block (br_if 0 (f64.ge (local.get $g) (f64.const 1.5))))
         (if (f64.ge (local.get $g) (f64.const 1.5)) (then (local.set $g (local.get $g))))",
    ),
    (
        "f32.load of a sum",
        "(local.set $e (f32.load $m (i32.add (local.get $p) (local.get $a))))
         (local.set $e (f32.load $m (i32.add (local.get $p) (i32.const 8))))",
    ),
    ("f32.store of a result", "(f32.store $m (local.get $p) (f32.neg (local.get $e)))"),
    (
        "f64.load of a sum",
        "(local.set $g (f64.load $m (i32.add (local.get $p) (local.get $a))))
         (local.set $g (f64.load $m (i32.add (local.get $p) (i32.const 8))))",
    ),
    ("f64.store of a result", "(f64.store $m (local.get $p) (f64.neg (local.get $g)))"),
    (
        "sums of globals",
        "(local.set $x (i32.add (global.get $gi) (i32.const 3)))
         (global.set $gi (i32.add (local.get $a) (i32.const 3)))",
    ),
    (
        "sum before a jump",
        "(if (local.get $x) (then (local.set $a (i32.add (local.get $a) (i32.const 1)))) (else (local.set $x (i32.const 5))))",
    ),
    (
        "sum and ne b",
        "(block (br_if 0 (i32.ne (local.tee $x (i32.add (local.get $a) (i32.const 1))) (local.get $b))))",
    ),
    (
        "sum and ne 9",
        "(block (br_if 0 (i32.ne (local.tee $x (i32.add (local.get $a) (i32.const 1))) (i32.const 9))))",
    ),
    (
        "sum and lt_s b",
        "(block (br_if 0 (i32.lt_s (local.tee $x (i32.add (local.get $a) (i32.const 1))) (local.get $b))))",
    ),
    (
        "sum and lt_u b",
        "(block (br_if 0 (i32.lt_u (local.tee $x (i32.add (local.get $a) (i32.const 1))) (local.get $b))))",
    ),
    (
        "field and sum",
        "(local.set $x (i32.add (i32.and (i32.shr_u (local.get $a) (i32.const 3)) (i32.const 7)) (local.get $b)))",
    ),
    (
        "select of constants",
        "(local.set $x (select (i32.const 5) (local.get $a) (local.get $b)))
         (local.set $x (select (local.get $a) (i32.const 5) (local.get $b)))
         (local.set $x (select (i32.const -1) (local.get $a) (local.get $b)))
         (local.set $x (select (local.get $a) (i32.const -1) (local.get $b)))",
    ),
    (
        "br_table of a sum",
        "(block (block (block (br_table 0 1 2 (i32.add (local.get $b) (i32.const 1))))))",
    ),
    ("return", "(if (i32.eqz (local.get $a)) (then (return (i32.const 0))))"),
    ("call", "(drop (call $id (local.get $a)))"),
    ("call without results", "(call $none)"),
    ("call with several results", "(call $two (local.get $c) (local.get $g)) drop drop"),
    ("call of the host", "(call $mix (local.get $a) (local.get $c)) drop drop"),
    ("call_indirect", "(drop (call_indirect (type $id) (local.get $a) (i32.const 0)))"),
    ("return_call", "(drop (call $down (i32.const 30)))"),
    ("return_call_indirect", "(drop (call $down_indirect (i32.const 30)))"),
    ("return_call of the host", "(call $tail_host (local.get $a) (local.get $c)) drop drop"),
    ("call_ref", "(drop (call_ref $id (local.get $a) (ref.func $id)))"),
    ("return_call_ref", "(drop (call $down_ref (i32.const 30)))"),
    ("ref.as_non_null", "(drop (ref.as_non_null (ref.func $id)))"),
    ("br_on_null", "(block (drop (br_on_null 0 (local.get $r))))"),
    (
        "br_on_non_null",
        "(block (result (ref func)) (br_on_non_null 0 (global.get $gr)) (ref.func $id)) drop",
    ),
    (
        "throw",
        "(block (result i32) (try_table (catch $tag 0) (throw $tag (local.get $a))) unreachable) drop",
    ),
    (
        "throw_ref",
        "(block $all (try_table (catch_all $all) (throw_ref (block $ref (result exnref)
            (try_table (catch_all_ref $ref) (throw $tag (local.get $a))) unreachable))))",
    ),
    ("drop", "(drop (local.get $a))"),
    ("select i32", "(local.set $x (select (local.get $a) (local.get $b) (local.get $x)))"),
    ("select v128", "(local.set $v (select (local.get $v) (local.get $w) (local.get $a)))"),
    (
        "select funcref",
        "(local.set $r (select (result funcref) (local.get $r) (ref.null func) (local.get $a)))",
    ),
    ("local.set", "(local.set $x (local.get $a))"),
    ("two local.set", "(local.set $x (local.get $a)) (local.set $y (local.get $c))"),
    ("local.set v128", "(local.set $v (local.get $w))"),
    ("local.tee", "(drop (local.tee $x (local.get $a)))"),
    (
        "a local overwritten below a block",
        "(local.get $a) (block (local.set $a (i32.const 7))) drop",
    ),
    (
        "constants",
        "(local.set $x (i32.const 5)) (local.set $y (i64.const 5)) (local.set $y (i64.const 0x10000000000))",
    ),
    ("constants of floats", "(local.set $e (f32.const 1.5)) (local.set $g (f64.const 1.1))"),
    ("v128.const", "(local.set $v (v128.const i64x2 1 2))"),
    ("global i32", "(global.set $gi (global.get $gi))"),
    ("global i64", "(global.set $gl (global.get $gl))"),
    ("global f32", "(global.set $gf (global.get $gf))"),
    ("global f64", "(global.set $gd (global.get $gd))"),
    ("global v128", "(global.set $gv (global.get $gv))"),
    ("global funcref", "(global.set $gr (global.get $gr))"),
    ("ref.func", "(local.set $r (ref.func $id))"),
    ("ref.null", "(local.set $r (ref.null func))"),
    ("ref.is_null", "(drop (ref.is_null (local.get $r)))"),
    ("table.get, table.set", "(table.set $u (local.get $b) (table.get $t (i32.const 0)))"),
    ("table.size", "(drop (table.size $t))"),
    ("table.grow", "(drop (table.grow $u (ref.null func) (i32.const 0)))"),
    ("table.fill", "(table.fill $u (i32.const 0) (ref.null func) (i32.const 2))"),
    ("table.copy", "(table.copy $u $t (i32.const 0) (i32.const 0) (i32.const 2))"),
    ("table.init", "(table.init $u $passive (i32.const 0) (i32.const 0) (i32.const 2))"),
    ("elem.drop", "(elem.drop $dropped)"),
    ("memory.size", "(drop (memory.size $m)) (drop (memory.size $n)) (drop (memory.size $o))"),
    ("memory.grow", "(drop (memory.grow $m (i32.const 0))) (drop (memory.grow $o (i64.const 0)))"),
    ("memory.fill", "(memory.fill $m (local.get $p) (local.get $a) (i32.const 9))"),
    ("memory.copy", "(memory.copy $m $n (local.get $p) (local.get $p) (i32.const 9))"),
    ("memory.copy of 64 bits", "(memory.copy $o $m (local.get $q) (local.get $p) (i32.const 9))"),
    ("memory.init", "(memory.init $m $bytes (local.get $p) (i32.const 0) (i32.const 9))"),
    ("data.drop", "(data.drop $gone)"),
    ("atomic.fence", "(atomic.fence)"),
];

/// Operators that never go on.
const TRAPPING: &[(&str, &str, TrapKind)] = &[
    ("unreachable", "unreachable", TrapKind::Unreachable),
    (
        "memory.atomic.wait32",
        "(drop (memory.atomic.wait32 $m (local.get $p) (i32.const 0) (i64.const 0)))",
        TrapKind::ExpectedSharedMemory,
    ),
    (
        "memory.atomic.wait64",
        "(drop (memory.atomic.wait64 $m (local.get $p) (i64.const 0) (i64.const 0)))",
        TrapKind::ExpectedSharedMemory,
    ),
];
