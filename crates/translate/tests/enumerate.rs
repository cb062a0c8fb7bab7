//! All small bodies: every well-typed function of up to [`OPERATORS_MAX`] operators over two i32 locals is translated,
//! executed and compared with an evaluator of Wasm.
//!
//! The operators are local.get, local.set, local.tee, a constant, add, block, loop, if, else, end, br, br_if. Seven
//! operators hold the seed case of local preservation (`local.get 0; block; local.get 1; br_if 0; i32.const 3;
//! local.set 0; end`) and its twin for loops; leaving a rule of preservation out fails here at once. Bodies are taken
//! modulo exchange of the two locals, and loops stop after a fixed number of back edges. Eight operators (1.5 million
//! bodies, 25 seconds) were tried once and found nothing more.
//!
//! Green does not show anything of v128, of br_table, calls, multi-value blocks and parameters (`random.rs` has those),
//! of immediates beyond one constant, nor that the executors of the runtime agree.

mod support;

use prova_bytecode::{Metering, Settings};
use prova_translate::Translator;
use support::encode::{Encoder, I32};
use support::wasm::Evaluator;
use support::{Outcome, compare, module, translate_all};

const OPERATORS_MAX: usize = 7;

/// An open block of the body under construction.
#[derive(Clone, Copy)]
struct Open {
    height: usize,
    results: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Body,
    Block,
    Loop,
    If,
    Else,
}

/// Enumerates bodies by depth-first search.
struct Search {
    bytes: Vec<u8>,
    open: Vec<Open>,
    height: usize,
    live: bool,
    /// Whether local 1 may be named: only after local 0.
    named: bool,
    encoder: Encoder,
    translator: Translator,
    bodies: usize,
    runs: [usize; 3],
}

impl Search {
    /// Extends the body by at most `left` operators.
    fn extend(&mut self, left: usize) {
        if self.open.len() == 1 && (!self.live || self.height == 1) {
            self.bytes.push(0x0b);
            self.encoder.function(&self.bytes);
            self.bytes.pop();
            if self.encoder.count == 2000 {
                self.check();
            }
        }
        // Every open block needs its end, and each value but one an operator that consumes it.
        if left < self.open.len() {
            return;
        }
        let (len, height, live, named, top) =
            (self.bytes.len(), self.height, self.live, self.named, self.open[self.open.len() - 1]);
        let restore = |s: &mut Search| {
            s.bytes.truncate(len);
            (s.height, s.live, s.named) = (height, live, named);
        };
        let available = height - top.height;
        if live {
            for local in 0..1 + u8::from(named) {
                // get, set, tee
                for (opcode, pops, pushes) in [(0x20, 0, 1), (0x21, 1, 0), (0x22, 1, 1)] {
                    if available >= pops {
                        self.bytes.extend([opcode, local]);
                        self.height = height - pops + pushes;
                        self.named = true;
                        self.extend(left - 1);
                        restore(self);
                    }
                }
            }
            self.bytes.extend([0x41, 3]);
            self.height += 1;
            self.extend(left - 1);
            restore(self);
            if available >= 2 {
                self.bytes.push(0x6a);
                self.height -= 1;
                self.extend(left - 1);
                restore(self);
            }
            for (opcode, kind, pops) in
                [(0x02, Kind::Block, 0), (0x03, Kind::Loop, 0), (0x04, Kind::If, 1)]
            {
                for (results, ty) in [(0, 0x40), (1, I32)] {
                    if available >= pops {
                        self.bytes.extend([opcode, ty]);
                        self.height = height - pops;
                        self.open.push(Open { height: self.height, results, kind });
                        self.extend(left - 1);
                        self.open.pop();
                        restore(self);
                    }
                }
            }
            for depth in 0..self.open.len() {
                let target = self.open[self.open.len() - 1 - depth];
                let arity = if target.kind == Kind::Loop { 0 } else { target.results };
                // br, br_if
                for (opcode, pops) in [(0x0c, 0), (0x0d, 1)] {
                    if available >= pops + arity {
                        self.bytes.extend([opcode, depth as u8]);
                        self.height = height - pops;
                        self.live = opcode == 0x0d;
                        self.extend(left - 1);
                        restore(self);
                    }
                }
            }
        }
        let falls = !live || available == top.results;
        if falls && top.kind == Kind::If {
            self.bytes.push(0x05);
            let last = self.open.len() - 1;
            self.open[last].kind = Kind::Else;
            self.height = top.height;
            self.live = true;
            self.extend(left - 1);
            self.open[last] = top;
            restore(self);
        }
        let closes = top.kind != Kind::Body && (top.kind != Kind::If || top.results == 0);
        if falls && closes {
            self.bytes.push(0x0b);
            self.open.pop();
            self.height = top.height + top.results;
            // Code behind an end is extended whether or not it can be reached: it is well-typed either way.
            self.live = true;
            self.extend(left - 1);
            self.open.push(top);
            restore(self);
        }
    }

    /// Translates and executes the bodies gathered so far.
    fn check(&mut self) {
        let module = module(&self.encoder.finish());
        let mut evaluator = Evaluator::new(&module);
        for (metering, arguments) in [
            (Metering::None, &[[7, 9], [0, 9], [7, 0], [0, 0]][..]),
            (Metering::Fuel, &[[7, 9]]),
            (Metering::Epoch, &[]),
        ] {
            let settings = Settings { metering, deterministic: false };
            let code = translate_all(&mut self.translator, &module, &settings);
            for func in 0..code.len() {
                for arguments in arguments {
                    let (outcome, _) =
                        compare(&module, &mut evaluator, &code, func, arguments, metering);
                    self.runs[outcome as usize] += 1;
                }
            }
        }
        self.bodies += module.defined_funcs().len();
    }
}

#[test]
fn every_small_body_computes_what_wasm_says() {
    let body = Open { height: 0, results: 1, kind: Kind::Body };
    let mut search = Search {
        bytes: Vec::new(),
        open: vec![body],
        height: 0,
        live: true,
        named: false,
        encoder: Encoder::new(&[(&[I32, I32], &[I32])], &[]),
        translator: Translator::new(),
        bodies: 0,
        runs: [0; 3],
    };
    search.extend(OPERATORS_MAX);
    search.check();
    println!("{} bodies, {:?} runs done, trapped, capped", search.bodies, search.runs);
    assert!(search.bodies > 10_000, "{} bodies", search.bodies);
    assert!(search.runs[Outcome::Capped as usize] > 100, "{:?}", search.runs);
}
