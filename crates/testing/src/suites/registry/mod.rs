//! A table of programs of others that package registries have → whether each prints what it must.
//!
//! ```text
//! programs/registry.tsv ─ read ─► [Row] ─ fetch (npm, pip) ─► file ─ SHA-256 ─┐
//! command ─────────────────────────────────────── prova, each tier ──────────┴─► Outcome
//! ```
//!
//! Most of these programs are too large for the repository. So a row names package, version and
//! file, and anybody with the registry's ordinary client can repeat it. Programs that the tree
//! carries have rows, too (registry `tree`).
//!
//! A row is a command line of `prova`: `{}` in it is the file, `{programs}` the folder `programs`.
//! What it prints on standard output is compared with the row, with `{}` for the file's path.
//!
//! A green run does not show what goes to standard error. Limits: what the command asks; a case is
//! killed at the limit. Noticed by: `programs/registry.tsv`, whose results another engine printed
//! where the row says so.

mod fetch;

pub use fetch::fetched;

use super::corpus::{self, Outcome, Place};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The first line of a table.
pub const HEAD: &str = "id\tregistry\tpackage\tversion\tpath\tsha256\tbytes\tcompiler\tlicence\t\
                        tiers\tcommand\tprinted\toracle\tnote";

/// The source of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registry {
    /// The registry of npm.
    Npm,
    /// PyPI: a wheel.
    Pypi,
    /// The folder `programs` itself.
    Tree,
}

/// The tiers in which a row runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tiers {
    /// All four.
    All,
    /// All but the reference tier, in which it takes too long.
    Fast,
    /// None: the command takes no tier.
    None,
}

impl Tiers {
    /// Their names; none is one run without a tier.
    pub fn names(self) -> &'static [Option<&'static str>] {
        match self {
            Tiers::All => &[Some("interp"), Some("reference"), Some("native"), Some("auto")],
            Tiers::Fast => &[Some("interp"), Some("native"), Some("auto")],
            Tiers::None => &[None],
        }
    }
}

/// The output that a command must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Printed {
    /// This text.
    Text(String),
    /// This text, and any more: numbers that are a matter of the translator.
    Begin(String),
    /// A text with this SHA-256.
    Sha256(String),
}

/// A program, where it is, and what it must print.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub id: String,
    /// Its registry.
    pub registry: Registry,
    /// Its package.
    pub package: String,
    /// The version of the package.
    pub version: String,
    /// The module in the unpacked package, or below `programs`.
    pub path: PathBuf,
    /// SHA-256 of the module.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// The tiers in which it runs.
    pub tiers: Tiers,
    /// The arguments of `prova`.
    pub command: Vec<String>,
    /// Its output.
    pub printed: Printed,
}

/// Reads the rows of a table.
///
/// # Errors
/// If it is missing or a row is not understood.
pub fn read(path: &Path) -> Result<Vec<Row>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn parse(text: &str) -> Result<Vec<Row>, String> {
    if text.lines().next() != Some(HEAD) {
        return Err(format!("line 1: not `{HEAD}`"));
    }
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for (at, line) in (1..).zip(text.lines()).skip(1) {
        let row = row(line).map_err(|error| format!("line {at}: {error}"))?;
        if !seen.insert(row.id.clone()) {
            return Err(format!("line {at}: `{}` has a row already", row.id));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn row(line: &str) -> Result<Row, String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [
        id,
        registry,
        package,
        version,
        path,
        sha256,
        bytes,
        compiler,
        licence,
        tiers,
        command,
        printed,
        oracle,
        _,
    ] = fields[..]
    else {
        return Err(format!("{} fields of 14", fields.len()));
    };
    for (name, field) in [("compiler", compiler), ("licence", licence), ("oracle", oracle)] {
        if field.is_empty() {
            return Err(format!("no {name}"));
        }
    }
    let is_name = |text: &str| {
        !text.starts_with('-')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "@/._-".contains(c))
    };
    let names: &[&str] = if registry == "tree" { &[id] } else { &[id, package, version] };
    if !names.iter().all(|text| is_name(text)) || package.contains("..") {
        return Err("an id, package or version is no name".to_owned());
    }
    let path = Path::new(path);
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(format!("the path {} leaves its folder", path.display()));
    }
    Ok(Row {
        id: id.to_owned(),
        registry: match registry {
            "npm" => Registry::Npm,
            "pypi" => Registry::Pypi,
            "tree" => Registry::Tree,
            other => return Err(format!("no such registry: {other}")),
        },
        package: package.to_owned(),
        version: version.to_owned(),
        path: path.to_owned(),
        sha256: sha256.to_owned(),
        bytes: bytes.parse().map_err(|_| format!("no size: {bytes}"))?,
        tiers: match tiers {
            "all" => Tiers::All,
            "fast" => Tiers::Fast,
            "-" => Tiers::None,
            other => return Err(format!("no such tiers: {other}")),
        },
        command: command.split(' ').map(str::to_owned).collect(),
        printed: printed_of(printed)?,
    })
}

