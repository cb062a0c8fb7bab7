//! `prova profile`: the rules of `--deterministic`, and the digest by which two hosts know that
//! they have the same.
//!
//! `prova::Profile` is the profile; this prints it. Settings that narrow it (proposals, limits, the
//! stack: `-W`) are in the digest; settings that are inputs of a run are refused here.

use crate::args::EngineArgs;
use crate::groups::Wasm;
use crate::report::{Exit, Misuse, print};
use crate::run::new_engine;
use clap::Args;
use prova::{Config, Profile, Result, bail};
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::LazyLock;

/// The text that `prova --version` prints behind the name.
pub(crate) static VERSION: LazyLock<String> = LazyLock::new(|| {
    let (number, digest) = (Profile::VERSION, Profile::DIGEST);
    format!("{}\ndeterministic profile {number}, sha256 {digest}", env!("CARGO_PKG_VERSION"))
});

/// Shows what `--deterministic` fixes, and its digest
#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    /// Prints rules, text and digest as JSON
    #[arg(long)]
    json: bool,
    /// Prints the text that the digest is taken of, and nothing else
    #[arg(long, conflicts_with = "json")]
    text: bool,
    /// Fewer proposals and lower limits, which are part of the digest (`-W help`)
    #[arg(short = 'W', long = "wasm", value_name = "KEY[=VAL],…")]
    wasm: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &ProfileArgs) -> Result<Exit> {
    let (config, wasm) = configured(&args.wasm)?;
    let inputs = [
        ("fuel", wasm.fuel.is_some()),
        ("timeout", wasm.timeout.is_some()),
        ("unknown-imports-trap", wasm.unknown_imports_trap),
    ];
    if let Some((key, _)) = inputs.into_iter().find(|(_, given)| *given) {
        bail!(Misuse(format!("`-W {key}` is no part of the profile: leave it out")));
    }
    // Settings that a run refuses have no digest.
    new_engine(&config)?;
    let profile = Profile::of(&config, &wasm.limits());
    if args.text {
        print(profile.text())?;
    } else if args.json {
        print(&format!("{:#}\n", all(&profile)))?;
    } else {
        print(&listed(&profile))?;
    }
    Ok(Exit::Done)
}

/// A configuration in the profile, narrowed by these options.
fn configured(wasm: &[String]) -> Result<(Config, Wasm)> {
    let (tier, wasm) = ("auto".to_owned(), wasm.to_vec());
    EngineArgs { tier, deterministic: true, wasm, optimize: Vec::new() }.config()
}

/// The JSON report of a run in the profile, narrowed by these options of `-W`: with number and
/// digest as its first member.
///
/// # Errors
/// If an option is wrong.
pub(crate) fn named(report: &str, wasm: &[String]) -> Result<String> {
    let (config, wasm) = configured(wasm)?;
    let digest = Profile::of(&config, &wasm.limits()).digest().to_string();
    let profile = json!({ "number": Profile::VERSION, "sha256": digest });
    Ok(match report.strip_prefix("{\n") {
        Some(members) => format!("{{\n  \"profile\": {profile},\n{members}"),
        None => report.to_owned(),
    })
}

fn listed(profile: &Profile) -> String {
    let mut text = format!("{profile}\n");
    if profile.digest().to_string() != Profile::DIGEST {
        // A string takes everything.
        let _ = writeln!(text, "with all defaults: sha256 {}", Profile::DIGEST);
    }
    for rule in Profile::RULES {
        let _ = writeln!(text, "\n{}  {}", rule.id, rule.subject);
        let _ = writeln!(text, "  engines: {}", rule.engines);
        let _ = writeln!(text, "  here:    {}", rule.rule);
        let _ = writeln!(text, "  shown by {}", rule.shown_by.join(", "));
    }
    let _ = writeln!(text, "\n`--text` prints proposals, limits, prices and formulas too.");
    text
}

fn all(profile: &Profile) -> Value {
    let rules = Profile::RULES.iter().map(|rule| {
        json!({
            "id": rule.id,
            "subject": rule.subject,
            "engines": rule.engines,
            "rule": rule.rule,
            "shown_by": rule.shown_by,
        })
    });
    json!({
        "number": Profile::VERSION,
        "sha256": profile.digest().to_string(),
        "sha256_of_defaults": Profile::DIGEST,
        "rules": rules.collect::<Vec<Value>>(),
        "text": profile.text().lines().collect::<Vec<&str>>(),
    })
}
