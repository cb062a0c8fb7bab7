//! P14: where control goes on when an exception is caught, and where a frame holds references to
//! exceptions and objects.
//!
//! ```text
//! rows of a call ─ Clause ─► state at its landing ─ an edge like a jump's ─► the claims there
//!                └ Root ──► a word of the frame
//! ```
//!
//! A throw ends what the call has called, and control goes on at the landing of a clause. The
//! runtime finds the frame by the chain of frame pointers (P13), gives the frame pointer back as it
//! was at the call, sets the stack pointer below it by what the row says, and leaves in the
//! argument cells what the clause gets. So at a landing
//!
//! - the stack pointer is what it was at the call, and the row says how far it is below the frame
//!   pointer. Words below what the call took off are the callee's, and unknown;
//! - registers other than these two, flags, the word for the fuel and the argument cells are
//!   unknown, except for what the clause gets;
//! - the words of the frame, and what is known of symbols, are as behind the call. The callee may
//!   have changed what any call may change;
//! - a charge or a poll that was passed before the call was passed.
//!
//! Where functions get contexts ([`crate::Contract::Contexts`]), the runtime asks an instance for
//! the tag, and finds the instance by a word of the frame: the row says which, and it holds the
//! context behind the call. What the clause gets is then a number in a register. There a collection
//! may also write where a row says that a reference lies, so such a word is unknown behind the call
//! and at its landings.
//!
//! The way there is an edge from the call as a jump's would be: W1 to W3 of `pass` hold for it. A
//! clause may be asked for any exception; the runtime compares tags. The content of a word that a
//! row calls a reference is a number to it.

use crate::abi::regs::{RBP, RSP};
use crate::contract::Way;
use crate::error::{Fault, Rule, fault};
use crate::machine::Machine;
use crate::metadata::Clause;
use crate::state::{Answers, Flags, Loc, State};
use crate::value::{Base, Value};

impl Machine<'_> {
    /// Makes of the state behind a call the one at the landing of a clause; `rsp` is the stack
    /// pointer before the call.
    ///
    /// # Errors
    ///
    /// [`Rule::Landing`] for a clause that is none of this code, or says another stack pointer.
    pub fn land(
        &mut self,
        state: &mut State,
        clause: &Clause,
        rsp: Option<i64>,
    ) -> Result<(), Fault> {
        let way_in = matches!(self.way_of(), Some(Way::In(_)));
        if way_in {
            self.is_unwound_by(clause)?;
        } else if self.kind.is_thunk() {
            return fault(Rule::Landing, "a thunk catches");
        }
        if clause.tag.is_some_and(|tag| self.layout.tag_type(tag).is_none()) {
            return fault(Rule::Landing, "a clause of a tag that the module does not have");
        }
        let frame = state.get(Loc::Register(RBP)).and_then(|v| v.offset_in(Base::Stack));
        let (Some(frame), Some(rsp)) = (frame, rsp) else {
            return fault(Rule::Landing, "a landing without a frame");
        };
        let is_at = frame.wrapping_sub(rsp as u64) == u64::from(clause.frame_bytes);
        if !planted!(LandingAtAnyStack, is_at, true) {
            return fault(Rule::Landing, "the stack pointer at a landing is not the call's");
        }
        if self.layout.contexts() && clause.tag.is_some() {
            self.tells_instance(state, clause, rsp)?;
        }
        for r in 0..16 {
            if planted!(LandingKeepsRegisters, r != RSP && r != RBP, false) {
                state.set(Loc::Register(r), None);
            }
        }
        state.fuel = None;
        state.flags = Flags::Unknown;
        state.cells.clear();
        state.answers = if way_in {
            Answers::Unwound
        } else if self.layout.contexts() {
            Answers::Unknown
        } else {
            Answers::Caught { tag: clause.tag, with_ref: clause.with_ref }
        };
        state.calls = state.calls.saturating_add(1);
        self.set_rsp(state, Some(Value::pointer(Base::Stack, rsp as u64)))
    }

    /// The word where the runtime finds the instance that knows the tag holds the own context.
    fn tells_instance(&self, state: &State, clause: &Clause, rsp: i64) -> Result<(), Fault> {
        let at = clause.context.map(|above| rsp.saturating_add(i64::from(above)));
        let word = at.and_then(|at| self.word(at)).map(Loc::Word);
        let own = word.and_then(|word| state.get(word)) == Some(Value::pointer(Base::VmCtx, 0));
        if !planted!(AnyInstance, own, true) {
            return fault(Rule::Landing, "no context lies where the runtime asks for the tag");
        }
        Ok(())
    }

    /// A row that names a word of the frame, behind its call. Where functions get contexts, it
    /// names a half, and what the word holds is unknown then: a collection may have written there.
    ///
    /// # Errors
    ///
    /// [`Rule::Landing`] if it names none, the code is a thunk, or the module has no values that a
    /// collection looks for.
    pub fn root(&self, state: &mut State, below: u32) -> Result<(), Fault> {
        if self.kind.is_thunk() {
            return fault(Rule::Landing, "a thunk holds references to exceptions or objects");
        }
        if planted!(KeptIsRooted, self.layout.kept.is_some(), false) {
            return fault(Rule::Landing, "a frame holds references to objects of a kept heap");
        }
        let collected = !self.layout.contexts() || self.layout.collects;
        if !planted!(RootOfNothing, collected, true) {
            return fault(
                Rule::Landing,
                "a frame holds references, and the module has no such values",
            );
        }
        let frame = state.get(Loc::Register(RBP)).and_then(|v| v.offset_in(Base::Stack));
        let at = frame.map(|frame| (frame as i64).saturating_sub(i64::from(below)));
        // References of 32 bits may lie in either half of a word, below the frame pointer's.
        let written = self.layout.contexts();
        let half = |at: &i64| below > 0 && planted!(RootInTwoWords, at % 4 == 0, true);
        let at = if written { at.filter(half).map(|at| at & !7) } else { at };
        let word = at.and_then(|at| self.word(at));
        let exists = word.filter(|&word| (word as usize) < state.words.len());
        if planted!(RootAnywhere, exists.is_none(), false) {
            return fault(
                Rule::Landing,
                "a reference to an exception or object is no word of the frame",
            );
        }
        if let Some(word) = exists.filter(|_| planted!(RootIsKept, written, false)) {
            state.set(Loc::Word(word), None);
        }
        Ok(())
    }
}
