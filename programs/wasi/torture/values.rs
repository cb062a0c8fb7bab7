//! Values of flags and enumerations that the interface does not have: one case a run, because other
//! engines end the program there.

use crate::misc::{poll, subscribe};
use crate::more;
use crate::say::{OUT, address, flush, put, vectors};
use crate::wasi::*;
use crate::world::{World, open, path};

/// Bits of 16-bit flags that no flag has, alone and beside one that is known.
const WAYS: [u32; 6] = [32, 33, 0x8000, 0x1_0000, 0x1_0001, u32::MAX];

/// Runs case `n` and prints its cell, the label before the call; prints `end` behind the last.
pub fn run(n: u32, world: &World) {
    let way = n % WAYS.len() as u32;
    let value = WAYS[way as usize];
    let file = open(world.dir, b"f", 0, READ | WRITE, 0);
    let dir = world.dir;
    let out = address(OUT);
    let (at, len) = path(b"f");
    macro_rules! ask {
        ($label:literal, $call:expr) => {{
            more!("{}-{value}=", $label);
            flush();
            $call
        }};
    }
    let errno = match n / WAYS.len() as u32 {
        0 => ask!("path_filestat_get.flags", path_filestat_get(dir, value, at, len, out)),
        1 => ask!("path_open.lookup", path_open(dir, value, at, len, 0, READ, 0, 0, out)),
        2 => ask!("path_open.oflags", path_open(dir, 0, at, len, value, READ, 0, 0, out)),
        3 => ask!("path_open.fdflags", path_open(dir, 0, at, len, 0, READ, 0, value, out)),
        4 => ask!("path_open.rights", {
            path_open(dir, 0, at, len, 0, READ | u64::from(value) << 30, 0, 0, out)
        }),
        5 => ask!("path_open.inheriting", {
            path_open(dir, 0, at, len, 0, READ, u64::from(value) << 30, 0, out)
        }),
        6 => ask!("path_link.flags", {
            let new = put(crate::say::PATH_2, b"new");
            path_link(dir, value, at, len, dir, new, 3)
        }),
        7 => ask!("path_filestat_set_times.how", {
            path_filestat_set_times(dir, 0, at, len, 0, 0, value)
        }),
        8 => ask!("fd_filestat_set_times.how", fd_filestat_set_times(file, 0, 0, value)),
        9 => ask!("fd_fdstat_set_flags", fd_fdstat_set_flags(file, value)),
        10 => ask!("fd_fdstat_set_rights", {
            fd_fdstat_set_rights(file, READ | u64::from(value) << 30, 0)
        }),
        11 => ask!("fd_seek.whence", fd_seek(file, 0, value, out)),
        12 => ask!("fd_advise", fd_advise(file, 0, 0, value)),
        13 => ask!("clock_res_get", clock_res_get(value, out)),
        14 => ask!("clock_time_get", clock_time_get(value, 0, out)),
        15 => ask!("poll_oneoff.clock", {
            subscribe(0, 0, value, 0, 0);
            poll(1)
        }),
        16 => ask!("poll_oneoff.flags", {
            subscribe(0, 0, 1, 0, value as u16);
            poll(1)
        }),
        17 => ask!("poll_oneoff.tag", {
            subscribe(0, (value % 251) as u8, 1, 0, 0);
            poll(1)
        }),
        18 => ask!("sock_accept", sock_accept(file, value, out)),
        19 => ask!("sock_recv", sock_recv(file, vectors(&[2]), 1, value, out, address(OUT + 8))),
        20 => ask!("sock_send", sock_send(file, vectors(&[2]), 1, value, out)),
        21 => ask!("sock_shutdown", sock_shutdown(file, value)),
        22 => ask!("path_filestat_get.closed", path_filestat_get(777, value, at, len, out)),
        23 => ask!("fd_seek.closed", fd_seek(777, 0, value, out)),
        _ => return more!("end"),
    };
    more!("{}", name(errno));
}
