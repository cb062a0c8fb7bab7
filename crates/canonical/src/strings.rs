//! Strings in memory, in three encodings.
//!
//! Bounds and alignment are asked before a byte is read, and each byte is read once.
//!
//! Source: `load_string_from_range` and `store_string_into_range` of `definitions.py`. Where that
//! text asks `realloc` for more bytes in several steps, [`lower`] asks once for what the string
//! takes: the host has the whole string.

use crate::guest::{Encoding, Fault, Guest, Options};
use crate::memory::{bytes_at, place};
use crate::types::Pointer;

/// Most bytes of a string.
pub const STRING_BYTES_MAX: u64 = (1 << 31) - 1;

/// The bit of a length that says *UTF-16* in [`Encoding::Latin1OrUtf16`].
const fn tag(pointer: Pointer) -> u64 {
    match pointer {
        Pointer::Narrow => 1 << 31,
        Pointer::Wide => 1 << 63,
    }
}

/// The string at a pointer.
///
/// # Errors
/// [`Fault`]; what paying for its bytes ends with.
pub(crate) fn lift<G: Guest>(
    guest: &mut G,
    options: Options,
    pointer: u64,
    length: u64,
) -> Result<String, G::Error> {
    let tag = tag(options.pointer);
    let (encoding, units) = match options.encoding {
        Encoding::Latin1OrUtf16 if length & tag != 0 => (Encoding::Utf16, length & !tag),
        encoding => (encoding, length),
    };
    let width = if encoding == Encoding::Utf16 { 2 } else { 1 };
    let align = if options.encoding == Encoding::Utf8 { 1 } else { 2 };
    let bytes = units.saturating_mul(width);
    if bytes > STRING_BYTES_MAX {
        return Err(Fault::StringTooLong(bytes).into());
    }
    if !pointer.is_multiple_of(align.into()) {
        return Err(Fault::Misaligned { pointer, align }.into());
    }
    // They are there before anything is paid or taken for them.
    bytes_at(guest.memory()?, "string", pointer, bytes)?;
    guest.charge(bytes)?;
    let bytes = bytes_at(guest.memory()?, "string", pointer, bytes)?;
    match encoding {
        Encoding::Utf8 => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(Fault::Text(Encoding::Utf8).into()),
        },
        Encoding::Utf16 => {
            let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
            let text: Result<String, _> = char::decode_utf16(units).collect();
            text.map_err(|_| Fault::Text(Encoding::Utf16).into())
        }
        Encoding::Latin1OrUtf16 => Ok(bytes.iter().copied().map(char::from).collect()),
    }
}

/// Writes a string to new bytes of the guest; its pointer and length.
///
/// # Errors
/// [`Fault`]; what the guest's `realloc`, or paying, ends with.
pub(crate) fn lower<G: Guest>(
    guest: &mut G,
    options: Options,
    text: &str,
) -> Result<(u64, u64), G::Error> {
    let latin1 = || text.chars().all(|c| u32::from(c) < 0x100);
    match options.encoding {
        Encoding::Utf8 => {
            let pointer = write(guest, 1, text.as_bytes())?;
            Ok((pointer, text.len() as u64))
        }
        Encoding::Latin1OrUtf16 if latin1() => {
            let bytes: Vec<u8> = text.chars().map(|c| u32::from(c) as u8).collect();
            let pointer = write(guest, 2, &bytes)?;
            Ok((pointer, bytes.len() as u64))
        }
        Encoding::Utf16 | Encoding::Latin1OrUtf16 => {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let pointer = write(guest, 2, &bytes)?;
            let compact = options.encoding == Encoding::Latin1OrUtf16;
            let tag = if compact { tag(options.pointer) } else { 0 };
            Ok((pointer, (bytes.len() as u64 / 2) | tag))
        }
    }
}

fn write<G: Guest>(guest: &mut G, align: u32, bytes: &[u8]) -> Result<u64, G::Error> {
    let length = bytes.len() as u64;
    if length > STRING_BYTES_MAX {
        return Err(Fault::StringTooLong(length).into());
    }
    guest.charge(length)?;
    let pointer = place(guest, align, length)?;
    crate::memory::write(guest, pointer, bytes)?;
    Ok(pointer)
}
