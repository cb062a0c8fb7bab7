//! Entries, calls, returns, landings: the marks that other code answers for (U1, U3, U4).

use super::bytes::Vectors;
use super::flags::Flags;
use super::places::At;
use super::vector::Copies;
use super::{Mark, Marks, Written};
use crate::abi::regs::{RAX, RBP, RCX, RDI, RDX, RSI, RSP};
use crate::abi::{self, CALLEE_SAVED, OPERANDS, Place};
use crate::contract::{Callee, CodeKind, Way};
use crate::error::Fault;
use crate::hosted::ARGUMENTS;
use crate::layout::{Layout, Signature, Ty, offsets};
use crate::machine::Machine;
use crate::state::State;
use crate::symbols::RefKind;

/// Why arguments must be written.
const PASSED: &str = "an argument that the code did not write";
/// Why results must be.
const RETURNED: &str = "a result that the code did not write";

/// How many bytes a value of a type has where code hands it over.
pub(super) fn bytes(layout: &Layout, ty: Ty) -> u8 {
    match ty {
        Ty::I32 | Ty::F32 => 4,
        Ty::I64 | Ty::F64 => 8,
        Ty::V128 => 16,
        // Where functions get contexts, what no function is has 32 bits.
        Ty::Ref(ty) if layout.contexts() && ty.kind != RefKind::Func => 4,
        Ty::Ref(_) => 8,
    }
}

/// The mark of the argument cell at an offset, as the host leaves it. An array of the host's has
/// nothing else before the code writes there, which is not followed.
pub(super) fn given(at: At<'_, '_>, offset: u64) -> Mark {
    let layout = at.machine.layout;
    let CodeKind::Way(Way::In(func)) = at.machine.kind else { return Mark::ALL };
    if planted!(ReturnFillsCells, false, at.state.answers == crate::state::Answers::Returned) {
        return Mark::ALL;
    }
    let ty = func.and_then(|func| layout.func_type(func));
    let params = ty.and_then(|ty| layout.signature(ty)).map_or(&[][..], |it| &it.params);
    let n = offset.checked_div(offsets::VALUE_BYTES).and_then(|n| usize::try_from(n).ok());
    let ty = n.and_then(|n| params.get(n));
    let Some(bytes) = ty.map(|ty| bytes(layout, *ty)) else { return Mark::NONE };
    match offset.checked_rem(offsets::VALUE_BYTES) {
        Some(0) => Mark::bytes(bytes),
        Some(8) => Mark::bytes(bytes.saturating_sub(8)),
        _ => Mark::NONE,
    }
}

impl Written {
    /// U1: the marks at the entry of code.
    pub(crate) fn begin(&mut self, machine: &Machine<'_>, state: &State) {
        self.resize(state);
        self.lose_flags();
        let layout = machine.layout;
        let address = machine.word(0).map(|word| word as usize);
        self.set_word(address, Mark::ALL);
        for r in planted!(EntryIsWritten, 0..0, 0..16).chain([RDI, RSI, RSP]) {
            self.set_register(r, Mark::ALL);
        }
        let ty = match machine.kind {
            CodeKind::Func(func) => layout.func_type(func),
            CodeKind::ThunkOut(ty) | CodeKind::Way(Way::Out(ty)) => Some(ty),
            CodeKind::ThunkIn(_) | CodeKind::Loop { .. } | CodeKind::Way(_) => None,
        };
        match machine.kind {
            CodeKind::Way(Way::In(_)) => {
                self.set_register(RDX, Mark::ALL);
                self.set_register(RCX, Mark::ALL);
            }
            CodeKind::Way(Way::Builtin(n)) => {
                let Some(hosted) = layout.hosted.get(n as usize) else { return };
                for (&r, &bytes) in ARGUMENTS.iter().zip(&hosted.widths.arguments) {
                    self.set_register(r, Mark::bytes(bytes));
                }
                for (r, &bytes) in (0..).zip(&hosted.widths.vectors) {
                    self.set_vector(r, Mark::bytes(bytes));
                }
            }
            CodeKind::Func(_)
            | CodeKind::ThunkIn(_)
            | CodeKind::ThunkOut(_)
            | CodeKind::Loop { .. }
            | CodeKind::Way(Way::Out(_) | Way::Start) => {}
        }
        let Some(signature) = ty.and_then(|ty| layout.signature(ty)) else { return };
        for (ty, place) in abi::arguments(signature).places {
            let mark = planted!(NarrowArgumentIsWhole, Mark::bytes(bytes(layout, ty)), Mark::ALL);
            match place {
                Place::Register(r) => self.set_register(r, mark),
                Place::Vector(r) => self.set_vector(r, mark),
                Place::Stack(above) => {
                    let at = i64::from(above).saturating_add(8);
                    let word = |at| machine.word(at).map(|word| word as usize);
                    self.set_word(word(at), mark);
                    if ty == Ty::V128 {
                        self.set_word(word(at.saturating_add(8)), mark.upper());
                    }
                }
            }
        }
    }

