//! Pointers and lengths beyond the memory, and ends of the program: one case a run, because other
//! engines end the program there.

use crate::more;
use crate::say::{DATA, OUT, PATH, VECTORS, address, flush, put, vectors};
use crate::wasi::*;
use crate::world::{ROOT, World, open};

/// The first address behind a memory of 32 pages, which is larger than the memory.
const BEYOND: u32 = 32 << 16;

/// A case: the bad pointer, and good descriptors and places.
struct Case {
    way: u32,
    bad: u32,
    file: u32,
    dir: u32,
    out: u32,
    data: u32,
    name: u32,
}

macro_rules! ask {
    ($case:ident, $label:literal, $call:expr) => {{
        more!("{}-{}=", $label, $case.way);
        flush();
        Some($call)
    }};
}

/// Runs case `n` and prints its cell, the label before the call; prints `end` behind the last.
///
/// Each pointer is bad in four ways: behind the memory, at the last address, partly behind the
/// memory, and not aligned.
pub fn run(n: u32, world: &World) {
    const WAYS: u32 = 4;
    let end = (core::arch::wasm32::memory_size::<0>() as u32) << 16;
    let way = n % WAYS;
    let bad = [BEYOND, u32::MAX, end - 1, address(OUT + 1)][way as usize];
    let file = open(world.dir, b"f", 0, READ | WRITE, 0);
    let (out, data, name) = (address(OUT), address(DATA), put(PATH, b"f"));
    let case = Case { way, bad, file, dir: world.dir, out, data, name };
    match on_descriptors(n / WAYS, &case).or_else(|| on_paths(n / WAYS, &case)) {
        Some(errno) => more!("{}", crate::wasi::name(errno)),
        None => more!("end"),
    }
}

/// One vector.
fn vector(at: u32, len: u32) -> u32 {
    put(VECTORS, &at.to_le_bytes());
    put(VECTORS + 4, &len.to_le_bytes());
    address(VECTORS)
}

fn on_descriptors(n: u32, case: &Case) -> Option<u32> {
    let Case { bad, file, dir, out, data, .. } = *case;
    let one = || vectors(&[2]);
    match n {
        0 => ask!(case, "args_sizes_get.count", args_sizes_get(bad, out)),
        1 => ask!(case, "args_sizes_get.size", args_sizes_get(out, bad)),
        2 => ask!(case, "args_get.argv", args_get(bad, data)),
        3 => ask!(case, "args_get.buf", args_get(out, bad)),
        4 => ask!(case, "environ_sizes_get.size", environ_sizes_get(out, bad)),
        5 => ask!(case, "environ_get.environ", environ_get(bad, data)),
        6 => ask!(case, "clock_res_get", clock_res_get(0, bad)),
        7 => ask!(case, "clock_time_get", clock_time_get(0, 0, bad)),
        8 => ask!(case, "fd_fdstat_get", fd_fdstat_get(file, bad)),
        9 => ask!(case, "fd_filestat_get", fd_filestat_get(file, bad)),
        10 => ask!(case, "fd_read.iovs", fd_read(file, bad, 1, out)),
        11 => ask!(case, "fd_read.iovs-none", fd_read(file, bad, 0, out)),
        12 => ask!(case, "fd_read.buf", fd_read(file, vector(bad, 2), 1, out)),
        13 => ask!(case, "fd_read.buf-none", fd_read(file, vector(bad, 0), 1, out)),
        14 => ask!(case, "fd_read.out", fd_read(file, one(), 1, bad)),
        15 => ask!(case, "fd_pread.buf", fd_pread(file, vector(bad, 2), 1, 0, out)),
        16 => ask!(case, "fd_pread.out", fd_pread(file, one(), 1, 0, bad)),
        17 => ask!(case, "fd_write.iovs", fd_write(file, bad, 1, out)),
        18 => ask!(case, "fd_write.buf", fd_write(file, vector(bad, 2), 1, out)),
        19 => ask!(case, "fd_write.buf-long", fd_write(file, vector(data, u32::MAX), 1, out)),
        20 => ask!(case, "fd_write.out", fd_write(file, one(), 1, bad)),
        21 => ask!(case, "fd_pwrite.buf", fd_pwrite(file, vector(bad, 2), 1, 0, out)),
        22 => ask!(case, "fd_pwrite.out", fd_pwrite(file, one(), 1, 0, bad)),
        23 => ask!(case, "fd_write.iovs-many", fd_write(file, one(), 0x2000_0001, out)),
        24 => ask!(case, "fd_prestat_get", fd_prestat_get(ROOT, bad)),
        25 => ask!(case, "fd_prestat_dir_name", fd_prestat_dir_name(ROOT, bad, 9)),
        26 => ask!(case, "fd_readdir.buf", fd_readdir(dir, bad, 99, 0, out)),
        27 => ask!(case, "fd_readdir.out", fd_readdir(dir, data, 99, 0, bad)),
        28 => ask!(case, "fd_seek", fd_seek(file, 0, 0, bad)),
        29 => ask!(case, "fd_tell", fd_tell(file, bad)),
        _ => None,
    }
}

