//! The guide that looks for claims.

use super::Related;
use super::hints::{Hint, Hints};
use super::live::Live;
use prova_check::MemoryShape;
use prova_check::x64::{Class, Instructions};
use prova_equal::words::{Head, Node, Word};
use prova_equal::{
    Cause, Claim, Core, Expr, Flags, Guide, Leader, Place, Refusal, Relation, State,
};
use prova_ssa::{Def, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Conditions that are proposed at a leader at most.
const KNOWN_MAX: usize = 24;
/// Depth of terms that are proposed.
const DEPTH_MAX: u32 = 8;
/// Extensions that are proposed for one number.
const EXTENSIONS_MAX: usize = 4;
/// Candidates of one place.
const CANDIDATES_MAX: usize = 24;

/// Steps of rewriting, and values that are looked at, count as this power of 2 to a term.
const PARTS_OF_TERM: u32 = 3;

/// A guess of a place's content.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    bits: u8,
    extended: bool,
    expr: Expr,
}

/// A place in the body: block, instruction, traps passed.
type At = (u32, u32, u32);

/// A place in the body, the next one, whether ways differ in that, and whether a jump or a load
/// leads there.
type Way = (At, Option<At>, bool, bool);

/// Places in the body that one way comes by at most.
const WAYS_MAX: usize = 24;

/// Values that may be equal, the one that stands for them first, with whether each is no operator
/// without effects; and the number that they may be.
type Equals = (Vec<(u32, bool)>, Option<(u8, u128)>);

/// Values by what they are in a state.
struct Inverse {
    values: HashMap<Word, Vec<Value>>,
    /// By width and atoms, the value that is a number more than these, and the number.
    sums: HashMap<Sum, (Value, u128)>,
}

/// The width of a sum, and its atoms with their factors.
type Sum = (u8, Vec<(Word, u128)>);

impl Inverse {
    fn new(core: &Core<'_>, values: HashMap<Word, Vec<Value>>) -> Inverse {
        let mut sums: HashMap<Sum, (Value, u128)> = HashMap::new();
        for (&word, values) in &values {
            let (Some(&value), parts) = (values.first(), core.words.parts(word)) else { continue };
            if parts.atoms.is_empty() {
                continue;
            }
            // The first value counts in any order of the words.
            let sum = sums.entry((core.words.bits(word), parts.atoms));
            let sum = sum.or_insert((value, parts.number));
            if value < sum.0 {
                *sum = (value, parts.number);
            }
        }
        Inverse { values, sums }
    }
}

/// The guesses about a leader.
#[derive(Clone, Debug, Default)]
struct Guess {
    place: Option<At>,
    /// The places in the body that all ways come by, in order.
    ways: Vec<Way>,
    places: BTreeMap<Place, Vec<Candidate>>,
    /// Values that may be equal, and the number that they may be.
    classes: Vec<Equals>,
    /// Values that are no operators without effects.
    leaves: BTreeSet<u32>,
    known: Vec<(Expr, bool)>,
    /// The flags.
    flags: Option<Claim>,
}

/// Looks for claims.
pub(crate) struct Finder<'f> {
    live: &'f Live,
    /// Places in the body that the code comes to next behind its offsets.
    hints: Hints,
    leaders: BTreeSet<u32>,
    guesses: BTreeMap<u32, Guess>,
    changed: bool,
    /// Whether a leader moved in the body, or is new.
    moved: bool,
    /// Leaders that moved, by the ways that came so far.
    fixed: BTreeSet<u32>,
    /// Leaders that stand where the body waits, though more is decided there.
    waits: BTreeMap<u32, BTreeSet<At>>,
    /// Terms that this iteration may take.
    terms: usize,
    /// Needed values that this iteration has looked at.
    looked: usize,
}

