//! Faults of `rewrite`: every bit of what it makes is turned, one at a time, and everything that is
//! still a module must be refused, for its plan and for plans with a fault.
//!
//! A green run does not show that two faults at once are seen.

use crate::ask::error::Error;
use crate::ask::image::Image;
use crate::ask::intrinsic::Intrinsics;
use crate::ask::plan::{New, Plan};
use crate::ask::request::Requests;
use crate::write::emission::{Filled, How, fill};
use crate::write::rewrite::rewrite;
use prova_emit::emitted::EmittedBody;
use prova_module::{Features, FuncIdx, Limits, Module, Proposal};
use prova_ssa::{Body, Metering, build};

const CASES: &[&str] = &[
    include_str!("../../../tests/cases/values.wat"),
    include_str!("../../../tests/cases/loop.wat"),
    include_str!("../../../tests/cases/text.wat"),
    // All intrinsics of cells, in functions with locals and parameters and without.
    include_str!("../../../tests/cases/generic.wat"),
    // Globals that are added, where there are none and behind others.
    include_str!("../../../tests/cases/globals.wat"),
    r#"(module (import "weval" "read.global.1" (func $read (result i64)))
        (import "weval" "write.global.0" (func $write (param i64)))
        (import "a" "g" (global i32)) (global (mut i64) (i64.const 5)) (memory 1) (table 1 funcref) (elem (i32.const 0) $s)
        (data (i32.const 3) "x")
        (func $s (local i64) (call $write (call $read)) (global.set 1 (local.get 0)))
        (func $t (param i64) (result i64) (i64.add (call $read) (global.get 1))))"#,
    // Items that the others do not have: a start, tags, passive segments, two memories,
    // expressions.
    r#"(module (import "weval" "pop.context" (func $pop)) (import "a" "b" (func $b (param i32)))
        (import "a" "g" (global $i i32)) (import "weval" "push.context" (func $push (param i32)))
        (import "weval" "read.reg" (func $read (param i64) (result i64)))
        (import "weval" "specialize.value" (func $value (param i32 i32 i32) (result i32)))
        (type $f (func)) (memory 1 3) (memory i64 2) (tag $t (param i32)) (start $s)
        (table $x 3 9 funcref) (table $y 1 externref) (global $g (mut i32) (i32.const 5))
        (global $r funcref (ref.func $s)) (global $h i32 (global.get $i))
        (elem (table $x) (i32.const 1) func $s $b) (elem func $s) (elem declare func $s)
        (elem (table $x) (global.get $i) funcref (ref.func $s) (ref.null func))
        (func $s (local i32 f64) (call $pop) (call $b (i32.const 3)) (drop (ref.func $s))
          (call $push (i32.const 9)) (drop (call $read (i64.const 1)))
          (drop (call $value (i32.const 1) (i32.const 0) (i32.const 3)))
          (call_indirect (type $f) (i32.const 1)) (throw $t (i32.const 4)))
        (func $more (result i64) (i64.const 1))
        (data (memory 1) (i64.const 8) "abc") (data "passive") (data (i32.const 3) "x")
        (export "m" (memory 1)) (export "s" (func $s)) (export "t" (tag $t)))"#,
];

fn decoded(wasm: Vec<u8>) -> Option<Module> {
    let all = Proposal::ALL.iter().fold(Features::WASM1, |all, &one| all.with(one));
    Module::decode(wasm, &all, &Limits::default()).ok()
}

/// A module, its intrinsics, and a plan with what is new.
fn case(text: &str) -> (Module, Intrinsics, Plan) {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    let module = decoded(wasm).expect("a valid module");
    let intrinsics = Intrinsics::find(&module).expect("intrinsics");
    let mut plan = Plan::default();
    if let Ok(requests) = Image::of(&module).and_then(|image| Requests::read(&module, &image)) {
        plan.patches = requests.patches;
    }
    plan.patches.insert(7, vec![1, 2]);
    for (func, slot) in module.defined_funcs().zip([64, 96]) {
        plan.funcs.push(New { ty: module.func_type_idx(func), name: "new".to_owned(), slot });
    }
    (module, intrinsics, plan)
}

