//! Whole derivations, from compare to access, as `docs/trust/testing.md` names them: D1 to D10.
//!
//! Each runs the rules in the order in which the check would meet the instructions, on words of any
//! kind, and claims that the access lies where it may. The twin leaves out what one instruction
//! does: the branch is taken though it should not be, or a register is not zero-extended.
//!
//! Symbols: 20 is the index, 21 the length that was read, 22 another number.

use crate::engine::Engine;
use crate::places::{lies, memory};
use crate::proof::{CONDITIONS, Proof, Runs, holds, int, meaning, number, processor};
use crate::smt::Theory::Integers;
use crate::table::{Lemma, lemma};
use prova_check::rules::numeric::{Outcome, arithmetic, charged, compared, either};
use prova_check::rules::order::Reading;
use prova_check::rules::place::{
    Reach, WordOf, address, by_word, element, entries, linear, masked,
};
use prova_check::word::Int;
use prova_check::x64::{Alu, Condition};
use prova_check::{Base, Flags, Sym, Value};

const INDEX: Sym = Sym(20);
const LENGTH: Sym = Sym(21);
const OTHER: Sym = Sym(22);
const MEMORY: Base = Base::Memory(0);

/// An access of `size` bytes at `base + (index << shift) + disp` of a memory lies inside it, or in
/// its zone.
fn accessed<W: Proof>(
    engine: &Engine<W>,
    (index, shift, disp): (Value<W>, u32, W),
    size: u32,
    (zone, len): (W, W::Int),
) -> Option<bool> {
    let to = address(Value::pointer(MEMORY, W::ZERO), Some((index, shift as u8)), disp)?;
    let bounds = engine.bounds(to.sym);
    let base = W::any("base");
    match linear((to, size), bounds, (engine.least, zone), |end| engine.within(end)) {
        Reach::Inside => Some(lies(to, size, base, len)),
        Reach::Zone => Some(lies(to, size, base, zone.unsigned())),
        Reach::Below | Reach::Beyond => None,
    }
}

/// `cmp a, b` behind which the condition does not hold: the branch to the trap is not taken. None
/// if it cannot be so. With `free`, the processor's flags are not looked at.
fn passed<W: Proof>(
    engine: &mut Engine<W>,
    (a, b): (Value<W>, Value<W>),
    condition: Condition,
    free: bool,
) -> Option<()> {
    if !free {
        let (_, carry, zero) = processor(Alu::Sub, 8, meaning(a), meaning(b));
        given!(!holds(condition, carry, zero));
    }
    given!(engine.assume(compared(false, (a, b)), condition, false));
    Some(())
}

/// The value and flags of an operation whose value is known.
fn known<W: Proof>(alu: Alu, a: Value<W>, b: Value<W>) -> Option<(Value<W>, Flags<W>)> {
    match arithmetic((alu, 8), (a, b), |_| None) {
        (Outcome::Is(value), flags) => Some((value, flags)),
        (Outcome::Unknown | Outcome::Between(..), _) => None,
    }
}

/// D1: a zero-extended index, a constant offset, a reservation with a guard.
fn d1<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (min, zone, len) = memory::<W>()?;
    let mut engine = Engine::new(min);
    if twin {
        engine.define(INDEX, (W::ZERO, W::LOW_MAX), false);
    } else {
        engine.bounded(INDEX, (W::ZERO, W::LOW_MAX))?;
    }
    let place = (Value::symbol(INDEX), case[0], W::any("disp"));
    accessed(&engine, place, case[1], (zone, len))
}

