//! The proof of equality: Wasm and code of one function, walked in lockstep → the same effects on
//! the same values, or the first place where they differ.
//!
//! ```text
//! operators ─ wasm ─► terms, demanded effects ─┐
//!                                              ├─ state: cells of both sides, mismatch set ─► equal at every edge
//! code ─ code ─► terms, performed effects ─────┘
//! ```
//!
//! This is translation validation (Pnueli, Siegel and Singerman, 1998; Necula, 2000) with a
//! relation that is fixed at every label instead of found: see `state`. The walk knows nothing of
//! the translator; of its hints it uses the word at which each control operator's code ends, and a
//! wrong hint is refused.
//!
//! # Soundness
//! By induction over the steps of both sides together: the relation "the same effects so far, equal
//! terms in related cells" holds at the entry; every operator and every instruction keeps it by the
//! meaning of its row; every edge establishes it at its label (E1 and E2 of `control`). Every
//! backward edge of the code is one of the Wasm, so a loop that does not end is the same on both
//! sides. A static name per effect is enough: what is computed in a loop's body outlives its header
//! only through the relation.
//!
//! # What it does not see
//! Handlers that differ from their rows, a wrong operator in `prova-num`, a wrong row of a Wasm
//! operator: docs/trust/assumptions.md.
//!
//! # Cost
//! One pass over operators and words. Time: constant for an operator and an instruction, plus
//! values of each edge, plus a sort of the targets of a `br_table`. Memory: a term per operator.

mod control;
#[macro_use]
mod effects;
mod code;
mod exception;
mod observe;
mod roots;
mod state;
mod symbolic;
mod wasm;
mod width;

use super::error::{Component, Fault, Rule, Verdict};
use super::{Context, Walk};
use crate::candidate::{Candidate, Metering, Settings};
use crate::encode::Inst;
use crate::ops::{Op, RegClass};
use code::{Step, Sym};
pub use effects::Effect;
use effects::{ARGS_MAX, Expected};
pub use observe::{Observer, Sides};
use prova_module::{FuncFacts, Module, Operators, ValType};
use prova_terms::{Terms, Vn};
use state::State;
pub use state::accumulator_cell;
use std::cell::{Cell, RefCell};
use wasm::DeadReader;

/// Proves that a candidate computes what its function does, and the form of its instructions on the
/// way: each is taken from `form` once, in the order of the code, before it is looked at here.
///
/// # Errors
/// The word at fault and the rule.
pub(super) fn prove<O: Observer>(form: &mut Walk<'_>, observer: O) -> Result<(), (u32, Fault)> {
    let Scratch { mut terms, buffers } = SCRATCH.take().unwrap_or_default();
    terms.get_mut().reset(form.cx.candidate.words.len() / 2 + 16);
    let mut proof = Proof::new(form, &terms, buffers, observer).map_err(|fault| (0, fault))?;
    let walked = proof.walk();
    proof.observer.end(&terms.borrow(), walked.as_ref().err().and_then(Fault::difference));
    if let Err(fault) = walked {
        return Err((proof.at, fault.kept(proof.state.local_cells, &terms.borrow())));
    }
    let buffers = proof.buffers();
    if terms.get_mut().bytes() + buffers.state.bytes() <= SCRATCH_MAX {
        SCRATCH.set(Some(Scratch { terms, buffers }));
    }
    Ok(())
}

/// The memory that one proof leaves to the next one of its thread, so that a small function
/// allocates nothing. Each proof resets the parts that it takes.
struct Scratch {
    terms: RefCell<Terms>,
    buffers: Buffers,
}

#[derive(Default)]
struct Buffers {
    state: State,
    locals: Vec<(u32, bool)>,
    call_args: Vec<Vn>,
    call_results: Vec<Vn>,
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch { terms: RefCell::new(Terms::new()), buffers: Buffers::default() }
    }
}

/// Open blocks for which there is room from the start.
const FRAMES_AT_FIRST: usize = 32;

/// The greatest number of bytes that a thread keeps.
const SCRATCH_MAX: usize = 16_777_216;

thread_local! {
    static SCRATCH: Cell<Option<Scratch>> = const { Cell::new(None) };
}

