//! Modules that ask for a specialised function: a frame with one request, in whose function stand
//! random statements that use the intrinsics, and calls with the arguments of the request.
//!
//! ```text
//! Rng ─ statements ─► the body of `frame.wat` ─► Case { wasm, calls of `go` }
//! ```
//!
//! A call passes a pointer to the request's bytes, a state in memory (`$n`), and the request's
//! numbers, so it runs the specialised code and not the generic function. Of a state, bytes 16 to
//! 63 are cells of the virtual stack and locals, all others memory of the program. Where cells are
//! not `private`, the program accesses them too. Programs end: loops count to a small number.
//!
//! Limits: no exceptions, no tables of branches, one function.

use super::{Call, Case, Rng};
use std::fmt::Write;

/// The frame of the specialiser's tests; its request is for the slot 256.
const FRAME: &str = include_str!("../../../specialize/tests/plants/frame.wat");

/// The address that the specialised function's number is written to.
pub const SLOT: u32 = 256;

/// The states that calls pass: an address each.
const STATES: [u32; 3] = [4096, 4608, 5120];

/// The bytes of each state that are cells.
pub fn cells() -> impl Iterator<Item = std::ops::Range<usize>> {
    STATES.into_iter().map(|state| state as usize + 16..state as usize + 64)
}

/// A module and its calls. If `private`, only intrinsics access cells.
pub fn case(rng: &mut Rng, private: bool) -> Case {
    let mut writer = Writer { rng, private, can_step: true, can_loop: true, text: String::new() };
    let first = "(call $write_reg (i64.const 0) (local.get $l)) (call $write_reg (i64.const 1) (i64.const 3)) ";
    writer.text.push_str(first);
    for _ in 0..writer.rng.between(2, 6) {
        writer.statement(3);
    }
    let result = writer.long(2);
    let body = writer.text + &result;
    let mut bytes = String::new();
    for _ in 0..STATES.len() * 512 {
        let byte = if rng.percent(70) { rng.below(4) } else { rng.below(256) };
        // A string can always be written.
        let _ = write!(bytes, "\\{byte:02x}");
    }
    let go = format!(
        r#"(func (export "go") (param i32) (result i64)
            (call_indirect (type $four) (i32.const 2048) (local.get 0) (i32.const 7) (i64.const -9)
              (i32.load (i32.const {SLOT}))))
          (data (i32.const 2048) "\01\02\03\84\05\06\07\f8") (data (i32.const {}) "{bytes}")
          (data (i32.const 16)"#,
        STATES[0]
    );
    let text = FRAME.replace("(; BODY ;)", &body).replacen("(data (i32.const 16)", &go, 1);
    let wasm = wat::parse_str(&text).unwrap_or_default();
    let call = |state: u32| Call { export: "go".to_owned(), args: vec![state.into()] };
    let calls = STATES.into_iter().chain(STATES).map(call).collect();
    Case { wasm, calls, nan_free: true, fuel: 1_000_000 }
}

/// The text of a body as it grows.
struct Writer<'r> {
    rng: &'r mut Rng,
    private: bool,
    /// Whether there is no loop yet over what the specialiser knows.
    can_step: bool,
    /// Whether there is no loop yet over what a run knows.
    can_loop: bool,
    text: String,
}

