//! Functions that work on objects: in every shape of memories the same results, traps and fuel as
//! bytecode; also where objects are forgotten on the way, and where the heap is full.
//!
//! The specification's suite and `tests/run/aggregate.wast` have the operators one by one.

use crate::common::{Way, engine, same_metered};
use prova_core::{Hot, Instance, Module, Store, StoreLimits, StoreLimitsBuilder, Tier, Trap, Val};
use std::fmt::Write;

/// Each form of a field: written, read with both signs, and at the ends of an array.
#[test]
fn fields_and_elements_of_each_form() {
    let text = r#"(module
        (type $f (func (result i32)))
        (type $s (struct (field (mut i8)) (field (mut i16)) (field (mut i32)) (field (mut i64))
            (field (mut f32)) (field (mut f64)) (field (mut v128)) (field (mut anyref))
            (field (mut (ref null $f))) (field (mut externref)) (field (mut exnref))))
        (type $b (array (mut i8))) (type $w (array (mut i16))) (type $v (array (mut v128)))
        (type $r (array (mut eqref))) (type $c (array (mut (ref null $f))))
        (func $seven (type $f) (i32.const 7))
        (elem declare func $seven)
        (func $some (param $n i64) (result (ref $s))
            (struct.new $s (i32.wrap_i64 (local.get $n)) (i32.wrap_i64 (local.get $n))
                (i32.wrap_i64 (local.get $n)) (local.get $n)
                (f32.reinterpret_i32 (i32.wrap_i64 (local.get $n)))
                (f64.reinterpret_i64 (local.get $n)) (i64x2.splat (local.get $n))
                (ref.i31 (i32.wrap_i64 (local.get $n))) (ref.func $seven)
                (extern.convert_any (ref.i31 (i32.const 5))) (ref.null exn)))
        (func (export "fields") (param $n i64) (result i32 i32 i32 i32 i32 i64)
            (local $s (ref null $s))
            (local.set $s (call $some (local.get $n)))
            (struct.get_s $s 0 (local.get $s)) (struct.get_u $s 0 (local.get $s))
            (struct.get_s $s 1 (local.get $s)) (struct.get_u $s 1 (local.get $s))
            (struct.get $s 2 (local.get $s)) (struct.get $s 3 (local.get $s)))
        (func (export "more") (param $n i64) (result i32 i64 v128 i32 i32 i32)
            (local $s (ref null $s))
            (local.set $s (call $some (local.get $n)))
            (i32.reinterpret_f32 (struct.get $s 4 (local.get $s)))
            (i64.reinterpret_f64 (struct.get $s 5 (local.get $s)))
            (struct.get $s 6 (local.get $s))
            (i31.get_s (ref.cast (ref i31) (struct.get $s 7 (local.get $s))))
            (call_ref $f (struct.get $s 8 (local.get $s)))
            (i31.get_u (ref.cast (ref i31) (any.convert_extern (struct.get $s 9 (local.get $s))))))
        (func (export "null") (param $which i32) (result i32) (local $s (ref null $s))
            (if (i32.eqz (local.get $which)) (then (return (struct.get_u $s 0 (local.get $s)))))
            (struct.set $s 2 (local.get $s) (i32.const 1))
            (i32.const 0))
        (func (export "no-function") (result i32)
            (call_ref $f (struct.get $s 8 (struct.new_default $s))))
        (func (export "bytes") (param $n i32) (param $i i32) (result i32 i32) (local $b (ref null $b))
            (local.set $b (array.new $b (i32.const 0x80) (local.get $n)))
            (array.set $b (local.get $b) (local.get $i) (i32.const 0x1ff))
            (array.get_s $b (local.get $b) (local.get $i)) (array.get_u $b (local.get $b) (i32.const 0)))
        (func (export "vectors") (param $i i32) (result v128 i32) (local $v (ref null $v))
            (local.set $v (array.new_default $v (i32.const 3)))
            (array.set $v (local.get $v) (local.get $i) (i64x2.splat (i64.const 9)))
            (array.get $v (local.get $v) (local.get $i)) (array.len (local.get $v)))
        (func (export "functions") (param $i i32) (result i32)
            (call_ref $f (array.get $c (array.new_fixed $c 2 (ref.func $seven) (ref.null $f))
                (local.get $i)))))"#;
    let i32s = |numbers: &[i32]| numbers.iter().map(|&n| Val::I32(n)).collect::<Vec<Val>>();
    let mut calls =
        vec![("no-function", vec![]), ("functions", i32s(&[0])), ("functions", i32s(&[1]))];
    for n in [0, 1, 0x7f, 0x80, 0xffff, -1, i64::MIN, 0x7fff_ffff_ffff_ffff, 0x7fc0_0001_ff80_0001]
    {
        calls.extend(["fields", "more"].map(|name| (name, vec![Val::I64(n)])));
    }
    calls.extend([0, 1].map(|which| ("null", i32s(&[which]))));
    for (n, i) in [(1, 0), (1, 1), (0, 0), (9, 8), (9, -1), (9, i32::MIN), (-1, 0)] {
        calls.push(("bytes", i32s(&[n, i])));
    }
    calls.extend([0, 2, 3, 1 << 28].map(|i| ("vectors", i32s(&[i]))));
    same_metered(text, &calls, &[(false, false), (true, true)]);
}

