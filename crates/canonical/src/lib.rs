//! The canonical ABI: component values ⇄ cells and bytes of a linear memory; handles of resources.
//!
//! ```text
//! cells, bytes ─ lift ─► Val ─ host ─► Val ─ lower ─► cells, bytes
//!                 └──────────── Guest ────────────┘
//! ```
//!
//! [`Types`] describes values and where they lie. [`Guest`] is what lifting and lowering need of an
//! instance. [`Handles`] says which instance may name which resource. Nothing here knows an engine,
//! and nothing is `unsafe`.
//!
//! # Invariants
//! Those of components that are held here: K1 and the rules of loans (`handles`), K4 and K5
//! (`lift`), K6 and K7 (`memory`). K2 and K3, *may leave*, are the caller's.
//!
//! Limits: no `async`, no objects of garbage collection, no transcoding between two memories.
//!
//! Source: `CanonicalABI.md` and `definitions.py` of the component model.

mod guest;
mod handles;
mod lift;
mod lower;
mod memory;
mod strings;
mod types;
mod value;

pub use guest::{Encoding, Fault, Guest, Options};
pub use handles::{Dropped, HANDLES_MAX, HandleFault, Handles, ResourceTypeId};
pub use lift::{PIECE, lift};
pub use lower::{lower, lower_results};
pub use strings::STRING_BYTES_MAX;
pub use types::{
    Case, Defined, FLAGS_MAX, Field, FlatType, Layout, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Pointer,
    TYPE_DEPTH_MAX, TableId, Type, TypeError, TypeId, Types, VALUE_BYTES_MAX,
};
pub use value::{ResourceAny, Val};
