//! Recipes with real compilers (`recipes/*/recipe`): a program is built twice, with one thing
//! different, and the first screen of the comparison is the one that is committed beside it.
//!
//! A recipe is lines of words:
//!
//! ```text
//! # what it shows
//! needs PROGRAM TEXT         the program's `--version` has this text; else the recipe is ignored
//! target TRIPLE              rustc has the library of this target; else the recipe is ignored
//! series FROM TO             the recipe is run for each number: `$N`, and `$PAD`, N letters
//! both COMMAND               run by `sh`, in a folder of its own; `$SOURCES` are the sources
//! a COMMAND                  the same, and so on; they leave `a.wasm` and `b.wasm`
//! ```
//!
//! `PROVA_BLESS=1` writes what is found to `expect`. Green does not show other programs, other
//! versions of the compilers, or anything where these are absent: each that is ignored says why.

use libtest_mimic::{Arguments, Failed, Trial};
use prova_investigate::diff::{DiffOptions, diff};
use prova_module::{Features, Limits, Module};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Lines of a screen; of a series only what comes before the first cluster.
const SCREEN: usize = 24;

struct Recipe {
    name: String,
    folder: PathBuf,
    needs: Vec<(String, String)>,
    targets: Vec<String>,
    series: Option<(u32, u32)>,
    commands: Vec<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trial = |recipe: Recipe| {
        let missing = recipe.missing();
        if let Some(missing) = &missing {
            eprintln!("recipe {}: ignored, as {missing}", recipe.name);
        }
        let name = recipe.name.clone();
        Trial::test(name, move || recipe.run()).with_ignored_flag(missing.is_some())
    };
    let trials: Vec<Trial> = recipes().into_iter().map(trial).collect();
    assert!(!trials.is_empty(), "no recipes");
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recipes")
}

fn recipes() -> Vec<Recipe> {
    let entries = std::fs::read_dir(folder()).expect("the recipes");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    folders.retain(|folder| folder.join("recipe").is_file());
    folders.sort();
    folders.into_iter().map(recipe).collect()
}

fn recipe(folder: PathBuf) -> Recipe {
    let text = std::fs::read_to_string(folder.join("recipe")).expect("a recipe");
    let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let (needs, targets, commands) = (vec![], vec![], vec![]);
    let mut recipe = Recipe { name, folder, needs, targets, series: None, commands };
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (word, rest) = line.split_once(' ').expect("words");
        match word {
            "needs" => {
                let (program, version) = rest.split_once(' ').expect("a program and a version");
                recipe.needs.push((program.to_owned(), version.to_owned()));
            }
            "target" => recipe.targets.push(rest.to_owned()),
            "series" => {
                let (from, to) = rest.split_once(' ').expect("two numbers");
                recipe.series = Some((from.parse().expect("from"), to.parse().expect("to")));
            }
            "both" | "a" | "b" => recipe.commands.push(rest.to_owned()),
            other => panic!("{}: `{other}`", recipe.name),
        }
    }
    recipe
}

impl Recipe {
    /// What this machine lacks.
    fn missing(&self) -> Option<String> {
        let target = self.targets.iter().find_map(|target| {
            let arguments = ["--print", "target-libdir", "--target", target];
            let output = Command::new("rustc").args(arguments).output();
            let folder = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            let there = folder.is_ok_and(|folder| Path::new(folder.trim()).is_dir());
            (!there).then(|| format!("the library of {target} is absent"))
        });
        let lacks = |(program, version): &(String, String)| {
            let output = Command::new(program).arg("--version").output();
            let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            match text {
                Ok(text) if text.contains(version.as_str()) => None,
                Ok(_) => Some(format!("{program} is not {version}")),
                Err(_) => Some(format!("{program} is absent")),
            }
        };
        self.needs.iter().find_map(lacks).or(target)
    }

    fn run(&self) -> Result<(), Failed> {
        let found = match self.series {
            None => self.screen(None)?,
            Some((from, to)) => {
                let mut all = String::new();
                for number in from..=to {
                    write!(all, "==== {number}\n{}", self.screen(Some(number))?)?;
                }
                all
            }
        };
        let path = self.folder.join("expect");
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
    fn screen(&self, number: Option<u32>) -> Result<String, Failed> {
        let id = std::process::id();
        let scratch = Scratch::new(&format!("{}-{id}-{}", self.name, number.unwrap_or(0)))?;
        for command in &self.commands {
            let number = number.unwrap_or(0);
            let output = Command::new("sh")
                .args(["-e", "-c", command])
                .current_dir(&scratch.0)
                .env("SOURCES", folder().join("sources"))
                .env("N", number.to_string())
                .env("PAD", "x".repeat(number as usize))
                .output()?;
            if !output.status.success() {
                let errors = String::from_utf8_lossy(&output.stderr).into_owned();
                return Err(format!("{command}\n{errors}").into());
            }
        }
        let side = |name: &str| -> Result<Module, Failed> {
            let bytes = std::fs::read(scratch.0.join(name))?;
            Ok(Module::decode(bytes, &Features::default(), &Limits::default())?)
        };
        let (a, b) = (side("a.wasm")?, side("b.wasm")?);
        let names = ("a.wasm".to_owned(), "b.wasm".to_owned());
        let text = diff(&a, &b, &DiffOptions { names, ..DiffOptions::default() }).to_text();
        let lines = text.lines().take(SCREEN);
        let shown: Vec<&str> = match number {
            None => lines.collect(),
            Some(_) => lines.take_while(|line| !line.starts_with("== ")).collect(),
        };
        Ok(shown.iter().map(|line| format!("{}\n", line.trim_end())).collect())
    }
}

/// A folder that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Result<Scratch, Failed> {
        let path = std::env::temp_dir().join(format!("prova-recipe-{name}"));
        std::fs::create_dir_all(&path)?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
