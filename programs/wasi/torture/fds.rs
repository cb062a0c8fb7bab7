//! Every call on a descriptor, on every kind of descriptor.

use crate::opens::use_it;
use crate::say::{DATA, OUT, address, cell, fill, put, u32_at, u64_at, vectors};
use crate::wasi::*;
use crate::world::{READ_ONLY, ROOT, World, open};
use crate::{more, row};

/// A kind of descriptor.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Closed,
    Last,
    Stdin,
    Stdout,
    Stderr,
    Preopen,
    PreopenReadOnly,
    Dir,
    DirWithoutRights,
    File(u64, u32),
    FileWithoutRights,
    BelowReadOnly,
    Renumbered,
}

pub const KINDS: [Kind; 19] = [
    Kind::Closed,
    Kind::Last,
    Kind::Stdin,
    Kind::Stdout,
    Kind::Stderr,
    Kind::Preopen,
    Kind::PreopenReadOnly,
    Kind::Dir,
    Kind::DirWithoutRights,
    Kind::File(0, 0),
    Kind::File(READ, 0),
    Kind::File(WRITE, 0),
    Kind::File(READ | WRITE, 0),
    Kind::File(READ | WRITE, 1),
    Kind::File(WRITE, 1),
    Kind::File(READ | WRITE, 4),
    Kind::FileWithoutRights,
    Kind::BelowReadOnly,
    Kind::Renumbered,
];

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Closed => "closed",
            Kind::Last => "last-number",
            Kind::Stdin => "stdin",
            Kind::Stdout => "stdout",
            Kind::Stderr => "stderr",
            Kind::Preopen => "preopen",
            Kind::PreopenReadOnly => "preopen-read-only",
            Kind::Dir => "dir",
            Kind::DirWithoutRights => "dir-without-rights",
            Kind::File(0, _) => "file-none",
            Kind::File(READ, _) => "file-r",
            Kind::File(WRITE, 0) => "file-w",
            Kind::File(WRITE, _) => "file-w-append",
            Kind::File(_, 0) => "file-rw",
            Kind::File(_, 1) => "file-rw-append",
            Kind::File(..) => "file-rw-nonblock",
            Kind::FileWithoutRights => "file-without-rights",
            Kind::BelowReadOnly => "file-below-read-only",
            Kind::Renumbered => "file-renumbered",
        }
    }

    /// A descriptor of this kind.
    pub fn open(self, world: &World) -> u32 {
        match self {
            Kind::Closed => 777,
            Kind::Last => u32::MAX,
            Kind::Stdin => 0,
            Kind::Stdout => 1,
            Kind::Stderr => 2,
            Kind::Preopen => ROOT,
            Kind::PreopenReadOnly => READ_ONLY,
            Kind::Dir => open(world.dir, b"d", DIRECTORY, ALL & !WRITE, 0),
            Kind::DirWithoutRights => {
                let fd = open(world.dir, b"d", DIRECTORY, ALL & !WRITE, 0);
                fd_fdstat_set_rights(fd, 0, 0);
                fd
            }
            Kind::File(rights, flags) => open(world.dir, b"f", 0, rights, flags),
            Kind::FileWithoutRights => {
                let fd = open(world.dir, b"f", 0, READ | WRITE, 0);
                fd_fdstat_set_rights(fd, 0, 0);
                fd
            }
            Kind::BelowReadOnly => open(READ_ONLY, b"f", 0, READ, 0),
            Kind::Renumbered => {
                let other = open(world.dir, b"f", 0, READ, 0);
                let fd = open(world.dir, b"f", 0, READ | WRITE, 0);
                fd_renumber(fd, other);
                other
            }
        }
    }

    pub fn is_opened(self) -> bool {
        !matches!(
            self,
            Kind::Closed
                | Kind::Last
                | Kind::Stdin
                | Kind::Stdout
                | Kind::Stderr
                | Kind::Preopen
                | Kind::PreopenReadOnly
        )
    }

    pub fn close(self, fd: u32) {
        if self.is_opened() {
            fd_close(fd);
        }
    }
}

/// Offsets and lengths at the edges.
const EDGES: [(&str, u64); 10] = [
    ("0", 0),
    ("1", 1),
    ("3", 3),
    ("5", 5),
    ("9", 9),
    ("-1", u64::MAX),
    ("-5", u64::MAX - 4),
    ("2^40", 1 << 40),
    ("max", i64::MAX as u64),
    ("min", i64::MIN as u64),
];

/// One case: a fresh descriptor, the call, and what it changed.
fn case(world: &mut World, kind: Kind, key: &str, call: impl Fn(u32) -> u32, tell: impl Fn(u32)) {
    let fd = kind.open(world);
    let errno = call(fd);
    cell(key, errno);
    if errno == 0 {
        tell(fd);
    }
    kind.close(fd);
    world.effects();
}

