//! Edges of both sides: the body comes to where the image is, and what the image's row says there
//! is so (E5 to E7).

use super::body::{Of, Stop};
use super::error::{Rule, Verdict};
use super::image::Landing;
use super::plant::planted;
use super::rows::Is;
use super::walk::{Proof, Start};
use prova_ssa::demand;
use prova_ssa::relate::Values;
use prova_ssa::relate::walk::Place;
use prova_ssa::{Block, Edge, Terminator, Value, Vn};

/// A state to come back to.
pub(super) struct Mark {
    pub(super) olds: usize,
    news: usize,
    place: Place,
    has_moved: bool,
}

impl Proof<'_> {
    pub(super) fn mark(&self) -> Mark {
        let (olds, news) = (self.olds.mark(), self.news.mark());
        Mark { olds, news, place: self.place, has_moved: self.has_moved }
    }

    pub(super) fn back(&mut self, mark: &Mark) {
        self.olds.back(mark.olds);
        self.news.back(mark.news);
        (self.place, self.has_moved) = (mark.place, mark.has_moved);
    }

    /// The body comes to where an edge of the image leads, and finds there what it says.
    pub(super) fn arrive(&mut self, to: &Landing, of: Of, forks: u32) -> Verdict {
        let is_there = self.go(self.stop(to), of, forks)?;
        self.come(to, is_there, forks)
    }

    /// Where the body stops if the image is about to be there.
    pub(super) fn stop(&self, to: &Landing) -> Stop {
        match to {
            Landing::Row(block, _) => match self.rows.row(*block) {
                Some((place, _)) => Stop::At(place, *block > self.root || planted!(StaysAnywhere)),
                None => Stop::End,
            },
            Landing::Inner(..) => Stop::Met,
            Landing::Out(_) => Stop::End,
        }
    }

    /// The same, where the body has stopped.
    pub(super) fn come(&mut self, to: &Landing, is_there: bool, forks: u32) -> Verdict {
        match to {
            Landing::Row(block, given) if is_there => return self.establish(*block, given),
            Landing::Inner(..) if is_there => return Ok(()),
            Landing::Row(..) | Landing::Inner(..) | Landing::Out(_) => {}
        }
        self.nothing_left()?;
        if let (Terminator::Return(values), Landing::Out(given)) =
            (self.old.block(self.place.0).terminator, to)
        {
            let wanted = self.theirs(values)?;
            let same = wanted.is_some_and(|wanted| *wanted == **given) || planted!(ResultsAlike);
            demand!(same, Operands, "another result");
            return Ok(());
        }
        // Whichever way the body takes (T5).
        self.is_deep(forks)?;
        let ways = self.ways();
        let name = self.old.block(self.place.0).terminator.name();
        demand!(!ways.is_empty(), Control, "{name} where the image only goes on");
        let of = Of::Edge(to.block());
        for way in ways {
            let mark = self.mark();
            self.take(&way, of)?;
            self.arrive(to, of, forks + 1)?;
            self.back(&mark);
            if planted!(OneWayForAll) {
                break;
            }
        }
        Ok(())
    }

    /// Demands of each value of a block's row that it is as the row says (E7).
    fn establish(&mut self, block: Block, given: &[Vn]) -> Verdict {
        let Some((_, values)) = self.rows.row(block) else { return Ok(()) };
        let first = self.first_of(block);
        self.step(1 + values.len())?;
        for (at, &(value, is)) in values.iter().enumerate() {
            let wanted = match is {
                Is::Param(number) => given.get(number as usize).copied(),
                // Nothing is said.
                Is::Old(_) if self.said[first + at].is_none() => continue,
                Is::Old(_) => self.said[first + at],
            };
            let found = self.known(value);
            demand!(
                found.is_some() && found == wanted || planted!(RowsBelieved),
                Arguments,
                "{value} is another one at {block}"
            );
        }
        Ok(())
    }

    /// A block without a row begins here, where control comes over an edge since `mark`.
    fn start(&mut self, block: Block, given: &[Vn], mark: &Mark) -> Verdict {
        let changes =
            |values: &Values, mark| -> Vec<(Value, Option<Vn>)> { values.changes(mark).collect() };
        let (olds, mut news) = (changes(&self.olds, mark.olds), changes(&self.news, mark.news));
        let params = self.new.block(block).params().zip(given);
        news.extend(params.map(|(param, &vn)| (param, Some(vn))));
        self.step(olds.len() + news.len())?;
        let (root, has_moved) = (self.root, self.has_moved);
        let start = Start { root, has_moved, place: self.place, olds, news };
        let known = &mut self.starts[block.as_u32() as usize];
        demand!(known.is_none() || planted!(OtherWays), Targets, "another way to {block}");
        if known.is_some() {
            return Ok(());
        }
        *known = Some(start);
        self.open(block);
        Ok(())
    }

    /// An end of the image that decides nothing: the body goes on alone.
    pub(super) fn jump(&mut self, block: Block, given: Vec<Vn>, news: usize) -> Verdict {
        let to = self.land(block, given, None, 0)?;
        let start = match (&to, self.stop(&to)) {
            (Landing::Row(block, _), Stop::At((start, 0), _)) => Some((start, *block)),
            (_, _) => None,
        };
        let is_there = self.go(self.stop(&to), Of::Walk(start), 0)?;
        self.lend()?;
        self.come(&to, is_there, 0)?;
        if let Landing::Inner(block, given) = &to {
            // All that is known of the body here is known there.
            let mark = Mark { news, ..self.mark() };
            self.start(*block, given, &mark)?;
        }
        // What is passed may be entered in another way too.
        if !planted!(PassedKept) {
            self.news.back(news);
        }
        Ok(())
    }

    /// An edge of the image goes with one of the body.
    pub(super) fn edges(&mut self, ours: &Edge, theirs: &Edge, mark: &Mark) -> Verdict {
        let to = self.pass(theirs)?;
        let of = Of::Edge(to.block());
        if let Some(block) = to.block() {
            self.step(self.handlers.len())?;
            for at in 0..self.handlers.len() {
                self.later.runs(self.handlers[at], block);
            }
        }
        self.take(ours, of)?;
        self.arrive(&to, of, 0)?;
        if let Landing::Inner(block, given) = &to {
            self.start(*block, given, mark)?;
        }
        Ok(())
    }
}
