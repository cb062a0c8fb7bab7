//! The transcripts of `tests/files/inspect`, whose README says what a green run does not show; and
//! the
//! report of a function.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The start of a transcript.
const PROMPT: &str = ";; $ prova ";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/files/inspect")
}

fn prova(directory: &Path, args: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_prova"))
        .args(args.split_whitespace())
        .current_dir(directory)
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("the program runs")
}

/// The transcript of a command, each line a comment.
fn transcript(args: &str) -> String {
    let Output { status, stdout, stderr } = prova(&folder(), args);
    let mut text = format!("{PROMPT}{args}\n");
    if !status.success() {
        let _ = writeln!(text, ";; exit {}", status.code().expect("no signal"));
    }
    for (sign, bytes) in [("", stdout), ("!", stderr)] {
        let lines = String::from_utf8(bytes).expect("text");
        for line in lines.lines() {
            let _ = writeln!(text, "{}", format!(";; {sign}{line}").trim_end());
        }
    }
    text
}

#[test]
fn the_transcripts_are_what_is_printed() {
    let bless = std::env::var_os("PROVA_BLESS").is_some();
    let entries = std::fs::read_dir(folder()).expect("the repository carries the files");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let (mut commands, mut failures) = (0, String::new());
    for path in paths.iter().filter(|path| path.extension().is_some_and(|it| it == "wat")) {
        let text = std::fs::read_to_string(path).expect("a readable file");
        let (source, _) = text.split_once(PROMPT).expect("a file has a transcript");
        let mut now = source.to_owned();
        for args in text.lines().filter_map(|line| line.strip_prefix(PROMPT)) {
            now += &transcript(args);
            commands += 1;
        }
        if now == text {
            continue;
        }
        if bless {
            std::fs::write(path, now).expect("a writable file");
        } else {
            let (was, is): (Vec<_>, Vec<_>) = (text.lines().collect(), now.lines().collect());
            let at = was.iter().zip(&is).take_while(|(a, b)| a == b).count();
            let _ = writeln!(
                failures,
                "{}, line {}:\n  expected {:?}\n  got      {:?}",
                path.display(),
                at + 1,
                was.get(at),
                is.get(at)
            );
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(commands >= 20, "{commands} commands");
}

/// The bytes of a [`base64`](https://www.rfc-editor.org/rfc/rfc4648#section-4) text.
fn decoded(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        other => panic!("{other} is no digit"),
    };
    let digits: Vec<u32> = text.bytes().filter(|byte| !b"=\n".contains(byte)).map(value).collect();
    let mut bytes = Vec::new();
    for group in digits.chunks(4) {
        let bits = group.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - group.len()));
        let all = [bits >> 16, bits >> 8, bits].map(|byte| byte as u8);
        bytes.extend(&all[..group.len() * 6 / 8]);
    }
    bytes
}

/// The report is the same twice, names no path, and its small module has the same code at other
/// offsets.
#[test]
fn a_report_can_be_attached() {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("inspect-report-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).expect("the target directory can be written");
    let module = folder().join("values.wat");
    let report = |name: &str| {
        let args = format!("inspect {} --function bar --report {name}", module.display());
        let output = prova(&scratch, &args);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(said, format!("report written to `{name}`\n"));
        std::fs::read_to_string(scratch.join(name)).expect("the report is there")
    };
    let text = report("one.txt");
    assert_eq!(text, report("two.txt"));
    assert!(!text.contains("values.wat") && !text.contains("one.txt"), "{text}");
    let version = format!("prova {} inspect", env!("CARGO_PKG_VERSION"));
    for part in [&version, "proved", "\nvalues\n", "\ncandidate\n", "\nhints ", "\nbody"] {
        assert!(text.contains(part), "{part}");
    }
    let (_, encoded) = text.split_once("small module, ").expect("the module is small");
    let (_, encoded) = encoded.split_once('\n').expect("behind the heading");
    std::fs::write(scratch.join("small.wasm"), decoded(encoded)).expect("it can be written");
    let small = prova(&scratch, "inspect small.wasm --function 1");
    let small = String::from_utf8(small.stdout).expect("text");
    let code = |text: &str| -> Vec<String> {
        let (_, code) = text.split_once("\ncode\n").expect("it has code");
        let words = code.lines().map(str::trim).filter(|line| !line.starts_with("0x"));
        words.skip(1).map(str::to_owned).take(12).collect()
    };
    assert!(code(&small).len() >= 10, "{small}");
    assert_eq!(code(&small), code(&text));
    let failed =
        prova(&scratch, &format!("inspect {} --function bar --report no/where", module.display()));
    assert_eq!(failed.status.code(), Some(1));
    std::fs::remove_dir_all(&scratch).ok();
}

#[test]
fn a_body_beyond_the_limit_is_not_recorded() {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("inspect-large");
    std::fs::create_dir_all(&scratch).expect("the target directory can be written");
    // Besides the operators a body has a byte for its locals and one for its end.
    let nops = "nop ".repeat((1 << 19) - 1);
    std::fs::write(scratch.join("large.wat"), format!("(module (func $f {nops}))"))
        .expect("the target directory can be written");
    let Output { status, stderr, .. } = prova(&scratch, "inspect --function f large.wat");
    let stderr = String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(2), "{stderr}");
    for said in ["524289 bytes", "at most 524288", "inspect_bytes"] {
        assert!(stderr.contains(said), "{stderr}");
    }
}
