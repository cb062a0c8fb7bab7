//! A collection of real programs and an engine's program → which cases print what they must.
//!
//! ```text
//! manifest ─ [Case] ─┐
//! engine's program ──┴─ run in a new folder ─► output ─ SHA-256 ─► Outcome
//! ```
//!
//! A case runs in a new folder that holds links to the collection's `bin`, `data` (and `share`) and
//! an empty `tmp`; the guest gets `data` and `tmp`. The comparison is by the SHA-256 of standard
//! output, of `sqlite-speedtest1` its line of verification only (the others hold times), of
//! `coremark` without its count of errors when it ran for ten seconds or more (a shorter run is one
//! of the errors that it counts), followed by one `sha256sum` line for every file in `tmp` but
//! `bench.db*`.
//!
//! A green run does not show the guest's standard error, nor that another engine gives the same
//! (the oracle of each hash stands in the manifest), nor that an ignored case would pass. Limit:
//! one case takes at most the limit that is given; then it is killed.

use crate::generate::manifest::{Case, Class};
use crate::suites::scratch::Scratch;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A program that runs modules as `PROGRAM run [OPTIONS] --dir D… FILE ARGS…`.
#[derive(Clone, Debug)]
pub struct Engine {
    /// The program.
    pub program: PathBuf,
    /// Its options.
    pub options: Vec<String>,
    /// Whether it is the reference tier, in which the long cases are left out.
    pub is_reference: bool,
}

/// The outcome of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It did what it must.
    Passed {
        /// Wall-clock time.
        wall: Duration,
    },
    /// It did not, and why.
    Failed(String),
    /// It was not run, and why.
    Ignored(String),
}

/// From this time on CoreMark calls its own run valid, and counts one error less.
const COREMARK_VALID: Duration = Duration::from_secs(10);

