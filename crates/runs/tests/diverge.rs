//! Programs that differ in one place, and the place that is named.
//!
//! A green run does not show that a fault is named that vanishes under tracing, nor that only real
//! differences are reported of two builds with other layouts.

use prova_core::wasi::WasiCtxBuilder;
use prova_core::{Config, FuncType, Result, Tier, Val};
use prova_runs::diverge::{Code, Divergence, Options, Side, Verdict, diverge};
use prova_runs::trace::{Level, Record, live};
use std::sync::Arc;

fn i32s(_: &str, _: &FuncType, texts: &[String]) -> Result<Vec<Val>> {
    texts.iter().map(|text| Ok(Val::I32(text.parse()?))).collect()
}

fn config(tier: Tier) -> Config {
    let mut config = Config::new();
    config.tier(tier);
    config
}

fn recorded(bytes: &[u8], export: &str, args: &[&str]) -> Arc<Record> {
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let wasi = WasiCtxBuilder::new().build();
    let record = live(&Config::new(), bytes, wasi, (Some(export), &args), &i32s);
    Arc::new(record.expect("it can be run"))
}

fn compared(a: &[u8], b: Option<&[u8]>, tiers: [Tier; 2], args: &[&str]) -> Divergence {
    let record = recorded(a, "run", args);
    let configs = tiers.map(config);
    let sides = [
        Side { name: "a".into(), config: &configs[0], module: None },
        Side { name: "b".into(), config: &configs[1], module: b },
    ];
    let options = Options { fuel: Some(2_000_000_000), ..Options::default() };
    diverge(&record, &sides, options, &i32s).expect("both sides start")
}

