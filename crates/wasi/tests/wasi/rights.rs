//! Which rights each call needs: all of those of the table, and no others.
//!
//! Source: the comments on `rights` in `wasi_snapshot_preview1.witx`. Every call is made twice for
//! each right of its row: with exactly the rights of the row it succeeds, with all rights but one
//! of them it fails. Green does not prove that a right is asked for before the host is.

use crate::world::*;
use prova_wasi::{Errno, FUNCTIONS};

const DATASYNC: u64 = 1 << 0;
const SEEK: u64 = 1 << 2;
const SET_FLAGS: u64 = 1 << 3;
const SYNC: u64 = 1 << 4;
const TELL: u64 = 1 << 5;
const ADVISE: u64 = 1 << 7;
const ALLOCATE: u64 = 1 << 8;
const CREATE_DIRECTORY: u64 = 1 << 9;
const CREATE_FILE: u64 = 1 << 10;
const LINK_SOURCE: u64 = 1 << 11;
const LINK_TARGET: u64 = 1 << 12;
const OPEN: u64 = 1 << 13;
const READDIR: u64 = 1 << 14;
const READLINK: u64 = 1 << 15;
const RENAME_SOURCE: u64 = 1 << 16;
const RENAME_TARGET: u64 = 1 << 17;
const PATH_FILESTAT_GET: u64 = 1 << 18;
const PATH_SET_SIZE: u64 = 1 << 19;
const PATH_SET_TIMES: u64 = 1 << 20;
const FD_FILESTAT_GET: u64 = 1 << 21;
const FD_SET_SIZE: u64 = 1 << 22;
const FD_SET_TIMES: u64 = 1 << 23;
const SYMLINK: u64 = 1 << 24;
const REMOVE_DIRECTORY: u64 = 1 << 25;
const UNLINK: u64 = 1 << 26;
const POLL: u64 = 1 << 27;

/// Calls that need no right.
const FREE: &[&str] = &[
    "args_get",
    "args_sizes_get",
    "clock_res_get",
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_close",
    "fd_fdstat_get",
    "fd_fdstat_set_rights",
    "fd_prestat_dir_name",
    "fd_prestat_get",
    "fd_renumber",
    "proc_exit",
    "proc_raise",
    "random_get",
    "sched_yield",
    // Not without a listener: `sockets.rs` has their rights.
    "sock_accept",
    "sock_recv",
    "sock_send",
    "sock_shutdown",
];

/// The set of a descriptor's rights that a right belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// The file `f`, opened for reading and writing.
    File,
    /// The directory that holds everything.
    Dir,
    /// The same directory under another number, the target of a link or rename.
    Other,
    /// The rights that the directory hands on.
    Inheriting,
}

/// The descriptors that a call is made with.
struct Fds {
    file: u64,
    dir: u64,
    other: u64,
}

type Args = fn(&mut World, &Fds) -> Vec<u64>;

/// A call with its arguments, and the rights it needs: of each entry one of the bits.
struct Row(&'static str, Args, &'static [(Of, u64)]);

fn vectors(w: &mut World) -> [u64; 2] {
    w.vectors(&[1])
}

fn path_open(w: &mut World, fds: &Fds, path: &str, how: u64, flags: u64) -> Vec<u64> {
    let [ptr, len] = w.path(path);
    vec![fds.dir, 0, ptr, len, how, READ, 0, flags, OUT]
}

fn one_path(w: &mut World, fds: &Fds, path: &str, rest: &[u64]) -> Vec<u64> {
    let [ptr, len] = w.path(path);
    [&[fds.dir, ptr, len], rest].concat()
}

fn two_paths(w: &mut World, old: &str, new: &str) -> ([u64; 2], [u64; 2]) {
    (w.path(old), w.path_2(new))
}

