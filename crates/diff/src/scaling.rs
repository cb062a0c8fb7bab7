//! Modules made to make the comparison slow, at one size and at twice that size: the steps of work
//! double, and no more.
//!
//! Counted are bytes of code decoded, candidates compared, cells of alignments; not time, which a
//! loaded machine changes, and not sorting. Each family is beyond the caps of what is aligned all
//! with all, where growth would show.

use crate::compare::{DiffOptions, counted};
use prova_module::{Features, Limits, Module};
use prova_random::Rng;
use std::fmt::Write;

fn module(text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("text format");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

/// Functions with bodies `body(i)`, named by `name(i)`.
fn functions(
    count: usize,
    name: impl Fn(usize) -> String,
    body: impl Fn(usize) -> String,
) -> String {
    let mut text = String::from("(module (memory 4) ");
    for i in 0..count {
        write!(text, "(func {} (param i32) (result i32) {})", name(i), body(i)).expect("text");
    }
    text.push(')');
    text
}

fn no_name(_: usize) -> String {
    String::new()
}

/// Numbers without a pattern, the same for the same seed.
fn noise(seed: usize) -> u32 {
    Rng::new(seed as u64).bits() as u32
}

/// A body of a few operators that no other seed has.
fn body(seed: usize) -> String {
    let mut text = String::from("local.get 0");
    for i in 0..12 {
        let op = ["add", "sub", "mul", "xor", "or", "and"][noise(seed * 31 + i) as usize % 6];
        write!(text, " i32.const {} i32.{op}", noise(seed * 17 + i)).expect("text");
    }
    text
}

/// A family: A and B at a size.
type Family = (&'static str, fn(usize) -> (String, String));

const FAMILIES: &[Family] = &[
    ("identical functions, one more", |n| {
        let same = |count| functions(count, no_name, |_| "local.get 0".into());
        (same(n), same(n + 1))
    }),
    ("strangers without names", |n| {
        (functions(n, no_name, body), functions(n, no_name, |i| body(i + 1_000_000)))
    }),
    ("one name for all", |n| {
        let named = |from: usize| {
            let name =
                move |i: usize| format!("$\"_ZN1a1b17h{:016x}E\"", noise(i + from) as u64 + 1);
            functions(n, name, move |i| body(i + from / 2))
        };
        (named(0), named(3_000_000))
    }),
    ("one long function, every fourth operator another", |n| {
        let long = |by: usize| {
            let ops = |_| {
                let mut text = String::from("local.get 0");
                for i in 0..4 * n {
                    let other = if i % 4 == 0 { by } else { 0 };
                    write!(text, " i32.const {} i32.add", noise(i % 7 + other)).expect("text");
                }
                text
            };
            functions(1, no_name, ops)
        };
        (long(0), long(9).replace("i32.const 5 i32.add", "i32.const 5 i32.sub nop"))
    }),
    ("one caller of all, callees in another order", |n| {
        let calls = |step: usize| {
            let mut text = String::from("(module ");
            for i in 0..n {
                write!(text, "(func $f{i} (param i32) (result i32) {})", body(i * step % n))
                    .expect("text");
            }
            text.push_str("(func (export \"all\") (result i32) i32.const 0");
            (0..n).for_each(|i| write!(text, " call $f{i}").expect("text"));
            text + "))"
        };
        (calls(1), calls(7))
    }),
    ("every other word of data", |n| {
        let data = |by: usize| {
            let mut text = String::from("(module (memory 16) (data (i32.const 16) \"");
            for i in 0..8 * n {
                let byte = noise(i + if i / 4 % 2 == 0 { by } else { 0 }) as u8;
                write!(text, "\\{byte:02x}").expect("text");
            }
            text + "\"))"
        };
        (data(0), data(5_000_000))
    }),
    ("a table of branches that drop", |n| {
        let table = |last: usize| {
            let mut text = String::from(
                "(module (func (param i32) (result i32) block (result i32) i32.const 1 i32.const 2 i32.const 3 local.get 0 br_table",
            );
            (0..n).for_each(|i| write!(text, " {}", i % 2).expect("text"));
            write!(text, " {last} end))").expect("text");
            text
        };
        (table(0), table(1))
    }),
];

#[test]
fn work_grows_with_the_size_and_no_faster() {
    for (name, family) in FAMILIES {
        let work = |n: usize| {
            let (a, b) = family(n);
            let options = DiffOptions { runs: 2, ..DiffOptions::default() };
            counted(&module(&a), &module(&b), &options).1
        };
        let (once, twice) = (work(2000), work(4000));
        assert!(once > 0, "{name}");
        assert!(5 * twice <= 12 * once, "{name}: {once} steps, then {twice}");
    }
}
