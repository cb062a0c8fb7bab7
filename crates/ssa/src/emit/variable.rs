//! Values → locals: parameters of blocks share a local with their arguments where that costs
//! nothing, then locals are given out by a scan.
//!
//! Coalescing joins classes of values over the edges, those of inner loops first, as long as the
//! intervals of both are disjoint (Boissinot and others, *Revisiting out-of-SSA translation*, 2009,
//! without copies to begin with). The scan is linear scan (Poletto and Sarkar, 1999) over whole
//! classes.
//!
//! # Invariants
//! * A1. Two values live at one position have different locals; a local has one type.
//! * A2. The function's parameters keep theirs.
//! * A3. A local of a type without default is declared as its nullable type, and read with
//!   `ref.as_non_null`: Wasm's own rule for such locals goes by block structure and not by
//!   dominance.
//!
//! Time: `O(n log² n)` in intervals (the smaller class moves into the larger one).

use super::flow::{Flow, NONE};
use super::live::Live;
use super::trees::{Step, Trees};
use crate::body::Body;
use crate::entity::{Block, Value};
use prova_module::ValType;
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};

/// The locals of a body.
pub(super) struct Locals {
    /// The local of each value; [`NONE`] of one that has none.
    pub(super) home: Vec<u32>,
    /// The types of the declared locals, from the first behind the parameters.
    pub(super) declared: Vec<ValType>,
    /// The type of each local.
    pub(super) types: Vec<ValType>,
}

impl Locals {
    /// The local of a value.
    pub(super) fn of(&self, value: Value) -> u32 {
        self.home[value.as_u32() as usize]
    }
}

/// The intervals of a class, disjoint and ascending.
enum Spans<'l> {
    /// Those of one value.
    Given(&'l [(u32, u32)]),
    /// At most [`FEW`].
    Few(Vec<(u32, u32)>),
    /// End by start.
    Many(BTreeMap<u32, u32>),
}

/// Up to so many intervals are put in order each time.
const FEW: usize = 48;

impl Spans<'_> {
    fn len(&self) -> usize {
        match self {
            Spans::Given(all) => all.len(),
            Spans::Few(all) => all.len(),
            Spans::Many(all) => all.len(),
        }
    }

    /// Where the first one starts and the last one ends.
    fn ends(&self) -> Option<(u32, u32)> {
        let all = match self {
            Spans::Given(all) => all,
            Spans::Few(all) => &all[..],
            Spans::Many(all) => {
                return all.first_key_value().zip(all.last_key_value()).map(|(a, b)| (*a.0, *b.1));
            }
        };
        all.first().zip(all.last()).map(|(first, last)| (first.0, last.1))
    }

    /// Whether an interval meets one of these.
    fn meets(&self, (start, end): (u32, u32)) -> bool {
        let all = match self {
            Spans::Given(all) => all,
            Spans::Few(all) => &all[..],
            Spans::Many(all) => {
                return all.range(..end).next_back().is_some_and(|(_, &other)| other > start);
            }
        };
        let before = all.partition_point(|&(other, _)| other < end);
        before.checked_sub(1).is_some_and(|at| all[at].1 > start)
    }

    fn any(&self, mut holds: impl FnMut((u32, u32)) -> bool) -> bool {
        match self {
            Spans::Given(all) => all.iter().any(|&span| holds(span)),
            Spans::Few(all) => all.iter().any(|&span| holds(span)),
            Spans::Many(all) => all.iter().any(|(&start, &end)| holds((start, end))),
        }
    }

    /// These and others, none of which meets one of these.
    fn join(&mut self, other: Spans<'_>) {
        let all = match self {
            Spans::Given(all) => all.to_vec(),
            Spans::Few(all) => std::mem::take(all),
            Spans::Many(all) => {
                _ = other.any(|(start, end)| {
                    all.insert(start, end);
                    false
                });
                return;
            }
        };
        let mut all = all;
        _ = other.any(|span| {
            all.push(span);
            false
        });
        *self = if all.len() > FEW {
            Spans::Many(all.into_iter().collect())
        } else {
            all.sort_unstable();
            Spans::Few(all)
        };
    }
}

