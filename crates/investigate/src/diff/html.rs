//! A report → one HTML page that needs nothing but itself: no network, no fonts, no frameworks.
//!
//! Neighbours: `report`. Everything from the modules goes through [`escape`], on top of being
//! printable already; the script reads no text from the module but what stands in the page as text.
//! A Content-Security-Policy forbids loading anything.
//!
//! Size: at most [`SHOWN`] differences have their evidence and code on the page; the rest is
//! counted (JSON has all).

use super::report::{Cluster, Difference, Line, Origin, Report, Verdict};
use std::fmt::Write;

/// Most differences on the page.
const SHOWN: usize = 1500;
/// Most of one cluster.
const OF_CLUSTER: usize = 200;

const STYLE: &str = "
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:1200px;padding:1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.3rem}h2{font-size:1.05rem;margin:0}table{border-collapse:collapse}td,th{padding:.1rem .8rem;text-align:left}
td.n{text-align:right}code,pre,.mono{font:13px/1.4 ui-monospace,monospace}.cluster{border:1px solid #ccc;border-radius:6px;margin:.8rem 0;padding:.6rem .8rem}
.tag{display:inline-block;border-radius:4px;padding:0 .4rem;font-size:.85rem;background:#eee}
.changed{background:#fbd5d5}.random-looking{background:#fde3c4}.path{background:#fdf3c4}.layout-only{background:#d9e8fb}.moved,.renumbered,.identical{background:#dff3df}
details{margin:.3rem 0 .3rem 1rem}summary{cursor:pointer}.evidence{margin:.2rem 0 .4rem 1rem;color:#444}
table.code{width:100%;table-layout:fixed}table.code td{padding:0 .4rem;white-space:pre-wrap;overflow-wrap:anywhere;width:50%}
td.a{background:#fdeaea}td.b{background:#e9f7e9}td.o{color:#888}#controls{position:sticky;top:0;background:#fff;padding:.5rem 0;border-bottom:1px solid #ddd}
#search{width:22rem;max-width:90%}.hidden{display:none}";

const SCRIPT: &str = "
const search=document.getElementById('search');
const boxes=[...document.querySelectorAll('input[data-verdict]')];
const items=[...document.querySelectorAll('details[data-verdict]')].map(e=>[e,e.textContent.toLowerCase()]);
const clusters=[...document.querySelectorAll('.cluster')];
function filter(){
  const text=search.value.toLowerCase();
  const on=new Set(boxes.filter(b=>b.checked).map(b=>b.dataset.verdict));
  for(const [e,t] of items)e.classList.toggle('hidden',!on.has(e.dataset.verdict)||!t.includes(text));
  for(const c of clusters){
    const title=c.querySelector('h2').textContent.toLowerCase();
    const any=c.querySelector('details[data-verdict]:not(.hidden)');
    c.classList.toggle('hidden',!any&&!(on.has(c.dataset.verdict)&&title.includes(text)));
  }
}
search.addEventListener('input',filter);
for(const b of boxes)b.addEventListener('change',filter);";

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
        writeln!(out, "<title>{title}</title><style>{STYLE}</style></head><body>").ok();
        writeln!(out, "<h1>What differs between {title}</h1>").ok();
        self.html_head(&mut out);
        let mut shown = 0;
        for (i, cluster) in self.clusters.iter().enumerate() {
            self.html_cluster(&mut out, i, cluster, &mut shown);
        }
        writeln!(out, "<script>{SCRIPT}\n</script></body></html>").ok();
        out
    }

    fn html_head(&self, out: &mut String) {
        out.push_str("<table>");
        for (side, input) in [("A", &self.a), ("B", &self.b)] {
            let (name, bytes, functions) = (escape(&input.name), input.bytes, input.functions);
            writeln!(out, "<tr><th>{side}</th><td>{name}</td><td class=\"n\">{bytes} bytes</td><td class=\"n\">{functions} functions</td></tr>").ok();
        }
        out.push_str("</table>\n");
        if self.equal {
            out.push_str("<p>The modules are equal, byte for byte.</p>\n");
        }
        out.push_str("<table><tr><th>verdict</th><th>functions</th><th>others</th></tr>");
        for count in &self.counts {
            let name = count.verdict.name();
            writeln!(
                out,
                "<tr><td><span class=\"tag {name}\">{name}</span></td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                count.functions, count.others
            )
            .ok();
        }
        out.push_str("</table>\n<div id=\"controls\"><input id=\"search\" type=\"search\" placeholder=\"search names, code, evidence\" aria-label=\"search\">\n");
        for verdict in Verdict::ALL.into_iter().skip(1) {
            let name = verdict.name();
            writeln!(
                out,
                "<label><input type=\"checkbox\" checked data-verdict=\"{name}\"> {name}</label>"
            )
            .ok();
        }
        out.push_str("</div>\n");
    }

    fn html_cluster(&self, out: &mut String, index: usize, cluster: &Cluster, shown: &mut usize) {
        let name = cluster.verdict.name();
        writeln!(
            out,
            "<section class=\"cluster\" data-verdict=\"{name}\"><h2>{}. <span class=\"tag {name}\">{name}</span> {} <small>({} places)</small></h2>",
            index + 1,
            escape(&cluster.cause),
            cluster.sites
        )
        .ok();
        for note in &cluster.notes {
            writeln!(out, "<p>{}</p>", escape(note)).ok();
        }
        let room = OF_CLUSTER.min(SHOWN.saturating_sub(*shown));
        for (i, at) in cluster.differences.iter().take(room).enumerate() {
            if i == cluster.causes && i > 0 {
                out.push_str("<p>What follows from it:</p>\n");
            }
            difference(out, &self.differences[*at], i == 0 && index < 3);
        }
        *shown += room.min(cluster.differences.len());
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
        "<details data-verdict=\"{verdict}\"{open}><summary><span class=\"tag {verdict}\">{verdict}</span> {kind} <code>{}</code>: {}</summary><div class=\"evidence\">",
        escape(&difference.name),
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

/// The lines of A and B side by side: what one side alone has stands beside what the other has in
/// its place.
fn code(out: &mut String, lines: &[Line]) {
    out.push_str("<table class=\"code mono\">");
    let mut at = 0;
    while at < lines.len() {
        if lines[at].origin == Origin::Both {
            let text = escape(&lines[at].text);
            writeln!(out, "<tr><td>{text}</td><td>{text}</td></tr>").ok();
            at += 1;
            continue;
        }
        let run = |from: usize, origin| {
            lines[from..].iter().take_while(|line| line.origin == origin).count()
        };
        let in_a = run(at, Origin::A);
        let in_b = run(at + in_a, Origin::B);
        for i in 0..in_a.max(in_b) {
            let cell = |count: usize, start: usize, class: &str| match lines
                .get(start + i)
                .filter(|_| i < count)
            {
                Some(line) => format!(
                    "<td class=\"{class}\" title=\"{:#x}\">{}</td>",
                    line.offset,
                    escape(&line.text)
                ),
                None => "<td class=\"o\"></td>".to_owned(),
            };
            writeln!(out, "<tr>{}{}</tr>", cell(in_a, at, "a"), cell(in_b, at + in_a, "b")).ok();
        }
        at += (in_a + in_b).max(1);
    }
    out.push_str("</table>");
}

/// Text that is safe in elements and quoted attributes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
