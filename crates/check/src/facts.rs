//! The partial order: what branches have shown, scoped to the state of a block.
//!
//! A fact is an edge `(a << shift) + d ≤ b` over the **integers** (never modulo 2^64), where `a` is
//! a symbol (or zero, for constants) and `b` a symbol, an [`Extent`] or zero; or it says that a
//! record has a type, or which word a symbol is not. Facts form a tree: each node knows the one
//! before it, and a state holds one node, so that a state's facts are those on its path to the
//! root, and taking a branch copies nothing.
//!
//! - F1. A fact holds in every execution that reaches a point whose state's path contains it.
//! - F2. Extents only grow, so an edge into one holds for ever after.
//! - F3. An edge whose right side is a *length that was read* is kept as an edge into the extent; a
//!   constant's as a bound of the symbol as well.
//! - F4. In the masked shape an access stays inside also where a branch was mispredicted. So what
//!   bounds numbers there holds whichever way branches went: rules ask with a path without facts
//!   ([`crate::Machine::sure`]), or with those that a conditional move adds to it, and bounds of
//!   definitions that branches may have given (of the height, of references) do not count.
//!
//! Limits: a query walks at most [`WALK_MAX`] nodes, and combines two edges at most; beyond that
//! the answer is *not known*, which is sound. The nodes that all queries walk are counted (`pass`
//! bounds it).

pub use crate::rules::order::Reading;
use crate::rules::order::{self, Edge};
use crate::rules::place::by_word;
use crate::symbols::{Extent, Kind, Record, Symbols};
use crate::value::{Base, Sym, Value};
use alloc::vec::Vec;
use core::cell::Cell;

/// Nodes that a query walks at most.
pub const WALK_MAX: usize = 4_096;

/// The right side of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// A symbol; [`Sym::ZERO`] for bounds that are constants.
    Sym(Sym),
    /// The present length of something.
    Extent(Extent),
}

/// One fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// `(a << shift) + d ≤ b`.
    Le {
        /// The left side; [`Sym::ZERO`] for a constant.
        a: Sym,
        /// How far it is shifted: 0 to 3.
        shift: u8,
        /// The distance.
        d: i128,
        /// The right side.
        b: Node,
    },
    /// The symbol is another word.
    Apart {
        /// The symbol.
        sym: Sym,
        /// The word that it is not.
        word: u64,
    },
    /// The word of the sum of two symbols is that sum: it had no carry.
    Whole {
        /// The word.
        word: Sym,
    },
    /// A function's type id equals the id of a type of the module.
    Type {
        /// The function's record.
        record: Record,
        /// The type.
        ty: u32,
    },
}

/// A path of facts: the last one's place, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Path(u32);

/// A fact, the path before it, and how many symbols there were: it mentions no later one.
#[derive(Clone, Copy, Debug)]
struct Link {
    fact: Fact,
    before: Path,
    symbols: u32,
}

/// The tree of all facts of a function.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    nodes: Vec<Link>,
    /// The symbols that a fact of any path speaks of, a bit for each; zero has one where a constant
    /// is known to be at most a length.
    mentioned: Vec<u64>,
    /// How many nodes queries walked since that was asked last.
    walked: Cell<u64>,
    /// How many they may walk until it is asked again; none: any number.
    most: Cell<Option<u64>>,
    /// Whether bounds are those alone that hold whichever way branches went (F4).
    data_only: bool,
}

impl Facts {
    /// Without facts, with space for `facts` of them.
    pub(crate) fn with_space(facts: usize, data_only: bool) -> Facts {
        Facts { nodes: Vec::with_capacity(facts), data_only, ..Facts::default() }
    }

    /// The bounds that the definition of a symbol gives (F4).
    pub(crate) fn ends(&self, symbols: &Symbols, sym: Sym) -> (u64, u64) {
        let def = symbols.def(sym);
        let checked = sym != Sym::ZERO && (sym.0 < Sym::FIRST || matches!(def.kind, Kind::Ref(_)));
        let any = planted!(CheckedIsSure, self.data_only && checked, false);
        if any { (0, u64::MAX) } else { (def.lo, def.hi) }
    }

