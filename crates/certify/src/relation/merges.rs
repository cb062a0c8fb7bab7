//! Where ways meet: in the code, by its jumps, and in the body, at the heads of loops.

use super::related::Related;
use super::scan::scan;
use prova_check::x64::Class;
use prova_ssa::Body;
use std::collections::{BTreeMap, BTreeSet};

/// Offsets to which several ways lead, or one from behind; and those that a branch over one
/// instruction leads to.
pub(super) fn merges(code: &Related<'_>) -> [BTreeSet<u32>; 3] {
    let mut ways: BTreeMap<u32, u32> = BTreeMap::new();
    let mut found = BTreeSet::new();
    let mut falls = true;
    let mut starts: Vec<(u32, bool)> = Vec::new();
    let (mut hops, mut rounds, mut branch) = (BTreeSet::new(), BTreeSet::new(), None);
    scan(code, |insn, behind_data| {
        let at = insn.offset;
        starts.push((at, falls && !behind_data));
        let jumps = insn.class == Class::Jump;
        if jumps || matches!(insn.class, Class::Branch(_)) {
            let target = insn.target();
            *ways.entry(target).or_default() += 1;
            if target <= at {
                found.insert(target);
                rounds.insert(target);
            }
        }
        if branch == Some((at, insn.end())) {
            hops.insert(insn.end());
        }
        branch = matches!(insn.class, Class::Branch(_)).then(|| (insn.end(), insn.target()));
        falls = !jumps && !matches!(insn.class, Class::JumpTo | Class::Return | Class::Trap);
    });
    for (at, falls) in starts {
        if ways.get(&at).copied().unwrap_or(0) + u32::from(falls) > 1 {
            found.insert(at);
        }
    }
    // An entry of the function that is jumped to is no leader: nobody can claim what it needs.
    [found, hops, rounds]
}

/// Blocks that an edge of a block behind them leads to.
pub(super) fn heads(body: &Body) -> BTreeSet<u32> {
    let blocks = body.blocks().map(|(block, _)| block);
    let edges =
        blocks.flat_map(|block| body.successors(block).map(move |edge| (block, edge.block)));
    edges.filter(|(from, to)| to <= from).map(|(_, to)| to.as_u32()).collect()
}
