//! A container's cgroup → the numbers that containerd asks for, and whether its memory ended it.
//!
//! | number | cgroups v1 | v2 |
//! |---|---|---|
//! | processor time, in ns | `cpuacct.usage` | `usage_usec` of `cpu.stat` |
//! | memory, its limit | `memory.usage_in_bytes`, `memory.limit_in_bytes` | `memory.current`, `memory.max` |
//! | parts of the memory | `memory.stat` | `memory.stat`, other names |
//! | processes | `pids.current`, `pids.max` | the same |
//! | kills for want of memory | `oom_kill` of `memory.oom_control` | `oom_kill` of `memory.events` |
//!
//! 1. The message is the one of v1 for both, which `ctr` and kubelet read.
//! 2. No limit is the greatest number: readers compute what is left of it.
//! 3. Its folders are found while the container's first process lives, and stay until it is
//!    removed.
//!
//! A file that is not there gives 0: not every controller is on everywhere.

use containerd_shim::protos::cgroups::metrics::{
    CPUStat, CPUUsage, MemoryEntry, MemoryStat, Metrics, PidsStat,
};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the system shows cgroups.
const ROOT: &str = "/sys/fs/cgroup";

/// The folders of a container's cgroup.
pub(crate) enum Cgroup {
    /// One for each controller.
    V1 { cpuacct: PathBuf, memory: PathBuf, pids: PathBuf },
    /// One for all.
    V2(PathBuf),
}

impl Cgroup {
    /// The cgroup of a process that lives.
    pub(crate) fn of(pid: u32) -> Option<Cgroup> {
        let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
        Cgroup::named(&text, Path::new(ROOT))
    }

    /// The one that a file `/proc/PID/cgroup` names: lines `NUMBER:CONTROLLERS:PATH`, of which v2
    /// is the one without controllers. Where both are there, v1 has the controllers.
    fn named(text: &str, root: &Path) -> Option<Cgroup> {
        let path_of = |wanted: &str| {
            text.lines().find_map(|line| {
                let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
                let is_it = controllers.split(',').any(|name| name == wanted);
                is_it.then(|| root.join(wanted).join(path.trim_start_matches('/')))
            })
        };
        match (path_of("cpuacct"), path_of("memory"), path_of("pids")) {
            (Some(cpuacct), Some(memory), Some(pids)) => Some(Cgroup::V1 { cpuacct, memory, pids }),
            _ => path_of("").map(Cgroup::V2),
        }
    }

    /// Its numbers.
    pub(crate) fn metrics(&self) -> Metrics {
        let (mut cpu, mut memory, mut pids) = (CPUStat::new(), MemoryStat::new(), PidsStat::new());
        let (mut usage, mut entry) = (CPUUsage::new(), MemoryEntry::new());
        let pids_folder = match self {
            Cgroup::V1 { cpuacct, memory: folder, pids } => {
                usage.total = number(&cpuacct.join("cpuacct.usage"));
                usage.user = number(&cpuacct.join("cpuacct.usage_user"));
                usage.kernel = number(&cpuacct.join("cpuacct.usage_sys"));
                entry.usage = number(&folder.join("memory.usage_in_bytes"));
                entry.max = number(&folder.join("memory.max_usage_in_bytes"));
                entry.limit = number(&folder.join("memory.limit_in_bytes"));
                let stat = Members::of(&folder.join("memory.stat"));
                (memory.cache, memory.total_cache) = (stat.get("cache"), stat.get("total_cache"));
                (memory.rss, memory.total_rss) = (stat.get("rss"), stat.get("total_rss"));
                memory.total_inactive_file = stat.get("total_inactive_file");
                memory.total_pg_fault = stat.get("total_pgfault");
                memory.total_pg_maj_fault = stat.get("total_pgmajfault");
                pids
            }
            Cgroup::V2(folder) => {
                let stat = Members::of(&folder.join("cpu.stat"));
                let nanos = |name| stat.get(name).saturating_mul(1_000);
                usage.total = nanos("usage_usec");
                (usage.user, usage.kernel) = (nanos("user_usec"), nanos("system_usec"));
                entry.usage = number(&folder.join("memory.current"));
                entry.max = number(&folder.join("memory.peak"));
                entry.limit = number(&folder.join("memory.max"));
                let stat = Members::of(&folder.join("memory.stat"));
                (memory.cache, memory.total_cache) = (stat.get("file"), stat.get("file"));
                (memory.rss, memory.total_rss) = (stat.get("anon"), stat.get("anon"));
                memory.total_inactive_file = stat.get("inactive_file");
                memory.total_pg_fault = stat.get("pgfault");
                memory.total_pg_maj_fault = stat.get("pgmajfault");
                folder
            }
        };
        pids.current = number(&pids_folder.join("pids.current"));
        // 0 is no limit here.
        pids.limit = match number(&pids_folder.join("pids.max")) {
            u64::MAX => 0,
            limit => limit,
        };
        cpu.set_usage(usage);
        memory.set_usage(entry);
        let mut metrics = Metrics::new();
        metrics.set_cpu(cpu);
        metrics.set_memory(memory);
        metrics.set_pids(pids);
        metrics
    }

