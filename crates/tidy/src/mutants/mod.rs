//! The trusted code with one small fault at a time → which faults no test sees, against the list of
//! those that are explained.
//!
//! ```text
//! cargo mutants --list ─ list ─► Mutant ─ weave ─► one source tree with all of them ─ build ─► test programs
//!                                   └─ key, shard      └ run: each program once for each mutant ─► Verdict ─ explained ─► report
//! ```
//!
//! cargo-mutants decides what is mutated and how. Its own way of running builds all test programs
//! anew for each mutant; here all mutants of a function stand side by side in one *meta-mutant* (R.
//! Untch, J. Offutt, M. J. Harrold, "Mutation analysis using mutant schemata", ISSTA 1993), and an
//! environment variable says which of them is in force. So the tests are built once, and a mutant
//! costs the time of the tests that it takes to catch it. What cannot be switched while it runs
//! (constants) is built by itself.
//!
//! Invariants: (1) without the variable the woven tree computes what the tree computes; (2) a
//! mutant is known by file, function, mutation and the line of source that it changes
//! ([`Mutant::key`]), never by the line's number, so the list of explained mutants outlives edits
//! elsewhere, and a shard is a function of the keys; (3) the programs that decide ([`TESTS`]) take
//! no random seeds and measure no time.
//!
//! Limits: a test that takes ten times as long as without a mutant counts as caught, as does one
//! that takes too much memory. Green does not show that the tests see faults that are larger than
//! cargo-mutants' edits. One tree and one target folder of about 1 GB in `target/mutants`.

pub mod build;
pub mod explained;
pub mod list;
pub mod run;
pub mod weave;

use std::collections::BTreeMap;

/// The test programs that decide, in the order in which they run after those of the mutant's own
/// package: package, target, and the beginnings of names of tests that have nothing to do with the
/// mutated code.
pub const TESTS: &[(&str, &str, &[&str])] = &[
    ("prova-terms", "prova_terms", &[]),
    ("prova-terms", "identities", &[]),
    ("prova-module", "facts", &[]),
    ("prova-module", "roots", &[]),
    ("prova-module", "module", &[]),
    ("prova-module", "reject", &[]),
    ("prova-bytecode", "prova_bytecode", &["text::", "encode::"]),
    ("prova-translate", "golden", &[]),
    ("prova-testing", "plants", &[]),
    ("prova-translate", "limits", &[]),
    ("prova-translate", "programs", &[]),
    ("prova-translate", "random", &[]),
    ("prova-module", "limits", &[]),
    ("prova-testing", "mutations", &[]),
    ("prova-testing", "enumerate", &[]),
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
    /// What cargo-mutants calls the edit, without place and function.
    pub mutation: String,
    /// The line of source that changes, trimmed; `-` where the body of the function is replaced.
    /// `#2` and so on where the same edit can be made more than once in such a line of the
    /// function.
    pub line: String,
}

impl Mutant {
    /// What a mutant is known by: file, function, mutation, line.
    pub fn key(&self) -> [&str; 4] {
        [&self.file, &self.function, &self.mutation, &self.line]
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

/// What the tests say of a mutant.
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
}

/// The verdicts of a run, by mutant's number.
pub type Verdicts = BTreeMap<usize, Verdict>;
