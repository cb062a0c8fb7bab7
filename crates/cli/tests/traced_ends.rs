//! `diverge`, `replay`, `shrink` and `--record` where runs end: what tracing itself ends, results
//! that look alike, records that are cut or in the way.
//!
//! A green run does not show that no other end is taken for the program's own.

use crate::common::{Run, Scratch};

/// Calls itself the given number of times, and then writes four bytes.
fn deep(depth: u32, text: &str) -> String {
    format!(
        r#"(module
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\10\00\00\00\04\00\00\00") (data (i32.const 16) "{text}")
        (func $f (param i32) (result i32)
          (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
            (else (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1)))))))
        (func (export "_start")
          (drop (call $f (i32.const {depth})))
          (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))))"#
    )
}

fn differs(run: &Run) {
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.out.starts_with("first difference"), "{}", run.out);
}

fn builds(test: &str, depth: u32) -> Scratch {
    let scratch = Scratch::new(test);
    scratch.write("a.wat", deep(depth, "yes\\n"));
    scratch.write("b.wat", deep(depth, "no!\\n"));
    scratch
}

/// Frames of instrumented functions are larger: the stack grows with the program's.
#[test]
fn a_deep_stack_is_traced_to_its_end() {
    let scratch = builds("traced-deep", 700_000);
    for level in ["host", "stores"] {
        let options = format!("-W max-wasm-stack=100000000 --level {level}");
        let args = format!("diverge {options} --sides tail --against b.wat a.wat");
        differs(&scratch.run(&args));
    }
}

/// Where the instrumented runs alone run out of fuel, the later events are not compared.
#[test]
fn runs_that_tracing_cuts_are_not_the_same() {
    let scratch = builds("traced-cut", 100);
    let cut = scratch.run("diverge --fuel 3000 --sides tail --against b.wat a.wat");
    assert_eq!(cut.code, 1, "{cut:?}");
    assert!(cut.out.starts_with("no difference in the first "), "{}", cut.out);
    assert!(cut.out.contains("what comes then was not compared"), "{}", cut.out);
    let json = scratch.run("diverge --json --fuel 3000 --sides tail --against b.wat a.wat");
    assert!(json.out.contains("\"verdict\": \"cut\""), "{}", json.out);
    differs(&scratch.run("diverge --fuel 100000 --sides tail --against b.wat a.wat"));
    // There is nothing to make small.
    let shrunk = scratch.run("shrink --out s --fuel 3000 --sides tail --against b.wat a.wat");
    assert_eq!(shrunk.code, 2, "{shrunk:?}");
}

/// Types and bits are compared, not how they are written.
#[test]
fn results_that_look_alike_differ() {
    let scratch = Scratch::new("traced-results");
    let module = |ty: &str, value: &str| {
        format!("(module (func (export \"run\") (result {ty}) ({ty}.const {value})))")
    };
    let nan = |bits: u32| {
        format!(
            "(module (func (export \"run\") (result f32) (f32.reinterpret_i32 (i32.const {bits}))))"
        )
    };
    for (a, b, bits) in [
        (module("i32", "3"), module("i64", "3"), "i32 0x3 | i64 0x3"),
        (module("f32", "1"), module("i32", "1"), "f32 0x3f800000 | i32 0x1"),
        (nan(0x7fc0_0001), nan(0x7fc0_0002), "f32.reinterpret_i32: value 0x7fc00002"),
    ] {
        scratch.write("a.wat", a);
        scratch.write("b.wat", b);
        let run = scratch.run("diverge --sides tail --against b.wat --invoke run a.wat");
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.out.contains(bits), "{}", run.out);
        let same = scratch.run("diverge --sides tail --against a.wat --invoke run a.wat");
        assert_eq!(same.code, 0, "{same:?}");
    }
}

#[test]
fn a_build_without_a_start_is_no_side() {
    let scratch = builds("traced-start", 1);
    scratch.write("none.wat", "(module)");
    let run = scratch.run("diverge --sides tail --against none.wat a.wat");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains("side tail none.wat exports no `_start`"), "{}", run.err);
}

