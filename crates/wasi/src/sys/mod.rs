//! The services of the operating system behind one set of names: everything that is not the same on
//! every host.
//!
//! Files and directories of the host → preview 1 values. Used by the file-system, clock, poll and
//! random modules; uses only `types`. One module for each family of hosts, chosen here and nowhere
//! else; the Windows one is untested.

use std::time::Duration;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::*;

/// How to open a file below a directory.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Open {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) create: bool,
    pub(crate) exclusive: bool,
    pub(crate) truncate: bool,
    /// Preview 1 `fdflags`.
    pub(crate) fdflags: u16,
}

/// The setting of one time of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetTime {
    Omit,
    Now,
    /// Nanoseconds since 1970.
    At(u64),
}

/// A stream that a `poll_oneoff` waits for, and what was found.
pub(crate) struct Waiting<'a> {
    pub(crate) handle: Handle<'a>,
    pub(crate) write: bool,
    pub(crate) ready: bool,
    pub(crate) hangup: bool,
}

/// One entry of a directory as the host lists it.
pub(crate) struct HostEntry {
    pub(crate) name: Box<[u8]>,
    pub(crate) ino: u64,
    pub(crate) filetype: crate::types::Filetype,
}

/// How the host's `fadvise` names a preview 1 `advice`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    Normal,
    Sequential,
    Random,
    WillNeed,
    DontNeed,
    NoReuse,
}

/// Seconds and nanoseconds since 1970 as nanoseconds, held inside 0..=u64::MAX.
fn timestamp_ns(seconds: i64, nanos: i64) -> u64 {
    let total = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    u64::try_from(total.max(0)).unwrap_or(u64::MAX)
}

/// A duration as nanoseconds, at most u64::MAX.
pub(crate) fn duration_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_timestamps_are_held_in_range() {
        assert_eq!(timestamp_ns(1, 5), 1_000_000_005);
        assert_eq!(timestamp_ns(-1, 5), 0);
        assert_eq!(timestamp_ns(i64::MIN, i64::MIN), 0);
        assert_eq!(timestamp_ns(i64::MAX, i64::MAX), u64::MAX);
        assert_eq!(duration_ns(Duration::MAX), u64::MAX);
    }
}
