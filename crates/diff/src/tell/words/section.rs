//! Findings outside functions and data in words, and their causes.

use super::assumption::assumed;
use super::debug;
use crate::judge::assumption::Assumed;
use crate::judge::finding::{Alone, Elsewhere, Found, Value, What};
use crate::judge::verdict::{Kind, Verdict};
use crate::numbers::shift::Assumption;
use crate::pair::side::Side;
use crate::pair::table::Entry;
use crate::tell::cause::Cause;
use prova_builds::names::printable;

/// End of a summary of addresses that may be numbers, too.
const NUMBERS: &str = "are kept, given away or calculated with: assumed not to matter";

/// A finding in words.
pub(crate) fn summary(sides: (&Side<'_>, &Side<'_>), found: &Found<'_>) -> String {
    match &found.what {
        What::Alone(side) => {
            let read = found.verdict == Verdict::Producers;
            let why = if read { ": debug information, which no code reads" } else { "" };
            format!("only in {}{why}", if *side == Alone::A { "A" } else { "B" })
        }
        What::Listed(a, b) => {
            let (x, y) = (a.join(", "), b.join(", "));
            printable(&match (a.is_empty(), b.is_empty()) {
                (false, true) => format!("only in A: {x}"),
                (true, false) => format!("only in B: {y}"),
                _ if found.kind == Kind::Export => format!("names another thing: {x} → {y}"),
                _ => format!("{x} became {y}"),
            })
        }
        What::Order => "tables, memories or tags stand in another order".into(),
        What::Start(a, b) => {
            let name = |side: &Side<'_>, func: Option<u32>| {
                func.map_or("none".to_owned(), |func| side.func_name(func))
            };
            format!("the start function: {} → {}", name(sides.0, *a), name(sides.1, *b))
        }
        What::Tags => "their types changed".into(),
        What::Pages(a, b) => {
            let why = match found.verdict {
                Verdict::AssumedMoved => ", as what moved asks for: assumed that nobody minds",
                Verdict::Moved => ", as what moved asks for",
                _ => "",
            };
            format!("{} → {}{why}", many(*a, "pages"), many(*b, "pages"))
        }
        What::Elements(a, b) => format!("{} → {}", many(*a, "elements"), many(*b, "elements")),
        What::Passive => "what `table.init` writes from it differs".into(),
        What::Active => "active segments differ, in what they hold or in their order".into(),
        What::Recut => "the same contents, cut into other segments or declared otherwise".into(),
        What::Permuted(table, count, first) => permuted(sides, *table, (*count, *first)),
        What::Entries(removed, added) => {
            format!("{removed} entries only in A, {added} only in B")
        }
        What::GlobalType => "its type changed".into(),
        What::Init => "its initial value changed".into(),
        What::InitStays(one) => format!("its initial value: {}", assumed(*one)),
        What::Value(x, y, how) => value((*x, *y), *how),
        What::Producers => "names and versions of tools differ".into(),
        What::Relocations => "the same relocations at other offsets".into(),
        What::Contents(a, b, why) => {
            let why = why.map(|why| format!("; not explained: {why}")).unwrap_or_default();
            format!("{a} → {b} bytes, contents differ{why}")
        }
        What::OwnName(a, b) => {
            let text = |name: Option<&str>| name.map_or("none".into(), printable);
            let (a, b) = (text(*a), text(*b));
            format!("the module's own name: {a} → {b} (linkers write the output file's name)")
        }
        What::Debug(sum, _) => debug::section(sum),
    }
}

/// The cause of a finding.
pub(crate) fn cause(found: &Found<'_>) -> Cause {
    let of = |one: &Assumed| match one.what {
        Assumption::Slot => Cause::Slots,
        Assumption::Stays(by, _) => Cause::Moved(one.address, by),
        _ => Cause::Moved(one.address, one.delta),
    };
    match &found.what {
        What::InitStays(one) => of(one),
        What::Value(x, y, value) => match value {
            Value::Changed | Value::StackChanged => Cause::Body { slight: false },
            Value::Assumed(one) | Value::StackAssumed(one) => of(one),
            Value::StackStays(by) => Cause::Moved(*x, *by),
            Value::Moved { .. } | Value::Stack { .. } => moved(*x, *y),
            Value::StackLess | Value::StackElsewhere(_) => moved(*x, *y),
        },
        What::Debug(_, Some(growth)) => match found.verdict {
            Verdict::Path | Verdict::Moved | Verdict::Renumbered => Cause::Length(*growth),
            _ => Cause::Body { slight: false },
        },
        _ => Cause::Body { slight: false },
    }
}

fn moved(x: u64, y: u64) -> Cause {
    Cause::Moved(x, y.wrapping_sub(x) as i64)
}

fn many(count: Option<u64>, what: &str) -> String {
    count.map_or("none".to_owned(), |count| format!("{count} {what}"))
}

/// Slots that hold the same in another order.
fn permuted(sides: (&Side<'_>, &Side<'_>), table: usize, (count, first): (u64, u64)) -> String {
    let held = |side: &Side<'_>| match side.tables[table].entry(first) {
        Some(Entry::Func(func)) => format!("`{}`", side.func_name(func)),
        Some(Entry::Global(_) | Entry::Other | Entry::Null) | None => "-".to_owned(),
    };
    let (a, b) = (held(sides.0), held(sides.1));
    format!(
        "the same functions in another order: {count} slots; slot {first} has {a} in A, {b} in B"
    )
}

/// Two initial values.
fn value((x, y): (u64, u64), value: Value) -> String {
    let both = format!("initial value {x} → {y}");
    let moves = |also: bool, what: &str| match also {
        true => format!("{both}, {what}; addresses made of it {NUMBERS}"),
        false => format!("{both}, {what}"),
    };
    match value {
        Value::Changed => both,
        Value::Moved { also } => moves(also, "an address that moved"),
        Value::Stack { also } => moves(also, "the stack behind the data"),
        Value::Assumed(one) => format!("{both}: {}", assumed(one)),
        Value::StackAssumed(one) => format!("initial value {x}: {}", assumed(one)),
        Value::StackStays(_) => format!(
            "the stack pointer, {x}, stays, though the data before it grew: \
             assumed that the stack is as large"
        ),
        Value::StackLess => format!(
            "the stack pointer, {x} → {y}, moved less than the data before it: \
             assumed that the stack is as large"
        ),
        Value::StackElsewhere(place) => {
            let what = match place {
                Elsewhere::Larger => "a larger stack before the data",
                Elsewhere::Smaller => "a smaller stack before the data",
                Elsewhere::Behind => "a stack that was before the data and is behind it",
                Elsewhere::Before => "a stack that was behind the data and is before it",
                Elsewhere::Place => "another place behind the data",
            };
            format!("the stack pointer, {x} → {y}, {what}: assumed that the stack is large enough")
        }
        Value::StackChanged => {
            let delta = y.wrapping_sub(x) as i64;
            format!("the stack pointer starts at {x} in A and at {y} in B ({delta:+})")
        }
    }
}
