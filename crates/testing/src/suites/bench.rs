//! Real programs in two engines by turns → medians of processor time and their ratios.
//!
//! ```text
//! [Case] of class bench ─► ours, peer, ours, peer, … ─► times ─ median ─► peer / ours per case ─► geometric mean
//! ```
//!
//! A time is user and system time of the child process, start-up and translation included, as
//! `/proc/self/stat` counts it for children that have been waited for: in ticks of 10 ms, all
//! threads. Each run's output is compared as `corpus` does, so a fast wrong answer is a failure.
//! Turns alternate so that a machine that gets slower or faster slows both alike.
//!
//! Limits: Linux only (elsewhere times are wall-clock, and the table says so); one child at a time
//! in this process.

use crate::generate::manifest::Case;
use crate::suites::corpus::{self, Engine, Outcome};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The longest that one run may take.
const LIMIT: Duration = Duration::from_secs(600);

/// The times of one case.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// The case.
    pub id: String,
    /// Seconds of each run of ours, in order.
    pub ours: Vec<f64>,
    /// Seconds of each run of the peer, in order; none if there is no peer.
    pub peer: Vec<f64>,
    /// Why ours does not run it, if that is known and right.
    pub ignored: Option<String>,
    /// Why a run of ours failed, if one did.
    pub failure: Option<String>,
    /// Why a run of the peer failed, if one did.
    pub peer_failure: Option<String>,
}

impl Measured {
    /// Whether ours printed what it must each time, or does not run it for a known reason.
    pub fn is_ok(&self) -> bool {
        self.failure.is_none()
    }

    /// How many times as long the peer takes, if both ran.
    pub fn ratio(&self) -> Option<f64> {
        Some(median(&self.peer)? / median(&self.ours)?)
    }
}

/// Runs a case `rounds` times in each engine, ours first, by turns. An engine that failed is not
/// run again.
pub fn measure(
    engines: [Option<&Engine>; 2],
    folder: &Path,
    case: &Case,
    rounds: usize,
) -> Measured {
    let mut times = [Vec::new(), Vec::new()];
    let mut failures = [None, None];
    for _ in 0..rounds {
        for (at, engine) in engines.iter().enumerate() {
            let Some(engine) = engine.filter(|_| failures[at].is_none()) else { continue };
            let before = processor_time();
            let outcome = corpus::run(engine, folder, case, LIMIT);
            let after = processor_time();
            match (outcome, before.zip(after)) {
                (Outcome::Passed { .. }, Some((before, after))) => times[at].push(after - before),
                (Outcome::Passed { wall }, None) => times[at].push(wall.as_secs_f64()),
                (Outcome::Failed(why), _) => failures[at] = Some(why),
                (Outcome::Ignored(why), _) => {
                    let id = case.id.clone();
                    return Measured { id, ignored: Some(why), ..Measured::default() };
                }
            }
        }
    }
    let ([ours, peer], [failure, peer_failure]) = (times, failures);
    Measured { id: case.id.clone(), ours, peer, ignored: None, failure, peer_failure }
}

/// User and system time of the children that this process has waited for, in seconds.
fn processor_time() -> Option<f64> {
    children_time(&fs::read_to_string("/proc/self/stat").ok()?)
}

/// Fields 16 and 17 of `proc_pid_stat(5)`, in ticks of 10 ms; the second field may hold spaces and
/// parentheses.
fn children_time(stat: &str) -> Option<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(13);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some((ticks()? + ticks()?) as f64 / TICKS_PER_SECOND)
}

/// The middle of some times; of an even number, the mean of the two middle ones.
fn median(times: &[f64]) -> Option<f64> {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    let (low, high) = (times.get(times.len().checked_sub(1)? / 2)?, times.get(times.len() / 2)?);
    Some((low + high) / 2.0)
}

/// The geometric mean.
fn mean(ratios: &[f64]) -> Option<f64> {
    let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    (!ratios.is_empty()).then(|| (sum / ratios.len() as f64).exp())
}

