//! References: to functions, to values of the host, to exceptions, to structures, arrays and small
//! integers ↔ a cell.
//!
//! `value` has them among all values. What a cell means is said by `prova_runtime`; null is 0. A
//! structure or array that the host gets stays for as long as its store.

use crate::error::{Result, misuse};
use crate::func::Func;
use crate::store::{AsContext, AsContextMut, Store, StoreContext, StoreContextMut, StoreId};
use crate::types::{FuncType, HeapType, RefType};
use prova_module::{self as module, RefKind};
use prova_runtime as rt;
use rt::{Cell, FuncAddr};
use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// A value of the host as WebAssembly refers to it; it is only met behind a [`Rooted`].
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
#[derive(Debug)]
pub enum ExternRef {}

/// A reference to an object of a store that keeps the object alive: today to a value of the host
/// ([`ExternRef`]), which lives as long as its store.
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
pub struct Rooted<T> {
    pub(crate) store: StoreId,
    pub(crate) cell: Cell,
    object: PhantomData<fn() -> T>,
}

impl<T> Rooted<T> {
    fn of(store: StoreId, cell: Cell) -> Rooted<T> {
        Rooted { store, cell, object: PhantomData }
    }

    /// Whether both refer to the same object.
    ///
    /// # Errors
    /// If one belongs to another store.
    pub fn ref_eq(store: impl AsContext, a: &Rooted<T>, b: &Rooted<T>) -> Result<bool> {
        let store = store.as_context().state.id;
        if a.store != store || b.store != store {
            misuse!("a reference was used with a store that it does not belong to");
        }
        Ok(a.cell == b.cell)
    }

    /// Whether both refer to the same object of the same store.
    pub fn rooted_eq(a: Rooted<T>, b: Rooted<T>) -> bool {
        (a.store, a.cell) == (b.store, b.cell)
    }
}

impl<T> Clone for Rooted<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Rooted<T> {}

impl<T> PartialEq for Rooted<T> {
    fn eq(&self, other: &Rooted<T>) -> bool {
        Rooted::rooted_eq(*self, *other)
    }
}

impl<T> Eq for Rooted<T> {}

impl<T> Hash for Rooted<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.store, self.cell).hash(state);
    }
}

impl<T> fmt::Debug for Rooted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rooted").field("store", &self.store).field("cell", &self.cell).finish()
    }
}

impl ExternRef {
    /// Gives `value` to the store, and a reference to it.
    ///
    /// # Errors
    /// None today; a store may limit their number.
    pub fn new<V: Any + Send + Sync>(
        mut store: impl AsContextMut,
        value: V,
    ) -> Result<Rooted<ExternRef>> {
        let store = store.as_context_mut();
        let cell = store.rt.extern_new(Box::new(value));
        Ok(Rooted::of(store.state.id, cell))
    }
}

impl Rooted<ExternRef> {
    /// The value; `None` where the reference is to something else than a value of the host: what
    /// `extern.convert_any` made of a structure, array or small integer.
    ///
    /// # Errors
    /// If the reference belongs to another store.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        let store = store.into();
        if self.store != store.state.id {
            misuse!("an externref was used with a store that it does not belong to");
        }
        Ok(store.rt.extern_get(self.cell))
    }

    /// The value, to change.
    ///
    /// # Errors
    /// As [`Rooted::data`].
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<Option<&'a mut (dyn Any + Send + Sync)>> {
        let store = store.into();
        if self.store != store.state.id {
            misuse!("an externref was used with a store that it does not belong to");
        }
        Ok(store.rt.extern_get_mut(self.cell))
    }
}

/// A store has no room for an object that the host gave it, which is handed back; see
/// [`Store::gc`]. No function gives this error today: values of the host are not limited in number.
#[derive(Clone, Copy, Debug)]
pub struct GcHeapOutOfMemory<V> {
    value: V,
}

impl<V> GcHeapOutOfMemory<V> {
    /// The object that there was no room for, and the error without it.
    pub fn take_inner(self) -> (V, GcHeapOutOfMemory<()>) {
        (self.value, GcHeapOutOfMemory { value: () })
    }
}

impl<V> fmt::Display for GcHeapOutOfMemory<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store has no room for the object")
    }
}

