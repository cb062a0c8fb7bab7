//! The finding about a pair of functions in words, and its cause.

use super::assumption::{apart, assumed};
use super::obstacle;
use crate::judge::compare::{Change, Layout, Outcome, Refuted, Stayed};
use crate::judge::edit::{Edit, Operands};
use crate::judge::exec::Agreement;
use crate::judge::lengths::Length;
use crate::judge::lockstep::Same;
use crate::judge::types::Follows;
use crate::judge::verdict::Verdict;
use crate::pair::side::Side;
use crate::tell::cause::Cause;
use crate::tell::code::single;
use crate::tell::report::plural;
use crate::tell::words::types::name;
use std::collections::BTreeMap;

/// A finding in words.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) cause: Cause,
    pub(crate) summary: String,
    pub(crate) evidence: Vec<String>,
    pub(crate) sites: u64,
}

/// Words a finding.
pub(crate) fn words(sides: (&Side<'_>, &Side<'_>), funcs: (u32, u32), outcome: &Outcome) -> Words {
    let refuted = outcome.refuted.map(|why| match why {
        Refuted::Execution(seed) => {
            format!("control-flow graphs look equal, but execution differs (input {seed})")
        }
        Refuted::Torn(a, b) => {
            format!("address {a} is {b} here, and other code shows another pair")
        }
    });
    let mut words = match &outcome.change {
        Change::Same(same) => explained(same),
        Change::Layout(found) => layout(found),
        Change::Signature(edit) => {
            let ty =
                |side: &Side<'_>, func| side.module.func_type(prova_module::FuncIdx(func)).clone();
            let why = format!("type {} became {}", ty(sides.0, funcs.0), ty(sides.1, funcs.1));
            changed("its type changed".to_owned(), Cause::Signature, Some(why), edit)
        }
        Change::Inlined(edit, inlined) => {
            let side = if inlined.into_a { sides.1 } else { sides.0 };
            let name = side.func_name(inlined.callee);
            let summary = match inlined.into_a {
                true => format!("the body of `{name}` became a call of it"),
                false => format!("`{name}` is inlined"),
            };
            let cause = Cause::Inlined(name, inlined.into_a);
            let mut words = changed(summary, cause, refuted, edit);
            words.evidence.push("the callee's operators stand in the caller".into());
            words
        }
        Change::Types(found) => typed(sides, *found),
        Change::Other(edit, stayed) => other(sides, funcs, (edit, *stayed), refuted),
    };
    if let Some(root) = edit(outcome).and_then(|edit| edit.types) {
        let name = name(sides, root);
        words.evidence.push(format!("it also names type {name}, whose definition changed"));
    }
    words.evidence.extend(outcome.apart.map(apart));
    words
}

/// How often which field offset became which.
pub(crate) fn fields(outcome: &Outcome) -> Option<&BTreeMap<(u64, u64), u32>> {
    match &outcome.change {
        Change::Signature(edit) | Change::Other(edit, _) | Change::Inlined(edit, _) => {
            Some(&edit.fields)
        }
        Change::Same(_) | Change::Layout(_) | Change::Types(_) => None,
    }
}

/// The edit script of code that differs.
pub(crate) fn edit(outcome: &Outcome) -> Option<&Edit> {
    match &outcome.change {
        Change::Signature(edit) | Change::Other(edit, _) | Change::Inlined(edit, _) => Some(edit),
        Change::Layout(layout) => Some(&layout.edit),
        Change::Same(_) | Change::Types(_) => None,
    }
}

/// Bodies that are equal where types are taken as they became.
fn typed(sides: (&Side<'_>, &Side<'_>), Follows { root, places }: Follows) -> Words {
    let name = name(sides, root);
    let summary = format!("the same operators, on type {name} as it became");
    let evidence =
        vec![format!("{} where types differ that follow from it", plural(places.into(), "place"))];
    Words { cause: Cause::Type(root), summary, evidence, sites: places.into() }
}

