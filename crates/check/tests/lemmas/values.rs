//! Lemmas on sums of values: what the check computes is the word that the processor has.

use crate::proof::{Proof, Runs, meaning, number};
use crate::smt::Theory::{Bits, Integers};
use crate::table::{Lemma, lemma};
use prova_check::rules::place::{self, WordOf, address};
use prova_check::{Base, Sym, Value};

/// The forms that a value has.
const FORMS: [&str; 6] = ["constant", "symbol", "shifted", "pointer", "indexed", "record"];

/// A value of a form with a symbol.
fn form<W: Proof>(form: u32, sym: Sym, constant: &'static str) -> Value<W> {
    let add = W::any(constant);
    let memory = Base::Memory(0);
    match form {
        0 => Value::constant(add),
        1 => Value { base: Base::None, sym, shift: 0, add },
        2 => Value { base: Base::None, sym, shift: 2, add },
        3 => Value::pointer(memory, add),
        4 => Value { base: memory, sym, shift: 3, add },
        _ => Value { base: Base::RefRecord, sym, shift: 0, add },
    }
}

/// One more, in a twin.
fn turned<W: Proof>(value: Value<W>, twin: bool) -> W {
    let word = meaning(value);
    if twin { word.wrapping_add(W::number(1)) } else { word }
}

/// `a + b`.
fn sum<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let a = form::<W>(case[0], Sym(20), "k");
    let b = form::<W>(case[1], Sym(21), "l");
    let sum = a.sum(b)?;
    Some(turned(sum, twin) == meaning(a).wrapping_add(meaning(b)))
}

/// `a + b` in all forms that have a sum.
fn sum_any<W: Proof>(_: &[u32], twin: bool) -> Option<bool> {
    sum::<W>(&[W::choose("first", 6), W::choose("second", 6)], twin)
}

/// `a - b`: a constant is taken off, or equal parts cancel. The shift of `b` is any.
fn difference<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let a = form::<W>(case[0], Sym(20), "k");
    let mut b = form::<W>(case[1], Sym(20), "l");
    if b.sym != Sym::ZERO && !b.base.by_symbol() {
        b.shift = W::choose("shift", 4) as u8;
    }
    let difference = a.difference(b)?;
    Some(turned(difference, twin) == meaning(a).wrapping_sub(meaning(b)))
}

/// `a << by`.
fn shifted<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let a = form::<W>(case[0], Sym(20), "k");
    let shifted = a.shifted(case[1])?;
    Some(turned(shifted, twin) == meaning(a).shl(case[1]))
}

/// A value some bytes further.
fn plus<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let a = form::<W>(case[0], Sym(20), "k");
    let more = W::any("more");
    Some(turned(a.plus(more), twin) == meaning(a).wrapping_add(more))
}

/// A claim's value under a substitution: `base + (own << shift) + add`.
fn substituted<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let own = form::<W>(case[0], Sym(20), "k");
    let (of, add) = (pointer(case[1]), W::any("l"));
    let value = own.substituted(of, case[2] as u8, add)?;
    Some(turned(value, twin) == filled(of, own, case[2], add))
}

/// A sum of a symbol by the word of another sum of it. The case: how far the symbol is shifted in
/// both.
fn by_word<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (sym, word) = (Sym(20), Sym(21));
    let sum = |shift: u32, add| Value { shift: shift as u8, add, ..Value::symbol(sym) };
    let of = WordOf { shift: case[0] as u8, add: W::any("k"), word };
    given!(number::<W>(word) == meaning(sum(case[0], of.add)));
    let to = Value { base: Base::Memory(0), ..sum(case[1], W::any("l")) };
    Some(turned(place::by_word(to, of)?, twin) == meaning(to))
}

fn pointer(case: u32) -> Base {
    if case == 0 { Base::None } else { Base::Memory(0) }
}

