//! A loop and a function, as `small.c`.
#![no_std]
#[inline(never)]
fn twice(x: u32) -> u32 { x.rotate_left(3) ^ x }
#[no_mangle]
pub fn run(n: u32, mut x: u32) -> u32 { let mut i = 0; while i < n { x = twice(x).wrapping_add(i); i += 1 } x }
