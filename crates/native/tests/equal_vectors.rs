//! Operators of vectors in `prova-equal`: what is demanded for each is what `prova-num` says, and the
//! code that is made for each is proved.
//!
//! The demand is a term. Its nodes are computed here by their meaning, floats by Rust's, on the rows
//! of operands that `numeric` runs as machine code. So each formula in `demand/vector_steps.rs` is
//! tried, and so is each rewrite on the way. Then each operator is compiled for both levels of
//! processors, with operands in registers and in memory, counts and lanes as numbers, and proved.
//!
//! What an instruction does is not tried here by itself; but a wrong row of `step/lanes.rs` makes
//! another term than the demand, for code that `numeric` runs.
//!
//! A green run shows nothing of operators in a context, in which the compiler makes other shapes.

use crate::numeric::{Operator, is_vector, operators, rows};
use prova_certify::relation::{Related, relate};
use prova_certify::{Draft, propose};
use prova_check::certificate::Certificate;
use prova_check::{Code, Config, CpuLevel, Layout, Metering};
use prova_equal::words::{Head, Node, Prim, Word, Words};
use prova_equal::{EqualCode, Setting, demand};
use prova_module::ops::Class;
use prova_module::{Features, Limits, Module, Opcode};
use prova_native::{Target, body};
use prova_num::{f32x4_canonicalize, f64x2_canonicalize};
use prova_random::Rng;
use prova_ssa::Imm;
use std::collections::HashMap;

/// Rows that a demand is computed for.
const ROWS: usize = 400;

fn mask(bits: u8) -> u128 {
    u128::MAX >> (128 - u32::from(bits))
}

fn signed(n: u128, bits: u8) -> i128 {
    let shift = 128 - u32::from(bits);
    (n << shift) as i128 >> shift
}

/// The meaning of a term under values of its leaves.
struct Meaning<'w> {
    words: &'w Words,
    leaves: [u128; 3],
    memo: HashMap<Word, u128>,
}

impl Meaning<'_> {
    fn of(&mut self, word: Word) -> u128 {
        if let Some(&n) = self.memo.get(&word) {
            return n;
        }
        let Node { op, bits, args, n } = self.words.get(word);
        let args: Vec<(u128, u8)> = args
            .into_iter()
            .filter(|&arg| !self.words.is_none(arg))
            .map(|arg| (self.of(arg), self.words.bits(arg)))
            .collect();
        let made = match (op, &args[..]) {
            (Head::Const, []) => n,
            (Head::Value, []) => self.leaves[n as usize] & mask(bits),
            (Head::Prim, _) => prim(n, bits, &args),
            (Head::Ite, &[(c, _), (a, _), (b, _)]) => [b, a][c as usize],
            (op, args) => plain(op, (bits, n), args),
        };
        self.memo.insert(word, made & mask(bits));
        made & mask(bits)
    }
}

fn plain(op: Head, (bits, n): (u8, u128), args: &[(u128, u8)]) -> u128 {
    match (op, args) {
        (Head::Sum, &[(a, _), (b, _)]) => n.wrapping_mul(a).wrapping_add(b),
        (Head::Mul, &[(a, _), (b, _)]) => a.wrapping_mul(b),
        (Head::And, &[(a, _), (b, _)]) => a & b,
        (Head::Or, &[(a, _), (b, _)]) => a | b,
        (Head::Xor, &[(a, _), (b, _)]) => a ^ b,
        (Head::Shl, &[(a, _), (b, _)]) => a << b,
        (Head::Shr, &[(a, _), (b, _)]) => a >> b,
        (Head::Sar, &[(a, _), (b, _)]) => (signed(a, bits) >> b) as u128,
        (Head::Slice, &[(a, _)]) => a >> n,
        (Head::Zext, &[(a, _)]) => a,
        (Head::Sext, &[(a, width)]) => signed(a, width) as u128,
        (Head::Cat, &[(a, _), (b, width)]) => a << width | b,
        (Head::Zero, &[(a, _)]) => u128::from(a == 0),
        (Head::Ult, &[(a, _), (b, _)]) => u128::from(a < b),
        (Head::Slt, &[(a, width), (b, _)]) => u128::from(signed(a, width) < signed(b, width)),
        other => panic!("{other:?}"),
    }
}

