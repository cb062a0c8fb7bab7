//! `prova specialize --report`: the outcome of each request, as a tree.
//!
//! Requests stand in the order of the addresses that they write to; operators by how many went,
//! then by name; places by how many copies they cost, then by offset.

use prova_module::Module;
use prova_report::{Node, Table};
use prova_specialize::{
    Asked, Fault, Outcome, Places, Refused, Request, Sites, Specialized, Tally,
};

/// The most places of one request that a reader is shown.
const SITES_MAX: usize = 50;

/// The report on a module's requests: a node for each. Without `whole` only those that were
/// compiled, and nothing on what went away or stays.
pub(super) fn report(
    title: String,
    module: &Module,
    outcome: &Outcome,
    places: &Places,
    whole: bool,
) -> Node {
    let told = outcome.requests.iter().filter(|(_, _, state)| whole || state.is_ok());
    let section = |(asked, request, state): &(Asked, Option<Request>, _)| {
        section(*asked, request.as_ref(), state, (module, places), whole)
    };
    Node::of("specialized", title).with_children(told.map(section))
}

/// Why a request was refused, with the place in the file's words.
pub(crate) fn refusal(why: &Refused, places: &Places) -> String {
    let bug = if why.fault == Fault::Bug { "bug: " } else { "" };
    let place = why.place.map(|(func, at)| format!("{func} at {}: ", places.name(func, at)));
    format!("{bug}{}{}", place.unwrap_or_default(), why.what)
}

fn section(
    asked: Asked,
    request: Option<&Request>,
    state: &Result<Specialized, Refused>,
    (module, places): (&Module, &Places),
    whole: bool,
) -> Node {
    let of = request.map(|it| match module.func_name(it.func) {
        Some(name) => format!(" of {} `{}`", it.func, prova_builds::names::printable(name)),
        None => format!(" of {}", it.func),
    });
    let title = format!("{asked}{}", of.unwrap_or_default());
    let func = request.map(|it| it.func);
    let name = |at| func.map_or_else(|| format!("{at:#x}"), |func| places.name(func, at));
    let node = Node::of("request", title);
    let made = match state {
        Err(why) => {
            let node = node.with_verdict("refused").with_evidence([refusal(why, places)]);
            return node.with_table(sites(&why.sites, name));
        }
        Ok(made) => made,
    };
    let Specialized { func, element, generic, residual: [_, after], bytes, .. } = made;
    let size = format!(
        "{func}, element {element} of table 0: {} blocks and {} instructions for {} and {}, \
         {bytes} bytes",
        after.0, after.1, generic.0, generic.1
    );
    let assumed = made.assumptions.iter().map(|assumption| format!("assumes that {assumption}"));
    let node = node.with_evidence([size]).with_evidence(assumed);
    let Some(tally) = made.tally.as_ref().filter(|_| whole) else { return node };
    let sum = |all: &std::collections::BTreeMap<String, u64>| all.values().sum::<u64>();
    let (gone, kept) = (sum(&tally.gone), sum(&tally.kept));
    let copies = format!(
        "{} copies of parts of its blocks: of {} operators in them {gone} went away, before passes",
        tally.copies,
        gone + kept
    );
    let node = node.with_evidence([copies]);
    node.with_table(operators(tally)).with_table(sites(&tally.sites, name))
}

/// How many operators of each name went away and how many stay, the most first.
fn operators(tally: &Tally) -> Table {
    let names: std::collections::BTreeSet<&String> =
        tally.gone.keys().chain(tally.kept.keys()).collect();
    let row = |name: &String| {
        let gone = tally.gone.get(name).copied().unwrap_or(0);
        (name.clone(), gone, tally.kept.get(name).copied().unwrap_or(0))
    };
    let mut rows: Vec<(String, u64, u64)> = names.into_iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.1));
    let mut table = Table::new("operators", &[">went away", ">stay", "name"]);
    for (name, gone, kept) in rows {
        table.push([gone.to_string(), kept.to_string(), name], false);
    }
    table
}

/// The places, those that cost most first.
fn sites(sites: &Sites, place: impl Fn(u32) -> String) -> Table {
    let mut all: Vec<_> = sites.iter().collect();
    all.sort_by_key(|(_, site)| std::cmp::Reverse(site.copies));
    let table = Table::new("not folded", &["operator", "at", ">copies", "why"]);
    let mut table = Table { shown: Some(SITES_MAX), ..table };
    for ((at, what), site) in all {
        let cells = [what.clone(), place(*at), site.copies.to_string(), site.why.clone()];
        table.push(cells, false);
    }
    table
}
