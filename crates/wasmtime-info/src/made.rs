//! The sections that Wasmtime makes of the Wasm and of where code lies: built again, by its own
//! types and its own writer.
//!
//! - I1. `.wasmtime.info` is the translated module, its names and positions, the table of functions
//!   and the types, in the format of `postcard`, with nothing behind.
//! - I2. Whether the module needs a heap for collected objects is known to the compiler only where
//!   it compiled an access to one. The file may say that it does where the translation does not: a
//!   store then gets a heap that nobody asked for. It may not deny what the translation says. If it
//!   denies what only the compiler knew, code would meet a heap that is not there; but the check
//!   accepts no code that touches a heap that the file denies.
//! - I3. `.rodata.wasm` is the data, `.name.wasm` the names, `.wasmtime.dwarf` the debugging
//!   sections of the Wasm.

use crate::engine::{Engine, differs};
use crate::error::{Error, WASM};
use crate::file::File;
use crate::translation::Translated;
use serde::Serialize;
use wasmtime_environ::object::write::Object;
use wasmtime_environ::object::{Architecture, BinaryFormat, Endianness};
use wasmtime_environ::{
    CompiledFunctionsTable, CompiledModuleInfo, MemoryInitialization, ModuleTypes, ObjectBuilder,
};

/// The section of I1.
pub(crate) const INFO: &str = ".wasmtime.info";
/// The sections of I3.
pub(crate) const COPIED: [&str; 3] = [".rodata.wasm", ".name.wasm", ".wasmtime.dwarf"];

/// The sections.
pub(crate) struct Made {
    info: CompiledModuleInfo,
    table: CompiledFunctionsTable,
    types: ModuleTypes,
    /// A file with the sections of I3.
    object: Vec<u8>,
    /// Whether data is an image that memories map.
    pub(crate) has_image: bool,
}

impl Made {
    pub(crate) fn new(
        engine: &Engine,
        translated: Translated<'_>,
        table: CompiledFunctionsTable,
    ) -> Result<Made, Error> {
        let wrong = |what: String| Error::new(WASM, what);
        let Translated { translation, types, .. } = translated;
        let static_memory = &translation.module.memory_initialization;
        let has_image = matches!(static_memory, MemoryInitialization::Static { .. });
        let object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
        let mut builder = ObjectBuilder::new(object, &engine.tunables);
        let info = builder.append(translation).map_err(|error| wrong(error.to_string()))?;
        let mut object = Vec::new();
        builder.finish(&mut object).map_err(|error| wrong(error.to_string()))?;
        Ok(Made { info, table, types: types.finish(), object, has_image })
    }

    /// Compares a file's sections with these; whether the file says that the module needs a heap.
    pub(crate) fn compare(mut self, file: &File<'_>) -> Result<bool, Error> {
        let found = file.data(INFO);
        if let Some(at) = differs(found, &self.written()?) {
            // I2.
            self.info.module.needs_gc_heap = true;
            if let Some(other) = differs(found, &self.written()?) {
                let at = at.max(other);
                let what = format!("not what the Wasm has: {}", self.field(at)?);
                return Err(Error::at(INFO, at, what));
            }
        }
        let copied = File::read(&self.object)?;
        for section in COPIED {
            if let Some(at) = differs(file.data(section), copied.data(section)) {
                return Err(Error::at(section, at, "not what the Wasm has"));
            }
        }
        Ok(self.info.module.needs_gc_heap)
    }

    /// I1.
    fn written(&self) -> Result<Vec<u8>, Error> {
        bytes(&(&self.info, &self.table, &self.types))
    }

    /// The field that a byte of the section belongs to.
    fn field(&self, at: usize) -> Result<&'static str, Error> {
        let module = &self.info.module;
        let fields = [
            ("module_index", bytes(&module.module_index)?),
            ("strings", bytes(&module.strings)?),
            ("name", bytes(&module.name)?),
            ("initializers (imports)", bytes(&module.initializers)?),
            ("exports", bytes(&module.exports)?),
            ("startup", bytes(&module.startup)?),
            ("table_initialization", bytes(&module.table_initialization)?),
            ("memory_initialization", bytes(&module.memory_initialization)?),
            ("passive_elements", bytes(&module.passive_elements)?),
            ("runtime_data", bytes(&module.runtime_data)?),
            ("types", bytes(&module.types)?),
            ("num_imported_funcs", bytes(&module.num_imported_funcs)?),
            ("num_imported_tables", bytes(&module.num_imported_tables)?),
            ("num_imported_memories", bytes(&module.num_imported_memories)?),
            ("num_imported_globals", bytes(&module.num_imported_globals)?),
            ("num_imported_tags", bytes(&module.num_imported_tags)?),
            ("needs_gc_heap", bytes(&module.needs_gc_heap)?),
            ("num_escaped_funcs", bytes(&module.num_escaped_funcs)?),
            ("functions", bytes(&module.functions)?),
            ("tables", bytes(&module.tables)?),
            ("memories", bytes(&module.memories)?),
            ("globals", bytes(&module.globals)?),
            ("global_initializers", bytes(&module.global_initializers)?),
            ("tags", bytes(&module.tags)?),
            ("meta", bytes(&self.info.meta)?),
            ("func_names", bytes(&self.info.func_names)?),
            ("checksum", bytes(&self.info.checksum)?),
            ("the table of functions", bytes(&self.table)?),
            ("the types of the module", bytes(&self.types)?),
        ];
        let mut end = 0;
        for (field, bytes) in fields {
            end += bytes.len();
            if at < end {
                return Ok(field);
            }
        }
        Ok("behind its end")
    }
}

fn bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    postcard::to_allocvec(value).map_err(|error| Error::new(INFO, format!("not written: {error}")))
}
