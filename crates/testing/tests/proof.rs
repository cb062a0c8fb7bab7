//! Generated functions are proved, each of them; and a refusal is seen.
//!
//! A green run does not show that wrong code is refused, and some thousands are not the campaign:
//! `prova-testing proof --count 10000000` is.

use prova_bytecode::{Candidate, Class, decode};
use prova_testing::accept::proof::{Totals, campaign};
use prova_testing::campaign::Options;
use prova_testing::generate::Generator;
use prova_testing::sides::attach::Plant;

fn short(generator: Generator, count: u64, plant: Option<Plant>) -> Totals {
    campaign(&Options { generator, count, seed: 12, funcs: 40, plant, ..Options::default() })
}

#[test]
fn honest_code_is_accepted() {
    for (generator, funcs) in
        [(Generator::Biased, 5_000), (Generator::BiasedObjects, 2_000), (Generator::Smith, 500)]
    {
        let totals = short(generator, funcs, None);
        assert!(totals.finding.is_none(), "{}", totals.finding.unwrap_or_default());
        assert!(
            totals.tally.funcs >= funcs && totals.tally.words > 10 * funcs,
            "{generator:?} {totals:?}"
        );
        assert!(totals.tally.handlers > 10, "{generator:?} {totals:?}");
    }
}

/// Lets the first throw have another tag.
fn another_tag(mut candidate: Candidate) -> Candidate {
    let mut at = 0;
    while let Ok(inst) = decode(&candidate.words, at) {
        if inst.op.class() == Class::throw {
            let lane = inst.op.lane(1);
            candidate.words[at as usize + lane / 4] ^= 1 << (16 * (lane % 4));
            break;
        }
        at = inst.next;
    }
    candidate
}

#[test]
fn a_refusal_is_seen_and_made_small() {
    let totals = short(Generator::Biased, 5_000, Some(another_tag));
    let report = totals.finding.expect("a plant is refused");
    for part in ["--seed 12", "(module", "refused at word", "throw"] {
        assert!(report.contains(part), "{part} in\n{report}");
    }
}
