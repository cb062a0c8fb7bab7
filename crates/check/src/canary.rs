//! A function that is known to be good and one that is known to be bad, of one module and with one
//! certificate.
//!
//! The part that makes code executable (`prova-runtime`, *native*) passes both through the check,
//! on the path that all code takes, before any other code. A check that was left out, or that
//! accepts everything, is found there. The bad one differs by one bit: it writes the field that the
//! good one reads.

use crate::certificate::VERSION;
use crate::layout::{Config, Layout, LayoutError};
use crate::{Code, CodeKind};

/// `(module (func))`.
const WASM: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b";
/// `mov rax, [rdi + 8]`, which is the context of the function's own record; `ret`.
const GOOD: &[u8] = &[0x48, 0x8b, 0x47, 0x08, 0xc3];
/// `mov [rdi + 8], rax`; `ret`.
const BAD: &[u8] = &[0x48, 0x89, 0x47, 0x08, 0xc3];
/// The certificate that `prova-certify` finds for the good one.
const CERTIFICATE: &[u8] = &[VERSION, 0b1110_0000];

/// The layout of the module.
///
/// # Errors
/// None that is expected: the module is valid.
pub fn layout() -> Result<Layout, LayoutError> {
    Layout::derive(WASM, &Config::default())
}

/// The good function, or the bad one.
pub fn code(bad: bool) -> Code<'static> {
    let bytes = if bad { BAD } else { GOOD };
    Code { kind: CodeKind::Func(0), bytes, certificate: CERTIFICATE, traps: &[], calls: &[] }
}
