//! Text of modules, scripts and files on the terminal: with any name, no command prints a
//! character that a terminal obeys, a line that a name made, or a line without a bound.
//!
//! ```text
//! printed/modules.tsv (a name stands for N) ─► files ─ printed/commands.tsv ─► all that is printed
//! ```
//!
//! A green run does not cover pages (`habits` and the tests of `prova_report`), JSON, whose strings
//! are data, and output of guests, which is theirs.

use crate::common::{Run, Scratch};

const MODULES: &str = include_str!("printed/modules.tsv");
const COMMANDS: &str = include_str!("printed/commands.tsv");

/// A line feed with a word behind it, that a line must not begin with; ESC, CSI of C1, DEL; a mark
/// that turns text around, separators of lines and paragraphs, characters without width.
const NAME: &str = r"\0aFORGED\1b[31m\c2\9b31m\7f\e2\80\ae\e2\81\a6\d8\9c\e2\80\a8\e2\80\a9\e2\80\8b\ef\bb\bf\cd\8f\e1\85\9f\e1\a0\8e\ef\b8\8f\f3\a0\84\80";

/// The most characters of a line, of a dozen names at most.
const LINE_CHARS_MAX: usize = 4000;

fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|line| line.split_once('\t').unwrap_or_else(|| panic!("two columns: {line}")))
}

/// Whether a terminal does something with a character: a list apart from the program's own.
fn is_obeyed(c: char) -> bool {
    matches!(c as u32,
        0..=8 | 0xb..=0x1f | 0x7f..=0x9f | 0x61c | 0x200b..=0x200f | 0x2028..=0x202e
        | 0x2060..=0x206f | 0xfeff)
        || matches!(c as u32, 0xad | 0x34f | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f
        | 0x3164 | 0xfe00..=0xfe0f | 0xffa0 | 0xfff0..=0xfffb | 0xe0000..=0xe0fff)
}

/// Describes the fault of a text that a command printed.
fn wrong_with(text: &str) -> Option<String> {
    if let Some(at) = text.find(is_obeyed) {
        let around: String = text[at..].chars().take(20).collect();
        return Some(format!("a character is obeyed: {around:?}"));
    }
    let line = text.lines().find(|line| line.trim_start().starts_with("FORGE"));
    let long = || text.lines().find(|line| line.chars().count() > LINE_CHARS_MAX);
    let start = |line: &str| line.chars().take(80).collect::<String>();
    line.map(|line| format!("a name makes a line: {}", start(line)))
        .or_else(|| long().map(|line| format!("a line is too long: {}", start(line))))
        .or_else(|| text.contains("panicked at").then(|| "a panic".to_owned()))
}

/// Describes the fault of a run; its standard output is data where JSON is asked for.
fn wrong(args: &str, run: &Run) -> Option<String> {
    let is_json = args.split(' ').any(|arg| arg == "--json");
    let out = if is_json { None } else { wrong_with(&run.out) };
    let wrong = out.or_else(|| wrong_with(&run.err))?;
    Some(format!("prova {args}\n  exit {}: {wrong}\n", run.code))
}

