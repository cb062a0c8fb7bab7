//! The lockstep of a body and its image: the ends of blocks (E5).

use super::error::{Fault, Rule, Verdict};
use super::relate::{Relate, Spot};
use super::terms::{NOWHERE, Term};
use crate::entity::List;
use crate::terminator::{Call, Edge, Terminator};

impl Relate<'_> {
    /// How the body goes on from a spot, behind its jumps.
    fn settle(&mut self, mut spot: Spot) -> Verdict<Terminator> {
        self.land(&mut spot)?;
        loop {
            self.finish(&mut spot)?;
            match self.old.body.block(spot.block).terminator {
                Terminator::Jump(edge) => self.inline(&edge, &mut spot)?,
                terminator => return Ok(terminator),
            }
        }
    }

    /// The end of a block of the image.
    pub(super) fn end(&mut self, terminator: &Terminator, spot: Spot) -> Verdict {
        if let Terminator::Jump(edge) = terminator {
            return self.jump(edge, spot);
        }
        match (self.settle(spot)?, *terminator) {
            (
                Terminator::Branch { condition, then, otherwise },
                Terminator::Branch { condition: other, then: then_, otherwise: otherwise_ },
            ) => {
                self.operand(condition, other)?;
                self.arrive(&then_, &then, &[])?;
                self.arrive(&otherwise_, &otherwise, &[])
            }
            (
                Terminator::Null { reference, null, non_null },
                Terminator::Null { reference: other, null: null_, non_null: non_null_ },
            ) => {
                self.operand(reference, other)?;
                self.arrive(&null_, &null, &[])?;
                let payload = self.terms.atom(NOWHERE);
                self.arrive(&non_null_, &non_null, &[payload])
            }
            (
                Terminator::Table { index, edges, targets },
                Terminator::Table { index: other, edges: edges_, targets: targets_ },
            ) => {
                self.operand(index, other)?;
                self.table((edges, targets), (edges_, targets_))
            }
            (
                Terminator::Invoke { call, normal, handler },
                Terminator::Invoke { call: other, normal: normal_, handler: handler_ },
            ) => {
                let results = self.call(&call, &other)?;
                let payloads: Vec<Term> = (0..results).map(|_| self.terms.atom(NOWHERE)).collect();
                self.arrive(&normal_, &normal, &payloads)?;
                self.handlers(&handler_, &handler)
            }
            (
                Terminator::Throw { opcode, imm, args, handler },
                Terminator::Throw { opcode: opcode_, imm: imm_, args: args_, handler: handler_ },
            ) => {
                demand!(opcode == opcode_ && imm == imm_, Control, "another throw");
                self.operands(args, args_)?;
                match (handler, handler_) {
                    (None, None) => Ok(()),
                    (Some(ours), Some(theirs)) => self.handlers(&theirs, &ours),
                    (_, _) => Err(Fault::new(Rule::Handlers, "a throw with another handler")),
                }
            }
            (Terminator::Return(ours), Terminator::Return(theirs)) => self.operands(ours, theirs),
            (Terminator::TailCall(ours), Terminator::TailCall(theirs)) => {
                self.call(&ours, &theirs).map(|_| ())
            }
            (Terminator::Unreachable, Terminator::Unreachable) => Ok(()),
            (ours, theirs) => {
                let what = format!("{} where {} is due", theirs.name(), ours.name());
                Err(Fault::new(Rule::Control, what))
            }
        }
    }

    /// Calls are the same; gives how many results they have.
    fn call(&mut self, ours: &Call, theirs: &Call) -> Verdict<usize> {
        let same = ours.opcode == theirs.opcode && ours.imm == theirs.imm;
        demand!(same, Control, "another call");
        self.operands(ours.args, theirs.args)?;
        let callee = crate::emit::callee(self.module, ours);
        callee.map(|ty| ty.results.len()).ok_or_else(|| Fault::new(Rule::Control, "no callee"))
    }

    /// Each index goes where it went.
    fn table(&mut self, ours: (List<Edge>, List<u32>), theirs: (List<Edge>, List<u32>)) -> Verdict {
        let (old, new) = (self.old.body, self.new.body);
        let (from, to) = (old.targets(ours.1), new.targets(theirs.1));
        demand!(from.len() == to.len(), Control, "a table of another length");
        let mut pairs: Vec<(u32, u32)> = to.iter().copied().zip(from.iter().copied()).collect();
        pairs.sort_unstable();
        pairs.dedup();
        for (to, from) in pairs {
            let edges =
                (new.edges(theirs.0).get(to as usize), old.edges(ours.0).get(from as usize));
            let (Some(&to), Some(&from)) = edges else {
                return Err(Fault::new(Rule::Control, "a table without an edge"));
            };
            self.arrive(&to, &from, &[])?;
        }
        Ok(())
    }
}
