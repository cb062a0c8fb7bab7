//! The parts of a compiled module that Wasmtime 48 reads, compared with those that its own front
//! end makes of the Wasm.
//!
//! ```text
//! M.cwasm ─ file ─► sections ─ engine ─► settings ─┐
//! M.wasm ─────────────────── translation ──────────┴─► module, types ─┐
//! Artifact (prova-wasmtime-layout) ─ functions ─► table of functions ─┴─ made ─► sections again
//! ```
//!
//! `prova-wasmtime-layout` checks the code that symbols name. Wasmtime reads no symbols: which code
//! it enters for a function, which memories, tables and types there are, and what they begin with,
//! says the section `.wasmtime.info`. So that section is not believed but built again, by
//! Wasmtime's own crate `wasmtime-environ`, and compared byte for byte (`made`); of the others each
//! is compared, has a form that is checked, or is named as not checked ([`Unchecked`], `sections`).
//!
//! Required: the [`Artifact`] was read from the same bytes. Guaranteed, for a file that is
//! [compared](compare): Wasmtime instantiates the module that the Wasm is, and enters for each of
//! its functions the code that the function's symbol names.
//!
//! Whether data becomes an image also depends on a setting that files do not name; either form is
//! one that Wasmtime makes of the Wasm, and is accepted.
//!
//! Limits: a file with a recording's checksum is refused. Believed: `wasmtime-environ` does what
//! the Wasmtime that compiled the file did; and the host that loads the file is that Wasmtime. The
//! tests see each comparison fail.

#[cfg(test)]
mod derived;
mod engine;
mod error;
mod file;
mod frames;
mod functions;
mod made;
mod maps;
mod sections;
mod tools;
mod translation;

use error::WASM;

pub use error::Error;
pub use translation::{IMAGE_BYTES_MAX, TABLE_ELEMENTS_MAX, WASM_BYTES_MAX};

use prova_wasmtime_layout::{ANOTHER, Artifact, Counts, File, Rest};

/// A part of a section, or all of it, that nobody checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unchecked {
    /// The section's name.
    pub section: String,
    /// The part of its meaning that is not checked.
    pub why: &'static str,
    /// Whether a lie there can at worst make the host, or a debugger of it, show something wrong,
    /// or end it while it loads the file or walks its stack; otherwise it may take the code out of
    /// its sandbox.
    pub only_confuses: bool,
}

/// [`compare`], for the check of all of a file (`prova_wasmtime_layout::verify_on`).
///
/// # Errors
///
/// As of [`compare`].
pub fn rest(
    artifact: &Artifact<'_>,
    compiled: &[u8],
    wasm: &[u8],
) -> Result<Rest, prova_wasmtime_layout::Error> {
    let compared = compare(artifact, compiled, wasm).map_err(|error| {
        let of = if error.section == WASM { File::Wasm } else { File::Compiled };
        let what = match error.at {
            Some(at) => format!("{} (at {at:#x})", error.what),
            None => error.what,
        };
        let mut another = made::COPIED.into_iter().chain([made::INFO, functions::SECTION]);
        let hint = if another.any(|it| it == error.section) { ANOTHER } else { "" };
        let what = format!("{what}{hint}");
        // Which file is said already.
        let at = if of == File::Wasm { String::new() } else { error.section };
        prova_wasmtime_layout::Error { of, at, what }
    })?;
    let mut rest = Rest { counts: Some(compared.counts), ..Rest::default() };
    for Unchecked { section, why, only_confuses } in compared.unchecked {
        let list = if only_confuses { &mut rest.confusing } else { &mut rest.unchecked };
        list.push(format!("{section}: {why}"));
    }
    Ok(rest)
}

/// A compiled module that says what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Numbers of fields of the context, as the module has them.
    pub counts: Counts,
    /// The parts that nobody checks, by the names of sections.
    pub unchecked: Vec<Unchecked>,
}

/// Compares a compiled module with what Wasmtime makes of the Wasm.
///
/// # Errors
///
/// If the Wasm is not valid, a section differs from what it should be, or Wasmtime would read the
/// file in another way than `artifact` was read.
pub fn compare(artifact: &Artifact<'_>, compiled: &[u8], wasm: &[u8]) -> Result<Compared, Error> {
    let file = file::File::read(compiled)?;
    let engine = engine::Engine::read(file.data(engine::SECTION), &artifact.settings)?;
    tools::check(compiled, &file, &engine)?;
    let made = |dense| -> Result<Compared, Error> {
        let translated = translation::translate(&engine, wasm, dense)?;
        let counts = translated.counts()?;
        let code = translated.bodies.first().copied();
        let table = functions::table(artifact, &translated)?;
        let made = made::Made::new(&engine, translated, table)?;
        let has_image = made.has_image;
        let heap = made.compare(&file)?;
        let unchecked = sections::check(artifact, &file, (has_image, code))?;
        Ok(Compared { counts: Counts { heap, ..counts }, unchecked })
    };
    let [usual, others @ ..] = translation::DENSE_IMAGE_BYTES;
    let mut found = made(usual);
    for dense in others {
        // The form that agrees further is the one that was meant.
        let depth = |error: &Error| (error.section != made::INFO, error.at);
        match found {
            Err(error) if error.section == made::INFO => {
                found = made(dense).map_err(|other| std::cmp::max_by_key(error, other, depth));
            }
            _ => break,
        }
    }
    found
}