/// Runs all commands over all modules, with names that go on for `length` characters.
fn no_name_is_obeyed(test: &str, length: usize) {
    let folder = Scratch::new(test);
    folder.write("other.wat", r#"(module (func (export "_start")))"#);
    let (mut all, mut shown, mut told) = (0, 0, String::new());
    for (file, text) in rows(MODULES) {
        // The binary format allows names of 100,000 bytes; names of the name section are longer.
        let long = if text.contains("$\"") { length } else { length.min(90_000) };
        let name = format!("{NAME}{}", "A".repeat(long));
        let raw = "\u{1b}[31m\u{7f}\u{9b}31m".to_owned() + &"B".repeat(long);
        let text = text.replace("{N}", &name).replace("{RAW}", &raw).replace("{LF}", "\n");
        folder.write(file, &text);
        // A second build, in which code, data and names differ.
        let second = text.replace("(i32.const 8)", "(i32.const 12)").replace("FORGED", "FORGET");
        let second = second.replace("(func (export \"_start\"))", "(func (export \"_start\") nop)");
        folder.write(&format!("2{file}"), second);
        let ending = file.rsplit('.').next();
        for (_, line) in rows(COMMANDS).filter(|(kind, _)| Some(*kind) == ending) {
            let args = line.replace("FILE", file).replace("SECOND", &format!("2{file}"));
            let run = folder.run(&args);
            all += 1;
            shown += usize::from((run.out.clone() + &run.err).contains("\\nFORGE"));
            told.extend(wrong(&args, &run));
        }
    }
    assert!(told.is_empty(), "\n{told}");
    // Names are shown, so this looks at something.
    assert!(all > 500 && shown > 150, "{all} runs, {shown} with a name");
}

#[test]
fn short_names_are_data_to_every_command() {
    no_name_is_obeyed("printed-short", 0);
}

/// `crates/core/tests/printed.rs` has a name of a megabyte in a backtrace.
#[test]
fn long_names_are_data_to_every_command() {
    no_name_is_obeyed("printed-long", 250_000);
}

/// Names in files that are no modules: a record, what `prova compile` wrote, debug information.
#[test]
fn names_in_other_files_are_data() {
    let folder = Scratch::new("printed-files");
    let mut told = String::new();
    let mut look = |args: &[&str]| told.extend(wrong(&args.join(" "), &folder.run_args(args, b"")));
    let export = "a\nFORGED\u{1b}[31m\u{202e}";
    let text = r#"(module (memory 1) (func (export "a\0aFORGED\1b[31m\e2\80\ae") (i32.store (i32.const 8) (i32.const 1)) unreachable))"#;
    folder.write("m.wat", text);
    folder.run_args(&["run", "--record", "r.rec", "--invoke", export, "m.wat"], b"");
    for command in ["replay", "trace", "diverge", "xref", "inspect", "verify", "run"] {
        look(&[command, "r.rec"]);
    }
    look(&["shrink", "--out", "s", "--sides", "tail,match", "r.rec"]);
    // Names of sections are replaced by hostile ones of the same length.
    let replaced = |bytes: &[u8], from: &[u8]| {
        let mut bytes = bytes.to_vec();
        let hostile = b"\nFORGED\x1b[31mFORGED";
        for at in 0..bytes.len().saturating_sub(from.len()) {
            if bytes[at..].starts_with(from) {
                bytes[at..at + from.len()].copy_from_slice(&hostile[..from.len()]);
            }
        }
        bytes
    };
    folder.write("p.wat", r#"(module $m (func (export "_start") unreachable))"#);
    folder.run("compile p.wat -o p.prova");
    if let Ok(bytes) = std::fs::read(folder.0.join("p.prova")) {
        for (n, from) in [&b".prova."[..], b".text", b".shstrtab", b"prova "].iter().enumerate() {
            let file = format!("p{n}.prova");
            folder.write(&file, replaced(&bytes, from));
            for command in ["run", "verify", "objdump", "inspect", "validate"] {
                look(&[command, &file]);
            }
        }
    }
    let module = concat!(env!("CARGO_MANIFEST_DIR"), "/../symbols/tests/modules/cpp5.wasm");
    let bytes = std::fs::read(module).expect("the module with debug information");
    for (n, from) in [&b"shapes.cpp"[..], b"geometry", b"worst"].iter().enumerate() {
        let file = format!("d{n}.wasm");
        folder.write(&file, replaced(&bytes, from));
        for args in [
            &["run", "--invoke", "stop"][..],
            &["run"],
            &["inspect"],
            &["inspect", "--function", "1"],
            &["inspect", "--function", "nothing"],
            &["trace"],
            &["objdump"],
            &["check-code"],
        ] {
            look(&[args, &[file.as_str()]].concat());
        }
        look(&["xref", &file, "1024"]);
        look(&["xref", &file, "nothing"]);
        look(&["diff", &file, module]);
        look(&["explain", module, &file]);
    }
    assert!(told.is_empty(), "\n{told}");
}

/// Who calls `prova validate *` has not chosen the names of the files.
#[test]
fn names_of_files_are_data() {
    let folder = Scratch::new("printed-names");
    folder.write("other.wat", r#"(module (func (export "_start")))"#);
    let modules = [
        Some(
            r#"(module (memory 1) (func (export "_start") (i32.store (i32.const 8) (i32.const 1))))"#,
        ),
        Some(r#"(module (func (export "_start") unreachable))"#),
        Some("(module (func (call 7)))"),
        None,
    ];
    let (mut all, mut shown, mut told) = (0, 0, String::new());
    for (number, text) in modules.iter().enumerate() {
        let file = format!("{number}\nFORGED\u{1b}[31m\u{9b}31m\u{202e}.wat");
        let second = format!("2{file}");
        for name in [&file, &second] {
            if let Some(text) = text {
                folder.write(name, text);
            }
        }
        for (_, line) in rows(COMMANDS) {
            let named = |arg: &str| arg.replace("FILE", &file).replace("SECOND", &second);
            let args: Vec<String> = line.split(' ').map(named).collect();
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let run = folder.run_args(&args, b"");
            all += 1;
            shown += usize::from((run.out.clone() + &run.err).contains("\\nFORGED"));
            told.extend(wrong(&args.join(" "), &run));
        }
    }
    // An unknown word and option, a wrong value and key.
    let word = "q\nFORGED\u{1b}[31m\u{202e}";
    let (option, key, tier) =
        (format!("--{word}"), format!("-W{word}=1"), format!("--tier={word}"));
    for arg in
        [word, &option, &key, &tier, &format!("--dir={word}"), &format!("--dir=.::{word}:ro")]
    {
        told.extend(wrong(arg, &folder.run_args(&[arg, "other.wat"], b"")));
    }
    assert!(told.is_empty(), "\n{told}");
    assert!(all > 150 && shown > 100, "{all} runs, {shown} with a name");
}

/// The oracle sees what it is to see.
#[test]
fn what_a_name_could_do_is_seen() {
    for text in ["a\u{1b}[31m", "a\u{9b}", "a\u{202e}", "a\u{2028}", "x\n  FORGED", "\u{200b}"] {
        assert!(wrong_with(text).is_some(), "{text:?}");
    }
    assert!(wrong_with(&"x".repeat(LINE_CHARS_MAX + 1)).is_some());
    assert_eq!(wrong_with("a\n\tb `\\nFORGED`\n"), None);
}
