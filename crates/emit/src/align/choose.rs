//! Choices of the walk where several would do: which parameter of the image's block a value of the
//! body is, and which of two joins is the counterpart of a place.
//!
//! Nothing here is believed. The walk compares each parameter that is chosen with the value's term
//! on every edge (`joins`), and enters a block at one place only (`edges`): a wrong choice costs
//! the proof, never the truth. The emitter's homes are hints.
//!
//! Noticed by: `tests/emitted.rs`, where a choice that is wrong refuses what the emitter makes.

use super::edges::Goal;
use super::lockstep::Relate;
use super::terms::{NONE, Term};
use crate::emitted::error::Verdict;
use prova_ssa::{Block, Def, Place, Terminator, Value};

/// The value that a local gets where a place of the image jumps on.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// A parameter of the place, by number.
    Param(u32),
    /// A parameter from elsewhere, or a result.
    Elsewhere(Value),
    /// A value that the jump itself makes.
    Made,
}

impl Relate<'_> {
    /// Whether a lone block of the body seems to be a place of the image that is not lone, to both
    /// of which several ways lead. If the place only jumps on, it is enough that a parameter of one
    /// is one of the other. Otherwise the block behind is part of the place: nothing else leads
    /// there, and all parameters get there what the image's do; or some do, and one of these has a
    /// home that no parameter of the block behind has, so that the place has it for this block.
    pub(super) fn is_counterpart(&self, goal: Goal<'_>, block: Block, terms: &[Term]) -> bool {
        let Goal { to, args } = goal;
        if self.old.ways(block) <= 1 || self.new.ways(to) <= 1 {
            return false;
        }
        if let Some(known) = self.places[to.as_u32() as usize].block {
            return known == block;
        }
        let body = self.old.body;
        let params = body.block(block).params().zip(terms);
        let mut live = params.filter(|&(param, _)| self.old.is_live(param)).peekable();
        if self.passes_on(to) {
            return live.any(|(param, _)| self.param_of(to, param).is_some());
        }
        let Terminator::Jump(edge) = body.block(block).terminator else { return false };
        if !self.old.is_only_way(block) {
            return false;
        }
        let behind = |home| body.block(edge.block).params().any(|v| self.homes.of(v) == home);
        let (mut all, mut own) = (live.peek().is_some(), false);
        for (param, &term) in live {
            let Some((number, _)) = self.param_of(to, param) else {
                all = false;
                continue;
            };
            if term == NONE || args.get(number as usize) != Some(&term) {
                return false;
            }
            own |= !behind(self.homes.of(param));
        }
        all || own
    }

    /// The parameter of a block of the image that a value of the body is there, which an edge
    /// comes to with a term. Where the body stays on its way, it is what the place moves to the
    /// value's home, or what has the home of what the edge carries; otherwise what has its home, or
    /// is on the stack.
    pub(super) fn param_for(
        &self,
        to: Block,
        args: &[Term],
        (value, carried, term): (Value, Option<Value>, Term),
        sources: &[(u32, Source)],
    ) -> Option<(u32, Value)> {
        let is_given =
            |&(number, _): &(u32, Value)| term != NONE && args.get(number as usize) == Some(&term);
        let home = self.homes.of(value);
        let known = home.and_then(|home| sources.binary_search_by_key(&home, |one| one.0).ok());
        let source = known.map(|at| sources[at].1);
        let moved = match source {
            Some(Source::Elsewhere(from)) if self.news[from.as_u32() as usize] == term => {
                return None;
            }
            Some(Source::Param(number)) => {
                (0..).zip(self.new.body.block(to).params()).nth(number as usize).filter(is_given)
            }
            Some(Source::Elsewhere(_) | Source::Made) | None => None,
        };
        let own = self.param_of(to, value);
        let carried = || carried.and_then(|value| self.param_of(to, value)).filter(is_given);
        let given = moved.or_else(|| own.filter(is_given)).or_else(carried);
        // A value that the place moves to the home replaces the old one there.
        let kept = own.filter(|_| matches!(source, Some(Source::Param(_)) | None));
        given.or(kept).or_else(|| self.stacked(to, args, term))
    }

    /// The value that a place which only jumps on moves to each local that is a parameter behind
    /// it, and behind lone blocks, in the order of locals.
    pub(super) fn sources(&mut self, to: Block) -> Verdict<Vec<(u32, Source)>> {
        let body = self.new.body;
        let count = body.block(to).params().len() as u32;
        let mut given: Vec<Source> = (0..count).map(Source::Param).collect();
        let mut block = to;
        while let Terminator::Jump(edge) = body.block(block).terminator {
            let args = body.args(&edge).iter().map(|arg| match arg.value() {
                Some(value) => match body.value(value).def {
                    Def::Param(of, number, _) if of == block => given[number as usize],
                    Def::Param(..) => Source::Elsewhere(value),
                    Def::Result(inst, _) => {
                        // A constant is known before the place is walked.
                        if body.inst(inst).args.is_empty() {
                            self.silent(body.inst(inst));
                        }
                        Source::Elsewhere(value)
                    }
                },
                None => Source::Made,
            });
            given = args.collect();
            for _ in &given {
                self.step()?;
            }
            block = edge.block;
            if !self.new.is_lone(block) {
                break;
            }
        }
        let params = body.block(block).params().zip(given);
        let locals = params.filter_map(|(param, source)| match body.value(param).def {
            Def::Param(_, _, Place::Local(local)) => Some((local, source)),
            Def::Param(..) | Def::Result(..) => None,
        });
        let mut sources: Vec<(u32, Source)> = locals.collect();
        sources.sort_unstable_by_key(|&(local, _)| local);
        Ok(sources)
    }

    /// The homes of values that begin at a place, in order: what has one of these is that value's,
    /// and no other one's that an edge happens to give the same.
    pub(super) fn taken(&self, values: &[Value]) -> Vec<u32> {
        let live = values.iter().filter(|&&value| self.old.is_live(value));
        let mut homes: Vec<u32> = live.filter_map(|&value| self.homes.of(value)).collect();
        homes.sort_unstable();
        homes
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

    /// The parameter of a block of the image that gets a term and lies on the stack: a payload that
    /// is about to be written to its home.
    fn stacked(&self, to: Block, args: &[Term], term: Term) -> Option<(u32, Value)> {
        let mut params = (0..).zip(self.new.body.block(to).params());
        let is_given = |number: u32| term != NONE && args.get(number as usize) == Some(&term);
        params.find(|&(number, param)| {
            let def = self.new.body.value(param).def;
            matches!(def, Def::Param(_, _, Place::Stack(_))) && is_given(number)
        })
    }
}
