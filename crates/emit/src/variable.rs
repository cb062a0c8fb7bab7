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
//! Time: `O(n log² n)` in intervals (`classes`).

use crate::classes::Classes;
use crate::edges::Edges;
use crate::live::Live;
use crate::trees::{Step, Trees};
use prova_module::ValType;
use prova_ssa::flow::{Flow, NONE};
use prova_ssa::{Block, Body, Value};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

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
    #[inline]
    pub(super) fn of(&self, value: Value) -> u32 {
        self.home[value.as_u32() as usize]
    }
}

/// The inputs of the allocation of locals.
#[derive(Clone, Copy)]
pub(super) struct Source<'b> {
    pub(super) body: &'b Body,
    pub(super) edges: &'b Edges,
    pub(super) flow: &'b Flow,
    /// The blocks in the order of their code.
    pub(super) order: &'b [u32],
    pub(super) trees: &'b Trees,
}

/// Gives locals to all values that need one.
pub(super) fn allocate(source: Source<'_>, live: &Live, apart: &[bool]) -> Locals {
    let mut classes = Classes::new(source.body, live);
    let accesses = Accesses::new(source);
    coalesce(source, &accesses, apart, &mut classes);
    classes.settle();
    scan(source, &classes, &accesses)
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

/// Maximum number of parameters in a chain, each of which gets the value of the one before, that
/// are followed to tell two values apart.
const NEXT_MAX: usize = 16;

impl Accesses {
    fn new(Source { body, edges, order, trees, .. }: Source<'_>) -> Accesses {
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
            for edge in edges.of(block) {
                at += 1;
                if edge.args.is_empty() {
                    continue;
                }
                for (param, arg) in body.block(edge.block).params().zip(body.args(edge)) {
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

/// Joins arguments and parameters: inner loops first, then in the order of the code.
fn coalesce(source: Source<'_>, accesses: &Accesses, apart: &[bool], classes: &mut Classes<'_>) {
    let Source { body, edges, order, trees, .. } = source;
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    for block in inner_first(source.flow, order) {
        for edge in edges.of(block).iter().filter(|edge| !edge.args.is_empty()) {
            for (param, arg) in body.block(edge.block).params().zip(body.args(edge)) {
                let Some(arg) = arg.value().filter(|_| trees.is_live(param)) else { continue };
                let stored = !trees.is_remat(arg) && !trees.is_carried(arg);
                if stored && body.value(arg).ty == body.value(param).ty {
                    pairs.push((param.as_u32(), arg.as_u32()));
                }
            }
            pairs.sort_unstable_by(|a, b| accesses.compare(a.0, b.0).then(a.cmp(b)));
            for (to, from) in pairs.drain(..) {
                if !apart[to as usize] {
                    classes.join(from, to);
                }
            }
        }
    }
}

/// The blocks of an order, those in most loops first, else as they were.
fn inner_first(flow: &Flow, order: &[u32]) -> Vec<Block> {
    let (mut depth, mut most) = (vec![0_u32; flow.number.len()], 0);
    for &block in &flow.order {
        let around = flow.inside[block as usize];
        let outer = if around == NONE { 0 } else { depth[around as usize] };
        depth[block as usize] = outer + u32::from(flow.is_header[block as usize]);
        most = most.max(depth[block as usize]);
    }
    // How many blocks come before those of each depth.
    let mut before = vec![0; most as usize + 1];
    order.iter().for_each(|&block| before[depth[block as usize] as usize] += 1);
    let mut sum = 0;
    before.iter_mut().rev().for_each(|count| sum += std::mem::replace(count, sum));
    let mut sorted = vec![Block::from_u32(0); order.len()];
    for &block in order {
        let at: &mut usize = &mut before[depth[block as usize] as usize];
        sorted[*at] = Block::from_u32(block);
        *at += 1;
    }
    sorted
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

/// Free locals by type.
struct Pool(Vec<(ValType, Free)>);

impl Pool {
    fn give(&mut self, ty: ValType, local: u32) {
        match self.0.iter_mut().find(|(other, _)| *other == ty) {
            Some((_, heap)) => heap.push(Reverse(local)),
            None => self.0.push((ty, BinaryHeap::from([Reverse(local)]))),
        }
    }

    fn take(&mut self, ty: ValType) -> Option<u32> {
        let (_, heap) = self.0.iter_mut().find(|(other, _)| *other == ty)?;
        heap.pop().map(|Reverse(local)| local)
    }
}

/// The classes that have intervals in the order of the scan: by where they start, then by what is
/// accessed first.
fn in_order(count: u32, classes: &Classes<'_>, accesses: &Accesses) -> Vec<u32> {
    // By class: its value that is accessed first.
    let mut early: Vec<u32> = (0..count).collect();
    // Start and class.
    let mut starts: Vec<u64> = Vec::with_capacity(count as usize / 2);
    for value in 0..count {
        let class = classes.of(value);
        if class != value {
            let early = &mut early[class as usize];
            if accesses.compare(value, *early).is_lt() {
                *early = value;
            }
        } else if let Some((start, _)) = classes.ends(class) {
            starts.push(u64::from(start) << 32 | u64::from(class));
        }
    }
    starts.sort_unstable();
    let mut order: Vec<u32> = starts.iter().map(|&key| key as u32).collect();
    let mut at = 0;
    for same in starts.chunk_by(|a, b| a >> 32 == b >> 32) {
        let run = &mut order[at..at + same.len()];
        at += same.len();
        run.sort_unstable_by(|&a, &b| {
            let access = accesses.compare(early[a as usize], early[b as usize]);
            let end = |class| classes.ends(class).map(|(_, end)| end);
            access.then_with(|| (end(a), a).cmp(&(end(b), b)))
        });
    }
    order
}

fn scan(source: Source<'_>, classes: &Classes<'_>, accesses: &Accesses) -> Locals {
    let body = source.body;
    let params: Vec<Value> = body.block(body.entry()).params().collect();
    let mut types: Vec<ValType> = params.iter().map(|&param| body.value(param).ty).collect();
    let mut free = Pool(Vec::new());
    let mut home = vec![NONE; body.value_count()];
    let mut active: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
    for (number, &param) in (0..).zip(&params) {
        if classes.ends(classes.of(param.as_u32())).is_none() {
            free.give(types[number as usize], number);
        }
    }
    for class in in_order(body.value_count() as u32, classes, accesses) {
        let Some((start, end)) = classes.ends(class) else { continue };
        while let Some(&Reverse((until, local))) = active.peek()
            && until <= start
        {
            active.pop();
            free.give(types[local as usize], local);
        }
        let ty = declared(body.value(Value::from_u32(class)).ty);
        let local = match classes.param(class) {
            NONE => free.take(ty).unwrap_or_else(|| {
                types.push(ty);
                types.len() as u32 - 1
            }),
            param => param,
        };
        home[class as usize] = local;
        active.push(Reverse((end, local)));
    }
    for value in 0..body.value_count() as u32 {
        home[value as usize] = home[classes.of(value) as usize];
    }
    number(source, (params.len(), home, types))
}

/// The number of locals whose index takes one byte.
const SHORT: usize = 128;

/// Renumbers the declared locals: types together, those first whose locals are used most; the most
/// used ones of all where not all numbers are short; else in the order of the scan, so that values
/// that it found alike have places in their own order, in which they are found the next time.
fn number(
    Source { body, trees, .. }: Source<'_>,
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
