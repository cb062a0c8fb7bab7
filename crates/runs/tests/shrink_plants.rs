//! Planted faults in a module of a thousand functions: `diverge` names the function and the
//! operator, and `shrink` makes a module of less than 2 KB of it.
//!
//! `RUSTFLAGS='--cfg prova_plant' cargo test -p prova-runs --test shrink_plants` builds the
//! executors and the bytecode with all plants; each is chosen while it runs, and meets the
//! reference tier, which has none. Without the flag nothing of this is compiled.
//!
//! A green run does not show that each fault would be seen in a program: one function has the
//! operators that show it, and the others do not. A fault that reads values that earlier calls have
//! left on the stack (a local that is not zeroed) may not show in a separate module: none is here.
#![cfg(prova_plant)]

use prova_bytecode::plant::{Plant as Edit, plant as edit};
use prova_core::wasi::WasiCtxBuilder;
use prova_core::{Config, FuncType, Result, Tier, Val};
use prova_runs::diverge::Side;
use prova_runs::shrink::{Class, Options, Shrunk, shrink};
use prova_runs::trace::live;
use prova_runtime::plant::{Plant, plant};
use std::fmt::Write;
use std::sync::Arc;

/// The bytes that a small module may have.
const SMALL: usize = 2048;
/// Functions beside the guilty one.
const OTHERS: usize = 1000;

fn none(_: &str, _: &FuncType, _: &[String]) -> Result<Vec<Val>> {
    Ok(Vec::new())
}

/// The fault of an executor, what the guilty function computes, and the class of the difference.
const EXECUTORS: &[(Plant, &str, &str)] = &[
    (
        Plant::OperandsSwapped,
        "(i32.sub (local.get $n) (i32.mul (local.get $n) (i32.const 3)))",
        "i32.sub: value",
    ),
    (
        Plant::SignDropped,
        "(i32.add (local.get $n) (i32.load8_s offset=900 (local.get $n)))",
        "i32.load8_s: load: address, value",
    ),
    (
        Plant::ComparisonSigned,
        "(i64.lt_u (i64.extend_i32_u (local.get $n)) (i64.sub (i64.const 0) (i64.extend_i32_u (local.get $n))))",
        "i64.lt_u: value",
    ),
    (
        Plant::StoreNarrow,
        "(i32.store offset=300 (local.get $n) (i32.mul (local.get $n) (i32.const 100000))) (i32.load offset=300 (local.get $n))",
        "i32.store: store: address, value",
    ),
];

/// The edit of bytecode, and the same. (Tracing keeps each result in a local, so the copy into an
/// input is seen where the operand of an operator is overwritten.)
const EDITS: &[(Edit, &str, &str)] = &[
    (
        Edit::BehindBranch,
        "local.get $n block local.get $n br_if 0 i32.const 10 local.set $n end i32.const 5 i32.add",
        // Closer tracing hides it: the call is named.
        "call: returned",
    ),
    (
        Edit::IntoInput,
        "local.get $n
         (local.set $n (i32.add (i32.mul (local.get $n) (i32.const 3)) (i32.rotl (local.get $n) (i32.const 5))))
         local.get $n i32.xor",
        "i32.rotl: value",
    ),
    (
        Edit::IntoLoop,
        "local.get $n
         loop $l
           (if (i32.ne (local.get $n) (i32.const -1))
             (then (local.set $n (i32.const -1)) (br $l)))
         end
         i32.const 5 i32.add",
        "i32.add: value",
    ),
];

