//! A cross-reference → a tree.
//!
//! The root's members are the fields of [`XrefReport`]; each list is a child with a table.

use super::{MemoryMap, Span, Use, XrefReport};
use prova_builds::names::counted;
use prova_report::{Node, Table};
use serde_json::{Value, to_value};
use std::ops::Range;

/// Maximum number of rows of one list that a reader is shown.
pub const SHOWN: usize = 200;

impl XrefReport {
    /// The report as a tree.
    pub fn tree(&self) -> Node {
        let XrefReport { reads, writes, escapes, indexed, pointers, globals, .. } = self;
        let possible = match indexed.len() {
            1 => "1 possible access with an index or of unknown length".to_owned(),
            count => format!("{count} possible accesses with an index or of unknown length"),
        };
        let accesses = [(reads, "read"), (writes, "write")];
        let accesses = accesses.map(|(list, noun)| (list, counted(list.len() as u64, noun)));
        let escaped = (escapes, addresses(escapes.len(), "address escape", "address escapes"));
        let mut children: Vec<Node> = accesses
            .into_iter()
            .chain([escaped, (indexed, possible)])
            .map(|(list, title)| Node::new(title).with_table(uses(list)))
            .collect();
        children.push(self.pointers());
        children.extend((!globals.is_empty()).then(|| self.globals()));
        children.push(map(&self.map));
        let (named, ways) =
            (reads.len() + writes.len() + indexed.len(), escapes.len() + pointers.len());
        let nothing = (named + ways + globals.len() == 0).then(|| {
            "nothing names an address of the range; code may compute one, or come to it by an \
             index: `--watch` lists who does so in a run"
                .to_owned()
        });
        let more = (ways > 0).then(|| {
            let ways = addresses(ways, "escaped address", "escaped addresses");
            format!("the range may also be reached through {ways}")
        });
        let place = range_words(self.memory, self.start..self.end);
        Node {
            notes: self.note.iter().cloned().chain(nothing).chain(more).collect(),
            ..Node::of("xref", format!("{place}: {}", self.place))
        }
        .with(to_value(self).unwrap_or(Value::Null))
        .with_evidence(self.symbol.iter().map(|symbol| format!("symbol {symbol}")))
        .with_evidence(self.variables.iter().map(|variable| variable.line(self.start)))
        .with_children(children)
    }

    fn pointers(&self) -> Node {
        let mut table = table(&[">address", "place", "value", ""]);
        for one in &self.pointers {
            let odd = if one.aligned { "" } else { "at an odd place: packed, or chance" };
            let [address, value] = [one.address, one.value].map(|word| format!("{word:#x}"));
            table.push([address, one.place.clone(), value, odd.to_owned()], false);
        }
        let title = addresses(self.pointers.len(), "pointer in data", "pointers in data");
        Node::new(title).with_table(table)
    }

    fn globals(&self) -> Node {
        let mut table = table(&["global", "name", "value", ""]);
        for one in &self.globals {
            let later = if one.written { "at the start; it is written later" } else { "" };
            let (global, value) = (format!("global{}", one.global), format!("{:#x}", one.value));
            table.push([global, one.name.clone(), value, later.to_owned()], false);
        }
        let title = addresses(self.globals.len(), "address in globals", "addresses in globals");
        Node::new(title).with_table(table)
    }
}

/// A table of which a reader is shown [`SHOWN`] rows.
fn table(columns: &[&str]) -> Table {
    Table { shown: Some(SHOWN), ..Table::new("", columns) }
}

fn addresses(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// Places in the code as a table; an escape has no number of bytes.
pub fn uses(list: &[Use]) -> Table {
    let mut table = table(&[">offset", "operator", "address", ">bytes", "function"]);
    for one in list {
        let bytes = if one.bytes > 0 { one.bytes.to_string() } else { String::new() };
        let [offset, address] = [u64::from(one.offset), one.address].map(|it| format!("{it:#x}"));
        let cells = [offset, one.operator.clone(), address, bytes, function(&one.name, one.func)];
        table.push(cells, false);
    }
    table
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

fn map(map: &MemoryMap) -> Node {
    let stack = map.stack_pointer.map(|(global, value)| {
        format!("stack pointer: global{global}, starts at {value:#x} and goes down (no data, whatever has this address)")
    });
    let heap = map.heap_base.map(|base| format!("heap: from {base:#x}"));
    let end = format!("end of the initial memory: {:#x}", map.memory_bytes);
    let mut table = table(&[">from", ">to", "segment"]);
    for Span { segment, name, start, bytes } in &map.spans {
        let name = if name.is_empty() { format!("data {segment}") } else { name.clone() };
        table.push([format!("{start:#x}"), format!("{:#x}", start + bytes), name], false);
    }
    let lines = stack.into_iter().chain(heap).chain([end]);
    Node::new("memory map").with_evidence(lines).with_table(table)
}
