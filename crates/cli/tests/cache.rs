//! The cache of machine code as a user has it: entries of runs, files of others, two processes,
//! processes that are killed, full disks, and guests that were granted a folder around it.
//!
//! `crates/cache/tests` has the folder and its files without the engine; `prova-testing cache`
//! changes entries at random. Needs Linux on x86-64.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::common::{OPENS, Run, Scratch};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program with a few functions; `other` differs in one operator.
const PROGRAM: &str = r#"(module (memory 1)
    (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
    (func $add (param i32 i32) (result i32) (i32.add (call $twice (local.get 0)) (local.get 1)))
    (func (export "f") (param i32 i32) (result i32)
        (i32.store (i32.const 8) (local.get 1))
        (call $add (local.get 0) (i32.load (i32.const 8)))))"#;

/// A program that is in one function for long.
const LONG: &str = r#"(module
    (func $step (param i32 i32) (result i32)
        (i32.xor (i32.mul (local.get 0) (i32.const 31)) (local.get 1)))
    (func (export "f") (param i32) (result i32) (local i32)
        (loop $l
            (local.set 1 (call $step (local.get 1) (local.get 0)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))"#;

/// A folder with the programs, whose runs have their cache in `c`.
struct World(Scratch);

impl World {
    fn new(test: &str) -> World {
        let scratch = Scratch::new(&format!("cache-{test}"));
        scratch.write("p.wat", PROGRAM);
        scratch.write("other.wat", PROGRAM.replace("(i32.const 2)", "(i32.const 3)"));
        scratch.write("long.wat", LONG);
        World(scratch)
    }

    fn run(&self, args: &str) -> Run {
        self.0.run(args)
    }

    /// `f(7, 3)` of a program, and how many of its functions came from the cache.
    fn f(&self, options: &str, file: &str) -> (Run, Option<usize>) {
        let run = self.run(&format!("run --cache c --stats=tiers {options} --invoke f {file} 7 3"));
        let (before, _) = run.err.split_once(" from the cache").unwrap_or_default();
        let count = before.rsplit_once('(').and_then(|(_, count)| count.parse().ok());
        (run, count)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.0.join(name)
    }

    fn entries(&self) -> Vec<PathBuf> {
        let Ok(files) = fs::read_dir(self.path("c")) else { return Vec::new() };
        let files = files.map(|file| file.expect("it can be read").path());
        let mut entries: Vec<PathBuf> =
            files.filter(|path| path.extension().is_some_and(|end| end == "entry")).collect();
        entries.sort();
        entries
    }
}

#[test]
fn a_second_run_compiles_nothing() {
    let world = World::new("second");
    for (tier, all) in [("native", 3), ("auto -O hot=1,background=n", 0)] {
        let options = format!("--tier {tier}");
        let (first, cached) = world.f(&options, "p.wat");
        first.expect(0, "17\n");
        assert!(cached == Some(0) || all == 0, "{first:?}");
        let (second, cached) = world.f(&options, "p.wat");
        second.expect(0, "17\n");
        // Both tiers make the same code, so the second one finds what the first one wrote.
        assert_eq!(cached, Some(3), "{second:?}");
    }
    assert_eq!(world.entries().len(), 1);
    // Other settings have an entry apart, as has another module.
    for options in ["--tier native --fuel 1000", "--tier native -O memory=explicit"] {
        let (run, cached) = world.f(options, "p.wat");
        run.expect(0, "17\n");
        assert_eq!(cached, Some(0), "{run:?}");
    }
    assert_eq!(world.f("--tier native", "other.wat").1, Some(0));
    assert_eq!(world.entries().len(), 4);
    for options in ["--fuel 1000", "-O memory=explicit", "-W timeout=60s"] {
        world.f(&format!("--tier native {options}"), "p.wat").0.expect(0, "17\n");
        let (run, cached) = world.f(&format!("--tier native {options}"), "p.wat");
        run.expect(0, "17\n");
        assert_eq!(cached, Some(3), "{run:?}");
    }
}

#[test]
fn what_becomes_hot_later_is_added() {
    let world = World::new("hot");
    let run = |count: u32| {
        let options = "run --cache c --stats=tiers -O hot=50,background=n --invoke f long.wat";
        let run = world.run(&format!("{options} {count}"));
        assert_eq!(run.code, 0, "{run:?}");
        let (before, _) = run.err.split_once(" from the cache").expect("it is said");
        before.rsplit_once('(').expect("a number").1.to_owned()
    };
    // Nothing is hot, so nothing is written.
    assert_eq!(run(2), "0");
    assert_eq!(world.entries().len(), 0);
    assert_eq!(run(100_000), "0");
    let entries = world.entries();
    assert_eq!(entries.len(), 1);
    let written =
        |path: &Path| fs::metadata(path).and_then(|about| about.modified()).expect("it is there");
    let before = written(&entries[0]);
    assert_eq!(run(100_000), "2");
    assert_eq!(written(&entries[0]), before, "nothing is new, so nothing is written");
    // A short run takes it from the first call on.
    assert_eq!(run(2), "2");
}

#[test]
fn runs_without_a_cache_leave_none() {
    let world = World::new("none");
    for options in
        ["--no-cache --tier native", "--cache c --tier interp", "--cache c --tier reference"]
    {
        let run = world.run(&format!("run {options} --invoke f p.wat 7 3"));
        run.expect(0, "17\n").silent();
        assert!(!world.path("c").exists(), "{options}");
    }
    let run = world.run("run --no-cache --cache c --invoke f p.wat 7 3");
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn a_folder_that_others_can_enter_is_not_used() {
    let world = World::new("open");
    fs::create_dir(world.path("c")).expect("it can be made");
    fs::set_permissions(world.path("c"), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let run = world.run("run --cache c --tier native --invoke f p.wat 7 3");
    run.expect(0, "17\n").says(&["warning: the cache is not used: `c`: others can enter it"]);
    assert_eq!(run.err.matches("warning").count(), 1, "{run:?}");
    assert_eq!(fs::read_dir(world.path("c")).expect("it is there").count(), 0);
    assert_eq!(world.run("cache --cache c list").code, 1);
    assert_eq!(world.run("cache --cache c clear").code, 1);
    // The twin: the user's alone.
    fs::set_permissions(world.path("c"), fs::Permissions::from_mode(0o700)).expect("it is ours");
    world.run("run --cache c --tier native --invoke f p.wat 7 3").expect(0, "17\n").silent();
    assert_eq!(world.entries().len(), 1);
    // A bad key: it says which file, and how to get another one.
    fs::write(world.path("c/key"), b"short").expect("it is ours");
    let run = world.run("run --cache c --tier native --invoke f p.wat 7 3");
    run.expect(0, "17\n").says(&["`c/key`: it is no key of 32 bytes (`prova cache clear`"]);
    let run = world.run("cache --cache c clear");
    assert!(run.code == 0 && run.out.starts_with("removed: 1 of the cache's entries, "), "{run:?}");
    world.run("run --cache c --tier native --invoke f p.wat 7 3").expect(0, "17\n").silent();
}

#[test]
fn the_command_lists_prunes_and_clears() {
    let world = World::new("command");
    let run = |args: &str| world.run(&format!("cache --cache c {args}"));
    run("dir").expect(0, "c\n").silent();
    run("list").expect(0, "c: 0 entries, 0 bytes\n").silent();
    run("prune").expect(0, "removed: 0 of the cache's entries, 0 bytes\n").silent();
    run("clear").expect(0, "removed: 0 of the cache's entries, 0 bytes\n").silent();
    assert!(!world.path("c").exists(), "nothing is made");
    for file in ["p.wat", "other.wat"] {
        world.f("--tier native", file);
    }
    let bytes: u64 =
        world.entries().iter().map(|path| fs::metadata(path).expect("it is there").len()).sum();
    let list = run("list");
    assert!(list.out.starts_with(&format!("c: 2 entries, {bytes} bytes\n")), "{list:?}");
    let json = run("list --json");
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("it is JSON");
    assert_eq!((&json["entries"], &json["bytes"]), (&2.into(), &bytes.into()), "{json}");
    let pruned = run(&format!("prune --max-size {}", bytes - 1));
    assert!(pruned.out.starts_with("removed: 1 of the cache's entries, "), "{pruned:?}");
    assert_eq!(world.entries().len(), 1);
    let cleared = run("clear");
    assert!(cleared.out.starts_with("removed: 1 of the cache's entries, "), "{cleared:?}");
    assert_eq!(fs::read_dir(world.path("c")).expect("it is there").count(), 0, "nor is the key");
    for wrong in ["", "empty", "dir --json", "prune --max-size x"] {
        assert_eq!(run(wrong).code, 2, "{wrong}");
    }
    let run = world.run("cache dir");
    assert!(run.code == 0 && run.out.ends_with("/prova\n"), "{run:?}");
}

/// Puts something in the place of an entry.
type Make<'a> = Box<dyn Fn() + 'a>;

/// Everything that may stand in the place of an entry: the program runs right, says that it is not
/// used, and the next run has a good one.
#[test]
fn evil_entries_are_not_used() {
    let world = World::new("evil");
    world.f("--tier native", "p.wat").0.expect(0, "17\n");
    let entry = world.entries().pop().expect("it was written");
    let good = fs::read(&entry).expect("it is ours");
    world.f("--tier native", "other.wat").0.expect(0, "24\n");
    let other = world.entries().into_iter().find(|path| *path != entry).expect("two entries");
    let others = fs::read(&other).expect("it is ours");
    let change = |at: usize| {
        let mut changed = good.clone();
        changed[at] ^= 0x10;
        changed
    };
    let write = |bytes: Vec<u8>| {
        let entry = entry.clone();
        move || fs::write(&entry, &bytes).expect("it is ours")
    };
    let make: Vec<(&str, Make<'_>)> = vec![
        ("a changed byte", Box::new(write(change(good.len() / 2)))),
        ("a changed code", Box::new(write(change(20)))),
        ("cut off", Box::new(write(good[..good.len() - 1].to_vec()))),
        ("empty", Box::new(write(Vec::new()))),
        ("the other module's", Box::new(write(others))),
        ("a link", Box::new(|| symlink(&other, &entry).expect("it can be made"))),
        ("a link to nowhere", Box::new(|| symlink("nowhere", &entry).expect("it can be made"))),
        ("a device", Box::new(|| symlink("/dev/zero", &entry).expect("it can be made"))),
        ("a directory", Box::new(|| fs::create_dir(&entry).expect("it can be made"))),
        (
            "a FIFO",
            Box::new(|| {
                let made = Command::new("mkfifo").arg(&entry).status();
                assert!(made.expect("there is a mkfifo").success());
            }),
        ),
        (
            "huge",
            Box::new(|| {
                let file = fs::File::create(&entry).expect("it is ours");
                file.set_len(1 << 40).expect("the file system has holes");
            }),
        ),
    ];
    for (what, make) in make {
        fs::remove_file(&entry).or_else(|_| fs::remove_dir(&entry)).expect("it is there");
        make();
        let (run, cached) = world.f("--tier native", "p.wat");
        run.expect(0, "17\n").says(&["warning: an entry of the cache is not used: `"]);
        assert_eq!(cached, Some(0), "{what}: {run:?}");
        let (run, cached) = world.f("--tier native", "p.wat");
        run.expect(0, "17\n");
        assert_eq!(cached, Some(3), "{what}: {run:?}");
        assert!(!run.err.contains("warning"), "{what}: {run:?}");
    }
}

/// A run in the background.
fn started(world: &World, options: &str, file: &str) -> std::process::Child {
    let args = format!("run --cache c {options} --invoke f {file} 7 3");
    Command::new(env!("CARGO_BIN_EXE_prova"))
        .args(args.split_whitespace())
        .current_dir(&world.0.0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

#[test]
fn processes_at_once_share_it() {
    let world = World::new("many");
    for _ in 0..4 {
        let files = ["p.wat", "other.wat", "p.wat", "other.wat", "p.wat", "other.wat"];
        let all: Vec<_> = files.map(|file| (file, started(&world, "--tier native", file))).into();
        for (file, child) in all {
            let output = child.wait_with_output().expect("it ends");
            let expected: &[u8] = if file == "p.wat" { b"17\n" } else { b"24\n" };
            assert_eq!(output.stdout, expected, "{output:?}");
            assert_eq!(output.stderr, b"", "{output:?}");
        }
        assert_eq!(world.f("--tier native", "p.wat").1, Some(3));
        fs::remove_file(&world.entries()[0]).expect("it is there");
    }
}

/// A process that ends at any moment leaves the old entry, the new one, or none, and no file that
/// stays for ever.
#[test]
fn processes_that_are_killed_leave_nothing_bad() {
    let world = World::new("killed");
    for round in 0..60 {
        let mut child = started(&world, "--tier native", "p.wat");
        // Up to the time that a whole run takes, so that some are killed while they write.
        std::thread::sleep(std::time::Duration::from_micros(500 * (round % 60)));
        child.kill().ok();
        child.wait().expect("it ends");
        if round % 4 == 3 {
            let run = world.run("run --cache c --tier native --invoke f p.wat 7 3");
            run.expect(0, "17\n").silent();
        }
        if round % 8 == 7 {
            fs::remove_dir_all(world.path("c")).expect("it is ours");
        }
    }
}

/// A tool of the system as root in a mount namespace, if this user may make one.
fn in_namespace(world: &World, script: &str) -> Option<Run> {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "-m", "sh", "-c", script]);
    command.env("PROVA", env!("CARGO_BIN_EXE_prova")).current_dir(&world.0.0);
    let mount = ["--map-root-user", "-m", "mount", "-t", "tmpfs", "none", "/mnt"];
    let may = Command::new("unshare").args(mount).output();
    if !may.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let output = command.output().expect("it was there");
    Some(Run {
        code: output.status.code().expect("no signal"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Without the right to mount, `a_bounded_file_size_is_said` alone looks at writes that fail.
#[test]
fn a_full_disk_is_said() {
    let world = World::new("full");
    fs::create_dir(world.path("c")).expect("it can be made");
    // Room for the key and no entry.
    let script = "mount -t tmpfs -o size=4k,mode=700 none c && \
        $PROVA run --cache c --tier native --invoke f p.wat 7 3 && \
        $PROVA run --cache c --tier native --invoke f p.wat 7 3; code=$?; ls c; exit $code";
    let Some(run) = in_namespace(&world, script) else { return };
    run.expect(0, "17\n17\nkey\n");
    let line = "warning: failed to write the cache: No space left on device";
    assert_eq!(run.err.matches(line).count(), 2, "{run:?}");
    // The twin with room.
    let script = script.replace("4k", "1m");
    let run = in_namespace(&world, &script).expect("it may");
    assert!(run.code == 0 && run.out.ends_with(".entry\nkey\n") && run.err.is_empty(), "{run:?}");
}

/// The system refuses to write more than some bytes of a file.
#[test]
fn a_bounded_file_size_is_said() {
    let world = World::new("bounded");
    let line =
        "trap '' XFSZ; ulimit -f 1; exec \"$0\" run --cache c --tier native --invoke f p.wat 7 3";
    let run = Command::new("sh")
        .args(["-c", line, env!("CARGO_BIN_EXE_prova")])
        .current_dir(&world.0.0)
        .output()
        .expect("there is a shell");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!((run.status.code(), text(&run.stdout)), (Some(0), "17\n".to_owned()), "{run:?}");
    assert!(text(&run.stderr).contains("warning: failed to write the cache: "), "{run:?}");
    let left: Vec<_> = fs::read_dir(world.path("c")).expect("it is there").collect();
    assert_eq!(left.len(), 1, "the key: {left:?}");
}

/// `EACCES` of preview 1.
const ACCES: i32 = 2;

/// No grant lets a guest reach the key, or put another folder in the cache's place; what stands
/// beside it is as reachable as ever, and the run has its cache.
#[test]
fn no_grant_reaches_the_cache() {
    let world = World::new("grants");
    world.0.write("opens.wat", OPENS);
    fs::create_dir_all(world.path("home/caches")).expect("it can be made");
    world.0.write("home/caches/beside", b"");
    symlink("caches", world.path("home/link")).expect("it can be made");
    symlink("../home/caches/own", world.path("home/far")).expect("it can be made");
    let cases = [
        ("home", "caches/own/key", ACCES),
        ("home", "link/own/key", ACCES),
        ("home", "far/key", 63),
        ("home", "caches/../caches/own/key", ACCES),
        ("home/caches", "own/key", ACCES),
        ("home/link", "own/key", ACCES),
        ("home/caches/../../home", "caches/own/key", ACCES),
        (".", "home/far/key", ACCES),
        ("/", "", ACCES),
        ("home", "caches/beside", 0),
        (".", "home/link/beside", 0),
    ];
    for tier in ["native", "auto", "interp"] {
        // The first run makes the folder.
        world
            .run("run --tier native --cache home/caches/own --invoke f p.wat 7 3")
            .expect(0, "17\n");
        for (dir, path, code) in cases {
            let whole = world.path("home/caches/own/key");
            let path = if path.is_empty() { &whole.to_string_lossy()[1..] } else { path };
            let options = format!("--tier {tier} --cache home/caches/own --dir {dir}");
            let run = world.run(&format!("run {options} opens.wat {path}"));
            assert_eq!(run.code, code, "{options} {path}: {run:?}");
            assert!(!run.err.contains("warning"), "{run:?}");
        }
        for (dir, from, to, code) in [
            ("home", "caches", "away", ACCES),
            ("home/caches", "own", "away", ACCES),
            ("home", "caches/beside", "caches/own", ACCES),
            ("home", "caches/beside", "caches/moved", 0),
            ("home", "caches/moved", "caches/beside", 0),
        ] {
            let options = format!("--tier {tier} --cache home/caches/own --dir {dir}");
            let run = world.run(&format!("run {options} opens.wat {from} {to}"));
            assert_eq!(run.code, code, "{options} {from} {to}: {run:?}");
        }
    }
    let run = world.run("run --cache home/caches/own --dir home/caches/own opens.wat key");
    assert_eq!(run.code, 2, "{run:?}");
    run.says(&["`--dir home/caches/own`: that is the folder of the cache, which no guest gets"]);
}

/// The user's own cache is kept from guests of every command that grants directories, with and
/// without a cache.
#[test]
fn the_users_cache_is_kept_from_every_guest() {
    let world = World::new("own");
    world.0.write("opens.wat", OPENS);
    let run = |args: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_prova"))
            .args(args.split_whitespace())
            .current_dir(&world.0.0)
            .env("XDG_CACHE_HOME", world.path("x"))
            .output()
            .expect("the program starts");
        output.status.code()
    };
    assert_eq!(run("run --tier native --invoke f p.wat 7 3"), Some(0));
    assert!(world.path("x/prova/key").exists());
    for options in ["--no-cache", "--tier interp", "--cache c", ""] {
        assert_eq!(run(&format!("run {options} --dir . opens.wat x/prova/key")), Some(ACCES));
        assert_eq!(run(&format!("run {options} --dir . opens.wat x y")), Some(ACCES));
        assert_eq!(run(&format!("run {options} --dir . opens.wat p.wat")), Some(0));
    }
    // Another command that grants directories, with a twin.
    run("xref --watch --dir . opens.wat 8 x y");
    run("xref --watch --dir . opens.wat 8 long.wat moved.wat");
    assert!(world.path("x").exists() && world.path("moved.wat").exists());
    // A variable that names no absolute path is none.
    let home = Command::new(env!("CARGO_BIN_EXE_prova"))
        .args(["cache", "dir"])
        .env("XDG_CACHE_HOME", "x")
        .env("HOME", "/h")
        .output()
        .expect("the program starts");
    assert_eq!(home.stdout, b"/h/.cache/prova\n");
}

/// What a guest gets that opens or renames as [`OPENS`], behind what others do while it runs.
fn meanwhile(world: &World, args: &str, others: impl FnOnce()) -> Option<i32> {
    let imports = r#"(module
        (import "wasi_snapshot_preview1" "fd_write" (func $write
            (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read
            (param i32 i32 i32 i32) (result i32)))
        (data (i32.const 1024) "\10\04\00\00\01\00\00\00")"#;
    let waits = "(local $path i32)
        (drop (call $write (i32.const 1) (i32.const 1024) (i32.const 1) (i32.const 1032)))
        (drop (call $read (i32.const 0) (i32.const 1024) (i32.const 1) (i32.const 1032)))";
    let text = OPENS.replacen("(module", imports, 1).replace("(local $path i32)", waits);
    world.0.write("waits.wat", text);
    let mut child = Command::new(env!("CARGO_BIN_EXE_prova"))
        .args(format!("run {args}").split_whitespace())
        .current_dir(&world.0.0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut out = child.stdout.take().expect("piped");
    out.read_exact(&mut [0]).expect("the guest runs");
    others();
    child.stdin.take().expect("piped").write_all(b"x").expect("the guest reads");
    child.wait().expect("it ends").code()
}

/// A folder that is made, or removed and made anew, while a guest runs is as far out of its reach.
#[test]
fn a_folder_that_comes_later_is_kept_too() {
    let world = World::new("later");
    let make = || {
        world
            .run("run --tier native --cache home/caches/own --invoke f p.wat 7 3")
            .expect(0, "17\n")
            .silent();
    };
    let options = "--tier interp --cache home/caches/own --dir home waits.wat";
    fs::create_dir_all(world.path("home")).expect("it can be made");
    let run =
        |args: &str, others: &dyn Fn()| meanwhile(&world, &format!("{options} {args}"), others);
    assert_eq!(run("caches/own/key", &make), Some(ACCES), "it is made");
    let anew = || {
        fs::rename(world.path("home/caches"), world.path("home/old")).expect("it is there");
        make();
    };
    assert_eq!(run("caches/own/key", &anew), Some(ACCES), "it is made anew");
    fs::remove_dir_all(world.path("home/old")).expect("it is there");
    assert_eq!(run("caches/own caches/away", &anew), Some(ACCES), "the way there is made anew");
    assert_eq!(run("old caches", &|| ()), Some(ACCES), "it stands in no place of the way");
    fs::remove_dir_all(world.path("home/old")).expect("it is there");
    // What was the folder when the run began stays out of reach.
    assert_eq!(run("old/own/key", &anew), Some(ACCES), "it has another name");
    // Twins beside it.
    world.0.write("home/caches/beside", b"");
    assert_eq!(run("caches/beside", &|| ()), Some(0));
    assert_eq!(run("caches/beside caches/moved", &|| ()), Some(0));
}

/// A mount gives the folder another name, and its files the same numbers.
#[test]
fn mounts_are_seen_through() {
    let world = World::new("mounts");
    world.0.write("opens.wat", OPENS);
    let script = "mkdir -p a/own b/m && chmod 700 a/own && mount --bind a b/m && \
        $PROVA run --tier native --cache a/own --invoke f p.wat 7 3 && \
        touch a/beside && $PROVA run --dir b --cache a/own opens.wat m/beside && \
        $PROVA run --dir b --cache a/own opens.wat m/own/key";
    let Some(run) = in_namespace(&world, script) else { return };
    run.expect(ACCES, "17\n").silent();
}