    /// `path` and one fact more.
    pub(crate) fn push(&mut self, path: Path, symbols: &Symbols, fact: Fact) -> Path {
        let symbols = u32::try_from(symbols.len()).unwrap_or(u32::MAX);
        match fact {
            Fact::Le { a, b: Node::Sym(b), .. } => {
                self.mention(b);
                if a != Sym::ZERO {
                    self.mention(a);
                }
            }
            Fact::Le { a: sym, b: Node::Extent(_), .. }
            | Fact::Apart { sym, .. }
            | Fact::Whole { word: sym }
            | Fact::Type { record: Record::Ref(sym), .. } => self.mention(sym),
            Fact::Type { record: Record::Func(_), .. } => {}
        }
        self.nodes.push(Link { fact, before: path, symbols });
        Path(u32::try_from(self.nodes.len()).unwrap_or(0))
    }

    fn mention(&mut self, sym: Sym) {
        let at = (sym.0 >> 6) as usize;
        if at >= self.mentioned.len() {
            self.mentioned.resize(at.saturating_add(1), 0);
        }
        if let Some(word) = self.mentioned.get_mut(at) {
            *word |= 1 << (sym.0 & 63);
        }
    }

    /// Whether a fact speaks of a symbol, on this path or another. Most symbols have none, so that
    /// no path is walked for them. (One that was missed would be less known, which is sound.)
    #[inline]
    pub fn mentions(&self, sym: Sym) -> bool {
        self.mentioned.get((sym.0 >> 6) as usize).is_some_and(|word| word >> (sym.0 & 63) & 1 != 0)
    }

    /// How many facts there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nodes were walked since [`Facts::walked`] was asked last.
    #[inline]
    pub(crate) fn has_walked(&self) -> bool {
        self.walked.get() != 0
    }

    /// How many nodes were walked since this was asked last.
    pub(crate) fn walked(&self) -> u64 {
        self.walked.take()
    }

    /// Counts work of another kind among what is walked.
    pub(crate) fn count(&self, work: u64) {
        self.walked.set(self.walked.get().saturating_add(work));
    }

    /// Bounds the nodes that queries walk until [`Facts::walked`] is called; beyond `most` nodes
    /// they answer *not known*. One edge may ask for as many facts as a certificate has claims.
    pub(crate) fn allow(&self, most: u64) {
        self.most.set(Some(most));
    }