/// Casts along and across a hierarchy, of everything to everything, as tests and as branches.
#[test]
fn casts_of_all_to_all() {
    let types = ["$a", "$b", "$c", "$l", "$y", "i31", "struct", "array", "eq", "any", "none"];
    let mut text = String::from(
        r#"(module
        (type $a (sub (struct (field i32)))) (type $b (sub $a (struct (field i32 i32))))
        (type $c (sub final $b (struct (field i32 i32 i64)))) (type $l (struct (field i32 i32)))
        (type $y (array i8))
        (func $of (param $n i32) (result anyref)
            (block $5 (block $4 (block $3 (block $2 (block $1 (block $0
                (br_table $0 $1 $2 $3 $4 $5 (local.get $n)))
                (return (ref.null any))) (return (struct.new $a (i32.const 1))))
                (return (struct.new_default $b))) (return (struct.new_default $c)))
                (return (struct.new_default $l)))
            (block $more (br_if $more (i32.gt_u (local.get $n) (i32.const 5)))
                (return (array.new_default $y (i32.const 3))))
            (if (i32.eq (local.get $n) (i32.const 6)) (then (return (ref.i31 (i32.const -1)))))
            (any.convert_extern (extern.convert_any (struct.new_default $b))))"#,
    );
    for (at, ty) in types.iter().enumerate() {
        for null in ["", "null "] {
            let name = format!("{at}{null}").replace(' ', "");
            text += &format!(
                r#"(func (export "test{name}") (param $n i32) (result i32)
                    (ref.test (ref {null}{ty}) (call $of (local.get $n))))
                (func (export "cast{name}") (param $n i32) (result i32)
                    (ref.is_null (ref.cast (ref {null}{ty}) (call $of (local.get $n)))))
                (func (export "on{name}") (param $n i32) (result i32)
                    (block $fits (result i32 (ref {null}{ty}))
                        (br_on_cast $fits anyref (ref {null}{ty}) (i32.const 10) (call $of (local.get $n)))
                        ref.is_null (i32.const 100) (i32.add) (return))
                    (drop))
                (func (export "fail{name}") (param $n i32) (result i32)
                    (block $not (result i32 anyref)
                        (br_on_cast_fail $not anyref (ref {null}{ty}) (i32.const 20) (call $of (local.get $n)))
                        ref.is_null (i32.const 200) (i32.add) (return))
                    (drop))"#
            );
        }
    }
    text += ")";
    let mut calls = Vec::new();
    for at in 0..types.len() {
        for null in ["", "null"] {
            for what in ["test", "cast", "on", "fail"] {
                calls.extend((0..8).map(|n| (format!("{what}{at}{null}"), vec![Val::I32(n)])));
            }
        }
    }
    same_metered(&text, &calls, &[(false, false), (true, false)]);
}

