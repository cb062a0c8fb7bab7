//! The kinds of imports and exports besides functions: globals and tables, and [`Extern`] for all
//! kinds.
//!
//! The runtime owns the objects; these are addresses in a store.

use crate::error::{Error, Misuse, Result, bail, misuse};
use crate::func::Func;
use crate::memory::Memory;
use crate::reference::Ref;
use crate::shared::SharedMemory;
use crate::store::{AsContext, AsContextMut, InStore, State, StoreContextMut, StoreId};
use crate::types::{ExternType, FuncType, GlobalType, TableType};
use crate::value::Val;
use prova_runtime as rt;
use rt::{GlobalAddr, TableAddr, TagAddr};

/// Something that can be imported and exported.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let item = Extern::from(Memory::new(&mut store, MemoryType::new(1, None))?);
/// assert!(matches!(item.ty(&store), ExternType::Memory(_)));
/// assert!(item.clone().into_memory().is_some() && item.into_func().is_none());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A global.
    Global(Global),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
    /// A memory that threads share.
    SharedMemory(SharedMemory),
    /// A tag.
    Tag(Tag),
}

impl Extern {
    /// The function, if it is one.
    pub fn into_func(self) -> Option<Func> {
        if let Extern::Func(func) = self { Some(func) } else { None }
    }

    /// The global, if it is one.
    pub fn into_global(self) -> Option<Global> {
        if let Extern::Global(global) = self { Some(global) } else { None }
    }

    /// The table, if it is one.
    pub fn into_table(self) -> Option<Table> {
        if let Extern::Table(table) = self { Some(table) } else { None }
    }

    /// The memory, if it is one.
    pub fn into_memory(self) -> Option<Memory> {
        if let Extern::Memory(memory) = self { Some(memory) } else { None }
    }

    /// The memory that threads share, if it is one.
    pub fn into_shared_memory(self) -> Option<SharedMemory> {
        if let Extern::SharedMemory(memory) = self { Some(memory) } else { None }
    }

    /// The tag, if it is one.
    pub fn into_tag(self) -> Option<Tag> {
        if let Extern::Tag(tag) = self { Some(tag) } else { None }
    }

    /// Its type.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        match self {
            Extern::Func(func) => ExternType::Func(func.ty(store)),
            Extern::Global(global) => ExternType::Global(global.ty(store)),
            Extern::Table(table) => ExternType::Table(table.ty(store)),
            Extern::Memory(memory) => ExternType::Memory(memory.ty(store)),
            Extern::SharedMemory(memory) => ExternType::Memory(memory.ty()),
            Extern::Tag(tag) => ExternType::Tag(tag.ty(store)),
        }
    }

    /// Panics if it belongs to another store; a shared memory belongs to none.
    pub(crate) fn expect(&self, id: StoreId) {
        match self {
            Extern::Func(func) => func.store.expect(id),
            Extern::Global(global) => global.store.expect(id),
            Extern::Table(table) => table.store.expect(id),
            Extern::Memory(memory) => memory.store.expect(id),
            Extern::SharedMemory(_) => {}
            Extern::Tag(tag) => tag.store.expect(id),
        }
    }

    pub(crate) fn of_rt(item: rt::Extern, rt: &rt::Store, store: StoreId) -> Extern {
        match item {
            rt::Extern::Func(addr) => Extern::Func(Func { store, addr }),
            rt::Extern::Global(addr) => Extern::Global(Global { store, addr }),
            rt::Extern::Table(addr) => Extern::Table(Table { store, addr }),
            rt::Extern::Memory(addr) => match rt.memory(addr).shared() {
                Some(shared) => Extern::SharedMemory(SharedMemory(shared.clone())),
                None => Extern::Memory(Memory { store, addr }),
            },
            rt::Extern::Tag(addr) => Extern::Tag(Tag { store, addr }),
        }
    }

    /// The item in a store, which gets a shared memory that it does not have yet.
    pub(crate) fn to_rt<T: 'static>(
        &self,
        store: &mut StoreContextMut<'_, T>,
    ) -> Result<rt::Extern> {
        Ok(match self {
            Extern::Func(func) => rt::Extern::Func(func.addr),
            Extern::Global(global) => rt::Extern::Global(global.addr),
            Extern::Table(table) => rt::Extern::Table(table.addr),
            Extern::Memory(memory) => rt::Extern::Memory(memory.addr),
            Extern::SharedMemory(SharedMemory(shared)) => {
                let (rt, state) = (&mut *store.rt, &mut *store.state);
                let made = rt.with_data(state, |rt| rt.memory_shared(shared));
                rt::Extern::Memory(made.map_err(|error| error_of_asked(state, error))?)
            }
            Extern::Tag(tag) => rt::Extern::Tag(tag.addr),
        })
    }
}

