//! The outcome for modules and their twins as machine code, in the cells of the matrix.
//!
//! ```text
//! modules of the suite, or of files ─ part ─ twin of the cell ─ survey ─► Tally: a count a cell, findings
//! ```
//!
//! A *part* `P/N` takes module `i` in cell `c` if `i + c + P` is divisible by `N`: each module in
//! some cells, each cell with some modules, and the parts 0 to N - 1 add up to all. With 32 parts
//! each module is in one cell. Nothing is drawn and no clock is read.
//!
//! Nothing runs. Which modules have no twin is a count by cause, and no finding.

use super::spec;
use prova_core::{Features, Limits};
use prova_module::Module;
use prova_native::{AXES, Cell, Effort, Survey, cells, survey_with};
use prova_rewrite::{Twin, twin};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The share of the pairs of module and cell that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub part: usize,
    /// Of how many.
    pub parts: usize,
}

impl Part {
    /// All pairs.
    pub const WHOLE: Part = Part { part: 0, parts: 1 };

    /// The part of a text `P/N`, where `P` is less than `N`.
    pub fn of(text: &str) -> Option<Part> {
        let (part, parts) = text.split_once('/')?;
        let (part, parts) = (part.parse().ok()?, parts.parse().ok()?);
        (part < parts).then_some(Part { part, parts })
    }

    fn has(self, module: usize, cell: usize) -> bool {
        (module + cell + self.part).is_multiple_of(self.parts)
    }
}

/// The counts of one cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Modules, or twins, that were looked at.
    pub modules: u64,
    /// Modules without a twin.
    pub without: u64,
    /// Their functions.
    pub functions: u64,
    /// Those whose code the check accepts.
    pub native: u64,
    /// Functions and thunks that are refused, or declined beyond the documented causes.
    pub refused: u64,
}

/// The outcome for some modules.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Modules that were decoded.
    pub modules: usize,
    /// By cell, in the order of [`cells`].
    pub cells: Vec<Counts>,
    /// Why there is no twin, and how often.
    pub without: BTreeMap<String, u64>,
    /// Refusals and declined functions: module, cell, function, why.
    pub findings: Vec<String>,
}

impl Tally {
    /// The sum of all cells.
    pub fn total(&self) -> Counts {
        self.cells.iter().fold(Counts::default(), |sum, row| Counts {
            modules: sum.modules + row.modules,
            without: sum.without + row.without,
            functions: sum.functions + row.functions,
            native: sum.native + row.native,
            refused: sum.refused + row.refused,
        })
    }

    /// Compiles and checks a part of modules with names, on `jobs` threads. What is no module is
    /// left out. `done` hears of each module that was looked at.
    pub fn of(
        modules: impl IntoIterator<Item = (String, Vec<u8>)>,
        part: Part,
        jobs: usize,
        done: &mut dyn FnMut(&str, &Tally),
    ) -> Tally {
        let cells = cells();
        let mut tally = Tally { cells: vec![Counts::default(); cells.len()], ..Tally::default() };
        for (name, bytes) in modules {
            let Ok(module) = decode(bytes) else { continue };
            let number = tally.modules;
            tally.modules += 1;
            let mut twins = BTreeMap::new();
            for (at, cell) in cells.iter().enumerate().filter(|&(at, _)| part.has(number, at)) {
                let Cell { wide, imported, several, .. } = *cell;
                let made =
                    twins.entry(Twin { wide, imported, several }).or_insert_with_key(|&kind| {
                        let bytes =
                            twin(module.bytes(), kind).map_err(|error| error.to_string())?;
                        decode(bytes)
                    });
                let found = made.as_ref().map_err(Clone::clone);
                tally.add((&name, at), cell, found.and_then(|module| survey(module, cell, jobs)));
            }
            done(&name, &tally);
        }
        tally
    }

    fn add(&mut self, (name, at): (&str, usize), cell: &Cell, found: Result<Survey, String>) {
        let row = &mut self.cells[at];
        row.modules += 1;
        match found {
            Ok(found) => {
                row.functions += found.functions;
                row.native += found.native;
                row.refused += (found.refused.len() + found.declined.len()) as u64;
                let place = cell.values().join(", ");
                let why = found.refused.iter().chain(&found.declined);
                self.findings.extend(why.map(|why| format!("{name}: {place}: {why}")));
            }
            Err(why) => {
                row.without += 1;
                *self.without.entry(why).or_default() += 1;
            }
        }
    }
}

/// The counts of each cell as a table, then the causes and the findings.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\tmodules\twithout\tfunctions\tnative\trefused", AXES.join("\t"))?;
        for (cell, row) in cells().iter().zip(&self.cells) {
            writeln!(f, "{}\t{row}", cell.values().join("\t"))?;
        }
        let (modules, total) = (self.modules, self.total());
        writeln!(f, "{modules} modules{}\t{total}", "\t".repeat(AXES.len() - 1))?;
        self.without.iter().try_for_each(|(why, n)| writeln!(f, "no twin: {why}: {n}"))?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "refused: {finding}"))
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { modules, without, functions, native, refused } = self;
        write!(f, "{modules}\t{without}\t{functions}\t{native}\t{refused}")
    }
}

fn decode(bytes: Vec<u8>) -> Result<Module, String> {
    Module::decode(bytes, &Features::default(), &Limits::default()).map_err(|e| e.to_string())
}

fn survey(module: &Module, cell: &Cell, jobs: usize) -> Result<Survey, String> {
    let effort = if cell.plain { Effort::None } else { Effort::Speed };
    survey_with(module, (&cell.config, false), effort, jobs)
}

/// The modules of the specification's suite that must be accepted, each once: by script and line.
pub fn suite(filter: &str) -> Vec<(String, Vec<u8>)> {
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    for script in spec::scripts() {
        let script_name = format!("{}/{}", script.folder, script.name);
        if !script_name.contains(filter) {
            continue;
        }
        for (line, bytes) in spec::modules(script.text) {
            if seen.insert(bytes.clone()) {
                found.push((format!("{script_name}:{line}"), bytes));
            }
        }
    }
    found
}
