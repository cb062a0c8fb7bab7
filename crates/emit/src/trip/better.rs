//! Trips that improve a module, until nothing improves it: what comes out is no larger, and goes in
//! again to come out the same.
//!
//! ```text
//! module ─ shrink ─► each function as small as it settles ─ grow, by what was saved ─ shrink ─► Trip
//!             └── rounds: what is better and no longer replaces ◄──┘
//! ```
//!
//! A function's [`Measure`] is its bytes and the instructions that the interpreter makes of them. A
//! round emits each function anew, and replaces it by what is *better*: of a smaller measure.
//!
//! * Y5. *Shrinking.* Rounds replace functions by what is better and no longer. A function that has
//!   not settled after [`ROUNDS_MAX`] of them gets back the bytes that it had before the first.
//! * Y6. *Growing.* Functions that have settled may once become better and longer, by the bytes
//!   that all of them together have become shorter, in their order; then those that did shrink
//!   again.
//! * Y7. *Size.* The module has at most as many bytes as it had: no body is longer than what others
//!   have saved, none may need a type that the module has not, sections are written with the
//!   shortest sizes, and names only go.
//! * Y8. *Once more gives the same.* What a round emits for a function follows from its bytes and
//!   from what no round changes. A function of the result has settled, or has the bytes from which
//!   it did not settle: shrinking the result changes nothing that stays. So nothing is saved, and
//!   what would grow, and did not since there was no room, has none. (Where more emitted bodies
//!   than `INVALID_MAX` are invalid, all go straight, and a round of one function hangs on the
//!   others: then a second run may still find something. That takes as many faults of the emitter.)
//!
//! Limits: `2 · ROUNDS_MAX + 1` rounds; nearly all functions settle in two. A round costs what a
//! trip costs of the functions that changed in the one before.

use super::candidate::Way;
use super::{Options, Outcome, Trip, TripError, bytes_of, rounds};
use crate::emitted::{Twin, not_copied};
use crate::{Emitted, Types, assemble, emit_with};
use prova_module::ops::{Class, Flow};
use prova_module::{FuncIdx, Module, Opcode};
use std::sync::atomic::{AtomicBool, Ordering};
use wasm_encoder::Encode;
use wasmparser::{BinaryReader, FunctionBody};

/// Rounds in which a function settles, or does not.
pub const ROUNDS_MAX: usize = 16;

/// How good a function is; less is better. How deep in loops something stands does not count: what
/// emission changes there are mostly writes of locals, of which the interpreter sees little.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Measure {
    /// Its bytes and its [`steps`].
    cost: u64,
    /// Its bytes, with those that say how many they are.
    pub(super) bytes: u64,
}

impl Measure {
    /// Of a body: declared locals and operators, without the size.
    pub(super) fn of(body: &[u8]) -> Measure {
        let mut size = Vec::new();
        body.len().encode(&mut size);
        let bytes = (size.len() + body.len()) as u64;
        // A body that cannot be read is better than no other.
        let steps = steps(&FunctionBody::new(BinaryReader::new(body, 0))).unwrap_or(u64::MAX);
        let cost = bytes.saturating_add(steps);
        Measure { cost, bytes }
    }

    /// Of a function as it is.
    pub(super) fn of_func(module: &Module, func: FuncIdx) -> Measure {
        Measure::of(bytes_of(module, func).unwrap_or_default())
    }
}

/// About how many instructions the interpreter makes of a body: reads of locals and constants are
/// operands of others, and a write is the result of the operator before it. An `else` is a jump if
/// it is fallen into, and so is the end.
fn steps(body: &FunctionBody<'_>) -> wasmparser::Result<u64> {
    let mut steps = 0;
    // Whether control comes here, and whether what is on top of the stack was just computed.
    let (mut reached, mut computed) = (true, false);
    // By block: whether control comes to its start.
    let mut outside = Vec::new();
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let opcode = Opcode::of(&operators.read()?);
        let class = opcode.class();
        let is_operand = matches!(class, Class::local_get | Class::constant | Class::null);
        let is_nothing = matches!(class, Class::drop_ | Class::nop | Class::block | Class::loop_)
            || class == Class::try_table
            || class == Class::end && !outside.is_empty();
        let is_write = matches!(class, Class::local_set | Class::local_tee);
        let is_step = !(is_operand || is_nothing || is_write && computed);
        steps += u64::from(is_step && reached);
        computed = is_step && class != Class::local_tee;
        match class.flow() {
            Flow::Open(_) => outside.push(reached),
            Flow::Else => reached = outside.last() == Some(&true),
            Flow::End => reached = outside.pop() == Some(true),
            Flow::Stop => reached = false,
            Flow::Next | Flow::Fork | Flow::Call => {}
        }
    }
    Ok(steps)
}

/// The demand on emitted functions: to be better.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'w> {
    /// By defined function: whether something else is wanted at all.
    open: &'w [bool],
    /// By defined function: whether something better was longer than there is room for.
    longer: &'w [AtomicBool],
    /// By how many bytes functions may grow.
    pub(super) room: u64,
}

impl Wanted<'_> {
    fn at(module: &Module, func: FuncIdx) -> usize {
        func.index() - module.imported_func_count()
    }

    pub(super) fn is_open(&self, module: &Module, func: FuncIdx) -> bool {
        self.open.get(Self::at(module, func)) == Some(&true)
    }

    /// Whether what is emitted is better than the function as it is, and no longer than it may be.
    pub(super) fn takes(&self, module: &Module, emitted: &Emitted) -> bool {
        let now = Measure::of_func(module, emitted.func);
        let new = Measure::of(&emitted.bytes);
        if emitted.extra_types || new >= now {
            return false;
        }
        let fits = new.bytes <= now.bytes + self.room;
        if !fits && let Some(longer) = self.longer.get(Self::at(module, emitted.func)) {
            longer.store(true, Ordering::Relaxed);
        }
        fits
    }
}

