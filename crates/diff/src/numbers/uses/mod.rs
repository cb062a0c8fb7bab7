//! A module → what its code does with numbers: which are used as addresses, and which as slots of a
//! table.
//!
//! ```text
//! each body ─ walk ─► Uses (constants, parameters, words loaded) ─ propagate over calls ─► Roles
//! ```
//!
//! This is a forward may-analysis on the structured walk. A value is the set of places it may come
//! from (a constant, a parameter, a word of data, the stack pointer), with a displacement where
//! that is known. Where a set reaches the address of a load or store, its members are addresses. An
//! argument has the uses of the callee's parameter.
//!
//! 1. *Evidence only*: a role is given if some path from the place to the use exists. Without one
//!    the role is unknown, and nothing that moved is called proved. Paths that the walk forgets
//!    (memory, calls through tables, loops after the first round, sums of two candidates) cost
//!    verdicts, not truth.
//! 2. *All uses*: an address is *mixed* (its number may matter, too) unless every use that the walk
//!    comes to is a use of an address: the base of an access, a sum that is an address, a
//!    comparison with an address where order is kept (`compared`), an argument of a function that
//!    does no more with it. An address is mixed if it is calculated with in another way, a slot of
//!    a table, stored, thrown, put in a global, or given to the host (except pointers of WASI) or
//!    to an unknown function. It is mixed if it is brought across zero or the sign before it is
//!    compared, stepped until it meets a number, or returned to a caller who uses it as a number.
//!    It is mixed if it is no longer followed (a local from the second round of a loop on, too many
//!    at a time). If low bits of an address are looked at, `low` counts them: they stay if it moves
//!    by a multiple. The same holds for globals that are addresses (the stack pointer, a linker's).
//!    Two addresses are subtracted only if one was made of the other. A load of unknown place may
//!    read any word of an object whose address is kept, given away, or stands in a word of data.
//! 3. An access is exact only if no index was added: then `lo..hi` are the bytes it touches,
//!    relative to the number; for a bulk operator that writes, its constant length. Addresses made
//!    of the number and compared widen it. A local that a loop writes is indexed inside the loop.
//!    Bytes touched above the stack pointer are at addresses that no number of the code is.
//!
//! Limits: `REFS_MAX` sources of a value (`value`), `LOCALS_MAX` locals with sources at a time
//! (`variable`), `UPDATES_MAX` widenings of a parameter (`known`). Time is linear in the code with
//! these constants.

mod body;
mod compared;
mod displaced;
mod doubt;
mod flow;
mod known;
mod loads;
mod marks;
mod objects;
mod role;
mod roles;
mod shared;
mod sums;
mod value;
mod variable;
mod wasi;

pub(crate) use displaced::displaced;
pub(crate) use doubt::Doubt;
pub(crate) use role::{Access, Role};
pub(crate) use roles::Roles;
