//! The text format: a reader that the embedder plugs in → the bytes of a module.
//!
//! [`Module::new`](crate::Module::new) and [`Module::from_file`](crate::Module::from_file) ask it
//! for everything that does not begin as a module in the binary format does. This crate has no
//! reader, so who embeds it without one carries none; the crate `prova` plugs one in.
//!
//! The reader is not trusted: its bytes are decoded and validated like any others.
//!
//! Limit: [`TEXT_BYTES_MAX`]. What a reader says quotes the text: [`printable_text_error`].

use crate::engine::Engine;
use crate::error::{Error, InvalidText, Result};
use prova_demangle::{NAME_CHARS_MAX, obeyed, printable, printable_line, printable_message};
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
        let what = printable_text_error(&what);
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

/// Makes the error of `wat` or `wast` for refused text safe to print: the message in
/// one line, and below it the place and the line of the text with its marker, if they are there. A
/// line that is long or has characters that a terminal obeys is shown without the marker.
///
/// ```
/// let said = "unknown func: failed to find name `$a\nb`\n     --> x.wat:1:2\n      |\n    1 | ($a\u{1b})\n      | ^";
/// let shown = prova_core::printable_text_error(said);
/// let lines: Vec<&str> = shown.lines().collect();
/// assert_eq!(lines[0], "unknown func: failed to find name `$a\\nb`");
/// assert_eq!(lines[3], "    1 | ($a\\u{1b})");
/// assert_eq!(lines.len(), 4);
/// ```
pub fn printable_text_error(said: &str) -> String {
    // A line of the text has no line feed: the last of these is the reader's own.
    let place = said.rfind("\n     --> ");
    let (message, excerpt) = said.split_at(place.unwrap_or(said.len()));
    let mut shown = printable_message(message);
    let excerpt: Vec<&str> = excerpt.split('\n').skip(1).collect();
    let [place, bar, line, marker] = excerpt[..] else {
        let rest = excerpt.iter().map(|line| printable(line));
        return rest.fold(shown, |shown, line| shown + "\n" + &line);
    };
    let is_shown_whole = line.chars().count() <= NAME_CHARS_MAX && !line.contains(obeyed);
    for line in [&printable_line(place), bar, &printable(line)] {
        shown = shown + "\n" + line;
    }
    if is_shown_whole { shown + "\n" + marker } else { shown }
}
