//! Accesses that need no comparison, since an earlier one was of the same index or the memory has
//! the bytes from the beginning: the same results and traps as bytecode at the bounds, in all
//! shapes of memory. Each function has a twin whose second access does need one.

use crate::common::same_with;
use prova_core::Val;

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
    let constant = |at: u64| {
        let load = if ty == "i32" { "i32.load" } else { "i64.load32_u" };
        format!("({load} $m ({ty}.const {at}))")
    };
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
                "({ty}.store $m offset=4 (local.get 0) ({ty}.const 7)) {}",
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
        "(module (tag $t) (memory $m {ty} 1 3) (memory $o {ty} 1 1)
          (data $m ({ty}.const 65520) \"0123456789abcdef\") {})",
        funcs.concat()
    )
}

/// Names of its functions.
const NAMES: [&str; 16] = [
    "falling",
    "rising",
    "branch",
    "one_side",
    "both_sides",
    "round",
    "in_round",
    "changed",
    "other",
    "far",
    "not_far",
    "stored",
    "last",
    "behind",
    "caught",
    "grown",
];

fn compared(ty: &str, address: impl Fn(i64) -> Val) {
    let text = module(ty);
    // "grown" comes last: a page more each time, twice.
    let mut calls = Vec::new();
    for name in NAMES {
        for index in [
            0,
            65_536 - 12,
            65_536 - 11,
            65_536 - 8,
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
    for name in NAMES {
        for index in [131_072 - 12, 196_608 - 12, 196_608 - 11, 196_608 - 4, 196_608 - 3] {
            calls.push((name, vec![address(index), Val::I32(1)]));
        }
    }
    let calls: Vec<(&str, &[Val])> =
        calls.iter().map(|(name, args)| (*name, args.as_slice())).collect();
    for fuel in [false, true] {
        same_with((None, &text), &calls, &[], |config| {
            config.consume_fuel(fuel);
        });
    }
}

#[test]
fn addresses_of_32_bits() {
    compared("i32", |at| Val::I32(at as i32));
}

#[test]
fn addresses_of_64_bits() {
    compared("i64", Val::I64);
}
