//! Bodies that begin with a round of a loop: what is proposed for the loops of files, that it does
//! what the function does, and edits that are accepted or refused by rule.
//!
//! The twins (`entered/twins.txt`) are edits of a proposal for a loop: of its body, of its places,
//! of the block that each block is a copy of. Each must be refused by the rule it names, or
//! accepted where it says `ok`.
//!
//! A green run does not show that every wrong body is refused; `prova-testing native --swaps` runs
//! what is made of random functions.

use crate::edit;
use prova_module::{BlockKind, Features, FuncIdx, Limits, Module, ValType};
use prova_ssa::entered::{EnterError, EnteredBody, Refusal, enter, propose};
use prova_ssa::replace::PassRule;
use prova_ssa::{Block, Metering, Place, parse, print};
use std::collections::BTreeSet;
use std::fmt::Write;

const NESTED: &str = include_str!("entered/nested.wat");
const ABOVE: &str = include_str!("entered/above.wat");
const DEEP: &str = include_str!("entered/deep.wat");
const TABLE: &str = include_str!("entered/table.wat");
const EXCEPT: &str = include_str!("entered/except.wat");
const GUARDED: &str = include_str!("entered/guarded.wat");

fn module(text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("a module");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

/// The loops of the last function, outer ones first, by their offsets.
fn loops(module: &Module) -> (FuncIdx, Vec<u32>) {
    let func = module.defined_funcs().last().expect("a function");
    let blocks = &module.facts(func).expect("facts").blocks;
    let loops = blocks.iter().filter(|block| block.kind == BlockKind::Loop);
    (func, loops.map(|block| block.start).collect())
}

#[test]
fn what_is_proposed_is_proved() {
    for (text, count) in [(NESTED, 2), (ABOVE, 1), (DEEP, 1), (TABLE, 1), (EXCEPT, 1), (GUARDED, 1)]
    {
        let module = module(text);
        let (func, loops) = loops(&module);
        assert_eq!(loops.len(), count);
        for (offset, metering) in loops.iter().zip([Metering::NONE, Metering::BOTH]) {
            let entered = enter(&module, func, *offset, metering).expect("a body");
            assert_eq!(entered.offset(), *offset);
            let params = entered.body().block(entered.body().entry()).params();
            assert_eq!(params.len(), entered.places().len());
        }
    }
}

/// A value that was made before the round, and may be made again in a loop around, has one
/// definition: the header's parameter.
#[test]
fn the_inner_loop_of_two() {
    let module = module(NESTED);
    let (func, loops) = loops(&module);
    let entered = enter(&module, func, loops[1], Metering::NONE).expect("a body");
    let places: Vec<Place> = entered.places().to_vec();
    // n, x, i, j, s, k.
    assert_eq!(places.len(), 6);
    let locals: BTreeSet<u32> = places
        .iter()
        .map(|place| match place {
            Place::Local(local) => *local,
            Place::Stack(_) | Place::None => panic!("{place:?}"),
        })
        .collect();
    assert_eq!(locals.len(), 6);
    let outer = enter(&module, func, loops[0], Metering::NONE).expect("a body");
    assert!(outer.places().len() < 6, "j and k are written before they are read");
}

#[test]
fn loops_that_cannot_be_entered_say_why() {
    let module = module(
        "(module (import \"m\" \"see\" (func $see (result i32))) (tag $t)
          (func (param i32) (loop (br_if 0 (local.get 0))))
          (func (loop))
          (func (local i32) (loop
            (call $see) (loop (br_if 0 (local.get 0))) (local.set 0) (br_if 0 (local.get 0))))
          (func (i32.const 1) (loop (try_table (catch $t 0) (throw $t))) (drop))
          (func
            (call $see) (loop (try_table (catch $t 0) (drop (call $see)))) (drop)
            (call $see) (loop (br_if 0 (call $see))) (drop)))",
    );
    let offset = |func: u32| {
        let blocks = &module.facts(FuncIdx(func)).expect("facts").blocks;
        let found = blocks.iter().rfind(|block| block.kind == BlockKind::Loop);
        found.expect("a loop").start
    };
    let way = |func: u32, offset: u32| enter(&module, FuncIdx(func), offset, Metering::NONE);
    assert!(way(1, offset(1)).is_ok());
    for (func, why) in [
        (2, "there is no loop, or no edge leads back to it"),
        (3, "an operand below it is made again, and is read before"),
        (4, "there is no loop, or no edge leads back to it"),
    ] {
        let refused = way(func, offset(func)).expect_err("no way");
        assert_eq!(refused, EnterError::NoWay(why), "{func}");
    }
    // The operands of a later loop are not those of one before it.
    assert!(way(5, offset(5)).is_ok());
    let first = module.facts(FuncIdx(5)).expect("facts").blocks.iter();
    let first = first.filter(|block| block.kind == BlockKind::Loop).map(|block| block.start).min();
    let refused = way(5, first.expect("a loop")).expect_err("only a handler leads back to it");
    assert_eq!(refused, EnterError::NoWay("there is no loop, or no edge leads back to it"));
    assert!(matches!(way(1, offset(1) + 1), Err(EnterError::NoWay(_))), "no loop");
    assert!(matches!(way(9, offset(1)), Err(EnterError::Build(_))), "no function");
}

