//! Exceptions in machine code: thrown, passed on and caught by code of both kinds and by hosts,
//! with the results, traps and backtraces of bytecode.
//!
//! A green run does not show which exceptions a store keeps (`crates/testing/tests/exceptions.rs`).

use crate::common::{same, same_imported, same_with};
use crate::mixed::{self, HEAD};
use prova_check::Layout;
use prova_core::{
    Caller, CompileError, Config, Engine, FuncType, Linker, MachineCode, MachineCompiler, Module,
    Settings, Store, Tag, Val, ValType,
};
use prova_module::{Features, FuncIdx, Limits, Module as Decoded};
use prova_native::{LANDINGS_MAX, NativeCompiler, ROOTS_MAX};
use std::fmt::Write as _;

const VALUES: &str = r#"(module
    (tag $e (param i32 i64 f32 f64 v128 externref funcref))
    (tag $f (param i32)) (tag $none)
    (func $seven (result i32) (i32.const 7)) (elem declare func $seven)
    (type $t (func (result i32)))
    (func $throw (param i32)
      (if (i32.eq (local.get 0) (i32.const 1)) (then
        (throw $e (i32.const 11) (i64.const -12) (f32.const 1.5) (f64.const -2.5)
          (v128.const i32x4 1 2 3 4) (ref.null extern) (ref.func $seven))))
      (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $f (i32.const 22))))
      (if (i32.eq (local.get 0) (i32.const 3)) (then (throw $none)))
      (if (i32.eq (local.get 0) (i32.const 4)) (then (drop (i32.div_s (i32.const 1) (i32.const 0))))))
    (func (export "all") (param i32) (result i32)
      (local $v v128) (local $d f64) (local $s f32) (local $l i64) (local $r funcref)
      (local $x externref)
      (block $f (result i32)
        (block $n
          (block $e (result i32 i64 f32 f64 v128 externref funcref)
            (try_table (catch $e $e) (catch $f $f) (catch $none $n) (call $throw (local.get 0)))
            (return (i32.const -1)))
          (local.set $r) (local.set $x) (local.set $v) (local.set $d) (local.set $s) (local.set $l)
          (i32.add (i32.wrap_i64 (local.get $l)))
          (i32.add (i32.trunc_f32_s (local.get $s)))
          (i32.add (i32.trunc_f64_s (local.get $d)))
          (i32.add (i32x4.extract_lane 3 (local.get $v)))
          (i32.add (ref.is_null (local.get $x)))
          (i32.add (call_ref $t (ref.cast (ref $t) (local.get $r))))
          (return))
        (return (i32.const 1000)))
      (i32.add (i32.const 100))))"#;

fn numbers(numbers: &[i32]) -> Vec<[Val; 1]> {
    numbers.iter().map(|&n| [Val::I32(n)]).collect()
}

fn calls<'a>(names: &[&'a str], args: &'a [[Val; 1]]) -> Vec<(&'a str, &'a [Val])> {
    names.iter().flat_map(|&name| args.iter().map(move |args| (name, &args[..]))).collect()
}

#[test]
fn clauses_get_values_of_every_type() {
    // Casts are another proposal: the reference comes back through a table.
    let text = VALUES
        .replace("(ref.cast (ref $t) (local.get $r))", "(local.get $r)")
        .replace("(call_ref $t", "(call $through")
        .replace(
            "(type $t (func (result i32)))",
            "(type $t (func (result i32))) (table 1 funcref)
             (func $through (param funcref) (result i32)
               (table.set (i32.const 0) (local.get 0)) (call_indirect (type $t) (i32.const 0)))",
        );
    same(&text, &calls(&["all"], &numbers(&[0, 1, 2, 3, 4])));
}

