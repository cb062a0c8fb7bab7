//! Each limit on both sides: a module at the limit is accepted, and refused by name with the limit
//! one lower.
//!
//! A green run does not show that the defaults are low enough for a given host.

use crate::common::{assemble, decode};
use prova_module::{Error, ErrorKind, Features, FuncIdx, Limits, Module};
use std::time::{Duration, Instant};

type Field = fn(&mut Limits) -> &mut u64;

type Case = (&'static str, Field, u64, String);

/// Limits, their names, and modules that need exactly this much.
fn cases() -> Vec<Case> {
    let mut all = cases_of_indices();
    all.extend(cases_of_contents());
    all
}

fn text(text: &str) -> String {
    format!("(module {text})")
}

/// Limits of index spaces.
fn cases_of_indices() -> Vec<Case> {
    vec![
        ("types", |l| &mut l.types, 3, text("(type (func)) (type (func)) (type (func))")),
        ("params", |l| &mut l.params, 3, text("(type (func (param i32 i32 i32)))")),
        ("results", |l| &mut l.results, 2, text("(type (func (result i32 i32)))")),
        (
            "imports",
            |l| &mut l.imports,
            2,
            text(r#"(import "" "" (func)) (import "" "" (global i32))"#),
        ),
        ("functions", |l| &mut l.functions, 3, text(r#"(import "" "" (func)) (func) (func)"#)),
        ("functions", |l| &mut l.functions, 1, text(r#"(import "" "" (func))"#)),
        ("tables", |l| &mut l.tables, 2, text("(table 0 funcref) (table 0 funcref)")),
        ("memories", |l| &mut l.memories, 2, text("(memory 0) (memory 0)")),
        (
            "globals",
            |l| &mut l.globals,
            2,
            text(r#"(import "" "" (global i32)) (global i32 (i32.const 0))"#),
        ),
        ("tags", |l| &mut l.tags, 2, text(r#"(import "" "" (tag)) (tag)"#)),
        ("tags", |l| &mut l.tags, 1, text(r#"(import "" "" (tag))"#)),
        ("exports", |l| &mut l.exports, 2, text(r#"(func (export "a") (export "b"))"#)),
    ]
}

/// Limits of what segments, names and bodies hold.
fn cases_of_contents() -> Vec<Case> {
    vec![
        ("element_segments", |l| &mut l.element_segments, 2, text("(elem func) (elem func)")),
        ("element_items", |l| &mut l.element_items, 3, text("(func) (elem func 0 0 0)")),
        (
            "element_items",
            |l| &mut l.element_items,
            2,
            text("(elem funcref (ref.null func) (ref.null func))"),
        ),
        ("data_segments", |l| &mut l.data_segments, 2, text(r#"(data "") (data "")"#)),
        (
            "data_segments",
            |l| &mut l.data_segments,
            1,
            text(r#"(memory 1) (data (i32.const 0) "")"#),
        ),
        (
            "const_expr_ops",
            |l| &mut l.const_expr_ops,
            3,
            text("(global i32 (i32.add (i32.const 1) (i32.const 2)))"),
        ),
        ("name_bytes", |l| &mut l.name_bytes, 4, text(r#"(import "1234" "" (func))"#)),
        ("name_bytes", |l| &mut l.name_bytes, 4, text(r#"(import "" "1234" (func))"#)),
        ("name_bytes", |l| &mut l.name_bytes, 4, text(r#"(func (export "1234"))"#)),
        ("name_bytes", |l| &mut l.name_bytes, 5, text(r#"(@custom "12345" "")"#)),
        ("sections", |l| &mut l.sections, 4, text(r#"(func) (@custom "" "")"#)),
        // Local count, nop, end.
        ("body_bytes", |l| &mut l.body_bytes, 3, text("(func nop)")),
        (
            "locals_per_function",
            |l| &mut l.locals_per_function,
            4,
            text("(func (param i32) (local i32 i32 v128))"),
        ),
        (
            "function_cells",
            |l| &mut l.function_cells,
            7,
            text("(func (param i32) (local v128 v128) i32.const 0 i32.const 0 drop drop)"),
        ),
        (
            "function_cells",
            |l| &mut l.function_cells,
            7,
            text(
                "(func (local i32) (v128.const i64x2 0 0) local.get 0 (v128.const i64x2 0 0) local.get 0 drop drop drop drop)",
            ),
        ),
        (
            "function_cells",
            |l| &mut l.function_cells,
            4,
            text("(func (param i32 i32) (result v128) unreachable i32.const 0 drop)"),
        ),
        ("control_depth", |l| &mut l.control_depth, 4, text("(func (block (loop (block))))")),
        (
            "br_table_targets",
            |l| &mut l.br_table_targets,
            5,
            text(
                "(func (br_table 0 0 0 (i32.const 0)))
                 (func (br_table 0 0 (i32.const 0)) (br_table 0 0 (i32.const 0)) (block))
                 (func (br_table 0 0 0 0 0 (i32.const 0)))",
            ),
        ),
        (
            "operand_height",
            |l| &mut l.operand_height,
            4,
            text("(func i32.const 0 i32.const 0 i32.const 0 i32.const 0 drop drop drop drop)"),
        ),
        (
            "operand_height",
            |l| &mut l.operand_height,
            3,
            text("(func unreachable i32.const 0 i32.const 0 i32.const 0 unreachable)"),
        ),
    ]
}

#[test]
fn each_limit_accepts_what_it_names_and_refuses_one_more() {
    for (name, field, needed, text) in cases() {
        decode(&text);
        let bytes = assemble(&text);
        let mut limits = Limits::default();
        *field(&mut limits) = needed;
        let decoded = Module::decode(bytes.as_slice(), &Features::default(), &limits);
        assert!(decoded.is_ok(), "{name} = {needed}: {}\n{text}", decoded.unwrap_err());
        *field(&mut limits) = needed - 1;
        let error = Module::decode(bytes, &Features::default(), &limits).expect_err(&text);
        let expected = ErrorKind::Limit { name, max: needed - 1, actual: needed };
        assert_eq!(error.kind, expected, "{text}: {error}");
        assert!(error.to_string().contains(&format!("limit {name} exceeded")), "{error}");
    }
}

#[test]
fn module_bytes_are_limited() {
    let bytes = assemble("(module (func))");
    let size = bytes.len() as u64;
    let limits = Limits { module_bytes: size, ..Limits::default() };
    Module::decode(bytes.as_slice(), &Features::default(), &limits).unwrap();
    let limits = Limits { module_bytes: size - 1, ..Limits::default() };
    let error = Module::decode(bytes, &Features::default(), &limits).unwrap_err();
    let expected = ErrorKind::Limit { name: "module_bytes", max: size - 1, actual: size };
    assert_eq!(error.kind, expected);
}

/// A module of one function with `count` targets of `br_table` that take `arity` values each.
fn br_table_bomb(count: usize, arity: usize, tail: &str) -> Vec<u8> {
    let (types, values) = ("i32 ".repeat(arity), "i32.const 0 ".repeat(arity + 1));
    let targets = "0 ".repeat(count);
    assemble(&format!("(module (func (result {types}) {values} br_table {targets}) {tail})"))
}

fn is_work(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Limit { name: "work_per_byte", .. })
}

#[test]
fn work_is_limited_by_the_size_of_the_code() {
    // About 20 units for each target, at one byte: above 8 for each byte and the base.
    let bomb = br_table_bomb(100_000, 20, "");
    let refused = |limits: &Limits| {
        Module::decode(bomb.as_slice(), &Features::default(), limits).err().filter(is_work)
    };
    assert!(refused(&Limits::default()).is_some());
    assert!(refused(&Limits { work_per_byte: 32, ..Limits::default() }).is_none());
    // The same number of targets without values is no bomb.
    let plain = br_table_bomb(100_000, 1, "");
    Module::decode(plain, &Features::default(), &Limits::default()).unwrap();
    // Bytes outside of code buy no work, in any section.
    for padding in [r#"(@custom "" "{}")"#, r#"(memory 1) (data "{}")"#] {
        let padding = padding.replace("{}", &"0".repeat(1 << 20));
        let padded = br_table_bomb(100_000, 20, &padding);
        let error = Module::decode(padded, &Features::default(), &Limits::default()).unwrap_err();
        assert!(is_work(&error), "{error}");
    }
}

/// The module of one function with `count` `nop`s before its first operator.
fn with_nops(func: &str, count: usize) -> Vec<u8> {
    let bytes = assemble(&format!("(module {func})"));
    let module = decode(&format!("(module {func})"));
    let range = module.body(FuncIdx(0)).unwrap().range();
    let start = module.facts(FuncIdx(0)).unwrap().blocks[0].start as usize;
    let body = [&bytes[range.start..start], &[1].repeat(count), &bytes[start..range.end]].concat();
    let leb = |mut n: usize| {
        let mut bytes = Vec::new();
        while n >= 0x80 {
            bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        bytes.push(n as u8);
        bytes
    };
    let items = [vec![1], leb(body.len()), body].concat();
    let section = module.sections().iter().find(|section| section.id == 10).unwrap();
    let before = &bytes[..section.range.start - 2];
    [before, &[10], &leb(items.len()), &items].concat()
}

/// Asserts that a function needs `work` units: as many `nop`s as are left of the base fit, and one
/// more does not.
#[track_caller]
fn needs(work: u64, func: &str) {
    let limits = Limits { work_per_byte: 0, ..Limits::default() };
    let nops = (Limits::WORK_BASE - work) as usize;
    for (nops, fits) in [(nops, true), (nops + 1, false)] {
        match Module::decode(with_nops(func, nops), &Features::default(), &limits) {
            Ok(_) => assert!(fits, "{func}: less than {work}"),
            Err(error) => assert!(!fits && is_work(&error), "{func}: {error}"),
        }
    }
}

#[test]
fn each_kind_of_work_counts() {
    // The `end`.
    needs(1, "(func)");
    // Parameters, locals, an operator, and the return at the end with one value.
    let text = "(func (param i32 i32) (result i32) (local v128 i32 i64) unreachable)";
    needs(2 + 3 + 1 + 5, text);
    // Values of a block: parameters at its start, results at its end.
    needs(1 + 1 + 2 + 1 + 1, "(func block (result i32) unreachable end drop)");
    // Edges: `br_if` with two values, in a block of two results.
    let text = "(func block (result i32 i32) unreachable br_if 0 end drop drop)";
    needs(1 + 1 + 9 + 3 + 2 + 1, text);
    // `br_table`: three targets, each with a value to compare, and two labels that can have edges.
    let text = "(func block (result i32) unreachable br_table 0 0 0 end drop)";
    needs(1 + 1 + (1 + 3 * 2 + 2 * 4) + 2 + 1 + 1, text);
    // Parameters and results of a call, parameters of a block, results of a `return`.
    needs(2 + 1 + (1 + 2) + 1, "(func (param i32 i32) unreachable call 0)");
    needs(1 + (1 + 2) + (1 + 2 * 4), "(func (result i32 i32) unreachable call 0)");
    needs(1 + (1 + 2) + 2 + 1 + 1, "(func unreachable block (param i32 i32) drop drop end)");
    needs(1 + (1 + 2 * 4) + (1 + 2 * 4), "(func (result i32 i32) unreachable return)");
    // Clauses of a `try_table`: two units each, and the values of its label.
    let text = "(func block (result exnref) try_table (catch_all_ref 0) end unreachable end drop)";
    needs(1 + (1 + 2 + 1) + 1 + 1 + 2 + 1 + 1, text);
}

#[test]
fn declared_locals_are_work() {
    // A group takes four bytes, to declare 50,000 locals takes 50,000 steps.
    let one = "(func (local (; locals ;)))".replace("(; locals ;)", &"i64 ".repeat(50_000));
    let bytes = assemble(&format!("(module {})", one.repeat(30)));
    assert!(bytes.len() < 500, "{} bytes", bytes.len());
    let error = Module::decode(bytes, &Features::default(), &Limits::default()).unwrap_err();
    assert!(is_work(&error), "{error}");
    let few = assemble(&format!("(module {})", one.repeat(20)));
    Module::decode(few, &Features::default(), &Limits::default()).unwrap();
}

#[test]
fn a_section_that_claims_to_be_greater_than_the_module_buys_no_work() {
    let mut bytes = assemble(&format!("(module (func {}))", "nop ".repeat(3)));
    let at = bytes.windows(2).position(|w| w == [10, 7]).expect("the code section");
    // A size of 2^31 instead of 7.
    bytes.splice(at + 1..at + 2, [0x80, 0x80, 0x80, 0x80, 0x08]);
    let error = Module::decode(bytes, &Features::default(), &Limits::default()).unwrap_err();
    assert!(error.is_invalid(), "{error}");
}

#[test]
fn no_setting_allows_a_function_of_more_cells_than_slots_have_names() {
    let limits = Limits { function_cells: u64::MAX, ..Limits::default() };
    let function = |locals: usize| {
        let text = format!("(module (func (local {}) i32.const 0 drop))", "v128 ".repeat(locals));
        Module::decode(assemble(&text), &Features::default(), &limits)
    };
    let module = function(32_767).unwrap();
    let facts = module.facts(FuncIdx(0)).unwrap();
    assert_eq!(facts.cells(), Limits::FUNCTION_CELLS_MAX);
    let error = function(32_768).unwrap_err();
    let expected = ErrorKind::Limit { name: "function_cells", max: 65_535, actual: 65_536 };
    assert_eq!((error.kind, error.func), (expected, Some(FuncIdx(0))));
}

#[test]
fn the_search_for_a_missing_proposal_is_limited_too() {
    // Without limits on the probes this takes more than 10 s.
    let bomb = br_table_bomb(900_000, 1_000, "(tag)");
    let started = Instant::now();
    let error = Module::decode(bomb, &Features::default(), &Limits::default()).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Limit { name: "work_per_byte", .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn counts_beyond_the_bytes_are_refused_before_anything_is_allocated() {
    // Sections of one byte of contents that announce 2^27 items, under limits that allow them.
    let huge = 1 << 40;
    let limits = Limits {
        types: huge,
        imports: huge,
        functions: huge,
        tables: huge,
        memories: huge,
        globals: huge,
        tags: huge,
        exports: huge,
        element_segments: huge,
        data_segments: huge,
        ..Limits::default()
    };
    for id in [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13] {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.extend([id, 5, 0x80, 0x80, 0x80, 0x40, 0]);
        let error = Module::decode(bytes, &Features::default(), &limits).unwrap_err();
        assert!(error.is_invalid(), "section {id}: {error}");
    }
}
