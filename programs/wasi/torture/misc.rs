//! Clocks, polls, randomness, sockets, arguments.

use crate::fds::KINDS;
use crate::say::{DATA, OUT, address, cell, fill, put, u32_at, u64_at, vectors};
use crate::wasi::*;
use crate::world::World;
use crate::{more, row};

const SUBSCRIPTIONS: u32 = 0x4000;
const EVENTS: u32 = 0x6000;

pub fn all(world: &mut World) {
    row!("clock_res_get");
    for id in [0, 1, 2, 3] {
        cell(id, clock_res_get(id, address(OUT)));
    }
    row!("clock_time_get");
    for id in [0, 1, 2, 3] {
        cell(id, clock_time_get(id, 0, address(OUT)));
    }
    row!("random_get");
    for len in [0, 1, 8, 4096] {
        cell(len, random_get(address(DATA), len));
    }
    row!("arguments");
    cell("args_sizes_get", args_sizes_get(address(OUT), address(OUT + 4)));
    more!("({},{})", u32_at(OUT), u32_at(OUT + 4));
    cell("args_get", args_get(address(OUT), address(DATA)));
    cell("environ_sizes_get", environ_sizes_get(address(OUT), address(OUT + 4)));
    more!("({},{})", u32_at(OUT), u32_at(OUT + 4));
    cell("environ_get", environ_get(address(OUT), address(DATA)));
    cell("sched_yield", sched_yield());
    polls(world);
    sockets(world);
}

/// Writes subscription `n`: `tag` with a clock or descriptor.
pub fn subscribe(n: u32, tag: u8, what: u32, timeout: u64, flags: u16) {
    let at = SUBSCRIPTIONS + 48 * n;
    fill(at, 48, 0);
    put(at, &u64::from(n + 1).to_le_bytes());
    put(at + 8, &[tag]);
    put(at + 16, &what.to_le_bytes());
    if tag == 0 {
        put(at + 24, &timeout.to_le_bytes());
        put(at + 40, &flags.to_le_bytes());
    }
}

pub fn poll(count: u32) -> u32 {
    fill(EVENTS, 32 * 8, 0xee);
    poll_oneoff(address(SUBSCRIPTIONS), address(EVENTS), count, address(OUT))
}

/// The events: subscription, error, type, and of descriptors what they say.
fn events(errno: u32) {
    if errno != 0 {
        return;
    }
    for n in 0..u32_at(OUT).min(8) {
        let at = EVENTS + 32 * n;
        let error = u32_at(at + 8) & 0xffff;
        let kind = u32_at(at + 8) >> 16 & 255;
        more!("({},{},{kind}", u64_at(at), name(error));
        if kind != 0 && error == 0 {
            more!(",{},{}", u64_at(at + 16), u32_at(at + 24) & 0xffff);
        }
        more!(")");
    }
}

fn polls(world: &mut World) {
    row!("poll_oneoff count");
    cell("0", poll(0));
    row!("poll_oneoff clock");
    for (key, id, timeout, flags) in [
        ("real", 0, 0, 0),
        ("real-1", 0, 1, 0),
        ("monotonic", 1, 0, 0),
        ("monotonic-1000", 1, 1000, 0),
        ("process", 2, 0, 0),
        ("thread", 3, 0, 0),
        ("real-past", 0, 1, 1),
        ("monotonic-past", 1, 0, 1),
        ("process-past", 2, 0, 1),
    ] {
        subscribe(0, 0, id, timeout, flags);
        let errno = poll(1);
        cell(key, errno);
        events(errno);
    }
    for tag in [1, 2] {
        row!("poll_oneoff tag={tag}");
        for kind in KINDS {
            // Whether a standard stream is ready is its host's affair.
            let std = kind.name().starts_with("std");
            if std {
                continue;
            }
            let fd = kind.open(world);
            subscribe(0, tag, fd, 0, 0);
            subscribe(1, 0, 1, 1_000_000_000, 0);
            let errno = poll(2);
            cell(kind.name(), errno);
            events(errno);
            kind.close(fd);
        }
    }
    row!("poll_oneoff file at its end");
    let fd = KINDS[12].open(world);
    fd_seek(fd, 5, 0, address(OUT));
    subscribe(0, 1, fd, 0, 0);
    let errno = poll(1);
    cell("5", errno);
    events(errno);
    fd_seek(fd, 9, 0, address(OUT));
    let errno = poll(1);
    cell("9", errno);
    events(errno);
    fd_close(fd);
    row!("poll_oneoff several");
    subscribe(0, 0, 1, 0, 0);
    subscribe(1, 0, 1, 0, 0);
    let errno = poll(2);
    cell("two-clocks", errno);
    events(errno);
    subscribe(0, 1, 777, 0, 0);
    subscribe(1, 0, 1, 0, 0);
    let errno = poll(2);
    cell("closed-and-clock", errno);
    events(errno);
}

fn sockets(world: &mut World) {
    for kind in KINDS {
        row!("sockets {}", kind.name());
        let fd = kind.open(world);
        let out = address(OUT);
        for flags in [0, 4] {
            crate::say::print(format_args!(
                " accept-{flags}={}",
                name(sock_accept(fd, flags, out))
            ));
        }
        for flags in [0, 1, 2, 3] {
            let errno = sock_recv(fd, vectors(&[2]), 1, flags, out, address(OUT + 8));
            crate::say::print(format_args!(" recv-{flags}={}", name(errno)));
        }
        for flags in [0] {
            let errno = sock_send(fd, vectors(&[0]), 1, flags, out);
            crate::say::print(format_args!(" send-{flags}={}", name(errno)));
        }
        for how in [0, 1, 2, 3] {
            crate::say::print(format_args!(" shutdown-{how}={}", name(sock_shutdown(fd, how))));
        }
        kind.close(fd);
    }
}
