//! Functions of A and B → partners.
//!
//! `judge` judges each pair, so a wrong partner makes a report clumsy, never false. [`RULES`] are
//! applied in order of trust.
//!
//! 1. Partners are one to one, and imports pair with imports only.
//! 2. Nothing compares all with all: groups are by hash, likeness is by shared bands, and groups
//!    above [`GROUP_MAX`] pair in order or not at all. Stretches between neighbours are aligned up
//!    to [`STRETCH_MAX`]. Time is linear in the code, except for sorting and that constant.

use crate::pair::align::increasing;
use crate::pair::profile::{Profile, grams};
use crate::pair::side::Side;
use prova_builds::names::demangle;
use prova_module::{ExternKind, FuncIdx};
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Largest group that is paired member by member.
pub(crate) const GROUP_MAX: usize = 256;
/// Hashes of a likeness signature, in bands of [`ROWS`].
const HASHES: usize = 32;
const ROWS: usize = 4;
/// Least share of equal hashes of two partners by likeness.
const LIKENESS: f64 = 0.5;
/// Longest stretch of functions between two neighbours that is aligned, in functions of both sides.
const STRETCH_MAX: usize = 3000;
/// Maximum number of pairs of two stretches of which each is looked at.
const CROSSED_MAX: usize = 64;
/// Longest function without a name that its place alone may pair, in operators.
const SHORT_MAX: u32 = 32;

/// Partners, both ways.
#[derive(Clone, Debug)]
pub(crate) struct Matching {
    pub(crate) a_to_b: Vec<Option<u32>>,
    pub(crate) b_to_a: Vec<Option<u32>>,
}

/// A way to find partners.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// Imports by their names, exports by theirs, the start functions.
    Outside,
    Symbol,
    /// The demangled symbol, without hashes.
    Name,
    /// Equal masked bodies inside a name.
    NamedBody,
    /// Equal masked bodies.
    Body,
    /// The call sites of callers that are partners.
    CallSites,
    /// The place among neighbours that are partners.
    Place,
    Likeness,
    /// The call sites of callers with equal masked bodies; the callees may be unlike.
    Callers,
}

/// The demands of a rule on a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strictness {
    /// It is the only one, and masked bodies are equal where the rule compares them.
    Strict,
    /// Of several the order decides, and likeness is enough.
    Loose,
}

use Strictness::{Loose, Strict};

/// All rules, in order of trust: each pairs what the rules before left free. Call sites are looked
/// at whenever other rules found more callers.
const RULES: [(Rule, Strictness); 18] = [
    (Rule::Outside, Strict),
    (Rule::Symbol, Strict),
    (Rule::Name, Strict),
    (Rule::NamedBody, Strict),
    (Rule::CallSites, Strict),
    (Rule::Body, Strict),
    (Rule::CallSites, Strict),
    (Rule::Place, Strict),
    (Rule::CallSites, Strict),
    (Rule::NamedBody, Loose),
    (Rule::Place, Loose),
    (Rule::CallSites, Strict),
    (Rule::Body, Loose),
    (Rule::CallSites, Loose),
    (Rule::Place, Loose),
    (Rule::Likeness, Loose),
    (Rule::CallSites, Loose),
    (Rule::Callers, Loose),
];

/// Matches the functions of two sides.
pub(crate) fn matching(
    sides: (&Side<'_>, &Side<'_>),
    profiles: (&[Profile], &[Profile]),
) -> Matching {
    let counts = (sides.0.module.func_count(), sides.1.module.func_count());
    let found = Matching { a_to_b: vec![None; counts.0], b_to_a: vec![None; counts.1] };
    let names = (names(sides.0), names(sides.1));
    let mut matcher = Matcher { sides, profiles, found, fresh: Vec::new() };
    for (rule, how) in RULES {
        matcher.apply(rule, how, (&names.0, &names.1));
    }
    matcher.found
}

/// By function its name, without hashes.
type Names = [Option<String>];

/// One of two things, A's if that is said.
fn of<T: Copy>(a: T, b: T) -> impl Fn(bool) -> T {
    move |first| if first { a } else { b }
}

