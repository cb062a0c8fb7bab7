//! Code → what an attempt at a certificate knows of it before anything is executed.

use crate::flow::Insns;
use crate::graph;
use crate::set::Set;
use crate::slice::{self, Reads};
use prova_check::abi::regs::RBP;
use prova_check::{CallRow, Loc, Machine};
use std::collections::BTreeMap;

/// Reads that make a location needed, where jump tables may lead, and what is needed at blocks.
pub(crate) type Needs = (Reads, Vec<u32>, BTreeMap<u32, Set>);

/// Prepares an attempt: the slice of the code before anything is executed.
pub(crate) fn prepared(
    machine: &Machine<'_>,
    calls: &[CallRow],
    insns: &mut Insns<'_>,
    reads: Reads,
) -> Needs {
    let graph = graph::graph(insns, machine, (calls, reads));
    let found = slice::needs(&graph, &chain(machine));
    (reads, graph.tables, found)
}

/// The frame pointer, and the words that it leads to behind `push rbp; mov rbp, rsp`.
fn chain(machine: &Machine<'_>) -> Vec<Loc> {
    let words = [-8, 0].into_iter().filter_map(|at| machine.word(at)).map(Loc::Word);
    std::iter::once(Loc::Register(RBP)).chain(words).collect()
}
