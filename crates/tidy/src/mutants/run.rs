//! Test programs and a mutant → the first program that fails, or none.
//!
//! The mutant's number is in the environment ([`VARIABLE`]); 0 stands for the code without a
//! mutant.
//!
//! A program is stopped at the first of its tests that fails, which its output says; the tests in
//! it run one by one, so with one mutant the same test is the first in every run.
//!
//! Limits: a program has ten times the time that it takes without a mutant, and at least [`LEAST`];
//! and [`DATA_KIB`] of memory, or [`OBSERVER_KIB`].

use super::build::Program;
use super::weave::VARIABLE;
use super::{Mutant, Verdict, Verdicts};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// The time that a test program has in any case.
pub const LEAST: Duration = Duration::from_secs(20);

/// Data that a test program may have, in KiB, where the shell can limit it: a mutant can make a
/// table grow without end.
pub const DATA_KIB: u64 = 2 << 20;

/// The same for the certifier's, whose observer maps memories with their guards as data.
pub const OBSERVER_KIB: u64 = 32 << 20;

/// A program, and the time that it has.
#[derive(Clone, Debug)]
pub struct Timed {
    /// The program.
    pub program: Program,
    /// The time that it takes without a mutant.
    pub took: Duration,
    /// After this time it counts as one that does not end.
    pub limit: Duration,
}

enum End {
    Passed,
    /// With the name of the test, where the program came to say it.
    Failed(String),
    Late,
}

/// Runs each program once without a mutant.
///
/// # Errors
/// A program that fails, or one that cannot be run.
pub fn baseline(programs: &[Program]) -> Result<Vec<Timed>, String> {
    let mut timed = Vec::new();
    for program in programs {
        let start = Instant::now();
        match run(program, 0, Duration::from_secs(600))? {
            End::Passed => {
                let took = start.elapsed();
                let limit = (took * 10).max(LEAST);
                timed.push(Timed { program: program.clone(), took, limit });
            }
            End::Failed(test) => {
                let Program { package, name, .. } = program;
                return Err(format!("{package} {name} {test} fails without a mutant"));
            }
            End::Late => {
                return Err(format!("{} {} does not end", program.package, program.name));
            }
        }
    }
    Ok(timed)
}

/// The verdicts on these mutants, found by `jobs` threads; `tell` hears each as it is found.
///
/// # Errors
/// A program that cannot be run.
pub fn verdicts(
    programs: &[Timed],
    mutants: &[&Mutant],
    jobs: usize,
    tell: impl Fn(&Mutant, &Verdict) + Sync,
) -> Result<Verdicts, String> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Ok(Verdicts::new())));
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = verdict(programs, mutant);
                    if let Ok(verdict) = &verdict {
                        tell(mutant, verdict);
                    }
                    let Ok(mut found) = found.lock() else { return };
                    match (&mut *found, verdict) {
                        (Ok(verdicts), Ok(verdict)) => {
                            drop(verdicts.insert(mutant.number, verdict))
                        }
                        (found @ Ok(_), Err(error)) => *found = Err(error),
                        (Err(_), _) => return,
                    }
                }
            });
        }
    });
    found.into_inner().unwrap_or_else(|_| Err("a thread failed".to_owned()))
}

/// The programs that run the mutant's code decide, in their order.
fn verdict(programs: &[Timed], mutant: &Mutant) -> Result<Verdict, String> {
    for timed in programs.iter().filter(|timed| mutant.is_seen_by(timed.program.sees)) {
        let Program { package, name, only, .. } = &timed.program;
        let name = format!("{package} {name} {only}").trim_end().to_owned();
        match run(&timed.program, mutant.number, timed.limit)? {
            End::Passed => {}
            End::Failed(test) => {
                return Ok(Verdict::Caught(format!("{name} {test}").trim_end().to_owned()));
            }
            End::Late => return Ok(Verdict::Timeout(name)),
        }
    }
    Ok(Verdict::Missed)
}

