//! Two logs of a compiler's passes → the first pass whose result differs, for each function.
//!
//! ```text
//! source ─► scan ─► record ─► compare (align) ─► report
//!             └────────────── show ◄──────────────┘
//! ```
//!
//! Logs are what `-print-after-all` and `-print-changed` of LLVM 9 to 22 print, through clang, opt,
//! llc or rustc. They may be of any size and are never kept: one digest of the text and one of the
//! structure stand for each dump and function. Addresses of the compiler's own memory (`<0x…>`) are
//! left out, so two runs of a deterministic compiler are equal. Pass sequences are aligned, not
//! zipped.
//!
//! Limits: [`PARTS_MAX`] parts after the first difference, [`NAME_BYTES_MAX`] of names,
//! [`BODY_BYTES_MAX`] of a body that is shown; together less than 200 MB. A difference in the order
//! of blocks is structure, whether or not it changes behaviour. `tests/passes.rs` has the cases.

mod align;
mod compare;
mod hash;
mod header;
mod messages;
mod record;
mod report;
mod scan;
mod show;
mod source;
mod structure;
mod tool;

pub use align::{EDITS_MAX, align};
pub use compare::{
    Cluster, Comparison, Difference, Divergence, Fate, PARTS_MAX, Side, compare, compare_up_to,
};
pub use hash::Digest;
pub use header::{HEADER_BYTES_MAX, Header, Kind, Mark, parse};
pub use record::{
    Form, MODULE, NAME_BYTES_MAX, NAME_SHOWN_BYTES_MAX, Names, Part, UNNAMED, record,
};
pub use report::{
    CLUSTERS_SHOWN_MAX, Evidence, LINE_CHARS_MAX, MEMBERS_SHOWN_MAX, evidence, report, shown,
};
pub use scan::{Ending, PIECE_BYTES_MAX, Place};
pub use show::{
    ALIGNED_LINES_MAX, BODY_BYTES_MAX, Body, LineDifference, body, first_line,
    first_structural_line, unified,
};
pub use source::Log;
pub use structure::NAMES_MAX;

pub use tool::{Recorded, command as instrumented, record_tool};
