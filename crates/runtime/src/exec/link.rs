//! Linking: checked words → the words that the tail-call executor runs, in which the op of each
//! instruction is the address of its handler.
//!
//! ```text
//! CheckedBytecode ─ link ─► words with addresses ─ read again, compared ─► Linked, kept with the code
//! ```
//!
//! Indices of words, operands and branch offsets are the same in both forms, so readers of an
//! instruction (traps, backtraces, handlers of exceptions) decode the checked words at the same
//! index. The `match` executor runs the checked words themselves.
//!
//! # Invariants
//! * L1. Linked words have, at each instruction, the address of the handler of its encoding (where
//!   fuel is charged, of the one that charges), and are otherwise the checked words. [`Linked::of`]
//!   is the only constructor, and reads what it has written again.
//! * L2. A store runs linked words, and stubs, throughout or not at all: its executor is fixed.

use super::{count, tail};
use crate::host::{Dispatch, ExecutorKind};
use crate::store::Store;
use prova_bytecode::{CheckedBytecode, decode};
use std::sync::OnceLock;

/// Words in which word 0 of each instruction is its handler's address (L1).
pub(crate) struct Linked {
    words: Box<[u64]>,
    /// The same for stores that count: each instruction leads to the handler that does.
    counting: OnceLock<Box<[u64]>>,
}

impl Linked {
    /// The linked words of checked ones.
    ///
    /// # Panics
    /// If what was written does not read as it should: a fault of this function.
    fn of(code: &CheckedBytecode) -> Linked {
        let mut words: Box<[u64]> = code.words().into();
        let mut starts = Vec::with_capacity(words.len() / 2 + 1);
        let mut at = 0;
        // F1: each word belongs to one instruction.
        let charging = code.settings().metering.has_fuel();
        while let Ok(inst) = decode(code.words(), at) {
            words[at as usize] = tail::handler_address(code.words()[at as usize] as u16, charging);
            starts.push(at);
            at = inst.next;
        }
        let linked = Linked { words, counting: OnceLock::new() };
        assert!(linked.is_true(code, &starts), "linked words are not those of the code");
        linked
    }

    /// L1, by reading both forms side by side.
    fn is_true(&self, code: &CheckedBytecode, starts: &[u32]) -> bool {
        let charging = code.settings().metering.has_fuel();
        let mut starts = starts.iter().copied().peekable();
        let pairs = self.words.iter().zip(code.words()).enumerate();
        let same = pairs.fold(true, |same, (word, (&linked, &checked))| {
            let start = starts.next_if_eq(&(word as u32)).is_some();
            let handler = || tail::handler_address(checked as u16, charging);
            let want = if start { handler() } else { checked };
            same && linked == want
        });
        same && starts.peek().is_none() && self.words.len() == code.words().len()
    }

    /// The words in which every instruction is counted (Y1 of `count`).
    fn counting(&self, code: &CheckedBytecode) -> &[u64] {
        self.counting.get_or_init(|| {
            let mut words = self.words.clone();
            let mut at = 0;
            while let Ok(inst) = decode(code.words(), at) {
                words[at as usize] = count::address();
                at = inst.next;
            }
            words
        })
    }
}

impl Store {
    /// Whether its executor runs linked words (L2).
    pub(crate) fn runs_linked(&self) -> bool {
        matches!(self.executor(), ExecutorKind::Interpreter(Dispatch::Tail)) && tail::is_sound()
    }

    /// The words of some bytecode that this store's executor runs; `None` where another crate keeps
    /// something else with the code.
    pub(crate) fn running_words<'c>(&self, code: &'c CheckedBytecode) -> Option<&'c [u64]> {
        if !self.runs_linked() {
            return Some(code.words());
        }
        let linked = code.kept(Linked::of)?;
        Some(if self.dispatch_counts().is_some() { linked.counting(code) } else { &linked.words })
    }
}
