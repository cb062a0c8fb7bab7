//! Arguments, environment, clocks, randomness, polling, and what is not offered.

use crate::world::*;
use prova_wasi::{Errno, Exit, FUNCTIONS, Perms, WasiCtx, WasiCtxBuilder, function};
use std::time::{Duration, Instant};

#[test]
fn arguments_and_environment_are_copied() {
    let mut w = World::new();
    w.ok("args_sizes_get", &[OUT, OUT + 4]);
    assert_eq!((w.u32_at(OUT), w.u32_at(OUT + 4)), (2, 9));
    w.ok("args_get", &[OUT, DATA]);
    assert_eq!((w.u32_at(OUT), w.u32_at(OUT + 4)), (DATA as u32, DATA as u32 + 5));
    assert_eq!(w.bytes(DATA, 9), b"prog\0one\0");
    w.ok("environ_sizes_get", &[OUT, OUT + 4]);
    assert_eq!((w.u32_at(OUT), w.u32_at(OUT + 4)), (1, 10));
    w.ok("environ_get", &[OUT, DATA]);
    assert_eq!(w.bytes(DATA, 10), b"KEY=value\0");
    let end = MEMORY_BYTES as u64;
    for name in ["args_get", "args_sizes_get", "environ_get", "environ_sizes_get"] {
        w.traps(name, &[OUT, end], BEYOND);
        w.traps(name, &[end, OUT], BEYOND);
    }
}

/// A call, and the places of its pointers with what they are aligned to.
type Aligned<'a> = (&'a str, Vec<u64>, &'a [(usize, u64)]);

#[test]
fn pointers_to_what_is_no_byte_are_aligned() {
    let mut w = World::new();
    let file = w.create("f", b"content");
    let [iovs, count] = w.vectors(&[4]);
    let [path, len] = w.path("f");
    let cases: [Aligned<'_>; 9] = [
        ("args_sizes_get", vec![OUT, OUT + 4], &[(0, 4), (1, 4)]),
        ("environ_get", vec![OUT, DATA + 1], &[(0, 4)]),
        ("clock_time_get", vec![0, 0, OUT], &[(2, 8)]),
        ("fd_fdstat_get", vec![file, OUT], &[(1, 8)]),
        ("fd_read", vec![file, iovs, count, OUT], &[(3, 4)]),
        ("fd_seek", vec![file, 0, 0, OUT], &[(3, 8)]),
        ("fd_prestat_get", vec![3, OUT], &[(1, 4)]),
        ("fd_readdir", vec![3, DATA + 3, 64, 0, OUT], &[(4, 4)]),
        ("path_filestat_get", vec![3, 0, path, len, OUT], &[(4, 8)]),
    ];
    for (name, args, pointers) in cases {
        w.ok(name, &args);
        for &(at, align) in pointers {
            for off in [1, align / 2] {
                let mut args = args.clone();
                args[at] += off;
                w.traps(name, &args, &format!("not aligned to {align}"));
            }
        }
    }
    w.traps("fd_read", &[file, iovs + 2, count, OUT], "multiple of 4");
    w.ok("fd_read", &[file, iovs + 2, 0, OUT]);
}

#[test]
fn the_process_ends_as_it_says() {
    let mut w = World::new();
    assert_eq!(w.call("proc_exit", &[7]), Err(Exit::Proc(7)));
    assert!(matches!(w.call("proc_raise", &[6]), Err(Exit::Trap(_))));
    assert!(matches!(w.call("proc_exit", &[]), Err(Exit::Trap(_))));
    w.ok("sched_yield", &[]);
    assert!(matches!(w.call("sched_yield", &[1]), Err(Exit::Trap(_))));
}

#[test]
fn virtual_clocks_give_the_same_times_every_time() {
    let mut w = World::new();
    w.ok("clock_time_get", &[1, 0, OUT]);
    assert_eq!(w.u64_at(OUT), 10);
    w.ok("clock_time_get", &[0, 0, OUT]);
    assert_eq!(w.u64_at(OUT), 1_000_000_020);
    w.ok("clock_res_get", &[0, OUT]);
    assert_eq!(w.u64_at(OUT), 10);
    w.fails("clock_time_get", &[4, 0, OUT], Errno::Inval);
    w.fails("clock_res_get", &[4, OUT], Errno::Inval);
    w.traps("clock_time_get", &[0, 0, MEMORY_BYTES as u64], BEYOND);
}

#[test]
fn clocks_of_the_host_go_forward() {
    let mut w = World::new();
    w.ctx = WasiCtxBuilder::new().build();
    for id in 0..4 {
        w.ok("clock_res_get", &[id, OUT]);
        assert!(w.u64_at(OUT) > 0);
        w.ok("clock_time_get", &[id, 0, OUT]);
        let first = w.u64_at(OUT);
        w.ok("clock_time_get", &[id, 0, OUT]);
        assert!(w.u64_at(OUT) >= first);
    }
}

