//! A module and a range of addresses → who reads it, who writes it, who lets an address in it
//! escape.
//!
//! ```text
//! bodies ─ walk (constants through stack and locals) ─► accesses, bulk ranges, escapes, calls
//!            └ twice: first for parameters that every caller gives the same constant
//! data   ─ words that are addresses in the range      ─► pointers in data
//! ```
//!
//! Complete for globals that code accesses directly; an access through a pointer that was computed
//! is not seen. That is why *escapes* are listed: whoever holds an escaped address may read and
//! write as well. And an address that escapes is a dependency by itself: a program that hashes it
//! behaves differently wherever the linker puts it.
//!
//! 1. An entry under `reads` or `writes` accesses at least one byte of the range whenever it is
//!    executed.
//! 2. A global's initial value is never taken for an address (`memory_map`).

mod memory_map;
mod text;
mod walk;
mod watch;

pub(crate) use memory_map::constant;
pub use memory_map::{MemoryMap, Span};
pub use watch::{
    Access as Watched, COPY_BYTES_MAX, Frame, Hit, Initial, Place, Program, WatchReport, watch,
};

use crate::op::{ACCESS_BYTES_MAX, access, mnemonic};
use prova_builds::names::{demangle, printable};
use prova_module::{DataIdx, ElementItems, ExternKind, FuncIdx, Module, Operator};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde::Serialize;
use std::collections::HashSet;
use std::ops::Range;
use walk::{Sink, Value, walk};

/// Most entries of one list; the count goes on.
pub const USES_MAX: usize = 10_000;

/// One place in the code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Use {
    /// Index of the function.
    pub func: u32,
    /// Its name, printable.
    pub name: String,
    /// Module offset of the operator.
    pub offset: u32,
    /// The operator's mnemonic.
    pub operator: String,
    /// First address it touches or lets escape.
    pub address: u64,
    /// How many bytes it touches; 0 for an escape.
    pub bytes: u64,
}

/// A word of data that is an address in the range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pointer {
    /// Where the word is.
    pub address: u64,
    /// The segment it is in, with the offset.
    pub place: String,
    /// Its value.
    pub value: u64,
}

/// Who has to do with a range of addresses.
#[derive(Clone, Debug, Serialize)]
pub struct XrefReport {
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// What is there.
    pub place: String,
    /// Reads, in order of functions and offsets.
    pub reads: Vec<Use>,
    /// Writes.
    pub writes: Vec<Use>,
    /// Places where an address in the range is used as a value: passed, stored, computed with.
    pub escapes: Vec<Use>,
    /// Accesses with an unknown index whose constant offset is in the range's segment, at or before
    /// the range.
    pub indexed: Vec<Use>,
    /// Words of data that are addresses in the range.
    pub pointers: Vec<Pointer>,
    /// The memory map.
    pub map: MemoryMap,
}

/// What a user asks for.
///
/// # Errors
/// A message, if it is neither a range of addresses (`4096`, `0x1000..0x1010`) nor the name of a
/// data segment.
pub fn target(module: &Module, text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| -> Option<u64> {
        match text.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => text.parse().ok(),
        }
    };
    let (start, end) = match text.split_once("..") {
        Some((start, end)) => (number(start), number(end)),
        None => (number(text), number(text).and_then(|start| start.checked_add(1))),
    };
    if let (Some(start), Some(end)) = (start, end) {
        return if start < end {
            Ok(start..end)
        } else {
            Err(format!("the range `{}` is empty", printable(text)))
        };
    }
    let map = MemoryMap::new(module);
    let named = |index: u32| {
        module
            .names()
            .data(DataIdx(index))
            .is_some_and(|name| name == text || demangle(name) == text)
    };
    match map.spans.iter().find(|span| span.bytes > 0 && named(span.segment)) {
        Some(span) => Ok(span.range()),
        None => Err(format!(
            "`{}` is neither an address, nor a range `A..B`, nor the name of a data segment{}",
            printable(text),
            segments(&map)
        )),
    }
}

/// The names of data segments, for a message.
fn segments(map: &MemoryMap) -> String {
    let names = map.spans.iter().map(|span| &span.name).filter(|name| !name.is_empty());
    let names: Vec<String> = names.take(8).map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        return " (the module names none)".to_owned();
    }
    format!(" (the module has {})", names.join(", "))
}

