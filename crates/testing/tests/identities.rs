//! Operators with identity forms (`x + 0`, `x * 1`, `eqz (eqz x)`, …) as the operand of every
//! consumer: each function is translated and proved, and runs alike in all tiers.
//!
//! A translator that folds an identity at one consumer, and a proof that does not know it there,
//! refuse a valid module. The product of both lists finds such a pair, with operands of two kinds:
//! a local, and something computed. A trip through SSA knows constants that stood in a local, and
//! so makes such forms: the product goes on that trip too, without passes, as `prova opt` does.
//!
//! A green run does not show that a form that is missing from the lists is proved. Machine code
//! runs a part of the product, by turns.

use prova_emit::trip;
use prova_module::{Features, Limits, Module};
use prova_native::NativeCompiler;
use prova_runtime::{Attach, Metering, Settings};
use prova_testing::agree::differential;
use prova_testing::agree::native;
use prova_testing::generate::{Call, Case};
use prova_testing::sides::attach::Translation;
use prova_testing::sides::host::Host;
use std::fmt::Write;

/// Operators of integers by what is neutral on the right: `OP x n = x`.
const NEUTRAL: [(&str, &[i64]); 12] = [
    ("add", &[0]),
    ("sub", &[0]),
    ("or", &[0]),
    ("xor", &[0]),
    ("shl", &[0, 32, 64]),
    ("shr_s", &[0, 32, 64]),
    ("shr_u", &[0, 32, 64]),
    ("rotl", &[0, 32, 64]),
    ("rotr", &[0, 32, 64]),
    ("mul", &[1, 0]),
    ("div_u", &[1]),
    ("and", &[-1, 0]),
];

const COMMUTES: [&str; 6] = ["add", "mul", "and", "or", "xor", "sub"];

const COMPARISONS: [&str; 10] =
    ["eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"];

const INTEGER: [&str; 15] = [
    "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u", "and", "or", "xor", "shl", "shr_s",
    "shr_u", "rotl", "rotr",
];

/// More forms of integers, of type `T`.
const OF_INTEGERS: [&str; 10] = [
    "(T.add (T.add X (T.const 0)) (T.const 0))",
    "(T.add (T.add X (T.const 5)) (T.const -5))",
    "(T.sub (T.add X (T.const 7)) (T.const 7))",
    "(T.add X (T.const 1))",
    "(T.sub X (T.const 1))",
    "(T.extend8_s X)",
    "(T.extend16_s (T.and X (T.const 0xffff)))",
    "(T.shr_s (T.shl X (T.const 0)) (T.const 0))",
    "(T.and (T.shr_u X (T.const 0)) (T.const -1))",
    "(T.add (T.mul X (T.const 1)) (T.const 0))",
];

/// Forms of floats, of type `T`; some are no identities for zeros or NaNs.
const OF_FLOATS: [&str; 16] = [
    "(T.add X (T.const 0))",
    "(T.add X (T.const -0))",
    "(T.add (T.const 0) X)",
    "(T.sub X (T.const 0))",
    "(T.sub X (T.const -0))",
    "(T.mul X (T.const 1))",
    "(T.mul (T.const 1) X)",
    "(T.div X (T.const 1))",
    "(T.neg (T.neg X))",
    "(T.abs (T.abs X))",
    "(T.copysign X X)",
    "(T.min X X)",
    "(T.max X X)",
    "(T.nearest (T.trunc X))",
    "(T.add (T.mul X X) (T.const 0))",
    "(T.sub (T.const 0) (T.mul X (T.const 1)))",
];

/// Forms by way of another type.
fn through(ty: &str) -> &'static [&'static str] {
    match ty {
        "i32" => &[
            "(i32.wrap_i64 (i64.extend_i32_u X))",
            "(i32.wrap_i64 (i64.extend_i32_s X))",
            "(i32.reinterpret_f32 (f32.reinterpret_i32 X))",
        ],
        "i64" => &[
            "(i64.extend_i32_u (i32.wrap_i64 X))",
            "(i64.extend_i32_s (i32.wrap_i64 X))",
            "(i64.extend32_s X)",
            "(i64.reinterpret_f64 (f64.reinterpret_i64 X))",
        ],
        "f32" => &[
            "(f32.demote_f64 (f64.promote_f32 X))",
            "(f32.reinterpret_i32 (i32.reinterpret_f32 X))",
        ],
        _ => &[
            "(f64.promote_f32 (f32.demote_f64 X))",
            "(f64.reinterpret_i64 (i64.reinterpret_f64 X))",
        ],
    }
}

