//! Element segments and images of tables on both sides → what differs.
//!
//! 1. A permutation of slots is `renumbered` only if all that uses the table was seen to change
//!    with it: the table is neither imported nor exported, and all code that uses it calls through
//!    constant slots (those functions are compared with the slots' entries). Where numbers changed
//!    with the slots and nothing shows that there are no others, it is `assumed-moved`. Anything
//!    else is `changed`.
//! 2. Passive segments are compared by index, as `table.init` names them; active and declarative
//!    ones are empty to it.

use crate::judge::assumption::{Sort, Taken};
use crate::judge::finding::{Found, What};
use crate::judge::verdict::{Kind, Verdict};
use crate::numbers::image::fits;
use crate::numbers::slots::{Slots, slots};
use crate::pair::side::Side;
use prova_module::{ConstExpr, Element, ElementItems, ElementKind};

/// A segment as it acts: kind, place, contents, by B's indices.
fn acts(side: &Side<'_>, element: &Element) -> String {
    let expr = |expr: &ConstExpr| side.const_expr(expr);
    let place = match &element.kind {
        ElementKind::Passive => "passive".to_owned(),
        ElementKind::Declared => "declared".to_owned(),
        ElementKind::Active { table, offset } => format!("{} at {}", table.0, expr(offset)),
    };
    let items: Vec<String> = match &element.items {
        ElementItems::Funcs(funcs) => {
            funcs.iter().map(|func| format!("func {}", side.canonical_func(func.0))).collect()
        }
        ElementItems::Exprs(_, exprs) => exprs.iter().map(expr).collect(),
    };
    format!("{place} {}", items.join(", "))
}

/// All that differs in tables' contents. `closed` says of a table whether all code that uses it
/// calls through constant slots; `assumed`, how many numbers changed as slots did.
pub(crate) fn compare(
    sides: (&Side<'_>, &Side<'_>),
    closed: impl Fn(u32) -> bool,
    assumed: u64,
    out: &mut Vec<Found<'_>>,
) {
    let (a, b) = (sides.0.module.elements(), sides.1.module.elements());
    let passive = |element: &&Element| element.kind == ElementKind::Passive;
    for i in 0..a.len().max(b.len()) {
        let list = |side: &Side<'_>, list: &[Element]| {
            list.get(i).filter(passive).map(|element| acts(side, element))
        };
        if list(sides.0, a) != list(sides.1, b) {
            let name = format!("element segment {i}");
            out.push(Found::new(Kind::Table, Verdict::Changed, name, What::Passive));
        }
    }
    let before = out.len();
    if fits(sides.0.module) && fits(sides.1.module) {
        images(sides, closed, assumed, out);
    } else {
        let list = |side: &Side<'_>, list: &[Element]| -> Vec<String> {
            let active = |one: &&Element| matches!(one.kind, ElementKind::Active { .. });
            list.iter().filter(active).map(|element| acts(side, element)).collect()
        };
        if list(sides.0, a) != list(sides.1, b) {
            out.push(Found::new(Kind::Table, Verdict::Changed, "elements".into(), What::Active));
        }
    }
    let all = |side: &Side<'_>, list: &[Element]| -> Vec<String> {
        list.iter().map(|element| acts(side, element)).collect()
    };
    if out.len() == before && all(sides.0, a) != all(sides.1, b) {
        let (name, what) = ("elements".to_owned(), What::Recut);
        let mut one = Found::new(Kind::Table, Verdict::Renumbered, name, what);
        one.follows = true;
        out.push(one);
    }
}

fn images(
    sides: (&Side<'_>, &Side<'_>),
    closed: impl Fn(u32) -> bool,
    assumed: u64,
    out: &mut Vec<Found<'_>>,
) {
    for index in 0..sides.0.tables.len().min(sides.1.tables.len()) {
        let name =
            if index == 0 { "elements".into() } else { format!("elements of table {index}") };
        let (verdict, what) = match slots(sides, index) {
            Slots::Equal => continue,
            Slots::Permuted(count, first) => {
                let private = sides.0.tables[index].private && sides.1.tables[index].private;
                let verdict = match (private, closed(index as u32)) {
                    (true, true) => Verdict::Renumbered,
                    (true, false) if assumed > 0 => Verdict::AssumedMoved,
                    _ => Verdict::Changed,
                };
                (verdict, What::Permuted(index, count, first))
            }
            Slots::Other(removed, added) => (Verdict::Changed, What::Entries(removed, added)),
        };
        let mut one = Found::new(Kind::Table, verdict, name, what);
        one.follows = true;
        if verdict == Verdict::AssumedMoved {
            one.taken = vec![Taken::of(Sort::Table, 0, 0)];
        }
        out.push(one);
    }
}
