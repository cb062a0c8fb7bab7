//! The result of a search → one HTML page that needs nothing but itself.
//!
//! The code of both sides stands side by side. Everything that comes from a module goes through
//! [`escape`], on top of being printable already; there is no script, and a Content-Security-Policy
//! forbids loading anything. The same report gives the same bytes.

use super::{Divergence, First, Spot, Translation};
use crate::diff::html::escape;
use crate::trace::{function, line};
use std::fmt::Write;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:80rem;padding:0 1rem}\
table{border-collapse:collapse;margin:.5rem 0}\
td,th{text-align:left;vertical-align:top;padding:.1rem .8rem .1rem 0}\
td,pre,code{font-family:ui-monospace,monospace;font-size:13px;white-space:pre-wrap}\
tr.here,tr.differs{background:color-mix(in srgb,currentColor 14%,transparent);font-weight:600}\
.sides{display:flex;gap:2rem;flex-wrap:wrap}\
h2{font-size:1.1rem;margin-top:1.6rem}";

impl Divergence {
    /// The report as one page.
    pub fn to_html(&self) -> String {
        let title = format!("{} and {}", escape(&self.a.name), escape(&self.b.name));
        let mut out =
            String::from("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
        out.push_str(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width\">\n",
        );
        writeln!(out, "<title>{title}</title><style>{STYLE}</style></head><body>").ok();
        writeln!(out, "<h1>Where {title} differ</h1>").ok();
        writeln!(out, "<p><strong>{}</strong></p>", escape(&self.headline())).ok();
        if let Some(first) = &self.first {
            self.first_html(&mut out, first);
        }
        self.code_html(&mut out);
        out.push_str("<h2>The program, untraced</h2>\n<table>");
        for side in [&self.a, &self.b] {
            let (name, ended, calls) = (escape(&side.name), escape(&side.ended), side.calls);
            writeln!(out, "<tr><th scope=\"row\">{name}</th><td>{ended}, after {calls} calls of the host</td></tr>").ok();
        }
        out.push_str("</table>\n");
        for note in &self.notes {
            writeln!(out, "<p>note: {}</p>", escape(note)).ok();
        }
        writeln!(out, "<p>{} runs</p></body></html>", self.runs).ok();
        out
    }

    fn first_html(&self, out: &mut String, first: &First) {
        let First { number, a, b, before, state, close, .. } = first;
        let sources = [a, b].into_iter().flatten().find_map(|spot| spot.source.as_ref());
        if let Some(source) = sources {
            writeln!(out, "<p>source: {}</p>", escape(source)).ok();
        }
        let close = if close.is_empty() { "" } else { ", with all values around" };
        writeln!(out, "<h2>Event {number} of level {}{close}</h2>\n<table>", self.level).ok();
        for event in before {
            writeln!(out, "<tr><th>both</th><td>{}</td></tr>", escape(&line(event))).ok();
        }
        for (side, spot) in [(&self.a, a), (&self.b, b)] {
            let text = match spot {
                Some(spot) => line(&spot.event),
                None => format!("{} here", side.traced),
            };
            let name = escape(&side.name);
            writeln!(out, "<tr class=\"here\"><th>{name}</th><td>{}</td></tr>", escape(&text)).ok();
        }
        out.push_str("</table>\n");
        if !state.is_empty() {
            let (a, b) = (escape(&self.a.name), escape(&self.b.name));
            writeln!(
                out,
                "<h2>Values there</h2>\n<table><tr><th></th><th>{a}</th><th>{b}</th></tr>"
            )
            .ok();
        }
        for value in state {
            let name = value.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
            let place = escape(&format!("{}{name}", value.place));
            let text = |value: &Option<String>| escape(value.as_deref().unwrap_or("–"));
            let class = if value.differs { " class=\"differs\"" } else { "" };
            let (a, b) = (text(&value.a), text(&value.b));
            writeln!(out, "<tr{class}><th scope=\"row\">{place}</th><td>{a}</td><td>{b}</td></tr>")
                .ok();
        }
        if !state.is_empty() {
            out.push_str("</table>\n");
        }
        out.push_str("<div class=\"sides\">\n");
        for (side, spot) in [(&self.a, a), (&self.b, b)] {
            let Some(spot) = spot else { continue };
            calls_html(out, &escape(&side.name), spot);
        }
        out.push_str("</div>\n");
    }

    /// Both translations: in one table, if they are of the same operators.
    fn code_html(&self, out: &mut String) {
        let offsets = |one: &Translation| one.rows.iter().map(|row| row.offset).collect::<Vec<_>>();
        match self.translations.as_slice() {
            [] => {}
            [a, b] if a.function == b.function && offsets(a) == offsets(b) => {
                let function = escape(&a.function);
                writeln!(out, "<h2>Code in {function}</h2>").ok();
                table(out, &[a, b]);
            }
            all => {
                out.push_str("<h2>Code</h2>\n<div class=\"sides\">\n");
                for one in all {
                    writeln!(out, "<div><p>{}</p>", escape(&one.function)).ok();
                    table(out, &[one]);
                    out.push_str("</div>\n");
                }
                out.push_str("</div>\n");
            }
        }
    }
}

/// Who had called.
fn calls_html(out: &mut String, name: &str, spot: &Spot) {
    writeln!(out, "<div><h2>Calls of {name}</h2>\n<table>").ok();
    for frame in &spot.stack {
        let place = escape(&function(&frame.name, frame.func));
        let (offset, operator) = (frame.offset, escape(&frame.operator));
        writeln!(out, "<tr><td>{offset:#08x}</td><td>{operator}</td><td>{place}</td></tr>").ok();
    }
    out.push_str("</table></div>\n");
}

/// Operators, and beside them the code of each side.
fn table(out: &mut String, sides: &[&Translation]) {
    out.push_str("<table><tr><th></th><th>operator</th>");
    for side in sides {
        write!(out, "<th>{}: {}</th>", escape(&side.side), side.form).ok();
    }
    out.push_str("</tr>\n");
    let rows = sides.first().map_or(&[][..], |first| &first.rows);
    for (at, row) in rows.iter().enumerate() {
        let class = if row.here { " class=\"here\"" } else { "" };
        let indent = "  ".repeat(row.depth);
        let operator = escape(&row.operator);
        write!(out, "<tr{class}><td>{:#08x}</td><td>{indent}{operator}</td>", row.offset).ok();
        for side in sides {
            let code = side.rows.get(at).map(|row| row.code.join("\n")).unwrap_or_default();
            write!(out, "<td>{}</td>", escape(&code)).ok();
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table>\n");
}
