//! Modules of proposals that no tier runs (garbage collection, shared memories, …) → their
//! functions, the text of a body, and who has to do with an address.
//!
//! `prova_module` refuses these modules by name; `diff::diff_binaries`, and the command line for
//! `inspect` and `xref`, come here then. The module is validated by wasmparser with every proposal
//! that it knows, and printed by wasmprinter.
//!
//! 1. The meaning of a proposal is not known here: nothing is followed through locals, blocks or
//!    calls. A read is reported only where a constant stands directly before a load; every other
//!    constant in the range is an escape. So no constant of the code is missed, and many escapes
//!    are reported of which nothing more is known.
//! 2. Time is linear in the module; of text no more is kept than what is asked for.

use prova_builds::names::{counted, demangle, printable};
use prova_report::{Node, Table};
use prova_xref::op::{access, mnemonic};
use prova_xref::{MemoryMap, Pointer, Span, USES_MAX, Use, XrefReport};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;
use wasmparser::{
    BinaryReader, DataKind, ExternalKind, KnownCustom, Name, Operator, Parser, Payload, TypeRef,
    Validator, WasmFeatures,
};

/// A function.
#[derive(Clone, Debug, Default)]
pub struct Function {
    /// Its name in the name section, demangled and printable; empty if it has none.
    pub name: String,
    /// Module and name of an import, printable.
    pub import: Option<(String, String)>,
    /// The names it is exported under, printable.
    pub exports: Vec<String>,
    /// Where its body is, in bytes from the module's start.
    pub body: Option<Range<usize>>,
}

/// A module that is read without being decoded.
#[derive(Clone, Debug)]
pub struct Foreign<'m> {
    bytes: &'m [u8],
    /// In order of their indices.
    pub functions: Vec<Function>,
    /// Active segments at constant addresses: memory, address, where the bytes are.
    data: Vec<(u32, u64, Range<usize>)>,
    /// Initial sizes of memories in bytes.
    memories: Vec<u64>,
}

