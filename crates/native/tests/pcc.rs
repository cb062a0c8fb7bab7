//! Code that broke the proofs of Wasmtime's compiler, which were facts of one value each (its
//! issues and pull requests 7965, 8173, 8174, 8176, 8177, 8207, 8208, 8225): code of the same
//! shapes is compiled, checked and run, in both shapes of memories.

use crate::common::{same, same_imported};
use prova_core::Val;

/// Indices around the ends of a page, of two, and of the space.
const AROUND: [i32; 14] = [
    0,
    1,
    65_519,
    65_520,
    65_521,
    65_528,
    65_529,
    65_532,
    65_533,
    65_534,
    65_535,
    65_536,
    -1,
    i32::MIN,
];

/// All functions at all indices.
fn around(text: &str, names: &[String]) {
    let args = AROUND.map(|at| [Val::I32(at)]);
    let mut calls: Vec<(&str, &[Val])> = Vec::new();
    for name in names {
        calls.extend(args.iter().map(|arg| (name.as_str(), &arg[..])));
    }
    same(text, &calls);
}

fn text_of(head: &str, bodies: &[String]) -> (String, Vec<String>) {
    let names: Vec<String> = (0..bodies.len()).map(|number| format!("f{number}")).collect();
    let funcs = names
        .iter()
        .zip(bodies)
        .map(|(name, body)| format!("(func (export \"{name}\") (param i32) (result i64) {body})"));
    (format!("(module {head} {})", funcs.collect::<Vec<_>>().join("\n")), names)
}

/// One index, used with offsets that need a comparison and with others that need none: after value
/// numbering the accesses share index, sum and comparison.
#[test]
fn accesses_share_what_they_compute() {
    let near = "(i64.load offset=8 (local.get 0))";
    let far = "(i64.load offset=33554440 (local.get 0))";
    let byte = "(i64.load8_u offset=8 (local.get 0))";
    let bodies = [
        format!("(i64.add {near} {far})"),
        format!("(i64.add {far} {near})"),
        format!("(i64.add {byte} (i64.add {near} {near}))"),
        format!("(i64.store offset=8 (local.get 0) {far}) {near}"),
        format!(
            "(if (result i64) (i32.lt_u (local.get 0) (i32.const 100))
               (then {near}) (else (i64.add {near} {byte})))"
        ),
        format!("(select {near} {byte} (local.get 0))"),
    ];
    let (text, names) = text_of("(memory 1 2)", &bodies);
    around(&text, &names);
}

/// One constant is bound, size, offset and index.
#[test]
fn a_constant_has_several_roles() {
    let mut bodies = Vec::new();
    for number in [4, 8, 65_528, 65_532, 65_536, 131_064, 33_554_432, 2_147_483_647_u32] {
        bodies.push(format!(
            "(i64.add (i64.load offset={number} (i32.const {number})) (i64.const {number}))"
        ));
        bodies.push(format!(
            "(i64.load offset={number} (i32.add (local.get 0) (i32.const {number})))"
        ));
        bodies.push(format!(
            "(if (result i64) (i32.lt_u (local.get 0) (i32.const {number}))
               (then (i64.load offset={number} (local.get 0))) (else (i64.const {number})))"
        ));
    }
    let (text, names) = text_of("(memory 2 2)", &bodies);
    around(&text, &names);
}

/// Offsets at the end of the guard, and beyond it.
#[test]
fn offsets_beyond_the_guard() {
    let guard = 32 << 20;
    let offsets = [guard - 8, guard - 7, guard - 1, guard, guard + 1, u64::from(u32::MAX)];
    let bodies = offsets.map(|by| format!("(i64.load offset={by} (local.get 0))"));
    let (text, names) = text_of("(memory 1)", &bodies);
    around(&text, &names);
}

