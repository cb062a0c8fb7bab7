//! Bytes → [`Artifact`]: sections found, records held against them, pieces on demand.

use crate::error::{Error, Rule};
use crate::record::{
    CALL_BYTES, LANDING_BYTES, RECORD_BYTES, Record, TRAP_BYTES, decode_calls, decode_traps, digest,
};
use crate::settings::Settings;
use crate::{CERTIFICATE_BYTES_FREE, PIECES_MAX, Piece, section};
use object::read::elf::{ElfFile64, FileHeader};
use object::{LittleEndian, Object, ObjectSection, elf};
use prova_check::CodeKind;
use std::ops::Range;

/// A file that was read; its pieces are looked at when they are asked for.
#[derive(Clone, Debug)]
pub struct Artifact<B> {
    bytes: B,
    module: Range<usize>,
    settings: Settings,
    /// The sections of code, certificates, traps, calls, landings, relations.
    parts: [Range<usize>; 6],
    /// In the order of kinds.
    records: Vec<Record>,
}

/// The sections that records lead into, in the order of [`Record::parts`], and the bytes of one
/// row.
const PARTS: [(&str, u32); 6] = [
    (section::TEXT, 1),
    (section::CERTIFICATES, 1),
    (section::TRAPS, TRAP_BYTES as u32),
    (section::CALLS, CALL_BYTES as u32),
    (section::LANDINGS, LANDING_BYTES as u32),
    (section::RELATIONS, 1),
];

impl<B: AsRef<[u8]>> Artifact<B> {
    /// Finds the parts of a file.
    ///
    /// # Errors
    /// The first rule that the file breaks, and where. Pieces are judged when they are asked for.
    pub fn read(file: B) -> Result<Artifact<B>, Error> {
        let bytes = file.as_ref();
        let no_elf = |what: &str| Error::new(Rule::Elf, "", 0, what);
        let elf = ElfFile64::<LittleEndian>::parse(bytes).map_err(|e| no_elf(&e.to_string()))?;
        if elf.elf_header().e_machine(LittleEndian) != elf::EM_X86_64 {
            return Err(no_elf("the code is for another machine"));
        }
        let mut found: [Option<Range<usize>>; section::ALL.len()] = Default::default();
        for one in elf.sections() {
            let name = one.name().map_err(|e| no_elf(&e.to_string()))?;
            let Some(at) = section::ALL.iter().position(|known| *known == name) else {
                // Names and symbols; the null section has no name.
                if ["", ".symtab", ".strtab", ".shstrtab", ".note.GNU-stack"].contains(&name) {
                    continue;
                }
                let what = format!("unknown section `{}`", name.escape_default());
                return Err(Error::new(Rule::Sections, "", 0, what));
            };
            let range = one.file_range().and_then(|(start, length)| {
                let range = start..start.checked_add(length)?;
                let range = usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?;
                bytes.get(range.clone()).map(|_| range)
            });
            let known = section::ALL[at];
            let Some(range) = range.filter(|range| u32::try_from(range.len()).is_ok()) else {
                return Err(Error::new(Rule::Sections, known, 0, "it has no bytes in the file"));
            };
            if found[at].replace(range).is_some() {
                return Err(Error::new(Rule::Sections, known, 0, "the file has it twice"));
            }
        }
        let part = |name: &'static str| {
            let at = section::ALL.iter().position(|known| *known == name);
            let range = at.and_then(|at| found[at].clone());
            range.ok_or_else(|| Error::new(Rule::Sections, name, 0, "the file lacks it"))
        };
        let settings = Settings::decode(&bytes[part(section::SETTINGS)?])?;
        let records = records(&bytes[part(section::PIECES)?])?;
        let [code, certificates, traps, calls, landings, relations] =
            PARTS.map(|(name, _)| part(name));
        let parts = [code?, certificates?, traps?, calls?, landings?, relations?];
        apart(&records, &parts)?;
        let module = part(section::MODULE)?;
        Ok(Artifact { module, settings, parts, records, bytes: file })
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// The WebAssembly module inside.
    pub fn module(&self) -> &[u8] {
        self.bytes.as_ref().get(self.module.clone()).unwrap_or_default()
    }

