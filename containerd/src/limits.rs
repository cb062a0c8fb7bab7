//! A container's specification → the limits of its module, and what its machine code has to show.
//!
//! | from | limit |
//! |---|---|
//! | `linux.resources.memory.limit` | bytes of all memories and tables together |
//! | annotation `prova.dev/max-memory` | the same, the smaller of the two |
//! | annotation `prova.dev/timeout` | time, that of loading the module with it |
//! | annotation `prova.dev/fuel` | units of fuel |
//! | annotation `prova.dev/require` | machine code runs only if it is proved to do what it should |
//!
//! An annotation `prova.dev/…` that is none of these, or has no value of its kind, is an error that
//! names it. Others are somebody else's.

use anyhow::{Result, bail};
use oci_spec::runtime::Spec;
use std::time::Duration;

/// The limits of a module, and of its machine code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of all linear memories and tables together.
    pub(crate) memory: Option<u64>,
    /// Time.
    pub(crate) timeout: Option<Duration>,
    /// Units of fuel.
    pub(crate) fuel: Option<u64>,
    /// Whether machine code of a function runs only with a proof that it does what the function
    /// says.
    pub(crate) proved: bool,
}

const PREFIX: &str = "prova.dev/";
/// The most characters of a value in an error.
const SHOWN_MAX: usize = 80;

impl Limits {
    /// The limits that a specification asks for.
    ///
    /// # Errors
    /// For an annotation that is unknown or malformed.
    pub(crate) fn of(spec: &Spec) -> Result<Limits> {
        let resources = spec.linux().as_ref().and_then(|linux| linux.resources().as_ref());
        let memory = resources.and_then(|resources| resources.memory().as_ref()?.limit());
        // Negative and 0: without limit.
        let memory = memory.and_then(|bytes| u64::try_from(bytes).ok()).filter(|bytes| *bytes > 0);
        let mut limits = Limits { memory, ..Limits::default() };
        let annotations = spec.annotations().iter().flatten();
        let mut own: Vec<(&str, &str)> = annotations
            .filter_map(|(key, value)| Some((key.strip_prefix(PREFIX)?, value.as_str())))
            .collect();
        own.sort_unstable();
        for (key, value) in own {
            let expected = match key {
                "timeout" => match duration(value) {
                    Some(timeout) => {
                        limits.timeout = Some(timeout);
                        continue;
                    }
                    None => "a duration such as `500ms`, `2s` or `1m`",
                },
                "fuel" => match unit(value) {
                    Some((fuel, "")) => {
                        limits.fuel = Some(fuel);
                        continue;
                    }
                    Some(_) | None => "a number of units",
                },
                "max-memory" => match size(value) {
                    Some(bytes) => {
                        limits.memory = Some(limits.memory.map_or(bytes, |all| all.min(bytes)));
                        continue;
                    }
                    None => "a number of bytes, or one such as `64M` or `2G`",
                },
                "require" => match value {
                    "proved" => {
                        limits.proved = true;
                        continue;
                    }
                    _ => "`proved`, the only value",
                },
                _ => bail!(
                    "annotation `{PREFIX}{key}`: there is none of this name; there are `{PREFIX}timeout`, `{PREFIX}fuel`, `{PREFIX}max-memory` and `{PREFIX}require`"
                ),
            };
            let shown: String = value.chars().take(SHOWN_MAX).collect();
            bail!("annotation `{PREFIX}{key}`: `{shown}` is not {expected}");
        }
        Ok(limits)
    }
}

/// Splits a text behind its digits.
fn unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit))
}

fn duration(text: &str) -> Option<Duration> {
    let millis = match unit(text)? {
        (number, "ms") => number,
        (number, "s") => number.checked_mul(1_000)?,
        (number, "m") => number.checked_mul(60_000)?,
        _ => return None,
    };
    Some(Duration::from_millis(millis))
}

fn size(text: &str) -> Option<u64> {
    let (number, scale) = match unit(text)? {
        (number, "") => (number, 1),
        (number, "K" | "Ki") => (number, 1 << 10),
        (number, "M" | "Mi") => (number, 1 << 20),
        (number, "G" | "Gi") => (number, 1 << 30),
        _ => return None,
    };
    number.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oci_spec::runtime::{LinuxBuilder, LinuxMemoryBuilder, LinuxResourcesBuilder};

    fn spec(memory: i64, annotations: &[(&str, &str)]) -> Spec {
        let memory = LinuxMemoryBuilder::default().limit(memory).build().expect("memory");
        let resources = LinuxResourcesBuilder::default().memory(memory).build().expect("resources");
        let mut spec = Spec::default();
        spec.set_linux(Some(LinuxBuilder::default().resources(resources).build().expect("linux")));
        let pairs = annotations.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        spec.set_annotations(Some(pairs.collect()));
        spec
    }

    #[test]
    fn annotations_and_resources_are_limits() {
        assert_eq!(Limits::of(&Spec::default()).ok(), Some(Limits::default()));
        let all = [("prova.dev/timeout", "2s"), ("prova.dev/fuel", "7"), ("other/fuel", "x")];
        let limits = Limits::of(&spec(1 << 20, &all)).expect("limits");
        let timeout = Some(Duration::from_secs(2));
        let (memory, fuel) = (Some(1 << 20), Some(7));
        assert_eq!(limits, Limits { memory, timeout, fuel, proved: false });
        let limits = Limits::of(&spec(0, &[("prova.dev/require", "proved")])).expect("limits");
        assert_eq!(limits, Limits { proved: true, ..Limits::default() });
        for (memory, text, smaller) in
            [(-1, "64K", 64 << 10), (0, "5", 5), (100, "1Ki", 100), (1 << 30, "1M", 1 << 20)]
        {
            let limits = Limits::of(&spec(memory, &[("prova.dev/max-memory", text)]));
            assert_eq!(limits.expect("limits").memory, Some(smaller), "{text}");
        }
    }

    #[test]
    fn what_is_no_limit_is_refused_by_name() {
        for (key, value, words) in [
            ("timeout", "2", "`prova.dev/timeout`: `2` is not a duration"),
            ("timeout", "", "is not a duration"),
            ("timeout", "-1s", "is not a duration"),
            ("timeout", "99999999999999999999s", "is not a duration"),
            ("timeout", "18446744073709551615m", "is not a duration"),
            ("fuel", "1e6", "`1e6` is not a number of units"),
            ("fuel", "+6", "`+6` is not a number of units"),
            ("fuel", "", "`` is not a number of units"),
            ("max-memory", "1T", "is not a number of bytes"),
            ("max-memory", "18446744073709551615G", "is not a number of bytes"),
            ("fuel", &"x".repeat(9999), &format!("`{}` is not a number", "x".repeat(SHOWN_MAX))),
            ("require", "confined", "`confined` is not `proved`, the only value"),
            ("require", "", "`` is not `proved`"),
            ("require", "Proved", "`Proved` is not `proved`"),
            ("require", "proved ", "`proved ` is not `proved`"),
            ("fule", "1", "there are `prova.dev/timeout`"),
        ] {
            let key = format!("prova.dev/{key}");
            let error = Limits::of(&spec(0, &[(&key, value)])).expect_err("it is refused");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
