//! Globals of both modules → what differs in their types and initial values.
//!
//! The initial value of a global is a number of unknown meaning, except in cases 1 and 2.
//!
//! 1. A stack pointer has moved only if it keeps its alignment and lies behind data that moved. A
//!    global is a stack pointer by its name, or if it is the first that looks like one and code
//!    uses it as an address and never as a number. It is an assumption that the stack is large
//!    enough if the pointer stays behind data that grew, moved less than the data's end, lies at
//!    another place behind the data or on its other side, or lies before the data and differs. A
//!    pointer behind the end of memory is changed. So is one with another size or place if the host
//!    gets the stack pointer.
//! 2. A global is an address if its whole name is one that a linker gives to an address.
//! 3. A value that is computed, or that holds several numbers (a vector), is compared number by
//!    number where it stays.
//! 4. Addresses made of a stack pointer, or of a global that a linker names, may be used as
//!    numbers. If they are, or if the host gets the global, it is an assumption that nobody looks
//!    at them (`uses`, invariant 2).

use crate::judge::assumption::{Assumed, Sort, Taken};
use crate::judge::finding::{Alone, Elsewhere, Found, Value, What};
use crate::judge::verdict::{Kind, Verdict};
use crate::numbers::shift::{Agree, SLACK, Shift};
use crate::numbers::uses::{Access, Doubt, Role, Roles};
use crate::pair::globals::{STACK_POINTER, computed, is_linkers};
use crate::pair::side::Side;
use prova_module::{ConstOp, GlobalIdx};
use prova_xref::constant;

/// The part of the stack that may be gone.
const ROOM: u64 = 64;

/// Adds all differences between globals, in type, partner or initial value.
pub(crate) fn inits(
    sides: (&Side<'_>, &Side<'_>),
    (shift, roles): (&Shift, &Roles),
    out: &mut Vec<Found<'_>>,
) {
    let (a, b) = sides;
    let mut met = vec![false; b.module.globals().len()];
    for (i, ty) in a.module.globals().iter().enumerate() {
        let name = a.global_name(i as u32);
        let partner = a.canonical_global(i as u32);
        let Some(other) = b.module.global(GlobalIdx(partner)) else {
            let what = What::Alone(Alone::A);
            out.push(Found::new(Kind::Global, Verdict::Changed, name, what));
            continue;
        };
        met[partner as usize] = true;
        let kinds = (a.val_id(ty.val), ty.mutable) == (b.val_id(other.val), other.mutable);
        if !kinds {
            let what = What::GlobalType;
            out.push(Found::new(Kind::Global, Verdict::Changed, name.clone(), what));
        }
        let inits =
            (a.module.global_init(GlobalIdx(i as u32)), b.module.global_init(GlobalIdx(partner)));
        let (Some(x), Some(y)) = inits else { continue };
        let told = match (constant(x.ops()), constant(y.ops())) {
            (Some(x), Some(y)) => {
                let told = global_value(sides, (shift, roles), (i as u32, partner), (x, y));
                told.map(|(verdict, value)| (verdict, What::Value(x, y, value)))
            }
            _ if a.const_expr(x) == b.const_expr(y) => stays(sides, shift, x.ops())
                .map(|assumed| (Verdict::AssumedMoved, What::InitStays(assumed))),
            _ => Some((Verdict::Changed, What::Init)),
        };
        let Some((verdict, what)) = told else { continue };
        let mut one = Found::new(Kind::Global, verdict, name, what);
        if one.verdict == Verdict::AssumedMoved {
            one.taken = vec![taken(sides, roles, (i as u32, partner))];
        }
        out.push(one);
    }
    for (i, _) in met.iter().enumerate().filter(|(_, met)| !**met) {
        let (name, what) = (b.global_name(i as u32), What::Alone(Alone::B));
        out.push(Found::new(Kind::Global, Verdict::Changed, name, what));
    }
}

/// An address that stays in an initial value that is computed, or of several numbers.
fn stays(sides: (&Side<'_>, &Side<'_>), shift: &Shift, ops: &[ConstOp]) -> Option<Assumed> {
    if !shift.moves() {
        return None;
    }
    let agree = match ops {
        [ConstOp::V128Const(bits)] => shift.lanes(sides, &bits.to_le_bytes()),
        [ConstOp::F32Const(bits)] => match shift.lanes(sides, &bits.to_le_bytes()) {
            Agree::Equal => shift.float(sides, &bits.to_le_bytes()),
            agree => agree,
        },
        [ConstOp::F64Const(bits)] => match shift.lanes(sides, &bits.to_le_bytes()) {
            Agree::Equal => shift.float(sides, &bits.to_le_bytes()),
            agree => agree,
        },
        _ => {
            let value = computed(ops)?;
            shift.agree_wide(sides, Role::Unknown, value, value)?
        }
    };
    Assumed::of(agree)
}

