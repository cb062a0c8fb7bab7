//! A module and a range of addresses → who reads it, who writes it, who lets an address in it
//! escape.
//!
//! ```text
//! bodies  ─ walk (constants through stack, locals, globals) ─► accesses, bulk ranges, escapes, calls
//!            └ twice: first for parameters that every caller gives the same constant,
//!              and for globals that nothing writes
//! DWARF   ─ variables there, or around an operator ─► names, types, places
//! data    ─ words that are addresses in the range ─► pointers in data
//! globals ─ values that are addresses in the range ─► addresses in globals
//! ```
//!
//! Complete for globals that code accesses directly; an access through a pointer that was computed
//! is not seen. That is why *escapes* are listed: code that holds an escaped address may read and
//! write as well. And an address that escapes is a dependency by itself: a program that hashes it
//! behaves differently wherever the linker puts it.
//!
//! 1. An entry under `reads` or `writes` accesses at least one byte of the range whenever it is
//!    executed.
//! 2. The initial value of a global that code writes is never followed: the stack pointer starts
//!    where data does (`memory_map`). One that nothing writes is a constant like any other.
//! 3. Of a bulk operator of unknown length only the start is known: it is a *possible* access, as
//!    is one with an index, wherever it starts in the range's segment at or before the range.

pub mod flow;
mod memory_map;
pub mod op;
mod report;
mod storage;
mod symbols;
mod walk;

pub use memory_map::{MemoryMap, Span, constant};
pub use report::{SHOWN, function, range_words, uses};
pub use storage::{OperatorReport, Variable, at_operator};

use op::{ACCESS_BYTES_MAX, access, mnemonic};
use prova_builds::names::{demangle, printable};
use prova_module::{
    DataIdx, ElementItems, ExternKind, FuncIdx, GlobalIdx, Module, Operator, ValType,
};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde::Serialize;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use walk::{Known, Sink, Value, walk};

/// The place of a variable that no segment has.
const BSS: &str = "data that is zero at the start (bss)";

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
    /// Whether it stands where compilers put words; else it is in something packed, or chance.
    pub aligned: bool,
}

/// A global whose initial value is an address in the range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GlobalAddress {
    /// Its index.
    pub global: u32,
    /// Its name or its export's, printable; empty if it has none.
    pub name: String,
    /// The address.
    pub value: u64,
    /// Whether code or the host may change it: then its value is not followed into code.
    pub written: bool,
}

/// Who has to do with a range of addresses.
#[derive(Clone, Debug, Serialize)]
pub struct XrefReport {
    /// The memory.
    pub memory: u32,
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// The region of memory there, in words.
    pub place: String,
    /// The linker's name for the first address, with the distance from its start.
    pub symbol: Option<String>,
    /// The source's variables there, if they were asked for ([`XrefReport::with_variables`]).
    pub variables: Vec<Variable>,
    /// Reads, in order of functions and offsets.
    pub reads: Vec<Use>,
    /// Writes.
    pub writes: Vec<Use>,
    /// Places where an address in the range is used as a value: passed, stored, computed with.
    pub escapes: Vec<Use>,
    /// Accesses with an unknown index, and bulk operators of unknown length, that start in the
    /// range's segment, at or before the range.
    pub indexed: Vec<Use>,
    /// Words of data that are addresses in the range: where words stand first, then the others.
    pub pointers: Vec<Pointer>,
    /// Globals that hold an address in the range, except the stack pointer.
    pub globals: Vec<GlobalAddress>,
    /// A note on the limits of the lists, if those are larger than usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The memory map.
    pub map: MemoryMap,
}

/// Parses the user's range of addresses.
///
/// # Errors
/// A message, if it is neither a range of addresses (`4096`, `0x1000..0x1010`) nor the name of a
/// data segment, symbol (`symbols`) or variable (`storage`) of memory 0.
pub fn target(module: &Module, text: &str) -> Result<Range<u64>, String> {
    target_in(module, 0, text)
}

/// Parses the user's range of addresses in one of the memories; symbols and variables are of memory
/// 0.
///
/// # Errors
/// As [`target`] has them, and if there is no such memory.
pub fn target_in(module: &Module, memory: u32, text: &str) -> Result<Range<u64>, String> {
    let count = module.memories().len();
    if memory > 0 && memory as usize >= count {
        return Err(format!("the module has no memory {memory}: it has {count}"));
    }
    if let Some(range) = addresses(text) {
        return range;
    }
    let map = MemoryMap::of(module, memory);
    if let Some(range) = symbols::named(module, memory, &map, text) {
        return Ok(range);
    }
    let variable = Some(text).filter(|_| memory == 0);
    variable.and_then(|text| storage::of_name(module, text)).unwrap_or_else(|| {
        Err(format!(
            "`{}` is neither an address, nor a range `A..B`, nor a symbol of data, nor a variable, nor the name of a data segment{}",
            printable(text),
            segments(&map)
        ))
    })
}

