//! Branches, calls, returns, metering. Which way control went is in the result of the function.

use super::{LONG, SHORT, WIDE, get, some, types};
use crate::suite::form::{Feed, Form, Unit};
use crate::suite::values::{Ty, edges};
use prova_bytecode::{Class, Kind, Op, Role};

/// Types of functions that are called.
const TYPES: &str = r#"
  (type $id (func (param i32) (result i32)))
  (type $mix (func (param i32 i64) (result i64 i32)))
  (type $swap (func (param i64 f64 v128) (result v128 f64 i64)))
  (type $none (func))"#;

/// Functions of the host, and of another instance.
const IMPORTS: &str = r#"
  (import "host" "mix" (func $host (type $mix)))
  (import "host" "grow" (func $grow (type $id)))
  (import "other" "mix" (func $other (type $mix)))
  (import "other" "size" (func $size (type $id)))"#;

/// Definitions that leave marks where code ran.
const MARKS: &str = "
  (memory $m 64 200 (pagesize 1))
  (global $count (mut i32) (i32.const 0))";

/// Functions that tables hold too.
const SMALL: &str = r#"
  (func $plus (type $id) (i32.add (local.get 0) (i32.const 1)))
  (func $twice (type $id) (i32.shl (local.get 0) (i32.const 1)))
  (func $mix (type $mix) (i64.sub (local.get 1) (i64.extend_i32_u (local.get 0))) (i32.wrap_i64 (local.get 1)))
  (func $none (type $none) (global.set $count (i32.add (global.get $count) (i32.const 1))))"#;

/// Functions with more results, with locals that must be zero, and with many frames.
const CALLED: &str = r#"
  (func $swap (type $swap) (local.get 2) (local.get 1) (local.get 0))
  (func $dirty (type $id) (local i32 i64 v128 i32)
    (local.set 0 (i32.add (local.get 0) (i32.add (local.get 1) (local.get 4))))
    (local.set 0 (i32.add (local.get 0) (v128.any_true (local.get 3))))
    (local.set 1 (i32.const -1)) (local.set 2 (i64.const -1)) (local.set 4 (i32.const -1))
    (local.set 3 (v128.const i64x2 -1 -1)) (i32.add (local.get 0) (i32.wrap_i64 (local.get 2))))
  (func $deep (type $id) (if (result i32) (local.get 0)
    (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))) (else (i32.const 0))))"#;

/// Functions whose arguments fill more than the caller's frame.
const TAILS: &str = r#"
  (func $down (param i32 i64 i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.wrap_i64 (local.get 1)))))
    (return_call $down (i32.sub (local.get 0) (i32.const 1))
      (i64.add (local.get 1) (i64.extend_i32_u (local.get 2))) (local.get 0)))
  (func $many (param i64 i64 i64 i64 i64) (result i64) (i64.mul (i64.sub (local.get 0) (local.get 1))
    (i64.sub (i64.shl (local.get 2) (local.get 3)) (local.get 4))))"#;

/// Tables for indirect calls.
const TABLES: &str = r#"
  (table $t 8 300 funcref) (table $o i64 6 6 funcref)
  (elem (table $t) (i32.const 0) func $plus $twice $mix $grow $size $other $none)
  (elem (table $o) (i64.const 1) func $twice $plus $host)
  (elem declare func $twice)"#;

/// A table of references of the type of `call_ref`.
const REFS: &str = "
  (table $refs 8 8 (ref null $id)) (elem (table $refs) (i32.const 0) (ref null $id)
  (ref.func $plus) (ref.func $twice) (ref.null $id) (ref.func $grow) (ref.func $size))
  (elem declare func $plus $twice $grow $size)";

