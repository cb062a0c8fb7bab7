//! Structures, arrays, small integers, casts.
//!
//! Objects are made and used inside of the function, since what a frame shows are its parameters.

use super::{compute, get, set};
use crate::suite::form::{Feed, Form, Unit};
use crate::suite::values::{Ty, edges};
use prova_bytecode::Op;

const TYPES: &str = "(type $s (sub (struct (field (mut i32) (mut i64) (mut v128) (mut i8) (mut i16) (mut anyref)))))
  (type $t (sub final $s (struct (field (mut i32) (mut i64) (mut v128) (mut i8) (mut i16) (mut anyref) f64))))
  (type $p (struct (field i8 i16)))
  (type $a (array (mut i32))) (type $b (array (mut i8))) (type $v (array (mut v128))) (type $f (array (mut funcref)))
  (type $h (array (mut i16))) (type $l (array (mut i64))) (type $r (array (mut anyref)))
  (data $data \"\\00\\01\\7f\\80\\ff\\10\\20\\30\") (elem $elem func $g $g) (func $g)
  (func $new (param i32 i64 v128) (result (ref $s))
    (struct.new $s (local.get 0) (local.get 1) (local.get 2) (local.get 0) (local.get 0) (ref.i31 (local.get 0))))
  (func $twice (param i32 i64 v128) (result (ref $s) (ref $s)) (local $x (ref $s))
    (local.tee $x (call $new (local.get 0) (local.get 1) (local.get 2))) (local.get $x))
  (func $show (param $x (ref $s)) (result i32 i64 v128)
    (i32.xor (i32.xor (struct.get $s 0 (local.get $x)) (i31.get_u (ref.cast (ref i31) (struct.get $s 5 (local.get $x)))))
      (i32.xor (i32.shl (struct.get_u $s 3 (local.get $x)) (i32.const 16)) (i32.shl (struct.get_u $s 4 (local.get $x)) (i32.const 8))))
    (struct.get $s 1 (local.get $x)) (struct.get $s 2 (local.get $x)))
  (func $ints (param i32) (result (ref $a))
    (array.new_fixed $a 4 (local.get 0) (i32.const 7) (local.get 0) (i32.const 9)))
  (func $pick (param i32 i64 v128) (result anyref)
    (if (i32.eqz (local.get 0)) (then (return (ref.null none))))
    (if (i32.and (local.get 0) (i32.const 1)) (then (return (ref.i31 (local.get 0)))))
    (if (i32.and (local.get 0) (i32.const 2)) (then (return (call $new (local.get 0) (local.get 1) (local.get 2)))))
    (call $ints (local.get 0)))";

/// An index that is often inside of four elements, and sometimes far outside.
const AT: &str = "(i32.and (local.get $i) (i32.const 0x80000007))";

/// The code for an op that works on a window.
fn bodies(name: &str) -> Vec<String> {
    let s = "(call $new (local.get $i) (local.get $j) (local.get $v))";
    let null = "(if (i32.eqz (local.get $i)) (then ";
    let text: Vec<String> = match name {
        "struct.new" => vec![
            format!("(local.set $w (struct.get $s 2 {s})) (local.set $e (struct.get $s 1 {s}))"),
            "(local.set $d (struct.get_s $p 0 (struct.new $p (local.get $i) (local.get $i))))".into(),
        ],
        "struct.new_default" => {
            vec!["(local.set $w (struct.get $s 2 (struct.new_default $s)))".into()]
        }
        "struct.get" => vec![
            format!("(local.set $w (struct.get $s 2 {s}))"),
            format!("{null}(local.set $w (struct.get $s 2 (ref.null $s)))))"),
        ],
        "struct.set" => vec![
            set_and_show(2, "(local.get $v)"),
            format!("{null}(struct.set $s 2 (ref.null $s) (local.get $v))))"),
        ],
        name if name.starts_with("object.") => bodies_of_fields(name),
        name if name.starts_with("array.") => bodies_of_arrays(name),
        "ref.cast" => {
            let casts = |null: &str| {
                ["i31", "$s", "$t", "$a", "array", "eq"].map(|ty| {
                    format!("(local.set $d (ref.is_null (ref.cast (ref {null}{ty}) (call $pick (local.get $i) (local.get $j) (local.get $v)))))")
                })
            };
            casts("").into_iter().chain(casts("null ")).collect()
        }
        "any.convert_extern" | "extern.convert_any" => vec![
            "(local.set $d (i31.get_s (ref.cast (ref i31) (any.convert_extern (extern.convert_any (ref.i31 (local.get $i)))))))".into(),
            "(local.set $d (ref.is_null (any.convert_extern (extern.convert_any (ref.null any)))))".into(),
        ],
        _ => Vec::new(),
    };
    text
}

/// Null for most numbers, else the reference.
fn null_or(ty: &str, reference: &str) -> String {
    format!("(select (result (ref null {ty})) (ref.null {ty}) {reference} (local.get $i))")
}

/// A structure with one field written, and most of them shown.
fn set_and_show(field: u32, value: &str) -> String {
    format!("(call $twice (i32.const 1) (i64.const 2) (v128.const i64x2 3 4)) {value} (struct.set $s {field})
        (call $show) (local.set $w) (local.set $e) (local.set $d)")
}

/// The same for an op on a field that is a number or a reference to an object.
fn bodies_of_fields(name: &str) -> Vec<String> {
    let s = "(call $new (local.get $i) (local.get $j) (local.get $v))";
    let null = null_or("$s", s);
    let get = |get: &str| vec![format!("(local.set $d (struct.{get} {s}))")];
    match name {
        "object.load32" => vec![
            format!("(local.set $d (struct.get $s 0 {s}))"),
            format!(
                "(local.set $d (ref.eq (ref.i31 (local.get $i)) (ref.cast (ref null eq) (struct.get $s 5 {s}))))"
            ),
            format!("(local.set $d (struct.get $s 0 {null}))"),
            "(local.set $d (array.len (call $ints (local.get $i))))".into(),
            format!("(local.set $d (array.len {}))", null_or("$a", "(call $ints (local.get $i))")),
        ],
        "object.load64" => vec![
            format!("(local.set $e (struct.get $s 1 {s}))"),
            format!("(local.set $e (struct.get $s 1 {null}))"),
        ],
        "object.load8_s" => get("get_s $s 3"),
        "object.load8_u" => get("get_u $s 3"),
        "object.load16_s" => get("get_s $s 4"),
        "object.load16_u" => get("get_u $s 4"),
        "object.store32" => vec![
            set_and_show(0, "(local.get $i)"),
            set_and_show(5, "(ref.i31 (local.get $i))"),
            format!("(struct.set $s 0 {null} (local.get $i))"),
        ],
        "object.store64" => vec![
            set_and_show(1, "(local.get $j)"),
            format!("(struct.set $s 1 {null} (local.get $j))"),
        ],
        "object.store8" => vec![set_and_show(3, "(local.get $i)")],
        "object.store16" => vec![set_and_show(4, "(local.get $i)")],
        _ => Vec::new(),
    }
}

/// The array types whose elements are written, and the types of their values.
const ARRAYS: [(&str, &str, &str); 5] = [
    ("$a", "i32", "array.get"),
    ("$b", "i32", "array.get_u"),
    ("$h", "i32", "array.get_s"),
    ("$l", "i64", "array.get"),
    ("$v", "v128", "array.get"),
];

/// A function for each of them that makes an array and gives it twice, and one that shows two of
/// its elements, or the one that a v128 is.
fn of_arrays() -> String {
    let text = |&(ty, value, get): &(&str, &str, &str)| {
        let name = &ty[1..];
        let sum = match value {
            "v128" => "v128.xor",
            "i64" => "i64.add",
            _ => "i32.add",
        };
        format!(
            "(func $twice_{name} (param {value}) (result (ref {ty}) (ref {ty})) (local $x (ref {ty}))
            (local.tee $x (array.new {ty} (local.get 0) (i32.const 4))) (local.get $x))
            (func $show_{name} (param $x (ref {ty})) (result {value})
            ({sum} ({get} {ty} (local.get $x) (i32.const 1)) ({get} {ty} (local.get $x) (i32.const 2))))"
        )
    };
    ARRAYS.iter().map(text).collect()
}

/// An array with one element written, and its neighbours shown.
fn element_and_show(name: &str, to: &str, (old, value): (&str, &str)) -> String {
    format!(
        "(call $twice_{name} {old}) {AT} {value} (array.set ${name})
        (call $show_{name}) (local.set {to})"
    )
}

/// The same for an op on arrays.
fn bodies_of_arrays(name: &str) -> Vec<String> {
    let null = "(if (i32.eqz (local.get $i)) (then ";
    let ints = "(call $ints (local.get $i))";
    let null_ints = null_or("$a", ints);
    let few = "(i32.and (local.get $i) (i32.const 3))";
    match name {
        "array.new" => vec![
            format!("(local.set $d (array.get $a (array.new $a (local.get $i) {few}) (i32.const 2)))"),
            format!("(local.set $w (array.get $v (array.new $v (local.get $v) {few}) (i32.const 1)))"),
        ],
        "array.new_default" => vec![format!("(local.set $d (array.len (array.new_default $v {few})))")],
        "array.new_fixed" => vec![
            format!("(local.set $d (array.get $a {ints} (i32.const 2)))"),
            "(local.set $w (array.get $v (array.new_fixed $v 2 (v128.const i64x2 0 0) (local.get $v)) (i32.const 1)))".into(),
            "(local.set $d (array.len (array.new_fixed $a 0)))".into(),
        ],
        "array.new_data" => vec![format!("(local.set $d (array.len (array.new_data $b $data {AT} (i32.const 3))))")],
        "array.new_elem" => vec![format!("(local.set $d (array.len (array.new_elem $f $elem {AT} (i32.const 1))))")],
        "array.get" => vec![
            format!("(local.set $w (array.get $v (array.new $v (local.get $v) (i32.const 4)) {AT}))"),
            format!("(local.set $d (ref.is_null (array.get $f (array.new_default $f (i32.const 4)) {AT})))"),
        ],
        "array.set" => vec![
            element_and_show("v", "$w", ("(v128.const i64x2 3 4)", "(local.get $v)")),
            format!("{null}(array.set $v (ref.null $v) (i32.const 0) (local.get $v))))"),
        ],
        "array.load32" => vec![
            format!("(local.set $d (array.get $a {ints} {AT}))"),
            format!("(local.set $d (ref.is_null (array.get $r (array.new $r (ref.i31 (local.get $i)) (i32.const 4)) {AT})))"),
            format!("(local.set $d (array.get $a {null_ints} {AT}))"),
        ],
        "array.load64" => vec![format!("(local.set $e (array.get $l (array.new $l (local.get $j) (i32.const 4)) {AT}))")],
        "array.load8_s" | "array.load8_u" | "array.load16_s" | "array.load16_u" => {
            let ty = if name.contains('8') { "$b" } else { "$h" };
            let get = if name.ends_with('s') { "array.get_s" } else { "array.get_u" };
            vec![format!("(local.set $d ({get} {ty} (array.new {ty} (local.get $i) (i32.const 4)) {AT}))")]
        }
        "array.store32" => vec![
            element_and_show("a", "$d", ("(i32.const 7)", "(local.get $i)")),
            format!("(array.set $a {null_ints} {AT} (local.get $i))"),
        ],
        "array.store64" => vec![element_and_show("l", "$e", ("(i64.const 7)", "(local.get $j)"))],
        "array.store8" => vec![element_and_show("b", "$d", ("(i32.const 7)", "(local.get $i)"))],
        "array.store16" => vec![element_and_show("h", "$d", ("(i32.const 7)", "(local.get $i)"))],
        "array.fill" => vec![format!("(local $x (ref $a)) (local.set $x {ints}) (array.fill $a (local.get $x) {AT} (local.get $i) (i32.const 2))
            (local.set $d (array.get $a (local.get $x) (i32.const 1)))")],
        "array.copy" => vec![format!("(local $x (ref $a)) (local.set $x {ints})
            (array.copy $a $a (local.get $x) {AT} (local.get $x) (i32.const 1) (i32.const 2))
            (local.set $d (array.get $a (local.get $x) (i32.const 1)))")],
        "array.init_data" => vec![format!("(local $x (ref $b)) (local.set $x (array.new_default $b (i32.const 4)))
            (array.init_data $b $data (local.get $x) (i32.const 1) {AT} (i32.const 3))
            (local.set $d (array.get_s $b (local.get $x) (i32.const 2)))")],
        "array.init_elem" => vec![format!("(local $x (ref $f)) (local.set $x (array.new_default $f (i32.const 2)))
            (array.init_elem $f $elem (local.get $x) (i32.const 0) {AT} (i32.const 1))
            (local.set $d (ref.is_null (array.get $f (local.get $x) (i32.const 0))))")],
        _ => Vec::new(),
    }
}

/// One of the ops that have slots.
fn with_slots(op: Op) -> Vec<Form> {
    let tested = |ty: &&str| {
        let mut form = Form::new();
        let source = form.source(Ty::Eq, Feed::List(edges(Ty::Eq)));
        let dest = form.dest(Ty::I32);
        form.with_body(format!("{} ref.test {ty}{}", get(&[source]), set(&[dest])))
    };
    match op.mnemonic() {
        "ref.eq" => compute("ref.eq", &[Ty::Eq, Ty::Eq], &[Ty::I32]),
        "ref.i31" => compute("ref.i31", &[Ty::I32], &[Ty::Eq]),
        "ref.cast" => {
            let mut form = Form::new();
            let source = form.source(Ty::Eq, Feed::List(edges(Ty::Eq)));
            vec![form.with_body(format!("(drop (ref.cast (ref i31) {}))", get(&[source])))]
        }
        "ref.test" => ["(ref i31)", "(ref null i31)", "(ref null $s)", "(ref eq)"]
            .iter()
            .map(tested)
            .collect(),
        _ => Vec::new(),
    }
}

pub(crate) fn of(op: Op) -> Vec<Unit> {
    let form = |body: String| {
        let mut form = Form::new();
        form.named("$i", Ty::I32, Feed::List(edges(Ty::I32)));
        form.named("$j", Ty::I64, Feed::Noise);
        form.named("$v", Ty::V128, Feed::Noise);
        form.named("$d", Ty::I32, Feed::Noise);
        form.named("$e", Ty::I64, Feed::Noise);
        form.named("$w", Ty::V128, Feed::Noise);
        form.with_body(body)
    };
    let mut forms: Vec<Form> = bodies(op.mnemonic()).into_iter().map(form).collect();
    forms.extend(with_slots(op));
    vec![Unit::new(&(TYPES.to_owned() + &of_arrays()), forms)]
}
