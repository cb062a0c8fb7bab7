//! Machine code → the certificate with which `prova-check` accepts it.
//!
//! ```text
//! Draft { bytes, rows } ─ graph, slice ─► needs ─ flow: fixpoint ─► claims at merges ─ need ─► encode ─► certificate
//! ```
//!
//! Nothing here is trusted: what is wrong makes the check refuse. The certifier executes the
//! check's own abstract machine over the bytes until the states at merges are stable (`flow`,
//! `join`: a value-partition analysis with joint symbols, after Alpern, Wegman and Zadeck, POPL
//! 1988), for what obligations need (`graph`, `slice`), and writes that in a short form (`need`,
//! `encode`). Where that is not accepted, it does the same for all locations. It reads final bytes
//! only, so it does not depend on how a compiler lowers.
//!
//! Limits: time is linear in the code times the height of the lattice, which is small: bounds widen
//! along a ladder, and a fact that changes more than [`CHANGES_MAX`] times at a block is dropped (a
//! lower bound, four times as many).

mod encode;
mod flow;
mod graph;
mod join;
mod need;
mod slice;

pub use flow::CHANGES_MAX;

use flow::Insns;
use prova_check::{CallRow, Code, CodeKind, Fault, Layout, Machine, Rule, TrapRow};
use slice::Reads;
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
    let len = u32::try_from(draft.bytes.len()).unwrap_or(u32::MAX);
    let metering = layout.config().metering;
    let metered = metering.fuel || metering.epoch;
    let mut last = CertifyError { offset: 0, rule: Rule::Limit, what: "nothing was tried" };
    for (reads, levels) in need::ATTEMPTS {
        // All bytes may be data until it is known which are code.
        let machine = Machine::new(layout, draft.kind, draft.bytes, vec![(0, len)])
            .map_err(|fault| CertifyError::at(0, fault))?;
        let mut insns = Insns::new(draft.bytes);
        let graph = graph::graph(&mut insns, &machine);
        let needs = slice::needs(&graph, reads.unwrap_or(Reads::Comparisons));
        let analysis = match flow::run(machine, insns, (draft, reads.map(|_| &needs))) {
            Ok(analysis) => analysis,
            Err(error) => {
                last = error;
                continue;
            }
        };
        for &level in levels {
            let claimed = need::prune(&analysis.claimed, &needs, (level, metered));
            let certificate = encode::encode(&analysis.data, &analysis.frame, &claimed);
            let code = Code {
                kind: draft.kind,
                bytes: draft.bytes,
                certificate: &certificate,
                traps: draft.traps,
                calls: draft.calls,
            };
            match layout.check(code) {
                Ok(_) => return Ok(certificate),
                Err(rejection) => {
                    let (offset, rule, what) = (rejection.offset, rejection.rule, rejection.what);
                    last = CertifyError { offset, rule, what };
                }
            }
        }
    }
    Err(last)
}
