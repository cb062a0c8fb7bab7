//! Which modules of specification scripts, compiled by Wasmtime, are accepted whole?
//!
//! ```text
//! suite FOLDER COMMAND …
//! ```
//!
//! Each module of each script of the folder, valid or to be linked, goes to the command, whose
//! arguments `WASM` and `CWASM` are the module and the file that it shall write:
//!
//! ```text
//! suite testsuite wasmtime compile --target x86_64-unknown-linux-gnu -W all-proposals=y -o CWASM WASM
//! ```
//!
//! Of each file that it writes, the whole is verified. Printed are a row of each file that is not
//! accepted, the reasons with how many files have each (a file may have several), and the sums.
//! `KEEP=FOLDER` keeps the files that are refused.

use prova_wasmtime_layout::{Error, Report, verify_on};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastDirective};

type Failure = Box<dyn std::error::Error>;

#[derive(Default)]
struct Sums {
    scripts: usize,
    modules: usize,
    compiled: usize,
    accepted: usize,
    whole_scripts: usize,
    compiled_scripts: usize,
    reasons: BTreeMap<String, usize>,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, command @ ..] = &arguments[..] else {
        return Err("usage: suite FOLDER COMMAND ...".into());
    };
    let keep = std::env::var_os("KEEP").map(PathBuf::from);
    let place = std::env::temp_dir().join(format!("suite-{}", std::process::id()));
    std::fs::create_dir_all(&place)?;
    let mut sums = Sums::default();
    for script in scripts(Path::new(folder))? {
        let Ok(text) = std::fs::read_to_string(&script) else { continue };
        let name = script.strip_prefix(folder)?.display().to_string();
        let before = (sums.compiled, sums.accepted);
        sums.scripts += 1;
        for (line, wasm) in modules(&text) {
            sums.modules += 1;
            let Some(compiled) = compile(command, &place, &wasm)? else { continue };
            sums.compiled += 1;
            let verdict = verify_on(1, &compiled, &wasm, prova_wasmtime_info::rest);
            let places = places(&verdict);
            let reasons = reasons(verdict);
            if reasons.is_empty() {
                sums.accepted += 1;
                continue;
            }
            let all = reasons.iter().cloned().collect::<Vec<_>>().join("; ");
            println!("{name}:{line}\t{all}\t{places}");
            if let Some(keep) = &keep {
                let stem = format!("{}-{line}", name.replace('/', "-").replace(".wast", ""));
                std::fs::write(keep.join(format!("{stem}.wasm")), &wasm)?;
                std::fs::write(keep.join(format!("{stem}.cwasm")), &compiled)?;
            }
            for reason in reasons {
                *sums.reasons.entry(reason).or_default() += 1;
            }
        }
        let (compiled, accepted) = (sums.compiled - before.0, sums.accepted - before.1);
        sums.compiled_scripts += usize::from(compiled > 0);
        sums.whole_scripts += usize::from(compiled > 0 && compiled == accepted);
    }
    let mut sorted: Vec<_> = sums.reasons.iter().collect();
    sorted.sort_by_key(|&(reason, count)| (std::cmp::Reverse(count), reason));
    for (reason, count) in sorted {
        println!("{count}\t{reason}");
    }
    println!(
        "{} scripts, {} modules, {} compiled, {} accepted whole; of {} scripts with such modules {} whole",
        sums.scripts,
        sums.modules,
        sums.compiled,
        sums.accepted,
        sums.compiled_scripts,
        sums.whole_scripts
    );
    std::fs::remove_dir_all(&place)?;
    Ok(())
}

/// The scripts of a folder and those below, by name.
fn scripts(folder: &Path) -> Result<BTreeSet<PathBuf>, Failure> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(scripts(&path)?);
        } else if path.extension().is_some_and(|is| is == "wast") {
            found.insert(path);
        }
    }
    Ok(found)
}

/// The modules of a script that are no assertion's of malformed or invalid ones, with their lines.
fn modules(text: &str) -> Vec<(usize, Vec<u8>)> {
    let mut found = Vec::new();
    let mut lexer = wast::lexer::Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let Ok(buffer) = ParseBuffer::new_with_lexer(lexer) else { return found };
    let Ok(script) = parser::parse::<Wast>(&buffer) else { return found };
    for directive in script.directives {
        let line = directive.span().linecol_in(text).0 + 1;
        let bytes = match directive {
            WastDirective::Module(mut module) | WastDirective::ModuleDefinition(mut module) => {
                // A component is none.
                match &module {
                    QuoteWat::Wat(wast::Wat::Component(_)) | QuoteWat::QuoteComponent(..) => {
                        continue;
                    }
                    _ => module.encode(),
                }
            }
            WastDirective::AssertUnlinkable { mut module, .. } => module.encode(),
            _ => continue,
        };
        if let Ok(bytes) = bytes {
            found.push((line, bytes));
        }
    }
    found
}

/// The file that the command makes of a module; none if it makes none.
fn compile(command: &[String], place: &Path, wasm: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
    let [program, arguments @ ..] = command else { return Err("no command".into()) };
    let (from, to) = (place.join("m.wasm"), place.join("m.cwasm"));
    std::fs::write(&from, wasm)?;
    let arguments = arguments.iter().map(|argument| match &**argument {
        "WASM" => from.as_os_str().to_owned(),
        "CWASM" => to.as_os_str().to_owned(),
        other => other.into(),
    });
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    Ok(if status.success() { Some(std::fs::read(&to)?) } else { None })
}

/// Where the first refused instruction of each refused piece stands in the text.
fn places(verdict: &Result<Report, Error>) -> String {
    let refused = verdict.iter().flat_map(|report| &report.refused);
    let places: Vec<_> = refused.map(|it| format!("{}@{:#x}", it.name, it.offset)).collect();
    places.join(" ")
}

/// Why a file is not accepted whole.
fn reasons(verdict: Result<Report, Error>) -> BTreeSet<String> {
    match verdict {
        Ok(report) if report.is_confined() => BTreeSet::new(),
        Ok(report) => {
            let refused = report.refused.iter().map(|it| format!("{:?}: {}", it.rule, it.what));
            let unchecked = report.unchecked.iter().map(|name| format!("not checked: {name}"));
            refused.chain(unchecked).collect()
        }
        Err(Error { what, .. }) => [format!("not read: {what}")].into(),
    }
}
