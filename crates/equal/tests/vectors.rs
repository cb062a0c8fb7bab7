//! The demand of each numeric operator is what `prova-num` says of it: its result, or its trap.
//!
//! The demand is a term, behind traps whose conditions are terms. Their nodes are computed here by
//! their meaning, floats by Rust's, on rows of operands. So each formula of `demand/numeric.rs`,
//! `demand/truncate.rs` and `demand/vector_steps.rs` is tried, and so is each rewrite on the way.
//! Where an operator may give any NaN, NaNs are compared as the canonical one.
//!
//! A green run shows nothing of accesses, and nothing of instructions.

#[path = "meaning/floats.rs"]
mod floats;
#[path = "meaning/integers.rs"]
mod integers;
#[path = "../../native/tests/numeric/operators.rs"]
mod operators;

use integers::{mask, meaning};
use operators::{Operator, Value as _, operators};
use prova_check::{Config, Layout, traps};
use prova_equal::demand;
use prova_equal::words::{Head, Node, Word, Words};
use prova_module::{Features, Limits, Module, Opcode};
use prova_num::*;
use prova_random::Rng;
use prova_ssa::{Imm, Op};
use std::collections::HashMap;

/// Rows that a demand is computed for, by three.
const ROWS: usize = 120;

/// Numbers at which operators on lanes change.
fn edge(rng: &mut Rng) -> u128 {
    const LANES: [u64; 24] = [
        0,
        1,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0xffff,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        0x7fff_ffff_ffff_ffff,
        0x8000_0000_0000_0000,
        // Floats of 32 bits, twice: halves, 2^31, 2^32 and near them, infinity, NaNs.
        0x3f00_0000_bfc0_0000,
        0x4f00_0000_4eff_ffff,
        0xcf00_0000_cf00_0001,
        0x4f80_0000_4f7f_ffff,
        0x7f80_0000_7fc0_0001,
        0xff80_0001_0000_0001,
        // Floats of 64 bits.
        0x41df_ffff_ffc0_0000,
        0x41ef_ffff_fff0_0000,
        0xc1e0_0000_0020_0000,
        0x7ff0_0000_0000_0001,
        0x3fe0_0000_0000_0000,
    ];
    let half = |rng: &mut Rng| {
        let n = LANES[rng.below(LANES.len())];
        match rng.below(4) {
            0 => n,
            1 => n.wrapping_neg(),
            2 => n << 32 | n & 0xffff_ffff,
            _ => n.rotate_left(8 * rng.below(8) as u32),
        }
    };
    u128::from(half(rng)) | u128::from(half(rng)) << 64
}

/// An operand: edges, random bits, or few bits.
fn operand(rng: &mut Rng) -> u128 {
    let random = u128::from(rng.bits()) | u128::from(rng.bits()) << 64;
    match rng.below(4) {
        0 => random,
        1 => random & edge(rng),
        _ => edge(rng),
    }
}

/// The rows of operands of an operator; of two operands, also equal ones and zeros of both signs.
fn rows(operator: &Operator, rng: &mut Rng) -> Vec<[u128; 3]> {
    let fit = |row: [u128; 3]| {
        let mut row = row;
        for (value, ty) in row.iter_mut().zip(&operator.params) {
            *value &= if *ty == "v128" {
                u128::MAX
            } else {
                mask(if ty.ends_with("64") { 64 } else { 32 })
            };
        }
        row
    };
    let mut made = Vec::new();
    for _ in 0..ROWS {
        let (a, b, c) = (operand(rng), operand(rng), operand(rng));
        made.extend([
            fit([a, b, c]),
            fit([a, a, c]),
            fit([a, a ^ (1 << 127 | 1 << 63 | 1 << 31), b]),
        ]);
    }
    made.push([0, 1 << 127 | 1 << 95 | 1 << 63 | 1 << 31, 0]);
    made
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
        let made = match op {
            Head::Const => Some(n),
            Head::Value => Some(self.leaves[n as usize] & mask(bits)),
            Head::Prim => meaning(op, (bits, n), &args).or_else(|| floats::meaning(n, bits, &args)),
            _ => meaning(op, (bits, n), &args),
        };
        let made = made.unwrap_or_else(|| panic!("{op:?} {n} of {args:?}"));
        self.memo.insert(word, made & mask(bits));
        made & mask(bits)
    }
}

/// The operator of a name of `prova-num`, if it has no accesses and one result.
fn opcode(operator: &Operator) -> Option<Opcode> {
    let mnemonic = operator.name.replacen('_', ".", 1);
    let opcode = *Opcode::ALL.iter().find(|opcode| opcode.mnemonic() == mnemonic)?;
    (opcode.row().width == 0 && operator.results.len() == 1).then_some(opcode)
}

/// The kind of trap of an error.
fn kind(error: NumError) -> u8 {
    match error {
        NumError::DivisionByZero => traps::INTEGER_DIVISION_BY_ZERO,
        NumError::IntegerOverflow => traps::INTEGER_OVERFLOW,
        NumError::InvalidConversionToInteger => traps::BAD_CONVERSION_TO_INTEGER,
    }
}

/// Kinds of traps with their conditions, in order.
type Traps = Vec<(u8, Word)>;

/// The demand of an operator: its traps, and its value.
fn demanded(
    (words, opcode, imm): (&mut Words, Opcode, Imm),
    args: &[Word],
) -> Option<(Traps, Word)> {
    let module = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    let layout = Layout::derive(&module, &Config::default()).ok()?;
    let module = Module::decode(module.to_vec(), &Features::default(), &Limits::default()).ok()?;
    let versions = [(); demand::REGIONS].map(|()| words.memory());
    let fuel = words.unknown(64);
    let tested = words.unknown(32);
    let mut maker = demand::Maker {
        words,
        layout: &layout,
        module: &module,
        versions,
        fuel,
        polled: None,
        deterministic: false,
        own: None,
        slot_is_lent: false,
        tested,
        literal: false,
    };
    let made = maker.demand(Op::Wasm(opcode), imm, args, None)?;
    let found = made.debts.iter().map(|debt| debt.trap()).collect::<Option<_>>()?;
    Some((found, *made.values.first()?))
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
        Some("f32_canonicalize") => f32_canonicalize(f32::from_bits(n as u32)).bits(),
        Some("f64_canonicalize") => f64_canonicalize(f64::from_bits(n as u64)).bits(),
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
        let mut made: HashMap<String, (Words, Traps, Word)> = HashMap::new();
        let mut found = None;
        for mut row in all {
            let (imm, count) = immediate(&operator, opcode, &mut row);
            let (words, found_traps, word) = made.entry(format!("{imm:?}")).or_insert_with(|| {
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
                let made = demanded((&mut words, opcode, imm), &args);
                let (found, word) = made.unwrap_or_else(|| panic!("{}: no demand", operator.name));
                let word = change(&mut words, opcode, word);
                (words, found, word)
            });
            let mut meaning = Meaning { words, leaves: row, memo: HashMap::new() };
            let trap = found_traps.iter().find(|&&(_, when)| meaning.of(when) == 1);
            let got = match trap {
                Some(&(kind, _)) => Err(kind),
                None => Ok(canonical(opcode, meaning.of(*word))),
            };
            let want = (operator.apply)(row).map(|made| canonical(opcode, made[0])).map_err(kind);
            if got != want && found.is_none() {
                found = Some(format!("{} of {row:x?}: {got:x?}, not {want:x?}", operator.name));
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
    assert!(tried > 340, "{tried}");
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
