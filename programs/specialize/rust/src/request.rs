//! Requests: records in memory, from which the specialiser reads what is asked for.
//!
//! Invariants: records, their arguments and the places of functions are `'static`, and the list of
//! records is written by one thread, before the module is specialised.

use core::cell::UnsafeCell;
use core::ptr;

/// A request's record, of the layout that the specialiser reads.
#[repr(C)]
pub struct Request {
    next: *mut Request,
    prev: *mut Request,
    id: u32,
    globals: u32,
    generic: *const (),
    arguments: *const u8,
    arguments_size: u32,
    specialized: *mut (),
}

/// The list's head.
static mut PENDING: *mut Request = ptr::null_mut();
/// 1 once the module is what the specialiser has made.
static mut SPECIALIZED: u8 = 0;

#[cfg(all(target_arch = "wasm32", not(feature = "plain")))]
#[unsafe(export_name = "weval.pending.head")]
extern "C" fn pending_head() -> *mut *mut Request {
    &raw mut PENDING
}

#[cfg(all(target_arch = "wasm32", not(feature = "plain")))]
#[unsafe(export_name = "weval.is.wevaled")]
extern "C" fn is_wevaled() -> *mut u8 {
    &raw mut SPECIALIZED
}

/// Whether this module is what the specialiser has made.
#[must_use]
pub fn is_specialized() -> bool {
    // SAFETY: nobody in this module writes it; the specialiser has, before the module ran.
    unsafe { (&raw const SPECIALIZED).read_volatile() != 0 }
}

/// The place of a specialised function, of type `F`: a pointer to an `extern "C"` function.
#[repr(transparent)]
pub struct Compiled<F>(UnsafeCell<Option<F>>);

// SAFETY: no code of the module writes it; the specialiser does, before the module runs.
unsafe impl<F> Sync for Compiled<F> {}

impl<F: Copy> Compiled<F> {
    /// A place in which nothing is.
    #[must_use]
    pub const fn new() -> Compiled<F> {
        const { assert!(size_of::<Option<F>>() == size_of::<usize>(), "a pointer to a function") }
        Compiled(UnsafeCell::new(None))
    }

    /// The function, if one was made.
    #[must_use]
    pub fn get(&self) -> Option<F> {
        // SAFETY: as for `Sync`; volatile, because the compiler sees nobody write it.
        unsafe { self.0.get().read_volatile() }
    }
}

impl<F: Copy> Default for Compiled<F> {
    fn default() -> Compiled<F> {
        Compiled::new()
    }
}

/// What the parameters of the generic function are, in their order, written to a buffer.
pub struct Arguments {
    buffer: &'static mut [u8],
    len: usize,
}

impl Arguments {
    /// None yet, with room for 16 bytes for each, and for the bytes of texts, padded to 8.
    #[must_use]
    pub fn new(buffer: &'static mut [u8]) -> Arguments {
        Arguments { buffer, len: 0 }
    }

    fn put(mut self, specialize: u32, ty: u32, low: u32, high: u32) -> Arguments {
        for word in [specialize, ty, low, high] {
            self.buffer[self.len..self.len + 4].copy_from_slice(&word.to_le_bytes());
            self.len += 4;
        }
        self
    }

    /// A constant.
    #[must_use]
    pub fn i32(self, value: u32) -> Arguments {
        self.put(1, 0, value, 0)
    }

    /// A constant.
    #[must_use]
    pub fn i64(self, value: u64) -> Arguments {
        self.put(1, 1, value as u32, (value >> 32) as u32)
    }

    /// What comes at run time.
    #[must_use]
    pub fn runtime(self) -> Arguments {
        self.put(0, 255, 0, 0)
    }

    /// A pointer to bytes that never change.
    ///
    /// # Panics
    /// If the buffer is too small; so do the others.
    #[must_use]
    pub fn memory(self, bytes: &[u8]) -> Arguments {
        let padded = bytes.len().next_multiple_of(8);
        let mut all = self.put(1, 4, bytes.len() as u32, padded as u32);
        let to = &mut all.buffer[all.len..all.len + padded];
        to[..bytes.len()].copy_from_slice(bytes);
        to[bytes.len()..].fill(0);
        all.len += padded;
        all
    }
}

impl Request {
    /// A record that asks for nothing yet.
    #[must_use]
    pub const fn new() -> Request {
        Request {
            next: ptr::null_mut(),
            prev: ptr::null_mut(),
            id: 0,
            globals: 0,
            generic: ptr::null(),
            arguments: ptr::null(),
            arguments_size: 0,
            specialized: ptr::null_mut(),
        }
    }

    /// Asks for a function: `generic` is the interpreter, as `run as *const ()`; its parameters are
    /// `arguments`; what is made goes to `compiled`, whose type is the interpreter's. `id` is the
    /// program's own number. Once for each record, in the initialiser.
    pub fn ask<F>(
        &'static mut self,
        id: u32,
        generic: *const (),
        arguments: Arguments,
        compiled: &'static Compiled<F>,
    ) {
        self.id = id;
        self.generic = generic;
        self.arguments = arguments.buffer.as_ptr();
        self.arguments_size = arguments.len as u32;
        self.specialized = compiled.0.get().cast();
        // SAFETY: one thread, and records that stay; this one is in no list.
        unsafe {
            self.next = PENDING;
            if let Some(next) = PENDING.as_mut() {
                next.prev = self;
            }
            PENDING = self;
        }
    }
}

impl Default for Request {
    fn default() -> Request {
        Request::new()
    }
}
