//! Emissions that the proof accepts and refuses, by rule.
//!
//! The twins (`emitted/twins.txt`) are edits of the text of a module: each is what a wrong emitter
//! would have made of the module as it is, and must be refused by the rule it names.
//!
//! A green run does not show that every wrong emission is refused: `prova-testing trip` runs what
//! was accepted.

use prova_emit::emitted::{EmittedBody, Homes, Rejection, Rule, Twin};
use prova_emit::trip::{self, Options, Outcome, Trip};
use prova_emit::{Style, Types, assemble, emit_with};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_optimize::{Pass, optimize};
use prova_ssa::{Body, CheckedBody, Def, Metering, Place, build};
use std::collections::BTreeSet;
use std::fmt::Write;

const MODULES: &[(&str, &str)] = &[
    ("straight", include_str!("emitted/straight.wat")),
    ("flow", include_str!("emitted/flow.wat")),
    ("table", include_str!("emitted/table.wat")),
    ("except", include_str!("emitted/except.wat")),
    ("ends", include_str!("emitted/ends.wat")),
    ("carried", include_str!("emitted/carried.wat")),
    ("refs", include_str!("emitted/refs.wat")),
    ("round", include_str!("emitted/round.wat")),
    ("shared", include_str!("emitted/shared.wat")),
    ("moot", include_str!("emitted/moot.wat")),
    ("pad", include_str!("emitted/pad.wat")),
    ("given", include_str!("emitted/given.wat")),
    ("apart", include_str!("emitted/apart.wat")),
    ("each", include_str!("emitted/each.wat")),
    ("chain", include_str!("emitted/chain.wat")),
    ("dead", include_str!("emitted/dead.wat")),
    ("ending", include_str!("emitted/ending.wat")),
    ("late", include_str!("emitted/late.wat")),
    ("ring", include_str!("emitted/ring.wat")),
    ("place", include_str!("emitted/place.wat")),
    ("stale", include_str!("emitted/stale.wat")),
    ("leave", include_str!("emitted/leave.wat")),
    ("back", include_str!("emitted/back.wat")),
    ("reads", include_str!("emitted/reads.wat")),
    ("about", include_str!("emitted/about.wat")),
    ("other", include_str!("emitted/other.wat")),
    ("once", include_str!("emitted/once.wat")),
    ("gone", include_str!("emitted/gone.wat")),
    ("shown", include_str!("emitted/shown.wat")),
    ("endless", include_str!("emitted/endless.wat")),
    ("ended", include_str!("emitted/ended.wat")),
    ("passed", include_str!("emitted/passed.wat")),
];

/// Modules in which a handler of several calls gets values, and the emitted handler gets none:
/// handlers are taken apart by the first trip, and their moves by the second.
const APART: &[&str] = &["given", "each", "late", "once"];

fn decode(bytes: impl Into<Vec<u8>>) -> Result<Module, prova_module::Error> {
    Module::decode(bytes.into(), &Features::default(), &Limits::default())
}

fn module(text: &str) -> Result<Module, String> {
    let bytes = wat::parse_str(text).map_err(|error| error.to_string())?;
    decode(bytes).map_err(|error| error.to_string())
}

fn last(module: &Module) -> FuncIdx {
    module.defined_funcs().last().expect("a function")
}

/// The homes of a module that stands for its own emission.
fn homes(body: &Body) -> Vec<u32> {
    let home = |def| match def {
        Def::Param(_, _, Place::Local(local)) => local,
        Def::Param(..) | Def::Result(..) => u32::MAX,
    };
    body.values().map(|(_, data)| home(data.def)).collect()
}

/// Checks the last function of `new` against the last one of `old`.
fn check(old: &Module, new: &Module) -> Result<(), Rejection> {
    let body = build(old, last(old), Metering::NONE).expect("a body");
    let homes = homes(&body);
    let body = CheckedBody::check(old, body).expect("a proved body");
    let twin = Twin::check(old, new)?;
    EmittedBody::check(&twin, &body, &Homes(&homes)).map(|_| ())
}

fn send(module: &Module, threads: usize) -> Trip {
    let limits = Limits::default();
    let options = Options { transform: &Some, threads, limits: &limits };
    trip::module(module, &options).expect("a trip")
}