/// Finds who has to do with the addresses of a range.
pub fn xref(module: &Module, range: Range<u64>) -> XrefReport {
    let map = MemoryMap::new(module);
    let params = constant_params(module);
    let funcs: Vec<FuncIdx> = module.defined_funcs().collect();
    let uses = |&func: &FuncIdx| {
        let collector = Collector {
            range: range.clone(),
            map: &map,
            followed: &params,
            ..Collector::new(module, func)
        };
        let found =
            walk(module, func, params.get(func.index()).map_or(&[], Vec::as_slice), collector);
        (found.reads, found.writes, found.escapes, found.indexed)
    };
    let found: Vec<_> = funcs.par_iter().map(uses).collect();
    let mut report = XrefReport {
        start: range.start,
        end: range.end,
        place: map.describe(range.start),
        reads: Vec::new(),
        writes: Vec::new(),
        escapes: Vec::new(),
        indexed: Vec::new(),
        pointers: pointers(module, &map, &range),
        map: MemoryMap::default(),
    };
    for (reads, writes, escapes, indexed) in found {
        report.reads.extend(reads);
        report.writes.extend(writes);
        report.escapes.extend(escapes);
        report.indexed.extend(indexed);
    }
    for list in [&mut report.reads, &mut report.writes, &mut report.escapes, &mut report.indexed] {
        list.truncate(USES_MAX);
        for one in list {
            one.name = named(module, FuncIdx(one.func));
        }
    }
    report.map = map;
    report
}

/// The name of a function, printable.
fn named(module: &Module, func: FuncIdx) -> String {
    module.func_name(func).map_or_else(|| func.to_string(), |name| printable(&demangle(name)))
}

/// Words of data, aligned in memory, that are addresses in the range.
fn pointers(module: &Module, map: &MemoryMap, range: &Range<u64>) -> Vec<Pointer> {
    let mut found = Vec::new();
    for span in &map.spans {
        let bytes = module.data_bytes(DataIdx(span.segment));
        let skip = (span.start.wrapping_neg() % 4) as usize;
        for (i, word) in bytes.get(skip..).unwrap_or_default().chunks_exact(4).enumerate() {
            let value = word.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
            if range.contains(&value) && value != 0 && found.len() < USES_MAX {
                let address = span.start + (skip + 4 * i) as u64;
                found.push(Pointer { address, place: map.describe(address), value });
            }
        }
    }
    found
}

/// For each function, the parameters that every call gives the same constant; none where a call can
/// come from elsewhere.
fn constant_params(module: &Module) -> Vec<Vec<Value>> {
    let funcs: Vec<FuncIdx> = module.defined_funcs().collect();
    let calls = |&func: &FuncIdx| walk(module, func, &[], Calls::default());
    let calls: Vec<Calls> = funcs.par_iter().map(calls).collect();
    let mut known: Vec<Option<Vec<Value>>> = vec![None; module.func_count()];
    for call in calls.into_iter().flat_map(|calls| calls.0) {
        let (callee, args) = call;
        match &mut known[callee as usize] {
            None => known[callee as usize] = Some(args),
            Some(before) => {
                for (before, arg) in before.iter_mut().zip(args) {
                    *before = before.filter(|value| Some(*value) == arg);
                }
            }
        }
    }
    let outside = called_from_outside(module);
    let params = known.into_iter().enumerate().map(|(func, args)| match args {
        Some(args) if !outside.contains(&(func as u32)) => args,
        _ => Vec::new(),
    });
    params.collect()
}

/// Functions that a call can come to without naming them: exported, start, in a segment,
/// referenced.
fn called_from_outside(module: &Module) -> HashSet<u32> {
    let mut outside: HashSet<u32> = HashSet::new();
    outside.extend(
        module
            .exports()
            .iter()
            .filter(|export| export.kind == ExternKind::Func)
            .map(|export| export.index),
    );
    outside.extend(module.start().map(|func| func.0));
    for element in module.elements() {
        match &element.items {
            ElementItems::Funcs(funcs) => outside.extend(funcs.iter().map(|func| func.0)),
            ElementItems::Exprs(_, exprs) => {
                outside.extend(exprs.iter().flat_map(|expr| expr.ops()).filter_map(
                    |op| match op {
                        prova_module::ConstOp::RefFunc(func) => Some(func.0),
                        _ => None,
                    },
                ));
            }
        }
    }
    outside
}