    /// Behind a call that the check has accepted, whose stack pointer was `rsp` bytes beyond the
    /// one at entry: what the callee got, and what it leaves.
    pub(crate) fn calls(&mut self, machine: &Machine<'_>, state: &State, (at, rsp): (u32, i64)) {
        let judged = self.gets(machine, (at, rsp));
        self.judged(at, judged);
        self.forget();
        self.resize(state);
        self.answers(machine);
    }

    /// U3: what the callee gets.
    fn gets(&mut self, machine: &Machine<'_>, (at, rsp): (u32, i64)) -> Result<(), Fault> {
        let layout = machine.layout;
        match machine.callee {
            Callee::Nothing => {}
            Callee::Function(ty) => {
                if let Some(signature) = layout.signature(ty) {
                    self.passes(machine, (at, rsp), signature)?;
                }
            }
            Callee::Hosted(n) => {
                let Some(hosted) = layout.hosted.get(n as usize) else { return Ok(()) };
                for (&r, &bytes) in ARGUMENTS.iter().zip(&hosted.widths.arguments) {
                    self.passed(at, (self.register(r), bytes))?;
                }
                for (r, &bytes) in (0..).zip(&hosted.widths.vectors) {
                    self.passed(at, (self.vector(r), bytes))?;
                }
            }
            Callee::Builtin(operands) => {
                for &r in OPERANDS.iter().take(operands.into()) {
                    self.passed(at, (self.register(r), 8))?;
                }
            }
            Callee::Array(ty, array) => self.passes_array(machine, at, (ty, array))?,
        }
        Ok(())
    }

    /// U4: what the callee leaves.
    fn answers(&mut self, machine: &Machine<'_>) {
        let layout = machine.layout;
        match machine.callee {
            Callee::Nothing => {}
            // The runtime gives a word.
            Callee::Builtin(_) => self.set_register(RAX, Mark::ALL),
            Callee::Function(ty) => {
                let results = layout.signature(ty).and_then(abi::results);
                for (ty, place) in results.into_iter().flatten() {
                    let mark =
                        planted!(NarrowResultIsWhole, Mark::bytes(bytes(layout, ty)), Mark::ALL);
                    match place {
                        Place::Register(r) => self.set_register(r, mark),
                        Place::Vector(r) => self.set_vector(r, mark),
                        Place::Stack(_) => {}
                    }
                }
            }
            Callee::Hosted(n) => {
                let widths = layout.hosted.get(n as usize).map(|hosted| &hosted.widths);
                let (result, vector) = widths.map_or((0, 0), |it| (it.result, it.vector));
                let mark = planted!(AnswerIsWhole, Mark::bytes(result), Mark::ALL);
                self.set_register(RAX, mark);
                self.set_vector(0, Mark::bytes(vector));
            }
            Callee::Array(ty, array) => {
                self.set_register(RAX, Mark::bytes(1));
                // What it leaves where it fails is its own.
                self.array_has(machine, (ty, array), &[]);
                self.marks.answered = Some((ty, array));
                if planted!(FailureAnswers, false, true) {
                    self.answers_array(machine);
                }
            }
        }
    }

    fn passed(&mut self, at: u32, of: (Mark, u8)) -> Result<(), Fault> {
        planted!(PassesAnything, self.demand(at, of, PASSED), Ok(()))
    }

    /// U3: the arguments of a function, which is called with the stack pointer `rsp`.
    fn passes(
        &mut self,
        machine: &Machine<'_>,
        (at, rsp): (u32, i64),
        signature: &Signature,
    ) -> Result<(), Fault> {
        for (ty, place) in abi::arguments(signature).places {
            let bytes = bytes(machine.layout, ty);
            match place {
                Place::Register(r) => self.passed(at, (self.register(r), bytes))?,
                Place::Vector(r) => self.passed(at, (self.vector(r), bytes))?,
                Place::Stack(above) => {
                    let from = rsp.saturating_add(above.into());
                    self.passes_words(machine, at, (from, bytes))?;
                }
            }
        }
        Ok(())
    }

    /// A value in the frame.
    fn passes_words(
        &mut self,
        machine: &Machine<'_>,
        at: u32,
        (from, bytes): (i64, u8),
    ) -> Result<(), Fault> {
        let word = |from: i64| machine.word(from).map(|word| word as usize);
        let low = self.word(word(from));
        self.passed(at, (low, bytes.min(8)))?;
        if bytes > planted!(HalfIsPassed, 8, 16) {
            let high = self.word(word(from.saturating_add(8)));
            self.passed(at, (high, 8))?;
        }
        Ok(())
    }

    /// The array of a function of the host.
    fn passes_array(
        &mut self,
        machine: &Machine<'_>,
        at: u32,
        (ty, array): (u32, i64),
    ) -> Result<(), Fault> {
        let params = machine.layout.signature(ty).map_or(&[][..], |signature| &signature.params);
        for (from, &ty) in values(array).zip(params) {
            self.passes_words(machine, at, (from, bytes(machine.layout, ty)))?;
        }
        Ok(())
    }

