//! Abstract values: a known base, a symbol, a constant.
//!
//! A [`Value`] stands for `base + (symbol << shift) + add` **modulo 2^64**. Terms stay modular; an
//! integer reading is made where a value is used, under the facts of that point (`facts`). Two
//! equal `Value`s are equal words, wherever they lie. The exception is the code of a record, which
//! may be replaced. Identity belongs to values, never to names of registers. A [`Sym`] is one
//! unknown word of the present execution of an extended block; a number like [`Sym::ZERO`] is the
//! same in the whole function.
//!
//! All statements here about 64 bits hold for words of any width ([`Word`]): the check uses `u64`,
//! the lemmas of `tests/lemmas` use symbolic terms and words of few bits.
//!
//! - V1. `shift` is at most 3, or 4 where the base is an element segment's; it is 0 if the symbol
//!   is [`Sym::ZERO`] or the base is one by symbol.
//! - V2. For a base *by symbol* the symbol says *which* object it is and is no summand.

use crate::word::Word;

/// A symbol: an unknown 64-bit word. Its bounds and kind stand in [`crate::symbols::Symbols`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sym(pub u32);

impl Sym {
    /// The word 0.
    pub const ZERO: Sym = Sym(0);
    /// The stack height parameter at entry, in bytes.
    pub const HEIGHT: Sym = Sym(1);
    /// The return address.
    pub const RETURN_ADDRESS: Sym = Sym(2);
    /// Register `r` at entry (callee-saved ones only): `Sym(SAVED + r)`.
    pub const SAVED: u32 = 3;
    /// The first symbol that is not the same for the whole function.
    pub const FIRST: u32 = Sym::SAVED + 16;
}

/// The origin that a value is relative to. Payloads are indices of the module, unless said
/// otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Base {
    /// A number.
    None,
    /// The stack pointer at entry.
    Stack,
    /// The instance's context.
    VmCtx,
    /// The store's context.
    Store,
    /// The array of builtins' entries.
    Builtins,
    /// The entry of a builtin.
    Builtin(u32),
    /// The array of canonical type ids.
    Types,
    /// The record of an imported function.
    Import(u32),
    /// The code of a function of known index (in the module's function index space).
    FuncCode(u32),
    /// The context of an imported function's instance, where records of imports have it.
    FuncContext(u32),
    /// The record of the function that a reference (the symbol) names.
    RefRecord,
    /// The code of that function.
    RefCode,
    /// The context of that function's instance.
    RefContext,
    /// The record of a memory.
    MemoryRecord(u32),
    /// The first byte of a memory, where it is now: a state has no other (`forget_bases`).
    Memory(u32),
    /// The record of a table.
    TableRecord(u32),
    /// The first element of a table, where it is now.
    Table(u32),
    /// The cell of a global.
    Global(u32),
    /// The argument cells of the store, or the array that a way in is given.
    Args,
    /// The array of function records by store address, as it was before this number of calls.
    Funcs(u32),
    /// The word that counts epochs.
    Epoch,
    /// The first byte of this code.
    Code,
    /// The first byte of the zone that is never mapped, in the masked shape.
    Nowhere,
    /// The context of the code that called a way out, whichever instance's that is.
    CallerContext,
    /// The context of the host's function that a way out is called for.
    HostContext,
    /// The code of that function.
    HostCode,
    /// The first byte of a data segment, or null if it has none.
    Data(u32),
    /// The context of the instance whose memory an imported one is.
    MemoryOwner(u32),
    /// The same of a table.
    TableOwner(u32),
    /// The same of a tag.
    TagOwner(u32),
    /// The first element of an element segment, which nobody has dropped.
    Elements(u32),
    /// The host's answer where the elements of an element segment are: the same address, if the
    /// segment is there. Nobody accesses it (H6 of `hosted`).
    MaybeElements(u32),
}

impl Base {
    /// Whether the symbol of a value with this base names an object (V2).
    pub const fn by_symbol(self) -> bool {
        matches!(self, Base::RefRecord | Base::RefCode | Base::RefContext)
    }
}

/// `base + (sym << shift) + add` modulo 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value<W = u64> {
    /// The origin that it is relative to.
    pub base: Base,
    /// The symbol.
    pub sym: Sym,
    /// How far the symbol is shifted: 0 to 3.
    pub shift: u8,
    /// The constant.
    pub add: W,
}

impl<W: Word> Value<W> {
    /// A constant.
    pub const fn constant(add: W) -> Value<W> {
        Value { base: Base::None, sym: Sym::ZERO, shift: 0, add }
    }

