//! Words of the context and of the store, and globals.

use super::{Action, Demand, Maker, Region};
use crate::words::{Fixed, Word};
use alloc::vec::Vec;
use prova_check::offsets;
use prova_module::{GlobalIdx, ValType};

/// The bits of a value of a type.
pub fn bits_of(ty: ValType) -> u8 {
    match ty {
        ValType::I32 | ValType::F32 => 32,
        ValType::I64 | ValType::F64 | ValType::Ref(_) => 64,
        ValType::V128 => 128,
    }
}

impl Maker<'_> {
    /// The context.
    pub fn context(&mut self) -> Word {
        self.words.fixed(64, Fixed::Context)
    }

    /// A word of the context that nobody writes.
    pub fn context_word(&mut self, offset: u32) -> Word {
        let context = self.context();
        let at = self.words.plus(context, offset.into());
        self.words.read(at, 64)
    }

    /// The argument cells.
    pub fn cells(&mut self) -> Word {
        let store = self.context_word(offsets::STORE);
        let at = self.words.plus(store, offsets::STORE_ARGS.into());
        self.words.read(at, 64)
    }

    /// `global.get`.
    pub(super) fn global_get(&mut self, index: u32) -> Option<Demand> {
        let ty = self.module.global(GlobalIdx(index))?;
        let at = self.context_word(self.layout.global(planted!(GlobalIsFirst, index, 0)));
        let cells = self.version(Region::Global);
        Some(Demand::value(self.words.load(cells, at, bits_of(ty.val))))
    }

    /// `global.set`: the whole cell, zero-extended.
    pub(super) fn global_set(&mut self, index: u32, value: Word) -> Option<Demand> {
        let address = self.context_word(self.layout.global(planted!(SetsFirst, index, 0)));
        let bits = self.words.bits(value).max(64);
        let stored = self.words.zext(value, bits);
        let action = Action::Store { region: Region::Global, address, stored, faults: false };
        Some(Demand { debts: Vec::new(), action, values: Vec::new(), ..Demand::default() })
    }
}
