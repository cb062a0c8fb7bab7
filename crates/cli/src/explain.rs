//! `prova explain`: two modules, and what is known of their builds → a cause for each cluster of
//! differences.
//!
//! `prova repro explain` makes the inputs itself. Exit codes: 0 equal, 1 different, 2 misuse or
//! unreadable input.

use crate::args::Proposals;
use crate::input;
use crate::passes::unreadable;
use crate::progress;
use crate::report::{Exit, Misuse, Shown as _, present};
use clap::Args;
use prova_builds::repro::blame;
use prova_core::{Context, Error, Result};
use prova_investigate::explain::{Explanation, Sources, explain};
use std::path::{Path, PathBuf};

/// Exits with 0 if the modules are equal, 1 if they differ, 2 for misuse or unreadable input.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The first module in binary or text format
    #[arg(value_name = "A.wasm")]
    a: PathBuf,
    /// The second module
    #[arg(value_name = "B.wasm")]
    b: PathBuf,
    /// The log of the passes of A's build, plain or gzip (`prova passes record` makes it)
    #[arg(long, value_name = "LOG", requires = "log_b")]
    log_a: Option<PathBuf>,
    /// The log of the passes of B's build
    #[arg(long, value_name = "LOG", requires = "log_a")]
    log_b: Option<PathBuf>,
    /// The manifest of the Cargo package that was built
    #[arg(long, value_name = "FILE")]
    manifest_path: Option<PathBuf>,
    /// Leaves out dependencies of other platforms
    #[arg(long, value_name = "TRIPLE", requires = "manifest_path")]
    target: Option<String>,
    /// Output of `cargo metadata --format-version 1`, instead of asking Cargo
    #[arg(long, value_name = "FILE", conflicts_with = "manifest_path")]
    metadata: Option<PathBuf>,
    #[command(flatten)]
    proposals: Proposals,
    #[command(flatten)]
    form: Form,
}

/// The form of the report.
#[derive(Debug, Args)]
pub(crate) struct Form {
    /// Prints the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Writes the report as one HTML page that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Form {
    /// Writes the page, if one is wanted.
    pub(crate) fn page(&self, explanation: &Explanation) -> Result<()> {
        let Some(path) = &self.html else { return Ok(()) };
        let written = std::fs::write(path, explanation.to_html());
        written.with_context(|| format!("failed to write `{}`", path.shown())).map_err(unreadable)
    }
}

/// Runs the command.
pub(crate) fn run(args: &ExplainArgs) -> Result<Exit> {
    let features = args.proposals.features()?;
    let module = |path: &Path| input::decoded_of(path, &features).map_err(unreadable);
    let _work = progress::start("explaining", &args.a, args.form.json);
    let ((a, in_a), (b, in_b)) = (module(&args.a)?, module(&args.b)?);
    let sources = Sources {
        names: (args.a.display().to_string(), args.b.display().to_string()),
        logs: args.log_a.clone().zip(args.log_b.clone()),
        metadata: match (&args.metadata, &args.manifest_path) {
            (Some(file), _) => Some(text(file)?),
            (None, Some(manifest)) => {
                Some(blame::metadata(manifest, args.target.as_deref()).map_err(unreadable)?)
            }
            (None, None) => None,
        },
    };
    let mut explanation = explain(&a, &b, &sources).map_err(unreadable)?;
    if in_a.is_some() || in_b.is_some() {
        let note = "of a component the core module alone was compared: `prova diff` compares what is around it, too";
        explanation.notes.push(note.to_owned());
        explanation.diff.equal &= in_a == in_b;
    }
    args.form.page(&explanation)?;
    present(&explanation.tree(), args.form.json)?;
    Ok(if explanation.diff.equal { Exit::Done } else { Exit::Bad })
}

/// The text of a file.
pub(crate) fn text(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|error| {
        let context = format!("failed to read `{}`", file.shown());
        Error::new(Misuse(format!("{context}: {error}")))
    })
}
