//! `memory.copy` and `memory.fill` of a known number of bytes have inline code where these are few:
//! the same bytes, traps and fuel as bytecode, at the bounds, overlapping, between memories, with
//! any address type; out of bounds nothing is written.

use crate::common::{same_metered, same_with};
use prova_core::Val;
use std::fmt::Write;

/// Numbers of bytes: each form that they are cut into, and both sides of the most.
const COUNTS: [u64; 24] =
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 63, 64, 100, 104, 127, 128, 129];
const END: i64 = 65_536;

/// A module that copies and fills each number of bytes, and tells the first and last 768 bytes of
/// the memories.
fn module(address: &str) -> String {
    let mut text = format!(
        "(module (memory $m {address} 1) (memory $o {address} 1)
        (func (export \"numbers\") (local $i {address})
          (loop $next
            (i64.store $m (local.get $i) (i64.mul (i64.add (i64.const 77) {long})
              (i64.const 0x9e3779b97f4a7c15)))
            (i64.store $m offset=64768 (local.get $i) (i64.mul (i64.add (i64.const 78) {long})
              (i64.const 0x9e3779b97f4a7c15)))
            (local.set $i ({address}.add (local.get $i) ({address}.const 8)))
            (br_if $next ({address}.lt_u (local.get $i) ({address}.const 768)))))
        (func (export \"told\") (result i64) (local $i {address}) (local $sum i64)
          (loop $next
            (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 7))
              (i64.xor (i64.xor (i64.load $m (local.get $i))
                  (i64.load $m offset=64768 (local.get $i)))
                (i64.rotl (i64.xor (i64.load $o (local.get $i))
                  (i64.load $o offset=64768 (local.get $i))) (i64.const 32)))))
            (local.set $i ({address}.add (local.get $i) ({address}.const 8)))
            (br_if $next ({address}.lt_u (local.get $i) ({address}.const 768))))
          (local.get $sum))",
        long =
            if address == "i32" { "(i64.extend_i32_u (local.get $i))" } else { "(local.get $i)" },
    );
    for n in COUNTS {
        let (a, n_of) = ("(local.get 0)", format!("({address}.const {n})"));
        let b = "(local.get 1)";
        write!(
            text,
            "(func (export \"copy{n}\") (param {address} {address}) (memory.copy $m $m {a} {b} {n_of}))
            (func (export \"out{n}\") (param {address} {address}) (memory.copy $o $m {a} {b} {n_of}))
            (func (export \"fill{n}\") (param {address} i32) (memory.fill $m {a} {b} {n_of}))
            (func (export \"zero{n}\") (param {address}) (memory.fill $o {a} (i32.const 0) {n_of}))
            (func (export \"ones{n}\") (param {address}) (memory.fill $m {a} (i32.const -1) {n_of}))"
        )
        .expect("a text takes it");
    }
    text + ")"
}

/// The calls for a number of bytes: inside, overlapping, at both sides of the end, far out.
fn calls(n: i64, address: impl Fn(i64) -> Val) -> Vec<(String, Vec<Val>)> {
    let mut calls = Vec::new();
    for (to, from) in [
        (0, 200),
        (40, 37),
        (37, 40),
        (50, 50),
        (END - n, 5),
        (5, END - n),
        (END - n + 1, 5),
        (5, END - n + 1),
        (END, 0),
        (0, END),
        (-1, 0),
        (3, -8),
    ] {
        calls.push((format!("copy{n}"), vec![address(to), address(from)]));
        calls.push((format!("out{n}"), vec![address(to), address(from)]));
    }
    for at in [9, END - n, END - n + 1, END, -1] {
        calls.push((format!("fill{n}"), vec![address(at), Val::I32(0x1a5 + at as i32)]));
        calls.push((format!("zero{n}"), vec![address(at + 3)]));
        calls.push((format!("zero{n}"), vec![address(at)]));
        calls.push((format!("ones{n}"), vec![address(at - 2)]));
    }
    calls
}

fn compared(name: &str, address: impl Fn(i64) -> Val) {
    let text = module(name);
    let mut all = vec![("numbers".to_owned(), Vec::new())];
    for n in COUNTS {
        for call in calls(n as i64, &address) {
            all.push(call);
            // The fuel of all calls together pays for `told` only this often.
            if n % 16 == 1 {
                all.push(("told".to_owned(), Vec::new()));
            }
        }
        all.push(("told".to_owned(), Vec::new()));
    }
    same_metered(&text, &all, &[(false, false), (true, false), (false, true), (true, true)]);
}

#[test]
fn addresses_of_32_bits() {
    compared("i32", |at| Val::I32(at as i32));
}

#[test]
fn addresses_of_64_bits() {
    compared("i64", Val::I64);
}

/// Bytes that are not paid for are not copied.
#[test]
fn fuel_ends_before_the_bytes() {
    let text = "(module (memory 1) (data (i32.const 0) \"0123456789abcdef0123456789abcdef\")
        (func (export \"f\") (loop (memory.copy (i32.const 64) (i32.const 0) (i32.const 24))
          (i64.store (i32.const 96) (i64.add (i64.load (i32.const 96)) (i64.const 1)))
          (memory.fill (i32.const 128) (i32.load8_u (i32.const 96)) (i32.const 100)) (br 0)))
        (func (export \"count\") (result i64) (i64.load (i32.const 96)))
        (func (export \"last\") (result i32) (i32.load8_u (i32.const 227))))";
    let calls: &[(&str, &[Val])] = &[("f", &[]), ("count", &[]), ("last", &[])];
    same_with((None, text), calls, &[], |config| {
        config.consume_fuel(true);
    });
}

/// Accesses before it that trap are named, where Cranelift makes them operands too.
#[test]
fn what_traps_is_named() {
    let text = r#"(module (memory 1) (data (i32.const 60000) "\ff\ff\ff\ff\04")
        (func (export "to") (param i32)
          (memory.copy (i32.load offset=60000 (local.get 0)) (i32.const 0) (i32.const 24)))
        (func (export "from") (param i32)
          (memory.copy (i32.const 0) (i32.load offset=60000 (local.get 0)) (i32.const 7)))
        (func (export "fill") (param i32)
          (memory.fill (i32.load offset=60000 (local.get 0)) (i32.const 0) (i32.const 3)))
        (func (export "what") (param i32)
          (memory.fill (i32.const 9) (i32.load offset=60000 (local.get 0)) (i32.const 3)))
        (func (export "before") (param i32) (result i32) (local i32)
          (local.set 1 (i32.load offset=60000 (local.get 0)))
          (memory.copy (local.get 0) (i32.const 65520) (i32.const 24)) (local.get 1))
        (func (export "behind") (param i32) (result i32)
          (memory.copy (i32.const 0) (i32.const 65500) (i32.const 24))
          (i32.load offset=60000 (local.get 0))))"#;
    let args = [6_000, 0, 4].map(|n| [Val::I32(n)]);
    let names = ["to", "from", "fill", "what", "before", "behind"].into_iter();
    let calls = names.flat_map(|name| args.iter().map(move |a| (name, &a[..])));
    same_with((None, text), &calls.collect::<Vec<(&str, &[Val])>>(), &[], |_| {});
}
