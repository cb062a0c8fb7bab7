//! The tree: nodes, tables, rows.

use serde::Serialize;

/// A finding, or a group of findings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Node {
    /// The subject, in one line.
    pub title: String,
    /// The verdict on it, as one word, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// Lines of evidence.
    pub evidence: Vec<String>,
    /// Tables, in order.
    pub tables: Vec<Table>,
    /// Remarks that are no evidence: limits, advice, what is left out.
    pub notes: Vec<String>,
    /// The findings below it.
    pub children: Vec<Node>,
}

impl Node {
    /// A node with a title and nothing else.
    pub fn new(title: impl Into<String>) -> Node {
        Node { title: title.into(), ..Node::default() }
    }

    /// The node with a verdict.
    #[must_use]
    pub fn with_verdict(self, verdict: impl Into<String>) -> Node {
        Node { verdict: Some(verdict.into()), ..self }
    }

    /// The node with a table more; an empty table is left out.
    #[must_use]
    pub fn with_table(mut self, table: Table) -> Node {
        self.tables.extend(Some(table).filter(|table| !table.rows.is_empty()));
        self
    }
}

/// Where the text of a column stands in its cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Align {
    /// On the left: words, code.
    #[default]
    Left,
    /// On the right: numbers.
    Right,
}

/// A column of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its heading; may be empty.
    pub name: String,
    /// Where its text stands.
    pub align: Align,
}

/// A row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// A cell for each column; a cell may have several lines.
    pub cells: Vec<String>,
    /// Whether the row is the one to look at.
    pub marked: bool,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// The subject of its rows.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, in order.
    pub rows: Vec<Row>,
}

impl Table {
    /// A table without rows: a caption and the headings of its columns, of which those that begin
    /// with `>` stand on the right.
    pub fn new(caption: impl Into<String>, columns: &[&str]) -> Table {
        let column = |name: &&str| match name.strip_prefix('>') {
            Some(name) => Column { name: name.to_owned(), align: Align::Right },
            None => Column { name: (*name).to_owned(), align: Align::Left },
        };
        let columns = columns.iter().map(column).collect();
        Table { caption: caption.into(), columns, rows: Vec::new() }
    }

    /// Appends a row of as many cells as there are columns; missing cells are empty, more are lost.
    pub fn push(&mut self, cells: impl IntoIterator<Item = String>, marked: bool) {
        let mut cells: Vec<String> = cells.into_iter().take(self.columns.len()).collect();
        cells.resize(self.columns.len(), String::new());
        self.rows.push(Row { cells, marked });
    }
}
