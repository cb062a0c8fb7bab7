//! Tables: sizes and elements.

use super::{Action, Debt, Demand, Maker, Region};
use crate::words::Word;
use alloc::vec::Vec;
use prova_check::{offsets, traps};
use prova_module::TableIdx;

impl Maker<'_> {
    /// The length of a table, in elements.
    fn table_len(&mut self, table: u32) -> Word {
        let record = self.context_word(self.layout.table(planted!(LengthOfFirst, table, 0)));
        let at = self.words.plus(record, offsets::OBJECT_LEN.into());
        let store = self.version(Region::Store);
        self.words.load(store, at, 64)
    }

    /// `table.size`.
    pub(super) fn table_size(&mut self, table: u32) -> Option<Demand> {
        let ty = self.module.table(TableIdx(table))?;
        let len = self.table_len(table);
        Some(Demand::value(if ty.table64 { len } else { self.words.slice(len, 0, 32) }))
    }

    /// The address of an element, and the condition under which there is none.
    pub(super) fn element(&mut self, table: u32, index: Word) -> Option<(Word, Word)> {
        let ty = self.module.table(TableIdx(table))?;
        let index = if ty.table64 { index } else { self.words.zext(index, 64) };
        let len = self.table_len(table);
        let below = planted!(EndIsInTable, self.words.ult(index, len), {
            let behind = self.words.ult(len, index);
            self.words.not(behind)
        });
        let beyond = self.words.not(below);
        let of = planted!(ElementOfFirst, table, 0);
        let base = self.context_word(self.layout.table_base(of));
        let bytes = self.words.scale(8, index);
        let at = self.words.add(base, bytes);
        Some((planted!(ElementIsNext, at, self.words.plus(at, 8)), beyond))
    }

    /// `table.get`.
    pub(super) fn table_get(&mut self, table: u32, index: Word) -> Option<Demand> {
        let (at, beyond) = self.element(table, index)?;
        let elements = self.version(Region::Table);
        let value = self.words.load(elements, at, 64);
        let found = alloc::vec![Debt::Trap { kind: traps::TABLE_OUT_OF_BOUNDS, when: beyond }];
        Some(Demand {
            debts: found,
            action: Action::None,
            values: alloc::vec![value],
            ..Demand::default()
        })
    }

    /// `table.set`.
    pub(super) fn table_set(&mut self, table: u32, index: Word, stored: Word) -> Option<Demand> {
        let (address, beyond) = self.element(table, index)?;
        let found = alloc::vec![Debt::Trap { kind: traps::TABLE_OUT_OF_BOUNDS, when: beyond }];
        let action = Action::Store { region: Region::Table, address, stored, faults: false };
        Some(Demand { debts: found, action, values: Vec::new(), ..Demand::default() })
    }
}