/// Collects the constant arguments of calls.
#[derive(Default)]
struct Calls(Vec<(u32, Vec<Value>)>);

impl Sink for Calls {
    fn access(&mut self, _: (u32, &Operator<'_>), _: Value, _: u64) {}
    fn bulk(&mut self, _: (u32, &Operator<'_>), _: Value, _: Value, _: bool) {}
    fn escape(&mut self, _: (u32, &Operator<'_>), _: u32) {}
    fn call(&mut self, _: (u32, &Operator<'_>), callee: FuncIdx, args: &[Value]) {
        self.0.push((callee.0, args.to_vec()));
    }
}

/// Collects what concerns a range.
struct Collector<'s> {
    module: &'s Module,
    func: u32,
    range: Range<u64>,
    map: &'s MemoryMap,
    followed: &'s [Vec<Value>],
    reads: Vec<Use>,
    writes: Vec<Use>,
    escapes: Vec<Use>,
    indexed: Vec<Use>,
}

impl<'s> Collector<'s> {
    fn new(module: &'s Module, func: FuncIdx) -> Collector<'s> {
        static EMPTY: MemoryMap =
            MemoryMap { spans: Vec::new(), stack_pointer: None, heap_base: None, memory_bytes: 0 };
        Collector {
            module,
            func: func.0,
            range: 0..0,
            map: &EMPTY,
            followed: &[],
            reads: Vec::new(),
            writes: Vec::new(),
            escapes: Vec::new(),
            indexed: Vec::new(),
        }
    }

    fn found(&self, at: (u32, &Operator<'_>), address: u64, bytes: u64) -> Use {
        Use {
            func: self.func,
            name: String::new(),
            offset: at.0,
            operator: mnemonic(at.1),
            address,
            bytes,
        }
    }
}

impl Sink for Collector<'_> {
    fn access(&mut self, at: (u32, &Operator<'_>), base: Value, offset: u64) {
        let Some(base) = base else {
            let in_segment = || {
                self.map
                    .span_at(offset)
                    .is_some_and(|span| span.range().contains(&self.range.start))
            };
            if offset < self.range.end
                && offset > 0
                && in_segment()
                && let Some(access) = access(at.1)
            {
                self.indexed.push(self.found(at, offset, access.bytes));
            }
            return;
        };
        let start = u64::from(base).saturating_add(offset);
        // Most accesses are far away; their widths need not be known.
        if start >= self.range.end || start.saturating_add(ACCESS_BYTES_MAX) <= self.range.start {
            return;
        }
        let Some(access) = access(at.1) else { return };
        if start < self.range.end && start.saturating_add(access.bytes) > self.range.start {
            let found = self.found(at, start, access.bytes);
            if access.reads {
                self.reads.push(found.clone());
            }
            if access.writes {
                self.writes.push(found);
            }
        }
    }

    fn bulk(&mut self, at: (u32, &Operator<'_>), start: Value, len: Value, writes: bool) {
        let Some(start) = start.map(u64::from) else { return };
        let bytes = len.map_or(0, u64::from);
        let touches = start < self.range.end && start + bytes > self.range.start;
        let list = match (touches, writes) {
            (true, true) => &mut self.writes,
            (true, false) => &mut self.reads,
            (false, _) if len.is_none() && self.range.contains(&start) => &mut self.indexed,
            (false, _) => return,
        };
        list.push(Use {
            func: self.func,
            name: String::new(),
            offset: at.0,
            operator: mnemonic(at.1),
            address: start,
            bytes,
        });
    }

    fn escape(&mut self, at: (u32, &Operator<'_>), value: u32) {
        if self.range.contains(&u64::from(value)) {
            self.escapes.push(self.found(at, value.into(), 0));
        }
    }

    fn call(&mut self, at: (u32, &Operator<'_>), callee: FuncIdx, args: &[Value]) {
        let known = self.followed.get(callee.index()).map_or(&[][..], Vec::as_slice);
        for (i, arg) in args.iter().enumerate() {
            // A parameter that is this constant at every call is followed into the callee.
            let followed =
                self.module.body(callee).is_some() && known.get(i).copied().flatten().is_some();
            if let Some(value) = arg.filter(|_| !followed) {
                self.escape(at, value);
            }
        }
    }
}
