//! The bytes against a plain vector, growth, waits; what threads do at once.

use super::*;
use std::convert::Infallible;
use std::thread;
use std::time::{Duration, Instant};

const PAGE: u64 = 1 << 16;

fn memory(min: u64, max: u64) -> SharedMemory {
    let ty = MemoryType { min, max: Some(max), memory64: false, shared: true, page_size_log2: 16 };
    SharedMemory::new(ty).expect("a page")
}

fn wait(memory: &SharedMemory, at: u64, expected: u64, millis: Option<u64>) -> WaitResult {
    let look = || Ok::<(), Infallible>(());
    let timeout = millis.map(Duration::from_millis);
    match memory.atomic_wait((at, 4), expected, timeout, None, look) {
        Some(Ok(result)) => result,
        None => panic!("{at} is there"),
    }
}

#[test]
fn accesses_of_every_width_and_place_are_those_of_bytes() {
    let memory = memory(1, 1);
    let mut model = [0u8; 40];
    let mut seed = 1u64;
    for at in 0..24usize {
        for size in 1..=8 {
            seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            assert_eq!(memory.bytes().store(at as u64, size, seed), Some(()));
            model[at..at + size].copy_from_slice(&seed.to_le_bytes()[..size]);
            let mut found = [0; 40];
            assert!(memory.read(0, &mut found));
            assert_eq!(found, model, "{size} bytes at {at}");
            let mut wanted = [0; 8];
            wanted[..size].copy_from_slice(&model[at..at + size]);
            assert_eq!(memory.bytes().load(at as u64, size), Some(u64::from_le_bytes(wanted)));
        }
    }
}

#[test]
fn copies_overlap_as_if_all_was_read_first() {
    let memory = memory(1, 1);
    // Several pieces.
    let unit = if cfg!(miri) { 16 } else { 1000 };
    let len = 9 * unit;
    let bytes: Vec<u8> = (0..len).map(|i| (i * 7 % 251) as u8).collect();
    let far = 5 * unit as u64;
    let (most, half) = (8 * unit, 4 * unit);
    for (d, s, n) in [(3, 1, most), (1, 3, most), (0, far, half), (far, 0, half), (7, 7, 100)] {
        let mut model = bytes.clone();
        assert!(memory.write(0, &bytes));
        let view = memory.bytes();
        assert_eq!(view.copy(d, &view, s, n), Some(()));
        model.copy_within(s as usize..s as usize + n, d as usize);
        let mut found = vec![0; len];
        assert!(memory.read(0, &mut found));
        assert!(found == model, "{n} bytes from {s} to {d}");
        assert_eq!(view.fill(d, 0xa5, n), Some(()));
        model[d as usize..d as usize + n].fill(0xa5);
        assert!(memory.read(0, &mut found));
        assert!(found == model, "{n} bytes at {d} filled");
    }
}

#[test]
fn nothing_lies_behind_the_end() {
    let memory = memory(1, 2);
    let bytes = memory.bytes();
    assert_eq!(bytes.load(PAGE - 8, 8), Some(0));
    assert_eq!(bytes.load(PAGE - 7, 8), None);
    assert_eq!(bytes.store(PAGE - 1, 2, 1), None);
    assert_eq!(bytes.store(u64::MAX, 1, 1), None);
    assert_eq!(bytes.update(PAGE, 4, |_| Some(1)), None);
    assert_eq!(bytes.update(2, 4, |_| Some(1)), None, "misaligned");
    assert!(!memory.write(PAGE - 1, b"ab") && !memory.read(PAGE, &mut [0]));
    assert!(memory.write(PAGE, b"") && !memory.write(PAGE + 1, b""));
    assert_eq!(bytes.fill(PAGE - 1, 1, 2), None);
    assert_eq!(bytes.copy(0, &bytes, PAGE - 1, 2), None);
    assert_eq!(bytes.load(PAGE - 1, 1), Some(0), "nothing was written");
}

