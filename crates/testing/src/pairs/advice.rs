//! Builds with one difference → whether `explain` says what is behind it.
//!
//! ```text
//! programs × bases × [one edit, date, folder or constant] ─ recipe ─► a, b ─ explain ─► causes ─ rules ─► faults
//! ```
//!
//! One thing differs between both sides, and the recipe knows which, so advice that names another
//! one is wrong:
//!
//! 1. *Date*: some cause is of stage `source` with the advice of a fixed date, and every one that
//!    is *changed* is. The linker may put the strings into another order.
//! 2. *Folder*: some cause is a path, with the advice to map it away.
//! 3. *Edit*: some cause is of stage `source`, or the advice on it names the source.
//! 4. *Constant* of an object file, and *fields* that change places: one cause. A constant that no
//!    relocation names is reported as a constant, also where data lie at that number.
//! 5. Debug information that follows from the difference is no cause beside it.
//!
//! `pairs/advice.txt` lists the cases that are known to be explained wrongly; a listed one that is
//! explained well is a fault of the list. A green run does not show that advice on two differences
//! at once is right, nor other programs.

use super::SETS;
use super::data::{Builds, Noise, Program};
use super::draw::alone;
use super::recipe::Recipe;
use prova_diff::{Kind, Verdict};
use prova_investigate::explain::{Cause, Explanation, Sources, Stage, explain};
use prova_module::{Features, Limits, Module};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The one difference of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// Another time of the build.
    Date,
    /// Another folder of the sources.
    Folder,
    /// Another source.
    Edit,
    /// Another constant of an object file.
    Constant,
    /// Two fields of a structure change places.
    Fields,
}

/// Two builds with one difference.
#[derive(Clone, Debug)]
pub struct Case {
    /// How both are built, and a name.
    pub recipe: Recipe,
    /// The one difference.
    pub difference: Difference,
    /// Where its sources are.
    sources: PathBuf,
}

/// Dates of side B, in seconds: a day and a time of which each may stand before the other in order.
const DATES: [u64; 6] =
    [1_700_600_000, 1_700_000_123, 1_710_003_210, 1_735_689_599, 946_684_800, 1_893_456_000];
/// Steps of the constants of object files, and how many there are.
const CONSTANTS: (u32, u32) = (8, 13);
/// The folder of side B.
const FOLDER: &str = "home/builder/a-longer-folder/src";

/// The cases, in the order of programs, bases and differences.
///
/// # Errors
/// If the data are missing or not understood.
pub fn cases() -> Result<Vec<Case>, String> {
    let folder = crate::root().join("crates/testing/pairs");
    let mut cases = Vec::new();
    for (name, _) in SETS {
        let (builds, programs) = super::read(name)?;
        let sources = folder.join(name);
        for program in &programs {
            of_program(&builds, program, &sources, &mut cases);
        }
    }
    let (builds, _) = super::read(SETS[0].0)?;
    of_fields(&builds, &mut cases);
    Ok(cases)
}

fn of_program(builds: &Builds, program: &Program, sources: &Path, cases: &mut Vec<Case>) {
    let noise = |name: &str, key: &str, words: String| Noise {
        name: name.to_owned(),
        languages: vec![program.language.clone()],
        settings: vec![([false, true], key.to_owned(), words)],
    };
    let mut bases = builds.languages[&program.language].bases.clone();
    bases.dedup();
    for base in &bases {
        let mut add = |difference, noise: Option<&Noise>, edit| {
            let recipe = alone(builds, program, base, noise, edit);
            cases.push(Case { recipe, difference, sources: sources.to_owned() });
        };
        // Rust has no macros of a date.
        for date in DATES.iter().filter(|_| program.language == "c" || program.language == "c++") {
            let noise = noise(&format!("date-{date}"), "date", date.to_string());
            add(Difference::Date, Some(&noise), None);
        }
        add(Difference::Folder, Some(&noise("folder", "folder", FOLDER.to_owned())), None);
        for edit in &program.edits {
            add(Difference::Edit, None, Some(edit));
        }
    }
}

