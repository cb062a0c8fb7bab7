//! Random structured bodies with what the enumeration of small bodies has not: i64 and v128 locals,
//! multi-value blocks with parameters, float comparisons, wide arithmetic, br_table, return, calls,
//! immediates of all sizes, unreachable code.
//!
//! The generator is biased towards what breaks local preservation: reads of locals that stay on the
//! stack while blocks open and the same locals are written. Each module is translated, executed and
//! compared with an evaluator of Wasm, fuel included. Green does not show anything of loads,
//! stores, tables and references.

use crate::support::encode::{Encoder, I32, I64, V128, leb};
use crate::support::wasm::Evaluator;
use crate::support::{Outcome, compare, module, translate_all};
use prova_bytecode::{Metering, Settings};
use prova_random::Rng;
use prova_translate::Translator;

const MODULES: u64 = 1000;
const FUNCTIONS: u32 = 8;

/// Choices of a body.
struct Random(Rng);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0.below(n)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn types(&mut self, max: usize) -> Vec<u8> {
        (0..self.below(max + 1)).map(|_| [I32, I32, I64, V128][self.below(4)]).collect()
    }
}

type Signature = (Vec<u8>, Vec<u8>);

struct Label {
    types: Vec<u8>,
    /// Height of the stack below the block.
    base: usize,
}

/// One body under construction.
struct Generator<'g> {
    random: &'g mut Random,
    signatures: &'g [Signature],
    locals: Vec<u8>,
    /// Functions that may be called: those before this one.
    callees: u32,
    bytes: Vec<u8>,
    stack: Vec<u8>,
    labels: Vec<Label>,
    budget: usize,
}

