//! Constants of hints: positions that stand for a constant at labels instead of being in their home slots.
//!
//! A hint of a block, loop or `if` may say so of positions below the new block's base. Such a position is compared at no edge and
//! known behind no label; it ends when the position is popped, or when an instruction of the block that it belongs to writes its slot. In an
//! inner block it must be one already in the outer block, so it is one in the whole block or nowhere in it.
//!
//! Declaring one also takes away what the newest label's relation said of its slot (what an instruction has written stays): the check
//! does so, and code that reads such a slot afterwards is refused although it would be right.

use super::state::{Entry, State};
use super::terms::{Term, Terms};
use prova_bytecode::ConstantHint;
use std::collections::BTreeSet;

/// The cells that are constants.
#[derive(Clone, Debug, Default)]
pub(super) struct Constants(BTreeSet<u32>);

impl Constants {
    pub(super) fn has(&self, cell: u32) -> bool {
        self.0.contains(&cell)
    }

    pub(super) fn forget(&mut self, cell: u32) {
        self.0.remove(&cell);
    }

    pub(super) fn forget_from(&mut self, cell: u32) {
        self.0.retain(|&other| other < cell);
    }

    /// Takes a hint's constant for a block with its base at `base`, inside of one with its base at `outer`.
    ///
    /// # Errors
    /// Why it is none, in words.
    pub(super) fn declare(
        state: &mut State,
        terms: &Terms,
        hint: &ConstantHint,
        outer: u32,
        base: u32,
    ) -> Result<(), &'static str> {
        let slot = u32::from(hint.slot);
        if slot < state.local_cells() || slot >= base {
            return Err("a constant that is not below the block");
        }
        if slot < outer && !state.constants.has(slot) {
            return Err("a constant that is none in the block around");
        }
        let Some(Entry { value, wide, .. }) = state.stack.iter().find(|entry| entry.cell == slot)
        else {
            return Err("a constant in the middle of a value");
        };
        let [low, high] = hint.cells;
        let cells = match *terms.get(*value) {
            Term::Const(bits) if high == 0 && bits == low => slot..slot + 1,
            Term::Const128(bits) if bits == u128::from(low) | u128::from(high) << 64 => {
                slot..slot + 2
            }
            _ => return Err("another constant, or none"),
        };
        if cells.end - cells.start != 1 + u32::from(*wide) || cells.end > base {
            return Err("a constant of another width");
        }
        for cell in cells {
            if state.constants.0.insert(cell)
                && state.code[cell as usize].is_some_and(|held| !held.written)
            {
                state.code[cell as usize] = None;
            }
        }
        Ok(())
    }
}
