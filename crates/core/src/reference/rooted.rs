//! How the host keeps objects: [`Rooted`] to the end of a scope, [`OwnedRooted`] as long as it is
//! held.
//!
//! The runtime has the list of roots (`prova_runtime`, `roots`); here are their names. A host
//! function is a scope, a [`RootScope`] is one, and around all is the store's.

use crate::error::{Result, misuse};
use crate::store::{AsContext, AsContextMut, InStore, StoreContext, StoreContextMut, StoreId};
use crate::types::HeapType;
use prova_module::RefKind;
use prova_runtime as rt;
use rt::{Cell, Root};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// A reference that is not null, and what keeps its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle {
    pub(crate) store: StoreId,
    pub(crate) cell: Cell,
    root: Root,
}

impl Handle {
    /// The cell, for a reference of this store whose object is still kept (1 of `reference`).
    pub(crate) fn check(&self, store: InStore<'_>) -> Result<Cell> {
        if self.store != store.id {
            misuse!("a reference to an object of another store does not belong to this one");
        }
        if !self.is_rooted(store) {
            misuse!("a reference was used after its scope had ended");
        }
        Ok(self.cell)
    }

    /// Whether its object is still kept, for a reference of this store.
    pub(crate) fn is_rooted(&self, store: InStore<'_>) -> bool {
        store.rt.is_rooted(self.root, self.cell)
    }
}

/// A type of objects behind [`Rooted`] and [`OwnedRooted`]: [`AnyRef`](crate::AnyRef),
/// [`EqRef`](crate::EqRef), [`StructRef`](crate::StructRef), [`ArrayRef`](crate::ArrayRef),
/// [`ExternRef`](crate::ExternRef).
///
/// ```
/// use prova_core::*;
///
/// fn keep<T: GcRef>(store: &mut Store<()>, object: Rooted<T>) -> Result<OwnedRooted<T>> {
///     object.to_owned_rooted(store)
/// }
///
/// let mut store = Store::new(&Engine::default(), ());
/// let word = ExternRef::new(&mut store, "word")?;
/// assert!(keep(&mut store, word)?.data(&store)?.is_some());
/// # Ok::<(), prova_core::Error>(())
/// ```
pub trait GcRef: sealed::Object {}

/// [`Rooted`] and [`OwnedRooted`] of a type of objects.
///
/// ```
/// use prova_core::*;
///
/// fn same<T: GcRef>(store: &Store<()>, a: &impl RootedGcRef<T>, b: &impl RootedGcRef<T>) -> bool {
///     Rooted::ref_eq(store, a, b).is_ok_and(|same| same)
/// }
///
/// let mut store = Store::new(&Engine::default(), ());
/// let word = ExternRef::new(&mut store, "word")?;
/// let owned = word.to_owned_rooted(&mut store)?;
/// assert!(same(&store, &word, &owned));
/// # Ok::<(), prova_core::Error>(())
/// ```
pub trait RootedGcRef<T: GcRef>: Deref<Target = T> + sealed::Rooting {}

pub(crate) mod sealed {
    use super::{HeapType, RefKind};

    pub trait Rooting {}

    pub trait Object: Copy + Send + 'static {
        /// The kind of its cells.
        const KIND: RefKind;
        /// Its type in WebAssembly.
        const HEAP: HeapType;

        fn of_handle(handle: super::Handle) -> Self;

        fn handle(&self) -> &super::Handle;
    }
}

/// Makes types that hold a [`Handle`] types of objects.
macro_rules! gc_refs {
    ($($ty:ident $kind:ident $heap:ident;)*) => {$(
        impl $crate::reference::rooted::sealed::Object for $ty {
            const KIND: prova_module::RefKind = prova_module::RefKind::$kind;
            const HEAP: $crate::types::HeapType = $crate::types::HeapType::$heap;

            fn of_handle(handle: $crate::reference::rooted::Handle) -> $ty {
                $ty(handle)
            }

            fn handle(&self) -> &$crate::reference::rooted::Handle {
                &self.0
            }
        }

        impl $crate::reference::rooted::GcRef for $ty {}
    )*};
}
pub(super) use gc_refs;

/// A reference to an object of a store that keeps the object to the end of the innermost scope: the
/// host function that runs, a [`RootScope`], otherwise the store. Afterwards it is refused.
///
/// Values of the host and small integers are not kept by scopes, so references to them are taken
/// afterwards too.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let word = ExternRef::new(&mut store, "a word of the host")?;
/// let data = word.data(&store)?.expect("it is a value of the host");
/// assert_eq!(data.downcast_ref::<&str>(), Some(&"a word of the host"));
/// let other = ExternRef::new(&mut store, "a word of the host")?;
/// assert!(Rooted::ref_eq(&store, &word, &word)? && !Rooted::ref_eq(&store, &word, &other)?);
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Rooted<T: GcRef> {
    object: T,
}

