//! Outcomes → standard error and exit codes.
//!
//! The layout is Wasmtime's: `Error: ` and the outermost message, an empty line, `Caused by:` and
//! the chain, numbered unless it has one link.

use crate::hint;
use crate::making;
use crate::paint::paint;
use crate::progress;
pub(crate) use prova_builds::names::printable_lines as printable;
use prova_core::wasi::I32Exit;
use prova_core::{Bug, Error, ErrorKind, Result};
use prova_report::{Form, Node, Tone};
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The text of a name that was given on the command line, in messages.
pub(crate) trait Shown {
    /// The name on one line, without characters that a terminal obeys: who calls `prova validate *`
    /// has not chosen the names of the files.
    fn shown(&self) -> String;
}

impl Shown for Path {
    fn shown(&self) -> String {
        prova_builds::names::printable_line(&self.display().to_string())
    }
}

/// The word that an error begins with.
const ERROR: &str = "Error:";

/// The exit code of a trap, of used up fuel, of a timeout: the same as for an aborted process.
pub(crate) const TRAP: u8 = 134;
const MISUSE: u8 = 2;
const FAILED: u8 = 1;
/// Of comparing commands, which have 1 for a difference.
const BUILD_FAILED: u8 = 3;
const INCONCLUSIVE: u8 = 4;
const SKIP: u8 = 125;

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Done,
    /// It did its work, and the answer is no.
    Bad,
    /// An input of the comparison could not be built.
    BuildFailed,
    /// A comparison has no answer.
    Inconclusive,
    /// A comparison has no answer, and a bisection is to pass over it.
    Skip,
}

/// The root of an error in the use of the command line.
#[derive(Debug)]
pub(crate) struct Misuse(pub(crate) String);

/// The context of what failed with one module, where it may be that its bytecode was refused.
#[derive(Debug)]
pub(crate) struct OfFile {
    what: &'static str,
    file: PathBuf,
}

impl OfFile {
    /// `what` reads as in "failed to `what` `file`".
    pub(crate) fn new(what: &'static str, file: &Path) -> OfFile {
        OfFile { what, file: file.to_owned() }
    }
}

impl fmt::Display for OfFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to {} `{}`", self.what, self.file.shown())
    }
}

/// Not an error: the user asked for this text.
#[derive(Debug)]
pub(crate) struct Help(pub(crate) String);

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}
impl std::error::Error for Help {}

/// Prints the error of an outcome, if there is one, and gives the exit code.
pub(crate) fn exit(outcome: Result<Exit>) -> ExitCode {
    let error = match outcome {
        Ok(Exit::Done) => return ExitCode::SUCCESS,
        Ok(Exit::Bad) => return FAILED.into(),
        Ok(Exit::BuildFailed) => return BUILD_FAILED.into(),
        Ok(Exit::Inconclusive) => return INCONCLUSIVE.into(),
        Ok(Exit::Skip) => return SKIP.into(),
        Err(error) => error,
    };
    if let Some(Help(text)) = error.downcast_ref() {
        return exit(print(text).map(|()| Exit::Done));
    }
    if let Some(&I32Exit(code)) = error.downcast_ref() {
        // Codes above 255 lose their high bits, as with any process of the system.
        std::process::exit(code);
    }
    if error
        .downcast_ref()
        .is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe)
    {
        return FAILED.into();
    }
    let text = text_of(&error);
    let rest = text.strip_prefix(ERROR).unwrap_or(&text);
    warn(&format!("{}{rest}", paint(&io::stderr()).toned(Tone::Grave, ERROR)));
    if let Some(advice) = advice(&error) {
        warn(&advice);
    }
    code_of(&error).into()
}

/// The exit code of an error that is no end of a program.
fn code_of(error: &Error) -> u8 {
    match ErrorKind::of(error) {
        _ if error.is::<Misuse>() => MISUSE,
        Some(ErrorKind::Trap) => TRAP,
        Some(ErrorKind::Misuse) => MISUSE,
        _ => FAILED,
    }
}

