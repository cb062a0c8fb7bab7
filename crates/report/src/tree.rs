//! The tree: nodes, tables, rows.

use serde::Serialize;
use serde_json::{Map, Value};

/// A finding, or a group of findings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Node {
    /// The kind of finding, as programs know it: `file`, `cause`, `function`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub kind: &'static str,
    /// The verdict on it, as one word, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// The subject, in one line; the verdict stands before it.
    pub title: String,
    /// Data for programs, under names of the kind; JSON alone has it.
    #[serde(flatten)]
    pub members: Map<String, Value>,
    /// Lines of evidence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Tables, in order; code is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Table>,
    /// Remarks that are no evidence: limits, advice, what is left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The findings below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Node>,
    /// The most children that a reader is shown; JSON has all.
    #[serde(skip)]
    pub shown: Option<usize>,
    /// Whether a reader is shown the numbers of its children that have a verdict, from 1.
    #[serde(skip)]
    pub numbered: bool,
    /// The colour of its verdict.
    #[serde(skip)]
    pub tone: Tone,
}

impl Node {
    /// A node with a title and nothing else.
    pub fn new(title: impl Into<String>) -> Node {
        Node { title: title.into(), ..Node::default() }
    }

    /// A node of a kind, with a title.
    pub fn of(kind: &'static str, title: impl Into<String>) -> Node {
        Node { kind, ..Node::new(title) }
    }

    /// The node with a verdict.
    #[must_use]
    pub fn with_verdict(self, verdict: impl Into<String>) -> Node {
        Node { verdict: Some(verdict.into()), ..self }
    }

    /// The node with the members of an object more; nothing else than an object has any.
    ///
    /// No member has the name of a field of [`Node`].
    #[must_use]
    pub fn with(mut self, members: Value) -> Node {
        if let Value::Object(members) = members {
            self.members.extend(members);
        }
        self
    }

    /// The node with lines of evidence more.
    #[must_use]
    pub fn with_evidence(mut self, lines: impl IntoIterator<Item = String>) -> Node {
        self.evidence.extend(lines);
        self
    }

    /// The node with a table more; an empty table is left out.
    #[must_use]
    pub fn with_table(mut self, table: Table) -> Node {
        self.tables.extend(Some(table).filter(|table| !table.rows.is_empty()));
        self
    }

    /// The node with nodes below it more.
    #[must_use]
    pub fn with_children(mut self, children: impl IntoIterator<Item = Node>) -> Node {
        self.children.extend(children);
        self
    }
}

impl Node {
    /// The children that a reader is shown, with their numbers, and how many more there are.
    pub(crate) fn shown_children(&self) -> (Vec<(String, &Node)>, usize) {
        let (shown, more) = first(&self.children, self.shown);
        let mut numbers = 1..;
        let number = |child: &Node| match self.numbered && child.verdict.is_some() {
            true => numbers.next().map(|number: usize| format!("{number}. ")).unwrap_or_default(),
            false => String::new(),
        };
        let numbers: Vec<String> = shown.iter().map(number).collect();
        (numbers.into_iter().zip(shown).collect(), more)
    }
}

/// The meaning of a colour; text for a terminal alone has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing.
    #[default]
    Plain,
    /// All is well.
    Good,
    /// Different, and proved to be harmless.
    Calm,
    /// Something to know.
    Notice,
    /// Something to look at.
    Warning,
    /// Something to look at first.
    Grave,
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

/// The mark before a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// No mark: as the others, or of both sides.
    #[default]
    None,
    /// The row to look at.
    Here,
    /// Of the first side alone.
    A,
    /// Of the second side alone.
    B,
}

impl Mark {
    /// The mark as a character.
    pub(crate) fn sign(self) -> char {
        match self {
            Mark::None => ' ',
            Mark::Here => '>',
            Mark::A => '-',
            Mark::B => '+',
        }
    }
}

impl From<bool> for Mark {
    /// Whether it is the row to look at.
    fn from(here: bool) -> Mark {
        if here { Mark::Here } else { Mark::None }
    }
}

/// A row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// A cell for each column; a cell may have several lines.
    pub cells: Vec<String>,
    /// Its mark.
    pub mark: Mark,
    /// Its colour.
    #[serde(skip)]
    pub tone: Tone,
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
    /// The most rows that a reader is shown; JSON has all.
    #[serde(skip)]
    pub shown: Option<usize>,
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
        Table { caption: caption.into(), columns, ..Table::default() }
    }

    /// Appends a row of as many cells as there are columns; missing cells are empty, more are lost.
    pub fn push(&mut self, cells: impl IntoIterator<Item = String>, mark: impl Into<Mark>) {
        self.push_in(Tone::Plain, cells, mark);
    }

    /// [`push`](Table::push) for a row that has a colour.
    pub fn push_in(
        &mut self,
        tone: Tone,
        cells: impl IntoIterator<Item = String>,
        mark: impl Into<Mark>,
    ) {
        let mut cells: Vec<String> = cells.into_iter().take(self.columns.len()).collect();
        cells.resize(self.columns.len(), String::new());
        self.rows.push(Row { cells, mark: mark.into(), tone });
    }
}

impl Table {
    /// The places of the columns that have text in a row: a reader is shown no others.
    pub(crate) fn used(&self) -> Vec<usize> {
        let cell = |row: &Row, at: usize| row.cells.get(at).is_some_and(|cell| !cell.is_empty());
        let used = |at: &usize| self.rows.iter().any(|row| cell(row, *at));
        (0..self.columns.len()).filter(used).collect()
    }
}

/// The first of what a reader is shown, and how many more there are.
pub(crate) fn first<T>(all: &[T], shown: Option<usize>) -> (&[T], usize) {
    let (first, rest) = all.split_at(all.len().min(shown.unwrap_or(usize::MAX)));
    (first, rest.len())
}