impl<'f> Finder<'f> {
    pub(crate) fn new(live: &'f Live, hints: Hints, code: &Related<'_>) -> Finder<'f> {
        let leaders = merges(code);
        Finder {
            live,
            hints,
            leaders,
            guesses: BTreeMap::new(),
            changed: false,
            moved: false,
            fixed: BTreeSet::new(),
            waits: BTreeMap::new(),
            terms: 0,
            looked: 0,
        }
    }

    pub(crate) fn begins(&mut self, terms: usize) {
        (self.terms, self.looked) = (terms, 0);
        if self.moved {
            // Those that never moved may have stood behind one that did.
            for (at, guess) in &mut self.guesses {
                let kept = self.fixed.contains(at);
                let ways = if kept { std::mem::take(&mut guess.ways) } else { Vec::new() };
                *guess = Guess { ways, ..Guess::default() };
            }
        }
        (self.changed, self.moved) = (false, false);
    }

    /// The terms that this iteration has taken; steps of rewriting and values that were looked at
    /// are parts of one.
    pub(crate) fn taken(&self, core: &Core<'_>) -> usize {
        let parts = usize::try_from(core.words.steps()).unwrap_or(usize::MAX);
        let parts = parts.saturating_add(self.looked) >> PARTS_OF_TERM;
        core.words.count().saturating_add(parts)
    }

    pub(crate) fn has_changed(&self) -> bool {
        self.changed
    }

    /// Two ways to a leader have no place in common, since one comes from a leader that stands
    /// behind the places of the other: that leader is to wait at one of these.
    fn wait(&mut self, one: &[At], other: &[At]) {
        for (from, to) in [(one, other), (other, one)] {
            let Some(&first) = from.first() else { continue };
            for (&at, guess) in &self.guesses {
                let all = guess.ways.iter().map(|(place, ..)| *place);
                let places: BTreeSet<At> = all.filter(|place| to.contains(place)).collect();
                if guess.place != Some(first) || places.is_empty() || places.contains(&first) {
                    continue;
                }
                let waits = self.waits.entry(at).or_default();
                if !places.is_subset(waits) {
                    waits.extend(places);
                    (self.changed, self.moved) = (true, true);
                    self.fixed.insert(at);
                }
            }
        }
    }

    /// The relation of all guesses that are left.
    pub(crate) fn relation(&self) -> Relation {
        let leaders = self.leaders.iter().filter_map(|&at| {
            let guess = self.guesses.get(&at)?;
            Some((at, guess.leader()?))
        });
        Relation { leaders: leaders.collect() }
    }

    /// The needed values by what they are in a state; those of the block's own come first.
    fn needed(&mut self, core: &mut Core<'_>, state: &State, here: bool) -> Inverse {
        let mut inverse: HashMap<Word, Vec<Value>> = HashMap::new();
        let values = self.live.at(core.body, state.block, state.at);
        self.looked = self.looked.saturating_add(values.len());
        for value in values {
            if is_constant(core, value) {
                continue;
            }
            if let Ok(word) = core.value(state, value) {
                inverse.entry(word).or_default().push(value);
                // What it is here, where a choice is decided.
                let under = if here { core.words.under(&state.known, word) } else { word };
                if under != word {
                    inverse.entry(under).or_default().push(value);
                }
            }
        }
        if core.layout.config().metering.fuel
            && let Ok(word) = core.value(state, core.fuel())
        {
            inverse.entry(word).or_default().push(core.fuel());
        }
        let own: BTreeSet<u32> = {
            let block = core.body.block(prova_ssa::Block::from_u32(state.block));
            block.params().map(|value| value.as_u32()).collect()
        };
        for values in inverse.values_mut() {
            values.sort_by_key(|&value| {
                (!own.contains(&value.as_u32()), !is_leaf(core, value), value.as_u32())
            });
        }
        Inverse::new(core, inverse)
    }

    /// Everything that may be claimed where a state comes first.
    fn propose(&mut self, core: &mut Core<'_>, state: &State) -> Guess {
        let inverse = self.needed(core, state, true);
        let mut places = BTreeMap::new();
        let registers = (0..16).map(Place::Register).chain((0..16).map(Place::Vector));
        let stack = state.stack.keys().map(|&at| Place::Stack(at));
        let all: Vec<Place> = registers.chain(stack).collect();
        for place in all {
            let found = candidates(core, state, place, &inverse);
            if !found.is_empty() {
                places.insert(place, found);
            }
        }
        let mut known = Vec::new();
        for &(condition, holds) in state.known.iter().rev() {
            if known.len() < KNOWN_MAX
                && let Some(expr) = expression(core, state, condition, &inverse, 0)
            {
                known.push((expr, holds));
            }
        }
        let mut classes = Vec::new();
        for (&word, values) in &inverse.values {
            let Node { op, bits, n, .. } = core.words.get(word);
            let number = (op == Head::Const).then_some((bits, n));
            let (leaves, others): (Vec<Value>, Vec<Value>) =
                values.iter().partition(|&&value| is_leaf(core, value));
            if leaves.is_empty() {
                continue;
            }
            let free = others.into_iter().filter(|&value| !needs(core, value, &leaves));
            let mut class: Vec<(u32, bool)> = free.map(|value| (value.as_u32(), false)).collect();
            class.extend(leaves.iter().map(|value| (value.as_u32(), true)));
            if class.len() + usize::from(number.is_some()) > 1 {
                classes.push((class, number));
            }
        }
        classes.sort();
        let all = inverse.values.values().flatten();
        let leaves = all.filter(|&&value| is_leaf(core, value)).map(|value| value.as_u32());
        let leaves = leaves.collect();
        let place = Some((state.block, state.at, state.passed));
        let flags = match state.flags {
            Flags::Float(a, b) => Some((true, a, b)),
            Flags::Sub(a, b) => Some((false, a, b)),
            _ => None,
        };
        // What is known here need not be known on another way, on which the flags are as right.
        let inverse = if flags.is_some() { self.needed(core, state, false) } else { inverse };
        let flags = flags.and_then(|(floats, a, b)| {
            let a = expression(core, state, a, &inverse, 0)?;
            let b = expression(core, state, b, &inverse, 0)?;
            Some(Claim::Compared { floats, words: Box::new((a, b)) })
        });
        Guess { place, ways: Vec::new(), places, classes, leaves, known, flags }
    }
}

