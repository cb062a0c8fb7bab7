//! `path_open`: flags and rights on every kind of path, and what the descriptor can do then.

use crate::paths::{PATHS, place};
use crate::say::{DATA, OUT, address, cell, u32_at, vectors};
use crate::wasi::*;
use crate::world::{World, kind_of, path};
use crate::{more, row};

const RIGHTS: [(&str, u64); 6] = [
    ("none", 0),
    ("r", READ),
    ("w", WRITE),
    ("rw", READ | WRITE),
    ("all", ALL),
    ("readdir", READDIR),
];

/// Paths on which every combination of flags is tried.
const CORE: [&str; 22] = [
    "f", "f/", "f/x", "d", "d/", "d/.", "n", "n/", "n/m", "lf", "lf/", "ld", "ld/", "ln", "ln/",
    "ll", "lo", "la", "lfs", "lds", ".", "..",
];

pub fn all(world: &mut World) {
    for follow in [0, 1] {
        for (name, rights) in RIGHTS {
            for oflags in 0..16 {
                // All paths with the flags of everyday, and some with the others.
                let everyday = matches!(oflags, 0 | 1 | 2 | 5) && rights == READ;
                if name == "readdir" && oflags > DIRECTORY || name == "all" && oflags > CREAT {
                    continue;
                }
                row!("path_open follow={follow} rights={name} oflags={oflags}");
                for (label, text) in PATHS {
                    if everyday || CORE.contains(&label) {
                        one(world, label, text, follow, oflags, rights, 0);
                    }
                }
            }
        }
    }
    flags(world);
    capabilities(world);
}

fn one(
    world: &mut World,
    label: &str,
    text: &[u8],
    follow: u32,
    oflags: u32,
    rights: u64,
    fdflags: u32,
) {
    let (at, len) = place(label, text, false);
    let errno = path_open(world.dir, follow, at, len, oflags, rights, ALL, fdflags, address(OUT));
    cell(label, errno);
    if errno == 0 {
        let fd = u32_at(OUT);
        more!("({})", kind_of(fd));
        fd_close(fd);
    }
    if oflags & (CREAT | TRUNC) != 0 || rights & WRITE != 0 {
        world.effects();
    }
}

/// The flags of the descriptor.
fn flags(world: &mut World) {
    for (name, rights) in [("r", READ), ("rw", READ | WRITE)] {
        for fdflags in [1, 2, 4, 8, 16, 5, 31] {
            row!("path_open rights={name} fdflags={fdflags}");
            for (label, text) in PATHS {
                if matches!(label, "f" | "d" | "n" | "lf" | "." | "x") {
                    one(world, label, text, 0, 0, rights, fdflags);
                }
            }
        }
    }
}

/// Calls with descriptors that were opened with different rights.
fn capabilities(world: &mut World) {
    for text in ["f", "d"] {
        for (name, rights) in RIGHTS {
            for (inheriting_name, inheriting) in [("none", 0), ("all", ALL)] {
                let (at, len) = path(text.as_bytes());
                let out = address(OUT);
                row!("opened {text} rights={name} inheriting={inheriting_name}");
                let errno = path_open(world.dir, 0, at, len, 0, rights, inheriting, 0, out);
                cell("open", errno);
                if errno != 0 {
                    continue;
                }
                let fd = u32_at(OUT);
                use_it(fd);
                if text == "d" {
                    for (name, rights) in RIGHTS {
                        let (at, len) = path(b"g");
                        let errno = path_open(fd, 0, at, len, 0, rights, ALL, 0, out);
                        crate::say::print(format_args!(
                            " below-{name}={}",
                            crate::wasi::name(errno)
                        ));
                        if errno == 0 {
                            let below = u32_at(OUT);
                            let read = fd_read(below, vectors(&[1]), 1, out);
                            let write = fd_write(below, vectors(&[1]), 1, out);
                            more!(
                                "(read:{},write:{})",
                                crate::wasi::name(read),
                                crate::wasi::name(write)
                            );
                            fd_close(below);
                        }
                    }
                }
                fd_close(fd);
                world.renew();
            }
        }
    }
}

/// Every call on one descriptor, each with arguments that it would like.
pub fn use_it(fd: u32) {
    let out = address(OUT);
    cell("read", fd_read(fd, vectors(&[2]), 1, out));
    cell("pread", fd_pread(fd, vectors(&[2]), 1, 0, out));
    // The answers are there.
    let len = if fd == 1 { 0 } else { 2 };
    cell("write", fd_write(fd, vectors(&[len]), 1, out));
    cell("pwrite", fd_pwrite(fd, vectors(&[2]), 1, 0, out));
    cell("seek", fd_seek(fd, 1, 0, out));
    cell("seek-tell", fd_seek(fd, 0, 1, out));
    cell("tell", fd_tell(fd, out));
    cell("advise", fd_advise(fd, 0, 0, 0));
    cell("allocate", fd_allocate(fd, 0, 9));
    cell("datasync", fd_datasync(fd));
    cell("sync", fd_sync(fd));
    cell("fdstat_get", fd_fdstat_get(fd, out));
    cell("set_flags", fd_fdstat_set_flags(fd, 0));
    cell("filestat_get", fd_filestat_get(fd, out));
    cell("set_size", fd_filestat_set_size(fd, 3));
    cell("set_times", fd_filestat_set_times(fd, 1, 1, 5));
    cell("readdir", fd_readdir(fd, address(DATA), 99, 0, out));
    cell("prestat_get", fd_prestat_get(fd, out));
    cell("renumber-self", fd_renumber(fd, fd));
}