fn on_paths(n: u32, case: &Case) -> Option<u32> {
    let Case { way, bad, file, dir, out, data, name } = *case;
    match n {
        30 => ask!(case, "path_create_directory", path_create_directory(dir, bad, 2)),
        31 => ask!(case, "path_create_directory-none", path_create_directory(dir, bad, 0)),
        32 => ask!(case, "path_filestat_get.path", path_filestat_get(dir, 0, bad, 2, out)),
        33 => ask!(case, "path_filestat_get.out", path_filestat_get(dir, 0, name, 1, bad)),
        34 => {
            ask!(case, "path_filestat_set_times", path_filestat_set_times(dir, 0, bad, 2, 0, 0, 0))
        }
        35 => ask!(case, "path_link.old", path_link(dir, 0, bad, 2, dir, name, 1)),
        36 => ask!(case, "path_link.new", path_link(dir, 0, name, 1, dir, bad, 2)),
        37 => ask!(case, "path_open.path", path_open(dir, 0, bad, 2, 0, READ, 0, 0, out)),
        38 => ask!(case, "path_open.out", path_open(dir, 0, name, 1, 0, READ, 0, 0, bad)),
        39 => ask!(case, "path_readlink.path", path_readlink(dir, bad, 2, data, 9, out)),
        40 => ask!(case, "path_readlink.buf", {
            let link = put(PATH, b"lf");
            path_readlink(dir, link, 2, bad, 9, out)
        }),
        41 => ask!(case, "path_readlink.out", {
            let link = put(PATH, b"lf");
            path_readlink(dir, link, 2, data, 9, bad)
        }),
        42 => ask!(case, "path_remove_directory", path_remove_directory(dir, bad, 2)),
        43 => ask!(case, "path_rename.old", path_rename(dir, bad, 2, dir, name, 1)),
        44 => ask!(case, "path_rename.new", path_rename(dir, name, 1, dir, bad, 2)),
        45 => ask!(case, "path_symlink.old", path_symlink(bad, 2, dir, name, 1)),
        46 => ask!(case, "path_symlink.new", path_symlink(name, 1, dir, bad, 2)),
        47 => ask!(case, "path_unlink_file", path_unlink_file(dir, bad, 2)),
        48 => ask!(case, "poll_oneoff.in", poll_oneoff(bad, data, 1, out)),
        49 => ask!(case, "poll_oneoff.out", poll_oneoff(clock(), bad, 1, out)),
        50 => ask!(case, "poll_oneoff.count", poll_oneoff(clock(), data, 1, bad)),
        51 => ask!(case, "random_get", random_get(bad, 2)),
        52 => ask!(case, "random_get-none", random_get(bad, 0)),
        53 => ask!(case, "fd_read.closed-iovs", fd_read(777, bad, 1, out)),
        54 => ask!(case, "path_open.closed-path", path_open(777, 0, bad, 2, 0, READ, 0, 0, out)),
        55 => ask!(case, "fd_fdstat_get.closed", fd_fdstat_get(777, bad)),
        56 => ask!(case, "sock_recv.iovs", sock_recv(file, bad, 1, 0, out, out)),
        57 => ask!(case, "sock_accept.out", sock_accept(file, 0, bad)),
        58 => ask!(case, "proc_raise", proc_raise([0, 6, 30, 31][way as usize])),
        59 => ask!(case, "proc_exit", {
            proc_exit([0, 125, 126, u32::MAX][way as usize]);
            0
        }),
        _ => None,
    }
}

/// A subscription that happens at once.
fn clock() -> u32 {
    crate::say::fill(0x4000, 48, 0);
    put(0x4000 + 16, &1u32.to_le_bytes());
    address(0x4000)
}
