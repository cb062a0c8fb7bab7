//! Globals: each read and written among others, which must stay as they are.

use super::{get, set};
use crate::suite::form::{Feed, Form, Unit};
use crate::suite::values::{Ty, edges};
use prova_bytecode::Op;

const GLOBALS: &str = r#"
  (global $i32 (mut i32) (i32.const -1)) (global $i64 (mut i64) (i64.const 0x0123456789abcdef))
  (global $f32 (mut f32) (f32.const nan:0x200001)) (global $f64 (mut f64) (f64.const -0))
  (global $v128 (mut v128) (v128.const i64x2 0x1111222233334444 0x5555666677778888))
  (global $second (mut v128) (v128.const i64x2 0x0123012301230123 0x4567456745674567))
  (global $funcref (mut funcref) (ref.null func)) (global $last (mut i64) (i64.const 7))"#;

pub(crate) fn of(op: Op) -> Vec<Unit> {
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