/// The two sides, and where each is.
struct Proof<'t, 'f, O> {
    form: &'t mut Walk<'f>,
    module: &'t Module,
    facts: &'t FuncFacts,
    settings: Settings,
    candidate: &'t Candidate,
    terms: &'t RefCell<Terms>,
    state: State,
    frames: Vec<control::Frame<'t>>,
    /// The first cell of each local and whether it has two.
    locals: Vec<(u32, bool)>,
    /// The offset of the current operator.
    offset: u32,
    /// Whether the current operator is reachable.
    live: bool,
    /// Blocks opened since the code became unreachable.
    dead_depth: u32,
    /// A poll is due before the next operator.
    poll_due: bool,
    /// The next metering segment.
    segment: usize,
    /// The word of the current instruction.
    at: u32,
    /// The word of the next one.
    next: u32,
    /// The next entry of the hints.
    hint: usize,
    /// The effect that the Wasm has demanded, while the code has not performed it.
    expected: Expected,
    awaited: bool,
    /// The number of effects so far.
    effects: u32,
    /// The open `try_table`s.
    tries: Vec<exception::Try>,
    /// The next handler.
    handler: usize,
    call_args: Vec<Vn>,
    call_results: Vec<Vn>,
    observer: O,
}

impl<'t, 'f: 't, O: Observer> Proof<'t, 'f, O> {
    fn new(
        form: &'t mut Walk<'f>,
        terms: &'t RefCell<Terms>,
        buffers: Buffers,
        observer: O,
    ) -> Result<Proof<'t, 'f, O>, Fault> {
        let Context { module, facts, settings, candidate, .. } = form.cx;
        let func = candidate.func;
        let body = module.body(func);
        let body = body
            .ok_or_else(|| Fault::new(Rule::Operators, format!("the module defines no {func}")))?;
        let Buffers { mut state, mut locals, mut call_args, mut call_results } = buffers;
        locals.clear();
        // Numbers of another table's terms, which a call that the Wasm has not would compare and
        // show.
        call_args.clear();
        call_results.clear();
        let mut slot = 0;
        let mut add = |ty| {
            let wide = ty == ValType::V128;
            locals.push((slot, wide));
            slot += 1 + u32::from(wide);
        };
        module.func_type(func).params.iter().for_each(|&ty| add(ty));
        body.locals().for_each(|(count, ty)| (0..count).for_each(|_| add(ty)));
        let cells = (facts.local_cells + facts.max_height_cells).max(candidate.frame_cells);
        state.reset(&mut terms.borrow_mut(), &locals, facts.param_cells, cells);
        Ok(Proof {
            form,
            module,
            facts,
            settings: *settings,
            candidate,
            terms,
            state,
            frames: Vec::with_capacity(facts.blocks.len().min(FRAMES_AT_FIRST)),
            locals,
            offset: 0,
            live: true,
            dead_depth: 0,
            poll_due: true,
            segment: 0,
            at: 0,
            next: 0,
            hint: 0,
            expected: Expected {
                effect: Effect::Poll,
                count: 0,
                args: [Vn::UNDEF; ARGS_MAX],
                result: Vn::UNDEF,
            },
            awaited: false,
            effects: 0,
            tries: Vec::new(),
            handler: 0,
            call_args,
            call_results,
            observer,
        })
    }

    fn buffers(self) -> Buffers {
        let Proof { state, locals, call_args, call_results, .. } = self;
        Buffers { state, locals, call_args, call_results }
    }

    fn walk(&mut self) -> Verdict {
        let func = self.candidate.func;
        let Some(body) = self.module.body(func) else { return Ok(()) };
        self.open_body(func);
        let mut reader = body.operators_quick();
        while !self.frames.is_empty() {
            self.operator_at(&mut reader)?;
        }
        self.at = self.next;
        self.at_word(self.code_end())?;
        if self.hint != self.candidate.controls.len() {
            return Err(Fault::new(Rule::Extents, "a hint for no operator"));
        }
        self.end_handlers()
    }

    /// Walks over one operator (`wasm::visit`).
    fn operator_at(&mut self, reader: &mut Operators<'_>) -> Verdict {
        let undecodable = |_| Fault::new(Rule::Operators, "a body that does not decode");
        self.offset = reader.original_position() as u32;
        let sides = Sides {
            offset: self.offset,
            live: self.live,
            effects: self.effects - u32::from(self.awaited),
            results: self.call_results.len(),
            state: &self.state,
        };
        self.observer.operator(&sides);
        if !self.live {
            let dead = reader.visit(&mut DeadReader).map_err(undecodable)?;
            return self.skip(dead);
        }
        if self.settings.metering != Metering::None {
            self.meter()?;
        }
        reader.visit(self).map_err(undecodable)?
    }

    /// Demands what is due before the current operator: the poll, then the charge.
    fn meter(&mut self) -> Verdict {
        let metering = self.settings.metering;
        let poll_due = std::mem::take(&mut self.poll_due);
        if poll_due && metering.has_epoch() {
            self.demand(Effect::Poll, [])?;
        }
        let segment = self.facts.segments.get(self.segment);
        if let Some(segment) = segment.filter(|segment| segment.offset == self.offset)
            && metering.has_fuel()
        {
            self.segment += 1;
            let cost = self.constant(segment.cost.into());
            self.demand(Effect::Charge, [cost])?;
        }
        Ok(())
    }
}

