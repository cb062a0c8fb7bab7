//! TCP listeners that the process's parent opened for it: the environment's `LISTEN_FDS`, as
//! systemd and its like set it, → listeners.
//!
//! Descriptors from 3 on are the listeners, `LISTEN_FDS` says how many there are, and `LISTEN_PID`,
//! where it is set, for which process. A descriptor that is no TCP listener is an error: a guest
//! would count wrong without it.
//!
//! Limits: [`LISTENERS_MAX`].
//!
//! Noticed by: the tests here, `crates/cli/tests/wasi.rs`.

use crate::error::{Context, Result, bail};
use std::ffi::{OsStr, OsString};
use std::net::TcpListener;

/// The greatest number of listeners.
const LISTENERS_MAX: i32 = 256;

/// The first descriptor.
const FIRST: i32 = 3;

/// Listeners that the parent opened, and the variables that say so to a guest.
#[derive(Debug, Default)]
pub struct Inherited {
    /// The listeners in their order.
    pub listeners: Vec<TcpListener>,
    /// `LISTEN_FDS` and `LISTEN_FDNAMES`, where they are set.
    pub variables: Vec<(&'static str, OsString)>,
}

/// The listeners that the environment names; none where it names none, or those of another process.
///
/// ```
/// // Nothing started this test with listeners.
/// assert!(prova_core::wasi::inherited_listeners()?.listeners.is_empty());
/// # Ok::<(), prova_core::Error>(())
/// ```
///
/// # Errors
/// If a variable is no number, or a descriptor no TCP listener.
pub fn inherited_listeners() -> Result<Inherited> {
    let variable = |name: &str| std::env::var_os(name);
    let Some(count) = count(variable, std::process::id())? else { return Ok(Inherited::default()) };
    let listeners = (FIRST..FIRST + count)
        .map(|fd| listener(fd).with_context(|| format!("descriptor {fd}, of `LISTEN_FDS`")));
    let variables = ["LISTEN_FDS", "LISTEN_FDNAMES"];
    let variables = variables.into_iter().filter_map(|name| Some((name, variable(name)?)));
    Ok(Inherited { listeners: listeners.collect::<Result<_>>()?, variables: variables.collect() })
}

/// How many listeners there are for a process; `None` if there are none.
fn count(variable: impl Fn(&str) -> Option<OsString>, process: u32) -> Result<Option<i32>> {
    let number = |name: &str, value: &OsStr| -> Result<u32> {
        let value = value.to_str().and_then(|value| value.parse().ok());
        value.with_context(|| format!("`{name}` is no number"))
    };
    let Some(count) = variable("LISTEN_FDS") else { return Ok(None) };
    if let Some(other) = variable("LISTEN_PID")
        && number("LISTEN_PID", &other)? != process
    {
        return Ok(None);
    }
    let count = number("LISTEN_FDS", &count)?;
    match i32::try_from(count) {
        Ok(count) if count <= LISTENERS_MAX => Ok((count > 0).then_some(count)),
        Ok(_) | Err(_) => bail!("`LISTEN_FDS` is {count}, and {LISTENERS_MAX} is the most"),
    }
}

#[cfg(all(unix, not(miri)))]
fn listener(fd: i32) -> std::io::Result<TcpListener> {
    prova_runtime::inherited_listener(fd)
}

#[cfg(not(all(unix, not(miri))))]
fn listener(_: i32) -> std::io::Result<TcpListener> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The count by `LISTEN_FDS` and `LISTEN_PID`, for process 7.
    fn counted(count_of: Option<&str>, process: Option<&str>) -> Result<Option<i32>> {
        let variable = |name: &str| match name {
            "LISTEN_FDS" => count_of.map(OsString::from),
            "LISTEN_PID" => process.map(OsString::from),
            _ => None,
        };
        count(variable, 7)
    }

    #[test]
    fn listeners_are_counted_for_the_process_that_is_meant() -> Result<()> {
        for (count, process, expected) in [
            (None, None, None),
            (None, Some("7"), None),
            (Some("0"), None, None),
            (Some("2"), None, Some(2)),
            (Some("2"), Some("7"), Some(2)),
            (Some("2"), Some("8"), None),
            (Some("256"), Some("7"), Some(256)),
        ] {
            assert_eq!(counted(count, process)?, expected, "{count:?} {process:?}");
        }
        Ok(())
    }

    #[test]
    fn what_is_no_number_of_listeners_is_an_error() {
        for (count, process) in [
            ("", None),
            ("-1", None),
            ("x", None),
            ("1", Some("")),
            ("257", None),
            ("99999999999", None),
        ] {
            assert!(counted(Some(count), process).is_err(), "{count} {process:?}");
        }
    }
}
