//! C6, C7 and C2: instructions and branches in the order of the code → every target is an
//! instruction, and every slot is written before it is read on every path. One pass, no fixpoint.
//!
//! # The abstraction
//! A slot once written stays written, so the *definitely assigned* slots (the set of the Java
//! specification, chapter 16) only grow along a path and shrink only where paths join. The set is
//! kept as a *log*: slots in the order in which they entered; a join cuts the log back to a prefix
//! that all its incoming edges share.
//!
//! An edge to a later word `t` leaves `(length of the log, word of the branch)` there. When the
//! walk comes to `t`, the prefix that is common to the edge and to now is `min(length then, every
//! length the log was cut to since)`; `cuts` answers that by binary search. What lies beyond the
//! prefix is lost, except for the home slots of a label's values, which edges write each in its own
//! order: for the labels of the hints, the slots of those values are intersected edge by edge
//! ([`Labels`]). An edge to an earlier word `t` must still have all that the log held at `t`.
//!
//! # Invariants
//! * P1. At every instruction, each slot of the log is written on every path from the entry to it.
//!   (By induction over the length of a path: a write adds, a join keeps what all edges have, and
//!   an instruction that no edge and no fall-through reaches runs on no path.)
//! * P2. `bits` = locals ∪ log; no slot is twice in the log.
//! * P3. `cuts` rises strictly in word and in length.
//!
//! # What it asks of a translator
//! Code of an edge stands where the edge leaves (around an inverted branch, or behind a
//! `br_table`), not at the end of the function; and after a join only slots are read that were
//! written before the region, are values of the label, or are written since. Tests: `initialised…`
//! in `tests`.

use super::labels::Labels;
use super::{Context, Fault, Rule, Verdict};
use crate::encode::Inst;

/// A word: where the walk has been, the length of the log there; ahead, the edges that wait there.
#[derive(Clone, Copy)]
struct Point {
    /// The length of the common prefix.
    log: u32,
    /// The word at which that held, or `NONE`.
    since: u32,
}

const NONE: u32 = u32::MAX;

/// The log was cut to `log` at `word`.
struct Cut {
    word: u32,
    log: u32,
}

pub(super) struct Paths {
    labels: Labels,
    points: Vec<Point>,
    cuts: Vec<Cut>,
    log: Vec<u32>,
    bits: Bits,
    /// Whether control falls through to the next instruction.
    falls: bool,
}

impl Paths {
    pub(super) fn new(cx: &Context<'_>, labels: Labels) -> Paths {
        let mut bits = Bits::new(cx.candidate.frame_cells);
        (0..cx.facts.local_cells).for_each(|slot| _ = bits.insert(slot));
        Paths {
            labels,
            points: vec![Point { log: 0, since: NONE }; cx.candidate.words.len()],
            cuts: Vec::new(),
            log: Vec::new(),
            bits,
            falls: true,
        }
    }

    /// The walk comes to the instruction at `word`: joins the edges that wait there.
    pub(super) fn enter(&mut self, word: u32) -> Verdict {
        let point = self.points[word as usize];
        if point.since != NONE {
            let log = self.common(point);
            if self.falls {
                self.labels.meet(word, &self.bits);
            }
            self.cut(word, log);
            let Paths { labels, bits, log, .. } = self;
            labels.values(word, |slot| {
                if bits.insert(slot) {
                    log.push(slot);
                }
            });
        }
        self.points[word as usize] = Point { log: self.log.len() as u32, since: word };
        Ok(())
    }

    /// The walk leaves an instruction: its inner words are no targets.
    pub(super) fn leave(&mut self, inst: &Inst) -> Verdict {
        self.falls = !inst.op.class().is_terminator();
        let inner = &self.points[inst.at as usize + 1..inst.next as usize];
        match inner.iter().position(|point| point.since != NONE) {
            None => Ok(()),
            Some(i) => {
                let (word, branch) = (inst.at as usize + 1 + i, inner[i].since);
                let what = format!("the branch at word {branch} goes to word {word}, inside");
                Err(Fault::new(Rule::Targets, what))
            }
        }
    }

    /// The end of the code.
    pub(super) fn finish(&self) -> Verdict {
        if self.falls {
            return Err(Fault::new(Rule::End, "control falls off the end"));
        }
        Ok(())
    }

