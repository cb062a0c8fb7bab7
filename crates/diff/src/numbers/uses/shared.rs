//! Uses that are kept for all bodies together: words of data, globals, tables, and the addresses
//! that code names.
//!
//! One is filled for some functions at a time; the module above joins them and makes roles of them.
//! Nothing here is looked up while bodies are walked, so lists are put in order at the end.

use super::doubt::Doubt;
use super::known::{Field, Passed, Use};
use super::value::ANY;
use std::collections::BTreeMap;

/// The uses of some bodies.
#[derive(Default)]
pub(super) struct Shared {
    /// Words of data that are used as addresses, and those that are used as numbers.
    pub(super) words: Vec<u64>,
    pub(super) mixed_words: Vec<(u64, Doubt)>,
    /// Objects whose words are read by an index, and how these words are used as numbers.
    pub(super) mixed_tables: Vec<(u64, Doubt)>,
    /// Objects that are read by an index in parts of words; and addresses with another, or an
    /// unknown, use.
    pub(super) halves: Vec<u64>,
    pub(super) wholes: Vec<u64>,
    /// Loads whose values are not followed: first address and width; `u64::MAX` for an unknown
    /// place in the object.
    pub(super) loads: Vec<(u64, u64)>,
    /// Tables that are used otherwise than by a call through a constant slot.
    pub(super) open_tables: Vec<u32>,
    /// Numbers that may be addresses.
    pub(super) named: Vec<u64>,
    /// Words of data that are followed as addresses, and whose targets are read by loads whose
    /// values are not followed.
    pub(super) through: Vec<u64>,
    /// Addresses that are kept, given to the host or calculated with: any code may read the objects
    /// there.
    pub(super) exposed: Vec<u64>,
    /// Addresses computed from a constant and a displacement; `None` if nobody asks for them.
    pub(super) displaced: Option<Vec<u64>>,
    /// The same from a word of data: its address, and the displacement.
    pub(super) stepped: Vec<(u64, i64)>,
    /// Whether some code makes integers of floats.
    pub(super) truncates: bool,
    /// Functions and their parameters to which a caller passes a value that is not shown to be an
    /// address.
    pub(super) numbers: Vec<(u32, u32)>,
    /// Uses of globals that are addresses.
    pub(super) globals: BTreeMap<u32, Base>,
}

/// Uses of a global that is an address: the stack pointer, or one that a linker names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Base {
    /// An access is relative to it.
    pub(crate) used: bool,
    /// It is used as a number, or goes where nobody sees what becomes of it.
    pub(crate) mixed: Doubt,
    /// How many of its low bits are looked at alone.
    pub(crate) low: u8,
    /// The host gets it.
    pub(crate) told: bool,
}

impl Base {
    pub(super) fn and(&mut self, other: Base) {
        self.used |= other.used;
        self.mixed |= other.mixed;
        self.low = self.low.max(other.low);
        self.told |= other.told;
    }
}

impl Shared {
    /// The uses of a global that is an address.
    pub(super) fn global(&mut self, global: u32) -> &mut Base {
        self.globals.entry(global).or_default()
    }

    /// Adds what is done with a word of the object at an address.
    pub(super) fn field(&mut self, object: u64, field: &Field) {
        if field.at == ANY {
            self.mixed_tables.extend(field.mixed.any().then_some((object, field.mixed)));
            return;
        }
        let at = object.wrapping_add_signed(field.at);
        self.words.extend(field.address.then_some(at));
        self.mixed_words.extend(field.mixed.any().then_some((at, field.mixed)));
        self.through.extend(field.read.then_some(at));
    }

    /// Adds what a callee does with some word of the object at an address.
    pub(super) fn table(&mut self, at: u64, (does, passed): (&Use, &Passed), ordered: bool) {
        let mut known = Use::default();
        known.join(does, passed);
        let mixed = known.as_word(ordered);
        let also = Doubt::CALCULATED.when(passed.from().by != Some(0));
        self.mixed_tables.extend(mixed.any().then_some((at, mixed | also)));
    }

    /// Adds what other bodies do.
    pub(super) fn extend(&mut self, other: Shared) {
        self.words.extend(other.words);
        self.mixed_words.extend(other.mixed_words);
        self.mixed_tables.extend(other.mixed_tables);
        self.halves.extend(other.halves);
        self.wholes.extend(other.wholes);
        self.loads.extend(other.loads);
        self.open_tables.extend(other.open_tables);
        self.named.extend(other.named);
        self.through.extend(other.through);
        self.exposed.extend(other.exposed);
        self.displaced.get_or_insert_default().extend(other.displaced.unwrap_or_default());
        self.stepped.extend(other.stepped);
        self.truncates |= other.truncates;
        self.numbers.extend(other.numbers);
        for (global, base) in other.globals {
            self.global(global).and(base);
        }
    }

    /// Puts all in order, each once, in no more memory than that takes.
    pub(super) fn tidy(&mut self) {
        let lists = [&mut self.words, &mut self.named, &mut self.through];
        lists.into_iter().chain([&mut self.exposed]).for_each(tidy);
        tidy(&mut self.halves);
        tidy(&mut self.wholes);
        tidy(&mut self.mixed_words);
        tidy(&mut self.mixed_tables);
        tidy(&mut self.loads);
        tidy(&mut self.numbers);
        tidy(&mut self.open_tables);
        tidy(&mut self.stepped);
        self.displaced.iter_mut().for_each(tidy);
    }
}

fn tidy<T: Ord>(list: &mut Vec<T>) {
    list.sort_unstable();
    list.dedup();
    list.shrink_to_fit();
}
