//! A graph → the dispatches that make it reducible.
//!
//! A *region* is a strongly connected part with several entries, or what is left of a loop without
//! its header. Parts are taken apart from the outside in: a loop with one entry loses that entry;
//! one with several gets a dispatch, to which all edges to its entries lead from then on. Behind it
//! an entry has one way in, so it is an entry of one dispatch only (Havlak, *Nesting of reducible
//! and irreducible loops*, 1997, for the nesting; Ramshaw, *Eliminating go to's while preserving
//! program structure*, 1988, for the problem).
//!
//! Limits: at most [`WORK_BASE`] steps, and [`WORK_PER_EDGE`] for each node and edge: loops nested
//! more deeply than that in loops of many nodes are refused.

use prova_ssa::flow::{Graph, NONE};

/// Steps that every search may take.
const WORK_BASE: usize = 1 << 20;

/// Steps for each node and edge, on top of [`WORK_BASE`].
const WORK_PER_EDGE: usize = 64;

/// The entries of each dispatch, rising; the graph becomes reducible, with a node for each dispatch
/// behind its own. `None` if it takes too long, or a node that must keep its way in
/// (`fixed`) is an entry.
pub(super) fn dispatches(graph: &mut Graph, fixed: impl Fn(u32) -> bool) -> Option<Vec<Vec<u32>>> {
    let count = graph.succs.len();
    let edges: usize = graph.succs.iter().map(Vec::len).sum();
    let mut work = WORK_BASE + WORK_PER_EDGE * (count + edges);
    let mut preds = vec![Vec::new(); count];
    for (from, succs) in (0..).zip(&graph.succs) {
        succs.iter().for_each(|&to| preds[to as usize].push(from));
    }
    let mut parts = Parts::new(count);
    let mut found = Vec::new();
    let mut open: Vec<Vec<u32>> = vec![(0..count as u32).collect()];
    while let Some(nodes) = open.pop() {
        let cost: usize = nodes.iter().map(|&node| 1 + graph.succs[node as usize].len()).sum();
        work = work.checked_sub(cost)?;
        for component in parts.components(graph, &nodes) {
            let entries = parts.entries(&preds, &component);
            if let &[header] = &entries[..] {
                open.push(component.into_iter().filter(|&node| node != header).collect());
                continue;
            }
            if entries.iter().any(|&entry| fixed(entry)) {
                return None;
            }
            let dispatch = graph.succs.len() as u32;
            let mut into = Vec::new();
            for &entry in &entries {
                into.append(&mut preds[entry as usize]);
                preds[entry as usize].push(dispatch);
            }
            for &from in &into {
                for to in &mut graph.succs[from as usize] {
                    *to = if entries.binary_search(to).is_ok() { dispatch } else { *to };
                }
            }
            graph.succs.push(entries.clone());
            preds.push(into);
            parts.push();
            found.push(entries);
            open.push(component);
        }
    }
    Some(found)
}

/// Which part each node is in, and the state of the search for components.
struct Parts {
    part: Vec<u32>,
    low: Vec<u32>,
    /// The next name of a part.
    fresh: u32,
    /// The number of each node in depth-first order; [`NONE`] outside of the search.
    number: Vec<u32>,
}

impl Parts {
    fn new(count: usize) -> Parts {
        let number = vec![NONE; count];
        Parts { part: vec![0; count], low: vec![0; count], fresh: 1, number }
    }

    /// One more node.
    fn push(&mut self) {
        self.part.push(0);
        self.low.push(0);
        self.number.push(NONE);
    }

    /// The nodes of a component, rising, to which an edge from outside of it leads; the entry of
    /// the graph is entered from nowhere.
    fn entries(&mut self, preds: &[Vec<u32>], nodes: &[u32]) -> Vec<u32> {
        let part = self.mark(nodes);
        let is_outside = |pred: &u32| self.part[*pred as usize] != part;
        let is_entry = |node: u32| node == 0 || preds[node as usize].iter().any(is_outside);
        nodes.iter().copied().filter(|&node| is_entry(node)).collect()
    }

    /// Puts nodes into a new part.
    fn mark(&mut self, nodes: &[u32]) -> u32 {
        self.fresh += 1;
        nodes.iter().for_each(|&node| self.part[node as usize] = self.fresh);
        self.fresh
    }

    /// The strongly connected components among some nodes that have an edge inside, each rising
    /// (Tarjan, 1972, iteratively).
    fn components(&mut self, graph: &Graph, nodes: &[u32]) -> Vec<Vec<u32>> {
        let part = self.mark(nodes);
        let (mut stack, mut found, mut next) = (Vec::new(), Vec::new(), 0);
        for &root in nodes {
            if self.number[root as usize] != NONE {
                continue;
            }
            let mut path: Vec<(u32, usize)> = vec![(root, 0)];
            while let Some(&mut (node, ref mut at)) = path.last_mut() {
                if *at == 0 {
                    self.number[node as usize] = next;
                    self.low[node as usize] = next;
                    next += 1;
                    stack.push(node);
                }
                let succ = graph.succs[node as usize].get(*at).copied();
                *at += 1;
                if let Some(to) = succ {
                    if self.part[to as usize] != part {
                        continue;
                    }
                    match self.number[to as usize] {
                        NONE => path.push((to, 0)),
                        number => {
                            let low = &mut self.low[node as usize];
                            *low = (*low).min(number);
                        }
                    }
                    continue;
                }
                path.pop();
                if let Some(&(up, _)) = path.last() {
                    self.low[up as usize] = self.low[up as usize].min(self.low[node as usize]);
                }
                if self.low[node as usize] == self.number[node as usize] {
                    let from = stack.iter().rposition(|&other| other == node).unwrap_or(0);
                    let mut component = stack.split_off(from);
                    for &node in &component {
                        // A node is in one component only.
                        self.part[node as usize] = 0;
                    }
                    let is_loop = graph.succs[node as usize].contains(&node);
                    if component.len() > 1 || is_loop {
                        component.sort_unstable();
                        found.push(component);
                    }
                }
            }
        }
        nodes.iter().for_each(|&node| self.number[node as usize] = NONE);
        found
    }
}