impl<'m> Foreign<'m> {
    /// Reads a module.
    ///
    /// # Errors
    /// If it is no valid module, with every proposal that wasmparser knows.
    pub fn read(bytes: &'m [u8]) -> anyhow::Result<Foreign<'m>> {
        anyhow::ensure!(Parser::is_core_wasm(bytes), "it is no module");
        Validator::new_with_features(WasmFeatures::all()).validate_all(bytes)?;
        let (functions, data, memories) = (Vec::new(), Vec::new(), Vec::new());
        let mut found = Foreign { bytes, functions, data, memories };
        let mut bodies = Vec::new();
        let (mut exports, mut names) = (Vec::new(), HashMap::new());
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ImportSection(reader) => {
                    for import in reader.into_imports() {
                        found.import(&import?);
                    }
                }
                Payload::MemorySection(reader) => {
                    for memory in reader {
                        let memory = memory?;
                        found.memory(memory.initial, memory.page_size_log2);
                    }
                }
                Payload::ExportSection(reader) => {
                    for export in reader {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            exports.push((export.index, printable(export.name)));
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    let range = body.range();
                    bodies.push(range.start as usize..range.end as usize);
                }
                Payload::DataSection(reader) => {
                    for data in reader {
                        found.segment(&data?);
                    }
                }
                Payload::CustomSection(section) => {
                    // Names are decoration: what is malformed ends the reading.
                    if let KnownCustom::Name(reader) = section.as_known() {
                        for name in reader {
                            if let Ok(Name::Function(all)) = name {
                                let all = all.into_iter().map_while(Result::ok);
                                names.extend(
                                    all.map(|one| (one.index, printable(&demangle(one.name)))),
                                );
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        let defined =
            bodies.into_iter().map(|body| Function { body: Some(body), ..Function::default() });
        found.functions.extend(defined);
        for (index, name) in exports {
            if let Some(func) = found.functions.get_mut(index as usize) {
                func.exports.push(name);
            }
        }
        for (index, name) in names {
            if let Some(func) = found.functions.get_mut(index as usize) {
                func.name = name;
            }
        }
        Ok(found)
    }

    fn import(&mut self, import: &wasmparser::Import<'_>) {
        match import.ty {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => {
                let import = Some((printable(import.module), printable(import.name)));
                self.functions.push(Function { import, ..Function::default() });
            }
            TypeRef::Memory(memory) => self.memory(memory.initial, memory.page_size_log2),
            TypeRef::Table(_) | TypeRef::Global(_) | TypeRef::Tag(_) => {}
        }
    }

    fn memory(&mut self, pages: u64, log2: Option<u32>) {
        let bytes = pages.checked_shl(log2.unwrap_or(16)).unwrap_or(u64::MAX);
        self.memories.push(bytes);
    }

    fn segment(&mut self, data: &wasmparser::Data<'_>) {
        let DataKind::Active { memory_index, offset_expr } = &data.kind else { return };
        let mut operators = offset_expr.get_operators_reader();
        let at = match operators.read() {
            Ok(Operator::I32Const { value }) => u64::from(value as u32),
            Ok(Operator::I64Const { value }) => value as u64,
            _ => return,
        };
        let alone = matches!(operators.read(), Ok(Operator::End));
        let end = data.range.end as usize;
        if alone && at.checked_add(data.data.len() as u64).is_some() {
            self.data.push((*memory_index, at, end - data.data.len()..end));
        }
    }

    /// The name of a function, printable: `func12` without one.
    pub fn name(&self, func: usize) -> String {
        let known = self.functions.get(func).map(|known| known.name.as_str());
        match known.filter(|name| !name.is_empty()) {
            Some(name) => name.to_owned(),
            None => format!("func{func}"),
        }
    }

    /// The function that a user names: by index, export, name, or part of a name.
    ///
    /// # Errors
    /// A message, if there is none, or if several have that part in their names.
    pub fn find(&self, text: &str) -> Result<usize, String> {
        let index = text.strip_prefix("func").unwrap_or(text).parse::<usize>();
        if let Some(index) = index.ok().filter(|index| *index < self.functions.len()) {
            return Ok(index);
        }
        let all = || self.functions.iter().enumerate();
        let exact = all()
            .find(|(_, func)| func.exports.iter().any(|name| name == text))
            .or_else(|| all().find(|(_, func)| func.name == text));
        if let Some((index, _)) = exact {
            return Ok(index);
        }
        let part: Vec<usize> =
            all().filter(|(_, func)| func.name.contains(text)).map(|(index, _)| index).collect();
        match part.as_slice() {
            [one] => Ok(*one),
            [] => Err(format!("there is no function `{}`", printable(text))),
            more => {
                let names =
                    more.iter().take(8).map(|one| format!("{} (func{one})", self.name(*one)));
                let names: Vec<String> = names.collect();
                Err(format!("`{}` may be {}", printable(text), names.join(", ")))
            }
        }
    }

    /// A row for each function.
    pub fn listing(&self) -> Node {
        let columns = [">index", ">bytes", ">at", "name", "import, exports"];
        let mut table = Table::new("", &columns);
        for (index, func) in self.functions.iter().enumerate() {
            let name = if func.name.is_empty() { "-" } else { &func.name };
            let (bytes, at) = match &func.body {
                Some(body) => (body.len().to_string(), format!("{:#x}", body.start)),
                None => Default::default(),
            };
            let import =
                func.import.iter().map(|(module, name)| format!("import {module}::{name}"));
            let exports = func.exports.iter().map(|export| format!("export \"{export}\""));
            let last: Vec<String> = import.chain(exports).collect();
            table.push([index.to_string(), bytes, at, name.to_owned(), last.join("  ")], false);
        }
        let title = counted(self.functions.len() as u64, "function");
        Node::of("functions", title).with_table(table)
    }

    /// A function's WebAssembly, each line with its offset.
    ///
    /// # Errors
    /// If it is an import, or the printer fails.
    pub fn text(&self, func: usize) -> anyhow::Result<Node> {
        let body = self.functions.get(func).and_then(|known| known.body.clone());
        let body =
            body.ok_or_else(|| anyhow::anyhow!("func{func} is an import: it has no body"))?;
        let title = format!("{} (func{func}), {} bytes", self.name(func), body.len());
        let mut table = Table::new("", &[">offset", "code"]);
        for (offset, line) in self.lines(&[body])? {
            table.push([format!("{offset:#x}"), line], false);
        }
        Ok(Node::of("function", title).with_table(table))
    }

    /// The printed lines of some bodies, by offset, without the indentation of all.
    ///
    /// # Errors
    /// If the printer fails.
    pub(crate) fn lines(&self, ranges: &[Range<usize>]) -> anyhow::Result<BTreeMap<u64, String>> {
        let mut kept = Kept { ranges, open: false, lines: BTreeMap::new() };
        wasmprinter::Config::new().print(self.bytes, &mut kept)?;
        for line in kept.lines.values_mut() {
            let shown = line.strip_prefix("    ").unwrap_or(line.trim_start()).trim_end();
            *line = shown.to_owned();
        }
        Ok(kept.lines)
    }

    /// Who has to do with a range of addresses of a memory (invariant 1).
    ///
    /// # Errors
    /// If the code cannot be read.
    pub fn xref(&self, memory: u32, range: Range<u64>) -> anyhow::Result<XrefReport> {
        let map = self.map(memory);
        let mut report = XrefReport {
            memory,
            start: range.start,
            end: range.end,
            place: map.describe(range.start),
            symbol: None,
            variables: Vec::new(),
            reads: Vec::new(),
            writes: Vec::new(),
            escapes: Vec::new(),
            indexed: Vec::new(),
            pointers: self.pointers(&map, memory, &range),
            globals: Vec::new(),
            note: Some(
                "a proposal that Prova does not run is used: constants are followed into loads \
                 directly behind them, and no further"
                    .to_owned(),
            ),
            map: MemoryMap::default(),
        };
        for (func, known) in self.functions.iter().enumerate() {
            if let Some(body) = &known.body {
                self.uses((func, body), (memory, &range), &mut report)?;
            }
        }
        for list in [&mut report.reads, &mut report.escapes, &mut report.indexed] {
            list.truncate(USES_MAX);
        }
        report.map = map;
        Ok(report)
    }

    fn uses(
        &self,
        (func, body): (usize, &Range<usize>),
        (memory, range): (u32, &Range<u64>),
        report: &mut XrefReport,
    ) -> anyhow::Result<()> {
        let reader = BinaryReader::new(&self.bytes[body.clone()], body.start as u64);
        let mut operators = wasmparser::FunctionBody::new(reader).get_operators_reader()?;
        let one = |(offset, op): (u64, &Operator<'_>), address, bytes| Use {
            func: func as u32,
            name: self.name(func),
            offset: offset as u32,
            operator: mnemonic(op),
            address,
            bytes,
        };
        // A constant directly before the next operator.
        let mut before: Option<(u64, Operator<'_>, u64)> = None;
        while !operators.eof() {
            let (op, offset) = operators.read_with_offset()?;
            let reads = access(&op).filter(|access| access.reads && !access.writes);
            let memarg = prova_xref::op::memarg(&op);
            let own =
                memarg.filter(|memarg| memarg.target == wasmparser::MemArgTarget::Memory(memory));
            match (before.take(), reads.zip(own)) {
                (Some((_, _, base)), Some((access, memarg))) => {
                    let at = base.saturating_add(memarg.offset);
                    if at < range.end && at.saturating_add(access.bytes) > range.start {
                        report.reads.push(one((offset, &op), at, access.bytes));
                    }
                }
                (constant, _) => {
                    if let Some((at, op, value)) =
                        constant.filter(|(.., value)| range.contains(value))
                    {
                        report.escapes.push(one((at, &op), value, 0));
                    }
                    if let Some(memarg) = own.filter(|memarg| range.contains(&memarg.offset)) {
                        let bytes = access(&op).map_or(0, |access| access.bytes);
                        report.indexed.push(one((offset, &op), memarg.offset, bytes));
                    }
                }
            }
            before = match &op {
                Operator::I32Const { value } => {
                    Some((offset, op.clone(), u64::from(*value as u32)))
                }
                Operator::I64Const { value } => Some((offset, op.clone(), *value as u64)),
                _ => None,
            };
        }
        Ok(())
    }

    fn map(&self, memory: u32) -> MemoryMap {
        let own = self.data.iter().enumerate().filter(|(_, data)| data.0 == memory);
        let span = |(segment, (_, start, range)): (usize, &(u32, u64, Range<usize>))| Span {
            segment: segment as u32,
            name: String::new(),
            start: *start,
            bytes: range.len() as u64,
        };
        let mut spans: Vec<Span> = own.map(span).collect();
        spans.sort_by_key(|span| (span.start, span.segment));
        let memory_bytes = self.memories.get(memory as usize).copied().unwrap_or_default();
        MemoryMap { spans, stack_pointer: None, heap_base: None, memory_bytes }
    }

    fn pointers(&self, map: &MemoryMap, memory: u32, range: &Range<u64>) -> Vec<Pointer> {
        let mut found = Vec::new();
        for (_, start, bytes) in self.data.iter().filter(|data| data.0 == memory) {
            for (i, word) in self.bytes[bytes.clone()].windows(4).enumerate() {
                let value = word.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
                if value != 0 && range.contains(&value) && found.len() < USES_MAX {
                    let address = start + i as u64;
                    let aligned = address.is_multiple_of(4);
                    let place = map.describe(address);
                    found.push(Pointer { address, place, value, aligned });
                }
            }
        }
        found.sort_by_key(|pointer| (!pointer.aligned, pointer.address));
        found
    }
}

/// Keeps the lines of some ranges of offsets, which are in order.
struct Kept<'r> {
    ranges: &'r [Range<usize>],
    /// Whether the current line is kept.
    open: bool,
    lines: BTreeMap<u64, String>,
}

impl wasmprinter::Print for Kept<'_> {
    fn write_str(&mut self, text: &str) -> io::Result<()> {
        if self.open
            && let Some(mut line) = self.lines.last_entry()
        {
            line.get_mut().push_str(text);
        }
        Ok(())
    }

    fn start_line(&mut self, offset: Option<u64>) {
        let has = |offset: &u64| {
            let at = *offset as usize;
            let after = self.ranges.partition_point(|range| range.start <= at);
            after.checked_sub(1).is_some_and(|i| self.ranges[i].contains(&at))
        };
        let offset = offset.filter(has);
        self.open = offset.is_some();
        if let Some(offset) = offset {
            self.lines.insert(offset, String::new());
        }
    }
}