impl Generator<'_> {
    fn op(&mut self, bytes: &[u8], pops: usize, pushes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let rest = self.stack.len() - pops;
        self.stack.truncate(rest);
        self.stack.extend_from_slice(pushes);
    }

    fn base(&self) -> usize {
        self.labels.last().map_or(0, |label| label.base)
    }

    fn top_is(&self, types: &[u8]) -> bool {
        self.stack[self.base()..].ends_with(types)
    }

    fn local_of(&mut self, ty: u8) -> Option<u8> {
        let all: Vec<u8> =
            (0..self.locals.len() as u8).filter(|&x| self.locals[x as usize] == ty).collect();
        if all.is_empty() { None } else { Some(all[self.random.below(all.len())]) }
    }

    /// Pushes a value of a type.
    fn produce(&mut self, ty: u8) {
        if let Some(local) = self.local_of(ty)
            && !self.random.one_in(4)
        {
            return self.op(&[0x20, local], 0, &[ty]);
        }
        let value = [
            0,
            1,
            3,
            -1,
            -0x8000,
            0x7fff,
            0x8000,
            70_000,
            i64::from(i32::MIN),
            0x7fc0_0000,
            1 << 40,
            i64::MIN,
        ];
        match ty {
            I32 => {
                self.bytes.push(0x41);
                sleb(&mut self.bytes, value[self.random.below(10)] as i32 as i64);
            }
            I64 => {
                self.bytes.push(0x42);
                sleb(&mut self.bytes, value[self.random.below(12)]);
            }
            _ => {
                self.bytes.extend([0xfd, 12]);
                let byte = self.random.below(256) as u8;
                self.bytes.extend([byte; 16]);
            }
        }
        self.stack.push(ty);
    }

    fn drop_top(&mut self) {
        match self.stack.last().copied() {
            Some(V128) => {
                if let Some(local) = self.local_of(V128)
                    && self.random.one_in(2)
                {
                    return self.op(&[0x21, local], 1, &[]);
                }
                self.op(&[0xfd, 29, 1], 1, &[I64]);
                self.op(&[0x1a], 1, &[]);
            }
            _ => self.op(&[0x1a], 1, &[]),
        }
    }

    /// Makes the values above the base exactly `types`, keeping what fits now and then.
    fn shape(&mut self, types: &[u8]) {
        while self.stack.len() > self.base() && self.stack[self.base()..] != *types {
            self.drop_top();
        }
        if self.stack.len() == self.base() {
            types.iter().for_each(|&ty| self.produce(ty));
        }
    }

    /// Makes the top values `types`.
    fn supply(&mut self, types: &[u8]) {
        if !self.top_is(types) {
            types.iter().for_each(|&ty| self.produce(ty));
        }
    }

    /// Operators up to the end of the current block, without its end; says whether control falls
    /// out.
    fn sequence(&mut self) -> bool {
        for _ in 0..1 + self.random.below(12) {
            if self.budget == 0 {
                break;
            }
            self.budget -= 1;
            if !self.operator() {
                self.unreachable_code();
                return false;
            }
        }
        true
    }

    fn unreachable_code(&mut self) {
        for _ in 0..self.random.below(3) {
            match self.random.below(4) {
                0 => self.bytes.extend([0x41, 5, 0x1a]),
                1 => self.bytes.extend([0x02, 0x40, 0x0b]),
                2 => self.bytes.extend([0x41, 1, 0x04, 0x40, 0x05, 0x00, 0x0b]),
                _ => self.bytes.extend([0x03, 0x40, 0x0c, 0, 0x0b]),
            }
        }
        let base = self.base();
        self.stack.truncate(base);
    }

    /// One operator with what it needs; says whether control goes on.
    fn operator(&mut self) -> bool {
        match self.random.below(24) {
            0..=6 => {
                let local = self.random.below(self.locals.len());
                self.op(&[0x20, local as u8], 0, &[self.locals[local]]);
            }
            7..=10 => {
                let local = self.random.below(self.locals.len());
                let ty = self.locals[local];
                self.supply(&[ty]);
                let tee = self.random.one_in(2);
                let pushes: &[u8] = if tee { &[ty] } else { &[] };
                self.op(&[0x21 + u8::from(tee), local as u8], 1, pushes);
            }
            11 | 12 => self.arithmetic(),
            13 => {
                let ty = [I32, I64][self.random.below(2)];
                self.supply(&[ty, ty, I32]);
                self.op(&[0x1b], 3, &[ty]);
            }
            14..=18 => self.block(),
            19 | 20 => {
                let at = self.random.below(self.labels.len());
                let mut types = self.labels[at].types.clone();
                types.push(I32);
                self.supply(&types);
                let depth = (self.labels.len() - 1 - at) as u8;
                self.op(&[0x0d, depth], 1, &[]);
            }
            21 if self.callees > 0 => {
                let callee = self.random.below(self.callees as usize) as u8;
                self.callees = 0;
                let (params, results) = self.signatures[0].clone();
                self.supply(&params);
                self.op(&[0x10, callee], params.len(), &results);
            }
            22 if self.random.one_in(2) => return self.leave(),
            _ => {
                if self.stack.len() > self.base() {
                    self.drop_top();
                }
            }
        }
        true
    }

    fn arithmetic(&mut self) {
        match self.random.below(10) {
            0..=2 => {
                self.supply(&[I32, I32]);
                let all = [0x6a, 0x6b, 0x6c, 0x71, 0x73, 0x74, 0x76, 0x77];
                let op = all[self.random.below(8)];
                self.op(&[op], 2, &[I32]);
            }
            3 | 4 => {
                self.supply(&[I32, I32]);
                let compare = 0x46 + self.random.below(10) as u8;
                self.op(&[compare], 2, &[I32]);
                if self.random.one_in(3) {
                    self.op(&[0x45], 1, &[I32]);
                }
            }
            5 => {
                self.supply(&[I64, I64]);
                let all = [0x7c, 0x7d, 0x7e, 0x83, 0x85, 0x86, 0x88];
                let op = all[self.random.below(7)];
                self.op(&[op], 2, &[I64]);
            }
            6 => {
                self.supply(&[I64, I64]);
                let compare = 0x51 + self.random.below(10) as u8;
                self.op(&[compare], 2, &[I32]);
            }
            7 => {
                // A comparison of two floats, which may be NaN.
                for _ in 0..2 {
                    self.produce(I32);
                    self.op(&[0xbe], 1, &[I32]);
                }
                let compare = 0x5b + self.random.below(6) as u8;
                self.op(&[compare], 2, &[I32]);
            }
            8 => {
                self.supply(&[I64, I64, I64, I64]);
                let op = 19 + self.random.below(2) as u8;
                self.op(&[0xfc, op], 4, &[I64, I64]);
            }
            _ => {
                self.supply(&[V128, V128]);
                self.op(&[0xfd, 0x51], 2, &[V128]);
            }
        }
    }

    fn block(&mut self) {
        if self.labels.len() > 6 {
            return;
        }
        let kind = self.random.below(3);
        let index = 1 + self.random.below(self.signatures.len() - 1);
        let (params, results) = self.signatures[index].clone();
        self.supply(&params);
        if kind == 2 {
            self.supply_condition(&params);
        }
        self.bytes.push([0x02, 0x03, 0x04][kind]);
        leb(&mut self.bytes, index as u32);
        let base = self.stack.len() - params.len();
        let types = if kind == 1 { params.clone() } else { results.clone() };
        self.labels.push(Label { types, base });
        self.arm(&results);
        if kind == 2 && (params != results || self.random.one_in(2)) {
            self.bytes.push(0x05);
            self.stack.truncate(base);
            self.stack.extend_from_slice(&params);
            self.arm(&results);
        }
        self.bytes.push(0x0b);
        self.labels.pop();
        self.stack.truncate(base);
        self.stack.extend_from_slice(&results);
    }

    fn supply_condition(&mut self, params: &[u8]) {
        self.produce(I32);
        if self.random.one_in(2) {
            self.produce(I32);
            let compare = 0x46 + self.random.below(10) as u8;
            self.op(&[compare], 2, &[I32]);
        }
        // The condition is taken before the parameters are counted.
        let rest = self.stack.len() - 1;
        self.stack.truncate(rest);
        assert!(self.top_is(params));
    }

    fn arm(&mut self, results: &[u8]) {
        if self.sequence() {
            self.shape(results);
        }
    }

    /// br, br_table or return.
    fn leave(&mut self) -> bool {
        let at = self.random.below(self.labels.len());
        let types = self.labels[at].types.clone();
        match self.random.below(3) {
            0 => {
                self.supply(&types);
                self.op(&[0x0c, (self.labels.len() - 1 - at) as u8], 0, &[]);
            }
            1 => {
                let same: Vec<u8> = (0..self.labels.len())
                    .filter(|&i| self.labels[i].types == types)
                    .map(|i| (self.labels.len() - 1 - i) as u8)
                    .collect();
                let mut wanted = types;
                wanted.push(I32);
                self.supply(&wanted);
                let count = self.random.below(4);
                self.bytes.extend([0x0e, count as u8]);
                for _ in 0..=count {
                    let target = same[self.random.below(same.len())];
                    self.bytes.push(target);
                }
            }
            _ => {
                let results = self.signatures[0].1.clone();
                self.supply(&results);
                self.op(&[0x0f], 0, &[]);
            }
        }
        false
    }
}

