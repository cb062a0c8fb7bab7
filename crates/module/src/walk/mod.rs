//! A structured walk over a function body: operators → an operand stack of values of a *domain*,
//! blocks, edges to labels.
//!
//! ```text
//! body ─ Walk ─► operator(arguments) → results
//!    Surroundings ─┘  open, edge, otherwise, close: blocks and labels       } Domain
//!    FuncFacts ───────► written locals, reachability of each block
//! ```
//!
//! This is abstract interpretation on the structure that Wasm has anyway (Cousot and Cousot, 1977;
//! as Braun and others, *Simple and efficient construction of SSA form*, 2013, do it for a syntax
//! tree): the walk keeps what is the same for every reader (frames, heights, arities, reachability)
//! and leaves to the [`Domain`] what values and labels are. One pass in the order of the operators,
//! no fixpoint; a domain that needs to know what a loop does before it is walked takes it from
//! [`BlockFacts`].
//!
//! A body needs no [`Module`]: [`Surroundings`] may be anything that knows the types, and the facts
//! may be missing. So tools walk bodies that nobody has validated: what does not fit together ends
//! the walk with [`Stop::Malformed`]. Readers: `prova-xref` (constants) and `prova-diff` (heights
//! and edges).
//!
//! # SSA construction
//! [`Domain::Value`] is an SSA value, [`Domain::Label`] the block that a label stands for.
//! - `open` makes the block of the label: of a loop its header, at once, with a parameter for
//!   each of the block's and for each local that [`BlockFacts::written`] names; of any other its
//!   continuation, whose parameters are the label's values and those locals. Of an `if` it also
//!   ends the current block with a branch on the condition.
//! - `edge` ends the current block with a jump (or one arm of a conditional one) to the label's
//!   block; its arguments are the edge's values and the current values of the locals.
//! - `otherwise` and `close` go on in the other arm's or the label's block, whose parameters are
//!   the stack's values and the locals' from here on. A block that only falls out of its end is no
//!   label: its values stay.
//! - `operator` appends an instruction per row, by its class and expression.
//!
//! # Invariants
//! 1. Between operators the stack has the base of the innermost frame, and above it what the
//!    frame's operators have left.
//! 2. Edges and operators of unreachable code are not reported (by structure alone, as `facts` has
//!    it), except to [`Domain::dead`].
//! 3. Each label's edges come before its `close` (of a loop: between `open` and `close`).
//!
//! Limits: [`HEIGHT_MAX`] values; time and memory are linear in the operators, the values that they
//! push and the labels that they name. Tests: `tests/walk.rs` (the walk with types for values,
//! against the validator's stack).
//!
//! [`Module`]: crate::Module

mod read;
mod surroundings;
mod walker;

#[cfg(test)]
pub(crate) use read::InPlace;
pub(crate) use read::{clear, peek};
pub use surroundings::{BlockTypes, Surroundings};
pub use walker::{HEIGHT_MAX, Walk, walk};

use crate::FuncType;
use crate::facts::{BlockFacts, BlockKind};
use crate::index::TypeIdx;
use crate::objects::{two_indices, unpacked};
use crate::ops::{Immediate, Immediates, Kind, Opcode, Row};
use std::fmt;
use wasmparser::{Catch, FieldType, HeapType, Operator, RefType, UnpackedIndex, ValType};

/// An operator in its place.
#[derive(Clone, Debug)]
pub struct Site<'m> {
    /// Where it starts.
    pub offset: u32,
    /// Where the next one starts.
    pub end: u32,
    /// The operator.
    pub operator: Operator<'m>,
    /// Its row.
    pub row: &'static Row,
    /// The type of the function that it calls, or of the tag that it throws.
    pub callee: Option<&'m FuncType>,
}

