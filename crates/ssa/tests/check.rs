//! What the check accepts and what it refuses, by rule.
//!
//! The twins (`check/twins.txt`) are edits of text: each breaks the honest body of a module beside
//! it in one place, and must be refused by the rule it names. Bodies that no text can say (lists of
//! another body) and shapes that grow are made here.
//!
//! Green does not show that every wrong body is refused: `prova-testing ssa-edits` tries random
//! ones, and runs what is accepted.

use prova_module::{Features, FuncIdx, Limits, Module, ValType};
use prova_ssa::check::Rule;
use prova_ssa::{
    Arg, Assembler, Body, CheckedBody, Imm, List, Metering, Op, Origin, Place, Terminator, Value,
    build, build_within, parse, print, verify,
};
use std::collections::{BTreeSet, HashMap};
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

/// One edit of a text.
fn edit(text: &str, edit: &str) -> String {
    let edit = edit.strip_prefix(' ').unwrap_or(edit);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = |part: &str| {
        let at = text.lines().position(|line| line.contains(part));
        at.unwrap_or_else(|| panic!("no line with {part:?} in\n{text}"))
    };
    if let Some(part) = edit.strip_prefix("drop ") {
        lines.remove(line(part));
    } else if let Some(part) = edit.strip_prefix("twice ") {
        let at = line(part);
        // The results of the second one have names of their own.
        let copy = lines[at].split_once(": ").map(|(_, rest)| format!("  v91: {rest}"));
        let copy = copy.unwrap_or_else(|| lines[at].clone());
        lines.insert(at + 1, copy);
    } else if let Some(part) = edit.strip_prefix("swap ") {
        let at = line(part);
        lines.swap(at, at + 1);
    } else {
        let (from, to) = edit.split_once(" =>").expect("an edit");
        let to = to.strip_prefix(' ').unwrap_or(to);
        if let Some(part) = from.strip_prefix("after ") {
            let at = line(part);
            let new = to.split(" / ").map(str::to_owned);
            lines.splice(at + 1..at + 1, new);
        } else {
            assert!(text.contains(from), "no {from:?} in\n{text}");
            return replaced(text, from, to);
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// All of `from` that are whole words at both ends.
fn replaced(text: &str, from: &str, to: &str) -> String {
    let mut new = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let inside = is_word(from.chars().last()) && is_word(after.chars().next());
        new += before;
        new += if inside { from } else { to };
        rest = after;
    }
    new + rest
}

/// Numbers blocks and values in the order in which they are defined.
fn renumbered(text: &str) -> String {
    let mut names = HashMap::new();
    let (mut blocks, mut values) = (0, 0);
    for line in text.lines() {
        if let Some((head, _)) = line.split_once(' ').filter(|_| line.starts_with("block")) {
            names.entry(head.to_owned()).or_insert_with(|| {
                blocks += 1;
                format!("block{}", blocks - 1)
            });
        }
        for (at, _) in line.match_indices(": ") {
            let start = line[..at].rfind([' ', '(']).map_or(0, |at| at + 1);
            names.insert(line[start..at].to_owned(), format!("v{values}"));
            values += 1;
        }
    }
    let mut new = String::new();
    let mut word = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() {
            word.push(c);
            continue;
        }
        new += names.get(&word).unwrap_or(&word);
        word.clear();
        new.push(c);
    }
    new
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
        let text = renumbered(&edits.split(" ; ").fold(honest, |text, one| edit(&text, one)));
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
    let missing: Vec<_> = Rule::ALL.into_iter().filter(|rule| !rules.contains(rule)).collect();
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
