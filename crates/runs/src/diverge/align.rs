//! The sites of two builds → those that are the same place.
//!
//! `trace::instrument` reports an event of B under the number of A's site.
//!
//! 1. Only sites with a partner have events, on both sides: the common ground. A place that a build
//!    does not have is no difference; another event at a common place is one.
//! 2. Partners are one to one and in the same order inside a function.
//!
//! Time is linear in the sites, plus the alignment by edits of stretches of up to [`STRETCH_MAX`]
//! sites of a function; longer ones have no partners.

use crate::trace::Site;
use prova_module::{Module, Opcode};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::BTreeMap;
use std::ops::Range;

/// Longest stretch of differing sites of a function that is aligned, in sites of both sides.
const STRETCH_MAX: usize = 4000;

/// The numbers of sites in events: the numbers of A's sites.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    pub(crate) a: Vec<Option<u32>>,
    pub(crate) b: Vec<Option<u32>>,
    /// By the number of A's site, the number of B's.
    pub(crate) b_of: BTreeMap<u32, u32>,
}

/// Aligns the sites of matched functions.
pub(crate) fn align(
    partners: &[Option<u32>],
    (a, sites_a): (&Module, &[Site]),
    (b, sites_b): (&Module, &[Site]),
) -> Ids {
    let (of_a, of_b) = (by_func(sites_a), by_func(sites_b));
    let mut ids =
        Ids { a: vec![None; sites_a.len()], b: vec![None; sites_b.len()], b_of: BTreeMap::new() };
    for (func, range_a) in &of_a {
        let partner = partners.get(*func as usize).copied().flatten();
        let Some(range_b) = partner.and_then(|partner| of_b.get(&partner)) else { continue };
        let tokens_a = tokens(a, *func, &sites_a[range_a.clone()]);
        let tokens_b = tokens(b, partner.unwrap_or_default(), &sites_b[range_b.clone()]);
        for (x, y) in pairs(&tokens_a, &tokens_b) {
            let (x, y) = (range_a.start + x, range_b.start + y);
            ids.a[x] = Some(x as u32);
            ids.b[y] = Some(x as u32);
            ids.b_of.insert(x as u32, y as u32);
        }
    }
    ids
}

/// The sites of each function, which stand together.
fn by_func(sites: &[Site]) -> BTreeMap<u32, Range<usize>> {
    let mut all: BTreeMap<u32, Range<usize>> = BTreeMap::new();
    for (at, site) in sites.iter().enumerate() {
        all.entry(site.func.0).or_insert(at..at).end = at + 1;
    }
    all
}

/// The properties that a site must have in common with its partner: the kind of event, and the
/// operator.
type Token = (crate::trace::What, Option<Opcode>);

fn tokens(module: &Module, func: u32, sites: &[Site]) -> Vec<Token> {
    let mut opcodes = BTreeMap::new();
    if let Some(body) = module.body(prova_module::FuncIdx(func)) {
        let mut reader = body.operators();
        while let Ok((op, offset)) = reader.read_with_offset() {
            opcodes.insert(offset as u32, Opcode::of(&op));
        }
    }
    let entered = |site: &Site| matches!(site.what, crate::trace::What::Enter(_));
    let opcode = |site: &Site| opcodes.get(&site.offset).filter(|_| !entered(site)).copied();
    sites.iter().map(|site| (site.what, opcode(site))).collect()
}

/// The positions of partners.
fn pairs(a: &[Token], b: &[Token]) -> Vec<(usize, usize)> {
    let same = |(x, y): &(&Token, &Token)| x == y;
    let first = a.iter().zip(b).take_while(same).count();
    let (rest_a, rest_b) = (&a[first..], &b[first..]);
    let last = rest_a.iter().rev().zip(rest_b.iter().rev()).take_while(same).count();
    let (mid_a, mid_b) = (&rest_a[..rest_a.len() - last], &rest_b[..rest_b.len() - last]);
    let mut found: Vec<(usize, usize)> = (0..first).map(|at| (at, at)).collect();
    if mid_a.len() + mid_b.len() <= STRETCH_MAX {
        for op in capture_diff_slices(Algorithm::Myers, mid_a, mid_b) {
            let (old, new, len) = match op {
                DiffOp::Equal { old_index, new_index, len } => (old_index, new_index, len),
                // Operators that stand for others, one for one.
                DiffOp::Replace { old_index, old_len, new_index, new_len }
                    if old_len == new_len =>
                {
                    (old_index, new_index, old_len)
                }
                DiffOp::Replace { .. } | DiffOp::Insert { .. } | DiffOp::Delete { .. } => continue,
            };
            let both = (old..old + len).zip(new..new + len);
            let alike = both.filter(|(x, y)| mid_a[*x].0 == mid_b[*y].0);
            found.extend(alike.map(|(x, y)| (first + x, first + y)));
        }
    }
    let (end_a, end_b) = (a.len() - last, b.len() - last);
    found.extend((0..last).map(|n| (end_a + n, end_b + n)));
    found
}
