//! Files → modules: binary or text, from a path or standard input. Every read has a bound.

use crate::report::{Misuse, OfFile, Shown as _, printable, warn};
use prova_artifact::Artifact;
use prova_core::{Context, Engine, Error, Features, Module, Result, bail};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;

/// The module in `path`, which is `-` for standard input.
///
/// # Errors
/// If it cannot be read, is no text format either, or is refused.
pub(crate) fn module(engine: &Engine, path: &Path) -> Result<Module> {
    let name = path.shown();
    if is_artifact_file(path) {
        return Module::deserialize_file(engine, path).context(OfFile::new("load", path));
    }
    if is_binary_file(path) {
        // It is read to the place where it stays.
        return Module::from_file(engine, path).context(OfFile::new("load", path));
    }
    let bytes = read(path)?;
    if prova_artifact::is_artifact(&bytes) {
        return Module::deserialize(engine, bytes).context(OfFile::new("load", path));
    }
    let wasm = binary(bytes, path).with_context(|| format!("failed to parse `{name}`"))?;
    Module::new(engine, wasm).context(OfFile::new("load", path))
}

/// The binary form of the module in `path`, or what `prova compile` wrote, as it is.
///
/// # Errors
/// If it cannot be read, or is text and cannot be parsed.
pub(crate) fn wasm(path: &Path) -> Result<Vec<u8>> {
    let bytes = read(path)?;
    binary(bytes, path).with_context(|| format!("failed to parse `{}`", path.shown()))
}

/// The module in `path`, or the only core module of the component in it, decoded and validated but
/// not prepared to run. It may use these proposals.
///
/// # Errors
/// If it cannot be read, is no text format either, is refused, or is a component of several
/// modules.
pub(crate) fn decoded_with(path: &Path, features: &Features) -> Result<prova_module::Module> {
    Ok(decoded_of(path, features)?.0)
}

/// The same, and the component that it is of, if it is one.
///
/// # Errors
/// As [`decoded_with`].
pub(crate) fn decoded_of(
    path: &Path,
    features: &Features,
) -> Result<(prova_module::Module, Option<Vec<u8>>)> {
    let name = path.shown();
    let bytes = read(path)?;
    let wasm = binary(bytes, path).with_context(|| format!("failed to parse `{name}`"))?;
    let modules = prova_diff::core_modules(&wasm);
    let component = modules.with_context(|| format!("failed to load `{name}`"))?;
    let component = component.map(|_| wasm.clone());
    let core = core_module(wasm).with_context(|| format!("failed to load `{name}`"))?;
    let limits = prova_core::Limits::default();
    let module = prova_module::Module::decode(core, features, &limits)
        .map_err(printable_error)
        .with_context(|| format!("failed to load `{name}`"))?;
    Ok((module, component))
}

/// A decoder's error. What is invalid may quote the module, so it becomes text that is safe to
/// print. Other errors have our own words and keep their type, by which `hint` finds the key.
fn printable_error(error: prova_module::Error) -> Error {
    match error.kind {
        prova_module::ErrorKind::Invalid { .. } => {
            Error::msg(prova_core::printable_message(&error.to_string()))
        }
        prova_module::ErrorKind::Unsupported { .. } | prova_module::ErrorKind::Limit { .. } => {
            error.into()
        }
    }
}

/// The binary of the module in `path`, or of the only core module of the component in it.
///
/// # Errors
/// As [`decoded_with`], but nothing is refused for what it uses.
pub(crate) fn core_of(path: &Path) -> Result<Vec<u8>> {
    core_module(binary_of(path)?)
}

/// A module as it is, or the only core module of a component; offsets are then in the core module.
fn core_module(wasm: Vec<u8>) -> Result<Vec<u8>> {
    let Some(modules) = prova_diff::core_modules(&wasm)? else { return Ok(wasm) };
    match modules.as_slice() {
        [only] => Ok(wasm.get(only.clone()).unwrap_or_default().to_vec()),
        [] => bail!("it is a component without core modules"),
        more => {
            let sizes: Vec<String> = more.iter().take(8).map(|one| one.len().to_string()).collect();
            let others = if more.len() > 8 { ", …" } else { "" };
            bail!(
                "it is a component of {} core modules ({}{others} bytes): give one of them in a file of its own",
                more.len(),
                sizes.join(", ")
            )
        }
    }
}

/// The binary form of what is in `path`, which may be a component.
///
/// # Errors
/// If it cannot be read, or is text and cannot be parsed.
pub(crate) fn binary_of(path: &Path) -> Result<Vec<u8>> {
    let bytes = read(path)?;
    binary(bytes, path).with_context(|| format!("failed to parse `{}`", path.shown()))
}

/// The greatest size of a module in the text format, and of a script (64 MiB): what a parser makes
/// of text is many times as large.
pub(crate) const TEXT_BYTES_MAX: u64 = 64 << 20;

