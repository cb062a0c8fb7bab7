//! Globals of both modules → which are each other's, and what differs in their initial values.
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

use crate::judge::compare::Cause;
use crate::judge::harmless;
use crate::judge::lockstep::words;
use crate::judge::sections::{Found, found};
use crate::numbers::shift::{Agree, Assumption, SLACK, Shift};
use crate::numbers::uses::{Access, Role, Roles};
use crate::pair::side::Side;
use crate::tell::report::{Kind, Verdict};
use prova_module::{ConstOp, ExternKind, GlobalIdx};
use prova_xref::constant;
use std::collections::HashMap;

/// Partners of globals: by import, export, name, then in order among those of one type.
pub(crate) fn partners(sides: (&Side<'_>, &Side<'_>)) -> Vec<Option<u32>> {
    let count = |side: &Side<'_>| side.module.globals().len();
    let mut partners = vec![None; count(sides.0)];
    let mut taken = vec![false; count(sides.1)];
    let mut pair = |a: usize, b: usize, partners: &mut Vec<Option<u32>>| {
        if partners[a].is_none() && !taken[b] {
            partners[a] = Some(b as u32);
            taken[b] = true;
        }
    };
    let keys = |side: &Side<'_>| -> Vec<Vec<String>> {
        let mut keys = vec![Vec::new(); count(side)];
        for (i, (module, name)) in side.global_imports().iter().enumerate() {
            keys[i].push(format!("import {module} {name}"));
        }
        for export in
            side.module.exports().iter().filter(|export| export.kind == ExternKind::Global)
        {
            keys[export.index as usize].push(format!("export {}", export.name));
        }
        for (i, keys) in keys.iter_mut().enumerate() {
            keys.extend(
                side.module.names().global(GlobalIdx(i as u32)).map(|name| format!("name {name}")),
            );
        }
        keys
    };
    let keys_b = keys(sides.1);
    let by_key: HashMap<&str, usize> = keys_b
        .iter()
        .enumerate()
        .rev()
        .flat_map(|(i, keys)| keys.iter().map(move |key| (key.as_str(), i)))
        .collect();
    for (a, keys) in keys(sides.0).iter().enumerate() {
        if let Some(&b) = keys.iter().find_map(|key| by_key.get(key.as_str())) {
            pair(a, b, &mut partners);
        }
    }
    let mut by_type: HashMap<_, Vec<usize>> = HashMap::new();
    for (b, ty) in sides.1.module.globals().iter().enumerate().rev() {
        by_type.entry(*ty).or_default().push(b);
    }
    let imported = (sides.0.module.imported_global_count(), sides.1.module.imported_global_count());
    for (a, ty) in sides.0.module.globals().iter().enumerate().skip(imported.0) {
        while partners[a].is_none() {
            let Some(b) = by_type.get_mut(ty).and_then(Vec::pop) else { break };
            if b >= imported.1 {
                pair(a, b, &mut partners);
            }
        }
    }
    partners
}

/// Adds all differences between globals, in type, partner or initial value.
pub(crate) fn inits(
    sides: (&Side<'_>, &Side<'_>),
    (shift, roles): (&Shift, &Roles),
    out: &mut Vec<Found>,
) {
    let (a, b) = sides;
    let mut met = vec![false; b.module.globals().len()];
    for (i, ty) in a.module.globals().iter().enumerate() {
        let name = a.global_name(i as u32);
        let partner = a.canonical_global(i as u32);
        let Some(other) = b.module.global(GlobalIdx(partner)) else {
            out.push(found(Kind::Global, Verdict::Changed, name, "only in A".into()));
            continue;
        };
        met[partner as usize] = true;
        let kinds = (a.val_id(ty.val), ty.mutable) == (b.val_id(other.val), other.mutable);
        if !kinds {
            out.push(found(
                Kind::Global,
                Verdict::Changed,
                name.clone(),
                "its type changed".into(),
            ));
        }
        let inits =
            (a.module.global_init(GlobalIdx(i as u32)), b.module.global_init(GlobalIdx(partner)));
        let (Some(x), Some(y)) = inits else { continue };
        let told = match (constant(x.ops()), constant(y.ops())) {
            (Some(x), Some(y)) => {
                let globals = (i as u32, partner);
                match global_value(sides, (shift, roles), globals, (x, y)) {
                    Some(told) => told,
                    None => continue,
                }
            }
            _ if a.const_expr(x) == b.const_expr(y) => match stays(sides, shift, x.ops()) {
                Some(agree) => assumed(agree, "its initial value"),
                None => continue,
            },
            _ => (
                Verdict::Changed,
                "its initial value changed".to_owned(),
                Cause::Body { slight: false },
            ),
        };
        let mut one = found(Kind::Global, told.0, name, told.1);
        one.cause = told.2;
        if one.verdict == Verdict::AssumedMoved {
            one.taken = vec![harmless::of_global(sides, roles, (i as u32, partner))];
        }
        out.push(one);
    }
    for (i, _) in met.iter().enumerate().filter(|(_, met)| !**met) {
        out.push(found(
            Kind::Global,
            Verdict::Changed,
            b.global_name(i as u32),
            "only in B".into(),
        ));
    }
}

