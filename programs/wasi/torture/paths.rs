//! Every call that takes a path, on every kind of path.

use crate::say::{DATA, OUT, address, bytes, cell, fill, u32_at, u64_at};
use crate::wasi::*;
use crate::world::{READ_ONLY, World, path, path_2};
use crate::{more, row};

/// A label and the bytes of the path; those that are long are made from the label.
pub const PATHS: [(&str, &[u8]); 75] = [
    ("f", b"f"),
    ("f/", b"f/"),
    ("f//", b"f//"),
    ("f/.", b"f/."),
    ("f/..", b"f/.."),
    ("f/x", b"f/x"),
    ("./f", b"./f"),
    ("d", b"d"),
    ("d/", b"d/"),
    ("d//", b"d//"),
    ("d/.", b"d/."),
    ("d/..", b"d/.."),
    ("d/g", b"d/g"),
    ("d/g/", b"d/g/"),
    ("d//g", b"d//g"),
    ("d/./g", b"d/./g"),
    ("d/../f", b"d/../f"),
    ("d/../../f", b"d/../../f"),
    ("d/u", b"d/u"),
    ("d/u/", b"d/u/"),
    ("x", b"x"),
    ("x/", b"x/"),
    ("x/.", b"x/."),
    ("x/..", b"x/.."),
    ("n", b"n"),
    ("n/", b"n/"),
    ("n/.", b"n/."),
    ("n/..", b"n/.."),
    ("n/m", b"n/m"),
    ("n/../f", b"n/../f"),
    ("d/n/", b"d/n/"),
    ("lf", b"lf"),
    ("lf/", b"lf/"),
    ("lf/.", b"lf/."),
    ("ld", b"ld"),
    ("ld/", b"ld/"),
    ("ld/.", b"ld/."),
    ("ld/..", b"ld/.."),
    ("ld/g", b"ld/g"),
    ("ld/../f", b"ld/../f"),
    ("lx", b"lx"),
    ("lx/", b"lx/"),
    ("ln", b"ln"),
    ("ln/", b"ln/"),
    ("ln/m", b"ln/m"),
    ("ll", b"ll"),
    ("ll/", b"ll/"),
    ("ll/m", b"ll/m"),
    ("lo", b"lo"),
    ("lo/", b"lo/"),
    ("lo/m", b"lo/m"),
    ("lp", b"lp"),
    ("la", b"la"),
    ("la/", b"la/"),
    ("la/passwd", b"la/passwd"),
    ("lfs", b"lfs"),
    ("lds", b"lds"),
    (".", b"."),
    ("./", b"./"),
    ("./.", b"./."),
    ("..", b".."),
    ("../", b"../"),
    ("../x", b"../x"),
    ("...", b"..."),
    ("empty", b""),
    ("/", b"/"),
    ("//", b"//"),
    ("/f", b"/f"),
    ("f-nul", b"f\0"),
    ("nul-f", b"\0f"),
    ("f-nul-g", b"f\0g"),
    ("bytes-ff", b"\xff"),
    ("d/bytes-ff", b"d/\xff"),
    ("long255", b""),
    ("long256", b""),
];

/// Paths that are long as a whole.
pub const LONG: [(&str, u32); 4] =
    [("slashes4095", 4095), ("slashes4096", 4096), ("dots4095", 4095), ("dots4097", 4097)];

/// The calls that take one path and nothing else.
const NAMED: [(&str, extern "C" fn(u32, u32, u32) -> u32); 3] = [
    ("path_create_directory", path_create_directory),
    ("path_remove_directory", path_remove_directory),
    ("path_unlink_file", path_unlink_file),
];

/// Puts the path of a label at one of the two places.
pub fn place(label: &str, text: &[u8], second: bool) -> (u32, u32) {
    let long = |len: u32| {
        let at = if second { crate::say::PATH_2 } else { crate::say::PATH };
        fill(at, len, b'n');
        (address(at), len)
    };
    match label {
        "long255" => long(255),
        "long256" => long(256),
        _ if second => path_2(text),
        _ => path(text),
    }
}

/// A long path to `f`.
fn place_long(label: &str, len: u32) -> (u32, u32) {
    let at = crate::say::PATH;
    fill(at, len, b'/');
    if label.starts_with("dots") {
        for n in (0..len - 2).step_by(2) {
            crate::say::put(at + n, b"./");
        }
        crate::say::put(at + len - 1, b"f");
    } else {
        crate::say::put(at, b"d");
        crate::say::put(at + len - 1, b"g");
    }
    (address(at), len)
}

pub fn all(world: &mut World) {
    looks(world);
    one_name(world);
    times(world);
    links(world);
    renames(world);
    below(world);
    read_only(world);
}