/// A text with `\n` and `\\`, and `*` at its end if more may follow; or `sha256:` and a digest.
fn printed_of(text: &str) -> Result<Printed, String> {
    if let Some(digest) = text.strip_prefix("sha256:") {
        return Ok(Printed::Sha256(digest.to_owned()));
    }
    let mut printed = String::new();
    let begin = text.strip_suffix('*');
    let mut chars = begin.unwrap_or(text).chars();
    while let Some(c) = chars.next() {
        match (c, (c == '\\').then(|| chars.next()).flatten()) {
            ('\\', Some('n')) => printed.push('\n'),
            ('\\', Some('\\')) => printed.push('\\'),
            ('\\', _) => return Err(format!("no such escape: {text}")),
            _ => printed.push(c),
        }
    }
    Ok(if begin.is_some() { Printed::Begin(printed) } else { Printed::Text(printed) })
}

impl Row {
    /// Checks that a file is the one that is meant.
    ///
    /// # Errors
    /// If it cannot be read or is another.
    pub fn check(&self, file: &Path) -> Result<(), String> {
        let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let found = corpus::sha256(&bytes);
        if (bytes.len() as u64, &found) == (self.bytes, &self.sha256) {
            return Ok(());
        }
        Err(format!("{} is another file: {} bytes, {found}", file.display(), bytes.len()))
    }

