//! Calls of builtins that lie in the text of the module, where a runtime's code calls its host
//! through such (contexts, [`crate::Contract::Contexts`]).
//!
//! What a builtin may be given is data, [`crate::Hosted`]: the host believes it. So a pointer must
//! lead to as many bytes of one memory as the argument behind it says, and the index of a memory or
//! a table must be a constant that the host knows as one.
//!
//! - H1. `start + count` is a sum of two unknown numbers, as values are not: a symbol stands for it
//!   ([`Kind::Sum`]), which conditions bound like any other. It exists where the sum does not wrap.
//!   Where indices have 64 bits, a sum that may wrap has a word, found again by its parts; a branch
//!   may say that it had no carry ([`Fact::Whole`]). That is not claimed, so it ends where ways
//!   meet.
//!   Where a builtin is quiet, nothing moves while it runs: it grows nothing and runs no code that
//!   might.
//! - H2. The bytes of a data segment stay readable as long as the code, up to every length that was
//!   read: a segment that is dropped gets the length 0, and one without bytes is null and has it.
//! - H3. Without signals a trap is two calls of builtins: one notes it, the other one unwinds.
//!   Between them and without the first one there is nothing. Both may be called below the limit of
//!   the stack: its overflow is such a trap.
//! - H4. The first bytes of an object that the host allocates lie in the heap of collected objects:
//!   the host has written them there, within bounds. That heap never gets shorter, so what lay in
//!   it lies in it, wherever it is now. How long an object is, nobody believes: the host frees as
//!   many bytes as a word of the heap says, and allocates what it freed.
//!   No bytes may lie anywhere: the host then reads and writes none.
//!   Where what is imported belongs to another instance, some builtins get that one's context, and
//!   the index that it has there: both stand in the import, and serve each other alone.
//! - H5. A reference that the host answers is of the type that the table has which is asked (or
//!   null: the host makes elements null that nobody has written), or of the type of the function
//!   that is named. Which functions may be named, a list says: the host has records of no others.
//! - H6. The elements of an element segment stay where they are until it is dropped, which frees
//!   them. Nothing drops one before the first function of the module runs, or a builtin that is not
//!   quiet; so until then the function that initialises an instance may write them, and nobody else
//!   accesses them. Any code reads elements where the segment was not dropped: its length was read,
//!   which is not 0, and nothing that might drop it has run since. Then it has all its elements,
//!   and null where nobody has written one. Code may ask where they are before it compares: the
//!   answer is an address that nobody accesses until a condition says that the length is not 0.
//!   Without such a condition it stays one, and a builtin that may drop a segment makes it unknown.
//! - H7. A heap may be *kept*: no code writes into it but the values of an object that it has just
//!   got, behind what the host writes there, gives the host a reference to another object, or keeps
//!   one in its frame. Then the heap says sizes as the host wrote them (H4), and a new object lies
//!   in it as a whole. An object is new until anything is called.

use crate::abi::regs::{R8, R9, RAX, RCX, RDI, RDX, RSI};
use crate::access::NO_ELEMENTS;
use crate::error::{Fault, Rule, fault};
use crate::facts::{Fact, Node, Path, Reading};
use crate::layout::offsets;
use crate::machine::Machine;
use crate::rules::place::{self, Reach};
use crate::rules::sums;
use crate::state::{Answers, Loc, State};
use crate::structures::{Answer, Argument, Hosted};
use crate::symbols::{Def, Extent, Heap, Kind, RefType, Summand};
use crate::value::{Base, Sym, Value};
use alloc::vec::Vec;

/// The instance whose context a builtin gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// The code's own.
    Own,
    /// The one that an imported memory or table belongs to.
    Of(Extent),
    /// The one that an imported tag belongs to.
    OfTag,
}

impl Owner {
    /// Whether builtins that serve nobody else get it.
    fn is_own(self) -> bool {
        planted!(
            OwnerIsServed,
            self == Owner::Own,
            matches!(self, Owner::Own | Owner::Of(Extent::Memory(_)))
        )
    }
}

/// Registers of a builtin's arguments behind the context (System V).
pub(crate) const ARGUMENTS: [u8; 5] = [RSI, RDX, RCX, R8, R9];

