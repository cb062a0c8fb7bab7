//! Every function of WASI on every kind of path and descriptor (`programs/wasi`): a guest's answers
//! against the files in `torture/`, alike in every tier. `PROVA_BLESS=1` writes them.
//!
//! `torture/compare.py` holds the same answers against Wasmtime, by hand; `torture/wasmtime.txt`
//! has those that differ, and `torture/classes.tsv` says why they do (`torture/README.md`).
//!
//! A green run does not show what calls do together, nor in what order a host lists a directory.

use prova_core::wasi::{self, Captured, I32Exit, Perms, WasiCtx, WasiCtxBuilder};
use prova_core::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The guest's parts, and the letters of those that are one case a run.
const PARTS: [&str; 4] = ["paths", "opens", "fds", "misc"];
const SINGLE: [&str; 2] = ["pointers", "values"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/torture")
}

/// The guest's directory, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        // In memory where the host has that: the guest asks for its files to be made safe.
        let shared = Path::new("/dev/shm");
        let base = if shared.is_dir() { shared } else { Path::new(env!("CARGO_TARGET_TMPDIR")) };
        let path = base.join(format!("prova-torture-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("root/ro")).expect("a directory can be made");
        std::fs::create_dir_all(path.join("out")).expect("a directory can be made");
        std::os::unix::fs::symlink("/etc", path.join("root/abs")).expect("a link can be made");
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The text that the guest prints, and how it ends where it does not return.
fn run(linker: &Linker<WasiCtx>, module: &Module, part: &str) -> Result<String> {
    let scratch = Scratch::new(&format!("{:?}-{part}", std::thread::current().id()));
    let root = scratch.0.join("root");
    let stdout = Captured::new(1 << 20);
    let mut builder = WasiCtxBuilder::new();
    builder.arg("torture").arg(part).env("K", "v").stdin(Box::new(&[b'i'; 100][..]));
    builder.stdout(Box::new(stdout.clone())).stderr(Box::new(std::io::sink()));
    builder.preopen_path(&root, "/", Perms::default())?;
    builder.preopen_path(root.join("ro"), "ro", Perms { read_only: true })?;
    let mut store = Store::new(module.engine(), builder.build());
    let instance = linker.instantiate(&mut store, module)?;
    let ended = instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ());
    let text = String::from_utf8(stdout.content())?;
    Ok(match ended {
        Ok(()) => text,
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(I32Exit(code)) => format!("{text}exit({code})\n"),
            None => format!("{text}error\n"),
        },
    })
}

/// The answers of all parts.
fn answers(engine: &Engine) -> Result<BTreeMap<&'static str, String>> {
    let wasm = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/wasi/torture.wasm");
    let module = Module::from_file(engine, wasm)?;
    let mut linker = Linker::new(engine);
    wasi::add_to_linker(&mut linker, |ctx| ctx)?;
    let mut all = BTreeMap::new();
    for part in PARTS {
        let text = run(&linker, &module, part)?;
        all.insert(part, text.trim_start().to_owned());
    }
    for part in SINGLE {
        let mut text = format!("{part} |");
        for n in 0.. {
            let answer = run(&linker, &module, &format!("{}{n}", &part[..1]))?;
            if answer.trim() == "end" {
                break;
            }
            text.push(' ');
            text.push_str(answer.trim());
        }
        all.insert(part, text + "\n");
    }
    Ok(all)
}

/// The cells of a part: row and key → answer.
fn cells(text: &str) -> BTreeMap<(&str, &str), &str> {
    let rows = text.lines().filter_map(|line| line.split_once(" | "));
    let cells = rows.flat_map(|(row, cells)| {
        let cells = cells.split(' ').filter_map(|cell| cell.rsplit_once('='));
        cells.map(move |(key, answer)| ((row, key), answer))
    });
    cells.collect()
}

#[test]
fn every_call_answers_as_before_in_every_tier() -> Result<()> {
    let bless = std::env::var_os("PROVA_BLESS").is_some();
    let reference = Engine::new(Config::new().tier(Tier::Reference))?;
    for (name, engine) in crate::engines().into_iter().chain([("reference", reference)]) {
        for (part, found) in answers(&engine)? {
            let path = folder().join(format!("{part}.txt"));
            if bless {
                std::fs::write(&path, &found)?;
            }
            let expected = std::fs::read_to_string(&path)?;
            let (found_cells, expected_cells) = (cells(&found), cells(&expected));
            let differs: Vec<String> = found_cells
                .iter()
                .filter(|(at, answer)| expected_cells.get(*at) != Some(*answer))
                .map(|((row, key), answer)| format!("{row} | {key}={answer}"))
                .collect();
            assert!(differs.is_empty(), "{name}, {part}: {differs:#?}");
            assert!(found == expected, "{name}, {part}: other rows");
        }
    }
    Ok(())
}

/// The faults of a list of differing answers, `class: row | key=answer …` a line.
fn stale(list: &str, classes: &str, ours: &BTreeMap<(&str, &str), &str>) -> Vec<String> {
    let rows = classes.lines().filter(|line| !line.starts_with('#'));
    let rows: Vec<Vec<&str>> = rows.map(|line| line.split('\t').collect()).collect();
    let mut wrong = Vec::new();
    for row in &rows {
        if row.len() != 6 || row[5].is_empty() {
            wrong.push(format!("{}: five fields and a reason", row[0]));
        }
        if !list.lines().any(|line| line.split(':').next() == Some(row[0])) {
            wrong.push(format!("{}: nothing differs so", row[0]));
        }
    }
    for line in list.lines() {
        let (class, rest) = line.split_once(": ").unwrap_or_default();
        if !rows.iter().any(|row| row[0] == class) {
            wrong.push(format!("{class}: no such class"));
        }
        for (at, theirs) in cells(rest) {
            match ours.get(&at) {
                Some(answer) if *answer != theirs => {}
                Some(_) => wrong.push(format!("{at:?} is {theirs} here too")),
                None => wrong.push(format!("{at:?} is not asked")),
            }
        }
    }
    wrong
}

#[test]
fn each_listed_difference_from_wasmtime_is_one() -> Result<()> {
    let read = |name: &str| std::fs::read_to_string(folder().join(name));
    let texts = [PARTS.as_slice(), SINGLE.as_slice()].concat();
    let texts = texts.iter().map(|part| read(&format!("{part}.txt")));
    let texts = texts.collect::<std::io::Result<Vec<String>>>()?;
    let ours: BTreeMap<_, _> = texts.iter().flat_map(|text| cells(text)).collect();
    let (list, classes) = (read("wasmtime.txt")?, read("classes.tsv")?);
    assert_eq!(stale(&list, &classes, &ours), Vec::<String>::new());
    // A list with an answer that is the same here, one that is not asked, and a class without any.
    let planted = "none: sched_yield | never=ok\nclocks: clock_time_get | 0=ok 2=badf\n";
    let classes = "clocks\tclock_.*\t2\tok\tbadf\tPlanted.\nunused\t.*\t.*\t.*\t.*\tPlanted.\n";
    assert_eq!(stale(planted, classes, &ours).len(), 4);
    Ok(())
}
