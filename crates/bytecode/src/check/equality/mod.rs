//! The proof of equality: Wasm and code of one function, walked in lockstep → the same effects on the same values, or the
//! first place where they differ.
//!
//! ```text
//! operators ─ wasm ─► terms, demanded effects ─┐
//!                                              ├─ state: cells of both sides, mismatch set ─► equal at every edge
//! code ─ code ─► terms, performed effects ─────┘
//! ```
//!
//! This is translation validation (Pnueli, Siegel and Singerman, 1998; Necula, 2000) with a relation that is fixed at
//! every label instead of found: see `state`. The walk knows nothing of the translator; of its hints it uses the word at which each
//! control operator's code ends and the constants below a region, and a wrong hint is refused.
//!
//! # Soundness
//! By induction over the steps of both sides together: the relation "the same effects so far, equal terms in related cells" holds
//! at the entry; every operator and every instruction keeps it by the meaning of its row; every edge establishes it at its
//! label (E1 and E2 of `control`). Every backward edge of the code is one of the Wasm, so a loop that does not end is the same on both
//! sides. A static name per effect is enough: what is computed in a loop's body outlives its header only through the relation.
//!
//! # What it does not see
//! Handlers that differ from their rows, a wrong operator in `prova-num`, a wrong line in `wasm`: docs/TRUST.md.
//!
//! # Cost
//! One pass over operators and words. Time: constant for an operator and an instruction, plus values of each edge, plus a sort of
//! the targets of a `br_table`. Memory: a term per operator.

mod code;
mod control;
mod effects;
mod exception;
mod history;
mod prims;
mod show;
mod state;
mod terms;
mod wasm;
mod width;

use super::error::{Fault, Rule, Verdict};
use super::explain::{Component, Difference, ValueId};
use super::{Context, Walk};
use crate::candidate::{Candidate, Metering, Settings};
use crate::encode::Inst;
use code::Step;
use effects::{ARGS_MAX, Effect, Expected, Value};
use history::History;
pub(super) use history::explain;
use prims::Sym;
use prova_module::{FuncFacts, Module, ValType};
use state::State;
use std::cell::RefCell;
use terms::{Kind, Node, Terms, Vn};

/// Proves that a candidate computes what its function does, and the form of its instructions on the way: each is taken from
/// `form` once, in the order of the code, before it is looked at here.
///
/// # Errors
/// The word at fault and the rule.
pub(super) fn prove(form: &mut Walk<'_>) -> Result<(), (u32, Fault)> {
    let terms = RefCell::new(Terms::new(form.cx.candidate.words.len() / 2 + 16));
    let mut proof = Proof::new(form, &terms).map_err(|fault| (0, fault))?;
    proof.walk().map_err(|fault| (proof.at, fault))
}

/// The two sides, and where each is.
struct Proof<'t, 'f> {
    form: &'t mut Walk<'f>,
    module: &'t Module,
    facts: &'t FuncFacts,
    settings: Settings,
    candidate: &'t Candidate,
    terms: &'t RefCell<Terms>,
    state: State,
    frames: Vec<control::Frame>,
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
    /// The constants of the newest hint.
    constants: core::ops::Range<u32>,
    /// The map's entry of the current instruction.
    map: usize,
    expected: Option<Expected>,
    /// The number of effects so far.
    effects: u32,
    /// The open `try_table`s.
    tries: Vec<exception::Try>,
    /// The next handler.
    handler: usize,
    call_args: Vec<Vn>,
    call_results: Vec<Vn>,
    /// What happened so far, where somebody wants to know.
    history: Option<Box<History>>,
}

