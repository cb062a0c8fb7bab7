//! The question: a module → the intrinsics that it calls, the memory that it starts with, its
//! requests; and the words in which an answer to one is claimed.
//!
//! ```text
//! Module ─ (snapshot) ─► Module ─┬ intrinsic ─────────► Intrinsics ─┐
//!                                └ image ─ request ───► Requests ───┴► Question ─► Certificate, Plan
//! ```
//!
//! In: a module that nobody trusts. Out: [`question::Question`], one for each request; or an
//! [`error::Error`] of the module, an [`error::Refused`] of a request.
//!
//! * Nothing here knows how a function is specialised. All that the search and the check have in
//!   common, besides the SSA form, is in this folder.
//! * What is read of memory is what an instance has before it runs, never more than the limits of
//!   `image` and `request`.
//!
//! Limits: memory 0 alone; the numbers in `image` and `request`. Noticed by: `tests/hostile.rs`,
//! `tests/refusals.rs`.

pub(crate) mod certificate;
pub(crate) mod error;
pub(crate) mod image;
pub(crate) mod intrinsic;
pub(crate) mod pairs;
pub(crate) mod places;
pub(crate) mod plan;
pub(crate) mod promise;
pub(crate) mod question;
pub(crate) mod request;
pub mod snapshot;
