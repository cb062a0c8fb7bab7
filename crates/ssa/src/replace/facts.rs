//! The facts about a body from which the check judges effects, for who plans by them: a pass that
//! proposes what they do not say would be refused.
//!
//! They are no proof: the check finds them anew, from the body and its witness.

pub use super::before::Before;
pub use super::dying::{Sight, step};
pub use super::memory::{Base, Place, Range, place, plain};
