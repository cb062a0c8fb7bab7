//! The immediates of operators: an operator of the decoder → its immediates with their kinds, in
//! the order of the row.
//!
//! Readers ask for a kind (`Immediates::index(Immediate::func)`), so that they need not name the
//! operators that have it. That a row has an immediate for each field of wasmparser's operator is
//! checked when this compiles, that its kind fits the field's type by `tests/ops.rs`.

use wasmparser::{
    BlockType, BrTable, HeapType, Ieee32, Ieee64, MemArg, MemArgTarget, Operator, Ordering,
    RefType, ResumeTable, TryTable, V128, ValType, for_each_operator,
};

/// A kind of immediate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(non_camel_case_types, reason = "the names are the tokens of the rows")]
pub enum Immediate {
    /// The value of an `i32.const`.
    i32,
    /// The value of an `i64.const`.
    i64,
    /// The value of an `f32.const`.
    f32,
    /// The value of an `f64.const`.
    f64,
    /// The value of a `v128.const`.
    v128,
    /// The index of a local.
    local,
    /// The index of a global.
    global,
    /// The index of a function.
    func,
    /// The index of a type.
    type_,
    /// The index of a table.
    table,
    /// The index of a memory.
    mem,
    /// The index of an element segment.
    elem,
    /// The index of a data segment.
    data,
    /// The index of a tag.
    tag,
    /// The index of a field of a structure.
    field,
    /// A number of values.
    size,
    /// The depth of a label.
    label,
    /// The depths of the labels of a `br_table`, the default last.
    labels,
    /// The type of a block.
    block,
    /// The type and the catch clauses of a `try_table`.
    try_table,
    /// Memory, alignment and offset of an access.
    memarg,
    /// A lane of two.
    lane2,
    /// A lane of four.
    lane4,
    /// A lane of eight.
    lane8,
    /// A lane of sixteen.
    lane16,
    /// Sixteen lanes of thirty-two.
    lanes,
    /// The type of a value.
    val,
    /// The types of values.
    vals,
    /// A heap type.
    heap,
    /// A reference type.
    ref_type,
    /// The ordering of an atomic access.
    ordering,
    /// The handlers of a `resume`.
    resume,
}

impl Immediate {
    /// The number of lanes that a lane is of.
    pub const fn lanes(self) -> Option<u8> {
        match self {
            Immediate::lane2 => Some(2),
            Immediate::lane4 => Some(4),
            Immediate::lane8 => Some(8),
            Immediate::lane16 => Some(16),
            Immediate::lanes => Some(32),
            Immediate::i32
            | Immediate::i64
            | Immediate::f32
            | Immediate::f64
            | Immediate::v128
            | Immediate::local
            | Immediate::global
            | Immediate::func
            | Immediate::type_
            | Immediate::table
            | Immediate::mem
            | Immediate::elem
            | Immediate::data
            | Immediate::tag
            | Immediate::field
            | Immediate::size
            | Immediate::label
            | Immediate::labels
            | Immediate::block
            | Immediate::try_table
            | Immediate::memarg
            | Immediate::val
            | Immediate::vals
            | Immediate::heap
            | Immediate::ref_type
            | Immediate::ordering
            | Immediate::resume => None,
        }
    }
}

macro_rules! values {
    ($($(#[$doc:meta])* $name:ident $ty:ty)*) => {
        /// The value of an immediate, as wasmparser has it.
        #[derive(Clone, Copy, Debug)]
        pub enum Value<'o> { $($(#[$doc])* $name(&'o $ty)),* }

        $(impl<'o> From<&'o $ty> for Value<'o> {
            fn from(value: &'o $ty) -> Value<'o> {
                Value::$name(value)
            }
        })*
    };
}

values! {
    /// An `i32`.
    I32 i32
    /// An `i64`.
    I64 i64
    /// An `f32`.
    F32 Ieee32
    /// An `f64`.
    F64 Ieee64
    /// A `v128`.
    V128 V128
    /// An index, depth or number.
    Index u32
    /// The labels of a `br_table`.
    Labels BrTable<'o>
    /// A block's type.
    Block BlockType
    /// Type and clauses.
    TryTable TryTable
    /// An access.
    MemArg MemArg
    /// A lane.
    Lane u8
    /// Lanes.
    Lanes [u8; 16]
    /// A value's type.
    Val ValType
    /// Values' types.
    Vals Vec<ValType>
    /// A heap type.
    Heap HeapType
    /// A reference type.
    Ref RefType
    /// An ordering.
    Ordering Ordering
    /// Handlers.
    Resume ResumeTable
}