/// The exit code of a run with this outcome.
pub(crate) fn exit_code<T>(outcome: &Result<T>) -> u8 {
    match outcome {
        Ok(_) => 0,
        // As the system has it.
        Err(error) => match error.downcast_ref() {
            Some(&I32Exit(code)) => code as u8,
            None => code_of(error),
        },
    }
}

/// An error as misuse, in commands that compare: code 1 is for what differs. The option that
/// decides stays in the text.
pub(crate) fn misuse(error: &Error) -> Error {
    let advice = hint::of(error).map(|hint| format!("\n\n{hint}")).unwrap_or_default();
    Error::new(Misuse(format!("{error:#}{advice}")))
}

/// The advice below an error, after an empty line. For a refusal it is the command that explains
/// it, for a report: nobody but us can mend it. Otherwise it is the option that decides, if there
/// is one.
pub(crate) fn advice(error: &Error) -> Option<String> {
    match error.downcast_ref::<Bug>().and_then(Bug::check_error) {
        Some(refused) => {
            let file = error.downcast_ref::<OfFile>().map(|of| of.file.as_path());
            Some(how_to_report(refused.func.0, file))
        }
        None => hint::of(error).map(|hint| format!("\n{hint}")),
    }
}

fn how_to_report(func: u32, file: Option<&Path>) -> String {
    let file = file.unwrap_or(Path::new("MODULE")).shown();
    printable(&format!(
        "\nThis is a fault of Prova, not of the module, and nothing that was refused has run. Please report it with the file that\n\
         \x20   prova inspect {file} --function {func} --report report.txt\n\
         writes (and the same -W and --deterministic as here)."
    ))
}

/// The error with its chain.
pub(crate) fn text_of(error: &Error) -> String {
    let mut text = format!("{ERROR} {error}");
    let causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
    if !causes.is_empty() {
        text.push_str("\n\nCaused by:");
    }
    for (i, cause) in causes.iter().enumerate() {
        let (number, indent) = if causes.len() == 1 {
            (String::new(), "    ")
        } else {
            (format!("{i:>5}: "), "       ")
        };
        for (line_number, line) in cause.lines().enumerate() {
            text.push('\n');
            text.push_str(if line_number == 0 && !number.is_empty() { &number } else { indent });
            text.push_str(line);
        }
    }
    printable(&text)
}

/// Writes a line to standard error; there is no one to tell if that fails.
pub(crate) fn warn(line: &str) {
    making::clear();
    progress::aside(|| writeln!(io::stderr(), "{line}").ok());
}

/// Writes to standard output.
///
/// # Errors
/// If that fails, as it does when the reader has gone.
pub(crate) fn print(text: &str) -> Result<()> {
    print_bytes(text.as_bytes())
}

/// Prints a report, as JSON or as text.
///
/// # Errors
/// As [`print`].
pub(crate) fn present(report: &Node, json: bool) -> Result<()> {
    match json {
        true => print(&report.present(Form::Json)?),
        false => print(&report.to_painted_text(paint(&io::stdout()))),
    }
}

/// Writes bytes to standard output.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<()> {
    progress::aside(|| {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_how_to_report_it_without_obeying_the_name() {
        let told = how_to_report(7, Some(Path::new("a\u{1b}[31m.wasm")));
        assert!(told.contains("prova inspect a\\u{1b}[31m.wasm --function 7 --report"), "{told}");
        assert!(how_to_report(7, None).contains("prova inspect MODULE --function 7"));
    }

    #[test]
    fn one_cause_has_no_number_and_several_have() {
        let error = Error::new(Misuse("root".into()));
        assert_eq!(text_of(&error), "Error: root");
        let error = error.context("outer");
        assert_eq!(text_of(&error), "Error: outer\n\nCaused by:\n    root");
        let error = error.context("two\nlines").context("outermost");
        let chain = "    0: two\n       lines\n    1: outer\n    2: root";
        assert_eq!(text_of(&error), format!("Error: outermost\n\nCaused by:\n{chain}"));
    }
}
