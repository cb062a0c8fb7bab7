//! The structures around code, as data: where a field lies, how wide it is, what it holds.
//!
//! ```text
//! derivation of a layout ─► Structures: a Structure for each kind of object
//! object, offset, width ─ Structure::find ─► Holds, element ─ fields ─► a place, or a rejection
//! ```
//!
//! The check asks nothing else of a structure: an offset and a width that no field has exactly is
//! no access. So another runtime's structures are another derivation and no other rule.
//!
//! - G1. Areas are sorted by where they begin and do not overlap; neither do the fields of one.
//! - G2. What a field holds is true in every execution of the code, at every access to it.

use crate::contract::Activation;
use crate::value::Base;
use alloc::vec::Vec;

/// The content of a field. Indices are those of the element of its area, or of the object that it
/// is a field of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Where an object begins, the same for the instance's life.
    Pointer(Base),
    /// The place this number of bytes from the beginning of the instance's context.
    Own(u64),
    /// Where the record of an imported function begins.
    Import,
    /// Where the record of a memory begins.
    MemoryRecord,
    /// Where the record of a table begins.
    TableRecord,
    /// Where the cell of a global begins.
    GlobalRecord,
    /// The context of the instance whose memory an imported one is.
    MemoryOwner,
    /// The index that the memory has there, for builtins: of 32 bits.
    MemoryIndex,
    /// The same of a table: the context.
    TableOwner,
    /// The index.
    TableIndex,
    /// The same of a tag: the context; its index is a number.
    TagOwner,
    /// The first byte of a memory.
    MemoryBase,
    /// A length that the memory has or had, in bytes.
    MemoryLength,
    /// The first element of a table.
    TableBase,
    /// A length that the table has or had, in elements.
    TableLength,
    /// The entry of a builtin.
    Builtin,
    /// The canonical id of a type of the module.
    TypeId,
    /// Of a function's record: its code.
    Code,
    /// Of a function's record: the context of its instance.
    Context,
    /// Of a function's record: the canonical id of its type.
    Type,
    /// Of a function's record: its address in the store.
    Address,
    /// The records of all functions of the store, by address.
    Funcs,
    /// The number of these records.
    FuncsLength,
    /// The word for the fuel, the only field that is written.
    Fuel,
    /// The epoch's counter.
    Epoch,
    /// A number that nothing is known of.
    Number,
    /// A number that nothing is known of, and that code may write.
    Counter,
    /// The cell of a global, which lies here; its type says how wide it is.
    Global,
    /// The least address that the stack pointer may have at a call.
    StackLimit,
    /// A word by which the host finds frames; ways alone write it.
    Activation(Activation),
    /// A word that a way in may set to this number, and nothing else.
    Settable(u64),
    /// The code of a host's function.
    HostCode,
    /// The first byte of a data segment, or null if it has none: the same for the instance's life.
    Data,
    /// The length of a data segment, in bytes: of 32 bits.
    DataLength,
}

/// A field of each element of an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Bytes from the element's beginning.
    pub at: u32,
    /// Its width in bytes: every access has it. 0: what it holds says it.
    pub bytes: u32,
    /// Its content.
    pub holds: Holds,
}

/// Elements one behind the other, with the same fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// Bytes from the structure's beginning.
    pub at: u64,
    /// Bytes from one element to the next, at least 1.
    pub stride: u32,
    /// How many elements there are.
    pub count: u32,
    /// The index of the first one.
    pub first: u32,
    /// The fields.
    pub fields: Vec<Field>,
}

impl Area {
    /// The end, in bytes from the structure's beginning.
    pub fn end(&self) -> u64 {
        self.at.saturating_add(u64::from(self.stride).saturating_mul(u64::from(self.count)))
    }
}

/// The fields of one kind of object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Structure {
    pub(crate) areas: Vec<Area>,
}

impl Structure {
    /// A structure of these areas, by where they begin (G1).
    pub fn new(areas: Vec<Area>) -> Structure {
        Structure { areas }
    }

    /// A structure of single fields, by where they begin (G1).
    pub fn of(fields: &[(u32, u32, Holds)]) -> Structure {
        let fields = fields.iter().map(|&(at, bytes, holds)| Field { at, bytes, holds }).collect();
        Structure {
            areas: alloc::vec![Area { at: 0, stride: u32::MAX, count: 1, first: 0, fields }],
        }
    }

    /// The content of the field at `at` of `bytes` bytes, and the index of its element.
    #[inline]
    pub(crate) fn find(&self, at: u64, bytes: u32) -> Option<(Holds, u32)> {
        let behind = self.areas.partition_point(|area| area.at <= at);
        let area = self.areas.get(behind.checked_sub(1)?)?;
        let within = at.checked_sub(area.at)?;
        let stride = u64::from(area.stride);
        let element = u32::try_from(within.checked_div(stride)?).ok()?;
        let part = within.checked_rem(stride)?;
        let is_there = planted!(RecordBehindLast, element < area.count, true);
        if !is_there {
            return None;
        }
        let field = area.fields.iter().find(|field| u64::from(field.at) == part)?;
        let whole = planted!(PartOfContext, field.bytes == bytes || field.bytes == 0, true);
        whole.then_some((field.holds, area.first.checked_add(element)?))
    }
}

