//! Two bodies that differ → an edit script of operators, and what kind of edit it is.
//!
//! Common ends are cut off, runs of four operators that are unique in both anchor the rest, and
//! Myers' algorithm aligns the operators between anchors. A gap of more than [`GAP_MAX`] is given
//! as replaced. So time is bounded by the length of the bodies times that constant.

use crate::numbers::shift::Shift;
use crate::pair::align::increasing;
use crate::pair::side::Side;
use crate::pair::token::{Item, Tok, Tokens};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Longest gap that is aligned, in operators of both sides.
const GAP_MAX: usize = 3000;

/// A body as ids of operators that both sides share.
struct Ids<'m> {
    ids: Vec<u32>,
    items: Vec<Item<'m>>,
}

/// An aligned stretch: ranges of operators of A and of B.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) equal: bool,
    pub(crate) a: std::ops::Range<usize>,
    pub(crate) b: std::ops::Range<usize>,
}

/// The edit script of two functions.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    pub(crate) stretches: Vec<Stretch>,
    /// Operators of A.
    pub(crate) ops: usize,
    pub(crate) removed: usize,
    pub(crate) inserted: usize,
    /// The one operator that was replaced.
    pub(crate) single: Option<Single>,
    /// Which operands differ, if the operators are the same ones in the same order.
    pub(crate) operands: Option<Operands>,
    /// The first definition of a type that changed, of those that operators of A name.
    pub(crate) types: Option<u32>,
    /// How often which field offset became which.
    pub(crate) fields: BTreeMap<(u64, u64), u32>,
}

/// Kinds of operands that differ, with the number of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Operands {
    /// Constants and offsets that may be addresses.
    pub(crate) addresses: u32,
    /// Small offsets of loads and stores: fields.
    pub(crate) fields: u32,
    pub(crate) constants: u32,
    pub(crate) callees: u32,
    pub(crate) locals: u32,
    pub(crate) globals: u32,
}

/// One operator in place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Single {
    /// Whether both are constants.
    pub(crate) constant: bool,
    /// Their places among the operators of their bodies.
    pub(crate) at: (usize, usize),
}

/// Aligns two defined functions.
pub(crate) fn edit(sides: (&Side<'_>, &Side<'_>), shift: &Shift, funcs: (u32, u32)) -> Edit {
    let mut interner: HashMap<Tok<'_>, u32> = HashMap::new();
    let b = ids(sides.1, funcs.1, |tok| intern(&mut interner, tok));
    let mut types = None;
    let a = ids(sides.0, funcs.0, |tok| {
        // A's types as they became, and its addresses as B has them, where they went one way only.
        let (typed, cause) = sides.0.types.token(tok);
        types = types.or(cause);
        let moved = shifted(sides.0, shift, typed);
        match interner.get(&moved) {
            Some(id) => *id,
            None => intern(&mut interner, tok),
        }
    });
    let mut fields = BTreeMap::new();
    let operands = operands(sides, shift, (&a, &b), &mut fields);
    let stretches = match operands {
        Some(_) => in_place(&a.ids, &b.ids),
        None => align(&a.ids, &b.ids, |cells| sides.0.spend(cells)),
    };
    let different = || stretches.iter().filter(|stretch| !stretch.equal);
    let removed = different().map(|stretch| stretch.a.len()).sum();
    let inserted = different().map(|stretch| stretch.b.len()).sum();
    let mut single = None;
    if (removed, inserted) == (1, 1) {
        let (at_a, at_b) = different().fold((0, 0), |(a, b), stretch| {
            (
                if stretch.a.is_empty() { a } else { stretch.a.start },
                if stretch.b.is_empty() { b } else { stretch.b.start },
            )
        });
        let is_constant = |item: &Item<'_>| match item.tok {
            Tok::I32(_) | Tok::I64(_) => true,
            Tok::Raw(raw) => matches!(raw[0], 0x43 | 0x44),
            _ => false,
        };
        let constant = is_constant(&a.items[at_a]) && is_constant(&b.items[at_b]);
        single = Some(Single { constant, at: (at_a, at_b) });
    }
    Edit { stretches, ops: a.ids.len(), removed, inserted, single, operands, types, fields }
}

/// Compares place by place; `None` if an operator differs by more than its operand.
fn operands(
    sides: (&Side<'_>, &Side<'_>),
    shift: &Shift,
    (a, b): (&Ids<'_>, &Ids<'_>),
    fields: &mut BTreeMap<(u64, u64), u32>,
) -> Option<Operands> {
    if a.ids.len() != b.ids.len() {
        return None;
    }
    let mut found = Operands::default();
    // Where nothing moved, another constant is an address only if both point to data.
    let points = |side: &Side<'_>, item: &Item<'_>, value: u64| {
        let addressed = shift.moves() || side.map.span_at(value).is_some();
        side.may_be_address(value) && addressed && !side.is_plain(item.offset..item.end)
    };
    for i in (0..a.ids.len()).filter(|i| a.ids[*i] != b.ids[*i]) {
        let is_address =
            |x: u64, y: u64| points(sides.0, &a.items[i], x) && points(sides.1, &b.items[i], y);
        let count = match (a.items[i].tok, b.items[i].tok) {
            (Tok::I32(x), Tok::I32(y)) if is_address(x as u32 as u64, y as u32 as u64) => {
                &mut found.addresses
            }
            (Tok::I32(_), Tok::I32(_)) | (Tok::I64(_), Tok::I64(_)) => &mut found.constants,
            (
                Tok::Mem { code: ca, align: la, memory: ma, lane: na, offset: x },
                Tok::Mem { code: cb, align: lb, memory: mb, lane: nb, offset: y },
            ) if (ca, la, ma, na) == (cb, lb, mb, nb) => {
                if is_address(x, y) {
                    &mut found.addresses
                } else {
                    *fields.entry((x, y)).or_default() += 1;
                    &mut found.fields
                }
            }
            (Tok::Func(x, _), Tok::Func(y, _)) if x == y => &mut found.callees,
            (Tok::Local(x, _), Tok::Local(y, _)) if x == y => &mut found.locals,
            (Tok::Global(x, _), Tok::Global(y, _)) if x == y => &mut found.globals,
            (Tok::Raw(x), Tok::Raw(y)) if x[0] == y[0] && matches!(x[0], 0x43 | 0x44) => {
                &mut found.constants
            }
            _ => return None,
        };
        *count += 1;
    }
    Some(found)
}

