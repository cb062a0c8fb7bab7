//! Exceptions: throws, and what a clause gets.
//!
//! Values of an exception lie in the argument cells, from cell 0 on, a `v128` in two; a reference
//! to it behind them. A throw writes them, numbers before references (the check of machine code
//! wants these last), and calls the builtin `throw`, which does not return.

use super::{Action, Demand, Maker, Region, bits_of};
use crate::words::Word;
use alloc::vec::Vec;
use prova_check::offsets;
use prova_module::ops::Immediate;
use prova_module::{Opcode, TagIdx, ValType};
use prova_ssa::Imm;

impl Maker<'_> {
    /// A throw of these operands.
    pub fn throw(&mut self, opcode: Opcode, imm: Imm, args: &[Word]) -> Option<Demand> {
        let tag = imm.index(opcode, Immediate::tag);
        let numbers: Vec<bool> = match tag {
            Some(tag) => {
                let types = self.module.tag(TagIdx(tag))?.params.iter();
                let is_reference = |ty: &ValType| matches!(ty, ValType::Ref(_));
                types.map(|ty| !planted!(ThrowsInTurn, is_reference(ty), false)).collect()
            }
            None => alloc::vec![false],
        };
        if numbers.len() != args.len() {
            return None;
        }
        let placed = self.in_cells(args);
        let of = |wanted: bool| {
            let both = numbers.iter().zip(&placed);
            both.filter(move |(number, _)| **number == wanted).map(|(_, &cell)| cell)
        };
        let cells = of(true).chain(of(false)).collect();
        let tag = self.words.constant(64, tag.map_or(offsets::THROW_REF, u64::from).into());
        let operands = alloc::vec![tag];
        let builtin = offsets::BUILTIN_THROW;
        let action = Action::Perform { builtin, cells, operands, cell: None };
        Some(Demand { debts: Vec::new(), action, values: Vec::new(), ..Demand::default() })
    }

    /// Values in the argument cells, from the first on: address and content of each.
    pub(super) fn in_cells(&mut self, values: &[Word]) -> Vec<(Word, Word)> {
        let mut at = self.cells();
        let mut cells = Vec::new();
        for &value in values {
            let bits = self.words.bits(value).max(64);
            let wide = self.words.zext(value, bits);
            cells.push((at, wide));
            let bytes = planted!(VectorCellIsHalf, u128::from(bits >> 3), 8);
            at = self.words.plus(at, bytes);
        }
        cells
    }

    /// The values that a clause finds in the cells: the tag's, then a reference if it gets one.
    pub fn caught(&mut self, tag: Option<u32>, with_ref: bool) -> Option<Vec<Word>> {
        let mut widths: Vec<u8> = match tag {
            Some(tag) => {
                self.module.tag(TagIdx(tag))?.params.iter().map(|&ty| bits_of(ty)).collect()
            }
            None => Vec::new(),
        };
        if with_ref {
            widths.push(64);
        }
        Some(self.read_cells(&widths))
    }

    /// Words of these widths in the cells, from the first on.
    fn read_cells(&mut self, widths: &[u8]) -> Vec<Word> {
        let (mut at, version) = (self.cells(), self.version(Region::Cells));
        let mut found = Vec::new();
        for &bits in widths {
            found.push(self.words.load(version, at, bits));
            let bits = planted!(CellsAreNarrow, bits.max(64), bits);
            at = self.words.plus(at, u128::from(bits >> 3));
        }
        found
    }

    /// A word of a width in a cell.
    pub fn read_cell(&mut self, cell: u32, bits: u8) -> Word {
        let (base, version) = (self.cells(), self.version(Region::Cells));
        let at = self.words.plus(base, u128::from(cell).wrapping_mul(8));
        self.words.load(version, at, bits)
    }

    /// The end of code that was entered in a loop: its results go to the cells.
    pub fn leave(&mut self, results: &[Word]) -> Demand {
        let cells = self.in_cells(results);
        Demand {
            debts: Vec::new(),
            action: Action::Leave { cells },
            values: Vec::new(),
            ..Demand::default()
        }
    }
}
