//! A section: old items renumbered, then what the edit adds.
//!
//! Each section has a method that writes it, whether the module has it or not; [`Items::put`]
//! decides whether it is needed (R1). The methods run in the order of sections, so what is imported
//! is known when the first thing is defined.

use crate::code::Code;
use crate::edit::{Edit, Segment, Size};
use crate::error::{Error, Fault};
use crate::map::CodeMap;
use crate::numbers::{Renumber, SPACES, Space};
use std::borrow::Cow;
use wasm_encoder::reencode::Reencode;
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ElementSection, Encode, ExportSection,
    FunctionSection, GlobalSection, ImportSection, MemorySection, Module, Section, SectionId,
    StartSection, TableSection, TagSection, TypeSection,
};
use wasmparser::{
    BinaryReader, Data, Element, Export, FromReader, FunctionBody, Global, Imports, MemoryType,
    RecGroup, SectionLimited, Table, TagType, TypeRef,
};

/// A section of the module without its header; none if the module lacks it.
type Old<'w> = Option<BinaryReader<'w>>;
type Done = Result<(), Error>;

/// The module as far as it is written.
pub(crate) struct Items<'e> {
    edit: &'e Edit<'e>,
    pub(crate) out: Module,
    pub(crate) map: CodeMap,
    /// How many data segments the module has.
    segments: u32,
    /// By space, how many things were read, and how many of them are imported.
    counts: [u32; SPACES],
    imported: [u32; SPACES],
    /// Imported functions that become defined ones, with their types.
    turned: Vec<(u32, u32)>,
}

/// The items of a section; none if the module lacks it.
fn items<'w, T: FromReader<'w>>(old: &Old<'w>) -> Result<Vec<T>, Error> {
    let Some(reader) = old else { return Ok(Vec::new()) };
    let section = SectionLimited::new(reader.clone())?;
    Ok(section.into_iter().collect::<wasmparser::Result<Vec<T>>>()?)
}

/// The one number that a section consists of.
fn number(old: &Old<'_>) -> Result<Option<u32>, Error> {
    let Some(mut reader) = old.clone() else { return Ok(None) };
    let number = reader.read_var_u32()?;
    match reader.eof() {
        true => Ok(Some(number)),
        false => Err(Error::malformed(reader.original_position(), "the section is too long")),
    }
}