impl<T: GcRef> Rooted<T> {
    /// A reference whose object is kept from now on to the end of the innermost scope.
    pub(crate) fn of_cell(cell: Cell, store: InStore<'_>) -> Rooted<T> {
        let root = store.rt.root(T::KIND, cell);
        Rooted::of_handle(Handle { store: store.id, cell, root })
    }

    pub(crate) fn of_handle(handle: Handle) -> Rooted<T> {
        Rooted { object: T::of_handle(handle) }
    }

    pub(crate) fn handle(&self) -> &Handle {
        self.object.handle()
    }

    /// Its cell for code, as that of a [`Ref`](crate::Ref).
    pub(crate) fn to_cell(self, rt: &rt::Store) -> Cell {
        let cell = self.handle().cell;
        if T::KIND == RefKind::Extern && cell & rt::INTERNAL != 0 {
            // It is kept: there is an object.
            let _pinned = rt.pin(cell);
        }
        cell
    }

    /// The same reference, kept as long as the result is held.
    ///
    /// # Errors
    /// If it belongs to another store, or its scope has ended.
    pub fn to_owned_rooted(&self, mut store: impl AsContextMut) -> Result<OwnedRooted<T>> {
        let store = store.as_context_mut();
        let cell = self.handle().check(store.inside())?;
        Ok(OwnedRooted::of_cell(cell, store.inside()))
    }

    /// Whether both refer to the same object.
    ///
    /// # Errors
    /// If one belongs to another store, or its scope has ended.
    pub fn ref_eq(
        store: impl AsContext,
        a: &impl RootedGcRef<T>,
        b: &impl RootedGcRef<T>,
    ) -> Result<bool> {
        let store = store.as_context();
        Ok(a.handle().check(store.inside())? == b.handle().check(store.inside())?)
    }

    /// Whether both are the same root: copies of each other.
    pub fn rooted_eq(a: Rooted<T>, b: Rooted<T>) -> bool {
        a.handle() == b.handle()
    }

    /// Hashes the root.
    pub fn rooted_hash<H: Hasher>(&self, state: &mut H) {
        self.handle().hash(state);
    }

    /// Hashes the object's name.
    ///
    /// # Errors
    /// If it belongs to another store, or its scope has ended.
    pub fn ref_hash<H: Hasher>(&self, store: impl AsContext, state: &mut H) -> Result<()> {
        self.handle().check(store.as_context().inside())?.hash(state);
        Ok(())
    }
}

impl<T: GcRef> Deref for Rooted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.object
    }
}

impl<T: GcRef> sealed::Rooting for Rooted<T> {}
impl<T: GcRef> RootedGcRef<T> for Rooted<T> {}

impl<T: GcRef> PartialEq for Rooted<T> {
    fn eq(&self, other: &Rooted<T>) -> bool {
        Rooted::rooted_eq(*self, *other)
    }
}

impl<T: GcRef> Eq for Rooted<T> {}

impl<T: GcRef> Hash for Rooted<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rooted_hash(state);
    }
}

impl<T: GcRef> fmt::Debug for Rooted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Handle { store, cell, .. } = self.handle();
        f.debug_struct("Rooted").field("store", store).field("cell", cell).finish()
    }
}

/// A reference to an object of a store that keeps the object as long as it is held, or a clone of
/// it. What it holds on to goes with the next collection.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let pre = StructRefPre::new(&mut store, StructType::new(&engine, [])?);
/// let owned = {
///     let mut scope = RootScope::new(&mut store);
///     StructRef::new(&mut scope, &pre, &[])?.to_owned_rooted(&mut scope)?
/// };
/// store.gc(None)?;
/// assert!(owned.to_rooted(&mut store).matches_ty(&store, &StructType::new(&engine, [])?)?);
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone)]
pub struct OwnedRooted<T: GcRef> {
    object: T,
    owner: Option<Arc<()>>,
}

impl<T: GcRef> OwnedRooted<T> {
    /// A reference whose object is kept as long as this is held.
    pub(crate) fn of_cell(cell: Cell, store: InStore<'_>) -> OwnedRooted<T> {
        let (root, owner) = store.rt.root_owned(T::KIND, cell);
        OwnedRooted { object: T::of_handle(Handle { store: store.id, cell, root }), owner }
    }

