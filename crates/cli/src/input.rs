//! Files → modules: binary or text, from a path or standard input.

use crate::report::OfFile;
use prova::{Context, Engine, Module, Result};
use std::io::Read;
use std::path::Path;

/// The module in `path`, which is `-` for standard input.
///
/// # Errors
/// If it cannot be read, is no text format either, or is refused.
pub(crate) fn module(engine: &Engine, path: &Path) -> Result<Module> {
    let name = path.display();
    let bytes = read(path)?;
    let wasm = binary(&bytes, path).with_context(|| format!("failed to parse `{name}`"))?;
    Module::new(engine, wasm).context(OfFile::new("load", path))
}

/// The module in `path`, decoded and validated but not prepared to run.
///
/// # Errors
/// If it cannot be read, is no text format either, or is refused.
pub(crate) fn decoded(path: &Path) -> Result<prova_module::Module> {
    let name = path.display();
    let bytes = read(path)?;
    let wasm = binary(&bytes, path).with_context(|| format!("failed to parse `{name}`"))?;
    let (features, limits) = (prova::Features::default(), prova::Limits::default());
    prova_module::Module::decode(wasm, &features, &limits)
        .with_context(|| format!("failed to load `{name}`"))
}

/// The binary form of what is in `path`, which may be a component.
///
/// # Errors
/// If it cannot be read, or is text and cannot be parsed.
pub(crate) fn binary_of(path: &Path) -> Result<Vec<u8>> {
    let bytes = read(path)?;
    binary(&bytes, path).with_context(|| format!("failed to parse `{}`", path.display()))
}

/// The bytes of a file or of standard input.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let name = path.display();
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("failed to read standard input")?;
        return Ok(bytes);
    }
    std::fs::read(path).with_context(|| format!("failed to read `{name}`"))
}

/// The binary format of a module in either format. What does not start like a binary and is no UTF-8 is left to the
/// decoder, whose message fits better.
fn binary(bytes: &[u8], path: &Path) -> Result<Vec<u8>> {
    let is_text = !bytes.starts_with(b"\0asm") && std::str::from_utf8(bytes).is_ok();
    if !is_text || bytes.is_empty() {
        return Ok(bytes.to_vec());
    }
    let wasm = wat::parse_bytes(bytes).map_err(|mut error| {
        error.set_path(path);
        error
    })?;
    Ok(wasm.into_owned())
}