const ROWS: &[Row] = &[
    Row("fd_advise", |_, fds| vec![fds.file, 0, 1, 0], &[(Of::File, ADVISE)]),
    Row("fd_allocate", |_, fds| vec![fds.file, 0, 1], &[(Of::File, ALLOCATE)]),
    Row("fd_datasync", |_, fds| vec![fds.file], &[(Of::File, DATASYNC)]),
    Row("fd_datasync", |_, fds| vec![fds.dir], &[(Of::Dir, DATASYNC)]),
    Row("fd_sync", |_, fds| vec![fds.file], &[(Of::File, SYNC)]),
    Row("fd_sync", |_, fds| vec![fds.dir], &[(Of::Dir, SYNC)]),
    Row("fd_fdstat_set_flags", |_, fds| vec![fds.file, 1], &[(Of::File, SET_FLAGS)]),
    Row("fd_filestat_get", |_, fds| vec![fds.file, OUT], &[(Of::File, FD_FILESTAT_GET)]),
    Row("fd_filestat_get", |_, fds| vec![fds.dir, OUT], &[(Of::Dir, FD_FILESTAT_GET)]),
    Row("fd_filestat_set_size", |_, fds| vec![fds.file, 0], &[(Of::File, FD_SET_SIZE)]),
    Row("fd_filestat_set_times", |_, fds| vec![fds.file, 0, 0, 4], &[(Of::File, FD_SET_TIMES)]),
    Row("fd_filestat_set_times", |_, fds| vec![fds.dir, 0, 0, 4], &[(Of::Dir, FD_SET_TIMES)]),
    Row(
        "fd_read",
        |w, fds| {
            let [iovs, count] = vectors(w);
            vec![fds.file, iovs, count, OUT]
        },
        &[(Of::File, READ)],
    ),
    Row(
        "fd_pread",
        |w, fds| {
            let [iovs, count] = vectors(w);
            vec![fds.file, iovs, count, 0, OUT]
        },
        &[(Of::File, READ), (Of::File, SEEK)],
    ),
    Row(
        "fd_write",
        |w, fds| {
            let [iovs, count] = vectors(w);
            vec![fds.file, iovs, count, OUT]
        },
        &[(Of::File, WRITE)],
    ),
    Row(
        "fd_pwrite",
        |w, fds| {
            let [iovs, count] = vectors(w);
            vec![fds.file, iovs, count, 0, OUT]
        },
        &[(Of::File, WRITE), (Of::File, SEEK)],
    ),
    Row("fd_readdir", |_, fds| vec![fds.dir, DATA, 100, 0, OUT], &[(Of::Dir, READDIR)]),
    Row("fd_seek", |_, fds| vec![fds.file, 1, 1, OUT], &[(Of::File, SEEK)]),
    Row("fd_seek", |_, fds| vec![fds.file, 0, 0, OUT], &[(Of::File, SEEK)]),
    // To move is to know the position.
    Row("fd_seek", |_, fds| vec![fds.file, 0, 1, OUT], &[(Of::File, TELL | SEEK)]),
    Row("fd_tell", |_, fds| vec![fds.file, OUT], &[(Of::File, TELL | SEEK)]),
    Row(
        "path_create_directory",
        |w, fds| one_path(w, fds, "new", &[]),
        &[(Of::Dir, CREATE_DIRECTORY)],
    ),
    Row(
        "path_filestat_get",
        |w, fds| {
            let [ptr, len] = w.path("f");
            vec![fds.dir, 0, ptr, len, OUT]
        },
        &[(Of::Dir, PATH_FILESTAT_GET)],
    ),
    Row(
        "path_filestat_set_times",
        |w, fds| {
            let [ptr, len] = w.path("f");
            vec![fds.dir, 0, ptr, len, 0, 0, 4]
        },
        &[(Of::Dir, PATH_SET_TIMES)],
    ),
    Row(
        "path_link",
        |w, fds| {
            let ([old, old_len], [new, new_len]) = two_paths(w, "f", "new");
            vec![fds.dir, 0, old, old_len, fds.other, new, new_len]
        },
        &[(Of::Dir, LINK_SOURCE), (Of::Other, LINK_TARGET)],
    ),
    Row("path_open", |w, fds| path_open(w, fds, "f", 0, 0), &[(Of::Dir, OPEN)]),
    Row("path_open", |w, fds| path_open(w, fds, "d", DIRECTORY, 0), &[(Of::Dir, OPEN)]),
    // To exclude is no separate right.
    Row("path_open", |w, fds| path_open(w, fds, "f", EXCL, 0), &[(Of::Dir, OPEN)]),
    Row(
        "path_open",
        |w, fds| path_open(w, fds, "new", CREAT, 0),
        &[(Of::Dir, OPEN), (Of::Dir, CREATE_FILE)],
    ),
    Row(
        "path_open",
        |w, fds| path_open(w, fds, "f", CREAT, 0),
        &[(Of::Dir, OPEN), (Of::Dir, CREATE_FILE)],
    ),
    Row(
        "path_open",
        |w, fds| path_open(w, fds, "new", CREAT | EXCL, 0),
        &[(Of::Dir, OPEN), (Of::Dir, CREATE_FILE)],
    ),
    Row(
        "path_open",
        |w, fds| path_open(w, fds, "f", TRUNC, 0),
        &[(Of::Dir, OPEN), (Of::Dir, PATH_SET_SIZE), (Of::Inheriting, WRITE)],
    ),
    Row(
        "path_open",
        |w, fds| path_open(w, fds, "new", CREAT | TRUNC, 0),
        &[
            (Of::Dir, OPEN),
            (Of::Dir, CREATE_FILE),
            (Of::Dir, PATH_SET_SIZE),
            (Of::Inheriting, WRITE),
        ],
    ),
    // Appending and not waiting are no separate rights.
    Row("path_open", |w, fds| path_open(w, fds, "f", 0, 1 | 4), &[(Of::Dir, OPEN)]),
    Row(
        "path_open",
        |w, fds| path_open(w, fds, "f", 0, 2),
        &[(Of::Dir, OPEN), (Of::Dir, DATASYNC | SYNC)],
    ),
    Row("path_open", |w, fds| path_open(w, fds, "f", 0, 8), &[(Of::Dir, OPEN), (Of::Dir, SYNC)]),
    Row("path_open", |w, fds| path_open(w, fds, "f", 0, 16), &[(Of::Dir, OPEN), (Of::Dir, SYNC)]),
    Row("path_readlink", |w, fds| one_path(w, fds, "l", &[DATA, 100, OUT]), &[(Of::Dir, READLINK)]),
    Row(
        "path_remove_directory",
        |w, fds| one_path(w, fds, "d", &[]),
        &[(Of::Dir, REMOVE_DIRECTORY)],
    ),
    Row(
        "path_rename",
        |w, fds| {
            let ([old, old_len], [new, new_len]) = two_paths(w, "f", "new");
            vec![fds.dir, old, old_len, fds.other, new, new_len]
        },
        &[(Of::Dir, RENAME_SOURCE), (Of::Other, RENAME_TARGET)],
    ),
    Row(
        "path_symlink",
        |w, fds| {
            let ([old, old_len], [new, new_len]) = two_paths(w, "f", "new");
            vec![old, old_len, fds.dir, new, new_len]
        },
        &[(Of::Dir, SYMLINK)],
    ),
    Row("path_unlink_file", |w, fds| one_path(w, fds, "f", &[]), &[(Of::Dir, UNLINK)]),
    Row("poll_oneoff", |w, fds| poll(w, fds, 1), &[(Of::File, POLL), (Of::File, READ)]),
    Row("poll_oneoff", |w, fds| poll(w, fds, 2), &[(Of::File, POLL), (Of::File, WRITE)]),
];