impl Guess {
    /// The leader with what is not dropped.
    fn leader(&self) -> Option<Leader> {
        let (block, at, passed) = self.place?;
        let mut is = BTreeMap::new();
        let all = self.classes.iter().flat_map(|(values, _)| values);
        let leaves: BTreeSet<u32> =
            all.filter(|(_, leaf)| *leaf).map(|(value, _)| *value).collect();
        for (values, number) in &self.classes {
            let expr = match (number, values.first()) {
                (Some((bits, n)), _) => Expr::Term(Head::Const, *bits, *n, Box::new([])),
                (None, Some(&(first, _))) => Expr::Value(first),
                (None, None) => continue,
            };
            let others = values.iter().filter(|(value, leaf)| *leaf && expr != Expr::Value(*value));
            is.extend(others.map(|&(value, _)| (value, expr.clone())));
        }
        let mut claims = Vec::new();
        for (&place, found) in &self.places {
            is.extend(self.lower(found, &is));
            if let Some(first) = found.first() {
                let Candidate { bits, extended, expr } = first.clone();
                let expr = match &expr {
                    Expr::Value(value) => is.get(value).cloned().unwrap_or(expr),
                    Expr::Term(..) => expr,
                };
                claims.push(Claim::Holds { place, bits, extended, expr });
            }
        }
        // Those that are made of nothing else come first: the others are evaluated over them.
        let simple = |expr: &Expr| match expr {
            Expr::Value(value) => leaves.contains(value),
            Expr::Term(..) => true,
        };
        let (first, rest): (Vec<_>, Vec<_>) = is.into_iter().partition(|(_, expr)| simple(expr));
        let is = first.into_iter().chain(rest);
        claims.extend(is.map(|(value, expr)| Claim::Is { value, expr }));
        let known = self.known.iter().map(|(expr, holds)| Claim::Known(expr.clone(), *holds));
        claims.extend(known);
        claims.extend(self.flags.clone());
        Some(Leader { block, at, passed, claims })
    }
}

impl Guess {
    /// Of a place that holds a wide value and a narrow one on all ways, the narrow one is the lower
    /// half of the wide one.
    fn lower(&self, found: &[Candidate], is: &BTreeMap<u32, Expr>) -> Vec<(u32, Expr)> {
        let Some(Candidate { bits: 64, expr: Expr::Value(wide), .. }) = found.first() else {
            return Vec::new();
        };
        if !self.leaves.contains(wide) || is.contains_key(wide) {
            return Vec::new();
        }
        let narrow = found.iter().filter_map(|candidate| match candidate.expr {
            Expr::Value(value) if candidate.bits == 32 => Some(value),
            _ => None,
        });
        let narrow = narrow.filter(|value| self.leaves.contains(value) && !is.contains_key(value));
        let part = Expr::Term(Head::Slice, 32, 0, Box::new([Expr::Value(*wide)]));
        narrow.map(|value| (value, part.clone())).collect()
    }