/// The Wasm side's stack.
impl<O: Observer> Proof<'_, '_, O> {
    fn constant(&self, bits: u64) -> Vn {
        self.terms.borrow_mut().constant(bits)
    }

    fn local(&self, index: u32) -> (u32, bool) {
        self.locals[index as usize]
    }

    #[inline(never)]
    fn push(&mut self, vn: Vn, wide: bool) -> Verdict {
        let top = self.state.top() + 1 + u32::from(wide);
        if top > self.facts.local_cells + self.facts.max_height_cells {
            return Err(Fault::new(Rule::Operators, "an operand stack higher than the facts say"));
        }
        if wide {
            let high = self.terms.borrow_mut().high(vn);
            self.state.push_wide(vn, high);
        } else {
            self.state.push(vn);
        }
        Ok(())
    }

    #[inline]
    fn pop_wide(&mut self) -> Result<(Vn, bool), Fault> {
        self.state.pop().ok_or_else(|| Fault::new(Rule::Operators, "an empty operand stack"))
    }

    #[inline]
    fn pop(&mut self) -> Result<Vn, Fault> {
        Ok(self.pop_wide()?.0)
    }

    /// The result that the next effect will have.
    fn next_result(&self) -> Vn {
        Vn::effect(self.effects + 1, 0)
    }

    /// Demands an effect of the code and lets the code run until it has performed it; gives its
    /// result.
    #[inline]
    fn demand<const N: usize>(&mut self, effect: Effect, args: [Vn; N]) -> Result<Vn, Fault> {
        let result = self.next_result();
        self.demand_with(effect, args, result)?;
        Ok(result)
    }

    #[inline]
    fn demand_with<const N: usize>(
        &mut self,
        effect: Effect,
        args: [Vn; N],
        result: Vn,
    ) -> Verdict {
        self.expected.args[..N].copy_from_slice(&args);
        self.await_effect(effect, N, result)
    }

    /// Lets the code run until it has performed the effect whose arguments are in `expected`.
    fn await_effect(&mut self, effect: Effect, count: usize, result: Vn) -> Verdict {
        self.effects += 1;
        self.expected.effect = effect;
        self.expected.count = count;
        self.expected.result = result;
        self.awaited = true;
        let mut inst = Inst::BLANK;
        while self.awaited {
            match self.step(&mut inst)? {
                // At an end the effect that ends the path has been performed.
                Step::Next | Step::End => {}
                Step::Br { .. }
                | Step::Branch { .. }
                | Step::Table { .. }
                | Step::Return
                | Step::Return1(_)
                | Step::Return2(_) => {
                    let offset = self.offset;
                    let what =
                        format!("control leaves before {effect:?} of the operator at {offset:#x}");
                    return Err(Fault::new(Rule::Effects, what));
                }
            }
        }
        Ok(())
    }
}