    /// An edge from the instruction `inst` by `offset` words; gives its target.
    pub(super) fn edge(&mut self, inst: &Inst, offset: u64) -> Result<u32, Fault> {
        let target = inst.target(offset as i32).filter(|&t| (t as usize) < self.points.len());
        let Some(target) = target else {
            let what = format!("{:+} leaves the code", offset as i32);
            return Err(Fault::new(Rule::Targets, what));
        };
        let point = self.points[target as usize];
        if target > inst.at {
            self.labels.meet(target, &self.bits);
            let log = if point.since == NONE { u32::MAX } else { self.common(point) };
            let log = log.min(self.log.len() as u32);
            self.points[target as usize] = Point { log, since: inst.at };
        } else if point.since == NONE {
            let what = format!("word {target} is inside an instruction");
            return Err(Fault::new(Rule::Targets, what));
        } else if self.common(point) < point.log {
            let what = format!("not all slots written before word {target} are on the way back");
            return Err(Fault::new(Rule::Initialised, what));
        }
        Ok(target)
    }

    /// An edge from every throwing instruction of a range that starts at `start` to `target`, with `values` written.
    pub(super) fn handler(
        &mut self,
        cx: &Context<'_>,
        start: u32,
        target: u32,
        values: core::ops::Range<u32>,
    ) -> Verdict {
        let Some(&point) = self.points.get(target as usize) else {
            return Err(Fault::new(
                Rule::Targets,
                format!("a handler at @{target}, behind the code"),
            ));
        };
        if target > start {
            self.labels.meet_with(target, &self.bits, values);
            let log = if point.since == NONE { u32::MAX } else { self.common(point) };
            let log = log.min(self.log.len() as u32);
            self.points[target as usize] = Point { log, since: start };
            return Ok(());
        }
        super::metering::cycle(cx, target)?;
        if point.since == NONE {
            let what = format!("a handler at @{target}, inside an instruction");
            return Err(Fault::new(Rule::Targets, what));
        }
        self.keeps(target)
    }

    /// Whether all that was written at the earlier word `at` still is.
    pub(super) fn keeps(&self, at: u32) -> Verdict {
        let point = self.points[at as usize];
        if self.common(point) < point.log {
            let what = format!(
                "not all slots written before word {at} are written where control goes there"
            );
            return Err(Fault::new(Rule::Initialised, what));
        }
        Ok(())
    }

    /// `cells` cells from `slot` are read.
    pub(super) fn read(&self, slot: u64, cells: u64) -> Verdict {
        match self.bits.first_missing(slot, cells) {
            None => Ok(()),
            Some(missing) => {
                let what = format!("s{missing} is read and not written on every path");
                Err(Fault::new(Rule::Initialised, what))
            }
        }
    }

    /// `cells` cells from `slot` are written; they lie in the frame.
    pub(super) fn write(&mut self, slot: u64, cells: u64) {
        for slot in slot as u32..(slot + cells) as u32 {
            if self.bits.insert(slot) {
                self.log.push(slot);
            }
        }
    }

    /// How much of the log at `point` is still in the log.
    fn common(&self, point: Point) -> u32 {
        let later = self.cuts.partition_point(|cut| cut.word <= point.since);
        self.cuts.get(later).map_or(point.log, |cut| cut.log.min(point.log))
    }

    /// Cuts the log to `len`, at most its length.
    fn cut(&mut self, word: u32, len: u32) {
        if len as usize == self.log.len() {
            return;
        }
        while self.log.len() > len as usize {
            self.log.pop().into_iter().for_each(|slot| self.bits.remove(slot));
        }
        while self.cuts.last().is_some_and(|cut| cut.log >= len) {
            self.cuts.pop();
        }
        self.cuts.push(Cut { word, log: len });
    }
}

/// A set of slots of the frame.
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    fn new(slots: u32) -> Bits {
        Bits { words: vec![0; slots.div_ceil(64) as usize] }
    }

    /// Whether `slot` is new in the set; false, too, for a slot outside of the frame.
    fn insert(&mut self, slot: u32) -> bool {
        let bit = 1 << (slot % 64);
        match self.words.get_mut(slot as usize / 64) {
            Some(word) if *word & bit == 0 => {
                *word |= bit;
                true
            }
            _ => false,
        }
    }

    fn remove(&mut self, slot: u32) {
        if let Some(word) = self.words.get_mut(slot as usize / 64) {
            *word &= !(1 << (slot % 64));
        }
    }

    /// 64 slots, from `64 * index`.
    pub(super) fn word(&self, index: usize) -> u64 {
        self.words.get(index).copied().unwrap_or(0)
    }

    /// The first of `cells` slots from `slot` that is not in the set.
    fn first_missing(&self, slot: u64, cells: u64) -> Option<u64> {
        let end = slot + cells;
        let mut at = slot;
        while at < end {
            let missing = !self.word((at / 64) as usize) >> (at % 64);
            let next = at + u64::from(missing.trailing_zeros()).min(64 - at % 64);
            if missing != 0 {
                return (next < end).then_some(next);
            }
            at = next;
        }
        None
    }
}
