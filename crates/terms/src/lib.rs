//! Value numbers: operators applied to values, on two sides → one number per value, so that
//! equality of values is equality of numbers.
//!
//! ```text
//! one side ── pure, constant, … ─────┐
//!                                    ├─ Terms ─► Vn ─► ==, truth, term
//! other side ─ pure_again, … ────────┘
//! ```
//!
//! This is value numbering by hash-consing (Alpern, Wegman and Zadeck, *Detecting equality of
//! variables in programs*, 1988): two values with the same [`Vn`] are equal in every run. A proof
//! of equality between two programs builds the terms of both in one table; the proof of bytecode
//! (`prova-bytecode`) is its first user. The crate knows Wasm's numeric operators ([`Prim`], from
//! `prova_num::for_each_num!`) and nothing of the programs that are compared. Proofs with other
//! operators bring another content of terms to the same [`Table`](table::Table).
//!
//! # What a user owes
//! * A leaf ([`Vn::param`], [`Vn::phi`], [`Vn::effect`]) names one value: who makes it must see to
//!   it that no two different values of one table get the same leaf.
//! * Numbers are compared within one table, and between two [`Terms::reset`]s of it.
//! * A 32-bit value is a cell zero-extended to 64 bits, a float its bits, as cells of every tier
//!   are.
//!
//! # Rewriting
//! A term is brought to one form when it is made; each rule is an identity on all inputs:
//!
//! * R1. `op(a, b) = op(b, a)` for the commutative integer operators (never for floats: the bits of
//!   a NaN depend on the order).
//! * R2. `a > b = b < a`, `a ≥ b = b ≤ a`, for integers and for floats.
//! * R3. `a − c = a + (−c)` for an integer constant `c`.
//! * R4. `eqz(a) = (a == 0)`.
//! * R5. `op(a) = a` for reinterpretations and for loads and stores of whole values: a value is its
//!   bits.
//!
//! [`Terms::truth`] brings a condition to a term and a polarity by the exact integer negations (`≠`
//! of `=`, `≤` of `<` with operands swapped; an extension is 0 exactly if what it extends is); of
//! the float comparisons only `≠` is the negation of another, `=`.
//!
//! # Invariants
//! * N1. A node's arguments are older than the node, or have no node.
//! * N2. The nodes are pairwise different, and no node is a term that has a number without one.
//! * N3. An operator that is given another number of operands than it has is a value that equals no
//!   other.
//! * N4. A v128 and its low half have one number; which one is meant follows from where it stands,
//!   an operator's signature or the width of a place.
//!
//! Limits: 2³² nodes; time amortised constant for a node. The hash is keyed ([`hash`]), so no
//! module can aim at collisions.
//!
//! Noticed by: the tests beside each file, and `tests/identities.rs`, which computes every term
//! with `prova-num` and compares the result with the operator's.

pub mod budget;
pub mod hash;
mod number;
mod prim;
mod rewrite;
pub mod table;
#[cfg(test)]
mod tests;
mod value;

pub use number::Vn;
pub use prim::Prim;
pub use value::{Term, Terms};
