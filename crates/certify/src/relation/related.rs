//! The code that a relation is searched for, as the compiler gives it.

use prova_check::TrapRow;

/// The code of a function that wants a relation.
#[derive(Clone, Copy, Debug)]
pub struct Related<'a> {
    /// The final bytes.
    pub bytes: &'a [u8],
    /// The trap map.
    pub traps: &'a [TrapRow],
    /// Offsets `[start, end)` of what is data, sorted.
    pub data: &'a [(u32, u32)],
    /// The operator in the module that each range `[start, end)` of code belongs to, sorted, as far
    /// as a compiler says it; a hint.
    pub sources: &'a [(u32, u32, u32)],
}
