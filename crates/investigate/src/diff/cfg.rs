//! A structured body → its control-flow graph, with dispatchers threaded; two graphs → equal up to the order of blocks, or not.
//!
//! Neighbours: `compare` asks for pairs that differ in lockstep; `exec` backs a yes with execution. Branch depths are structure:
//! they are resolved to blocks here, never renamed away.
//!
//! A *dispatcher* is a block that does nothing but branch on a local. An edge to it from a block that ends by setting that
//! local to a constant goes in truth to one of its targets. It is redirected, and the setting dropped, if the local is dead
//! there (as LLVM's repair of irreducible control flow leaves it); state numbers are gone with it.
//!
//! Graphs are rooted and their edges ordered, so equality is one simultaneous walk from the entries: linear, no search.
//! Limits: [`ITEMS_MAX`] operators; bodies with exception handlers or branches on references have no graph here.

use super::lockstep::{Locals, Same};
use super::shift::{Agree, Shift};
use super::side::Side;
use super::token::{Item, Tok, Tokens};
use prova_module::Operator;
use std::collections::HashMap;

/// Longest body that gets a graph, in operators.
pub(crate) const ITEMS_MAX: usize = 400_000;
/// Most locals that are tried as dispatch states.
const STATES_MAX: usize = 16;

const EQZ: &[u8] = &[0x45];
const GET: u8 = 0x20;
const SET: u8 = 0x21;

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
    /// A tail call, which is the last operator of the code.
    Tail,
}

#[derive(Clone, Debug)]
struct Block<'m> {
    code: Vec<Item<'m>>,
    term: Term,
}

/// The graph of a body; block 0 is the entry.
pub(crate) struct Graph<'m> {
    blocks: Vec<Block<'m>>,
    /// Edges that went through a dispatcher: the state's number, in order of blocks.
    states: Vec<i32>,
}

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

struct Frame {
    target: u32,
    /// Where control goes on after `end`; `None` for a loop, which falls through.
    follow: Option<u32>,
    otherwise: Option<u32>,
}

struct Builder<'m> {
    blocks: Vec<Block<'m>>,
    frames: Vec<Frame>,
    current: u32,
}

impl<'m> Builder<'m> {
    fn fresh(&mut self) -> u32 {
        self.blocks.push(Block { code: Vec::new(), term: Term::Trap });
        self.blocks.len() as u32 - 1
    }

    /// Ends the current block; what follows is in `next`, or unreachable.
    fn end(&mut self, term: Term, next: Option<u32>) {
        self.blocks[self.current as usize].term = term;
        self.current = next.unwrap_or_else(|| self.fresh());
    }

    fn target(&self, depth: u32) -> Option<u32> {
        let at = self.frames.len().checked_sub(1 + depth as usize)?;
        Some(self.frames[at].target)
    }

    fn step(&mut self, op: &Operator<'_>, item: Item<'m>) -> Option<()> {
        match op {
            Operator::Block { .. } => {
                let follow = self.fresh();
                self.frames.push(Frame { target: follow, follow: Some(follow), otherwise: None });
            }
            Operator::Loop { .. } => {
                let header = self.fresh();
                self.end(Term::Goto(header), Some(header));
                self.frames.push(Frame { target: header, follow: None, otherwise: None });
            }
            Operator::If { .. } => {
                let (then, otherwise, follow) = (self.fresh(), self.fresh(), self.fresh());
                self.end(Term::Cond { nonzero: then, zero: otherwise }, Some(then));
                self.frames.push(Frame {
                    target: follow,
                    follow: Some(follow),
                    otherwise: Some(otherwise),
                });
            }
            Operator::Else => {
                let frame = self.frames.last_mut()?;
                let (follow, otherwise) = (frame.follow?, frame.otherwise.take()?);
                self.end(Term::Goto(follow), Some(otherwise));
            }
            Operator::End => {
                let frame = self.frames.pop()?;
                if let (Some(otherwise), Some(follow)) = (frame.otherwise, frame.follow) {
                    self.blocks[otherwise as usize].term = Term::Goto(follow);
                }
                if let Some(follow) = frame.follow {
                    self.end(Term::Goto(follow), Some(follow));
                }
            }
            Operator::Br { relative_depth } => {
                let target = self.target(*relative_depth)?;
                self.end(Term::Goto(target), None);
            }
            Operator::BrIf { relative_depth } => {
                let (nonzero, zero) = (self.target(*relative_depth)?, self.fresh());
                self.end(Term::Cond { nonzero, zero }, Some(zero));
            }
            Operator::BrTable { targets } => {
                let mut blocks = Vec::new();
                for depth in targets.targets() {
                    blocks.push(self.target(depth.ok()?)?);
                }
                blocks.push(self.target(targets.default())?);
                self.end(Term::Table(blocks), None);
            }
            Operator::Return => self.end(Term::Return, None),
            Operator::Unreachable => self.end(Term::Trap, None),
            Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => {
                self.blocks[self.current as usize].code.push(item);
                self.end(Term::Tail, None);
            }
            op if unsupported(op) => return None,
            // `nop` does nothing wherever it stands.
            Operator::Nop => {}
            _ => self.blocks[self.current as usize].code.push(item),
        }
        Some(())
    }
}