/// D2: `index + k`, whose carry traps, compared with the length. The case: bytes, order of the
/// comparison's operands. Twins: the carry is not looked at, or (in the other order) the
/// comparison.
fn d2<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (min, _, len) = memory::<W>()?;
    let mut engine = Engine::new(min);
    engine.length(LENGTH, W::MAX, len)?;
    let (index, k) = (Value::symbol(INDEX), Value::constant(W::any("k")));
    let (sum, flags) = known(Alu::Add, index, k)?;
    let (_, carry, _) = processor(Alu::Add, 8, meaning(index), meaning(k));
    let turned = case[1] == 1;
    given!((twin && !turned) || !carry);
    given!(engine.assume(flags, Condition::Below, false));
    let length = Value::symbol(LENGTH);
    if turned {
        passed(&mut engine, (length, sum), Condition::Below, twin)?;
    } else {
        passed(&mut engine, (sum, length), Condition::Above, false)?;
    }
    accessed(&engine, (index, 0, W::any("disp")), case[0], (W::ZERO, len))
}

/// D2 of a zero-extended index: the sum cannot wrap.
fn d2_low<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (min, _, len) = memory::<W>()?;
    let mut engine = Engine::new(min);
    engine.length(LENGTH, W::MAX, len)?;
    engine.bounded(INDEX, (W::ZERO, W::LOW_MAX))?;
    let index = Value::symbol(INDEX);
    let (sum, _) = known(Alu::Add, index, Value::constant(W::any("k")))?;
    passed(&mut engine, (sum, Value::symbol(LENGTH)), Condition::Above, twin)?;
    accessed(&engine, (index, 0, W::any("disp")), case[0], (W::ZERO, len))
}

/// D3: a pointer that a conditional move leads nowhere unless the index's end was compared with the
/// length; `disp` is added behind it. The case: the access's bytes, how it is compared and moved,
/// the bytes that the pointer is compared for. Twin: the move is done the other way round.
fn d3<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (min, _, len) = memory::<W>()?;
    let mut engine = Engine::new(min);
    engine.length(LENGTH, W::MAX, len)?;
    engine.bounded(INDEX, (W::ZERO, W::LOW_MAX))?;
    let (index, length) = (Value::symbol(INDEX), Value::symbol(LENGTH));
    let (sum, _) = known(Alu::Add, index, Value::constant(W::any("k")))?;
    let (turned, condition, kept) = [
        (false, Condition::Above, false),
        (false, Condition::BelowEqual, true),
        (true, Condition::Below, false),
        (true, Condition::AboveEqual, true),
    ][case[1] as usize];
    let (a, b) = if turned { (length, sum) } else { (sum, length) };
    let (_, carry, zero) = processor(Alu::Sub, 8, meaning(a), meaning(b));
    let keeps = (holds(condition, carry, zero) == kept) != twin;
    given!(engine.assume(compared(false, (a, b)), condition, kept));
    let pointer = address(Value::pointer(MEMORY, W::ZERO), Some((index, 0)), W::ZERO)?;
    let (disp, bytes) = (W::any("disp"), W::number(case[2].into()));
    let within = |of| engine.within(of);
    let reach = linear((pointer, case[2]), engine.bounds(INDEX), (min, W::ZERO), within);
    given!(reach == Reach::Inside);
    given!(masked((disp, case[0]), bytes));
    if keeps {
        return Some(lies(pointer.plus(disp), case[0], W::any("base"), len));
    }
    let end = disp.unsigned().plus(int::<W>(i64::from(case[0])));
    Some(end <= bytes.unsigned())
}

/// D4: the length less a constant that it has at least, compared with the index.
fn d4<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (min, _, len) = memory::<W>()?;
    let mut engine = Engine::new(min);
    engine.length(LENGTH, W::MAX, len)?;
    let (index, k) = (Value::symbol(INDEX), Value::constant(W::any("k")));
    let (rest, _) = known(Alu::Sub, Value::symbol(LENGTH), k)?;
    passed(&mut engine, (index, rest), Condition::Above, twin)?;
    accessed(&engine, (index, 0, W::any("disp")), case[0], (W::ZERO, len))
}

/// D4 of a memory that cannot grow: the index compared with a constant.
fn d4_constant<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (min, _, len) = memory::<W>()?;
    let mut engine = Engine::new(min);
    let (index, k) = (Value::symbol(INDEX), Value::constant(W::any("k")));
    let condition = CONDITIONS[case[1] as usize];
    passed(&mut engine, (index, k), condition, twin)?;
    accessed(&engine, (index, 0, W::any("disp")), case[0], (W::ZERO, len))
}

