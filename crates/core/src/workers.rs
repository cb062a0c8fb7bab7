//! Threads with a stack of known size, on which machine code is made.
//!
//! A compiler of machine code is a large program that others wrote, and functions come from anyone:
//! how much stack it takes is not known. A thread of the embedder may have little
//! ([`NATIVE_STACK_BYTES_MIN`](crate::NATIVE_STACK_BYTES_MIN)), and a stack that overflows ends the
//! process. So compilers are asked on a thread that was made for it, with [`STACK_BYTES`], behind
//! which the system has a guard.
//!
//! A program that compiles much calls [`on_compiler_thread`] once: what it does there needs no
//! further thread.
//!
//! # Invariants
//! * K1. While a compiler works, its thread was started here. A worker that asks for more work does
//!   that itself: nobody waits for a thread that waits for it.
//!
//! # Limits
//! A function that is compiled at its first call pays for a thread (some 20 microseconds). Where
//! the system gives no thread, the work is done on the caller's.

use crate::error::OrBug;
use rayon::ThreadPoolBuilder;
use std::cell::Cell;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The native stack of a compiler, in bytes.
pub(crate) const STACK_BYTES: usize = 8 << 20;

/// The native stack of a thread on which a program runs and compilers work.
const PROGRAM_STACK_BYTES: usize = 2 * STACK_BYTES;

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Does something on a worker, and waits for it.
pub(crate) fn work<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    work_with(STACK_BYTES, run)
}

/// Runs a program on a thread with enough native stack for compilers of machine code
/// ([`Config::native`](crate::Config::native)). On any other thread each function that is compiled
/// at its first call starts a new thread.
pub fn on_compiler_thread<T: Send>(program: impl FnOnce() -> T + Send) -> T {
    work_with(PROGRAM_STACK_BYTES, program)
}

/// A new thread for a program, with as much native stack; compilers may work on it, once it calls
/// [`is_worker_now`].
pub(crate) fn program_thread(name: String) -> thread::Builder {
    thread::Builder::new().name(name).stack_size(PROGRAM_STACK_BYTES)
}

/// Says that compilers may work on this thread, which [`program_thread`] made.
pub(crate) fn is_worker_now() {
    IS_WORKER.set(true);
}

/// Does something with this number of threads for what is done in parallel, as long as the system
/// gives them.
pub fn on_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    let builder = ThreadPoolBuilder::new().num_threads(threads.max(1));
    let builder = builder.thread_name(|index| format!("prova-compile-{index}"));
    let builder = builder.stack_size(STACK_BYTES).start_handler(|_| IS_WORKER.set(true));
    match builder.build() {
        Ok(pool) => pool.install(run),
        // Of a thread that is in such a pool already it is an error, and none is needed.
        Err(_) => match ThreadPoolBuilder::new().num_threads(1).use_current_thread().build() {
            Ok(pool) => pool.install(run),
            Err(_) => run(),
        },
    }
}

fn work_with<T: Send>(stack_bytes: usize, run: impl FnOnce() -> T + Send) -> T {
    if IS_WORKER.get() {
        return run();
    }
    // Where there is no thread for it, the work is still here.
    let slot = Mutex::new(Some(run));
    let take = || slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    let done = thread::scope(|scope| {
        let worker = || {
            IS_WORKER.set(true);
            take().map(|run| run())
        };
        let builder = thread::Builder::new().name("prova-compile".into()).stack_size(stack_bytes);
        match builder.spawn_scoped(scope, worker) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => take().map(|run| run()),
        }
    });
    done.or_bug("the work is taken by the worker, or by its caller if there is none")
}