/// The module fields that the hand-written forms of an op need: no more than they name, because
/// under Miri the text of a module takes longest.
fn head(op: Op) -> String {
    let parts: &[&str] = match op.mnemonic() {
        "call" => &[TYPES, MARKS, SMALL, CALLED],
        "return_call" => &[TYPES, MARKS, SMALL, TAILS],
        "call_import" | "return_call_import" => &[TYPES, IMPORTS, MARKS],
        "call_indirect" | "return_call_indirect" => &[TYPES, IMPORTS, MARKS, SMALL, TABLES],
        "call_ref" | "return_call_ref" => &[TYPES, IMPORTS, MARKS, SMALL, REFS],
        "charge" | "poll" | "heat" => &[TYPES, IMPORTS, MARKS, SMALL, CALLED],
        _ => &[TYPES, MARKS, SMALL],
    };
    parts.concat()
}

/// By op, bodies over the names of [`frame`].
const BODIES: &[(&str, &[&str])] = &[
    ("unreachable", &["(if (local.get $i) (then unreachable)) (local.set $d (i32.const 1))"]),
    ("br", &[
        "(block (block (br_if 0 (local.get $i)) (br 1)) (local.set $d (i32.const 9)))",
        "(if (local.get $i) (then (local.set $d (i32.const 5))) (else (local.set $d (i32.const 6))))",
        "(local.set $d (i32.const 0)) (local.set $i (i32.and (local.get $i) (i32.const 15)))
             (block $out (loop $l (br_if $out (i32.eqz (local.get $i)))
               (local.set $i (i32.sub (local.get $i) (i32.const 1)))
               (local.set $d (i32.add (local.get $d) (i32.const 3))) (br $l)))",
    ]),
    ("i32.add_imm_br", &[
        "(local.set $d (i32.const 0)) (local.set $i (i32.and (local.get $i) (i32.const 15)))
             (block $out (loop $l (br_if $out (i32.eqz (local.get $i))) (local.set $d (i32.add (local.get $d) (i32.const 3)))
               (local.set $i (i32.sub (local.get $i) (i32.const 1))) (br $l)))",
        "(if (local.get $i) (then (local.set $d (i32.add (local.get $d) (i32.const -32768)))) (else (local.set $d (i32.const 6))))",
        "(if (local.get $i) (then (local.set $d (i32.add (local.get $d) (i32.const 32767)))) (else (local.set $d (i32.const 6))))",
    ]),
    ("copy_br", &[
        "(if (local.get $i) (then (local.set $e (local.get $j))) (else (local.set $d (i32.const 6))))",
        "(local.set $d (i32.const 0)) (block $out (loop $l (br_if $out (i32.eq (local.get $d) (i32.const 5)))
               (local.set $d (i32.add (local.get $d) (i32.const 1))) (local.set $e (local.get $k)) (br $l)))",
    ]),
    ("const32_br", &[
        "(if (local.get $i) (then (local.set $d (i32.const 0x80000000))) (else (local.set $d (i32.const 6))))",
        "(block $out (loop $l (br_if $out (i32.eq (local.get $d) (i32.const 0x7fffffff)))
               (local.set $d (i32.const 0x7fffffff)) (br $l)))",
    ]),
    ("return", &["(local.set $d (local.get $i)) (if (local.get $i) (then (global.set $count (i32.const 3))))"]),
    ("call", &[
        "(local.set $d (call $plus (local.get $i)))",
        "(call $mix (local.get $i) (local.get $j)) (local.set $d) (local.set $e)",
        "(call $swap (local.get $j) (local.get $f) (local.get $v)) (local.set $e) (local.set $f) (local.set $v)",
        "(call $none) (local.set $d (global.get $count))",
        "(local.set $d (i32.add (call $dirty (local.get $i)) (call $dirty (local.get $i))))",
        "(local.set $d (call $deep (i32.and (local.get $i) (i32.const 0x1fff))))",
    ]),
    ("call_import", &[
        "(call $host (local.get $i) (local.get $j)) (local.set $d) (local.set $e)",
        "(call $other (local.get $i) (local.get $j)) (local.set $d) (local.set $e)",
        "(local.set $d (call $grow (i32.and (local.get $i) (i32.const 3))))
             (local.set $d (i32.add (local.get $d) (i32.load8_u (i32.sub (memory.size) (i32.const 1)))))",
        "(local.set $d (i32.add (call $size (local.get $i)) (memory.size)))
             (i32.store8 (i32.const 63) (local.get $i))",
    ]),
    ("call_indirect", &[
        "(local.set $d (call_indirect $t (type $id) (local.get $d) (local.get $i)))",
        "(call_indirect $t (type $mix) (local.get $d) (local.get $j) (local.get $i)) (local.set $d) (local.set $e)",
        "(call_indirect $t (type $none) (local.get $i)) (local.set $d (global.get $count))",
        "(local.set $e (i64.extend_i32_s (table.grow $t (ref.func $twice) (i32.const 3))))
         (local.set $d (call_indirect $t (type $id) (local.get $d) (local.get $i)))",
        "(local.set $d (call_indirect $o (type $id) (local.get $d) (local.get $k)))",
        "(call_indirect $o (type $mix) (local.get $d) (local.get $j) (local.get $k)) (local.set $d) (local.set $e)",
    ]),
    ("return_call", &[
        "(return_call $down (i32.and (local.get $i) (i32.const 0xfff)) (local.get $j) (local.get $d))",
        "(return_call $plus (local.get $d))",
    ]),
    ("return_call_import", &["(return_call $host (local.get $i) (local.get $j))",
        "(return_call $other (local.get $i) (local.get $j))"]),
    ("return_call_indirect", &[
        "(return_call_indirect $t (type $mix) (local.get $d) (local.get $j) (local.get $i))",
        "(return_call_indirect $o (type $mix) (local.get $d) (local.get $j) (local.get $k))",
    ]),
    ("call_ref", &["(local.set $d (call_ref $id (local.get $d) (table.get $refs (local.get $i))))"]),
    ("return_call_ref", &["(return_call_ref $id (local.get $d) (table.get $refs (local.get $i)))"]),
];

