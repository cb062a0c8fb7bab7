//! Turned loops: files that show what becomes of them, and edits of copies that are accepted or
//! refused by rule.
//!
//! The files (`tests/files/turn`) show what is turned and what is not. The twins (`turn/twins.txt`)
//! are edits of a body with copies, or of the blocks that they are copies of; each must be refused
//! by the rule it names, or accepted where it says `ok`.
//!
//! A green run does not show that every wrong copy is refused; `prova-testing ssa-trips` runs what
//! is made of random functions. `crates/emit/tests/turned.rs` sends the same files on trips.

use prova_module::{Features, FuncIdx, Limits, Module};
use prova_optimize::turn::{Turned, turn};
use prova_optimize::{Pass, optimize};
use prova_ssa::replace::PassRule;
use prova_ssa::{Block, CheckedBody, Metering, build, parse, print, verify};
use std::collections::BTreeSet;
use std::fmt::Write;

use crate::edit;
use crate::files;

const MODULES: &[(&str, &str)] = &[
    ("steps", include_str!("turn/steps.wat")),
    ("table", include_str!("../../ssa/tests/entered/table.wat")),
    ("except", include_str!("../../ssa/tests/entered/except.wat")),
];

fn module(text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("a module");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

fn proved(module: &Module, func: FuncIdx) -> CheckedBody {
    let body = build(module, func, Metering::NONE).expect("a body");
    CheckedBody::check(module, body).expect("the builder's bodies are proved")
}

/// The outcome for each function of a module behind `params` and `fold`.
fn turned(source: &str, name: &str) -> String {
    let module = module(source);
    let mut all = String::new();
    for func in module.defined_funcs() {
        let (before, _) = optimize(proved(&module, func), &[Pass::Params, Pass::Fold]);
        all += &print(before.body());
        match turn(&before, &[]) {
            Err(rejection) => panic!("{name}: {rejection}"),
            Ok(None) => all += ";; stays\n",
            Ok(Some(after)) => {
                assert_eq!(verify(&module, after.body()), Ok(()));
                write!(all, ";; becomes\n{}", print(after.body())).expect("a string");
            }
        }
    }
    all
}

#[test]
fn the_files_become_their_text() {
    assert!(files::files_hold("turn", turned) >= 6);
}

/// The rule that refuses an edited body with copies of the last function of a module, or `ok`.
fn judge(name: &str, edits: &str) -> String {
    let found = MODULES.iter().find(|(other, _)| *other == name);
    let module = module(found.unwrap_or_else(|| panic!("no module {name}")).1);
    let func = module.defined_funcs().last().expect("a function");
    let (before, _) = optimize(proved(&module, func), &[Pass::Params, Pass::Fold]);
    let made = Turned::new(before.body()).unwrap_or_else(|| panic!("{name} stays"));
    let wide = before.undo(made.wide, &made.witness).expect("a proof");
    let mut origins = made.origins;
    let mut text = print(&made.body);
    for one in edits.split(" ; ").map(str::trim).filter(|one| !one.is_empty()) {
        match one.split_once("origin ") {
            Some(("", of)) => {
                let mut numbers = of.split(' ').map(|n| n.parse::<u32>().expect("a number"));
                let (at, to) = (numbers.next().expect("a block"), numbers.next());
                match to {
                    Some(to) => origins[at as usize] = Block::from_u32(to),
                    None => drop(origins.remove(at as usize)),
                }
            }
            _ => text = edit::edited(&text, one),
        }
    }
    let body = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let judged = wide.copied(body, &origins);
    judged.map_or_else(|rejection| rejection.rule.to_string(), |_| "ok".to_owned())
}

#[test]
fn twins_are_judged_by_their_rules() {
    let (mut wrong, mut rules) = (String::new(), BTreeSet::new());
    for row in include_str!("turn/twins.txt").lines() {
        if row.is_empty() || row.starts_with('#') {
            continue;
        }
        let (head, edits) = row.split_once(':').expect("a colon");
        let (rule, name) = head.split_once(' ').expect("a rule and a module");
        let given = judge(name, edits);
        if given != rule {
            writeln!(wrong, "{row}\n    gives {given}").expect("a string");
        }
        rules.insert(rule);
    }
    assert!(wrong.is_empty(), "{wrong}");
    use PassRule as R;
    let all = [R::Form, R::Blocks, R::Effects, R::Operands, R::Control, R::Targets];
    for rule in all.into_iter().chain([R::Arguments, R::Offsets]) {
        assert!(rules.contains(&*rule.to_string()), "no twin for {rule}");
    }
}

/// Loops in a row, of whose headers each makes a value that is read behind all of them.
fn loops(count: usize) -> String {
    let mut text =
        "(module (memory 1) (global (mut i32) (i32.const 0)) (func (param i32)".to_owned();
    text += &" (local i32)".repeat(count);
    for at in 1..=count {
        let set = format!("(local.set {at} (i32.load offset={at} (local.get 0)))");
        let ask = format!("(br_if 1 (i32.lt_u (local.get {at}) (local.get 0)))");
        write!(text, "(block (loop {set} {ask} (global.set 0 (i32.const 1)) (br 0)))")
            .expect("it fits");
    }
    for at in 1..=count {
        write!(text, "(global.set 0 (i32.add (local.get {at}) (global.get 0)))").expect("it fits");
    }
    text + "))"
}

/// The carried values would grow as the square of the number of loops. A green run does not show
/// how long it takes to find out.
#[test]
fn what_is_made_grows_as_the_body() {
    for (count, turns) in [(10, true), (40, true), (100, false), (400, false)] {
        let module = module(&loops(count));
        let (before, _) = optimize(proved(&module, FuncIdx(0)), &Pass::DEFAULT);
        let made = Turned::new(before.body());
        assert_eq!(made.is_some(), turns, "{count}");
        let most = 4_096 + 17 * before.body().value_count();
        assert!(made.is_none_or(|made| made.wide.value_count() <= most), "{count}");
    }
}