    /// The settings that the code claims to be made for.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The kinds of the pieces, in order.
    pub fn kinds(&self) -> impl ExactSizeIterator<Item = CodeKind> + '_ {
        self.records.iter().map(|record| record.kind)
    }

    /// Whether the file has a piece of this kind.
    pub fn has(&self, kind: CodeKind) -> bool {
        self.records.binary_search_by_key(&kind, |record| record.kind).is_ok()
    }

    /// How many bytes the relation of a piece has.
    pub fn relation_bytes(&self, kind: CodeKind) -> u32 {
        let at = self.records.binary_search_by_key(&kind, |record| record.kind);
        at.map_or(0, |at| self.records[at].parts[5].1)
    }

    /// A piece; none if the file has none of this kind.
    ///
    /// # Errors
    /// [`Rule::Digest`]: it was damaged. [`Rule::Records`]: its certificate is longer than half of
    /// its code and [`CERTIFICATE_BYTES_FREE`] bytes, or its relation than its code and those.
    pub fn piece(&self, kind: CodeKind) -> Result<Option<Piece<'_>>, Error> {
        let Ok(at) = self.records.binary_search_by_key(&kind, |record| record.kind) else {
            return Ok(None);
        };
        let record = &self.records[at];
        let part = |nth: usize| {
            let section = self.bytes.as_ref().get(self.parts[nth].clone()).unwrap_or_default();
            let (start, length) = record.parts[nth];
            section.get(start as usize..start as usize + length as usize).unwrap_or_default()
        };
        let [bytes, certificate, traps, calls, landings, relation] =
            [part(0), part(1), part(2), part(3), part(4), part(5)];
        // Reading a certificate takes 32 times its size.
        if certificate.len() > bytes.len() / 2 + CERTIFICATE_BYTES_FREE {
            let what = format!("the certificate of {kind:?} is longer than any of such code");
            let at = record.parts[1].0 as usize;
            return Err(Error::new(Rule::Records, section::CERTIFICATES, at, what));
        }
        if relation.len() > bytes.len() + CERTIFICATE_BYTES_FREE {
            let what = format!("the relation of {kind:?} is longer than any of such code");
            let at = record.parts[5].0 as usize;
            return Err(Error::new(Rule::Records, section::RELATIONS, at, what));
        }
        if digest([bytes, certificate, traps, calls, landings, relation]) != record.digest {
            let what = format!("{kind:?} is not what was written: its digest differs");
            return Err(Error::new(Rule::Digest, section::TEXT, record.parts[0].0 as usize, what));
        }
        let Some(calls) = decode_calls(calls, landings) else {
            let what = format!("a landing of {kind:?} is of an unknown kind");
            let at = record.parts[4].0 as usize;
            return Err(Error::new(Rule::Records, section::LANDINGS, at, what));
        };
        let traps = decode_traps(traps);
        Ok(Some(Piece { kind, bytes, certificate, traps, calls, relation }))
    }
}

/// The records of a section, in order, each kind once.
fn records(bytes: &[u8]) -> Result<Vec<Record>, Error> {
    let wrong = |at: usize, what: &str| {
        Err(Error::new(Rule::Records, section::PIECES, at * RECORD_BYTES, what))
    };
    let count = bytes.len() / RECORD_BYTES;
    let (all, rest) = bytes.as_chunks::<RECORD_BYTES>();
    if !rest.is_empty() {
        return wrong(count, "half a record");
    }
    if count > PIECES_MAX {
        return wrong(PIECES_MAX, "more pieces than one file may have");
    }
    let mut records: Vec<Record> = Vec::with_capacity(count);
    for (at, bytes) in all.iter().enumerate() {
        let Some(record) = Record::decode(bytes) else {
            return wrong(at, "an unknown kind of code");
        };
        if records.last().is_some_and(|last| last.kind >= record.kind) {
            return wrong(at, "it is not behind the one before, in the order of kinds");
        }
        records.push(record);
    }
    Ok(records)
}

/// Whether what records name lies in its sections, one behind the other.
fn apart(records: &[Record], parts: &[Range<usize>; 6]) -> Result<(), Error> {
    let mut ends = [0u64; 6];
    for (at, record) in records.iter().enumerate() {
        for (nth, (start, length)) in record.parts.into_iter().enumerate() {
            let (name, row) = PARTS[nth];
            let end = u64::from(start) + u64::from(length);
            let right = u64::from(start) >= ends[nth]
                && end <= parts[nth].len() as u64
                && length % row == 0;
            if !right {
                let what = format!(
                    "{start:#x} and {length} bytes do not lie in {name} behind what is named before"
                );
                let offset = at * RECORD_BYTES + 8 * (nth + 1);
                return Err(Error::new(Rule::Records, section::PIECES, offset, what));
            }
            ends[nth] = end;
        }
    }
    Ok(())
}
