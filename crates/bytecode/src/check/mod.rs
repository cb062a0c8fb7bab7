//! The check: a candidate and its module → the proof of the rules below, or the first rule that is
//! broken.
//!
//! ```text
//! Candidate ─ walk ─► instruction ─┬─ operands: slots, indices, lanes     (a file per instruction family)
//!                                  ├─ control: calls, returns, branches
//!                                  ├─ targets: of branches and handlers
//!                                  └─ map, metering
//!           └ then equality: the operators of the body against the code
//! ```
//!
//! Called by [`CheckedBytecode::check`](crate::CheckedBytecode::check) alone. It shares the op
//! table, the decoder and [`FuncFacts`] with a translator and knows nothing else of it. The
//! executors' `unsafe` code cites the rules by number.
//!
//! # Rules of form
//! Let *F* be `frame_cells`, *L* the local cells and *R* the result cells of the function.
//!
//! * F1. *Decoding.* Every word belongs to exactly one instruction in one linear pass, no unused
//!   bit is set, and no instruction is a stub.
//! * F2. *End.* There is an instruction, and the last one is a terminator: control never falls off
//!   the end.
//! * F3. *Size.* The module defines the function; its code has at most [`WORDS_MAX`] words, and at
//!   most [`WORDS_BASE`] and [`WORDS_PER_BYTE`] for each byte of the function's body.
//! * F4. *Frame.* `L ≤ F`, `R ≤ F`, and `8·F ≤ charge_bytes`.
//! * F5. *Slots.* Every slot operand lies in the frame with all its cells: `slot + cells ≤ F`.
//! * F6. *Targets.* Every branch target is the first word of an instruction of this code.
//! * F7. *Indices.* Every index operand is below the length of its index space of the module;
//!   `call` and `return_call` name a defined function, `call_import` and `return_call_import` an
//!   imported one.
//! * F8. *Kinds.* A `global.*_v128` names a v128 global, another `global.*` none; a set names a
//!   mutable one. Loads and stores of memory 0 appear only where it has 32-bit addresses. A shared
//!   memory is accessed by `shared.access` and no other instruction of an access, which takes no
//!   other memory; its operator exists. A table called through holds functions; tables and element
//!   segments of one instruction hold the same references. A `copy_f32` takes what it copies from
//!   the accumulator, or from a slot that holds a parameter of 32 bits; `equality` proves this one.
//! * F9. *Lanes.* A lane index is below the lane count of its op, each of a shuffle below 32.
//! * F10. *Windows.* A call's window lies above the locals, and with the callee's parameters and
//!   results in the frame: `L ≤ w`, `w + max(parameter cells, result cells) ≤ F`. For a tail call:
//!   `L ≤ w`, `w + parameter cells ≤ F`. An operator on objects has a window like a call, of its
//!   operands and its result; its type, field and number of elements exist.
//! * F11. *Returns.* `return1` appears only where `R = 1`, `return2` where `R = 2`; a tail call's
//!   callee has the function's result types, up to subtypes.
//! * F12. *Map.* Entries ascend strictly by word from word 0, each at an instruction, each to an
//!   operator's place in the function's body.
//! * F13. *Hints.* Control hints ascend by offset and do not descend by word, which is at most the
//!   length of the code.
//! * F14. *Metering.* By fuel: the charges in the order of the code are the segments of the facts
//!   in order, each with the segment's cost and mapped to its offset. By epoch: the first
//!   instruction is a poll, and every backward branch goes to a poll, so that no cycle is without
//!   one; a `heat` may stand before it. By both: both. Neither op appears in another mode.
//! * F15. *Handlers.* The ranges of handlers start and end at instructions, nest, and stand in the
//!   order of their ends. Tags exist. A handler's values lie in the frame above the locals, or are
//!   as many cells as the results where it returns. Its target is an instruction (F6), which every
//!   instruction that may throw inside the range reaches as by a branch (Q4, F14).
//!
//! With the form an executor stays in the frame and in the module's index spaces.
//!
//! # Rules of equality
//! They say that the code computes what the function does; `equality` proves them by walking the
//! operators and the code together.
//!
//! * Q1. *Operators.* Every operator in reachable code is one that the check knows.
//! * Q2. *Effects.* The code performs the effects that the Wasm demands, in its order, with equal
//!   arguments, each once and no other: loads, stores, globals, tables, bulk operators, calls,
//!   operators on objects, numeric traps, `unreachable`, charges and polls.
//! * Q3. *Places.* The instruction of an effect maps (F12) to the operator that demands it.
//! * Q4. *Initialised.* On every path from the entry, a slot `≥ L` is written before it is read.
//!   Parameters and locals are written by the call. Reads are slot sources, a call's arguments, a
//!   return's results. Cells that a callee's frame may have overwritten, and cells that a label's
//!   relation does not hold, count as unwritten. The same of accumulators, which nothing holds
//!   behind a label, a call, or an operation of the store that may trap.
//! * Q5. *Values.* On every edge to a label, each of the label's values is in its home slot.
//! * Q6. *Frozen.* On every edge to a label, each local is in its slot, and so is each
//!   operand-stack position below the label's base.
//! * Q7. *Labels.* A branch goes to the very label of its operator, and control leaves nowhere
//!   else.
//! * Q8. *Conditions.* A conditional branch is taken exactly where the Wasm's is, or its negation
//!   leads around the edge's code; a table branches on the Wasm's index.
//! * Q9. *Results.* The cells that are returned hold the results.
//! * Q10. *Live.* No window (F10) reaches below a live value.
//! * Q11. *Clauses.* The handlers are the clauses of the reachable `try_table`s, with their ranges,
//!   tags, slots and labels.
//! * Q12. *Extents.* There is a hint for every control operator in reach and for nothing else, each
//!   at the word where the operator's code ends.
//! * Q13. *Roots.* At a call, at a `throw` and at an operator that makes an object, at which the
//!   frame holds references to exceptions or objects ([`FuncFacts::exception_roots`]), each local
//!   is in its slot, and so is each operand-stack position up to the highest such operand.
//!
//! # What an executor may lean on, and what not
//! With the form, running code reads and writes only cells of its frame (and, through a window, the
//! callee's), decodes only instructions, and indexes the module's index spaces in range. With the
//! equality, each cell that an instruction with an effect reads holds the Wasm operator's value, of
//! the type that it has there: an i32 is zero-extended, an address is the operator's address, a
//! cell used as a reference is a reference of this store or null. So an executor may take a cell's
//! type from the op. Whether an address or a table index is in bounds depends on the run and must
//! be tested; that is the meaning of the op.
//!
//! A trap, a call's place in a backtrace and a poll have the Wasm offset that the map gives (Q3);
//! for other instructions the map is only in order. Q4 does not say that a slot still holds what
//! was written there: a callee's frame overlaps the home slots above its window. The demands of
//! `deterministic` are part of the terms: a float operator whose NaN may vary is followed by its
//! `canonicalize`.
//!
//! # Cost
//! One pass, in which equality takes each instruction when its form is proved (`equality` gives its
//! own cost). Time: linear in words, map and hints, times a constant for each operand, argument and
//! result (at most 1,000 values of a call, by the limits of the module). Memory: one bit for each
//! word, 8 bytes for each branch. It never panics, for any candidate (test `no_candidate_panics`).

