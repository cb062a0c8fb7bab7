//! A module → its functions, or one function: its WebAssembly beside its bytecode, where each value
//! is, and why the check accepts or refuses it.
//!
//! ```text
//! Module ─┬─ listing ─► Listing                                                          ┌─ text
//!         └─ find ─► FuncIdx ─ Module::explain ─► view::Function ────────────────────────┼─ JSON
//!                                   └ wasm: operators as text                            └─ report: a file to attach to a report
//! ```
//!
//! Only one function is translated and shown, in a module of any size. The report shows the record
//! of the very check that decides ([`prova_wording`]). `docs/reference/inspect.md` has
//! the schema of the JSON. Names come from the module and are hostile text: see
//! [`names`](prova_builds::names). The command line prints; `tests/inspect.rs` of `prova-cli` holds
//! outputs.

/// The greatest body that is shown, in bytes: its record takes up to 1,500 times as much memory, so
/// 800 MB.
pub const BODY_BYTES_MAX: usize = 1 << 19;

mod find;
mod listing;
mod near;
mod report;
mod text;
mod view;
mod wasm;

pub use find::{Unfound, find};
pub use listing::Listing;
pub use near::near;
pub use report::report;
pub use view::{FORMAT, Function};
pub use wasm::{Line, operators};

use prova_builds::names::obeyed;
use std::fmt::Write;

/// JSON, with what a terminal obeys as escapes: names are in strings.
///
/// # Errors
/// Those of serde's own; the types of this module have none.
pub fn json(value: &impl serde::Serialize) -> serde_json::Result<String> {
    let text = serde_json::to_string_pretty(value)?;
    let mut escaped = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c != '\n' && obeyed(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                write!(escaped, "\\u{unit:04x}").ok();
            }
        } else {
            escaped.push(c);
        }
    }
    escaped.push('\n');
    Ok(escaped)
}
