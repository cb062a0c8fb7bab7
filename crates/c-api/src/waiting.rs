//! Calls that wait: a future that has a store from its beginning to its end, and is polled in
//! between ([`Waiting`]).
//!
//! ```text
//! Free ─ Waiting::new ─► Waits ─ poll ─► Lent ─ asynchronous host function: lend ─► Host ─ …
//!  ▲                      │  ▲             │
//!  └─ drop, or the end ───┘  └─────────────┘
//! ```
//!
//! # Invariants
//! * W1. While a [`Waiting`] is there, the state of its store is `Waits`, `Lent`, `Host` or `Lost`;
//!   the future has the only reference to the store and uses it in `poll` and in its own
//!   drop alone. So L1 holds.
//! * W2. The future is dropped before the store is `Free` again.

use crate::store::{Data, Hold, StoreCell, guarded};
use prova::{Result, Store};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

type Future<'a, R> = Pin<Box<dyn std::future::Future<Output = Result<R>> + 'a>>;

/// A call that has a store for itself.
pub(crate) struct Waiting<R> {
    /// `None` once it has ended.
    future: Option<Future<'static, R>>,
    hold: Hold,
}

impl<R> Waiting<R> {
    /// A call of a store that nobody uses; nothing runs before it is polled.
    ///
    /// # Errors
    /// If somebody uses the store.
    pub(crate) fn new(
        cell: &StoreCell,
        call: impl for<'a> FnOnce(&'a mut Store<Data>) -> Future<'a, R>,
    ) -> Result<Waiting<R>> {
        let hold = cell.hold()?;
        // SAFETY: W1: nobody else has a reference until `hold` is dropped.
        let future = call(unsafe { hold.store() });
        // SAFETY: W2: the store outlives the future: `hold` keeps its cell.
        let future = unsafe { std::mem::transmute::<Future<'_, R>, Future<'static, R>>(future) };
        Ok(Waiting { future: Some(future), hold })
    }

    /// Goes on until it has to wait; nobody learns when there is something to go on with.
    pub(crate) fn poll(&mut self) -> Poll<Result<R>> {
        let Some(future) = &mut self.future else { return Poll::Pending };
        let polled = self
            .hold
            .lent(|| guarded(|| Ok(future.as_mut().poll(&mut Context::from_waker(Waker::noop())))));
        polled.unwrap_or_else(|error| Poll::Ready(Err(error)))
    }
}

impl<R> Drop for Waiting<R> {
    fn drop(&mut self) {
        let future = self.future.take();
        // The data of callbacks has finalizers, which find the store in use.
        let given_up = self.hold.lent(|| {
            guarded(|| {
                drop(future);
                Ok(())
            })
        });
        // A panic has lost the store.
        given_up.ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callback::Data as UserData;
    use prova::{Caller, Engine, Func, bail};
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn cell() -> Arc<StoreCell> {
        StoreCell::new(&Engine::default(), UserData::default()).expect("there is address space")
    }

    /// A function that waits once, and counts how often it began and how often it ended.
    fn waits_once(cell: &StoreCell, counts: &Arc<[AtomicU32; 2]>) -> Func {
        let counts = Arc::clone(counts);
        let func = cell.with(|context| {
            Ok(Func::wrap_async(context, move |caller: Caller<'_, Data>, (): ()| {
                let (counts, of) = (Arc::clone(&counts), caller.data().cell.clone());
                Box::new(async move {
                    counts[0].fetch_add(1, Ordering::Relaxed);
                    let mut ready = false;
                    poll_fn(|_| match std::mem::replace(&mut ready, true) {
                        true => Poll::Ready(()),
                        false => Poll::Pending,
                    })
                    .await;
                    counts[1].fetch_add(1, Ordering::Relaxed);
                    match of.upgrade().map(|cell| cell.with(|_| Ok(())).is_err()) {
                        Some(true) => Ok(()),
                        _ => bail!("the store is in use"),
                    }
                })
            }))
        });
        func.expect("the store is free")
    }

    fn call(cell: &StoreCell, func: Func) -> Result<Waiting<()>> {
        Waiting::new(cell, |store| {
            Box::pin(async move { func.call_async(store, &[], &mut []).await })
        })
    }

    #[test]
    fn a_call_has_the_store_until_it_ends() {
        let (cell, counts) = (cell(), Arc::default());
        let func = waits_once(&cell, &counts);
        let mut first = call(&cell, func).expect("nobody uses the store");
        assert!(cell.with(|_| Ok(())).is_err() && cell.with_store(|_| ()).is_err());
        assert!(call(&cell, func).is_err() && cell.is_used());
        assert_eq!(counts[0].load(Ordering::Relaxed), 0, "nothing runs by itself");
        assert!(first.poll().is_pending());
        assert!(cell.with(|_| Ok(())).is_err(), "between polls too");
        assert!(matches!(first.poll(), Poll::Ready(Ok(()))));
        assert!(cell.with(|_| Ok(())).is_err());
        drop(first);
        assert!(cell.with(|_| Ok(())).is_ok() && !cell.is_used());
    }

    #[test]
    fn a_call_that_is_given_up_leaves_the_store_free() {
        let (cell, counts) = (cell(), Arc::default());
        let func = waits_once(&cell, &counts);
        for polls in 0..2 {
            let mut waiting = call(&cell, func).expect("nobody uses the store");
            for _ in 0..polls {
                assert!(waiting.poll().is_pending());
            }
            drop(waiting);
            assert!(cell.with(|_| Ok(())).is_ok() && !cell.is_used());
        }
        assert_eq!([0, 1].map(|at| counts[at].load(Ordering::Relaxed)), [1, 0]);
    }

    #[test]
    fn a_panic_loses_the_store() {
        let cell = cell();
        let mut waiting = Waiting::<()>::new(&cell, |_| Box::pin(async { panic!("by plan") }))
            .expect("nobody uses the store");
        match waiting.poll() {
            Poll::Ready(Err(error)) => assert_eq!(error.to_string(), "a bug in Prova: by plan"),
            _ => panic!("it did not panic"),
        }
        drop(waiting);
        assert!(cell.with(|_| Ok(())).is_err() && !cell.is_used());
    }
}
