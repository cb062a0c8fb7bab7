//! Lemmas on instructions: results of operations, what flags say behind them, in 64 and 32 bits.
//!
//! Registers hold whole words; a 32-bit operation sees low halves, and leaves a zero-extended one.

use crate::proof::{
    CONDITIONS, Proof, Runs, bounded, holds, int, meaning, most, narrowed, processor, range,
};
use crate::smt::Theory::{self, Bits};
use crate::table::{Lemma, lemma};
use prova_check::rules::condition::{Said, said, without_carry};
use prova_check::rules::numeric::{Outcome, Range, arithmetic, compared, cut, low};
use prova_check::word::Int;
use prova_check::x64::{Alu, Condition};
use prova_check::{Base, Flags, Sym, Value};

/// The symbols of the operands.
const OPERANDS: [Sym; 2] = [Sym(20), Sym(21)];

/// An operand as a 64-bit register or an immediate holds it.
const OPERAND_FORMS: [&str; 5] = ["symbol", "sum", "doubled", "constant", "pointer"];

fn operand<W: Proof>(form: u32, which: usize) -> Value<W> {
    let (sym, add) = (OPERANDS[which], W::any(["k", "l"][which]));
    match form {
        0 => Value::symbol(sym),
        1 => Value { base: Base::None, sym, shift: 0, add },
        2 => Value { base: Base::None, sym, shift: 1, add },
        3 => Value::constant(add),
        _ => Value::pointer(Base::Memory(0), add),
    }
}

/// An operand as an operation reads it: its word, its value, its range.
struct Read<W: Proof> {
    word: W,
    value: Value<W>,
    range: Range<W>,
}

/// In 32 bits an operand is its low half: a value that is known, or a symbol that is any low half.
fn read<W: Proof>(value: Value<W>, bytes: u32, which: usize) -> Option<Read<W>> {
    let bounds = bounded::<W>(value.sym)?;
    let known = if bytes == 8 { Some(value) } else { low(value, || range(value, bounds)) };
    if let Some(value) = known {
        return Some(Read { word: meaning(value), value, range: range(value, bounds) });
    }
    any_half(which)
}

/// An operand of a comparison: its bounds say nothing of the flags.
fn compared_operand<W: Proof>(value: Value<W>, bytes: u32, which: usize) -> Option<Read<W>> {
    if bytes < 8 {
        return any_narrow(which, most::<W>(bytes));
    }
    Some(Read { word: meaning(value), value, range: None })
}

fn any_half<W: Proof>(which: usize) -> Option<Read<W>> {
    any_narrow(which, W::LOW_MAX)
}

fn any_narrow<W: Proof>(which: usize, most: W) -> Option<Read<W>> {
    let value = Value::symbol([Sym(30), Sym(31)][which]);
    let word = meaning(value);
    given!(word <= most);
    Some(Read { word, value, range: range(value, (W::ZERO, most)) })
}

/// An immediate, cut to the width.
fn immediate<W: Proof>(bytes: u32) -> Read<W> {
    let value = cut(Value::constant(W::any("l")), bytes);
    Read { word: meaning(value), value, range: range(value, (W::ZERO, W::ZERO)) }
}

const ALU: [Alu; 7] =
    [Alu::Add, Alu::Sub, Alu::And, Alu::Or, Alu::Xor, Alu::ShiftLeft, Alu::ShiftRight];
const ALU_NAMES: [&str; 7] = ["add", "sub", "and", "or", "xor", "shl", "shr"];

/// The rule's result agrees with the processor's. The case: operation, bytes, forms of the operands
/// (5: the first one again; 6: a count, which follows).
fn operation<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (alu, bytes) = (ALU[case[0] as usize], case[1]);
    let a = read(operand::<W>(case[2], 0), bytes, 0)?;
    let b = match case[3] {
        5 => Read { ..a },
        6 => {
            let value = cut(Value::constant(W::number(u64::from(case[4]))), bytes);
            Read { word: value.add, value, range: None }
        }
        3 => immediate(bytes),
        form => read(operand(form, 1), bytes, 1)?,
    };
    let range_of = |value: Value<W>| if value == b.value { b.range } else { a.range };
    let (outcome, _) = arithmetic((alu, bytes), (a.value, b.value), range_of);
    let (result, _, _) = processor(alu, bytes, a.word, b.word);
    match outcome {
        Outcome::Unknown => None,
        Outcome::Is(value) => {
            // The written word is narrowed; a low half that is not known is a new symbol.
            let written = narrowed(meaning(value), bytes);
            let written = if twin { written.wrapping_add(W::number(1)) } else { written };
            Some(written == result)
        }
        Outcome::Between(lo, hi) => {
            Some(lo <= result && if twin { result < hi } else { result <= hi })
        }
    }
}

/// A fact derived from a condition holds of the processor's flags. The case: what set the flags (0
/// `cmp`, 1 `test` of a register with itself, 2 and later the operations), bytes, form of the
/// second operand, condition (6: any), whether it holds.
fn flagged<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (by, bytes) = (case[0], case[1]);
    let mut a = compared_operand(operand::<W>(0, 0), bytes, 0)?;
    let b = match case[2] {
        5 => Read { ..a },
        3 => immediate(bytes),
        // The constant first.
        6 => std::mem::replace(&mut a, immediate(bytes)),
        form => compared_operand(operand(form, 1), bytes, 1)?,
    };
    let (alu, flags) = match by {
        0 => (Alu::Sub, compared(false, (a.value, b.value))),
        1 => (Alu::And, compared(true, (a.value, b.value))),
        n => {
            let alu = ALU[n as usize - 2];
            (alu, arithmetic((alu, bytes), (a.value, b.value), |_| None).1)
        }
    };
    let (_, carry, zero) = processor(alu, bytes, a.word, b.word);
    let (condition, holding) = match case[3] {
        6 => (W::choose("condition", 6), W::choose("holds", 2)),
        condition => (condition, case[4]),
    };
    let (condition, holding) = (CONDITIONS[condition as usize], holding == 1);
    given!(holds(condition, carry, zero) == holding);
    says(said(flags, condition, holding), twin)
}

