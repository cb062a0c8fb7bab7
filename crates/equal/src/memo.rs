//! Words that are kept, so that they are not made again: of values of the body, and of words where
//! conditions hold.
//!
//! * R1. An operator without effects gives the same word for the same operands; of memory, fuel and
//!   conditions it knows nothing (`prova_ssa::Effects::is_pure`). So a value's word counts for the
//!   operands that gave it, and for the number of the values of the body ([`State::env`]) in which
//!   these were looked up. A leaf that was not made since the leader is one word.
//! * R2. What an instruction owes counts for it, for that number, and for all else that a maker of
//!   demands knows of a state: what regions hold, the epoch that was read, and whether a slot is
//!   lent. The word for the fuel and the answer to the last question are values by that number.
//! * R3. A word where conditions hold counts for the list of these conditions, as a whole.

use crate::core_::{Core, OPERANDS_MAX};
use crate::demand::{Demand, Versions};
use crate::state::State;
use crate::words::{NONE, Word};
use alloc::rc::Rc;
use alloc::vec::Vec;
use prova_ssa::Inst;

/// The word of a value without effects. It depends on the operands alone, so it is the same
/// wherever these are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memo {
    /// It where all leaves are themselves; [`NONE`](crate::words::NONE) if it was not made.
    pub(crate) plain: Word,
    /// It in an environment.
    pub(crate) word: Word,
    pub(crate) env: u32,
    /// The operands that gave `word`.
    pub(crate) args: [Word; OPERANDS_MAX],
}

impl Memo {
    pub(crate) const NOTHING: Memo =
        Memo { plain: NONE, word: NONE, env: 0, args: [NONE; OPERANDS_MAX] };

    /// The word in an environment.
    pub(crate) fn found(&self, env: u32) -> Option<Word> {
        let word = match env {
            0 => self.plain,
            _ if planted!(EnvironmentIsAny, self.env == env, true) => self.word,
            _ => NONE,
        };
        (word != NONE).then_some(word)
    }

    pub(crate) fn put(&mut self, env: u32, word: Word) {
        if planted!(PlainIsAny, env == 0, true) {
            self.plain = word;
        }
        if env != 0 {
            (self.word, self.env) = (word, env);
        }
    }
}

/// The debt of an instruction in a state, and what it depends on (R2).
#[derive(Debug)]
pub(crate) struct Kept {
    inst: Inst,
    env: u32,
    versions: Versions,
    polled: Option<Word>,
    slot_is_lent: bool,
    pub(crate) demand: Rc<Demand>,
}

impl Kept {
    pub(crate) fn new(state: &State, inst: Inst, slot_is_lent: bool, demand: Rc<Demand>) -> Kept {
        let (env, versions, polled) = (state.env(), state.versions, state.polled);
        Kept { inst, env, versions, polled, slot_is_lent, demand }
    }

    /// Whether an instruction has this debt in a state.
    pub(crate) fn counts(&self, state: &State, inst: Inst, slot_is_lent: bool) -> bool {
        let alike = (self.inst, self.slot_is_lent) == (inst, slot_is_lent);
        let rest = (self.versions, self.polled) == (state.versions, state.polled);
        let values = self.env == state.env();
        planted!(DebtOfBefore, alike && rest && values, alike)
    }
}

/// Words with the choices decided that some conditions decide, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    /// The conditions.
    known: Vec<(Word, bool)>,
    /// Counts changes of the conditions.
    turn: u32,
    /// The turn in which a word was decided, and what it is.
    words: Vec<(u32, Word)>,
}

impl Core<'_> {
    /// A word where what is known holds, with the choices decided that it decides.
    pub fn under(&mut self, state: &State, word: Word) -> Word {
        if state.known.is_empty() {
            return word;
        }
        let Decided { known, turn, words } = &mut self.decided;
        let others = *known != state.known;
        if planted!(KnownByLength, others, known.len() != state.known.len()) {
            known.clone_from(&state.known);
            *turn = turn.saturating_add(1);
            if *turn == u32::MAX {
                (*turn, *words) = (1, Vec::new());
            }
        }
        let (turn, number) = (*turn, word.0 as usize);
        match self.decided.words.get(number) {
            Some(&(at, made)) if at == turn => return made,
            Some(_) => {}
            None => self.decided.words.resize(number.saturating_add(1), (0, NONE)),
        }
        let made = self.words.under(&state.known, word);
        if let Some(slot) = self.decided.words.get_mut(number) {
            *slot = (turn, made);
        }
        made
    }

    /// Whether two words are equal where what is known holds.
    pub fn same(&mut self, state: &State, a: Word, b: Word) -> bool {
        if a == b {
            return true;
        }
        if state.known.is_empty() || self.words.bits(a) != self.words.bits(b) {
            return false;
        }
        self.under(state, a) == self.under(state, b)
    }
}
