//! Compresses blocks on several threads, in order, with channels, and checks every block.

use crossbeam_channel::{bounded, unbounded, Receiver, Sender};
use sha2::Digest;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, RwLock};

const BLOCK: usize = 128 * 1024;

/// A block's number, and what two compressors make of it.
type Packed = (usize, Vec<u8>, Vec<u8>);

/// The state that all threads have.
struct Shared {
    data: Vec<u8>,
    done: AtomicUsize,
    barrier: Barrier,
    stats: RwLock<Vec<usize>>,
    finished: (Mutex<usize>, Condvar),
}

fn text(bytes: usize) -> Vec<u8> {
    let words =
        ["alpha ", "beta ", "gamma ", "delta\n", "0123456789 ", "the quick brown fox ", "wasm ", "threads "];
    let (mut s, mut text) = (0x9e3779b97f4a7c15_u64, Vec::with_capacity(bytes + 32));
    while text.len() < bytes {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        text.extend_from_slice(words[(s >> 20) as usize % 8].as_bytes());
        if s % 5 == 0 {
            text.push(s as u8)
        }
    }
    text.truncate(bytes);
    text
}

fn worker(number: usize, shared: &Shared, blocks: &Receiver<usize>, out: &Sender<Packed>) -> usize {
    shared.barrier.wait();
    for i in blocks.iter() {
        let block = &shared.data[i * BLOCK..((i + 1) * BLOCK).min(shared.data.len())];
        let zlib = miniz_oxide::deflate::compress_to_vec_zlib(block, 6);
        let lz4 = lz4_flex::block::compress_prepend_size(block);
        assert_eq!(miniz_oxide::inflate::decompress_to_vec_zlib(&zlib).unwrap(), block);
        assert_eq!(lz4_flex::block::decompress_size_prepended(&lz4).unwrap(), block);
        out.send((i, zlib, lz4)).unwrap();
        shared.done.fetch_add(1, Ordering::SeqCst);
        shared.stats.write().unwrap()[number] += 1;
        *shared.finished.0.lock().unwrap() += 1;
        shared.finished.1.notify_all();
    }
    number
}

fn main() {
    let mut args = std::env::args().skip(1);
    let threads: usize = args.next().and_then(|a| a.parse().ok()).unwrap_or(4);
    let size: usize = args.next().and_then(|a| a.parse().ok()).unwrap_or(4 << 20);
    let blocks = size.div_ceil(BLOCK);
    let shared = Arc::new(Shared {
        data: text(size),
        done: AtomicUsize::new(0),
        barrier: Barrier::new(threads + 1),
        stats: RwLock::new(vec![0; threads]),
        finished: (Mutex::new(0), Condvar::new()),
    });
    let (to_do, queue) = bounded(8);
    let (out, packed) = unbounded();
    let start = |number| {
        let (shared, queue, out) = (shared.clone(), queue.clone(), out.clone());
        std::thread::spawn(move || worker(number, &shared, &queue, &out))
    };
    let workers: Vec<_> = (0..threads).map(start).collect();
    drop(out);
    shared.barrier.wait();
    (0..blocks).for_each(|i| to_do.send(i).unwrap());
    drop(to_do);
    let finished = shared.finished.0.lock().unwrap();
    drop(shared.finished.1.wait_while(finished, |finished| *finished < blocks).unwrap());
    let mut packed: Vec<Packed> = packed.iter().collect();
    packed.sort_by_key(|packed| packed.0);
    let numbers: usize = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
    assert_eq!(numbers, threads * (threads - 1) / 2);
    assert_eq!(shared.stats.read().unwrap().iter().sum::<usize>(), blocks);
    let (mut hash, mut zlib, mut lz4) = (sha2::Sha256::new(), 0, 0);
    for (i, z, l) in &packed {
        [&i.to_le_bytes()[..], z, l].iter().for_each(|part| hash.update(part));
        (zlib, lz4) = (zlib + z.len(), lz4 + l.len());
    }
    println!(
        "{blocks} blocks by {threads} threads: {size} bytes, zlib {zlib}, lz4 {lz4}, done {}, sha256 {:x}",
        shared.done.load(Ordering::SeqCst),
        hash.finalize()
    );
}
