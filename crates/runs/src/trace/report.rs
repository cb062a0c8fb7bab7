//! Events → places, words, a tree.
//!
//! Names are printable when they leave this file.

use super::emit::{are_references, operand_type, words_of_object};
use super::numbers::object_text;
use super::record::Record;
use super::run::{Prepared, Ran, Wanted};
use super::site::{Level, Site, What};
use super::watch::Event;
use prova_builds::names::{counted, demangle, printable};
use prova_module::ops::{Class, Immediate, Opcode};
use prova_module::{FuncIdx, Module, Operator, TypeIdx, ValType};
use prova_report::{Node, Table};
use prova_xref::function;
use prova_xref::op::mnemonic;
use serde::Serialize;
use serde_json::{Value, to_value};
use std::collections::BTreeMap;

/// An event and its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its number, from 1.
    pub number: u64,
    /// Index of the function; of a call of the host, of the imported one.
    pub func: u32,
    /// Its name, printable.
    pub name: String,
    /// Offset of the operator in the module; 0 of a call of the host.
    pub offset: u32,
    /// Its mnemonic; of a call, with the callee.
    pub operator: String,
    /// The meaning of the words.
    pub event: &'static str,
    /// Up to two words, hexadecimal, of an object `#` and its number; of bytes that are written the
    /// bytes, quoted.
    pub words: Vec<String>,
}

impl Shown {
    /// The event in words, without its number.
    pub fn what(&self) -> String {
        let words = self.words.join(", ");
        let event =
            if words.is_empty() { self.event.trim_end_matches(" with") } else { self.event };
        let operator = match self.operator.as_str() {
            "" => String::new(),
            operator => format!("{operator}: "),
        };
        format!("{operator}{event}{}{words}", if words.is_empty() { "" } else { " " })
    }

    /// The event in words with its place.
    fn phrase(&self) -> String {
        match self.offset {
            0 => format!("{} {}", self.place(), self.what()),
            _ => format!("{} in {}", self.what(), self.place()),
        }
    }

    /// Where it happened.
    pub fn place(&self) -> String {
        function(&self.name, self.func)
    }
}

/// The name of a function, printable: its own, or the name of its import or first export.
pub(crate) fn named(module: &Module, func: FuncIdx) -> String {
    if let Some(name) = module.func_name_or_export(func) {
        return printable(&demangle(name));
    }
    let imports = super::func_imports(module);
    let import = imports.get(func.0 as usize).map(|(_, name)| printable(name));
    import.unwrap_or_else(|| func.to_string())
}

/// The operator at an offset, as text.
pub(crate) fn operator_at(module: &Module, func: FuncIdx, offset: u32) -> Option<String> {
    let op = operator(module, func, offset)?;
    let immediates = Opcode::immediates(&op);
    let of_objects = Opcode::of(&op).is_of_objects();
    let ty = immediates.index(Immediate::type_).filter(|_| of_objects);
    Some(match (immediates.index(Immediate::func), ty) {
        (Some(callee), _) => format!("{} {}", mnemonic(&op), named(module, FuncIdx(callee))),
        (None, Some(ty)) => {
            let name = module.names().ty(TypeIdx(ty)).map_or(format!("type {ty}"), printable);
            let field = immediates.index(Immediate::field);
            let field = field.map_or(String::new(), |field| format!(" field {field}"));
            format!("{} {name}{field}", mnemonic(&op))
        }
        (None, None) => mnemonic(&op),
    })
}

/// The cells of types.
fn cells(types: &[ValType]) -> usize {
    types.iter().map(|ty| 1 + usize::from(*ty == ValType::V128)).sum()
}

/// How many words an event has.
fn word_count(module: &Module, site: Site) -> usize {
    let ty = module.func_type(site.func);
    if let Some(words) = words_of_object_at(module, site) {
        return words.len().saturating_sub(2 * site.what.nth() as usize).min(2);
    }
    let of = |all: usize, nth: u32| all.saturating_sub(2 * nth as usize).min(2);
    match site.what {
        What::HostCall(nth) | What::Enter(nth) => of(cells(&ty.params), nth),
        What::HostResult(nth) => of(cells(&ty.results), nth),
        What::Load(nth) | What::Store(nth) | What::Update(nth) => {
            if nth == 0 {
                2
            } else {
                1
            }
        }
        What::GlobalSet(nth) => of(cells(global_at(module, site).as_slice()), nth),
        What::Branch | What::HostBytes(_) => 1,
        What::Result(nth) => of(cells(&callee_results(module, site)), nth),
        What::Effect(_) => 2,
        What::Value(nth) if row_at(module, site).is_some_and(|row| row.opcode == Opcode::End) => {
            of(cells(&ty.results), nth)
        }
        What::Value(_) => match row_at(module, site).map(|row| (row.fixed, row.results.len())) {
            Some((Some(ValType::V128), _) | (None, 2..)) => 2,
            _ => 1,
        },
    }
}

