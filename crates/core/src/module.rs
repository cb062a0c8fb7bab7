//! WebAssembly bytes → [`Module`]: decoded, validated, and with the place for its checked bytecode.
//!
//! Eager translation happens here, so that a module that exists is one whose functions all passed.

use crate::compiler::Refusal;
use crate::config::Translate;
use crate::engine::Engine;
use crate::error::{Context, Result, misuse, refused};
use crate::machine::MachineCompiler;
use crate::pipeline::{AttachFailure, Code, Compilers, Tiers, Translated};
use crate::text;
use crate::types::{
    ExportType, ExternType, FuncType, GlobalType, ImportType, MemoryType, TableType,
};
use module::ExternKind;
use prova_bytecode::{Candidate, CheckedBytecode, Settings};
use prova_module as module;
use prova_runtime::Prototype;
use prova_wording::Explanation;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// A compiled module: valid, and ready to be instantiated in any store of its engine. Cloning is
/// cheap.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, b"\0asm\x01\0\0\0")?;
/// assert_eq!(module.exports().count(), 0);
/// assert!(Module::new(&engine, b"\0asm\x02\0\0\0").is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Module(Arc<Inner>);

/// The memories and tables that an instance of a module needs; see [`Module::resources_required`].
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str("(module (memory 2) (table 5 funcref))")?)?;
/// let required = module.resources_required();
/// assert_eq!((required.num_memories, required.num_tables), (1, 1));
/// assert_eq!(required.max_initial_memory_size, Some(2 << 16));
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourcesRequired {
    /// Memories that the module defines.
    pub num_memories: u32,
    /// The size in bytes at which the greatest of them starts; `None` if there is none.
    pub max_initial_memory_size: Option<u64>,
    /// Tables that the module defines.
    pub num_tables: u32,
    /// The number of elements with which the greatest of them starts; `None` if there is none.
    pub max_initial_table_size: Option<u64>,
}

/// An export of a module, found once: [`Module::get_export_index`],
/// [`Instance::get_module_export`](crate::Instance::get_module_export).
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str("(module (memory (export \"m\") 1))")?)?;
/// let found = module.get_export_index("m").expect("it is exported");
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// assert!(instance.get_module_export(&store, &found).is_some());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ModuleExport {
    pub(crate) module: Module,
    pub(crate) name: Arc<str>,
}

/// A custom section of a module; see [`Module::custom_sections`].
///
/// ```
/// use prova_core::*;
///
/// let module = Module::new(&Engine::default(), b"\0asm\x01\0\0\0\0\x03\x01ab")?;
/// let names: Vec<&str> = module.custom_sections().map(|section| section.name()).collect();
/// assert_eq!(names, ["a"]);
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomSection<'m> {
    name: &'m str,
    data: &'m [u8],
}

impl<'m> CustomSection<'m> {
    /// Its name.
    pub fn name(&self) -> &'m str {
        self.name
    }

    /// Its bytes, without the name.
    pub fn data(&self) -> &'m [u8] {
        self.data
    }
}

/// A function's translation and what the check says of it; see [`Module::explain`].
#[derive(Debug)]
pub struct Explained {
    /// The settings of the translation.
    pub settings: Settings,
    /// The translator's proposal.
    pub candidate: Candidate,
    /// The steps of the check.
    pub explanation: Explanation,
}

struct Inner {
    engine: Engine,
    wasm: module::Module,
    code: Arc<Code>,
    /// Why the machine code of the file that it is from is not used.
    unused: Option<String>,
    /// The parts that its instances share, once there is one.
    prototype: OnceLock<Prototype>,
}