    /// A symbol by itself.
    pub const fn symbol(sym: Sym) -> Value<W> {
        Value { base: Base::None, sym, shift: 0, add: W::ZERO }
    }

    /// A place in an object.
    pub const fn pointer(base: Base, add: W) -> Value<W> {
        Value { base, sym: Sym::ZERO, shift: 0, add }
    }

    /// The constant that it is.
    #[inline]
    pub fn as_constant(self) -> Option<W> {
        (self.base == Base::None && self.sym == Sym::ZERO).then_some(self.add)
    }

    /// The symbol that it is, unchanged.
    #[inline]
    pub fn as_symbol(self) -> Option<Sym> {
        (self.base == Base::None && self.shift == 0 && self.add == W::ZERO).then_some(self.sym)
    }

    /// The distance from `base`, if it is `base` plus a constant.
    #[inline]
    pub fn offset_in(self, base: Base) -> Option<W> {
        (self.base == base && self.sym == Sym::ZERO).then_some(self.add)
    }

    /// The value `add` bytes further, modulo 2^64.
    #[inline]
    pub fn plus(self, add: W) -> Value<W> {
        Value { add: self.add.wrapping_add(add), ..self }
    }

    /// The sum modulo 2^64, where it has this form.
    #[inline]
    pub fn sum(self, other: Value<W>) -> Option<Value<W>> {
        let (a, b) = if other.base == Base::None { (self, other) } else { (other, self) };
        if b.base != Base::None {
            return None;
        }
        let add = a.add.wrapping_add(b.add);
        if b.sym == Sym::ZERO {
            return Some(Value { add, ..a });
        }
        let one = planted!(SumTakesTwoSymbols, a.sym == Sym::ZERO, true);
        let free = one && !a.base.by_symbol();
        free.then_some(Value { base: a.base, sym: b.sym, shift: b.shift, add })
    }

    /// The difference modulo 2^64, where it has this form: equal parts cancel.
    #[inline]
    pub fn difference(self, other: Value<W>) -> Option<Value<W>> {
        let add = self.add.wrapping_sub(other.add);
        if other.base == Base::None && other.sym == Sym::ZERO {
            return Some(Value { add, ..self });
        }
        let shift = planted!(DifferenceForgetsShift, other.shift, self.shift);
        let same = (self.base, self.sym, self.shift) == (other.base, other.sym, shift);
        same.then_some(Value::constant(add))
    }

    /// Shifted left by `by` bits modulo 2^64, where it has this form.
    #[inline]
    pub fn shifted(self, by: u32) -> Option<Value<W>> {
        if self.base != Base::None || by >= W::BITS {
            return None;
        }
        let add = planted!(ShiftForgetsConstant, self.add.shl(by), self.add);
        if self.sym == Sym::ZERO {
            return Some(Value::constant(add));
        }
        let shift = u32::from(self.shift).saturating_add(by);
        (shift <= 3).then_some(Value { base: Base::None, sym: self.sym, shift: shift as u8, add })
    }

    /// `base + (self << shift) + add`, where it has the form of a value (V2: for a base by symbol
    /// the symbol that this value is).
    #[inline]
    pub fn substituted(self, base: Base, shift: u8, add: W) -> Option<Value<W>> {
        if base.by_symbol() {
            return Some(Value { base, sym: self.as_symbol()?, shift: 0, add });
        }
        let number = if shift == 0 { self } else { self.shifted(u32::from(shift))? };
        Some(Value { base, ..number }.plus(add))
    }

    /// The number `own` with `self = base + (own << shift) + add` modulo 2^64, where there is one
    /// of this form.
    #[inline]
    pub fn solved(self, base: Base, shift: u8, add: W) -> Option<Value<W>> {
        if self.base != base || shift > 3 {
            return None;
        }
        if base.by_symbol() {
            return (self.add == add && shift == 0).then_some(Value::symbol(self.sym));
        }
        let rest = self.add.wrapping_sub(add);
        if shift == 0 {
            return Some(Value { base: Base::None, add: rest, ..self });
        }
        let by = u32::from(shift);
        let add = rest.shr(by);
        if planted!(SolvedDropsBits, rest.lowest(by) != W::ZERO, false) {
            return None;
        }
        if self.sym == Sym::ZERO {
            return Some(Value::constant(add));
        }
        let shift = self.shift.checked_sub(shift)?;
        Some(Value { base: Base::None, sym: self.sym, shift, add })
    }
}