    /// The same reference, kept to the end of the innermost scope.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn to_rooted(&self, mut store: impl AsContextMut) -> Rooted<T> {
        let store = store.as_context_mut();
        self.handle().store.expect(store.state.id);
        Rooted::of_cell(self.handle().cell, store.inside())
    }

    /// Whether both refer to the same object.
    ///
    /// # Errors
    /// If one belongs to another store, or its scope has ended.
    pub fn ref_eq(
        store: impl AsContext,
        a: &impl RootedGcRef<T>,
        b: &impl RootedGcRef<T>,
    ) -> Result<bool> {
        Rooted::ref_eq(store, a, b)
    }

    /// Hashes the root.
    pub fn rooted_hash<H: Hasher>(&self, state: &mut H) {
        self.handle().hash(state);
    }

    /// Hashes the object's name.
    ///
    /// # Errors
    /// If it belongs to another store.
    pub fn ref_hash<H: Hasher>(&self, store: impl AsContext, state: &mut H) -> Result<()> {
        self.handle().check(store.as_context().inside())?.hash(state);
        Ok(())
    }

    pub(crate) fn cast<U: GcRef>(self) -> OwnedRooted<U> {
        OwnedRooted { object: U::of_handle(*self.object.handle()), owner: self.owner }
    }
}

impl<T: GcRef> Deref for OwnedRooted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.object
    }
}

impl<T: GcRef> sealed::Rooting for OwnedRooted<T> {}
impl<T: GcRef> RootedGcRef<T> for OwnedRooted<T> {}

impl<T: GcRef> fmt::Debug for OwnedRooted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Handle { store, cell, .. } = self.handle();
        f.debug_struct("OwnedRooted").field("store", store).field("cell", cell).finish()
    }
}

/// Declares conversions to a wider type.
macro_rules! wider {
    ($($from:ident $to:ident $name:ident;)*) => {$(
        impl From<Rooted<$from>> for Rooted<$to> {
            fn from(object: Rooted<$from>) -> Rooted<$to> {
                Rooted::of_handle(*object.handle())
            }
        }

        impl From<OwnedRooted<$from>> for OwnedRooted<$to> {
            fn from(object: OwnedRooted<$from>) -> OwnedRooted<$to> {
                object.cast()
            }
        }

        impl Rooted<$from> {
            #[doc = concat!("The reference as `", stringify!($to), "`.")]
            pub fn $name(self) -> Rooted<$to> {
                self.into()
            }
        }

        impl OwnedRooted<$from> {
            #[doc = concat!("The reference as `", stringify!($to), "`.")]
            pub fn $name(self) -> OwnedRooted<$to> {
                self.into()
            }
        }
    )*};
}

use super::{AnyRef, ArrayRef, EqRef, StructRef};
wider! {
    EqRef AnyRef to_anyref;
    StructRef AnyRef to_anyref;
    StructRef EqRef to_eqref;
    ArrayRef AnyRef to_anyref;
    ArrayRef EqRef to_eqref;
}

/// A scope of [`Rooted`] references: those that are made in it keep their objects until it is
/// dropped.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let ty = StructType::new(&engine, [FieldType::new(Mutability::Const, ValType::I32.into())])?;
/// let pre = StructRefPre::new(&mut store, ty);
/// let object = {
///     let mut scope = RootScope::new(&mut store);
///     let object = StructRef::new(&mut scope, &pre, &[Val::I32(7)])?;
///     assert_eq!(object.field(&mut scope, 0)?.unwrap_i32(), 7);
///     object
/// };
/// assert!(object.field(&mut store, 0).is_err(), "its scope has ended");
/// # Ok::<(), prova_core::Error>(())
/// ```
pub struct RootScope<C: AsContextMut> {
    store: C,
    roots: usize,
}

impl<C: AsContextMut> RootScope<C> {
    /// A scope that begins now.
    pub fn new(store: C) -> RootScope<C> {
        let roots = store.as_context().rt.rooted();
        RootScope { store, roots }
    }

    /// Makes room for so many references more.
    pub fn reserve(&mut self, additional: usize) {
        self.store.as_context().rt.reserve_roots(additional);
    }
}

impl<C: AsContextMut> Drop for RootScope<C> {
    fn drop(&mut self) {
        self.store.as_context().rt.unroot(self.roots);
    }
}

impl<C: AsContextMut> AsContext for RootScope<C> {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        self.store.as_context()
    }
}

impl<C: AsContextMut> AsContextMut for RootScope<C> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        self.store.as_context_mut()
    }
}

impl<C: AsContextMut> fmt::Debug for RootScope<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootScope").field("roots", &self.roots).finish_non_exhaustive()
    }
}
