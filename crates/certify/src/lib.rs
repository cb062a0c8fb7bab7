//! Machine code → the certificate with which `prova-check` accepts it.
//!
//! ```text
//! Draft { bytes, rows } ─ flow: fixpoint over the bytes ─► claims at merges ─ need ─► encode ─► certificate
//! ```
//!
//! Nothing here is trusted: what is wrong makes the check refuse. The certifier executes the
//! check's own abstract machine over the bytes until the states at merges are stable (`flow`,
//! `join`: a value-partition analysis with joint symbols, after Alpern, Wegman and Zadeck, POPL
//! 1988), leaves out what no obligation needs (`need`), and writes the rest (`encode`). It reads
//! final bytes only, so it does not depend on how a compiler lowers.
//!
//! Limits: time is linear in the code times the height of the lattice, which is small: bounds widen
//! along a ladder, and a fact that changes more than [`CHANGES_MAX`] times at a block is dropped (a
//! lower bound, four times as many).

mod encode;
mod flow;
mod join;
mod need;

pub use flow::CHANGES_MAX;

use prova_check::{CallRow, Code, CodeKind, Fault, Layout, Rule, TrapRow};
use std::fmt;

/// Code that wants a certificate.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// Which code it is.
    pub kind: CodeKind,
    /// The final bytes.
    pub bytes: &'a [u8],
    /// The trap map.
    pub traps: &'a [TrapRow],
    /// The call map.
    pub calls: &'a [CallRow],
}

/// Why there is no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertifyError {
    /// Offset in the code, in bytes.
    pub offset: u32,
    /// The rule that would be broken.
    pub rule: Rule,
    /// What is wrong.
    pub what: &'static str,
}

impl CertifyError {
    pub(crate) fn at(offset: u32, Fault { rule, what }: Fault) -> CertifyError {
        CertifyError { offset, rule, what }
    }
}

impl fmt::Display for CertifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no certificate: at {:#x}: {:?}: {}", self.offset, self.rule, self.what)
    }
}

impl std::error::Error for CertifyError {}

/// The certificate of a draft: the smallest that the check accepts of a few.
///
/// # Errors
///
/// [`CertifyError`] where the abstract machine finds a rule broken.
pub fn certify(layout: &Layout, draft: &Draft<'_>) -> Result<Vec<u8>, CertifyError> {
    let flow = flow::run(layout, draft)?;
    let (data, blocks) = (flow.data(), flow.blocks());
    let mut last = None;
    for level in need::LEVELS {
        let claimed = need::prune(&flow, &blocks, level);
        let certificate = encode::encode(&data, &flow.frame, &claimed);
        let code = Code {
            kind: draft.kind,
            bytes: draft.bytes,
            certificate: &certificate,
            traps: draft.traps,
            calls: draft.calls,
        };
        match layout.check(code) {
            Ok(_) => return Ok(certificate),
            Err(rejection) => last = Some(rejection),
        }
    }
    let (offset, rule, what) =
        last.map_or((0, Rule::Limit, "nothing was tried"), |r| (r.offset, r.rule, r.what));
    Err(CertifyError { offset, rule, what })
}
