//! Asks every function of WASI preview 1 with every combination of flags on every kind of path and
//! descriptor, and prints the answers.
//!
//! Argument 1 is the part: `paths`, `opens`, `fds`, `misc`, or `p` or `v` with a number: one case
//! of `pointers` or `values`. Descriptor 3 is a writable directory with an empty directory `ro` in
//! it, which is descriptor 4, not writable, and a link `abs` to `/etc`. The answers have no times,
//! numbers of files or devices in them.

#![no_std]
#![no_main]

mod fds;
mod misc;
mod opens;
mod paths;
mod pointers;
mod say;
mod values;
mod wasi;
mod world;

use say::{DATA, OUT, address, bytes, flush, u32_at};
use world::{ROOT, World, furnish, open};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[unsafe(no_mangle)]
pub extern "C" fn _start() {
    let mut part = [0; 16];
    let len = argument(&mut part);
    let ro = open(ROOT, b"ro", wasi::DIRECTORY, wasi::ALL & !wasi::WRITE, 0);
    furnish(ro);
    wasi::fd_close(ro);
    let mut world = World::new();
    match &part[..len] {
        b"paths" => paths::all(&mut world),
        b"opens" => opens::all(&mut world),
        b"fds" => fds::all(&mut world),
        b"misc" => misc::all(&mut world),
        [] => {}
        [which, digits @ ..] => {
            let n = digits.iter().fold(0, |n, digit| 10 * n + u32::from(digit - b'0'));
            match which {
                b'p' => pointers::run(n, &world),
                _ => values::run(n, &world),
            }
        }
    }
    say::print(format_args!("\n"));
    flush();
}

/// The first argument; gives its length.
fn argument(part: &mut [u8; 16]) -> usize {
    wasi::args_get(address(OUT), address(DATA));
    let at = u32_at(OUT + 4) - address(0);
    let found = bytes(at, 16);
    let len = found.iter().position(|byte| *byte == 0).unwrap_or(0);
    part[..len].copy_from_slice(&found[..len]);
    len
}