fn stat_cell(label: &str, errno: u32) {
    cell(label, errno);
    if errno == 0 {
        let kind = u32_at(OUT + 16) & 255;
        more!("({kind}");
        if kind == 4 || kind == 7 {
            more!(",{}", u64_at(OUT + 32));
        }
        more!(")");
    }
}

fn looks(world: &mut World) {
    for flags in [0, 1] {
        row!("path_filestat_get flags={flags}");
        for (label, text) in PATHS {
            let (at, len) = place(label, text, false);
            stat_cell(label, path_filestat_get(world.dir, flags, at, len, address(OUT)));
        }
        for (label, len) in LONG {
            let (at, len) = place_long(label, len);
            stat_cell(label, path_filestat_get(world.dir, flags, at, len, address(OUT)));
        }
    }
    for size in [0, 1, 4, 100] {
        row!("path_readlink size={size}");
        for (label, text) in PATHS {
            if size < 100 && !label.starts_with('l') {
                continue;
            }
            let (at, len) = place(label, text, false);
            fill(DATA, 16, b'.');
            let errno = path_readlink(world.dir, at, len, address(DATA), size, address(OUT));
            cell(label, errno);
            if errno == 0 {
                let used = u32_at(OUT);
                let shown = core::str::from_utf8(bytes(DATA, used.min(16))).unwrap_or("?");
                more!("({used},{shown})");
            }
        }
    }
}

fn one_name(world: &mut World) {
    for (name, call) in NAMED {
        row!("{name}");
        for (label, text) in PATHS {
            let (at, len) = place(label, text, false);
            cell(label, call(world.dir, at, len));
            world.effects();
        }
    }
}

/// Sets times and tells the time of modification that is found then.
fn times(world: &mut World) {
    const SECOND: u64 = 1_000_000_000;
    for flags in [0, 1] {
        row!("path_filestat_set_times flags={flags} how=mtim");
        for (label, text) in PATHS {
            let (at, len) = place(label, text, false);
            let errno = path_filestat_set_times(world.dir, flags, at, len, 0, 7 * SECOND, 4);
            cell(label, errno);
            if errno == 0 {
                path_filestat_get(world.dir, flags, at, len, address(OUT));
                more!("({})", if u64_at(OUT + 48) == 7 * SECOND { "set" } else { "not" });
                world.renew();
            }
        }
    }
    for how in 0..16 {
        row!("path_filestat_set_times flags=1 how={how}");
        for (label, atim, mtim) in [
            ("small", 5, 7),
            ("second", 5 * SECOND, 7 * SECOND),
            ("large", u64::MAX, u64::MAX),
            ("signed", 1 << 63, 1 << 63),
        ] {
            let (at, len) = path(b"f");
            let errno = path_filestat_set_times(world.dir, 1, at, len, atim, mtim, how);
            cell(label, errno);
            if errno == 0 && how & 10 == 0 && atim < 1 << 62 {
                path_filestat_get(world.dir, 1, at, len, address(OUT));
                let shown = |at: u32, given: u32| if how & given == 0 { 0 } else { u64_at(at) };
                more!("({},{})", shown(OUT + 40, 1), shown(OUT + 48, 4));
            }
            world.renew();
        }
    }
}

fn links(world: &mut World) {
    row!("path_symlink f to");
    for (label, text) in PATHS {
        let (old, old_len) = path(b"f");
        let (new, new_len) = place(label, text, true);
        cell(label, path_symlink(old, old_len, world.dir, new, new_len));
        world.effects();
    }
    row!("path_symlink to new of");
    for (label, text) in PATHS {
        let (old, old_len) = place(label, text, false);
        let (new, new_len) = path_2(b"new");
        cell(label, path_symlink(old, old_len, world.dir, new, new_len));
        world.effects();
    }
    for flags in [0, 1] {
        row!("path_link flags={flags} to new of");
        for (label, text) in PATHS {
            let (old, old_len) = place(label, text, false);
            let (new, new_len) = path_2(b"new");
            let errno = path_link(world.dir, flags, old, old_len, world.dir, new, new_len);
            cell(label, errno);
            world.effects();
        }
    }
    for source in ["f", "lf", "d", "n"] {
        row!("path_link {source} to");
        for (label, text) in PATHS {
            let (old, old_len) = path(source.as_bytes());
            let (new, new_len) = place(label, text, true);
            let errno = path_link(world.dir, 0, old, old_len, world.dir, new, new_len);
            cell(label, errno);
            world.effects();
        }
    }
}

