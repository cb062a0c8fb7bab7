//! The worth of a unit of fuel: nanoseconds of the host's work for each unit that a call charges.
//!
//! `cargo run --release -p prova-wasi --example prices` prints a line for each kind of call, the
//! dearest first, on the file system of the temporary directory (`TMPDIR`). The aim is 25 at most,
//! 50 units of a plain loop, which costs about 0.5 ns a unit in the interpreter. The numbers are of
//! one machine and one file system; calls that wait for the device are listed apart (`fd_sync`, and
//! on some file systems those that free blocks).

use prova_wasi::{Exit, Guest, GuestMemory, Perms, WasiCtx, WasiCtxBuilder, function};
use std::time::{Duration, Instant};

struct Counting {
    memory: Vec<u8>,
    units: u64,
}

impl Guest for Counting {
    fn memory(&mut self) -> GuestMemory<'_> {
        GuestMemory::Own(&mut self.memory)
    }
    fn charge(&mut self, units: u64) -> Result<(), Exit> {
        self.units += units;
        Ok(())
    }
    fn poll(&mut self) -> Result<(), Exit> {
        Ok(())
    }
    fn patience(&self) -> Option<Duration> {
        None
    }
}

const OUT: u64 = 0x100;
const IOVS: u64 = 0x1000;
const PATH: u64 = 0x8000;
const PATH_2: u64 = 0xa000;
const DATA: u64 = 0x10000;
const ALL_RIGHTS: u64 = (1 << 30) - 1;
const READ_RIGHT: u64 = 1 << 1;
const WRITE_RIGHT: u64 = 1 << 6;

struct Bench {
    ctx: WasiCtx,
    guest: Counting,
    lines: Vec<(f64, String)>,
}