/// Forms whose text has `X` for the operand, of type `ty`.
fn forms(ty: &str) -> Vec<String> {
    let mut forms = vec![
        "X".to_owned(),
        format!("(select X X (local.get $i))"),
        format!("(select X ({ty}.const 0) (i32.const 1))"),
        format!("(select (result {ty}) ({ty}.const 0) X (i32.eqz (local.get $i)))"),
        format!("(local.tee ${ty} X)"),
        format!("(block (result {ty}) X)"),
        format!("(block (result {ty}) (br 0 X))"),
        format!("(loop (result {ty}) X)"),
        format!("(if (result {ty}) (local.get $i) (then X) (else X))"),
        format!("(block (result {ty}) (local.set ${ty} X) (local.get ${ty}))"),
    ];
    let add = |form: &str| form.replace('T', ty);
    if ty.starts_with('i') {
        for (op, neutral) in NEUTRAL {
            for n in neutral {
                forms.push(format!("({ty}.{op} X ({ty}.const {n}))"));
                if COMMUTES.contains(&op) {
                    forms.push(format!("({ty}.{op} ({ty}.const {n}) X)"));
                }
            }
        }
        let truth =
            |form: String| if ty == "i32" { form } else { format!("(i64.extend_i32_u {form})") };
        for op in COMPARISONS {
            forms.push(truth(format!("({ty}.{op} X ({ty}.const 0))")));
            forms.push(truth(format!("({ty}.{op} ({ty}.const 0) X)")));
        }
        forms.push(truth(format!("({ty}.eqz X)")));
        forms.push(truth(format!("(i32.eqz ({ty}.eqz X))")));
        forms.push(truth(format!("(i32.eqz (i32.eqz ({ty}.eqz X)))")));
        forms.extend(OF_INTEGERS.map(add));
    } else {
        forms.extend(OF_FLOATS.map(add));
    }
    forms.extend(through(ty).iter().map(|form| (*form).to_owned()));
    forms
}

/// Forms of integers whose neutral operand stands in a local, or never was set.
fn forms_by_locals(ty: &str) -> Vec<String> {
    let mut forms = vec!["X".to_owned(), format!("({ty}.sub X (local.get $k_{ty}))")];
    for (op, neutral) in NEUTRAL {
        for n in neutral {
            let set = format!("(local.set $k_{ty} ({ty}.const {n}))");
            let operation = format!("({ty}.{op} X (local.get $k_{ty}))");
            forms.push(format!("(block (result {ty}) {set} {operation})"));
        }
    }
    forms
}

/// A value of a type as an i64.
fn shown(ty: &str, value: &str) -> String {
    match ty {
        "i32" => format!("(i64.extend_i32_u {value})"),
        "f32" => format!("(i64.extend_i32_u (i32.reinterpret_f32 {value}))"),
        "f64" => format!("(i64.reinterpret_f64 {value})"),
        _ => value.to_owned(),
    }
}