/// D5: an index that is at most a constant, and a zone that ends behind it: the memory's most, in
/// this check, for bounds come from constants alone.
fn d5<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (_, zone, len) = memory::<W>()?;
    let mut engine = Engine::new(W::ZERO);
    let (index, most) = (Value::symbol(INDEX), Value::constant(W::any("most")));
    passed(&mut engine, (index, most), Condition::Above, twin)?;
    accessed(&engine, (index, 0, W::any("disp")), case[0], (zone, len))
}

/// D6: an index that a conditional move clamps, and a table of offsets. The case: the condition
/// under which the bound is taken.
fn d6<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let engine = Engine::new(W::ZERO);
    let (index, bound) = (Value::symbol(INDEX), Value::constant(W::any("n")));
    let (_, carry, zero) = processor(Alu::Sub, 8, meaning(index), meaning(bound));
    let condition = CONDITIONS[case[0] as usize];
    let taken = holds(condition, carry, zero) != twin;
    let (mut yes, mut no) = (engine.clone(), engine);
    let flags = compared(false, (index, bound));
    given!(yes.assume(flags, condition, true), no.assume(flags, condition, false));
    let (_, hi) = either::<W>(yes.range(bound)?, no.range(index)?);
    let moved = meaning(if taken { bound } else { index });
    Some(clamped(moved, hi))
}

/// D6 with a branch: the index is below the bound.
fn d6_branch<W: Proof>(_: &[u32], twin: bool) -> Option<bool> {
    let mut engine = Engine::new(W::ZERO);
    let (index, bound) = (Value::symbol(INDEX), Value::constant(W::any("n")));
    passed(&mut engine, (index, bound), Condition::AboveEqual, twin)?;
    let (_, hi) = engine.bounds(INDEX);
    Some(clamped(meaning(index), hi))
}

/// Whether the entry lies in the bytes of the table.
fn clamped<W: Proof>(index: W, hi: W) -> bool {
    let to = Value { base: Base::Code, sym: INDEX, shift: 2, add: W::ZERO };
    index.scaled(2).plus(int::<W>(4)) <= entries(to, (W::ZERO, hi), 4).1
}

/// D7: an element of a table below its length, which is not null, names a record.
fn d7<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (base, elements) = (W::any("base"), W::any("len").unsigned());
    let least = W::any("min");
    given!(least.unsigned() <= elements);
    let table_end = base.unsigned().plus(W::any("len").scaled(3));
    given!(table_end <= W::MAX.unsigned());
    let mut engine = Engine::new(least);
    engine.length(LENGTH, W::MAX, elements)?;
    let (index, length) = (Value::symbol(INDEX), Value::symbol(LENGTH));
    let condition = [Condition::AboveEqual, Condition::BelowEqual][case[0] as usize];
    let operands = if case[0] == 0 { (index, length) } else { (length, index) };
    passed(&mut engine, operands, condition, twin)?;
    let table = Value::pointer(Base::Table(0), W::ZERO);
    let to = address(table, Some((index, 3)), W::ZERO)?;
    let (lo, _) = engine.bounds(INDEX);
    given!(element(to, lo, |of| engine.within(of)));
    Some(lies(to, 8, base, W::any("len").scaled(3)))
}

/// D7, its other half: a reference that `test` showed not to be null names one of the records.
fn d7_record<W: Proof>(_: &[u32], twin: bool) -> Option<bool> {
    let mut engine = Engine::new(W::ZERO);
    engine.define(OTHER, (W::ZERO, W::MAX), false);
    let reference = Value::symbol(OTHER);
    let flags = compared(true, (reference, reference));
    // Behind `test r, r` the zero flag says so (the lemmas `test.64`).
    given!(twin || meaning(reference) != W::ZERO);
    given!(engine.assume(flags, Condition::Equal, false));
    let (least, _) = engine.bounds(OTHER);
    given!(least >= W::number(1));
    // Records have 8 bytes in the array; `count` of them lie at `base`.
    let (base, count) = (W::any("base"), W::any("count"));
    given!(base.unsigned().plus(count.scaled(3)) <= W::MAX.unsigned());
    given!(meaning(reference) <= count);
    let array = Value::pointer(Base::Funcs(0), W::ZERO);
    let to = address(array, Some((reference, 3)), W::ZERO.wrapping_sub(W::number(8)))?;
    Some(lies(to, 8, base, count.scaled(3)))
}

