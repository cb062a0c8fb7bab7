//! Memory operands: what an address is, whether the access is allowed, and what a load yields.
//!
//! [`Machine::place`] is the only way to a place, and every load, store and read-modify-write goes
//! through it with the width that the decoder says. It accepts by P3 to P6 and P9 of
//! `docs/trust/claims.md`; the derivations D1, D2, D4, D5 are in [`Machine::linear`], D3 is in
//! `masked`. Fields of the structures around code are in `fields`.

use crate::certificate::JUMPS;
use crate::contract::{Activation, Way};
use crate::error::{Fault, Rule, fault};
use crate::facts::{Path, Reading};
use crate::layout::{Ty, offsets};
use crate::machine::Machine;
use crate::rules::place::{self, Reach};
use crate::state::{Answers, Loc, State};
use crate::symbols::{Def, Extent, Kind, Record, RefKind, RefType};
use crate::value::{Base, Sym, Value};
use crate::x64::{Address, Pure};

/// The way an instruction uses a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reads it.
    Read,
    /// Writes it.
    Write,
    /// Reads and writes it.
    Update,
}

/// An allowed place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A whole stack word.
    Word(u32),
    /// A part of stack words, or several: the first and the last of them.
    Words(u32, u32),
    /// Linear memory; whether the access may fault.
    Linear {
        /// Whether it may.
        faults: bool,
    },
    /// An element of a table.
    Element {
        /// The table.
        table: u32,
        /// Whether the access may fault.
        faults: bool,
    },
    /// A global, from this offset in its cell.
    Global(u32),
    /// A field that yields this value and is never written.
    Constant(Value),
    /// A field that yields a new symbol and is never written.
    Symbol(Def),
    /// The word for the fuel.
    Fuel,
    /// A number that code may read and write.
    Counter,
    /// A field of the record that a reference points to, which faults if it is null.
    Nullable {
        /// The reference.
        of: Sym,
        /// Whether the field is the code; otherwise the type.
        code: bool,
        /// Whether it may be null.
        null: bool,
    },
    /// The length of a data segment, which code may set to 0.
    DataLength(u32),
    /// Bytes of a data segment, which are read.
    Bytes,
    /// An element of an element segment, which is written.
    Passive(u32),
    /// The epoch's counter.
    Epoch,
    /// A word by which the host finds frames.
    Activation(Activation),
    /// A word that may be set to this number.
    Settable(u64),
    /// An argument cell as a whole.
    Cell(u32),
    /// A part of argument cells, or several: the first and the last of them.
    Cells(u32, u32),
    /// Data of the code.
    Data(u32),
    /// Data of the code, at an index within bounds.
    Entry,
    /// One of some consecutive entries of a jump table.
    Jump {
        /// Where the first of them lies.
        first: u32,
        /// Entries that it may be.
        count: u32,
    },
}