/// An address that stays in an initial value that is computed, or of several numbers.
fn stays(sides: (&Side<'_>, &Side<'_>), shift: &Shift, ops: &[ConstOp]) -> Option<Agree> {
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
    Some(agree).filter(|agree| matches!(agree, Agree::Assumed { .. }))
}

/// The value of an initial expression that has constants only; `None` for any other.
pub(crate) fn computed(ops: &[ConstOp]) -> Option<u64> {
    let mut stack: Vec<(u64, bool)> = Vec::new();
    for op in ops {
        let value = match op {
            ConstOp::I32Const(value) => (u64::from(*value as u32), false),
            ConstOp::I64Const(value) => (*value as u64, true),
            op => {
                let ((y, _), (x, wide)) = (stack.pop()?, stack.pop()?);
                let value = match op {
                    ConstOp::I32Add | ConstOp::I64Add => x.wrapping_add(y),
                    ConstOp::I32Sub | ConstOp::I64Sub => x.wrapping_sub(y),
                    ConstOp::I32Mul | ConstOp::I64Mul => x.wrapping_mul(y),
                    _ => return None,
                };
                (if wide { value } else { u64::from(value as u32) }, wide)
            }
        };
        stack.push(value);
    }
    stack.pop().map(|(value, _)| value)
}

/// The verdict, summary and cause of an assumption about an initial value.
fn assumed(agree: Agree, what_is: &str) -> (Verdict, String, Cause) {
    let Agree::Assumed { address, delta, what, .. } = agree else {
        return (Verdict::Changed, what_is.to_owned(), Cause::Body { slight: false });
    };
    let by = if let Assumption::Stays(by, _) = what { by } else { delta };
    let cause = match what {
        Assumption::Slot => Cause::Slots,
        _ => Cause::Moved(address, by),
    };
    (Verdict::AssumedMoved, format!("{what_is}: {}", words(address, delta, what)), cause)
}

/// The stack pointer's name, which is a linker's.
const STACK_POINTER: &str = "__stack_pointer";

/// Globals that linkers define as addresses (wasm-ld, LLVM `lld/wasm/Symbols.h`).
const ADDRESSES: [&str; 9] = [
    STACK_POINTER,
    "__heap_base",
    "__heap_end",
    "__data_end",
    "__global_base",
    "__dso_handle",
    "__stack_low",
    "__stack_high",
    "__memory_base",
];

/// End of a summary of addresses that may be numbers, too.
const NUMBERS: &str = "are kept, given away or calculated with: assumed not to matter";

/// Whether a global's name is a linker's for an address.
pub(crate) fn is_linkers(name: &str) -> bool {
    // Where code is independent of its place, linkers write `GOT.data.internal.__heap_base`.
    ADDRESSES.contains(&name.rsplit('.').next().unwrap_or_default())
}

