//! The repository's files → findings: how our code reads, as rules that a test executes.
//!
//! ```text
//! repository ─ Tree::read ─► files ─ rules ─► findings ─ exemptions ─► findings left, stale exemptions
//! ```
//!
//! Each rule names in its message what to do instead. What a rule cannot judge is exempt in
//! `exempt.tsv`, one row for one item with a true reason; a row that no finding needs is itself a
//! finding. `tests/tidy.rs` runs all rules over the repository; every rule has a planted violation
//! in its own file, so that it is known to find something.
//!
//! Limits: the rules look at tokens, not at types (see `source`). Linear in the size of the
//! repository.

mod anchors;
pub mod architecture;
pub mod circles;
mod claims;
pub mod dialect;
pub mod evidence;
mod functions;
mod labels;
mod layout;
mod locks;
mod manifests;
mod matches;
pub mod mutants;
mod paths;
pub mod plants;
pub mod source;
mod targets;
mod text;
pub mod trusted;

use source::SourceFile;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The root of the repository, of which this crate is `crates/tidy`.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// A breach of a rule at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, from the root of the repository.
    pub path: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// The rule's name.
    pub rule: &'static str,
    /// The thing in the file that the rule is about: a function, a word; `-` for the file as a
    /// whole.
    pub item: String,
    /// The fact that is wrong, then the remedy.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: [{}] {}: {}", self.path, self.line, self.rule, self.item, self.message)
    }
}

/// The files of a repository.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Text files, by path.
    pub files: Vec<SourceFile>,
    /// The paths of all files.
    pub paths: Vec<String>,
}

impl Tree {
    /// Reads a repository, without version control's and cargo's own folders.
    ///
    /// # Errors
    /// If a folder or file cannot be read.
    pub fn read(root: &Path) -> io::Result<Tree> {
        let mut tree = Tree::default();
        tree.read_folder(root, "")?;
        tree.paths.sort();
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            let kind = entry.file_type()?;
            if kind.is_dir() && name != "target" && name != ".git" {
                self.read_folder(&entry.path(), &format!("{path}/"))?;
            } else if kind.is_file() && name != ".git" {
                let bytes = fs::read(entry.path())?;
                if let Ok(text) = String::from_utf8(bytes)
                    && !text.contains('\0')
                {
                    self.files.push(SourceFile::new(&path, &text));
                }
                self.paths.push(path);
            }
        }
        Ok(())
    }

    /// A tree of files given as path and text, for tests of rules.
    pub fn of(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in files {
            tree.files.push(SourceFile::new(path, text));
            tree.paths.push((*path).to_owned());
        }
        tree
    }

    /// The Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| file.is_rust())
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }
}

/// A rule: a tree → its findings.
type Rule = fn(&Tree, &mut Vec<Finding>);

/// All rules that judge single places. The ratchets are apart: see [`long_functions`] and
/// [`dialect`].
const RULES: &[Rule] = &[
    text::header,
    text::file_length,
    text::ignored_tests,
    text::system_code,
    text::commented_code,
    text::machine_paths,
    text::comment_width,
    labels::unique,
    matches::wildcards,
    manifests::features,
    manifests::description,
    manifests::lints,
    manifests::licences,
    manifests::registries,
    locks::locks,
    layout::test_readme,
    layout::families,
    plants::plants,
    plants::programs,
    claims::claims,
    paths::paths,
    anchors::anchors,
    targets::targets,
    targets::rows,
    targets::tests,
];

/// The findings of all rules that `exemptions` do not cover, and the exemptions that cover nothing,
/// by path and line.
pub fn check(tree: &Tree, exemptions: &[Exemption]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        rule(tree, &mut findings);
    }
    let stale = exemptions.iter().filter(|exemption| {
        exemption.rule != functions::RULE
            && !findings.iter().any(|finding| exemption.covers(finding))
    });
    let stale: Vec<Finding> = stale.map(Exemption::stale).collect();
    findings.retain(|finding| !exemptions.iter().any(|exemption| exemption.covers(finding)));
    findings.extend(stale);
    findings.sort();
    findings
}

