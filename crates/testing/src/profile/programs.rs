//! The carried programs and two engines' programs → they print the same, end alike, and use the
//! same fuel.
//!
//! One of both may be a program of another machine behind an emulator. Both get
//! `--deterministic --stats`: their last words are the fuel that was used. A third run with a part
//! of that fuel must trap at the same place on both.

use crate::generate::manifest::{Case, Class};
use crate::suites::corpus::{self, Run};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The result of one case, equal on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Both {
    /// The last line of what the first program said: the fuel used.
    pub fuel: String,
    /// The last lines of the run with a part of the fuel.
    pub trap: String,
}

/// Runs a case of the collection at `folder` with both programs.
///
/// # Errors
/// The difference, or why nothing could be run.
pub fn compare(
    programs: [&Path; 2],
    folder: &Path,
    case: &Case,
    limit: Duration,
) -> Result<Both, String> {
    let plain = both(programs, &["--stats"], folder, case, limit)?;
    let fuel = said(&plain).lines().last().unwrap_or_default().to_owned();
    let used = fuel.split(' ').find_map(|word| word.parse::<u64>().ok());
    let Some(used) = used else { return Err(format!("no fuel is told: {fuel}")) };
    let part = format!("-Wfuel={}", used / 3 * 2);
    let short = both(programs, &[part.as_str()], folder, case, limit)?;
    let trap = said(&short).lines().last().unwrap_or_default().to_owned();
    Ok(Both { fuel, trap })
}

/// The short cases that the repository carries.
///
/// # Errors
/// If the list cannot be read.
pub fn short(folder: &Path) -> Result<Vec<Case>, String> {
    let cases = crate::generate::manifest::read(&folder.join("short.tsv"))?;
    Ok(cases.into_iter().filter(|case| case.class != Class::Compile).collect())
}

fn said(run: &Run) -> String {
    String::from_utf8_lossy(&run.stderr).into_owned()
}

/// Runs a case with both programs, which must do the same.
fn both(
    programs: [&Path; 2],
    options: &[&str],
    folder: &Path,
    case: &Case,
    limit: Duration,
) -> Result<Run, String> {
    let run = |program: &Path| {
        let mut all = vec!["--deterministic".to_owned()];
        all.extend(options.iter().map(|&option| option.to_owned()));
        let program = PathBuf::from(program);
        let engine = corpus::Engine { program, options: all, is_reference: false };
        corpus::execute(&engine, folder, case, limit).map_err(|error| error.to_string())
    };
    let (here, there) = (run(programs[0])?, run(programs[1])?);
    let status = |run: &Run| run.status.map(|status| status.code());
    if status(&here).is_none() || status(&there).is_none() {
        return Err("a run took too long".to_owned());
    }
    for (what, same) in [
        ("the exit code", status(&here) == status(&there)),
        ("what was printed", here.stdout == there.stdout),
        ("what was said", here.stderr == there.stderr),
        ("what was written", here.written == there.written),
    ] {
        if !same {
            return Err(format!("{what} differs:\n{}\n{}", said(&here), said(&there)));
        }
    }
    Ok(here)
}