fn silent(_: u32) {}

/// The position after a call.
fn position(fd: u32) {
    if fd_tell(fd, address(OUT + 16)) == 0 {
        more!("@{}", u64_at(OUT + 16));
    }
}

fn moved(fd: u32) {
    more!("({})", u32_at(OUT));
    position(fd);
}

pub fn all(world: &mut World) {
    for kind in KINDS {
        let name = kind.name();
        row!("use {name}");
        let fd = kind.open(world);
        use_it(fd);
        if kind.is_opened() {
            cell("close", fd_close(fd));
            cell("close-again", fd_close(fd));
        }
        world.renew();
        stats(world, kind);
        flags(world, kind);
        sizes(world, kind);
        reads(world, kind);
        writes(world, kind);
        seeks(world, kind);
        listings(world, kind);
        preopens(world, kind);
    }
    rights(world);
    advice(world);
    renumbers(world);
}

fn stats(world: &mut World, kind: Kind) {
    let name = kind.name();
    row!("fd_fdstat_get {name}");
    case(
        world,
        kind,
        "stat",
        |fd| fd_fdstat_get(fd, address(OUT)),
        |_| {
            more!("({},{})", u32_at(OUT) & 255, u32_at(OUT) >> 16);
        },
    );
    case(
        world,
        kind,
        "rights",
        |fd| fd_fdstat_get(fd, address(OUT)),
        |_| {
            more!("({:x},{:x})", u64_at(OUT + 8), u64_at(OUT + 16));
        },
    );
    row!("fd_filestat_get {name}");
    case(
        world,
        kind,
        "stat",
        |fd| fd_filestat_get(fd, address(OUT)),
        |_| {
            let kind = u32_at(OUT + 16) & 255;
            more!("({kind}");
            if kind != 3 {
                more!(",{},{}", u64_at(OUT + 24), u64_at(OUT + 32));
            }
            more!(")");
        },
    );
    row!("fd_filestat_set_times {name}");
    for (key, how) in [("0", 0), ("1", 1), ("3", 3), ("4", 4), ("5", 5), ("10", 10), ("12", 12)] {
        const SECOND: u64 = 1_000_000_000;
        let call = |fd| fd_filestat_set_times(fd, 5 * SECOND, 7 * SECOND, how);
        case(world, kind, key, call, |fd| {
            if how == 5 && fd_filestat_get(fd, address(OUT)) == 0 {
                more!("({},{})", u64_at(OUT + 40), u64_at(OUT + 48));
            }
        });
        if kind.is_opened() && kind != Kind::BelowReadOnly {
            world.renew();
        }
    }
}

fn flags(world: &mut World, kind: Kind) {
    row!("fd_fdstat_set_flags {}", kind.name());
    for flags in [0, 1, 2, 4, 5, 8, 16, 31] {
        if matches!(kind, Kind::Stdout) && flags == 4 {
            continue;
        }
        let fd = kind.open(world);
        let errno = fd_fdstat_set_flags(fd, flags);
        cell(flags, errno);
        if errno == 0 {
            fd_fdstat_get(fd, address(OUT));
            more!("({})", u32_at(OUT) >> 16);
            if kind.is_opened() && fd_write(fd, vectors(&[1]), 1, address(OUT)) == 0 {
                position(fd);
            }
        }
        if kind.is_opened() {
            fd_close(fd);
        } else {
            fd_fdstat_set_flags(fd, 0);
        }
        world.effects();
    }
}

fn sizes(world: &mut World, kind: Kind) {
    let name = kind.name();
    row!("fd_filestat_set_size {name}");
    for (key, size) in EDGES {
        // A host's file system may have smaller files than another's.
        if key == "2^40" || key == "max" {
            continue;
        }
        case(world, kind, key, |fd| fd_filestat_set_size(fd, size), silent);
    }
    row!("fd_allocate {name}");
    for (key, offset, len) in [
        ("0+0", 0, 0),
        ("0+3", 0, 3),
        ("0+9", 0, 9),
        ("5+1", 5, 1),
        ("9+0", 9, 0),
        ("-1+1", u64::MAX, 1),
        ("1+-1", 1, u64::MAX),
        ("min+5", 1 << 63, 5),
        ("max+max", i64::MAX as u64, i64::MAX as u64),
        ("max+1", i64::MAX as u64, 1),
    ] {
        case(world, kind, key, |fd| fd_allocate(fd, offset, len), silent);
    }
}