/// The bytes of a file or of standard input: at most as many as a module may have, and of text
/// [`TEXT_BYTES_MAX`].
///
/// # Errors
/// If it cannot be read, or is longer.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let wasm_max = prova_core::Limits::default().module_bytes;
    if path.as_os_str() == "-" {
        return bounded(std::io::stdin().lock(), wasm_max, TEXT_BYTES_MAX)
            .context("failed to read standard input");
    }
    let name = path.shown();
    let file = std::fs::File::open(path).with_context(|| format!("failed to read `{name}`"))?;
    bounded(file, wasm_max, TEXT_BYTES_MAX).with_context(|| format!("failed to read `{name}`"))
}

/// Refuses an output that is one of the inputs, which would be gone.
///
/// # Errors
/// [`Misuse`], which names the option.
pub(crate) fn apart(option: &str, output: &Path, inputs: &[&Path]) -> Result<()> {
    if inputs.iter().any(|input| is_same(output, input)) {
        let what = "that is what is read: name another file";
        bail!(Misuse(format!("`{option} {}`: {what}", output.shown())));
    }
    Ok(())
}

/// Whether two paths are one file, or will be. `-` is none.
pub(crate) fn is_same(a: &Path, b: &Path) -> bool {
    let found = |path: &Path| std::fs::canonicalize(path).ok();
    let alike = a == b && a.as_os_str() != "-";
    alike || found(a).is_some_and(|a| found(b) == Some(a))
}

/// Whether `path` is an ordinary file that begins as a binary module does, and is none too long.
/// Of a pipe nothing is read: what has been could not be read again.
fn is_binary_file(path: &Path) -> bool {
    let max = prova_core::Limits::default().module_bytes;
    let fits = |about: std::fs::Metadata| about.len() <= max;
    begins_with(path, MAGIC) && std::fs::metadata(path).is_ok_and(fits)
}

/// Whether a file looks like what `prova compile` writes.
pub(crate) fn is_artifact_file(path: &Path) -> bool {
    begins_with(path, ELF_MAGIC)
}

/// Whether the path is of a regular file that begins so.
fn begins_with(path: &Path, magic: &[u8; 4]) -> bool {
    let is_file = path.as_os_str() != "-" && path.is_file();
    let mut start = [0; 4];
    let file = if is_file { std::fs::File::open(path).ok() } else { None };
    file.is_some_and(|mut file| file.read_exact(&mut start).is_ok()) && start == *magic
}

/// The bytes of what `prova compile` wrote.
///
/// # Errors
/// If it cannot be read, or has more than 1 GiB.
pub(crate) fn artifact(path: &Path) -> Result<Vec<u8>> {
    let name = path.shown();
    if path.as_os_str() == "-" {
        let bytes = read(path)?;
        if !prova_artifact::is_artifact(&bytes) {
            bail!("standard input is not what `prova compile` wrote");
        }
        return Ok(bytes);
    }
    let file = std::fs::File::open(path).with_context(|| format!("failed to read `{name}`"))?;
    if !file.metadata().is_ok_and(|about| about.is_file()) || !is_artifact_file(path) {
        bail!("`{name}` is not a file that `prova compile` wrote");
    }
    bounded(file, ARTIFACT_BYTES_MAX, ARTIFACT_BYTES_MAX)
        .with_context(|| format!("failed to read `{name}`"))
}

/// The bytes of a compiled module of Wasmtime's, if `path` leads to one.
///
/// # Errors
/// If it cannot be read, or has more than 1 GiB.
pub(crate) fn wasmtime(path: &Path) -> Result<Option<Vec<u8>>> {
    let Ok(mut file) = std::fs::File::open(path) else { return Ok(None) };
    let mut start = [0; 8];
    let is_file = file.metadata().is_ok_and(|about| about.is_file());
    if !is_file || file.read_exact(&mut start).is_err() || !prova_wasmtime_layout::is_one(&start) {
        return Ok(None);
    }
    let all = start.as_slice().chain(file);
    let bytes = bounded(all, ARTIFACT_BYTES_MAX, ARTIFACT_BYTES_MAX);
    bytes.map(Some).with_context(|| format!("failed to read `{}`", path.shown()))
}

/// The most bytes of what `prova compile` wrote.
const ARTIFACT_BYTES_MAX: u64 = 1 << 30;

