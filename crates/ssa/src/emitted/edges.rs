//! The lockstep of a body and its image: edges, joins, handlers (E6 to E8).

use super::error::{Fault, Rule, Verdict, demand};
use super::graph;
use super::relate::{Ahead, Relate, Spot};
use super::terms::{NONE, NOWHERE, Term};
use crate::body::{Def, Place};
use crate::entity::{Block, Value};
use crate::terminator::{ArgKind, Edge, Terminator};
use crate::verify::Dominators;
use prova_module::TagIdx;

/// A clause on the way of an exception: its tag, whether it wants the reference, its edge.
type Caught = (Option<TagIdx>, bool, Edge);

/// Clauses of the body, each with its handler, and the parameters of the handlers on the way.
type Clauses = (Vec<(Caught, Block)>, Vec<Value>);

impl Relate<'_> {
    /// The term of a value of the body where a block reads it.
    pub(super) fn term_in(&mut self, value: Value, block: Block) -> Term {
        let term = self.olds[value.as_u32() as usize];
        if term != NONE || self.late.is_empty() {
            return term;
        }
        let Some(known) = self.late.get(&value) else { return NONE };
        let body = self.old.body;
        let dominators = self.old_dominators.get_or_insert_with(|| Dominators::new(body));
        let handler = self.old.block_of(value);
        let good = |start: Block| {
            dominators.dominates(start, block) && !dominators.dominates(start, handler)
        };
        known.iter().find(|(start, _)| good(*start)).map_or(NONE, |&(_, term)| term)
    }

    /// The arguments of an edge of the body, which stands at the end of `from`.
    fn old_args(&mut self, edge: &Edge, from: Block, payloads: &[Term]) -> Verdict<Vec<Term>> {
        let mut terms = Vec::new();
        for &arg in self.old.body.args(edge) {
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

    fn new_args(&self, edge: &Edge, payloads: &[Term]) -> Vec<Term> {
        let args = self.new.body.args(edge).iter().map(|arg| match arg.kind() {
            ArgKind::Payload(number) => payloads.get(number as usize).copied().unwrap_or(NONE),
            ArgKind::Value(value) => self.news[value.as_u32() as usize],
        });
        args.collect()
    }

    /// Where an edge of the body leads behind lone blocks, and with which arguments.
    fn follow_old(
        &mut self,
        edge: &Edge,
        from: Block,
        payloads: &[Term],
    ) -> Verdict<(Block, Vec<Term>)> {
        let mut args = self.old_args(edge, from, payloads)?;
        let mut block = edge.block;
        while self.old.is_lone(block) {
            self.step()?;
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
            block = edge.block;
        }
        Ok((block, args))
    }

    /// The same for the image.
    fn follow_new(&mut self, edge: &Edge, payloads: &[Term]) -> Verdict<(Block, Vec<Term>)> {
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
                demand!(graph::pure(inst).is_some(), Effects, "an effect on an edge");
                self.silent(inst);
            }
            let Terminator::Jump(edge) = data.terminator else { break };
            args = self.new_args(&edge, &[]);
            block = edge.block;
        }
        Ok((block, args))
    }

    /// The body takes a jump while the image stays where it is.
    pub(super) fn inline(&mut self, edge: &Edge, spot: &mut Spot) -> Verdict {
        spot.ahead = Some(self.ahead(edge, spot.block, &[])?);
        self.land(spot)
    }

    /// A block of the body is entered for the first time, or one that only returns (E6).
    fn enter(&mut self, block: Block) -> Verdict {
        if self.old.is_final(block) {
            return self.forget(block);
        }
        let entered = &mut self.entered[block.as_u32() as usize];
        demand!(!std::mem::replace(entered, true), Targets, "{block} at a second place");
        Ok(())
    }

    /// What a block of the body was on another path is nothing on this one.
    fn forget(&mut self, block: Block) -> Verdict {
        for inst in self.old.body.block(block).insts() {
            for value in self.old.body.inst(inst).results() {
                self.step()?;
                self.olds[value.as_u32() as usize] = NONE;
            }
        }
        self.steps = self.steps.saturating_sub(self.late.len() as u64);
        self.late.values_mut().for_each(|known| known.retain(|&(start, _)| start != block));
        self.step()
    }

    /// The image comes to a block that only returns, and so does the body from where it is.
    fn last(&mut self, to: Block, args: &[Term], spot: Spot) -> Verdict {
        let from = self.source();
        let data = self.new.body.block(to);
        for (param, &term) in data.params().zip(args) {
            self.news[param.as_u32() as usize] = term;
        }
        for inst in data.insts() {
            self.step()?;
            let inst = self.new.body.inst(inst);
            demand!(graph::pure(inst).is_some(), Effects, "an effect before a return");
            self.silent(inst);
        }
        self.end(&data.terminator, spot)?;
        self.at(from);
        Ok(())
    }

    /// A jump of the image.
    pub(super) fn jump(&mut self, edge: &Edge, mut spot: Spot) -> Verdict {
        let (to, args) = self.follow_new(edge, &[])?;
        if self.new.is_final(to) {
            return self.last(to, &args, spot);
        }
        let place = &self.places[to.as_u32() as usize];
        let image = place.block;
        if self.new.ways(to) == 1 && place.order.is_none() {
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
                None => self.leave(&mut spot)?,
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
    fn leave(&mut self, spot: &mut Spot) -> Verdict<Ahead> {
        self.finish(spot)?;
        let Terminator::Jump(edge) = self.old.body.block(spot.block).terminator else {
            return Err(Fault::new(Rule::Control, "a jump where the body does not jump"));
        };
        self.ahead(&edge, spot.block, &[])
    }

    /// What an edge of the body leads to.
    fn ahead(&mut self, edge: &Edge, from: Block, payloads: &[Term]) -> Verdict<Ahead> {
        let (block, mut terms) = self.follow_old(edge, from, payloads)?;
        let values: Vec<Value> = self.old.body.block(block).params().collect();
        for (&value, term) in values.iter().zip(&mut terms) {
            if !self.old.is_live(value) {
                *term = NONE;
            }
        }
        Ok(Ahead { block, values, terms })
    }

    /// The body enters the block that is ahead, if one is.
    pub(super) fn land(&mut self, spot: &mut Spot) -> Verdict {
        let Some(Ahead { block, values, terms }) = spot.ahead.take() else { return Ok(()) };
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
        let ahead = self.ahead(ours, from, payloads)?;
        self.meet(to, &args, ahead)
    }

    /// Both come to a place, with the arguments of the image's block and what is ahead of the body
    /// (E6, E7).
    fn meet(&mut self, to: Block, args: &[Term], ahead: Ahead) -> Verdict {
        let (at, block) = (to.as_u32() as usize, ahead.block);
        if self.new.is_final(to) {
            let mut spot = self.spot(self.source());
            spot.ahead = Some(ahead);
            return self.last(to, args, spot);
        }
        if self.places[at].order.is_some() {
            let image = self.places[at].block;
            demand!(image == Some(block), Targets, "{to} is {image:?}, not {block}");
            return self.again(to, args, &ahead);
        }
        if self.new.ways(to) == 1 || self.old.is_final(block) {
            return self.alone(to, args, ahead);
        }
        self.enter(block)?;
        self.reach(to);
        self.places[at].block = Some(block);
        let order = self.order.len() as u32 - 1;
        for param in self.new.body.block(to).params() {
            self.news[param.as_u32() as usize] = self.terms.atom(order);
        }
        let mut values = Vec::with_capacity(ahead.values.len());
        for (value, term) in ahead.values.into_iter().zip(ahead.terms) {
            let param = self.param_of(to, value).filter(|_| self.old.is_live(value));
            values.push((value, param.map(|(number, _)| number)));
            if let Some((number, param)) = param {
                let given = args.get(number as usize).copied().unwrap_or(NONE);
                demand!(given == term && term != NONE, Arguments, "{param} is not {value}");
                self.begin(value, block, self.news[param.as_u32() as usize]);
            } else {
                let is_there = term != NONE && self.is_there(term, to);
                self.begin(value, block, if is_there { term } else { NONE });
            }
        }
        self.places[at].values = values;
        let spot = self.spot(block);
        self.work.push((to, spot));
        Ok(())
    }

    /// Both come to a place by the only way there, or the body is about to return: it enters its
    /// block at once only if there is no other way to that either.
    fn alone(&mut self, to: Block, args: &[Term], ahead: Ahead) -> Verdict {
        self.reach(to);
        for (param, &term) in self.new.body.block(to).params().zip(args) {
            self.news[param.as_u32() as usize] = term;
        }
        if self.new.ways(to) > 1 {
            for &term in args.iter().chain(&ahead.terms).filter(|&&term| term != NONE) {
                demand!(self.is_there(term, to), Arguments, "a value is not there at {to}");
            }
        }
        let from = self.source();
        let is_shared = self.old.ways(ahead.block) > 1 || self.old.is_final(ahead.block);
        let place = &mut self.places[to.as_u32() as usize];
        place.block = Some(ahead.block);
        place.ahead = Some(ahead.clone());
        let mut spot = self.spot(from);
        spot.ahead = Some(ahead);
        if !is_shared {
            self.land(&mut spot)?;
            self.at(from);
        }
        self.work.push((to, spot));
        Ok(())
    }

    /// Another edge to a place that is known (E7).
    fn again(&mut self, to: Block, args: &[Term], ahead: &Ahead) -> Verdict {
        let place = &self.places[to.as_u32() as usize];
        if let Some(first) = &place.ahead {
            let same = first.values == ahead.values && first.terms == ahead.terms;
            demand!(same, Arguments, "other values at {to}");
            for (param, &arg) in self.new.body.block(to).params().zip(args) {
                let known = self.news[param.as_u32() as usize];
                demand!(known == arg, Arguments, "{param} is not the same on all edges");
            }
            return Ok(());
        }
        let same = place.values.iter().map(|&(value, _)| value).eq(ahead.values.iter().copied());
        demand!(same, Arguments, "other values begin at {to}");
        for (&(value, number), &term) in place.values.iter().zip(&ahead.terms) {
            let wanted = match number {
                Some(number) => args.get(number as usize).copied().unwrap_or(NONE),
                None => self.begun(value, ahead.block),
            };
            let dead = number.is_none() && wanted == NONE;
            demand!(dead || wanted == term, Arguments, "{value} is another one at {to}");
        }
        Ok(())
    }

    /// The parameter of a block of the image with the home of a value.
    fn param_of(&self, to: Block, value: Value) -> Option<(u32, Value)> {
        let home = self.homes.of(value)?;
        let mut params = (0..).zip(self.new.body.block(to).params());
        params.find(|&(_, param)| {
            let def = self.new.body.value(param).def;
            matches!(def, Def::Param(_, _, Place::Local(local)) if local == home)
        })
    }

    /// Whether all parts of a term are there whenever control comes to a block of the image.
    fn is_there(&mut self, term: Term, to: Block) -> bool {
        let place = self.terms.place(term);
        let Some(&from) = self.order.get(place as usize) else { return false };
        let body = self.new.body;
        let dominators = self.new_dominators.get_or_insert_with(|| Dominators::new(body));
        dominators.dominates(from, to)
    }

    /// A value of the body begins at a block: a parameter of it, or of a handler on the way.
    fn begin(&mut self, value: Value, block: Block, term: Term) {
        if self.old.block_of(value) == block {
            self.bind(value, term);
        } else {
            self.late.entry(value).or_default().push((block, term));
        }
    }

    /// What a value is that began at a block.
    fn begun(&self, value: Value, block: Block) -> Term {
        if self.old.block_of(value) == block {
            return self.olds[value.as_u32() as usize];
        }
        let known = self.late.get(&value).map_or(&[][..], Vec::as_slice);
        known.iter().find(|(start, _)| *start == block).map_or(NONE, |&(_, term)| term)
    }

    /// An exception goes along an edge of the image and one of the body (E8).
    pub(super) fn handlers(&mut self, theirs: &Edge, ours: &Edge) -> Verdict {
        let (wanted, late) = self.old_clauses(ours)?;
        let given = self.new_clauses(theirs)?;
        let (count, expected) = (given.len(), wanted.len());
        demand!(count == expected, Handlers, "{count} clauses, not {expected}");
        for (ours, theirs) in wanted.into_iter().zip(given) {
            let ((tag, with_ref, edge), from) = ours;
            let same = tag == theirs.0 && with_ref == theirs.1;
            demand!(same, Handlers, "a clause of another tag or reference");
            let values = tag.and_then(|tag| self.module.tag(tag)).map_or(0, |ty| ty.params.len());
            let count = values + usize::from(with_ref);
            let payloads: Vec<Term> = (0..count).map(|_| self.terms.atom(NOWHERE)).collect();
            let (to, args) = self.follow_new(&theirs.2, &payloads)?;
            let mut ahead = self.ahead(&edge, from, &payloads)?;
            for &value in &late {
                ahead.values.push(value);
                ahead.terms.push(self.olds[value.as_u32() as usize]);
            }
            self.meet(to, &args, ahead)?;
        }
        // From here on each is what it is behind its clause.
        for value in late {
            self.olds[value.as_u32() as usize] = NONE;
        }
        Ok(())
    }

    /// The clauses that an exception of the body meets, each with its handler, and the parameters
    /// of the handlers on the way.
    fn old_clauses(&mut self, edge: &Edge) -> Verdict<Clauses> {
        let (mut found, mut late) = (Vec::new(), Vec::new());
        let (mut next, mut from) = (Some(*edge), self.source());
        while let Some(edge) = next {
            self.step()?;
            let block = edge.block;
            let args = self.old_args(&edge, from, &[])?;
            let data = self.old.body.block(block);
            for (param, &term) in data.params().zip(&args) {
                self.bind(param, term);
            }
            match self.old.ways(block) {
                1 => self.enter(block)?,
                _ => late.extend(data.params()),
            }
            let Terminator::Catch { clauses, outer } = data.terminator else {
                return Err(Fault::new(Rule::Handlers, "a handler that catches nothing"));
            };
            demand!(data.insts().len() == 0, Handlers, "a handler with instructions");
            let clauses = self.old.body.clauses(clauses).iter();
            found.extend(clauses.map(|clause| ((clause.tag, clause.with_ref, clause.edge), block)));
            demand!(found.len() <= self.old.body.clauses.len(), Handlers, "handlers in a circle");
            (next, from) = (outer, block);
        }
        Ok((found, late))
    }

    /// The same for the image, of whose handlers each has one edge.
    fn new_clauses(&mut self, edge: &Edge) -> Verdict<Vec<Caught>> {
        let mut found = Vec::new();
        let mut next = Some(*edge);
        while let Some(edge) = next {
            self.step()?;
            let block = edge.block;
            let args = self.new_args(&edge, &[]);
            let data = self.new.body.block(block);
            let alone = self.new.ways(block) == 1;
            demand!(alone || args.is_empty(), Handlers, "{block} is the handler of several");
            for (param, &term) in data.params().zip(&args) {
                self.news[param.as_u32() as usize] = term;
            }
            let Terminator::Catch { clauses, outer } = data.terminator else {
                return Err(Fault::new(Rule::Handlers, "a handler that catches nothing"));
            };
            demand!(data.insts().len() == 0, Handlers, "a handler with instructions");
            let clauses = self.new.body.clauses(clauses).iter();
            found.extend(clauses.map(|clause| (clause.tag, clause.with_ref, clause.edge)));
            demand!(found.len() <= self.new.body.clauses.len(), Handlers, "handlers in a circle");
            next = outer;
        }
        Ok(found)
    }
}
