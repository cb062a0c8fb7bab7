//! Walks over a module's sections in the order of the specification. A section that the module
//! lacks is visited at its place, too, so that added items can make it (R1).

use crate::edit::Edit;
use crate::error::{Error, core_module};
use crate::items::Items;
use crate::map::CodeMap;
use crate::names::{names, stays};
use crate::numbers::Renumber;
use std::borrow::Cow;
use wasm_encoder::reencode::Reencode;
use wasm_encoder::{CustomSection, SectionId};
use wasmparser::{BinaryReader, CustomSectionReader, NameSectionReader};

/// An edited module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Its bytes, which are not validated.
    pub bytes: Vec<u8>,
    /// The names of custom sections that are gone, in their order.
    pub dropped: Vec<String>,
    /// Where the operators stood that bodies note ([`Code::place`](crate::Code::place)), and those
    /// that [`Edit::map`] adds.
    pub map: CodeMap,
}

/// Applies an edit to a core module.
///
/// # Errors
/// [`Fault::Malformed`](crate::Fault::Malformed) for bytes that are no core module as far as they
/// are read; the other faults for an edit that does not fit.
pub fn apply(wasm: &[u8], edit: &Edit<'_>) -> Result<Rewritten, Error> {
    core_module(wasm)?;
    let mut sections = Vec::new();
    let mut reader = BinaryReader::new(&wasm[8..], 8);
    while !reader.eof() {
        let at = reader.original_position();
        sections.push((at, reader.read_u8()?, reader.read_reader()?));
    }
    let data = sections.iter().find(|(_, id, _)| *id == SectionId::Data as u8);
    let count = data.map(|(_, _, contents)| contents.clone().read_var_u32()).transpose();
    let count = count.map_err(|error| Error::from(error).of(SectionId::Data))?;
    let items = Items::new(edit, count.unwrap_or_default());
    let mut writer = Writer { items, edit, next: 0, dropped: Vec::new() };
    for (at, id, contents) in sections {
        if id == 0 {
            writer.custom(contents).map_err(|error| error.of(SectionId::Custom))?;
            continue;
        }
        let place = ORDER[writer.next..].iter().position(|section| *section as u8 == id);
        let Some(place) = place else {
            let what = format!("section {id} is unknown, out of order, or stands twice");
            return Err(Error::malformed(at, &what));
        };
        writer.missing(writer.next + place)?;
        writer.section(Some(contents))?;
    }
    writer.missing(ORDER.len())?;
    writer.finish()
}

/// The sections in their order (specification 5.5.2).
const ORDER: [SectionId; 13] = [
    SectionId::Type,
    SectionId::Import,
    SectionId::Function,
    SectionId::Table,
    SectionId::Memory,
    SectionId::Tag,
    SectionId::Global,
    SectionId::Export,
    SectionId::Start,
    SectionId::Element,
    SectionId::DataCount,
    SectionId::Code,
    SectionId::Data,
];

struct Writer<'e> {
    items: Items<'e>,
    edit: &'e Edit<'e>,
    /// The place in [`ORDER`] of the section that comes next.
    next: usize,
    dropped: Vec<String>,
}

impl Writer<'_> {
    /// Writes the sections up to a place in [`ORDER`], which the module lacks.
    fn missing(&mut self, place: usize) -> Result<(), Error> {
        while self.next < place {
            self.section(None)?;
        }
        Ok(())
    }

    /// Writes the section that comes next.
    fn section(&mut self, old: Option<BinaryReader<'_>>) -> Result<(), Error> {
        let section = ORDER[self.next];
        self.next += 1;
        self.items.section(section, &old).map_err(|error| error.of(section))
    }

    fn custom(&mut self, contents: BinaryReader<'_>) -> Result<(), Error> {
        let section = CustomSectionReader::new(contents)?;
        if !stays(self.edit.customs, section.name()) {
            self.dropped.push(section.name().to_owned());
        } else if section.name() == "name" {
            let names = names(self.edit, NameSectionReader::new(section.data_reader()))?;
            self.items.out.section(&names);
        } else {
            self.items.out.section(&Renumber(&self.edit.numbers).custom_section(section)?);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Rewritten, Error> {
        for (name, data) in &self.edit.added_customs {
            let (name, data) = (Cow::Borrowed(&**name), Cow::Borrowed(&**data));
            self.items.out.section(&CustomSection { name, data });
        }
        let Items { out, map, .. } = self.items;
        Ok(Rewritten { bytes: out.finish(), dropped: self.dropped, map })
    }
}