impl Module {
    /// Decodes and validates a module in the binary format, or in the text format where the engine
    /// reads it ([`Config::text_format`](crate::Config::text_format)); where the engine translates
    /// eagerly, makes and checks the code that every function runs as.
    ///
    /// # Errors
    /// [`InvalidModule`](crate::InvalidModule), [`InvalidText`](crate::InvalidText),
    /// [`UnsupportedModule`](crate::UnsupportedModule), or
    /// from an eager translation that is refused, a [`Bug`](crate::Bug).
    pub fn new(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module> {
        Module::of(engine, text::binary(engine, bytes.as_ref().into(), None)?)
    }

    fn of(engine: &Engine, bytes: Arc<[u8]>) -> Result<Module> {
        Module::compiled_by(engine, bytes, Arc::clone(engine.compilers()), None, None)
    }

    /// A module from a file whose machine code is not used, for this reason.
    pub(crate) fn without_code_of_file(
        engine: &Engine,
        bytes: Arc<[u8]>,
        why: String,
    ) -> Result<Module> {
        Module::compiled_by(engine, bytes, Arc::clone(engine.compilers()), None, Some(why))
    }

    /// A module whose machine code comes from `machine` in place of the engine's compiler; `unfit`:
    /// why there is none of it.
    pub(crate) fn with_machine_code(
        engine: &Engine,
        bytes: Arc<[u8]>,
        machine: Arc<dyn MachineCompiler>,
        unfit: Option<String>,
    ) -> Result<Module> {
        let target = engine.config().machine_of(&*machine);
        let compilers = engine.compilers().with_native((machine, target));
        Module::compiled_by(engine, bytes, Arc::new(compilers), unfit, None)
    }

    fn compiled_by(
        engine: &Engine,
        bytes: Arc<[u8]>,
        compilers: Arc<Compilers>,
        no_machine_code: Option<String>,
        unused: Option<String>,
    ) -> Result<Module> {
        let config = engine.config();
        // Who translates all functions needs the facts of all.
        let decode = match config.translate {
            Translate::Eager => module::Module::decode_with_facts,
            Translate::Lazy => module::Module::decode,
        };
        let wasm = decode(bytes, &config.features, &config.limits).map_err(refused)?;
        let code = Code::new(wasm.clone(), config.settings(), compilers, no_machine_code);
        let (engine, prototype) = (engine.clone(), OnceLock::new());
        let module = Module(Arc::new(Inner { engine, wasm, code, unused, prototype }));
        if let Some(pool) = module.engine().pool() {
            pool.check_module(&module)?;
        }
        if config.translate == Translate::Eager {
            module.0.code.make_all()?;
        }
        Ok(module)
    }

    /// The same, of a file.
    ///
    /// # Errors
    /// If the file cannot be read, and those of [`Module::new`].
    pub fn from_file(engine: &Engine, file: impl AsRef<Path>) -> Result<Module> {
        let file = file.as_ref();
        let bytes = read(file, engine.config().limits.module_bytes)
            .with_context(|| format!("failed to read `{}`", file.display()))?;
        Module::of(engine, text::binary(engine, bytes, Some(file))?)
    }

    /// The same, of the binary format alone.
    ///
    /// # Errors
    /// Those of [`Module::new`].
    pub fn from_binary(engine: &Engine, binary: &[u8]) -> Result<Module> {
        Module::of(engine, binary.into())
    }

    /// A module that is not validated: there is none, since code runs that was proved equal to
    /// valid WebAssembly alone. [`Module::new`] takes the same bytes.
    ///
    /// # Errors
    /// [`Misuse`](crate::Misuse), always.
    pub fn new_unchecked(_engine: &Engine, _bytes: impl AsRef<[u8]>) -> Result<Module> {
        misuse!("`Module::new_unchecked`: every module is validated; `Module::new` does it")
    }

    /// Decodes and validates without translating.
    ///
    /// # Errors
    /// [`InvalidModule`](crate::InvalidModule), [`UnsupportedModule`](crate::UnsupportedModule).
    pub fn validate(engine: &Engine, binary: &[u8]) -> Result<()> {
        let config = engine.config();
        module::Module::decode(binary, &config.features, &config.limits).map_err(refused)?;
        Ok(())
    }

    /// Translates and checks every function that is not yet, in parallel, and says how much there
    /// is.
    ///
    /// # Errors
    /// [`Bug`](crate::Bug), or [`UnsupportedModule`](crate::UnsupportedModule) for a function that
    /// exceeds a limit of the bytecode; of several the one of the lowest function index.
    pub fn translate(&self) -> Result<Translated> {
        self.0.code.translate_all()
    }

    /// The checked bytecode of a function with a body, for tools.
    ///
    /// # Errors
    /// Those of [`Module::translate`].
    pub fn bytecode(&self, func: module::FuncIdx) -> Result<Arc<CheckedBytecode>> {
        self.0.code.bytecode(func).map_err(AttachFailure::into_error)
    }

    /// The functions that do not run as code of the configured compiler
    /// ([`Config::compiler`](crate::Config::compiler)), of those that were needed so far, in the
    /// order of their indices.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.0.code.refusals()
    }

    /// Why the machine code of the file that it was loaded from
    /// ([`Module::deserialize`](crate::Module::deserialize)) is not used, where the engine's
    /// compiler makes it instead.
    pub fn unused_code(&self) -> Option<&str> {
        self.0.unused.as_deref()
    }

    /// The machine code that there is of it so far.
    pub fn tiers(&self) -> Tiers {
        self.0.code.tiers()
    }