impl<'m> Site<'m> {
    /// Its immediates.
    pub fn immediates(&self) -> Immediates<'_> {
        Opcode::immediates(&self.operator)
    }

    /// How many values an operator gives that is neither structured nor a branch: one for each kind
    /// of its row, and for the results of the function that it calls as many as there are.
    pub fn result_count(&self) -> usize {
        let count = |kind: &Kind| match (kind, self.callee) {
            (Kind::results, Some(callee)) => callee.results.len(),
            (_, _) => 1,
        };
        self.row.results.iter().map(count).sum()
    }

    /// The type of a result of this kind, if the operator says it: `None` for a type that is the
    /// operand's ([`Kind::same`], [`Kind::non_null`]) and for lists.
    pub fn result_type(&self, kind: Kind, around: &impl Surroundings<'m>) -> Option<ValType> {
        let immediates = self.immediates();
        let index = |kind| immediates.index(kind);
        let address = |wide: bool| if wide { ValType::I64 } else { ValType::I32 };
        if kind == Kind::addr {
            let memory = index(Immediate::mem).or(immediates.memory())?;
            return around.memory64(memory).map(address);
        }
        if matches!(kind, Kind::index | Kind::elem) {
            let table = around.table(index(Immediate::table)?)?;
            let elem = ValType::Ref(table.ref_type);
            return Some(if kind == Kind::elem { elem } else { address(table.table64) });
        }
        if kind == Kind::func_ref {
            let ty = around.func_type_index(index(Immediate::func)?)?;
            let heap = HeapType::Concrete(UnpackedIndex::Module(ty));
            return RefType::new(false, heap).map(ValType::Ref);
        }
        if kind == Kind::ref_ {
            return RefType::new(true, immediates.heap()?).map(ValType::Ref);
        }
        if self.row.opcode.is_of_objects() {
            return kind
                .val_type()
                .or_else(|| result_of_object(kind, self.row, &immediates, around));
        }
        let local = || around.local(index(Immediate::local)?);
        let global = || around.global(index(Immediate::global)?);
        kind.val_type().or_else(local).or_else(global)
    }
}

/// The type of a result of an operator on objects.
fn result_of_object<'m>(
    kind: Kind,
    row: &Row,
    immediates: &Immediates<'_>,
    around: &impl Surroundings<'m>,
) -> Option<ValType> {
    let (first, second) = two_indices(immediates);
    let of = |field: FieldType| Some(unpacked(field.element_type));
    let reference = |nullable, heap| RefType::new(nullable, heap).map(ValType::Ref);
    if kind == Kind::field {
        return of(*around.types()?.fields(TypeIdx(first))?.get(second as usize)?);
    }
    if kind == Kind::element {
        return of(around.types()?.element(TypeIdx(first))?);
    }
    if kind == Kind::object {
        return reference(false, HeapType::Concrete(UnpackedIndex::Module(first)));
    }
    if kind == Kind::cast {
        return reference(row.opcode == Opcode::RefCastNullable, immediates.heap()?);
    }
    // Whether these are null says the operand.
    match kind {
        Kind::i31 => Some(ValType::Ref(RefType::I31)),
        Kind::anyref => Some(ValType::Ref(RefType::ANYREF)),
        Kind::externref => Some(ValType::Ref(RefType::EXTERNREF)),
        _ => None,
    }
}

/// An open block.
#[derive(Clone, Debug)]
pub struct Frame<'m, L> {
    /// The operator that opened it.
    pub kind: BlockKind,
    /// Where its operator is; of the body, where its first operator is.
    pub offset: u32,
    /// Its position among the blocks of the body, in the order of their operators.
    pub index: usize,
    /// Its facts, where there are any.
    pub facts: Option<&'m BlockFacts>,
    /// Its parameters and results.
    pub types: BlockTypes<'m>,
    /// The height of the stack below its parameters, in values.
    pub base: usize,
    /// The domain's data for it.
    pub label: L,
}

impl<L> Frame<'_, L> {
    /// The types of the values that a branch to its label takes.
    pub fn label_types(&self) -> &[ValType] {
        self.types.label(self.kind)
    }
}

