//! The compiled file: an ELF image with sections of Wasmtime's.
//!
//! - A1. No two sections have one name: Wasmtime takes the last one of a name. The first entry of
//!   the table of sections, which has no meaning, has no name and no bytes: Wasmtime reads it.
//! - A2. Names of symbols take no more bytes than the file has, however many symbols share one.
//! - A3. A builtin has one caller: each gets the rule of the builtin, which may have a list.

use crate::error::Error;
use crate::exceptions::{self, Handled, Handler};
use crate::settings::Settings;
use crate::stack_maps::{self, Mapped};
use crate::traps;
use object::read::elf::SectionHeader;
use object::{FileFlags, Object, ObjectSection, ObjectSymbol, SymbolKind as Elf};
use prova_check::{CallRow, Clause, Says, TrapRow, Way};
use std::collections::BTreeSet;

/// The beginning of names of symbols of callers of builtins.
pub(crate) const BUILTIN: &str = "wasmtime_builtin_";
/// `os_abi` of the ELF header of Wasmtime's files.
const OS_ABI: u8 = 200;
/// Sections of a file at most.
const SECTIONS_MAX: usize = 256;
/// Sections that the host believes and that nothing here reads: how its own unwinder leaves frames
/// of Wasm, and what debuggers of guests find in such frames.
const BELIEVED: [&str; 2] = [".eh_frame", ".wasmtime.frames"];
/// The sections for debuggers of the host, whose relocations it applies while it loads the file.
const DEBUGGED: &str = ".debug_*";
/// The bit of `e_flags` that says that the file is a module.
const IS_MODULE: u32 = 1;

/// The kind of a symbol of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SymbolKind {
    /// A function of the module, by its index in the index space.
    Func(u32),
    /// The caller of a builtin.
    Builtin,
    /// A trampoline, or the function that initialises an instance.
    Way(Way),
    /// Anything else.
    Other,
}

/// Code with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: SymbolKind,
    /// Where it begins in the text.
    pub start: u32,
    /// How many bytes it has, with the constants behind it.
    pub len: u32,
}

/// A compiled module.
#[derive(Clone, Debug)]
pub struct Artifact<'a> {
    /// The settings.
    pub settings: Settings,
    /// The text.
    pub text: &'a [u8],
    /// The code in the text, by where it begins, without overlaps.
    pub symbols: Vec<Symbol>,
    pub(crate) traps: Vec<TrapRow>,
    pub(crate) handled: Vec<Handled>,
    pub(crate) mapped: Vec<Mapped>,
    /// Those of [`BELIEVED`] that are there and not empty; [`DEBUGGED`].
    pub(crate) believed: Vec<&'static str>,
}

/// Whether bytes begin as a compiled module of Wasmtime's does.
pub fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF") && bytes.get(7) == Some(&OS_ABI)
}

impl Symbol {
    /// The function that it is.
    pub(crate) fn func(&self) -> Option<u32> {
        match self.kind {
            SymbolKind::Func(func) => Some(func),
            SymbolKind::Builtin | SymbolKind::Way(_) | SymbolKind::Other => None,
        }
    }
}