    /// U4: the values that the host leaves in an array, if it has not failed: once the code knows.
    pub(super) fn answers_array(&mut self, machine: &Machine<'_>) {
        let Some((ty, array)) = self.marks.answered.take() else { return };
        let results = machine.layout.signature(ty).map_or(&[][..], |it| &it.results);
        self.array_has(machine, (ty, array), results);
    }

    /// The words of the array of a function of this type have these values, and nothing else.
    fn array_has(&mut self, machine: &Machine<'_>, (ty, array): (u32, i64), has: &[Ty]) {
        let layout = machine.layout;
        let word = |from: i64| machine.word(from).map(|word| word as usize);
        let count = usize::try_from(layout.array_values(Way::Out(ty))).unwrap_or(0);
        for (n, from) in values(array).take(count).enumerate() {
            let bytes = has.get(n).map_or(0, |ty| bytes(layout, *ty));
            self.set_word(word(from), Mark::bytes(bytes));
            self.set_word(word(from.saturating_add(8)), Mark::bytes(bytes.saturating_sub(8)));
        }
    }

    /// U4: registers that a callee does not give back hold what it left.
    fn forget(&mut self) {
        self.marks.filled.clear();
        if planted!(CallsWriteAll, false, true) {
            return;
        }
        for (r, slot) in (0_u8..).zip(&mut self.marks.registers) {
            if r != RSP && !CALLEE_SAVED.contains(&r) {
                *slot = Mark::NONE;
            }
        }
        (self.marks.vectors, self.marks.copies) = ([Mark::NONE; 16], Copies::default());
        self.marks.bytes = Vectors::default();
        self.lose_flags();
    }

    /// U3: what code leaves for its caller, or for the callee of a tail call.
    pub(crate) fn leaves(
        &mut self,
        machine: &Machine<'_>,
        state: &State,
        ((at, rsp), tail): ((u32, i64), bool),
    ) {
        let judged = self.gives(machine, (at, rsp), tail);
        self.judged(at, judged);
        let judged = self.array_is_filled(machine, state);
        self.judged(at, judged);
    }

    fn gives(
        &mut self,
        machine: &Machine<'_>,
        (at, rsp): (u32, i64),
        tail: bool,
    ) -> Result<(), Fault> {
        let layout = machine.layout;
        let of = |ty: Option<u32>| ty.and_then(|ty| layout.signature(ty));
        if tail {
            let Callee::Function(ty) = machine.callee else { return Ok(()) };
            let Some(signature) = of(Some(ty)) else { return Ok(()) };
            return self.passes(machine, (at, rsp.saturating_add(8)), signature);
        }
        let ty = match machine.kind {
            CodeKind::Func(func) => layout.func_type(func),
            CodeKind::ThunkOut(ty) | CodeKind::Way(Way::Out(ty)) => Some(ty),
            CodeKind::Way(Way::In(_)) => return self.returns(at, (self.register(RAX), 1)),
            CodeKind::Way(Way::Builtin(n)) => {
                let Some(hosted) = layout.hosted.get(n as usize) else { return Ok(()) };
                self.returns(at, (self.register(RAX), hosted.widths.result))?;
                return self.returns(at, (self.vector(0), hosted.widths.vector));
            }
            CodeKind::ThunkIn(_) | CodeKind::Loop { .. } | CodeKind::Way(Way::Start) => None,
        };
        for (ty, place) in of(ty).and_then(abi::results).into_iter().flatten() {
            let bytes = bytes(layout, ty);
            match place {
                Place::Register(r) => self.returns(at, (self.register(r), bytes))?,
                Place::Vector(r) => self.returns(at, (self.vector(r), bytes))?,
                Place::Stack(_) => {}
            }
        }
        Ok(())
    }

    fn returns(&mut self, at: u32, of: (Mark, u8)) -> Result<(), Fault> {
        planted!(ReturnsAnything, self.demand(at, of, RETURNED), Ok(()))
    }

    /// The marks at a landing, from those behind its call: the frame's, and, where the runtime
    /// hands the exception over in registers, of these.
    pub(crate) fn lands(&self, machine: &Machine<'_>, state: &State) -> Marks {
        let mut marks = (*self.marks).clone();
        let payload = machine.layout.contexts();
        for (r, slot) in (0_u8..).zip(&mut marks.registers) {
            *slot = match r {
                RSP | RBP => Mark::ALL,
                RAX | RDX if payload => Mark::ALL,
                _ => Mark::NONE,
            };
        }
        (marks.vectors, marks.copies) = ([Mark::NONE; 16], Copies::default());
        marks.bytes = Vectors::default();
        (marks.flags, marks.scanned) = (Flags::at(Mark::NONE), 0);
        marks.answered = None;
        marks.words.resize(state.words.len(), Mark::NONE);
        marks
    }
}

/// Where the values of an array begin.
fn values(array: i64) -> impl Iterator<Item = i64> {
    let bytes = i64::try_from(offsets::VALUE_BYTES).unwrap_or(i64::MAX);
    (0_i64..).map(move |n| array.saturating_add(n.saturating_mul(bytes)))
}