/// The words of all events of an operator on objects that tells of one: which are of references.
fn words_of_object_at(module: &Module, site: Site) -> Option<Vec<bool>> {
    if !matches!(site.what, What::Load(_) | What::Effect(_)) {
        return None;
    }
    let op = operator(module, site.func, site.offset)?;
    let row = Opcode::of(&op).row();
    let of_objects = row.opcode.is_of_objects();
    let immediates = Opcode::immediates(&op);
    of_objects.then(|| words_of_object(module, row, &immediates, site.numbers))
}

/// Which of both words of an event are of references.
fn references(module: &Module, site: Site) -> [bool; 2] {
    let ty = module.func_type(site.func);
    let all = match site.what {
        What::HostCall(_) | What::Enter(_) => are_references(&ty.params),
        What::HostResult(_) => are_references(&ty.results),
        What::Result(_) => are_references(&callee_results(module, site)),
        What::GlobalSet(_) => are_references(global_at(module, site).as_slice()),
        What::Load(_) | What::Effect(_) | What::Value(_) => words_of_object_at(module, site)
            .unwrap_or_else(|| are_references(&operands_and_results(module, site))),
        What::HostBytes(_) | What::Store(_) | What::Update(_) | What::Branch => Vec::new(),
    };
    let first = 2 * site.what.nth() as usize;
    [first, first + 1].map(|at| all.get(at).copied().unwrap_or_default())
}

/// The types of what an operator of tables takes and gives; of any other what it gives. None where
/// one is not known.
fn operands_and_results(module: &Module, site: Site) -> Vec<ValType> {
    let Some(op) = operator(module, site.func, site.offset) else { return Vec::new() };
    let (row, immediates) = (Opcode::of(&op).row(), Opcode::immediates(&op));
    if row.opcode == Opcode::End {
        return module.func_type(site.func).results.to_vec();
    }
    if let Operator::TypedSelect { ty } = op {
        return vec![ty];
    }
    let taken = if matches!(site.what, What::Effect(_)) { row.params } else { &[] };
    let kinds = taken.iter().chain(row.results);
    let types: Option<Vec<ValType>> =
        kinds.map(|kind| operand_type(module, *kind, &immediates)).collect();
    types.unwrap_or_default()
}

fn row_at(module: &Module, site: Site) -> Option<&'static prova_module::ops::Row> {
    Some(Opcode::of(&operator(module, site.func, site.offset)?).row())
}

/// The operator at an offset.
fn operator(module: &Module, func: FuncIdx, offset: u32) -> Option<Operator<'_>> {
    let mut reader = module.body(func)?.operators();
    let found = std::iter::from_fn(|| reader.read_with_offset().ok())
        .find(|(_, at)| *at == u64::from(offset));
    found.map(|(op, _)| op)
}

/// The type of the global that is set at a site.
fn global_at(module: &Module, site: Site) -> Option<ValType> {
    let op = operator(module, site.func, site.offset)?;
    let global = Opcode::immediates(&op).index(Immediate::global)?;
    module.globals().get(global as usize).map(|ty| ty.val)
}

/// The results of the function that is called at a site.
fn callee_results(module: &Module, site: Site) -> Vec<ValType> {
    let Some(op) = operator(module, site.func, site.offset) else { return Vec::new() };
    let immediates = Opcode::immediates(&op);
    let of_func = immediates.index(Immediate::func).map(|func| module.func_type(FuncIdx(func)));
    let of_type = || module.types().get(immediates.index(Immediate::type_)? as usize);
    of_func.or_else(of_type).map(|ty| ty.results.to_vec()).unwrap_or_default()
}