/// A program of several functions, in which one text is another.
const PROGRAM: &str = r#"(module
  (memory (export "memory") 1)
  (global $state (mut i32) (i32.const 1))
  (table 2 funcref)
  (elem (i32.const 0) $mix $fold)
  (func $next (result i32)
    (global.set $state (i32.add (i32.mul (global.get $state) (i32.const 1103515245)) (i32.const 12345)))
    (i32.shr_u (global.get $state) (i32.const 16)))
  (func $mix (param $a i32) (param $b i32) (result i32)
    (i32.xor (i32.rotl (local.get $a) (i32.const 5)) (local.get $b)))
  (func $fold (param $a i32) (param $b i32) (result i32) (local $t i64)
    (local.set $t (i64.mul (i64.extend_i32_u (local.get $a)) (i64.const 31)))
    (i32.add (i32.wrap_i64 (local.get $t)) (local.get $b)))
  (func $put (param $at i32) (param $value i32)
    (i32.store offset=64 (i32.and (local.get $at) (i32.const 1020)) (local.get $value)))
  (func $get (param $at i32) (result i32)
    (i32.load offset=64 (i32.and (local.get $at) (i32.const 1020))))
  (func $limited (param $n i32) (result i32)
    (if (result i32) (i32.gt_u (local.get $n) (i32.const 64))
      (then (i32.const 64)) (else (local.get $n))))
  (func (export "run") (param $n i32) (result i32) (local $sum i32) (local $x i32)
    (loop $again
      (local.set $x (call $next))
      (call $put (local.get $x) (call_indirect (param i32 i32) (result i32)
        (local.get $x) (local.get $sum) (i32.and (local.get $n) (i32.const 1))))
      (local.set $sum (i32.add (local.get $sum) (call $limited (call $get (local.get $x)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))"#;

/// The text in the program, the text in the other build, and the function and the operator that are
/// named (of A's side).
const EDITS: [(&str, &str, &str, &str); 9] = [
    (
        "i32.rotl (local.get $a) (i32.const 5)",
        "i32.rotl (local.get $a) (i32.const 6)",
        "mix",
        "i32.rotl",
    ),
    ("i32.xor (i32.rotl", "i32.or (i32.rotl", "mix", "i32.xor"),
    (
        "i32.wrap_i64 (local.get $t)",
        "i32.wrap_i64 (i64.shr_u (local.get $t) (i64.const 1))",
        "fold",
        "i32.wrap_i64",
    ),
    ("i64.const 31", "i64.const 33", "fold", "i64.mul"),
    ("i32.shr_u", "i32.shr_s", "next", "i32.shr_u"),
    ("i32.const 12345", "i32.const 12346", "next", "i32.add"),
    ("i32.store offset=64", "i32.store offset=60", "put", "i32.store"),
    (
        "(i32.gt_u (local.get $n) (i32.const 64))",
        "(i32.gt_u (local.get $n) (i32.const 0x7fffffff))",
        "limited",
        "i32.gt_u",
    ),
    (
        "(local.get $x) (local.get $sum) (i32.and",
        "(local.get $sum) (local.get $x) (i32.and",
        "mix",
        "",
    ),
];

#[test]
fn the_operator_that_differs_is_named() {
    each_edit_is_named(PROGRAM, &EDITS, [Tier::TAIL, Tier::TAIL], "100");
}

/// Compares a program with each of its edits, as [`EDITS`] has them.
fn each_edit_is_named(
    program: &str,
    edits: &[(&str, &str, &str, &str)],
    sides: [Tier; 2],
    arg: &str,
) {
    let a = wat::parse_str(program).expect("text format");
    for &(from, to, func, operator) in edits {
        assert_eq!(program.matches(from).count(), 1, "{from}");
        let b = wat::parse_str(program.replace(from, to)).expect("text format");
        let report = compared(&a, Some(&b), sides, &[arg]);
        let text = report.to_text();
        assert_eq!(report.verdict, Verdict::Differs, "{to}\n{text}");
        let first = report.first.as_ref().expect("an event");
        let spot = first.a.as_ref().expect("A has the event");
        if operator.is_empty() {
            // The arguments are the caller's.
            assert_eq!(spot.stack[1].name, "run", "{text}");
            assert_eq!(spot.event.event, "entered with", "{text}");
            continue;
        }
        assert_eq!(
            (spot.event.name.as_str(), spot.event.operator.as_str()),
            (func, operator),
            "{to}\n{text}"
        );
        assert!(spot.stack.last().is_some_and(|frame| frame.name == "run"), "{text}");
    }
}

/// A list of objects and an array, in which one text is another.
const OBJECTS: &str = r#"(module
  (type $cell (struct (field $head (mut anyref)) (field $tail (ref null $cell))))
  (type $bytes (array (mut i8)))
  (func $put (param $n i32) (param $to (ref null $cell)) (result (ref $cell))
    (struct.new $cell (ref.i31 (i32.mul (local.get $n) (i32.const 3))) (local.get $to)))
  (func $swap (param $c (ref $cell)) (param $a (ref $bytes))
    (struct.set $cell $head (local.get $c) (local.get $a))
    (array.set $bytes (local.get $a) (i32.const 1) (i32.const 200)))
  (func $sum (param $c (ref null $cell)) (result i32) (local $s i32)
    (block $end
      (loop $next
        (br_if $end (ref.is_null (local.get $c)))
        (local.set $s (i32.add (local.get $s) (block $other (result i32)
          (i31.get_s (block $small (result (ref i31))
            (drop (br_on_cast $small anyref (ref i31) (struct.get $cell $head (local.get $c))))
            (br $other (i32.const 1000)))))))
        (local.set $c (struct.get $cell $tail (local.get $c)))
        (br $next)))
    (local.get $s))
  (func (export "run") (param $n i32) (result i32)
    (local $list (ref null $cell)) (local $a (ref null $bytes))
    (local.set $a (array.new $bytes (i32.const 7) (i32.const 4)))
    (loop $again
      (local.set $list (call $put (local.get $n) (local.get $list)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (call $swap (ref.as_non_null (local.get $list)) (ref.as_non_null (local.get $a)))
    (i32.add (call $sum (local.get $list))
      (array.get_s $bytes (local.get $a) (i32.const 1)))))"#;

const EDITS_OF_OBJECTS: [(&str, &str, &str, &str); 8] = [
    ("(local.get $n) (i32.const 3)", "(local.get $n) (i32.const 5)", "put", "i32.mul"),
    ("(i32.const 1) (i32.const 200)", "(i32.const 1) (i32.const 201)", "swap", "array.set bytes"),
    ("(i32.const 1) (i32.const 200)", "(i32.const 2) (i32.const 200)", "swap", "array.set bytes"),
    (
        "(local.get $c) (local.get $a))\n",
        "(local.get $c) (ref.i31 (i32.const 0)))\n",
        "swap",
        "struct.set cell field 0",
    ),
    // The same value in another object, and another object as the value.
    (
        "(struct.set $cell $head (local.get $c)",
        "(struct.set $cell $head (ref.as_non_null (struct.get $cell $tail (local.get $c)))",
        "swap",
        "struct.set cell field 0",
    ),
    (
        "(i32.const 3))) (local.get $to))",
        "(i32.const 3))) (if (result (ref null $cell)) (ref.is_null (local.get $to)) \
         (then (local.get $to)) (else (struct.get $cell $tail (local.get $to)))))",
        "put",
        "struct.new cell",
    ),
    ("array.get_s", "array.get_u", "run", "array.get_s bytes"),
    ("(i32.const 7) (i32.const 4)", "(i32.const 8) (i32.const 4)", "run", "array.new bytes"),
];

#[test]
fn the_operator_on_objects_that_differs_is_named() {
    let a = wat::parse_str(OBJECTS).expect("text format");
    let sides = [Tier::TAIL, Tier::Reference];
    let same = compared(&a, Some(&a), sides, &["20"]);
    assert_eq!(same.verdict, Verdict::Same, "{}", same.to_text());
    each_edit_is_named(OBJECTS, &EDITS_OF_OBJECTS, sides, "20");
}

#[test]
fn the_operands_of_the_operator_agree_and_its_result_does_not() {
    let a = wat::parse_str(PROGRAM).expect("text format");
    let b = wat::parse_str(PROGRAM.replace("i32.shr_u", "i32.shr_s")).expect("text format");
    let report = compared(&a, Some(&b), [Tier::TAIL, Tier::Reference], &["50"]);
    let first = report.first.expect("an event");
    let (a, b) = (first.a.expect("A's"), first.b.expect("B's"));
    assert_eq!((a.event.event, b.event.event), ("value", "value"));
    assert_ne!(a.event.words, b.event.words);
    let stack: Vec<_> =
        first.state.iter().filter(|value| value.place.starts_with("stack")).collect();
    assert_eq!(stack.len(), 2);
    assert!(first.state.iter().all(|value| !value.differs), "{:?}", first.state);
}

#[test]
fn tiers_agree() {
    let a = wat::parse_str(PROGRAM).expect("text format");
    for tiers in [[Tier::TAIL, Tier::MATCH], [Tier::MATCH, Tier::Reference]] {
        let report = compared(&a, None, tiers, &["300"]);
        assert_eq!((report.verdict, report.first.is_none()), (Verdict::Same, true));
        assert_eq!(report.a.events, report.b.events);
    }
}

/// Draws random bytes and reads the clock; what it makes of them depends on a number.
fn draws(number: u32) -> Vec<u8> {
    let text = format!(
        r#"(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $use (param $n i32)
    (i32.store offset=512 (local.get $n) (i32.add (i32.load (i32.const 16)) (i32.const {number}))))
  (func (export "run") (param i32) (result i32)
    (drop (call $time (i32.const 1) (i64.const 1) (i32.const 8)))
    (drop (call $random (i32.const 16) (i32.const 64)))
    (i64.store (i32.const 128) (i64.xor (i64.load (i32.const 8)) (i64.load (i32.const 24))))
    (call $use (i32.const 4))
    (i32.load offset=512 (i32.const 4))))"#
    );
    wat::parse_str(text).expect("text format")
}

#[test]
fn what_the_host_says_is_no_difference() {
    let a = draws(7);
    let report = compared(&a, None, [Tier::TAIL, Tier::Reference], &["0"]);
    assert_eq!(report.verdict, Verdict::Same, "{}", report.to_text());
    let b = draws(8);
    let report = compared(&a, Some(&b), [Tier::TAIL, Tier::TAIL], &["0"]);
    let first = report.first.as_ref().expect("an event");
    let spot = first.a.as_ref().expect("A's");
    assert_eq!((spot.event.name.as_str(), spot.event.operator.as_str()), ("use", "i32.add"));
}

#[test]
fn another_call_of_the_host_is_where_it_is_asked() {
    let a = draws(7);
    let text = wasmprinter::print_bytes(&a).expect("it prints");
    let other = text.replace("i32.const 64\n    call", "i32.const 60\n    call");
    assert_ne!(text, other);
    let b = wat::parse_str(other).expect("text format");
    let report = compared(&a, Some(&b), [Tier::TAIL, Tier::TAIL], &["0"]);
    assert!(report.b.ended.contains("random_get(0x10, 0x3c)"), "{}", report.b.ended);
    assert!(report.b.ended.contains("random_get(0x10, 0x40) was recorded"), "{}", report.b.ended);
    let first = report.first.expect("an event");
    assert_eq!(first.b.expect("B's").event.words, ["0x10", "0x3c"]);
}

/// Counts down and stores; one number is another, from a turn on.
fn counts(at: u32) -> Vec<u8> {
    let text = format!(
        r#"(module (memory (export "memory") 1)
      (func $step (param $n i32)
        (i32.store (i32.and (local.get $n) (i32.const 0xfffc))
          (i32.add (local.get $n) (i32.eq (local.get $n) (i32.const {at})))))
      (func (export "run") (param $n i32) (result i32)
        (loop $again
          (call $step (local.get $n))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.load (i32.const 0))))"#
    );
    wat::parse_str(text).expect("text format")
}

#[test]
fn ten_million_events_take_few_runs_and_no_memory() {
    let (a, b) = (counts(0), counts(1_234_567));
    let record = recorded(&a, "run", &["5000000"]);
    let (tail, matching) = (config(Tier::TAIL), config(Tier::MATCH));
    let sides = [
        Side { name: "tail".into(), config: &tail, module: None },
        Side { name: "match".into(), config: &matching, module: Some(&b) },
    ];
    let options = Options { level: Some(Level::Stores), ..Options::default() };
    let report = diverge(&record, &sides, options, &i32s).expect("both sides start");
    assert!(report.a.events >= 5_000_000 && report.runs <= 12, "{}", report.to_text());
    let first = report.first.as_ref().expect("an event");
    // Each turn enters and stores, and the call returns nothing.
    let turn = 5_000_000 - 1_234_567;
    assert!(first.number > 2 * turn && first.number < 4 * turn, "{}", first.number);
    let spot = first.b.as_ref().expect("B's");
    let values: Vec<&str> = first
        .state
        .iter()
        .filter(|value| value.differs)
        .map(|value| value.place.as_str())
        .collect();
    assert_eq!((spot.event.operator.as_str(), values), ("i32.store", vec!["stack 1"]));
}

#[test]
fn a_program_that_ends_otherwise_is_told_by_its_last_event() {
    let with = |op: &str| {
        let text = format!(
            r#"(module (memory (export "memory") 1)
          (func $check (param i32) (if (i32.gt_u (local.get 0) (i32.const 3)) (then {op})))
          (func (export "run") (param $n i32) (result i32) (local $i i32)
            (loop $again
              (i32.store (i32.const 0) (local.get $i))
              (call $check (local.get $i))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
            (local.get $i)))"#
        );
        wat::parse_str(text).expect("text format")
    };
    let (a, b) = (with("nop"), with("unreachable"));
    let report = compared(&a, Some(&b), [Tier::TAIL, Tier::TAIL], &["9"]);
    assert_eq!(report.verdict, Verdict::Differs);
    assert!(report.b.ended.contains("unreachable"), "{}", report.b.ended);
    let first = report.first.as_ref().expect("an event");
    assert!(first.a.is_some() && first.b.is_none(), "{}", report.to_text());
    assert!(report.to_text().contains("unreachable` instruction executed) here"));
}

/// A name of a function is text of the module's author: it is no markup of the page.
#[test]
fn the_page_has_the_code_of_both_sides_and_obeys_no_name() {
    let text = r#"(module (memory (export "memory") 1)
      (func $f (@name "<b onclick=x>") (param i32) (result i32)
        (i32.store (i32.const 8) (i32.mul (local.get 0) (i32.const 3)))
        (i32.load (i32.const 8)))
      (func (export "run") (param i32) (result i32) (call $f (local.get 0))))"#;
    let [a, b] = [text, &text.replace("(i32.const 3)", "(i32.const 5)")]
        .map(|text| wat::parse_str(text).expect("text format"));
    let (record, config) = (recorded(&a, "run", &["7"]), config(Tier::TAIL));
    let sides = [
        Side { name: "<a>".into(), config: &config, module: None },
        Side { name: "b".into(), config: &config, module: Some(&b) },
    ];
    let mut report = diverge(&record, &sides, Options::default(), &i32s).expect("it runs");
    report.translate(&record, &sides, &|_, _, _| Code::Bytecode).expect("there is code");
    let [page, again] = [report.to_html(), report.to_html()];
    assert_eq!(page, again);
    for wanted in ["i32.mul_imm", "&lt;b onclick=x&gt;", "&lt;a&gt;", "Values there", "i32.mul"] {
        assert!(page.contains(wanted), "{wanted}\n{page}");
    }
    for unwanted in ["<b onclick", "<a>", "http:", "https:", "src=", "<script"] {
        assert!(!page.contains(unwanted), "{unwanted}\n{page}");
    }
    let json = report.to_json().expect("JSON");
    assert!(json.contains("\"translations\"") && json.contains("i32.mul_imm"), "{json}");
    assert!(report.code_text().contains("→") && report.translations.len() == 2);
}

/// A program that writes a text, whose bytes stand in the data.
fn writes(text: &str, cut: u32) -> Vec<u8> {
    let text_len = text.len() as u32;
    let (rest, left) = (64 + cut, text_len - cut);
    let program = format!(
        r#"(module
          (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "run") (param $n i32) (result i32)
            (i32.store (i32.const 0) (i32.const 64))
            (i32.store (i32.const 4) (i32.const {cut}))
            (i32.store (i32.const 8) (i32.const {rest}))
            (i32.store (i32.const 12) (i32.const {left}))
            (call $write (i32.const 1) (i32.const 0) (i32.const 2) (i32.const 32)))
          (data (i32.const 64) "{text}"))"#
    );
    wat::parse_str(program).expect("text format")
}

