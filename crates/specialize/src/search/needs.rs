//! Which values of the generic function a part needs at its start, out of those that are live there
//! → the parameters of its block.
//!
//! Live is what any way out of the generic block may read; needed is what the ways read that the
//! search has found. At the place where an interpreter dispatches, the state of all its operators
//! is live, and only the state of one operator is needed.
//!
//! This is liveness (Kildall, 1973) over parts in the place of blocks: backward, by a list of parts
//! that may have changed, until none has.
//!
//! * N1. An operand of a terminator, of an instruction with an effect and of an intrinsic is
//!   needed; of another instruction, if a result is. A load that ends a part is the next one's.
//! * N2. What is needed is live, so there are never more than the generic function's values.

use super::explore::Explored;
use super::sink::Subject;
use crate::ask::intrinsic::Intrinsic;
use prova_ssa::{ArgKind, Inst, Value};

/// A set of values that is filled and emptied again and again.
struct Set {
    has: Vec<bool>,
    /// All that were put in, perhaps more than once.
    all: Vec<Value>,
}

impl Set {
    fn insert(&mut self, value: Value) {
        let has = &mut self.has[value.as_u32() as usize];
        if !*has {
            *has = true;
            self.all.push(value);
        }
    }

    fn remove(&mut self, value: Value) -> bool {
        std::mem::take(&mut self.has[value.as_u32() as usize])
    }

    /// Empties it; what was in it, rising.
    fn take(&mut self) -> Vec<Value> {
        let has = &mut self.has;
        let mut all: Vec<Value> = self.all.drain(..).collect();
        all.sort_unstable();
        all.retain(|value| std::mem::take(&mut has[value.as_u32() as usize]));
        all
    }
}

/// For each part, rising, what it needs at its start.
pub(crate) fn needed(subject: Subject<'_>, explored: &Explored) -> Vec<Vec<Value>> {
    let parts = &explored.parts;
    let mut needed: Vec<Vec<Value>> = vec![Vec::new(); parts.len()];
    let mut preds: Vec<Vec<usize>> = vec![Vec::new(); parts.len()];
    for (at, part) in parts.iter().enumerate() {
        part.succs.iter().for_each(|&to| preds[to].push(at));
    }
    let mut set = Set { has: vec![false; subject.body().value_count()], all: Vec::new() };
    // Parts that were found last come first.
    let mut open: Vec<usize> = (0..parts.len()).collect();
    let mut is_open = vec![true; parts.len()];
    while let Some(at) = open.pop() {
        is_open[at] = false;
        of_part(subject, explored, &needed, at, &mut set);
        let found = set.take();
        if found.len() == needed[at].len() {
            continue;
        }
        needed[at] = found;
        for &pred in &preds[at] {
            if !std::mem::replace(&mut is_open[pred], true) {
                open.push(pred);
            }
        }
    }
    needed
}

/// Collects the values that one part needs, given the values that its successors need.
fn of_part(
    subject: Subject<'_>,
    explored: &Explored,
    needed: &[Vec<Value>],
    at: usize,
    set: &mut Set,
) {
    let body = subject.body();
    let part = &explored.parts[at];
    let data = body.block(part.key.block);
    for &to in &part.succs {
        if part.cut.is_some() {
            needed[to].iter().for_each(|&value| set.insert(value));
            continue;
        }
        let next = explored.parts[to].key.block;
        // The parameters of a block have numbers that follow each other.
        let mut params = body.block(next).params();
        let count = params.len();
        let first = params.next().map_or(0, |param| param.as_u32());
        for edge in body.successors(part.key.block).filter(|edge| edge.block == next) {
            for &value in &needed[to] {
                let number = value.as_u32().wrapping_sub(first) as usize;
                if number >= count {
                    set.insert(value);
                } else if let ArgKind::Value(arg) = body.args(&edge)[number].kind() {
                    set.insert(arg);
                }
            }
        }
    }
    let count = data.insts().len();
    let mut end = count;
    match part.cut {
        Some(cut) => {
            // The one that ends the part is done if it specialises a value.
            let cut = cut as usize;
            let done = data
                .insts()
                .nth(cut)
                .is_some_and(|inst| subject.intrinsic(inst) == Some(Intrinsic::SpecializeValue));
            end = count.min(cut + usize::from(done));
        }
        None if planted!(ConditionUnneeded) => {}
        None => {
            let operands = body.terminator_operands(&data.terminator);
            operands.iter().for_each(|&value| set.insert(value));
        }
    }
    let insts = (part.key.start as usize..end).rev();
    let first = data.insts().next().map_or(0, |inst| inst.as_u32());
    for inst in insts.map(|number| Inst::from_u32(first + number as u32)) {
        let data = body.inst(inst);
        let mut is_read = !data.op.effects().is_pure();
        for result in data.results() {
            is_read |= set.remove(result);
        }
        if is_read {
            body.operands(data.args).iter().for_each(|&value| set.insert(value));
        }
    }
}