fn names(side: &Side<'_>) -> Vec<Option<String>> {
    let funcs = (0..side.module.func_count() as u32).into_par_iter();
    funcs.map(|func| side.symbol(func).map(demangle)).collect()
}

struct Matcher<'s, 'm> {
    sides: (&'s Side<'m>, &'s Side<'m>),
    profiles: (&'s [Profile], &'s [Profile]),
    found: Matching,
    /// Pairs whose call sites were not looked at.
    fresh: Vec<(u32, u32)>,
}

impl Matcher<'_, '_> {
    fn apply(&mut self, rule: Rule, how: Strictness, names: (&Names, &Names)) {
        let (sides, profiles) = (self.sides, self.profiles);
        let (side, name) = (of(sides.0, sides.1), of(names.0, names.1));
        let name = |first: bool, func: u32| name(first)[func as usize].as_ref();
        let body = of(profiles.0, profiles.1);
        let body = |first: bool, func: u32| body(first)[func as usize].masked;
        match rule {
            Rule::Outside => self.outside(),
            Rule::Symbol => self.by_group(|first, func| side(first).symbol(func), how),
            Rule::Name => self.by_group(name, how),
            Rule::NamedBody => {
                self.by_group(|first, func| Some((name(first, func)?, body(first, func))), how);
            }
            Rule::Body => self.by_group(|first, func| Some(body(first, func)), how),
            Rule::CallSites => self.propagate(how),
            Rule::Place => self.by_place(how),
            Rule::Likeness => self.by_likeness(),
            Rule::Callers => self.by_callers(),
        }
    }

    fn pair(&mut self, a: u32, b: u32) -> bool {
        let free =
            self.found.a_to_b[a as usize].is_none() && self.found.b_to_a[b as usize].is_none();
        if free && self.sides.0.is_import(a) == self.sides.1.is_import(b) {
            self.found.a_to_b[a as usize] = Some(b);
            self.found.b_to_a[b as usize] = Some(a);
            self.fresh.push((a, b));
            return true;
        }
        false
    }

    /// Imports by their names, exports by theirs, the start functions.
    fn outside(&mut self) {
        let (imports_a, imports_b) = (self.sides.0.func_imports(), self.sides.1.func_imports());
        let mut by_name: HashMap<_, Vec<u32>> = HashMap::new();
        for (i, import) in imports_b.iter().enumerate().rev() {
            by_name.entry(*import).or_default().push(i as u32);
        }
        for (i, import) in imports_a.iter().enumerate() {
            if let Some(b) = by_name.get_mut(import).and_then(Vec::pop) {
                self.pair(i as u32, b);
            }
        }
        for export in self.sides.0.module.exports() {
            let other = self.sides.1.module.export(&export.name);
            if let Some(other) = other
                && (export.kind, other.kind) == (ExternKind::Func, ExternKind::Func)
            {
                self.pair(export.index, other.index);
            }
        }
        if let (Some(FuncIdx(a)), Some(FuncIdx(b))) =
            (self.sides.0.module.start(), self.sides.1.module.start())
        {
            self.pair(a, b);
        }
    }

    fn free(&self, first: bool) -> Vec<u32> {
        let (side, partners) = if first {
            (self.sides.0, &self.found.a_to_b)
        } else {
            (self.sides.1, &self.found.b_to_a)
        };
        let all = side.module.imported_func_count()..partners.len();
        all.filter(|&func| partners[func].is_none()).map(|func| func as u32).collect()
    }

    /// Pairs free functions of equal groups: single members always; more, if loose, in order. The
    /// first argument of `key` says whether the function is one of A.
    fn by_group<K: Ord>(&mut self, key: impl Fn(bool, u32) -> Option<K>, how: Strictness) {
        let mut groups: BTreeMap<K, (Vec<u32>, Vec<u32>)> = BTreeMap::new();
        for func in self.free(true) {
            if let Some(key) = key(true, func) {
                groups.entry(key).or_default().0.push(func);
            }
        }
        for func in self.free(false) {
            if let Some(key) = key(false, func) {
                groups.entry(key).or_default().1.push(func);
            }
        }
        for (a, b) in groups.into_values() {
            let single = a.len() == 1 && b.len() == 1;
            let few = a.len() == b.len() || a.len().max(b.len()) <= GROUP_MAX;
            if single || how == Loose && few {
                a.into_iter().zip(b).for_each(|(a, b)| _ = self.pair(a, b));
            }
        }
    }