impl XrefReport {
    /// The report with the source's variables in the range, of memory 0: all debug information of
    /// the module is read for it.
    #[must_use]
    pub fn with_variables(self, module: &Module) -> XrefReport {
        if self.memory > 0 {
            return self;
        }
        let variables = storage::of_range(module, self.start..self.end);
        // A map without segments takes data that nothing initialises for the stack's.
        let is_bss = !self.map.spans.iter().any(|span| span.range().contains(&self.start));
        let is_known = variables.iter().any(|variable| variable.has(self.start));
        let place = if is_bss && is_known { BSS.to_owned() } else { self.place };
        XrefReport { variables, place, ..self }
    }
}

/// The range that a text of numbers says: `4096`, `0x1000..0x1010`; `None` if it has none.
///
/// # Errors
/// A message, if the range is empty.
pub fn addresses(text: &str) -> Option<Result<Range<u64>, String>> {
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
    let (start, end) = (start?, end?);
    Some(match start < end {
        true => Ok(start..end),
        false => Err(format!("the range `{}` is empty", printable(text))),
    })
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

/// Finds who has to do with the addresses of a range of memory 0.
pub fn xref(module: &Module, range: Range<u64>) -> XrefReport {
    xref_in(module, 0, range)
}

/// Finds who has to do with the addresses of a range of a memory.
pub fn xref_in(module: &Module, memory: u32, range: Range<u64>) -> XrefReport {
    let map = MemoryMap::of(module, memory);
    let constants = constants(module, map.stack_pointer.map(|(global, _)| global));
    let (params, globals) = (&constants.params, &constants.globals);
    let funcs: Vec<FuncIdx> = module.defined_funcs().collect();
    let uses = |&func: &FuncIdx| {
        let collector = Collector {
            range: range.clone(),
            map: &map,
            followed: params,
            ..Collector::new(module, func)
        };
        let params = params.get(func.index()).map_or(&[][..], Vec::as_slice);
        let found = walk(module, func, Known { params, globals, memory }, collector);
        (found.reads, found.writes, found.escapes, found.indexed)
    };
    let found: Vec<_> = funcs.par_iter().map(uses).collect();
    let mut report = XrefReport {
        memory,
        start: range.start,
        end: range.end,
        place: map.describe(range.start),
        symbol: symbols::at(module, range.start).filter(|_| memory == 0),
        variables: Vec::new(),
        reads: Vec::new(),
        writes: Vec::new(),
        escapes: Vec::new(),
        indexed: Vec::new(),
        pointers: pointers(module, &map, &range),
        globals: addresses_in_globals(module, &map, &range, globals),
        note: None,
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

/// Globals whose initial value is an address in the range, except the stack pointer.
fn addresses_in_globals(
    module: &Module,
    map: &MemoryMap,
    range: &Range<u64>,
    fixed: &[Value],
) -> Vec<GlobalAddress> {
    let stack = map.stack_pointer.map(|(global, _)| global);
    let all = (0..module.globals().len() as u32).filter(|global| Some(*global) != stack);
    let found = all.filter_map(|global| {
        let value = constant(module.global_init(GlobalIdx(global))?.ops())?;
        if value == 0 || !range.contains(&value) {
            return None;
        }
        let export = module
            .exports()
            .iter()
            .find(|export| export.kind == ExternKind::Global && export.index == global);
        let name = module.names().global(GlobalIdx(global));
        let name = name.or(export.map(|export| &*export.name)).map(printable).unwrap_or_default();
        let written = fixed.get(global as usize).copied().flatten().is_none();
        Some(GlobalAddress { global, name, value, written })
    });
    found.take(USES_MAX).collect()
}

/// The name of a function, printable.
pub fn named(module: &Module, func: FuncIdx) -> String {
    module.func_name(func).map_or_else(|| func.to_string(), |name| printable(&demangle(name)))
}

/// Words of data that are addresses in the range: those at multiples of their size first.
fn pointers(module: &Module, map: &MemoryMap, range: &Range<u64>) -> Vec<Pointer> {
    const WORD: usize = 4;
    let (mut aligned, mut others) = (Vec::new(), Vec::new());
    for span in &map.spans {
        let bytes = module.data_bytes(DataIdx(span.segment));
        for (i, word) in bytes.windows(WORD).enumerate() {
            let value = word.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
            if !range.contains(&value) || value == 0 {
                continue;
            }
            let address = span.start + i as u64;
            let is_aligned = address.is_multiple_of(WORD as u64);
            let list = if is_aligned { &mut aligned } else { &mut others };
            if list.len() < USES_MAX {
                let place = map.describe(address);
                list.push(Pointer { address, place, value, aligned: is_aligned });
            }
        }
    }
    aligned.append(&mut others);
    aligned
}

/// The parameters and globals that always have one value.
struct Constants {
    /// For each function, the parameters that every call gives the same constant; none where a call
    /// can come from elsewhere.
    params: Vec<Vec<Value>>,
    /// For each global, its value if nothing can write it.
    globals: Vec<Value>,
}

/// Finds what every call and every write agree on; the stack pointer is no constant.
fn constants(module: &Module, stack: Option<u32>) -> Constants {
    let mut globals: Vec<Value> = (0..module.globals().len() as u32)
        .map(|global| fixed_value(module, GlobalIdx(global)).filter(|_| Some(global) != stack))
        .collect();
    let mutable = |global: u32| module.global(GlobalIdx(global)).is_none_or(|ty| ty.mutable);
    let immutable: Vec<Value> =
        (0..).zip(&globals).map(|(at, value)| value.filter(|_| !mutable(at))).collect();
    let funcs: Vec<FuncIdx> = module.defined_funcs().collect();
    let known = Known { globals: &immutable, ..Known::default() };
    let calls = |&func: &FuncIdx| walk(module, func, known, Calls::default());
    let calls: Vec<Calls> = funcs.par_iter().map(calls).collect();
    for global in calls.iter().flat_map(|calls| &calls.written) {
        if let Some(value) = globals.get_mut(*global as usize) {
            *value = None;
        }
    }
    let mut known: Vec<Option<Vec<Value>>> = vec![None; module.func_count()];
    for call in calls.into_iter().flat_map(|calls| calls.calls) {
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
    Constants { params: params.collect(), globals }
}

/// The 32 bits of a global that the host cannot write, if they are a constant at the start.
fn fixed_value(module: &Module, global: GlobalIdx) -> Value {
    let ty = module.global(global)?;
    let exported = || {
        let mut exports = module.exports().iter();
        exports.any(|export| export.kind == ExternKind::Global && export.index == global.0)
    };
    if ty.val != ValType::I32 || ty.mutable && exported() {
        return None;
    }
    constant(module.global_init(global)?.ops()).map(|value| value as u32)
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

/// Collects the constant arguments of calls, and what globals are written.
#[derive(Default)]
struct Calls {
    calls: Vec<(u32, Vec<Value>)>,
    /// Globals that are written.
    written: BTreeSet<u32>,
}

impl Sink for Calls {
    fn access(&mut self, _: (u32, &Operator<'_>), _: Value, _: u64) {}
    fn bulk(&mut self, _: (u32, &Operator<'_>), _: Value, _: Value, _: bool) {}
    fn escape(&mut self, _: (u32, &Operator<'_>), _: u32) {}
    fn call(&mut self, _: (u32, &Operator<'_>), callee: FuncIdx, args: &[Value]) {
        self.calls.push((callee.0, args.to_vec()));
    }
    fn global_set(&mut self, global: u32) {
        self.written.insert(global);
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

    /// Whether what starts at an address and goes on for an unknown length may be meant for the
    /// range: it starts in the range, or before it in the same segment.
    fn may_reach(&self, start: u64) -> bool {
        let same = |span: &Span| span.range().contains(&self.range.start);
        start < self.range.end
            && (self.range.contains(&start) || self.map.span_at(start).is_some_and(same))
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
            if offset > 0
                && self.may_reach(offset)
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
        let touches =
            bytes > 0 && start < self.range.end && start.saturating_add(bytes) > self.range.start;
        let list = match (touches, writes) {
            (true, true) => &mut self.writes,
            (true, false) => &mut self.reads,
            (false, _) if len.is_none() && self.may_reach(start) => &mut self.indexed,
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
        // Without a memory no number is an address.
        if self.range.contains(&u64::from(value)) && !self.module.memories().is_empty() {
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