/// Compares two initial values (invariant 3): `None` if they are the same.
fn global_value(
    (a, b): (&Side<'_>, &Side<'_>),
    (shift, roles): (&Shift, &Roles),
    (global, partner): (u32, u32),
    (x, y): (u64, u64),
) -> Option<(Verdict, Value)> {
    let delta = y.wrapping_sub(x) as i64;
    let stacks = (a.map.stack_pointer, b.map.stack_pointer);
    let does = roles.global(global);
    let is_stack = stacks.0.map(|(global, _)| global) == Some(global)
        && stacks.1.map(|(global, _)| global) == Some(partner)
        && (does.used && !does.mixed.any() || a.global_symbol(global) == STACK_POINTER);
    // Invariant 4.
    let mixed = does.mixed.any() || delta.trailing_zeros() < does.low.into();
    if is_stack {
        return stack_value((a, b), shift, (x, y), (mixed, does.told));
    }
    let name = a.global_symbol(global);
    let somewhere = Access { indexed: false, ..Access::INDEXED };
    let role = if is_linkers(name) { Role::Address(somewhere) } else { Role::Unknown };
    let agree = match role {
        Role::Unknown => shift.agree_wide((a, b), role, x, y),
        role => shift.agree((a, b), role, x, y),
    };
    match agree {
        Some(Agree::Equal | Agree::Slot) => None,
        Some(Agree::Moved { delta: 0, .. }) => None,
        Some(Agree::Moved { .. }) if mixed => {
            Some((Verdict::AssumedMoved, Value::Moved { also: true }))
        }
        Some(Agree::Moved { .. }) => Some((Verdict::Moved, Value::Moved { also: false })),
        Some(Agree::Assumed { address, delta, what, .. }) => {
            let assumed = Assumed { address, delta, what };
            Some((Verdict::AssumedMoved, Value::Assumed(assumed)))
        }
        None => Some((Verdict::Changed, Value::Changed)),
    }
}

/// Compares the initial values of two stack pointers; `mixed` if an address made of them may be
/// used as a number, `told` if the host gets one.
fn stack_value(
    (a, b): (&Side<'_>, &Side<'_>),
    shift: &Shift,
    (x, y): (u64, u64),
    (mixed, told): (bool, bool),
) -> Option<(Verdict, Value)> {
    let delta = y.wrapping_sub(x) as i64;
    // Behind the data, the stack starts where an alignment of 16 puts it.
    let behind = shift.moves() && shift.is_behind(x) && y >= shift.data_end_b;
    let near = (delta - shift.end_delta).abs() < 2 * SLACK;
    let end = (shift.data_end.next_multiple_of(16), shift.data_end_b.next_multiple_of(16));
    let room = end.1 > end.0;
    let less = y.wrapping_sub(end.1) < x.wrapping_sub(end.0);
    let outside = y > b.map.memory_bytes && x <= a.map.memory_bytes;
    match delta {
        0 if shift.moves() && shift.is_behind(x) && room => {
            Some((Verdict::AssumedMoved, Value::StackStays(shift.end_delta)))
        }
        0 => {
            let assumed = Assumed::of(shift.agree((a, b), Role::Unknown, x, y)?)?;
            Some((Verdict::AssumedMoved, Value::StackAssumed(assumed)))
        }
        _ if behind && near && x % 16 == 0 && y % 16 == 0 && !outside => match (less, mixed) {
            (true, _) => Some((Verdict::AssumedMoved, Value::StackLess)),
            (false, true) => Some((Verdict::AssumedMoved, Value::Stack { also: true })),
            (false, false) => Some((Verdict::Moved, Value::Stack { also: false })),
        },
        _ => {
            let free = !told && !outside && shift.moves() && x % 16 == 0 && y % 16 == 0;
            let place = free.then(|| elsewhere((a, b), shift, (x, y))).flatten();
            Some(match place {
                Some(place) => (Verdict::AssumedMoved, Value::StackElsewhere(place)),
                None => (Verdict::Changed, Value::StackChanged),
            })
        }
    }
}

/// A stack that is of another size, or on another side of the data; none where data is in its way
/// (invariant 1).
fn elsewhere(
    (a, b): (&Side<'_>, &Side<'_>),
    shift: &Shift,
    (x, y): (u64, u64),
) -> Option<Elsewhere> {
    let before = |side: &Side<'_>, stack| side.map.data().is_some_and(|data| stack <= data.start);
    let behind = (x >= shift.data_end, y >= shift.data_end_b);
    Some(match ((before(a, x), before(b, y)), behind) {
        ((true, true), _) if y.wrapping_sub(x) as i64 > 0 => Elsewhere::Larger,
        ((true, true), _) => Elsewhere::Smaller,
        ((true, false), (_, true)) => Elsewhere::Behind,
        ((false, true), (true, _)) => Elsewhere::Before,
        ((false, false), (true, true)) => Elsewhere::Place,
        _ => return None,
    })
}

/// The assumption about a global of A and its partner.
fn taken((a, b): (&Side<'_>, &Side<'_>), roles: &Roles, (global, partner): (u32, u32)) -> Taken {
    let start = |side: &Side<'_>, global| {
        side.map.stack_pointer.filter(|(own, _)| *own == global).map(|(_, start)| start)
    };
    let Some((x, y)) = start(a, global).zip(start(b, partner)) else {
        return Taken::of(Sort::Global, 0, 0);
    };
    let data = |side: &Side<'_>| side.map.data().map_or((0, 0), |data| (data.start, data.end));
    let end = |side: &Side<'_>, start: u64| match data(side) {
        // The stack is below the data.
        (first, _) if start <= first => 0,
        (_, end) => end.next_multiple_of(16),
    };
    let (low_a, low_b) = (end(a, x), end(b, y));
    let room = (x.wrapping_sub(low_a), y.wrapping_sub(low_b));
    let doubt = roles.global(global).mixed;
    let less = room.1 < room.0;
    let enough = low_a <= x && low_b <= y && room.0 - room.1.min(room.0) <= room.0 / ROOM;
    let sort = if less || x == y { Sort::StackRoom } else { Sort::Stack };
    let covered = enough && doubt.within(Doubt::ALL_BUT_GIVEN);
    Taken { doubt, covered, ..Taken::of(sort, x, y) }
}