    /// Pairs the callees of paired callers, site by site, until nothing is new. Strict, it asks
    /// for equal masked bodies of callers and of callees; loose, for as many call sites of the same
    /// types, and likeness.
    fn propagate(&mut self, how: Strictness) {
        if how == Loose {
            let pairs = self.found.a_to_b.iter().enumerate();
            self.fresh = pairs.filter_map(|(a, b)| Some((a as u32, (*b)?))).collect();
        }
        while let Some((a, b)) = self.fresh.pop() {
            let (x, y) = (&self.profiles.0[a as usize], &self.profiles.1[b as usize]);
            if x.calls.len() != y.calls.len() || how == Strict && x.masked != y.masked {
                continue;
            }
            let pairs = x.calls.iter().zip(&*y.calls);
            let types =
                |(a, b): (&u32, &u32)| self.sides.0.type_id_of(*a) == self.sides.1.type_id_of(*b);
            if !pairs.clone().all(types) {
                continue;
            }
            let free: Vec<(u32, u32)> = pairs
                .map(|(a, b)| (*a, *b))
                .filter(|(a, b)| {
                    self.found.a_to_b[*a as usize].is_none()
                        && self.found.b_to_a[*b as usize].is_none()
                })
                .collect();
            for (a, b) in free {
                let equal_bodies =
                    self.profiles.0[a as usize].masked == self.profiles.1[b as usize].masked;
                let named = self.sides.0.symbol(a).is_some() && self.sides.1.symbol(b).is_some();
                // A call may have got another callee: the site alone does not make partners.
                let likely =
                    how == Loose && if named { self.alike(a, b) } else { self.share(a, b) > 0 };
                if equal_bodies || likely {
                    self.pair(a, b);
                }
            }
        }
    }

    /// Pairs free callees, site by site, of partners whose masked bodies are equal. The callees may
    /// be unlike: a rewritten function is then reported at the function, not at its callers.
    fn by_callers(&mut self) {
        for a in 0..self.profiles.0.len() {
            let Some(b) = self.found.a_to_b[a] else { continue };
            let (x, y) = (&self.profiles.0[a], &self.profiles.1[b as usize]);
            if x.masked != y.masked || x.calls.len() != y.calls.len() {
                continue;
            }
            for (a, b) in x.calls.iter().zip(&*y.calls) {
                if self.sides.0.type_id_of(*a) == self.sides.1.type_id_of(*b) {
                    self.pair(*a, *b);
                }
            }
        }
    }