/// An operator between a load and a store of the same place goes into one instruction, or a load
/// into a comparison.
#[test]
fn traps_of_loads_that_go_into_operators() {
    let mut bodies = Vec::new();
    for op in ["add", "sub", "and", "or", "xor"] {
        bodies.push(format!(
            "(i64.store (local.get 0) (i64.{op} (i64.load (local.get 0)) (i64.const 7))) (i64.const 1)"
        ));
        bodies.push(format!(
            "(i32.store offset=4 (local.get 0)
               (i32.{op} (i32.load offset=4 (local.get 0)) (local.get 0))) (i64.const 1)"
        ));
        bodies.push(format!(
            "(i64.{op} (i64.load offset=16 (local.get 0)) (i64.load (local.get 0)))"
        ));
    }
    bodies.push("(i64.extend_i32_u (i64.eqz (i64.load (local.get 0))))".to_owned());
    bodies.push(
        "(if (result i64) (i64.lt_u (i64.load (local.get 0)) (i64.const 5))
           (then (i64.const 1)) (else (i64.const 2)))"
            .to_owned(),
    );
    bodies.push("(i64.load (local.get 0)) (i64.atomic.rmw.add offset=8 (local.get 0) (i64.const 1)) i64.add".to_owned());
    let (text, names) = text_of("(memory 1)", &bodies);
    around(&text, &names);
}

/// The optimiser swaps operands, and makes instructions that have no source.
#[test]
fn traps_of_loads_whose_operators_change() {
    let mut bodies = Vec::new();
    for op in ["add", "and", "or", "xor", "mul"] {
        let sum = format!("(i64.{op} (i64.const 63) (i64.load (local.get 0)))");
        bodies.push(format!("(i64.load (local.get 0)) {sum} i64.add"));
        bodies.push(format!("{sum} (i64.load offset=8 (local.get 0)) i64.add"));
        bodies.push(format!("(i64.extend_i32_u (i64.gt_u {sum} (i64.const 0x7edcba9876543210)))"));
        bodies
            .push(format!("(i64.extend_i32_u (i32.{op} (i32.const 63) (i32.load (local.get 0))))"));
        bodies.push(sum);
    }
    for op in ["shl", "shr_u", "shr_s", "rotl", "rotr", "sub", "div_u", "rem_s"] {
        bodies.push(format!("(i64.{op} (i64.load (local.get 0)) (i64.const 32))"));
        bodies.push(format!("(i64.{op} (i64.load (local.get 0)) (i64.const 1))"));
    }
    for op in ["eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"] {
        bodies
            .push(format!("(i64.extend_i32_u (i64.{op} (i64.const 63) (i64.load (local.get 0))))"));
        bodies.push(format!(
            "(select (i64.const 1) (i64.load offset=8 (local.get 0))
               (i64.{op} (i64.const 0) (i64.load (local.get 0))))"
        ));
    }
    let (text, names) = text_of("(memory 1)", &bodies);
    around(&text, &names);
}