/// Sends a module on trips, with its loops turned or not, until nothing of it becomes better (Y5 to
/// Y8). The trip that is given is from the first module to the last: a function with a failure on
/// any of them has that for its outcome.
///
/// # Errors
/// As [`module`](super::module).
pub fn improved(module: &Module, options: &Options<'_>, turns: bool) -> Result<Trip, TripError> {
    improved_where(module, options, turns, |_| true)
}

/// The same for some functions: the others keep their bytes, and no body of theirs is built.
///
/// # Errors
/// As [`improved`].
pub fn improved_where(
    module: &Module,
    options: &Options<'_>,
    turns: bool,
    is_open: impl Fn(FuncIdx) -> bool,
) -> Result<Trip, TripError> {
    let open: Vec<bool> = module.defined_funcs().map(is_open).collect();
    let count = open.len();
    let outcomes = module.defined_funcs().map(|func| (func, Outcome::NotBetter)).collect();
    let trip = Trip { module: module.clone(), dropped: Vec::new(), outcomes, unturned: Vec::new() };
    let longer = (0..count).map(|_| AtomicBool::new(false)).collect();
    let mut run = Run { options, turns, trip, longer };
    run.shrink(open)?;
    let bytes = |module: &Module| -> u64 {
        module.defined_funcs().map(|func| Measure::of_func(module, func).bytes).sum()
    };
    let room = bytes(module).saturating_sub(bytes(&run.trip.module));
    let open: Vec<bool> = run.longer.iter().map(|it| it.load(Ordering::Relaxed)).collect();
    if room > 0 && open.contains(&true) {
        let before = run.trip.module.clone();
        let grown = run.round(&open, room)?;
        run.shrink_from(grown, &before)?;
    }
    let Run { mut trip, .. } = run;
    for (func, outcome) in &mut trip.outcomes {
        if !outcome.is_failure() && bytes_of(module, *func) != bytes_of(&trip.module, *func) {
            *outcome = Outcome::Replaced;
        }
    }
    Ok(trip)
}

/// The state of the rounds so far.
struct Run<'o> {
    options: &'o Options<'o>,
    turns: bool,
    trip: Trip,
    longer: Vec<AtomicBool>,
}

impl Run<'_> {
    /// Makes these functions better by what is no longer, until they settle (Y5).
    fn shrink(&mut self, open: Vec<bool>) -> Result<(), TripError> {
        let before = self.trip.module.clone();
        self.shrink_from(open, &before)
    }

    /// The same; those that do not settle become what they are in the module before.
    fn shrink_from(&mut self, mut open: Vec<bool>, before: &Module) -> Result<(), TripError> {
        for _ in 0..ROUNDS_MAX {
            if !open.contains(&true) {
                return Ok(());
            }
            open = self.round(&open, 0)?;
        }
        self.back(&open, before)
    }

    /// Emits these functions anew, and replaces those that become better; by how many bytes all of
    /// them may grow, and which were replaced.
    fn round(&mut self, open: &[bool], room: u64) -> Result<Vec<bool>, TripError> {
        for (longer, _) in self.longer.iter().zip(open).filter(|(_, open)| **open) {
            longer.store(false, Ordering::Relaxed);
        }
        let wanted = Wanted { open, longer: &self.longer, room };
        let way = Way { turns: self.turns, wanted: Some(wanted), ..Way::new(&emit_with) };
        let (next, _) = rounds(&self.trip.module, self.options, way)?;
        let mut replaced = Vec::with_capacity(next.outcomes.len());
        for ((_, now), (_, next)) in self.trip.outcomes.iter_mut().zip(next.outcomes) {
            replaced.push(next == Outcome::Replaced);
            if next.is_failure() {
                *now = next;
            }
        }
        // Without a better body not even the sizes of sections are written anew.
        if replaced.contains(&true) {
            self.trip.module = next.module;
        }
        self.trip.dropped.extend(next.dropped);
        self.trip.unturned.extend(next.unturned);
        Ok(replaced)
    }

    /// Gives these functions the bytes back that they have in another module, from which they came.
    fn back(&mut self, open: &[bool], before: &Module) -> Result<(), TripError> {
        if !open.contains(&true) {
            return Ok(());
        }
        let now = &self.trip.module;
        let was = |(func, &is_open): (FuncIdx, &bool)| {
            let bytes = bytes_of(before, func).filter(|_| is_open)?.to_vec();
            Some(Emitted { func, bytes, extra_types: false })
        };
        let bodies: Vec<Option<Emitted>> = now.defined_funcs().zip(open).map(was).collect();
        let bodies: Vec<Option<&Emitted>> = bodies.iter().map(Option::as_ref).collect();
        let bytes = assemble(now, &Types::new(now), &bodies).bytes;
        let new = Module::decode(bytes, now.features(), self.options.limits);
        let new = new.map_err(TripError::Decode)?;
        // Each function is one that was proved, or the one that it was.
        let (mine, theirs) = (Twin::check(now, &new), Twin::check(before, &new));
        let (mine, theirs) =
            (mine.map_err(TripError::Differs)?, theirs.map_err(TripError::Differs)?);
        for (func, &is_open) in now.defined_funcs().zip(open) {
            let is_copied = if is_open { theirs.is_copied(func) } else { mine.is_copied(func) };
            if !is_copied {
                return Err(TripError::Differs(not_copied(func)));
            }
        }
        for (longer, _) in self.longer.iter().zip(open).filter(|(_, open)| **open) {
            longer.store(false, Ordering::Relaxed);
        }
        self.trip.module = new;
        Ok(())
    }
}
