//! Imports by name: [`Linker`].
//!
//! Host functions of a linker belong to no store yet; they become objects of a store when a module
//! is instantiated there.

use crate::engine::Engine;
use crate::error::{
    Context, Error, LinkError, OrBug, Result, bail, format_err, import_name, misuse,
};
use crate::externals::{Extern, Global, Table};
use crate::func::{Caller, Func};
use crate::host::{HostFunc, IntoFunc};
use crate::instance::Instance;
use crate::memory::Memory;
use crate::module::Module;
use crate::reference::Ref;
use crate::store::{AsContext, AsContextMut, StoreContextMut};
use crate::trap::Trap;
use crate::types::{ExternType, FuncType, ImportType, ValType};
use crate::value::Val;
use prova_demangle::printable;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Finds the imports of modules by their two names.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut linker = Linker::new(&engine);
/// linker.func_wrap("host", "double", |x: i32| x * 2)?;
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module (import "host" "double" (func $double (param i32) (result i32)))
///          (func (export "quadruple") (param i32) (result i32)
///            local.get 0 call $double call $double))"#,
/// )?)?;
/// let mut store = Store::new(&engine, ());
/// let instance = linker.instantiate(&mut store, &module)?;
/// let quadruple = instance.get_typed_func::<i32, i32>(&mut store, "quadruple")?;
/// assert_eq!(quadruple.call(&mut store, 5)?, 20);
/// # Ok::<(), prova_core::Error>(())
/// ```
pub struct Linker<T: 'static> {
    engine: Engine,
    allow_shadowing: bool,
    items: BTreeMap<String, BTreeMap<String, Definition<T>>>,
}

/// The definition of a name.
enum Definition<T: 'static> {
    /// An object of a store.
    Extern(Extern),
    /// A host function that becomes an object of each store.
    Host(HostFunc<T>),
    /// Something that each instantiation brings.
    Open,
}

impl<T: 'static> Clone for Definition<T> {
    fn clone(&self) -> Self {
        match self {
            Definition::Extern(item) => Definition::Extern(item.clone()),
            Definition::Host(func) => Definition::Host(func.clone()),
            Definition::Open => Definition::Open,
        }
    }
}

impl<T: 'static> Definition<T> {
    /// Whether it is a host function of the type that an import wants, which names no other type.
    fn fits(&self, import: &ImportType<'_>) -> bool {
        let Definition::Host(func) = self else { return false };
        match import.ty() {
            ExternType::Func(ty) => func.ty.names_none() && ty.raw() == func.ty.raw(),
            ExternType::Table(_)
            | ExternType::Memory(_)
            | ExternType::Global(_)
            | ExternType::Tag(_) => false,
        }
    }

    /// As an object of `store`; `None` for one that an instantiation brings.
    fn to_extern(&self, store: impl AsContextMut<Data = T>) -> Option<Extern> {
        match self {
            Definition::Extern(item) => Some(item.clone()),
            Definition::Host(func) => Some(func.to_func(store).into()),
            Definition::Open => None,
        }
    }
}

impl<T: 'static> Clone for Linker<T> {
    fn clone(&self) -> Self {
        let Linker { engine, allow_shadowing, items } = self;
        Linker { engine: engine.clone(), allow_shadowing: *allow_shadowing, items: items.clone() }
    }
}

