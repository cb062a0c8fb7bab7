//! Planted faults of a translator: proved bytecode → the same with one edit, for which nothing is
//! proved.
//!
//! ```text
//! Candidate ─ check ─► CheckedBytecode ─ planted ─► CheckedBytecode   (this file alone, and only in tests)
//! ```
//!
//! Compiled under `--cfg prova_plant` only; the check has no second mode, and sees the code as it
//! was. [`plant`] chooses the edit for the process. The edits are faults of local preservation that
//! interpreters had: a local that is still on the operand stack is copied to its home slot before
//! it is written, and the copy is at the wrong place. `shrink_plants` of `prova-runs` runs
//! programs with them.
//!
//! Each edit reads and writes slots of the frame alone, and the slots hold numbers in those tests:
//! of code with references nothing is promised.

use super::CheckedBytecode;
use crate::candidate::Candidate;
use crate::encode::{Inst, decode};
use crate::ops::{Class, Kind, Marks, Op, Role};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A fault; the names say where the copy of a local goes that is about to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Plant {
    /// Nowhere else: there is no fault.
    None,
    /// Behind the next conditional branch, so that the way that branches goes without it.
    BehindBranch,
    /// Into a slot that the next instruction reads.
    IntoInput,
    /// Into the loop before which it stands, so that each round makes it again.
    IntoLoop,
}

/// All faults.
pub const PLANTS: &[Plant] = &[Plant::BehindBranch, Plant::IntoInput, Plant::IntoLoop];

/// The planted fault, with the marker by which `crates/tidy/src/plants.rs` finds a program with
/// plants.
#[repr(C)]
struct Planted {
    _marker: [u8; 31],
    plant: AtomicU32,
}

#[used]
static PLANTED: Planted =
    Planted { _marker: *b"this program has planted faults", plant: AtomicU32::new(0) };

/// Plants this fault in all bytecode that is checked from now on.
pub fn plant(plant: Plant) {
    PLANTED.plant.store(plant as u32, Ordering::Relaxed);
}

impl CheckedBytecode {
    /// The code with the fault that is planted. The result is not proved.
    #[must_use]
    pub fn planted(mut self) -> CheckedBytecode {
        let chosen = PLANTED.plant.load(Ordering::Relaxed);
        let Some(plant) = PLANTS.iter().find(|plant| **plant as u32 == chosen) else { return self };
        let (mut copies, mut at) = (Vec::new(), 0);
        while let Ok(inst) = decode(&self.code.words, at) {
            at = inst.next;
            copies.extend(Some(inst).filter(|inst| self.preserves(inst)));
        }
        // The last one first: an edit changes nothing before it.
        for copy in copies.iter().rev() {
            match plant {
                Plant::None => {}
                Plant::BehindBranch => self.behind_branch(copy),
                Plant::IntoInput => self.into_input(copy),
                Plant::IntoLoop => self.into_loop(copy),
            }
        }
        self.kept = OnceLock::new();
        self
    }

    /// Whether an instruction copies a local to a home slot.
    fn preserves(&self, inst: &Inst) -> bool {
        let [home, local, ..] = inst.values;
        let locals = u64::from(self.local_cells);
        inst.op == Op::Copy && inst.marks == Marks::NONE && home >= locals && local < locals
    }

    fn behind_branch(&mut self, copy: &Inst) {
        let words = &self.code.words;
        let mut at = copy.next;
        while let Ok(inst) = decode(words, at) {
            // The instruction may read an accumulator that the copy wrote.
            if inst.marks.source() != 0 || inst.op.class().is_terminator() {
                return;
            }
            at = inst.next;
            if is_branch(&inst) {
                return moved(&mut self.code, copy, at);
            }
        }
    }

    fn into_input(&mut self, copy: &Inst) {
        let [home, local, ..] = copy.values;
        let Ok(next) = decode(&self.code.words, copy.next) else { return };
        let operands = next.op.operands();
        let slot = |kind: Kind| kind.cells() == 1 && kind.lanes() == 1;
        let writes = operands.first().is_some_and(|one| one.role == Role::Result);
        if !writes || next.values[0] != local || next.is_accumulated(0) {
            return;
        }
        let sources = operands.iter().enumerate().skip(1).filter(|(n, one)| {
            one.role == Role::Source && slot(one.kind) && !next.is_accumulated(*n)
        });
        let mut read = sources.map(|(n, _)| next.values[n]);
        if let Some(slot) = read.find(|slot| *slot != home && *slot != local) {
            set(&mut self.code.words, copy, 0, slot);
        }
    }

    fn into_loop(&mut self, copy: &Inst) {
        let words = self.code.words.clone();
        let mut at = copy.next;
        while let Ok(inst) = decode(&words, at) {
            at = inst.next;
            for (n, operand) in inst.op.operands().iter().enumerate() {
                let target = inst.target(inst.values[n] as i32);
                if operand.kind == Kind::rel && target == Some(copy.next) {
                    let offset = i64::from(copy.at) - i64::from(inst.at);
                    set(&mut self.code.words, &inst, n, offset as u64);
                }
            }
        }
    }
}

fn is_branch(inst: &Inst) -> bool {
    inst.op.class() == Class::branch
}

/// Writes an operand of one lane or two.
fn set(words: &mut [u64], inst: &Inst, n: usize, value: u64) {
    let (lane, lanes) = (inst.op.lane(n), u32::from(inst.op.operands()[n].kind.lanes()));
    let mask = ((1u64 << (16 * lanes)) - 1) << (16 * (lane % 4));
    let word = &mut words[inst.at as usize + lane / 4];
    *word = *word & !mask | value << (16 * (lane % 4)) & mask;
}

/// Moves an instruction to where another one begins, and all that lies between to the front.
fn moved(code: &mut Candidate, one: &Inst, to: u32) {
    let size = one.next - one.at;
    let place = |word: u32| match word {
        word if word > one.at && word < one.next => one.at,
        word if word >= one.next && word < to => word - size,
        word => word,
    };
    let words = code.words.clone();
    let mut at = 0;
    while let Ok(inst) = decode(&words, at) {
        at = inst.next;
        let own = if inst.at == one.at { to - size } else { place(inst.at) };
        let offset =
            |old: i32| inst.target(old).map(|word| i64::from(place(word)) - i64::from(own));
        for (n, operand) in inst.op.operands().iter().enumerate() {
            if let (Kind::rel, Some(new)) = (operand.kind, offset(inst.values[n] as i32)) {
                set(&mut code.words, &inst, n, new as u64);
            }
        }
        let table = inst.at as usize + inst.op.words();
        for (n, old) in inst.table_targets(&words).iter().enumerate() {
            if let Some(new) = offset(*old as i32) {
                code.words[table + n] = u64::from(new as i32 as u32);
            }
        }
    }
    code.words[one.at as usize..to as usize].rotate_left(size as usize);
    code.map.iter_mut().for_each(|entry| entry.word = place(entry.word));
    code.map.reverse();
    code.map.dedup_by_key(|entry| entry.word);
    code.map.reverse();
    code.controls.iter_mut().for_each(|hint| hint.word = place(hint.word));
    for handler in &mut code.handlers {
        (handler.start, handler.end) = (place(handler.start), place(handler.end));
        if handler.target != crate::Handler::RETURN {
            handler.target = place(handler.target);
        }
    }
}
