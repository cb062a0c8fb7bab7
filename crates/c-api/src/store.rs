//! A store and who may use it now: [`StoreCell`].
//!
//! A C program uses a store through many pointers: handles, the store, a context. While code of the
//! store runs, the engine has it borrowed, and a host function that the code calls uses it again.
//! Then it is the borrow of the innermost host function that every pointer leads to:
//!
//! ```text
//! Free ─ with ─► Lent ─ code calls a host function: lend ─► Host ─ with ─► Lent ─ …
//! ```
//!
//! # Invariants
//! * L1. `Free`: nobody has a reference to the store. `Host(c)`: `c` is the caller of the innermost
//!   host function, which waits until its callback returns, and nobody else has a reference.
//!   `Lent`: somebody has the only reference; `Waits`: a call does that waits (`waiting`). `Lost`:
//!   as `Free`, but nobody gets one.
//! * L2. Each change of the state is taken back when the function that made it returns, except when
//!   it panics: then the store is `Lost`, which nothing takes back, also where the panic was inside
//!   a host function.
//! * L3. `users` is the number of functions of this file that have the store, one inside the other;
//!   while it is not 0 the cell may not be dropped.

use crate::callback::Data as UserData;
use crate::pointer::end;
use crate::wasm::reference::Object;
use prova::wasi::{WasiCtx, WasiCtxBuilder};
use prova::{
    AsContextMut, Caller, Engine, Error, ExternRef, Func, Global, Instance, Memory, Result, Rooted,
    Store, StoreContextMut, StoreLimits, Table, Tag, ThrownException, format_err,
};
use std::cell::{Cell, RefCell, UnsafeCell};
use std::collections::HashMap;
use std::hash::Hash;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// The data of every store.
pub(crate) struct Data {
    /// The cell that the store is in.
    pub(crate) cell: Weak<StoreCell>,
    /// The program's own data.
    pub(crate) user: UserData,
    /// The WASI state of programs in the store.
    pub(crate) wasi: WasiCtx,
    /// Where `limiter` reads the limits that it sets.
    pub(crate) limits: StoreLimits,
}

/// The store in the hands of one function.
pub(crate) type Context<'a> = StoreContextMut<'a, Data>;

/// Who may use a store (L1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Lent,
    Waits,
    Host(*mut Caller<'static, Data>),
    Lost,
}

/// A store, and what C programs attach to its objects.
pub(crate) struct StoreCell {
    /// The number of the store in plain handles; never 0, which is null there.
    pub(crate) id: u64,
    engine: Engine,
    state: Cell<State>,
    users: Cell<u32>,
    store: UnsafeCell<Store<Data>>,
    /// Host information of objects, by object.
    pub(crate) infos: RefCell<HashMap<Item, UserData>>,
    /// References that stand for objects and host values which went into code as `externref`.
    pub(crate) externs: RefCell<HashMap<Object, Rooted<ExternRef>>>,
    /// The objects that plain handles name.
    pub(crate) handles: RefCell<Handles>,
    /// The exception that a call ended with, or that a host function is to throw.
    pub(crate) pending: RefCell<Option<ThrownException>>,
}

// SAFETY: C4: one thread at a time uses the store and everything in the cell.
unsafe impl Send for StoreCell {}
// SAFETY: as above.
unsafe impl Sync for StoreCell {}

/// An object of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Item {
    Func(Func),
    Global(Global),
    Table(Table),
    Memory(Memory),
    Tag(Tag),
    Instance(Instance),
}

