//! The names in the op table's expressions that are not numeric operators, as an executor computes
//! them.

/// `select`: `a` where the condition is not zero, else `b`.
#[inline(always)]
#[cfg(not(prova_plant))]
pub(super) fn select<T>(a: T, b: T, condition: u32) -> T {
    if condition != 0 { a } else { b }
}

/// The cell of an i32 (T2).
#[inline(always)]
pub(super) fn cell(value: u32) -> u64 {
    u64::from(value)
}

/// The i32 in a cell.
#[inline(always)]
pub(super) fn i32_of(cell: u64) -> u32 {
    cell as u32
}

/// The f32 of these bits.
#[inline(always)]
pub(super) fn f32_of(bits: u32) -> f32 {
    f32::from_bits(bits)
}

/// The f64 of these bits.
#[inline(always)]
pub(super) fn f64_of(bits: u64) -> f64 {
    f64::from_bits(bits)
}

/// The bits of an f32.
#[inline(always)]
pub(super) fn f32_bits(value: f32) -> u32 {
    value.to_bits()
}

/// The bits of an f64.
#[inline(always)]
pub(super) fn f64_bits(value: f64) -> u64 {
    value.to_bits()
}

/// `ref.is_null`: the null reference is the cell 0.
#[inline(always)]
pub(super) fn ref_is_null(reference: u64) -> u32 {
    u32::from(reference == 0)
}

/// Writes a value of the width that a store's expression has.
///
/// # Safety
/// `size_of::<T>()` bytes from `at` are writable.
#[inline(always)]
pub(super) unsafe fn write_unaligned<T>(at: *mut u8, value: T) {
    // SAFETY: the caller's.
    unsafe {
        #[cfg(prova_plant)]
        if planted!(StoreNarrow) && size_of::<T>() == 4 {
            at.cast::<u16>().write_unaligned((&raw const value).cast::<u16>().read());
            return;
        }
        at.cast::<T>().write_unaligned(value)
    }
}
