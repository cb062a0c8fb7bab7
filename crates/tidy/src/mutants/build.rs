//! The repository and its mutants → a woven copy, the mutants that do not compile, and the copy's
//! test programs.
//!
//! `weave` writes the sources of the copy.
//!
//! Invariants: (1) the copy is written only where it changes, so cargo builds no more than it must;
//! (2) a mutant is unviable only if the compiler reports an error in the body that it alone has.

use super::weave::{Woven, edited, switched, weave};
use super::{Judge, Mutant};
use crate::Tree;
use crate::source::SourceFile;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A copy of the repository in which mutants are built.
#[derive(Debug)]
pub struct Bench {
    /// The copy.
    pub folder: PathBuf,
    /// Where cargo builds it.
    target: PathBuf,
}

/// A test program.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its package.
    pub package: String,
    /// Its target in the package.
    pub name: String,
    /// The file to execute.
    pub path: PathBuf,
    /// Where it runs.
    pub folder: PathBuf,
    /// The packages whose code it runs, or beginnings of the paths of files.
    pub sees: &'static [&'static str],
    /// Part of the names of the tests that are run; empty for all.
    pub only: &'static str,
    /// Beginnings of names of tests that it leaves out.
    pub skipped: &'static [&'static str],
}

/// The result of a build with mutants woven in.
#[derive(Debug)]
pub struct Built {
    /// Mutants that do not compile.
    pub unviable: BTreeSet<usize>,
    /// Mutants that the programs can switch to.
    pub woven: BTreeSet<usize>,
}

