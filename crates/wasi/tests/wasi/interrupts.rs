//! Calls that work or wait long stop where the guest is interrupted, and what they leave behind.
//!
//! The guest counts how often it is asked whether it may go on, and says no after a number of
//! times: no test looks at a clock. Green does not prove that a system call of the host returns.

use crate::world::*;
use prova_wasi::{Clocks, Exit, FUNCTIONS, Perms, Randomness, WasiCtxBuilder};
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const PIECE: u64 = 256 << 10;
/// Pieces of the long calls.
const PIECES: u64 = 16;
/// Where vectors and data of the long calls are.
const BIG: u64 = 0x20000;

/// A source without end and a sink without bottom, which count what they move.
#[derive(Clone, Default)]
struct Endless(Arc<AtomicU64>);

impl Endless {
    fn moved(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        buffer.fill(1);
        self.0.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        Ok(buffer.len())
    }
}

impl Write for Endless {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.0.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        Ok(buffer.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A world with room for long vectors, and what its streams have moved.
fn big_world() -> (World, Endless, Endless) {
    let mut w = World::new();
    let (source, sink) = (Endless::default(), Endless::default());
    let mut builder = WasiCtxBuilder::new();
    builder
        .stdin(Box::new(source.clone()))
        .stdout(Box::new(sink.clone()))
        .randomness(Randomness::Seeded(1))
        .clocks(Clocks::Virtual { realtime_ns: 0, step_ns: 1 })
        .preopen_path(w.temp.inside(), "/", Perms::default())
        .unwrap();
    w.ctx = builder.build();
    w.guest = Fake::new((BIG + PIECES * PIECE) as usize);
    (w, source, sink)
}

/// One vector over `pieces` pieces; pointer and count.
fn big_vector(w: &mut World, pieces: u64) -> [u64; 2] {
    w.put(IOVS, &(BIG as u32).to_le_bytes());
    w.put(IOVS + 4, &((pieces * PIECE) as u32).to_le_bytes());
    [IOVS, 1]
}

/// Calls with a guest that is interrupted after `polls` polls; whether it was interrupted.
fn interrupted(w: &mut World, polls: u64, name: &str, args: &[u64]) -> bool {
    w.guest.interrupt_after(polls);
    let result = w.call(name, args);
    w.guest.polls_max = u64::MAX;
    match result {
        Err(Exit::Interrupt) => true,
        Ok(0) => false,
        other => panic!("{name} {args:?}: {other:?}"),
    }
}

/// How often a call asks that nothing interrupts.
fn polls_of(w: &mut World, name: &str, args: &[u64]) -> u64 {
    let before = w.guest.polls;
    w.ok(name, args);
    w.guest.polls - before
}

#[test]
fn a_guest_that_may_not_go_on_begins_no_call() {
    for row in FUNCTIONS {
        let (mut w, source, sink) = big_world();
        w.create("f", b"content");
        w.guest.interrupt_after(0);
        let fuel = w.guest.fuel;
        assert_eq!(
            w.call(row.name, &vec![3; row.params.len()]),
            Err(Exit::Interrupt),
            "{}",
            row.name
        );
        assert_eq!((fuel - w.guest.fuel, source.moved(), sink.moved()), (0, 0, 0), "{}", row.name);
    }
}

#[test]
fn random_bytes_come_in_pieces() {
    let (mut w, ..) = big_world();
    let args = [BIG, PIECES * PIECE];
    assert!(polls_of(&mut w, "random_get", &args) >= PIECES);
    w.guest.memory.fill(0);
    assert!(interrupted(&mut w, 5, "random_get", &args));
    let filled = w.guest.memory.iter().rposition(|byte| *byte != 0).unwrap() as u64 - BIG;
    assert!(filled < 4 * PIECE, "{filled}");
    let polls = polls_of(&mut w, "random_get", &args);
    assert!(!interrupted(&mut w, polls, "random_get", &args));
}

#[test]
fn files_are_read_and_written_in_pieces() {
    let (mut w, ..) = big_world();
    let fd = w.create("f", b"");
    let [iovs, count] = big_vector(&mut w, PIECES);
    for (name, args) in [
        ("fd_write", vec![fd, iovs, count, OUT]),
        ("fd_pwrite", vec![fd, iovs, count, 0, OUT]),
        ("fd_pread", vec![fd, iovs, count, 0, OUT]),
        ("fd_read", vec![fd, iovs, count, OUT]),
    ] {
        let written = if name == "fd_read" { PIECES * PIECE } else { 0 };
        w.ok(
            "fd_filestat_set_size",
            &[fd, if name == "fd_pread" { PIECES * PIECE } else { written }],
        );
        w.ok("fd_seek", &[fd, 0, 0, OUT]);
        let polls = polls_of(&mut w, name, &args);
        assert!(polls >= PIECES && u64::from(w.u32_at(OUT)) == PIECES * PIECE, "{name} {polls}");
        if !name.contains("read") {
            w.ok("fd_filestat_set_size", &[fd, 0]);
        }
        w.ok("fd_seek", &[fd, 0, 0, OUT]);
        assert!(interrupted(&mut w, polls - PIECES / 2, name, &args), "{name}");
        // Bytes that have moved stay moved: the position is behind them, or the file is longer.
        let size = std::fs::metadata(w.temp.inside().join("f")).unwrap().len();
        w.ok("fd_tell", &[fd, OUT]);
        let done = match name {
            "fd_read" | "fd_write" => w.u64_at(OUT),
            "fd_pwrite" => size,
            _ => continue,
        };
        assert!((PIECE..PIECES * PIECE).contains(&done) && done % PIECE == 0, "{name} {done}");
    }
}

#[test]
fn vectors_over_the_same_bytes_are_written_in_pieces() {
    let (mut w, _, sink) = big_world();
    // 1,024 vectors of 1 MiB each.
    for n in 0..1024 {
        w.put(IOVS + n * 8, &(BIG as u32).to_le_bytes());
        w.put(IOVS + n * 8 + 4, &(1u32 << 20).to_le_bytes());
    }
    assert!(interrupted(&mut w, 10, "fd_write", &[1, IOVS, 1024, OUT]));
    assert!((1..=8 * PIECE).contains(&sink.moved()), "{}", sink.moved());
}

#[test]
fn streams_move_one_piece_at_a_time() {
    let (mut w, source, sink) = big_world();
    let [iovs, count] = big_vector(&mut w, PIECES);
    // An endless source is asked once, for a piece.
    w.ok("fd_read", &[0, iovs, count, OUT]);
    assert_eq!((u64::from(w.u32_at(OUT)), source.moved()), (PIECE, PIECE));
    assert!(interrupted(&mut w, 4, "fd_write", &[1, iovs, count, OUT]));
    assert!((1..=3 * PIECE).contains(&sink.moved()), "{}", sink.moved());
}

/// `/dev/zero` and `/dev/null` as files below a preopened directory.
#[cfg(target_os = "linux")]
#[test]
fn endless_devices_move_one_piece_at_a_time() {
    let (mut w, ..) = big_world();
    let mut builder = WasiCtxBuilder::new();
    builder.preopen_path("/dev", "/", Perms { read_only: true }).unwrap();
    w.ctx = builder.build();
    let zero = w.open("zero", 0, 0, READ).unwrap();
    let [iovs, count] = big_vector(&mut w, PIECES);
    w.guest.memory[BIG as usize..].fill(1);
    w.ok("fd_read", &[zero, iovs, count, OUT]);
    assert_eq!(u64::from(w.u32_at(OUT)), PIECE);
    assert_eq!(w.bytes(BIG + PIECE - 1, 2), [0, 1]);
}

#[test]
fn space_is_taken_and_given_back_in_pieces() {
    const ALLOCATED: u64 = 64 << 20;
    const CUT: u64 = 1 << 30;
    let (mut w, ..) = big_world();
    let fd = w.create("f", b"");
    let size = |w: &World| std::fs::metadata(w.temp.inside().join("f")).unwrap().len();
    assert!(interrupted(&mut w, 3, "fd_allocate", &[fd, 0, 3 * ALLOCATED]));
    assert_eq!(size(&w), 2 * ALLOCATED);
    // Holes cost nothing to make.
    w.ok("fd_filestat_set_size", &[fd, 5 * CUT]);
    assert!(interrupted(&mut w, 3, "fd_filestat_set_size", &[fd, 0]));
    assert_eq!(size(&w), 3 * CUT);
    assert!(!interrupted(&mut w, 100, "fd_filestat_set_size", &[fd, 2 * CUT]));
    assert_eq!(size(&w), 2 * CUT);
    // Opening cuts in pieces too.
    w.ok("fd_filestat_set_size", &[fd, 5 * CUT]);
    let [ptr, len] = w.path("f");
    let open = [3, 0, ptr, len, TRUNC, READ, 0, 0, OUT];
    let asked = polls_of(&mut w, "path_open", &[3, 0, ptr, len, 0, READ, 0, 0, OUT]);
    assert!(interrupted(&mut w, asked + 2, "path_open", &open));
    assert!((CUT..5 * CUT).contains(&size(&w)), "{}", size(&w));
    assert!(!interrupted(&mut w, 100, "path_open", &open));
    assert_eq!(size(&w), 0);
    // Advice goes through the part of its range that the file has.
    w.ok("fd_filestat_set_size", &[fd, 5 * CUT]);
    for (advice, polls) in [(3, 5), (4, 5), (0, 0), (2, 0)] {
        let asked = polls_of(&mut w, "fd_advise", &[fd, 0, 1 << 60, advice]);
        assert!(asked >= polls, "{advice} {asked}");
        assert_eq!(interrupted(&mut w, 3, "fd_advise", &[fd, 0, 0, advice]), polls > 0);
    }
}

#[test]
fn a_listing_is_stopped_and_forgotten() {
    let (mut w, ..) = big_world();
    for n in 0..100 {
        std::fs::write(w.temp.inside().join(format!("file{n}")), b"").unwrap();
    }
    let all = polls_of(&mut w, "fd_readdir", &[3, BIG, 100_000, 0, OUT]);
    assert!(all > 200, "each entry is listed and given: {all}");
    let used = w.u32_at(OUT);
    std::fs::write(w.temp.inside().join("file100"), b"").unwrap();
    assert!(interrupted(&mut w, 50, "fd_readdir", &[3, BIG, 100_000, 0, OUT]));
    // The old listing is gone as well: the next call takes a new one, for any cookie.
    w.ok("fd_readdir", &[3, BIG, 100_000, 1, OUT]);
    assert_eq!(w.u32_at(OUT) + 25, used + 24 + 7);
}

#[cfg(unix)]
#[test]
fn a_walk_through_links_is_stopped() {
    let (mut w, ..) = big_world();
    std::fs::create_dir(w.temp.inside().join("d")).unwrap();
    let detour = "d/../".repeat(100);
    for n in 0..30 {
        let target = format!("{detour}{}", if n == 0 { "d".into() } else { format!("l{}", n - 1) });
        std::os::unix::fs::symlink(target, w.temp.inside().join(format!("l{n}"))).unwrap();
    }
    let [ptr, len] = w.path("l29");
    let args = [3, FOLLOW, ptr, len, OUT];
    let polls = polls_of(&mut w, "path_filestat_get", &args);
    assert!(polls > 30 * 200, "each component asks: {polls}");
    for allowed in [4, 100, polls - 1] {
        assert!(interrupted(&mut w, allowed, "path_filestat_get", &args), "{allowed}");
    }
    assert!(!interrupted(&mut w, polls, "path_filestat_get", &args));
}

#[test]
fn a_wait_is_cut_into_the_guests_patience() {
    let (mut w, ..) = big_world();
    w.ctx = WasiCtxBuilder::new().build();
    // A subscription to the end of time.
    w.put(DATA, &[0; 48]);
    w.put(DATA + 16, &1u32.to_le_bytes());
    w.put(DATA + 24, &u64::MAX.to_le_bytes());
    w.guest.patience = Some(Duration::from_micros(10));
    let before = w.guest.polls;
    assert!(interrupted(&mut w, 50, "poll_oneoff", &[DATA, BIG, 1, OUT]));
    assert_eq!(w.guest.polls - before, 50);
    assert_eq!(w.bytes(BIG, 32), [0; 32], "no event is told");
}

#[test]
fn strings_are_copied_one_by_one() {
    let (mut w, ..) = big_world();
    w.ctx = WasiCtxBuilder::new().args((0..1000).map(|n| format!("{n}"))).build();
    assert!(polls_of(&mut w, "args_get", &[BIG, BIG + 10_000]) > 1000);
    w.guest.memory.fill(0);
    assert!(interrupted(&mut w, 10, "args_get", &[BIG, BIG + 10_000]));
    assert_eq!(w.u32_at(BIG + 4 * 20), 0);
    w.traps("args_get", &[BIG + PIECES * PIECE - 8, BIG], BEYOND);
}
