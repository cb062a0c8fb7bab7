//! Calls on descriptors.

use crate::world::*;
use prova_wasi::{Errno, Exit, Perms};
use std::time::Duration;

#[test]
fn writes_and_reads_move_all_vectors() {
    let mut w = World::new();
    let fd = w.create("file", b"");
    w.put(DATA, b"abcdefghij");
    let [iovs, count] = w.vectors(&[1, 0, 2, 3, 4]);
    w.ok("fd_write", &[fd, iovs, count, OUT]);
    assert_eq!(w.u32_at(OUT), 10);
    assert_eq!(std::fs::read(w.temp.inside().join("file")).unwrap(), b"abcdefghij");
    w.ok("fd_seek", &[fd, 2, 0, OUT]);
    // One, two and more vectors take different ways.
    for lengths in [&[3][..], &[1, 2], &[0, 1, 1, 1]] {
        w.put(DATA, &[0; 8]);
        let [iovs, count] = w.vectors(lengths);
        w.ok("fd_seek", &[fd, 2, 0, OUT]);
        w.ok("fd_read", &[fd, iovs, count, OUT]);
        assert_eq!((w.u32_at(OUT), w.bytes(DATA, 4)), (3, &b"cde\0"[..]), "{lengths:?}");
    }
    let [iovs, count] = w.vectors(&[20]);
    w.ok("fd_read", &[fd, iovs, count, OUT]);
    assert_eq!(w.u32_at(OUT), 5);
    w.ok("fd_read", &[fd, iovs, count, OUT]);
    assert_eq!(w.u32_at(OUT), 0);
}

#[test]
fn overlapping_vectors_are_filled_in_order() {
    let mut w = World::new();
    let fd = w.create("file", b"abcdef");
    w.ok("fd_seek", &[fd, 0, 0, OUT]);
    w.vectors(&[4, 2]);
    w.put(IOVS + 8, &(DATA as u32 + 1).to_le_bytes());
    w.ok("fd_read", &[fd, IOVS, 2, OUT]);
    assert_eq!((w.u32_at(OUT), w.bytes(DATA, 4)), (6, &b"aefd"[..]));
}

#[test]
fn positioned_reads_and_writes_leave_the_position() {
    let mut w = World::new();
    let fd = w.create("file", b"0123456789");
    w.put(DATA, b"AB");
    let [iovs, count] = w.vectors(&[1, 1]);
    w.ok("fd_pwrite", &[fd, iovs, count, 4, OUT]);
    w.ok("fd_pread", &[fd, iovs, count, 3, OUT]);
    assert_eq!((w.u32_at(OUT), w.bytes(DATA, 2)), (2, &b"3A"[..]));
    w.ok("fd_tell", &[fd, OUT]);
    assert_eq!(w.u64_at(OUT), 10);
    w.fails("fd_pread", &[fd, iovs, count, u64::MAX, OUT], Errno::Inval);
    // Nothing to move does not make the offset right.
    for name in ["fd_pread", "fd_pwrite"] {
        w.ok(name, &[fd, 0, 0, 0, OUT]);
        w.fails(name, &[fd, 0, 0, u64::MAX, OUT], Errno::Inval);
    }
    w.fails("fd_pwrite", &[fd, iovs, count, 1 << 63, OUT], Errno::Inval);
    w.fails("fd_pread", &[0, iovs, count, 0, OUT], Errno::SPipe);
    w.fails("fd_pwrite", &[1, iovs, count, 0, OUT], Errno::SPipe);
    w.fails("fd_pread", &[3, iovs, count, 0, OUT], Errno::Badf);
}

