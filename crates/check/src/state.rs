//! The abstract state at one point of a function: registers, stack words, flags, the path of facts.
//!
//! Vector registers hold no pointers: floats alone are followed, where nobody handles faults. Stack
//! words are eight bytes from the arguments' end downwards; those below the stack pointer do not
//! exist (a signal may overwrite them). No location is ever in linear memory.
//!
//! - T1. Each tracked location holds, in every execution, a word equal to its value.
//! - T2. `words.len()` times eight is the distance from the stack pointer to the arguments' end.
//! - T3. In a state that says `keeps_words`, each stack word that the frame keeps (`pass`) holds
//!   what it held there. It is said where all of them are put into a state, with the bits of them
//!   in `kept_words`, and no longer once one of them gets another value, or words are gone.

use crate::abi::regs::RSP;
use crate::facts::Path;
use crate::layout::Ty;
use crate::structures::Failure;
use crate::value::{Base, Sym, Value};
use crate::vector::{Compared, Vectors};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The operation that set the flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Flags<W = u64> {
    /// Nothing that is known.
    #[default]
    Unknown,
    /// The comparison of two words (both zero-extended, for 32-bit comparisons), as by `cmp`.
    Compare(Value<W>, Value<W>),
    /// The carry of a 64-bit sum.
    Sum(Value<W>, Value<W>),
    /// Of a comparison no more than whether it was one of equal words: this is 0 then, and only
    /// then.
    Zero(Value<W>),
    /// As [`Flags::Compare`], of an integer that a float became and 0 or 1, in its width.
    Converted(Value<W>, Value<W>),
    /// The comparison of two floats.
    Floats(Compared),
}

/// The contents of the argument cells that this code did not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Answers {
    /// Nothing that is known.
    #[default]
    Unknown,
    /// The arguments of a type, as the runtime leaves them to a way in.
    Arguments(u32),
    /// The results of a type, as the builtin `call` leaves them.
    Results(u32),
    /// The value that an operator gave, as the builtin `perform` leaves it.
    Operator(Ty),
    /// The values that a clause gets, as the runtime leaves them to a landing: those of this tag,
    /// if it names one, then a reference to the exception, if it takes one.
    Caught {
        /// The tag.
        tag: Option<u32>,
        /// Whether there is a reference.
        with_ref: bool,
    },
    /// Nothing; the host's code, or the function, that a way called has returned.
    Returned,
    /// Nothing; the function that a way in called was unwound.
    Unwound,
    /// Nothing; the host has noted a trap.
    Trapped,
}

/// A location that the check tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loc {
    /// A general register.
    Register(u8),
    /// The word of the store for the fuel; only this code and what it calls changes it.
    Fuel,
    /// A stack word, counted from the arguments' end downwards.
    Word(u32),
}

impl Loc {
    /// Its number, as certificates have it.
    pub const fn number(self) -> u32 {
        match self {
            Loc::Register(r) => r as u32,
            Loc::Fuel => 16,
            Loc::Word(i) => i.saturating_add(17),
        }
    }

    /// The location with a number.
    pub fn numbered(n: u32) -> Loc {
        match n.checked_sub(17) {
            Some(word) => Loc::Word(word),
            None if n == 16 => Loc::Fuel,
            None => Loc::Register(n as u8),
        }
    }
}

/// The parts of a way that no block changes (`ways`).
#[derive(Clone, Debug)]
pub(crate) struct Ways {
    /// The arguments that the caller of a builtin gets.
    pub(crate) given: [Sym; 5],
    /// The lowest bytes of these.
    pub(crate) bytes: [Sym; 5],
    /// The host's answer.
    pub(crate) answer: Option<Answered>,
    /// The word of it, where that is more than a number.
    pub(crate) result: Option<Value>,
    /// Where control goes on if the callee of a way in is unwound, as the store says it.
    pub(crate) handler: Option<u32>,
    /// Whether a row of the call says so too.
    pub(crate) lands: bool,
    /// The references that a way out is entered with, in the order of its parameters.
    pub(crate) passed: Vec<Sym>,
    /// The references that the host answered it, in the order of its results.
    pub(crate) answered: Vec<Sym>,
}

impl Ways {
    pub(crate) const NONE: Ways = Ways {
        given: [Sym::ZERO; 5],
        bytes: [Sym::ZERO; 5],
        answer: None,
        result: None,
        handler: None,
        lands: false,
        passed: Vec::new(),
        answered: Vec::new(),
    };
}

/// An answer of the host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    /// The word.
    pub(crate) word: Value,
    pub(crate) fails: Failure,
    /// 0 if it says that the host failed, and only then.
    pub(crate) success: Sym,
}

/// Stack words that a state may have space for, however few it has.
const SPACE_MIN: usize = 8;

