//! Text → a term as its operators say, and the same by the constructors of `words`.
//!
//! `NAME.NUMBER…(OPERAND,…)`, `x:WIDTH` for any word, `#NUMBER:WIDTH` for a number (a sign and
//! hexadecimal digits may be), `m:0` for a memory.

use crate::lanes;
use prova_equal::words::{Head, Prim, Word, Words};
use std::collections::BTreeMap;

/// A term: its operator means what `Head` says, and nothing is rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) op: Head,
    pub(crate) bits: u8,
    pub(crate) n: u128,
    pub(crate) args: Vec<Term>,
}

/// Makes both, with one leaf for each name.
pub(crate) struct Reader<'w> {
    pub(crate) words: &'w mut Words,
    pub(crate) leaves: BTreeMap<String, u32>,
}

pub(crate) fn mask(bits: u8) -> u128 {
    u128::MAX >> (128 - u32::from(bits))
}

pub(crate) fn node(op: Head, bits: u8, n: u128, args: Vec<Term>) -> Term {
    Term { op, bits, n, args }
}

pub(crate) fn constant(bits: u8, n: u128) -> Term {
    node(Head::Const, bits, n & mask(bits), Vec::new())
}

fn number(text: &str) -> u128 {
    let (sign, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let n = match digits.strip_prefix("0x") {
        Some(hex) => u128::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    let n = n.unwrap_or_else(|_| panic!("no number: {text}"));
    if sign { n.wrapping_neg() } else { n }
}

/// Operators without rules that lemmas are of.
const PRIMS: [(&str, Prim); 23] = [
    ("divu", Prim::DivU),
    ("divs", Prim::DivS),
    ("remu", Prim::RemU),
    ("rems", Prim::RemS),
    ("highu", Prim::HighU),
    ("highs", Prim::HighS),
    ("feq", Prim::FloatEq),
    ("flt", Prim::FloatLt),
    ("fle", Prim::FloatLe),
    ("fnan", Prim::FloatNan),
    ("tosigned", Prim::ToSigned),
    ("tosat", Prim::ToSignedSat),
    ("clz", Prim::LeadingZeros),
    ("ctz", Prim::TrailingZeros),
    ("ones", Prim::Ones),
    ("tounsigned", Prim::ToUnsigned),
    ("tounsat", Prim::ToUnsignedSat),
    ("fromsigned", Prim::FromSigned),
    ("fromunsigned", Prim::FromUnsigned),
    ("fadd", Prim::FloatAdd),
    ("fsub", Prim::FloatSub),
    ("fmin", Prim::FloatMin),
    ("fmax", Prim::FloatMax),
];

impl Reader<'_> {
    /// Both readings of a text.
    pub(crate) fn read(&mut self, text: &str) -> (Word, Term) {
        let mut rest = text;
        let made = self.term(&mut rest);
        assert!(rest.is_empty(), "{text}: behind it {rest}");
        made
    }

    fn term(&mut self, rest: &mut &str) -> (Word, Term) {
        let end = rest.find(['(', ',', ')']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        *rest = behind;
        if let Some((value, bits)) = name.split_once(':') {
            let bits = bits.parse().expect("a width");
            if let Some(n) = value.strip_prefix('#') {
                let n = number(n);
                return (self.words.constant(bits, n), constant(bits, n));
            }
            let next = self.leaves.len() as u32;
            let leaf = *self.leaves.entry(value.to_owned()).or_insert(next);
            return (
                self.words.value(bits, leaf),
                node(Head::Value, bits, leaf.into(), Vec::new()),
            );
        }
        let mut args = Vec::new();
        while rest.starts_with(['(', ',']) {
            *rest = &rest[1..];
            args.push(self.term(rest));
        }
        *rest = rest.strip_prefix(')').expect("an end");
        let mut parts = name.split('.');
        let head = parts.next().expect("a name");
        let numbers: Vec<u128> = parts.map(number).collect();
        let words: Vec<Word> = args.iter().map(|(word, _)| *word).collect();
        let terms: Vec<Term> = args.into_iter().map(|(_, term)| term).collect();
        (construct(self.words, head, &numbers, &words), meaning(head, &numbers, terms))
    }
}

/// By the constructors.
fn construct(w: &mut Words, head: &str, numbers: &[u128], args: &[Word]) -> Word {
    if let Some((_, prim)) = PRIMS.iter().find(|(name, _)| *name == head) {
        let bits = numbers.first().map_or(w.bits(args[0]), |&n| n as u8);
        return match (prim, args) {
            (Prim::DivU, &[a, b]) => w.div_u(a, b),
            (Prim::DivS, &[a, b]) => w.div_s(a, b),
            (Prim::RemU, &[a, b]) => w.rem_u(a, b),
            (Prim::RemS, &[a, b]) => w.rem_s(a, b),
            _ => w.prim(*prim, bits, args),
        };
    }
    if let Some(made) = lanes::construct(w, head, numbers, args) {
        return made;
    }
    match (head, numbers, args) {
        ("add", [], &[a, b]) => w.add(a, b),
        ("sub", [], &[a, b]) => w.sub(a, b),
        ("mul", [], &[a, b]) => w.mul(a, b),
        ("and", [], &[a, b]) => w.and(a, b),
        ("or", [], &[a, b]) => w.or(a, b),
        ("xor", [], &[a, b]) => w.xor(a, b),
        ("shl", [], &[a, b]) => w.shl(a, b),
        ("shr", [], &[a, b]) => w.shr(a, b),
        ("sar", [], &[a, b]) => w.sar(a, b),
        ("rotl", [], &[a, b]) => w.rotl(a, b),
        ("cat", [], &[a, b]) => w.cat(a, b),
        ("eq", [], &[a, b]) => w.eq(a, b),
        ("ult", [], &[a, b]) => w.ult(a, b),
        ("slt", [], &[a, b]) => w.slt(a, b),
        ("neg", [], &[a]) => w.neg(a),
        ("not", [], &[a]) => w.not(a),
        ("zero", [], &[a]) => w.zero(a),
        ("nonzero", [], &[a]) => w.nonzero(a),
        ("sign", [], &[a]) => w.sign(a),
        ("scale", &[n], &[a]) => w.scale(n, a),
        ("plus", &[n], &[a]) => w.plus(a, n),
        ("slice", &[lo, bits], &[a]) => w.slice(a, lo as u8, bits as u8),
        ("zext", &[bits], &[a]) => w.zext(a, bits as u8),
        ("sext", &[bits], &[a]) => w.sext(a, bits as u8),
        ("ite", [], &[c, a, b]) => w.ite(c, a, b),
        ("load", &[bits], &[m, a]) => w.load(m, a, bits as u8),
        ("store", [], &[m, a, b]) => w.store(m, a, b),
        other => panic!("{other:?}"),
    }
}

/// As the operators say.
fn meaning(head: &str, numbers: &[u128], args: Vec<Term>) -> Term {
    let bits = args[0].bits;
    if let Some((_, prim)) = PRIMS.iter().find(|(name, _)| *name == head) {
        let bits = numbers.first().map_or(bits, |&n| n as u8);
        return node(Head::Prim, bits, *prim as u128, args);
    }
    if let Some(made) = lanes::meaning(head, numbers, &args) {
        return made;
    }
    let swapped = |args: Vec<Term>| args.into_iter().rev().collect();
    let same = |args: Vec<Term>| node(Head::Zero, 1, 0, vec![node(Head::Xor, bits, 0, args)]);
    // The low bits of the count.
    let counted = |op, mut args: Vec<Term>| {
        let count = args.pop().expect("a count");
        let log = bits.trailing_zeros() as u8;
        let low = if count.op == Head::Const {
            constant(log, count.n)
        } else if count.bits > log {
            node(Head::Slice, log, 0, vec![count])
        } else {
            count
        };
        args.push(low);
        node(op, bits, 0, args)
    };
    match head {
        "add" => node(Head::Sum, bits, 1, args),
        "sub" => node(Head::Sum, bits, mask(bits), swapped(args)),
        "mul" => node(Head::Mul, bits, 0, args),
        "and" => node(Head::And, bits, 0, args),
        "or" => node(Head::Or, bits, 0, args),
        "xor" => node(Head::Xor, bits, 0, args),
        "shl" => counted(Head::Shl, args),
        "shr" => counted(Head::Shr, args),
        "sar" => counted(Head::Sar, args),
        "rotl" => counted(Head::Rotl, args),
        "cat" => node(Head::Cat, bits + args[1].bits, 0, args),
        "eq" => same(args),
        "ult" => node(Head::Ult, 1, 0, args),
        "slt" => node(Head::Slt, 1, 0, args),
        "neg" => scaled(mask(bits), args),
        "not" => negated(bits, args),
        "zero" => node(Head::Zero, 1, 0, args),
        "nonzero" => negated(1, vec![node(Head::Zero, 1, 0, args)]),
        "sign" => node(Head::Slice, 1, u128::from(bits) - 1, args),
        "scale" => scaled(numbers[0] & mask(bits), args),
        "plus" => {
            let n = constant(bits, numbers[0]);
            node(Head::Sum, bits, 1, [args, vec![n]].concat())
        }
        "slice" => node(Head::Slice, numbers[1] as u8, numbers[0], args),
        "zext" => node(Head::Zext, numbers[0] as u8, 0, args),
        "sext" => node(Head::Sext, numbers[0] as u8, 0, args),
        "ite" => node(Head::Ite, args[1].bits, 0, args),
        "load" => node(Head::Load, numbers[0] as u8, 0, args),
        "store" => node(Head::Store, 0, 0, args),
        other => panic!("{other}"),
    }
}

fn scaled(n: u128, mut args: Vec<Term>) -> Term {
    let bits = args[0].bits;
    args.push(constant(bits, 0));
    node(Head::Sum, bits, n, args)
}

fn negated(bits: u8, mut args: Vec<Term>) -> Term {
    args.push(constant(bits, u128::MAX));
    node(Head::Xor, bits, 0, args)
}

/// The term of a word, by its nodes.
pub(crate) fn term_of(words: &Words, word: Word) -> Term {
    let of = words.get(word);
    let args = of.args.into_iter().filter(|&arg| !words.is_none(arg));
    node(of.op, of.bits, of.n, args.map(|arg| term_of(words, arg)).collect())
}
