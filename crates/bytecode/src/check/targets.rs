//! F6 and F2: branches and instructions in the order of the code → every target is the first word
//! of an instruction, and control does not fall off the end.
//!
//! A backward target is known when the branch comes; a forward one waits for the end. Q4, that a
//! slot is written before it is read, is proved with the values (`equality`).
//!
//! # Invariants
//! * G1. `starts` holds exactly the words at which the walk has seen an instruction.
//!
//! Cost: a bit for each word, constant time for an instruction and a target.

use super::{Fault, Rule, Verdict};
use crate::encode::Inst;

pub(super) struct Targets {
    words: u32,
    starts: Vec<u64>,
    /// Forward branches: from, to.
    ahead: Vec<(u32, u32)>,
    /// Whether control falls through to the next instruction.
    falls: bool,
}

impl Targets {
    /// For code of `words` words, with room for `branches` branches.
    pub(super) fn new(words: usize, branches: usize) -> Targets {
        Targets {
            words: words as u32,
            starts: vec![0; words.div_ceil(64)],
            ahead: Vec::with_capacity(branches),
            falls: true,
        }
    }

    /// The walk comes to the instruction at `word`, which is in the code.
    #[inline]
    pub(super) fn enter(&mut self, word: u32) {
        self.starts[word as usize / 64] |= 1 << (word % 64);
    }

    /// The walk leaves an instruction.
    #[inline]
    pub(super) fn leave(&mut self, terminator: bool) {
        self.falls = !terminator;
    }

    fn is_start(&self, word: u32) -> bool {
        self.starts[word as usize / 64] >> (word % 64) & 1 == 1
    }

    /// An edge from the instruction `inst` by `offset` words; gives its target.
    pub(super) fn edge(&mut self, inst: &Inst, offset: u64) -> Result<u32, Fault> {
        let target = inst.target(offset as i32).filter(|&target| target < self.words);
        let Some(target) = target else {
            let what = format!("{:+} leaves the code", offset as i32);
            return Err(Fault::new(Rule::Targets, what));
        };
        self.goes(inst.at, target)?;
        Ok(target)
    }

    /// An edge from `from`, at most the newest instruction, to `target`.
    pub(super) fn goes(&mut self, from: u32, target: u32) -> Verdict {
        if target >= self.words {
            let what = format!("an edge to word {target}, behind the code");
            return Err(Fault::new(Rule::Targets, what));
        }
        if target > from {
            self.ahead.push((from, target));
        } else if !self.is_start(target) {
            return Err(inside(from, target));
        }
        Ok(())
    }

    /// The end of the code.
    pub(super) fn finish(&self) -> Verdict {
        if self.falls {
            return Err(Fault::new(Rule::End, "control falls off the end"));
        }
        match self.ahead.iter().find(|&&(_, to)| !self.is_start(to)) {
            Some(&(from, to)) => Err(inside(from, to)),
            None => Ok(()),
        }
    }
}

#[cold]
fn inside(from: u32, to: u32) -> Fault {
    let what = format!("the edge at word {from} goes to word {to}, inside an instruction");
    Fault::new(Rule::Targets, what)
}
