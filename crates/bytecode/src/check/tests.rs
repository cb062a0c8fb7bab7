//! The rules by example: for each an accepted script and twins that differ in one thing and are
//! refused by that rule: those of form in `pairs`, those of equality in `equality`; then all
//! candidates by chance (`chance`).
//!
//! Green does not prove that the rules are enough for an executor (its tests under an interpreter
//! that sees undefined behaviour do), nor that honest code is accepted (the translator's tests do),
//! nor that there is no wrong code besides the twins (`prova-testing mutations` looks for some).
//! F3's limit of 2^28 words for any body is not reached.

mod chance;
mod equality;
mod pairs;
mod script;

use crate::candidate::Metering;
use crate::{CheckError, CheckedBytecode, Rule, text};
use prova_module::{FuncIdx, Module};
pub(crate) use script::{candidate, module};

/// The rules of form alone: most scripts here compute something else than their function.
fn form(module: &Module, script: &str) -> Result<(), CheckError> {
    let (settings, candidate) = candidate(module, script);
    super::structure(module, &settings, &candidate).map(drop)
}

fn check(module: &Module, script: &str) -> Result<CheckedBytecode, CheckError> {
    let (settings, candidate) = candidate(module, script);
    CheckedBytecode::check(module, &settings, candidate)
}

#[test]
fn each_rule_accepts_and_refuses() {
    let mut wrong = Vec::new();
    for pair in pairs::PAIRS {
        let module = module(pair.module);
        for good in pair.accept {
            if let Err(error) = form(&module, good) {
                wrong.push(format!("{}: {error}\n{good}\n", pair.name));
            }
        }
        for (bad, what) in pair.reject {
            match form(&module, bad) {
                Ok(()) => wrong.push(format!("{}: accepted\n{bad}\n", pair.name)),
                Err(error) if error.rule == pair.rule && error.what.to_string().contains(what) => {}
                Err(error) => wrong.push(format!("{}: {error}, not {what}\n{bad}\n", pair.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_pair() {
    for rule in Rule::ALL.into_iter().filter(|rule| rule.of_form()) {
        let mut pairs = pairs::PAIRS.iter().filter(|pair| pair.rule == rule);
        assert!(pairs.any(|p| !p.accept.is_empty() && !p.reject.is_empty()), "{rule}");
    }
}

#[test]
fn an_error_says_where_and_which_rule() {
    let module = module("(module (func (param i32) (result i32) local.get 0))");
    let start = module.facts(FuncIdx(0)).map_or(0, |facts| facts.blocks[0].start);
    let error = form(&module, "0x0 copy s1 <- s0\n0x2 copy s9 <- s1\nreturn1 s1").expect_err("s9");
    let text = format!(
        "bytecode of func0 refused at word 2 (Wasm offset {:#x}), rule F5 (slots): \
         s9 (1 cells) in a frame of 2",
        start + 2
    );
    assert_eq!(error.to_string(), text);
}

/// F3: bytecode is bounded by the bytes of the body.
#[test]
fn code_is_bounded_by_the_body() {
    let module = module("(module (func (param i32)))");
    let bytes = module.body(FuncIdx(0)).map_or(0, |body| body.bytes().len());
    let most = super::WORDS_BASE + super::WORDS_PER_BYTE * bytes;
    let (settings, mut candidate) = candidate(&module, "return");
    let end = candidate.words.clone();
    for (words, within) in [(most - most % 2, true), (most + 1, false)] {
        candidate.words = text::parse("unreachable").expect("code").repeat(words - end.len());
        candidate.words.extend(&end);
        let verdict = super::structure(&module, &settings, &candidate);
        assert_eq!(
            verdict.map_err(|error| error.rule),
            if within { Ok(()) } else { Err(Rule::Size) }
        );
    }
}

#[test]
fn a_witness_gives_what_was_checked() {
    let module = module("(module (func (param i32 v128) (result i32) (local i64) local.get 0))");
    let script = "!fuel\n!hint 2 2\n0x0 charge 1\n0x2 return1 s0";
    let code = check(&module, script).expect("the script keeps the rules");
    let start = module.facts(FuncIdx(0)).map_or(0, |facts| facts.blocks[0].start);
    assert_eq!((code.func(), code.words().len()), (FuncIdx(0), 4));
    assert_eq!((code.param_cells(), code.local_cells(), code.result_cells()), (3, 4, 1));
    assert_eq!((code.frame_cells(), code.charge_bytes()), (5, 8 * 5 + 64));
    assert_eq!([0, 1, 2, 9].map(|word| code.offset_of(word) - start), [0, 0, 2, 2]);
    assert_eq!((code.map().len(), code.controls().len()), (2, 1));
    assert_eq!(code.settings().metering, Metering::Fuel);
    let settings = code.settings();
    assert!(code.module().is_same(&module) && code.identity().compare(&module, settings).is_ok());
    assert!(code.identity().compare(&self::module("(module (func))"), settings).is_err());
}

/// Every op with a lane operand has lanes, and no other op has a lane operand without.
#[test]
fn lane_counts_come_from_the_mnemonic() {
    use crate::Kind;
    use std::collections::BTreeMap;
    let mut counts: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for op in crate::OPS {
        if op.operands().iter().any(|operand| operand.kind == Kind::lane) {
            let count =
                super::vector::lane_count(*op).expect("an op with a lane operand has lanes");
            counts.entry(count).or_default().push(op.mnemonic());
        }
    }
    let lengths: Vec<(u64, usize)> = counts.iter().map(|(&n, ops)| (n, ops.len())).collect();
    assert_eq!(lengths, [(2, 6), (4, 6), (8, 5), (16, 5)]);
    assert!(counts[&8].contains(&"v128.load16_lane") && counts[&8].contains(&"i16x8.replace_lane"));
}
