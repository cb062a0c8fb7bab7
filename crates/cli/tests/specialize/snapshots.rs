//! Snapshots that `-w` takes of modules of any shape: memories, segments, start function, globals.
//!
//! [`ROWS`] are cases by hand, each refusal beside a module that is accepted. The product is held
//! to the original module: a script calls the functions that `-w` runs, and asks for the value that
//! the new module gives.
//!
//! A green run does not show that Wizer writes the same bytes: only results are compared.

use super::{Place, prova, text};

/// Functions to add to a module; the options; then the result of `g`, or words of the refusal.
type Row = (&'static str, &'static [&'static str], Result<&'static str, &'static str>);

/// An initialiser that does nothing.
const INIT: &str = r#"(func (export "wizer-initialize"))"#;

/// `INIT` stands for the initialiser above.
const ROWS: &[Row] = &[
    // Without data, and with Wizer's older name.
    (
        r#"(memory 1)
           (func (export "wizer.initialize") (i32.store8 (i32.const 9) (i32.const 1)))
           (func (export "g") (result i32) (i32.load8_u (i32.const 9)))"#,
        &[],
        Ok("1"),
    ),
    // A start function runs before the initialiser, and not again.
    (
        r#"(memory (export "memory") 1) (data (i32.const 0) "a")
           (func $s (i32.store (i32.const 4) (i32.const 77))) (start $s)
           (func (export "wizer.initialize") (i32.store (i32.const 8) (i32.load (i32.const 4))))
           (func (export "g") (result i32) (i32.load (i32.const 8)))"#,
        &[],
        Ok("77"),
    ),
    // No memory at all, with and without a start function.
    (
        r#"(global $n (mut i32) (i32.const 0))
           (func (export "wizer-initialize") (global.set $n (i32.const 5)))
           (func (export "g") (result i32) (global.get $n))"#,
        &[],
        Ok("5"),
    ),
    (
        r#"(global $n (mut i32) (i32.const 1))
           (func $s (global.set $n (i32.add (global.get $n) (i32.const 10)))) (start $s)
           (func (export "wizer-initialize")
             (global.set $n (i32.mul (global.get $n) (i32.const 3))))
           (func (export "g") (result i32) (global.get $n))"#,
        &[],
        Ok("33"),
    ),
    (
        r#"(global $n (mut i32) (i32.const 1))
           (func $s (global.set $n (i32.add (global.get $n) (i32.const 10)))) (start $s) INIT
           (func (export "g") (result i32) (global.get $n))"#,
        &["--init-only"],
        Ok("11"),
    ),
    // The start function is the initialiser too: it runs twice, as in Wizer.
    (
        r#"(global $n (mut i32) (i32.const 1))
           (func $s (export "wizer-initialize")
             (global.set $n (i32.mul (global.get $n) (i32.const 7))))
           (start $s)
           (func (export "g") (result i32) (global.get $n))"#,
        &["--keep-init-func"],
        Ok("49"),
    ),
    // Start functions that fail.
    (r#"(func $s unreachable) (start $s) INIT"#, &[], Err("the start function failed")),
    (r#"(import "m" "s" (func $s)) (start $s) INIT"#, &[], Err("the start function failed")),
    (
        r#"(func $s (loop $l (br $l))) (start $s) INIT"#,
        &["--fuel", "1000"],
        Err("the start function and `wizer-initialize` have used up 1000 units of fuel"),
    ),
    (
        r#"(func $s) (start $s) INIT (func (export "g") (result i32) (i32.const 2))"#,
        &["--fuel", "1000"],
        Ok("2"),
    ),
    // A start function alone is no initialiser.
    (r#"(func $s) (start $s)"#, &[], Err("there is no exported function `wizer-initialize`")),
    // Passive segments stay, with the data count section; one that is dropped does not come back.
    (
        r#"(memory 1) (data $p "abc")
           (func $s (memory.init $p (i32.const 0) (i32.const 0) (i32.const 3))) (start $s) INIT
           (func (export "g") (result i32)
             (memory.init $p (i32.const 1) (i32.const 0) (i32.const 3))
             (i32.load (i32.const 0)))"#,
        &[],
        Ok("1667391841"),
    ),
    (
        r#"(memory 1) (data $p "abc")
           (func $s (memory.init $p (i32.const 0) (i32.const 0) (i32.const 3)) (data.drop $p))
           (start $s) INIT"#,
        &[],
        Err("a snapshot of a module with `data.drop`"),
    ),
    // An active segment is dropped once it is written, and keeps its number.
    (
        r#"(memory 1) (data $a (i32.const 0) "abc") (data $p "x") INIT
           (func (export "g") (result i32)
             (memory.init $a (i32.const 0) (i32.const 0) (i32.const 0))
             (memory.init $p (i32.const 3) (i32.const 0) (i32.const 1))
             (i32.load (i32.const 0)))"#,
        &[],
        Ok("2019779169"),
    ),
    // Several memories, of both address types and other pages.
    (
        r#"(memory $a i64 1) (memory $b 1 9) (memory $c 0)
           (data (memory $a) (i64.const 1) "a") (data (memory $b) (i32.const 2) "b")
           (func $s (i32.store8 $a (i64.const 3) (i32.const 4))) (start $s)
           (func (export "wizer-initialize")
             (drop (memory.grow $b (i32.const 2))) (drop (memory.grow $c (i32.const 1)))
             (i32.store8 $b (i32.const 150000) (i32.const 5)))
           (func (export "g") (result i32)
             (i32.add
               (i32.add (i32.load8_u $a (i64.const 3)) (i32.load8_u $b (i32.const 150000)))
               (i32.add
                 (i32.mul (memory.size $b) (i32.const 10))
                 (i32.add (i32.mul (memory.size $c) (i32.const 100))
                   (i32.mul (i32.load8_u $a (i64.const 1)) (i32.const 1000))))))"#,
        &[],
        Ok("97139"),
    ),
    (
        r#"(import "m" "m" (memory 1)) INIT"#,
        &[],
        Err("a snapshot of a module that imports a memory, table or global"),
    ),
    // Values of any type of number, also a vector.
    (
        r#"(global $v (mut v128) (v128.const i32x4 0 0 0 0))
           (func (export "wizer-initialize") (global.set $v (v128.const i32x4 1 2 3 4)))
           (func (export "g") (result i32) (i32x4.extract_lane 2 (global.get $v)))"#,
        &[],
        Ok("3"),
    ),
    (
        r#"(global $r (mut externref) (ref.null extern)) INIT"#,
        &[],
        Err("a mutable global that is a reference"),
    ),
    // Tables: calls through them are no change.
    (
        r#"(table 1 funcref) (elem (i32.const 0) $s) (global $n (mut i32) (i32.const 0))
           (func $s (global.set $n (i32.const 8)))
           (func $i (call_indirect (i32.const 0))) (start $i) INIT
           (func (export "g") (result i32) (global.get $n))"#,
        &[],
        Ok("8"),
    ),
    (
        r#"(table $t 1 funcref) (elem declare func $s)
           (func $s (table.set $t (i32.const 0) (ref.func $s))) (start $s) INIT"#,
        &[],
        Err("a snapshot of a module with `table.set`"),
    ),
    // Objects that outlive the initialiser.
    (
        r#"(type $t (struct (field (mut i32))))
           (global $o (ref $t) (struct.new $t (i32.const 1)))
           (func $s (struct.set $t 0 (global.get $o) (i32.const 6))) (start $s) INIT
           (func (export "g") (result i32) (struct.get $t 0 (global.get $o)))"#,
        &[],
        Err("a snapshot of a module with `struct.set`"),
    ),
    (
        r#"(type $t (struct (field (mut i32)))) (global $n (mut i32) (i32.const 0))
           (func $s (local $o (ref null $t))
             (local.set $o (struct.new $t (i32.const 1)))
             (struct.set $t 0 (local.get $o) (i32.const 6))
             (global.set $n (struct.get $t 0 (local.get $o))))
           (start $s) INIT (func (export "g") (result i32) (global.get $n))"#,
        &[],
        Ok("6"),
    ),
    // A second memory that grows, and one that begins empty.
    (
        r#"(memory (export "memory") 1) (memory $n 1)
           (func (export "wizer-initialize")
             (drop (memory.grow $n (i32.const 2))) (i64.store $n (i32.const 131072) (i64.const 9)))
           (func (export "g") (result i64) (i64.add (i64.load $n (i32.const 131072))
             (i64.mul (i64.const 1000) (i64.extend_i32_u (memory.size $n)))))"#,
        &[],
        Ok("3009"),
    ),
    (
        r#"(memory (export "memory") 0)
           (func (export "wizer-initialize")
             (drop (memory.grow (i32.const 1))) (i64.store (i32.const 65528) (i64.const 4)))
           (func (export "g") (result i64) (i64.load (i32.const 65528)))"#,
        &[],
        Ok("4"),
    ),
    // Pages of one byte.
    (
        r#"(memory (export "memory") 100 (pagesize 1))
           (func (export "wizer-initialize")
             (i64.store (i32.const 8) (i64.const 5)) (drop (memory.grow (i32.const 3))))
           (func (export "g") (result i64)
             (i64.add (i64.load (i32.const 8)) (i64.extend_i32_u (memory.size))))"#,
        &[],
        Ok("108"),
    ),
    // Active segments that overlap, at computed places, and what overwrites them.
    (
        r#"(memory (export "memory") 1) (data (i32.const 65530) "abcdef") (data (i32.const 65532) "zz")
           (data (i32.add (i32.const 65526) (i32.const 2)) "y")
           (func (export "wizer-initialize") (i32.store8 (i32.const 65531) (i32.const 64)))
           (func (export "g") (result i64) (i64.load (i32.const 65528)))"#,
        &[],
        Ok("7378438230001123449"),
    ),
    // The bits of a NaN.
    (
        r#"(global $n (mut f64) (f64.const 0))
           (func (export "wizer-initialize")
             (global.set $n (f64.reinterpret_i64 (i64.const 0x7ff4000000000001))))
           (func (export "g") (result i64) (i64.reinterpret_f64 (global.get $n)))"#,
        &[],
        Ok("9219994337134247937"),
    ),
    // Start function, constructor, initialiser: once each, in this order.
    (
        r#"(memory (export "memory") 1) (func $v (result i32) (i32.load (i32.const 8)))
           (func $s (i32.store (i32.const 8) (i32.add (call $v) (i32.const 1)))) (start $s)
           (func (export "_initialize") (i32.store (i32.const 8) (i32.add (call $v) (i32.const 100))))
           (func (export "wizer-initialize") (i32.store (i32.const 8) (i32.mul (call $v) (i32.const 10))))
           (func (export "g") (result i32) (call $v))"#,
        &[],
        Ok("1010"),
    ),
    // An initialiser that catches, and one that does not.
    (
        r#"(memory (export "memory") 1) (tag $t)
           (func (export "wizer-initialize")
             (block $caught (try_table (catch $t $caught) (throw $t)))
             (i32.store (i32.const 8) (i32.const 5)))
           (func (export "g") (result i32) (i32.load (i32.const 8)))"#,
        &[],
        Ok("5"),
    ),
    (r#"(tag $t) (func (export "wizer-initialize") (throw $t))"#, &[], Err("unhandled exception")),
    (
        r#"(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
           (func (export "wizer-initialize") (call $exit (i32.const 0)))"#,
        &[],
        Err("`wizer-initialize` failed"),
    ),
    (
        r#"(table 1 funcref) (func $f (export "wizer-initialize")
             (drop (table.grow (ref.func $f) (i32.const 2)))) (elem declare func $f)"#,
        &[],
        Err("a snapshot of a module with `table.grow`"),
    ),
];

#[test]
fn snapshots_are_taken_of_any_shape() {
    let place = Place::new("shapes");
    let (from, to) = (place.file("shape.wat"), place.file("shape.wasm"));
    for (fields, options, expected) in ROWS {
        std::fs::write(&from, format!("(module {})", fields.replace("INIT", INIT)))
            .expect("a file");
        std::fs::remove_file(&to).ok();
        let made = prova(&[&["specialize", "-w", &from, "-o", &to], *options].concat());
        let (code, said) = (made.status.code(), text(&made.stderr));
        let row = format!("{fields} {options:?}: {said}");
        match expected {
            Ok(result) => {
                assert_eq!(code, Some(0), "{row}");
                // Each time: nothing runs before it any more.
                for _ in 0..2 {
                    let out = prova(&["run", "--invoke", "g", &to]);
                    assert_eq!(text(&out.stdout).trim(), *result, "{row}");
                }
            }
            Err(words) => {
                assert_eq!(code, Some(1), "{row}");
                assert!(said.contains(words), "{row}");
                assert!(!std::path::Path::new(&to).exists(), "{row}");
            }
        }
    }
}

/// The address types of the memories in the product.
const MEMORIES: [&[&str]; 6] =
    [&[], &["i32"], &["i64"], &["i32", "i32"], &["i64", "i32"], &["i32", "i64", "i32"]];

/// A module of the product: its memories, and whether it has active segments, passive ones, a start
/// function, a constructor, and memories that grow.
fn shape(memories: &[&str], [active, passive, start, constructor, grows]: [bool; 5]) -> String {
    let mut module = String::from(
        "(global $i (mut i64) (i64.const 1)) (global $f (mut f64) (f64.const 0.5))
         (global $k i64 (i64.const 11)) ",
    );
    let (mut first, mut last, mut sum) = (String::new(), String::new(), String::new());
    for (at, ty) in memories.iter().enumerate() {
        module += &format!("(memory $m{at} {ty} 1) ");
        if active {
            module += &format!("(data (memory $m{at}) ({ty}.const {}) \"ab{at}\") ", 2 + at);
        }
        let byte = |from: usize| format!("(i32.load8_u $m{at} ({ty}.const {from}))");
        let put =
            |to: usize, value: &str| format!("(i32.store8 $m{at} ({ty}.const {to}) {value}) ");
        first += &put(4, &format!("(i32.add {} (i32.const 7))", byte(4)));
        last += &put(8, &format!("(i32.add {} (i32.mul {} (i32.const 2)))", byte(8), byte(4)));
        if grows {
            last += &format!("(drop (memory.grow $m{at} ({ty}.const {}))) ", at + 1);
            last += &put(65_530 + 3 * at, "(i32.const 9)");
            last += &put(70_000, "(i32.const 3)");
            sum += &format!("(call $add (i64.extend_i32_u {})) ", byte(70_000));
        }
        if passive {
            let init = |to: usize| {
                format!("(memory.init $m{at} $p ({ty}.const {to}) (i32.const 1) (i32.const 3)) ")
            };
            last += &init(16);
            sum += &init(24);
        }
        let size = format!("(memory.size $m{at})");
        sum += &match *ty {
            "i32" => format!("(call $add (i64.extend_i32_u {size})) "),
            _ => format!("(call $add {size}) "),
        };
        for from in (0..40).step_by(8).chain([65_528]) {
            sum += &format!("(call $add (i64.load $m{at} ({ty}.const {from}))) ");
        }
    }
    if passive {
        module += "(data $p \"passive\") ";
    }
    let step = "(global.set $i (i64.add (i64.mul (global.get $i) (i64.const 3)) (i64.const 1))) ";
    if start {
        module += &format!("(func $start {first} {step}) (start $start) ");
    }
    if constructor {
        module += &format!("(func (export \"_initialize\") {step} {first}) ");
    }
    module += &format!(
        "(func (export \"wizer-initialize\") {last} {step}
           (global.set $f (f64.div (f64.const 1) (f64.const 3))))
         (func $add (param i64)
           (global.set $i (i64.add (i64.mul (global.get $i) (i64.const 31)) (local.get 0))))
         (func (export \"g\") (result i64)
           {sum} (call $add (i64.reinterpret_f64 (global.get $f))) (call $add (global.get $k))
           (global.get $i))"
    );
    format!("(module {module})")
}

#[test]
fn snapshots_are_what_the_module_itself_would_be() {
    let place = Place::new("shapes-product");
    let (from, to, script) =
        (place.file("shape.wat"), place.file("shape.wasm"), place.file("shape.wast"));
    let (mut all, mut count) = (String::new(), 0);
    // Every fifth: a number without a common divisor with the factors, so that all values come up.
    for number in (0..MEMORIES.len() * 32).step_by(5) {
        let (memories, rest) = (MEMORIES[number % MEMORIES.len()], number / MEMORIES.len());
        let switches = [1, 2, 4, 8, 16].map(|bit| rest & bit != 0);
        let module = shape(memories, switches);
        std::fs::write(&from, &module).expect("a file");
        let made = prova(&["specialize", "-w", &from, "-o", &to]);
        assert_eq!(made.status.code(), Some(0), "{}\n{module}", text(&made.stderr));
        let out = text(&prova(&["run", "--invoke", "g", &to]).stdout);
        let constructor = if switches[3] { "(invoke \"_initialize\")\n" } else { "" };
        all += &format!(
            "{module}\n{constructor}(invoke \"wizer-initialize\")\n\
             (assert_return (invoke \"g\") (i64.const {}))\n",
            out.trim()
        );
        count += 1;
    }
    assert_eq!(count, 39);
    std::fs::write(&script, all).expect("a file");
    let ran = prova(&["wast", "-v", &script]);
    assert_eq!(ran.status.code(), Some(0), "{}{}", text(&ran.stdout), text(&ran.stderr));
}
