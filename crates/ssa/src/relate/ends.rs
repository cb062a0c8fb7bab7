//! Ends of blocks: the terminator of an old body beside the one of a new body → what each pair of
//! operands and of edges must be.
//!
//! ```text
//! two terminators ─ only_edge ─┬─ one edge each ───────────────► edge
//!                              ├─ a jump, wherever it leads ───► edge, for each that the old one has
//!                              └─ the same kind, side by side ─► equal, condition, edge, handler
//! ```
//!
//! One function for every proof of two bodies ([`pair_ends`]); a proof says what equal operands and
//! corresponding edges are ([`Ends`]).
//!
//! * T4. An end that a constant decides has one edge. Where both have one, these correspond.
//! * T5. Where the new end has one edge, each edge that the old one may take corresponds to it.
//! * T6. All other ends are of one kind, with the same operator, immediates, tags and references,
//!   equal operands, and edges that correspond. A branch by a negated condition has its edges
//!   swapped.
//! * T7. Tables have the same number of indices, and the edges of each index correspond.
//!
//! So wherever the old body goes, the new one takes an edge that corresponds. Time: linear in both
//! ends, times the logarithm of a table's length. Noticed by: the twins of each user.

use super::plant::planted;
use crate::body::{Body, Imm};
use crate::entity::Value;
use crate::terminator::{Call, Clause, Edge, Terminator};
use prova_module::{Opcode, TagIdx};

/// The values that an edge makes itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// None.
    None,
    /// A reference that is not null.
    NonNull,
    /// A reference whose type has turned out.
    Cast,
    /// The results of the call that ends the block.
    Results,
    /// The values of a tag, then a reference to the exception if the clause wants one.
    Caught(Option<TagIdx>, bool),
}

/// The part of two ends that is not the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlike {
    /// Kinds, operators, immediates or tables.
    Control,
    /// The number of operands.
    Operands,
    /// Whether there is a handler.
    Handler,
}

/// A body and the terminator of one of its blocks.
pub type End<'b> = (&'b Body, &'b Terminator);

/// A proof that two ends do the same, step by step.
pub trait Ends {
    /// A rule that is broken.
    type Fault;

    /// The fault of ends that are not the same.
    fn unlike(&self, unlike: Unlike, what: String) -> Self::Fault;

    /// Demands that a value of the old body is equal to one of the new body.
    ///
    /// # Errors
    /// If it is not known to be.
    fn equal(&mut self, old: Value, new: Value) -> Result<(), Self::Fault>;

    /// Demands that edges lead to corresponding places with equal arguments.
    ///
    /// # Errors
    /// If it is not known that they do.
    fn edge(&mut self, old: &Edge, new: &Edge, payload: Payload) -> Result<(), Self::Fault>;

    /// The same of the ways of an exception.
    ///
    /// # Errors
    /// If it is not known that they lead to corresponding places.
    fn handler(&mut self, old: &Edge, new: &Edge) -> Result<(), Self::Fault> {
        self.edge(old, new, Payload::None)
    }

    /// Demands that conditions are equal, or each the other's negation (`true`).
    ///
    /// # Errors
    /// If neither is known.
    fn condition(&mut self, old: Value, new: Value) -> Result<bool, Self::Fault>;

    /// Demands that the new end has the old one's place in the module, where both leave or call.
    ///
    /// # Errors
    /// If it matters and it has another.
    fn offsets(&self) -> Result<(), Self::Fault> {
        Ok(())
    }

    /// The immediates of an operator of the old body, as the new one has them.
    ///
    /// # Errors
    /// If the new body cannot have them.
    fn imm(&self, _opcode: Opcode, imm: Imm) -> Result<Imm, Self::Fault> {
        Ok(imm)
    }

    /// The constant that a value of the old body is.
    fn old_constant(&self, _value: Value) -> Option<u64> {
        None
    }

    /// The constant that a value of the new body is.
    fn new_constant(&self, _value: Value) -> Option<u64> {
        None
    }
}

/// The only edge that a terminator can take, if it has one or its operand is constant (T4).
pub(crate) fn only_edge(
    (body, terminator): End<'_>,
    constant: impl Fn(Value) -> Option<u64>,
) -> Option<Edge> {
    match *terminator {
        Terminator::Jump(edge) => Some(edge),
        Terminator::Branch { condition, then, otherwise } => {
            Some(if constant(condition)? as u32 != 0 { then } else { otherwise })
        }
        Terminator::Table { index, edges, targets } => {
            let (index, targets) = (constant(index)? as u32, body.targets(targets));
            let target = targets.get(index as usize).or(targets.last())?;
            body.edges(edges).get(*target as usize).copied()
        }
        Terminator::Null { .. }
        | Terminator::Cast { .. }
        | Terminator::Invoke { .. }
        | Terminator::Throw { .. }
        | Terminator::Catch { .. }
        | Terminator::Return(_)
        | Terminator::TailCall(_)
        | Terminator::Unreachable => None,
    }
}

