//! Integer and float operators: as they are, and with an immediate on either side.

use super::{LONG, SHORT, compute, set, some, types};
use crate::suite::form::{Feed, Form};
use crate::suite::values::{Ty, edges};
use prova_bytecode::{Kind, Op, Role};

pub(crate) fn forms(op: Op) -> Vec<Form> {
    let mnemonic = op.mnemonic();
    let (ty, operator) = mnemonic.split_once('.').unwrap_or((mnemonic, ""));
    let results = types(op, Role::Result, Ty::I64);
    let sources = types(op, Role::Source, Ty::I64);
    if operator == "canonicalize" {
        return canonical(ty, &sources);
    }
    if let Some(operator) = operator.strip_prefix("imm_") {
        return immediates(op, ty, operator, sources[0], results[0], true);
    }
    let short = operator.strip_suffix("_imm").or_else(|| operator.strip_suffix("_imm32"));
    if let Some(operator) = short {
        return immediates(op, ty, operator, sources[0], results[0], false);
    }
    compute(mnemonic, &sources, &results)
}

/// An operator on a source and a constant of every length that the row has room for.
fn immediates(op: Op, ty: &str, operator: &str, source: Ty, result: Ty, left: bool) -> Vec<Form> {
    let long = op.operands().iter().any(|o| matches!(o.kind, Kind::i32c | Kind::i64w));
    let constants: &[i64] = if long { &LONG } else { &SHORT };
    let form = |constant: &i64| {
        let mut form = Form::new();
        let name = form.source(source, Feed::List(edges(source)));
        let dest = form.dest(result);
        let (a, b) = (format!("(local.get {name})"), format!("({ty}.const {constant})"));
        let (a, b) = if left { (b, a) } else { (a, b) };
        let form = form.with_body(format!("{a} {b} {ty}.{operator}{}", set(&[dest])));
        // One constant is enough for the places of the slots.
        if *constant == constants[0] { form } else { form.in_place() }
    };
    some(constants).iter().map(form).collect()
}

/// What follows a float operator in deterministic mode.
pub(crate) fn canonical(shape: &str, sources: &[Ty]) -> Vec<Form> {
    let binary = [sources[0], sources[0]];
    let mut forms = compute(&format!("{shape}.add"), &binary, sources);
    forms.extend(compute(&format!("{shape}.sqrt"), sources, sources));
    forms
}