/// The code side's place.
impl<'t, O: Observer> Proof<'t, '_, O> {
    fn code_words(&self) -> &'t [u64] {
        &self.candidate.words
    }

    fn code_end(&self) -> u32 {
        self.candidate.words.len() as u32
    }

    /// Takes and executes the next instruction.
    #[inline]
    fn step(&mut self, inst: &mut Inst) -> Result<Step, Fault> {
        self.at = self.next;
        self.form.step(self.next, inst)?;
        self.next = inst.next;
        if inst.op == Op::CopyF32 {
            self.copies_f32(inst)?;
        }
        let step = self.execute(inst)?;
        let sides = Sides {
            offset: self.offset,
            live: self.live,
            effects: self.effects - u32::from(self.awaited),
            results: self.call_results.len(),
            state: &self.state,
        };
        self.observer.instruction(&sides, inst);
        Ok(step)
    }

    /// Runs instructions that neither transfer control nor have an effect up to `word`.
    fn run_to(&mut self, word: u32) -> Verdict {
        let mut inst = Inst::BLANK;
        while self.next < word {
            if !matches!(self.step(&mut inst)?, Step::Next) {
                return Err(Fault::new(Rule::Labels, "control leaves where the Wasm goes on"));
            }
        }
        self.at_word(word)
    }

    /// Runs instructions up to the one that transfers control, which must come before `word`.
    fn run_to_transfer(&mut self, word: u32) -> Result<(Inst, Step), Fault> {
        let mut inst = Inst::BLANK;
        while self.next < word {
            match self.step(&mut inst)? {
                Step::Next => {}
                transfer => return Ok((inst, transfer)),
            }
        }
        Err(Fault::new(Rule::Labels, "no transfer of control where the Wasm has one"))
    }

    fn at_word(&self, word: u32) -> Verdict {
        if self.next == word {
            return Ok(());
        }
        Err(Fault::new(
            Rule::Extents,
            format!("the walk is at @{}, the hint says @{word}", self.next),
        ))
    }

    /// The word of the hint of the current operator, which must be the next one.
    fn hint(&mut self) -> Result<u32, Fault> {
        let hint = self.candidate.controls.get(self.hint);
        let hint = hint.filter(|hint| hint.offset == self.offset).ok_or_else(|| {
            Fault::new(Rule::Extents, format!("no hint for the operator at {:#x}", self.offset))
        })?;
        self.hint += 1;
        Ok(hint.word)
    }

    fn read(&mut self, slot: u32) -> Result<Vn, Fault> {
        let vn = self.state.code(slot);
        if vn == Vn::UNDEF {
            return Err(Fault::differs(Rule::Initialised, Component::Read { slot }, vn, vn));
        }
        Ok(vn)
    }

    fn read_accumulator(&self, class: RegClass) -> Result<Vn, Fault> {
        let vn = self.state.accumulator(class);
        if vn == Vn::UNDEF {
            let component = Component::Read { slot: accumulator_cell(class) };
            return Err(Fault::differs(Rule::Initialised, component, vn, vn));
        }
        Ok(vn)
    }

    #[inline]
    fn write(&mut self, slot: u32, vn: Vn) {
        self.state.write(slot, vn);
    }

    /// The result of the effect that is expected, before it is performed.
    fn loaded(&self) -> Result<Sym<'t>, Fault> {
        if self.awaited {
            return Ok(Sym::new(self.expected.result, self.terms));
        }
        Err(Fault::new(Rule::Effects, "an effect that the Wasm does not have here"))
    }

    /// The code performs an effect: it must be the expected one, at the place that the map gives
    /// it.
    fn consume(&mut self, effect: Effect, args: &[Vn]) -> Result<Vn, Fault> {
        let expected = &self.expected;
        let same = self.awaited
            && expected.effect == effect
            && expected.count == args.len()
            && args.iter().zip(&expected.args).all(|(have, want)| have == want)
            && self.form.offset == self.offset;
        if !same {
            return Err(self.another_effect(effect, args));
        }
        self.awaited = false;
        Ok(expected.result)
    }

    #[cold]
    fn another_effect(&self, effect: Effect, args: &[Vn]) -> Fault {
        let expected = &self.expected;
        if !self.awaited {
            let what = format!("{effect:?}, which the Wasm does not have here");
            return Fault::new(Rule::Effects, what);
        }
        if expected.effect != effect || expected.count != args.len() {
            let what = format!("{effect:?}, where the Wasm has {:?}", expected.effect);
            return Fault::new(Rule::Effects, what);
        }
        for (i, (&want, &have)) in expected.args.iter().zip(args).enumerate() {
            if want != have {
                let component = Component::Argument { effect, index: i as u32 };
                return Fault::differs(Rule::Effects, component, want, have);
            }
        }
        let (of, offset) = (self.offset, self.form.offset);
        let what = format!("{effect:?} of the operator at {of:#x} is mapped to {offset:#x}");
        Fault::new(Rule::Places, what)
    }
}