impl<'t, 'f: 't> Proof<'t, 'f> {
    fn new(form: &'t mut Walk<'f>, terms: &'t RefCell<Terms>) -> Result<Proof<'t, 'f>, Fault> {
        let Context { module, facts, settings, candidate, .. } = form.cx;
        let func = candidate.func;
        let body = module.body(func);
        let body =
            body.ok_or_else(|| Fault::new(Rule::Size, format!("the module defines no {func}")))?;
        let mut locals = Vec::new();
        let mut high = Vec::new();
        for ty in body.local_types() {
            let wide = ty == ValType::V128;
            locals.push((high.len() as u32, wide));
            high.push(false);
            if wide {
                high.push(true);
            }
        }
        let cells = facts.local_cells + facts.max_height_cells;
        let state = State::new(
            &mut terms.borrow_mut(),
            high,
            facts.param_cells,
            candidate.frame_cells,
            cells,
        );
        Ok(Proof {
            form,
            module,
            facts,
            settings: *settings,
            candidate,
            terms,
            state,
            frames: Vec::new(),
            locals,
            offset: 0,
            live: true,
            dead_depth: 0,
            poll_due: true,
            segment: 0,
            at: 0,
            next: 0,
            hint: 0,
            constants: 0..0,
            map: 0,
            expected: None,
            effects: 0,
            tries: Vec::new(),
            handler: 0,
            call_args: Vec::new(),
            call_results: Vec::new(),
            history: None,
        })
    }

    fn walk(&mut self) -> Verdict {
        let func = self.candidate.func;
        let Some(body) = self.module.body(func) else { return Ok(()) };
        self.open_body(func);
        let mut operators = body.operators();
        while !self.frames.is_empty() {
            let (operator, offset) = operators
                .read_with_offset()
                .map_err(|_| Fault::new(Rule::Operators, "a body that does not decode"))?;
            self.offset = offset as u32;
            if self.history.is_some() {
                self.record_operator(&operator);
            }
            if !self.live {
                self.skip(&operator)?;
                continue;
            }
            self.meter()?;
            // The most frequent families first.
            if !self.variable(&operator)?
                && !self.numeric(&operator)?
                && !self.control(&operator)?
                && !self.exception(&operator)?
            {
                self.operator(&operator)?;
            }
        }
        self.at = self.next;
        self.at_word(self.code_end())?;
        if self.hint != self.candidate.controls.len() {
            return Err(Fault::new(Rule::Hints, "a hint for no operator"));
        }
        self.end_handlers()
    }

    /// Demands the charge or poll that is due before the current operator.
    fn meter(&mut self) -> Verdict {
        let due = std::mem::take(&mut self.poll_due);
        match self.settings.metering {
            Metering::None => {}
            Metering::Epoch => {
                if due {
                    self.demand(Effect::Poll, &[])?;
                }
            }
            Metering::Fuel => {
                let segment = self.facts.segments.get(self.segment);
                if let Some(segment) = segment.filter(|segment| segment.offset == self.offset) {
                    self.segment += 1;
                    self.demand(Effect::Charge, &[Value::Number(segment.cost)])?;
                }
            }
        }
        Ok(())
    }
}

/// The Wasm side's stack.
impl Proof<'_, '_> {
    fn constant(&self, bits: u64) -> Vn {
        self.terms.borrow_mut().constant(bits)
    }

    fn local(&self, index: u32) -> (u32, bool) {
        self.locals[index as usize]
    }

    fn push(&mut self, vn: Vn, wide: bool) -> Verdict {
        let top = self.state.top() + 1 + u32::from(wide);
        if top > self.facts.local_cells + self.facts.max_height_cells {
            return Err(Fault::new(Rule::Operators, "an operand stack higher than the facts say"));
        }
        self.state.push(&mut self.terms.borrow_mut(), vn, wide);
        Ok(())
    }

    fn pop_wide(&mut self) -> Result<(Vn, bool), Fault> {
        self.state.pop().ok_or_else(|| Fault::new(Rule::Operators, "an empty operand stack"))
    }

    fn pop(&mut self) -> Result<Vn, Fault> {
        Ok(self.pop_wide()?.0)
    }

    /// The result that the next effect will have.
    fn next_result(&mut self) -> Vn {
        self.terms.borrow_mut().effect(self.effects + 1, 0)
    }

    /// Demands an effect of the code and lets the code run until it has performed it; gives its result.
    fn demand(&mut self, effect: Effect, args: &[Value]) -> Result<Vn, Fault> {
        let result = self.next_result();
        self.demand_with(effect, args, result)?;
        Ok(result)
    }

