//! `--dir` in every place that takes one: the same texts are read, refused and warned of.
//!
//! The table stands in `prova_wasi`, which has the parser. A green run does not show what a guest
//! can do below a directory (`wasi`, and the tests of `prova_wasi`).
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::common::{OPENS, Scratch};
use crate::pages::{commands, help};

const TABLE: &str = include_str!("../../wasi/tests/wasi/grants.tsv");

/// Each command that takes `--dir`, with what stands before it and after it. None of them waits:
/// the debugger's export does not exist.
const COMMANDS: [(&str, &str, &str); 8] = [
    ("", "", "opens.wat seen"),
    ("run", "", "opens.wat seen"),
    ("debug", "--listen 0 --invoke none", "opens.wat seen"),
    ("trace", "", "opens.wat seen"),
    ("diverge", "", "opens.wat seen"),
    ("shrink", "--out small", "opens.wat seen"),
    ("xref", "--watch", "opens.wat 8 seen"),
    ("specialize", "-w --init-func init -o out.wasm", "init.wat"),
];

/// A module with an initialiser, which a snapshot can be made of.
const INITIALISER: &str = r#"(module
    (memory (export "memory") 1)
    (data (i32.const 8) "x")
    (func (export "init") (i32.store (i32.const 8) (i32.const 7))))"#;

/// The columns of the table: text, what is expected, mode, hidden mode.
fn rows() -> impl Iterator<Item = [&'static str; 4]> {
    TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| {
        line.split('\t').collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("{line}"))
    })
}

fn folder(test: &str) -> Scratch {
    let folder = Scratch::new(test);
    folder.write("opens.wat", OPENS);
    folder.write("init.wat", INITIALISER);
    for name in ["d", "dd", "d:ro", "ro", "my ro"] {
        std::fs::create_dir(folder.0.join(name)).expect("it can be made");
        folder.write(&format!("{name}/seen"), "");
    }
    folder.write("seen", "");
    folder
}

fn run(folder: &Scratch, command: (&str, &str, &str), dir: &str) -> crate::common::Run {
    let (name, before, after) = command;
    let dir = format!("--dir={dir}");
    let args = [name, before].into_iter().flat_map(str::split_whitespace).chain([dir.as_str()]);
    folder.run_args(&args.chain(after.split_whitespace()).collect::<Vec<_>>(), b"")
}

#[test]
fn every_command_with_the_option_is_in_the_table() {
    let takes = |text: &str| text.contains("--dir <HOST[::GUEST[::ro|rw]]>");
    let all = help(&[]);
    assert!(takes(&all));
    for command in commands(&all) {
        let listed = COMMANDS.iter().any(|(name, ..)| *name == command);
        assert_eq!(help(&[command]).contains("--dir <"), listed, "{command}");
        assert_eq!(takes(&help(&[command])), listed, "{command}");
    }
}

#[test]
fn what_is_no_grant_is_misuse_everywhere() {
    let folder = folder("grants-refused");
    for [text, why, ..] in rows().filter(|row| row[2] == "refused") {
        for command in COMMANDS {
            let told = run(&folder, command, text);
            told.expect(2, "").says(&["--dir", why, "the form is HOST[::GUEST[::ro|rw]]"]);
        }
    }
}

/// The guest renames a file, which is a change: 69 is EROFS.
#[test]
fn a_grant_has_the_mode_that_it_says() {
    let folder = folder("grants-modes");
    for [text, names, mode, likely] in rows().filter(|row| row[2] != "refused") {
        let (host, _) = names.split_once(" as ").expect("two names");
        for command in &COMMANDS[..2] {
            let renamed = run(&folder, (command.0, command.1, "opens.wat seen moved"), text);
            let moved = folder.0.join(host).join("moved");
            assert_eq!(renamed.code, if mode == "ro" { 69 } else { 0 }, "{text}: {renamed:?}");
            assert_eq!(moved.exists(), mode == "rw", "{text}");
            std::fs::rename(moved, folder.0.join(host).join("seen")).ok();
            match likely {
                "-" => drop(renamed.silent()),
                likely => {
                    let mode = format!("::{likely}` says one");
                    let says = "a name holds no mode";
                    renamed.says(&["warning: the guest gets the directory under", says, &mode]);
                }
            }
        }
    }
}

#[test]
fn other_commands_read_the_same_forms_and_warn_of_them() {
    let folder = folder("grants-others");
    for command in &COMMANDS[2..] {
        for (text, warns) in [("d::/a::ro", false), ("d::/a::rw", false), ("d::/a:ro", true)] {
            let told = run(&folder, *command, text);
            assert!(!told.err.contains("the form is"), "{command:?}: {told:?}");
            // A debugger is not waited for, so nothing is granted yet.
            let warned = told.err.contains("a name holds no mode");
            assert!(warned == warns || command.0 == "debug", "{command:?} {text}: {told:?}");
        }
    }
}

/// Files of `--config` have no table of directories: a mode that is misread there cannot be.
#[test]
fn a_file_of_options_grants_no_directory() {
    let folder = folder("grants-config");
    for text in [
        "[wasi]\ndir = \"d::/a::RO\"\n",
        "[wasi]\ndirs = [\"d::/a::ro\"]\n",
        "[run]\ndir = \"d::/a::ro\"\n",
        "dir = \"d::/a::ro\"\n",
    ] {
        folder.write("options.toml", text);
        folder.run("run --config options.toml opens.wat seen").expect(2, "");
        folder.run("run -S dir=d::/a::ro opens.wat seen").expect(2, "");
    }
}
