//! The specification's suite behind a round trip through SSA: nearly everything is proved, and
//! every file passes as it did.

use prova_testing::agree::trips::campaign;
use prova_testing::campaign::Options;
use prova_testing::generate::Generator;
use prova_testing::refuse::emissions;
use prova_testing::suites::spec;
use prova_testing::suites::trip;
use prova_testing::suites::trip::{Tally, rewrite};
use std::fmt::Write;

#[test]
fn the_suite_passes_behind_its_trip() {
    let mut wrong = String::new();
    let (mut replaced, mut refused, mut funcs) = (0, 0, 0);
    for script in spec::scripts().iter().filter(|script| script.counts) {
        let (status, tally) = trip::script(script);
        if !status.is_ok() && spec::exempt(script.text).is_none() {
            let _ = writeln!(wrong, "{}/{}: {status}", script.folder, script.name);
        }
        for failure in &tally.failures {
            let _ = writeln!(wrong, "{}/{}: {failure}", script.folder, script.name);
        }
        for refusal in &tally.refusals {
            println!("{}/{}: {refusal}", script.folder, script.name);
        }
        replaced += tally.replaced;
        refused += tally.refused;
        funcs += tally.funcs;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(replaced, funcs, "{refused} refused");
    assert!(funcs > 5_000);
}

/// Generated modules, with all shapes of handlers and references: none is refused.
#[test]
fn generated_modules_go_on_their_trip() {
    let mut tally = Tally::default();
    for (generator, modules, funcs) in [
        (Generator::Biased, 60, 20),
        (Generator::BiasedObjects, 30, 20),
        (Generator::Smith, 60, 20),
    ] {
        for index in 0..modules {
            rewrite(generator.case(3, index, funcs).wasm, 1, &mut tally);
        }
    }
    println!("{tally}");
    for refusal in &tally.refusals {
        println!("{refusal}");
    }
    assert!(tally.failures.is_empty(), "{:?}", tally.failures);
    assert!(tally.funcs > 1_000 && tally.refused == 0, "{} refused", tally.refused);
}

#[test]
fn generated_modules_run_as_before_behind_their_trip() {
    for (generator, modules) in [
        (Generator::Biased, 12),
        (Generator::BiasedObjects, 12),
        (Generator::Smith, 60),
        (Generator::Addresses, 30),
        (Generator::Programs, 12),
    ] {
        let none = Options::default();
        let totals = campaign(&Options { generator, modules, seed: 3, funcs: 20, ..none });
        assert_eq!(totals.finding, None);
        assert!(totals.tally.returned > 50, "{totals:?}");
        assert_eq!(totals.tally.refused, [], "{generator:?}");
        // Functions stand where they were called.
        assert_eq!(totals.tally.gone > 100, generator == Generator::Programs, "{totals:?}");
    }
}

#[test]
fn edits_of_what_is_emitted_are_refused_or_run_as_before() {
    let totals = emissions::edits(7, 0, 3_000, emissions::check);
    assert!(totals.finding.is_none(), "{}", totals.finding.unwrap_or_default());
    assert!(
        totals.tally.refused.len() >= 5 && totals.tally.same >= 30 && totals.tally.ran >= 100,
        "{totals:?}"
    );
}

/// Without the proof, edits that are valid run otherwise, and that is seen.
#[test]
fn an_edit_that_runs_otherwise_is_seen() {
    let totals = emissions::edits(7, 0, 3_000, |_, _, _| Ok(()));
    assert!(totals.finding.is_some(), "{totals:?}");
}
