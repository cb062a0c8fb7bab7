//! Effects: what a function does besides computing, as the Wasm demands it and as the code must do
//! it.
//!
//! Memory, globals and tables are not modelled. Wasm and code must perform the same effects in the
//! same order with the same arguments; then, by induction, each effect has the same result on both
//! sides. The walk expects one effect at a time: the Wasm operator names it, and the code runs
//! until it performs an effect, which must be this one.
//!
//! A numeric operator that traps is an effect without result: its value is a pure term, that it may
//! trap is the effect.

use prova_module::Opcode;
use prova_terms::Vn;

/// The kind of an effect, with its arguments in their order; widths in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A numeric operator that may trap: its term.
    Trap,
    /// A load: memory, address, offset.
    Load(u8),
    /// A store: memory, address, offset, the bits stored.
    Store(u8),
    /// An atomic load: memory, address, offset.
    AtomicLoad(u8),
    /// An atomic store: memory, address, offset, the bits stored.
    AtomicStore(u8),
    /// An atomic read-modify-write: memory, address, offset, the bits stored, as a term over the
    /// bits loaded.
    AtomicRmw(u8),
    /// An atomic exchange: memory, address, offset, the bits expected, the bits stored.
    AtomicCmpxchg(u8),
    /// `global.get` of one cell: global.
    GlobalGet,
    /// `global.get` of two cells: global.
    GlobalGetV128,
    /// `global.set` of one cell: global, value.
    GlobalSet,
    /// `global.set` of two cells: global, value.
    GlobalSetV128,
    /// `ref.func`: function.
    RefFunc,
    /// `ref.as_non_null`: reference.
    RefAsNonNull,
    /// `table.get`: table, index.
    TableGet,
    /// `table.set`: table, index, reference.
    TableSet,
    /// `table.size`: table.
    TableSize,
    /// `table.grow`: table, reference, number of elements.
    TableGrow,
    /// `table.fill`: table, index, reference, number of elements.
    TableFill,
    /// `table.copy`: table copied to, table copied from, target, source, length.
    TableCopy,
    /// `table.init`: table, segment, target, source, length.
    TableInit,
    /// `elem.drop`: segment.
    ElemDrop,
    /// `memory.size`: memory.
    MemorySize,
    /// `memory.grow`: memory, number of pages.
    MemoryGrow,
    /// `memory.fill`: memory, address, byte, length.
    MemoryFill,
    /// `memory.copy`: memory copied to, memory copied from, target, source, length.
    MemoryCopy,
    /// `memory.init`: memory, segment, target, source, length.
    MemoryInit,
    /// `data.drop`: segment.
    DataDrop,
    /// `memory.atomic.notify`: memory, address, offset, count.
    AtomicNotify,
    /// `memory.atomic.wait32`: memory, address, offset, value expected, timeout.
    AtomicWait32,
    /// `memory.atomic.wait64`: memory, address, offset, value expected, timeout.
    AtomicWait64,
    /// `call`: function; the call's own arguments are compared cell by cell.
    Call,
    /// `call_indirect`: index in the table, type, table.
    CallIndirect,
    /// `return_call`: function.
    ReturnCall,
    /// `return_call_indirect`: index in the table, type, table.
    ReturnCallIndirect,
    /// `call_ref`: reference, type.
    CallRef,
    /// `return_call_ref`: reference, type.
    ReturnCallRef,
    /// `ref.test`: reference, the code of the type.
    RefTest,
    /// `ref.cast`: reference, the code of the type.
    RefCast,
    /// A load from an object: object, place in it.
    ObjectLoad(u8),
    /// A store to an object: object, place in it, the bits stored.
    ObjectStore(u8),
    /// A load of an array's element: array, index.
    ArrayLoad(u8),
    /// A store to an array's element: array, index, the bits stored.
    ArrayStore(u8),
    /// An access of a shared memory: memory, offset, the number of the access; its operands are
    /// compared cell by cell, as those of a call.
    Shared,
    /// `atomic.fence`.
    AtomicFence,
    /// An operator on objects: its immediates; its operands are compared cell by cell, as those of
    /// a call.
    Objects(Opcode),
    /// `throw`: tag.
    Throw,
    /// `throw_ref`: exception.
    ThrowRef,
    /// A charge of fuel: units.
    Charge,
    /// A test of the epoch.
    Poll,
    /// `unreachable`.
    Unreachable,
}

/// The greatest number of arguments of an effect besides those of a call.
pub(super) const ARGS_MAX: usize = 5;

/// An effect that the Wasm has demanded and the code has not yet performed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) effect: Effect,
    /// How many of `args` there are.
    pub(super) count: usize,
    pub(super) args: [Vn; ARGS_MAX],
    /// Its first result, where it has one that is not a call's.
    pub(super) result: Vn,
}

/// The operations of the store that rows of both tables call by the same name, with the order of
/// their arguments.
macro_rules! for_each_store_operation {
    ($callback:ident) => {
        $callback! {
            ref_func RefFunc (f);
            table_get TableGet (t i);
            table_set TableSet (t i a);
            table_size TableSize (t);
            table_grow TableGrow (t a n);
            table_fill TableFill (t i a n);
            table_copy TableCopy (t u d s n);
            table_init TableInit (t x d s n);
            elem_drop ElemDrop (x);
            memory_size MemorySize (k);
            memory_grow MemoryGrow (k n);
            memory_fill MemoryFill (k d a n);
            memory_copy MemoryCopy (k j d s n);
            memory_init MemoryInit (k x d s n);
            data_drop DataDrop (x);
        }
    };
}