#[test]
fn streams_of_the_embedder_read_write_and_do_not_seek() {
    let mut w = World::new();
    let [iovs, count] = w.vectors(&[2, 10]);
    w.ok("fd_read", &[0, iovs, count, OUT]);
    // A stream is asked once.
    assert_eq!((w.u32_at(OUT), w.bytes(DATA, 2)), (2, &b"in"[..]));
    w.put(DATA, b"hello world.");
    w.ok("fd_write", &[1, iovs, count, OUT]);
    assert_eq!((w.u32_at(OUT), w.stdout.content()), (12, b"hello world.".to_vec()));
    w.fails("fd_write", &[0, iovs, count, OUT], Errno::Badf);
    w.fails("fd_read", &[1, iovs, count, OUT], Errno::Badf);
    w.fails("fd_seek", &[1, 0, 1, OUT], Errno::SPipe);
    w.fails("fd_tell", &[0, OUT], Errno::SPipe);
    w.fails("fd_write", &[9, iovs, count, OUT], Errno::Badf);
    // Vectors of length 0 at 0, up to the limit.
    w.ok("fd_write", &[1, DATA + 0x1000, 1024, OUT]);
    w.fails("fd_write", &[1, DATA + 0x1000, 1025, OUT], Errno::Inval);
    w.traps("fd_write", &[1, iovs, count, MEMORY_BYTES as u64], BEYOND);
    w.ok("fd_sync", &[1]);
    w.ok("fd_filestat_get", &[1, OUT]);
    assert_eq!(w.bytes(OUT + 16, 1), [0]);
}

#[test]
fn seeks_follow_their_base() {
    let mut w = World::new();
    let fd = w.create("file", b"0123456789");
    for (offset, whence, position) in
        [(4, 0, 4), (3, 1, 7), (-2i64, 1, 5), (-1, 2, 9), (5, 2, 15), (0, 1, 15)]
    {
        w.ok("fd_seek", &[fd, offset.cast_unsigned(), whence, OUT]);
        assert_eq!(w.u64_at(OUT), position, "{offset} {whence}");
    }
    w.ok("fd_tell", &[fd, OUT]);
    assert_eq!(w.u64_at(OUT), 15);
    w.fails("fd_seek", &[fd, (-1i64).cast_unsigned(), 0, OUT], Errno::Inval);
    w.fails("fd_seek", &[fd, (-100i64).cast_unsigned(), 1, OUT], Errno::Inval);
    w.fails("fd_seek", &[fd, 0, 3, OUT], Errno::Inval);
    w.fails("fd_seek", &[3, 0, 0, OUT], Errno::Badf);
    w.fails("fd_tell", &[3, OUT], Errno::Badf);
    // Without the right to move, the position can still be asked for.
    let (seek, tell) = (1 << 2, 1 << 5);
    w.ok("fd_fdstat_set_rights", &[fd, tell, 0]);
    w.ok("fd_seek", &[fd, 0, 1, OUT]);
    w.fails("fd_seek", &[fd, 0, 0, OUT], Errno::NotCapable);
    w.fails("fd_fdstat_set_rights", &[fd, seek, 0], Errno::NotCapable);
    w.fails("fd_advise", &[fd, 0, 0, 0], Errno::NotCapable);
}

#[test]
fn fdstat_tells_type_flags_and_rights() {
    let mut w = World::new();
    w.ok("fd_fdstat_get", &[3, OUT]);
    assert_eq!(w.bytes(OUT, 1), [3]);
    let base = w.u64_at(OUT + 8);
    assert_eq!(base & (READ | WRITE | 1 << 2), 0, "a directory has no rights of a file");
    assert_eq!(w.u64_at(OUT + 16) & (READ | WRITE), READ | WRITE);
    let fd = w.create("file", b"x");
    w.ok("fd_close", &[fd]);
    let fd = w.open("file", 0, 0, READ).unwrap();
    w.ok("fd_fdstat_get", &[fd, OUT]);
    assert_eq!((w.bytes(OUT, 1), w.u64_at(OUT + 8) & (READ | WRITE)), (&[4][..], READ));
    let content = 1 << 8 | 1 << 22;
    assert_eq!(w.u64_at(OUT + 8) & content, 0, "reading does not change the content");
    let fd = w.open("file", 0, 0, WRITE).unwrap();
    w.ok("fd_fdstat_get", &[fd, OUT]);
    assert_eq!(w.u64_at(OUT + 8) & (READ | WRITE), WRITE);
    let fd = w.open_with("file", 0, 0, ALL_RIGHTS, 1).unwrap();
    w.ok("fd_fdstat_get", &[fd, OUT]);
    assert_eq!(w.bytes(OUT + 2, 2), [1, 0]);
    w.fails("fd_fdstat_get", &[99, OUT], Errno::Badf);
    w.traps("fd_fdstat_get", &[fd, MEMORY_BYTES as u64 - 8], BEYOND);
}

