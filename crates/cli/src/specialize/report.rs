//! `prova specialize --report`: what became of each request, as text or as a page that needs
//! nothing else.
//!
//! Requests stand in the order of the addresses that they write to; operators by how many went,
//! then by name; places by how many copies they cost, then by offset.

use prova_module::Module;
use prova_specialize::{
    Asked, Fault, Outcome, Places, Refused, Request, Sites, Specialized, Tally,
};
use std::fmt::Write as _;

/// The most places of one request that are listed.
const SITES_MAX: usize = 50;

/// A report: what was asked for, and rows for each request.
pub(super) struct Report {
    title: String,
    requests: Vec<Section>,
}

struct Section {
    title: String,
    lines: Vec<String>,
    /// Operators: the name, how many went away, how many stay.
    operators: Vec<(String, u64, u64)>,
    /// Places: where, what stays, in how many copies, why.
    sites: Vec<[String; 4]>,
}

impl Report {
    /// The outcomes of a module's requests.
    pub(super) fn new(file: &str, module: &Module, outcome: &Outcome, places: &Places) -> Report {
        let done = outcome.requests.iter().filter(|(_, _, state)| state.is_ok()).count();
        let title = format!("{file}: {done} of {} requests compiled", outcome.requests.len());
        let section = |(asked, request, state): &(Asked, Option<Request>, _)| {
            section(*asked, request.as_ref(), state, module, places)
        };
        Report { title, requests: outcome.requests.iter().map(section).collect() }
    }

    /// As text.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{}\n", self.title);
        // Writing to a string does not fail.
        for Section { title, lines, operators, sites } in &self.requests {
            let _ = writeln!(text, "\n{title}");
            for line in lines {
                let _ = writeln!(text, "  {line}");
            }
            if !operators.is_empty() {
                text.push_str("  operators: went away, stay, name\n");
            }
            for (name, gone, kept) in operators {
                let _ = writeln!(text, "  {gone:>8} {kept:>8}  {name}");
            }
            if !sites.is_empty() {
                text.push_str("  not folded:\n");
            }
            for [place, what, copies, why] in sites {
                let _ = writeln!(text, "    {what} at {place} ({copies}): {why}");
            }
        }
        text
    }

    /// As a page.
    pub(super) fn html(&self) -> String {
        let title = escaped(&self.title);
        let mut text = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}\
             </title>\n<style>body {{ font: 15px/1.4 sans-serif; margin: 2em; max-width: 75em }} \
             table {{ border-collapse: collapse; margin: 0.5em 0 }} td, th {{ padding: 0 0.8em; \
             text-align: left; vertical-align: top }} td.n {{ text-align: right }} \
             tr:nth-child(even) {{ background: #eee }}</style></head><body>\n<h1>{title}</h1>\n"
        );
        for Section { title, lines, operators, sites } in &self.requests {
            let _ = writeln!(text, "<h2>{}</h2>", escaped(title));
            for line in lines {
                let _ = writeln!(text, "<p>{}</p>", escaped(line));
            }
            if !operators.is_empty() {
                text.push_str("<table><tr><th>operator</th><th>went away</th><th>stay</th></tr>\n");
                for (name, gone, kept) in operators {
                    let _ = writeln!(
                        text,
                        "<tr><td>{}</td><td class=\"n\">{gone}</td><td class=\"n\">{kept}</td></tr>",
                        escaped(name)
                    );
                }
                text.push_str("</table>\n");
            }
            if !sites.is_empty() {
                text.push_str(
                    "<table><tr><th>not folded</th><th>at</th><th>copies</th><th>why</th></tr>\n",
                );
                for [place, what, copies, why] in sites {
                    let [place, what, why] = [place, what, why].map(|it| escaped(it));
                    let _ = writeln!(
                        text,
                        "<tr><td>{what}</td><td>{place}</td><td class=\"n\">{copies}</td>\
                         <td>{why}</td></tr>"
                    );
                }
                text.push_str("</table>\n");
            }
        }
        text.push_str("</body></html>\n");
        text
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
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
) -> Section {
    let of = request.map(|it| match module.func_name(it.func) {
        Some(name) => format!(" of {} `{}`", it.func, prova_builds::names::printable(name)),
        None => format!(" of {}", it.func),
    });
    let mut title = format!("{asked}{}", of.unwrap_or_default());
    let func = request.map(|it| it.func);
    let name = |at| func.map_or_else(|| format!("{at:#x}"), |func| places.name(func, at));
    let left = |more| format!("{more} more places than are listed were not folded");
    let made = match state {
        Err(why) => {
            title.push_str(": refused");
            let (sites, more) = sites(&why.sites, name);
            let mut lines = vec![refusal(why, places)];
            lines.extend((more > 0).then(|| left(more)));
            return Section { title, lines, operators: Vec::new(), sites };
        }
        Ok(made) => made,
    };
    let Specialized { func, generic, residual: [_, after], bytes, .. } = made;
    let mut lines = vec![format!(
        "{func}: {} blocks, {} instructions, {bytes} bytes; the interpreter: {} blocks, {} \
         instructions",
        after.0, after.1, generic.0, generic.1
    )];
    lines.extend(made.assumptions.iter().map(|assumption| format!("assumes that {assumption}")));
    let Some(tally) = &made.tally else {
        return Section { title, lines, operators: Vec::new(), sites: Vec::new() };
    };
    let sum = |all: &std::collections::BTreeMap<String, u64>| all.values().sum::<u64>();
    let (gone, kept) = (sum(&tally.gone), sum(&tally.kept));
    lines.push(format!(
        "{} copies of parts of its blocks: of {} operators in them {gone} went away, before passes",
        tally.copies,
        gone + kept
    ));
    let (sites, more) = sites(&tally.sites, name);
    lines.extend((more > 0).then(|| left(more)));
    Section { title, lines, operators: operators(tally), sites }
}

fn operators(tally: &Tally) -> Vec<(String, u64, u64)> {
    let names: std::collections::BTreeSet<&String> =
        tally.gone.keys().chain(tally.kept.keys()).collect();
    let row = |name: &String| {
        let gone = tally.gone.get(name).copied().unwrap_or(0);
        (name.clone(), gone, tally.kept.get(name).copied().unwrap_or(0))
    };
    let mut rows: Vec<(String, u64, u64)> = names.into_iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.1));
    rows
}

/// The places that cost most, and how many more there are.
fn sites(sites: &Sites, place: impl Fn(u32) -> String) -> (Vec<[String; 4]>, usize) {
    let mut all: Vec<_> = sites.iter().collect();
    all.sort_by_key(|(_, site)| std::cmp::Reverse(site.copies));
    let more = all.len().saturating_sub(SITES_MAX);
    let row = |((at, what), site): (&(u32, String), &prova_specialize::Site)| {
        [place(*at), what.clone(), site.copies.to_string(), site.why.clone()]
    };
    (all.into_iter().take(SITES_MAX).map(row).collect(), more)
}
