//! Seed → a module of functions that load and store by few addresses, near each other, in branches
//! and loops: what passes know of memory is asked for at every turn.
//!
//! Addresses are sums and differences of few locals with small constants, some of them negative,
//! some through a cell of memory and back; most functions are small, and some have rows of
//! [`ROW_MIN`] accesses and more, as compilers write them for large structures and constants. So
//! tables with a limit overflow, bases have one number and several values, and distances straddle
//! 0.
//!
//! Loops need not end: the fuel of a call is little.

use super::{Call, Case, Rng};
use std::fmt::Write;

/// Integer locals of a function; the first two are its parameters.
const LOCALS: usize = 4;

/// How deep branches and loops nest.
const DEPTH_MAX: usize = 3;

/// Accesses of a row, at least.
pub const ROW_MIN: usize = 64;

/// The fuel of a call.
const FUEL: u64 = 20_000;

/// A module of `funcs` functions, with calls of each.
pub(super) fn case(rng: &mut Rng, funcs: usize) -> Case {
    let (mut text, mut calls) = (HEAD.to_owned(), Vec::new());
    for at in 0..funcs {
        // One in five is long.
        let rows = rng.percent(20);
        let body = Text { rng, rows }.body(0, 6);
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "(func (export \"f{at}\") (param i32 i32) (result i32) (local i32 i32) {body}
            (local.get {}))",
            rng.below(LOCALS)
        );
        for _ in 0..3 {
            let mut arg = || [0, 4, 12, 64, 4_096, 65_500, 65_536][rng.below(7)];
            let args = vec![arg(), arg()];
            calls.push(Call { export: format!("f{at}"), args });
        }
    }
    text.push(')');
    let wasm = wat::parse_str(&text).unwrap_or_default();
    Case { wasm, calls, nan_free: true, fuel: FUEL }
}

/// The definitions that bodies use: one memory of a page, two globals, a function that may do
/// anything.
const HEAD: &str = "(module
    (import \"host\" \"mix\" (func $mix (param i32 i64) (result i64 i32)))
    (memory (export \"memory\") 1) (global (mut i32) (i32.const 0)) (global (mut i64) (i64.const 0))
    ";

/// A function's text.
struct Text<'r> {
    rng: &'r mut Rng,
    /// Whether it has rows of accesses.
    rows: bool,
}

impl Text<'_> {
    fn local(&mut self) -> String {
        format!("(local.get {})", self.rng.below(LOCALS))
    }

    fn offset(&mut self) -> u32 {
        match self.rows && self.rng.percent(60) {
            true => 4 * self.rng.below(160) as u32,
            false => *self.rng.pick(&[0, 0, 4, 8, 12, 16]),
        }
    }

    fn address(&mut self) -> String {
        let base = self.local();
        match self.rng.below(20) {
            0..5 => {
                let by = self.rng.pick(&[4, 8, 12, 16, -4, -8]);
                format!("(i32.add {base} (i32.const {by}))")
            }
            5..7 => format!("(i32.sub {base} (i32.const {}))", self.rng.pick(&[4, 8, 16, -4])),
            7 => format!("(i32.add (i32.const 8) (i32.sub {base} (i32.const 4)))"),
            8 => format!("(i32.const {})", self.rng.pick(&[0, 8, 16, 64])),
            _ => base,
        }
    }

    fn value(&mut self) -> String {
        match self.rng.below(5) {
            0 => self.local(),
            1 => format!("(i32.const {})", self.rng.below(9)),
            2 => {
                let op = *self.rng.pick(&["i32.load", "i32.load", "i32.load16_u", "i32.load8_s"]);
                let (offset, address) = (self.offset(), self.address());
                format!("({op} offset={offset} {address})")
            }
            3 => {
                let (offset, address) = (self.offset(), self.address());
                format!("(i32.wrap_i64 (i64.load offset={offset} {address}))")
            }
            _ => format!("(i32.add {} (i32.const 1))", self.local()),
        }
    }

    fn store(&mut self) -> String {
        let op = *self.rng.pick(&["i32.store", "i32.store", "i32.store8", "i32.store16"]);
        let (offset, address, value) = (self.offset(), self.address(), self.value());
        match self.rng.percent(10) {
            true => format!("(i64.store offset={offset} {address} (i64.extend_i32_u {value}))"),
            false => format!("({op} offset={offset} {address} {value})"),
        }
    }

    /// Stores by one base or few, of different values, as a large structure is written.
    fn row(&mut self) -> String {
        let (base, value) = (self.address(), self.value());
        let count = self.rng.between(ROW_MIN, 2 * ROW_MIN);
        let mut row = String::new();
        for at in 0..count {
            row += &match self.rng.below(12) {
                0 => self.store(),
                1 => format!("(local.set 3 {})", self.value()),
                2..5 => format!("(i64.store offset={} {base} (i64.const {at}))", 8 * at),
                5 => format!("(i32.store offset={} {base} {value})", 8 * at + 4),
                _ => format!("(i32.store offset={} {base} (i32.const {at}))", 8 * at),
            };
        }
        row
    }

    /// A sum that goes through memory: both sides of the cell have one number.
    fn kept(&mut self) -> String {
        let (sum, cell, to) = (self.address(), self.address(), self.rng.below(LOCALS));
        format!("(i32.store {cell} {sum}) (local.set {to} (i32.load {cell}))")
    }

    fn statement(&mut self, depth: usize) -> String {
        let deeper = depth < DEPTH_MAX;
        let to = self.rng.below(LOCALS);
        match self.rng.below(100) {
            0..12 if self.rows => self.row(),
            0..45 => self.store(),
            45..50 => self.kept(),
            50..60 => format!("(local.set {to} {})", self.value()),
            60..68 => {
                let by = *self.rng.pick(&[4, 8, -4, -8]);
                format!("(local.set {to} (i32.add {} (i32.const {by})))", self.local())
            }
            68..72 => format!("(global.set 0 {})", self.value()),
            72..74 => format!("(call $mix {} (i64.const 3)) (drop) (drop)", self.local()),
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
        (0..self.rng.between(1, most)).map(|_| self.statement(depth)).collect()
    }
}