mod control;
mod equality;
mod error;
mod exception;
mod map;
mod memory;
mod metering;
mod reference;
mod table;
mod targets;
#[cfg(test)]
pub(crate) mod tests;
mod variable;
mod vector;

pub use equality::{Effect, Observer, Sides, accumulator_cell};
pub use error::{CheckError, Component, Difference, Excerpt, Reason, Rule, operands};

use crate::candidate::{Candidate, Settings};
use crate::encode::{Inst, VALUES_MAX, WORDS_MAX, decode_into};
use crate::ops::Kind;
use error::{Fault, Verdict};
use exception::Ranges;
use map::MapCursor;
use metering::Meter;
use prova_module::{FuncFacts, FuncType, MemoryIdx, Module};
use targets::Targets;

/// Maximum number of words of a function's code whose body is empty (F3).
///
/// With [`WORDS_PER_BYTE`] it bounds memory and time by the Wasm, for every candidate. Honest code
/// is far below: by [`Limits::work_per_byte`](prova_module::Limits::work_per_byte) a body of *b*
/// bytes has at most 2²⁰ + 32·*b* values that calls, blocks and branches move, which takes four
/// words for a value, and up to *b* operators, which take sixteen words each.
pub const WORDS_BASE: usize = 4_194_304;

/// Words for each byte of the body, on top of [`WORDS_BASE`].
pub const WORDS_PER_BYTE: usize = 144;

/// The inputs of every rule.
#[derive(Clone, Copy)]
struct Context<'a> {
    module: &'a Module,
    facts: &'a FuncFacts,
    ty: &'a FuncType,
    settings: &'a Settings,
    candidate: &'a Candidate,
}