fn renames(world: &mut World) {
    row!("path_rename to new of");
    for (label, text) in PATHS {
        let (old, old_len) = place(label, text, false);
        let (new, new_len) = path_2(b"new");
        cell(label, path_rename(world.dir, old, old_len, world.dir, new, new_len));
        world.effects();
    }
    row!("path_rename to new/ of");
    for (label, text) in PATHS {
        let (old, old_len) = place(label, text, false);
        let (new, new_len) = path_2(b"new/");
        cell(label, path_rename(world.dir, old, old_len, world.dir, new, new_len));
        world.effects();
    }
    for source in ["f", "d", "x", "lf", "ld", "ln", "n"] {
        row!("path_rename {source} to");
        for (label, text) in PATHS {
            let (old, old_len) = path(source.as_bytes());
            let (new, new_len) = place(label, text, true);
            cell(label, path_rename(world.dir, old, old_len, world.dir, new, new_len));
            world.effects();
        }
    }
}

/// Every call below `fd`, each with a path that it would like.
pub fn calls_below(fd: u32) {
    let (at, len) = path(b"f");
    let (new, new_len) = path_2(b"new");
    let out = address(OUT);
    cell("filestat_get", path_filestat_get(fd, 0, at, len, out));
    cell("filestat_set_times", path_filestat_set_times(fd, 0, at, len, 0, 0, 0));
    cell("open", path_open(fd, 0, at, len, 0, READ, READ, 0, out));
    if u32_at(OUT) > 4 {
        fd_close(u32_at(OUT));
    }
    cell("open-creat", path_open(fd, 0, new, new_len, CREAT, READ, READ, 0, out));
    if u32_at(OUT) > 4 {
        fd_close(u32_at(OUT));
    }
    cell("unlink_file", path_unlink_file(fd, new, new_len));
    cell("create_directory", path_create_directory(fd, new, new_len));
    cell("remove_directory", path_remove_directory(fd, new, new_len));
    cell("symlink", path_symlink(at, len, fd, new, new_len));
    cell("readlink", path_readlink(fd, new, new_len, address(DATA), 9, out));
    cell("rename", path_rename(fd, new, new_len, fd, new, new_len));
    cell("unlink_file-link", path_unlink_file(fd, new, new_len));
    cell("link", path_link(fd, 0, at, len, fd, new, new_len));
    path_unlink_file(fd, new, new_len);
    cell("readdir", fd_readdir(fd, address(DATA), 999, 0, out));
}

/// Calls with a descriptor that is not of a directory, or may not.
fn below(world: &mut World) {
    for kind in crate::fds::KINDS {
        row!("below {}", kind.name());
        let fd = kind.open(world);
        fill(OUT, 4, 0);
        calls_below(fd);
        kind.close(fd);
        world.renew();
    }
}

/// Calls below the read-only directory, on paths that exist and do not.
fn read_only(world: &mut World) {
    let _ = world;
    const SOME: [&[u8]; 9] = [b"f", b"f/", b"d", b"x", b"n", b"n/", b"lf", b"lo", b".."];
    for (name, call) in NAMED {
        row!("{name} read-only");
        for text in SOME {
            let (at, len) = path(text);
            cell(core::str::from_utf8(text).unwrap_or("?"), call(READ_ONLY, at, len));
        }
    }
    row!("path_filestat_set_times read-only");
    for text in SOME {
        let (at, len) = path(text);
        let errno = path_filestat_set_times(READ_ONLY, 0, at, len, 0, 0, 4);
        cell(core::str::from_utf8(text).unwrap_or("?"), errno);
    }
    for (rights_name, rights) in [("none", 0), ("r", READ), ("w", WRITE), ("rw", READ | WRITE)] {
        for oflags in 0..16 {
            row!("path_open read-only rights={rights_name} oflags={oflags}");
            for text in SOME {
                let (at, len) = path(text);
                let errno = path_open(READ_ONLY, 0, at, len, oflags, rights, ALL, 0, address(OUT));
                cell(core::str::from_utf8(text).unwrap_or("?"), errno);
                if errno == 0 {
                    fd_close(u32_at(OUT));
                }
            }
        }
    }
    row!("rename, link between read-only and writable");
    let (at, len) = path(b"f");
    let (new, new_len) = path_2(b"new");
    cell("rename-out", path_rename(READ_ONLY, at, len, world.dir, new, new_len));
    cell("rename-in", path_rename(world.dir, at, len, READ_ONLY, new, new_len));
    cell("link-out", path_link(READ_ONLY, 0, at, len, world.dir, new, new_len));
    cell("link-in", path_link(world.dir, 0, at, len, READ_ONLY, new, new_len));
    cell("symlink", path_symlink(at, len, READ_ONLY, new, new_len));
    world.effects();
}
