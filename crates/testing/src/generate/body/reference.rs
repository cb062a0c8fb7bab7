//! References of a generated body: null tests with and without branches, calls through references,
//! tables of references.
//!
//! `constant` of `mod.rs` makes references to helpers.

use super::{Body, Ty};
use crate::generate::biased::{REF_TABLE, REF_TABLE_ELEMENTS};
use wasm_encoder::Instruction;

impl Body<'_> {
    /// An operator on references.
    pub(super) fn reference(&mut self) {
        match self.rng.below(10) {
            0 => {
                let ty = self.some_reference();
                self.push(ty);
                self.emit(&Instruction::RefIsNull);
                self.stack.pop();
                self.stack.push(Ty::I32);
            }
            1 | 2 => self.br_on_null(),
            3 | 4 => self.br_on_non_null(),
            5 => {
                let ty = if self.rng.percent(80) { Ty::Ref } else { self.some_reference() };
                self.constant(ty);
                self.emit(&Instruction::RefAsNonNull);
            }
            6 => {
                let index = self.rng.below(REF_TABLE_ELEMENTS as usize);
                self.emit(&Instruction::I32Const(index as i32));
                self.emit(&Instruction::TableGet(REF_TABLE));
                self.stack.push(Ty::Ref);
            }
            7 => {
                let index = self.rng.below(REF_TABLE_ELEMENTS as usize);
                self.emit(&Instruction::I32Const(index as i32));
                self.push(Ty::Ref);
                self.emit(&Instruction::TableSet(REF_TABLE));
                self.stack.pop();
            }
            _ => self.call_ref(),
        }
    }

    /// A type of references, mostly one that this body has locals of.
    fn some_reference(&mut self) -> Ty {
        let local = |ty: &Ty| self.palette & ty.bit() != 0;
        let known: Vec<Ty> = Ty::REFERENCES.into_iter().filter(local).collect();
        if known.is_empty() || self.rng.percent(20) {
            *self.rng.pick(&Ty::REFERENCES)
        } else {
            *self.rng.pick(&known)
        }
    }

    /// Not to a loop that does not count itself (B2).
    fn br_on_null(&mut self) {
        let relative = self.some_label();
        let (types, counts) = self.label(relative);
        if counts {
            return;
        }
        self.need(&types);
        let ty = self.some_reference();
        self.push(ty);
        self.emit(&Instruction::BrOnNull(relative as u32));
    }

    /// To a label whose last value is a reference; where there is none, a block that gives one ends
    /// here.
    fn br_on_non_null(&mut self) {
        let depth = self.frames.len();
        let fits = |&relative: &usize| {
            let frame = &self.frames[depth - 1 - relative];
            frame.label().last().is_some_and(|ty| ty.is_reference()) && !frame.must_count()
        };
        let fitting: Vec<usize> = (0..depth).filter(fits).collect();
        if fitting.is_empty() {
            let ty = self.some_reference();
            let block = self.types.block(&[], &[ty]);
            self.emit(&Instruction::Block(block));
            let value = self.stack.len();
            let before = std::mem::replace(&mut self.barrier, value);
            self.push(ty);
            self.emit(&Instruction::BrOnNonNull(0));
            self.stack.pop();
            self.local_set();
            let left = self.stack.len() - value;
            for _ in 0..left {
                self.emit(&Instruction::Drop);
                self.stack.pop();
            }
            self.constant(ty);
            self.emit(&Instruction::End);
            self.barrier = before;
            return;
        }
        let relative = *self.rng.pick(&fitting);
        let (types, _) = self.label(relative);
        self.need(&types);
        self.emit(&Instruction::BrOnNonNull(relative as u32));
        self.stack.pop();
    }

    /// A call through a reference: one of the fixed type, from anywhere, or one to a helper.
    fn call_ref(&mut self) {
        if self.shape.callees.is_empty() {
            return;
        }
        let (func, signature) = if self.rng.percent(60) {
            (None, (vec![Ty::I32], vec![Ty::I32]))
        } else {
            let helpers: Vec<_> =
                self.shape.callees.iter().filter(|callee| callee.func >= super::IMPORTED).collect();
            let callee = *self.rng.pick(&helpers);
            let signature = callee.signature.clone();
            (Some(callee.func), (signature.params, signature.results))
        };
        let (params, results) = signature;
        self.need(&params);
        let index = self.types.index(&params, &results);
        match func {
            Some(func) => self.emit(&Instruction::RefFunc(func)),
            None => {
                if self.rng.percent(50) {
                    self.constant(Ty::Ref);
                } else {
                    self.push(Ty::Ref);
                }
                self.stack.pop();
            }
        }
        let below = self.stack.len() - params.len();
        self.stack.truncate(below);
        if results == self.results && self.rng.percent(25) {
            self.emit(&Instruction::ReturnCallRef(index));
            self.dead();
        } else {
            self.emit(&Instruction::CallRef(index));
            self.stack.extend_from_slice(&results);
        }
    }
}