pub(crate) fn of(op: Op) -> Vec<Unit> {
    let (head, forms) = match op.mnemonic() {
        _ if op.class() == Class::branch => (String::new(), branches(op)),
        "br_table" => (String::new(), tables()),
        _ if op.class() == Class::pure_branch => (String::new(), counted(op)),
        "return1" => (String::new(), one_result()),
        "return2" => (String::new(), two_results()),
        "charge" | "poll" | "heat" => (head(op), metered()),
        _ => (head(op), by_hand(op)),
    };
    vec![Unit::new(&head, forms)]
}

/// The forms of [`BODIES`], and what has another frame.
fn by_hand(op: Op) -> Vec<Form> {
    let bodies = BODIES.iter().find(|(name, _)| *name == op.mnemonic());
    let bodies = bodies.map_or(&[][..], |(_, bodies)| bodies);
    let results = match op.mnemonic() {
        "return_call_import" | "return_call_indirect" => Some("(result i64 i32)"),
        "return_call" | "return_call_ref" => Some("(result i32)"),
        _ => None,
    };
    let forms = bodies.iter().map(|body| {
        // Under Miri a hundred calls take as long as a million elsewhere.
        let mut body = (*body).to_owned();
        if cfg!(miri) {
            body = body.replace("0x1fff)", "0xff)").replace("0xfff)", "0xf)");
        }
        let form = frame().with_body(body);
        let form = match results {
            Some(types) => form.with_results(types),
            None => form,
        };
        // The callee's place is the window's; a source such as a table's index can be moved.
        let moved = op.operands().iter().any(|o| o.kind.cells() > 0);
        if moved { form } else { form.in_place() }
    });
    let mut forms: Vec<Form> = forms.collect();
    if op.mnemonic() == "br" && !cfg!(miri) {
        forms.push(far(
            "(if (local.get $i) (then (local.set $k (i32.or (local.get $k) (local.get $i))) (br 1)))",
            "(if (local.get $k) (then (local.set $k (i32.xor (local.get $k) (local.get $i))) (br 2)))",
        ));
    } else if op.mnemonic() == "return_call" {
        forms.push(overlapping());
    }
    forms
}

