//! Two bodies → a label for each operator: which of A and of B belong together.
//!
//! Bodies are aligned once, with callees by their symbols. At each depth of blocks equal statements
//! are paired: first those that occur once on each side (patience, after Cohen). In a stretch
//! between them that has as many statements on both sides, each is paired with its counterpart, and
//! the pair is aligned a depth deeper. The rest is a *gap*: if both sides have the same operators
//! there with other immediates, each is paired with its like; else the gap is one edit.
//!
//! 1. Labels grow along both bodies. An operator without a partner has the label of its gap, so a
//!    label stands for one pair of operators, or for a gap as a whole.
//! 2. Taking labels out of both bodies leaves the alignment of what stays as it was. So the edits
//!    that stay are edits of the first pair: none is cut in two, and none is made.
//! 3. An edit is whole statements, or operators of one that is no sequence of statements itself.
//!
//! Alignment takes time in proportion to the operators and their edits, of at most
//! [`OPERATORS_MAX`](super::OPERATORS_MAX). `tests/isolate.rs` of `prova-investigate` plants
//! edits and counts them again.

use super::find::symbol;
use super::units::Units;
use prova_module::Module;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::ops::Range;

/// The label of each operator, in A and in B.
pub(super) struct Labels {
    a: Vec<u32>,
    b: Vec<u32>,
    /// The labels of gaps.
    gaps: BTreeSet<u32>,
}

/// Operators of A and of B that no equal operator lies between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) a: Range<usize>,
    pub(super) b: Range<usize>,
}

impl Labels {
    /// Aligns two bodies.
    pub(super) fn new(a: (&Module, &Units), b: (&Module, &Units)) -> Labels {
        let mut numbers = HashMap::new();
        let mut tokens = |(module, units): (&Module, &Units)| -> Vec<u32> {
            let token = |at: usize| match units.funcs[at] {
                Some(func) => (units.names[at].clone().into_bytes(), Some(symbol(module, func))),
                None => (units.operators[at].clone(), None),
            };
            let mut number = |token| {
                let next = numbers.len() as u32;
                *numbers.entry(token).or_insert(next)
            };
            (0..units.names.len()).map(|at| number(token(at))).collect()
        };
        let tokens = (tokens(a), tokens(b));
        let mut bodies = Bodies { a: (a.1, &tokens.0), b: (b.1, &tokens.1), gaps: Vec::new() };
        bodies.align(0..a.1.names.len(), 0..b.1.names.len(), 0);
        label(&bodies.gaps, a.1, b.1)
    }

    /// Each gap by itself.
    pub(super) fn gaps(&self) -> Vec<Range<u32>> {
        self.gaps.iter().map(|label| *label..label + 1).collect()
    }

    /// The statements of a depth, of either side, that no edit crosses the ends of.
    pub(super) fn statements(&self, units: &(Units, Units), depth: usize) -> Vec<Range<u32>> {
        let mut pieces = BTreeSet::new();
        for (labels, units) in [(&self.a, &units.0), (&self.b, &units.1)] {
            for range in units.statements.get(depth).into_iter().flatten() {
                let cut = |at: usize| at == 0 || at >= labels.len() || labels[at - 1] != labels[at];
                if range.is_empty() || !cut(range.start) || !cut(range.end) {
                    continue;
                }
                let (first, last) = (labels.get(range.start), labels.get(range.end - 1));
                if let (Some(first), Some(last)) = (first, last) {
                    pieces.insert((*first, last + 1));
                }
            }
        }
        pieces.into_iter().map(|(start, end)| start..end).collect()
    }

    /// The operators of A that have one of these labels.
    pub(super) fn chosen_a(&self, labels: &BTreeSet<u32>) -> Vec<bool> {
        self.a.iter().map(|label| labels.contains(label)).collect()
    }

    /// The operators of B that have one of these labels.
    pub(super) fn chosen_b(&self, labels: &BTreeSet<u32>) -> Vec<bool> {
        self.b.iter().map(|label| labels.contains(label)).collect()
    }

    /// Forgets operators that were taken out.
    pub(super) fn remove(&mut self, labels: &BTreeSet<u32>) {
        self.a.retain(|label| !labels.contains(label));
        self.b.retain(|label| !labels.contains(label));
        self.gaps.retain(|label| !labels.contains(label));
    }
}