    /// Whether the system has killed a process of it for want of memory.
    pub(crate) fn has_killed(&self) -> bool {
        let events = match self {
            Cgroup::V1 { memory, .. } => memory.join("memory.oom_control"),
            Cgroup::V2(folder) => folder.join("memory.events"),
        };
        Members::of(&events).get("oom_kill") > 0
    }
}

/// A file of one number; `max` is the greatest.
fn number(file: &Path) -> u64 {
    match fs::read_to_string(file).as_deref().map(str::trim) {
        Ok("max") => u64::MAX,
        Ok(text) => text.parse().unwrap_or(0),
        Err(_) => 0,
    }
}

/// A file of lines with a name and a number.
struct Members(String);

impl Members {
    fn of(file: &Path) -> Members {
        Members(fs::read_to_string(file).unwrap_or_default())
    }

    fn get(&self, name: &str) -> u64 {
        let mut lines = self.0.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files, in place of the system's.
    fn system(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let root = std::env::temp_dir().join(format!("prova-cgroup-{name}-{}", std::process::id()));
        for (file, text) in files {
            let file = root.join(file);
            fs::create_dir_all(file.parent().expect("it has a folder")).expect("a folder");
            fs::write(file, text).expect("a file");
        }
        root
    }

    #[test]
    fn numbers_of_v1() {
        let root = system(
            "v1",
            &[
                ("cpuacct/k/c/cpuacct.usage", "7317283\n"),
                ("memory/k/c/memory.usage_in_bytes", "4096\n"),
                ("memory/k/c/memory.limit_in_bytes", "9223372036854771712\n"),
                ("memory/k/c/memory.stat", "rss 1\ntotal_rss 3\ntotal_inactive_file 5\n"),
                ("memory/k/c/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
                ("pids/k/c/pids.current", "3\n"),
                ("pids/k/c/pids.max", "max\n"),
            ],
        );
        let text = "9:memory:/k/c\n3:cpu,cpuacct:/k/c\n2:pids:/k/c\n0::/other\n";
        let cgroup = Cgroup::named(text, &root).expect("v1");
        let metrics = cgroup.metrics();
        assert_eq!(metrics.cpu().usage().total, 7_317_283);
        let memory = metrics.memory();
        assert_eq!((memory.usage().usage, memory.usage().limit), (4096, 9223372036854771712));
        assert_eq!((memory.rss, memory.total_rss, memory.total_inactive_file), (1, 3, 5));
        assert_eq!((metrics.pids().current, metrics.pids().limit), (3, 0));
        assert!(cgroup.has_killed());
        fs::write(root.join("memory/k/c/memory.oom_control"), "oom_kill 0\n").expect("a file");
        assert!(!cgroup.has_killed());
        drop(fs::remove_dir_all(root));
    }

    #[test]
    fn numbers_of_v2() {
        let root = system(
            "v2",
            &[
                ("k/c/cpu.stat", "usage_usec 12\nuser_usec 8\nsystem_usec 4\n"),
                ("k/c/memory.current", "8192\n"),
                ("k/c/memory.max", "max\n"),
                ("k/c/memory.stat", "anon 6\nfile 9\ninactive_file 2\npgfault 1\n"),
                ("k/c/memory.events", "low 0\noom 1\noom_kill 0\n"),
                ("k/c/pids.current", "4\n"),
                ("k/c/pids.max", "9\n"),
            ],
        );
        let cgroup = Cgroup::named("0::/k/c\n", &root).expect("v2");
        let metrics = cgroup.metrics();
        let cpu = metrics.cpu().usage();
        assert_eq!((cpu.total, cpu.user, cpu.kernel), (12_000, 8_000, 4_000));
        let memory = metrics.memory();
        assert_eq!((memory.usage().usage, memory.usage().limit), (8192, u64::MAX));
        assert_eq!((memory.total_rss, memory.total_inactive_file), (6, 2));
        assert_eq!((metrics.pids().current, metrics.pids().limit), (4, 9));
        assert!(!cgroup.has_killed());
        fs::write(root.join("k/c/memory.events"), "oom 1\noom_kill 1\n").expect("a file");
        assert!(cgroup.has_killed());
        drop(fs::remove_dir_all(root));
    }

    #[test]
    fn other_texts_name_none() {
        for text in ["", "x", "9:memory:/k\n", "9:memory:/k\n3:cpuacct:/k"] {
            assert!(Cgroup::named(text, Path::new("/nowhere")).is_none(), "{text}");
        }
        let metrics = Cgroup::V2("/nowhere".into()).metrics();
        assert_eq!(metrics.memory().usage().usage, 0);
    }
}
