//! The deterministic profile: its digest is pinned, and so is what an engine in it accepts.
//!
//! A green run does not show that the rules hold (`crates/testing/tests/profile.rs` runs a case of
//! each), nor that another machine agrees (`prova-testing profile`).

use crate::common::{each_tier, module};
use prova_core::*;

/// If this fails, something changed that hosts of the profile agree on. A published profile needs a
/// new number; one that was not, the new digest.
#[test]
fn the_digest_is_pinned() {
    let profile = Profile::default();
    assert_eq!(profile.digest().to_string(), Profile::DIGEST, "{}", profile.text());
    assert_eq!(profile.to_string(), format!("deterministic profile 2, sha256 {}", Profile::DIGEST));
}

fn of(change: impl Fn(&mut Config)) -> Profile {
    let mut config = Config::new();
    change(&mut config);
    Profile::of(&config, &StoreLimits::default())
}

#[test]
fn every_parameter_is_in_the_digest() {
    let mut profiles = vec![Profile::default()];
    for &proposal in Proposal::ALL {
        let less = of(|config| {
            config.wasm_proposal(proposal, false);
        });
        match proposal {
            // No profile has it.
            Proposal::SharedMemory => assert_eq!(less, profiles[0]),
            _ => profiles.push(less),
        }
    }
    profiles.push(of(|config| {
        config.max_wasm_stack(1 << 20);
    }));
    let new = StoreLimitsBuilder::new;
    let limits = [
        new().memory_size(1),
        new().table_elements(1),
        new().store_size(1),
        new().gc_heap_size(1),
        new().instances(1),
        new().tables(1),
        new().memories(1),
        new().globals(1),
        new().tags(1),
        new().functions(1),
        new().trap_on_grow_failure(true),
    ];
    let config = Config::new();
    profiles.extend(limits.map(|limits| Profile::of(&config, &limits.build())));
    let count = profiles.len();
    assert!(count > 20, "{count}");
    let mut digests: Vec<_> = profiles.iter().map(Profile::digest).collect();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), count);
}

/// A lower limit is in the text as it is, a greater one as the profile's.
#[test]
fn every_limit_of_modules_is_in_the_text() {
    let text = |limits: Limits| {
        let profile = of(|config| {
            config.module_limits(limits.clone());
        });
        profile.text().to_owned()
    };
    let less = text(Limits { module_bytes: 7, ..Limits::default() });
    assert!(less.contains("\nlimit module_bytes 7\n"), "{less}");
    let more = text(Limits { memories: 101, work_per_byte: 9, ..Limits::default() });
    assert_eq!(more, Profile::default().text());
    let names = format!("{:?}", Limits::default());
    let fields = names.split([' ', '{', '}']).filter_map(|word| word.strip_suffix(':'));
    for field in fields {
        assert_eq!(less.matches(&format!("\nlimit {field} ")).count(), 1, "{field}");
    }
}

/// Settings that do not decide observations of a program are not in the digest.
#[test]
fn tier_translation_and_metering_are_not_in_the_digest() {
    let profile = of(|config| {
        config.tier(Tier::Reference).translate(Translate::Eager).deterministic(true);
        config.consume_fuel(true).epoch_interruption(true).signals_based_traps(false);
    });
    assert_eq!(profile, Profile::default());
}

/// Limits and proposals that are set beside the profile narrow it, in any order, and never widen
/// it.
#[test]
fn an_engine_in_the_profile_has_no_more_than_the_profile() {
    let more = Limits { memories: 200, tables: 5, ..Limits::default() };
    let accepted = |engine: &Engine, fields: &str| {
        module(engine, &format!("(module {fields})")).map_err(|error| error.to_string())
    };
    for deterministic_first in [false, true] {
        let configure = |config: &mut Config| {
            if deterministic_first {
                config.deterministic(true);
            }
            config.module_limits(more.clone()).wasm_simd(false);
            config.deterministic(true);
        };
        each_tier(configure, |engine| {
            assert!(accepted(engine, &"(memory 0)".repeat(100)).is_ok());
            let error = accepted(engine, &"(memory 0)".repeat(101)).expect_err("one too many");
            assert!(error.contains("at most 100"), "{error}");
            let error = accepted(engine, &"(table 0 funcref)".repeat(6)).expect_err("too many");
            assert!(error.contains("at most 5"), "{error}");
            let error = accepted(engine, "(func (param v128))").expect_err("no vectors");
            assert!(error.contains("simd"), "{error}");
            Ok(())
        });
    }
}