impl<'e> Items<'e> {
    pub(crate) fn new(edit: &'e Edit<'e>, segments: u32) -> Items<'e> {
        let (out, map, turned) = (Module::new(), CodeMap::default(), Vec::new());
        Items { edit, out, map, segments, counts: [0; SPACES], imported: [0; SPACES], turned }
    }

    /// Writes a section, which the module may lack.
    pub(crate) fn section(&mut self, section: SectionId, old: &Old<'_>) -> Done {
        match section {
            SectionId::Custom => Ok(()),
            SectionId::Type => self.types(old),
            SectionId::Import => self.imports(old),
            SectionId::Function => self.functions(old),
            SectionId::Table => self.tables(old),
            SectionId::Memory => self.memories(old),
            SectionId::Tag => self.tags(old),
            SectionId::Global => self.globals(old),
            SectionId::Export => self.exports(old),
            SectionId::Start => self.start(old),
            SectionId::Element => self.elements(old),
            SectionId::DataCount => self.data_count(old),
            SectionId::Code => self.code(old),
            SectionId::Data => self.data(old),
        }
    }

    /// Writes a section if the module has it, or it has items, unless the edit says otherwise.
    fn put(&mut self, section: &impl Section, old: &Old<'_>, is_empty: bool) {
        let is = |list: &[SectionId]| list.iter().any(|id| *id as u8 == section.id());
        let is_needed = old.is_some() || !is_empty || is(&self.edit.always);
        if is_needed && !is(&self.edit.without) {
            self.out.section(section);
        }
    }

    fn renumber(&self) -> Renumber<'e> {
        Renumber(&self.edit.numbers)
    }

    /// The old index of the next thing in a space, and whether it stays.
    fn next_of(&mut self, space: Space) -> (u32, bool) {
        let index = self.counts[space as usize];
        self.counts[space as usize] += 1;
        (index, self.edit.numbers.keeps(space, index))
    }

    fn types(&mut self, old: &Old<'_>) -> Done {
        let mut out = TypeSection::new();
        for group in items::<RecGroup>(old)? {
            // A group stays or goes as a whole: its first type says which. An empty one stays.
            let types = group.types().map(|_| self.next_of(Space::Type).1);
            if types.reduce(|first, _| first).unwrap_or(true) {
                self.renumber().parse_recursive_type_group(out.ty(), group)?;
            }
        }
        self.edit.types.iter().for_each(|ty| out.ty().func_type(ty));
        self.put(&out, old, out.is_empty());
        Ok(())
    }

    fn imports(&mut self, old: &Old<'_>) -> Done {
        let mut out = ImportSection::new();
        for group in items::<Imports<'_>>(old)? {
            for import in group {
                let (_, import) = import?;
                let (space, ty) = match import.ty {
                    TypeRef::Func(ty) | TypeRef::FuncExact(ty) => (Space::Func, ty),
                    TypeRef::Table(_) => (Space::Table, 0),
                    TypeRef::Memory(_) => (Space::Memory, 0),
                    TypeRef::Global(_) => (Space::Global, 0),
                    TypeRef::Tag(_) => (Space::Tag, 0),
                };
                let (index, stays) = self.next_of(space);
                if space == Space::Func && self.edit.bodies.contains_key(&index) {
                    self.turned.push((index, ty));
                } else if stays {
                    self.renumber().parse_import(&mut out, import)?;
                }
            }
        }
        self.imported = self.counts;
        for (module, name, ty) in &self.edit.imports {
            out.import(module, name, *ty);
        }
        self.put(&out, old, out.is_empty());
        Ok(())
    }

    fn functions(&mut self, old: &Old<'_>) -> Done {
        let mut out = FunctionSection::new();
        for (_, ty) in &self.turned {
            out.function(self.renumber().type_index(*ty)?);
        }
        let mut types = Vec::new();
        for ty in items::<u32>(old)? {
            let (func, stays) = self.next_of(Space::Func);
            if stays && !self.edit.bodiless.contains(&func) {
                types.push((self.edit.numbers.get(Space::Func, func)?, ty));
            }
        }
        types.sort_by_key(|&(number, _)| number);
        types.dedup_by_key(|(number, _)| *number);
        for (_, ty) in types {
            out.function(self.renumber().type_index(ty)?);
        }
        for new in &self.edit.functions {
            out.function(new.ty);
        }
        self.put(&out, old, out.is_empty());
        self.known(Space::Func, self.edit.bodies.keys(), 0)?;
        self.known(Space::Func, self.edit.bodiless.iter(), self.imported[Space::Func as usize])
    }

    fn tables(&mut self, old: &Old<'_>) -> Done {
        let mut out = TableSection::new();
        for mut table in items::<Table<'_>>(old)? {
            let (index, stays) = self.next_of(Space::Table);
            if let Some(Size { min, max }) = self.edit.table_sizes.get(&index) {
                (table.ty.initial, table.ty.maximum) = (*min, *max);
            }
            if stays {
                self.renumber().parse_table(&mut out, table)?;
            }
        }
        for ty in &self.edit.tables {
            out.table(*ty);
        }
        self.put(&out, old, out.is_empty());
        self.known(Space::Table, self.edit.table_sizes.keys(), self.imported[Space::Table as usize])
    }

    fn memories(&mut self, old: &Old<'_>) -> Done {
        let mut out = MemorySection::new();
        for mut ty in items::<MemoryType>(old)? {
            let (index, stays) = self.next_of(Space::Memory);
            if let Some(Size { min, max }) = self.edit.memory_sizes.get(&index) {
                (ty.initial, ty.maximum) = (*min, *max);
            }
            if stays {
                out.memory(self.renumber().memory_type(ty)?);
            }
        }
        for ty in &self.edit.memories {
            out.memory(*ty);
        }
        self.put(&out, old, out.is_empty());
        self.known(
            Space::Memory,
            self.edit.memory_sizes.keys(),
            self.imported[Space::Memory as usize],
        )
    }

    fn tags(&mut self, old: &Old<'_>) -> Done {
        let mut out = TagSection::new();
        for tag in items::<TagType>(old)? {
            if self.next_of(Space::Tag).1 {
                out.tag(self.renumber().tag_type(tag)?);
            }
        }
        self.put(&out, old, out.is_empty());
        Ok(())
    }

    fn globals(&mut self, old: &Old<'_>) -> Done {
        let mut out = GlobalSection::new();
        for global in items::<Global<'_>>(old)? {
            let (index, stays) = self.next_of(Space::Global);
            match self.edit.global_values.get(&index) {
                Some(value) if stays => {
                    out.global(self.renumber().global_type(global.ty)?, value);
                }
                None if stays => self.renumber().parse_global(&mut out, global)?,
                Some(_) | None => {}
            }
        }
        for (ty, value) in &self.edit.globals {
            out.global(*ty, value);
        }
        self.put(&out, old, out.is_empty());
        self.known(
            Space::Global,
            self.edit.global_values.keys(),
            self.imported[Space::Global as usize],
        )
    }

    fn exports(&mut self, old: &Old<'_>) -> Done {
        let mut out = ExportSection::new();
        let mut unmet = self.edit.export_names.clone();
        for export in items::<Export<'_>>(old)? {
            let name = match unmet.remove(export.name) {
                Some(None) => continue,
                Some(Some(name)) => Cow::Owned(name),
                None => Cow::Borrowed(export.name),
            };
            self.renumber().parse_export(&mut out, Export { name: &name, ..export })?;
        }
        if let Some((name, _)) = unmet.pop_first() {
            return Err(Fault::NoExport(name).into());
        }
        for (name, kind, index) in &self.edit.exports {
            out.export(name, *kind, *index);
        }
        self.put(&out, old, out.is_empty());
        Ok(())
    }

    fn start(&mut self, old: &Old<'_>) -> Done {
        if let Some(func) = number(old)?.filter(|_| !self.edit.without.contains(&SectionId::Start))
        {
            let function_index = self.renumber().function_index(func)?;
            self.out.section(&StartSection { function_index });
        }
        Ok(())
    }

    fn elements(&mut self, old: &Old<'_>) -> Done {
        let mut out = ElementSection::new();
        for element in items::<Element<'_>>(old)? {
            if self.next_of(Space::Element).1 {
                self.renumber().parse_element(&mut out, element)?;
            }
        }
        for new in &self.edit.elements {
            let funcs = wasm_encoder::Elements::Functions(Cow::Borrowed(&new.funcs));
            match &new.offset {
                Some(offset) => out.active(None, offset, funcs),
                None => out.declared(funcs),
            };
        }
        self.put(&out, old, out.is_empty());
        Ok(())
    }

    fn data_count(&mut self, old: &Old<'_>) -> Done {
        // The section says how many segments follow, and that is counted anew.
        number(old)?;
        let gone = self.edit.numbers.taken_out(Space::Data) as u32;
        let count = self.segments.saturating_sub(gone).saturating_add(self.edit.data.len() as u32);
        let is_needed = self.edit.data.iter().any(|new| new.active.is_none());
        self.put(&DataCountSection { count }, old, !is_needed);
        Ok(())
    }

    fn code(&mut self, old: &Old<'_>) -> Done {
        let (mut out, edit) = (CodeSection::new(), self.edit);
        for (func, _) in std::mem::take(&mut self.turned) {
            if let Some(code) = edit.bodies.get(&func) {
                self.body(&mut out, code);
            }
        }
        let mut bodies: Vec<(u32, u32, FunctionBody<'_>)> = Vec::new();
        for (func, body) in (self.imported[Space::Func as usize]..).zip(items(old)?) {
            if edit.numbers.keeps(Space::Func, func) && !edit.bodiless.contains(&func) {
                bodies.push((edit.numbers.get(Space::Func, func)?, func, body));
            }
        }
        bodies.sort_by_key(|&(number, ..)| number);
        bodies.dedup_by_key(|(number, ..)| *number);
        for (_, func, body) in bodies {
            match edit.bodies.get(&func) {
                Some(code) => self.body(&mut out, code),
                None => self.body(&mut out, &edit.numbers.copied(&body, edit.map)?),
            }
        }
        for new in &edit.functions {
            self.body(&mut out, &new.code);
        }
        // The section's id, its size, and the number of its bodies.
        let mut header = Vec::new();
        out.len().encode(&mut header);
        (header.len() + out.byte_len()).encode(&mut header);
        self.map.shift((self.out.len() + 1 + header.len()) as u32);
        self.put(&out, old, out.is_empty());
        Ok(())
    }

    fn body(&mut self, out: &mut CodeSection, code: &Code) {
        let (entry, header) = code.entry();
        out.raw(&entry);
        let start = (out.byte_len() - entry.len()) as u32;
        self.map.add(start, entry.len() as u32, header, &code.places);
    }

    fn data(&mut self, old: &Old<'_>) -> Done {
        let mut out = DataSection::new();
        for data in items::<Data<'_>>(old)? {
            let (index, stays) = self.next_of(Space::Data);
            match self.edit.data_changed.get(&index) {
                Some(new) if stays => segment(&mut out, new),
                None if stays => self.renumber().parse_data(&mut out, data)?,
                Some(_) | None => {}
            }
        }
        self.edit.data.iter().for_each(|new| segment(&mut out, new));
        self.put(&out, old, out.is_empty());
        self.known(Space::Data, self.edit.data_changed.keys(), 0)
    }

    /// The things of a space that the edit names are there, from an index on.
    fn known<'k>(&self, space: Space, mut named: impl Iterator<Item = &'k u32>, from: u32) -> Done {
        let range = from..self.counts[space as usize];
        match named.find(|index| !range.contains(index)) {
            Some(&index) => Err(Fault::Absent { space, index }.into()),
            None => Ok(()),
        }
    }
}

fn segment(out: &mut DataSection, new: &Segment<'_>) {
    let bytes = new.bytes.iter().copied();
    match &new.active {
        Some((memory, offset)) => out.active(*memory, offset, bytes),
        None => out.passive(bytes),
    };
}