const EVENTS: u64 = DATA + 0x1000;

/// A subscription to a descriptor.
fn poll(w: &mut World, fds: &Fds, kind: u8) -> Vec<u64> {
    w.put(DATA, &[0; 48]);
    w.put(DATA + 8, &[kind]);
    w.put(DATA + 16, &(fds.file as u32).to_le_bytes());
    vec![DATA, EVENTS, 1, OUT]
}

/// A world with a file, a directory and a link, and its descriptors with all rights.
fn world() -> (World, Fds) {
    let mut w = World::new();
    let file = w.create("f", b"content");
    w.ok("fd_seek", &[file, 0, 0, OUT]);
    assert_eq!(w.at("path_create_directory", 3, "d", &[]), Errno::Success);
    let ([old, old_len], [new, new_len]) = two_paths(&mut w, "f", "l");
    w.ok("path_symlink", &[old, old_len, 3, new, new_len]);
    let dir = w.open(".", 0, DIRECTORY, READ).unwrap();
    let other = w.open(".", 0, DIRECTORY, READ).unwrap();
    (w, Fds { file, dir, other })
}

/// The base and inheriting rights of a descriptor.
fn rights(w: &mut World, fd: u64) -> (u64, u64) {
    w.ok("fd_fdstat_get", &[fd, OUT]);
    (w.u64_at(OUT + 8), w.u64_at(OUT + 16))
}

