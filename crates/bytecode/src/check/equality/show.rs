//! Terms → text: the definition of each value that a record mentions.
//!
//! A definition names other values by their numbers (`v12 = i32.add(v3, 5)`); those are defined too, to a depth of [`DEPTH_MAX`].
//! Terms are read through [`Terms::node`] alone.
//!
//! Limits: the definitions are at most all terms of the function.

use super::super::explain::{Step, ValueId, Values};
use super::terms::{Kind, Node, Terms, Vn};
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

/// The meaning of all values that `steps` mention, and of `others`.
pub(super) fn values(terms: &Terms, names: &Names<'_>, steps: &[Step], others: &[Vn]) -> Values {
    let mut depth = BTreeMap::new();
    for vn in steps.iter().flat_map(mentioned).chain(others.iter().copied()) {
        mention(terms, &mut depth, vn);
    }
    let mut values = Values::default();
    for &vn in depth.keys() {
        let node = terms.node(vn);
        let text = definition(names, node, |vn| name(terms, vn));
        let list = match node.kind {
            Kind::Const | Kind::Const128 | Kind::Undef => &mut values.constants,
            _ => &mut values.definitions,
        };
        list.push((ValueId(vn.0), text));
    }
    values
}

fn mentioned(step: &Step) -> Vec<Vn> {
    let vn = |value: ValueId| Vn(value.0);
    match step {
        Step::Operator { stack, .. } => {
            stack.iter().flat_map(|stack| &stack.top).map(|entry| vn(entry.value)).collect()
        }
        Step::Instruction { writes, .. } => writes.iter().map(|write| vn(write.value)).collect(),
    }
}

/// Marks a value and what is behind it, each once for the greatest depth to which it was asked for.
fn mention(terms: &Terms, depth: &mut BTreeMap<Vn, u32>, vn: Vn) {
    let mut open = vec![(vn, DEPTH_MAX)];
    while let Some((vn, left)) = open.pop() {
        if depth.get(&vn).is_some_and(|&done| done >= left) {
            continue;
        }
        depth.insert(vn, left);
        if let Some(left) = left.checked_sub(1) {
            open.extend(arguments(terms.node(vn)).map(|vn| (vn, left)));
        }
    }
}

/// The values that a term is made of.
pub(super) fn arguments(node: Node) -> impl Iterator<Item = Vn> {
    let count = match node.kind {
        Kind::Undef | Kind::Const | Kind::Const128 | Kind::Param | Kind::Effect | Kind::Phi => 0,
        Kind::High | Kind::IsNull => 1,
        Kind::Join => 2,
        Kind::Select => 3,
        Kind::Pure(_) | Kind::Second(_) => 4,
    };
    node.args.into_iter().take(count).take_while(|&vn| vn != Vn::UNDEF.0).map(Vn)
}

/// A value in a definition.
fn name(terms: &Terms, vn: Vn) -> String {
    let node = terms.node(vn);
    match node.kind {
        Kind::Undef | Kind::Const | Kind::Const128 => constant(node),
        _ => format!("v{}", vn.0),
    }
}

/// Small numbers in decimal, others by their bits: a cell does not know its type.
fn constant(node: Node) -> String {
    let [a, b, c, d] = node.args;
    match node.kind {
        Kind::Undef => "nothing".to_owned(),
        Kind::Const128 => format!("0x{d:08x}{c:08x}{b:08x}{a:08x}"),
        _ if b == 0 && a <= 0xffff => a.to_string(),
        _ => format!("{:#x}", u64::from(a) | u64::from(b) << 32),
    }
}

fn definition(names: &Names<'_>, node: Node, name: impl Fn(Vn) -> String) -> String {
    let [a, b, ..] = node.args;
    let call = |operator: String| {
        let args: Vec<String> = arguments(node).map(&name).collect();
        format!("{operator}({})", args.join(", "))
    };
    match node.kind {
        Kind::Undef | Kind::Const | Kind::Const128 => constant(node),
        Kind::Param => match names.locals.binary_search_by_key(&a, |&(cell, _)| cell) {
            Ok(local) => format!("param {local}"),
            Err(_) => format!("param cell {a}"),
        },
        Kind::Effect => {
            let effect = names.effects.get(&a).copied().unwrap_or("effect");
            let index = if b == 0 { String::new() } else { format!(".{b}") };
            format!("{effect}#{a}{index}")
        }
        Kind::Phi => match names.labels.get(&a) {
            Some(offset) => format!("phi({offset:#x}, s{b})"),
            None => format!("phi(?, s{b})"),
        },
        Kind::High => call("high".to_owned()),
        Kind::Join => call("join".to_owned()),
        Kind::Select => call("select".to_owned()),
        Kind::IsNull => call("ref.is_null".to_owned()),
        Kind::Pure(prim) => call(format!("{prim:?}").replacen('_', ".", 1)),
        Kind::Second(prim) => call(format!("{prim:?}.high").replacen('_', ".", 1)),
    }
}
