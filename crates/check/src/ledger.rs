//! The ledger of the check's own proof, as this build was made with it: what it says, and its
//! digest.
//!
//! A row is one lemma on the arithmetic of `value` and `rules` (`tests/lemmas`): z3 proved it when
//! the row was written, and the tests of this crate compare the digest of its queries with the
//! rules as they are. Nothing is proved here, and the check does not ask.

use sha2::{Digest as _, Sha256};

const TEXT: &str = include_str!("../tests/lemmas/ledger.tsv");

/// The counts and the digest of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Lemmas.
    pub lemmas: usize,
    /// Those that z3 proved, with their twins refuted and hypotheses that can hold.
    pub proved: usize,
    /// Those that were tried on all words of a few bits as well.
    pub enumerated: usize,
    /// SHA-256 of its text.
    pub digest: [u8; 32],
}

/// The ledger of this build.
pub fn ledger() -> Ledger {
    let rows = || TEXT.lines().skip(1);
    let column = |row: &'static str, n: usize| row.split('\t').nth(n);
    Ledger {
        lemmas: rows().count(),
        proved: rows().filter(|row| column(row, 3) == Some("unsat,sat,sat")).count(),
        enumerated: rows().filter(|row| column(row, 4).is_some_and(|bits| bits != "0")).count(),
        digest: Sha256::digest(TEXT.as_bytes()).into(),
    }
}