#[test]
fn a_module_is_its_own_emission_and_goes_on_its_trip() {
    for (name, text) in MODULES {
        let module = module(text).expect("a module");
        let is_apart = APART.contains(name);
        if !is_apart {
            assert_eq!(check(&module, &module), Ok(()), "{name}");
        }
        let once = send(&module, 1);
        for (func, outcome) in &once.outcomes {
            assert_eq!(*outcome, Outcome::Replaced, "{name} {func}: {outcome}");
        }
        let threads = send(&module, 3);
        assert_eq!(once.module.bytes(), threads.module.bytes(), "{name}: threads change it");
        let again = send(&once.module, 1);
        let is_same = once.module.bytes() == again.module.bytes();
        // Behind a branch or a block that is gone, a value is one that was two before, or is
        // nearer.
        let changes =
            is_apart || ["apart", "chain", "ending", "gone", "passed", "ring"].contains(name);
        assert_eq!(is_same, !changes, "{name}: what a second trip makes of it");
    }
}

#[test]
fn each_twin_is_refused_by_its_rule() {
    let (mut rules, mut wrong, mut count) = (BTreeSet::new(), String::new(), 0);
    for row in include_str!("emitted/twins.txt").lines() {
        if row.is_empty() || row.starts_with('#') {
            continue;
        }
        let (head, edits) = row.split_once(": ").expect("a rule and a module");
        let (rule, name) = head.split_once(' ').expect("a rule and a module");
        let text = MODULES.iter().find(|(other, _)| *other == name).expect("a module").1;
        let edited = edits.split(" ; ").fold(text.to_owned(), |text, edit| {
            let (from, to) = edit.split_once(" =>").expect("an edit");
            assert!(text.contains(from), "no {from:?} in {text}");
            text.replace(from, to.trim_start())
        });
        let old = module(text).expect("a module");
        let given = match module(&edited).map(|new| check(&old, &new)) {
            Ok(Ok(())) => "accepted".to_owned(),
            Ok(Err(rejection)) => {
                rules.insert(rejection.rule);
                rejection.rule.to_string()
            }
            Err(_) => "invalid".to_owned(),
        };
        count += 1;
        if given != rule {
            let _ = writeln!(wrong, "{given}, not {row}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 70, "{count} twins");
    // Made below.
    let missing: Vec<&Rule> = Rule::ALL.iter().filter(|rule| !rules.contains(rule)).collect();
    assert_eq!(missing, [&Rule::Image, &Rule::Size]);
}

/// Reads that commute may be met in any order, but not at any price.
#[test]
fn a_search_without_end_is_refused() {
    let shuffled = |count: usize, order: &mut dyn Iterator<Item = usize>| {
        let mut text = String::from("(module ");
        (0..count).for_each(|at| {
            let _ = write!(text, "(global $g{at} (mut i32) (i32.const 0))");
        });
        text += "(func ";
        order.for_each(|at| {
            let _ = write!(text, "(drop (global.get $g{at}))");
        });
        module(&(text + "))")).expect("a module")
    };
    let pair = |count| (shuffled(count, &mut (0..count)), shuffled(count, &mut (0..count).rev()));
    // The larger one takes more steps than any body may.
    for count in [100, 1_500] {
        let (old, new) = pair(count);
        assert_eq!(check(&old, &new), Ok(()), "{count}");
    }
    let (old, new) = pair(6_000);
    assert_eq!(check(&old, &new).expect_err("too many steps").rule, Rule::Size);
}

/// The whole computation of a body is compared also where it is far more than its image's.
#[test]
fn a_body_that_is_larger_than_its_image_is_refused() {
    let sum = |count: usize| {
        let text = " (i32.const 3) (i32.mul) (local.get 0) (i32.add)".repeat(count);
        module(&format!("(module (func (param i32) (result i32) (local.get 0) {text}))"))
    };
    let (old, new) = (sum(200).expect("a module"), sum(1).expect("a module"));
    assert_eq!(check(&old, &new).expect_err("another sum").rule, Rule::Operands);
    assert_eq!(check(&new, &old).expect_err("another sum").rule, Rule::Operands);
}

/// Joins that only compute, one after another, each reached by an edge. A walk of all that follow
/// from each edge would take too many steps.
#[test]
fn joins_in_a_row_are_proved_one_by_one() {
    const COUNT: usize = 2_000;
    let row = |last: usize| {
        let mut text = String::from("(module (func (param i32) (result i32) ");
        text += &"block ".repeat(COUNT);
        text += "local.get 0 br_table ";
        (0..COUNT).for_each(|label| {
            let _ = write!(text, "{label} ");
        });
        (1..=COUNT).for_each(|at| {
            let step = if at == COUNT { last } else { 1 };
            let _ = write!(text, "end local.get 0 i32.const {step} i32.add local.set 0 ");
        });
        module(&(text + "local.get 0))")).expect("a module")
    };
    let (old, wrong) = (row(1), row(2));
    assert_eq!(check(&old, &old), Ok(()));
    assert_eq!(check(&old, &wrong).expect_err("another sum").rule, Rule::Operands);
    for (func, outcome) in send(&old, 1).outcomes {
        assert_eq!(outcome, Outcome::Replaced, "{func}: {outcome}");
    }
}

/// Many locals that change on many edges of one join: valid Wasm whose image is over the limit.
#[test]
fn bytes_without_image_are_refused() {
    let (locals, edges) = (2_000, 4_000);
    let mut text = String::from("(module (func (param i32)");
    let end = "))";
    let old = module(&format!("{text} {end}")).expect("a module");
    let _ = write!(text, "(local{})", " i32".repeat(locals));
    text += "(block $b (loop $l ";
    for local in 1..=locals {
        let _ = write!(text, "(local.set {local} (i32.add (local.get {local}) (local.get 0)))");
    }
    for edge in 0..edges {
        let _ = write!(text, "(br_if $l (i32.eq (local.get 0) (i32.const {edge})))");
    }
    let new = module(&(text + "))" + end)).expect("a module");
    let refused = check(&old, &new).expect_err("no image");
    assert_eq!(refused.rule, Rule::Image, "{refused}");
}

#[test]
fn a_body_of_another_module_is_refused() {
    let (old, other) = (module(MODULES[2].1).unwrap(), module(MODULES[0].1).unwrap());
    let body = CheckedBody::check(&other, build(&other, last(&other), Metering::NONE).unwrap());
    let twin = Twin::check(&old, &old).expect("the same");
    let refused = EmittedBody::check(&twin, &body.expect("proved"), &Homes(&[]));
    assert_eq!(refused.expect_err("another module").rule, Rule::Module);
}

/// The functions that a trip changes.
fn changed(before: &Module, after: &Module) -> Vec<FuncIdx> {
    let bytes = |module: &Module, func| module.body(func).map(|body| body.bytes().to_vec());
    before.defined_funcs().filter(|&func| bytes(before, func) != bytes(after, func)).collect()
}

/// The programs that are carried with the repository: nothing fails, threads change nothing, and a
/// second trip changes at most one function in ten (by the programs: 4, 2, 8 of a hundred).
#[test]
fn programs_go_on_their_trip() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/bin");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the programs")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for file in &files {
        let module = decode(std::fs::read(file).expect("a program")).expect("a valid program");
        let once = send(&module, 1);
        for (_, outcome) in &once.outcomes {
            assert!(!outcome.is_failure(), "{}: {outcome}", file.display());
        }
        let again = send(&module, 2);
        assert_eq!(once.module.bytes(), again.module.bytes(), "{}", file.display());
        let stem = file.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let twice = send(&once.module, 1);
        let changed = changed(&once.module, &twice.module);
        assert!(10 * changed.len() <= module.defined_funcs().len(), "{stem}: {changed:?}");
    }
}

/// The short emission of Lua is proved: no function needs its second chance.
#[test]
fn a_program_is_proved_as_it_is_first_emitted() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/bin");
    let old = decode(std::fs::read(folder.join("lua-5.4.7.wasm")).expect("a program"));
    let old = old.expect("a valid program");
    let types = Types::new(&old);
    let emitted = |func| {
        let body = build(&old, func, Metering::NONE).expect("a body");
        let body = CheckedBody::check(&old, body).expect("a proved body");
        let (emitted, homes) = emit_with(Style::Short, &old, &types, body.body()).expect("bytes");
        (body, emitted, homes)
    };
    let all: Vec<_> = old.defined_funcs().map(emitted).collect();
    let bodies: Vec<_> = all.iter().map(|(_, emitted, _)| Some(emitted)).collect();
    let new = decode(assemble(&old, &types, &bodies).bytes).expect("a valid module");
    let twin = Twin::check(&old, &new).expect("the same but for bodies");
    let refused = all.iter().filter_map(|(body, _, homes)| {
        EmittedBody::check(&twin, body, &Homes(homes)).err().map(|rejection| rejection.to_string())
    });
    assert_eq!(refused.collect::<Vec<_>>(), [""; 0]);
}