/// How control takes an edge.
#[derive(Clone, Copy, Debug)]
pub enum How<'v, V> {
    /// By `br`.
    Br,
    /// By `br_if`, if this is not zero.
    BrIf(&'v V),
    /// By `br_table`: the label of this position, if the index is this; the default is the last.
    BrTable(&'v V, u32),
    /// By `br_on_null`, if this is null.
    OnNull(&'v V),
    /// By `br_on_non_null`, if the last of the values is not null.
    OnNonNull,
    /// By `br_on_cast` or `br_on_cast_fail`, if this, the last of the values, is of a type or is
    /// not; it stays where the branch is not taken.
    OnCast(&'v V),
    /// By `return`.
    Return,
    /// By reaching the `else` or `end` of the block, where other edges lead to the same label.
    Fall,
    /// From an `if` without `else` to its `end`, if its condition is zero.
    Skip,
}

/// An edge to a label; to the body's label it leaves the function.
#[derive(Clone, Copy, Debug)]
pub struct Edge<'v, V> {
    /// How it is taken.
    pub how: How<'v, V>,
    /// The values that go along.
    pub values: &'v [V],
    /// The stack below them.
    pub below: &'v [V],
    /// The base of the innermost block, a position in `below`.
    pub inner: usize,
}

/// How control comes to the operator after an `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Not at all.
    Never,
    /// Only from the operator before the `end`: the values are those on the stack.
    Fallen,
    /// By edges to the label; falling out is one.
    Joined,
}

/// The abstract values and effects that a walk computes.
pub trait Domain<'m> {
    /// The abstract value of a value on the operand stack.
    type Value: Clone;
    /// The domain's data for an open block.
    type Label;
    /// Why the domain ends a walk.
    type Error;

    /// An operator that goes on to the next one: pushes its results to `results`, as many as it
    /// has.
    ///
    /// # Errors
    /// The error that ends the walk; the same for all methods.
    fn operator(
        &mut self,
        site: &Site<'m>,
        args: &[Self::Value],
        results: &mut Vec<Self::Value>,
    ) -> Result<(), Self::Error>;

    /// A call or throw is next, above all these operands, which the frame keeps while it waits.
    fn waits(&mut self, _site: &Site<'m>, _below: &[Self::Value]) -> Result<(), Self::Error> {
        Ok(())
    }

    /// A block opens: its label, from the block (whose label is still missing), the condition of an
    /// `if`, and the parameters, which may be replaced by those of a loop's header. The body opens
    /// without site.
    fn open(
        &mut self,
        site: Option<&Site<'m>>,
        block: &Frame<'m, ()>,
        condition: Option<&Self::Value>,
        params: &mut [Self::Value],
    ) -> Result<Self::Label, Self::Error>;

    /// A clause of the `try_table` that is about to open has the label of `to`.
    fn catch(
        &mut self,
        _site: &Site<'m>,
        _clause: &Catch,
        _to: &mut Frame<'m, Self::Label>,
    ) -> Result<(), Self::Error> {
        Ok(())
    }

    /// An edge.
    fn edge(
        &mut self,
        site: &Site<'m>,
        edge: Edge<'_, Self::Value>,
        to: &mut Frame<'m, Self::Label>,
    ) -> Result<(), Self::Error>;

    /// The other arm of an `if` starts with these parameters, which are those of the first.
    fn otherwise(
        &mut self,
        site: &Site<'m>,
        frame: &mut Frame<'m, Self::Label>,
        params: &mut [Self::Value],
    ) -> Result<(), Self::Error>;

    /// A block ends. `results` are the values that fell out ([`Exit::Fallen`]), or empty and to be
    /// filled with the label's ([`Exit::Joined`]), or to stay empty.
    fn close(
        &mut self,
        site: &Site<'m>,
        frame: Frame<'m, Self::Label>,
        exit: Exit,
        results: &mut Vec<Self::Value>,
    ) -> Result<(), Self::Error>;

    /// The function is left by another way than an edge: `unreachable`, a throw, a tail call.
    /// `below` is the stack of the innermost block under the arguments.
    fn leave(
        &mut self,
        site: &Site<'m>,
        args: &[Self::Value],
        below: &[Self::Value],
    ) -> Result<(), Self::Error>;

    /// A reference that has turned out not to be null.
    fn non_null(&mut self, reference: Self::Value) -> Self::Value {
        reference
    }

    /// A reference that stays where a branch by its type is not taken.
    fn stays(&mut self, reference: Self::Value) -> Self::Value {
        reference
    }

    /// An operator that cannot be reached.
    fn dead(&mut self, _site: &Site<'m>) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Why a walk ended before the end of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop<E> {
    /// The domain ended it.
    Domain(E),
    /// The body is not valid, or the surroundings or facts are not its own; of a valid body with
    /// its own: never.
    Malformed {
        /// Where.
        offset: u32,
        /// The fault, as a noun phrase.
        what: &'static str,
    },
}

impl<E: fmt::Display> fmt::Display for Stop<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Domain(error) => error.fmt(f),
            Stop::Malformed { offset, what } => write!(f, "{what} at {offset:#x}"),
        }
    }
}
