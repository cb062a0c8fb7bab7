//! Signals that someone sends to the program while it runs machine code: each does what its
//! disposition says, and afterwards the program traps as ever.
//!
//! The disposition is the one that the program was started with, but that Rust's standard library
//! has a handler for `SIGSEGV` and `SIGBUS` that were not ignored: it takes the first signal that
//! is no overflow of a stack, and goes back to the default. A green run does not show handlers of
//! an embedder; `crates/runtime/src/sys/x64/signals/tests.rs` does.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::common;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

/// Says that it runs, goes round until the host ends it or its count is over, then traps.
const SPIN: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 64) "runs\n")
    (data (i32.const 16) "\40\00\00\00\05\00\00\00")
    (func (export "f") (param $turns i64) (result i32) (local $i i64)
        (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32)))
        (loop $again
            (local.set $i (i64.add (local.get $i) (i64.const 1)))
            (br_if $again (i64.lt_u (local.get $i) (local.get $turns))))
        (i32.load (i32.const 0x7fffffff))))"#;

/// Turns that nobody waits for, and turns that are over soon, but long after a signal was sent.
const FOR_EVER: &str = "1000000000000000";
const SOME: &str = "1000000000";

/// Starts the program, its signals ignored or not, sends it some, and gives how it ended and what
/// it said.
fn spin(
    ignored: bool,
    turns: &str,
    signal: &str,
    times: usize,
) -> (Option<i32>, Option<i32>, String) {
    let scratch = common::Scratch::new(&format!("signals-{ignored}-{turns}-{signal}"));
    scratch.write("spin.wat", SPIN);
    let trap = if ignored { "trap '' SEGV BUS FPE ILL; " } else { "" };
    let line = format!("{trap}exec \"$0\" run --tier native --invoke f \"$1\" {turns}");
    let mut child = Command::new("sh")
        .args(["-c", &line, env!("CARGO_BIN_EXE_prova")])
        .arg(scratch.0.join("spin.wat"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell");
    let out = child.stdout.take().expect("a pipe");
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).expect("it writes");
    assert_eq!(line, "runs\n");
    for _ in 0..times {
        let id = child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status();
        assert!(sent.expect("a program that sends signals").success());
        while pending(child.id()) {
            std::thread::yield_now();
        }
    }
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), output.status.signal(), said)
}

/// Whether a signal waits for a process.
fn pending(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let waiting = |line: &str| {
        let mask = line.strip_prefix("ShdPnd:").or_else(|| line.strip_prefix("SigPnd:"));
        mask.is_some_and(|mask| mask.trim().bytes().any(|digit| digit != b'0'))
    };
    status.lines().any(waiting)
}

const SIGNALS: [(&str, i32); 4] = [("SEGV", 11), ("BUS", 7), ("ILL", 4), ("FPE", 8)];

#[test]
fn the_default_ends_the_program_by_the_signal() {
    for (name, number) in SIGNALS {
        // The first of these is the standard library's handler's.
        let times = if matches!(name, "SEGV" | "BUS") { 2 } else { 1 };
        let (code, signal, said) = spin(false, FOR_EVER, name, times);
        assert_eq!((code, signal), (None, Some(number)), "{name}: {said}");
    }
}

#[test]
fn what_is_ignored_or_handled_leaves_the_handler_of_traps() {
    for (ignored, name) in [(true, "SEGV"), (true, "FPE"), (false, "SEGV"), (false, "BUS")] {
        let times = if ignored { 3 } else { 1 };
        let (code, signal, said) = spin(ignored, SOME, name, times);
        assert_eq!((code, signal), (Some(134), None), "{name}: {said}");
        assert!(said.contains("out of bounds memory access"), "{name}: {said}");
    }
}
