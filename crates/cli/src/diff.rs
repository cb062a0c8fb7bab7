//! `prova diff`: two modules → the report in the form asked for, and the exit code of a comparison.

use crate::args::DiffArgs;
use crate::input;
use crate::paint::paint;
use crate::progress;
use crate::report::{Exit, Help, Misuse, Shown as _, misuse, print, warn};
use prova_core::{Context, Result, bail};
use prova_diff::{Allow, DiffOptions, Report, Verdict, diff_binaries, text};
use prova_report::Form;

/// Runs the command. Every failure is misuse: exit code 1 is for modules that differ.
pub(crate) fn run(args: &DiffArgs) -> Result<Exit> {
    let (report, allow) = match compare(args) {
        Ok(done) => done,
        Err(error) if error.is::<Misuse>() || error.is::<Help>() => return Err(error),
        Err(error) => return Err(misuse(&error)),
    };
    let tree = report.decided(&allow, &args.allow).tree();
    let shown =
        if args.json { tree.present(Form::Json)? } else { text(&tree, paint(&std::io::stdout())) };
    for name in unmatched(&report, &allow) {
        warn(&format!(
            "warning: `--allow custom:{name}` matches no custom section that differs; NAME is a whole name, without patterns"
        ));
    }
    print(&shown)?;
    Ok(if report.exit_code(&allow) == 0 { Exit::Done } else { Exit::Bad })
}

/// Names of custom sections that are allowed, and of which none differs.
fn unmatched<'a>(report: &Report, allow: &'a [Allow]) -> Vec<&'a str> {
    let name = |one: &'a Allow| match one {
        Allow::Custom(name) if !report.has_custom(name) => Some(name.as_str()),
        Allow::Custom(_) | Allow::Verdict(_) | Allow::Harmless => None,
    };
    if report.equal { Vec::new() } else { allow.iter().filter_map(name).collect() }
}

fn compare(args: &DiffArgs) -> Result<(Report, Vec<Allow>)> {
    let mut allow = Vec::new();
    for name in &args.allow {
        match Allow::parse(name) {
            Some(class) => allow.push(class),
            None => {
                let names: Vec<&str> = Verdict::ALL.iter().map(|verdict| verdict.name()).collect();
                let names = names.join(", ");
                bail!(Misuse(format!(
                    "`{name}` is no verdict; there are {names}, and custom:NAME and harmless"
                )))
            }
        }
    }
    let (a, b) = (input::binary_of(&args.a)?, input::binary_of(&args.b)?);
    let names = (args.a.display().to_string(), args.b.display().to_string());
    let features = args.proposals.features()?;
    let options = DiffOptions { runs: args.runs, names, features, ..DiffOptions::default() };
    let _work = progress::start("comparing", &args.a, args.json);
    let report = diff_binaries(a, b, &options)?;
    if let Some(path) = &args.html {
        std::fs::write(path, report.to_html())
            .with_context(|| format!("failed to write `{}`", path.shown()))?;
    }
    Ok((report, allow))
}
