//! Whole modules as machine code, in three ways, and as bytecode: the same results, traps and
//! backtraces. Machine code tells the place of a memory fault where the processor told it (guard);
//! then it is the same too.

use prova_core::{MachineCompiler, Val};
use prova_native::NativeCompiler;

use crate::common::{same, same_imported, same_with};

#[test]
fn an_addition_and_a_load() {
    let text = r#"(module (memory 1) (data (i32.const 8) "\2a\00\00\00")
        (func (export "f") (param i32 i32) (result i32)
            (i32.load (i32.add (local.get 0) (local.get 1)))))"#;
    same(
        text,
        &[
            ("f", &[Val::I32(3), Val::I32(5)]),
            ("f", &[Val::I32(65_532), Val::I32(0)]),
            ("f", &[Val::I32(65_533), Val::I32(0)]),
            ("f", &[Val::I32(-1), Val::I32(0)]),
        ],
    );
}

/// `(~x) & c` as an index: the compiler leaves the comparison out, and the check bounds `andn`.
#[test]
fn an_index_of_the_bits_that_another_number_lacks() {
    let text = r#"(module (memory i64 1) (data (i64.const 65534) "\07\09")
        (func (export "f") (param i64) (result i32)
          (i32.load8_u (i64.and (i64.xor (local.get 0) (i64.const -1)) (i64.const 0xffff))))
        (func (export "g") (param i64) (result i32)
          (i32.load8_u (i64.and (i64.xor (local.get 0) (i64.const -1)) (i64.const 0x1ffff)))))"#;
    let all = [0, 1, 0xffff, -1, 1 << 40, -0x10000, 0x10000, 0x1ffff];
    let calls: Vec<[Val; 1]> = all.iter().map(|&x| [Val::I64(x)]).collect();
    let calls: Vec<(&str, &[Val])> =
        ["f", "g"].iter().flat_map(|&f| calls.iter().map(move |call| (f, &call[..]))).collect();
    same(text, &calls);
}