/// Where the last custom section begins: names mean nothing.
fn customs(wasm: &[u8]) -> usize {
    let mut at = wasm.len();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let Ok(wasmparser::Payload::CustomSection(section)) = payload {
            at = at.min((section.range().start as usize).saturating_sub(8));
        }
    }
    at
}

#[test]
fn every_turned_bit_is_refused() {
    for text in CASES {
        let (module, intrinsics, plan) = case(text);
        let made = rewrite(&module, &intrinsics, &plan).expect("it is rewritten").bytes;
        let hollow = decoded(made.clone()).expect("a valid module");
        super::check(&module, &hollow, &intrinsics, &plan, &[]).expect("the rest is what it was");
        let (end, mut tried) = (customs(&made), 0);
        for bit in 64..8 * end {
            let mut wasm = made.clone();
            wasm[bit / 8] ^= 1 << (bit % 8);
            let Some(hollow) = decoded(wasm) else { continue };
            tried += 1;
            let same = super::check(&module, &hollow, &intrinsics, &plan, &[]).is_ok();
            // An import section without imports becomes a custom one, which means nothing.
            let empty = bit % 8 == 1 && made[bit / 8..].starts_with(&[2, 1, 0]);
            assert!(!same || empty, "bit {} of byte {:#x} is turned", bit % 8, bit / 8);
        }
        println!("{tried} modules");
        assert!(tried > 100);
    }
}

/// An edit of a plan.
type Edit = fn(&mut Plan);

#[test]
fn other_plans_are_refused() {
    let edits: &[(&str, Edit)] = &[
        ("a function less", |plan| {
            plan.funcs.pop();
        }),
        ("a function more", |plan| plan.funcs.push(plan.funcs[0].clone())),
        ("no function", |plan| plan.funcs.clear()),
        ("a function elsewhere", |plan| plan.funcs[1].slot += 4),
        ("another function's place", |plan| {
            let slot = plan.funcs[0].slot;
            plan.funcs[0].slot = std::mem::replace(&mut plan.funcs[1].slot, slot);
        }),
        ("a byte less", |plan| {
            plan.patches.insert(7, vec![1]);
        }),
        ("another byte", |plan| {
            plan.patches.insert(7, vec![1, 3]);
        }),
        ("another place", |plan| {
            let bytes = plan.patches.remove(&7);
            plan.patches.extend(bytes.map(|bytes| (6, bytes)));
        }),
        ("a patch more", |plan| {
            plan.patches.insert(99, vec![0]);
        }),
        ("a patch less", |plan| {
            plan.patches.remove(&7);
        }),
    ];
    for text in CASES {
        let (module, intrinsics, plan) = case(text);
        let made = rewrite(&module, &intrinsics, &plan).expect("it is rewritten").bytes;
        let hollow = decoded(made).expect("a valid module");
        for (what, edit) in edits {
            let mut other = plan.clone();
            edit(&mut other);
            let refused = super::check(&module, &hollow, &intrinsics, &other, &[]);
            assert!(matches!(refused, Err(Error::Output(_))), "{what}");
        }
        // The original module, and a module with its intrinsics.
        assert!(super::check(&module, &module, &intrinsics, &plan, &[]).is_err());
    }
}

