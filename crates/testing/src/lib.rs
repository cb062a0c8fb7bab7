//! The tools that Prova is tested with: runners of real programs and scripts, benchmarks,
//! campaigns.
//!
//! Unpublished. The program `prova-testing` (see `main.rs`) runs the long forms, `cargo test` the
//! short ones. Nothing here is used by any other crate.
//!
//! A folder for each question:
//!
//! * `agree`: do two sides agree? `accept`: is honest code accepted? `refuse`: does a checker
//!   refuse what is wrong? `bounds`: does everything stay within its bounds?
//! * `suites`: do known programs and scripts give the known output? `profile`: do two machines do
//!   the same? `pairs`: does `diff` tell malicious builds from honest ones?
//!
//! Beside them stands what they share: `generate` and `enlarge` make what is asked about, a
//! [`Side`](sides::Side) is a way to run it, [`compare`](sides::compare::compare) runs it on two,
//! `second` is a second checker, and [`campaign`] is the loop over cases.
//!
//! ```text
//! generate ─ Case ─► campaign ─ one ─┬─ Side, Side ─ compare ─► a record, or a Difference ─┐
//!                                    └─ edit ─ a checker ─► refused, or run beside ────────┴─► Totals
//! ```
//!
//! `cargo test -p prova-tidy` holds the files to this table:
//!
//! | folder | may use | never says |
//! |---|---|---|
//! | `generate` | – | `Record` |
//! | `enlarge` | generate | `Record` |
//! | `sides` | generate | `Totals` |
//! | `campaign` | generate, sides | – |
//! | `second` | generate | `CheckedBytecode`, `Record` |
//! | `accept` | campaign, generate, sides | `Record` |
//! | `agree` | accept, campaign, generate, sides | – |
//! | `refuse` | accept, agree, campaign, generate, second, sides | – |
//! | `bounds` | generate, sides | – |
//! | `suites` | accept, generate, sides | – |
//! | `profile` | campaign, generate, sides, suites | – |
//! | `pairs` | suites | – |

pub mod accept;
pub mod agree;
pub mod bounds;
pub mod campaign;
pub mod enlarge;
pub mod generate;
pub mod pairs;
pub mod profile;
pub mod refuse;
pub mod second;
pub mod sides;
pub mod suites;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The root of the repository, of which this crate is `crates/testing`.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // A string can always be written.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Ends a campaign because something happened that its own construction rules out.
///
/// # Panics
///
/// Always.
#[track_caller]
pub fn cannot(what: &str) -> ! {
    panic!("a fault of the test program: {what}")
}
