//! `prova specialize --report`: the outcome of each request, as a tree.
//!
//! Requests stand in the order of the addresses that they write to; operators by how many went,
//! then by name; places by how many copies they cost, then by offset.

use prova_module::Module;
use prova_report::{Node, Table};
use prova_specialize::{
    Asked, Fault, Outcome, Places, Refused, Request, Sites, Specialized, Tally,
};

/// The most places of one request that are listed.
const SITES_MAX: usize = 50;

/// The report on a module's requests: a node for each.
pub(super) fn report(file: &str, module: &Module, outcome: &Outcome, places: &Places) -> Node {
    let done = outcome.requests.iter().filter(|(_, _, state)| state.is_ok()).count();
    let title = format!("{file}: {done} of {} requests compiled", outcome.requests.len());
    let section = |(asked, request, state): &(Asked, Option<Request>, _)| {
        section(*asked, request.as_ref(), state, module, places)
    };
    Node { children: outcome.requests.iter().map(section).collect(), ..Node::new(title) }
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
    module: &Module,
    places: &Places,
) -> Node {
    let of = request.map(|it| match module.func_name(it.func) {
        Some(name) => format!(" of {} `{}`", it.func, prova_builds::names::printable(name)),
        None => format!(" of {}", it.func),
    });
    let title = format!("{asked}{}", of.unwrap_or_default());
    let func = request.map(|it| it.func);
    let name = |at| func.map_or_else(|| format!("{at:#x}"), |func| places.name(func, at));
    let left = |more: usize| {
        let note =
            (more > 0).then(|| format!("{more} more places than are listed were not folded"));
        note.into_iter().collect()
    };
    let made = match state {
        Err(why) => {
            let (sites, more) = sites(&why.sites, name);
            let evidence = vec![refusal(why, places)];
            let node = Node { evidence, notes: left(more), ..Node::new(title) };
            return node.with_verdict("refused").with_table(sites);
        }
        Ok(made) => made,
    };
    let Specialized { func, generic, residual: [_, after], bytes, .. } = made;
    let mut evidence = vec![format!(
        "{func}: {} blocks, {} instructions, {bytes} bytes; the interpreter: {} blocks, {} \
         instructions",
        after.0, after.1, generic.0, generic.1
    )];
    evidence.extend(made.assumptions.iter().map(|assumption| format!("assumes that {assumption}")));
    let Some(tally) = &made.tally else {
        return Node { evidence, ..Node::new(title) };
    };
    let sum = |all: &std::collections::BTreeMap<String, u64>| all.values().sum::<u64>();
    let (gone, kept) = (sum(&tally.gone), sum(&tally.kept));
    evidence.push(format!(
        "{} copies of parts of its blocks: of {} operators in them {gone} went away, before passes",
        tally.copies,
        gone + kept
    ));
    let (sites, more) = sites(&tally.sites, name);
    let node = Node { evidence, notes: left(more), ..Node::new(title) };
    node.with_table(operators(tally)).with_table(sites)
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

/// The places that cost most, and how many more there are.
fn sites(sites: &Sites, place: impl Fn(u32) -> String) -> (Table, usize) {
    let mut all: Vec<_> = sites.iter().collect();
    all.sort_by_key(|(_, site)| std::cmp::Reverse(site.copies));
    let more = all.len().saturating_sub(SITES_MAX);
    let mut table = Table::new("not folded", &["operator", "at", ">copies", "why"]);
    for ((at, what), site) in all.into_iter().take(SITES_MAX) {
        let cells = [what.clone(), place(*at), site.copies.to_string(), site.why.clone()];
        table.push(cells, false);
    }
    (table, more)
}