#[test]
fn randomness_is_seeded_or_the_hosts() {
    let mut first = World::new();
    let mut second = World::new();
    for w in [&mut first, &mut second] {
        w.ok("random_get", &[DATA, 0x10001]);
    }
    assert_eq!(first.bytes(DATA, 0x10001), second.bytes(DATA, 0x10001));
    first.ctx = WasiCtxBuilder::new().build();
    first.ok("random_get", &[DATA, 64]);
    assert_ne!(first.bytes(DATA, 64), second.bytes(DATA, 64));
    first.traps("random_get", &[DATA, u64::from(u32::MAX)], BEYOND);
}

#[test]
fn without_a_listener_there_are_no_sockets() {
    let mut w = World::new();
    for row in FUNCTIONS.iter().filter(|row| row.name.starts_with("sock_")) {
        let mut args = vec![0; row.params.len()];
        w.fails(row.name, &args, Errno::NotSock);
        args[0] = 50;
        w.fails(row.name, &args, Errno::Badf);
    }
}

#[test]
fn an_empty_context_grants_nothing() {
    let mut w = World::new();
    w.ctx = WasiCtx::default();
    for row in FUNCTIONS.iter().filter(|row| row.name.starts_with("fd_")) {
        for fd in 0..5 {
            let mut args = vec![0; row.params.len()];
            args[0] = fd;
            w.fails(row.name, &args, Errno::Badf);
        }
    }
    assert_eq!(w.open("x", 0, 0, READ), Err(Errno::Badf.into()));
    w.ok("args_sizes_get", &[OUT, OUT + 4]);
    assert_eq!(w.u64_at(OUT), 0);
}

#[test]
fn a_standard_stream_that_was_not_granted_is_nobodys_number() {
    let mut w = World::new();
    let mut builder = WasiCtxBuilder::new();
    builder.preopen_path(w.temp.inside(), "/", Perms::default()).unwrap();
    w.ctx = builder.build();
    assert_eq!(w.create("file", b""), 4);
    let [iovs, count] = w.vectors(&[3]);
    w.ok("fd_read", &[0, iovs, count, OUT]);
    assert_eq!(w.u32_at(OUT), 0);
    w.ok("fd_write", &[1, iovs, count, OUT]);
    assert_eq!(std::fs::read(w.temp.inside().join("file")).unwrap(), b"");
}

/// Stores subscription `n`.
fn subscribe_clock(w: &mut World, n: u64, id: u32, timeout: u64, absolute: bool) {
    let at = DATA + n * 48;
    w.put(at, &[0; 48]);
    w.put(at, &(100 + n).to_le_bytes());
    w.put(at + 16, &id.to_le_bytes());
    w.put(at + 24, &timeout.to_le_bytes());
    w.put(at + 40, &[u8::from(absolute)]);
}

fn subscribe_fd(w: &mut World, n: u64, kind: u8, fd: u64) {
    let at = DATA + n * 48;
    w.put(at, &[0; 48]);
    w.put(at, &(100 + n).to_le_bytes());
    w.put(at + 8, &[kind]);
    w.put(at + 16, &(fd as u32).to_le_bytes());
}

const EVENTS: u64 = DATA + 0x1000;

/// Userdata, error and type of the events of one poll.
fn poll(w: &mut World, count: u64) -> Vec<(u64, u8, u8)> {
    w.ok("poll_oneoff", &[DATA, EVENTS, count, OUT]);
    let event = |n| EVENTS + n * 32;
    (0..u64::from(w.u32_at(OUT)))
        .map(|n| (w.u64_at(event(n)), w.bytes(event(n) + 8, 1)[0], w.bytes(event(n) + 10, 1)[0]))
        .collect()
}

#[test]
fn waiting_on_virtual_clocks_takes_no_time() {
    let mut w = World::new();
    let begin = Instant::now();
    subscribe_clock(&mut w, 0, 1, 3600 * 1_000_000_000, false);
    subscribe_clock(&mut w, 1, 1, u64::MAX, false);
    assert_eq!(poll(&mut w, 2), [(100, 0, 0)]);
    w.ok("clock_time_get", &[1, 0, OUT]);
    assert_eq!(w.u64_at(OUT), 3600 * 1_000_000_000 + 10);
    subscribe_clock(&mut w, 0, 0, 5, true);
    assert_eq!(poll(&mut w, 1), [(100, 0, 0)]);
    assert!(begin.elapsed() < Duration::from_secs(600));
}