/// Pairs of modules that differ in one thing, each of which is refused for the other one.
#[test]
fn other_modules_are_refused() {
    for (one, other) in [
        ("(func $f) (start $f)", "(func $f)"),
        ("(func $f) (func $g) (start $f)", "(func $f) (func $g) (start $g)"),
        (
            "(func $f) (table 1 funcref (ref.func $f)) (elem declare func $f)",
            "(func $f) (table 1 funcref) (elem declare func $f)",
        ),
        (r#"(import "a" "g" (global i32))"#, "(global i32 (i32.const 0))"),
        (r#"(import "a" "t" (table 1 funcref))"#, "(table 1 funcref)"),
        (r#"(import "a" "m" (memory 1))"#, "(memory 1)"),
        (r#"(import "a" "e" (tag))"#, "(tag)"),
        (r#"(import "a" "f" (func))"#, r#"(import "a" "g" (func))"#),
        (r#"(import "a" "f" (func))"#, r#"(import "b" "f" (func))"#),
        (r#"(import "a" "f" (func))"#, r#"(import "a" "f" (func)) (import "a" "f" (func))"#),
        (r#"(memory 1) (export "m" (memory 0))"#, "(memory 1)"),
        ("(memory 1)", "(memory 1) (memory 1)"),
        ("(tag)", "(tag) (tag)"),
        ("(global i32 (i32.const 0))", "(global i32 (i32.const 0)) (global i32 (i32.const 0))"),
        ("(table 1 funcref)", "(table 1 funcref) (table 1 funcref)"),
        ("(func) (elem declare func 0)", "(func) (elem func 0)"),
        (r#"(memory 1) (data "a")"#, r#"(memory 1) (data (i32.const 0) "a")"#),
        ("(func (drop (i32.const 1)))", "(func (drop (i32.const 1)) (nop))"),
        ("(func (local i32))", "(func (local i64))"),
        ("(func (local i32))", "(func (local i32 i32))"),
    ] {
        let module = |text: &str| {
            let wasm = wat::parse_str(format!("(module {text})")).expect("a module");
            decoded(wasm).unwrap_or_else(|| panic!("{text}"))
        };
        let (one, other) = (module(one), module(other));
        let check = |old: &Module, new: &Module| {
            let intrinsics = Intrinsics::find(old).expect("no intrinsics");
            super::check(old, new, &intrinsics, &Plan::default(), &[])
        };
        for (old, new) in [(&one, &other), (&other, &one)] {
            assert!(check(old, old).is_ok());
            assert!(check(old, new).is_err(), "{:?}", old.bytes());
        }
    }
}

/// Proofs of bodies are taken for the functions that they are of, in the module that they are of.
#[test]
fn other_proofs_are_refused() {
    let text = r#"(module (func (result i64) (i64.const 1)) (func (result i64) (i64.const 2))
        (table 2 funcref) (memory 1) (elem (i32.const 0) 0 1) (data (i32.const 0) "x"))"#;
    let module = decoded(wat::parse_str(text).expect("a module")).expect("a valid module");
    let intrinsics = Intrinsics::find(&module).expect("no intrinsics");
    let funcs: Vec<FuncIdx> = module.defined_funcs().collect();
    let new = |(&func, slot)| New { ty: module.func_type_idx(func), name: "new".to_owned(), slot };
    let plan = Plan { funcs: funcs.iter().zip([64, 96]).map(new).collect(), ..Plan::default() };
    let wasm = rewrite(&module, &intrinsics, &plan).expect("it is rewritten").bytes;
    let made = |order: [usize; 2]| {
        let body = |(at, number): (usize, u32)| {
            let body = build(&module, funcs[at], Metering::NONE).expect("a body");
            body.with_func(FuncIdx(number))
        };
        let bodies: Vec<Body> = order.into_iter().zip(2..).map(body).collect();
        let (features, limits) = (module.features(), &Limits::default());
        let how = How { features, limits, threads: 1, keep_stores: false };
        match fill(&wasm, &bodies, &how) {
            Ok(Filled::Done(made)) => made,
            _other => panic!("it has no bytes"),
        }
    };
    let (right, turned) = (made([0, 1]), made([1, 0]));
    let check = |proofs: &[EmittedBody]| {
        super::check(&module, &right.module, &intrinsics, &plan, proofs).is_ok()
    };
    assert!(check(&right.proofs));
    assert!(!check(&turned.proofs), "proofs of another module");
    assert!(!check(&[]), "no proofs");
    assert!(!check(&right.proofs[..1]), "one proof");
    let [first, second] = &right.proofs[..] else { panic!("two proofs") };
    assert!(!check(&[second.clone(), first.clone()]), "proofs that change places");
}
