//! Equal words that hold the address of something that moved.

use super::found::{DataDiff, First, Look, Run};
use crate::judge::assumption::{Assumed, Taken};
use crate::numbers::data::{Pair, of_word};
use crate::numbers::shift::{Agree, Shift};
use crate::numbers::uses::{Doubt, Role, Roles};
use crate::pair::align::Equal;
use crate::pair::side::Side;
use std::ops::Range;

/// Words of equal ranges that hold the address of something that moved (invariant 2): those
/// that are aligned on both sides, and those at `known` addresses.
pub(super) fn stale(
    sides: (&Side<'_>, &Side<'_>),
    (shift, roles, known): (&Shift, &Roles, &[u64]),
    pair: &Pair<'_>,
    equal: &[Equal],
    diff: &mut DataDiff,
) {
    for range in equal {
        let start = pair.start.0 + range.a as u64;
        let end = start + range.len as u64;
        let together = (start.wrapping_sub(pair.start.1 + range.b as u64)).is_multiple_of(4);
        let aligned = (start.next_multiple_of(4)..end.saturating_sub(3)).step_by(4);
        let aligned = aligned.filter(|_| together);
        let from = known.partition_point(|at| *at < start);
        let odd = known[from..].iter().copied().take_while(|at| *at < end);
        let odd = odd.filter(|at| pair.active && !(together && at % 4 == 0));
        for address in aligned.chain(odd) {
            let at = (address - pair.start.0) as usize;
            word(sides, (shift, roles), pair, (at, at - range.a + range.b), diff);
        }
        if roles.truncates() && together {
            let first = (start.next_multiple_of(4) - pair.start.0) as usize;
            floats((sides, shift), pair, first..range.a + range.len, diff);
        }
    }
}

/// Floats among equal bytes that code may make addresses of: they stay, though these moved.
fn floats(
    (sides, shift): ((&Side<'_>, &Side<'_>), &Shift),
    pair: &Pair<'_>,
    places: Range<usize>,
    diff: &mut DataDiff,
) {
    let bytes = &pair.bytes.0[..places.end];
    for at in places.step_by(4) {
        for bytes in [bytes.get(at..at + 4), bytes.get(at..at + 8)].into_iter().flatten() {
            if let Some(assumed) = Assumed::of(shift.float(sides, bytes)) {
                let Assumed { address, what, .. } = assumed;
                diff.stays.note(Taken::new(what, address, address), First::Pair(assumed));
            }
        }
    }
}

/// One word of [`stale`], by its place in the pieces.
fn word(
    sides: (&Side<'_>, &Side<'_>),
    (shift, roles): (&Shift, &Roles),
    pair: &Pair<'_>,
    (at, other): (usize, usize),
    diff: &mut DataDiff,
) {
    // A word at an odd address may reach behind its range.
    let bytes = (pair.bytes.0.get(at..at + 4), pair.bytes.1.get(other..other + 4));
    let (Some(x), Some(y)) = bytes else { return };
    let bytes = (x, y);
    let value = bytes.0.try_into().map(u32::from_le_bytes).unwrap_or_default();
    if bytes.0 != bytes.1 || value == 0 {
        return;
    }
    let places = (pair.start.0 + at as u64, pair.start.1 + other as u64);
    let role = match pair.active {
        true => of_word(roles.word(places.0, places.1)),
        false => Role::Mixed(Doubt::KEPT),
    };
    match shift.agree(sides, role, value.into(), value.into()) {
        Some(Agree::Assumed { delta, what, .. }) => {
            let taken = Taken::new(what, value.into(), value.into());
            let assumed = Assumed { address: value.into(), delta, what };
            diff.stays.note(taken, First::Pair(assumed));
        }
        Some(Agree::Equal | Agree::Slot) => {}
        Some(Agree::Moved { address, delta, loose }) => {
            let other = address.wrapping_add_signed(delta);
            diff.loose.push((address, other, 0));
            diff.judged.extend(loose.map(|_| (address, other)));
            diff.shown.extend(loose.map(|_| (address, other)));
        }
        None => {
            let by = shift.delta_at(value.into()).unwrap_or(shift.end_delta);
            diff.runs.push(Run {
                segment: pair.segment,
                name: pair.name.clone(),
                a: places.0,
                b: places.1,
                active: pair.active,
                bytes_a: bytes.0.to_vec(),
                bytes_b: bytes.1.to_vec(),
                look: Look::Stale(by),
            });
        }
    }
}
