//! Accesses that need no comparison, since an earlier one was of the same index or the memory has
//! the bytes from the beginning: the same results and traps as bytecode at the bounds, in all
//! shapes of memory. Each function has a twin whose second access does need one.

use crate::common::same_metered;
use prova_check::x64::{Class, Insn, Instructions};
use prova_check::{Bases, Config, Layout, MemoryShape};
use prova_core::{MachineCompiler, Settings, Val};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_native::{NativeCompiler, Reach, Target, body, survey};
use std::fmt::Write;

/// Reads of the first parameter, at an offset.
fn at(address: &str, offset: u64) -> String {
    let load = if address == "i32" { "i32.load" } else { "i64.load32_u" };
    format!("({load} $m offset={offset} (local.get 0))")
}

/// A sum of one of two reads, by the condition, and of one behind them.
fn branch(ty: &str, then: &str, otherwise: &str, after: &str) -> String {
    format!(
        "(if (local.get 1) (then (local.set $sum {then})) (else (local.set $sum {otherwise})))
        ({ty}.add (local.get $sum) {after})"
    )
}

/// A sum of reads before a loop, in each of its rounds, and behind it.
fn round(ty: &str, before: &str, inside: &str, after: &str) -> String {
    format!(
        "(local.set $sum {before})
        (loop $next
          (local.set $sum ({ty}.add (local.get $sum) {inside}))
          (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
          (br_if $next (i32.gt_s (local.get 1) (i32.const 0))))
        ({ty}.add (local.get $sum) {after})"
    )
}

/// Stores at several ends, and changes of a global between: those before the one that traps are
/// made.
fn stores(store: &str, ty: &str) -> String {
    let at = |offset: u32| {
        format!(
            "({store} $m offset={offset} (local.get 0)
              ({ty}.add (global.get $g) ({ty}.const {offset})))
            (global.set $g ({ty}.add (global.get $g) ({ty}.const 1)))"
        )
    };
    [4, 0, 8, 6, 12].map(at).concat()
}

/// More functions: several stores, operators between accesses, and indices that are bounded.
fn others(ty: &str) -> String {
    let [zero, eight] = [0, 8].map(|offset| at(ty, offset));
    let func = |name: &str, body: &str| {
        format!(
            "(func (export \"{name}\") (param {ty} i32) (result {ty}) (local $sum {ty}) {body})"
        )
    };
    let sum = |a: &str, b: &str| format!("({ty}.add {a} {b})");
    let store = if ty == "i32" { "i32.store" } else { "i64.store32" };
    let load = if ty == "i32" { "i32.load" } else { "i64.load32_u" };
    let second = if ty == "i32" { "(local.get 1)" } else { "(i64.extend_i32_u (local.get 1))" };
    let twice = |offset: u64| format!("({load} $m offset={offset} {second})");
    let bounded = |op: &str, by: u64, more: u64| {
        format!("({load} $m offset={more} ({ty}.{op} (local.get 0) ({ty}.const {by})))")
    };
    let byte = format!("({ty}.load8_u $m offset=1 (local.get 0))");
    let funcs = [
        func("stores", &format!("{} (global.get $g)", stores(store, ty))),
        func("divided", &sum(&zero, &sum(&format!("({ty}.div_u ({ty}.const 7) {zero})"), &eight))),
        func(
            "called",
            &format!("(local.set $sum {zero}) (call $nothing) {}", sum("(local.get $sum)", &eight)),
        ),
        func("two", &sum(&zero, &sum(&twice(0), &sum(&eight, &twice(8))))),
        func("masked", &bounded("and", 0xfffc, 0)),
        func("masked_behind", &bounded("and", 0xfffc, 1)),
        func("byte", &format!("({load} $m offset={} {byte})", 65_536 - 4 - 255)),
        func("byte_behind", &format!("({load} $m offset={} {byte})", 65_536 - 4 - 254)),
        func("shifted", &bounded("shr_u", if ty == "i32" { 17 } else { 49 }, 32_765)),
        func("shifted_behind", &bounded("shr_u", if ty == "i32" { 17 } else { 49 }, 32_766)),
    ];
    funcs.concat()
}

