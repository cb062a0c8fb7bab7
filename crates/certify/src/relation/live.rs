//! The values that a body needs from a place on, with what they are computed from.

use prova_module::ops::Class;
use prova_ssa::{Block, Body, Def, Op, Value};
use std::collections::BTreeSet;

/// Needed values at the starts of blocks.
#[derive(Debug)]
pub(crate) struct Live {
    blocks: Vec<Set>,
}

/// A set of values, as bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Set(Vec<u64>);

impl Set {
    fn new(count: usize) -> Set {
        Set(vec![0; count.div_ceil(64)])
    }

    fn has(&self, at: u32) -> bool {
        self.0.get(at as usize / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    fn add(&mut self, at: u32) {
        self.0[at as usize / 64] |= 1 << (at % 64);
    }

    fn join(&mut self, other: &Set) -> bool {
        let mut grown = false;
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            grown |= *more & !*word != 0;
            *word |= more;
        }
        grown
    }

    fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).zip(&self.0).flat_map(|(i, &word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| i * 64 + bit)
        })
    }
}

/// Adds values and the operands that they are computed from.
fn close(body: &Body, set: &mut Set, values: impl IntoIterator<Item = Value>) {
    let mut open: Vec<Value> = values.into_iter().collect();
    while let Some(value) = open.pop() {
        if set.has(value.as_u32()) {
            continue;
        }
        set.add(value.as_u32());
        if let Def::Result(inst, _) = body.value(value).def {
            let data = body.inst(inst);
            let traps = matches!(data.op, Op::Wasm(opcode) if opcode.class() == Class::trap);
            if data.op.effects().is_pure() || traps {
                open.extend(body.operands(data.args));
            }
        }
    }
}

/// The values that a block reads from one of its instructions on.
fn reads(body: &Body, block: Block, from: u32) -> Vec<Value> {
    let data = body.block(block);
    let mut found = Vec::new();
    for inst in data.insts().skip(from as usize) {
        found.extend(body.operands(body.inst(inst).args));
    }
    found.extend(body.terminator_operands(&data.terminator));
    for edge in body.successors(block) {
        found.extend(body.args(&edge).iter().filter_map(|arg| arg.value()));
    }
    found
}

impl Live {
    pub(crate) fn of(body: &Body) -> Live {
        let count = body.value_count();
        let blocks: Vec<Block> = body.blocks().map(|(block, _)| block).collect();
        let mut live: Vec<Set> = blocks.iter().map(|_| Set::new(count)).collect();
        for &block in &blocks {
            close(body, &mut live[block.as_u32() as usize], reads(body, block, 0));
        }
        loop {
            let mut grown = false;
            for &block in blocks.iter().rev() {
                let own: BTreeSet<u32> = body.block(block).params().map(|v| v.as_u32()).collect();
                for edge in body.successors(block) {
                    let to = edge.block;
                    let mut coming = live[to.as_u32() as usize].clone();
                    for param in body.block(to).params() {
                        coming.0[param.as_u32() as usize / 64] &= !(1 << (param.as_u32() % 64));
                    }
                    grown |= live[block.as_u32() as usize].join(&coming);
                }
                let _ = own;
            }
            if !grown {
                return Live { blocks: live };
            }
        }
    }

    /// The values needed from an instruction of a block on.
    pub(crate) fn at(&self, body: &Body, block: u32, from: u32) -> Vec<Value> {
        let here = Block::from_u32(block);
        let mut set = Set::new(body.value_count());
        close(body, &mut set, reads(body, here, from));
        for edge in body.successors(here) {
            let mut coming = self.blocks[edge.block.as_u32() as usize].clone();
            for param in body.block(edge.block).params() {
                coming.0[param.as_u32() as usize / 64] &= !(1 << (param.as_u32() % 64));
            }
            set.join(&coming);
        }
        set.iter().map(Value::from_u32).collect()
    }
}