/// Runs one case of the collection at `folder`, for at most `limit`.
pub fn run(engine: &Engine, folder: &Path, case: &Case, limit: Duration) -> Outcome {
    if engine.is_reference && case.class == Class::Bench {
        return Outcome::Ignored("too long for the reference tier".to_owned());
    }
    if engine.is_reference && case.id.starts_with("ffmpeg") {
        return Outcome::Ignored("too large for the reference tier".to_owned());
    }
    let file = match fs::read(folder.join(&case.file)) {
        Ok(file) => file,
        Err(error) => return Outcome::Ignored(format!("{}: {error}", case.file)),
    };
    if sha256(&file) != case.file_sha256 {
        return Outcome::Failed(format!("{} is not the file that the manifest means", case.file));
    }
    if case.class == Class::Compile {
        return validate(engine, folder, case, limit);
    }
    match execute(engine, folder, case, limit) {
        Ok(run) => judge(case, &run),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn validate(engine: &Engine, folder: &Path, case: &Case, limit: Duration) -> Outcome {
    let mut command = Command::new(&engine.program);
    command.arg("validate").arg(folder.join(&case.file));
    let validated = Place::new(folder).and_then(|scratch| scratch.run(command, None, limit));
    match validated {
        Ok(run) => match failure(&run) {
            None => Outcome::Passed { wall: run.wall },
            Some(why) => Outcome::Failed(why),
        },
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Runs a case, with any output.
///
/// # Errors
/// If its folder cannot be made or the program not started.
pub fn execute(engine: &Engine, folder: &Path, case: &Case, limit: Duration) -> io::Result<Run> {
    let scratch = Place::new(folder)?;
    let mut command = Command::new(&engine.program);
    command.arg("run").args(&engine.options).args(["--dir", "data", "--dir", "tmp"]);
    if folder.join("share").exists() {
        command.args(["--dir", "share"]);
    }
    command.arg(&case.file).args(&case.args);
    scratch.run(command, case.stdin.as_ref().map(|stdin| folder.join(stdin)), limit)
}

/// The output of a finished program.
#[derive(Debug)]
pub struct Run {
    /// How it ended; none if it was killed at the limit.
    pub status: Option<ExitStatus>,
    /// Wall-clock time.
    pub wall: Duration,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// A `sha256sum` line for each file in `tmp`, by name.
    pub(crate) written: String,
}

/// Whether a run printed what the case must.
pub fn judge(case: &Case, run: &Run) -> Outcome {
    if let Some(why) = failure(run) {
        return Outcome::Failed(why);
    }
    let mut text = run.stdout.clone();
    if case.id.starts_with("sqlite-speedtest1") {
        let lines = text.split_inclusive(|&byte| byte == b'\n');
        text = lines.filter(|line| line.starts_with(b"Verification")).flatten().copied().collect();
    }
    if case.id.starts_with("coremark") && run.wall >= COREMARK_VALID {
        let line = String::from_utf8_lossy(&text).replace(" errors 0\n", " errors 1\n");
        text = line.into_bytes();
    }
    text.extend(run.written.as_bytes());
    let found = sha256(&text);
    if found == case.expected {
        return Outcome::Passed { wall: run.wall };
    }
    Outcome::Failed(format!("printed something else ({found}) {}", tail(&run.stderr)))
}

/// Why a run did not end as it should, if it did not.
pub(super) fn failure(run: &Run) -> Option<String> {
    match run.status {
        Some(status) if status.success() => None,
        Some(status) => Some(format!("{status}: {}", tail(&run.stderr))),
        None => Some(format!("killed after {:.0} s", run.wall.as_secs_f64())),
    }
}

/// The end of what a program said, on one line.
fn tail(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let start = line.char_indices().rev().nth(299).map_or(0, |(at, _)| at);
    line[start..].to_owned()
}

/// The SHA-256 of bytes, in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    crate::hex(&Sha256::digest(bytes))
}

/// The place of one run: a collection, and a folder that the guest may change.
pub(crate) struct Place(Scratch);

impl Place {
    pub(crate) fn new(collection: &Path) -> io::Result<Place> {
        let scratch = Scratch::new("testing")?;
        fs::create_dir(scratch.path.join("tmp"))?;
        scratch.link(collection, &["bin", "data", "share"])?;
        Ok(Place(scratch))
    }

    /// Runs a command here, its output into files, so that no pipe can fill up.
    pub(crate) fn run(
        &self,
        mut command: Command,
        stdin: Option<PathBuf>,
        limit: Duration,
    ) -> io::Result<Run> {
        let (out, err) = (self.0.path.join("stdout"), self.0.path.join("stderr"));
        let stdin = match stdin {
            Some(path) => Stdio::from(File::open(path)?),
            None => Stdio::null(),
        };
        command.stdin(stdin).stdout(File::create(&out)?).stderr(File::create(&err)?);
        let start = Instant::now();
        let mut child = command.current_dir(&self.0.path).spawn()?;
        let status = wait(&mut child, start + limit)?;
        let wall = start.elapsed();
        let written = self.written()?;
        Ok(Run { status, wall, stdout: fs::read(out)?, stderr: fs::read(err)?, written })
    }

    /// The folder that the guest may change.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.0.path.join("tmp")
    }

    fn written(&self) -> io::Result<String> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.0.path.join("tmp"))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        let mut lines = String::new();
        let is_file = |name: &&String| self.tmp().join(name.as_str()).is_file();
        for name in names.iter().filter(|name| !name.starts_with("bench.db")).filter(is_file) {
            let hash = sha256(&fs::read(self.0.path.join("tmp").join(name))?);
            lines.push_str(&format!("{hash}  tmp/{name}\n"));
        }
        Ok(lines)
    }
}

