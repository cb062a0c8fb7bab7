//! The parts of the file that the host hands to debuggers and profilers while it loads the module.
//!
//! A host with `debug_native` (`-D debug-info`) copies the file, applies the relocations to the
//! copy, and registers that with a debugger; one with a profiler goes through the symbols of code
//! (source: `wasmtime` 48.0.8, modules `native_debug` and `profiling_agent`). Both stop the host
//! where a place is not in the file. So:
//!
//! - N1. Sections for debuggers are there only in files with that setting. Even an empty one makes
//!   the host register the copy.
//! - N2. Only these sections have relocations. Each changes bytes of its section: 8, to the address
//!   of code that has a name, or 4, to a place in another of these sections; the host skips those.
//! - N3. Only `.text` is a section of code: a profiler takes the first that is one.
//! - N4. Symbols of code lie in it.
//! - N5. A section with relocations shares no byte with the header, the table of sections or any
//!   other section: the host reads the copy again, and stops where that is no longer the file.
//! - N6. Where there are sections for debuggers, the text has its bytes in the file, even if it has
//!   none: the host stops for one that is only said to be there.
//!
//! The file is read by the loader's own library. The rest of these sections is for debuggers alone,
//! and not checked.

use crate::engine::Engine;
use crate::error::Error;
use crate::file::File;
use wasmtime_environ::object::{
    File as Image, Object, ObjectSection, ObjectSymbol, Relocation, RelocationEncoding,
    RelocationKind, RelocationTarget, SectionIndex, SectionKind, SymbolKind,
};

/// How names of sections for debuggers begin.
const DEBUG: &str = ".debug_";
/// The same of their relocations.
const RELOCATIONS: &str = ".rela.debug_";

/// Whether a section is for debuggers of the host.
pub(crate) fn is_for_debuggers(section: &str) -> bool {
    section.starts_with(DEBUG) || section.starts_with(RELOCATIONS)
}

/// Checks the file.
pub(crate) fn check(compiled: &[u8], file: &File<'_>, engine: &Engine) -> Result<(), Error> {
    let malformed =
        |error: wasmtime_environ::object::Error| Error::new("the file", error.to_string());
    let image = Image::parse(compiled).map_err(malformed)?;
    let text = image.section_by_name(".text").map(|text| (text.index(), text.size()));
    for section in image.sections() {
        let name = section.name().map_err(malformed)?;
        let wrong = |what: String| Err(Error::new(&name.escape_debug().to_string(), what));
        // N1.
        if is_for_debuggers(name) && !engine.tunables.debug_native {
            return wrong("for debuggers, which the settings do not ask for".to_owned());
        }
        // N3.
        if section.kind() == SectionKind::Text && name != ".text" {
            return wrong("a section of code beside the text".to_owned());
        }
        // N6.
        let is_text = name == ".text" && engine.tunables.debug_native;
        if is_text && section.file_range().is_none() {
            return wrong("without bytes in the file".to_owned());
        }
        // N5.
        if section.relocations().next().is_some() && !file.is_apart(name) {
            return wrong("relocations of bytes that are another part of the file".to_owned());
        }
        // N2.
        for (at, relocation) in section.relocations() {
            let bytes = changed_bytes(&image, text.map(|(text, _)| text), &relocation);
            let ends = bytes.and_then(|bytes| at.checked_add(bytes));
            if !name.starts_with(DEBUG) || ends.is_none_or(|end| end > section.size()) {
                return wrong(format!("a relocation of {at:#x}, which is none of Wasmtime's"));
            }
        }
    }
    // N4.
    for symbol in image.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
        let end = symbol.address().checked_add(symbol.size());
        let inside = text.zip(end).is_some_and(|((text, bytes), end)| {
            symbol.section_index() == Some(text) && end <= bytes
        });
        if !inside {
            let name = String::from_utf8_lossy(symbol.name_bytes().unwrap_or_default());
            let what = format!("{} is code outside of the text", name.escape_debug());
            return Err(Error::new(".symtab", what));
        }
    }
    Ok(())
}

/// The number of bytes that a relocation changes, of one that Wasmtime writes.
fn changed_bytes(
    image: &Image<'_>,
    text: Option<SectionIndex>,
    relocation: &Relocation,
) -> Option<u64> {
    let RelocationTarget::Symbol(index) = relocation.target() else { return None };
    let symbol = image.symbol_by_index(index).ok()?;
    let of = symbol.section_index()?;
    match (relocation.kind(), relocation.encoding(), relocation.size()) {
        (RelocationKind::Absolute, RelocationEncoding::Generic, 64) => {
            (symbol.kind() == SymbolKind::Text && Some(of) == text).then_some(8)
        }
        (RelocationKind::Absolute, RelocationEncoding::Generic, 32) => {
            let section = image.section_by_index(of).ok()?;
            section.name().is_ok_and(|name| name.starts_with(DEBUG)).then_some(4)
        }
        _ => None,
    }
}