/// D8: a place in a memory that a loop's header names: the header's own symbol is a word by which
/// two locations hold what they are claimed to hold.
fn d8<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let shift = case[0] as u8;
    let held = Value { base: MEMORY, sym: INDEX, shift, add: W::any("k") };
    let (first, second) = (W::any("l"), W::any("m"));
    let own = held.solved(MEMORY, shift, first)?;
    let other = own.substituted(Base::None, 0, second)?;
    let word = meaning(own);
    let claimed = meaning(Value::pointer(MEMORY, first)).wrapping_add(word.shl(case[0]));
    let more = if twin { W::number(1) } else { W::ZERO };
    Some(claimed == meaning(held) && meaning(other) == word.wrapping_add(second).wrapping_add(more))
}

/// D9: one comparison serves two accesses, with different offsets and widths.
fn d9<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (min, _, len) = memory::<W>()?;
    let mut engine = Engine::new(min);
    engine.length(LENGTH, W::MAX, len)?;
    engine.bounded(INDEX, (W::ZERO, W::LOW_MAX))?;
    let index = Value::symbol(INDEX);
    let (sum, _) = known(Alu::Add, index, Value::constant(W::number(8)))?;
    passed(&mut engine, (sum, Value::symbol(LENGTH)), Condition::Above, twin)?;
    let first = accessed(&engine, (index, 0, W::ZERO), case[0], (W::ZERO, len))?;
    let second = accessed(&engine, (index, 0, W::number(4)), case[1], (W::ZERO, len))?;
    Some(first && second)
}

/// D10: the word of a sum that may wrap, compared with the length behind which a guard lies, serves
/// an access at a distance from it, whose address names the sum's symbol. The case: bytes, the
/// symbol's shift in the sum, and in the address.
fn d10<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let (min, _, len) = memory::<W>()?;
    let mut engine = Engine::new(min);
    engine.length(LENGTH, W::MAX, len)?;
    let of = WordOf { shift: case[1] as u8, add: W::any("k"), word: OTHER };
    let sum = Value::symbol(INDEX).shifted(case[1])?.plus(of.add);
    given!(number::<W>(OTHER) == meaning(sum));
    passed(&mut engine, (Value::symbol(OTHER), Value::symbol(LENGTH)), Condition::Above, twin)?;
    let index = Some((Value::symbol(INDEX), case[2] as u8));
    let to = address(Value::pointer(MEMORY, W::ZERO), index, W::any("disp"))?;
    let by = by_word(to, of)?;
    let (bounds, guard) = (engine.bounds(by.sym), W::any("guard").unsigned());
    given!(W::any("base").unsigned().plus(len).plus(guard) <= W::MAX.unsigned());
    let within = |end: Reading<W::Int>| engine.within(Reading { add: end.add.minus(guard), ..end });
    let reach = linear((by, case[0]), bounds, (min, W::ZERO), within);
    given!(reach == Reach::Inside);
    Some(lies(to, case[0], W::any("base"), len.plus(guard)))
}

/// P6: what a branch compared with a constant, less that constant, is less than it was by that
/// number.
fn taken_off<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let mut engine = Engine::new(W::ZERO);
    let (left, k) = (Value::symbol(OTHER), Value::constant(W::any("k")));
    let condition = CONDITIONS[case[0] as usize];
    passed(&mut engine, (left, k), condition, twin)?;
    let (now, _) = known(Alu::Sub, left, k)?;
    let (had, _) = engine.bounds(OTHER);
    given!(meaning(k).unsigned() <= had.unsigned());
    Some(meaning(now).unsigned().plus(meaning(k).unsigned()) == number::<W>(OTHER).unsigned())
}

