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
//! other lines below it. A column without text in any row is left out.
//!
//! If a child of the root has more than two lines, an empty line stands around each that has more
//! than a title, and below what the root has besides its title.

use crate::DEPTH_MAX;
use crate::paint::{Paint, Style};
use crate::tree::{Align, Mark, Node, Table, first};
use prova_demangle::printable_line as printable;

/// The most characters that a column is padded to; longer cells stand out.
const WIDTH_MAX: usize = 60;

impl Node {
    /// The tree as lines for a terminal.
    pub fn to_text(&self) -> String {
        self.to_painted_text(Paint::Plain)
    }

    /// The tree as lines for a terminal, perhaps in colour.
    pub fn to_painted_text(&self, paint: Paint) -> String {
        let mut out = Lines { out: String::new(), paint };
        self.write(&mut out, 0, ("", ""), "");
        out.out
    }

    /// Writes the title behind `indent`, and all else behind `inner`.
    fn write(&self, out: &mut Lines, depth: usize, (indent, number): (&str, &str), inner: &str) {
        out.heading(self, depth, &format!("{indent}{number}"));
        self.evidence.iter().for_each(|text| out.line(inner, &printable(text)));
        self.tables.iter().for_each(|table| out.table(inner, table));
        self.notes.iter().for_each(|note| out.line(inner, &format!("note: {}", printable(note))));
        if depth + 1 >= DEPTH_MAX && !self.children.is_empty() {
            out.line(inner, &format!("… {} below, too deep to be shown", self.children.len()));
            return;
        }
        let (shown, more) = self.shown_children();
        let apart = depth == 0 && shown.iter().any(|(_, child)| child.lines() > 2);
        let mut long = self.own_lines() > 1;
        for (number, child) in shown {
            if apart && (long || child.lines() > 1) {
                out.line("", "");
            }
            long = child.lines() > 1;
            child.write(out, depth + 1, (inner, &number), &format!("{inner}  "));
        }
        out.more(inner, more);
    }

    /// The title with the verdict before it.
    pub(crate) fn heading(&self) -> String {
        let verdict = self.verdict.as_ref().map(|word| format!("{word}: "));
        verdict.unwrap_or_default() + &self.title
    }

    /// How many lines there are, a table or a child counted as two.
    fn lines(&self) -> usize {
        self.own_lines() + 2 * self.children.len()
    }

    /// How many lines there are above the children, a table counted as two.
    fn own_lines(&self) -> usize {
        1 + self.evidence.len() + self.notes.len() + 2 * self.tables.len()
    }
}

/// The lines that are written.
struct Lines {
    out: String,
    paint: Paint,
}

impl Lines {
    /// Writes a line without spaces at its end.
    fn line(&mut self, indent: &str, text: &str) {
        self.out += format!("{indent}{text}").trim_end();
        self.out.push('\n');
    }

    /// Writes a title with the verdict before it.
    fn heading(&mut self, node: &Node, depth: usize, indent: &str) {
        let verdict = node.verdict.as_ref().map(|word| {
            self.paint.style(Style::Row(Mark::None, node.tone), &printable(word)) + ": "
        });
        let title = printable(node.title.trim_end());
        let title = match depth {
            0 | 1 if node.lines() > 1 => self.paint.style(Style::Heading, &title),
            _ => title,
        };
        self.line(indent, &(verdict.unwrap_or_default() + &title));
    }

    fn more(&mut self, indent: &str, more: usize) {
        if more > 0 {
            self.line(indent, &format!("… {more} more"));
        }
    }

    fn table(&mut self, indent: &str, table: &Table) {
        let (shown, more) = first(&table.rows, table.shown);
        let marked = shown.iter().any(|row| row.mark != Mark::None) || !table.caption.is_empty();
        let sign = |mark: Mark| if marked { format!("{} ", mark.sign()) } else { String::new() };
        if !table.caption.is_empty() {
            self.line(indent, &printable(&table.caption));
        }
        let lines = |cell: &str| -> Vec<String> { cell.split('\n').map(printable).collect() };
        let rows: Vec<Vec<Vec<String>>> =
            shown.iter().map(|row| row.cells.iter().map(|cell| lines(cell)).collect()).collect();
        let used = table.used();
        let heads: Vec<String> =
            table.columns.iter().map(|column| printable(&column.name)).collect();
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
        let joined = |mark: Mark, cells: Vec<String>| sign(mark) + cells.join("  ").trim_end();
        if used.iter().any(|&at| !heads[at].is_empty()) {
            let cells = used.iter().map(|&at| padded(at, &heads[at])).collect();
            let heads = self.paint.style(Style::Quiet, &joined(Mark::None, cells));
            self.line(indent, &heads);
        }
        for (row, cells) in shown.iter().zip(&rows) {
            for part in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
                let text = |at: usize| cells.get(at)?.get(part).map(String::as_str);
                let cells = used.iter().map(|&at| padded(at, text(at).unwrap_or_default()));
                let mark = if part == 0 { row.mark } else { Mark::None };
                let text = joined(mark, cells.collect());
                let text = self.paint.style(Style::Row(row.mark, row.tone), &text);
                self.line(indent, &text);
            }
        }
        self.more(&format!("{indent}{}", sign(Mark::None)), more);
    }
}