/// Vectors: a label, the lengths.
const SHAPES: [(&str, &[u32]); 8] = [
    ("none", &[]),
    ("zero", &[0]),
    ("two-zeros", &[0, 0]),
    ("one", &[3]),
    ("zero-one", &[0, 3]),
    ("one-zero-one", &[2, 0, 2]),
    ("two", &[2, 4]),
    ("more", &[9]),
];

fn reads(world: &mut World, kind: Kind) {
    let name = kind.name();
    row!("fd_read {name}");
    for (key, lengths) in SHAPES {
        let count = lengths.len() as u32;
        // What standard input has is left for later cases.
        let call = |fd| fd_read(fd, vectors(lengths), count, address(OUT));
        case(world, kind, key, call, moved);
    }
    if kind.is_opened() {
        for (key, count) in [("1024-zeros", 1024), ("1025-zeros", 1025)] {
            let call = |fd| {
                fill(crate::say::VECTORS, count * 8, 0);
                fd_read(fd, address(crate::say::VECTORS), count, address(OUT))
            };
            case(world, kind, key, call, moved);
        }
    }
    row!("fd_pread {name}");
    for (key, offset) in EDGES {
        let call = |fd| fd_pread(fd, vectors(&[2, 2]), 2, offset, address(OUT));
        case(world, kind, key, call, moved);
    }
    for (key, lengths) in SHAPES {
        let count = lengths.len() as u32;
        let call = |fd| fd_pread(fd, vectors(lengths), count, 1, address(OUT));
        case(world, kind, key, call, moved);
    }
    for (key, offset) in EDGES {
        let call = |fd| fd_pread(fd, vectors(&[0]), 1, offset, address(OUT));
        crate::say::print(format_args!(" nothing@"));
        case_tight(world, kind, key, call);
    }
}

/// A cell whose key's beginning is printed.
fn case_tight(world: &mut World, kind: Kind, key: &str, call: impl Fn(u32) -> u32) {
    let fd = kind.open(world);
    let errno = call(fd);
    more!("{key}={}", name(errno));
    kind.close(fd);
    world.effects();
}

fn writes(world: &mut World, kind: Kind) {
    let name = kind.name();
    put(DATA, b"ABCDEFGHIJ");
    row!("fd_write {name}");
    for (key, lengths) in SHAPES {
        // What is written to a standard stream would stand among the answers.
        let total: u32 = lengths.iter().sum();
        if total > 0 && matches!(kind, Kind::Stdout | Kind::Stderr) {
            continue;
        }
        let count = lengths.len() as u32;
        let call = |fd| fd_write(fd, vectors(lengths), count, address(OUT));
        case(world, kind, key, call, moved);
    }
    row!("fd_write behind the end {name}");
    for (key, offset) in EDGES {
        if matches!(kind, Kind::Stdout | Kind::Stderr) || key == "2^40" || key == "max" {
            continue;
        }
        let call = |fd| {
            if fd_seek(fd, offset, 0, address(OUT)) != 0 {
                return 99;
            }
            fd_write(fd, vectors(&[2]), 1, address(OUT))
        };
        case(world, kind, key, call, moved);
    }
    row!("fd_pwrite {name}");
    for (key, offset) in EDGES {
        if key == "2^40" || key == "max" {
            continue;
        }
        let call = |fd| fd_pwrite(fd, vectors(&[2, 2]), 2, offset, address(OUT));
        case(world, kind, key, call, moved);
    }
    for (key, lengths) in SHAPES {
        let count = lengths.len() as u32;
        let call = |fd| fd_pwrite(fd, vectors(lengths), count, 1, address(OUT));
        case(world, kind, key, call, moved);
    }
}

fn seeks(world: &mut World, kind: Kind) {
    let name = kind.name();
    for whence in [0, 1, 2] {
        row!("fd_seek whence={whence} {name}");
        for (key, offset) in EDGES {
            // Where the last place is, is the affair of a host's file system.
            if whence == 0 && key == "max" {
                continue;
            }
            let call = |fd| {
                fd_seek(fd, 2, 0, address(OUT));
                fd_seek(fd, offset, whence, address(OUT))
            };
            case(world, kind, key, call, |fd| {
                more!("({})", u64_at(OUT));
                position(fd);
            });
        }
    }
}

fn listings(world: &mut World, kind: Kind) {
    let name = kind.name();
    for cookie in [0, 1, 2, 3, 4, 9, u64::MAX, 1 << 32] {
        row!("fd_readdir cookie={cookie} {name}");
        if matches!(kind, Kind::Preopen | Kind::PreopenReadOnly) {
            continue;
        }
        for (key, size) in
            [("0", 0), ("1", 1), ("24", 24), ("25", 25), ("26", 26), ("50", 50), ("4096", 4096)]
        {
            let call = |fd| fd_readdir(fd, address(DATA), size, cookie, address(OUT));
            let fd = kind.open(world);
            let errno = call(fd);
            cell(key, errno);
            if errno == 0 {
                more!("({})", u32_at(OUT));
            }
            kind.close(fd);
        }
    }
}

