//! The table of lemmas, and what is done with one: its queries, its enumeration.

use crate::proof::Runs;
use crate::small::enumerate;
use crate::smt::{Ask, Theory, query};
use crate::term::{Ways, explore};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// A lemma.
#[derive(Clone, Debug)]
pub struct Lemma {
    /// Its name; names are unique.
    pub name: String,
    /// The theory of its queries.
    pub theory: Theory,
    /// The argument of its body.
    pub case: Vec<u32>,
    /// Its body.
    pub runs: Runs,
}

/// A lemma.
pub fn lemma(name: String, theory: Theory, case: &[u32], runs: Runs) -> Lemma {
    Lemma { name, theory, case: case.to_vec(), runs }
}

/// All lemmas, in the ledger's order.
pub fn all() -> Vec<Lemma> {
    let mut all = crate::values::lemmas();
    all.extend(crate::facts::lemmas());
    all.extend(crate::operate::lemmas());
    all.extend(crate::places::lemmas());
    all.extend(crate::derive::lemmas());
    all.extend(crate::sums::lemmas());
    all.extend(crate::floats::lemmas());
    all
}

/// The answers that the solver has to give: proved; the twin is refuted; the hypotheses can hold.
pub const ANSWERS: [&str; 3] = ["unsat", "sat", "sat"];

impl Lemma {
    /// The three queries: a failing way, a failing way of the twin, a way that reaches the claim.
    pub fn queries(&self) -> [String; 3] {
        let ways = self.explored(false);
        let twin = self.explored(true);
        let name = &self.name;
        [
            query(name, self.theory, &ways, Ask::Failing),
            query(&format!("{name}, twin"), self.theory, &twin, Ask::Failing),
            query(&format!("{name}, hypotheses"), self.theory, &ways, Ask::Reached),
        ]
    }

    /// All ways through it, or its twin, on terms.
    fn explored(&self, twin: bool) -> Ways {
        explore(self.theory == Theory::Floats, || (self.runs.term)(&self.case, twin))
    }

    /// Ways through it on terms.
    pub fn ways(&self) -> usize {
        self.explored(false).ways.len()
    }

    /// Tries every value on words of `bits` bits (3, 4, 5). Returns whether all claims hold, some
    /// assignment reaches the claim, and one refutes the twin; and the number of claims. None if
    /// there are more than `runs_max` assignments.
    pub fn small(&self, bits: u32, runs_max: u64) -> Option<(bool, u64)> {
        let run = self.runs.small[bits as usize - 3];
        let right = enumerate(runs_max, || run(&self.case, false))?;
        let twin = enumerate(runs_max, || run(&self.case, true))?;
        let good = right.failed.is_none() && right.claims > 0 && twin.failed.is_some();
        Some((good, right.claims))
    }

    /// The first assignment on words of `bits` bits for which the claim fails. None if there is
    /// none, or if there are more than `runs_max` assignments.
    pub fn refuted(&self, bits: u32, runs_max: u64) -> Option<Vec<(&'static str, u32)>> {
        let run = self.runs.small[bits as usize - 3];
        enumerate(runs_max, || run(&self.case, false))?.failed
    }

    /// Bits of the widest words whose values can all be tried, and how many claims there are; 0
    /// bits: too many assignments.
    pub fn enumerated(&self) -> (u32, u64) {
        let steps = [(5, CHEAP), (4, CHEAP), (4, DEAR), (3, DEAR), (3, DEAREST), (4, DEAREST)];
        for (bits, most) in steps {
            if let Some((true, claims)) = self.small(bits, most) {
                return (bits, claims);
            }
        }
        (0, 0)
    }
}

/// Assignments that are cheap to try, and such as are still tried: about a second at most.
const CHEAP: u64 = 40_000;
const DEAR: u64 = 400_000;
const DEAREST: u64 = 4_000_000;

/// SHA-256 of queries, in hexadecimal.
pub fn digest(queries: &[String; 3]) -> String {
    let mut hash = Sha256::new();
    for query in queries {
        hash.update(query.as_bytes());
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
