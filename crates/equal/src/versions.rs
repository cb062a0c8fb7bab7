//! E6: memories as terms, and which part of memory an address lies in.
//!
//! A region's content is a term; what is read of it is a load of that term, so two reads between
//! which nothing wrote the region are one term. Which region an address lies in is read off its
//! term: it is the sum of exactly one *base* and what else there is, in which there is no base. The
//! sandbox check has shown that every access lies in the object of its base. Words that nobody
//! writes while the function runs (L1 of the layout, types and contexts of records) are reads
//! without a version. A call or a builtin makes all regions unknown.
//!
//! *No base in the rest.* A claim may name a word by a choice that is decided on each edge and not
//! at the leader, as `heap + (c ? stack − heap : 0)`. That is a place of the stack, whose object
//! the sandbox check knows it by. A sum that is another base's place where a choice is decided has
//! that base inside, so a rest without bases at any depth is a distance. What loads and reads give
//! is no base, unless it is one by the list below: only code can have made them.

use crate::core_::Core;
use crate::demand::Region;
use crate::state::State;
use crate::words::{Fixed, Head, Node, Word};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use prova_check::offsets;

/// Where an access goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The stack, this far from where the stack pointer was at entry.
    Stack(i64),
    /// The code, from an offset on.
    Code(u32),
    /// Words that nobody writes.
    Constant,
    /// The store's word for the fuel.
    Fuel,
    /// The epoch.
    Epoch,
    /// A region.
    In(Region),
}

/// The base of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Context,
    Stack,
    Code,
    Store,
    Types,
    Builtins,
    Cells,
    Heap,
    Objects,
    Elements,
    Global,
    Object,
    Functions,
    Record,
    Epoch,
}

