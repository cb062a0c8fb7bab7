//! Bytes of a guest's memory: bounds, new places, numbers.

use crate::guest::{Fault, Guest};

/// The bytes at a pointer.
///
/// # Errors
/// If they do not all lie in the memory.
pub(crate) fn bytes_at<'m>(
    memory: &'m mut [u8],
    what: &'static str,
    pointer: u64,
    bytes: u64,
) -> Result<&'m mut [u8], Fault> {
    let range = || {
        let start = usize::try_from(pointer).ok()?;
        Some(start..start.checked_add(usize::try_from(bytes).ok()?)?)
    };
    let found = range().and_then(|range| memory.get_mut(range));
    found.ok_or(Fault::OutOfBounds { what, pointer, bytes })
}

/// New bytes of the guest: `realloc`'s answer has the alignment, and lies in the memory as it is
/// then (K6, K7).
///
/// # Errors
/// [`Fault::ReallocMisaligned`], [`Fault::ReallocOutOfBounds`]; what the guest ends with.
pub(crate) fn place<G: Guest>(guest: &mut G, align: u32, bytes: u64) -> Result<u64, G::Error> {
    let pointer = guest.realloc(align, bytes)?;
    if !pointer.is_multiple_of(align.into()) {
        return Err(Fault::ReallocMisaligned(pointer).into());
    }
    if bytes_at(guest.memory()?, "value", pointer, bytes).is_err() {
        return Err(Fault::ReallocOutOfBounds(pointer).into());
    }
    Ok(pointer)
}

/// Writes bytes.
///
/// # Errors
/// If they do not all lie in the memory.
pub(crate) fn write<G: Guest>(guest: &mut G, pointer: u64, bytes: &[u8]) -> Result<(), G::Error> {
    let found = bytes_at(guest.memory()?, "value", pointer, bytes.len() as u64)?;
    found.copy_from_slice(bytes);
    Ok(())
}

/// Writes the low bytes of a number, at most eight.
///
/// # Errors
/// If they do not all lie in the memory.
pub(crate) fn write_number<G: Guest>(
    guest: &mut G,
    pointer: u64,
    bytes: u32,
    number: u64,
) -> Result<(), G::Error> {
    let all = number.to_le_bytes();
    write(guest, pointer, all.get(..bytes as usize).unwrap_or(&all))
}

/// A number of `bytes` bytes, at most eight.
///
/// # Errors
/// If they do not all lie in the memory.
pub(crate) fn read_number<G: Guest>(
    guest: &mut G,
    pointer: u64,
    bytes: u32,
) -> Result<u64, G::Error> {
    let found = bytes_at(guest.memory()?, "value", pointer, bytes.into())?;
    Ok(found.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}
