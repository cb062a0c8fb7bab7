//! A module with its machine code in one file, which may come from anywhere.
//!
//! ```text
//! module, settings, pieces of code ─ Writer ─► ELF file ─ Artifact::read ─► module, settings, pieces
//!                                                              └ nothing is believed: the check reads the pieces
//! ```
//!
//! The file is an ELF object for x86-64, so `readelf` and `objdump -d` show it. Its sections:
//!
//! | section | content |
//! |---|---|
//! | `.text` | the pieces' bytes, each at a multiple of 16, `int3` between them |
//! | `.prova.module` | the WebAssembly module, whole |
//! | `.prova.settings` | what the code was made for ([`Settings`]), and the maker's name |
//! | `.prova.pieces` | a record for each piece, in the order of its [`CodeKind`] |
//! | `.prova.certificates` | the certificates, one behind the other |
//! | `.prova.traps`, `.prova.calls` | the rows of both maps, one behind the other |
//! | `.prova.landings` | of calls, the clauses with their landings, and the places of references to exceptions |
//! | `.prova.relations` | relations that prove code to do what its function says, or nothing |
//!
//! Symbols name the pieces for people; reading does not look at them.
//!
//! What a piece computes is not shown by anything here. The check shows that it stays in its
//! sandbox, and the proof of equality what it computes, where it is asked for and the relation is
//! right; the digest in its record only notices damage by accident.
//!
//! # Invariants
//! * A1. The same parts give the same bytes: no time, no path, no hash order.
//! * A2. Reading takes any bytes without a panic, and space in proportion to the number of records.
//! * A3. Every piece that is given out lies where the records say, whole, apart from the others,
//!   and has the digest of its record. Nothing else is promised of it.
//! * A4. A file of another version of the format, or with a section or a field that is unknown, is
//!   refused.
//!
//! # Limits
//! [`PIECES_MAX`] pieces; sections below 4 GiB; certificates of half the code's length and
//! [`CERTIFICATE_BYTES_FREE`] bytes (compilers need a seventh at most), relations of the code's
//! length and as many bytes; memories of two shapes.

mod error;
mod read;
mod record;
mod settings;
mod write;

pub use error::{Error, Rule};
pub use read::Artifact;
pub use settings::Settings;
pub use write::{Finished, Writer};

use prova_check::{CallRow, CodeKind, TrapRow};

/// The version of the format.
pub const VERSION: u32 = 3;

/// The most pieces of one file.
pub const PIECES_MAX: usize = 4 << 20;

/// Bytes that a certificate may have beside half of its code's, and a relation beside all of them.
pub const CERTIFICATE_BYTES_FREE: usize = 64;

/// The sections' names.
pub(crate) mod section {
    pub(crate) const TEXT: &str = ".text";
    pub(crate) const MODULE: &str = ".prova.module";
    pub(crate) const SETTINGS: &str = ".prova.settings";
    pub(crate) const PIECES: &str = ".prova.pieces";
    pub(crate) const CERTIFICATES: &str = ".prova.certificates";
    pub(crate) const TRAPS: &str = ".prova.traps";
    pub(crate) const CALLS: &str = ".prova.calls";
    pub(crate) const LANDINGS: &str = ".prova.landings";
    pub(crate) const RELATIONS: &str = ".prova.relations";
    /// Those that a file has, in its order.
    pub(crate) const ALL: [&str; 9] =
        [TEXT, MODULE, SETTINGS, PIECES, CERTIFICATES, TRAPS, CALLS, LANDINGS, RELATIONS];
}

/// A piece of code as the check reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The kind of code.
    pub kind: CodeKind,
    /// Code, jump tables, constants.
    pub bytes: &'a [u8],
    /// The certificate.
    pub certificate: &'a [u8],
    /// The instructions that may trap, by offset.
    pub traps: Vec<TrapRow>,
    /// Calls, by offset.
    pub calls: Vec<CallRow>,
    /// The relation of the code to its function; of no bytes if there is none.
    pub relation: &'a [u8],
}

/// Whether a file looks like an artifact: an ELF file. [`Artifact::read`] decides.
pub fn is_artifact(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}
