//! The suite of WASI's own working group: compiled programs, each beside a file that says how it is
//! called and how it ends → the programs that end otherwise.
//!
//! The suite is a checkout of WebAssembly/wasi-testsuite with its compiled programs (branch
//! `prod/testsuite-base`); nothing of it is part of this repository. The programs of preview 1 run,
//! each in a copy of its folder.
//!
//! A green run does not show that errors are the ones of other engines where a program accepts
//! several. Limits: a program is killed after a minute.

use crate::suites::corpus::Place;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long a program may run.
const LIMIT: Duration = Duration::from_secs(60);
/// The folder of the compiled programs of preview 1 in the folder of a language.
const COMPILED: &str = "testsuite/wasm32-wasip1";

/// A program of the suite.
#[derive(Debug)]
pub struct Case {
    /// The path of the program.
    pub file: PathBuf,
    args: Vec<String>,
    env: Vec<(String, String)>,
    /// The folder that it is granted as `/`.
    root: Option<PathBuf>,
    exit_code: i64,
    stdout: String,
}

/// The programs of a checkout, by path.
///
/// # Errors
/// If there are none, or a file beside one cannot be read.
pub fn cases(folder: &Path) -> Result<Vec<Case>, String> {
    let list = |path: &Path| {
        let entries = fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        let mut paths = paths.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        paths.sort();
        Ok::<_, String>(paths)
    };
    let mut cases = Vec::new();
    for language in list(&folder.join("tests"))? {
        let compiled = language.join(COMPILED);
        if !compiled.is_dir() {
            continue;
        }
        for file in list(&compiled)? {
            if file.extension().is_some_and(|extension| extension == "wasm") {
                cases.push(Case::read(file)?);
            }
        }
    }
    if cases.is_empty() {
        return Err(format!("{}: no programs in tests/*/{COMPILED}", folder.display()));
    }
    Ok(cases)
}

impl Case {
    fn read(file: PathBuf) -> Result<Case, String> {
        let about = file.with_extension("json");
        let about = match fs::read(&about) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| format!("{}: {error}", about.display()))?,
            Err(_) => Value::Null,
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let args = about["args"].as_array().into_iter().flatten().map(text).collect();
        let env = about["env"].as_object().into_iter().flatten();
        let env = env.map(|(name, value)| (name.clone(), text(value))).collect();
        let root = about["root"].as_str().and_then(|root| Some(file.parent()?.join(root)));
        let exit_code = about["exit_code"].as_i64().unwrap_or(0);
        let stdout = text(&about["stdout"]);
        Ok(Case { file, args, env, root, exit_code, stdout })
    }

    /// Language and name.
    #[must_use]
    pub fn name(&self) -> String {
        let language = self.file.ancestors().nth(3).and_then(Path::file_name).unwrap_or_default();
        let name = self.file.file_stem().unwrap_or_default();
        format!("{}/{}", language.to_string_lossy(), name.to_string_lossy())
    }

    /// Runs it by a program with these options.
    ///
    /// # Errors
    /// How it ended otherwise than it should, or why it could not be tried.
    pub fn run(&self, program: &Path, options: &[String]) -> Result<(), String> {
        let unable = |error: std::io::Error| error.to_string();
        let scratch = Place::new(self.file.parent().unwrap_or(&self.file)).map_err(unable)?;
        let mut command = Command::new(program);
        command.arg("run").args(options);
        for (name, value) in &self.env {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        if let Some(root) = &self.root {
            copy(root, &scratch.tmp()).map_err(|error| format!("{}: {error}", root.display()))?;
            command.arg("--dir").arg(format!("{}::/", scratch.tmp().display()));
        }
        command.arg(&self.file).args(&self.args);
        let run = scratch.run(command, None, LIMIT).map_err(unable)?;
        let code = run.status.and_then(|status| status.code()).map(i64::from);
        if code != Some(self.exit_code) {
            let said = String::from_utf8_lossy(&run.stderr);
            let first = said.lines().find(|line| !line.is_empty()).unwrap_or_default();
            return Err(format!("ended with {code:?}, not {}: {first}", self.exit_code));
        }
        let said = String::from_utf8_lossy(&run.stdout);
        match said == self.stdout {
            true => Ok(()),
            false => Err(format!("wrote {said:?}, not {:?}", self.stdout)),
        }
    }
}

/// Copies a folder; links stay links.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (entry, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        let to = to.join(entry.file_name().unwrap_or_default());
        if kind.is_dir() {
            copy(&entry, &to)?;
        } else {
            fs::copy(&entry, &to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checkout of two programs with the files beside them.
    fn checkout(name: &str, about: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("prova-{name}-{}", std::process::id()));
        let compiled = folder.join("tests/hand").join(COMPILED);
        fs::create_dir_all(compiled.join("root")).expect("it can be made");
        let text = r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_prestat_get" (func $granted (param i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\08\00\00\00\03\00\00\00hi\n")
            (func (export "_start")
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))
                (call $exit (select (i32.const 9) (i32.const 7)
                    (call $granted (i32.const 3) (i32.const 32))))))"#;
        fs::write(compiled.join("ends.wasm"), wat::parse_str(text).expect("text")).expect("it");
        fs::write(compiled.join("ends.json"), about).expect("it");
        folder
    }

    #[test]
    fn an_end_that_is_not_the_expected_one_is_a_failure() {
        let program = crate::suites::program::built().expect("cargo builds it");
        for (name, about, ends) in [
            ("a", r#"{"exit_code": 9, "stdout": "hi\n"}"#, Ok(())),
            ("b", r#"{"exit_code": 7, "root": "root", "stdout": "hi\n"}"#, Ok(())),
            ("g", r#"{"exit_code": 9}"#, Err("wrote \"hi\\n\", not \"\"")),
            ("c", r#"{"exit_code": 9, "root": "root"}"#, Err("ended with Some(7), not 9")),
            ("d", r#"{"exit_code": 9, "stdout": "ho\n"}"#, Err("wrote \"hi\\n\", not \"ho\\n\"")),
            ("e", "{}", Err("ended with Some(9), not 0")),
        ] {
            let folder = checkout(name, about);
            let cases = cases(&folder).expect("there is one");
            assert_eq!((cases.len(), cases[0].name().as_str()), (1, "hand/ends"));
            let found = cases[0].run(&program, &[]);
            let found = found.as_ref().map_err(|why| why.trim_end_matches(": "));
            assert_eq!(found.copied(), ends, "{about}");
            fs::remove_dir_all(folder).expect("it is there");
        }
        assert!(cases(Path::new("nowhere")).is_err());
        let broken = checkout("f", "{");
        assert!(cases(&broken).is_err());
        fs::remove_dir_all(broken).expect("it is there");
    }
}