/// Calls with these rights of each kind; the error.
fn call_with(row: &Row, allowed: impl Fn(Of) -> u64) -> Code {
    let (mut w, fds) = world();
    for (fd, of, inherits) in [
        (fds.file, Of::File, None),
        (fds.dir, Of::Dir, Some(Of::Inheriting)),
        (fds.other, Of::Other, None),
    ] {
        let (base, inheriting) = rights(&mut w, fd);
        let inheriting = inherits.map_or(inheriting, |of| inheriting & allowed(of));
        w.ok("fd_fdstat_set_rights", &[fd, base & allowed(of), inheriting]);
    }
    let args = row.1(&mut w, &fds);
    let code = w.call(row.0, &args).unwrap();
    // The call is about its events, each with an error field.
    if row.0 == "poll_oneoff" && code == 0 {
        return Code(u32::from(w.bytes(EVENTS + 8, 1)[0]));
    }
    Code(code)
}

fn bits(set: u64) -> impl Iterator<Item = u64> {
    (0..64).map(|bit| 1 << bit).filter(move |bit| set & bit != 0)
}

#[test]
fn each_call_needs_its_rights_and_no_others() {
    for row in ROWS {
        let Row(name, _, needs) = row;
        // Of alternatives each is enough.
        let choices: u64 = needs.iter().map(|(_, set)| set.count_ones() as u64).max().unwrap();
        for choice in 0..choices as usize {
            let chosen = |set: u64| bits(set).nth(choice).unwrap_or(set & set.wrapping_neg());
            let exactly = |of| {
                needs.iter().filter(|need| need.0 == of).fold(0, |all, need| all | chosen(need.1))
            };
            assert_eq!(call_with(row, exactly), Errno::Success, "{name} with {needs:?}");
        }
        for (place, missing) in *needs {
            let all_but = |of| if of == *place { !missing } else { u64::MAX };
            let errno = match *missing {
                READ | WRITE if *place == Of::File => Errno::Badf,
                _ => Errno::NotCapable,
            };
            assert_eq!(call_with(row, all_but), errno, "{name} without {place:?} {missing:#x}");
        }
    }
}

#[test]
fn every_call_is_in_the_table() {
    for row in FUNCTIONS {
        let listed = ROWS.iter().any(|Row(name, ..)| *name == row.name);
        assert!(listed != FREE.contains(&row.name), "{}", row.name);
    }
}

#[test]
fn what_is_refused_has_changed_nothing() {
    for (how, path) in [(CREAT, "new"), (CREAT | EXCL, "new"), (TRUNC, "f"), (CREAT | TRUNC, "f")] {
        let (mut w, fds) = world();
        let (base, inheriting) = rights(&mut w, fds.dir);
        let narrow = base & !(CREATE_FILE | PATH_SET_SIZE);
        w.ok("fd_fdstat_set_rights", &[fds.dir, narrow, inheriting]);
        let args = path_open(&mut w, &fds, path, how, 0);
        w.fails("path_open", &args, Errno::NotCapable);
        assert!(!w.temp.inside().join("new").exists());
        assert_eq!(std::fs::read(w.temp.inside().join("f")).unwrap(), b"content");
    }
}