/// Where a program is: itself if it is a path, else on `PATH`.
pub fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return std::path::absolute(program).ok().filter(|path| path.is_file());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// The table's first line.
pub fn head(peer: &str) -> String {
    let peer =
        Path::new(peer).file_name().map_or_else(|| peer.into(), |name| name.to_string_lossy());
    let clock = if processor_time().is_some() { "processor" } else { "wall-clock" };
    let ratio = format!("{peer}/prova");
    format!("{:20} {:>9} {:>9} {ratio:>12}   (seconds, {clock} time, medians)", "id", "prova", peer)
}

/// A line of the table.
pub fn row(measured: &Measured) -> String {
    let seconds = |times: &[f64]| median(times).map_or("-".to_owned(), |time| format!("{time:.2}"));
    let ratio = measured.ratio().map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
    let Measured { id, ours, peer, ignored, failure, peer_failure } = measured;
    let mut line = format!("{id:20} {:>9} {:>9} {ratio:>12}", seconds(ours), seconds(peer));
    for (name, failure) in [("ignored", ignored), ("prova", failure), ("peer", peer_failure)] {
        if let Some(why) = failure {
            line.push_str(&format!("   {name}: {why}"));
        }
    }
    line
}

/// The last line of the table.
pub fn summary(measured: &[Measured]) -> String {
    let ratios: Vec<f64> = measured.iter().filter_map(Measured::ratio).collect();
    match mean(&ratios) {
        Some(mean) => format!(
            "{:20} {:>9} {:>9} {mean:>12.2}   of {} cases",
            "geometric mean",
            "",
            "",
            ratios.len()
        ),
        None => "no case ran in both engines".to_owned(),
    }
}

/// Writes every time to `benches/runs/DATE-HOST.txt` and says where.
///
/// # Errors
/// If the file cannot be written.
pub fn record(peer: &str, measured: &[Measured]) -> Result<PathBuf, String> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host: String =
        host.trim().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let host = if host.is_empty() { "host" } else { &host };
    let folder = crate::root().join("benches/runs");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let path = folder.join(format!("{}-{host}.txt", date(seconds)));
    let mut text = format!("{}\n", head(peer));
    for measured in measured {
        let list =
            |times: &[f64]| times.iter().map(|time| format!(" {time:.2}")).collect::<String>();
        text.push_str(&format!("{}\n", row(measured)));
        text.push_str(&format!(
            "    prova{}\n    peer {}\n",
            list(&measured.ours),
            list(&measured.peer)
        ));
    }
    text.push_str(&format!("{}\n", summary(measured)));
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// The date of a time in seconds since 1970, by the civil calendar.
fn date(seconds: u64) -> String {
    let mut days = seconds / 86_400;
    let mut year = 1970;
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(ours: &[f64], peer: &[f64]) -> Measured {
        let (ours, peer) = (ours.to_vec(), peer.to_vec());
        Measured { id: "x".to_owned(), ours, peer, ..Measured::default() }
    }

    #[test]
    fn medians_and_ratios() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
        let twice_as_fast = measured(&[1.0, 1.0, 9.0], &[2.0, 2.0, 2.0]);
        assert_eq!(twice_as_fast.ratio(), Some(2.0));
        let half_as_fast = measured(&[2.0], &[1.0]);
        assert_eq!(half_as_fast.ratio(), Some(0.5));
        assert_eq!(measured(&[1.0], &[]).ratio(), None);
        let line = summary(&[twice_as_fast, half_as_fast, measured(&[1.0], &[])]);
        assert!(line.ends_with("1.00   of 2 cases"), "{line}");
        assert_eq!(summary(&[]), "no case ran in both engines");
    }

    #[test]
    fn fields_are_counted_after_the_name() {
        let stat = "7 (a) (b c) S 1 2 3 4 5 6 7 8 9 10 11 12 250 150 20 0";
        assert_eq!(children_time(stat), Some(4.0));
        assert_eq!(children_time("7 (a) S 1 2"), None);
    }

    #[test]
    fn dates() {
        for (seconds, wanted) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_798_761_599, "2026-12-31"),
        ] {
            assert_eq!(date(seconds), wanted);
        }
    }
}
