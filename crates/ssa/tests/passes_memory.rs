//! Random functions that load and store by few addresses, near each other, in branches and loops:
//! what each pass by itself and all in a row make of them is proved, so that no pass names an
//! address otherwise than the check does.
//!
//! Green does not show that what is proved runs as before: the campaigns run it
//! (`prova-testing ssa-passes`). `PROVA_FUNCS=N` takes so many functions. Functions of five times
//! the size have `near` refused once in a thousand: where a base was stored as a sum and loaded
//! again, the check knows that it is the sum, and the pass does not.

use prova_module::{Features, Limits, Module};
use prova_random::Rng;
use prova_ssa::passes::{Pass, optimize};
use prova_ssa::{CheckedBody, Metering, build, print};
use std::fmt::Write;

/// Functions of a usual run.
const FUNCS: u64 = 2_000;

/// Integer locals of a function.
const LOCALS: usize = 4;

/// How deep branches and loops nest.
const DEPTH_MAX: usize = 3;

/// A function's text.
struct Text(Rng);

impl Text {
    fn local(&mut self) -> String {
        format!("(local.get {})", self.0.below(LOCALS))
    }

    fn offset(&mut self) -> u32 {
        *self.0.pick(&[0, 0, 4, 8, 12, 16])
    }

    fn address(&mut self) -> String {
        let base = self.local();
        match self.0.below(20) {
            0..5 => {
                let by = self.0.pick(&[4, 8, 12, 16, -4, -8]);
                format!("(i32.add {base} (i32.const {by}))")
            }
            5..7 => format!("(i32.sub {base} (i32.const {}))", self.0.pick(&[4, 8, 16])),
            7 => format!("(i32.add (i32.const 8) (i32.sub {base} (i32.const 4)))"),
            8 => format!("(i32.const {})", self.0.pick(&[0, 8, 16, 64])),
            _ => base,
        }
    }

    fn value(&mut self) -> String {
        match self.0.below(4) {
            0 => self.local(),
            1 => format!("(i32.const {})", self.0.below(9)),
            2 => {
                let (offset, address) = (self.offset(), self.address());
                format!("(i32.load offset={offset} {address})")
            }
            _ => format!("(i32.add {} (i32.const 1))", self.local()),
        }
    }

    fn store(&mut self) -> String {
        let op = *self.0.pick(&["i32.store", "i32.store", "i32.store8", "i32.store16"]);
        let (offset, address, value) = (self.offset(), self.address(), self.value());
        match self.0.percent(10) {
            true => format!("(i64.store offset={offset} {address} (i64.extend_i32_u {value}))"),
            false => format!("({op} offset={offset} {address} {value})"),
        }
    }

    fn statement(&mut self, depth: usize) -> String {
        let deeper = depth < DEPTH_MAX;
        let to = self.0.below(LOCALS);
        match self.0.below(100) {
            0..50 => self.store(),
            50..60 => format!("(local.set {to} {})", self.value()),
            60..68 => {
                let by = *self.0.pick(&[4, 8, -4, -8]);
                format!("(local.set {to} (i32.add {} (i32.const {by})))", self.local())
            }
            68..72 => format!("(global.set 0 {})", self.value()),
            72..74 => "(call 0)".to_owned(),
            74..86 if deeper => {
                let (value, then) = (self.value(), self.body(depth + 1, 2));
                format!("(if {value} (then {then}) (else {}))", self.body(depth + 1, 2))
            }
            86..92 if deeper => {
                let (first, value) = (self.body(depth + 1, 2), self.value());
                format!("(block {first} (br_if 0 {value}) {})", self.body(depth + 1, 2))
            }
            92..97 if deeper => {
                let body = self.body(depth + 1, 2);
                format!("(loop {body} (br_if 0 {}))", self.value())
            }
            97.. if deeper => {
                let (value, body) = (self.value(), self.body(depth + 1, 2));
                let table = format!("(block (br_table 0 1 2 {value})) {body} (br 0)");
                format!("(block (block {table}) {})", self.body(depth + 1, 2))
            }
            _ => self.store(),
        }
    }

    fn body(&mut self, depth: usize, most: usize) -> String {
        (0..self.0.between(1, most)).map(|_| self.statement(depth)).collect()
    }
}

#[test]
fn addresses_have_one_name() {
    let count = std::env::var("PROVA_FUNCS").ok().and_then(|count| count.parse().ok());
    let mut findings = String::new();
    for index in 0..count.unwrap_or(FUNCS) {
        let body = Text(Rng::of(12, index)).body(0, 6);
        let text = format!(
            "(module (import \"host\" \"see\" (func)) (memory 1) (global (mut i32) (i32.const 0))
            (func (param i32 i32) (local i32 i32) {body}))"
        );
        let bytes = wat::parse_str(text).expect("a text");
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        let module = module.expect("a valid module");
        let func = module.defined_funcs().last().expect("a function");
        let proved = || {
            let body = build(&module, func, Metering::NONE).expect("a body");
            CheckedBody::check(&module, body).unwrap_or_else(|why| panic!("{why}"))
        };
        for passes in [&[Pass::Near][..], &[Pass::Stores], &[Pass::Forward], &Pass::DEFAULT] {
            for why in optimize(proved(), passes).1 {
                writeln!(findings, "function {index} {}: {why}", passes.len()).expect("a string");
                if findings.lines().count() == 1 {
                    let first = passes.iter().take_while(|pass| **pass != why.pass);
                    let first: Vec<Pass> = first.copied().collect();
                    findings += &print(optimize(proved(), &first).0.body());
                }
            }
        }
    }
    assert!(findings.is_empty(), "{findings}");
}
