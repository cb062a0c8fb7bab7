//! The content of a place in a state → what may be claimed of it.
//!
//! Candidates of a place stand in order: those that say most come first, and the first one that
//! every way shows is claimed. Words are named by values of the body that are these (`Inverse`),
//! numbers by themselves, and others by terms over both.
//!
//! Limits: [`CANDIDATES_MAX`], [`DEPTH_MAX`].

use super::values::is_operator_of;
use prova_equal::words::{Atoms, Head, Node, Word};
use prova_equal::{Core, Expr, Place, State};
use prova_ssa::Value;
use prova_terms::hash::Key;
use std::cell::OnceCell;
use std::collections::HashMap;

/// Depth of terms that are proposed.
const DEPTH_MAX: u32 = 8;
/// Extensions that are proposed for one number.
const EXTENSIONS_MAX: usize = 4;
/// Candidates of one place.
const CANDIDATES_MAX: usize = 24;

/// A guess of a place's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) bits: u8,
    pub(super) extended: bool,
    pub(super) expr: Expr,
}

impl Candidate {
    /// The value that the place is taken for, or for the extension of, if that is asked.
    pub(super) fn value(&self, extended: bool) -> Option<u32> {
        match &self.expr {
            Expr::Value(value) => Some(*value),
            Expr::Term(Head::Zext, _, _, operands) if extended => match operands.first() {
                Some(Expr::Value(value)) => Some(*value),
                _ => None,
            },
            Expr::Term(..) => None,
        }
    }
}

/// Values by what they are in a state.
pub(super) struct Inverse {
    pub(super) values: Values,
    /// By width and atoms, the value that is a number more than these, and the number; made when
    /// it is asked for.
    sums: OnceCell<HashMap<Sum, (Value, u128), Key>>,
    /// By words, the value that the body makes and that is their extension.
    narrow: OnceCell<HashMap<Word, Value, Key>>,
    /// Whether these name the words.
    pub(super) by_extensions: bool,
}

/// Values by words; the first one names a word.
pub(super) type Values = HashMap<Word, Vec<Value>, Key>;

/// The width of a sum, and its atoms with their factors.
type Sum = (u8, Atoms);

impl Inverse {
    pub(super) fn new(values: Values, by_extensions: bool) -> Inverse {
        Inverse { values, sums: OnceCell::new(), narrow: OnceCell::new(), by_extensions }
    }

    fn sums(&self, core: &Core<'_>) -> &HashMap<Sum, (Value, u128), Key> {
        self.sums.get_or_init(|| sums(core, &self.values))
    }

    fn narrow(&self, core: &Core<'_>) -> &HashMap<Word, Value, Key> {
        self.narrow.get_or_init(|| match self.by_extensions {
            true => narrow(core, &self.values),
            false => HashMap::default(),
        })
    }
}

fn narrow(core: &Core<'_>, values: &Values) -> HashMap<Word, Value, Key> {
    let mut found: HashMap<Word, Value, Key> = HashMap::default();
    for (&word, values) in values {
        let Node { op: Head::Zext | Head::Sext, args: [inner, ..], .. } = core.words.get(word)
        else {
            continue;
        };
        let mut leaves = values.iter().filter(|&&value| !core.is_computed(value));
        let Some(&value) = leaves.next() else { continue };
        let known = found.entry(inner).or_insert(value);
        *known = value.min(*known);
    }
    found
}

