//! How blocks end: edges to other blocks with their arguments, and the ways out of the function.
//!
//! Idea: an edge carries everything that its target gets. A value that only comes into being when
//! control takes the edge (the results of a call, the values of an exception, a reference that
//! turned out not to be null) is a *payload* of the edge and stands among its arguments as an
//! [`Arg`], so it can go to any parameter of the target, or to none.
//!
//! # Exceptions
//! * T1. A call inside a `try_table` ends its block ([`Terminator::Invoke`]): it returns along one
//!   edge, and throws along the other, to a *handler*: a block without instructions that ends in
//!   [`Terminator::Catch`]. A throw there has the same edge. A call or throw without handler leaves
//!   the function with its exception.
//! * T2. A handler holds the exception on its way. It asks its clauses in order; the first that
//!   catches passes the tag's values, then a reference to the exception if the clause wants one, as
//!   payloads. If none catches, the exception goes on to the handler of the `try_table` around, or
//!   out of the function. There is one handler for each `try_table` with clauses, so edges grow
//!   with calls plus clauses, and not with their product.
//! * T3. A reference to an exception is made by the clause that wants one, never before (a store
//!   keeps a limited number).

use crate::body::{Imm, Op};
use crate::entity::{Block, List, Value};
use prova_module::{Opcode, RefType, TagIdx, ValType};
use std::fmt;

/// An argument of an edge: a value, or a payload by its number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Arg(u32);

const PAYLOAD: u32 = 1 << 31;

impl Arg {
    /// A payload of the edge.
    pub const fn payload(number: u32) -> Arg {
        Arg(PAYLOAD | number)
    }

    /// The value, if it is one.
    #[inline]
    pub fn value(self) -> Option<Value> {
        (self.0 & PAYLOAD == 0).then(|| Value::from_u32(self.0))
    }

    /// Its kind.
    #[inline]
    pub fn kind(self) -> ArgKind {
        match self.value() {
            Some(value) => ArgKind::Value(value),
            None => ArgKind::Payload(self.0 & !PAYLOAD),
        }
    }
}

impl From<Value> for Arg {
    #[inline]
    fn from(value: Value) -> Arg {
        Arg(value.as_u32())
    }
}

impl fmt::Display for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            ArgKind::Value(value) => value.fmt(f),
            ArgKind::Payload(number) => write!(f, "p{number}"),
        }
    }
}

impl fmt::Debug for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The kind of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArgKind {
    /// A value that dominates the edge.
    Value(Value),
    /// A payload of the edge.
    Payload(u32),
}

/// An edge: a block and as many arguments as it has parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where it leads.
    pub block: Block,
    /// The arguments.
    pub args: List<Arg>,
}

/// A call, without its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// `call`, `call_indirect`, `call_ref`, or one of the tail calls.
    pub opcode: Opcode,
    /// Its immediates.
    pub imm: Imm,
    /// Its operands, bottom first: the arguments, then the index or reference.
    pub args: List<Value>,
}

/// A clause of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clause {
    /// The tag that it catches, whose values are payloads; `None` for all.
    pub tag: Option<TagIdx>,
    /// Whether the last payload is a reference to the exception.
    pub with_ref: bool,
    /// Where it leads.
    pub edge: Edge,
}

/// How a block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminator {
    /// Always along one edge.
    Jump(Edge),
    /// By a condition: `then` if it is not zero.
    Branch {
        /// An `i32`.
        condition: Value,
        /// Taken if it is not zero.
        then: Edge,
        /// Taken if it is.
        otherwise: Edge,
    },
    /// By an index.
    Table {
        /// An `i32`, unsigned.
        index: Value,
        /// One edge for each label, each once, in the order of first appearance.
        edges: List<Edge>,
        /// For each index the position of its edge; the last is for all other indices.
        targets: List<u32>,
    },
    /// By whether a reference is null.
    Null {
        /// The reference.
        reference: Value,
        /// Taken if it is null.
        null: Edge,
        /// Taken if it is not; payload 0 is the reference with its type of references that are not
        /// null.
        non_null: Edge,
    },
    /// By whether a reference is of a type: `br_on_cast` and `br_on_cast_fail`.
    Cast {
        /// The reference.
        reference: Value,
        /// The type.
        ty: RefType,
        /// Taken if it is of the type; payload 0 is the reference with this type.
        fits: Edge,
        /// Taken if it is not; payload 0 is the reference with its own type, which is not null
        /// where null would fit.
        otherwise: Edge,
    },
    /// A call that may throw to a handler here (T1).
    Invoke {
        /// The call.
        call: Call,
        /// Taken if it returns; the payloads are its results.
        normal: Edge,
        /// Taken if it throws: an edge to a handler, without payloads.
        handler: Edge,
    },
    /// A throw, `throw` or `throw_ref`.
    Throw {
        /// Which of both.
        opcode: Opcode,
        /// The tag of a `throw`.
        imm: Imm,
        /// The tag's values, or the reference.
        args: List<Value>,
        /// The handler; out of the function if there is none.
        handler: Option<Edge>,
    },
    /// The end of a handler (T2).
    Catch {
        /// Asked in order.
        clauses: List<Clause>,
        /// The next handler; out of the function if there is none.
        outer: Option<Edge>,
    },
    /// Out of the function with results.
    Return(List<Value>),
    /// Out of the function by a tail call.
    TailCall(Call),
    /// A trap.
    Unreachable,
}

impl Terminator {
    /// The name in texts and messages.
    pub const fn name(&self) -> &'static str {
        match self {
            Terminator::Jump(_) => "jump",
            Terminator::Branch { .. } => "branch",
            Terminator::Table { .. } => "table",
            Terminator::Null { .. } => "null",
            Terminator::Cast { .. } => "cast",
            Terminator::Invoke { .. } => "invoke",
            Terminator::Throw { .. } => "throw",
            Terminator::Catch { .. } => "catch",
            Terminator::Return(_) => "return",
            Terminator::TailCall(_) => "tail",
            Terminator::Unreachable => "unreachable",
        }
    }
}

/// The type of a reference of type `of` that is not of type `ty`.
pub(crate) fn less(of: ValType, ty: RefType) -> ValType {
    match of {
        ValType::Ref(of) if ty.is_nullable() => ValType::Ref(of.as_non_null()),
        of => of,
    }
}

/// A call as an instruction has the same operator, immediates and operands.
impl Call {
    /// The operator.
    pub const fn op(&self) -> Op {
        Op::Wasm(self.opcode)
    }
}