    /// A way comes by these places.
    fn comes(&mut self, core: &Core<'_>, ways: &[(At, State)], back: bool) {
        let next = |i: usize| ways.get(i + 1).map(|(place, _)| *place);
        if self.ways.is_empty() {
            let way = |(i, (at, state)): (usize, &(At, State))| {
                (*at, next(i), false, core.goes_on(state))
            };
            self.ways = ways.iter().enumerate().map(way).collect();
            return;
        }
        let common = |(at, to, apart, on): &Way| {
            let i = ways.iter().position(|(other, _)| other == at)?;
            Some((*at, *to, *apart || *to != next(i), *on))
        };
        let mut found: Vec<Way> = self.ways.iter().filter_map(common).collect();
        if back {
            // A way back comes to the head of the body's loop at its end: what a first way passes
            // behind that is of a round.
            found.sort_by_key(|(at, ..)| ways.iter().position(|(other, _)| other == at));
        }
        if !found.is_empty() {
            self.ways = found;
        }
    }

    /// The last place; before jumps and loads that all ways pass to it, since code may do these,
    /// and what belongs to them, behind the place where the ways meet.
    fn chosen(&self, (hints, rows): (&[Hint], bool), waits: Option<&BTreeSet<At>>) -> Option<At> {
        let place = |hint: &Hint| {
            let is = |(at, ..): &Way| (at.0, at.1) == (hint.block, hint.at);
            let mut ways = self.ways.iter();
            if hint.acts { ways.rposition(is) } else { ways.position(is) }
        };
        let hinted = hints.iter().find_map(|hint| Some((place(hint)?, hint.later)));
        if let (Some((place, false)), true) = (hinted, rows) {
            return self.ways.get(place).map(|(at, ..)| *at);
        }
        let waiting = |(at, ..): &Way| waits.is_some_and(|waits| waits.contains(at));
        let waits = self.ways.iter().rposition(waiting);
        let later = hinted.map(|(place, _)| place);
        let mut last = waits.or(later).or(self.ways.len().checked_sub(1))?;
        while let Some(before) = last.checked_sub(1)
            && let (_, Some(to), false, true) = self.ways[before]
            && to == self.ways[last].0
        {
            last = before;
        }
        self.ways.get(last).map(|(at, ..)| *at)
    }

    /// Drops what a state does not show; whether something was.
    fn weaken(&mut self, core: &mut Core<'_>, state: &State) -> bool {
        let mut dropped = false;
        for (&place, found) in &mut self.places {
            let before = found.len();
            found.retain_mut(|candidate| {
                let Candidate { bits, extended, expr } = candidate.clone();
                let holds = Claim::Holds { place, bits, extended, expr: expr.clone() };
                if core.shows(state, &holds).is_ok() {
                    return true;
                }
                // An upper half may be anything on one way.
                let holds = Claim::Holds { place, bits, extended: false, expr };
                candidate.extended = false;
                dropped |= extended;
                extended && core.shows(state, &holds).is_ok()
            });
            dropped |= found.len() != before;
        }
        dropped |= split(core, state, &mut self.classes);
        let before = self.known.len();
        self.known
            .retain(|(expr, holds)| core.shows(state, &Claim::Known(expr.clone(), *holds)).is_ok());
        if self.flags.as_ref().is_some_and(|claim| core.shows(state, claim).is_err()) {
            (self.flags, dropped) = (None, true);
        }
        dropped || self.known.len() != before
    }
}

/// The places in the body that a state may stand at, with the state there; on a way back, behind a
/// step.
fn ways(core: &mut Core<'_>, state: &State, back: bool) -> Vec<(At, State)> {
    let mut found = Vec::new();
    let mut state = state.clone();
    while found.len() < WAYS_MAX {
        let at = (state.block, state.at, state.passed);
        // A round of a loop that is decided is the code's.
        if found.iter().any(|(other, _)| *other == at) {
            break;
        }
        if state.entered && (state.moved || !back) {
            found.push((at, state.clone()));
        }
        let block = state.block;
        // Code that goes on does not begin a round of a loop, even if what is guessed decides it.
        let goes = core.skip(&mut state).unwrap_or(false);
        if !goes || (!back && state.block < block) {
            break;
        }
    }
    found
}

/// Whether a value is no operator without effects.
fn is_leaf(core: &Core<'_>, value: Value) -> bool {
    !core.is_computed(value)
}

