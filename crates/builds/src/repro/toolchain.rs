//! Names of toolchains, or a range of dates → toolchains in order; a toolchain → the environment
//! and the command that use it.
//!
//! [`bisect`](mod@super::bisect) and [`matrix`](mod@super::matrix) build with each. A toolchain is
//! chosen for rustup by `RUSTUP_TOOLCHAIN`, and for anything else by `{toolchain}` in the command.
//! None is installed unless that is asked for: a build with one that is not there fails, and counts
//! as skipped.

use super::build::Options;
use anyhow::{Context, Result, bail, ensure};
use std::ffi::OsString;
use std::process::{Command, Stdio};

/// Maximum number of days of a range.
pub const DAYS_MAX: i64 = 3660;

/// The placeholder in the command for the toolchain's name.
pub const PLACE: &str = "{toolchain}";

/// The toolchains of a list `A,B,C` in that order, or of a range of nightlies
/// `nightly-2020-06-01..nightly-2020-07-01`, both ends included.
///
/// # Errors
/// If it is neither, or has fewer than two.
pub fn toolchains(list: &str) -> Result<Vec<String>> {
    let found = match list.split_once("..") {
        None => list.split(',').map(|name| name.trim().to_owned()).collect(),
        Some((good, bad)) => {
            let (prefix, first) = dated(good)?;
            let (other, last) = dated(bad)?;
            ensure!(prefix == other, "`{list}` mixes channels");
            ensure!(first < last, "`{list}` does not go from an earlier to a later day");
            ensure!(last - first <= DAYS_MAX, "`{list}` has more than {DAYS_MAX} days");
            (first..=last).map(|day| format!("{prefix}{}", date(day))).collect::<Vec<String>>()
        }
    };
    for name in &found {
        let plain = |c: char| c.is_alphanumeric() || "-._/+".contains(c);
        ensure!(
            !name.is_empty() && !name.starts_with('-') && name.chars().all(plain),
            "`{name}` is no name of a toolchain, which has letters, digits and `-._/+` and does not \
             begin with `-`; to compare flags, write the `-` in the command: `--toolchain O1,O2 -- cc \
             -{{toolchain}} …`"
        );
    }
    ensure!(found.len() >= 2, "`{list}`: two toolchains are needed");
    Ok(found)
}

/// `nightly-2020-06-01` → `nightly-` and the day since the epoch.
fn dated(name: &str) -> Result<(&str, i64)> {
    let context = || format!("`{name}` does not end in a date like 2020-07-01");
    let at =
        name.len().checked_sub(10).filter(|at| name.is_char_boundary(*at)).with_context(context)?;
    let (prefix, text) = name.split_at(at);
    let numbers: Vec<i64> = text
        .split('-')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()
        .with_context(context)?;
    let [year, month, day] = numbers[..] else { bail!(context()) };
    let number = days(year, month, day);
    ensure!((1..=12).contains(&month) && date(number) == text, "`{text}` is no date");
    Ok((prefix, number))
}

/// Days since 1970-01-01 (Hinnant, *chrono-Compatible Low-Level Date Algorithms*).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The day's date.
fn date(days: i64) -> String {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days - era * 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The options with a toolchain.
pub fn with(options: &Options, toolchain: &str) -> Options {
    let mut options = options.clone();
    for argument in &mut options.command {
        if let Some(text) = argument.to_str().filter(|text| text.contains(PLACE)) {
            *argument = OsString::from(text.replace(PLACE, toolchain));
        }
    }
    options.env.push(("RUSTUP_TOOLCHAIN".into(), toolchain.into()));
    options.env.push(("RUSTUP_AUTO_INSTALL".into(), "0".into()));
    options
}

/// Installs a toolchain with rustup, and a target's library.
///
/// # Errors
/// If rustup fails.
pub fn install(toolchain: &str, target: Option<&str>) -> Result<()> {
    let mut command = Command::new("rustup");
    command.args(["toolchain", "install", "--profile", "minimal", toolchain]);
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    let output = command.stdin(Stdio::null()).output().context("failed to start rustup")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "rustup cannot install `{toolchain}`: {}",
            said.lines().last().unwrap_or_default().trim()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_counted_over_months_and_leap_years() {
        let range = toolchains("nightly-2020-02-27..nightly-2020-03-01").expect("a range");
        assert_eq!(
            range,
            [
                "nightly-2020-02-27",
                "nightly-2020-02-28",
                "nightly-2020-02-29",
                "nightly-2020-03-01"
            ]
        );
        assert_eq!(toolchains("nightly-2019-12-31..nightly-2020-01-01").expect("a range").len(), 2);
        assert_eq!(toolchains("1.44.0, stable").expect("a list"), ["1.44.0", "stable"]);
    }

    #[test]
    fn what_is_no_toolchain_is_refused() {
        for list in [
            "",
            "a",
            "a,,b",
            "a,--help",
            "a b,c",
            "nightly-2020-02-30..nightly-2020-03-02",
            "nightly..stable",
            "nightly-2020-03-01..nightly-2020-02-01",
            "nightly-2020-03-01..beta-2020-03-02",
            "nightly-1000-01-01..nightly-2020-01-01",
        ] {
            assert!(toolchains(list).is_err(), "{list}");
        }
    }
}