const NESTED: &str = r#"(module
    (tag $e (param i32)) (tag $f (param i32)) (tag $g)
    (global $count (mut i32) (i32.const 0))
    (func $throw (param i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $e (i32.const 10))))
      (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $f (i32.const 20))))
      (if (i32.eq (local.get 0) (i32.const 3)) (then (throw $g))))
    (func $between (param i32) (result i32)
      (block $h (result i32)
        (try_table (catch $f $h) (call $throw (local.get 0)))
        (return (i32.const 1)))
      (i32.add (i32.const 2)))
    (func (export "nested") (param i32) (result i32) (local $a i32) (local $b i64)
      (local.set $a (i32.const 100)) (local.set $b (i64.const 5))
      (block $all
        (block $o (result i32)
          (try_table (catch $e $o)
            (block $i (result i32)
              (try_table (catch $f $i) (catch_all $all)
                (local.set $a (i32.const 200))
                (try_table (catch $f $i) (catch $e $o)
                  (local.set $b (i64.const 6))
                  (call $throw (local.get 0)))
                (local.set $a (i32.add (local.get $a) (i32.const 1)))
                (drop (call $between (local.get 0)))
                (throw $e (i32.const 7)))
              (unreachable))
            (local.set $a (i32.add (local.get $a)))
            (throw $e (local.get $a)))
          (unreachable))
        (return (i32.add (i32.add (local.get $a)) (i32.wrap_i64 (local.get $b)))))
      (i32.sub (i32.const 0) (i32.add (local.get $a) (i32.wrap_i64 (local.get $b)))))
    (func (export "loop") (param i32) (result i32) (local $s i32) (local $n i32)
      (local.set $n (i32.const 50))
      (loop $l
        (block $h (result i32)
          (try_table (catch $e $h) (catch $f $h) (call $throw (local.get 0))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (return (local.get $s)))
        (local.set $s (i32.add (local.get $s)))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (i32.add (local.get $s) (global.get $count)))
    (func (export "through") (param i32) (result i32) (call $between (local.get 0)))
    (func (export "tail") (param i32) (return_call $throw (local.get 0)))
    (func $caught_tail (param i32) (return_call $throw (local.get 0)))
    (func (export "around") (param i32) (result i32)
      (block $h (result i32)
        (try_table (catch $e $h) (call $caught_tail (local.get 0)))
        (return (i32.const 3)))))"#;

/// The outer handler is reached from the inner one, and from a call behind it, with what the inner
/// one knows.
const BEHIND: &str = r#"(module (tag $e (param i32)) (tag $f (param i32))
    (func $throw (param i32)
      (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $e (i32.const 10))))
      (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $f (i32.const 20)))))
    (func (export "behind") (param i32 i32) (result i32) (local $x i32)
      (block $o (result i32)
        (try_table (catch $f $o)
          (block $i (result i32)
            (try_table (catch $e $i)
              (local.set $x (i32.const 3)) (call $throw (local.get 0))
              (local.set $x (i32.const 4)) (call $throw (i32.add (local.get 0) (i32.const 1))))
            (return (i32.const -1)))
          (drop)
          (call $throw (local.get 1))
          (return (local.get $x)))
        (unreachable))
      (i32.add (local.get $x))))"#;

#[test]
fn handlers_know_what_others_know() {
    let args: Vec<[Val; 2]> =
        (0..3).flat_map(|a| (0..3).map(move |b| [Val::I32(a), Val::I32(b)])).collect();
    let calls: Vec<(&str, &[Val])> = args.iter().map(|args| ("behind", &args[..])).collect();
    same(BEHIND, &calls);
}

#[test]
fn handlers_nest_and_loops_go_on() {
    let args = numbers(&[0, 1, 2, 3]);
    same(NESTED, &calls(&["nested", "loop", "through", "tail", "around"], &args));
}

const REFERENCES: &str = r#"(module
    (tag $e (param i32)) (tag $f)
    (global $kept (mut exnref) (ref.null exn)) (table $kept 2 exnref)
    (func $throw (param i32)
      (if (local.get 0) (then (throw $e (local.get 0))) (else (throw $f))))
    (func $catch (param i32) (result exnref)
      (block $h (result exnref)
        (try_table (catch_all_ref $h) (call $throw (local.get 0)))
        (ref.null exn)))
    (func $pass (param exnref) (throw_ref (local.get 0)))
    (func (export "again") (param i32) (result i32) (local $r exnref)
      (local.set $r (call $catch (local.get 0)))
      (block $h (result i32 exnref)
        (try_table (catch_ref $e $h) (call $pass (local.get $r)))
        (return (i32.const -1)))
      (global.set $kept)
      (table.set $kept (i32.const 1) (global.get $kept))
      (i32.add (ref.is_null (table.get $kept (i32.const 0)))))
    (func (export "kept") (param i32) (result i32)
      (block $h (result i32)
        (try_table (catch $e $h) (throw_ref (table.get $kept (local.get 0))))
        (return (i32.const -1))))
    (func (export "null") (param i32) (throw_ref (ref.null exn)))
    (func (export "or") (param i32) (result i32)
      (block $n
        (block $h (result exnref)
          (try_table (catch_all_ref $h) (br_if $n (i32.eq (local.get 0) (i32.const 5)))
            (call $throw (local.get 0)))
          (return (i32.const 2)))
        (drop (br_on_null $n))
        (return (i32.const 4)))
      (i32.const 6)))"#;