#[test]
fn appending_can_be_switched() {
    let mut w = World::new();
    let fd = w.create("file", b"abc");
    w.ok("fd_seek", &[fd, 0, 0, OUT]);
    w.ok("fd_fdstat_set_flags", &[fd, 1]);
    w.put(DATA, b"Z");
    let [iovs, count] = w.vectors(&[1]);
    w.ok("fd_write", &[fd, iovs, count, OUT]);
    w.ok("fd_fdstat_set_flags", &[fd, 0]);
    w.ok("fd_seek", &[fd, 0, 0, OUT]);
    w.ok("fd_write", &[fd, iovs, count, OUT]);
    assert_eq!(std::fs::read(w.temp.inside().join("file")).unwrap(), b"ZbcZ");
    w.fails("fd_fdstat_set_flags", &[fd, 16], Errno::NotSup);
    w.fails("fd_fdstat_set_flags", &[fd, 1 << 20], Errno::Inval);
    w.fails("fd_fdstat_set_flags", &[98, 1], Errno::Badf);
    let other = w.open_with("file", 0, 0, WRITE, 1).unwrap();
    w.ok("fd_write", &[other, iovs, count, OUT]);
    assert_eq!(std::fs::read(w.temp.inside().join("file")).unwrap(), b"ZbcZZ");
}

#[test]
fn sizes_and_times_can_be_set() {
    let mut w = World::new();
    let fd = w.create("file", b"abcdef");
    w.ok("fd_filestat_set_size", &[fd, 3]);
    w.ok("fd_filestat_get", &[fd, OUT]);
    assert_eq!(w.u64_at(OUT + 32), 3);
    w.ok("fd_allocate", &[fd, 0, 100]);
    w.ok("fd_filestat_get", &[fd, OUT]);
    assert_eq!(w.u64_at(OUT + 32), 100);
    w.ok("fd_filestat_set_times", &[fd, 5_000_000_007, 9, 1 | 4]);
    w.ok("fd_filestat_get", &[fd, OUT]);
    assert_eq!((w.u64_at(OUT + 40), w.u64_at(OUT + 48)), (5_000_000_007, 9));
    w.ok("fd_filestat_set_times", &[fd, 77, 11, 4]);
    w.ok("fd_filestat_get", &[fd, OUT]);
    assert_eq!((w.u64_at(OUT + 40), w.u64_at(OUT + 48)), (5_000_000_007, 11));
    w.ok("fd_filestat_set_times", &[fd, 0, 0, 2 | 8]);
    w.ok("fd_filestat_get", &[fd, OUT]);
    assert!(w.u64_at(OUT + 48) > 1_500_000_000_000_000_000);
    w.ok("fd_filestat_set_times", &[3, 0, 42, 4]);
    w.ok("fd_filestat_get", &[3, OUT]);
    assert_eq!(w.u64_at(OUT + 48), 42);
    // The far future may be refused or cut by the file system, but does no harm.
    assert!(w.call("fd_filestat_set_times", &[fd, u64::MAX, u64::MAX, 5]).is_ok());
    w.ok("fd_filestat_get", &[fd, OUT]);
    w.fails("fd_filestat_set_times", &[fd, 0, 0, 3], Errno::Inval);
    w.fails("fd_filestat_set_times", &[fd, 0, 0, 16], Errno::Inval);
    w.fails("fd_filestat_set_size", &[fd, u64::MAX], Errno::Inval);
    w.fails("fd_filestat_set_size", &[3, 0], Errno::Badf);
    let readable = w.open("file", 0, 0, READ).unwrap();
    w.fails("fd_filestat_set_size", &[readable, 0], Errno::Inval);
    w.fails("fd_allocate", &[readable, 0, 1], Errno::Badf);
    w.fails("fd_allocate", &[fd, u64::MAX, 1], Errno::Inval);
    w.fails("fd_allocate", &[fd, 0, 0], Errno::Inval);
    w.fails("fd_allocate", &[3, 0, 1], Errno::Badf);
    w.fails("fd_filestat_get", &[55, OUT], Errno::Badf);
}