/// Compares two initial values (invariant 3): `None` if they are the same.
fn global_value(
    (a, b): (&Side<'_>, &Side<'_>),
    (shift, roles): (&Shift, &Roles),
    (global, partner): (u32, u32),
    (x, y): (u64, u64),
) -> Option<(Verdict, String, Cause)> {
    let delta = y.wrapping_sub(x) as i64;
    let changed = Cause::Body { slight: false };
    let moved = |what: &str| {
        let summary = format!("initial value {x} → {y}, {what}");
        Some((Verdict::Moved, summary, Cause::Moved(x, delta)))
    };
    let stacks = (a.map.stack_pointer, b.map.stack_pointer);
    let does = roles.global(global);
    let is_stack = stacks.0.map(|(global, _)| global) == Some(global)
        && stacks.1.map(|(global, _)| global) == Some(partner)
        && (does.used && !does.mixed.any() || a.global_symbol(global) == STACK_POINTER);
    // Invariant 4.
    let mixed = does.mixed.any() || delta.trailing_zeros() < does.low.into();
    let also = |what: &str| also_moved((x, y), what);
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
        Some(Agree::Moved { .. }) if mixed => also("an address that moved"),
        Some(Agree::Moved { .. }) => moved("an address that moved"),
        Some(agree @ Agree::Assumed { .. }) => {
            Some(assumed(agree, &format!("initial value {x} → {y}")))
        }
        None => Some((Verdict::Changed, format!("initial value {x} → {y}"), changed)),
    }
}

/// Compares the initial values of two stack pointers; `mixed` if an address made of them may be
/// used as a number, `told` if the host gets one.
fn stack_value(
    (a, b): (&Side<'_>, &Side<'_>),
    shift: &Shift,
    (x, y): (u64, u64),
    (mixed, told): (bool, bool),
) -> Option<(Verdict, String, Cause)> {
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
            let by = "stays, though the data before it grew: assumed that the stack is as large";
            let by = format!("the stack pointer, {x}, {by}");
            Some((Verdict::AssumedMoved, by, Cause::Moved(x, shift.end_delta)))
        }
        0 => match shift.agree((a, b), Role::Unknown, x, y) {
            Some(agree @ Agree::Assumed { .. }) => {
                Some(assumed(agree, &format!("initial value {x}")))
            }
            _ => None,
        },
        _ if behind && near && x % 16 == 0 && y % 16 == 0 && !outside => match (less, mixed) {
            (true, _) => {
                let by = format!(
                    "the stack pointer, {x} → {y}, moved less than the data before it: \
                         assumed that the stack is as large"
                );
                Some((Verdict::AssumedMoved, by, Cause::Moved(x, delta)))
            }
            (false, true) => also_moved((x, y), "the stack behind the data"),
            (false, false) => {
                let what = format!("initial value {x} → {y}, the stack behind the data");
                Some((Verdict::Moved, what, Cause::Moved(x, delta)))
            }
        },
        _ => {
            let free = !told && !outside && shift.moves() && x % 16 == 0 && y % 16 == 0;
            free.then(|| elsewhere((a, b), shift, (x, y))).flatten().or_else(|| {
                let by =
                    format!("the stack pointer starts at {x} in A and at {y} in B ({delta:+})");
                Some((Verdict::Changed, by, Cause::Body { slight: false }))
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
) -> Option<(Verdict, String, Cause)> {
    let before = |side: &Side<'_>, stack| side.map.data().is_some_and(|data| stack <= data.start);
    let behind = (x >= shift.data_end, y >= shift.data_end_b);
    let delta = y.wrapping_sub(x) as i64;
    let what = match ((before(a, x), before(b, y)), behind) {
        ((true, true), _) if delta > 0 => "a larger stack before the data",
        ((true, true), _) => "a smaller stack before the data",
        ((true, false), (_, true)) => "a stack that was before the data and is behind it",
        ((false, true), (true, _)) => "a stack that was behind the data and is before it",
        ((false, false), (true, true)) => "another place behind the data",
        _ => return None,
    };
    let by =
        format!("the stack pointer, {x} → {y}, {what}: assumed that the stack is large enough");
    Some((Verdict::AssumedMoved, by, Cause::Moved(x, delta)))
}

/// An address that moved, and may be a number too (invariant 4).
fn also_moved((x, y): (u64, u64), what: &str) -> Option<(Verdict, String, Cause)> {
    let summary = format!("initial value {x} → {y}, {what}; addresses made of it {NUMBERS}");
    Some((Verdict::AssumedMoved, summary, Cause::Moved(x, y.wrapping_sub(x) as i64)))
}