impl<'a> Artifact<'a> {
    /// Reads a compiled module.
    ///
    /// # Errors
    ///
    /// If it is none, one of another release or target, or malformed.
    pub fn read(bytes: &'a [u8]) -> Result<Artifact<'a>, Error> {
        let wrong = |what: String| Error::compiled("the file", what);
        let elf = object::read::elf::ElfFile64::<object::LittleEndian>::parse(bytes)
            .map_err(|error| wrong(format!("no ELF image: {error}")))?;
        match elf.flags() {
            FileFlags::Elf { os_abi, e_flags, .. }
                if os_abi.0 == OS_ABI && e_flags.0 & IS_MODULE != 0 => {}
            FileFlags::Elf { os_abi, .. } if os_abi.0 == OS_ABI => {
                return Err(wrong("no module of Wasmtime's, but a component".to_owned()));
            }
            _ => return Err(wrong("no compiled module of Wasmtime's".to_owned())),
        }
        sections_have_own_names(&elf)?;
        let section = |name: &str| {
            let section = elf.section_by_name(name)?;
            Some(section.data().map_err(|error| Error::compiled(name, error.to_string())))
        };
        let needed = |name: &str| {
            section(name).unwrap_or_else(|| Err(Error::compiled(name, "no such section")))
        };
        let settings = Settings::read(needed(".wasmtime.engine")?)?;
        let text = needed(".text")?;
        let traps = section(".wasmtime.traps").transpose()?.unwrap_or(&[]);
        let traps = traps::read(traps, text.len())?;
        let handled = section(".wasmtime.exceptions").transpose()?.unwrap_or(&[]);
        let handled = exceptions::read(handled)?;
        let mapped = section(stack_maps::SECTION).transpose()?.unwrap_or(&[]);
        let mapped = stack_maps::read(mapped, text.len())?;
        let text_index = elf.section_by_name(".text").map(|section| section.index());
        let (mut symbols, mut names_bytes) = (Vec::new(), bytes.len());
        for symbol in elf.symbols() {
            if symbol.kind() != Elf::Text || symbol.section_index() != text_index {
                continue;
            }
            let name = symbol.name().map_err(|error| Error::compiled(".symtab", error.to_string()));
            let name = name?;
            let Some(rest) = names_bytes.checked_sub(name.len()) else {
                return Err(Error::compiled(".symtab", "names of more bytes than the file has"));
            };
            names_bytes = rest;
            let range = u32::try_from(symbol.address()).ok().zip(u32::try_from(symbol.size()).ok());
            let Some((start, len)) = range else {
                return Err(Error::compiled(".symtab", format!("{name} lies nowhere")));
            };
            symbols.push(Symbol { name: name.to_owned(), kind: kind_of(name), start, len });
        }
        symbols.sort_by_key(|symbol| symbol.start);
        let (mut end, mut kinds, mut callers) = (0_u64, BTreeSet::new(), BTreeSet::new());
        for symbol in &symbols {
            let behind = u64::from(symbol.start) + u64::from(symbol.len);
            // Code without bytes would share its place with what follows.
            if symbol.len == 0 {
                return Err(Error::compiled(".symtab", format!("{} is empty", symbol.name)));
            }
            let first = match symbol.kind {
                SymbolKind::Func(_) | SymbolKind::Way(_) => kinds.insert(symbol.kind),
                SymbolKind::Builtin => callers.insert(&symbol.name),
                SymbolKind::Other => true,
            };
            if !first {
                return Err(Error::compiled(".symtab", format!("{} is there twice", symbol.name)));
            }
            if u64::from(symbol.start) < end || behind > text.len() as u64 {
                let what = format!("{} overlaps another, or the text's end", symbol.name);
                return Err(Error::compiled(".symtab", what));
            }
            end = behind;
        }
        Ok(Artifact { settings, text, symbols, traps, handled, mapped, believed: believed(&elf) })
    }

    /// The places of the text that no symbol names and that are not zeros, each from its first such
    /// byte on.
    pub(crate) fn unnamed(&self) -> Vec<String> {
        let behind = |symbol: &Symbol| symbol.start as usize + symbol.len as usize;
        let ends = std::iter::once(0).chain(self.symbols.iter().map(behind));
        let starts = self.symbols.iter().map(|symbol| symbol.start as usize);
        let gaps = ends.zip(starts.chain([self.text.len()]));
        let first = |(from, to): (usize, usize)| {
            let gap = self.text.get(from..to)?;
            let at = gap.iter().position(|&byte| byte != 0)?;
            Some(format!("the text at {:#x}, which no symbol names", from + at))
        };
        gaps.filter_map(first).collect()
    }

    /// The traps, by where they are in the text; kind 0: a trap that no rule knows.
    pub fn traps(&self) -> &[TrapRow] {
        &self.traps
    }

    /// The rows of traps of a symbol, by offset in its code.
    pub fn traps_of(&self, symbol: &Symbol) -> Vec<TrapRow> {
        let (start, end) = (symbol.start, symbol.start.saturating_add(symbol.len));
        let from = self.traps.partition_point(|row| row.code_offset < start);
        let to = self.traps.partition_point(|row| row.code_offset < end);
        let rows = self.traps.get(from..to).unwrap_or(&[]);
        let own = |row: &TrapRow| TrapRow { code_offset: row.code_offset - start, ..*row };
        rows.iter().map(own).collect()
    }

    /// The rows of calls of a symbol, by offset in its code: those with handlers, or whose frame
    /// holds references. Each call's begin with one that names no operator.
    pub(crate) fn calls_of(&self, symbol: &Symbol) -> Vec<CallRow> {
        let (start, end) = (symbol.start, symbol.start.saturating_add(symbol.len));
        let of_symbol = |at: u32| at > start && at <= end;
        let from = self.mapped.partition_point(|call| call.return_offset <= start);
        let mapped = self.mapped.get(from..).unwrap_or(&[]);
        let from = self.handled.partition_point(|call| call.return_offset <= start);
        let handled = self.handled.get(from..).unwrap_or(&[]);
        let mut rows = Vec::new();
        for call in mapped.iter().take_while(|call| of_symbol(call.return_offset)) {
            let return_offset = call.return_offset - start;
            rows.push(CallRow::operator(return_offset, 0));
            let roots = call.below.iter().map(|&below| Says::Root(below));
            rows.extend(roots.map(|says| CallRow { return_offset, says }));
        }
        for call in handled.iter().take_while(|call| of_symbol(call.return_offset)) {
            let return_offset = call.return_offset - start;
            if self.mapped.binary_search_by_key(&call.return_offset, |it| it.return_offset).is_err()
            {
                rows.push(CallRow::operator(return_offset, 0));
            }
            for &Handler { tag, context, at } in &call.handlers {
                // A place before the code is none in it, and becomes one beyond it.
                let landing = at.wrapping_sub(start);
                let frame_bytes = call.frame_bytes;
                let clause = Clause { tag, with_ref: false, landing, frame_bytes, context };
                rows.push(CallRow { return_offset, says: Says::Clause(clause) });
            }
        }
        // Stable: a call's first row stays the first.
        rows.sort_by_key(|row| row.return_offset);
        rows
    }

    /// Offsets behind the calls whose frame holds references, in the text.
    pub fn mapped(&self) -> impl Iterator<Item = u32> {
        self.mapped.iter().map(|call| call.return_offset)
    }

    /// The bytes of a symbol.
    pub fn bytes(&self, symbol: &Symbol) -> &'a [u8] {
        let start = symbol.start as usize;
        self.text.get(start..start + symbol.len as usize).unwrap_or(&[])
    }
}