/// A float of 32 or 64 bits; both are computed in 64, and rounded once.
fn float((n, bits): (u128, u8)) -> f64 {
    if bits == 32 { f32::from_bits(n as u32).into() } else { f64::from_bits(n as u64) }
}

fn prim(n: u128, bits: u8, args: &[(u128, u8)]) -> u128 {
    let is = |prim: Prim| n == prim as u128;
    let x = float(args[0]);
    let y = args.get(1).map_or(0.0, |&arg| float(arg));
    let truth = |holds: bool| u128::from(holds);
    if is(Prim::FloatEq) {
        return truth(x == y);
    } else if is(Prim::FloatLt) {
        return truth(x < y);
    } else if is(Prim::FloatLe) {
        return truth(x <= y);
    } else if is(Prim::FloatNan) {
        return truth(x.is_nan() || y.is_nan());
    } else if is(Prim::ToSigned) {
        let (least, whole) = (-2f64.powi(i32::from(bits) - 1), x.trunc());
        return if whole >= least && whole < -least {
            whole as i128 as u128
        } else {
            1 << (bits - 1)
        };
    } else if is(Prim::FromSigned) {
        let n = signed(args[0].0, args[0].1);
        return if bits == 32 { (n as f32).to_bits().into() } else { (n as f64).to_bits().into() };
    }
    // The sum, product, quotient and root of floats of 32 bits, computed in 64 and rounded, are
    // those of 32 bits (Figueroa, 1995): 53 bits are more than twice 24.
    let made = if is(Prim::FloatAdd) {
        x + y
    } else if is(Prim::FloatSub) {
        x - y
    } else if is(Prim::FloatMul) {
        x * y
    } else if is(Prim::FloatDiv) {
        x / y
    } else if is(Prim::FloatSqrt) {
        x.sqrt()
    } else if is(Prim::FloatCeil) {
        x.ceil()
    } else if is(Prim::FloatFloor) {
        x.floor()
    } else if is(Prim::FloatTrunc) {
        x.trunc()
    } else if is(Prim::FloatNearest) {
        x.round_ties_even()
    } else {
        assert!(is(Prim::Promote) || is(Prim::Demote), "{n}");
        x
    };
    if bits == 32 { (made as f32).to_bits().into() } else { made.to_bits().into() }
}

/// The operator of a name of `prova-num`, if it is one of vectors without accesses.
fn opcode(operator: &Operator) -> Option<Opcode> {
    let mnemonic = operator.name.replacen('_', ".", 1);
    let opcode = *Opcode::ALL.iter().find(|opcode| opcode.mnemonic() == mnemonic)?;
    (opcode.row().width == 0 && is_vector(operator)).then_some(opcode)
}

/// How many lanes the operator of a name has.
fn lanes(name: &str) -> u8 {
    let (_, rest) = name.split_once('x').expect("a shape");
    rest.split('_').next().and_then(|n| n.parse().ok()).expect("a number of lanes")
}

/// The immediate of a row, which is its last operand, and how many operands there are.
fn immediate(operator: &Operator, opcode: Opcode, row: &mut [u128; 3]) -> (Imm, usize) {
    let count = operator.params.len();
    if opcode.row().immediates.is_empty() {
        return (Imm::None, count);
    }
    let last = &mut row[count - 1];
    if opcode == Opcode::I8x16Shuffle {
        *last &= 0x1f1f_1f1f_1f1f_1f1f_1f1f_1f1f_1f1f_1f1f;
        return (Imm::Wide([*last as u64, (*last >> 64) as u64]), count - 1);
    }
    *last %= u128::from(lanes(operator.name));
    (Imm::Lane(*last as u8), count - 1)
}

