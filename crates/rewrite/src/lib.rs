//! A module's bytes and an [`Edit`] → the bytes of the edited module, and where each operator went.
//!
//! ```text
//! bytes ─ sections ─┬─ items, renumbered by Numbers ─┐
//! Edit ─────────────┴─ replaced and added items ─────┴─ apply ─► Rewritten { bytes, dropped, map }
//! FunctionBody ─ Numbers::wrap, operator by operator ─► Code ─► Edit::bodies
//! ```
//!
//! The idea: an edit is data. A caller that instruments, cuts or completes a module says which
//! items are added, replaced and taken out, and which number each thing has afterwards. The walk
//! over the sections is written once, here. For example, an edit with one entry in `imports`, and
//! numbers that move defined functions up by one, adds an imported function.
//!
//! # Invariants
//! * R1. Sections stand in the order of the specification (5.5.2), custom sections between the same
//!   neighbours as before. A section that the module lacks is added if the edit has items for it.
//! * R2. Added items stand behind those of the module, in their order.
//! * R3. Every index that the module itself names is renumbered, in code, constant expressions,
//!   exports, segments, start and names. What the edit brings (bodies, types, exports) has its new
//!   numbers already and is written as it is.
//! * R4. An item without a new number is taken out: an import, a function with its body, a group of
//!   types, a table, memory, global, tag or segment. An imported function with a body becomes a
//!   defined one, and stands before all others that are defined; a defined one in `bodiless` goes,
//!   and has the number of an import that the edit adds for it. Defined functions stand in the
//!   order of their new numbers, and the first of those with one number stands for all of them;
//!   other things keep their order, and so do their numbers.
//! * R5. Kept byte for byte: the contents of data segments, of custom sections other than `name`,
//!   and bodies that the edit brings. Everything else is encoded anew, each number as short as it
//!   can be, so offsets of code change even where nothing was edited.
//! * R6. Names of functions follow their functions. [`Customs`] says what happens to sections that
//!   hold offsets of code, DWARF among them: nothing here can correct them.
//! * R7. The result depends on the bytes and the edit alone.
//!
//! # Limits
//! The result is not validated: an edit can make an invalid module, so the caller of [`apply()`]
//! decodes the result. Only core modules are read. Work and memory are linear in the size of the
//! module and the edit. Sections and modules of 4 GiB and more cannot be written.
//!
//! Faults are noticed by `tests`: edits as text before and after, edits that must be refused, the
//! map of offsets against an independent reading of both modules, and a bounded campaign over
//! broken bytes.

mod apply;
mod code;
mod edit;
mod error;
mod items;
mod map;
mod names;
mod numbers;
mod twin;

pub use apply::{Rewritten, apply};
pub use code::Code;
pub use edit::{Customs, Edit, Elements, NewFunction, Segment, Size};
pub use error::{Error, Fault};
pub use map::CodeMap;
pub use numbers::{Numbers, Space};
pub use twin::{TWIN_MODULE, Twin, twin};