/// Whether a value is a number by what it is.
fn is_constant(core: &Core<'_>, value: Value) -> bool {
    let Def::Result(inst, _) = core.body.value(value).def else { return false };
    core.body.operands(core.body.inst(inst).args).is_empty() && !is_leaf(core, value)
}

/// Whether a value is computed from one of some.
fn needs(core: &Core<'_>, value: Value, of: &[Value]) -> bool {
    let mut open = vec![value];
    let mut seen = BTreeSet::new();
    while let Some(value) = open.pop() {
        if of.contains(&value) {
            return true;
        }
        if let Def::Result(inst, _) = core.body.value(value).def
            && !is_leaf(core, value)
            && seen.insert(value.as_u32())
        {
            open.extend(core.body.operands(core.body.inst(inst).args));
        }
    }
    false
}

/// Divides classes by what their values are in a state; whether that changed one.
fn split(core: &mut Core<'_>, state: &State, classes: &mut Vec<Equals>) -> bool {
    let mut made = Vec::new();
    for (values, number) in classes.iter() {
        let mut parts: Vec<(Word, Vec<(u32, bool)>)> = Vec::new();
        for &value in values {
            let Ok(word) = core.value(state, Value::from_u32(value.0)) else { continue };
            let word = core.words.under(&state.known, word);
            match parts.iter_mut().find(|(other, _)| *other == word) {
                Some((_, list)) => list.push(value),
                None => parts.push((word, vec![value])),
            }
        }
        for (word, list) in parts {
            let number = number.filter(|&(_, n)| core.words.number(word) == Some(n));
            let any = list.iter().any(|(_, leaf)| *leaf);
            if any && list.len() + usize::from(number.is_some()) > 1 {
                made.push((list, number));
            }
        }
    }
    let changed = made != *classes;
    *classes = made;
    changed
}

/// The low bits of a place, and whether they are all that is in it.
fn held(core: &mut Core<'_>, state: &State, place: Place, bits: u8) -> (Word, bool) {
    let (low, whole) = core.held(state, place, bits);
    let width = core.words.bits(whole);
    (low, core.words.zext(low, width) == whole && width > bits)
}

/// The candidates of a place.
fn candidates(
    core: &mut Core<'_>,
    state: &State,
    place: Place,
    inverse: &Inverse,
) -> Vec<Candidate> {
    let widths: &[u8] = match place {
        Place::Register(_) => &[64, 32],
        Place::Vector(_) => &[128, 64, 32],
        Place::Stack(at) => match state.stack.get(&at).map(|&word| core.words.bits(word)) {
            Some(64) => &[64, 32],
            Some(32) => &[32],
            Some(128) => &[128, 64, 32],
            _ => &[],
        },
    };
    let mut found = Vec::new();
    // A stack word has no upper half that a claim could speak of: the whole is an extension.
    let wide = extensions(core, state, place, (widths, inverse));
    let (numbers, others): (Vec<_>, Vec<_>) = wide.into_iter().partition(|(_, number)| *number);
    found.extend(others.into_iter().map(|(candidate, _)| candidate));
    for &bits in widths {
        let (low, extended) = held(core, state, place, bits);
        for value in inverse.values.get(&low).into_iter().flatten() {
            let expr = Expr::Value(value.as_u32());
            found.push(Candidate { bits, extended, expr });
        }
        if let Node { op: Head::Const, n, .. } = core.words.get(low) {
            // Of a number the whole is claimed, or its part.
            if found.iter().all(|other| other.bits == bits || other.bits == 128) {
                let expr = Expr::Term(Head::Const, bits, n, Box::new([]));
                found.push(Candidate { bits, extended, expr });
                // What is a number on one way may be an extension on others.
                let wide = numbers.iter().filter(|(candidate, _)| candidate.bits == bits);
                let wide = wide.take(EXTENSIONS_MAX);
                found.extend(wide.map(|(candidate, _)| candidate.clone()));
            }
        }
    }
    // Of a vector all of it comes first; its parts are kept for ways on which they alone agree.
    if widths.first() == Some(&128) && found.iter().all(|other| other.bits != 128) {
        let (whole, extended) = held(core, state, place, 128);
        if let Some(expr) = expression(core, state, whole, inverse, 0) {
            found.insert(0, Candidate { bits: 128, extended, expr });
        }
    }
    if found.iter().all(|other| other.bits == 128) {
        for &bits in widths.iter().filter(|&&bits| bits != 128) {
            let (low, extended) = held(core, state, place, bits);
            if let Some(expr) = expression(core, state, low, inverse, 0) {
                found.push(Candidate { bits, extended, expr });
                break;
            }
        }
    }
    found.truncate(CANDIDATES_MAX);
    found.extend(parts(core, state, place, inverse));
    found
}