#[test]
fn references_are_caught_kept_and_thrown_again() {
    let args = numbers(&[3, 0, 5, 1]);
    same(REFERENCES, &calls(&["again", "kept", "null", "or", "kept"], &args));
}

#[test]
fn searches_cost_the_same() {
    let fuel = |config: &mut Config| {
        config.consume_fuel(true);
    };
    let args = numbers(&[0, 1, 2, 3]);
    same_with((None, NESTED), &calls(&["nested", "loop", "through"], &args), &[], fuel);
    let epoch = |config: &mut Config| {
        config.epoch_interruption(true);
    };
    same_with((None, NESTED), &calls(&["nested", "loop", "through"], &args), &[], epoch);
    same_with((None, REFERENCES), &calls(&["again", "or"], &args), &[], fuel);
}

#[test]
fn tags_are_compared_by_address() {
    let exporter = r#"(module (tag $t (export "t") (param i32)) (export "u" (tag $t)) (tag (export "v") (param i32))
        (func (export "f") (param i32) (throw $t (local.get 0))))"#;
    let text = r#"(module (import "e" "t" (tag $t (param i32))) (import "e" "u" (tag $u (param i32)))
        (import "e" "v" (tag $v (param i32))) (import "e" "f" (func $f (param i32)))
        (func (export "alias") (param i32) (result i32)
          (block $h (result i32)
            (try_table (catch $v $h) (catch $u $h) (call $f (local.get 0)))
            (i32.const 0)))
        (func (export "other") (param i32) (result i32)
          (block $h (result i32) (try_table (catch $v $h) (call $f (local.get 0))) (i32.const 0))))"#;
    same_imported(exporter, text, &calls(&["alias", "other"], &numbers(&[1, 2])));
}