/// Classes of values that share a local.
struct Classes<'l> {
    parent: Vec<u32>,
    intervals: Vec<Spans<'l>>,
    /// The function's parameter in a class.
    param: Vec<u32>,
}

impl Classes<'_> {
    fn find(&mut self, value: u32) -> u32 {
        let mut at = value;
        while self.parent[at as usize] != at {
            self.parent[at as usize] = self.parent[self.parent[at as usize] as usize];
            at = self.parent[at as usize];
        }
        at
    }

    /// By class: its value that is accessed first.
    fn early(&mut self, accesses: &Accesses) -> Vec<u32> {
        let count = self.parent.len() as u32;
        let mut early: Vec<u32> = (0..count).collect();
        for value in 0..count {
            let early = &mut early[self.find(value) as usize];
            if accesses.compare(value, *early).is_lt() {
                *early = value;
            }
        }
        early
    }

    /// Joins the classes of two values, if they may share a local.
    fn join(&mut self, a: u32, b: u32) {
        let (mut a, mut b) = (self.find(a), self.find(b));
        if a == b || (self.param[a as usize] != NONE && self.param[b as usize] != NONE) {
            return;
        }
        if self.intervals[a as usize].len() < self.intervals[b as usize].len() {
            std::mem::swap(&mut a, &mut b);
        }
        let large = &self.intervals[a as usize];
        if self.intervals[b as usize].any(|span| large.meets(span)) {
            return;
        }
        let small = std::mem::replace(&mut self.intervals[b as usize], Spans::Given(&[]));
        if small.len() > 0 {
            self.intervals[a as usize].join(small);
        }
        self.parent[b as usize] = a;
        if self.param[a as usize] == NONE {
            self.param[a as usize] = self.param[b as usize];
        }
    }
}

/// Gives locals to all values that need one.
pub(super) fn allocate(
    body: &Body,
    flow: &Flow,
    order: &[u32],
    trees: &Trees,
    live: &Live,
    apart: &[bool],
) -> Locals {
    let count = body.value_count();
    let mut classes = Classes {
        parent: (0..count as u32).collect(),
        intervals: body.values().map(|(value, _)| Spans::Given(live.of(value))).collect(),
        param: vec![NONE; count],
    };
    for (number, param) in (0..).zip(body.block(body.entry()).params()) {
        classes.param[param.as_u32() as usize] = number;
    }
    let accesses = Accesses::new(body, order, trees);
    for pair in affinities(body, flow, order, trees, &accesses) {
        if apart[pair.to as usize] {
            continue;
        }
        classes.join(pair.from, pair.to);
    }
    scan(body, trees, classes, &accesses)
}

/// Where the local of each value is first accessed.
///
/// Ties are broken by it and not by the numbers of values, so that what was emitted once is
/// emitted the same from its own SSA form, whose numbers are others.
struct Accesses {
    /// The position in the code at which a step accesses it or an edge reads it; the last one if
    /// none does.
    first: Vec<u32>,
    /// Where an edge is the first: the parameter that gets the value there, of several the one that
    /// is accessed first itself. [`NONE`] elsewhere.
    next: Vec<u32>,
}

/// So many parameters, each of which gets what the one before holds, tell two values apart.
const NEXT_MAX: usize = 16;