#[test]
fn it_grows_to_its_maximum_and_stays_where_it_is() {
    let memory = memory(1, 3);
    let base = memory.base();
    assert_eq!(memory.grow(3, u64::MAX), None);
    assert_eq!(memory.grow(1, PAGE), None, "a limit of the store that grows it");
    assert_eq!(memory.grow(1, 2 * PAGE), Some(1));
    assert_eq!(memory.grow(0, 0), Some(2));
    assert_eq!(memory.grow(1, u64::MAX), Some(2));
    assert_eq!(memory.grow(1, u64::MAX), None);
    assert_eq!(memory.grow(u64::MAX, u64::MAX), None);
    assert_eq!((memory.base(), memory.pages()), (base, 3));
    assert_eq!(memory.bytes().load(3 * PAGE - 8, 8), Some(0));
}

#[test]
fn types_that_no_module_has_are_refused() {
    let ty = MemoryType { min: 1, max: None, memory64: false, shared: true, page_size_log2: 16 };
    for ty in [
        ty,
        MemoryType { max: Some(0), ..ty },
        MemoryType { max: Some(65537), ..ty },
        MemoryType { max: Some(1), page_size_log2: 3, ..ty },
        MemoryType { max: Some(1), shared: false, ..ty },
    ] {
        assert!(SharedMemory::new(ty).is_err(), "{ty:?}");
    }
}

#[test]
fn increments_of_four_threads_are_all_counted() {
    let rounds = if cfg!(miri) { 50 } else { 100_000 };
    let memory = memory(1, 1);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..rounds {
                    memory.atomic_update(6, 2, |bits| Some(bits.wrapping_add(1)));
                    memory.atomic_update(8, 8, |bits| Some(bits + 1));
                }
            });
        }
    });
    assert_eq!(memory.atomic_load(8, 8), Some(4 * rounds));
    assert_eq!(memory.atomic_load(6, 2), Some((4 * rounds) & 0xffff));
    assert_eq!(memory.bytes().load(0, 6), Some(0), "neighbours stay");
}

#[test]
fn bytes_of_one_word_do_not_disturb_each_other() {
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    let memory = memory(1, 1);
    thread::scope(|scope| {
        for byte in 0..8u64 {
            let memory = &memory;
            scope.spawn(move || {
                for i in 0..rounds {
                    assert_eq!(memory.bytes().store(byte, 1, i & 0xff), Some(()));
                    assert_eq!(memory.bytes().load(byte, 1), Some(i & 0xff));
                }
            });
        }
    });
}

#[test]
fn growth_is_seen_by_others_while_they_copy() {
    let pages = if cfg!(miri) { 4 } else { 100 };
    let memory = memory(1, pages);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 1..pages {
                assert!(memory.grow(1, u64::MAX).is_some());
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                while memory.pages() < pages {
                    let bytes = memory.bytes();
                    let end = memory.pages() * PAGE;
                    assert_eq!(bytes.load(PAGE - 8, 8).map(drop), Some(()));
                    assert_eq!(memory.bytes().store(end - 8, 8, end), Some(()));
                    let view = memory.bytes();
                    assert_eq!(view.copy(end - 64, &view, 0, 32), Some(()));
                }
            });
        }
    });
    assert_eq!(memory.pages(), pages);
}

#[test]
fn a_wait_ends_as_it_should() {
    let memory = memory(1, 1);
    assert_eq!(wait(&memory, 0, 1, None), WaitResult::Mismatch);
    let start = Instant::now();
    assert_eq!(wait(&memory, 0, 0, Some(20)), WaitResult::TimedOut);
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert_eq!((memory.waiting(0), memory.atomic_notify(0, 1)), (0, 0));
    let look = || Err("stop");
    assert_eq!(memory.atomic_wait((0, 4), 0, None, None, look), Some(Err("stop")));
    assert_eq!(memory.waiting(0), 0);
    assert_eq!(memory.atomic_wait((PAGE, 4), 0, None, None, look), None);
    assert_eq!(memory.atomic_wait((2, 4), 0, None, None, look), None);
}