/// Values that a stack word is the extension of, each with whether the word is a number: it has no
/// upper half that a claim could speak of.
fn extensions(
    core: &mut Core<'_>,
    state: &State,
    place: Place,
    (widths, inverse): (&[u8], &Inverse),
) -> Vec<(Candidate, bool)> {
    let mut found = Vec::new();
    let Place::Stack(at) = place else { return found };
    let Some(&whole) = state.stack.get(&at) else { return found };
    let bits = core.words.bits(whole);
    for &width in widths.iter().filter(|&&width| width < bits) {
        let low = core.words.slice(whole, 0, width);
        if core.words.zext(low, bits) != whole {
            continue;
        }
        let number = core.words.number(low).is_some();
        for value in inverse.values.get(&low).into_iter().flatten() {
            let operand = Box::new([Expr::Value(value.as_u32())]);
            let expr = Expr::Term(Head::Zext, bits, 0, operand);
            found.push((Candidate { bits, extended: false, expr }, number));
        }
    }
    found
}

/// Values of one or two bytes, of which a place may have no more than these: above them is what was
/// there when they were written.
fn parts(core: &mut Core<'_>, state: &State, place: Place, inverse: &Inverse) -> Vec<Candidate> {
    let mut found = Vec::new();
    if matches!(place, Place::Vector(_)) {
        return found;
    }
    for bits in [16, 8] {
        let (low, _) = core.held(state, place, bits);
        let wide = [
            core.words.zext(low, 32),
            core.words.sext(low, 32),
            core.words.zext(low, 64),
            core.words.sext(low, 64),
        ];
        let mut values = wide.iter().filter_map(|wide| inverse.values.get(wide)?.first());
        if let Some(value) = values.next() {
            let operands = Box::new([Expr::Value(value.as_u32())]);
            let expr = Expr::Term(Head::Slice, bits, 0, operands);
            found.push(Candidate { bits, extended: false, expr });
        }
    }
    found
}

/// A term as an expression over values.
fn expression(
    core: &Core<'_>,
    state: &State,
    word: Word,
    inverse: &Inverse,
    depth: u32,
) -> Option<Expr> {
    if let Some(value) = inverse.values.get(&word).and_then(|values| values.first()) {
        return Some(Expr::Value(value.as_u32()));
    }
    // A place in the frame or the context, at a distance that no value happens to be.
    if let [(atom, 1)] = *core.words.parts(word).atoms.as_slice()
        && core.words.bits(word) == 64
        && let Node { op: Head::Fixed, n, .. } = core.words.get(atom)
    {
        let fixed = Expr::Term(Head::Fixed, 64, n, Box::new([]));
        let distance = core.words.parts(word).number;
        if distance == 0 {
            return Some(fixed);
        }
        let distance = Expr::Term(Head::Const, 64, distance, Box::new([]));
        return Some(Expr::Term(Head::Sum, 64, 1, Box::new([fixed, distance])));
    }
    if let Some(expr) = shifted(core, word, inverse) {
        return Some(expr);
    }
    let Node { op, bits, args, n } = core.words.get(word);
    if depth > DEPTH_MAX || matches!(op, Head::Value | Head::Unknown | Head::Store) {
        return None;
    }
    let mut operands: Vec<Word> = args.to_vec();
    while operands.last().is_some_and(|&last| core.words.is_none(last)) {
        operands.pop();
    }
    let mut n = n;
    if op == Head::Load {
        let region = state.versions.iter().position(|version| *version == operands[0])?;
        n = region as u128;
        operands.remove(0);
    }
    let operands: Option<Vec<Expr>> = operands
        .into_iter()
        .map(|operand| expression(core, state, operand, inverse, depth + 1))
        .collect();
    Some(Expr::Term(op, bits, n, operands?.into_boxed_slice()))
}

