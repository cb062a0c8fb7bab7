//! The op table: one row per op, from which every view of the bytecode is expanded.
//!
//! A row reads
//!
//! ```text
//! I32Add    "i32.add"     pure   [d:i32 <- a:i32 b:i32]           { i32_add(a, b) }
//! I32Load8S "i32.load8_s" load   [d:i32 <- p:i32 o:off32] m:u8    { i32_load8_s(m) }
//! MemoryGrow "memory.grow" effect [d:addr <- n:addr k:mem] cx     { cx.memory_grow(k, n) }
//! ```
//!
//! that is: variant, mnemonic, *class* (which step executes it), results `<-` sources and
//! immediates with their *kinds*, an optional binder (`m`: the bits loaded, with their width; `cx`:
//! the runtime), and one expression. Names in the expression resolve where the macro expands: an
//! executor brings `prova_num` into scope and computes a value, the check brings constructors of
//! terms and builds one.
//!
//! # Layout
//! An instruction is a sequence of 16-bit *lanes* in little-endian 8-byte words. Lane 0 is the op,
//! with its [`Marks`] in the bits above it; the rest of word 0 is zero, so that an executor may
//! have the address of a handler in this word. The operands follow from word 1 on in the order of
//! the row, each at the next lane that is a multiple of its width (at most 4), as a C compiler lays
//! out a struct; the instruction ends at a word boundary. [`Op::lane`] is the only place that says
//! so in data; an executor's operand reader must agree with it, which a test compares for every
//! row.
//!
//! # Invariants
//! * T1. A slot operand is one lane; a `v128` slot names two adjacent cells, the lower one in the
//!   lane.
//! * T2. A cell that holds an i32, an f32 or a 32-bit address is zero-extended to 64 bits.
//! * T3. `br_table` is followed by `n + 1` words, each a branch offset in its low 32 bits, the
//!   default last.
//! * T4. Unused lanes are zero, and so is the lane of an operand that its marks say is in an
//!   accumulator.

mod aggregate;
mod atomic;
mod control;
mod exception;
mod memory;
mod numeric;
mod parametric;
mod reference;
mod table;
mod variable;
mod vector;

pub mod kind;
mod marks;

pub use kind::Kind;
use marks::OP_BITS;
pub use marks::{Accumulators, Marks, RegClass};

