//! Passes and their check: golden files, and edits that are accepted or refused by rule.
//!
//! The files (`tests/files/passes`) show what each pass does. The twins (`passes/twins.txt`) are
//! edits of what a pass has made, or of its witness: a wrong fold, a load across a store, a claim
//! that does not hold. Each must be refused by the rule it names, or accepted where it says `ok`.
//!
//! A green run does not show that every wrong body is refused: `prova-testing ssa-passes` tries
//! random edits, and runs what is accepted.

use prova_module::{Features, FuncIdx, Limits, Module};
use prova_optimize::{Pass, optimize};
use prova_ssa::replace::{Claim, Dying, PassRule, Witness};
use prova_ssa::{
    Block, Body, CheckedBody, Inst, Metering, Value, build, parse, print, renumber, verify,
};
use std::collections::BTreeSet;
use std::fmt::Write;

use crate::files;

const MODULES: &[(&str, &str)] = &[
    ("fold", include_str!("passes/fold.wat")),
    ("trap", include_str!("passes/trap.wat")),
    ("memory", include_str!("passes/memory.wat")),
    ("barriers", include_str!("passes/barriers.wat")),
    ("sums", include_str!("passes/sums.wat")),
    ("neutral", include_str!("passes/neutral.wat")),
    ("near", include_str!("passes/near.wat")),
    ("rooted", include_str!("passes/rooted.wat")),
    ("stores", include_str!("passes/stores.wat")),
    ("hoist", include_str!("passes/hoist.wat")),
    ("flow", include_str!("passes/flow.wat")),
    ("merge", include_str!("passes/merge.wat")),
    ("dup", include_str!("passes/dup.wat")),
    ("except", include_str!("../../ssa/tests/check/except.wat")),
    ("table", include_str!("../../ssa/tests/check/table.wat")),
    ("refs", include_str!("../../ssa/tests/check/refs.wat")),
];

