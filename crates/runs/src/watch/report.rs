//! The accesses of a watched run → text, or JSON.
//!
//! Names are already printable.

use prova_xref::{Use, bytes_of, function, range_words};
use serde::Serialize;
use std::fmt::{self, Write};

/// Lines of one list that are printed.
const SHOWN: usize = 200;

/// The kinds of accesses to the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Code read it.
    Read,
    /// Code wrote it.
    Write,
    /// Code read and wrote it at once.
    Update,
    /// A function of WASI read it.
    HostRead,
    /// A function of WASI wrote it.
    HostWrite,
    /// A function of the host changed it, and nothing more is known.
    Host,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::Read => "read",
            Access::Write => "write",
            Access::Update => "update",
            Access::HostRead => "read by the host",
            Access::HostWrite => "written by the host",
            Access::Host => "changed by the host",
        })
    }
}

/// A place of the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Index of the function.
    pub func: u32,
    /// Its name, printable.
    pub name: String,
    /// Module offset of the operator.
    pub offset: u32,
    /// Its mnemonic; of a call, with the callee.
    pub operator: String,
}

/// A function that has called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// Index of the function.
    pub func: u32,
    /// Its name, printable.
    pub name: String,
    /// Module offset of the call.
    pub offset: u32,
}

impl From<Place> for Frame {
    fn from(place: Place) -> Self {
        Frame { func: place.func, name: place.name, offset: place.offset }
    }
}

/// How often a place accessed the range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// How.
    pub access: Access,
    /// How often.
    pub times: u64,
    /// The value the first time.
    pub first: String,
    /// The value the last time.
    pub last: String,
    /// `xref` without a run lists this place, too.
    pub predicted: bool,
}

/// One access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// Its number among all accesses to the range, from 1.
    pub number: u64,
    /// How.
    pub access: Access,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// First address accessed, which may lie before the range.
    pub address: u64,
    /// How many bytes.
    pub bytes: u64,
    /// The bytes that were read, or that are there after the write.
    pub value: String,
    /// The bytes that a write replaced, if all of them were watched.
    pub before: Option<String>,
    /// The callers, the innermost first.
    pub stack: Vec<Frame>,
    /// There were more callers.
    pub deeper: bool,
}

/// The bytes that a segment wrote before the program ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Initial {
    /// The data segment.
    pub segment: u32,
    /// Its name, printable; empty if it has none.
    pub name: String,
    /// First address in the range.
    pub address: u64,
    /// How many bytes.
    pub bytes: u64,
    /// The bytes, at most the first 16.
    pub value: String,
}

/// Who accessed a range of addresses in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WatchReport {
    /// The memory.
    pub memory: u32,
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// The place of the range in memory, in words.
    pub place: String,
    /// How the run ended, in words.
    pub ended: String,
    /// How many accesses there were.
    pub total: u64,
    /// The bytes that segments wrote before the program ran.
    pub initial: Vec<Initial>,
    /// Every place that accessed the range, by function and offset.
    pub sites: Vec<Count>,
    /// The first accesses, in order.
    pub first: Vec<Hit>,
    /// Places that `xref` lists without a run, and that this run did not come to.
    pub not_reached: Vec<Use>,
    /// The range changed in a way that is not listed: by a function of the host that was called
    /// through a table or by a tail call.
    pub unseen: bool,
}

/// Bytes as the number that they are in memory, or as they stand if they are many.
pub(super) fn hex(bytes: &[u8]) -> String {
    if matches!(bytes.len(), 1 | 2 | 4 | 8) {
        let digits: String = bytes.iter().rev().map(|byte| format!("{byte:02x}")).collect();
        return format!("0x{digits}");
    }
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("[{}]", bytes.join(" "))
}

impl WatchReport {
    /// The report as text.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let (start, end) = (self.start, self.end);
        writeln!(out, "{}: {}", range_words(self.memory, start..end), self.place).ok();
        writeln!(out, "the program {}; {} seen", ended(&self.ended), accesses(self.total)).ok();
        for initial in &self.initial {
            let Initial { segment, name, address, bytes, value } = initial;
            let name = if name.is_empty() { String::new() } else { format!(" ({name})") };
            writeln!(
                out,
                "before it ran, data segment {segment}{name} wrote {address:#x}, {}: {value}",
                bytes_of(*bytes)
            )
            .ok();
        }
        if !self.sites.is_empty() {
            writeln!(out, "\nby place").ok();
        }
        for count in self.sites.iter().take(SHOWN) {
            let Count { place, access, times, first, last, predicted } = count;
            let found = match (predicted, access) {
                (true, _) | (false, Access::Host | Access::HostRead | Access::HostWrite) => "",
                (false, _) => ", through a computed address",
            };
            let values = if first == last { first.clone() } else { format!("{first} … {last}") };
            writeln!(
                out,
                "  {:#08x}  {} {access} {times}×, {values}  in {}{found}",
                place.offset,
                place.operator,
                function(&place.name, place.func)
            )
            .ok();
        }
        more(&mut out, self.sites.len());
        if !self.first.is_empty() {
            writeln!(out, "\nthe first {} in order", self.first.len()).ok();
        }
        for hit in &self.first {
            hit_text(&mut out, hit);
        }
        if !self.not_reached.is_empty() {
            writeln!(out, "\nnot come to in this run").ok();
        }
        for one in self.not_reached.iter().take(SHOWN) {
            writeln!(
                out,
                "  {:#08x}  {}  in {} (func{})",
                one.offset, one.operator, one.name, one.func
            )
            .ok();
        }
        more(&mut out, self.not_reached.len());
        if self.unseen {
            writeln!(out, "\nnote: the range has changed in a way that is not listed (a function of the host, called through a table or by a tail call)").ok();
        }
        out
    }

    /// The report as JSON.
    ///
    /// # Errors
    /// The serialiser's; none is known.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}

fn ended(how: &str) -> String {
    match how.strip_prefix("wasm trap: ") {
        Some(trap) => format!("trapped ({trap})"),
        None if how.starts_with("returned") || how.starts_with("exited") => how.to_owned(),
        None => format!("stopped ({how})"),
    }
}

fn accesses(count: u64) -> String {
    if count == 1 { "1 access".into() } else { format!("{count} accesses") }
}

fn more(out: &mut String, count: usize) {
    if count > SHOWN {
        writeln!(out, "  … {} more", count - SHOWN).ok();
    }
}

fn hit_text(out: &mut String, hit: &Hit) {
    let Hit { number, access, place, address, bytes, value, before, stack, deeper } = hit;
    let before = before.as_ref().map(|before| format!(", before {before}")).unwrap_or_default();
    writeln!(
        out,
        "  #{number} {access} {address:#x}, {}: {value}{before}\n      at {:#08x} {} in {}",
        bytes_of(*bytes),
        place.offset,
        place.operator,
        function(&place.name, place.func)
    )
    .ok();
    for frame in stack {
        writeln!(out, "      from {:#08x} in {}", frame.offset, function(&frame.name, frame.func))
            .ok();
    }
    if *deeper {
        writeln!(out, "      …").ok();
    }
}
