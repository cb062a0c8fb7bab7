//! The services that a running body needs: memories, tables, globals, other functions, metering.
//!
//! The interpreter has no store and knows no engine: [`World`] is the store as it needs it.
//! Operations with a dynamic price (bulk operators, growth, searches, calls of the host) pay for
//! themselves; static costs are in the body.

use crate::body::Body;
use prova_module::{FuncIdx, Module, Opcode, TagIdx, TypeIdx, ValType};
use prova_num::NumError;
use std::sync::Arc;

/// A value: the bits of a number, zero-extended; of a reference its cell, 0 for null.
pub type Bits = u128;

/// A trap that the interpreter itself finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `unreachable`
    Unreachable,
    /// Of a numeric operator.
    Numeric(NumError),
    /// Null where a reference is needed.
    Null,
    /// An atomic access that is not aligned.
    Misaligned,
    /// A wait on a memory that is not shared.
    Unshared,
    /// A body that does not fit its module, which `verify` excludes, or a world that does not fit
    /// its bodies: a fault of ours.
    Bug(&'static str),
}

/// A function's code.
pub struct Code {
    /// The body.
    pub body: Body,
    /// Its module.
    pub module: Module,
    /// The charge of its frame against the stack limit, in bytes.
    pub charge_bytes: u64,
}

/// The function to call.
pub enum Callee<W: World + ?Sized> {
    /// A function of an instance.
    Wasm(W::Instance, Arc<Code>),
    /// A function of the host, and what its frame charges against the stack limit, in bytes.
    Host(u64),
}

/// How a function of the host ended.
pub enum HostEnd<W: World + ?Sized> {
    /// With results.
    Returned(Vec<Bits>),
    /// With an exception; and what the call ends with if nothing catches it.
    Threw(W::Tag, Vec<Bits>, W::Error),
}

/// A place in a memory: instance, index of the memory, effective address.
pub type Address<W> = (<W as World>::Instance, u32, u128);

/// An operator on objects with its operands.
#[derive(Clone, Copy, Debug)]
pub struct Aggregate<'a> {
    /// The operator.
    pub opcode: Opcode,
    /// Its first two immediates, 0 for those that it has not.
    pub immediates: (u32, u32),
    /// The types of its operands.
    pub types: &'a [ValType],
    /// Its operands.
    pub operands: &'a [Bits],
    /// The type of its result.
    pub result: Option<ValType>,
}

/// The world around running bodies.
#[allow(missing_docs, reason = "operations of Wasm are named as their operators are")]
pub trait World {
    /// An instance.
    type Instance: Copy;
    /// A function.
    type Func: Copy;
    /// A tag.
    type Tag: Copy + PartialEq;
    /// A trap, without backtrace.
    type Error;

    /// Whether NaNs that operators compute are canonical.
    fn deterministic(&self) -> bool;
    /// The trap of a fault.
    fn fault(&self, fault: Fault) -> Self::Error;
    /// The trap of an exception that nothing catches.
    fn uncaught(
        &self,
        tag: Self::Tag,
        values: &[Bits],
        of_host: Option<Self::Error>,
    ) -> Self::Error;

    /// The code of a function.
    fn callee(&mut self, func: Self::Func) -> Result<Callee<Self>, Self::Error>;
    fn func(&self, instance: Self::Instance, func: FuncIdx) -> Self::Func;
    /// The function of a type at an index of a table.
    fn element(
        &mut self,
        instance: Self::Instance,
        ty: TypeIdx,
        table: u32,
        index: u64,
    ) -> Result<Self::Func, Self::Error>;
    /// The function of a type that a reference refers to, which is not null.
    fn referenced(
        &mut self,
        instance: Self::Instance,
        ty: TypeIdx,
        reference: u64,
    ) -> Result<Self::Func, Self::Error>;
    /// Charges a frame against the stack limit.
    fn enter_frame(&mut self, charge_bytes: u64) -> Result<(), Self::Error>;
    /// Gives back what a frame has charged.
    fn leave_frame(&mut self, charge_bytes: u64);
    /// Calls a function of the host: its price and the poll after it included, its frame not.
    /// `holds` are the references to exceptions of all frames.
    fn call_host(
        &mut self,
        caller: Self::Instance,
        func: Self::Func,
        args: &[Bits],
        holds: &[u64],
    ) -> Result<HostEnd<Self>, Self::Error>;
    fn charge(&mut self, units: u64) -> Result<(), Self::Error>;
    fn poll(&mut self) -> Result<(), Self::Error>;