fn module(text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("a module");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

fn proved(module: &Module, func: FuncIdx, metering: Metering) -> CheckedBody {
    let body = build(module, func, metering).expect("a body");
    CheckedBody::check(module, body).expect("the builder's bodies are proved")
}

/// The output of a file's passes for each function of its module.
fn passed(source: &str, name: &str) -> String {
    let names = source.lines().next().and_then(|line| line.strip_prefix(";; passes: "));
    let names = names.unwrap_or_else(|| panic!("{name}: no passes"));
    let passes: Vec<Pass> =
        names.split(' ').map(|name| name.parse().unwrap_or_else(|e| panic!("{e}"))).collect();
    let module = module(source);
    let mut all = String::new();
    for func in module.defined_funcs() {
        let before = proved(&module, func, Metering::NONE);
        let old = print(before.body());
        let (after, refused) = optimize(before, &passes);
        assert!(refused.is_empty(), "{name}: {}\n{old}", refused[0]);
        assert_eq!(verify(&module, after.body()), Ok(()));
        let new = print(after.body());
        assert_eq!(parse(&new).as_ref(), Ok(after.body()), "{name}: {func}");
        all += &old;
        if new != old {
            write!(all, ";; becomes\n{new}").expect("a string");
        }
    }
    all
}

#[test]
fn the_files_become_their_text() {
    assert!(files::files_hold("passes", passed) > Pass::ALL.len());
}

/// Each pass by itself, and all in a row, on each module with and without metering.
#[test]
fn passes_are_proved() {
    for (name, text) in MODULES {
        let module = module(text);
        for (func, metering) in module
            .defined_funcs()
            .flat_map(|func| [Metering::NONE, Metering::BOTH].map(|metering| (func, metering)))
        {
            let each = Pass::ALL.map(|pass| vec![pass]);
            for passes in each.into_iter().chain([Pass::DEFAULT.to_vec()]) {
                let before = proved(&module, func, metering);
                let text = print(before.body());
                let (_, refused) = optimize(before, &passes);
                assert!(refused.is_empty(), "{name}: {}\n{text}", refused[0]);
            }
        }
    }
}

/// A body, what a pass has made of it, and why.
struct Case {
    module: Module,
    before: CheckedBody,
    after: String,
    witness: Witness,
}

impl Case {
    /// The last function of a module after passes; the last pass is judged; `none` changes nothing.
    fn new(name: &str, passes: &str) -> Case {
        let found = MODULES.iter().find(|(other, _)| *other == name);
        let module = module(found.unwrap_or_else(|| panic!("no module {name}")).1);
        let func = module.defined_funcs().last().expect("a function");
        let names: Vec<&str> = passes.split(',').collect();
        let (last, first) = names.split_last().expect("a pass");
        let first: Vec<Pass> = first.iter().map(|name| name.parse().expect("a pass")).collect();
        let (before, refused) = optimize(proved(&module, func, Metering::NONE), &first);
        assert!(refused.is_empty(), "{}", refused[0]);
        let (after, witness) = match last.parse::<Pass>() {
            Ok(pass) => pass.run(&before).unwrap_or_else(|| panic!("{pass} does nothing: {name}")),
            Err(_) => (before.body().clone(), Witness::identity(before.body())),
        };
        Case { module, before, after: print(&after), witness }
    }

    /// Applies one edit to the new body or to the witness.
    fn edit(&mut self, edit: &str) {
        let words: Vec<&str> = edit.split_whitespace().collect();
        let number = |word: &str| -> u32 {
            let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            digits.parse().unwrap_or_else(|_| panic!("no number: {word}"))
        };
        let witness = &mut self.witness;
        match words[..] {
            ["claim", param, value] => {
                let claim = match value.starts_with('v') {
                    true => Claim::Value(Value::from_u32(number(value))),
                    false => Claim::Constant(number(value).into()),
                };
                let param = Value::from_u32(number(param));
                witness.claims.retain(|(other, _)| *other != param);
                witness.claims.push((param, claim));
            }
            ["unclaim", param] => {
                let param = Value::from_u32(number(param));
                witness.claims.retain(|(other, _)| *other != param);
            }
            ["cover", inst, by] => {
                let [inst, by] = [inst, by].map(|name| Inst::from_u32(number(name)));
                witness.covers.retain(|(other, _)| *other != inst);
                witness.covers.push((inst, by));
            }
            ["uncover"] => witness.covers.clear(),
            ["gone", inst] => {
                witness.overwritten.push(Inst::from_u32(number(inst)));
                witness.overwritten.sort();
            }
            ["stays"] => witness.overwritten.clear(),
            ["dying", block, root, at, to] => witness.dying.push(Dying {
                block: Block::from_u32(number(block)),
                memory: 0,
                root: root.starts_with('v').then(|| Value::from_u32(number(root))),
                at: number(at).into(),
                to: number(to).into(),
            }),
            ["undying"] => witness.dying.clear(),
            ["thread", block] => witness.threaded.push(Block::from_u32(number(block))),
            ["unthread"] => witness.threaded.clear(),
            ["head", at, block] => {
                witness.blocks[number(at) as usize] = Block::from_u32(number(block));
            }
            ["unhead", at] => drop(witness.blocks.remove(number(at) as usize)),
            ["param", at, value] => {
                witness.params[number(at) as usize] = Value::from_u32(number(value));
            }
            ["unparam"] => drop(witness.params.pop()),
            ["less", at] => drop(witness.params.remove(number(at) as usize)),
            _ => self.after = edited(&self.after, edit),
        }
    }

    fn judge(self) -> String {
        match parse(&renumber(&self.after)) {
            Err(error) => error.to_string(),
            Ok(after) => match self.before.replace(after, &self.witness) {
                Ok(replaced) => {
                    assert_eq!(verify(&self.module, replaced.body()), Ok(()));
                    "ok".to_owned()
                }
                Err(rejection) => rejection.rule.to_string(),
            },
        }
    }
}

/// One edit of a text: `drop PART` and `swap PART` are of the first line with that part, `after
/// PART => LINE` puts one behind it, `A => B` replaces all.
fn edited(text: &str, edit: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = |part: &str| {
        let at = text.lines().position(|line| line.contains(part));
        at.unwrap_or_else(|| panic!("no line with {part:?} in\n{text}"))
    };
    if let Some(part) = edit.strip_prefix("drop ") {
        lines.remove(line(part));
    } else if let Some(part) = edit.strip_prefix("swap ") {
        let at = line(part);
        lines.swap(at, at + 1);
    } else {
        let (from, to) = edit.split_once(" => ").unwrap_or_else(|| panic!("no edit: {edit}"));
        if let Some(part) = from.strip_prefix("after ") {
            lines.insert(line(part) + 1, format!("  {to}"));
        } else {
            assert!(text.contains(from), "no {from:?} in\n{text}");
            return text.replace(from, to);
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

#[test]
fn twins_are_judged_by_their_rules() {
    let (mut rules, mut wrong) = (BTreeSet::new(), String::new());
    let (mut refused, mut accepted) = (0, 0);
    for row in include_str!("passes/twins.txt").lines() {
        if row.is_empty() || row.starts_with('#') {
            continue;
        }
        let (head, edits) = row.split_once(':').expect("a rule, a module, passes");
        let [rule, name, passes] = head.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{head}: a rule, a module, passes")
        };
        let mut case = Case::new(name, passes);
        edits.split(" ; ").map(str::trim).filter(|e| !e.is_empty()).for_each(|e| case.edit(e));
        let text = case.after.clone();
        let given = case.judge();
        if given == "ok" {
            accepted += 1;
        } else {
            refused += 1;
        }
        if given != rule {
            write!(wrong, "{row}\n    {given}\n{text}\n").expect("a string");
        }
        rules.insert(given);
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(refused >= 40 && accepted >= 10, "{refused} refused, {accepted} accepted");
    let names: Vec<String> = PassRule::ALL.iter().map(PassRule::to_string).collect();
    let missing: Vec<_> = names.iter().filter(|name| !rules.contains(*name)).collect();
    assert_eq!(missing, ["size"], "each other rule has a twin; that one: `passes_linear.rs`");
}

/// Bodies and witnesses of other functions are refused, and nothing panics.
#[test]
fn what_belongs_to_another_body_is_refused() {
    let all: Vec<(CheckedBody, Body, Witness)> = MODULES
        .iter()
        .map(|(name, _)| {
            let case = Case::new(name, "none");
            let body = case.before.body().clone();
            (case.before, body, case.witness)
        })
        .collect();
    for (at, (before, ..)) in all.iter().enumerate() {
        for (of, (_, after, _)) in all.iter().enumerate() {
            for (by, (.., witness)) in all.iter().enumerate() {
                let given = before.replace(after.clone(), witness).is_ok();
                assert_eq!(given, at == of && at == by);
            }
        }
    }
    assert!("inline".parse::<Pass>().is_err());
}