impl<T: 'static> Linker<T> {
    /// A linker without names.
    pub fn new(engine: &Engine) -> Linker<T> {
        Linker { engine: engine.clone(), allow_shadowing: false, items: BTreeMap::new() }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether a name may be defined again, which replaces what it stood for. Off by default.
    pub fn allow_shadowing(&mut self, allow: bool) -> &mut Linker<T> {
        self.allow_shadowing = allow;
        self
    }

    /// Defines a name as an object of a store; modules are instantiated in that store alone then.
    ///
    /// # Errors
    /// If the name is defined and shadowing is off.
    ///
    /// # Panics
    /// If `item` belongs to another store.
    pub fn define(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Linker<T>> {
        let item = item.into();
        item.expect(store.as_context().state.id);
        self.insert(module, name, Definition::Extern(item))
    }

    /// Defines a name as something that each instantiation brings
    /// ([`InstancePre::instantiate_with`]): a private memory, for instance.
    ///
    /// # Errors
    /// If the name is defined and shadowing is off.
    pub fn define_open(&mut self, module: &str, name: &str) -> Result<&mut Linker<T>> {
        self.insert(module, name, Definition::Open)
    }

    /// Defines a name as a host function of a type known at run time only; see [`Func::new`].
    ///
    /// # Errors
    /// If the name is defined and shadowing is off.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<&mut Linker<T>> {
        self.define_host(module, name, HostFunc::new(ty, func))
    }

    /// Defines a name as a host function with the type of `func`.
    ///
    /// # Errors
    /// If the name is defined and shadowing is off.
    pub fn func_wrap<Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Result<&mut Linker<T>> {
        self.define_host(module, name, func.into_host_func())
    }

    /// Defines the name `module` with all exports of `instance`.
    ///
    /// # Errors
    /// If a name is defined and shadowing is off.
    ///
    /// # Panics
    /// If the instance belongs to another store.
    pub fn instance(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        instance: Instance,
    ) -> Result<&mut Linker<T>> {
        for export in instance.exports(&store.as_context()) {
            let name = export.name();
            self.insert(module, name, Definition::Extern(export.into_extern()))?;
        }
        Ok(self)
    }

    /// Instantiates `module`, calls its export `_initialize` if it has one, and defines its exports
    /// under `name`.
    ///
    /// # Errors
    /// Those of instantiation and of the call, or if a name is defined and shadowing is off.
    pub fn module(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        name: &str,
        module: &Module,
    ) -> Result<&mut Linker<T>> {
        let mut store = store.as_context_mut();
        let instance = self.instantiate(&mut store, module)?;
        if let Some(init) = instance.get_func(&store, "_initialize") {
            init.typed::<(), ()>(&store)?
                .call(&mut store, ())
                .context("calling the function `_initialize`")?;
        }
        self.instance(&store, name, instance)
    }

    /// Lets one name stand for what another stands for.
    ///
    /// # Errors
    /// If the other is not defined, or this one is and shadowing is off.
    pub fn alias(
        &mut self,
        module: &str,
        name: &str,
        as_module: &str,
        as_name: &str,
    ) -> Result<&mut Linker<T>> {
        match self.find(module, name).cloned() {
            Some(definition) => self.insert(as_module, as_name, definition),
            None => bail!("no item named `{}` is defined", import_name(module, name)),
        }
    }

    /// Lets one module name stand for all that another stands for.
    ///
    /// # Errors
    /// If a name is defined and shadowing is off.
    pub fn alias_module(&mut self, module: &str, as_module: &str) -> Result<()> {
        for (name, definition) in self.items.get(module).cloned().unwrap_or_default() {
            self.insert(as_module, &name, definition)?;
        }
        Ok(())
    }

    /// Defines every function that `module` imports and that is not defined as one that traps with
    /// [`Trap::Aborted`], under the name of the import.
    ///
    /// # Errors
    /// [`LinkError`] if something else than a function is imported and not defined; nothing is
    /// defined then.
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<()> {
        let mut more = self.clone();
        more.add_traps(module)?;
        *self = more;
        Ok(())
    }

    fn add_traps(&mut self, module: &Module) -> Result<()> {
        for import in module.imports() {
            if self.find(import.module(), import.name()).is_some() {
                continue;
            }
            let unknown = unknown_import(&import);
            match import.ty() {
                ExternType::Func(ty) => {
                    let fail = move |_: Caller<'_, T>, _: &[Val], _: &mut [Val]| {
                        Err(Error::new(Trap::Aborted).context(unknown.to_string()))
                    };
                    self.func_new(import.module(), import.name(), ty, fail)?;
                }
                ExternType::Global(_)
                | ExternType::Table(_)
                | ExternType::Memory(_)
                | ExternType::Tag(_) => return Err(Error::new(unknown)),
            }
        }
        Ok(())
    }

    /// Defines everything that `module` imports and that is not defined, under the name of the
    /// import: functions as ones that return zeros and nulls, and new globals, tables and memories
    /// of `store` with zeros and nulls in them.
    ///
    /// # Errors
    /// [`LinkError`] for a type that has no default: references that are never null, and tags; and
    /// if a limit of the store is exceeded. Nothing is defined then; objects that were made stay in
    /// the store.
    pub fn define_unknown_imports_as_default_values(
        &mut self,
        store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<()> {
        let mut more = self.clone();
        more.add_default_values(store, module)?;
        *self = more;
        Ok(())
    }

    fn add_default_values(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<()> {
        let mut store = store.as_context_mut();
        for import in module.imports() {
            let (module, name) = (import.module(), import.name());
            if self.find(module, name).is_some() {
                continue;
            }
            let value = |ty: &ValType| {
                Val::default_for_ty(ty).ok_or_else(|| {
                    Error::new(unknown_import(&import))
                        .context(format!("there is no default value of type {ty}"))
                })
            };
            let item: Extern = match import.ty() {
                ExternType::Func(ty) => {
                    let results =
                        ty.results().map(|ty| value(&ty)).collect::<Result<Vec<Val>>>()?;
                    let give = move |_: Caller<'_, T>, _: &[Val], out: &mut [Val]| {
                        out.copy_from_slice(&results);
                        Ok(())
                    };
                    self.func_new(module, name, ty, give)?;
                    continue;
                }
                ExternType::Global(ty) => {
                    let value = value(ty.content())?;
                    Global::new(&mut store, ty, value)?.into()
                }
                ExternType::Table(ty) => {
                    value(&ValType::Ref(ty.element().clone()))?;
                    let null = Ref::null(ty.element().heap_type());
                    Table::new(&mut store, ty, null)?.into()
                }
                ExternType::Memory(ty) => Memory::new(&mut store, ty)?.into(),
                ExternType::Tag(_) => return Err(Error::new(unknown_import(&import))),
            };
            self.insert(module, name, Definition::Extern(item))?;
        }
        Ok(())
    }

    /// All names with the objects that they are defined as in `store`, in their order; without
    /// those that are left open ([`Linker::define_open`]).
    pub fn iter<'a>(
        &'a self,
        mut store: impl AsContextMut<Data = T> + 'a,
    ) -> impl Iterator<Item = (&'a str, &'a str, Extern)> + 'a {
        let all = self.items.iter().flat_map(|(module, items)| {
            items.iter().map(move |(name, definition)| (&**module, &**name, definition))
        });
        all.filter_map(move |(module, name, definition)| {
            Some((module, name, definition.to_extern(&mut store)?))
        })
    }

    /// The object that a name is defined as, in `store`.
    ///
    /// # Errors
    /// [`LinkError`] if the name is not defined, or left open ([`Linker::define_open`]).
    pub fn get(
        &self,
        store: impl AsContextMut<Data = T>,
        module: &str,
        name: &str,
    ) -> Result<Extern> {
        let found = self.find(module, name).and_then(|definition| definition.to_extern(store));
        found.ok_or_else(|| Error::new(LinkError::of_unknown_import(module, name)))
    }

    /// The function that `module` stands for as a command: its item with the empty name, or
    /// `_start`.
    ///
    /// # Errors
    /// If there is none, or it is no function.
    pub fn get_default(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
    ) -> Result<Func> {
        for name in ["", "_start"] {
            if let Ok(item) = self.get(&mut store, module, name) {
                return item
                    .into_func()
                    .ok_or_else(|| format_err!("`{}` is no function", import_name(module, name)));
            }
        }
        bail!("`{}` has no default function", printable(module))
    }

    /// Instantiates `module` with the imports that its names stand for.
    ///
    /// # Errors
    /// [`LinkError`] for a name that is not defined; otherwise those of [`Instance::new`].
    pub fn instantiate(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instance> {
        self.instantiate_pre(module)?.make(&mut store.as_context_mut(), &[])
    }

    /// The same under the name that says that the start function runs.
    ///
    /// # Errors
    /// Those of [`Linker::instantiate`].
    pub fn instantiate_and_start(
        &self,
        store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instance> {
        self.instantiate(store, module)
    }

    /// Finds the imports of `module` once, to instantiate it often; see [`InstancePre`].
    ///
    /// # Errors
    /// [`LinkError`] for names that are not defined.
    pub fn instantiate_pre(&self, module: &Module) -> Result<InstancePre<T>> {
        self.engine.check_same(module)?;
        let found = |import: &ImportType<'_>| self.find(import.module(), import.name()).cloned();
        match module.imports().map(|import| found(&import)).collect::<Option<Vec<_>>>() {
            Some(imports) => {
                let ready = module.imports().zip(&imports).map(|(import, item)| item.fits(&import));
                let ready = ready.collect();
                Ok(InstancePre { module: module.clone(), imports, ready })
            }
            None => {
                let missing = module.imports().filter(|import| found(import).is_none());
                Err(Error::new(unknown_imports(missing)))
            }
        }
    }

    /// Defines a name as a host function that exists already.
    pub(crate) fn define_host(
        &mut self,
        module: &str,
        name: &str,
        func: HostFunc<T>,
    ) -> Result<&mut Linker<T>> {
        self.insert(module, name, Definition::Host(func))
    }

    fn find(&self, module: &str, name: &str) -> Option<&Definition<T>> {
        self.items.get(module)?.get(name)
    }

    fn insert(
        &mut self,
        module: &str,
        name: &str,
        definition: Definition<T>,
    ) -> Result<&mut Linker<T>> {
        let items = self.items.entry(module.to_owned()).or_default();
        if !self.allow_shadowing && items.contains_key(name) {
            bail!("import of `{}` defined twice", import_name(module, name));
        }
        items.insert(name.to_owned(), definition);
        Ok(self)
    }
}

fn unknown_import(import: &ImportType<'_>) -> LinkError {
    LinkError::of_unknown_import(import.module(), import.name())
}

/// Most imports that are listed where several are missing.
const MISSING_LISTED_MAX: usize = 20;

/// The error for all imports that are not defined: it names the first, and lists them where there
/// are more, with their types.
fn unknown_imports<'m>(mut missing: impl Iterator<Item = ImportType<'m>>) -> LinkError {
    let Some(first) = missing.next() else {
        return LinkError::new("an import was missing, and is there now");
    };
    let listed = |import: &ImportType<'_>| {
        format!("\n  `{}`: {}", import_name(import.module(), import.name()), import.ty())
    };
    let mut list: Vec<String> =
        missing.by_ref().take(MISSING_LISTED_MAX).map(|one| listed(&one)).collect();
    if !list.is_empty() {
        list.insert(0, format!("\nall that are not defined:{}", listed(&first)));
    }
    let more = missing.count();
    if more > 0 {
        list.push(format!("\n  and {more} more"));
    }
    unknown_import(&first).with_list(&list.concat())
}

