//! Why a file is not read: where, by which rule, and what is wrong.

use std::fmt;

/// The rule that a file breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// It is an ELF file for x86-64, 64 bits, little endian.
    Elf,
    /// It has each section once, and no unknown one.
    Sections,
    /// The settings are of this version, and each field has a known value.
    Settings,
    /// The records are whole and in order, and what they name lies in its section, apart from what
    /// others name.
    Records,
    /// A piece has the digest of its record.
    Digest,
}

impl Rule {
    /// All rules.
    pub const ALL: [Rule; 5] =
        [Rule::Elf, Rule::Sections, Rule::Settings, Rule::Records, Rule::Digest];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Elf => "elf",
            Rule::Sections => "sections",
            Rule::Settings => "settings",
            Rule::Records => "records",
            Rule::Digest => "digest",
        }
    }
}

/// Why a file, or a piece of it, is refused. The fault is the file's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The rule.
    pub rule: Rule,
    /// The section, where it is known.
    pub section: &'static str,
    /// The offset in the section, in bytes.
    pub offset: usize,
    /// What is wrong.
    pub what: String,
}

impl Error {
    pub(crate) fn new(
        rule: Rule,
        section: &'static str,
        offset: usize,
        what: impl Into<String>,
    ) -> Error {
        Error { rule, section, offset, what: what.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Error { rule, section, offset, what } = self;
        match section.is_empty() {
            true => write!(f, "not an artifact (rule {}): {what}", rule.name()),
            false => {
                write!(f, "bad artifact: {section}+{offset:#x} (rule {}): {what}", rule.name())
            }
        }
    }
}

impl std::error::Error for Error {}
