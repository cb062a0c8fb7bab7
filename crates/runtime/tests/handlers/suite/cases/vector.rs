//! SIMD operators on vectors and lanes. Loads and stores of vectors are with the other accesses, in
//! `memory`.

use super::numeric::canonical;
use super::{compute, some, types};
use crate::suite::form::Form;
use crate::suite::values::Ty;
use prova_bytecode::{Kind, Op, Role};

/// Shuffles: the identity of each operand, a mix, one lane everywhere, both ends.
const SHUFFLES: [&str; 5] = [
    " 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
    " 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31",
    " 0 16 1 17 2 18 3 19 15 31 14 30 13 29 12 28",
    " 23 23 23 23 23 23 23 23 23 23 23 23 23 23 23 23",
    " 31 0 30 1 29 2 28 3 27 4 26 5 25 6 24 7",
];

pub(crate) fn forms(op: Op) -> Vec<Form> {
    let mnemonic = op.mnemonic();
    let results = types(op, Role::Result, Ty::V128);
    let sources = types(op, Role::Source, Ty::V128);
    if let Some(shape) = mnemonic.strip_suffix(".canonicalize") {
        return canonical(shape, &sources);
    }
    let mut immediates = vec![String::new()];
    if op.operands().iter().any(|o| o.kind == Kind::lane) {
        immediates = (0..lanes(mnemonic)).rev().map(|lane| format!(" {lane}")).collect();
    } else if op.operands().iter().any(|o| o.kind == Kind::v128c) {
        immediates = SHUFFLES.map(str::to_owned).to_vec();
    }
    let mut forms = Vec::new();
    for (i, immediate) in some(&immediates).iter().enumerate() {
        let more = compute(&format!("{mnemonic}{immediate}"), &sources, &results);
        forms.extend(more.into_iter().map(|form| if i == 0 { form } else { form.in_place() }));
    }
    forms
}

/// The lanes of a shape such as `i8x16`.
fn lanes(mnemonic: &str) -> usize {
    let shape = mnemonic.split('.').next().unwrap_or_default();
    shape.split_once('x').and_then(|(_, count)| count.parse().ok()).unwrap_or(1)
}
