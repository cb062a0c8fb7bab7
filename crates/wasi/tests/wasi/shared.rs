//! Guests with threads: memory that changes under a call, and calls of several threads on one
//! context.
//!
//! Green does not prove that the runtime's copies are atomic
//! (`crates/runtime/src/shared/tests.rs`).

use crate::hostile::{FUEL, Generator, arguments};
use crate::world::*;
use prova_random::Rng;
use prova_wasi::{Errno, Exit, FUNCTIONS, WasiCtxBuilder, function};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// Calls that tell of the host's file system what differs between two directories.
const OF_THE_HOST: &[&str] = &["fd_filestat_get", "path_filestat_get", "fd_readdir"];

/// Calls of two paths, which may lie one over the other.
const TWO_PATHS: &[&str] = &["path_link", "path_rename", "path_symlink"];

/// A call that read anything twice would find its complement.
#[test]
fn what_a_call_has_read_may_change() {
    let mut random = Generator(Rng::new(48));
    let mut worlds = [World::new(), World::new()];
    for w in &mut worlds {
        w.create("f", b"content");
        w.at("path_create_directory", 3, "d", &[]);
    }
    let [own, other] = &mut worlds;
    let mut succeeded = 0;
    for _ in 0..20_000 {
        let row = random.pick(FUNCTIONS);
        let args = arguments(&mut random, own, row);
        other.guest.memory.clone_from(&own.guest.memory);
        for w in [&mut *own, &mut *other] {
            w.guest.fuel = FUEL;
            w.guest.patience = Some(Duration::from_micros(100));
            w.guest.interrupt_after(100);
        }
        let what = format!("{} {args:?}", row.name);
        let expected = own.call(row.name, &args);
        let found = match TWO_PATHS.contains(&row.name) {
            true => other.call(row.name, &args),
            false => other.call_spoiled(row.name, &args),
        };
        assert_eq!(found, expected, "{what}");
        succeeded += u32::from(expected == Ok(0));
        let same = own.guest.memory == other.guest.memory || OF_THE_HOST.contains(&row.name);
        assert!(same, "{what}: the memory differs");
        assert_eq!(own.guest.fuel, other.guest.fuel, "{what}");
    }
    assert!(succeeded > 1000, "{succeeded}");
    assert_eq!(own.stdout.content(), other.stdout.content());
}

#[test]
fn vectors_move_where_they_were_when_the_call_began() {
    let mut w = World::new();
    // More vectors than are kept without an allocation, and more than go to the host at a time.
    let file = w.create("f", b"");
    for count in [1, 2, 5, 40] {
        w.put(DATA, &(0..=255).collect::<Vec<u8>>());
        let [iovs, count] = w.vectors(&vec![3; count]);
        assert_eq!(w.call_spoiled("fd_pwrite", &[file, iovs, count, 0, OUT]), Ok(0));
        assert_eq!(u64::from(w.u32_at(OUT)), 3 * count);
        w.put(DATA, &[0; 256]);
        assert_eq!(w.call_spoiled("fd_pread", &[file, iovs, count, 0, OUT]), Ok(0));
        let expected: Vec<u8> = (0..3 * count as u8).collect();
        assert_eq!(w.bytes(DATA, expected.len()), expected);
        assert_eq!(w.bytes(DATA + 3 * count, 1), [0]);
    }
    // A read over the vectors themselves: the second is where it was.
    let [iovs, count] = w.vectors(&[16, 4]);
    w.put(iovs, &(IOVS as u32).to_le_bytes());
    assert_eq!(w.call_spoiled("fd_pread", &[file, iovs, count, 0, OUT]), Ok(0));
    assert_eq!(w.u32_at(OUT), 20);
    assert_eq!(w.bytes(DATA + 16, 4), [16, 17, 18, 19]);
}

/// A source that says when it is read, and then waits for its byte.
struct Held(Sender<()>, Receiver<u8>);

impl Read for Held {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.send(()).unwrap();
        buffer[0] = self.1.recv().unwrap_or_default();
        Ok(1)
    }
}

fn call(ctx: &prova_wasi::WasiCtx, guest: &mut Fake, name: &str, args: &[u64]) -> Option<u32> {
    (function(name).unwrap().call)(ctx, guest, args).ok()
}