/// The meaning of the words of an event in a module.
fn words_are_at(module: &Module, site: Site) -> &'static str {
    use Opcode as O;
    let row = row_at(module, site).filter(|row| row.opcode.is_of_objects());
    match (site.what, row.map(|row| (row.opcode, row.class))) {
        (What::Effect(0), Some((O::StructNewDefault, _))) => "object",
        (What::Effect(0), Some((_, Class::allocate))) if site.numbers => "object, made of",
        (What::Effect(0), Some((_, Class::allocate))) => "made of",
        (What::Load(0), Some((O::ArrayGet | O::ArrayGetS | O::ArrayGetU, _)))
        | (What::Effect(0), Some((O::ArraySet, _)))
            if site.numbers =>
        {
            "object, index"
        }
        (
            What::Load(_) | What::Effect(_),
            Some((O::ArrayGet | O::ArrayGetS | O::ArrayGetU | O::ArraySet, _)),
        ) if site.numbers => "value",
        (What::Effect(0), Some((O::StructSet, _))) | (What::Load(0), Some(_)) if site.numbers => {
            "object, value"
        }
        (What::Load(0), Some((O::ArrayGet | O::ArrayGetS | O::ArrayGetU, _)))
        | (What::Effect(0), Some((O::ArraySet, _))) => "index, value",
        (What::Effect(0), Some((O::StructSet, _))) | (What::Load(0), Some(_)) => "value",
        (What::Effect(0), Some(_)) => "operands",
        (what, _) => words_are(what),
    }
}

/// The meaning of the words of an event of other operators.
fn words_are(what: What) -> &'static str {
    match what {
        What::HostCall(0) => "calls the host with",
        What::HostCall(_) | What::Enter(1..) => "and with",
        What::HostBytes(_) => "hands the host",
        What::HostResult(0) => "the host returns",
        What::Enter(0) => "entered with",
        What::Result(0) => "returned",
        What::Load(0) => "load: address, value",
        What::Store(0) => "store: address, value",
        What::Update(0) => "update: address, value before",
        What::GlobalSet(0) => "value",
        What::Effect(0) => "operands, result",
        What::Value(0) => "value",
        What::Branch => "condition",
        What::HostResult(_)
        | What::Result(_)
        | What::Load(_)
        | What::Store(_)
        | What::Update(_)
        | What::GlobalSet(_)
        | What::Effect(_)
        | What::Value(_) => "and",
    }
}

/// A word as text.
fn text(what: What, word: u64, reference: bool) -> String {
    match what {
        _ if reference && let Some(text) = object_text(word) => text,
        What::HostBytes(_) => {
            let bytes = word.to_le_bytes();
            let count = usize::from(bytes[7]).min(7);
            let text = bytes[..count].escape_ascii().to_string();
            format!("\"{}\"", text.replace("\\'", "'"))
        }
        _ => format!("{word:#x}"),
    }
}

/// An event with its place, in the module as it was.
pub(crate) fn shown(module: &Module, site: Site, event: &Event) -> Shown {
    let words = [event.a, event.b].into_iter().zip(references(module, site));
    let words = words.take(word_count(module, site));
    let operator = match site.what {
        What::Enter(_) | What::HostCall(_) | What::HostBytes(_) | What::HostResult(_) => None,
        _ => operator_at(module, site.func, site.offset),
    };
    Shown {
        number: event.number,
        func: site.func.0,
        name: named(module, site.func),
        offset: site.offset,
        operator: operator.unwrap_or_default(),
        event: words_are_at(module, site),
        words: words.map(|(word, reference)| text(site.what, word, reference)).collect(),
    }
}

/// A run's events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraceReport {
    /// Which events there are.
    pub level: Level,
    /// How many there were, up to where the run ended or was stopped.
    pub events: u64,
    /// The hash of all of them, hexadecimal.
    pub hash: String,
    /// Calls of the host that were answered.
    pub calls: u64,
    /// How many were recorded.
    pub recorded: u64,
    /// How the run ended.
    pub ended: String,
    /// How the recorded one ended, if that is not the same; of a run that was not stopped.
    pub ended_otherwise: Option<String>,
    /// The events that were asked for.
    pub shown: Vec<Shown>,
    /// Who had called at the last of them, if the run was stopped there: the innermost first.
    pub stack: Vec<Frame>,
    /// Whether the run was stopped.
    pub stopped: bool,
}

