//! The trusted code with one small fault at a time → which faults no test sees, against the list of
//! those that are explained.
//!
//! ```text
//! cargo mutants --list ─ list ─► Mutant ─ weave ─► one source tree with all of them ─ build ─► test programs
//!                                   └─ key, shard      └ run: each program once for each mutant ─► Verdict ─ explained ─► report
//! ```
//!
//! cargo-mutants decides what is mutated and how; `operands` lists edits that it does not make, for
//! files that are asked for. Its own way of running builds all test programs
//! anew for each mutant; here all mutants of a function stand side by side in one *meta-mutant* (R.
//! Untch, J. Offutt, M. J. Harrold, "Mutation analysis using mutant schemata", ISSTA 1993), and an
//! environment variable says which of them is in force. So the tests are built once, and a mutant
//! costs the time of the tests that it takes to catch it. What cannot be switched while it runs
//! (constants) is built by itself.
//!
//! Invariants: (1) without the variable the woven tree computes what the tree computes; (2) a
//! mutant is known by file, function, mutation and the line of source that it changes
//! ([`Mutant::key`]), never by the line's number, so the list of explained mutants outlives edits
//! elsewhere, and a shard is a function of the keys; (3) the programs that decide ([`NEAR`],
//! [`FAR`]) take no random seeds and measure no time.
//!
//! Limits: a test that takes ten times as long as without a mutant counts as caught, as does one
//! that takes too much memory. A green run does not show that the tests see faults that are larger
//! than cargo-mutants' edits. One tree and one target folder of about 1 GB in `target/mutants`.

pub mod build;
pub mod explained;
pub mod list;
pub mod operands;
pub mod run;
pub mod tally;
mod tokens;
pub mod weave;

use std::collections::BTreeMap;

/// A test program that decides.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    /// Its package.
    pub package: &'static str,
    /// Its target in the package.
    pub target: &'static str,
    /// The packages whose code it runs, or beginnings of the paths of files.
    pub sees: &'static [&'static str],
    /// Part of the names of the tests that are run: a module of the program, with its colons; empty
    /// for all.
    pub only: &'static str,
    /// Beginnings of names of tests that it leaves out: they run none of the mutated code, or take
    /// long and are asked about under another name.
    pub skipped: &'static [&'static str],
}

impl Judge {
    const fn new(
        package: &'static str,
        target: &'static str,
        sees: &'static [&'static str],
    ) -> Judge {
        Judge { package, target, sees, only: "", skipped: &[] }
    }

    const fn part(
        package: &'static str,
        target: &'static str,
        only: &'static str,
        sees: &'static [&'static str],
    ) -> Judge {
        Judge { only, ..Judge::new(package, target, sees) }
    }
}

const BYTECODE: &[&str] = &["prova-bytecode", "prova-terms", "prova-module"];
const SSA: &[&str] = &["prova-ssa", "prova-module"];
/// Parts that judge bodies which begin with a round of a loop.
const ENTERED: &[&str] = &["crates/ssa/src/replace/copies.rs", "crates/ssa/src/check/round.rs"];
const SSA_CHECK: &[&str] = &["crates/ssa/src/check", "prova-module"];
const REPLACE: &[&str] = &["crates/ssa/src/replace", "crates/ssa/src/relate"];
const EMITTED: &[&str] = &["crates/emit/src/emitted", "crates/ssa/src/relate"];
const SPECIALIZE_CHECK: &[&str] = &["crates/specialize/src/check", "crates/ssa/src/relate"];
const SPECIALIZE: &[&str] = &["prova-specialize"];
const CHECK: &[&str] = &["prova-check"];
const CERTIFY: &[&str] = &["prova-certify"];
const EQUAL: &[&str] = &["prova-equal"];
const STEP: &[&str] = &["crates/equal/src/step", "crates/equal/src/state.rs"];
/// The sources that the lemmas execute.
const RULES: &[&str] = &[
    "crates/check/src/rules",
    "crates/check/src/value.rs",
    "crates/check/src/word.rs",
    "crates/check/src/facts.rs",
    "crates/check/src/machine.rs",
    "crates/check/src/step.rs",
    "crates/check/src/operands.rs",
    "crates/check/src/conditions.rs",
    "crates/check/src/symbols.rs",
];
const MACHINE: &[&str] = &["prova-check", "prova-certify"];

