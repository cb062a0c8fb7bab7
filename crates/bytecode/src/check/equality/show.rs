//! Terms → text: the definition of each value that a record mentions.
//!
//! A definition names other values by their numbers (`v12 = i32.add(v3, 5)`); those are defined too, to a depth of [`DEPTH_MAX`].
//! Terms are read through [`Terms::term`] alone.
//!
//! Limits: the definitions are at most all terms of the function.

use super::super::explain::{ValueId, Values};
use super::history::Numbers;
use super::terms::{Term, Terms, Vn};
use std::collections::BTreeMap;

/// How far the values behind a mentioned one are defined.
const DEPTH_MAX: u32 = 4;

/// What the terms alone do not say.
pub(super) struct Names<'a> {
    /// The first cell of each local and whether it has two.
    pub(super) locals: &'a [(u32, bool)],
    /// The offset of the operator behind which an epoch begins.
    pub(super) labels: &'a BTreeMap<u32, u32>,
    /// The mnemonic of the instruction that performed an effect.
    pub(super) effects: BTreeMap<u32, &'static str>,
}

/// The meaning of all values that have a number, and of those behind them, which get one.
pub(super) fn values(terms: &Terms, names: &Names<'_>, numbers: &mut Numbers) -> Values {
    let mut depth = BTreeMap::new();
    let mentioned: Vec<Vn> = (0..).map_while(|i| numbers.listed(i)).collect();
    for vn in mentioned {
        mention(terms, &mut depth, numbers, vn);
    }
    let mut values = Values::default();
    values.constants.push((ValueId(0), "nothing".to_owned()));
    for at in 0.. {
        let Some(vn) = numbers.listed(at) else { break };
        let term = terms.term(vn);
        let text = definition(names, term, |vn| name(terms, numbers, vn));
        let constant = matches!(term, Term::Const(_) | Term::Const128(_) | Term::Undef);
        let list = if constant { &mut values.constants } else { &mut values.definitions };
        list.push((ValueId(at as u32 + 1), text));
    }
    values
}

/// Gives numbers to a value and what is behind it, each asked for once to the greatest depth.
fn mention(terms: &Terms, depth: &mut BTreeMap<Vn, u32>, numbers: &mut Numbers, vn: Vn) {
    let mut open = vec![(vn, DEPTH_MAX)];
    while let Some((vn, left)) = open.pop() {
        if depth.get(&vn).is_some_and(|&done| done >= left) {
            continue;
        }
        depth.insert(vn, left);
        numbers.number(vn);
        if let Some(left) = left.checked_sub(1) {
            open.extend(arguments(terms.term(vn)).into_iter().map(|vn| (vn, left)));
        }
    }
}

/// The values that a term is made of.
pub(super) fn arguments(term: Term) -> Vec<Vn> {
    match term {
        Term::Undef
        | Term::Const(_)
        | Term::Const128(_)
        | Term::Param(_)
        | Term::Effect(..)
        | Term::Phi(..) => Vec::new(),
        Term::High(a) | Term::IsNull(a) | Term::Second(a) => vec![a],
        Term::Join(a, b) => vec![a, b],
        Term::Select(a, b, c) => vec![a, b, c],
        Term::Pure(_, args) => args.into_iter().take_while(|&vn| vn != Vn::UNDEF).collect(),
    }
}

/// A value in a definition: beyond the depth to which values are defined, its number may be missing.
fn name(terms: &Terms, numbers: &Numbers, vn: Vn) -> String {
    match (terms.term(vn), numbers.known(vn)) {
        (Term::Undef, _) => "nothing".to_owned(),
        (Term::Const(bits), _) => constant(bits),
        (Term::Const128(bits), _) => format!("{bits:#034x}"),
        (_, Some(ValueId(number))) => format!("v{number}"),
        (_, None) => "…".to_owned(),
    }
}

/// Small numbers in decimal, others by their bits: a cell does not know its type.
fn constant(bits: u64) -> String {
    if bits <= 0xffff { bits.to_string() } else { format!("{bits:#x}") }
}

fn definition(names: &Names<'_>, term: Term, name: impl Fn(Vn) -> String) -> String {
    let call = |operator: String| {
        let args: Vec<String> = arguments(term).into_iter().map(&name).collect();
        format!("{operator}({})", args.join(", "))
    };
    match term {
        Term::Undef => "nothing".to_owned(),
        Term::Const(bits) => constant(bits),
        Term::Const128(bits) => format!("{bits:#034x}"),
        Term::Param(cell) => match names.locals.binary_search_by_key(&cell, |&(cell, _)| cell) {
            Ok(local) => format!("param {local}"),
            Err(_) => format!("param cell {cell}"),
        },
        Term::Effect(n, k) => {
            let effect = names.effects.get(&n).copied().unwrap_or("effect");
            let index = if k == 0 { String::new() } else { format!(".{k}") };
            format!("{effect}#{n}{index}")
        }
        Term::Phi(epoch, cell) => match names.labels.get(&epoch) {
            Some(offset) => format!("phi({offset:#x}, s{cell})"),
            None => format!("phi(?, s{cell})"),
        },
        Term::High(_) => call("high".to_owned()),
        Term::Join(..) => call("join".to_owned()),
        Term::Select(..) => call("select".to_owned()),
        Term::IsNull(_) => call("ref.is_null".to_owned()),
        Term::Second(_) => call("second".to_owned()),
        Term::Pure(prim, _) => call(format!("{prim:?}").replacen('_', ".", 1)),
    }
}
