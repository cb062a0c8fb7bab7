//! The lemmas, and what they are proved with: the modules of both tests, which name them at their
//! root.

#[macro_use]
pub mod proof;
pub mod derive;
pub mod engine;
pub mod facts;
pub mod floats;
pub mod operate;
pub mod places;
pub mod small;
pub mod smt;
pub mod sums;
pub mod table;
pub mod term;
pub mod values;
