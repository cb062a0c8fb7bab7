//! The functions of `prova.h` on `wasm_trap_t`: traps by code.

use crate::pointer::{In, Out, end};
use crate::wasm::reference::wasm_ref_t;
use crate::wasm::trap::trap_of;
use prova::{Error, Trap};
use std::ffi::c_char;

/// The codes of the header and the traps of the engine.
const CODES: [(u8, Trap); 22] = [
    (0, Trap::StackOverflow),
    (1, Trap::MemoryOutOfBounds),
    (2, Trap::HeapMisaligned),
    (3, Trap::TableOutOfBounds),
    (4, Trap::IndirectCallToNull),
    (5, Trap::BadSignature),
    (6, Trap::IntegerOverflow),
    (7, Trap::IntegerDivisionByZero),
    (8, Trap::BadConversionToInteger),
    (9, Trap::UnreachableCodeReached),
    (10, Trap::Interrupt),
    (11, Trap::OutOfFuel),
    (12, Trap::AtomicWaitNonSharedMemory),
    (13, Trap::NullReference),
    (14, Trap::ArrayOutOfBounds),
    (15, Trap::AllocationTooLarge),
    (16, Trap::CastFailure),
    (49, Trap::UncaughtException),
    // Those that Wasmtime has not.
    (200, Trap::TooManyExceptions),
    (201, Trap::GrowthLimit),
    (202, Trap::Aborted),
    (203, Trap::GcHeapOutOfMemory),
];

#[unsafe(no_mangle)]
extern "C" fn wasmtime_trap_new(message: In<c_char>, len: usize) -> Option<Box<wasm_ref_t>> {
    let message = String::from_utf8_lossy(message.bytes(len)).into_owned();
    Some(trap_of(Error::msg(message)))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_trap_new_code(code: u8) -> Option<Box<wasm_ref_t>> {
    match CODES.iter().find(|(own, _)| *own == code) {
        Some((_, trap)) => Some(trap_of(Error::new(*trap))),
        None => end(&format!("there is no trap with the code {code}")),
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_trap_code(trap: In<wasm_ref_t>, mut code: Out<u8>) -> bool {
    let own = trap.error().downcast_ref::<Trap>();
    match own.and_then(|own| CODES.iter().find(|(_, trap)| trap == own)) {
        Some((found, _)) => {
            code.set(*found);
            true
        }
        None => false,
    }
}