/// Hands all rows of the op table to the macro named by `$callback`, in one call.
#[macro_export]
macro_rules! for_each_op {
    ($callback:ident) => {
        $crate::control_ops! {
            {} [parametric_ops variable_ops table_ops memory_ops numeric_ops reference_ops exception_ops vector_ops atomic_ops
                aggregate_ops finish_ops] $callback
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! finish_ops {
    ({ $($rows:tt)* } [] $callback:ident) => {
        $callback! { $($rows)* }
    };
}

/// How an op takes part in control and effects: the step rule of an executor that executes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(non_camel_case_types, reason = "the names are the tokens of the rows")]
pub enum Class {
    /// One result, a function of the sources; no effect.
    pure,
    /// Two results, written after all sources are read; no effect.
    pure2,
    /// One result or a numeric trap.
    trap,
    /// Taken when the expression is not zero.
    branch,
    /// One result, and a condition: taken when that is not zero.
    pure_branch,
    /// One result, then `br`.
    pure_br,
    /// A load from memory 0 (32-bit addresses, 32-bit offset).
    load,
    /// A load from memory 0 at the sum of two operands, in 32 bits, and a 16-bit offset.
    load_idx,
    /// A store to memory 0 (32-bit addresses, 32-bit offset).
    store,
    /// A load from any memory.
    load_far,
    /// A store to any memory.
    store_far,
    /// A runtime operation with one result that cannot trap and leaves memory 0 where it is.
    quick,
    /// The same without result.
    quick0,
    /// A runtime operation with one result that may trap and may move or resize memory 0.
    effect,
    /// The same without result.
    effect0,
    /// A test without result that may trap, and changes nothing.
    guard,
    /// A load from an object, at a place in it.
    object_load,
    /// A store to an object, at a place in it.
    object_store,
    /// A load of an array's element.
    array_load,
    /// A store to an array's element.
    array_store,
    /// An atomic load, aligned.
    atomic_load,
    /// An atomic store, aligned.
    atomic_store,
    /// An atomic read-modify-write, aligned: `(old as the result, new as stored)`.
    atomic_rmw,
    /// An atomic compare-exchange, aligned:
    /// `(old as the result, expected as compared, replacement as stored)`.
    atomic_cmpxchg,
    /// `unreachable`.
    unreachable,
    /// `br`.
    br,
    /// `br_table`.
    br_table,
    /// `return`: the results are already in slots 0….
    return_,
    /// `return1`: one cell goes to slot 0.
    return1,
    /// `return2`: two cells go to slots 0 and 1, both read before either is written.
    return2,
    /// A call of a function that the module defines.
    call,
    /// A call of an imported function.
    call_import,
    /// A call through a table.
    call_indirect,
    /// A tail call of a function that the module defines.
    return_call,
    /// A tail call of an imported function.
    return_call_import,
    /// A tail call through a table.
    return_call_indirect,
    /// A call of a function that a reference names.
    call_ref,
    /// A tail call of a function that a reference names.
    return_call_ref,
    /// An operator on objects that makes none, on the cells of a window.
    aggregate,
    /// An operator that makes an object, likewise; the store may collect before.
    allocate,
    /// An access of a shared memory, on the cells of a window.
    shared,
    /// `throw`.
    throw,
    /// `throw_ref`.
    throw_ref,
    /// The fuel of a metering segment.
    charge,
    /// A test of the epoch.
    poll,
    /// Counts down to the next look at where the program spends its time.
    heat,
    /// The stub that stands for bytecode not attached yet.
    stub_attach,
    /// The stub that stands for a host function.
    stub_host,
}

impl Class {
    /// Whether control never reaches the next instruction from one of this class.
    pub const fn is_terminator(self) -> bool {
        match self {
            Class::unreachable
            | Class::br
            | Class::pure_br
            | Class::br_table
            | Class::return_
            | Class::return1
            | Class::return2
            | Class::return_call
            | Class::return_call_import
            | Class::return_call_indirect
            | Class::return_call_ref
            | Class::throw
            | Class::throw_ref
            | Class::stub_attach
            | Class::stub_host => true,
            Class::pure
            | Class::pure2
            | Class::trap
            | Class::branch
            | Class::pure_branch
            | Class::load
            | Class::load_idx
            | Class::store
            | Class::load_far
            | Class::store_far
            | Class::quick
            | Class::quick0
            | Class::effect
            | Class::effect0
            | Class::guard
            | Class::object_load
            | Class::object_store
            | Class::array_load
            | Class::array_store
            | Class::atomic_load
            | Class::atomic_store
            | Class::atomic_rmw
            | Class::atomic_cmpxchg
            | Class::call
            | Class::call_import
            | Class::call_indirect
            | Class::call_ref
            | Class::aggregate
            | Class::allocate
            | Class::shared
            | Class::charge
            | Class::poll
            | Class::heat => false,
        }
    }
}

/// Whether an operand is written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A slot that the instruction writes.
    Result,
    /// A slot that the instruction reads, or an immediate.
    Source,
}

/// One operand of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operand {
    /// Its name in the row.
    pub name: &'static str,
    /// The contents of its lanes.
    pub kind: Kind,
    /// Whether it is written or read.
    pub role: Role,
}

/// The table's entry for one op.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// The op's mnemonic in the text form.
    pub mnemonic: &'static str,
    /// How it is executed.
    pub class: Class,
    /// Its operands in the order of the row, results first.
    pub operands: &'static [Operand],
    /// The first lane of each operand.
    pub lanes: [u8; OPERANDS_MAX],
    /// Where the decoder finds each operand value; a 128-bit immediate has two.
    pub(crate) fields: [Field; OPERANDS_MAX + 1],
    /// The number of `fields`.
    pub(crate) values: u8,
    /// Where the operand values are, if it is of two words.
    pub(crate) short: Option<Short>,
    /// The bits of each word that belong to no operand (T4).
    pub(crate) unused: [u64; INST_WORDS_MAX],
    /// The length in words, without the targets of a `br_table`.
    pub words: u8,
    /// The meaning of its marks.
    pub accumulators: Accumulators,
    pub(crate) form: Form,
}

/// The check's demands on every instruction of an op.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Which operand values are slots, a bit for each.
    pub(crate) slots: u8,
    /// Which of them have two cells.
    pub(crate) wide: u8,
    /// Whether slots and numbers are all its operands, and its class demands no more.
    pub(crate) plain: bool,
    /// Whether it accesses memory 0 with a 32-bit address.
    pub(crate) near: bool,
    /// Whether control does not fall through it.
    pub(crate) terminator: bool,
}

