//! A graph of numbered nodes → its order, dominators, loops, and whether it is reducible.
//!
//! Node 0 is the entry. The order is a reverse postorder in which successors keep their order where
//! there is a choice: that in which their code will stand. Dominators: Lengauer and Tarjan (*A fast
//! algorithm for finding dominators in a flowgraph*, 1979), with path compression alone. Loops: an
//! edge to a dominator is a back edge; other edges against the order make the graph irreducible.
//!
//! Time: `O(e log n)`.

use std::ops::Range;

/// No node.
pub(super) const NONE: u32 = u32::MAX;

/// Successors of each node, in order, while they change.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    pub(super) succs: Vec<Vec<u32>>,
}

impl Graph {
    /// The successors as they are.
    pub(super) fn lists(&self) -> Lists {
        let edges = self.succs.iter().map(Vec::len).sum();
        let mut lists = Lists::with_room(self.succs.len(), edges);
        self.succs.iter().for_each(|succs| lists.push(succs.iter().copied()));
        lists
    }
}

/// A list of numbers for each node, in one piece.
#[derive(Debug)]
pub(super) struct Lists {
    items: Vec<u32>,
    /// Where each list begins, and where the last one ends.
    first: Vec<u32>,
}

impl Lists {
    /// No lists, with room for `lists` lists and `items` numbers in all of them.
    pub(super) fn with_room(lists: usize, items: usize) -> Lists {
        let mut first = Vec::with_capacity(lists + 1);
        first.push(0);
        Lists { items: Vec::with_capacity(items), first }
    }

    /// Appends the list of the next node.
    pub(super) fn push(&mut self, items: impl Iterator<Item = u32>) {
        self.items.extend(items);
        self.first.push(self.items.len() as u32);
    }

    /// The positions of a node's list among all items.
    #[inline]
    pub(super) fn range(&self, node: u32) -> Range<usize> {
        let at = node as usize;
        self.first[at] as usize..self.first[at + 1] as usize
    }

    /// The item at a position.
    pub(super) fn item(&self, at: usize) -> u32 {
        self.items[at]
    }

    /// How many lists there are.
    pub(super) fn len(&self) -> usize {
        self.first.len() - 1
    }