/// Does something on a new worker, for which nobody waits; on the caller's thread, if the
/// system gives none.
pub(crate) fn work_apart(run: impl FnOnce() + Send + 'static) {
    // Where there is no thread for it, the work is still here.
    let slot = Arc::new(Mutex::new(Some(run)));
    let take = |slot: &Mutex<Option<_>>| slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    let of_worker = Arc::clone(&slot);
    let worker = move || {
        IS_WORKER.set(true);
        if let Some(run) = take(&of_worker) {
            run();
        }
    };
    let builder = thread::Builder::new().name("prova-compile".into()).stack_size(STACK_BYTES);
    if builder.spawn(worker).is_err()
        && let Some(run) = take(&slot)
    {
        run();
    }
}

/// Does something on a pool of workers, as many as there are threads in the caller's pool, or
/// processors. Where the system gives no threads, the caller is the only worker.
pub(crate) fn work_in_parallel<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    // Outside of a pool 0, the default: asking rayon would start its global pool, or panic.
    let threads = rayon::current_thread_index().map_or(0, |_| rayon::current_num_threads());
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    let builder = builder.thread_name(|index| format!("prova-compile-{index}"));
    let builder = builder.stack_size(STACK_BYTES).start_handler(|_| IS_WORKER.set(true));
    // A worker of such a pool does its work in that pool.
    if IS_WORKER.get() && rayon::current_thread_index().is_some() {
        return run();
    }
    match builder.build() {
        Ok(pool) => pool.install(run),
        Err(_) => run(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;
    use std::thread::ThreadId;

    /// The thread, and whether it is a worker.
    fn here() -> (ThreadId, bool) {
        (thread::current().id(), IS_WORKER.get())
    }

    #[test]
    fn work_is_done_by_a_worker_and_its_own_by_itself() {
        let (me, is_worker) = here();
        assert!(!is_worker);
        let (worker, nested) = work(|| (here(), work(here)));
        assert_ne!(worker.0, me);
        assert!(worker.1);
        assert_eq!(nested, worker);
        let all: Vec<_> = work_in_parallel(|| (0..64).into_par_iter().map(|_| here()).collect());
        assert!(all.iter().all(|&(thread, is_worker)| is_worker && thread != me));
        let threads = on_threads(3, || work_in_parallel(rayon::current_num_threads));
        assert_eq!(threads, 3);
        let nested: Vec<(_, _)> =
            work_in_parallel(|| (0..64).into_par_iter().map(|_| (here(), work(here))).collect());
        assert!(nested.iter().all(|(outer, inner)| outer == inner));
    }

    #[test]
    fn a_program_on_a_thread_for_compilers_starts_none_for_its_work() {
        let ((program, is_worker), inner) = on_compiler_thread(|| (here(), work(here)));
        assert!(is_worker);
        assert_eq!(inner, (program, true));
        // Its pools are of workers too.
        let all: Vec<_> = on_compiler_thread(|| {
            work_in_parallel(|| (0..64).into_par_iter().map(|_| here()).collect())
        });
        assert!(all.iter().all(|&(_, is_worker)| is_worker));
    }

    #[test]
    fn a_stack_of_a_compiler_is_larger_than_that_of_its_caller() {
        /// Takes a page of stack for each step.
        fn deep(steps: usize) -> u8 {
            let page = std::hint::black_box([1_u8; 4096]);
            if steps == 0 { page[0] } else { deep(steps - 1).wrapping_add(page[steps % 4096]) }
        }
        let small = thread::Builder::new().stack_size(crate::NATIVE_STACK_BYTES_MIN);
        let pages = STACK_BYTES / 2 / 4096 / 2;
        assert!(pages * 4096 > 2 * crate::NATIVE_STACK_BYTES_MIN);
        let done = small.spawn(move || work(|| deep(pages))).expect("a thread").join();
        assert_eq!(done.expect("it ends well"), (pages + 1) as u8);
    }

    #[test]
    fn a_panic_comes_back_to_the_caller() {
        let panic = std::panic::catch_unwind(|| work(|| -> () { panic!("of the work") }));
        let panic = panic.expect_err("it panics");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"of the work"));
    }
}