/// Bodies with result i64 whose text has `Y` for an operand of this type: those of all types.
fn consumers(ty: &str) -> Vec<String> {
    let end = |body: &str| format!("{} (i64.const 9)", body.replace('T', ty));
    let value = |body: &str| shown(ty, &body.replace('T', ty));
    let mut list = vec![
        value("Y"),
        format!("(return {})", shown(ty, "Y")),
        end("(drop Y)"),
        end("(global.set $T Y)"),
        value("(local.tee $T Y)"),
        value("(block (result T) (br 0 Y))"),
        value("(block (result T) (br_if 0 Y (local.get $i)))"),
        value("(select Y (T.const 3) (local.get $i))"),
        value("(select (T.const 3) Y (local.get $i))"),
        value("(block $h (result T) (try_table (catch $T $h) (throw $T Y)) (unreachable))"),
        "(call $of_T Y)".replace('T', ty),
        "(return_call $of_T Y)".replace('T', ty),
        "(call_indirect $t (type $of_T_type) Y (i32.const @))".replace('T', ty),
        end("(T.store (i32.const 8) Y)"),
        end("(T.store offset=4 (i32.and (local.get $i) (i32.const 1023)) Y)"),
    ];
    list.push(format!("(local.set ${ty} Y) {}", shown(ty, &format!("(local.get ${ty})"))));
    let lanes = match ty {
        "i32" => "i32x4",
        "i64" => "i64x2",
        "f32" => "f32x4",
        _ => "f64x2",
    };
    list.push(shown(ty, &format!("({lanes}.extract_lane 1 ({lanes}.splat Y))")));
    let vector = format!("({lanes}.replace_lane 1 (v128.const i64x2 1 2) Y)");
    list.push(shown(ty, &format!("({lanes}.extract_lane 1 {vector})")));
    list.extend(if ty.starts_with('i') { of_integers(ty) } else { of_floats(ty) });
    list
}

fn of_integers(ty: &str) -> Vec<String> {
    let mut list = Vec::new();
    for op in INTEGER {
        for other in [format!("(local.get ${ty})"), format!("({ty}.const 3)")] {
            list.push(shown(ty, &format!("({ty}.{op} Y {other})")));
            list.push(shown(ty, &format!("({ty}.{op} {other} Y)")));
        }
    }
    for op in COMPARISONS {
        let comparison = format!("({ty}.{op} Y (local.get ${ty}))");
        list.push(shown("i32", &comparison));
        list.push(format!(
            "(if (result i64) {comparison} (then (i64.const 1)) (else (i64.const 2)))"
        ));
        let mirrored = format!("({ty}.{op} ({ty}.const 0) Y)");
        list.push(format!("(block (br_if 0 {mirrored}) (return (i64.const 1))) (i64.const 2)"));
    }
    for op in ["clz", "ctz", "popcnt", "extend8_s", "extend16_s"] {
        list.push(shown(ty, &format!("({ty}.{op} Y)")));
    }
    for op in ["f32.convert_I_s", "f32.convert_I_u", "f64.convert_I_s", "f64.convert_I_u"] {
        list.push(shown(&op[..3], &format!("({} Y)", op.replace('I', ty))));
    }
    for op in ["store8", "store16", "atomic.store", "atomic.store8"] {
        list.push(format!("({ty}.{op} (i32.const 8) Y) (i64.const 9)"));
    }
    for op in ["add", "sub", "and", "xchg"] {
        list.push(shown(ty, &format!("({ty}.atomic.rmw.{op} (i32.const 8) Y)")));
    }
    list.push(format!("(if (result i64) ({ty}.eqz Y) (then (i64.const 1)) (else (i64.const 2)))"));
    list.push(shown("i32", &format!("({ty}.eqz Y)")));
    if ty == "i64" {
        list.push(shown("i32", "(i32.wrap_i64 Y)"));
        list.push("(i64.store32 (i32.const 8) Y) (i64.const 9)".to_owned());
        list.push("(i64.add (i64.mul_wide_u Y (local.get $i64)))".to_owned());
    } else {
        list.extend(of_conditions_and_indices());
    }
    list
}

fn of_floats(ty: &str) -> Vec<String> {
    let mut list = Vec::new();
    for op in ["add", "sub", "mul", "div", "min", "max", "copysign"] {
        for other in [format!("(local.get ${ty})"), format!("({ty}.const 0)")] {
            list.push(shown(ty, &format!("({ty}.{op} Y {other})")));
            list.push(shown(ty, &format!("({ty}.{op} {other} Y)")));
        }
    }
    for op in ["eq", "ne", "lt", "gt", "le", "ge"] {
        let comparison = format!("({ty}.{op} Y (local.get ${ty}))");
        list.push(shown("i32", &comparison));
        list.push(format!(
            "(if (result i64) {comparison} (then (i64.const 1)) (else (i64.const 2)))"
        ));
    }
    for op in ["abs", "neg", "sqrt", "ceil", "floor", "trunc", "nearest"] {
        list.push(shown(ty, &format!("({ty}.{op} Y)")));
    }
    for op in ["trunc_F_s", "trunc_F_u", "trunc_sat_F_s", "trunc_sat_F_u"] {
        list.push(shown("i32", &format!("(i32.{} Y)", op.replace('F', ty))));
        list.push(format!("(i64.{} Y)", op.replace('F', ty)));
    }
    list
}