/// Operators that end a block in ways this graph has no edge for.
fn unsupported(op: &Operator<'_>) -> bool {
    matches!(
        op,
        Operator::TryTable { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef
            | Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. }
            | Operator::BrOnCast { .. }
            | Operator::BrOnCastFail { .. }
    )
}

impl<'m> Graph<'m> {
    /// The graph of a defined function, dispatchers threaded; `None` beyond the limits.
    pub(crate) fn new(side: &'m Side<'m>, func: u32) -> Option<Graph<'m>> {
        let mut tokens = Tokens::new(side, func)?;
        let mut builder = Builder { blocks: Vec::new(), frames: Vec::new(), current: 0 };
        builder.current = builder.fresh();
        let exit = builder.fresh();
        builder.blocks[exit as usize].term = Term::Return;
        builder.frames.push(Frame { target: exit, follow: Some(exit), otherwise: None });
        let mut count = 0;
        while let Some((op, item)) = tokens.next_op() {
            count += 1;
            if count > ITEMS_MAX {
                return None;
            }
            builder.step(&op, item)?;
        }
        let mut graph = Graph { blocks: builder.blocks, states: Vec::new() };
        graph.skip_empty();
        graph.thread();
        Some(graph)
    }

    fn successors(&self, block: u32) -> Vec<u32> {
        match &self.blocks[block as usize].term {
            Term::Goto(next) => vec![*next],
            Term::Cond { nonzero, zero } => vec![*nonzero, *zero],
            Term::Table(targets) => targets.clone(),
            Term::Return | Term::Trap | Term::Tail => Vec::new(),
        }
    }

    /// Redirects edges to empty blocks to where those go.
    fn skip_empty(&mut self) {
        let count = self.blocks.len();
        let mut resolved: Vec<Option<u32>> = vec![None; count];
        for start in 0..count as u32 {
            let mut path = Vec::new();
            let mut at = start;
            // A path of empty blocks is walked once: what it finds is kept for all its blocks.
            let end = loop {
                if let Some(end) = resolved[at as usize] {
                    break end;
                }
                // A cycle of empty blocks resolves to where it was entered.
                resolved[at as usize] = Some(at);
                path.push(at);
                match &self.blocks[at as usize] {
                    Block { code, term: Term::Goto(next) } if code.is_empty() => at = *next,
                    _ => break at,
                }
            };
            for block in path {
                resolved[block as usize] = Some(end);
            }
        }
        let to = |block: &mut u32| *block = resolved[*block as usize].unwrap_or(*block);
        for block in &mut self.blocks {
            match &mut block.term {
                Term::Goto(next) => to(next),
                Term::Cond { nonzero, zero } => {
                    to(nonzero);
                    to(zero);
                }
                Term::Table(targets) => targets.iter_mut().for_each(to),
                Term::Return | Term::Trap | Term::Tail => {}
            }
        }
    }

    /// The local that a block dispatches on.
    fn dispatches_on(&self, block: u32) -> Option<u32> {
        let block = &self.blocks[block as usize];
        let branches = matches!(block.term, Term::Table(_) | Term::Cond { .. });
        match block.code.as_slice() {
            [Item { tok: Tok::Local(GET, local), .. }] if branches => Some(*local),
            _ => None,
        }
    }

    fn dispatch(&self, block: u32, state: i32) -> Option<u32> {
        match &self.blocks[block as usize].term {
            Term::Table(targets) => {
                let last = targets.len().checked_sub(1)?;
                targets.get((state as u32 as usize).min(last)).copied()
            }
            Term::Cond { nonzero, zero } => Some(if state != 0 { *nonzero } else { *zero }),
            _ => None,
        }
    }

    /// Redirects edges through dispatchers.
    fn thread(&mut self) {
        let mut live: HashMap<u32, Vec<bool>> = HashMap::new();
        let mut changes = Vec::new();
        for (index, block) in self.blocks.iter().enumerate() {
            let Term::Goto(next) = block.term else { continue };
            let [.., Item { tok: Tok::I32(state), .. }, Item { tok: Tok::Local(SET, local), .. }] =
                block.code.as_slice()
            else {
                continue;
            };
            if self.dispatches_on(next) != Some(*local) {
                continue;
            }
            if !live.contains_key(local) && live.len() == STATES_MAX {
                continue;
            }
            let live = live.entry(*local).or_insert_with(|| self.live_in(*local));
            match self.dispatch(next, *state) {
                Some(target) if !live[target as usize] => changes.push((index, target, *state)),
                _ => {}
            }
        }
        for (index, target, state) in changes {
            let block = &mut self.blocks[index];
            block.term = Term::Goto(target);
            block.code.truncate(block.code.len() - 2);
            self.states.push(state);
        }
        self.skip_empty();
    }

    /// The blocks at whose start a local's value may still be read: backward from the reads.
    fn live_in(&self, local: u32) -> Vec<bool> {
        let count = self.blocks.len();
        let mut predecessors = vec![Vec::new(); count];
        let mut live = vec![false; count];
        let mut kills = vec![false; count];
        let mut work = Vec::new();
        for block in 0..count {
            for next in self.successors(block as u32) {
                predecessors[next as usize].push(block);
            }
            let first = self.blocks[block].code.iter().find_map(|item| match item.tok {
                Tok::Local(op, of) if of == local => Some(op),
                _ => None,
            });
            kills[block] = first.is_some_and(|op| op != GET);
            if first == Some(GET) {
                live[block] = true;
                work.push(block);
            }
        }
        while let Some(block) = work.pop() {
            for &before in &predecessors[block] {
                if !live[before] && !kills[before] {
                    live[before] = true;
                    work.push(before);
                }
            }
        }
        live
    }

    /// How many edges lead to each block from blocks that can be reached.
    fn predecessors(&self) -> Vec<u32> {
        let mut counts = vec![0; self.blocks.len()];
        let mut seen = vec![false; self.blocks.len()];
        let mut work = vec![0];
        counts[0] = 1;
        while let Some(block) = work.pop() {
            if std::mem::replace(&mut seen[block as usize], true) {
                continue;
            }
            for next in self.successors(block) {
                counts[next as usize] += 1;
                work.push(next);
            }
        }
        counts
    }

    /// The straight line from a block on: its code, through successors that nothing else leads to.
    fn line(&self, counts: &[u32], start: u32) -> (Vec<Item<'m>>, Term) {
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
        while let (Term::Cond { nonzero, zero }, Some(Tok::Raw(EQZ))) =
            (&term, code.last().map(|item| item.tok))
        {
            term = Term::Cond { nonzero: *zero, zero: *nonzero };
            code.pop();
        }
        (code, term)
    }
}

