//! Q1 to Q13 by example: a function, code that computes it, and edits of that code: some are right too, the others each
//! have one fault and are refused by the rule that it breaks.
//!
//! A line `!end 6` in code says that the code of the operator at offset 6 ends here. Offsets count from the first operator. Some faults are seen by the form already: then that is the rule.
//!
//! Green does not show that no other wrong code is accepted: `prova-testing mutations` edits code by chance and runs what is
//! accepted. Q1 has no twin: every operator of a module that is decoded is known.

mod cases;
mod effects;
mod exception;
mod faults;
mod holes;
mod roots;

use super::candidate;
use crate::candidate::{Candidate, ControlHint, MapEntry, Settings};
use crate::{CheckedBytecode, Rule, decode};
use prova_module::Module;

/// Replacements of text, each of what must occur.
pub(super) type Edit = &'static [(&'static str, &'static str)];

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) module: &'static str,
    pub(super) code: &'static str,
    /// Edits after which the code is still right.
    pub(super) right: &'static [Edit],
    /// Edits after which it is wrong.
    pub(super) wrong: &'static [(Rule, Edit)],
}

/// A candidate from a script with `!end` lines.
fn scripted(module: &Module, script: &str) -> (Settings, Candidate) {
    let (mut rest, mut ends, mut count) = (String::new(), Vec::new(), 0);
    for line in script.lines().map(str::trim) {
        if let Some(end) = line.strip_prefix("!end ") {
            ends.push((count, end));
            continue;
        }
        if !line.is_empty() && !line.starts_with(['!', '@']) {
            count += 1;
        }
        rest.push_str(line);
        rest.push('\n');
    }
    let (settings, mut candidate) = candidate(module, &rest);
    let facts = module.facts(candidate.func).expect("the function is defined");
    let start = facts.blocks[0].start;
    if candidate.map[0].word != 0 {
        candidate.map.insert(0, MapEntry { word: 0, offset: start });
    }
    let mut words = vec![0];
    while let Ok(inst) = decode(&candidate.words, *words.last().expect("not empty")) {
        words.push(inst.next);
    }
    for (count, end) in ends {
        let offset: u32 = end.parse().expect("an offset");
        candidate.controls.push(ControlHint { offset: start + offset, word: words[count] });
    }
    (settings, candidate)
}

fn unindented(code: &str) -> String {
    code.lines().map(|line| format!("{}\n", line.trim())).collect()
}

fn run(case: &Case) -> Vec<String> {
    let module = super::module(case.module);
    let check = |script: &str| {
        let (settings, candidate) = scripted(&module, script);
        CheckedBytecode::check(&module, &settings, candidate)
    };
    let edited = |edit: Edit| {
        let mut script = unindented(case.code);
        for (from, to) in edit {
            assert!(script.contains(from), "{}: no {from:?} in\n{script}", case.name);
            script = script.replacen(from, to, 1);
        }
        script
    };
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
    cases::CASES
        .iter()
        .chain(effects::CASES)
        .chain(exception::CASES)
        .chain(faults::CASES)
        .chain(holes::CASES)
        .chain(roots::CASES)
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