/// Declares `From` for one kind.
macro_rules! from {
    ($($kind:ident)*) => {$(
        impl From<$kind> for Extern {
            fn from(item: $kind) -> Extern {
                Extern::$kind(item)
            }
        }
    )*};
}

from! { Func Global Table Memory SharedMemory Tag }

/// A tag of a store: what tells its exceptions from others.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let tag = Tag::new(&mut store, &FuncType::new(&engine, [ValType::I32], []))?;
/// assert_eq!(tag.ty(&store).params().len(), 1);
/// assert!(Tag::new(&mut store, &FuncType::new(&engine, [], [ValType::I32])).is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tag {
    pub(crate) store: StoreId,
    pub(crate) addr: TagAddr,
}

impl Tag {
    /// A new tag, different from all others, whose exceptions have the parameters of `ty` for
    /// values.
    ///
    /// # Errors
    /// If the type has results, or a limit of the store is exceeded.
    pub fn new(mut store: impl AsContextMut, ty: &FuncType) -> Result<Tag> {
        let store = store.as_context_mut();
        let id = ty.id_in(store.rt);
        let addr = store.rt.tag_of_type(id).map_err(error_of_creation)?;
        Ok(Tag { store: store.state.id, addr })
    }

    /// Its type.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        let store = store.as_context();
        self.store.expect(store.state.id);
        FuncType::of_store(store.rt, store.rt.tag_type_id(self.addr))
    }
}

/// A global of a store.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let ty = GlobalType::new(ValType::I32, Mutability::Var);
/// let global = Global::new(&mut store, ty, Val::I32(1))?;
/// global.set(&mut store, Val::I32(2))?;
/// assert_eq!(global.get(&store).unwrap_i32(), 2);
/// assert!(global.set(&mut store, Val::I64(3)).is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Global {
    pub(crate) store: StoreId,
    pub(crate) addr: GlobalAddr,
}

impl Global {
    /// A new global.
    ///
    /// # Errors
    /// If `val` is not of the type, or refers to an object of another store.
    pub fn new(mut store: impl AsContextMut, ty: GlobalType, val: Val) -> Result<Global> {
        let store = store.as_context_mut();
        let ty = ty.resolved_in(store.rt);
        val.check(ty.val, store.inside(), &"the value")?;
        let mut cells = [0, 0];
        val.to_cells(&mut cells, store.rt);
        let addr = store.rt.global_new(ty, cells).map_err(error_of_creation)?;
        Ok(Global { store: store.state.id, addr })
    }

    /// Its type.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> GlobalType {
        let store = store.as_context();
        self.store.expect(store.state.id);
        GlobalType::of_store(store.rt.global_type(self.addr), store.rt)
    }

    /// Its value.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn get(&self, store: impl AsContext) -> Val {
        let store = store.as_context();
        self.store.expect(store.state.id);
        let ty = store.rt.global_type(self.addr).val;
        let cells = store.rt.global_get(self.addr);
        Val::of_cells(ty, &cells, store.inside())
    }

    /// Sets its value.
    ///
    /// # Errors
    /// If it cannot be set, or if `val` is not of its type or refers to an object of another store.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn set(&self, mut store: impl AsContextMut, val: Val) -> Result<()> {
        let mut store = store.as_context_mut();
        self.store.expect(store.state.id);
        let ty = *store.rt.global_type(self.addr);
        if !ty.mutable {
            misuse!("an immutable global cannot be set");
        }
        val.check(ty.val, store.inside(), &"the value")?;
        let mut cells = [0, 0];
        val.to_cells(&mut cells, store.rt);
        let done = store.rt.global_set(self.addr, cells);
        done.map_err(|kind| store.error_of_trap(kind.into()))
    }
}

/// A table of a store.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 1, Some(2)), Ref::Func(None))?;
/// let func = Func::wrap(&mut store, || 7);
/// table.set(&mut store, 0, func.into())?;
/// assert_eq!(table.grow(&mut store, 1, Ref::Func(None))?, 1);
/// assert!(table.get(&store, 0).is_some_and(|element| element.is_non_null()));
/// assert!(table.get(&store, 2).is_none() && table.grow(&mut store, 1, func.into()).is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    pub(crate) store: StoreId,
    pub(crate) addr: TableAddr,
}

