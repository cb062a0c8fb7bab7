//! Two modules → their functions and globals in pairs.
//!
//! ```text
//! A, B ─ side (interned types, tables) ─ profiles ─► matching (partners) ─► Paired: sides share ids
//! ```
//!
//! A wrong partner makes a report clumsy, never false. This stage knows nothing of what numbers
//! mean.

pub(crate) mod align;
pub(crate) mod globals;
pub(crate) mod matching;
pub(crate) mod paired;
pub(crate) mod profile;
pub(crate) mod relocs;
pub(crate) mod side;
pub(crate) mod table;
pub(crate) mod token;
pub(crate) mod types;
