//! A tree → one HTML page that needs nothing but itself: no network, no script.
//!
//! Everything from the tree goes through [`escape`]; a Content-Security-Policy forbids loading
//! anything. The page follows the browser's light or dark scheme. A long page has a list of its
//! parts, and a browser draws only the parts that are looked at.

use crate::DEPTH_MAX;
use crate::escape::escape;
use crate::tree::{Align, Mark, Node, Table, first};
use std::fmt::Write as _;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:80rem;padding:0 1rem}\
table{border-collapse:collapse;margin:.5rem 0}\
caption{text-align:left;font-weight:600}\
td,th{text-align:left;vertical-align:top;padding:.1rem .8rem .1rem 0}\
td,pre,code{font-family:ui-monospace,monospace;font-size:13px;white-space:pre-wrap}\
td.n,th.n{text-align:right}\
tr.here{background:color-mix(in srgb,currentColor 14%,transparent);font-weight:600}\
tr.a{background:color-mix(in srgb,red 14%,transparent)}\
tr.b{background:color-mix(in srgb,green 14%,transparent)}\
tbody tr:hover,tr:target{background:color-mix(in srgb,Highlight 25%,transparent)}\
thead th{position:sticky;top:0;background:Canvas}\
section section{margin-left:1rem}\
.wide{max-width:140rem}\
.wide td{border-top:1px solid color-mix(in srgb,currentColor 15%,transparent)}\
.wide>section>section{content-visibility:auto;contain-intrinsic-size:auto 40rem}\
nav li{font-family:ui-monospace,monospace;font-size:13px;overflow-wrap:anywhere}\
:focus-visible{outline:2px solid Highlight}\
h2{font-size:1.1rem;margin-top:1.6rem}h3,h4,h5,h6{font-size:1rem}";

/// Columns of a table from which on its page is as wide as the window.
const WIDE_COLUMNS: usize = 6;
/// Parts of a page from which on it begins with a list of them.
const LISTED_PARTS: usize = 8;

impl Node {
    /// The tree as a page.
    pub fn to_html(&self) -> String {
        let title = escape(&self.title);
        let tables = self.children.iter().flat_map(|child| &child.tables);
        let is_wide = tables.into_iter().any(|table| table.columns.len() >= WIDE_COLUMNS);
        let wide = if is_wide { " class=\"wide\"" } else { "" };
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <title>{title}</title><style>{STYLE}</style></head><body{wide}>\n"
        );
        self.write_html(&mut out, 1, "", "");
        out.push_str("</body></html>\n");
        out
    }

    fn write_html(&self, out: &mut String, level: usize, number: &str, id: &str) {
        let (heading, title) = (level.min(6), escape(&self.heading()));
        // Writing to a string does not fail.
        let _ = writeln!(out, "<section{id}><h{heading}>{number}{title}</h{heading}>");
        for text in &self.evidence {
            let _ = writeln!(out, "<p>{}</p>", escape(text));
        }
        self.tables.iter().for_each(|table| write_table(out, table));
        for note in &self.notes {
            let _ = writeln!(out, "<p>note: {}</p>", escape(note));
        }
        if level >= DEPTH_MAX && !self.children.is_empty() {
            let count = self.children.len();
            let _ = writeln!(out, "<p>… {count} below, too deep to be shown</p>");
        } else {
            let (shown, more) = self.shown_children();
            let is_listed = level == 1 && shown.len() >= LISTED_PARTS;
            if is_listed {
                write_list(out, &shown);
            }
            for (at, (number, child)) in shown.into_iter().enumerate() {
                let id = if is_listed { format!(" id=\"part{at}\"") } else { String::new() };
                child.write_html(out, level + 1, &number, &id);
            }
            write_more(out, more);
        }
        out.push_str("</section>\n");
    }
}

/// The parts of a page, closed until somebody asks for them.
fn write_list(out: &mut String, parts: &[(String, &Node)]) {
    let _ = writeln!(out, "<nav><details><summary>{} parts</summary><ul>", parts.len());
    for (at, (number, part)) in parts.iter().enumerate() {
        let title = escape(&part.heading());
        let _ = writeln!(out, "<li><a href=\"#part{at}\">{number}{title}</a></li>");
    }
    out.push_str("</ul></details></nav>\n");
}

fn write_more(out: &mut String, more: usize) {
    if more > 0 {
        let _ = writeln!(out, "<p>… {more} more</p>");
    }
}

fn write_table(out: &mut String, table: &Table) {
    out.push_str("<table>");
    if !table.caption.is_empty() {
        let _ = write!(out, "<caption>{}</caption>", escape(&table.caption));
    }
    let class = |at: usize| match table.columns.get(at).map(|column| column.align) {
        Some(Align::Right) => " class=\"n\"",
        Some(Align::Left) | None => "",
    };
    let used = table.used();
    let name = |at: usize| table.columns.get(at).map_or("", |column| &column.name);
    if used.iter().any(|&at| !name(at).is_empty()) {
        out.push_str("<thead><tr>");
        for &at in &used {
            let _ = write!(out, "<th scope=\"col\"{}>{}</th>", class(at), escape(name(at)));
        }
        out.push_str("</tr></thead>");
    }
    out.push_str("<tbody>\n");
    let (shown, more) = first(&table.rows, table.shown);
    for row in shown {
        out.push_str(match row.mark {
            Mark::None => "<tr>",
            Mark::Here => "<tr class=\"here\">",
            Mark::A => "<tr class=\"a\">",
            Mark::B => "<tr class=\"b\">",
        });
        for &at in &used {
            let cell = row.cells.get(at).map_or("", String::as_str);
            let lines: Vec<String> = cell.split('\n').map(escape).collect();
            let _ = write!(out, "<td{}>{}</td>", class(at), lines.join("\n"));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table>\n");
    write_more(out, more);
}