fn canonical(opcode: Opcode, n: u128) -> u128 {
    match opcode.row().canonical {
        Some("f32x4_canonicalize") => f32x4_canonicalize(n),
        Some("f64x2_canonicalize") => f64x2_canonicalize(n),
        _ => n,
    }
}

/// Of each operator the rows on which its demand, changed by `change`, is another result; and how
/// many operators there are.
fn compare(change: impl Fn(&mut Words, Opcode, Word) -> Word) -> (Vec<String>, usize) {
    let mut rng = Rng::of(4, 0);
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for operator in operators() {
        let Some(opcode) = opcode(&operator) else { continue };
        let all = rows(&operator, &mut rng);
        let step = (all.len() / ROWS).max(1);
        let mut made: HashMap<String, (Words, Word)> = HashMap::new();
        let mut found = None;
        for mut row in all.into_iter().step_by(step) {
            let (imm, count) = immediate(&operator, opcode, &mut row);
            let (words, word) = made.entry(format!("{imm:?}")).or_insert_with(|| {
                let mut words = Words::new();
                let width = |ty: &str| {
                    if ty == "v128" {
                        128
                    } else if ty.ends_with("64") {
                        64
                    } else {
                        32
                    }
                };
                let args: Vec<Word> = (0_u32..)
                    .zip(&operator.params[..count])
                    .map(|(i, ty)| words.value(width(ty), i))
                    .collect();
                let word = demand::pure(&mut words, opcode, imm, &args);
                let word = word.unwrap_or_else(|| panic!("{}: no demand", operator.name));
                let word = change(&mut words, opcode, word);
                (words, word)
            });
            let mut meaning = Meaning { words, leaves: row, memo: HashMap::new() };
            let got = canonical(opcode, meaning.of(*word));
            let want = (operator.apply)(row).expect("no operator of vectors traps")[0];
            if got != canonical(opcode, want) && found.is_none() {
                found = Some(format!("{} of {row:x?}: {got:x}, not {want:x}", operator.name));
            }
        }
        wrong.extend(found);
        tried += 1;
    }
    (wrong, tried)
}

#[test]
fn demands_are_what_the_operators_say() {
    let (wrong, tried) = compare(|_, _, word| word);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 220, "{tried}");
}

/// A demand whose lowest bit is another one is seen, for every operator.
#[test]
fn another_demand_is_seen() {
    let (wrong, tried) = compare(|words, _, word| {
        let bits = words.bits(word);
        let one = words.constant(bits, 1);
        words.xor(word, one)
    });
    // Of a NaN the lowest bit is not claimed; every operator has other results too.
    assert_eq!(wrong.len(), tried);
}

