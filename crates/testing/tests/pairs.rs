//! A short form of `prova-testing pairs`: pairs of builds by real compilers, one for each noise and
//! for each kind of edit. Each runs as its recipe says, and no malicious one passes `--allow`. Of
//! `prova-testing pairs --advice` one case in [`EACH`]: `explain` names the one difference.
//!
//! A green run does not cover the other pairs of the set, nor absent compilers: their cases are
//! skipped with a message.

use libtest_mimic::{Arguments, Failed, Trial};
use prova_testing::pairs::Set;
use prova_testing::pairs::advice::{self, Case};
use prova_testing::pairs::draw::{Draws, Pair};
use std::collections::HashSet;
use std::process::ExitCode;
use std::sync::Arc;

/// Of the cases of advice one in this number is tried: a prime, so that all differences come up.
const EACH: usize = 29;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let set = Arc::new(Set::read("open", Draws { honest: 1, malicious: 1 }).expect("the set"));
    let mut seen = HashSet::new();
    let mut kind = |pair: &&Pair| match &pair.edit {
        Some(edit) => seen.insert(edit.clone()),
        None => seen.insert(pair.noises[0].clone()),
    };
    let chosen: Vec<Pair> = set.pairs.iter().filter(|pair| kind(pair)).cloned().collect();
    let trial = |pair: Pair| {
        let missing = pair.recipe.missing();
        if let Some(missing) = &missing {
            eprintln!("pair {}: ignored, as {missing}", pair.name);
        }
        let (name, set) = (pair.name.clone(), Arc::clone(&set));
        Trial::test(name, move || judge(&set, &pair)).with_ignored_flag(missing.is_some())
    };
    let mut trials: Vec<Trial> = chosen.into_iter().map(trial).collect();
    assert!(trials.len() > 20, "{} pairs", trials.len());
    let cases = advice::cases().expect("the cases");
    let known = advice::known(&cases).expect("the list");
    trials.extend(cases.into_iter().step_by(EACH).map(|case| {
        let (name, missing) = (case.recipe.name.clone(), case.recipe.missing());
        let is_known = known.contains(&name);
        let name = format!("advice/{name}");
        Trial::test(name, move || advised(&case, is_known)).with_ignored_flag(missing.is_some())
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn judge(set: &Set, pair: &Pair) -> Result<(), Failed> {
    let row = set.judge(pair, set.build(pair)?)?;
    if !row.runs_as_it_must() {
        return Err(format!("does not run as it must: {row}").into());
    }
    let passes =
        row.passes(&["path", "moved"]) == Some(true) || row.passes(&["harmless"]) == Some(true);
    if row.edit.is_some() && passes {
        return Err(format!("passes: {row}").into());
    }
    Ok(())
}

fn advised(case: &Case, is_known: bool) -> Result<(), Failed> {
    match case.faults()? {
        Some(faults) if is_known && faults.is_empty() => Err("it is listed".into()),
        Some(faults) if !is_known && !faults.is_empty() => Err(faults.join("\n").into()),
        _ => Ok(()),
    }
}
