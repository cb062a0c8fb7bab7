//! P5 and P8: fields of the structures around code, which [`Structures`] has as data.
//!
//! A field is read as a whole; none is written, except fuel, counters, globals and, by ways, words
//! for frames. What it holds
//! becomes the base of a value, a symbol of a kind, or a number.
//!
//! [`Structures`]: crate::structures::Structures

use crate::access::Place;
use crate::error::{Fault, Rule, fault};
use crate::layout::Memory;
use crate::machine::Machine;
use crate::rules::order::Reading;
use crate::state::State;
use crate::structures::Holds;
use crate::symbols::{Def, Extent, Kind, Record, RefKind};
use crate::value::{Base, Sym, Value};

impl Machine<'_> {
    /// P5: a field of the structures around code.
    pub(crate) fn field(&self, state: &State, to: Value, size: u32) -> Result<Place, Fault> {
        let layout = self.layout;
        let structures = &layout.structures;
        let plain = to.sym == Sym::ZERO;
        // The structure, and of which object it is, where it is one of several.
        let (structure, index, record) = match to.base {
            Base::VmCtx if plain => (&structures.context, None, None),
            // The context of another instance: its store and the builtins are the same.
            Base::RefContext => (&structures.other, None, None),
            Base::Store if plain => (&structures.store, None, None),
            Base::Epoch if plain => (&structures.epoch, None, None),
            Base::Builtins if plain => (&structures.builtins, None, None),
            Base::Types if plain => (&structures.types, None, None),
            Base::MemoryRecord(m) if plain => (&structures.memory, Some(m), None),
            Base::TableRecord(t) if plain => (&structures.table, Some(t), None),
            Base::Import(func) if plain => (&structures.func, Some(func), None),
            Base::RefRecord => (&structures.func, None, Some(Record::Ref(to.sym))),
            Base::CallerContext if plain => (&structures.caller, None, None),
            Base::HostContext if plain => (&structures.host, None, None),
            Base::Funcs(calls) if size == 8 => {
                return self.func_by_address(state, to, calls).map(Place::Constant);
            }
            _ => return fault(Rule::Field, "a place that has no such field"),
        };
        let Some((holds, element)) = structure.find(to.add, size) else {
            return fault(Rule::Field, "no field of its structure");
        };
        let index = index.unwrap_or(element);
        let named = planted!(
            OneRecordForAll,
            index,
            if to.base == Base::VmCtx { layout.imported_funcs() } else { index }
        );
        let record = record.unwrap_or(Record::Func(named));
        self.held(state, (holds, index), record)
    }

    /// The place that a field is, by what it holds; `index` is its element's or its object's,
    /// `record` of whose record it is one.
    fn held(
        &self,
        state: &State,
        (holds, index): (Holds, u32),
        record: Record,
    ) -> Result<Place, Fault> {
        let layout = self.layout;
        let constant = |base| Ok(Place::Constant(Value::pointer(base, 0)));
        let by_sym = |base, sym| Ok(Place::Constant(Value { base, sym, shift: 0, add: 0 }));
        let symbol = |def| Ok(Place::Symbol(def));
        let none = fault(Rule::Field, "no field of its structure");
        match holds {
            Holds::Pointer(base) => constant(base),
            Holds::Own(add) => Ok(Place::Constant(Value::pointer(Base::VmCtx, add))),
            Holds::Import => constant(Base::Import(index)),
            Holds::MemoryRecord => constant(Base::MemoryRecord(index)),
            Holds::TableRecord => constant(Base::TableRecord(index)),
            Holds::GlobalRecord => constant(Base::Global(index)),
            Holds::MemoryOwner => constant(Base::MemoryOwner(index)),
            Holds::TableOwner => constant(Base::TableOwner(index)),
            Holds::TagOwner => constant(Base::TagOwner(index)),
            Holds::MemoryIndex => symbol(half(Kind::Owned(Extent::Memory(index)))),
            Holds::TableIndex => symbol(half(Kind::Owned(Extent::Table(index)))),
            Holds::MemoryBase => constant(Base::Memory(index)),
            Holds::TableBase => constant(Base::Table(index)),
            Holds::MemoryLength => match self.layout.memory_type(index) {
                Some(memory) => symbol(length(planted!(CopyOfAnother, index, 0), memory)),
                None => none,
            },
            Holds::TableLength => match self.layout.table_type(index) {
                Some(table) => {
                    let kind = Kind::Length(Extent::Table(index));
                    symbol(Def { lo: table.min, hi: table.max, kind })
                }
                None => none,
            },
            Holds::Builtin => constant(Base::Builtin(index)),
            Holds::TypeId if self.layout.has_id(index) => {
                symbol(half(Kind::TypeId(self.layout.canonical(index))))
            }
            Holds::TypeId => none,
            Holds::Code => match record {
                Record::Func(func) => constant(Base::FuncCode(func)),
                Record::Ref(sym) => by_sym(Base::RefCode, sym),
            },
            Holds::Context => match record {
                Record::Func(func) if func >= layout.imported_funcs() => constant(Base::VmCtx),
                Record::Func(func) if layout.contexts() => constant(Base::FuncContext(func)),
                Record::Func(_) => fault(Rule::Field, "the context of an imported function"),
                Record::Ref(sym) => by_sym(Base::RefContext, sym),
            },
            Holds::Type => symbol(half(Kind::TypeOf(record))),
            Holds::Address => {
                symbol(Def { lo: 0, hi: 0xffff_fffe, kind: Kind::FuncAddress(record) })
            }
            Holds::Funcs => constant(Base::Funcs(state.calls)),
            Holds::FuncsLength => symbol(half(Kind::Length(Extent::Funcs))),
            Holds::Fuel => Ok(Place::Fuel),
            Holds::Epoch => Ok(Place::Epoch),
            Holds::Number => symbol(Def::ANY),
            Holds::Counter => Ok(Place::Counter),
            Holds::Global => Ok(Place::Global(index)),
            Holds::StackLimit => symbol(Def { kind: Kind::StackLimit, ..Def::ANY }),
            Holds::Activation(word) => Ok(Place::Activation(word)),
            Holds::Settable(number) => Ok(Place::Settable(number)),
            Holds::HostCode => constant(Base::HostCode),
            Holds::Data => constant(Base::Data(index)),
            Holds::DataLength => Ok(Place::DataLength(index)),
        }
    }

    /// P8: a field of the record that a reference points to. Null faults, for type and code, of
    /// which one is read first; for others it must be known that the reference is not null.
    pub(crate) fn pointed(&self, state: &State, to: Value, size: u32) -> Result<Place, Fault> {
        let record = Record::Ref(to.sym);
        let Some((holds, _)) = self.layout.structures.func.find(to.add, size) else {
            return fault(Rule::Field, "no field of its structure");
        };
        let null = !planted!(NullIsRead, self.at_least(state.path, to.sym, 1), true);
        let nullable = |code| {
            let faults = planted!(TypeOfNullIsRead, null, null && code);
            if planted!(NullIsNoFault, faults && !self.layout.config.signals, false) {
                return fault(Rule::CallType, "the reference may be null");
            }
            Ok(Place::Nullable { of: to.sym, code, null })
        };
        match holds {
            Holds::Type => nullable(false),
            Holds::Code => nullable(true),
            _ if planted!(NullHasContext, null, false) => {
                fault(Rule::CallType, "the reference may be null")
            }
            _ => self.held(state, (holds, 0), record),
        }
    }

    /// P8: the record of a reference is read at `funcs + 8 * (reference - 1)`, in the array as it
    /// is since the last call, and the reference is not null. A number that is at most the array's
    /// length is as good (L9), in the masked shape one that no branch bounds (D3). The record of a
    /// store address that was read from a record is this record.
    fn func_by_address(&self, state: &State, to: Value, calls: u32) -> Result<Value, Fault> {
        if planted!(OldList, calls != state.calls, false) {
            return fault(Rule::Field, "the functions' records may have moved at a call");
        }
        let by_sym = |sym| Value { base: Base::RefRecord, sym, shift: 0, add: 0 };
        let kind = self.symbols.def(to.sym).kind;
        if let (Kind::FuncAddress(record), 3, 0) = (kind, to.shift, to.add) {
            return Ok(match record {
                Record::Func(func) => self.record(func),
                Record::Ref(sym) => by_sym(sym),
            });
        }
        let is_ref = matches!(kind, Kind::Ref(ty) if ty.kind == RefKind::Func);
        let number = Reading { sym: to.sym, shift: 0, add: 0 };
        let sure = self.sure(state.path);
        let names = is_ref
            || !self.layout.contexts()
                && planted!(NumberIsFunction, self.within(sure, number, Extent::Funcs), true);
        if !names || to.shift != 3 || to.add != 8_u64.wrapping_neg() {
            return fault(Rule::CallType, "no reference names the record");
        }
        if !planted!(NullIsCalled, self.at_least(state.path, to.sym, 1), true) {
            return fault(Rule::CallType, "the reference may be null");
        }
        Ok(by_sym(to.sym))
    }
}

/// A length of a memory that was read.
fn length(m: u32, memory: &Memory) -> Def {
    let kind = Kind::Length(Extent::Memory(m));
    Def { lo: memory.min_bytes, hi: memory.max_bytes, kind }
}

/// A 32-bit word of this kind.
fn half(kind: Kind) -> Def {
    Def { lo: 0, hi: 0xffff_ffff, kind }
}