/// An active function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// Its index.
    pub func: u32,
    /// Its name, printable.
    pub name: String,
    /// Offset of its current operator in the module.
    pub offset: u32,
    /// Its mnemonic; of a call, with the callee.
    pub operator: String,
}

/// Most frames of a call stack that are shown.
const FRAMES_MAX: usize = 64;

/// Active functions with their names.
pub(crate) fn frames(module: &Module, all: &[(u32, u32)]) -> Vec<Frame> {
    let shown = all.iter().take(FRAMES_MAX);
    shown
        .map(|&(func, offset)| Frame {
            func,
            name: named(module, FuncIdx(func)),
            offset,
            operator: operator_at(module, FuncIdx(func), offset).unwrap_or_default(),
        })
        .collect()
}

/// The report of a run.
pub(super) fn report(
    record: &Record,
    prepared: &Prepared,
    wanted: Wanted,
    ran: Ran,
) -> TraceReport {
    let (module, sites) = (prepared.original(), prepared.sites());
    // To find an operator takes time: each site is looked at once.
    let mut known: BTreeMap<u32, (Shown, [bool; 2])> = BTreeMap::new();
    let shown = ran.watch.events.iter().filter_map(|event| {
        let site = *sites.get(event.site as usize)?;
        let first = || (shown(module, site, event), references(module, site));
        let (known, are) = known.entry(event.site).or_insert_with(first);
        let words = [event.a, event.b].into_iter().zip(*are).take(known.words.len());
        let words = words.map(|(word, reference)| text(site.what, word, reference)).collect();
        Some(Shown { number: event.number, words, ..known.clone() })
    });
    let stopped = ran.end == super::End::Stopped;
    let ended = printable(&ran.end.to_string());
    let recorded = record.end().map(printable);
    TraceReport {
        level: wanted.level,
        events: ran.count,
        hash: format!("{:#018x}", ran.hash),
        calls: ran.calls,
        recorded: record.calls(),
        ended_otherwise: recorded.filter(|recorded| !stopped && *recorded != ended),
        ended,
        shown: shown.collect(),
        stack: if stopped { frames(module, &ran.frames) } else { Vec::new() },
        stopped,
    }
}

impl TraceReport {
    /// Whether the run, which was not stopped, made fewer calls of the host than the recorded one.
    pub fn made_fewer_calls(&self) -> bool {
        !self.stopped && self.calls < self.recorded
    }

    /// The report as a tree; the root's members are its fields.
    pub fn tree(&self) -> Node {
        let TraceReport { level, events, hash, calls, recorded, ended, .. } = self;
        let otherwise = self
            .ended_otherwise
            .iter()
            .map(|recorded| format!("when it was recorded, the program {recorded}"));
        let fewer = self
            .made_fewer_calls()
            .then(|| "when it was recorded, the program made all of these calls".to_owned());
        let mut shown = Table::new("", &[">number", ">offset", "event"]);
        for one in &self.shown {
            let offset = if one.offset == 0 { String::new() } else { format!("{:#x}", one.offset) };
            shown.push([one.number.to_string(), offset, one.phrase()], false);
        }
        let mut stack = Table::new("", &[">offset", "operator"]);
        for Frame { func, name, offset, operator } in &self.stack {
            let place = function(name, *func);
            stack.push([format!("{offset:#x}"), format!("{operator} in {place}")], false);
        }
        let children =
            [("events", shown), ("where it was stopped, the innermost call first", stack)]
                .map(|(title, table)| Node::new(title).with_table(table));
        let title = format!("level {level}: {}, hash {hash}", counted(*events, "event"));
        Node { notes: otherwise.chain(fewer).collect(), ..Node::of("trace", title) }
            .with(to_value(self).unwrap_or(Value::Null))
            .with_evidence([format!(
                "{calls} of {recorded} calls of the host; the program {ended}"
            )])
            .with_children(children.into_iter().filter(|child| !child.tables.is_empty()))
    }
}

/// An event in a line.
pub(crate) fn line(shown: &Shown) -> String {
    let Shown { number, offset, .. } = shown;
    let offset = if *offset == 0 { String::new() } else { format!("{offset:#08x}") };
    format!("{number:>8}  {offset:8}  {}", shown.phrase())
}
