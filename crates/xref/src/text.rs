//! A cross-reference → text.

use super::{MemoryMap, Pointer, Use, XrefReport};
use std::fmt::Write;
use std::ops::Range;

/// Entries of one list that are printed.
const SHOWN: usize = 200;

impl XrefReport {
    /// The report as text.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let (start, end) = (self.start, self.end);
        writeln!(out, "{}: {}", range_words(self.memory, start..end), self.place).ok();
        if let Some(symbol) = &self.symbol {
            writeln!(out, "symbol {symbol}").ok();
        }
        if let Some(note) = &self.note {
            writeln!(out, "note: {note}").ok();
        }
        list(&mut out, "read", &self.reads);
        list(&mut out, "write", &self.writes);
        list(&mut out, "address escape", &self.escapes);
        list(&mut out, "possible access with an index or of unknown length", &self.indexed);
        writeln!(out, "\n{}", plural(self.pointers.len(), "pointer in data")).ok();
        for pointer in self.pointers.iter().take(SHOWN) {
            let note = if pointer.aligned { "" } else { ", at an odd place: packed, or chance" };
            let Pointer { address, place, value, .. } = pointer;
            writeln!(out, "  {address:#x} ({place}) = {value:#x}{note}").ok();
        }
        more(&mut out, self.pointers.len());
        self.globals(&mut out);
        let named = self.reads.len() + self.writes.len() + self.indexed.len();
        let escaped = self.escapes.len() + self.pointers.len();
        if named + escaped + self.globals.len() == 0 {
            writeln!(out, "\nNothing names an address of the range. Code may compute one, or come to it by an index: `--watch` lists who does so in a run.").ok();
        }
        if escaped > 0 {
            writeln!(
                out,
                "\nThe range may also be reached through {}.",
                plural(escaped, "escaped address")
            )
            .ok();
        }
        out.push('\n');
        map(&mut out, &self.map);
        out
    }

    fn globals(&self, out: &mut String) {
        if self.globals.is_empty() {
            return;
        }
        let many = if self.globals.len() == 1 { "address" } else { "addresses" };
        writeln!(out, "\n{} {many} in globals", self.globals.len()).ok();
        for one in self.globals.iter().take(SHOWN) {
            let name = if one.name.is_empty() { String::new() } else { format!(" ({})", one.name) };
            let note = if one.written { " at the start; it is written later" } else { "" };
            writeln!(out, "  global{}{name} = {:#x}{note}", one.global, one.value).ok();
        }
        more(out, self.globals.len());
    }

    /// The report as JSON.
    ///
    /// # Errors
    /// The serialiser's; none is known.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}

fn list(out: &mut String, what: &str, uses: &[Use]) {
    writeln!(out, "\n{}", plural(uses.len(), what)).ok();
    for one in uses.iter().take(SHOWN) {
        let size = if one.bytes > 0 { format!(", {}", bytes_of(one.bytes)) } else { String::new() };
        writeln!(
            out,
            "  {:#08x}  {} {:#x}{size}  in {}",
            one.offset,
            one.operator,
            one.address,
            function(&one.name, one.func)
        )
        .ok();
    }
    more(out, uses.len());
}

fn more(out: &mut String, count: usize) {
    if count > SHOWN {
        writeln!(out, "  … {} more", count - SHOWN).ok();
    }
}

/// A range of addresses in words, with the memory if that is not the first.
pub fn range_words(memory: u32, Range { start, end }: Range<u64>) -> String {
    let memory = if memory == 0 { String::new() } else { format!("memory {memory}, ") };
    format!("{memory}{start:#x}..{end:#x} ({start}..{end})")
}

/// The name with the index, unless the name is the index.
pub fn function(name: &str, index: u32) -> String {
    let own = format!("func{index}");
    if name == own { own } else { format!("{name} ({own})") }
}

/// A number of bytes in words.
pub fn bytes_of(count: u64) -> String {
    if count == 1 { "1 byte".into() } else { format!("{count} bytes") }
}

fn map(out: &mut String, map: &MemoryMap) {
    writeln!(out, "memory map").ok();
    if let Some((global, value)) = map.stack_pointer {
        writeln!(out, "  stack pointer: global{global}, starts at {value:#x} and goes down (no data, whatever has this address)").ok();
    }
    for span in map.spans.iter().take(SHOWN) {
        let name =
            if span.name.is_empty() { format!("data {}", span.segment) } else { span.name.clone() };
        writeln!(out, "  {:#x}..{:#x}  {name}", span.start, span.start + span.bytes).ok();
    }
    if let Some(base) = map.heap_base {
        writeln!(out, "  {base:#x}..  heap").ok();
    }
    writeln!(out, "  {:#x}  end of the initial memory", map.memory_bytes).ok();
}

fn plural(count: usize, what: &str) -> String {
    match (count, what.strip_suffix("y"), what.split_once(' ')) {
        (1, ..) => format!("1 {what}"),
        (_, _, Some(("pointer", rest))) => format!("{count} pointers {rest}"),
        (_, _, Some(("possible", rest))) => {
            format!("{count} possible {}", rest.replacen("access", "accesses", 1))
        }
        (_, _, Some((first, "address"))) => format!("{count} {first} addresses"),
        _ => format!("{count} {what}s"),
    }
}
