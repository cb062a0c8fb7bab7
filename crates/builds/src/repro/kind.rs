//! Two files of a build that differ → what kind of file they are, and where in it they part.
//!
//! The kind follows from the first bytes, as with `file`: `archive`s are opened, however deep they
//! lie in each other, and their members compared; of text the first differing line follows, of
//! WebAssembly modules the result of the caller's [`Modules`] (this crate does not read them), of
//! everything else the kind alone. [`chance`](super::chance) looks at the innermost differences.
//!
//! 1. At most [`BYTES_MAX`] of each file are read; of larger ones only the kind is reported.
//! 2. Text from a file is printed escaped. Nothing of it is written anywhere.
//! 3. Members are paired by name; of one name, the k-th with the k-th.
//!
//! `tests/repro/kind.rs` has a file of each kind, `tests/repro/archives.rs` archives.

use super::archive::{self, Budget, Format, Member};
use crate::names::printable_line;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Longer files are not looked into, bytes.
pub const BYTES_MAX: u64 = 256 << 20;

const LINE_CHARS_MAX: usize = 160;

/// How two files differ, beyond the bytes.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The kind of both files, or both kinds.
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
    let (Some(all_a), Some(all_b)) = (read(a), read(b)) else { return Some(detail) };
    if kind_a == Kind::Wasm {
        (detail.lines, detail.comparison) = modules([(a, all_a), (b, all_b)]);
        return Some(detail);
    }
    let mut lines = |place: &str, a: &[u8], b: &[u8]| -> Vec<String> {
        let path = Path::new(place);
        match kind(&a[..a.len().min(HEAD_BYTES)]) {
            Kind::Wasm => modules([(path, a.to_vec()), (path, b.to_vec())]).0,
            _ => Vec::new(),
        }
    };
    let mut walk = Walk::new(&mut lines);
    walk.compare("", 0, (&all_a, &all_b));
    detail.lines = walk.lines;
    Some(detail)
}

/// The differences of two files, in the innermost members of archives: bytes, or the archives'
/// statements about a member, as text. At most [`LEAVES_MAX`].
pub(super) fn leaves(a: &Path, b: &Path) -> Vec<Leaf> {
    let (Some(all_a), Some(all_b)) = (read(a), read(b)) else { return Vec::new() };
    let mut nothing = |_: &str, _: &[u8], _: &[u8]| Vec::new();
    let mut walk = Walk::new(&mut nothing);
    walk.compare("", 0, (&all_a, &all_b));
    walk.leaves
}

/// A difference that goes no deeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// The members it lies in, from the outermost; empty for the file itself.
    pub(super) place: String,
    pub(super) a: Vec<u8>,
    pub(super) b: Vec<u8>,
}

/// Maximum number of differences of one file that are looked at.
pub const LEAVES_MAX: usize = 64;

/// Maximum number of lines that are printed of the members of one archive.
pub const LINES_MAX: usize = 12;

/// Maximum depth to which archives are opened in each other.
pub const DEPTH_MAX: usize = 6;

const HEAD_BYTES: usize = 4096;

/// A place and two modules there → what to say of them.
type Said<'s> = &'s mut dyn FnMut(&str, &[u8], &[u8]) -> Vec<String>;

/// Two files → where they part, through archives.
struct Walk<'s> {
    modules: Said<'s>,
    budgets: (Budget, Budget),
    lines: Vec<String>,
    leaves: Vec<Leaf>,
}

