//! Bytes → [`Module`]: decoded and validated by Prova, with imports and exports that the layer has
//! types for.

use crate::types::extern_type_of;
use crate::{Engine, start};
use prova::{Context, Result};
use std::io::Read;
use std::sync::Arc;
use wasm_runtime_layer::backend::WasmModule;
use wasm_runtime_layer::{ExportType, ExternType, ImportType};

/// A compiled module.
#[derive(Clone, Debug)]
pub struct Module {
    pub(crate) prova: prova::Module,
    /// The export that stands for the start function (`start`).
    pub(crate) start: Option<Arc<str>>,
}

impl Module {
    fn is_hidden(&self, export: &str) -> bool {
        self.start.as_deref() == Some(export)
    }
}

impl WasmModule<Engine> for Module {
    /// # Errors
    /// If the stream cannot be read; those of [`prova::Module::new`]; if an import or export has a
    /// type that the layer does not have.
    fn new(engine: &Engine, mut stream: impl Read) -> Result<Self> {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).context("failed to read the module")?;
        let module = match start::as_export(&bytes) {
            Some((changed, name)) => {
                // Faults are reported at their places in the original.
                prova::Module::validate(&engine.prova, &bytes)?;
                let prova = prova::Module::from_binary(&engine.prova, &changed)?;
                Module { prova, start: Some(name.into()) }
            }
            None => {
                Module { prova: prova::Module::from_binary(&engine.prova, &bytes)?, start: None }
            }
        };
        for import in module.prova.imports() {
            extern_type_of(&import.ty())
                .with_context(|| format!("import `{}::{}`", import.module(), import.name()))?;
        }
        for export in module.prova.exports() {
            extern_type_of(&export.ty()).with_context(|| format!("export `{}`", export.name()))?;
        }
        Ok(module)
    }

    fn exports(&self) -> Box<dyn '_ + Iterator<Item = ExportType<'_>>> {
        let shown = self.prova.exports().filter(|export| !self.is_hidden(export.name()));
        // `new` has converted every type once.
        Box::new(shown.filter_map(|export| {
            Some(ExportType { name: export.name(), ty: extern_type_of(&export.ty()).ok()? })
        }))
    }

    fn get_export(&self, name: &str) -> Option<ExternType> {
        if self.is_hidden(name) {
            return None;
        }
        extern_type_of(&self.prova.get_export(name)?).ok()
    }

    fn imports(&self) -> Box<dyn '_ + Iterator<Item = ImportType<'_>>> {
        Box::new(self.prova.imports().filter_map(|import| {
            let ty = extern_type_of(&import.ty()).ok()?;
            Some(ImportType { module: import.module(), name: import.name(), ty })
        }))
    }
}
