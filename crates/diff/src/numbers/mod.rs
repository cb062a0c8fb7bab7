//! Paired modules → what each number of the code and of the data is.
//!
//! ```text
//! dwarf (variables) ─┐
//! data: image ─ align ┴► Aligned ─► uses (Roles) ─► data: fill ─► Shift ─► Numbers
//! ```
//!
//! Nothing of it changes once it is built; each step takes what the steps before found. This stage
//! gives no verdict.

pub(crate) mod data;
pub(crate) mod dwarf;
pub(crate) mod image;
mod known;
pub(crate) mod shift;
pub(crate) mod slots;
pub(crate) mod strings;
pub(crate) mod uses;

pub(crate) use known::Numbers;