/// Demands that two ends do the same (T4 to T7).
///
/// # Errors
/// The first fault of the proof.
pub fn pair_ends<E: Ends>(ends: &mut E, old: End<'_>, new: End<'_>) -> Result<(), E::Fault> {
    let only_old = only_edge(old, |value| ends.old_constant(value));
    let only_new = only_edge(new, |value| ends.new_constant(value));
    match (only_old, only_new) {
        (Some(old), Some(new)) => ends.edge(&old, &new, Payload::None),
        (None, Some(to)) => all_to(ends, old, &to),
        (Some(_), None) => {
            let what = format!("{} where control always goes one way", new.1.name());
            Err(ends.unlike(Unlike::Control, what))
        }
        (None, None) => same(ends, old, new),
    }
}

/// T5
fn all_to<E: Ends>(ends: &mut E, (body, old): End<'_>, to: &Edge) -> Result<(), E::Fault> {
    match *old {
        Terminator::Branch { then, otherwise, .. } => {
            ends.edge(&then, to, Payload::None)?;
            if planted!(OneWayForAll) { Ok(()) } else { ends.edge(&otherwise, to, Payload::None) }
        }
        Terminator::Table { edges, .. } => {
            let mut edges = body.edges(edges).iter();
            edges.try_for_each(|edge| ends.edge(edge, to, Payload::None))
        }
        Terminator::Null { .. }
        | Terminator::Cast { .. }
        | Terminator::Invoke { .. }
        | Terminator::Throw { .. }
        | Terminator::Catch { .. }
        | Terminator::Return(_)
        | Terminator::TailCall(_)
        | Terminator::Unreachable
        | Terminator::Jump(_) => {
            Err(ends.unlike(Unlike::Control, format!("a jump where {} was", old.name())))
        }
    }
}

/// T6
fn same<E: Ends>(
    ends: &mut E,
    (old_body, old): End<'_>,
    (new_body, new): End<'_>,
) -> Result<(), E::Fault> {
    use Terminator as T;
    let (olds, news) = (|list| old_body.operands(list), |list| new_body.operands(list));
    match (old, new) {
        (
            T::Branch { condition: was, then: one, otherwise: other },
            T::Branch { condition, then, otherwise },
        ) => {
            let is_swapped = ends.condition(*was, *condition)? && !planted!(NegationLost);
            let (one, other) = if is_swapped { (other, one) } else { (one, other) };
            ends.edge(one, then, Payload::None)?;
            ends.edge(other, otherwise, Payload::None)
        }
        (
            T::Table { index: was, edges: old_edges, targets: old_targets },
            T::Table { index, edges, targets },
        ) => {
            ends.equal(*was, *index)?;
            let old = (old_body.edges(*old_edges), old_body.targets(*old_targets));
            tables(ends, old, (new_body.edges(*edges), new_body.targets(*targets)))
        }
        (
            T::Null { reference: was, null: old_null, non_null: old_non_null },
            T::Null { reference, null, non_null },
        ) => {
            ends.equal(*was, *reference)?;
            ends.edge(old_null, null, Payload::None)?;
            ends.edge(old_non_null, non_null, Payload::NonNull)
        }
        (
            T::Cast { reference: was, ty: of, fits: old_fits, otherwise: old_otherwise },
            T::Cast { reference, ty, fits, otherwise },
        ) => {
            if of != ty {
                return Err(ends.unlike(Unlike::Control, "a branch by another type".to_owned()));
            }
            ends.equal(*was, *reference)?;
            ends.edge(old_fits, fits, Payload::Cast)?;
            ends.edge(old_otherwise, otherwise, Payload::Cast)
        }
        (
            T::Invoke { call: was, normal: old_normal, handler: old_handler },
            T::Invoke { call, normal, handler },
        ) => {
            calls(ends, (was, olds(was.args)), (call, news(call.args)))?;
            ends.edge(old_normal, normal, Payload::Results)?;
            ends.handler(old_handler, handler)
        }
        (
            T::Catch { clauses: old_clauses, outer: old_outer },
            T::Catch { clauses: new_clauses, outer },
        ) => {
            ends.offsets()?;
            let old = old_body.clauses(*old_clauses);
            clauses(ends, old, new_body.clauses(*new_clauses))?;
            maybe(ends, old_outer, outer)
        }
        (_, _) => out(ends, (old_body, old), (new_body, new)),
    }
}

