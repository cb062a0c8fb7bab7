//! A report as a tree of nodes, presented in three ways.
//!
//! ```text
//! a command's findings ─► Node ─┬─ text ─► lines for a terminal
//!                               ├─ json ─► the same tree as data
//!                               └─ html ─► one page that needs nothing but itself
//! ```
//!
//! A node has a title, perhaps a verdict, evidence as lines, tables (code beside code is one),
//! notes, and nodes below it: the shape of diffoscope's `Difference`. Its kind and members are for
//! programs. A command fills the tree once and gets all three presenters. The crate knows nothing
//! of WebAssembly.
//!
//! # Invariants
//! * R1. The same tree gives the same bytes: no time, no path, no hash order.
//! * R2. Text from outside is data: characters that a terminal or a page would interpret are
//!   escaped, in every presenter.
//! * R3. JSON shows all of the tree. Text and pages leave out the members, columns without text in
//!   any row, and children and rows beyond a node's or a table's `shown`; how many those are stands
//!   in their place.
//!
//! Nesting: a presenter descends at most [`DEPTH_MAX`] levels; deeper nodes are counted in one
//! line. Noticed by: `tests/main.rs`, which asks each presenter for each part of a tree.

mod escape;
mod html;
mod json;
mod paint;
mod text;
mod tree;

pub use escape::escape;
pub use json::{SCHEMA, json};
pub use paint::Paint;
pub use prova_demangle::{obeyed, printable_line, printable_lines};
pub use tree::{Align, Column, Mark, Node, Row, Table, Tone};

/// A presenter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Lines for a terminal.
    #[default]
    Text,
    /// The tree as data.
    Json,
    /// A page that needs nothing but itself.
    Html,
}

impl Form {
    /// The form that the ending of a file's name asks for: `json`, `html`, anything else is text.
    pub fn of(ending: Option<&str>) -> Form {
        match ending {
            Some("json") => Form::Json,
            Some("html") => Form::Html,
            Some(_) | None => Form::Text,
        }
    }
}

impl Node {
    /// The tree in a form, ending in a newline.
    ///
    /// # Errors
    /// The serialiser's; none is known.
    pub fn present(&self, form: Form) -> serde_json::Result<String> {
        Ok(match form {
            Form::Text => self.to_text(),
            Form::Json => self.to_json()? + "\n",
            Form::Html => self.to_html(),
        })
    }
}

/// The most levels of nodes that are presented.
pub const DEPTH_MAX: usize = 32;
