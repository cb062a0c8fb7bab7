//! Pairs of functions → the offset in B's code section for each offset in A's.
//!
//! 1. The start and the end of a body map to the start and the end of its partner's.
//! 2. Inside two bodies that are equal operator by operator, each operator maps to the other side's
//!    operator. Offsets inside other bodies have no partner.
//! 3. Outside all bodies an offset maps to itself only.

use crate::pair::side::Side;
use crate::pair::token::Tokens;
use prova_module::{FuncIdx, Module};
use std::collections::HashSet;

/// The section id of code.
const CODE: u8 = 10;

/// A function's body on both sides, from the start of the code section's contents.
struct Body {
    a: (u64, u64),
    b: Option<(u64, u64)>,
    /// The operators' offsets, in pairs; `None` if they are the same from both starts.
    inside: Inside,
}

enum Inside {
    Unknown,
    Same,
    Pairs(Vec<(u64, u64)>),
}

pub(super) struct CodeMap {
    /// In order of A.
    bodies: Vec<Body>,
}

impl CodeMap {
    pub(super) fn new(sides: (&Side<'_>, &Side<'_>), changed: &HashSet<u32>) -> CodeMap {
        let starts = (start(sides.0.module), start(sides.1.module));
        let one = |func: FuncIdx| {
            let range = |side: &Side<'_>, func: FuncIdx, start: u64| {
                let range = side.module.body(func)?.range();
                Some((range.start as u64 - start, range.end as u64 - start))
            };
            let a = range(sides.0, func, starts.0)?;
            let partner = FuncIdx(sides.0.canonical_func(func.0));
            let b = range(sides.1, partner, starts.1);
            let inside = match (b, changed.contains(&func.0)) {
                (Some(b), false) => inside(sides, (func.0, partner.0), starts, (a, b)),
                _ => Inside::Unknown,
            };
            Some(Body { a, b, inside })
        };
        let mut bodies: Vec<Body> = sides.0.module.defined_funcs().filter_map(one).collect();
        bodies.sort_by_key(|body| body.a);
        CodeMap { bodies }
    }

    /// Whether an address of A is this one of B.
    pub(super) fn agrees(&self, a: u64, b: u64) -> bool {
        // The end of one body may be the start of the next only with a size between.
        let after = self.bodies.partition_point(|body| body.a.0 <= a);
        let body = after.checked_sub(1).map(|at| &self.bodies[at]).filter(|body| a <= body.a.1);
        let Some(body) = body else { return a == b };
        let Some((start, end)) = body.b else { return false };
        if a == body.a.0 || a == body.a.1 {
            return b == if a == body.a.0 { start } else { end };
        }
        match &body.inside {
            Inside::Unknown => false,
            Inside::Same => b.wrapping_sub(start) == a - body.a.0,
            Inside::Pairs(pairs) => {
                let at = pairs.binary_search_by_key(&a, |(a, _)| *a);
                at.is_ok_and(|at| pairs[at].1 == b)
            }
        }
    }
}

/// Where the contents of the code section start.
fn start(module: &Module) -> u64 {
    let code = module.sections().iter().find(|section| section.id == CODE);
    code.map_or(0, |code| code.range.start as u64)
}

/// The operators of two bodies that are the same.
fn inside(
    sides: (&Side<'_>, &Side<'_>),
    funcs: (u32, u32),
    starts: (u64, u64),
    (a, b): ((u64, u64), (u64, u64)),
) -> Inside {
    let tokens = (Tokens::new(sides.0, funcs.0), Tokens::new(sides.1, funcs.1));
    let (Some(x), Some(y)) = tokens else { return Inside::Unknown };
    let offsets = |(x, y): (crate::pair::token::Item<'_>, crate::pair::token::Item<'_>)| {
        (u64::from(x.offset) - starts.0, u64::from(y.offset) - starts.1)
    };
    let pairs: Vec<(u64, u64)> = x.zip(y).map(offsets).collect();
    let same = a.1 - a.0 == b.1 - b.0 && pairs.iter().all(|(x, y)| x - a.0 == y - b.0);
    if same { Inside::Same } else { Inside::Pairs(pairs) }
}