/// A term that is a value and a number.
fn shifted(core: &Core<'_>, word: Word, inverse: &Inverse) -> Option<Expr> {
    let (parts, bits) = (core.words.parts(word), core.words.bits(word));
    if parts.atoms.is_empty() || !(32..=64).contains(&bits) {
        return None;
    }
    let &(value, number) = inverse.sums.get(&(bits, parts.atoms))?;
    let n = parts.number.wrapping_sub(number);
    let n = if bits == 64 { n & u128::from(u64::MAX) } else { n & u128::from(u32::MAX) };
    let number = Expr::Term(Head::Const, bits, n, Box::new([]));
    let operands = Box::new([Expr::Value(value.as_u32()), number]);
    Some(Expr::Term(Head::Sum, bits, 1, operands))
}

impl Guide for Finder<'_> {
    fn is_leader(&self, at: u32) -> bool {
        self.leaders.contains(&at)
    }

    fn begin(&mut self, core: &mut Core<'_>, at: u32) -> Result<Option<State>, Refusal> {
        match self.guesses.get(&at).and_then(Guess::leader) {
            Some(leader) => core.begin(&leader).map(Some),
            None => Ok(None),
        }
    }

    fn edge(
        &mut self,
        core: &mut Core<'_>,
        state: State,
        (at, back): (u32, bool),
    ) -> Result<bool, Refusal> {
        if self.taken(core) > self.terms {
            let (cause, what) = (Cause::Limit, "terms of a search");
            return Err(Refusal { cause, what, demanded: None, found: None });
        }
        let ways = ways(core, &state, back);
        let moved = ways.iter().any(|(_, state)| state.moved);
        let mut guess = self.guesses.remove(&at).unwrap_or_default();
        // Without rows of accesses nobody sees what the code loads next.
        let config = core.layout.config();
        let rows = config.signals && config.memory != MemoryShape::Explicit;
        let hints = (self.hints.get(&at).map(Vec::as_slice).unwrap_or_default(), rows);
        let waits = self.waits.get(&at);
        let before = guess.chosen(hints, waits);
        guess.comes(core, &ways, back);
        let chosen = guess.chosen(hints, waits);
        let found = ways.iter().position(|(place, _)| Some(*place) == chosen);
        let Some(state) = found.map(|i| ways[i].1.clone()) else {
            // No place in the body is common to all ways; the check says so.
            let coming: Vec<At> = ways.iter().map(|(place, _)| *place).collect();
            let known: Vec<At> = guess.ways.iter().map(|(place, ..)| *place).collect();
            self.wait(&known, &coming);
            self.guesses.insert(at, guess);
            return Ok(moved);
        };
        // Behind a leader that moves, everything was guessed of other states.
        if before.is_some() && before != chosen {
            self.moved = true;
            self.fixed.insert(at);
        }
        if guess.place != chosen {
            let ways = std::mem::take(&mut guess.ways);
            guess = Guess { ways, ..self.propose(core, &state) };
            self.changed = true;
        } else {
            self.changed |= guess.weaken(core, &state);
        }
        self.guesses.insert(at, guess);
        Ok(moved)
    }

    fn merges(&mut self, at: u32) {
        let new = self.leaders.insert(at);
        self.changed |= new;
        self.moved |= new;
    }

    fn refused(&mut self, _: &Core<'_>, refusal: &Refusal, _: u32) -> bool {
        refusal.cause != Cause::Limit
    }
}

/// Offsets to which several ways lead, or one from behind.
fn merges(code: &Related<'_>) -> BTreeSet<u32> {
    let mut insns = Instructions::new(code.bytes);
    let mut ways: BTreeMap<u32, u32> = BTreeMap::new();
    let mut found = BTreeSet::new();
    let mut at = 0;
    let mut falls = true;
    let mut ends: Vec<(u32, bool)> = Vec::new();
    while (at as usize) < code.bytes.len() {
        if let Some(&(_, end)) = code.data.iter().find(|(start, end)| (*start..*end).contains(&at))
        {
            (at, falls) = (end, false);
            continue;
        }
        let Ok(insn) = insns.at(at) else { break };
        ends.push((at, falls));
        let jumps = insn.class == Class::Jump;
        if jumps || matches!(insn.class, Class::Branch(_)) {
            let target = insn.target();
            *ways.entry(target).or_default() += 1;
            if target <= at {
                found.insert(target);
            }
        }
        falls = !jumps && !matches!(insn.class, Class::JumpTo | Class::Return | Class::Trap);
        at = insn.end();
    }
    for (at, falls) in ends {
        if ways.get(&at).copied().unwrap_or(0) + u32::from(falls) > 1 {
            found.insert(at);
        }
    }
    // An entry of the function that is jumped to is no leader: nobody can claim what it needs.
    found
}