impl Machine<'_> {
    /// The modular sum that an address is.
    #[inline]
    pub fn address(&mut self, state: &mut State, address: &Address) -> Value {
        let base = match address.base {
            Some(r) => self.read_loc(state, Loc::Register(r)),
            None if address.code => Value::pointer(Base::Code, 0),
            None => Value::constant(0),
        };
        let index = address.index;
        let index = index.map(|(r, shift)| (self.read_loc(state, Loc::Register(r)), shift));
        if let Some((index, 0)) = index
            && let Some(to) = self.segment_sum(&mut state.path, base, index)
        {
            return to.plus(address.disp);
        }
        match place::address(base, index, address.disp) {
            Some(value) => value,
            None => {
                let whole = match index {
                    Some((index, 0)) => self.sum(&mut state.path, base, index),
                    Some(index) => self.element_sum(&mut state.path, base, index),
                    None => None,
                };
                let sum = whole.or_else(|| self.same_sum(base, index?));
                sum.map_or_else(|| self.unknown(8), |sum| sum.plus(address.disp))
            }
        }
    }

    /// The sum of two numbers that has no form: a word that is found again.
    pub(crate) fn same_sum(&mut self, base: Value, (index, shift): (Value, u8)) -> Option<Value> {
        let index = index.shifted(u32::from(shift))?;
        if (base.base, index.base) != (Base::None, Base::None) {
            return None;
        }
        let sum = self.symbols.same(Self::sum_key(base, index), Def::ANY);
        Some(Value::symbol(sum).plus(base.add.wrapping_add(index.add)))
    }

    /// The key by which the word of a sum of two numbers, without their constants, is found again.
    pub(crate) fn sum_key(a: Value, b: Value) -> (Pure, u32, (Value, Value)) {
        let shift = |value: Value| planted!(SumsForgetShifts, value.shift, 0);
        let plain = |value: Value| Value { add: 0, shift: shift(value), ..value };
        let (a, b) = (plain(a), plain(b));
        (Pure::Add, 8, (a.min(b), a.max(b)))
    }

    /// The place of a memory operand, if the access is allowed.
    pub(crate) fn place(
        &mut self,
        state: &mut State,
        address: &Address,
        access: Access,
    ) -> Result<Place, Fault> {
        let to = self.address(state, address);
        let size = address.size;
        if size == 0 || size > 16 {
            return fault(Rule::Instruction, "an access of unknown width");
        }
        match to.base {
            Base::Stack => self.stack(state, to, size),
            Base::Memory(m) => {
                let writes = access != Access::Read && self.layout.kept == Some(m);
                if writes && !planted!(KeptIsWritten, self.is_of_new(state, to, size), true) {
                    return fault(Rule::Memory, "a write beside the values of a new object");
                }
                self.linear(state, m, to, size)
            }
            Base::Table(t) => self.element(state, t, to, size),
            Base::Global(g) => self.global((g, false), to, size, access),
            Base::Args => self.arguments(to, size),
            Base::Code => self.data(state, to, size, access),
            Base::Data(n) => self.segment(state, (n, to), size, access),
            Base::MaybeElements(_) => {
                fault(Rule::Address, "elements of a segment that may have been dropped")
            }
            Base::Elements(n) => self.segment_element(state, (n, to), size, access),
            Base::None => match self.symbols.def(to.sym).kind {
                Kind::Masked { extent, bytes } if to.shift == 0 => {
                    let place = self.masked(extent, bytes, to, size)?;
                    if let Place::Element { table, .. } = place {
                        state.path = self.is_selected(state.path, table, to.sym);
                    }
                    Ok(place)
                }
                Kind::Ref(ty)
                    if self.layout.contexts() && ty.kind == RefKind::Func && to.shift == 0 =>
                {
                    if access != Access::Read {
                        return fault(Rule::Field, "a field that is never written");
                    }
                    self.pointed(state, to, size)
                }
                _ => planted!(
                    AnyAddress,
                    fault(Rule::Address, "the address is no known sum"),
                    Ok(Place::Linear { faults: false })
                ),
            },
            _ => {
                let place = self.field(state, to, size)?;
                if let Place::Global(g) = place {
                    // The cell lies in the context.
                    let begins = self.way_of() == Some(Way::Start);
                    let own = planted!(StartIsAnybody, begins, true);
                    return self.global((g, own), Value::pointer(Base::Global(g), 0), size, access);
                }
                let writes =
                    planted!(UpdateIsNoWrite, access != Access::Read, access == Access::Write);
                if planted!(FieldsAreWritten, writes, false)
                    && !self.is_writable(state, place, access)
                {
                    return fault(Rule::Field, "a field that is never written");
                }
                Ok(place)
            }
        }
    }

    /// P5: whether a field may be written so.
    fn is_writable(&self, state: &State, place: Place, access: Access) -> bool {
        match place {
            Place::Fuel | Place::Counter => true,
            Place::DataLength(_) => access == Access::Write,
            Place::Activation(word) => {
                access == Access::Write
                    && planted!(AnyoneSaysFrames, self.writes_activation(word), true)
            }
            Place::Settable(_) => {
                let way = matches!(self.way_of(), Some(Way::In(_)));
                way && planted!(SetAnywhere, state.answers == Answers::Unwound, true)
            }
            _ => false,
        }
    }

    /// The stack word that a memory operand is as a whole: a short way to what [`Machine::place`]
    /// finds, by the same rule (`stack`), for a register and a displacement.
    #[inline]
    pub(crate) fn stack_word(&self, state: &State, address: &Address) -> Option<u32> {
        if address.size != 8 || address.index.is_some() {
            return None;
        }
        let base = state.regs.get(address.base? as usize).copied().flatten()?;
        if base.base != Base::Stack {
            return None;
        }
        match self.stack(state, base.plus(address.disp), 8) {
            Ok(Place::Word(i)) => Some(i),
            Ok(_) | Err(_) => None,
        }
    }

    /// P6: an access to the frame or the arguments.
    #[inline]
    fn stack(&self, state: &State, to: Value, size: u32) -> Result<Place, Fault> {
        let (Some(offset), Some(rsp)) = (to.offset_in(Base::Stack), state.rsp()) else {
            return fault(Rule::Stack, "an indexed access to the stack");
        };
        let offset = offset as i64;
        let last = offset.saturating_add(i64::from(size)).saturating_sub(1);
        let top = i64::from(self.args_bytes).saturating_add(8);
        let low = planted!(RedZone, rsp, rsp.saturating_sub(128));
        if size == 0 || offset < low || last >= top {
            return fault(Rule::Stack, "an access outside the frame");
        }
        if size == 8
            && let Some(i) = self.word(offset)
        {
            return Ok(Place::Word(i));
        }
        let floor = |x: i64| self.word(x.saturating_sub(x.rem_euclid(8)));
        match (floor(offset), floor(last)) {
            (Some(a), Some(b)) => Ok(Place::Words(b.min(a), a.max(b))),
            _ => fault(Rule::Stack, "an access outside the frame"),
        }
    }

    /// P3: an access to linear memory.
    fn linear(&self, state: &State, m: u32, to: Value, size: u32) -> Result<Place, Fault> {
        let Some(memory) = self.layout.memory_type(m) else {
            return fault(Rule::Memory, "no such memory");
        };
        let limits = (memory.min_bytes, memory.zone_bytes);
        if self.may_fault && planted!(RowForgetsSignals, self.layout.config.signals, true) {
            // Whether it is inside does not matter, and what the symbol is anywhere shows mostly
            // that it lies in the zone.
            let def = self.symbols.def(to.sym);
            match place::linear((to, size), (def.lo, def.hi), limits, |_| false) {
                Reach::Inside | Reach::Zone => return Ok(Place::Linear { faults: true }),
                Reach::Below | Reach::Beyond => {}
            }
        }
        let path = self.sure(state.path);
        let mut is = self.linear_at((path, m), to, size, limits);
        for to in self.by_words(to) {
            // Where there is a row, it does not matter which of both it is.
            if is.is_ok_and(|is| self.may_fault || is == Place::Linear { faults: false }) {
                break;
            }
            let by_word = self.linear_at((path, m), to, size, limits);
            is = by_word.or(is);
        }
        is
    }

    /// P3, by what is known of the symbol that the address has.
    fn linear_at(
        &self,
        (path, m): (Path, u32),
        to: Value,
        size: u32,
        limits: (u64, u64),
    ) -> Result<Place, Fault> {
        let bounds = self.facts.bounds(path, &self.symbols, to.sym);
        let within = |end| self.within(path, end, Extent::Memory(m));
        match place::linear((to, size), bounds, limits, within) {
            Reach::Inside => Ok(Place::Linear { faults: false }),
            Reach::Zone if self.layout.config.signals => Ok(Place::Linear { faults: true }),
            Reach::Zone => fault(Rule::Memory, "an access that may fault, without signals"),
            Reach::Below => fault(Rule::Memory, "the address may lie below the memory"),
            Reach::Beyond if self.is_guarded((path, m), to, size) => {
                Ok(Place::Linear { faults: true })
            }
            Reach::Beyond => {
                fault(Rule::Memory, "the access is not shown to stay inside the memory")
            }
        }
    }

    /// An address by each word that is a sum of its symbol (S3).
    pub(crate) fn by_words(&self, to: Value) -> impl Iterator<Item = Value> + '_ {
        self.symbols.words(to.sym).filter_map(move |word| place::by_word(to, word))
    }

    /// P3: whether an access ends within what faults behind the memory's present length.
    fn is_guarded(&self, (path, m): (Path, u32), to: Value, size: u32) -> bool {
        let guard = self.layout.memory_type(m).map_or(0, |memory| memory.guard_bytes);
        let bounds = self.facts.bounds(path, &self.symbols, to.sym);
        let within = |end| self.within(path, guarded(end, guard), Extent::Memory(m));
        let inside = place::linear((to, size), bounds, (0, 0), within) == Reach::Inside;
        guard > 0 && self.layout.config.signals && planted!(GuardIsAnywhere, inside, true)
    }

    /// P4: an access to an element of a table.
    fn element(&self, state: &State, t: u32, to: Value, size: u32) -> Result<Place, Fault> {
        if self.layout.table_type(t).is_none() || size != 8 {
            return fault(Rule::Table, "an access that is no element of a table");
        }
        let path = self.sure(state.path);
        if !self.is_element(path, t, to)
            && !self.by_words(to).any(|to| self.is_element(path, t, to))
        {
            return fault(Rule::Table, "the access is not shown to stay inside the table");
        }
        Ok(Place::Element { table: t, faults: false })
    }

    /// Whether an address is one of an element of a table.
    pub(crate) fn is_element(&self, path: Path, t: u32, to: Value) -> bool {
        let (lo, _) = self.facts.bounds(path, &self.symbols, to.sym);
        let within = |behind| {
            self.within(path, behind, Extent::Table(t))
                || self.within_by_sum(path, behind, Extent::Table(t))
                || self.within_by_part(path, behind, Extent::Table(t))
        };
        place::element(to, lo, within)
    }

    /// Whether a value may lie in a table whose elements have this type.
    fn is_element_of(&self, path: Path, value: Value, ty: RefType) -> bool {
        if !self.layout.contexts() {
            return self.is_ref(path, value, ty);
        }
        match value.as_symbol().map(|sym| self.symbols.def(sym).kind) {
            Some(Kind::Tagged(is)) => {
                planted!(ElementOfAnyType, self.layout.takes_ref(ty, is), true)
            }
            // Null, initialised.
            _ => {
                let null = value.as_constant();
                planted!(AnyConstantIsNull, null == Some(1), null.is_some())
                    && planted!(NullIsElement, ty.nullable, true)
            }
        }
    }

    /// P3: a read of a data segment's bytes, of which there are as many as the length says (H2).
    fn segment(
        &self,
        state: &State,
        (n, to): (u32, Value),
        size: u32,
        access: Access,
    ) -> Result<Place, Fault> {
        let writes = planted!(SegmentIsUpdated, access != Access::Read, access == Access::Write);
        if planted!(SegmentIsStored, writes, false) {
            return fault(Rule::Field, "a data segment is written");
        }
        let path = self.sure(state.path);
        let bounds = self.facts.bounds(path, &self.symbols, to.sym);
        let within = |end| self.within(path, end, Extent::Data(n));
        let inside = place::linear((to, size), bounds, (0, 0), within) == Reach::Inside;
        if !planted!(SegmentHasNoEnd, inside, true) {
            return fault(Rule::Field, "the access is not shown to stay inside the data segment");
        }
        Ok(Place::Bytes)
    }

    /// H6: an element of an element segment, in 16 bytes of which the first 8 are it: a read, or a
    /// write by the function that initialises.
    fn segment_element(
        &self,
        state: &State,
        (n, to): (u32, Value),
        size: u32,
        access: Access,
    ) -> Result<Place, Fault> {
        let (ty, count) = self.layout.elements.get(n as usize).copied().unwrap_or(NO_ELEMENTS);
        let begins = planted!(ElementIsIndexed, to.sym == Sym::ZERO || to.shift == 4, true)
            && planted!(ElementInElement, to.add.is_multiple_of(offsets::VALUE_BYTES), true);
        let (lo, hi) = self.facts.bounds(self.sure(state.path), &self.symbols, to.sym);
        let first = i128::from(to.add as i64 >> 4);
        let below = i128::from(lo).saturating_add(first) < 0;
        let most = i128::from(hi).saturating_add(first);
        let there = planted!(ElementBehindSegment, most < i128::from(count), true)
            && planted!(ElementBeforeSegment, !below, true);
        let may = match access {
            Access::Read => true,
            Access::Write => planted!(ElementIsWritten, state.fresh, true),
            Access::Update => planted!(ElementIsUpdated, false, true),
        };
        if !begins || !there || size != 8 || !may {
            return fault(
                Rule::Table,
                "an access that is no segment's element, or may not write it",
            );
        }
        if access == Access::Read {
            // Null where nobody has written it.
            let nullable = planted!(OldElementIsThere, true, ty.nullable);
            let kind = Kind::Ref(RefType { nullable, ..ty });
            return Ok(Place::Symbol(Def { kind, ..Def::ANY }));
        }
        Ok(Place::Passive(n))
    }

    /// P5: an access to a global's cell; `begins`: in the context, by the function that initialises
    /// the instance, which writes what is immutable afterwards.
    fn global(
        &self,
        (g, begins): (u32, bool),
        to: Value,
        size: u32,
        access: Access,
    ) -> Result<Place, Fault> {
        let (Some(global), Some(0)) = (self.layout.global_type(g), to.offset_in(Base::Global(g)))
        else {
            return fault(Rule::Field, "an access that is no global");
        };
        if u64::from(size) > global.ty.bytes().max(8) {
            return fault(Rule::Field, "an access wider than the global");
        }
        let mutable = global.mutable || begins;
        if access != Access::Read && !planted!(ImmutableIsWritten, mutable, true) {
            return fault(Rule::Field, "an immutable global is written");
        }
        let reference = matches!(global.ty, Ty::Ref(_));
        if reference && (size != 8 || access == Access::Update) {
            return fault(Rule::Field, "a part of a reference");
        }
        Ok(Place::Global(g))
    }

    /// P9: a read of the code's own data.
    fn data(&self, state: &State, to: Value, size: u32, access: Access) -> Result<Place, Fault> {
        if access != Access::Read {
            return fault(Rule::Constant, "the code is written");
        }
        let within = |start: u64, bytes: u64| {
            let behind = self.data.partition_point(|&(a, _)| u64::from(a) <= start);
            let range = behind.checked_sub(1).and_then(|i| self.data.get(i));
            range.is_some_and(|&(_, b)| start.saturating_add(bytes) <= u64::from(b))
        };
        if to.sym == Sym::ZERO {
            if !planted!(ConstantAnywhere, within(to.add, u64::from(size)), true) {
                return fault(Rule::Constant, "a read that is not within the code's data");
            }
            return Ok(Place::Data(u32::try_from(to.add).unwrap_or(u32::MAX)));
        }
        // D6: an entry of a table, for each number between the index's bounds. By a word that is
        // itself shifted, what is between them would be no entries.
        let entries = |to: Value| {
            let bounds = self.facts.bounds(self.sure(state.path), &self.symbols, to.sym);
            let (first, bytes) = place::entries(to, bounds, size);
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            planted!(TableAnywhere, within(first, bytes), true).then_some((first, bytes))
        };
        let whole = |by: &Value| planted!(EntriesBeside, by.shift == to.shift, true);
        let by_words = self.by_words(to).filter(whole);
        let all = core::iter::once(to).chain(by_words).filter_map(entries);
        let Some((first, bytes)) = all.min_by_key(|&(_, bytes)| bytes) else {
            return fault(Rule::JumpTable, "the index is not shown to stay in its table");
        };
        if to.shift != 2 || size != 4 {
            return Ok(Place::Entry);
        }
        let first = u32::try_from(first).unwrap_or(u32::MAX);
        let count = u32::try_from(bytes >> 2).unwrap_or(u32::MAX);
        Ok(Place::Jump { first, count })
    }

    /// The value read from a place: a number of `size` bytes or a pointer.
    pub(crate) fn load(&mut self, state: &mut State, place: Place, size: u32) -> Value {
        match place {
            Place::Word(i) => self.read_loc(state, Loc::Word(i)),
            Place::Words(..)
            | Place::Linear { .. }
            | Place::Cells(..)
            | Place::Entry
            | Place::Jump { .. } => self.unknown(size),
            Place::Cell(i) => self.cell(state, i),
            Place::Element { table, .. } => match self.layout.table_type(table) {
                Some(table) if self.layout.contexts() => {
                    let kind = Kind::Tagged(table.ty);
                    Value::symbol(self.symbols.fresh(Def { kind, ..Def::ANY }))
                }
                Some(table) => Value::symbol(self.reference(table.ty)),
                None => self.unknown(size),
            },
            Place::Global(g) => match self.layout.global_type(g).map(|g| g.ty) {
                Some(Ty::Ref(ty)) => {
                    // Null where the function that initialises the instance has not written it.
                    let early = planted!(OldGlobalIsThere, self.layout.contexts(), false);
                    let nullable = ty.nullable || early;
                    Value::symbol(self.reference(RefType { nullable, ..ty }))
                }
                _ => self.unknown(size),
            },
            Place::Constant(value) => value,
            Place::Symbol(def) => Value::symbol(self.symbols.fresh(def)),
            Place::Fuel => self.read_loc(state, Loc::Fuel),
            Place::Counter | Place::Activation(_) | Place::Settable(_) => self.unknown(size),
            Place::DataLength(n) => {
                let kind = Kind::Length(Extent::Data(n));
                Value::symbol(self.symbols.fresh(Def { lo: 0, hi: u64::from(u32::MAX), kind }))
            }
            // The last ones are only written.
            Place::Bytes | Place::Passive(_) => self.unknown(size),
            Place::Nullable { of: sym, code, .. } => {
                // Behind the access it is not null.
                state.path = self.bounded(state.path, sym, (1, u64::MAX));
                if code {
                    return Value { base: Base::RefCode, sym, shift: 0, add: 0 };
                }
                let kind = Kind::TypeOf(Record::Ref(sym));
                Value::symbol(self.symbols.fresh(Def { lo: 0, hi: 0xffff_ffff, kind }))
            }
            Place::Epoch => {
                if self.layout.config.metering.epoch {
                    state.jumps = JUMPS;
                }
                self.unknown(8)
            }
            Place::Data(offset) => self.constant(offset, size),
        }
    }

    /// An argument cell, or a part of some.
    fn arguments(&mut self, to: Value, size: u32) -> Result<Place, Fault> {
        let end = to.add.saturating_add(u64::from(size));
        let most = match self.way_of() {
            Some(way) => self.layout.array_values(way).saturating_mul(offsets::VALUE_BYTES),
            None => u64::from(offsets::ARGS_CELLS).saturating_mul(8),
        };
        if to.sym != Sym::ZERO || planted!(ArrayWithoutEnd, end > most, false) {
            return fault(Rule::Field, "an access outside the argument cells");
        }
        let word = |at: u64| u32::try_from(at >> 3).unwrap_or(u32::MAX);
        let (first, last) = (word(to.add), word(end.saturating_sub(1)));
        self.arg_cells = self.arg_cells.max(last.saturating_add(1));
        if size == 8 && to.add.is_multiple_of(8) {
            return Ok(Place::Cell(first));
        }
        Ok(Place::Cells(first, last))
    }

    /// The content of an argument cell: what was written, or what the runtime left there.
    fn cell(&mut self, state: &State, cell: u32) -> Value {
        if let Some(&value) = state.cells.get(&cell) {
            return value;
        }
        match self.answered(state.answers, cell) {
            Some(Ty::Ref(ty)) => Value::symbol(self.reference(ty)),
            _ => self.unknown(8),
        }
    }

    /// The type of the value that begins in an argument cell which the runtime wrote.
    pub(crate) fn answered(&self, answers: Answers, cell: u32) -> Option<Ty> {
        let of = |types: &[Ty]| self.cells_of(types).find(|&(i, _)| i == cell).map(|(_, ty)| ty);
        match answers {
            Answers::Unknown | Answers::Returned | Answers::Unwound | Answers::Trapped => None,
            Answers::Arguments(ty) => of(&self.layout.signature(ty)?.params),
            Answers::Results(ty) => of(&self.layout.signature(ty)?.results),
            Answers::Operator(ty) => of(&[ty]),
            Answers::Caught { tag, with_ref } => {
                let values = match tag {
                    Some(tag) => &self.layout.tag_type(tag)?.params[..],
                    None => &[],
                };
                let reference = with_ref && cell == cell_count(values);
                if reference { Some(Ty::Ref(RefType::EXCEPTION)) } else { of(values) }
            }
        }
    }

    /// The number in the code's data; its bytes are final.
    pub(crate) fn constant(&mut self, offset: u32, size: u32) -> Value {
        let end = offset.saturating_add(size);
        let bytes = self.bytes.get(offset as usize..end as usize).unwrap_or(&[]);
        if size > 8 || bytes.is_empty() {
            return self.unknown(8);
        }
        let number = bytes.iter().rev().fold(0_u64, |n, &byte| (n << 8) | u64::from(byte));
        Value::constant(number)
    }

    /// Writes a place that [`Machine::place`] allowed; no value: nothing is known of it.
    pub(crate) fn store(
        &mut self,
        state: &mut State,
        place: Place,
        value: Option<Value>,
    ) -> Result<(), Fault> {
        match place {
            Place::Word(i) => state.set(Loc::Word(i), value),
            Place::Words(a, b) => {
                let words = planted!(PartsKeepWords, a..=b, 1..=0);
                for i in words {
                    state.set(Loc::Word(i), None);
                }
            }
            // Bytes of segments are never written (`segment`).
            Place::Linear { .. } | Place::Bytes => {}
            Place::Cell(i) => {
                let value = value.unwrap_or_else(|| self.unknown(8));
                state.cells.insert(i, value);
            }
            Place::Cells(first, last) => {
                for i in first..=last {
                    let value = self.unknown(8);
                    state.cells.insert(i, value);
                }
            }
            Place::Element { .. } | Place::Global(_) | Place::Passive(_) => {
                return self.store_reference(state, place, value);
            }
            Place::Counter => {}
            Place::Activation(word) => {
                let value = value.unwrap_or_else(|| self.unknown(8));
                self.write_activation(state, word, value);
            }
            Place::Settable(number) => {
                let right = planted!(
                    SetToLowestByte,
                    value == Some(Value::constant(number)),
                    value.and_then(|it| it.as_constant()).map(|n| n as u8) == Some(number as u8)
                );
                if !planted!(SetToAnything, right, true) {
                    return fault(Rule::Field, "a word is set to another number than its own");
                }
            }
            Place::DataLength(_) => {
                let none = planted!(
                    LengthOfLowBits,
                    value == Some(Value::constant(0)),
                    value.and_then(|it| it.as_constant()).is_some_and(|n| n as u16 == 0)
                );
                if !planted!(LengthIsSet, none, true) {
                    return fault(Rule::Field, "the length of a data segment becomes other than 0");
                }
            }
            Place::Fuel => return fault(Rule::Metering, "the fuel is written"),
            Place::Constant(_)
            | Place::Symbol(_)
            | Place::Nullable { .. }
            | Place::Epoch
            | Place::Data(_)
            | Place::Entry
            | Place::Jump { .. } => {
                let written = fault(Rule::Field, "a field that is never written");
                return planted!(FieldsAreWritten, written, Ok(()));
            }
        }
        Ok(())
    }

    /// P4, P5, H6: an element or a global gets a reference of its type.
    fn store_reference(
        &self,
        state: &State,
        place: Place,
        value: Option<Value>,
    ) -> Result<(), Fault> {
        match place {
            Place::Element { table, .. } => {
                let table = self.layout.table_type(table);
                let fits = table.is_some_and(|t| self.layout.is_number(t.ty))
                    || table
                        .zip(value)
                        .is_some_and(|(t, v)| self.is_element_of(state.path, v, t.ty));
                if !planted!(AnyElement, fits, true) {
                    return fault(Rule::Table, "no reference of the table's kind is stored");
                }
            }
            Place::Global(g) => {
                if let Some(Ty::Ref(ty)) = self.layout.global_type(g).map(|g| g.ty) {
                    let fits = value.is_some_and(|v| self.is_ref(state.path, v, ty));
                    if !fits {
                        return fault(Rule::Field, "no reference of the global's kind is stored");
                    }
                }
            }
            _ => {
                let segment = match place {
                    Place::Passive(n) => self.layout.elements.get(n as usize),
                    _ => None,
                };
                let fits = segment.zip(value).is_some_and(|(s, v)| self.is_ref(state.path, v, s.0));
                if !planted!(ElementIsAnything, fits, true) {
                    return fault(Rule::Table, "no reference of the segment's type is stored");
                }
            }
        }
        Ok(())
    }
}

/// The type of a segment that is not there, and how many elements it has.
pub(crate) const NO_ELEMENTS: (RefType, u32) = (RefType::FUNC, 0);

/// A reading that is at most a memory's length where this one is at most that and its guard.
pub(crate) fn guarded(end: Reading, guard: u64) -> Reading {
    Reading { add: end.add.saturating_sub(i128::from(guard)), ..end }
}

/// The first argument cell of each value of these types; `wide`: each has two.
pub(crate) fn cells(types: &[Ty], wide: bool) -> impl Iterator<Item = (u32, Ty)> + '_ {
    let mut next = 0_u32;
    types.iter().map(move |&ty| {
        let first = next;
        next = next.saturating_add(if wide || ty == Ty::V128 { 2 } else { 1 });
        (first, ty)
    })
}

/// How many argument cells values of these types take.
fn cell_count(types: &[Ty]) -> u32 {
    types.iter().fold(0, |n: u32, &ty| n.saturating_add(if ty == Ty::V128 { 2 } else { 1 }))
}