/// Consumers of a condition, an address, an index or a count, and what is no load or store.
const CONDITIONS_AND_INDICES: [&str; 46] = [
    "(block (br_if 0 Y) (return (i64.const 1))) (i64.const 2)",
    "(block (result i64) (br_if 0 (i64.const 7) Y))",
    "(block (br_table 0 0 0 Y)) (i64.const 2)",
    "(block (block (block (br_table 0 1 2 Y)) (return (i64.const 1))) (return (i64.const 2)))
        (i64.const 3)",
    "(block (result i64) (i64.add (i64.const 1) (block (result i64)
        (br_table 0 1 0 (i64.const 5) Y))))",
    "(block (block (br_table 0 1 Y)) (unreachable)) (i64.const 4)",
    "(if Y (then (return (i64.const 1)))) (i64.const 2)",
    "(if (result i64) Y (then (i64.const 1)) (else (i64.const 2)))",
    "(select (i64.const 1) (i64.const 2) Y)",
    "(select (local.get $i64) (i64.const 2) Y)",
    "(select (i64.const 1) (local.get $i64) Y)",
    "(local.set $i32 (i32.const 3)) (loop $l (local.set $i32 (i32.sub (local.get $i32) (i32.const 1)))
        (br_if $l (i32.and (i32.ne Y (i32.const 0)) (local.get $i32)))) (i64.const 6)",
    "(i64.extend_i32_s (memory.grow Y))",
    "(memory.fill Y (i32.const 1) (i32.const 4)) (i64.const 1)",
    "(memory.fill (i32.const 1) Y (i32.const 4)) (i64.const 1)",
    "(memory.fill (i32.const 1) (i32.const 2) Y) (i64.const 1)",
    "(memory.copy Y (i32.const 1) (i32.const 4)) (i64.const 1)",
    "(memory.copy (i32.const 1) Y (i32.const 4)) (i64.const 1)",
    "(memory.copy (i32.const 1) (i32.const 2) Y) (i64.const 1)",
    "(memory.init $d Y (i32.const 1) (i32.const 4)) (i64.const 1)",
    "(memory.init $d (i32.const 1) Y (i32.const 1)) (i64.const 1)",
    "(memory.init $d (i32.const 1) (i32.const 0) Y) (i64.const 1)",
    "(i64.extend_i32_u (ref.is_null (table.get $t Y)))",
    "(table.set $t Y (ref.null func)) (i64.const 1)",
    "(i64.extend_i32_s (table.grow $t (ref.null func) Y))",
    "(table.fill $t Y (ref.null func) (i32.const 1)) (i64.const 1)",
    "(table.fill $t (i32.const 1) (ref.null func) Y) (i64.const 1)",
    "(table.copy $t $t Y (i32.const 1) (i32.const 1)) (i64.const 1)",
    "(table.copy $t $t (i32.const 1) Y (i32.const 1)) (i64.const 1)",
    "(table.copy $t $t (i32.const 1) (i32.const 2) Y) (i64.const 1)",
    "(table.init $t $e Y (i32.const 0) (i32.const 1)) (i64.const 1)",
    "(table.init $t $e (i32.const 0) Y (i32.const 1)) (i64.const 1)",
    "(table.init $t $e (i32.const 0) (i32.const 0) Y) (i64.const 1)",
    "(call_indirect $t (type $of_i32_type) (i32.const 4) Y)",
    "(return_call_indirect $t (type $of_i32_type) (i32.const 4) Y)",
    "(call $two Y (local.get $i))",
    "(call $two (local.get $i) Y)",
    "(call $two Y Y)",
    "(i64x2.extract_lane 0 (v128.load Y))",
    "(v128.store Y (v128.const i64x2 1 2)) (i64.const 1)",
    "(i64x2.extract_lane 0 (i8x16.shl (v128.const i64x2 1 2) Y))",
    "(i64x2.extract_lane 0 (v128.load8_lane 3 Y (v128.const i64x2 1 2)))",
    "(i64.extend_i32_u (i32.atomic.load Y))",
    "(i64.extend_i32_u (i32.atomic.rmw.cmpxchg Y (i32.const 0) (i32.const 5)))",
    "(i64.extend_i32_u (i32.atomic.rmw.cmpxchg (i32.const 8) Y (i32.const 5)))",
    "(i64.extend_i32_u (memory.atomic.notify Y (i32.const 5)))",
    ];