impl Bench {
    fn put(&mut self, at: u64, bytes: &[u8]) {
        let at = at as usize;
        self.guest.memory[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn path(&mut self, at: u64, path: &str) -> [u64; 2] {
        self.put(at, path.as_bytes());
        [at, path.len() as u64]
    }

    fn call(&mut self, name: &str, args: &[u64]) -> u32 {
        let row = function(name).expect("a function of preview 1");
        (row.call)(&mut self.ctx, &mut self.guest, args).expect("nothing stops this guest")
    }

    fn open(&mut self, path: &str, flags: u64, rights: u64) -> u64 {
        let [ptr, len] = self.path(PATH, path);
        let args = [3, 1, ptr, len, flags, rights, ALL_RIGHTS, 0, OUT];
        assert_eq!(self.call("path_open", &args), 0, "{path}");
        let bytes = &self.guest.memory[OUT as usize..OUT as usize + 4];
        u64::from(u32::from_le_bytes(bytes.try_into().expect("four bytes")))
    }

    /// Vectors of `len` bytes each over the same data.
    fn vectors(&mut self, count: u64, len: u32) -> [u64; 2] {
        for n in 0..count {
            self.put(IOVS + n * 8, &(DATA as u32).to_le_bytes());
            self.put(IOVS + n * 8 + 4, &len.to_le_bytes());
        }
        [IOVS, count]
    }

    /// Times runs of `body`: the best of five times `rounds`, since others use the machine too.
    fn time(&mut self, label: &str, rounds: u32, mut body: impl FnMut(&mut Bench)) {
        body(self);
        self.guest.units = 0;
        body(self);
        let units = self.guest.units as f64;
        let mut best = Duration::MAX;
        for _ in 0..5 {
            let begin = Instant::now();
            for _ in 0..rounds {
                body(self);
            }
            best = best.min(begin.elapsed() / rounds);
        }
        let ns = best.as_nanos() as f64;
        let price = ns / units;
        let line = format!("{price:8.1} ns a unit  {ns:11.0} ns  {units:10.0} units  {label}");
        self.lines.push((price, line));
    }
}

fn main() {
    let root = std::env::temp_dir().join(format!("prova-wasi-prices-{}", std::process::id()));
    std::fs::create_dir_all(root.join("many")).expect("the temporary directory can be written");
    for n in 0..10_000 {
        std::fs::write(root.join(format!("many/{n}")), b"").expect("a file");
    }
    let mut builder = WasiCtxBuilder::new();
    builder.preopen_path(&root, "/", Perms::default()).expect("a directory");
    let guest = Counting { memory: vec![0; 32 << 20], units: 0 };
    let mut bench = Bench { ctx: builder.build(), guest, lines: Vec::new() };
    plain_calls(&mut bench);
    moving(&mut bench);
    sizes(&mut bench);
    paths(&mut bench);
    directories(&mut bench);
    bench.lines.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (_, line) in &bench.lines {
        println!("{line}");
    }
    std::fs::remove_dir_all(&root).expect("the temporary directory can be cleared");
}

fn plain_calls(bench: &mut Bench) {
    let fd = bench.open("plain", 1, ALL_RIGHTS);
    let calls: &[(&str, &[u64])] = &[
        ("clock_time_get", &[1, 0, OUT]),
        ("clock_time_get", &[2, 0, OUT]),
        ("clock_res_get", &[1, OUT]),
        ("sched_yield", &[]),
        ("random_get", &[DATA, 8]),
        ("random_get", &[DATA, 1 << 20]),
        ("fd_filestat_get", &[fd, OUT]),
        ("fd_fdstat_get", &[fd, OUT]),
        ("fd_fdstat_set_flags", &[fd, 1]),
        ("fd_filestat_set_times", &[fd, 5, 5, 5]),
        ("fd_tell", &[fd, OUT]),
        ("fd_seek", &[fd, 0, 2, OUT]),
        ("fd_advise", &[fd, 0, 0, 2]),
        ("fd_sync", &[fd]),
    ];
    for (name, args) in calls {
        let long = *name == "fd_sync" || args.contains(&(1 << 20));
        bench.time(&format!("{name} {args:?}"), if long { 10 } else { 500 }, |b| {
            b.call(name, args);
        });
    }
    for n in 0..1024 {
        let at = DATA + n * 48;
        bench.put(at + 8, &[1]);
        bench.put(at + 16, &(fd as u32).to_le_bytes());
    }
    for count in [1, 1024] {
        bench.time(&format!("poll_oneoff {count} files"), 200, |b| {
            b.call("poll_oneoff", &[DATA, DATA + 0x80000, count, OUT]);
        });
    }
}

fn moving(bench: &mut Bench) {
    let fd = bench.open("data", 1, ALL_RIGHTS);
    for (count, len) in [(1, 0), (1, 1), (1024, 1), (1, 64 << 10), (4, 4 << 20)] {
        let rounds = if len > 1 << 20 { 10 } else { 200 };
        let [iovs, count] = bench.vectors(count, len);
        bench.time(&format!("fd_pwrite {count} × {len}"), rounds, |b| {
            b.call("fd_pwrite", &[fd, iovs, count, 0, OUT]);
        });
        bench.time(&format!("fd_pread {count} × {len}"), rounds, |b| {
            b.call("fd_pread", &[fd, iovs, count, 0, OUT]);
        });
    }
}

fn sizes(bench: &mut Bench) {
    let fd = bench.open("size", 1, ALL_RIGHTS);
    bench.time("fd_allocate 64 MiB, and cut off", 10, |b| {
        b.call("fd_allocate", &[fd, 0, 64 << 20]);
        b.call("fd_filestat_set_size", &[fd, 0]);
    });
    let [iovs, count] = bench.vectors(16, 4 << 20);
    bench.time("fd_pwrite 64 MiB, and cut off", 4, |b| {
        b.call("fd_pwrite", &[fd, iovs, count, 0, OUT]);
        b.call("fd_filestat_set_size", &[fd, 0]);
    });
    bench.time("fd_filestat_set_size 8 EiB of holes, and cut off", 3, |b| {
        b.call("fd_filestat_set_size", &[fd, 1 << 43]);
        b.call("fd_filestat_set_size", &[fd, 0]);
    });
    bench.time("fd_filestat_set_size, one byte", 200, |b| {
        b.call("fd_filestat_set_size", &[fd, 1]);
        b.call("fd_filestat_set_size", &[fd, 0]);
    });
}

fn paths(bench: &mut Bench) {
    let [dir, dir_len] = bench.path(PATH, "d");
    bench.call("path_create_directory", &[3, dir, dir_len]);
    let deep = format!("{}d", "d/../".repeat(800));
    let dots = format!("{}d", "./".repeat(2000));
    for path in ["plain", "d/./plain", "nothing", &deep, &dots] {
        let [ptr, len] = bench.path(PATH, path);
        let label = &path[..path.len().min(10)];
        bench.time(&format!("path_filestat_get {label} ({len})"), 200, |b| {
            b.call("path_filestat_get", &[3, 1, ptr, len, OUT]);
        });
    }
    bench.time("path_open, fd_close", 500, |b| {
        let fd = b.open("plain", 0, READ_RIGHT);
        b.call("fd_close", &[fd]);
    });
    bench.time("path_open to create, fd_close, path_unlink_file", 500, |b| {
        let fd = b.open("new", 1, WRITE_RIGHT);
        b.call("fd_close", &[fd]);
        let [ptr, len] = b.path(PATH, "new");
        b.call("path_unlink_file", &[3, ptr, len]);
    });
    // A chain of links, each as long as a path may be.
    for n in 0..39 {
        let next = if n == 38 { "d".to_owned() } else { format!("chain{}", n + 1) };
        for (kind, up) in [("dots", "./".repeat(2000)), ("deep", "d/../".repeat(800))] {
            let [target, target_len] = bench.path(PATH, &format!("{up}{kind}{next}"));
            let [link, link_len] = bench.path(PATH_2, &format!("{kind}chain{n}"));
            bench.call("path_symlink", &[target, target_len, 3, link, link_len]);
        }
    }
    for kind in ["dots", "deep"] {
        let [ptr, len] = bench.path(PATH, &format!("{kind}chain0"));
        bench.time(&format!("path_filestat_get through 39 long links, {kind}"), 3, |b| {
            b.call("path_filestat_get", &[3, 1, ptr, len, OUT]);
        });
    }
}

fn directories(bench: &mut Bench) {
    let fd = bench.open("many", 2, READ_RIGHT);
    bench.time("fd_readdir of 10,000 entries", 5, |b| {
        b.call("fd_readdir", &[fd, DATA, 1 << 20, 0, OUT]);
    });
    bench.time("fd_readdir, one entry more", 500, |b| {
        b.call("fd_readdir", &[fd, DATA, 25, 77, OUT]);
    });
    bench.time("path_create_directory, path_remove_directory", 200, |b| {
        let [ptr, len] = b.path(PATH, "made");
        b.call("path_create_directory", &[3, ptr, len]);
        b.call("path_remove_directory", &[3, ptr, len]);
    });
    bench.time("path_rename there and back", 200, |b| {
        let [old, old_len] = b.path(PATH, "plain");
        let [new, new_len] = b.path(PATH_2, "other");
        b.call("path_rename", &[3, old, old_len, 3, new, new_len]);
        b.call("path_rename", &[3, new, new_len, 3, old, old_len]);
    });
    bench.time("path_link, path_unlink_file", 200, |b| {
        let [old, old_len] = b.path(PATH, "plain");
        let [new, new_len] = b.path(PATH_2, "linked");
        b.call("path_link", &[3, 0, old, old_len, 3, new, new_len]);
        b.call("path_unlink_file", &[3, new, new_len]);
    });
    bench.time("path_symlink, path_readlink, path_unlink_file", 200, |b| {
        let [old, old_len] = b.path(PATH, "plain");
        let [new, new_len] = b.path(PATH_2, "linked");
        b.call("path_symlink", &[old, old_len, 3, new, new_len]);
        b.call("path_readlink", &[3, new, new_len, DATA, 100, OUT]);
        b.call("path_unlink_file", &[3, new, new_len]);
    });
}