/// Proves all rules of a candidate, and gives the facts that it was compared with. The observer
/// decides nothing (`equality::observe`).
pub(crate) fn check<'a, O: Observer>(
    module: &'a Module,
    settings: &'a Settings,
    candidate: &'a Candidate,
    observer: O,
) -> Result<&'a FuncFacts, CheckError> {
    let mut walk = open(module, settings, candidate)?;
    let at = |word| move |fault| CheckError::new(candidate.func, word, fault, &candidate.map);
    equality::prove(&mut walk, observer).map_err(|(word, fault)| at(word)(fault))?;
    walk.finish().map_err(at(candidate.words.len() as u32))?;
    Ok(walk.cx.facts)
}

/// Runs the check of a candidate under an observer, which decides nothing (`equality::observe`
/// says why) and gets no witness.
///
/// # Errors
/// Those of [`CheckedBytecode::check`](crate::CheckedBytecode::check).
pub fn observe<O: Observer>(
    module: &Module,
    settings: &Settings,
    candidate: &Candidate,
    observer: O,
) -> Result<(), CheckError> {
    check(module, settings, candidate, observer).map(drop)
}

/// Proves F1 to F14 and F15 of a candidate, its form.
#[cfg(test)]
fn structure(
    module: &Module,
    settings: &Settings,
    candidate: &Candidate,
) -> Result<(), CheckError> {
    let mut walk = open(module, settings, candidate)?;
    let at = |word| move |fault| CheckError::new(candidate.func, word, fault, &candidate.map);
    let mut inst = Inst::BLANK;
    while (inst.next as usize) < candidate.words.len() {
        let word = inst.next;
        walk.step(word, &mut inst).map_err(at(word))?;
    }
    walk.finish().map_err(at(inst.next))
}

/// Proves what concerns the candidate as a whole, and opens the walk over its instructions.
fn open<'a>(
    module: &'a Module,
    settings: &'a Settings,
    candidate: &'a Candidate,
) -> Result<Walk<'a>, CheckError> {
    let func = candidate.func;
    let at = |word| move |fault: Fault| CheckError::new(func, word, fault, &candidate.map);
    let Some(facts) = module.facts(func) else {
        let fault = Fault::new(Rule::Size, format!("the module defines no {func}"));
        return Err(at(0)(fault));
    };
    let ty = module.func_type(func);
    let cx = Context { module, facts, ty, settings, candidate };
    header(&cx).map_err(at(0))?;
    map::hints(&cx).map_err(at(0))?;
    Ok(Walk {
        targets: Targets::new(candidate.words.len(), candidate.controls.len()),
        near: module.memory(MemoryIdx(0)).is_some_and(|memory| !memory.memory64 && !memory.shared),
        map: MapCursor::new(&cx).map_err(at(0))?,
        meter: Meter::new(&cx),
        ranges: Ranges::new(&cx).map_err(at(0))?,
        offset: 0,
        cx,
    })
}

/// F3 and F4.
fn header(cx: &Context<'_>) -> Verdict {
    let Candidate { func, words, frame_cells, .. } = cx.candidate;
    let bytes = cx.module.body(*func).map_or(0, |body| body.bytes().len());
    let most = WORDS_MAX.min(WORDS_BASE + WORDS_PER_BYTE * bytes);
    if words.len() > most {
        let what = format!("{} words, at most {most} for {bytes} bytes", words.len());
        return Err(Fault::new(Rule::Size, what));
    }
    let (frame, locals, results) = (*frame_cells, cx.facts.local_cells, cx.facts.result_cells);
    if frame < locals || frame < results {
        let what = format!("{frame} cells, with {locals} of locals and {results} of results");
        return Err(Fault::new(Rule::Frame, what));
    }
    let charge = cx.facts.charge_bytes();
    if 8 * u64::from(frame) > charge {
        return Err(Fault::new(Rule::Frame, format!("{frame} cells for {charge} bytes of charge")));
    }
    Ok(())
}

struct Walk<'a> {
    cx: Context<'a>,
    targets: Targets,
    map: MapCursor<'a>,
    meter: Meter<'a>,
    ranges: Ranges<'a>,
    /// Whether memory 0 has 32-bit addresses and is not shared.
    near: bool,
    /// The offset that the map gives the instruction of the newest step.
    offset: u32,
}

