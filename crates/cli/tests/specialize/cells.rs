//! Small interpreters with plain loads and stores around cells whose stores are put off: what is
//! compiled gives the results and leaves the memory of the interpreter, in all ways to specialise.
//!
//! Accesses are at known distances from the base that the cells have. A cell that was popped is
//! not read before it is written again, and is left out of the comparison: its store never happens
//! (that is the program's promise). A green run does not show the effect of accesses at other
//! bases.

use prova_core::{Engine, Instance, Module, Store, Val};
use prova_module::{Features, Limits};
use prova_specialize::{Assume, Options, specialize};
use std::fmt::Write;

/// A module with one request for `$run`; `BODY` is the loop's.
const MODULE: &str = include_str!("cells.wat");

/// How many programs, if `PROVA_CASES` does not say.
const SEEDS: u64 = 60;

/// The bytes behind the base that programs use: 64 of the virtual stack, 32 of virtual locals, and
/// 32 of no cell.
const BYTES: u32 = 128;
const LOCALS: u32 = 64;
const PLAIN: u32 = 96;

/// A program that is written at random.
struct Writer {
    seed: u64,
    text: String,
    depth: u32,
    /// Bytes of cells that were popped: their stores may never happen.
    gone: [bool; BYTES as usize],
}

impl Writer {
    /// A number below another one.
    fn below(&mut self, most: u32) -> u32 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed >> 33) as u32 % most
    }

    /// A line of the program; writing to a string does not fail.
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }

    fn take(&mut self, value: &str) {
        let line =
            format!("(local.set $x (i64.add (i64.mul (local.get $x) (i64.const 31)) {value}))");
        self.line(&line);
    }

    /// A place for `bytes` bytes; none of a place that is read is gone.
    fn place(&mut self, bytes: u32, is_read: bool) -> Option<u32> {
        let at = self.below(BYTES + 1 - bytes);
        let gone = self.gone[at as usize..(at + bytes) as usize].contains(&true);
        (!is_read || !gone).then_some(at)
    }

    fn written(&mut self, at: u32, bytes: u32, gone: bool) {
        self.gone[at as usize..(at + bytes) as usize].fill(gone);
    }

    /// An address, as a base and an offset in one of the ways that there are.
    fn address(&mut self, at: u32) -> (String, u32) {
        match self.below(3) {
            0 => ("(local.get $n)".to_owned(), at),
            1 => (format!("(i32.add (local.get $n) (i32.const {at}))"), 0),
            _ => {
                let more = self.below(at + 1);
                (format!("(i32.sub (local.get $n) (i32.const {}))", more as i32 - at as i32), more)
            }
        }
    }

    fn load(&mut self) {
        let (name, bytes) =
            [("i64.load", 8), ("i64.load32_s", 4), ("i64.load16_u", 2), ("i64.load8_s", 1)]
                [self.below(4) as usize];
        let Some(at) = self.place(bytes, true) else { return };
        let (base, offset) = self.address(at);
        self.take(&format!("({name} offset={offset} {base})"));
    }

    fn store(&mut self) {
        let (name, bytes) =
            [("i64.store", 8), ("i64.store32", 4), ("i64.store16", 2), ("i64.store8", 1)]
                [self.below(4) as usize];
        let Some(at) = self.place(bytes, false) else { return };
        let (base, offset) = self.address(at);
        self.line(&format!("({name} offset={offset} {base} (local.get $x))"));
        self.written(at, bytes, false);
    }

    fn fill(&mut self) {
        let bytes = self.below(24);
        let Some(at) = self.place(bytes, false) else { return };
        let length = self.length(bytes);
        self.line(&format!(
            "(memory.fill (i32.add (local.get $n) (i32.const {at})) (i32.wrap_i64 (local.get $x)) \
             {length})"
        ));
        self.written(at, bytes, false);
    }

    fn copy(&mut self) {
        let bytes = self.below(24);
        let (Some(from), Some(to)) = (self.place(bytes, true), self.place(bytes, false)) else {
            return;
        };
        let length = self.length(bytes);
        self.line(&format!(
            "(memory.copy (i32.add (local.get $n) (i32.const {to})) \
             (i32.add (local.get $n) (i32.const {from})) {length})"
        ));
        self.written(to, bytes, false);
    }

    /// A length that is known, or not.
    fn length(&mut self, bytes: u32) -> String {
        match self.below(2) {
            0 => format!("(i32.const {bytes})"),
            // The loaded value is 0, which is not known.
            _ => format!("(i32.add (i32.load offset=256 (local.get $n)) (i32.const {bytes}))"),
        }
    }

    fn cell(at: u32) -> String {
        format!("(i32.add (local.get $n) (i32.const {at}))")
    }

    fn push(&mut self) {
        if self.depth < LOCALS / 8 {
            let at = 8 * self.depth;
            self.line(&format!("(call $push_stack {} (local.get $x))", Writer::cell(at)));
            self.take("(i64.const 1)");
            self.written(at, 8, false);
            self.depth += 1;
        }
    }

    fn pop(&mut self, least: u32) {
        if self.depth > least {
            self.depth -= 1;
            let at = 8 * self.depth;
            self.take(&format!("(call $pop_stack {})", Writer::cell(at)));
            self.written(at, 8, true);
        }
    }

    fn peek(&mut self) {
        if self.depth > 0 {
            let by = self.below(self.depth);
            let cell = Writer::cell(8 * (self.depth - 1 - by));
            match self.below(2) {
                0 => self.take(&format!("(call $read_stack {cell} (i32.const {by}))")),
                _ => self
                    .line(&format!("(call $write_stack {cell} (i32.const {by}) (local.get $x))")),
            }
        }
    }

    fn local(&mut self) {
        let number = self.below((PLAIN - LOCALS) / 8);
        let cell = Writer::cell(LOCALS + 8 * number);
        match self.below(2) {
            0 => self.take(&format!("(call $read_local {cell} (i32.const {number}))")),
            _ => self
                .line(&format!("(call $write_local {cell} (i32.const {number}) (local.get $x))")),
        }
    }

    fn some(&mut self, count: u32, least: u32, nested: bool) {
        for _ in 0..count {
            match self.below(16) {
                0..=2 => self.push(),
                3 | 4 => self.pop(least),
                5 => self.peek(),
                6..=8 => self.local(),
                9 | 10 => self.load(),
                11 | 12 => self.store(),
                13 => match self.below(3) {
                    0 => self.fill(),
                    1 => self.copy(),
                    _ => self.line("(call $sync)"),
                },
                14 => match self.below(3) {
                    0 => self.line("(call $look (local.get $n))"),
                    _ => self.take("(i64.extend_i32_u (local.get $pc))"),
                },
                _ if !nested => self.arms(),
                _ => {}
            }
        }
    }

    /// A conditional that a run decides, whose arms leave the stack as deep as it was.
    fn arms(&mut self) {
        let depth = self.depth;
        let before = self.gone;
        let shift = self.below(8);
        self.line(&format!(
            "(if (i32.wrap_i64 (i64.and (i64.shr_u (local.get $x) (i64.const {shift})) (i64.const 1))) (then"
        ));
        let mut after = [before; 2];
        for (number, gone) in after.iter_mut().enumerate() {
            (self.gone, self.depth) = (before, depth);
            if number == 1 {
                self.line(") (else");
            }
            let count = self.below(6);
            self.some(count, depth, true);
            while self.depth > depth {
                self.pop(depth);
            }
            *gone = self.gone;
        }
        self.line("))");
        self.depth = depth;
        self.gone = std::array::from_fn(|at| after[0][at] || after[1][at]);
    }
}

