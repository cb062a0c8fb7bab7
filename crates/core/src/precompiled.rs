//! Files of [`Module::serialize`] by the names that users of Wasmtime know.
//!
//! `artifact` makes and loads them; here is what tells them from modules, and shorter ways.

use crate::engine::Engine;
use crate::error::{Context, Result};
use crate::module::{self, Module};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A kind of precompiled code.
///
/// ```
/// use prova_core::*;
///
/// assert_eq!(Engine::detect_precompiled(b"\0asm\x01\0\0\0"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Precompiled {
    /// A module: [`Module::deserialize`] loads it.
    Module,
}

impl Engine {
    /// The kind of precompiled code that these bytes begin as, if they do: they may be damaged all
    /// the same.
    pub fn detect_precompiled(bytes: &[u8]) -> Option<Precompiled> {
        prova_artifact::is_artifact(bytes).then_some(Precompiled::Module)
    }

    /// The same, of a file.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn detect_precompiled_file(file: impl AsRef<Path>) -> Result<Option<Precompiled>> {
        let (file, mut start) = (file.as_ref(), Vec::new());
        let read = File::open(file).and_then(|file| file.take(64).read_to_end(&mut start));
        read.with_context(|| format!("failed to read `{}`", file.display()))?;
        Ok(Engine::detect_precompiled(&start))
    }

    /// Compiles a module, in the binary or the text format, to the bytes of a file:
    /// [`Module::serialize`].
    ///
    /// # Errors
    /// Those of [`Module::new`] and [`Module::serialize`].
    pub fn precompile_module(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        Module::new(self, bytes)?.serialize()
    }
}

impl Module {
    /// Loads a file of any kind: a module in the binary or text format, or precompiled. Unlike
    /// in Wasmtime the file need not be trusted.
    ///
    /// # Errors
    /// Those of [`Module::from_file`] and [`Module::deserialize_file`].
    pub fn from_trusted_file(engine: &Engine, file: impl AsRef<Path>) -> Result<Module> {
        let file = file.as_ref();
        match Engine::detect_precompiled_file(file)? {
            Some(Precompiled::Module) => Module::deserialize_file(engine, file),
            None => Module::from_file(engine, file),
        }
    }

    /// Makes the images of its data segments now
    /// ([`Config::memory_images`](crate::Config::memory_images)), not at its second instance.
    ///
    /// # Errors
    /// None today.
    pub fn initialize_copy_on_write_image(&self) -> Result<()> {
        self.prototype().make_images();
        Ok(())
    }

    /// The memories and tables that an instance needs besides what it imports.
    ///
    /// ```
    /// use prova_core::*;
    ///
    /// let text = "(module (import \"a\" \"b\" (memory 9)) (memory 2) (memory 3) (table 4 funcref))";
    /// let needs = Module::new(&Engine::default(), wat::parse_str(text)?)?.resources_required();
    /// assert_eq!((needs.num_memories, needs.max_initial_memory_size), (2, Some(3 << 16)));
    /// assert_eq!((needs.num_tables, needs.max_initial_table_size), (1, Some(4)));
    /// # Ok::<(), prova_core::Error>(())
    /// ```
    pub fn resources_required(&self) -> module::ResourcesRequired {
        let wasm = self.wasm();
        let memories = &wasm.memories()[wasm.imported_memory_count()..];
        let tables = &wasm.tables()[wasm.imported_table_count()..];
        module::ResourcesRequired {
            num_memories: memories.len() as u32,
            max_initial_memory_size: memories
                .iter()
                .map(|ty| ty.min.saturating_mul(1 << ty.page_size_log2))
                .max(),
            num_tables: tables.len() as u32,
            max_initial_table_size: tables.iter().map(|ty| ty.min).max(),
        }
    }
}
