//! Assumptions about pairs of numbers in words.

use crate::judge::assumption::Assumed;
use crate::numbers::shift::Assumption;

/// An assumption in words.
pub(crate) fn assumed(Assumed { address: a, delta, what }: Assumed) -> String {
    let b = a.wrapping_add_signed(delta);
    match what {
        Assumption::Address(_) => {
            format!("{a} → {b} is assumed to be an address: nothing shows it")
        }
        Assumption::Mixed(_) => {
            format!(
                "{a} → {b} is an address that is calculated with, kept or given away, too: assumed not to matter"
            )
        }
        Assumption::Slot => format!("{a} → {b} is assumed to be a table slot: nothing shows it"),
        Assumption::Room => {
            format!("{a} → {b} is assumed to be what is left of memory behind what moved")
        }
        Assumption::End => {
            format!("{a} → {b} is assumed to be where memory or the stack ends: both do so there")
        }
        Assumption::Copy => format!(
            "{a} → {b} is what one side has once and the other twice: assumed to be read alone"
        ),
        Assumption::Reach => format!(
            "{a} → {b} gets an index, and another thing is behind it in B: assumed to stay in its object"
        ),
        Assumption::Stays(by, _) => format!(
            "{a} stays, though what is at that address moved by {by:+}: assumed to be no address"
        ),
    }
}

/// Words for a pair that is not as far as most behind the data.
pub(crate) fn apart((a, b): (u64, u64)) -> String {
    format!("{a} → {b} is not as far as most behind the data: assumed to be one thing")
}
