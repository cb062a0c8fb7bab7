//! The lockstep of a body and its image: places to which several edges lead (E6, E7).
//!
//! A *pad* is a place of the image that only jumps on to another one that several edges lead to:
//! the block of the body is entered there, and at the pad the body is still on its way. No edge
//! leads back to a pad, nor to any place at which the body has not moved, and the image cannot go
//! round without an edge back: so it cannot go round without the body.

use super::graph::Joins;
use super::lockstep::{Ahead, Pad, Relate};
use super::quick::source;
use super::terms::{NONE, Term};
use crate::emitted::error::{Rule, Verdict};
use crate::emitted::rows::Is;
use prova_ssa::demand;
use prova_ssa::{Block, Dominators, Terminator, Value};

/// Maximum number of names in a row by which a value is looked for.
const OTHERS_MAX: usize = 64;

impl Relate<'_> {
    /// Both come to a place, with the arguments of the image's block and what is ahead of the body
    /// (E6, E7).
    pub(super) fn meet(&mut self, to: Block, args: &[Term], ahead: Ahead) -> Verdict {
        let (at, block) = (to.as_u32() as usize, ahead.block);
        if self.new.is_final(to) {
            let mut spot = self.spot(self.source());
            spot.ahead = Some(ahead);
            return self.last(to, args, spot);
        }
        if self.places[at].order.is_some() {
            self.again[at] = true;
            let image = self.places[at].block;
            demand!(image == Some(block), Targets, "{to} is {image:?}, not {block}");
            return self.again(to, args, &ahead);
        }
        if self.new.ways(to) == 1 || self.old.is_final(block) {
            return self.alone(to, args, ahead);
        }
        let is_pad = self.is_pad(to, block)?;
        if !is_pad {
            self.enter(block)?;
        }
        self.reach(to);
        self.places[at].block = Some(block);
        let order = self.order.len() as u32 - 1;
        for param in self.new.body.block(to).params() {
            self.news[param.as_u32() as usize] = self.terms.atom(order);
        }
        let sources = if is_pad { self.sources(to)? } else { Vec::new() };
        let taken = if is_pad { Vec::new() } else { self.taken(&ahead.values) };
        let is_known = ahead.is_known;
        let other = |value, arg| if is_known { Some(value) } else { source(value, arg) };
        let mut values = Vec::with_capacity(ahead.values.len());
        let mut here = Vec::with_capacity(ahead.values.len());
        for (at, (value, term)) in ahead.values.into_iter().zip(ahead.terms).enumerate() {
            let carried = self.old.body.arg_list(ahead.carried).get(at);
            let arg = carried;
            let carried = arg.and_then(|arg| arg.value()).filter(|&value| {
                self.homes.of(value).is_none_or(|home| taken.binary_search(&home).is_err())
            });
            let param = self.param_for(to, args, (value, carried, term), &sources);
            let param = param.filter(|_| self.old.is_live(value));
            values.push((value, param.map(|(number, _)| number)));
            let is = param.map(|(number, _)| Is::Param(number)).or(other(value, arg).map(Is::Old));
            if let Some(is) = is.filter(|_| self.old.is_live(value)) {
                self.say(to, value, is)?;
            }
            if let Some((number, param)) = param {
                let given = args.get(number as usize).copied().unwrap_or(NONE);
                demand!(given == term && term != NONE, Arguments, "{param} is not {value}");
                here.push(self.news[param.as_u32() as usize]);
            } else {
                let is_there = term != NONE && self.is_there(term, to);
                here.push(if is_there { term } else { NONE });
            }
        }
        let mut spot = self.spot(if is_pad { self.source() } else { block });
        if is_pad {
            self.places[at].pad = Some(Pad { terms: here.clone() });
            let values = values.iter().map(|&(value, _)| value).collect();
            spot.ahead =
                Some(Ahead { block, values, terms: here, carried: ahead.carried, is_known: true });
        } else {
            for (&(value, _), term) in values.iter().zip(here) {
                self.begin(value, block, term);
            }
        }
        self.places[at].values = values;
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
        if self.new.ways(to) == 1 {
            let order = self.order.len() as u32 - 1;
            args.iter().for_each(|&term| self.terms.settle(term, order));
        } else {
            demand!(!self.new.is_header(to), Targets, "{to} may go round where the body returns");
            let params = self.new.body.block(to).params().zip(args);
            let live = params.filter(|&(param, _)| self.new.is_live(param)).map(|(_, term)| term);
            let terms: Vec<Term> = live.chain(&ahead.terms).copied().collect();
            for term in terms.into_iter().filter(|&term| term != NONE) {
                demand!(self.is_there(term, to), Arguments, "a value is not there at {to}");
            }
        }
        let sources = self.old.body.arg_list(ahead.carried).iter();
        let sources = sources.map(Some).chain(std::iter::repeat(None));
        let other = |value, arg| if ahead.is_known { Some(value) } else { source(value, arg) };
        for ((&value, &term), arg) in ahead.values.iter().zip(&ahead.terms).zip(sources) {
            let number = (0..).zip(args).find(|&(_, &arg)| arg == term && term != NONE);
            let is = number.map(|(number, _)| Is::Param(number)).or(other(value, arg).map(Is::Old));
            if let Some(is) = is.filter(|_| self.old.is_live(value)) {
                self.say(to, value, is)?;
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

    /// A row says what a value of the body is. What is said to be a value that begins where not all
    /// ways come by is what that value is said to be: several ways may bring it by other names.
    fn say(&mut self, to: Block, value: Value, mut is: Is) -> Verdict {
        for _ in 0..OTHERS_MAX {
            let Is::Old(other) = is else { break };
            let Some(&(at, next)) = self.others.get(&other).filter(|_| other != value) else {
                break;
            };
            self.step()?;
            if next == other || self.dominates(at, to) {
                break;
            }
            is = Is::Old(next);
        }
        match is {
            Is::Old(other) if other != value => {
                self.others.entry(value).or_insert((to, other));
            }
            // It is no other one from here on.
            Is::Old(_) | Is::Param(_) => drop(self.others.insert(value, (to, value))),
        }
        self.said[to.as_u32() as usize].push((value, is));
        Ok(())
    }

    /// Whether all ways to a block of the image come by another one.
    fn dominates(&mut self, from: Block, to: Block) -> bool {
        let body = self.new.body;
        let dominators = self.new_dominators.get_or_insert_with(|| Dominators::new(body));
        dominators.dominates(from, to)
    }

    /// Whether a place of the image does nothing but jump on, and no edge leads back to it.
    pub(super) fn passes_on(&self, to: Block) -> bool {
        let jumps = matches!(self.new.body.block(to).terminator, Terminator::Jump(_));
        jumps && self.new.is_silent(to) && !self.new.is_header(to)
    }

    /// Where an edge of the image to a block leads behind lone blocks.
    fn behind_lone(&mut self, mut block: Block) -> Verdict<Block> {
        while self.new.is_lone(block)
            && let Terminator::Jump(edge) = self.new.body.block(block).terminator
        {
            self.step()?;
            block = edge.block;
        }
        Ok(block)
    }

    /// Whether the body is to stay on its way at a place, to which several edges lead. Where either
    /// would do, it enters its block: a block that only jumps on may be the place itself, if it has
    /// no other one, nor more edges where each join is a place.
    fn is_pad(&mut self, to: Block, block: Block) -> Verdict<bool> {
        let Terminator::Jump(edge) = self.new.body.block(to).terminator else { return Ok(false) };
        let next = self.behind_lone(edge.block)?;
        let goes_on = self.passes_on(to) && self.new.ways(next) > 1;
        let jumps = matches!(self.old.body.block(block).terminator, Terminator::Jump(_));
        let has_place = self.entered[block.as_u32() as usize];
        // A place with fewer edges is a part of the join: what lies before a header, or before more
        // edges.
        let has_all = self.joins != Joins::Kept || self.old.edges(block) <= self.new.edges(to);
        let is_block = jumps && self.old.is_silent(block) && !has_place && has_all;
        Ok(goes_on && !self.new.is_final(next) && !is_block)
    }

    /// Another edge to a place that is known (E7).
    fn again(&mut self, to: Block, args: &[Term], ahead: &Ahead) -> Verdict {
        let place = &self.places[to.as_u32() as usize];
        if let Some(first) = &place.ahead {
            let same = first.values == ahead.values && first.terms == ahead.terms;
            demand!(same, Arguments, "other values at {to}");
            for (param, &arg) in self.new.body.block(to).params().zip(args) {
                let known = self.news[param.as_u32() as usize];
                let same = known == arg || !self.new.is_live(param);
                demand!(same, Arguments, "{param} is not the same on all edges");
            }
            return Ok(());
        }
        let same = place.values.iter().map(|&(value, _)| value).eq(ahead.values.iter().copied());
        demand!(same, Arguments, "other values begin at {to}");
        for (at, (&(value, number), &term)) in place.values.iter().zip(&ahead.terms).enumerate() {
            let wanted = match (number, &place.pad) {
                (Some(number), _) => args.get(number as usize).copied().unwrap_or(NONE),
                (None, Some(pad)) => pad.terms.get(at).copied().unwrap_or(NONE),
                (None, None) => self.begun(value, ahead.block),
            };
            let dead = number.is_none() && wanted == NONE;
            demand!(dead || wanted == term, Arguments, "{value} is another one at {to}");
        }
        Ok(())
    }

    /// Whether all parts of a term are there whenever control comes to a block of the image.
    fn is_there(&mut self, term: Term, to: Block) -> bool {
        let place = self.terms.place(term);
        let Some(&from) = self.order.get(place as usize) else { return false };
        self.dominates(from, to)
    }

    /// A value of the body begins at a block: a parameter of it, or of a handler on the way.
    pub(super) fn begin(&mut self, value: Value, block: Block, term: Term) {
        if self.old.block_of(value) == block {
            self.bind(value, term);
        } else {
            self.late.entry(value).or_default().push((block, term));
        }
    }

    /// The term of a value that began at a block.
    fn begun(&self, value: Value, block: Block) -> Term {
        if self.old.block_of(value) == block {
            return self.olds[value.as_u32() as usize];
        }
        let known = self.late.get(&value).map_or(&[][..], Vec::as_slice);
        known.iter().find(|(start, _)| *start == block).map_or(NONE, |&(_, term)| term)
    }
}