/// More subtypes than code compares by itself, each at some depth, and one beside.
#[test]
fn many_subtypes() {
    let mut text = String::from("(module (type $t0 (sub (struct (field i32))))");
    for at in 1..14 {
        let of = if at % 3 == 0 { at - 1 } else { 0 };
        write!(text, "(type $t{at} (sub $t{of} (struct (field i32))))").expect("a string");
    }
    text += "(type $beside (sub (struct (field i32) (field i32))))";
    let mut calls = Vec::new();
    let types: Vec<String> =
        (0..14).map(|at| format!("$t{at}")).chain(["$beside".into()]).collect();
    for (at, ty) in types.iter().enumerate() {
        write!(
            text,
            r#"(func $n{at} (result anyref) (struct.new_default {ty}))
            (func (export "t{at}") (result i32) (ref.test (ref $t0) (call $n{at})))
            (func (export "u{at}") (result i32) (ref.test (ref $t2) (call $n{at})))
            (func (export "c{at}") (result i32) (struct.get $t0 0 (ref.cast (ref $t0) (call $n{at}))))"#
        )
        .expect("a string");
        calls.extend(["t", "u", "c"].map(|what| (format!("{what}{at}"), Vec::new())));
    }
    text += ")";
    same_metered(&text, &calls, &[(false, false), (true, false)]);
}

/// Functions out of fields and elements that are called, and used otherwise.
#[test]
fn functions_out_of_objects() {
    let text = r#"(module
        (type $f (func (param i32) (result i32)))
        (type $v (struct (field (mut (ref null $f))) (field (ref $f))))
        (type $a (array (mut (ref null $f))))
        (table $t 2 funcref)
        (global $a (ref $a) (array.new_fixed $a 3
            (ref.func $twice) (ref.null $f) (ref.func $next)))
        (elem declare func $twice $next)
        (func $twice (type $f) (i32.mul (local.get 0) (i32.const 2)))
        (func $next (type $f) (i32.add (local.get 0) (i32.const 1)))
        (func (export "field") (param $n i32) (result i32) (local $v (ref $v)) (local $i i32)
            (local.set $v (struct.new $v (ref.func $twice) (ref.func $next)))
            (loop $more
                (local.set $i (call_ref $f
                    (call_ref $f (local.get $i) (struct.get $v 1 (local.get $v)))
                    (struct.get $v 0 (local.get $v))))
                (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $i))
        (func (export "null") (param $n i32) (result i32) (local $v (ref $v))
            (local.set $v (struct.new $v (ref.null $f) (ref.func $next)))
            (call_ref $f (local.get $n) (struct.get $v 0 (local.get $v))))
        (func (export "element") (param $n i32) (result i32)
            (call_ref $f (i32.const 20) (array.get $a (global.get $a) (local.get $n))))
        (func (export "tail") (param $n i32) (result i32)
            (return_call_ref $f (i32.const 20) (array.get $a (global.get $a) (local.get $n))))
        (func (export "kept") (param $n i32) (result i32) (local $f (ref null $f))
            (local.set $f (array.get $a (global.get $a) (local.get $n)))
            (table.set $t (i32.const 1) (local.get $f))
            (i32.add (call_ref $f (i32.const 30) (local.get $f))
                (call_indirect $t (type $f) (i32.const 5) (i32.const 1))))
        (func (export "either") (param $n i32) (result i32)
            (call_ref $f (i32.const 40) (if (result (ref null $f)) (local.get $n)
                (then (array.get $a (global.get $a) (i32.const 0)))
                (else (array.get $a (global.get $a) (i32.const 2)))))))"#;
    let mut calls = vec![("field", vec![Val::I32(20)]), ("null", vec![Val::I32(1)])];
    for name in ["element", "tail", "kept", "either"] {
        calls.extend((0..4).map(|n| (name, vec![Val::I32(n)])));
    }
    same_metered(text, &calls, &[(false, false), (true, true)]);
}

