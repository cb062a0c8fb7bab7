//! README's commands, run: every line of an `sh` block that starts with `prova` or `cargo run`.
//!
//! A line runs from the repository's root, without its comment. A word in capitals stands for
//! something of the reader's own: the table [`STANDS_FOR`] has a file or name for each.
//! `cargo run … --` is the program that Cargo has built for this test.
//!
//! A green run shows that the commands are possible and end well, not that they do what the text
//! beside them says.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The meaning of a word in capitals: a file with this content, or a name.
const STANDS_FOR: &[(&str, Stand)] = &[
    ("FILE.wat", Stand::Text(MODULE)),
    ("FILE.wasm", Stand::Binary(MODULE)),
    ("FILE.wast", Stand::Text(SCRIPT)),
    ("NAME", Stand::Name("add")),
];

enum Stand {
    /// A file of this text.
    Text(&'static str),
    /// A file of the module in binary format.
    Binary(&'static str),
    Name(&'static str),
}

const MODULE: &str = r#"(module (memory (export "memory") 1)
    (func (export "_start"))
    (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"#;

const SCRIPT: &str = r#"(module (func (export "one") (result i32) (i32.const 1)))
    (assert_return (invoke "one") (i32.const 1))"#;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The commands of a page: lines of its `sh` blocks, without comments.
fn commands(page: &str) -> Vec<&str> {
    let mut commands = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(kind) => inside = !inside && kind == "sh",
            None if inside => commands.push(line.split(" #").next().unwrap_or(line).trim()),
            None => {}
        }
    }
    commands.retain(|line| line.starts_with("prova ") || line.starts_with("cargo run"));
    commands
}

/// Whether a word stands for something of the reader's own.
fn is_placeholder(word: &str) -> bool {
    let stem = word.split('.').next().unwrap_or(word);
    stem.len() > 1 && stem.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

/// The program's arguments and the file of its standard input.
///
/// # Errors
/// What of the command this test does not understand.
fn understood(command: &str, folder: &Path) -> Result<(Vec<String>, Option<String>), String> {
    let (command, input) = match command.split_once(" < ") {
        Some((command, input)) => (command, Some(input.trim().to_owned())),
        None => (command, None),
    };
    let args = match command.strip_prefix("prova ") {
        Some(args) => args,
        None => {
            let (cargo, args) = command.split_once(" -- ").ok_or("`cargo run` without `--`")?;
            if !cargo.split_whitespace().any(|word| word == "prova-cli") {
                return Err(format!("`{cargo}` runs another package"));
            }
            args
        }
    };
    let mut words = Vec::new();
    for word in args.split_whitespace() {
        match STANDS_FOR.iter().find(|(name, _)| *name == word) {
            Some((_, Stand::Name(name))) => words.push((*name).to_owned()),
            Some((file, _)) => words.push(folder.join(file).display().to_string()),
            None if is_placeholder(word) => return Err(format!("what is `{word}`?")),
            None => words.push(word.to_owned()),
        }
    }
    Ok((words, input))
}

/// Runs a command.
///
/// # Errors
/// Why it did not end well.
fn run(command: &str, folder: &Path) -> Result<(), String> {
    let (args, input) = understood(command, folder)?;
    let input = match input {
        None => Stdio::null(),
        Some(input) => {
            let file = File::open(root().join(&input)).map_err(|error| format!("{input}: {error}"));
            file?.into()
        }
    };
    let output = Command::new(env!("CARGO_BIN_EXE_prova"))
        .args(args)
        .current_dir(root())
        .stdin(input)
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// A folder with the files that the table names, of one test.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("readme-{test}"));
    std::fs::create_dir_all(&folder).expect("the target directory can be written");
    for (name, stand) in STANDS_FOR {
        let content = match stand {
            Stand::Text(text) => text.as_bytes().to_vec(),
            Stand::Binary(text) => wat::parse_str(text).expect("the module is one"),
            Stand::Name(_) => continue,
        };
        std::fs::write(folder.join(name), content).expect("the target directory can be written");
    }
    folder
}

#[test]
fn every_command_of_the_readme_ends_well() {
    let folder = folder("commands");
    let page = std::fs::read_to_string(root().join("README.md")).expect("there is a README");
    let commands = commands(&page);
    assert!(commands.len() >= 7, "{commands:?}");
    assert!(commands.iter().any(|command| command.contains("timeout=")), "{commands:?}");
    let mut failures = String::new();
    for command in commands {
        if let Err(error) = run(command, &folder) {
            failures.push_str(&format!("{command}\n    {error}\n"));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn a_broken_command_is_seen() {
    let folder = folder("broken");
    for (page, words) in [
        ("```sh\nprova -W fule=1 FILE.wasm   # misspelt\n```", "there is no such key"),
        ("```sh\nprova --invoke gone FILE.wat\n```", "no func export named `gone`"),
        ("```sh\nprova OTHER.wasm\n```", "what is `OTHER.wasm`?"),
        ("```sh\nprova programs/bin/gone.wasm\n```", "gone.wasm"),
        ("```sh\ncargo run -p prova-testing -- spec\n```", "another package"),
    ] {
        let [command] = commands(page)[..] else { panic!("one command: {page}") };
        let error = run(command, &folder).expect_err(command);
        assert!(error.contains(words), "{command}: {error}");
    }
    assert_eq!(commands("```text\nprova FILE.wat\n```\nprova FILE.wat\n"), [""; 0]);
}
