//! The bounds and kind of each symbol, and the table of zero-extensions.
//!
//! - S1. A symbol's bounds and kind hold in every execution that reaches a point where the symbol
//!   stands in the state. A property that holds only behind a branch is a fact (`facts`), never a
//!   bound.
//! - S2. The symbol of `low half of (sym << shift) + add` is that word, however often it is taken.
//! - S3. So is the symbol of the word of `(sym << shift) + add`, which may wrap. What is compared
//!   gets one where its reading is not known (`conditions`); then sums with other constants,
//!   shifted as much or more, read as that word and a distance, too.
//!
//! Space: one entry per value that the check does not know, so linear in the code.

use crate::rules::numeric::half_of;
use crate::rules::place::WordOf;
use crate::value::{Sym, Value};
use crate::x64::Pure;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Something with a length that only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extent {
    /// The bytes of a memory.
    Memory(u32),
    /// The elements of a table.
    Table(u32),
    /// The bytes of a data segment where functions get contexts: as many as there were first, which
    /// every length that is read is at most.
    Data(u32),
    /// The functions of the store.
    Funcs,
}

/// The kind of a reference: what its store address is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefKind {
    /// Functions.
    Func,
    /// References that the host made.
    Extern,
    /// Caught exceptions.
    Exn,
    /// Structures, arrays, small integers. Where functions get contexts, all that code knows of
    /// them is null; in Prova's own runtime they are numbers (L8 of `layout`).
    Any,
}

/// The heap type of a reference, within its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Heap {
    /// Anything of its kind.
    Any,
    /// Values of a type of the module, the first of those that are equal.
    Type(u32),
    /// Nothing: only null.
    Nothing,
    /// Structures, arrays and small integers: what can be compared.
    Eq,
    /// Structures.
    Struct,
    /// Arrays.
    Array,
    /// Small integers.
    I31,
}

/// The type of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefType {
    /// Its kind.
    pub kind: RefKind,
    /// Its heap type within the kind.
    pub heap: Heap,
    /// Whether null is one.
    pub nullable: bool,
}

impl RefType {
    /// All references to functions, and null.
    pub const FUNC: RefType = RefType { kind: RefKind::Func, heap: Heap::Any, nullable: true };

    /// References to exceptions.
    pub const EXCEPTION: RefType = RefType { kind: RefKind::Exn, heap: Heap::Any, nullable: false };
}

/// A record of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Record {
    /// The record of a function of the module's index space.
    Func(u32),
    /// The record of the function that a reference names.
    Ref(Sym),
}

/// The kind of a symbol; its bounds are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// A length that was read: at most the present one.
    Length(Extent),
    /// A reference: 0 or a store address of its kind + 1.
    Ref(RefType),
    /// The store address of a function.
    FuncAddress(Record),
    /// The canonical type id of a record.
    TypeOf(Record),
    /// The canonical id of a type of the module.
    TypeId(u32),
    /// The index that an imported memory or table has in its owner's instance.
    Owned(Extent),
    /// A pointer that a conditional move made of an address and of nowhere: the bytes `[0, bytes)`
    /// from it on lie in the extent's object, or in the zone that is never mapped.
    Masked {
        /// Whose; elements of a table are addressed each by itself.
        extent: Extent,
        /// How many bytes.
        bytes: u32,
    },
    /// An element of a table as it lies there, where references point to records
    /// ([`crate::Contract::Contexts`]): 0 where it has not been initialised, otherwise the
    /// reference with bit 0 set.
    Tagged(RefType),
    /// The least address that the stack pointer may have at a call.
    StackLimit,
    /// The sum of two shifted symbols, which does not wrap (H1 of `hosted`).
    Sum,
    /// One of `count` consecutive entries of a jump table.
    JumpOffset {
        /// Offset of the first of them in the code.
        first: u32,
        /// Entries that it may be.
        count: u32,
    },
}

/// A symbol's bounds (both inclusive, unsigned) and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Def {
    /// The least that it can be.
    pub lo: u64,
    /// The most that it can be.
    pub hi: u64,
    /// Its kind.
    pub kind: Kind,
}

impl Def {
    /// Any word.
    pub const ANY: Def = Def { lo: 0, hi: u64::MAX, kind: Kind::Number };

    /// A number that is at most `hi`.
    pub const fn at_most(hi: u64) -> Def {
        Def { lo: 0, hi, kind: Kind::Number }
    }
}

/// A symbol, and how far it is shifted.
pub type Summand = (Sym, u8);

