//! Programs that differ in one place → small modules that differ there.
//!
//! A green run does not show that the smallest module is found, nor that a fault is shrunk that
//! needs tables which the program has written, or references.

use prova_core::wasi::WasiCtxBuilder;
use prova_core::{Config, FuncType, Result, Tier, Val};
use prova_runs::diverge::{Options as Compared, Side};
use prova_runs::shrink::{Class, NoDifference, Options, Shrunk, shrink};
use prova_runs::trace::{Record, live};
use std::sync::Arc;

/// The bytes that a small module may have.
const SMALL: usize = 2048;

fn i32s(_: &str, _: &FuncType, texts: &[String]) -> Result<Vec<Val>> {
    texts.iter().map(|text| Ok(Val::I32(text.parse()?))).collect()
}

fn config() -> Config {
    let mut config = Config::new();
    config.tier(Tier::TAIL);
    config
}

fn recorded(bytes: &[u8], args: &[&str]) -> Arc<Record> {
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let wasi = WasiCtxBuilder::new().arg(b"program").arg(b"some text").build();
    let record = live(&config(), bytes, wasi, (Some("run"), &args), &i32s);
    Arc::new(record.expect("it can be run"))
}

fn against(a: &str, b: &str, args: &[&str]) -> Result<Shrunk> {
    let [a, b] = [a, b].map(|text| wat::parse_str(text).expect("text format"));
    let (record, config) = (recorded(&a, args), config());
    let sides = [
        Side { name: "a".into(), config: &config, module: None },
        Side { name: "b".into(), config: &config, module: Some(&b) },
    ];
    let compared = Compared { fuel: Some(2_000_000_000), ..Compared::default() };
    shrink(&record, &sides, Options { diverge: compared, ..Options::default() }, &i32s)
}

/// Copies of fields, one of them as long as the caller says.
const COPY: &str = r#"(module
  (memory (export "memory") 1)
  (func $copy (param $to i32) (param $from i32) (param $length i32)
    (if (i32.gt_u (local.get $length) (i32.const 64)) (then (return)))
    (memory.copy (local.get $to) (local.get $from) (local.get $length)))
  (func $sum (param $at i32) (result i32) (local $sum i32) (local $end i32)
    (local.set $end (i32.add (local.get $at) (i32.const 80)))
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (local.get $sum))
  (func (export "run") (param $length i32) (result i32)
    (memory.fill (i32.const 2000) (i32.const 1) (i32.const 80))
    (call $copy (i32.const 1000) (i32.const 2000) (i32.const 11))
    (call $copy (i32.const 1000) (i32.const 2000) (local.get $length))
    (call $sum (i32.const 1000))))"#;

/// Reads its arguments, and mixes them through a table of functions.
const MIX: &str = r#"(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (type $mix (func (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $state (mut i64) (i64.const 7))
  (table 2 funcref)
  (elem (i32.const 0) $fold $turn)
  (func $fold (type $mix) (i32.add (i32.mul (local.get 0) (i32.const 31)) (local.get 1)))
  (func $turn (type $mix) (local $t i64)
    (global.set $state (i64.add (global.get $state) (i64.extend_i32_u (local.get 1))))
    (local.set $t (i64.rotl (global.get $state) (i64.const 9)))
    (i32.xor (local.get 0) (i32.wrap_i64 (i64.rem_u (local.get $t) (i64.const 1000)))))
  (func $unused (param i32) (result i32) (i32.popcnt (local.get 0)))
  (func $text (param $at i32) (result i32) (local $sum i32)
    (block $end
      (loop $next
        (br_if $end (i32.eqz (i32.load8_u (local.get $at))))
        (local.set $sum (call_indirect (type $mix) (local.get $sum)
          (i32.load8_u (local.get $at)) (i32.and (local.get $at) (i32.const 1))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $sum))
  (func (export "run") (param i32) (result i32)
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $args (i32.const 100) (i32.const 200)))
    (i32.add (call $text (i32.load (i32.const 100))) (call $text (i32.load (i32.const 104))))))"#;

#[test]
fn a_limit_and_a_divisor_of_two_builds_are_cut_out() {
    let cases = [
        (COPY, "(i32.const 64))", "(i32.const 63))", "64", "i32.gt_u: value"),
        (MIX, "(i64.const 1000)", "(i64.const 1001)", "0", "i64.rem_u: value"),
        (MIX, "(i64.const 9)", "(i64.const 8)", "0", "i64.rotl: value"),
        (
            MIX,
            "(i32.const 31)) (local.get 1)",
            "(i32.const 37)) (local.get 1)",
            "0",
            "i32.mul: value",
        ),
    ];
    for (text, old, new, arg, class) in cases {
        assert!(text.contains(old), "{old}");
        let shrunk = against(text, &text.replacen(old, new, 1), &[arg]).expect(class);
        assert_eq!(shrunk.class.to_string(), class);
        assert_eq!(Class::of(&shrunk.after), Some(shrunk.class.clone()));
        let second = shrunk.against.as_ref().expect("two builds");
        println!("{}\n{}", shrunk.to_text(), shrunk.wat(false, "").expect("text"));
        for module in [&shrunk.module, second] {
            assert!(module.imports().is_empty());
            assert!(module.bytes().len() < SMALL, "{class}: {}", module.bytes().len());
        }
        assert!(shrunk.module.func_count() <= 3, "{class}: {}", shrunk.to_text());
        let again = against(text, &text.replacen(old, new, 1), &[arg]).expect("twice");
        assert_eq!(again.module.bytes(), shrunk.module.bytes(), "{class}");
    }
}

#[test]
fn what_does_not_differ_is_not_shrunk() {
    let other = COPY.replace("(i32.const 64))", "(i32.const 63))");
    let error = against(COPY, &other, &["50"]).expect_err("no difference");
    assert!(error.is::<NoDifference>(), "{error:#}");
}

#[test]
fn a_small_budget_ends_the_search_and_is_told() {
    let other = MIX.replacen("(i64.const 9)", "(i64.const 8)", 1);
    let [a, b] = [MIX, &other].map(|text| wat::parse_str(text).expect("text format"));
    let (record, config) = (recorded(&a, &["0"]), config());
    let sides = [
        Side { name: "a".into(), config: &config, module: None },
        Side { name: "b".into(), config: &config, module: Some(&b) },
    ];
    let options = Options { work: 4000, ..Options::default() };
    let shrunk = shrink(&record, &sides, options, &i32s).expect("it differs");
    assert!(shrunk.exhausted && shrunk.to_text().contains("the budget ended the search"));
    assert_eq!(Class::of(&shrunk.after), Some(shrunk.class));
}
