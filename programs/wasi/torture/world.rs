//! The files that each case finds, and what it left of them.
//!
//! A case that changes something gets a new directory behind it, so that every case begins alike.

use crate::more;
use crate::say::{DATA, OUT, PATH, PATH_2, address, put, u32_at, u64_at, vectors};
use crate::wasi::*;

/// The writable and the read-only preopened directory.
pub const ROOT: u32 = 3;
pub const READ_ONLY: u32 = 4;

/// Where the fixture uses memory of its own, not that of cases.
const OWN_PATH: u32 = PATH_2 + 0x1800;
const OWN_OUT: u32 = 0x800;

pub struct World {
    number: u32,
    /// The directory of the case.
    pub dir: u32,
}

/// Puts a path; gives address and length.
pub fn path(text: &[u8]) -> (u32, u32) {
    (put(PATH, text), text.len() as u32)
}

pub fn path_2(text: &[u8]) -> (u32, u32) {
    (put(PATH_2, text), text.len() as u32)
}

fn own(text: &[u8]) -> (u32, u32) {
    (put(OWN_PATH, text), text.len() as u32)
}

/// Opens; gives the descriptor, or a number that none has.
pub fn open(dir: u32, text: &[u8], oflags: u32, rights: u64, fdflags: u32) -> u32 {
    let (at, len) = own(text);
    let errno = path_open(dir, 1, at, len, oflags, rights, ALL, fdflags, address(OWN_OUT));
    if errno == 0 { u32_at(OWN_OUT) } else { 888 }
}

fn file(dir: u32, name: &[u8], content: &[u8]) {
    let fd = open(dir, name, CREAT, READ | WRITE, 0);
    put(DATA, content);
    fd_write(fd, vectors(&[content.len() as u32]), 1, address(OWN_OUT));
    fd_close(fd);
}

fn link(dir: u32, target: &[u8], name: &[u8]) {
    let (name, name_len) = own(name);
    let target_at = put(OWN_PATH + 0x100, target);
    path_symlink(target_at, target.len() as u32, dir, name, name_len);
}

fn hard_link(old: &[u8], dir: u32, name: &[u8]) {
    let (name, name_len) = own(name);
    let old_at = put(OWN_PATH + 0x100, old);
    path_link(ROOT, 0, old_at, old.len() as u32, dir, name, name_len);
}

fn directory(dir: u32, name: &[u8]) {
    let (at, len) = own(name);
    path_create_directory(dir, at, len);
}

/// Makes the fixture in a directory.
pub fn furnish(dir: u32) {
    file(dir, b"f", b"hello");
    directory(dir, b"d");
    file(dir, b"d/g", b"abc");
    link(dir, b"../f", b"d/u");
    directory(dir, b"x");
    link(dir, b"f", b"lf");
    link(dir, b"d", b"ld");
    link(dir, b"x", b"lx");
    link(dir, b"none", b"ln");
    link(dir, b"ll", b"ll");
    link(dir, b"../../out", b"lo");
    link(dir, b"../ro", b"lp");
    // No guest can make a link like this one of its host.
    hard_link(b"abs", dir, b"la");
    link(dir, b"f/", b"lfs");
    link(dir, b"d/", b"lds");
}

/// The places that are looked at after a case, as they are before it.
const PLACES: [(&str, &str); 18] = [
    ("f", "f5"),
    ("d", "d"),
    ("d/g", "f3"),
    ("d/new", "-"),
    ("d/u", "l"),
    ("x", "d"),
    ("x/new", "-"),
    ("lf", "l"),
    ("ld", "l"),
    ("lx", "l"),
    ("ln", "l"),
    ("ll", "l"),
    ("lo", "l"),
    ("none", "-"),
    ("n", "-"),
    ("new", "-"),
    ("new/g", "-"),
    ("f2", "-"),
];

impl World {
    pub fn new() -> Self {
        let mut world = World { number: 0, dir: 0 };
        world.renew();
        world
    }

    /// A new directory.
    pub fn renew(&mut self) {
        if self.number > 0 {
            fd_close(self.dir);
        }
        let mut name = *b"c0000";
        let mut rest = self.number;
        for digit in name[1..].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.number += 1;
        directory(ROOT, &name);
        self.dir = open(ROOT, &name, DIRECTORY, ALL & !WRITE, 0);
        furnish(self.dir);
    }

    /// Tells what the case changed, in braces.
    pub fn effects(&mut self) {
        let mut any = false;
        for (place, before) in PLACES {
            let (at, len) = own(place.as_bytes());
            let errno = path_filestat_get(self.dir, 0, at, len, address(OWN_OUT));
            let (kind, size) = (u32_at(OWN_OUT + 16) & 255, u64_at(OWN_OUT + 32));
            let links = u64_at(OWN_OUT + 24);
            let mut expected = before.bytes();
            let (first, digit) = (expected.next(), expected.next());
            let (letter, sized) = match (errno, kind) {
                (0, 3) => (b'd', false),
                (0, 4) => (b'f', true),
                (0, 7) => (b'l', false),
                (0, _) => (b'?', false),
                _ => (b'-', false),
            };
            let same_size = !sized || digit.is_some_and(|digit| u64::from(digit - b'0') == size);
            let linked = sized && links > 1;
            if Some(letter) == first && same_size && !linked {
                continue;
            }
            more!("{}{place}:{}", if any { "," } else { "{" }, letter as char);
            if sized {
                more!("{size}");
            }
            if linked {
                more!("*");
            }
            any = true;
        }
        if any {
            more!("}}");
            self.renew();
        }
    }
}

/// The type of a descriptor as a letter.
pub fn kind_of(fd: u32) -> char {
    match fd_fdstat_get(fd, address(OUT + 0x40)) {
        0 => match u32_at(OUT + 0x40) & 255 {
            2 => 'c',
            3 => 'd',
            4 => 'f',
            6 => 's',
            0 => 'u',
            _ => '?',
        },
        _ => '-',
    }
}
