//! [`Instance`]: a module with its imports, found by name.

use crate::externs::{extern_of, extern_to_prova};
use crate::object::Object;
use crate::{Engine, Module};
use prova::{Context, Linker, Result};
use std::sync::Arc;
use wasm_runtime_layer::backend::{AsContext, AsContextMut, Export, Extern, Imports, WasmInstance};

/// An instance of a module in a store.
#[derive(Clone, Debug)]
pub struct Instance {
    object: Object<prova::Instance>,
    /// The export that stands for the start function (`start`).
    start: Option<Arc<str>>,
}

impl WasmInstance<Engine> for Instance {
    /// # Errors
    /// Those of [`Linker::instantiate`], and of the start function; if an import belongs to another
    /// store.
    fn new(
        mut store: impl AsContextMut<Engine>,
        module: &Module,
        imports: &Imports<Engine>,
    ) -> Result<Self> {
        let mut ctx = store.as_context_mut();
        let key = ctx.key();
        let mut linker = Linker::new(ctx.engine.prova());
        // A module may import the same name twice.
        linker.allow_shadowing(true);
        for import in module.prova.imports() {
            let (from, name) = (import.module(), import.name());
            if let Some(item) = imports.get_export(from, name) {
                let item = extern_to_prova(&item, key)
                    .with_context(|| format!("import `{from}::{name}`"))?;
                linker.define(&ctx.prova, from, name, item)?;
            }
        }
        let instance = linker.instantiate(&mut ctx.prova, &module.prova)?;
        if let Some(start) = &module.start {
            let func = instance.get_func(&ctx.prova, start);
            let func = func.context("the start function is no export")?;
            ctx.call(func, &[], &mut []).context("failed to run its start function")?;
        }
        Ok(Instance { object: Object::new(key, instance), start: module.start.clone() })
    }

    fn exports(&self, store: impl AsContext<Engine>) -> Box<dyn Iterator<Item = Export<Engine>>> {
        let ctx = store.as_context();
        let key = ctx.key();
        let all = self.object.handle().exports(ctx.prova);
        let shown = all.filter(|export| self.start.as_deref() != Some(export.name()));
        let exports: Vec<_> = shown
            .filter_map(|export| {
                let name = export.name().to_owned();
                Some(Export { name, value: extern_of(export.into_extern(), key)? })
            })
            .collect();
        Box::new(exports.into_iter())
    }

    fn get_export(&self, store: impl AsContext<Engine>, name: &str) -> Option<Extern<Engine>> {
        if self.start.as_deref() == Some(name) {
            return None;
        }
        let ctx = store.as_context();
        let key = ctx.key();
        extern_of(self.object.handle().get_export(ctx.prova, name)?, key)
    }
}