impl<V: fmt::Debug> std::error::Error for GcHeapOutOfMemory<V> {}

impl<T: 'static> Store<T> {
    /// Collects: the exceptions, structures and arrays go to which nothing refers. Values of the
    /// host stay, and what the host has got: they live as long as the store. It happens without
    /// being asked for, too, when a store has many.
    ///
    /// # Errors
    /// None today.
    pub fn gc(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        self.as_context_mut().gc(why)
    }
}

impl<T: 'static> Store<T> {
    /// Collects after every `n`-th structure or array, besides when it is time for that; 0: no
    /// more. For tests: what a program computes does not depend on it.
    #[doc(hidden)]
    pub fn gc_every(&mut self, n: u64) {
        self.as_context_mut().rt.collect_every(n);
    }
}

impl<T: 'static> StoreContextMut<'_, T> {
    /// See [`Store::gc`].
    ///
    /// # Errors
    /// As [`Store::gc`].
    pub fn gc(&mut self, _why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        let collected = self.rt.collect();
        collected.map_err(|kind| self.error_of_trap(kind.into()))
    }
}

/// A reference to an exception. The exception lives as long as something inside the store refers to
/// it: a host that keeps the reference keeps nothing alive, and what is gone is refused as an
/// argument.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let tag = Tag::new(&mut store, &FuncType::new(&engine, [ValType::I32], []))?;
/// let exception = ExnRef::new(&mut store, tag, &[Val::I32(7)])?;
/// assert_eq!(exception.exception(&store)?.values()[0].unwrap_i32(), 7);
/// assert!(ExnRef::new(&mut store, tag, &[]).is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExnRef {
    pub(crate) store: StoreId,
    pub(crate) cell: Cell,
}

/// A reference to a structure, an array, a small integer, or to a value of the host that
/// `any.convert_extern` gave; not null. The object lives as long as its store.
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
/// let pair = instance.get_typed_func::<(), Option<AnyRef>>(&mut store, "pair")?;
/// let pair = pair.call(&mut store, ())?.expect("it is not null");
/// assert!(pair.is_struct(&store)? && !pair.is_array(&store)?);
/// let small = instance.get_typed_func::<(), Option<AnyRef>>(&mut store, "small")?;
/// assert_eq!(small.call(&mut store, ())?.and_then(|small| small.as_i31()), Some(-7));
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnyRef {
    pub(crate) store: StoreId,
    pub(crate) cell: Cell,
}

impl AnyRef {
    /// The small integer of the low 31 bits of a number.
    pub fn wrapping_i31(store: impl AsContext, value: i32) -> AnyRef {
        let cell = rt::AnyKind::I31(value as u32 & (u32::MAX >> 1)).cell();
        AnyRef { store: store.as_context().state.id, cell }
    }

    /// The value of a small integer, with its sign; `None` for something else.
    pub fn as_i31(&self) -> Option<i32> {
        match rt::AnyKind::of(self.cell) {
            Some(rt::AnyKind::I31(value)) => Some((value << 1) as i32 >> 1),
            Some(rt::AnyKind::Null | rt::AnyKind::Object(_) | rt::AnyKind::Host(_)) | None => None,
        }
    }

    /// Whether it is a small integer.
    pub fn is_i31(&self) -> bool {
        self.as_i31().is_some()
    }

    /// Whether it refers to a structure.
    ///
    /// # Errors
    /// If it belongs to another store.
    pub fn is_struct(&self, store: impl AsContext) -> Result<bool> {
        self.is_of(store, module::RefType::STRUCT)
    }

    /// Whether it refers to an array.
    ///
    /// # Errors
    /// If it belongs to another store.
    pub fn is_array(&self, store: impl AsContext) -> Result<bool> {
        self.is_of(store, module::RefType::ARRAY)
    }

    fn is_of(&self, store: impl AsContext, ty: module::RefType) -> Result<bool> {
        let store = store.as_context();
        self.belongs(store.state.id)?;
        Ok(store.rt.is_ref(ty, self.cell))
    }

    fn belongs(&self, store: StoreId) -> Result<()> {
        if self.store != store {
            misuse!("an anyref was used with a store that it does not belong to");
        }
        Ok(())
    }

