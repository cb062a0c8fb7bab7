//! `wasm_*_vec_t`: vectors of the C API, and the functions of each kind.

use crate::pointer::{Give, In, Out};
use std::mem::{ManuallyDrop, MaybeUninit};

/// The elements of vectors.
pub(crate) trait Element: Sized {
    /// The element of a vector that is made uninitialised.
    fn empty() -> Self;
    /// An equal element that its vector owns.
    fn copied(&self) -> Self;
    /// Gives up what the element owns.
    fn give_up(self) {}
}

impl Element for u8 {
    fn empty() -> u8 {
        0
    }

    fn copied(&self) -> u8 {
        *self
    }
}

/// Objects: a vector owns them, and has null for one that was not set.
impl<T: Clone> Element for Option<Box<T>> {
    fn empty() -> Self {
        None
    }

    fn copied(&self) -> Self {
        self.clone()
    }
}

/// A vector (C3). Owned: dropping it gives up the elements.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Vector<T: Element> {
    size: usize,
    data: *mut T,
}

/// Names and messages: bytes.
pub(crate) type wasm_byte_vec_t = Vector<u8>;

// SAFETY: a vector owns its elements, as `Box<[T]>` does.
unsafe impl<T: Element + Send> Send for Vector<T> {}
// SAFETY: as above.
unsafe impl<T: Element + Sync> Sync for Vector<T> {}

impl<T: Element> Vector<T> {
    /// No elements.
    pub(crate) const EMPTY: Vector<T> = Vector { size: 0, data: std::ptr::null_mut() };

    /// The elements.
    pub(crate) fn elements(&self) -> &[T] {
        if self.size == 0 || self.data.is_null() {
            return &[];
        }
        // SAFETY: C3: `size` initialised elements; nobody changes them while `self` is borrowed.
        unsafe { std::slice::from_raw_parts(self.data, self.size) }
    }

    /// The elements of a vector that is owned or lent to be changed.
    pub(crate) fn elements_mut(&mut self) -> &mut [T] {
        if self.size == 0 || self.data.is_null() {
            return &mut [];
        }
        // SAFETY: C3, and `self` is the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.data, self.size) }
    }

    /// Places for elements, in a vector whose memory is the program's and may be uninitialised.
    pub(crate) fn slots(&mut self) -> &mut [MaybeUninit<T>] {
        if self.size == 0 || self.data.is_null() {
            return &mut [];
        }
        // SAFETY: C2 and C3: memory for `size` elements that nobody else uses.
        unsafe { std::slice::from_raw_parts_mut(self.data.cast(), self.size) }
    }

    /// The elements as Rust has them.
    pub(crate) fn into_boxed(self) -> Box<[T]> {
        let Vector { size, data } = *ManuallyDrop::new(self);
        if size == 0 || data.is_null() {
            return Box::default();
        }
        // SAFETY: C3: an owned vector is a boxed slice, and this one does not drop it.
        unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(data, size)) }
    }
}

impl<T: Element> Drop for Vector<T> {
    fn drop(&mut self) {
        let all = std::mem::replace(self, Vector::EMPTY).into_boxed();
        all.into_iter().for_each(Element::give_up);
    }
}

impl<T: Element> From<Box<[T]>> for Vector<T> {
    fn from(elements: Box<[T]>) -> Vector<T> {
        if elements.is_empty() {
            return Vector::EMPTY;
        }
        Vector { size: elements.len(), data: Box::into_raw(elements).cast() }
    }
}

impl<T: Element> FromIterator<T> for Vector<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Vector<T> {
        Vector::from(elements.into_iter().collect::<Box<[T]>>())
    }
}

impl From<&[u8]> for wasm_byte_vec_t {
    fn from(bytes: &[u8]) -> wasm_byte_vec_t {
        Vector::from(Box::<[u8]>::from(bytes))
    }
}

impl wasm_byte_vec_t {
    /// The bytes as text without a NUL at the end; what is no UTF-8 is replaced.
    pub(crate) fn to_text(&self) -> String {
        let bytes = self.elements();
        String::from_utf8_lossy(bytes.strip_suffix(&[0]).unwrap_or(bytes)).into_owned()
    }
}

impl<T: Element> Clone for Vector<T> {
    fn clone(&self) -> Vector<T> {
        self.elements().iter().map(Element::copied).collect()
    }
}

impl<T: Element> Give<Vector<T>> {
    /// The vector, which is empty afterwards; null is an empty one.
    pub(crate) fn take(&mut self) -> Vector<T> {
        self.replace(Vector::EMPTY).unwrap_or(Vector::EMPTY)
    }
}

/// Declares the functions of a kind of vector: `new_empty`, `new_uninitialized`, `new`, `copy`,
/// `delete`.
macro_rules! vector_functions {
    ($($element:ty: $empty:ident $uninitialized:ident $new:ident $copy:ident $delete:ident;)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $empty(mut out: $crate::pointer::Out<$crate::vector::Vector<$element>>) {
            out.set($crate::vector::Vector::EMPTY);
        }

        #[unsafe(no_mangle)]
        extern "C" fn $uninitialized(
            out: $crate::pointer::Out<$crate::vector::Vector<$element>>,
            size: usize,
        ) {
            $crate::vector::uninitialized(out, size);
        }

        #[unsafe(no_mangle)]
        extern "C" fn $new(
            out: $crate::pointer::Out<$crate::vector::Vector<$element>>,
            size: usize,
            elements: $crate::pointer::In<$element>,
        ) {
            $crate::vector::moved(out, size, &elements);
        }

        #[unsafe(no_mangle)]
        extern "C" fn $copy(
            mut out: $crate::pointer::Out<$crate::vector::Vector<$element>>,
            vector: $crate::pointer::In<$crate::vector::Vector<$element>>,
        ) {
            out.set(vector.want("vector to copy").clone());
        }

        #[unsafe(no_mangle)]
        extern "C" fn $delete(
            mut vector: $crate::pointer::Give<$crate::vector::Vector<$element>>,
        ) {
            drop(vector.take());
        }
    )*};
}
pub(crate) use vector_functions;

/// A vector of `size` empty elements.
pub(crate) fn uninitialized<T: Element>(mut out: Out<Vector<T>>, size: usize) {
    out.set((0..size).map(|_| T::empty()).collect());
}

/// A vector of elements that the program gives up.
pub(crate) fn moved<T: Element>(mut out: Out<Vector<T>>, size: usize, elements: &In<T>) {
    let elements = elements.slice(size);
    // SAFETY: C1: the elements are `own`, so the program does not use them any more, and nothing
    // drops them where they stand.
    out.set(elements.iter().map(|element| unsafe { std::ptr::read(element) }).collect());
}

vector_functions! {
    u8: wasm_byte_vec_new_empty wasm_byte_vec_new_uninitialized wasm_byte_vec_new
        wasm_byte_vec_copy wasm_byte_vec_delete;
}
