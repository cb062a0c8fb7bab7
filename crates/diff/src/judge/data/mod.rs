//! The data of both modules, compared → the runs of bytes that differ, with their looks, and the
//! words of which something is assumed.
//!
//! 1. Aligned words that are equal are looked at as well: an address that stayed where its target
//!    moved is a run if code is seen to use it, and otherwise an assumption (`stale`).
//! 2. What a run looks like is judged by its bytes and by the bytes around it (`look`).
//! 3. Zeros are *padding* as `numbers::data`, 3, says.
//! 4. Text in segments that are not part of an image is reported as text only if its length is the
//!    same on both sides.
//! 5. A number is a *length* only if the word before it points to text that differs, and number and
//!    text end at the same place on both sides.

mod found;
mod look;
mod stale;

pub(crate) use found::{DataDiff, First, Look, Run, Words};

use crate::judge::assumption::{Assumed, Taken};
use crate::numbers::Numbers;
use crate::numbers::data::{Gap, Names, Pair, Seen};
use crate::numbers::shift::{Agree, Assumption};
use crate::numbers::strings::{has_text, is_printable, is_text};
use crate::pair::side::Side;
use look::{classify, look};
use prova_module::DataIdx;
use stale::stale;
use std::ops::Range;

/// Maximum number of loose pairs of addresses that are kept of data.
const LOOSE_MAX: usize = 1 << 16;
/// Maximum number of bytes in which texts of parts are looked for.
const SEARCHED_MAX: usize = 1 << 23;

/// Judges the data.
pub(crate) fn compare(numbers: &Numbers<'_, '_>) -> DataDiff {
    let (sides, shift, data) = (numbers.sides(), numbers.shift(), &numbers.data);
    let (mut diff, names) = (DataDiff::default(), data.names(sides, &numbers.roles));
    data.filled.agreed.iter().for_each(|agree| count(*agree, &mut diff));
    for gap in &data.filled.gaps {
        let run = run((sides, &names), &data.pairs, gap, &mut diff);
        diff.runs.push(run);
    }
    for pair in &data.pairs {
        let delta = pair.start.1.wrapping_sub(pair.start.0) as i64;
        if pair.active && delta != 0 && !pair.bytes.0.is_empty() && !pair.bytes.1.is_empty() {
            diff.moved.push((pair.segment, pair.name.clone(), pair.start.0, delta));
        }
    }
    if shift.moves() {
        let roles = &numbers.roles;
        let mut known: Vec<u64> = roles.words().collect();
        known.sort_unstable();
        for (pair, equal) in data.pairs.iter().zip(&data.filled.equal) {
            stale(sides, (shift, roles, &known), pair, equal, &mut diff);
        }
    }
    classify(&mut diff, shift, &data.pairs);
    diff
}

/// Adds a word that agrees without being equal.
fn count(agree: Agree, diff: &mut DataDiff) {
    let (address, delta, loose) = match agree {
        Agree::Moved { address, delta, loose } => {
            diff.pointers += usize::from(delta != 0);
            if delta != 0 || loose.is_some() {
                diff.shown.push((address, address.wrapping_add_signed(delta)));
            }
            (address, delta, loose)
        }
        Agree::Assumed { address, delta, loose, what } => {
            let taken = Taken::new(what, address, address.wrapping_add_signed(delta));
            let first = First::Pair(Assumed { address, delta, what });
            match what {
                Assumption::Slot => diff.slots.note(taken, first),
                _ => diff.assumed.note(taken, first),
            }
            (address, delta, loose)
        }
        Agree::Equal | Agree::Slot => return,
    };
    if let Some(bytes) = loose.filter(|_| diff.loose.len() < LOOSE_MAX) {
        let other = address.wrapping_add_signed(delta);
        diff.loose.push((address, other, bytes));
        diff.judged.push((address, other));
    }
}

/// The run of a gap.
fn run<'m>(
    (sides, names): ((&Side<'m>, &Side<'m>), &Names<'_, 'm>),
    pairs: &[Pair<'m>],
    gap: &Gap,
    diff: &mut DataDiff,
) -> Run {
    let (pair, at, bytes_a, bytes_b, look) = match gap {
        Gap::Inside { pair, a, b } => {
            let pair = &pairs[*pair];
            let bytes = |bytes: &[u8], run: &Range<usize>| {
                bytes.get(run.clone()).unwrap_or_default().to_vec()
            };
            let (x, y) = (bytes(&pair.bytes.0, a), bytes(&pair.bytes.1, b));
            let at = (pair.start.0 + a.start as u64, pair.start.1 + b.start as u64);
            (pair, at, x, y, inside((sides, names), pair, (a, b), diff))
        }
        Gap::Between { pair, at, zeros, seen } => {
            let look = match seen {
                Seen::Padding(named) => Look::Padding(*named),
                Seen::Bytes => Look::Bytes,
            };
            (&pairs[*pair], *at, vec![0; zeros.0], vec![0; zeros.1], look)
        }
    };
    let (segment, name, active) = (pair.segment, pair.name.clone(), pair.active);
    Run { segment, name, a: at.0, b: at.1, active, bytes_a, bytes_b, look }
}

/// The look of a gap inside of two pieces.
fn inside<'m>(
    (sides, names): ((&Side<'m>, &Side<'m>), &Names<'_, 'm>),
    pair: &Pair<'m>,
    (a, b): (&Range<usize>, &Range<usize>),
    diff: &mut DataDiff,
) -> Look {
    let look = look((&pair.bytes.0, a), (&pair.bytes.1, b), (pair, names));
    if pair.copied {
        return Look::Copy;
    }
    // Where parts change places, named objects may, too: then text that both sides have does not
    // differ, and random-looking bytes that both have are not random.
    let shared = pair.part && matches!(look, Look::Text(..) | Look::Random);
    if shared && !differs(sides, pair, (a, b), diff) { Look::Bytes } else { look }
}

/// Whether neither side has the text around bytes of the other.
fn differs(
    sides: (&Side<'_>, &Side<'_>),
    pair: &Pair<'_>,
    (a, b): (&Range<usize>, &Range<usize>),
    diff: &mut DataDiff,
) -> bool {
    let size = |side: &Side<'_>| side.map.spans.iter().map(|span| span.bytes as usize).sum();
    let sizes: (usize, usize) = (size(sides.0), size(sides.1));
    diff.searched = diff.searched.saturating_add(sizes.0.max(sizes.1));
    if diff.searched > SEARCHED_MAX {
        return false;
    }
    let (x, y) = (around(&pair.bytes.0, a), around(&pair.bytes.1, b));
    is_text(x) && is_text(y) && !has(sides.1, x) && !has(sides.0, y)
}

/// The text around bytes, up to an unprintable byte on either side.
fn around<'b>(bytes: &'b [u8], run: &Range<usize>) -> &'b [u8] {
    let before = bytes[..run.start].iter().rev().take_while(|byte| is_printable(**byte)).count();
    let behind = bytes[run.end..].iter().take_while(|byte| is_printable(**byte)).count();
    &bytes[run.start - before..run.end + behind]
}

/// Whether some segment of a side has these bytes.
fn has(side: &Side<'_>, text: &[u8]) -> bool {
    let count = side.module.data().len() as u32;
    (0..count).any(|at| has_text(side.module.data_bytes(DataIdx(at)), text))
}