    /// The reference that `any.convert_extern` makes of a reference.
    ///
    /// # Errors
    /// If it belongs to another store, or is to one of more than 2^29 values of the host.
    pub fn convert_extern(store: impl AsContext, reference: Rooted<ExternRef>) -> Result<AnyRef> {
        let store = store.as_context();
        if reference.store != store.state.id {
            misuse!("an externref was used with a store that it does not belong to");
        }
        match store.rt.internalize(reference.cell) {
            Ok(cell) => Ok(AnyRef { store: reference.store, cell }),
            Err(_) => misuse!("there are too many values of the host for this one"),
        }
    }
}

impl ExternRef {
    /// The reference that `extern.convert_any` makes of a reference.
    ///
    /// # Errors
    /// If it belongs to another store.
    pub fn convert_any(store: impl AsContext, reference: AnyRef) -> Result<Rooted<ExternRef>> {
        let store = store.as_context();
        reference.belongs(store.state.id)?;
        match store.rt.externalize(reference.cell) {
            Ok(cell) => Ok(Rooted::of(reference.store, cell)),
            Err(_) => misuse!("an anyref to an object that is not there"),
        }
    }
}

/// A reference: what a table holds.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let func = Func::wrap(&mut store, || ());
/// let reference = Ref::from(func);
/// assert!(reference.is_func() && reference.unwrap_func() == Some(&func));
/// assert!(Ref::null(&HeapType::Extern).is_null());
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Ref {
    /// To a function.
    Func(Option<Func>),
    /// To a value of the host.
    Extern(Option<Rooted<ExternRef>>),
    /// To an exception.
    Exn(Option<ExnRef>),
    /// To a structure, an array or a small integer.
    Any(Option<AnyRef>),
}

impl Ref {
    /// The null reference of a type.
    pub fn null(heap_type: &HeapType) -> Ref {
        match heap_type {
            HeapType::Func | HeapType::ConcreteFunc(_) => Ref::Func(None),
            HeapType::Extern => Ref::Extern(None),
            HeapType::Exn => Ref::Exn(None),
            HeapType::Any => Ref::Any(None),
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Ref::Func(None) | Ref::Extern(None) | Ref::Exn(None) | Ref::Any(None))
    }

    /// Whether it is not null.
    pub fn is_non_null(&self) -> bool {
        !self.is_null()
    }

    /// Whether it is a reference to a function, null included.
    pub fn is_func(&self) -> bool {
        matches!(self, Ref::Func(_))
    }

    /// Whether it is a reference to a value of the host, null included.
    pub fn is_extern(&self) -> bool {
        matches!(self, Ref::Extern(_))
    }

    /// Whether it is a reference to an exception, null included.
    pub fn is_exn(&self) -> bool {
        matches!(self, Ref::Exn(_))
    }

    /// The function referred to; `None` for another kind of reference.
    pub fn as_func(&self) -> Option<Option<&Func>> {
        if let Ref::Func(func) = self { Some(func.as_ref()) } else { None }
    }

    /// The value of the host referred to; `None` for another kind of reference.
    pub fn as_extern(&self) -> Option<Option<&Rooted<ExternRef>>> {
        if let Ref::Extern(value) = self { Some(value.as_ref()) } else { None }
    }

    /// The exception referred to; `None` for another kind of reference.
    pub fn as_exn(&self) -> Option<Option<&ExnRef>> {
        if let Ref::Exn(exception) = self { Some(exception.as_ref()) } else { None }
    }

    /// The function referred to.
    ///
    /// # Panics
    /// For another kind of reference.
    pub fn unwrap_func(&self) -> Option<&Func> {
        self.as_func().unwrap_or_else(|| panic!("expected a reference to a function, got {self:?}"))
    }

    /// The value of the host referred to.
    ///
    /// # Panics
    /// For another kind of reference.
    pub fn unwrap_extern(&self) -> Option<&Rooted<ExternRef>> {
        let value = self.as_extern();
        value.unwrap_or_else(|| panic!("expected a reference to a host's value, got {self:?}"))
    }

