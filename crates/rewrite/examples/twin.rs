//! Writes a module's twin with 64-bit addresses: what it costs is measured beside the module.
//!
//! ```text
//! cargo run --release -p prova-rewrite --example twin -- FILE OUT
//! ```

use prova_rewrite::{Twin, twin};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(file), Some(out)) = (args.next(), args.next()) else {
        return Err("two files: the module and its twin".into());
    };
    let kind = Twin { wide: true, imported: false, several: false };
    std::fs::write(out, twin(&std::fs::read(file)?, kind)?)?;
    Ok(())
}