/// The word that a claim states, its symbol being the number `own`.
fn filled<W: Proof>(of: Base, own: Value<W>, shift: u32, add: W) -> W {
    let base = meaning(Value::pointer(of, add));
    base.wrapping_add(meaning(own).shl(shift))
}

/// The substitution by which a claim holds of a location: it does hold under it.
fn solved<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let value = form::<W>(case[0], Sym(20), "k");
    let (of, add) = (pointer(case[1]), W::any("l"));
    let own = value.solved(of, case[2] as u8, add)?;
    Some(turned(value, twin) == filled(of, own, case[2], add))
}

/// `[base + index * scale + disp]`, with and without an index.
fn lea<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let base = form::<W>(case[0], Sym(20), "k");
    let (mut index, disp) = (form::<W>(case[1], Sym(21), "l"), W::any("disp"));
    if case[1] == 1 {
        index = Value::symbol(index.sym);
    }
    let with = case[2] < 4;
    let value = address(base, with.then_some((index, case[2] as u8)), disp)?;
    let mut place = meaning(base).wrapping_add(disp);
    if with {
        place = place.wrapping_add(meaning(index).shl(case[2]));
    }
    Some(turned(value, twin) == place)
}

/// The lemmas.
pub fn lemmas() -> Vec<Lemma> {
    let mut all = Vec::new();
    let mut add = |name: String, case: &[u32], runs: Runs| {
        // Divided constants are quicker as integers.
        let theory = if name.starts_with("solved") { Integers } else { Bits };
        all.push(lemma(name, theory, case, runs));
    };
    for (a, name) in (0..).zip(FORMS) {
        add(format!("plus.{name}"), &[a], runs!(plus));
        add(format!("sum.{name}.constant"), &[a, 0], runs!(sum));
        add(format!("difference.{name}.constant"), &[a, 0], runs!(difference));
    }
    for (a, b) in [(0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (1, 3), (2, 3), (3, 1), (3, 2)] {
        let (a_name, b_name) = (FORMS[a as usize], FORMS[b as usize]);
        add(format!("sum.{a_name}.{b_name}"), &[a, b], runs!(sum));
    }
    add("sum.any".to_owned(), &[], runs!(sum_any));
    for a in 1..6 {
        let name = FORMS[a as usize];
        add(format!("difference.{name}.{name}"), &[a, a], runs!(difference));
    }
    for by in 0..4 {
        for (a, most) in [(0, 3), (1, 3), (2, 1)] {
            if by <= most {
                add(format!("shifted.{}.{by}", FORMS[a as usize]), &[a, by], runs!(shifted));
            }
        }
    }
    for (of, to) in [(0, 0), (0, 2), (1, 3), (3, 3)] {
        add(format!("by_word.{of}.{to}"), &[of, to], runs!(by_word));
    }
    for of in 0..2 {
        let of_name = ["number", "pointer"][of as usize];
        for shift in 0..4 {
            for (own, most) in [(0, 3), (1, 3), (2, 1)] {
                if shift <= most {
                    let name = format!("substituted.{of_name}.{}.{shift}", FORMS[own as usize]);
                    add(name, &[own, of, shift], runs!(substituted));
                }
            }
        }
        let own: &[u32] = if of == 0 { &[0, 2] } else { &[3, 4] };
        for &form in own {
            for shift in 0..4 {
                if form != 2 || shift <= 2 {
                    let name = format!("solved.{of_name}.{}.{shift}", FORMS[form as usize]);
                    add(name, &[form, of, shift], runs!(solved));
                }
            }
        }
    }
    for (base, index) in [(0, 1), (3, 1), (3, 0)] {
        for shift in 0..4 {
            let (b, i) = (FORMS[base as usize], FORMS[index as usize]);
            add(format!("lea.{b}.{i}.{shift}"), &[base, index, shift], runs!(lea));
        }
    }
    for base in [1, 3, 4] {
        add(format!("lea.{}", FORMS[base as usize]), &[base, 0, 4], runs!(lea));
    }
    all
}