#[test]
fn descriptors_are_ready_or_wrong_at_once() {
    let mut w = World::new();
    let file = w.create("file", b"abcdef");
    w.ok("fd_seek", &[file, 2, 0, OUT]);
    subscribe_fd(&mut w, 0, 1, file);
    subscribe_fd(&mut w, 1, 2, 1);
    subscribe_fd(&mut w, 2, 1, 77);
    subscribe_fd(&mut w, 3, 2, 0);
    subscribe_clock(&mut w, 4, 1, u64::MAX, false);
    subscribe_clock(&mut w, 5, 9, 0, false);
    let (badf, inval) = (Errno::Badf as u8, Errno::Inval as u8);
    assert_eq!(
        poll(&mut w, 6),
        [(100, 0, 1), (101, 0, 2), (102, badf, 1), (103, badf, 2), (105, inval, 0)]
    );
    assert_eq!(w.u64_at(EVENTS + 16), 4);
    w.fails("poll_oneoff", &[DATA, EVENTS, 0, OUT], Errno::Inval);
    // One less than too many is only too much for this memory.
    w.traps("poll_oneoff", &[DATA, EVENTS, 4096, OUT], BEYOND);
    w.fails("poll_oneoff", &[DATA, EVENTS, 4097, OUT], Errno::Inval);
    w.traps("poll_oneoff", &[DATA, MEMORY_BYTES as u64 - 24, 1, OUT], BEYOND);
    subscribe_fd(&mut w, 0, 3, file);
    w.fails("poll_oneoff", &[DATA, EVENTS, 1, OUT], Errno::Inval);
}

#[test]
fn waiting_on_the_hosts_clock_ends_in_time() {
    let mut w = World::new();
    w.ctx = WasiCtxBuilder::new().build();
    subscribe_clock(&mut w, 0, 1, 20_000_000, false);
    let begin = Instant::now();
    assert_eq!(poll(&mut w, 1), [(100, 0, 0)]);
    assert!(begin.elapsed() >= Duration::from_millis(20));
    subscribe_clock(&mut w, 0, 0, 1_000_000_000, true);
    assert_eq!(poll(&mut w, 1), [(100, 0, 0)]);
    w.guest.patience = Some(Duration::from_millis(1));
    w.guest.interrupt_after(10);
    subscribe_clock(&mut w, 0, 1, u64::MAX, false);
    assert_eq!(w.call("poll_oneoff", &[DATA, EVENTS, 1, OUT]), Err(Exit::Interrupt));
}

#[test]
fn the_standard_streams_can_be_inherited() {
    let mut builder = WasiCtxBuilder::new();
    builder.inherit_stdio();
    let mut w = World::new();
    w.ctx = builder.build();
    for fd in 0..3 {
        w.ok("fd_fdstat_get", &[fd, OUT]);
        let rights = w.u64_at(OUT + 8);
        let expected = if fd == 0 { READ } else { WRITE };
        assert_eq!(rights & (READ | WRITE), expected);
        let change = 1 << 8 | 1 << 22 | 1 << 23;
        assert_eq!(rights & change, 0, "a standard stream cannot be changed");
        let unwritable = if fd == 0 { Errno::Badf } else { Errno::NotCapable };
        w.fails("fd_filestat_set_size", &[fd, 0], unwritable);
        if fd != 0 {
            w.fails("fd_seek", &[fd, 0, 0, OUT], Errno::SPipe);
        }
    }
    let [iovs, count] = w.vectors(&[0]);
    w.ok("fd_write", &[1, iovs, count, OUT]);
    let row = function("fd_write").unwrap();
    assert_eq!(row.params.len(), 4);
}

#[cfg(unix)]
#[test]
fn a_stream_of_the_host_is_polled() {
    let mut w = World::new();
    let fifo = w.temp.inside().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut host = std::fs::OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
    let fd = w.open("fifo", 0, 0, ALL_RIGHTS).unwrap();
    subscribe_fd(&mut w, 0, 1, fd);
    subscribe_clock(&mut w, 1, 1, 5_000_000, false);
    assert_eq!(poll(&mut w, 2), [(101, 0, 0)], "nothing to read until the clock");
    std::io::Write::write_all(&mut host, b"abc").unwrap();
    assert_eq!(poll(&mut w, 2), [(100, 0, 1)]);
    assert_eq!(w.u64_at(EVENTS + 16), 3);
    subscribe_fd(&mut w, 1, 2, fd);
    assert_eq!(poll(&mut w, 2), [(100, 0, 1), (101, 0, 2)]);
    let [iovs, count] = [OUT + 8, 1];
    w.put(OUT + 8, &(DATA as u32).to_le_bytes());
    w.put(OUT + 12, &3u32.to_le_bytes());
    w.ok("fd_read", &[fd, iovs, count, OUT]);
    subscribe_fd(&mut w, 0, 1, fd);
    w.guest.patience = Some(Duration::from_millis(1));
    w.guest.interrupt_after(10);
    assert_eq!(w.call("poll_oneoff", &[DATA, EVENTS, 1, OUT]), Err(Exit::Interrupt));
}

#[test]
fn a_context_can_be_sent_to_another_thread() {
    fn sendable<T: Send + 'static>(value: T) -> T {
        value
    }
    let ctx = std::thread::spawn(|| sendable(WasiCtx::default())).join().unwrap();
    assert!(format!("{ctx:?}").contains("args: 0"));
}
