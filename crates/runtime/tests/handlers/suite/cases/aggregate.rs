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
  (data $data \"\\00\\01\\7f\\80\\ff\\10\\20\\30\") (elem $elem func $g $g) (func $g)
  (func $new (param i32 i64 v128) (result (ref $s))
    (struct.new $s (local.get 0) (local.get 1) (local.get 2) (local.get 0) (local.get 0) (ref.i31 (local.get 0))))
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
            format!("(local.set $d (struct.get $s 0 {s}))"),
            format!("(local.set $e (struct.get $s 1 {s}))"),
            format!("(local.set $w (struct.get $s 2 {s}))"),
            format!("{null}(local.set $d (struct.get $s 0 (ref.null $s)))))"),
        ],
        "struct.get_s" | "struct.get_u" => vec![
            format!("(local.set $d ({name} $s 3 {s}))"),
            format!("(local.set $d ({name} $s 4 {s}))"),
        ],
        "struct.set" => {
            let set = |field: u32, value: &str| {
                format!("(local $x (ref $s)) (local.set $x (call $new (i32.const 1) (i64.const 2) (v128.const i64x2 3 4)))
                    (struct.set $s {field} (local.get $x) {value})
                    (local.set $d (struct.get $s 0 (local.get $x))) (local.set $e (struct.get $s 1 (local.get $x)))
                    (local.set $w (struct.get $s 2 (local.get $x)))")
            };
            vec![set(0, "(local.get $i)"), set(1, "(local.get $j)"), set(2, "(local.get $v)"), set(3, "(local.get $i)"),
                format!("{null}(struct.set $s 0 (ref.null $s) (local.get $i))))")]
        }
        name if name.starts_with("array.") => bodies_of_arrays(name),
        "ref.cast" | "ref.cast_null" => {
            let null = if name == "ref.cast" { "" } else { "null " };
            ["i31", "$s", "$t", "$a", "array", "eq"].iter().map(|ty| {
                format!("(local.set $d (ref.is_null (ref.cast (ref {null}{ty}) (call $pick (local.get $i) (local.get $j) (local.get $v)))))")
            }).collect()
        }
        "any.convert_extern" | "extern.convert_any" => vec![
            "(local.set $d (i31.get_s (ref.cast (ref i31) (any.convert_extern (extern.convert_any (ref.i31 (local.get $i)))))))".into(),
            "(local.set $d (ref.is_null (any.convert_extern (extern.convert_any (ref.null any)))))".into(),
        ],
        "i31.get_s" | "i31.get_u" => vec![
            format!("(local.set $d ({name} (ref.i31 (local.get $i))))"),
            format!("{null}(local.set $d ({name} (ref.null i31)))))"),
        ],
        _ => Vec::new(),
    };
    text
}

/// The same for an op on arrays.
fn bodies_of_arrays(name: &str) -> Vec<String> {
    let null = "(if (i32.eqz (local.get $i)) (then ";
    let ints = "(call $ints (local.get $i))";
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
            format!("(local.set $d (array.get $a {ints} {AT}))"),
            format!("(local.set $w (array.get $v (array.new $v (local.get $v) (i32.const 4)) {AT}))"),
        ],
        "array.get_s" | "array.get_u" => {
            vec![format!("(local.set $d ({name} $b (array.new $b (local.get $i) (i32.const 4)) {AT}))")]
        }
        "array.set" => vec![format!("(local $x (ref $a)) (local.set $x {ints}) (array.set $a (local.get $x) {AT} (local.get $i))
            (local.set $d (array.get $a (local.get $x) (i32.const 1)))")],
        "array.len" => vec![
            format!("(local.set $d (array.len {ints}))"),
            format!("{null}(local.set $d (array.len (ref.null $a)))))"),
        ],
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
    vec![Unit::new(TYPES, forms)]
}
