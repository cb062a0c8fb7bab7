//! A whole program: functions are specialised to their callers → a module that does the same with
//! less.
//!
//! ```text
//! Module ─ trip ─► Module ─┬─ uses ─ plan ─► Edit ─ write ─► Module ─ check ─► Module ─ trip ─┐
//!                          └◄──────────── rounds, while bodies become smaller ◄──────────────┘
//!        ─ order ─► Module ─ same ─► the result
//! ```
//!
//! A *trip* improves each function by itself and proves it ([`prova_emit::trip::improved`]). What
//! crosses functions is done between trips, on WebAssembly: a body learns which constants its
//! callers pass, or stands where it was called. These edits are plain, only add operators, and are
//! compared operator by operator (`check`, rules F1 to F4); the trip behind them does the work. In
//! the end functions that nothing reaches go, the others get short numbers, and data loses its
//! zeroes (`same`, rules T1 to T5).
//!
//! This is interprocedural constant propagation (Callahan, Cooper, Kennedy and Torczon, 1986) and
//! inlining, of functions that the module does not give away: what is exported, in a table, or
//! started, is entered by others.
//!
//! * T11. The module has at most as many bytes as a trip alone makes of it.
//! * T12. Trusted are `check`, `same`, `uses` and `image`; the plan and the writers are not.
//! * T13. The result depends on the module and the options alone.
//!
//! Limits: [`ROUNDS_MAX`]. What no proof here keeps: fuel, the depth at which the stack overflows,
//! and the frames and numbers of functions in backtraces.

mod check;
mod edit;
mod image;
mod order;
mod plan;
mod plant;
mod same;
mod uses;
mod write;

use edit::Edit;
use plan::{Refused, plan, size};
use prova_emit::trip::{self, Options, Outcome, Trip, TripError};
use prova_module::{FuncIdx, Module};
use uses::{Passed, Uses};

/// The most rounds of edits.
pub const ROUNDS_MAX: usize = 8;

/// How often the whole way is gone, while the module becomes smaller: what has short numbers may
/// be worth more.
const TIMES_MAX: usize = 4;

/// Bytes that a function which is gone saves, apart from its body: its type, its size, its locals.
const FUNCTION_BYTES: usize = 3;

/// A module that was improved as a whole.
#[derive(Debug)]
pub struct Improved {
    /// As of a trip: the module, what is gone of its custom sections, and the outcome for each
    /// function that it had.
    pub trip: Trip,
    /// Faults of Prova that kept functions as they were.
    pub notes: Vec<String>,
}

/// Improves a module as a whole.
///
/// # Errors
/// As [`trip::improved`].
pub fn improved(
    module: &Module,
    options: &Options<'_>,
    turns: bool,
) -> Result<Improved, TripError> {
    let mut all = once(module, options, turns)?;
    for _ in 1..TIMES_MAX {
        let next = once(&all.trip.module, options, turns)?;
        if next.trip.module.bytes().len() >= all.trip.module.bytes().len() {
            break;
        }
        all.adopt(next.trip.module, next.trip.dropped);
        all.notes.extend(next.notes);
    }
    Ok(all)
}

/// The whole way once.
fn once(module: &Module, options: &Options<'_>, turns: bool) -> Result<Improved, TripError> {
    let trip = trip::improved(module, options, turns)?;
    let mut all = Improved { trip, notes: Vec::new() };
    let mut refused = Refused::default();
    for _ in 0..ROUNDS_MAX {
        if !all.round(options, turns, &mut refused)? {
            break;
        }
    }
    match order::ordered(&all.trip.module, options.limits) {
        Ok(None) => {}
        Ok(Some((new, dropped))) => all.adopt(new, dropped),
        Err(why) => all.notes.push(format!("functions keep their numbers: {why}")),
    }
    for (func, outcome) in &mut all.trip.outcomes {
        let is_same = is_same(module, &all.trip.module, *func);
        if !outcome.is_failure() && !is_same {
            *outcome = Outcome::Replaced;
        }
    }
    Ok(all)
}

/// Whether a function of one module has the bytes of the same number in another one.
fn is_same(old: &Module, new: &Module, func: FuncIdx) -> bool {
    let other = (func.index() < new.func_count()).then(|| new.body(func)).flatten();
    old.body(func).map(|body| body.bytes()) == other.map(|body| body.bytes())
}

impl Improved {
    fn adopt(&mut self, module: Module, dropped: Vec<String>) {
        self.trip.module = module;
        for section in dropped {
            if !self.trip.dropped.contains(&section) {
                self.trip.dropped.push(section);
            }
        }
    }

    /// Edits bodies and improves them; whether another round may find something.
    fn round(
        &mut self,
        options: &Options<'_>,
        turns: bool,
        refused: &mut Refused,
    ) -> Result<bool, TripError> {
        let old = self.trip.module.clone();
        let uses = Uses::of(&old);
        let passed = uses.passed(&old);
        let edit = plan(&old, &uses, &passed, refused);
        if edit.is_empty() {
            return Ok(false);
        }
        let Some((edited, mut dropped)) = self.edited(&old, &edit, &passed, options) else {
            return Ok(false);
        };
        let transform = |body: prova_ssa::CheckedBody| match edit.changes(body.body().func()) {
            true => (options.transform)(body),
            false => None,
        };
        let mine = Options { transform: &transform, ..*options };
        let next = trip::improved(&edited, &mine, turns)?;
        let worse = worse(&old, &next.module, &uses, &edit);
        if worse.is_empty() {
            for ((_, now), (_, next)) in self.trip.outcomes.iter_mut().zip(next.outcomes) {
                if next.is_failure() {
                    *now = next;
                }
            }
            self.trip.unturned.extend(next.unturned);
            dropped.extend(next.dropped);
            self.adopt(next.module, dropped);
        }
        for func in worse {
            refused.known.insert(func);
            refused.inlined.extend(edit.standing(func));
        }
        Ok(true)
    }

    /// The edited module, if it is right.
    fn edited(
        &mut self,
        old: &Module,
        edit: &Edit,
        passed: &[Vec<Passed>],
        options: &Options<'_>,
    ) -> Option<(Module, Vec<String>)> {
        let made = write::edited(old, edit, options.limits).and_then(|(new, dropped)| {
            check::check(old, &new, edit, passed).map(|()| (new, dropped))
        });
        made.map_err(|why| self.notes.push(format!("functions stay apart: {why}"))).ok()
    }
}

/// The functions that an edit has made larger than it is worth.
fn worse(old: &Module, new: &Module, uses: &Uses, edit: &Edit) -> Vec<FuncIdx> {
    // By function: whether others enter it yet, and in how many its body stands.
    let (mut stays, mut stands) = (uses.taken.clone(), vec![0_u32; old.func_count()]);
    for func in old.defined_funcs().filter(|func| uses.live[func.index()]) {
        for callee in uses.calls[func.index()].iter().map(|named| named.callee) {
            stays[callee.index()] |= !edit.inlined.contains(&(func, callee));
        }
    }
    edit.inlined.iter().for_each(|(_, callee)| stands[callee.index()] += 1);
    let is_worse = |func: &FuncIdx| {
        let moved = edit.standing(*func).map(|(_, callee)| callee);
        let moved = moved.filter(|callee| stands[callee.index()] == 1 && !stays[callee.index()]);
        let room: usize = moved.map(|callee| size(old, callee) + FUNCTION_BYTES).sum();
        size(new, *func) > size(old, *func) + room
    };
    old.defined_funcs().filter(|func| edit.changes(*func)).filter(is_worse).collect()
}

#[cfg(test)]
mod tests;