impl Core<'_> {
    /// Where an address lies; nothing if that is not known.
    pub(crate) fn target(&mut self, address: Word) -> Option<Target> {
        let parts = self.words.parts(address);
        let mut base = None;
        for &(atom, factor) in &parts.atoms {
            if factor == 1
                && let Some(found) = self.base(atom)
            {
                if base.is_some() || !self.is_indexed(atom) {
                    return None;
                }
                base = Some(found);
            } else if !planted!(AnyRest, self.is_distance(atom), true) {
                return None;
            }
        }
        let alone = parts.atoms.len() == 1;
        let number = parts.number;
        Some(match base? {
            Base::Stack if alone => Target::Stack(number as u64 as i64),
            Base::Code if planted!(CodeAtAnyIndex, alone, true) => {
                Target::Code(u32::try_from(number).ok()?)
            }
            Base::Code => Target::Constant,
            Base::Context if alone => self.in_context(number)?,
            Base::Record if alone => in_record(number)?,
            Base::Store if alone => match u32::try_from(number).ok()? {
                offsets::STORE_FUEL => Target::Fuel,
                offsets::STORE_EPOCH
                | offsets::STORE_DEADLINE
                | offsets::STORE_FUNCS
                | offsets::STORE_FUNCS_LEN => Target::In(Region::Store),
                offsets::STORE_ARGS => Target::Constant,
                _ => return None,
            },
            Base::Types | Base::Builtins if alone => Target::Constant,
            Base::Object if alone => match u32::try_from(number).ok()? {
                offsets::OBJECT_BASE => Target::Constant,
                offsets::OBJECT_LEN => Target::In(Region::Store),
                _ => return None,
            },
            Base::Global if alone => Target::In(Region::Global),
            Base::Cells if alone => Target::In(Region::Cells),
            Base::Functions => Target::In(Region::Store),
            Base::Epoch if alone && number == 0 => Target::Epoch,
            Base::Heap => Target::In(Region::Heap),
            Base::Objects => Target::In(Region::Object),
            Base::Elements => Target::In(Region::Table),
            _ => return None,
        })
    }

    /// A field of the context.
    fn in_context(&self, number: u128) -> Option<Target> {
        let at = u32::try_from(number).ok()?;
        let (first, records) = (self.layout.memory_len(0), self.layout.defined_func(0));
        if at >= records {
            return in_record(u128::from(at.checked_sub(records)? % offsets::RECORD_BYTES));
        }
        Some(if at >= first { Target::In(Region::Length) } else { Target::Constant })
    }

    /// The base that an atom of an address is.
    fn base(&mut self, atom: Word) -> Option<Base> {
        let context = self.words.fixed(64, Fixed::Context);
        if atom == context {
            return Some(Base::Context);
        }
        match self.words.get(atom) {
            Node { op: Head::Fixed, .. } => {
                let stack = self.words.fixed(64, Fixed::Stack);
                let code = self.words.fixed(64, Fixed::Code);
                if atom == stack {
                    Some(Base::Stack)
                } else if atom == code {
                    Some(Base::Code)
                } else {
                    None
                }
            }
            Node { op: Head::Read, bits: 64, args: [at, ..], .. } => self.base_read(context, at),
            Node { op: Head::Load, bits: 64, args: [_, at, _], .. } => self.base_loaded(at),
            _ => None,
        }
    }

    /// The base that a word that nobody writes is.
    fn base_read(&mut self, context: Word, at: Word) -> Option<Base> {
        let distance = self.words.sub(at, context);
        let store = self.words.plus(context, offsets::STORE.into());
        let store = self.words.read(store, 64);
        let cells = self.words.plus(store, offsets::STORE_ARGS.into());
        if at == cells {
            return Some(Base::Cells);
        }
        let at = u32::try_from(self.words.number(distance)?).ok()?;
        let layout = self.layout;
        let objects = layout.heap().map(|heap| layout.memory_base(heap));
        Some(match at {
            offsets::STORE => Base::Store,
            offsets::BUILTINS => Base::Builtins,
            offsets::TYPES => Base::Types,
            at if at < offsets::FIRST => return None,
            at if at < layout.memory(0) => Base::Record,
            at if at < layout.global(0) => Base::Object,
            at if at < layout.memory_base(0) => Base::Global,
            at if Some(at) == objects => Base::Objects,
            at if at < layout.table_base(0) => Base::Heap,
            at if at < layout.memory_len(0) => Base::Elements,
            _ => return None,
        })
    }

    /// The base that a word of the store is: the list of functions, or a record in it.
    fn base_loaded(&mut self, at: Word) -> Option<Base> {
        let context = self.words.fixed(64, Fixed::Context);
        let store = self.words.plus(context, offsets::STORE.into());
        let store = self.words.read(store, 64);
        let list = self.words.plus(store, offsets::STORE_FUNCS.into());
        if at == list {
            return Some(Base::Functions);
        }
        if at == self.words.plus(store, offsets::STORE_EPOCH.into()) {
            return Some(Base::Epoch);
        }
        let parts = self.words.parts(at);
        let is_list = |words: &crate::words::Words, atom| matches!(words.get(atom), Node { op: Head::Load, args: [_, at, _], .. } if at == list);
        parts
            .atoms
            .iter()
            .any(|&(atom, n)| n == 1 && is_list(&self.words, atom))
            .then_some(Base::Record)
    }

    /// Whether no base is in a word, at any depth.
    fn is_distance(&mut self, word: Word) -> bool {
        let (mut waiting, mut seen) = (alloc::vec![word], BTreeSet::new());
        while let Some(word) = waiting.pop() {
            if self.distances.contains(&word) || !seen.insert(word) {
                continue;
            }
            if self.spend(1).is_err() || self.base(word).is_some() {
                return false;
            }
            let Node { op, args, .. } = self.words.get(word);
            if !matches!(op, Head::Load | Head::Read) {
                waiting.extend(args.into_iter().filter(|&arg| !self.words.is_none(arg)));
            }
        }
        self.distances.extend(seen);
        true
    }

    /// Whether a base that is loaded is loaded from the list of functions and a distance, if from
    /// there and not from one place.
    fn is_indexed(&mut self, base: Word) -> bool {
        let Node { op: Head::Load, args: [_, at, _], .. } = self.words.get(base) else {
            return true;
        };
        let atoms = self.words.parts(at).atoms;
        atoms.into_iter().all(|(atom, factor)| {
            let is_base = factor == 1 && self.base(atom).is_some();
            is_base || self.is_distance(atom)
        })
    }

    /// The word at an address that is no linear memory's and not the stack.
    pub(crate) fn read(&mut self, state: &State, address: Word, bits: u8) -> Option<Word> {
        match self.target(address)? {
            Target::Stack(_) | Target::Epoch | Target::In(Region::Heap | Region::Object) => None,
            Target::Fuel => {
                let fuel = self.maker(state).fuel;
                (bits == 64).then_some(fuel)
            }
            Target::Code(at) => {
                let end = (at as usize).checked_add(usize::from(bits >> 3))?;
                let bytes = self.code.get(at as usize..end)?;
                let number = bytes.iter().rev().fold(0_u128, |n, &byte| n << 8 | u128::from(byte));
                let turned = planted!(BytesTurned, number, number.swap_bytes() >> (128 - bits));
                Some(self.words.constant(bits, turned))
            }
            Target::Constant => Some(self.words.read(address, bits)),
            Target::In(region) => {
                let version = self.maker(state).version(region);
                Some(self.words.load(version, address, bits))
            }
        }
    }

    /// Whether the copy of a memory's length is here, of 64 bits: a part of it may become less.
    fn is_length(&mut self, at: Word) -> bool {
        let context = self.words.fixed(64, Fixed::Context);
        let first = self.words.plus(context, self.layout.memory_len(0).into());
        let distance = self.words.sub(at, first);
        self.words.number(distance).is_some_and(|bytes| bytes.is_multiple_of(8))
    }

    /// All regions may hold anything, and so may the word for the fuel. Memories do not shrink:
    /// what their lengths were at least, they are; nor does the list of functions. Objects may go.
    pub(crate) fn forget_regions(&mut self, state: &mut State) {
        // An object may be forgotten, and its page; of other places nothing is said.
        let reached = core::mem::take(&mut state.reached);
        let stays = |core: &mut Self, at| {
            let target = core.target(at);
            let heap = target == Some(Target::In(Region::Heap));
            planted!(ReachedOverCall, heap, target != Some(Target::In(Region::Object)))
        };
        state.reached = reached.into_iter().filter(|&(at, _)| stays(self, at)).collect();
        let before = state.versions;
        let lengths = self.maker(state).version(Region::Length);
        let counted = self.maker(state).func_count();
        state.versions = before.map(|_version| {
            let words = &mut self.words;
            planted!(
                words.memory();
                HeapOverCall: crate::plant::stay(&before, Region::Heap, _version, words),
                TablesOverCall: crate::plant::stay(&before, Region::Table, _version, words),
                GlobalsOverCall: crate::plant::stay(&before, Region::Global, _version, words),
                LengthsOverCall: crate::plant::stay(&before, Region::Length, _version, words),
                StoreOverCall: crate::plant::stay(&before, Region::Store, _version, words),
                CellsOverCall: crate::plant::stay(&before, Region::Cells, _version, words),
                ObjectsOverCall: crate::plant::stay(&before, Region::Object, _version, words)
            )
        });
        let after = self.maker(state).version(Region::Length);
        let count = self.maker(state).func_count();
        let mut kept = Vec::new();
        for &(fact, holds) in &state.known {
            let (fact, positive) = self.words.polarity(fact);
            let Node { op: Head::Ult, args: [len, end, _], .. } = self.words.get(fact) else {
                continue;
            };
            if planted!(ShortOverCall, holds == positive, false) {
                continue;
            }
            if len == counted {
                kept.push(self.words.ult(count, end));
            } else if let Node { op: Head::Load, bits: 64, args: [version, at, _], .. } =
                self.words.get(len)
                && version == lengths
                && self.is_length(at)
            {
                let len = self.words.load(after, at, 64);
                kept.push(self.words.ult(len, end));
            }
        }
        for fact in kept {
            self.assume(state, fact, false);
        }
        if self.layout.config().metering.fuel {
            let fuel = self.words.unknown(64);
            self.make(state, self.fuel(), fuel);
        }
    }
}

/// A field of a record: the code's word is one word for all times, see `demand::Maker::code`.
fn in_record(number: u128) -> Option<Target> {
    let fields = [
        offsets::RECORD_CODE,
        offsets::RECORD_VMCTX,
        offsets::RECORD_TYPE,
        offsets::RECORD_ADDRESS,
    ];
    let at = u32::try_from(number).ok()?;
    fields.contains(&at).then_some(Target::Constant)
}
