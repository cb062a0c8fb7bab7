//! The lockstep of a body and its image: edges, and what lies on them (E6).

use super::lockstep::{Ahead, Relate, Spot};
use super::terms::{NONE, Term};
use crate::emitted::error::{Fault, Rule, Verdict};
use prova_ssa::demand;
use prova_ssa::{Arg, ArgKind, Block, Dominators, Edge, List, Terminator, Value};

/// A place of the image that an edge leads to, with the arguments of its block.
#[derive(Clone, Copy)]
pub(super) struct Goal<'a> {
    pub(super) to: Block,
    pub(super) args: &'a [Term],
}

/// Where an edge of the body leads behind lone blocks: the block, the terms of its parameters, and
/// the values that the last edge carries, by number.
struct Followed {
    block: Block,
    terms: Vec<Term>,
    carried: List<Arg>,
}

impl Relate<'_> {
    /// The term of a value of the body where a block reads it.
    pub(super) fn term_in(&mut self, value: Value, block: Block) -> Term {
        let term = self.olds[value.as_u32() as usize];
        if term != NONE || self.late.is_empty() {
            return term;
        }
        let (body, handler) = (self.old.body, self.old.block_of(value));
        // On the way of an exception what does not begin there is what it was where it was thrown.
        let is_before = self.way.contains(&block) && !self.way.contains(&handler);
        let block = if is_before { self.source() } else { block };
        let Some(known) = self.late.get(&value) else { return NONE };
        let dominators = self.old_dominators.get_or_insert_with(|| Dominators::new(body));
        let good = |start: Block| {
            dominators.dominates(start, block) && !dominators.dominates(start, handler)
        };
        known.iter().find(|(start, _)| good(*start)).map_or(NONE, |&(_, term)| term)
    }

    /// The arguments of an edge of the body, which stands at the end of `from`.
    pub(super) fn old_args(
        &mut self,
        edge: &Edge,
        from: Block,
        payloads: &[Term],
    ) -> Verdict<Vec<Term>> {
        let args = self.old.body.args(edge);
        let mut terms = Vec::with_capacity(args.len());
        for &arg in args {
            terms.push(match arg.kind() {
                ArgKind::Payload(number) => payloads.get(number as usize).copied().unwrap_or(NONE),
                ArgKind::Value(value) => match self.term_in(value, from) {
                    NONE => self.old_term(value)?,
                    term => term,
                },
            });
        }
        Ok(terms)
    }

    pub(super) fn new_args(&self, edge: &Edge, payloads: &[Term]) -> Vec<Term> {
        let args = self.new.body.args(edge).iter().map(|arg| match arg.kind() {
            ArgKind::Payload(number) => payloads.get(number as usize).copied().unwrap_or(NONE),
            ArgKind::Value(value) => self.news[value.as_u32() as usize],
        });
        args.collect()
    }

    /// Where an edge of the body leads behind lone blocks, and with which arguments; it stops at
    /// the counterpart of a place of the image.
    fn follow_old(
        &mut self,
        edge: &Edge,
        from: Block,
        payloads: &[Term],
        goal: Option<Goal<'_>>,
    ) -> Verdict<Followed> {
        let mut args = self.old_args(edge, from, payloads)?;
        let (mut block, mut carried) = (edge.block, edge.args);
        while self.old.is_lone(block) {
            if let Some(goal) = goal
                && self.is_counterpart(goal, block, &args)
            {
                break;
            }
            self.step()?;
            // A block that has a place must not be bound again on an edge before the place is
            // walked.
            let has_place = self.entered[block.as_u32() as usize];
            demand!(!has_place, Targets, "{block} is on an edge, and has a place");
            let data = self.old.body.block(block);
            for (param, &term) in data.params().zip(&args) {
                self.bind(param, term);
            }
            for inst in data.insts() {
                for value in self.old.body.inst(inst).results() {
                    self.step()?;
                    self.olds[value.as_u32() as usize] = NONE;
                }
            }
            let Terminator::Jump(edge) = data.terminator else { break };
            args = self.old_args(&edge, block, &[])?;
            (block, carried) = (edge.block, edge.args);
        }
        Ok(Followed { block, terms: args, carried })
    }

    /// The same for the image.
    pub(super) fn follow_new(
        &mut self,
        edge: &Edge,
        payloads: &[Term],
    ) -> Verdict<(Block, Vec<Term>)> {
        let mut args = self.new_args(edge, payloads);
        let mut block = edge.block;
        while self.new.is_lone(block) {
            self.step()?;
            let data = self.new.body.block(block);
            for (param, &term) in data.params().zip(&args) {
                self.news[param.as_u32() as usize] = term;
            }
            for inst in data.insts() {
                self.step()?;
                let inst = self.new.body.inst(inst);
                let is_silent = self.silent(inst);
                demand!(is_silent, Effects, "an effect on an edge");
            }
            let Terminator::Jump(edge) = data.terminator else { break };
            args = self.new_args(&edge, &[]);
            block = edge.block;
        }
        Ok((block, args))
    }

    /// The place of the image that a lone block of the body may be the counterpart of, where an
    /// edge of the image leads to `to`: `None` if it leads there by a join that is lone itself.
    pub(super) fn place_of<'a>(
        &self,
        edge: &Edge,
        to: Block,
        args: &'a [Term],
    ) -> Option<Goal<'a>> {
        let mut at = edge.block;
        while at != to
            && self.new.ways(at) == 1
            && let Terminator::Jump(edge) = self.new.body.block(at).terminator
        {
            at = edge.block;
        }
        (at == to).then_some(Goal { to, args })
    }

    /// The body takes a jump while the image stays where it is.
    pub(super) fn inline(&mut self, edge: &Edge, spot: &mut Spot) -> Verdict {
        spot.ahead = Some(self.ahead(edge, spot.block, &[], None)?);
        self.land(spot)
    }

    /// A block of the body is entered for the first time, or one that only returns, or an ending
    /// one where the image returns at once (E6): such a block has no other place.
    pub(super) fn enter(&mut self, block: Block) -> Verdict {
        if self.old.is_final(block) {
            return self.forget(block);
        }
        let at = block.as_u32() as usize;
        let is_passed = self.is_last && self.old.is_ending(block);
        demand!(!self.entered[at], Targets, "{block} at a second place");
        demand!(is_passed || !self.passed[at], Targets, "{block} at a place and before returns");
        if is_passed {
            self.passed[at] = true;
            return self.forget(block);
        }
        self.entered[at] = true;
        // It may have been on an edge before, where its values were others.
        if self.old.is_lone(block) { self.forget(block) } else { Ok(()) }
    }

    /// Forgets the values of a block of the body on another path: they do not exist on this one.
    fn forget(&mut self, block: Block) -> Verdict {
        for inst in self.old.body.block(block).insts() {
            for value in self.old.body.inst(inst).results() {
                self.step()?;
                self.olds[value.as_u32() as usize] = NONE;
            }
        }
        self.budget.spend(self.late.len() as u64)?;
        self.late.values_mut().for_each(|known| known.retain(|&(start, _)| start != block));
        self.step()
    }

    /// The image comes to a block that only returns, and so does the body from where it is.
    pub(super) fn last(&mut self, to: Block, args: &[Term], spot: Spot) -> Verdict {
        let from = self.source();
        let data = self.new.body.block(to);
        for (param, &term) in data.params().zip(args) {
            self.news[param.as_u32() as usize] = term;
        }
        for inst in data.insts() {
            self.step()?;
            let inst = self.new.body.inst(inst);
            let is_silent = self.silent(inst);
            demand!(is_silent, Effects, "an effect before a return");
        }
        self.is_last = true;
        self.end(&data.terminator, spot)?;
        self.is_last = false;
        self.at(from);
        Ok(())
    }

    /// A jump of the image.
    pub(super) fn jump(&mut self, edge: &Edge, mut spot: Spot) -> Verdict {
        let (to, args) = self.follow_new(edge, &[])?;
        let goal = self.place_of(edge, to, &args);
        if self.new.is_final(to) {
            return self.last(to, &args, spot);
        }
        let known = &self.places[to.as_u32() as usize];
        let image = known.block;
        if self.new.ways(to) == 1 && known.order.is_none() {
            for (param, &term) in self.new.body.block(to).params().zip(&args) {
                self.news[param.as_u32() as usize] = term;
            }
            self.reach(to);
            self.work.push((to, spot));
            return Ok(());
        }
        loop {
            let ahead = match spot.ahead.take() {
                Some(ahead) => ahead,
                None => self.leave(&mut spot, goal)?,
            };
            let is_join =
                image.map_or(self.old.ways(ahead.block) > 1, |image| image == ahead.block);
            if is_join || self.old.is_final(ahead.block) {
                return self.meet(to, &args, ahead);
            }
            spot.ahead = Some(ahead);
            self.land(&mut spot)?;
        }
    }

    /// The body takes the jump at the end of its block.
    fn leave(&mut self, spot: &mut Spot, goal: Option<Goal<'_>>) -> Verdict<Ahead> {
        self.finish(spot)?;
        let Terminator::Jump(edge) = self.old.body.block(spot.block).terminator else {
            return Err(Fault::new(Rule::Control, "a jump where the body does not jump"));
        };
        self.ahead(&edge, spot.block, &[], goal)
    }

    /// The target of an edge of the body, with the values that begin there, where the image has
    /// come to a place.
    pub(super) fn ahead(
        &mut self,
        edge: &Edge,
        from: Block,
        payloads: &[Term],
        goal: Option<Goal<'_>>,
    ) -> Verdict<Ahead> {
        let Followed { block, mut terms, carried } = self.follow_old(edge, from, payloads, goal)?;
        let values: Vec<Value> = self.old.body.block(block).params().collect();
        for (&value, term) in values.iter().zip(&mut terms) {
            if !self.old.is_live(value) {
                *term = NONE;
            }
        }
        let mut ahead = Ahead { block, values, terms, carried, is_known: false };
        if self.old.ways(block) != 1 {
            self.take_along(&mut ahead, from);
        }
        Ok(ahead)
    }

    /// The body enters the block that is ahead, if one is.
    pub(super) fn land(&mut self, spot: &mut Spot) -> Verdict {
        let Some(Ahead { block, values, terms, .. }) = spot.ahead.take() else { return Ok(()) };
        self.enter(block)?;
        for (value, term) in values.into_iter().zip(terms) {
            self.begin(value, block, term);
        }
        self.at(block);
        *spot = self.spot(block);
        Ok(())
    }

    /// An edge of the image and one of the body lead to the same place.
    pub(super) fn arrive(&mut self, theirs: &Edge, ours: &Edge, payloads: &[Term]) -> Verdict {
        let from = self.source();
        let (to, args) = self.follow_new(theirs, payloads)?;
        let goal = self.place_of(theirs, to, &args);
        let ahead = self.ahead(ours, from, payloads, goal)?;
        let ahead = self.forward(to, goal, ahead)?;
        self.meet(to, &args, ahead)?;
        self.at(from);
        Ok(())
    }

    /// The body goes on, alone on its edge, through blocks that have no other way in and only jump,
    /// if the image has come to a place with several.
    pub(super) fn forward(
        &mut self,
        to: Block,
        goal: Option<Goal<'_>>,
        mut ahead: Ahead,
    ) -> Verdict<Ahead> {
        if self.new.ways(to) == 1 || self.new.is_final(to) {
            return Ok(ahead);
        }
        loop {
            let block = ahead.block;
            let jumps = matches!(self.old.body.block(block).terminator, Terminator::Jump(_));
            let passes = jumps && self.old.is_silent(block) && self.old.ways(block) == 1;
            if !passes || self.places[to.as_u32() as usize].block == Some(block) {
                return Ok(ahead);
            }
            let mut spot = self.spot(self.source());
            spot.ahead = Some(ahead);
            self.land(&mut spot)?;
            ahead = self.leave(&mut spot, goal)?;
        }
    }
}
