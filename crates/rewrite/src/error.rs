//! Why an edit cannot be applied: the section, the rule, and whose fault it is.

use crate::numbers::Space;
use std::fmt;
use wasm_encoder::{SectionId, reencode};

/// A fault, and the section in which it was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The section; none for the module's header, and for what a caller asks of
    /// [`Numbers`](crate::Numbers).
    pub section: Option<SectionId>,
    /// The rule that is broken, and whose fault it is.
    pub fault: Fault,
}

/// The rule that is broken, and whose fault it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The module's fault: its bytes are not a core module at this offset.
    Malformed {
        /// Offset in the module, in bytes.
        offset: u64,
        /// The rule that is broken there, in words.
        what: String,
    },
    /// The edit's fault: it takes out what is still used (R4).
    Used {
        /// The index space.
        space: Space,
        /// The old index.
        index: u32,
    },
    /// The edit's fault: it was made for another module, for it replaces something that is not
    /// there, or has no number for it.
    Absent {
        /// The index space.
        space: Space,
        /// The old index.
        index: u32,
    },
    /// The edit's fault: it renames or takes out an export that is not there.
    NoExport(String),
    /// The encoder cannot write a type: it was canonicalised by a validator.
    Unwritable(String),
    /// The module has no such twin (`twin`): this is not supported.
    NoTwin(&'static str),
}

impl Error {
    /// The same error, met in a section, if it is not known yet.
    pub(crate) fn of(mut self, section: SectionId) -> Error {
        self.section.get_or_insert(section);
        self
    }

    /// A fault of the module's bytes.
    pub(crate) fn malformed(offset: u64, what: &str) -> Error {
        Fault::Malformed { offset, what: what.to_owned() }.into()
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error { section: None, fault }
    }
}

impl From<wasmparser::Error> for Error {
    fn from(error: wasmparser::Error) -> Error {
        Error::malformed(error.offset(), error.message())
    }
}

impl From<reencode::Error<Error>> for Error {
    fn from(error: reencode::Error<Error>) -> Error {
        match error {
            reencode::Error::UserError(error) => error,
            reencode::Error::ParseError(error) => error.into(),
            other => Fault::Unwritable(other.to_string()).into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(section) = self.section {
            write!(f, "{} section: ", name(section))?;
        }
        match &self.fault {
            Fault::Malformed { offset, what } => {
                write!(f, "the module is malformed at offset {offset:#x}: {what}")
            }
            Fault::Used { space, index } => {
                write!(f, "the edit takes out {space} {index}, which is used: replace its uses")
            }
            Fault::Absent { space, index } => {
                write!(f, "there is no {space} {index}: the edit must be made for this module")
            }
            Fault::NoExport(name) => {
                write!(f, "there is no export `{name}`: the edit must be made for this module")
            }
            Fault::Unwritable(why) => write!(f, "a type cannot be written: {why}"),
            Fault::NoTwin(why) => write!(f, "the module has no such twin: {why}"),
        }
    }
}

impl std::error::Error for Error {}

/// Refuses bytes that do not begin as a core module.
pub(crate) fn core_module(wasm: &[u8]) -> Result<(), Error> {
    match wasm.get(..8) {
        Some(b"\0asm\x01\0\0\0") => Ok(()),
        _ => Err(Error::malformed(0, "the header of a core module was expected")),
    }
}

/// The name of a section.
fn name(section: SectionId) -> &'static str {
    match section {
        SectionId::Custom => "custom",
        SectionId::Type => "type",
        SectionId::Import => "import",
        SectionId::Function => "function",
        SectionId::Table => "table",
        SectionId::Memory => "memory",
        SectionId::Tag => "tag",
        SectionId::Global => "global",
        SectionId::Export => "export",
        SectionId::Start => "start",
        SectionId::Element => "element",
        SectionId::DataCount => "data count",
        SectionId::Code => "code",
        SectionId::Data => "data",
    }
}
