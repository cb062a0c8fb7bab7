//! Two graphs → one walk of both from their entries, or where they part.
//!
//! Invariants 1 to 3 of the module stand above the code that keeps them.

use super::{CATCHES_MAX, Graph, OUTSIDE, Scope, Step, Term};
use crate::judge::lockstep::{Locals, Same, written};
use crate::numbers::shift::{Agree, Shift};
use crate::numbers::uses::Roles;
use crate::pair::side::Side;
use crate::pair::token::{Item, Tok};
use std::collections::{HashMap, HashSet};

const EQZ: &[u8] = &[0x45];

/// Two graphs are equal; how the bodies differ nevertheless.
#[derive(Clone, Debug)]
pub(crate) struct Isomorphic {
    pub(crate) same: Same,
    /// B's value of each constant of A that differs, by module offset.
    pub(crate) patches: HashMap<u32, u64>,
    /// Blocks walked.
    pub(crate) blocks: usize,
    /// Edges through dispatchers in A, and how the two bodies number them differs.
    pub(crate) dispatched: usize,
    pub(crate) states_permuted: bool,
}

/// Walks both graphs from their entries; `Some` if they are equal up to the order of blocks.
pub(crate) fn isomorphic(
    sides: (&Side<'_>, &Side<'_>),
    (shift, roles): (&Shift, &Roles),
    funcs: (u32, u32),
    graphs: (&Graph<'_>, &Graph<'_>),
) -> Option<Isomorphic> {
    let mut same = Same::default();
    for access in roles.folded(funcs.0) {
        same.note(shift.computed(*access)?);
    }
    let mut walk = Walk {
        sides,
        shift,
        roles,
        func: funcs.0,
        graphs,
        locals: Locals::new(sides, funcs),
        same,
        patches: HashMap::new(),
        forward: HashMap::from([(0, 0)]),
        back: HashMap::from([(0, 0)]),
        work: vec![(0, 0)],
        scopes: HashSet::new(),
        catches: 0,
    };
    let counts = (graphs.0.predecessors(), graphs.1.predecessors());
    let mut blocks = 0;
    while let Some((a, b)) = walk.work.pop() {
        blocks += 1;
        let (code_a, term_a) = graphs.0.line(&counts.0, a);
        let (code_b, term_b) = graphs.1.line(&counts.1, b);
        if code_a.len() != code_b.len() {
            return None;
        }
        for (x, y) in code_a.iter().zip(&code_b) {
            walk.step(x, y)?;
        }
        for (next_a, next_b) in pairs(&term_a, &term_b)? {
            walk.edge(next_a, next_b)?;
        }
    }
    let (states_a, states_b) = (&graphs.0.states, &graphs.1.states);
    Some(Isomorphic {
        same: walk.same,
        patches: walk.patches,
        blocks,
        dispatched: states_a.len().max(states_b.len()),
        states_permuted: states_a != states_b,
    })
}

struct Walk<'s, 'm> {
    sides: (&'s Side<'m>, &'s Side<'m>),
    shift: &'s Shift,
    roles: &'s Roles,
    /// A's function.
    func: u32,
    graphs: (&'s Graph<'s>, &'s Graph<'s>),
    locals: Locals,
    same: Same,
    patches: HashMap<u32, u64>,
    /// Which block is which, one to one.
    forward: HashMap<u32, u32>,
    back: HashMap<u32, u32>,
    work: Vec<(u32, u32)>,
    /// Scopes that are known to be equal.
    scopes: HashSet<(u32, u32)>,
    catches: usize,
}

impl Walk<'_, '_> {
    /// Invariant 1, step by step.
    fn step(&mut self, a: &Step<'_>, b: &Step<'_>) -> Option<()> {
        let ((x, scope_a), (y, scope_b)) = match (a, b) {
            (Step::Op { item: x, scope: sx }, Step::Op { item: y, scope: sy }) => {
                ((x, *sx), (y, *sy))
            }
            // Invariant 2.
            (Step::Drop { keep: ka, drop: da }, Step::Drop { keep: kb, drop: db }) => {
                return ((ka, da) == (kb, db)).then_some(());
            }
            (Step::Op { .. }, Step::Drop { .. }) | (Step::Drop { .. }, Step::Op { .. }) => {
                return None;
            }
        };
        if let (Tok::Local(op_a, la), Tok::Local(op_b, lb)) = (x.tok, y.tok) {
            return (op_a == op_b && self.locals.unify(la, lb)).then_some(());
        }
        let role = self.roles.of(self.func, x, y);
        let agree = self.shift.tokens(self.sides, role, &x.tok, &y.tok)?;
        self.same.noted(agree, written(self.sides, x, y));
        if agree != Agree::Equal {
            self.patches.insert(x.offset, constant(&y.tok));
        }
        self.handlers(scope_a, scope_b)
    }