#[test]
fn a_notification_wakes_so_many_in_their_order() {
    let memory = memory(1, 1);
    let order = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for i in 0..4 {
            let (memory, order) = (&memory, &order);
            scope.spawn(move || {
                assert_eq!(wait(memory, 8, 0, None), WaitResult::Ok);
                lock(order).push(i);
            });
            while memory.waiting(8) <= i {
                thread::yield_now();
            }
        }
        assert_eq!(memory.atomic_notify(0, 9), 0, "another address");
        assert_eq!(memory.atomic_notify(8, 0), 0);
        for i in 0..2 {
            assert_eq!(memory.atomic_notify(8, 1), 1);
            while lock(&order).len() <= i {
                thread::yield_now();
            }
        }
        assert_eq!(*lock(&order), [0, 1]);
        assert_eq!(memory.atomic_notify(8, u32::MAX), 2);
    });
    assert_eq!(memory.waiting(8), 0);
}

#[test]
fn what_was_stored_before_a_message_is_read_behind_it() {
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    let memory = memory(1, 1);
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=rounds {
                assert_eq!(memory.bytes().store(64, 8, round), Some(()));
                memory.atomic_update(0, 4, |_| Some(round));
                while memory.atomic_load(4, 4) != Some(round) {
                    thread::yield_now();
                }
            }
        });
        scope.spawn(|| {
            for round in 1..=rounds {
                while memory.atomic_load(0, 4) != Some(round) {
                    thread::yield_now();
                }
                assert_eq!(memory.bytes().load(64, 8), Some(round));
                memory.atomic_update(4, 4, |_| Some(round));
            }
        });
    });
}

#[test]
fn pages_of_one_byte_end_within_a_word() {
    let ty = MemoryType { min: 5, max: Some(13), memory64: true, shared: true, page_size_log2: 0 };
    let memory = SharedMemory::new(ty).expect("some bytes");
    assert_eq!(memory.bytes().store(4, 1, 0xff), Some(()));
    assert_eq!(memory.bytes().store(4, 2, 0xffff), None);
    assert_eq!((memory.atomic_load(0, 4), memory.atomic_load(0, 8)), (Some(0), None));
    assert_eq!((memory.grow(8, u64::MAX), memory.grow(1, u64::MAX)), (Some(5), None));
    assert_eq!(memory.atomic_load(0, 8), Some(0xff << 32), "what is new is 0");
    assert_eq!((memory.atomic_load(12, 1), memory.atomic_load(12, 2)), (Some(0), None));
    assert_eq!(memory.data().len(), 13);
    let empty = SharedMemory::new(MemoryType { min: 0, max: Some(0), ..ty }).expect("nothing");
    assert_eq!((empty.bytes().load(0, 1), empty.data().len()), (None, 0));
    assert!(empty.read(0, &mut []) && empty.grow(0, 0) == Some(0));
}

#[test]
fn each_growth_of_many_threads_has_a_page_for_itself() {
    let pages = if cfg!(miri) { 6 } else { 64 };
    let memory = memory(1, pages);
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(old) = memory.grow(1, u64::MAX) {
                    assert_eq!(memory.bytes().store(old * PAGE, 8, old), Some(()));
                    lock(&found).push(old);
                }
            });
        }
    });
    let mut found = lock(&found);
    found.sort_unstable();
    assert_eq!(*found, (1..pages).collect::<Vec<_>>());
    assert!(found.iter().all(|&old| memory.bytes().load(old * PAGE, 8) == Some(old)));
}

/// One half is woken at once, the time of the other is over at once.
#[test]
fn a_thousand_wait_and_none_is_left() {
    let count = if cfg!(miri) { 6 } else { 1_000 };
    let memory = memory(1, 1);
    thread::scope(|scope| {
        for i in 0..count {
            let memory = &memory;
            let run = move || match i % 2 {
                0 => assert_eq!(wait(memory, 16, 0, None), WaitResult::Ok),
                _ => assert_eq!(wait(memory, 24, 0, Some(30)), WaitResult::TimedOut),
            };
            let builder = thread::Builder::new().stack_size(1 << 17);
            builder.spawn_scoped(scope, run).expect("a thread");
        }
        let mut woken = 0;
        while woken < count / 2 {
            woken += memory.atomic_notify(16, u32::MAX);
            thread::yield_now();
        }
    });
    assert_eq!((memory.waiting(16), memory.waiting(24)), (0, 0));
}