/// A program, which leaves no byte of a cell that is gone.
fn program(seed: u64) -> String {
    let (text, gone) = (String::new(), [false; BYTES as usize]);
    let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut writer = Writer { seed, text, depth: 0, gone };
    let count = 4 + writer.below(20);
    writer.some(count, 0, false);
    while writer.depth > 0 {
        writer.pop(0);
    }
    for at in 0..BYTES as usize {
        if writer.gone[at] {
            writer.line(&format!("(i64.store8 offset={at} (local.get $n) (i64.const {at}))"));
        }
    }
    writer.text
}

/// The result of a function for a start value, and the memory behind the base that it leaves.
fn outcome(
    engine: &Engine,
    bytes: &[u8],
    name: &str,
    start: u64,
) -> (Result<i64, String>, Vec<u8>) {
    let module = Module::new(engine, bytes).expect("a valid module");
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("an instance");
    let func = instance.get_func(&store, name).expect("an export");
    let mut results = [Val::I64(0)];
    let done = func.call(&mut store, &[Val::I64(start as i64)], &mut results);
    let memory = instance.get_memory(&store, "memory").expect("a memory");
    let left = memory.data(&store)[8192..8192 + BYTES as usize].to_vec();
    let value = match results[0] {
        Val::I64(value) => value,
        _ => panic!("no i64"),
    };
    (done.map(|()| value).map_err(|error| error.to_string()), left)
}

#[test]
fn plain_accesses_see_cells() {
    let engine = Engine::default();
    let (mut refused, mut wrong) = (0, Vec::new());
    let cases = std::env::var("PROVA_CASES").ok().and_then(|cases| cases.parse().ok());
    for seed in 0..cases.unwrap_or(SEEDS) {
        let body = program(seed);
        let text = MODULE.replace("(; BODY ;)", &body);
        let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let module = prova_module::Module::decode(wasm, &Features::default(), &Limits::default());
        let module = module.expect("a valid module");
        for assume in [Assume::Check, Assume::Trust, Assume::Nothing] {
            let options = Options { assume, ..Options::default() };
            let made = specialize(&module, &options).expect("it is carried over");
            for (_, _, state) in &made.requests {
                if let Err(why) = state {
                    refused += 1;
                    println!("seed {seed}, {assume:?}: {why}\n{body}");
                }
            }
            for start in [0, 5, 0xdead_beef] {
                let [plain, compiled] =
                    ["plain", "go"].map(|name| outcome(&engine, made.module.bytes(), name, start));
                if plain != compiled {
                    wrong.push(format!("seed {seed}, {assume:?}, {start}\n{body}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ, the first:\n{}", wrong.len(), wrong[0]);
    assert_eq!(refused, 0, "of honest programs");
}
