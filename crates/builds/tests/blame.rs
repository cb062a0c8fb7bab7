//! Which feature lets chance into a build: the case of a seed drawn at compile time, and graphs
//! made from it.
//!
//! A green run does not show that the lists of crates are complete.

use prova_builds::repro::blame::{blame, text};

const CASE: &str = include_str!("../../../tests/cases/feature-leak/metadata.json");

#[test]
fn the_leaked_feature_is_named_with_its_path() {
    let leaks = blame(CASE).expect("it is cargo's");
    assert_eq!(leaks.len(), 1, "{leaks:?}");
    assert_eq!(leaks[0].source, "const-random 0.1.18");
    let packages: Vec<&str> = leaks[0].steps.iter().map(|step| step.package.as_str()).collect();
    assert_eq!(
        packages,
        ["leaky 0.1.0", "memory-db 0.20.1", "ahash 0.2.19", "const-random 0.1.18"]
    );
    let ahash = &leaks[0].steps[2];
    assert_eq!(ahash.feature.as_deref(), Some("compile-time-rng"));
    assert_eq!(ahash.asked, "`ahash = \"^0.2.18\"`, with default features");
    assert_eq!(ahash.declined, ["hashbrown 0.6.3"]);
    let text = text(&leaks);
    assert!(text.contains("path: leaky 0.1.0 → memory-db 0.20.1 → ahash 0.2.19 (feature `compile-time-rng`) → const-random 0.1.18\n"), "{text}");
    assert!(text.contains("hashbrown 0.6.3 asked for ahash 0.2.19 with `default-features = false`; memory-db 0.20.1 undid it"), "{text}");
}

#[test]
fn a_feature_by_name_is_told_from_a_default() {
    let plain = r#""name":"ahash","req":"^0.2.18","uses_default_features":true,"features":[]"#;
    let named = r#""name":"ahash","req":"^0.2.18","uses_default_features":false,"features":["compile-time-rng"]"#;
    let other = CASE.replace(plain, named);
    assert_ne!(other, CASE);
    let leaks = blame(&other).expect("it is cargo's");
    assert_eq!(leaks[0].steps[2].asked, "`ahash = \"^0.2.18\"` with feature `compile-time-rng`");
}

#[test]
fn without_the_source_there_is_no_leak() {
    let other = CASE.replace("const-random", "harmless").replace("\"getrandom", "\"getbytes");
    let leaks = blame(&other).expect("it is cargo's");
    assert_eq!(leaks, []);
    assert!(text(&leaks).starts_with("no crate"));
}

#[test]
fn chance_in_a_macro_is_found_by_itself() {
    let other = CASE.replace("const-random", "harmless");
    let leaks = blame(&other).expect("it is cargo's");
    assert_eq!(
        leaks.iter().map(|leak| leak.source.as_str()).collect::<Vec<_>>(),
        ["getrandom 0.2.17"]
    );
}

#[test]
fn what_is_not_cargos_is_refused() {
    for text in [
        "",
        "{}",
        "[1]",
        r#"{"packages":[],"resolve":null,"workspace_members":[]}"#,
        &CASE.replacen("leaky@", "x@", 1),
    ] {
        assert!(blame(text).is_err(), "{}", &text[..text.len().min(60)]);
    }
}
