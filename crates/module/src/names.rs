//! The `name` section → names by index, leniently (specification appendix 7.4.1).
//!
//! `decode` calls [`Names::decode`] at a `name` section; backtraces and text output read names.
//! Names are untrusted decoration: malformed parts are dropped, never an error, and nothing but
//! printing may depend on one.
//!
//! 1. Each map is in strictly rising order of indices: wasmparser reports an entry out of order,
//!    and it is dropped. Reading goes on after such an entry, and ends at a malformed one.
//! 2. A name is a range of the module's bytes that is valid UTF-8.
//!
//! Memory: 12 bytes for each name; the strings stay in the module.

use crate::index::{
    DataIdx, ElemIdx, FuncIdx, GlobalIdx, LocalIdx, MemoryIdx, TableIdx, TagIdx, TypeIdx,
};
use std::ops::Range;
use std::sync::Arc;
use wasmparser::{BinaryReader, Name, NameMap, NameSectionReader};

/// The names of a module.
#[derive(Clone, Debug, Default)]
pub struct Names {
    bytes: Arc<[u8]>,
    module: Option<Text>,
    funcs: Map,
    types: Map,
    tables: Map,
    memories: Map,
    globals: Map,
    elems: Map,
    datas: Map,
    tags: Map,
    locals: IndirectMap,
    labels: IndirectMap,
}

/// A range of the module's bytes that is valid UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Text {
    start: u32,
    len: u32,
}

type Map = Vec<(u32, Text)>;
type IndirectMap = Vec<(u32, u32, Text)>;

impl Names {
    /// The module's own name.
    pub fn module(&self) -> Option<&str> {
        self.module.map(|text| self.text(text))
    }

    /// The name of a function.
    pub fn func(&self, index: FuncIdx) -> Option<&str> {
        self.find(&self.funcs, index.0)
    }

    /// The name of a type.
    pub fn ty(&self, index: TypeIdx) -> Option<&str> {
        self.find(&self.types, index.0)
    }

    /// The name of a table.
    pub fn table(&self, index: TableIdx) -> Option<&str> {
        self.find(&self.tables, index.0)
    }

    /// The name of a memory.
    pub fn memory(&self, index: MemoryIdx) -> Option<&str> {
        self.find(&self.memories, index.0)
    }

    /// The name of a global.
    pub fn global(&self, index: GlobalIdx) -> Option<&str> {
        self.find(&self.globals, index.0)
    }

    /// The name of an element segment.
    pub fn elem(&self, index: ElemIdx) -> Option<&str> {
        self.find(&self.elems, index.0)
    }

    /// The name of a data segment.
    pub fn data(&self, index: DataIdx) -> Option<&str> {
        self.find(&self.datas, index.0)
    }

    /// The name of a tag.
    pub fn tag(&self, index: TagIdx) -> Option<&str> {
        self.find(&self.tags, index.0)
    }

    /// The name of a function's local.
    pub fn local(&self, func: FuncIdx, local: LocalIdx) -> Option<&str> {
        self.find_indirect(&self.locals, func.0, local.0)
    }

    /// The name of a label of a function; labels count in order of their blocks' opening operators,
    /// from 0, without the function's own.
    pub fn label(&self, func: FuncIdx, label: u32) -> Option<&str> {
        self.find_indirect(&self.labels, func.0, label)
    }

    /// Decodes the contents of a `name` section, which lie in `bytes` at `range`.
    pub(crate) fn decode(bytes: &Arc<[u8]>, range: Range<usize>) -> Names {
        let mut names = Names { bytes: Arc::clone(bytes), ..Names::default() };
        let reader = BinaryReader::new(&bytes[range.clone()], range.start as u64);
        for name in NameSectionReader::new(reader).map_while(Result::ok) {
            names.subsection(name);
        }
        names
    }

    fn subsection(&mut self, name: Name<'_>) {
        match name {
            Name::Module { name, .. } => {
                if self.module.is_none() {
                    self.module = self.locate(name);
                }
            }
            Name::Function(map) => self.funcs = self.read(map),
            Name::Local(map) => self.locals = self.read_indirect(map),
            Name::Label(map) => self.labels = self.read_indirect(map),
            Name::Type(map) => self.types = self.read(map),
            Name::Table(map) => self.tables = self.read(map),
            Name::Memory(map) => self.memories = self.read(map),
            Name::Global(map) => self.globals = self.read(map),
            Name::Element(map) => self.elems = self.read(map),
            Name::Data(map) => self.datas = self.read(map),
            Name::Tag(map) => self.tags = self.read(map),
            Name::Field(_) | Name::Parameter(_) | Name::TagParameter(_) | Name::Unknown { .. } => {}
        }
    }

    fn read(&self, map: NameMap<'_>) -> Map {
        map.into_iter()
            .filter_map(Result::ok)
            .filter_map(|naming| Some((naming.index, self.locate(naming.name)?)))
            .collect()
    }

    fn read_indirect(&self, map: wasmparser::IndirectNameMap<'_>) -> IndirectMap {
        let mut names = Vec::new();
        for outer in map.into_iter().filter_map(Result::ok) {
            for inner in outer.names.filter_map(Result::ok) {
                if let Some(text) = self.locate(inner.name) {
                    names.push((outer.index, inner.index, text));
                }
            }
        }
        names
    }

    /// Where `text`, a slice of the module's bytes, lies in them.
    fn locate(&self, text: &str) -> Option<Text> {
        let start = (text.as_ptr() as usize).checked_sub(self.bytes.as_ptr() as usize)?;
        (start + text.len() <= self.bytes.len())
            .then_some(Text { start: u32::try_from(start).ok()?, len: text.len() as u32 })
    }

    fn text(&self, text: Text) -> &str {
        let start = text.start as usize;
        // Invariant 2: the empty string is never taken.
        std::str::from_utf8(&self.bytes[start..start + text.len as usize]).unwrap_or_default()
    }

    fn find(&self, map: &Map, index: u32) -> Option<&str> {
        let at = map.binary_search_by_key(&index, |entry| entry.0).ok()?;
        Some(self.text(map[at].1))
    }

    fn find_indirect(&self, map: &IndirectMap, outer: u32, inner: u32) -> Option<&str> {
        let at = map.binary_search_by_key(&(outer, inner), |entry| (entry.0, entry.1)).ok()?;
        Some(self.text(map[at].2))
    }
}
