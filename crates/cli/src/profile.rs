//! `prova profile`: the rules of `--deterministic`, and the digest by which two hosts know that
//! they have the same.
//!
//! `prova_core::Profile` is the profile; this prints it. Settings that narrow it (proposals,
//! limits, the stack: `-W`) are in the digest; settings that are inputs of a run are refused here.

use crate::args::EngineArgs;
use crate::groups::Wasm;
use crate::report::{Exit, Misuse, present, print};
use crate::run::new_engine;
use clap::Args;
use prova_core::{Config, Profile, Result, bail};
use prova_report::Node;
use serde_json::{Value, json};
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
    } else {
        present(&listed(&profile), args.json)?;
    }
    Ok(Exit::Done)
}

/// A configuration in the profile, narrowed by these options.
pub(crate) fn configured(wasm: &[String]) -> Result<(Config, Wasm)> {
    let (tier, wasm) = ("auto".to_owned(), wasm.to_vec());
    EngineArgs { tier, deterministic: true, wasm, ..EngineArgs::default() }.config()
}

/// The JSON report of a run in the profile, narrowed by these options of `-W`: with number and
/// digest as its first member.
///
/// # Errors
/// If an option is wrong.
pub(crate) fn named(report: &str, wasm: &[String]) -> Result<String> {
    let profile = member(&configured(wasm)?);
    Ok(match report.strip_prefix("{\n") {
        Some(members) => format!("{{\n  \"profile\": {profile},\n{members}"),
        None => report.to_owned(),
    })
}

/// The profile's number and digest, as reports of runs name it.
pub(crate) fn member((config, wasm): &(Config, Wasm)) -> Value {
    let digest = Profile::of(config, &wasm.limits()).digest().to_string();
    json!({ "number": Profile::VERSION, "sha256": digest })
}

fn listed(profile: &Profile) -> Node {
    let digest = profile.digest().to_string();
    let other = digest != Profile::DIGEST;
    let of_defaults = other.then(|| format!("with all defaults: sha256 {}", Profile::DIGEST));
    let rules = Profile::RULES.iter().map(|rule| {
        let of_rule = json!({
            "id": rule.id,
            "subject": rule.subject,
            "engines": rule.engines,
            "rule": rule.rule,
            "shown_by": rule.shown_by,
        });
        Node::of("rule", format!("{}  {}", rule.id, rule.subject)).with(of_rule).with_evidence([
            format!("engines: {}", rule.engines),
            format!("here:    {}", rule.rule),
            format!("shown by {}", rule.shown_by.join(", ")),
        ])
    });
    let all = json!({
        "number": Profile::VERSION,
        "sha256": digest,
        "sha256_of_defaults": Profile::DIGEST,
        "text": profile.text().lines().collect::<Vec<&str>>(),
    });
    let node = Node::of("profile", profile.to_string()).with(all).with_evidence(of_defaults);
    let note = "`--text` prints proposals, limits, prices and formulas too";
    Node { notes: vec![note.into()], ..node.with_children(rules) }
}
