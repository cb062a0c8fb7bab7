//! The cases of the check, judged by the second checker: right code, its wrong twins, and what a
//! second checker with a fault lets through.
//!
//! The cases are those of the check's own tests, included from their source, and a few ([`OWN`])
//! for faults that none of these shows. A plant is seen where the check refuses a twin, the second
//! checker refuses it too, and the planted one accepts it.
//!
//! A green run does not show that generated and edited code would show a fault as well; that is
//! `a_planted_fault_is_noticed`.

use super::script::{Case, candidate, module, scripted};
use super::{accumulators, cases, effects, exception, faults, heat, holes, pairs, roots, shared};
use prova_bytecode::{Candidate, CheckedBytecode, Rule, Settings};
use prova_module::Module;
use prova_testing::second::{Plant, check, planted};
use std::collections::{BTreeMap, BTreeSet};

/// Cases for faults that no case of the check shows.
const OWN: &[Case] = &[
    Case {
        // 0 get, 2 end.
        name: "a frame, its slots, and a map",
        module: "(module (func (param i32) (result i32) local.get 0))",
        code: "!frame 2
            0x0 copy s1 <- s0
            !end 2
            return1 s1",
        right: &[&[("!frame 2", "!frame 10")]],
        wrong: &[
            (Rule::Frame, &[("!frame 2", "!frame 11")]),
            (Rule::Slots, &[("!frame 2", "!frame 1")]),
            (Rule::Map, &[("0x0 copy", "0x99 copy")]),
        ],
    },
    Case {
        // 0 call, 2 drop, 3 end.
        name: "a window at the end of the frame",
        module: "(module (import \"\" \"f\" (func (result i32))) (func call 0 drop))",
        code: "!frame 1
            0x0 call_import s0.. func0
            !end 3
            return",
        right: &[],
        wrong: &[(Rule::Windows, &[("!frame 1", "!frame 0")])],
    },
    Case {
        // 0 loop, 2 get, 4 br_if, 6 end, 7 end.
        name: "a poll at a loop's head",
        module: "(module (func (param i32) loop local.get 0 br_if 0 end))",
        code: "!epoch
            0x0 poll
            @head:
            !end 0
            0x2 poll
            br_if s0 -> @head
            !end 4
            !end 6
            !end 7
            return",
        right: &[&[("0x2 poll", "0x2 poll\ncopy s1 <- s0")]],
        wrong: &[(Rule::Metering, &[("0x2 poll", "copy s1 <- s0\n0x2 poll")])],
    },
    Case {
        // 0 loop, 2 nop, 3 end, 4 end.
        name: "a loop that nothing goes back to",
        module: "(module (func loop nop end))",
        code: "!epoch
            0x0 poll
            !end 0
            0x2 poll
            !end 3
            !end 4
            return",
        right: &[],
        wrong: &[(Rule::Effects, &[("0x2 poll\n", "")])],
    },
    Case {
        // 0 block, 2 get, 4 br_if, 6 end, 7 const, 9 end.
        name: "a slot that one way to a label writes",
        module: "(module (func (param i32) (result i32)
            block local.get 0 br_if 0 end i32.const 5))",
        code: "!end 0
            br_if s0 -> @out
            !end 4
            @out:
            !end 6
            const32 s1 <- 5
            !end 9
            return1 s1",
        right: &[&[("!end 4", "!end 4\nconst32 s1 <- 5")]],
        wrong: &[
            (Rule::Initialised, &[("!end 6", "!end 6\ncopy s1 <- s1")]),
            (
                Rule::Initialised,
                &[("const32 s1 <- 5\n", ""), ("!end 4", "!end 4\nconst32 s1 <- 5")],
            ),
        ],
    },
];

fn all() -> impl Iterator<Item = &'static Case> {
    let own = [accumulators::CASES, cases::CASES, effects::CASES, exception::CASES];
    let others = [faults::CASES, heat::CASES, holes::CASES, roots::CASES, shared::CASES, OWN];
    own.into_iter().chain(others).flatten()
}