/// Functions of an index and a condition.
fn module(address: &str) -> String {
    let [zero, four, eight, far] = [0, 4, 8, 70_000].map(|offset| at(address, offset));
    let ty = address;
    let func = |name: &str, body: &str| {
        format!(
            "(func (export \"{name}\") (param {ty} i32) (result {ty}) (local $sum {ty}) {body})"
        )
    };
    let sum = |a: &str, b: &str| format!("({ty}.add {a} {b})");
    let branch = |then: &str, otherwise: &str, after: &str| branch(ty, then, otherwise, after);
    let round = |before: &str, inside: &str, after: &str| round(ty, before, inside, after);
    let other =
        if ty == "i32" { "(i32.load $o (local.get 0))" } else { "(i64.load32_u $o (local.get 0))" };
    let store = if ty == "i32" { "i32.store" } else { "i64.store32" };
    let load = if ty == "i32" { "i32.load" } else { "i64.load32_u" };
    let constant = |at: u64| format!("({load} $m ({ty}.const {at}))");
    let funcs = [
        func("falling", &sum(&eight, &sum(&four, &zero))),
        func("rising", &sum(&zero, &sum(&four, &eight))),
        func("branch", &format!("(local.set $sum {eight}) {}", branch(&four, &zero, &four))),
        func("one_side", &branch(&eight, &zero, &four)),
        func("both_sides", &branch(&eight, &four, &four)),
        func("round", &round(&eight, &four, &zero)),
        func("in_round", &round(&zero, &four, &eight)),
        func(
            "changed",
            &format!(
                "(local.set $sum {eight}) (local.set 0 ({ty}.add (local.get 0) ({ty}.const 1))) {}",
                sum("(local.get $sum)", &four)
            ),
        ),
        func(
            "grown",
            &format!(
                "(local.set $sum {four}) (drop (memory.grow $m ({ty}.const 1))) {}",
                sum("(local.get $sum)", &sum(&zero, &eight))
            ),
        ),
        func("other", &sum(&eight, other)),
        func("far", &sum(&far, &four)),
        func("not_far", &sum(&four, &far)),
        func(
            "stored",
            &format!(
                "({store} $m offset=4 (local.get 0) ({ty}.const 7)) {}",
                sum(&four, &sum(&zero, &eight))
            ),
        ),
        func("last", &constant(65_532)),
        func("behind", &constant(65_533)),
        func(
            "caught",
            &format!(
                "(local.set $sum {eight})
            (block $b (try_table (catch_all $b)
              (if (local.get 1) (then (throw $t))) (local.set $sum {four})))
            {}",
                sum("(local.get $sum)", &four)
            ),
        ),
    ];
    format!(
        "(module (tag $t) (func $nothing) (global $g (mut {ty}) ({ty}.const 1)) (memory $m {ty} 1 3) (memory $o {ty} 1 1)
          (data $m ({ty}.const 65520) \"0123456789abcdef\") {}{})",
        funcs.concat(),
        others(ty)
    )
}

/// Its exported functions in the order of their indices, how often each compares an index where
/// what is behind the length faults, how often each compares an end, and how often in the masked
/// shape.
const FUNCS: [(&str, usize, usize, usize); 26] = [
    ("falling", 1, 1, 1),
    ("rising", 1, 3, 3),
    ("branch", 1, 1, 1),
    ("one_side", 3, 3, 3),
    ("both_sides", 3, 3, 3),
    ("round", 1, 1, 1),
    ("in_round", 1, 3, 3),
    ("changed", 2, 2, 2),
    ("grown", 1, 2, 2),
    ("other", 2, 2, 2),
    ("far", 1, 1, 1),
    ("not_far", 1, 2, 2),
    ("stored", 1, 2, 2),
    ("last", 0, 0, 0),
    ("behind", 0, 1, 1),
    ("caught", 1, 1, 1),
    ("stores", 1, 3, 3),
    ("divided", 1, 2, 2),
    ("called", 1, 2, 2),
    ("two", 2, 4, 4),
    ("masked", 0, 0, 1),
    ("masked_behind", 0, 1, 1),
    ("byte", 1, 1, 2),
    ("byte_behind", 1, 2, 2),
    ("shifted", 0, 0, 1),
    ("shifted_behind", 0, 1, 1),
];

fn compared(ty: &str, address: impl Fn(i64) -> Val) {
    let text = module(ty);
    // "grown" comes last: a page more each time, twice, at first between two accesses of which the
    // second one needs it.
    let mut calls = Vec::new();
    let mut names = FUNCS.map(|(name, ..)| name);
    names.sort_by_key(|&name| name == "grown");
    for name in names {
        for index in [
            65_536 - 8,
            0,
            65_536 - 12,
            65_536 - 11,
            65_536 - 7,
            65_536 - 4,
            65_536 - 3,
            65_536,
            -1,
            -4,
            -12,
        ] {
            for condition in [0, 1, 3] {
                calls.push((name, vec![address(index), Val::I32(condition)]));
            }
        }
    }
    for name in names {
        for index in [131_072 - 12, 196_608 - 12, 196_608 - 11, 196_608 - 4, 196_608 - 3] {
            calls.push((name, vec![address(index), Val::I32(1)]));
        }
    }
    same_metered(&text, &calls, &[(false, false), (true, false)]);
}

#[test]
fn addresses_of_32_bits() {
    compared("i32", |at| Val::I32(at as i32));
}

#[test]
fn addresses_of_64_bits() {
    compared("i64", Val::I64);
}

/// No more is compared than has to be, and no less: where pages have 64 KiB, and where they have
/// one byte, so that ends are compared.
#[test]
fn comparisons_are_left_out() {
    for (ty, of_bytes) in [("i32", false), ("i64", false), ("i32", true), ("i64", true)] {
        let mut text = module(ty);
        if of_bytes {
            text = text.replace("1 3)", "65536 196608 (pagesize 1))");
            text = text.replace("1 1)", "65536 65536 (pagesize 1))");
        }
        let wasm = wat::parse_str(text).expect("the text is well-formed");
        let module = Module::decode(wasm, &Features::default(), &Limits::default());
        let module = module.expect("it is valid");
        let compiler = NativeCompiler::new().with_memory(MemoryShape::Explicit);
        let settings = Settings::default();
        let layout = Layout::derive(module.bytes(), &compiler.config(&settings));
        let layout = layout.expect("a layout");
        let target = Target::new(layout.config().cpu).expect("a target");
        let compares = |func| {
            let body = body(&module, FuncIdx(func), layout.config().metering).expect("a body");
            let code = target.compile(&module, &layout, body.body(), false);
            let reaches = code.expect("machine code").reaches;
            reaches.iter().filter(|(_, reach)| *reach == Reach::Compared).count()
        };
        // The first function is the one that does nothing.
        let found = (1..).zip(FUNCS).map(|(func, (name, ..))| (name, compares(func)));
        let found: Vec<(&str, usize)> = found.collect();
        let wanted = FUNCS.map(|(name, index, end, _)| match (name, ty) {
            // Its second index is extended twice.
            ("two", "i64") if !of_bytes => (name, 3),
            _ => (name, if of_bytes { end } else { index }),
        });
        assert_eq!(found, wanted, "{ty} {of_bytes}");
    }
}

/// In the masked shape an access by an index that was compared for no less uses the same pointer:
/// there are as many conditional moves as comparisons otherwise, and at most one more for each that
/// clamps an index of 64 bits. Where bases may move, a pointer is used once.
#[test]
fn masked_pointers_are_shared() {
    let moves = |ty, bases| {
        let wasm = wat::parse_str(module(ty)).expect("the text is well-formed");
        let module = Module::decode(wasm, &Features::default(), &Limits::default());
        let module = module.expect("it is valid");
        let compiler = NativeCompiler::new().with_memory(MemoryShape::Masked).with_bases(bases);
        let settings = Settings::default();
        let layout = Layout::derive(module.bytes(), &compiler.config(&settings));
        let layout = layout.expect("a layout");
        (1..=FUNCS.len() as u32).map(move |func| {
            let code = compiler.function(&module, &layout, &settings, FuncIdx(func));
            let bytes = code.expect("machine code").bytes;
            let mut insns = Instructions::new(&bytes);
            let (mut at, mut insn, mut moves) = (0, Insn::default(), 0);
            while (at as usize) < bytes.len() && insns.decode(at, &mut insn).is_ok() {
                moves += usize::from(matches!(insn.class, Class::Select(_)));
                at = insn.end();
            }
            moves
        })
    };
    let moving: Vec<usize> = moves("i32", Bases::MayMove).collect();
    assert_eq!(moving[0], 3, "one for each access");
    for ((name, .., compared), narrow) in FUNCS.into_iter().zip(moves("i32", Bases::Fixed)) {
        assert_eq!(narrow, compared, "{name}");
    }
    for ((name, .., compared), wide) in FUNCS.into_iter().zip(moves("i64", Bases::Fixed)) {
        assert!((compared..=2 * compared).contains(&wide), "{name}: {wide}");
    }
}

/// A module whose `f` compares an address once, then in the arms of a `switch`, each of which goes
/// less far beyond it than the one before, and not again behind them.
fn switch(arms: u32, loops: bool) -> String {
    let mut text = "(block $last".to_owned();
    (1..arms).for_each(|arm| text.insert_str(0, &format!("(block $arm{arm} ")));
    let labels: Vec<String> = (1..arms).map(|arm| format!("$arm{arm}")).collect();
    write!(text, " (br_table {} $last (local.get $k)))", labels.join(" ")).expect("a text");
    text.push_str("(global.set $g (local.get $k)) (br $behind)");
    for arm in 1..arms {
        let offset = 16 * (arm + 1);
        write!(text, ") (i32.store offset={offset} (local.get $p) (local.get $k)) (br $behind)")
            .expect("a text");
    }
    let again = if loops {
        "(br_if $again (local.tee $k (i32.shr_u (local.get $k) (i32.const 3))))"
    } else {
        ""
    };
    format!(
        "(module (memory 1) (global $g (mut i32) (i32.const 0))
          (func (export \"f\") (param $p i32) (param $k i32) (result i32)
            (i32.store offset=8 (local.get $p) (i32.const 1))
            (loop $again (block $behind {text})
              (i32.store offset=4 (local.get $p) (i32.load offset=8 (local.get $p))) {again})
            (i32.load offset=8 (local.get $p))))"
    )
}

/// Such a merge is lowered once for each arm. With few arms it settles before facts are dropped,
/// with more the certifier needs its patience.
#[test]
fn what_is_compared_before_a_switch_holds_behind_it() {
    for (arms, loops) in [(4, false), (8, false), (12, true), (40, false), (90, true)] {
        let wasm = wat::parse_str(switch(arms, loops)).expect("the text is well-formed");
        let module = Module::decode(wasm, &Features::default(), &Limits::default());
        let module = module.expect("it is valid");
        for signals in [true, false] {
            let config = Config { memory: MemoryShape::Explicit, signals, ..Config::default() };
            let found = survey(&module, (&config, false), 1).expect("a layout");
            let why = found.refused.iter().chain(&found.declined);
            assert_eq!(found.native, 1, "{arms} arms: {:?}", why.collect::<Vec<_>>());
            let before = found.reaches.iter().filter(|(reach, _)| **reach != Reach::Compared);
            assert!(before.map(|(_, count)| count).sum::<u64>() >= 2, "{:?}", found.reaches);
        }
    }
}

/// A 64-bit index may be a sum that wraps, also of another index: what is compared is then the word
/// of the sum. In every shape and without signals, by itself and beside the other index, in a loop
/// and behind a merge, filled, as the index of a jump table, and where two numbers are added.
#[test]
fn sums_of_64_bit_indices_have_certificates() {
    let bodies = [
        "(i32.load (i64.add (local.get 0) (i64.const N)))",
        "(i32.add (i32.load (local.get 0)) (i32.load (i64.add (local.get 0) (i64.const N))))",
        "(local.set 0 (i64.add (local.get 0) (i64.const N)))
         (i64.store offset=16 (local.get 0) (i64.const 1)) (call 0 (local.get 0))
         (i32.load offset=24 (local.get 0)) (i32.add)",
        "(if (result i64) (i32.load (local.get 0))
           (then (i64.add (local.get 0) (i64.const N))) (else (i64.const 8)))
         (local.set 0) (i32.add (i32.load (local.get 0))
           (i32.load8_u (i64.sub (local.get 0) (i64.const N))))",
        "(loop $l (i32.store (i64.add (local.get 0) (i64.const N)) (i32.const 1))
           (local.set 0 (i64.add (local.get 0) (i64.const N)))
           (br_if $l (i32.load (local.get 0)))) (i32.load (local.get 0))",
        "(i32.load (i64.add (i64.shl (local.get 0) (i64.const 3)) (i64.const N)))",
        "(drop (i64.load (local.get 0)))
         (memory.fill (i64.add (local.get 0) (i64.const N)) (i32.const 0) (i64.const 40))
         (i32.load (local.get 0))",
        "(local.set 0 (i64.load (local.get 0)))
         (block $d (block $c (block $b (block $a
           (br_if $d (i64.gt_u (i64.sub (local.get 0) (i64.const N)) (i64.const 2)))
           (br_table $a $b $c
             (i32.wrap_i64 (i64.sub (local.get 0) (i64.const N)))))
           (return (i32.const 7))) (return (i32.const 8))) (return (i32.const 9)))
         (i32.load (local.get 0))",
        "(local.set 0 (i64.add (local.get 0) (i64.shl (i64.load (local.get 0)) (i64.const 2))))
         (i64.store (i64.add (local.get 0) (i64.const N)) (local.get 0))
         (i32.load (local.get 0))",
    ];
    let guard = Config::default();
    let explicit = Config { memory: MemoryShape::Explicit, ..guard };
    let configs = [
        guard,
        explicit,
        Config { memory: MemoryShape::Masked, ..guard },
        Config { signals: false, ..explicit },
        Config { bases: Bases::MayMove, ..explicit },
    ];
    for more in ["1", "65536", "1048572", "1048573", "-1", "-65536", "4294967296", "-8589934592"] {
        for body in bodies {
            let body = body.replace('N', more);
            let text = format!("(module (memory i64 1) (func (param i64) (result i32) {body}))");
            let wasm = wat::parse_str(&text).expect("the text is well-formed");
            let module = Module::decode(wasm, &Features::default(), &Limits::default());
            let module = module.expect("it is valid");
            for config in &configs {
                let found = survey(&module, (config, false), 1).expect("a layout");
                let why = found.refused.iter().chain(&found.declined);
                let why: Vec<_> = why.collect();
                assert_eq!(found.native, 1, "{config:?}\n{text}\n{why:?}");
            }
        }
    }
}
