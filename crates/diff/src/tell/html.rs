//! A report → one HTML page that needs nothing but itself: no network, no fonts, no frameworks.
//!
//! The page opens with the causes in their order, as links; consequences of a cause are folded. It
//! follows the browser's light or dark scheme, and everything on it can be reached from the
//! keyboard. Everything from the modules goes through [`escape`], on top of being printable
//! already; the script reads text of the modules only where it stands in the page as text. A
//! Content-Security-Policy forbids loading anything.
//!
//! Size: at most [`SHOWN`] differences have their evidence and code on the page; the rest is
//! counted (JSON has all).

use crate::tell::report::{Cluster, Difference, Line, Origin, Report, Verdict, plural};
use crate::tell::tree::places;
use prova_report::escape;
use std::fmt::Write;

/// Maximum number of differences on the page.
const SHOWN: usize = 1500;
/// Maximum number of differences of one cluster.
const OF_CLUSTER: usize = 200;
/// Clusters whose first cause is open.
const OPEN: usize = 3;

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

impl Report {
    /// The report as one page.
    pub fn to_html(&self) -> String {
        let mut out =
            String::from("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
        out.push_str(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n",
        );
        out.push_str("<meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\">\n");
        let title = format!("{} and {}", escape(&self.a.name), escape(&self.b.name));
        writeln!(out, "<title>{title}</title><style>\n{STYLE}</style></head><body>").ok();
        out.push_str("<a class=\"skip\" href=\"#c1\">to the first cause</a>\n");
        writeln!(out, "<h1>What differs between {title}</h1>").ok();
        self.html_causes(&mut out);
        self.html_head(&mut out);
        let mut shown = 0;
        for (i, cluster) in self.clusters.iter().enumerate() {
            self.html_cluster(&mut out, i, cluster, &mut shown);
        }
        writeln!(out, "<script>\n{SCRIPT}</script></body></html>").ok();
        out
    }

    /// The causes as links.
    fn html_causes(&self, out: &mut String) {
        if self.equal {
            out.push_str("<p>The modules are equal, byte for byte.</p>\n");
            return;
        }
        let causes = plural(self.clusters.len() as u64, "cause");
        let order = if self.clusters.len() > 1 { ", what to look at first" } else { "" };
        writeln!(out, "<nav id=\"causes\" aria-label=\"causes\"><h2>{causes}{order}</h2><ol>").ok();
        for (i, cluster) in self.clusters.iter().enumerate() {
            let (name, cause) = (cluster.verdict.name(), escape(&cluster.cause));
            let (number, places) = (i + 1, plural(cluster.sites, "place"));
            writeln!(
                out,
                "<li><span class=\"tag {name}\">{name}</span> <a href=\"#c{number}\">{cause}</a> <small>({places})</small></li>"
            )
            .ok();
        }
        out.push_str("</ol></nav>\n");
    }

    fn html_head(&self, out: &mut String) {
        out.push_str("<table>");
        for (side, input) in [("A", &self.a), ("B", &self.b)] {
            let (name, bytes, functions) = (
                escape(&input.name),
                plural(input.bytes, "byte"),
                plural(input.functions, "function"),
            );
            writeln!(out, "<tr><th scope=\"row\">{side}</th><td>{name}</td><td class=\"n\">{bytes}</td><td class=\"n\">{functions}</td></tr>").ok();
        }
        out.push_str("</table>\n");
        out.push_str("<table><tr><th scope=\"col\">verdict</th><th scope=\"col\">functions</th><th scope=\"col\">others</th></tr>");
        for count in &self.counts {
            let name = count.verdict.name();
            writeln!(
                out,
                "<tr><td><span class=\"tag {name}\">{name}</span></td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                count.functions, count.others
            )
            .ok();
        }
        out.push_str("</table>\n<div id=\"controls\"><input id=\"search\" type=\"search\" placeholder=\"search names, code, evidence\" aria-label=\"search\"> <button id=\"theme\" type=\"button\">light or dark</button>\n");
        for verdict in Verdict::ALL.into_iter().skip(1) {
            let name = verdict.name();
            writeln!(
                out,
                "<label><input type=\"checkbox\" checked data-verdict=\"{name}\"> {name}</label>"
            )
            .ok();
        }
        out.push_str("<br><small>Keys: <kbd>j</kbd> and <kbd>k</kbd> next and previous cause, <kbd>e</kbd> opens or closes all of it, <kbd>/</kbd> search, <kbd>Escape</kbd> ends it, <kbd>t</kbd> light or dark</small></div>\n");
    }

    fn html_cluster(&self, out: &mut String, index: usize, cluster: &Cluster, shown: &mut usize) {
        let (name, number) = (cluster.verdict.name(), index + 1);
        let (cause, count) = (escape(&cluster.cause), plural(cluster.sites, "place"));
        writeln!(
            out,
            "<section class=\"cluster\" id=\"c{number}\" tabindex=\"-1\" data-verdict=\"{name}\"><h2>{number}. <span class=\"tag {name}\">{name}</span> {cause} <small>({count})</small></h2>"
        )
        .ok();
        for note in &cluster.notes {
            writeln!(out, "<p>{}</p>", escape(note)).ok();
        }
        let room = OF_CLUSTER.min(SHOWN.saturating_sub(*shown));
        let on_page = &cluster.differences[..cluster.differences.len().min(room)];
        let (causes, follows) = on_page.split_at(on_page.len().min(cluster.causes));
        for (i, at) in causes.iter().enumerate() {
            difference(out, &self.differences[*at], i == 0 && index < OPEN);
        }
        let rest = &cluster.differences[cluster.causes..];
        if !rest.is_empty() {
            let words = escape(&self.folded_words(rest));
            writeln!(
                out,
                "<details class=\"follows\"><summary>What follows from it: {words}</summary>"
            )
            .ok();
            for at in follows {
                difference(out, &self.differences[*at], false);
            }
            out.push_str("</details>\n");
        }
        *shown += on_page.len();
        if cluster.differences.len() > room {
            writeln!(out, "<p>… {} more (in JSON)</p>", cluster.differences.len() - room).ok();
        }
        out.push_str("</section>\n");
    }
}

fn difference(out: &mut String, difference: &Difference, open: bool) {
    let (verdict, kind) = (difference.verdict.name(), difference.kind.name());
    let open = if open { " open" } else { "" };
    writeln!(
        out,
        "<details data-verdict=\"{verdict}\"{open}><summary><span class=\"tag {verdict}\">{verdict}</span> {kind} <code>{}</code><small>{}</small>: {}</summary><div class=\"evidence\">",
        escape(&difference.name),
        escape(&places(difference)),
        escape(&difference.summary)
    )
    .ok();
    for evidence in &difference.evidence {
        writeln!(out, "{}<br>", escape(evidence)).ok();
    }
    out.push_str("</div>");
    if !difference.code.is_empty() {
        code(out, &difference.code);
    }
    out.push_str("</details>\n");
}

/// The lines of A and B side by side, each with its offset: what one side alone has stands beside
/// what the other has in its place.
fn code(out: &mut String, lines: &[Line]) {
    out.push_str("<table class=\"code mono\"><tr><th class=\"at\" scope=\"col\">in A</th><th scope=\"col\"></th><th class=\"at\" scope=\"col\">in B</th><th scope=\"col\"></th></tr>\n");
    let mut at = 0;
    while at < lines.len() {
        let line = &lines[at];
        if line.origin == Origin::Both {
            let in_a = cell("", Some((line.offset, &line.text)));
            let in_b = match line.offset_b {
                Some(offset) => cell("", Some((offset, &line.text))),
                None => cell("", None),
            };
            writeln!(out, "<tr>{in_a}{in_b}</tr>").ok();
            at += 1;
            continue;
        }
        let run = |from: usize, origin| {
            lines[from..].iter().take_while(|line| line.origin == origin).count()
        };
        let in_a = run(at, Origin::A);
        let in_b = run(at + in_a, Origin::B);
        for i in 0..in_a.max(in_b) {
            let of = |count: usize, start: usize, class: &str| {
                let line = lines.get(start + i).filter(|_| i < count);
                cell(class, line.map(|line| (line.offset, line.text.as_str())))
            };
            writeln!(out, "<tr>{}{}</tr>", of(in_a, at, "a"), of(in_b, at + in_a, "b")).ok();
        }
        at += (in_a + in_b).max(1);
    }
    out.push_str("</table>");
}

/// The cells of one side: offset and operator.
fn cell(class: &str, line: Option<(u32, &str)>) -> String {
    match line {
        Some((offset, text)) => {
            let text = escape(text);
            format!("<td class=\"at\">{offset:#08x}</td><td class=\"{class}\">{text}</td>")
        }
        None => "<td class=\"at\"></td><td></td>".to_owned(),
    }
}
