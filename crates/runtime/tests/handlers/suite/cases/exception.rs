//! Throwing: to the frame's own handlers, to a caller's, and to nobody.

use crate::suite::form::{Feed, Form, Unit};
use crate::suite::values::{Ty, edges};
use prova_bytecode::Op;

const TAGS: &str =
    "(tag $none) (tag $one (param i32)) (tag $two (param i64 v128 i32)) (tag $other (param i32))
  (func $one (param i32) (result i32) (throw $one (local.get 0)))
  (func $again (param exnref) (throw_ref (local.get 0)))";

pub(crate) fn of(op: Op) -> Vec<Unit> {
    let bodies: &[&str] = match op.mnemonic() {
        "throw" => &[
            "(block $h (result i32) (try_table (catch $other $h) (catch $one $h) (throw $one (local.get $i))) unreachable)
             (local.set $d)",
            "(block $h (result i64 v128 i32) (try_table (catch $two $h)
               (throw $two (local.get $j) (local.get $v) (local.get $i))) unreachable)
             (local.set $d) (local.set $w) (local.set $e)",
            "(block $h (result i32) (try_table (catch $one $h) (drop (call $one (local.get $i)))
               (throw $none)) unreachable) (local.set $d)",
            "(local.set $d (block $h (result i32) (try_table (result i32) (catch $one $h) (call $one (local.get $i)))))
             (if (i32.eqz (local.get $i)) (then (throw $one (local.get $i))))",
            "(block $h (try_table (catch_all $h) (throw $two (local.get $j) (local.get $v) (local.get $i))))
             (local.set $d (i32.const 1))",
            "(if (i32.and (local.get $i) (i32.const 1)) (then (throw $two (local.get $j) (local.get $v) (local.get $i))))
             (if (i32.and (local.get $i) (i32.const 2)) (then (throw $none)))",
            "(block $h (result i32) (try_table (catch $other $h) (throw $one (local.get $i))) unreachable) (local.set $d)",
        ],
        "throw_ref" => &[
            "(block $out (result i32) (try_table (catch $one $out)
               (throw_ref (block $h (result exnref) (try_table (catch_all_ref $h) (throw $one (local.get $i))) unreachable)))
               unreachable) (local.set $d)",
            "(block $out (result i64 v128 i32) (try_table (catch $two $out)
               (call $again (block $h (result exnref) (try_table (catch_all_ref $h)
                 (throw $two (local.get $j) (local.get $v) (local.get $i))) unreachable))) unreachable)
             (local.set $d) (local.set $w) (local.set $e)",
            "(if (local.get $i) (then (throw_ref (ref.null exn))))",
        ],
        _ => &[],
    };
    let form = |body: &&str| {
        let mut form = Form::new();
        form.named("$i", Ty::I32, Feed::List(edges(Ty::I32)));
        form.named("$j", Ty::I64, Feed::Noise);
        form.named("$v", Ty::V128, Feed::Noise);
        form.named("$d", Ty::I32, Feed::Noise);
        form.named("$e", Ty::I64, Feed::Noise);
        form.named("$w", Ty::V128, Feed::Noise);
        form.with_body(*body)
    };
    vec![Unit::new(TAGS, bodies.iter().map(form).collect())]
}
