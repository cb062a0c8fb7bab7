//! Bodies that the check accepts and refuses, by rule.
//!
//! The twins (`check/twins.txt`) are edits of text: each breaks the honest body of a module beside
//! it in one place, and must be refused by the rule it names. Bodies that no text can say (lists of
//! another body) and shapes that grow are made here.
//!
//! A green run does not show that every wrong body is refused: `prova-testing ssa-edits` tries
//! random ones, and runs what is accepted.

use crate::edit::edited;
use prova_module::{Features, FuncIdx, Limits, Module, ValType};
use prova_ssa::check::Rule;
use prova_ssa::{
    Arg, Assembler, Body, CheckedBody, Imm, List, Metering, Op, Origin, Place, Terminator, Value,
    build, build_within, parse, print, verify,
};
use std::collections::BTreeSet;
use std::fmt::Write;

const MODULES: &[(&str, &str)] = &[
    ("straight", include_str!("check/straight.wat")),
    ("flow", include_str!("check/flow.wat")),
    ("table", include_str!("check/table.wat")),
    ("except", include_str!("check/except.wat")),
    ("refs", include_str!("check/refs.wat")),
    ("more", include_str!("check/more.wat")),
];

fn module(text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("a module");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

fn named(name: &str) -> Module {
    let found = MODULES.iter().find(|(other, _)| *other == name);
    module(found.expect("a module of this name").1)
}

fn last(module: &Module) -> FuncIdx {
    module.defined_funcs().last().expect("a function")
}

/// Every function of a module is proved, with and without metering, and what is proved is well
/// formed.
fn accepted(module: &Module) {
    for metering in [Metering::NONE, Metering::BOTH] {
        for func in module.defined_funcs() {
            let body = build(module, func, metering).expect("a body");
            let text = print(&body);
            let checked = CheckedBody::check(module, body);
            let checked = checked.unwrap_or_else(|rejection| panic!("{rejection}\n{text}"));
            assert_eq!(verify(module, checked.body()), Ok(()));
            assert!(checked.module().is_same(module) && checked.func() == func);
        }
    }
}

#[test]
fn honest_bodies_are_accepted() {
    MODULES.iter().for_each(|(_, text)| accepted(&module(text)));
}

/// Hints may be missing where a body is bare of them; places of locals may not.
#[test]
fn hints_may_be_missing() {
    for (name, _) in MODULES {
        let module = named(name);
        let text = print(&build(&module, last(&module), Metering::BOTH).expect("a body"));
        let bare = text.lines().map(|line| {
            let mut line = line.to_owned();
            if line.starts_with("block") {
                let (head, rest) = line.split_once('@').expect("an offset");
                let number = head.split_once(' ').expect("a number").0;
                line = format!("{number} none @{rest}");
                (0..4).for_each(|at| line = line.replace(&format!(" stack{at}"), ""));
            }
            line + "\n"
        });
        let body = parse(&bare.collect::<String>()).expect("a body");
        CheckedBody::check(&module, body).expect("equal without hints");
    }
}

#[test]
fn each_twin_is_refused_by_its_rule() {
    let mut rules = BTreeSet::new();
    let mut wrong = String::new();
    let mut count = 0;
    for row in include_str!("check/twins.txt").lines() {
        if row.is_empty() || row.starts_with('#') {
            continue;
        }
        let (head, edits) = row.split_once(": ").expect("a rule and a module");
        let (rule, name) = head.split_once(' ').expect("a rule and a module");
        let module = named(name);
        let honest = print(&build(&module, last(&module), Metering::BOTH).expect("a body"));
        let text = edited(&honest, edits);
        let given = match parse(&text).map(|body| CheckedBody::check(&module, body)) {
            Ok(Err(rejection)) => {
                rules.insert(rejection.rule);
                rejection.rule.to_string()
            }
            Ok(Ok(_)) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        count += 1;
        if given != rule {
            write!(wrong, "{row}\n    {given}\n").expect("a string");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count > 100, "{count}");
    let missing: Vec<_> = Rule::ALL.iter().copied().filter(|rule| !rules.contains(rule)).collect();
    assert_eq!(missing, [Rule::Size], "each other rule has a twin");
}

fn rule(module: &Module, body: Body) -> Rule {
    CheckedBody::check(module, body).expect_err("a refusal").rule
}

/// A body with lists that belong to another one, or with nothing at all, is refused and nothing
/// panics.
#[test]
fn lists_of_other_bodies_are_refused() {
    let module = module("(module (func (param i32) (result i32) local.get 0))");
    let func = last(&module);
    let honest = build(&module, func, Metering::NONE).expect("a body");
    let (offset, end) =
        honest.blocks().map(|(_, data)| (data.offset, data.end)).next().expect("one");
    let mut other = Assembler::new(func, Metering::NONE);
    let values = [Value::from_u32(0); 40];
    let operands = other.operands(&values);
    let far = other.operands(&values);
    let target = honest.entry();
    let edge = other.edge(target, &values.map(Arg::from));
    let far_edge = other.edge(target, &values.map(Arg::from));
    let (edges, targets) = (other.edges(&[edge; 9]), other.targets(&[0; 9]));
    let clauses = other.clauses(&[]);
    let index = Value::from_u32(0);
    for terminator in [
        Terminator::Return(operands),
        Terminator::Return(far),
        Terminator::Return(List::EMPTY),
        Terminator::Jump(edge),
        Terminator::Jump(far_edge),
        Terminator::Table { index, edges, targets },
        Terminator::Catch { clauses, outer: Some(edge) },
        Terminator::Unreachable,
    ] {
        let mut out = Assembler::new(func, Metering::NONE);
        out.block(Origin::Entry, offset);
        out.param(ValType::I32, Place::Local(0));
        out.end(terminator, end);
        assert!(matches!(rule(&module, out.finish()), Rule::Operands | Rule::Control));
    }
    far_arguments_are_refused();
    assert_eq!(rule(&module, Assembler::new(func, Metering::NONE).finish()), Rule::Size);
    let imported = Assembler::new(FuncIdx(u32::MAX), Metering::NONE).finish();
    assert_eq!(rule(&module, imported), Rule::Function);
    let mut out = Assembler::new(func, Metering::NONE);
    out.block(Origin::Entry, offset);
    out.param(ValType::I32, Place::Local(0));
    out.inst(Op::Poll, Imm::None, &[], [], offset);
    out.end(Terminator::Unreachable, end);
    assert_eq!(rule(&module, out.finish()), Rule::Operators);
}

/// An edge whose arguments are a list of another body, to a block that takes none.
fn far_arguments_are_refused() {
    let module = module("(module (func (param i32) block local.get 0 br_if 0 end))");
    let honest = build(&module, last(&module), Metering::NONE).expect("a body");
    let copy = |far: bool| {
        let mut other = Assembler::new(honest.func(), Metering::NONE);
        other.edge(honest.entry(), &[Arg::payload(0); 40]);
        let list = other.edge(honest.entry(), &[Arg::payload(0); 40]).args;
        let mut out = Assembler::new(honest.func(), Metering::NONE);
        for (block, data) in honest.blocks() {
            out.block(data.origin, data.offset);
            if block == honest.entry() {
                out.param(ValType::I32, Place::Local(0));
            }
            let terminator = match data.terminator {
                Terminator::Branch { condition, mut then, otherwise } => {
                    then.args = if far { list } else { then.args };
                    Terminator::Branch { condition, then, otherwise }
                }
                other => other,
            };
            out.end(terminator, data.end);
        }
        out.finish()
    };
    assert_eq!(copy(false), honest);
    CheckedBody::check(&module, copy(false)).expect("the honest one");
    assert_eq!(rule(&module, copy(true)), Rule::Function);
}

/// A search that would take the product of branches and locals ends at the limit.
#[test]
fn steps_are_limited() {
    let function = |count: usize| {
        let locals = "i32 ".repeat(count);
        let mut text = format!("(module (func (param i32) (local {locals}) block ");
        (1..=count)
            .for_each(|local| write!(text, "local.get 0 local.set {local} ").expect("a string"));
        (0..count).for_each(|_| text += "local.get 0 br_if 0 ");
        text += "end ";
        (1..=count).for_each(|local| write!(text, "local.get {local} drop ").expect("a string"));
        module(&(text + "))"))
    };
    let limits = prova_ssa::Limits { args_base: u64::MAX / 2, args_per_byte: 0 };
    for (count, refused) in [(300, false), (2000, true)] {
        let module = function(count);
        let func = last(&module);
        let body = build_within(&module, func, Metering::NONE, limits).expect("a body");
        let given = CheckedBody::check(&module, body).err().map(|rejection| rejection.rule);
        assert_eq!(given, refused.then_some(Rule::Size));
    }
}
