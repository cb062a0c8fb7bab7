//! The ledger: for each lemma the digest of its queries, the solver's answers, and how far it was
//! enumerated.

use crate::table::{ANSWERS, Lemma, digest};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The theory's name.
    pub theory: String,
    /// SHA-256 of the three queries.
    pub digest: String,
    /// The answers, with commas between.
    pub answers: String,
    /// Bits of the words that were enumerated; 0 where there are too many assignments.
    pub bits: u32,
    /// Assignments whose hypotheses hold.
    pub claims: u64,
}

/// Where it is.
pub fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/lemmas/ledger.tsv")
}

const HEAD: &str = "lemma\ttheory\tqueries\tanswers\tbits\tclaims\n";

/// The rows, by lemma.
pub fn read() -> BTreeMap<String, Row> {
    let text = std::fs::read_to_string(path()).unwrap_or_default();
    let rows = text.lines().skip(1).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let &[name, theory, digest, answers, bits, claims] = &columns[..] else {
            panic!("a row without six columns: {line}");
        };
        let row = Row {
            theory: theory.to_owned(),
            digest: digest.to_owned(),
            answers: answers.to_owned(),
            bits: bits.parse().expect("bits"),
            claims: claims.parse().expect("claims"),
        };
        (name.to_owned(), row)
    });
    rows.collect()
}

/// The row that a lemma should have, if its enumeration is as the ledger says.
pub fn row(lemma: &Lemma, (bits, claims): (u32, u64)) -> Row {
    Row {
        theory: lemma.theory.name().to_owned(),
        digest: digest(&lemma.queries()),
        answers: ANSWERS.join(","),
        bits,
        claims,
    }
}

/// Writes it anew, in the order of the lemmas.
pub fn write(rows: &[(String, Row)]) {
    let mut text = HEAD.to_owned();
    for (name, row) in rows {
        let Row { theory, digest, answers, bits, claims } = row;
        let _ = writeln!(text, "{name}\t{theory}\t{digest}\t{answers}\t{bits}\t{claims}");
    }
    std::fs::write(path(), text).expect("the ledger is written");
}
