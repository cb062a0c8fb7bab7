//! Modules with many of all that a context has, made at random.

use prova_random::Rng;
use std::fmt::Write;

/// Elements of a kind at most.
const MANY: usize = 12;

/// References to exceptions.
const COLLECTED: [&str; 4] = ["exnref", "(ref exn)", "nullexnref", "(ref null noexn)"];

/// A module, as text and binary; valid, and of what the derivation knows.
pub(super) fn module(index: u64) -> (String, Vec<u8>) {
    let mut made = Made {
        rng: Rng::of(20_261_128, index),
        text: "(module\n".to_owned(),
        types: 0,
        wide: vec![],
    };
    made.types();
    let imported = made.imports();
    made.own(imported);
    made.text.push_str(")\n");
    let wasm = wat::parse_str(&made.text);
    let wasm = wasm.unwrap_or_else(|error| panic!("{error}\n{}", made.text));
    (made.text, wasm)
}

struct Made {
    rng: Rng,
    text: String,
    types: usize,
    /// For each memory whether its addresses have 64 bits.
    wide: Vec<bool>,
}

impl Made {
    fn line(&mut self, line: &str) {
        writeln!(self.text, "  {line}").expect("text takes all");
    }

    /// How many of a kind: none in a third of the modules.
    fn many(&mut self) -> usize {
        if self.rng.percent(33) { 0 } else { self.rng.between(1, MANY) }
    }

    fn reference(&mut self) -> String {
        let some = self.rng.below(self.types.max(1));
        let kind = if self.types == 0 { 0 } else { self.rng.below(4) };
        match kind {
            0 | 1 => "funcref".to_owned(),
            2 => format!("(ref null {some})"),
            _ => "nullfuncref".to_owned(),
        }
    }

    /// A type of parameters and results.
    fn passed(&mut self) -> String {
        let collected = self.rng.percent(14).then(|| self.rng.below(COLLECTED.len()));
        collected.map_or_else(|| self.value(), |n| COLLECTED[n].to_owned())
    }

    fn value(&mut self) -> String {
        match self.rng.below(7) {
            0 => "i32".to_owned(),
            1 => "i64".to_owned(),
            2 => "f32".to_owned(),
            3 => "f64".to_owned(),
            4 => "v128".to_owned(),
            5 if self.types > 0 => format!("(ref {})", self.rng.below(self.types)),
            _ => self.reference(),
        }
    }

    /// Few values of a type, so that types come again.
    fn types(&mut self) {
        let types = self.rng.between(1, 20);
        for _ in 0..types {
            let list = |made: &mut Made| {
                let n = made.rng.below(3);
                (0..n).map(|_| made.passed()).collect::<Vec<_>>().join(" ")
            };
            let (params, results) = (list(self), list(self));
            self.line(&format!("(type (func (param {params}) (result {results})))"));
            self.types += 1;
        }
        // Some type of functions that take and give nothing, for tags and starts.
        self.line("(type $nothing (func))");
        self.types += 1;
    }

    fn memory(&mut self) -> String {
        self.wide.push(self.rng.percent(40));
        let wide = if self.wide.last() == Some(&true) { "i64 " } else { "" };
        let min = self.rng.below(4);
        let pages = if self.rng.percent(20) { " (pagesize 1)" } else { "" };
        match self.rng.below(4) {
            0 => format!("{wide}{min}{pages}"),
            1 => format!("{wide}{min} {min}{pages}"),
            2 => format!("{wide}{min} 65536{pages}"),
            _ => format!("{wide}{min} {}{pages}", min + 30),
        }
    }

    fn table(&mut self) -> String {
        let (min, ty) = (self.rng.below(5), self.reference());
        match self.rng.below(3) {
            0 => format!("{min} {ty}"),
            1 => format!("{min} {min} {ty}"),
            _ => format!("{min} {} {ty}", min + 7),
        }
    }

    /// Imports of all kinds, in any order; how many functions and memories are among them.
    fn imports(&mut self) -> (usize, usize) {
        let (mut funcs, mut memories) = (0, 0);
        let mut left: Vec<usize> = (0..5).map(|_| self.many()).collect();
        while left.iter().any(|&n| n > 0) {
            let kind = self.rng.below(5);
            let Some(n) = left.get_mut(kind).filter(|n| **n > 0) else { continue };
            *n -= 1;
            let what = match kind {
                0 => {
                    funcs += 1;
                    format!("(func (type {}))", self.rng.below(self.types))
                }
                1 => {
                    memories += 1;
                    format!("(memory {})", self.memory())
                }
                2 => format!("(table {})", self.table()),
                3 => {
                    let ty = self.value();
                    if self.rng.percent(50) {
                        format!("(global (mut {ty}))")
                    } else {
                        format!("(global {ty})")
                    }
                }
                _ => "(tag (type $nothing))".to_owned(),
            };
            self.line(&format!("(import \"m\" \"f\" {what})"));
        }
        (funcs, memories)
    }

    fn own(&mut self, (imported, imported_memories): (usize, usize)) {
        let own: Vec<usize> = (0..5).map(|_| self.many()).collect();
        for _ in 0..own[0] {
            let ty = self.rng.below(self.types);
            self.line(&format!("(func (type {ty}) unreachable)"));
        }
        self.line("(func $start (type $nothing))");
        for _ in 0..own[1] {
            let memory = self.memory();
            self.line(&format!("(memory {memory})"));
        }
        for _ in 0..own[2] {
            let table = self.table();
            self.line(&format!("(table {table})"));
        }
        for _ in 0..own[3] {
            let (ty, value) = *self.rng.pick(&[
                ("i32", "i32.const 7"),
                ("i64", "i64.const 7"),
                ("f32", "f32.const 7"),
                ("f64", "f64.const 7"),
                ("v128", "v128.const i64x2 1 2"),
                ("funcref", "ref.null func"),
                ("(ref func)", "ref.func $start"),
            ]);
            let ty = if self.rng.percent(50) { format!("(mut {ty})") } else { ty.to_owned() };
            self.line(&format!("(global {ty} ({value}))"));
        }
        for _ in 0..own[4] {
            let ty = *self.rng.pick(&["(type $nothing)", "(param i32 f64)", "(param exnref)"]);
            self.line(&format!("(tag {ty})"));
        }
        if self.rng.percent(30) {
            self.line("(start $start)");
        }
        // Functions that escape.
        for func in 0..imported + own[0] {
            if self.rng.percent(40) {
                self.line(&format!("(export \"f{func}\" (func {func}))"));
            }
        }
        if self.rng.percent(50) {
            let func = self.rng.below(imported + own[0] + 1);
            self.line(&format!("(elem func {func} $start)"));
        }
        for _ in 0..self.many() {
            self.line("(data \"passive\")");
        }
        if imported_memories + own[1] > 0 && self.rng.percent(50) {
            let memory = self.rng.below(imported_memories + own[1]);
            let width = if self.wide.get(memory) == Some(&true) { "i64" } else { "i32" };
            self.line(&format!("(data (memory {memory}) ({width}.const 0) \"active\")"));
        }
    }
}
