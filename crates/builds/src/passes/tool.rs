//! A compiler's command → the same command with pass logs printed, run, its log packed as it comes.
//!
//! [`messages`](super::messages) picks the lines for the user, while they come. The compiler is
//! known by its program's name; Cargo passes the flags on to rustc, one crate at a time, in one
//! codegen unit, so that no two threads print at once. Nothing is kept in memory. Programs that are
//! not known run as they are given, with the flags as the caller has put them.

use super::messages::Messages;
use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The interval of progress messages.
const PROGRESS: Duration = Duration::from_secs(2);

/// A log that was written.
#[derive(Clone, Copy, Debug)]
pub struct Recorded {
    /// How the compiler ended.
    pub status: ExitStatus,
    /// The length of the log before packing, bytes.
    pub bytes: u64,
    /// The program was known, so flags were added.
    pub known: bool,
}

/// Runs the compiler; `function` asks for the dumps of one function alone. `say` hears what the
/// compiler tells its user, line by line, and how far the log has come.
///
/// # Errors
/// If it cannot be started or the log not be written.
pub fn record_tool(
    argv: &[OsString],
    function: Option<&str>,
    log: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<Recorded> {
    let (mut command, known) = command(argv, function)?;
    let file = File::create(log).with_context(|| format!("failed to write `{}`", log.display()))?;
    let mut packed = GzEncoder::new(file, Compression::fast());
    let shown = argv[0].to_string_lossy().into_owned();
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to start `{shown}`"))?;
    let stderr = child.stderr.take().context("the compiler has no standard error")?;
    let bytes = copy(stderr, &mut packed, say);
    let bytes = bytes.with_context(|| format!("failed to write `{}`", log.display()));
    if bytes.is_err() {
        // Nobody reads it any more; without this it would wait for ever.
        child.kill().ok();
    }
    let status = child.wait()?;
    let (bytes, messages) = bytes?;
    packed.finish()?;
    if !status.success() {
        messages.last_words(say);
    }
    Ok(Recorded { status, bytes, known })
}

/// Packs what comes, says what is for the user, and how far it is every [`PROGRESS`].
fn copy(
    mut from: impl Read,
    packed: &mut impl Write,
    say: &mut dyn FnMut(&str),
) -> io::Result<(u64, Messages)> {
    let (mut messages, mut bytes) = (Messages::default(), 0);
    let mut buffer = vec![0; 1 << 16];
    let mut last = Instant::now();
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        packed.write_all(&buffer[..read])?;
        bytes += read as u64;
        messages.add(&buffer[..read], say);
        if last.elapsed() >= PROGRESS {
            last = Instant::now();
            say(&format!("{} dumps, {} MB of log", messages.dumps(), bytes >> 20));
        }
    }
    messages.end(say);
    Ok((bytes, messages))
}

/// The command with its flags, and whether its program is known.
///
/// # Errors
/// If there is no command.
pub fn command(argv: &[OsString], function: Option<&str>) -> Result<(Command, bool)> {
    ensure!(!argv.is_empty(), "a command is needed");
    let mut flags = vec!["-print-after-all".to_owned()];
    flags.extend(function.map(|function| format!("-filter-print-funcs={function}")));
    let name = Path::new(&argv[0]).file_name().unwrap_or_default().to_string_lossy().into_owned();
    // `clang-9`, `opt-14`
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
    let mut command = Command::new(&argv[0]);
    command.args(&argv[1..]);
    let mut known = true;
    match stem {
        "clang" | "clang++" => {
            command.args(flags.iter().flat_map(|flag| ["-mllvm", flag]));
        }
        "opt" | "llc" => {
            command.args(&flags);
        }
        "rustc" => {
            command.arg("-Ccodegen-units=1");
            command.args(flags.iter().map(|flag| format!("-Cllvm-args={flag}")));
        }
        "cargo" => {
            let old = std::env::var_os("RUSTFLAGS").unwrap_or_default();
            let mut new = OsString::from(&old);
            new.push(if old.is_empty() { "" } else { " " });
            new.push("-Ccodegen-units=1");
            flags.iter().for_each(|flag| new.push(format!(" -Cllvm-args={flag}")));
            command
                .env("RUSTFLAGS", OsStr::new(&new))
                .env("CARGO_BUILD_JOBS", "1")
                .env("CARGO_INCREMENTAL", "0");
        }
        _ => known = false,
    }
    Ok((command, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_those_of_the_compiler() {
        let said = |program: &str| {
            let (command, known) =
                command(&[program.into(), "x".into()], Some("f")).expect("it is a command");
            let mut text: Vec<String> =
                command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
            text.extend(
                command
                    .get_envs()
                    .filter_map(|(_, value)| Some(value?.to_string_lossy().into_owned())),
            );
            (text.join(" "), known)
        };
        let clang = "x -mllvm -print-after-all -mllvm -filter-print-funcs=f";
        assert_eq!(said("/usr/bin/clang-9"), (clang.into(), true));
        let rustc =
            "-Ccodegen-units=1 -Cllvm-args=-print-after-all -Cllvm-args=-filter-print-funcs=f";
        assert_eq!(said("rustc"), (format!("x {rustc}"), true));
        assert!(said("cargo").0.contains(rustc));
        assert_eq!(said("mycc"), ("x".into(), false));
        assert!(command(&[], None).is_err());
    }
}
