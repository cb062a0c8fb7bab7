//! The text format: a reader that the embedder plugs in → the bytes of a module.
//!
//! [`Module::new`](crate::Module::new) and [`Module::from_file`](crate::Module::from_file) ask it
//! for everything that does not begin as a module in the binary format does. This crate has no
//! reader, so who embeds it without one carries none; the crate `prova` plugs one in.
//!
//! The reader is not trusted: its bytes are decoded and validated like any others.
//!
//! Limit: [`TEXT_BYTES_MAX`].

use crate::engine::Engine;
use crate::error::{Error, InvalidText, Result};
use std::path::Path;
use std::sync::Arc;

/// Reads the text format: text → a module in the binary format, or what is wrong and where.
///
/// ```
/// use prova_core::*;
///
/// let mut config = Config::new();
/// config.text_format(|text| wat::parse_str(text).map_err(|error| error.to_string()));
/// let engine = Engine::new(&config)?;
/// let module = Module::new(&engine, r#"(module (memory (export "memory") 1))"#)?;
/// assert!(module.get_export("memory").is_some());
/// assert!(Module::new(&engine, "(module (memory 1)").is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
pub type TextReader = fn(&str) -> Result<Vec<u8>, String>;

/// The greatest size of a module in the text format (64 MiB, or as many bytes as a module may
/// have): the parts that a reader makes of text are many times as large.
pub const TEXT_BYTES_MAX: u64 = 64 << 20;

/// The bytes that a module in the binary format begins with.
const MAGIC: &[u8] = b"\0asm";

/// The bytes as they are, or the bytes of the module whose text they are.
///
/// # Errors
/// [`InvalidText`].
pub(crate) fn binary(engine: &Engine, bytes: Arc<[u8]>, file: Option<&Path>) -> Result<Arc<[u8]>> {
    let config = engine.config();
    // What is too short to be a module is one that is cut off, unless it is text.
    let binary = bytes.starts_with(MAGIC) || MAGIC.starts_with(&bytes);
    let Some(read) = config.text.filter(|_| !binary) else { return Ok(bytes) };
    let invalid = |what: String| {
        Error::new(InvalidText { file: file.map(|file| file.display().to_string()), what })
    };
    let (max, actual) = (TEXT_BYTES_MAX.min(config.limits.module_bytes), bytes.len() as u64);
    if actual > max {
        return Err(invalid(format!(
            "limit text_bytes exceeded: {actual} bytes of text, at most {max}"
        )));
    }
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return Err(invalid(
            "it is neither a module in the binary format, nor UTF-8 text".to_owned(),
        ));
    };
    read(text).map(Arc::from).map_err(invalid)
}