    /// Whether there are exceptions that frames may hold.
    fn has_exceptions(&self) -> bool;
    /// The same of objects.
    fn has_objects(&self) -> bool;
    fn tag(&self, instance: Self::Instance, tag: TagIdx) -> Self::Tag;
    /// Makes an exception and gives its reference.
    fn exception_new(
        &mut self,
        tag: Self::Tag,
        values: &[Bits],
        holds: &[u64],
    ) -> Result<u64, Self::Error>;
    /// The exception that a reference refers to.
    fn exception(&self, reference: u64) -> Option<(Self::Tag, Vec<Bits>)>;
    /// The search for a clause begins.
    fn search(&mut self);
    /// It asks a clause.
    fn ask(&mut self) -> Result<(), Self::Error>;
    /// It leaves a frame.
    fn pass_frame(&mut self) -> Result<(), Self::Error>;
    /// It ends and is paid for; the clause gets these values, and a reference that is `made` for
    /// it.
    fn pay(&mut self, tag: Option<Self::Tag>, made: bool) -> Result<(), Self::Error>;

    /// Executes an operator on objects, whose first two immediates these are, a heap type by its
    /// code; gives its result, if it has one. `holds` are the references that all frames hold.
    fn aggregate(
        &mut self,
        instance: Self::Instance,
        operator: Aggregate<'_>,
        holds: &[u64],
    ) -> Result<Bits, Self::Error>;
    /// Whether a reference is of the type with this code.
    fn ref_test(
        &self,
        instance: Self::Instance,
        reference: u64,
        code: u32,
    ) -> Result<bool, Self::Error>;

    /// Reads bytes; `quiet`: without naming the address in a trap.
    fn read(&self, at: Address<Self>, bytes: &mut [u8], quiet: bool) -> Result<(), Self::Error>
    where
        Self: Sized;
    fn write(&mut self, at: Address<Self>, bytes: &[u8]) -> Result<(), Self::Error>
    where
        Self: Sized;
    fn global_get(&self, instance: Self::Instance, global: u32) -> Bits;
    fn global_set(
        &mut self,
        instance: Self::Instance,
        global: u32,
        value: Bits,
    ) -> Result<(), Self::Error>;
    fn ref_func(&mut self, instance: Self::Instance, func: u32) -> u64;
    fn memory_size(&self, instance: Self::Instance, memory: u32) -> u64;
    fn memory_grow(
        &mut self,
        instance: Self::Instance,
        memory: u32,
        delta: u64,
    ) -> Result<u64, Self::Error>;
    fn memory_fill(
        &mut self,
        instance: Self::Instance,
        memory: u32,
        to: u64,
        byte: u32,
        count: u64,
    ) -> Result<(), Self::Error>;
    fn memory_copy(
        &mut self,
        instance: Self::Instance,
        memories: (u32, u32),
        to: u64,
        from: u64,
        count: u64,
    ) -> Result<(), Self::Error>;
    fn memory_init(
        &mut self,
        instance: Self::Instance,
        of: (u32, u32),
        to: u64,
        from: u32,
        count: u32,
    ) -> Result<(), Self::Error>;
    fn data_drop(&mut self, instance: Self::Instance, data: u32);
    fn table_size(&self, instance: Self::Instance, table: u32) -> u64;
    fn table_get(
        &self,
        instance: Self::Instance,
        table: u32,
        index: u64,
    ) -> Result<u64, Self::Error>;
    fn table_set(
        &mut self,
        instance: Self::Instance,
        table: u32,
        index: u64,
        value: u64,
    ) -> Result<(), Self::Error>;
    fn table_grow(
        &mut self,
        instance: Self::Instance,
        table: u32,
        value: u64,
        delta: u64,
    ) -> Result<u64, Self::Error>;
    fn table_fill(
        &mut self,
        instance: Self::Instance,
        table: u32,
        to: u64,
        value: u64,
        count: u64,
    ) -> Result<(), Self::Error>;
    fn table_copy(
        &mut self,
        instance: Self::Instance,
        tables: (u32, u32),
        to: u64,
        from: u64,
        count: u64,
    ) -> Result<(), Self::Error>;
    fn table_init(
        &mut self,
        instance: Self::Instance,
        of: (u32, u32),
        to: u64,
        from: u32,
        count: u32,
    ) -> Result<(), Self::Error>;
    fn elem_drop(&mut self, instance: Self::Instance, elem: u32);
}