/// Functions of all operators: names and text.
fn functions() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut add = |name: &str, params: &[&str], result: &str, text: &str| {
        let params: String = params.iter().map(|ty| format!("(param {ty}) ")).collect();
        found.push((name.to_owned(), format!("(func {params} {result} {text})\n")));
    };
    for operator in operators() {
        let Some(opcode) = opcode(&operator) else { continue };
        let (name, mnemonic) = (operator.name, opcode.mnemonic());
        let immediates: Vec<String> = if opcode.row().immediates.is_empty() {
            vec![String::new()]
        } else if opcode == Opcode::I8x16Shuffle {
            SHUFFLES.iter().map(|&text| text.to_owned()).collect()
        } else {
            let lanes = lanes(name);
            [0, 1, lanes / 2, lanes - 1].into_iter().map(|lane| lane.to_string()).collect()
        };
        let count = operator.params.len() - usize::from(!immediates[0].is_empty());
        let params = &operator.params[..count];
        let result = format!("(result {})", operator.results[0]);
        let gets: String = (0..count).map(|i| format!("(local.get {i}) ")).collect();
        for imm in &immediates {
            add(&format!("{name} {imm}"), params, &result, &format!("{gets} {mnemonic} {imm}"));
        }
        // An operand that is loaded.
        for i in (0..count).filter(|&i| params[i] == "v128") {
            let mut params = params.to_vec();
            params[i] = "i32";
            let loads: String = (0..count)
                .map(|j| match i == j {
                    true => format!("(v128.load (local.get {j})) "),
                    false => format!("(local.get {j}) "),
                })
                .collect();
            let text = format!("{loads} {mnemonic} {}", immediates[0]);
            add(&format!("{name}, {i} in memory"), &params, &result, &text);
        }
        if params.last() == Some(&"i32") && count == 2 && immediates[0].is_empty() {
            for n in [0, 1, 7, 8, 15, 16, 31, 32, 33, 63, 64] {
                let text = format!("(local.get 0) (i32.const {n}) {mnemonic}");
                add(&format!("{name} by {n}"), &["v128"], &result, &text);
            }
        }
    }
    for opcode in Opcode::ALL.iter().filter(|opcode| opcode.mnemonic().starts_with("v128.")) {
        let mnemonic = opcode.mnemonic();
        match opcode.class() {
            Class::load => {
                let text = format!("(local.get 0) {mnemonic} offset=8");
                add(mnemonic, &["i32"], "(result v128)", &text);
            }
            Class::store => {
                let text = format!("(local.get 0) (local.get 1) {mnemonic} offset=8");
                add(mnemonic, &["i32", "v128"], "", &text);
            }
            Class::load_lane | Class::store_lane => {
                let loads = opcode.class() == Class::load_lane;
                let result = if loads { "(result v128)" } else { "" };
                for lane in [0, 1] {
                    let text = format!("(local.get 0) (local.get 1) {mnemonic} offset=8 {lane}");
                    add(mnemonic, &["i32", "v128"], result, &text);
                }
            }
            _ => {}
        }
    }
    found
}

/// Shuffles that code has an instruction for, and others.
const SHUFFLES: [&str; 12] = [
    "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
    "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
    "3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18",
    "4 5 6 7 4 5 6 7 0 1 2 3 12 13 14 15",
    "0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23",
    "8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31",
    "0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23",
    "8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31",
    "0 1 18 19 4 5 22 23 8 9 26 27 12 13 30 31",
    "6 7 4 5 2 3 0 1 8 9 10 11 12 13 14 15",
    "15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0",
    "31 2 17 5 30 9 0 22 11 11 27 4 16 19 3 8",
];

/// The functions that are not proved.
fn refused(cpu: CpuLevel) -> (Vec<String>, usize) {
    let functions = functions();
    let text: String = functions.iter().map(|(_, text)| text.as_str()).collect();
    let wasm = wat::parse_str(format!("(module (memory 1) {text})")).expect("a module");
    let module = Module::decode(wasm, &Features::default(), &Limits::default()).expect("valid");
    let config = Config { cpu, ..Config::default() };
    let layout = Layout::derive(module.bytes(), &config).expect("a layout");
    let target = Target::new(cpu).expect("a target");
    let setting = Setting::new(&module, &layout).expect("one module");
    let mut wrong = Vec::new();
    for (func, (name, _)) in module.defined_funcs().zip(&functions) {
        let body = body(&module, func, Metering::default()).expect("a body");
        let code = target.compile(&module, &layout, body.body(), false).expect("code");
        let (kind, bytes) = (code.kind, &code.bytes[..]);
        let (traps, calls) = (&code.traps[..], &code.calls[..]);
        let certificate = propose(&layout, &Draft { kind, bytes, traps, calls });
        let certificate = &certificate.expect("a certificate")[..];
        let data = Certificate::read(certificate).map(|read| read.data).unwrap_or_default();
        let relation = relate(&body, &layout, &Related { bytes, traps, data: &data });
        let code = Code { kind, bytes, certificate, traps, calls };
        if let Err(error) = EqualCode::check(&body, &setting, code, &relation) {
            wrong.push(format!("{name}: {error}"));
        }
    }
    (wrong, functions.len())
}

#[test]
fn each_operator_is_proved() {
    for cpu in [CpuLevel::V2, CpuLevel::V3] {
        let (wrong, tried) = refused(cpu);
        assert!(wrong.is_empty(), "{cpu:?}:\n{}", wrong.join("\n"));
        assert!(tried > 600, "{tried}");
    }
}