#[test]
fn advice_and_synchronisation_are_accepted_or_refused() {
    let mut w = World::new();
    let fd = w.create("file", b"abcdef");
    for advice in 0..6 {
        w.ok("fd_advise", &[fd, 0, 10, advice]);
    }
    w.fails("fd_advise", &[fd, 0, 10, 6], Errno::Inval);
    w.fails("fd_advise", &[fd, u64::MAX, 10, 0], Errno::Inval);
    w.fails("fd_advise", &[3, 0, 10, 0], Errno::Badf);
    for name in ["fd_sync", "fd_datasync"] {
        w.ok(name, &[fd]);
        w.ok(name, &[3]);
        w.fails(name, &[50], Errno::Badf);
    }
}

#[test]
fn preopened_directories_are_announced() {
    let mut w = World::new();
    w.put(OUT, &[0xff; 8]);
    w.ok("fd_prestat_get", &[3, OUT]);
    assert_eq!(w.bytes(OUT, 8), [0, 0, 0, 0, 1, 0, 0, 0]);
    w.ok("fd_prestat_dir_name", &[3, OUT, 1]);
    assert_eq!(w.bytes(OUT, 1), b"/");
    w.fails("fd_prestat_dir_name", &[3, OUT, 0], Errno::NameTooLong);
    w.fails("fd_prestat_get", &[4, OUT], Errno::Badf);
    w.fails("fd_prestat_get", &[1, OUT], Errno::Badf);
    w.fails("fd_prestat_dir_name", &[4, OUT, 9], Errno::Badf);
    w.fails("fd_prestat_dir_name", &[1, OUT, 9], Errno::NotDir);
}

#[test]
fn descriptors_are_closed_reused_and_renumbered() {
    let mut w = World::new();
    let a = w.create("a", b"a");
    let b = w.create("b", b"b");
    assert_eq!((a, b), (4, 5));
    w.ok("fd_close", &[a]);
    w.fails("fd_close", &[a], Errno::Badf);
    assert_eq!(w.create("c", b"c"), 4);
    w.fails("fd_renumber", &[b, 77], Errno::Badf);
    w.fails("fd_renumber", &[77, b], Errno::Badf);
    w.ok("fd_renumber", &[b, 4]);
    w.fails("fd_tell", &[b, OUT], Errno::Badf);
    let [iovs, count] = w.vectors(&[1]);
    w.ok("fd_pread", &[4, iovs, count, 0, OUT]);
    assert_eq!(w.bytes(DATA, 1), b"b");
    w.ok("fd_renumber", &[4, 4]);
    w.ok("fd_tell", &[4, OUT]);
}

/// The entries that `fd_readdir` gives with a buffer of this many bytes: cookie, type, name.
fn listing(w: &mut World, fd: u64, buffer_len: u64) -> Vec<(u64, u8, String)> {
    let mut all = Vec::new();
    let mut cookie = 0;
    loop {
        w.ok("fd_readdir", &[fd, DATA, buffer_len, cookie, OUT]);
        let used = u64::from(w.u32_at(OUT));
        let mut at = 0;
        while at + 24 <= used {
            let next = w.u64_at(DATA + at);
            let len = u64::from(w.u32_at(DATA + at + 16));
            if at + 24 + len > used {
                break;
            }
            let kind = w.bytes(DATA + at + 20, 1)[0];
            let name = String::from_utf8_lossy(w.bytes(DATA + at + 24, len as usize)).into_owned();
            all.push((next, kind, name));
            (at, cookie) = (at + 24 + len, next);
        }
        if used < buffer_len {
            return all;
        }
    }
}