impl<'s> Walk<'s> {
    fn new(modules: Said<'s>) -> Walk<'s> {
        Walk {
            modules,
            budgets: (Budget::new(), Budget::new()),
            lines: Vec::new(),
            leaves: Vec::new(),
        }
    }

    fn say(&mut self, depth: usize, line: &str) {
        let line: String = printable_line(line).chars().take(2 * LINE_CHARS_MAX).collect();
        self.lines.push(format!("{}{line}", "  ".repeat(depth)));
    }

    fn leaf(&mut self, place: &str, a: &[u8], b: &[u8]) {
        if self.leaves.len() < LEAVES_MAX {
            self.leaves.push(Leaf { place: place.into(), a: a.into(), b: b.into() });
        }
    }

    /// Two files of one place that differ.
    fn compare(&mut self, place: &str, depth: usize, (a, b): (&[u8], &[u8])) {
        let kinds = [a, b].map(|bytes| kind(&bytes[..bytes.len().min(HEAD_BYTES)]));
        if kinds[0] != kinds[1] {
            self.leaf(place, a, b);
            return;
        }
        let format = match kinds[0] {
            Kind::Archive => Format::Ar,
            Kind::Tar => Format::Tar,
            Kind::Zip => Format::Zip,
            Kind::Gzip => Format::Gzip,
            Kind::Wasm => {
                let said = (self.modules)(place, a, b);
                said.iter().for_each(|line| self.say(depth, line));
                return self.leaf(place, a, b);
            }
            Kind::Text => {
                line(a, b).iter().for_each(|line| self.say(depth, line));
                return self.leaf(place, a, b);
            }
            Kind::Elf | Kind::Pe | Kind::MachO | Kind::Other => return self.leaf(place, a, b),
        };
        if depth >= DEPTH_MAX {
            self.say(depth, "archives that lie deeper are not opened");
            return self.leaf(place, a, b);
        }
        let opened = (
            archive::open(format, a, &mut self.budgets.0),
            archive::open(format, b, &mut self.budgets.1),
        );
        let before = self.leaves.len();
        self.members(place, depth, (&opened.0.members, &opened.1.members));
        for (side, opened) in [('A', &opened.0), ('B', &opened.1)] {
            if let Some(trouble) = &opened.trouble {
                self.say(depth, &format!("not all of {side} is compared: {trouble}"));
            }
        }
        let whole = opened.0.trouble.is_none() && opened.1.trouble.is_none();
        if self.leaves.len() == before && whole {
            self.say(depth, "its members are equal: they are packed in another way");
        }
    }

    /// The members of two archives of one place.
    fn members(&mut self, place: &str, depth: usize, (a, b): (&[Member], &[Member])) {
        let (numbered_a, numbered_b) = (numbered(a), numbered(b));
        let mut said = 0;
        for (side, one, other) in [('A', &numbered_a, &numbered_b), ('B', &numbered_b, &numbered_a)]
        {
            for (name, nth) in one.keys().filter(|key| !other.contains_key(*key)) {
                said += 1;
                if said <= LINES_MAX {
                    self.say(depth, &format!("member `{name}`{} is in {side} alone", th(*nth)));
                }
                self.leaf(&format!("{place}/{name}"), name.as_bytes(), b"");
            }
        }
        let order = |members: &[Member], others: &BTreeMap<(String, usize), usize>| {
            let names = in_order(members).into_iter();
            names.filter(|key| others.contains_key(key)).map(|(name, _)| name).collect::<Vec<_>>()
        };
        let (order_a, order_b) = (order(a, &numbered_b), order(b, &numbered_a));
        if order_a != order_b {
            let first = order_a.iter().zip(&order_b).find(|(a, b)| a != b);
            let first = first.map(|(a, b)| format!(": `{a}` became `{b}`")).unwrap_or_default();
            self.say(depth, &format!("members stand in another order{first}"));
            self.leaf(place, order_a.join("\n").as_bytes(), order_b.join("\n").as_bytes());
        }
        for ((name, nth), at_a) in &numbered_a {
            let Some(at_b) = numbered_b.get(&(name.clone(), *nth)) else { continue };
            let (Some(one), Some(other)) = (a.get(*at_a), b.get(*at_b)) else { continue };
            let inside = format!("{place}/{name}");
            let about = about(one, other);
            if about.is_empty() && one.bytes == other.bytes {
                continue;
            }
            said += 1;
            let shown = self.lines.len();
            if !about.is_empty() {
                let words: Vec<String> =
                    about.iter().map(|(what, a, b)| format!("{what} `{a}` became `{b}`")).collect();
                self.say(depth, &format!("member `{name}`{}: {}", th(*nth), words.join(", ")));
            }
            for (what, a, b) in &about {
                self.leaf(&format!("{inside} ({what})"), a.as_bytes(), b.as_bytes());
            }
            if one.bytes != other.bytes {
                self.content(&inside, depth, th(*nth), (one, other));
            }
            if said > LINES_MAX {
                self.lines.truncate(shown);
            }
        }
        if said > LINES_MAX {
            self.say(depth, &format!("and {} members more", said - LINES_MAX));
        }
    }

    fn content(&mut self, place: &str, depth: usize, nth: String, (a, b): (&Member, &Member)) {
        let what = kind(&a.bytes[..a.bytes.len().min(HEAD_BYTES)]).name();
        let lengths = (a.bytes.len(), b.bytes.len());
        let size = match lengths.0 == lengths.1 {
            true => {
                let pairs = a.bytes.iter().zip(&b.bytes);
                let first = pairs.clone().position(|(a, b)| a != b).unwrap_or(0);
                let count = pairs.filter(|(a, b)| a != b).count();
                format!("{count} of {} bytes, the first at offset {first}", lengths.0)
            }
            false => format!("{} and {} bytes", lengths.0, lengths.1),
        };
        self.say(depth, &format!("member `{}`{nth} differs: {what}, {size}", a.name));
        self.compare(place, depth + 1, (&a.bytes, &b.bytes));
    }
}

/// The position of each member by its name, and the how-manieth of that name it is.
fn numbered(members: &[Member]) -> BTreeMap<(String, usize), usize> {
    in_order(members).into_iter().zip(0..).collect()
}

fn in_order(members: &[Member]) -> Vec<(String, usize)> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let numbered = members.iter().map(|member| {
        let nth = seen.entry(&member.name).or_default();
        *nth += 1;
        (member.name.clone(), *nth - 1)
    });
    numbered.collect()
}

