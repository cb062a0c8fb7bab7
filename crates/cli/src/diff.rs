//! `prova diff`: two modules → the report in the form asked for, and the exit code of a comparison.

use crate::args::DiffArgs;
use crate::input;
use crate::report::{Exit, Misuse, print};
use prova::{Context, Result, bail};
use prova_investigate::diff::{Allow, DiffOptions, diff_binaries};

/// Runs the command. Whatever fails is misuse: exit code 1 is for modules that differ.
pub(crate) fn run(args: &DiffArgs) -> Result<Exit> {
    let (report, allow) = match compare(args) {
        Ok(done) => done,
        Err(error) if error.is::<Misuse>() => return Err(error),
        Err(error) => bail!(Misuse(format!("{error:#}"))),
    };
    let mut text = if args.json { report.to_json()? + "\n" } else { report.to_text() };
    if !args.json && !report.equal && !allow.is_empty() {
        let verdict = if report.allowed(&allow) {
            "all that differs is allowed"
        } else {
            "more differs than is allowed"
        };
        text.push_str(&format!("\n--allow {}: {verdict}\n", args.allow.join(",")));
    }
    print(&text)?;
    Ok(if report.exit_code(&allow) == 0 { Exit::Done } else { Exit::Bad })
}

fn compare(args: &DiffArgs) -> Result<(prova_investigate::diff::Report, Vec<Allow>)> {
    let mut allow = Vec::new();
    for name in &args.allow {
        match Allow::parse(name) {
            Some(class) => allow.push(class),
            None => bail!(Misuse(format!("`{name}` is no verdict"))),
        }
    }
    let (a, b) = (input::binary_of(&args.a)?, input::binary_of(&args.b)?);
    let names = (args.a.display().to_string(), args.b.display().to_string());
    let options = DiffOptions { runs: args.runs, names, ..DiffOptions::default() };
    let report = diff_binaries(a, b, &options)?;
    if let Some(path) = &args.html {
        std::fs::write(path, report.to_html())
            .with_context(|| format!("failed to write `{}`", path.display()))?;
    }
    Ok((report, allow))
}