/// The test programs of the crates that are mutated, in the order in which they run: what is
/// quick and sees most comes first. They are built first.
pub const NEAR: &[Judge] = &[
    Judge::new("prova-terms", "prova_terms", &["prova-terms"]),
    Judge::new("prova-terms", "identities", &["prova-terms"]),
    Judge::part("prova-module", "module", "facts::", &["prova-module"]),
    Judge::part("prova-module", "module", "roots::", &["prova-module"]),
    Judge::part("prova-module", "module", "module::", &["prova-module"]),
    Judge::part("prova-module", "module", "reject::", &["prova-module"]),
    Judge::part("prova-module", "module", "limits::", &["prova-module"]),
    Judge {
        skipped: &["text::", "encode::"],
        ..Judge::new("prova-bytecode", "prova_bytecode", BYTECODE)
    },
    Judge::part("prova-ssa", "ssa", "twins::", &["prova-ssa"]),
    Judge::part("prova-emit", "emit", "twins::", EMITTED),
    Judge::new("prova-ssa", "prova_ssa", &["prova-ssa"]),
    Judge::new("prova-optimize", "prova_optimize", REPLACE),
    Judge::new("prova-emit", "prova_emit", EMITTED),
    Judge::part("prova-ssa", "ssa", "check::", SSA_CHECK),
    Judge::part("prova-ssa", "ssa", "check_more::", SSA_CHECK),
    Judge::part("prova-optimize", "optimize", "passes::", REPLACE),
    Judge::part("prova-optimize", "optimize", "passes_more::", REPLACE),
    Judge::part("prova-optimize", "optimize", "passes_limits::", REPLACE),
    Judge::part("prova-emit", "emit", "reducify::", REPLACE),
    Judge::part("prova-optimize", "optimize", "turn::", &["crates/ssa/src/replace/copies.rs"]),
    Judge::part("prova-ssa", "ssa", "entered::", ENTERED),
    Judge::part("prova-emit", "emit", "emitted_module::", EMITTED),
    Judge { skipped: &["programs_go"], ..Judge::part("prova-emit", "emit", "emitted::", EMITTED) },
    Judge::part("prova-emit", "emit", "emitted_orders::", EMITTED),
    Judge::part("prova-emit", "emit", "emitted_states::", EMITTED),
    Judge::part("prova-emit", "emit", "emitted_shapes::", EMITTED),
    Judge::part("prova-emit", "emit", "emitted_ways::", EMITTED),
    Judge::new("prova-specialize", "plants", SPECIALIZE_CHECK),
    Judge::part("prova-specialize", "specialize", "forged::", SPECIALIZE_CHECK),
    Judge::part("prova-specialize", "specialize", "size::", SPECIALIZE_CHECK),
    Judge::part("prova-specialize", "specialize", "refusals::", SPECIALIZE),
    Judge::new("prova-specialize", "prova_specialize", SPECIALIZE),
    Judge::new("prova-check", "hostile", CHECK),
    Judge::new("prova-check", "prova_check", CHECK),
    // The ledger of queries sees each rule that changes; asking the solver takes long.
    Judge {
        skipped: &["small_words", "solver_proves"],
        ..Judge::new("prova-check", "lemmas", RULES)
    },
    Judge::new("prova-check", "space", CHECK),
    Judge::part("prova-certify", "certify", "certificates::", CERTIFY),
    // The rows see most, in a quarter of a second; edits of accepted code take twenty times that.
    Judge::part("prova-certify", "certify", "equal_forged::", EQUAL),
    Judge::part("prova-certify", "certify", "equal::each_row", EQUAL),
    Judge::part("prova-certify", "certify", "equal_forms::", EQUAL),
    Judge::new("prova-equal", "vectors", EQUAL),
    Judge { skipped: &["solver_proves"], ..Judge::new("prova-equal", "lemmas", EQUAL) },
    Judge::new("prova-equal", "prova_equal", EQUAL),
    Judge {
        skipped: &["equal::each_row"],
        ..Judge::part("prova-certify", "certify", "equal::", EQUAL)
    },
];

