//! `wasm_ref_t` and all types that are references: functions, globals, tables, memories, instances,
//! modules, traps, foreign objects, externals.
//!
//! All are one Rust type, so the conversions of the header give the pointer that they get, or null
//! if it is of another kind. A handle of an object of a store keeps the store: after
//! `wasm_store_delete` it can be used and deleted.

use crate::callback::{Data, Finalizer};
use crate::pointer::{In, end};
use crate::store::{Item, StoreCell};
use crate::vector::{Vector, vector_functions};
use crate::wasm::module::ModuleObject;
use crate::wasm::store::wasm_store_t;
use crate::wasm::trap::TrapObject;
use prova::{Extern, Func, Global, Instance, Memory, Table};
use std::ffi::c_void;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A handle.
#[derive(Clone)]
pub(crate) struct wasm_ref_t {
    /// The store of an object that has one.
    pub(crate) store: Option<Arc<StoreCell>>,
    pub(crate) object: Object,
}

/// The object of a handle.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Object {
    /// Of a store.
    Item(Item),
    Module(Shared<ModuleObject>),
    Trap(Shared<TrapObject>),
    Foreign(Shared<Foreign>),
}

/// An object that its handles own together, and that is equal to itself alone.
pub(crate) struct Shared<T>(Arc<T>);

impl<T> Shared<T> {
    /// A new object.
    pub(crate) fn new(object: T) -> Shared<T> {
        Shared(Arc::new(object))
    }

