//! Seed → a module of functions that make narrow numbers and hand them on: comparisons, bytes and
//! halves of memory, of lanes and of wider numbers; spread over lanes, put into lanes, extended,
//! stored, shifted by, selected, carried over merges and through loops.
//!
//! A compiler leaves what nobody wrote above a narrow number, and drops extensions that its reader
//! does not need. Definite assignment (P10) has to follow each byte from one to the other.
//!
//! Loops need not end: the fuel of a call is little.

use super::{Call, Case, Rng};
use std::fmt::Write;

/// Locals of `i32` are the first ones, of `v128` the ones behind.
const NUMBERS: usize = 4;
/// Locals of `v128`, behind an `i64` and an `f32`.
const VECTORS: [usize; 3] = [6, 7, 8];
/// How deep expressions nest.
const DEPTH_MAX: usize = 4;
/// How deep branches and loops nest.
const NESTED_MAX: usize = 2;
/// The fuel of a call.
const FUEL: u64 = 20_000;

const HEAD: &str = "(module (memory (export \"memory\") 1) (global (mut i32) (i32.const 0))
    (func $mix (param i32 v128) (result i32)
        (i32.add (local.get 0) (i8x16.extract_lane_s 5 (local.get 1))))
    ";

/// A module of `funcs` functions, with calls of each.
pub(super) fn case(rng: &mut Rng, funcs: usize) -> Case {
    let (mut text, mut calls) = (HEAD.to_owned(), Vec::new());
    for at in 0..funcs {
        let mut body = Text { rng };
        let (statements, result) = (body.body(0, 5), body.number(0));
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "(func (export \"f{at}\") (param i32 i32) (result i32)
            (local i32 i32 i64 f32 v128 v128 v128) {statements} {result})"
        );
        for _ in 0..3 {
            let mut arg = || *rng.pick(&[0, 1, 3, 127, 128, 255, 32_768, 65_500, 0xffff_ff80]);
            let args = vec![arg(), arg()];
            calls.push(Call { export: format!("f{at}"), args });
        }
    }
    text.push(')');
    let wasm = wat::parse_str(&text).unwrap_or_default();
    Case { wasm, calls, nan_free: true, fuel: FUEL }
}

/// A function's text.
struct Text<'r> {
    rng: &'r mut Rng,
}

