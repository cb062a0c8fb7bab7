//! A graph with dispatchers → one in which edges lead straight to their targets.
//!
//! A *dispatcher* is a block that only branches on a local. An edge to it from a block that ends by
//! setting that local to a constant always goes on to one of its targets. The edge is redirected to
//! that target, and the setting is dropped if the local is dead there. LLVM's repair of irreducible
//! control flow leaves such blocks; the numbers of their states vanish with them.
//!
//! 1. All edges are redirected by liveness in the graph before. A path of the new graph is a path
//!    of the old one with settings and dispatchers left out. If a read could see a dropped setting,
//!    the local would be live at the redirected target, and the setting would not have been
//!    dropped.

use super::{Block, Graph, OUTSIDE, Step, Term};
use crate::pair::token::{Item, Tok};
use std::collections::HashMap;

/// Most locals that are tried as dispatch states.
const STATES_MAX: usize = 16;
const GET: u8 = 0x20;
const SET: u8 = 0x21;

impl Graph<'_> {
    /// Redirects edges to empty blocks, then those through dispatchers.
    pub(super) fn thread(&mut self) {
        self.skip_empty();
        let mut live: HashMap<u32, Vec<bool>> = HashMap::new();
        let mut changes = Vec::new();
        for (index, block) in self.blocks.iter().enumerate() {
            let Term::Goto(next) = block.term else { continue };
            let Some((state, local)) = setting(block) else { continue };
            if self.dispatches_on(next) != Some(local) {
                continue;
            }
            if !live.contains_key(&local) && live.len() == STATES_MAX {
                continue;
            }
            let live = live.entry(local).or_insert_with(|| self.live_in(local));
            match self.dispatch(next, state) {
                Some(target) if !live[target as usize] => changes.push((index, target, state)),
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
        self.redirect(|block: &mut u32| *block = resolved[*block as usize].unwrap_or(*block));
    }

    /// The local that a block dispatches on.
    fn dispatches_on(&self, block: u32) -> Option<u32> {
        let block = &self.blocks[block as usize];
        let branches = matches!(block.term, Term::Table(_) | Term::Cond { .. });
        match block.code.as_slice() {
            [Step::Op { item: Item { tok: Tok::Local(GET, local), .. }, .. }] if branches => {
                Some(*local)
            }
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

    /// The blocks at whose start a local's value may still be read: backward from the reads. Scopes
    /// of handlers are nodes behind the blocks; an edge into one leaves a block anywhere, so no
    /// setting in the block stops it.
    fn live_in(&self, local: u32) -> Vec<bool> {
        let blocks = self.blocks.len();
        let count = blocks + self.scopes.len();
        let mut before: Vec<Vec<(usize, bool)>> = vec![Vec::new(); count];
        let (mut live, mut kills) = (vec![false; count], vec![false; count]);
        let mut work = Vec::new();
        for block in 0..blocks {
            for next in self.successors(block as u32) {
                before[next as usize].push((block, false));
            }
            for scope in self.thrown_into(block as u32) {
                before[blocks + scope as usize].push((block, true));
            }
            let first = self.blocks[block].code.iter().find_map(|step| match step {
                Step::Op { item: Item { tok: Tok::Local(op, of), .. }, .. } if *of == local => {
                    Some(*op)
                }
                Step::Op { .. } | Step::Drop { .. } => None,
            });
            kills[block] = first.is_some_and(|op| op != GET);
            if first == Some(GET) {
                live[block] = true;
                work.push(block);
            }
        }
        for (index, scope) in self.scopes.iter().enumerate() {
            for catch in &scope.catches {
                before[catch.target as usize].push((blocks + index, true));
            }
            if scope.outer != OUTSIDE {
                before[blocks + scope.outer as usize].push((blocks + index, true));
            }
        }
        while let Some(node) = work.pop() {
            for &(earlier, anywhere) in &before[node] {
                if !live[earlier] && (anywhere || !kills[earlier]) {
                    live[earlier] = true;
                    work.push(earlier);
                }
            }
        }
        live
    }
}

/// The constant and the local that a block ends by setting.
fn setting(block: &Block<'_>) -> Option<(i32, u32)> {
    let [.., Step::Op { item: constant, .. }, Step::Op { item: set, .. }] = block.code.as_slice()
    else {
        return None;
    };
    match (constant.tok, set.tok) {
        (Tok::I32(state), Tok::Local(SET, local)) => Some((state, local)),
        _ => None,
    }
}
