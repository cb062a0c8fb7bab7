//! How much a call may read.

/// Most steps of one call: bytes of abbreviations, attributes, rows, ranges and units read.
///
/// A module of 100 MB of debug information needs some millions for an offset.
pub const WORK_MAX: u64 = 1 << 26;

/// Steps that are left.
pub(crate) struct Work(u64);

impl Work {
    /// All of them.
    pub(crate) fn new() -> Work {
        Work(WORK_MAX)
    }

    /// How many there are.
    pub(crate) fn left(&self) -> u64 {
        self.0
    }

    /// Takes steps, if there are that many.
    pub(crate) fn take(&mut self, steps: u64) -> Option<()> {
        match self.0.checked_sub(steps) {
            Some(left) => self.0 = left,
            None => {
                self.0 = 0;
                return None;
            }
        }
        Some(())
    }
}