/// The places of the operand values of an instruction of two words: the `fields` of its row again,
/// so that all values are read without a branch. A word shifted up by `ups` and back by `downs`,
/// with its sign, has the value in the bits of `masks`; of a value that the row has not, none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short {
    pub(crate) ups: [u8; SHORT_VALUES_MAX],
    pub(crate) downs: [u8; SHORT_VALUES_MAX],
    pub(crate) masks: [u64; SHORT_VALUES_MAX],
    /// All bits of those that are slots.
    pub(crate) slots: [u64; SHORT_VALUES_MAX],
}

/// The greatest number of operand values of an instruction of two words: lanes of the second.
pub(crate) const SHORT_VALUES_MAX: usize = 4;

impl Short {
    /// Operand value `i` of an instruction whose second word is `second`.
    #[inline(always)]
    pub(crate) fn value(&self, second: u64, i: usize) -> u64 {
        let up = second << (self.ups[i] & 63);
        (up as i64 >> (self.downs[i] & 63)) as u64 & self.masks[i]
    }

    /// The bits of the second word that operand value `i` takes: what [`value`](Short::value)
    /// reads. Of a value that the row has not, 0 has none.
    #[inline(always)]
    pub(crate) fn bits(&self, value: u64, i: usize) -> u64 {
        value << (self.downs[i] & 63) >> (self.ups[i] & 63)
    }

    const fn of(fields: &[Field; OPERANDS_MAX + 1], values: usize, slots: u8) -> Short {
        let mut short = Short { ups: [0; 4], downs: [0; 4], masks: [0; 4], slots: [0; 4] };
        let mut i = 0;
        while i < values {
            let Field { word, shift, left, signed } = fields[i];
            assert!(word == 1 && shift <= left, "a value of the second word");
            short.ups[i] = left - shift;
            short.downs[i] = left;
            short.masks[i] = if signed { u64::MAX } else { u64::MAX >> left };
            short.slots[i] = if slots >> i & 1 == 1 { u64::MAX } else { 0 };
            i += 1;
        }
        short
    }
}

/// The place of an operand value: bits of a word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) word: u8,
    pub(crate) shift: u8,
    /// The bits of 64 that do not belong to the value.
    pub(crate) left: u8,
    pub(crate) signed: bool,
}

/// The greatest number of words of an instruction, without the targets of a `br_table`.
pub(crate) const INST_WORDS_MAX: usize = 4;

/// The greatest number of operands of a row.
pub const OPERANDS_MAX: usize = 6;

macro_rules! define_ops {
    ($($name:ident $mnemonic:literal $class:ident
        [$($d:ident : $dk:ident)* <- $($s:ident : $sk:ident)*]
        $($m:ident $(: $mt:ty)?)? { $($e:tt)* })*) => {
        /// An op of the bytecode; the discriminant is its encoding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        #[allow(missing_docs, reason = "the row of an op is its documentation")]
        pub enum Op { $($name),* }

        /// All ops in the order of their encodings.
        pub const OPS: &[Op] = &[$(Op::$name),*];

        static INFO: [OpInfo; OPS.len()] = [$(
            info($mnemonic, Class::$class, &[
                $(Operand { name: stringify!($d), kind: Kind::$dk, role: Role::Result },)*
                $(Operand { name: stringify!($s), kind: Kind::$sk, role: Role::Source },)*
            ])
        ),*];
    };
}
crate::for_each_op!(define_ops);

