//! A recipe's text and a folder of sources → two modules, built by real compilers.
//!
//! A recipe is lines of words:
//!
//! ```text
//! # what it shows
//! needs PROGRAM TEXT         the program's `--version` has this text; else the recipe is ignored
//! target TRIPLE              rustc has the library of this target; else the recipe is ignored
//! series FROM TO             the recipe is run for each number: `$N`, and `$PAD`, N letters
//! show WORDS                 what is compared: see `tests/recipes.rs`; without, the first screen
//! both COMMAND               run by `sh`, in a new folder; `$SOURCES` are the sources,
//!                            copied into it: a relative path, as what a compiler writes of it
//!                            must not follow from where this repository lies
//! a COMMAND                  the same, and so on; they leave `a.wasm` and `b.wasm`
//! ```
//!
//! `tests/recipes.rs` compares the modules that committed recipes build; [`super::draw`] makes
//! recipes by the hundred.

use crate::suites::scratch::Scratch;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Two modules in binary.
pub type Sides = (Vec<u8>, Vec<u8>);

/// How two modules are built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// Its name.
    pub name: String,
    /// Programs and what their `--version` must say.
    pub needs: Vec<(String, String)>,
    /// Targets of which rustc must have the library.
    pub targets: Vec<String>,
    /// The numbers that it is run for, if it is run for several.
    pub series: Option<(u32, u32)>,
    /// The part of the comparison to show; empty for the first screen.
    pub show: String,
    /// The commands, in order.
    pub commands: Vec<String>,
}

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    /// A line that is not understood.
    pub fn parse(name: &str, text: &str) -> Result<Recipe, String> {
        let mut recipe = Recipe { name: name.to_owned(), ..Recipe::default() };
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let wrong = || format!("{name}: `{line}`");
            let (word, rest) = line.split_once(' ').ok_or_else(wrong)?;
            match word {
                "needs" | "target" => recipe.require(word, rest).ok_or_else(wrong)?,
                "series" => {
                    let (from, to) = rest.split_once(' ').ok_or_else(wrong)?;
                    let number = |text: &str| text.parse().map_err(|_| wrong());
                    recipe.series = Some((number(from)?, number(to)?));
                }
                "show" => recipe.show = rest.to_owned(),
                "both" | "a" | "b" => recipe.commands.push(rest.to_owned()),
                _ => return Err(wrong()),
            }
        }
        Ok(recipe)
    }

    /// Adds what a line of `needs` or `target` asks for; `None` if it is no such line.
    pub(super) fn require(&mut self, word: &str, rest: &str) -> Option<()> {
        match word {
            "needs" => {
                let (program, version) = rest.split_once(' ')?;
                self.needs.push((program.to_owned(), version.to_owned()));
            }
            "target" => self.targets.push(rest.to_owned()),
            _ => return None,
        }
        Some(())
    }

    /// Says what this machine lacks.
    pub fn missing(&self) -> Option<String> {
        let target = || {
            self.targets.iter().find_map(|target| {
                let arguments = ["--print", "target-libdir", "--target", target];
                let output = Command::new("rustc").args(arguments).output();
                let folder =
                    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
                let there = folder.is_ok_and(|folder| Path::new(folder.trim()).is_dir());
                (!there).then(|| format!("the library of {target} is absent"))
            })
        };
        let lacks = |(program, version): &(String, String)| {
            let output = Command::new(program).arg("--version").output();
            let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            match text {
                Ok(text) if text.contains(version.as_str()) => lacks_library(program),
                Ok(_) => Some(format!("{program} is not {version}")),
                Err(_) => Some(format!("{program} is absent")),
            }
        };
        self.needs.iter().find_map(lacks).or_else(target)
    }

    /// Builds both modules, for one number of its series.
    ///
    /// # Errors
    /// The command that failed, with its words; or a module that is not there.
    pub fn build(&self, sources: &Path, number: Option<u32>) -> Result<Sides, String> {
        let number = number.unwrap_or(0);
        let scratch = Scratch::new(&format!("recipe-{}-{number}", self.name));
        let scratch = scratch.map_err(|error| format!("{}: {error}", self.name))?;
        copy_files(sources, &scratch.path.join("sources"))?;
        for command in &self.commands {
            let output = Command::new("sh")
                .args(["-e", "-c", command])
                .current_dir(&scratch.path)
                .env("SOURCES", "sources")
                .env("N", number.to_string())
                .env("PAD", "x".repeat(number as usize))
                .output()
                .map_err(|error| format!("sh: {error}"))?;
            if !output.status.success() {
                return Err(format!("{command}\n{}", String::from_utf8_lossy(&output.stderr)));
            }
        }
        let side = |name: &str| {
            fs::read(scratch.path.join(name))
                .map_err(|error| format!("{}: {name}: {error}", self.name))
        };
        Ok((side("a.wasm")?, side("b.wasm")?))
    }
}

/// Copies the files of a folder (no folders in it).
fn copy_files(from: &Path, to: &Path) -> Result<(), String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", from.display());
    fs::create_dir_all(to).map_err(wrong)?;
    for entry in fs::read_dir(from).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            fs::copy(&path, to.join(name)).map_err(wrong)?;
        }
    }
    Ok(())
}

/// Says whether a clang lacks the library that it links every program for WASI with.
fn lacks_library(program: &str) -> Option<String> {
    if !program.starts_with("clang") {
        return None;
    }
    let arguments = ["--target=wasm32-wasi", "--rtlib=compiler-rt", "-print-libgcc-file-name"];
    let output = Command::new(program).args(arguments).output().ok()?;
    let library = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!Path::new(&library).is_file()).then(|| format!("{program} has no {library}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_read_or_refused() {
        let text = "# x\nneeds cc cc 1\ntarget t\nseries 1 3\nboth x y\na z\n";
        let recipe = Recipe::parse("one", text).expect("a recipe");
        assert_eq!(recipe.needs, [("cc".to_owned(), "cc 1".to_owned())]);
        assert_eq!((recipe.targets.len(), recipe.series), (1, Some((1, 3))));
        assert_eq!(recipe.commands, ["x y", "z"]);
        for wrong in ["c x", "needs cc", "series 1", "series a b", "both"] {
            assert!(Recipe::parse("one", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_absent_is_named_and_a_command_that_fails_is_an_error() {
        let needs = |text| Recipe::parse("one", text).expect("a recipe").missing();
        assert_eq!(needs("needs no-such-program 1"), Some("no-such-program is absent".to_owned()));
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recipes/sources");
        let recipe = Recipe::parse("fails", "a echo no; echo why >&2; false").expect("a recipe");
        let error = recipe.build(&sources, None).expect_err("it fails");
        assert!(error.contains("why"), "{error}");
        let recipe = Recipe::parse("leaves", "a echo > a.wasm").expect("a recipe");
        assert!(recipe.build(&sources, None).is_err_and(|error| error.contains("b.wasm")));
    }

    /// The length of a checkout's path was part of the sizes of modules with debug information.
    #[test]
    fn sources_are_named_alike_wherever_they_lie() {
        let scratch = Scratch::new("sources-of-a-test").expect("a folder");
        let recipe = "both echo $SOURCES/x > a.wasm; cat $SOURCES/x > b.wasm";
        let recipe = Recipe::parse("names", recipe).expect("a recipe");
        for folder in ["short", "a/folder/with/a/longer/path"] {
            let folder = scratch.path.join(folder);
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join("x"), "text").expect("a file");
            let built = recipe.build(&folder, None).expect("both files");
            assert_eq!(built, (b"sources/x\n".to_vec(), b"text".to_vec()));
        }
    }
}