/// A tail call whose arguments lie partly where they go to.
fn overlapping() -> Form {
    let mut form = Form::bare(&[("$a", Ty::I64)]);
    form.body = "(return_call $many (local.get $a) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5))".to_owned();
    form.in_place().with_results("(result i64)")
}

/// Sources and results of every type, under names that bodies use.
fn frame() -> Form {
    let mut form = Form::new();
    let mut indices: Vec<u128> = (0..10).collect();
    indices.extend([0x7fff_ffff, 0x8000_0000, 0xffff_ffff]);
    form.named("$i", Ty::I32, Feed::List(indices.clone()));
    indices.extend([1 << 32, (1 << 32) + 1, (1 << 32) + 2, u64::MAX.into()]);
    form.named("$k", Ty::I64, Feed::List(indices));
    form.named("$j", Ty::I64, Feed::Noise);
    form.named("$f", Ty::F64, Feed::Noise);
    form.named("$v", Ty::V128, Feed::Noise);
    form.named("$d", Ty::I32, Feed::Noise);
    form.named("$e", Ty::I64, Feed::Noise);
    form
}

/// Sums that count a loop's rounds, with different steps and a bound among the values that are
/// reached; a constant for a local before a branch on another one.
fn counted(op: Op) -> Vec<Form> {
    let name = op.mnemonic();
    let form = |body: String| {
        let mut form = Form::new();
        form.named("$i", Ty::I32, Feed::List(vec![0, 1, 5, 6, 7, 0x8000_0000, 0xffff_ffff]));
        form.named("$b", Ty::I32, Feed::List(vec![0, 1, 6, 7, 8, 0x7fff_ffff, 0xffff_ffff]));
        form.named("$d", Ty::I32, Feed::Noise);
        form.with_body(body)
    };
    if name == "const32_br_if_not" {
        let arms = "(local.set $d (i32.const 0x80000000)) (if (local.get $i) (then (local.set $b (i32.const 3))))";
        let loops = "(local.set $d (i32.const 0)) (block $out (loop $l
           (br_if $out (i32.eq (local.get $d) (i32.const 0x7fffffff)))
           (local.set $d (i32.const 0x7fffffff)) (br_if $l (i32.eqz (local.get $i)))))";
        return vec![form(arms.to_owned()), form(loops.to_owned())];
    }
    let test = |sum: &str, bound: &str| match name.trim_start_matches("i32.add_imm_br_") {
        "if" => sum.to_owned(),
        "ne" => format!("(i32.ne {sum} (local.get $b))"),
        "ne_imm" => format!("(i32.ne {sum} (i32.const {bound}))"),
        test => format!("(i32.{test} {sum} (local.get $b))"),
    };
    let mirrored = |sum: &str| match name.trim_start_matches("i32.add_imm_br_") {
        "ne" => format!("(i32.ne (local.get $b) {sum})"),
        "lt_u" => format!("(i32.gt_u (local.get $b) {sum})"),
        "lt_s" => format!("(i32.gt_s (local.get $b) {sum})"),
        _ => test(sum, "0x80000000"),
    };
    let around = |test: String| {
        format!(
            "(local.set $d (i32.const 0)) (block $out (loop $l
               (local.set $d (i32.add (local.get $d) (i32.const 1)))
               (br_if $out (i32.eq (local.get $d) (i32.const 9))) {test} br_if $l))"
        )
    };
    let steps = [-1, 1, 2, 32_767, -32_768, 5];
    let tee = |by: &i64| format!("(local.tee $i (i32.add (local.get $i) (i32.const {by})))");
    let ahead = |test: String| {
        format!("(local.set $d (i32.const 2)) (block {test} br_if 0 (local.set $d (i32.const 1)))")
    };
    let bounds = ["7", "0x80000000", "0x7fffffff"].into_iter().cycle();
    let both = |(by, bound): (&i64, &str)| {
        let test = test(&tee(by), bound);
        [form(around(test.clone())), form(ahead(test))]
    };
    let mut forms: Vec<Form> = some(&steps).iter().zip(bounds).flat_map(both).collect();
    forms.push(form(around(mirrored(&tee(&1)))));
    forms
}

