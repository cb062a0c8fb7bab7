//! The compiled file as Wasmtime's loader reads it (source: `wasmtime` 48.0.8, module
//! `runtime::code_memory`): the table of sections from its first entry on, by the same library.
//!
//! - F1. No two sections have one name. The loader takes the last one of a name.
//! - F2. The first entry is empty. The loader reads it like any other, though the format gives it
//!   no meaning and readers skip it.
//!
//! Sections may share bytes with each other, with the header and with the table, where nobody
//! writes to them ([`File::is_apart`]).
//!
//! Segments, addresses of sections, and symbols mean nothing to the loader: it maps the whole file,
//! and finds sections by their places in it.

use crate::error::Error;
use std::collections::BTreeMap;
use wasmtime_environ::object::elf::{FileHeader64, SectionHeader64};
use wasmtime_environ::object::read::elf::{FileHeader, SectionHeader};
use wasmtime_environ::object::{Error as Malformed, LittleEndian};

/// A section of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section<'a> {
    /// Its bytes.
    pub(crate) data: &'a [u8],
    /// Where they begin in the file.
    pub(crate) at: u64,
    /// Its flags.
    pub(crate) flags: u64,
}

/// The bytes of the file's header.
const HEADER: u64 = size_of::<FileHeader64<LittleEndian>>() as u64;
/// The bytes of an entry of the table of sections.
const ENTRY: u64 = size_of::<SectionHeader64<LittleEndian>>() as u64;

/// The sections, by name.
pub(crate) struct File<'a> {
    sections: BTreeMap<&'a str, Section<'a>>,
    /// Where their table begins.
    table: u64,
}

impl<'a> File<'a> {
    /// Reads the table of sections.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<File<'a>, Error> {
        let wrong = |what: String| Error::new("the file", what);
        let malformed = |error: Malformed| wrong(error.to_string());
        let header = FileHeader64::<LittleEndian>::parse(bytes).map_err(malformed)?;
        let endian = header.endian().map_err(malformed)?;
        let table = header.sections(endian, bytes).map_err(malformed)?;
        let mut sections = BTreeMap::new();
        for (index, section) in table.enumerate() {
            let name = table.section_name(endian, section).map_err(malformed)?;
            let name = std::str::from_utf8(name)
                .map_err(|_| wrong("a section's name is no UTF-8".to_owned()))?;
            let data = section.data(endian, bytes).map_err(malformed)?;
            if index.0 == 0 {
                // F2.
                if !name.is_empty() || !data.is_empty() {
                    return Err(wrong("its first section is not empty".to_owned()));
                }
                continue;
            }
            let (at, flags) = (section.sh_offset(endian), section.sh_flags(endian));
            if sections.insert(name, Section { data, at, flags }).is_some() {
                return Err(wrong(format!("two sections {}", name.escape_debug())));
            }
        }
        Ok(File { sections, table: header.e_shoff(endian) })
    }

    /// A section.
    pub(crate) fn section(&self, name: &str) -> Option<Section<'a>> {
        self.sections.get(name).copied()
    }

    /// A section's bytes: none if it is not there, as the loader has it.
    pub(crate) fn data(&self, name: &str) -> &'a [u8] {
        self.section(name).map_or(&[], |section| section.data)
    }

    /// All sections.
    pub(crate) fn sections(&self) -> impl Iterator<Item = (&'a str, Section<'a>)> {
        self.sections.iter().map(|(name, section)| (*name, *section))
    }

    /// Whether no byte of a section is one of the header, of the table or of another section.
    pub(crate) fn is_apart(&self, name: &str) -> bool {
        let Some(section) = self.section(name) else { return false };
        let bytes = |section: Section<'_>| (section.at, section.data.len() as u64);
        // The first entry is in no list.
        let entries = (self.sections.len() as u64).saturating_add(1);
        let frame = [(0, HEADER), (self.table, entries.saturating_mul(ENTRY))];
        let others = self.sections().filter(|&(other, _)| other != name);
        let mut parts = frame.into_iter().chain(others.map(|(_, other)| bytes(other)));
        let (at, len) = bytes(section);
        let behind = |(at, len): (u64, u64)| at.saturating_add(len);
        parts.all(|part| part.1 == 0 || behind(part) <= at || behind((at, len)) <= part.0)
    }
}
