//! Why a module was refused, more exactly: an *invalid* module that is valid with a proposal we do
//! not execute is *unsupported*, and the proposal has a name.
//!
//! `decode` calls [`name_refusal`] on its error path only, and lends it a probe that validates with
//! other proposals.
//!
//! The rule: if the module is not valid with every proposal that wasmparser knows, it is refused
//! for the reason given then, if that is past the first, or for the first. Otherwise the proposal
//! named is the first in the order of [`Proposal::ALL`] and [`RefusedProposal::ALL`] that gets
//! validation past the first error.
//!
//! Time: at most two probes for each proposal, each within the limits of a whole validation, and
//! each but the last ended by an error. An invalid module costs one probe. Tests:
//! `tests/reject.rs`.

use crate::error::{Error, Result};
use crate::features::{Features, Proposal, RefusedProposal};
use wasmparser::WasmFeatures;

/// Names the proposal that a module refused with `error` lacks, if it lacks one. `probe` validates
/// the module with other flags.
pub(crate) fn name_refusal(
    features: &Features,
    error: Error,
    probe: impl Fn(WasmFeatures) -> Result<()>,
) -> Error {
    if error.is_unsupported() {
        // A module that is invalid too is refused as invalid.
        return probe(features.wasm()).err().filter(Error::is_invalid).unwrap_or(error);
    }
    if !error.is_invalid() {
        return error;
    }
    let off: Vec<(WasmFeatures, &'static str)> = Proposal::ALL
        .iter()
        .filter(|&&proposal| !features.has(proposal))
        .map(|proposal| (proposal.flag(), proposal.name()))
        .chain(RefusedProposal::ALL.iter().map(|&proposal| (proposal.flag(), proposal.name())))
        .filter(|&(flag, _)| !features.wasm().contains(flag))
        .collect();
    let all = off.iter().fold(features.wasm(), |all, &(flag, _)| all | flag);
    if let Err(other) = probe(all) {
        // The first error may say only that a proposal is off; the second is the module's own.
        return if other.offset > error.offset { other } else { error };
    }
    let passes = |flags| match probe(flags) {
        Ok(()) => true,
        Err(other) => other.offset > error.offset,
    };
    let alone = off.iter().find(|&&(flag, _)| passes(features.wasm() | flag));
    let name = alone.or_else(|| {
        let mut flags = features.wasm();
        off.iter().find(|&&(flag, _)| {
            flags |= flag;
            passes(flags)
        })
    });
    match name {
        Some(&(_, proposal)) => {
            let kind = crate::ErrorKind::Unsupported { proposal, instruction: None };
            Error { kind, ..error }
        }
        None => error,
    }
}
