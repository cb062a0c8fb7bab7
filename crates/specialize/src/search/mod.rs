//! The search: a question → the facts known at each part of the generic function, in each context.
//!
//! ```text
//! Question ─ generic ─► Subject ─ explore ─► Explored: for each Key its State
//!               walk, with a Sink ◄──┘ └─► needs (values), tally (counts)
//! ```
//!
//! In: a [`sink::Subject`]. Out: [`explore::Explored`], which `write` turns into a body by walking
//! it once more with another sink.
//!
//! * Nobody believes anything of it: `check` knows neither contexts nor states.
//! * One walk serves all readers, so the writer cannot see other ways than the search did.
//!
//! Limits: parts, steps and slots (`explore`), cases (`walk`). Noticed by: faults planted here
//! (`plant`), each of which `check` refuses.

pub(crate) mod causes;
pub(crate) mod cells;
pub(crate) mod constant;
pub(crate) mod context;
pub(crate) mod explore;
pub(crate) mod fold;
pub(crate) mod generic;
pub(crate) mod needs;
pub(crate) mod results;
pub(crate) mod sink;
pub(crate) mod state;
pub(crate) mod tally;
pub(crate) mod touch;
pub(crate) mod walk;
pub(crate) mod ways;