/// T6 of ends that may leave the function.
fn out<E: Ends>(
    ends: &mut E,
    (old_body, old): End<'_>,
    (new_body, new): End<'_>,
) -> Result<(), E::Fault> {
    use Terminator as T;
    let (olds, news) = (|list| old_body.operands(list), |list| new_body.operands(list));
    match (old, new) {
        (
            T::Throw { opcode: was, imm: with, args: of, handler: old_handler },
            T::Throw { opcode, imm, args, handler },
        ) => {
            if was != opcode || with != imm {
                return Err(ends.unlike(Unlike::Control, "another throw".to_owned()));
            }
            ends.offsets()?;
            lists(ends, olds(*of), news(*args))?;
            maybe(ends, old_handler, handler)
        }
        (T::Return(was), T::Return(values)) => {
            ends.offsets()?;
            lists(ends, olds(*was), news(*values))
        }
        (T::TailCall(was), T::TailCall(call)) => {
            calls(ends, (was, olds(was.args)), (call, news(call.args)))
        }
        (T::Unreachable, T::Unreachable) => ends.offsets(),
        (old, new) => {
            let what = format!("{} where {} was", new.name(), old.name());
            Err(ends.unlike(Unlike::Control, what))
        }
    }
}

fn lists<E: Ends>(ends: &mut E, old: &[Value], new: &[Value]) -> Result<(), E::Fault> {
    if old.len() != new.len() {
        let what = format!("{} operands, not {}", new.len(), old.len());
        return Err(ends.unlike(Unlike::Operands, what));
    }
    old.iter().zip(new).try_for_each(|(&old, &new)| ends.equal(old, new))
}

fn calls<E: Ends>(
    ends: &mut E,
    (was, old): (&Call, &[Value]),
    (is, new): (&Call, &[Value]),
) -> Result<(), E::Fault> {
    if was.opcode != is.opcode || ends.imm(was.opcode, was.imm)? != is.imm {
        let what = format!("{} where {} was", is.opcode.mnemonic(), was.opcode.mnemonic());
        return Err(ends.unlike(Unlike::Control, what));
    }
    ends.offsets()?;
    lists(ends, old, new)
}

fn maybe<E: Ends>(ends: &mut E, old: &Option<Edge>, new: &Option<Edge>) -> Result<(), E::Fault> {
    match (old, new) {
        (Some(old), Some(new)) => ends.handler(old, new),
        (None, None) => Ok(()),
        (Some(_), None) | (None, Some(_)) => {
            Err(ends.unlike(Unlike::Handler, "another handler".to_owned()))
        }
    }
}

/// T7
fn tables<E: Ends>(
    ends: &mut E,
    (old_edges, old): (&[Edge], &[u32]),
    (new_edges, new): (&[Edge], &[u32]),
) -> Result<(), E::Fault> {
    if old.len() != new.len() {
        let what = format!("a table of {} labels, not {}", new.len(), old.len());
        return Err(ends.unlike(Unlike::Control, what));
    }
    let mut pairs: Vec<(u32, u32)> = new.iter().copied().zip(old.iter().copied()).collect();
    pairs.sort_unstable();
    if planted!(LabelsOnce) {
        pairs.dedup_by_key(|pair| pair.0);
    }
    pairs.dedup();
    for (to, from) in pairs {
        match (old_edges.get(from as usize), new_edges.get(to as usize)) {
            (Some(old), Some(new)) => ends.edge(old, new, Payload::None)?,
            (_, _) => {
                return Err(ends.unlike(Unlike::Control, "a label without edge".to_owned()));
            }
        }
    }
    Ok(())
}

fn clauses<E: Ends>(ends: &mut E, old: &[Clause], new: &[Clause]) -> Result<(), E::Fault> {
    if old.len() != new.len() {
        let what = format!("{} clauses, not {}", new.len(), old.len());
        return Err(ends.unlike(Unlike::Control, what));
    }
    for (old, new) in old.iter().zip(new) {
        if old.tag != new.tag || old.with_ref != new.with_ref {
            return Err(ends.unlike(Unlike::Control, "another clause".to_owned()));
        }
        ends.edge(&old.edge, &new.edge, Payload::Caught(old.tag, old.with_ref))?;
    }
    Ok(())
}
