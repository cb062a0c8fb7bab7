//! The findings about data.
//!
//! The module above has the invariants.

use crate::judge::assumption::{Assumed, Sort, Taken};
use crate::judge::one_to_one::{Fate, OneToOne};
use crate::judge::texts::Texts;
use crate::numbers::shift::Shift;
use crate::numbers::strings::Sort as Text;

/// The look of a run of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Text of some sort; the strings around the run.
    Text(Text, String, String),
    /// The length of text of this sort that differs (invariant 5).
    Length(Text, i64),
    /// A number that grew as a changed string did, and nothing else to show that it is its length.
    Grew(i64),
    /// Zeros that an alignment asks for (invariant 3), and whether code names what starts there.
    Padding(bool),
    /// An address that stayed though its target moved by this.
    Stale(i64),
    /// Bytes that this side has twice and the other side once.
    Copy,
    /// A few bytes of high entropy on both sides.
    Random,
    /// Anything else.
    Bytes,
}

/// Bytes that differ.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// The segment, by A's index (B's, if A has none).
    pub(crate) segment: u32,
    pub(crate) name: String,
    /// First addresses; in a segment that is not part of an image, offsets.
    pub(crate) a: u64,
    pub(crate) b: u64,
    pub(crate) active: bool,
    pub(crate) bytes_a: Vec<u8>,
    pub(crate) bytes_b: Vec<u8>,
    pub(crate) look: Look,
}

impl Run {
    pub(crate) fn growth(&self) -> i64 {
        self.bytes_b.len() as i64 - self.bytes_a.len() as i64
    }
}

/// Everything that differs in data.
#[derive(Default)]
pub(crate) struct DataDiff {
    pub(crate) runs: Vec<Run>,
    /// Words that agree without being equal: addresses that code uses.
    pub(crate) pointers: usize,
    /// The same: each address in A and in B.
    pub(crate) shown: Vec<(u64, u64)>,
    /// Words that moved as addresses would, and the first of them.
    pub(crate) assumed: Words,
    /// Words that changed as table slots did.
    pub(crate) slots: Words,
    /// Words that stay, though the bytes at that address moved.
    pub(crate) stays: Words,
    /// Segments whose start moved: A's index, name, delta.
    pub(crate) moved: Vec<(u32, String, u64, i64)>,
    /// Pairs of addresses that only all together can tell to be one to one, with how many bytes are
    /// touched from there on, if that is known.
    pub(crate) loose: Vec<(u64, u64, u64)>,
    /// Of these, the pairs that only all pairs together decide.
    pub(super) judged: Vec<(u64, u64)>,
    /// Of these, the pairs that contradict others.
    pub(crate) torn: Vec<(u64, u64)>,
    /// Text that differs.
    pub(crate) texts: Texts,
    /// Bytes in which texts were looked for.
    pub(super) searched: usize,
}

impl DataDiff {
    /// Judges the words that only all addresses together decide.
    pub(crate) fn loose(&mut self, shift: &Shift, all: &OneToOne) {
        let mut judged = std::mem::take(&mut self.judged);
        judged.sort_unstable();
        judged.dedup();
        for (a, b) in judged {
            match all.fate(shift, (a, b)) {
                Fate::Moved => {}
                Fate::Torn => self.torn.push((a, b)),
                Fate::Assumed => {
                    self.assumed.note(Taken::of(Sort::Apart, a, b), First::Apart(a, b))
                }
            }
        }
    }

    /// Padding behind which something is seen to start, now that all addresses are known.
    pub(crate) fn padding(&mut self, shift: &Shift, all: &OneToOne) {
        for run in &mut self.runs {
            if let Look::Padding(named) = &mut run.look {
                let zeros = shift.zeros_at(run.a).or(shift.zeros_at(run.a.saturating_sub(1)));
                *named |= zeros.is_some_and(|zeros| all.starts_in(&zeros));
            }
        }
    }
}

/// The first assumption of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum First {
    Pair(Assumed),
    /// Two addresses behind the data that are not as far from each other as most.
    Apart(u64, u64),
}

/// Assumptions about words: their number, the first place, and all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    pub(crate) count: usize,
    pub(crate) first: Option<First>,
    pub(crate) taken: Vec<Taken>,
}

impl Words {
    pub(super) fn note(&mut self, taken: Taken, first: First) {
        self.count += 1;
        self.taken.push(taken);
        self.first.get_or_insert(first);
    }
}