/// A body with charges and polls is the same function: they have no counterpart.
#[test]
fn a_metered_body_is_the_same_function() {
    for (name, text) in MODULES.iter().filter(|(name, _)| !APART.contains(name)) {
        let module = module(text).expect("a module");
        let metering = Metering::BOTH;
        let body = build(&module, last(&module), metering).expect("a body");
        let homes = homes(&body);
        let body = CheckedBody::check(&module, body).expect("a proved body");
        let twin = Twin::check(&module, &module).expect("the same");
        let given = EmittedBody::check(&twin, &body, &Homes(&homes)).err();
        assert_eq!(given, None, "{name}");
    }
}

/// A module that nothing improves stays as it is: a second trip gives the same bytes, with any
/// number of threads, and none makes a module larger.
#[test]
fn an_improved_module_is_the_same_behind_another_trip() {
    let limits = Limits::default();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/bin");
    let lua = std::fs::read(folder.join("lua-5.4.7.wasm")).expect("a program");
    let lua = decode(lua).expect("a valid program");
    let texts = MODULES.iter().map(|(_, text)| module(text).expect("a module"));
    for module in texts.chain([lua]) {
        for (passes, turns) in [(&[][..], false), (&Pass::DEFAULT, true)] {
            let transform = |body| Some(optimize(body, passes).0);
            let improved = |module: &Module, threads| {
                let options = Options { transform: &transform, threads, limits: &limits };
                trip::improved(module, &options, turns).expect("a trip").module
            };
            let once = improved(&module, 1);
            assert!(once.bytes().len() <= module.bytes().len());
            assert_eq!(once.bytes(), improved(&once, 2).bytes());
        }
    }
}

