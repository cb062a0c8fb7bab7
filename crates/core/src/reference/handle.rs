//! References to objects: five types, each behind [`Rooted`] or [`OwnedRooted`], and the root that
//! keeps its object.
//!
//! The runtime has the list of roots (`prova_runtime`, `roots`); a [`Handle`] has the name of one.
//! Here is what needs no store beyond its name and roots; the rest is in `rooted` and in the file
//! of each type.

use crate::error::{Result, misuse};
use crate::inside::{InStore, StoreId};
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
    use crate::reference::handle::Handle;
    use crate::types::HeapType;
    use prova_module::RefKind;

    pub trait Rooting {}

    pub trait Object: Copy + Send + 'static {
        /// The kind of its cells.
        const KIND: RefKind;
        /// Its type in WebAssembly.
        const HEAP: HeapType;

        fn of_handle(handle: Handle) -> Self;

        fn handle(&self) -> &Handle;
    }
}

/// Makes types that hold a [`Handle`] types of objects.
macro_rules! gc_refs {
    ($($ty:ident $kind:ident $heap:ident;)*) => {$(
        impl sealed::Object for $ty {
            const KIND: RefKind = RefKind::$kind;
            const HEAP: HeapType = HeapType::$heap;

            fn of_handle(handle: Handle) -> $ty {
                $ty(handle)
            }

            fn handle(&self) -> &Handle {
                &self.0
            }
        }

        impl GcRef for $ty {}
    )*};
}

/// A value of the host as WebAssembly refers to it; met behind a [`Rooted`] or [`OwnedRooted`].
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let echo = Func::wrap(&mut store, |x: Option<Rooted<ExternRef>>| x);
/// let value = ExternRef::new(&mut store, 5u8)?;
/// let echo = echo.typed::<Option<Rooted<ExternRef>>, Option<Rooted<ExternRef>>>(&store)?;
/// let back = echo.call(&mut store, Some(value))?.expect("it is not null");
/// assert!(back.data(&store)?.is_some_and(|data| data.downcast_ref() == Some(&5u8)));
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ExternRef(pub(super) Handle);

/// A reference to a structure, an array, a small integer, or to a value of the host that
/// `any.convert_extern` gave; not null. It is met behind a [`Rooted`] or [`OwnedRooted`].
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module (type $pair (struct (field i32 i64)))
///         (func (export "pair") (result anyref) (struct.new $pair (i32.const 1) (i64.const 2)))
///         (func (export "small") (result anyref) (ref.i31 (i32.const -7))))"#,
/// )?)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let pair = instance.get_typed_func::<(), Option<Rooted<AnyRef>>>(&mut store, "pair")?;
/// let pair = pair.call(&mut store, ())?.expect("it is not null");
/// assert_eq!(pair.unwrap_struct(&store)?.field(&mut store, 1)?.unwrap_i64(), 2);
/// let small = instance.get_typed_func::<(), Option<Rooted<AnyRef>>>(&mut store, "small")?;
/// let small = small.call(&mut store, ())?.expect("it is not null");
/// assert_eq!(small.unwrap_i31(&store)?.get_i32(), -7);
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AnyRef(pub(super) Handle);

/// A reference to a structure, an array or a small integer; not null. It is met behind a [`Rooted`]
/// or [`OwnedRooted`].
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let small = EqRef::from_i31(&mut store, I31::wrapping_u32(3));
/// assert!(small.is_i31(&store)? && !small.is_struct(&store)?);
/// assert_eq!(small.to_anyref().unwrap_i31(&store)?.get_u32(), 3);
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EqRef(pub(super) Handle);

/// A reference to a structure; not null. It is met behind a [`Rooted`] or [`OwnedRooted`].
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let x = FieldType::new(Mutability::Var, ValType::I32.into());
/// let y = FieldType::new(Mutability::Const, ValType::F64.into());
/// let pre = StructRefPre::new(&mut store, StructType::new(&engine, [x, y])?);
/// let pair = StructRef::new(&mut store, &pre, &[Val::I32(1), Val::from(2.5)])?;
/// pair.set_field(&mut store, 0, Val::I32(-1))?;
/// let values: Vec<Val> = pair.fields(&mut store)?.collect();
/// assert_eq!((values[0].unwrap_i32(), values[1].unwrap_f64()), (-1, 2.5));
/// assert!(pair.set_field(&mut store, 1, Val::from(0.0)).is_err(), "it cannot be set");
/// assert!(StructRef::new(&mut store, &pre, &[Val::I32(1)]).is_err(), "a value is missing");
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct StructRef(pub(super) Handle);

/// A reference to an array; not null. It is met behind a [`Rooted`] or [`OwnedRooted`].
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let ty = ArrayType::new(&engine, FieldType::new(Mutability::Var, ValType::I64.into()));
/// let pre = ArrayRefPre::new(&mut store, ty);
/// let array = ArrayRef::new(&mut store, &pre, &Val::I64(7), 3)?;
/// array.set(&mut store, 1, Val::I64(8))?;
/// let values: Vec<i64> = array.elems(&mut store)?.map(|value| value.unwrap_i64()).collect();
/// assert_eq!((array.len(&store)?, values), (3, vec![7, 8, 7]));
/// assert!(array.get(&mut store, 3).is_err() && array.set(&mut store, 0, Val::I32(1)).is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ArrayRef(pub(super) Handle);

gc_refs! {
    ExternRef Extern Extern;
    AnyRef Any Any;
    EqRef Any Eq;
    StructRef Any Struct;
    ArrayRef Any Array;
}

/// A reference to an object of a store that keeps the object to the end of the innermost scope: the
/// host function that runs, a [`RootScope`](crate::RootScope), otherwise the store. Afterwards it
/// is refused.
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

    /// Its cell for code. An object behind an `externref` stays from now on.
    pub(crate) fn to_cell(self, rt: &rt::Store) -> Cell {
        let cell = self.handle().cell;
        if T::KIND == RefKind::Extern && cell & rt::INTERNAL != 0 {
            // It is kept: there is an object.
            let _pinned = rt.pin(cell);
        }
        cell
    }

    /// Whether both are the same root: copies of each other.
    pub fn rooted_eq(a: Rooted<T>, b: Rooted<T>) -> bool {
        a.handle() == b.handle()
    }

    /// Hashes the root.
    pub fn rooted_hash<H: Hasher>(&self, state: &mut H) {
        self.handle().hash(state);
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

wider! {
    EqRef AnyRef to_anyref;
    StructRef AnyRef to_anyref;
    StructRef EqRef to_eqref;
    ArrayRef AnyRef to_anyref;
    ArrayRef EqRef to_eqref;
}
