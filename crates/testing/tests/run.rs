//! The scripts of `tests/run` in every tier and metering mode.
//!
//! The limits of a green run stand in `tests/run/README.md`.

use prova_check::MemoryShape;
use prova_core::{Config, Tier};
use prova_native::NativeCompiler;
use prova_wast::{Header, Options, Report};
use std::fs;

/// The scripts: name and text, by name.
fn scripts() -> Vec<(String, String)> {
    let folder = prova_testing::root().join("tests/run");
    let mut scripts = Vec::new();
    for entry in fs::read_dir(&folder).expect("tests/run is there") {
        let path = entry.expect("tests/run can be listed").path();
        if path.extension().is_some_and(|extension| extension == "wast") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            scripts.push((name, fs::read_to_string(&path).expect("a script can be read")));
        }
    }
    scripts.sort();
    assert!(scripts.len() >= 11, "only {} scripts", scripts.len());
    scripts
}

/// More fuel than any script needs.
const PLENTY: u64 = 1 << 40;

/// The ways in which a script runs: name, configuration, fuel.
fn settings(text: &str) -> Vec<(&'static str, Config, Option<u64>)> {
    let config = |change: fn(&mut Config) -> &mut Config| {
        let mut config = Config::new();
        change(&mut config);
        config
    };
    let metered = config(|config| config.consume_fuel(true));
    if Header::of(text).expect("a header can be read").fuel.is_some() {
        return vec![("its own fuel", Config::new(), None)];
    }
    vec![
        ("unmetered", Config::new(), None),
        ("fuel", metered, Some(PLENTY)),
        ("epoch", config(|config| config.epoch_interruption(true)), None),
        ("both", config(|config| config.consume_fuel(true).epoch_interruption(true)), Some(PLENTY)),
        ("deterministic", config(|config| config.deterministic(true)), None),
        ("eager", config(|config| config.translate(prova_core::Translate::Eager)), None),
    ]
}

fn run(text: &str, config: &Config, fuel: Option<u64>) -> Report {
    let options = Options { config: config.clone(), fuel, ..Options::default() };
    prova_wast::run(text, &options).expect("the configuration is possible")
}

#[test]
fn every_script_passes_in_every_tier() {
    let mut failures = Vec::new();
    for (name, text) in scripts() {
        for (setting, mut config, fuel) in settings(&text) {
            for tier in Tier::ALL {
                let report = run(&text, config.tier(tier), fuel);
                let findings = report.failures.iter().chain(&report.skipped);
                failures.extend(findings.map(|x| format!("{name}, {tier}, {setting}: {x}")));
                assert!(report.total() > 5, "{name} has no assertions");
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A collection at every object, at each tenth, and at odd moments gives the same results in every
/// tier; and a script notices where one comes.
#[test]
fn it_does_not_matter_when_the_store_collects() {
    let scripts = scripts();
    let text = scripts.iter().find(|(name, _)| name == "collection.wast").map(|(_, text)| text);
    let text = text.expect("there is a script for this");
    let mut ways: Vec<(String, Config)> =
        Tier::ALL.map(|tier| (tier.to_string(), Config::new().tier(tier).clone())).into();
    let shapes = [MemoryShape::GUARD, MemoryShape::Explicit, MemoryShape::Masked];
    ways.extend(shapes.map(|shape| {
        let compiler = NativeCompiler::new().with_memory(shape);
        (format!("native, {shape:?}"), Config::new().native(compiler).clone())
    }));
    for (tier, config) in ways {
        let reports = [0, 1, 3, 10, 97].map(|collect_every| {
            let config = config.clone();
            let options = Options { config, collect_every, ..Options::default() };
            prova_wast::run(text, &options).expect("the configuration is possible")
        });
        for report in reports {
            assert!(report.failures.is_empty() && report.skipped.is_empty(), "{tier}: {report:?}");
        }
    }
    // What a collection costs says that there was one.
    let spent = |collect_every| {
        let mut config = Config::new();
        config.consume_fuel(true);
        let text = format!(";; fuel 40000\n{text}");
        let options = Options { config, collect_every, ..Options::default() };
        prova_wast::run(&text, &options).expect("the configuration is possible").failures.len()
    };
    assert!(spent(0) < spent(1), "{} {}", spent(0), spent(1));
}

/// The rejecting twin: an assertion of another result fails wherever it stands.
#[test]
fn every_changed_expectation_is_noticed() {
    for (name, text) in scripts() {
        let (_, config, fuel) = settings(&text).swap_remove(0);
        let whole = run(&text, &config, fuel);
        let mut changed = 0;
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            // A line that is one assertion of one integer: another integer is expected.
            let Some(stem) =
                line.strip_prefix("(assert_return ").and_then(|x| x.strip_suffix("))"))
            else {
                continue;
            };
            let Some((call, value)) = stem.rsplit_once("(i32.const ") else { continue };
            let whole_line = line.matches('(').count() == line.matches(')').count();
            if !whole_line || value.contains(['(', ')']) || !call.trim_end().ends_with(')') {
                continue;
            }
            changed += 1;
            // One in five keeps the test short.
            if changed % 5 != 1 {
                continue;
            }
            let mut lines = lines.clone();
            let wrong = format!("(assert_return {call}(i32.const 123456789))");
            lines[at] = &wrong;
            let report = run(&lines.join("\n"), &config, fuel);
            assert_eq!(
                report.failures.len(),
                whole.failures.len() + 1,
                "{name} line {}: {wrong}",
                at + 1
            );
            assert_eq!(report.failures[0].line, at + 1, "{name}");
        }
        assert!(
            changed > 0 || name == "vector.wast",
            "{name} has no line that this test can change"
        );
    }
}