impl Bench {
    /// Makes a bench in `folder`, with a copy of all files of the repository at `root` that version
    /// control knows or would know, except the files that [`Bench::build`] writes.
    ///
    /// # Errors
    /// If git or the file system refuses.
    pub fn new(
        root: &Path,
        folder: &Path,
        tree: &Tree,
        mutants: &[Mutant],
    ) -> Result<Bench, String> {
        let bench = Bench { folder: folder.join("tree"), target: folder.join("build") };
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root);
        let output = git.output().map_err(|error| format!("git: {error}"))?;
        let paths = String::from_utf8_lossy(&output.stdout);
        // To write them plain first would build everything anew.
        let files = files_of(tree, mutants).into_iter();
        let woven: BTreeSet<&str> = files.map(|(file, _)| file.path.as_str()).collect();
        let mut known = BTreeSet::new();
        for path in paths.split('\0').filter(|path| !path.is_empty()) {
            let Ok(bytes) = fs::read(root.join(path)) else { continue };
            if !woven.contains(path) {
                bench.write(path, &bytes)?;
            }
            known.insert(bench.folder.join(path));
        }
        if known.is_empty() {
            return Err(format!("git knows no file in {}", root.display()));
        }
        remove_others(&bench.folder, &known).map_err(|error| error.to_string())?;
        Ok(bench)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        let to = self.folder.join(path);
        if fs::read(&to).is_ok_and(|before| before == bytes) {
            return Ok(());
        }
        let folder = to.parent().unwrap_or(&self.folder);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&to, bytes));
        written.map_err(|error| format!("{}: {error}", to.display()))
    }

    /// Weaves as many of the mutants as compile.
    ///
    /// # Errors
    /// If the tree does not compile for a reason that is no mutant's.
    pub fn build(&self, tree: &Tree, mutants: &[Mutant]) -> Result<Built, String> {
        let packages: BTreeSet<&str> = mutants.iter().map(|x| x.package.as_str()).collect();
        if packages.is_empty() {
            return Ok(Built { unviable: BTreeSet::new(), woven: BTreeSet::new() });
        }
        let sources = digest(tree, mutants);
        let (mut unviable, mut constants) = self.known(sources).unwrap_or_default();
        loop {
            let files = files_of(tree, mutants);
            let (mut texts, mut woven) = (BTreeMap::new(), BTreeSet::new());
            for (file, all) in &files {
                let can = switched(file, all, &constants);
                let mut these = all.clone();
                these.retain(|x| can.contains(&x.number) && !unviable.contains(&x.number));
                woven.extend(these.iter().map(|mutant| mutant.number));
                let root = file.path.ends_with("/src/lib.rs");
                texts.insert(file.path.clone(), weave(file, &these, root));
            }
            for (path, woven) in &texts {
                self.write(path, woven.text.as_bytes())?;
            }
            let check = ["check", "--lib", "--keep-going"].map(str::to_owned).into_iter();
            let select = packages.iter().flat_map(|name| ["-p".to_owned(), (*name).to_owned()]);
            let (success, messages) = self.cargo(check.chain(select))?;
            if success {
                self.know(sources, &unviable, &constants)?;
                return Ok(Built { unviable, woven });
            }
            let before = (unviable.len(), constants.len());
            let others = judge(&messages, &texts, &mut unviable, &mut constants);
            if before == (unviable.len(), constants.len()) {
                return Err(format!("the woven tree does not compile\n{}", others.join("\n")));
            }
        }
    }

    /// Reads the findings of an earlier run over the same sources: mutants that do not compile, and
    /// functions that constants need.
    fn known(&self, sources: u64) -> Option<(BTreeSet<usize>, BTreeSet<String>)> {
        let text = fs::read_to_string(self.notes()).ok()?;
        let mut lines = text.lines();
        if lines.next() != Some(&format!("{sources:016x}")) {
            return None;
        }
        let mut known = (BTreeSet::new(), BTreeSet::new());
        for line in lines {
            match line.parse() {
                Ok(number) => drop(known.0.insert(number)),
                Err(_) => drop(known.1.insert(line.to_owned())),
            }
        }
        Some(known)
    }

    fn know(
        &self,
        sources: u64,
        unviable: &BTreeSet<usize>,
        constants: &BTreeSet<String>,
    ) -> Result<(), String> {
        let lines = unviable.iter().map(ToString::to_string).chain(constants.iter().cloned());
        let lines: String = lines.map(|line| format!("{line}\n")).collect();
        let text = format!("{sources:016x}\n{lines}");
        fs::write(self.notes(), text).map_err(|error| error.to_string())
    }

    fn notes(&self) -> PathBuf {
        self.target.with_extension("known")
    }

    /// Builds the programs of the tree with one mutant, by itself; nothing if it does not compile.
    ///
    /// # Errors
    /// If cargo cannot run.
    pub fn build_alone(
        &self,
        tree: &Tree,
        all: &[Mutant],
        mutant: &Mutant,
        judges: &[Judge],
    ) -> Result<Option<Vec<Program>>, String> {
        for (file, _) in files_of(tree, all) {
            let text = match file.path == mutant.file {
                true => edited(&file.text, (0, file.text.len()), mutant),
                false => file.text.clone(),
            };
            self.write(&file.path, text.as_bytes())?;
        }
        Ok(self.programs(judges).ok())
    }

    /// Builds the test programs of the tree as it is: those in the crates, then those beside them.
    ///
    /// # Errors
    /// What the compiler says, or that there is no such program.
    pub fn programs(&self, judges: &[Judge]) -> Result<Vec<Program>, String> {
        let mut all = Vec::new();
        for inside in [true, false] {
            let in_crate = |judge: &&Judge| judge.target == judge.package.replace('-', "_");
            let mut args = BTreeSet::new();
            for Judge { package, target, .. } in judges.iter().filter(|x| in_crate(x) == inside) {
                args.insert(format!("--package={package}"));
                args.insert(if inside { "--lib".to_owned() } else { format!("--test={target}") });
            }
            if args.is_empty() {
                continue;
            }
            let build = ["test", "--no-run"].map(str::to_owned).into_iter();
            let (success, messages) = self.cargo(build.chain(args))?;
            if !success {
                let errors: Vec<String> = messages.iter().filter_map(rendered).collect();
                return Err(format!("the tests do not compile\n{}", errors.join("\n")));
            }
            all.extend(messages.iter().filter_map(program));
        }
        let wanted = judges.iter().map(|&Judge { package, target, sees, only, skipped }| {
            let found = all.iter().find(|x: &&Program| x.package == package && x.name == target);
            let found = found.map(|program| Program { sees, only, skipped, ..program.clone() });
            found.ok_or_else(|| format!("no test program {package} {target}"))
        });
        wanted.collect()
    }

    /// Runs cargo; whether it succeeds, and its messages.
    fn cargo(&self, args: impl Iterator<Item = String>) -> Result<(bool, Vec<Value>), String> {
        let mut cargo = Command::new("cargo");
        cargo.args(args).args(["--locked", "--message-format=json", "--quiet"]);
        cargo.current_dir(&self.folder).env("CARGO_TARGET_DIR", &self.target);
        // Code that a mutant leaves unused is no error, and backtraces need no lines.
        cargo.env("RUSTFLAGS", "--cap-lints=allow").env("CARGO_PROFILE_DEV_DEBUG", "0");
        cargo.env("CARGO_INCREMENTAL", "0").stderr(Stdio::null());
        let output = cargo.output().map_err(|error| format!("cargo: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let messages = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Ok((output.status.success(), messages))
    }
}

/// A number that is another one where the sources or the mutants are others: FNV-1a.
fn digest(tree: &Tree, mutants: &[Mutant]) -> u64 {
    let files = files_of(tree, mutants).into_iter().map(|(file, _)| file.text.clone());
    let edits = mutants.iter().map(|x| format!("{:?}{}", x.span, x.replacement));
    super::fnv(files.chain(edits).flat_map(String::into_bytes))
}

/// The files that mutants are woven into, and the roots of their crates, which get the switch.
fn files_of<'a>(tree: &'a Tree, mutants: &'a [Mutant]) -> Vec<(&'a SourceFile, Vec<&'a Mutant>)> {
    let mut files: BTreeMap<&str, Vec<&Mutant>> = BTreeMap::new();
    for mutant in mutants {
        let root = mutant.file.split_once("/src/").map(|(folder, _)| folder);
        let root = root.and_then(|folder| {
            tree.files.iter().find(|file| file.path.strip_prefix(folder) == Some("/src/lib.rs"))
        });
        if let Some(root) = root {
            files.entry(&root.path).or_default();
        }
        files.entry(&mutant.file).or_default().push(mutant);
    }
    let find = |path: &str| tree.files.iter().find(|file| file.path == path);
    files.into_iter().filter_map(|(path, mutants)| Some((find(path)?, mutants))).collect()
}

