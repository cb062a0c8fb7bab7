//! Compresses blocks on several threads, in order, with channels, and checks every block.
use sha2::Digest;
use std::sync::{
    atomic::{AtomicUsize, Ordering},
    Arc, Barrier, Condvar, Mutex, RwLock,
};
fn gen(n: usize) -> Vec<u8> {
    let words = [
        "alpha ",
        "beta ",
        "gamma ",
        "delta\n",
        "0123456789 ",
        "the quick brown fox ",
        "wasm ",
        "threads ",
    ];
    let mut s: u64 = 0x9e3779b97f4a7c15;
    let mut v = Vec::with_capacity(n + 32);
    while v.len() < n {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        v.extend_from_slice(words[(s >> 20) as usize % 8].as_bytes());
        if s % 5 == 0 {
            v.push(s as u8)
        }
    }
    v.truncate(n);
    v
}
fn main() {
    let mut args = std::env::args().skip(1);
    let threads: usize = args.next().and_then(|a| a.parse().ok()).unwrap_or(4);
    let size: usize = args.next().and_then(|a| a.parse().ok()).unwrap_or(4 << 20);
    let data: Arc<Vec<u8>> = Arc::new(gen(size));
    let block = 128 * 1024;
    let blocks = size.div_ceil(block);
    let (tx, rx) = crossbeam_channel::bounded::<usize>(8);
    let (otx, orx) = crossbeam_channel::unbounded::<(usize, Vec<u8>, Vec<u8>)>();
    let done = Arc::new(AtomicUsize::new(0));
    let barrier = Arc::new(Barrier::new(threads + 1));
    let stats = Arc::new(RwLock::new(vec![0usize; threads]));
    let cv = Arc::new((Mutex::new(0usize), Condvar::new()));
    let hs: Vec<_> = (0..threads)
        .map(|t| {
            let (rx, otx, data, done, barrier, stats, cv) = (
                rx.clone(),
                otx.clone(),
                data.clone(),
                done.clone(),
                barrier.clone(),
                stats.clone(),
                cv.clone(),
            );
            std::thread::spawn(move || {
                barrier.wait();
                for i in rx.iter() {
                    let b = &data[i * block..((i + 1) * block).min(data.len())];
                    let z = miniz_oxide::deflate::compress_to_vec_zlib(b, 6);
                    let l = lz4_flex::block::compress_prepend_size(b);
                    assert_eq!(miniz_oxide::inflate::decompress_to_vec_zlib(&z).unwrap(), b);
                    assert_eq!(lz4_flex::block::decompress_size_prepended(&l).unwrap(), b);
                    otx.send((i, z, l)).unwrap();
                    done.fetch_add(1, Ordering::SeqCst);
                    stats.write().unwrap()[t] += 1;
                    let mut g = cv.0.lock().unwrap();
                    *g += 1;
                    cv.1.notify_all();
                }
                t
            })
        })
        .collect();
    drop(otx);
    barrier.wait();
    for i in 0..blocks {
        tx.send(i).unwrap()
    }
    drop(tx);
    {
        let mut g = cv.0.lock().unwrap();
        while *g < blocks {
            g = cv.1.wait(g).unwrap()
        }
    }
    let mut out: Vec<_> = orx.iter().collect();
    out.sort_by_key(|x| x.0);
    let ids: usize = hs.into_iter().map(|h| h.join().unwrap()).sum();
    assert_eq!(ids, threads * (threads - 1) / 2);
    assert_eq!(stats.read().unwrap().iter().sum::<usize>(), blocks);
    let mut h = sha2::Sha256::new();
    let (mut a, mut b) = (0, 0);
    for (i, z, l) in &out {
        h.update(i.to_le_bytes());
        h.update(z);
        h.update(l);
        a += z.len();
        b += l.len();
    }
    println!(
        "{} blocks by {} threads: {} bytes, zlib {}, lz4 {}, done {}, sha256 {:x}",
        blocks,
        threads,
        size,
        a,
        b,
        done.load(Ordering::SeqCst),
        h.finalize()
    );
}
