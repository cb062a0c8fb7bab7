//! References: functions of the module, and the functions that references name.

use super::{Action, Debt, Demand, Maker, Region};
use crate::words::Word;
use prova_check::{offsets, traps};

impl Maker<'_> {
    /// The record of a function of the module.
    pub fn record(&mut self, func: u32) -> Word {
        match func.checked_sub(self.layout.imported_funcs()) {
            None => self.context_word(self.layout.imported_func(func)),
            Some(defined) => {
                let context = self.context();
                self.words.plus(
                    context,
                    self.layout
                        .defined_func(planted!(RecordOfSecond, defined, defined.min(1)))
                        .into(),
                )
            }
        }
    }

    /// The code of a record. Its word may change while code runs, but each that it was leads to the
    /// function: so it is one word.
    pub fn code(&mut self, record: Word) -> Word {
        let at = self.words.plus(record, offsets::RECORD_CODE.into());
        self.words.read(at, 64)
    }

    /// The code of a builtin.
    pub fn builtin(&mut self, number: u32) -> Word {
        let table = self.context_word(offsets::BUILTINS);
        let at = self.words.plus(table, u128::from(number).wrapping_mul(8));
        self.words.read(at, 64)
    }

    /// `ref.func`: the address in the store, and one.
    pub(super) fn ref_func(&mut self, func: u32) -> Option<Demand> {
        let record = self.record(func);
        let at = self.words.plus(record, offsets::RECORD_ADDRESS.into());
        let address = self.words.read(at, 32);
        let address = self.words.zext(address, 64);
        Some(Demand::value(self.words.plus(address, 1)))
    }

    /// `ref.as_non_null`.
    pub(super) fn as_non_null(&mut self, reference: Word) -> Option<Demand> {
        let null = self.words.zero(reference);
        let stops = Debt::Trap { kind: traps::NULL_REFERENCE, when: null };
        let found = planted!(NullIsNonNull, alloc::vec![stops], Default::default());
        Some(Demand {
            debts: found,
            action: Action::None,
            values: alloc::vec![reference],
            ..Demand::default()
        })
    }

    /// The record of the function that a reference names.
    pub(super) fn referenced(&mut self, reference: Word) -> Word {
        let store = self.context_word(offsets::STORE);
        let at = self.words.plus(store, offsets::STORE_FUNCS.into());
        let version = self.version(Region::Store);
        let records = self.words.load(version, at, 64);
        let bytes = self.words.scale(8, reference);
        let at = self.words.add(records, bytes);
        let at = self.words.plus(at, 8_u128.wrapping_neg());
        self.words.load(version, at, 64)
    }

    /// Whether the function of a record is not of a type.
    pub(super) fn is_other(&mut self, record: Word, ty: u32) -> Word {
        let at = self.words.plus(record, offsets::RECORD_TYPE.into());
        let is = self.words.read(at, 32);
        let types = self.context_word(offsets::TYPES);
        let number = u128::from(planted!(TypeIsNext, ty, ty + 1));
        let at = self.words.plus(types, number.wrapping_mul(4));
        let wanted = self.words.read(at, 32);
        let same = self.words.eq(is, wanted);
        self.words.not(same)
    }
}
