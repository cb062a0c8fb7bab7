//! `wasm_trap_t`: the error of a call.

use crate::pointer::{In, Out, end};
use crate::vector::wasm_byte_vec_t;
use crate::wasm::frame::{frames_of, wasm_frame_t, wasm_frame_vec_t};
use crate::wasm::reference::{HostInfo, Object, Shared, wasm_ref_t};
use crate::wasm::store::wasm_store_t;
use prova::wasi::I32Exit;
use prova::{Error, ThrownException, Trap};

/// An error that handles own together.
pub(crate) struct TrapObject {
    error: Error,
    pub(crate) info: HostInfo,
}

/// The handle of an error.
pub(crate) fn trap_of(error: Error) -> Box<wasm_ref_t> {
    let trap = TrapObject { error, info: HostInfo::default() };
    wasm_ref_t::of_object(Object::Trap(Shared::new(trap)))
}

/// The error of a trap that a host function returned. Other handles of it keep theirs; then the
/// error is one with the same message and code.
pub(crate) fn error_of(trap: wasm_ref_t) -> Error {
    let Object::Trap(trap) = trap.object else { none() };
    match trap.into_inner() {
        Ok(object) => object.error,
        Err(shared) => {
            if let Some(thrown) = shared.error.downcast_ref::<ThrownException>() {
                return thrown.clone().into();
            }
            let message = format!("{:#}", shared.error);
            match (shared.error.downcast_ref::<Trap>(), shared.error.downcast_ref::<I32Exit>()) {
                (Some(code), _) => Error::new(*code).context(message),
                (None, Some(exit)) => Error::new(*exit).context(message),
                (None, None) => Error::msg(message),
            }
        }
    }
}

fn none() -> ! {
    end("a handle that is none of a trap was given for one")
}

impl In<wasm_ref_t> {
    /// The error of a trap.
    pub(crate) fn error(&self) -> &Error {
        match &self.want("trap").object {
            Object::Trap(trap) => &trap.error,
            Object::Item(_) | Object::Module(_) | Object::Foreign(_) => none(),
        }
    }
}

/// The message of an error as users see it: each cause in a line, without the host's own frames.
pub(crate) fn message_of(error: &Error) -> String {
    let mut message = error.to_string();
    let causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
    for (number, cause) in causes.iter().enumerate() {
        message.push_str(if number == 0 { "\n\nCaused by:" } else { "" });
        let (label, indent) = match causes.len() {
            1 => (String::new(), "\n    "),
            _ => (format!("{number}: "), "\n       "),
        };
        message.push_str(&format!("\n    {label}{}", cause.replace('\n', indent)));
    }
    message
}

#[unsafe(no_mangle)]
extern "C" fn wasm_trap_new(
    _store: In<wasm_store_t>,
    message: In<wasm_byte_vec_t>,
) -> Option<Box<wasm_ref_t>> {
    Some(trap_of(Error::msg(message.want("message").to_text())))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_trap_message(trap: In<wasm_ref_t>, mut out: Out<wasm_byte_vec_t>) {
    let mut message = message_of(trap.error()).into_bytes();
    message.push(0);
    out.set(message.into_iter().collect());
}

#[unsafe(no_mangle)]
extern "C" fn wasm_trap_origin(trap: In<wasm_ref_t>) -> Option<Box<wasm_frame_t>> {
    frames_of(trap.error()).next().flatten()
}

#[unsafe(no_mangle)]
extern "C" fn wasm_trap_trace(trap: In<wasm_ref_t>, mut out: Out<wasm_frame_vec_t>) {
    out.set(frames_of(trap.error()).collect());
}