/// The condition of a branch, in WebAssembly text.
fn condition(op: Op, a: &str, b: &str) -> String {
    let name = op.mnemonic();
    let Some((ty, test)) = name.trim_start_matches("br_").split_once('.') else {
        let test = if name == "br_if_not" { "i32.eqz" } else { "" };
        return format!("{a} {test}");
    };
    let test = test.strip_suffix("_imm64").or(test.strip_suffix("_imm")).unwrap_or(test);
    let float = ty.starts_with('f');
    match test {
        "and" => format!("{a} {b} {ty}.and"),
        "and_not" => format!("{a} {b} {ty}.and i32.eqz"),
        _ if float => match test.strip_prefix("not_") {
            Some(test) => format!("{a} {b} {ty}.{test} i32.eqz"),
            None => format!("{a} {b} {ty}.{test}"),
        },
        _ => format!("{a} {b} {ty}.{test}"),
    }
}

fn branches(op: Op) -> Vec<Form> {
    let mut forms = Vec::new();
    let sources = types(op, Role::Source, Ty::I32);
    let immediate = |kind| matches!(kind, Kind::i32c | Kind::i64w | Kind::i64c | Kind::f64c);
    let long = op.operands().iter().find(|o| immediate(o.kind));
    if op.mnemonic().ends_with("null") {
        return null_branches(op);
    }
    let mut form = |b: Option<&str>, same: bool, placed: bool, backward: bool| {
        let mut form = Form::new();
        let a = form.source(sources[0], Feed::List(edges(sources[0])));
        let b = match (b, sources.get(1)) {
            (Some(constant), _) => constant.to_owned(),
            (None, Some(_)) if same => get(std::slice::from_ref(&a)),
            (None, Some(&ty)) => get(&[form.source(ty, Feed::List(edges(ty)))]),
            (None, None) => String::new(),
        };
        let dest = form.dest(Ty::I32);
        let test = condition(op, &get(&[a]), &b);
        let of_float = long.is_some_and(|long| long.kind == Kind::f64c);
        let body = match test.strip_suffix(" i32.eqz").filter(|_| of_float) {
            Some(test) => around(test, &dest),
            None if backward => back(&test, &dest),
            None => ahead(&test, &dest),
        };
        let form = form.with_body(body);
        forms.push(if placed { form } else { form.in_place() });
    };
    let Some(long) = long else {
        form(None, false, true, false);
        form(None, false, true, true);
        if sources.len() > 1 {
            form(None, true, true, false);
        }
        if op.mnemonic() == "br_if" {
            forms.push(far("(local.get $i) br_if 0", "(local.get $k) br_if 1"));
        }
        return forms;
    };
    let of = |ty: &str, list: &[i64]| -> Vec<String> {
        some(list).iter().map(|constant| format!("({ty}.const {constant})")).collect()
    };
    let constants = match long.kind {
        Kind::i32c => [of("i32", &LONG), of("i32", &SHORT)].concat(),
        Kind::i64w => [of("i64", &LONG), of("i64", &SHORT)].concat(),
        Kind::i64c => of("i64", &WIDE),
        _ => some(&["1.5", "-0", "nan", "inf", "-2e300", "0"])
            .iter()
            .map(|constant| format!("(f64.const {constant})"))
            .collect(),
    };
    for (i, constant) in constants.iter().enumerate() {
        form(Some(constant), false, i == 0, i % 2 == 1);
    }
    forms
}