/// Whether a derived fact holds of the words. The twin's fact says more.
fn says<W: Proof>(said: Said<W>, twin: bool) -> Option<bool> {
    match said {
        Said::Nothing => None,
        Said::Order(a, more, b) => {
            let more = int::<W>(more + i64::from(twin));
            Some(meaning(a).unsigned().plus(more) <= meaning(b).unsigned())
        }
        Said::Equal(a, b) => Some((meaning(a) == meaning(b)) != twin),
        Said::Unequal(a, b) => Some((meaning(a) == meaning(b)) == twin),
        Said::NoCarry(a, b) => {
            let (value, most) = without_carry(a, b)?;
            let (value, most) = (meaning(value), meaning(most));
            Some(if twin { value < most } else { value <= most })
        }
    }
}

/// The lemmas.
pub fn lemmas() -> Vec<Lemma> {
    let mut all = Vec::new();
    let mut add = |name: String, theory: Theory, case: &[u32], runs: Runs| {
        all.push(lemma(name, theory, case, runs));
    };
    for bytes in [8, 4] {
        let bits = bytes * 8;
        for (n, alu) in (0..).zip(ALU_NAMES) {
            let forms: &[(u32, u32)] = match ALU[n as usize] {
                Alu::Add => &[(0, 3), (3, 0), (1, 3), (4, 3), (4, 0)],
                Alu::Sub => &[(0, 3), (1, 3), (0, 5), (1, 5), (4, 3), (4, 5)],
                Alu::And => &[(0, 0), (0, 3), (1, 3), (3, 0), (3, 3), (2, 3), (0, 5), (4, 0)],
                Alu::Or => &[(0, 3), (3, 0), (1, 3), (4, 3)],
                Alu::Xor => &[(0, 5), (1, 5), (0, 3)],
                _ => &[],
            };
            for &(a, b) in forms {
                if bytes == 4 && a == 4 {
                    continue;
                }
                let second = if b == 5 { "same" } else { OPERAND_FORMS[b as usize] };
                let first = OPERAND_FORMS[a as usize];
                let name = format!("{alu}.{bits}.{first}.{second}");
                add(name, Bits, &[n, bytes, a, b], runs!(operation));
            }
        }
        for (n, counts) in [(5, [0, 1, 2, 3, 4, 35, 66, 67]), (6, [0, 1, 3, 4, 31, 35, 63, 65])] {
            for count in counts {
                for a in [0, 1] {
                    let (alu, form) = (ALU_NAMES[n as usize], OPERAND_FORMS[a as usize]);
                    let name = format!("{alu}.{bits}.{form}.{count}");
                    add(name, Bits, &[n, bytes, a, 6, count], runs!(operation));
                }
            }
        }
        let sources = [("cmp", 0, 0), ("test", 1, 5), ("sub", 3, 3), ("and", 4, 5)];
        for (source, by, second) in sources {
            for c in 0..6 {
                for holding in 0..2 {
                    // Behind `test` and `and` there is no carry.
                    if by != 0 && by != 3 && [(0, 1), (1, 0)].contains(&(c, holding)) {
                        continue;
                    }
                    let condition = format!("{:?}", CONDITIONS[c as usize]).to_lowercase();
                    let not = ["not_", ""][holding as usize];
                    let name = format!("{source}.{bits}.{not}{condition}");
                    add(name, Bits, &[by, bytes, second, c, holding], runs!(flagged));
                }
            }
        }
    }
    // Comparisons of 16 and of 8 bits, in any of the conditions.
    for bytes in [2, 1] {
        let bits = bytes * 8;
        add(format!("cmp.{bits}.symbol"), Bits, &[0, bytes, 0, 6], runs!(flagged));
        add(format!("cmp.{bits}.constant"), Bits, &[0, bytes, 3, 6], runs!(flagged));
        add(format!("cmp.{bits}.turned"), Bits, &[0, bytes, 6, 6], runs!(flagged));
        add(format!("test.{bits}.same"), Bits, &[1, bytes, 5, 6], runs!(flagged));
    }
    for (c, holding) in [(0, 0), (1, 1)] {
        let condition = format!("{:?}", CONDITIONS[c as usize]).to_lowercase();
        let not = ["not_", ""][holding as usize];
        let name = format!("add.64.{not}{condition}");
        add(name, Bits, &[2, 8, 3, c, holding], runs!(flagged));
    }
    add("add.64.any".to_owned(), Bits, &[2, 8, 3, 6], runs!(flagged));
    add("add.64.turned".to_owned(), Bits, &[2, 8, 6, 6], runs!(flagged));
    all
}

/// Signed conditions, and those of overflow, sign and parity, say nothing.
#[test]
fn other_conditions_say_nothing() {
    let value = Value::symbol(Sym(20));
    let others = [
        Condition::Overflow,
        Condition::NotOverflow,
        Condition::Sign,
        Condition::NotSign,
        Condition::Parity,
        Condition::NotParity,
        Condition::Less,
        Condition::GreaterEqual,
        Condition::LessEqual,
        Condition::Greater,
    ];
    for condition in others {
        for holds in [false, true] {
            for flags in [Flags::Compare(value, value), Flags::Sum(value, value), Flags::Unknown] {
                assert_eq!(said(flags, condition, holds), Said::<u64>::Nothing);
            }
        }
    }
}
