//! Pairs of builds by real compilers, honest and malicious → what `prova diff` says of each.
//!
//! ```text
//! builds.txt ─┐                                       ┌ run: both sides on the same inputs
//!             ├ data ─► draw ─► [Pair] ─ recipe ─► a, b ┤                                    ─► Row ─► table
//! open.txt ───┘ (held.txt)                            └ diff, --allow
//! ```
//!
//! An honest pair has one source and differs in the circumstances of the build (folders, maps of
//! paths, places in memory, the order of the linker's inputs, dates); it must run alike. A
//! malicious pair has a small edit beside such a circumstance; it must be seen to run differently.
//! A pair that does not is an error of the recipe, and counts for nothing.
//!
//! Set `open` is for those who work on verdicts. Set `held` has other programs and another seed: it
//! is measured and not looked at. A green run does not show other programs, compilers or edits.

pub mod advice;
pub mod data;
pub mod draw;
pub mod recipe;
pub mod run;
pub mod table;

use data::{Builds, Program};
use draw::{Draws, Pair};
use prova_diff::{Allow, DiffOptions, Report, Verdict, diff};
use prova_module::{Features, Limits, Module};
use recipe::Sides;
use std::fs;
use std::path::PathBuf;

/// The sets and what their chance is made of.
pub const SETS: [(&str, u64); 2] = [("open", 28), ("held", 2028)];

/// A set of pairs.
#[derive(Clone, Debug)]
pub struct Set {
    /// Its programs.
    pub programs: Vec<Program>,
    /// Its pairs.
    pub pairs: Vec<Pair>,
    /// Where its sources are.
    sources: PathBuf,
    /// The folder that its programs see as `/`.
    files: PathBuf,
}

/// The outcome for a pair.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// The kind of its edit; none if it is honest.
    pub edit: Option<String>,
    /// The other differences.
    pub noises: Vec<String>,
    /// The number of the first run that differs, from 1.
    pub differs: Option<usize>,
    /// The report of the comparison.
    pub report: Report,
}

/// Reads how programs are built, and the programs of a set.
fn read(name: &str) -> Result<(Builds, Vec<Program>), String> {
    let folder = crate::root().join("crates/testing/pairs");
    let read = |file: &str| {
        let path = folder.join(file);
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let builds = Builds::parse(&read("builds.txt")?)?;
    let list = format!("{name}.txt");
    let programs =
        data::programs(&read(&list)?, &builds).map_err(|error| format!("{list}, {error}"))?;
    Ok((builds, programs))
}

impl Set {
    /// Reads and draws a set.
    ///
    /// # Errors
    /// If there is no such set, or its data are missing or not understood.
    pub fn read(name: &str, draws: Draws) -> Result<Set, String> {
        let known = SETS.iter().find(|set| set.0 == name);
        let (name, seed) = known.ok_or_else(|| format!("no set `{name}`"))?;
        let folder = crate::root().join("crates/testing/pairs");
        let (builds, programs) = read(name)?;
        let pairs = draw::pairs(&builds, &programs, *seed, draws);
        let (sources, files) = (folder.join(name), folder.join("files"));
        Ok(Set { programs, pairs, sources, files })
    }

    /// Builds a pair.
    ///
    /// # Errors
    /// The compiler's words.
    pub fn build(&self, pair: &Pair) -> Result<Sides, String> {
        pair.recipe.build(&self.sources, None)
    }

    /// Runs both sides of a pair, and compares them.
    ///
    /// # Errors
    /// If a side is no module or cannot be run.
    pub fn judge(&self, pair: &Pair, (a, b): Sides) -> Result<Row, String> {
        let mut differs = None;
        for (number, run) in (1..).zip(&self.programs[pair.program].runs) {
            let seen = |wasm: &[u8]| {
                run::run(wasm, run, &self.files)
                    .map_err(|error| format!("{}: {run:?}: {error:#}", pair.name))
            };
            if seen(&a)? != seen(&b)? {
                differs = Some(number);
                break;
            }
        }
        let module = |bytes: Vec<u8>| {
            Module::decode(bytes, &Features::default(), &Limits::default())
                .map_err(|error| format!("{}: {error}", pair.name))
        };
        let report = diff(&module(a)?, &module(b)?, &DiffOptions::default());
        let (name, edit, noises) = (pair.name.clone(), pair.edit.clone(), pair.noises.clone());
        Ok(Row { name, edit, noises, differs, report })
    }
}

impl Row {
    /// Whether both sides run as the recipe says: alike if it is honest, else not.
    pub fn runs_as_it_must(&self) -> bool {
        self.differs.is_some() == self.edit.is_some()
    }

    /// Whether the comparison lets it pass with these words of `--allow`; none if one of them is no
    /// word.
    pub fn passes(&self, words: &[&str]) -> Option<bool> {
        let allow: Option<Vec<Allow>> = words.iter().map(|word| Allow::parse(word)).collect();
        Some(self.report.allowed(&allow?))
    }

    /// Whether something is `changed`.
    pub fn changed(&self) -> bool {
        self.report.differences.iter().any(|one| one.verdict == Verdict::Changed)
    }
}
