//! The claims that hold on all ways to a merge.
//!
//! Locations that share a symbol on *both* sides, at the same distance, share one behind the merge
//! (joint symbols): otherwise `r10 = base + r9` would be lost where both change. Bounds widen along
//! a ladder; facts keep the weaker distance. What reads as a word at a distance, of which a length
//! is known to be no less, has that word as its symbol (S3 of the check's `symbols`): it shares
//! none with the number that it is a sum of.

pub(crate) mod asked;
mod emit;
pub(crate) mod groups;
mod known;

use crate::counts::{self, Merge};
use crate::halves::halves;
use asked::{Carry, Side, Wanted};
use emit::emit_all;
use groups::{Key, Lists, Role, WORD};
use known::{wide_facts, widened};
use prova_check::certificate::base_code;
use prova_check::rules::place;
use prova_check::{Base, Claim, Fact, Kind, Loc, Machine, Name, Node, Path, State, Sym, Value};

/// Calls `visit` with each location that holds something, in order.
fn visit(state: &State, mut visit: impl FnMut(Loc, Value)) {
    for (r, value) in (0..).zip(&state.regs) {
        if let Some(value) = *value {
            visit(Loc::Register(r), value);
        }
    }
    if let Some(value) = state.fuel {
        visit(Loc::Fuel, value);
    }
    for (i, value) in (0..).zip(&state.words) {
        if let Some(value) = *value {
            visit(Loc::Word(i), value);
        }
    }
}

/// The locations that hold something, in order.
pub(crate) fn locations(state: &State) -> impl Iterator<Item = (Loc, Value)> + '_ {
    // The numbers stand behind: a list that is at its end takes none of them.
    let mut regs = state.regs.iter().zip(0_u8..);
    let mut fuel = state.fuel;
    let mut words = state.words.iter().zip(0_u32..);
    std::iter::from_fn(move || {
        for (value, r) in regs.by_ref() {
            if let Some(value) = *value {
                return Some((Loc::Register(r), value));
            }
        }
        if let Some(value) = fuel.take() {
            return Some((Loc::Fuel, value));
        }
        for (value, i) in words.by_ref() {
            if let Some(value) = *value {
                return Some((Loc::Word(i), value));
            }
        }
        None
    })
}

fn fixed(sym: Sym) -> bool {
    sym.0 < Sym::FIRST
}

/// The claims that say all that a state knows of what is wanted, and of what is the same in the
/// whole function.
pub(crate) fn describe(
    machine: &Machine<'_>,
    lists: &mut Lists,
    state: &State,
    wanted: Wanted<'_>,
) -> Vec<Claim> {
    lists.clear();
    visit(state, |at, value| {
        let is_fixed = fixed(value.sym);
        let is_wanted = if is_fixed { wanted.fixed(at) } else { wanted.other(at) };
        if !is_wanted || base_code(value.base).is_none() {
            return;
        }
        if is_fixed {
            let Value { base, sym, shift, add } = value;
            lists.claims.push(Claim::Holds { at, base, name: Name::Fixed(sym), shift, add });
            return;
        }
        let value = by_word(machine, (state.path, wanted.carry), value);
        let Value { base, sym, shift, add } = value;
        let key = (sym, sym, 0);
        let group = lists.find(key).unwrap_or_else(|| {
            let fuel = fuel(state).filter(|fuel| fuel.sym == sym).map(|fuel| fuel.add);
            let from = fuel.unwrap_or(u64::from(names_function(machine, sym)));
            lists.begin(key, at, (from, Role::Any))
        });
        let from = lists.groups[group].from;
        let add = if base.by_symbol() { add } else { add.wrapping_sub(from << shift) };
        lists.add(group, (at, base, shift, add));
    });
    let side = Side::One(state.path);
    let mut counted = Merge::new(machine, side, (state, state)).counts(lists, wanted);
    counted.extend(halves(machine, lists, (state, state), wanted));
    emit_all(machine, (lists, &counted), (side, wanted));
    wide_facts(machine, (state.path, None), &mut lists.claims);
    lists.claims.clone()
}

/// A value by the nearest word below it that is at most a length, if its symbol is not itself and
/// claims may say how far numbers are below lengths.
#[inline]
fn by_word(machine: &Machine<'_>, at: (Path, Carry), value: Value) -> Value {
    if fixed(value.sym) || at.1 == Carry::Words || !machine.symbols.has_words() {
        return value;
    }
    by_nearest_word(machine, at.0, value)
}

fn by_nearest_word(machine: &Machine<'_>, path: Path, value: Value) -> Value {
    let words = || machine.symbols.words(value.sym);
    if words().next().is_none() {
        return value;
    }
    let is_below = |sym: Sym, shift: u8| {
        machine.facts.of(machine.sure(path), sym).any(|fact| match fact {
            Fact::Le { a, shift: s, b: Node::Extent(_), .. } => (a, s) == (sym, shift),
            _ => false,
        })
    };
    let words = words().filter(|of| is_below(of.word, 0));
    let words = words.filter_map(|of| place::by_word(value, of));
    let own = is_below(value.sym, value.shift).then_some(value);
    let all = words.chain(own).filter(|value| value.add as i64 >= 0);
    all.min_by_key(|value| value.add).unwrap_or(value)
}

/// Whether a symbol is the store address of a function. There is no claim on it; on its reference,
/// which is one more, there is.
fn names_function(machine: &Machine<'_>, sym: Sym) -> bool {
    matches!(machine.symbols.def(sym).kind, Kind::FuncAddress(_))
}

/// Whether a symbol is a reference.
fn is_reference(machine: &Machine<'_>, sym: Sym) -> bool {
    matches!(machine.symbols.def(sym).kind, Kind::Ref(_))
}