/// A program of many functions, one of which has this body.
fn program(body: &str) -> Vec<u8> {
    let mut text = String::from(
        r#"(module (memory (export "memory") 2)
      (global $seed (mut i32) (i32.const 12345))
      (data (i32.const 900) "\f0\f1\f2\f3\f4\f5\f6\f7\f8\f9")
      (func $put (param $at i32) (param $value i32)
        (i32.store offset=4096 (i32.and (local.get $at) (i32.const 0xfffc)) (local.get $value)))
      "#,
    );
    for other in 0..OTHERS {
        write!(
            text,
            "(func $other{other} (param $n i32) (result i32) (local $sum i32)
               (loop $next
                 (local.set $sum (i32.add (local.get $sum) (i32.rotl (local.get $n) (i32.const {}))))
                 (local.set $n (i32.shr_u (local.get $n) (i32.const {})))
                 (br_if $next (local.get $n)))
               (call $put (local.get $sum) (i32.xor (global.get $seed) (i32.const {other})))
               (global.set $seed (i32.add (global.get $seed) (local.get $sum)))
               (local.get $sum)) ",
            other % 31 + 1,
            other % 5 + 1,
        )
        .ok();
        if other == OTHERS / 2 {
            write!(
                text,
                "(func $guilty (param $n i32) (result i32) (local $zero i32) {body})
                 (func $use (param $n i32) (result i32)
                   (call $put (local.get $n) (call $guilty (local.get $n))) (i32.const 1)) "
            )
            .ok();
        }
    }
    text.push_str(r#"(func (export "_start") (local $i i32) (loop $again "#);
    for other in 0..OTHERS {
        write!(text, "(drop (call $other{other} (local.get $i))) ").ok();
        if other == OTHERS / 2 {
            text.push_str("(drop (call $use (i32.add (local.get $i) (i32.const 1))))");
        }
    }
    text.push_str(
        "(local.set $i (i32.add (local.get $i) (i32.const 1)))
         (br_if $again (i32.lt_u (local.get $i) (i32.const 4)))))) ",
    );
    wat::parse_str(text).expect("text format")
}

fn shrunk(bytes: &[u8], plants: impl Fn(bool)) -> Result<Shrunk> {
    let [mut tail, mut reference] = [Config::new(), Config::new()];
    tail.tier(Tier::TAIL);
    reference.tier(Tier::Reference);
    let record = live(&reference, bytes, WasiCtxBuilder::new().build(), (None, &[]), &none)?;
    let sides = [
        Side { name: "tail".into(), config: &tail, module: None },
        Side { name: "reference".into(), config: &reference, module: None },
    ];
    plants(true);
    let shrunk = shrink(&Arc::new(record), &sides, Options::default(), &none);
    plants(false);
    shrunk
}

/// The complaint about the module that was made of a fault; `None` if it is right.
fn wrong(name: &str, class: &str, found: Result<Shrunk>) -> Option<String> {
    let found = match found {
        Ok(found) => found,
        Err(error) => return Some(format!("{name}: {error:#}")),
    };
    let spot = found.before.first.as_ref().and_then(|first| first.a.as_ref().or(first.b.as_ref()));
    let named = spot
        .is_some_and(|spot| spot.event.name == "guilty" || spot.event.operator == "call guilty");
    let text = format!("{name}: {}{}", found.to_text(), found.wat(false, "").expect("text"));
    println!("{text}");
    let small = found.module.bytes().len() < SMALL && found.module.imports().is_empty();
    let same = Class::of(&found.after).as_ref() == Some(&found.class);
    (!named || !small || !same || found.class.to_string() != class)
        .then(|| text + &found.before.to_text())
}

/// One test, for what is planted is the process's.
#[test]
fn each_fault_is_named_and_made_small() {
    let mut missed = Vec::new();
    for (fault, body, class) in EXECUTORS {
        let plants = |on| plant(if on { *fault } else { Plant::None });
        missed.extend(wrong(&format!("{fault:?}"), class, shrunk(&program(body), plants)));
    }
    for (fault, body, class) in EDITS {
        let plants = |on| edit(if on { *fault } else { Edit::None });
        missed.extend(wrong(&format!("{fault:?}"), class, shrunk(&program(body), plants)));
    }
    let unplanted = shrunk(&program(EDITS[0].1), |_| {});
    assert!(unplanted.is_err(), "there is no fault");
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