impl Walk<'_> {
    /// The rules for the instruction at `word`, which follows the one of the step before; gives it
    /// in `inst`.
    #[inline]
    fn step(&mut self, word: u32, inst: &mut Inst) -> Verdict {
        decode_into(&self.cx.candidate.words, word, inst)
            .map_err(|error| Fault::new(Rule::Decoding, error.to_string()))?;
        self.offset = self.map.enter(word)?;
        self.targets.enter(word);
        if !self.ranges.is_empty() {
            self.ranges.enter(&self.cx, &mut self.targets, word)?;
        }
        self.slots(inst)?;
        let form = inst.op.info().form;
        if form.near && !self.near {
            return Err(memory::far(&self.cx));
        }
        if !form.plain || word == 0 {
            self.others(inst)?;
        }
        self.targets.leave(form.terminator);
        Ok(())
    }

    /// F5.
    #[inline]
    fn slots(&self, inst: &Inst) -> Verdict {
        let info = inst.op.info();
        let frame = u64::from(self.cx.candidate.frame_cells);
        // If the highest slot is inside, with two cells where any has them, all are.
        if let Some(short) = &info.short {
            let slot = |i: usize| inst.values[i] & short.slots[i];
            let highest = slot(0).max(slot(1)).max(slot(2)).max(slot(3));
            if highest + u64::from(info.form.wide != 0) < frame {
                return Ok(());
            }
        }
        let outside = |from: usize, to: usize| {
            (from..to).fold(false, |outside, i| {
                let slot = info.form.slots >> i & 1 == 1;
                let wide = u64::from(info.form.wide >> i & 1);
                outside | (slot & (inst.values[i].saturating_add(wide) >= frame))
            })
        };
        if outside(0, VALUES_MAX) {
            return Err(self.outside(inst));
        }
        Ok(())
    }

    #[cold]
    fn outside(&self, inst: &Inst) -> Fault {
        let (form, frame) = (inst.op.info().form, self.cx.candidate.frame_cells);
        for (i, &slot) in inst.values.iter().enumerate().filter(|(i, _)| form.slots >> i & 1 == 1) {
            let cells = 1 + u64::from(form.wide >> i & 1);
            if slot + cells > u64::from(frame) {
                let what = format!("s{slot} ({cells} cells) in a frame of {frame}");
                return Fault::new(Rule::Slots, what);
            }
        }
        Fault::new(Rule::Slots, "a slot outside of the frame")
    }

    /// Checks the operands that are no slots, and the rules of the class.
    #[inline(never)]
    fn others(&mut self, inst: &Inst) -> Verdict {
        self.operands(inst)?;
        control::check(&self.cx, &mut self.targets, inst)?;
        self.meter.instruction(&self.cx, inst, self.offset)
    }

    /// F7, F8, F9: what an operand's kind demands.
    fn operands(&self, inst: &Inst) -> Verdict {
        let cx = &self.cx;
        let mut elements = table::Elements::default();
        let mut v = 0;
        for operand in inst.op.operands() {
            let value = inst.values[v];
            v += 1;
            match operand.kind {
                Kind::v128c => {
                    vector::immediate(inst.op, value, inst.values[v])?;
                    v += 1;
                }
                Kind::lane => vector::lane(inst.op, value)?,
                Kind::func => reference::func(cx, inst.op.class(), value)?,
                Kind::type_ => reference::func_type(cx, value).map(drop)?,
                Kind::table => elements.table(cx, value)?,
                Kind::elem => elements.segment(cx, value)?,
                Kind::mem => memory::memory(cx, value)?,
                Kind::data => memory::data(cx, value)?,
                Kind::tag => exception::tag_type(cx, value).map(drop)?,
                Kind::global => variable::global(cx, inst.op, value)?,
                // `slots` has seen to slots. A number is free; a count was read by the decoder;
                // `control` sees to targets and windows.
                Kind::i32
                | Kind::i64
                | Kind::f32
                | Kind::f64
                | Kind::v128
                | Kind::ref_
                | Kind::addr
                | Kind::any
                | Kind::i32s
                | Kind::i64s
                | Kind::i32c
                | Kind::i64w
                | Kind::i64c
                | Kind::f64c
                | Kind::off16
                | Kind::off32
                | Kind::off64
                | Kind::count
                | Kind::rel
                | Kind::win => {}
            }
        }
        Ok(())
    }

    /// F2, F6 and what the cursors still wait for.
    fn finish(&self) -> Verdict {
        self.targets.finish()?;
        self.ranges.finish(self.cx.candidate.words.len())?;
        self.map.finish()?;
        self.meter.finish()
    }
}
