//! Alignment: a body, its image and the homes of the body's values → the rows of the image. Nobody
//! believes them: [`emitted`](crate::emitted) proves what they say, or refuses.
//!
//! ```text
//! quick: the flow of both, homes ────────────────────────────► rows ─┐
//!                                                                    ├─► the proof, until it accepts
//! lockstep: both walked side by side, with terms of values ──► rows ─┘
//!    moot: without branches that decide nothing, or with them
//!    graph: joins that stand for their edges, or none of them
//! ```
//!
//! | part | finds |
//! |---|---|
//! | `quick` | nearly all rows, without a look at values |
//! | `lockstep`, `edges`, `ends` | the place of the body for each block of the image, values as terms |
//! | `joins`, `choose` | which parameter of the image a value of the body is |
//! | `handlers` | the way of an exception |
//! | `graph` | which blocks stand for their edges, what is live, how often control comes to a block |
//! | `moot` | branches that decide nothing |
//!
//! A wrong answer costs the proof, never the truth. The lockstep refuses what it finds no place
//! for, and what it says then is the refusal that a user sees.

mod choose;
mod edges;
mod ends;
mod graph;
mod handlers;
mod joins;
mod lockstep;
mod moot;
mod negations;
mod quick;
mod terms;

pub(crate) use negations::negated;

use crate::emitted::rows::Rows;
use crate::emitted::{Homes, Rejection};
use graph::Joins;
use moot::{Decided, without_moot};
use prova_module::Module;
use prova_ssa::Body;

/// Ways to align.
pub(crate) struct Aligner<'b> {
    module: &'b Module,
    old: &'b Body,
    new: &'b Body,
    homes: &'b Homes<'b>,
    decided: Option<[Option<Decided>; 2]>,
    /// The attempts that were made.
    made: usize,
}

/// Whether branches that decide nothing are jumps, and which blocks may be lone, in each attempt
/// behind the first.
const ATTEMPTS: [(bool, Joins); 4] =
    [(true, Joins::Walked), (false, Joins::Walked), (false, Joins::Kept), (true, Joins::Kept)];

impl<'b> Aligner<'b> {
    /// Before the first attempt.
    pub(crate) fn new(
        module: &'b Module,
        (old, new): (&'b Body, &'b Body),
        homes: &'b Homes<'b>,
    ) -> Aligner<'b> {
        Aligner { module, old, new, homes, decided: None, made: 0 }
    }

    /// Whether a refusal of the last attempt says more than those of others.
    pub(crate) fn says_most(&self) -> bool {
        self.made == 2
    }

    fn rows(&self, decided: &[Option<&Decided>; 2], joins: Joins) -> Result<Rows, Rejection> {
        let [old, new] = decided;
        let body = old.map_or(self.old, |old| &old.body);
        let image = new.map_or(self.new, |new| &new.body);
        let mut rows = lockstep::relate(self.module, body, image, self.new, self.homes, joins)?;
        let meets = |one: &Option<&Decided>| {
            let moot = one.map_or(&[][..], |one| &one.moot).iter().rev();
            moot.filter_map(|&(block, meet)| Some((block, meet?))).collect()
        };
        (rows.moot, rows.moot_image) = (meets(old), meets(new));
        Ok(rows)
    }
}

impl Iterator for Aligner<'_> {
    type Item = Result<Rows, Rejection>;

    fn next(&mut self) -> Option<Result<Rows, Rejection>> {
        if self.made == 0 {
            self.made = 1;
            if let Some(rows) = quick::align(self.old, self.new, self.homes) {
                return Some(Ok(rows));
            }
        }
        let decided = || [without_moot(self.old), without_moot(self.new)];
        let decided = self.decided.get_or_insert_with(decided);
        let is_decided = decided.iter().any(Option::is_some);
        // Without such branches each attempt with them is another one's.
        while matches!(self.made, 2 | 4) && !is_decided {
            self.made += 1;
        }
        let &(decides, joins) = ATTEMPTS.get(self.made - 1)?;
        self.made += 1;
        let [old, new] = self.decided.as_ref()?;
        let decided = [old, new].map(|one| one.as_ref().filter(|_| decides));
        Some(self.rows(&decided, joins))
    }
}