/// Operators that take an i32 for a condition, an address, an index or a count.
fn of_conditions_and_indices() -> Vec<String> {
    let mut list = CONDITIONS_AND_INDICES.map(str::to_owned).to_vec();
    for offset in ["", "offset=4 "] {
        for (ty, ops) in [
            ("i32", &["load", "load8_s", "load8_u", "load16_s", "load16_u"][..]),
            (
                "i64",
                &["load", "load8_s", "load8_u", "load16_s", "load16_u", "load32_s", "load32_u"],
            ),
            ("f32", &["load"]),
            ("f64", &["load"]),
        ] {
            list.extend(ops.iter().map(|op| shown(ty, &format!("({ty}.{op} {offset}Y)"))));
        }
        for (ty, ops) in [
            ("i32", &["store", "store8", "store16"][..]),
            ("i64", &["store", "store8", "store16", "store32"]),
            ("f32", &["store"]),
            ("f64", &["store"]),
        ] {
            for value in [format!("({ty}.const 5)"), format!("(local.get ${ty})")] {
                list.extend(
                    ops.iter().map(|op| format!("({ty}.{op} {offset}Y {value}) (i64.const 9)")),
                );
            }
        }
    }
    list
}

/// The definitions that the bodies use.
fn head() -> String {
    let mut head = String::from(
        r#"(memory 1 3) (data (i32.const 0) "\00\01\02\03\fe\ff\80\7f0123456789") (data $d "abcdefgh")
        (table $t 8 16 funcref) (elem $e func $of_i32 $of_i64)
        (elem (table $t) (i32.const 0) func $of_i32 $of_i64 $of_f32 $of_f64 $of_i32)
        (func $two (param i32 i32) (result i64)
            (i64.extend_i32_u (i32.sub (local.get 0) (local.get 1))))"#,
    );
    for ty in TYPES {
        let _ = write!(
            head,
            "(global ${ty} (export \"g_{ty}\") (mut {ty}) ({ty}.const 1)) (tag ${ty} (param {ty}))
            (type $of_{ty}_type (func (param {ty}) (result i64)))
            (func $of_{ty} (type $of_{ty}_type) {})",
            shown(ty, "(local.get 0)")
        );
    }
    head
}

const TYPES: [&str; 4] = ["i32", "i64", "f32", "f64"];

/// A consumer with each form of each operand, a function for each.
fn module(ty: &str, consumer: &str, forms: &[String]) -> (Vec<u8>, Vec<String>) {
    let slot = TYPES.iter().position(|other| *other == ty).unwrap_or_default();
    let consumer = consumer.replace('@', &slot.to_string());
    let (mut text, mut bodies) = (format!("(module {}", head()), Vec::new());
    let computed = match ty {
        "i32" => "(i32.rotl (local.get $i) (i32.const 1))".to_owned(),
        "i64" => "(i64.rotl (local.get $i64) (i64.const 1))".to_owned(),
        _ => format!("({ty}.sqrt (local.get ${ty}))"),
    };
    let local = format!("(local.get ${})", if ty == "i32" { "i" } else { ty });
    for (index, form) in forms.iter().enumerate() {
        // The operand itself as both kinds, each form of it as one by turns.
        let operands = [&local, &computed];
        for operand in if index == 0 { &operands[..] } else { &operands[index % 2..][..1] } {
            let body = consumer.replace('Y', &form.replace('X', operand));
            let _ = write!(
                text,
                "\n(func (export \"{}\") (param $i i32) (param $i64 i64) (param $f32 f32)
                (param $f64 f64) (result i64) (local $i32 i32)
                (local $k_i32 i32) (local $k_i64 i64) {body})",
                bodies.len()
            );
            bodies.push(body);
        }
    }
    text.push(')');
    (wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{consumer}")), bodies)
}

