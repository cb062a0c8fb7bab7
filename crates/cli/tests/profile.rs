//! `prova profile`, and the profile in what other commands print.

use crate::common::{DEMO, Scratch};
use prova_core::Profile;
use prova_module::Digest;
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn one_digest_everywhere() {
    let scratch = Scratch::new("profile");
    let name = format!("deterministic profile {}, sha256 {}", Profile::VERSION, Profile::DIGEST);
    let run = scratch.run("profile");
    assert_eq!((run.code, run.out.lines().next()), (0, Some(name.as_str())));
    let subjects = Profile::RULES.iter().map(|rule| format!("\n{}  {}\n", rule.id, rule.subject));
    assert!(subjects.into_iter().all(|subject| run.out.contains(&subject)), "{}", run.out);
    let text = scratch.run("profile --text").out;
    assert_eq!(Digest::of(text.as_bytes()).to_string(), Profile::DIGEST);
    let report = json(&scratch.run("profile --json").out);
    assert_eq!(report["sha256"], Profile::DIGEST);
    assert_eq!(report["children"].as_array().map(Vec::len), Some(Profile::RULES.len()));
    let version = scratch.run("--version").out;
    assert_eq!(version, format!("prova {}\n{name}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(scratch.run("-V").out, format!("prova {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn options_narrow_and_inputs_are_refused() {
    let scratch = Scratch::new("profile-options");
    let other = |options: &str| {
        let run = scratch.run(&format!("profile --json {options}"));
        assert_eq!(run.code, 0, "{run:?}");
        let report = json(&run.out);
        assert_eq!(report["sha256_of_defaults"], Profile::DIGEST);
        report["sha256"] != Profile::DIGEST
    };
    for options in ["-Wsimd=n", "-Wmax-wasm-stack=65536", "-Wmax-memory-size=65536"] {
        assert!(other(options), "{options}");
        let text = scratch.run(&format!("profile {options}")).out;
        assert!(text.contains(&format!("with all defaults: sha256 {}", Profile::DIGEST)), "{text}");
    }
    assert!(!other("-Wsimd") && !other("-Wnan-canonicalization,max-wasm-stack=8388608"));
    for (options, said) in [
        ("-Wfuel=7", "`-W fuel` is no part of the profile"),
        ("-Wtimeout=1s", "`-W timeout` is no part"),
        ("-Wunknown-imports-trap", "`-W unknown-imports-trap` is no part"),
        ("-Wnan-canonicalization=n", "exclude"),
        ("--json --text", "cannot be used with"),
    ] {
        scratch.run(&format!("profile {options}")).expect(2, "").says(&[said]);
    }
}

#[test]
fn reports_of_runs_name_it() {
    let scratch = Scratch::new("profile-reports");
    scratch.write("demo.wat", DEMO);
    for (command, named) in [
        ("trace --json --deterministic demo.wat", true),
        ("trace --json demo.wat", false),
        ("diverge --json --sides tail,match demo.wat", true),
    ] {
        let run = scratch.run(command);
        let report = json(&run.out);
        let expected = if named { Profile::DIGEST.into() } else { Value::Null };
        assert_eq!(report["profile"]["sha256"], expected, "{command}: {run:?}");
    }
    let run = scratch.run("trace --json --deterministic -Wsimd=n demo.wat");
    assert_ne!(json(&run.out)["profile"]["sha256"], Profile::DIGEST);
}
