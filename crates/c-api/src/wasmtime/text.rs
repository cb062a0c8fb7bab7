//! `wasmtime_wat2wasm`: text → bytes of a module.

use crate::pointer::{In, Out};
use crate::store::guarded;
use crate::vector::wasm_byte_vec_t;
use crate::wasmtime::error::{MaybeError, handed};
use prova::Error;
use std::ffi::c_char;

#[unsafe(no_mangle)]
extern "C" fn wasmtime_wat2wasm(
    text: In<c_char>,
    text_len: usize,
    mut out: Out<wasm_byte_vec_t>,
) -> MaybeError {
    let bytes = guarded(|| {
        let bytes = wat::parse_bytes(text.bytes(text_len))
            .map_err(|error| Error::msg(prova::printable_text_error(&error.to_string())))?;
        Ok(wasm_byte_vec_t::from(&*bytes))
    });
    handed(bytes, &mut out)
}
