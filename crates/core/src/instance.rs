//! Instances: a module with its imports, instantiated in a store, and its exports.
//!
//! `linker` finds imports by name. The runtime checks their types, makes the objects and runs the
//! start function, in the specification's order.

use crate::error::{Error, LinkError, OrBug, Result, bail, misuse, refused};
use crate::externals::{Extern, Global, Table, Tag};
use crate::func::Func;
use crate::memory::Memory;
use crate::module::{Module, ModuleExport};
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut, StoreId};
use crate::typed::{TypedFunc, WasmParams, WasmResults};
use crate::types::ExternType;
use prova_demangle::printable;
use prova_module as module;
use prova_runtime as rt;
use rt::{FuncAddr, InstanceAddr, InstantiateError, Part};

/// An instance of a module in a store.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module (memory (export "m") 1) (func (export "f") (result i32) (i32.const 7)))"#,
/// )?)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let names: Vec<&str> = instance.exports(&store).map(|export| export.name()).collect();
/// assert_eq!(names, ["m", "f"]);
/// assert!(instance.get_memory(&store, "m").is_some() && instance.get_func(&store, "m").is_none());
/// let f = instance.get_typed_func::<(), i32>(&store, "f")?;
/// assert_eq!(f.call(&mut store, ())?, 7);
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instance {
    pub(crate) store: StoreId,
    pub(crate) addr: InstanceAddr,
}

/// An export of an instance.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str("(module (table (export \"t\") 3 funcref))")?)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// for export in instance.exports(&store) {
///     assert!(matches!((export.name(), export.ty(&store)), ("t", ExternType::Table(_))));
///     assert!(export.into_table().is_some());
/// }
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Export<'i> {
    name: &'i str,
    item: Extern,
}

impl<'i> Export<'i> {
    /// The name.
    pub fn name(&self) -> &'i str {
        self.name
    }

    /// The type of the exported object.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        self.item.ty(store)
    }

    /// The exported object.
    pub fn into_extern(self) -> Extern {
        self.item
    }

    /// The exported function; `None` for another object.
    pub fn into_func(self) -> Option<Func> {
        self.item.into_func()
    }

    /// The exported table; `None` for another object.
    pub fn into_table(self) -> Option<Table> {
        self.item.into_table()
    }

    /// The exported memory; `None` for another object.
    pub fn into_memory(self) -> Option<Memory> {
        self.item.into_memory()
    }

    /// The exported global; `None` for another object.
    pub fn into_global(self) -> Option<Global> {
        self.item.into_global()
    }

    /// The exported tag; `None` for another object.
    pub fn into_tag(self) -> Option<Tag> {
        self.item.into_tag()
    }
}

impl Instance {
    /// Instantiates `module` with `imports` in the order of its imports, and runs its start
    /// function.
    ///
    /// # Errors
    /// [`LinkError`] if the imports do not fit or a limit of the store is exceeded; a
    /// [`Trap`](crate::Trap) of a segment or of the start function, or the error of a host function
    /// that it calls.
    ///
    /// # Panics
    /// If an import belongs to another store.
    pub fn new(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance> {
        let mut store = store.as_context_mut();
        let instance = Instance::unstarted(&mut store, module, imports)?;
        instance.start(&mut store, module)?;
        Ok(instance)
    }

    /// Calls the start function, if the module has one.
    pub(crate) fn start<T: 'static>(
        &self,
        store: &mut StoreContextMut<'_, T>,
        module: &Module,
    ) -> Result<()> {
        let Some(start) = self.start_func(&*store, module) else { return Ok(()) };
        let roots = store.rt.rooted();
        store.invoke(start, (&[], &mut []), roots, |_, _| ()).map_err(of_start)
    }

