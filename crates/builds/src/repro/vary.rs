//! The variations between two builds of one source → how a build is launched, and a proof that it
//! really differs.
//!
//! [`build`](mod@super::build) launches. The list has reprotest's variations that need no
//! privileges. Where a variation is not chosen, all runs have its control setting.
//!
//! | variation | control | varied run |
//! |---|---|---|
//! | `path` | one directory | another, of another length for each run |
//! | `home` | the user's | an empty directory; Cargo and rustup stay |
//! | `time-zone` | `GMT0` | `GMT+12`, `GMT-14` |
//! | `locale` | `C` | `C.utf8` |
//! | `umask` | 0022 | 0002 |
//! | `file-order` | created by name | created in reverse |
//! | `source-times` | of the source | each [`OLDER_SECONDS`] earlier |
//! | `cpus` | processor 0 alone | all |
//! | `aslr` | addresses fixed (`setarch -R`) | addresses random |
//! | `environment` | as it is | larger, for each run by another length |
//! | `exec-path` | as it is | a directory more |
//! | `host-name` | the machine's | another (`unshare -r --uts`: the user is root of a new
//! namespace) |
//!
//! 1. Each variation is probed with a small program under both settings; one that does not change
//!    what the program sees is reported as ineffective, and never silently taken for a test.
//! 2. Tools are started through `sh`, `taskset`, `setarch` and `unshare`; where one is missing its
//!    variation is ineffective.
//!
//! `tests/repro/main.rs` has a compiler that depends on each.

use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Something of a build's surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variation {
    /// The directory.
    Path,
    /// The home directory.
    Home,
    /// The time zone.
    TimeZone,
    /// The language.
    Locale,
    /// Permissions of new files.
    Umask,
    /// The order in which files were created.
    FileOrder,
    /// The times of modification of the sources.
    SourceTimes,
    /// The number of processors.
    Cpus,
    /// Randomised addresses.
    Aslr,
    /// The size of the environment.
    Environment,
    /// The search path of programs.
    ExecPath,
    /// The machine's name.
    HostName,
}

impl Variation {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Path,
        Self::Home,
        Self::TimeZone,
        Self::Locale,
        Self::Umask,
        Self::FileOrder,
        Self::SourceTimes,
        Self::Cpus,
        Self::Aslr,
        Self::Environment,
        Self::ExecPath,
        Self::HostName,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Home => "home",
            Self::TimeZone => "time-zone",
            Self::Locale => "locale",
            Self::Umask => "umask",
            Self::FileOrder => "file-order",
            Self::SourceTimes => "source-times",
            Self::Cpus => "cpus",
            Self::Aslr => "aslr",
            Self::Environment => "environment",
            Self::ExecPath => "exec-path",
            Self::HostName => "host-name",
        }
    }

    /// The variation of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variation| variation.name() == name)
    }

    /// Which of its values a run of this number has; runs of one value vary alike.
    pub fn value(self, run: usize) -> usize {
        match self {
            Self::Path => run % PATHS,
            Self::TimeZone => run % ZONES.len(),
            Self::Environment => run,
            Self::Home
            | Self::Locale
            | Self::Umask
            | Self::FileOrder
            | Self::SourceTimes
            | Self::Cpus
            | Self::Aslr
            | Self::ExecPath
            | Self::HostName => 0,
        }
    }

    /// Whether builds may differ among each other though its value stays.
    pub fn is_of_chance(self) -> bool {
        matches!(self, Self::Aslr | Self::Cpus)
    }

    /// Prints what a build could see of it.
    fn probe(self) -> &'static str {
        match self {
            Self::Path => "pwd",
            Self::Home => "cd && pwd",
            Self::TimeZone => "date +%z",
            Self::Locale => "locale charmap",
            Self::Umask => "umask",
            Self::FileOrder => "ls -U | head -n 100",
            Self::SourceTimes => "stat -c %Y file-0 || stat -f %m file-0",
            Self::Cpus => "nproc",
            Self::Aslr => "cat /proc/self/maps",
            Self::Environment => "env | wc -c",
            Self::ExecPath => "echo \"$PATH\"",
            Self::HostName => "uname -n",
        }
    }
}

/// Values of `path`: lengths of the directory's name.
const PATHS: usize = 25;

/// Values of `time-zone`, half a day and more from each other.
const ZONES: [&str; 2] = ["GMT+12", "GMT-14"];

/// Number of seconds by which the varied times of files are earlier than in the source.
pub const OLDER_SECONDS: u64 = 400 * 86_400;

/// Something of chance that is held fast, to see whether it was the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The seeds of hash tables that runtimes let a variable set: those of Python and Perl.
    HashSeed,
    /// The time that tools write, where they ask `SOURCE_DATE_EPOCH`.
    Epoch,
    /// Process ids: the build runs in a separate namespace, in which they begin at 1.
    Pid,
}

impl Hold {
    /// Variables of the environment that hold it.
    pub fn variables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::HashSeed => {
                &[("PYTHONHASHSEED", "0"), ("PERL_HASH_SEED", "0"), ("PERL_PERTURB_KEYS", "0")]
            }
            Self::Epoch => &[("SOURCE_DATE_EPOCH", "1000000000")],
            Self::Pid => &[],
        }
    }

    /// Whether this machine can hold it.
    pub fn possible(self) -> bool {
        self != Self::Pid || works(NAMESPACE[0], &[&NAMESPACE[1..], &["true"]].concat())
    }
}