impl Writer<'_> {
    /// A place of the state that is no cell, or may be one.
    fn offset(&mut self) -> usize {
        match self.private || self.rng.percent(70) {
            true => *self.rng.pick(&[0, 8, 64, 72, 76, 80, 128, 200]),
            false => self.rng.below(72),
        }
    }

    /// The address of a cell of the stack or, from number 3 on, of a local.
    fn cell(&self, number: usize) -> String {
        format!("(i32.add (local.get $n) (i32.const {}))", 16 + 8 * number)
    }

    /// An i64.
    fn long(&mut self, depth: usize) -> String {
        let most = if depth == 0 { 8 } else { 14 };
        match self.rng.below(most) {
            0 => "(local.get $l)".to_owned(),
            1 | 2 => "(local.get $x)".to_owned(),
            3 => format!("(i64.const {})", self.rng.below(9) as i64 - 3),
            4 => format!("(i64.load offset={} (local.get $n))", self.offset()),
            5 => format!("(i64.load8_s offset={} (local.get $code))", self.rng.below(8)),
            6 => format!("(call $read_reg (i64.const {}))", self.rng.below(2)),
            7 => {
                let local = self.rng.below(3);
                format!("(call $read_local {} (i32.const {local}))", self.cell(3 + local))
            }
            8 => format!("(call $global (i32.const {}))", self.rng.below(2)),
            9 => format!("(i64.extend_i32_u {})", self.word(depth - 1)),
            10 => {
                let value = self.word(depth - 1);
                format!(
                    "(i64.extend_i32_u (call $value (i32.and {value} (i32.const 3)) (i32.const 0) (i32.const 3)))"
                )
            }
            _ => {
                let op = *self.rng.pick(&["add", "sub", "mul", "xor", "and", "shl", "shr_s"]);
                format!("(i64.{op} {} {})", self.long(depth - 1), self.long(depth - 1))
            }
        }
    }

    /// An i32.
    fn word(&mut self, depth: usize) -> String {
        let most = if depth == 0 { 7 } else { 11 };
        match self.rng.below(most) {
            0 => "(local.get $k)".to_owned(),
            1 => "(local.get $i)".to_owned(),
            2 => "(local.get $j)".to_owned(),
            3 => "(local.get $pc)".to_owned(),
            4 => format!("(i32.const {})", self.rng.below(6)),
            5 => format!("(i32.load offset={} (local.get $n))", self.offset()),
            6 => format!("(i32.load8_u offset={} (local.get $code))", self.rng.below(8)),
            7 | 8 => {
                let op = *self.rng.pick(&["lt_s", "lt_u", "eq", "ne"]);
                format!("(i64.{op} {} {})", self.long(depth - 1), self.long(depth - 1))
            }
            _ => {
                let op = *self.rng.pick(&["add", "sub", "and", "xor", "eq", "shl"]);
                format!("(i32.{op} {} {})", self.word(depth - 1), self.word(depth - 1))
            }
        }
    }

    /// Statements of a block.
    fn block(&mut self, depth: usize) {
        for _ in 0..self.rng.between(1, 3) {
            self.statement(depth);
        }
    }

    fn statement(&mut self, depth: usize) {
        let most = if depth == 0 { 8 } else { 15 };
        let text = match self.rng.below(most) {
            0 | 1 => format!("(local.set $x {})", self.long(2)),
            2 => format!("(local.set $i {})", self.word(2)),
            3 | 4 => {
                format!("(i64.store offset={} (local.get $n) {})", self.offset(), self.long(2))
            }
            5 => {
                let reg = self.rng.below(2);
                format!("(call $write_reg (i64.const {reg}) {})", self.long(2))
            }
            6 | 7 => {
                let local = self.rng.below(3);
                let cell = self.cell(3 + local);
                format!("(call $write_local {cell} (i32.const {local}) {})", self.long(2))
            }
            8 if self.rng.percent(50) => {
                // Memory from the state's start, which is no cell.
                "(call $sync) (local.set $x (i64.add (local.get $x) (call $other (local.get $code) (local.get $n) (local.get $k) (local.get $x))))".to_owned()
            }
            8..=10 => return self.pushed(depth),
            11 | 12 => return self.arms(depth),
            13 if self.can_step => return self.steps(depth),
            14 if self.can_loop => return self.rounds(depth),
            _ => format!("(local.set $i {})", self.word(1)),
        };
        self.text += &text;
        self.text.push('\n');
    }

    /// A push, statements that leave the stack alone, and the pop.
    fn pushed(&mut self, depth: usize) {
        let cell = self.cell(depth - 1);
        let value = self.long(2);
        self.text += &format!("(call $push_stack {cell} {value})\n");
        self.block(depth - 1);
        if self.rng.percent(30) {
            let value = self.long(1);
            self.text += &format!("(call $write_stack {cell} (i32.const 0) {value})\n");
        }
        if self.rng.percent(30) {
            self.text += &format!(
                "(local.set $x (i64.sub (local.get $x) (call $read_stack {cell} (i32.const 0))))\n"
            );
        }
        self.text += &format!("(local.set $x (i64.add (local.get $x) (call $pop_stack {cell})))\n");
    }

    fn arms(&mut self, depth: usize) {
        let condition = self.word(2);
        self.text += &format!("(if {condition} (then\n");
        self.block(depth - 1);
        self.text += ") (else\n";
        self.block(depth - 1);
        self.text += "))\n";
    }

    /// A loop whose rounds are specialised one by one.
    fn steps(&mut self, depth: usize) {
        self.can_step = false;
        self.text += "(call $push (local.get $pc)) (loop $steps\n";
        self.block(depth - 1);
        self.text +=
            "(local.set $pc (i32.add (local.get $pc) (i32.const 1))) (call $update (local.get $pc))
            (br_if $steps (i32.lt_u (local.get $pc) (i32.const 3))))\n";
    }

    /// A loop that stays one.
    fn rounds(&mut self, depth: usize) {
        self.can_loop = false;
        let start = self.word(1);
        self.text += &format!("(local.set $j (i32.and {start} (i32.const 3))) (loop $rounds\n");
        self.block(depth - 1);
        self.text += "(br_if $rounds (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 5))))\n";
    }
}