#[test]
fn rights_never_widen() {
    let (mut w, fds) = world();
    for fd in [3, fds.file, fds.dir, 0, 1] {
        let (base, inheriting) = rights(&mut w, fd);
        let keep = [base & base.wrapping_neg(), inheriting & inheriting.wrapping_neg()];
        for bit in bits(u64::MAX) {
            // A right that is not there cannot be had, now or after a loss.
            if base & bit == 0 {
                w.fails("fd_fdstat_set_rights", &[fd, base | bit, inheriting], Errno::NotCapable);
            }
            if inheriting & bit == 0 {
                w.fails("fd_fdstat_set_rights", &[fd, base, inheriting | bit], Errno::NotCapable);
            }
        }
        assert_eq!(rights(&mut w, fd), (base, inheriting));
        w.ok("fd_fdstat_set_rights", &[fd, keep[0], keep[1]]);
        assert_eq!(rights(&mut w, fd), (keep[0], keep[1]));
        for bit in bits(base & !keep[0]) {
            w.fails("fd_fdstat_set_rights", &[fd, keep[0] | bit, keep[1]], Errno::NotCapable);
        }
        for bit in bits(inheriting & !keep[1]) {
            w.fails("fd_fdstat_set_rights", &[fd, keep[0], keep[1] | bit], Errno::NotCapable);
        }
        assert_eq!(rights(&mut w, fd), (keep[0], keep[1]));
    }
}

#[test]
fn what_is_opened_has_at_most_what_is_handed_on() {
    for kept in [READ, READ | SEEK, READ | FD_FILESTAT_GET | OPEN | READDIR, OPEN | WRITE] {
        let (mut w, fds) = world();
        let (base, inheriting) = rights(&mut w, fds.dir);
        w.ok("fd_fdstat_set_rights", &[fds.dir, base, inheriting & kept]);
        for (path, asked) in [("f", ALL_RIGHTS), (".", DIR_RIGHTS)] {
            let [ptr, len] = w.path(path);
            w.ok("path_open", &[fds.dir, 0, ptr, len, 0, asked, ALL_RIGHTS, 0, OUT]);
            let opened = u64::from(w.u32_at(OUT));
            let (base, inheriting) = rights(&mut w, opened);
            assert_eq!((base & !kept, inheriting & !kept), (0, 0), "{path} {kept:#x}");
        }
    }
}

/// A file has the same rights through the folder that was granted and through one that was opened
/// with the same request.
#[test]
fn folders_hand_on_what_they_were_handed_but_for_what_is_read_and_written() {
    let content = READ | READDIR | WRITE;
    for asked in [0, READ, OPEN, WRITE | OPEN, READ | WRITE | READDIR, FD_FILESTAT_GET, ALL_RIGHTS]
    {
        let (mut w, fds) = world();
        let (_, whole) = rights(&mut w, fds.dir);
        let [ptr, len] = w.path(".");
        w.ok("path_open", &[fds.dir, 0, ptr, len, DIRECTORY, DIR_RIGHTS, asked, 0, OUT]);
        let folder = u64::from(w.u32_at(OUT));
        let (_, inheriting) = rights(&mut w, folder);
        assert_eq!(inheriting, whole & (asked | !content), "{asked:#x}");
        if asked & (READ | WRITE) == 0 {
            continue;
        }
        let mut file = |below: u64| {
            let [ptr, len] = w.path("f");
            w.ok("path_open", &[below, 0, ptr, len, 0, asked, asked, 0, OUT]);
            let opened = u64::from(w.u32_at(OUT));
            rights(&mut w, opened)
        };
        assert_eq!(file(fds.dir), file(folder), "{asked:#x}");
    }
}
