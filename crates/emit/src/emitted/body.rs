//! The body: it goes on alone, instruction by instruction, edge by edge, until it is where the
//! image is (E5 to E7).

use super::error::{Rule, Verdict};
use super::plant::planted;
use super::walk::Proof;
use prova_ssa::demand;
use prova_ssa::relate::walk::{Place, insts_of};
use prova_ssa::{ArgKind, Block, Edge, Inst, Terminator, Value, Vn};

/// Maximum number of branches that decide nothing, each on a way of the one before.
const FORKS_MAX: u32 = 64;

/// Where the body stops.
#[derive(Clone, Copy)]
pub(super) enum Stop {
    /// At the place of a row, if it may stop there.
    At(Place, bool),
    /// As soon as all effects of the image's block are met.
    Met,
    /// At the start of a block.
    Start(Block),
    /// At an end that is no jump.
    End,
}

/// The block of the image to which a run of the body belongs (E7).
#[derive(Clone, Copy)]
pub(super) enum Of {
    /// The block of the image, but the start of this block of the body the block behind the edge.
    Walk(Option<(Block, Block)>),
    /// The edge to a block of the image; `None` if it leads out.
    Edge(Option<Block>),
}

impl Proof<'_> {
    /// The body enters a block.
    pub(super) fn enter(&mut self, block: Block, of: Of) {
        let new = match of {
            Of::Walk(Some((start, behind))) if start == block => Some(behind),
            Of::Walk(_) => Some(self.block),
            Of::Edge(to) => to,
        };
        if let Some(new) = new {
            self.later.runs(block, new);
        }
        (self.place, self.has_moved) = ((block, 0), true);
    }

    /// The body takes an edge.
    pub(super) fn take(&mut self, edge: &Edge, of: Of) -> Verdict {
        let args = self.old.args(edge);
        self.step(1 + args.len())?;
        let mut wanted = std::mem::take(&mut self.wanted);
        wanted.clear();
        wanted.extend(args.iter().map(|arg| match arg.kind() {
            ArgKind::Value(value) => self.known(value),
            ArgKind::Payload(number) => Some(self.payload(number)),
        }));
        for (param, &vn) in self.old.block(edge.block).params().zip(&wanted) {
            self.know(param, vn);
        }
        self.wanted = wanted;
        self.enter(edge.block, of);
        Ok(())
    }

    /// The body goes on until it stops; whether it has come there, or is at an end that is no jump.
    pub(super) fn go(&mut self, stop: Stop, of: Of, forks: u32) -> Verdict<bool> {
        loop {
            self.step(1)?;
            match stop {
                Stop::At(place, may_stop) if place == self.place && self.is_met() => {
                    if may_stop || self.has_moved {
                        return Ok(true);
                    }
                }
                Stop::Met if self.is_met() => return Ok(true),
                Stop::Start(block) if self.place == (block, 0) => return Ok(true),
                Stop::At(..) | Stop::Met | Stop::Start(_) | Stop::End => {}
            }
            let block = self.place.0;
            if self.insts(stop)? {
                continue;
            }
            match (self.old.block(block).terminator, self.rows.meets(block)) {
                (Terminator::Jump(edge), _) => self.take(&edge, of)?,
                (Terminator::Branch { .. } | Terminator::Table { .. }, Some(meet)) => {
                    self.merge(meet, of, forks)?;
                }
                (_, _) => return Ok(false),
            }
        }
    }

    /// Takes the instructions of the body's block, up to where it may have to stop; whether there
    /// were any.
    fn insts(&mut self, stop: Stop) -> Verdict<bool> {
        let (block, done) = self.place;
        let insts = insts_of(self.old, block);
        let count = insts.end - insts.start;
        let until = match stop {
            Stop::At((to, number), _) if to == block && number > done => number.min(count),
            Stop::Met => count.min(done + 1),
            Stop::At(..) | Stop::Start(_) | Stop::End => count,
        };
        if done >= until {
            return Ok(false);
        }
        for inst in insts.start + done..insts.start + until {
            self.inst(Inst::from_u32(inst))?;
        }
        (self.place, self.has_moved) = ((block, until), true);
        Ok(true)
    }

    /// The edges of an end that decides where to go on.
    pub(super) fn ways(&self) -> Vec<Edge> {
        let block = self.place.0;
        match self.old.block(block).terminator {
            Terminator::Branch { .. } | Terminator::Table { .. } => {
                let mut ways: Vec<Edge> = self.old.successors(block).collect();
                ways.dedup();
                ways
            }
            Terminator::Jump(_)
            | Terminator::Null { .. }
            | Terminator::Cast { .. }
            | Terminator::Invoke { .. }
            | Terminator::Throw { .. }
            | Terminator::Catch { .. }
            | Terminator::Return(_)
            | Terminator::TailCall(_)
            | Terminator::Unreachable => Vec::new(),
        }
    }

    pub(super) fn is_deep(&self, forks: u32) -> Verdict {
        demand!(forks < FORKS_MAX, Control, "too many branches that decide nothing");
        Ok(())
    }

    /// All ways meet: the body is there, with what is the same on all of them (E5).
    fn merge(&mut self, meet: Block, of: Of, forks: u32) -> Verdict {
        self.is_deep(forks)?;
        let exists = (meet.as_u32() as usize) < self.old.block_count();
        demand!(exists, Control, "no block where all ways meet");
        let params: Vec<Value> = self.old.block(meet).params().collect();
        let mut same: Option<Vec<Option<Vn>>> = None;
        let mut changed: Vec<Value> = Vec::new();
        let (met, ways) = (self.met, self.ways());
        demand!(!ways.is_empty(), Control, "no way from {}", self.place.0);
        for way in ways {
            let mark = self.mark();
            self.take(&way, of)?;
            let is_there = self.go(Stop::Start(meet), of, forks + 1)?;
            let is_silent = met == self.met;
            demand!(is_there && is_silent, Control, "a way that does not lead to {meet}");
            let known: Vec<Option<Vn>> = params.iter().map(|&value| self.known(value)).collect();
            self.step(known.len())?;
            same = Some(match same {
                None => known,
                Some(mut same) => {
                    let pairs = same.iter_mut().zip(known);
                    let keep = planted!(FirstWayKnown);
                    pairs.for_each(|(same, vn)| *same = same.filter(|_| *same == vn || keep));
                    same
                }
            });
            changed.extend(self.olds.changes(mark.olds).map(|(value, _)| value));
            self.step(changed.len())?;
            self.back(&mark);
        }
        changed.into_iter().for_each(|value| self.olds.set(value, None));
        for (param, vn) in params.into_iter().zip(same.unwrap_or_default()) {
            self.know(param, vn);
        }
        self.enter(meet, of);
        Ok(())
    }
}