/// A replay has the stack that its options say, and tells where it ends otherwise or asks less.
#[test]
fn a_replay_ends_as_the_run_did() {
    let scratch = builds("traced-replay", 200_000);
    let run = |options: &str| scratch.run(&format!("run {options} a.wat")).code;
    assert_eq!(run("-W max-wasm-stack=100000000 --record deep"), 0);
    let same = scratch.run("replay -W max-wasm-stack=100000000 deep");
    assert_eq!(same.code, 0, "{same:?}");
    let less = scratch.run("replay -W max-wasm-stack=100000 deep");
    assert_eq!(less.code, 1, "{less:?}");
    let noted = scratch.run("diverge -W max-wasm-stack=100000 --sides tail,match deep");
    assert!(noted.out.contains("note: when it was recorded, the program returned"), "{noted:?}");
}

#[test]
fn what_is_read_is_not_written_over() {
    let scratch = builds("traced-over", 1);
    let before = std::fs::read(scratch.0.join("a.wat")).expect("it was written");
    std::fs::create_dir(scratch.0.join("s")).expect("a folder");
    scratch.write("s/small.wat", deep(1, "yes\\n"));
    for args in [
        "run --record a.wat a.wat",
        "trace --emit ./a.wat a.wat",
        "diverge --html a.wat --sides tail --against b.wat a.wat",
        "diverge --html b.wat --sides tail --against b.wat a.wat",
        "inspect --function 1 --report a.wat a.wat",
        "shrink --out s --sides tail --against b.wat s/small.wat",
    ] {
        let run = scratch.run(args);
        assert_eq!(run.code, 2, "{args}: {run:?}");
        assert!(run.err.contains("that is what is read: name another file"), "{args}: {}", run.err);
    }
    assert_eq!(std::fs::read(scratch.0.join("a.wat")).expect("it is there"), before);
    // A call that cannot be made leaves an older record as it is.
    assert_eq!(scratch.run("run --record r a.wat").code, 0);
    let record = std::fs::read(scratch.0.join("r")).expect("it was recorded");
    for call in ["--invoke nosuch a.wat", "--invoke _start a.wat 1"] {
        assert_ne!(scratch.run(&format!("run --record r {call}")).code, 0);
        assert_eq!(std::fs::read(scratch.0.join("r")).expect("it is there"), record, "{call}");
    }
}

/// A reduction may make a program that does not end: then the fuel of the search bounds it.
#[test]
fn a_small_module_that_does_not_end_is_bounded() {
    let scratch = Scratch::new("traced-endless");
    let module = |by: u32| {
        format!(
            "(module (func $rec (param i32 i64) (result i64)
              (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
              (return_call $rec (i32.sub (local.get 0) (i32.const 1))
                (i64.add (local.get 1) (i64.const {by}))))
            (func (export \"run\") (param i32) (result i64)
              (call $rec (local.get 0) (i64.const 0))))"
        )
    };
    scratch.write("a.wat", module(3));
    scratch.write("b.wat", module(4));
    let run = scratch.run("shrink --out s --sides tail --against b.wat --invoke run a.wat 1000");
    assert_eq!(run.code, 0, "{run:?}");
    let line = run.out.lines().find_map(|line| line.strip_prefix("reproduce, in s: prova "));
    let again = Scratch(scratch.0.join("s")).run(line.expect("a command"));
    assert_eq!(again.code, 1, "{again:?}");
}

/// Grows a memory and a table, and tells what both gave.
const GROWS: &str = r#"(module (memory 1) (table 1 funcref)
  (func (export "h") (result i32 i32)
    (memory.grow (i32.const 3)) (table.grow (ref.null func) (i32.const 100))))"#;