/// A function that throws, one that passes on, one that catches: each as code of either kind.
#[test]
fn exceptions_pass_from_code_of_each_kind_to_each() {
    for kinds in 0..8 {
        let stays = |bit: u32| match kinds >> bit & 1 {
            0 => "",
            _ => "(if (i32.eq (local.get 0) (i32.const -9)) (then (call $nine) (unreachable)))",
        };
        let (one, two, three) = (stays(0), stays(1), stays(2));
        let text = format!(
            "(module {HEAD}
            (func $throw (param i32) {one}
              (if (local.get 0) (then (throw $e (local.get 0)))))
            (func $pass (param i32) (local i64 i64) {two} (call $throw (local.get 0)))
            (func $tail (param i32) {two} (return_call $throw (local.get 0)))
            (func (export \"catch\") (param i32) (result i32) (local $x i32) {three}
              (local.set $x (i32.const 40))
              (block $h (result i32)
                (try_table (catch $e $h) (call $pass (local.get 0)) (call $tail (local.get 0)))
                (i32.const -1))
              (i32.add (local.get $x)))
            (func (export \"ref\") (param i32) (result i32) {three}
              (block $h (result i32)
                (try_table (catch $e $h)
                  (block $r (result exnref)
                    (try_table (catch_all_ref $r) (call $pass (local.get 0)))
                    (return (i32.const 2)))
                  (throw_ref))
                (unreachable)))
            (func (export \"back\") (param i32) (result i32) {two}
              (call $pass (i32.rem_s (local.get 0) (i32.const 3))) (call $host (local.get 0)))
            (func (export \"uncaught\") (param i32) {three} (call $pass (local.get 0))))"
        );
        let args = numbers(&[0, 1, 77, 5]);
        let names = ["catch", "uncaught", "ref", "back", "catch"];
        // One throws; two pass on, and `back`; three catch or do not.
        let stay = (0..3).filter(|bit| kinds >> bit & 1 != 0).map(|bit| [1, 3, 3][bit]).sum();
        mixed::same(&text, &calls(&names, &args), stay);
    }
}

/// Hosts throw into code and catch what it throws.
#[test]
fn hosts_throw_and_catch() {
    let text = r#"(module (import "h" "e" (tag $e (param i32)))
        (import "h" "throw" (func $throw (param i32)))
        (func $pass (param i32) (call $throw (local.get 0)))
        (func (export "catch") (param i32) (result i32)
          (block $h (result i32)
            (try_table (catch $e $h) (call $pass (local.get 0)))
            (i32.const -1)))
        (func (export "direct") (param i32) (result i32)
          (block $h (result i32)
            (try_table (catch $e $h) (call $throw (local.get 0)))
            (i32.const -1)))
        (func (export "uncaught") (param i32) (call $pass (local.get 0)))
        (func (export "own") (param i32) (throw $e (i32.add (local.get 0) (i32.const 1)))))"#;
    let wasm = wat::parse_str(text).expect("the text is well-formed");
    let run = |native: bool| {
        let mut config = Config::new();
        if native {
            config.native(NativeCompiler::new());
        }
        let engine = Engine::new(&config).expect("the configuration is valid");
        let module = Module::new(&engine, &wasm).expect("the module is valid");
        let mut store = Store::new(&engine, ());
        let ty = FuncType::new(&engine, [ValType::I32], []);
        let tag = Tag::new(&mut store, &ty).expect("a tag");
        let mut linker = Linker::new(&engine);
        linker.define(&store, "h", "e", tag).expect("a new name");
        let throw = move |mut caller: Caller<'_, ()>, n: i32| -> prova_core::Result<()> {
            if n == 0 { Ok(()) } else { caller.throw::<()>(tag, &[Val::I32(n)]) }
        };
        linker.func_wrap("h", "throw", throw).expect("a new name");
        let instance = linker.instantiate(&mut store, &module).expect("all imports are there");
        let mut out = String::new();
        for name in ["catch", "direct", "uncaught", "own", "catch"] {
            for n in [0, 4, 9] {
                let func = instance.get_func(&mut store, name).expect("an exported function");
                let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
                match func.call(&mut store, &[Val::I32(n)], &mut results) {
                    Ok(()) => writeln!(out, "{results:?}"),
                    Err(error) => writeln!(out, "{error:#}"),
                }
                .expect("a string");
            }
        }
        if native {
            assert!(module.refusals().is_empty(), "{:?}", module.refusals());
        }
        out
    };
    assert_eq!(run(true), run(false));
}

/// The outcome for function 0 of a module.
fn made(text: &str) -> Result<MachineCode, CompileError> {
    let bytes = wat::parse_str(text).expect("the text is well-formed");
    let module = Decoded::decode(bytes, &Features::default(), &Limits::default()).expect("valid");
    let (compiler, settings) = (NativeCompiler::new(), Settings::default());
    let layout = Layout::derive(module.bytes(), &compiler.config(&settings)).expect("a layout");
    compiler.function(&module, &layout, &settings, FuncIdx(0))
}

#[test]
fn landings_and_roots_have_limits() {
    let tags = 64;
    let landings = |calls: usize| {
        let clauses = "(catch $e $h)".repeat(tags);
        let calls = "(call 0)".repeat(calls);
        format!("(module (tag $e) (func (block $h (try_table {clauses} {calls}))))")
    };
    made(&landings(LANDINGS_MAX / tags)).expect("as many as are allowed");
    let outcome = made(&landings(LANDINGS_MAX / tags + 1));
    let is_limit = |outcome: Result<MachineCode, CompileError>, max: usize| match outcome {
        Err(CompileError::Declined(why)) => assert!(why.contains(&max.to_string()), "{why}"),
        other => panic!("{other:?}"),
    };
    is_limit(outcome, LANDINGS_MAX);
    let locals = 64;
    let roots = |calls: usize| {
        let (locals, calls) = ("exnref ".repeat(locals), "(call 0)".repeat(calls));
        format!("(module (func (local {locals}) {calls}))")
    };
    made(&roots(ROOTS_MAX / locals)).expect("as many as are allowed");
    is_limit(made(&roots(ROOTS_MAX / locals + 1)), ROOTS_MAX);
}
