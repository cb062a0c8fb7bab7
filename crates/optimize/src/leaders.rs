//! Leaders: the first value with a number on every way to a place, for passes that make equal
//! values one (the dominator-scoped form of Click, *Global code motion, global value numbering*,
//! 1995).
//!
//! The pass walks the dominator tree in its order ([`Leaders::tree`]), asks for the leader of each
//! value, and makes those that have none leaders themselves. Linear in the body.

use crate::plant::planted;
use cranelift_entity::EntityRef;
use prova_module::ValType;
use prova_ssa::Vn;
use prova_ssa::hash::Key;
use prova_ssa::{Block, Body, Def, Dominators, Value};
use std::collections::HashMap;

/// The leaders of a body's values.
pub(super) struct Leaders<'b> {
    body: &'b Body,
    dominators: Dominators,
    block_of: Vec<Block>,
    /// The newest leader of a number and type: if it does not dominate the walk, none before did.
    newest: HashMap<(Vn, ValType), Value, Key>,
}

impl<'b> Leaders<'b> {
    pub(super) fn new(body: &'b Body) -> Leaders<'b> {
        let mut block_of = vec![body.entry(); body.inst_count()];
        for (block, data) in body.blocks() {
            data.insts().for_each(|inst| block_of[inst.index()] = block);
        }
        Leaders { body, dominators: Dominators::new(body), block_of, newest: HashMap::default() }
    }

    /// The blocks in the order of the walk: each behind its immediate dominator.
    pub(super) fn tree(&self) -> Vec<Block> {
        let mut below: Vec<Vec<Block>> = vec![Vec::new(); self.body.block_count()];
        for (block, _) in self.body.blocks() {
            if let Some(idom) = self.dominators.idom(block) {
                below[idom.index()].push(block);
            }
        }
        let (mut open, mut tree) = (vec![self.body.entry()], Vec::new());
        while let Some(block) = open.pop() {
            tree.push(block);
            open.extend(below[block.index()].iter().rev());
        }
        tree
    }

    /// A value that has no leader leads those behind it.
    pub(super) fn lead(&mut self, value: Value, vn: Vn) {
        self.newest.insert((vn, self.body.value(value).ty), value);
    }

    /// The leader of a number and type where the walk is.
    pub(super) fn of(&self, vn: Vn, ty: ValType, block: Block) -> Option<Value> {
        let leader = *self.newest.get(&(vn, ty))?;
        let home = match self.body.value(leader).def {
            Def::Param(home, ..) => home,
            Def::Result(inst, _) => self.block_of[inst.index()],
        };
        let above = self.dominators.dominates(home, block) || planted!(SiblingsLead);
        above.then_some(leader)
    }
}
