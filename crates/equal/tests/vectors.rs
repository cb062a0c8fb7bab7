//! The demand of each operator of vectors is what `prova-num` says of it.
//!
//! The demand is a term. Its nodes are computed here by their meaning, floats by Rust's, on rows of
//! operands. So each formula of `demand/vector_steps.rs` is tried, and so is each rewrite on the
//! way. Where an operator may give any NaN, NaNs are compared as the canonical one.
//!
//! A green run shows nothing of accesses, and nothing of instructions.

use prova_equal::demand;
use prova_equal::words::{Head, Node, Prim, Word, Words};
use prova_module::Opcode;
use prova_num::*;
use prova_random::Rng;
use prova_ssa::Imm;
use std::collections::HashMap;

/// Rows that a demand is computed for, by three.
const ROWS: usize = 120;

/// A value as bits, and back.
trait Value: Sized {
    const TYPE: &'static str;
    fn of(bits: u128) -> Self;
    fn bits(self) -> u128;
}

macro_rules! values {
    ($($ty:ident $name:literal |$bits:ident| $of:expr, |$value:ident| $to:expr;)*) => {$(
        impl Value for $ty {
            const TYPE: &'static str = $name;
            fn of($bits: u128) -> $ty { $of }
            fn bits(self) -> u128 { let $value = self; $to }
        }
    )*};
}
values! {
    u32 "i32" |b| b as u32, |v| v.into();
    u64 "i64" |b| b as u64, |v| v.into();
    u128 "v128" |b| b, |v| v;
    f32 "f32" |b| f32::from_bits(b as u32), |v| v.to_bits().into();
    f64 "f64" |b| f64::from_bits(b as u64), |v| v.to_bits().into();
    u8 "i32" |b| b as u8, |v| v.into();
    u16 "i32" |b| b as u16, |v| v.into();
}

/// The result of an operator.
trait Outcome {
    const TYPES: &'static [&'static str];
    fn outcome(self) -> Result<[u128; 2], NumError>;
}

macro_rules! outcomes {
    ($($ty:ident)*) => {$(
        impl Outcome for $ty {
            const TYPES: &'static [&'static str] = &[<$ty as Value>::TYPE];
            fn outcome(self) -> Result<[u128; 2], NumError> { Ok([self.bits(), 0]) }
        }
    )*};
}
outcomes! { u8 u16 u32 u64 u128 f32 f64 }

impl<A: Value, B: Value> Outcome for (A, B) {
    const TYPES: &'static [&'static str] = &[A::TYPE, B::TYPE];
    fn outcome(self) -> Result<[u128; 2], NumError> {
        Ok([self.0.bits(), self.1.bits()])
    }
}

impl<T: Outcome> Outcome for Result<T, NumError> {
    const TYPES: &'static [&'static str] = T::TYPES;
    fn outcome(self) -> Result<[u128; 2], NumError> {
        self?.outcome()
    }
}

/// An operator of `prova-num`.
struct Operator {
    name: &'static str,
    params: Vec<&'static str>,
    results: &'static [&'static str],
    apply: fn([u128; 3]) -> Result<[u128; 2], NumError>,
}

fn outcome_types<T: Outcome>(_: fn() -> T) -> &'static [&'static str] {
    T::TYPES
}

macro_rules! operators {
    ($(($name:ident ($($operand:ident: $type:ty),*) -> $result:ty))*) => {
        fn operators() -> Vec<Operator> {
            vec![$(Operator {
                name: stringify!($name),
                params: vec![$(<$type as Value>::TYPE),*],
                results: outcome_types(|| -> $result { unreachable!("never called") }),
                apply: |operands: [u128; 3]| {
                    let mut operands = operands.into_iter();
                    $(let $operand = <$type as Value>::of(operands.next().unwrap_or(0));)*
                    $name($($operand),*).outcome()
                },
            }),*]
        }
    };
}
for_each_num!(operators);

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

fn is_vector(operator: &Operator) -> bool {
    operator.params.iter().chain(operator.results).any(|ty| *ty == "v128")
}

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
        let mut made: HashMap<String, (Words, Word)> = HashMap::new();
        let mut found = None;
        for mut row in all {
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