    /// The facts of a path, newest first.
    pub fn iter(&self, path: Path) -> impl Iterator<Item = Fact> + '_ {
        self.of(path, Sym::ZERO)
    }

    /// The facts of a path that may mention a symbol, newest first: a walk ends where the symbol
    /// did not exist yet.
    #[inline]
    pub fn of(&self, path: Path, sym: Sym) -> impl Iterator<Item = Fact> + '_ {
        let mut at = path;
        core::iter::from_fn(move || {
            let link = self.nodes.get((at.0 as usize).checked_sub(1)?)?;
            let walked = self.walked.get();
            if self.most.get().is_some_and(|most| walked > most) {
                return None;
            }
            self.walked.set(walked.saturating_add(1));
            at = link.before;
            (link.symbols > sym.0).then_some(link.fact)
        })
        .take(WALK_MAX)
    }

    /// The facts that [`Facts::of`] gives, whose nodes are counted once it ends: no other query may
    /// be made meanwhile.
    #[inline]
    fn walk(&self, path: Path, sym: Sym) -> Walk<'_> {
        let (start, most) = (self.walked.get(), self.most.get().unwrap_or(u64::MAX));
        let left = most.checked_sub(start).map_or(0, |left| left.saturating_add(1));
        let left = left.min(WALK_MAX as u64);
        Walk { facts: self, at: path, sym, left, most: left }
    }

    /// The bounds of a symbol on `path`, both inclusive.
    pub fn bounds(&self, path: Path, symbols: &Symbols, sym: Sym) -> (u64, u64) {
        if sym == Sym::ZERO {
            return (0, 0);
        }
        let own = self.ends(symbols, sym);
        if !self.mentions(sym) {
            return own;
        }
        let edges = self.walk(path, sym).filter_map(|fact| match *fact {
            Fact::Le { a, shift, d, b: Node::Sym(b) } if a == sym => {
                Some(Edge::Above { hi: self.ends(symbols, b).1, d, shift })
            }
            Fact::Le { a, shift, d, b: Node::Sym(b) } if b == sym => {
                Some(Edge::Below { lo: self.ends(symbols, a).0, d, shift })
            }
            Fact::Le { .. } | Fact::Apart { .. } | Fact::Whole { .. } | Fact::Type { .. } => None,
        });
        order::bounds(own, edges)
    }

    /// The bounds of a number's integer value `(sym << shift) + add`, if it does not wrap; `add` is
    /// read as a signed word first, then as an unsigned one. Of one that may wrap, those of its
    /// word, if that has a symbol. None for pointers.
    pub fn range(&self, path: Path, symbols: &Symbols, value: Value) -> Option<(i128, i128)> {
        if let Some(sym) = value.as_symbol() {
            let (lo, hi) = self.bounds(path, symbols, sym);
            return Some((i128::from(lo), i128::from(hi)));
        }
        if value.base != Base::None {
            return None;
        }
        self.whole(path, symbols, value).map(|(_, range)| range)
    }

    /// A number as an integer, if it cannot wrap.
    pub fn reading(&self, path: Path, symbols: &Symbols, value: Value) -> Option<Reading> {
        if value.base != Base::None {
            return None;
        }
        if value.sym == Sym::ZERO {
            return Some(Reading { sym: Sym::ZERO, shift: 0, add: i128::from(value.add) });
        }
        self.whole(path, symbols, value).map(|(reading, _)| reading)
    }

    /// A number as an integer with its bounds, if it cannot wrap: by its symbol, or by a word and a
    /// distance (S3 of `symbols`).
    #[inline]
    pub(crate) fn whole(
        &self,
        path: Path,
        symbols: &Symbols,
        value: Value,
    ) -> Option<(Reading, (i128, i128))> {
        let whole = self.whole_by_symbol(path, symbols, value);
        whole.or_else(|| self.wholes_by_words(path, symbols, value).next())
    }

    /// A number as an integer by each word that its symbol has and a distance, newest first.
    pub(crate) fn wholes_by_words<'a>(
        &'a self,
        path: Path,
        symbols: &'a Symbols,
        value: Value,
    ) -> impl Iterator<Item = (Reading, (i128, i128))> + 'a {
        let words = symbols.words(value.sym).filter_map(move |word| by_word(value, word));
        words.filter_map(move |value| self.whole_by_symbol(path, symbols, value))
    }

    fn whole_by_symbol(
        &self,
        path: Path,
        symbols: &Symbols,
        value: Value,
    ) -> Option<(Reading, (i128, i128))> {
        if value.base != Base::None {
            return None;
        }
        let bounds = self.bounds(path, symbols, value.sym);
        let whole = order::whole(bounds, value.shift, value.add)?;
        let reading = Reading { sym: value.sym, shift: value.shift.min(3), add: whole.add };
        Some((reading, (whole.lo, whole.hi)))
    }

    /// `path` and `a + more ≤ b`.
    pub(crate) fn at_most(
        &mut self,
        path: Path,
        symbols: &Symbols,
        (a, more, b): (Reading, i128, Reading),
    ) -> Path {
        let mut d = order::distance(a, more, b);
        if b.shift != 0 && a.sym == Sym::ZERO {
            d = order::unshifted(d, b.shift);
        } else if a.sym == b.sym || b.shift != 0 {
            return path;
        }
        let path = match symbols.def(b.sym).kind {
            // A constant below a length that was read bounds that symbol as well.
            Kind::Length(_) if a.sym == Sym::ZERO => {
                let d = planted!(LengthBoundTooHigh, d, d.saturating_add(1));
                let bound = Fact::Le { a: a.sym, shift: a.shift, d, b: Node::Sym(b.sym) };
                self.push(path, symbols, bound)
            }
            _ => path,
        };
        let node = match symbols.def(b.sym).kind {
            Kind::Length(extent) => Node::Extent(extent),
            Kind::Number
            | Kind::Ref(_)
            | Kind::FuncAddress(_)
            | Kind::TypeOf(_)
            | Kind::TypeId(_)
            | Kind::Owned(_)
            | Kind::Tagged(_)
            | Kind::StackLimit
            | Kind::Sum
            | Kind::Masked { .. }
            | Kind::JumpOffset { .. } => Node::Sym(b.sym),
        };
        self.push(path, symbols, Fact::Le { a: a.sym, shift: a.shift, d, b: node })
    }

    /// Whether `(sym << shift) + add ≤ extent`, whose least value is `least`.
    pub fn within(
        &self,
        path: Path,
        symbols: &Symbols,
        (of, extent, least): (Reading, Extent, u64),
    ) -> bool {
        let (_, hi) = self.bounds(path, symbols, of.sym);
        if order::within_least(of, hi, least) {
            return true;
        }
        if symbols.def(of.sym).kind == Kind::Length(extent) && order::within_length(of) {
            return true;
        }
        let has_edge = self.mentions(of.sym) || self.mentions(Sym::ZERO);
        has_edge
            && self.of(path, of.sym).any(|fact| match fact {
                Fact::Le { a, shift, d, b: Node::Extent(e) } if e == extent => {
                    order::within_edge(of, hi, (a, shift, d))
                }
                Fact::Le { .. } | Fact::Apart { .. } | Fact::Whole { .. } | Fact::Type { .. } => {
                    false
                }
            })
    }

    /// The most that a reading and a constant may be, for all that is known, so that they are at
    /// most an extent: a candidate, for [`Facts::within`] to judge.
    pub(crate) fn most_behind(
        &self,
        path: Path,
        symbols: &Symbols,
        (of, extent, least): (Reading, Extent, u64),
    ) -> i128 {
        let (_, hi) = self.bounds(path, symbols, of.sym);
        let hi = i128::from(hi) << of.shift.min(3);
        let by_least = i128::from(least).saturating_sub(hi);
        let by_edges = self.of(path, of.sym).filter_map(|fact| match fact {
            Fact::Le { a, shift, d, b: Node::Extent(e) } if e == extent => {
                if a == of.sym && shift == of.shift {
                    Some(d)
                } else {
                    (a == Sym::ZERO).then(|| d.saturating_sub(hi))
                }
            }
            Fact::Le { .. } | Fact::Apart { .. } | Fact::Whole { .. } | Fact::Type { .. } => None,
        });
        by_edges.fold(by_least, i128::max).saturating_sub(of.add)
    }

    /// Whether a number is not 0: by its bounds, by what its symbol is not, as the low half of one
    /// that has no more than it, or since its low half is not.
    pub fn is_not_zero(&self, path: Path, symbols: &Symbols, value: Value) -> bool {
        let half = || symbols.known_half(value.as_symbol().map(Value::symbol)?);
        self.is_not_zero_itself(path, symbols, value)
            || half()
                .is_some_and(|half| self.is_not_zero_itself(path, symbols, Value::symbol(half)))
    }

    fn is_not_zero_itself(&self, path: Path, symbols: &Symbols, value: Value) -> bool {
        if self.range(path, symbols, value).is_some_and(|(lo, _)| lo >= 1) {
            return true;
        }
        let (number, word) = order::apart(value, 0);
        let Some(sym) = number.as_symbol() else { return false };
        if self.is_apart(path, symbols, (sym, word)) {
            return true;
        }
        let Some(whole) = symbols.whole_of(sym).filter(|whole| whole.shift == 0) else {
            return false;
        };
        let (_, hi) = self.bounds(path, symbols, whole.sym);
        let low = planted!(WholeHasMore, hi <= u64::from(u32::MAX), true);
        // Of a number that has more the low half with that constant has the same low half.
        let low = if low { Some(whole.sym) } else { symbols.known_half(Value::symbol(whole.sym)) };
        let word = order::half_apart(whole.add);
        value == number
            && low.is_some_and(|low| low != sym && self.is_apart(path, symbols, (low, word)))
    }

    /// Whether a symbol is known to be another word.
    fn is_apart(&self, path: Path, symbols: &Symbols, (sym, word): (Sym, u64)) -> bool {
        let (lo, hi) = self.bounds(path, symbols, sym);
        let is = || self.of(path, sym).any(|fact| fact == Fact::Apart { sym, word });
        word < lo || word > hi || self.mentions(sym) && is()
    }

    /// Whether a word is known to be the whole of a sum.
    pub(crate) fn is_whole(&self, path: Path, word: Sym) -> bool {
        self.of(path, word).any(|fact| fact == Fact::Whole { word })
    }

    /// Whether a record is known to have a type.
    pub fn has_type(&self, path: Path, record: Record, ty: u32) -> bool {
        let sym = match record {
            Record::Func(_) => Sym::ZERO,
            Record::Ref(sym) => sym,
        };
        self.of(path, sym).any(|fact| fact == Fact::Type { record, ty })
    }
}

/// A walk along a path.
struct Walk<'a> {
    facts: &'a Facts,
    at: Path,
    sym: Sym,
    /// Nodes that may still be walked.
    left: u64,
    /// Nodes that might be walked when it began.
    most: u64,
}

impl<'a> Iterator for Walk<'a> {
    type Item = &'a Fact;

    #[inline]
    fn next(&mut self) -> Option<&'a Fact> {
        let link = self.facts.nodes.get((self.at.0 as usize).checked_sub(1)?)?;
        self.left = self.left.checked_sub(1)?;
        self.at = link.before;
        (link.symbols > self.sym.0).then_some(&link.fact)
    }
}

impl Drop for Walk<'_> {
    #[inline]
    fn drop(&mut self) {
        self.facts.count(self.most.saturating_sub(self.left));
    }
}

#[cfg(test)]
mod tests;