/// A branch `ahead` to 0 and one `back` to 1, each over more words than 16 bits count: those of two
/// long tables.
fn far(ahead: &str, back: &str) -> Form {
    let long = format!("(block (br_table {}(local.get $i)))", "0 ".repeat(40_000));
    let choices = vec![0, 1, 2, 39_999, 40_000, 1 << 31];
    let mut form = Form::new();
    form.named("$i", Ty::I32, Feed::Only(choices.clone()));
    form.named("$k", Ty::I32, Feed::Only(choices));
    form.named("$d", Ty::I32, Feed::Noise);
    form.with_body(format!(
        "(local.set $d (i32.const 0)) (block $out (loop $l
           (local.set $d (i32.add (local.get $d) (i32.const 1))) (br_if $out (i32.eq (local.get $d) (i32.const 3)))
           (block {ahead} {long} {long} (local.set $d (i32.add (local.get $d) (i32.const 100)))
             (br_if $out (i32.gt_s (local.get $d) (i32.const 300))) {back}
             (local.set $d (i32.add (local.get $d) (i32.const 5)))) (br $l)))"
    ))
    .in_place()
}

/// 1 where the branch is not taken, 2 where it is.
fn ahead(test: &str, dest: &str) -> String {
    format!(
        "(local.set {dest} (i32.const 2)) (block {test} br_if 0 (local.set {dest} (i32.const 1)))"
    )
}

/// The same, where what is branched on does not hold.
fn around(test: &str, dest: &str) -> String {
    format!("(local.set {dest} (i32.const 2)) {test} (if (then (local.set {dest} (i32.const 1))))")
}

/// How often the loop's head is reached, up to 4 times.
fn back(test: &str, dest: &str) -> String {
    format!(
        "(local.set {dest} (i32.const 0)) (block $out (loop $l
           (local.set {dest} (i32.add (local.get {dest}) (i32.const 1)))
           (br_if $out (i32.eq (local.get {dest}) (i32.const 4))) {test} br_if $l))"
    )
}

fn null_branches(op: Op) -> Vec<Form> {
    let null = op.mnemonic() == "br_if_null";
    let bodies = if null {
        [
            "(local.set $d (i32.const 2)) (block (drop (br_on_null 0 (local.get $r))) (local.set $d (i32.const 1)))",
            "(local.set $d (i32.const 0)) (block $out (loop $l (local.set $d (i32.add (local.get $d) (i32.const 1)))
               (br_if $out (i32.eq (local.get $d) (i32.const 4))) (drop (br_on_null $l (local.get $r)))))",
        ]
    } else {
        // The value has to lie in the label's place already, or the branch leads around a copy.
        [
            "(local.set $d (i32.const 2)) (block $null (block (result (ref func))
               (br_on_non_null 0 (select (result funcref) (local.get $r) (local.get $r) (local.get $d)))
               (br $null)) drop (local.set $d (i32.const 7)))",
            "(local.set $d (i32.const 0)) (block $out (br_on_null $out (local.get $r)) (loop $l (param (ref func)) drop
               (local.set $d (i32.add (local.get $d) (i32.const 1)))
               (br_if $out (i32.eq (local.get $d) (i32.const 4)))
               (br_on_non_null $l (select (result funcref) (local.get $r) (local.get $r) (local.get $d)))))",
        ]
    };
    let form = |body: &str| {
        let mut form = Form::new();
        form.named("$r", Ty::Func, Feed::List(edges(Ty::Func)));
        form.named("$d", Ty::I32, Feed::Noise);
        form.with_body(body)
    };
    bodies.map(form).to_vec()
}

