//! A tree → text for a terminal.
//!
//! ```text
//! title: verdict
//!   evidence
//!   caption
//!     heading  heading
//!   > cell     cell
//!   note: …
//!
//!   title of a child
//! ```
//!
//! Columns are as wide as their widest cell; a marked row has a `>` before it. A cell of several
//! lines has its other lines below it.

use crate::DEPTH_MAX;
use crate::escape::printable_line as printable;
use crate::tree::{Align, Node, Table};
use std::fmt::Write as _;

impl Node {
    /// The tree as lines for a terminal.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        let verdict = self.verdict.as_ref().map(|word| format!(": {}", printable(word)));
        line(out, &indent, &format!("{}{}", printable(&self.title), verdict.unwrap_or_default()));
        let inner = "  ".repeat(depth + 1);
        self.evidence.iter().for_each(|text| line(out, &inner, &printable(text)));
        self.tables.iter().for_each(|table| write_table(out, &inner, table));
        self.notes.iter().for_each(|note| line(out, &inner, &format!("note: {}", printable(note))));
        if depth + 1 >= DEPTH_MAX && !self.children.is_empty() {
            line(out, &inner, &format!("… {} below, too deep to be shown", self.children.len()));
            return;
        }
        for child in &self.children {
            out.push('\n');
            child.write(out, depth + 1);
        }
    }
}

/// Writes a line without spaces at its end.
fn line(out: &mut String, indent: &str, text: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{}", format!("{indent}{text}").trim_end());
}

fn write_table(out: &mut String, indent: &str, table: &Table) {
    if !table.caption.is_empty() {
        line(out, indent, &printable(&table.caption));
    }
    let lines = |cell: &str| -> Vec<String> { cell.split('\n').map(printable).collect() };
    let rows: Vec<Vec<Vec<String>>> =
        table.rows.iter().map(|row| row.cells.iter().map(|cell| lines(cell)).collect()).collect();
    let heads: Vec<String> = table.columns.iter().map(|column| printable(&column.name)).collect();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).flatten();
        let cells = cells.chain(heads.get(at)).map(|text| text.chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let padded = |at: usize, text: &str| {
        let space = " ".repeat(widths[at].saturating_sub(text.chars().count()));
        match table.columns[at].align {
            Align::Left => format!("{text}{space}"),
            Align::Right => format!("{space}{text}"),
        }
    };
    let joined = |cells: Vec<String>| cells.join("  ");
    if heads.iter().any(|head| !head.is_empty()) {
        let cells = heads.iter().enumerate().map(|(at, head)| padded(at, head)).collect();
        line(out, indent, &format!("  {}", joined(cells)));
    }
    for (row, cells) in table.rows.iter().zip(&rows) {
        for part in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let text = |at: usize| cells.get(at)?.get(part).map(String::as_str);
            let cells = (0..heads.len()).map(|at| padded(at, text(at).unwrap_or_default()));
            let mark = if row.marked && part == 0 { "> " } else { "  " };
            line(out, indent, &format!("{mark}{}", joined(cells.collect())));
        }
    }
}