fn sums(core: &Core<'_>, values: &Values) -> HashMap<Sum, (Value, u128), Key> {
    let mut sums: HashMap<Sum, (Value, u128), Key> = HashMap::default();
    for (&word, values) in values {
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
    sums
}

/// The low bits of a place, and whether they are all that is in it.
fn held(core: &mut Core<'_>, state: &State, place: Place, bits: u8) -> (Word, bool) {
    let (low, whole) = core.held(state, place, bits);
    let width = core.words.bits(whole);
    (low, core.words.zext(low, width) == whole && width > bits)
}

/// The word in a place, unless no value can be it: most registers hold a word that nothing is known
/// of and of which nobody takes a part.
fn named(core: &Core<'_>, state: &State, place: Place, inverse: &Inverse) -> Option<Word> {
    let whole = match place {
        Place::Register(r) => state.reg(r),
        Place::Vector(r) => state.vector(r),
        Place::Stack(at) => *state.stack.get(&at)?,
    };
    let node = core.words.get(whole);
    let mut widths = [8, 16, 32, 64].into_iter().filter(|&bits| bits < node.bits);
    let is_named = node.op != Head::Unknown
        || inverse.values.contains_key(&whole)
        || widths.any(|bits| core.words.taken(whole, bits).is_some());
    is_named.then_some(whole)
}

/// Candidates of a place that holds no value, but one where a condition decides what both are.
fn decided(
    core: &mut Core<'_>,
    state: &State,
    place: Place,
    (widths, inverse): (&[u8], &Inverse),
) -> Vec<Candidate> {
    let mut found = Vec::new();
    for &bits in widths.iter().filter(|&&bits| bits <= 64) {
        let (low, extended) = held(core, state, place, bits);
        let under = core.under(state, low);
        let values = inverse.values.get(&under).filter(|_| under != low);
        for value in values.into_iter().flatten() {
            let expr = Expr::Value(value.as_u32());
            found.push(Candidate { bits, extended, expr });
        }
    }
    found
}

/// The candidates of a place.
pub(super) fn candidates(
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
    let Some(whole) = named(core, state, place, inverse) else { return found };
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
    if found.is_empty() {
        found.extend(decided(core, state, place, (widths, inverse)));
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
    found.extend(parts(core, (place, whole), inverse));
    found
}

/// A word that is what memory holds, or that extended, as that.
pub(super) fn loaded(
    core: &Core<'_>,
    state: &State,
    word: Word,
    inverse: &Inverse,
) -> Option<Expr> {
    let Node { op, bits, args: [inner, ..], .. } = core.words.get(word);
    match op {
        Head::Load => operator(core, state, word, inverse, 0),
        Head::Zext | Head::Sext if core.words.get(inner).op == Head::Load => {
            let load = operator(core, state, inner, inverse, 0)?;
            Some(Expr::Term(op, bits, 0, Box::new([load])))
        }
        _ => None,
    }
}

/// The candidate of a place that it holds what memory does.
pub(super) fn loaded_place(
    core: &mut Core<'_>,
    state: &State,
    place: Place,
    inverse: &Inverse,
) -> Option<Candidate> {
    [64, 32].into_iter().find_map(|bits| {
        let (low, extended) = held(core, state, place, bits);
        let expr = loaded(core, state, low, inverse)?;
        Some(Candidate { bits, extended, expr })
    })
}

/// The candidate of a place as a term of 64 bits.
pub(super) fn whole(
    core: &mut Core<'_>,
    state: &State,
    place: Place,
    inverse: &Inverse,
) -> Option<Candidate> {
    let (low, extended) = held(core, state, place, 64);
    let expr = expression(core, state, low, inverse, 0)?;
    Some(Candidate { bits: 64, extended, expr })
}

/// The first candidate that is a value that the body makes, if the first of all is a wider one that
/// is computed.
pub(super) fn narrower(core: &Core<'_>, found: &[Candidate]) -> Option<usize> {
    let is_leaf = |candidate: &Candidate| match candidate.expr {
        Expr::Value(value) => !core.is_computed(Value::from_u32(value)),
        Expr::Term(..) => false,
    };
    let (first, leaf) = (found.first()?, found.iter().position(is_leaf)?);
    let (&Expr::Value(wide), Expr::Value(narrow)) = (&first.expr, &found[leaf].expr) else {
        return None;
    };
    // Of an extension, what ways do not share is dropped anyway.
    let extension = is_operator_of(core, Value::from_u32(wide), Value::from_u32(*narrow));
    (found[leaf].bits < first.bits && !extension).then_some(leaf)
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
fn parts(core: &mut Core<'_>, (place, whole): (Place, Word), inverse: &Inverse) -> Vec<Candidate> {
    let mut found = Vec::new();
    if matches!(place, Place::Vector(_)) {
        return found;
    }
    for bits in [16, 8] {
        if core.words.bits(whole) < bits {
            continue;
        }
        // Of an atom some operator has taken the part, or none needs it.
        let low = match core.words.taken(whole, bits) {
            Some(low) => low,
            None if is_atom(core, whole) => continue,
            None => core.words.slice(whole, 0, bits),
        };
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

/// Whether parts of a word, or of an extension of it, are no operators of parts.
fn is_atom(core: &Core<'_>, word: Word) -> bool {
    let Node { op, args: [inner, ..], .. } = core.words.get(word);
    match op {
        Head::Zext | Head::Sext => is_atom(core, inner),
        Head::Value | Head::Fixed | Head::Unknown | Head::Load | Head::Read => true,
        Head::Store | Head::Prim => true,
        Head::Const | Head::Sum | Head::Mul | Head::And | Head::Or | Head::Xor => false,
        Head::Shl | Head::Shr | Head::Sar | Head::Rotl | Head::Slice | Head::Cat => false,
        Head::Ite | Head::Zero | Head::Ult | Head::Slt => false,
    }
}

/// A term as an expression over values.
pub(super) fn expression(
    core: &Core<'_>,
    state: &State,
    word: Word,
    inverse: &Inverse,
    depth: u32,
) -> Option<Expr> {
    // A number inside of a term is that: what a value happens to be on one way says nothing of it.
    let inside = depth > 0 && core.words.number(word).is_some();
    if let Some(value) = inverse.values.get(&word).and_then(|values| values.first())
        && !inside
    {
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
    if let Some(value) = inverse.narrow(core).get(&word) {
        let operand = Box::new([Expr::Value(value.as_u32())]);
        return Some(Expr::Term(Head::Slice, core.words.bits(word), 0, operand));
    }
    operator(core, state, word, inverse, depth)
}

/// A term as its operator, of expressions over values.
pub(super) fn operator(
    core: &Core<'_>,
    state: &State,
    word: Word,
    inverse: &Inverse,
    depth: u32,
) -> Option<Expr> {
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
    let &(value, number) = inverse.sums(core).get(&(bits, parts.atoms))?;
    let n = parts.number.wrapping_sub(number);
    let n = if bits == 64 { n & u128::from(u64::MAX) } else { n & u128::from(u32::MAX) };
    let number = Expr::Term(Head::Const, bits, n, Box::new([]));
    let operands = Box::new([Expr::Value(value.as_u32()), number]);
    Some(Expr::Term(Head::Sum, bits, 1, operands))
}