impl Accesses {
    fn new(body: &Body, order: &[u32], trees: &Trees) -> Accesses {
        let count = body.value_count();
        let (mut first, mut next) = (vec![u32::MAX; count], vec![NONE; count]);
        // First reads by edges, with the parameters that get what is read.
        let mut given: Vec<(u32, u32)> = Vec::new();
        let mut at = 0;
        for &index in order {
            let block = Block::from_u32(index);
            for &step in trees.steps(block) {
                at += 1;
                if let Step::Get(value) | Step::Set(value) | Step::Tee(value) = step {
                    let first = &mut first[value.as_u32() as usize];
                    *first = (*first).min(at);
                }
            }
            for edge in body.successors(block) {
                at += 1;
                for (param, arg) in body.block(edge.block).params().zip(body.args(&edge)) {
                    if let Some(arg) = arg.value().filter(|_| trees.is_live(param)) {
                        let first = &mut first[arg.as_u32() as usize];
                        *first = (*first).min(at);
                        if *first == at {
                            given.push((arg.as_u32(), param.as_u32()));
                        }
                    }
                }
            }
        }
        for (arg, param) in given {
            let next = &mut next[arg as usize];
            if *next == NONE || first[param as usize] < first[*next as usize] {
                *next = param;
            }
        }
        Accesses { first, next }
    }

    /// Which of two values is accessed first; of two that one edge is the first to read, which of
    /// the parameters that get them.
    fn compare(&self, mut a: u32, mut b: u32) -> Ordering {
        for _ in 0..NEXT_MAX {
            let order = self.first[a as usize].cmp(&self.first[b as usize]);
            let next = (self.next[a as usize], self.next[b as usize]);
            if order.is_ne() || a == b || next.0 == NONE || next.1 == NONE {
                return order;
            }
            (a, b) = next;
        }
        Ordering::Equal
    }
}

/// A value and a parameter that should share a local.
#[derive(Clone, Copy)]
struct Affinity {
    depth: u32,
    /// The edge, in the order of the code.
    edge: u32,
    to: u32,
    from: u32,
}

/// Pairs of arguments and parameters: inner loops first, then in the order of the code.
fn affinities(
    body: &Body,
    flow: &Flow,
    order: &[u32],
    trees: &Trees,
    accesses: &Accesses,
) -> Vec<Affinity> {
    let mut depth = vec![0_u32; flow.number.len()];
    for &block in &flow.order {
        let around = flow.inside[block as usize];
        let outer = if around == NONE { 0 } else { depth[around as usize] };
        depth[block as usize] = outer + u32::from(flow.is_header[block as usize]);
    }
    let (mut pairs, mut number) = (Vec::with_capacity(body.args.len()), 0);
    for &index in order {
        let block = Block::from_u32(index);
        for edge in body.successors(block) {
            number += 1;
            for (param, arg) in body.block(edge.block).params().zip(body.args(&edge)) {
                let Some(arg) = arg.value().filter(|_| trees.is_live(param)) else { continue };
                let stored = !trees.is_remat(arg) && !trees.is_carried(arg);
                if stored && body.value(arg).ty == body.value(param).ty {
                    let (from, to) = (arg.as_u32(), param.as_u32());
                    let depth = depth[index as usize];
                    pairs.push(Affinity { depth, edge: number, to, from });
                }
            }
        }
    }
    pairs.sort_unstable_by(|a, b| {
        let order = b.depth.cmp(&a.depth).then(a.edge.cmp(&b.edge));
        let order = order.then_with(|| accesses.compare(a.to, b.to));
        order.then((a.to, a.from).cmp(&(b.to, b.from)))
    });
    pairs
}

/// The type that a local of a type is declared with (A3).
fn declared(ty: ValType) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(ty.nullable()),
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => ty,
    }
}

/// Free locals of one type, the lowest first.
type Free = BinaryHeap<Reverse<u32>>;

