//! The accesses of a watched run → a tree.
//!
//! Names are already printable.

use prova_builds::names::counted;
use prova_report::{Node, Table};
use prova_xref::{SHOWN, Use, Variable, function, range_words, uses};
use serde::Serialize;
use serde_json::{Value, to_value};
use std::fmt;

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
    /// The source's variable there, with the distance from its start: `table+8`; empty if none is
    /// known.
    pub variable: String,
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
    /// The source's static variables in the range.
    pub variables: Vec<Variable>,
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
    /// The report as a tree; the root's members are its fields.
    pub fn tree(&self) -> Node {
        let WatchReport { initial, sites, first, not_reached, .. } = self;
        let seen = if self.total == 1 { "1 access" } else { &format!("{} accesses", self.total) };
        let before = initial.iter().map(|Initial { segment, name, address, bytes, value }| {
            let name = if name.is_empty() { String::new() } else { format!(" ({name})") };
            let bytes = counted(*bytes, "byte");
            format!(
                "before it ran, data segment {segment}{name} wrote {address:#x}, {bytes}: {value}"
            )
        });
        let mut table =
            Table::new("", &[">offset", "operator", "access", ">times", "values", "function", ""]);
        table.shown = Some(SHOWN);
        for count in sites {
            table.push(count.cells(), false);
        }
        let unseen = self.unseen.then(|| {
            "the range has changed in a way that is not listed (a function of the host, called \
             through a table or by a tail call)"
                .to_owned()
        });
        let children = [
            Node::new("by place").with_table(table),
            Node::new(format!("the first {} in order", first.len()))
                .with_children(first.iter().map(Hit::node)),
            Node::new("not come to in this run").with_table(uses(not_reached)),
        ];
        let said = |node: &Node| !node.tables.is_empty() || !node.children.is_empty();
        let place = range_words(self.memory, self.start..self.end);
        Node {
            notes: unseen.into_iter().collect(),
            ..Node::of("watch", format!("{place}: {}", self.place))
        }
        .with(to_value(self).unwrap_or(Value::Null))
        .with_evidence(self.variables.iter().map(|variable| variable.line(self.start)))
        .with_evidence([format!("the program {}; {seen} seen", ended(&self.ended))])
        .with_evidence(before)
        .with_children(children.into_iter().filter(said))
    }
}

impl Count {
    fn cells(&self) -> [String; 7] {
        let Count { place, access, times, first, last, predicted } = self;
        let found = match (predicted, access) {
            (true, _) | (false, Access::Host | Access::HostRead | Access::HostWrite) => "",
            (false, Access::Read | Access::Write | Access::Update) => "through a computed address",
        };
        let values = if first == last { first.clone() } else { format!("{first} … {last}") };
        let (offset, function) =
            (format!("{:#x}", place.offset), function(&place.name, place.func));
        let (operator, access, times) =
            (place.operator.clone(), access.to_string(), times.to_string());
        [offset, operator, access, times, values, function, found.to_owned()]
    }
}

impl Hit {
    fn node(&self) -> Node {
        let Hit { number, access, place, address, variable, bytes, .. } = self;
        let Hit { value, before, stack, deeper, .. } = self;
        let named = if variable.is_empty() { String::new() } else { format!(" ({variable})") };
        let before = before.as_ref().map(|before| format!(", before {before}")).unwrap_or_default();
        let bytes = counted(*bytes, "byte");
        let at = format!(
            "at {:#08x} {} in {}",
            place.offset,
            place.operator,
            function(&place.name, place.func)
        );
        let from = |Frame { func, name, offset }: &Frame| {
            format!("from {offset:#08x} in {}", function(name, *func))
        };
        Node::new(format!("#{number} {access} {address:#x}{named}, {bytes}: {value}{before}"))
            .with_evidence([at])
            .with_evidence(stack.iter().map(from))
            .with_evidence(deeper.then(|| "…".to_owned()))
    }
}

fn ended(how: &str) -> String {
    match how.strip_prefix("wasm trap: ") {
        Some(trap) => format!("trapped ({trap})"),
        None if how.starts_with("returned") || how.starts_with("exited") => how.to_owned(),
        None => format!("stopped ({how})"),
    }
}