const NAMESPACE: [&str; 4] = ["unshare", "-r", "--pid", "--fork"];

/// How one run differs from the control run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The quantities varied in it; empty for a control run.
    pub varied: BTreeSet<Variation>,
    /// The number of the run, which varies lengths.
    pub run: usize,
    /// The quantity held fast.
    pub hold: Option<Hold>,
}

/// Where a build is run.
#[derive(Clone, Copy, Debug)]
pub struct Places<'p> {
    /// The copy of the source.
    pub directory: &'p Path,
    /// An empty directory, for a home that varies.
    pub home: &'p Path,
    /// An empty directory for temporary files.
    pub temporary: &'p Path,
}

impl Setting {
    /// A control run.
    pub fn control(run: usize) -> Self {
        Self { varied: BTreeSet::new(), run, hold: None }
    }

    fn has(&self, variation: Variation) -> bool {
        self.varied.contains(&variation)
    }

    /// The directory to build in, below `work`.
    pub fn directory(&self, work: &Path) -> PathBuf {
        if self.has(Variation::Path) {
            work.join(format!("another-place-{}", "x".repeat(1 + Variation::Path.value(self.run))))
                .join("b")
        } else {
            work.join("build")
        }
    }

    /// Whether the tree is created in reverse.
    pub fn reversed(&self) -> bool {
        self.has(Variation::FileOrder)
    }

    /// How much earlier than in the source the times of files are.
    pub fn older(&self) -> Duration {
        Duration::from_secs(if self.has(Variation::SourceTimes) { OLDER_SECONDS } else { 0 })
    }

    /// The command, to be run in these places.
    pub fn launch(&self, argv: &[OsString], places: Places<'_>) -> Command {
        let umask = if self.has(Variation::Umask) { "0002" } else { "0022" };
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("umask {umask} && exec \"$@\"")).arg("sh");
        if !self.has(Variation::Cpus) && works("taskset", &["-c", "0", "true"]) {
            command.args(["taskset", "-c", "0"]);
        }
        if !self.has(Variation::Aslr) && works("setarch", &["-R", "true"]) {
            command.args(["setarch", "-R"]);
        }
        if self.has(Variation::HostName)
            && works("unshare", &["-r", "--uts", "sh", "-c", OTHER_HOST])
        {
            let renamed = format!("{OTHER_HOST} && exec \"$@\"");
            command.args(["unshare", "-r", "--uts", "sh", "-c", &renamed, "sh"]);
        }
        if self.hold == Some(Hold::Pid) {
            command.args(NAMESPACE);
        }
        command.args(argv).current_dir(places.directory).stdin(Stdio::null());
        // A cache would pass the first build's output off as the second's.
        command
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("RUSTC_WRAPPER")
            .env("CCACHE_DISABLE", "1")
            .env("TMPDIR", places.temporary);
        let zone = ZONES[Variation::TimeZone.value(self.run)];
        command.env("TZ", if self.has(Variation::TimeZone) { zone } else { "GMT0" });
        let locale = if self.has(Variation::Locale) { "C.utf8" } else { "C" };
        command.env("LC_ALL", locale).env("LANG", locale);
        if self.has(Variation::Home) {
            keep_tools(&mut command);
            command.env("HOME", places.home);
        }
        if self.has(Variation::Environment) {
            command.env("PROVA_PADDING", "x".repeat(100 + 37 * self.run));
        }
        if self.has(Variation::ExecPath) {
            let mut path = std::env::var_os("PATH").unwrap_or_default();
            path.push(":/a-directory-that-is-not-there");
            command.env("PATH", path);
        }
        command.envs(self.hold.map(Hold::variables).unwrap_or_default().iter().copied());
        command
    }
}

const OTHER_HOST: &str = "hostname another-host.example";

/// Passes their directories to Cargo and rustup, which otherwise find them through the home
/// directory.
fn keep_tools(command: &mut Command) {
    let Some(home) = std::env::var_os("HOME") else { return };
    for (variable, directory) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let path = Path::new(&home).join(directory);
        if std::env::var_os(variable).is_none() && path.is_dir() {
            command.env(variable, path);
        }
    }
}

fn works(program: &str, arguments: &[&str]) -> bool {
    let status =
        Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Whether a variation is one here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The variation.
    pub variation: Variation,
    /// A small program sees it.
    pub effective: bool,
}

/// Runs the variation's probe under both settings. `control` and `varied` are trees made for these
/// settings.
///
/// # Errors
/// If not even `sh` can be started.
pub fn probe(variation: Variation, control: Places<'_>, varied: Places<'_>) -> Result<Probe> {
    let argv: Vec<OsString> = ["sh", "-c", variation.probe()].map(Into::into).into();
    let seen = |setting: &Setting, places: Places<'_>| -> Result<Vec<u8>> {
        let mut command = setting.launch(&argv, places);
        Ok(command.stderr(Stdio::null()).output().context("failed to start `sh`")?.stdout)
    };
    let setting = Setting { varied: [variation].into(), ..Setting::control(1) };
    let first = seen(&setting, varied)?;
    // Addresses vary from run to run, not from setting to setting.
    let other = if variation == Variation::Aslr {
        seen(&setting, varied)?
    } else {
        seen(&Setting::control(0), control)?
    };
    Ok(Probe { variation, effective: first != other })
}
