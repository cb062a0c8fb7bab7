//! A module → the names that its linker gives to addresses of data.
//!
//! Sources, the first that knows a name decides:
//!
//! 1. data segments, by the name section;
//! 2. data symbols of a `linking` section (tool-conventions, `Linking.md`), as objects and modules
//!    linked with `--emit-relocs` have it: with their sizes;
//! 3. exported globals that nothing writes and whose value is a constant, as linkers export a
//!    variable: without a size;
//! 4. globals named `GOT.data.internal.NAME`, which hold the address of `NAME`: without a size.
//!
//! A tool that rewrites segments may leave a `linking` section as it was: if its list of segments
//! is not as long as the module's, or a symbol does not lie in its segment, it is not believed.
//!
//! Names are hostile text: they are compared as they are and made printable where they are shown.
//! A malformed section ends the reading, for names are decoration. Linear in the symbols.

use super::MemoryMap;
use super::memory_map::constant;
use prova_builds::names::{demangle, printable};
use prova_module::{DataIdx, DataMode, ExternKind, GlobalIdx, Module};
use std::ops::Range;
use wasmparser::{BinaryReader, Linking, LinkingSectionReader, SymbolInfo};

/// Size of a symbol whose size is not known, in bytes: a word.
const WORD_BYTES: u64 = 4;
/// Most symbols that are kept.
const SYMBOLS_MAX: usize = 1_000_000;

/// A name of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Symbol<'m> {
    pub(crate) name: &'m str,
    pub(crate) range: Range<u64>,
    /// Whether the size is the linker's, not a guess.
    pub(crate) sized: bool,
}

impl Symbol<'_> {
    fn is(&self, name: &str) -> bool {
        self.name == name || demangle(self.name) == name
    }
}

/// The symbols of memory 0, without data segments.
pub(crate) fn symbols(module: &Module) -> Vec<Symbol<'_>> {
    let mut found = linked(module);
    let exports = module.exports().iter().filter(|export| export.kind == ExternKind::Global);
    let exported = exports.map(|export| (&*export.name, GlobalIdx(export.index)));
    let globals = (0..module.globals().len() as u32).map(GlobalIdx);
    let named = globals.filter_map(|global| {
        let name = module.names().global(global)?.strip_prefix("GOT.data.internal.")?;
        Some((name, global))
    });
    for (name, global) in exported.chain(named).take(SYMBOLS_MAX) {
        let fixed = module.global(global).is_some_and(|ty| !ty.mutable);
        let start = module.global_init(global).and_then(|init| constant(init.ops()));
        if let Some(start) = start.filter(|_| fixed) {
            let range = start..start.saturating_add(WORD_BYTES);
            found.push(Symbol { name, range, sized: false });
        }
    }
    found
}

/// The range that a name means: a data segment, or a symbol.
pub(crate) fn named(
    module: &Module,
    memory: u32,
    map: &MemoryMap,
    name: &str,
) -> Option<Range<u64>> {
    let is_segment = |index: u32| {
        let own = module.names().data(DataIdx(index));
        own.is_some_and(|own| own == name || demangle(own) == name)
    };
    let segment = map.spans.iter().find(|span| span.bytes > 0 && is_segment(span.segment));
    if let Some(segment) = segment {
        return Some(segment.range());
    }
    let symbols = if memory == 0 { symbols(module) } else { Vec::new() };
    let found = symbols.iter().find(|symbol| symbol.name == name);
    found.or_else(|| symbols.iter().find(|symbol| symbol.is(name))).map(|one| one.range.clone())
}

/// The smallest symbol that an address is in, printable, with the distance from its start.
pub(crate) fn at(module: &Module, address: u64) -> Option<String> {
    let symbols = symbols(module);
    let around = symbols.iter().filter(|symbol| symbol.range.contains(&address));
    let one = around.min_by_key(|symbol| (!symbol.sized, symbol.range.end - symbol.range.start))?;
    let (name, by) = (printable(&demangle(one.name)), address - one.range.start);
    Some(if by == 0 { name } else { format!("{name}+{by}") })
}

/// The data symbols of the `linking` section.
fn linked(module: &Module) -> Vec<Symbol<'_>> {
    let mut found = Vec::new();
    let mut sections = module.custom_sections().iter();
    let Some(section) = sections.find(|section| &*section.name == "linking") else {
        return found;
    };
    let segment = |index: u32| match &module.data().get(index as usize)?.mode {
        DataMode::Active { memory, offset } if memory.0 == 0 => {
            let start = constant(offset.ops())?;
            Some(start..start.checked_add(module.data_bytes(DataIdx(index)).len() as u64)?)
        }
        DataMode::Active { .. } | DataMode::Passive => None,
    };
    let bytes = module.bytes().get(section.range.clone()).unwrap_or_default();
    let Ok(reader) = LinkingSectionReader::new(BinaryReader::new(bytes, 0)) else { return found };
    for subsection in reader.subsections() {
        let symbols = match subsection {
            Ok(Linking::SegmentInfo(segments))
                if segments.count() as usize != module.data().len() =>
            {
                return Vec::new();
            }
            Ok(Linking::SymbolTable(symbols)) => symbols,
            Ok(_) => continue,
            Err(_) => break,
        };
        for symbol in symbols.into_iter().map_while(Result::ok).take(SYMBOLS_MAX) {
            let SymbolInfo::Data { name, symbol: Some(place), .. } = symbol else { continue };
            let Some(segment) = segment(place.index) else { continue };
            let start = segment.start.saturating_add(place.offset.into());
            let end = start.saturating_add(place.size.max(1).into());
            if end <= segment.end {
                found.push(Symbol { name, range: start..end, sized: place.size > 0 });
            }
        }
    }
    found
}