impl Text<'_> {
    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        let &text: &&'static str = self.rng.pick(of);
        text
    }

    fn local(&mut self) -> String {
        format!("(local.get {})", self.rng.below(NUMBERS))
    }

    fn lane(&mut self, lanes: usize) -> usize {
        self.rng.below(lanes)
    }

    /// A count, often a constant that keeps or leaves a narrow part.
    fn count(&mut self, depth: usize) -> String {
        match self.rng.percent(70) {
            true => format!("(i32.const {})", self.rng.pick(&[1, 3, 7, 8, 15, 16, 24, 31, 33])),
            false => self.number(depth + 1),
        }
    }

    /// A number of 0 or 1.
    fn truth(&mut self, depth: usize) -> String {
        let more = depth + 1;
        match self.rng.below(8) {
            0 | 1 => format!("(i32.eqz {})", self.number(more)),
            2 | 3 => {
                let op = self.pick(&["eq", "ne", "lt_s", "lt_u", "ge_s", "gt_u"]);
                format!("(i32.{op} {} {})", self.number(more), self.number(more))
            }
            4 => {
                let op = self.pick(&["eq", "lt_s", "le_u"]);
                format!("(i64.{op} (local.get 4) (i64.extend_i32_s {}))", self.number(more))
            }
            5 => format!("(i64.eqz (i64.extend_i32_u {}))", self.number(more)),
            6 => {
                let op = self.pick(&["eq", "ne", "lt", "ge"]);
                format!("(f32.{op} (local.get 5) (f32.convert_i32_s {}))", self.number(more))
            }
            _ => {
                let op = self.pick(&[
                    "v128.any_true",
                    "i8x16.all_true",
                    "i16x8.all_true",
                    "i32x4.all_true",
                ]);
                format!("({op} {})", self.vector(more))
            }
        }
    }

    /// A narrow number of memory, of a lane or of a wider number.
    fn narrow(&mut self, depth: usize) -> String {
        let more = depth + 1;
        match self.rng.below(7) {
            0 | 1 => {
                let op = self.pick(&["load8_u", "load8_s", "load16_u", "load16_s"]);
                format!("(i32.{op} offset={} {})", self.rng.below(40), self.local())
            }
            2 => format!("(i32.{} {})", self.pick(&["extend8_s", "extend16_s"]), self.number(more)),
            3 => {
                let (op, lane) = (self.pick(&["s", "u"]), self.lane(16));
                format!("(i8x16.extract_lane_{op} {lane} {})", self.vector(more))
            }
            4 => {
                let (op, lane) = (self.pick(&["s", "u"]), self.lane(8));
                format!("(i16x8.extract_lane_{op} {lane} {})", self.vector(more))
            }
            5 => format!("({}.bitmask {})", self.pick(&["i8x16", "i16x8"]), self.vector(more)),
            _ => {
                let op = self.pick(&["extend8_s", "extend16_s", "extend32_s"]);
                format!("(i32.wrap_i64 (i64.{op} (i64.extend_i32_u {})))", self.number(more))
            }
        }
    }

    fn number(&mut self, depth: usize) -> String {
        if depth >= DEPTH_MAX {
            return self.local();
        }
        let more = depth + 1;
        match self.rng.below(20) {
            0..2 => self.local(),
            2 => format!("(i32.const {})", self.rng.pick(&[0, 1, -1, 7, 128, 255, 256, 65_535])),
            3..7 => self.truth(depth),
            7..11 => self.narrow(depth),
            11..14 => {
                let op = self.pick(&["add", "sub", "mul", "and", "or", "xor"]);
                format!("(i32.{op} {} {})", self.number(more), self.number(more))
            }
            14..16 => {
                let op = self.pick(&["shl", "shr_s", "shr_u", "rotl", "rotr"]);
                format!("(i32.{op} {} {})", self.number(more), self.count(depth))
            }
            16 => format!("(i32.{} {})", self.pick(&["popcnt", "clz", "ctz"]), self.number(more)),
            17 => {
                let (a, b) = (self.number(more), self.number(more));
                format!("(select {a} {b} {})", self.truth(more))
            }
            18 => {
                let (test, then) = (self.truth(more), self.number(more));
                format!("(if (result i32) {test} (then {then}) (else {}))", self.number(more))
            }
            _ => {
                let value = self.number(more);
                format!(
                    "(block (result i32) (br_if 0 {value} {}) (drop) {})",
                    self.truth(more),
                    self.number(more)
                )
            }
        }
    }

    fn vector(&mut self, depth: usize) -> String {
        let local = format!("(local.get {})", self.rng.pick(&VECTORS));
        if depth >= DEPTH_MAX {
            return local;
        }
        let more = depth + 1;
        match self.rng.below(24) {
            0..2 => local,
            2..6 => format!("(i8x16.splat {})", self.number(more)),
            6..9 => format!("(i16x8.splat {})", self.number(more)),
            9 => format!("(i32x4.splat {})", self.number(more)),
            10 | 11 => {
                let (lane, of) = (self.lane(16), self.vector(more));
                format!("(i8x16.replace_lane {lane} {of} {})", self.number(more))
            }
            12 | 13 => {
                let (lane, of) = (self.lane(8), self.vector(more));
                format!("(i16x8.replace_lane {lane} {of} {})", self.number(more))
            }
            14..16 => {
                let shape = self.pick(&["i8x16", "i16x8", "i32x4", "i64x2"]);
                let op = self.pick(&["shl", "shr_s", "shr_u"]);
                format!("({shape}.{op} {} {})", self.vector(more), self.number(more))
            }
            16 => {
                let (a, b) = (self.vector(more), self.vector(more));
                format!("(v128.bitselect {a} {b} {})", self.vector(more))
            }
            17 => {
                let op =
                    self.pick(&["load8_splat", "load16_splat", "load8x8_s", "load16x4_u", "load"]);
                format!("(v128.{op} offset={} {})", self.rng.below(40), self.local())
            }
            18 => {
                let (offset, lane) = (self.rng.below(40), self.lane(8));
                let op = self.pick(&["load8_lane", "load16_lane"]);
                format!("(v128.{op} offset={offset} {lane} {} {})", self.local(), self.vector(more))
            }
            19 => {
                let shape =
                    self.pick(&["i8x16.add", "i8x16.sub", "i16x8.mul", "i8x16.eq", "i16x8.lt_s"]);
                format!("({shape} {} {})", self.vector(more), self.vector(more))
            }
            20 => format!("(i8x16.swizzle {} {})", self.vector(more), self.vector(more)),
            21 => {
                let lanes: String = (0..16).map(|_| format!("{} ", self.rng.below(32))).collect();
                format!("(i8x16.shuffle {lanes} {} {})", self.vector(more), self.vector(more))
            }
            22 => {
                let (a, b) = (self.vector(more), self.vector(more));
                format!("(select {a} {b} {})", self.truth(more))
            }
            _ => {
                let op = self.pick(&["i16x8.extend_low_i8x16_s", "i32x4.extend_high_i16x8_u"]);
                format!("({op} {})", self.vector(more))
            }
        }
    }

    fn statement(&mut self, nested: usize) -> String {
        let to = self.rng.below(NUMBERS);
        match self.rng.below(12) {
            0..3 => format!("(local.set {to} {})", self.number(0)),
            3..5 => format!("(local.set {} {})", self.rng.pick(&VECTORS), self.vector(0)),
            5 => {
                format!("(v128.store offset={} {} {})", self.lane(64), self.local(), self.vector(0))
            }
            6 => {
                let op = self.pick(&["i32.store8", "i32.store16", "i32.store"]);
                format!("({op} offset={} {} {})", self.lane(64), self.local(), self.number(0))
            }
            7 => {
                let op = self.pick(&["v128.store8_lane", "v128.store16_lane"]);
                let lane = self.lane(8);
                format!("({op} {lane} {} {})", self.local(), self.vector(0))
            }
            8 => format!("(local.set {to} (call $mix {} {}))", self.number(1), self.vector(1)),
            9 if nested < NESTED_MAX => {
                let (test, then) = (self.truth(1), self.body(nested + 1, 2));
                format!("(if {test} (then {then}) (else {}))", self.body(nested + 1, 2))
            }
            10 if nested < NESTED_MAX => {
                format!("(loop {} (br_if 0 {}))", self.body(nested + 1, 2), self.truth(1))
            }
            _ => format!("(local.set 4 (i64.extend_i32_u {}))", self.number(1)),
        }
    }

    fn body(&mut self, nested: usize, most: usize) -> String {
        (0..self.rng.between(1, most)).map(|_| self.statement(nested)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_a_module() {
        for index in 0..40 {
            let case = case(&mut Rng::of(3, index), 5);
            assert!(!case.wasm.is_empty(), "case {index}");
            assert!(case.module().is_some(), "case {index}");
        }
    }
}
