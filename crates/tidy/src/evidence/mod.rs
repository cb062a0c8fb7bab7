//! The repository and the recorded campaigns → `docs/trust/evidence.md`.
//!
//! ```text
//! tables of cases ─ cases ─────┐
//! planted faults  ─ plants ────┤
//! explained mutants, lemmas ───┼─ page ─► docs/trust/evidence.md
//! campaigns.tsv ─ campaigns ───┘
//! ```
//!
//! What the tree can count is counted; what only a long run can say is a row of
//! `docs/trust/campaigns.tsv`, written by hand. `tests/evidence.rs` compares the page with both and
//! writes it with `PROVA_BLESS=1`.
//!
//! - EV1. The page depends on the tree alone: no clock, no order of a folder, no run.
//! - EV2. A file that is counted exists and has at least one case: a table that moved is an error,
//!   not a zero.
//!
//! Limits: rows are counted, not judged. Linear in the files that are read.

mod campaigns;
mod cases;
mod plants;

pub use campaigns::Campaign;

use crate::Tree;
use crate::mutants::explained;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Where the page stands.
pub const PAGE: &str = "docs/trust/evidence.md";
/// Where the campaigns are recorded.
pub const CAMPAIGNS: &str = "docs/trust/campaigns.tsv";

const EXPLAINED: &str = "crates/bytecode/tests/mutants/explained.tsv";
const LEDGER: &str = "crates/check/tests/lemmas/ledger.tsv";

const HEAD: &str = "\
# Evidence

*Generated from the tree and from `docs/trust/campaigns.tsv` by `PROVA_BLESS=1 cargo test -p prova-tidy --test evidence`. \
Do not edit it by hand; a test compares it with both.*

What the words mean: [glossary](../ARCHITECTURE.md#glossary). How each kind of test works, and what it cannot see: \
[testing](testing.md). Counts show how much was tried, not that nothing is wrong.
";

/// The page.
///
/// # Errors
/// A file that is missing, has no case, or has a row that cannot be read.
pub fn page(tree: &Tree) -> Result<String, String> {
    let mut page = String::from(HEAD);
    cases::section(tree, &mut page)?;
    plants::section(tree, &mut page)?;
    mutants(tree, &mut page)?;
    lemmas(tree, &mut page)?;
    campaigns::section(text(tree, CAMPAIGNS)?, &mut page)?;
    Ok(page)
}

/// The text of a file that has to be there (EV2).
fn text<'t>(tree: &'t Tree, path: &str) -> Result<&'t str, String> {
    tree.text(path).ok_or_else(|| format!("{path} is not there: name the file that has its rows"))
}

/// A title and the head of a table.
fn table(page: &mut String, title: &str, about: &str, columns: &[&str]) {
    let rule = "---|".repeat(columns.len());
    let _ = write!(page, "\n## {title}\n\n{about}\n\n| {} |\n|{rule}\n", columns.join(" | "));
}

/// Mutants that no test sees, by the folder of their file.
fn mutants(tree: &Tree, page: &mut String) -> Result<(), String> {
    let rows = explained::parse(text(tree, EXPLAINED)?)?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for key in rows.keys() {
        *counts.entry(part(&key[0])).or_default() += 1;
    }
    table(
        page,
        "Explained mutants",
        "Small edits of trusted code that no test sees, each with the reason why it accepts nothing wrong \
         (`crates/bytecode/tests/mutants/explained.tsv`). The campaigns below say how many were tried.",
        &["code", "explained"],
    );
    for (part, count) in &counts {
        let _ = writeln!(page, "| `{part}` | {count} |");
    }
    let _ = writeln!(page, "| together | {} |", rows.len());
    Ok(())
}

/// The part of a crate that a file of trusted code belongs to: its folder within `src`, or the
/// crate's `src`.
fn part(file: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.truncate(if parts.len() > 4 { 4 } else { 3 });
    parts.join("/")
}

/// The lemmas of the ledger, by theory.
fn lemmas(tree: &Tree, page: &mut String) -> Result<(), String> {
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for row in text(tree, LEDGER)?.lines().skip(1) {
        let [_, theory, _, answers, bits, _] = row.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!(
                "{LEDGER}: not `lemma, theory, queries, answers, bits, claims`: {row}"
            ));
        };
        let of = counts.entry(theory).or_default();
        of[0] += 1;
        of[1] += usize::from(answers.starts_with("unsat"));
        of[2] += usize::from(bits != "0");
    }
    if counts.is_empty() {
        return Err(format!("{LEDGER} has no lemma"));
    }
    table(
        page,
        "Lemmas on the arithmetic of the check of machine code",
        "From `crates/check/tests/lemmas/ledger.tsv`. *Enumerated*: tried on all words of 3, 4 or 5 bits as well. \
         `.ci/run lemmas` asks z3 again.",
        &["theory", "lemmas", "recorded as proved by z3", "enumerated"],
    );
    for (theory, [all, proved, enumerated]) in counts {
        let _ = writeln!(page, "| {theory} | {all} | {proved} | {enumerated} |");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_crates() {
        assert_eq!(part("crates/check/src/pass.rs"), "crates/check/src");
        assert_eq!(part("crates/ssa/src/check/mod.rs"), "crates/ssa/src/check");
        assert_eq!(part("crates/ssa/src/replace/walk.rs"), "crates/ssa/src/replace");
    }

    #[test]
    fn a_table_that_moved_is_an_error() {
        let ledger = "lemma\ttheory\tqueries\tanswers\tbits\tclaims\n";
        let row = "a\tbits\t0\tunsat,sat\t5\t9\nb\tbits\t0\tunknown\t0\t9\n";
        let mut page = String::new();
        assert!(lemmas(&Tree::default(), &mut page).is_err());
        assert!(lemmas(&Tree::of(&[(LEDGER, ledger)]), &mut page).is_err());
        let whole = format!("{ledger}{row}");
        lemmas(&Tree::of(&[(LEDGER, &whole)]), &mut page).expect("two rows");
        assert!(page.ends_with("| bits | 2 | 1 | 1 |\n"), "{page}");
        assert!(lemmas(&Tree::of(&[(LEDGER, &format!("{ledger}a\tb\n"))]), &mut page).is_err());
    }
}
