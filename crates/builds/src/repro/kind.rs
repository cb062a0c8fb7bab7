//! Two files of a build that differ → what kind of file they are, and where in it they part.
//!
//! Neighbours: [`report`](super::report) prints it below the bytes. The kind is told by the first
//! bytes, as `file` does: of archives the first differing member follows, of text the first
//! differing line, of WebAssembly modules what the caller's [`Modules`] says (this crate does not
//! read them), of everything else the kind alone.
//!
//! 1. At most [`BYTES_MAX`] of each file are read; of larger ones only the kind is told.
//! 2. What a file says is printed escaped.
//!
//! `tests/repro/kind.rs` has a file of each kind.

use crate::names::{printable_line, printable_lines};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Longer files are not looked into, bytes.
pub const BYTES_MAX: u64 = 256 << 20;

const LINE_CHARS_MAX: usize = 160;

/// How two files differ, beyond the bytes.
#[derive(Clone, Debug)]
pub struct Detail {
    /// What kind of file both are, or both kinds.
    pub kind: String,
    /// Where they part; empty if that is not known of this kind.
    pub lines: Vec<String>,
    /// The comparison of two modules, as JSON.
    pub comparison: Option<Value>,
}

impl Detail {
    /// As JSON.
    pub fn json(&self) -> Value {
        match &self.comparison {
            Some(comparison) => json!({ "kind": self.kind, "diff": comparison }),
            None => json!({ "kind": self.kind, "lines": self.lines }),
        }
    }
}

/// Two WebAssembly modules, by path and bytes → what to print of their difference, and the
/// comparison as JSON where there is one.
pub type Modules<'m> = &'m dyn Fn([(&Path, Vec<u8>); 2]) -> (Vec<String>, Option<Value>);

/// Compares two files; nothing if one is not there.
pub fn detail(a: &Path, b: &Path, modules: Modules<'_>) -> Option<Detail> {
    let (bytes_a, bytes_b) = (head(a)?, head(b)?);
    let (kind_a, kind_b) = (kind(&bytes_a), kind(&bytes_b));
    if kind_a != kind_b {
        let kind = format!("{} and {}", kind_a.name(), kind_b.name());
        return Some(Detail { kind, lines: Vec::new(), comparison: None });
    }
    let mut detail = Detail { kind: kind_a.name().into(), lines: Vec::new(), comparison: None };
    let read = |path: &Path| {
        let small = std::fs::metadata(path).is_ok_and(|file| file.len() <= BYTES_MAX);
        small.then(|| std::fs::read(path).ok()).flatten()
    };
    let (Some(all_a), Some(all_b)) = (read(a), read(b)) else { return Some(detail) };
    match kind_a {
        Kind::Wasm => {
            (detail.lines, detail.comparison) = modules([(a, all_a), (b, all_b)]);
        }
        Kind::Archive => detail.lines.extend(member(&all_a, &all_b)),
        Kind::Text => detail.lines.extend(line(&all_a, &all_b)),
        Kind::Elf | Kind::Gzip | Kind::Zip | Kind::Pe | Kind::MachO | Kind::Other => {}
    }
    Some(detail)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Wasm,
    Elf,
    Archive,
    Gzip,
    Zip,
    Pe,
    MachO,
    Text,
    Other,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Wasm => "WebAssembly module",
            Self::Elf => "ELF file",
            Self::Archive => "archive",
            Self::Gzip => "gzip file",
            Self::Zip => "zip file",
            Self::Pe => "PE file",
            Self::MachO => "Mach-O file",
            Self::Text => "text",
            Self::Other => "binary file",
        }
    }
}

fn head(path: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(4096).read_to_end(&mut head).ok()?;
    Some(head)
}

fn kind(head: &[u8]) -> Kind {
    const MAGIC: [(&[u8], Kind); 8] = [
        (b"\0asm\x01\0\0\0", Kind::Wasm),
        (b"\x7fELF", Kind::Elf),
        (ARCHIVE, Kind::Archive),
        (b"\x1f\x8b", Kind::Gzip),
        (b"PK\x03\x04", Kind::Zip),
        (b"MZ", Kind::Pe),
        (b"\xcf\xfa\xed\xfe", Kind::MachO),
        (b"\xfe\xed\xfa\xcf", Kind::MachO),
    ];
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return *kind;
    }
    // A character may be cut at the end of the head.
    let text = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    if text && !head.contains(&0) { Kind::Text } else { Kind::Other }
}

fn line(a: &[u8], b: &[u8]) -> Option<String> {
    let (a, b) = (String::from_utf8_lossy(a), String::from_utf8_lossy(b));
    let (mut lines_a, mut lines_b) = (a.lines(), b.lines());
    for number in 1.. {
        let (line_a, line_b) = (lines_a.next(), lines_b.next());
        if line_a.is_none() && line_b.is_none() {
            return None;
        }
        if line_a != line_b {
            let shown = |line: Option<&str>| match line {
                Some(line) => {
                    let shown: String = printable_line(line).chars().take(LINE_CHARS_MAX).collect();
                    format!("`{shown}`")
                }
                None => "the end".into(),
            };
            return Some(format!("line {number}: {} became {}", shown(line_a), shown(line_b)));
        }
    }
    None
}

const ARCHIVE: &[u8] = b"!<arch>\n";

/// The first member of two archives that differs.
fn member(a: &[u8], b: &[u8]) -> Option<String> {
    let (members_a, members_b) = (members(a), members(b));
    for (a, b) in members_a.iter().zip(&members_b) {
        let names = [printable_lines(&a.0), printable_lines(&b.0)];
        if a.0 != b.0 {
            return Some(format!("member `{}` became `{}`", names[0], names[1]));
        }
        if a.1 != b.1 {
            return Some(format!(
                "the header of member `{}` differs (time, owner, mode)",
                names[0]
            ));
        }
        if a.2 != b.2 {
            return Some(format!("the first member that differs is `{}`", names[0]));
        }
    }
    let (count_a, count_b) = (members_a.len(), members_b.len());
    (count_a != count_b).then(|| format!("{count_a} members became {count_b}"))
}

/// Name, rest of the header, contents; what is malformed ends the list.
fn members(archive: &[u8]) -> Vec<(String, &[u8], &[u8])> {
    let mut found = Vec::new();
    let mut at = ARCHIVE.len();
    while let Some(header) = archive.get(at..at + 60) {
        let name = String::from_utf8_lossy(&header[..16]).trim_end().to_owned();
        let size = std::str::from_utf8(&header[48..58])
            .ok()
            .and_then(|size| size.trim().parse::<usize>().ok());
        let Some(contents) =
            size.and_then(|size| archive.get(at + 60..(at + 60).checked_add(size)?))
        else {
            break;
        };
        at += 60 + contents.len() + contents.len() % 2;
        found.push((name, &header[16..48], contents));
    }
    found
}