#[test]
fn what_is_written_is_compared() {
    let tiers = [Tier::TAIL, Tier::TAIL];
    let text = "0123456789 and so on";
    let a = writes(text, 9);
    let report = compared(&a, Some(&writes(text, 9)), tiers, &["0"]);
    assert_eq!(report.verdict, Verdict::Same, "{}", report.to_text());
    for (at, said) in [(0, "?123456"), (8, "7?9 and"), (19, "so o?")] {
        let mut other = text.to_owned();
        other.replace_range(at..=at, "?");
        let report = compared(&a, Some(&writes(&other, 9)), tiers, &["0"]);
        let first = report.first.as_ref().expect("an event");
        let words = |spot: &Option<prova_runs::diverge::Spot>| {
            spot.as_ref().map(|spot| (spot.event.event, spot.event.words.join(" ")))
        };
        let expected = Some(("hands the host", format!("\"{said}\"").replace("so o", " so o")));
        let expected = expected.map(|(event, words)| (event, words.replace("  ", " ")));
        assert_eq!(words(&first.b), expected, "{}", report.to_text());
        assert_ne!(words(&first.a), expected);
    }
}

#[test]
fn what_is_handed_over_beyond_memory_does_not_trap() {
    // The host traps for what lies beyond the memory; what hands it over does not.
    let beyond = "stopped (path_unlink_file: a pointer or buffer lies beyond the guest's memory, \
                  or vectors at no multiple of 4)";
    for (start, len, count, ended) in [
        (65_530, 100, 2, beyond),
        (-1, -1, 2, beyond),
        (0, -1, 1, beyond),
        (64, 5, -1, "returned 44"),
        (64, 5, 0, "returned 44"),
        (65_536, 0, 2, "returned 24"),
    ] {
        let program = format!(
            r#"(module
              (import "wasi_snapshot_preview1" "fd_write"
                (func $write (param i32 i32 i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "path_unlink_file"
                (func $unlink (param i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (func (export "run") (param $n i32) (result i32)
                (i32.store (i32.const 0) (i32.const {start}))
                (i32.store (i32.const 4) (i32.const {len}))
                (i32.store (i32.const 65532) (i32.const {start}))
                (i32.add
                  (call $write (i32.const 99) (i32.const 0) (i32.const {count}) (i32.const 32))
                  (i32.add
                    (call $write (i32.const 99) (i32.const 65532) (i32.const {count}) (i32.const 32))
                    (call $unlink (i32.const 99) (i32.const {start}) (i32.const {len}))))))"#
        );
        let module = wat::parse_str(program).expect("text format");
        let report = compared(&module, None, [Tier::TAIL, Tier::Reference], &["0"]);
        assert_eq!(report.verdict, Verdict::Same, "{}", report.to_text());
        assert_eq!(report.a.ended, ended, "{start} {len} {count}");
    }
}

#[test]
fn a_result_that_alone_differs_has_a_place() {
    let program = |constant: u32| {
        let text = format!(
            r#"(module (func (export "run") (param $n i32) (result i32)
                (i32.add (i32.mul (local.get $n) (i32.const {constant})) (i32.const 1))))"#
        );
        wat::parse_str(text).expect("text format")
    };
    let tiers = [Tier::TAIL, Tier::TAIL];
    let report = compared(&program(3), Some(&program(5)), tiers, &["7"]);
    let spot = report.first.as_ref().and_then(|first| first.a.as_ref()).expect("a place");
    assert_eq!(spot.event.operator, "i32.mul", "{}", report.to_text());
    assert_eq!(report.level, Level::Values);
}
