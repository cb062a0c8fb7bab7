//! The line that says that a command works: on a terminal, gone at the end, and nowhere else.
//!
//! `script` (bsdutils) is the terminal. The command takes longer than the line waits, and nothing
//! here depends on how much.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const PROVA: &str = env!("CARGO_BIN_EXE_prova");

fn sqlite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/bin/sqlite3-3.46.1.wasm")
}

/// The bytes that a terminal gets of a command.
fn on_terminal(command: &str, term: &str) -> String {
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", command, "/dev/null"])
        .stdin(Stdio::null())
        .env("TERM", term)
        .output()
        .expect("`script` is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The lines that stay on the screen: a carriage return goes back, and a line may be cleared.
fn screen(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("\u{1b}[2K") {
            lines.last_mut().expect("a line").clear();
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '\r' if !rest.starts_with('\n') => lines.last_mut().expect("a line").clear(),
            '\r' => {}
            '\n' => lines.push(String::new()),
            c => lines.last_mut().expect("a line").push(c),
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

fn piped(args: &[&str]) -> Output {
    Command::new(PROVA).args(args).output().expect("the program runs")
}

#[test]
fn a_line_is_on_a_terminal_and_gone_at_the_end() {
    let sqlite = sqlite().display().to_string();
    let plain = piped(&["validate", &sqlite]);
    let (out, err) = (String::from_utf8_lossy(&plain.stdout), &plain.stderr);
    assert!(err.is_empty() && out.lines().count() == 1, "{out}");
    let check = piped(&["check-code", &sqlite]);
    assert!(check.status.success() && check.stderr.is_empty(), "{check:?}");
    let command = format!("{PROVA} check-code {sqlite}");
    let told = on_terminal(&command, "xterm");
    assert!(told.contains("checking code of sqlite3-3.46.1.wasm ("), "{told:?}");
    let left = screen(&told);
    let expected: Vec<String> =
        String::from_utf8_lossy(&check.stdout).lines().map(str::to_owned).collect();
    let without_colour = |line: &String| line.replace("\u{1b}[0m", "").replace("\u{1b}[1m", "");
    assert_eq!(left.iter().map(without_colour).collect::<Vec<_>>(), expected, "{told:?}");
}

fn lua() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/bin/lua-5.4.7.wasm");
    path.display().to_string()
}

/// A command that makes or proves code of all functions says how many are done.
#[test]
fn functions_are_counted_while_proofs_are_searched() {
    let lua = lua();
    for command in [
        format!("{PROVA} check-code --require proved --jobs 1 {lua}"),
        format!("RAYON_NUM_THREADS=1 {PROVA} compile --require proved -o /dev/null {lua}"),
    ] {
        let told = on_terminal(&command, "xterm");
        let count = told.matches("/826 (").count();
        assert!(count > 1, "{command}: {count} times: {told:?}");
        assert!(!screen(&told).iter().any(|line| line.contains("/826 (")), "{told:?}");
    }
}

/// A program that waits for proofs has the line below its own one, which stays as it is.
#[test]
fn a_program_that_waits_has_the_line_below_its_own() {
    const BELOW: &str = "\u{1b}D\u{1b}[A\u{1b}7\u{1b}[B\r\u{1b}[2K";
    let folder = std::env::temp_dir().join(format!("prova-waits-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let text =
        "io.write('a') t = {} for i = 1, 99 do t[i] = i * 37 % 101 end table.sort(t) print(t[2])";
    fs::write(folder.join("sort.lua"), text).expect("it can be written");
    let run = format!("{PROVA} run --no-cache --tier native");
    let rest = format!("--dir {}::. {} sort.lua", folder.display(), lua());
    let plain = on_terminal(&format!("{run} {rest}"), "xterm");
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    let told = on_terminal(&format!("{run} --require proved {rest}"), "xterm");
    assert!(told.contains("proving lua-5.4.7.wasm ") && told.contains("/826 ("), "{told:?}");
    let mut parts = told.split(BELOW);
    let mut own = parts.next().unwrap_or_default().to_owned();
    let mut last = "";
    for part in parts {
        let (line, rest) = part.split_once("\u{1b}8").expect("it goes back");
        own += rest;
        last = line;
    }
    assert!(own.starts_with(plain.trim_end()) && !own.contains("proving"), "{told:?}");
    assert_eq!(last, "", "what is drawn last is nothing");
    let told = on_terminal(&format!("{run} --require proved {rest}"), "dumb");
    assert!(!told.contains("proving"), "{told:?}");
    fs::remove_dir_all(folder).ok();
}

/// Neither a terminal that obeys nothing, nor a pipe, nor a reader of JSON gets it.
#[test]
fn nobody_else_gets_a_line() {
    let sqlite = sqlite().display().to_string();
    let told = on_terminal(&format!("{PROVA} check-code {sqlite}"), "dumb");
    assert!(!told.contains("checking code") && !told.contains('\u{1b}'), "{told:?}");
    let folder = std::env::temp_dir().join(format!("prova-progress-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let errors = folder.join("errors");
    let command = format!("{PROVA} check-code {sqlite} 2> {}", errors.display());
    let told = on_terminal(&command, "xterm");
    assert!(!told.contains("checking code"), "{told:?}");
    assert_eq!(fs::read(&errors).expect("it was made"), b"");
    let command = format!("{PROVA} xref --json {sqlite} 65536..70000");
    let told = on_terminal(&command, "xterm");
    assert!(told.starts_with('{') && !told.contains("reading"), "{:?}", told.get(..200));
    fs::remove_dir_all(folder).ok();
}
