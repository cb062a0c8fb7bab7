//! Recipes with real compilers (`recipes/*/recipe`): a program is built twice, with one thing
//! different, and the first screen of the comparison is the one that is committed beside it. The
//! words of a recipe: `prova_testing::pairs::recipe`.
//!
//! `show explain` is the explanation in place of the comparison, `show isolate NAME` what is cut
//! out around a function.
//!
//! `PROVA_BLESS=1` writes what is found to `expect`. A green run does not show other programs,
//! other versions of the compilers, or anything where these are absent: each that is ignored says
//! why.

use libtest_mimic::{Arguments, Failed, Trial};
use prova_diff::{DiffOptions, diff};
use prova_investigate::explain::{Sources, explain};
use prova_investigate::isolate::{Options, isolate};
use prova_module::{Features, Limits, Module};
use prova_testing::pairs::recipe::Recipe;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Lines of a screen; of a series only what comes before the first cluster.
const SCREEN: usize = 24;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trial = |folder: PathBuf| {
        let recipe = recipe(&folder);
        let missing = recipe.missing();
        if let Some(missing) = &missing {
            eprintln!("recipe {}: ignored, as {missing}", recipe.name);
        }
        let name = recipe.name.clone();
        Trial::test(name, move || run(&recipe, &folder)).with_ignored_flag(missing.is_some())
    };
    let trials: Vec<Trial> = folders().into_iter().map(trial).collect();
    assert!(!trials.is_empty(), "no recipes");
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn all() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recipes")
}

fn folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(all()).expect("the recipes");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    folders.retain(|folder| folder.join("recipe").is_file());
    folders.sort();
    folders
}

fn recipe(folder: &Path) -> Recipe {
    let text = std::fs::read_to_string(folder.join("recipe")).expect("a recipe");
    let name = folder.file_name().expect("a name").to_string_lossy();
    Recipe::parse(&name, &text).expect("a recipe")
}

fn run(recipe: &Recipe, folder: &Path) -> Result<(), Failed> {
    let found = match recipe.series {
        None => screen(recipe, None)?,
        Some((from, to)) => {
            let mut all = String::new();
            for number in from..=to {
                write!(all, "==== {number}\n{}", screen(recipe, Some(number))?)?;
            }
            all
        }
    };
    let path = folder.join("expect");
    if std::env::var_os("PROVA_BLESS").is_some() {
        std::fs::write(&path, &found)?;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    match expected == found {
        true => Ok(()),
        false => Err(format!("expected\n{expected}\nfound\n{found}").into()),
    }
}

/// Builds both sides, and compares them.
fn screen(recipe: &Recipe, number: Option<u32>) -> Result<String, Failed> {
    let (a, b) = recipe.build(&all().join("sources"), number)?;
    let side = |bytes: Vec<u8>| Module::decode(bytes, &Features::default(), &Limits::default());
    let (a, b) = (side(a)?, side(b)?);
    let names = ("a.wasm".to_owned(), "b.wasm".to_owned());
    if recipe.show == "explain" {
        return Ok(explain(&a, &b, &Sources { names, ..Sources::default() })?.tree().to_text());
    }
    if let Some(function) = recipe.show.strip_prefix("isolate ") {
        let small = isolate(&a, &b, Some(function), &Options::default())?;
        let (verdict, cause) = (small.verdict, small.cause);
        let (before, after) = (small.before.0.operators, small.after.0.operators);
        let name = small.function;
        return Ok(format!("{name}: {verdict}: {cause}\noperators in A: {before} → {after}\n"));
    }
    let text = diff(&a, &b, &DiffOptions { names, ..DiffOptions::default() }).to_text();
    let lines = text.lines().take(SCREEN);
    let shown: Vec<&str> = match number {
        None => lines.collect(),
        Some(_) => lines.take_while(|line| !line.starts_with("1. ")).collect(),
    };
    Ok(shown.iter().map(|line| format!("{}\n", line.trim_end())).collect())
}
