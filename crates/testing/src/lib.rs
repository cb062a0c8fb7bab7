//! What Prova is tested with: the repository's own rules, runners of real programs and scripts, benchmarks.
//!
//! Unpublished. The program `prova-testing` (see `main.rs`) runs the long forms, `cargo test` the short ones. Nothing here
//! is used by any other crate.

pub mod architecture;
pub mod json;
pub mod tidy;

use std::path::{Path, PathBuf};

/// The root of the repository, of which this crate is `crates/testing`.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}
