//! The verdicts, and the kinds of things that get one.
//!
//! `crates/diff/src/lib.rs` says what each verdict proves.

use crate::numbers::strings::Sort as Text;
use serde::Serialize;
use std::fmt;

/// The verdict of a difference, the harmless first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No difference.
    Identical,
    /// The same things under other indices, names or places in the file.
    Renumbered,
    /// Equal except for addresses of things that moved, each shown to be one.
    Moved,
    /// Equal control-flow graphs in another order of blocks or with other dispatcher states: equal
    /// behaviour, which execution did not contradict.
    LayoutOnly,
    /// A file path of the build's machine, or its length.
    Path,
    /// Digits of a clock or calendar.
    Timestamp,
    /// Names and versions of the tools that made it.
    Producers,
    /// A number of unknown meaning that differs as an address or slot would, or stays as no address
    /// would.
    AssumedMoved,
    /// Other text, or its length.
    Text,
    /// An address of the web.
    Url,
    /// A few bytes of high entropy, as a seed drawn at build time leaves.
    RandomLooking,
    /// None of these.
    Changed,
}

impl Verdict {
    /// All verdicts in order.
    pub const ALL: [Verdict; 12] = [
        Verdict::Identical,
        Verdict::Renumbered,
        Verdict::Moved,
        Verdict::LayoutOnly,
        Verdict::Path,
        Verdict::Timestamp,
        Verdict::Producers,
        Verdict::AssumedMoved,
        Verdict::Text,
        Verdict::Url,
        Verdict::RandomLooking,
        Verdict::Changed,
    ];

    /// Its name in reports and in `--allow`.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Identical => "identical",
            Verdict::Renumbered => "renumbered",
            Verdict::Moved => "moved",
            Verdict::LayoutOnly => "layout-only",
            Verdict::Path => "path",
            Verdict::Timestamp => "timestamp",
            Verdict::Producers => "producers",
            Verdict::AssumedMoved => "assumed-moved",
            Verdict::Text => "text",
            Verdict::Url => "url",
            Verdict::RandomLooking => "random-looking",
            Verdict::Changed => "changed",
        }
    }

    /// Whether a function of this verdict has other code, not only other numbers.
    pub fn is_of_code(self) -> bool {
        matches!(self, Verdict::LayoutOnly | Verdict::Changed)
    }

    /// The verdict of text of this sort that differs.
    pub(crate) const fn of_text(sort: Text) -> Verdict {
        match sort {
            Text::Path => Verdict::Path,
            Text::Url => Verdict::Url,
            Text::Timestamp => Verdict::Timestamp,
            Text::Text => Verdict::Text,
        }
    }

    /// The verdict of this name.
    pub fn parse(name: &str) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The kind of thing that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A function.
    Function,
    /// Bytes of a data segment, or its place.
    Data,
    /// An import.
    Import,
    /// An export.
    Export,
    /// The start function.
    Start,
    /// A global.
    Global,
    /// A table or its elements.
    Table,
    /// A memory.
    Memory,
    /// A tag.
    Tag,
    /// A custom section.
    Custom,
    /// The binary encoding alone.
    Encoding,
}

impl Kind {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Function => "function",
            Kind::Data => "data",
            Kind::Import => "import",
            Kind::Export => "export",
            Kind::Start => "start function",
            Kind::Global => "global",
            Kind::Table => "table",
            Kind::Memory => "memory",
            Kind::Tag => "tag",
            Kind::Custom => "custom section",
            Kind::Encoding => "encoding",
        }
    }
}