fn changed(summary: String, cause: Cause, why: Option<String>, edit: &Edit) -> Words {
    let sites = edit.removed.max(edit.inserted).max(1) as u64;
    Words { cause, summary, evidence: why.into_iter().collect(), sites }
}

/// Bodies that are equal in lockstep.
fn explained(same: &Same) -> Words {
    let mut evidence = vec!["operator by operator the same".to_owned()];
    let mut sites = u64::from(same.moved + same.assumed) + same.lengths.len() as u64;
    let cause = match same.first_moved {
        _ if !same.lengths.is_empty() => Cause::Length(growth(same.lengths[0])),
        Some((address, delta)) => Cause::Moved(address, delta),
        None if same.assumed > 0 => Cause::Slots,
        None if same.renumbered > 0 => Cause::Renumbered,
        None => Cause::Locals,
    };
    let mut parts = Vec::new();
    lengths(&same.lengths, &mut parts, &mut evidence);
    numbers(same, &mut parts);
    if let (Some((address, delta)), 1..) = (same.first_moved, same.moved) {
        evidence.push(format!(
            "the first address, {address}, is {} in B ({delta:+})",
            address.wrapping_add_signed(delta)
        ));
    }
    evidence.extend(same.first_assumed.map(assumed));
    if sites == 0 {
        sites = u64::from(same.renumbered + same.locals);
    }
    if same.renumbered > 0 {
        let places = plural(same.renumbered.into(), "place");
        parts.push(format!("{places} where an index names the same thing by another number"));
    }
    if same.locals > 0 {
        parts.push(format!("{} of renamed locals", plural(same.locals.into(), "use")));
    }
    Words { cause, summary: parts.join(", "), evidence, sites }
}

/// Adds in words which numbers moved, and the assumptions about others.
fn numbers(same: &Same, parts: &mut Vec<String>) {
    if same.moved > 0 {
        parts.push(format!("{} moved", plural(same.moved.into(), "address")));
    }
    if same.mixed > 0 {
        let addresses = plural(same.mixed.into(), "address");
        parts.push(format!("{addresses} moved, and may be used as a number too"));
    }
    match same.stays {
        0 => {}
        1 => parts.push("1 number stays, and is assumed to be no address".to_owned()),
        stays => parts.push(format!("{stays} numbers stay, and are assumed to be no addresses")),
    }
    if same.room > 0 {
        let numbers = plural(same.room.into(), "number");
        parts.push(format!("{numbers} assumed to be what is left of memory"));
    }
    let rest = same.assumed - same.mixed - same.stays - same.room;
    if rest > 0 {
        parts.push(format!("{} assumed to be an address or slot", plural(rest.into(), "number")));
    }
}

/// By how much a text grew.
fn growth(length: Length) -> i64 {
    i64::from(length.pair.1) - i64::from(length.pair.0)
}

/// Adds the findings about lengths of text to a summary and its evidence.
fn lengths(lengths: &[Length], parts: &mut Vec<String>, evidence: &mut Vec<String>) {
    let Some(first) = lengths.first() else { return };
    let sort = Verdict::of_text(first.sort);
    parts.push(format!("{} of {sort} strings", plural(lengths.len() as u64, "length")));
    let (a, b) = first.pair;
    let why = match lengths.iter().all(|one| one.shown) {
        true => "each is used beside the string's address, as its length",
        false => {
            "one stands by the string's address, and nothing shows that it is used as its length"
        }
    };
    evidence.push(format!("{a} → {b} is the string's own length on both sides; {why}"));
}