/// P12: the sum of the word for the fuel with a constant is more than it was by that number, if it
/// had no carry, if the word was compared with the greatest that has none, or (a sum with 1) if it
/// was not the greatest.
fn added_on<W: Proof>(case: &[u32], twin: bool) -> Option<bool> {
    let mut engine = Engine::new(W::ZERO);
    let k = if case[0] == 2 { W::number(1) } else { W::any("k") };
    let (was, k) = (Value::symbol(OTHER), Value::constant(k));
    let (now, flags) = known(Alu::Add, was, k)?;
    if case[0] == 0 {
        let (_, carry, _) = processor(Alu::Add, 8, meaning(was), meaning(k));
        given!(twin || !carry);
        given!(engine.assume(flags, Condition::Below, false));
    } else {
        let most =
            Value::constant(if case[0] == 1 { W::MAX.wrapping_sub(meaning(k)) } else { W::MAX });
        let condition = if case[0] == 1 { Condition::Above } else { Condition::Equal };
        passed(&mut engine, (was, most), condition, twin)?;
    }
    let (_, most) = engine.bounds(OTHER);
    given!(charged(was, now, most.unsigned()));
    Some(meaning(was).unsigned().plus(meaning(k).unsigned()) == meaning(now).unsigned())
}

/// The lemmas.
pub fn lemmas() -> Vec<Lemma> {
    let mut all = Vec::new();
    let mut add = |name: String, case: &[u32], runs: Runs| {
        all.push(lemma(name, Integers, case, runs));
    };
    for shift in 0..4 {
        add(format!("d1.guard.{shift}"), &[shift, 4], runs!(d1));
    }
    for bytes in [1, 8, 16] {
        add(format!("d1.guard.bytes.{bytes}"), &[0, bytes], runs!(d1));
    }
    for bytes in [4, 16] {
        add(format!("d2.explicit.{bytes}"), &[bytes, 0], runs!(d2));
        add(format!("d2.explicit.low.{bytes}"), &[bytes], runs!(d2_low));
        add(format!("d4.less.{bytes}"), &[bytes], runs!(d4));
        add(format!("d4.constant.above.{bytes}"), &[bytes, 5], runs!(d4_constant));
        add(format!("d5.guard.{bytes}"), &[bytes], runs!(d5));
    }
    for (how, name) in ["above", "not_above", "below", "not_below"].into_iter().enumerate() {
        add(format!("d3.masked.{name}"), &[2, how as u32, 6], runs!(d3));
    }
    add("d3.masked.16".to_owned(), &[16, 0, 64], runs!(d3));
    add("d2.explicit.turned".to_owned(), &[4, 1], runs!(d2));
    add("d4.constant.not_below".to_owned(), &[4, 1], runs!(d4_constant));
    for (c, name) in [(1, "not_below"), (5, "above")] {
        add(format!("d6.clamped.{name}"), &[c], runs!(d6));
        add(format!("taken_off.below.{name}"), &[[0, 4][(c == 5) as usize]], runs!(taken_off));
    }
    for (how, name) in ["carry", "compared", "unequal"].into_iter().enumerate() {
        add(format!("added_on.{name}"), &[how as u32], runs!(added_on));
    }
    add("d6.branch".to_owned(), &[], runs!(d6_branch));
    add("d7.element.below".to_owned(), &[0], runs!(d7));
    add("d7.element.turned".to_owned(), &[1], runs!(d7));
    add("d7.record".to_owned(), &[], runs!(d7_record));
    for shift in 0..4 {
        add(format!("d8.hoisted.{shift}"), &[shift], runs!(d8));
    }
    for case in [[1, 0, 0], [4, 0, 0], [16, 3, 3]] {
        add(format!("d10.word.{}.{}", case[0], case[1]), &case, runs!(d10));
    }
    for (a, b) in [(4, 4), (8, 4), (1, 2)] {
        add(format!("d9.shared.{a}.{b}"), &[a, b], runs!(d9));
    }
    all
}
