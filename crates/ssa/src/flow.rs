//! A graph of numbered nodes → its order, dominators, loops, and whether it is reducible.
//!
//! Node 0 is the entry. The order is a reverse postorder in which successors keep their order where
//! there is a choice: that in which their code will stand. Loops: an edge to a dominator is a back
//! edge; other edges against the order make the graph irreducible.
//!
//! Time: `O(e log n)`.

use crate::body::Body;
use crate::dominance::Tree;
use std::ops::Range;

/// No node.
pub const NONE: u32 = u32::MAX;

/// Successors of each node, in order, while they change.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// By node.
    pub succs: Vec<Vec<u32>>,
}

impl Graph {
    /// The blocks of a body.
    pub fn of(body: &Body) -> Graph {
        let succs = |block| body.successors(block).map(|edge| edge.block.as_u32()).collect();
        Graph { succs: body.blocks().map(|(block, _)| succs(block)).collect() }
    }

    /// The successors as they are.
    pub fn lists(&self) -> Lists {
        let edges = self.succs.iter().map(Vec::len).sum();
        let mut lists = Lists::with_room(self.succs.len(), edges);
        self.succs.iter().for_each(|succs| lists.push(succs.iter().copied()));
        lists
    }
}

/// A list of numbers for each node, in one piece.
#[derive(Debug)]
pub struct Lists {
    items: Vec<u32>,
    /// Where each list begins, and where the last one ends.
    first: Vec<u32>,
}

impl Lists {
    /// No lists, with room for `lists` lists and `items` numbers in all of them.
    pub fn with_room(lists: usize, items: usize) -> Lists {
        let mut first = Vec::with_capacity(lists + 1);
        first.push(0);
        Lists { items: Vec::with_capacity(items), first }
    }

    /// Appends the list of the next node.
    pub fn push(&mut self, items: impl Iterator<Item = u32>) {
        self.items.extend(items);
        self.first.push(self.items.len() as u32);
    }

    /// The positions of a node's list among all items.
    #[inline]
    pub fn range(&self, node: u32) -> Range<usize> {
        let at = node as usize;
        self.first[at] as usize..self.first[at + 1] as usize
    }

    /// The item at a position.
    pub fn item(&self, at: usize) -> u32 {
        self.items[at]
    }

    /// How many lists there are.
    pub fn count(&self) -> usize {
        self.first.len() - 1
    }

    /// The lists of `count` nodes, from pairs of a node and a number.
    pub fn new(count: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Lists {
        let mut first = vec![0; count + 2];
        pairs.clone().for_each(|(node, _)| first[node as usize + 2] += 1);
        (0..count).for_each(|at| first[at + 2] += first[at + 1]);
        let mut items = vec![0; first[count + 1] as usize];
        // The place where the next list begins counts up while the items are put in, and ends at
        // its right value.
        pairs.for_each(|(node, item)| {
            let next = &mut first[node as usize + 1];
            items[*next as usize] = item;
            *next += 1;
        });
        first.pop();
        Lists { items, first }
    }

    /// The list of a node, in the order of the pairs.
    #[inline]
    pub fn of(&self, node: u32) -> &[u32] {
        &self.items[self.range(node)]
    }
}

/// The facts about a graph.
#[derive(Debug)]
pub struct Flow {
    /// The nodes that the entry reaches, in order.
    pub order: Vec<u32>,
    /// The position of each node in the order; [`NONE`] if it is not reached.
    pub number: Vec<u32>,
    /// Predecessors that are reached, one for each edge.
    pub preds: Lists,
    /// The dominators of the nodes.
    pub dominators: Tree,
    /// The header of the innermost loop around each node, of a header the loop around its own.
    pub inside: Vec<u32>,
    /// Whether a node is the header of a loop.
    pub is_header: Vec<bool>,
    /// Whether each cycle has a header.
    pub is_reducible: bool,
}

impl Flow {
    /// Analyses a graph.
    pub fn new(succs: &Lists) -> Flow {
        let count = succs.count();
        let order = order(succs);
        let mut number = vec![NONE; count];
        (0..).zip(&order).for_each(|(at, &node)| number[node as usize] = at);
        let edges = order.iter().flat_map(|&node| succs.of(node).iter().map(move |&to| (to, node)));
        let preds = Lists::new(count, edges);
        let dominators = Tree::new(count, |node| succs.of(node));
        let mut flow = Flow {
            order,
            number,
            preds,
            dominators,
            inside: vec![NONE; count],
            is_header: vec![false; count],
            is_reducible: true,
        };
        flow.loops(succs);
        flow
    }

    /// Whether an edge goes against the order.
    pub fn is_back(&self, from: u32, to: u32) -> bool {
        self.number[from as usize] >= self.number[to as usize]
    }

    /// Finds loops, inner ones first, each backward from its back edges over the loops found before
    /// (Havlak, 1997).
    fn loops(&mut self, succs: &Lists) {
        let back = |&node: &u32| succs.of(node).iter().any(|&to| self.is_back(node, to));
        if !self.order.iter().any(back) {
            return;
        }
        for &node in &self.order {
            for &to in succs.of(node) {
                if self.number[node as usize] < self.number[to as usize] {
                    continue;
                }
                if self.dominators.dominates(to, node) {
                    self.is_header[to as usize] = true;
                } else {
                    self.is_reducible = false;
                }
            }
        }
        if !self.is_reducible {
            return;
        }
        // The outermost loop found so far around each node, with path halving.
        let mut outer: Vec<u32> = (0..succs.count() as u32).collect();
        let find = |outer: &mut Vec<u32>, mut node: u32| {
            while outer[node as usize] != node {
                outer[node as usize] = outer[outer[node as usize] as usize];
                node = outer[node as usize];
            }
            node
        };
        let mut open = Vec::new();
        for at in (0..self.order.len()).rev() {
            let header = self.order[at];
            if !self.is_header[header as usize] {
                continue;
            }
            // All edges against the order are from inside of the loop.
            let preds = self.preds.of(header).iter().copied();
            open.extend(preds.filter(|&pred| self.is_back(pred, header)));
            while let Some(node) = open.pop() {
                let node = find(&mut outer, node);
                if node == header {
                    continue;
                }
                outer[node as usize] = header;
                self.inside[node as usize] = header;
                open.extend(self.preds.of(node));
            }
        }
    }
}

/// Reverse postorder, iteratively; the last successor is visited first.
fn order(succs: &Lists) -> Vec<u32> {
    let mut seen = vec![false; succs.count()];
    let mut order = Vec::with_capacity(succs.count());
    // Each node with how many of its successors are left.
    let mut open: Vec<(u32, usize)> = Vec::new();
    if let Some(entry) = seen.first_mut() {
        *entry = true;
        open.push((0, succs.of(0).len()));
    }
    while let Some((node, left)) = open.last_mut() {
        let Some(at) = left.checked_sub(1) else {
            order.push(*node);
            open.pop();
            continue;
        };
        *left = at;
        let to = succs.of(*node)[at];
        if !std::mem::replace(&mut seen[to as usize], true) {
            open.push((to, succs.of(to).len()));
        }
    }
    order.reverse();
    order
}

/// The first `count` nodes of an order.
pub fn restrict(flow: &Flow, count: usize) -> Vec<u32> {
    flow.order.iter().copied().filter(|&node| (node as usize) < count).collect()
}