/// Tables of one target, of several, with the same target twice, and backwards.
fn tables() -> Vec<Form> {
    let blocks = |targets: &str| {
        let ends: String =
            (0..5).map(|n| format!(" (local.set $d (i32.const {n})) br {})", 4 - n)).collect();
        format!(
            "(block (block (block (block (block (block (br_table {targets} (local.get $i))){ends}"
        )
    };
    let bodies = [
        blocks("0 1 2 3 4"),
        blocks("4"),
        blocks("3 3 0 1 3 2 0 4 1"),
        "(local.set $d (i32.const 0)) (block $out (loop $l (local.set $d (i32.add (local.get $d) (i32.const 1)))
           (br_if $out (i32.eq (local.get $d) (i32.const 4))) (br_table $l $out $l $out (local.get $i))))"
            .to_owned(),
        "(local.set $d (block $a (result i32) (i32.add (i32.const 100)
           (block $b (result i32) (br_table $b $a $b (local.get $d) (local.get $i))))))"
            .to_owned(),
    ];
    let form = |body: String| {
        let mut form = Form::new();
        let mut list = edges(Ty::I32);
        list.extend([4, 5, 6, 8, 9, 10]);
        form.named("$i", Ty::I32, Feed::List(list));
        form.named("$d", Ty::I32, Feed::Noise);
        form.with_body(body)
    };
    let mut forms = bodies.map(form).to_vec();
    // The number added to the index is part of the instruction.
    for more in some(&[-1, 3, -32_768, 32_767]) {
        let index = format!("(i32.add (local.get $i) (i32.const {more}))");
        forms.push(form(blocks("0 1 2 3 4").replace("(local.get $i)", &index)));
    }
    forms.push(far(
        "(block (br_table 0 1 0 (local.get $i)))",
        "(block (br_table 0 2 0 (local.get $k)))",
    ));
    forms
}

fn one_result() -> Vec<Form> {
    let form = |ty: Ty| {
        let mut form = Form::new();
        let name = form.source(ty, Feed::List(edges(ty)));
        form.with_body(get(&[name])).with_results(&format!("(result {})", ty.name()))
    };
    [Ty::I32, Ty::I64, Ty::F32, Ty::F64, Ty::Func].map(form).to_vec()
}

/// Results that lie in each other's place, in one place, and elsewhere; the frame has no guard
/// below them.
fn two_results() -> Vec<Form> {
    let form = |(body, types): (&str, &str)| {
        let mut form = Form::bare(&[("$a", Ty::I64), ("$b", Ty::I64), ("$c", Ty::F32)]);
        form.body = body.to_owned();
        form.with_results(types)
    };
    let list = [
        ("(local.get $b) (local.get $a)", "(result i64 i64)"),
        ("(local.get $b) (local.get $b)", "(result i64 i64)"),
        ("(local.get $a) (local.get $a)", "(result i64 i64)"),
        ("(local.get $c) (local.get $a)", "(result f32 i64)"),
        ("(local.get $b) (local.get $c)", "(result i64 f32)"),
    ];
    list.map(form).to_vec()
}

/// Segments of different costs, in a loop and behind calls, with fuel for some of them; the epoch
/// before and behind the deadline.
fn metered() -> Vec<Form> {
    let bodies = [
        "(local.set $d (i32.const 0)) (block $out (loop $l (br_if $out (i32.eq (local.get $d) (i32.const 5)))
           (local.set $d (i32.add (local.get $d) (i32.const 1))) (br $l)))",
        "(local.set $d (call $plus (local.get $d))) (local.set $d (call $dirty (local.get $d)))
         (call $host (local.get $d) (local.get $j)) (local.set $d) (local.set $e)",
        "(local.set $d (call $deep (i32.const 4))) (memory.fill (i32.const 0) (i32.const 7) (i32.const 30))",
    ];
    let form = |body: &str| {
        let mut form = frame().with_body(body).in_place();
        form.budgets = (0..140).chain([u64::MAX - 1, u64::MAX]).collect();
        form
    };
    bodies.map(form).to_vec()
}
