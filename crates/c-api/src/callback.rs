//! Data of a program with its finalizer → a value that Rust drops.

use std::ffi::c_void;

/// A function that a program gives to be called when its data is no longer needed.
pub(crate) type Finalizer = Option<extern "C" fn(*mut c_void)>;

/// Data of a program, which its finalizer is called with when this is dropped.
#[derive(Debug)]
pub(crate) struct Data {
    pointer: *mut c_void,
    finalizer: Finalizer,
}

// SAFETY: C5: the program allows its data to be used on each thread that uses the store, and a
// store on one thread at a time; here the pointer is handed on and never followed.
unsafe impl Send for Data {}
// SAFETY: as above.
unsafe impl Sync for Data {}

impl Data {
    /// Data with its finalizer.
    pub(crate) fn new(pointer: *mut c_void, finalizer: Finalizer) -> Data {
        Data { pointer, finalizer }
    }

    /// The pointer, to hand it to a callback.
    pub(crate) fn pointer(&self) -> *mut c_void {
        self.pointer
    }

    /// Sets the pointer that is handed on, and that the finalizer gets.
    pub(crate) fn set_pointer(&mut self, pointer: *mut c_void) {
        self.pointer = pointer;
    }

    /// Takes other data in its place. The finalizer runs, unless the pointer is the same.
    pub(crate) fn replace(&mut self, other: Data) {
        if self.pointer == other.pointer {
            self.finalizer = None;
        }
        *self = other;
    }
}

impl Default for Data {
    fn default() -> Data {
        Data::new(std::ptr::null_mut(), None)
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        if let Some(finalizer) = self.finalizer {
            finalizer(self.pointer);
        }
    }
}