/// Stretches of bodies of one length, place by place.
fn in_place(a: &[u32], b: &[u32]) -> Vec<Stretch> {
    let mut out = Vec::new();
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        push(&mut out, x == y, i..i + 1, i..i + 1);
    }
    out
}

fn intern<'m>(interner: &mut HashMap<Tok<'m>, u32>, tok: Tok<'m>) -> u32 {
    let next = interner.len() as u32;
    *interner.entry(tok).or_insert(next)
}

fn ids<'m>(side: &'m Side<'m>, func: u32, mut id: impl FnMut(Tok<'m>) -> u32) -> Ids<'m> {
    let items: Vec<Item<'m>> = Tokens::new(side, func).into_iter().flatten().collect();
    Ids { ids: items.iter().map(|item| id(item.tok)).collect(), items }
}

/// The token with a moved address in its place.
fn shifted<'m>(side: &Side<'_>, shift: &Shift, tok: Tok<'m>) -> Tok<'m> {
    let to = |value: u64| {
        let behind = || shift.is_behind(value).then_some(shift.end_delta);
        let delta = shift.delta_at(value).or_else(behind);
        let delta = delta.filter(|_| side.may_be_address(value));
        value.wrapping_add_signed(delta.unwrap_or(0))
    };
    match tok {
        Tok::I32(value) => Tok::I32(to(u64::from(value as u32)) as i32),
        Tok::Mem { code, align, memory, lane, offset } => {
            Tok::Mem { code, align, memory, lane, offset: to(offset) }
        }
        tok => tok,
    }
}

/// Aligns two sequences of ids.
fn align(a: &[u32], b: &[u32], spend: impl Fn(usize)) -> Vec<Stretch> {
    let prefix = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let suffix =
        a[prefix..].iter().rev().zip(b[prefix..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (end_a, end_b) = (a.len() - suffix, b.len() - suffix);
    let mut out = Vec::new();
    push(&mut out, true, 0..prefix, 0..prefix);
    let (mut at_a, mut at_b) = (prefix, prefix);
    for (x, y) in increasing(anchors(&a[prefix..end_a], &b[prefix..end_b])) {
        let (mut x, mut y) = (x + prefix, y + prefix);
        if x < at_a || y < at_b {
            continue;
        }
        while x > at_a && y > at_b && a[x - 1] == b[y - 1] {
            (x, y) = (x - 1, y - 1);
        }
        spend((x - at_a) * (y - at_b).min(GAP_MAX));
        gap(&mut out, (a, b), at_a..x, at_b..y);
        let len = a[x..end_a].iter().zip(&b[y..end_b]).take_while(|(a, b)| a == b).count();
        push(&mut out, true, x..x + len, y..y + len);
        (at_a, at_b) = (x + len, y + len);
    }
    spend((end_a - at_a) * (end_b - at_b).min(GAP_MAX));
    gap(&mut out, (a, b), at_a..end_a, at_b..end_b);
    push(&mut out, true, end_a..a.len(), end_b..b.len());
    out
}

fn gap(
    out: &mut Vec<Stretch>,
    (a, b): (&[u32], &[u32]),
    x: std::ops::Range<usize>,
    y: std::ops::Range<usize>,
) {
    if x.is_empty() || y.is_empty() || x.len() + y.len() > GAP_MAX {
        push(out, false, x, y);
        return;
    }
    for op in capture_diff_slices(Algorithm::Myers, &a[x.clone()], &b[y.clone()]) {
        let equal = matches!(op, DiffOp::Equal { .. });
        let (old, new) = (op.old_range(), op.new_range());
        push(
            out,
            equal,
            x.start + old.start..x.start + old.end,
            y.start + new.start..y.start + new.end,
        );
    }
}

fn push(out: &mut Vec<Stretch>, equal: bool, a: std::ops::Range<usize>, b: std::ops::Range<usize>) {
    if a.is_empty() && b.is_empty() {
        return;
    }
    match out.last_mut() {
        Some(last) if last.equal == equal => {
            last.a.end = a.end;
            last.b.end = b.end;
        }
        _ => out.push(Stretch { equal, a, b }),
    }
}

/// Places of runs of four ids that are unique in both.
fn anchors(a: &[u32], b: &[u32]) -> Vec<(usize, usize)> {
    let unique = |ids: &[u32]| {
        let mut found: HashMap<u64, Option<usize>> = HashMap::new();
        for (i, run) in ids.windows(4).enumerate() {
            let mut hasher = DefaultHasher::new();
            run.hash(&mut hasher);
            found.entry(hasher.finish()).and_modify(|at| *at = None).or_insert(Some(i));
        }
        found
    };
    let (in_a, in_b) = (unique(a), unique(b));
    let mut pairs: Vec<(usize, usize)> = in_a
        .iter()
        .filter_map(|(hash, at)| Some(((*at)?, (*in_b.get(hash)?)?)))
        .filter(|(x, y)| a[*x..*x + 4] == b[*y..*y + 4])
        .collect();
    pairs.sort_unstable();
    pairs
}
