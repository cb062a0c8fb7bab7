//! A structured body → its control-flow graph, with dispatchers threaded; two graphs → equal up to
//! the order of blocks, or not.
//!
//! ```text
//! operators ─ build ─► Graph ─ thread ─► Graph without dispatchers ─┐
//!                                              the other side's ────┴─ same ─► Isomorphic
//! ```
//!
//! Branch depths are structure: they are resolved to blocks here, never renamed away.
//!
//! Equality here is a proof, not a likeness: `same` is one simultaneous walk from the entries that
//! keeps a bisimulation.
//!
//! 1. At every pair of blocks that is walked, both operand stacks hold equal values, and so do the
//!    locals under one renaming, which is one to one and fixed on parameters. So every step does
//!    the same: its operator, its immediates (through partners and moved addresses), and, if it may
//!    throw, its handlers are equal.
//! 2. A branch that drops operands under the values that it carries has a [`Step::Drop`]; without
//!    it equal operators could act on different stacks. Branches out of the function need none:
//!    only the results are seen after them.
//! 3. The graph leaves out `nop`, unreachable code, branches to branches, an `i32.eqz` before a
//!    branch, and targets at the end of a `br_table` that equal the default. None of them can be
//!    observed, nor can the parts that `thread` leaves out (see there).
//!
//! Graphs are rooted and their edges ordered, so the walk needs no search. It is linear, except for
//! chains of handlers, which [`CATCHES_MAX`] limits. Limits: [`ITEMS_MAX`] operators; bodies with
//! casts on references (gc) have no graph here. Fuel is not an observable. `tests/layout.rs`
//! has pairs that look permuted and differ.

mod build;
mod same;
mod thread;

pub(crate) use same::{Isomorphic, isomorphic};

use crate::pair::token::Item;

/// Longest body that gets a graph, in operators.
pub(crate) const ITEMS_MAX: usize = 400_000;
/// Most pairs of handlers that one comparison looks at.
pub(crate) const CATCHES_MAX: usize = 1_000_000;

/// No handlers.
const OUTSIDE: u32 = u32::MAX;

/// How a block ends.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Goto(u32),
    Cond {
        nonzero: u32,
        zero: u32,
    },
    /// The last target is the default.
    Table(Vec<u32>),
    Return,
    Trap,
    /// A tail call or a throw, which is the last operator of the code.
    Leave,
}

/// One step of a block.
#[derive(Clone, Copy, Debug)]
enum Step<'m> {
    /// An operator; one that may throw has the innermost scope of handlers around it, others
    /// [`OUTSIDE`].
    Op { item: Item<'m>, scope: u32 },
    /// A branch drops `drop` operands under the upper `keep` ones.
    Drop { keep: u32, drop: u32 },
}

#[derive(Clone, Debug)]
struct Block<'m> {
    code: Vec<Step<'m>>,
    term: Term,
}

/// A `try_table`'s handlers.
#[derive(Clone, Debug)]
struct Scope {
    catches: Vec<Catch>,
    /// The scope around it, or [`OUTSIDE`].
    outer: u32,
}

/// One handler.
#[derive(Clone, Copy, Debug)]
struct Catch {
    /// `catch`, `catch_ref`, `catch_all`, `catch_all_ref`, as in the binary format.
    kind: u8,
    tag: u32,
    target: u32,
    /// Operands that stay under what is caught.
    height: u32,
}

/// The graph of a body; block 0 is the entry.
pub(crate) struct Graph<'m> {
    blocks: Vec<Block<'m>>,
    scopes: Vec<Scope>,
    /// Edges that went through a dispatcher: the state's number, in order of blocks.
    states: Vec<i32>,
}

impl Graph<'_> {
    fn successors(&self, block: u32) -> Vec<u32> {
        match &self.blocks[block as usize].term {
            Term::Goto(next) => vec![*next],
            Term::Cond { nonzero, zero } => vec![*nonzero, *zero],
            Term::Table(targets) => targets.clone(),
            Term::Return | Term::Trap | Term::Leave => Vec::new(),
        }
    }

    /// The scopes that a block's steps may throw into, each run of equal ones once.
    fn thrown_into(&self, block: u32) -> Vec<u32> {
        let scopes = self.blocks[block as usize].code.iter().filter_map(|step| match step {
            Step::Op { scope, .. } if *scope != OUTSIDE => Some(*scope),
            Step::Op { .. } | Step::Drop { .. } => None,
        });
        let mut scopes: Vec<u32> = scopes.collect();
        scopes.dedup();
        scopes
    }

    /// Gives every edge, handlers' included, to `to`.
    fn redirect(&mut self, to: impl Fn(&mut u32)) {
        for block in &mut self.blocks {
            match &mut block.term {
                Term::Goto(next) => to(next),
                Term::Cond { nonzero, zero } => {
                    to(nonzero);
                    to(zero);
                }
                Term::Table(targets) => targets.iter_mut().for_each(&to),
                Term::Return | Term::Trap | Term::Leave => {}
            }
        }
        let catches = self.scopes.iter_mut().flat_map(|scope| &mut scope.catches);
        catches.for_each(|catch| to(&mut catch.target));
    }
}
