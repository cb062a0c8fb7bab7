//! The charges of each call, to the unit, and that `docs/semantics.md` states them.
//!
//! Green does not prove that a price fits the work: `examples/prices.rs` measures that.

use crate::sockets::{LISTENER, listening};
use crate::world::*;
use prova_wasi::{Exit, FUNCTIONS, WasiLimits};
use std::io::Write;
use std::net::TcpStream;

/// Sets the guest up and gives the call's arguments.
type Args = fn(&mut World) -> Vec<u64>;

/// Calls of one price: their names, the price in words as the documentation has it, and runs of
/// them with the units they charge.
struct Row(&'static str, &'static str, &'static [(&'static str, Args, u64)]);

/// A file `f` of 5,000 bytes; its descriptor.
fn file(w: &mut World) -> u64 {
    let fd = w.create("f", b"content");
    w.ok("fd_filestat_set_size", &[fd, 5000]);
    w.ok("fd_seek", &[fd, 0, 0, OUT]);
    fd
}

fn path(w: &mut World, path: &str) -> [u64; 2] {
    w.path(path)
}

/// A call below the preopened directory with one path and further arguments.
fn below(w: &mut World, text: &str, rest: &[u64]) -> Vec<u64> {
    let [ptr, len] = path(w, text);
    [&[3, ptr, len], rest].concat()
}

fn open(w: &mut World, lookup: u64, text: &str, how: u64) -> Vec<u64> {
    let [ptr, len] = path(w, text);
    vec![3, lookup, ptr, len, how, READ, 0, 0, OUT]
}

fn move_by(w: &mut World, fd: u64, lengths: &[u64]) -> Vec<u64> {
    let [iovs, count] = w.vectors(lengths);
    vec![fd, iovs, count, OUT]
}

/// A write of five bytes to a file opened with these flags.
fn synchronised(w: &mut World, flags: u64) -> Vec<u64> {
    let fd = w.open_with("f", 0, CREAT, WRITE, flags).unwrap();
    move_by(w, fd, &[5])
}

fn subscribe(w: &mut World, count: u64) -> Vec<u64> {
    w.put(DATA, &[0; 480]);
    vec![DATA, DATA + 0x1000, count, OUT]
}

