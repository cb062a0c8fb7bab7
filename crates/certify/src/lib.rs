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
//! `encode`). Where that is not accepted, it does the same with more facts, and then for all
//! locations. It reads final bytes only, so it does not depend on how a compiler lowers.
//!
//! Limits: time is linear in the code times the height of the lattice, which is small: bounds widen
//! along a ladder, and a fact that changes more than [`CHANGES_MAX`] times at a block is dropped (a
//! lower bound, four times as many); where no certificate is accepted so, the last attempts have
//! more patience (`need`).

mod bits;
mod counts;
mod derive;
mod draft;
mod encode;
mod flow;
mod graph;
mod halves;
mod join;
mod jumps;
mod need;
mod parallel;
mod prepare;
pub mod relation;
mod set;
mod slice;

pub use derive::{Derivation, derive};
pub use draft::{CertifyError, Draft};
pub use join::asked::CHANGES_MAX;
pub use parallel::in_parallel;
pub use slice::registers as registers_of;

use draft::machine;
use flow::{Insns, Wanted};
use need::Attempt;
use prepare::{Needs, prepared};
use prova_check::{CheckedCode, Code, Layout, Rejection, Rule};

/// The certificate of a draft that is likely to be accepted, made in the least time. It was not
/// checked; where the check refuses it, [`certify`] knows more.
///
/// # Errors
///
/// [`CertifyError`] where the abstract machine finds a rule broken.
pub fn propose(layout: &Layout, draft: &Draft<'_>) -> Result<Vec<u8>, CertifyError> {
    let mut proposed = Err(NOTHING);
    attempts(layout, draft, |certificate| {
        proposed = certificate;
        proposed.is_ok()
    });
    proposed
}

/// The certificate of a draft: the first that the check accepts of a few.
///
/// # Errors
///
/// [`CertifyError`] where the abstract machine finds a rule broken.
pub fn certify(layout: &Layout, draft: &Draft<'_>) -> Result<Vec<u8>, CertifyError> {
    certified(layout, draft).map(|(certificate, _)| certificate)
}

/// The certificate of a draft with what the check says of the code: each proposal is made and
/// checked once.
///
/// # Errors
///
/// As of [`certify`].
pub fn certified(
    layout: &Layout,
    draft: &Draft<'_>,
) -> Result<(Vec<u8>, CheckedCode), CertifyError> {
    let Draft { kind, bytes, traps, calls } = *draft;
    let mut certified = Err(NOTHING);
    attempts(layout, draft, |proposed| {
        certified = proposed.and_then(|certificate| {
            match layout.check(Code { kind, bytes, certificate: &certificate, traps, calls }) {
                Ok(checked) => Ok((certificate, checked)),
                Err(Rejection { offset, rule, what, .. }) => {
                    Err(CertifyError { offset, rule, what })
                }
            }
        });
        // What the code did not write, no claim makes good.
        let unwritten = certified.as_ref().err().is_some_and(|e| e.rule == Rule::Unwritten);
        certified.is_ok() || unwritten
    });
    certified
}

const NOTHING: CertifyError =
    CertifyError { offset: 0, rule: Rule::Limit, what: "nothing was tried" };

/// Makes one certificate after the other, until `enough` says so of one, or of the reason why there
/// is none.
fn attempts(
    layout: &Layout,
    draft: &Draft<'_>,
    mut enough: impl FnMut(Result<Vec<u8>, CertifyError>) -> bool,
) {
    let mut insns = Insns::new(draft.bytes);
    let mut needs: Option<Needs> = None;
    for attempt in need::ATTEMPTS.into_iter().filter(|attempt| attempt.is_for(layout)) {
        let of = attempt.reads();
        let machine = match machine(layout, draft) {
            Ok(machine) => machine,
            Err(error) => {
                enough(Err(error));
                return;
            }
        };
        let known = needs.take().filter(|(reads, ..)| *reads == of);
        let known = known.unwrap_or_else(|| prepared(&machine, draft.calls, &mut insns, of));
        let (_, targets, needs) = needs.insert(known);
        // The last attempt does without what is guessed.
        let guesses = attempt.reads.is_some();
        let tables = if guesses { &targets[..] } else { &[] };
        let Attempt { carry, patience, counts, .. } = attempt;
        let wanted = Wanted { needs: guesses.then_some(&*needs), carry, patience, counts, tables };
        let mut analysis = match flow::run(machine, &mut insns, (draft, wanted)) {
            Ok(analysis) => analysis,
            Err(error) if enough(Err(error)) => return,
            Err(_) => continue,
        };
        for (i, &level) in attempt.levels.iter().enumerate() {
            let last = i + 1 == attempt.levels.len();
            let claimed = &mut analysis.claimed;
            let mut claimed = if last { std::mem::take(claimed) } else { claimed.clone() };
            need::prune(&mut claimed, &analysis.frame, needs, level);
            if enough(Ok(encode::encode(&analysis.data, &analysis.frame, &claimed))) {
                return;
            }
        }
    }
}
