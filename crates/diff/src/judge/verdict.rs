//! The verdicts, and the kinds of things that get one.
//!
//! `crates/diff/src/lib.rs` says what each verdict proves.

use crate::numbers::strings::Sort as Text;
use serde::Serialize;
use std::fmt;

/// How grave a verdict is to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Nothing differs.
    None,
    /// It is proved to do no harm.
    Proved,
    /// It is usual between honest builds.
    Usual,
    /// Somebody should look at it.
    Odd,
    Grave,
}

/// Whether `--allow harmless` covers a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Covered {
    Always,
    /// If it covers all assumptions.
    Assumptions,
    Never,
}

macro_rules! verdicts {
    ($($(#[$doc:meta])* $verdict:ident $name:literal $weight:ident $covered:ident;)*) => {
        /// The verdict of a difference, the harmless first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Verdict { $($(#[$doc])* $verdict),* }

        impl Verdict {
            /// All verdicts in order.
            pub const ALL: [Verdict; [$($name),*].len()] = [$(Verdict::$verdict),*];

            /// Its name in reports and in `--allow`.
            pub const fn name(self) -> &'static str {
                match self { $(Verdict::$verdict => $name),* }
            }

            pub(crate) const fn weight(self) -> Weight {
                match self { $(Verdict::$verdict => Weight::$weight),* }
            }

            pub(crate) const fn covered(self) -> Covered {
                match self { $(Verdict::$verdict => Covered::$covered),* }
            }
        }
    };
}

verdicts! {
    /// No difference.
    Identical "identical" None Always;
    /// The same things under other indices, names or places in the file.
    Renumbered "renumbered" Proved Always;
    /// Equal except for addresses of things that moved, each shown to be one.
    Moved "moved" Proved Always;
    /// Equal control-flow graphs in another order of blocks or with other dispatcher states: equal
    /// behaviour, which execution did not contradict.
    LayoutOnly "layout-only" Proved Always;
    /// A file path of the build's machine, or its length.
    Path "path" Usual Always;
    /// Digits of a clock or calendar.
    Timestamp "timestamp" Usual Never;
    /// Names and versions of the tools that made it.
    Producers "producers" Usual Always;
    /// A number of unknown meaning that differs as an address or slot would, or stays as no address
    /// would.
    AssumedMoved "assumed-moved" Usual Assumptions;
    /// Other text, or its length.
    Text "text" Odd Never;
    /// An address of the web.
    Url "url" Odd Never;
    /// A few bytes of high entropy, as a seed drawn at build time leaves.
    RandomLooking "random-looking" Odd Never;
    /// None of these.
    Changed "changed" Grave Never;
}

impl Verdict {
    /// Whether a function of this verdict has other code, not only other numbers.
    pub fn is_of_code(self) -> bool {
        matches!(self, Verdict::LayoutOnly | Verdict::Changed)
    }

    /// Whether it is of text that no compiler makes.
    pub fn is_of_text(self) -> bool {
        matches!(self, Verdict::Text | Verdict::Url | Verdict::Timestamp)
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
    /// The definition of a type.
    Type,
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
            Kind::Type => "type",
            Kind::Global => "global",
            Kind::Table => "table",
            Kind::Memory => "memory",
            Kind::Tag => "tag",
            Kind::Custom => "custom section",
            Kind::Encoding => "encoding",
        }
    }
}
