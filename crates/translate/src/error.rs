//! Why a function has no candidate: a limit of the bytecode, or a fault of the translator.
//!
//! A module that comes here is valid, so none of these is its fault.

use prova_module::FuncIdx;

/// Why a function could not be translated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TranslateError {
    /// The function needs more than the bytecode can name.
    Limit {
        /// The function.
        func: FuncIdx,
        /// Module offset of the operator at which the limit was passed, in bytes.
        offset: u32,
        /// The thing of which there is too much.
        name: &'static str,
        /// The greatest value allowed.
        max: u64,
        /// The value found.
        actual: u64,
    },
    /// The translator met something that no valid module of the accepted features has.
    Bug {
        /// The function.
        func: FuncIdx,
        /// Module offset of the operator, in bytes.
        offset: u32,
        /// The unexpected construct.
        what: &'static str,
    },
}

impl core::fmt::Display for TranslateError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            TranslateError::Limit { func, offset, name, max, actual } => {
                write!(
                    f,
                    "{func} at offset 0x{offset:x}: limit {name} exceeded: {actual}, at most {max}"
                )
            }
            TranslateError::Bug { func, offset, what } => {
                write!(f, "bug in the translation of {func} at offset 0x{offset:x}: {what}")
            }
        }
    }
}

impl std::error::Error for TranslateError {}
