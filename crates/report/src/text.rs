//! A tree → text for a terminal.
//!
//! ```text
//! verdict: title
//! evidence of the root
//! note: …
//!
//! title of a child
//!   evidence
//!   caption
//!     heading  heading
//!   > cell     cell
//!   title of its child
//!     evidence
//! ```
//!
//! Columns are as wide as their widest cell, up to [`WIDTH_MAX`]. A marked row has its sign before
//! it (`>` the row to look at, `-` and `+` of one side alone). A cell of several lines has its
//! other lines below it. If a child of the root has more than two lines, an empty line stands
//! around each that has more than a title.

use crate::DEPTH_MAX;
use crate::escape::printable_line as printable;
use crate::tree::{Align, Mark, Node, Table, first};
use std::fmt::Write as _;

/// The most characters that a column is padded to; longer cells stand out.
const WIDTH_MAX: usize = 60;

impl Node {
    /// The tree as lines for a terminal.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0, "", "");
        out
    }

    /// Writes the title behind `indent`, and all else behind `inner`.
    fn write(&self, out: &mut String, depth: usize, indent: &str, inner: &str) {
        line(out, indent, &printable(&self.heading()));
        self.evidence.iter().for_each(|text| line(out, inner, &printable(text)));
        self.tables.iter().for_each(|table| write_table(out, inner, table));
        self.notes.iter().for_each(|note| line(out, inner, &format!("note: {}", printable(note))));
        if depth + 1 >= DEPTH_MAX && !self.children.is_empty() {
            line(out, inner, &format!("… {} below, too deep to be shown", self.children.len()));
            return;
        }
        let (shown, more) = first(&self.children, self.shown);
        let apart = depth == 0 && shown.iter().any(|child| child.lines() > 2);
        let mut long = false;
        for child in shown {
            if apart && (long || child.lines() > 1) {
                out.push('\n');
            }
            long = child.lines() > 1;
            child.write(out, depth + 1, inner, &format!("{inner}  "));
        }
        write_more(out, inner, more);
    }

    /// The title with the verdict before it.
    pub(crate) fn heading(&self) -> String {
        let verdict = self.verdict.as_ref().map(|word| format!("{word}: "));
        verdict.unwrap_or_default() + &self.title
    }

    /// How many lines there are, a table or a child counted as two.
    fn lines(&self) -> usize {
        let Node { evidence, tables, notes, children, .. } = self;
        1 + evidence.len() + notes.len() + 2 * (tables.len() + children.len())
    }
}

/// Writes a line without spaces at its end.
fn line(out: &mut String, indent: &str, text: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{}", format!("{indent}{text}").trim_end());
}

fn write_more(out: &mut String, indent: &str, more: usize) {
    if more > 0 {
        line(out, indent, &format!("… {more} more"));
    }
}

fn write_table(out: &mut String, indent: &str, table: &Table) {
    let (shown, more) = first(&table.rows, table.shown);
    let marked = shown.iter().any(|row| row.mark != Mark::None) || !table.caption.is_empty();
    let sign = |mark: Mark| if marked { format!("{} ", mark.sign()) } else { String::new() };
    if !table.caption.is_empty() {
        line(out, indent, &printable(&table.caption));
    }
    let lines = |cell: &str| -> Vec<String> { cell.split('\n').map(printable).collect() };
    let rows: Vec<Vec<Vec<String>>> =
        shown.iter().map(|row| row.cells.iter().map(|cell| lines(cell)).collect()).collect();
    let heads: Vec<String> = table.columns.iter().map(|column| printable(&column.name)).collect();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).flatten();
        let cells = cells.chain(heads.get(at)).map(|text| text.chars().count());
        cells.max().unwrap_or(0).min(WIDTH_MAX)
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
        line(out, indent, &format!("{}{}", sign(Mark::None), joined(cells)));
    }
    for (row, cells) in shown.iter().zip(&rows) {
        for part in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let text = |at: usize| cells.get(at)?.get(part).map(String::as_str);
            let cells = (0..heads.len()).map(|at| padded(at, text(at).unwrap_or_default()));
            let mark = sign(if part == 0 { row.mark } else { Mark::None });
            line(out, indent, &format!("{mark}{}", joined(cells.collect())));
        }
    }
    write_more(out, &format!("{indent}{}", sign(Mark::None)), more);
}
