//! `prova run -S threads`: the programs of `threads/`, by the rows of `threads/table.tsv`, in each
//! tier.
//!
//! A green run does not show that threads run at the same time, nor what a race of them gives; and
//! a stop is shown to come within the time of the test, no sooner.

use crate::common::Scratch;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const TABLE: &str = include_str!("threads/table.tsv");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/threads");

struct Row<'t> {
    file: String,
    options: &'t str,
    args: &'t str,
    code: i32,
    out: String,
    words: Vec<&'t str>,
}

fn rows() -> Vec<Row<'static>> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| row(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

fn row(line: &'static str) -> Option<Row<'static>> {
    let cells: [&str; 6] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
    let [file, options, args, code, out, words] = cells;
    let file = match file {
        // A real program.
        "pcomp" => "../../../../programs/threads/pcomp.wasm".to_owned(),
        file => format!("{file}.wat"),
    };
    let (text, times) = out.rsplit_once('*').unwrap_or((out, "1"));
    let out = text.replace("\\n", "\n").repeat(times.parse().ok()?);
    let args = if args == "-" { "" } else { args };
    let words = words.split('|').filter(|words| !words.is_empty()).collect();
    Some(Row { file, options, args, code: code.parse().ok()?, out, words })
}

#[track_caller]
fn all_do_as_the_table_says(tier: &str) {
    let scratch = Scratch::new("threads");
    for Row { file, options, args, code, out, words } in rows() {
        let line = format!("run {tier} -S threads {options} {FOLDER}/{file} {args}");
        let start = Instant::now();
        let run = scratch.run(&line);
        assert_eq!((run.code, &run.out), (code, &out), "{line}: {run:?}");
        run.says(&words);
        // The reason why there is no machine code.
        let said = run.err.lines().filter(|line| !line.starts_with("warning: the module runs as"));
        assert!(!words.is_empty() || said.count() == 0, "{line}: {run:?}");
        // There is one message, however many threads trap.
        assert!(run.err.matches("Caused by").count() <= 1, "{line}: {run:?}");
        assert!(start.elapsed() < Duration::from_secs(60), "{line}: {:?}", start.elapsed());
    }
}

#[test]
fn in_the_interpreter() {
    all_do_as_the_table_says("--tier interp");
}

#[test]
fn in_the_tier_that_nobody_chose() {
    all_do_as_the_table_says("");
}

#[test]
fn as_machine_code() {
    all_do_as_the_table_says("--tier native");
}

#[test]
fn in_the_reference_tier() {
    all_do_as_the_table_says("--tier reference");
}

#[test]
fn what_is_about_one_thread_is_refused() {
    let scratch = Scratch::new("threads-refused");
    for (options, words) in [
        ("-S threads --record r", "`--record` and `-S threads` exclude each other"),
        ("-S threads --preload a=b.wat", "`--preload` and `-S threads` exclude each other"),
        ("-S threads --deterministic", "`--deterministic` and `-S threads` exclude each other"),
        ("-S threads -W nan-canonicalization", "`--deterministic` and `-S threads` exclude"),
        ("-S threads -g 0", "`-g` and `-S threads` exclude each other"),
        ("-S threads --profile guest", "`--profile` and `-S threads` exclude each other"),
        ("-S threads -D coredump=c", "`-D coredump` and `-S threads` exclude each other"),
        ("-S threads --stats=fuel", "`--stats` and `-S threads` exclude each other"),
        ("-S threads --stats=dispatches", "`--stats` and `-S threads` exclude each other"),
        ("-S threads -W shared-memory=n", "`-S threads` needs shared memories"),
        ("-S threads=2", "it is `y` or `n`"),
        ("-S max-threads=many", "it needs a whole number of threads"),
    ] {
        let run = scratch.run(&format!("run {options} {FOLDER}/join.wat"));
        run.expect(2, "").says(&[words]);
    }
    let run = scratch.run(&format!("run {FOLDER}/join.wat"));
    run.expect(1, "");
    let run = scratch.run(&format!("run -S threads --stats=tiers {FOLDER}/join.wat"));
    run.expect(0, "joined\n");
}

fn start(args: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_prova"))
        .args(args.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// Standard input never ends, and gives one byte, for which all threads wait.
#[test]
fn threads_that_read_are_stopped() {
    for command in ["returns 4 1", "returns 4 20", "exits 4 3 0"] {
        let (function, args) = command.split_once(' ').expect("a function and its arguments");
        let invoke = format!("run -S threads --invoke {function} {FOLDER}/ends.wat {args}");
        let mut child = start(&invoke);
        let mut input = child.stdin.take().expect("piped");
        input.write_all(b"x").ok();
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{command}: {output:?}");
        drop(input);
    }
}

/// Nobody reads what threads write.
#[test]
fn threads_that_write_are_stopped() {
    let scratch = Scratch::new("threads-writes");
    scratch.write(
        "writes.wat",
        r#"(module
  (import "env" "memory" (memory 2 2 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (export "memory" (memory 0))
  (data (i32.const 0) "\00\00\00\00\00\00\01\00")
  (func (export "wasi_thread_start") (param i32 i32)
    (loop (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0)))
  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 0)))
    (drop (memory.atomic.wait32 (i32.const 16) (i32.const 0) (i64.const 300000000)))))"#,
    );
    let mut child = start(&format!("run -S threads {}", scratch.0.join("writes.wat").display()));
    let output = child.stdout.take().expect("piped");
    let status = child.wait().expect("it ends");
    assert!(status.success(), "{status}");
    drop(output);
}