impl Machine<'_> {
    /// A call of a builtin, with the context in rdi; whether it comes back.
    pub(crate) fn call_hosted(&mut self, state: &mut State, n: u32) -> Result<bool, Fault> {
        let layout = self.layout;
        let Some(hosted) = layout.hosted.get(n as usize) else {
            return fault(Rule::Call, "a builtin that has no rule");
        };
        let context = self.read_loc(state, Loc::Register(RDI));
        let owner = match context.base {
            _ if planted!(ContextIsFarther, context != Value::pointer(context.base, 0), false) => {
                None
            }
            Base::VmCtx => Some(Owner::Own),
            Base::MemoryOwner(m) => {
                Some(planted!(MemoryOwnerIsOwn, Owner::Of(Extent::Memory(m)), Owner::Own))
            }
            Base::TableOwner(t) => Some(Owner::Of(Extent::Table(t))),
            Base::TagOwner(_) => Some(planted!(TagOwnerIsOwn, Owner::OfTag, Owner::Own)),
            _ => planted!(HostedGetsAnything, None, Some(Owner::Own)),
        };
        let anyone = planted!(AnyoneIsServed, hosted.anyone, true);
        let Some(owner) = owner.filter(|&owner| anyone || owner.is_own()) else {
            return fault(Rule::Call, "the callee does not get its context");
        };
        let mut values = Vec::with_capacity(ARGUMENTS.len());
        for &register in &ARGUMENTS {
            values.push(self.read_loc(state, Loc::Register(register)));
        }
        for (&argument, &value) in hosted.arguments.iter().zip(&values) {
            self.is_argument(state, (argument, hosted, owner), (value, &values))?;
        }
        let trapped = state.answers == Answers::Trapped;
        if planted!(EveryBuiltinIsQuiet, !hosted.quiet, false) {
            self.may_drop(state);
        }
        if planted!(EveryBuiltinStays, hosted.quiet, true) {
            self.forget_registers(state);
        } else {
            self.forget(state);
        }
        let index = |n: u8| values.get(usize::from(n)).and_then(|value| value.as_constant());
        let index = |n: u8| index(n).map_or(u32::MAX, |index| index as u32);
        match hosted.answer {
            Answer::Number => {}
            Answer::Element(n) => {
                let ty = layout.table_type(index(n)).map_or(RefType::FUNC, |table| table.ty);
                let nullable = planted!(AskedElementIsThere, true, ty.nullable);
                let sym = self.reference(RefType { nullable, ..ty });
                state.set(Loc::Register(RAX), Some(Value::symbol(sym)));
            }
            Answer::Reference(n) => {
                let ty = self.type_of(planted!(AnyFunctionIsNamed, index(n), 0))?;
                let heap = Heap::Type(ty);
                let sym = self.reference(RefType { heap, nullable: false, ..RefType::FUNC });
                state.set(Loc::Register(RAX), Some(Value::symbol(sym)));
            }
            Answer::Count(n) => self.count_of(state, index(n)),
            Answer::Elements(n) => self.elements_of(state, index(n)),
            Answer::Object { memory, bytes, size } => {
                let size = size.filter(|_| layout.kept == Some(memory)).map(index);
                self.object(state, memory, (bytes, size));
            }
            Answer::Trap => state.answers = Answers::Trapped,
            Answer::Never if planted!(UnwindsUntrapped, trapped, true) => return Ok(false),
            Answer::Never => return fault(Rule::Call, "code unwinds where no trap was noted"),
        }
        Ok(true)
    }

    /// H6: the length of an element segment is read: all its elements, or none. A segment
    /// without a rule has any number of elements.
    fn count_of(&mut self, state: &mut State, n: u32) {
        let (_, count) = self.layout.elements.get(n as usize).copied().unwrap_or(NO_ELEMENTS);
        let known = planted!(SegmentWithoutRule, count > 0, true);
        let most = if known { count.into() } else { u64::MAX };
        let length = self.symbols.fresh(Def::at_most(most));
        state.set(Loc::Register(RAX), Some(Value::symbol(length)));
        state.length = known.then_some((n, length));
    }

    /// H6: the place of an element segment is asked for.
    fn elements_of(&self, state: &mut State, n: u32) {
        let there = state.fresh || self.has_elements(state, n);
        let base = if planted!(SegmentsAreNeverDropped, there, true) {
            Base::Elements(n)
        } else {
            Base::MaybeElements(n)
        };
        state.set(Loc::Register(RAX), Some(Value::pointer(base, 0)));
    }

    /// H6: whether a segment is known to have its elements: its length was read, and is not 0.
    fn has_elements(&self, state: &State, n: u32) -> bool {
        let (_, count) = self.layout.elements.get(n as usize).copied().unwrap_or(NO_ELEMENTS);
        state.length.is_some_and(|(of, length)| {
            let path = state.path;
            let some = || self.at_least(path, length, 1) || self.has_some(path, length);
            let some = planted!(NoLengthIsSome, some(), true);
            planted!(LengthOfAnother, of == n, true) && some && count > 0
        })
    }

    /// Whether a length is 1 at least, since a number is at most it that is: a count, or the sum of
    /// an index and a count.
    fn has_some(&self, path: Path, length: Sym) -> bool {
        self.facts.of(path, length).any(|fact| match fact {
            Fact::Le { a, shift: 0, d, b: Node::Sym(b) }
                if planted!(AnyLengthIsIt, b == length, true) =>
            {
                let parts = self.symbols.summands(a);
                let sum = parts.and_then(|parts| self.bounds_of_sum(parts, path));
                let (own, _) = self.facts.bounds(path, &self.symbols, a);
                let lo = sum.map_or(own, |(lo, _)| lo.max(own));
                i128::from(lo).saturating_add(d) >= 1
            }
            Fact::Le { .. } | Fact::Apart { .. } | Fact::Whole { .. } | Fact::Type { .. } => false,
        })
    }

    /// A state goes on with what a condition says. H6: where that says that a segment is there,
    /// what the host answered before is where its elements are.
    pub fn go_on(&mut self, state: &mut State, path: Path) {
        state.path = path;
        let Some((n, _)) = state.length else { return };
        let (maybe, elements) = (Base::MaybeElements(n), Base::Elements(n));
        let is = |value: &Value| planted!(AnySegmentIsThere, value.base == maybe, is_maybe(value));
        let held = |slot: &Option<Value>| slot.as_ref().is_some_and(is);
        self.facts.count(state.words.len() as u64);
        if !state.regs.iter().chain(&state.words).any(held) || !self.has_elements(state, n) {
            return;
        }
        let there = |value: Value| is(&value).then_some(Value { base: elements, ..value });
        for slot in &mut state.regs {
            *slot = slot.map(|value| there(value).unwrap_or(value));
        }
        // One by one, so that a kept word which says more counts as written (T3 of `state`).
        for i in 0..u32::try_from(state.words.len()).unwrap_or(u32::MAX) {
            if let Some(value) = state.get(Loc::Word(i)).and_then(there) {
                state.set_word(i, Some(value));
            }
        }
    }

    /// H6: a segment may be dropped, so that nobody knows any more where its elements are.
    pub(crate) fn may_drop(&mut self, state: &mut State) {
        if self.layout.elements.is_empty() {
            state.fresh = false;
            return;
        }
        state.fresh = planted!(StaysFresh, false, state.fresh);
        state.length = planted!(LengthStays, None, state.length);
        let elements = |value: &Value| {
            matches!(value.base, Base::Elements(_))
                || planted!(MaybeIsNotDropped, is_maybe(value), false)
        };
        for slot in &mut state.regs {
            *slot = slot.filter(|value| planted!(DroppedInRegisters, !elements(value), true));
        }
        let words = u32::try_from(state.words.len()).unwrap_or(u32::MAX);
        for i in 0..words {
            if planted!(
                DroppedInWords,
                state.get(Loc::Word(i)).is_some_and(|value| elements(&value)),
                false
            ) {
                state.set_word(i, None);
            }
        }
        self.facts.count(u64::from(words).saturating_mul(4));
    }

    /// H4, H7: the answer is where an object begins whose first bytes lie in the heap, or all.
    fn object(&mut self, state: &mut State, memory: u32, (bytes, size): (u32, Option<u32>)) {
        let word = self.symbols.fresh(Def::ANY);
        let at = self.symbols.low_half(Value::symbol(word));
        state.set(Loc::Register(RAX), Some(Value::symbol(word)));
        let whole = i128::from(size.unwrap_or(bytes));
        let d = planted!(ObjectIsLonger, whole, whole + 1);
        let end = Node::Extent(Extent::Memory(memory));
        let fact = Fact::Le { a: at, shift: 0, d, b: end };
        state.path = self.facts.push(state.path, &self.symbols, fact);
        state.object = size.map(|size| (at, bytes, size));
    }

    /// H7: whether bytes of the kept heap are values of the object that was made last.
    pub(crate) fn is_of_new(&self, state: &State, to: Value, size: u32) -> bool {
        state.object.is_some_and(|(at, header, end)| {
            let values = planted!(HeaderIsValue, header, 0);
            let last = to.add.checked_add(size.into());
            (to.sym, to.shift) == (at, 0)
                && to.add >= values.into()
                && last.is_some_and(|last| last <= end.into())
        })
    }

    /// H3: whether a call of a builtin that ends the code needs no comparison with the limit.
    pub(crate) fn ends(&self, n: u32) -> bool {
        let hosted = self.layout.hosted.get(n as usize);
        hosted.is_some_and(|hosted| matches!(hosted.answer, Answer::Trap | Answer::Never))
    }

    /// H3: nothing but unwinding follows a trap that the host has noted.
    pub(crate) fn is_not_trapped(&self, state: &State) -> Result<(), Fault> {
        if planted!(TrapsGoOn, state.answers == Answers::Trapped, false) {
            return fault(Rule::Call, "code goes on behind a trap");
        }
        Ok(())
    }

    fn is_argument(
        &mut self,
        state: &State,
        (argument, hosted, owner): (Argument, &Hosted, Owner),
        (value, all): (Value, &[Value]),
    ) -> Result<(), Fault> {
        match argument {
            Argument::Number => Ok(()),
            Argument::Memory(_)
            | Argument::Table
            | Argument::Index(_)
            | Argument::Byte(..)
            | Argument::OneOf(_)
            | Argument::Size(_)
            | Argument::Listed => self.is_index((argument, hosted, owner), value),
            Argument::Object => {
                let at = match value.as_symbol() {
                    Some(sym) => self.symbols.known_half(value).or(Some(sym)),
                    None => None,
                };
                let new = state.object.is_some_and(|(new, ..)| at == Some(new));
                if !planted!(AnyObjectIsNew, new, true) {
                    return fault(Rule::Call, "a builtin gets no object that was just made");
                }
                Ok(())
            }
            Argument::Collected => {
                let id = match self.symbols.def(value.sym).kind {
                    Kind::TypeId(ty) if value == Value::symbol(value.sym) => Some(ty),
                    _ => None,
                };
                let of_objects = id.is_some_and(|ty| self.layout.signature(ty).is_none());
                if !planted!(AnyTypeIsCollected, of_objects, true) {
                    return fault(Rule::Call, "a builtin gets no type of collected objects");
                }
                Ok(())
            }
            Argument::Element(n) => {
                let table = all.get(usize::from(n)).and_then(|table| table.as_constant());
                let table = Extent::Table(table.map_or(u32::MAX, |table| table as u32));
                let of = self.facts.reading(state.path, &self.symbols, value);
                let there = of.is_some_and(|of| {
                    let behind = planted!(AskedIsLength, of.add.saturating_add(1), of.add);
                    let behind = Reading { add: behind, ..of };
                    self.within(state.path, behind, table)
                });
                if !planted!(AnyElementIsAsked, there, true) {
                    return fault(Rule::Call, "a builtin gets an index beyond its table");
                }
                Ok(())
            }
            Argument::Bytes(n) | Argument::Source(n) => {
                let count = all.get(usize::from(n)).copied();
                let range = count.and_then(|n| self.facts.range(state.path, &self.symbols, n));
                let none = range.is_some_and(|(_, hi)| hi <= planted!(SomeBytesAreNone, 0, 8));
                if none {
                    return Ok(());
                }
                let inside = count.is_some_and(|count| {
                    let source = matches!(argument, Argument::Source(_));
                    self.are_bytes((state.path, source), value, count)
                });
                if !planted!(RangeIsNotCompared, inside, true) {
                    return fault(Rule::Call, "a builtin gets bytes that may not be a memory's");
                }
                Ok(())
            }
        }
    }

    /// An argument that is a constant, or the index that something has in its owner's instance.
    fn is_index(
        &self,
        (argument, hosted, owner): (Argument, &Hosted, Owner),
        value: Value,
    ) -> Result<(), Fault> {
        // Indices have 32 bits; the upper half is nobody's.
        let index = value.as_constant().map(|index| index as u32);
        let kind = value.as_symbol().map(|sym| self.symbols.def(sym).kind);
        let listed = |index| hosted.listed.binary_search(&index).is_ok();
        let below = |count| index.is_some_and(|index| index < count);
        let owned = |extent| {
            let is = kind == Some(Kind::Owned(extent));
            planted!(OwnedByAnyIndex, is, matches!(kind, Some(Kind::Owned(_))))
        };
        let (there, what) = match argument {
            Argument::Memory(count) => {
                let there = match owner {
                    Owner::Own => planted!(AnyOwnMemory, below(count), index.is_some()),
                    Owner::Of(extent @ Extent::Memory(_)) => owned(extent),
                    Owner::Of(_) | Owner::OfTag => false,
                };
                let what = "a builtin gets no index of a memory of its context";
                (planted!(AnyMemory, there, true), what)
            }
            Argument::Table => {
                let there = match owner {
                    Owner::Own => planted!(AnyOwnTable, index.is_some_and(listed), index.is_some()),
                    Owner::Of(extent @ Extent::Table(t)) => {
                        let table = self.layout.table_type(t);
                        let nullable = table.is_some_and(|table| table.ty.nullable);
                        owned(extent) && planted!(OwnedTakesNoNull, nullable, true)
                    }
                    Owner::Of(_) | Owner::OfTag => false,
                };
                let what = "a builtin gets no index of a table of its context";
                (planted!(AnyTable, there, true), what)
            }
            Argument::Index(count) => {
                (planted!(AnyIndex, below(count), true), "a builtin gets no index of what there is")
            }
            Argument::Byte(count, others) => {
                let byte = value.as_constant().map(|n| n as u8);
                let there = byte.is_some_and(|n| n < count || others.contains(&n));
                (planted!(AnyTrap, there, true), "a builtin gets no number of a trap")
            }
            Argument::OneOf(known) => {
                let there = index.is_some_and(|index| known.contains(&index));
                (planted!(AnyConstant, there, true), "a builtin gets no constant that it knows")
            }
            Argument::Size(least) => {
                let there = index.is_some_and(|index| index >= least);
                (planted!(AnySize, there, true), "a builtin gets no size of an object")
            }
            // `is_argument` asks for no other than what is listed.
            Argument::Listed
            | Argument::Number
            | Argument::Object
            | Argument::Collected
            | Argument::Element(_)
            | Argument::Bytes(_)
            | Argument::Source(_) => {
                let there = planted!(AnyIsListed, index.is_some_and(listed), true);
                (there, "a builtin gets a constant that its list has not")
            }
        };
        if there { Ok(()) } else { fault(Rule::Call, what) }
    }

    /// Whether the `count` bytes from `start` on are a memory's, or, of a `source`, a data
    /// segment's. Both numbers are less than 2^48 as integers, so their sum is, and the reading of
    /// it that a length bounds is that sum; or its word was found to have no carry.
    fn are_bytes(&self, (path, source): (Path, bool), start: Value, count: Value) -> bool {
        let extent = match start.base {
            Base::Memory(m)
                if self.layout.memory_type(m).is_some()
                    && planted!(KeptIsCopiedTo, source || self.layout.kept != Some(m), true) =>
            {
                Extent::Memory(m)
            }
            Base::Data(n) if planted!(SegmentIsWritten, source, true) => Extent::Data(n),
            _ => return false,
        };
        let number = Value { base: Base::None, ..start };
        let small = |value| {
            let range = self.facts.range(path, &self.symbols, value);
            range.is_some_and(|(lo, hi)| lo >= 0 && hi <= i128::from(offsets::MEMORY_BYTES_MAX))
        };
        let whole = |word: &Sym| planted!(AnyWordIsWhole, self.facts.is_whole(path, *word), true);
        let word = self.word_of_sum(number, count).filter(whole).map(Value::symbol);
        let Some(end) = word.or_else(|| self.known_sum(number, count)) else { return false };
        let bounded = word.is_some()
            || planted!(StartIsAnyWord, small(number), true)
                && planted!(CountIsAnyWord, small(count), true);
        if !bounded {
            return false;
        }
        let bounds = self.facts.bounds(path, &self.symbols, end.sym);
        let within = |end: Reading| self.within(path, end, extent);
        let end = Value { base: start.base, ..end };
        place::linear((end, 0), bounds, (self.least(extent), 0), within) == Reach::Inside
    }

    /// H1: `path`, where the sum of two symbols had no carry.
    pub(crate) fn whole(&mut self, path: Path, a: Value, b: Value) -> Path {
        match self.word_of_sum(a, b) {
            Some(word) => self.facts.push(path, &self.symbols, Fact::Whole { word }),
            None => path,
        }
    }

    /// H1: the word of the sum of two symbols, which may have a carry.
    fn word_of_sum(&self, a: Value, b: Value) -> Option<Sym> {
        let plain = planted!(CarriesAreAlike, (a.add, b.add) == (0, 0), true);
        pair(a, b).filter(|_| plain && self.layout.contexts())?;
        self.symbols.known_same(Self::sum_key(a, b))
    }

    /// H1: the sum of two numbers, if there is a symbol for it or it has the form of a value.
    pub fn known_sum(&self, a: Value, b: Value) -> Option<Value> {
        if let Some(sum) = a.sum(b) {
            return Some(sum);
        }
        let sym = self.symbols.sum(pair(a, b)?)?;
        Some(Value { add: a.add.wrapping_add(b.add), ..Value::symbol(sym) })
    }

    /// H1: the sum of two numbers whose sum is not the form of a value. Its bounds come from the
    /// definitions of both symbols alone, since other paths ask for the same sum; the bounds that
    /// `path` has go there.
    pub(crate) fn sum(&mut self, path: &mut Path, a: Value, b: Value) -> Option<Value> {
        if !self.layout.contexts() {
            return None;
        }
        let (x, y) = pair(a, b)?;
        let add = a.add.wrapping_add(b.add);
        let sym = match self.symbols.sum((x, y)) {
            Some(sym) => sym,
            None => {
                let (lo, hi) = self.bounds_of_sum((x, y), Path::default())?;
                let sym = self.symbols.fresh(Def { lo, hi, kind: Kind::Sum });
                self.symbols.adds((x, y), sym);
                sym
            }
        };
        if let Some((lo, hi)) = self.bounds_of_sum((x, y), self.sure(*path)) {
            let (least, most) = self.facts.bounds(*path, &self.symbols, sym);
            let bound = |is: bool, own, none| if is { own } else { none };
            let bounds = (bound(lo > least, lo, 0), bound(hi < most, hi, u64::MAX));
            *path = self.bounded(*path, sym, bounds);
        }
        Some(Value { add, ..Value::symbol(sym) })
    }

    /// H1: the bounds of a sum that does not wrap on a path; of none, those of the definitions.
    fn bounds_of_sum(&self, (x, y): (Summand, Summand), path: Path) -> Option<(u64, u64)> {
        let bounds = |(sym, shift): Summand| (self.facts.bounds(path, &self.symbols, sym), shift);
        sums::bounds_of_sum(bounds(x), bounds(y))
    }

    /// H1: a block's own symbol is the sum of two others of its, unless it might wrap. What it is
    /// then at least goes on the path.
    pub(crate) fn is_sum(&mut self, path: Path, sum: Sym, a: Summand, b: Summand) -> Path {
        let (x, y) = (a.min(b), a.max(b));
        let def = self.symbols.def(sum);
        let number = matches!(def.kind, Kind::Number | Kind::Sum);
        let plain = number && x.1.max(y.1) <= 3 && sum != x.0 && sum != y.0;
        let bounds = self.bounds_of_sum((x, y), Path::default());
        let Some((lo, hi)) = bounds.filter(|_| plain && self.layout.contexts()) else {
            return path;
        };
        let (lo, hi) = (def.lo.max(lo), def.hi.min(hi));
        self.symbols.define(sum, Def { lo, hi, kind: Kind::Sum });
        self.symbols.adds((x, y), sum);
        let path = self.above_part(path, sum, (x, y));
        self.above_part(path, sum, (y, x))
    }
}

/// Whether a value is an address of elements that may not be there.
fn is_maybe(value: &Value) -> bool {
    matches!(value.base, Base::MaybeElements(_))
}

/// The symbols of two numbers with their shifts, in order.
fn pair(a: Value, b: Value) -> Option<(Summand, Summand)> {
    let plain = |v: Value| v.base == Base::None && v.sym != Sym::ZERO;
    let (x, y) = ((a.sym, a.shift), (b.sym, b.shift));
    (plain(a) && plain(b)).then_some((x.min(y), x.max(y)))
}