/// Operands below a loop come in by the stack, each in its cell.
#[test]
fn a_loop_above_operands() {
    let module = module(ABOVE);
    let (func, loops) = loops(&module);
    let entered = enter(&module, func, loops[0], Metering::NONE).expect("a body");
    let places: Vec<(Place, u32)> =
        entered.places().iter().copied().zip(entered.cells().iter().copied()).collect();
    // n, x, v; an i64, a v128, and the loop's own value.
    let local = |local, cell| (Place::Local(local), cell);
    let stack = |at, cell| (Place::Stack(at), cell);
    assert_eq!(places, [stack(0, 5), stack(1, 6), stack(2, 8), local(1, 1), local(2, 2)]);
}

/// A way back from above more operands, a label with two values, a local behind a wide one.
#[test]
fn a_way_back_from_above() {
    let module = module(DEEP);
    let (func, loops) = loops(&module);
    let entered = enter(&module, func, loops[0], Metering::NONE).expect("a body");
    let body = entered.body();
    let types = body.block(body.entry()).params().map(|param| body.value(param).ty);
    let cells = entered.cells().iter().copied();
    let found: Vec<_> = entered.places().iter().copied().zip(cells).zip(types).collect();
    // n has cell 0, v cells 1 and 2, k cell 3.
    let stack = |at, cell, ty| ((Place::Stack(at), cell), ty);
    let expected = [
        stack(0, 4, ValType::I64),
        stack(1, 5, ValType::I32),
        stack(2, 6, ValType::I64),
        ((Place::Local(2), 3), ValType::I64),
    ];
    assert_eq!(found, expected);
}

/// The rule that refuses an edited proposal for a loop of a module, or `ok`.
fn judge(name: &str, edits: &str) -> String {
    let (text, number) = match name {
        "inner" => (NESTED, 1),
        "outer" => (NESTED, 0),
        "above" => (ABOVE, 0),
        "deep" => (DEEP, 0),
        "table" => (TABLE, 0),
        "except" => (EXCEPT, 0),
        _ => panic!("no loop {name}"),
    };
    let module = module(text);
    let (func, loops) = loops(&module);
    let proposed = propose(&module, func, loops[number], Metering::NONE);
    let (whole, mut proposal) = proposed.expect("a proposal");
    let mut text = print(&proposal.body);
    for one in edits.split(" ; ").map(str::trim).filter(|one| !one.is_empty()) {
        let words: Vec<&str> = one.split(' ').collect();
        let number = |at: usize| words[at].parse::<u32>().expect("a number");
        match words[0] {
            "origin" if words.len() == 2 => drop(proposal.origins.remove(number(1) as usize)),
            "origin" => proposal.origins[number(1) as usize] = Block::from_u32(number(2)),
            "local" => proposal.places[number(1) as usize] = Place::Local(number(2)),
            "stack" => proposal.places[number(1) as usize] = Place::Stack(number(2)),
            "nowhere" => proposal.places[number(1) as usize] = Place::None,
            "places" => proposal.places.truncate(number(1) as usize),
            "offset" => proposal.offset = loops[number(1) as usize],
            _ => text = edit::edited(&text, one),
        }
    }
    proposal.body = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    match EnteredBody::check(&module, &whole, proposal) {
        Ok(_) => "ok".to_owned(),
        Err(Refusal::Whole(rejection)) => format!("whole-{}", rejection.rule),
        Err(Refusal::Copies(rejection)) => rejection.rule.to_string(),
    }
}

#[test]
fn twins_are_judged_by_their_rules() {
    let (mut wrong, mut rules) = (String::new(), BTreeSet::new());
    for row in include_str!("entered/twins.txt").lines() {
        if row.is_empty() || row.starts_with('#') {
            continue;
        }
        let (head, edits) = row.split_once(':').expect("a colon");
        let (rule, name) = head.split_once(' ').expect("a rule and a loop");
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
    assert!(rules.contains("whole-function") && rules.contains("whole-locals"), "{rules:?}");
}
