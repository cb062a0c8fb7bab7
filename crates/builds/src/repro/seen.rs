//! A build → the time it ran, the process ids it could have, the temporary files it made.
//!
//! [`build`](mod@super::build) watches each run; [`chance`](super::chance) looks for these
//! observations in the outputs. On Linux names come from inotify; elsewhere there are no names and
//! one process id.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Maximum number of names of temporary files that are remembered of a build.
pub const NAMES_MAX: usize = 1000;

/// The surroundings of a build that no other build has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// When it began and when it ended, seconds since 1970.
    pub time: (f64, f64),
    /// The first process id it had, and the last that the system gave away meanwhile.
    pub pids: (u32, u32),
    /// Names of files and directories that were made where temporary files are.
    pub names: Vec<String>,
}

/// Seconds since 1970.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Waits until a build has ended at least one turn of the second ago, less than a second.
pub(super) fn wait_beyond(seen: &Seen) {
    let next = seen.time.1.floor() + 1.0;
    std::thread::sleep(Duration::from_secs_f64((next - now()).clamp(0.0, 1.0)));
}

impl Seen {
    /// Of a build that ends now.
    pub(super) fn new(begun: f64, first: u32, watch: Watch) -> Seen {
        let last = last_pid().filter(|last| *last >= first).unwrap_or(first);
        Seen { time: (begun, now()), pids: (first, last), names: watch.names() }
    }
}

/// The last process id that the system gave away.
fn last_pid() -> Option<u32> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().last()?.parse().ok()
}

/// Directories in which files come into being.
pub(super) struct Watch {
    #[cfg(target_os = "linux")]
    descriptor: Option<rustix::fd::OwnedFd>,
}

#[cfg(target_os = "linux")]
impl Watch {
    /// Watches a directory, and that in which programs make temporary files that do not ask.
    pub(super) fn new(temporary: &Path) -> Watch {
        use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
        let descriptor = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok();
        if let Some(descriptor) = &descriptor {
            for directory in [temporary, Path::new("/tmp")] {
                add_watch(descriptor, directory, WatchFlags::CREATE | WatchFlags::MOVED_TO).ok();
            }
        }
        Watch { descriptor }
    }

    /// The names that came into being.
    fn names(self) -> Vec<String> {
        let Some(descriptor) = self.descriptor else { return Vec::new() };
        let mut buffer = [std::mem::MaybeUninit::<u8>::uninit(); 8192];
        let mut reader = rustix::fs::inotify::Reader::new(descriptor, &mut buffer);
        let mut names = Vec::new();
        while names.len() < NAMES_MAX {
            let Ok(event) = reader.next() else { break };
            names.extend(event.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
        names.sort();
        names.dedup();
        names
    }
}

#[cfg(not(target_os = "linux"))]
impl Watch {
    pub(super) fn new(_: &Path) -> Watch {
        Watch {}
    }

    fn names(self) -> Vec<String> {
        Vec::new()
    }
}
