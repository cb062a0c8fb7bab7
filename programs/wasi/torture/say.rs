//! Answers as text: a line is a *row*, `call with arguments |`, and its *cells*, `key=answer`.

use crate::wasi;
use core::fmt::{Arguments, Write};

/// The scratch memory that calls get pointers into.
#[repr(align(16))]
struct Scratch([u8; SIZE as usize]);

pub const SIZE: u32 = 1 << 17;

static mut SCRATCH: Scratch = Scratch([0; SIZE as usize]);
static mut LINE: Line = Line { bytes: [0; 4096], len: 0 };

/// The address `at` bytes into the scratch memory.
pub fn address(at: u32) -> u32 {
    (&raw const SCRATCH) as u32 + at
}

fn scratch() -> &'static mut [u8] {
    // SAFETY: there is one thread, and no caller keeps the slice.
    unsafe { &mut (*(&raw mut SCRATCH)).0 }
}

/// Where small results go, vectors lie, paths lie, and content lies.
pub const OUT: u32 = 0x100;
pub const VECTORS: u32 = 0x1000;
pub const PATH: u32 = 0x8000;
pub const PATH_2: u32 = 0xa000;
pub const DATA: u32 = 0x10000;

pub fn put(at: u32, bytes: &[u8]) -> u32 {
    scratch()[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
    address(at)
}

pub fn fill(at: u32, len: u32, byte: u8) {
    scratch()[at as usize..(at + len) as usize].fill(byte);
}

pub fn bytes(at: u32, len: u32) -> &'static [u8] {
    &scratch()[at as usize..(at + len) as usize]
}

pub fn u32_at(at: u32) -> u32 {
    let [a, b, c, d] = *bytes(at, 4) else { return 0 };
    u32::from_le_bytes([a, b, c, d])
}

pub fn u64_at(at: u32) -> u64 {
    u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32
}

/// Vectors of these lengths over the content; gives their address.
pub fn vectors(lengths: &[u32]) -> u32 {
    let mut at = address(DATA);
    for (n, length) in lengths.iter().enumerate() {
        put(VECTORS + 8 * n as u32, &at.to_le_bytes());
        put(VECTORS + 8 * n as u32 + 4, &length.to_le_bytes());
        at = at.wrapping_add(*length);
    }
    address(VECTORS)
}

struct Line {
    bytes: [u8; 4096],
    len: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for byte in text.bytes() {
            if self.len == self.bytes.len() {
                self.flush();
            }
            self.bytes[self.len] = byte;
            self.len += 1;
        }
        Ok(())
    }
}

impl Line {
    fn flush(&mut self) {
        let mut done = 0;
        while done < self.len {
            let vector = [(&raw const self.bytes) as u32 + done as u32, (self.len - done) as u32];
            let mut moved = 0u32;
            let out = (&raw mut moved) as u32;
            if wasi::fd_write(1, (&raw const vector) as u32, 1, out) != 0 {
                wasi::proc_exit(99);
            }
            // SAFETY: the call has written it, which the compiler does not see.
            done += unsafe { (&raw const moved).read_volatile() } as usize;
        }
        self.len = 0;
    }
}

fn line() -> &'static mut Line {
    // SAFETY: there is one thread, and no caller keeps the line.
    unsafe { &mut *(&raw mut LINE) }
}

pub fn print(text: Arguments<'_>) {
    let _ = line().write_fmt(text);
}

pub fn flush() {
    line().flush();
}

/// Begins a row.
#[macro_export]
macro_rules! row {
    ($($text:tt)*) => {{
        $crate::say::print(format_args!("\n"));
        $crate::say::print(format_args!($($text)*));
        $crate::say::print(format_args!(" |"));
    }};
}

/// Adds to the last cell.
#[macro_export]
macro_rules! more {
    ($($text:tt)*) => { $crate::say::print(format_args!($($text)*)) };
}

/// Adds a cell.
pub fn cell(key: impl core::fmt::Display, errno: u32) {
    print(format_args!(" {key}={}", wasi::name(errno)));
}