const fn info(mnemonic: &'static str, class: Class, operands: &'static [Operand]) -> OpInfo {
    let mut lanes = [0u8; OPERANDS_MAX];
    let nothing = Field { word: 0, shift: 0, left: 0, signed: false };
    let (mut fields, mut values) = ([nothing; OPERANDS_MAX + 1], 0);
    let mut unused = [u64::MAX; INST_WORDS_MAX];
    unused[0] = !0xffff;
    // Word 0 is the op's: an executor may put the address of its handler there.
    let mut next = 4u8;
    let mut i = 0;
    while i < operands.len() {
        let kind = operands[i].kind;
        let width = kind.lanes();
        let align = if width < 4 { width } else { 4 };
        next = next.div_ceil(align) * align;
        lanes[i] = next;
        let signed = matches!(kind, Kind::i32s | Kind::i64s | Kind::i64w | Kind::rel);
        let mut lane = next;
        while lane < next + width {
            let (word, shift) = (lane / 4, lane % 4 * 16);
            let left = 64 - align * 16;
            fields[values] = Field { word, shift, left, signed };
            // A lane index has 8 bits of its 16.
            let bits = if matches!(kind, Kind::lane) { 0xff } else { u64::MAX >> left };
            unused[word as usize] &= !(bits << shift);
            values += 1;
            lane += align;
        }
        next += width;
        i += 1;
    }
    let words = next.div_ceil(4);
    let form = form(class, operands);
    // Words follow a `br_table` that its values count.
    let short = if words == 2 && !matches!(class, Class::br_table) {
        Some(Short::of(&fields, values, form.slots))
    } else {
        None
    };
    let values = values as u8;
    let accumulators = Accumulators::of(class, operands);
    OpInfo {
        mnemonic,
        class,
        operands,
        lanes,
        fields,
        values,
        short,
        unused,
        words,
        accumulators,
        form,
    }
}

const fn form(class: Class, operands: &[Operand]) -> Form {
    let near = matches!(class, Class::load | Class::load_idx | Class::store);
    let (mut slots, mut wide) = (0, 0);
    let objects = matches!(
        class,
        Class::object_load | Class::object_store | Class::array_load | Class::array_store
    );
    let mut plain =
        near || objects || matches!(class, Class::pure | Class::pure2 | Class::trap | Class::guard);
    let (mut i, mut value) = (0, 0);
    while i < operands.len() {
        match operands[i].kind {
            Kind::i32 | Kind::i64 | Kind::f32 | Kind::f64 | Kind::ref_ | Kind::addr | Kind::any => {
                slots |= 1 << value
            }
            Kind::v128 => {
                slots |= 1 << value;
                wide |= 1 << value;
            }
            Kind::i32s
            | Kind::i64s
            | Kind::i32c
            | Kind::i64w
            | Kind::i64c
            | Kind::f64c
            | Kind::off16
            | Kind::off32 => {}
            Kind::v128c => {
                plain = false;
                value += 1;
            }
            Kind::off64
            | Kind::lane
            | Kind::rel
            | Kind::win
            | Kind::count
            | Kind::func
            | Kind::type_
            | Kind::table
            | Kind::mem
            | Kind::global
            | Kind::elem
            | Kind::data
            | Kind::tag => plain = false,
        }
        value += 1;
        i += 1;
    }
    Form { slots, wide, plain, near, terminator: class.is_terminator() }
}

impl Op {
    /// The bits of an encoding that are the op; the bits above are its marks.
    pub const ENCODING_MASK: u16 = (1 << OP_BITS) - 1;

    /// The op and the marks of an encoding, or `None` for a number that is none (A2 of `marks`).
    #[inline]
    pub fn from_encoding(encoding: u16) -> Option<(Op, Marks)> {
        let op = OPS.get(usize::from(encoding & Op::ENCODING_MASK)).copied()?;
        let bits = u8::try_from(encoding >> OP_BITS).ok().filter(|&bits| bits < Marks::ALL)?;
        let marks = Marks::from_bits(bits);
        op.takes(marks).then_some((op, marks))
    }

    /// Its number in lane 0 together with marks.
    #[inline]
    pub const fn encoding(self, marks: Marks) -> u16 {
        self as u16 | (marks.bits() as u16) << OP_BITS
    }

    /// Whether an instruction of the op may have these marks.
    #[inline]
    pub const fn takes(self, marks: Marks) -> bool {
        INFO[self as usize].accumulators.take(marks)
    }

    /// Its row.
    #[inline]
    pub fn info(self) -> &'static OpInfo {
        &INFO[self as usize]
    }

    /// How it is executed.
    #[inline]
    pub fn class(self) -> Class {
        self.info().class
    }

    /// Its mnemonic in the text form.
    pub fn mnemonic(self) -> &'static str {
        self.info().mnemonic
    }

    /// Its operands in the order of the row, results first.
    #[inline]
    pub fn operands(self) -> &'static [Operand] {
        self.info().operands
    }

    /// The first lane of operand `i`.
    #[inline]
    pub fn lane(self, i: usize) -> usize {
        usize::from(self.info().lanes[i])
    }

    /// Length in words, without the targets of a `br_table`.
    #[inline]
    pub fn words(self) -> usize {
        usize::from(self.info().words)
    }
}
