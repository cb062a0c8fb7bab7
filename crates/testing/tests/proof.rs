//! A second of generated functions is proved, each of them; and a refusal is seen.
//!
//! Green does not show that wrong code is refused, and a second is not the campaign:
//! `prova-testing proof --count 10000000` is.

use prova_bytecode::{Candidate, Class, decode};
use prova_testing::attach::Plant;
use prova_testing::differential::Options;
use prova_testing::generate::Generator;
use prova_testing::proof::{Totals, campaign};
use std::time::Duration;

fn short(generator: Generator, plant: Option<Plant>) -> Totals {
    let time = Some(Duration::from_secs(1));
    campaign(&Options { generator, count: u64::MAX, seed: 12, jobs: 1, funcs: 40, time, plant })
}

#[test]
fn a_second_of_honest_code_is_accepted() {
    for (generator, funcs) in [(Generator::Biased, 500), (Generator::Smith, 50)] {
        let totals = short(generator, None);
        assert!(totals.refusal.is_none(), "{}", totals.refusal.unwrap_or_default());
        assert!(totals.funcs >= funcs && totals.words > 10 * funcs, "{generator:?} {totals:?}");
        assert!(totals.handlers > 10, "{generator:?} {totals:?}");
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
    let report = short(Generator::Biased, Some(another_tag)).refusal.expect("a plant is refused");
    for part in ["--seed 12", "(module", "refused at word", "throw"] {
        assert!(report.contains(part), "{part} in\n{report}");
    }
}