/// The functions that are too long, without the exempt ones, and the exemptions that cover none.
pub fn long_functions(tree: &Tree, exemptions: &[Exemption]) -> (Vec<Finding>, Vec<Finding>) {
    let mut findings = Vec::new();
    functions::length(tree, &mut findings);
    let stale = exemptions.iter().filter(|exemption| {
        exemption.rule == functions::RULE
            && !findings.iter().any(|finding| exemption.covers(finding))
    });
    let stale = stale.map(Exemption::stale).collect();
    findings.retain(|finding| !exemptions.iter().any(|exemption| exemption.covers(finding)));
    findings.sort();
    (findings, stale)
}

/// A row of `exempt.tsv`.
#[derive(Clone, Debug)]
pub struct Exemption {
    /// The rule's name.
    pub rule: String,
    /// The file.
    pub path: String,
    /// The thing in the file that is exempt: a function, a word; `-` for the file as a whole.
    pub item: String,
    /// Why the rule does not fit there.
    pub reason: String,
}

impl Exemption {
    /// Reads the rows of a list; lines that begin with `#` explain it.
    ///
    /// # Errors
    /// A row that has not four fields, or no reason.
    pub fn parse(list: &str) -> Result<Vec<Exemption>, String> {
        let rows = list.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        rows.map(|row| match row.split('\t').collect::<Vec<_>>()[..] {
            [rule, path, item, reason] if reason.len() > 10 => Ok(Exemption {
                rule: rule.to_owned(),
                path: path.to_owned(),
                item: item.to_owned(),
                reason: reason.to_owned(),
            }),
            _ => Err(format!("not `rule, path, item, reason` with a reason: {row}")),
        })
        .collect()
    }

    fn covers(&self, finding: &Finding) -> bool {
        (self.rule.as_str(), self.path.as_str(), self.item.as_str())
            == (finding.rule, finding.path.as_str(), finding.item.as_str())
    }

    fn stale(&self) -> Finding {
        Finding {
            path: self.path.clone(),
            line: 0,
            rule: "exemption",
            item: self.item.clone(),
            message: format!(
                "no finding of rule {} needs this exemption: remove the row",
                self.rule
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs one rule over a few files; `path:line item` of each finding.
    #[track_caller]
    pub(super) fn found(rule: Rule, files: &[(&str, &str)], wanted: &[&str]) {
        let mut findings = Vec::new();
        rule(&Tree::of(files), &mut findings);
        let found: Vec<String> =
            findings.iter().map(|x| format!("{}:{} {}", x.path, x.line, x.item)).collect();
        assert_eq!(found, wanted);
        for finding in findings {
            assert!(finding.message.len() > 15, "a message says what to do instead: {finding}");
        }
    }

    #[test]
    fn exemptions_cover_one_item_and_go_stale() {
        let row = "header\tcrates/num/src/lib.rs\t-\tonly to test exemptions";
        let exemptions = Exemption::parse(&format!("# why\n{row}\n")).expect("a good row");
        let bad = [("crates/num/src/lib.rs", "use x;\n")];
        let rules = |files: &[(&str, &str)], exemptions: &[Exemption]| -> Vec<&'static str> {
            let findings = check(&Tree::of(files), exemptions);
            let about = findings.into_iter().filter(|x| x.path.ends_with("lib.rs"));
            about.map(|x| x.rule).collect()
        };
        assert_eq!(rules(&bad, &[]), ["header"]);
        assert_eq!(rules(&bad, &exemptions), [""; 0]);
        assert_eq!(rules(&[("crates/num/src/lib.rs", "//! Idea.\n")], &exemptions), ["exemption"]);
        assert!(Exemption::parse("header\tx\ty\t-").is_err());
        assert!(Exemption::parse("header\tx\tno reason at all").is_err());
    }
}
