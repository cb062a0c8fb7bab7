//! The instance that lifting and lowering work on, and how they fail.

use crate::types::{Pointer, TableId};
use crate::value::ResourceAny;
use std::fmt;

/// How a function's values lie on the core side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The encoding of strings.
    pub encoding: Encoding,
    /// The width of the memory's pointers.
    pub pointer: Pointer,
}

/// How a string is encoded in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8; the length counts bytes.
    Utf8,
    /// UTF-16, at an even address; the length counts units of 16 bits.
    Utf16,
    /// Latin-1, or UTF-16 if the highest bit of the length is set; at an even address.
    Latin1OrUtf16,
}

/// The instance on the core side of a lifted or lowered function.
///
/// Nothing keeps a borrow of the memory over a call of the guest: `realloc` may grow it.
pub trait Guest {
    /// Why a call ends.
    type Error: From<Fault>;

    /// The memory.
    ///
    /// # Errors
    /// If the function has none.
    fn memory(&mut self) -> Result<&mut [u8], Self::Error>;

    /// Calls the guest's `realloc` for new bytes, while the guest may not leave. The answer is not
    /// believed: `place` compares it with the alignment and the memory.
    ///
    /// # Errors
    /// If the function has none; what the guest ends with.
    fn realloc(&mut self, align: u32, bytes: u64) -> Result<u64, Self::Error>;

    /// Pays for bytes and elements, before they are copied or memory is taken for them.
    ///
    /// # Errors
    /// If nothing is left to pay with.
    fn charge(&mut self, units: u64) -> Result<(), Self::Error>;

    /// Takes a handle that owns its resource out of a table.
    ///
    /// # Errors
    /// If it is no such handle, or lent.
    fn lift_own(&mut self, table: TableId, handle: u32) -> Result<ResourceAny, Self::Error>;

    /// Lends what a handle of a table stands for, until the call ends.
    ///
    /// # Errors
    /// If it is no handle of the table's type.
    fn lift_borrow(&mut self, table: TableId, handle: u32) -> Result<ResourceAny, Self::Error>;

    /// Puts a resource into a table, which owns it then.
    ///
    /// # Errors
    /// If it is of another type, not owned, or the table is full.
    fn lower_own(&mut self, table: TableId, resource: ResourceAny) -> Result<u32, Self::Error>;

    /// Lends a resource to a table until the call ends.
    ///
    /// # Errors
    /// If it is of another type, or the table is full.
    fn lower_borrow(&mut self, table: TableId, resource: ResourceAny) -> Result<u32, Self::Error>;
}

/// Why a value is not lifted or lowered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A pointer that is no multiple of an alignment.
    Misaligned {
        /// The pointer.
        pointer: u64,
        /// The alignment.
        align: u32,
    },
    /// Bytes that do not lie in the memory.
    OutOfBounds {
        /// Their kind: `value`, `string`, `list`.
        what: &'static str,
        /// The pointer.
        pointer: u64,
        /// How many.
        bytes: u64,
    },
    /// `realloc` gave a pointer that is no multiple of the alignment.
    ReallocMisaligned(u64),
    /// `realloc` gave bytes that do not lie in the memory.
    ReallocOutOfBounds(u64),
    /// A string of more bytes than a string has.
    StringTooLong(u64),
    /// Bytes that are no text of their encoding.
    Text(Encoding),
    /// A number that is no Unicode scalar value.
    Char(u32),
    /// A number that names no case.
    Discriminant(u32),
    /// A value of the host that is not of its type.
    Mismatch {
        /// The type.
        expected: String,
        /// The kind of the value.
        got: &'static str,
    },
    /// Another number of values than of types.
    Count {
        /// Types.
        expected: usize,
        /// Values.
        got: usize,
    },
    /// A type of other `Types`, or too few cells: a fault of the caller.
    Caller(&'static str),
    /// A fault of handles.
    Handle(crate::handles::HandleFault),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Misaligned { pointer, align } => {
                write!(f, "pointer not aligned: {pointer:#x} is no multiple of {align}")
            }
            Fault::OutOfBounds { what, pointer, bytes } => {
                write!(
                    f,
                    "{what} pointer/length out of bounds of memory: {bytes} bytes at {pointer:#x}"
                )
            }
            Fault::ReallocMisaligned(at) => {
                write!(f, "realloc return: result not aligned: {at:#x}")
            }
            Fault::ReallocOutOfBounds(at) => {
                write!(f, "realloc return: beyond end of memory: {at:#x}")
            }
            Fault::StringTooLong(bytes) => write!(f, "a string of {bytes} bytes is too long"),
            Fault::Text(Encoding::Utf8) => f.write_str("invalid utf-8"),
            Fault::Text(_) => f.write_str("unpaired surrogate found"),
            Fault::Char(number) => write!(f, "{number:#x} is no Unicode scalar value"),
            Fault::Discriminant(number) => write!(f, "invalid discriminant: {number}"),
            Fault::Mismatch { expected, got } => {
                write!(f, "type mismatch: expected {expected}, found {got}")
            }
            Fault::Count { expected, got } => {
                write!(f, "expected {expected} values, found {got}")
            }
            Fault::Caller(what) => write!(f, "wrong use of the canonical ABI: {what}"),
            Fault::Handle(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}
