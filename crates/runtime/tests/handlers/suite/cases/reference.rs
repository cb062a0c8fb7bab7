//! References to functions.

use super::{compute, get, set};
use crate::suite::form::{Feed, Form, Unit};
use crate::suite::values::{Ty, edges};
use prova_bytecode::Op;

const FUNCS: &str = "(func $zero) (func $one) (func $two) (elem declare func $zero $one $two)";

pub(crate) fn of(op: Op) -> Vec<Unit> {
    let forms = match op.mnemonic() {
        "ref.is_null" => compute("ref.is_null", &[Ty::Func], &[Ty::I32]),
        "ref.func" => ["$zero", "$one", "$two"]
            .iter()
            .map(|name| {
                let mut form = Form::new();
                let dest = form.dest(Ty::Func);
                form.with_body(format!("ref.func {name}{}", set(&[dest])))
            })
            .collect(),
        "ref.as_non_null" => {
            let mut form = Form::new();
            let source = form.source(Ty::Func, Feed::List(edges(Ty::Func)));
            let dest = form.dest(Ty::Func);
            vec![form.with_body(format!("{} ref.as_non_null{}", get(&[source]), set(&[dest])))]
        }
        _ => Vec::new(),
    };
    vec![Unit::new(FUNCS, forms)]
}
