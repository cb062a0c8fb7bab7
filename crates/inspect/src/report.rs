//! A function → a text file with all that is needed to look into a refusal, to be attached to a
//! report.
//!
//! What it holds: the version, what `prova inspect` prints, the candidate as the translator
//! proposed it with its hints, the body's bytes, and a small module with this body
//! ([`super::wasm::reduce`]) on which the same command shows the same. It names no path and no
//! time: the same build, module and options give the same bytes.
//!
//! Limits: a small module above [`ATTACHED_MAX`] bytes is left out, with a word to that effect.

use super::view::Function;
use super::wasm;
use prova_bytecode::{Candidate, text};
use prova_core::Module;
use prova_module::FuncIdx;
use prova_report::SCHEMA;
use std::fmt::Write;

/// The greatest size of a small module that is attached, in bytes.
const ATTACHED_MAX: usize = 256 * 1024;
/// Characters of a line of encoded bytes.
const LINE: usize = 100;

/// The text of the file.
pub fn report(module: &Module, func: FuncIdx, view: &Function, candidate: &Candidate) -> String {
    let mut out = String::new();
    writeln!(out, "prova {} inspect, schema {SCHEMA}", env!("CARGO_PKG_VERSION")).ok();
    writeln!(out, "module of {} bytes", module.wasm().bytes().len()).ok();
    out.push('\n');
    out.push_str(&view.tree().to_text());
    out.push_str("\ncandidate\n");
    write!(out, "{}", text::display(&candidate.words).with_map(&candidate.map)).ok();
    out.push_str("\nhints (offset, word)\n");
    for hint in &candidate.controls {
        writeln!(out, "  {:#x} @{}", hint.offset, hint.word).ok();
    }
    if let Some(body) = module.wasm().body(func) {
        out.push_str("\nbody, in hexadecimal\n");
        let hex: String = body.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        lines(&mut out, &hex);
    }
    if let Some(reduced) = wasm::reduce(module.wasm(), func) {
        let size = reduced.bytes.len();
        if size > ATTACHED_MAX {
            writeln!(out, "\nsmall module: left out, {size} bytes; please attach the module").ok();
        } else {
            writeln!(out, "\nsmall module, {size} bytes in base64 (base64 -d), with the body at {:#x}: prova inspect FILE --function {}", reduced.body.start, func.0).ok();
            lines(&mut out, &base64(&reduced.bytes));
        }
    }
    out
}

/// ASCII text in lines of equal length.
fn lines(out: &mut String, text: &str) {
    let mut rest = text;
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(LINE));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            out.push(if digit > chunk.len() { '=' } else { char::from(DIGITS[value as usize]) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_as_in_the_rfc() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }
}
