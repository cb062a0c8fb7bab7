//! Integer and float operators: as they are, and with an immediate on either side.

use super::{LONG, SHORT, WIDE, compute, set, some, types};
use crate::suite::form::{Feed, Form};
use crate::suite::values::{Ty, edges};
use prova_bytecode::{Kind, Op, Role};

pub(crate) fn forms(op: Op) -> Vec<Form> {
    let mnemonic = op.mnemonic();
    let (ty, operator) = mnemonic.split_once('.').unwrap_or((mnemonic, ""));
    let results = types(op, Role::Result, Ty::I64);
    let sources = types(op, Role::Source, Ty::I64);
    if let Some(forms) = two(ty, operator, sources[0], results[0]) {
        return forms;
    }
    if operator == "canonicalize" {
        return canonical(ty, &sources);
    }
    if let Some(operator) = operator.strip_prefix("imm_") {
        return immediates(op, ty, operator, sources[0], results[0], true);
    }
    let plain = ["_imm", "_imm32", "_imm64"].iter().find_map(|end| operator.strip_suffix(end));
    if let Some(operator) = plain {
        return immediates(op, ty, operator, sources[0], results[0], false);
    }
    compute(mnemonic, &sources, &results)
}

/// Two operators in one, if the op is of such: on sources alone, or with one or two constants.
fn two(ty: &str, operator: &str, source: Ty, result: Ty) -> Option<Vec<Form>> {
    let form = |body: Body<'_>| {
        let mut form = Form::new();
        let names: Vec<String> =
            (0..3).map(|_| form.source(source, Feed::List(edges(source)))).collect();
        let dest = form.dest(result);
        let gets: Vec<String> = names.iter().map(|name| format!("(local.get {name})")).collect();
        form.with_body(format!("{}{}", body(&gets), set(&[dest])))
    };
    let sum = |by: &str, product_first: bool| {
        form(&|x| {
            let product = format!("({ty}.mul {} {})", x[0], x[1]);
            let [a, b] = if product_first { [&product, &x[2]] } else { [&x[2], &product] };
            format!("({ty}.{by} {a} {b})")
        })
    };
    match operator {
        "mul_add" if matches!(source, Ty::I32 | Ty::I64) => {
            Some(vec![sum("add", true), sum("add", false)])
        }
        "mul_add" => Some(vec![sum("add", true)]),
        "add_mul" => Some(vec![sum("add", false)]),
        "mul_sub" => Some(vec![sum("sub", true)]),
        "sub_mul" => Some(vec![sum("sub", false)]),
        "shl_add" => {
            let shifted = |by: &i64| {
                let form =
                    form(&|x| format!("({ty}.add ({ty}.shl {} ({ty}.const {by})) {})", x[0], x[1]));
                if *by == SHORT[0] { form } else { form.in_place() }
            };
            Some(some(&SHORT).iter().map(shifted).collect())
        }
        "shr_u_and_add" => {
            let field = |(i, (b, c)): (usize, (&i64, &i64))| {
                let form = form(&|x| {
                    let field = format!(
                        "({ty}.and ({ty}.shr_u {} ({ty}.const {b})) ({ty}.const {c}))",
                        x[0]
                    );
                    let [a, b] = if i % 2 == 0 { [&field, &x[1]] } else { [&x[1], &field] };
                    format!("({ty}.add {a} {b})")
                });
                if i < 2 { form } else { form.in_place() }
            };
            let pairs = some(&SHORT).iter().zip(some(&MASKS).iter().cycle());
            Some(pairs.enumerate().map(field).collect())
        }
        "shr_u_and_imm" => Some(two_constants(ty, "shr_u", "and", &form)),
        "and_shl_imm" => Some(two_constants(ty, "and", "shl", &form)),
        "shl_shr_s_imm" => Some(two_constants(ty, "shl", "shr_s", &form)),
        _ => None,
    }
}

/// Masks that fit 16 bits with their sign.
const MASKS: [i64; 9] = [127, 255, 1, -1, 511, 32_767, -32_768, 0, 15];

/// The text of an operator, of those of its sources.
type Body<'b> = &'b dyn Fn(&[String]) -> String;

/// An operator with a constant on one with a constant.
fn two_constants(
    ty: &str,
    first: &str,
    second: &str,
    form: &dyn Fn(Body<'_>) -> Form,
) -> Vec<Form> {
    let pairs = SHORT.iter().zip(SHORT.iter().rev().cycle().skip(3)).enumerate();
    let one = |(i, (b, c)): (usize, (&i64, &i64))| {
        let form = form(&|x| {
            format!("({ty}.{second} ({ty}.{first} {} ({ty}.const {b})) ({ty}.const {c}))", x[0])
        });
        if i == 0 { form } else { form.in_place() }
    };
    let forms: Vec<Form> = pairs.map(one).collect();
    if cfg!(miri) { forms.into_iter().take(1).collect() } else { forms }
}

/// An operator on a source and a constant of every length that the row has room for.
fn immediates(op: Op, ty: &str, operator: &str, source: Ty, result: Ty, left: bool) -> Vec<Form> {
    let kinds: Vec<Kind> = op.operands().iter().map(|o| o.kind).collect();
    let constants: &[i64] = if kinds.contains(&Kind::i64c) {
        &WIDE
    } else if kinds.contains(&Kind::i32c) || kinds.contains(&Kind::i64w) {
        &LONG
    } else {
        &SHORT
    };
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

/// The op that follows a float operator in deterministic mode.
pub(crate) fn canonical(shape: &str, sources: &[Ty]) -> Vec<Form> {
    let binary = [sources[0], sources[0]];
    let mut forms = compute(&format!("{shape}.add"), &binary, sources);
    forms.extend(compute(&format!("{shape}.sqrt"), sources, sources));
    forms
}
