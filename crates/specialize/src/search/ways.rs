//! The ways out of a part: its terminator → for each edge the next part and its state (A1 of
//! [`super::walk`]).
//!
//! Limits: [`CASES_MAX`] edges of a `specialize.value`.

use super::context::Step;
use super::sink::{Key, Kind, Leave, Sink};
use super::state::{Slot, State};
use super::walk::{CASES_MAX, Walk};
use crate::ask::error::{Fault, Refused};
use prova_ssa::{ArgKind, Block, Edge, Inst, Terminator};

impl<S: Sink> Walk<'_, '_, S> {
    /// The end of a part at a value that is specialised.
    pub(super) fn cases(
        &mut self,
        key: Key,
        number: u32,
        inst: Inst,
        value: Slot<S::V>,
        low: u32,
        high: u32,
    ) -> Result<Leave<S::V>, Refused> {
        if high < low || high - low >= CASES_MAX {
            let what = format!("{low} to {high} are no 1 to {CASES_MAX} values");
            return Err(self.refused(inst, what));
        }
        let data = self.subject.body().inst(inst);
        let mut edges = Vec::new();
        for case in low..=high {
            let step = Step::Value(inst.as_u32(), case);
            let context = self.contexts.child(self.context, step, inst);
            if let Some(result) = data.result() {
                let case = case + u32::from(planted!(CaseIsNext));
                self.set(result, Slot::Bits(case.into()));
            }
            let to = Key { context, block: key.block, start: number + 1, fresh: self.fresh };
            let values = self.slots(self.sink.live(to))?;
            edges.push((to, State { values, kept: self.kept.clone() }));
        }
        let (kind, offset) = (Kind::Cases(value, low), data.offset);
        Ok(Leave { kind, edges, cut: Some(number), offset })
    }

    /// The end of a block.
    pub(super) fn terminator(&mut self, block: Block) -> Result<Leave<S::V>, Refused> {
        let body = self.subject.body();
        let data = body.block(block);
        let offset = data.end;
        let operands = self.slots(body.terminator_operands(&data.terminator))?;
        let mut all: Vec<Edge> = body.successors(block).collect();
        let (kind, edges) = match (&data.terminator, operands.as_slice()) {
            (Terminator::Jump(_), _) => (Kind::Jump, all),
            (Terminator::Branch { .. }, &[condition]) => match condition.bits() {
                Some(bits) => {
                    let is_zero = (bits as u32 == 0) != planted!(ArmOfConstantTurned);
                    (Kind::Jump, vec![all[usize::from(is_zero)]])
                }
                None => (Kind::Branch(condition), all),
            },
            (Terminator::Table { edges, targets, .. }, &[index]) => match index.bits() {
                Some(bits) => {
                    let targets = body.targets(*targets);
                    let beyond =
                        if planted!(BeyondTableIsFirst) { targets.first() } else { targets.last() };
                    let at = targets.get(bits as u32 as usize).or(beyond);
                    let edge = at.and_then(|&at| body.edges(*edges).get(at as usize));
                    let edge = edge.ok_or_else(|| Refused::new(Fault::Bug, "a table's end"))?;
                    (Kind::Jump, vec![*edge])
                }
                None => (Kind::Table(index), all),
            },
            (Terminator::Null { .. }, &[reference]) => (Kind::Null(reference), all),
            (
                Terminator::Return(_)
                | Terminator::TailCall(_)
                | Terminator::Throw { handler: None, .. },
                _,
            ) => {
                if !planted!(ReturnKeepsCells) {
                    self.flush(offset);
                }
                all.clear();
                (Kind::Out(operands), all)
            }
            (Terminator::Unreachable, _) => (Kind::Out(operands), all),
            (_, _) => return Err(Refused::new(Fault::Bug, data.terminator.name())),
        };
        let mut ways = Vec::with_capacity(edges.len());
        for edge in &edges {
            ways.push(self.edge(block, edge)?);
        }
        Ok(Leave { kind, edges: ways, cut: None, offset })
    }

    pub(super) fn edge(
        &mut self,
        block: Block,
        edge: &Edge,
    ) -> Result<(Key, State<S::V>), Refused> {
        let body = self.subject.body();
        let to = Key { context: self.context, block: edge.block, start: 0, fresh: self.fresh };
        // The parameters of a block have numbers that follow each other.
        let mut params = body.block(edge.block).params();
        let count = params.len();
        let first = params.next().map_or(0, |param| param.as_u32());
        let mut live = std::mem::take(&mut self.env.live);
        live.clear();
        live.extend(self.sink.live(to));
        let mut values = Vec::with_capacity(live.len());
        for &value in &live {
            let number = value.as_u32().wrapping_sub(first) as usize;
            values.push(match number < count {
                true => match body.args(edge)[number].kind() {
                    ArgKind::Value(arg) => self.slot(arg)?,
                    ArgKind::Payload(number) => Slot::Run(self.sink.payload(block, number)),
                },
                false => self.slot(value)?,
            });
        }
        self.env.live = live;
        Ok((to, State { values, kept: self.kept.clone() }))
    }
}