#[test]
fn bounds_of_loads_and_stores() {
    // Offsets inside the guard, beyond it, at its end; widths; a second memory and a wide one.
    let mut text = String::from("(module (memory 1) (memory $two 1 2) (memory $wide i64 1)");
    let offsets = [0u64, 1, 65_528, 33_554_424, 33_554_425, 33_554_432, 4_294_967_295];
    for offset in offsets {
        text += &format!(
            "(func (export \"l{offset}\") (param i32) (result i64) (i64.load offset={offset} (local.get 0)))
             (func (export \"s{offset}\") (param i32) (result i32)
               (i32.store16 offset={offset} (local.get 0) (i32.const 7)) (i32.const 1))
             (func (export \"t{offset}\") (param i32) (result i32)
               (i32.load8_u $two offset={offset} (local.get 0)))
             (func (export \"w{offset}\") (param i32) (result i32)
               (i32.load $wide offset={offset} (i64.extend_i32_s (local.get 0))))"
        );
    }
    text += "(func (export \"far\") (param i64) (result i32)
               (i32.load $wide offset=0xffffffffffffffff (local.get 0))))";
    let names: Vec<String> =
        offsets.iter().flat_map(|o| ["l", "s", "t", "w"].map(|k| format!("{k}{o}"))).collect();
    let args = [0, 1, 7, 8, 9, 65_527, 65_528, 65_529, 65_534, 65_535, 65_536, -1, i32::MIN];
    let args = args.map(|arg| [Val::I32(arg)]);
    let mut calls: Vec<(&str, &[Val])> = Vec::new();
    for name in &names {
        calls.extend(args.iter().map(|arg| (name.as_str(), &arg[..])));
    }
    let wide = [[Val::I64(0)], [Val::I64(1)], [Val::I64(-1)]];
    calls.extend(wide.iter().map(|arg| ("far", &arg[..])));
    same(&text, &calls);
}

#[test]
fn traps_have_the_backtrace_of_the_calls() {
    let text = "(module
        (func $div (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
        (func $mid (param i32 i32) (result i32)
          (i32.add (i32.const 1) (call $div (local.get 0) (local.get 1))))
        (func (export \"f\") (param i32 i32) (result i32) (call $mid (local.get 0) (local.get 1)))
        (func (export \"u\") (if (i32.const 1) (then unreachable)))
        (func (export \"t\") (param f64) (result i32) (i32.trunc_f64_s (local.get 0))))";
    same(
        text,
        &[
            ("f", &[Val::I32(7), Val::I32(2)]),
            ("f", &[Val::I32(7), Val::I32(0)]),
            ("f", &[Val::I32(i32::MIN), Val::I32(-1)]),
            ("u", &[]),
            ("t", &[Val::F64(f64::NAN.to_bits())]),
            ("t", &[Val::F64(3e9f64.to_bits())]),
            ("t", &[Val::F64((-3.9f64).to_bits())]),
        ],
    );
}

/// An index that Cranelift computes before the loop for the address, and in the loop for the
/// comparison with the length.
#[test]
fn a_wide_index_with_a_constant_is_compared_and_used_as_one_value() {
    let mut text = String::from(
        "(module (memory $wide i64 0 2) (table $t i64 4 8 funcref) (elem (i64.const 0) $g $g)
          (global (mut i64) (i64.const 0))
          (func $g (param i64) (global.set 0 (i64.add (global.get 0) (local.get 0))))",
    );
    let indices =
        ["and 0 24", "or 0 24", "xor 0 24", "xor 0 -1", "add 0 24", "sub 0 24", "mul 0 3"];
    let index = |said: &str| {
        let mut words = said.split(' ');
        let mut word = || words.next().expect("three words");
        let (op, local, number) = (word(), word(), word());
        format!("(i64.{op} (local.get {local}) (i64.const {number}))")
    };
    for (i, said) in indices.iter().enumerate() {
        let at = index(said);
        for (name, once) in [
            ("load", format!("(i64.load offset=32 {at})")),
            ("get", format!("(i64.extend_i32_u (ref.is_null (table.get $t {at})))")),
        ] {
            text += &format!(
                "(func (export \"{name}{i}\") (param i64 i32) (result i64) (local i64)
                  (loop
                    (local.set 2 (i64.add (local.get 2) {once}))
                    (call $g {at})
                    (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
                  (i64.add (local.get 2) (global.get 0)))"
            );
        }
    }
    text += "(func (export \"grow\") (result i64) (memory.grow (i64.const 1))))";
    let names: Vec<String> =
        (0..indices.len()).flat_map(|i| ["load", "get"].map(|name| format!("{name}{i}"))).collect();
    let args = [0, 1, 24, 27, -1, -2, -8, 65_472, 65_480, 65_496, 65_512]
        .map(|at| [Val::I64(at), Val::I32(3)]);
    let mut calls: Vec<(&str, &[Val])> = Vec::new();
    for grows in [false, true] {
        calls.extend(grows.then_some(("grow", &[][..])));
        for name in &names {
            calls.extend(args.iter().map(|arg| (name.as_str(), &arg[..])));
        }
    }
    same(&text, &calls);
}

/// Blocks that do nothing but trap, at the offset of their operator and not of the branch to them.
#[test]
fn a_block_that_always_traps_tells_its_own_place() {
    let text = "(module (table i64 4 8 externref) (memory i64 0)
        (func (export \"get\") (param i32) (result externref)
          (block (br_if 0 (local.get 0)))
          (table.get 0 (i64.const 0x10de732890c151)))
        (func (export \"load\") (param i32) (result i32)
          (if (local.get 0) (then (drop (i32.load offset=0xffffffffffff (i64.const -8)))))
          (i32.const 1))
        (func (export \"pure\") (param i32) (result i32)
          (if (local.get 0) (then (drop (i32.add (local.get 0) (i32.const 3))) (unreachable)))
          (i32.const 1))
        (func (export \"else\") (param i32) (result i32)
          (if (local.get 0) (then) (else (table.set 0 (i64.const -1) (ref.null extern))))
          (i32.const 1)))";
    let args = [[Val::I32(0)], [Val::I32(1)]];
    let calls: Vec<(&str, &[Val])> = ["get", "load", "pure", "else"]
        .into_iter()
        .flat_map(|name| args.iter().map(move |arg| (name, &arg[..])))
        .collect();
    same(text, &calls);
}

/// A load whose result is the address of the next access: Cranelift gives it that one's place.
#[test]
fn a_load_of_an_address_traps_at_its_own_place() {
    let text = r#"(module (memory 1)
        (func (export "l") (param i32) (result i32)
            (i32.load16_u (i32.load offset=60000 (local.get 0))))
        (func (export "s") (param i32)
            (i64.store (i32.load offset=60000 (local.get 0)) (i64.const 7)))
        (data (i32.const 60000) "\ff\ff\ff\ff\04"))"#;
    // The first access traps, the second, none.
    let args = [6_000, 0, 4].map(|n| [Val::I32(n)]);
    let calls = ["l", "s"].into_iter().flat_map(|name| args.iter().map(move |a| (name, &a[..])));
    same(text, &calls.collect::<Vec<(&str, &[Val])>>());
}

/// Each load's result is the address of the next one, and the last one's an operand elsewhere.
#[test]
fn a_chain_of_loads_traps_at_the_load_that_is_outside() {
    let text = r#"(module (memory 1 1) (global $g (mut i64) (i64.const 0))
        (func (export "two") (param i32) (result i32)
            (memory.grow (i32.load (i32.load offset=60000 (local.get 0)))))
        (func (export "three") (param i32) (result i32)
            (memory.grow (i32.load (i32.load (i32.load offset=60000 (local.get 0))))))
        (func (export "kept") (param i32) (result i32) (local i32)
            (local.set 1 (i32.load offset=60000 (local.get 0)))
            (i32.store offset=8 (local.get 0) (local.get 1))
            (memory.grow (i32.add (i32.load (local.get 1)) (local.get 1))))
        (func (export "wide") (param i32)
            (global.set $g (i64.extend_i32_u (i32.load (i32.load (i32.and (local.get 0) (i32.const 1048575)))))))
        (data (i32.const 60000) "\ff\ff\ff\ff\04\00\00\00\60\ea\00\00\64\ea\00\00"))"#;
    // Some access of each kind traps, or none.
    let args = [6_000, 0, 4, 8, 12, 60_000, 60_004, 60_008, 70_000].map(|n| [Val::I32(n)]);
    let names = ["two", "three", "kept", "wide"].into_iter();
    let calls = names.flat_map(|name| args.iter().map(move |a| (name, &a[..])));
    same(text, &calls.collect::<Vec<(&str, &[Val])>>());
}

/// An access of 64-bit addresses compares twice: neither trap belongs to the access before it.
#[test]
fn an_access_that_compares_traps_at_its_own_place() {
    let text = "(module (memory i64 1)
        (func (export \"s\") (param i64 i64)
            (i64.store16 offset=70000 (local.get 0)
                (i64.mul (local.get 1) (i64.load (local.get 1)))))
        (func (export \"l\") (param i64 i64) (result i64)
            (i64.add (i64.load (local.get 1)) (i64.load offset=60000 (local.get 0)))))";
    let pairs = [(0, 8), (-1, 8), (-70_000, 0), (6_000, 0), (0, 65_529), (0, -3)];
    let args = pairs.map(|(a, b)| [Val::I64(a), Val::I64(b)]);
    let calls = ["l", "s"].into_iter().flat_map(|name| args.iter().map(move |a| (name, &a[..])));
    same(text, &calls.collect::<Vec<(&str, &[Val])>>());
}

/// The access begins a segment, which is charged for at its offset.
#[test]
fn an_access_behind_a_call_traps_at_its_own_place() {
    let text = "(module (memory 1) (func $f) (func (export \"l\") (param i32) (result i32)
        (drop (i32.load16_s (local.get 0))) (i32.shl (local.get 0) (i32.const 14))
        (call $f) (drop (i32.load8_u offset=1)) (local.get 0)))";
    let args = [0, 4, 70_000, -1].map(|n| [Val::I32(n)]);
    let calls: Vec<(&str, &[Val])> = args.iter().map(|a| ("l", &a[..])).collect();
    for (fuel, epochs) in [(false, false), (true, false), (false, true)] {
        same_with((None, text), &calls, &[], |config| {
            config.consume_fuel(fuel).epoch_interruption(epochs);
        });
    }
}

#[test]
fn recursion_ends_at_the_same_depth() {
    let text = "(module (global $n (mut i32) (i32.const 0))
        (func $f (export \"f\") (global.set $n (i32.add (global.get $n) (i32.const 1))) (call $f))
        (func $g (export \"g\") (param i32 i64 f32) (result i64)
          (global.set $n (i32.add (global.get $n) (i32.const 1)))
          (i64.add (call $g (local.get 0) (local.get 1) (local.get 2)) (i64.const 1)))
        (func (export \"n\") (result i32) (global.get $n)))";
    let args = [Val::I32(1), Val::I64(2), Val::F32(0)];
    same(text, &[("f", &[]), ("n", &[]), ("g", &args), ("n", &[])]);
}

/// Whether the callee of a direct tail call fits is asked before the jump, where the caller is
/// known.
#[test]
fn a_tail_call_that_overflows_the_stack_names_its_caller() {
    let locals = "(local v128 v128 v128 v128 v128 v128 v128 v128)".repeat(20);
    let text = format!(
        "(module
        (func $f (export \"f\") (param i32) (result i32)
          (i32.add (i32.const 1) (call $tail (local.get 0))))
        (func $tail (param i32) (result i32) (return_call $large (local.get 0)))
        (func $large (param i32) (result i32) {locals} (i32.add (i32.const 1) (call $f (local.get 0)))))"
    );
    same(&text, &[("f", &[Val::I32(7)])]);
}

/// Code behind them is dead, so that nothing has to be shown of it.
#[test]
fn accesses_beyond_any_memory_trap() {
    let text = "(module (memory i64 1) (table $t i64 4 funcref)
        (func (export \"offset\") (param i64) (result i32)
          (i32.load16_s offset=9237333397068962624 (local.get 0)))
        (func (export \"sum\") (result i32) (i32.load offset=19350 (i64.const 0xfffffffdffffffff)))
        (func (export \"constant\") (result i64) (i64.load (i64.const 0x7fffffffffff)))
        (func (export \"store\") (param i64)
          (i64.store offset=0xffffffffffffffff (i64.const 0) (local.get 0)))
        (func (export \"table\") (result i32)
          (ref.is_null (table.get $t (i64.const 0xF84559DB5F0B4C78))))
        (func (export \"branch\") (param i32) (result i32)
          (if (result i32) (local.get 0) (then (i32.load (i64.const -8))) (else (i32.const 3)))))";
    let zero = [Val::I64(0)];
    same(
        text,
        &[
            ("offset", &zero),
            ("sum", &[]),
            ("constant", &[]),
            ("store", &zero),
            ("table", &[]),
            ("branch", &[Val::I32(0)]),
            ("branch", &[Val::I32(1)]),
        ],
    );
}

#[test]
fn tables_and_references() {
    let text = "(module (type $t (func (param i32) (result i32))) (type $u (func (result i64)))
        (table $t 4 10 funcref) (elem (i32.const 0) $a $b $c)
        (func $a (type $t) (i32.add (local.get 0) (i32.const 1)))
        (func $b (type $t) (i32.mul (local.get 0) (i32.const 3)))
        (func $c (type $u) (i64.const 9))
        (func (export \"call\") (param i32 i32) (result i32)
          (call_indirect (type $t) (local.get 1) (local.get 0)))
        (func (export \"tail\") (param i32 i32) (result i32)
          (return_call_indirect (type $t) (local.get 1) (local.get 0)))
        (func (export \"grow\") (param i32) (result i32) (table.grow $t (ref.func $b) (local.get 0)))
        (func (export \"size\") (result i32) (table.size $t))
        (func (export \"move\") (param i32 i32) (table.set $t (local.get 0) (table.get $t (local.get 1))))
        (func (export \"null\") (param i32) (result i32) (ref.is_null (table.get $t (local.get 0))))
        (func (export \"copy\") (param i32 i32 i32)
          (table.copy $t $t (local.get 0) (local.get 1) (local.get 2)))
        (func (export \"fill\") (param i32 i32)
          (table.fill $t (local.get 0) (ref.null func) (local.get 1)))
        (func (export \"ref\") (param i32) (result i32)
          (call_ref $t (local.get 0) (ref.func $b)))
        (elem declare func $b))";
    let i = |x: i32| [Val::I32(x)];
    let (zero, nine, four) = (i(0), i(9), i(4));
    let pair = |a: i32, b: i32| [Val::I32(a), Val::I32(b)];
    let pairs: Vec<[Val; 2]> = (-1..11).map(|at| pair(at, 5)).collect();
    let mut calls: Vec<(&str, &[Val])> = Vec::new();
    for args in &pairs {
        calls.push(("call", args));
        calls.push(("tail", args));
    }
    calls.extend([("size", &[][..]), ("grow", &four), ("grow", &nine), ("size", &[])]);
    let more = [pair(3, 0), pair(8, 0), pair(0, 8)];
    calls.extend(more.iter().map(|args| ("move", &args[..])));
    calls.extend([("null", &zero[..]), ("null", &nine), ("ref", &four)]);
    let triples = [[4, 0, 3], [0, 4, 5]].map(|t| t.map(Val::I32));
    calls.extend(triples.iter().map(|args| ("copy", &args[..])));
    let fills = [pair(6, 2), pair(7, 3)];
    calls.extend(fills.iter().map(|args| ("fill", &args[..])));
    for args in &pairs {
        calls.push(("call", args));
    }
    same(text, &calls);
}

#[test]
fn memory_operators_and_globals() {
    let text = "(module (memory 1 4) (data $d \"abcdef\")
        (global $i (mut i32) (i32.const 1)) (global $v (mut v128) (v128.const i64x2 1 2))
        (global $f (mut f32) (f32.const 1.5))
        (func (export \"grow\") (param i32) (result i32 i32)
          (memory.grow (local.get 0)) (memory.size))
        (func (export \"fill\") (param i32 i32 i32)
          (memory.fill (local.get 0) (local.get 1) (local.get 2)))
        (func (export \"copy\") (param i32 i32 i32)
          (memory.copy (local.get 0) (local.get 1) (local.get 2)))
        (func (export \"init\") (param i32 i32 i32)
          (memory.init $d (local.get 0) (local.get 1) (local.get 2)))
        (func (export \"drop\") (data.drop $d))
        (func (export \"at\") (param i32) (result i64) (i64.load (local.get 0)))
        (func (export \"set\") (param i32 f32) (result i32 f32 v128)
          (global.set $i (i32.add (global.get $i) (local.get 0)))
          (global.set $f (f32.mul (global.get $f) (local.get 1)))
          (global.set $v (i32x4.add (global.get $v) (i32x4.splat (local.get 0))))
          (global.get $i) (global.get $f) (global.get $v)))";
    let t = |a: i32, b: i32, c: i32| [Val::I32(a), Val::I32(b), Val::I32(c)];
    let (one, at, nine) = ([Val::I32(1)], [Val::I32(65_530)], [Val::I32(9)]);
    let (a, b, c, d) = (t(65_530, 7, 10), t(0, 65_528, 8), t(3, 1, 5), t(3, 2, 5));
    let (two, half) = (Val::I32(2), Val::F32(0.5f32.to_bits()));
    let set = [two, half];
    same(
        text,
        &[
            ("fill", &a),
            ("at", &at),
            ("grow", &one),
            ("fill", &a),
            ("at", &at),
            ("copy", &b),
            ("at", &one),
            ("grow", &nine),
            ("init", &c),
            ("init", &d),
            ("at", &one),
            ("drop", &[]),
            ("init", &c),
            ("set", &set),
            ("set", &set),
        ],
    );
}

/// Each instance reads its own copy of a length: growth by machine code, by bytecode, and by the
/// other instance reaches all of them, and the last byte is as far as before.
#[test]
fn memories_that_another_instance_grows() {
    let exporter = "(module (memory (export \"m\") 1 6) (memory (export \"n\") 3 3)
        (func $nine (result i64 i64 i64 i64 i64 i64 i64 i64 i64) unreachable)
        (func $grow (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export \"grow_byte\") (param i32) (result i32)
          (if (i32.eq (local.get 0) (i32.const 99)) (then (call $nine) (unreachable)))
          (memory.grow (local.get 0)))
        (func (export \"there\") (param i32) (result i32 i32)
          (memory.size) (i32.load8_u (local.get 0)))
        (func $start (drop (memory.grow (i32.const 1))))
        (start $start))";
    let text = "(module (import \"e\" \"n\" (memory 1)) (import \"e\" \"m\" (memory $m 1))
        (import \"e\" \"grow\" (func $grow (param i32) (result i32)))
        (import \"e\" \"grow_byte\" (func $byte (param i32) (result i32)))
        (import \"e\" \"there\" (func $there (param i32) (result i32 i32)))
        (func (export \"sizes\") (result i32 i32) (memory.size) (memory.size $m))
        (func (export \"own\") (param i32 i32) (result i32 i32 i32)
          (memory.grow $m (local.get 0)) (call $there (local.get 1)))
        (func (export \"native\") (param i32 i32) (result i32 i32 i32 i32)
          (memory.size $m) (call $grow (local.get 0))
          (i32.store8 $m (local.get 1) (i32.const 7)) (memory.size $m)
          (i32.load8_u $m (local.get 1)))
        (func (export \"byte\") (param i32 i32) (result i32 i32 i32 i32)
          (memory.size $m) (call $byte (local.get 0))
          (i32.store8 $m (local.get 1) (i32.const 8)) (memory.size $m)
          (i32.load8_u $m (local.get 1))))";
    let pages = |n: i32, end: i32| [Val::I32(n), Val::I32(end)];
    let (to_3, beyond_3) = (pages(1, 3 * 65_536 - 1), pages(0, 3 * 65_536));
    let (to_4, beyond_4) = (pages(1, 4 * 65_536 - 1), pages(0, 4 * 65_536));
    let (to_5, beyond_5) = (pages(1, 5 * 65_536 - 1), pages(0, 5 * 65_536));
    let too_many = pages(9, 5 * 65_536);
    same_imported(
        exporter,
        text,
        &[
            ("sizes", &[]),
            ("native", &to_3),
            ("native", &beyond_3),
            ("byte", &beyond_3),
            ("byte", &to_4),
            ("byte", &beyond_4),
            ("own", &to_5),
            ("own", &beyond_5),
            ("native", &beyond_5),
            ("native", &too_many),
            ("byte", &too_many),
            ("sizes", &[]),
        ],
    );
}

#[test]
fn control() {
    let text = "(module
        (func (export \"table\") (param i32) (result i32)
          (block $d (block $c (block $b (block $a
            (br_table $a $b $c $b $d (local.get 0)))
            (return (i32.const 10))) (return (i32.const 20))) (return (i32.const 30)))
          (i32.const 40))
        (func (export \"sum\") (param i32) (result i64) (local i64)
          (loop (result i64)
            (local.set 1 (i64.add (local.get 1) (i64.extend_i32_u (local.get 0))))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
            (local.get 1)))
        (func $even (export \"even\") (param i32) (result i32)
          (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
            (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
        (func $odd (param i32) (result i32)
          (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
            (else (return_call $even (i32.sub (local.get 0) (i32.const 1))))))
        (func $many (export \"many\") (param i32 i64 f32 f64 v128 i32 i32 i32 i32 i64)
          (result i32 i64 f32 f64 v128 i32 i32 i32 i32 i64)
          (local.get 9) (drop) (local.get 8) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
          (local.get 7) (local.get 6) (local.get 5) (local.get 0) (local.get 9))
        (func (export \"many2\") (result i64)
          (call $many (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4)
            (v128.const i64x2 5 6) (i32.const 7) (i32.const 8) (i32.const 9) (i32.const 10)
            (i64.const 11))
          (local.set 0) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (local.get 0)) )";
    let text = text.replace(
        "(result i64)\n          (call $many",
        "(result i64) (local i64)\n          (call $many",
    );
    let numbers: Vec<[Val; 1]> = (-1..7).map(|x| [Val::I32(x)]).collect();
    let mut calls: Vec<(&str, &[Val])> = numbers.iter().map(|args| ("table", &args[..])).collect();
    let (million, thousand) = ([Val::I32(1_000_001)], [Val::I32(1000)]);
    calls.extend([("sum", &thousand[..]), ("even", &million), ("many2", &[])]);
    same(&text, &calls);
}

#[test]
fn fuel_and_epochs() {
    let text = "(module (func $f (export \"f\") (param i32) (result i32)
        (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0))
        (func (export \"g\") (loop (br 0)))
        (memory 1 1000) (func (export \"m\") (param i32)
          (memory.fill (i32.const 0) (i32.const 1) (local.get 0))))";
    let (ten, many) = ([Val::I32(10)], [Val::I32(60_000)]);
    let calls: &[(&str, &[Val])] =
        &[("f", &ten), ("m", &many), ("f", &many), ("m", &many), ("g", &[]), ("f", &ten)];
    same_with((None, text), calls, &[], |config| {
        config.consume_fuel(true);
    });
}

#[test]
fn edges_that_hand_over_too_much_stay_bytecode() {
    let values = "(i32.const 1) ".repeat(100);
    let text = format!(
        "(module (func (export \"f\") (param i32) (result i32)
          (block $b (result {}) {values} (br_table {} (local.get 0))) {}))",
        "i32 ".repeat(100),
        "$b ".repeat(3_000),
        "drop ".repeat(99)
    );
    same_with((None, &text), &[("f", &[Val::I32(7)])], &[0], |_| {});
}

#[test]
fn code_does_not_depend_on_the_order_in_which_it_is_made() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../programs/bin/pair-a.wasm");
    let bytes = std::fs::read(file).expect("the repository carries it");
    let (features, limits) = (prova_module::Features::default(), prova_module::Limits::default());
    let module = prova_module::Module::decode(bytes, &features, &limits).expect("it is valid");
    let settings = prova_core::Settings::default();
    let make = |funcs: &mut dyn Iterator<Item = prova_module::FuncIdx>| {
        let compiler = NativeCompiler::new();
        let config = compiler.config(&settings);
        let layout = prova_check::Layout::derive(module.bytes(), &config).expect("a layout");
        let code = funcs.step_by(2).map(|func| {
            let code = compiler.function(&module, &layout, &settings, func).expect("it compiles");
            (func, (code.bytes, code.certificate, code.traps, code.calls))
        });
        code.collect::<std::collections::BTreeMap<_, _>>()
    };
    let last = (module.defined_funcs().len() - 1) & !1;
    let forwards = make(&mut module.defined_funcs());
    let backwards: Vec<prova_module::FuncIdx> = module.defined_funcs().take(last + 1).collect();
    let backwards = std::thread::scope(|scope| {
        scope.spawn(|| make(&mut backwards.iter().rev().copied())).join().expect("no panic")
    });
    assert!(forwards.len() > 20 && forwards == backwards);
}

/// Claims name more words of a frame than a byte counts.
#[test]
fn hundreds_of_values_live_across_a_loop() {
    let count = 400;
    let locals = "(local i32) ".to_owned() + &"(local i64) ".repeat(count);
    let set: String = (0..count)
        .map(|n| format!("(local.set {} (i64.load offset={} (local.get 0)))", n + 2, 8 * n))
        .collect();
    let sum = (0..count).fold("(i64.const 0)".to_owned(), |sum, n| {
        format!("(i64.add {sum} (local.get {}))", n + 2)
    });
    let text = format!(
        "(module (memory 1) (data (i32.const 0) \"\\01\\02\\03\\04\\05\\06\\07\")
          (func (export \"f\") (param i32) (result i64) {locals} {set}
            (loop (local.set 1 (i32.add (local.get 1) (i32.const 1)))
              (local.set 2 (i64.mul (local.get 2) (local.get 3)))
              (i32.store (local.get 0) (local.get 1))
              (br_if 0 (i32.lt_u (local.get 1) (i32.const 9))))
            {sum}))"
    );
    same(&text, &[("f", &[Val::I32(0)]), ("f", &[Val::I32(1)]), ("f", &[Val::I32(65_535)])]);
}