impl<T: 'static> fmt::Debug for Linker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.items.iter().map(|(module, items)| (module, items.keys()));
        f.debug_map()
            .entries(names.map(|(module, names)| (module, names.collect::<Vec<_>>())))
            .finish()
    }
}

/// A module with its imports found, from which instances are made cheaply, in any number of
/// stores.
///
/// Names are looked up and the parts that instances share are made once; types of imports are
/// compared for each instance, which is cheap. So a fresh store with an instance for each call is a
/// matter of microseconds, where the data segments of the module can be mapped
/// ([`Config::memory_images`](crate::Config::memory_images)); the module's size does not matter.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut linker: Linker<u32> = Linker::new(&engine);
/// linker.func_wrap("host", "id", |caller: Caller<'_, u32>| *caller.data())?;
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module (import "host" "id" (func $id (result i32)))
///          (memory 1) (data (i32.const 8) "\2a")
///          (func (export "next") (result i32)
///            (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (call $id)))
///            (i32.load (i32.const 8))))"#,
/// )?)?;
/// let pre = linker.instantiate_pre(&module)?;
/// for id in 0..3 {
///     let mut store = Store::new(&engine, id);
///     let instance = pre.instantiate(&mut store)?;
///     let next = instance.get_typed_func::<(), u32>(&mut store, "next")?;
///     assert_eq!(next.call(&mut store, ())?, 42 + id, "no instance sees another's writes");
/// }
/// # Ok::<(), prova_core::Error>(())
/// ```
pub struct InstancePre<T: 'static> {
    module: Module,
    imports: Vec<Definition<T>>,
    /// For each import whether it is a function of the host that is the same in all stores, and has
    /// the type that the module wants.
    ready: Vec<bool>,
}

