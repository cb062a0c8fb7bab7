//! The proof of SSA bodies accepts all that is built: of the specification's modules, of the
//! programs here, of generated ones; and refuses random edits, or they change nothing but hints.
//!
//! A green run does not show that every fault is refused (`crates/ssa/tests/check/twins.txt` has
//! one of each rule), and some thousand edits are not the campaign: `prova-testing ssa-edits
//! --count 1000000` is.

use prova_ssa::verify;
use prova_testing::accept::bodies::prove;
use prova_testing::generate::Generator;
use prova_testing::refuse::bodies::edits;
use prova_testing::refuse::passes;
use prova_testing::root;
use prova_testing::suites::spec;
use wast::parser::{ParseBuffer, parse};
use wast::{QuoteWat, Wast, WastDirective};

/// Functions of the specification's modules, at least.
const SPEC_MIN: u64 = 6_500;

#[test]
fn the_specifications_functions_are_proved() {
    let mut funcs = 0;
    for script in spec::scripts().iter().filter(|script| script.counts) {
        let Ok(buffer) = ParseBuffer::new(script.text) else { continue };
        let Ok(wast) = parse::<Wast<'_>>(&buffer) else { continue };
        for directive in wast.directives {
            let (WastDirective::Module(mut module) | WastDirective::ModuleDefinition(mut module)) =
                directive
            else {
                continue;
            };
            if matches!(module, QuoteWat::QuoteComponent(..)) {
                continue;
            }
            let Ok(bytes) = module.encode() else { continue };
            funcs += prove(&bytes).unwrap_or_else(|what| panic!("{}: {what}", script.name));
        }
    }
    assert!(funcs >= SPEC_MIN, "{funcs} functions");
}

#[test]
fn the_programs_are_proved() {
    for name in ["coremark-rs-1.0.0", "lua-5.4.7", "pair-a"] {
        let bytes = std::fs::read(root().join(format!("programs/bin/{name}.wasm"))).expect(name);
        let funcs = prove(&bytes).unwrap_or_else(|what| panic!("{name}: {what}"));
        assert!(funcs > 20, "{name}: {funcs} functions");
    }
}

#[test]
fn generated_functions_are_proved() {
    for (generator, cases, least) in [
        (Generator::Biased, 30, 500),
        (Generator::Smith, 300, 250),
        (Generator::Addresses, 20, 400),
    ] {
        let mut funcs = 0;
        for index in 0..cases {
            let case = generator.case(41, index, 40);
            funcs +=
                prove(&case.wasm).unwrap_or_else(|what| panic!("{generator:?} {index}: {what}"));
        }
        assert!(funcs >= least, "{generator:?}: {funcs} functions");
    }
}

#[test]
fn random_edits_are_refused() {
    let edits = edits(7, 3000);
    assert!(edits.finding.is_none(), "{}", edits.finding.unwrap_or_default());
    assert!(edits.tally.refused.len() >= 10, "{edits:?}");
}

#[test]
fn random_edits_of_passes_are_refused_or_run_alike() {
    let totals = passes::edits(7, 3000, passes::check);
    assert!(totals.finding.is_none(), "{}", totals.finding.unwrap_or_default());
    assert!(
        totals.tally.refused.len() >= 10 && totals.tally.same >= 50 && totals.tally.ran >= 50,
        "{totals:?}"
    );
}

/// Without the check, edits that are well formed run otherwise, and that is seen.
#[test]
fn an_edit_that_runs_otherwise_is_seen() {
    let totals = passes::edits(7, 3000, |before, after, _| {
        verify(before.module(), after).map_err(|error| error.to_string())
    });
    assert!(totals.finding.is_some(), "{totals:?}");
}