fn scan(body: &Body, trees: &Trees, mut classes: Classes<'_>, accesses: &Accesses) -> Locals {
    let params: Vec<Value> = body.block(body.entry()).params().collect();
    let mut types: Vec<ValType> = params.iter().map(|&param| body.value(param).ty).collect();
    let mut free: Vec<(ValType, Free)> = Vec::new();
    let give = |free: &mut Vec<(ValType, Free)>, ty: ValType, local: u32| match free
        .iter_mut()
        .find(|(other, _)| *other == ty)
    {
        Some((_, heap)) => heap.push(Reverse(local)),
        None => free.push((ty, BinaryHeap::from([Reverse(local)]))),
    };
    // Start, end, class.
    let mut spans: Vec<(u32, u32, u32)> = Vec::with_capacity(body.block_count());
    let early = classes.early(accesses);
    for value in 0..body.value_count() as u32 {
        if classes.find(value) != value {
            continue;
        }
        if let Some((start, end)) = classes.intervals[value as usize].ends() {
            spans.push((start, end, value));
        }
    }
    spans.sort_unstable_by(|&(start, end, class), &(start_, end_, class_)| {
        let access = || accesses.compare(early[class as usize], early[class_ as usize]);
        start.cmp(&start_).then_with(access).then((end, class).cmp(&(end_, class_)))
    });
    let mut home = vec![NONE; body.value_count()];
    let mut active: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
    for (number, &param) in (0..).zip(&params) {
        let class = classes.find(param.as_u32());
        if classes.intervals[class as usize].len() == 0 {
            give(&mut free, types[number as usize], number);
        }
    }
    for (start, end, class) in spans {
        while let Some(&Reverse((until, local))) = active.peek()
            && until <= start
        {
            active.pop();
            give(&mut free, types[local as usize], local);
        }
        let ty = declared(body.value(Value::from_u32(class)).ty);
        let local = match classes.param[class as usize] {
            NONE => {
                let found = free.iter_mut().find(|(other, _)| *other == ty);
                let found = found.and_then(|(_, heap)| heap.pop());
                found.map_or_else(
                    || {
                        types.push(ty);
                        types.len() as u32 - 1
                    },
                    |Reverse(local)| local,
                )
            }
            param => param,
        };
        home[class as usize] = local;
        active.push(Reverse((end, local)));
    }
    for value in 0..body.value_count() as u32 {
        home[value as usize] = home[classes.find(value) as usize];
    }
    number(body, trees, (params.len(), home, types))
}

/// So many locals have numbers of one byte.
const SHORT: usize = 128;

/// Renumbers the declared locals: types together, those first whose locals are used most; the most
/// used ones of all where not all numbers are short; else in the order of the scan, so that values
/// that it found alike have places in their own order, in which they are found the next time.
fn number(
    body: &Body,
    trees: &Trees,
    (params, mut home, types): (usize, Vec<u32>, Vec<ValType>),
) -> Locals {
    let mut weight = vec![0_u64; types.len()];
    for (block, _) in body.blocks() {
        for &step in trees.steps(block) {
            if let Step::Get(value) | Step::Set(value) | Step::Tee(value) = step {
                let local = home[value.as_u32() as usize];
                if let Some(weight) = weight.get_mut(local as usize) {
                    *weight += 1;
                }
            }
        }
    }
    let mut kinds: Vec<(u64, ValType)> = Vec::new();
    for (&ty, &weight) in types.iter().zip(&weight).skip(params) {
        match kinds.iter_mut().find(|(_, other)| *other == ty) {
            Some((sum, _)) => *sum += weight,
            None => kinds.push((weight, ty)),
        }
    }
    kinds.sort_by_key(|&(sum, _)| Reverse(sum));
    let mut order: Vec<u32> = (params as u32..types.len() as u32).collect();
    let mut long = vec![false; types.len()];
    if types.len() > SHORT {
        order.sort_by_key(|&local| Reverse(weight[local as usize]));
        let short = SHORT.saturating_sub(params);
        order.iter().skip(short).for_each(|&local| long[local as usize] = true);
    }
    order.sort_by_key(|&local| {
        let ty = types[local as usize];
        let kind = kinds.iter().position(|(_, other)| *other == ty);
        (long[local as usize], kind, local)
    });
    let mut renamed: Vec<u32> = (0..types.len() as u32).collect();
    for (at, &local) in order.iter().enumerate() {
        renamed[local as usize] = (params + at) as u32;
    }
    for home in home.iter_mut().filter(|home| **home != NONE) {
        *home = renamed[*home as usize];
    }
    let declared: Vec<ValType> = order.iter().map(|&local| types[local as usize]).collect();
    let types = types[..params].iter().chain(&declared).copied().collect();
    Locals { home, declared, types }
}
