//! The partial order: what branches have shown, scoped to the state of a block.
//!
//! A fact is an edge `a + d ≤ b` over the **integers** (never modulo 2^64), where `a` is a symbol
//! (or zero, for constants) and `b` a symbol, an [`Extent`] or zero; or it says that a record has a
//! type. Facts form a tree: each node knows the one before it, and a state holds one node, so that
//! a state's facts are those on its path to the root, and taking a branch copies nothing.
//!
//! - F1. A fact holds in every execution that reaches a point whose state's path contains it.
//! - F2. Extents only grow, so an edge into one holds for ever after.
//! - F3. An edge whose right side is a *length that was read* is kept as an edge into the extent.
//!
//! Limits: a query walks at most [`WALK_MAX`] nodes, and combines two edges at most; beyond that
//! the answer is *not known*, which is sound.

use crate::symbols::{Extent, Kind, Record, Symbols};
use crate::value::{Base, Sym, Value};
use alloc::vec::Vec;

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
    /// `a + d ≤ b`.
    Le {
        /// The left side; [`Sym::ZERO`] for a constant.
        a: Sym,
        /// The distance.
        d: i128,
        /// The right side.
        b: Node,
    },
    /// A function's type id equals that of a type of the module.
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
}

/// A value that is read as an integer: `sym + add`, with `0 ≤ sym + add < 2^64` shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The symbol.
    pub sym: Sym,
    /// The constant.
    pub add: i128,
}

impl Facts {
    /// `path` and one fact more.
    pub(crate) fn push(&mut self, path: Path, symbols: &Symbols, fact: Fact) -> Path {
        let symbols = u32::try_from(symbols.len()).unwrap_or(u32::MAX);
        self.nodes.push(Link { fact, before: path, symbols });
        Path(u32::try_from(self.nodes.len()).unwrap_or(0))
    }

    /// The facts of a path, newest first.
    pub fn iter(&self, path: Path) -> impl Iterator<Item = Fact> + '_ {
        self.of(path, Sym::ZERO)
    }

    /// The facts of a path that may mention a symbol, newest first: a walk ends where the symbol
    /// did not exist yet.
    pub fn of(&self, path: Path, sym: Sym) -> impl Iterator<Item = Fact> + '_ {
        let mut at = path;
        core::iter::from_fn(move || {
            let link = self.nodes.get((at.0 as usize).checked_sub(1)?)?;
            at = link.before;
            (link.symbols > sym.0).then_some(link.fact)
        })
        .take(WALK_MAX)
    }

    /// The bounds of a symbol on `path`, both inclusive.
    pub fn bounds(&self, path: Path, symbols: &Symbols, sym: Sym) -> (u64, u64) {
        let def = symbols.def(sym);
        let (mut lo, mut hi) = (i128::from(def.lo), i128::from(def.hi));
        if sym == Sym::ZERO {
            return (0, 0);
        }
        for fact in self.of(path, sym) {
            match fact {
                Fact::Le { a, d, b: Node::Sym(b) } if a == sym => {
                    hi = hi.min(i128::from(symbols.def(b).hi).saturating_sub(d));
                }
                Fact::Le { a, d, b: Node::Sym(b) } if b == sym => {
                    lo = lo.max(i128::from(symbols.def(a).lo).saturating_add(d));
                }
                _ => {}
            }
        }
        let word = |x: i128, other| u64::try_from(x).unwrap_or(other);
        (word(lo, def.lo), word(hi, if hi < 0 { 0 } else { def.hi }))
    }

    /// The bounds of a number's integer value `(sym << shift) + add`, if it does not wrap; `add` is
    /// read as a signed word first, then as an unsigned one. None for pointers.
    pub fn range(&self, path: Path, symbols: &Symbols, value: Value) -> Option<(i128, i128)> {
        if value.base != Base::None {
            return None;
        }
        let (lo, hi) = self.bounds(path, symbols, value.sym);
        let scale = |x: u64| i128::from(x) << value.shift.min(3);
        for add in [i128::from(value.add as i64), i128::from(value.add)] {
            let (lo, hi) = (scale(lo).saturating_add(add), scale(hi).saturating_add(add));
            if lo >= 0 && hi <= i128::from(u64::MAX) {
                return Some((lo, hi));
            }
        }
        None
    }

    /// A number as an integer, if it has no shift and cannot wrap.
    pub fn reading(&self, path: Path, symbols: &Symbols, value: Value) -> Option<Reading> {
        if value.base != Base::None || value.shift != 0 {
            return None;
        }
        if value.sym == Sym::ZERO {
            return Some(Reading { sym: Sym::ZERO, add: i128::from(value.add) });
        }
        let (lo, hi) = self.bounds(path, symbols, value.sym);
        for add in [i128::from(value.add as i64), i128::from(value.add)] {
            let least = i128::from(lo).saturating_add(add);
            let most = i128::from(hi).saturating_add(add);
            if least >= 0 && most <= i128::from(u64::MAX) {
                return Some(Reading { sym: value.sym, add });
            }
        }
        None
    }

    /// `path` and `a + more ≤ b`, both being words.
    pub(crate) fn at_most(
        &mut self,
        path: Path,
        symbols: &Symbols,
        (a, more, b): (Value, i128, Value),
    ) -> Path {
        let readings = (self.reading(path, symbols, a), self.reading(path, symbols, b));
        let (Some(a), Some(b)) = readings else { return path };
        if a.sym == b.sym {
            return path;
        }
        let d = a.add.saturating_sub(b.add).saturating_add(more);
        let node = match symbols.def(b.sym).kind {
            Kind::Length(extent) => Node::Extent(extent),
            Kind::Number
            | Kind::Ref(_)
            | Kind::FuncAddress(_)
            | Kind::TypeOf(_)
            | Kind::TypeId(_)
            | Kind::JumpOffset { .. } => Node::Sym(b.sym),
        };
        self.push(path, symbols, Fact::Le { a: a.sym, d, b: node })
    }

    /// Whether `a + d ≤ extent`, whose least value is `least`.
    pub fn within(
        &self,
        path: Path,
        symbols: &Symbols,
        (a, d, extent, least): (Sym, i128, Extent, u64),
    ) -> bool {
        let (_, hi) = self.bounds(path, symbols, a);
        if i128::from(hi).saturating_add(d) <= i128::from(least) {
            return true;
        }
        if symbols.def(a).kind == Kind::Length(extent) && d <= 0 {
            return true;
        }
        let direct = |sym: Sym, d: i128| {
            self.of(path, sym).any(|fact| match fact {
                Fact::Le { a, d: known, b: Node::Extent(e) } => {
                    // A constant's edge serves every symbol that is at most that constant.
                    let slack = if a == sym { 0 } else { i128::from(hi) };
                    (a == sym || a == Sym::ZERO) && e == extent && d.saturating_add(slack) <= known
                }
                Fact::Le { .. } | Fact::Type { .. } => false,
            })
        };
        direct(a, d)
    }

    /// The best `d` with `a + d ≤ extent` that is known directly.
    pub fn distance(&self, path: Path, a: Sym, extent: Extent) -> Option<i128> {
        let known = self.of(path, a).filter_map(|fact| match fact {
            Fact::Le { a: x, d, b: Node::Extent(e) } if x == a && e == extent => Some(d),
            Fact::Le { .. } | Fact::Type { .. } => None,
        });
        known.max()
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
