//! The parts that the proofs of two bodies share: value numbers, and the numbers of values while a
//! block is proved.

pub mod number;
mod plant;
mod values;

pub use number::Numbers;
pub use values::{Operands, Values};