fn preopens(world: &mut World, kind: Kind) {
    row!("fd_prestat_dir_name {}", kind.name());
    for (key, len) in [("0", 0), ("1", 1), ("2", 2), ("3", 3), ("9", 9)] {
        let call = |fd| fd_prestat_dir_name(fd, address(DATA), len);
        case(world, kind, key, call, silent);
    }
}

/// Each right taken away, and others asked for.
fn rights(world: &mut World) {
    row!("fd_fdstat_set_rights");
    for kind in KINDS {
        let fd = if kind.is_opened() { kind.open(world) } else { continue };
        fd_fdstat_get(fd, address(OUT));
        let (base, inheriting) = (u64_at(OUT + 8), u64_at(OUT + 16));
        let name = kind.name();
        for (key, base, inheriting) in [
            ("same", base, inheriting),
            ("more-base", base | ALL, inheriting),
            ("more-inheriting", base, inheriting | ALL),
            ("none", 0, 0),
            ("back", base, inheriting),
        ] {
            crate::say::print(format_args!(" {name}-"));
            more!("{key}={}", crate::wasi::name(fd_fdstat_set_rights(fd, base, inheriting)));
        }
        fd_close(fd);
    }
    for fd in [0, 777, u32::MAX] {
        crate::say::print(format_args!(" fd{}", fd as i32));
        more!("={}", name(fd_fdstat_set_rights(fd, 0, 0)));
        if fd == 0 {
            break;
        }
    }
    for bit in 0..29 {
        row!("file without right {bit}");
        let fd = open(world.dir, b"f", 0, READ | WRITE, 0);
        fd_fdstat_get(fd, address(OUT));
        fd_fdstat_set_rights(fd, u64_at(OUT + 8) & !(1 << bit), u64_at(OUT + 16));
        use_it(fd);
        fd_close(fd);
        world.renew();
        row!("dir without right {bit}");
        let fd = open(world.dir, b".", DIRECTORY, ALL & !WRITE, 0);
        fd_fdstat_get(fd, address(OUT));
        fd_fdstat_set_rights(fd, u64_at(OUT + 8) & !(1 << bit), u64_at(OUT + 16));
        crate::paths::calls_below(fd);
        fd_close(fd);
        world.renew();
    }
}

fn advice(world: &mut World) {
    for kind in KINDS {
        row!("fd_advise {}", kind.name());
        for (key, offset, len, advice) in [
            ("0+0,0", 0, 0, 0),
            ("0+5,1", 0, 5, 1),
            ("0+5,2", 0, 5, 2),
            ("0+5,3", 0, 5, 3),
            ("0+5,4", 0, 5, 4),
            ("0+5,5", 0, 5, 5),
            ("9+9,3", 9, 9, 3),
            ("-1+1,0", u64::MAX, 1, 0),
            ("-1+0,0", u64::MAX, 0, 0),
            ("1+-1,0", 1, u64::MAX, 0),
            ("min+0,4", 1 << 63, 0, 4),
            ("max+max,3", i64::MAX as u64, i64::MAX as u64, 3),
        ] {
            case(world, kind, key, |fd| fd_advise(fd, offset, len, advice), silent);
        }
    }
}

/// Every kind onto every other, but nothing onto standard output and the directories.
fn renumbers(world: &mut World) {
    for from in KINDS {
        row!("fd_renumber {} to", from.name());
        for to in KINDS {
            let lost = !from.is_opened() && from != Kind::Closed && from != Kind::Last;
            let closes = !to.is_opened() && to != Kind::Closed && to != Kind::Last;
            if lost && (to.is_opened() || closes && from != to) || closes && from.is_opened() {
                continue;
            }
            let (fd, onto) = (from.open(world), to.open(world));
            let errno = fd_renumber(fd, onto);
            cell(to.name(), errno);
            if errno == 0 {
                let left = if fd == onto { 0 } else { fd_fdstat_get(fd, address(OUT)) };
                more!("({},{})", crate::world::kind_of(onto), name(left));
            }
            from.close(fd);
            to.close(onto);
        }
    }
    row!("a number that was closed is used again");
    let fds = [0, 1, 2].map(|_| open(world.dir, b"f", 0, READ, 0));
    fd_close(fds[0]);
    fd_close(fds[1]);
    let next = open(world.dir, b"f", 0, READ, 0);
    let which = if next == fds[0] {
        "lowest"
    } else if next == fds[1] {
        "last"
    } else {
        "other"
    };
    more!(" next={which}");
    fd_close(next);
    fd_close(fds[2]);
}
