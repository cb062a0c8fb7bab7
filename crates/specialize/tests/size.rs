//! The limit of the check's work (S12), on both sides; work is counted in steps.
//!
//! A green run shows that honest work below the limit is accepted, and that functions and
//! certificates that ask for much are refused within it. It does not show how long a step takes.

use prova_module::{Features, Limits, Module};
use prova_specialize::check::{Rule, STEPS_BASE, STEPS_PER_ITEM, Work};
use prova_specialize::{Assume, Certified, Known, Role};
use prova_ssa::Value;
use std::fmt::Write;

/// The function that is made of a body in the frame of the planted faults, with a row for each
/// block.
fn certified(body: &str) -> Certified {
    let text = include_str!("plants/frame.wat").replace("(; BODY ;)", body);
    let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{body}"));
    let module =
        Module::decode(wasm, &Features::default(), &Limits::default()).expect("a valid module");
    Certified::with_rows(&module, 256, Assume::Trust).expect("it can be specialised")
}

/// The proof's verdict, within its limit.
fn rule(case: &Certified) -> (Option<Rule>, Work) {
    let (proof, work) = case.measured();
    assert_eq!(work.most, STEPS_BASE + STEPS_PER_ITEM * work.items);
    assert!(work.steps <= work.most, "{work:?}");
    (proof.err().map(|rejection| rejection.rule), work)
}

/// A loop over a sum of many products, which the request never asks for.
fn long(products: usize) -> Certified {
    let mut sum = "(local.get $x)".to_owned();
    (0..products).for_each(|_| sum = format!("(i64.mul {sum} (local.get $x))"));
    let body = format!(
        "(loop $l (local.set $x (i64.add {sum} (i64.const 1)))
            (br_if $l (i32.load (local.get $n))))
        (if (result i64) (i32.eq (local.get $k) (i32.const 7))
            (then (i64.const 0)) (else (local.get $x)))"
    );
    certified(&body)
}

/// The same function with `copies` copies of the loop's block, to which nothing leads, and which
/// lead to it: each is a few bytes, and stands for the whole sum.
fn copied(products: usize, copies: usize) -> Certified {
    let mut case = long(products);
    let mut text = prova_ssa::print(&case.body);
    let start = text.find("block3 none").expect("the loop");
    let end = start + text[start..].find("block4 none").expect("what is behind it");
    let block = text[start..end].to_owned();
    assert_eq!(block.lines().count(), 3, "{text}");
    for copy in 0..copies {
        let (name, param, load) = (1_000 + copy, 100_000 + 2 * copy, 100_001 + 2 * copy);
        let block = block
            .replacen("block3", &format!("block{name}"), 1)
            .replace("v15", &format!("v{param}"))
            .replace("v16", &format!("v{load}"));
        write!(text, "{block}").expect("a string");
    }
    case.body = prova_ssa::parse(&prova_ssa::renumber(&text)).expect("a body");
    let role = case.certificate.roles[3].clone();
    case.certificate.roles.extend(vec![role; copies]);
    case
}

#[test]
fn small_blocks_for_a_large_one_are_limited() {
    let products = 1_000;
    let (proof, work) = rule(&copied(products, 100));
    assert!(proof.is_none() && work.steps > 300_000, "{proof:?}: {work:?}");
    assert_eq!(rule(&copied(products, 4_000)).0, Some(Rule::Size));
}

/// Rows that say much, and edges that lead to them, which cost a few bytes each.
#[test]
fn rows_of_many_are_limited() {
    let many = |edges: usize| {
        let mut case = copied(1, edges);
        let Role::Copy(row) = &mut case.certificate.roles[3] else { panic!("the loop has a row") };
        // Names of a number that the block has anyway.
        row.bases.extend((10_000..14_000).map(|root| (root, 0)));
        case
    };
    let (proof, work) = rule(&many(100));
    assert!(proof.is_none() && work.steps > 400_000, "{proof:?}: {work:?}");
    assert_eq!(rule(&many(4_000)).0, Some(Rule::Size));
}

/// A list that is out of order is refused before anything is looked for in it.
#[test]
fn lists_that_are_out_of_order_are_refused_at_once() {
    for at in 0..3 {
        let mut case = long(1);
        let Role::Copy(row) = &mut case.certificate.roles[3] else { panic!("the loop has a row") };
        match at {
            0 => row.bases.extend((0..4_096).map(|_| (1, 0))),
            1 => row.regs.extend((0..4_096).rev().map(|number| (number, Known::Bits(0)))),
            _ => row.values.extend((0..4_096).map(|_| (Value::from_u32(1), Known::Bits(0)))),
        }
        let (proof, work) = rule(&case);
        assert_eq!((proof, work.steps), (Some(Rule::Form), 0));
    }
}
