//! The store's word for the fuel, kept in a value from charge to charge.
//!
//! The word is `!f`, where `f` is what is left: a charge is a sum, a branch on its carry and a
//! store. (A difference would be a comparison beside it, and Cranelift computes it anew, from the
//! word of several charges before, in each block that uses it.)
//!
//! The store's word is always true: every charge writes it, so that a trap, a callee and the host
//! find what is left. It is *read* only behind calls, which change it, and where the function
//! begins; between, the value of the last charge is known, so that a loop does not wait for its own
//! store. A block with several ways to it has one parameter more.
//!
//! Both have a bound, since a value that goes through very many blocks costs the register allocator
//! and the check more than linear time: a function with more charges in a row than [`CHARGES_MAX`]
//! stays bytecode, and one of very many blocks has no such parameters ([`MERGES_MAX`]).
//!
//! - F1. `now` is what the store's word holds, or none.
//! - F2. A value known at the end of a block is known at the start of a block that only this one
//!   leads to.
//! - F3. At most [`CHARGES_MAX`] charges lie between what is known and the load or parameter that
//!   it was computed from: to the check every charge on the way is a fact about that one, and it
//!   looks at all of them for each charge. Reading the word anew does not help: the check knows
//!   what was stored there.
//!
//! Noticed by: `tests/limits.rs`, on both sides.

use crate::Declined;
use crate::emit::Region;
use crate::lower::Lowering;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{InstBuilder, Value};
use prova_check::{offsets, traps};
use prova_ssa::{Block, Body, Terminator};

/// Charges in a row, without a call or a place where ways meet between them (F3), of a function
/// that is compiled.
pub const CHARGES_MAX: u32 = 1 << 10;

/// Blocks with several ways to them, of a function in which they have a parameter for the fuel.
const MERGES_MAX: usize = 1 << 12;

/// A value equal to the store's word, and the number of charges by which it was computed (F3).
#[derive(Clone, Copy, Debug)]
struct Known {
    value: Value,
    charges: u32,
}

impl Known {
    fn new(value: Value) -> Known {
        Known { value, charges: 0 }
    }
}

/// The values of a function.
#[derive(Debug, Default)]
pub(crate) struct Fuel {
    /// The value where instructions are appended, if known (F1).
    now: Option<Known>,
    /// For each block its parameter, if it has one.
    params: Vec<Option<Value>>,
    /// For each block the only one that leads to it.
    from: Vec<Option<Block>>,
    /// For each block that is lowered what is known at its end (F2).
    ends: Vec<Option<Known>>,
}

/// For each block how many ways lead to it, and from where the last of them comes.
fn ways(body: &Body) -> Vec<(usize, Option<Block>)> {
    let mut ways = vec![(0, None); body.block_count()];
    for (block, _) in body.blocks() {
        for edge in body.successors(block) {
            let to = &mut ways[edge.block.as_u32() as usize];
            *to = (to.0 + 1, Some(block));
        }
    }
    ways
}

impl Lowering<'_> {
    /// Makes the parameters of blocks with several ways to them, behind all others.
    pub(crate) fn fuel_parameters(&mut self) {
        let blocks = self.blocks.len();
        let mut fuel = Fuel { ends: vec![None; blocks], ..Fuel::default() };
        if self.layout.config().metering.fuel {
            let entry = self.body.entry().as_u32() as usize;
            let ways = ways(self.body);
            let few = ways.iter().filter(|(ways, _)| *ways > 1).count() <= MERGES_MAX;
            for (at, (ways, from)) in ways.into_iter().enumerate() {
                let merges = few && ways > 1 && at != entry;
                fuel.params.push(merges.then(|| self.emit.block_param(self.blocks[at], I64)));
                fuel.from.push(from.filter(|_| ways == 1 && at != entry));
            }
        }
        self.fuel = fuel;
    }

    /// A block begins.
    pub(crate) fn fuel_begins(&mut self, block: Block) {
        let at = block.as_u32() as usize;
        let param = self.fuel.params.get(at).copied().flatten();
        let from = self.fuel.from.get(at).copied().flatten();
        let before = || from.and_then(|from| self.fuel.ends[from.as_u32() as usize]);
        self.fuel.now = param.map(Known::new).or_else(before);
    }

    /// A block's instructions end: the blocks that follow want what is left if one of them has a
    /// parameter for it. Behind a call that ends it nothing is known.
    pub(crate) fn fuel_ends(&mut self, block: Block) {
        let calls = match self.body.block(block).terminator {
            // The store may be asked for a cast.
            Terminator::Invoke { .. }
            | Terminator::Throw { .. }
            | Terminator::Catch { .. }
            | Terminator::Cast { .. } => true,
            Terminator::Jump(_)
            | Terminator::Branch { .. }
            | Terminator::Table { .. }
            | Terminator::Null { .. }
            | Terminator::Return(_)
            | Terminator::TailCall(_)
            | Terminator::Unreachable => false,
        };
        if calls {
            self.fuel_changes();
            return;
        }
        let to = self.body.successors(block).map(|edge| edge.block.as_u32() as usize);
        let wanted =
            to.map(|to| self.fuel.params.get(to)).any(|param| matches!(param, Some(Some(_))));
        if wanted {
            self.fuel_word();
        }
        self.fuel.ends[block.as_u32() as usize] = self.fuel.now;
    }

    /// The argument for the fuel of an edge, in addition to the block's own arguments.
    ///
    /// # Errors
    /// If the fuel was not read.
    pub(crate) fn fuel_argument(&self, to: Block) -> Result<Option<Value>, Declined> {
        match self.fuel.params.get(to.as_u32() as usize) {
            Some(Some(_)) => {
                let now = self.fuel.now.map(|known| Some(known.value));
                now.ok_or(Declined::Bug("an edge without fuel"))
            }
            Some(None) | None => Ok(None),
        }
    }

    /// A block follows, behind what may have changed the fuel: it is read if it is wanted.
    pub(crate) fn fuel_wanted(&mut self, to: Block) {
        if let Some(Some(_)) = self.fuel.params.get(to.as_u32() as usize) {
            self.fuel_word();
        }
    }

    /// Forgets the value: the callee may take fuel.
    pub(crate) fn fuel_changes(&mut self) {
        self.fuel.now = None;
    }

    /// The word for the fuel.
    fn fuel_word(&mut self) -> Known {
        if let Some(known) = self.fuel.now {
            return known;
        }
        let (store, flags) = (self.store_words(), self.word_flags(Region::Store));
        let fuel = self.emit.ins(|i| i.load(I64, flags, store, offsets::STORE_FUEL as i32));
        let known = Known::new(fuel);
        self.fuel.now = Some(known);
        known
    }

    /// Takes fuel.
    ///
    /// # Errors
    /// If too many charges lie in a row (F3).
    pub(crate) fn charge(&mut self, units: u64) -> Result<(), Declined> {
        let Known { value: fuel, charges } = self.fuel_word();
        if charges == CHARGES_MAX {
            return Err(Declined::Limit("charges in a row", CHARGES_MAX as usize));
        }
        let (emit, flags) = (self.emit, self.word_flags(Region::Store));
        let value = emit.sum_or_trap(fuel, units, traps::OUT_OF_FUEL);
        let store = self.store_words();
        emit.ins(|i| i.store(flags, value, store, offsets::STORE_FUEL as i32));
        self.fuel.now = Some(Known { value, charges: charges + 1 });
        Ok(())
    }
}
