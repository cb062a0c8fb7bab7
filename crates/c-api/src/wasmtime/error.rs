//! `wasmtime_error_t`, and the errors of a call that are traps.

use crate::pointer::{In, Out, end};
use crate::vector::wasm_byte_vec_t;
use crate::wasm::frame::{frames_of, wasm_frame_vec_t};
use crate::wasm::reference::wasm_ref_t;
use crate::wasm::trap::{message_of, trap_of};
use prova::wasi::I32Exit;
use prova::{Error, Result, Trap};
use std::ffi::c_char;

/// An error.
pub(crate) struct wasmtime_error_t {
    pub(crate) error: Error,
}

/// An error for the program, or null.
pub(crate) type MaybeError = Option<Box<wasmtime_error_t>>;
/// Where a trap is written to.
pub(crate) type TrapOut = Out<Option<Box<wasm_ref_t>>>;

/// The error for the program; null if there is none.
pub(crate) fn failure(error: Error) -> MaybeError {
    Some(Box::new(wasmtime_error_t { error }))
}

/// Hands a value to the program, or gives the error.
pub(crate) fn handed<T>(result: Result<T>, out: &mut Out<T>) -> MaybeError {
    match result {
        Ok(value) => {
            out.set(value);
            None
        }
        Err(error) => failure(error),
    }
}

/// The error; null if there is none.
pub(crate) fn done(result: Result<()>) -> MaybeError {
    result.err().and_then(failure)
}

/// Hands the results of code that ran to the program. An error with the code of a trap is a trap,
/// any other is an error.
pub(crate) fn ran<T>(result: Result<T>, trap: &mut TrapOut, ok: impl FnOnce(T)) -> MaybeError {
    let error = match result {
        Ok(value) => {
            trap.set(None);
            ok(value);
            return None;
        }
        Err(error) => error,
    };
    if error.is::<Trap>() {
        trap.set(Some(trap_of(error)));
        None
    } else {
        trap.set(None);
        failure(error)
    }
}

/// The value of a function that can report no error, or the end of the process (C6).
pub(crate) fn or_end<T>(result: Result<T>, function: &str) -> T {
    result.unwrap_or_else(|error| end(&format!("`{function}`: {error:#}")))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_error_new(message: In<c_char>) -> MaybeError {
    let message = String::from_utf8_lossy(message.string("message")).into_owned();
    failure(Error::msg(message))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_error_delete(_error: MaybeError) {}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_error_message(error: In<wasmtime_error_t>, mut out: Out<wasm_byte_vec_t>) {
    out.set(message_of(&error.want("error").error).as_bytes().into());
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_error_exit_status(
    error: In<wasmtime_error_t>,
    mut status: Out<i32>,
) -> bool {
    match error.want("error").error.downcast_ref::<I32Exit>() {
        Some(exit) => {
            status.set(exit.0);
            true
        }
        None => false,
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_error_wasm_trace(
    error: In<wasmtime_error_t>,
    mut out: Out<wasm_frame_vec_t>,
) {
    out.set(frames_of(&error.want("error").error).collect());
}