/// Graphs that are equal.
fn layout(Layout { found, runs, edit }: &Layout) -> Words {
    let states = found.dispatched > 0 && found.states_permuted;
    let summary = match states {
        true => "layout-only, dispatcher states permuted",
        false => "layout-only, blocks in another order",
    };
    let mut evidence = vec![format!(
        "control-flow graphs of {} blocks are equal up to the order of blocks",
        found.blocks
    )];
    if found.dispatched > 0 {
        evidence.push(format!(
            "{} edges pass a dispatcher; state constants, `br_table` operands and branch depths change together",
            found.dispatched
        ));
    }
    match runs {
        Ok(Agreement { agreed, unfinished, .. }) => {
            evidence.push(format!(
                "{agreed} executions on random inputs agree: results, traps, memory, globals, calls with arguments"
            ));
            if *unfinished > 0 {
                evidence.push(format!(
                    "{unfinished} executions used up their fuel and are not counted"
                ));
            }
        }
        Err(why) => evidence.push(format!("not executed: {}", obstacle(why))),
    }
    if found.same.moved > 0 {
        evidence.push(format!("{} moved", plural(found.same.moved.into(), "address")));
    }
    evidence.extend(found.same.first_assumed.map(assumed));
    let (cause, sites) = (Cause::Layout { states }, edit.removed.max(edit.inserted) as u64);
    Words { cause, summary: summary.into(), evidence, sites }
}

/// Bodies that nothing explains.
fn other(
    sides: (&Side<'_>, &Side<'_>),
    funcs: (u32, u32),
    (edit, at): (&Edit, Option<Stayed>),
    refuted: Option<String>,
) -> Words {
    let kinds = edit.operands.map(|operands| kinds(&operands)).unwrap_or_default();
    if let Some(one) = edit.single {
        let (a, b) = single(sides, funcs, one);
        let what = if one.constant { "constant" } else { "operator" };
        // One address, field or callee is better told with its like than by its number.
        let (what, cause) = match kinds.first() {
            Some(kind) if *kind != "constants" => ("operand", Cause::Operands(kind)),
            _ if one.constant => (what, Cause::Constant(a.clone(), b.clone())),
            _ => (what, Cause::Operator(a.clone(), b.clone())),
        };
        return changed(format!("{what} changed: {a} → {b}"), cause, refuted, edit);
    }
    if let Some(kind) = kinds.first() {
        let (ops, count) = (edit.ops, edit.removed);
        let summary =
            format!("the same {ops} operators, {count} operands differ: {}", kinds.join(", "));
        return changed(summary, Cause::Operands(kind), refuted, edit);
    }
    let slight = 10 * edit.removed.max(edit.inserted) < edit.ops;
    if let Some(at) = at {
        let summary = "the same operators, but what they access moved".to_owned();
        let mut words = changed(summary, Cause::Stayed, refuted, edit);
        words.evidence.push(stayed(at));
        return words;
    }
    let summary = match edit.removed + edit.inserted {
        0 => "locals differ where operators are the same".to_owned(),
        _ => format!(
            "{} of {} operators removed, {} inserted",
            edit.removed, edit.ops, edit.inserted
        ),
    };
    changed(summary, Cause::Body { slight }, refuted, edit)
}

/// A number that is not where it should be.
fn stayed(at: Stayed) -> String {
    match at {
        Stayed::Number { slot, from, to, at } => {
            let what = if slot { "table slot" } else { "address" };
            match from == to {
                true => format!("{what} {from}, used at {at:#x}, names another thing in B"),
                false => format!(
                    "{what} {from} is {to} in B, used at {at:#x}, and not all that is accessed there moved so"
                ),
            }
        }
        Stayed::Computed(at) => {
            format!("address {at}, which is computed, names another thing in B")
        }
    }
}

/// The kinds of operands that differ, in words, the most telling first.
fn kinds(operands: &Operands) -> Vec<&'static str> {
    let all = [
        (
            operands.fields,
            "offsets of loads and stores (fields of a struct, variables at fixed addresses)",
        ),
        (operands.addresses, "addresses of data"),
        (operands.callees, "functions called"),
        (operands.constants, "constants"),
        (operands.locals, "locals"),
        (operands.globals, "globals"),
    ];
    all.into_iter().filter(|(count, _)| *count > 0).map(|(_, word)| word).collect()
}
