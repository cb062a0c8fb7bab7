//! Refusals of a module: where, which rule, and whose fault (the module's, or a proposal or limit
//! of ours).
//!
//! Embedders map [`ErrorKind`] to their own kinds (*invalid*, *unsupported*).

use crate::index::FuncIdx;
use std::fmt;

/// Why a module was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Module offset in bytes, where one is known.
    pub offset: Option<usize>,
    /// The function whose body is at fault, if one is.
    pub func: Option<FuncIdx>,
    /// The rule.
    pub kind: ErrorKind,
}

/// The rule that refused a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The bytes are no module, or the module is not valid. The message is wasmparser's.
    Invalid {
        /// Which rule is broken.
        message: String,
    },
    /// The module is valid with a proposal that is not enabled or that no tier executes.
    Unsupported {
        /// The proposal's name.
        proposal: &'static str,
        /// The instruction that no tier executes, where the module is valid with what is on.
        instruction: Option<&'static str>,
    },
    /// The module exceeds one of [`Limits`](crate::Limits).
    Limit {
        /// The field of [`Limits`](crate::Limits).
        name: &'static str,
        /// The greatest value allowed.
        max: u64,
        /// The value found; where counting stopped early, the first value over `max`.
        actual: u64,
    },
}

/// The result of decoding.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn invalid(message: impl Into<String>, offset: usize) -> Error {
        let kind = ErrorKind::Invalid { message: message.into() };
        Error { offset: Some(offset), func: None, kind }
    }

    pub(crate) fn unsupported(proposal: &'static str, offset: usize) -> Error {
        let kind = ErrorKind::Unsupported { proposal, instruction: None };
        Error { offset: Some(offset), func: None, kind }
    }

    /// An instruction of a proposal that is on for its types alone.
    pub(crate) fn instruction(
        proposal: &'static str,
        instruction: &'static str,
        offset: usize,
    ) -> Error {
        let kind = ErrorKind::Unsupported { proposal, instruction: Some(instruction) };
        Error { offset: Some(offset), func: None, kind }
    }

    pub(crate) fn limit(name: &'static str, max: u64, actual: u64, offset: usize) -> Error {
        Error { offset: Some(offset), func: None, kind: ErrorKind::Limit { name, max, actual } }
    }

    /// The same error, found in the body of `func`.
    pub(crate) fn in_func(self, func: FuncIdx) -> Error {
        Error { func: Some(func), ..self }
    }

    /// Whether the module is at fault, not a limit or a missing proposal.
    pub fn is_invalid(&self) -> bool {
        matches!(self.kind, ErrorKind::Invalid { .. })
    }

    /// Whether a proposal is missing.
    pub fn is_unsupported(&self) -> bool {
        matches!(self.kind, ErrorKind::Unsupported { .. })
    }
}

impl From<wasmparser::Error> for Error {
    fn from(error: wasmparser::Error) -> Error {
        Error::invalid(error.message(), error.offset() as usize)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::Invalid { message } => write_in_a_line(f, message)?,
            ErrorKind::Unsupported { proposal, instruction: None } => {
                write!(f, "unsupported: {proposal}")?;
            }
            ErrorKind::Unsupported { proposal, instruction: Some(instruction) } => {
                write!(f, "unsupported: {proposal}, instruction `{instruction}`")?;
            }
            ErrorKind::Limit { name, max, actual } => {
                let counted = crate::limits::counted(name);
                write!(f, "limit {name} exceeded: {actual} {counted}, at most {max}")?;
            }
        }
        if let Some(func) = self.func {
            write!(f, " in {func}")?;
        }
        if let Some(offset) = self.offset {
            write!(f, " (at offset 0x{offset:x})")?;
        }
        if let ErrorKind::Unsupported { proposal, .. } = &self.kind
            && let Some(remedy) = crate::features::remedy(proposal)
        {
            write!(f, "; {remedy}")?;
        }
        Ok(())
    }
}

/// Most characters of a message that are printed: it may quote a name of the module.
const MESSAGE_CHARS_MAX: usize = 500;

/// Writes a message in one line, with any quoted name. This crate knows none of ours: the printer
/// of the error escapes all else that a terminal obeys (`prova_demangle::printable_message`).
fn write_in_a_line(f: &mut fmt::Formatter<'_>, message: &str) -> fmt::Result {
    for c in message.chars().take(MESSAGE_CHARS_MAX) {
        match c.is_control() {
            true => write!(f, "{}", c.escape_default())?,
            false => write!(f, "{c}")?,
        }
    }
    match message.chars().skip(MESSAGE_CHARS_MAX).count() {
        0 => Ok(()),
        more => write!(f, "… ({} characters)", MESSAGE_CHARS_MAX + more),
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_quotes_makes_no_line_and_is_cut() {
        let shown = |message: &str| Error::invalid(message, 16).to_string();
        assert_eq!(shown("`a\nb\u{1b}`"), "`a\\nb\\u{1b}` (at offset 0x10)");
        let long = "x".repeat(MESSAGE_CHARS_MAX);
        assert_eq!(shown(&long), format!("{long} (at offset 0x10)"));
        let cut = format!("{long}… (1048576 characters) (at offset 0x10)");
        assert_eq!(shown(&"x".repeat(1 << 20)), cut);
    }
}