fn sleb(bytes: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = value as u8 & 0x7f;
        value >>= 7;
        if (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0) {
            return bytes.push(byte);
        }
        bytes.push(byte | 0x80);
    }
}

/// A module and the cells of its functions' parameters.
fn generate(random: &mut Random) -> (Vec<u8>, usize) {
    let function = (random.types(4), random.types(3));
    let mut signatures = vec![function.clone(), (vec![], vec![])];
    for _ in 0..5 {
        signatures.push((random.types(2), random.types(2)));
    }
    let groups = [(1, I32), (1, V128), (2, I64), (1, I32)];
    let borrowed: Vec<(&[u8], &[u8])> =
        signatures.iter().map(|(params, results)| (&params[..], &results[..])).collect();
    let mut encoder = Encoder::new(&borrowed, &groups);
    for callees in 0..FUNCTIONS {
        let mut locals = function.0.clone();
        locals.extend(groups.iter().flat_map(|&(n, ty)| std::iter::repeat_n(ty, n as usize)));
        let mut generator = Generator {
            random,
            signatures: &signatures,
            locals,
            callees,
            bytes: Vec::new(),
            stack: Vec::new(),
            labels: vec![Label { types: function.1.clone(), base: 0 }],
            budget: 60,
        };
        generator.arm(&function.1);
        generator.bytes.push(0x0b);
        encoder.function(&generator.bytes);
    }
    let cells = function.0.iter().map(|&ty| 1 + usize::from(ty == V128)).sum();
    (encoder.finish(), cells)
}

#[test]
fn random_bodies_compute_what_wasm_says() {
    let mut translator = Translator::new();
    let mut runs = [0; 3];
    for seed in 0..MODULES {
        let mut random = Random(Rng::new(seed));
        let (bytes, cells) = generate(&mut random);
        let module = module(&bytes);
        let mut evaluator = Evaluator::new(&module);
        for metering in Metering::ALL {
            let settings = Settings { metering, deterministic: true };
            let code = translate_all(&mut translator, &module, &settings);
            for func in 0..code.len() {
                for low in [0, 1, 2] {
                    // i32 cells are zero-extended, and the type of a cell is not known here, so the
                    // arguments are small.
                    let arguments: Vec<u64> = (0..cells).map(|i| (low * i as u64) % 3).collect();
                    let (outcome, _) =
                        compare(&module, &mut evaluator, &code, func, &arguments, metering);
                    runs[outcome as usize] += 1;
                }
            }
        }
    }
    println!("{runs:?} runs done, trapped, capped");
    assert!(runs[Outcome::Done as usize] > 40_000, "{runs:?}");
    assert!(runs[Outcome::Capped as usize] > 100, "{runs:?}");
}