/// Sections that a trip does not touch stay byte for byte; sections with offsets of code go, by
/// name.
#[test]
fn sections_stay_or_are_named() {
    let text = "(module (@custom \"one\" \"1\") (memory 1)
        (func $f (param $p i32) (result i32) (local $l i32)
            (local.set $l (i32.const 5)) (i32.add (local.get $l) (local.get $p)))
        (func $g (result i32) (local i64) (block (nop)) (i32.const 1))
        (data (i32.const 0) \"x\")
        (@custom \".debug_info\" \"2\") (@custom \"producers\" \"3\"))";
    let module = module(text).expect("a module");
    let limits = Limits::default();
    let send = |transform: trip::Transform<'_>| {
        let options = Options { transform, threads: 1, limits: &limits };
        trip::module(&module, &options).expect("a trip")
    };
    let none = send(&|_| None);
    assert_eq!(none.module.bytes(), module.bytes());
    assert!(none.dropped.is_empty());
    let first = send(&|body| (body.func() == FuncIdx(0)).then_some(body));
    assert_eq!(first.dropped, [".debug_info"]);
    assert_eq!(first.outcomes[0].1, Outcome::Replaced);
    assert_eq!(first.outcomes[1].1, Outcome::Untouched);
    let bytes =
        |module: &Module, func| module.body(FuncIdx(func)).expect("a body").bytes().to_vec();
    assert_eq!(bytes(&first.module, 1), bytes(&module, 1));
    assert_ne!(bytes(&first.module, 0), bytes(&module, 0));
    let customs = |module: &Module| -> Vec<String> {
        module.custom_sections().iter().map(|custom| custom.name.to_string()).collect()
    };
    let mut kept = customs(&module);
    kept.retain(|name| name != ".debug_info");
    assert_eq!(customs(&first.module), kept);
    assert_eq!(kept.len(), 3);
    assert_eq!(first.module.func_name(FuncIdx(1)), Some("g"));
}

/// A function whose new bytes are over a limit keeps those that it had; the others go on.
#[test]
fn invalid_bytes_stand_back() {
    let text = "(module (import \"m\" \"g\" (func $g (param i32) (result i32)))
        (func (result i32) (i32.const 5) (loop (param i32) (result i32)
            (call $g) (call $g (i32.const 1)) (br_if 0 (i32.const 2)) (drop)))
        (func (result i32) (nop) (i32.const 2)))";
    let module = module(text).expect("a module");
    let limits = Limits { locals_per_function: 0, ..Limits::default() };
    let options = Options { transform: &Some, threads: 1, limits: &limits };
    let trip = trip::module(&module, &options).expect("a trip");
    let kept = FuncIdx(1);
    assert!(matches!(trip.outcomes[0].1, Outcome::Invalid(_)), "{}", trip.outcomes[0].1);
    assert_eq!(trip.outcomes[1].1, Outcome::Replaced);
    let bytes = |module: &Module| module.body(kept).expect("a body").bytes().to_vec();
    assert_eq!(bytes(&trip.module), bytes(&module));
}