/// Those of [`BELIEVED`] that are there and not empty, and [`DEBUGGED`] if there is one.
fn believed(elf: &object::read::elf::ElfFile64<'_, object::LittleEndian>) -> Vec<&'static str> {
    let there = |name: &&str| elf.section_by_name(name).is_some_and(|is| is.size() != 0);
    let begins = |name: &[u8]| name.starts_with(b".debug_") || name.starts_with(b".rela.debug_");
    let debugged = elf.sections().any(|section| section.name_bytes().is_ok_and(begins));
    BELIEVED.into_iter().filter(there).chain(debugged.then_some(DEBUGGED)).collect()
}

/// A1.
fn sections_have_own_names(
    elf: &object::read::elf::ElfFile64<'_, object::LittleEndian>,
) -> Result<(), Error> {
    let wrong = |what: String| Error::compiled("the file", what);
    let mut names = BTreeSet::new();
    let (endian, table) = (elf.endian(), elf.elf_section_table());
    if let Some(first) = table.iter().next() {
        let name = table.section_name(endian, first).map_err(|error| wrong(error.to_string()))?;
        let data = first.data(endian, elf.data()).map_err(|error| wrong(error.to_string()))?;
        if !name.is_empty() || !data.is_empty() {
            return Err(wrong("its first section is not empty".to_owned()));
        }
    }
    for section in elf.sections() {
        let name = section.name_bytes().map_err(|error| wrong(error.to_string()))?;
        if names.len() == SECTIONS_MAX {
            return Err(wrong("too many sections".to_owned()));
        }
        if !names.insert(name) {
            let name = String::from_utf8_lossy(name);
            return Err(wrong(format!("two sections {name}")));
        }
    }
    Ok(())
}

/// The kind of a symbol, by its name.
fn kind_of(name: &str) -> SymbolKind {
    let index = |prefix: &str, rest: &str| {
        let (index, behind) = name.strip_prefix(prefix)?.split_once(']')?;
        let number: u32 = index.parse().ok()?;
        // One name for each: no signs, no zeros in front.
        (behind == rest && number.to_string() == index).then_some(number)
    };
    // Names of functions have the name section's behind them.
    let func = name.strip_prefix("wasm[0]::function[").and_then(|rest| rest.split_once(']'));
    if let Some((index, behind)) = func
        && let Ok(func) = index.parse()
        && (behind.is_empty() || behind.starts_with("::"))
    {
        return SymbolKind::Func(func);
    }
    if let Some(func) = index("wasm[0]::array_to_wasm_trampoline[", "") {
        return SymbolKind::Way(Way::In(Some(func)));
    }
    if let Some(ty) = index("signatures[", "::wasm_to_array_trampoline") {
        return SymbolKind::Way(Way::Out(ty));
    }
    match name {
        "module_start[0]::Array" => SymbolKind::Way(Way::In(None)),
        "module_start[0]::Wasm" => SymbolKind::Way(Way::Start),
        _ if name.starts_with(BUILTIN) => SymbolKind::Builtin,
        _ => SymbolKind::Other,
    }
}