#[test]
fn a_call_that_waits_holds_up_no_other() {
    let (give, held) = channel();
    let (read, is_read) = channel();
    let ctx = WasiCtxBuilder::new().stdin(Box::new(Held(read, held))).build();
    let start = Instant::now();
    std::thread::scope(|scope| {
        let reads = scope.spawn(|| {
            let mut guest = Fake::new(4096);
            guest.memory[..8].copy_from_slice(&[0, 1, 0, 0, 8, 0, 0, 0]);
            call(&ctx, &mut guest, "fd_read", &[0, 0, 1, 16])
        });
        let sleeps = scope.spawn(|| {
            let mut guest = Fake::new(4096);
            // The monotonic clock, a second.
            guest.memory[16] = 1;
            guest.memory[24..32].copy_from_slice(&1_000_000_000_u64.to_le_bytes());
            call(&ctx, &mut guest, "poll_oneoff", &[0, 64, 1, 128])
        });
        is_read.recv().unwrap();
        let mut guest = Fake::new(4096);
        for _ in 0..100 {
            assert_eq!(call(&ctx, &mut guest, "clock_time_get", &[1, 0, 8]), Some(0));
            assert_eq!(call(&ctx, &mut guest, "fd_write", &[1, 0, 0, 8]), Some(0));
            assert_eq!(call(&ctx, &mut guest, "fd_fdstat_get", &[0, 8]), Some(0));
        }
        assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
        // Descriptors close while somebody reads.
        assert_eq!(call(&ctx, &mut guest, "fd_close", &[0]), Some(0));
        assert_eq!(call(&ctx, &mut guest, "fd_close", &[0]), Some(Errno::Badf as u32));
        give.send(7).unwrap();
        assert_eq!(reads.join().unwrap(), Some(0));
        assert_eq!(sleeps.join().unwrap(), Some(0));
    });
}

/// Four threads wait for one pipe: when a byte comes, one has it, and the others still ask whether
/// their guest may go on, instead of reading for ever.
#[cfg(unix)]
#[test]
fn threads_take_turns_for_a_stream() {
    let mut w = World::new();
    let path = w.temp.inside().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.is_ok_and(|status| status.success()));
    let pipe = w.open("pipe", 0, 0, READ).unwrap();
    let mut writer = std::fs::File::options().read(true).write(true).open(&path).unwrap();
    for _ in 0..50 {
        let ctx = &w.ctx;
        let results: Vec<Result<u32, Exit>> = std::thread::scope(|scope| {
            let reads = [0; 4].map(|_| {
                scope.spawn(move || {
                    let mut guest = Fake::new(4096);
                    guest.memory[..8].copy_from_slice(&[0, 1, 0, 0, 8, 0, 0, 0]);
                    guest.patience = Some(Duration::from_millis(1));
                    guest.interrupt_after(20);
                    (function("fd_read").unwrap().call)(ctx, &mut guest, &[pipe, 0, 1, 16])
                })
            });
            writer.write_all(&[7]).unwrap();
            reads.map(|read| read.join().unwrap()).into()
        });
        assert_eq!(results.iter().filter(|result| **result == Ok(0)).count(), 1, "{results:?}");
    }
}

#[test]
fn threads_open_and_close_what_they_like() {
    let w = World::new();
    std::fs::write(w.temp.inside().join("f"), b"content").unwrap();
    let ctx = &w.ctx;
    std::thread::scope(|scope| {
        for seed in 0..4 {
            scope.spawn(move || {
                let mut random = Rng::new(seed);
                let mut guest = Fake::new(MEMORY_BYTES);
                guest.memory[0] = b'f';
                guest.memory[64..72].copy_from_slice(&[0, 2, 0, 0, 32, 0, 0, 0]);
                for _ in 0..2000 {
                    let fd = random.bits() % 12;
                    let result = match random.bits() % 6 {
                        0 | 1 => {
                            let args = [3, 0, 0, 1, 0, READ | WRITE, 0, 0, 16];
                            (function("path_open").unwrap().call)(ctx, &mut guest, &args)
                        }
                        2 if fd > 3 => (function("fd_close").unwrap().call)(ctx, &mut guest, &[fd]),
                        3 if fd > 4 => {
                            (function("fd_renumber").unwrap().call)(ctx, &mut guest, &[fd, fd - 1])
                        }
                        4 => {
                            let args = [fd, 64, 1, 16];
                            (function("fd_read").unwrap().call)(ctx, &mut guest, &args)
                        }
                        _ => {
                            let args = [3, 0x1000, 512, 0, 16];
                            (function("fd_readdir").unwrap().call)(ctx, &mut guest, &args)
                        }
                    };
                    assert!(!matches!(result, Err(Exit::Trap(_))), "{result:?}");
                }
            });
        }
    });
}
