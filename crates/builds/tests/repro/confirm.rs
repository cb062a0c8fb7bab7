//! A feature that lets chance in is switched off, and the builds agree: packages made for it, built
//! by the Cargo that runs the tests.

use crate::scratch::Scratch;
use prova_builds::repro::blame::{self, Leak};
use prova_builds::repro::confirm::{Finding, confirm};
use prova_builds::repro::{Options, Variation};
use std::fs;
use std::path::Path;

/// Three packages: `app` asks for `maps` with default features, which draw a number by a crate
/// named `const-random`.
fn packages(root: &Path, also_itself: bool) {
    let package = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n{rest}")
    };
    let drawn = "pub const DRAWN: &[u8] = include_bytes!(\"/proc/sys/kernel/random/uuid\");\n";
    let own = if also_itself { drawn } else { "const DRAWN: &[u8] = b\"\";\n" };
    let files = [
        ("Cargo.toml", package("app", "[dependencies]\nmaps = { path = \"maps\" }\n[workspace]\n")),
        ("src/main.rs", format!("{own}fn main() {{ println!(\"{{:?}} {{:?}}\", maps::seed(), DRAWN) }}\n")),
        ("maps/Cargo.toml", package("maps", "[features]\ndefault = [\"std\", \"draw\"]\nstd = []\ndraw = [\"dep:const-random\"]\n[dependencies]\nconst-random = { path = \"../random\", optional = true }\n")),
        ("maps/src/lib.rs", "#[cfg(feature = \"draw\")]\npub fn seed() -> &'static [u8] { const_random::DRAWN }\n#[cfg(not(feature = \"draw\"))]\npub fn seed() -> &'static [u8] { b\"fixed\" }\n#[cfg(not(feature = \"std\"))]\ncompile_error!(\"std is wanted\");\n".into()),
        ("random/Cargo.toml", package("const-random", "")),
        ("random/src/lib.rs", drawn.into()),
    ];
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("it has a parent"))
            .expect("a directory can be made");
        fs::write(path, text).expect("a file can be written");
    }
}

fn leaks(scratch: &Scratch, also_itself: bool) -> (String, Vec<Leak>, Options) {
    let source = scratch.0.join("source");
    packages(&source, also_itself);
    let metadata = blame::metadata(&source.join("Cargo.toml"), None).expect("Cargo says");
    let leaks = blame::blame(&metadata).expect("it is Cargo's");
    let command = ["cargo", "build", "--release", "--offline", "--quiet"];
    let options = Options {
        command: command.map(Into::into).into(),
        runs: Some(2),
        vary: vec![Variation::Umask],
        artifacts: vec!["target/release/app".into()],
        ..scratch.options("")
    };
    (metadata, leaks, options)
}

#[test]
fn without_the_feature_builds_agree() {
    let scratch = Scratch::new();
    let (metadata, leaks, options) = leaks(&scratch, false);
    assert_eq!(leaks.len(), 1, "{leaks:?}");
    let request = blame::request(&metadata, &leaks[0]).expect("a feature lets it in");
    assert_eq!(
        (request.package.as_str(), request.dependency.as_str(), request.feature.as_str()),
        ("app", "maps", "draw")
    );
    assert_eq!(request.instead, ["std"]);
    let done = confirm(&options, &metadata, &leaks[0], &mut |_| {}).expect("it can be built");
    assert_eq!(done.finding(), Finding::Confirmed, "{}", done.report().to_text());
    assert!(
        done.report().to_text()
            .contains("as it is: 2 builds split 1 : 1\nwithout it: 2 of 2 builds agree\n"),
        "{}",
        done.report().to_text()
    );
    let manifest = fs::read_to_string(scratch.0.join("source/Cargo.toml")).expect("it is there");
    assert!(!manifest.contains("default-features"), "the user's tree is left as it is");
}

#[test]
fn a_feature_that_is_not_the_only_cause_is_refuted() {
    let scratch = Scratch::new();
    let (metadata, leaks, options) = leaks(&scratch, true);
    let done = confirm(&options, &metadata, &leaks[0], &mut |_| {}).expect("it can be built");
    assert_eq!(done.finding(), Finding::Refuted, "{}", done.report().to_text());
}

#[test]
fn builds_that_agree_or_fail_confirm_nothing() {
    let scratch = Scratch::new();
    let (metadata, leaks, options) = leaks(&scratch, false);
    for (at, script) in
        ["mkdir -p target/release; echo > target/release/app", "exit 1"].into_iter().enumerate()
    {
        let command = ["sh", "-c", script].map(Into::into).into();
        let options =
            Options { command, keep: options.keep.join(at.to_string()), ..options.clone() };
        let done = confirm(&options, &metadata, &leaks[0], &mut |_| {}).expect("it can be tried");
        assert_eq!(done.finding(), Finding::Inconclusive, "{}", done.report().to_text());
    }
}
