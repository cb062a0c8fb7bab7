//! A name → the function; a function → what could be kept beside it.
//!
//! Names are looked for as written (a symbol before an export, for an export may be a wrapper of
//! the function of its name), then demangled, then as a unique part of a demangled name.

use super::labels::gaps;
use super::parts::Parts;
use super::{Also, Plan};
use anyhow::{Result, bail};
use prova_builds::names::{demangle, printable};
use prova_module::ops::{Class, Immediate, Opcode};
use prova_module::{DataIdx, ExternKind, FuncIdx, Module};
use std::collections::{BTreeMap, BTreeSet};

/// Maximum number of candidates of an ambiguous name that are listed.
const CANDIDATES_MAX: usize = 8;

/// The function of this index, symbol, export, demangled name, or unique part of one.
///
/// # Errors
/// If there is none, or several: a message that lists some of them.
pub fn function(module: &Module, name: &str) -> Result<FuncIdx> {
    let count = module.func_count() as u32;
    if let Ok(index) = name.strip_prefix("func").unwrap_or(name).parse::<u32>()
        && index < count
    {
        return Ok(FuncIdx(index));
    }
    let named: Vec<(FuncIdx, &str)> = (0..count)
        .filter_map(|func| Some((FuncIdx(func), module.func_name(FuncIdx(func))?)))
        .collect();
    if let Some((func, _)) = named.iter().find(|(_, symbol)| *symbol == name) {
        return Ok(*func);
    }
    let export = module
        .exports()
        .iter()
        .find(|export| export.kind == ExternKind::Func && *export.name == *name);
    if let Some(export) = export {
        return Ok(FuncIdx(export.index));
    }
    let demangled: Vec<(FuncIdx, String)> =
        named.iter().map(|(func, symbol)| (*func, demangle(symbol))).collect();
    let exact: Vec<&(FuncIdx, String)> =
        demangled.iter().filter(|(_, full)| full == name).collect();
    let found = if exact.is_empty() {
        demangled.iter().filter(|(_, full)| full.contains(name)).collect()
    } else {
        exact
    };
    match found.as_slice() {
        [] => bail!("there is no function `{}`", printable(name)),
        [(func, _)] => Ok(*func),
        several => {
            let listed: Vec<String> = several
                .iter()
                .take(CANDIDATES_MAX)
                .map(|(func, full)| format!("{func} `{}`", printable(full)))
                .collect();
            let more = if several.len() > listed.len() { ", …" } else { "" };
            bail!(
                "`{}` may be one of {}: {}{more}",
                printable(name),
                several.len(),
                listed.join(", ")
            )
        }
    }
}

/// Something that is kept or left out, in A and in B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A callee's body.
    Body(Option<u32>, Option<u32>),
    /// The data segment of this index.
    Data(Option<u32>, Option<u32>),
    /// The element segment of this index.
    Element(Option<u32>, Option<u32>),
}