/// Loads that give addresses, stores that others overwrite, and more loads than there are codes.
#[test]
fn traps_of_accesses_that_lead_to_others() {
    let mut bodies = Vec::new();
    for access in ["i32.load8_u", "i32.load", "i32.atomic.load", "i32.atomic.load8_u"] {
        let second = format!("({access} (i32.load (local.get 0)))");
        bodies.push(format!("(i64.extend_i32_u {second})"));
        bodies.push(format!("(i64.extend_i32_u (i32.add (i32.const 5) {second}))"));
    }
    for access in ["i32.store", "i32.atomic.store", "i32.atomic.store8"] {
        bodies.push(format!("({access} (i32.load (local.get 0)) (i32.const 3)) (i64.const 1)"));
        bodies.push(format!(
            "({access} (i32.load (local.get 0)) (i32.load offset=4 (local.get 0))) (i64.const 1)"
        ));
    }
    for operator in ["add", "and", "xchg", "or"] {
        bodies.push(format!(
            "(i64.atomic.rmw.{operator} (i32.load (local.get 0)) (i64.load offset=4 (local.get 0)))"
        ));
    }
    // A store that another one overwrites, wholly or in part.
    for (first, second) in [("i64", "i64"), ("i32", "i32"), ("i64", "i32"), ("i32", "i64")] {
        bodies.push(format!(
            "({first}.store (local.get 0) ({first}.const 6))
               ({second}.store (local.get 0) ({second}.const 3)) (i64.const 1)"
        ));
    }
    bodies.push("(i64.store (local.get 0) (i64.const 6))".repeat(250) + "(i64.const 1)");
    bodies.push(
        "(i64.store (local.get 0) (i64.load (local.get 0)))
           (i64.store (local.get 0) (i64.add (i64.load (local.get 0)) (i64.const 1))) (i64.const 1)"
            .to_owned(),
    );
    // More loads than there are codes.
    let many = "(i64.load offset=8 (local.get 0)) i64.xor (i64.const 9) i64.add".repeat(450);
    bodies.push(format!("(i64.load (local.get 0)) {many}"));
    bodies.push(format!("(i64.const 1) (i64.load (local.get 0)) i64.add {many}"));
    bodies.push("(i64.eqz (i64.load (local.get 0))) i32.eqz i64.extend_i32_u".to_owned());
    bodies.push("(i32.wrap_i64 (i64.load (local.get 0))) i64.extend_i32_s".to_owned());
    let (text, names) = text_of("(memory 1)", &bodies);
    around(&text, &names);
}