    fn demand_with(&mut self, effect: Effect, args: &[Value], result: Vn) -> Verdict {
        self.effects += 1;
        let mut all = [Value::NONE; ARGS_MAX];
        all[..args.len()].copy_from_slice(args);
        let offset = self.offset;
        self.expected = Some(Expected { effect, args: all, result, offset });
        while self.expected.is_some() {
            match self.step()?.1 {
                Step::Next => {}
                Step::End if self.expected.is_none() => {}
                _ => {
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
impl<'t> Proof<'t, '_> {
    fn code_words(&self) -> &'t [u64] {
        &self.candidate.words
    }

    fn code_end(&self) -> u32 {
        self.candidate.words.len() as u32
    }

    /// Takes and executes the next instruction.
    #[inline]
    fn step(&mut self) -> Result<(Inst, Step), Fault> {
        self.at = self.next;
        let inst = self.form.step(self.next)?;
        self.next = inst.next;
        let step = self.execute(&inst)?;
        if self.history.is_some() {
            self.record_instruction(&inst);
        }
        Ok((inst, step))
    }

    /// Runs instructions that neither transfer control nor have an effect up to `word`.
    fn run_to(&mut self, word: u32) -> Verdict {
        while self.next < word {
            if !matches!(self.step()?.1, Step::Next) {
                return Err(Fault::new(Rule::Targets, "control leaves where the Wasm goes on"));
            }
        }
        self.at_word(word)
    }

    /// Runs instructions up to the one that transfers control, which must come before `word`.
    fn run_to_transfer(&mut self, word: u32) -> Result<(Inst, Step), Fault> {
        while self.next < word {
            match self.step()? {
                (_, Step::Next) => {}
                transfer => return Ok(transfer),
            }
        }
        Err(Fault::new(Rule::Targets, "no transfer of control where the Wasm has one"))
    }

    fn at_word(&self, word: u32) -> Verdict {
        if self.next == word {
            return Ok(());
        }
        Err(Fault::new(
            Rule::Hints,
            format!("the walk is at @{}, the hint says @{word}", self.next),
        ))
    }

    /// The word of the hint of the current operator, which must be the next one.
    fn hint(&mut self) -> Result<u32, Fault> {
        let hint = self.candidate.controls.get(self.hint);
        let hint = hint.filter(|hint| hint.offset == self.offset).ok_or_else(|| {
            Fault::new(Rule::Hints, format!("no hint for the operator at {:#x}", self.offset))
        })?;
        self.hint += 1;
        self.constants = hint.constants.clone();
        Ok(hint.word)
    }

    /// Takes the constants of the newest hint: cells of the stack below `base`, the new block's, and not below `outer`, that
    /// of the block around it, unless they are constants there (M6 of `state`).
    fn declare_constants(&mut self, outer: u32, base: u32) -> Verdict {
        for i in std::mem::take(&mut self.constants) {
            let hint = self.candidate.constants[i as usize];
            let slot = u32::from(hint.slot);
            let fault = || Fault::new(Rule::Hints, format!("s{slot} is no constant"));
            if slot < self.state.local_cells || slot >= base {
                return Err(fault());
            }
            if slot < outer && !self.state.is_constant(slot) {
                let what = format!("s{slot} is no constant of the block around this one");
                return Err(Fault::new(Rule::Hints, what));
            }
            let vn = self.state.wasm(&mut self.terms.borrow_mut(), slot);
            let Node { kind, args: [a, b, c, d] } = self.terms.borrow().node(vn);
            let cells = [(a, b), (c, d)].map(|(low, high)| u64::from(low) | u64::from(high) << 32);
            match kind {
                Kind::Const if cells == hint.cells => self.state.declare_constant(slot),
                Kind::Const128 if cells == hint.cells && slot + 1 < base => {
                    self.state.declare_constant(slot);
                    self.state.declare_constant(slot + 1);
                }
                _ => return Err(fault()),
            }
        }
        Ok(())
    }

    fn read(&mut self, slot: u32) -> Result<Vn, Fault> {
        let vn = self.state.code(&mut self.terms.borrow_mut(), slot);
        if vn == Vn::UNDEF {
            let what = format!("s{slot} is read, but not written on every path to here");
            let nothing = ValueId(Vn::UNDEF.0);
            let component = Component::Read { slot };
            let difference = Difference { component, wasm: nothing, code: nothing };
            return Err(Fault::new(Rule::Initialised, what).in_component(difference));
        }
        Ok(vn)
    }

    fn write(&mut self, slot: u32, vn: Vn) {
        let base = self.base();
        self.state.write(&mut self.terms.borrow_mut(), slot, vn, base);
    }

    /// The result of the effect that is expected, before it is performed.
    fn loaded(&self) -> Result<Sym<'t>, Fault> {
        match &self.expected {
            Some(expected) => Ok(Sym::new(expected.result, self.terms)),
            None => Err(Fault::new(Rule::Effects, "an effect that the Wasm does not have here")),
        }
    }

    /// The code performs an effect: it must be the expected one, at the place that the map gives it.
    fn consume(
        &mut self,
        inst: &Inst,
        effect: Effect,
        args: &[Value; ARGS_MAX],
    ) -> Result<Vn, Fault> {
        let Some(expected) = self.expected.take() else {
            let what = format!("{effect:?}, which the Wasm does not have here");
            return Err(Fault::new(Rule::Effects, what));
        };
        if expected.effect != effect {
            let what = format!("{effect:?}, where the Wasm has {:?}", expected.effect);
            return Err(Fault::new(Rule::Effects, what));
        }
        for (i, (&want, &have)) in expected.args.iter().zip(args).enumerate() {
            if want != have && self.term(want) != self.term(have) {
                let (want, have) = (self.term(want), self.term(have));
                let what =
                    |have, want| format!("argument {i} of {effect:?} is {have}, in Wasm {want}");
                let component = Component::Argument { index: i as u32 };
                return Err(self.differs(Rule::Effects, component, want, have, what));
            }
        }
        let map = &self.candidate.map;
        while map.get(self.map + 1).is_some_and(|entry| entry.word <= inst.at) {
            self.map += 1;
        }
        let offset = map.get(self.map).map_or(0, |entry| entry.offset);
        if offset != expected.offset {
            let what = format!(
                "{effect:?} of the operator at {:#x} is mapped to {offset:#x}",
                expected.offset
            );
            return Err(Fault::new(Rule::Map, what));
        }
        Ok(expected.result)
    }

    /// The term of an effect's argument.
    fn term(&self, value: Value) -> Vn {
        Sym { value, terms: self.terms }.vn()
    }

    /// A fault in a component; `what` says it of the code's value and of the Wasm's, in words.
    #[cold]
    fn differs(
        &self,
        rule: Rule,
        component: Component,
        wasm: Vn,
        code: Vn,
        what: impl FnOnce(String, String) -> String,
    ) -> Fault {
        let what = what(self.show(code), self.show(wasm));
        let (wasm, code) = (ValueId(wasm.0), ValueId(code.0));
        Fault::new(rule, what).in_component(Difference { component, wasm, code })
    }

    /// A term in words, for messages.
    #[cold]
    fn show(&self, vn: Vn) -> String {
        show(&self.terms.borrow(), vn, 3)
    }
}

/// A term to a depth, for messages.
fn show(terms: &Terms, vn: Vn, depth: u32) -> String {
    let node = terms.node(vn);
    let [a, b, c, _] = node.args;
    let arg = |vn: u32| match depth {
        0 => format!("v{vn}"),
        _ => show(terms, Vn(vn), depth - 1),
    };
    match node.kind {
        Kind::Undef => "nothing".to_owned(),
        Kind::Const => format!("{:#x}", terms.as_const(vn).unwrap_or_default()),
        Kind::Const128 => format!("{:#010x?}", node.args),
        Kind::Param => format!("parameter cell {a}"),
        Kind::Effect => format!("result {b} of effect {a}"),
        Kind::Phi => format!("cell {b} at label {a}"),
        Kind::High => format!("high({})", arg(a)),
        Kind::Join => format!("join({}, {})", arg(a), arg(b)),
        Kind::Select => format!("select({}, {}, {})", arg(a), arg(b), arg(c)),
        Kind::IsNull => format!("ref_is_null({})", arg(a)),
        Kind::Second(prim) => format!("the second result of {prim:?}"),
        Kind::Pure(prim) => {
            let args: Vec<String> =
                node.args.iter().take_while(|&&arg| arg != 0).map(|&vn| arg(vn)).collect();
            format!("{prim:?}({})", args.join(", "))
        }
    }
}
