//! A compiled module's bytes → the same bytes, owned by the witness that they were checked.
//!
//! ```text
//! compiled, wasm ─ Verified::check ──► Verified  ┐
//!                └ Functions::check ─► Functions ┴─ bytes ─► unsafe wasmtime::Module::deserialize
//! ```
//!
//! `Module::deserialize` is `unsafe` because it runs what it is given. A witness owns what was
//! checked, so nothing comes between the check and that call: neither another file, nor a file that
//! is written again. (`deserialize_file` maps a file that others may change, so it takes no
//! witness.)
//!
//! - V1. A [`Verified`] is made by a check whose report is confined ([`Report::is_confined`]), a
//!   [`Functions`] by one that refused nothing; neither is made in another way.
//! - V2. Its bytes are those that were checked: nothing changes them.
//!
//! Limits: as of the check (the crate's page). What a [`Functions`] lacks is what
//! [`Functions::unchecked`] names. The whole file is in memory.

use crate::error::Error;
use crate::verify::{Compare, Refusal, Report, verify_on};
use std::fmt;

/// A compiled module that was checked as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    bytes: Vec<u8>,
    report: Report,
}

/// A compiled module of whose code nothing was refused, and of which parts were not checked.
///
/// It is no [`Verified`]: an embedder that loads it believes that the rest, which
/// [`Functions::unchecked`] names, is what Wasmtime wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Functions {
    bytes: Vec<u8>,
    report: Report,
}

/// Why a compiled module is not [`Verified`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unverified {
    /// One of the two files cannot be looked at.
    Unread(Error),
    /// Code was refused.
    Refused(Box<Report>),
    /// Nothing was refused, but not all was checked: who believes the rest may load this.
    Unchecked(Box<Functions>),
}

impl Verified {
    /// Checks a compiled module against its Wasm, on this many threads.
    ///
    /// With [`crate::uncompared`] no file is verified: see [`Functions`].
    ///
    /// # Errors
    ///
    /// [`Unverified`], with the report if there is one.
    pub fn check(
        compiled: Vec<u8>,
        wasm: &[u8],
        (jobs, compare): (usize, Compare),
    ) -> Result<Verified, Unverified> {
        let report = report(&compiled, wasm, (jobs, compare))?;
        match report.is_confined() {
            true => Ok(Verified { bytes: compiled, report }),
            false => Err(Unverified::Unchecked(Box::new(Functions { bytes: compiled, report }))),
        }
    }

    /// The bytes that were checked, for `Module::deserialize`.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes that were checked, no longer with the witness.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The SHA-256 of the bytes: the file that was checked is the file that was made, where it has
    /// the digest that its maker published. The check alone lets other files pass.
    pub fn file_sha256(&self) -> [u8; 32] {
        self.report.file_sha256
    }

    /// The SHA-256 of the Wasm that they were checked against.
    pub fn wasm_sha256(&self) -> [u8; 32] {
        self.report.wasm_sha256
    }

    /// The check's report.
    pub fn report(&self) -> &Report {
        &self.report
    }
}

impl Functions {
    /// Checks a compiled module against its Wasm, on this many threads, and is content with a file
    /// of which parts were not checked.
    ///
    /// # Errors
    ///
    /// [`Unverified`], with the report if there is one; never [`Unverified::Unchecked`].
    pub fn check(
        compiled: Vec<u8>,
        wasm: &[u8],
        (jobs, compare): (usize, Compare),
    ) -> Result<Functions, Unverified> {
        let report = report(&compiled, wasm, (jobs, compare))?;
        Ok(Functions { bytes: compiled, report })
    }

    /// The parts of the file that are believed, as [`Report::unchecked`] names them.
    pub fn unchecked(&self) -> &[String] {
        &self.report.unchecked
    }

    /// The bytes that were checked, for `Module::deserialize`.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes that were checked, no longer with the witness.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The check's report.
    pub fn report(&self) -> &Report {
        &self.report
    }
}

/// The report on a file of which nothing is refused.
fn report(
    compiled: &[u8],
    wasm: &[u8],
    (jobs, compare): (usize, Compare),
) -> Result<Report, Unverified> {
    let report = verify_on(jobs, compiled, wasm, compare).map_err(Unverified::Unread)?;
    match report.refused.is_empty() {
        true => Ok(report),
        false => Err(Unverified::Refused(Box::new(report))),
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { name, start, offset, rule, what, .. } = self;
        let inside = offset.saturating_sub(*start);
        write!(f, "{name}+{inside:#x} (at {offset:#x} of the text): {rule:?}: {what}")
    }
}

impl fmt::Display for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = |what: Option<&dyn fmt::Display>, all: usize, f: &mut fmt::Formatter<'_>| {
            what.map_or(Ok(()), |what| write!(f, ": {what}"))?;
            if all > 1 { write!(f, " (and {} more)", all - 1) } else { Ok(()) }
        };
        match self {
            Unverified::Unread(error) => error.fmt(f),
            Unverified::Refused(report) => {
                f.write_str("code was refused")?;
                if let Some(made_for) = report.made_for {
                    write!(f, ", which is right for Wasmtime {made_for}")?;
                }
                let refused = &report.refused;
                first(refused.first().map(|it| it as &dyn fmt::Display), refused.len(), f)
            }
            Unverified::Unchecked(functions) => {
                f.write_str("parts were not checked")?;
                let unchecked = functions.unchecked();
                first(unchecked.first().map(|it| it as &dyn fmt::Display), unchecked.len(), f)
            }
        }
    }
}

impl std::error::Error for Unverified {}
