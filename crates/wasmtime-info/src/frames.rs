//! The section `.eh_frame`: descriptions of frames, which the host's unwinder is given when the
//! module is loaded (DWARF 5 §6.4; Linux Standard Base, *Exception Frames*).
//!
//! The unwinder follows them where it walks the host's stack: for a backtrace, or while a panic
//! unwinds. It searches registered descriptions before its own, so one that claimed addresses of
//! the host would be believed of the host's own frames. So:
//!
//! - U1. There is one common entry, with the bytes that Wasmtime writes: no personality, no
//!   signal frame, addresses relative to themselves.
//! - U2. Each further entry describes exactly one piece of code with a name, each at most once and
//!   in their order, relative to where section and text lie in the file, which is mapped as a
//!   whole.
//! - U3. Its instructions say that a function has pushed the frame pointer, that it has set it, and
//!   that registers other than stack pointer and return address lie in its frame: no expressions,
//!   no other rule for the frame's address, no register that a machine does not have.
//! - U4. Nothing follows the empty entry that ends the list.
//! - U5. Where there is code, there is an entry, and the section begins at a page: builds with
//!   debug assertions stop where it does not.
//!
//! When a function has done these steps is not compared with its code. A walk of the stack may so
//! read a wrong place of the stack and name wrong frames; a panic ends before it reaches compiled
//! code, since the host's functions catch it.

use crate::error::Error;
use crate::file::Section;
use crate::translation::PAGE;
use prova_wasmtime_layout::Symbol;

/// The section's name.
pub(crate) const SECTION: &str = ".eh_frame";

/// U1: version 1, `zR`, code in bytes, data in -8 bytes, return address 16; one byte of data: the
/// encoding of addresses; the frame begins 8 bytes above `rsp`, behind the return address.
const COMMON: [u8; 24] = [
    0x14, 0, 0, 0, 0, 0, 0, 0, 1, b'z', b'R', 0, 1, 0x78, 0x10, 1, 0x10, 0x0c, 7, 8, 0x90, 1, 0, 0,
];

/// Numbers of registers: of the stack pointer, the frame pointer, and the return address.
const RSP: u8 = 7;
const RBP: u8 = 6;
const RETURN: u8 = 16;
/// Bytes between the frame's address and the saved frame pointer.
const FRAME: u64 = 16;

/// Checks the section.
pub(crate) fn check(section: Section<'_>, text: Section<'_>, code: &[Symbol]) -> Result<(), Error> {
    if section.data.is_empty() {
        return Ok(());
    }
    let wrong = |at: usize, what: &str| Error::at(SECTION, at, what);
    // U5.
    if !code.is_empty() && !section.at.is_multiple_of(PAGE) {
        return Err(wrong(0, "not at a page's beginning"));
    }
    if !section.data.starts_with(&COMMON) {
        return Err(wrong(0, "not the common entry that Wasmtime writes"));
    }
    // What is added to a place in the section for one in the text.
    let to_text = section.at.wrapping_sub(text.at);
    let (mut at, has_code, mut code) = (COMMON.len(), !code.is_empty(), code.iter());
    loop {
        let word =
            |at: usize| section.data.get(at..)?.first_chunk().copied().map(u32::from_le_bytes);
        let long =
            |at: usize| section.data.get(at..)?.first_chunk().copied().map(u64::from_le_bytes);
        let Some(len) = word(at) else {
            return Err(wrong(at, "no entry ends the list"));
        };
        if len == 0 {
            // U5.
            if at == COMMON.len() && has_code {
                return Err(wrong(at, "no entry of any code"));
            }
            // U4.
            let end = at + 4 == section.data.len();
            return if end { Ok(()) } else { Err(wrong(at + 4, "bytes behind the end")) };
        }
        let body = at + 4;
        let end = body.checked_add(len as usize).filter(|end| *end <= section.data.len());
        let parts = word(body).zip(long(body + 4).zip(long(body + 12)));
        let (Some(end), Some((common, (relative, bytes)))) = (end, parts) else {
            return Err(wrong(at, "an entry that is cut"));
        };
        if common as usize != body {
            return Err(wrong(body, "an entry of another common one"));
        }
        // U2.
        let start = (body as u64 + 4).wrapping_add(relative).wrapping_add(to_text);
        if !code.any(|symbol| (u64::from(symbol.start), u64::from(symbol.len)) == (start, bytes)) {
            return Err(wrong(body + 4, "a range that is no code's, or out of order"));
        }
        // Behind the range the length of data that there is none of.
        let Some([data, instructions @ ..]) = section.data.get(body + 20..end) else {
            return Err(wrong(at, "an entry that is cut"));
        };
        if *data != 0 {
            return Err(wrong(body + 20, "data of an entry"));
        }
        steps(instructions).map_err(|(behind, what)| wrong(body + 21 + behind, what))?;
        at = end;
    }
}

/// U3; a fault has its place in the instructions.
fn steps(all: &[u8]) -> Result<(), (usize, &'static str)> {
    let mut rest = all;
    let (mut pushed, mut set) = (false, false);
    while let Some((&op, behind)) = rest.split_first() {
        let at = all.len() - rest.len();
        rest = behind;
        let cut = (at, "an instruction that is cut");
        match op {
            // Nothing; code further on, by 6, 8, 16 or 32 bits.
            0 | 0x40..=0x7f => {}
            2..=4 => rest = rest.get(1 << (op - 2)..).ok_or(cut)?,
            // The frame's address is further from the stack pointer: behind a push.
            0x0e if !pushed && !set => {
                if leb(&mut rest).ok_or(cut)? != FRAME {
                    return Err((at, "a frame of another size than a pushed pointer's"));
                }
                pushed = true;
            }
            // It is counted from another register: the frame pointer.
            0x0d if pushed && !set => {
                if leb(&mut rest).ok_or(cut)? != u64::from(RBP) {
                    return Err((at, "a frame that is counted from another register"));
                }
                set = true;
            }
            // A register was saved, by words below the frame's address.
            0x80..=0xbf => {
                let register = op & 0x3f;
                let words = leb(&mut rest).ok_or(cut)?;
                let saved = match register {
                    RBP => words == 2,
                    RSP | RETURN.. => false,
                    _ => words > 2,
                };
                if !pushed || !saved {
                    return Err((at, "a register that is saved where none is"));
                }
            }
            _ => return Err((at, "an instruction that has no rule")),
        }
    }
    Ok(())
}

fn leb(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in [0, 7, 14, 21] {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