/// Arguments of every function.
const ARGS: [[u64; 4]; 2] = [
    [1, 0, 0x8000_0000, 0x3ff8_0000_0000_0000],
    [0xffff_fff0, 0xffff_ffff_8000_0000, 0x7fc0_0001, 0xfff0_0000_0000_0001],
];

fn case(wasm: Vec<u8>, count: usize) -> Case {
    let of =
        |index: usize| ARGS.map(|args| Call { export: index.to_string(), args: args.to_vec() });
    let calls = (0..count).flat_map(of).collect();
    Case { wasm, calls, nan_free: false, fuel: 10_000 }
}

#[test]
fn every_identity_is_proved_at_every_consumer_and_runs_alike() {
    let (mut wrong, mut pairs, mut native_funcs, mut index) = (String::new(), 0, 0, 0);
    for ty in TYPES {
        let forms = forms(ty);
        for consumer in consumers(ty) {
            let (wasm, bodies) = module(ty, &consumer, &forms);
            let module = Module::decode(&*wasm, &Features::default(), &Limits::default());
            let module = module.unwrap_or_else(|error| panic!("{error}\n{consumer}"));
            let settings = Settings { metering: Metering::None, deterministic: true };
            let translation = Translation::new(settings);
            let helpers = module.defined_funcs().len() - bodies.len();
            for (func, body) in module.defined_funcs().skip(helpers).zip(&bodies) {
                if let Err(error) = translation.attach(&module, func) {
                    let _ = writeln!(wrong, "{body}: {error}");
                }
            }
            pairs += bodies.len();
            // Which settings run, and in which way machine code does, goes by turns.
            index += 1;
            let case = case(wasm, bodies.len());
            if let Err(error) = differential::check(&case, 3 * index, None) {
                let _ = writeln!(wrong, "{consumer}: {error:?}");
            }
            if index.is_multiple_of(NATIVE_STEP) {
                let how = (Host::of(index), None);
                match native::sides(&case, index, how, &NativeCompiler::new) {
                    Ok(ran) => native_funcs += ran.map_or(0, |(_, tally)| tally.native),
                    Err(error) => _ = writeln!(wrong, "{consumer}: {error}"),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(pairs > 25_000 && native_funcs > 500, "{pairs} {native_funcs}");
}

#[test]
fn every_identity_that_a_trip_makes_is_proved() {
    let settings = Settings { metering: Metering::None, deterministic: true };
    let limits = Limits::default();
    let options = trip::Options { transform: &Some, threads: 1, limits: &limits };
    let (mut wrong, mut pairs, mut replaced) = (Vec::new(), 0, 0);
    for ty in ["i32", "i64"] {
        let forms = forms_by_locals(ty);
        for consumer in consumers(ty) {
            let (wasm, bodies) = module(ty, &consumer, &forms);
            let module = Module::decode(wasm, &Features::default(), &limits);
            let module = module.unwrap_or_else(|error| panic!("{error}\n{consumer}"));
            let sent = trip::module(&module, &options);
            let sent = sent.unwrap_or_else(|error| panic!("{error}\n{consumer}"));
            // It keeps the code of one module.
            let translation = Translation::new(settings);
            let helpers = module.defined_funcs().len() - bodies.len();
            for (func, body) in module.defined_funcs().skip(helpers).zip(&bodies) {
                if let Err(error) = translation.attach(&sent.module, func) {
                    wrong.push(format!("{body}: {error}"));
                }
            }
            pairs += bodies.len();
            let is_replaced = |outcome: &trip::Outcome| *outcome == trip::Outcome::Replaced;
            replaced += sent.outcomes.iter().filter(|(_, outcome)| is_replaced(outcome)).count();
        }
    }
    assert!(wrong.is_empty(), "{} of {pairs}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(pairs > 9_000 && replaced >= pairs, "{pairs} {replaced}");
}

/// One in this number of consumers runs as machine code too.
const NATIVE_STEP: u64 = 24;