    /// Pairs free functions between neighbours that are partners, in the order of the file and in
    /// the order of the table. Functions with equal masked bodies are paired in order first.
    /// Loose, functions that stand in each other's place are paired, too.
    fn by_place(&mut self, how: Strictness) {
        let defined = |side: &Side<'_>| {
            let imports = side.module.imported_func_count() as u32;
            (imports..side.module.func_count() as u32).collect::<Vec<u32>>()
        };
        self.by_order((&defined(self.sides.0), &defined(self.sides.1)), how);
        self.by_order((&by_slot(self.sides.0), &by_slot(self.sides.1)), how);
    }

    /// The same for one order; each function stands in it once.
    fn by_order(&mut self, (a, b): (&[u32], &[u32]), how: Strictness) {
        let at_b: HashMap<u32, usize> =
            b.iter().enumerate().map(|(at, func)| (*func, at)).collect();
        let pairs = a.iter().enumerate().filter_map(|(at, func)| {
            let partner = self.found.a_to_b[*func as usize]?;
            Some((at, *at_b.get(&partner)?))
        });
        let mut stay = increasing(pairs.collect());
        stay.push((a.len(), b.len()));
        let (mut from_a, mut from_b) = (0, 0);
        for (to_a, to_b) in stay {
            let free = |funcs: &[u32], partners: &[Option<u32>]| -> Vec<u32> {
                funcs.iter().copied().filter(|func| partners[*func as usize].is_none()).collect()
            };
            let x = free(&a[from_a..to_a], &self.found.a_to_b);
            let y = free(&b[from_b..to_b], &self.found.b_to_a);
            (from_a, from_b) = (to_a + 1, to_b + 1);
            let (x, y) = self.ends(&x, &y);
            if !x.is_empty() && !y.is_empty() && x.len() + y.len() <= STRETCH_MAX {
                self.stretch(x, y, how);
            }
        }
    }

    /// Pairs equal masked bodies at both ends of a stretch, and gives the functions between.
    fn ends<'f>(&mut self, x: &'f [u32], y: &'f [u32]) -> (&'f [u32], &'f [u32]) {
        let (profiles_a, profiles_b) = self.profiles;
        let equal = |(a, b): &(&u32, &u32)| {
            profiles_a[**a as usize].masked == profiles_b[**b as usize].masked
        };
        let prefix = x.iter().zip(y).take_while(equal).count();
        let (rest_x, rest_y) = (&x[prefix..], &y[prefix..]);
        let suffix = rest_x.iter().rev().zip(rest_y.iter().rev()).take_while(equal).count();
        let (end_x, end_y) = (x.len() - suffix, y.len() - suffix);
        for (a, b) in x[..prefix].iter().zip(y).chain(x[end_x..].iter().zip(&y[end_y..])) {
            self.pair(*a, *b);
        }
        (&x[prefix..end_x], &y[prefix..end_y])
    }

    fn stretch(&mut self, x: &[u32], y: &[u32], how: Strictness) {
        let masked = |profiles: &[Profile], funcs: &[u32]| -> Vec<u64> {
            funcs.iter().map(|func| profiles[*func as usize].masked).collect()
        };
        self.sides.0.spend(x.len() * y.len());
        let (keys_x, keys_y) = (masked(self.profiles.0, x), masked(self.profiles.1, y));
        for op in capture_diff_slices(Algorithm::Myers, &keys_x, &keys_y) {
            let (x, y) = (&x[op.old_range()], &y[op.new_range()]);
            if matches!(op, DiffOp::Equal { .. }) {
                for (a, b) in x.iter().zip(y) {
                    self.pair(*a, *b);
                }
            } else if how == Loose && x.len() * y.len() <= CROSSED_MAX {
                self.likest(x, y);
            } else if how == Loose {
                for (a, b) in x.iter().zip(y) {
                    if self.share(*a, *b) > 0 {
                        self.pair(*a, *b);
                    }
                }
            }
        }
    }

    /// Pairs two short stretches in order so that what they share is the most (longest common
    /// subsequence, weighted).
    fn likest(&mut self, x: &[u32], y: &[u32]) {
        let mut best = vec![vec![0u32; y.len() + 1]; x.len() + 1];
        let mut shares = vec![vec![0; y.len()]; x.len()];
        for i in (0..x.len()).rev() {
            for j in (0..y.len()).rev() {
                let share = self.share(x[i], y[j]);
                shares[i][j] = share;
                let both = if share > 0 { share + best[i + 1][j + 1] } else { 0 };
                best[i][j] = both.max(best[i + 1][j]).max(best[i][j + 1]);
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < x.len() && j < y.len() {
            if shares[i][j] > 0 && best[i][j] == shares[i][j] + best[i + 1][j + 1] {
                self.pair(x[i], y[j]);
                (i, j) = (i + 1, j + 1);
            } else if best[i][j] == best[i + 1][j] {
                i += 1;
            } else {
                j += 1;
            }
        }
    }

    /// How much of two functions in one place is the same: the hundredths of their runs of
    /// operators that both have, at least half; 0 for less, and for other types. Of short functions
    /// without names the place is enough.
    fn share(&self, a: u32, b: u32) -> u32 {
        if self.sides.0.type_id_of(a) != self.sides.1.type_id_of(b) {
            return 0;
        }
        let (ops_a, ops_b) = (self.profiles.0[a as usize].ops, self.profiles.1[b as usize].ops);
        let nameless = self.sides.0.symbol(a).is_none() && self.sides.1.symbol(b).is_none();
        let short = nameless && ops_a.max(ops_b) <= SHORT_MAX;
        if !short && !self.alike(a, b) {
            return 0;
        }
        let set = |side, func| grams(side, func).into_iter().collect::<HashSet<u64>>();
        let (x, y) = (set(self.sides.0, a), set(self.sides.1, b));
        let share = 100 * x.intersection(&y).count() / x.len().max(y.len()).max(1);
        match share as u32 {
            share if share >= 50 => share,
            share if short => share.max(1),
            _ => 0,
        }
    }

    /// A cheap bound on likeness: sizes within a factor of two.
    fn alike(&self, a: u32, b: u32) -> bool {
        let (x, y) = (self.profiles.0[a as usize].ops, self.profiles.1[b as usize].ops);
        x.min(y) * 2 >= x.max(y)
    }

    /// Pairs free functions by shared bands of their signatures, the likest first.
    fn by_likeness(&mut self) {
        let (free_a, free_b) = (self.free(true), self.free(false));
        if free_a.is_empty() || free_b.is_empty() {
            return;
        }
        let signatures = |side: &Side<'_>, free: &[u32]| -> Vec<_> {
            free.par_iter().map(|&func| signature(side, func)).collect()
        };
        let signatures_a = signatures(self.sides.0, &free_a);
        let signatures_b = signatures(self.sides.1, &free_b);
        let mut bands: HashMap<(usize, &[u32]), Vec<u32>> = HashMap::new();
        for (i, signature) in signatures_b.iter().enumerate() {
            for (band, rows) in signature.chunks(ROWS).enumerate() {
                bands.entry((band, rows)).or_default().push(i as u32);
            }
        }
        let mut scored = Vec::new();
        for (i, signature) in signatures_a.iter().enumerate() {
            let mut candidates = HashSet::new();
            for (band, rows) in signature.chunks(ROWS).enumerate() {
                let members = bands.get(&(band, rows)).map_or(&[][..], Vec::as_slice);
                if members.len() <= GROUP_MAX {
                    candidates.extend(members.iter().copied().take(32));
                }
            }
            self.sides.0.spend(HASHES * candidates.len());
            for j in candidates {
                let equal =
                    signature.iter().zip(&signatures_b[j as usize]).filter(|(x, y)| x == y).count();
                let (a, b) = (free_a[i], free_b[j as usize]);
                let share = equal as f64 / HASHES as f64;
                // Names may say what a changed type hides.
                let named = self.sides.0.symbol(a).is_some() && self.sides.1.symbol(b).is_some();
                let same_type = self.sides.0.type_id_of(a) == self.sides.1.type_id_of(b);
                if share >= LIKENESS && self.alike(a, b) && (named || same_type) {
                    let distance = u64::from(a.abs_diff(b));
                    scored.push((HASHES - equal, distance, a, b));
                }
            }
        }
        scored.sort_unstable();
        for (_, _, a, b) in scored {
            self.pair(a, b);
        }
    }
}

/// The defined functions of table 0 in order of their first slots, as vtables and function pointers
/// name them.
fn by_slot(side: &Side<'_>) -> Vec<u32> {
    let mut slots: Vec<(u64, u32)> = side.slots().collect();
    slots.sort_unstable();
    let mut met = HashSet::new();
    let funcs = slots.into_iter().map(|(_, func)| func);
    funcs.filter(|func| !side.is_import(*func) && met.insert(*func)).collect()
}

/// The least hashes of a body's 4-grams.
fn signature(side: &Side<'_>, func: u32) -> Vec<u32> {
    let mut least = vec![u32::MAX; HASHES];
    for gram in grams(side, func) {
        let mut x = gram;
        for slot in &mut least {
            x = x
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(29)
                .wrapping_add(0x1234_5678_9abc_def1);
            *slot = (*slot).min((x >> 32) as u32);
        }
    }
    least
}