/// The structures around code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Structures {
    /// The context of the instance.
    pub context: Structure,
    /// The context of another instance, of which less is known.
    pub other: Structure,
    /// The store's words.
    pub store: Structure,
    /// The place of the epoch's counter.
    pub epoch: Structure,
    /// The table of builtins.
    pub builtins: Structure,
    /// The canonical ids of the module's types.
    pub types: Structure,
    /// The record of a memory.
    pub memory: Structure,
    /// The record of a table.
    pub table: Structure,
    /// The record of a function that lies outside of the context.
    pub func: Structure,
    /// The context of the code that calls a way out, of which less is known.
    pub caller: Structure,
    /// The context of a host's function, which a way out is called for.
    pub host: Structure,
}

/// The kind of an argument of a builtin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Any number.
    Number,
    /// A constant that is less than this, of 32 bits: the index of a memory or a table.
    Index(u32),
    /// A constant whose lowest byte, which is what counts, is less than this, or one of these: a
    /// trap's number.
    Byte(u8, &'static [u8]),
    /// One of these constants, of 32 bits.
    OneOf(&'static [u32]),
    /// As [`Argument::Index`], of a memory; or, for the context of an imported memory's owner, the
    /// index that this memory has there.
    Memory(u32),
    /// As [`Argument::Listed`], of a table; or, for the context of an imported table's owner, the
    /// index that this table has there, if null is one of its elements.
    Table,
    /// A constant that is in the builtin's list ([`Hosted::listed`]), of 32 bits.
    Listed,
    /// The canonical id of a type of the module that is no function's.
    Collected,
    /// A constant that is no less than this, of 32 bits: the bytes of an object (H7 of `hosted`).
    Size(u32),
    /// The object that was made last, behind which nothing was called (H7).
    Object,
    /// The index of an element of the table whose index this argument (from 0) is.
    Element(u8),
    /// The address of bytes of a memory; this argument (from 0) says how many.
    Bytes(u8),
    /// The same, or the address of a data segment of that length; the bytes are only read.
    Source(u8),
}

/// The kind of a result of a builtin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A number, or nothing.
    Number,
    /// A reference of the type that elements of a table have, or null; this argument (from 0) is
    /// the table's index.
    Element(u8),
    /// A reference to the function whose index this argument is.
    Reference(u8),
    /// The number of elements that an element segment has, whose index this argument is: as many as
    /// there were first, or none once it was dropped.
    Count(u8),
    /// Where the elements of an element segment are, whose index this argument is.
    Elements(u8),
    /// Where an object begins in this memory, of 32 bits; the host has written these first bytes.
    Object {
        /// The memory.
        memory: u32,
        /// How many bytes the host has written.
        bytes: u32,
        /// The argument that says how many bytes the object has, if nobody's code writes into that
        /// memory but into new objects ([`Parts::kept`](crate::Parts)).
        size: Option<u8>,
    },
    /// Nothing: it unwinds what the host entered, behind a failure.
    Never,
    /// Nothing: the host notes a trap, and nothing but unwinding may follow.
    Trap,
}

/// The host's answer where it failed: its caller then unwinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// False, a byte that is 0.
    False,
    /// 0, of 32 bits.
    Zero,
    /// This number, of 64 bits.
    Equals(u64),
}

/// A builtin that code of the module calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosted {
    /// Its arguments behind the context, at most five.
    pub arguments: Vec<Argument>,
    /// The kind of its result.
    pub answer: Answer,
    /// Its place in the table of builtins.
    pub index: u32,
    /// The answer by which it says that it failed; none if it never does.
    pub fails: Option<Failure>,
    /// Whether no function runs meanwhile, no segment is dropped, no memory or table moves.
    pub quiet: bool,
    /// Whether it may be given the context of an instance that owns what is imported. Its caller
    /// then knows no more of the context than that it is one.
    pub anyone: bool,
    /// The constants that its listed argument may be, in order.
    pub listed: Vec<u32>,
    /// The bytes that its arguments and its result have in registers.
    pub widths: Widths,
}

/// How many of the lowest bytes of a register a builtin reads or leaves: what lies above them is
/// nobody's (System V).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Widths {
    /// Of its arguments in general registers behind the context.
    pub arguments: Vec<u8>,
    /// Of its arguments in vector registers.
    pub vectors: Vec<u8>,
    /// Of its result in rax; 0 if there is none.
    pub result: u8,
    /// Of its result in xmm0; 0 if there is none.
    pub vector: u8,
}
