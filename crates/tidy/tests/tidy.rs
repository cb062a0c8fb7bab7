//! The repository obeys its own rules (`prova_tidy`).
//!
//! A green run does not show that names are good, comments true or functions clear: rules see
//! tokens. That each rule finds what it is for is shown by the planted violations beside it.

use prova_tidy::trusted::trusted;
use prova_tidy::{Exemption, Tree, check, circles, dialect, long_functions};
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

fn data(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), name].iter().collect();
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn tree() -> Tree {
    let tree = Tree::read(&prova_tidy::root()).expect("the repository can be read");
    assert!(tree.rust().count() > 100, "the walk finds the repository's files");
    tree
}

fn exemptions() -> Vec<Exemption> {
    Exemption::parse(&data("exempt.tsv")).expect("exempt.tsv is well formed")
}

#[test]
fn no_finding() {
    let findings = check(&tree(), &exemptions());
    let list = findings.iter().fold(String::new(), |mut list, finding| {
        writeln!(list, "{finding}").ok();
        list
    });
    assert!(findings.is_empty(), "{} findings\n{list}", findings.len());
}

/// The number of functions over 70 lines may only fall: a change that shortens one lowers
/// `long_functions.txt`.
#[test]
fn long_functions_only_get_fewer() {
    let (findings, stale) = long_functions(&tree(), &exemptions());
    let allowed: usize = data("long_functions.txt").trim().parse().expect("a number");
    let list = findings.iter().chain(&stale).fold(String::new(), |mut list, finding| {
        writeln!(list, "{finding}").ok();
        list
    });
    assert!(stale.is_empty(), "exemptions that nothing needs\n{list}");
    assert!(
        findings.len() <= allowed,
        "{} long functions, at most {allowed}\n{list}",
        findings.len()
    );
    assert!(
        findings.len() == allowed,
        "only {} long functions are left of {allowed}: write {} into crates/tidy/long_functions.txt",
        findings.len(),
        findings.len(),
    );
}

/// The number of phrases of the private dialect in a crate's comments may only fall: a change that
/// removes one lowers the crate's number in `dialect.tsv`.
#[test]
fn dialect_only_gets_less() {
    let found = dialect::found(&tree());
    let allowed = dialect::parse(&data("dialect.tsv")).expect("dialect.tsv is well formed");
    let complaints = dialect::complaints(&found, &allowed);
    assert!(complaints.is_empty(), "{} complaints\n{}", complaints.len(), complaints.join("\n"));
}

/// The largest circle of files of a crate, by `use` lines, may only shrink: a change that shrinks
/// it lowers the crate's number in `circles.tsv`.
#[test]
fn circles_of_files_only_get_smaller() {
    let complaints = circles::complaints(&tree(), &data("circles.tsv"));
    assert!(complaints.is_empty(), "{} complaints\n{}", complaints.len(), complaints.join("\n"));
}

/// The files of `diff`, `specialize` and `testing` use those of the same folder and of the folders
/// before, as the crate's `lib.rs` says.
#[test]
fn stages_keep_their_arrows() {
    let tree = tree();
    for name in ["diff", "specialize", "testing"] {
        let found = circles::forbidden(&tree, name);
        assert!(found.is_empty(), "{} arrows or words\n{}", found.len(), found.join("\n"));
    }
}

/// How much the check's reader has to believe: printed with `--nocapture`.
#[test]
fn trusted_lines_are_counted() {
    let trusted = trusted(&tree());
    println!("{trusted}");
    assert!(
        trusted.0.iter().all(|group| group.code > 100),
        "a group has lost its files\n{trusted}"
    );
}
