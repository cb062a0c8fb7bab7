//! Planted faults of the executors: the operator that is named for each.
//!
//! `RUSTFLAGS='--cfg prova_plant' cargo test -p prova-runs --test diverge_plants` builds the
//! executors once with all plants; each is chosen while it runs, and meets the reference tier,
//! which has none. Without the flag nothing of this is compiled.
//!
//! A green run does not show that each fault would be seen in a program: each program here executes
//! the operator with operands that show it.
#![cfg(prova_plant)]

use prova_core::wasi::WasiCtxBuilder;
use prova_core::{Config, FuncType, Result, Tier, Val};
use prova_runs::diverge::{Divergence, Options, Side, Verdict, diverge};
use prova_runs::trace::live;
use prova_runtime::plant::{Plant, plant};
use std::sync::Arc;

fn none(_: &str, _: &FuncType, _: &[String]) -> Result<Vec<Val>> {
    Ok(Vec::new())
}

/// The fault, what the guilty function computes for a number, and the operator that is named.
const FAULTS: &[(Plant, &str, &str)] = &[
    (
        Plant::OperandsSwapped,
        "(i32.sub (local.get $n) (i32.mul (local.get $n) (i32.const 3)))",
        "i32.sub",
    ),
    (
        Plant::CountUnmasked,
        "(i32.shl (local.get $n) (i32.add (local.get $n) (i32.const 32)))",
        "i32.shl",
    ),
    (Plant::SignDropped, "(i32.load8_s offset=900 (local.get $n))", "i32.load8_s"),
    (
        Plant::ComparisonSigned,
        "(i64.lt_u (i64.extend_i32_u (local.get $n)) (i64.sub (i64.const 0) (i64.extend_i32_u (local.get $n))))",
        "i64.lt_u",
    ),
    (
        Plant::NanLost,
        "(i32.wrap_i64 (i64.shr_u (i64.reinterpret_f64 (f64.min (f64.convert_i32_s (local.get $n)) (f64.div (f64.const 0) (f64.const 0)))) (i64.const 40)))",
        "f64.min",
    ),
    (
        Plant::SaturationSigned,
        "(i32.trunc_sat_f32_u (f32.mul (f32.convert_i32_u (local.get $n)) (f32.const 3e9)))",
        "i32.trunc_sat_f32_u",
    ),
    (
        Plant::LanesCut,
        "(i32x4.extract_lane 0 (i8x16.shuffle 16 1 17 3 18 5 19 7 8 9 10 11 12 13 14 15 (i32x4.splat (local.get $n)) (i32x4.splat (i32.add (local.get $n) (i32.const 77)))))",
        "i8x16.shuffle",
    ),
    (
        Plant::StoreNarrow,
        "(i32.store offset=300 (local.get $n) (i32.mul (local.get $n) (i32.const 100000))) (i32.load offset=300 (local.get $n))",
        "i32.store",
    ),
    (Plant::LocalsNotZeroed, "(i32.add (local.get $n) (local.get $zero))", "i32.add"),
    (
        Plant::MemoryStale,
        "(drop (memory.grow (i32.const 1))) (i32.store (i32.const 70000) (local.get $n)) (i32.load (i32.const 70000))",
        "",
    ),
];

fn program(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module (memory (export "memory") 1)
      (data (i32.const 900) "\f0\f1\f2\f3\f4\f5\f6\f7\f8\f9")
      (func $good (param $n i32) (result i32) (i32.rotl (local.get $n) (i32.const 3)))
      (func $guilty (param $n i32) (result i32) (local $zero i32) {body})
      (func $use (param $n i32) (i32.store (i32.const 8)
        (i32.xor (i32.load (i32.const 8)) (i32.xor (call $good (local.get $n)) (call $guilty (local.get $n))))))
      (func (export "_start") (local $i i32)
        (loop $next
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (call $use (local.get $i))
          (br_if $next (i32.lt_u (local.get $i) (i32.const 9))))))"#
    );
    wat::parse_str(text).expect("text format")
}

fn compared(bytes: &[u8]) -> Divergence {
    let [mut tail, mut reference] = [Config::new(), Config::new()];
    tail.tier(Tier::TAIL);
    reference.tier(Tier::Reference);
    let record = live(&reference, bytes, WasiCtxBuilder::new().build(), (None, &[]), &none);
    let sides = [
        Side { name: "tail".into(), config: &tail, module: None },
        Side { name: "reference".into(), config: &reference, module: None },
    ];
    let record = Arc::new(record.expect("it runs"));
    diverge(&record, &sides, Options::default(), &none).expect("both sides start")
}

#[test]
fn the_guilty_operator_is_named() {
    let mut missed = Vec::new();
    for (fault, body, operator) in FAULTS {
        let bytes = program(body);
        plant(Plant::None);
        assert_eq!(compared(&bytes).verdict, Verdict::Same, "{fault:?}");
        plant(*fault);
        let report = compared(&bytes);
        plant(Plant::None);
        let text = report.to_text();
        let spot = report.first.and_then(|first| first.a.or(first.b));
        let named = spot.map(|spot| (spot.event.name, spot.event.operator));
        let right = matches!(&named, Some((func, op)) if func == "guilty" && op == operator);
        println!("{fault:?}: {named:?}");
        if !right && !operator.is_empty() {
            missed.push(format!("{fault:?}\n{text}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
