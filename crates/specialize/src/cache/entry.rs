//! What is kept of a specialised function, as text: its certificate and its body, as they are
//! before all passes.
//!
//! ```text
//! prova-specialize 0123…  a digest of the rest
//! key 4567…
//! roles 12
//! …                       a line for each role (`roles`)
//! ssa func7               the body (`prova_ssa::print`)
//! …
//! ```
//!
//! * H1. The checksum finds damage by accident, and the key an entry under another's name, so that
//!   both are told from an entry that is false. Neither says that an entry is true.
//! * H2. Functions have the numbers of the module with its intrinsics, and offsets count from the
//!   generic function's start: an entry can be verified against the module that asks for it.
//!
//! Limits: [`ENTRY_BYTES_MAX`]; of lists see `roles`. Reading takes time and memory linear in the
//! bytes.

use super::key::{Key, nothing};
use super::roles;
use crate::certificate::Certificate;
use crate::residual::Residual;
use prova_ssa::Body;

/// The most bytes of an entry: larger functions are not kept, larger entries not read.
pub const ENTRY_BYTES_MAX: usize = 16 << 20;

/// What an entry begins with.
const MAGIC: &str = "prova-specialize ";

/// Makes an entry of a body and its certificate; `None` if it would be too large.
pub(super) fn write(key: &Key, body: &Body, certificate: &Certificate) -> Option<Vec<u8>> {
    let roles = roles::write(certificate);
    let count = certificate.roles.len();
    let rest = format!("key {key}\nroles {count}\n{roles}{}", prova_ssa::print(body));
    let entry = sealed(&rest);
    (entry.len() <= ENTRY_BYTES_MAX).then_some(entry)
}

/// An entry of its contents.
pub(super) fn sealed(rest: &str) -> Vec<u8> {
    format!("{MAGIC}{}\n{rest}", checksum(rest)).into_bytes()
}

fn checksum(rest: &str) -> String {
    nothing().extend("entry", rest.as_bytes()).to_string()
}

/// Reads an entry.
///
/// # Errors
/// Why it is none of this key.
pub(super) fn read(key: &Key, entry: &[u8]) -> Result<Residual, String> {
    let refused = |what: &str| Err(what.to_owned());
    if entry.len() > ENTRY_BYTES_MAX {
        return refused("it is too large");
    }
    let text = std::str::from_utf8(entry).ok().and_then(|text| text.strip_prefix(MAGIC));
    let Some((sum, rest)) = text.and_then(|text| text.split_once('\n')) else {
        return refused("it is no entry of a cache");
    };
    if sum != checksum(rest) {
        return refused("its checksum is another one");
    }
    let mut lines = rest.lines();
    let name = lines.next().and_then(|line| line.strip_prefix("key "));
    if name != Some(&*key.to_string()) {
        return refused("it is the entry of another key");
    }
    let count = lines.next().and_then(|line| line.strip_prefix("roles ")?.parse::<usize>().ok());
    let certificate = count.and_then(|count| roles::read(&mut lines, count));
    let Some(certificate) = certificate else { return refused("it has no certificate") };
    // All that is left is the body.
    let body = lines.next().map(|first| first.as_ptr() as usize - rest.as_ptr() as usize);
    let body = body.and_then(|at| rest.get(at..)).unwrap_or_default();
    let body = prova_ssa::parse(body).map_err(|error| format!("its body: {error}"))?;
    Ok(Residual { body, certificate })
}