impl<T: 'static> InstancePre<T> {
    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The first import that only one store, or none, can have.
    pub(crate) fn bound(&self) -> Option<ImportType<'_>> {
        let mut imports = self.module.imports().zip(&self.imports);
        let bound = imports.find(|(_, definition)| {
            !matches!(definition, Definition::Host(_) | Definition::Extern(Extern::SharedMemory(_)))
        });
        bound.map(|(import, _)| import)
    }

    /// The types of the imports that were left open ([`Linker::define_open`]), in the module's
    /// order.
    pub fn open_types(&self) -> impl Iterator<Item = ExternType> + '_ {
        let imports = self.module.imports().zip(&self.imports);
        let open = imports.filter(|(_, definition)| matches!(definition, Definition::Open));
        open.map(|(import, _)| import.ty())
    }

    /// Instantiates it.
    ///
    /// # Errors
    /// Those of [`Instance::new`].
    pub fn instantiate(&self, store: impl AsContextMut<Data = T>) -> Result<Instance> {
        self.instantiate_with(store, &[])
    }

    /// Instantiates it with these in the places of the imports that were left open
    /// ([`Linker::define_open`]), in the module's order.
    ///
    /// # Errors
    /// Those of [`Instance::new`]; [`LinkError`] if there are fewer or more of them.
    ///
    /// # Panics
    /// If one of them belongs to another store.
    pub fn instantiate_with(
        &self,
        mut store: impl AsContextMut<Data = T>,
        open: &[Extern],
    ) -> Result<Instance> {
        self.module.prototype().make_images();
        self.make(&mut store.as_context_mut(), open)
    }

    fn make(&self, store: &mut StoreContextMut<'_, T>, open: &[Extern]) -> Result<Instance> {
        let imports = self.found(store, open)?;
        Instance::new(store, &self.module, &imports)
    }

    /// A host function for an import whose type the store knows as the module's.
    fn ready_func(&self, store: &mut StoreContextMut<'_, T>, at: usize) -> Option<Func> {
        let Definition::Host(func) = self.imports.get(at).filter(|_| self.ready[at])? else {
            return None;
        };
        let ty = store.rt.imported_type(self.module.prototype(), at)?;
        let addr = store.rt.func_of_type(ty, Arc::clone(func.in_all_stores()?));
        Some(Func { store: store.state.id, addr })
    }

    /// The imports in the module's order; `open` are those of names that were left open.
    pub(crate) fn found(
        &self,
        store: &mut StoreContextMut<'_, T>,
        open: &[Extern],
    ) -> Result<Vec<Extern>> {
        store.rt.begin_with_types(self.module.prototype());
        let mut open = open.iter();
        let mut imports = Vec::with_capacity(self.imports.len());
        for (at, definition) in self.imports.iter().enumerate() {
            let item = self.ready_func(store, at).map(Extern::from);
            let item = item.or_else(|| definition.to_extern(&mut *store));
            match item.or_else(|| open.next().cloned()) {
                Some(item) => imports.push(item),
                None => {
                    let import = self.module.imports().nth(at);
                    return Err(Error::new(unknown_import(&import.or_bug("it has as many"))));
                }
            }
        }
        if open.next().is_some() {
            misuse!("more items than imports that were left open");
        }
        Ok(imports)
    }
}

impl<T: 'static> Clone for InstancePre<T> {
    fn clone(&self) -> Self {
        InstancePre {
            module: self.module.clone(),
            imports: self.imports.clone(),
            ready: self.ready.clone(),
        }
    }
}

impl<T: 'static> fmt::Debug for InstancePre<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstancePre").field("module", &self.module).finish_non_exhaustive()
    }
}
