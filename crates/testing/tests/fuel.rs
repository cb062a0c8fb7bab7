//! The second fuel counter agrees with the first on generated functions, and would see a wrong
//! price.
//!
//! Green says nothing about fuel at traps (`differential` compares the tiers there), nor whether
//! the prices are wise.

use prova_testing::agree::fuel::{campaign, compare, prices};
use prova_testing::generate::{Call, Case, Generator};

#[test]
fn both_counters_agree() {
    for (generator, count) in [(Generator::Biased, 600), (Generator::Smith, 150)] {
        let counted = campaign(generator, 9, count, prices).expect("both counters agree");
        assert!(counted.calls > 50 && counted.fuel > 1_000, "{counted:?}");
    }
}

#[test]
fn another_price_is_seen() {
    let branches_free = |opcode| if opcode == 0x0d { 0 } else { prices(opcode) };
    let difference = campaign(Generator::Biased, 9, 600, branches_free);
    assert!(difference.is_err_and(|difference| difference.contains("units of fuel")));
}

/// The fuel of the one call of a module's function `f`.
fn fuel_of(wat: &str) -> u64 {
    let wasm = wat::parse_str(wat).expect("the text is a module");
    let calls = vec![Call { export: "f".to_owned(), args: Vec::new() }];
    let case = Case { wasm, calls, nan_free: true, fuel: 10_000 };
    let counted = compare(&case, prices).expect("both counters agree");
    assert_eq!(counted.calls, 1, "{wat}");
    counted.fuel
}

#[test]
fn bulk_operators_cost_by_their_length() {
    let memory = |operator: &str| {
        format!(r#"(module (memory 1) (data $d "0123456789") (func (export "f") {operator}))"#)
    };
    assert_eq!(fuel_of(&memory("(memory.fill (i32.const 0) (i32.const 1) (i32.const 17))")), 4 + 3);
    assert_eq!(fuel_of(&memory("(memory.copy (i32.const 0) (i32.const 1) (i32.const 16))")), 4 + 2);
    assert_eq!(fuel_of(&memory("(memory.init $d (i32.const 0) (i32.const 1) (i32.const 0))")), 4);
    let table = |operator: &str| {
        format!(
            r#"(module (table 5 8 funcref) (elem $e funcref (ref.null func)) (func (export "f") {operator}))"#
        )
    };
    assert_eq!(fuel_of(&table("(table.fill (i32.const 0) (ref.null func) (i32.const 4))")), 4 + 4);
    assert_eq!(fuel_of(&table("(drop (table.grow (ref.null func) (i32.const 3)))")), 3 + 3);
    assert_eq!(fuel_of(&table("(drop (table.grow (ref.null func) (i32.const 4)))")), 3);
    let wide = r#"(module (table i64 5 8 funcref) (func (export "f") (drop (table.grow (ref.null func) (i64.const 2)))))"#;
    assert_eq!(fuel_of(wide), 3 + 2);
}

#[test]
fn cells_that_are_cleared_or_moved_are_counted() {
    let call = |callee: &str, drops: &str| {
        format!(r#"(module (func $g {callee}) (func (export "f") (call $g) {drops}))"#)
    };
    assert_eq!(fuel_of(&call("(local v128 v128 v128 i64)", "")), 1);
    assert_eq!(fuel_of(&call("(local v128 v128 v128 i64 i64)", "")), 1 + 1);
    assert_eq!(fuel_of(&call("(result i64) (local v128 v128 v128 i64) (i64.const 1)", "drop")), 3);
    let eight = "i64 ".repeat(8);
    let constants = "(i64.const 1)".repeat(8);
    let drops = "drop ".repeat(8);
    for (branch, operators) in [("(br 0)", 1), ("(br_if 0 (i32.const 1))", 2)] {
        assert_eq!(
            fuel_of(&format!(
                r#"(module (type $t (func (result {eight}))) (func (export "f")
                    (block (type $t) {constants} {branch}) {drops}))"#
            )),
            8 + operators + 1
        );
    }
}

