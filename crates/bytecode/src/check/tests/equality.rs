//! Q1 to Q13 by example: a function, code that computes it, and edits of that code: some are right
//! too, the others each have one fault and are refused by the rule that it breaks. Some faults are
//! seen by the form already: then that is the rule.
//!
//! A green run does not show that no other wrong code is accepted: `prova-testing mutations` edits
//! code by chance and runs what is accepted. Q1 has no twin: every operator of a module that is
//! decoded is known.

mod accumulators;
mod aggregate;
mod cases;
mod direct;
mod effects;
mod exception;
mod faults;
mod heat;
mod holes;
mod roots;
mod shared;

use super::script::{Case, Edit, scripted};
use crate::candidate::{Candidate, Settings};
use crate::check::{Component, Excerpt, Reason};
use crate::{CheckedBytecode, Rule};
use prova_module::Module;
use prova_terms::Term;

fn run(case: &Case) -> Vec<String> {
    let module = super::module(case.module);
    let check = |script: &str| {
        let (settings, candidate) = scripted(&module, script);
        CheckedBytecode::check(&module, &settings, candidate)
    };
    let edited = |edit: Edit| case.edited(edit);
    let mut found = Vec::new();
    let right = case.right.iter().map(|edit| edited(edit));
    for script in [case.code.to_owned()].into_iter().chain(right) {
        if let Err(error) = check(&script) {
            found.push(format!("{}: {error}\n{script}\n", case.name));
        }
    }
    for (rule, edit) in case.wrong {
        match check(&edited(edit)) {
            Ok(_) => found.push(format!("{}: {edit:?} accepted\n", case.name)),
            Err(error) if error.rule == *rule => {}
            Err(error) => found.push(format!("{}: {edit:?}: {error}, not {rule}\n", case.name)),
        }
    }
    found
}

fn all() -> impl Iterator<Item = &'static Case> {
    accumulators::CASES
        .iter()
        .chain(aggregate::CASES)
        .chain(cases::CASES)
        .chain(direct::CASES)
        .chain(effects::CASES)
        .chain(exception::CASES)
        .chain(faults::CASES)
        .chain(heat::CASES)
        .chain(holes::CASES)
        .chain(roots::CASES)
        .chain(shared::CASES)
}

/// The right code of each case.
pub(super) fn honest() -> impl Iterator<Item = (Module, Settings, Candidate)> {
    all().map(|case| {
        let module = super::module(case.module);
        let (settings, candidate) = scripted(&module, case.code);
        (module, settings, candidate)
    })
}

#[test]
fn right_code_is_accepted_and_its_wrong_twins_refused() {
    let wrong: Vec<String> = all().flat_map(run).collect();
    assert!(wrong.is_empty(), "{} faults\n{}", wrong.len(), wrong.join("\n"));
    let of_equality = Rule::ALL.into_iter().filter(|rule| !rule.of_form());
    for rule in of_equality.filter(|&rule| rule != Rule::Operators) {
        let seen = all().any(|case| case.wrong.iter().any(|(other, _)| *other == rule));
        assert!(seen, "no twin for {rule}");
    }
}

#[test]
fn nothing_is_kept_of_the_function_before() {
    let module = super::module(
        "(module (func (param i32) (result i32) local.get 0)
            (func (param i32) (result i32) local.get 0 i32.const 5 i32.mul local.get 0 i32.xor call 0)
            (func i32.const 1 drop))",
    );
    // The arguments of the call are terms far down in the table.
    let before = "!func 1
        i32.mul_imm s1 <- s0 5
        i32.xor s1 <- s1 s0
        0x8 call s1.. func0
        !end 10
        return1 s1";
    let (settings, candidate) = scripted(&module, before);
    assert_eq!(CheckedBytecode::check(&module, &settings, candidate).err(), None);
    let (settings, candidate) =
        scripted(&module, "!func 2\nconst32 s0 <- 1\ncall s0.. func0\n!end 3\nreturn");
    let error = CheckedBytecode::check(&module, &settings, candidate).expect_err("no such call");
    assert_eq!(error.rule, Rule::Effects, "{error}");
}

/// An error keeps the component that differs, and both values to a depth.
#[test]
fn an_error_keeps_both_values_to_a_depth() {
    let module = super::module(
        "(module (func (param i32 i32) (result i32)
            local.get 0 local.get 1 i32.sub i32.popcnt i32.clz i32.ctz i32.popcnt))",
    );
    let verdict = |first: &str| {
        let code = format!(
            "{first} s2 <- s0 s1
            i32.popcnt s2 <- s2
            i32.clz s2 <- s2
            i32.ctz s2 <- s2
            i32.popcnt s2 <- s2
            !end 9
            return1 s2"
        );
        let (settings, candidate) = scripted(&module, &code);
        CheckedBytecode::check(&module, &settings, candidate).map(drop)
    };
    assert_eq!(verdict("i32.sub"), Ok(()));
    let error = verdict("i32.add").expect_err("another operator");
    let Reason::Differs { component, local_cells, mut wasm, mut code } = error.what else {
        panic!("{error}");
    };
    assert_eq!((component, local_cells), (Component::Result { index: 0 }, 2));
    let names = ["i32_popcnt", "i32_ctz", "i32_clz", "i32_popcnt"];
    for (depth, name) in names.iter().enumerate() {
        for excerpt in [&wasm, &code] {
            assert!(matches!(excerpt.term, Term::Pure(prim, _) if format!("{prim:?}") == *name));
            assert_eq!(excerpt.operands.len(), usize::from(depth < 3), "{name}");
        }
        if depth < 3 {
            (*wasm, *code) = (wasm.operands.remove(0), code.operands.remove(0));
        }
    }
    // A term of several operands has them in their order; a leaf has none.
    let twice = super::module(
        "(module (func (param i32 i32) (result i32) local.get 0 local.get 1 i32.sub))",
    );
    let (settings, candidate) = scripted(&twice, "i32.sub s2 <- s1 s0\n!end 5\nreturn1 s2");
    let error = CheckedBytecode::check(&twice, &settings, candidate).expect_err("exchanged");
    let Reason::Differs { wasm, code, .. } = error.what else { panic!("{error}") };
    let leaves = |excerpt: &Excerpt| -> Vec<(Term, usize)> {
        excerpt.operands.iter().map(|it| (it.term, it.operands.len())).collect()
    };
    assert_eq!(leaves(&wasm), [(Term::Param(0), 0), (Term::Param(1), 0)]);
    assert_eq!(leaves(&code), [(Term::Param(1), 0), (Term::Param(0), 0)]);
}
