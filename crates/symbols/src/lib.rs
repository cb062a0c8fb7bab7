//! Offsets in a module → the places in the source that its DWARF names for them, and the variables;
//! addresses of memory → variables.
//!
//! ```text
//! offsets ─ find: units ┬ functions: the function and what is inlined there, by entries
//!                       └ rows: file, line and column, by the program of line numbers
//! an offset, a range of memory, a name ─ storage: entries ┬ place: local, global, memory
//!                                                         └ types: the type's name and size
//! ```
//!
//! DWARF counts addresses from the start of the code section's contents (WebAssembly tool
//! conventions, *DWARF*).
//!
//! 1. Debug information is hostile: it never panics, and all of a call together takes at most
//!    [`WORK_MAX`] steps, each of which is one item read. What is malformed, or behind the last
//!    step, gives no symbols.
//! 2. Nothing outside the body of the offset's function is believed: linkers leave entries of
//!    functions that they removed, with addresses near 0.
//! 3. The result depends on the module and the offsets alone.
//!
//! Limits: no split DWARF, no supplementary files, DWARF 2 to 5; names above [`NAME_BYTES_MAX`]
//! are cut. `tests/` compares with other readers (`addr2line`, `llvm-dwarfdump`), and has hostile
//! modules.

mod find;
mod functions;
mod place;
mod rows;
mod storage;
mod types;
mod work;

pub use find::symbols;
pub use place::{Holder, Place};
pub use storage::{VARIABLES_MAX, Variable, variables_at, variables_in, variables_named};
pub use work::WORK_MAX;

/// Longest name or path of a symbol, in bytes.
pub const NAME_BYTES_MAX: usize = 4096;
/// Most functions inlined into one another that a place has, from the innermost on.
pub const INLINED_MAX: usize = 64;

/// A place in the source, as debug information has it: hostile text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbol {
    /// The name of the function, as the linker knows it where the entry has that.
    pub name: Option<String>,
    /// The path of the file, with its folder where there is one.
    pub file: Option<String>,
    /// The line, from 1 on.
    pub line: Option<u32>,
    /// The column, from 1 on.
    pub column: Option<u32>,
}