/// The state.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct State {
    /// General registers; none: unknown.
    pub regs: [Option<Value>; 16],
    /// Stack words; none: unknown.
    pub words: Vec<Option<Value>>,
    /// The word for the fuel; none: unknown.
    pub fuel: Option<Value>,
    /// The values written to argument cells, and to the store's words for frames, since the last
    /// call or block entry.
    pub cells: BTreeMap<u32, Value>,
    /// The contents of the other argument cells.
    pub answers: Answers,
    /// The flags.
    pub flags: Flags,
    /// The vector registers of which something is known (X2 of `floats`).
    pub vectors: Vectors,
    /// The facts.
    pub path: Path,
    /// Calls so far (what moves at calls is counted from here).
    pub calls: u32,
    /// Jumps backwards that may follow, up to the next charge or poll ([`JUMPS`]); none before the
    /// first one.
    ///
    /// [`JUMPS`]: crate::certificate::JUMPS
    pub jumps: u8,
    /// Whether this is the function that initialises an instance, and no other function of the
    /// module has run, nor a builtin that may drop a segment (H6).
    pub(crate) fresh: bool,
    /// The element segment whose length was read last, and that length, if no function has run
    /// since, nor a builtin that may drop a segment (H6).
    pub(crate) length: Option<(u32, Sym)>,
    /// The object that was made last, if nothing was called since: its place, what the host has
    /// written of it, and its end, in bytes (H7).
    pub(crate) object: Option<(Sym, u32, u32)>,
    /// Whether the kept stack words hold what they are to hold; otherwise nobody knows (T3).
    pub(crate) keeps_words: bool,
    /// The kept stack words of a state that says so: the first 63, and whether there are others.
    pub(crate) kept_words: u64,
}

impl State {
    /// Takes over what another state is, in the place that this one has. It keeps no space for many
    /// more words than there are: states that wait are counted by their words.
    pub fn become_like(&mut self, other: &State) {
        if self.words.capacity() > other.words.len().saturating_mul(2).max(SPACE_MIN) {
            self.words = Vec::new();
        }
        self.words.resize(other.words.len(), None);
        self.words.copy_from_slice(&other.words);
        if !(self.cells.is_empty() && other.cells.is_empty()) {
            self.cells.clone_from(&other.cells);
        }
        let State {
            regs,
            words: _,
            fuel,
            cells: _,
            vectors,
            answers,
            flags,
            path,
            calls,
            jumps,
            fresh,
            length,
            object,
            keeps_words,
            kept_words,
        } = other;
        if !(self.vectors.is_empty() && vectors.is_empty()) {
            self.vectors.clone_from(vectors);
        }
        (self.regs, self.fuel, self.answers) = (*regs, *fuel, *answers);
        (self.flags, self.path) = (*flags, *path);
        (self.calls, self.jumps, self.fresh) = (*calls, *jumps, *fresh);
        (self.length, self.object) = (*length, *object);
        (self.keeps_words, self.kept_words) = (*keeps_words, *kept_words);
    }

    /// The content of a location.
    #[inline]
    pub fn get(&self, loc: Loc) -> Option<Value> {
        match loc {
            Loc::Register(r) => self.regs.get(r as usize).copied().flatten(),
            Loc::Fuel => self.fuel,
            Loc::Word(i) => self.words.get(i as usize).copied().flatten(),
        }
    }

    /// Sets a location. A location that does not exist is ignored.
    #[inline]
    pub(crate) fn set(&mut self, loc: Loc, value: Option<Value>) {
        match loc {
            Loc::Register(r) => {
                if let Some(slot) = self.regs.get_mut(r as usize) {
                    *slot = value;
                }
            }
            Loc::Fuel => self.fuel = value,
            Loc::Word(i) => self.set_word(i, value),
        }
    }

    #[inline]
    pub(crate) fn set_word(&mut self, i: u32, value: Option<Value>) {
        if let Some(slot) = self.words.get_mut(i as usize) {
            if self.kept_words >> i.min(63) & 1 != 0 {
                self.keeps_words &= planted!(WordIsWrittenUnseen, *slot == value, true);
            }
            *slot = value;
        }
    }

    /// Says that these are the kept stack words, and hold what they are to hold (T3).
    pub(crate) fn keep_words(&mut self, words: impl Iterator<Item = u32>) {
        self.kept_words = words.fold(0, |kept, i| kept | 1 << i.min(63));
        self.keeps_words = true;
    }

    /// Changes the number of stack words: the last ones are dropped, or new ones are unknown.
    pub(crate) fn resize(&mut self, words: usize) {
        self.keeps_words &= planted!(WordFallsUnseen, words >= self.words.len(), true);
        self.words.resize(words, None);
    }

    /// Whether a branch may show that a segment is there (H6).
    pub fn knows_length(&self) -> bool {
        self.length.is_some()
    }

    /// How many words a copy takes, about.
    pub(crate) fn weight(&self) -> usize {
        self.words.len().saturating_add(self.cells.len().saturating_mul(2))
    }

    /// The stack pointer, counted from entry.
    pub fn rsp(&self) -> Option<i64> {
        let value = self.get(Loc::Register(RSP))?;
        value.offset_in(Base::Stack).map(|add| add as i64)
    }
}
