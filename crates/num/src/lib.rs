//! WebAssembly's numeric operators as pure functions: operand bits in, result bits (or a
//! [`NumError`]) out.
//!
//! Every tier, checker and oracle of Prova takes an operator's meaning from here (core
//! specification 4.3, "Numerics"), so a fault here is a fault in all of them at once. `bytecode`
//! writes its op table as expressions over these functions, `reference` calls them by hand, `ssa`
//! folds constants with them. Outside its tests this crate depends on nothing, and it knows neither
//! traps, nor stores, nor tiers.
//!
//! Representation:
//! - `i32` is `u32`, `i64` is `u64`, `f32` and `f64` are themselves, `v128` is `u128` with lane 0
//!   in the lowest bits;
//! - a comparison or test returns an `i32`: `u32` 0 or 1;
//! - a lane index comes last, as `u8`; only its low bits that name a lane count (validation has
//!   bounded it);
//! - loads and stores appear as the conversion between the bits in memory and the value
//!   (`memory.rs`).
//!
//! A function is named like its instruction, with `_` for `.`: `i32.div_s` is [`i32_div_s`].
//!
//! Invariants:
//! 1. No function panics, and no function has an effect. Operators that may trap return `Result<_,
//!    NumError>`.
//! 2. Integer results are a function of the operands' bits alone, the same on every machine.
//! 3. Float results that are no NaN are correctly rounded (IEEE 754, ties to even), the same on
//!    every machine.
//! 4. A NaN result of an operator that computes is quiet. Which NaN it is the machine may decide,
//!    as the specification allows; `*_canonicalize` makes it one NaN for deterministic execution.
//!    `abs`, `neg`, `copysign`, `pmin`, `pmax`, reinterpretations, loads, stores and lane moves
//!    keep NaN bits as they are.
//! 5. Relaxed operators have one meaning on every machine, the specification's deterministic
//!    profile (`relaxed.rs`).
//! 6. [`for_each_num!`] lists every operator exactly once, with its signature.
//!
//! Worst case: every function is constant time; a vector operator costs at most 16 lane
//! computations. Limits: 4 leans on machines whose float moves keep NaN bits (SSE2 does, the x87
//! stack does not).
//!
//! Noticed by: the edge tables and recomputations beside each family, `list.rs` for 6, and
//! `tests/specification.rs`, the assertions of the specification's own scripts.

mod conversion;
mod error;
mod float;
mod integer;
mod lanes;
mod list;
mod memory;
mod operators;
mod packed;
mod relaxed;
#[cfg(test)]
mod testing;
mod vector_float;
mod vector_integer;
mod vector_lane;
mod wide;

pub use conversion::*;
pub use error::NumError;
pub use float::*;
pub use integer::*;
pub use memory::*;
pub use relaxed::*;
pub use vector_float::*;
pub use vector_integer::*;
pub use vector_lane::*;
pub use wide::*;