impl StoreCell {
    /// A cell with an empty store.
    ///
    /// # Errors
    /// If the system gives no address space.
    pub(crate) fn new(engine: &Engine, user: UserData) -> Result<Arc<StoreCell>> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        guarded(|| {
            Ok(Arc::new_cyclic(|cell: &Weak<StoreCell>| {
                let limits = StoreLimits::default();
                let data =
                    Data { cell: cell.clone(), user, wasi: WasiCtxBuilder::new().build(), limits };
                StoreCell {
                    id: NEXT.fetch_add(1, Ordering::Relaxed),
                    engine: engine.clone(),
                    state: Cell::new(State::Free),
                    users: Cell::new(0),
                    store: UnsafeCell::new(Store::new(engine, data)),
                    infos: RefCell::default(),
                    externs: RefCell::default(),
                    handles: RefCell::default(),
                    pending: RefCell::default(),
                }
            }))
        })
    }

    /// The engine.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether a function has the store, so that it may not end (L3).
    pub(crate) fn is_used(&self) -> bool {
        self.users.get() != 0
    }

    /// Lends the store to `f`.
    ///
    /// # Errors
    /// Those of `f`; if it panics; if the store is in use or `f` panicked before.
    pub(crate) fn with<R>(&self, f: impl FnOnce(Context<'_>) -> Result<R>) -> Result<R> {
        let _user = User::new(&self.users);
        let state = self.state.replace(State::Lent);
        let context = match state {
            State::Lent => return Err(in_use()),
            State::Lost | State::Waits => {
                self.state.set(state);
                return Err(if state == State::Waits { waits() } else { in_use() });
            }
            // SAFETY: L1: nobody has a reference to the store, and until the state is `Free` again
            // nobody gets another one here.
            State::Free => unsafe { &mut *self.store.get() }.as_context_mut(),
            // SAFETY: L1: `lend` has the caller for as long as the state is `Host`, does not use it
            // meanwhile, and outlives this call.
            State::Host(caller) => unsafe { &mut *caller }.as_context_mut(),
        };
        let result = panic::catch_unwind(AssertUnwindSafe(|| f(context)));
        self.give_back(state, result.is_err());
        result.map_err(of_panic)?
    }

    /// Takes a change of the state back (L2).
    fn give_back(&self, state: State, panicked: bool) {
        let lost = panicked || self.state.get() == State::Lost;
        self.state.set(if lost { State::Lost } else { state });
    }

    /// Lends the store to a function that can report no error.
    pub(crate) fn with_or_end<R>(&self, f: impl FnOnce(Context<'_>) -> R) -> R {
        self.with(|context| Ok(f(context))).unwrap_or_else(|error| end(&format!("{error:#}")))
    }

    /// Lends the store itself to `f`, outside of all host functions.
    ///
    /// # Errors
    /// If a host function of the store runs; otherwise those of [`StoreCell::with`].
    pub(crate) fn with_store<R>(&self, f: impl FnOnce(&mut Store<Data>) -> R) -> Result<R> {
        if self.state.get() != State::Free {
            return Err(if self.state.get() == State::Waits { waits() } else { in_use() });
        }
        let _user = User::new(&self.users);
        self.state.set(State::Lent);
        // SAFETY: L1, as in `with`.
        let result = guarded(|| Ok(f(unsafe { &mut *self.store.get() })));
        self.give_back(State::Free, result.is_err());
        result
    }

    /// Lends the store of a host function to the program's callback.
    ///
    /// # Errors
    /// If a function panicked that the callback called: the program's code does not go on then.
    pub(crate) fn lend<R>(
        &self,
        caller: &mut Caller<'_, Data>,
        callback: impl FnOnce(*mut Caller<'static, Data>) -> R,
    ) -> Result<R> {
        self.lend_pointer(std::ptr::from_mut(caller).cast(), callback)
    }

    /// The same by a pointer that leads to a caller, which nobody uses meanwhile.
    ///
    /// # Errors
    /// Those of [`StoreCell::lend`].
    pub(crate) fn lend_pointer<R>(
        &self,
        caller: *mut Caller<'static, Data>,
        callback: impl FnOnce(*mut Caller<'static, Data>) -> R,
    ) -> Result<R> {
        let outer = self.state.replace(State::Host(caller));
        let result = callback(caller);
        self.give_back(outer, self.state.get() != State::Host(caller));
        if self.state.get() == State::Lost { Err(in_use()) } else { Ok(result) }
    }

    /// Lends the caller of the innermost host function, if it is this one.
    pub(crate) fn with_caller<R>(
        &self,
        caller: *mut Caller<'static, Data>,
        f: impl FnOnce(&mut Caller<'static, Data>) -> R,
    ) -> Option<R> {
        if self.state.get() != State::Host(caller) {
            return None;
        }
        self.state.set(State::Lent);
        // SAFETY: L1, as in `with`.
        let result = guarded(|| Ok(f(unsafe { &mut *caller })));
        self.give_back(State::Host(caller), result.is_err());
        result.ok()
    }
}

/// The store in the hands of a call that waits (`waiting`).
pub(crate) struct Hold {
    cell: Arc<StoreCell>,
}

impl StoreCell {
    /// Keeps a store that nobody uses for a call that waits.
    ///
    /// # Errors
    /// If somebody uses it.
    pub(crate) fn hold(&self) -> Result<Hold> {
        let cell = self.with_store(|store| store.data().cell.upgrade())?;
        let cell = cell.ok_or_else(|| format_err!("the store is being deleted"))?;
        self.state.set(State::Waits);
        self.users.set(self.users.get() + 1);
        Ok(Hold { cell })
    }
}

impl Hold {
    /// The store.
    ///
    /// # Safety
    /// There is one such reference, and it is used where [`Hold::lent`] runs alone (W1).
    #[allow(clippy::mut_from_ref, reason = "there is one reference, as its user promises")]
    pub(crate) unsafe fn store(&self) -> &mut Store<Data> {
        // SAFETY: L1: nobody else gets a reference while the state is `Waits`.
        unsafe { &mut *self.cell.store.get() }
    }

    /// Lets the call use the store.
    ///
    /// # Errors
    /// Those of `f`: the store is lost then.
    pub(crate) fn lent<R>(&self, f: impl FnOnce() -> Result<R>) -> Result<R> {
        let state = self.cell.state.replace(State::Lent);
        let result = f();
        let lost = result.is_err() || state == State::Lost;
        self.cell.give_back(state, lost);
        result
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.cell.give_back(State::Free, false);
        self.cell.users.set(self.cell.users.get() - 1);
    }
}

/// A function that has the store, counted (L3).
struct User<'a>(&'a Cell<u32>);

impl User<'_> {
    fn new(users: &Cell<u32>) -> User<'_> {
        users.set(users.get() + 1);
        User(users)
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

fn in_use() -> Error {
    format_err!("the store is in use by another thread, or a call in it ended by a panic")
}

fn waits() -> Error {
    format_err!("the store is in use by an asynchronous call that has not ended")
}

/// Runs code of the engine that belongs to no store; a panic becomes an error (C6).
///
/// # Errors
/// Those of `f`, and its panic.
pub(crate) fn guarded<R>(f: impl FnOnce() -> Result<R>) -> Result<R> {
    panic::catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|payload| Err(of_panic(payload)))
}

fn of_panic(payload: Box<dyn std::any::Any + Send>) -> Error {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    format_err!("a bug in Prova: {}", text.unwrap_or("a panic without a message"))
}

/// The objects of a store that a program has plain handles of, each with its number. Grows with the
/// objects that a program has seen, not with the handles that it was given; exceptions are others
/// each time.
#[derive(Default)]
pub(crate) struct Handles {
    items: Numbered<Item>,
    externs: Numbered<Rooted<ExternRef>>,
    exceptions: Vec<ThrownException>,
}

/// Values, each with its number.
struct Numbered<T> {
    values: Vec<T>,
    numbers: HashMap<T, u64>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { values: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Copy + Eq + Hash> Numbered<T> {
    fn number(&mut self, value: T) -> u64 {
        *self.numbers.entry(value).or_insert_with(|| {
            self.values.push(value);
            self.values.len() as u64 - 1
        })
    }

    fn value(&self, number: u64) -> Option<T> {
        self.values.get(usize::try_from(number).ok()?).copied()
    }
}

impl Handles {
    /// The number of an object.
    pub(crate) fn number(&mut self, item: Item) -> u64 {
        self.items.number(item)
    }

    /// The object of a number.
    pub(crate) fn item(&self, number: u64) -> Option<Item> {
        self.items.value(number)
    }

    /// The number of an exception that the store keeps from now on.
    pub(crate) fn keep_exception(&mut self, thrown: ThrownException) -> u64 {
        self.exceptions.push(thrown);
        self.exceptions.len() as u64 - 1
    }

    /// The exception of a number.
    pub(crate) fn exception(&self, number: u64) -> Option<ThrownException> {
        self.exceptions.get(usize::try_from(number).ok()?).cloned()
    }

    /// The number of a reference to a value of the host.
    pub(crate) fn number_of_extern(&mut self, value: Rooted<ExternRef>) -> u64 {
        self.externs.number(value)
    }

    /// The reference of a number.
    pub(crate) fn extern_ref(&self, number: u64) -> Option<Rooted<ExternRef>> {
        self.externs.value(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova::AsContext;

    fn cell() -> Arc<StoreCell> {
        StoreCell::new(&Engine::default(), UserData::default()).expect("there is address space")
    }

    /// Whether the store is refused.
    fn is_refused(cell: &StoreCell) -> bool {
        cell.with(|_| Ok(())).is_err() && cell.with_store(|_| ()).is_err()
    }

    fn func(
        cell: &StoreCell,
        body: impl Fn(&mut Caller<'_, Data>) -> Result<()> + Send + Sync + 'static,
    ) -> Func {
        cell.with(|context| {
            Ok(Func::wrap(context, move |mut caller: Caller<'_, Data>| body(&mut caller)))
        })
        .expect("the store is free")
    }

    #[test]
    fn after_a_panic_the_store_is_refused() {
        let cell = cell();
        assert!(!is_refused(&cell));
        let error = cell.with(|_| -> Result<()> { panic!("by plan") }).unwrap_err();
        assert_eq!(error.to_string(), "a bug in Prova: by plan");
        assert!(is_refused(&cell), "L2");
        let cell = self::cell();
        assert!(cell.with_store(|_| panic!("by plan")).is_err());
        assert!(is_refused(&cell), "L2");
    }

    #[test]
    fn a_store_is_lent_once() {
        let cell = cell();
        cell.with(|_| {
            assert!(is_refused(&cell), "it is lent");
            Ok(())
        })
        .expect("the store is free");
        assert!(!is_refused(&cell));
    }

    #[test]
    fn a_callback_uses_the_store_and_loses_it_by_a_panic() {
        let cell = cell();
        let inner = Arc::clone(&cell);
        let used = func(&cell, move |caller| {
            let other = Arc::clone(&inner);
            inner.lend(caller, |caller| {
                assert!(other.is_used(), "L3");
                assert!(other.with(|context| Ok(context.data().user.pointer().is_null())).is_ok());
                assert!(other.with_store(|_| ()).is_err(), "a host function of it runs");
                assert!(other.with_caller(caller, |_| ()).is_some());
                let another = std::ptr::null_mut::<Caller<'static, Data>>();
                assert!(other.with_caller(another, |_| ()).is_none(), "it is not the innermost");
            })
        });
        cell.with(|context| used.call(context, &[], &mut [])).expect("it returns");
        assert!(!is_refused(&cell) && !cell.is_used());
        let inner = Arc::clone(&cell);
        let panics = func(&cell, move |caller| {
            let other = Arc::clone(&inner);
            inner.lend(caller, |_| drop(other.with(|_| -> Result<()> { panic!("by plan") })))
        });
        let called = cell.with(|context| panics.call(context, &[], &mut []));
        assert!(called.is_err(), "the program's code does not go on");
        assert!(is_refused(&cell) && !cell.is_used(), "L3: it may end");
    }

    #[test]
    fn numbers_of_handles_are_stable_and_checked() {
        let cell = cell();
        let func = func(&cell, |_| Ok(()));
        let mut handles = cell.handles.borrow_mut();
        let number = handles.number(Item::Func(func));
        assert_eq!(handles.number(Item::Func(func)), number);
        assert_eq!(handles.item(number), Some(Item::Func(func)));
        for none in [number + 1, u64::MAX] {
            assert_eq!(handles.item(none), None);
        }
        assert!(
            cell.with(|context| Ok(context.as_context().data().cell.upgrade().is_some())).is_ok()
        );
    }
}