/// The word for the fuel, where it is a symbol and a constant: a group's symbol is that number.
fn fuel(state: &State) -> Option<Value> {
    state.fuel.filter(|fuel| fuel.base == Base::None && fuel.shift == 0 && !fixed(fuel.sym))
}

/// Lists the contents of the locations that hold something on both sides, with one base. Those
/// that hold one thing that is the same in the whole function are claimed.
fn held_on_both(
    machine: &Machine<'_>,
    lists: &mut Lists,
    (before, state, carry): (&State, &State, Carry),
) {
    visit(before, |at, a| {
        let Some(b) = state.get(at).filter(|b| a.base == b.base) else { return };
        if a == b && fixed(a.sym) {
            let Value { base, sym, shift, add } = a;
            lists.claims.push(Claim::Holds { at, base, name: Name::Fixed(sym), shift, add });
            return;
        }
        let a = by_word(machine, (before.path, carry), a);
        lists.held.push((at, a, by_word(machine, (state.path, carry), b)));
    });
}

/// The constant of a group's least member, if the constants of its members differ: its symbol is
/// that one, so that the others are not taken to wrap.
fn least_member(held: &[(Loc, Value, Value)], key: Key) -> Option<u64> {
    let members = held.iter().filter(|&&(_, a, b)| pair(a, b) == Some((key, false)));
    members.map(|&(_, a, _)| a.add as i64).min().map(|least| least as u64)
}

/// The claims that hold in `before` and in `state`. `changes` says how often they changed.
pub(crate) fn join(
    machine: &Machine<'_>,
    lists: &mut Lists,
    (before, state): (&State, &State),
    (changes, wanted): (u32, Wanted<'_>),
) -> Vec<Claim> {
    let carry = wanted.carry;
    let changes = if wanted.counts { changes.saturating_sub(counts::EXACT) } else { changes };
    lists.clear();
    held_on_both(machine, lists, (before, state, carry));
    let fuel = fuel(before).zip(fuel(state)).and_then(|(a, b)| Some((pair(a, b)?.0, a.add)));
    let held = std::mem::take(&mut lists.held);
    for &(at, a, b) in &held {
        if !wanted.other(at) {
            continue;
        }
        let elements = || counts::element(a).zip(counts::element(b));
        if let Some(numbers) = wanted.counts.then(elements).flatten() {
            counts::address(lists, (at, a.base), numbers);
            continue;
        }
        let Some((key, keeps)) = pair(a, b) else {
            let sides = ((a, before.path), (b, state.path));
            number(machine, (at, changes, carry), sides, &mut lists.claims);
            continue;
        };
        // A symbol that stays is shared by what is shifted and what is not.
        let Value { base, shift, add, .. } = a;
        let group = lists.find(key).unwrap_or_else(|| {
            let from = match fuel.filter(|(k, _)| *k == key) {
                Some((_, from)) => from,
                None if keeps || is_reference(machine, a.sym) => 0,
                None => least_member(&held, key).unwrap_or(add),
            };
            lists.begin(key, at, (from, Role::Any))
        });
        let add = add.wrapping_sub(lists.groups[group].from << shift);
        lists.add(group, (at, base, shift, add));
    }
    lists.held = held;
    let side = Side::Both((before.path, state.path), (changes, wanted.patience));
    let mut counted = Merge::new(machine, side, (before, state)).counts(lists, wanted);
    counted.extend(halves(machine, lists, (before, state), wanted));
    emit_all(machine, (lists, &counted), (side, wanted));
    wide_facts(machine, (before.path, Some(state.path)), &mut lists.claims);
    lists.claims.clone()
}

/// A number that both sides bound, where their values have no common form; or a place that far in
/// an object.
fn number(
    machine: &Machine<'_>,
    (at, changes, carry): (Loc, u32, Carry),
    ((a, at_a), (b, at_b)): ((Value, Path), (Value, Path)),
    claims: &mut Vec<Claim>,
) {
    let base = a.base;
    let range = |path, value: Value| {
        let distance = Value { base: Base::None, ..value };
        let (lo, hi) = machine.facts.range(machine.sure(path), &machine.symbols, distance)?;
        Some((u64::try_from(lo).ok()?, u64::try_from(hi).ok()?))
    };
    let Some((a, b)) = range(at_a, a).zip(range(at_b, b)).filter(|_| !base.by_symbol()) else {
        return;
    };
    let (_, hi) = widened(a, b, changes);
    let (hi, most) =
        if carry == Carry::Everything { (hi, u64::MAX - 1) } else { (hi.max(WORD), WORD) };
    if hi > most {
        return;
    }
    if base == Base::None {
        claims.push(Claim::Number { at, hi });
    } else if matches!(base, Base::Memory(_)) {
        let name = Name::Of(at);
        claims.push(Claim::Holds { at, base, name, shift: 0, add: 0 });
        claims.push(Claim::Range { name, lo: 0, hi });
    }
}

/// Two values of one location: what their group is called (the symbols, the distance of
/// the constants), and whether its symbol is the old one rather than the owner's whole number.
fn pair(a: Value, b: Value) -> Option<(Key, bool)> {
    if a.base.by_symbol() {
        return (a.add == b.add).then_some(((a.sym, b.sym, 0), true));
    }
    let delta = b.add.wrapping_sub(a.add);
    let zeros = (a.sym == Sym::ZERO, b.sym == Sym::ZERO);
    if delta == 0 && zeros == (false, false) && a.shift == b.shift {
        return Some(((a.sym, b.sym, 0), true));
    }
    let flat = (zeros.0 || a.shift == 0) && (zeros.1 || b.shift == 0);
    flat.then_some(((a.sym, b.sym, delta), false))
}