    /// The exception referred to.
    ///
    /// # Panics
    /// For another kind of reference.
    pub fn unwrap_exn(&self) -> Option<&ExnRef> {
        let exception = self.as_exn();
        exception.unwrap_or_else(|| panic!("expected a reference to an exception, got {self:?}"))
    }

    /// Its type; of a reference to a function, with the function's own type.
    ///
    /// # Errors
    /// If it refers to an object of another store.
    pub fn ty(&self, store: impl AsContext) -> Result<RefType> {
        let store = store.as_context();
        if !self.belongs_to(store.state.id) {
            misuse!("the reference is to an object of another store");
        }
        Ok(self.type_in(store.rt))
    }

    /// Its type, for a reference of this store.
    pub(crate) fn type_in(&self, rt: &rt::Store) -> RefType {
        match self {
            Ref::Func(None) => RefType::FUNCREF,
            Ref::Func(Some(func)) => {
                let ty = FuncType::of_store(rt, rt.func_type_id(func.addr));
                RefType::new(false, HeapType::ConcreteFunc(ty))
            }
            Ref::Extern(value) => RefType::new(value.is_none(), HeapType::Extern),
            Ref::Exn(value) => RefType::new(value.is_none(), HeapType::Exn),
            Ref::Any(value) => RefType::new(value.is_none(), HeapType::Any),
        }
    }

    /// Whether it is a reference of a resolved type of this store.
    pub(crate) fn is(&self, ty: module::RefType, rt: &rt::Store) -> bool {
        let kind = match self {
            Ref::Func(_) => RefKind::Func,
            Ref::Extern(_) => RefKind::Extern,
            Ref::Exn(_) => RefKind::Exn,
            Ref::Any(_) => RefKind::Any,
        };
        kind == RefKind::of(ty.heap_type()) && rt.is_ref(ty, self.to_cell())
    }

    pub(crate) fn of_cell(ty: module::RefType, cell: Cell, store: StoreId) -> Ref {
        Ref::of_kind(RefKind::of(ty.heap_type()), cell, store)
    }

    pub(crate) fn of_kind(kind: RefKind, cell: Cell, store: StoreId) -> Ref {
        match kind {
            // Invariant 3; a store has fewer than 2^32 functions.
            RefKind::Func => Ref::Func(
                cell.checked_sub(1)
                    .map(|addr| Func { store, addr: FuncAddr::from_index(addr as u32) }),
            ),
            RefKind::Extern => Ref::Extern((cell != 0).then_some(Rooted::of(store, cell))),
            RefKind::Exn => Ref::Exn((cell != 0).then_some(ExnRef { store, cell })),
            RefKind::Any => Ref::Any((cell != 0).then_some(AnyRef { store, cell })),
        }
    }

    pub(crate) fn to_cell(self) -> Cell {
        match self {
            Ref::Func(func) => func.map_or(0, |func| prova_runtime::func_ref(func.addr)),
            Ref::Extern(value) => value.map_or(0, |value| value.cell),
            Ref::Exn(value) => value.map_or(0, |value| value.cell),
            Ref::Any(value) => value.map_or(0, |value| value.cell),
        }
    }

    pub(crate) fn belongs_to(&self, store: StoreId) -> bool {
        match self {
            Ref::Func(func) => func.is_none_or(|func| func.store == store),
            Ref::Extern(value) => value.is_none_or(|value| value.store == store),
            Ref::Exn(value) => value.is_none_or(|value| value.store == store),
            Ref::Any(value) => value.is_none_or(|value| value.store == store),
        }
    }
}

/// Declares `From` for one kind of reference.
macro_rules! from {
    ($($ty:ty => $variant:ident($x:ident => $value:expr);)*) => {$(
        impl From<$ty> for Ref {
            fn from($x: $ty) -> Ref {
                Ref::$variant($value)
            }
        }
    )*};
}

from! {
    Func => Func(x => Some(x));
    Option<Func> => Func(x => x);
    Rooted<ExternRef> => Extern(x => Some(x));
    Option<Rooted<ExternRef>> => Extern(x => x);
    ExnRef => Exn(x => Some(x));
    Option<ExnRef> => Exn(x => x);
    AnyRef => Any(x => Some(x));
    Option<AnyRef> => Any(x => x);
}