const ROWS: &[Row] = &[
    Row(
        "args_get environ_get",
        "16, 8 a string, 1 a byte with the NULs",
        &[
            ("args_get", |_| vec![OUT, DATA], 16 + 2 * 8 + 9),
            ("environ_get", |_| vec![OUT, DATA], 16 + 8 + 10),
        ],
    ),
    Row(
        "args_sizes_get environ_sizes_get clock_res_get clock_time_get proc_exit proc_raise sched_yield",
        "16",
        &[
            ("args_sizes_get", |_| vec![OUT, OUT], 16),
            ("environ_sizes_get", |_| vec![OUT, OUT], 16),
            ("clock_res_get", |_| vec![1, OUT], 16),
            ("clock_time_get", |_| vec![1, 0, OUT], 16),
            ("proc_exit", |_| vec![0], 16),
            ("proc_raise", |_| vec![0], 16),
            ("sched_yield", |_| vec![], 16),
        ],
    ),
    Row(
        "fd_close fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get fd_prestat_get fd_renumber fd_seek fd_tell",
        "16",
        &[
            ("fd_close", |_| vec![3], 16),
            ("fd_fdstat_get", |_| vec![3, OUT], 16),
            ("fd_fdstat_set_flags", |w| vec![file(w), 1], 16),
            ("fd_fdstat_set_rights", |_| vec![3, 0, 0], 16),
            ("fd_filestat_get", |_| vec![3, OUT], 16),
            ("fd_prestat_get", |_| vec![3, OUT], 16),
            ("fd_renumber", |_| vec![3, 0], 16),
            ("fd_seek", |w| vec![file(w), 7, 0, OUT], 16),
            ("fd_tell", |w| vec![file(w), OUT], 16),
        ],
    ),
    Row("sock_accept", "80", &[("sock_accept", |w| vec![listener(w), 0, OUT], 80)]),
    Row(
        "sock_recv",
        "16, 32 a vector, 1 a byte received",
        &[("sock_recv", |w| exchange(w, &[0, OUT, OUT + 8]), 16 + 2 * 32 + 3)],
    ),
    Row(
        "sock_send",
        "16, 32 a vector, 1 a byte to send",
        &[("sock_send", |w| exchange(w, &[0, OUT]), 16 + 2 * 32 + 7)],
    ),
    Row("sock_shutdown", "16", &[("sock_shutdown", |w| vec![connection(w), 2], 16)]),
    Row(
        "fd_prestat_dir_name",
        "16, 1 a byte",
        &[("fd_prestat_dir_name", |_| vec![3, OUT, 1], 16 + 1)],
    ),
    Row(
        "fd_read fd_pread",
        "16, 32 a vector, 1 a byte read",
        &[
            ("fd_read", |w| move_by(w, 0, &[3, 100]), 16 + 2 * 32 + 3),
            ("fd_read", |w| move_by(w, 0, &[0, 100]), 16 + 2 * 32 + 5),
            (
                "fd_read",
                |w| {
                    let fd = file(w);
                    move_by(w, fd, &[1, 2])
                },
                16 + 2 * 32 + 3,
            ),
            (
                "fd_read",
                |w| {
                    let fd = file(w);
                    move_by(w, fd, &[4000, 4000, 1])
                },
                16 + 3 * 32 + 5000,
            ),
            (
                "fd_pread",
                |w| {
                    let fd = file(w);
                    let [iovs, count] = w.vectors(&[8000]);
                    vec![fd, iovs, count, 4000, OUT]
                },
                16 + 32 + 1000,
            ),
        ],
    ),
    Row(
        "fd_write fd_pwrite",
        "16, 32 a vector, 1 a byte to write; 200,000 for a descriptor with `sync`, `dsync` or `rsync`",
        &[
            ("fd_write", |w| move_by(w, 1, &[3, 0, 100]), 16 + 3 * 32 + 103),
            (
                "fd_pwrite",
                |w| {
                    let fd = file(w);
                    let [iovs, count] = w.vectors(&[7, 8]);
                    vec![fd, iovs, count, 0, OUT]
                },
                16 + 2 * 32 + 15,
            ),
            ("fd_write", |w| synchronised(w, 2), 16 + 32 + 5 + 200_000),
            ("fd_write", |w| synchronised(w, 8), 16 + 32 + 5 + 200_000),
            ("fd_write", |w| synchronised(w, 16), 16 + 32 + 5 + 200_000),
            ("fd_write", |w| synchronised(w, 1), 16 + 32 + 5),
        ],
    ),
    Row("random_get", "16, 1 a byte", &[("random_get", |_| vec![DATA, 777], 16 + 777)]),
    Row(
        "poll_oneoff",
        "16, 64 a subscription",
        &[
            ("poll_oneoff", |w| subscribe(w, 1), 16 + 64),
            ("poll_oneoff", |w| subscribe(w, 10), 16 + 640),
        ],
    ),
    Row(
        "fd_readdir",
        "16, 1 a byte given; a new listing 32 an entry and 1 a byte of its name",
        &[
            // `.` and `..` are given, not listed.
            ("fd_readdir", |_| vec![3, DATA, 1000, 0, OUT], 16 + 25 + 26),
            (
                "fd_readdir",
                |w| {
                    file(w);
                    w.create("other", b"");
                    vec![3, DATA, 30, 0, OUT]
                },
                16 + 2 * 32 + 1 + 5 + 30,
            ),
            (
                "fd_readdir",
                |w| {
                    file(w);
                    w.ok("fd_readdir", &[3, DATA, 1000, 0, OUT]);
                    vec![3, DATA, 1000, 1, OUT]
                },
                16 + 26 + 25,
            ),
        ],
    ),
    Row(
        "fd_advise",
        "16; `willneed` and `dontneed` 1 for each 4,096 bytes of the range that the file has",
        &[
            ("fd_advise", |w| vec![file(w), 0, 1 << 40, 2], 16),
            ("fd_advise", |w| vec![file(w), 0, 1 << 40, 3], 16 + 2),
            ("fd_advise", |w| vec![file(w), 1000, 0, 4], 16 + 1),
            ("fd_advise", |w| vec![file(w), 6000, 1 << 40, 4], 16),
        ],
    ),
    Row(
        "fd_allocate",
        "144, 1 for each 32 bytes",
        &[("fd_allocate", |w| vec![file(w), 0, 1000], 144 + 32)],
    ),
    Row(
        "fd_filestat_set_size",
        "144, 1 for each 1,024 bytes cut off",
        &[
            ("fd_filestat_set_size", |w| vec![file(w), 0], 144 + 5),
            ("fd_filestat_set_size", |w| vec![file(w), 4000], 144 + 1),
            ("fd_filestat_set_size", |w| vec![file(w), 1 << 30], 144),
        ],
    ),
    Row(
        "fd_filestat_set_times",
        "144",
        &[("fd_filestat_set_times", |w| vec![file(w), 0, 0, 4], 144)],
    ),
    Row(
        "fd_datasync fd_sync",
        "200,016",
        &[
            ("fd_datasync", |w| vec![file(w)], 200_016),
            ("fd_sync", |w| vec![file(w)], 200_016),
            ("fd_sync", |_| vec![3], 200_016),
        ],
    ),
    Row(
        "path_filestat_get",
        "80, the path",
        &[
            (
                "path_filestat_get",
                |w| {
                    file(w);
                    let [ptr, len] = path(w, "./f");
                    vec![3, 0, ptr, len, OUT]
                },
                80 + 3 + 2 * 64,
            ),
            #[cfg(unix)]
            (
                "path_filestat_get",
                |w| {
                    link(w, ".//f", "l");
                    link(w, "./l", "m");
                    let [ptr, len] = path(w, "m");
                    vec![3, FOLLOW, ptr, len, OUT]
                },
                80 + 1 + 64 + (64 + 3 + 2 * 64) + (64 + 4 + 2 * 64),
            ),
            #[cfg(unix)]
            (
                "path_filestat_get",
                |w| {
                    link(w, ".//f", "l");
                    let [ptr, len] = path(w, "l");
                    vec![3, 0, ptr, len, OUT]
                },
                80 + 1 + 64,
            ),
        ],
    ),
    Row(
        "path_readlink",
        "80, the path, 1 a byte given",
        #[cfg(unix)]
        &[(
            "path_readlink",
            |w| {
                link(w, "somewhere", "l");
                below(w, "l", &[DATA, 5, OUT])
            },
            80 + 1 + 64 + 5,
        )],
        #[cfg(not(unix))]
        &[],
    ),
    Row(
        "path_open",
        "80, the path; O_CREAT 512; O_TRUNC of a file 128 and 1 for each 1,024 bytes of it",
        &[
            ("path_open", |w| open(w, 0, ".", 0), 80 + 1 + 64),
            ("path_open", |w| open(w, FOLLOW, "new", CREAT), 80 + 3 + 64 + 512),
            ("path_open", |w| open(w, FOLLOW, "new", CREAT | TRUNC), 80 + 3 + 64 + 512),
            (
                "path_open",
                |w| {
                    file(w);
                    open(w, 0, "f", TRUNC)
                },
                80 + 1 + 64 + 128 + 5,
            ),
        ],
    ),
    Row(
        "path_create_directory path_remove_directory",
        "4,624, the path",
        &[
            ("path_create_directory", |w| below(w, "d/", &[]), 4_624 + 2 + 64),
            (
                "path_remove_directory",
                |w| {
                    std::fs::create_dir(w.temp.inside().join("d")).unwrap();
                    below(w, "d", &[])
                },
                4_624 + 1 + 64,
            ),
        ],
    ),
    Row(
        "path_filestat_set_times path_unlink_file",
        "528, the path",
        &[
            (
                "path_filestat_set_times",
                |w| {
                    file(w);
                    let [ptr, len] = path(w, "f");
                    vec![3, 0, ptr, len, 0, 0, 4]
                },
                528 + 1 + 64,
            ),
            (
                "path_unlink_file",
                |w| {
                    file(w);
                    below(w, "f", &[])
                },
                528 + 1 + 64,
            ),
        ],
    ),
    Row(
        "path_symlink",
        "528, the path, the target as a path",
        &[(
            "path_symlink",
            |w| {
                let ([old, old_len], [new, new_len]) = (path(w, "../a/b"), w.path_2("new"));
                vec![old, old_len, 3, new, new_len]
            },
            528 + (3 + 64) + (6 + 3 * 64),
        )],
    ),
    Row(
        "path_link path_rename",
        "1,040, both paths",
        &[
            (
                "path_link",
                |w| {
                    file(w);
                    let ([old, old_len], [new, new_len]) = (path(w, "./f"), w.path_2("new"));
                    vec![3, 0, old, old_len, 3, new, new_len]
                },
                1040 + (3 + 2 * 64) + (3 + 64),
            ),
            (
                "path_rename",
                |w| {
                    file(w);
                    let ([old, old_len], [new, new_len]) = (path(w, "./f"), w.path_2("new"));
                    vec![3, old, old_len, 3, new, new_len]
                },
                1040 + (3 + 2 * 64) + (3 + 64),
            ),
        ],
    ),
];

