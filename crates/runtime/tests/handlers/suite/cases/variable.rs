//! Globals: each read and written among others, which must stay as they are.

use super::{SHORT, get, set, some};
use crate::suite::form::{Feed, Form, Unit};
use crate::suite::values::{Ty, edges};
use prova_bytecode::Op;

const GLOBALS: &str = r#"
  (global $i32 (mut i32) (i32.const -1)) (global $i64 (mut i64) (i64.const 0x0123456789abcdef))
  (global $f32 (mut f32) (f32.const nan:0x200001)) (global $f64 (mut f64) (f64.const -0))
  (global $v128 (mut v128) (v128.const i64x2 0x1111222233334444 0x5555666677778888))
  (global $second (mut v128) (v128.const i64x2 0x0123012301230123 0x4567456745674567))
  (global $funcref (mut funcref) (ref.null func)) (global $last (mut i64) (i64.const 7))
  (global $other (mut i32) (i32.const 77))"#;

pub(crate) fn of(op: Op) -> Vec<Unit> {
    if op.mnemonic().ends_with("_add_imm") {
        return vec![Unit::new(GLOBALS, sums(op))];
    }
    let globals: &[(Ty, &str)] = match op.mnemonic() {
        "global.get" | "global.set" => &[
            (Ty::I32, "$i32"),
            (Ty::I64, "$i64"),
            (Ty::F32, "$f32"),
            (Ty::F64, "$f64"),
            (Ty::Func, "$funcref"),
        ],
        "global.get_v128" | "global.set_v128" => &[(Ty::V128, "$v128"), (Ty::V128, "$second")],
        _ => &[],
    };
    let forms = globals.iter().map(|&(ty, name)| {
        let mut form = Form::new();
        let source = form.source(ty, Feed::List(edges(ty)));
        let dest = form.dest(ty);
        let write = format!("{} global.set {name}", get(&[source]));
        let read = format!("global.get {name}{}", set(&[dest]));
        form.with_body(format!("{write} {read}"))
    });
    vec![Unit::new(GLOBALS, forms.collect())]
}

/// A global and a constant added up; a sum with a constant that goes to a global, and stays where
/// it is too.
fn sums(op: Op) -> Vec<Form> {
    let form = |(i, by): (usize, &i64)| {
        let mut form = Form::new();
        let source = form.source(Ty::I32, Feed::List(edges(Ty::I32)));
        let dest = form.dest(Ty::I32);
        let (a, to) = (get(&[source]), set(std::slice::from_ref(&dest)));
        let by = format!("(i32.const {by}) i32.add");
        let global = if i % 3 == 0 { "$other" } else { "$i32" };
        let body = match (op.mnemonic(), i % 2) {
            ("global.get_add_imm", _) => {
                format!("{a} global.set {global} global.get {global} {by}{to}")
            }
            (_, 0) => format!("{a} {by} global.set {global} global.get {global}{to}"),
            (_, _) => format!("{a} {by} local.tee {dest} global.set {global}"),
        };
        let form = form.with_body(body);
        if i < 2 { form } else { form.in_place() }
    };
    some(&SHORT).iter().enumerate().map(form).collect()
}