    /// Two scopes catch the same into the same, innermost first.
    fn handlers(&mut self, mut a: u32, mut b: u32) -> Option<()> {
        while a != OUTSIDE && b != OUTSIDE {
            if !self.scopes.insert((a, b)) {
                return Some(());
            }
            let (x, y) = (&self.graphs.0.scopes[a as usize], &self.graphs.1.scopes[b as usize]);
            self.catches += 1 + x.catches.len();
            if x.catches.len() != y.catches.len() || self.catches > CATCHES_MAX {
                return None;
            }
            for (x, y) in x.catches.iter().zip(&y.catches) {
                if (x.kind, x.tag, x.height) != (y.kind, y.tag, y.height) {
                    return None;
                }
                self.edge(x.target, y.target)?;
            }
            (a, b) = (x.outer, y.outer);
        }
        (a == b).then_some(())
    }

    /// Two blocks are each other's.
    fn edge(&mut self, a: u32, b: u32) -> Option<()> {
        match (self.forward.get(&a), self.back.get(&b)) {
            (None, None) => {
                self.forward.insert(a, b);
                self.back.insert(b, a);
                self.work.push((a, b));
                Some(())
            }
            (Some(&known_b), Some(&known_a)) if known_b == b && known_a == a => Some(()),
            _ => None,
        }
    }
}

impl<'m> Graph<'m> {
    /// How many edges lead to each block from blocks that can be reached.
    fn predecessors(&self) -> Vec<u32> {
        let mut counts = vec![0; self.blocks.len()];
        let mut seen = vec![false; self.blocks.len()];
        let mut seen_scope = vec![false; self.scopes.len()];
        let mut work = vec![0];
        counts[0] = 1;
        while let Some(block) = work.pop() {
            if std::mem::replace(&mut seen[block as usize], true) {
                continue;
            }
            let mut nexts = self.successors(block);
            for mut scope in self.thrown_into(block) {
                while scope != OUTSIDE && !std::mem::replace(&mut seen_scope[scope as usize], true)
                {
                    let Scope { catches, outer } = &self.scopes[scope as usize];
                    nexts.extend(catches.iter().map(|catch| catch.target));
                    scope = *outer;
                }
            }
            for next in nexts {
                counts[next as usize] += 1;
                work.push(next);
            }
        }
        counts
    }

    /// The straight line from a block on: its code, through successors that nothing else leads to.
    fn line(&self, counts: &[u32], start: u32) -> (Vec<Step<'m>>, Term) {
        let mut code = self.blocks[start as usize].code.clone();
        let mut at = start;
        while let Term::Goto(next) = self.blocks[at as usize].term
            && counts[next as usize] == 1
            && next != start
        {
            code.extend_from_slice(&self.blocks[next as usize].code);
            at = next;
        }
        let mut term = self.blocks[at as usize].term.clone();
        // A branch to an empty end is that end.
        if let Term::Goto(next) = term
            && self.blocks[next as usize].code.is_empty()
            && self.successors(next).is_empty()
        {
            term = self.blocks[next as usize].term.clone();
        }
        // A branch on `x == 0` is one on `x`, the other way round.
        while let (
            Term::Cond { nonzero, zero },
            Some(Step::Op { item: Item { tok: Tok::Raw(EQZ), .. }, .. }),
        ) = (&term, code.last())
        {
            term = Term::Cond { nonzero: *zero, zero: *nonzero };
            code.pop();
        }
        (code, term)
    }
}

/// The constant of a token that agrees with another one.
fn constant(tok: &Tok<'_>) -> u64 {
    match tok {
        Tok::I32(value) => u64::from(*value as u32),
        Tok::I64(value) => *value as u64,
        Tok::Mem { offset, .. } => *offset,
        _ => 0,
    }
}

/// The successors of two blocks in pairs, if they end alike.
fn pairs(a: &Term, b: &Term) -> Option<Vec<(u32, u32)>> {
    match (a, b) {
        (Term::Goto(a), Term::Goto(b)) => Some(vec![(*a, *b)]),
        (Term::Cond { nonzero: na, zero: za }, Term::Cond { nonzero: nb, zero: zb }) => {
            Some(vec![(*na, *nb), (*za, *zb)])
        }
        (Term::Table(a), Term::Table(b)) => {
            let (a, b) = (without_tail(a), without_tail(b));
            (a.len() == b.len()).then(|| a.iter().copied().zip(b.iter().copied()).collect())
        }
        (Term::Return, Term::Return) | (Term::Trap, Term::Trap) | (Term::Leave, Term::Leave) => {
            Some(Vec::new())
        }
        _ => None,
    }
}

/// Targets without those before the default that equal it.
fn without_tail(targets: &[u32]) -> &[u32] {
    let mut targets = targets;
    while let [.., before, default] = targets
        && before == default
    {
        targets = &targets[..targets.len() - 1];
    }
    targets
}
