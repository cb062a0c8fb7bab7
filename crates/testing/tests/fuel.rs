//! The second fuel counter agrees with the first on generated functions, and would see a wrong price.
//!
//! Green says nothing about fuel at traps (`differential` compares the tiers there), nor whether the prices are wise.

use prova_testing::fuel::{campaign, compare, prices};
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
    let case = Case { wasm, calls, nan_free: true, fuel: 1_000 };
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