fn run(program: &Program, number: usize, limit: Duration) -> Result<End, String> {
    let mut command = Command::new("sh");
    let data = if program.package == "prova-certify" { OBSERVER_KIB } else { DATA_KIB };
    let script = format!("ulimit -d {data} 2>/dev/null; ulimit -c 0; exec \"$0\" \"$@\"");
    command.arg("-c").arg(script).arg(&program.path);
    command.arg("--test-threads=1").current_dir(&program.folder);
    command.args(Some(program.only).filter(|only| !only.is_empty()));
    command.args(program.skipped.iter().flat_map(|name| ["--skip", *name]));
    command
        .env("CARGO_MANIFEST_DIR", &program.folder)
        .env(VARIABLE, number.to_string())
        .env("RUST_BACKTRACE", "0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let failed = |error| format!("{}: {error}", program.path.display());
    let mut child = command.spawn().map_err(failed)?;
    let output = child.stdout.take().ok_or("a program without output")?;
    let (sender, receiver) = mpsc::channel();
    // It ends with the program, whose output it has.
    thread::spawn(move || sender.send(first_failure(output)));
    let end = match receiver.recv_timeout(limit) {
        Ok(None) if child.wait().map_err(failed)?.success() => return Ok(End::Passed),
        Ok(test) => End::Failed(test.unwrap_or_default()),
        Err(_) => End::Late,
    };
    // It may have ended by itself.
    drop(child.kill());
    child.wait().map_err(failed)?;
    Ok(end)
}

/// The name of the first test that failed, by what a test program writes: `test NAME ... FAILED`.
fn first_failure(output: impl Read) -> Option<String> {
    let mut lines = BufReader::new(output).split(b'\n').map_while(Result::ok);
    lines.find_map(|line| {
        let line = String::from_utf8_lossy(&line);
        let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
        Some(name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shell stands for a test program: it fails where the mutant's number is 3, and says so
    /// where it is 4.
    #[test]
    fn the_first_program_that_fails_decides() {
        let folder = std::env::temp_dir();
        let path = folder.join(format!("prova-tidy-mutants-{}", std::process::id()));
        let script = "#!/bin/sh\ncase \"$PROVA_MUTANT\" in\n3) exit 1;;\n\
            4) echo 'test x ... ok'; echo 'test a::b ... FAILED'; exec sleep 100;;\nesac\n";
        std::fs::write(&path, script).expect("written");
        let program = |package: &str, path: &std::path::Path| Program {
            package: package.to_owned(),
            name: "t".to_owned(),
            path: path.to_owned(),
            folder: folder.clone(),
            sees: &["b"],
            only: "",
            skipped: &[],
        };
        let made = Command::new("chmod").arg("+x").arg(&path).status().expect("chmod runs");
        assert!(made.success());
        let programs =
            baseline(&[program("a", "true".as_ref()), program("b", &path)]).expect("both pass");
        let mutant = |number| Mutant {
            number,
            package: "b".to_owned(),
            file: String::new(),
            function: String::new(),
            extent: None,
            span: (0, 0),
            replacement: String::new(),
            mutation: String::new(),
            line: String::new(),
        };
        let [two, three, four] = [2, 3, 4].map(mutant);
        let unseen = Mutant { package: "c".to_owned(), ..mutant(5) };
        let found = verdicts(&programs, &[&two, &three, &four, &unseen], 2, |_, _| ());
        let found = found.expect("they run");
        let wanted = [
            (2, Verdict::Missed),
            (3, Verdict::Caught("b t".to_owned())),
            (4, Verdict::Caught("b t a::b".to_owned())),
            (5, Verdict::Missed),
        ];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), wanted);
        std::fs::remove_file(&path).expect("removed");
        assert!(baseline(&[program("a", "false".as_ref())]).is_err());
    }
}
