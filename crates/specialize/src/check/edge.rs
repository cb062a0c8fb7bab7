//! S7: what a row says of the state, at the end of an edge that leads to its block.
//!
//! The row names parameters of its block; along the edge they are the edge's arguments. So each
//! entry of the row is a term here, and must be the term that the generic side has.

use super::error::{Rule, Verdict, demand};
use super::part::Kept;
use crate::ask::certificate::{Cell, Known, Row};
use prova_ssa::Value;
use prova_ssa::Vn;
use prova_ssa::relate::Numbers;

/// An edge of the specialised function.
pub(super) struct Way<'w> {
    /// The arguments of the edge, as terms; `None` for an unknown one.
    pub(super) args: &'w [Option<Vn>],
    /// The bases at its source, with their terms, rising.
    pub(super) bases: &'w [(u32, Vn)],
    /// How many parameters the generic function has: their bases have a meaning.
    pub(super) params: u32,
}

impl Way<'_> {
    fn arg(&self, number: u32) -> Verdict<Vn> {
        let found = self.args.get(number as usize).copied().flatten();
        found.ok_or_else(|| (Rule::Form, format!("no argument {number} that is known")))
    }

    fn base(&self, arg: u32) -> Verdict<Vn> {
        let found = self.bases.binary_search_by_key(&arg, |base| base.0);
        let found = found.map(|at| self.bases[at].1);
        found.map_err(|_| (Rule::State, format!("no base {arg}")))
    }

    /// A fact of a row, as a term here.
    pub(super) fn known(&self, terms: &mut Numbers, row: &Row, known: Known) -> Verdict<Vn> {
        match known {
            Known::Bits(bits) => Ok(terms.constant(bits)),
            Known::Param(number) => self.arg(number),
            Known::Pointer { root, offset } => {
                let Ok(at) = row.bases.binary_search_by_key(&root, |base| base.0) else {
                    return Err((Rule::Form, format!("a pointer relative to {root}, no base")));
                };
                let base = self.arg(row.bases[at].1)?;
                Ok(terms.moved(base, offset))
            }
        }
    }
}

/// Proves values and bases of a row along an edge; `value` is what a value of the generic function
/// is there. (Who calls it has taken the steps.)
pub(super) fn arrive(
    terms: &mut Numbers,
    row: &Row,
    way: &Way<'_>,
    value: impl Fn(Value) -> Option<Vn>,
) -> Verdict {
    for &(root, number) in &row.bases {
        let passed = way.arg(number)?;
        // Another base than an argument is a name: what lies relative to it is compared below.
        if root < way.params {
            let base = way.base(root)?;
            demand!(passed == base, State, "argument {root} is not what it was");
        }
    }
    for &(of, known) in &row.values {
        let Some(found) = value(of) else {
            return Err((Rule::State, format!("{of} is not known")));
        };
        let said = way.known(terms, row, known)?;
        demand!(said == found, State, "{of} is not {known:?}");
    }
    Ok(())
}

/// Proves registers, cells and knowledge of constant memory along an edge. (The caller has taken
/// the steps.)
pub(super) fn keep(terms: &mut Numbers, row: &Row, way: &Way<'_>, kept: &Kept) -> Verdict {
    demand!(!row.fresh || kept.fresh, State, "constant memory may have changed");
    for &range in &row.known {
        demand!(kept.known.has(range), State, "constant memory may have changed at {range:?}");
    }
    for &(number, known) in &row.regs {
        let Some(&found) = kept.regs.get(&number) else {
            return Err((Rule::State, format!("register {number} is not written")));
        };
        let said = way.known(terms, row, known)?;
        demand!(said == found, State, "register {number} is not {known:?}");
    }
    let Some(deeper) = kept.stack.len().checked_sub(row.stack.len()) else {
        return Err((Rule::Cells, "the row has more cells than were pushed".to_owned()));
    };
    let (left, brought) = kept.stack.split_at(deeper);
    for late in left {
        demand!(late.done, Cells, "a pushed cell is left out and not stored");
    }
    let mut cell = |cell: &Cell, late: &super::part::Late| {
        let address = way.known(terms, row, cell.address)?;
        let value = way.known(terms, row, cell.value)?;
        let same = address == late.address && value == late.value;
        demand!(same, Cells, "a cell is not {cell:?}");
        Ok(())
    };
    for (late, said) in brought.iter().zip(&row.stack) {
        cell(said, late)?;
    }
    for (number, said) in &row.locals {
        let Some(late) = kept.locals.get(number) else {
            return Err((Rule::Cells, format!("local {number} is not written")));
        };
        cell(said, late)?;
    }
    for (number, late) in &kept.locals {
        let brought = row.locals.binary_search_by_key(number, |local| local.0).is_ok();
        demand!(brought || late.done, Cells, "local {number} is left out and not stored");
    }
    Ok(())
}