impl Table {
    /// A new table whose elements are all `init`.
    ///
    /// # Errors
    /// If the type is impossible, `init` is not of its element type, or a limit of the store is
    /// exceeded.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Ref) -> Result<Table> {
        let store = store.as_context_mut();
        let ty = ty.resolved_in(store.rt);
        check_ref(&init, ty.ref_type, store.inside())?;
        let init = init.to_cell(store.rt);
        let (rt, state) = (store.rt, store.state);
        let made = rt.with_data(state, |rt| rt.table_new(ty, init));
        let addr = made.map_err(|error| error_of_asked(state, error))?;
        Ok(Table { store: state.id, addr })
    }

    /// Its type.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> TableType {
        let store = store.as_context();
        self.store.expect(store.state.id);
        TableType::of_store(store.rt.table(self.addr).ty(), store.rt)
    }

    /// The number of its elements.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn size(&self, store: impl AsContext) -> u64 {
        let store = store.as_context();
        self.store.expect(store.state.id);
        store.rt.table(self.addr).size()
    }

    /// An element; `None` beyond the end.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn get(&self, store: impl AsContext, index: u64) -> Option<Ref> {
        let store = store.as_context();
        self.store.expect(store.state.id);
        let table = store.rt.table(self.addr);
        let cell = *table.elements().get(usize::try_from(index).ok()?)?;
        Some(Ref::of_cell(table.ty().ref_type, cell, store.inside()))
    }

    /// Sets an element.
    ///
    /// # Errors
    /// If `index` is beyond the end, or `value` is not of the element type.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn set(&self, mut store: impl AsContextMut, index: u64, value: Ref) -> Result<()> {
        let mut store = store.as_context_mut();
        let value = self.element(&value, &store)?;
        let done = store.rt.table_set(self.addr, index, value);
        done.map_err(|kind| store.error_of_trap(kind.into()))
    }

    /// Adds `delta` elements, all `init`, and gives the size before.
    ///
    /// # Errors
    /// If it cannot grow so far, or `init` is not of the element type.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Ref) -> Result<u64> {
        let mut store = store.as_context_mut();
        let init = self.element(&init, &store)?;
        let StoreContextMut { rt, state } = &mut store;
        match rt.with_data(*state, |rt| rt.table_grow_asking(self.addr, delta, init)) {
            Ok(Some(size)) => Ok(size),
            Ok(None) => bail!("failed to grow table by {delta}"),
            Err(kind) => Err(store.error_of_trap(kind.into())),
        }
    }

    /// Sets `len` elements from `dst` on to `value`.
    ///
    /// # Errors
    /// If they are not all inside the table, or `value` is not of the element type; nothing is set
    /// then.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn fill(&self, mut store: impl AsContextMut, dst: u64, value: Ref, len: u64) -> Result<()> {
        let mut store = store.as_context_mut();
        let value = self.element(&value, &store)?;
        let done = store.rt.table_fill(self.addr, dst, value, len);
        done.map_err(|kind| store.error_of_trap(kind.into()))
    }

    /// Copies `len` elements from `src_index` of `src_table` to `dst_index` of `dst_table`, which
    /// may be the same table.
    ///
    /// # Errors
    /// If they are not all inside the tables, or elements of the one are none of the other's type;
    /// nothing is copied then.
    ///
    /// # Panics
    /// If one of them belongs to another store.
    pub fn copy(
        mut store: impl AsContextMut,
        dst_table: &Table,
        dst_index: u64,
        src_table: &Table,
        src_index: u64,
        len: u64,
    ) -> Result<()> {
        let mut store = store.as_context_mut();
        let (from, to) = (src_table.ty(&store), dst_table.ty(&store));
        if !from.element().matches(to.element()) {
            misuse!("elements of type {} do not fit a table of {}", from.element(), to.element());
        }
        let (dst, src) = (dst_table.addr, src_table.addr);
        let done = store.rt.table_copy(dst, src, dst_index, src_index, len);
        done.map_err(|kind| store.error_of_trap(kind.into()))
    }

    /// The cell of an element of the table.
    fn element(&self, value: &Ref, store: &impl AsContext) -> Result<rt::Cell> {
        let store = store.as_context();
        self.store.expect(store.state.id);
        check_ref(value, store.rt.table(self.addr).ty().ref_type, store.inside())?;
        Ok(value.to_cell(store.rt))
    }
}

fn check_ref(value: &Ref, ty: prova_module::RefType, store: InStore<'_>) -> Result<()> {
    Val::from(*value).check(prova_module::ValType::Ref(ty), store, &"the element")
}

/// The error of its kind, or the one with which a limiter refused it.
pub(crate) fn error_of_asked<T: 'static>(state: &mut State<T>, error: rt::CreateError) -> Error {
    state.asked.error.take().unwrap_or_else(|| error_of_creation(error))
}

/// The error of its kind.
pub(crate) fn error_of_creation(error: rt::CreateError) -> Error {
    match error {
        rt::CreateError::Misuse(what) => Error::new(Misuse(what.to_owned())),
        other @ (rt::CreateError::Limit { .. }
        | rt::CreateError::OutOfMemory
        | rt::CreateError::Refused) => Error::new(other),
    }
}