    /// Runs its command on a file in a tier, for at most `limit`.
    pub fn run(&self, program: &Path, file: &Path, tier: Option<&str>, limit: Duration) -> Outcome {
        let programs = crate::root().join("programs");
        let mut command = Command::new(program);
        for (at, word) in self.command.iter().enumerate() {
            let word = word.replace("{programs}", &programs.display().to_string());
            command.arg(word.replace("{}", &file.display().to_string()));
            if at > 0 {
                continue;
            }
            if let Some(tier) = tier {
                command.args(["--tier", tier]);
            }
            if self.command[0] == "run" {
                command.arg("--no-cache");
            }
        }
        let ran = Place::new(&programs).and_then(|place| place.run(command, None, limit));
        let run = match ran {
            Ok(run) => run,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        if let Some(why) = corpus::failure(&run) {
            return Outcome::Failed(why);
        }
        let text = String::from_utf8_lossy(&run.stdout);
        match self.differs(&text.replace(&file.display().to_string(), "{}")) {
            None => Outcome::Passed { wall: run.wall },
            Some(why) => Outcome::Failed(why),
        }
    }

    /// How a printed text is not the row's, if it is not.
    fn differs(&self, text: &str) -> Option<String> {
        let found = match &self.printed {
            Printed::Text(wanted) if wanted == text => return None,
            Printed::Begin(wanted) if text.starts_with(wanted) => return None,
            Printed::Text(_) | Printed::Begin(_) => format!("{text:?}"),
            Printed::Sha256(wanted) => {
                let found = corpus::sha256(text.as_bytes());
                if &found == wanted {
                    return None;
                }
                format!("sha256:{found}")
            }
        };
        Some(format!("printed something else: {found}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suites::{program, scratch::Scratch};

    /// A row of a program that prints `hi`, as text.
    fn line(edit: impl Fn(&str) -> String) -> String {
        let row = "a\tnpm\t@b/c\t1.0.0\tpackage/a.wasm\tSHA\tSIZE\thand\tMIT\tall\trun {} x\thi\\n\tnone\t-";
        format!("{HEAD}\n{}\n", edit(row))
    }

    const PROGRAM: &str = r#"(module
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\08\00\00\00\03\00\00\00hi\n")
        (func (export "_start")
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))"#;

    #[test]
    fn a_row_that_is_not_understood_is_an_error() {
        let rows = parse(&line(|row| row.replace("SIZE", "7"))).expect("a row");
        assert_eq!((rows.len(), rows[0].bytes, rows[0].tiers.names().len()), (1, 7, 4));
        assert_eq!(rows[0].printed, Printed::Text("hi\n".to_owned()));
        for (from, to, error) in [
            ("SIZE", "many", "line 2: no size"),
            ("\t-", "", "line 2: 13 fields of 14"),
            ("npm", "cargo", "no such registry: cargo"),
            ("all", "some", "no such tiers: some"),
            ("\\n", "\\t", "no such escape"),
            ("\\n", "\\", "no such escape"),
            ("MIT", "", "no licence"),
            ("@b/c", "--help", "is no name"),
            ("@b/c", "../c", "is no name"),
            ("1.0.0", "1;0", "is no name"),
            ("package/", "/", "leaves its folder"),
            ("package/", "../", "leaves its folder"),
        ] {
            let text = line(|row| row.replace(from, to).replace("SIZE", "7"));
            let found = parse(&text).expect_err(&text);
            assert!(found.contains(error), "{found}");
        }
        let twice = line(|row| row.replace("SIZE", "7")).replace(HEAD, "");
        let found = parse(&format!("{HEAD}{twice}{}", twice.trim_start())).expect_err("twice");
        assert_eq!(found, "line 3: `a` has a row already");
        assert!(parse("").expect_err("nothing").contains("line 1"));
    }

    /// A local package: the file is where a fetched one would be, so nothing is fetched.
    #[test]
    fn a_program_prints_what_its_row_says_or_fails() {
        let program = program::built().expect("`prova` can be built");
        let scratch = Scratch::new("registry").expect("a folder");
        let wasm = wat::parse_str(PROGRAM).expect("a module");
        let folder = scratch.path.join("npm/@b+c-1.0.0/package");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("a.wasm"), &wasm).expect("a file");
        let row = |from: &str, to: &str| {
            let text = line(|row| {
                let row = row.replace(from, to).replace("SHA", &corpus::sha256(&wasm));
                row.replace("SIZE", &wasm.len().to_string())
            });
            parse(&text).expect("a row").remove(0)
        };
        let limit = Duration::from_secs(60);
        let ran = |row: &Row, tier| {
            let file = fetched(row, &scratch.path).expect("it is there");
            row.check(&file).expect("it is the file");
            row.run(&program, &file, tier, limit)
        };
        for &tier in row("", "").tiers.names() {
            let outcome = ran(&row("", ""), tier);
            assert!(matches!(outcome, Outcome::Passed { .. }), "{tier:?} {outcome:?}");
        }
        let digest = format!("sha256:{}", corpus::sha256(b"hi\n"));
        for printed in [digest.as_str(), "h*", "*"] {
            let outcome = ran(&row("hi\\n", printed), None);
            assert!(matches!(outcome, Outcome::Passed { .. }), "{printed} {outcome:?}");
        }
        let valid = row("run {} x\thi\\n", "validate --help-not {}\thi\\n");
        assert!(matches!(ran(&valid, None), Outcome::Failed(why) if why.contains("help-not")));
        for printed in ["ho\\n", "hi", "hi\\n\\n*", "sha256:00"] {
            let outcome = ran(&row("hi\\n", printed), Some("interp"));
            let Outcome::Failed(why) = outcome else { panic!("{printed}: {outcome:?}") };
            assert!(why.contains("printed something else"), "{why}");
        }
        for (from, to) in [("SHA", "00"), ("SIZE", "1")] {
            let other = row(from, to);
            let file = fetched(&other, &scratch.path).expect("it is there");
            assert!(other.check(&file).expect_err("another").contains("is another file"));
        }
    }

    #[test]
    fn the_table_is_read_and_its_carried_programs_are_there() {
        let rows = read(&crate::root().join("programs/registry.tsv")).expect("the table");
        let carried = rows.iter().filter(|row| row.registry == Registry::Tree);
        let mut count = 0;
        for row in carried {
            let file = fetched(row, Path::new("nowhere")).expect("a path");
            row.check(&file).expect("the file of the row");
            count += 1;
        }
        assert!(count >= 3 && rows.len() > count, "{count} of {}", rows.len());
    }
}