/// Builds of `fields.c`: its constant in an object file, and its fields.
fn of_fields(builds: &Builds, cases: &mut Vec<Case>) {
    let sources = crate::root().join("crates/testing/tests/recipes/sources");
    let language = &builds.languages["c"];
    let mut add = |difference, name: String, sides: [String; 2]| {
        let mut recipe = language.needs.clone();
        recipe.name = name;
        recipe.commands = sides.to_vec();
        cases.push(Case { recipe, difference, sources: sources.clone() });
    };
    let (step, count) = CONSTANTS;
    for number in (1..=count).map(|at| at * step) {
        let side = |letter: &str, number: u32| {
            format!(
                "clang-22 --target=wasm32-wasi -O2 -c -DADDEND={number} $SOURCES/fields.c -o {letter}.wasm"
            )
        };
        let sides = [side("a", number), side("b", number + 1)];
        add(Difference::Constant, format!("fields/constant/{number}"), sides);
    }
    for (name, flags) in &language.bases {
        let side = |letter: &str, define: &str| {
            let build = language.build.replace("$BASE", flags).replace("$FLAGS", define);
            let build = build.replace("$DATE", "1700000000").replace("-DEDIT=$EDIT", "");
            let build = build.replace("$FILES", "$SOURCES/fields.c");
            format!("{build}; mv main.wasm {letter}.wasm")
        };
        let sides = [side("a", ""), side("b", "-DSWAPPED")];
        add(Difference::Fields, format!("fields/swapped/{name}"), sides);
    }
}

impl Case {
    /// Builds both sides and says what is wrong with the explanation; none if both are equal.
    ///
    /// # Errors
    /// The compiler's words, or a side that is no module.
    pub fn faults(&self) -> Result<Option<Vec<String>>, String> {
        let (a, b) = self.recipe.build(&self.sources, None)?;
        let module = |bytes: Vec<u8>| {
            Module::decode(bytes, &Features::default(), &Limits::default())
                .map_err(|error| format!("{}: {error}", self.recipe.name))
        };
        let names = ("a.wasm".to_owned(), "b.wasm".to_owned());
        let sources = Sources { names, ..Sources::default() };
        let told = explain(&module(a)?, &module(b)?, &sources)
            .map_err(|error| format!("{}: {error:#}", self.recipe.name))?;
        Ok((!told.diff.equal).then(|| faults(self.difference, &told)))
    }
}

/// The names of the cases that are known to be explained wrongly.
///
/// # Errors
/// If the list cannot be read, or names a case twice or one that does not exist.
pub fn known(cases: &[Case]) -> Result<HashSet<String>, String> {
    let path = crate::root().join("crates/testing/pairs/advice.txt");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let names: HashSet<&str> = cases.iter().map(|case| case.recipe.name.as_str()).collect();
    let mut known = HashSet::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if !names.contains(line) || !known.insert(line.to_owned()) {
            return Err(format!("advice.txt: `{line}`"));
        }
    }
    Ok(known)
}

/// The rules that an explanation breaks.
pub fn faults(difference: Difference, told: &Explanation) -> Vec<String> {
    let mut faults = Vec::new();
    let advises = |cause: &Cause, words: &str| cause.advice.iter().any(|one| one.contains(words));
    let named = |cause: &Cause| format!("{}: {}", cause.verdict, cause.cause);
    match difference {
        Difference::Date => {
            let is_dated = |cause: &&Cause| {
                cause.stage == Stage::Source && advises(cause, "SOURCE_DATE_EPOCH")
            };
            let changed = told.causes.iter().filter(|cause| cause.verdict == Verdict::Changed);
            let undated = changed.filter(|cause| !is_dated(cause));
            faults.extend(undated.map(|cause| format!("no date: {}", named(cause))));
            if told.causes.iter().filter(is_dated).count() == 0 {
                faults.push("no date".to_owned());
            }
        }
        Difference::Folder => {
            let is_path = |cause: &Cause| {
                cause.verdict == Verdict::Path && advises(cause, "map the path away")
            };
            if !told.causes.iter().any(is_path) {
                faults.push("no path".to_owned());
            }
        }
        Difference::Edit | Difference::Fields | Difference::Constant => {
            let of_source =
                |cause: &Cause| cause.stage == Stage::Source || advises(cause, "the source");
            if !told.causes.iter().any(of_source) {
                faults.push("no source".to_owned());
            }
        }
    }
    if matches!(difference, Difference::Fields | Difference::Constant) && told.causes.len() > 1 {
        let all: Vec<String> = told.causes.iter().map(named).collect();
        faults.push(format!("{} causes: {}", all.len(), all.join("; ")));
    }
    if difference == Difference::Constant {
        let other = told.causes.iter().filter(|cause| !cause.cause.starts_with("constant changed"));
        faults.extend(other.map(|cause| format!("no constant: {}", named(cause))));
    }
    let is_debug = |cause: &&Cause| {
        let mut members = cause.members.iter();
        members.all(|one| one.kind == Kind::Custom && one.name.contains("debug"))
    };
    if told.causes.len() > 1 {
        let debug = told.causes.iter().filter(is_debug);
        faults.extend(debug.map(|cause| format!("debug information: {}", named(cause))));
    }
    faults
}