/// Sorts the compiler's errors: mutants that they lie in, functions that constants need, and the
/// rest as text.
fn judge(
    messages: &[Value],
    texts: &BTreeMap<String, Woven>,
    unviable: &mut BTreeSet<usize>,
    constants: &mut BTreeSet<String>,
) -> Vec<String> {
    let mut others = Vec::new();
    for message in messages.iter().filter_map(|x| x.get("message")) {
        if message.get("level").and_then(Value::as_str) != Some("error") {
            continue;
        }
        let code = message.pointer("/code/code").and_then(Value::as_str);
        let what = message.get("message").and_then(Value::as_str).unwrap_or_default();
        let spans = message.get("spans").and_then(Value::as_array);
        let mut spans = spans.into_iter().flatten();
        let primary = spans.find(|span| span.get("is_primary") == Some(&Value::Bool(true)));
        let place = primary.and_then(|mut span| {
            // The outermost place that a macro's error comes from is the one in the body.
            while let Some(outer) = span.pointer("/expansion/span") {
                span = outer;
            }
            let line = usize::try_from(span.get("line_start")?.as_u64()?).ok()?;
            texts.get(span.get("file_name")?.as_str()?)?.at(line)
        });
        match (place, code) {
            (Some(number), _) => drop(unviable.insert(number)),
            (None, Some("E0015")) => {
                let name = what.split('`').nth(1).and_then(|path| path.rsplit("::").next());
                constants.extend(name.map(str::to_owned));
            }
            (None, _) => others.extend(rendered(&serde_json::json!({ "message": message }))),
        }
    }
    others
}

fn rendered(message: &Value) -> Option<String> {
    message.pointer("/message/rendered")?.as_str().map(str::to_owned)
}

fn program(message: &Value) -> Option<Program> {
    let path = message.get("executable")?.as_str()?;
    let manifest = Path::new(message.get("manifest_path")?.as_str()?);
    let folder = manifest.parent()?.to_owned();
    let package = format!("prova-{}", folder.file_name()?.to_str()?);
    let name = message.pointer("/target/name")?.as_str()?.to_owned();
    Some(Program { package, name, path: path.into(), folder, sees: &[], only: "", skipped: &[] })
}

/// Removes the files of a folder that are not `known`.
fn remove_others(folder: &Path, known: &BTreeSet<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let (path, kind) = entry.and_then(|x| Ok((x.path(), x.file_type()?)))?;
        if kind.is_dir() {
            remove_others(&path, known)?;
        } else if !known.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_a_mutants_only_inside_its_body() {
        let text = "x {\n/*@7*/ 7 => { a\n}\n/*@0*/ _ => { b\n}\n/*@-*/ } \n";
        let file = SourceFile::new("a.rs", text);
        let texts = BTreeMap::from([("a.rs".to_owned(), weave(&file, &[], false))]);
        let error = |line: usize, code: &str, what: &str| {
            serde_json::json!({ "message": {
                "level": "error", "code": { "code": code }, "message": what, "rendered": what,
                "spans": [{ "is_primary": true, "file_name": "a.rs", "line_start": line }],
            }})
        };
        let messages = [
            error(3, "E0308", "mismatched types"),
            error(5, "E0308", "in the body of before"),
            error(7, "E0015", "cannot call non-const associated function `Vn::pair` in constants"),
        ];
        let (mut unviable, mut constants) = (BTreeSet::new(), BTreeSet::new());
        let others = judge(&messages, &texts, &mut unviable, &mut constants);
        assert_eq!(unviable, BTreeSet::from([7]));
        assert_eq!(constants, BTreeSet::from(["pair".to_owned()]));
        assert_eq!(others, ["in the body of before"]);
    }
}
