//! A module → its functions, or one function: its WebAssembly beside its bytecode, where each value
//! is, and why the check accepts or refuses it.
//!
//! ```text
//! Module ─┬─ listing ───────────────────────────────────────────┬─► tree
//!         └─ find ─► FuncIdx ─ Module::explain ─► view::Function ─┤
//!                                   └ wasm: operators as text     └─► report: a file to attach to a report
//! ```
//!
//! Only one function is translated and shown, in a module of any size. The report shows the record
//! of the very check that decides ([`prova_wording`]). `docs/reference/inspect.md` has
//! the members of the trees. Names come from the module and are hostile text: see
//! [`names`](prova_builds::names). The command line prints; `tests/inspect.rs` of `prova-cli` holds
//! outputs.

/// The greatest body that is shown, in bytes: its record takes up to 1,500 times as much memory, so
/// 800 MB.
pub const BODY_BYTES_MAX: usize = 1 << 19;

mod find;
mod listing;
mod near;
mod report;
mod tree;
mod view;
mod wasm;

pub use find::{Unfound, find};
pub use listing::listing;
pub use near::near;
pub use report::report;
pub use view::Function;
pub use wasm::{Line, operators};