    /// The translator's proposal for a function with a body, and the steps of its check; for tools.
    ///
    /// # Errors
    /// Those of [`Module::translate`], except that a refusal is in the explanation.
    pub fn explain(&self, func: module::FuncIdx) -> Result<Explained> {
        self.0.code.explain(func).map_err(AttachFailure::into_error)
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The name in the name section.
    pub fn name(&self) -> Option<&str> {
        self.0.wasm.names().module()
    }

    /// The decoded module, for tools.
    pub fn wasm(&self) -> &module::Module {
        &self.0.wasm
    }

    /// All imports in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> + '_ {
        self.wasm().imports().iter().map(|import| {
            let ty = self.extern_type(&import.kind);
            ImportType { module: &import.module, name: &import.name, ty }
        })
    }

    /// All exports in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> + '_ {
        self.wasm()
            .exports()
            .iter()
            .map(|export| ExportType { name: &export.name, ty: self.export_type(export) })
    }

    /// All custom sections in the module's order.
    ///
    /// ```
    /// use prova_core::*;
    ///
    /// let module = Module::new(&Engine::default(), b"\0asm\x01\0\0\0\0\x06\x04note!")?;
    /// let section = module.custom_sections().next().expect("there is one");
    /// assert_eq!((section.name(), section.data()), ("note", &b"!"[..]));
    /// # Ok::<(), prova_core::Error>(())
    /// ```
    pub fn custom_sections(&self) -> impl ExactSizeIterator<Item = CustomSection<'_>> + '_ {
        let bytes = self.wasm().bytes();
        let sections = self.wasm().custom_sections().iter();
        sections.map(|own| CustomSection { name: &own.name, data: &bytes[own.range.clone()] })
    }

    /// The type of the export of this name.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        Some(self.export_type(self.wasm().export(name)?))
    }

    /// The export of this name, for
    /// [`Instance::get_module_export`](crate::Instance::get_module_export).
    pub fn get_export_index(&self, name: &str) -> Option<ModuleExport> {
        let export = self.wasm().export(name)?;
        Some(ModuleExport { module: self.clone(), name: Arc::from(&*export.name) })
    }

    /// Whether both are the same module.
    pub fn same(a: &Module, b: &Module) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    pub(crate) fn code(&self) -> &Code {
        &self.0.code
    }

    pub(crate) fn prototype(&self) -> &Prototype {
        self.0.prototype.get_or_init(|| {
            let images = self.engine().config().memory_images_from;
            Prototype::new(self.wasm(), Arc::clone(&self.0.code) as _, images)
        })
    }

    fn export_type(&self, export: &module::Export) -> ExternType {
        let wasm = self.wasm();
        let at = export.index as usize;
        match export.kind {
            ExternKind::Func => {
                let ty = wasm.func_type_idx(module::FuncIdx(export.index));
                ExternType::Func(FuncType::of_module(wasm, ty))
            }
            ExternKind::Table => ExternType::Table(TableType::of_module(&wasm.tables()[at], wasm)),
            ExternKind::Memory => ExternType::Memory(MemoryType::of_module(&wasm.memories()[at])),
            ExternKind::Global => {
                ExternType::Global(GlobalType::of_module(&wasm.globals()[at], wasm))
            }
            ExternKind::Tag => ExternType::Tag(FuncType::of_module(wasm, wasm.tags()[at])),
        }
    }

    fn extern_type(&self, ty: &module::ExternType) -> ExternType {
        match ty {
            module::ExternType::Func(ty) => ExternType::Func(FuncType::of_module(self.wasm(), *ty)),
            module::ExternType::Tag(ty) => ExternType::Tag(FuncType::of_module(self.wasm(), *ty)),
            module::ExternType::Table(ty) => {
                ExternType::Table(TableType::of_module(ty, self.wasm()))
            }
            module::ExternType::Memory(ty) => ExternType::Memory(MemoryType::of_module(ty)),
            module::ExternType::Global(ty) => {
                ExternType::Global(GlobalType::of_module(ty, self.wasm()))
            }
        }
    }
}

/// The contents of a file. One whose length the system knows, and which is not over the limit
/// (`max` bytes), is read where it stays.
pub(crate) fn read(file: &Path, max: u64) -> io::Result<Arc<[u8]>> {
    let mut file = File::open(file)?;
    let len = file.metadata().map_or(0, |about| if about.is_file() { about.len() } else { 0 });
    let len = if len > max { 0 } else { usize::try_from(len).unwrap_or(0) };
    let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, len).collect();
    let mut rest = Vec::new();
    if let Some(place) = Arc::get_mut(&mut bytes) {
        file.read_exact(place)?;
    }
    // The file is longer than the system said. A byte over the limit is enough to refuse it.
    let left = max.saturating_add(1).saturating_sub(len as u64);
    file.take(left).read_to_end(&mut rest)?;
    Ok(if rest.is_empty() { bytes } else { [&bytes, &*rest].concat().into() })
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.wasm(), f)
    }
}
