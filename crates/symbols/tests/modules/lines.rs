//! The module `rust.wasm` of these tests: see README.md for the command.
#![no_std]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[inline(always)]
fn picked(values: &[u32; 4], at: usize) -> u32 {
    values[at]
}

#[inline(never)]
fn total(values: &[u32; 4], count: usize) -> u32 {
    (0..count).map(|at| picked(values, at)).fold(0, u32::wrapping_add)
}

#[unsafe(no_mangle)]
pub extern "C" fn run(count: usize) -> u32 {
    total(&[1, 2, 3, count as u32], count)
}
