//! Work on many pieces of code, on threads; the results are in the order of the pieces.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Results of pieces of work by number, on `jobs` threads.
pub fn in_parallel<T: Send>(jobs: usize, count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(count)));
    let one = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return;
            }
            let row = work(at);
            // A thread that panics ends the scope with its panic, so no row is lost.
            rows.lock().unwrap_or_else(PoisonError::into_inner).push((at, row));
        }
    };
    thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, count.max(1)) {
            scope.spawn(one);
        }
    });
    let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_by_key(|(at, _)| *at);
    rows.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order() {
        for jobs in [0, 1, 3, 100] {
            // The first pieces end last.
            let work = |at: usize| {
                thread::sleep(std::time::Duration::from_millis(8_usize.saturating_sub(at) as u64));
                at * at
            };
            assert_eq!(in_parallel(jobs, 9, work), [0, 1, 4, 9, 16, 25, 36, 49, 64]);
        }
        assert_eq!(in_parallel(2, 0, |at| at), []);
    }
}