/// Walks both graphs from their entries; `Some` if they are equal up to the order of blocks.
pub(crate) fn isomorphic(
    sides: (&Side<'_>, &Side<'_>),
    shift: &Shift,
    funcs: (u32, u32),
    graphs: (&Graph<'_>, &Graph<'_>),
) -> Option<Isomorphic> {
    let counts = (graphs.0.predecessors(), graphs.1.predecessors());
    let mut locals = Locals::new(sides, funcs);
    let mut same = Same::default();
    let mut patches = HashMap::new();
    let mut forward: HashMap<u32, u32> = HashMap::from([(0, 0)]);
    let mut back: HashMap<u32, u32> = HashMap::from([(0, 0)]);
    let mut work = vec![(0, 0)];
    let mut blocks = 0;
    while let Some((a, b)) = work.pop() {
        blocks += 1;
        let (code_a, term_a) = graphs.0.line(&counts.0, a);
        let (code_b, term_b) = graphs.1.line(&counts.1, b);
        if code_a.len() != code_b.len() {
            return None;
        }
        for (x, y) in code_a.iter().zip(&code_b) {
            if let (Tok::Local(op_a, la), Tok::Local(op_b, lb)) = (x.tok, y.tok) {
                if op_a != op_b || !locals.unify(la, lb) {
                    return None;
                }
                continue;
            }
            let agree = shift.tokens(sides, &x.tok, &y.tok)?;
            same.note(agree);
            if agree != Agree::Equal {
                patches.insert(x.offset, constant(&y.tok));
            }
        }
        for (next_a, next_b) in pairs(&term_a, &term_b)? {
            match (forward.get(&next_a), back.get(&next_b)) {
                (None, None) => {
                    forward.insert(next_a, next_b);
                    back.insert(next_b, next_a);
                    work.push((next_a, next_b));
                }
                (Some(&known_b), Some(&known_a)) if known_b == next_b && known_a == next_a => {}
                _ => return None,
            }
        }
    }
    let (states_a, states_b) = (&graphs.0.states, &graphs.1.states);
    let states_permuted = states_a != states_b;
    Some(Isomorphic {
        same,
        patches,
        blocks,
        dispatched: states_a.len().max(states_b.len()),
        states_permuted,
    })
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
        (Term::Return, Term::Return) | (Term::Trap, Term::Trap) | (Term::Tail, Term::Tail) => {
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