fn th(nth: usize) -> String {
    if nth == 0 { String::new() } else { format!(" (number {} of that name)", nth + 1) }
}

/// The statements about a member in which two archives differ.
fn about(a: &Member, b: &Member) -> Vec<(&'static str, String, String)> {
    let of = |member: &Member, what: &str| {
        let found = member.about.iter().find(|(name, _)| *name == what);
        found.map_or("none".to_owned(), |(_, value)| value.clone())
    };
    let names: BTreeSet<&'static str> =
        a.about.iter().chain(&b.about).map(|(what, _)| *what).collect();
    let pairs = names.into_iter().map(|what| (what, of(a, what), of(b, what)));
    pairs.filter(|(_, a, b)| a != b).collect()
}

/// A file, if it is not too long to be looked into.
fn read(path: &Path) -> Option<Vec<u8>> {
    let small = std::fs::metadata(path).is_ok_and(|file| file.len() <= BYTES_MAX);
    small.then(|| std::fs::read(path).ok()).flatten()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Wasm,
    Elf,
    Archive,
    Tar,
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
            Self::Tar => "tar archive",
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
    File::open(path).ok()?.take(HEAD_BYTES as u64).read_to_end(&mut head).ok()?;
    Some(head)
}

fn kind(head: &[u8]) -> Kind {
    const MAGIC: [(&[u8], Kind); 9] = [
        (b"\0asm\x01\0\0\0", Kind::Wasm),
        (b"\x7fELF", Kind::Elf),
        (ARCHIVE, Kind::Archive),
        (b"\x1f\x8b", Kind::Gzip),
        (b"PK\x03\x04", Kind::Zip),
        (b"PK\x05\x06", Kind::Zip),
        (b"MZ", Kind::Pe),
        (b"\xcf\xfa\xed\xfe", Kind::MachO),
        (b"\xfe\xed\xfa\xcf", Kind::MachO),
    ];
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return *kind;
    }
    if head.get(257..262) == Some(b"ustar") {
        return Kind::Tar;
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