    /// The lists of `count` nodes, from pairs of a node and a number.
    pub(super) fn new(count: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Lists {
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
    pub(super) fn of(&self, node: u32) -> &[u32] {
        &self.items[self.range(node)]
    }
}

/// The facts about a graph.
#[derive(Debug)]
pub(super) struct Flow {
    /// The nodes that the entry reaches, in order.
    pub(super) order: Vec<u32>,
    /// The position of each node in the order; [`NONE`] if it is not reached.
    pub(super) number: Vec<u32>,
    /// Predecessors that are reached, one for each edge.
    pub(super) preds: Lists,
    /// The immediate dominator of each node.
    pub(super) idom: Vec<u32>,
    /// The header of the innermost loop around each node, of a header the loop around its own.
    pub(super) inside: Vec<u32>,
    /// Whether a node is the header of a loop.
    pub(super) is_header: Vec<bool>,
    /// Whether each cycle has a header.
    pub(super) is_reducible: bool,
}

impl Flow {
    /// Analyses a graph.
    pub(super) fn new(succs: &Lists) -> Flow {
        let count = succs.len();
        let order = order(succs);
        let mut number = vec![NONE; count];
        (0..).zip(&order).for_each(|(at, &node)| number[node as usize] = at);
        let edges = order.iter().flat_map(|&node| succs.of(node).iter().map(move |&to| (to, node)));
        let preds = Lists::new(count, edges);
        let idom = dominators(succs, &preds);
        let mut flow = Flow {
            order,
            number,
            preds,
            idom,
            inside: vec![NONE; count],
            is_header: vec![false; count],
            is_reducible: true,
        };
        flow.loops(succs);
        flow
    }

    /// Whether an edge goes against the order.
    pub(super) fn is_back(&self, from: u32, to: u32) -> bool {
        self.number[from as usize] >= self.number[to as usize]
    }

    /// Intervals of the dominator tree in preorder.
    fn intervals(&self) -> Vec<(u32, u32)> {
        let mut size = vec![1_u32; self.number.len()];
        for &node in self.order.iter().rev() {
            let up = self.idom[node as usize];
            if up != NONE {
                size[up as usize] += size[node as usize];
            }
        }
        let (mut next, mut spans) =
            (vec![0_u32; self.number.len()], vec![(0, 0); self.number.len()]);
        for &node in &self.order {
            let up = self.idom[node as usize];
            let start = if up == NONE { 0 } else { next[up as usize] };
            let end = start + size[node as usize];
            if up != NONE {
                next[up as usize] = end;
            }
            next[node as usize] = start + 1;
            spans[node as usize] = (start, end);
        }
        spans
    }

    /// Finds loops, inner ones first, each backward from its back edges over the loops found before
    /// (Havlak, 1997).
    fn loops(&mut self, succs: &Lists) {
        let back = |&node: &u32| succs.of(node).iter().any(|&to| self.is_back(node, to));
        if !self.order.iter().any(back) {
            return;
        }
        let spans = self.intervals();
        let dominates = |a: u32, b: u32| {
            let ((start, end), (at, _)) = (spans[a as usize], spans[b as usize]);
            start <= at && at < end
        };
        for &node in &self.order {
            for &to in succs.of(node) {
                if self.number[node as usize] < self.number[to as usize] {
                    continue;
                }
                if dominates(to, node) {
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
        let mut outer: Vec<u32> = (0..succs.len() as u32).collect();
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
    let mut seen = vec![false; succs.len()];
    let mut order = Vec::with_capacity(succs.len());
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

/// The state of Lengauer and Tarjan's algorithm for a position in depth-first preorder.
struct Place {
    node: u32,
    parent: u32,
    /// The forest: how far paths are known, and the node of least semidominator on the way.
    ancestor: u32,
    label: u32,
    semi: u32,
    idom: u32,
    /// The positions with this one as semidominator that are still to be looked at, as a chain.
    bucket: u32,
    next: u32,
}

impl Place {
    fn new(at: u32, node: u32, parent: u32) -> Place {
        let (label, semi) = (at, at);
        Place { node, parent, ancestor: NONE, label, semi, idom: NONE, bucket: NONE, next: NONE }
    }
}

/// The place of least semidominator on the path above one; the path becomes short.
fn eval(all: &mut [Place], place: u32, path: &mut Vec<u32>) -> u32 {
    let mut above = all[place as usize].ancestor;
    if above == NONE {
        return place;
    }
    let mut at = place;
    while all[above as usize].ancestor != NONE {
        path.push(at);
        at = above;
        above = all[at as usize].ancestor;
    }
    while let Some(at) = path.pop() {
        let up = all[at as usize].ancestor;
        let Place { label, ancestor, .. } = all[up as usize];
        if all[label as usize].semi < all[all[at as usize].label as usize].semi {
            all[at as usize].label = label;
        }
        all[at as usize].ancestor = ancestor;
    }
    all[place as usize].label
}

/// All places in preorder, and the place of each node.
fn preorder(succs: &Lists) -> (Vec<Place>, Vec<u32>) {
    let count = succs.len();
    let (mut all, mut place) = (Vec::with_capacity(count), vec![NONE; count]);
    let mut open = if count == 0 { vec![] } else { vec![(0_u32, NONE)] };
    while let Some((node, from)) = open.pop() {
        if place[node as usize] != NONE {
            continue;
        }
        let at = all.len() as u32;
        place[node as usize] = at;
        all.push(Place::new(at, node, from));
        open.extend(succs.of(node).iter().map(|&to| (to, at)));
    }
    (all, place)
}

fn dominators(succs: &Lists, preds: &Lists) -> Vec<u32> {
    let (mut all, place) = preorder(succs);
    let mut path = Vec::new();
    for w in (1..all.len() as u32).rev() {
        let Place { node, parent, mut semi, .. } = all[w as usize];
        for &pred in preds.of(node) {
            let u = eval(&mut all, place[pred as usize], &mut path);
            semi = semi.min(all[u as usize].semi);
        }
        let bucket = std::mem::replace(&mut all[semi as usize].bucket, w);
        let own = &mut all[w as usize];
        (own.semi, own.next, own.ancestor) = (semi, bucket, parent);
        let mut v = std::mem::replace(&mut all[parent as usize].bucket, NONE);
        while v != NONE {
            let u = eval(&mut all, v, &mut path);
            let below = all[u as usize].semi < all[v as usize].semi;
            all[v as usize].idom = if below { u } else { parent };
            v = all[v as usize].next;
        }
    }
    let mut result = vec![NONE; succs.len()];
    for w in 1..all.len() {
        let Place { node, idom, semi, .. } = all[w];
        let idom = if idom == semi { idom } else { all[idom as usize].idom };
        all[w].idom = idom;
        result[node as usize] = all[idom as usize].node;
    }
    result
}

/// The first `count` nodes of an order.
pub(super) fn restrict(flow: &Flow, count: usize) -> Vec<u32> {
    flow.order.iter().copied().filter(|&node| (node as usize) < count).collect()
}