/// A candidate with the name of its case.
struct Twin {
    name: &'static str,
    module: Module,
    settings: Settings,
    candidate: Candidate,
    /// The rule that it breaks; `None` for right code.
    breaks: Option<Rule>,
}

impl Twin {
    fn first(&self) -> bool {
        let Twin { module, settings, candidate, .. } = self;
        CheckedBytecode::check(module, settings, candidate.clone()).is_ok()
    }

    fn second(&self, plant: Option<Plant>) -> bool {
        let Twin { module, settings, candidate, .. } = self;
        planted(module, settings, candidate, plant).expect("nothing here nests deep").is_ok()
    }
}

/// Right and wrong code of all cases of equality.
fn twins() -> Vec<Twin> {
    let mut twins = Vec::new();
    for case in all() {
        let mut twin = |script: &str, breaks| {
            let module = module(case.module);
            let (settings, candidate) = scripted(&module, script);
            twins.push(Twin { name: case.name, module, settings, candidate, breaks });
        };
        twin(case.code, None);
        case.right.iter().for_each(|edit| twin(&case.edited(edit), None));
        case.wrong.iter().for_each(|(rule, edit)| twin(&case.edited(edit), Some(*rule)));
    }
    twins
}

#[test]
fn every_case_of_the_check_is_judged_alike() {
    let twins = twins();
    assert!(twins.iter().filter(|twin| twin.breaks.is_some()).count() > 200);
    let mut other = Vec::new();
    for Twin { name, module, settings, candidate, breaks } in &twins {
        let first = CheckedBytecode::check(module, settings, candidate.clone()).err();
        assert_eq!(first.map(|error| error.rule), *breaks, "{name}");
        let second = check(module, settings, candidate).expect("nothing here nests deep");
        assert_eq!(second.is_err(), breaks.is_some(), "{name}: {second:?}");
        let second = second.err().map(|refusal| refusal.rule);
        // The form of the second checker counts charges and polls itself.
        let counted = (second, *breaks) == (Some(Rule::Metering), Some(Rule::Effects));
        if second != *breaks && !counted {
            other.push(format!("{name}: {second:?}, not {breaks:?}"));
        }
    }
    assert!(other.is_empty(), "{other:#?}");
}

/// Scripts of the rules of form compute nothing of use, so most are refused for other rules.
#[test]
fn every_script_of_a_rule_of_form_is_judged_alike() {
    for pair in pairs::PAIRS {
        let module = module(pair.module);
        let refused = pair.reject.iter().map(|(script, _)| script);
        for script in pair.accept.iter().chain(refused) {
            let (settings, candidate) = candidate(&module, script);
            let first = CheckedBytecode::check(&module, &settings, candidate.clone()).map(drop);
            let second = check(&module, &settings, &candidate).expect("nothing here nests deep");
            let name = format!("{}, {}", pair.name, pair.rule);
            assert_eq!(first.is_ok(), second.is_ok(), "{name}: {first:?} {second:?}");
        }
        for (script, _) in pair.reject {
            let (settings, candidate) = candidate(&module, script);
            let refusal = check(&module, &settings, &candidate).expect("nothing here nests deep");
            assert!(refusal.is_err(), "{}: {script}", pair.name);
        }
    }
}

#[test]
fn every_planted_fault_lets_wrong_code_through() {
    let twins = twins();
    let mut seen: BTreeMap<Plant, BTreeSet<&str>> = BTreeMap::new();
    for twin in
        twins.iter().filter(|twin| twin.breaks.is_some() && !twin.first() && !twin.second(None))
    {
        for plant in Plant::ALL {
            if twin.second(Some(plant)) {
                seen.entry(plant).or_default().insert(twin.name);
            }
        }
    }
    let missed: Vec<Plant> =
        Plant::ALL.into_iter().filter(|plant| !seen.contains_key(plant)).collect();
    assert!(missed.is_empty(), "{missed:?} of {seen:#?}");
}