/// Those of other crates, which are asked about what [`NEAR`] misses.
pub const FAR: &[Judge] = &[
    Judge::part("prova-translate", "translate", "golden::", BYTECODE),
    Judge::part("prova-testing", "testing", "plants::", BYTECODE),
    Judge::part("prova-translate", "translate", "limits::", BYTECODE),
    Judge::part("prova-translate", "translate", "programs::", BYTECODE),
    Judge::part("prova-translate", "translate", "random::", BYTECODE),
    Judge::part("prova-testing", "testing", "mutations::", BYTECODE),
    Judge::part("prova-testing", "testing", "enumerate::", BYTECODE),
    Judge::part("prova-testing", "testing", "ssa_check::", SSA),
    Judge::part("prova-ssa", "ssa", "linear::", &["prova-ssa"]),
    Judge::part("prova-emit", "emit", "emitted::", &["crates/ssa/src/check"]),
    Judge::part("prova-testing", "testing", "trip::", &["prova-ssa", "prova-emit"]),
    Judge::part("prova-certify", "certify", "frame::", MACHINE),
    Judge::part("prova-certify", "certify", "corpus::", MACHINE),
    Judge::part("prova-certify", "certify", "rules::", MACHINE),
    Judge::part("prova-certify", "certify", "attack_runtime::", MACHINE),
    Judge::part("prova-certify", "certify", "attack::", MACHINE),
    Judge::part("prova-certify", "certify", "equal_processor::", STEP),
    Judge::part("prova-native", "native", "equal_vectors::", EQUAL),
    Judge::new("prova-native", "equal_objects", EQUAL),
    Judge::part("prova-native", "native", "equal_retries::", EQUAL),
    Judge::part("prova-native", "native", "equal_share::", EQUAL),
];

/// One edit of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// From 1, in the order of cargo-mutants' list.
    pub number: usize,
    /// The package that is edited.
    pub package: String,
    /// The file, from the root of the repository.
    pub file: String,
    /// The function, or `-` for an item outside of functions.
    pub function: String,
    /// From the function's first byte to after its last, where there is one.
    pub extent: Option<(usize, usize)>,
    /// The bytes that are replaced.
    pub span: (usize, usize),
    /// By what.
    pub replacement: String,
    /// The edit as cargo-mutants names it, without place and function.
    pub mutation: String,
    /// The line of source that changes, trimmed; `-` where the body of the function is replaced.
    /// `#2` and so on where the same edit can be made more than once in such a line of the
    /// function.
    pub line: String,
}

impl Mutant {
    /// The identity of a mutant: file, function, mutation, line.
    pub fn key(&self) -> [&str; 4] {
        [&self.file, &self.function, &self.mutation, &self.line]
    }

    /// Whether a program that runs the code of these packages and files runs its code.
    pub fn is_seen_by(&self, sees: &[&str]) -> bool {
        sees.iter().any(|&part| part == self.package || self.file.starts_with(part))
    }

    /// Which of `shards` shards it belongs to, from 0: by its key (FNV-1a), so an edit elsewhere
    /// moves nothing.
    pub fn shard(&self, shards: u64) -> u64 {
        let bytes = self.key().into_iter().flat_map(|part| part.bytes().chain([0]));
        let hash = fnv(bytes);
        // The low bits of FNV-1a depend on few bits of the text.
        (hash ^ hash >> 32) % shards.max(1)
    }
}

/// FNV-1a, of 64 bits.
fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The verdict of the tests on a mutant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It does not compile.
    Unviable,
    /// A test program, which is named, fails.
    Caught(String),
    /// A test program does not end.
    Timeout(String),
    /// All test programs pass.
    Missed,
}

impl Verdict {
    /// One word for it.
    pub const fn word(&self) -> &'static str {
        match self {
            Verdict::Unviable => "unviable",
            Verdict::Caught(_) => "caught",
            Verdict::Timeout(_) => "timeout",
            Verdict::Missed => "missed",
        }
    }

    /// The verdict of this word; `by` is the program.
    pub fn parse(word: &str, by: &str) -> Option<Verdict> {
        let by = by.to_owned();
        let all =
            [Verdict::Unviable, Verdict::Caught(by.clone()), Verdict::Timeout(by), Verdict::Missed];
        all.into_iter().find(|verdict| verdict.word() == word)
    }
}

/// The verdicts of a run, by mutant's number.
pub type Verdicts = BTreeMap<usize, Verdict>;

#[cfg(test)]
mod tests {
    use super::*;

    /// A part that is not there would run no test, and so see no mutant.
    #[test]
    fn parts_of_programs_are_files() {
        let parts = || NEAR.iter().chain(FAR).filter(|judge| !judge.only.is_empty());
        assert!(parts().count() > 0);
        for judge in parts() {
            let krate = judge.package.trim_start_matches("prova-");
            let file = judge.only.split("::").next().unwrap_or_default();
            let path = crate::root().join(format!("crates/{krate}/tests/{file}.rs"));
            assert!(path.is_file(), "{}", path.display());
        }
    }
}