/// All symbols of a function.
#[derive(Clone, Debug)]
pub struct Symbols {
    entries: Vec<Entry>,
    halves: Vec<Half>,
    /// The words of sums of a symbol and a constant that may wrap, oldest first.
    words: BTreeMap<Sym, Vec<WordOf>>,
    /// The symbols that are sums of two, by these.
    sums: BTreeMap<(Summand, Summand), Sym>,
    /// The two that a sum is of, the last ones that were said.
    summands: BTreeMap<Sym, (Summand, Summand)>,
    /// The other part of a sum, by one, the last that was said.
    beside: BTreeMap<(Sym, Summand), Summand>,
    /// The address that a masked pointer is where it does not lead nowhere.
    selected: BTreeMap<Sym, Value>,
    /// The symbols of results, by operation, width in bytes and operands.
    same: BTreeMap<(Pure, u32, (Value, Value)), Sym>,
    /// The numbers with which alone symbols are 0.
    zero_with: BTreeMap<Sym, Value>,
    /// The key of the float that an integer is of, and the bytes of the integer (X1, X5 of
    /// `floats`).
    converted: BTreeMap<Sym, (Sym, u32)>,
}

/// A symbol's definition, the place + 1 of the newest of its low halves, and of the half that it
/// was said to be first.
#[derive(Clone, Copy, Debug)]
struct Entry {
    def: Def,
    newest: u32,
    is: u32,
}

/// The low half of `(whole << shift) + add`, and the place + 1 of the one before it of this symbol.
#[derive(Clone, Copy, Debug)]
struct Half {
    whole: Sym,
    shift: u8,
    add: u32,
    half: Sym,
    before: u32,
}

/// Low halves of a symbol that are looked at; older ones are forgotten, which is sound.
const HALVES_MAX: usize = 16;

/// Words of sums of a symbol that are looked at; older ones are forgotten, which is sound.
const WORDS_MAX: usize = 4;

impl Symbols {
    /// The symbols that are the same in the whole function, with space for `more`.
    pub(crate) fn new(more: usize) -> Symbols {
        let mut entries = Vec::with_capacity(more.saturating_add(Sym::FIRST as usize));
        entries.resize(Sym::FIRST as usize, Entry { def: Def::ANY, newest: 0, is: 0 });
        if let Some(zero) = entries.first_mut() {
            zero.def.hi = 0;
        }
        Symbols {
            entries,
            halves: Vec::with_capacity(more >> 3),
            words: BTreeMap::new(),
            sums: BTreeMap::new(),
            summands: BTreeMap::new(),
            beside: BTreeMap::new(),
            selected: BTreeMap::new(),
            same: BTreeMap::new(),
            zero_with: BTreeMap::new(),
            converted: BTreeMap::new(),
        }
    }

    /// The definition of a symbol: its bounds and kind.
    #[inline]
    pub fn def(&self, sym: Sym) -> Def {
        match self.entries.get(sym.0 as usize) {
            Some(entry) => entry.def,
            None => Def::ANY,
        }
    }

    /// A new symbol.
    #[inline]
    pub fn fresh(&mut self, def: Def) -> Sym {
        let sym = Sym(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        self.entries.push(Entry { def, newest: 0, is: 0 });
        sym
    }

    /// Narrows a symbol that the caller made itself and has put nowhere yet (S1).
    pub(crate) fn define(&mut self, sym: Sym, def: Def) {
        if let Some(entry) = self.entries.get_mut(sym.0 as usize) {
            entry.def = def;
        }
    }

    /// The symbol of a value's low half (S2). A value with a base has a new one each time.
    pub(crate) fn low_half(&mut self, value: Value) -> Sym {
        if value.base != crate::value::Base::None {
            return self.fresh(Def::at_most(u64::from(u32::MAX)));
        }
        if let Some(half) = self.known_half(value) {
            return half;
        }
        let half = self.fresh(Def::at_most(u64::from(u32::MAX)));
        self.halves_to(value, half);
        half
    }

    /// The symbol of a number's low half, if there is one.
    #[inline]
    pub fn known_half(&self, value: Value) -> Option<Sym> {
        let (shift, add) = half_of(value);
        let add = add as u32;
        let mut at = self.entries.get(value.sym.0 as usize).map_or(0, |entry| entry.newest);
        for _ in 0..HALVES_MAX {
            let found = (at as usize).checked_sub(1).and_then(|i| self.halves.get(i))?;
            if (found.shift, found.add) == (shift, add) {
                return Some(found.half);
            }
            at = found.before;
        }
        None
    }

    /// A symbol is the low half of a number, in every execution that has both (S1).
    pub(crate) fn halves_to(&mut self, value: Value, half: Sym) {
        let (shift, add) = half_of(value);
        let Some(entry) = self.entries.get_mut(value.sym.0 as usize) else { return };
        let before = entry.newest;
        let place = u32::try_from(self.halves.len().saturating_add(1)).unwrap_or(0);
        entry.newest = place;
        self.halves.push(Half { whole: value.sym, shift, add: add as u32, half, before });
        if let Some(entry) = self.entries.get_mut(half.0 as usize)
            && entry.is == 0
        {
            entry.is = place;
        }
    }

    /// The number that a symbol is the low half of, as it was said first: the upper half of its
    /// constant is not known, and 0 here.
    pub(crate) fn whole_of(&self, half: Sym) -> Option<Value> {
        let is = self.entries.get(half.0 as usize)?.is;
        let found = self.halves.get((is as usize).checked_sub(1)?)?;
        let number = Value::symbol(found.whole);
        Some(Value { shift: found.shift, add: u64::from(found.add), ..number })
    }

    /// The words of sums of a symbol, newest first (S3).
    pub fn words(&self, of: Sym) -> impl Iterator<Item = WordOf> + '_ {
        let words = if self.words.is_empty() { None } else { self.words.get(&of) };
        words.map_or(&[][..], Vec::as_slice).iter().rev().take(WORDS_MAX).copied()
    }