/// A memory of another instance, and one with 64-bit addresses.
#[test]
fn imported_and_wide_memories() {
    let exporter = "(module (memory (export \"m\") 1 2)
        (memory (export \"w\") i64 1 2)
        (func (export \"grow\") (result i32) (memory.grow 0 (i32.const 1))))";
    let text = "(module (import \"e\" \"m\" (memory $m 1)) (import \"e\" \"w\" (memory $w i64 1))
        (import \"e\" \"grow\" (func $grow (result i32)))
        (func (export \"m\") (param i32) (result i64) (i64.load $m offset=8 (local.get 0)))
        (func (export \"w\") (param i64) (result i64) (i64.load $w offset=8 (local.get 0)))
        (func (export \"far\") (param i64) (result i64)
          (i64.load $w offset=0xfffffffffffffff8 (local.get 0)))
        (func (export \"grown\") (param i32) (result i64)
          (drop (i64.load $m (i32.const 0))) (drop (call $grow))
          (i64.load $m offset=8 (local.get 0))))";
    let narrow = AROUND.map(|at| [Val::I32(at)]);
    let wide = [0, 1, 65_520, 65_521, 65_528, 65_529, 131_064, i64::MAX, i64::MIN, -1, -8, -9];
    let wide = wide.map(|at| [Val::I64(at)]);
    let mut calls: Vec<(&str, &[Val])> = Vec::new();
    calls.extend(narrow.iter().map(|arg| ("m", &arg[..])));
    for name in ["w", "far"] {
        calls.extend(wide.iter().map(|arg| (name, &arg[..])));
    }
    calls.extend(narrow.iter().map(|arg| ("grown", &arg[..])));
    same_imported(exporter, text, &calls);
}

/// Products and shifts of 32 bits as indices.
#[test]
fn narrow_products_are_indices() {
    let mut bodies = Vec::new();
    for by in [2, 3, 4, 5, 8, 9, 24, 65_536, -1] {
        bodies.push(format!("(i64.load (i32.mul (local.get 0) (i32.const {by})))"));
        bodies.push(format!(
            "(i64.load (i32.mul (local.get 0) (i32.add (local.get 0) (i32.const {by}))))"
        ));
    }
    for by in 0..4 {
        bodies.push(format!("(i64.load (i32.shl (local.get 0) (i32.const {by})))"));
        bodies.push(format!(
            "(i64.load (i32.add (i32.const 16) (i32.shl (local.get 0) (i32.const {by}))))"
        ));
        bodies.push(format!(
            "(i64.load (i32.wrap_i64 (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const {by}))))"
        ));
    }
    let (text, names) = text_of("(memory 1)", &bodies);
    around(&text, &names);
}

/// Vectors and floats are read and written at their own widths, sunk into operators or not.
#[test]
fn vectors_have_every_width() {
    let lane = |value: String| format!("(i64x2.extract_lane 0 {value})");
    let mut bodies = Vec::new();
    let loads = [
        "v128.load",
        "v128.load8_splat",
        "v128.load16_splat",
        "v128.load32_splat",
        "v128.load64_splat",
        "v128.load32_zero",
        "v128.load64_zero",
        "v128.load8x8_s",
        "v128.load8x8_u",
        "v128.load16x4_s",
        "v128.load16x4_u",
        "v128.load32x2_s",
        "v128.load32x2_u",
    ];
    for load in loads {
        bodies.push(lane(format!("({load} (local.get 0))")));
        bodies.push(lane(format!("(i8x16.add ({load} (local.get 0)) ({load} (local.get 0)))")));
    }
    for (bits, last) in [(8, 15), (16, 7), (32, 3), (64, 1)] {
        let ones = "(i8x16.splat (i32.const 7))";
        bodies.push(lane(format!("(v128.load{bits}_lane {last} (local.get 0) {ones})")));
        bodies.push(format!("(v128.store{bits}_lane {last} (local.get 0) {ones}) (i64.const 1)"));
    }
    bodies.push("(v128.store (local.get 0) (v128.const i64x2 1 2)) (i64.const 1)".to_owned());
    let (narrow, wide) = ("(f32.load (local.get 0))", "(f64.load (local.get 0))");
    for unary in ["sqrt", "ceil", "floor", "trunc", "nearest", "abs", "neg"] {
        bodies.push(format!("(i64.extend_i32_u (i32.reinterpret_f32 (f32.{unary} {narrow})))"));
        bodies.push(format!("(i64.reinterpret_f64 (f64.{unary} {wide}))"));
        bodies.push(lane(format!("(f64x2.{unary} (v128.load (local.get 0)))")));
    }
    for binary in ["add", "sub", "mul", "div", "min", "max", "copysign"] {
        bodies.push(format!("(i64.reinterpret_f64 (f64.{binary} (f64.const 2) {wide}))"));
        bodies.push(format!(
            "(i64.extend_i32_u (i32.reinterpret_f32 (f32.{binary} (f32.const 2) {narrow})))"
        ));
    }
    bodies.push(format!("(i64.reinterpret_f64 (select {wide} (f64.const 1) (local.get 0)))"));
    bodies.push(format!("(i64.extend_i32_u (f64.lt {wide} (f64.const 1)))"));
    bodies.push(lane(format!("(f64x2.splat {wide})")));
    bodies.push(lane(format!("(f32x4.splat {narrow})")));
    bodies.push(lane(format!("(f64x2.replace_lane 1 (v128.const i64x2 1 2) {wide})")));
    bodies.push(lane(format!("(f32x4.replace_lane 3 (v128.const i64x2 1 2) {narrow})")));
    bodies.push(lane(
        "(i8x16.replace_lane 3 (v128.const i64x2 1 2) (i32.load8_u (local.get 0)))".to_owned(),
    ));
    bodies.push(lane(
        "(i16x8.replace_lane 3 (v128.const i64x2 1 2) (i32.load16_u (local.get 0)))".to_owned(),
    ));
    bodies.push("(i64.trunc_sat_f64_s (f64.promote_f32 (f32.load (local.get 0))))".to_owned());
    bodies.push("(i64.reinterpret_f64 (f64.convert_i32_s (i32.load (local.get 0))))".to_owned());
    let (text, names) = text_of("(memory 1)", &bodies);
    around(&text, &names);
}