/// The greatest number of immediates of a row.
const IMMEDIATES_MAX: usize = 3;

/// The immediates of an operator, in the order of its row.
#[derive(Clone, Copy, Debug)]
pub struct Immediates<'o> {
    all: [Option<(Immediate, Value<'o>)>; IMMEDIATES_MAX],
}

impl<'o> Immediates<'o> {
    #[inline]
    fn new<const N: usize>(some: [(Immediate, Value<'o>); N]) -> Immediates<'o> {
        const { assert!(N <= IMMEDIATES_MAX) };
        Immediates { all: std::array::from_fn(|at| some.get(at).copied()) }
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = (Immediate, Value<'o>)> {
        self.all.iter().map_while(|one| *one)
    }

    /// The first index, depth or number of a kind.
    pub fn index(&self, kind: Immediate) -> Option<u32> {
        self.indices(kind).next()
    }

    /// The indices, depths or numbers of a kind.
    pub fn indices(&self, kind: Immediate) -> impl Iterator<Item = u32> {
        self.iter().filter_map(move |(other, value)| match value {
            Value::Index(index) if other == kind => Some(*index),
            _ => None,
        })
    }

    /// Memory, alignment and offset, of an access.
    pub fn memarg(&self) -> Option<MemArg> {
        self.iter().find_map(|(_, value)| match value {
            Value::MemArg(memarg) => Some(*memarg),
            _ => None,
        })
    }

    /// The memory that an access names.
    pub fn memory(&self) -> Option<u32> {
        match self.memarg()?.target {
            MemArgTarget::Memory(memory) => Some(memory),
            MemArgTarget::Array(_) => None,
        }
    }

    /// The heap type, of an operator with one.
    pub fn heap(&self) -> Option<HeapType> {
        self.iter().find_map(|(_, value)| match value {
            Value::Heap(heap) => Some(*heap),
            _ => None,
        })
    }

    /// The lane, of an operator with one.
    pub fn lane(&self) -> Option<u8> {
        self.iter().find_map(|(_, value)| match value {
            Value::Lane(lane) => Some(*lane),
            _ => None,
        })
    }

    /// The type of the block that the operator opens.
    pub fn block(&self) -> Option<BlockType> {
        self.iter().find_map(|(_, value)| match value {
            Value::Block(ty) => Some(*ty),
            Value::TryTable(try_table) => Some(try_table.ty),
            _ => None,
        })
    }
}

/// The kinds of a row's immediates with the values of as many fields.
macro_rules! zip {
    ($name:ident $mnemonic:literal $cost:literal $class:ident $(: $of:ident)? [$($signature:tt)*]
        ($($i:ident : $ik:ident)*) $($binder:ident $(: $bits:ident)?)? { $($meaning:tt)* }
        [$($arg:ident)*]) => {
        Immediates::new([$((Immediate::$ik, Value::from($arg))),*])
    };
}

macro_rules! define_immediates {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// The immediates of an operator.
        pub(super) fn immediates<'o>(operator: &'o Operator<'o>) -> Immediates<'o> {
            match operator {
                $(Operator::$op $({ $($arg),* })? => {
                    wasm_op! { $op zip [$($($arg)*)?] }
                })*
                _ => super::unlisted(),
            }
        }
    };
}
for_each_operator!(define_immediates);

/// Gives the kinds of a row's immediates with the values of as many fields to a function, each with
/// what it made of the one before.
macro_rules! fold {
    ($name:ident $mnemonic:literal $cost:literal $class:ident $(: $of:ident)? [$($signature:tt)*]
        ($($i:ident : $ik:ident)*) $($binder:ident $(: $bits:ident)?)? { $($meaning:tt)* }
        [$($arg:ident)*] $folded:ident $step:ident) => {{
        $(let $folded = $step($folded, Immediate::$ik, Value::from($arg));)*
        $folded
    }};
}

macro_rules! define_fold {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        impl super::Opcode {
            /// Folds a function over the immediates of an operator, in the order of its row. The
            /// function is compiled into each operator's own code, so this takes far less time than
            /// [`Immediates`].
            #[inline]
            pub fn fold_immediates<'o, A>(
                operator: &'o Operator<'o>,
                folded: A,
                step: impl Fn(A, Immediate, Value<'o>) -> A,
            ) -> A {
                match operator {
                    $(Operator::$op $({ $($arg),* })? => {
                        wasm_op! { $op fold [$($($arg)*)?] folded step }
                    })*
                    _ => super::unlisted(),
                }
            }
        }
    };
}
for_each_operator!(define_fold);