/// All that could be kept: what the function calls, however far, and all segments.
///
/// # Errors
/// If an operator cannot be read.
pub fn items(
    a: (&Module, &Parts<'_>),
    b: (&Module, &Parts<'_>),
    funcs: (u32, u32),
) -> Result<Vec<Item>> {
    let (called_a, called_b) = (called(a.0, funcs.0)?, called(b.0, funcs.1)?);
    let data = |(module, parts): (&Module, &Parts<'_>)| -> Vec<Vec<u8>> {
        let named = |at: usize| module.names().data(DataIdx(at as u32)).map(|name| name.into());
        let segments = parts.data.iter().enumerate();
        segments.map(|(at, data)| named(at).unwrap_or_else(|| data.data.to_vec())).collect()
    };
    let elements = |(module, parts): (&Module, &Parts<'_>)| -> Vec<Vec<u8>> {
        let bytes = |element: &wasmparser::Element<'_>| {
            let range = element.range.start as usize..element.range.end as usize;
            module.bytes().get(range).unwrap_or_default().to_vec()
        };
        parts.elements.iter().map(bytes).collect()
    };
    let mut items: Vec<Item> =
        segments(&data(a), &data(b)).into_iter().map(|(a, b)| Item::Data(a, b)).collect();
    let pairs = segments(&elements(a), &elements(b)).into_iter();
    items.extend(pairs.map(|(a, b)| Item::Element(a, b)));
    // Callees are paired by their symbols.
    let mut by_symbol: BTreeMap<String, (Option<u32>, Option<u32>)> = BTreeMap::new();
    for func in called_a {
        by_symbol.entry(symbol(a.0, func)).or_default().0 = Some(func);
    }
    for func in called_b {
        by_symbol.entry(symbol(b.0, func)).or_default().1 = Some(func);
    }
    items.extend(by_symbol.into_values().map(|(a, b)| Item::Body(a, b)));
    Ok(items)
}

/// The name of a function as it is in the module, else `func12`.
pub fn symbol(module: &Module, func: u32) -> String {
    module.func_name(FuncIdx(func)).map_or_else(|| FuncIdx(func).to_string(), str::to_owned)
}

/// Segments of A and of B that belong together, by their names or contents; between such, as many
/// of one side as of the other in their order. One that has no like stands alone.
fn segments(a: &[Vec<u8>], b: &[Vec<u8>]) -> Vec<(Option<u32>, Option<u32>)> {
    let (mut pairs, mut from) = (Vec::new(), (0, 0));
    let equal = |count: usize, from: &mut (usize, usize), pairs: &mut Vec<_>| {
        for _ in 0..count {
            pairs.push((Some(from.0 as u32), Some(from.1 as u32)));
            *from = (from.0 + 1, from.1 + 1);
        }
    };
    for gap in gaps(a, b) {
        equal(gap.a.start - from.0, &mut from, &mut pairs);
        if gap.a.len() == gap.b.len() {
            equal(gap.a.len(), &mut from, &mut pairs);
            continue;
        }
        pairs.extend(gap.a.clone().map(|at| (Some(at as u32), None)));
        pairs.extend(gap.b.clone().map(|at| (None, Some(at as u32))));
        from = (gap.a.end, gap.b.end);
    }
    equal(a.len() - from.0, &mut from, &mut pairs);
    pairs
}

/// The defined functions that a function calls, however far, without itself.
fn called(module: &Module, func: u32) -> Result<BTreeSet<u32>> {
    let (mut found, mut open) = (BTreeSet::new(), vec![func]);
    while let Some(func) = open.pop() {
        let Some(body) = module.body(FuncIdx(func)) else { continue };
        let mut operators = body.operators();
        while !operators.eof() {
            let operator = operators.read()?;
            if !matches!(Opcode::of(&operator).class(), Class::call | Class::return_call) {
                continue;
            }
            let callee = Opcode::immediates(&operator).index(Immediate::func);
            let Some(callee) = callee else { continue };
            if module.body(FuncIdx(callee)).is_some() && found.insert(callee) {
                open.push(callee);
            }
        }
    }
    found.remove(&func);
    Ok(found)
}

/// The plans of A and B with the chosen items.
pub fn plans<'i>(funcs: (u32, u32), chosen: impl Iterator<Item = &'i Item>) -> (Plan, Plan) {
    let plan = |func| Plan { func, ..Plan::default() };
    let (mut a, mut b) = (plan(funcs.0), plan(funcs.1));
    for item in chosen {
        match *item {
            Item::Body(in_a, in_b) => {
                a.bodies.extend(in_a);
                b.bodies.extend(in_b);
            }
            Item::Data(in_a, in_b) => {
                a.data.extend(in_a);
                b.data.extend(in_b);
            }
            Item::Element(in_a, in_b) => {
                a.elements.extend(in_a);
                b.elements.extend(in_b);
            }
        }
    }
    (a, b)
}

/// A plan that keeps everything of a module that is needed.
pub fn everything(module: &Module, parts: &Parts<'_>, func: u32) -> Plan {
    Plan {
        func,
        root: None,
        bodies: module.defined_funcs().map(|func| func.0).collect(),
        data: (0..parts.data.len() as u32).collect(),
        elements: (0..parts.elements.len() as u32).collect(),
        body: None,
        also: Also::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_paired_by_what_they_are() {
        let list = |names: &[&str]| -> Vec<Vec<u8>> {
            names.iter().map(|name| name.as_bytes().to_vec()).collect()
        };
        let pairs = segments(&list(&["new", "a", "b", "c"]), &list(&["a", "x", "c"]));
        let expected =
            [(Some(0), None), (Some(1), Some(0)), (Some(2), Some(1)), (Some(3), Some(2))];
        assert_eq!(pairs, expected);
        assert_eq!(segments(&[], &list(&["a"])), [(None, Some(0))]);
    }
}