    /// The instance before its start function runs.
    pub(crate) fn unstarted<T: 'static>(
        store: &mut StoreContextMut<'_, T>,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance> {
        store.state.engine.check_same(module)?;
        for import in imports {
            import.expect(store.state.id);
        }
        let wanted = module.imports().len();
        if imports.len() != wanted {
            misuse!("expected {wanted} imports, found {}", imports.len());
        }
        if let Some(share) = &mut store.state.share {
            share.take(module)?;
        }
        let imports: Result<Vec<rt::Extern>> =
            imports.iter().map(|import| import.to_rt(store)).collect();
        let imports = imports?;
        let prototype = module.prototype();
        let made = store.rt.instantiate_unstarted(store.state, prototype, &imports);
        let addr = made.map_err(|error| {
            let made = matches!(error, InstantiateError::Trap { .. });
            if let Some(share) = store.state.share.as_mut().filter(|_| !made) {
                share.give_back(module);
            }
            error_of_instantiation(error, store)
        })?;
        store.state.modules.insert(addr, module.clone());
        Ok(Instance { store: store.state.id, addr })
    }

    /// Its start function.
    pub(crate) fn start_func(&self, store: impl AsContext, module: &Module) -> Option<FuncAddr> {
        Some(store.as_context().rt.instance(self.addr).func_addr(module.wasm().start()?))
    }

    /// Its module.
    ///
    /// # Panics
    /// Like all methods: if the instance belongs to another store.
    pub fn module<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a Module {
        let store = store.into();
        self.store.expect(store.state.id);
        let module = store.state.modules.get(&self.addr);
        module.or_bug("an `Instance` exists once its module is recorded")
    }

    /// All exports in the module's order.
    pub fn exports<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> impl Iterator<Item = Export<'a>> {
        let store = store.into();
        self.store.expect(store.state.id);
        let id = self.store;
        store
            .rt
            .instance(self.addr)
            .exports()
            .map(move |(name, item)| Export { name, item: Extern::of_rt(item, store.rt, id) })
    }

    /// The export of this name.
    pub fn get_export(&self, store: impl AsContext, name: &str) -> Option<Extern> {
        let store = store.as_context();
        self.store.expect(store.state.id);
        let item = store.rt.instance(self.addr).export(name)?;
        Some(Extern::of_rt(item, store.rt, self.store))
    }

    /// The export that was found in its module before; `None` if that is another module.
    ///
    /// ```
    /// use prova_core::*;
    ///
    /// let engine = Engine::default();
    /// let text = "(module (memory (export \"memory\") 1))";
    /// let module = Module::new(&engine, wat::parse_str(text)?)?;
    /// let memory = module.get_export_index("memory").expect("it is there");
    /// let mut store = Store::new(&engine, ());
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// assert!(instance.get_module_export(&store, &memory).is_some());
    /// let other = Module::new(&engine, wat::parse_str(text)?)?;
    /// let other = other.get_export_index("memory").expect("it is there");
    /// assert!(instance.get_module_export(&store, &other).is_none());
    /// # Ok::<(), prova_core::Error>(())
    /// ```
    pub fn get_module_export(
        &self,
        store: impl AsContext,
        export: &ModuleExport,
    ) -> Option<Extern> {
        let store = store.as_context();
        self.store.expect(store.state.id);
        let module = store.state.modules.get(&self.addr)?;
        if !Module::same(module, &export.module) {
            return None;
        }
        self.get_export(store, &export.name)
    }

    /// The tag of this name.
    pub fn get_tag(&self, store: impl AsContext, name: &str) -> Option<Tag> {
        self.get_export(store, name)?.into_tag()
    }

    /// The function of this name.
    pub fn get_func(&self, store: impl AsContext, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The function of this name, with Rust types.
    ///
    /// # Errors
    /// If there is none, or its type is another one.
    pub fn get_typed_func<Params: WasmParams, Results: WasmResults>(
        &self,
        store: impl AsContext,
        name: &str,
    ) -> Result<TypedFunc<Params, Results>> {
        let store = store.as_context();
        match self.get_func(&store, name) {
            Some(func) => func.typed(&store).map_err(|error| {
                error.context(format!(
                    "failed to convert function `{}` to given type",
                    printable(name)
                ))
            }),
            None => bail!("failed to find function export `{}`", printable(name)),
        }
    }

    /// The table of this name.
    pub fn get_table(&self, store: impl AsContext, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The memory of this name.
    pub fn get_memory(&self, store: impl AsContext, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The global of this name.
    pub fn get_global(&self, store: impl AsContext, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }
}

/// The error of its kind.
fn error_of_instantiation<T: 'static>(
    error: InstantiateError,
    store: &mut StoreContextMut<'_, T>,
) -> Error {
    if let Some(refused) = store.state.asked.error.take() {
        return refused;
    }
    match error {
        InstantiateError::Trap { trap, part, .. } => {
            let error = store.error_of_trap(trap);
            match part {
                Part::Segments => {
                    error.context("failed to initialise its globals, tables and memories")
                }
                Part::Start => of_start(error),
            }
        }
        InstantiateError::Link(error) => {
            let (module, name) = (printable(&error.module).into(), printable(&error.name).into());
            let shown = rt::LinkError { module, name, ..error };
            Error::new(LinkError::new(shown.to_string()))
        }
        InstantiateError::Unsupported(proposal) => refused(module::Error {
            offset: None,
            func: None,
            kind: module::ErrorKind::Unsupported { proposal, instruction: None },
        }),
        InstantiateError::Create(error) => Error::new(LinkError::of_creation(&error)),
        other @ InstantiateError::ImportCount { .. } => {
            Error::new(LinkError::new(other.to_string()))
        }
    }
}

/// The error of a start function.
pub(crate) fn of_start(error: Error) -> Error {
    error.context("failed to run its start function")
}
