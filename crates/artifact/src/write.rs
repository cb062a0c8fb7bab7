//! A module, settings and pieces → the bytes of a file.

use crate::error::{Error, Rule};
use crate::record::{Record, digest, encode_calls, encode_landings, encode_traps};
use crate::{PIECES_MAX, Piece, Settings, section};
use object::write::{Object, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags, SymbolKind, SymbolScope,
};
use prova_check::CodeKind;
use std::collections::BTreeMap;

/// Between pieces: `int3`.
const FILL: u8 = 0xcc;

/// Pieces start at a multiple of this, in bytes.
const ALIGN: usize = 16;

/// Collects the parts of a file. The order in which pieces come does not matter.
#[derive(Clone, Debug)]
pub struct Writer {
    settings: Settings,
    pieces: BTreeMap<CodeKind, Written>,
}

/// The bytes of a file.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its pieces.
    pub pieces: usize,
    /// Bytes of machine code, without what lies between.
    pub code_bytes: usize,
}

/// A piece, encoded.
#[derive(Clone, Debug)]
struct Written {
    name: String,
    /// Code, certificate, traps, calls, landings, relation.
    parts: [Vec<u8>; 6],
}

impl Writer {
    /// No pieces yet.
    pub fn new(settings: Settings) -> Writer {
        Writer { settings, pieces: BTreeMap::new() }
    }

    /// Adds a piece under a name for people. A second one of its kind replaces the first.
    pub fn piece(&mut self, name: &str, piece: &Piece<'_>) {
        let Piece { kind, bytes, certificate, traps, calls, relation } = piece;
        let rows = (encode_traps(traps), encode_calls(calls), encode_landings(calls));
        let parts =
            [bytes.to_vec(), certificate.to_vec(), rows.0, rows.1, rows.2, relation.to_vec()];
        // In the table of names a zero byte ends a name.
        let name = name.replace('\0', "\u{fffd}");
        self.pieces.insert(*kind, Written { name, parts });
    }

    /// The file.
    ///
    /// # Errors
    /// If there is more than the format can name.
    pub fn finish(self, module: &[u8]) -> Result<Finished, Error> {
        let too_many = |name| Error::new(Rule::Records, name, 0, "more than the format can name");
        if self.pieces.len() > PIECES_MAX {
            return Err(too_many(section::PIECES));
        }
        let names = [
            section::TEXT,
            section::CERTIFICATES,
            section::TRAPS,
            section::CALLS,
            section::LANDINGS,
            section::RELATIONS,
        ];
        let mut sections: [Vec<u8>; 6] = Default::default();
        let (mut records, mut symbols) = (Vec::new(), Vec::new());
        let (pieces, mut code_bytes) = (self.pieces.len(), 0);
        for (kind, Written { name, parts }) in self.pieces {
            let [code, certificate, traps, calls, landings, relation] = &parts;
            let digest = digest([code, certificate, traps, calls, landings, relation]);
            code_bytes += code.len();
            let mut record = Record { kind, parts: [(0, 0); 6], digest };
            for (nth, part) in parts.iter().enumerate() {
                let section = &mut sections[nth];
                if nth == 0 {
                    section.resize(section.len().next_multiple_of(ALIGN), FILL);
                }
                let place = (u32::try_from(section.len()), u32::try_from(part.len()));
                let (Ok(start), Ok(length)) = place else { return Err(too_many(names[nth])) };
                record.parts[nth] = (start, length);
                section.extend_from_slice(part);
            }
            symbols.push((name, record.parts[0]));
            let record = record.encode().ok_or_else(|| {
                Error::new(Rule::Records, section::PIECES, 0, "the code of a loop")
            })?;
            records.extend_from_slice(&record);
        }
        let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
        let mut add = |name: &str, kind, align, data: Vec<u8>| {
            let id = object.add_section(Vec::new(), name.as_bytes().to_vec(), kind);
            object.section_mut(id).set_data(data, align);
            id
        };
        let [code, certificates, traps, calls, landings, relations] = sections;
        let text = add(section::TEXT, SectionKind::Text, ALIGN as u64, code);
        add(section::MODULE, SectionKind::Other, 8, module.to_vec());
        add(section::SETTINGS, SectionKind::Other, 8, self.settings.encode());
        add(section::PIECES, SectionKind::Other, 8, records);
        add(section::CERTIFICATES, SectionKind::Other, 1, certificates);
        add(section::TRAPS, SectionKind::Other, 1, traps);
        add(section::CALLS, SectionKind::Other, 1, calls);
        add(section::LANDINGS, SectionKind::Other, 1, landings);
        add(section::RELATIONS, SectionKind::Other, 1, relations);
        for (name, (start, length)) in symbols {
            object.add_symbol(Symbol {
                name: name.into_bytes(),
                value: start.into(),
                size: length.into(),
                kind: SymbolKind::Text,
                scope: SymbolScope::Compilation,
                weak: false,
                section: SymbolSection::Section(text),
                flags: SymbolFlags::None,
            });
        }
        let bytes =
            object.write().map_err(|error| Error::new(Rule::Elf, "", 0, error.to_string()))?;
        Ok(Finished { bytes, pieces, code_bytes })
    }
}
