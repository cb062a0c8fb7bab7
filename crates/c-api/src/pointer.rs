//! Pointers as C programs pass them → references, or the end of the process.
//!
//! Functions take [`In`] and [`Out`] in place of raw pointers, so that the invariants C1 and C2
//! are used here alone. Own pointers are `Option<Box<T>>`, which has the form of a pointer.

use prova::{Result, format_err};
use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;
use std::process;

/// A pointer that a function reads from: `const T*`, or a handle of which it needs no more.
#[repr(transparent)]
pub(crate) struct In<T>(*const T);

impl<T> In<T> {
    /// The value; `None` for null.
    pub(crate) fn get(&self) -> Option<&T> {
        // SAFETY: C1: null, or live for the call, which `self` is a parameter of.
        unsafe { self.0.as_ref() }
    }

    /// The value of a parameter that the header does not allow to be null.
    pub(crate) fn want(&self, name: &str) -> &T {
        self.get().unwrap_or_else(|| null(name))
    }

    /// The pointer itself, for functions that give it back as another type.
    pub(crate) fn pointer(&self) -> *const T {
        self.0
    }

    /// The elements of an array of `len`; none for null.
    pub(crate) fn slice(&self, len: usize) -> &[T] {
        if self.0.is_null() || len == 0 {
            return &[];
        }
        // SAFETY: C1: not null, so it points to `len` live values.
        unsafe { std::slice::from_raw_parts(self.0, len) }
    }
}

impl In<c_char> {
    /// The bytes of a string that ends with NUL.
    pub(crate) fn string(&self, name: &str) -> &[u8] {
        let start = self.want(name);
        // SAFETY: C1: a string of C ends with NUL.
        unsafe { CStr::from_ptr(start) }.to_bytes()
    }

    /// The bytes of an array of `len` characters.
    pub(crate) fn bytes(&self, len: usize) -> &[u8] {
        let chars = self.slice(len);
        // SAFETY: `c_char` and `u8` have the same size and alignment, and all bits are values.
        unsafe { std::slice::from_raw_parts(chars.as_ptr().cast(), chars.len()) }
    }

    /// The text of `len` characters.
    ///
    /// # Errors
    /// If it is not UTF-8.
    pub(crate) fn text(&self, len: usize) -> Result<&str> {
        std::str::from_utf8(self.bytes(len)).map_err(|_| format_err!("a name is not UTF-8"))
    }
}

/// A pointer that a function writes a value to: `own T* out`.
#[repr(transparent)]
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// Writes the value; what was there is not dropped. For null, the value is dropped.
    pub(crate) fn set(&mut self, value: T) {
        if !self.0.is_null() {
            // SAFETY: C2: memory for a `T` that nobody else uses.
            unsafe { self.0.write(value) }
        }
    }

    /// The elements of an array of `len`; none for null.
    pub(crate) fn slots(&mut self, len: usize) -> &mut [MaybeUninit<T>] {
        if self.0.is_null() || len == 0 {
            return &mut [];
        }
        // SAFETY: C2: not null, so it points to memory for `len` values.
        unsafe { std::slice::from_raw_parts_mut(self.0.cast(), len) }
    }
}

/// A pointer to a value that the function takes from there, and that is initialised.
#[repr(transparent)]
pub(crate) struct Give<T>(*mut T);

impl<T> Give<T> {
    /// The value, in whose place `left` stays; `None` for null.
    pub(crate) fn replace(&mut self, left: T) -> Option<T> {
        // SAFETY: C1: null, or a live value that is given up, so nobody else uses it.
        unsafe { self.0.as_mut() }.map(|place| std::mem::replace(place, left))
    }

    /// The value, to change where it stands.
    pub(crate) fn get(&mut self) -> Option<&mut T> {
        // SAFETY: C1, as above.
        unsafe { self.0.as_mut() }
    }

    /// The value of a parameter that the header does not allow to be null.
    pub(crate) fn want(&mut self, name: &str) -> &mut T {
        match self.get() {
            Some(value) => value,
            None => null(name),
        }
    }
}

/// Ends the process for a null pointer.
fn null(name: &str) -> ! {
    end(&format!("the parameter `{name}` is NULL"))
}

/// Ends the process with a message, where a function of C can report no error (C6).
pub(crate) fn end(message: &str) -> ! {
    eprintln!("prova: {message}");
    process::abort()
}

/// The value of something that a program may leave out by null only where the header says so.
pub(crate) fn want<T>(value: Option<T>, name: &str) -> T {
    value.unwrap_or_else(|| null(name))
}