#[test]
fn directories_are_listed_in_order_whatever_the_buffer() {
    let mut w = World::new();
    for name in ["zeta", "alpha", "mid"] {
        w.create(name, b"");
    }
    assert_eq!(w.at("path_create_directory", 3, "sub", &[]), Errno::Success);
    let expected: Vec<(u64, u8, String)> =
        [(3, "."), (3, ".."), (4, "alpha"), (4, "mid"), (3, "sub"), (4, "zeta")]
            .iter()
            .enumerate()
            .map(|(n, (kind, name))| (n as u64 + 1, *kind, (*name).to_owned()))
            .collect();
    for buffer_len in [30, 31, 64, 4096] {
        assert_eq!(listing(&mut w, 3, buffer_len), expected, "{buffer_len}");
    }
    // Changes meanwhile do not disturb a listing that has begun.
    w.ok("fd_readdir", &[3, DATA, 60, 0, OUT]);
    w.create("aaa", b"");
    w.ok("fd_readdir", &[3, DATA, 4096, 2, OUT]);
    assert_eq!(w.bytes(DATA + 24, 5), b"alpha");
    assert_eq!(listing(&mut w, 3, 4096).len(), 7);
    w.ok("fd_readdir", &[3, DATA, 4096, u64::MAX, OUT]);
    assert_eq!(w.u32_at(OUT), 0);
    w.fails("fd_readdir", &[0, DATA, 4096, 0, OUT], Errno::NotDir);
    w.fails("fd_readdir", &[44, DATA, 4096, 0, OUT], Errno::Badf);
    w.traps("fd_readdir", &[3, DATA, u64::from(u32::MAX), 0, OUT], BEYOND);
}

#[test]
fn a_call_ends_with_the_fuel() {
    let mut w = World::new();
    let fd = w.create("file", b"abc");
    let [iovs, count] = w.vectors(&[1000]);
    w.guest.fuel = 1047;
    assert_eq!(w.call("fd_write", &[fd, iovs, count, OUT]), Err(Exit::OutOfFuel));
    w.guest.fuel = 1048;
    assert_eq!(w.call("fd_write", &[fd, iovs, count, OUT]), Ok(0));
    assert_eq!(w.guest.fuel, 0);
    for row in prova_wasi::FUNCTIONS {
        w.guest.fuel = 15;
        let args = vec![3; row.params.len()];
        assert_eq!(w.call(row.name, &args), Err(Exit::OutOfFuel), "{}", row.name);
    }
}