/// The stretches that are not equal, in order.
pub(super) fn gaps<T: Hash + Eq>(a: &[T], b: &[T]) -> Vec<Gap> {
    let (mut gaps, mut from) = (Vec::new(), (0, 0));
    let mut close = |from: (usize, usize), to: (usize, usize)| {
        if from != to {
            gaps.push(Gap { a: from.0..to.0, b: from.1..to.1 });
        }
    };
    for op in capture_diff_slices(Algorithm::Patience, a, b) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            close(from, (old_index, new_index));
            from = (old_index + len, new_index + len);
        }
    }
    close(from, (a.len(), b.len()));
    gaps
}

/// Two bodies with a number for each operator, equal ones with the same.
struct Bodies<'u> {
    a: (&'u Units, &'u [u32]),
    b: (&'u Units, &'u [u32]),
    gaps: Vec<Gap>,
}

impl Bodies<'_> {
    /// Finds the gaps in two stretches, from what is equal at this depth of blocks to what is
    /// deeper.
    fn align(&mut self, a: Range<usize>, b: Range<usize>, depth: usize) {
        let parts = (parts(self.a.0, &a, depth), parts(self.b.0, &b, depth));
        let keys = |parts: &[Range<usize>], tokens: &[u32]| -> Vec<Vec<u32>> {
            parts.iter().map(|part| tokens[part.clone()].to_vec()).collect()
        };
        let start = |parts: &[Range<usize>], at: usize, end: usize| {
            parts.get(at).map_or(end, |part| part.start)
        };
        for gap in gaps(&keys(&parts.0, self.a.1), &keys(&parts.1, self.b.1)) {
            let (of_a, of_b) = (&parts.0[gap.a.clone()], &parts.1[gap.b.clone()]);
            if of_a.len() == of_b.len() {
                let pairs = of_a.iter().cloned().zip(of_b.iter().cloned());
                pairs.for_each(|(a, b)| self.pair(a, b, depth));
                continue;
            }
            self.gaps.push(Gap {
                a: start(&parts.0, gap.a.start, a.end)..start(&parts.0, gap.a.end, a.end),
                b: start(&parts.1, gap.b.start, b.end)..start(&parts.1, gap.b.end, b.end),
            });
        }
    }

    /// Two parts that differ, between others that do not.
    fn pair(&mut self, a: Range<usize>, b: Range<usize>, depth: usize) {
        let (units_a, units_b) = (self.a.0, self.b.0);
        let deeper = |units: &Units, range: &Range<usize>| {
            let inner = units.statements.get(depth + 1);
            inner.is_some_and(|inner| inner.iter().any(|part| within(part, range)))
        };
        if deeper(units_a, &a) && deeper(units_b, &b) {
            self.align(a, b, depth + 1);
        } else {
            self.gaps.push(Gap { a, b });
        }
    }
}

fn within(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// A stretch as statements of a depth, and operators that are in none of them.
fn parts(units: &Units, range: &Range<usize>, depth: usize) -> Vec<Range<usize>> {
    let empty = Vec::new();
    let statements = units.statements.get(depth).unwrap_or(&empty);
    let mut next = statements.partition_point(|part| part.start < range.start);
    let (mut parts, mut at) = (Vec::new(), range.start);
    while at < range.end {
        while statements.get(next).is_some_and(|part| part.is_empty() || part.start < at) {
            next += 1;
        }
        let statement =
            statements.get(next).filter(|part| part.start == at && part.end <= range.end);
        let part = statement.cloned().unwrap_or(at..at + 1);
        at = part.end;
        parts.push(part);
    }
    parts
}

fn label(gaps: &[Gap], a: &Units, b: &Units) -> Labels {
    let mut labels = Labels { a: Vec::new(), b: Vec::new(), gaps: BTreeSet::new() };
    let mut next = 0;
    let pair = |labels: &mut Labels, count: usize, next: &mut u32| {
        for _ in 0..count {
            labels.a.push(*next);
            labels.b.push(*next);
            *next += 1;
        }
    };
    for gap in gaps {
        let equal = gap.a.start - labels.a.len();
        pair(&mut labels, equal, &mut next);
        if a.names[gap.a.clone()] == b.names[gap.b.clone()] {
            pair(&mut labels, gap.a.len(), &mut next);
            continue;
        }
        labels.a.extend(gap.a.clone().map(|_| next));
        labels.b.extend(gap.b.clone().map(|_| next));
        labels.gaps.insert(next);
        next += 1;
    }
    let equal = a.names.len() - labels.a.len();
    pair(&mut labels, equal, &mut next);
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_lie_between_what_is_equal() {
        assert_eq!(gaps(&[1, 2, 3], &[1, 2, 3]), []);
        assert_eq!(
            gaps(&[1, 5, 3, 4], &[1, 6, 3]),
            [Gap { a: 1..2, b: 1..2 }, Gap { a: 3..4, b: 3..3 }]
        );
    }
}
