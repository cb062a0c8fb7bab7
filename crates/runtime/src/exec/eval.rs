//! The names in the op table's expressions that are not numeric operators, as an executor computes
//! them.

/// `select`: `a` where the condition is not zero, else `b`.
#[inline(always)]
#[cfg(not(prova_plant))]
pub(super) fn select<T>(a: T, b: T, condition: u32) -> T {
    if condition != 0 { a } else { b }
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