/// A listener to which a peer has connected that sent three bytes.
fn listener(w: &mut World) -> u64 {
    let (listening, address) = listening(WasiLimits::default());
    *w = listening;
    let mut peer = TcpStream::connect(address).unwrap();
    peer.write_all(b"abc").unwrap();
    w.peers.push(peer);
    LISTENER
}

/// A connection from which three bytes have come.
fn connection(w: &mut World) -> u64 {
    let listener = listener(w);
    w.ok("sock_accept", &[listener, 0, OUT]);
    u64::from(w.u32_at(OUT))
}

/// The arguments of a call on a connection with two vectors, of three bytes and of four.
fn exchange(w: &mut World, rest: &[u64]) -> Vec<u64> {
    let fd = connection(w);
    let [iovs, count] = w.vectors(&[3, 4]);
    [&[fd, iovs, count], rest].concat()
}

/// A file `f`, and a link.
#[cfg(unix)]
fn link(w: &mut World, target: &str, name: &str) {
    w.create("f", b"");
    std::os::unix::fs::symlink(target, w.temp.inside().join(name)).unwrap();
}

#[test]
fn calls_charge_what_the_table_says() {
    for Row(_, words, runs) in ROWS {
        for (name, setup, units) in *runs {
            let mut w = World::new();
            let args = setup(&mut w);
            let before = w.guest.fuel;
            match w.call(name, &args) {
                Ok(errno) => assert_eq!(errno, 0, "{name}"),
                Err(Exit::Proc(_) | Exit::Trap(_)) => assert!(name.starts_with("proc"), "{name}"),
                Err(exit) => panic!("{name}: {exit}"),
            }
            assert_eq!(before - w.guest.fuel, *units, "{name} {args:?}: {words}");
            // With one unit less it ends for lack of fuel.
            let mut w = World::new();
            let args = setup(&mut w);
            w.guest.fuel = units - 1;
            assert_eq!(w.call(name, &args), Err(Exit::OutOfFuel), "{name} {args:?}");
        }
    }
}

#[test]
fn the_documentation_has_the_same_table() {
    let text = include_str!("../../../../docs/semantics.md");
    for Row(names, price, runs) in ROWS {
        let list: Vec<String> = names.split(' ').map(|name| format!("`{name}`")).collect();
        let row = format!("| {} | {price} |\n", list.join(", "));
        assert!(text.contains(&row), "docs/semantics.md has no row {row:?}");
        for name in names.split(' ') {
            let run = runs.iter().any(|run| run.0 == name);
            assert!(run || cfg!(not(unix)), "{name} is not run");
        }
    }
    for row in FUNCTIONS {
        let rows =
            ROWS.iter().filter(|Row(names, ..)| names.split(' ').any(|name| name == row.name));
        assert_eq!(rows.count(), 1, "{}", row.name);
    }
}
