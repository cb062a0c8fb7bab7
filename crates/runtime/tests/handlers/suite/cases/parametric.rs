//! Copies, constants, select.

use super::{compute, get, set, some};
use crate::suite::form::{Feed, Form};
use crate::suite::values::{Ty, edges};
use prova_bytecode::Op;

/// The types whose values are one cell.
const ONE_CELL: [Ty; 5] = [Ty::I64, Ty::I32, Ty::F32, Ty::F64, Ty::Func];

pub(crate) fn forms(op: Op) -> Vec<Form> {
    match op.mnemonic() {
        "copy" => some(&ONE_CELL).iter().flat_map(|ty| compute("", &[*ty], &[*ty])).collect(),
        "copy_f32" => vec![float_copy(Ty::F32)],
        "copy_f64" => vec![float_copy(Ty::F64)],
        "copy_v128" => compute("", &[Ty::V128], &[Ty::V128]),
        "copy2" => {
            let mut forms = compute("", &[Ty::I64, Ty::F64], &[Ty::I64, Ty::F64]);
            forms.extend(compute("", &[Ty::I64, Ty::I64], &[Ty::I64, Ty::I64]));
            forms
        }
        "const32" => constants("i32", Ty::I32, &["0", "1", "-1", "0x80000000", "0x7fffffff"])
            .chain(constants("f32", Ty::F32, &["-0", "nan:0x200001", "-inf", "1.5"]))
            .collect(),
        "const64_s32" => {
            let list = ["0", "1", "-1", "-0x80000000", "0x7fffffff", "0x12345678"];
            constants("i64", Ty::I64, &list).collect()
        }
        "const64" => {
            let list = ["0x80000000", "-0x80000001", "0x0123456789abcdef", "0x8000000000000000"];
            let floats = ["-0", "nan:0x4000000000001", "-inf", "1.1"];
            constants("i64", Ty::I64, &list).chain(constants("f64", Ty::F64, &floats)).collect()
        }
        "const128" => {
            let list = ["i64x2 1 2", "i64x2 0 0", "i64x2 -1 -1", "i64x2 0x8000000000000000 1"];
            constants("v128", Ty::V128, &list).collect()
        }
        "select" => some(&ONE_CELL).iter().flat_map(|ty| select(*ty)).collect(),
        "select_imm" => chosen(&["0", "-1", "0x7fffffff", "-0x80000000"], &[], false),
        "imm_select" => chosen(&["0", "-1", "0x7fffffff", "-0x80000000"], &[], true),
        "select_imm32" => chosen(&["0xffffffff"], &["-1", "0x80000000"], false),
        "imm32_select" => chosen(&["0xffffffff"], &["-1", "0x80000000"], true),
        "select_v128" => select(Ty::V128),
        _ => Vec::new(),
    }
}

fn constants<'a>(of: &'a str, ty: Ty, list: &'a [&'a str]) -> impl Iterator<Item = Form> + 'a {
    some(list).iter().map(move |constant| {
        let mut form = Form::new();
        let dest = form.dest(ty);
        form.with_body(format!("({of}.const {constant}){}", set(&[dest])))
    })
}

/// A value that was just computed, copied.
fn float_copy(ty: Ty) -> Form {
    let mut form = Form::new();
    let a = form.source(ty, Feed::List(edges(ty)));
    let (b, c) = (form.dest(ty), form.dest(ty));
    let (set_b, get_b) = (set(std::slice::from_ref(&b)), get(std::slice::from_ref(&b)));
    let body = format!("{} {}.neg{set_b}{get_b}{}", get(&[a]), ty.name(), set(&[c]));
    form.with_body(body)
}

/// A value or a constant: of an i64, or of an i32.
fn chosen(long: &[&str], short: &[&str], first: bool) -> Vec<Form> {
    let form = |ty: Ty, constant: &&str| {
        let mut form = Form::new();
        let a = form.source(ty, Feed::List(edges(ty)));
        let c = form.source(Ty::I32, Feed::List(vec![0, 1, 0x100, 0x8000_0000]));
        let dest = form.dest(ty);
        let (a, b) = (get(&[a]), format!("({}.const {constant})", ty.name()));
        let (a, b) = if first { (b, a) } else { (a, b) };
        form.with_body(format!("{a} {b} {} select{}", get(&[c]), set(&[dest])))
    };
    let long = some(long).iter().map(|constant| form(Ty::I64, constant));
    let short = short.iter().map(|constant| form(Ty::I32, constant));
    long.chain(short).collect()
}

/// Both values apart and the same one twice, under conditions with the deciding bit in every byte.
fn select(ty: Ty) -> Vec<Form> {
    let conditions = vec![0, 1, 2, 0x100, 0x1_0000, 0x8000_0000, 0xffff_ffff];
    let form = |same: bool| {
        let mut form = Form::new();
        let a = form.source(ty, Feed::List(edges(ty)));
        let b = if same { a.clone() } else { form.source(ty, Feed::List(edges(ty))) };
        let c = form.source(Ty::I32, Feed::List(conditions.clone()));
        let dest = form.dest(ty);
        let body = format!("{} select (result {}){}", get(&[a, b, c]), ty.name(), set(&[dest]));
        form.with_body(body)
    };
    vec![form(false), form(true)]
}
