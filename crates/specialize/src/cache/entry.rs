//! An entry of the cache, as bytes: the certificate and the body of a specialised function, as they
//! are before all passes.
//!
//! ```text
//! HEAD, a digest of the rest, key, certificate (`roles`), body (`body`)
//! ```
//!
//! * H1. The checksum finds damage by accident, and the key an entry under another's name, so that
//!   both are reported as such, not as a false entry. Neither says that an entry is true.
//! * H2. Functions have the numbers of the module with its intrinsics, and offsets count from the
//!   generic function's start: an entry can be verified against the module that asks for it.
//!
//! Limits: [`ENTRY_BYTES_MAX`]. Reading takes time and memory linear in the bytes.

use super::bytes::Reader;
use super::key::{Key, digest};
use super::{body, roles};
use crate::ask::certificate::Certificate;
use crate::write::residual::Residual;
use prova_module::FuncIdx;
use prova_ssa::Body;

/// The most bytes of an entry: larger functions are not kept, larger entries not read.
pub const ENTRY_BYTES_MAX: usize = 4 << 20;

/// First bytes of an entry of any version.
pub const HEAD: &[u8] = b"prova-specialize ";

/// First bytes of an entry of this version.
const MAGIC: &[u8] = b"prova-specialize 2\n";

/// The bytes of a digest.
const SUM: usize = 32;

/// Makes an entry of a certificate and a body whose function starts at an offset, with functions by
/// the numbers that are given; `None` if there is none, or it would be too large.
pub(super) fn write(
    key: &Key,
    certificate: &Certificate,
    body: (&Body, u32),
    func: impl Fn(FuncIdx) -> FuncIdx,
) -> Option<Vec<u8>> {
    let mut rest = key.as_bytes().to_vec();
    roles::write(&mut rest, certificate);
    body::write(&mut rest, body.0, body.1, func)?;
    let entry = sealed(&rest);
    (entry.len() <= ENTRY_BYTES_MAX).then_some(entry)
}

/// An entry of its contents.
pub(super) fn sealed(rest: &[u8]) -> Vec<u8> {
    [MAGIC, digest("entry", rest).as_bytes(), rest].concat()
}

/// Reads an entry of a function that starts at an offset.
///
/// # Errors
/// Why it is none of this key.
pub(super) fn read(
    key: &Key,
    entry: &[u8],
    (func, start): (FuncIdx, u32),
) -> Result<Residual, &'static str> {
    if entry.len() > ENTRY_BYTES_MAX {
        return Err("it is too large");
    }
    let rest = entry.strip_prefix(MAGIC).and_then(|rest| rest.split_at_checked(SUM));
    let (sum, rest) = rest.ok_or("it is no entry of a cache")?;
    if sum != digest("entry", rest).as_bytes() {
        return Err("its checksum is another one");
    }
    let rest = rest.strip_prefix(key.as_bytes()).ok_or("it is the entry of another key")?;
    let mut from = Reader::new(rest);
    let certificate = roles::read(&mut from).ok_or("it has no certificate")?;
    let body = body::read(&mut from, func, start).ok_or("it has no body")?;
    if !from.is_at_end() {
        return Err("it has more than a body");
    }
    Ok(Residual { body, certificate })
}