/// Functions that hold references in locals, on the stack, in arguments and in exceptions.
const HOLDERS: &str = r#"(module
        (type $n (struct (field (mut i32)) (field (mut (ref null $n)))))
        (type $a (array (mut (ref null $n))))
        (tag $t (param (ref null $n)))
        (global $g (mut (ref null $n)) (ref.null $n))
        (func $garbage (param $n i32)
            (loop $more
                (drop (struct.new $n (local.get $n) (ref.null $n)))
                (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func $sum (param $l (ref null $n)) (result i32) (local $s i32)
            (block $end (loop $more
                (br_if $end (ref.is_null (local.get $l)))
                (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 3)) (struct.get $n 0 (local.get $l))))
                (local.set $l (struct.get $n 1 (local.get $l)))
                (br $more)))
            (local.get $s))
        (func $deep (param $n i32) (param $l (ref null $n)) (result i32)
            (if (i32.eqz (local.get $n)) (then (call $garbage (i32.const 60000)) (return (call $sum (local.get $l)))))
            (i32.add (call $sum (local.get $l))
                (call $deep (i32.sub (local.get $n) (i32.const 1)) (struct.new $n (local.get $n) (local.get $l)))))
        (func (export "deep") (param $n i32) (result i32) (call $deep (local.get $n) (ref.null $n)))
        (func (export "operands") (param $n i32) (result i32)
            (struct.new $n (local.get $n) (struct.new $n (i32.const 5) (ref.null $n)))
            (struct.new $n (i32.const 6) (ref.null $n))
            (call $garbage (i32.const 100000))
            (global.set $g) (call $sum) (i32.add (call $sum (global.get $g))))
        (func (export "array") (param $n i32) (result i32) (local $a (ref null $a)) (local $i i32)
            (local.set $a (array.new_default $a (local.get $n)))
            (loop $more
                (array.set $a (local.get $a) (local.get $i) (struct.new $n (local.get $i) (ref.null $n)))
                (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
            (call $garbage (i32.const 50000))
            (i32.add (call $sum (array.get $a (local.get $a) (i32.const 0)))
                (call $sum (array.get $a (local.get $a) (i32.sub (local.get $n) (i32.const 1))))))
        (func $throws (param $n i32) (throw $t (struct.new $n (local.get $n) (ref.null $n))))
        (func (export "caught") (param $n i32) (result i32) (local $k (ref null $n))
            (local.set $k (struct.new $n (i32.const 9) (ref.null $n)))
            (block $h (result (ref null $n))
                (try_table (catch $t $h) (call $throws (local.get $n)))
                (unreachable))
            (call $garbage (i32.const 100000))
            (call $sum) (i32.add (call $sum (local.get $k))))
        (func (export "rounds") (param $n i32) (result i32)
            (local $dead (ref null $n)) (local $k (ref $n)) (local $late (ref any)) (local $s i32)
            (local.set $dead (struct.new $n (i32.const 8) (ref.null $n)))
            (local.set $k (struct.new $n (local.get $n) (ref.null $n)))
            (struct.new $n (i32.const 11) (ref.null $n))
            (loop $more
                (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (call $sum (local.get $k))))
                (struct.new $n (local.get $s) (local.get $k))
                (block
                    (local.set $late (struct.new $n (i32.const 1) (local.get $k)))
                    (call $garbage (i32.const 30))
                    (local.set $s (i32.add (local.get $s)
                        (call $sum (ref.cast (ref null $n) (local.get $late))))))
                (local.set $k)
                (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (call $sum) (i32.add (i32.add (local.get $s) (call $sum (local.get $k))))))"#;

/// References in locals, on the stack, in arguments and in exceptions, while objects are forgotten.
#[test]
fn references_in_frames_stay() {
    let calls: Vec<(&str, Vec<Val>)> = vec![
        ("deep", vec![Val::I32(0)]),
        ("deep", vec![Val::I32(50)]),
        ("operands", vec![Val::I32(3)]),
        ("array", vec![Val::I32(2000)]),
        ("caught", vec![Val::I32(4)]),
        ("rounds", vec![Val::I32(40)]),
    ];
    same_metered(HOLDERS, &calls, &[(false, false), (true, true)]);
}

/// A collection at every object, or at some, comes at the same objects in machine code.
#[test]
fn collections_come_at_the_same_objects() {
    let text = HOLDERS.replace("60000", "60").replace("50000", "50").replace("100000", "100");
    let wasm = wat::parse_str(text).expect("the text is well-formed");
    let run = |way: Way, every: u64, hot: Option<Hot>| {
        let engine = engine(way, |config| {
            config.consume_fuel(true);
            if hot.is_some() {
                config.tier_up(hot);
            }
        });
        let module = Module::new(&engine, &wasm).expect("it is valid");
        let mut store = Store::new(&engine, ());
        store.gc_every(every);
        store.set_fuel(1_000_000_000).expect("it is metered");
        let instance = Instance::new(&mut store, &module, &[]).expect("it has no imports");
        let calls = [
            ("deep", 0),
            ("deep", 20),
            ("operands", 3),
            ("array", 40),
            ("caught", 4),
            ("rounds", 30),
        ];
        let results = calls.map(|(name, arg)| {
            let func = instance.get_func(&mut store, name).expect("an exported function");
            let mut results = [Val::I32(0)];
            func.call(&mut store, &[Val::I32(arg)], &mut results).expect("it returns");
            format!("{results:?}")
        });
        let entered = module.tiers().loops.len();
        ((results, store.get_fuel().ok()), entered)
    };
    let mut entered = 0;
    for every in [0, 1, 3, 10, 97] {
        let (expected, _) = run(Way::Bytecode, every, None);
        for way in [Way::Guard, Way::Explicit, Way::Masked, Way::NoSignals] {
            assert_eq!(run(way, every, None).0, expected, "{way:?}: every {every}");
        }
        // Where bytecode goes over to machine code, in calls and in rounds of loops.
        for seed in 0..8 {
            let hot =
                Hot { first: 0, looks: 1, bytes: 0, seed, background: false, ..Hot::default() };
            let hot = Hot { every: 1 + 3 * seed as u32, ..hot };
            let (outcome, loops) = run(Way::Guard, every, Some(hot));
            assert_eq!(outcome, expected, "every {every}, {hot:?}");
            entered += loops;
        }
    }
    assert!(entered > 40, "{entered} loops are entered");
    let fuel = |every| run(Way::Guard, every, None).0.1;
    assert!(fuel(1) < fuel(0), "collections are paid for");
}

/// A local without a default value keeps its object to the end of the block of its write, in every
/// tier: in a heap with room for one of two lists both are made one after the other.
#[test]
fn locals_without_a_default_keep_as_long_in_every_tier() {
    let wasm = wat::parse_str(
        r#"(module (type $n (struct (field (ref null $n))))
        (func $make (param $n i32) (result (ref $n)) (local $l (ref null $n))
            (loop $more
                (local.set $l (struct.new $n (local.get $l)))
                (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (ref.as_non_null (local.get $l)))
        (func (export "block") (local $q (ref $n))
            (block (local.set $q (call $make (i32.const 10000))))
            (drop (call $make (i32.const 10000))))
        (func (export "arms") (param $n i32) (local $q (ref $n))
            (if (local.get $n) (then (local.set $q (call $make (i32.const 10000)))) (else))
            (drop (call $make (i32.const 10000))))
        (func (export "rounds") (param $n i32) (local $q (ref $n))
            (loop $more
                (drop (call $make (i32.const 5000)))
                (local.set $q (call $make (i32.const 5000)))
                (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "kept") (local $q (ref $n))
            (local.set $q (call $make (i32.const 10000)))
            (drop (call $make (i32.const 10000)))))"#,
    )
    .expect("the text is well-formed");
    let run = |tier: Option<Tier>, name: &str, args: &[Val]| {
        let way = if tier.is_some() { Way::Bytecode } else { Way::Guard };
        let engine = engine(way, |config| {
            config.consume_fuel(true);
            tier.map(|tier| config.tier(tier));
        });
        let module = Module::new(&engine, &wasm).expect("it is valid");
        let limits = StoreLimitsBuilder::new().gc_heap_size(256_000).build();
        let mut store = Store::new(&engine, limits);
        store.limiter(|limits: &mut StoreLimits| limits);
        store.set_fuel(10_000_000).expect("it is metered");
        let instance = Instance::new(&mut store, &module, &[]).expect("it has no imports");
        let func = instance.get_func(&mut store, name).expect("an exported function");
        let error = func.call(&mut store, args, &mut []).err();
        (error.and_then(|error| error.downcast_ref::<Trap>().copied()), store.get_fuel().ok())
    };
    let calls: [(&str, &[Val]); 4] =
        [("block", &[]), ("arms", &[Val::I32(1)]), ("rounds", &[Val::I32(9)]), ("kept", &[])];
    for (name, args) in calls {
        let expected = run(None, name, args);
        assert_eq!(expected.0.is_some(), name == "kept", "{name}: {expected:?}");
        for tier in Tier::ALL {
            assert_eq!(run(Some(tier), name, args), expected, "{name}, {tier}");
        }
    }
}

/// A converted reference that is not null is passed where none may be.
#[test]
fn converted_references_that_are_not_null() {
    let text = r#"(module
        (type $o (sub (struct (field i32))))
        (func $back (param (ref extern)) (result i32)
            (struct.get $o 0 (ref.cast (ref $o) (any.convert_extern (local.get 0)))))
        (func (export "pass") (param i32) (result i32)
            (call $back (extern.convert_any (struct.new $o (local.get 0))))))"#;
    same_metered(text, &[("pass", vec![Val::I32(7)])], &[(false, false), (true, true)]);
}

/// Where fuel ends among objects, it ends at the same one, with as much left.
#[test]
fn objects_are_paid_for_one_by_one() {
    let wasm = wat::parse_str(
        r#"(module
        (type $s (struct (field i64) (field (ref null $s)))) (type $a (array (mut i64)))
        (func (export "mixed") (param $n i32) (local $l (ref null $s))
            (loop $more
                (local.set $l (struct.new $s (i64.const 1) (local.get $l)))
                (drop (array.new_fixed $a 3 (i64.const 1) (i64.const 2) (i64.const 3)))
                (drop (struct.new_default $s))
                (drop (array.new_default $a (local.get $n)))
                (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#,
    )
    .expect("the text is well-formed");
    let run = |way: Way, every: u64, fuel: u64| {
        let engine = engine(way, |config| {
            config.consume_fuel(true);
        });
        let module = Module::new(&engine, &wasm).expect("it is valid");
        let mut store = Store::new(&engine, ());
        store.gc_every(every);
        store.set_fuel(fuel).expect("it is metered");
        let instance = Instance::new(&mut store, &module, &[]).expect("it has no imports");
        let func = instance.get_func(&mut store, "mixed").expect("an exported function");
        let error = func.call(&mut store, &[Val::I32(40)], &mut []).err();
        (error.map(|error| format!("{error:#}")), store.get_fuel().ok())
    };
    for every in [0, 5] {
        for fuel in (0..400).chain([1000, 2000, 100_000]) {
            let expected = run(Way::Bytecode, every, fuel);
            assert_eq!(run(Way::Guard, every, fuel), expected, "every {every}: {fuel}");
        }
    }
}

/// An object that finds no room is paid for once.
#[test]
fn a_full_heap_costs_the_same() {
    let wasm = wat::parse_str(
        r#"(module
        (type $s (struct (field i64))) (type $a (array (mut i64)))
        (func (export "structure") (drop (struct.new $s (i64.const 1))))
        (func (export "array") (drop (array.new $a (i64.const 1) (i32.const 60))))
        (func (export "fixed") (drop (array.new_fixed $a 2 (i64.const 1) (i64.const 2))))
        (func (export "large") (drop (array.new_default $a (i32.const 100000)))))"#,
    )
    .expect("the text is well-formed");
    let run = |way: Way, name: &str, fuel: u64| {
        let engine = engine(way, |config| {
            config.consume_fuel(true);
        });
        let module = Module::new(&engine, &wasm).expect("it is valid");
        let limits = StoreLimitsBuilder::new().gc_heap_size(4096).build();
        let mut store = Store::new(&engine, limits);
        store.limiter(|limits: &mut StoreLimits| limits);
        store.set_fuel(fuel).expect("it is metered");
        let instance = Instance::new(&mut store, &module, &[]).expect("it has no imports");
        let func = instance.get_func(&mut store, name).expect("an exported function");
        let error = func.call(&mut store, &[], &mut []).expect_err("there is no room");
        (error.downcast_ref::<Trap>().copied(), store.get_fuel().ok())
    };
    for name in ["structure", "array", "fixed", "large"] {
        for fuel in [4, 5, 6, 7, 8, 10, 64, 100, 1_000_000] {
            let expected = run(Way::Bytecode, name, fuel);
            for way in [Way::Guard, Way::Explicit, Way::Masked, Way::NoSignals] {
                assert_eq!(run(way, name, fuel), expected, "{way:?}: {name} with {fuel}");
            }
        }
    }
}
