//! Outputs that agree → those that name the day of their builds, which no build of that day shows.
//!
//! [`build`](mod@super::build) keeps the outputs; [`chance`](super::chance) finds times of day,
//! which differ from build to build.
//!
//! A date in local time differs where the time zone is varied; one in GMT does not. Dates are
//! looked for as tools write them (`spellings`); compressed or hashed ones are not seen. The
//! calendar: Hinnant, *chrono-compatible low-level date algorithms* (2014), `civil_from_days`.

use super::build::Class;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;

/// Maximum number of bytes that are read of each output.
const BYTES_MAX: u64 = 64 << 20;

/// Maximum number of outputs that are read.
const OUTPUTS_MAX: usize = 100;

/// An output that names the day of its build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// Its path among the outputs.
    pub path: String,
    /// The date as it stands there.
    pub text: String,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Year, month and day of a day since 1970.
fn civil(days: i64) -> (i64, usize, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month as usize, day)
}

/// How tools write a day since 1970.
fn spellings(days: i64) -> Vec<String> {
    let (year, number, day) = civil(days);
    let name = MONTHS[number - 1];
    let short = &name[..3];
    vec![
        format!("{year}-{number:02}-{day:02}"),
        format!("{year}/{number:02}/{day:02}"),
        format!("{year}{number:02}{day:02}"),
        // `__DATE__` of C.
        format!("{short} {day:>2} {year}"),
        format!("{short} {day} {year}"),
        format!("{short} {day}, {year}"),
        format!("{name} {day}, {year}"),
        format!("{day:02} {short} {year}"),
        format!("{day} {name} {year}"),
        format!("{number:02}/{day:02}/{year}"),
        format!("{day:02}/{number:02}/{year}"),
        format!("{day:02}.{number:02}.{year}"),
    ]
}

/// The days of a build, since 1970.
fn days((begun, ended): (f64, f64)) -> BTreeSet<i64> {
    const DAY: f64 = 86_400.0;
    [begun, ended].map(|seconds| (seconds / DAY).floor() as i64).into()
}

/// The outputs that name the day of the first of their builds.
pub fn dated(class: &Class) -> Vec<Dated> {
    let Some(kept) = &class.kept else { return Vec::new() };
    let wanted: Vec<String> = days(class.seen.time).into_iter().flat_map(spellings).collect();
    let one = |path: &String| {
        let mut bytes = Vec::new();
        File::open(kept.join(path)).ok()?.take(BYTES_MAX).read_to_end(&mut bytes).ok()?;
        let text =
            wanted.iter().find(|text| memchr::memmem::find(&bytes, text.as_bytes()).is_some());
        Some(Dated { path: path.clone(), text: text?.clone() })
    };
    class.artifacts.keys().take(OUTPUTS_MAX).filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
            (20_778, (2026, 11, 21)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil(days), date, "{days}");
        }
        let first = spellings(20_758);
        for text in ["2026-11-01", "Nov  1 2026", "Nov 1 2026", "20261101", "01 Nov 2026"] {
            assert!(first.iter().any(|one| one == text), "{text}: {first:?}");
        }
        assert_eq!(days((20_778.0 * 86_400.0 - 1.0, 20_778.0 * 86_400.0)).len(), 2);
    }
}