    /// The object, if this is its only handle.
    pub(crate) fn into_inner(self) -> Result<T, Shared<T>> {
        Arc::try_unwrap(self.0).map_err(Shared)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared(Arc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Eq for Shared<T> {}

impl<T> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// The host information of an object that belongs to no store.
#[derive(Default)]
pub(crate) struct HostInfo(Mutex<Data>);

impl HostInfo {
    fn get(&self) -> MutexGuard<'_, Data> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An object of the host, which has nothing but its host information.
#[derive(Default)]
pub(crate) struct Foreign {
    info: HostInfo,
}

impl wasm_ref_t {
    /// A handle of an object of a store.
    pub(crate) fn of_item(store: &Arc<StoreCell>, item: Item) -> Box<wasm_ref_t> {
        Box::new(wasm_ref_t { store: Some(Arc::clone(store)), object: Object::Item(item) })
    }

    /// A handle of an object of no store.
    pub(crate) fn of_object(object: Object) -> Box<wasm_ref_t> {
        Box::new(wasm_ref_t { store: None, object })
    }

    /// A handle of something that was exported.
    pub(crate) fn of_extern(store: &Arc<StoreCell>, item: Extern) -> Box<wasm_ref_t> {
        wasm_ref_t::of_item(store, Item::of_extern(item))
    }

    /// The store and the object in it, of one that has a store.
    pub(crate) fn item(&self) -> Option<(&Arc<StoreCell>, Item)> {
        match (&self.store, &self.object) {
            (Some(store), Object::Item(item)) => Some((store, *item)),
            _ => None,
        }
    }

    fn host_info(&self) -> *mut c_void {
        match &self.object {
            Object::Item(item) => {
                let Some(store) = &self.store else { return std::ptr::null_mut() };
                store.infos.borrow().get(item).map_or(std::ptr::null_mut(), Data::pointer)
            }
            Object::Module(module) => module.info.get().pointer(),
            Object::Trap(trap) => trap.info.get().pointer(),
            Object::Foreign(foreign) => foreign.info.get().pointer(),
        }
    }

    fn set_host_info(&self, data: Data) {
        let mut place = match &self.object {
            Object::Item(item) => {
                let Some(store) = &self.store else { return };
                // The finalizer of the data before may use the store, so it runs behind the borrow.
                let mut before = store.infos.borrow_mut().remove(item).unwrap_or_default();
                before.replace(data);
                store.infos.borrow_mut().insert(*item, before);
                return;
            }
            Object::Module(module) => module.info.get(),
            Object::Trap(trap) => trap.info.get(),
            Object::Foreign(foreign) => foreign.info.get(),
        };
        let mut before = std::mem::take(&mut *place);
        drop(place);
        before.replace(data);
        self.put_host_info(before);
    }

    fn put_host_info(&self, data: Data) {
        match &self.object {
            Object::Item(_) => {}
            Object::Module(module) => *module.info.get() = data,
            Object::Trap(trap) => *trap.info.get() = data,
            Object::Foreign(foreign) => *foreign.info.get() = data,
        }
    }

    fn kind(&self) -> Kind {
        match &self.object {
            Object::Item(item) => item.kind(),
            Object::Module(_) => Kind::Module,
            Object::Trap(_) => Kind::Trap,
            Object::Foreign(_) => Kind::Foreign,
        }
    }
}

/// The kinds of handles that the header tells apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Func,
    Global,
    Table,
    Memory,
    Tag,
    Instance,
    Module,
    Trap,
    Foreign,
}

impl Kind {
    fn is_extern(self) -> bool {
        matches!(self, Kind::Func | Kind::Global | Kind::Table | Kind::Memory | Kind::Tag)
    }
}

impl Item {
    /// Something that was exported.
    pub(crate) fn of_extern(item: Extern) -> Item {
        match item {
            Extern::Func(func) => Item::Func(func),
            Extern::Global(global) => Item::Global(global),
            Extern::Table(table) => Item::Table(table),
            Extern::Memory(memory) => Item::Memory(memory),
            Extern::Tag(tag) => Item::Tag(tag),
            other => end(&format!("the C API has no handle for {other:?}")),
        }
    }

    /// The object as something to import; `None` for an instance.
    pub(crate) fn to_extern(self) -> Option<Extern> {
        match self {
            Item::Func(func) => Some(func.into()),
            Item::Global(global) => Some(global.into()),
            Item::Table(table) => Some(table.into()),
            Item::Memory(memory) => Some(memory.into()),
            Item::Tag(tag) => Some(tag.into()),
            Item::Instance(_) => None,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Item::Func(_) => Kind::Func,
            Item::Global(_) => Kind::Global,
            Item::Table(_) => Kind::Table,
            Item::Memory(_) => Kind::Memory,
            Item::Tag(_) => Kind::Tag,
            Item::Instance(_) => Kind::Instance,
        }
    }
}

/// Declares how functions of one kind of object get the store and the object of their handle.
macro_rules! wanted {
    ($($method:ident $kind:ident $name:literal)*) => {
        impl In<wasm_ref_t> {$(
            #[doc = concat!("The store and the ", $name, " of a handle that must be of one.")]
            pub(crate) fn $method(&self) -> (Arc<StoreCell>, $kind) {
                match self.want($name).item() {
                    Some((store, Item::$kind(object))) => (Arc::clone(store), object),
                    _ => end(concat!("a handle that is none of a ", $name, " was given for one")),
                }
            }
        )*}
    };
}

wanted! {
    func Func "function"
    global Global "global"
    table Table "table"
    memory Memory "memory"
    instance Instance "instance"
}

/// The pointer, or null if it is null or does not fit.
fn if_kind(handle: &In<wasm_ref_t>, fits: impl FnOnce(Kind) -> bool) -> *const wasm_ref_t {
    match handle.get() {
        Some(own) if fits(own.kind()) => handle.pointer(),
        Some(_) | None => std::ptr::null(),
    }
}

fn copy(handle: &In<wasm_ref_t>) -> Option<Box<wasm_ref_t>> {
    Some(Box::new(handle.get()?.clone()))
}

fn same(a: &In<wasm_ref_t>, b: &In<wasm_ref_t>) -> bool {
    match (a.get(), b.get()) {
        (Some(a), Some(b)) => a.object == b.object,
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Declares the functions that every kind of reference has.
macro_rules! base_functions {
    ($($delete:ident $copy:ident $same:ident $get:ident $set:ident $set_finalized:ident;)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $delete(_handle: Option<Box<wasm_ref_t>>) {}

        #[unsafe(no_mangle)]
        extern "C" fn $copy(handle: In<wasm_ref_t>) -> Option<Box<wasm_ref_t>> {
            copy(&handle)
        }

        #[unsafe(no_mangle)]
        extern "C" fn $same(a: In<wasm_ref_t>, b: In<wasm_ref_t>) -> bool {
            same(&a, &b)
        }

        #[unsafe(no_mangle)]
        extern "C" fn $get(handle: In<wasm_ref_t>) -> *mut c_void {
            handle.want("reference").host_info()
        }

        #[unsafe(no_mangle)]
        extern "C" fn $set(handle: In<wasm_ref_t>, info: *mut c_void) {
            handle.want("reference").set_host_info(Data::new(info, None));
        }

        #[unsafe(no_mangle)]
        extern "C" fn $set_finalized(
            handle: In<wasm_ref_t>,
            info: *mut c_void,
            finalizer: Finalizer,
        ) {
            handle.want("reference").set_host_info(Data::new(info, finalizer));
        }
    )*};
}

base_functions! {
    wasm_ref_delete wasm_ref_copy wasm_ref_same wasm_ref_get_host_info wasm_ref_set_host_info
        wasm_ref_set_host_info_with_finalizer;
    wasm_trap_delete wasm_trap_copy wasm_trap_same wasm_trap_get_host_info wasm_trap_set_host_info
        wasm_trap_set_host_info_with_finalizer;
    wasm_foreign_delete wasm_foreign_copy wasm_foreign_same wasm_foreign_get_host_info
        wasm_foreign_set_host_info wasm_foreign_set_host_info_with_finalizer;
    wasm_module_delete wasm_module_copy wasm_module_same wasm_module_get_host_info
        wasm_module_set_host_info wasm_module_set_host_info_with_finalizer;
    wasm_func_delete wasm_func_copy wasm_func_same wasm_func_get_host_info wasm_func_set_host_info
        wasm_func_set_host_info_with_finalizer;
    wasm_global_delete wasm_global_copy wasm_global_same wasm_global_get_host_info
        wasm_global_set_host_info wasm_global_set_host_info_with_finalizer;
    wasm_table_delete wasm_table_copy wasm_table_same wasm_table_get_host_info
        wasm_table_set_host_info wasm_table_set_host_info_with_finalizer;
    wasm_memory_delete wasm_memory_copy wasm_memory_same wasm_memory_get_host_info
        wasm_memory_set_host_info wasm_memory_set_host_info_with_finalizer;
    wasm_extern_delete wasm_extern_copy wasm_extern_same wasm_extern_get_host_info
        wasm_extern_set_host_info wasm_extern_set_host_info_with_finalizer;
    wasm_instance_delete wasm_instance_copy wasm_instance_same wasm_instance_get_host_info
        wasm_instance_set_host_info wasm_instance_set_host_info_with_finalizer;
}

/// Declares the conversions between a kind of reference and one that has more kinds.
macro_rules! conversions {
    ($($up:ident $up_const:ident $down:ident $down_const:ident $fits:expr;)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $up(handle: In<wasm_ref_t>) -> *const wasm_ref_t {
            handle.pointer()
        }

        #[unsafe(no_mangle)]
        extern "C" fn $up_const(handle: In<wasm_ref_t>) -> *const wasm_ref_t {
            handle.pointer()
        }

        #[unsafe(no_mangle)]
        extern "C" fn $down(handle: In<wasm_ref_t>) -> *const wasm_ref_t {
            if_kind(&handle, $fits)
        }

        #[unsafe(no_mangle)]
        extern "C" fn $down_const(handle: In<wasm_ref_t>) -> *const wasm_ref_t {
            if_kind(&handle, $fits)
        }
    )*};
}

conversions! {
    wasm_trap_as_ref wasm_trap_as_ref_const wasm_ref_as_trap wasm_ref_as_trap_const
        |kind| kind == Kind::Trap;
    wasm_foreign_as_ref wasm_foreign_as_ref_const wasm_ref_as_foreign wasm_ref_as_foreign_const
        |kind| kind == Kind::Foreign;
    wasm_module_as_ref wasm_module_as_ref_const wasm_ref_as_module wasm_ref_as_module_const
        |kind| kind == Kind::Module;
    wasm_func_as_ref wasm_func_as_ref_const wasm_ref_as_func wasm_ref_as_func_const
        |kind| kind == Kind::Func;
    wasm_global_as_ref wasm_global_as_ref_const wasm_ref_as_global wasm_ref_as_global_const
        |kind| kind == Kind::Global;
    wasm_table_as_ref wasm_table_as_ref_const wasm_ref_as_table wasm_ref_as_table_const
        |kind| kind == Kind::Table;
    wasm_memory_as_ref wasm_memory_as_ref_const wasm_ref_as_memory wasm_ref_as_memory_const
        |kind| kind == Kind::Memory;
    wasm_extern_as_ref wasm_extern_as_ref_const wasm_ref_as_extern wasm_ref_as_extern_const
        Kind::is_extern;
    wasm_instance_as_ref wasm_instance_as_ref_const wasm_ref_as_instance wasm_ref_as_instance_const
        |kind| kind == Kind::Instance;
    wasm_func_as_extern wasm_func_as_extern_const wasm_extern_as_func wasm_extern_as_func_const
        |kind| kind == Kind::Func;
    wasm_global_as_extern wasm_global_as_extern_const wasm_extern_as_global
        wasm_extern_as_global_const |kind| kind == Kind::Global;
    wasm_table_as_extern wasm_table_as_extern_const wasm_extern_as_table wasm_extern_as_table_const
        |kind| kind == Kind::Table;
    wasm_memory_as_extern wasm_memory_as_extern_const wasm_extern_as_memory
        wasm_extern_as_memory_const |kind| kind == Kind::Memory;
}

/// Externals, owned.
pub(crate) type wasm_extern_vec_t = Vector<Option<Box<wasm_ref_t>>>;

vector_functions! {
    Option<Box<wasm_ref_t>>:
        wasm_extern_vec_new_empty wasm_extern_vec_new_uninitialized wasm_extern_vec_new
        wasm_extern_vec_copy wasm_extern_vec_delete;
}

#[unsafe(no_mangle)]
extern "C" fn wasm_foreign_new(_store: In<wasm_store_t>) -> Option<Box<wasm_ref_t>> {
    Some(wasm_ref_t::of_object(Object::Foreign(Shared::new(Foreign::default()))))
}