#[test]
fn growth_of_memories_is_counted_by_bytes() {
    let grow = |memory: &str, pages: &str| {
        format!(r#"(module (memory {memory}) (func (export "f") (drop (memory.grow {pages}))))"#)
    };
    // The stores of `run` allow 16 pages.
    assert_eq!(fuel_of(&grow("1", "(i32.const 0)")), 2);
    assert_eq!(fuel_of(&grow("1", "(i32.const 1)")), 2 + 1024);
    assert_eq!(fuel_of(&grow("1", "(i32.const 16)")), 2);
    assert_eq!(fuel_of(&grow("i64 1", "(i64.const 2)")), 2 + 2048);
    assert_eq!(fuel_of(&grow("1 (pagesize 1)", "(i32.const 65)")), 2 + 2);
    assert_eq!(fuel_of(&grow("1 (pagesize 1)", "(i32.const -1)")), 2);
}

#[test]
fn calls_of_the_host_are_counted() {
    let ty = |cells: usize| format!("(func (param {}) (result v128))", "i64 ".repeat(cells));
    for (cells, price) in [(5, 32), (6, 33), (14, 34)] {
        let arguments = "(i64.const 1)".repeat(cells);
        let (head, cells) = (ty(cells), cells as u64);
        let module = |body: &str| {
            format!(
                r#"(module (type $t {head}) (import "" "" (func $h (type $t)))
                    (table 1 funcref) (elem (i32.const 0) func $h)
                    (func (export "f") {body}))"#
            )
        };
        let direct = format!("{arguments} (call $h) drop");
        assert_eq!(fuel_of(&module(&direct)), cells + 1 + price);
        let indirect = format!("{arguments} (call_indirect (type $t) (i32.const 0)) drop");
        assert_eq!(fuel_of(&module(&indirect)), cells + 2 + price);
    }
}

#[test]
fn throws_are_counted_where_they_are_caught() {
    // In its own frame, by the second clause.
    let here = r#"(module (tag $t) (tag $o) (func (export "f")
        (block (try_table (catch $o 0) (catch $t 0) (throw $t)))))"#;
    assert_eq!(fuel_of(here), 1 + 16 + 2);
    // Two frames further out; on the way one clause is asked, a `try_table` without clauses is not.
    let out = r#"(module (tag $t) (tag $o)
        (func $g (try_table (throw $t)))
        (func $h (block (try_table (catch $o 0) (call $g))))
        (func (export "f") (block (try_table (catch_all 0) (call $h)))))"#;
    assert_eq!(fuel_of(out), 3 + 16 + 2 + 2 * 8);
    // Values, labels of both sides of a `try_table`, and branches through it.
    let values = r#"(module (tag $t (param i32 v128 v128 v128 v128)) (tag $o)
        (type $v (func (result i32 v128 v128 v128 v128)))
        (func (export "f")
            (block $none
                (drop (block $out (result i32)
                    (try_table $try (result i32) (catch_all $none)
                        (block $in (type $v)
                            (try_table (catch $o $none) (catch $t $in)
                                (i32.const 1) (v128.const i64x2 0 0) (v128.const i64x2 0 0)
                                (v128.const i64x2 0 0) (v128.const i64x2 0 0) (throw $t))
                            unreachable)
                        drop drop drop drop
                        (br_if $out (i32.const 1))
                        (br $try)))))))"#;
    // Constants and throw, its values; the way, two clauses, the values of the second; constant and
    // branch.
    assert_eq!(fuel_of(values), 6 + 1 + 16 + 2 + 1 + 2);
    let (ty, constants) = ("i64 ".repeat(8), "(i64.const 1)".repeat(8));
    let again = format!(
        r#"(module (tag $t (param {ty})) (type $v (func (result {ty} exnref)))
        (func (export "f") (local $e exnref)
            (block $done
                (try_table (catch_all $done)
                    (block $c (type $v) (try_table (catch_ref $t $c) {constants} (throw $t)) unreachable)
                    (local.set $e) {}
                    (throw_ref (local.get $e))))))"#,
        "drop ".repeat(8)
    );
    assert_eq!(fuel_of(&again), 9 + 1 + 16 + 1 + 1 + 3 + 16 + 1);
}

#[test]
fn another_price_of_a_throw_is_seen() {
    // The operator is `throw`.
    let free = |opcode| if opcode == 0x08 { 0 } else { prices(opcode) };
    let difference = campaign(Generator::Biased, 9, 1_200, free);
    assert!(difference.is_err_and(|difference| difference.contains("units of fuel")));
}