    /// Whether any sum's word has a symbol.
    #[inline]
    pub fn has_words(&self) -> bool {
        !self.words.is_empty()
    }

    /// Gives the word of a number without a reading a symbol (S3). Not for pointers.
    pub(crate) fn name_word(&mut self, value: Value) {
        if value.base == crate::value::Base::None {
            let word = self.fresh(Def::ANY);
            let of = WordOf { shift: value.shift, add: value.add, word };
            self.words.entry(value.sym).or_default().push(of);
        }
    }

    /// The symbol of the result of an operation on words of that many bytes; a new one has these
    /// bounds, which must follow from the operation alone (S1).
    pub(crate) fn same(&mut self, of: (Pure, u32, (Value, Value)), def: Def) -> Sym {
        if let Some(&same) = self.same.get(&of) {
            return same;
        }
        let new = self.fresh(def);
        self.same.insert(of, new);
        new
    }

    /// The symbol of such a result, if there is one.
    pub(crate) fn known_same(&self, of: (Pure, u32, (Value, Value))) -> Option<Sym> {
        self.same.get(&of).copied()
    }

    /// A symbol is 0 only where a number is, in every execution that has both (S1).
    pub(crate) fn is_zero_with(&mut self, sym: Sym, number: Value) {
        self.zero_with.insert(sym, number);
    }

    /// A number with which alone a symbol is 0, if there is one.
    pub(crate) fn zero_with(&self, sym: Sym) -> Option<Value> {
        self.zero_with.get(&sym).copied()
    }

    /// A symbol is the integer that the float with a key becomes, in every execution that has both
    /// (S1).
    pub(crate) fn converts(&mut self, integer: Sym, float: (Sym, u32)) {
        self.converted.insert(integer, float);
    }

    /// The key of the float that a symbol is the integer of, and the integer's bytes.
    pub(crate) fn converted(&self, integer: Sym) -> Option<(Sym, u32)> {
        self.converted.get(&integer).copied()
    }

    /// The symbol that is the sum of two.
    pub(crate) fn sum(&self, of: (Summand, Summand)) -> Option<Sym> {
        self.sums.get(&of).copied()
    }

    /// A symbol is the sum of two, in every execution that has all three (S1).
    pub(crate) fn adds(&mut self, of: (Summand, Summand), sum: Sym) {
        self.sums.insert(of, sum);
        self.summands.insert(sum, of);
        self.beside.insert((sum, of.0), of.1);
        self.beside.insert((sum, of.1), of.0);
    }

    /// The other part of a sum.
    pub(crate) fn beside(&self, sum: Sym, part: Summand) -> Option<Summand> {
        self.beside.get(&(sum, part)).copied()
    }

    /// The two that a symbol is the sum of, with their shifts, in order.
    pub fn summands(&self, sum: Sym) -> Option<(Summand, Summand)> {
        self.summands.get(&sum).copied()
    }

    /// A masked pointer is this address or leads nowhere, in every execution that has it (S1).
    pub(crate) fn selects(&mut self, pointer: Sym, address: Value) {
        self.selected.insert(pointer, address);
    }

    /// The address that a masked pointer is where it does not lead nowhere.
    pub fn selected(&self, pointer: Sym) -> Option<Value> {
        self.selected.get(&pointer).copied()
    }

    /// How many symbols there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Never: zero is always a symbol.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
