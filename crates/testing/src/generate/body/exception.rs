//! Exceptions of a generated body: `try_table`s with labels that fit their clauses, locals
//! overwritten inside, throws.
//!
//! `mod.rs` has the state and its invariants. A clause never goes to a loop that does not count
//! itself (B2).

use super::control::{Frame, FrameKind};
use super::{Body, Ty};
use wasm_encoder::{BlockType, Catch, Instruction};

/// A clause before its label is counted.
struct Clause {
    tag: Option<u32>,
    with_ref: bool,
    /// The position of its label's frame.
    frame: usize,
}

impl Body<'_> {
    /// Opens a `try_table` with one to three clauses, and blocks around it where no open label fits
    /// a clause.
    pub(super) fn open_try(&mut self) {
        if self.rng.percent(70) {
            // A value below, whose local may be overwritten inside.
            self.local_get();
        }
        let count = 1 + self.rng.weighted(&[50, 35, 15]);
        let clauses: Vec<Clause> = (0..count).map(|_| self.clause()).collect();
        let params = if self.rng.percent(30) { self.block_params() } else { Vec::new() };
        let results = if self.rng.percent(50) { Vec::new() } else { self.type_list(2) };
        let depth = self.frames.len();
        let catches: Vec<Catch> = clauses
            .iter()
            .map(|clause| {
                // Labels count from outside of the block.
                let label = (depth - 1 - clause.frame) as u32;
                match (clause.tag, clause.with_ref) {
                    (Some(tag), false) => Catch::One { tag, label },
                    (Some(tag), true) => Catch::OneRef { tag, label },
                    (None, false) => Catch::All { label },
                    (None, true) => Catch::AllRef { label },
                }
            })
            .collect();
        let ty = self.types.block(&params, &results);
        self.emit(&Instruction::TryTable(ty, catches.into()));
        let base = self.stack.len() - params.len();
        self.frames.push(Frame { kind: FrameKind::Try, base, params, results });
        if self.rng.percent(60) {
            self.local_set();
            self.throw();
        }
    }

    /// A clause, and a block around what follows if no open label takes its values.
    fn clause(&mut self) -> Clause {
        let tag = self.rng.percent(65).then(|| self.rng.below(self.shape.tags.len()) as u32);
        let with_ref = self.rng.percent(40);
        let mut values = tag.map_or(Vec::new(), |tag| self.shape.tags[tag as usize].clone());
        if with_ref {
            values.push(Ty::Exn);
        }
        let fits = |&at: &usize| {
            let frame: &Frame = &self.frames[at];
            frame.label() == values && !frame.must_count()
        };
        let fitting: Vec<usize> = (0..self.frames.len()).filter(fits).collect();
        if !fitting.is_empty() && self.rng.percent(50) {
            return Clause { tag, with_ref, frame: *self.rng.pick(&fitting) };
        }
        let ty = self.types.block(&[], &values);
        self.emit(&Instruction::Block(ty));
        let (kind, base) = (FrameKind::Block, self.stack.len());
        self.frames.push(Frame { kind, base, params: Vec::new(), results: values });
        Clause { tag, with_ref, frame: self.frames.len() - 1 }
    }

    /// Something that throws, most often under a condition.
    pub(super) fn throw(&mut self) {
        let deep = self.frames.len() > 1;
        match self.rng.weighted(&[45, if deep { 15 } else { 0 }, 20, 20]) {
            0 => {
                self.condition();
                self.stack.pop();
                self.emit(&Instruction::If(BlockType::Empty));
                let tag = self.rng.below(self.shape.tags.len());
                let values = self.shape.tags[tag].clone();
                values.iter().for_each(|&ty| self.push(ty));
                let below = self.stack.len() - values.len();
                self.stack.truncate(below);
                self.emit(&Instruction::Throw(tag as u32));
                self.emit(&Instruction::End);
            }
            1 => {
                let tag = self.rng.below(self.shape.tags.len());
                let values = self.shape.tags[tag].clone();
                self.need(&values);
                self.emit(&Instruction::Throw(tag as u32));
                self.dead();
            }
            2 => self.throw_again(),
            _ => self.call(),
        }
    }

    /// Throws what was caught, if it is there.
    fn throw_again(&mut self) {
        match (self.local_of(Ty::Exn), self.top()) {
            (_, Some(Ty::Exn)) if self.frames.len() > 1 => {
                self.emit(&Instruction::ThrowRef);
                self.dead();
            }
            (Some(local), _) => {
                self.emit(&Instruction::LocalGet(local));
                self.emit(&Instruction::RefIsNull);
                self.emit(&Instruction::I32Eqz);
                self.emit(&Instruction::If(BlockType::Empty));
                self.emit(&Instruction::LocalGet(local));
                self.emit(&Instruction::ThrowRef);
                self.emit(&Instruction::End);
            }
            (None, _) => {}
        }
    }
}