/// The module in `path`, if its SHA-256 is the expected one. Of what `prova compile` wrote, the
/// SHA-256 of the file stands for its machine code too; the SHA-256 of the module inside stands for
/// the module alone, which then runs as bytecode.
///
/// # Errors
/// Those of [`module`] and [`expected`].
pub(crate) fn expected_module(engine: &Engine, path: &Path, digest: &str) -> Result<Module> {
    let bytes = match path.as_os_str() == "-" {
        true => wasm(path)?,
        false if is_artifact_file(path) => artifact(path)?,
        false => {
            let module = module(engine, path)?;
            return expected(module.wasm().bytes(), digest, path).map(|()| module);
        }
    };
    if !prova_artifact::is_artifact(&bytes) {
        let module = Module::new(engine, bytes).context(OfFile::new("load", path))?;
        return expected(module.wasm().bytes(), digest, path).map(|()| module);
    }
    if is_expected(&bytes, digest) {
        return Module::deserialize(engine, bytes).context(OfFile::new("load", path));
    }
    let read = Artifact::read(bytes).map_err(Error::new);
    let read = read.context(OfFile::new("load", path))?;
    expected(read.module(), digest, path)?;
    let name = path.shown();
    warn(&printable(&format!(
        "warning: `{name}` runs as bytecode: the expected SHA-256 is of the module, not of the file"
    )));
    Module::new(engine, read.module()).context(OfFile::new("load", path))
}

/// Whether bytes have a SHA-256.
pub(crate) fn is_expected(bytes: &[u8], expected: &str) -> bool {
    sha256(bytes).eq_ignore_ascii_case(expected.strip_prefix("sha256:").unwrap_or(expected))
}

/// Refuses a module that is not the one that is expected.
///
/// # Errors
/// [`Misuse`] if `expected` is no SHA-256, and if the module has another.
pub(crate) fn expected(wasm: &[u8], expected: &str, path: &Path) -> Result<()> {
    let expected = expected.strip_prefix("sha256:").unwrap_or(expected);
    if expected.len() != 64 || !expected.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        bail!(Misuse(format!("`--expect {expected}`: a SHA-256 has 64 hexadecimal digits")));
    }
    if !is_expected(wasm, expected) {
        let found = sha256(wasm);
        bail!(
            "`{}` has another module than the expected one: its SHA-256 is {found}",
            path.shown()
        );
    }
    Ok(())
}

/// The SHA-256 of bytes, in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How an ELF file begins.
const ELF_MAGIC: &[u8; 4] = b"\x7fELF";

/// How a binary module begins.
const MAGIC: &[u8; 4] = b"\0asm";

/// All bytes of `reader`; it is read to at most one byte beyond the limit.
fn bounded(mut reader: impl Read, wasm_max: u64, text_max: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.by_ref().take(MAGIC.len() as u64).read_to_end(&mut bytes)?;
    let (limit, max) = match () {
        () if bytes.starts_with(MAGIC) => ("module_bytes", wasm_max),
        () if bytes.starts_with(ELF_MAGIC) => ("artifact_bytes", ARTIFACT_BYTES_MAX.min(wasm_max)),
        () => ("text_bytes", text_max),
    };
    let left = (max + 1).saturating_sub(bytes.len() as u64);
    reader.take(left).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        let what = if limit == "text_bytes" { ", which is no binary module" } else { "" };
        bail!("the input{what} has more than {max} bytes (limit `{limit}`)");
    }
    Ok(bytes)
}

/// The binary format of a module in either format. A file that does not start like a binary and is
/// no UTF-8 is left to the decoder, whose message fits better.
fn binary(bytes: Vec<u8>, path: &Path) -> Result<Vec<u8>> {
    let is_binary = bytes.starts_with(MAGIC) || prova_artifact::is_artifact(&bytes);
    let is_text = !is_binary && std::str::from_utf8(&bytes).is_ok();
    if !is_text || bytes.is_empty() {
        return Ok(bytes);
    }
    let wasm = wat::parse_bytes(&bytes).map_err(|mut error| {
        error.set_path(path);
        Error::msg(prova_core::printable_text_error(&error.to_string()))
    })?;
    Ok(wasm.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, repeat};

    /// Counts what is read.
    struct Counted<R>(R, u64);

    impl<R: Read> Read for Counted<R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.0.read(buffer)?;
            self.1 += n as u64;
            Ok(n)
        }
    }

    #[test]
    fn no_more_is_read_than_a_byte_beyond_the_limit() {
        for (start, max, limit) in [(MAGIC, 1000, "module_bytes"), (b"(mod", 100, "text_bytes")] {
            let mut endless = Counted(start.chain(repeat(0)), 0);
            let error = bounded(&mut endless, 1000, 100).expect_err("it has no end").to_string();
            assert!(error.contains(limit) && error.contains(&max.to_string()), "{error}");
            assert_eq!(endless.1, max + 1);
            let fits = bounded(start.chain(repeat(0)).take(max), 1000, 100);
            assert_eq!(fits.expect("it is not beyond").len() as u64, max);
        }
        assert_eq!(bounded(&b"ab"[..], 1000, 100).expect("short"), b"ab");
    }
}
