//! Work on every function → results in order, on all processors.

/// Runs `work` for `0..count` on all processors; results are in order.
pub(crate) fn in_parallel<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    // Small pieces taken in turn: functions differ in size.
    let piece = (count / (threads * 16)).clamp(1, 4096);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut pieces: Vec<(usize, Vec<T>)> = std::thread::scope(|scope| {
        let run = || {
            let mut mine = Vec::new();
            loop {
                let start = next.fetch_add(piece, std::sync::atomic::Ordering::Relaxed);
                if start >= count {
                    return mine;
                }
                mine.push((start, (start..(start + piece).min(count)).map(&work).collect()));
            }
        };
        let spawned: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut all = run();
        for thread in spawned {
            // A panic of a worker is this thread's.
            all.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    pieces.sort_by_key(|(start, _)| *start);
    pieces.into_iter().flat_map(|(_, items)| items).collect()
}
