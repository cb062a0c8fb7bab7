//! How blocks end in both bodies (Q8, Q10, Q13).

use super::edge::only_edge;
use super::error::{Fault, PassRule as Rule, Verdict};
use super::walk::{Cursor, Walk};
use crate::entity::{Block, List, Value};
use crate::hash::Key;
use crate::relate::number::Numbers;
use crate::terminator::{Call, Clause, Edge, Terminator};
use cranelift_entity::EntityRef;
use prova_terms::Vn;
use std::collections::HashSet;

impl Walk<'_> {
    /// The end of a block of the new body, where the walk is at the end of an old one.
    pub(super) fn terminators(&mut self, block: Block, cursor: &Cursor) -> Verdict {
        let (data, was) = (self.after.block(block), self.before.body.block(cursor.block));
        let (new, old) = (data.terminator, was.terminator);
        let numbers: &Numbers = self.numbers;
        let of_old = |value: Value| numbers.as_const(self.before.number[value.index()]);
        let of_new = |value: Value| numbers.as_const(self.number[value.index()]);
        let only_old = only_edge(self.before.body, &old, of_old);
        let only_new = only_edge(self.after, &new, of_new);
        match (only_old, only_new) {
            (Some(old), Some(new)) => return self.edges(&old, &new, self.after_all()),
            (None, Some(new)) => return self.all_to(&old, &new),
            (Some(_), None) => {
                let what = format!("{} where control always goes one way", new.name());
                return Err(Fault::new(Rule::Control, what));
            }
            (None, None) => {}
        }
        let leaves = !matches!(
            new,
            Terminator::Branch { .. } | Terminator::Table { .. } | Terminator::Null { .. }
        );
        self.same(&old, &new)?;
        let (given, offset) = (data.end, was.end);
        demand!(!leaves || given == offset, Offsets, "the end is at {given:#x}, not {offset:#x}");
        Ok(())
    }

    /// A leaf for the payloads of an edge that has none.
    fn after_all(&self) -> u32 {
        u32::MAX
    }

    /// Wherever the old terminator goes, it is where the new edge leads.
    fn all_to(&mut self, old: &Terminator, new: &Edge) -> Verdict {
        match *old {
            Terminator::Branch { then, otherwise, .. } => {
                self.edges(&then, new, self.after_all())?;
                self.edges(&otherwise, new, self.after_all())
            }
            Terminator::Table { edges, .. } => {
                let edges = self.before.body.edges(edges);
                edges.iter().try_for_each(|edge| self.edges(edge, new, self.after_all()))
            }
            Terminator::Null { .. }
            | Terminator::Invoke { .. }
            | Terminator::Throw { .. }
            | Terminator::Catch { .. }
            | Terminator::Return(_)
            | Terminator::TailCall(_)
            | Terminator::Unreachable
            | Terminator::Jump(_) => {
                Err(Fault::new(Rule::Control, format!("a jump where {} was", old.name())))
            }
        }
    }

    /// Two terminators that do the same.
    fn same(&mut self, old: &Terminator, new: &Terminator) -> Verdict {
        match (*old, *new) {
            (
                Terminator::Branch { condition: was, then, otherwise },
                Terminator::Branch { condition, then: new_then, otherwise: new_otherwise },
            ) => {
                let inverted = self.condition(was, condition)?;
                let (one, other) = if inverted { (otherwise, then) } else { (then, otherwise) };
                self.edges(&one, &new_then, self.after_all())?;
                self.edges(&other, &new_otherwise, self.after_all())
            }
            (
                Terminator::Table { index: was, edges, targets },
                Terminator::Table { index, edges: new_edges, targets: new_targets },
            ) => {
                self.equal(was, index)?;
                self.tables((edges, targets), (new_edges, new_targets))
            }
            (
                Terminator::Null { reference: was, null, non_null },
                Terminator::Null { reference, null: new_null, non_null: new_non_null },
            ) => {
                self.equal(was, reference)?;
                self.edges(&null, &new_null, self.after_all())?;
                let payload = self.next_payload();
                self.edges(&non_null, &new_non_null, payload)
            }
            (
                Terminator::Invoke { call: was, normal, handler },
                Terminator::Invoke { call, normal: new_normal, handler: new_handler },
            ) => {
                self.calls(&was, &call)?;
                let payload = self.next_payload();
                self.edges(&normal, &new_normal, payload)?;
                self.edges(&handler, &new_handler, self.after_all())
            }
            (
                Terminator::Throw { opcode: was, imm: with, args: of, handler },
                Terminator::Throw { opcode, imm, args, handler: new_handler },
            ) => {
                demand!(was == opcode && with == imm, Control, "another throw");
                self.lists(of, args)?;
                self.maybe(handler, new_handler)
            }
            (
                Terminator::Catch { clauses, outer },
                Terminator::Catch { clauses: new_clauses, outer: new_outer },
            ) => {
                self.clauses(clauses, new_clauses)?;
                self.maybe(outer, new_outer)
            }
            (Terminator::Return(was), Terminator::Return(values)) => self.lists(was, values),
            (Terminator::TailCall(was), Terminator::TailCall(call)) => self.calls(&was, &call),
            (Terminator::Unreachable, Terminator::Unreachable) => Ok(()),
            (old, new) => {
                let what = format!("{} where {} was", new.name(), old.name());
                Err(Fault::new(Rule::Control, what))
            }
        }
    }

    /// Two conditions are one, or each the other's negation (`true`).
    fn condition(&mut self, was: Value, is: Value) -> Verdict<bool> {
        let (was, is) = (self.before.number[was.index()], self.number[is.index()]);
        let ((old, positive), (new, same)) = (self.numbers.truth(was), self.numbers.truth(is));
        demand!(old == new && is != Vn::UNDEF, Operands, "another condition");
        Ok(positive != same)
    }

    fn equal(&self, was: Value, is: Value) -> Verdict {
        let (old, new) = (self.before.number[was.index()], self.number[is.index()]);
        demand!(old == new && new != Vn::UNDEF, Operands, "{is} is not what {was} was");
        Ok(())
    }

    fn lists(&self, was: List<Value>, is: List<Value>) -> Verdict {
        let (was, is) = (self.before.body.operands(was), self.after.operands(is));
        let (count, given) = (was.len(), is.len());
        demand!(count == given, Operands, "{given} operands, not {count}");
        was.iter().zip(is).try_for_each(|(&was, &is)| self.equal(was, is))
    }

    fn calls(&self, was: &Call, is: &Call) -> Verdict {
        let same = was.opcode == is.opcode && was.imm == is.imm;
        demand!(same, Control, "{} where {} was", is.opcode.mnemonic(), was.opcode.mnemonic());
        self.lists(was.args, is.args)
    }

    fn maybe(&mut self, old: Option<Edge>, new: Option<Edge>) -> Verdict {
        match (old, new) {
            (Some(old), Some(new)) => self.edges(&old, &new, self.after_all()),
            (None, None) => Ok(()),
            (_, _) => Err(Fault::new(Rule::Control, "another handler")),
        }
    }

    /// Each index goes to the same place.
    fn tables(
        &mut self,
        (edges, targets): (List<Edge>, List<u32>),
        (new_edges, new_targets): (List<Edge>, List<u32>),
    ) -> Verdict {
        let (old, new) = (self.before.body, self.after);
        let (targets, new_targets) = (old.targets(targets), new.targets(new_targets));
        let (count, given) = (targets.len(), new_targets.len());
        demand!(count == given, Control, "a table of {given} labels, not {count}");
        let (edges, new_edges) = (old.edges(edges), new.edges(new_edges));
        let mut seen: HashSet<(u32, u32), Key> = HashSet::default();
        for (&target, &new_target) in targets.iter().zip(new_targets) {
            if !seen.insert((target, new_target)) {
                continue;
            }
            let pair = edges.get(target as usize).zip(new_edges.get(new_target as usize));
            let Some((edge, new_edge)) = pair else {
                return Err(Fault::new(Rule::Control, "a label without edge"));
            };
            self.edges(edge, new_edge, self.after_all())?;
        }
        Ok(())
    }

    fn clauses(&mut self, was: List<Clause>, is: List<Clause>) -> Verdict {
        let (was, is) = (self.before.body.clauses(was), self.after.clauses(is));
        demand!(was.len() == is.len(), Control, "{} clauses, not {}", is.len(), was.len());
        for (was, is) in was.iter().zip(is) {
            let same = was.tag == is.tag && was.with_ref == is.with_ref;
            demand!(same, Control, "another clause");
            let payload = self.next_payload();
            self.edges(&was.edge, &is.edge, payload)?;
        }
        Ok(())
    }
}
