//! A cache of specialised functions: a request's subject → the function that was made for it
//! before, proved again; or nothing, and it is made.
//!
//! ```text
//! Subject ─ key ─► Key ─ Store::load ─► entry ─ read ─► Body, Certificate
//!    │                                                        │
//!    └──────── verify against the module, check::prove ◄──────┘ ─► proved, or told and made anew
//! made anew, proved ─ write ─► entry ─ Store::save
//! ```
//!
//! An entry comes from anywhere: from an older version, another program, somebody who wants a wrong
//! function. Nothing of it is believed:
//!
//! * C1. Its body is verified against the module, and proved to be the generic function for the
//!   request by the very check that judges what was searched, with the entry's certificate as the
//!   hint. Behind that both go the same way: passes, emission, each proved.
//! * C2. An entry that is refused, by its form or by the proof, is reported, and the function is
//!   made anew and kept in its place. So is a function that has no bytes in the end.
//! * C3. The result of the search depends on the subject alone, and all of it is in the key; so the
//!   result is the same without a cache, with an empty one, and with one that Prova wrote, for any
//!   entries in it and any order of threads. (Somebody else can put another function there that is
//!   proved too: it does the same in other bytes.)
//! * C4. What was refused is not kept, so nobody can deny a function.
//!
//! What it saves is the search and the writing of a body; the proofs, the passes and the emission
//! are done each time. Limits: those of `entry`; a hostile entry within them costs a verification
//! and a check (S12 of `check`) over 4 MiB at most. Noticed by: `tests`, where keys that forget
//! something are planted, and entries forged.

mod body;
mod bytes;
mod entry;
mod key;
mod roles;
mod types;

#[cfg(test)]
mod tests;

pub use entry::{ENTRY_BYTES_MAX, HEAD};
pub use key::Key;

use crate::ask::promise::Assumption;
use crate::ask::request::Asked;
use crate::check;
use crate::search::sink::Subject;
use crate::write::residual::Residual;
use key::start;
use prova_module::Module;
use prova_ssa::replace::LooseBody;
use std::fmt;

/// A place where entries are kept, which may be shared by threads and processes.
pub trait Store: fmt::Debug + Send + Sync {
    /// The entry of a key, if there is one. At most [`ENTRY_BYTES_MAX`] bytes of it are of use.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn load(&self, key: &Key) -> Result<Option<Vec<u8>>, String>;

    /// Keeps an entry in the place of any other. Who loads it sees all of it or nothing.
    ///
    /// # Errors
    /// Why it cannot be kept, in words.
    fn save(&self, key: &Key, entry: &[u8]) -> Result<(), String>;
}

/// The uses of a cache for a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// How many functions were found, and proved.
    pub found: usize,
    /// How many were made anew.
    pub made: usize,
    /// Faults, by the request: entries that were refused, a store that failed.
    pub notes: Vec<(Asked, String)>,
}

/// A function from a cache.
pub(crate) struct Found {
    pub(crate) residual: Residual,
    /// The assumptions of its proof.
    pub(crate) assumptions: Vec<Assumption>,
}

/// Looks for the function of a subject, and proves it (C1); why an entry was not taken.
pub(crate) fn find(
    store: &dyn Store,
    key: &Key,
    module: &Module,
    subject: &Subject<'_>,
) -> Result<Option<Found>, String> {
    let noted = |what: String| format!("the cache's entry {key} is not used: {what}");
    let Some(entry) = store.load(key).map_err(noted)? else { return Ok(None) };
    let generic = subject.generic;
    let place = (generic.func(), start(generic.body()));
    let read = entry::read(key, &entry, place);
    let Residual { body, certificate } = read.map_err(|what| noted(what.to_owned()))?;
    let body = LooseBody::check(module, body).map_err(|error| noted(error.to_string()))?;
    let without = |func| subject.intrinsics.renumbered(func);
    let body = body.body().clone().relocated(|offset| offset, without);
    let body = body.ok_or_else(|| noted("it calls an intrinsic".to_owned()))?;
    let proof = check::prove(&subject.question(), &body, &certificate);
    let assumptions = proof.map_err(|rejection| noted(rejection.to_string()))?;
    Ok(Some(Found { residual: Residual { body, certificate }, assumptions }))
}

/// Keeps a function that was made and proved, if it is not too large.
pub(crate) fn keep(
    store: &dyn Store,
    key: &Key,
    subject: &Subject<'_>,
    residual: &Residual,
) -> Result<(), String> {
    let start = start(subject.generic.body());
    let original = |func| subject.intrinsics.original(func);
    let entry = entry::write(key, &residual.certificate, (&residual.body, start), original);
    let Some(entry) = entry else { return Ok(()) };
    store.save(key, &entry).map_err(|what| format!("the cache's entry {key} is not kept: {what}"))
}
