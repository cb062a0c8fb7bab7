//! Files that Wasmtime 48.0.8 compiled, without their code, to be changed and written again.

use object::write::{Object, Relocation, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, FileFlags, RelocationEncoding, RelocationFlags,
    RelocationKind, SectionKind, SymbolFlags, SymbolKind, SymbolScope, elf,
};
use prova_wasmtime_info::{Error, Unchecked, compare};
use prova_wasmtime_layout::Artifact;
use std::collections::BTreeMap;

/// A compiled file, and the Wasm.
#[derive(Clone)]
pub(crate) struct Recorded {
    pub(crate) wasm: Vec<u8>,
    /// Name, start, length.
    pub(crate) symbols: Vec<(String, u64, u64)>,
    /// Name, alignment, bytes.
    pub(crate) sections: Vec<(String, u64, Vec<u8>)>,
    /// The section of the symbols: `.text` in files of Wasmtime's.
    pub(crate) symbols_of: &'static str,
    /// Sections of code.
    pub(crate) code: Vec<&'static str>,
    pub(crate) relocations: Vec<Relocated>,
}

/// A relocation.
#[derive(Clone, Copy)]
pub(crate) struct Relocated {
    /// The section that it changes, and where.
    pub(crate) section: &'static str,
    pub(crate) at: u64,
    /// How many bits of it, and how.
    pub(crate) bits: u8,
    pub(crate) kind: RelocationKind,
    /// The section whose address it gives; of the text, the address of the first symbol.
    pub(crate) to: &'static str,
}

/// The files, by name.
pub(crate) const RECORDED: [(&str, &str); 6] = [
    ("bare", include_str!("../recorded/bare.txt")),
    ("collected", include_str!("../recorded/collected.txt")),
    ("plain", include_str!("../recorded/plain.txt")),
    ("segmented", include_str!("../recorded/segmented.txt")),
    ("sparse", include_str!("../recorded/sparse.txt")),
    ("thrown", include_str!("../recorded/thrown.txt")),
];

/// A file, by name.
pub(crate) fn recorded(name: &str) -> Recorded {
    let (_, text) = RECORDED.iter().find(|(of, _)| *of == name).expect("a file of that name");
    read(text)
}

/// The file that a text of `tests/recorded` is of.
pub(crate) fn read(text: &'static str) -> Recorded {
    let (wasm, symbols, sections) = (vec![], vec![], vec![]);
    let (symbols_of, code, relocations) = (".text", vec![".text"], vec![]);
    let mut made = Recorded { wasm, symbols, sections, symbols_of, code, relocations };
    let number = |word: &str| match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).expect("a number"),
        None => word.parse().expect("a number"),
    };
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match *words {
            ["wasm"] => {}
            ["symbol", start, len, name] => {
                made.symbols.push((name.to_owned(), number(start), number(len)));
            }
            ["section", name, align] => {
                made.sections.push((name.to_owned(), number(align), vec![]));
            }
            _ => {
                let to = made.sections.last_mut().map_or(&mut made.wasm, |(_, _, data)| data);
                to.extend(words.into_iter().flat_map(|word| {
                    let (byte, run) = word.split_once('*').unwrap_or((word, "1"));
                    let byte = u8::from_str_radix(byte, 16).expect("a byte");
                    std::iter::repeat_n(byte, run.parse().expect("a number"))
                }));
            }
        }
    }
    made
}

impl Recorded {
    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
        object.flags =
            FileFlags::Elf { os_abi: elf::OsAbi(200), abi_version: 0, e_flags: elf::FileFlags(1) };
        let mut ids = BTreeMap::new();
        for (name, align, data) in &self.sections {
            let is_code = self.code.contains(&&**name);
            let kind = if is_code { SectionKind::Text } else { SectionKind::ReadOnlyData };
            let id = object.add_section(Vec::new(), name.as_bytes().to_vec(), kind);
            object.append_section_data(id, data, *align);
            ids.insert(&**name, id);
        }
        let mut first = None;
        for (name, value, size) in &self.symbols {
            let symbol = object.add_symbol(Symbol {
                name: name.as_bytes().to_vec(),
                value: *value,
                size: *size,
                kind: SymbolKind::Text,
                scope: SymbolScope::Compilation,
                weak: false,
                section: ids
                    .get(self.symbols_of)
                    .map_or(SymbolSection::Undefined, |id| SymbolSection::Section(*id)),
                flags: SymbolFlags::None,
            });
            first = first.or(Some(symbol));
        }
        for &Relocated { section, at, bits, kind, to } in &self.relocations {
            let symbol = first.filter(|_| to == ".text");
            let symbol = symbol.unwrap_or_else(|| object.section_symbol(ids[to]));
            let encoding = RelocationEncoding::Generic;
            let flags = RelocationFlags::Generic { kind, encoding, size: bits };
            let row = Relocation { offset: at, symbol, addend: 0, flags };
            object.add_relocation(ids[section], row).expect("a relocation of x86-64");
        }
        object.write().expect("a file")
    }

    /// A section's bytes, to change.
    pub(crate) fn section(&mut self, name: &str) -> &mut Vec<u8> {
        let found = self.sections.iter_mut().find(|(of, _, _)| of == name);
        &mut found.expect("such a section").2
    }

    /// The comparison's answer. A file that cannot be read at all is the compiled one's fault.
    pub(crate) fn compared(&self) -> Result<Vec<Unchecked>, Error> {
        self.compared_as(&self.bytes())
    }

    /// The comparison's answer on other bytes than those of the file.
    pub(crate) fn compared_as(&self, bytes: &[u8]) -> Result<Vec<Unchecked>, Error> {
        let artifact = Artifact::read(bytes).map_err(|error| Error {
            section: error.at,
            at: None,
            what: error.what,
        })?;
        compare(&artifact, bytes, &self.wasm).map(|compared| compared.unchecked)
    }

    /// The comparison's complaint after a change.
    pub(crate) fn wrong(&self, change: impl FnOnce(&mut Recorded)) -> String {
        let mut changed = self.clone();
        change(&mut changed);
        changed.compared().expect_err("a difference").to_string()
    }
}
