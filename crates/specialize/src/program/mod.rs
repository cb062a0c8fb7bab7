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
use std::collections::{BTreeMap, BTreeSet};
use uses::{Passed, Seen, Uses};

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
    /// By function that it had: its number now; `None` if it is gone.
    pub numbers: Vec<Option<FuncIdx>>,
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
    let (mut all, mut open) = once(module, options, turns, |_| true)?;
    for _ in 1..TIMES_MAX {
        let next = once(&all.trip.module, options, turns, |func| open.contains(&func))?;
        let (next, next_open) = next;
        open = next_open;
        all.tell(&next);
        if next.trip.module.bytes().len() >= all.trip.module.bytes().len() {
            break;
        }
        all.adopt(next.trip.module, next.trip.dropped);
        all.renumber(&next.numbers);
    }
    for (func, outcome) in &mut all.trip.outcomes {
        let now = all.numbers[func.index()];
        let is_same = now.is_some_and(|now| is_same((module, *func), (&all.trip.module, now)));
        if !outcome.is_failure() && !is_same {
            *outcome = Outcome::Replaced;
        }
    }
    Ok(all)
}

/// The knowledge that rounds have of those before them.
#[derive(Default)]
struct Tried {
    refused: Refused,
    seen: Seen,
}

/// The whole way once, of which the first trip is of some functions; with those that may have
/// become worth another: others have settled, and name functions by numbers of the same length.
fn once(
    module: &Module,
    options: &Options<'_>,
    turns: bool,
    is_open: impl Fn(FuncIdx) -> bool,
) -> Result<(Improved, BTreeSet<FuncIdx>), TripError> {
    let trip = trip::improved_where(module, options, turns, is_open)?;
    let numbers = (0..module.func_count() as u32).map(|func| Some(FuncIdx(func))).collect();
    let mut all = Improved { trip, notes: Vec::new(), numbers };
    let mut tried = Tried::default();
    for _ in 0..ROUNDS_MAX {
        if !all.round(options, turns, &mut tried)? {
            break;
        }
    }
    let mut open = BTreeSet::new();
    match order::ordered(&all.trip.module, options.limits) {
        Ok(None) => {}
        Ok(Some(made)) => {
            let moved = made.numbers.iter().enumerate().filter_map(|(at, to)| {
                let (old, to) = (size(&all.trip.module, FuncIdx(at as u32)), (*to)?);
                (size(&made.module, to) != old).then_some(to)
            });
            open.extend(moved);
            all.adopt(made.module, made.dropped);
            all.renumber(&made.numbers);
        }
        Err(why) => all.notes.push(format!("functions keep their numbers: {why}")),
    }
    Ok((all, open))
}

/// Whether a function of one module has the bytes of a function of another one.
fn is_same((old, func): (&Module, FuncIdx), (new, now): (&Module, FuncIdx)) -> bool {
    old.body(func).map(|body| body.bytes()) == new.body(now).map(|body| body.bytes())
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

    /// Functions have other numbers now.
    fn renumber(&mut self, numbers: &[Option<FuncIdx>]) {
        for number in &mut self.numbers {
            *number = number.and_then(|func| numbers.get(func.index()).copied().flatten());
        }
    }

    /// Takes over what failed when this module went on the whole way again, by the numbers that
    /// functions had at first. What failed before stays.
    fn tell(&mut self, next: &Improved) {
        let mut first: BTreeMap<FuncIdx, FuncIdx> = BTreeMap::new();
        let failed = next.trip.outcomes.iter().filter(|(_, outcome)| outcome.is_failure());
        let failed: BTreeMap<FuncIdx, &Outcome> = failed.map(|(func, it)| (*func, it)).collect();
        for (func, outcome) in &mut self.trip.outcomes {
            let Some(now) = self.numbers.get(func.index()).copied().flatten() else { continue };
            first.entry(now).or_insert(*func);
            if let Some(&failure) = failed.get(&now).filter(|_| !outcome.is_failure()) {
                *outcome = failure.clone().renumbered(*func);
            }
        }
        let unturned = next.trip.unturned.iter();
        let unturned = unturned.filter_map(|(now, why)| Some((*first.get(now)?, why.clone())));
        self.trip.unturned.extend(unturned);
        self.notes.extend(next.notes.iter().cloned());
    }

    /// Edits bodies and improves them; whether another round may find something.
    fn round(
        &mut self,
        options: &Options<'_>,
        turns: bool,
        tried: &mut Tried,
    ) -> Result<bool, TripError> {
        let old = self.trip.module.clone();
        let uses = Uses::of(&old);
        // Rounds change bodies alone: that is checked (F1), and so is a trip.
        let passed = uses.passed(&old, &mut tried.seen);
        let edit = plan(&old, &uses, &passed, &tried.refused);
        if edit.is_empty() {
            return Ok(false);
        }
        let Some((edited, mut dropped)) = self.edited(&old, &edit, &passed, options) else {
            return Ok(false);
        };
        let next = trip::improved_where(&edited, options, turns, |func| edit.changes(func))?;
        // A failure is reported though its round may be taken back.
        for ((_, now), (_, next)) in self.trip.outcomes.iter_mut().zip(next.outcomes) {
            if next.is_failure() {
                *now = next;
            }
        }
        self.trip.unturned.extend(next.unturned);
        let worse = worse(&old, &next.module, &uses, &edit);
        if worse.is_empty() {
            dropped.extend(next.dropped);
            self.adopt(next.module, dropped);
        }
        for func in worse {
            tried.refused.known.insert(func);
            tried.refused.inlined.extend(edit.standing(func));
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