/// Limits of memories, tables and the store are those of the run where it is replayed, traced and
/// compared.
#[test]
fn limits_of_growth_hold_in_traced_runs() {
    let scratch = Scratch::new("traced-grows");
    scratch.write("grows.wat", GROWS);
    for (limit, ended) in [
        ("-W max-memory-size=131072", "returned -1, 1"),
        ("-W max-table-elements=50", "returned 1, -1"),
        ("-W max-store-size=131072", "returned -1, 1"),
        (
            "-W max-memory-size=131072,trap-on-grow-failure",
            "trapped (memory or table growth failed)",
        ),
        ("", "returned 1, 1"),
    ] {
        scratch.run(&format!("run --record r {limit} --invoke h grows.wat"));
        for command in ["replay", "replay --tier native --level stores", "trace --deterministic"] {
            let told = scratch.run(&format!("{command} {limit} r"));
            assert_eq!(told.code, 0, "{command} {limit}: {told:?}");
            assert!(told.out.contains(ended), "{command} {limit}: {told:?}");
        }
        let compared = scratch.run(&format!("diverge {limit} --sides tail,native r"));
        assert_eq!(compared.code, 0, "{limit}: {compared:?}");
        assert!(compared.out.contains(ended), "{limit}: {compared:?}");
        std::fs::remove_file(scratch.0.join("r")).expect("it was recorded");
    }
    assert_eq!(
        scratch.run("run --record r -W max-memory-size=131072 --invoke h grows.wat").code,
        0
    );
    let other = scratch.run("replay r");
    assert_eq!(other.code, 1, "{other:?}");
}

/// A structure, an array and a small integer that a run ends with.
const OBJECTS: &str = r#"(module (type $p (struct (field i32))) (type $a (array i8))
  (func (export "h") (result anyref anyref anyref)
    (struct.new $p (i32.const 1)) (array.new_default $a (i32.const 1)) (ref.i31 (i32.const -3))))"#;

/// Results are printed alike by every command.
#[test]
fn objects_are_printed_alike() {
    let scratch = Scratch::new("traced-objects");
    scratch.write("objects.wat", OBJECTS);
    let run = scratch.run("run --record r --invoke h objects.wat");
    assert_eq!(run.out, "<structref>\n<arrayref>\n-3\n");
    for command in ["replay", "trace --level stores", "diverge --sides tail,reference"] {
        let told = scratch.run(&format!("{command} r"));
        assert_eq!(told.code, 0, "{told:?}");
        assert!(told.out.contains("returned <structref>, <arrayref>, -3"), "{told:?}");
    }
}

/// A list that has 30,000 structures at the end, if there is room.
const LIST: &str = r#"(module
  (type $l (struct (field (ref null $l)) (field i64)))
  (func (export "h") (result i32) (local $x (ref null $l)) (local $n i32)
    (loop $a
      (local.set $x (struct.new $l (local.get $x) (i64.const 5)))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $a (i32.lt_u (local.get $n) (i32.const 30000))))
    (local.get $n)))"#;

/// The limit of the heap ends replayed, traced and compared runs where it ended the program.
#[test]
fn a_full_heap_ends_traced_runs_alike() {
    let scratch = Scratch::new("traced-heap");
    scratch.write("list.wat", LIST);
    let limit = "-W max-gc-heap-size=500000";
    let run = scratch.run(&format!("run --record r {limit} --invoke h list.wat"));
    assert_eq!(run.code, 134, "{run:?}");
    let full = "GC heap out of memory";
    assert!(run.err.contains(full), "{run:?}");
    for command in [
        "replay",
        "replay --tier native --level stores",
        "replay --deterministic --tier reference",
        "trace --deterministic --level calls",
    ] {
        let told = scratch.run(&format!("{command} {limit} r"));
        assert_eq!(told.code, 0, "{command}: {told:?}");
        assert!(told.out.contains(full), "{command}: {told:?}");
    }
    let compared = scratch.run(&format!("diverge {limit} --sides tail,native r"));
    assert_eq!(compared.code, 0, "{compared:?}");
    assert!(compared.out.contains(full), "{compared:?}");
    let other = scratch.run("replay r");
    assert_eq!(other.code, 1, "{other:?}");
    assert!(other.out.contains("when it was recorded, the program trapped"), "{other:?}");
}
