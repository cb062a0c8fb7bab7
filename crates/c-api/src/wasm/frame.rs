//! `wasm_frame_t`: one frame of a trap's backtrace.

use crate::pointer::In;
use crate::vector::{Vector, vector_functions, wasm_byte_vec_t};
use crate::wasm::reference::wasm_ref_t;
use prova::{Error, FrameInfo, WasmBacktrace};

/// A frame.
#[derive(Clone, Debug)]
pub(crate) struct wasm_frame_t {
    func_index: u32,
    func_offset: usize,
    module_offset: usize,
    func_name: Option<wasm_byte_vec_t>,
    module_name: Option<wasm_byte_vec_t>,
}

/// Frames, owned; the innermost is first.
pub(crate) type wasm_frame_vec_t = Vector<Option<Box<wasm_frame_t>>>;

/// The frames of an error, as far as it has any.
pub(crate) fn frames_of(error: &Error) -> impl Iterator<Item = Option<Box<wasm_frame_t>>> + '_ {
    let trace = error.downcast_ref::<WasmBacktrace>();
    trace.into_iter().flat_map(WasmBacktrace::frames).map(|frame| Some(Box::new(frame_of(frame))))
}

fn frame_of(frame: &FrameInfo) -> wasm_frame_t {
    wasm_frame_t {
        func_index: frame.func_index(),
        func_offset: frame.func_offset().unwrap_or(usize::MAX),
        module_offset: frame.module_offset().unwrap_or(usize::MAX),
        func_name: frame.func_name().map(|name| name.as_bytes().into()),
        module_name: frame.module_name().map(|name| name.as_bytes().into()),
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasm_frame_delete(_frame: Option<Box<wasm_frame_t>>) {}

#[unsafe(no_mangle)]
extern "C" fn wasm_frame_copy(frame: In<wasm_frame_t>) -> Option<Box<wasm_frame_t>> {
    Some(Box::new(frame.want("frame").clone()))
}

/// Null: a backtrace names modules and functions, not instances.
#[unsafe(no_mangle)]
extern "C" fn wasm_frame_instance(_frame: In<wasm_frame_t>) -> *mut wasm_ref_t {
    std::ptr::null_mut()
}

#[unsafe(no_mangle)]
extern "C" fn wasm_frame_func_index(frame: In<wasm_frame_t>) -> u32 {
    frame.want("frame").func_index
}

#[unsafe(no_mangle)]
extern "C" fn wasm_frame_func_offset(frame: In<wasm_frame_t>) -> usize {
    frame.want("frame").func_offset
}

#[unsafe(no_mangle)]
extern "C" fn wasm_frame_module_offset(frame: In<wasm_frame_t>) -> usize {
    frame.want("frame").module_offset
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_frame_func_name(frame: In<wasm_frame_t>) -> *const wasm_byte_vec_t {
    frame.want("frame").func_name.as_ref().map_or(std::ptr::null(), std::ptr::from_ref)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_frame_module_name(frame: In<wasm_frame_t>) -> *const wasm_byte_vec_t {
    frame.want("frame").module_name.as_ref().map_or(std::ptr::null(), std::ptr::from_ref)
}

vector_functions! {
    Option<Box<wasm_frame_t>>:
        wasm_frame_vec_new_empty wasm_frame_vec_new_uninitialized wasm_frame_vec_new
        wasm_frame_vec_copy wasm_frame_vec_delete;
}