/// Waits until `deadline`, then kills.
fn wait(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    let mut pause = Duration::from_micros(500);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// A line of the table.
pub fn row(case: &Case, tier: &str, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed { wall } => {
            format!("{:28} {tier:10} {:7} {:8.2}", case.id, "ok", wall.as_secs_f64())
        }
        Outcome::Failed(why) => format!("{:28} {tier:10} {:7} {why}", case.id, "FAIL"),
        Outcome::Ignored(why) => format!("{:28} {tier:10} {:7} ({why})", case.id, "ignored"),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn case(id: &str, expected: &[u8]) -> Case {
        Case {
            id: id.to_owned(),
            file: "bin/pair-a.wasm".to_owned(),
            file_sha256: String::new(),
            features: Vec::new(),
            args: Vec::new(),
            stdin: None,
            expected: sha256(expected),
            class: Class::Test,
        }
    }

    fn finished(stdout: &[u8], written: &str, code: i32) -> Run {
        Run {
            status: Some(ExitStatus::from_raw(code << 8)),
            wall: Duration::from_secs(1),
            stdout: stdout.to_owned(),
            stderr: b"a  b\nc".to_vec(),
            written: written.to_owned(),
        }
    }

    fn passed(outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Passed { .. })
    }

    #[test]
    fn output_files_and_exit_code_count() {
        let good = case("x", b"hello\n1  tmp/a\n");
        assert!(passed(&judge(&good, &finished(b"hello\n", "1  tmp/a\n", 0))));
        for (stdout, written, code) in [
            (&b"hello!\n"[..], "1  tmp/a\n", 0),
            (b"hello\n", "", 0),
            (b"hello\n", "1  tmp/a\n", 1),
        ] {
            assert!(!passed(&judge(&good, &finished(stdout, written, code))), "{written} {code}");
        }
        let killed = Run { status: None, ..finished(b"hello\n", "1  tmp/a\n", 0) };
        assert_eq!(judge(&good, &killed), Outcome::Failed("killed after 1 s".to_owned()));
    }

    #[test]
    fn of_the_sql_benchmark_only_the_verification_counts() {
        let good = case("sqlite-speedtest1-x", b"Verification: 12\n");
        assert!(passed(&judge(&good, &finished(b" 100 - 0.01s\nVerification: 12\n", "", 0))));
        assert!(!passed(&judge(&good, &finished(b" 100 - 0.01s\nVerification: 13\n", "", 0))));
    }

    #[test]
    fn a_slow_coremark_has_one_error_less() {
        let good = case("coremark-x", b"final 4983 errors 1\n");
        let slow = |text: &[u8]| Run { wall: COREMARK_VALID, ..finished(text, "", 0) };
        assert!(passed(&judge(&good, &finished(b"final 4983 errors 1\n", "", 0))));
        assert!(passed(&judge(&good, &slow(b"final 4983 errors 0\n"))));
        assert!(!passed(&judge(&good, &finished(b"final 4983 errors 0\n", "", 0))));
        assert!(!passed(&judge(&good, &slow(b"final 4984 errors 0\n"))));
    }

    #[test]
    fn files_and_standard_input_reach_the_guest_and_the_limit_holds() {
        let programs = crate::root().join("programs");
        let scratch = Place::new(&programs).expect("a folder");
        let mut shell = Command::new("sh");
        shell.args([
            "-c",
            "cat; ls bin | head -1; echo x >tmp/b; echo y >tmp/a; echo z >tmp/bench.db",
        ]);
        let stdin = programs.join("data/lua_mindiv.lua");
        let mut wanted = fs::read(&stdin).expect("it can be read");
        let run = scratch.run(shell, Some(stdin), Duration::from_secs(60)).expect("it runs");
        wanted.extend(b"coremark-rs-1.0.0.wasm\n");
        assert_eq!(run.stdout, wanted);
        let hashes = [("y\n", "a"), ("x\n", "b")]
            .map(|(text, name)| format!("{}  tmp/{name}\n", sha256(text.as_bytes())));
        assert_eq!(run.written, hashes.concat());
        let mut sleep = Command::new("sleep");
        sleep.arg("60");
        let run = scratch.run(sleep, None, Duration::from_millis(50)).expect("it runs");
        assert_eq!(run.status, None);
    }

    #[test]
    fn missing_files_are_ignored_and_changed_ones_fail() {
        let engine = Engine { program: "false".into(), options: Vec::new(), is_reference: false };
        let programs = crate::root().join("programs");
        let limit = Duration::from_secs(10);
        let missing = Case { file: "bin/none.wasm".to_owned(), ..case("x", b"") };
        assert!(matches!(run(&engine, &programs, &missing, limit), Outcome::Ignored(_)));
        assert!(matches!(run(&engine, &programs, &case("x", b""), limit), Outcome::Failed(_)));
    }
}