#[cfg(unix)]
#[test]
fn a_stream_of_the_host_waits_until_an_interrupt() {
    let mut w = World::new();
    let fifo = w.temp.inside().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo is part of every Unix");
    // Both ends of the host are kept open, so that reading waits for data.
    let host = std::fs::OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
    let fd = w.open("fifo", 0, 0, ALL_RIGHTS).unwrap();
    w.ok("fd_fdstat_get", &[fd, OUT]);
    assert_eq!(w.u64_at(OUT + 8) & (1 << 2 | 1 << 5), 0, "a stream does not seek");
    let [iovs, count] = w.vectors(&[4]);
    w.guest.patience = Some(Duration::from_millis(1));
    w.guest.interrupt_after(10);
    assert_eq!(w.call("fd_read", &[fd, iovs, count, OUT]), Err(Exit::Interrupt));
    // Not waiting is the guest's choice and needs no patience.
    w.guest.patience = None;
    w.guest.polls_max = u64::MAX;
    w.ok("fd_fdstat_set_flags", &[fd, 4]);
    w.fails("fd_read", &[fd, iovs, count, OUT], Errno::Again);
    std::io::Write::write_all(&mut &host, b"data!").unwrap();
    w.ok("fd_read", &[fd, iovs, count, OUT]);
    assert_eq!(w.bytes(DATA, 4), b"data");
    // A full stream stops a write until it is interrupted.
    w.ok("fd_fdstat_set_flags", &[fd, 0]);
    w.guest.patience = Some(Duration::from_millis(1));
    w.guest.interrupt_after(100);
    let [iovs, count] = w.vectors(&[0x8000]);
    assert_eq!(w.call("fd_write", &[fd, iovs, count, OUT]), Ok(0));
    assert_eq!(w.u32_at(OUT), 0x8000);
    let [iovs, count] = w.vectors(&[0x10000]);
    assert_eq!(w.call("fd_write", &[fd, iovs, count, OUT]), Err(Exit::Interrupt));
    w.guest.polls_max = u64::MAX;
    w.fails("fd_seek", &[fd, 0, 0, OUT], Errno::SPipe);
}

#[test]
fn nothing_changes_below_a_read_only_directory() {
    let mut w = World::with(Perms { read_only: true });
    std::fs::write(w.temp.inside().join("file"), b"old").unwrap();
    std::fs::create_dir(w.temp.inside().join("dir")).unwrap();
    let fd = w.open("file", 0, 0, READ | 1 << 23 | 1 << 22 | 1 << 8).unwrap();
    let [iovs, count] = w.vectors(&[3]);
    w.ok("fd_read", &[fd, iovs, count, OUT]);
    assert_eq!(w.bytes(DATA, 3), b"old");
    w.fails("fd_write", &[fd, iovs, count, OUT], Errno::Badf);
    w.fails("fd_filestat_set_size", &[fd, 0], Errno::Inval);
    w.fails("fd_filestat_set_times", &[fd, 0, 0, 4], Errno::NotCapable);
    w.fails("fd_allocate", &[fd, 0, 9], Errno::Badf);
    w.fails("fd_filestat_set_times", &[3, 0, 0, 4], Errno::RoFs);
    for (how, rights, errno) in
        [(0, WRITE, Errno::RoFs), (TRUNC, READ, Errno::RoFs), (CREAT | EXCL, READ, Errno::Exist)]
    {
        assert_eq!(w.open("file", 0, how, rights), Err(errno.into()));
    }
    assert_eq!(w.open("new", 0, CREAT, READ), Err(Errno::RoFs.into()));
    assert_eq!(w.open("new", 0, 0, WRITE), Err(Errno::NoEnt.into()));
    w.open("file", 0, CREAT, READ).unwrap();
    for name in ["path_create_directory", "path_remove_directory", "path_unlink_file"] {
        assert_eq!(w.at(name, 3, "dir", &[]), Errno::RoFs, "{name}");
    }
    let [old, old_len] = w.path("file");
    let [new, new_len] = w.path_2("other");
    w.fails("path_rename", &[3, old, old_len, 3, new, new_len], Errno::RoFs);
    w.fails("path_link", &[3, 0, old, old_len, 3, new, new_len], Errno::RoFs);
    w.fails("path_symlink", &[old, old_len, 3, new, new_len], Errno::RoFs);
    w.fails("path_filestat_set_times", &[3, 0, old, old_len, 0, 0, 4], Errno::RoFs);
    // A directory opened below is read-only too.
    let dir = w.open("dir", 0, DIRECTORY, DIR_RIGHTS).unwrap();
    assert_eq!(w.at("path_create_directory", dir, "x", &[]), Errno::RoFs);
    assert_eq!(w.at("path_create_directory", 3, "dir/x", &[]), Errno::RoFs);
    assert_eq!(std::fs::read(w.temp.inside().join("file")).unwrap(), b"old");
}
